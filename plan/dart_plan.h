/* dart_plan.h - the off-line half of DART: which pipeline of nodes, which layers of which task on which node, and whether every
 * real-time task meets its deadline (Algorithm 1).
 *
 * Each configuration is judged by itself, so that they can be shared out; what is found of parts is merged, in any order,
 * to the same. */
#ifndef CR_DART_PLAN_H
#define CR_DART_PLAN_H
#include "plan/node_config.h"
#include "plan/task_set.h"

/* Of rta.h. */
enum cr_dart_bound {
  CR_DART_TIGHT,    /* of each task the lesser of bounds D and H */
  CR_DART_PAPER,    /* Equations 5 and 6 */
  CR_DART_OVERLAP,  /* bound D alone */
  CR_DART_HOLISTIC, /* bound H alone */
  CR_N_DART_BOUND
};
extern const char *const cr_dart_bound_name[CR_N_DART_BOUND]; /* "tight", "paper", "D", "H" */

enum {
  CR_DART_CONFIG_MAX = 1000000,
  CR_DART_GIVE_UP = 4 /* a response of so many deadlines is told as none */
};

struct cr_dart;

/* set must live as long.  n_node_max: at most as many nodes, 1..n_core. */
int cr_dart_new(const struct cr_task_set *set, enum cr_dart_bound bound, uint32_t n_node_max, struct cr_dart **out,
                struct cr_err *err) CR_MUST;
void cr_dart_free(struct cr_dart *d);

const struct cr_node_configs *cr_dart_configs(const struct cr_dart *d);
enum cr_dart_bound cr_dart_bound(const struct cr_dart *d);

/* What was found of some configurations.  Zero-initialised: of none. */
struct cr_dart_found {
  uint32_t n_tried, n_passed;
  uint32_t best;         /* configuration of least weighted response of those that pass, the first of equals */
  int64_t best_cost_ppb; /* sum of weight * response / deadline of its rt tasks */
  uint32_t nearest; /* of those that fail: fewest tasks have no bound, then fewest fail, then the worst is least over */
  uint32_t nearest_n_unbound, nearest_n_failed; /* failed: those without a bound too */
  int64_t nearest_over_ppm; /* largest response / deadline of those that fail and have a bound, or 0 */
};

/* Judges configurations from..to-1 and adds what is found.  Uses scratch of d: one call at a time. */
void cr_dart_search(struct cr_dart *d, uint32_t from, uint32_t to, struct cr_dart_found *found);
void cr_dart_merge(struct cr_dart_found *into, const struct cr_dart_found *more);

/* All of one configuration; valid until the next call of d. */
struct cr_dart_plan {
  uint32_t config, n_node, n_rt;
  const int64_t *used_ppt;   /* [n_node] layers of all tasks, per 10^12 of the node's time */
  const cr_ns *gpu_copy_ns;  /* [n_node] eps_gm: longest copy of a best-effort batch; 0 on CPU nodes */
  const uint32_t *first;     /* [n_task * (n_node + 1)] layers first[k]..first[k + 1]-1 of task i at i * (n_node + 1) */
  const uint32_t *rank_task; /* [n_rt] real-time tasks by priority, shortest deadline first */
  const cr_ns *cost_ns;      /* [n_rt * n_node] by rank: stage and what it costs beside */
  const cr_ns *paper_ns, *overlap_ns,
    *holistic_ns;           /* [n_rt] by rank; CR_NS_NEVER: none up to CR_DART_GIVE_UP deadlines */
  const cr_ns *response_ns; /* [n_rt] of the bound that was asked for */
  int64_t cost_ppb;         /* as best_cost_ppb, when all meet their deadlines */
};

void cr_dart_plan(struct cr_dart *d, uint32_t config, struct cr_dart_plan *out);

/* The stage of layers from..to-1 on a node of the kind, copies to and from a GPU at its ends; without what it costs beside. */
cr_ns cr_dart_stage_ns(const struct cr_dart *d, uint32_t task, uint32_t kind, uint32_t from, uint32_t to);

#endif
