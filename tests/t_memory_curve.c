/* t_memory_curve.c - memory within an iteration as steps, and what joining steps keeps. */
#include "config.h"

#include "sim/memory_curve.h"

#include "sim/rng.h"
#include "tests/t.h"

static void peak_and_mean_are_those_of_the_steps(void **state)
{
  (void)state;
  const struct cr_memory_step step[] = {{0, 10}, {30, 100}, {40, 0}};
  struct cr_memory_curve c;
  assert_null(cr_memory_curve_make(step, 3, 100, &c));
  assert_int_equal(c.peak_bytes, 100);
  assert_int_equal(c.mean_bytes, 13); /* (30 * 10 + 10 * 100) / 100 */
}

static void what_is_no_curve_is_said(void **state)
{
  (void)state;
  static const struct {
    struct cr_memory_step step[2];
    uint32_t n;
    cr_ns span_ns;
    const char *fault;
  } cases[] = {
    {{{0}}, 0, 10, "no steps"},
    {{{1, 5}}, 1, 10, "first step must be at 0"},
    {{{0, 5}, {0, 6}}, 2, 10, "must ascend"},
    {{{0, 5}, {9, 6}}, 2, 9, "must end behind"},
    {{{0, -5}}, 1, 9, "must not be negative"},
    {{{0, 5}}, 1, CR_NS_NEVER, "no end"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct cr_memory_curve c;
    const char *fault = cr_memory_curve_make(cases[i].step, cases[i].n, cases[i].span_ns, &c);
    assert_non_null(fault);
    assert_non_null(strstr(fault, cases[i].fault));
  }
}

/* Joining the second and third adds 1 * 10, the first and second 30 * 10. */
static void the_cheapest_are_joined_first(void **state)
{
  (void)state;
  struct cr_memory_step step[] = {{0, 10}, {10, 40}, {20, 41}, {30, 5}};
  uint32_t n = 4;
  assert_int_equal(cr_memory_curve_join(step, &n, 40, 3, NULL), CR_OK);
  assert_int_equal(n, 3);
  assert_int_equal(step[1].at_ns, 10);
  assert_int_equal(step[1].bytes, 41);
  assert_int_equal(step[2].at_ns, 30);
  assert_int_equal(cr_memory_curve_join(step, &n, 40, 1, NULL), CR_OK);
  assert_int_equal(n, 1);
  assert_int_equal(step[0].bytes, 41);
}

static void a_peak_of_no_length_is_not_lost(void **state)
{
  (void)state;
  struct cr_memory_step step[] = {{0, 1}, {5, 1}, {5, 9}, {5, 2}, {8, 2}, {9, 3}};
  uint32_t n = 6;
  assert_int_equal(cr_memory_curve_join(step, &n, 10, 100, NULL), CR_OK);
  assert_int_equal(n, 4); /* 1, 9 to the end of the step behind it, 2, 3 */
  assert_int_equal(step[1].at_ns, 5);
  assert_int_equal(step[1].bytes, 9);
  assert_int_equal(step[2].at_ns, 8);
}

static int64_t at(const struct cr_memory_step *step, uint32_t n, cr_ns ns)
{
  while (n > 1 && step[n - 1].at_ns > ns)
    n--;
  return step[n - 1].bytes;
}

static void no_instant_has_less_than_before_and_the_peak_stays(void **state)
{
  (void)state;
  enum { N = 400, SPAN = 5000 };
  for (uint64_t seed = 1; seed <= 20; seed++) {
    struct cr_memory_step whole[N], step[N];
    uint32_t n = 0;
    for (cr_ns ns = 0; n < N && ns < SPAN - 20; ns += 1 + (cr_ns)(cr_draw(seed, 0, 0, n) % 20), n++)
      whole[n] = (struct cr_memory_step){ns, (int64_t)(cr_draw(seed, 1, 0, n) % 1000)};
    struct cr_memory_curve before, after;
    assert_null(cr_memory_curve_make(whole, n, SPAN, &before));
    uint32_t n_step = n, max = 1 + (uint32_t)(seed * 3);
    memcpy(step, whole, sizeof step);
    assert_int_equal(cr_memory_curve_join(step, &n_step, SPAN, max, NULL), CR_OK);
    assert_true(n_step <= max);
    assert_null(cr_memory_curve_make(step, n_step, SPAN, &after));
    assert_int_equal(after.peak_bytes, before.peak_bytes);
    for (cr_ns ns = 0; ns < SPAN; ns++)
      if (at(step, n_step, ns) < at(whole, n, ns))
        fail_msg("seed %d: less at %d", (int)seed, (int)ns);
  }
}

static void without_memory_it_fails(void **state)
{
  (void)state;
  for (uint64_t i = 0; i < 4; i++) {
    struct cr_memory_step step[] = {{0, 1}, {5, 2}, {8, 3}};
    uint32_t n = 3;
    t_fail_allocation_after(i);
    int rc = cr_memory_curve_join(step, &n, 10, 2, NULL);
    t_allocations_succeed();
    assert_int_equal(rc, CR_ENOMEM);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(peak_and_mean_are_those_of_the_steps),
    cmocka_unit_test(what_is_no_curve_is_said),
    cmocka_unit_test(the_cheapest_are_joined_first),
    cmocka_unit_test(a_peak_of_no_length_is_not_lost),
    cmocka_unit_test(no_instant_has_less_than_before_and_the_peak_stays),
    cmocka_unit_test(without_memory_it_fails),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
