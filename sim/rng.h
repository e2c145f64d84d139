/* rng.h - counter-based random numbers: the n-th draw of an entity is the same whoever asks first.
 *
 * Streams are numbered once, appended, never reused, so that every policy meets the identical load. */
#ifndef CR_RNG_H
#define CR_RNG_H
#include "sim/base.h"

enum cr_rng_stream { CR_RNG_ARRIVAL = 0, CR_RNG_JITTER = 1, CR_RNG_TEST = 2, CR_RNG_FOLD = 3 };

/* 64 random bits for (seed, stream, entity, n): SplitMix64's mixer over seed, then stream and entity, then n. */
uint64_t cr_draw(uint64_t seed, uint32_t stream, uint32_t entity, uint64_t n);

/* In (0, 1). */
double cr_draw_unit(uint64_t seed, uint32_t stream, uint32_t entity, uint64_t n);

/* Exponential of the given mean, by GSL over a generator that stands at this counter.  >= 0 and finite. */
double cr_draw_exponential(uint64_t seed, uint32_t stream, uint32_t entity, uint64_t n, double mean);

#endif
