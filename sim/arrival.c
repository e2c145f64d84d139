/* arrival.c - when a client's requests arrive. */
#include "config.h"

#include "sim/arrival.h"

#include "sim/rng.h"

#include <assert.h>
#include <math.h>

static const double NS_PER_S = 1e9;

/* Too far to be a time: 2^63 ns. */
static const double NS_END = 9223372036854775808.0;

void cr_arrival_init(struct cr_arrival *a, const struct cr_arrival_spec *spec, uint64_t seed, uint32_t client)
{
  *a = (struct cr_arrival){.spec = spec, .seed = seed, .client = client, .last_ns = spec->phase_ns};
}

/* ns as an integer; rounding is the last thing done, so that uniform's n-th time is off by half a nanosecond at
 * most. */
static cr_ns rounded(double ns)
{
  return ns < NS_END ? (cr_ns)llround(ns) : CR_NS_NEVER;
}

/* One division for the n-th time: n * 1e9 is exact up to n = 9 million, and later off by less than 1e-16 of the
 * time. */
static cr_ns uniform(const struct cr_arrival *a)
{
  if (a->spec->period_ns)
    return cr_ns_add(a->spec->phase_ns, cr_muldiv(a->spec->period_ns, (int64_t)a->n, 1));
  return cr_ns_add(a->spec->phase_ns, rounded((double)a->n * NS_PER_S / a->spec->rate_per_s));
}

static cr_ns poisson(struct cr_arrival *a)
{
  double gap_ns = cr_draw_exponential(a->seed, CR_RNG_ARRIVAL, a->client, a->n, NS_PER_S / a->spec->rate_per_s);
  a->last_ns = cr_ns_add(a->last_ns, rounded(gap_ns));
  return a->last_ns;
}

cr_ns cr_arrival_next(struct cr_arrival *a)
{
  const struct cr_arrival_spec *spec = a->spec;
  cr_ns at_ns = CR_NS_NEVER;
  switch (spec->kind) {
  case CR_ARRIVE_CLOSED:
    at_ns = a->n < spec->depth ? spec->phase_ns : CR_NS_NEVER;
    break;
  case CR_ARRIVE_UNIFORM:
    at_ns = uniform(a);
    break;
  case CR_ARRIVE_POISSON:
    at_ns = poisson(a);
    break;
  case CR_ARRIVE_TRACE:
    at_ns = a->n < spec->n_at ? spec->at_ns[a->n] : CR_NS_NEVER;
    break;
  case CR_ARRIVE_AT:
    at_ns = a->n == 0 ? spec->phase_ns : CR_NS_NEVER;
    break;
  case CR_ARRIVE_AFTER: /* sim/dependents.h says when */
    break;
  case CR_N_ARRIVAL:
    assert(0 && "a client without an arrival process");
    break;
  }
  if (at_ns != CR_NS_NEVER)
    a->n++;
  return at_ns;
}
