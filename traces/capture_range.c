/* capture_range.c - iterations and stages that a program itself marked, with NVTX ranges.
 *
 * An op belongs to the ranges in which its launch call began on its thread, whenever it ran.  Iterations are the ranges of
 * the name asked for, those of the most frequent content.  Stages are the outermost ranges within an iteration that do not
 * hold all of it. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "sim/nearest.h"
#include "traces/capture_int.h"

enum { NAMES_MOST = 200, STAGES_SHOWN = 8 };

/* Ranges of one process, by thread and start, the outer before the inner. */
struct marks {
  const struct cr_capture_range **range; /* [n] */
  uint32_t *parent;                      /* [n] of the same thread; CR_NONE */
  uint32_t n;
};

/* Ranges of any thread stand first. */
static int64_t thread_of(const struct cr_capture_range *r)
{
  return r->any_thread ? INT64_MIN : r->tid;
}

static int by_thread_and_start(const void *a, const void *b)
{
  const struct cr_capture_range *x = *(const struct cr_capture_range *const *)a,
                                *y = *(const struct cr_capture_range *const *)b;
  int64_t i = thread_of(x), j = thread_of(y);
  if (i != j)
    return i < j ? -1 : 1;
  if (x->start_ns != y->start_ns)
    return x->start_ns < y->start_ns ? -1 : 1;
  if (x->end_ns != y->end_ns)
    return x->end_ns > y->end_ns ? -1 : 1;
  return x < y ? -1 : x > y; /* in one array */
}

static int is_named(const char *name, const char *want)
{
  size_t n = strlen(want);
  return n && want[n - 1] == '*' ? !strncmp(name, want, n - 1) : !strcmp(name, want);
}

/* want NULL: those that nest, whatever their name. */
static int list_marks(const struct cr_chain *ch, const char *want, struct marks *m)
{
  const struct cr_capture *c = ch->c;
  uint32_t process = c->stream[ch->op[0].stream].process;
  m->range = cr_arena_take(ch->arena, c->n_range, sizeof *m->range);
  m->parent = cr_arena_take(ch->arena, c->n_range, sizeof *m->parent);
  if (!m->range || !m->parent)
    return CR_ENOMEM;
  for (uint32_t i = 0; i < c->n_range; i++) {
    const struct cr_capture_range *r = &c->range[i];
    if (r->process == process && (want ? is_named(c->name[r->name], want) : !r->any_thread))
      m->range[m->n++] = r;
  }
  qsort(m->range, m->n, sizeof *m->range, by_thread_and_start);
  for (uint32_t i = 0; i < m->n; i++) {
    uint32_t p = i ? i - 1 : CR_NONE;
    while (p != CR_NONE &&
           (thread_of(m->range[p]) != thread_of(m->range[i]) || m->range[p]->end_ns < m->range[i]->end_ns))
      p = m->parent[p];
    m->parent[i] = p;
  }
  return CR_OK;
}

/* The innermost that holds the time on the thread, or CR_NONE. */
static uint32_t innermost(const struct marks *m, int64_t thread, cr_ns at_ns)
{
  uint32_t lo = 0, hi = m->n;
  while (lo < hi) {
    uint32_t mid = lo + (hi - lo) / 2;
    int64_t t = thread_of(m->range[mid]);
    if (t < thread || (t == thread && m->range[mid]->start_ns <= at_ns))
      lo = mid + 1;
    else
      hi = mid;
  }
  uint32_t i = lo ? lo - 1 : CR_NONE;
  if (i != CR_NONE && thread_of(m->range[i]) != thread)
    return CR_NONE;
  while (i != CR_NONE && m->range[i]->end_ns < at_ns)
    i = m->parent[i];
  return i;
}

static uint32_t mark_of_call(const struct marks *m, const struct cr_capture_call *call)
{
  uint32_t i = innermost(m, call->tid, call->start_ns);
  return i != CR_NONE ? i : innermost(m, INT64_MIN, call->start_ns);
}

/* -- iterations ---------------------------------------------------------------------------------------------------- */

static int no_range(const struct cr_chain *ch, struct cr_err *err)
{
  const struct cr_capture *c = ch->c;
  const char *name[NAMES_MOST];
  uint32_t n = 0;
  for (uint32_t i = 0; i < c->n_range; i++) {
    uint32_t k = 0;
    while (k < n && name[k] != c->name[c->range[i].name])
      k++;
    if (k == n && n < NAMES_MOST)
      name[n++] = c->name[c->range[i].name];
  }
  if (!n)
    return cr_fail(err, CR_EINPUT, "%s: has no NVTX ranges; record them (nsys profile --trace=cuda,nvtx)", c->path);
  const char *near = cr_nearest(ch->use->range, name, n);
  return cr_fail(err, CR_EINPUT, "%s: has no NVTX range %s; %s %s", c->path, ch->use->range,
                 near ? "did you mean" : "it has", near ? near : name[0]);
}

static int check_ranges(const struct cr_chain *ch, struct cr_err *err)
{
  const struct cr_capture *c = ch->c;
  uint32_t i = 0;
  while (i < c->n_range && !is_named(c->name[c->range[i].name], ch->use->range))
    i++;
  if (i == c->n_range)
    return no_range(ch, err);
  if (!c->n_call)
    return cr_fail(err, CR_EINPUT,
                   "%s: has no launch calls, by which kernels belong to ranges; record the CUDA API as well", c->path);
  return CR_OK;
}

/* Tokens launched within one range, without others between. */
struct run {
  uint32_t token0, n, mark;
};

/* Returns how many; a range of which the tokens do not stand together counts as many times as it has parts, and each of
 * them gets a content of its own. */
static uint32_t list_runs(const struct cr_chain *ch, const struct marks *m, struct run *run, uint64_t *content,
                          uint32_t *n_of_mark)
{
  uint32_t n = 0, mark = CR_NONE;
  for (uint32_t i = 0; i < ch->n_token; i++) {
    const struct cr_capture_call *call = ch->call_of[ch->token[i].op0];
    uint32_t at = call ? mark_of_call(m, call) : mark;
    if (at != CR_NONE && at != mark) {
      run[n] = (struct run){i, 0, at};
      content[n++] = UINT64_C(0xcbf29ce484222325);
      n_of_mark[at]++;
    }
    if (at != CR_NONE) {
      run[n - 1].n++;
      content[n - 1] = (content[n - 1] ^ ch->token_hash[i]) * UINT64_C(0x100000001b3);
    }
    mark = at;
  }
  for (uint32_t k = 0; k < n; k++)
    content[k] = n_of_mark[run[k].mark] > 1 ? k : content[k] ^ run[k].n;
  return n;
}

int cr_chain_find_ranges(struct cr_chain *ch, struct cr_err *err)
{
  struct marks m = {0};
  int rc = check_ranges(ch, err);
  if (rc)
    return rc;
  struct run *run = cr_arena_take(ch->arena, ch->n_token, sizeof *run);
  uint64_t *content = cr_arena_take(ch->arena, ch->n_token, sizeof *content);
  uint32_t *n_of_mark = cr_arena_take(ch->arena, ch->c->n_range, sizeof *n_of_mark);
  uint32_t *first = cr_arena_take(ch->arena, ch->n_token, sizeof *first);
  ch->range = cr_arena_take(ch->arena, ch->n_token, sizeof *ch->range);
  if (!run || !content || !n_of_mark || !first || !ch->range || list_marks(ch, ch->use->range, &m))
    return cr_fail_nomem(err, ch->c->path);
  uint32_t n = list_runs(ch, &m, run, content, n_of_mark);
  if (!n)
    return CR_OK; /* none of its ops lies in such a range */
  rc = cr_repeats_alone(content, n, ch->arena, &ch->it, err);
  if (rc)
    return rc;
  if (n_of_mark[run[ch->it.first[0]].mark] > 1)
    return cr_fail(err, CR_EINPUT,
                   "%s: kernels of other ranges run between those of each range %s; name a range that does not overlap "
                   "with others of its name",
                   ch->c->path, ch->use->range);
  for (uint32_t k = 0; k < ch->it.n_clean; k++) {
    const struct run *r = &run[ch->it.first[k]];
    first[k] = r->token0;
    ch->range[k] = m.range[r->mark];
    ch->it.n_token = r->n;
  }
  ch->it.first = first;
  return CR_OK;
}

/* -- stages -------------------------------------------------------------------------------------------------------- */

/* The outermost of the ranges from i outwards that does not hold all of from..to. */
static uint32_t stage_mark(const struct marks *m, uint32_t i, cr_ns from, cr_ns to)
{
  uint32_t best = CR_NONE;
  for (; i != CR_NONE; i = m->parent[i])
    if (m->range[i]->start_ns > from || m->range[i]->end_ns < to)
      best = i;
  return best;
}

static void report_stages(struct cr_chain *ch, const struct marks *m, const uint32_t *mark, uint32_t n)
{
  uint32_t n_shown = 0, last = CR_NONE;
  cr_text_add(&ch->report, "%u stages by NVTX ranges:", n);
  for (uint32_t j = 0; j < ch->n_one && n_shown < STAGES_SHOWN; j++) {
    if (mark[j] == CR_NONE || mark[j] == last)
      continue;
    last = mark[j];
    cr_text_add(&ch->report, "%s %.60s", n_shown++ ? "," : "", ch->c->name[m->range[last]->name]);
  }
  cr_text_add(&ch->report, "%s\n", n > n_shown ? ", ..." : "");
}

int cr_chain_stages(struct cr_chain *ch, struct cr_op_spec *op, struct cr_err *err)
{
  struct marks m = {0};
  uint32_t i0 = cr_chain_first(ch, 0), stage = 0, last = CR_NONE;
  cr_ns from = CR_NS_NEVER, to = INT64_MIN;
  if (!ch->c->n_range)
    return CR_OK;
  uint32_t *mark = cr_arena_take(ch->arena, ch->n_one, sizeof *mark);
  if (!mark || list_marks(ch, NULL, &m))
    return cr_fail_nomem(err, ch->c->path);
  for (uint32_t j = 0; j < ch->n_one; j++)
    if (ch->call_of[i0 + j]) {
      from = cr_min_ns(from, ch->call_of[i0 + j]->start_ns);
      to = cr_max_ns(to, ch->call_of[i0 + j]->start_ns);
    }
  for (uint32_t j = 0; j < ch->n_one; j++) {
    const struct cr_capture_call *call = ch->call_of[i0 + j];
    mark[j] = call ? stage_mark(&m, innermost(&m, call->tid, call->start_ns), from, to) : last;
    stage += mark[j] != CR_NONE && mark[j] != last && j > 0; /* what lies between two stages goes with the first */
    if (mark[j] != CR_NONE)
      last = mark[j];
    op[j].stage = stage;
  }
  if (stage)
    report_stages(ch, &m, mark, stage + 1);
  return CR_OK;
}
