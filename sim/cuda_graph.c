/* cuda_graph.c - ops in a row as one graph of stand-ins. */
#include "config.h"

#include "sim/cuda_graph.h"

static int tells_ops(const struct cr_cuda_host *h)
{
  return h->observer && h->observer->on_op;
}

static int is_kernel(const struct cr_cuda_host *h, uint32_t op)
{
  enum cr_op_kind kind = (enum cr_op_kind)h->workload->op[op].kind;
  return kind == CR_OP_KERNEL || kind == CR_OP_ITERATION;
}

/* Slots: one an op, and one more for a mark behind a copy, or for the end of an iteration. */
static void choose_slots(const struct cr_cuda_host *h, struct cr_cuda_graph *g)
{
  uint32_t end = g->op0 + g->n_op, first = g->op0;
  int needs_more = !is_kernel(h, end - 1) || cr_standin_pieces(h->standins, end - 1) > 1;
  while (first < end && !is_kernel(h, first))
    first++;
  g->last = g->slot0 + g->n_op - !needs_more;
  g->first = first < end ? g->slot0 + first - g->op0 : g->last;
}

/* All launches that stand for one op, of which an iteration has several. */
static int record_op(const struct cr_cuda_host *h, const struct cr_cuda_graph *g, cr_cu_stream on, uint32_t op)
{
  uint32_t slot = g->slot0 + op - g->op0, n = cr_standin_pieces(h->standins, op);
  int error = CR_CU_OK;
  for (uint32_t i = 0; !error && i < n; i++) {
    if (n > 1 && i + 1 == n && op + 1 == g->op0 + g->n_op)
      slot = g->last;
    int reports = slot == g->last || (i == 0 && (slot == g->first || tells_ops(h)));
    const struct cr_standin_at at = {
      .slot = reports ? slot : CR_NONE, .words = CR_NONE, .epoch = 1, .first = slot == g->last ? g->first : CR_NONE};
    error = cr_standin_launch(h->standins, op, &at, on);
  }
  return error;
}

/* Behind a last op that reports nothing. */
static int record_end(const struct cr_cuda_host *h, const struct cr_cuda_graph *g, cr_cu_stream on)
{
  const struct cr_standin_at at = {.slot = g->last, .words = CR_NONE, .epoch = 1, .first = g->first};
  return is_kernel(h, g->op0 + g->n_op - 1) ? CR_CU_OK : cr_standin_mark(h->standins, &at, on);
}

static int record(const struct cr_cuda_host *h, struct cr_cuda_graph *g, cr_cu_stream on, struct cr_err *err)
{
  const struct cr_cuda_driver *d = &h->gpu->driver;
  cr_cu_graph graph = NULL;
  int error = d->capture_begin(on, CR_CU_CAPTURE_RELAXED);
  for (uint32_t op = g->op0; !error && op < g->op0 + g->n_op; op++)
    error = record_op(h, g, on, op);
  error = error ? error : record_end(h, g, on);
  int ended = d->capture_end(on, &graph);
  error = error ? error : ended;
  error = error ? error : d->graph_instantiate(&g->exec, graph, 0);
  if (graph)
    d->graph_free(graph);
  return cr_cuda_check(d, error, "a graph of stand-ins", err);
}

int cr_cuda_graph_lay(const struct cr_cuda_host *host, uint32_t op0, uint32_t n_op, struct cr_cuda_graph *out,
                      struct cr_err *err)
{
  struct cr_cuda_graph g = {.op0 = op0, .n_op = n_op};
  int rc = cr_cuda_gpu_take_slots(host->gpu, n_op + 1, &g.slot0, err);
  if (rc)
    return rc;
  choose_slots(host, &g);
  *out = g;
  return CR_OK;
}

int cr_cuda_graph_new(const struct cr_cuda_host *host, uint32_t op0, uint32_t n_op, cr_cu_stream on,
                      struct cr_cuda_graph *out, struct cr_err *err)
{
  struct cr_cuda_graph g;
  int rc = cr_cuda_graph_lay(host, op0, n_op, &g, err);
  rc = rc ? rc : record(host, &g, on, err);
  if (!rc)
    *out = g;
  return rc;
}

int cr_cuda_graph_push(const struct cr_cuda_host *host, const struct cr_cuda_graph *g, uint32_t i, int tells,
                       cr_cu_stream stream, struct cr_err *err)
{
  uint32_t slot = g->slot0 + i;
  if (i == 0)
    cr_cuda_gpu_clear(host->gpu, g->last);
  int error = record_op(host, g, stream, g->op0 + i);
  if (!error && tells && i + 1 < g->n_op) {
    cr_cuda_gpu_clear(host->gpu, slot);
    error = cr_standin_mark(host->standins,
                            &(struct cr_standin_at){.slot = slot, .words = CR_NONE, .epoch = 1, .first = slot}, stream);
  }
  if (!error && i + 1 == g->n_op)
    error = record_end(host, g, stream);
  return cr_cuda_check(&host->gpu->driver, error, "the launch of an op", err);
}

int cr_cuda_graph_op_ended(const struct cr_cuda_host *host, const struct cr_cuda_graph *g, uint32_t i)
{
  const struct cr_standin_record *r = cr_cuda_gpu_ended(host->gpu, g->slot0 + i);
  if (r)
    host->saw(host->ctx, r->end_ns);
  return r != NULL;
}

void cr_cuda_graph_free(struct cr_cuda_gpu *gpu, struct cr_cuda_graph *g)
{
  if (g->exec)
    gpu->driver.exec_free(g->exec);
}

int cr_cuda_graph_upload(const struct cr_cuda_host *host, const struct cr_cuda_graph *g, struct cr_err *err)
{
  int error = host->gpu->driver.graph_launch(g->exec, host->gpu->control);
  int rc = cr_cuda_check(&host->gpu->driver, error, "the first run of a graph of stand-ins", err);
  return rc ? rc : cr_cuda_gpu_settle(host->gpu, "the first run of a graph of stand-ins", err);
}

int cr_cuda_graph_launch(const struct cr_cuda_host *host, const struct cr_cuda_graph *g, cr_cu_stream stream,
                         struct cr_err *err)
{
  cr_cuda_gpu_clear(host->gpu, g->last);
  return cr_cuda_check(&host->gpu->driver, host->gpu->driver.graph_launch(g->exec, stream), "the launch of a range",
                       err);
}

int cr_cuda_graph_ended(const struct cr_cuda_host *host, const struct cr_cuda_graph *g, cr_ns launch_ns,
                        cr_ns *begin_ns, cr_ns *end_ns)
{
  const struct cr_standin_record *r = cr_cuda_gpu_ended(host->gpu, g->last);
  if (!r)
    return 0;
  host->saw(host->ctx, r->end_ns);
  cr_ns to_ns = cr_min_ns(host->at(host->ctx, r->end_ns), host->now(host->ctx));
  cr_ns from_ns = host->at(host->ctx, g->first == g->last ? r->begin_ns : r->range_begin_ns);
  *begin_ns = cr_max_ns(cr_min_ns(from_ns, to_ns), launch_ns);
  *end_ns = cr_max_ns(to_ns, *begin_ns);
  return 1;
}

/* Copies and memsets lie between their neighbours. */
static int tell_ops(const struct cr_cuda_host *h, const struct cr_cuda_graph *g, const struct cr_op_span *like,
                    const cr_ns *launched_ns, cr_ns begin_ns, cr_ns end_ns, struct cr_err *err)
{
  struct cr_standin_record *record = h->fetched;
  int rc = cr_cuda_gpu_fetch(h->gpu, g->slot0, g->n_op + 1, record, err);
  uint32_t last = g->last - g->slot0;
  record[last] = h->gpu->record[g->last];
  cr_ns at_ns = begin_ns;
  for (uint32_t i = 0; !rc && i < g->n_op; i++) {
    int is_one = is_kernel(h, g->op0 + i);
    int is_before_one = i + 1 <= last && (i + 1 == g->n_op || is_kernel(h, g->op0 + i + 1));
    cr_ns from_ns = is_one ? h->at(h->ctx, record[i].begin_ns) : at_ns;
    cr_ns to_ns = is_one          ? h->at(h->ctx, record[i].end_ns)
                  : is_before_one ? h->at(h->ctx, record[i + 1].begin_ns)
                                  : at_ns;
    if (launched_ns) {
      from_ns = cr_max_ns(from_ns, launched_ns[i]);
      to_ns = cr_max_ns(is_one || i + 1 == g->n_op ? to_ns : cr_min_ns(to_ns, launched_ns[i + 1]), from_ns);
    }
    at_ns = cr_max_ns(cr_min_ns(to_ns, end_ns), at_ns);
    struct cr_op_span span = *like;
    span.start_ns = cr_min_ns(from_ns, at_ns);
    span.end_ns = at_ns;
    span.op = g->op0 + i;
    span.n = 1;
    h->observer->on_op(h->observer->ctx, &span);
  }
  return rc;
}

int cr_cuda_graph_tell(const struct cr_cuda_host *host, const struct cr_cuda_graph *g, const struct cr_op_span *like,
                       const cr_ns *launched_ns, cr_ns begin_ns, cr_ns end_ns, struct cr_err *err)
{
  host->ran(host->ctx, g->op0, g->n_op, begin_ns, end_ns);
  if (!tells_ops(host))
    return CR_OK;
  if (cr_standin_pieces(host->standins, g->op0) == 1)
    return tell_ops(host, g, like, launched_ns, begin_ns, end_ns, err);
  struct cr_op_span span = *like; /* an iteration, whose launches stand for no ops of their own */
  span.start_ns = begin_ns;
  span.end_ns = end_ns;
  span.op = g->op0;
  span.n = 1;
  host->observer->on_op(host->observer->ctx, &span);
  return CR_OK;
}
