/* rta.h - response-time analysis of a pipeline of nodes: three upper bounds of how long a task takes end to end.
 *
 * Sporadic tasks pass nodes 0..n_node-1 in this order and may leave some out.  Every node runs one stage at a time, the
 * one of the highest priority, to its end, and is never idle while one waits.  Stages may take less than their cost.
 * Deadlines are at most periods.  Under these assumptions no job of a task that a bound accepts responds later than the
 * bound; best-effort work enters only as part of the costs. */
#ifndef CR_RTA_H
#define CR_RTA_H
#include "sim/base.h"

struct cr_rta {
  uint32_t n_task, n_node;
  const cr_ns *period_ns;   /* [n_task] > 0; task 0 has the highest priority, and no two are equal */
  const cr_ns *deadline_ns; /* [n_task] <= period */
  const cr_ns *cost_ns;     /* [n_task * n_node], of task i on node k at i * n_node + k; 0: it does not use the node */
  const cr_ns *limit_ns;    /* [n_task] a response beyond it is not looked for: CR_NS_NEVER */
  cr_ns busy_limit_ns;      /* the same for how long a node can be busy without a break (cr_rta_holistic) */
};

/* What a task waits for at a node because one of lower priority is there: its largest stage there, which is sound; or, as
 * the equation is printed, its largest stage anywhere, which is never less. */
enum cr_rta_blocking { CR_RTA_ON_NODE, CR_RTA_ANYWHERE };

/* Equations 5 and 6 of DART.  response_ns: [n_task], CR_NS_NEVER beyond the limit.  A response holds only when all tasks
 * above meet their deadlines under this test; responses of those that do not are told all the same. */
void cr_rta_paper(const struct cr_rta *a, enum cr_rta_blocking blocking, cr_ns *response_ns);

/* Bound D: nodes overlap, so that each job of higher priority delays once, at its largest stage.  Never above
 * cr_rta_paper.  CR_NS_NEVER: beyond the limit or the deadline of a task above that shares a node. */
void cr_rta_overlap(const struct cr_rta *a, cr_ns *response_ns);

/* Bound H: node by node, what arrives late counted as jitter.  Often less than D where few nodes are shared.
 * arrival_ns: [n_task * n_node] at the latest when a task arrives at each node it uses, after its release. */
void cr_rta_holistic(const struct cr_rta *a, cr_ns *arrival_ns, cr_ns *response_ns);

#endif
