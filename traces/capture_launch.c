/* capture_launch.c - launch times of eager programs.
 *
 * They are CPU time from one launch call's start to the next one's; the first one's counts from the iteration's first host
 * activity, which another pass over the recording finds, so that host events need not be kept. */
#include "config.h"

#include <stdlib.h>

#include "traces/capture_int.h"

static int by_ns(const void *a, const void *b)
{
  cr_ns x = *(const cr_ns *)a, y = *(const cr_ns *)b;
  return x < y ? -1 : x > y;
}

/* For each clean iteration: the time after which its host activity may begin, and its first launch call's. */
struct host_search {
  struct cr_chain *ch;
  cr_ns *after, *before; /* [n_clean], ascending */
  int64_t *tid;
  cr_ns *sync_end; /* [n_sync] ascending: waits for the device */
  uint32_t n_sync;
  cr_ns *launch;       /* [n_launch] ascending: starts of the launch calls of clean iterations, and */
  uint32_t *launch_op; /* [n_launch] their ops */
  uint32_t n_launch;
  uint32_t process;
};

/* How many of v[0..n), ascending, are below limit. */
static uint32_t n_below(const cr_ns *v, uint32_t n, cr_ns limit)
{
  uint32_t lo = 0, hi = n;
  while (lo < hi) {
    uint32_t mid = lo + (hi - lo) / 2;
    if (v[mid] < limit)
      lo = mid + 1;
    else
      hi = mid;
  }
  return lo;
}

/* Host activity of an iteration begins after the last launch call before it and after any wait for the device that
 * ended since. */
static void host_window(const struct cr_chain *ch, uint32_t k, struct host_search *hs)
{
  uint32_t i = cr_chain_first(ch, k);
  const struct cr_capture_call *first = ch->call_of[i], *previous = NULL;
  for (uint32_t j = i; j > 0 && !previous; j--)
    previous = ch->call_of[j - 1];
  hs->after[k] = previous ? previous->end_ns : INT64_MIN;
  hs->before[k] = first ? first->start_ns : hs->after[k];
  hs->tid[k] = first ? first->tid : INT64_MIN;
  uint32_t n = n_below(hs->sync_end, hs->n_sync, cr_ns_add(hs->before[k], 1));
  if (n)
    hs->after[k] = cr_max_ns(hs->after[k], hs->sync_end[n - 1]);
}

static void on_host(void *ctx, cr_ns start_ns, uint32_t process, int64_t tid, int is_call)
{
  struct host_search *hs = ctx;
  struct cr_chain *ch = hs->ch;
  if (process != hs->process)
    return;
  uint32_t k = n_below(hs->before, ch->it.n_clean, start_ns);
  if (k < ch->it.n_clean && tid == hs->tid[k] && start_ns >= hs->after[k])
    ch->host_start[k] = cr_min_ns(ch->host_start[k], start_ns);
  uint32_t next = n_below(hs->launch, hs->n_launch, cr_ns_add(start_ns, 1));
  if (!is_call || next == hs->n_launch || (ch->by_thread && tid != ch->call_of[hs->launch_op[next]]->tid))
    return;
  k = n_below(hs->before, ch->it.n_clean,
              hs->launch[next]); /* between iterations nothing counts but the next one's own */
  int is_first = k < ch->it.n_clean && hs->before[k] == hs->launch[next];
  if (!is_first || (tid == hs->tid[k] && start_ns >= hs->after[k]))
    ch->n_call[hs->launch_op[next]]++;
}

/* The launch calls of clean iterations, in order of time: ops start in the order in which they were launched. */
static int list_launches(const struct cr_chain *ch, struct host_search *hs)
{
  hs->launch = cr_arena_take(ch->arena, ch->n_op, sizeof *hs->launch);
  hs->launch_op = cr_arena_take(ch->arena, ch->n_op, sizeof *hs->launch_op);
  if (!hs->launch || !hs->launch_op)
    return CR_ENOMEM;
  for (uint32_t k = 0; k < ch->it.n_clean; k++)
    for (uint32_t j = 0; j < ch->n_one; j++) {
      uint32_t i = cr_chain_first(ch, k) + j;
      const struct cr_capture_call *call = ch->call_of[i];
      if (!call || (hs->n_launch && call->start_ns <= hs->launch[hs->n_launch - 1]))
        continue;
      hs->launch[hs->n_launch] = call->start_ns;
      hs->launch_op[hs->n_launch++] = i;
    }
  return CR_OK;
}

int cr_chain_find_launches(struct cr_chain *ch, struct cr_err *err)
{
  uint32_t n = ch->it.n_clean;
  struct host_search hs = {.ch = ch, .process = ch->c->stream[ch->op[0].stream].process};
  ch->host_start = cr_arena_take(ch->arena, n, sizeof *ch->host_start);
  hs.after = cr_arena_take(ch->arena, n, sizeof *hs.after);
  hs.before = cr_arena_take(ch->arena, n, sizeof *hs.before);
  hs.tid = cr_arena_take(ch->arena, n, sizeof *hs.tid);
  hs.sync_end = cr_arena_take(ch->arena, ch->c->n_call, sizeof *hs.sync_end);
  ch->n_call = cr_arena_take(ch->arena, ch->n_op, sizeof *ch->n_call);
  if (!ch->host_start || !hs.after || !hs.before || !hs.tid || !hs.sync_end || !ch->n_call || list_launches(ch, &hs))
    return cr_fail_nomem(err, ch->c->path);
  for (uint32_t c = 0; c < ch->c->n_call; c++)
    if (ch->c->call[c].kind == CR_CALL_SYNC && ch->c->call[c].process == hs.process)
      hs.sync_end[hs.n_sync++] = ch->c->call[c].end_ns;
  qsort(hs.sync_end, hs.n_sync, sizeof *hs.sync_end, by_ns);
  for (uint32_t k = 0; k < n; k++) {
    ch->host_start[k] = CR_NS_NEVER;
    host_window(ch, k, &hs);
  }
  int rc = ch->use->each_host ? ch->use->each_host(ch->use->source, on_host, &hs, err) : CR_OK;
  for (uint32_t k = 0; !rc && ch->range && k < n; k++) /* a range says where its iteration begins */
    if (ch->range[k]->any_thread || ch->range[k]->tid == hs.tid[k])
      ch->host_start[k] = ch->range[k]->start_ns;
  return rc;
}

/* The call that put the op before op i of the same iteration on the device. */
static const struct cr_capture_call *call_before(const struct cr_chain *ch, uint32_t i, uint32_t first)
{
  for (; i > first; i--)
    if (ch->call_of[i - 1])
      return ch->call_of[i - 1];
  return NULL;
}

/* Median CPU time before the launch call of op j; CR_NS_NEVER when the file does not tell. */
cr_ns cr_chain_launch_time(struct cr_chain *ch, uint32_t j)
{
  uint32_t n = 0;
  for (uint32_t k = 0; k < ch->it.n_clean; k++) {
    uint32_t i = cr_chain_first(ch, k) + j;
    const struct cr_capture_call *call = ch->call_of[i], *before = call_before(ch, i, i - j);
    cr_ns from = j == 0 ? ch->host_start[k] : before ? before->start_ns : CR_NS_NEVER;
    if (call && from != CR_NS_NEVER && from <= call->start_ns)
      ch->value[n++] = call->start_ns - from;
  }
  return n ? cr_chain_median(ch->value, n) : CR_NS_NEVER;
}

/* Median number of CUDA calls made in that time; 0: not known. */
uint32_t cr_chain_launch_calls(struct cr_chain *ch, uint32_t j)
{
  for (uint32_t k = 0; k < ch->it.n_clean; k++)
    ch->value[k] = ch->n_call[cr_chain_first(ch, k) + j];
  return (uint32_t)cr_chain_median(ch->value, ch->it.n_clean);
}
