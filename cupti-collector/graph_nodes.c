/* graph_nodes.c - a ring between the program's threads, in CUPTI's callbacks, and the writer; what does not fit is counted. */
#include "config.h"

#include "cupti-collector/graph_nodes.h"

#include <sys/mman.h>

int graph_nodes_init(struct graph_nodes *g)
{
  pthread_mutex_init(&g->lock, NULL);
  void *ring =
    mmap(NULL, GRAPH_NODES_MAX * sizeof *g->node, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (ring == MAP_FAILED)
    return -1;
  g->node = ring;
  return 0;
}

int graph_nodes_on_resource(struct graph_nodes *g, const struct cupti_calls *c, uint32_t cbid, const void *data)
{
  const struct cupti_resource_data *resource = data;
  const struct cupti_graph_data *graph = resource ? resource->descriptor : NULL;
  struct cr_spool_graph_node node = {.cloned = cbid == CUPTI_RESOURCE_NODE_CLONED};
  if (!graph || !g->node || (cbid != CUPTI_RESOURCE_NODE_CLONED && cbid != CUPTI_RESOURCE_NODE_CREATED))
    return 0;
  if (!c->get_node_id || !c->get_graph_id || c->get_node_id(graph->node, &node.node))
    return 0;
  node.type = graph->node_type;
  if (c->get_graph_id(graph->graph, &node.graph))
    node.graph = 0;
  if (node.cloned && graph->original_node && c->get_node_id(graph->original_node, &node.original))
    node.original = 0;
  if (node.cloned && graph->original_graph && c->get_graph_id(graph->original_graph, &node.original_graph))
    node.original_graph = 0;
  pthread_mutex_lock(&g->lock);
  if (g->n == GRAPH_NODES_MAX)
    g->n_lost++;
  else
    g->node[(g->first + g->n++) % GRAPH_NODES_MAX] = node;
  int come = g->n == GRAPH_NODES_MAX / 2;
  pthread_mutex_unlock(&g->lock);
  return come;
}

uint32_t graph_nodes_take(struct graph_nodes *g, struct cr_spool_graph_node *out, uint32_t max)
{
  uint32_t n = 0;
  if (!g->node)
    return 0;
  pthread_mutex_lock(&g->lock);
  for (; n < max && g->n; n++, g->n--) {
    out[n] = g->node[g->first];
    g->first = (g->first + 1) % GRAPH_NODES_MAX;
  }
  pthread_mutex_unlock(&g->lock);
  return n;
}

uint64_t graph_nodes_lost(struct graph_nodes *g)
{
  pthread_mutex_lock(&g->lock);
  uint64_t n = g->n_lost;
  pthread_mutex_unlock(&g->lock);
  return n;
}

void graph_nodes_before_fork(struct graph_nodes *g)
{
  pthread_mutex_lock(&g->lock);
}

void graph_nodes_after_fork(struct graph_nodes *g)
{
  pthread_mutex_unlock(&g->lock);
}

void graph_nodes_in_child(struct graph_nodes *g)
{
  g->first = g->n = 0;
  g->n_lost = 0;
  pthread_mutex_init(&g->lock, NULL);
}
