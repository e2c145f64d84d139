/* rta_overlap.c - bound D of rta.h: nodes of a pipeline overlap.
 *
 *   W = B + sum over h above: min(n_h S_h, (n_h + SM_h) M_h),  n_h = ceil((W + R_h) / T_h);  R = W + C_last
 *   B = sum over nodes of the path but its last: largest stage there of the task and those above
 *       + sum over nodes of the path: largest stage there of a task below
 *
 * M_h is the largest stage of h on the task's nodes, S_h the sum over its pieces there of the largest of each, SM_h the
 * number of pieces but one.
 *
 * Why it holds: begin at the moment when the job starts on its last node, and go back to where that node last had no work
 * of its priority or above.  If that is after its release, the job was upstream then; take the most downstream node of its
 * path that was busy just before, and go on there.  The intervals found so meet end to end.  In each, at most one stage of
 * a task below runs.  A job that left a node before the interval downstream of it began has also passed the nodes between,
 * so that only the one in service at the border counts in two intervals: the first sum of B.  A job that is on nodes
 * outside the path at a border can count once more: SM; as R_h <= T_h, at most one of each task.  Jobs that matter are
 * released less than R_h before the task and before its last stage begins.
 *
 * Compared with Equation 6: releases within (R_h before, W after) are counted together, the task's last stage is not
 * interfered with, and only tasks above and itself count where nodes overlap. */
#include "config.h"

#include "plan/rta.h"

#include "plan/rta_int.h"

/* B, and the task's last stage. */
static cr_ns constant_part(const struct cr_rta *a, uint32_t task, cr_ns *last_ns)
{
  cr_ns sum = 0;
  uint32_t last = 0;
  for (uint32_t k = 0; k < a->n_node; k++)
    last = rta_cost(a, task, k) ? k : last;
  for (uint32_t k = 0; k < a->n_node; k++) {
    if (!rta_cost(a, task, k))
      continue;
    if (k != last)
      sum = cr_ns_add(sum, rta_largest_on(a, k, 0, task + 1));
    sum = cr_ns_add(sum, rta_largest_on(a, k, task + 1, a->n_task));
  }
  *last_ns = rta_cost(a, task, last);
  return sum;
}

static cr_ns iterate(const struct cr_rta *a, uint32_t task, cr_ns constant, cr_ns wait_ns, const cr_ns *response_ns)
{
  cr_ns sum = constant;
  for (uint32_t h = 0; h < task; h++) {
    struct rta_meeting m = rta_meet(a, task, h);
    if (!m.largest_ns)
      continue;
    int64_t n = rta_ceil(cr_ns_add(wait_ns, response_ns[h]), a->period_ns[h]);
    cr_ns by_piece = rta_times(n, m.sum_of_pieces_ns), by_split = rta_times(n + m.n_split, m.largest_ns);
    sum = cr_ns_add(sum, cr_min_ns(by_piece, by_split));
  }
  return sum;
}

/* Whether the tasks above that share a node meet their deadlines, without which the bound says nothing. */
static int rests_on_sound(const struct cr_rta *a, uint32_t task, const cr_ns *response_ns)
{
  for (uint32_t h = 0; h < task; h++)
    if (response_ns[h] > a->deadline_ns[h] && rta_shares(a, task, h))
      return 0;
  return 1;
}

void cr_rta_overlap(const struct cr_rta *a, cr_ns *response_ns)
{
  for (uint32_t i = 0; i < a->n_task; i++) {
    response_ns[i] = CR_NS_NEVER;
    if (!rests_on_sound(a, i, response_ns))
      continue;
    cr_ns last_ns, constant = constant_part(a, i, &last_ns), before = -1, now = constant;
    while (now != before && cr_ns_add(now, last_ns) <= a->limit_ns[i]) {
      before = now;
      now = iterate(a, i, constant, before, response_ns);
    }
    if (cr_ns_add(now, last_ns) <= a->limit_ns[i])
      response_ns[i] = now + last_ns;
  }
}
