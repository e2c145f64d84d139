/* backend_cuda.c - real time on a real GPU: ranges are graphs of stand-ins, and a stream of the policy is one of the GPU.
 *
 * A launched range goes to the GPU at once, as one graph launch (sim/cuda_stream.h).  The first and the last kernel of a range report by
 * the GPU's own timer, the last one in memory that the host polls, so that waiting blocks in no call; where someone is told of every
 * op, all of them report.  Nothing of that is taken back; streams with a device queue, from which policies take back what they launched,
 * are fed op by op instead (sim/cuda_queue.h), and jobs iteration by iteration (sim/cuda_job.h).  Ops of eager programs go when these
 * launch them (sim/cuda_program.h).  Events bear the GPU's times on the monotonic clock (sim/cuda_clock.h).
 *
 * Nodes, of CPU cores or of the GPU and a core, are another matter, which sim/live_nodes.h sees to. */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "sim/backend.h"
#include "sim/cuda_clock.h"
#include "sim/cuda_job.h"
#include "sim/cuda_memory.h"
#include "sim/cuda_parts.h"
#include "sim/cuda_queue.h"
#include "sim/cuda_share.h"
#include "sim/cuda_stream.h"
#include "sim/live_nodes.h"
#include "sim/mem.h"
#include "sim/standin.h"

enum { SLOTS = 1 << 17 };

static const cr_ns NAP_NS = 50000000; /* the longest wait without looking around */
static const cr_ns SPIN_NS = 80000;   /* sleep ends so long before what is due, and the rest is spun */

struct stream {
  struct cr_cuda_sharer on;
  int32_t priority;
  struct cr_cuda_queue *queue; /* NULL: it has no device queue */
};

struct cr_backend {
  struct cr_live_nodes *nodes; /* or NULL, and all that follows */
  struct cr_cuda_gpu gpu;
  struct cr_cuda_clock clock;
  struct cr_cuda_host host;          /* what the parts of it share */
  struct cr_cuda_programs *programs; /* NULL: no model is eager */
  struct cr_cuda_streams *streams;
  struct cr_standins *standins;
  struct cr_merger *merger;      /* NULL: the policy merges no launches */
  struct cr_cuda_parts *parts;   /* NULL: there is no stream yet */
  struct cr_cuda_jobs *jobs;     /* NULL: no client is a job */
  struct cr_cuda_memory *memory; /* likewise */
  struct cr_cuda_shares *shares; /* NULL: the policy gives none */
  const struct cr_workload *workload;
  const struct cr_observer *observer;
  struct stream *stream; /* [stream_cap] */
  uint32_t stream_cap, n_stream;
  cr_ns origin_ns;
  struct cr_event *told; /* [told_cap], of which n_told were not taken yet, in order */
  uint32_t n_told, told_cap;
  struct cr_use use;
  cr_ns busy_until_ns, check_ns;
  cr_ns due_ns;               /* when the one who waits wants to be told */
  uint32_t feed_next;         /* the stream whose turn it is to be fed */
  uint64_t n_fed, n_fed_pass; /* ops that were launched by themselves; in looks that took so long */
  cr_ns fed_ns;
};

static cr_ns cuda_now(const struct cr_backend *b)
{
  if (b->nodes)
    return cr_live_nodes_now(b->nodes);
  return cr_monotonic_ns() - b->origin_ns;
}

/* --- the clock ---------------------------------------------------------------------------------------------------- */

/* An end of the GPU's time was seen now. */
static void see(struct cr_backend *b, uint64_t end_gpu_ns)
{
  cr_cuda_clock_saw(&b->clock, end_gpu_ns);
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

static void count_fed(void *ctx)
{
  struct cr_backend *b = ctx;
  b->n_fed++;
}

static int is_wanted(const void *ctx)
{
  const struct cr_backend *b = ctx;
  return b->n_told > 0 || cuda_now(b) >= b->due_ns;
}

static void count_op(struct cr_backend *b, uint32_t op)
{
  enum cr_op_kind kind = b->workload->op[op].kind;
  if (kind == CR_OP_KERNEL)
    b->use.n_kernel++;
  else if (kind == CR_OP_MEMSET)
    b->use.n_memset++;
  else if (kind != CR_OP_ITERATION)
    b->use.n_copy++;
}

static void count_busy(struct cr_backend *b, cr_ns begin_ns, cr_ns end_ns)
{
  b->use.busy_ns += (double)cr_max_ns(end_ns - cr_max_ns(begin_ns, b->busy_until_ns), 0);
  b->busy_until_ns = cr_max_ns(b->busy_until_ns, end_ns);
}

static void count_graph(void *ctx, uint32_t op0, uint32_t n_op, cr_ns begin_ns, cr_ns end_ns)
{
  for (uint32_t i = op0; i < op0 + n_op; i++)
    count_op(ctx, i);
  count_busy(ctx, begin_ns, end_ns);
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

static void set_host(struct cr_backend *b)
{
  b->host.gpu = &b->gpu;
  b->host.workload = b->workload;
  b->host.observer = b->observer;
  b->host.ctx = b;
  b->host.now = queue_now;
  b->host.at = queue_at;
  b->host.saw = see_of_queue;
  b->host.tell = tell_of_queue;
  b->host.on_op = see_queued_op;
  b->host.ran = count_graph;
  b->host.fed = count_fed;
  b->host.is_wanted = is_wanted;
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
  for (uint32_t i = 0; i < w->n_client && cfg->needs & (CR_CAP_QUEUE | CR_CAP_SLICE | CR_CAP_PAD); i++)
    if (w->client[i].job.iterations || w->op[w->model[w->client[i].model.i].op0].kind == CR_OP_ITERATION)
      return cr_fail(err, CR_EINPUT,
                     "client %s runs iterations, which backend cuda does not feed op by op as policy %s has it; take "
                     "-b sim, or another policy",
                     w->client[i].name, cfg->policy);
  for (uint32_t i = 0; i < w->n_client && cfg->needs & CR_CAP_SHARE; i++)
    if (w->client[i].job.iterations)
      return cr_fail(err, CR_EINPUT,
                     "client %s is a job, and backend cuda gives jobs no shares of the SMs as policy %s has it; take "
                     "-b sim, or another policy",
                     w->client[i].name, cfg->policy);
  if (cfg->needs & CR_CAP_SHARE && cfg->needs & CR_CAP_PAD)
    return cr_fail(
      err, CR_EINPUT,
      "policy %s pads launches and gives shares of the SMs, and backend cuda does not do both; take -b sim",
      cfg->policy);
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

/* Jobs that hold memory hold some of the device's, all of which must be there. */
static int open_jobs_memory(struct cr_backend *b, const struct cr_backend_cfg *cfg, struct cr_err *err)
{
  uint32_t n_job = 0;
  for (uint32_t i = 0; i < cfg->workload->n_client; i++)
    n_job += cfg->workload->client[i].job.iterations > 0;
  return n_job ? cr_cuda_memory_new(&b->gpu, cfg->workload, cfg->machine->device[0].mem_bytes, &b->memory, err) : CR_OK;
}

static int take_tables(struct cr_backend *b, const struct cr_backend_cfg *cfg, struct cr_err *err)
{
  b->stream = cr_mem_new(cfg->stream_cap ? cfg->stream_cap : 1, sizeof *b->stream);
  uint32_t longest = 0;
  for (uint32_t i = 0; i < cfg->workload->n_model; i++)
    longest = cfg->workload->model[i].n_op > longest ? cfg->workload->model[i].n_op : longest;
  b->host.fetched = cr_mem_new((size_t)longest + 1, sizeof *b->host.fetched);
  if (!b->stream || !b->host.fetched)
    return cr_fail_nomem(err, "the cuda backend");
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
    cr_cuda_streams_free(b->streams);
    cr_cuda_jobs_free(b->jobs);
    cr_cuda_memory_free(b->memory);
    cr_merger_free(b->merger);
    cr_cuda_shares_free(b->shares);
    cr_standins_free(b->standins);
    cr_cuda_gpu_close(&b->gpu);
  }
  for (uint32_t i = 0; i < b->n_stream; i++)
    cr_cuda_queue_free(b->stream[i].queue);
  cr_cuda_parts_free(b->parts);
  cr_cuda_programs_free(b->programs);
  cr_mem_free(b->stream);
  cr_mem_free(b->told);
  cr_mem_free(b->host.fetched);
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
  set_host(b);
  b->host.kills = (cfg->needs & CR_CAP_KILL) != 0;
  b->use =
    (struct cr_use){.sm_ns = (double)CR_UNKNOWN, .warp_ns = (double)CR_UNKNOWN, .dram_bytes = (double)CR_UNKNOWN};
  rc = take_tables(b, cfg, err);
  rc = rc ? rc : cr_cuda_gpu_open(&b->gpu, SLOTS, err);
  rc = rc ? rc : check_gpu(b, &cfg->machine->device[0], err);
  rc = rc ? rc : open_jobs_memory(b, cfg, err);
  rc = rc ? rc : cr_standins_new(&b->gpu, cfg->workload, &cfg->machine->device[0], &b->standins, err);
  b->host.standins = b->standins;
  rc = rc ? rc : cr_cuda_programs_new(cfg, &b->programs, err);
  b->host.programs = b->programs;
  rc = rc ? rc : cr_cuda_streams_new(&b->host, cfg->stream_cap, cfg->launch_cap, &b->streams, err);
  if (!rc && cfg->needs & CR_CAP_PAD)
    rc = cr_merger_new(&b->gpu, b->standins, cfg->workload, &cfg->machine->device[0], &b->merger, err);
  if (!rc && cfg->needs & CR_CAP_SHARE)
    rc = cr_cuda_shares_new(&b->gpu, &b->shares, err);
  for (uint32_t i = 0; !rc && i < cfg->workload->n_client; i++)
    rc = cr_cuda_streams_prepare(b->streams, i, &(struct cr_cuda_place){CR_NONE, b->gpu.control, NULL}, err);
  if (!rc && b->memory)
    rc = cr_cuda_jobs_new(&b->host, cfg->stream_cap, &b->jobs, err);
  rc = rc ? rc : cr_cuda_clock_set(&b->clock, &b->gpu, b->standins, err);
  if (rc) {
    cuda_close(b);
    return rc;
  }
  b->origin_ns = cr_monotonic_ns();
  *out = b;
  return CR_OK;
}

/* --- actions ------------------------------------------------------------------------------------------------------ */

/* Where what is launched into the stream goes. */
static struct cr_cuda_place place_of(const struct cr_backend *b, const struct stream *s)
{
  uint32_t part = s->on.part;
  cr_cu_stream capture = part == CR_NONE ? b->gpu.control : cr_cuda_shares_capture(b->shares, part);
  return (struct cr_cuda_place){.part = part, .capture = capture, .stream = s->on.stream};
}

/* Graphs of all clients for a part of the GPU.  Nothing was launched yet, so that the run's clock can stand still meanwhile. */
static int prepare_part(struct cr_backend *b, const struct stream *s, struct cr_err *err)
{
  const struct cr_cuda_place place = place_of(b, s);
  cr_ns begin_ns = cr_monotonic_ns();
  int rc = CR_OK;
  for (uint32_t i = 0; !rc && i < b->workload->n_client; i++)
    rc = cr_cuda_streams_prepare(b->streams, i, &place, err);
  b->origin_ns += cr_monotonic_ns() - begin_ns;
  return rc;
}

static int make_stream(struct cr_backend *b, const struct cr_act *act, struct cr_err *err)
{
  struct stream *s = &b->stream[b->n_stream];
  *s = (struct stream){.on = {.stream = NULL, .part = CR_NONE}, .priority = act->priority};
  int rc =
    act->share_ppm == CR_SHARE_ALL
      ? cr_cuda_check(&b->gpu.driver, b->gpu.driver.stream_new(&s->on.stream, CR_CU_STREAM_NON_BLOCKING, act->priority),
                      "a stream on the GPU", err)
      : cr_cuda_shares_give(b->shares, &s->on, act->share_ppm, act->priority, err);
  if (!rc && !b->parts)
    rc = cr_cuda_parts_new(&b->host, b->merger, b->stream_cap, b->observer && b->observer->on_op, &b->parts, err);
  rc = rc ? rc : cr_cuda_parts_add_stream(b->parts, s->on.stream, act->queue, err);
  if (rc)
    return rc;
  cr_cuda_streams_add(b->streams);
  b->n_stream++;
  if (act->queue)
    return cr_cuda_queue_new(&b->host, s->on.stream, act->stream, act->queue, &s->queue, err);
  return s->on.part == CR_NONE ? CR_OK : prepare_part(b, s, err);
}

static int reshare(struct cr_backend *b, const struct cr_act *act, struct cr_err *err)
{
  struct stream *s = &b->stream[act->stream];
  int rc = cr_cuda_shares_give(b->shares, &s->on, act->share_ppm, s->priority, err);
  if (rc)
    return rc;
  cr_cuda_parts_move(b->parts, act->stream, s->on.stream);
  if (s->queue)
    cr_cuda_queue_move(s->queue, s->on.stream);
  return CR_OK;
}

/* Of a stream that graphs are launched into all has been handed over, so that parking leaves nothing to give back. */
static int preempt(struct cr_backend *b, const struct cr_act *act, struct cr_err *err)
{
  struct stream *s = &b->stream[act->stream];
  int rc = cr_cuda_parts_stop(b->parts, act->stream, act->how, err);
  if (rc)
    return rc;
  if (s->queue)
    return cr_cuda_queue_stop(s->queue, act->how, err);
  if (b->jobs && cr_cuda_jobs_hold(b->jobs, act->stream) && act->how == CR_CAP_PARK)
    return cr_cuda_jobs_park(b->jobs, act->stream, err);
  if (act->how == CR_CAP_PARK || !cr_cuda_streams_hold(b->streams, act->stream))
    return CR_OK;
  return cr_fail(err, CR_ERUN,
                 "stream %u has no device queue, and backend cuda takes back what it launched from those "
                 "that have one alone",
                 act->stream);
}

static int launch(struct cr_backend *b, const struct cr_act *act, struct cr_err *err)
{
  const struct cr_cuda_place place = place_of(b, &b->stream[act->stream]);
  if (b->jobs && cr_cuda_jobs_hold(b->jobs, act->stream))
    return cr_fail(err, CR_ERUN, "client %s is no job, and backend cuda has no place for it behind one in stream %u",
                   b->workload->client[act->client].name, act->stream);
  return cr_cuda_streams_launch(b->streams, act, &place, err);
}

/* Whether the stream holds nothing, ranges of parts aside. */
static int is_free(const struct cr_backend *b, uint32_t stream)
{
  const struct stream *s = &b->stream[stream];
  return s->queue ? cr_cuda_queue_held(s->queue) == 0 : !cr_cuda_streams_hold(b->streams, stream);
}

static int cuda_act(struct cr_backend *b, const struct cr_act *act, struct cr_err *err)
{
  if (b->nodes)
    return cr_live_nodes_act(b->nodes, act, err);
  if (act->kind != CR_ACT_PREEMPT) { /* these go together, and before all else */
    int rc = cr_cuda_check(&b->gpu.driver, cr_cuda_gpu_flush(&b->gpu), "the words of preemptions", err);
    if (rc)
      return rc;
  }
  switch ((enum cr_act_kind)act->kind) {
  case CR_ACT_STREAM:
    return make_stream(b, act, err);
  case CR_ACT_PAD:
    return cr_cuda_parts_pad(b->parts, act, err);
  case CR_ACT_LAUNCH:
    if (b->workload->client[act->client].job.iterations)
      return cr_cuda_jobs_launch(b->jobs, b->stream[act->stream].on.stream, act, err);
    if (cr_cuda_parts_wants(b->parts, act))
      return cr_cuda_parts_launch(b->parts, act, is_free(b, act->stream), err);
    if (b->stream[act->stream].queue)
      return cr_cuda_queue_launch(b->stream[act->stream].queue, act, err);
    return launch(b, act, err);
  case CR_ACT_TURN:
    return cr_cuda_jobs_turn(b->jobs, b->stream[act->stream].on.stream, act, err);
  case CR_ACT_BEGIN:
    return cr_cuda_jobs_begin(b->jobs, err);
  case CR_ACT_PREEMPT:
    return preempt(b, act, err);
  case CR_ACT_SHARE:
    return reshare(b, act, err);
  default:
    return cr_fail(err, CR_ERUN, "backend cuda cannot do action %u", act->kind);
  }
}

/* --- time --------------------------------------------------------------------------------------------------------- */

/* One op of each stream in turn, until something else wants the thread; the next look goes on where this one stopped, so that
 * the last streams are not left out whenever something is wanted.  One op goes even where time is up, so that a host that is always late
 * still feeds. */
static int feed(struct cr_backend *b, struct cr_err *err)
{
  int rc = CR_OK;
  uint64_t n_fed = b->n_fed;
  for (uint32_t n = 0; !rc && n < b->n_stream; n++) {
    if (b->n_fed == n_fed ? b->n_told > 0 : is_wanted(b))
      break;
    uint32_t i = b->feed_next % b->n_stream;
    b->feed_next = i + 1;
    if (b->stream[i].queue)
      rc = cr_cuda_queue_feed(b->stream[i].queue, err);
  }
  return rc;
}

static int look(struct cr_backend *b, struct cr_event *out, uint32_t cap, uint32_t *n_out, struct cr_err *err)
{
  int rc = CR_OK;
  uint64_t n_fed = b->n_fed;
  cr_ns begin_ns = cuda_now(b);
  cr_cuda_programs_move(b->programs, begin_ns);
  for (uint32_t i = 0; !rc && i < b->n_stream; i++) {
    rc = b->stream[i].queue ? cr_cuda_queue_look(b->stream[i].queue, err) : cr_cuda_streams_look(b->streams, i, err);
    rc = rc ? rc : cr_cuda_parts_look(b->parts, i, is_free(b, i), err);
  }
  if (!rc && b->jobs)
    rc = cr_cuda_jobs_look(b->jobs, err);
  rc = rc ? rc : feed(b, err);
  cr_cuda_clock_looked(&b->clock);
  if (b->n_fed > n_fed) {
    b->n_fed_pass += b->n_fed - n_fed;
    b->fed_ns += cuda_now(b) - begin_ns;
  }
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
  uint32_t n = cr_cuda_streams_held(b->streams) + b->n_told + (b->parts ? cr_cuda_parts_held(b->parts) : 0);
  for (uint32_t i = 0; i < b->n_stream; i++)
    n += b->stream[i].queue ? cr_cuda_queue_held(b->stream[i].queue) : 0;
  n += b->jobs ? cr_cuda_jobs_held(b->jobs) : 0;
  return n == 0;
}

/* Whose work the stream has had since then; CR_NONE: none. */
static uint32_t waits_for(const struct cr_backend *b, uint32_t stream, cr_ns *since_ns)
{
  const struct stream *s = &b->stream[stream];
  if (b->jobs && cr_cuda_jobs_hold(b->jobs, stream))
    return cr_cuda_jobs_wait_for(b->jobs, stream, since_ns);
  if (s->queue)
    return cr_cuda_queue_waits_for(s->queue, since_ns);
  return cr_cuda_streams_waits_for(b->streams, stream, since_ns);
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
    uint32_t client = waits_for(b, i, &since_ns);
    if (client == CR_NONE)
      client = cr_cuda_parts_waits_for(b->parts, i, &since_ns);
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
  int rc = cr_cuda_check(&b->gpu.driver, cr_cuda_gpu_flush(&b->gpu), "the words of preemptions", err);
  if (rc)
    return rc;
  b->due_ns = until_ns;
  cr_ns last_ns = cr_min_ns(until_ns, begin_ns + NAP_NS);
  if (b->memory && is_idle(b))
    cr_cuda_memory_give_back(b->memory);
  if (is_idle(b) && last_ns - SPIN_NS > now_ns)
    sleep_until(b, last_ns - SPIN_NS);
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
  cr_live_number(out, "standin_model_off_ratio", match.worst_model_off);
  if (b->shares)
    cr_cuda_shares_tell(b->shares, out);
  cr_live_text(out, "standin_worst", match.worst ? match.worst : "none");
  cr_live_number(out, "standin_cached", match.n_cached);
  cr_live_number(out, "standin_dram_kernels", match.n_dram);
  cr_live_number(out, "standin_dram_cut", match.n_dram_cut);
  cr_live_number(out, "standin_dram_off_ratio", match.dram_off);
  cr_live_number(out, "standin_l2_kernels", match.n_l2);
  cr_live_number(out, "standin_l2_cut", match.n_l2_cut);
  cr_live_number(out, "standin_l2_off_ratio", match.l2_off);
  cr_live_number(out, "standin_clustered", match.n_cluster);
  cr_live_number(out, "standin_unclustered", match.n_no_cluster);
  cr_cuda_streams_tell(b->streams, out);
  if (b->n_fed_pass) {
    cr_live_number(out, "fed_n", (double)b->n_fed_pass);
    cr_live_number(out, "fed_mean_ns", (double)b->fed_ns / (double)b->n_fed_pass);
  }
  if (b->programs)
    cr_cuda_programs_tell(b->programs, out);
  if (b->memory)
    cr_cuda_memory_tell(b->memory, out);
}

static int cuda_hold(struct cr_backend *b, uint32_t device, uint32_t holder, int64_t bytes, struct cr_err *err)
{
  (void)device;
  return b->memory ? cr_cuda_memory_hold(b->memory, holder, bytes, err) : CR_OK;
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
  .caps = CR_CAP_PRIORITY | CR_CAP_PARK | CR_CAP_QUEUE | CR_CAP_EVICT | CR_CAP_KILL | CR_CAP_SLICE | CR_CAP_PAD |
          CR_CAP_SHARE | CR_CAP_MEM | CR_CAP_NODE | CR_CAP_BATCH,
  .open = cuda_open,
  .close = cuda_close,
  .now = cuda_now,
  .wait = cuda_wait,
  .act = cuda_act,
  .use = cuda_use,
  .hold = cuda_hold,
  .is_live = 1,
  .tell = cuda_tell,
};
