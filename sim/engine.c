/* engine.c - streams of launched ranges over modelled devices.
 *
 * A range (part of a request) waits in its stream's list, then its ops go to the device one after the other.  Ops of
 * an eager program are launched beside that by a thread of the host (host_thread.c): an op starts when its predecessor has
 * ended and its launch call has been made.
 *
 * A range of a job goes through its model so many times; its stream waits, asleep, while the job's client thinks.  Where
 * of models no more is known than how long an iteration takes, a whole range is handed to sim/iterations.h, which stands in
 * for the device model. */
#include "config.h"

#include "sim/engine_int.h"

#include <math.h>
#include <string.h>

#include "sim/gpu_node.h"
#include "sim/needs.h"
#include "sim/node_device.h"

enum { SEVERAL = 2 }; /* streams that are fed, and kernels of graphs lie apart */

/* A device that had nothing to do for so long takes longer to begin: after 1 ms it does not, after 5 ms it does (an H200,
 * calib/data/h200/feed/feed.csv, rows graph). */
static const cr_ns REST_NS = 2000000;

static cr_ns us_to_ns(double us)
{
  return (cr_ns)llrint(us * 1e3);
}

static int make_model(struct device *d, const struct cr_device_model_cfg *cfg, int has_processes, struct cr_err *err)
{
  const struct cr_device_model_ops *ops = cr_device_model_of(d->constants.fidelity);
  if (d->desc->kind != CR_DEVICE_GPU)
    ops = d->desc->node.gpu ? &cr_device_gpu_node : &cr_device_node;
  if (!has_processes) {
    d->model.ops = ops;
    return ops->make(cfg, &d->model.self, err);
  }
  cr_ns switch_ns = us_to_ns(d->constants.constant[CR_GPU_SLICE_SWITCH]);
  cr_ns yield_ns = us_to_ns(d->constants.constant[CR_GPU_SLICE_YIELD]);
  int rc = cr_slices_new(cfg, ops, switch_ns, yield_ns, &d->slices, err);
  d->model = (struct cr_device_model){.ops = &cr_device_slices, .self = d->slices};
  return rc;
}

/* Iterations and single ops do not share a device here: no measurement says how they would. */
static int check_ops(struct cr_engine *e, const struct cr_workload *w, struct cr_err *err)
{
  uint32_t of_iterations = CR_NONE, of_ops = CR_NONE;
  for (uint32_t i = 0; i < w->n_client; i++) {
    uint32_t m = w->client[i].model.i;
    if (w->op[w->model[m].op0].kind == CR_OP_ITERATION)
      of_iterations = m;
    else
      of_ops = m;
  }
  e->has_iterations = of_iterations != CR_NONE;
  e->n_model = e->has_iterations ? 0 : e->n_device;
  if (of_iterations == CR_NONE || of_ops == CR_NONE)
    return CR_OK;
  return cr_fail(err, CR_EINPUT,
                 "of model %s only the time of an iteration is known, of model %s single ops; they cannot share a "
                 "simulated device: give both of one kind",
                 w->model[of_iterations].name, w->model[of_ops].name);
}

static int check_needs(const struct cr_backend_cfg *cfg, const struct device *d, struct cr_err *err)
{
  const struct cr_needs needs = {.caps = cfg->needs, .policy = cfg->policy, .has_processes = cfg->has_processes};
  return cr_needs_check(&needs, cfg->workload, d->desc, &d->constants, err);
}

/* What a kernel from a device queue takes longer, which passes between its simulated end and the next one. */
static cr_ns longer_ns(const struct device *d)
{
  return cr_engine_price(d, CR_GPU_LOOK) + cr_engine_price(d, CR_GPU_REPORT);
}

/* From a kernel's simulated end until the host knows. */
static cr_ns seen_ns(const struct device *d)
{
  return longer_ns(d) + cr_engine_price(d, CR_GPU_NOTICE);
}

static int open_device(struct cr_engine *e, const struct cr_backend_cfg *cfg, uint32_t i, struct cr_err *err)
{
  struct device *d = &e->device[i];
  d->desc = &cfg->machine->device[i];
  int rc = cr_gpu_model_parse(d->desc->node.gpu ? d->desc->node.gpu : d->desc, cfg->set, &d->constants, err);
  rc = rc ? rc : check_needs(cfg, d, err);
  if (rc)
    return rc;
  d->launch_ns = us_to_ns(d->constants.constant[CR_GPU_LAUNCH]);
  d->launch_busy_ns =
    d->constants.constant[CR_GPU_LAUNCH_BUSY] >= 0 ? cr_engine_price(d, CR_GPU_LAUNCH_BUSY) : d->launch_ns;
  d->stream = cr_arena_take(e->arena, cfg->stream_cap, sizeof *d->stream);
  d->process = cr_arena_take(e->arena, cfg->stream_cap, sizeof *d->process);
  if (!d->stream || !d->process)
    return cr_fail_nomem(err, "streams");
  d->reset.at_ns = CR_NS_NEVER;
  d->feeder = (struct cr_feeder){.push_ns = cr_engine_price(d, CR_GPU_PUSH),
                                 .serial_ns = cr_engine_price(d, CR_GPU_PUSH_SERIAL),
                                 .notice_ns = seen_ns(d),
                                 .next_ns = CR_NS_NEVER,
                                 .queue = cr_arena_take(e->arena, cfg->stream_cap, sizeof *d->feeder.queue)};
  if (!d->feeder.queue)
    return cr_fail_nomem(err, "streams");
  if (e->has_iterations)
    return cr_engine_open_iterations(e, cfg, d, err);
  const struct cr_device_model_cfg model = {
    .device = d->desc,
    .model = &d->constants,
    .op = cfg->workload->op,
    .op_index = e->op_index,
    .n_op = cfg->workload->n_op,
    .n_stream = cfg->stream_cap,
    .number = i,
  };
  return make_model(d, &model, cfg->has_processes, err);
}

/* Room for cap ranges, and for an event of each.  What has happened and was not taken yet moves to the ring's start. */
static int grow(struct cr_engine *e, uint32_t cap)
{
  struct range *range = cr_mem_resize(e->range, cap, sizeof *range);
  if (!range)
    return CR_ENOMEM;
  e->range = range;
  struct passes *passes = cr_mem_resize(e->passes, cap, sizeof *passes);
  if (!passes)
    return CR_ENOMEM;
  e->passes = passes;
  if (cr_hosts_grow(e->hosts, cap))
    return CR_ENOMEM;
  struct cr_event *event = cr_mem_new(cap, sizeof *event);
  if (!event)
    return CR_ENOMEM;
  for (uint32_t i = 0; i < e->n_event; i++)
    event[i] = e->event[(e->event_at + i) % e->range_cap];
  cr_mem_free(e->event);
  e->event = event;
  e->event_at = 0;
  for (uint32_t i = cap; i-- > e->range_cap;) {
    range[i].next = e->free_range;
    e->free_range = i;
  }
  e->range_cap = cap;
  return CR_OK;
}

static int take_tables(struct cr_engine *e, const struct cr_backend_cfg *cfg)
{
  struct cr_arena *a = e->arena;
  e->device = cr_arena_take(a, e->n_device, sizeof *e->device);
  e->stream = cr_arena_take(a, e->stream_cap, sizeof *e->stream);
  e->end = cr_arena_take(a, e->stream_cap, sizeof *e->end);
  e->op_index = cr_arena_take(a, cfg->workload->n_op, sizeof *e->op_index);
  e->iterations_end = cr_arena_take(a, e->stream_cap, sizeof *e->iterations_end);
  e->free_range = e->free_pad = e->first_pad = e->last_pad = CR_NONE;
  if (!e->device || !e->stream || !e->end || !e->op_index || !e->iterations_end ||
      cr_sleepers_init(&e->sleepers, e->stream_cap, a) || cr_sleepers_init(&e->stops, e->stream_cap, a) ||
      grow(e, cfg->launch_cap))
    return CR_ENOMEM;
  for (uint32_t m = 0; m < cfg->workload->n_model; m++)
    for (uint32_t j = 0; j < cfg->workload->model[m].n_op; j++)
      e->op_index[cfg->workload->model[m].op0 + j] = j;
  return CR_OK;
}

/* Threads run on the cores of all devices' hosts; what the profiler added to calls is one property of the recordings. */
static int open_hosts(struct cr_engine *e, const struct cr_backend_cfg *cfg, struct cr_err *err)
{
  struct cr_gpu_model constants;
  uint32_t cores = 0;
  for (uint32_t i = 0; i < cfg->machine->n_device; i++) {
    uint32_t more = cfg->machine->device[i].cpu_cores;
    cores = more ? cores + more : cores;
  }
  int rc = cr_gpu_model_parse(&cfg->machine->device[0], cfg->set, &constants, err);
  if (rc)
    return rc;
  return cr_hosts_new(cfg->workload, cores, constants.constant[CR_GPU_PROFILER_CALL] * 1e3, &e->hosts, err);
}

int cr_engine_new(const struct cr_backend_cfg *cfg, struct cr_engine **out, struct cr_err *err)
{
  struct cr_arena *arena = cr_arena_new();
  struct cr_engine *e = arena ? cr_arena_take(arena, 1, sizeof *e) : NULL;
  if (!e) {
    cr_arena_free(arena);
    return cr_fail_nomem(err, "the simulator");
  }
  e->arena = arena;
  e->workload = cfg->workload;
  e->observer = cfg->observer;
  e->n_device = cfg->machine->n_device;
  e->stream_cap = cfg->stream_cap;
  e->wake_ns = CR_NS_NEVER;
  int rc = check_ops(e, cfg->workload, err);
  if (!rc)
    rc = open_hosts(e, cfg, err);
  if (!rc && (rc = take_tables(e, cfg)))
    cr_fail_nomem(err, "the simulator");
  for (uint32_t i = 0; !rc && i < e->n_device; i++)
    rc = open_device(e, cfg, i, err);
  if (rc) {
    cr_engine_free(e);
    return rc;
  }
  *out = e;
  return CR_OK;
}

void cr_engine_free(struct cr_engine *e)
{
  if (!e)
    return;
  for (uint32_t i = 0; e->device && i < e->n_device; i++) {
    cr_rotation_free(e->device[i].rotation);
    if (e->device[i].model.self)
      e->device[i].model.ops->free(e->device[i].model.self);
  }
  cr_hosts_free(e->hosts);
  cr_mem_free(e->range);
  cr_mem_free(e->passes);
  cr_mem_free(e->pad);
  cr_mem_free(e->event);
  cr_arena_free(e->arena);
}

/* ------------------------------------------------------------------------------------------------------------ ranges */

void cr_engine_tell(struct cr_engine *e, const struct range *r, enum cr_event_kind kind, enum cr_cap how, cr_ns at_ns)
{
  uint32_t at = (e->event_at + e->n_event++) % e->range_cap, op = r->op0 + r->done - r->model_op0;
  e->event[at] = (struct cr_event){.at_ns = at_ns,
                                   .reach_ns = r->reach_ns,
                                   .kind = kind,
                                   .request = r->request,
                                   .op = op,
                                   .how = kind == CR_EV_BACK ? how : 0,
                                   .block = r->block,
                                   .handed = r->handed > r->done ? op + r->handed - r->done : op,
                                   .lost_ns = r->lost_ns,
                                   .used_ns = r->ran_ns};
}

/* Whether the range's next op is its model's last. */
static int is_final(const struct cr_engine *e, const struct range *r)
{
  const struct cr_model_info *m = &e->workload->model[e->workload->client[r->client].model.i];
  return r->op0 + r->done + 1 == m->op0 + m->n_op;
}

/* Whether the head's next op has been launched by launched_ns, which is then when it was. */
static int is_launched(struct cr_engine *e, struct stream *s, cr_ns *launched_ns)
{
  const struct range *r = &e->range[s->head];
  cr_ns pushed_ns;
  if (r->eager)
    return cr_hosts_launched(e->hosts, s->head) > r->done;
  if (!cr_engine_is_fed(e, s, r))
    return 1;
  if (!cr_feeder_start(&e->device[s->device].feeder, s->local, &pushed_ns))
    return 0;
  *launched_ns = cr_max_ns(*launched_ns, pushed_ns);
  return 1;
}

/* Hands the head range's next op to the device, if its launch call has been made. */
static void start_op(struct cr_engine *e, struct stream *s, cr_ns from_ns, cr_ns launched_ns)
{
  struct range *r = &e->range[s->head];
  if (s->stop.step != STOP_NONE && s->stop.handed == 0)
    return;
  s->waits = !is_launched(e, s, &launched_ns);
  if (s->waits)
    return;
  struct device *d = &e->device[s->device];
  uint32_t op = r->op0 + r->done;
  if (s->stop.step != STOP_NONE)
    s->stop.handed--;
  s->unflags = s->is_flagged;
  if (s->is_flagged) {
    launched_ns = cr_max_ns(launched_ns, s->stop.back_ns) + cr_engine_price(d, CR_GPU_UNFLAG);
    s->is_flagged = 0;
  }
  if (cr_engine_is_fed(e, s, r))
    launched_ns += s->queue.fetch_ns;
  else
    launched_ns = cr_device_queue_push(&s->queue, launched_ns);
  if (s->queue.cap) /* what the op before took longer for its flag and its report, too */
    from_ns += cr_engine_price(d, CR_GPU_SINGLE) + longer_ns(d);
  else if (r->is_single)
    from_ns += cr_engine_price(d, CR_GPU_EARLY);
  else if (r->done && !r->eager && d->n_fed >= SEVERAL)
    from_ns += cr_engine_price(d, CR_GPU_APART); /* where nobody has looked for it, it is none */
  if (r->is_single)
    from_ns += cr_engine_merge_ns(e, d, r);
  if (r->pad != CR_NONE)
    cr_engine_start_pads(e, s, r, from_ns, launched_ns);
  if (d->model.ops->start_layer)
    d->model.ops->start_layer(d->model.self, s->local,
                              &(struct cr_layer_start){
                                .op = op,
                                .is_first = r->done == 0,
                                .is_last = r->done + 1 == r->n_op,
                                .is_final = is_final(e, r),
                                .actual_ppm = r->actual_ppm,
                                .launched_ns = launched_ns,
                                .row = r->row,
                              });
  else if (r->block || r->n_slice)
    d->model.ops->start_part(d->model.self, s->local,
                             &(struct cr_gpu_part){
                               .op = op,
                               .n_block = cr_engine_blocks(e, r),
                             },
                             from_ns, launched_ns);
  else
    d->model.ops->start(d->model.self, s->local, op, from_ns, launched_ns);
  s->on = 1;
  d->unsettled = 1;
}

/* A job's pass through its model begins, as a request of its own would. */
static void begin_pass(struct cr_engine *e, struct stream *s, cr_ns now_ns)
{
  struct range *r = &e->range[s->head];
  r->reach_ns = cr_min_ns(r->reach_ns, now_ns);
  r->launch_ns = now_ns;
  r->eager = cr_hosts_launch(e->hosts, s->head, r->client, r->op0, r->n_op, now_ns);
  if (cr_engine_is_fed(e, s, r))
    cr_feeder_hand(&e->device[s->device].feeder, s->local, r->n_op, now_ns);
  start_op(e, s, s->end_ns, now_ns);
}

void cr_engine_find_wake(struct cr_engine *e)
{
  e->wake_ns = cr_min_ns(cr_sleepers_next_ns(&e->sleepers), cr_sleepers_next_ns(&e->stops));
}

static void begin_pass_at(struct cr_engine *e, struct stream *s, cr_ns at_ns, cr_ns now_ns)
{
  if (at_ns > now_ns) {
    cr_sleepers_add(&e->sleepers, cr_engine_stream_id(e, s), at_ns);
    cr_engine_find_wake(e);
  } else {
    begin_pass(e, s, now_ns);
  }
}

/* A pass of the head range has ended; whether another one follows. */
static int next_pass(struct cr_engine *e, struct stream *s, cr_ns now_ns)
{
  struct range *r = &e->range[s->head];
  struct passes *p = &e->passes[s->head];
  if (p->left == 0)
    return 0;
  p->left--;
  if (r->eager)
    cr_hosts_drop(e->hosts, s->head, now_ns);
  r->eager = 0;
  r->model_op0 -= r->n_op;
  r->done = r->handed = 0;
  begin_pass_at(e, s, cr_ns_add(now_ns, p->think_ns), now_ns);
  return 1;
}

/* Streams whose clients have thought go on. */
static void wake_streams(struct cr_engine *e, cr_ns now_ns)
{
  for (uint32_t i; (i = cr_sleepers_take(&e->sleepers, now_ns)) != CR_NONE;)
    begin_pass(e, &e->stream[i], now_ns);
  cr_engine_find_wake(e);
}

void cr_engine_reach(struct cr_engine *e, struct stream *s, cr_ns now_ns)
{
  struct range *r = &e->range[s->head];
  if (s->stop.step != STOP_NONE && s->stop.handed == 0)
    return;
  if (e->has_iterations) {
    cr_engine_begin_iterations(e, s, now_ns);
    return;
  }
  if (r->is_job) {
    begin_pass_at(e, s, e->passes[s->head].ready_ns, now_ns);
    return;
  }
  r->reach_ns = now_ns;
  start_op(e, s, s->end_ns, r->launch_ns);
}

/* Launch calls are made; streams that waited for them go on. */
static void launch_ops(struct cr_engine *e, cr_ns now_ns)
{
  for (uint32_t i; (i = cr_hosts_take(e->hosts, now_ns)) != CR_NONE;) {
    struct stream *s = &e->stream[e->range[i].stream];
    if (s->head == i && s->waits)
      start_op(e, s, s->end_ns, now_ns);
  }
}

/* The devices' feeders launch ops; streams that waited for them go on. */
static void feed_queues(struct cr_engine *e, cr_ns now_ns)
{
  for (uint32_t i = 0; i < e->n_model; i++) {
    struct device *d = &e->device[i];
    for (uint32_t q; (q = cr_feeder_take(&d->feeder, now_ns)) != CR_NONE;) {
      struct stream *s = &e->stream[d->stream[q]];
      if (s->waits && s->head != CR_NONE)
        start_op(e, s, s->end_ns, e->range[s->head].launch_ns);
    }
  }
}

static cr_ns next_feed_ns(const struct cr_engine *e)
{
  cr_ns next_ns = CR_NS_NEVER;
  for (uint32_t i = 0; i < e->n_model; i++)
    next_ns = cr_min_ns(next_ns, cr_feeder_next_ns(&e->device[i].feeder));
  return next_ns;
}

void cr_engine_leave_queue(struct cr_engine *e, struct stream *s, cr_ns now_ns)
{
  if (cr_engine_is_fed(e, s, &e->range[s->head]))
    cr_feeder_end(&e->device[s->device].feeder, s->local, now_ns);
  else
    cr_device_queue_end(&s->queue, now_ns);
}

void cr_engine_drop_range(struct cr_engine *e, uint32_t range, cr_ns now_ns)
{
  struct range *r = &e->range[range];
  e->n_to_end--;
  if (r->pad != CR_NONE)
    cr_engine_return_pads(e, r, now_ns);
  if (r->eager)
    cr_hosts_drop(e->hosts, range, now_ns);
  r->next = e->free_range;
  e->free_range = range;
}

void cr_engine_leave(struct cr_engine *e, struct stream *s, enum cr_event_kind kind, enum cr_cap how, cr_ns now_ns)
{
  uint32_t i = s->head;
  struct range *r = &e->range[i];
  cr_engine_tell(e, r, kind, how, now_ns);
  s->head = r->next;
  if (s->head == CR_NONE)
    s->tail = CR_NONE;
  cr_engine_drop_range(e, i, now_ns);
  if (s->stop.step != STOP_NONE)
    s->stop.n_range--;
  if (s->head != CR_NONE)
    cr_engine_reach(e, s, now_ns);
}

/* All ops of the head range have ended: of a job's, those of a pass. */
static void end_range(struct cr_engine *e, struct stream *s, cr_ns now_ns)
{
  if (!e->range[s->head].is_job)
    cr_engine_leave(e, s, CR_EV_DONE, 0, now_ns);
  else if (!next_pass(e, s, now_ns))
    cr_engine_leave(e, s, e->passes[s->head].is_cut ? CR_EV_BACK : CR_EV_DONE, CR_CAP_PARK, now_ns);
}

uint32_t cr_engine_blocks(const struct cr_engine *e, const struct range *r)
{
  return r->n_slice ? r->n_slice : e->workload->op[r->op0 + r->done].blocks - r->block;
}

void cr_engine_span(struct cr_engine *e, struct stream *s, uint32_t request, uint32_t client, uint32_t n_block,
                    const struct cr_gpu_end *end, cr_ns now_ns)
{
  if (!e->observer || !e->observer->on_op || end->start_ns == CR_NS_NEVER)
    return;
  uint32_t n_left = e->workload->op[end->op].blocks - (n_block - end->n_left);
  const struct range *r = s->head != CR_NONE ? &e->range[s->head] : NULL;
  e->observer->on_op(e->observer->ctx,
                     &(struct cr_op_span){.start_ns = end->start_ns,
                                          .end_ns = now_ns,
                                          .device = s->device,
                                          .stream = cr_engine_stream_id(e, s),
                                          .client = client,
                                          .request = request,
                                          .op = end->op,
                                          .n = 1,
                                          .n_left = n_left,
                                          .n_request = r && r->request == request ? r->n_request : 1});
}

/* Of blocks launched by themselves or cut midway: whether the op is done with them.  A slice's range is over in any case. */
static int finish_blocks(struct cr_engine *e, struct range *r, uint32_t n_left)
{
  r->block += cr_engine_blocks(e, r) - n_left;
  return r->block == e->workload->op[r->op0 + r->done].blocks;
}

void cr_engine_finish_op(struct cr_engine *e, struct stream *s, uint32_t n_left, cr_ns now_ns)
{
  struct range *r = &e->range[s->head];
  int is_slice = r->n_slice > 0;
  r->op_waits = 0;
  s->on = 0;
  s->end_ns = now_ns;
  cr_engine_leave_queue(e, s, now_ns);
  if (r->pad != CR_NONE)
    cr_engine_end_pads(e, s);
  if ((n_left == 0 && !is_slice) || finish_blocks(e, r, n_left)) {
    r->done++;
    r->block = 0;
    if (r->eager)
      cr_hosts_ended(e->hosts, s->head, r->done, now_ns);
  }
  if (is_slice && n_left == 0)
    cr_engine_leave(e, s, CR_EV_DONE, 0, now_ns);
  else if (r->done == r->n_op)
    end_range(e, s, now_ns);
  else
    start_op(e, s, now_ns, r->launch_ns);
  if (s->stop.step != STOP_NONE)
    cr_engine_stop_goes_on(e, s, now_ns);
}

static void end_op(struct cr_engine *e, uint32_t device, const struct cr_gpu_end *end, cr_ns now_ns)
{
  struct stream *s = &e->stream[e->device[device].stream[end->stream]];
  if (s->pad != CR_NONE) {
    cr_engine_end_pad(e, s, end, now_ns);
    return;
  }
  struct range *r = &e->range[s->head];
  r->ran_ns += end->ran_ns;
  cr_engine_span(e, s, r->request, r->client, cr_engine_blocks(e, r), end, now_ns);
  if (r->n_pad_on) {
    r->op_waits = 1;
    r->op_left = end->n_left;
  } else {
    cr_engine_finish_op(e, s, end->n_left, now_ns);
  }
}

/* ----------------------------------------------------------------------------------------------------------- actions */

/* The slices' number of the process that a stream names; a new one when it is the first on the device. */
static int find_process(struct device *d, const struct cr_act *act, uint32_t *out, struct cr_err *err)
{
  uint32_t i = 0;
  while (i < d->n_process && d->process[i] != act->process)
    i++;
  *out = i;
  if (i < d->n_process)
    return CR_OK;
  cr_ns slice_ns = act->slice_ns;
  if (slice_ns == CR_NS_NEVER)
    slice_ns = us_to_ns(d->constants.constant[CR_GPU_SLICE]);
  if (slice_ns <= 0)
    return cr_fail(err, CR_EINPUT, "device %s has no time slice (its constant slice is 0); give one", d->desc->name);
  d->process[d->n_process++] = act->process;
  return cr_slices_add_process(d->slices, slice_ns, err);
}

/* Each stream is a group of its own. */
static void share(struct cr_engine *e, const struct cr_act *act)
{
  struct device *d = &e->device[act->device];
  uint32_t local = e->stream[act->stream].local;
  uint64_t sms = ((uint64_t)act->share_ppm * d->desc->sms + CR_SHARE_ALL - 1) / CR_SHARE_ALL;
  e->stream[act->stream].sms = (uint32_t)sms;
  d->model.ops->set_share(d->model.self, local, local, (uint32_t)sms);
}

/* Of iterations of which only the time is known, nobody knows what a priority or a share of the SMs would do to them. */
static int check_stream(const struct cr_engine *e, const struct cr_act *act, struct cr_err *err)
{
  const char *model = e->workload->model[e->workload->client[0].model.i].name;
  if (act->priority != 0)
    return cr_fail(
      err, CR_EINPUT,
      "the policy gives streams different priorities, but of model %s only the time of an iteration is known; "
      "choose another policy, or models with recorded ops",
      model);
  if (act->share_ppm != CR_SHARE_ALL)
    return cr_fail(
      err, CR_EINPUT,
      "the policy gives streams a share of the SMs, but of model %s only the time of an iteration is known; "
      "choose another policy, or models with recorded ops",
      model);
  return CR_OK;
}

static int make_stream(struct cr_engine *e, const struct cr_act *act, struct cr_err *err)
{
  struct device *d = &e->device[act->device];
  struct stream *s = &e->stream[act->stream];
  *s = (struct stream){.device = act->device,
                       .local = d->n_stream,
                       .head = CR_NONE,
                       .tail = CR_NONE,
                       .pad = CR_NONE,
                       .pad_rt = CR_NONE,
                       .sms = d->desc->sms,
                       .queue = {.cap = act->queue,
                                 .push_ns = cr_engine_price(d, CR_GPU_PUSH),
                                 .fetch_ns = cr_engine_price(d, CR_GPU_FETCH),
                                 .notice_ns = seen_ns(d)},
                       .reclaim = act->reclaim};
  d->feeder.queue[s->local].cap = act->queue ? act->queue : CR_FEEDER_AHEAD;
  d->stream[d->n_stream++] = act->stream;
  d->n_fed += act->queue > 0;
  d->feeder.n_queue = d->n_stream;
  e->n_stream++;
  if (d->slices) {
    uint32_t process;
    int rc = find_process(d, act, &process, err);
    if (rc != CR_OK)
      return rc;
    cr_slices_put(d->slices, s->local, process);
  }
  if (d->iterations)
    return check_stream(e, act, err);
  d->model.ops->set_priority(d->model.self, s->local, act->priority);
  if (act->share_ppm != CR_SHARE_ALL)
    share(e, act);
  return CR_OK;
}

/* From the hand-over of work to an idle stream until it starts. */
static cr_ns launch_ns(const struct cr_engine *e, const struct device *d, cr_ns now_ns)
{
  for (uint32_t i = 0; i < d->n_stream; i++) {
    const struct stream *s = &e->stream[d->stream[i]];
    if (s->on || (s->end_ns > 0 && now_ns - s->end_ns < REST_NS))
      return d->launch_busy_ns;
  }
  return d->launch_ns;
}

static uint32_t model_op0(const struct cr_engine *e, uint32_t client)
{
  return e->workload->model[e->workload->client[client].model.i].op0;
}

/* The range is of a job: passes, of which the first waits until its client is ready. */
static void make_passes(struct cr_engine *e, uint32_t range, const struct cr_act *act)
{
  struct range *r = &e->range[range];
  const struct cr_client_spec *client = &e->workload->client[act->client];
  uint32_t n_op = e->workload->model[client->model.i].n_op;
  e->passes[range] =
    (struct passes){.left = act->n_op / n_op - 1, .think_ns = act->think_ns, .ready_ns = act->ready_ns};
  r->is_job = 1;
  r->reach_ns = CR_NS_NEVER;
  if (e->has_iterations)
    return;
  r->op0 = r->model_op0;
  r->n_op = n_op;
  r->model_op0 -= act->op0 - r->model_op0;
}

int cr_engine_reserve(struct cr_engine *e)
{
  if (e->n_to_end + e->n_event < e->range_cap)
    return CR_OK;
  return e->range_cap > UINT32_MAX / 2 ? CR_ENOMEM : grow(e, 2 * e->range_cap);
}

static int launch(struct cr_engine *e, const struct cr_act *act, cr_ns now_ns, struct cr_err *err)
{
  if (cr_engine_reserve(e) != CR_OK)
    return cr_fail_nomem(err, "ranges that are launched at once");
  e->n_to_end++;
  uint32_t i = e->free_range;
  struct range *r = &e->range[i];
  e->free_range = r->next;
  *r = (struct range){.request = act->request,
                      .client = act->client,
                      .op0 = act->op0,
                      .n_op = act->n_op,
                      .model_op0 = model_op0(e, act->client),
                      .next = CR_NONE,
                      .launch_ns = now_ns,
                      .reach_ns = CR_NS_NEVER,
                      .actual_ppm = act->actual_ppm,
                      .n_request = act->n_request,
                      .row = act->row,
                      .block = act->block0,
                      .n_slice = act->n_block,
                      .pad = CR_NONE};
  struct stream *s = &e->stream[act->stream];
  r->stream = act->stream;
  if (e->first_pad != CR_NONE)
    cr_engine_attach_pads(e, r);
  r->is_single = r->pad != CR_NONE || (s->tail != CR_NONE && e->range[s->tail].is_single);
  if (act->kind == CR_ACT_TURN)
    return cr_engine_join_rotation(e, i, act, err);
  if (e->workload->client[act->client].job.iterations)
    make_passes(e, i, act);
  else
    r->eager = cr_hosts_launch(e->hosts, i, act->client, act->op0, act->n_op, now_ns);
  if (!r->is_job && cr_engine_is_fed(e, s, r))
    cr_feeder_hand(&e->device[s->device].feeder, s->local, r->n_op, now_ns);
  if (!r->eager && !cr_engine_is_fed(e, s, r) && s->queue.cap == 0) /* whose calls take their time by themselves */
    r->launch_ns = cr_ns_add(now_ns, launch_ns(e, &e->device[s->device], now_ns));
  if (s->tail != CR_NONE) {
    e->range[s->tail].next = i;
    s->tail = i;
    return CR_OK;
  }
  s->head = s->tail = i;
  cr_engine_reach(e, s, now_ns);
  return CR_OK;
}

int cr_engine_act(struct cr_engine *e, const struct cr_act *act, cr_ns now_ns, struct cr_err *err)
{
  switch ((enum cr_act_kind)act->kind) {
  case CR_ACT_STREAM:
    return make_stream(e, act, err);
  case CR_ACT_LAUNCH:
  case CR_ACT_TURN:
    return launch(e, act, now_ns, err);
  case CR_ACT_PREEMPT:
    cr_engine_stop(e, &e->stream[act->stream], (enum cr_cap)act->how, now_ns);
    return CR_OK;
  case CR_ACT_BEGIN:
    cr_rotation_begin(e->device[act->device].rotation, now_ns);
    cr_engine_find_iterations_wake(e);
    return CR_OK;
  case CR_ACT_SHARE:
    if (e->has_iterations)
      return check_stream(e, act, err);
    share(e, act);
    return CR_OK;
  case CR_ACT_PAD:
    return cr_engine_add_pad(e, act, err);
  }
  return cr_fail(err, CR_ERUN, "the simulator cannot do action %u", act->kind);
}

/* -------------------------------------------------------------------------------------------------------------- time */

static void settle(struct cr_engine *e, uint32_t device, cr_ns now_ns)
{
  struct device *d = &e->device[device];
  d->model.ops->settle(d->model.self);
  d->unsettled = 0;
  if (!e->observer || !e->observer->on_use)
    return;
  uint32_t sms_busy, warps;
  d->model.ops->occupied(d->model.self, &sms_busy, &warps);
  if (sms_busy == d->sms_busy && warps == d->warps)
    return;
  d->sms_busy = sms_busy;
  d->warps = warps;
  e->observer->on_use(e->observer->ctx, device, now_ns, sms_busy, warps);
}

/* What is not the devices' models'. */
static void wake(struct cr_engine *e, cr_ns to_ns)
{
  if (e->has_iterations)
    cr_engine_advance_iterations(e, to_ns);
  else
    wake_streams(e, to_ns);
}

cr_ns cr_engine_next_ns(const struct cr_engine *e)
{
  cr_ns next = cr_min_ns(e->wake_ns, next_feed_ns(e));
  for (uint32_t i = 0; i < e->n_model; i++) {
    const struct cr_device_model *m = &e->device[i].model;
    next = cr_min_ns(next, m->ops->next_ns(m->self));
  }
  return cr_min_ns(next, cr_hosts_next_ns(e->hosts));
}

void cr_engine_advance(struct cr_engine *e, cr_ns to_ns)
{
  if (e->wake_ns <= to_ns || e->has_iterations) /* whose use is counted up to now */
    wake(e, to_ns);
  if (cr_hosts_next_ns(e->hosts) <= to_ns)
    launch_ops(e, to_ns);
  if (next_feed_ns(e) <= to_ns)
    feed_queues(e, to_ns);
  for (uint32_t i = 0; i < e->n_model; i++) {
    struct device *d = &e->device[i];
    const struct cr_device_model *m = &d->model;
    d->due = m->ops->next_ns(m->self) <= to_ns;
    uint32_t n = m->ops->advance(m->self, to_ns, e->end, e->stream_cap);
    for (uint32_t j = 0; j < n; j++)
      end_op(e, i, &e->end[j], to_ns);
  }
  if (cr_sleepers_next_ns(&e->stops) <= to_ns)
    cr_engine_stops_due(e, to_ns);
  for (uint32_t i = 0; i < e->n_model; i++)
    if (e->device[i].due || e->device[i].unsettled)
      settle(e, i, to_ns);
}

/* The device where something changes first, and until when it can go on alone: CR_NONE where it cannot. */
static uint32_t find_first(const struct cr_engine *e, cr_ns *until_ns)
{
  uint32_t first = CR_NONE;
  cr_ns first_ns = cr_min_ns(cr_min_ns(e->wake_ns, next_feed_ns(e)), cr_hosts_next_ns(e->hosts));
  first_ns = *until_ns = cr_min_ns(*until_ns, first_ns);
  for (uint32_t i = 0; i < e->n_model; i++) {
    const struct cr_device_model *m = &e->device[i].model;
    if (e->device[i].unsettled || !m->ops->run)
      return CR_NONE;
    cr_ns next_ns = m->ops->next_ns(m->self);
    if (next_ns >= first_ns) {
      *until_ns = cr_min_ns(*until_ns, next_ns);
      continue;
    }
    *until_ns = first_ns;
    first_ns = next_ns;
    first = i;
  }
  return first_ns < *until_ns ? first : CR_NONE; /* two that change at one instant do so together */
}

/* One device goes on alone, until ops end on it or something else is due; 0: it is no device's turn. */
static int run_first(struct cr_engine *e, cr_ns *now_ns, cr_ns until_ns)
{
  uint32_t first = find_first(e, &until_ns);
  if (first == CR_NONE)
    return 0;
  const struct cr_device_model *m = &e->device[first].model;
  uint32_t n = m->ops->run(m->self, until_ns, e->end, e->stream_cap, now_ns);
  for (uint32_t j = 0; j < n; j++)
    end_op(e, first, &e->end[j], *now_ns);
  if (n)
    settle(e, first, *now_ns);
  return 1;
}

/* Devices that did not go on while another one did. */
static void catch_up(struct cr_engine *e, cr_ns now_ns)
{
  for (uint32_t i = 0; e->n_device > 1 && i < e->n_model; i++) {
    const struct cr_device_model *m = &e->device[i].model;
    if (m->ops->next_ns(m->self) > now_ns)
      m->ops->advance(m->self, now_ns, e->end, e->stream_cap);
  }
}

cr_ns cr_engine_run(struct cr_engine *e, cr_ns now_ns, cr_ns until_ns)
{
  enum { LONG = 1 << 12 };                       /* turns: some tens of ms of real time with six streams */
  int told = e->observer && e->observer->on_use; /* of every instant, so that each is gone through here */
  for (int i = 0; e->n_event == 0 && i < LONG; i++) {
    if (!told && run_first(e, &now_ns, until_ns))
      continue;
    cr_ns next_ns = cr_engine_next_ns(e);
    if (next_ns == CR_NS_NEVER && until_ns == CR_NS_NEVER)
      break;
    catch_up(e, now_ns);
    now_ns = cr_max_ns(now_ns, cr_min_ns(next_ns, until_ns));
    cr_engine_advance(e, now_ns);
    if (now_ns >= until_ns)
      break;
  }
  catch_up(e, now_ns);
  return now_ns;
}

uint32_t cr_engine_take(struct cr_engine *e, struct cr_event *out, uint32_t cap)
{
  uint32_t n = cr_min_u32(cap, e->n_event);
  for (uint32_t i = 0; i < n; i++)
    out[i] = e->event[(e->event_at + i) % e->range_cap];
  e->event_at = (e->event_at + n) % e->range_cap;
  e->n_event -= n;
  return n;
}

void cr_engine_use(const struct cr_engine *e, uint32_t device, cr_ns now_ns, struct cr_use *out)
{
  const struct device *d = &e->device[device];
  const struct cr_device_model *m = &d->model;
  if (d->iterations)
    cr_engine_use_iterations(d, now_ns, out);
  else
    m->ops->use(m->self, out);
}
