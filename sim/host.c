/* host.c - a policy at work: the columns it sees, kept up by the notes it is told and those it asks for. */
#include "config.h"

#include "sim/host.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "sim/batch.h"
#include "sim/gpu.h"
#include "sim/mem.h"
#include "sim/memory.h"
#include "sim/node_device.h"
#include "sim/option.h"

enum {
  WORD = 64,           /* slots to a word of the bitmap: their number is a multiple of it */
  JOB_SLOTS = 4096,    /* jobs that may be admitted at once before the columns grow */
  OPEN_SLOTS = 1024,   /* backlog that an open-loop client may have before the columns grow */
  SLOTS_MAX = 1 << 20, /* at set-up; more only when a run comes to need them */
  STREAMS = 64,        /* at first */
};

/* --- set-up ----------------------------------------------------------------------------------------------------- */

static int check_table(const struct cr_policy_ops *ops, struct cr_err *err)
{
  if (ops->abi != CR_POLICY_ABI)
    return cr_fail(err, CR_EINPUT, "policy %s is built for interface %u, this program has %u; build it again",
                   ops->name ? ops->name : "?", ops->abi, (unsigned)CR_POLICY_ABI);
  if (!ops->name || !ops->about)
    return cr_fail(err, CR_EINPUT, "a policy without name or about line; both are required");
  if (!ops->on_request && !ops->on_room)
    return cr_fail(err, CR_EINPUT, "policy %s has neither on_request nor on_room; it needs one to do anything",
                   ops->name);
  return CR_OK;
}

/* Of requests at an even rate, the least time between two of them, each of which is rounded to a nanosecond. */
static cr_ns period_of(const struct cr_client_spec *c)
{
  if (c->period_ns)
    return c->period_ns;
  return c->arrival.kind == CR_ARRIVE_UNIFORM ? (cr_ns)(1e9 / c->arrival.rate_per_s) : CR_NS_NEVER;
}

static int add_times_of_clients(struct cr_host *h)
{
  const struct cr_workload *w = h->workload;
  cr_ns *period_ns = cr_arena_take(h->arena, w->n_client, sizeof *period_ns);
  cr_ns *join_ns = cr_arena_take(h->arena, w->n_client, sizeof *join_ns);
  if (!period_ns || !join_ns)
    return CR_ENOMEM;
  for (uint32_t i = 0; i < w->n_client; i++) {
    period_ns[i] = period_of(&w->client[i]);
    join_ns[i] = w->client[i].join_ns;
  }
  h->view.client_period_ns = period_ns;
  h->view.client_join_ns = join_ns;
  return CR_OK;
}

static int add_clients(struct cr_host *h)
{
  const struct cr_workload *w = h->workload;
  uint32_t n = w->n_client;
  uint32_t *model = cr_arena_take(h->arena, n, sizeof *model), *weight = cr_arena_take(h->arena, n, sizeof *weight);
  uint8_t *class = cr_arena_take(h->arena, n, sizeof *class);
  int32_t *priority = cr_arena_take(h->arena, n, sizeof *priority);
  cr_ns *deadline_ns = cr_arena_take(h->arena, n, sizeof *deadline_ns);
  uint32_t *batch = cr_arena_take(h->arena, n, sizeof *batch);
  h->client_n_request = cr_arena_take(h->arena, n, sizeof *h->client_n_request);
  if (!model || !weight || !class || !priority || !deadline_ns || !batch || !h->client_n_request)
    return CR_ENOMEM;
  for (uint32_t i = 0; i < n; i++) {
    const struct cr_client_spec *c = &w->client[i];
    model[i] = c->model.i;
    weight[i] = c->weight;
    class[i] = (uint8_t)c->class;
    priority[i] = c->priority;
    deadline_ns[i] = c->deadline_ns;
    batch[i] = c->batch;
  }
  h->view.n_client = n;
  h->view.client_model = model;
  h->view.client_weight = weight;
  h->view.client_class = class;
  h->view.client_priority = priority;
  h->view.client_deadline_ns = deadline_ns;
  h->view.client_batch = batch;
  return add_times_of_clients(h);
}

static int add_stages(struct cr_host *h)
{
  const struct cr_workload *w = h->workload;
  uint32_t n = 0;
  for (uint32_t c = 0; c < w->n_client; c++)
    n += w->client[c].n_stage;
  uint32_t *stage0 = cr_arena_take(h->arena, (size_t)w->n_client + 1, sizeof *stage0);
  uint32_t *device = cr_arena_take(h->arena, n, sizeof *device), *n_op = cr_arena_take(h->arena, n, sizeof *n_op);
  if (!stage0 || !device || !n_op)
    return CR_ENOMEM;
  n = 0;
  for (uint32_t c = 0; c < w->n_client; c++) {
    for (uint32_t i = 0; i < w->client[c].n_stage; i++, n++) {
      device[n] = w->client[c].stage[i].device;
      n_op[n] = w->client[c].stage[i].n_op;
    }
    stage0[c + 1] = n;
  }
  h->view.client_stage0 = stage0;
  h->view.stage_device = device;
  h->view.stage_n_op = n_op;
  return CR_OK;
}

static int add_models(struct cr_host *h)
{
  const struct cr_workload *w = h->workload;
  uint32_t n = w->n_model;
  uint32_t *op0 = cr_arena_take(h->arena, n, sizeof *op0), *n_op = cr_arena_take(h->arena, n, sizeof *n_op);
  uint32_t *n_stage = cr_arena_take(h->arena, n, sizeof *n_stage);
  if (!op0 || !n_op || !n_stage)
    return CR_ENOMEM;
  for (uint32_t i = 0; i < n; i++) {
    op0[i] = w->model[i].op0;
    n_op[i] = w->model[i].n_op;
    n_stage[i] = w->model[i].n_stage;
  }
  h->view.n_model = n;
  h->view.model_op0 = op0;
  h->view.model_n_op = n_op;
  h->view.model_n_stage = n_stage;
  return CR_OK;
}

static int add_ops(struct cr_host *h)
{
  const struct cr_workload *w = h->workload;
  uint32_t n = w->n_op;
  uint32_t *blocks = cr_arena_take(h->arena, n, sizeof *blocks), *stage = cr_arena_take(h->arena, n, sizeof *stage);
  uint32_t *threads = cr_arena_take(h->arena, n, sizeof *threads);
  uint8_t *kind = cr_arena_take(h->arena, n, sizeof *kind);
  uint8_t *idempotent = cr_arena_take(h->arena, n, sizeof *idempotent);
  cr_ns *duration_ns = cr_arena_take(h->arena, n, sizeof *duration_ns);
  h->op_start_ns = cr_arena_take(h->arena, (size_t)n + 1, sizeof *h->op_start_ns);
  if (!blocks || !threads || !stage || !kind || !idempotent || !duration_ns || !h->op_start_ns)
    return CR_ENOMEM;
  for (uint32_t i = 0; i < n; i++) {
    idempotent[i] = (uint8_t)w->op[i].idempotent;
    duration_ns[i] = w->op[i].duration_ns;
    blocks[i] = w->op[i].blocks;
    threads[i] = w->op[i].threads;
    stage[i] = w->op[i].stage;
    kind[i] = (uint8_t)w->op[i].kind;
    h->op_start_ns[i + 1] = cr_ns_add(h->op_start_ns[i], w->op[i].duration_ns);
  }
  h->view.n_op = n;
  h->view.op_blocks = blocks;
  h->view.op_threads = threads;
  h->view.op_stage = stage;
  h->view.op_kind = kind;
  h->view.op_idempotent = idempotent;
  h->view.op_duration_ns = duration_ns;
  return CR_OK;
}

_Static_assert((int)CR_VIEW_GPU == CR_DEVICE_GPU && (int)CR_VIEW_CPU_NODE == CR_DEVICE_CPU_NODE &&
                 (int)CR_VIEW_GPU_NODE == CR_DEVICE_GPU_NODE,
               "a policy sees the kinds of devices under names of its own");

static int add_node_costs(struct cr_host *h)
{
  uint32_t n = h->machine->n_device;
  cr_ns *notify_ns = cr_arena_take(h->arena, n, sizeof *notify_ns);
  cr_ns *preempt_ns = cr_arena_take(h->arena, n, sizeof *preempt_ns);
  cr_ns *copy_ns = cr_arena_take(h->arena, n, sizeof *copy_ns);
  if (!notify_ns || !preempt_ns || !copy_ns)
    return CR_ENOMEM;
  for (uint32_t i = 0; i < n; i++) {
    const struct cr_device_desc *d = &h->machine->device[i];
    notify_ns[i] = d->node.notify_ns;
    preempt_ns[i] = cr_node_preempt_ns(d);
    copy_ns[i] = d->node.gpu_copy_ns;
  }
  h->view.device_notify_ns = notify_ns;
  h->view.device_preempt_ns = preempt_ns;
  h->view.device_gpu_copy_ns = copy_ns;
  return CR_OK;
}

static int add_devices(struct cr_host *h)
{
  uint32_t n = h->machine->n_device;
  uint32_t *sms = cr_arena_take(h->arena, n, sizeof *sms), *threads = cr_arena_take(h->arena, n, sizeof *threads);
  uint32_t *cores = cr_arena_take(h->arena, n, sizeof *cores);
  uint8_t *kind = cr_arena_take(h->arena, n, sizeof *kind);
  if (!sms || !threads || !cores || !kind)
    return CR_ENOMEM;
  for (uint32_t i = 0; i < n; i++) {
    kind[i] = (uint8_t)h->machine->device[i].kind;
    cores[i] = h->machine->device[i].node.n_core;
    sms[i] = h->machine->device[i].sms;
    threads[i] = h->machine->device[i].sm_threads;
  }
  h->view.n_device = n;
  h->view.device_sms = sms;
  h->view.device_sm_threads = threads;
  h->view.device_kind = kind;
  h->view.device_cores = cores;
  return add_node_costs(h);
}

/* For policies that pad.  What cannot run on a device, and what is no kernel, has no times there. */
static int add_block_times(struct cr_host *h)
{
  const struct cr_workload *w = h->workload;
  if (!(h->policy.ops->needs & CR_CAP_PAD))
    return CR_OK;
  size_t n_time = (size_t)w->n_op * h->machine->n_device;
  h->block_ns = cr_arena_take(h->arena, n_time, CR_HOST_SM_BLOCKS * sizeof *h->block_ns);
  if (!h->block_ns)
    return CR_ENOMEM;
  cr_ns *at = h->block_ns;
  for (uint32_t d = 0; d < h->machine->n_device; d++)
    for (uint32_t i = 0; i < w->n_op; i++, at += CR_HOST_SM_BLOCKS)
      cr_gpu_block_times(&h->machine->device[d], &w->op[i], at, CR_HOST_SM_BLOCKS);
  return CR_OK;
}

/* Of n elements old, n_new; the new ones are zero.  When memory runs out the old block stays and *rc says so. */
static void *widen(void *old, uint32_t n, uint32_t n_new, size_t size, int *rc)
{
  unsigned char *wide = cr_mem_resize(old, n_new, size);
  if (!wide) {
    *rc = CR_ENOMEM;
    return old;
  }
  memset(wide + n * size, 0, (n_new - n) * size);
  return wide;
}

static int widen_streams(struct cr_host *h, uint32_t cap)
{
  int rc = CR_OK;
  h->stream_device = widen(h->stream_device, h->stream_cap, cap, sizeof *h->stream_device, &rc);
  h->stream_held = widen(h->stream_held, h->stream_cap, cap, sizeof *h->stream_held, &rc);
  h->stream_priority = widen(h->stream_priority, h->stream_cap, cap, sizeof *h->stream_priority, &rc);
  h->stream_process = widen(h->stream_process, h->stream_cap, cap, sizeof *h->stream_process, &rc);
  h->stream_slice_ns = widen(h->stream_slice_ns, h->stream_cap, cap, sizeof *h->stream_slice_ns, &rc);
  h->stream_share_ppm = widen(h->stream_share_ppm, h->stream_cap, cap, sizeof *h->stream_share_ppm, &rc);
  h->stream_queue = widen(h->stream_queue, h->stream_cap, cap, sizeof *h->stream_queue, &rc);
  h->stream_reclaim = widen(h->stream_reclaim, h->stream_cap, cap, sizeof *h->stream_reclaim, &rc);
  h->stream_pad = widen(h->stream_pad, h->stream_cap, cap, sizeof *h->stream_pad, &rc);
  if (rc == CR_OK)
    h->stream_cap = cap;
  h->view.stream_device = h->stream_device;
  h->view.stream_held = h->stream_held;
  h->view.stream_priority = h->stream_priority;
  return rc;
}

static uint32_t groups_of(uint32_t n_slot)
{
  return (n_slot / WORD + WORD - 1) / WORD;
}

static int widen_slots(struct cr_host *h, uint32_t cap)
{
  struct cr_view *v = &h->view;
  uint32_t n = v->request_cap;
  int rc = CR_OK;
  h->request_client = widen(h->request_client, n, cap, sizeof *h->request_client, &rc);
  h->request_next_op = widen(h->request_next_op, n, cap, sizeof *h->request_next_op, &rc);
  h->request_next_block = widen(h->request_next_block, n, cap, sizeof *h->request_next_block, &rc);
  h->request_handed_op = widen(h->request_handed_op, n, cap, sizeof *h->request_handed_op, &rc);
  h->request_arrive_ns = widen(h->request_arrive_ns, n, cap, sizeof *h->request_arrive_ns, &rc);
  h->request_deadline_ns = widen(h->request_deadline_ns, n, cap, sizeof *h->request_deadline_ns, &rc);
  h->request_ready_ns = widen(h->request_ready_ns, n, cap, sizeof *h->request_ready_ns, &rc);
  h->request_batch = widen(h->request_batch, n, cap, sizeof *h->request_batch, &rc);
  h->request_ran_ns = widen(h->request_ran_ns, n, cap, sizeof *h->request_ran_ns, &rc);
  h->flight = widen(h->flight, n, cap, sizeof *h->flight, &rc);
  h->free_slot = widen(h->free_slot, n / WORD, cap / WORD, sizeof *h->free_slot, &rc);
  h->free_group = widen(h->free_group, groups_of(n), groups_of(cap), sizeof *h->free_group, &rc);
  h->policy.request_state = widen(h->policy.request_state, n, cap, h->policy.ops->request_bytes, &rc);
  v->request_client = h->request_client;
  v->request_next_op = h->request_next_op;
  v->request_next_block = h->request_next_block;
  v->request_handed_op = h->request_handed_op;
  v->request_arrive_ns = h->request_arrive_ns;
  v->request_deadline_ns = h->request_deadline_ns;
  v->request_ready_ns = h->request_ready_ns;
  v->request_ran_ns = h->request_ran_ns;
  v->request_batch = h->request_batch;
  if (rc != CR_OK)
    return rc;
  for (uint32_t i = n; i < cap; i++)
    h->request_client[i] = CR_NONE;
  for (uint32_t i = n / WORD; i < cap / WORD; i++) {
    h->free_slot[i] = UINT64_MAX;
    h->free_group[i / WORD] |= UINT64_C(1) << i % WORD;
  }
  v->request_cap = cap;
  return CR_OK;
}

/* Room for every request of a load that the device can keep up with.  It follows from the workload alone, so that a
 * replay shows the policy the same number. */
static uint32_t slots_of(const struct cr_workload *w)
{
  uint64_t n = 0, n_job = 0;
  for (uint32_t i = 0; i < w->n_client; i++) {
    const struct cr_arrival_spec *a = &w->client[i].arrival;
    if (a->kind == CR_ARRIVE_AT)
      n_job++;
    else
      n += cr_min_u32(a->kind == CR_ARRIVE_CLOSED ? a->depth : OPEN_SLOTS, w->client[i].max_requests);
  }
  n += n_job < JOB_SLOTS ? n_job : JOB_SLOTS;
  uint32_t cap = WORD;
  while (cap < n && cap < SLOTS_MAX)
    cap *= 2;
  return cap;
}

static int add_state(struct cr_host *h, const char *options, struct cr_err *err)
{
  const struct cr_policy_ops *ops = h->policy.ops;
  uint32_t n_opt = cr_opt_count(ops->options);
  int64_t *opt = cr_arena_take(h->arena, n_opt, sizeof *opt);
  h->policy.state = cr_arena_take(h->arena, 1, ops->state_bytes);
  h->policy.client_state = cr_arena_take(h->arena, h->workload->n_client, ops->client_bytes);
  if (!opt || !h->policy.state || !h->policy.client_state)
    return cr_fail_nomem(err, "a policy's state");
  char who[128];
  snprintf(who, sizeof who, "policy %s", ops->name);
  h->policy.opt = opt;
  return cr_opt_parse(ops->options, options, opt, who, err);
}

static int build(struct cr_host *h, const char *options, struct cr_err *err)
{
  h->arena = cr_arena_new();
  if (!h->arena || add_devices(h) != CR_OK || add_clients(h) != CR_OK || add_stages(h) != CR_OK ||
      add_models(h) != CR_OK || add_ops(h) != CR_OK || add_block_times(h) != CR_OK || cr_host_add_jobs(h) != CR_OK ||
      cr_host_add_turns(h) != CR_OK || cr_asker_init(&h->asker) != CR_OK || widen_streams(h, STREAMS) != CR_OK ||
      widen_slots(h, slots_of(h->workload)) != CR_OK)
    return cr_fail_nomem(err, "what a policy sees");
  return add_state(h, options, err);
}

int cr_host_init(struct cr_host *h, const struct cr_workload *w, const struct cr_machine *m,
                 const struct cr_policy_ops *ops, const char *options, struct cr_err *err)
{
  int rc = check_table(ops, err);
  if (rc != CR_OK)
    return rc;
  *h = (struct cr_host){.workload = w, .machine = m};
  h->policy = (struct cr_policy){.ops = ops, .view = &h->view, .asker = &h->asker};
  rc = build(h, options, err);
  if (rc == CR_OK && ops->init) {
    h->asker.set_up = 1;
    h->n_callback++;
    rc = ops->init(&h->policy, err);
    if (rc != CR_OK)
      rc = cr_fail_in(err, CR_EINPUT, "policy %s", ops->name);
  }
  h->began = rc == CR_OK;
  if (rc != CR_OK)
    cr_host_fini(h);
  return rc;
}

void cr_host_fini(struct cr_host *h)
{
  if (h->began && h->policy.ops->fini)
    h->policy.ops->fini(&h->policy);
  cr_asker_fini(&h->asker);
  cr_arena_free(h->arena);
  cr_mem_free(h->stream_device);
  cr_mem_free(h->stream_held);
  cr_mem_free(h->stream_priority);
  cr_mem_free(h->stream_process);
  cr_mem_free(h->stream_slice_ns);
  cr_mem_free(h->stream_share_ppm);
  cr_mem_free(h->stream_queue);
  cr_mem_free(h->stream_reclaim);
  cr_mem_free(h->stream_pad);
  cr_mem_free(h->request_next_block);
  cr_mem_free(h->request_handed_op);
  cr_mem_free(h->request_client);
  cr_mem_free(h->request_next_op);
  cr_mem_free(h->request_arrive_ns);
  cr_mem_free(h->request_deadline_ns);
  cr_mem_free(h->request_ready_ns);
  cr_mem_free(h->request_ran_ns);
  cr_mem_free(h->request_batch);
  cr_memory_free(h->memory);
  cr_mem_free(h->flight);
  cr_mem_free(h->free_slot);
  cr_mem_free(h->free_group);
  cr_mem_free(h->policy.request_state);
  *h = (struct cr_host){0};
}

/* --- slots ------------------------------------------------------------------------------------------------------ */

uint32_t cr_host_slot(struct cr_host *h)
{
  uint32_t n_group = groups_of(h->view.request_cap);
  for (uint32_t g = 0; g < n_group; g++)
    if (h->free_group[g]) {
      uint32_t word = g * WORD + (uint32_t)__builtin_ctzll(h->free_group[g]);
      return word * WORD + (uint32_t)__builtin_ctzll(h->free_slot[word]);
    }
  uint32_t slot = h->view.request_cap;
  return cr_host_reserve(h, slot) == CR_OK ? slot : CR_NONE;
}

int cr_host_reserve(struct cr_host *h, uint32_t slot)
{
  while (slot >= h->view.request_cap) {
    if (h->view.request_cap > UINT32_MAX / 4)
      return CR_ENOMEM;
    int rc = widen_slots(h, h->view.request_cap * 2);
    if (rc != CR_OK)
      return rc;
  }
  return CR_OK;
}

static void take_slot(struct cr_host *h, uint32_t slot)
{
  uint32_t word = slot / WORD;
  h->free_slot[word] &= ~(UINT64_C(1) << slot % WORD);
  if (!h->free_slot[word])
    h->free_group[word / WORD] &= ~(UINT64_C(1) << word % WORD);
  h->n_live++;
}

void cr_host_put_slot(struct cr_host *h, uint32_t slot)
{
  uint32_t word = slot / WORD;
  h->job_request[h->request_client[slot]] = CR_NONE;
  h->request_client[slot] = CR_NONE;
  h->free_slot[word] |= UINT64_C(1) << slot % WORD;
  h->free_group[word / WORD] |= UINT64_C(1) << word % WORD;
  h->n_live--;
}

/* --- telling ---------------------------------------------------------------------------------------------------- */

static void tell_client(struct cr_host *h, cr_client c)
{
  if (!h->policy.ops->on_client)
    return;
  h->n_callback++;
  h->policy.ops->on_client(&h->policy, c);
}

static void tell_request(struct cr_host *h, const struct cr_note *told)
{
  const struct cr_policy_ops *ops = h->policy.ops;
  uint32_t slot = told->a, client = told->b;
  take_slot(h, slot);
  h->request_client[slot] = client;
  h->request_next_op[slot] = 0;
  h->request_arrive_ns[slot] = (cr_ns)told->t;
  h->request_deadline_ns[slot] = cr_ns_add((cr_ns)told->t, h->view.client_deadline_ns[client]);
  h->request_ready_ns[slot] = (cr_ns)told->t;
  h->request_ran_ns[slot] = CR_NS_NEVER;
  h->request_batch[slot] = 1;
  h->request_next_block[slot] = h->request_handed_op[slot] = 0;
  h->flight[slot] = (struct cr_flight){
    .reach_ns = CR_NS_NEVER,
    .ran_ns = CR_NS_NEVER,
    .stream = CR_NONE,
    .number = h->client_n_request[client]++,
    .pad_of = CR_NONE,
    .batch_of = CR_NONE,
    .batch_next = CR_NONE,
    .batch_last = CR_NONE,
  };
  h->job_request[client] = slot;
  if (ops->request_bytes)
    memset(cr_request_state(&h->policy, (cr_request){slot}), 0, ops->request_bytes);
  if (!ops->on_request)
    return;
  h->n_callback++;
  ops->on_request(&h->policy, (cr_request){slot});
}

cr_ns cr_host_recorded_ns(const struct cr_host *h, uint32_t device, uint32_t op, uint32_t n, uint32_t row)
{
  const struct cr_op_spec *o = &h->workload->op[op];
  size_t at = (size_t)row * o->n_layer + device;
  cr_ns sum_ns = o[0].layer[at].hd_ns + o[n - 1].layer[at].dh_ns;
  for (uint32_t i = 0; i < n; i++)
    sum_ns = cr_ns_add(sum_ns, o[i].layer[at].exec_ns + o[i].layer[at].misc_ns);
  return sum_ns;
}

cr_ns cr_host_flight_ns(const struct cr_host *h, uint32_t request)
{
  uint32_t op0 = cr_host_model(h, request)->op0, next = h->request_next_op[request], end = h->flight[request].end_op;
  if (h->workload->op[op0].kind != CR_OP_LAYER)
    return CR_NS_NEVER;
  const struct cr_flight *f = &h->flight[request];
  return cr_host_recorded_ns(h, h->stream_device[f->stream], op0 + next, end - next, f->row);
}

/* The policy owns the request again, from the note's op on. */
static void land(struct cr_host *h, const struct cr_note *told)
{
  uint32_t slot = told->a, next_op = told->b;
  struct cr_flight *f = &h->flight[slot];
  assert(h->request_client[slot] != CR_NONE && f->stream != CR_NONE);
  assert(next_op >= h->request_next_op[slot] && next_op <= f->end_op);
  h->request_ran_ns[slot] = f->ran_ns != CR_NS_NEVER ? f->ran_ns : cr_host_flight_ns(h, slot);
  f->ran_ns = CR_NS_NEVER;
  if (h->request_batch[slot])
    cr_host_let_go(h, f->stream);
  if (cr_host_is_job(h, h->request_client[slot]))
    cr_host_land_job(h, told);
  h->request_next_op[slot] = next_op;
  if (!f->is_cut) {
    h->request_next_block[slot] = 0;
    h->request_handed_op[slot] = next_op;
  }
  f->is_cut = 0;
  if (f->pad_of != CR_NONE)
    h->stream_pad[f->stream] = 0;
  f->pad_of = CR_NONE;
  f->stream = CR_NONE;
  cr_host_follow_leader(h, slot);
}

static void tell_cut(struct cr_host *h, const struct cr_note *told)
{
  h->request_next_block[told->a] = told->b;
  h->request_handed_op[told->a] = told->c;
  h->flight[told->a].is_cut = 1;
}

static void tell_done(struct cr_host *h, const struct cr_note *told)
{
  uint32_t slot = told->a;
  int complete = told->b == cr_host_n_op(h, slot);
  if (complete)
    cr_host_part_batch(h, slot);
  land(h, told);
  if (h->policy.ops->on_done) {
    h->n_callback++;
    h->policy.ops->on_done(&h->policy, (cr_request){slot}, complete);
  }
  if (complete)
    cr_host_put_slot(h, slot);
}

static void tell_back(struct cr_host *h, const struct cr_note *told)
{
  land(h, told);
  if (!h->policy.ops->on_back)
    return;
  h->n_callback++;
  h->policy.ops->on_back(&h->policy, (cr_request){told->a}, (enum cr_cap)told->c);
}

static void tell_timer(struct cr_host *h, uint64_t cookie)
{
  if (!h->policy.ops->on_timer)
    return;
  h->n_callback++;
  h->policy.ops->on_timer(&h->policy, cookie);
}

static void tell_room(struct cr_host *h, cr_stream s)
{
  if (!h->policy.ops->on_room)
    return;
  h->n_callback++;
  h->policy.ops->on_room(&h->policy, s);
}

void cr_host_tell(struct cr_host *h, const struct cr_note *told)
{
  assert(cr_note_is_told(told->kind));
  h->view.now_ns = told->at_ns;
  h->gathering = 0;
  h->asker.n = 0;
  h->asker.set_up = told->kind == CR_NOTE_CLIENT;
  switch (told->kind) {
  case CR_NOTE_CLIENT:
    tell_client(h, (cr_client){told->a});
    break;
  case CR_NOTE_REQUEST:
    tell_request(h, told);
    break;
  case CR_NOTE_DONE:
  case CR_NOTE_TURNED:
    tell_done(h, told);
    break;
  case CR_NOTE_BACK:
    tell_back(h, told);
    break;
  case CR_NOTE_TIMER:
    tell_timer(h, told->t);
    break;
  case CR_NOTE_THOUGHT: /* for the note that follows */
    h->flight[told->a].ready_ns = (cr_ns)told->t;
    break;
  case CR_NOTE_ROOM:
    tell_room(h, (cr_stream){told->a});
    break;
  case CR_NOTE_CUT:
    tell_cut(h, told);
    break;
  case CR_NOTE_RAN: /* as THOUGHT */
    h->flight[told->a].ran_ns = (cr_ns)told->t;
    break;
  default:
    cr_host_tell_job(h, told);
    break;
  }
}

/* --- granting --------------------------------------------------------------------------------------------------- */

static int grant_stream(struct cr_host *h, const struct cr_note *asked)
{
  if (asked->a == h->stream_cap) {
    int rc = widen_streams(h, h->stream_cap * 2);
    if (rc != CR_OK)
      return rc;
  }
  assert(asked->a == h->view.n_stream);
  h->stream_device[asked->a] = asked->b;
  h->stream_priority[asked->a] = (int32_t)asked->c;
  h->stream_held[asked->a] = 0;
  h->stream_process[asked->a] = CR_NONE;
  h->stream_slice_ns[asked->a] = CR_NS_NEVER;
  h->stream_share_ppm[asked->a] = CR_SHARE_ALL;
  h->stream_queue[asked->a] = 0;
  h->stream_reclaim[asked->a] = CR_RECLAIM_LATER;
  h->stream_pad[asked->a] = 0;
  h->view.n_stream = asked->a + 1;
  return CR_OK;
}

static void grant_process(struct cr_host *h, const struct cr_note *asked)
{
  h->stream_process[asked->a] = asked->b;
  h->stream_slice_ns[asked->a] = (cr_ns)asked->t;
}

/* Of the times of layers that are launched; there is one, or the launch would have been refused. */
static uint32_t row_of(const struct cr_host *h, uint32_t request, uint32_t op, uint32_t n_op)
{
  const struct cr_model_info *m = cr_host_model(h, request);
  if (h->workload->op[m->op0].kind != CR_OP_LAYER)
    return 0;
  return cr_batch_row(m, &h->workload->op[m->op0 + op], n_op, h->stream_device[h->flight[request].stream],
                      h->request_batch[request], h->view.client_batch[h->request_client[request]]);
}

static void grant_launch(struct cr_host *h, const struct cr_note *asked)
{
  uint32_t next = h->request_next_op[asked->a], left = cr_host_n_op(h, asked->a) - next;
  struct cr_flight *f = &h->flight[asked->a];
  f->stream = asked->c;
  f->end_op = next + (asked->kind == CR_NOTE_TURN ? left : cr_min_u32(asked->b, left));
  f->ready_ns = CR_NS_NEVER;
  cr_host_hold(h, asked->c);
  f->n_pad = 0;
  f->row = row_of(h, asked->a, next, f->end_op - next);
  cr_host_follow_leader(h, asked->a);
  if (cr_host_is_job(h, h->request_client[asked->a]))
    cr_host_launch_job(h, h->request_client[asked->a], asked->c);
}

static uint32_t blocks_left(const struct cr_host *h, uint32_t request, uint32_t op, uint32_t block)
{
  return h->workload->op[cr_host_model(h, request)->op0 + op].blocks - block;
}

static void grant_slice(struct cr_host *h, const struct cr_note *asked)
{
  struct cr_flight *f = &h->flight[asked->a];
  uint32_t next = h->request_next_op[asked->a];
  f->stream = asked->c;
  f->end_op = next + (asked->b >= blocks_left(h, asked->a, next, h->request_next_block[asked->a]));
  cr_host_hold(h, asked->c);
}

static void grant_pad(struct cr_host *h, const struct cr_note *asked)
{
  struct cr_flight *rt = &h->flight[asked->a], *be = &h->flight[asked->b];
  struct cr_pad_note pad = cr_note_pad_of(asked);
  if (be->stream == CR_NONE) {
    be->stream = pad.stream;
    be->pad_of = asked->a;
    be->end_op = h->request_next_op[asked->b];
    be->end_block = h->request_next_block[asked->b];
    cr_host_hold(h, pad.stream);
    h->stream_pad[pad.stream] = 1;
  }
  be->end_block += cr_min_u32(pad.n_block, blocks_left(h, asked->b, be->end_op, be->end_block));
  if (blocks_left(h, asked->b, be->end_op, be->end_block) == 0) {
    be->end_op++;
    be->end_block = 0;
  }
  rt->n_pad++;
  rt->pad_op = be->pad_op = asked->c;
  rt->pad_sms = pad.rt_sms;
  rt->pad_device = h->stream_device[pad.stream];
}

/* Those that preempting policies ask for. */
static void grant_cut(struct cr_host *h, const struct cr_note *asked)
{
  switch (asked->kind) {
  case CR_NOTE_QUEUE:
    h->stream_queue[asked->a] = asked->b;
    h->stream_reclaim[asked->a] = asked->c;
    break;
  case CR_NOTE_REWIND:
    h->request_next_op[asked->a] = asked->b;
    h->request_next_block[asked->a] = 0;
    cr_host_follow_leader(h, asked->a);
    break;
  case CR_NOTE_SLICE:
    grant_slice(h, asked);
    break;
  default:
    grant_pad(h, asked);
    break;
  }
}

/* With it go those that run together with it. */
static void grant_drop(struct cr_host *h, uint32_t request)
{
  for (; request != CR_NONE; request = h->flight[request].batch_next)
    cr_host_put_slot(h, request);
}

int cr_host_grant(struct cr_host *h, const struct cr_note *asked, enum cr_refusal *refusal)
{
  if (!cr_host_gathers(h, asked))
    h->gathering = 0;
  *refusal = cr_ask_check(h, asked);
  if (*refusal != CR_GRANTED)
    return CR_OK;
  if (asked->kind == CR_NOTE_STREAM)
    return grant_stream(h, asked);
  if (asked->kind == CR_NOTE_LAUNCH || asked->kind == CR_NOTE_TURN)
    grant_launch(h, asked);
  if (asked->kind == CR_NOTE_TURN)
    cr_host_grant_turn(h, asked);
  if (asked->kind == CR_NOTE_DROP)
    grant_drop(h, asked->a);
  if (asked->kind == CR_NOTE_BATCH)
    cr_host_grant_batch(h, asked);
  if (asked->kind == CR_NOTE_PROCESS)
    grant_process(h, asked);
  if (asked->kind == CR_NOTE_SHARE)
    h->stream_share_ppm[asked->a] = asked->b;
  if (asked->kind >= CR_NOTE_QUEUE && asked->kind <= CR_NOTE_PAD)
    grant_cut(h, asked);
  if (asked->kind >= CR_NOTE_START && asked->kind <= CR_NOTE_MOVE)
    *refusal = cr_host_grant_job(h, asked);
  return CR_OK;
}
