/* rta_holistic.c - bound H of rta.h: each node analysed by itself, with jitter.
 *
 * A task arrives at its next node between 0 and its bound so far after its release, which is jitter there (Tindell and
 * Clark's holistic analysis, for nodes that do not preempt, least execution times 0).  On node k, for the q-th job of
 * those that can be there together:
 *
 *   w(q) = Bl + q C + sum over h above on k: (floor((w(q) + J_h) / T_h) + 1) C_h,  Bl = largest stage there of a task below
 *   R_k = J + max over q < Q: w(q) + C - q T,  Q = ceil((L + J) / T)
 *   L = Bl + ceil((L + J) / T) C + sum over h: ceil((L + J_h) / T_h) C_h
 *
 * J of a task on its first node is 0, and R of one node is J of the next.  A jitter depends only on tasks above and on
 * nodes upstream, so that going down the priorities and along the path meets each once, and nothing has to be iterated
 * over all. */
#include "config.h"

#include "plan/rta.h"

#include "plan/rta_int.h"

/* A task on one of its nodes. */
struct place {
  const struct cr_rta *a;
  const cr_ns *arrival_ns;
  uint32_t task, node;
  cr_ns blocking_ns, cost_ns, period_ns, jitter_ns;
};

/* What tasks above need of the node: within a window, closed (releases at its end count) or not. */
static cr_ns from_above(const struct place *p, cr_ns window_ns, int closed)
{
  cr_ns sum = 0;
  for (uint32_t h = 0; h < p->task; h++) {
    cr_ns cost_ns = rta_cost(p->a, h, p->node);
    if (!cost_ns)
      continue;
    cr_ns span = cr_ns_add(window_ns, p->arrival_ns[(size_t)h * p->a->n_node + p->node]);
    if (span == CR_NS_NEVER)
      return CR_NS_NEVER;
    int64_t n = closed ? span / p->a->period_ns[h] + 1 : rta_ceil(span, p->a->period_ns[h]);
    sum = cr_ns_add(sum, rta_times(n, cost_ns));
  }
  return sum;
}

/* L: how long the node can be busy with this task and those above. */
static cr_ns busy_window(const struct place *p)
{
  cr_ns before = 0, now = cr_ns_add(p->blocking_ns, p->cost_ns);
  while (now != before && now <= p->a->busy_limit_ns) {
    before = now;
    int64_t n = rta_ceil(cr_ns_add(before, p->jitter_ns), p->period_ns);
    now = cr_ns_add(p->blocking_ns, cr_ns_add(rta_times(n, p->cost_ns), from_above(p, before, 0)));
  }
  return now <= p->a->busy_limit_ns ? now : CR_NS_NEVER;
}

/* w(q), found from at_least on; CR_NS_NEVER beyond the busy limit. */
static cr_ns start_of(const struct place *p, int64_t q, cr_ns at_least)
{
  cr_ns own = cr_ns_add(p->blocking_ns, rta_times(q, p->cost_ns)), before = -1, now = cr_max_ns(at_least, own);
  while (now != before && now <= p->a->busy_limit_ns) {
    before = now;
    now = cr_ns_add(own, from_above(p, before, 1));
  }
  return now <= p->a->busy_limit_ns ? now : CR_NS_NEVER;
}

/* When the task has left the node at the latest, after its release. */
static cr_ns leave(const struct place *p)
{
  cr_ns window_ns = busy_window(p), worst_ns = 0, start_ns = 0;
  if (window_ns == CR_NS_NEVER)
    return CR_NS_NEVER;
  int64_t n = rta_ceil(cr_ns_add(window_ns, p->jitter_ns), p->period_ns);
  for (int64_t q = 0; q < n; q++) {
    start_ns = start_of(p, q, start_ns);
    if (start_ns == CR_NS_NEVER)
      return CR_NS_NEVER;
    worst_ns = cr_max_ns(worst_ns, cr_ns_add(start_ns, p->cost_ns) - rta_times(q, p->period_ns));
    if (cr_ns_add(p->jitter_ns, worst_ns) > p->a->limit_ns[p->task])
      return CR_NS_NEVER;
  }
  return cr_ns_add(p->jitter_ns, worst_ns);
}

void cr_rta_holistic(const struct cr_rta *a, cr_ns *arrival_ns, cr_ns *response_ns)
{
  for (uint32_t i = 0; i < a->n_task; i++) {
    cr_ns at_ns = 0;
    for (uint32_t k = 0; k < a->n_node; k++) {
      arrival_ns[(size_t)i * a->n_node + k] = at_ns;
      if (!rta_cost(a, i, k) || at_ns == CR_NS_NEVER)
        continue;
      struct place p = {
        a, arrival_ns, i, k, rta_largest_on(a, k, i + 1, a->n_task), rta_cost(a, i, k), a->period_ns[i], at_ns};
      at_ns = leave(&p);
    }
    response_ns[i] = at_ns;
  }
}
