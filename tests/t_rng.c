/* t_rng.c - counter-based draws: fixed values, independence of order, and the distributions they must have. */
#include "config.h"

#include "sim/rng.h"

#include "tests/t.h"

#include <math.h>

enum { N = 100000 };

/* SplitMix64 as its authors publish it, with state: for seed 0 its first number is known. */
static void draws_are_those_of_splitmix64(void **state)
{
  (void)state;
  uint64_t key = 0, at = 0;
  /* The key is the first output of streams seeded in turn with seed, and with stream and entity added in. */
  for (int level = 0; level < 2; level++) {
    uint64_t z = key + UINT64_C(0x9e3779b97f4a7c15) * (level ? ((UINT64_C(2) << 32) | 3) + 1 : 1);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    key = z ^ (z >> 31);
    if (level == 0)
      assert_true(key == UINT64_C(0xe220a8397b1dcdaf)); /* the published first number for seed 0 */
  }
  for (at = 0; at < 100; at++) {
    uint64_t z = key + UINT64_C(0x9e3779b97f4a7c15) * (at + 1);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    assert_true(cr_draw(0, 2, 3, at) == (z ^ (z >> 31)));
  }
}

static void the_nth_draw_is_the_same_whoever_asks_first(void **state)
{
  (void)state;
  static double forward[1000];
  for (uint64_t n = 0; n < 1000; n++)
    forward[n] = cr_draw_exponential(7, CR_RNG_TEST, 5, n, 2.0);
  for (uint64_t n = 1000; n-- > 0;) {
    (void)cr_draw_exponential(7, CR_RNG_TEST, 6, n, 2.0);
    assert_true(cr_draw_exponential(7, CR_RNG_TEST, 5, n, 2.0) == forward[n]);
  }
}

static void seed_stream_entity_and_counter_all_matter(void **state)
{
  (void)state;
  uint64_t base = cr_draw(1, 1, 1, 1);
  assert_true(base != cr_draw(2, 1, 1, 1));
  assert_true(base != cr_draw(1, 2, 1, 1));
  assert_true(base != cr_draw(1, 1, 2, 1));
  assert_true(base != cr_draw(1, 1, 1, 2));
}

static void unit_draws_lie_inside_and_are_uniform(void **state)
{
  enum { BIN = 100 };
  (void)state;
  static uint32_t count[BIN];
  for (uint64_t n = 0; n < N; n++) {
    double u = cr_draw_unit(3, CR_RNG_TEST, 0, n);
    assert_true(u > 0 && u < 1);
    count[(int)(u * BIN)]++;
  }
  double chi2 = 0, want = (double)N / BIN;
  for (int i = 0; i < BIN; i++)
    chi2 += (count[i] - want) * (count[i] - want) / want;
  assert_near(chi2, BIN - 1, 60); /* 99 degrees of freedom: standard deviation 14; four of them */
}

static void neighbouring_entities_are_not_correlated(void **state)
{
  (void)state;
  double sum = 0;
  for (uint32_t e = 0; e < N; e++)
    sum += (cr_draw_unit(3, CR_RNG_TEST, e, 0) - 0.5) * (cr_draw_unit(3, CR_RNG_TEST, e + 1, 0) - 0.5);
  assert_near(sum / N * 12, 0, 4 / sqrt(N));
}

static void exponential_draws_have_their_mean_variance_and_shape(void **state)
{
  enum { BIN = 50 };
  (void)state;
  static uint32_t count[BIN];
  const double mean = 8;
  double sum = 0, square = 0, chi2 = 0;
  for (uint64_t n = 0; n < N; n++) {
    double x = cr_draw_exponential(11, CR_RNG_ARRIVAL, 4, n, mean);
    assert_true(x >= 0 && isfinite(x));
    sum += x;
    square += x * x;
    int bin = (int)((1 - exp(-x / mean)) * BIN); /* equally likely bins */
    count[bin < BIN ? bin : BIN - 1]++;
  }
  double m = sum / N, v = square / N - m * m;
  assert_near(m, mean, 4 * mean / sqrt(N));
  assert_near(v, mean * mean, 4 * mean * mean * sqrt(8.0 / N));
  for (int i = 0; i < BIN; i++)
    chi2 += (count[i] - (double)N / BIN) * (count[i] - (double)N / BIN) / ((double)N / BIN);
  assert_near(chi2, BIN - 1, 40); /* 49 degrees of freedom: standard deviation 9.9; four of them */
}

/* The logarithm of a lognormal number is normal, the logarithm of a Pareto number over its least is exponential. */
static void lognormal_and_pareto_draws_have_the_moments_of_their_logarithms(void **state)
{
  const double mu = 4, sigma = 1.5, shape = 1.2, min = 30;
  double sum = 0, square = 0, sum_pareto = 0;
  (void)state;
  for (uint64_t n = 0; n < N; n++) {
    double x = log(cr_draw_lognormal(12, CR_RNG_JOB_WORK, 4, n, mu, sigma));
    double y = cr_draw_pareto(12, CR_RNG_JOB_WORK, 5, n, shape, min);
    assert_true(isfinite(x) && isfinite(y) && y >= min);
    sum += x;
    square += x * x;
    sum_pareto += log(y / min);
  }
  double m = sum / N, v = square / N - m * m;
  assert_near(m, mu, 4 * sigma / sqrt(N));
  assert_near(v, sigma * sigma, 4 * sigma * sigma * sqrt(2.0 / N));
  assert_near(sum_pareto / N, 1 / shape, 4 / shape / sqrt(N));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(draws_are_those_of_splitmix64),
    cmocka_unit_test(the_nth_draw_is_the_same_whoever_asks_first),
    cmocka_unit_test(seed_stream_entity_and_counter_all_matter),
    cmocka_unit_test(unit_draws_lie_inside_and_are_uniform),
    cmocka_unit_test(neighbouring_entities_are_not_correlated),
    cmocka_unit_test(exponential_draws_have_their_mean_variance_and_shape),
    cmocka_unit_test(lognormal_and_pareto_draws_have_the_moments_of_their_logarithms),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
