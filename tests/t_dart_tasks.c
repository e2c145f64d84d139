/* t_dart_tasks.c - policy dart at run time, worked by hand: what is demoted and restored, who is admitted, and where to. */
#include "config.h"

#include "policies/list.h"
#include "sim/core.h"
#include "sim/replay.h"
#include "sim/rng.h"
#include "tests/load.h"
#include "tests/node_load.h"
#include "tests/t.h"

enum { NODES = 4, LAYERS = 6, OTHERS_NS = 900000 /* when those come that are there before */ };

/* What came of a run, which was done on n_node nodes and fed to the policy again. */
struct outcome {
  struct cr_result result;
  struct load_record record;
  struct cr_workload_builder *b;
};

static void finish(struct outcome *o)
{
  load_record_fini(&o->record);
  cr_result_fini(&o->result);
  cr_workload_builder_free(o->b);
}

static void run(struct outcome *o, const struct cr_machine *m, const char *options)
{
  const struct cr_workload *w = load_seal(o->b);
  struct cr_core_cfg cfg = load_cfg(w, cr_policy_find("dart", 4));
  struct cr_err err = {""};
  cfg.policy_options = options;
  cfg.machine = m;
  cfg.backend = &cr_backend_sim;
  cfg.ledger = load_record(&o->record);
  if (cr_core_run(&cfg, &o->result, &err) != CR_OK)
    fail_msg("%s", err.text);
  struct cr_replay_report report;
  if (cr_replay(w, m, cfg.policy, options, o->record.note, o->record.n, &report, &err) != CR_OK)
    fail_msg("%s", err.text);
  if (!report.same)
    fail_msg("recorded %s, replayed %s", report.recorded, report.replayed);
  for (uint32_t c = 0; c < w->n_client; c++) {
    const struct cr_client_result *r = &o->result.client[c];
    assert_int_equal(r->n_arrived, r->n_done + r->n_dropped);
  }
}

static void run_on_cpus(struct outcome *o, uint32_t n_node, const char *options)
{
  struct cr_device_desc device[NODES];
  for (uint32_t k = 0; k < n_node; k++)
    device[k] = node_cpu("cpu", 1);
  const struct cr_machine m = {n_node, device};
  run(o, &m, options);
}

/* A client of stages: cost_ns[k] on node k, 0: it leaves the node out. */
static struct cr_client_spec staged(struct cr_workload_builder *b, const char *name, enum cr_class class,
                                    uint32_t n_node, const cr_ns *cost_ns, const cr_ns *at_ns, uint32_t n_at)
{
  static struct cr_stage_spec stage[NODES]; /* until the client is added */
  uint32_t n_stage;
  cr_model m = node_stages(b, name, n_node, cost_ns, stage, &n_stage);
  struct cr_client_spec c = load_trace(name, m, class, at_ns, n_at);
  c.priority = 0;
  c.stage = stage;
  c.n_stage = n_stage;
  return c;
}

static void expect(const struct cr_verdicts *v, uint32_t n_demoted, uint32_t n_restored, int is_demoted,
                   enum cr_why why, uint32_t about)
{
  assert_int_equal(v->n_demoted, n_demoted);
  assert_int_equal(v->n_restored, n_restored);
  assert_int_equal(v->is_demoted, is_demoted);
  assert_int_equal(v->why, why);
  assert_int_equal(v->about, about);
}

/* The streams that a request slot's ranges were launched on, one digit each. */
static const char *streams_of(const struct outcome *o, uint32_t slot)
{
  static char text[64];
  size_t n = 0;
  for (uint64_t i = 0; i < o->record.n; i++)
    if (o->record.note[i].kind == CR_NOTE_LAUNCH && o->record.note[i].a == slot && n + 1 < sizeof text)
      text[n++] = (char)('0' + o->record.note[i].c);
  text[n] = '\0';
  return text;
}

static uint32_t count_notes(const struct outcome *o, uint32_t kind)
{
  uint32_t n = 0;
  for (uint64_t i = 0; i < o->record.n; i++)
    n += o->record.note[i].kind == kind;
  return n;
}

static const cr_ns AT[] = {0, 100, 200, 300};

/* --- enforcement ---------------------------------------------------------------------------------------------------- */

/* Recorded 10, runs 20, which is within its deadline: from the second request on nothing is longer than ever before. */
static void a_task_that_passes_with_its_longer_time_is_restored(void **state)
{
  (void)state;
  struct outcome o = {.b = cr_workload_builder_new()};
  struct cr_client_spec c = staged(o.b, "t", CR_RT, 2, (const cr_ns[]){10, 10}, AT, 4);
  c.deadline_ns = 80;
  c.period_ns = 100;
  c.actual_min_ppm = c.actual_max_ppm = 2000000;
  load_add(o.b, c);
  run_on_cpus(&o, 2, NULL);
  /* Each of two stages: the first one makes the second best-effort, whose own overrun demotes and restores again. */
  expect(&o.result.client[0].verdicts, 2, 2, 0, CR_WHY_PASSES, CR_NONE);
  assert_string_equal(streams_of(&o, 0), "03020202"); /* streams 0 and 2 are for real-time work */
  assert_int_equal(count_notes(&o, CR_NOTE_RAN), 8);
  assert_int_equal(o.result.client[0].n_missed, 0);
  finish(&o);
}

static void a_task_that_does_not_pass_stays_best_effort(void **state)
{
  (void)state;
  struct outcome o = {.b = cr_workload_builder_new()};
  struct cr_client_spec c = staged(o.b, "t", CR_RT, 2, (const cr_ns[]){10, 10}, AT, 3);
  c.deadline_ns = 35;
  c.period_ns = 100;
  c.actual_min_ppm = c.actual_max_ppm = 2000000;
  load_add(o.b, c);
  run_on_cpus(&o, 2, NULL);
  /* 20 + 10 is within 35, 20 + 20 is not: restored after the first stage, left after the second. */
  expect(&o.result.client[0].verdicts, 2, 1, 1, CR_WHY_MISSES, 0);
  assert_string_equal(streams_of(&o, 0), "031313");
  assert_int_equal(o.result.client[0].n_missed, 3);
  finish(&o);
}

static void without_enforcement_nothing_is_demoted(void **state)
{
  (void)state;
  struct outcome o = {.b = cr_workload_builder_new()};
  struct cr_client_spec c = staged(o.b, "t", CR_RT, 2, (const cr_ns[]){10, 10}, AT, 3);
  c.deadline_ns = 35;
  c.period_ns = 100;
  c.actual_min_ppm = c.actual_max_ppm = 2000000;
  load_add(o.b, c);
  run_on_cpus(&o, 2, "enforce=no");
  assert_false(cr_verdicts_any(&o.result.client[0].verdicts));
  assert_string_equal(streams_of(&o, 0), "020202");
  finish(&o);
}

/* On one node a takes 3 to 4 within 10 and b 5, later 7: then a would wait 7 for b and miss. */
static void another_one_that_would_miss_is_named(void **state)
{
  (void)state;
  struct outcome o = {.b = cr_workload_builder_new()};
  struct cr_client_spec c = staged(o.b, "a", CR_RT, 1, (const cr_ns[]){3}, AT + 1, 1);
  c.deadline_ns = 10;
  c.period_ns = 20;
  c.actual_min_ppm = c.actual_max_ppm = 1333334;
  load_add(o.b, c);
  c = staged(o.b, "b", CR_RT, 1, (const cr_ns[]){5}, AT, 3);
  c.deadline_ns = c.period_ns = 100;
  c.actual_min_ppm = c.actual_max_ppm = 1400000;
  load_add(o.b, c);
  run_on_cpus(&o, 1, NULL);
  /* b at 0: 7 + 3 <= 10 passes.  a at 100: 7 + 4 > 10, and a itself would miss. */
  expect(&o.result.client[1].verdicts, 1, 1, 0, CR_WHY_PASSES, CR_NONE);
  expect(&o.result.client[0].verdicts, 1, 0, 1, CR_WHY_MISSES, 0);
  finish(&o);
}

/* V4 of the worked examples, 3 on each of three nodes: the second task responds within 21 by the bounds, 24 by Equations 5 and 6.
 * Its deadline lies between.  The first task is recorded to take 2 on each, and takes 3. */
static void the_test_of_the_paper_is_less_easily_passed(void **state)
{
  (void)state;
  static const cr_ns period_ns[] = {40, 60, 90}, deadline_ns[] = {19, 22, 23};
  for (int by_paper = 0; by_paper < 2; by_paper++) {
    struct outcome o = {.b = cr_workload_builder_new()};
    for (uint32_t i = 0; i < 3; i++) {
      char name[] = {'t', (char)('0' + i), '\0'};
      cr_ns cost_ns = i == 0 ? 2 : 3;
      struct cr_client_spec c = staged(o.b, name, CR_RT, 3, (const cr_ns[]){cost_ns, cost_ns, cost_ns}, AT + i, 1);
      c.period_ns = period_ns[i];
      c.deadline_ns = deadline_ns[i];
      if (i == 0)
        c.actual_min_ppm = c.actual_max_ppm = 1500000;
      load_add(o.b, c);
    }
    run_on_cpus(&o, 3, by_paper ? "test=paper" : "test=tight");
    if (by_paper)
      expect(&o.result.client[0].verdicts, 1, 0, 1, CR_WHY_MISSES, 1);
    else
      expect(&o.result.client[0].verdicts, 3, 3, 0, CR_WHY_PASSES, CR_NONE);
    finish(&o);
  }
}

static void a_best_effort_task_has_no_bound_after_its_first_overrun(void **state)
{
  (void)state;
  struct outcome o = {.b = cr_workload_builder_new()};
  struct cr_client_spec c = staged(o.b, "t", CR_BE, 2, (const cr_ns[]){10, 10}, AT, 3);
  c.actual_min_ppm = c.actual_max_ppm = 1100000;
  load_add(o.b, c);
  run_on_cpus(&o, 2, NULL);
  assert_int_equal(o.result.client[0].verdicts.n_unbounded, 2); /* once each stage */
  assert_int_equal(o.result.client[0].verdicts.n_demoted, 0);
  finish(&o);
}

/* Without a period there is no test, and so no way back; the same when that is another task's. */
static void without_a_period_or_deadline_or_order_there_is_no_test(void **state)
{
  (void)state;
  static const struct {
    cr_ns period_ns, deadline_ns, other_period_ns;
    enum cr_why why;
    uint32_t about;
  } given[] = {
    {0, 50, 100, CR_WHY_PERIOD, 0}, {100, 101, 100, CR_WHY_DEADLINE, 0},    {100, CR_NS_NEVER, 100, CR_WHY_DEADLINE, 0},
    {100, 50, 0, CR_WHY_PERIOD, 1}, {100, 50, 100, CR_WHY_PASSES, CR_NONE},
  };
  for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
    struct outcome o = {.b = cr_workload_builder_new()};
    struct cr_client_spec c = staged(o.b, "t", CR_RT, 1, (const cr_ns[]){10}, AT, 1);
    c.deadline_ns = given[i].deadline_ns;
    c.period_ns = given[i].period_ns;
    c.actual_min_ppm = c.actual_max_ppm = 1100000;
    load_add(o.b, c);
    c = staged(o.b, "other", CR_RT, 1, (const cr_ns[]){10}, AT + 1, 1);
    c.deadline_ns = 60;
    c.period_ns = given[i].other_period_ns;
    load_add(o.b, c);
    run_on_cpus(&o, 1, NULL);
    expect(&o.result.client[0].verdicts, 1, given[i].why == CR_WHY_PASSES, given[i].why != CR_WHY_PASSES, given[i].why,
           given[i].about);
    finish(&o);
  }
}

/* The test knows pipelines: a path that goes back to an earlier node is none. */
static void a_path_that_goes_back_is_not_tested(void **state)
{
  (void)state;
  struct outcome o = {.b = cr_workload_builder_new()};
  const struct cr_layer_time time[] = {node_time(10), node_time(10), node_time(10), node_time(10)};
  const struct cr_stage_spec stage[] = {{1, 1}, {0, 1}};
  struct cr_client_spec c = load_trace("t", node_model(o.b, "m", 2, 2, time), CR_RT, AT, 1);
  c.priority = 0;
  c.deadline_ns = c.period_ns = 100;
  c.stage = stage;
  c.n_stage = 2;
  c.actual_min_ppm = c.actual_max_ppm = 1100000;
  load_add(o.b, c);
  run_on_cpus(&o, 2, NULL);
  expect(&o.result.client[0].verdicts, 1, 0, 1, CR_WHY_PATH, 0);
  finish(&o);
}

/* Waits, preemption, sharing, and what it costs to tell the next node, are no running time. */
static void only_its_own_time_counts(void **state)
{
  (void)state;
  struct outcome o = {.b = cr_workload_builder_new()};
  struct cr_device_desc device[] = {node_cpu("cpu", 1), node_gpu("gpu")};
  const struct cr_machine m = {2, device};
  device[0].node.notify_ns = device[1].node.notify_ns = 7;
  device[0].node.cpu_preempt_ns = device[1].node.cpu_preempt_ns = 11;
  device[1].node.gpu_copy_ns = 13;
  for (uint32_t i = 0; i < 5; i++) {
    char name[] = {'t', (char)('0' + i), '\0'};
    struct cr_client_spec c = staged(o.b, name, i < 2 ? CR_RT : CR_BE, 2, (const cr_ns[]){40, 60}, AT, 4);
    c.deadline_ns = 100 + i;
    load_add(o.b, c);
  }
  run(&o, &m, NULL);
  assert_int_equal(count_notes(&o, CR_NOTE_RAN), 0);
  assert_int_equal(count_notes(&o, CR_NOTE_VERDICT), 0);
  finish(&o);
}

static int replay(const struct outcome *o, struct cr_replay_report *report, struct cr_err *err)
{
  const struct cr_device_desc device[] = {node_cpu("cpu", 1)};
  const struct cr_machine m = {1, device};
  const struct cr_workload *w;
  assert_int_equal(cr_workload_seal(o->b, &w, err), CR_OK);
  return cr_replay(w, &m, cr_policy_find("dart", 4), NULL, o->record.note, o->record.n, report, err);
}

/* How long a stage ran is what the policy decides by, and the ledger has it. */
static void another_running_time_is_another_decision(void **state)
{
  (void)state;
  struct outcome o = {.b = cr_workload_builder_new()};
  struct cr_client_spec c = staged(o.b, "t", CR_RT, 1, (const cr_ns[]){10}, AT, 2);
  struct cr_replay_report report;
  struct cr_err err = {""};
  c.deadline_ns = 15;
  c.period_ns = 100;
  c.actual_min_ppm = c.actual_max_ppm = 2000000;
  load_add(o.b, c);
  run_on_cpus(&o, 1, NULL);
  uint64_t i = 0;
  while (o.record.note[i].kind != CR_NOTE_RAN)
    i++;
  assert_int_equal(o.record.note[i].t, 20);
  o.record.note[i].t = 14; /* restored, then, and not left */
  assert_int_equal(replay(&o, &report, &err), CR_OK);
  assert_false(report.same);
  assert_string_equal(report.recorded, "20   client 0 left demoted: misses of client 0");
  assert_string_equal(report.replayed, "20   client 0 restored: passes");
  static const struct cr_note bad[] = {{.kind = CR_NOTE_RAN, .a = 1, .t = 20}, {.kind = CR_NOTE_RAN, .a = 0, .t = 0}};
  for (size_t k = 0; k < 2; k++) {
    o.record.note[i] = bad[k];
    assert_int_equal(replay(&o, &report, &err), CR_EINPUT);
    assert_non_null(strstr(err.text, "no layers were launched that could have run so long"));
  }
  finish(&o);
}

/* --- admission ------------------------------------------------------------------------------------------------------ */

/* Layers that each take time[layer * n_node + node], of a client that joins at 50. */
static struct cr_client_spec joining(struct cr_workload_builder *b, const char *name, enum cr_class class,
                                     uint32_t n_layer, uint32_t n_node, const struct cr_layer_time *time, uint32_t n_at)
{
  static const cr_ns at_ns[] = {50, 1050, 2050, 3050};
  struct cr_client_spec c = load_trace(name, node_model(b, name, n_layer, n_node, time), class, at_ns, n_at);
  c.priority = 0;
  c.join_ns = 50;
  return c;
}

static void expect_admission(const struct cr_verdicts *v, int is_admitted, enum cr_why why, uint32_t about)
{
  assert_int_equal(v->is_admitted, is_admitted);
  assert_int_equal(v->is_refused, !is_admitted);
  assert_int_equal(v->why, why);
  assert_int_equal(v->about, about);
}

/* The worked example of Equation 7: 5 layers on 3 nodes that are used to 30, 10 and 25 %; best is {1}|{2,3,4}|{5}, 55 %. */
static void layers_go_where_the_busiest_node_is_least_busy(void **state)
{
  (void)state;
  static const cr_ns percent[5][3] = {{10, 20, 5}, {15, 30, 5}, {20, 10, 10}, {25, 5, 15}, {10, 10, 20}};
  static const cr_ns used[3][3] = {{300, 0, 0}, {0, 100, 0}, {0, 0, 250}};
  struct cr_layer_time time[15];
  struct outcome o = {.b = cr_workload_builder_new()};
  for (uint32_t k = 0; k < 3; k++) {
    char name[] = {'u', (char)('0' + k), '\0'};
    struct cr_client_spec c = staged(o.b, name, CR_BE, 3, used[k], AT, 1);
    c.period_ns = 1000;
    load_add(o.b, c);
  }
  for (uint32_t i = 0; i < 15; i++)
    time[i] = node_time(10 * percent[i / 3][i % 3]);
  struct cr_client_spec c = joining(o.b, "new", CR_BE, 5, 3, time, 2);
  c.period_ns = 1000;
  load_add(o.b, c);
  run_on_cpus(&o, 3, NULL);
  expect_admission(&o.result.client[3].verdicts, 1, CR_WHY_COPIES, CR_NONE);
  uint32_t n_op[] = {1, 3, 1, 1, 3, 1}, n = 0;
  for (uint64_t i = 0; i < o.record.n; i++)
    if (o.record.note[i].kind == CR_NOTE_LAUNCH && o.record.note[i].at_ns >= 1000)
      assert_int_equal(o.record.note[i].b, n_op[3 + n++]);
  assert_int_equal(n, 3);
  finish(&o);
}

/* A takes 3 within 10; one that joins with 7 may block it for so long, one with 8 not. */
static void a_real_time_client_is_accepted_when_all_pass_with_it(void **state)
{
  (void)state;
  for (cr_ns cost_ns = 7; cost_ns <= 8; cost_ns++) {
    struct outcome o = {.b = cr_workload_builder_new()};
    const struct cr_layer_time time[] = {node_time(cost_ns)};
    struct cr_client_spec c = staged(o.b, "a", CR_RT, 1, (const cr_ns[]){3}, AT, 4);
    c.deadline_ns = c.period_ns = 10;
    load_add(o.b, c);
    c = joining(o.b, "new", CR_RT, 1, 1, time, 4);
    c.deadline_ns = c.period_ns = 1000;
    load_add(o.b, c);
    run_on_cpus(&o, 1, NULL);
    if (cost_ns == 7)
      expect_admission(&o.result.client[1].verdicts, 1, CR_WHY_PASSES, CR_NONE);
    else
      expect_admission(&o.result.client[1].verdicts, 0, CR_WHY_MISSES, 0);
    assert_int_equal(o.result.client[1].n_dropped, cost_ns == 7 ? 0 : 4);
    assert_int_equal(o.result.client[0].n_done, 4);
    assert_int_equal(count_notes(&o, CR_NOTE_DROP), cost_ns == 7 ? 0 : 4);
    finish(&o);
  }
}

static void one_without_a_period_is_not_accepted(void **state)
{
  (void)state;
  struct outcome o = {.b = cr_workload_builder_new()};
  const struct cr_layer_time time[] = {node_time(5)};
  struct cr_client_spec c = joining(o.b, "new", CR_RT, 1, 1, time, 2);
  c.deadline_ns = 1000;
  load_add(o.b, c);
  run_on_cpus(&o, 1, NULL);
  expect_admission(&o.result.client[0].verdicts, 0, CR_WHY_PERIOD, 0);
  finish(&o);
}

/* Its only period is that of its rate. */
static void requests_at_an_even_rate_have_a_period(void **state)
{
  (void)state;
  struct outcome o = {.b = cr_workload_builder_new()};
  const struct cr_layer_time time[] = {node_time(5000)};
  struct cr_client_spec c = load_uniform("new", node_model(o.b, "m", 1, 1, time), CR_RT, 1000);
  c.priority = 0;
  c.arrival.phase_ns = c.join_ns = 70;
  c.deadline_ns = 1000000;
  c.max_requests = 3;
  load_add(o.b, c);
  run_on_cpus(&o, 1, NULL);
  expect_admission(&o.result.client[0].verdicts, 1, CR_WHY_PASSES, CR_NONE);
  finish(&o);
}

/* On a GPU node; copies of layers on cores are none. */
static void a_best_effort_client_is_accepted_when_its_copies_are_short(void **state)
{
  (void)state;
  for (cr_ns copy_ns = 19; copy_ns <= 21; copy_ns++)
    for (int tail = 0; tail < 2; tail++) {
      struct outcome o = {.b = cr_workload_builder_new()};
      struct cr_device_desc device[] = {node_gpu("gpu"), node_cpu("cpu", 1)};
      device[0].node.gpu_copy_ns = 20;
      const struct cr_machine m = {2, device};
      struct cr_layer_time time[] = {
        {.exec_ns = 10}, {.exec_ns = CR_NS_NEVER}, {.exec_ns = CR_NS_NEVER}, {.exec_ns = 10}};
      *(tail ? &time[0].dh_ns : &time[0].hd_ns) = copy_ns;
      load_add(o.b, joining(o.b, "new", CR_BE, 2, 2, time, 2));
      run(&o, &m, NULL);
      expect_admission(&o.result.client[0].verdicts, copy_ns <= 20, copy_ns <= 20 ? CR_WHY_COPIES : CR_WHY_COPY,
                       CR_NONE);
      finish(&o);
    }
}

/* A closed client asks again as soon as a request of its leaves; one that is refused does not, or the run would never end. */
static void a_closed_client_that_is_refused_asks_no_more(void **state)
{
  (void)state;
  struct outcome o = {.b = cr_workload_builder_new()};
  const struct cr_layer_time time[] = {node_time(CR_NS_NEVER), node_time(5), node_time(5), node_time(CR_NS_NEVER)};
  struct cr_client_spec c = load_closed("new", node_model(o.b, "m", 2, 2, time), CR_BE, 3);
  c.priority = 0;
  c.arrival.phase_ns = c.join_ns = 50;
  c.max_requests = 100;
  load_add(o.b, c);
  run_on_cpus(&o, 2, NULL); /* the first layer can run on the second node alone, the second on the first */
  expect_admission(&o.result.client[0].verdicts, 0, CR_WHY_PLACE, CR_NONE);
  assert_int_equal(o.result.client[0].n_arrived, 3);
  assert_int_equal(o.result.client[0].n_dropped, 3);
  finish(&o);
}

static void who_joins_runs_whole_without_admission(void **state)
{
  (void)state;
  struct outcome o = {.b = cr_workload_builder_new()};
  const struct cr_layer_time time[] = {node_time(5), node_time(5), node_time(5), node_time(5)};
  load_add(o.b, joining(o.b, "new", CR_RT, 2, 2, time, 2));
  run_on_cpus(&o, 2, "admit=no");
  assert_false(cr_verdicts_any(&o.result.client[0].verdicts));
  assert_string_equal(streams_of(&o, 0), "00");
  finish(&o);
}

/* A task that was demoted is no real-time task in the test: one that joins then may find room. */
static void a_demoted_task_leaves_room(void **state)
{
  (void)state;
  for (uint32_t demoted = 0; demoted < 2; demoted++) {
    struct outcome o = {.b = cr_workload_builder_new()};
    const struct cr_layer_time time[] = {node_time(8)};
    struct cr_client_spec c = staged(o.b, "a", CR_RT, 1, (const cr_ns[]){3}, AT, 1);
    c.deadline_ns = c.period_ns = 10;
    c.actual_min_ppm = c.actual_max_ppm = demoted ? 4000000 : 1000000;
    load_add(o.b, c);
    c = joining(o.b, "new", CR_RT, 1, 1, time, 2);
    c.deadline_ns = c.period_ns = 1000;
    load_add(o.b, c);
    run_on_cpus(&o, 1, NULL);
    assert_int_equal(o.result.client[0].verdicts.is_demoted, demoted);
    assert_int_equal(o.result.client[1].verdicts.is_admitted, demoted);
    finish(&o);
  }
}

/* --- every way to place a task -------------------------------------------------------------------------------------- */

struct dice {
  uint32_t seed;
  uint64_t n;
};

static cr_ns roll(struct dice *d, cr_ns below)
{
  return (cr_ns)(cr_draw(d->seed, CR_RNG_TEST, 9, d->n++) % (uint64_t)below);
}

/* The load of the busiest node when the first layers go to the first nodes as cuts[] says; CR_NS_NEVER: one cannot run. */
static cr_ns busiest(const struct cr_layer_time *time, uint32_t n_layer, uint32_t n_node, const cr_ns *used_ns,
                     const uint32_t *first)
{
  cr_ns most_ns = 0;
  (void)n_layer;
  for (uint32_t k = 0; k < n_node; k++) {
    cr_ns sum_ns = used_ns[k];
    for (uint32_t i = first[k]; i < first[k + 1]; i++) {
      const struct cr_layer_time *t = &time[i * n_node + k];
      if (t->exec_ns == CR_NS_NEVER)
        return CR_NS_NEVER;
      sum_ns += t->exec_ns + t->misc_ns + (i == first[k] ? t->hd_ns : 0) + (i + 1 == first[k + 1] ? t->dh_ns : 0);
    }
    most_ns = cr_max_ns(most_ns, sum_ns);
  }
  return most_ns;
}

/* Of all ways; first[k + 1] from first[k] on, for nodes from k on. */
static cr_ns least_busiest(const struct cr_layer_time *time, uint32_t n_layer, uint32_t n_node, const cr_ns *used_ns,
                           uint32_t *first, uint32_t k)
{
  cr_ns least_ns = CR_NS_NEVER;
  if (k + 1 == n_node) {
    first[n_node] = n_layer;
    return busiest(time, n_layer, n_node, used_ns, first);
  }
  for (first[k + 1] = first[k]; first[k + 1] <= n_layer; first[k + 1]++) {
    uint32_t copy[NODES + 1];
    memcpy(copy, first, sizeof copy);
    least_ns = cr_min_ns(least_ns, least_busiest(time, n_layer, n_node, used_ns, copy, k + 1));
  }
  return least_ns;
}

/* Where the first request of client was launched: its layers to nodes. */
static void read_split(const struct outcome *o, const uint32_t *stream_node, uint32_t slot, uint32_t n_node,
                       uint32_t *first)
{
  uint32_t n_op[NODES] = {0};
  for (uint64_t i = 0; i < o->record.n; i++) {
    const struct cr_note *note = &o->record.note[i];
    if (note->kind == CR_NOTE_LAUNCH && note->a == slot && note->at_ns < OTHERS_NS)
      n_op[stream_node[note->c]] = note->b;
  }
  first[0] = 0;
  for (uint32_t k = 0; k < n_node; k++)
    first[k + 1] = first[k] + n_op[k];
}

static void no_way_to_place_a_task_is_better(void **state)
{
  (void)state;
  uint32_t n_refused = 0, n_cut = 0;
  for (uint32_t seed = 0; seed < 300; seed++) {
    struct dice d = {.seed = seed};
    struct outcome o = {.b = cr_workload_builder_new()};
    struct cr_device_desc device[NODES];
    struct cr_layer_time time[LAYERS * NODES];
    uint32_t n_node = 1 + (uint32_t)roll(&d, NODES), n_layer = 1 + (uint32_t)roll(&d, LAYERS), stream_node[64], n = 0;
    cr_ns used_ns[NODES] = {0};
    for (uint32_t k = 0; k < n_node; k++) {
      device[k] = roll(&d, 3) ? node_cpu("cpu", 1) : node_gpu("gpu");
      device[k].node.gpu_copy_ns = 1000;
      for (uint32_t s = device[k].kind == CR_DEVICE_GPU_NODE ? 3 : 2; s > 0; s--)
        stream_node[n++] = k;
    }
    const struct cr_machine m = {n_node, device};
    static const cr_ns late_ns[] = {OTHERS_NS};
    for (uint32_t k = 0; k < n_node; k++) {
      char name[] = {'u', (char)('0' + k), '\0'};
      cr_ns cost_ns[NODES] = {0};
      used_ns[k] = cost_ns[k] = 1 + roll(&d, 3000);
      struct cr_client_spec c = staged(o.b, name, roll(&d, 2) ? CR_RT : CR_BE, n_node, cost_ns, late_ns, 1);
      c.period_ns = 1000000;
      load_add(o.b, c);
    }
    for (uint32_t i = 0; i < n_layer * n_node; i++) {
      int is_gpu = device[i % n_node].kind == CR_DEVICE_GPU_NODE;
      time[i] = (struct cr_layer_time){.exec_ns = roll(&d, seed % 2 ? 2 : 6) ? 1 + roll(&d, 1000) : CR_NS_NEVER};
      if (is_gpu)
        time[i].hd_ns = roll(&d, 500), time[i].misc_ns = roll(&d, 500), time[i].dh_ns = roll(&d, 500);
    }
    for (uint32_t i = 0; i < n_layer; i++) /* on one node at the least */
      time[i * n_node + (uint32_t)roll(&d, n_node)].exec_ns = 1 + roll(&d, 1000);
    struct cr_client_spec c = joining(o.b, "new", CR_BE, n_layer, n_node, time, 1);
    c.period_ns = 1000000;
    load_add(o.b, c);
    run(&o, &m, NULL);
    uint32_t first[NODES + 1] = {0};
    cr_ns least_ns = least_busiest(time, n_layer, n_node, used_ns, first, 0);
    expect_admission(&o.result.client[n_node].verdicts, least_ns != CR_NS_NEVER,
                     least_ns != CR_NS_NEVER ? CR_WHY_COPIES : CR_WHY_PLACE, CR_NONE);
    n_refused += least_ns == CR_NS_NEVER;
    if (least_ns != CR_NS_NEVER) {
      read_split(&o, stream_node, 0, n_node, first);
      assert_int_equal(first[n_node], n_layer);
      assert_int_equal(busiest(time, n_layer, n_node, used_ns, first), least_ns);
      n_cut += first[1] > 0 && first[1] < n_layer;
    }
    finish(&o);
  }
  if (n_refused < 10 || n_cut < 50)
    fail_msg("refused %u, cut %u", n_refused, n_cut);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_task_that_passes_with_its_longer_time_is_restored),
    cmocka_unit_test(a_task_that_does_not_pass_stays_best_effort),
    cmocka_unit_test(without_enforcement_nothing_is_demoted),
    cmocka_unit_test(another_one_that_would_miss_is_named),
    cmocka_unit_test(the_test_of_the_paper_is_less_easily_passed),
    cmocka_unit_test(a_best_effort_task_has_no_bound_after_its_first_overrun),
    cmocka_unit_test(without_a_period_or_deadline_or_order_there_is_no_test),
    cmocka_unit_test(a_path_that_goes_back_is_not_tested),
    cmocka_unit_test(only_its_own_time_counts),
    cmocka_unit_test(another_running_time_is_another_decision),
    cmocka_unit_test(layers_go_where_the_busiest_node_is_least_busy),
    cmocka_unit_test(a_real_time_client_is_accepted_when_all_pass_with_it),
    cmocka_unit_test(one_without_a_period_is_not_accepted),
    cmocka_unit_test(requests_at_an_even_rate_have_a_period),
    cmocka_unit_test(a_best_effort_client_is_accepted_when_its_copies_are_short),
    cmocka_unit_test(a_closed_client_that_is_refused_asks_no_more),
    cmocka_unit_test(who_joins_runs_whole_without_admission),
    cmocka_unit_test(a_demoted_task_leaves_room),
    cmocka_unit_test(no_way_to_place_a_task_is_better),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
