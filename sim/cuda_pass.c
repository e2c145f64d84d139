/* cuda_pass.c - iterations of jobs as launches of graphs. */
#include "config.h"

#include "sim/cuda_pass.h"

#include "sim/mem.h"

enum { FEED = 4 }; /* ops that are launched between two looks at what has ended */

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
  int is_eager = cr_cuda_programs_has(p->host.programs, model);
  int rc = is_eager ? cr_cuda_graph_lay(&p->host, m->op0, m->n_op, &g->is, err)
                    : cr_cuda_graph_new(&p->host, m->op0, m->n_op, p->host.gpu->control, &g->is, err);
  if (rc)
    return rc;
  g->model = model;
  g->next = p->free[model];
  p->free[model] = p->n_graph++;
  return is_eager ? CR_OK : cr_cuda_graph_upload(&p->host, &g->is, err);
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
  const struct cr_cuda_graph *g = &p->graph[i].is;
  *out = (struct cr_cuda_pass){.graph = i, .waits = CR_NONE, .stream = stream, .launch_ns = p->host.now(p->host.ctx)};
  p->free[model] = p->graph[i].next;
  int rc = cr_cuda_programs_run(p->host.programs, client, g->op0, g->n_op, out->launch_ns, &out->run, err);
  return rc || out->run != CR_NONE ? rc : cr_cuda_graph_launch(&p->host, g, stream, err);
}

/* Ops of a program that are due, a few at a time. */
static int feed(struct cr_cuda_passes *p, struct cr_cuda_pass *pass, struct cr_err *err)
{
  struct cr_cuda_programs *programs = p->host.programs;
  const struct cr_cuda_graph *g = &p->graph[pass->graph].is;
  int rc = CR_OK;
  if (pass->waits != CR_NONE && pass->waits + 1 < g->n_op && cr_cuda_graph_op_ended(&p->host, g, pass->waits)) {
    cr_ns short_ns = cr_standin_short_ns(p->host.standins, g->op0 + pass->waits);
    cr_cuda_programs_ended(programs, pass->run, pass->waits, short_ns, p->host.now(p->host.ctx));
    pass->waits = CR_NONE;
  }
  for (int k = 0; !rc && k < FEED && cr_cuda_programs_due(programs, pass->run) > pass->pushed; k++) {
    if (p->host.is_wanted(p->host.ctx))
      break;
    uint32_t i = pass->pushed++;
    int waits = cr_cuda_programs_waits(programs, pass->run, i);
    cr_cuda_programs_launched(programs, pass->run, i, 0, p->host.now(p->host.ctx));
    pass->waits = waits ? i : CR_NONE;
    rc = cr_cuda_graph_push(&p->host, g, i, waits, pass->stream, err);
  }
  return rc;
}

int cr_cuda_pass_end(struct cr_cuda_passes *p, struct cr_cuda_pass *pass, const struct cr_op_span *like, int *has_ended,
                     cr_ns *end_ns, struct cr_err *err)
{
  struct pooled *g = &p->graph[pass->graph];
  int rc = pass->run == CR_NONE ? CR_OK : feed(p, pass, err);
  cr_ns begin_ns;
  *has_ended = !rc && (pass->run == CR_NONE || pass->pushed == g->is.n_op) &&
               cr_cuda_graph_ended(&p->host, &g->is, pass->launch_ns, &begin_ns, end_ns);
  if (!*has_ended)
    return rc;
  g->next = p->free[g->model];
  p->free[g->model] = pass->graph;
  const cr_ns *launched_ns = pass->run == CR_NONE ? NULL : cr_cuda_programs_times(p->host.programs, pass->run);
  rc = cr_cuda_graph_tell(&p->host, &g->is, like, launched_ns, begin_ns, *end_ns, err);
  if (pass->run != CR_NONE)
    cr_cuda_programs_drop(p->host.programs, pass->run, p->host.now(p->host.ctx));
  return rc;
}
