/* t_arrival.c - arrival times: exact, without drift, reproducible, and Poisson where they should be. */
#include "config.h"

#include "sim/arrival.h"

#include "tests/t.h"

#include <math.h>

static const struct cr_arrival_spec UNIFORM_3 = {.kind = CR_ARRIVE_UNIFORM, .rate_per_s = 3, .phase_ns = 100};

static struct cr_arrival begin(const struct cr_arrival_spec *spec, uint64_t seed, uint32_t client)
{
  struct cr_arrival a;
  cr_arrival_init(&a, spec, seed, client);
  return a;
}

static void a_closed_client_arrives_depth_times_at_its_phase(void **state)
{
  (void)state;
  const struct cr_arrival_spec spec = {.kind = CR_ARRIVE_CLOSED, .depth = 3, .phase_ns = 5};
  struct cr_arrival a = begin(&spec, 1, 0);
  for (int i = 0; i < 3; i++)
    assert_true(cr_arrival_next(&a) == 5);
  for (int i = 0; i < 3; i++)
    assert_true(cr_arrival_next(&a) == CR_NS_NEVER);
}

static void uniform_times_follow_the_formula_to_the_ns(void **state)
{
  (void)state;
  struct cr_arrival a = begin(&UNIFORM_3, 1, 0);
  for (int64_t n = 0; n < 100000; n++) /* phase + n / 3 s, rounded, in integers */
    assert_true(cr_arrival_next(&a) == 100 + (n * 2000000000 + 3) / 6);
}

static void uniform_times_do_not_drift_in_a_million_periods(void **state)
{
  (void)state;
  const struct cr_arrival_spec spec = {.kind = CR_ARRIVE_UNIFORM, .rate_per_s = 7e5};
  struct cr_arrival a = begin(&spec, 1, 0);
  cr_ns last = 0;
  for (int64_t n = 0; n <= 7000000; n++)
    last = cr_arrival_next(&a);
  assert_true(last == 10000000000);
}

/* A rate of 1/period is no double for most periods: the gaps would be off by a ns now and then. */
static void a_period_is_kept_to_the_ns(void **state)
{
  (void)state;
  const struct cr_arrival_spec spec = {
    .kind = CR_ARRIVE_UNIFORM, .rate_per_s = 1e9 / 123456789.0, .period_ns = 123456789, .phase_ns = 7};
  struct cr_arrival a = begin(&spec, 1, 0);
  for (int64_t n = 0; n < 100000; n++)
    assert_true(cr_arrival_next(&a) == 7 + n * 123456789);
  const struct cr_arrival_spec far = {.kind = CR_ARRIVE_UNIFORM, .rate_per_s = 1e-9, .period_ns = INT64_MAX / 2};
  a = begin(&far, 1, 0);
  for (int n = 0; n < 3; n++)
    assert_true(cr_arrival_next(&a) == n * (INT64_MAX / 2));
  assert_true(cr_arrival_next(&a) == CR_NS_NEVER);
}

static void a_trace_is_given_as_it_is(void **state)
{
  (void)state;
  static const cr_ns AT[] = {0, 7, 7, 900};
  const struct cr_arrival_spec spec = {.kind = CR_ARRIVE_TRACE, .at_ns = AT, .n_at = 4};
  struct cr_arrival a = begin(&spec, 1, 0);
  for (int i = 0; i < 4; i++)
    assert_true(cr_arrival_next(&a) == AT[i]);
  assert_true(cr_arrival_next(&a) == CR_NS_NEVER);
}

static void a_job_is_submitted_once(void **state)
{
  (void)state;
  const struct cr_arrival_spec spec = {.kind = CR_ARRIVE_AT, .phase_ns = 77};
  struct cr_arrival a = begin(&spec, 1, 0);
  assert_true(cr_arrival_next(&a) == 77);
  for (int i = 0; i < 3; i++)
    assert_true(cr_arrival_next(&a) == CR_NS_NEVER);
}

static void times_too_far_to_hold_are_never(void **state)
{
  (void)state;
  const struct cr_arrival_spec uniform = {.kind = CR_ARRIVE_UNIFORM, .rate_per_s = 1e-12, .phase_ns = 9};
  const struct cr_arrival_spec poisson = {.kind = CR_ARRIVE_POISSON, .rate_per_s = 1e-300, .phase_ns = 9};
  struct cr_arrival a = begin(&uniform, 1, 0), b = begin(&poisson, 1, 0);
  assert_true(cr_arrival_next(&a) == 9);
  assert_true(cr_arrival_next(&a) == CR_NS_NEVER);
  assert_true(cr_arrival_next(&b) == CR_NS_NEVER);
  assert_true(cr_arrival_next(&b) == CR_NS_NEVER);
}

static void poisson_counts_have_the_mean_and_variance_of_poisson(void **state)
{
  enum { SECOND = 4000, RATE = 50 };
  (void)state;
  const struct cr_arrival_spec spec = {.kind = CR_ARRIVE_POISSON, .rate_per_s = RATE};
  struct cr_arrival a = begin(&spec, 42, 3);
  static int count[SECOND];
  for (cr_ns at; (at = cr_arrival_next(&a)) < (cr_ns)SECOND * 1000000000;)
    count[at / 1000000000]++;
  double sum = 0, square = 0;
  for (int i = 0; i < SECOND; i++) {
    sum += count[i];
    square += (double)count[i] * count[i];
  }
  double mean = sum / SECOND, variance = square / SECOND - mean * mean;
  assert_near(mean, RATE, 4 * sqrt((double)RATE / SECOND));
  assert_near(variance, RATE, 4 * RATE * sqrt(2.0 / SECOND));
}

static void poisson_times_ascend_and_begin_after_the_phase(void **state)
{
  (void)state;
  const struct cr_arrival_spec spec = {.kind = CR_ARRIVE_POISSON, .rate_per_s = 1e6, .phase_ns = 12345};
  struct cr_arrival a = begin(&spec, 42, 3);
  cr_ns last = 12345;
  for (int i = 0; i < 100000; i++) {
    cr_ns at = cr_arrival_next(&a);
    assert_true(at >= last);
    last = at;
  }
}

/* The first times of seed 1, client 0: what a policy meets must never change. */
static void poisson_times_are_the_same_forever(void **state)
{
  (void)state;
  const struct cr_arrival_spec spec = {.kind = CR_ARRIVE_POISSON, .rate_per_s = 20};
  struct cr_arrival a = begin(&spec, 1, 0), b = begin(&spec, 1, 0);
  cr_ns first[4];
  for (int i = 0; i < 4; i++)
    first[i] = cr_arrival_next(&a);
  static const cr_ns WANT[4] = {108049857, 123775974, 136011080, 158787701};
  for (int i = 0; i < 4; i++) {
    assert_true(cr_arrival_next(&b) == first[i]);
    assert_true(first[i] == WANT[i]);
  }
}

static void clients_and_seeds_have_times_of_their_own(void **state)
{
  (void)state;
  const struct cr_arrival_spec spec = {.kind = CR_ARRIVE_POISSON, .rate_per_s = 20};
  struct cr_arrival a = begin(&spec, 1, 0), b = begin(&spec, 1, 1), c = begin(&spec, 2, 0);
  cr_ns at = cr_arrival_next(&a);
  assert_true(at != cr_arrival_next(&b));
  assert_true(at != cr_arrival_next(&c));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_closed_client_arrives_depth_times_at_its_phase),
    cmocka_unit_test(uniform_times_follow_the_formula_to_the_ns),
    cmocka_unit_test(uniform_times_do_not_drift_in_a_million_periods),
    cmocka_unit_test(a_period_is_kept_to_the_ns),
    cmocka_unit_test(a_trace_is_given_as_it_is),
    cmocka_unit_test(a_job_is_submitted_once),
    cmocka_unit_test(times_too_far_to_hold_are_never),
    cmocka_unit_test(poisson_counts_have_the_mean_and_variance_of_poisson),
    cmocka_unit_test(poisson_times_ascend_and_begin_after_the_phase),
    cmocka_unit_test(poisson_times_are_the_same_forever),
    cmocka_unit_test(clients_and_seeds_have_times_of_their_own),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
