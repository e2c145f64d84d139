/* goal.h - what a search is for: bounds that metrics must keep, and one that is to be as great or as small as can be.
 *
 *   p99(rt)<5ms   throughput(be)>100/s   missed(rt)<1%   jobs_done>99
 *
 * A goal is met when the mean over seeds keeps the bound (it may lie on it), and surely met when the limit of the mean's
 * interval does, too.  Excess says how far a bound is missed, as a share of the bound. */
#ifndef CR_GOAL_H
#define CR_GOAL_H
#include "sim/base.h"
#include "sim/mem.h"
#include "sim/metric.h"
#include "studies/interval.h"

struct cr_goal {
  uint32_t metric; /* its place in the aim's metrics */
  int is_upper;    /* at most; else at least */
  double bound;    /* in the metric's unit */
  const char *text;
};

struct cr_aim {
  struct cr_arena *arena;
  struct cr_goal *goal;         /* [n_goal] */
  struct cr_run_metric *metric; /* [n_metric], in the order they came */
  uint32_t n_goal, n_metric;
  uint32_t best;   /* the metric to be maximised or minimised; CR_NONE: the goal that is nearest to its bound is to be
                      farthest from it */
  int is_greatest; /* maximised */
};

enum { CR_GOALS_MAX = 32 };

/* CR_EINPUT: no such metric, not a bound of its unit, or it contradicts a goal that is there. */
int cr_aim_add_goal(struct cr_aim *a, const char *text, struct cr_err *err) CR_MUST;

/* option is "--maximize" or "--minimize", for errors.  CR_EINPUT: there is one already. */
int cr_aim_set_best(struct cr_aim *a, const char *option, const char *text, struct cr_err *err) CR_MUST;

/* How good a setting is; compared by cr_score_is_better. */
struct cr_score {
  double
    excess; /* summed over the goals that are not kept, 0: all are; INFINITY: a metric is not known, or a run failed */
  double value; /* the lesser the better */
};

/* of[n_metric] are intervals of the aim's metrics.  is_sure: a bound is to be kept by the interval's limit, where it is
 * known, and not only by the mean. */
void cr_aim_score(const struct cr_aim *a, const struct cr_interval *of, int is_sure, struct cr_score *out);
int cr_score_is_better(const struct cr_score *a, const struct cr_score *b);

/* The excess of one goal alone. */
double cr_goal_excess(const struct cr_goal *g, const struct cr_interval *of, int is_sure);

#endif
