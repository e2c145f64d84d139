/* t_one_node.c - the bound of plan/one_node.h: worked by hand, and against policy `threads`, which it is of. */
#include "config.h"

#include "plan/one_node.h"

#include "policies/list.h"
#include "sim/core.h"
#include "sim/rng.h"
#include "tests/load.h"
#include "tests/node_load.h"
#include "tests/t.h"

enum { TASKS = 6, LAYERS = 3, JOBS = 24, CORES = 4, SETS = 60, RUNS = 6 };
enum { CPU, GPU, DEVICES }; /* of the machine */

static const struct cr_core_type core_types[] = {{"little", 2, 0}, {"big", CORES, 2}, {"other", CORES, 2 + CORES}};
static const struct cr_gpu_type gpu_types[] = {{"g", 1}};
static const struct cr_platform platform = {.name = "board",
                                            .about = "",
                                            .n_core_type = 3,
                                            .n_gpu_type = 1,
                                            .core = core_types,
                                            .gpu = gpu_types,
                                            .n_core = 2 + 2 * CORES,
                                            .n_gpu = 1};
enum { SLOTS = 2 + 2 * CORES, ALL_BIG = 2 + CORES - 1 };

struct set {
  uint32_t n_task, n_layer[TASKS];
  cr_ns cpu_ns[TASKS][LAYERS * SLOTS];
  struct cr_gpu_layer gpu[TASKS][LAYERS];
  struct cr_layer_profile profile[TASKS];
  struct cr_plan_task task[TASKS];
  struct cr_task_set of_plan;
};

struct draws {
  uint64_t seed, n;
};

static cr_ns below(struct draws *d, cr_ns n)
{
  return (cr_ns)(cr_draw(d->seed, CR_RNG_TEST, 0, d->n++) % (uint64_t)n);
}

static const char *const layer_names[LAYERS] = {"a", "b", "c"};
static const char *const task_names[TASKS] = {"t0", "t1", "t2", "t3", "t4", "t5"};

static void finish(struct set *s)
{
  for (uint32_t i = 0; i < s->n_task; i++) {
    s->profile[i] = (struct cr_layer_profile){task_names[i], "", s->n_layer[i], layer_names, s->cpu_ns[i], s->gpu[i]};
    s->task[i].profile = &s->profile[i];
    s->task[i].name = task_names[i];
    s->task[i].batch = s->task[i].weight = 1;
    s->of_plan.n_rt += (uint32_t)s->task[i].is_rt;
  }
  s->of_plan.name = "set";
  s->of_plan.about = "";
  s->of_plan.platform = &platform;
  s->of_plan.n_task = s->n_task;
  s->of_plan.task = s->task;
}

/* Up to four rt tasks and two be ones; use_pct: what the rt tasks need of the node, about. */
static void draw_set(struct draws *d, enum cr_one_node_on on, cr_ns use_pct, struct set *s)
{
  memset(s, 0, sizeof *s);
  uint32_t n_rt = 1 + (uint32_t)below(d, 4);
  const struct cr_node_kind kind = cr_one_node_kind(&platform, on);
  s->n_task = n_rt + (uint32_t)below(d, 3);
  for (uint32_t i = 0; i < s->n_task; i++) {
    s->n_layer[i] = 1 + (uint32_t)below(d, LAYERS);
    for (uint32_t j = 0; j < s->n_layer[i]; j++) {
      for (uint32_t c = 0; c < SLOTS; c++)
        s->cpu_ns[i][j * SLOTS + c] = c == ALL_BIG ? 100 * (1 + below(d, 30)) : CR_NS_NEVER;
      s->gpu[i][j] = (struct cr_gpu_layer){10 * below(d, 9), 100 * (1 + below(d, 30)), below(d, 50), below(d, 90)};
    }
    s->task[i].is_rt = i < n_rt;
  }
  finish(s);
  for (uint32_t i = 0; i < s->n_task; i++) {
    cr_ns request_ns = cr_one_node_request_ns(&s->profile[i], &platform, &kind);
    s->task[i].period_ns = request_ns * n_rt * 100 / use_pct * (100 + below(d, 60)) / 100;
    s->task[i].deadline_ns = i < n_rt ? s->task[i].period_ns : CR_NS_NEVER;
  }
}

/* --- what policy `threads` makes of it ------------------------------------------------------------------------------------ */

struct releases {
  cr_ns at_ns[TASKS][JOBS];
  int less; /* requests take from a half of their time to all of it */
};

struct seen {
  const struct set *set;
  cr_ns worst_ns; /* of rt requests */
};

static int take(void *ctx, const struct cr_request_row *row, uint32_t n, struct cr_err *err)
{
  struct seen *s = ctx;
  (void)err;
  for (uint32_t i = 0; i < n; i++)
    if (s->set->task[row[i].client].is_rt)
      s->worst_ns = cr_max_ns(s->worst_ns, row[i].end_ns - row[i].arrive_ns);
  return CR_OK;
}

static const struct cr_workload *build(struct cr_workload_builder *b, const struct set *s, const struct releases *r)
{
  for (uint32_t i = 0; i < s->n_task; i++) {
    struct cr_layer_time time[LAYERS * DEVICES];
    for (uint32_t j = 0; j < s->n_layer[i]; j++) {
      const struct cr_gpu_layer *g = &s->gpu[i][j];
      time[j * DEVICES + CPU] = node_time(s->cpu_ns[i][j * SLOTS + ALL_BIG]);
      time[j * DEVICES + GPU] =
        (struct cr_layer_time){.hd_ns = g->hd_ns, .exec_ns = g->exec_ns, .misc_ns = g->misc_ns, .dh_ns = g->dh_ns};
    }
    cr_model m = node_model(b, task_names[i], s->n_layer[i], DEVICES, time);
    struct cr_client_spec c = load_trace(task_names[i], m, s->task[i].is_rt ? CR_RT : CR_BE, r->at_ns[i], JOBS);
    c.priority = 0;
    c.max_requests = JOBS;
    c.actual_min_ppm = r->less ? 500000 : 0;
    c.actual_max_ppm = r->less ? 1000000 : 0;
    load_add(b, c);
  }
  return load_seal(b);
}

static cr_ns worst_response(const struct set *s, enum cr_one_node_on on, const struct releases *r, uint64_t seed)
{
  const struct cr_device_desc device[DEVICES] = {node_cpu("cpu", CORES), node_gpu("gpu")};
  const struct cr_machine machine = {DEVICES, device};
  struct cr_workload_builder *b = cr_workload_builder_new();
  struct seen seen = {.set = s};
  struct cr_request_sink sink = {.ctx = &seen, .write = take};
  struct cr_core_cfg cfg = load_cfg(build(b, s, r), cr_policy_find("threads", 7));
  cfg.policy_options = on == CR_ON_GPU ? "on=gpu" : "on=cpu";
  cfg.machine = &machine;
  cfg.backend = &cr_backend_sim;
  cfg.requests = &sink;
  cfg.seed = seed;
  struct cr_result result;
  struct cr_err err = {""};
  if (cr_core_run(&cfg, &result, &err) != CR_OK)
    fail_msg("%s", err.text);
  cr_result_fini(&result);
  cr_workload_builder_free(b);
  return seen.worst_ns;
}

/* The worst by the proof: a be request, the longest, has begun an instant before all rt tasks release; `last` a little later. */
static void together(const struct set *s, uint32_t be_task, uint32_t last, struct releases *r)
{
  for (uint32_t i = 0; i < s->n_task; i++)
    for (uint32_t n = 0; n < JOBS; n++)
      r->at_ns[i][n] = s->task[i].period_ns * n + (i == be_task ? 0 : s->task[i].is_rt ? 1 + (i == last) : 3);
}

static void anyhow(const struct set *s, struct draws *d, struct releases *r)
{
  for (uint32_t i = 0; i < s->n_task; i++) {
    cr_ns at_ns = below(d, s->task[i].period_ns);
    for (uint32_t n = 0; n < JOBS; n++) {
      r->at_ns[i][n] = at_ns;
      at_ns += s->task[i].period_ns + (below(d, 3) ? 0 : below(d, s->task[i].period_ns));
    }
  }
  r->less = below(d, 3) == 0;
}

static cr_ns search(const struct set *s, enum cr_one_node_on on, uint32_t be_task, struct draws *d)
{
  cr_ns worst_ns = 0;
  for (uint32_t run = 0; run < RUNS; run++) {
    struct releases r = {.less = 0};
    if (run < s->of_plan.n_rt)
      together(s, be_task, run, &r);
    else
      anyhow(s, d, &r);
    worst_ns = cr_max_ns(worst_ns, worst_response(s, on, &r, d->seed + run));
  }
  return worst_ns;
}

static struct cr_one_node planned(const struct set *s, enum cr_one_node_on on)
{
  struct cr_one_node n;
  struct cr_err err = {""};
  if (cr_one_node_plan(&s->of_plan, on, &n, &err) != CR_OK)
    fail_msg("%s", err.text);
  return n;
}

/* --- cases -------------------------------------------------------------------------------------------------------------- */

static void a_set_by_hand(void **state)
{
  (void)state;
  struct set s = {.n_task = 4, .n_layer = {2, 1, 1, 1}};
  for (uint32_t i = 0; i < 4; i++)
    for (uint32_t j = 0; j < LAYERS; j++) {
      s.cpu_ns[i][j * SLOTS + ALL_BIG] = 10 * (i + 1);
      s.gpu[i][j] = (struct cr_gpu_layer){1, 2 * (i + 1), 3, 4};
      s.task[i] = (struct cr_plan_task){.is_rt = i < 2, .period_ns = 200, .deadline_ns = i < 2 ? 100 : CR_NS_NEVER};
    }
  finish(&s);
  s.task[1].deadline_ns = 79;
  s.task[2].batch = 2;
  struct cr_one_node n = planned(&s, CR_ON_CPU); /* rt 20 and 20, be 2 * 30 and 40 */
  assert_true(n.rt_ns == 40 && n.be_ns == 60 && n.be_task == 2 && n.response_ns == 100 && n.n_failed == 1);
  assert_true(n.kind.core_type == 1 && n.kind.n_core == CORES && n.kind.gpu_type == CR_NONE);
  assert_true(n.cost_ppb == INT64_C(2265822785)); /* 100/100 + 100/79 */
  n = planned(&s, CR_ON_GPU);                     /* rt 1+(2+3)*2+4 and 1+4+3+4, be 2*(1+6+3+4) and 1+8+3+4 */
  assert_true(n.rt_ns == 15 + 12 && n.be_ns == 28 && n.response_ns == 55 && n.n_failed == 0);
  assert_true(n.rt_used_ppt >= 135000000000 && n.rt_used_ppt <= 135000000002); /* 27/200 */
}

static void the_whole_node_may_be_used_and_no_more(void **state)
{
  (void)state;
  struct set s = {.n_task = 2, .n_layer = {1, 1}};
  for (uint32_t i = 0; i < 2; i++) {
    s.cpu_ns[i][ALL_BIG] = 30;
    s.task[i] = (struct cr_plan_task){.is_rt = 1, .period_ns = 60, .deadline_ns = 60};
  }
  finish(&s);
  struct cr_one_node n = planned(&s, CR_ON_CPU);
  assert_true(n.response_ns == 60 && n.n_failed == 0);
  s.task[0].period_ns = s.task[0].deadline_ns = 59;
  n = planned(&s, CR_ON_CPU);
  assert_true(n.response_ns == CR_NS_NEVER && n.n_failed == 2);
}

static void a_layer_without_a_time_on_all_cores_is_refused(void **state)
{
  (void)state;
  struct set s = {.n_task = 1, .n_layer = {2}};
  s.cpu_ns[0][ALL_BIG] = 30;
  s.cpu_ns[0][SLOTS + ALL_BIG] = CR_NS_NEVER;
  s.task[0] = (struct cr_plan_task){.is_rt = 1, .period_ns = 60, .deadline_ns = 60};
  finish(&s);
  struct cr_one_node n;
  struct cr_err err = {""};
  assert_int_equal(cr_one_node_plan(&s.of_plan, CR_ON_CPU, &n, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "layer 'b' of t0 has no time on all 4 cores of type big"));
}

/* Beside it, that the search sees a bound from which B, or the shortest task, is left out. */
static void no_request_is_later_than_the_bound(void **state)
{
  (void)state;
  uint32_t n_reached = 0, n_without_be = 0, n_without_task = 0, n_be = 0;
  for (uint32_t i = 0; i < SETS; i++) {
    struct draws d = {.seed = 4000 + i};
    enum cr_one_node_on on = i % 2 ? CR_ON_GPU : CR_ON_CPU;
    struct set s;
    draw_set(&d, on, 20 + 80 * (i % 5) / 4, &s);
    struct cr_one_node n = planned(&s, on);
    assert_true(n.response_ns == n.be_ns + n.rt_ns);
    cr_ns worst_ns = search(&s, on, n.be_task, &d), least_ns = CR_NS_NEVER;
    for (uint32_t k = 0; k < s.of_plan.n_rt; k++)
      least_ns = cr_min_ns(least_ns, cr_one_node_request_ns(&s.profile[k], &platform, &n.kind));
    if (worst_ns > n.response_ns)
      fail_msg("seed %u: seen %lld, bound %lld", 4000 + i, (long long)worst_ns, (long long)n.response_ns);
    n_reached += worst_ns >= n.response_ns - 2;
    n_be += n.be_task != CR_NONE;
    n_without_be += n.be_task != CR_NONE && worst_ns > n.rt_ns;
    n_without_task += worst_ns > n.response_ns - least_ns;
  }
  assert_true(n_be > SETS / 3);
  assert_int_equal(n_reached, SETS); /* but for the instants by which releases must differ */
  assert_int_equal(n_without_be, n_be);
  assert_int_equal(n_without_task, SETS);
}

static void with_more_to_do_than_time_there_is_none(void **state)
{
  (void)state;
  uint32_t n_beyond = 0;
  for (uint32_t i = 0; i < 6; i++) {
    struct draws d = {.seed = 5000 + i};
    struct set s;
    draw_set(&d, CR_ON_CPU, 250, &s);
    struct cr_one_node n = planned(&s, CR_ON_CPU);
    assert_true(n.response_ns == CR_NS_NEVER && n.n_failed == s.of_plan.n_rt);
    n_beyond += search(&s, CR_ON_CPU, n.be_task, &d) > n.be_ns + n.rt_ns;
  }
  assert_int_equal(n_beyond, 6);
}

int main(void)
{
  const struct CMUnitTest test[] = {
    cmocka_unit_test(a_set_by_hand),
    cmocka_unit_test(the_whole_node_may_be_used_and_no_more),
    cmocka_unit_test(a_layer_without_a_time_on_all_cores_is_refused),
    cmocka_unit_test(no_request_is_later_than_the_bound),
    cmocka_unit_test(with_more_to_do_than_time_there_is_none),
  };
  return cmocka_run_group_tests(test, NULL, NULL);
}
