/* adversary.h - looks for releases and execution times under which a task responds later than a bound of plan/rta.h says.
 *
 * Random task sets; for each task of a set releases that are drawn and then improved step by step, towards a longer response
 * of that task; simulated with tests/pipeline.h.  The same is compared with bounds from which a term was left out, to show
 * that the search is strong enough to notice. */
#ifndef CR_TEST_ADVERSARY_H
#define CR_TEST_ADVERSARY_H
#include "tests/pipeline.h"

/* Terms of bound D. */
enum adversary_term {
  ADVERSARY_NOTHING,
  ADVERSARY_STAGE,
  ADVERSARY_BLOCKING,
  ADVERSARY_CARRY_IN,
  ADVERSARY_SPLIT,
  ADVERSARY_N_TERM
};
extern const char *const adversary_term_name[ADVERSARY_N_TERM];

struct adversary_set {
  struct cr_rta a;
  cr_ns period_ns[PIPELINE_TASK_MAX], cost_ns[PIPELINE_TASK_MAX * PIPELINE_NODE_MAX], limit_ns[PIPELINE_TASK_MAX];
};

enum { ADVERSARY_TIGHT, ADVERSARY_PAPER, ADVERSARY_N_BOUND };

/* Of some sets; all zero at first.  Tallies of parts add up. */
struct adversary_tally {
  uint64_t n_set, n_task, n_run;
  uint64_t n_accepted[ADVERSARY_N_BOUND], n_violated[ADVERSARY_N_BOUND];
  uint64_t seen_ppm[ADVERSARY_N_BOUND]; /* largest response seen / bound */
  uint64_t n_noticed[ADVERSARY_N_TERM]; /* tasks seen beyond bound D without the term */
  uint64_t n_above_paper;               /* tasks whose bound D is above the paper's */
  uint64_t n_differs;                   /* tasks whose bound D by another hand differs from plan/'s */
  uint64_t bad_seed;                    /* of a set with a violation, or 0 */
};

void adversary_draw_set(uint64_t seed, struct adversary_set *out);

/* Bound D by another hand, without a term: [n_task], CR_NS_NEVER as cr_rta_overlap. */
void adversary_bound(const struct cr_rta *a, enum adversary_term without, cr_ns *response_ns);

/* The longest responses found: [n_task].  effort: runs for each task. */
void adversary_search(const struct cr_rta *a, uint64_t seed, uint32_t effort, cr_ns *seen_ns);

/* Draws the set of the seed, searches and adds what was found. */
void adversary_try(uint64_t seed, uint32_t effort, struct adversary_tally *tally);
void adversary_add(struct adversary_tally *into, const struct adversary_tally *more);

#endif
