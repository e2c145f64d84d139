/* t_task_generate.c - random task sets: how shares are spread, what is drawn again, and memory that runs out. */
#include "config.h"

#include "traces/task_generate.h"

#include "sim/mem.h"
#include "tests/t.h"

#include <math.h>
#include <stdlib.h>

enum { SETS = 2000, TASKS = 5 };

struct made {
  struct cr_arena *arena;
  struct cr_platform_desc platform;
  struct cr_model_mix *mix;
  struct cr_task_generate g;
};

static void open_made(struct made *m, uint32_t n_rt, int64_t use_ppm)
{
  memset(m, 0, sizeof *m);
  m->arena = cr_arena_new();
  m->mix = cr_model_mix_new();
  assert_int_equal(cr_platform_load("tx2", m->arena, &m->platform, NULL), CR_OK);
  assert_int_equal(cr_model_mix_parse(m->mix, "lenet", NULL), CR_OK);
  m->g = (struct cr_task_generate){.platform = &m->platform,
                                   .platform_name = "tx2",
                                   .n_rt = n_rt,
                                   .mix = m->mix,
                                   .rt_use_ppm = use_ppm,
                                   .deadline_ppm = 1000000,
                                   .seed = 77};
}

static void close_made(struct made *m)
{
  cr_model_mix_free(m->mix);
  cr_arena_free(m->arena);
}

/* Shares of one set, as its periods say. */
static void shares_of(const struct made *m, uint32_t set, double *share)
{
  const struct cr_node_kind gpu = cr_one_node_kind(&m->platform.platform, CR_ON_GPU);
  double request_us = (double)cr_one_node_request_ns(&m->platform.profile[0], &m->platform.platform, &gpu) / 1000;
  struct cr_text text = {0};
  struct cr_err err = {""};
  if (cr_task_generate(&m->g, set, &text, &err))
    fail_msg("%s", err.text);
  const char *at = text.s;
  for (uint32_t k = 0; k < m->g.n_rt; k++) {
    at = strstr(at, "period: ");
    assert_non_null(at);
    at += strlen("period: ");
    share[k] = request_us / strtod(at, NULL);
  }
  assert_null(strstr(at, "period: "));
  cr_text_fini(&text);
}

static int ascending(const void *a, const void *b)
{
  const double *x = a, *y = b;
  return (*x > *y) - (*x < *y);
}

/* Of n shares that are even among all that add up to U, each is above x with the probability (1 - x/U)^(n - 1).  Kolmogorov's
 * distance is above 1.95/sqrt(N) in one of a thousand such tests. */
static void each_share_has_the_distribution_of_UUniFast(void **state)
{
  (void)state;
  static double share[TASKS][SETS];
  struct made m;
  open_made(&m, TASKS, 800000);
  for (uint32_t i = 0; i < SETS; i++) {
    double of[TASKS], sum = 0;
    shares_of(&m, i, of);
    for (int k = 0; k < TASKS; k++) {
      share[k][i] = of[k];
      sum += of[k];
    }
    assert_near(sum, 0.8, 0.001);
  }
  for (int k = 0; k < TASKS; k++) {
    double distance = 0;
    qsort(share[k], SETS, sizeof share[k][0], ascending);
    for (int i = 0; i < SETS; i++) {
      double below = 1 - pow(1 - fmin(share[k][i] / 0.8, 1), TASKS - 1);
      distance = fmax(distance, fmax(fabs(below - (double)i / SETS), fabs(below - (double)(i + 1) / SETS)));
    }
    assert_true(distance < 1.95 / sqrt(SETS));
  }
  close_made(&m);
}

static void no_share_is_above_the_whole_node(void **state)
{
  (void)state;
  struct made m;
  open_made(&m, TASKS, 3000000);
  for (uint32_t i = 0; i < 200; i++) {
    double of[TASKS];
    shares_of(&m, i, of);
    for (int k = 0; k < TASKS; k++)
      assert_true(of[k] <= 1);
  }
  m.g.rt_use_ppm = 5 * 1000000 - 1000; /* which next to no draw reaches */
  struct cr_text text = {0};
  struct cr_err err = {""};
  assert_int_equal(cr_task_generate(&m.g, 0, &text, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "no shares of 5 tasks were found"));
  cr_text_fini(&text);
  close_made(&m);
}

static void shares_keep_their_proportions(void **state)
{
  (void)state;
  struct made m;
  double once[TASKS], twice[TASKS];
  open_made(&m, TASKS, 300000);
  for (uint32_t i = 0; i < 50; i++) {
    m.g.rt_use_ppm = 300000;
    shares_of(&m, i, once);
    m.g.rt_use_ppm = 600000;
    shares_of(&m, i, twice);
    for (int k = 0; k < TASKS; k++)
      assert_near(twice[k] / once[k], 2, 0.002);
  }
  close_made(&m);
}

static void a_model_without_a_time_on_the_reference_is_refused(void **state)
{
  (void)state;
  struct made m;
  open_made(&m, 1, 100000);
  assert_int_equal(cr_model_mix_parse(m.mix, "none=1000000", NULL), CR_OK);
  struct cr_text text = {0};
  struct cr_err err = {""};
  assert_int_equal(cr_task_generate(&m.g, 0, &text, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "tx2: model 'none' has no time on 1 a57; take the other --reference"));
  cr_text_fini(&text);
  close_made(&m);
}

static void memory_that_runs_out_is_said(void **state)
{
  (void)state;
  struct made m;
  open_made(&m, TASKS, 300000);
  struct cr_text text = {0};
  struct cr_err err = {""};
  t_fail_allocation_after(0);
  int rc = cr_task_generate(&m.g, 0, &text, &err);
  t_allocations_succeed();
  assert_int_equal(rc, CR_ENOMEM);
  cr_text_fini(&text);
  close_made(&m);
}

int main(void)
{
  const struct CMUnitTest test[] = {
    cmocka_unit_test(each_share_has_the_distribution_of_UUniFast),
    cmocka_unit_test(no_share_is_above_the_whole_node),
    cmocka_unit_test(shares_keep_their_proportions),
    cmocka_unit_test(a_model_without_a_time_on_the_reference_is_refused),
    cmocka_unit_test(memory_that_runs_out_is_said),
  };
  return cmocka_run_group_tests(test, NULL, NULL);
}
