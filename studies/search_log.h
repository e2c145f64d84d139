/* search_log.h - what a search has asked for, and what came out, in memory: points, policies, and of each pair of them the
 * runs by seed.
 *
 * A point is the values of the keys that are searched and a length of the run; a policy is one with its options.  They are
 * numbered as they are first asked for, so that a search that is done again, whoever runs it and in whatever order runs end,
 * has the same numbers.  A run is here as soon as it is known, and then need not be run again. */
#ifndef CR_SEARCH_LOG_H
#define CR_SEARCH_LOG_H
#include "studies/interval.h"
#include "studies/results.h"

struct cr_log_point {
  const char **value;  /* [n_key], as --set takes them */
  uint32_t length_ppm; /* of the run, CR_SEARCH_WHOLE and below */
  int is_loaded;       /* the hash is known: it could be loaded */
  uint64_t workload_hash;
};

/* A point under a policy. */
struct cr_log_cell {
  uint32_t point, policy;
  uint8_t *state; /* [n_seed], enum cr_run_state */
  double *value;  /* [n_metric * n_seed], NAN: not known */
};

/* A cell with the seed of that number. */
struct cr_log_run {
  uint32_t cell, seed;
};

struct cr_search_log {
  struct cr_arena *arena;
  const char *const *key; /* [n_key] that are searched */
  uint32_t n_key, n_metric, n_seed;
  struct cr_log_point *point; /* [n_point] */
  const char **policy;        /* [n_policy] */
  struct cr_log_cell *cell;   /* [n_cell] */
  uint32_t n_point, n_policy, n_cell;
  uint32_t point_cap, policy_cap, cell_cap;
  uint32_t n_run, n_failed; /* known; of them */
};

/* The number of a point, policy or pair; the next one when it is new.  Strings are copied.  CR_ENOMEM. */
int cr_search_log_point(struct cr_search_log *l, const char *const *value, uint32_t length_ppm, uint32_t *out,
                        struct cr_err *err) CR_MUST;
int cr_search_log_policy(struct cr_search_log *l, const char *policy, uint32_t *out, struct cr_err *err) CR_MUST;
int cr_search_log_cell(struct cr_search_log *l, uint32_t point, uint32_t policy, uint32_t *out,
                       struct cr_err *err) CR_MUST;

/* value is [n_metric]; those of a failed run are not known.  A run that is there already stays as it is. */
void cr_search_log_put(struct cr_search_log *l, uint32_t cell, uint32_t seed, enum cr_run_state state,
                       const double *value);

/* Of a run that is there, into value[n_metric]. */
void cr_search_log_values(const struct cr_search_log *l, uint32_t cell, uint32_t seed, double *value);

/* Of a metric over n seeds from the first on. */
void cr_search_log_interval(const struct cr_search_log *l, uint32_t cell, uint32_t metric, uint32_t first, uint32_t n,
                            double confidence, struct cr_interval *out);

uint32_t cr_search_log_failed(const struct cr_search_log *l, uint32_t cell);

#endif
