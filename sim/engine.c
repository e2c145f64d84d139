/* engine.c - streams of launched ranges over modelled devices.
 *
 * A range (part of a request) waits in its stream's list, then its ops go to the device one after the other.  Ops of
 * an eager program are launched beside that by a thread of the host (host_thread.c): an op starts when its predecessor has
 * ended and its launch call has been made. */
#include "config.h"

#include "sim/engine.h"

#include <math.h>
#include <string.h>

#include "sim/device_model.h"
#include "sim/host_thread.h"
#include "sim/mem.h"
#include "sim/slices.h"

struct range {
  uint32_t request, client, stream;
  uint32_t op0, n_op, done; /* done: finished ops */
  uint32_t model_op0;
  uint32_t next;   /* in the stream, or in the free list */
  uint32_t parked; /* gives up after the op that runs */
  int eager;       /* a thread of the host launches it op by op */
  cr_ns launch_ns; /* when what act() handed over can start on an idle stream */
  cr_ns reach_ns;
};

struct stream {
  uint32_t device, local; /* local: its number on the device */
  uint32_t head, tail;    /* ranges; CR_NONE: empty */
  cr_ns end_ns;           /* of its last op */
  int waits;              /* for the launch call of its head's next op */
};

struct device {
  const struct cr_device_desc *desc;
  struct cr_gpu_model constants;
  struct cr_device_model model;
  cr_ns launch_ns;         /* from the hand-over of work to an idle stream until it starts */
  struct cr_slices *slices; /* the model, when processes take turns; else NULL */
  uint32_t n_stream;
  uint32_t *stream; /* [stream_cap] by local number */
  uint32_t n_process;
  uint32_t *process;        /* [stream_cap] the policy's number of each of the slices' processes */
  uint32_t sms_busy, warps; /* as last told to the observer */
  int unsettled;
};

struct cr_engine {
  struct cr_arena *arena;
  const struct cr_workload *workload;
  const struct cr_observer *observer;
  uint32_t n_device, n_stream, stream_cap, range_cap;
  struct device *device;
  struct stream *stream;
  struct range *range;
  uint32_t *op_index; /* [n_op] place of an op in its model */
  uint32_t free_range;
  struct cr_event *event; /* [range_cap] ring of what happened and was not taken yet */
  uint32_t event_at, n_event;
  struct cr_gpu_end *end; /* [stream_cap] scratch */
  struct cr_hosts *hosts; /* launch threads */
};

static cr_ns us_to_ns(double us)
{
  return (cr_ns)llrint(us * 1e3);
}

static int make_model(struct device *d, const struct cr_device_model_cfg *cfg, int has_processes, struct cr_err *err)
{
  const struct cr_device_model_ops *ops = cr_device_model_of(d->constants.fidelity);
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

static int open_device(struct cr_engine *e, const struct cr_backend_cfg *cfg, uint32_t i, struct cr_err *err)
{
  struct device *d = &e->device[i];
  d->desc = &cfg->machine->device[i];
  int rc = cr_gpu_model_parse(d->desc, cfg->set, &d->constants, err);
  if (rc)
    return rc;
  d->launch_ns = us_to_ns(d->constants.constant[CR_GPU_LAUNCH]);
  d->stream = cr_arena_take(e->arena, cfg->stream_cap, sizeof *d->stream);
  d->process = cr_arena_take(e->arena, cfg->stream_cap, sizeof *d->process);
  if (!d->stream || !d->process)
    return cr_fail_nomem(err, "streams");
  const struct cr_device_model_cfg model = {
    .device = d->desc,
    .model = &d->constants,
    .op = cfg->workload->op,
    .op_index = e->op_index,
    .n_op = cfg->workload->n_op,
    .n_stream = cfg->stream_cap,
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
  e->free_range = CR_NONE;
  if (!e->device || !e->stream || !e->end || !e->op_index || grow(e, cfg->launch_cap))
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
  int rc = open_hosts(e, cfg, err);
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
  for (uint32_t i = 0; e->device && i < e->n_device; i++)
    if (e->device[i].model.self)
      e->device[i].model.ops->free(e->device[i].model.self);
  cr_hosts_free(e->hosts);
  cr_mem_free(e->range);
  cr_mem_free(e->event);
  cr_arena_free(e->arena);
}

/* ------------------------------------------------------------------------------------------------------------ ranges */

static void tell(struct cr_engine *e, const struct range *r, enum cr_event_kind kind, cr_ns at_ns)
{
  uint32_t at = (e->event_at + e->n_event++) % e->range_cap;
  e->event[at] = (struct cr_event){.at_ns = at_ns,
                                   .reach_ns = r->reach_ns,
                                   .kind = kind,
                                   .request = r->request,
                                   .op = r->op0 + r->done - r->model_op0,
                                   .how = kind == CR_EV_BACK ? CR_CAP_PARK : 0};
}

/* Hands the head range's next op to the device, if its launch call has been made. */
static void start_op(struct cr_engine *e, struct stream *s, cr_ns from_ns, cr_ns launched_ns)
{
  const struct range *r = &e->range[s->head];
  s->waits = r->eager && cr_hosts_launched(e->hosts, s->head) <= r->done;
  if (s->waits)
    return;
  struct device *d = &e->device[s->device];
  d->model.ops->start(d->model.self, s->local, r->op0 + r->done, from_ns, launched_ns);
  d->unsettled = 1;
}

static void reach(struct cr_engine *e, struct stream *s, cr_ns now_ns)
{
  struct range *r = &e->range[s->head];
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

/* The head range leaves its stream; the next one starts. */
static void leave(struct cr_engine *e, struct stream *s, enum cr_event_kind kind, cr_ns now_ns)
{
  uint32_t i = s->head;
  struct range *r = &e->range[i];
  tell(e, r, kind, now_ns);
  if (r->eager)
    cr_hosts_drop(e->hosts, i, now_ns);
  s->head = r->next;
  if (s->head == CR_NONE)
    s->tail = CR_NONE;
  r->next = e->free_range;
  e->free_range = i;
  if (s->head != CR_NONE)
    reach(e, s, now_ns);
}

static void end_op(struct cr_engine *e, uint32_t device, const struct cr_gpu_end *end, cr_ns now_ns)
{
  uint32_t id = e->device[device].stream[end->stream];
  struct stream *s = &e->stream[id];
  struct range *r = &e->range[s->head];
  if (e->observer && e->observer->on_op)
    e->observer->on_op(e->observer->ctx, &(struct cr_op_span){.start_ns = end->start_ns,
                                                              .end_ns = now_ns,
                                                              .device = device,
                                                              .stream = id,
                                                              .client = r->client,
                                                              .request = r->request,
                                                              .op = end->op});
  s->end_ns = now_ns;
  r->done++;
  if (r->eager)
    cr_hosts_ended(e->hosts, s->head, r->done, now_ns);
  if (r->done == r->n_op)
    leave(e, s, CR_EV_DONE, now_ns);
  else if (r->parked)
    leave(e, s, CR_EV_BACK, now_ns);
  else
    start_op(e, s, now_ns, r->launch_ns);
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
  d->model.ops->set_share(d->model.self, local, local, (uint32_t)sms);
}

static int make_stream(struct cr_engine *e, const struct cr_act *act, struct cr_err *err)
{
  struct device *d = &e->device[act->device];
  struct stream *s = &e->stream[act->stream];
  *s = (struct stream){.device = act->device, .local = d->n_stream, .head = CR_NONE, .tail = CR_NONE};
  d->stream[d->n_stream++] = act->stream;
  e->n_stream++;
  if (d->slices) {
    uint32_t process;
    int rc = find_process(d, act, &process, err);
    if (rc != CR_OK)
      return rc;
    cr_slices_put(d->slices, s->local, process);
  }
  d->model.ops->set_priority(d->model.self, s->local, act->priority);
  if (act->share_ppm != CR_SHARE_ALL)
    share(e, act);
  return CR_OK;
}

static uint32_t model_op0(const struct cr_engine *e, uint32_t client)
{
  return e->workload->model[e->workload->client[client].model.i].op0;
}

static int launch(struct cr_engine *e, const struct cr_act *act, cr_ns now_ns, struct cr_err *err)
{
  if (e->free_range == CR_NONE && (e->range_cap > UINT32_MAX / 2 || grow(e, 2 * e->range_cap)))
    return cr_fail_nomem(err, "ranges that are launched at once");
  uint32_t i = e->free_range;
  struct range *r = &e->range[i];
  e->free_range = r->next;
  *r = (struct range){.request = act->request,
                      .client = act->client,
                      .op0 = act->op0,
                      .n_op = act->n_op,
                      .model_op0 = model_op0(e, act->client),
                      .next = CR_NONE,
                      .launch_ns = now_ns};
  struct stream *s = &e->stream[act->stream];
  r->stream = act->stream;
  r->eager = cr_hosts_launch(e->hosts, i, act->client, act->op0, act->n_op, now_ns);
  if (!r->eager) /* whose calls take their time by themselves */
    r->launch_ns = cr_ns_add(now_ns, e->device[s->device].launch_ns);
  if (s->tail != CR_NONE) {
    e->range[s->tail].next = i;
    s->tail = i;
    return CR_OK;
  }
  s->head = s->tail = i;
  reach(e, s, now_ns);
  return CR_OK;
}

/* Queued ranges come back at once, the running one after the op that runs. */
static void park(struct cr_engine *e, struct stream *s, cr_ns now_ns)
{
  if (s->head == CR_NONE)
    return;
  struct range *running = &e->range[s->head];
  uint32_t i = running->next;
  running->parked = 1;
  running->next = CR_NONE;
  s->tail = s->head;
  while (i != CR_NONE) {
    struct range *r = &e->range[i];
    uint32_t next = r->next;
    r->reach_ns = now_ns;
    tell(e, r, CR_EV_BACK, now_ns);
    if (r->eager)
      cr_hosts_drop(e->hosts, i, now_ns);
    r->next = e->free_range;
    e->free_range = i;
    i = next;
  }
  if (s->waits) /* no op runs */
    leave(e, s, CR_EV_BACK, now_ns);
}

int cr_engine_act(struct cr_engine *e, const struct cr_act *act, cr_ns now_ns, struct cr_err *err)
{
  switch ((enum cr_act_kind)act->kind) {
  case CR_ACT_STREAM:
    return make_stream(e, act, err);
  case CR_ACT_LAUNCH:
    return launch(e, act, now_ns, err);
  case CR_ACT_PREEMPT:
    park(e, &e->stream[act->stream], now_ns);
    return CR_OK;
  case CR_ACT_SHARE:
    share(e, act);
    return CR_OK;
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

cr_ns cr_engine_next_ns(const struct cr_engine *e)
{
  cr_ns next = CR_NS_NEVER;
  for (uint32_t i = 0; i < e->n_device; i++) {
    const struct cr_device_model *m = &e->device[i].model;
    next = cr_min_ns(next, m->ops->next_ns(m->self));
  }
  return cr_min_ns(next, cr_hosts_next_ns(e->hosts));
}

void cr_engine_advance(struct cr_engine *e, cr_ns to_ns)
{
  if (cr_hosts_next_ns(e->hosts) <= to_ns)
    launch_ops(e, to_ns);
  for (uint32_t i = 0; i < e->n_device; i++) {
    struct device *d = &e->device[i];
    const struct cr_device_model *m = &d->model;
    int due = m->ops->next_ns(m->self) <= to_ns;
    uint32_t n = m->ops->advance(m->self, to_ns, e->end, e->stream_cap);
    for (uint32_t j = 0; j < n; j++)
      end_op(e, i, &e->end[j], to_ns);
    if (due || d->unsettled)
      settle(e, i, to_ns);
  }
}

/* The device where something changes first, and until when it can go on alone: CR_NONE where it cannot. */
static uint32_t find_first(const struct cr_engine *e, cr_ns *until_ns)
{
  uint32_t first = CR_NONE;
  cr_ns first_ns = *until_ns = cr_min_ns(*until_ns, cr_hosts_next_ns(e->hosts));
  for (uint32_t i = 0; i < e->n_device; i++) {
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
  return first;
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
  for (uint32_t i = 0; e->n_device > 1 && i < e->n_device; i++) {
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

void cr_engine_use(const struct cr_engine *e, uint32_t device, struct cr_use *out)
{
  const struct cr_device_model *m = &e->device[device].model;
  m->ops->use(m->self, out);
}
