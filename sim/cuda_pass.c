/* cuda_pass.c - iterations of jobs as launches of graphs. */
#include "config.h"

#include "sim/cuda_pass.h"

#include "sim/mem.h"

struct pooled {
  struct cr_cuda_graph is;
  uint32_t model, next; /* next: of the same model, free */
};

struct cr_cuda_passes {
  struct cr_cuda_host host;
  struct pooled *graph; /* [n_graph] */
  uint32_t *free;       /* [n_model] the first graph that nobody uses; CR_NONE: none */
  uint32_t n_graph;
};

static uint32_t count_jobs(const struct cr_workload *w, uint32_t model)
{
  uint32_t n = 0;
  for (uint32_t i = 0; i < w->n_client; i++)
    n += w->client[i].job.iterations > 0 && w->client[i].model.i == model;
  return n;
}

static int add_graph(struct cr_cuda_passes *p, uint32_t model, struct cr_err *err)
{
  const struct cr_model_info *m = &p->host.workload->model[model];
  struct pooled *g = &p->graph[p->n_graph];
  int rc = cr_cuda_graph_new(&p->host, m->op0, m->n_op, p->host.gpu->control, &g->is, err);
  if (rc)
    return rc;
  g->model = model;
  g->next = p->free[model];
  p->free[model] = p->n_graph++;
  return cr_cuda_graph_upload(&p->host, &g->is, err);
}

int cr_cuda_passes_new(const struct cr_cuda_host *host, uint32_t stream_cap, struct cr_cuda_passes **out,
                       struct cr_err *err)
{
  const struct cr_workload *w = host->workload;
  struct cr_cuda_passes *p = cr_mem_new(1, sizeof *p);
  if (!p)
    return cr_fail_nomem(err, "iterations on the GPU");
  p->host = *host;
  p->graph = cr_mem_new(w->n_client ? w->n_client : 1, sizeof *p->graph);
  p->free = cr_mem_new(w->n_model ? w->n_model : 1, sizeof *p->free);
  int rc = p->graph && p->free ? CR_OK : cr_fail_nomem(err, "iterations on the GPU");
  for (uint32_t model = 0; !rc && model < w->n_model; model++) {
    uint32_t n = cr_min_u32(count_jobs(w, model), stream_cap);
    p->free[model] = CR_NONE;
    while (!rc && n--)
      rc = add_graph(p, model, err);
    if (rc)
      rc = cr_fail_in(err, rc, "model %s", w->model[model].name);
  }
  if (rc) {
    cr_cuda_passes_free(p);
    return rc;
  }
  *out = p;
  return CR_OK;
}

void cr_cuda_passes_free(struct cr_cuda_passes *p)
{
  if (!p)
    return;
  for (uint32_t i = 0; i < p->n_graph && !p->host.gpu->hangs; i++)
    cr_cuda_graph_free(p->host.gpu, &p->graph[i].is);
  cr_mem_free(p->graph);
  cr_mem_free(p->free);
  cr_mem_free(p);
}

int cr_cuda_pass_launch(struct cr_cuda_passes *p, uint32_t client, cr_cu_stream stream, struct cr_cuda_pass *out,
                        struct cr_err *err)
{
  uint32_t model = p->host.workload->client[client].model.i, i = p->free[model];
  *out = (struct cr_cuda_pass){.graph = i, .launch_ns = p->host.now(p->host.ctx)};
  p->free[model] = p->graph[i].next;
  return cr_cuda_graph_launch(&p->host, &p->graph[i].is, stream, err);
}

int cr_cuda_pass_end(struct cr_cuda_passes *p, const struct cr_cuda_pass *pass, const struct cr_op_span *like,
                     int *has_ended, cr_ns *end_ns, struct cr_err *err)
{
  struct pooled *g = &p->graph[pass->graph];
  cr_ns begin_ns;
  *has_ended = cr_cuda_graph_ended(&p->host, &g->is, pass->launch_ns, &begin_ns, end_ns);
  if (!*has_ended)
    return CR_OK;
  g->next = p->free[g->model];
  p->free[g->model] = pass->graph;
  return cr_cuda_graph_tell(&p->host, &g->is, like, begin_ns, *end_ns, err);
}
