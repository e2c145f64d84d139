/* pretended_graph.h - graphs: ops that a stream captured. */
#ifndef CR_PRETENDED_GRAPH_H
#define CR_PRETENDED_GRAPH_H
#include "tests/standin-cuda/pretended_op.h"

struct cr_cu_graph {
  struct op *op; /* [cap] */
  uint32_t n, cap;
};

int graph_add(struct cr_cu_graph *g, const struct op *op); /* what a call of the driver returns */

#endif
