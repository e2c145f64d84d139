/* t_live_order.c - pairs of policies: which lie apart, and whether the prediction orders them as they were measured. */
#include "config.h"

#include "tests/t.h"

#include <math.h>
#include <string.h>

#include "calib/live_order.h"

/* A policy's place by rt time and throughput; jobs there are none. */
static struct cr_live_place place(const char *policy, double rt, double low, double high, double per_s)
{
  return (struct cr_live_place){.scenario = "s",
                                .policy = policy,
                                .n_run = 3,
                                .predicted = {rt, per_s, (double)NAN},
                                .low = {low, per_s, INFINITY},
                                .high = {high, per_s, -INFINITY}};
}

static void pairs_in_and_out_of_order_are_told_apart(void **state)
{
  (void)state;
  const struct cr_live_place p[] = {
    place("a", 1.0, 0.9, 1.1, 100), place("b", 2.0, 1.2, 1.4, 100), /* above a, as predicted */
    place("c", 1.5, 1.5, 1.6, 100),                                 /* above both, predicted below b */
  };
  struct cr_live_order o = cr_live_order(p, 3, CR_LIVE_BY_RT);
  assert_int_equal(o.n_same, 2);
  assert_int_equal(o.n_other, 1);
  assert_int_equal(o.n_close, 0);
  assert_int_equal(o.n_once, 0);
  assert_int_equal(cr_live_order(p, 3, CR_LIVE_BY_THROUGHPUT).n_close, 3);
  assert_int_equal(cr_live_order(p, 3, CR_LIVE_BY_JCT).n_close, 0);
  o = cr_live_order_all(p, 3);
  assert_int_equal(o.n_same, 2);
  assert_int_equal(o.n_close, 3);
}

static void runs_that_touch_do_not_lie_apart(void **state)
{
  (void)state;
  const struct cr_live_place p[] = {place("a", 1, 0.9, 1.2, 1), place("b", 2, 1.2, 1.4, 1)};
  assert_int_equal(cr_live_order(p, 2, CR_LIVE_BY_RT).n_close, 1);
}

static void what_is_predicted_alike_is_not_in_order(void **state)
{
  (void)state;
  const struct cr_live_place up[] = {place("a", 1, 1, 1, 1), place("b", 1, 2, 2, 1)};
  const struct cr_live_place down[] = {place("a", 1, 2, 2, 1), place("b", 1, 1, 1, 1)};
  assert_int_equal(cr_live_order(up, 2, CR_LIVE_BY_RT).n_other, 1);
  assert_int_equal(cr_live_order(down, 2, CR_LIVE_BY_RT).n_other, 1);
}

static void scenarios_are_not_compared_with_each_other(void **state)
{
  (void)state;
  struct cr_live_place p[] = {place("a", 1, 1, 1, 1), place("b", 2, 2, 2, 1), place("a", 5, 5, 5, 1),
                              place("b", 4, 4, 4, 1)};
  p[2].number = p[3].number = 1;
  p[3].n_run = 1;
  struct cr_live_order o = cr_live_order(p, 4, CR_LIVE_BY_RT);
  assert_int_equal(o.n_same, 2);
  assert_int_equal(o.n_other, 0);
  assert_int_equal(o.n_once, 1);
}

static void the_one_of_which_less_was_measured_comes_first(void **state)
{
  (void)state;
  const struct cr_live_place p[] = {place("a", 5, 5, 6, 1), place("b", 4, 2, 3, 2)};
  struct cr_live_pairs at = {.place = p, .n_place = 2};
  struct cr_live_pair pair;
  assert_true(cr_live_pairs_next(&at, &pair));
  assert_ptr_equal(pair.less, &p[1]);
  assert_int_equal(pair.by, CR_LIVE_BY_RT);
  assert_true(pair.is_apart && pair.holds);
  assert_true(cr_live_pairs_next(&at, &pair));
  assert_ptr_equal(pair.less, &p[0]);
  assert_int_equal(pair.by, CR_LIVE_BY_THROUGHPUT);
  assert_false(cr_live_pairs_next(&at, &pair));
}

static void the_count_is_one_line(void **state)
{
  (void)state;
  struct cr_live_place p[] = {place("a", 1, 1, 1, 3), place("b,k=1", 2, 2, 2, 2), place("c", 1.5, 3, 4, 2)};
  struct cr_text out = {0};
  cr_live_order_table(p, 3, 0, &out);
  const char *line = strstr(out.s, "order: ");
  assert_non_null(line);
  assert_string_equal(line, "order: 4 of 5 pairs of policies as measured (rt time 2 of 3, total throughput 2 of 2); "
                            "1 pair is too close to tell\n");
  cr_text_fini(&out);
  cr_live_order_csv(p, 3, &out);
  assert_non_null(strstr(out.s, "\ns,rt_time_ms,\"b,k=1\",c,2,2,3,4,2,1.5,yes,no\n"));
  assert_non_null(strstr(out.s, "\ns,throughput_per_s,\"b,k=1\",c,2,2,2,2,2,2,no,\n"));
  cr_text_fini(&out);
  cr_live_order_table(p, 1, 0, &out);
  assert_null(out.s);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(pairs_in_and_out_of_order_are_told_apart),
    cmocka_unit_test(runs_that_touch_do_not_lie_apart),
    cmocka_unit_test(what_is_predicted_alike_is_not_in_order),
    cmocka_unit_test(scenarios_are_not_compared_with_each_other),
    cmocka_unit_test(the_one_of_which_less_was_measured_comes_first),
    cmocka_unit_test(the_count_is_one_line),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
