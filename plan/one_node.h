/* one_node.h - whole requests on one node, one after the other: the baselines of DART, and how late they can be.
 *
 * BaseCPU is a library of threads over all cores of a type, BaseGPU one thread that feeds the GPU (Xiang and Kim, RTSS 2019).  Each
 * has one queue: real-time requests before best-effort ones, within a class in order of arrival, and what has begun runs to its
 * end.  Policy `threads` runs it so.  No stage is handed over and nothing is preempted, so that no eps is paid.
 *
 * The bound.  Let C be the longest time of each rt task, T its period, and B the longest be request.  When the rt tasks need no
 * more of the node than there is, sum(C / T) <= 1, every rt request responds within
 *
 *   R = B + sum(C)
 *
 * and otherwise there is no bound.  Proof: take an rt request that arrives at a, and go back to the moment s since which rt work has
 * been there without a break.  At s at most one be request runs, and none begins between s and the end of the request.  Of rt work
 * nothing that arrived before s is left, and what arrives in [s, a], the request itself included, is at most
 * sum((floor((a - s) / T) + 1) C) <= sum(C) + (a - s) sum(C / T).  All of it goes before the request or is it, what comes later goes
 * behind, and the node is never idle, so that it ends by s + B + sum(C) + (a - s) sum(C / T) <= a + B + sum(C).  It is reached, but
 * for the instant by which B has to begin earlier: all tasks release just after B has begun, and the one in question is the last
 * of them.  With sum(C / T) > 1 the work that waits grows for as long as all release at their period.
 *
 * All rt tasks have the same bound, so that they pass when it is within the shortest deadline.  Requests may take less than C, and
 * periods may be longer. */
#ifndef CR_ONE_NODE_H
#define CR_ONE_NODE_H
#include "plan/node_config.h"
#include "plan/task_set.h"

enum cr_one_node_on {
  CR_ON_GPU, /* the first GPU and a core */
  CR_ON_CPU, /* all cores of the type that has most, the first of equals */
  CR_N_ON
};
extern const char *const cr_one_node_name[CR_N_ON]; /* "gpu", "cpu", as `threads` calls them */

struct cr_node_kind cr_one_node_kind(const struct cr_platform *p, enum cr_one_node_on on);

/* All layers of a profile on such a node: on the GPU one copy in and one out.  CR_NS_NEVER: a layer has no time there, which can be
 * when all cores are more than a node of a pipeline can have. */
cr_ns cr_one_node_request_ns(const struct cr_layer_profile *profile, const struct cr_platform *p,
                             const struct cr_node_kind *kind);

struct cr_one_node {
  struct cr_node_kind kind;
  cr_ns rt_ns;         /* sum(C) */
  cr_ns be_ns;         /* B: a batch counts as so many requests */
  uint32_t be_task;    /* whose it is; CR_NONE: there are no be tasks */
  int64_t rt_used_ppt; /* sum(C / T), of 10^-12 of the node's time, rounded up */
  cr_ns response_ns;   /* R of every rt task; CR_NS_NEVER: none */
  uint32_t n_failed;   /* rt tasks whose deadline is before it */
  int64_t cost_ppb;    /* sum over rt tasks of weight * R / deadline, as for pipelines; saturates */
};

/* CR_EINPUT: a layer has no time on the node, which is named. */
int cr_one_node_plan(const struct cr_task_set *set, enum cr_one_node_on on, struct cr_one_node *out,
                     struct cr_err *err) CR_MUST;

#endif
