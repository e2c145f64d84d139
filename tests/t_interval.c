/* t_interval.c - intervals of repeated runs, against a table of Student's t, normal samples, and values that do not differ. */
#include "config.h"

#include "tests/t.h"

#include <math.h>

#include "sim/rng.h"
#include "studies/interval.h"

static void five_values_by_hand(void **state)
{
  (void)state;
  /* Mean 3, sd sqrt(2.5); t(0.975, 4) = 2.7764 (any table): half = 2.7764 * 1.58114 / 2.23607 = 1.96324. */
  const double v[] = {1, 2, 3, 4, 5};
  struct cr_interval i;
  cr_interval_t(v, 5, 0.95, &i);
  assert_int_equal(i.n, 5);
  assert_near(i.mean, 3, 1e-12);
  assert_near(i.sd, sqrt(2.5), 1e-12);
  assert_near(i.t_low, 3 - 1.96324, 1e-4);
  assert_near(i.t_high, 3 + 1.96324, 1e-4);
  assert_near(cr_interval_share(&i), 1.96324 / 3, 1e-4);
  assert_true(isnan(i.boot_low));
}

static void what_is_not_known_is_left_out(void **state)
{
  (void)state;
  const double v[] = {NAN, 1, NAN, 2, 3, 4, 5, NAN}, clean[] = {1, 2, 3, 4, 5};
  struct cr_interval a, b;
  struct cr_err err;
  assert_int_equal(cr_interval_both(v, 8, 0.9, &a, &err), CR_OK);
  assert_int_equal(cr_interval_both(clean, 5, 0.9, &b, &err), CR_OK);
  assert_memory_equal(&a, &b, sizeof a);
  cr_interval_t(v, 1, 0.95, &a);
  assert_true(a.n == 0 && isnan(a.mean) && isnan(a.t_low) && isnan(cr_interval_share(&a)));
  cr_interval_t(v, 2, 0.95, &a); /* one value has a mean, and no interval */
  assert_true(a.n == 1 && isnan(a.t_low) && isnan(cr_interval_share(&a)));
  assert_near(a.mean, 1, 0);
}

static void equal_values_leave_no_doubt(void **state)
{
  (void)state;
  const double v[] = {0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1}, zero[] = {0, 0, 0};
  struct cr_interval i;
  struct cr_err err;
  assert_int_equal(cr_interval_both(v, 7, 0.95, &i, &err), CR_OK);
  assert_near(cr_interval_share(&i), 0, 0); /* whatever sums were rounded to */
  assert_near(i.boot_low, 0.1, 1e-12);
  cr_interval_t(zero, 3, 0.95, &i);
  assert_near(cr_interval_share(&i), 0, 0);
}

/* Of 2,000 samples of a normal number the true mean lies in about 95 % of t intervals: 1900 +- 4 standard deviations of 9.7.
 * A bootstrap of ten is known to be too narrow (about 90 %). */
static void intervals_hold_what_they_promise(void **state)
{
  (void)state;
  enum { SAMPLES = 2000, N = 10 };
  int by_t = 0, by_bootstrap = 0;
  for (uint32_t s = 0; s < SAMPLES; s++) {
    double v[N];
    struct cr_interval i;
    struct cr_err err;
    for (uint32_t k = 0; k < N; k++)
      v[k] = 5 + log(cr_draw_lognormal(3, CR_RNG_TEST, s, k, 0, 2));
    assert_int_equal(cr_interval_both(v, N, 0.95, &i, &err), CR_OK);
    by_t += i.t_low <= 5 && 5 <= i.t_high;
    by_bootstrap += i.boot_low <= 5 && 5 <= i.boot_high;
  }
  print_message("# of %d: t %d, bootstrap %d\n", SAMPLES, by_t, by_bootstrap);
  assert_true(by_t > 1860 && by_t < 1940);
  assert_true(by_bootstrap > 1740 && by_bootstrap < 1880);
}

/* Efron's percentile interval of many values is the normal one: mean -+ 1.96 sd / sqrt(n). */
static void the_bootstrap_of_many_is_the_normal_interval(void **state)
{
  (void)state;
  enum { N = 1000 };
  static double v[N];
  struct cr_interval i;
  struct cr_err err;
  for (uint32_t k = 0; k < N; k++)
    v[k] = cr_draw_exponential(4, CR_RNG_TEST, 0, k, 7);
  assert_int_equal(cr_interval_both(v, N, 0.95, &i, &err), CR_OK);
  double half = 1.96 * i.sd / sqrt(N);
  assert_near(i.boot_low, i.mean - half, 0.1 * half);
  assert_near(i.boot_high, i.mean + half, 0.1 * half);
}

int main(void)
{
  const struct CMUnitTest test[] = {
    cmocka_unit_test(five_values_by_hand),
    cmocka_unit_test(what_is_not_known_is_left_out),
    cmocka_unit_test(equal_values_leave_no_doubt),
    cmocka_unit_test(intervals_hold_what_they_promise),
    cmocka_unit_test(the_bootstrap_of_many_is_the_normal_interval),
  };
  return cmocka_run_group_tests(test, NULL, NULL);
}
