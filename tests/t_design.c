/* t_design.c - designs of sweeps: which points there are, what is contradictory, and how many seeds a point needs. */
#include "config.h"

#include "tests/t.h"

#include <stdlib.h>

#include "studies/design.h"
#include "studies/results.h"

static struct cr_design_words words;

static void begin(void)
{
  words = (struct cr_design_words){.arena = cr_arena_new()};
  assert_non_null(words.arena);
}

static void end(void)
{
  cr_arena_free(words.arena);
}

static void add(enum cr_design_kind kind, const char *word)
{
  struct cr_err err;
  assert_int_equal(cr_design_add(&words, kind, word, &err), CR_OK);
}

static void add_usual(void)
{
  add(CR_DESIGN_SCENARIO, "s");
  add(CR_DESIGN_POLICY, "p");
  add(CR_DESIGN_METRIC, "p99(rt)");
  add(CR_DESIGN_SEEDS, "1");
}

static struct cr_design make(void)
{
  struct cr_design d;
  struct cr_err err = {""};
  int rc = cr_design_make(&words, &d, &err);
  if (rc != CR_OK)
    fail_msg("%s", err.text);
  return d;
}

/* Point k of the design, as it is described. */
static void is_point(const struct cr_design *d, uint32_t k, const char *want)
{
  struct cr_text t = {0};
  cr_design_describe(d, k, &t);
  assert_string_equal(t.s ? t.s : "", want);
  cr_text_fini(&t);
}

static void a_design_without_axes_is_one_point(void **state)
{
  (void)state;
  begin();
  add_usual();
  struct cr_design d = make();
  assert_true(d.n_point == 1 && d.n_axis == 0 && d.n_policy == 1 && d.n_seed == 1 && d.n_metric == 1);
  is_point(&d, 0, "");
  end();
}

static void grids_are_crossed_and_lists_go_together(void **state)
{
  (void)state;
  begin();
  add_usual();
  add(CR_DESIGN_LIST, "c=1,2,3");
  add(CR_DESIGN_GRID, "a=50,100/s");
  add(CR_DESIGN_LIST, "d=[1,2],'x,y',z");
  add(CR_DESIGN_GRID, "b=0.5,1e2ms,7us");
  struct cr_design d = make();
  assert_int_equal(d.n_point, 2 * 3 * 3);
  is_point(&d, 0, "a=50/s, b=0.5us, c=1, d=[1,2]");
  is_point(&d, 1, "a=50/s, b=0.5us, c=2, d='x,y'");
  is_point(&d, 3, "a=50/s, b=1e2ms, c=1, d=[1,2]");
  is_point(&d, 17, "a=100/s, b=7us, c=3, d=z");
  end();
}

static void draws_lie_in_their_range_and_are_the_same_each_time(void **state)
{
  (void)state;
  enum { N = 2000 };
  char a[CR_DESIGN_VALUE], b[CR_DESIGN_VALUE];
  begin();
  add_usual();
  add(CR_DESIGN_RANDOM, "x=2..6");
  add(CR_DESIGN_RANDOM, "y=1..100ms:log");
  add(CR_DESIGN_RANDOM, "z=0.0..1.0");
  add(CR_DESIGN_SAMPLES, "2000");
  struct cr_design d = make(), again = make();
  assert_int_equal(d.n_point, N);
  int of[7] = {0}, below_ten = 0;
  double sum = 0;
  for (uint32_t p = 0; p < N; p++) {
    long x = strtol(cr_design_value(&d, 0, p, a), NULL, 10);
    assert_true(x >= 2 && x <= 6 && strlen(a) == 1);
    of[x]++;
    char *unit;
    double y = strtod(cr_design_value(&d, 1, p, a), &unit);
    assert_true(y >= 1 && y <= 100);
    assert_string_equal(unit, "ms");
    below_ten += y < 10;
    sum += strtod(cr_design_value(&d, 2, p, a), NULL);
    for (uint32_t k = 0; k < 3; k++)
      assert_string_equal(cr_design_value(&d, k, p, a), cr_design_value(&again, k, p, b));
  }
  for (int x = 2; x <= 6; x++)
    assert_near(of[x], N / 5.0, 4 * 18); /* sd of a fifth: 17.9 */
  assert_near(below_ten, N / 2.0, 4 * 22.4);
  assert_near(sum / N, 0.5, 4 * 0.289 / 44.7);
  end();
}

static void seeds_are_ranges_and_numbers(void **state)
{
  (void)state;
  begin();
  add(CR_DESIGN_POLICY, "p");
  add(CR_DESIGN_METRIC, "busy");
  add(CR_DESIGN_SEEDS, "3..5,9");
  add(CR_DESIGN_SEEDS, "0");
  struct cr_design d = make();
  const uint64_t want[] = {3, 4, 5, 9, 0};
  assert_int_equal(d.n_seed, 5);
  assert_memory_equal(d.seed, want, sizeof want);
  end();
}

static void refused(enum cr_design_kind kind, const char *word, enum cr_design_kind kind2, const char *word2,
                    const char *why)
{
  struct cr_design d;
  struct cr_err err = {""};
  begin();
  add_usual();
  add(kind, word);
  if (word2)
    add(kind2, word2);
  assert_int_equal(cr_design_make(&words, &d, &err), CR_EINPUT);
  if (!strstr(err.text, why))
    fail_msg("%s: %s", word, err.text);
  end();
}

static void what_is_empty_or_contradictory_is_refused(void **state)
{
  (void)state;
  const enum cr_design_kind G = CR_DESIGN_GRID, L = CR_DESIGN_LIST, R = CR_DESIGN_RANDOM, N = CR_DESIGN_SAMPLES;
  refused(G, "a", 0, NULL, "write it as KEY=VALUE");
  refused(G, "a=", 0, NULL, "a value is missing");
  refused(G, "a=1,,2", 0, NULL, "a value is missing");
  refused(G, "a=1,2,", 0, NULL, "a value is missing");
  refused(G, "a=1,2,1", 0, NULL, "has a value twice");
  refused(G, "a=10ms,10,20ms", 0, NULL, "has a value twice");
  refused(G, "seed=1,2", 0, NULL, "by --seeds");
  refused(G, "policies=a,b", 0, NULL, "by -p");
  refused(G, "a=1,2", G, "a=3", "the same key");
  refused(G, "a.b=1,2", L, "a=3", "part of the other");
  refused(G, "clients[0].rate=1", CR_DESIGN_SET, "clients[0]=x", "one or the other");
  refused(L, "a=1,2", L, "b=1,2,3", "2 values and --list b=1,2,3 3");
  refused(R, "a=1..2", 0, NULL, "needs --samples");
  refused(N, "5", 0, NULL, "are of --random");
  refused(R, "a=2..1", N, "5", "empty range");
  refused(R, "a=2..2", N, "5", "empty range");
  refused(R, "a=1ms..2s", N, "5", "of one unit");
  refused(R, "a=0..2:log", N, "5", "begins above 0");
  refused(R, "a=5", N, "5", "write it as KEY=LOW..HIGH");
  refused(R, "a=1..2", N, "0", "must be from 1");
  refused(CR_DESIGN_SEEDS, "5..4", 0, NULL, "empty range");
  refused(CR_DESIGN_SEEDS, "1", 0, NULL, "there twice");
  refused(CR_DESIGN_SEEDS, "2..9999999", 0, NULL, "more than 100000");
  refused(CR_DESIGN_POLICY, "p", 0, NULL, "there twice");
  refused(CR_DESIGN_METRIC, "p99( rt )", 0, NULL, "there twice");
  refused(CR_DESIGN_UNTIL, "2%", 0, NULL, "three seeds or more");
  refused(CR_DESIGN_UNTIL, "0", CR_DESIGN_SEEDS, "2..9", "between 0 and 100%");
  refused(CR_DESIGN_CONFIDENCE, "95%", CR_DESIGN_CONFIDENCE, "90%", "given twice");
  refused(CR_DESIGN_SEEDS, "2..99999", G, "a=1,2,3,4,5,6,7,8,9,10,11", "more than 1000000 runs");
  refused(R, "a=1..2", N, "1000001", "must be from 1 to 1000000");
}

static void too_many_points_are_refused_and_do_not_overflow(void **state)
{
  (void)state;
  char word[32];
  struct cr_design d;
  struct cr_err err = {""};
  begin();
  add_usual();
  for (int k = 0; k < 40; k++) {
    snprintf(word, sizeof word, "k%d=1,2,3,4,5,6,7,8", k);
    add(CR_DESIGN_GRID, word);
  }
  assert_int_equal(cr_design_make(&words, &d, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "more than 1000000 points"));
  end();
}

static void a_difference_is_named(void **state)
{
  (void)state;
  char text[300];
  begin();
  add_usual();
  struct cr_design_words kept = words;
  begin();
  add(CR_DESIGN_METRIC, "p99(rt)"); /* order of kinds is no difference */
  add(CR_DESIGN_SCENARIO, "s");
  add(CR_DESIGN_SEEDS, "1");
  add(CR_DESIGN_POLICY, "p");
  assert_int_equal(cr_design_differs(&kept, &words, text, sizeof text), 0);
  add(CR_DESIGN_POLICY, "q");
  assert_int_equal(cr_design_differs(&kept, &words, text, sizeof text), 1);
  assert_string_equal(text, "it has not policies q");
  assert_int_equal(cr_design_differs(&words, &kept, text, sizeof text), 1);
  assert_string_equal(text, "it has policies q, which is not asked for now");
  cr_arena_free(kept.arena);
  end();
}

/* -- seeds enough ------------------------------------------------------------------------------------------------------- */

static void put(struct cr_results *r, uint32_t policy, uint32_t seed, double value, enum cr_run_state how)
{
  const struct cr_study_run run = {.policy = policy, .seed = seed, .state = how};
  cr_results_put(r, &run, &value);
}

static void begin_until(struct cr_results *r, struct cr_design *d)
{
  begin();
  add_usual();
  add(CR_DESIGN_POLICY, "q");
  add(CR_DESIGN_SEEDS, "2..20");
  add(CR_DESIGN_UNTIL, "10%");
  *d = make();
  assert_int_equal(cr_results_init(r, d, NULL), CR_OK);
}

static void a_point_wants_seeds_until_all_its_policies_are_tight(void **state)
{
  (void)state;
  struct cr_results r;
  struct cr_design d;
  begin_until(&r, &d);
  assert_int_equal(cr_results_wants(&r, 0), 5);
  for (uint32_t s = 0; s < 5; s++)
    put(&r, 0, s, 100 + s, CR_RUN_DONE);
  assert_int_equal(cr_results_wants(&r, 0), 5); /* q has not run yet */
  for (uint32_t s = 0; s < 5; s++)
    put(&r, 1, s, 100 + 60 * (s % 2), CR_RUN_DONE); /* half width about 33 % */
  assert_int_equal(cr_results_wants(&r, 0), 8);
  for (uint32_t s = 5; s < 8; s++)
    for (uint32_t p = 0; p < 2; p++)
      put(&r, p, s, 100, CR_RUN_DONE);
  assert_int_equal(cr_results_wants(&r, 0), 12);
  for (uint32_t s = 8; s < 12; s++)
    for (uint32_t p = 0; p < 2; p++)
      put(&r, p, s, 110, CR_RUN_DONE);
  assert_int_equal(cr_results_wants(&r, 0), 18);
  cr_results_fini(&r);
  end();
}

static void tight_from_the_first_is_enough(void **state)
{
  (void)state;
  struct cr_results r;
  struct cr_design d;
  begin_until(&r, &d);
  for (uint32_t s = 5; s-- > 0;) /* in whatever order */
    for (uint32_t p = 0; p < 2; p++)
      put(&r, p, s, 100 + s, CR_RUN_DONE);
  assert_int_equal(cr_results_wants(&r, 0), 5);
  put(&r, 0, 0, 1e9, CR_RUN_DONE); /* it is there: as it was */
  assert_int_equal(cr_results_wants(&r, 0), 5);
  cr_results_fini(&r);
  end();
}

static void runs_that_fail_are_in_no_mean_and_end_in_all_seeds(void **state)
{
  (void)state;
  struct cr_results r;
  struct cr_design d;
  struct cr_interval i;
  begin_until(&r, &d);
  for (uint32_t s = 0; s < 20; s++) {
    put(&r, 0, s, 100, CR_RUN_DONE);
    put(&r, 1, s, 100, s ? CR_RUN_FAILED : CR_RUN_DONE); /* one value is no interval */
  }
  assert_int_equal(cr_results_wants(&r, 0), 20);
  assert_int_equal(cr_results_interval(&r, 0, 1, 0, 1, &i, NULL), CR_OK);
  assert_int_equal(i.n, 1);
  assert_int_equal(cr_results_count(&r, 0, 1, CR_RUN_FAILED), 19);
  assert_true(r.n_done == 21 && r.n_failed == 19);
  cr_results_fini(&r);
  end();
}

int main(void)
{
  const struct CMUnitTest test[] = {
    cmocka_unit_test(a_design_without_axes_is_one_point),
    cmocka_unit_test(grids_are_crossed_and_lists_go_together),
    cmocka_unit_test(draws_lie_in_their_range_and_are_the_same_each_time),
    cmocka_unit_test(seeds_are_ranges_and_numbers),
    cmocka_unit_test(what_is_empty_or_contradictory_is_refused),
    cmocka_unit_test(too_many_points_are_refused_and_do_not_overflow),
    cmocka_unit_test(a_difference_is_named),
    cmocka_unit_test(a_point_wants_seeds_until_all_its_policies_are_tight),
    cmocka_unit_test(tight_from_the_first_is_enough),
    cmocka_unit_test(runs_that_fail_are_in_no_mean_and_end_in_all_seeds),
  };
  return cmocka_run_group_tests(test, NULL, NULL);
}
