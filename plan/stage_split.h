/* stage_split.h - which layers of a task go to which node of a pipeline, so that the busiest node is as little busy as
 * can be: Equation 7 of DART.
 *
 * The first layers go to the first nodes; a node may get none.  Loads are in any unit common to all numbers of a call. */
#ifndef CR_STAGE_SPLIT_H
#define CR_STAGE_SPLIT_H
#include "sim/base.h"

enum { CR_STAGE_LAYER_MAX = 4096 }; /* of a task */

/* What layers x..y-1 load a node with: upto[y] - upto[x], and head[x] and tail[y - 1] where these are given, for what only
 * the first and the last of a stage cost (copies to and from a GPU). */
struct cr_stage_load {
  const int64_t *upto;        /* [n_layer + 1] ascending from 0 */
  const int64_t *head, *tail; /* [n_layer], or NULL: nothing */
  int64_t used;               /* what the node is loaded with already */
};

/* Loads and sums of them are below INT64_MAX / 2. */

/* int64 numbers of scratch that a call needs. */
size_t cr_stage_split_scratch(uint32_t n_layer, uint32_t n_node);

/* The load of the busiest node, nodes without layers included.  Node k gets layers first[k]..first[k + 1]-1; of equally
 * good ways the one that gives the last node the most layers, then the one before it.  first: [n_node + 1].
 * O(n_layer^2 n_node). */
int64_t cr_stage_split(const struct cr_stage_load *load, uint32_t n_layer, uint32_t n_node, int64_t *scratch,
                       uint32_t *first);

#endif
