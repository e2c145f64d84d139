/* t_node_device.c - the two workers of a node against hand-worked schedules. */
#include "config.h"

#include "sim/node_device.h"

#include "policies/list.h"
#include "sim/core.h"
#include "tests/load.h"
#include "tests/node_load.h"
#include "tests/t.h"

enum { STREAMS = 4, OPS = 16, FIRST = 1, LAST = 2, FINAL = 4, WHOLE = FIRST | LAST | FINAL };

/* A layer that comes to the head of a stream; streams 0 and 1 are rt, 2 and 3 be. */
struct given {
  uint32_t stream;
  cr_ns at_ns;
  struct cr_layer_time time;
  int part; /* of its range; what is not FIRST starts when the one before it in the list has ended */
};

struct spans {
  cr_ns start_ns[OPS], end_ns[OPS];
  struct cr_use use;
};

static void start(const struct cr_device_model_ops *d, void *node, const struct given *g, uint32_t op)
{
  d->start_layer(node, g->stream,
                 &(struct cr_layer_start){.op = op,
                                          .is_first = g->part & FIRST,
                                          .is_last = (g->part & LAST) > 0,
                                          .is_final = (g->part & FINAL) > 0,
                                          .actual_ppm = 1000000});
}

/* look_ns: besides, the clock is looked at so often; CR_NS_NEVER: not. */
static struct spans run_looking(const struct cr_device_desc *desc, const struct given *given, uint32_t n, cr_ns look_ns)
{
  struct spans spans = {0};
  struct cr_op_spec op[OPS] = {{0}};
  for (uint32_t i = 0; i < n; i++)
    op[i] = (struct cr_op_spec){.kind = CR_OP_LAYER, .layer = &given[i].time, .n_layer = 1};
  const struct cr_device_model_cfg cfg = {.device = desc, .op = op, .n_op = n, .n_stream = STREAMS};
  const struct cr_device_model_ops *d = &cr_device_node;
  struct cr_err err;
  void *node;
  int given_yet[OPS] = {0};
  assert_int_equal(d->make(&cfg, &node, &err), CR_OK);
  for (uint32_t i = 0; i < STREAMS; i++)
    d->set_priority(node, i, i < 2 ? -1 : 0);
  uint32_t ended = 0;
  for (cr_ns now_ns = 0; ended < n;) {
    cr_ns next_ns = d->next_ns(node);
    assert_true(next_ns >= now_ns);
    for (uint32_t i = 0; i < n; i++)
      if (given[i].part & FIRST && !given_yet[i])
        next_ns = cr_min_ns(next_ns, given[i].at_ns);
    assert_true(next_ns != CR_NS_NEVER);
    now_ns = look_ns == CR_NS_NEVER ? next_ns : cr_min_ns(next_ns, now_ns + look_ns);
    struct cr_gpu_end end[STREAMS];
    uint32_t n_end = d->advance(node, now_ns, end, STREAMS);
    for (uint32_t i = 0; i < n_end; i++, ended++) {
      uint32_t after = end[i].op + 1;
      spans.start_ns[end[i].op] = end[i].start_ns;
      spans.end_ns[end[i].op] = now_ns;
      if (after < n && !(given[after].part & FIRST)) {
        given_yet[after] = 1;
        start(d, node, &given[after], after);
      }
    }
    for (uint32_t i = 0; i < n; i++)
      if (given[i].part & FIRST && !given_yet[i] && given[i].at_ns == now_ns) {
        given_yet[i] = 1;
        start(d, node, &given[i], i);
      }
    d->settle(node);
  }
  d->use(node, &spans.use);
  d->free(node);
  return spans;
}

#define RUN(desc, given) run_looking(desc, given, sizeof(given) / sizeof(given)[0], CR_NS_NEVER)

/* --- claims --------------------------------------------------------------------------------------------------------- */

static void rt_ranges_run_one_at_a_time_in_order_of_coming(void **state)
{
  (void)state;
  const struct cr_device_desc cpu = node_cpu("cpu", 2);
  const struct given given[] = {{1, 0, node_time(5), WHOLE},
                                {0, 1, node_time(3), FIRST},
                                {0, 0, node_time(4), LAST | FINAL},
                                {1, 6, node_time(2), WHOLE}};
  struct spans s = RUN(&cpu, given);
  assert_int_equal(s.start_ns[0], 0);
  assert_int_equal(s.start_ns[1], 5);
  assert_int_equal(s.end_ns[1], 8);
  assert_int_equal(s.start_ns[2], 8); /* a range keeps the node between its layers */
  assert_int_equal(s.end_ns[2], 12);
  assert_int_equal(s.start_ns[3], 12);
  assert_int_equal(s.end_ns[3], 14);
  assert_near(s.use.busy_ns, 14, 1e-9);
  assert_near(s.use.sm_ns, 28, 1e-9);
}

static void rt_takes_the_node_from_be_which_keeps_what_it_did(void **state)
{
  (void)state;
  struct cr_device_desc cpu = node_cpu("cpu", 1);
  const struct given given[] = {
    {2, 0, node_time(100), WHOLE}, {0, 30, node_time(10), WHOLE}, {0, 60, node_time(10), WHOLE}};
  struct spans s = RUN(&cpu, given);
  assert_int_equal(s.start_ns[1], 30);
  assert_int_equal(s.end_ns[1], 40);
  assert_int_equal(s.end_ns[2], 70);
  assert_int_equal(s.start_ns[0], 0);
  assert_int_equal(s.end_ns[0], 120);
  cpu.node.cpu_preempt_ns = 7;
  s = RUN(&cpu, given);
  assert_int_equal(s.start_ns[1], 37);
  assert_int_equal(s.end_ns[1], 47);
  assert_int_equal(s.end_ns[2], 77);
  assert_int_equal(s.end_ns[0], 134);
}

static void a_preemption_is_paid_only_where_be_ran(void **state)
{
  (void)state;
  struct cr_device_desc cpu = node_cpu("cpu", 1);
  cpu.node.cpu_preempt_ns = 7;
  /* At 0 nothing has run yet; the second range finds the first one, and be work that stands still. */
  const struct given given[] = {
    {2, 0, node_time(100), WHOLE}, {0, 0, node_time(10), WHOLE}, {1, 5, node_time(10), WHOLE}};
  struct spans s = RUN(&cpu, given);
  assert_int_equal(s.start_ns[1], 0);
  assert_int_equal(s.start_ns[2], 10);
  assert_int_equal(s.start_ns[0], 20);
  assert_int_equal(s.end_ns[0], 120);
}

static void a_gpu_node_costs_the_larger_of_its_two_preemptions(void **state)
{
  (void)state;
  struct cr_device_desc gpu = node_gpu("gpu");
  gpu.node =
    (struct cr_node_desc){.n_core = 1, .core_type = "a", .cpu_preempt_ns = 3, .gpu_preempt_ns = 5, .gpu_copy_ns = 4};
  assert_int_equal(cr_node_preempt_ns(&gpu), 8);
  gpu.node.gpu_copy_ns = 9;
  assert_int_equal(cr_node_preempt_ns(&gpu), 12);
  gpu.kind = CR_DEVICE_CPU_NODE;
  assert_int_equal(cr_node_preempt_ns(&gpu), 3);
}

static void a_range_pays_for_copies_at_its_ends_and_for_the_next_node(void **state)
{
  (void)state;
  struct cr_device_desc gpu = node_gpu("gpu");
  const struct cr_layer_time time = {.hd_ns = 100, .exec_ns = 10, .misc_ns = 1, .dh_ns = 1000};
  gpu.node.notify_ns = 5;
  const struct given given[] = {{0, 0, time, FIRST}, {0, 0, time, 0}, {0, 0, time, LAST}, {1, 0, time, WHOLE}};
  struct spans s = RUN(&gpu, given);
  assert_int_equal(s.end_ns[0], 111);
  assert_int_equal(s.end_ns[1], 122);
  assert_int_equal(s.end_ns[2], 122 + 1016);
  assert_int_equal(s.end_ns[3] - s.start_ns[3], 1111);
}

/* 0-10 alone, then halves: the shorter one has 30 left and ends at 70, the other then has 60 left and is alone. */
static void be_streams_share_a_node_and_lose_nothing(void **state)
{
  (void)state;
  const struct cr_device_desc gpu = node_gpu("gpu");
  const struct given given[] = {{2, 0, node_time(100), WHOLE}, {3, 10, node_time(30), WHOLE}};
  struct spans s = RUN(&gpu, given);
  assert_int_equal(s.end_ns[1], 70);
  assert_int_equal(s.start_ns[1], 10);
  assert_int_equal(s.end_ns[0], 130);
  assert_near(s.use.busy_ns, 130, 1e-9);
}

static void looking_changes_nothing(void **state)
{
  (void)state;
  struct cr_device_desc gpu = node_gpu("gpu");
  gpu.node.cpu_preempt_ns = 2;
  const struct given given[] = {{2, 0, node_time(101), WHOLE}, {3, 7, node_time(37), WHOLE},
                                {0, 13, node_time(11), FIRST}, {0, 0, node_time(3), LAST},
                                {1, 20, node_time(5), WHOLE},  {2, 300, node_time(1), WHOLE}};
  struct spans s = RUN(&gpu, given);
  for (cr_ns look_ns = 1; look_ns < 10; look_ns++) {
    struct spans t = run_looking(&gpu, given, sizeof given / sizeof given[0], look_ns);
    for (int i = 0; i < OPS; i++) {
      assert_int_equal(s.start_ns[i], t.start_ns[i]);
      assert_int_equal(s.end_ns[i], t.end_ns[i]);
    }
  }
}

/* --- through the engine --------------------------------------------------------------------------------------------- */

/* Clients on two nodes, each a stream of its own, as nobody schedules. */
static void every_policy_of_streams_runs_layers(void **state)
{
  (void)state;
  static const char *const name[] = {"streams", "priority", "exclusive"};
  const struct cr_device_desc device[] = {node_cpu("cpu", 3), node_gpu("gpu")};
  const struct cr_machine machine = {2, device};
  const struct cr_layer_time time[] = {{.exec_ns = 10},
                                       {.hd_ns = 1, .exec_ns = 2, .misc_ns = 1, .dh_ns = 1},
                                       {.exec_ns = 20},
                                       {.hd_ns = 1, .exec_ns = 2, .misc_ns = 1, .dh_ns = 1}};
  struct cr_workload_builder *b = cr_workload_builder_new();
  cr_model m = node_model(b, "net", 2, 2, time);
  const struct {
    cr_ns on_cpu_ns, on_gpu_ns;
  } want = {30, 8};
  for (int i = 0; i < 2; i++) {
    struct cr_client_spec c = load_trace(i ? "b" : "a", m, CR_RT, (const cr_ns[]){0, 100}, 2);
    c.priority = 0;
    load_add(b, c);
  }
  const struct cr_workload *w = load_seal(b);
  for (int i = 0; i < 3; i++) {
    struct cr_core_cfg cfg = load_cfg(w, cr_policy_find(name[i], strlen(name[i])));
    cfg.machine = &machine;
    cfg.backend = &cr_backend_sim;
    struct cr_result r;
    struct cr_err err = {""};
    if (cr_core_run(&cfg, &r, &err) != CR_OK)
      fail_msg("%s: %s", name[i], err.text);
    assert_int_equal(r.client[0].n_done, 2);
    assert_int_equal(r.client[1].n_done, 2);
    if (i < 2) {
      assert_near(cr_hist_mean(r.client[0].metric[CR_LATENCY]), (double)want.on_cpu_ns, 1e-9);
      assert_near(cr_hist_mean(r.client[1].metric[CR_LATENCY]), (double)want.on_gpu_ns, 1e-9);
    }
    cr_result_fini(&r);
  }
  cr_workload_builder_free(b);
}

static void refused(const struct cr_workload *w, const struct cr_machine *m, const char *policy, const char *why)
{
  struct cr_core_cfg cfg = load_cfg(w, cr_policy_find(policy, strlen(policy)));
  cfg.machine = m;
  cfg.backend = &cr_backend_sim;
  struct cr_result r;
  struct cr_err err = {""};
  int rc = cr_core_run(&cfg, &r, &err);
  if (rc == CR_OK || rc == CR_ERUN)
    cr_result_fini(&r);
  assert_true(rc != CR_OK);
  if (!strstr(err.text, why))
    fail_msg("%s", err.text);
}

static void what_a_node_cannot_do_is_refused(void **state)
{
  (void)state;
  const struct cr_device_desc device[] = {node_cpu("cpu", 3), node_gpu("gpu")};
  const struct cr_machine machine = {2, device};
  const struct cr_layer_time time[] = {{.exec_ns = CR_NS_NEVER}, {.hd_ns = 1, .exec_ns = 2, .misc_ns = 1, .dh_ns = 1}};
  struct cr_workload_builder *b = cr_workload_builder_new();
  load_add(b, load_trace("a", node_model(b, "net", 1, 2, time), CR_BE, (const cr_ns[]){0}, 1));
  const struct cr_workload *w = load_seal(b);
  refused(w, &load_machine, "streams", "model net is made of layers");
  refused(w, &machine, "reef", "policy reef needs kill, which node cpu cannot do");
  refused(w, &machine, "mps", "which node cpu cannot do");
  refused(w, &machine, "streams", "a layer of it has no time on the stream's node");
  cr_workload_builder_free(b);
  b = cr_workload_builder_new();
  load_add(b, load_trace("a", load_model(b, "kernels", 1, 10), CR_BE, (const cr_ns[]){0}, 1));
  refused(load_seal(b), &machine, "streams", "model kernels is not made of layers");
  cr_workload_builder_free(b);
}

/* The sentence for a client that cannot be; NULL: it can. */
static void client_refused(struct cr_workload_builder *b, struct cr_client_spec c, const char *why)
{
  cr_client out;
  struct cr_err err = {""};
  int rc = cr_workload_add_client(b, &c, &out, &err);
  assert_int_equal(rc, why ? CR_EINPUT : CR_OK);
  if (why && !strstr(err.text, why))
    fail_msg("%s", err.text);
}

static void stages_are_all_layers_where_they_can_run(void **state)
{
  (void)state;
  const cr_ns never = CR_NS_NEVER;
  const struct cr_layer_time time[] = {{.exec_ns = 1}, {.exec_ns = 2}, {.exec_ns = never}, {.exec_ns = 3}};
  struct cr_workload_builder *b = cr_workload_builder_new();
  struct cr_client_spec c = load_client("c", node_model(b, "net", 2, 2, time), CR_RT);
  c.arrival = (struct cr_arrival_spec){.kind = CR_ARRIVE_CLOSED, .depth = 1};
  struct cr_stage_spec stage[] = {{0, 1}, {1, 1}};
  c.stage = stage;
  c.n_stage = 1;
  client_refused(b, c, "another number of layers");
  stage[0].n_op = 2;
  client_refused(b, c, "no time on the stage's node");
  stage[0] = (struct cr_stage_spec){1, 3};
  client_refused(b, c, "another number of layers");
  stage[0] = (struct cr_stage_spec){2, 2};
  client_refused(b, c, "a node that there is");
  c.n_stage = 2;
  stage[0] = (struct cr_stage_spec){1, 1};
  client_refused(b, c, "another one than the stage before");
  stage[0].device = 0;
  client_refused(b, c, NULL);
  struct cr_client_spec job = load_job("j", c.model, 0, 3);
  client_refused(b, job, "jobs do not run on nodes");
  struct cr_client_spec kernels = load_client("k", load_model(b, "kernels", 2, 5), CR_RT);
  kernels.arrival = c.arrival;
  kernels.stage = stage;
  kernels.n_stage = 2;
  client_refused(b, kernels, "no layers, and so no stages");
  cr_workload_builder_free(b);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(rt_ranges_run_one_at_a_time_in_order_of_coming),
    cmocka_unit_test(rt_takes_the_node_from_be_which_keeps_what_it_did),
    cmocka_unit_test(a_preemption_is_paid_only_where_be_ran),
    cmocka_unit_test(a_gpu_node_costs_the_larger_of_its_two_preemptions),
    cmocka_unit_test(a_range_pays_for_copies_at_its_ends_and_for_the_next_node),
    cmocka_unit_test(be_streams_share_a_node_and_lose_nothing),
    cmocka_unit_test(looking_changes_nothing),
    cmocka_unit_test(every_policy_of_streams_runs_layers),
    cmocka_unit_test(what_a_node_cannot_do_is_refused),
    cmocka_unit_test(stages_are_all_layers_where_they_can_run),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
