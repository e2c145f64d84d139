/* results.h - the runs of a sweep that are done, in memory: their values, and what is still to be run.
 *
 * A run is a point under a policy with a seed.  All policies of a point have the same seeds, so that they meet the same
 * load (common random numbers), and how many seeds a point needs is decided for all its policies together, from their
 * values in the order of seeds alone: whoever ran them, in whatever order, the answer is the same. */
#ifndef CR_RESULTS_H
#define CR_RESULTS_H
#include "studies/design.h"
#include "studies/interval.h"

enum { CR_RESULT_WHY = 512 };

enum cr_run_state { CR_RUN_TODO, CR_RUN_DONE, CR_RUN_FAILED };

/* One run, as it comes from a process or a database. */
struct cr_study_run {
  uint32_t point, policy, seed; /* places in the design */
  enum cr_run_state state;
  char outcome[16];        /* "done", "stalled", ...; "crashed": its process ended */
  char why[CR_RESULT_WHY]; /* "" when done */
  int64_t end_ns, n_event;
  uint64_t ledger_hash;
};

struct cr_results {
  const struct cr_design *design;
  uint8_t *state;                   /* [n_point * n_policy * n_seed], enum cr_run_state */
  double *value;                    /* as many, by n_metric; NAN: not known */
  uint64_t n_run, n_done, n_failed; /* of the design; of those, finished well; and not */
};

int cr_results_init(struct cr_results *r, const struct cr_design *d, struct cr_err *err) CR_MUST;
void cr_results_fini(struct cr_results *r); /* a struct of zeros is fine */

/* value is [n_metric]; those of a failed run are not known.  A run that is there already stays as it is. */
void cr_results_put(struct cr_results *r, const struct cr_study_run *run, const double *value);

enum cr_run_state cr_results_state(const struct cr_results *r, uint32_t point, uint32_t policy, uint32_t seed);

/* How many seeds, from the first on, a point is to be run with, as far as its results tell: all of them, or under --until
 * five, then half as many more again and again, until every interval of it is tight. */
uint32_t cr_results_wants(const struct cr_results *r, uint32_t point);

/* The replications of a metric, boot: with the bootstrap.  n_failed counts runs that are not in it. */
int cr_results_interval(const struct cr_results *r, uint32_t point, uint32_t policy, uint32_t metric, int boot,
                        struct cr_interval *out, struct cr_err *err) CR_MUST;
uint32_t cr_results_count(const struct cr_results *r, uint32_t point, uint32_t policy, enum cr_run_state state);

#endif
