/* t_gpu_node.c - GPU nodes whose kernels are followed: the same kernels on a whole GPU are the oracle. */
#include "config.h"

#include "sim/gpu_node.h"

#include "policies/list.h"
#include "sim/core.h"
#include "sim/mem.h"
#include "sim/replay.h"
#include "sim/rng.h"
#include "tests/load.h"
#include "tests/node_load.h"
#include "tests/t.h"
#include "traces/device_file.h"

enum { KERNELS = 24, LAYERS = 6, CLIENTS = 4, ROWS = 4000, RUNS = 30 };

struct dice {
  uint32_t seed, entity;
  uint64_t n;
};

static uint32_t roll(struct dice *d, uint32_t below)
{
  return (uint32_t)(cr_draw(d->seed, CR_RNG_TEST, d->entity, d->n++) % below);
}

static struct cr_arena *arena;
static struct cr_device_desc h200;

static int load_h200(void **state)
{
  struct cr_err err;
  (void)state;
  arena = cr_arena_new();
  assert_non_null(arena);
  if (cr_device_load(t_data("calib/devices/h200.yaml"), NULL, 0, arena, &h200, &err) != CR_OK)
    fail_msg("%s", err.text);
  return 0;
}

static int drop_h200(void **state)
{
  (void)state;
  cr_arena_free(arena);
  return 0;
}

static struct cr_op_spec kernel(struct dice *d)
{
  struct cr_op_spec op = cr_op_unknown("k", CR_OP_KERNEL, 1500 + roll(d, 60000));
  op.gap_ns = roll(d, 2) ? 1000 + roll(d, 2000) : CR_NS_NEVER;
  op.blocks = 1 + roll(d, 600);
  op.threads = 32 * (1 + roll(d, 8));
  op.regs = 16 + roll(d, 100);
  op.smem_bytes = 1024 * (int64_t)roll(d, 40);
  return op;
}

static cr_model add_model(struct cr_workload_builder *b, const char *name, const struct cr_op_spec *op, uint32_t n)
{
  cr_model m = {0};
  struct cr_err err;
  const struct cr_model_spec spec = {name, op, n, CR_UNKNOWN, CR_UNKNOWN, CR_UNKNOWN, CR_UNKNOWN, NULL, 0};
  if (cr_workload_add_model(b, &spec, &m, &err) != CR_OK)
    fail_msg("%s", err.text);
  return m;
}

/* A chain of kernels, and the same chain in layers; the dice decide on both. */
struct chain {
  cr_model kernels, layers;
};

static struct chain draw_chain(struct cr_workload_builder *b, const char *name, struct dice *d,
                               struct cr_layer_time beside)
{
  struct cr_op_spec op[KERNELS];
  struct cr_layer_time layer[LAYERS];
  char of_layers[8];
  uint32_t n = LAYERS + roll(d, KERNELS - LAYERS), at = 0;
  for (uint32_t i = 0; i < n; i++)
    op[i] = kernel(d);
  struct chain c = {.kernels = add_model(b, name, op, n)};
  for (uint32_t i = 0; i < LAYERS; i++) {
    uint32_t n_op = i + 1 == LAYERS ? n - at : 1 + roll(d, (n - at - (LAYERS - i)) + 1);
    layer[i] = beside;
    layer[i].op0 = cr_workload_builder_model(b, c.kernels)->op0 + at;
    layer[i].n_op = n_op;
    for (uint32_t k = 0; k < n_op; k++)
      layer[i].exec_ns += op[at + k].duration_ns;
    at += n_op;
  }
  snprintf(of_layers, sizeof of_layers, "%s.l", name);
  c.layers = node_model(b, of_layers, LAYERS, 1, layer);
  return c;
}

/* Latencies of all requests, by client in order of their ends. */
struct rows {
  uint32_t n[CLIENTS];
  cr_ns latency_ns[CLIENTS][ROWS];
};

static int take(void *ctx, const struct cr_request_row *row, uint32_t n, struct cr_err *err)
{
  struct rows *r = ctx;
  (void)err;
  for (uint32_t i = 0; i < n; i++) {
    uint32_t c = row[i].client;
    assert_true(r->n[c] < ROWS);
    r->latency_ns[c][r->n[c]++] = row[i].end_ns - row[i].arrive_ns;
  }
  return CR_OK;
}

static void run(const struct cr_workload *w, const struct cr_device_desc *device, const char *policy,
                const char *options, struct rows *out)
{
  const struct cr_machine m = {1, device};
  struct cr_request_sink sink = {.ctx = out, .write = take};
  struct load_record record = {0};
  struct cr_core_cfg cfg = load_cfg(w, cr_policy_find(policy, strlen(policy)));
  struct cr_replay_report report;
  struct cr_result r;
  struct cr_err err = {""};
  memset(out, 0, sizeof *out);
  cfg.machine = &m;
  cfg.policy_options = options;
  cfg.backend = &cr_backend_sim;
  cfg.requests = &sink;
  cfg.ledger = load_record(&record);
  if (cr_core_run(&cfg, &r, &err) != CR_OK)
    fail_msg("%s: %s", policy, err.text);
  assert_int_equal(cr_replay(w, &m, cfg.policy, options, record.note, record.n, &report, &err), CR_OK);
  assert_true(report.same);
  load_record_fini(&record);
  cr_result_fini(&r);
}

static struct cr_device_desc gpu_node(void)
{
  struct cr_device_desc d = node_gpu("gpu");
  d.node.gpu = &h200;
  return d;
}

/* What client c's requests are like; the same for both machines. */
static void add_client(struct cr_workload_builder *b, struct dice *d, cr_model m, enum cr_class class, uint32_t depth)
{
  char name[] = {class == CR_RT ? 'r' : 'b', (char)('0' + (int)m.i), '\0'};
  struct cr_client_spec c = class == CR_RT && roll(d, 2) ? load_uniform(name, m, class, 500 + roll(d, 3000))
                                                         : load_closed(name, m, class, depth);
  c.max_requests = 40;
  if (c.arrival.kind != CR_ARRIVE_CLOSED)
    c.arrival.late = CR_LATE_WAIT; /* a policy for a whole GPU would launch the next one while this one runs */
  load_add(b, c);
}

/* One rt client and at most one be client: each has a stream of its own under both policies. */
static void draw_load(struct cr_workload_builder *b, uint32_t seed, int on_node, uint32_t n_be, uint32_t depth)
{
  struct dice d = {.seed = seed, .entity = 1};
  struct chain c[CLIENTS];
  for (uint32_t i = 0; i < 1 + n_be; i++) {
    char name[] = {'m', (char)('0' + i), '\0'};
    c[i] = draw_chain(b, name, &d, (struct cr_layer_time){0});
  }
  for (uint32_t i = 0; i < 1 + n_be; i++)
    add_client(b, &d, on_node ? c[i].layers : c[i].kernels, i ? CR_BE : CR_RT, depth);
}

static void same_as_a_whole_gpu(uint32_t n_be)
{
  static struct rows whole, node;
  const struct cr_device_desc d = gpu_node();
  uint64_t n = 0;
  for (uint32_t seed = 0; seed < RUNS; seed++) {
    struct cr_workload_builder *b[2] = {cr_workload_builder_new(), cr_workload_builder_new()};
    draw_load(b[0], seed, 0, n_be, 1);
    draw_load(b[1], seed, 1, n_be, 1);
    run(load_seal(b[0]), &h200, "priority", NULL, &whole);
    run(load_seal(b[1]), &d, "dart", "streams=1", &node);
    for (uint32_t c = 0; c < 1 + n_be; c++) {
      assert_int_equal(node.n[c], whole.n[c]);
      for (uint32_t i = 0; i < whole.n[c]; i++, n++)
        if (node.latency_ns[c][i] != whole.latency_ns[c][i])
          fail_msg("seed %u, client %u, request %u: %lld ns on the node, %lld on the GPU", seed, c, i,
                   (long long)node.latency_ns[c][i], (long long)whole.latency_ns[c][i]);
    }
    cr_workload_builder_free(b[0]);
    cr_workload_builder_free(b[1]);
  }
  assert_int_equal(n, (uint64_t)RUNS * 40 * (1 + n_be));
}

static void alone_layers_take_what_their_kernels_take_on_the_gpu(void **state)
{
  (void)state;
  same_as_a_whole_gpu(0);
}

static void rt_and_be_share_it_as_streams_of_two_priorities_share_a_gpu(void **state)
{
  (void)state;
  same_as_a_whole_gpu(1);
}

/* Each request pays the copies of its ends and the core's part of each layer, once. */
static void copies_and_the_core_add_their_times(void **state)
{
  (void)state;
  static struct rows bare, more;
  const struct cr_device_desc d = gpu_node();
  for (uint32_t seed = 0; seed < RUNS; seed++) {
    struct cr_workload_builder *b[2] = {cr_workload_builder_new(), cr_workload_builder_new()};
    for (uint32_t k = 0; k < 2; k++) {
      struct dice dice = {.seed = seed, .entity = 2};
      struct cr_layer_time beside = {.hd_ns = 7000, .misc_ns = 300, .dh_ns = 9000};
      struct chain c = draw_chain(b[k], "m", &dice, k ? beside : (struct cr_layer_time){0});
      struct cr_client_spec client = load_closed("c", c.layers, CR_BE, 1);
      client.max_requests = 3;
      load_add(b[k], client);
    }
    run(load_seal(b[0]), &d, "dart", NULL, &bare);
    run(load_seal(b[1]), &d, "dart", NULL, &more);
    /* Gaps before kernels are over by the end of what lies between them, at most so much of each. */
    cr_ns least_ns = 7000 + 9000 + 6 * 300 - 6 * 3000, most_ns = 7000 + 9000 + 6 * 300;
    for (uint32_t i = 0; i < 3; i++) {
      assert_true(more.latency_ns[0][i] - bare.latency_ns[0][i] >= least_ns);
      assert_true(more.latency_ns[0][i] - bare.latency_ns[0][i] <= most_ns);
    }
    cr_workload_builder_free(b[0]);
    cr_workload_builder_free(b[1]);
  }
}

/* --- by hand -------------------------------------------------------------------------------------------------------- */

/* 4 SMs of one block; nothing but kernels takes time. */
static const struct cr_device_desc small = {.name = "small",
                                            .about = "4 SMs",
                                            .sms = 4,
                                            .warp_threads = 32,
                                            .sm_threads = 1024,
                                            .sm_warps = 32,
                                            .sm_blocks = 1,
                                            .sm_regs = 65536,
                                            .warp_regs_unit = 256,
                                            .block_threads_max = 1024,
                                            .thread_regs_max = 255,
                                            .sm_smem_bytes = 102400,
                                            .block_smem_max_bytes = 101376,
                                            .block_smem_reserved_bytes = 1024,
                                            .smem_unit_bytes = 128,
                                            .n_carveout = 1,
                                            .carveout_bytes = {102400},
                                            .priority_greatest = -5};

/* A layer of one kernel of four blocks, one an SM, for a device of the hand-worked cases. */
struct given {
  uint32_t stream; /* 0 and 1 are rt, 2 and 3 be */
  cr_ns at_ns, kernel_ns;
  cr_ns hd_ns, misc_ns, dh_ns;
  int is_final;
};

enum { GIVEN = 4, STREAMS = 4 };

/* Whole ranges of one layer; when each began and ended. */
static void play(const struct cr_device_desc *desc, const struct given *given, uint32_t n, cr_ns *start_ns,
                 cr_ns *end_ns)
{
  struct dice d = {.seed = 1, .entity = 3};
  struct cr_op_spec op[2 * GIVEN];
  struct cr_layer_time time[GIVEN];
  uint32_t index[2 * GIVEN] = {0}, n_ended = 0, is_given[GIVEN] = {0};
  struct cr_gpu_model model;
  struct cr_err err;
  void *node;
  for (uint32_t i = 0; i < n; i++) {
    const struct given *g = &given[i];
    op[i] = kernel(&d);
    op[i].duration_ns = g->kernel_ns;
    op[i].gap_ns = 0;
    op[i].blocks = 4;
    op[i].threads = 32;
    op[i].regs = 16;
    op[i].smem_bytes = 0;
    time[i] = (struct cr_layer_time){g->hd_ns, g->kernel_ns, g->misc_ns, g->dh_ns, i, 1};
    op[n + i] = (struct cr_op_spec){.kind = CR_OP_LAYER, .launch_ns = CR_NS_NEVER, .layer = &time[i], .n_layer = 1};
  }
  assert_int_equal(cr_gpu_model_parse(&small, NULL, &model, &err), CR_OK);
  const struct cr_device_model_cfg cfg = {
    .device = desc, .model = &model, .op = op, .op_index = index, .n_op = 2 * n, .n_stream = STREAMS};
  const struct cr_device_model_ops *ops = &cr_device_gpu_node;
  assert_int_equal(ops->make(&cfg, &node, &err), CR_OK);
  for (uint32_t i = 0; i < STREAMS; i++)
    ops->set_priority(node, i, i < 2 ? -1 : 0);
  for (cr_ns now_ns = 0; n_ended < n;) {
    struct cr_gpu_end end[STREAMS];
    cr_ns next_ns = ops->next_ns(node);
    for (uint32_t i = 0; i < n; i++)
      next_ns = is_given[i] ? next_ns : cr_min_ns(next_ns, given[i].at_ns);
    assert_true(next_ns >= now_ns && next_ns != CR_NS_NEVER);
    now_ns = next_ns;
    for (uint32_t n_end = ops->advance(node, now_ns, end, STREAMS), i = 0; i < n_end; i++, n_ended++) {
      start_ns[end[i].op - n] = end[i].start_ns;
      end_ns[end[i].op - n] = now_ns;
    }
    for (uint32_t i = 0; i < n; i++)
      if (!is_given[i] && given[i].at_ns == now_ns) {
        is_given[i] = 1;
        ops->start_layer(node, given[i].stream,
                         &(struct cr_layer_start){.op = n + i,
                                                  .is_first = 1,
                                                  .is_last = 1,
                                                  .is_final = given[i].is_final,
                                                  .actual_ppm = 1000000,
                                                  .launched_ns = now_ns});
      }
    ops->settle(node);
  }
  ops->free(node);
}

#define PLAY(desc, given) play(desc, given, sizeof(given) / sizeof(given)[0], start_ns, end_ns)

static void rt_kernels_wait_for_blocks_and_not_for_be_kernels(void **state)
{
  (void)state;
  cr_ns start_ns[GIVEN], end_ns[GIVEN];
  struct cr_device_desc d = node_gpu("gpu");
  d.node.gpu = &small;
  d.node.gpu_preempt_ns = d.node.gpu_copy_ns = 100000; /* of no account here: they follow */
  const struct given given[] = {{2, 0, 10000, 0, 0, 0, 1}, {3, 1000, 20000, 0, 0, 0, 1}, {0, 2000, 5000, 0, 0, 0, 1}};
  PLAY(&d, given);
  assert_int_equal(end_ns[0], 10000); /* its blocks run on */
  assert_int_equal(end_ns[2], 15000); /* then the rt kernel's, before those that waited longer */
  assert_int_equal(end_ns[1], 35000);
}

static void rt_ranges_run_one_after_the_other(void **state)
{
  (void)state;
  cr_ns start_ns[GIVEN], end_ns[GIVEN];
  struct cr_device_desc d = node_gpu("gpu");
  d.node.gpu = &small;
  d.node.notify_ns = 40;
  const struct given given[] = {{1, 0, 10000, 100, 30, 200, 0}, {0, 500, 1000, 0, 0, 0, 1}};
  PLAY(&d, given);
  assert_int_equal(end_ns[0], 100 + 10000 + 30 + 200 + 40); /* to the end of its copy, and the word to the next node */
  assert_int_equal(start_ns[1], end_ns[0]);
  assert_int_equal(end_ns[1], end_ns[0] + 1000);
}

static void a_copy_waits_for_the_one_under_way_and_rt_goes_first(void **state)
{
  (void)state;
  cr_ns start_ns[GIVEN], end_ns[GIVEN];
  struct cr_device_desc d = node_gpu("gpu");
  d.node.gpu = &small;
  const struct given given[] = {{2, 0, 1, 1000, 0, 0, 1}, {3, 1, 1, 1000, 0, 0, 1}, {0, 2, 1, 1000, 0, 500, 1}};
  PLAY(&d, given);
  assert_int_equal(end_ns[0], 1001);
  assert_int_equal(end_ns[2], 2000 + 1 + 500);
  assert_int_equal(end_ns[1], 3001);
}

static void the_cores_preemption_is_paid_by_an_rt_range_that_finds_be_work(void **state)
{
  (void)state;
  cr_ns start_ns[GIVEN], end_ns[GIVEN];
  struct cr_device_desc d = node_gpu("gpu");
  d.node.gpu = &small;
  d.node.cpu_preempt_ns = 70;
  const struct given given[] = {{2, 0, 10, 0, 1000, 0, 1}, {0, 500, 100, 0, 0, 0, 1}, {1, 2000, 100, 0, 0, 0, 1}};
  PLAY(&d, given);
  assert_int_equal(start_ns[1], 570);
  assert_int_equal(end_ns[1], 670);
  assert_int_equal(start_ns[2], 2000); /* it finds none */
}

/* --- any load, and what is refused ----------------------------------------------------------------------------------- */

static void many_streams_finish(void **state)
{
  (void)state;
  static struct rows rows;
  const struct cr_device_desc d = gpu_node();
  for (uint32_t seed = 0; seed < RUNS; seed++) {
    struct cr_workload_builder *b = cr_workload_builder_new();
    draw_load(b, seed, 1, CLIENTS - 1, 2);
    run(load_seal(b), &d, "dart", "streams=3", &rows);
    for (uint32_t c = 0; c < CLIENTS; c++)
      assert_int_equal(rows.n[c], 40);
    cr_workload_builder_free(b);
  }
}

/* The error of running one request of the model on the node. */
static void refused(struct cr_workload_builder *b, cr_model m, uint32_t actual_ppm, const char *why)
{
  const struct cr_device_desc d = gpu_node();
  const struct cr_machine machine = {1, &d};
  struct cr_result r;
  struct cr_err err = {""};
  struct cr_client_spec c = load_closed("c", m, CR_BE, 1);
  c.actual_min_ppm = c.actual_max_ppm = actual_ppm;
  c.max_requests = 1;
  load_add(b, c);
  struct cr_core_cfg cfg = load_cfg(load_seal(b), cr_policy_find("dart", 4));
  cfg.machine = &machine;
  cfg.backend = &cr_backend_sim;
  assert_int_equal(cr_core_run(&cfg, &r, &err), CR_EINPUT);
  if (!strstr(err.text, why))
    fail_msg("'%s' does not say '%s'", err.text, why);
  cr_workload_builder_free(b);
}

static void what_cannot_be_followed_is_refused(void **state)
{
  (void)state;
  struct dice d = {.seed = 5, .entity = 4};
  struct cr_workload_builder *b = cr_workload_builder_new();
  const struct cr_layer_time unknown = {.exec_ns = 5};
  refused(b, node_model(b, "m", 1, 1, &unknown), 0, "has no recorded kernels");
  b = cr_workload_builder_new();
  refused(b, draw_chain(b, "m", &d, (struct cr_layer_time){0}).layers, 500000, "has actual times");
}

static void layers_launch_recorded_ops_of_a_graph_and_nothing_else(void **state)
{
  (void)state;
  struct dice d = {.seed = 6, .entity = 4};
  struct cr_workload_builder *b = cr_workload_builder_new();
  struct cr_op_spec op = kernel(&d);
  struct cr_err err = {""};
  cr_model m;
  op.launch_ns = 10;
  add_model(b, "eager", &op, 1); /* op 0 */
  op.launch_ns = CR_NS_NEVER;
  add_model(b, "graph", &op, 1); /* op 1 */
  const struct cr_layer_time time[] = {{.exec_ns = 5, .op0 = 0, .n_op = 1},
                                       {.exec_ns = 5, .op0 = 1, .n_op = 2},
                                       {.exec_ns = 5, .op0 = 2, .n_op = 1},
                                       {.exec_ns = 5, .op0 = UINT32_MAX, .n_op = 1},
                                       {.exec_ns = 5, .op0 = 1, .n_op = 1}};
  for (uint32_t i = 0; i < 5; i++) {
    struct cr_op_spec layer = kernel(&d);
    layer.kind = CR_OP_LAYER;
    layer.blocks = layer.threads = 0;
    layer.layer = &time[i];
    layer.n_layer = 1;
    const struct cr_model_spec spec = {"layers", &layer, 1, CR_UNKNOWN, CR_UNKNOWN, CR_UNKNOWN, CR_UNKNOWN, NULL, 0};
    assert_int_equal(cr_workload_add_model(b, &spec, &m, &err), i == 4 ? CR_OK : CR_EINPUT);
    assert_true(i == 4 || strstr(err.text, "what a layer launches"));
  }
  cr_workload_builder_free(b);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(alone_layers_take_what_their_kernels_take_on_the_gpu),
    cmocka_unit_test(rt_and_be_share_it_as_streams_of_two_priorities_share_a_gpu),
    cmocka_unit_test(copies_and_the_core_add_their_times),
    cmocka_unit_test(rt_kernels_wait_for_blocks_and_not_for_be_kernels),
    cmocka_unit_test(rt_ranges_run_one_after_the_other),
    cmocka_unit_test(a_copy_waits_for_the_one_under_way_and_rt_goes_first),
    cmocka_unit_test(the_cores_preemption_is_paid_by_an_rt_range_that_finds_be_work),
    cmocka_unit_test(many_streams_finish),
    cmocka_unit_test(what_cannot_be_followed_is_refused),
    cmocka_unit_test(layers_launch_recorded_ops_of_a_graph_and_nothing_else),
  };
  return cmocka_run_group_tests(tests, load_h200, drop_h200);
}
