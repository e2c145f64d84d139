/* counted.h - spools of a run in which kernels were counted (`corun collect --metrics`), for models made of another run of the
 * same command, in which they were timed. */
#ifndef CR_COUNTED_H
#define CR_COUNTED_H
#include "traces/counter_match.h"

struct cr_counted_runs {
  const char *timed;   /* folder of spools of which models are in the store already */
  const char *counted; /* folder of spools of the other run */
};

/* The k-th process of a command in one run is the k-th of it in the other.  said gets a line for each model that has counters
 * now, missing one for each thing that could not be counted, and why; *n_model: how many models they are.  csv gets all that
 * was counted, a row a kernel as `ncu --csv --page raw` writes it, so that `corun import ncu` reads it; or NULL. */
int cr_counted_import(struct cr_store *s, const struct cr_counted_runs *runs, struct cr_text *said,
                      struct cr_text *missing, struct cr_text *csv, uint32_t *n_model, struct cr_err *err) CR_MUST;

#endif
