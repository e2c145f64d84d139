/* pretended_graph.c - graphs as they are captured, and as they are launched. */
#include "config.h"

#include "tests/standin-cuda/pretended_graph.h"

#include <stdlib.h>
#include <string.h>

#include "tests/standin-cuda/pretended_driver.h"
#include "tests/standin-cuda/pretended_fault.h"
#include "tests/standin-cuda/pretended_stream.h"

enum { LATE_NS = 500000 };

struct cr_cu_graph_exec {
  struct cr_cu_graph_exec *next;
  struct cr_cu_graph graph;
  int is_late;
};

/* All that there are, as in pretended_memory.c. */
static struct cr_cu_graph_exec *made;

int graph_add(struct cr_cu_graph *g, const struct op *op)
{
  if (g->n == g->cap) {
    uint32_t cap = g->cap ? 2 * g->cap : 64;
    struct op *more = realloc(g->op, cap * sizeof *more);
    if (!more)
      return CR_CU_OUT_OF_MEMORY;
    g->op = more;
    g->cap = cap;
  }
  g->op[g->n++] = *op;
  return CR_CU_OK;
}

int cuStreamEndCapture(cr_cu_stream stream, cr_cu_graph *graph)
{
  *graph = stream->capture;
  stream->capture = NULL;
  return *graph ? CR_CU_OK : INVALID;
}

int cuGraphDestroy(cr_cu_graph graph)
{
  free(graph->op);
  free(graph);
  return CR_CU_OK;
}

int cuGraphInstantiateWithFlags(cr_cu_graph_exec *exec, cr_cu_graph graph, unsigned long long flags)
{
  (void)flags;
  int is_late = fault_strikes("late");
  if (fault_strikes("graph"))
    return CR_CU_OUT_OF_MEMORY;
  struct cr_cu_graph_exec *e = calloc(1, sizeof *e);
  struct op *op = e ? malloc((graph->n + 1) * sizeof *op) : NULL;
  if (!op) {
    free(e);
    return CR_CU_OUT_OF_MEMORY;
  }
  if (graph->n)
    memcpy(op, graph->op, graph->n * sizeof *op);
  e->graph = (struct cr_cu_graph){.op = op, .n = graph->n};
  e->is_late = is_late;
  e->next = made;
  made = e;
  *exec = e;
  return CR_CU_OK;
}

int cuGraphLaunch(cr_cu_graph_exec exec, cr_cu_stream stream)
{
  return stream_add_graph(stream, exec->graph.op, exec->graph.n, exec->is_late ? LATE_NS : 0);
}

int cuGraphExecDestroy(cr_cu_graph_exec exec)
{
  struct cr_cu_graph_exec **at = &made;
  while (*at != exec)
    at = &(*at)->next;
  *at = exec->next;
  free(exec->graph.op);
  free(exec);
  return CR_CU_OK;
}
