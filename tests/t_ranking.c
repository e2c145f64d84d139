/* t_ranking.c - what a search has come to, of logs whose order is worked by hand. */
#include "config.h"

#include "tests/t.h"

#include "sim/mem.h"
#include "studies/ranking.h"

enum { N_SEED = 2, N_FRESH = 2, SHORT = CR_SEARCH_WHOLE / 4 };

struct world {
  struct cr_aim aim;
  struct cr_search_log log;
  struct cr_judge judge;
  struct cr_ranking ranking;
};

static const char *const keys[] = {"x"};

/* p99(rt) below 5 ms, and as much throughput(be) as can be. */
static struct world *world_new(int has_goal)
{
  struct world *w = cr_mem_new(1, sizeof *w);
  assert_non_null(w);
  w->aim = (struct cr_aim){.arena = cr_arena_new(), .best = CR_NONE};
  if (has_goal)
    assert_int_equal(cr_aim_add_goal(&w->aim, "p99(rt)<5ms", NULL), CR_OK);
  assert_int_equal(cr_aim_set_best(&w->aim, "--maximize", "throughput(be)", NULL), CR_OK);
  w->log = (struct cr_search_log){
    .arena = w->aim.arena, .key = keys, .n_key = 1, .n_metric = w->aim.n_metric, .n_seed = N_SEED + N_FRESH};
  w->judge = (struct cr_judge){.aim = &w->aim, .n_seed = N_SEED, .n_fresh = N_FRESH, .confidence = 0.95};
  return w;
}

static void world_free(struct world *w)
{
  cr_arena_free(w->aim.arena);
  cr_mem_free(w);
}

/* Runs of x under a policy with seeds up to n_seed: p99 of each in ms, throughput of all.  Below 0: the run fails. */
static uint32_t ran(struct world *w, const char *x, uint32_t length_ppm, const double *p99_ms, uint32_t n_seed, double per_s)
{
  uint32_t point, policy, cell;
  assert_int_equal(cr_search_log_point(&w->log, &x, length_ppm, &point, NULL), CR_OK);
  assert_int_equal(cr_search_log_policy(&w->log, "mps", &policy, NULL), CR_OK);
  assert_int_equal(cr_search_log_cell(&w->log, point, policy, &cell, NULL), CR_OK);
  for (uint32_t s = 0; s < n_seed; s++) {
    const double with_goal[] = {1e6 * p99_ms[s], per_s};
    cr_search_log_put(&w->log, cell, s, p99_ms[s] < 0 ? CR_RUN_FAILED : CR_RUN_DONE, w->aim.n_goal ? with_goal : with_goal + 1);
  }
  return cell;
}

static void expect_order(struct world *w, const uint32_t *cell, uint32_t n)
{
  assert_int_equal(cr_ranking_of_log(&w->judge, &w->log, &w->ranking, NULL), CR_OK);
  assert_int_equal(w->ranking.n, n);
  for (uint32_t i = 0; i < n; i++)
    if (w->ranking.row[i].cell != cell[i])
      fail_msg("place %u has cell %u where %u was expected", i, w->ranking.row[i].cell, cell[i]);
  assert_int_equal(w->ranking.best, CR_NONE); /* an interrupted search has confirmed none */
}

static const double low[] = {4, 4, 4, 4}, high[] = {6, 6, 6, 6}, wide[] = {1, 8, 4, 4}, broken[] = {4, -1, 4, 4};

static void those_that_went_farther_come_first(void **state)
{
  (void)state;
  struct world *w = world_new(1);
  uint32_t fails = ran(w, "1", CR_SEARCH_WHOLE, broken, N_SEED, 900), brief = ran(w, "2", SHORT, low, N_SEED, 800);
  uint32_t once = ran(w, "3", CR_SEARCH_WHOLE, low, 1, 700), misses = ran(w, "4", CR_SEARCH_WHOLE, high, N_SEED, 600);
  uint32_t less = ran(w, "5", CR_SEARCH_WHOLE, low, N_SEED, 10), more = ran(w, "6", CR_SEARCH_WHOLE, low, N_SEED, 20);
  expect_order(w, (const uint32_t[]){more, less, misses, once, brief, fails}, 6);
  static const enum cr_goals want[] = {CR_GOALS_MET, CR_GOALS_MET, CR_GOALS_MISSED, CR_GOALS_LIKELY, CR_GOALS_LIKELY, CR_GOALS_FAILED};
  static const int is_whole[] = {1, 1, 1, 0, 0, 1};
  for (int i = 0; i < 6; i++) {
    assert_int_equal(cr_ranked_goals(&w->judge, &w->log, &w->ranking.row[i]), want[i]);
    assert_int_equal(cr_ranked_is_whole(&w->judge, &w->log, &w->ranking.row[i]), is_whole[i]);
  }
  world_free(w);
}

static void a_setting_that_went_on_to_longer_runs_stands_there_once(void **state)
{
  (void)state;
  struct world *w = world_new(1);
  (void)ran(w, "1", SHORT, low, N_SEED, 10);
  uint32_t other = ran(w, "2", SHORT, low, N_SEED, 5), longer = ran(w, "1", CR_SEARCH_WHOLE, low, N_SEED, 10);
  expect_order(w, (const uint32_t[]){longer, other}, 2);
  world_free(w);
}

/* 1 and 8 ms: their mean is below 5, but not the limit of the interval. */
static void a_bound_that_only_the_mean_keeps_is_likely(void **state)
{
  (void)state;
  struct world *w = world_new(1);
  struct cr_interval of;
  uint32_t unsure = ran(w, "1", CR_SEARCH_WHOLE, wide, N_SEED, 90), sure = ran(w, "2", CR_SEARCH_WHOLE, low, N_SEED, 10);
  expect_order(w, (const uint32_t[]){sure, unsure}, 2);
  assert_int_equal(cr_ranked_goals(&w->judge, &w->log, &w->ranking.row[1]), CR_GOALS_LIKELY);
  cr_ranked_interval(&w->judge, &w->log, &w->ranking.row[1], 0, 0, &of);
  assert_near(of.mean, 4.5e6, 1);
  assert_true(of.t_high > 5e6);
  world_free(w);
}

static void fresh_seeds_lie_behind_those_of_the_search(void **state)
{
  (void)state;
  struct world *w = world_new(1);
  struct cr_interval of;
  uint32_t cell = ran(w, "1", CR_SEARCH_WHOLE, wide, N_SEED + N_FRESH, 90);
  const struct cr_ranked row = {.cell = cell, .n_seed = N_SEED};
  cr_ranked_interval(&w->judge, &w->log, &row, 0, 1, &of);
  assert_int_equal(of.n, N_FRESH);
  assert_near(of.mean, 4e6, 1);
  expect_order(w, &cell, 1);
  assert_int_equal(w->ranking.row[0].n_seed, N_SEED); /* fresh ones are not counted */
  world_free(w);
}

static void equal_settings_stay_in_the_order_they_came(void **state)
{
  (void)state;
  struct world *w = world_new(1);
  uint32_t a = ran(w, "1", CR_SEARCH_WHOLE, low, N_SEED, 10), b = ran(w, "2", CR_SEARCH_WHOLE, low, N_SEED, 10);
  uint32_t c = ran(w, "3", CR_SEARCH_WHOLE, low, N_SEED, 10);
  expect_order(w, (const uint32_t[]){a, b, c}, 3);
  world_free(w);
}

static void without_goals_there_are_none_to_meet(void **state)
{
  (void)state;
  struct world *w = world_new(0);
  uint32_t less = ran(w, "1", CR_SEARCH_WHOLE, low, N_SEED, 10), more = ran(w, "2", CR_SEARCH_WHOLE, high, N_SEED, 20);
  expect_order(w, (const uint32_t[]){more, less}, 2);
  assert_int_equal(cr_ranked_goals(&w->judge, &w->log, &w->ranking.row[0]), CR_GOALS_NONE);
  assert_string_equal(cr_goals_name[CR_GOALS_NONE], "");
  world_free(w);
}

static void an_empty_log_has_an_empty_ranking(void **state)
{
  (void)state;
  struct world *w = world_new(1);
  expect_order(w, NULL, 0);
  world_free(w);
}

int main(void)
{
  const struct CMUnitTest test[] = {
    cmocka_unit_test(those_that_went_farther_come_first),
    cmocka_unit_test(a_setting_that_went_on_to_longer_runs_stands_there_once),
    cmocka_unit_test(a_bound_that_only_the_mean_keeps_is_likely),
    cmocka_unit_test(fresh_seeds_lie_behind_those_of_the_search),
    cmocka_unit_test(equal_settings_stay_in_the_order_they_came),
    cmocka_unit_test(without_goals_there_are_none_to_meet),
    cmocka_unit_test(an_empty_log_has_an_empty_ranking),
  };
  return cmocka_run_group_tests_name("ranking", test, NULL, NULL);
}
