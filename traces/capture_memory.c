/* capture_memory.c - what a program holds of the device's memory between its iterations, and needs within one.
 *
 * From allocations and frees as the driver saw them, on the host's clock: an iteration lasts from its first launch call to
 * that of the op after it.  Held: in use when it begins.  Of what is given out within, parts of
 * 1 MiB and more are ephemeral, smaller ones the framework's own, which count as persistent (Salus, MLSys 2020, section 3.2.1;
 * the limit is that of its artifact).  A framework that caches what it frees holds it as far as the driver knows.  What was
 * there before the recording is not in it: frees of what was never given out show that something was. */
#include "config.h"

#include <stdlib.h>

#include "traces/capture_int.h"

/* A change of what is in use. */
struct change {
  cr_ns at_ns;
  int64_t bytes; /* < 0: given back */
  uint64_t address;
  uint32_t order;
};

static const int64_t FRAMEWORK_BELOW_BYTES = 1 << 20;

struct use {
  struct change *change; /* [n] by time */
  int64_t *in_use;       /* [n + 1] before each change, and at the end */
  uint32_t n, n_orphan;
};

static int by_address(const void *a, const void *b)
{
  const struct change *x = a, *y = b;
  if (x->address != y->address)
    return x->address < y->address ? -1 : 1;
  if (x->at_ns != y->at_ns)
    return x->at_ns < y->at_ns ? -1 : 1;
  return x->order < y->order ? -1 : x->order > y->order;
}

static int by_time(const void *a, const void *b)
{
  const struct change *x = a, *y = b;
  if (x->at_ns != y->at_ns)
    return x->at_ns < y->at_ns ? -1 : 1;
  return x->order < y->order ? -1 : x->order > y->order;
}

static int list_changes(const struct cr_chain *ch, struct use *u)
{
  const struct cr_capture *c = ch->c;
  const struct cr_capture_stream *s = &c->stream[ch->op[0].stream];
  u->change = cr_arena_take(ch->arena, c->n_alloc, sizeof *u->change);
  u->in_use = cr_arena_take(ch->arena, (size_t)c->n_alloc + 1, sizeof *u->in_use);
  if (!u->change || !u->in_use)
    return CR_ENOMEM;
  for (uint32_t i = 0; i < c->n_alloc; i++) {
    const struct cr_capture_alloc *a = &c->alloc[i];
    if (a->process == s->process && a->device == s->device)
      u->change[u->n++] = (struct change){a->at_ns, a->is_free ? -a->bytes : a->bytes, a->address, i};
  }
  return CR_OK;
}

/* A free gives back what was given out at its address, whatever it says of its size; one of nothing is an orphan. */
static void pair_frees(struct use *u)
{
  int64_t held = 0;
  qsort(u->change, u->n, sizeof *u->change, by_address);
  for (uint32_t i = 0; i < u->n; i++) {
    struct change *c = &u->change[i];
    if (i == 0 || c->address != c[-1].address)
      held = 0;
    if (c->bytes > 0)
      held += c->bytes;
    else if (held) {
      c->bytes = -held;
      held = 0;
    } else if (c->bytes < 0) {
      c->bytes = 0;
      u->n_orphan++;
    }
  }
  qsort(u->change, u->n, sizeof *u->change, by_time);
  for (uint32_t i = 0; i < u->n; i++)
    u->in_use[i + 1] = u->in_use[i] + u->change[i].bytes;
}

/* How many changes come before the time. */
static uint32_t n_before(const struct use *u, cr_ns at_ns)
{
  uint32_t lo = 0, hi = u->n;
  while (lo < hi) {
    uint32_t mid = lo + (hi - lo) / 2;
    if (u->change[mid].at_ns < at_ns)
      lo = mid + 1;
    else
      hi = mid;
  }
  return lo;
}

/* When the host began with op i. */
static cr_ns host_time(const struct cr_chain *ch, uint32_t i)
{
  return i >= ch->n_op ? CR_NS_NEVER : ch->call_of[i] ? ch->call_of[i]->start_ns : ch->op[i].start_ns;
}

/* The most that changes from..to add up to, of parts that are small or not. */
static int64_t peak_of(const struct use *u, uint32_t from, uint32_t to, int small)
{
  int64_t sum = 0, peak = 0;
  for (uint32_t i = from; i < to; i++) {
    int64_t bytes = u->change[i].bytes;
    if (small != ((bytes < 0 ? -bytes : bytes) < FRAMEWORK_BELOW_BYTES))
      continue;
    sum += bytes;
    peak = sum > peak ? sum : peak;
  }
  return peak;
}

int cr_chain_memory(struct cr_chain *ch, struct cr_model_spec *model, struct cr_err *err)
{
  struct use u = {0};
  uint32_t n = ch->it.n_clean;
  int64_t *held = cr_arena_take(ch->arena, n, sizeof *held), *above = cr_arena_take(ch->arena, n, sizeof *above),
          *own = cr_arena_take(ch->arena, n, sizeof *own);
  if (!held || !above || !own || list_changes(ch, &u))
    return cr_fail_nomem(err, ch->c->path);
  if (!u.n)
    return CR_OK;
  pair_frees(&u);
  for (uint32_t k = 0; k < n; k++) {
    uint32_t i = cr_chain_first(ch, k);
    cr_ns from = ch->host_start && ch->host_start[k] != CR_NS_NEVER ? ch->host_start[k] : host_time(ch, i);
    uint32_t at = n_before(&u, from), to = n_before(&u, host_time(ch, i + ch->n_one));
    held[k] = u.in_use[at];
    above[k] = peak_of(&u, at, to, 0);
    own[k] = peak_of(&u, at, to, 1);
  }
  model->ephemeral_bytes = cr_chain_median(above, n);
  model->framework_bytes = cr_chain_median(own, n);
  if (u.n_orphan)
    cr_text_add(&ch->report,
                "%u frees of memory from before the recording: how much is held between iterations is not known\n",
                u.n_orphan);
  else
    model->persistent_bytes = cr_chain_median(held, n) + model->framework_bytes;
  return CR_OK;
}
