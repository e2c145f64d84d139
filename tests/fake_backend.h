/* fake_backend.h - a backend whose answers can be worked out by hand.
 *
 * Each stream runs what it was given in series, every op takes as long as recorded, and streams do not disturb each
 * other.  Jobs that take turns do so one iteration at a time. */
#ifndef CR_FAKE_BACKEND_H
#define CR_FAKE_BACKEND_H
#include "sim/backend.h"

/* Can park, evict, kill (in all of which queued ranges come back at once; park and evict let the running op finish,
 * kill starts it over), and priorities and queues, which it ignores; slices and pads, which take no time.  model_set "fail=N": the N-th wait fails. */
extern const struct cr_backend_ops fake_backend;
extern const struct cr_backend_ops fake_backend_plain; /* the same without any capability */

#endif
