/* capture_model.c - makes a model of a chain of ops: one clean iteration, medians over all that are alike.
 *
 * Ops of one graph replay share the correlation id of their cudaGraphLaunch: they are one token.  In an eager run every
 * op is a token by itself.  iteration.c finds the iteration in the tokens.  Of an even number of values the median is
 * the lower of the middle two, so that every number was measured; what disturbs a recording makes things late, hardly
 * ever early.  The spread is the median absolute deviation, there the upper of the two, so as not to promise too much.
 */
#include "config.h"

#include "traces/capture_model.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "traces/capture_int.h"

enum { BACK_TO_BACK_NS = 100000 }; /* idle time up to which iterations count as back to back */

/* -- order -- */

int cr_chain_by_start(const void *a, const void *b)
{
  const struct cr_capture_op *x = a, *y = b;
  if (x->start_ns != y->start_ns)
    return x->start_ns < y->start_ns ? -1 : 1;
  return x->event < y->event ? -1 : x->event > y->event;
}

static cr_ns end_of(const struct cr_capture_op *op)
{
  return op->start_ns + op->duration_ns;
}

/* "trace.json:12", or without a line where the file has none. */
static const char *place(const struct cr_capture *c, const struct cr_capture_op *op, char *out, size_t n)
{
  if (op->line)
    snprintf(out, n, "%s:%" PRIu64, c->path, op->line);
  else
    snprintf(out, n, "%s", c->path);
  return out;
}

/* A model is one chain: work on several devices, or on streams that run at the same time, cannot be one. */
static int check_chain(struct cr_chain *ch, struct cr_err *err)
{
  struct cr_capture *c = ch->c;
  struct cr_capture_op *op = ch->op;
  char where[512];
  for (uint32_t i = 1; i < ch->n_op; i++)
    if (c->stream[op[i].stream].device != c->stream[op[0].stream].device)
      return cr_fail(err, CR_EINPUT,
                     "%s: has work on devices %u and %u; a model runs on one: record one device at a time", c->path,
                     c->stream[op[0].stream].device, c->stream[op[i].stream].device);
  qsort(op, ch->n_op, sizeof *op, cr_chain_by_start);
  const struct cr_capture_op *last = &op[0];
  for (uint32_t i = 1; i < ch->n_op; i++) {
    if (op[i].start_ns < end_of(last) && op[i].stream != last->stream)
      return cr_fail(err, CR_EINPUT,
                     "%s: streams %u and %u run at the same time (%s %" PRIu64
                     "); a model is one chain of ops: record it on one stream",
                     place(c, &op[i], where, sizeof where), c->stream[last->stream].id, c->stream[op[i].stream].id,
                     c->noun, op[i].event);
    if (end_of(&op[i]) > end_of(last))
      last = &op[i];
  }
  return CR_OK;
}

/* Overlap within a stream cannot be: the file is wrong.  The ops are in order of start, their streams take turns. */
static int check_overlap(struct cr_chain *ch, struct cr_err *err)
{
  struct cr_capture *c = ch->c;
  struct cr_capture_op *op = ch->op;
  char where[512], line[40] = "";
  for (uint32_t i = 1; i < ch->n_op; i++) {
    if (op[i].start_ns >= end_of(&op[i - 1]))
      continue;
    if (op[i - 1].line)
      snprintf(line, sizeof line, " (line %" PRIu64 ")", op[i - 1].line);
    return cr_fail(err, CR_EINPUT,
                   "%s: %s %" PRIu64 " (%.60s) begins %" PRId64 " ns before %s %" PRIu64
                   "%s ends, in the same stream %u; record it again with one iteration at a time",
                   place(c, &op[i], where, sizeof where), c->noun, op[i].event, c->name[op[i].name],
                   end_of(&op[i - 1]) - op[i].start_ns, c->noun, op[i - 1].event, line, c->stream[op[i].stream].id);
  }
  return CR_OK;
}

/* -- tokens -- */

/* Equal sequences of numbers give equal hashes, others differ but for one in 2^64 or so: a round of MurmurHash2's kind. */
static uint64_t mix(uint64_t h, uint64_t v)
{
  h = (h ^ v) * UINT64_C(0xc6a4a7935bd1e995);
  return h ^ h >> 47;
}

/* What makes two ops the same work. */
static uint64_t op_hash(const struct cr_chain *ch, const struct cr_capture_op *op)
{
  uint64_t h = mix(UINT64_C(0xcbf29ce484222325), ch->c->name_hash[op->name]);
  const uint64_t part[] = {
    op->kind, op->blocks, op->threads, op->regs, op->cluster_blocks, (uint64_t)op->smem_bytes, (uint64_t)op->bytes};
  for (size_t i = 0; i < sizeof part / sizeof *part; i++)
    h = mix(h, part[i]);
  return h;
}

static int by_correlation(const void *a, const void *b)
{
  const struct cr_capture_call *x = a, *y = b;
  if (x->process != y->process)
    return x->process < y->process ? -1 : 1;
  if (x->correlation != y->correlation)
    return x->correlation < y->correlation ? -1 : 1;
  return x->start_ns < y->start_ns ? -1 : x->start_ns > y->start_ns;
}

/* Recordings are mostly in this order already. */
void cr_capture_sort(struct cr_capture *c)
{
  for (uint32_t i = 1; i < c->n_call; i++)
    if (by_correlation(&c->call[i - 1], &c->call[i]) > 0) {
      qsort(c->call, c->n_call, sizeof *c->call, by_correlation);
      return;
    }
}

static struct cr_capture_call *find_call(const struct cr_chain *ch, const struct cr_capture_op *op)
{
  uint32_t process = ch->c->stream[op->stream].process;
  uint64_t correlation = op->correlation;
  struct cr_capture_call key = {.process = process, .correlation = correlation, .start_ns = INT64_MIN};
  uint32_t lo = 0, hi = ch->c->n_call;
  while (lo < hi) {
    uint32_t mid = lo + (hi - lo) / 2;
    if (by_correlation(&ch->c->call[mid], &key) < 0)
      lo = mid + 1;
    else
      hi = mid;
  }
  if (lo == ch->c->n_call || ch->c->call[lo].process != process || ch->c->call[lo].correlation != correlation)
    return NULL;
  return &ch->c->call[lo];
}

static int make_tokens(struct cr_chain *ch, struct cr_err *err)
{
  uint32_t n = ch->n_op;
  ch->token = cr_arena_take(ch->arena, n, sizeof *ch->token);
  ch->token_hash = cr_arena_take(ch->arena, n, sizeof *ch->token_hash);
  ch->idle_ns = cr_arena_take(ch->arena, n, sizeof *ch->idle_ns);
  ch->call_of = cr_arena_take(ch->arena, n, sizeof(struct cr_capture_call *));
  if (!ch->token || !ch->token_hash || !ch->idle_ns || !ch->call_of)
    return cr_fail_nomem(err, ch->c->path);
  ch->all_graphs = 1;
  for (uint32_t i = 0; i < n;) {
    const struct cr_capture_op *op = ch->op;
    uint32_t to = i;
    uint64_t h = 0;
    for (; to < n && op[to].correlation == op[i].correlation && (to == i || op[i].correlation != 0); to++)
      h = mix(h, op_hash(ch, &op[to]));
    struct cr_capture_call *call = op[i].correlation ? find_call(ch, &op[i]) : NULL;
    ch->call_of[i] = call;
    if (to - i == 1 && !op[i].in_graph && !(call && call->kind == CR_CALL_GRAPH_LAUNCH))
      ch->all_graphs = 0;
    ch->idle_ns[ch->n_token] = i ? op[i].start_ns - end_of(&op[i - 1]) : 0;
    ch->token_hash[ch->n_token] = h;
    ch->token[ch->n_token++] = (struct cr_chain_token){i, to - i};
    i = to;
  }
  return CR_OK;
}

static int is_replay(const struct cr_chain *ch, const struct cr_chain_token *t)
{
  const struct cr_capture_call *call = ch->call_of[t->op0];
  return t->n_op > 1 || ch->op[t->op0].in_graph || (call && call->kind == CR_CALL_GRAPH_LAUNCH);
}

static int find_iterations(struct cr_chain *ch, struct cr_err *err)
{
  int rc = ch->use->range   ? cr_chain_find_ranges(ch, err)
           : ch->use->whole ? cr_chain_find_period(ch, err)
                            : cr_repeats_find(ch->token_hash, ch->idle_ns, ch->n_token, ch->arena, &ch->it, err);
  /* Replays among which no pattern repeats: one replay is an iteration, and the odd ones are left out. */
  if (!rc && !ch->use->range && ch->all_graphs && ch->it.n_clean == 1 && ch->n_token > 1)
    rc = cr_repeats_alone(ch->token_hash, ch->n_token, ch->arena, &ch->it, err);
  if (rc || !ch->it.n_clean)
    return rc;
  ch->all_graphs |= ch->use->whole; /* what came before may have been launched otherwise */
  for (uint32_t i = 0; ch->use->whole && i < ch->it.n_token; i++)
    ch->all_graphs &= is_replay(ch, &ch->token[ch->it.first[0] + i]);
  for (uint32_t i = 0; i < ch->it.n_token; i++)
    ch->n_one += ch->token[ch->it.first[0] + i].n_op;
  ch->value = cr_arena_take(ch->arena, ch->it.n_clean, sizeof *ch->value);
  return ch->value ? CR_OK : cr_fail_nomem(err, ch->c->path);
}

/* -- medians -- */

static int by_ns(const void *a, const void *b)
{
  cr_ns x = *(const cr_ns *)a, y = *(const cr_ns *)b;
  return x < y ? -1 : x > y;
}

cr_ns cr_chain_median(cr_ns *v, uint32_t n)
{
  qsort(v, n, sizeof *v, by_ns);
  return v[(n - 1) / 2];
}

/* Median absolute deviation from m; v is overwritten. */
static cr_ns deviation(cr_ns *v, uint32_t n, cr_ns m)
{
  for (uint32_t i = 0; i < n; i++)
    v[i] = v[i] < m ? m - v[i] : v[i] - m;
  qsort(v, n, sizeof *v, by_ns);
  return v[n / 2];
}

/* Median idle time before the iterations, but for one that nothing precedes; CR_NS_NEVER when there is none. */
static cr_ns gap_between(struct cr_chain *ch)
{
  uint32_t n = 0;
  for (uint32_t k = 0; k < ch->it.n_clean; k++) {
    uint32_t i = cr_chain_first(ch, k);
    if (i > 0)
      ch->value[n++] = ch->op[i].start_ns - end_of(&ch->op[i - 1]);
  }
  return n ? cr_chain_median(ch->value, n) : CR_NS_NEVER;
}

/* Median time from start to start of neighbours. */
static cr_ns period(struct cr_chain *ch)
{
  uint32_t n = 0;
  for (uint32_t k = 1; k < ch->it.n_clean; k++)
    if (ch->it.first[k] == ch->it.first[k - 1] + ch->it.n_token)
      ch->value[n++] = ch->op[cr_chain_first(ch, k)].start_ns - ch->op[cr_chain_first(ch, k - 1)].start_ns;
  return n ? cr_chain_median(ch->value, n) : CR_NS_NEVER;
}

/* -- the model -- */

static struct cr_op_spec make_op(struct cr_chain *ch, uint32_t j, cr_ns first_gap)
{
  const struct cr_capture_op *like = &ch->op[cr_chain_first(ch, 0) + j];
  uint32_t n = ch->it.n_clean;
  struct cr_op_spec op = cr_op_unknown(ch->c->name[like->name], (enum cr_op_kind)like->kind, 0);
  op.gap_ns = first_gap;
  op.blocks = like->blocks;
  op.threads = like->threads;
  op.regs = like->regs;
  op.cluster_blocks = like->cluster_blocks;
  op.smem_bytes = like->smem_bytes;
  op.carveout_bytes = like->carveout_bytes;
  op.bytes = like->bytes;
  for (uint32_t k = 0; k < n; k++)
    ch->value[k] = ch->op[cr_chain_first(ch, k) + j].duration_ns;
  op.duration_ns = cr_chain_median(ch->value, n);
  if (n > 1)
    op.spread_ns = deviation(ch->value, n, op.duration_ns);
  if (j > 0) {
    for (uint32_t k = 0; k < n; k++) {
      const struct cr_capture_op *at = &ch->op[cr_chain_first(ch, k) + j];
      ch->value[k] = at->start_ns - end_of(at - 1);
    }
    op.gap_ns = cr_chain_median(ch->value, n);
  }
  if (!ch->all_graphs) {
    op.launch_ns = cr_chain_launch_time(ch, j);
    op.calls = op.launch_ns == CR_NS_NEVER ? 0 : cr_chain_launch_calls(ch, j);
  }
  if (op.kind == CR_OP_COPY_H2D || op.kind == CR_OP_COPY_D2H)
    op.pageable = (enum cr_answer)like->pageable;
  return op;
}

static void report(struct cr_chain *ch, const struct cr_op_spec *op, cr_ns gap_ns)
{
  if (ch->use->note)
    cr_text_add(&ch->report, "%s", ch->use->note);
  uint32_t n_no_launch = 0;
  for (uint32_t j = 0; j < ch->n_one; j++) {
    uint32_t i = cr_chain_first(ch, 0) + j;
    n_no_launch += op[j].launch_ns == CR_NS_NEVER && (j == 0 || ch->op[i].correlation != ch->op[i - 1].correlation);
  }
  if (ch->it.n_clean == 1)
    cr_text_add(&ch->report, "one iteration only: medians and spreads are not known; record several\n");
  if (ch->it.n_left_out)
    cr_text_add(&ch->report, "%u iteration%s left out: cut, or of other ops\n", ch->it.n_left_out,
                ch->it.n_left_out == 1 ? "" : "s");
  if (gap_ns == CR_NS_NEVER || gap_ns >= BACK_TO_BACK_NS)
    cr_text_add(&ch->report, "iterations are not back to back: the idle time before the first op is not known\n");
  if (!ch->all_graphs && n_no_launch)
    cr_text_add(&ch->report, "%u ops without a launch call: their CPU time is not known\n", n_no_launch);
}

/* "2026-11-22T00:53:37Z" of the first op; empty without a base time. */
static void recorded_at(const struct cr_chain *ch, char *out, size_t n)
{
  cr_ns ns;
  struct tm tm;
  *out = '\0';
  if (!ch->c->base_ns || __builtin_add_overflow(ch->c->base_ns, ch->op[0].start_ns, &ns) || ns < 0)
    return;
  time_t s = (time_t)(ns / 1000000000);
  if (gmtime_r(&s, &tm))
    strftime(out, n, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

static int add_to_store(struct cr_store *s, struct cr_chain *ch, struct cr_err *err)
{
  char recorded[32];
  struct cr_model_spec model = cr_model_unknown(ch->name, NULL, ch->n_one);
  struct cr_op_spec *op = cr_arena_take(ch->arena, ch->n_one, sizeof *op);
  if (!op)
    return cr_fail_nomem(err, ch->c->path);
  cr_ns gap_ns = gap_between(ch), first_gap = gap_ns < BACK_TO_BACK_NS ? gap_ns : CR_NS_NEVER;
  for (uint32_t j = 0; j < ch->n_one; j++)
    op[j] = make_op(ch, j, first_gap);
  model.op = op;
  int rc = cr_chain_stages(ch, op, err);
  if (!rc && ch->has_memory)
    rc = cr_chain_memory(ch, &model, err);
  if (rc)
    return rc;
  report(ch, op, gap_ns);
  if (ch->report.failed)
    return cr_fail_nomem(err, ch->c->path);
  struct cr_recording recording = {.class = ch->all_graphs ? "graph" : "eager",
                                   .n_iteration = ch->it.n_clean,
                                   .n_left_out = ch->it.n_left_out,
                                   .period_ns = first_gap == CR_NS_NEVER ? CR_NS_NEVER : period(ch),
                                   .report = ch->report.s ? ch->report.s : ""};
  struct cr_origin origin = *ch->use->origin;
  recorded_at(ch, recorded, sizeof recorded);
  origin.gpu = origin.gpu ? origin.gpu : ch->c->gpu;
  origin.recorded = origin.recorded ? origin.recorded : *recorded ? recorded : NULL;
  rc = cr_store_add_model(s, &model, &recording, &origin, ch->use->replace, err);
  if (!rc && ch->use->said)
    cr_text_add(ch->use->said, "%s: %u iteration%s of %u ops (%s)%s\n", ch->name, ch->it.n_clean,
                ch->it.n_clean == 1 ? "" : "s", ch->n_one, recording.class, ch->where ? ch->where : "");
  return rc;
}

/* The ops are in order of start. */
int cr_chain_add(struct cr_store *s, struct cr_chain *ch, struct cr_err *err)
{
  int rc = check_overlap(ch, err);
  if (!rc)
    rc = make_tokens(ch, err);
  if (!rc)
    rc = find_iterations(ch, err);
  int found = ch->it.n_clean > 0;
  if (!rc && found && !ch->all_graphs)
    rc = cr_chain_find_launches(ch, err);
  if (!rc && found)
    rc = add_to_store(s, ch, err);
  cr_text_fini(&ch->report);
  return rc;
}

int cr_capture_add_model(struct cr_store *s, struct cr_capture *c, const struct cr_capture_use *use, struct cr_err *err)
{
  struct cr_chain ch = {.c = c, .use = use, .arena = c->arena, .name = use->model, .op = c->op, .n_op = c->n_op};
  cr_capture_sort(c);
  int rc = check_chain(&ch, err);
  return rc ? rc : cr_chain_add(s, &ch, err);
}
