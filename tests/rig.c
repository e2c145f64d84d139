/* rig.c - an engine by itself, driven action by action. */
#include "config.h"

#include "tests/rig.h"

#include <inttypes.h>

#include "sim/ask.h"
#include "tests/t.h"

static void on_op(void *ctx, const struct cr_op_span *span)
{
  struct rig *r = ctx;
  assert_true(r->n_span < RIG_SPANS);
  r->span[r->n_span++] = *span;
}

static void on_use(void *ctx, uint32_t device, cr_ns at_ns, uint32_t sms_busy, uint32_t warps)
{
  (void)at_ns;
  (void)warps;
  ((struct rig *)ctx)->sms_busy[device] = sms_busy;
}

void rig_device(struct rig *r, uint32_t n_device)
{
  *r = (struct rig){.machine = {.n_device = n_device, .device = r->device}};
  for (uint32_t i = 0; i < RIG_DEVICES; i++) {
    r->device[i] = load_gpu("four", RIG_SMS);
    r->device[i].sm_threads = 1024;
    r->device[i].sm_warps = 32;
    r->device[i].mem_bytes = 1000;
  }
}

void rig_init(struct rig *r)
{
  rig_device(r, RIG_DEVICES);
  r->builder = cr_workload_builder_new();
  assert_non_null(r->builder);
  r->observer = (struct cr_observer){.ctx = r, .on_op = on_op, .on_use = on_use};
}

void rig_fini(struct rig *r)
{
  cr_engine_free(r->engine);
  cr_workload_builder_free(r->builder);
  cr_text_fini(&r->story);
}

void rig_price(struct rig *r, enum cr_gpu_constant price, cr_ns ns)
{
  for (uint32_t i = 0; i < RIG_DEVICES; i++)
    r->device[i].constant[price] = (double)ns / 1e3;
}

void rig_init_stops(struct rig *r)
{
  rig_init(r);
  rig_price(r, CR_GPU_PUSH, 20);
  rig_price(r, CR_GPU_FETCH, 30);
  rig_price(r, CR_GPU_NOTICE, 10);
  rig_price(r, CR_GPU_FLAG, 10);
  rig_price(r, CR_GPU_CLEAR, 4);
  rig_price(r, CR_GPU_CLEAR_EACH, 1);
  rig_price(r, CR_GPU_EVICT, 5);
  rig_price(r, CR_GPU_EVICT_SERIAL, 6);
  rig_price(r, CR_GPU_EVICT_BLOCK, 1);
  rig_price(r, CR_GPU_KILL, 7);
  rig_price(r, CR_GPU_KILL_MORE, 3);
  rig_price(r, CR_GPU_SYNC, 2);
  rig_price(r, CR_GPU_UNFLAG, 6);
}

struct cr_op_spec rig_kernel(uint32_t blocks, cr_ns wave_ns)
{
  struct cr_op_spec op = cr_op_unknown("k", CR_OP_KERNEL, (blocks + RIG_SMS - 1) / RIG_SMS * wave_ns);
  op.gap_ns = 0;
  op.blocks = blocks;
  op.threads = 1024;
  op.regs = 32;
  op.smem_bytes = 0;
  return op;
}

static uint32_t add(struct rig *r, const struct cr_op_spec *op, uint32_t n_op, const struct cr_job_spec *job)
{
  char name[16];
  struct cr_err err = {""};
  cr_client client;
  cr_model model;
  snprintf(name, sizeof name, "m%u", r->n_request++);
  const struct cr_model_spec spec = cr_model_unknown(name, op, n_op);
  if (cr_workload_add_model(r->builder, &spec, &model, &err) != CR_OK)
    fail_msg("%s", err.text);
  struct cr_client_spec c = job ? load_job(name, model, 0, job->iterations) : load_closed(name, model, CR_BE, 1);
  if (job)
    c.job.think_ns = job->think_ns;
  if (cr_workload_add_client(r->builder, &c, &client, &err) != CR_OK)
    fail_msg("%s", err.text);
  return client.i;
}

uint32_t rig_add_ops(struct rig *r, const struct cr_op_spec *op, uint32_t n_op)
{
  return add(r, op, n_op, NULL);
}

enum { MOST_OPS = 600 };

static const struct cr_op_spec *repeat(struct cr_op_spec op, uint32_t n_op)
{
  static struct cr_op_spec all[MOST_OPS];
  assert_true(n_op <= MOST_OPS);
  for (uint32_t i = 0; i < n_op; i++)
    all[i] = op;
  return all;
}

uint32_t rig_add(struct rig *r, struct cr_op_spec op, uint32_t n_op)
{
  return add(r, repeat(op, n_op), n_op, NULL);
}

uint32_t rig_add_job(struct rig *r, struct cr_op_spec op, uint32_t n_op, uint32_t iterations, cr_ns think_ns)
{
  return add(r, repeat(op, n_op), n_op, &(struct cr_job_spec){.iterations = iterations, .think_ns = think_ns});
}

void rig_open(struct rig *r)
{
  struct cr_err err = {""};
  r->workload = load_seal(r->builder);
  const struct cr_backend_cfg cfg = {.workload = r->workload,
                                     .machine = &r->machine,
                                     .observer = &r->observer,
                                     .stream_cap = 16,
                                     .launch_cap = 2,
                                     .needs = CR_CAP_QUEUE | CR_CAP_EVICT | CR_CAP_KILL | CR_CAP_SLICE | CR_CAP_PAD,
                                     .policy = "rig",
                                     .set = r->set};
  if (cr_engine_new(&cfg, &r->engine, &err) != CR_OK)
    fail_msg("%s", err.text);
}

static void act(struct rig *r, const struct cr_act *a)
{
  struct cr_err err = {""};
  if (cr_engine_act(r->engine, a, r->now_ns, &err) != CR_OK)
    fail_msg("%s", err.text);
}

uint32_t rig_stream_of(struct rig *r, struct cr_act a)
{
  a.kind = CR_ACT_STREAM;
  a.stream = r->n_stream;
  a.share_ppm = CR_SHARE_ALL;
  a.process = CR_NONE;
  a.slice_ns = CR_NS_NEVER;
  act(r, &a);
  return r->n_stream++;
}

uint32_t rig_stream(struct rig *r, uint32_t device, uint32_t queue)
{
  return rig_stream_of(r, (struct cr_act){.device = device, .queue = queue});
}

static uint32_t model_op0(const struct rig *r, uint32_t request)
{
  return r->workload->model[r->workload->client[request].model.i].op0;
}

void rig_launch_from(struct rig *r, uint32_t request, uint32_t op0, uint32_t block0, uint32_t n_op, uint32_t stream)
{
  act(r, &(struct cr_act){.kind = CR_ACT_LAUNCH,
                          .stream = stream,
                          .request = request,
                          .client = request,
                          .op0 = model_op0(r, request) + op0,
                          .n_op = n_op,
                          .think_ns = r->workload->client[request].job.think_ns,
                          .ready_ns = r->now_ns,
                          .block0 = block0});
}

void rig_launch(struct rig *r, uint32_t request, uint32_t op0, uint32_t n_op, uint32_t stream)
{
  rig_launch_from(r, request, op0, 0, n_op, stream);
}

void rig_slice(struct rig *r, uint32_t request, uint32_t op, uint32_t block0, uint32_t n_block, uint32_t stream)
{
  act(r, &(struct cr_act){.kind = CR_ACT_LAUNCH,
                          .stream = stream,
                          .request = request,
                          .client = request,
                          .op0 = model_op0(r, request) + op,
                          .n_op = 1,
                          .block0 = block0,
                          .n_block = n_block});
}

void rig_pad(struct rig *r, struct cr_act_pad pad, uint32_t be, uint32_t be_op, uint32_t block0, uint32_t n_block,
             uint32_t stream)
{
  pad.rt_op += model_op0(r, pad.rt);
  act(r, &(struct cr_act){.kind = CR_ACT_PAD,
                          .stream = stream,
                          .request = be,
                          .client = be,
                          .op0 = model_op0(r, be) + be_op,
                          .block0 = block0,
                          .n_block = n_block,
                          .pad = pad});
}

void rig_preempt(struct rig *r, uint32_t stream, enum cr_cap how)
{
  act(r, &(struct cr_act){.kind = CR_ACT_PREEMPT, .stream = stream, .how = (uint32_t)how});
}

static void tell(struct rig *r, const struct cr_event *e)
{
  assert_int_equal(e->at_ns, r->now_ns);
  cr_text_add(&r->story, "%" PRId64 " %s %u op %u", e->at_ns, e->kind == CR_EV_DONE ? "done" : "back", e->request,
              e->op);
  if (e->block)
    cr_text_add(&r->story, " block %u", e->block);
  if (e->kind == CR_EV_BACK && e->handed > e->op)
    cr_text_add(&r->story, " handed %u", e->handed);
  if (e->lost_ns)
    cr_text_add(&r->story, " lost %" PRId64, e->lost_ns);
  if (e->kind == CR_EV_BACK)
    cr_text_add(&r->story, " by %s", cr_cap_text(e->how));
  if (e->reach_ns != CR_NS_NEVER)
    cr_text_add(&r->story, " reached %" PRId64, e->reach_ns);
  cr_text_add(&r->story, "\n");
}

static void take(struct rig *r)
{
  struct cr_event event[8];
  for (uint32_t n; (n = cr_engine_take(r->engine, event, 8)) > 0;)
    for (uint32_t i = 0; i < n; i++)
      tell(r, &event[i]);
}

void rig_run(struct rig *r, cr_ns until_ns)
{
  take(r);
  for (cr_ns before_ns = -1; r->now_ns < until_ns || cr_engine_next_ns(r->engine) <= until_ns;) {
    if (until_ns == CR_NS_NEVER && cr_engine_next_ns(r->engine) == CR_NS_NEVER)
      break;
    assert_true(r->now_ns >= before_ns);
    before_ns = r->now_ns;
    r->now_ns = cr_engine_run(r->engine, r->now_ns, until_ns);
    take(r);
  }
}

void rig_expect(struct rig *r, const char *story)
{
  take(r);
  assert_string_equal(r->story.s ? r->story.s : "", story);
  cr_text_fini(&r->story);
  r->story = (struct cr_text){0};
}

void rig_expect_spans(const struct rig *r, uint32_t request, uint32_t op, const char *spans)
{
  struct cr_text t = {0};
  for (uint32_t i = 0; i < r->n_span; i++) {
    const struct cr_op_span *s = &r->span[i];
    if (s->request != request || s->op != model_op0(r, request) + op)
      continue;
    cr_text_add(&t, "%s%" PRId64 "-%" PRId64, t.s ? " " : "", s->start_ns, s->end_ns);
    if (s->n_left)
      cr_text_add(&t, "(-%u)", s->n_left);
  }
  assert_string_equal(t.s ? t.s : "", spans);
  cr_text_fini(&t);
}
