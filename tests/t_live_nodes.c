/* t_live_nodes.c - backend cuda on nodes: cores of this host, shared with whatever else it does, and the pretended GPU of
 * tests/standin-cuda/.  Times are asked for nowhere but in order. */
#include "config.h"

#include <stdlib.h>

#include "policies/list.h"
#include "sim/core.h"
#include "sim/cores.h"
#include "sim/replay.h"
#include "tests/cuda_load.h"
#include "tests/load.h"
#include "tests/node_load.h"
#include "tests/t.h"

enum { NODES = 3, A = 0, GPU = 1, B = 2, LAYERS = 4, CLIENTS = 4, REQUESTS = 1 << 16 };
static const cr_ns US = 1000;

struct nodes {
  struct cr_device_desc node[NODES];
  struct cr_machine machine;
  struct cr_workload_builder *builder;
  const struct cr_workload *workload;
};

/* Layers of so long on each core, and half of it on the GPU, beside copies and work on the core. */
static cr_model add_model(struct nodes *n, const char *name, cr_ns each_ns)
{
  struct cr_layer_time time[LAYERS * NODES];
  for (uint32_t i = 0; i < LAYERS * NODES; i++) {
    time[i] = node_time(each_ns);
    if (i % NODES == GPU)
      time[i] = (struct cr_layer_time){.hd_ns = 15 * US, .exec_ns = each_ns / 2, .misc_ns = 5 * US, .dh_ns = 10 * US};
  }
  return node_model(n->builder, name, LAYERS, NODES, time);
}

static void add_client(struct nodes *n, struct cr_client_spec spec, uint32_t first, uint32_t n_first, uint32_t second)
{
  spec.priority = spec.class == CR_RT ? -1 : 0;
  const struct cr_stage_spec stage[] = {{first, n_first}, {second, LAYERS - n_first}};
  spec.stage = stage;
  spec.n_stage = n_first < LAYERS ? 2 : 1;
  load_add(n->builder, spec);
}

/* Real-time clients on CPU and GPU nodes, best-effort ones that never rest on each.  extra: more of what the first takes, in ppm. */
static void nodes_init(struct nodes *n, uint32_t actual_ppm, const char *fault)
{
  *n = (struct nodes){.builder = cr_workload_builder_new()};
  assert_non_null(n->builder);
  n->node[A] = node_cpu("a", 1);
  n->node[GPU] = node_gpu("gpu");
  n->node[B] = node_cpu("b", 2);
  n->machine = (struct cr_machine){NODES, n->node};
  struct cr_client_spec rt = load_uniform("rt", add_model(n, "small", 100 * US), CR_RT, 100);
  rt.deadline_ns = 10000000;
  rt.actual_min_ppm = rt.actual_max_ppm = actual_ppm;
  add_client(n, rt, A, 2, GPU);
  struct cr_client_spec other = load_uniform("other", add_model(n, "other", 200 * US), CR_RT, 50);
  other.deadline_ns = 20000000;
  add_client(n, other, GPU, 3, B);
  add_client(n, load_closed("be", add_model(n, "large", 2000 * US), CR_BE, 2), A, 1, GPU);
  add_client(n, load_closed("be-b", add_model(n, "large-b", 500 * US), CR_BE, 1), B, LAYERS, B);
  n->workload = load_seal(n->builder);
  setenv("CORUN_LIBCUDA", t_build("tests/standin_cuda.so"), 1);
  setenv("CORUN_STANDIN_CACHE", "", 1);
  setenv("CORUN_SHARE_CORES", "1", 1);
  setenv("CORUN_PATIENCE", "2s", 1);
  cuda_load_fault(fault);
}

static void nodes_fini(struct nodes *n)
{
  cr_workload_builder_free(n->builder);
  cuda_load_fault(NULL);
}

static struct cr_core_cfg cfg_of(const struct nodes *n, const char *policy)
{
  return (struct cr_core_cfg){
    .workload = n->workload,
    .machine = &n->machine,
    .policy = cr_policy_find(policy, strlen(policy)),
    .backend = &cr_backend_cuda,
    .duration_ns = 300000000,
    .seed = 1,
    .strict = 1,
  };
}

/* --- runs --------------------------------------------------------------------------------------------------------- */

/* What is told of each layer: of one request they come in order, none before the one ahead of it has ended. */
struct seen {
  const struct nodes *nodes;
  cr_ns end_ns[REQUESTS];
  uint32_t next_op[REQUESTS];
  uint64_t n_layer, n_wrong, n_on[NODES];
};

static void see_op(void *ctx, const struct cr_op_span *span)
{
  struct seen *s = ctx;
  const struct cr_workload *w = s->nodes->workload;
  uint32_t op = span->op - w->model[w->client[span->client].model.i].op0, r = span->request % REQUESTS;
  s->n_layer++;
  s->n_on[span->device]++;
  s->n_wrong += op != s->next_op[r] || (op && span->start_ns < s->end_ns[r]) || span->end_ns < span->start_ns;
  s->next_op[r] = (op + 1) % LAYERS; /* a slot is another request's when the last layer has ended */
  s->end_ns[r] = span->end_ns;
}

static void run(struct cr_core_cfg *cfg, struct cr_result *out)
{
  struct cr_err err = {""};
  if (cr_core_run(cfg, out, &err) != CR_OK)
    fail_msg("%s", err.text);
  assert_int_equal(out->outcome, CR_DONE);
  assert_int_equal(out->n_refused, 0);
}

static void check_policy(const char *policy, const char *options, const int *uses)
{
  static struct seen seen;
  struct nodes n;
  struct cr_result r;
  struct load_record record = {0};
  struct cr_replay_report report;
  struct cr_err err = {""};
  uint64_t n_done = 0;
  nodes_init(&n, 0, NULL);
  seen = (struct seen){.nodes = &n};
  const struct cr_observer observer = {.ctx = &seen, .on_op = see_op};
  struct cr_core_cfg cfg = cfg_of(&n, policy);
  cfg.policy_options = options;
  cfg.ledger = load_record(&record);
  cfg.observer = &observer;
  run(&cfg, &r);
  for (uint32_t c = 0; c < CLIENTS; c++) {
    assert_int_equal(r.client[c].n_arrived, r.client[c].n_done + r.client[c].n_pending);
    n_done += r.client[c].n_done;
  }
  assert_in_range(r.client[0].n_arrived, 15, 31); /* a busy machine may be late at the end */
  assert_true(r.client[0].n_done > 0);
  assert_int_equal(seen.n_wrong, 0);
  assert_true(seen.n_layer >= LAYERS * n_done);
  for (uint32_t d = 0; d < NODES; d++) {
    assert_int_equal(seen.n_on[d] > 0, uses[d]);
    assert_int_equal(r.use[d].n_kernel, seen.n_on[d]);
    assert_true((r.use[d].busy_ns > 0) == uses[d]);
  }
  assert_int_equal(cr_replay(n.workload, &n.machine, cfg.policy, options, record.note, record.n, &report, &err), CR_OK);
  if (!report.same)
    fail_msg("%s: note %llu: %s, replayed %s", policy, (unsigned long long)report.first_difference, report.recorded,
             report.replayed);
  load_record_fini(&record);
  cr_result_fini(&r);
  nodes_fini(&n);
}

static void stages_run_in_order_and_each_request_once(void **state)
{
  (void)state;
  check_policy("dart", NULL, (const int[]){1, 1, 1});
  check_policy("dart", "enforce=no,streams=3", (const int[]){1, 1, 1});
  check_policy("threads", NULL, (const int[]){0, 1, 0});
  check_policy("threads", "on=cpu", (const int[]){0, 0, 1});
  check_policy("streams", NULL, (const int[]){1, 1, 1});
  check_policy("priority", NULL, (const int[]){1, 1, 1});
}

static void best_effort_work_makes_way(void **state)
{
  (void)state;
  struct nodes n;
  struct cr_result r;
  nodes_init(&n, 0, NULL);
  struct cr_core_cfg cfg = cfg_of(&n, "dart");
  cfg.policy_options = "enforce=no";
  run(&cfg, &r);
  assert_true(cr_live_value(&r.live, "node_preempt_n") > 5);
  assert_true(r.client[2].n_done > 0 && r.client[3].n_done > 0); /* and goes on */
  assert_true(cr_hist_min(r.client[0].metric[CR_LATENCY]) <
              4000000); /* be work on its first node is 2 ms, 4 on the next */
  cr_result_fini(&r);
  nodes_fini(&n);
}

static void requests_that_take_longer_are_demoted(void **state)
{
  (void)state;
  struct nodes n;
  struct cr_result r;
  nodes_init(&n, 2000000, NULL);
  struct cr_core_cfg cfg = cfg_of(&n, "dart");
  run(&cfg, &r);
  assert_true(r.client[0].verdicts.n_demoted > 0);
  cr_result_fini(&r);
  nodes_fini(&n);
}

static void it_tells_how_well_nodes_did(void **state)
{
  (void)state;
  static const char *const hist[] = {"node_start", "node_preempt", "node_notice", "late", "callback", "act"};
  struct nodes n;
  struct cr_result r;
  nodes_init(&n, 0, NULL);
  struct cr_core_cfg cfg = cfg_of(&n, "dart");
  run(&cfg, &r);
  assert_string_equal(cr_live_said(&r.live, "gpu"), "a pretended GPU");
  assert_int_equal((int)cr_live_value(&r.live, "node_cores"), 3);
  assert_true(cr_live_value(&r.live, "node_layers") > 0);
  assert_true(cr_live_value(&r.live, "node_worst_off_ratio") >= cr_live_value(&r.live, "node_mean_off_ratio"));
  assert_true(cr_live_value(&r.live, "node_run_off_ratio") > -0.9);
  for (size_t i = 0; i < sizeof hist / sizeof *hist; i++) {
    char name[CR_LIVE_NAME];
    snprintf(name, sizeof name, "%s_n", hist[i]);
    assert_true(cr_live_value(&r.live, name) > 0);
    snprintf(name, sizeof name, "%s_max_ns", hist[i]);
    assert_true(cr_live_value(&r.live, name) > 0);
  }
  cr_result_fini(&r);
  nodes_fini(&n);
}

/* --- batches, and no GPU ------------------------------------------------------------------------------------------ */

static void cpu_nodes_alone_need_no_gpu(void **state)
{
  (void)state;
  static const uint32_t size[] = {4};
  const struct cr_layer_time time[] = {node_time(400 * US), node_time(700 * US)};
  struct nodes n = {.builder = cr_workload_builder_new()};
  struct cr_result r;
  n.node[A] = node_cpu("a", 1);
  n.machine = (struct cr_machine){1, n.node};
  struct cr_client_spec be = load_closed("be", node_batches(n.builder, "m", 1, 1, 1, size, time), CR_BE, 8);
  be.batch = 4;
  load_add(n.builder, be);
  n.workload = load_seal(n.builder);
  setenv("CORUN_LIBCUDA", "/nonexistent.so", 1);
  setenv("CORUN_SHARE_CORES", "1", 1);
  struct cr_core_cfg cfg = cfg_of(&n, "dart");
  cfg.duration_ns = 100000000;
  run(&cfg, &r);
  assert_true(r.client[0].n_done >= 8);
  assert_int_equal(r.client[0].n_done % 4, 0); /* they run together */
  assert_string_equal(cr_live_said(&r.live, "gpu"), "");
  cr_result_fini(&r);
  cr_workload_builder_free(n.builder);
}

/* --- what goes wrong ---------------------------------------------------------------------------------------------- */

static void check_refused(struct nodes *n, const char *policy, int rc, const char *sentence)
{
  struct cr_core_cfg cfg = cfg_of(n, policy);
  struct cr_result r;
  struct cr_err err = {""};
  struct cr_cores before, after;
  cfg.duration_ns = 3000000000;
  assert_int_equal(cr_cores_mine(&before, &err), CR_OK);
  int got = cr_core_run(&cfg, &r, &err);
  if (got == rc && rc == CR_ERUN)
    cr_result_fini(&r);
  if (got != rc || !strstr(err.text, sentence))
    fail_msg("wanted %d and %s\ngot %d and %s", rc, sentence, got, err.text);
  assert_int_equal(cr_cores_mine(&after, &err), CR_OK);
  assert_int_equal(before.n, after.n);
}

static void what_cannot_be_is_said(void **state)
{
  (void)state;
  struct nodes n;
  nodes_init(&n, 0, NULL);
  check_refused(&n, "reef-n", CR_EINPUT, "policy reef-n needs");
  cuda_load_fault("no-device");
  check_refused(&n, "dart", CR_EINPUT, "the CUDA driver finds no GPU");
  cuda_load_fault(NULL);
  check_refused(&n, "timeslice", CR_EINPUT, "policy timeslice needs process");
  setenv("CORUN_SHARE_CORES", "perhaps", 1);
  check_refused(&n, "dart", CR_EINPUT, "CORUN_SHARE_CORES: 'perhaps' is not possible");
  n.node[B].node.n_core = 2000; /* more than any machine lets a program have */
  unsetenv("CORUN_SHARE_CORES");
  check_refused(&n, "dart", CR_EINPUT, "CPU nodes have 2001 cores, the host thread needs one more, and there are");
  n.node[B] = node_gpu("gpu2");
  check_refused(&n, "dart", CR_EINPUT, "runs on one GPU, and 2 nodes of the scenario have one");
  n.node[B] = node_cpu("b", 1);
  n.node[GPU].node.gpu = &n.node[A];
  check_refused(&n, "dart", CR_EINPUT, "leave `follow` out");
  nodes_fini(&n);
  setenv("CORUN_SHARE_CORES", "1", 1);
}

/* One that hangs is tried in a process of its own: tests/nodes_cli.sh. */
static void a_launch_that_fails_ends_the_run_with_what_there_is(void **state)
{
  (void)state;
  struct nodes n;
  struct cr_result r;
  struct cr_err err = {""};
  nodes_init(&n, 0, "launch=400");
  struct cr_core_cfg cfg = cfg_of(&n, "dart");
  cfg.duration_ns = 20000000000;
  assert_int_equal(cr_core_run(&cfg, &r, &err), CR_ERUN);
  assert_non_null(strstr(err.text, "the launch of a range of layers: unspecified launch failure"));
  assert_int_equal(r.outcome, CR_FAILED);
  assert_true(r.client[0].n_done + r.client[1].n_done + r.client[2].n_done > 0);
  cr_result_fini(&r);
  nodes_fini(&n);
}

static void set_stop(void *ctx, cr_ns now_ns, cr_ns until_ns)
{
  (void)until_ns;
  *(volatile int *)ctx = now_ns > 50000000;
}

static void a_run_that_is_stopped_keeps_what_there_is(void **state)
{
  (void)state;
  struct nodes n;
  struct cr_result r;
  struct cr_err err = {""};
  volatile int stop = 0;
  nodes_init(&n, 0, NULL);
  struct cr_core_cfg cfg = cfg_of(&n, "dart");
  cfg.duration_ns = 3600000000000;
  cfg.on_progress = set_stop;
  cfg.progress_ctx = (void *)&stop;
  cfg.stop = &stop;
  assert_int_equal(cr_core_run(&cfg, &r, &err), CR_EINTR);
  assert_int_equal(r.outcome, CR_INTERRUPTED);
  assert_true(r.client[0].n_done + r.client[2].n_done + r.client[3].n_done > 0);
  cr_result_fini(&r);
  nodes_fini(&n);
}

int main(void)
{
  const struct CMUnitTest test[] = {
    cmocka_unit_test(stages_run_in_order_and_each_request_once),
    cmocka_unit_test(best_effort_work_makes_way),
    cmocka_unit_test(requests_that_take_longer_are_demoted),
    cmocka_unit_test(it_tells_how_well_nodes_did),
    cmocka_unit_test(cpu_nodes_alone_need_no_gpu),
    cmocka_unit_test(what_cannot_be_is_said),
    cmocka_unit_test(a_launch_that_fails_ends_the_run_with_what_there_is),
    cmocka_unit_test(a_run_that_is_stopped_keeps_what_there_is),
  };
  return cmocka_run_group_tests(test, NULL, NULL);
}
