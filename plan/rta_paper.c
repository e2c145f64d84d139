/* rta_paper.c - the schedulability test of DART, and how paths meet.
 *
 * Xiang and Kim, "Pipelined Data-Parallel CPU/GPU Scheduling for Multi-DNN Real-Time Inference", RTSS 2019, Equations 5
 * and 6, after the delay composition of Jayachandran and Abdelzaher (ECRTS 2008):
 *
 *   R = Ce + sum over h above: ceil(R / T_h) C_h,max
 *   Ce = sum over w above and itself: C_w,max (1 + SM_w) + sum over nodes of the path but the pipeline's last: largest
 *        stage of any task there + sum over nodes of the path: largest stage of a task below there
 *
 * SM_w is how often w leaves the task's nodes and comes back.  Tasks above count when they share a node, which is enough. */
#include "config.h"

#include "plan/rta.h"

#include "plan/rta_int.h"

struct rta_meeting rta_meet(const struct cr_rta *a, uint32_t task, uint32_t other)
{
  struct rta_meeting m = {0};
  cr_ns piece_ns = 0;
  int been_within = 0, outside = 0;
  for (uint32_t k = 0; k < a->n_node; k++) {
    cr_ns cost_ns = rta_cost(a, other, k);
    if (!cost_ns)
      continue;
    if (!rta_cost(a, task, k)) {
      outside = 1;
      continue;
    }
    if (been_within && outside) {
      m.n_split++;
      m.sum_of_pieces_ns = cr_ns_add(m.sum_of_pieces_ns, piece_ns);
      piece_ns = 0;
    }
    been_within = 1;
    outside = 0;
    piece_ns = cr_max_ns(piece_ns, cost_ns);
    m.largest_ns = cr_max_ns(m.largest_ns, cost_ns);
  }
  m.sum_of_pieces_ns = cr_ns_add(m.sum_of_pieces_ns, piece_ns);
  return m;
}

static cr_ns largest_stage(const struct cr_rta *a, uint32_t task)
{
  cr_ns largest = 0;
  for (uint32_t k = 0; k < a->n_node; k++)
    largest = cr_max_ns(largest, rta_cost(a, task, k));
  return largest;
}

static cr_ns blocking_on(const struct cr_rta *a, uint32_t task, uint32_t node, enum cr_rta_blocking blocking)
{
  if (blocking == CR_RTA_ON_NODE)
    return rta_largest_on(a, node, task + 1, a->n_task);
  cr_ns largest = 0;
  for (uint32_t l = task + 1; l < a->n_task; l++)
    if (rta_cost(a, l, node))
      largest = cr_max_ns(largest, largest_stage(a, l));
  return largest;
}

/* Equation 6. */
static cr_ns constant_part(const struct cr_rta *a, uint32_t task, enum cr_rta_blocking blocking)
{
  cr_ns sum = 0;
  for (uint32_t w = 0; w <= task; w++) {
    if (w != task && !rta_shares(a, task, w))
      continue;
    uint32_t n_split = w == task ? 0 : rta_meet(a, task, w).n_split;
    sum = cr_ns_add(sum, rta_times(1 + (int64_t)n_split, largest_stage(a, w)));
  }
  for (uint32_t k = 0; k < a->n_node; k++) {
    if (!rta_cost(a, task, k))
      continue;
    if (k + 1 < a->n_node)
      sum = cr_ns_add(sum, rta_largest_on(a, k, 0, a->n_task));
    sum = cr_ns_add(sum, blocking_on(a, task, k, blocking));
  }
  return sum;
}

/* Equation 5, once. */
static cr_ns iterate(const struct cr_rta *a, uint32_t task, cr_ns constant, cr_ns response_ns)
{
  cr_ns sum = constant;
  for (uint32_t h = 0; h < task; h++)
    if (rta_shares(a, task, h))
      sum = cr_ns_add(sum, rta_times(rta_ceil(response_ns, a->period_ns[h]), largest_stage(a, h)));
  return sum;
}

void cr_rta_paper(const struct cr_rta *a, enum cr_rta_blocking blocking, cr_ns *response_ns)
{
  for (uint32_t i = 0; i < a->n_task; i++) {
    cr_ns constant = constant_part(a, i, blocking), before = 0, now = constant;
    while (now != before && now <= a->limit_ns[i]) {
      before = now;
      now = iterate(a, i, constant, before);
    }
    response_ns[i] = now <= a->limit_ns[i] ? now : CR_NS_NEVER;
  }
}
