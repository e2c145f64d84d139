/* t_dart_plan.c - Algorithm 1: a worked example under each bound, what stages cost, parts merged in any order, misses. */
#include "config.h"

#include "tests/t.h"

#include "plan/dart_plan.h"

#define MS INT64_C(1000000)

enum { LAYER_MAX = 50, CORE_MAX = 12 };

struct made_profile {
  struct cr_layer_profile p;
  const char *name[LAYER_MAX];
  cr_ns cpu_ns[LAYER_MAX * CORE_MAX];
  struct cr_gpu_layer gpu[LAYER_MAX];
};

/* A layer: its time on one core, whether cores divide it, and its time on the GPU. */
struct made_layer {
  int64_t serial, parallel, gpu;
};

static void make_profile(struct made_profile *m, const char *name, const struct made_layer *layer, uint32_t n,
                         uint32_t n_core)
{
  memset(m, 0, sizeof *m);
  for (uint32_t j = 0; j < n; j++) {
    m->name[j] = name;
    for (uint32_t c = 1; c <= n_core; c++)
      m->cpu_ns[j * n_core + c - 1] = (layer[j].parallel ? (layer[j].serial + c - 1) / c : layer[j].serial) * MS;
    m->gpu[j].exec_ns = layer[j].gpu * MS;
  }
  m->p = (struct cr_layer_profile){name, "", n, m->name, m->cpu_ns, m->gpu};
}

static const struct cr_core_type three_cores[] = {{"c", 3, 0}}, twelve_cores[] = {{"c", 12, 0}};
static const struct cr_gpu_type one_gpu[] = {{"g", 1}};
static const struct cr_platform three = {.name = "three",
                                         .about = "",
                                         .n_core_type = 1,
                                         .n_gpu_type = 1,
                                         .core = three_cores,
                                         .gpu = one_gpu,
                                         .n_core = 3,
                                         .n_gpu = 1};

/* The example: two rt tasks and a be one on three cores and a GPU. */
struct example {
  struct made_profile a, b, e;
  struct cr_plan_task task[3];
  struct cr_task_set set;
};

static void make_example(struct example *x)
{
  static const struct made_layer b[] = {{6, 1, 2}, {4, 0, 2}, {6, 1, 1}};
  static const struct made_layer a[] = {{8, 1, 2}, {3, 0, 3}, {9, 1, 2}, {2, 0, 3}, {4, 1, 1}};
  static const struct made_layer e[] = {{12, 1, 4}, {12, 1, 4}, {6, 0, 3}, {6, 1, 2}};
  make_profile(&x->b, "B", b, 3, 3);
  make_profile(&x->a, "A", a, 5, 3);
  make_profile(&x->e, "E", e, 4, 3);
  x->task[0] = (struct cr_plan_task){"t1", 1, 40 * MS, 40 * MS, 2, 1, &x->b.p};
  x->task[1] = (struct cr_plan_task){"t2", 1, 60 * MS, 60 * MS, 1, 1, &x->a.p};
  x->task[2] = (struct cr_plan_task){"b1", 0, 100 * MS, CR_NS_NEVER, 1, 1, &x->e.p};
  x->set = (struct cr_task_set){"example", "", &three, 3, 2, x->task};
}

static const char *config_name(const struct cr_dart *d, uint32_t config)
{
  static char name[64];
  const struct cr_node_configs *c = cr_dart_configs(d);
  size_t n = 0;
  for (uint32_t k = 0; k < cr_node_config_size(c, config); k++) {
    const struct cr_node_kind *kind = cr_node_config_kind(c, config, k);
    n += (size_t)snprintf(name + n, sizeof name - n, "%s%.*s%s", k ? "|" : "", (int)kind->n_core, "CCC",
                          kind->gpu_type == CR_NONE ? "" : "G");
  }
  return name;
}

static struct cr_dart *open_dart(const struct cr_task_set *set, enum cr_dart_bound bound, uint32_t n_node_max)
{
  struct cr_dart *d = NULL;
  struct cr_err err = {""};
  assert_int_equal(cr_dart_new(set, bound, n_node_max, &d, &err), CR_OK);
  return d;
}

/* Weighted response of every configuration alone, as the worked example gives them. */
static void check_costs(enum cr_dart_bound bound, const char *best, double best_cost, const char *const *name,
                        const double *cost, uint32_t n)
{
  struct example x;
  make_example(&x);
  struct cr_dart *d = open_dart(&x.set, bound, 3);
  struct cr_dart_found all = {0};
  assert_int_equal(cr_dart_configs(d)->n_config, 5);
  for (uint32_t config = 0; config < 5; config++) {
    struct cr_dart_found one = {0};
    cr_dart_search(d, config, config + 1, &one);
    assert_int_equal(one.n_passed, 1);
    for (uint32_t i = 0; i < n; i++)
      if (strcmp(config_name(d, config), name[i]) == 0)
        assert_near((double)one.best_cost_ppb / 2e9, cost[i], 1e-8);
    cr_dart_merge(&all, &one);
  }
  assert_string_equal(config_name(d, all.best), best);
  assert_near((double)all.best_cost_ppb / 2e9, best_cost, 1e-8);
  cr_dart_free(d);
}

static void the_paper_s_bound_chooses_as_worked(void **state)
{
  (void)state;
  static const char *const name[] = {"CG|CC", "C|C|CG", "C|CG|C", "CC|CG", "CG|C|C"};
  static const double cost[] = {11.0 / 15, 97.0 / 120, 13.0 / 15, 89.0 / 120, 13.0 / 15};
  check_costs(CR_DART_PAPER, "CG|CC", 11.0 / 15, name, cost, 5);
}

static void the_tight_bound_chooses_as_worked(void **state)
{
  (void)state;
  static const char *const name[] = {"C|CG|C"};
  static const double cost[] = {8.0 / 15};
  check_costs(CR_DART_TIGHT, "C|CG|C", 8.0 / 15, name, cost, 1);
}

static void the_plan_tells_stages_and_bounds(void **state)
{
  (void)state;
  struct example x;
  struct cr_dart_found found = {0};
  struct cr_dart_plan plan;
  make_example(&x);
  struct cr_dart *d = open_dart(&x.set, CR_DART_PAPER, 3);
  cr_dart_search(d, 0, 5, &found);
  cr_dart_plan(d, found.best, &plan);
  assert_int_equal(plan.n_node, 2);
  assert_int_equal(plan.rank_task[0], 0);
  static const cr_ns stage[] = {4, 3, 7, 4}; /* t1, t2 */
  for (int i = 0; i < 4; i++)
    assert_true(plan.cost_ns[i] == stage[i] * MS);
  assert_true(plan.response_ns[0] == 22 * MS && plan.response_ns[1] == 22 * MS);
  assert_true(plan.paper_ns[0] == 22 * MS && plan.overlap_ns[0] <= plan.paper_ns[0]);
  assert_true(plan.cost_ppb == found.best_cost_ppb);
  assert_true(plan.gpu_copy_ns[1] == 0);
  cr_dart_free(d);
}

static void each_bound_alone_is_what_it_is_beside_the_others(void **state)
{
  (void)state;
  struct example x;
  make_example(&x);
  for (int bound = 0; bound < CR_N_DART_BOUND; bound++) {
    struct cr_dart *d = open_dart(&x.set, (enum cr_dart_bound)bound, 3);
    for (uint32_t config = 0; config < 5; config++) {
      struct cr_dart_plan p;
      struct cr_dart_found found = {0};
      cr_dart_plan(d, config, &p);
      for (uint32_t r = 0; r < p.n_rt; r++) {
        const cr_ns want[CR_N_DART_BOUND] = {[CR_DART_TIGHT] = cr_min_ns(p.overlap_ns[r], p.holistic_ns[r]),
                                             [CR_DART_PAPER] = p.paper_ns[r],
                                             [CR_DART_OVERLAP] = p.overlap_ns[r],
                                             [CR_DART_HOLISTIC] = p.holistic_ns[r]};
        assert_true(p.response_ns[r] == want[bound] && p.overlap_ns[r] <= p.paper_ns[r]);
      }
      int64_t cost_ppb = p.cost_ppb;
      cr_dart_search(d, config, config + 1, &found); /* which computes no bound but its own */
      assert_true(found.n_passed == 1 && found.best_cost_ppb == cost_ppb);
    }
    cr_dart_free(d);
  }
}

static void stages_cost_what_the_run_time_takes_beside(void **state)
{
  (void)state;
  struct example x;
  struct cr_dart_found found = {0};
  struct cr_dart_plan plan, more;
  struct cr_platform p = three;
  make_example(&x);
  x.set.platform = &p;
  for (int j = 0; j < 4; j++) /* best effort: copies of at most 3 us, batch 5 */
    x.e.gpu[j].hd_ns = x.e.gpu[j].dh_ns = 1000 * (j < 3 ? j + 1 : 3);
  x.task[2].batch = 5;
  struct cr_dart *d = open_dart(&x.set, CR_DART_PAPER, 3);
  cr_dart_search(d, 0, 5, &found);
  cr_dart_plan(d, found.best, &plan);
  cr_ns without[4], copy_ns = plan.gpu_copy_ns[0];
  memcpy(without, plan.cost_ns, sizeof without);
  assert_true(copy_ns >= 5000 && copy_ns <= 15000 &&
              copy_ns % 5000 == 0); /* the longest of the layers that are there */
  p.overhead = (struct cr_stage_overhead){.notify_ns = 100, .cpu_preempt_ns = 20, .gpu_preempt_ns = copy_ns + 7};
  cr_dart_plan(d, found.best, &more);
  assert_true(more.cost_ns[0] - without[0] == 100 + 20 + 7); /* the larger of eps_gp and eps_gm, not both */
  assert_true(more.cost_ns[1] - without[1] == 100 + 20);     /* a CPU node */
  p.overhead = (struct cr_stage_overhead){.gpu_copy_ns = 1000000};
  cr_dart_plan(d, found.best, &more);
  assert_true(more.gpu_copy_ns[0] == 1000000); /* kept for tasks to come */
  cr_dart_free(d);
}

static void only_the_ends_of_a_stage_copy(void **state)
{
  (void)state;
  struct example x;
  make_example(&x);
  for (int j = 0; j < 3; j++) {
    x.b.gpu[j].hd_ns = 100 + j;
    x.b.gpu[j].dh_ns = 200 + j;
    x.b.gpu[j].misc_ns = 1000;
  }
  struct cr_dart *d = open_dart(&x.set, CR_DART_PAPER, 3);
  uint32_t gpu_kind = 0;
  while (cr_dart_configs(d)->kind[gpu_kind].gpu_type == CR_NONE)
    gpu_kind++;
  assert_true(cr_dart_stage_ns(d, 0, gpu_kind, 0, 3) == 5 * MS + 3000 + 100 + 202);
  assert_true(cr_dart_stage_ns(d, 0, gpu_kind, 1, 2) == 2 * MS + 1000 + 101 + 201);
  assert_true(cr_dart_stage_ns(d, 0, gpu_kind, 1, 1) == 0);
  cr_dart_free(d);
}

static int same(const struct cr_dart_found *a, const struct cr_dart_found *b)
{
  return a->n_tried == b->n_tried && a->n_passed == b->n_passed && a->best == b->best &&
         a->best_cost_ppb == b->best_cost_ppb && a->nearest == b->nearest &&
         a->nearest_n_failed == b->nearest_n_failed && a->nearest_n_unbound == b->nearest_n_unbound &&
         a->nearest_over_ppm == b->nearest_over_ppm;
}

static void parts_merge_to_the_whole_in_any_order(void **state)
{
  (void)state;
  struct example x;
  make_example(&x);
  for (int shrink = 0; shrink < 3; shrink++) { /* all pass, some, none */
    x.task[0].deadline_ns = (shrink == 0 ? 40 : shrink == 1 ? 25 : 5) * MS;
    struct cr_dart *d = open_dart(&x.set, CR_DART_PAPER, 3);
    struct cr_dart_found whole = {0}, up = {0}, down = {0};
    cr_dart_search(d, 0, 5, &whole);
    for (uint32_t i = 0; i < 5; i++) {
      struct cr_dart_found one = {0}, other = {0};
      cr_dart_search(d, i, i + 1, &one);
      cr_dart_search(d, 4 - i, 5 - i, &other);
      cr_dart_merge(&up, &one);
      cr_dart_merge(&down, &other);
    }
    assert_true(same(&whole, &up) && same(&whole, &down));
    assert_true((whole.n_passed == 5) == (shrink == 0) && (whole.n_passed == 0) == (shrink == 2));
    cr_dart_free(d);
  }
}

static void the_nearest_miss_is_told(void **state)
{
  (void)state;
  struct example x;
  struct cr_dart_found found = {0};
  struct cr_dart_plan plan;
  make_example(&x);
  x.task[0].deadline_ns = 15 * MS;
  struct cr_dart *d = open_dart(&x.set, CR_DART_PAPER, 3);
  cr_dart_search(d, 0, 5, &found);
  assert_int_equal(found.n_passed, 0);
  assert_int_equal(found.nearest_n_failed, 1);
  cr_dart_plan(d, found.nearest, &plan);
  assert_true(plan.response_ns[0] > 15 * MS && plan.response_ns[1] <= 60 * MS);
  assert_true(found.nearest_over_ppm == cr_muldiv(plan.response_ns[0], 1000000, 15 * MS));
  for (uint32_t i = 0; i < 5; i++) {
    struct cr_dart_found one = {0};
    cr_dart_search(d, i, i + 1, &one);
    assert_true(one.nearest_n_failed > 1 || one.nearest_over_ppm >= found.nearest_over_ppm);
  }
  cr_dart_free(d);
}

static void memory_that_runs_out_is_said(void **state)
{
  (void)state;
  struct example x;
  make_example(&x);
  for (uint64_t n = 0; n < 2; n++) {
    struct cr_dart *d = NULL;
    struct cr_err err = {""};
    t_fail_allocation_after(n);
    int rc = cr_dart_new(&x.set, CR_DART_PAPER, 3, &d, &err);
    t_allocations_succeed();
    if (rc == CR_OK)
      cr_dart_free(d);
    else
      assert_int_equal(rc, CR_ENOMEM);
  }
}

/* 12 cores and a GPU, 20 tasks of 50 layers, up to 6 nodes: 2072 configurations. */
static void a_large_set_is_planned(void **state)
{
  (void)state;
  static const struct cr_platform twelve = {.name = "twelve",
                                            .about = "",
                                            .n_core_type = 1,
                                            .n_gpu_type = 1,
                                            .core = twelve_cores,
                                            .gpu = one_gpu,
                                            .n_core = 12,
                                            .n_gpu = 1};
  static struct made_profile m[20];
  struct cr_plan_task task[20];
  for (uint32_t i = 0; i < 20; i++) {
    struct made_layer layer[LAYER_MAX];
    for (uint32_t j = 0; j < LAYER_MAX; j++)
      layer[j] = (struct made_layer){1 + (int64_t)(i * 7 + j * 13) % 9, (i + j) % 3 != 0, 1};
    make_profile(&m[i], "M", layer, LAYER_MAX, 12);
    int is_rt = i % 4 != 3;
    cr_ns period_ns = (4000 + 400 * (cr_ns)i) * MS;
    task[i] = (struct cr_plan_task){"t", is_rt, period_ns, is_rt ? period_ns : CR_NS_NEVER, 1, 1, &m[i].p};
  }
  const struct cr_task_set set = {"large", "", &twelve, 20, 15, task};
  struct cr_dart *d = open_dart(&set, CR_DART_TIGHT, 6);
  struct cr_dart_found found = {0};
  assert_int_equal(cr_dart_configs(d)->n_config, 2072);
  cr_dart_search(d, 0, 2072, &found);
  assert_int_equal(found.n_tried, 2072);
  assert_true(found.n_passed > 0);
  cr_dart_free(d);
}

static void a_platform_that_needs_more_nodes_has_no_pipeline(void **state)
{
  (void)state;
  struct example x;
  make_example(&x);
  struct cr_dart *d = open_dart(&x.set, CR_DART_TIGHT, 1); /* a GPU node and what is left are two */
  assert_int_equal(cr_dart_configs(d)->n_config, 0);
  cr_dart_free(d);
}

int main(void)
{
  const struct CMUnitTest test[] = {
    cmocka_unit_test(the_paper_s_bound_chooses_as_worked),
    cmocka_unit_test(the_tight_bound_chooses_as_worked),
    cmocka_unit_test(the_plan_tells_stages_and_bounds),
    cmocka_unit_test(each_bound_alone_is_what_it_is_beside_the_others),
    cmocka_unit_test(stages_cost_what_the_run_time_takes_beside),
    cmocka_unit_test(only_the_ends_of_a_stage_copy),
    cmocka_unit_test(parts_merge_to_the_whole_in_any_order),
    cmocka_unit_test(the_nearest_miss_is_told),
    cmocka_unit_test(memory_that_runs_out_is_said),
    cmocka_unit_test(a_large_set_is_planned),
    cmocka_unit_test(a_platform_that_needs_more_nodes_has_no_pipeline),
  };
  return cmocka_run_group_tests(test, NULL, NULL);
}
