/* t_search_log.c - what a search has asked for: numbers that do not change, and runs that are kept as they came first. */
#include "config.h"

#include "tests/t.h"

#include <math.h>

#include "sim/mem.h"
#include "studies/search.h"
#include "studies/search_log.h"

enum { N_KEY = 2, N_METRIC = 2, N_SEED = 4, MANY = 300 };

static struct cr_search_log log_new(void)
{
  struct cr_search_log l = {.arena = cr_arena_new(), .n_key = N_KEY, .n_metric = N_METRIC, .n_seed = N_SEED};
  assert_non_null(l.arena);
  return l;
}

static uint32_t point(struct cr_search_log *l, const char *a, const char *b, uint32_t length_ppm)
{
  const char *const value[N_KEY] = {a, b};
  uint32_t out = CR_NONE;
  assert_int_equal(cr_search_log_point(l, value, length_ppm, &out, NULL), CR_OK);
  return out;
}

static uint32_t policy(struct cr_search_log *l, const char *name)
{
  uint32_t out = CR_NONE;
  assert_int_equal(cr_search_log_policy(l, name, &out, NULL), CR_OK);
  return out;
}

static uint32_t cell(struct cr_search_log *l, uint32_t p, uint32_t q)
{
  uint32_t out = CR_NONE;
  assert_int_equal(cr_search_log_cell(l, p, q, &out, NULL), CR_OK);
  return out;
}

static void what_was_asked_for_before_has_its_number(void **state)
{
  (void)state;
  struct cr_search_log l = log_new();
  assert_int_equal(point(&l, "1", "x", CR_SEARCH_WHOLE), 0);
  assert_int_equal(point(&l, "2", "x", CR_SEARCH_WHOLE), 1);
  assert_int_equal(point(&l, "1", "y", CR_SEARCH_WHOLE), 2);
  assert_int_equal(point(&l, "1", "x", CR_SEARCH_WHOLE / 4), 3); /* a shorter run is another point */
  assert_int_equal(point(&l, "1", "x", CR_SEARCH_WHOLE), 0);
  assert_int_equal(point(&l, "1", "x", CR_SEARCH_WHOLE / 4), 3);
  assert_int_equal(policy(&l, "streams"), 0);
  assert_int_equal(policy(&l, "reef,dq=4"), 1);
  assert_int_equal(policy(&l, "streams"), 0);
  assert_int_equal(cell(&l, 3, 1), 0);
  assert_int_equal(cell(&l, 1, 3), 1);
  assert_int_equal(cell(&l, 3, 1), 0);
  assert_int_equal(l.n_point, 4);
  assert_int_equal(l.n_policy, 2);
  assert_int_equal(l.n_cell, 2);
  cr_arena_free(l.arena);
}

static void numbers_and_texts_outlive_growth_and_the_buffers_given(void **state)
{
  (void)state;
  struct cr_search_log l = log_new();
  char a[20], name[20];
  for (int pass = 0; pass < 2; pass++)
    for (uint32_t i = 0; i < MANY; i++) {
      snprintf(a, sizeof a, "%u", i);
      snprintf(name, sizeof name, "p%u", i);
      assert_int_equal(point(&l, a, "x", CR_SEARCH_WHOLE), i);
      assert_int_equal(policy(&l, name), i);
      assert_int_equal(cell(&l, i, MANY - 1 - i), i);
    }
  assert_string_equal(l.point[7].value[0], "7");
  assert_string_equal(l.policy[8], "p8");
  assert_int_equal(l.cell[9].policy, MANY - 10);
  cr_arena_free(l.arena);
}

static void a_run_stays_as_it_came_first(void **state)
{
  (void)state;
  static const double first[N_METRIC] = {1, 10}, second[N_METRIC] = {2, 20};
  double got[N_METRIC];
  struct cr_search_log l = log_new();
  uint32_t c = cell(&l, point(&l, "1", "x", CR_SEARCH_WHOLE), policy(&l, "streams"));
  cr_search_log_values(&l, c, 2, got);
  assert_true(isnan(got[0]) && isnan(got[1]));
  cr_search_log_put(&l, c, 2, CR_RUN_DONE, first);
  cr_search_log_put(&l, c, 2, CR_RUN_DONE, second);
  cr_search_log_put(&l, c, 2, CR_RUN_FAILED, NULL);
  cr_search_log_values(&l, c, 2, got);
  assert_near(got[0], 1, 0);
  assert_near(got[1], 10, 0);
  assert_int_equal(l.n_run, 1);
  assert_int_equal(l.n_failed, 0);
  cr_arena_free(l.arena);
}

static void a_failed_run_has_no_values_and_is_counted(void **state)
{
  (void)state;
  static const double some[N_METRIC] = {1, 10};
  double got[N_METRIC];
  struct cr_search_log l = log_new();
  uint32_t c = cell(&l, point(&l, "1", "x", CR_SEARCH_WHOLE), policy(&l, "streams"));
  uint32_t other = cell(&l, 0, policy(&l, "mps"));
  cr_search_log_put(&l, c, 0, CR_RUN_FAILED, some);
  cr_search_log_put(&l, c, 3, CR_RUN_FAILED, some);
  cr_search_log_put(&l, c, 3, CR_RUN_DONE, some);
  cr_search_log_values(&l, c, 3, got);
  assert_true(isnan(got[0]) && isnan(got[1]));
  assert_int_equal(l.n_run, 2);
  assert_int_equal(l.n_failed, 2);
  assert_int_equal(cr_search_log_failed(&l, c), 2);
  assert_int_equal(cr_search_log_failed(&l, other), 0);
  cr_arena_free(l.arena);
}

/* Of the metric and the seeds that are asked for, and no others. */
static void intervals_are_of_some_seeds(void **state)
{
  (void)state;
  struct cr_interval of;
  struct cr_search_log l = log_new();
  uint32_t c = cell(&l, point(&l, "1", "x", CR_SEARCH_WHOLE), policy(&l, "streams"));
  for (uint32_t s = 0; s < N_SEED; s++)
    cr_search_log_put(&l, c, s, s == 1 ? CR_RUN_FAILED : CR_RUN_DONE, (const double[N_METRIC]){s + 1, 100 * (s + 1)});
  cr_search_log_interval(&l, c, 1, 2, 2, 0.95, &of);
  assert_int_equal(of.n, 2);
  assert_near(of.mean, 350, 1e-9);
  cr_search_log_interval(&l, c, 0, 0, 2, 0.95, &of); /* one of them failed */
  assert_int_equal(of.n, 1);
  assert_near(of.mean, 1, 1e-9);
  assert_true(isnan(of.t_low));
  cr_arena_free(l.arena);
}

static void memory_that_runs_out_is_said_and_adds_nothing(void **state)
{
  (void)state;
  const char *const value[N_KEY] = {"1", "x"};
  uint32_t n_fail = 0;
  for (uint64_t n = 0; n < 40; n++) {
    struct cr_search_log l = log_new();
    struct cr_err err = {{0}};
    uint32_t p, q, c;
    char *longer = cr_mem_new(1 << 20, 1); /* so that the arena's first block is not enough */
    memset(longer, 'x', (1 << 20) - 1);
    t_fail_allocation_after(n);
    int rc = cr_search_log_point(&l, value, CR_SEARCH_WHOLE, &p, &err);
    rc = rc ? rc : cr_search_log_policy(&l, longer, &q, &err);
    rc = rc ? rc : cr_search_log_cell(&l, p, q, &c, &err);
    t_allocations_succeed();
    assert_true(rc == CR_OK || (rc == CR_ENOMEM && err.text[0]));
    assert_int_equal(l.n_cell, rc == CR_OK);
    n_fail += rc != CR_OK;
    cr_mem_free(longer);
    cr_arena_free(l.arena);
  }
  assert_true(n_fail > 0 && n_fail < 40);
}

int main(void)
{
  const struct CMUnitTest test[] = {
    cmocka_unit_test(what_was_asked_for_before_has_its_number),
    cmocka_unit_test(numbers_and_texts_outlive_growth_and_the_buffers_given),
    cmocka_unit_test(a_run_stays_as_it_came_first),
    cmocka_unit_test(a_failed_run_has_no_values_and_is_counted),
    cmocka_unit_test(intervals_are_of_some_seeds),
    cmocka_unit_test(memory_that_runs_out_is_said_and_adds_nothing),
  };
  return cmocka_run_group_tests_name("search log", test, NULL, NULL);
}
