/* t_use_curve.c - what a run keeps of its use over time: sums stay exact and peaks stay peaks, however long it is. */
#include "config.h"

#include "sim/memory_peaks.h"
#include "sim/use_curve.h"
#include "tests/t.h"

#include "sim/mem.h"
#include "sim/rng.h"

enum { STEPS = 20000 };

/* A device that is busy with a share that depends on the time alone. */
static struct cr_use use_at(cr_ns at_ns)
{
  return (struct cr_use){.busy_ns = (double)at_ns / 2, .sm_ns = (double)at_ns * 3};
}

static void check_points(const struct cr_use_curve *c, cr_ns end_ns)
{
  uint32_t n = cr_use_curve_n(c);
  assert_in_range(n, 2, CR_USE_CURVE_MOMENTS);
  assert_int_equal(cr_use_curve_at_ns(c, n - 1), end_ns);
  for (uint32_t i = 0; i < n; i++) {
    double busy_ns, sm_ns;
    cr_ns at_ns = cr_use_curve_at_ns(c, i);
    assert_true(i == 0 || at_ns > cr_use_curve_at_ns(c, i - 1));
    cr_use_curve_get(c, i, 1, &busy_ns, &sm_ns);
    assert_near(busy_ns, use_at(at_ns).busy_ns, 0);
    assert_near(sm_ns, use_at(at_ns).sm_ns, 0);
    cr_use_curve_get(c, i, 0, &busy_ns, &sm_ns);
    assert_near(busy_ns, 0, 0);
  }
}

/* Moments come as a run's do: at any time from when they are wanted. */
static void totals_stay_exact_and_the_last_is_kept(void **state)
{
  (void)state;
  struct cr_use_curve *c = cr_use_curve_new(2);
  assert_non_null(c);
  for (int run = 0; run < 2; run++) {
    cr_ns at_ns = 0;
    cr_use_curve_begin(c);
    for (uint64_t i = 0; i < STEPS; i++) {
      struct cr_use use[2] = {{0}, use_at(at_ns)};
      if (at_ns >= cr_use_curve_due_ns(c))
        cr_use_curve_add(c, at_ns, use, 2);
      at_ns += 1 + (cr_ns)(cr_draw(7, 1, (uint32_t)run, i) % 2000000);
    }
    struct cr_use use[2] = {{0}, use_at(at_ns)};
    cr_use_curve_add(c, at_ns, use, 2);
    check_points(c, at_ns);
    assert_true(cr_use_curve_n(c) > CR_USE_CURVE_MOMENTS / 4);
  }
  cr_use_curve_free(c);
}

static void moments_lie_evenly(void **state)
{
  (void)state;
  struct cr_use_curve *c = cr_use_curve_new(1);
  assert_non_null(c);
  struct cr_use use = {0};
  for (cr_ns at_ns = 0; at_ns <= 100 * (cr_ns)STEPS; at_ns += 100)
    if (at_ns >= cr_use_curve_due_ns(c))
      cr_use_curve_add(c, at_ns, &use, 1);
  cr_ns most_ns = 100 * (cr_ns)STEPS / 200;
  for (uint32_t i = 1; i < cr_use_curve_n(c); i++)
    assert_true(cr_use_curve_at_ns(c, i) - cr_use_curve_at_ns(c, i - 1) < most_ns);
  cr_use_curve_free(c);
}

static void a_second_moment_at_one_time_replaces_the_first(void **state)
{
  (void)state;
  struct cr_use_curve *c = cr_use_curve_new(1);
  assert_non_null(c);
  for (int i = 1; i <= 3; i++) {
    struct cr_use use = {.busy_ns = i, .sm_ns = -1};
    cr_use_curve_add(c, 5, &use, 1);
  }
  double busy_ns, sm_ns;
  assert_int_equal(cr_use_curve_n(c), 1);
  cr_use_curve_get(c, 0, 0, &busy_ns, &sm_ns);
  assert_near(busy_ns, 3, 0);
  assert_true(sm_ns < 0);
  cr_use_curve_free(c);
}

struct level {
  cr_ns at_ns;
  int64_t held, reserved;
};

/* The most in a part, from all levels. */
static int64_t most_in(const struct level *l, int n, cr_ns from_ns, cr_ns to_ns, cr_ns end_ns, int reserved)
{
  int64_t most = 0;
  for (int i = 0; i < n; i++) {
    cr_ns until_ns = i + 1 < n ? l[i + 1].at_ns : end_ns;
    int64_t level = reserved ? l[i].reserved : l[i].held;
    int is_moment = l[i].at_ns >= from_ns && l[i].at_ns < to_ns; /* however short */
    if ((is_moment || (l[i].at_ns < to_ns && until_ns > from_ns)) && level > most)
      most = level;
  }
  return most;
}

static void no_peak_is_lost(void **state)
{
  (void)state;
  enum { N = 3000 };
  struct level *l = cr_mem_new(N, sizeof *l);
  struct cr_memory_peaks *p = cr_mem_new(1, sizeof *p);
  assert_true(l && p);
  cr_memory_peaks_begin(p);
  cr_ns at_ns = 77;
  for (int i = 0; i < N; i++) {
    l[i].at_ns = at_ns;
    l[i].held = (int64_t)(cr_draw(7, 2, 0, (uint64_t)i) % 1000);
    l[i].reserved = l[i].held + (int64_t)(cr_draw(7, 3, 0, (uint64_t)i) % 1000);
    cr_memory_peaks_tell(p, at_ns, l[i].held, l[i].reserved);
    uint64_t draw = cr_draw(7, 4, 0, (uint64_t)i);
    at_ns += (cr_ns)(draw % 7 ? draw % 5000 : draw % 400000);
  }
  cr_ns end_ns = at_ns + 10000;
  cr_memory_peaks_end(p, end_ns);
  assert_in_range(p->n, CR_MEMORY_PEAKS / 4, CR_MEMORY_PEAKS);
  assert_true(p->n * p->part_ns >= end_ns && (p->n - 1) * p->part_ns < end_ns);
  for (uint32_t i = 0; i < p->n; i++) {
    cr_ns from_ns = i * p->part_ns, to_ns = from_ns + p->part_ns;
    assert_int_equal(p->most_held[i], most_in(l, N, from_ns, to_ns, end_ns, 0));
    assert_int_equal(p->most_reserved[i], most_in(l, N, from_ns, to_ns, end_ns, 1));
  }
  cr_mem_free(l);
  cr_mem_free(p);
}

static void what_was_never_told_of_has_no_parts(void **state)
{
  (void)state;
  struct cr_memory_peaks *p = cr_mem_new(1, sizeof *p);
  assert_non_null(p);
  cr_memory_peaks_begin(p);
  cr_memory_peaks_end(p, 1000000000);
  assert_int_equal(p->n, 0);
  cr_mem_free(p);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(totals_stay_exact_and_the_last_is_kept),
    cmocka_unit_test(moments_lie_evenly),
    cmocka_unit_test(a_second_moment_at_one_time_replaces_the_first),
    cmocka_unit_test(no_peak_is_lost),
    cmocka_unit_test(what_was_never_told_of_has_no_parts),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
