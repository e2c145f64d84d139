/* backend_cuda.c - real time on a real GPU: ranges are graphs of stand-ins, and a stream of the policy is one of the GPU.
 *
 * A launched range goes to the GPU at once, as one graph launch; graphs are made before the run for whole models, else when they
 * are first asked for, and used again.  The first and the last kernel of a range report by the GPU's own timer, the last one in
 * memory that the host polls, so that waiting blocks in no call; where someone is told of every op, all of them report.  Nothing of
 * that is taken back; streams with a device queue, from which policies take back what they launched, are fed op by op instead
 * (sim/cuda_queue.h). Events bear the GPU's times on the monotonic clock (sim/cuda_clock.h).
 *
 * Nodes, of CPU cores or of the GPU and a core, are another matter, which sim/live_nodes.h sees to. */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "sim/backend.h"
#include "sim/cuda_clock.h"
#include "sim/cuda_queue.h"
#include "sim/cuda_share.h"
#include "sim/live_nodes.h"
#include "sim/mem.h"
#include "sim/standin.h"

enum {
  SLOTS = 1 << 17,
  PREPARED = 4,  /* graphs of a model made before the run for a client that is not closed */
  CHAINS = 4096, /* different ranges */
};

static const cr_ns NAP_NS = 50000000; /* the longest wait without looking around */
static const cr_ns SPIN_NS = 80000;   /* sleep ends so long before what is due, and the rest is spun */

/* One instance of a range's ops, used by one launch at a time. */
struct graph {
  cr_cu_graph_exec exec;
  uint32_t slot0, words;
  uint32_t next; /* of the same chain, free */
};

/* Ops op0 .. op0 + n_op, and graphs of them, which run on one part of the GPU (sim/cuda_share.h). */
struct chain {
  uint32_t op0, n_op, part, free;
};

struct range {
  uint32_t request, client, chain, graph, next;
  cr_ns launch_ns;
};

struct stream {
  struct cr_cuda_sharer on;
  int32_t priority;
  struct cr_cuda_queue *queue; /* of a stream with a device queue; the rest is of others */
  uint32_t head, tail;         /* ranges in order */
  cr_ns end_ns;                /* of the last one */
};

struct cr_backend {
  struct cr_live_nodes *nodes; /* or NULL, and all that follows */
  struct cr_cuda_gpu gpu;
  struct cr_cuda_clock clock;
  struct cr_standins *standins;
  struct cr_cuda_shares *shares; /* NULL: the policy gives none */
  const struct cr_workload *workload;
  const struct cr_observer *observer;
  struct stream *stream; /* [stream_cap] */
  struct chain *chain;   /* [CHAINS] */
  struct graph *graph;
  struct range *range;
  uint32_t stream_cap, n_stream, n_chain, n_graph, graph_cap, range_cap, free_range, n_running;
  cr_ns origin_ns;
  struct cr_standin_record *fetched; /* [longest model + 1] */
  struct cr_event *told;             /* [told_cap], of which n_told were not taken yet, in order */
  uint32_t n_told, told_cap;
  struct cr_use use;
  cr_ns busy_until_ns, check_ns;
};

static cr_ns cuda_now(const struct cr_backend *b)
{
  if (b->nodes)
    return cr_live_nodes_now(b->nodes);
  return cr_monotonic_ns() - b->origin_ns;
}

/* --- graphs ------------------------------------------------------------------------------------------------------- */

/* The slot that is told last. */
static uint32_t last_slot(const struct cr_backend *b, const struct chain *c, const struct graph *g)
{
  int needs_mark = b->workload->op[c->op0 + c->n_op - 1].kind != CR_OP_KERNEL;
  return g->slot0 + c->n_op - !needs_mark;
}

/* That of its first kernel; the last one where it has none. */
static uint32_t first_slot(const struct cr_backend *b, const struct chain *c, const struct graph *g)
{
  for (uint32_t i = 0; i < c->n_op; i++)
    if (b->workload->op[c->op0 + i].kind == CR_OP_KERNEL)
      return g->slot0 + i;
  return g->slot0 + c->n_op;
}

static int record_chain(struct cr_backend *b, const struct chain *c, struct graph *g, struct cr_err *err)
{
  const struct cr_cuda_driver *d = &b->gpu.driver;
  cr_cu_graph graph = NULL;
  cr_cu_stream on = c->part == CR_NONE ? b->gpu.control : cr_cuda_shares_capture(b->shares, c->part);
  int error = d->capture_begin(on, CR_CU_CAPTURE_RELAXED);
  uint32_t last = last_slot(b, c, g), first = first_slot(b, c, g);
  int told = b->observer && b->observer->on_op; /* of every op: which takes a little more time */
  for (uint32_t i = 0; !error && i < c->n_op; i++) {
    uint32_t slot = g->slot0 + i;
    int reports = told || slot == first || slot == last;
    const struct cr_standin_at at = {reports ? slot : CR_NONE, CR_NONE, 1, slot == last ? first : CR_NONE, 0};
    error = cr_standin_launch(b->standins, c->op0 + i, &at, on);
  }
  if (!error && last == g->slot0 + c->n_op)
    error = cr_standin_mark(b->standins, &(struct cr_standin_at){last, CR_NONE, 1, first, 0}, on);
  int ended = d->capture_end(on, &graph);
  error = error ? error : ended;
  error = error ? error : d->graph_instantiate(&g->exec, graph, 0);
  if (graph)
    d->graph_free(graph);
  return cr_cuda_check(d, error, "a graph of stand-ins", err);
}

static int add_graph(struct cr_backend *b, uint32_t chain, struct cr_err *err)
{
  if (b->n_graph == b->graph_cap) {
    uint32_t cap = b->graph_cap ? 2 * b->graph_cap : 64;
    struct graph *more = cr_mem_resize(b->graph, cap, sizeof *more);
    if (!more)
      return cr_fail_nomem(err, "graphs");
    b->graph = more;
    b->graph_cap = cap;
  }
  struct chain *c = &b->chain[chain];
  struct graph g = {.next = c->free};
  int rc = cr_cuda_gpu_take_slots(&b->gpu, c->n_op + 1, &g.slot0, err);
  rc = rc ? rc : cr_cuda_gpu_take_words(&b->gpu, &g.words, err);
  rc = rc ? rc : record_chain(b, c, &g, err);
  if (rc)
    return rc;
  c->free = b->n_graph;
  b->graph[b->n_graph++] = g;
  return CR_OK;
}

static int find_chain(struct cr_backend *b, uint32_t op0, uint32_t n_op, uint32_t part, uint32_t *out,
                      struct cr_err *err)
{
  for (*out = 0; *out < b->n_chain; ++*out)
    if (b->chain[*out].op0 == op0 && b->chain[*out].n_op == n_op && b->chain[*out].part == part)
      return CR_OK;
  if (b->n_chain == CHAINS)
    return cr_fail(err, CR_ERUN, "the policy launches more than %d different ranges of ops", CHAINS);
  b->chain[b->n_chain++] = (struct chain){.op0 = op0, .n_op = n_op, .part = part, .free = CR_NONE};
  return CR_OK;
}

/* What a client will surely ask for; each graph is launched once, since the first time uploads it. */
static int prepare_client(struct cr_backend *b, uint32_t client, uint32_t part, struct cr_err *err)
{
  const struct cr_client_spec *c = &b->workload->client[client];
  const struct cr_model_info *m = &b->workload->model[c->model.i];
  uint32_t chain, n = c->arrival.kind == CR_ARRIVE_CLOSED ? c->arrival.depth : PREPARED;
  int rc = find_chain(b, m->op0, m->n_op, part, &chain, err);
  for (uint32_t i = 0; !rc && i < n; i++) {
    rc = add_graph(b, chain, err);
    if (rc)
      break;
    const struct graph *g = &b->graph[b->n_graph - 1];
    int error = b->gpu.driver.graph_launch(g->exec, b->gpu.control);
    rc = cr_cuda_check(&b->gpu.driver, error, "the first run of a graph of stand-ins", err);
    rc = rc ? rc : cr_cuda_gpu_settle(&b->gpu, "the first run of a graph of stand-ins", err);
  }
  return rc;
}

/* --- the clock ---------------------------------------------------------------------------------------------------- */

/* An end of the GPU's time was seen now. */
static void see(struct cr_backend *b, uint64_t end_gpu_ns)
{
  cr_cuda_clock_saw(&b->clock, end_gpu_ns);
}

/* --- opening ------------------------------------------------------------------------------------------------------ */

static int check_load(const struct cr_backend_cfg *cfg, struct cr_err *err)
{
  const struct cr_workload *w = cfg->workload;
  if (cfg->machine->n_device != 1)
    return cr_fail(err, CR_EINPUT, "backend cuda runs on one whole GPU, or on nodes; the scenario has several devices");
  if (cfg->needs & CR_CAP_NODE)
    return cr_fail(
      err, CR_EINPUT,
      "policy %s needs nodes, and device %s is a whole GPU; choose another policy, or a scenario with nodes",
      cfg->policy, cfg->machine->device[0].name);
  if (cfg->has_processes)
    return cr_fail(err, CR_EINPUT, "backend cuda is one process; policy %s takes turns between several", cfg->policy);
  for (uint32_t i = 0; i < w->n_client; i++)
    if (w->client[i].job.iterations)
      return cr_fail(err, CR_EINPUT, "client %s is a job, which backend cuda cannot run yet; take -b sim",
                     w->client[i].name);
  return CR_OK;
}

static int check_gpu(const struct cr_backend *b, const struct cr_device_desc *d, struct cr_err *err)
{
  if ((uint32_t)b->gpu.sms != d->sms)
    return cr_fail(err, CR_EINPUT, "the GPU here is %s with %d SMs, and the scenario is for device %s with %u; take -d",
                   b->gpu.name, b->gpu.sms, d->name, d->sms);
  if (b->gpu.priority_greatest > d->priority_greatest)
    return cr_fail(err, CR_EINPUT, "%s has stream priorities down to %d, and device %s to %d", b->gpu.name,
                   b->gpu.priority_greatest, d->name, d->priority_greatest);
  return CR_OK;
}

static int take_tables(struct cr_backend *b, const struct cr_backend_cfg *cfg, struct cr_err *err)
{
  b->stream = cr_mem_new(cfg->stream_cap ? cfg->stream_cap : 1, sizeof *b->stream);
  b->chain = cr_mem_new(CHAINS, sizeof *b->chain);
  b->range = cr_mem_new(cfg->launch_cap ? cfg->launch_cap : 1, sizeof *b->range);
  uint32_t longest = 0;
  for (uint32_t i = 0; i < cfg->workload->n_model; i++)
    longest = cfg->workload->model[i].n_op > longest ? cfg->workload->model[i].n_op : longest;
  b->fetched = cr_mem_new((size_t)longest + 1, sizeof *b->fetched);
  if (!b->stream || !b->chain || !b->range || !b->fetched)
    return cr_fail_nomem(err, "the cuda backend");
  b->range_cap = cfg->launch_cap ? cfg->launch_cap : 1;
  b->free_range = CR_NONE;
  for (uint32_t i = b->range_cap; i-- > 0;) {
    b->range[i].next = b->free_range;
    b->free_range = i;
  }
  return CR_OK;
}

/* Whether all streams have done what they were given, in the time that the user grants. */
static int has_ended(struct cr_backend *b)
{
  cr_ns until_ns = cr_ns_add(cr_monotonic_ns(), b->gpu.patience_ns);
  for (uint32_t i = 0; i < b->n_stream; i++)
    while (b->gpu.driver.stream_query(b->stream[i].on.stream) == CR_CU_NOT_READY)
      if (cr_monotonic_ns() > until_ns)
        return 0;
  return 1;
}

static void free_work(struct cr_backend *b)
{
  const struct cr_cuda_driver *d = &b->gpu.driver;
  for (uint32_t i = 0; i < b->n_graph; i++)
    d->exec_free(b->graph[i].exec);
  for (uint32_t i = 0; i < b->n_stream; i++)
    d->stream_free(b->stream[i].on.stream);
}

static void cuda_close(struct cr_backend *b)
{
  if (!b)
    return;
  cr_live_nodes_free(b->nodes);
  if (b->gpu.driver.library) {
    b->gpu.hangs |= !has_ended(b);
    if (!b->gpu.hangs)
      free_work(b);
    cr_cuda_shares_free(b->shares);
    cr_standins_free(b->standins);
    cr_cuda_gpu_close(&b->gpu);
  }
  for (uint32_t i = 0; i < b->n_stream; i++)
    cr_cuda_queue_free(b->stream[i].queue);
  cr_mem_free(b->stream);
  cr_mem_free(b->told);
  cr_mem_free(b->chain);
  cr_mem_free(b->graph);
  cr_mem_free(b->range);
  cr_mem_free(b->fetched);
  cr_mem_free(b);
}

static int open_nodes(const struct cr_backend_cfg *cfg, struct cr_backend **out, struct cr_err *err)
{
  struct cr_backend *b = cr_mem_new(1, sizeof *b);
  int rc = b ? cr_live_nodes_new(cfg, &b->nodes, err) : cr_fail_nomem(err, "the cuda backend");
  if (rc)
    cr_mem_free(b);
  else
    *out = b;
  return rc;
}

static int cuda_open(const struct cr_backend_cfg *cfg, struct cr_backend **out, struct cr_err *err)
{
  if (cfg->machine->device[0].kind != CR_DEVICE_GPU)
    return open_nodes(cfg, out, err);
  int rc = check_load(cfg, err);
  if (rc)
    return rc;
  struct cr_backend *b = cr_mem_new(1, sizeof *b);
  if (!b)
    return cr_fail_nomem(err, "the cuda backend");
  *b = (struct cr_backend){.workload = cfg->workload, .observer = cfg->observer, .stream_cap = cfg->stream_cap};
  b->use =
    (struct cr_use){.sm_ns = (double)CR_UNKNOWN, .warp_ns = (double)CR_UNKNOWN, .dram_bytes = (double)CR_UNKNOWN};
  rc = take_tables(b, cfg, err);
  rc = rc ? rc : cr_cuda_gpu_open(&b->gpu, SLOTS, err);
  rc = rc ? rc : check_gpu(b, &cfg->machine->device[0], err);
  rc = rc ? rc : cr_standins_new(&b->gpu, cfg->workload, &cfg->machine->device[0], &b->standins, err);
  if (!rc && cfg->needs & CR_CAP_SHARE)
    rc = cr_cuda_shares_new(&b->gpu, &b->shares, err);
  for (uint32_t i = 0; !rc && i < cfg->workload->n_client; i++)
    rc = prepare_client(b, i, CR_NONE, err);
  rc = rc ? rc : cr_cuda_clock_set(&b->clock, &b->gpu, b->standins, err);
  if (rc) {
    cuda_close(b);
    return rc;
  }
  b->origin_ns = cr_monotonic_ns();
  *out = b;
  return CR_OK;
}

static cr_ns run_ns(const struct cr_backend *b, uint64_t gpu_ns)
{
  return cr_cuda_gpu_host_ns(&b->gpu, gpu_ns) - b->origin_ns;
}

/* --- what streams tell -------------------------------------------------------------------------------------------- */

/* Behind those of the same time. */
static int tell(struct cr_backend *b, const struct cr_event *e)
{
  if (b->n_told == b->told_cap) {
    uint32_t cap = b->told_cap ? 2 * b->told_cap : 256;
    struct cr_event *more = cr_mem_resize(b->told, cap, sizeof *more);
    if (!more)
      return CR_ENOMEM;
    b->told = more;
    b->told_cap = cap;
  }
  uint32_t at = b->n_told++;
  for (; at > 0 && b->told[at - 1].at_ns > e->at_ns; at--)
    b->told[at] = b->told[at - 1];
  b->told[at] = *e;
  return CR_OK;
}

static int tell_of_queue(void *ctx, const struct cr_event *e)
{
  return tell(ctx, e);
}

static void see_of_queue(void *ctx, uint64_t end_gpu_ns)
{
  see(ctx, end_gpu_ns);
}

static cr_ns queue_now(const void *ctx)
{
  return cuda_now(ctx);
}

static cr_ns queue_at(const void *ctx, uint64_t gpu_ns)
{
  return run_ns(ctx, gpu_ns);
}

static void count_op(struct cr_backend *b, uint32_t op)
{
  enum cr_op_kind kind = b->workload->op[op].kind;
  if (kind == CR_OP_KERNEL)
    b->use.n_kernel++;
  else if (kind == CR_OP_MEMSET)
    b->use.n_memset++;
  else
    b->use.n_copy++;
}

static void count_busy(struct cr_backend *b, cr_ns begin_ns, cr_ns end_ns)
{
  b->use.busy_ns += (double)cr_max_ns(end_ns - cr_max_ns(begin_ns, b->busy_until_ns), 0);
  b->busy_until_ns = cr_max_ns(b->busy_until_ns, end_ns);
}

static void see_queued_op(void *ctx, const struct cr_op_span *span, int is_whole)
{
  struct cr_backend *b = ctx;
  if (is_whole)
    count_op(b, span->op);
  if (span->start_ns == CR_NS_NEVER)
    return;
  count_busy(b, span->start_ns, span->end_ns);
  if (b->observer && b->observer->on_op)
    b->observer->on_op(b->observer->ctx, span);
}

/* --- actions ------------------------------------------------------------------------------------------------------ */

/* Graphs of all clients for a part of the GPU.  Nothing was launched yet, so that the run's clock can stand still meanwhile. */
static int prepare_part(struct cr_backend *b, uint32_t part, struct cr_err *err)
{
  cr_ns begin_ns = cr_monotonic_ns();
  int rc = CR_OK;
  for (uint32_t i = 0; !rc && i < b->workload->n_client; i++)
    rc = prepare_client(b, i, part, err);
  b->origin_ns += cr_monotonic_ns() - begin_ns;
  return rc;
}

static int make_stream(struct cr_backend *b, const struct cr_act *act, struct cr_err *err)
{
  struct stream *s = &b->stream[b->n_stream];
  const struct cr_cuda_host host = {.gpu = &b->gpu,
                                    .standins = b->standins,
                                    .workload = b->workload,
                                    .ctx = b,
                                    .now = queue_now,
                                    .at = queue_at,
                                    .saw = see_of_queue,
                                    .tell = tell_of_queue,
                                    .on_op = see_queued_op};
  *s = (struct stream){.on = {.stream = NULL, .part = CR_NONE}, .priority = act->priority};
  int rc =
    act->share_ppm == CR_SHARE_ALL
      ? cr_cuda_check(&b->gpu.driver, b->gpu.driver.stream_new(&s->on.stream, CR_CU_STREAM_NON_BLOCKING, act->priority),
                      "a stream on the GPU", err)
      : cr_cuda_shares_give(b->shares, &s->on, act->share_ppm, act->priority, err);
  if (rc)
    return rc;
  s->head = s->tail = CR_NONE;
  b->n_stream++;
  if (act->queue)
    return cr_cuda_queue_new(&host, s->on.stream, act->stream, act->queue, &s->queue, err);
  return s->on.part == CR_NONE ? CR_OK : prepare_part(b, s->on.part, err);
}

static int reshare(struct cr_backend *b, const struct cr_act *act, struct cr_err *err)
{
  struct stream *s = &b->stream[act->stream];
  int rc = cr_cuda_shares_give(b->shares, &s->on, act->share_ppm, s->priority, err);
  if (!rc && s->queue)
    cr_cuda_queue_move(s->queue, s->on.stream);
  return rc;
}

/* Of a stream that graphs are launched into all has been handed over, so that parking leaves nothing to give back. */
static int preempt(struct cr_backend *b, const struct cr_act *act, struct cr_err *err)
{
  struct stream *s = &b->stream[act->stream];
  if (s->queue)
    return cr_cuda_queue_stop(s->queue, act->how, err);
  if (act->how == CR_CAP_PARK || s->head == CR_NONE)
    return CR_OK;
  return cr_fail(err, CR_ERUN,
                 "stream %u has no device queue, and backend cuda takes back what it launched from those "
                 "that have one alone",
                 act->stream);
}

static int take_range(struct cr_backend *b, uint32_t *out, struct cr_err *err)
{
  if (b->free_range == CR_NONE) {
    struct range *more = cr_mem_resize(b->range, 2 * (size_t)b->range_cap, sizeof *more);
    if (!more)
      return cr_fail_nomem(err, "ranges that are launched at once");
    b->range = more;
    for (uint32_t i = 2 * b->range_cap; i-- > b->range_cap;) {
      more[i].next = b->free_range;
      b->free_range = i;
    }
    b->range_cap *= 2;
  }
  *out = b->free_range;
  b->free_range = b->range[*out].next;
  return CR_OK;
}

static int launch(struct cr_backend *b, const struct cr_act *act, struct cr_err *err)
{
  struct stream *s = &b->stream[act->stream];
  uint32_t chain, i = CR_NONE;
  if (act->block0)
    return cr_fail(err, CR_ERUN, "backend cuda launches the rest of an op into streams with a device queue alone");
  int rc = find_chain(b, act->op0, act->n_op, s->on.part, &chain, err);
  if (!rc && b->chain[chain].free == CR_NONE)
    rc = add_graph(b, chain, err);
  rc = rc ? rc : take_range(b, &i, err);
  if (rc)
    return rc;
  struct graph *g = &b->graph[b->chain[chain].free];
  b->range[i] = (struct range){.request = act->request,
                               .client = act->client,
                               .chain = chain,
                               .graph = b->chain[chain].free,
                               .next = CR_NONE,
                               .launch_ns = cuda_now(b)};
  b->chain[chain].free = g->next;
  cr_cuda_gpu_clear(&b->gpu, last_slot(b, &b->chain[chain], g));
  if (s->tail == CR_NONE)
    s->head = i;
  else
    b->range[s->tail].next = i;
  s->tail = i;
  b->n_running++;
  return cr_cuda_check(&b->gpu.driver, b->gpu.driver.graph_launch(g->exec, s->on.stream), "the launch of a range", err);
}

static int cuda_act(struct cr_backend *b, const struct cr_act *act, struct cr_err *err)
{
  if (b->nodes)
    return cr_live_nodes_act(b->nodes, act, err);
  switch ((enum cr_act_kind)act->kind) {
  case CR_ACT_STREAM:
    return make_stream(b, act, err);
  case CR_ACT_LAUNCH:
    if (b->stream[act->stream].queue)
      return cr_cuda_queue_launch(b->stream[act->stream].queue, act, err);
    return launch(b, act, err);
  case CR_ACT_PREEMPT:
    return preempt(b, act, err);
  case CR_ACT_SHARE:
    return reshare(b, act, err);
  default:
    return cr_fail(err, CR_ERUN, "backend cuda cannot do action %u", act->kind);
  }
}

/* --- time --------------------------------------------------------------------------------------------------------- */

/* Ops of a finished range, for those who want to know; copies and memsets lie between their neighbours. */
static int tell_ops(struct cr_backend *b, uint32_t stream, const struct range *r, cr_ns begin_ns, cr_ns end_ns,
                    struct cr_err *err)
{
  const struct chain *c = &b->chain[r->chain];
  const struct graph *g = &b->graph[r->graph];
  const struct cr_op_spec *op = &b->workload->op[c->op0];
  struct cr_standin_record *record = b->fetched;
  int rc = cr_cuda_gpu_fetch(&b->gpu, g->slot0, c->n_op + 1, record, err);
  uint32_t last = last_slot(b, c, g) - g->slot0;
  record[last] = b->gpu.record[g->slot0 + last];
  cr_ns at_ns = begin_ns;
  for (uint32_t i = 0; !rc && i < c->n_op; i++) {
    int is_kernel = op[i].kind == CR_OP_KERNEL;
    int is_before_one = i + 1 <= last && (i + 1 == c->n_op || op[i + 1].kind == CR_OP_KERNEL);
    cr_ns from_ns = is_kernel ? run_ns(b, record[i].begin_ns) : at_ns;
    cr_ns to_ns = is_kernel ? run_ns(b, record[i].end_ns) : is_before_one ? run_ns(b, record[i + 1].begin_ns) : at_ns;
    at_ns = cr_max_ns(cr_min_ns(to_ns, end_ns), at_ns);
    b->observer->on_op(b->observer->ctx, &(struct cr_op_span){.start_ns = cr_min_ns(from_ns, at_ns),
                                                              .end_ns = at_ns,
                                                              .stream = stream,
                                                              .client = r->client,
                                                              .request = r->request,
                                                              .op = c->op0 + i,
                                                              .n = 1});
  }
  return rc;
}

/* The stream goes on to its next range, and the graph can be used again. */
static void drop_head(struct cr_backend *b, struct stream *s)
{
  uint32_t i = s->head;
  struct range *r = &b->range[i];
  struct chain *c = &b->chain[r->chain];
  s->head = r->next;
  if (s->head == CR_NONE)
    s->tail = CR_NONE;
  b->graph[r->graph].next = c->free;
  c->free = r->graph;
  r->next = b->free_range;
  b->free_range = i;
  b->n_running--;
}

/* The head range of the stream has ended, as the record of its last launch says. */
static int finish(struct cr_backend *b, uint32_t stream, const struct cr_standin_record *record, struct cr_event *out,
                  struct cr_err *err)
{
  struct stream *s = &b->stream[stream];
  const struct range *r = &b->range[s->head];
  const struct chain *c = &b->chain[r->chain];
  const struct graph *g = &b->graph[r->graph];
  int is_alone = first_slot(b, c, g) == last_slot(b, c, g);
  cr_ns end_ns = cr_min_ns(run_ns(b, record->end_ns), cuda_now(b));
  cr_ns begin_ns = run_ns(b, is_alone ? record->begin_ns : record->range_begin_ns);
  begin_ns = cr_max_ns(cr_min_ns(begin_ns, end_ns), r->launch_ns);
  end_ns = cr_max_ns(end_ns, begin_ns);
  int rc = b->observer && b->observer->on_op ? tell_ops(b, stream, r, begin_ns, end_ns, err) : CR_OK;
  for (uint32_t i = 0; i < c->n_op; i++)
    count_op(b, c->op0 + i);
  count_busy(b, begin_ns, end_ns);
  uint32_t op = c->op0 + c->n_op - b->workload->model[b->workload->client[r->client].model.i].op0;
  *out = (struct cr_event){.at_ns = end_ns,
                           .reach_ns = cr_max_ns(r->launch_ns, s->end_ns),
                           .kind = CR_EV_DONE,
                           .request = r->request,
                           .op = op,
                           .handed = op};
  s->end_ns = end_ns;
  drop_head(b, s);
  return rc;
}

/* Ranges that have ended, in order of their ends. */
static int look_at_graphs(struct cr_backend *b, uint32_t stream, struct cr_err *err)
{
  struct stream *s = &b->stream[stream];
  int rc = CR_OK;
  while (!rc && s->head != CR_NONE) {
    const struct range *r = &b->range[s->head];
    const struct cr_standin_record *record =
      cr_cuda_gpu_ended(&b->gpu, last_slot(b, &b->chain[r->chain], &b->graph[r->graph]));
    if (!record)
      break;
    see(b, record->end_ns);
    struct cr_event e;
    rc = finish(b, stream, record, &e, err);
    if (!rc && tell(b, &e))
      rc = cr_fail_nomem(err, "events of the GPU");
  }
  return rc;
}

static int look(struct cr_backend *b, struct cr_event *out, uint32_t cap, uint32_t *n_out, struct cr_err *err)
{
  int rc = CR_OK;
  for (uint32_t i = 0; !rc && i < b->n_stream; i++)
    rc = b->stream[i].queue ? cr_cuda_queue_look(b->stream[i].queue, err) : look_at_graphs(b, i, err);
  uint32_t n = rc ? 0 : cr_min_u32(b->n_told, cap);
  if (n) {
    memcpy(out, b->told, n * sizeof *out);
    b->n_told -= n;
    memmove(b->told, b->told + n, b->n_told * sizeof *b->told);
  }
  *n_out = n;
  return rc;
}

static int is_idle(const struct cr_backend *b)
{
  uint32_t n = b->n_running + b->n_told;
  for (uint32_t i = 0; i < b->n_stream; i++)
    n += b->stream[i].queue ? cr_cuda_queue_held(b->stream[i].queue) : 0;
  return n == 0;
}

/* Whose work the stream has had since then; CR_NONE: none. */
static uint32_t waits_for(const struct cr_backend *b, const struct stream *s, cr_ns *since_ns)
{
  if (s->queue)
    return cr_cuda_queue_waits_for(s->queue, since_ns);
  if (s->head == CR_NONE)
    return CR_NONE;
  *since_ns = cr_max_ns(b->range[s->head].launch_ns, s->end_ns);
  return b->range[s->head].client;
}

/* Looked at now and then.  A range hangs that takes longer than 100 times its time alone, and what the user's patience allows. */
static int check_hang(struct cr_backend *b, struct cr_err *err)
{
  cr_ns now_ns = cuda_now(b);
  if (now_ns < b->check_ns)
    return CR_OK;
  b->check_ns = now_ns + NAP_NS;
  for (uint32_t i = 0; i < b->n_stream; i++) {
    cr_ns since_ns = 0;
    uint32_t client = waits_for(b, &b->stream[i], &since_ns);
    if (client == CR_NONE)
      continue;
    const struct cr_model_info *m = &b->workload->model[b->workload->client[client].model.i];
    if (now_ns - since_ns <= cr_ns_add(b->gpu.patience_ns, 100 * m->duration_ns))
      continue;
    b->gpu.hangs = 1;
    return cr_fail(err, CR_ERUN,
                   "a range of model %s, client %s, has not ended on the GPU for %.3g s; the run is given up", m->name,
                   b->workload->client[client].name, (double)(now_ns - since_ns) / 1e9);
  }
  int error = b->gpu.driver.stream_query(b->gpu.control);
  return error == CR_CU_NOT_READY ? CR_OK : cr_cuda_check(&b->gpu.driver, error, "the GPU", err);
}

static void sleep_until(const struct cr_backend *b, cr_ns at_ns)
{
  cr_ns wake_ns = b->origin_ns + at_ns;
  struct timespec t = {.tv_sec = (time_t)(wake_ns / 1000000000), .tv_nsec = (long)(wake_ns % 1000000000)};
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

static int cuda_wait(struct cr_backend *b, cr_ns until_ns, struct cr_event *out, uint32_t cap, uint32_t *n,
                     struct cr_err *err)
{
  if (b->nodes)
    return cr_live_nodes_wait(b->nodes, until_ns, out, cap, n, err);
  cr_ns begin_ns = cuda_now(b), now_ns = begin_ns;
  if (is_idle(b) && until_ns == CR_NS_NEVER) {
    *n = 0;
    return CR_OK;
  }
  cr_ns last_ns = cr_min_ns(until_ns, begin_ns + NAP_NS);
  if (is_idle(b) && last_ns - SPIN_NS > now_ns)
    sleep_until(b, last_ns - SPIN_NS);
  int rc;
  do {
    rc = look(b, out, cap, n, err);
    now_ns = cuda_now(b);
  } while (!rc && !*n && now_ns < last_ns);
  if (rc)
    return rc;
  return check_hang(b, err);
}

static void cuda_tell(const struct cr_backend *b, struct cr_live *out)
{
  struct cr_standin_match match;
  char driver[32];
  if (b->nodes) {
    cr_live_nodes_tell(b->nodes, out);
    return;
  }
  cr_standins_match(b->standins, &match);
  snprintf(driver, sizeof driver, "%d.%d", b->gpu.driver_version / 1000, b->gpu.driver_version % 1000 / 10);
  cr_live_text(out, "gpu", b->gpu.name);
  cr_live_text(out, "driver", driver);
  cr_live_number(out, "clock_error_ns", (double)b->gpu.clock_error_ns);
  cr_live_number(out, "standin_kernels", match.n_kernel);
  cr_live_number(out, "standin_shapes", match.n_shape);
  cr_live_number(out, "standin_mean_off_ratio", match.mean_off);
  cr_live_number(out, "standin_worst_off_ratio", match.worst_off);
  cr_live_number(out, "standin_sum_off_ratio", match.sum_off);
  if (b->shares)
    cr_cuda_shares_tell(b->shares, out);
  cr_live_text(out, "standin_worst", match.worst ? match.worst : "none");
}

static void cuda_use(const struct cr_backend *b, uint32_t device, struct cr_use *out)
{
  if (b->nodes)
    cr_live_nodes_use(b->nodes, device, out);
  else
    *out = b->use;
}

const struct cr_backend_ops cr_backend_cuda = {
  .name = "cuda",
  .caps = CR_CAP_PRIORITY | CR_CAP_PARK | CR_CAP_QUEUE | CR_CAP_EVICT | CR_CAP_KILL | CR_CAP_SHARE | CR_CAP_NODE |
          CR_CAP_BATCH,
  .open = cuda_open,
  .close = cuda_close,
  .now = cuda_now,
  .wait = cuda_wait,
  .act = cuda_act,
  .use = cuda_use,
  .is_live = 1,
  .tell = cuda_tell,
};
