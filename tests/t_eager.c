/* t_eager.c - eager programs against hand-worked times: launch calls, the profiler's part of them, threads that are shared,
 * cores that are few, waits for the device; and the bundled ones against what was measured without a profiler. */
#include "config.h"

#include "tests/t.h"

#include "policies/list.h"
#include "sim/core.h"
#include "sim/engine.h"
#include "sim/host_thread.h"
#include "tests/load.h"
#include "traces/scenario.h"

enum { MAX_SPAN = 400, MAX_OP = 8, MAX_CLIENT = 4 };

/* A kernel of one block whose launch call comes launch_ns after the one before. */
static struct cr_op_spec kernel(cr_ns launch_ns, cr_ns duration_ns)
{
  struct cr_op_spec op = cr_op_unknown("k", CR_OP_KERNEL, duration_ns);
  op.gap_ns = 0;
  op.launch_ns = launch_ns;
  op.blocks = 1;
  op.threads = 32;
  op.smem_bytes = 0;
  return op;
}

struct bench {
  struct cr_op_spec op[MAX_OP];
  uint32_t n_op, n_client;
  struct cr_client_spec client[MAX_CLIENT];
  struct cr_device_desc device;
  struct cr_op_span span[MAX_SPAN];
  uint32_t n;
};

static void on_op(void *ctx, const struct cr_op_span *span)
{
  struct bench *b = ctx;
  if (b->n < MAX_SPAN)
    b->span[b->n++] = *span;
}

/* One model of n_op kernels alike, and clients with one request in flight. */
static void bench_init(struct bench *b, uint32_t n_client, uint32_t n_op, cr_ns launch_ns, cr_ns duration_ns)
{
  static const char *const name[MAX_CLIENT] = {"a", "b", "c", "d"};
  *b = (struct bench){.n_op = n_op, .n_client = n_client, .device = load_gpu("round", 10)};
  for (uint32_t i = 0; i < n_op; i++)
    b->op[i] = kernel(launch_ns, duration_ns);
  for (uint32_t i = 0; i < n_client; i++)
    b->client[i] = (struct cr_client_spec){.name = name[i],
                                           .class = CR_BE,
                                           .weight = 1,
                                           .deadline_ns = CR_NS_NEVER,
                                           .max_requests = CR_NONE,
                                           .arrival = {.kind = CR_ARRIVE_CLOSED, .depth = 1}};
}

static struct cr_workload_builder *build(struct bench *b, const struct cr_workload **w)
{
  struct cr_err err = {""};
  struct cr_workload_builder *builder = cr_workload_builder_new();
  assert_non_null(builder);
  const struct cr_model_spec model = cr_model_unknown("m", b->op, b->n_op);
  cr_model added_model;
  assert_int_equal(cr_workload_add_model(builder, &model, &added_model, &err), CR_OK);
  for (uint32_t i = 0; i < b->n_client; i++) {
    cr_client added;
    b->client[i].model = added_model;
    assert_int_equal(cr_workload_add_client(builder, &b->client[i], &added, &err), CR_OK);
  }
  assert_int_equal(cr_workload_seal(builder, w, &err), CR_OK);
  return builder;
}

/* 1 ms under a policy; ops are kept in order of their ends. */
static void run(struct bench *b, const char *policy)
{
  struct cr_err err = {""};
  const struct cr_workload *w;
  struct cr_workload_builder *builder = build(b, &w);
  const struct cr_machine machine = {.n_device = 1, .device = &b->device};
  const struct cr_observer observer = {.ctx = b, .on_op = on_op};
  const struct cr_core_cfg cfg = {.workload = w,
                                  .machine = &machine,
                                  .policy = cr_policy_find(policy, strlen(policy)),
                                  .backend = &cr_backend_sim,
                                  .duration_ns = 1000000,
                                  .seed = 1,
                                  .strict = 1,
                                  .observer = &observer};
  struct cr_result r;
  b->n = 0;
  if (cr_core_run(&cfg, &r, &err) != CR_OK)
    fail_msg("%s", err.text);
  cr_result_fini(&r);
  cr_workload_builder_free(builder);
}

/* When the k-th op of the client ended. */
static cr_ns end_of(const struct bench *b, uint32_t client, uint32_t k)
{
  for (uint32_t i = 0; i < b->n; i++)
    if (b->span[i].client == client && k-- == 0)
      return b->span[i].end_ns;
  fail_msg("client %u ran too few ops", client);
  return 0;
}

/* --------------------------------------------------------------------------------------------------------- hand-worked */

static void launch_calls_pace_an_idle_device(void **state)
{
  (void)state;
  static struct bench b;
  bench_init(&b, 1, 3, 10000, 2000);
  run(&b, "streams");
  for (uint32_t k = 0; k < 12; k++) /* a request: calls at 10, 20 and 30 us, then the last kernel */
    assert_int_equal(end_of(&b, 0, k), 32000 * (k / 3) + 10000 * (k % 3 + 1) + 2000);
}

static void a_busy_device_hides_launch_calls(void **state)
{
  (void)state;
  static struct bench b;
  bench_init(&b, 1, 3, 1000, 10000);
  run(&b, "streams");
  for (uint32_t k = 0; k < 12; k++)
    assert_int_equal(end_of(&b, 0, k), 31000 * (k / 3) + 1000 + 10000 * (k % 3 + 1));
}

static void what_the_profiler_added_to_each_call_is_taken_off(void **state)
{
  (void)state;
  static struct bench b;
  bench_init(&b, 1, 3, 10000, 2000);
  b.device.constant[CR_GPU_PROFILER_CALL] = 3;
  b.op[0].calls = 2; /* 4 us are left */
  b.op[1].calls = 0; /* not known: one, 7 us */
  b.op[2].calls = 5; /* nothing is left */
  run(&b, "streams");
  assert_int_equal(end_of(&b, 0, 0), 6000);
  assert_int_equal(end_of(&b, 0, 1), 13000);
  assert_int_equal(end_of(&b, 0, 2), 15000);
}

static void programs_with_threads_of_their_own_do_not_wait_for_each_other(void **state)
{
  (void)state;
  static struct bench b;
  bench_init(&b, 2, 3, 10000, 2000);
  run(&b, "streams");
  for (uint32_t k = 0; k < 12; k++)
    for (uint32_t c = 0; c < 2; c++)
      assert_int_equal(end_of(&b, c, k), 32000 * (k / 3) + 10000 * (k % 3 + 1) + 2000);
}

static void programs_that_share_a_thread_take_turns(void **state)
{
  (void)state;
  static struct bench b;
  bench_init(&b, 2, 3, 10000, 2000);
  b.client[0].thread = b.client[1].thread = 7;
  run(&b, "streams");
  for (uint32_t k = 0; k < 12; k++)
    for (uint32_t c = 0; c < 2; c++)
      assert_int_equal(end_of(&b, c, k), 32000 * (2 * (k / 3) + c) + 10000 * (k % 3 + 1) + 2000);
}

static void more_threads_than_cores_share_them_evenly(void **state)
{
  (void)state;
  static struct bench b;
  bench_init(&b, 4, 3, 10000, 1000);
  b.device.cpu_cores = 2;
  run(&b, "streams");
  for (uint32_t c = 0; c < 4; c++)
    for (uint32_t k = 0; k < 3; k++)
      assert_int_equal(end_of(&b, c, k), 20000 * (k + 1) + 1000);
  b.device.cpu_cores = 3; /* 4/3 of the time */
  run(&b, "streams");
  assert_int_equal(end_of(&b, 0, 0), 13334 + 1000);
  assert_near((double)end_of(&b, 3, 2), 40000 + 1000, 4);
}

static void a_thread_that_waits_for_the_device_leaves_its_core(void **state)
{
  (void)state;
  static struct bench b;
  bench_init(&b, 2, 1, 10000, 30000);
  b.device.cpu_cores = 1;
  b.client[1].arrival.phase_ns = 5000;
  run(&b, "streams");
  /* a alone until 5 us, then half a core each: a's call at 15, b's at 20 us. */
  assert_int_equal(end_of(&b, 0, 0), 15000 + 30000);
  assert_int_equal(end_of(&b, 1, 0), 20000 + 30000);
}

static void a_program_that_does_not_synchronise_launches_ahead(void **state)
{
  (void)state;
  static struct bench b;
  for (int sync = 0; sync < 2; sync++) {
    bench_init(&b, 1, 2, 10000, 5000);
    b.client[0].arrival.depth = 2;
    b.client[0].sync = sync ? CR_YES : CR_NO;
    run(&b, "streams");
    for (uint32_t k = 0; k < 12; k++)
      assert_int_equal(end_of(&b, 0, k), 10000 * (k + 1) + 5000 + (sync ? 5000 * (k / 2) : 0));
  }
}

static void a_copy_of_pageable_memory_holds_the_launch_thread(void **state)
{
  (void)state;
  static struct bench b;
  for (int pageable = 0; pageable < 2; pageable++) {
    bench_init(&b, 1, 3, 10000, 2000);
    b.op[0].kind = CR_OP_COPY_H2D;
    b.op[0].blocks = 0;
    b.op[0].duration_ns = 50000;
    b.op[0].pageable = pageable ? CR_YES : CR_NO;
    run(&b, "streams");
    assert_int_equal(end_of(&b, 0, 0), 60000);
    assert_int_equal(end_of(&b, 0, 1), pageable ? 72000 : 62000);
    assert_int_equal(end_of(&b, 0, 2), pageable ? 82000 : 64000);
  }
}

static void models_from_graphs_need_no_calls(void **state)
{
  (void)state;
  static struct bench b;
  bench_init(&b, 1, 3, CR_NS_NEVER, 2000);
  b.device.cpu_cores = 1;
  run(&b, "streams");
  for (uint32_t k = 0; k < 12; k++)
    assert_int_equal(end_of(&b, 0, k), 2000 * (k + 1));
}

static void ranges_of_a_request_are_launched_in_turn(void **state)
{
  (void)state;
  static struct bench b;
  bench_init(&b, 1, 3, 10000, 2000);
  run(&b, "exclusive"); /* one request on the device at a time */
  for (uint32_t k = 0; k < 12; k++)
    assert_int_equal(end_of(&b, 0, k), 32000 * (k / 3) + 10000 * (k % 3 + 1) + 2000);
}

/* ---------------------------------------------------------------------------------------------------------- preemption */

static struct cr_engine *open_engine(const struct cr_workload *w, const struct cr_machine *m)
{
  struct cr_engine *e;
  struct cr_err err = {""};
  const struct cr_backend_cfg cfg = {.workload = w, .machine = m, .stream_cap = 2, .launch_cap = 4, .seed = 1};
  assert_int_equal(cr_engine_new(&cfg, &e, &err), CR_OK);
  for (uint32_t s = 0; s < 2; s++)
    assert_int_equal(
      cr_engine_act(e, &(struct cr_act){.kind = CR_ACT_STREAM, .stream = s, .process = CR_NONE}, 0, &err), CR_OK);
  return e;
}

static void do_act(struct cr_engine *e, struct cr_act act, cr_ns now_ns)
{
  struct cr_err err = {""};
  assert_int_equal(cr_engine_act(e, &act, now_ns, &err), CR_OK);
}

/* Steps until an event comes, which it returns. */
static struct cr_event next_event(struct cr_engine *e)
{
  struct cr_event ev;
  while (cr_engine_take(e, &ev, 1) == 0) {
    cr_ns next_ns = cr_engine_next_ns(e);
    assert_true(next_ns != CR_NS_NEVER);
    cr_engine_advance(e, next_ns);
  }
  return ev;
}

static void what_waits_for_its_launch_call_comes_back_at_once(void **state)
{
  (void)state;
  static struct bench b;
  const struct cr_workload *w;
  bench_init(&b, 2, 3, 10000, 2000);
  b.client[0].thread = b.client[1].thread = 1;
  struct cr_workload_builder *builder = build(&b, &w);
  const struct cr_machine machine = {.n_device = 1, .device = &b.device};
  struct cr_engine *e = open_engine(w, &machine);
  do_act(e, (struct cr_act){.kind = CR_ACT_LAUNCH, .stream = 0, .request = 0, .client = 0, .n_op = 3}, 0);
  do_act(e, (struct cr_act){.kind = CR_ACT_LAUNCH, .stream = 1, .request = 1, .client = 1, .n_op = 3}, 0);
  cr_engine_advance(e, 10000); /* the first op runs, until 12 us */
  cr_engine_advance(e, 12000); /* the second waits for its call */
  do_act(e, (struct cr_act){.kind = CR_ACT_PREEMPT, .stream = 0, .how = CR_CAP_PARK}, 15000);
  struct cr_event back = next_event(e);
  assert_int_equal(back.kind, CR_EV_BACK);
  assert_int_equal(back.at_ns, 15000);
  assert_int_equal(back.request, 0);
  assert_int_equal(back.op, 1);
  struct cr_event done = next_event(e); /* the thread goes on with the other range at once */
  assert_int_equal(done.kind, CR_EV_DONE);
  assert_int_equal(done.request, 1);
  assert_int_equal(done.at_ns, 15000 + 32000);
  assert_true(cr_engine_next_ns(e) == CR_NS_NEVER);
  cr_engine_free(e);
  cr_workload_builder_free(builder);
}

static void a_queued_range_that_comes_back_is_not_launched(void **state)
{
  (void)state;
  static struct bench b;
  const struct cr_workload *w;
  bench_init(&b, 1, 3, 10000, 2000);
  struct cr_workload_builder *builder = build(&b, &w);
  const struct cr_machine machine = {.n_device = 1, .device = &b.device};
  struct cr_engine *e = open_engine(w, &machine);
  for (uint32_t r = 0; r < 3; r++)
    do_act(e, (struct cr_act){.kind = CR_ACT_LAUNCH, .stream = 0, .request = r, .n_op = 3}, 0);
  cr_engine_advance(e, 10000);
  do_act(e, (struct cr_act){.kind = CR_ACT_PREEMPT, .stream = 0, .how = CR_CAP_PARK}, 11000);
  for (uint32_t r = 1; r < 3; r++) {
    struct cr_event back = next_event(e);
    assert_int_equal(back.kind, CR_EV_BACK);
    assert_int_equal(back.request, r);
  }
  struct cr_event back = next_event(e);
  assert_int_equal(back.request, 0);
  assert_int_equal(back.at_ns, 12000);
  assert_int_equal(back.op, 1);
  assert_true(cr_engine_next_ns(e) == CR_NS_NEVER);
  cr_engine_free(e);
  cr_workload_builder_free(builder);
}

/* ------------------------------------------------------------------------------------------------------------- measured */

/* Mean time between completions of the model's requests, one in flight. */
static double period_ms(const char *model)
{
  char yaml[300];
  const char *path = t_join(t_tmp(), "eager.yaml");
  snprintf(yaml, sizeof yaml, "duration: 2s\nclients:\n  - {model: %s}\n", model);
  t_write(path, yaml);
  struct cr_err err = {""};
  const struct cr_scenario_options none = {0};
  struct cr_scenario *s = NULL;
  if (cr_scenario_load(path, &none, &s, &err) != CR_OK)
    fail_msg("%s", err.text);
  const struct cr_core_cfg cfg = {.workload = s->workload,
                                  .machine = s->machine,
                                  .policy = cr_policy_find("streams", strlen("streams")),
                                  .backend = &cr_backend_sim,
                                  .duration_ns = s->duration_ns,
                                  .seed = 1,
                                  .strict = 1};
  struct cr_result r;
  assert_int_equal(cr_core_run(&cfg, &r, &err), CR_OK);
  double ms = (double)r.end_ns / 1e6 / (double)r.client[0].n_done;
  cr_result_fini(&r);
  cr_scenario_free(s);
  return ms;
}

/* eager_ms of calib/data/h200/isolated.csv: forward passes without a profiler. */
static void bundled_eager_programs_alone_are_within_five_percent(void **state)
{
  (void)state;
  assert_near(period_ms("resnet50-bs1-fp32.eager") / 4.2472, 1, 0.05);
  assert_near(period_ms("vgg19-bs1-fp32.eager") / 1.3224, 1, 0.05);
  assert_near(period_ms("bert_base-bs1-fp32.eager") / 5.6200, 1, 0.05);
}

static void memory_that_runs_out_is_reported(void **state)
{
  (void)state;
  static struct bench b;
  const struct cr_workload *w;
  struct cr_hosts *h;
  struct cr_err err;
  bench_init(&b, 2, 3, 10000, 2000);
  struct cr_workload_builder *builder = build(&b, &w);
  for (uint64_t n = 0;; n++) {
    t_fail_allocation_after(n);
    int rc = cr_hosts_new(w, 1, 0, &h, &err);
    t_allocations_succeed();
    if (rc == CR_OK)
      break;
    assert_int_equal(rc, CR_ENOMEM);
  }
  cr_hosts_free(h);
  cr_hosts_free(NULL);
  cr_workload_builder_free(builder);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(launch_calls_pace_an_idle_device),
    cmocka_unit_test(a_busy_device_hides_launch_calls),
    cmocka_unit_test(what_the_profiler_added_to_each_call_is_taken_off),
    cmocka_unit_test(programs_with_threads_of_their_own_do_not_wait_for_each_other),
    cmocka_unit_test(programs_that_share_a_thread_take_turns),
    cmocka_unit_test(more_threads_than_cores_share_them_evenly),
    cmocka_unit_test(a_thread_that_waits_for_the_device_leaves_its_core),
    cmocka_unit_test(a_program_that_does_not_synchronise_launches_ahead),
    cmocka_unit_test(a_copy_of_pageable_memory_holds_the_launch_thread),
    cmocka_unit_test(models_from_graphs_need_no_calls),
    cmocka_unit_test(ranges_of_a_request_are_launched_in_turn),
    cmocka_unit_test(what_waits_for_its_launch_call_comes_back_at_once),
    cmocka_unit_test(a_queued_range_that_comes_back_is_not_launched),
    cmocka_unit_test(bundled_eager_programs_alone_are_within_five_percent),
    cmocka_unit_test(memory_that_runs_out_is_reported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
