/* graph_nodes.h - nodes of CUDA graphs as they are made and cloned: from CUPTI's callbacks to the thread that writes. */
#ifndef CR_GRAPH_NODES_H
#define CR_GRAPH_NODES_H
#include <pthread.h>

#include "cupti-collector/cupti_calls.h"
#include "traces/spool_layout.h"

enum { GRAPH_NODES_MAX = 16384 };

struct graph_nodes {
  pthread_mutex_t lock;
  struct cr_spool_graph_node *node; /* [GRAPH_NODES_MAX], a ring; NULL: nodes are not recorded */
  uint32_t first, n;
  uint64_t n_lost;
};

/* -1: no memory. */
int graph_nodes_init(struct graph_nodes *g);

/* What a callback of CUPTI's resource domain says.  1 when the ring is half full and the writer should come. */
int graph_nodes_on_resource(struct graph_nodes *g, const struct cupti_calls *c, uint32_t cbid, const void *data);

/* Up to max nodes, oldest first; how many there were. */
uint32_t graph_nodes_take(struct graph_nodes *g, struct cr_spool_graph_node *out, uint32_t max);

uint64_t graph_nodes_lost(struct graph_nodes *g); /* how many found no room */

void graph_nodes_before_fork(struct graph_nodes *g);
void graph_nodes_after_fork(struct graph_nodes *g);
void graph_nodes_in_child(struct graph_nodes *g);

#endif
