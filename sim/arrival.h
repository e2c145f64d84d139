/* arrival.h - when a client's requests arrive.
 *
 * An iterator over one arrival process.  Times depend only on (spec, seed, client): whoever asks, whenever, meets
 * the same load.  Nothing drifts: the n-th time is computed from n (uniform) or from the sum of rounded gaps
 * (poisson). */
#ifndef CR_ARRIVAL_H
#define CR_ARRIVAL_H
#include "sim/base.h"
#include "sim/workload.h"

struct cr_arrival {
  const struct cr_arrival_spec *spec; /* borrowed */
  uint64_t seed;
  uint32_t client;
  uint64_t n;    /* handed out so far */
  cr_ns last_ns; /* poisson: sum of the gaps so far */
};

/* client: its number in the workload, which names its random stream. */
void cr_arrival_init(struct cr_arrival *a, const struct cr_arrival_spec *spec, uint64_t seed, uint32_t client);

/* The next arrival, never before the one given last; CR_NS_NEVER when there is none left, and then always.  A closed
 * client arrives depth times at its phase; what follows is the caller's to make, one for each completed request, as are all
 * arrivals of a client that comes after others. */
cr_ns cr_arrival_next(struct cr_arrival *a);

#endif
