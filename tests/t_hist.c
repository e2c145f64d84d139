/* t_hist.c - the histogram of times against exact, sorted values. */
#include "config.h"

#include "sim/hist.h"
#include "tests/t.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "sim/rng.h"

enum { N_VALUE = 20000 };

static const uint32_t quantile_ppm[] = {0, 1, 1000, 10000, 250000, 500000, 900000, 950000, 990000, 999000, 999999, 1000000};

static int by_value(const void *a, const void *b)
{
  cr_ns x = *(const cr_ns *)a, y = *(const cr_ns *)b;
  return (x > y) - (x < y);
}

/* Nearest rank: the least value that has at least q of all values at or below it. */
static cr_ns exact_quantile(const cr_ns *sorted, uint64_t n, uint32_t q_ppm)
{
  uint64_t rank = (n * q_ppm + 999999) / 1000000;
  return sorted[rank ? rank - 1 : 0];
}

static void check_against_sorted(cr_ns *value, uint64_t n)
{
  struct cr_hist *h = cr_hist_new();
  long double sum = 0;
  assert_non_null(h);
  for (uint64_t i = 0; i < n; i++) {
    cr_hist_add(h, value[i]);
    sum += (long double)value[i];
  }
  qsort(value, n, sizeof *value, by_value);
  for (size_t i = 0; i < sizeof quantile_ppm / sizeof *quantile_ppm; i++) {
    cr_ns want = exact_quantile(value, n, quantile_ppm[i]), got = cr_hist_quantile(h, quantile_ppm[i]);
    if (fabs((double)(got - want)) > (double)want * 0.001) {
      print_error("quantile %u of %" PRIu64 " values is %" PRId64 ", not %" PRId64 "\n", quantile_ppm[i], n, got, want);
      fail();
    }
  }
  assert_int_equal(cr_hist_count(h), n);
  assert_true(cr_hist_min(h) == value[0]);
  assert_true(cr_hist_max(h) == value[n - 1]);
  assert_near(cr_hist_mean(h), (double)(sum / (long double)n), 1e-12 * (double)(sum / (long double)n));
  cr_hist_free(h);
}

static void quantiles_are_within_a_thousandth_of_sorted_values(void **state)
{
  (void)state;
  static cr_ns value[N_VALUE];
  static const uint64_t count[] = {1, 2, 3, 7, 100, 101, 1000, N_VALUE};
  for (size_t k = 0; k < sizeof count / sizeof *count; k++)
    for (uint32_t shape = 0; shape < 4; shape++) {
      for (uint64_t i = 0; i < count[k]; i++) {
        double u = cr_draw_unit(42, CR_RNG_TEST, shape, i + 100000 * k);
        static const double span[] = {3e6, 0, 1e9, 5e3};
        value[i] = shape == 1 ? (cr_ns)exp(u * 43) : (cr_ns)(u * span[shape]); /* 1: over all of the range */
      }
      check_against_sorted(value, count[k]);
    }
}

static void small_values_are_exact(void **state)
{
  (void)state;
  for (cr_ns v = 0; v < 1024; v++) {
    struct cr_hist *h = cr_hist_new();
    assert_non_null(h);
    cr_hist_add(h, v - 1 < 0 ? 0 : v - 1);
    cr_hist_add(h, v);
    cr_hist_add(h, v + 1);
    assert_true(cr_hist_quantile(h, 500000) == v);
    cr_hist_free(h);
  }
}

static void every_power_of_two_and_its_neighbours_fit(void **state)
{
  (void)state;
  for (int bit = 0; bit < 63; bit++)
    for (int step = -1; step <= 1; step++) {
      cr_ns v = (cr_ns)((UINT64_C(1) << bit) + (uint64_t)(int64_t)step);
      struct cr_hist *h = cr_hist_new();
      assert_non_null(h);
      cr_hist_add(h, 0);
      cr_hist_add(h, v);
      cr_hist_add(h, INT64_MAX);
      assert_near((double)cr_hist_quantile(h, 500000), (double)v, (double)v * 0.001);
      cr_hist_free(h);
    }
}

static void the_99th_percentile_of_a_hundred_is_the_99th(void **state)
{
  (void)state;
  struct cr_hist *h = cr_hist_new();
  assert_non_null(h);
  for (cr_ns v = 1; v <= 100; v++)
    cr_hist_add(h, v);
  assert_int_equal(cr_hist_quantile(h, 990000), 99);
  assert_int_equal(cr_hist_quantile(h, 990001), 100);
  assert_int_equal(cr_hist_quantile(h, 500000), 50);
  assert_int_equal(cr_hist_quantile(h, 0), 1);
  assert_int_equal(cr_hist_quantile(h, UINT32_MAX), 100);
  cr_hist_free(h);
}

static void an_empty_one_knows_nothing(void **state)
{
  (void)state;
  struct cr_hist *h = cr_hist_new();
  assert_non_null(h);
  assert_int_equal(cr_hist_count(h), 0);
  assert_true(isnan(cr_hist_mean(h)));
  assert_true(cr_hist_min(h) == CR_NS_NEVER);
  assert_true(cr_hist_max(h) == CR_NS_NEVER);
  assert_true(cr_hist_quantile(h, 500000) == CR_NS_NEVER);
  cr_hist_free(h);
  cr_hist_free(NULL);
}

static void negative_values_count_as_zero(void **state)
{
  (void)state;
  struct cr_hist *h = cr_hist_new();
  assert_non_null(h);
  cr_hist_add(h, -5);
  cr_hist_add(h, INT64_MIN);
  assert_int_equal(cr_hist_max(h), 0);
  assert_int_equal(cr_hist_count(h), 2);
  cr_hist_free(h);
}

static void the_mean_does_not_overflow(void **state)
{
  (void)state;
  struct cr_hist *h = cr_hist_new();
  assert_non_null(h);
  for (int i = 0; i < 5; i++)
    cr_hist_add(h, INT64_MAX);
  assert_near(cr_hist_mean(h), (double)INT64_MAX, 1e4);
  cr_hist_free(h);
}

static void none_at_all_is_an_empty_one(void **state)
{
  (void)state;
  assert_int_equal(cr_hist_count(NULL), 0);
  assert_true(isnan(cr_hist_mean(NULL)));
  assert_true(cr_hist_min(NULL) == CR_NS_NEVER && cr_hist_max(NULL) == CR_NS_NEVER);
  assert_true(cr_hist_quantile(NULL, 500000) == CR_NS_NEVER);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(quantiles_are_within_a_thousandth_of_sorted_values),
    cmocka_unit_test(small_values_are_exact),
    cmocka_unit_test(every_power_of_two_and_its_neighbours_fit),
    cmocka_unit_test(the_99th_percentile_of_a_hundred_is_the_99th),
    cmocka_unit_test(an_empty_one_knows_nothing),
    cmocka_unit_test(none_at_all_is_an_empty_one),
    cmocka_unit_test(negative_values_count_as_zero),
    cmocka_unit_test(the_mean_does_not_overflow),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
