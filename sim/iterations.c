/* iterations.c - runs of training iterations that share a device in proportion to what they demand.
 *
 * A run that has the device to itself needs n * each + (n - 1) * think; that is its work, in ns.  Over this time it keeps
 * a mean share n * each / work of what its iterations demand.  Let S be the sum of these shares over all runs, of the SMs
 * and of the DRAM bandwidth apart.  A resource with S > 1 makes those that use it S times slower; a run that uses both
 * goes at the rate of the slower.  So what a run does depends only on which of the two it uses: there are four kinds of
 * runs, and those of a kind go at one rate.  Each kind has a clock that shows the work done by a run that was there from
 * the beginning; a run ends when its kind's clock has gone on by its work since it began.  A change of rates touches
 * four clocks, not every run, and the ends of a kind stay in their order: a heap each.
 *
 * All is in integers, shares in parts of 10^9 and clocks in 2^-20 ns, so that neither the order of adding nor the number
 * of looks changes anything, and a run that is alone ends to the ns.  An end is the first whole ns at which the work is done.
 *
 * Left out: which phase of its cycle a run is in.  Several runs that think count with their mean, as if their phases were
 * spread evenly, and one that is slowed thinks slower too; a run that is stopped keeps its share to its end. */
#include "config.h"

#include "sim/iterations.h"

#include <assert.h>

enum { KIND_NONE, KIND_SM, KIND_DRAM, KIND_BOTH, N_KIND }; /* bit 0: uses SMs, bit 1: uses DRAM */

enum { CLOCK_BITS = 20 };

static const int64_t whole = 1000000000; /* all of a resource */
static const int64_t share_per_ppm = 1000;

/* ns of a lone run, in units of 2^-CLOCK_BITS.  In 64 bits a clock would run out after 2.4 hours; traces last months. */
typedef __int128 work;

/* A stream's run.  Before it begins, key is the time at which it does; while it runs, its kind's clock at its end. */
struct run {
  work key, from;                    /* from: its kind's clock when it began */
  cr_ns each_ns, think_ns, start_ns; /* start CR_NS_NEVER: not begun */
  cr_ns thought_ns;                  /* after its last iteration, when it was stopped */
  int64_t sm, dram;                  /* mean shares */
  uint32_t n;                        /* iterations; less when it was stopped */
  uint32_t kind;
  uint32_t where; /* in its pile */
  uint32_t pile;  /* CR_NONE: the stream has no run */
};

/* A binary heap of streams, least key first, ties by stream. */
struct pile {
  uint32_t *stream; /* [n_stream]; n of them */
  uint32_t n;
};

enum { PILE_TO_BEGIN = N_KIND, PILE_ENDED, N_PILE }; /* below: those that run, by kind */

struct clock {
  work at; /* at since_ns */
  cr_ns since_ns;
  int64_t slow;     /* how many times slower than alone, in `whole` */
  int64_t sm, dram; /* sums of shares */
};

struct cr_iterations {
  struct run *run; /* [n_stream] */
  struct pile pile[N_PILE];
  struct clock clock[N_KIND];
  cr_ns now_ns, next_ns;
  double busy_ns, sm_ns;
  uint32_t n_stream;
};

int cr_iterations_new(uint32_t n_stream, struct cr_arena *arena, struct cr_iterations **out)
{
  struct cr_iterations *it = cr_arena_take(arena, 1, sizeof *it);
  if (!it)
    return CR_ENOMEM;
  *it = (struct cr_iterations){.n_stream = n_stream, .next_ns = CR_NS_NEVER};
  it->run = cr_arena_take(arena, n_stream, sizeof *it->run);
  if (!it->run)
    return CR_ENOMEM;
  for (uint32_t i = 0; i < n_stream; i++)
    it->run[i].pile = CR_NONE;
  for (uint32_t i = 0; i < N_PILE; i++)
    if (!(it->pile[i].stream = cr_arena_take(arena, n_stream, sizeof *it->pile[i].stream)))
      return CR_ENOMEM;
  for (uint32_t k = 0; k < N_KIND; k++)
    it->clock[k].slow = whole;
  *out = it;
  return CR_OK;
}

/* ------------------------------------------------------------------------------------------------------------- piles */

static int before(const struct cr_iterations *it, uint32_t a, uint32_t b)
{
  const struct run *x = &it->run[a], *y = &it->run[b];
  return x->key != y->key ? x->key < y->key : a < b;
}

static void put(struct cr_iterations *it, struct pile *p, uint32_t i, uint32_t stream)
{
  p->stream[i] = stream;
  it->run[stream].where = i;
}

static void rise(struct cr_iterations *it, struct pile *p, uint32_t i)
{
  uint32_t stream = p->stream[i];
  for (; i > 0 && before(it, stream, p->stream[(i - 1) / 2]); i = (i - 1) / 2)
    put(it, p, i, p->stream[(i - 1) / 2]);
  put(it, p, i, stream);
}

static void sink(struct cr_iterations *it, struct pile *p, uint32_t i)
{
  uint32_t stream = p->stream[i];
  for (uint32_t child; (child = 2 * i + 1) < p->n; i = child) {
    if (child + 1 < p->n && before(it, p->stream[child + 1], p->stream[child]))
      child++;
    if (!before(it, p->stream[child], stream))
      break;
    put(it, p, i, p->stream[child]);
  }
  put(it, p, i, stream);
}

static void pile_add(struct cr_iterations *it, uint32_t pile, uint32_t stream, work key)
{
  struct pile *p = &it->pile[pile];
  struct run *r = &it->run[stream];
  r->key = key;
  r->pile = pile;
  p->stream[p->n] = stream;
  rise(it, p, p->n++);
}

static uint32_t pile_take(struct cr_iterations *it, uint32_t pile)
{
  struct pile *p = &it->pile[pile];
  uint32_t stream = p->stream[0];
  if (--p->n > 0) {
    p->stream[0] = p->stream[p->n];
    sink(it, p, 0);
  }
  it->run[stream].pile = CR_NONE;
  return stream;
}

static void pile_hasten(struct cr_iterations *it, uint32_t stream, work key)
{
  struct run *r = &it->run[stream];
  r->key = key;
  rise(it, &it->pile[r->pile], r->where);
}

/* ------------------------------------------------------------------------------------------------------------ clocks */

static work clock_at(const struct clock *c, cr_ns at_ns)
{
  if (c->slow == whole) /* the most common rate: spares the division */
    return c->at + ((work)(at_ns - c->since_ns) << CLOCK_BITS);
  return c->at + (((work)(at_ns - c->since_ns) * whole) << CLOCK_BITS) / c->slow;
}

/* The first ns at which the clock shows so much; CR_NS_NEVER: beyond all time. */
static cr_ns clock_time(const struct clock *c, work at)
{
  work left = at - c->at, unit = (work)whole << CLOCK_BITS, product;
  if (left <= 0)
    return c->since_ns;
  if (c->slow == whole) {
    work ns = (left >> CLOCK_BITS) + ((left & (((work)1 << CLOCK_BITS) - 1)) != 0);
    return ns >= CR_NS_NEVER ? CR_NS_NEVER : cr_ns_add(c->since_ns, (cr_ns)ns);
  }
  if (__builtin_mul_overflow(left, (work)c->slow, &product))
    return CR_NS_NEVER;
  work ns = product / unit + (product % unit != 0);
  return ns >= CR_NS_NEVER ? CR_NS_NEVER : cr_ns_add(c->since_ns, (cr_ns)ns);
}

/* Counts what happened up to to_ns, up to which nothing changes. */
static void account(struct cr_iterations *it, cr_ns to_ns)
{
  assert(to_ns >= it->now_ns);
  double ns = (double)(to_ns - it->now_ns), sm = 0;
  int busy = 0;
  for (uint32_t k = 0; k < N_KIND; k++) {
    busy |= it->pile[k].n > 0;
    sm += (double)it->clock[k].sm / (double)it->clock[k].slow;
  }
  it->busy_ns += busy ? ns : 0;
  it->sm_ns += sm * ns;
  it->now_ns = to_ns;
}

static int64_t at_least_whole(int64_t sum)
{
  return sum > whole ? sum : whole;
}

/* Brings the clocks to the rates of those that run, from now on. */
static void set_rates(struct cr_iterations *it)
{
  int64_t sm = 0, dram = 0, slow[N_KIND];
  for (uint32_t k = 0; k < N_KIND; k++) {
    sm += it->clock[k].sm;
    dram += it->clock[k].dram;
  }
  slow[KIND_NONE] = whole;
  slow[KIND_SM] = at_least_whole(sm);
  slow[KIND_DRAM] = at_least_whole(dram);
  slow[KIND_BOTH] = slow[KIND_SM] > slow[KIND_DRAM] ? slow[KIND_SM] : slow[KIND_DRAM];
  for (uint32_t k = 0; k < N_KIND; k++) {
    struct clock *c = &it->clock[k];
    if (slow[k] == c->slow)
      continue;
    c->at = clock_at(c, it->now_ns);
    c->since_ns = it->now_ns;
    c->slow = slow[k];
  }
}

static void find_next(struct cr_iterations *it)
{
  cr_ns next_ns = it->pile[PILE_ENDED].n ? it->now_ns : CR_NS_NEVER;
  const struct pile *to_begin = &it->pile[PILE_TO_BEGIN];
  if (to_begin->n)
    next_ns = cr_min_ns(next_ns, (cr_ns)it->run[to_begin->stream[0]].key);
  for (uint32_t k = 0; k < N_KIND; k++)
    if (it->pile[k].n)
      next_ns = cr_min_ns(next_ns, clock_time(&it->clock[k], it->run[it->pile[k].stream[0]].key));
  it->next_ns = cr_max_ns(next_ns, it->now_ns);
}

/* -------------------------------------------------------------------------------------------------------------- runs */

/* Of so many iterations alone.  At most 2^32 times 2^64. */
static work lone_work(const struct run *r, uint32_t n)
{
  return (work)n * r->each_ns + (work)(n - 1) * r->think_ns;
}

static void begin(struct cr_iterations *it, uint32_t stream, cr_ns at_ns)
{
  struct run *r = &it->run[stream];
  struct clock *c = &it->clock[r->kind];
  r->start_ns = at_ns;
  r->from = clock_at(c, at_ns);
  c->sm += r->sm;
  c->dram += r->dram;
  pile_add(it, r->kind, stream, r->from + (lone_work(r, r->n) << CLOCK_BITS));
}

static void end(struct cr_iterations *it, uint32_t stream)
{
  const struct run *r = &it->run[stream];
  it->clock[r->kind].sm -= r->sm;
  it->clock[r->kind].dram -= r->dram;
  pile_add(it, PILE_ENDED, stream, 0);
}

static int64_t mean_share(uint32_t ppm, work busy, work all)
{
  int64_t share = ppm * share_per_ppm;
  return busy == all || share == 0 ? share : (int64_t)((busy * share + all / 2) / all);
}

void cr_iterations_add(struct cr_iterations *it, uint32_t stream, const struct cr_iteration_run *run, cr_ns now_ns)
{
  assert(stream < it->n_stream && it->run[stream].pile == CR_NONE);
  assert(run->each_ns > 0 && run->think_ns >= 0 && run->n > 0);
  assert(run->sm_ppm <= 1000000 && run->dram_ppm <= 1000000);
  struct run *r = &it->run[stream];
  *r = (struct run){.each_ns = run->each_ns, .think_ns = run->think_ns, .n = run->n, .start_ns = CR_NS_NEVER};
  work busy = (work)run->n * run->each_ns, all = lone_work(r, run->n);
  r->sm = mean_share(run->sm_ppm, busy, all);
  r->dram = mean_share(run->dram_ppm, busy, all);
  r->kind = (run->sm_ppm > 0 ? KIND_SM : 0) | (run->dram_ppm > 0 ? KIND_DRAM : 0);
  account(it, now_ns);
  if (run->not_before_ns > now_ns) {
    pile_add(it, PILE_TO_BEGIN, stream, run->not_before_ns);
  } else {
    begin(it, stream, now_ns);
    set_rates(it);
  }
  find_next(it);
}

/* How long ago the clock showed so much, at the present rate; as if alone before this rate held, so that it is never more
 * than it was. */
static cr_ns shown_for_ns(const struct clock *c, work shown, cr_ns now_ns)
{
  if (shown < c->at)
    return now_ns - c->since_ns + (cr_ns)((c->at - shown) >> CLOCK_BITS);
  return now_ns - clock_time(c, shown);
}

void cr_iterations_stop(struct cr_iterations *it, uint32_t stream, cr_ns now_ns)
{
  assert(stream < it->n_stream && it->run[stream].pile != CR_NONE);
  struct run *r = &it->run[stream];
  if (r->pile == PILE_ENDED)
    return;
  account(it, now_ns);
  if (r->pile == PILE_TO_BEGIN) {
    r->n = 0;
    pile_hasten(it, stream, now_ns);
    find_next(it);
    return;
  }
  const struct clock *c = &it->clock[r->kind];
  work at = clock_at(c, now_ns), done = at - r->from;
  if (r->key <= at)
    return;
  work each = (work)r->each_ns << CLOCK_BITS, cycle = each + ((work)r->think_ns << CLOCK_BITS);
  work n = done / cycle, into = done % cycle, a_ns = ((work)whole << CLOCK_BITS) / c->slow;
  /* One that began after the last whole ns begins now, as far as anybody can tell, and is not under way. */
  if (n ? into < a_ns : r->start_ns == now_ns) {
    r->n = (uint32_t)n;
    r->thought_ns = n ? shown_for_ns(c, r->from + (n - 1) * cycle + each, now_ns) : 0;
    pile_hasten(it, stream, at);
  } else {
    r->n = (uint32_t)(n + 1);
    r->thought_ns = into < each ? 0 : shown_for_ns(c, r->from + n * cycle + each, now_ns);
    pile_hasten(it, stream, into < each ? r->from + n * cycle + each : at);
  }
  find_next(it);
}

cr_ns cr_iterations_next_ns(const struct cr_iterations *it)
{
  return it->next_ns;
}

uint32_t cr_iterations_advance(struct cr_iterations *it, cr_ns to_ns, struct cr_iterations_end *out, uint32_t cap)
{
  assert(to_ns <= it->next_ns);
  account(it, to_ns);
  if (to_ns < it->next_ns)
    return 0;
  for (uint32_t k = 0; k < N_KIND; k++) {
    const struct pile *p = &it->pile[k];
    work at = clock_at(&it->clock[k], to_ns);
    while (p->n && it->run[p->stream[0]].key <= at)
      end(it, pile_take(it, k));
  }
  const struct pile *to_begin = &it->pile[PILE_TO_BEGIN];
  while (to_begin->n && it->run[to_begin->stream[0]].key <= to_ns) {
    uint32_t stream = pile_take(it, PILE_TO_BEGIN);
    if (it->run[stream].n)
      begin(it, stream, to_ns);
    else
      pile_add(it, PILE_ENDED, stream, 0);
  }
  set_rates(it);
  uint32_t n = 0;
  while (n < cap && it->pile[PILE_ENDED].n) {
    uint32_t stream = pile_take(it, PILE_ENDED);
    const struct run *r = &it->run[stream];
    out[n++] = (struct cr_iterations_end){stream, r->n, r->n ? r->start_ns : CR_NS_NEVER, r->thought_ns};
  }
  find_next(it);
  return n;
}

double cr_iterations_busy_ns(const struct cr_iterations *it)
{
  return it->busy_ns;
}

double cr_iterations_sm_ns(const struct cr_iterations *it)
{
  return it->sm_ns;
}
