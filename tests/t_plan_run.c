/* t_plan_run.c - plans of DART as scenarios, run: no task responds later than what was proven of it, in the simulator as it is.
 *
 * Random task sets, and the bundled ones.  Of each that has a plan the written scenario is read again and run under policy dart
 * with best-effort clients that never rest, requests that come at random times as far apart as their period or more, and stages
 * that take between a half and all of their recorded time.  The same runs are held against bounds that leave out a cost that the
 * simulator charges, which they must break. */
#include "config.h"

#include "tests/t.h"

#include "plan/dart_plan.h"
#include "plan/rta.h"
#include "policies/list.h"
#include "sim/core.h"
#include "sim/mem.h"
#include "sim/rng.h"
#include "tests/load.h"
#include "traces/plan_scenario.h"
#include "traces/scenario.h"
#include "traces/task_file.h"

#include <inttypes.h>
#include <stdlib.h>

#define MS INT64_C(1000000)

enum { SETS = 200, RUNS = 5, TASKS = 12, DRAWN = 8, LAYERS = 6, CORES = 4, NAME = 16, SET_MAX = 5 * TASKS + 2 };

/* --- random sets ---------------------------------------------------------------------------------------------------- */

struct dice {
  uint32_t seed;
  uint64_t n;
};

/* From least to most. */
static cr_ns roll(struct dice *d, cr_ns least, cr_ns most)
{
  return least + (cr_ns)(cr_draw(d->seed, CR_RNG_TEST, 11, d->n++) % (uint64_t)(most - least + 1));
}

struct made_set {
  char name[TASKS][NAME], layer_name[LAYERS][NAME];
  const char *layer[LAYERS];
  cr_ns cpu_ns[TASKS][LAYERS * CORES];
  struct cr_gpu_layer gpu[TASKS][LAYERS];
  struct cr_layer_profile profile[TASKS];
  struct cr_plan_task task[TASKS];
  struct cr_core_type core[2];
  struct cr_gpu_type gpu_type;
  struct cr_platform platform;
  struct cr_task_set set;
};

static void draw_platform(struct made_set *m, struct dice *d)
{
  uint32_t big = (uint32_t)roll(d, 1, 3), small = (uint32_t)roll(d, 0, CORES - big);
  m->core[0] = (struct cr_core_type){"big", big, 0};
  m->core[1] = (struct cr_core_type){"small", small, big};
  m->gpu_type = (struct cr_gpu_type){"g", 1};
  m->platform = (struct cr_platform){
    .name = "p",
    .about = "",
    .n_core_type = small ? 2 : 1,
    .n_gpu_type = 1,
    .core = m->core,
    .gpu = &m->gpu_type,
    .n_core = big + small,
    .n_gpu = 1,
    .overhead = {roll(d, 0, MS / 2), roll(d, 0, MS), roll(d, 0, MS), roll(d, 0, MS)},
  };
}

/* Deadlines are few, so that some are equal. */
static void draw_task(struct made_set *m, struct dice *d, uint32_t i)
{
  uint32_t n_core = m->platform.n_core, n_layer = (uint32_t)roll(d, 1, LAYERS);
  for (uint32_t j = 0; j < n_layer; j++) {
    cr_ns serial = roll(d, MS / 10, 4 * MS);
    for (uint32_t c = 0; c < m->platform.n_core_type; c++)
      for (uint32_t k = 0; k < m->core[c].count; k++)
        m->cpu_ns[i][j * n_core + m->core[c].first_slot + k] = (c + 1) * serial / (k + 1);
    m->gpu[i][j] = (struct cr_gpu_layer){roll(d, 0, MS / 5), serial / 4 + 1, roll(d, 0, MS / 10), roll(d, 0, MS / 5)};
  }
  snprintf(m->name[i], NAME, "t%u", (unsigned)i);
  m->profile[i] = (struct cr_layer_profile){m->name[i], "", n_layer, m->layer, m->cpu_ns[i], m->gpu[i]};
  int is_rt = i == 0 || roll(d, 0, 3) > 0;
  cr_ns period = roll(d, 1, 6) * 10 * MS + roll(d, 0, 2);
  m->task[i] = (struct cr_plan_task){
    m->name[i], is_rt, period, is_rt ? cr_min_ns(period, roll(d, 1, 4) * 10 * MS) : CR_NS_NEVER, 1, 1, &m->profile[i]};
  m->set.n_rt += (uint32_t)is_rt;
}

static void draw_set(struct made_set *m, uint32_t seed)
{
  struct dice d = {.seed = seed};
  memset(m, 0, sizeof *m);
  draw_platform(m, &d);
  for (uint32_t j = 0; j < LAYERS; j++) {
    snprintf(m->layer_name[j], NAME, "l%u", (unsigned)j);
    m->layer[j] = m->layer_name[j];
  }
  m->set = (struct cr_task_set){"random", "", &m->platform, (uint32_t)roll(&d, 2, DRAWN), 0, m->task};
  for (uint32_t i = 0; i < m->set.n_task; i++)
    draw_task(m, &d, i);
}

/* --- bounds and what is seen ---------------------------------------------------------------------------------------- */

enum cost { NOTIFY, PREEMPT, N_COST }; /* that a bound may leave out */

struct tally {
  uint64_t n_plan, n_run, n_request, n_beyond[2], n_noticed[N_COST]; /* requests, tasks */
  double most[2];                                                    /* largest seen / bound: min(D, H), the paper's */
};

/* min(D, H) without a cost. */
static void loose_bounds(const struct cr_task_set *set, const struct cr_node_configs *configs,
                         const struct cr_dart_plan *plan, enum cost without, cr_ns *out)
{
  static cr_ns cost[TASKS * 64], arrival[TASKS * 64], other[TASKS];
  cr_ns period[TASKS], deadline[TASKS], limit[TASKS], longest = 0;
  const struct cr_stage_overhead *o = &set->platform->overhead;
  for (uint32_t r = 0; r < plan->n_rt; r++) {
    const struct cr_plan_task *t = &set->task[plan->rank_task[r]];
    period[r] = t->period_ns;
    deadline[r] = t->deadline_ns;
    limit[r] = 10 * t->deadline_ns;
    longest = cr_max_ns(longest, t->period_ns);
    for (uint32_t k = 0; k < plan->n_node; k++) {
      cr_ns *c = &cost[r * plan->n_node + k];
      *c = plan->cost_ns[r * plan->n_node + k];
      cr_ns gpu = cr_node_config_kind(configs, plan->config, k)->gpu_type == CR_NONE
                    ? 0
                    : cr_max_ns(o->gpu_preempt_ns, plan->gpu_copy_ns[k]);
      if (*c)
        *c = cr_max_ns(*c - (without == NOTIFY ? o->notify_ns : o->cpu_preempt_ns + gpu), 1);
    }
  }
  const struct cr_rta a = {plan->n_rt, plan->n_node, period, deadline, cost, limit, 16 * longest};
  cr_rta_overlap(&a, out);
  cr_rta_holistic(&a, arrival, other);
  for (uint32_t r = 0; r < plan->n_rt; r++)
    out[r] = cr_min_ns(out[r], other[r]);
}

/* What a run changes of the scenario, as --set would. */
struct changes {
  char text[SET_MAX][1200];
  const char *set[SET_MAX];
  uint32_t n;
};

static void change(struct changes *c, const char *fmt, const char *client, const char *value)
{
  assert_true(c->n < SET_MAX);
  int n = snprintf(c->text[c->n], sizeof c->text[0], fmt, client, value);
  assert_true(n > 0 && (size_t)n < sizeof c->text[0]);
  c->set[c->n] = c->text[c->n];
  c->n++;
}

/* Run 0 is the scenario as it is; 1: all real-time clients at random phases; the others: sporadic, and shorter than recorded in every
 * second one; best-effort clients rest in none but the first. */
static void draw_changes(struct changes *c, const struct cr_task_set *set, uint32_t run, struct dice *d)
{
  char value[1100];
  c->n = 0;
  for (uint32_t i = 0; run && i < set->n_task; i++) {
    const struct cr_plan_task *t = &set->task[i];
    change(c, "clients.%s.period=%s", t->name, "");
    if (!t->is_rt) {
      change(c, "clients.%s.arrival=%s", t->name, "closed");
      change(c, "clients.%s.depth=%s", t->name, run % 2 ? "1" : "3");
      continue;
    }
    cr_ns at = roll(d, 0, run == 2 ? 0 : t->period_ns);
    size_t n = (size_t)snprintf(value, sizeof value, "[");
    for (int k = 0; k < 40; k++) {
      n += (size_t)snprintf(value + n, sizeof value - n, "%s%lldns", k ? ", " : "", (long long)at);
      at += t->period_ns + (run > 1 ? roll(d, 0, t->period_ns / 8) : 0);
    }
    snprintf(value + n, sizeof value - n, "]");
    change(c, "clients.%s.arrival=%s", t->name, "trace");
    change(c, "clients.%s.times=%s", t->name, value);
    if (run % 2)
      change(c, "clients.%s.actual=%s", t->name, "0.5..1");
  }
  cr_ns longest = 0;
  for (uint32_t i = 0; i < set->n_task; i++)
    longest = cr_max_ns(longest, set->task[i].period_ns);
  snprintf(value, sizeof value, "%lldns", (long long)(30 * longest));
  change(c, "%sduration=%s", "", value);
}

/* Of a ratio and seen / bound. */
static double larger(double ratio, cr_ns seen, cr_ns bound)
{
  double other = bound == CR_NS_NEVER ? 0 : (double)seen / (double)bound;
  return other > ratio ? other : ratio;
}

static void run_once(const struct cr_task_set *set, const struct cr_dart_plan *plan, const char *text,
                     const struct changes *c, cr_ns *seen, struct tally *t)
{
  struct cr_scenario *s = NULL;
  struct cr_err err = {""};
  const struct cr_scenario_options opt = {.text = text, .set = c->set, .n_set = c->n};
  if (cr_scenario_load("plan.yaml", &opt, &s, &err) != CR_OK)
    fail_msg("%s", err.text);
  struct cr_core_cfg cfg = load_cfg(s->workload, cr_policy_find("dart", 4));
  cfg.machine = s->machine;
  cfg.backend = &cr_backend_sim;
  cfg.duration_ns = s->duration_ns;
  cfg.seed = s->seed + t->n_run++;
  struct cr_result r;
  if (cr_core_run(&cfg, &r, &err) != CR_OK)
    fail_msg("%s", err.text);
  for (uint32_t i = 0; i < plan->n_rt; i++) {
    assert_string_equal(s->workload->client[i].name, set->task[plan->rank_task[i]].name);
    assert_int_equal(s->workload->client[i].bound_ns, plan->response_ns[i]);
    assert_true(r.client[i].n_done > 5);
    cr_ns longest = cr_hist_max(r.client[i].metric[CR_LATENCY]);
    t->n_request += r.client[i].n_done;
    t->n_beyond[0] += r.client[i].n_beyond;
    t->n_beyond[1] += plan->paper_ns[i] != CR_NS_NEVER && longest > plan->paper_ns[i];
    t->most[0] = larger(t->most[0], longest, plan->response_ns[i]);
    t->most[1] = larger(t->most[1], longest, plan->paper_ns[i]);
    assert_true((r.client[i].n_beyond > 0) == (longest > plan->response_ns[i]));
    seen[i] = cr_max_ns(seen[i], longest);
  }
  cr_result_fini(&r);
  cr_scenario_free(s);
}

static void try_set(const struct cr_task_set *set, uint32_t seed, struct tally *t)
{
  struct cr_dart *d = NULL;
  struct cr_err err = {""};
  struct cr_dart_found found = {0};
  assert_int_equal(cr_dart_new(set, CR_DART_TIGHT, set->platform->n_core, &d, &err), CR_OK);
  cr_dart_search(d, 0, cr_dart_configs(d)->n_config, &found);
  if (found.n_passed) {
    struct cr_dart_plan plan;
    struct cr_text text = {0};
    static struct changes c;
    struct dice dice = {.seed = seed + 1000};
    cr_ns seen[TASKS] = {0}, loose[TASKS];
    t->n_plan++;
    cr_plan_scenario(set, d, found.best, "test", &text);
    cr_dart_plan(d, found.best, &plan);
    uint64_t before = t->n_beyond[0] + t->n_beyond[1];
    for (uint32_t run = 0; run < RUNS; run++) {
      draw_changes(&c, set, run, &dice);
      run_once(set, &plan, text.s, &c, seen, t);
    }
    if (t->n_beyond[0] + t->n_beyond[1] > before)
      print_message("# seed %u: a task is seen beyond its bound\n", (unsigned)seed);
    for (enum cost without = NOTIFY; without < N_COST; without++) {
      loose_bounds(set, cr_dart_configs(d), &plan, without, loose);
      for (uint32_t r = 0; r < plan.n_rt; r++)
        t->n_noticed[without] += seen[r] > loose[r];
    }
    cr_text_fini(&text);
  }
  cr_dart_free(d);
}

static void tell(const char *what, const struct tally *t)
{
  print_message("# %s: %" PRIu64 " plans, %" PRIu64 " runs, %" PRIu64 " requests; %" PRIu64 " beyond their bounds\n"
                "# largest seen/bound: %.3f of min(D, H), %.3f of the paper's\n"
                "# broken: bounds without what notification costs, by %" PRIu64
                " tasks; without preemption, by %" PRIu64 "\n",
                what, t->n_plan, t->n_run, t->n_request, t->n_beyond[0] + t->n_beyond[1], t->most[0], t->most[1],
                t->n_noticed[NOTIFY], t->n_noticed[PREEMPT]);
}

static uint32_t n_set = SETS;

static void no_task_of_a_random_plan_responds_later_than_its_bound(void **state)
{
  (void)state;
  struct tally t = {0};
  static struct made_set m;
  for (uint32_t seed = 1; seed <= n_set; seed++) {
    draw_set(&m, seed);
    try_set(&m.set, seed, &t);
  }
  tell("random sets", &t);
  assert_true(t.n_plan > n_set / 3);
  assert_true(t.most[0] > 0.9); /* the runs are hard enough to come near */
  assert_int_equal(t.n_beyond[0], 0);
  assert_int_equal(t.n_beyond[1], 0);
  assert_true(t.n_noticed[NOTIFY] > 0);
  assert_true(t.n_noticed[PREEMPT] > 0);
}

static void nor_one_of_the_bundled_sets(void **state)
{
  (void)state;
  static const char *const name[] = {"dart-xeon", "dart-tx2", "dart-h200"};
  for (int i = 0; i < 3; i++) {
    struct tally t = {0};
    struct cr_arena *arena = cr_arena_new();
    struct cr_task_set set;
    struct cr_err err = {""};
    assert_int_equal(cr_task_file_load(name[i], arena, &set, &err), CR_OK);
    try_set(&set, 1, &t);
    tell(name[i], &t);
    assert_int_equal(t.n_plan, 1);
    assert_int_equal(t.n_beyond[0] + t.n_beyond[1], 0);
    cr_arena_free(arena);
  }
}

/* One argument: so many random sets (make soundness). */
int main(int argc, char **argv)
{
  if (argc > 1)
    n_set = (uint32_t)strtoul(argv[1], NULL, 10);
  const struct CMUnitTest test[] = {
    cmocka_unit_test(no_task_of_a_random_plan_responds_later_than_its_bound),
    cmocka_unit_test(nor_one_of_the_bundled_sets),
  };
  return cmocka_run_group_tests(test, NULL, NULL);
}
