/* stage_split.c - Equation 7 of DART (RTSS 2019) by dynamic programming:
 *
 *   M[n, k] = min over x = 0..n: max(M[x, k - 1], w_k + load of layers x + 1..n on node k)
 *
 * M[n, k] is the least possible largest load when the first n layers go to the first k nodes.  x = n leaves the node out;
 * what it is loaded with already counts all the same.  Of equal x the smallest is taken. */
#include "config.h"

#include "plan/stage_split.h"

static const int64_t IMPOSSIBLE = INT64_MAX;

size_t cr_stage_split_scratch(uint32_t n_layer, uint32_t n_node)
{
  return ((size_t)n_node + 2) * ((size_t)n_layer + 1);
}

/* One M[n, k] from the row of k - 1. */
static int64_t best(const struct cr_stage_load *l, const int64_t *before, uint32_t n, int64_t *from)
{
  int64_t least = IMPOSSIBLE, end = n ? l->used + l->upto[n] + (l->tail ? l->tail[n - 1] : 0) : 0;
  *from = 0;
  for (uint32_t x = 0; x < n; x++) {
    int64_t here = end - l->upto[x] + (l->head ? l->head[x] : 0), most = before[x] > here ? before[x] : here;
    if (most < least) {
      least = most;
      *from = x;
    }
  }
  int64_t most = before[n] > l->used ? before[n] : l->used;
  if (most < least) {
    least = most;
    *from = n;
  }
  return least;
}

int64_t cr_stage_split(const struct cr_stage_load *load, uint32_t n_layer, uint32_t n_node, int64_t *scratch,
                       uint32_t *first)
{
  size_t row = (size_t)n_layer + 1;
  int64_t *before = scratch, *now = scratch + row, *from = scratch + 2 * row;
  for (uint32_t n = 0; n <= n_layer; n++)
    before[n] = n ? IMPOSSIBLE : 0;
  for (uint32_t k = 0; k < n_node; k++) {
    for (uint32_t n = 0; n <= n_layer; n++)
      now[n] = best(&load[k], before, n, &from[k * row + n]);
    int64_t *swap = before;
    before = now;
    now = swap;
  }
  int64_t least = before[n_layer];
  first[n_node] = n_layer;
  for (uint32_t k = n_node; k-- > 0;)
    first[k] = (uint32_t)from[k * row + first[k + 1]];
  return least;
}
