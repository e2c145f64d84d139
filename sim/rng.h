/* rng.h - counter-based random numbers: the n-th draw of an entity is the same whoever asks first.
 *
 * Streams are numbered once, appended, never reused, so that every policy meets the identical load. */
#ifndef CR_RNG_H
#define CR_RNG_H
#include "sim/base.h"

enum cr_rng_stream {
  CR_RNG_ARRIVAL = 0,
  CR_RNG_JITTER = 1,
  CR_RNG_TEST = 2,
  CR_RNG_FOLD = 3,
  CR_RNG_JOB_GAP = 4, /* of generated job traces: time to the next job, */
  CR_RNG_JOB_WORK = 5, /* how long a job runs, */
  CR_RNG_JOB_MODEL = 6, /* and which model; of read ones, too */
  CR_RNG_ACTUAL = 7,    /* of a request of layers: how long it takes, of what was recorded */
  CR_RNG_TASK_USE = 8,  /* of generated task sets: shares of a node */
  CR_RNG_SWEEP = 9,     /* of random designs: a key at a sample */
  CR_RNG_SEARCH = 10,   /* of searches: a family and an axis at a draw */
};

/* 64 random bits for (seed, stream, entity, n): SplitMix64's mixer over seed, then stream and entity, then n. */
uint64_t cr_draw(uint64_t seed, uint32_t stream, uint32_t entity, uint64_t n);

/* In (0, 1). */
double cr_draw_unit(uint64_t seed, uint32_t stream, uint32_t entity, uint64_t n);

/* Exponential of the given mean, by GSL over a generator that stands at this counter.  >= 0 and finite. */
double cr_draw_exponential(uint64_t seed, uint32_t stream, uint32_t entity, uint64_t n, double mean);

/* exp of a normal number of mean mu and standard deviation sigma, and Pareto's from min on, P(> x) = (min/x)^shape; by GSL
 * in the same way. */
double cr_draw_lognormal(uint64_t seed, uint32_t stream, uint32_t entity, uint64_t n, double mu, double sigma);
double cr_draw_pareto(uint64_t seed, uint32_t stream, uint32_t entity, uint64_t n, double shape, double min);

#endif
