/* rng.c - counter-based random numbers, and GSL's distributions over them.
 *
 * The mixer is the finaliser of SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators",
 * OOPSLA 2014; constants: Stafford's variant 13).  The key of an entity is mixed from (seed, stream, entity); its
 * n-th draw is what SplitMix64 started at that key would give as its n-th output, so draws need no state.  GSL wants
 * a generator object: it gets one on the stack, made for a single draw, whose counter starts anew at each n in a key
 * of its own, so that a distribution that consumes several numbers cannot run into the next draw's. */
#include "config.h"

#include "sim/rng.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>

static const uint64_t GOLDEN = UINT64_C(0x9e3779b97f4a7c15); /* 2^64 over the golden ratio: SplitMix64's increment */

struct counter {
  uint64_t key, n;
};

static uint64_t mix(uint64_t z)
{
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

/* The n-th output of SplitMix64 started at key. */
static uint64_t nth(uint64_t key, uint64_t n)
{
  return mix(key + (n + 1) * GOLDEN);
}

uint64_t cr_draw(uint64_t seed, uint32_t stream, uint32_t entity, uint64_t n)
{
  return nth(nth(nth(seed, 0), (uint64_t)stream << 32 | entity), n);
}

/* The middle of one of 2^52 equal parts of (0, 1): never 0, never 1, and exact in a double. */
static double unit(uint64_t bits)
{
  return ((double)(bits >> 12) + 0.5) * 0x1p-52;
}

double cr_draw_unit(uint64_t seed, uint32_t stream, uint32_t entity, uint64_t n)
{
  return unit(cr_draw(seed, stream, entity, n));
}

static void on_set(void *state, unsigned long seed)
{
  *(struct counter *)state = (struct counter){.key = seed};
}

static unsigned long on_get(void *state)
{
  struct counter *c = state;
  return nth(c->key, c->n++) >> 32;
}

static double on_get_double(void *state)
{
  struct counter *c = state;
  return unit(nth(c->key, c->n++));
}

static const gsl_rng_type COUNTER = {
  .name = "corun-counter",
  .max = UINT32_MAX,
  .min = 0,
  .size = sizeof(struct counter),
  .set = on_set,
  .get = on_get,
  .get_double = on_get_double,
};

double cr_draw_exponential(uint64_t seed, uint32_t stream, uint32_t entity, uint64_t n, double mean)
{
  struct counter counter = {.key = cr_draw(seed, stream, entity, n)};
  const gsl_rng rng = {.type = &COUNTER, .state = &counter};
  return gsl_ran_exponential(&rng, mean);
}

double cr_draw_lognormal(uint64_t seed, uint32_t stream, uint32_t entity, uint64_t n, double mu, double sigma)
{
  struct counter counter = {.key = cr_draw(seed, stream, entity, n)};
  const gsl_rng rng = {.type = &COUNTER, .state = &counter};
  return gsl_ran_lognormal(&rng, mu, sigma);
}

double cr_draw_pareto(uint64_t seed, uint32_t stream, uint32_t entity, uint64_t n, double shape, double min)
{
  struct counter counter = {.key = cr_draw(seed, stream, entity, n)};
  const gsl_rng rng = {.type = &COUNTER, .state = &counter};
  return gsl_ran_pareto(&rng, shape, min);
}
