/* rta_int.h - what the bounds of rta.h share: paths, and sums that saturate at CR_NS_NEVER. */
#ifndef CR_RTA_INT_H
#define CR_RTA_INT_H
#include "plan/rta.h"

static inline cr_ns rta_cost(const struct cr_rta *a, uint32_t task, uint32_t node)
{
  return a->cost_ns[(size_t)task * a->n_node + node];
}

/* Whether there is a node that both use. */
static inline int rta_shares(const struct cr_rta *a, uint32_t one, uint32_t other)
{
  for (uint32_t k = 0; k < a->n_node; k++)
    if (rta_cost(a, one, k) && rta_cost(a, other, k))
      return 1;
  return 0;
}

/* a / b rounded up; a >= 0, b > 0. */
static inline int64_t rta_ceil(cr_ns a, cr_ns b)
{
  return a / b + (a % b != 0);
}

static inline cr_ns rta_times(int64_t n, cr_ns cost)
{
  cr_ns product;
  return __builtin_mul_overflow(n, cost, &product) ? CR_NS_NEVER : product;
}

/* The largest stage on the node among tasks first..last-1. */
static inline cr_ns rta_largest_on(const struct cr_rta *a, uint32_t node, uint32_t first, uint32_t last)
{
  cr_ns largest = 0;
  for (uint32_t i = first; i < last; i++)
    largest = cr_max_ns(largest, rta_cost(a, i, node));
  return largest;
}

/* How the path of another task meets that of a task.  A piece is a part of the other's path within the task's nodes that
 * no node outside of them cuts; leaving nodes out does not cut. */
struct rta_meeting {
  uint32_t n_split;       /* times it leaves and comes back: pieces but the first */
  cr_ns largest_ns;       /* its largest stage within */
  cr_ns sum_of_pieces_ns; /* of the largest stage of each piece */
};

struct rta_meeting rta_meet(const struct cr_rta *a, uint32_t task, uint32_t other);

#endif
