/* capture_period.c - iterations of a whole program: from its warm-up to its end, found by what repeats (traces/period.h).
 *
 * A token tells whether its op copies from or to the host, and whether the thread that launched it waited for the device
 * since the launch before it. */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>

#include "traces/capture_int.h"
#include "traces/period.h"

struct wait {
  cr_ns end_ns;
  int64_t tid;
};

static int by_end(const void *a, const void *b)
{
  const struct wait *x = a, *y = b;
  if (x->end_ns != y->end_ns)
    return x->end_ns < y->end_ns ? -1 : 1;
  return x->tid < y->tid ? -1 : x->tid > y->tid;
}

static int list_waits(const struct cr_chain *ch, struct wait **out, uint32_t *n_out)
{
  const struct cr_capture *c = ch->c;
  uint32_t process = c->stream[ch->op[0].stream].process, n = 0;
  struct wait *w = cr_arena_take(ch->arena, c->n_call, sizeof *w);
  if (!w)
    return CR_ENOMEM;
  for (uint32_t i = 0; i < c->n_call; i++)
    if (c->call[i].kind == CR_CALL_SYNC && c->call[i].process == process)
      w[n++] = (struct wait){c->call[i].end_ns, c->call[i].tid};
  qsort(w, n, sizeof *w, by_end);
  *out = w;
  *n_out = n;
  return CR_OK;
}

/* Whether one of the waits of the call's thread ended between two launches. */
static int waited(const struct wait *w, uint32_t n, cr_ns from_ns, const struct cr_capture_call *call)
{
  uint32_t lo = 0, hi = n;
  while (lo < hi) {
    uint32_t mid = lo + (hi - lo) / 2;
    if (w[mid].end_ns < from_ns)
      lo = mid + 1;
    else
      hi = mid;
  }
  for (; lo < n && w[lo].end_ns <= call->start_ns; lo++)
    if (w[lo].tid == call->tid)
      return 1;
  return 0;
}

static int mark_tokens(const struct cr_chain *ch, unsigned char *mark, uint32_t *weight)
{
  const struct cr_capture_call *before = NULL;
  struct wait *wait = NULL;
  uint32_t n_wait = 0;
  if (list_waits(ch, &wait, &n_wait))
    return CR_ENOMEM;
  for (uint32_t i = 0; i < ch->n_token; i++) {
    const struct cr_chain_token *t = &ch->token[i];
    const struct cr_capture_call *call = ch->call_of[t->op0];
    weight[i] = t->n_op;
    if (t->n_op == 1 && ch->op[t->op0].kind == CR_OP_COPY_H2D)
      mark[i] |= CR_PERIOD_INPUT;
    if (t->n_op == 1 && ch->op[t->op0].kind == CR_OP_COPY_D2H)
      mark[i] |= CR_PERIOD_OUTPUT;
    if (call && before && waited(wait, n_wait, before->start_ns, call))
      mark[i] |= CR_PERIOD_WAIT;
    before = call ? call : before;
  }
  return CR_OK;
}

static uint64_t ops_in(const struct cr_chain *ch, uint32_t from, uint32_t to)
{
  uint64_t n = 0;
  for (uint32_t i = from; i < to; i++)
    n += ch->token[i].n_op;
  return n;
}

static void report_period(struct cr_chain *ch, const struct cr_period *p)
{
  uint32_t end = p->first[p->n_clean - 1] + p->n_token;
  uint64_t before = ops_in(ch, 0, p->first[0]), after = ops_in(ch, end, ch->n_token);
  uint64_t clean = ops_in(ch, p->first[0], p->first[0] + p->n_token) * p->n_clean;
  if (p->trust == CR_PERIOD_NONE) {
    cr_text_add(&ch->report, "no iterations were found: the whole recording is taken for one; mark them with NVTX\n");
    return;
  }
  cr_text_add(&ch->report,
              "iterations are what repeats (%s%s): of %u ops %" PRIu64 " are in clean ones, %" PRIu64
              " before, %" PRIu64 " between, %" PRIu64 " after\n",
              cr_period_trust_name[p->trust],
              p->trust == CR_PERIOD_GUESS ? ": where one begins or how long it is may be otherwise; mark them with NVTX"
                                          : "",
              ch->n_op, clean, before, ch->n_op - clean - before - after, after);
  if (p->n_inner)
    cr_text_add(&ch->report, "within an iteration %u tokens repeat %u times: layers, if these are no iterations\n",
                p->inner_token, p->n_inner);
}

int cr_chain_find_period(struct cr_chain *ch, struct cr_err *err)
{
  struct cr_period p;
  unsigned char *mark = cr_arena_take(ch->arena, ch->n_token, 1);
  uint32_t *weight = cr_arena_take(ch->arena, ch->n_token, sizeof *weight);
  if (!mark || !weight || mark_tokens(ch, mark, weight))
    return cr_fail_nomem(err, ch->c->path);
  const struct cr_period_tokens tokens = {
    .token = ch->token_hash, .weight = weight, .idle_before_ns = ch->idle_ns, .mark = mark, .n = ch->n_token};
  int rc = cr_period_find(&tokens, ch->arena, &p, err);
  if (rc)
    return rc;
  ch->it = (struct cr_repeats){.n_token = p.n_token, .n_clean = p.n_clean, .n_left_out = p.n_differ, .first = p.first};
  report_period(ch, &p);
  return CR_OK;
}
