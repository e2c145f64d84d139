/* t_bench.c - microbenchmarks on the pretended GPU of tests/standin-cuda/: what it is set to comes back.
 *
 * What lies between two stamps of the GPU comes back exactly.  What lies between the host and the GPU is known no better than the
 * two clocks are put together, which the benchmarks tell: that is the tolerance, and more on a busy machine. */
#include "config.h"

#include "tests/t.h"

#include <math.h>
#include <stdlib.h>

#include "calib/bench_run.h"
#include "calib/micro.h"

static struct cr_arena *arena;
static const char *folder;
static struct cr_bench_out out;
static struct cr_micro micro;

static int start(void **state)
{
  (void)state;
  const struct cr_device_desc d = {.name = "made"};
  struct cr_err err = {""};
  arena = cr_arena_new();
  folder = t_tmp();
  setenv("CORUN_LIBCUDA", t_build("tests/standin_cuda.so"), 1);
  setenv("STANDIN_TURNS", t_join(t_tmp(), "turns"), 1);
  setenv("STANDIN_TIMES",
         "launch=200000,gap=5000,single=30000,write=150000,evict=10000,block=20,kill=300000,duplex=150,speed=6000,"
         "slice=5000000,switch=500000",
         1);
  const struct cr_bench_cfg cfg = {.folder = folder, .command = "t_bench", .date = "2026-11-28", .is_brief = 1};
  int rc = cr_bench_run(&cfg, arena, &out, &err);
  if (rc == CR_OK)
    rc = cr_micro_read(out.file, out.n_file, &d, arena, &micro, &err);
  if (rc != CR_OK)
    print_message("# %s\n", err.text);
  return rc;
}

static int end(void **state)
{
  (void)state;
  cr_text_fini(&out.report);
  cr_arena_free(arena);
  return 0;
}

static double value_of(enum cr_gpu_constant id)
{
  for (uint32_t i = 0; i < micro.n_value; i++)
    if (micro.value[i].id == id)
      return micro.value[i].value;
  return NAN;
}

static void check(enum cr_gpu_constant id, double want, double tolerance)
{
  double value = value_of(id);
  if (!(fabs(value - want) <= tolerance))
    fail_msg("%s is %g, and not %g +- %g", cr_gpu_constant_info[id].name, value, want, tolerance);
}

static void what_the_gpu_stamps_comes_back(void **state)
{
  (void)state;
  check(CR_GPU_SINGLE, 30, 0.01);
  check(CR_GPU_DUPLEX, 1.5, 0.05); /* a copy takes 1.4 ms, and the marks around it 0.03 */
}

/* A kernel that is evicted takes evict + gap + single, and each block. */
static void evicted_kernels_come_back(void **state)
{
  (void)state;
  double each = value_of(CR_GPU_EVICT) + 5000 * value_of(CR_GPU_EVICT_BLOCK);
  check(CR_GPU_EVICT, 45, 15);
  if (!(fabs(each - 145) < 30))
    fail_msg("a kernel of 5000 blocks takes %g us, and not 145", each);
}

static void turns_of_processes_come_back(void **state)
{
  (void)state;
  check(CR_GPU_SLICE, 5000, 25);
  assert_true(value_of(CR_GPU_SLICE_YIELD) > 495); /* a busy host is late with more work, and then it is more */
  assert_true(value_of(CR_GPU_SLICE_YIELD) < 5000);
  check(CR_GPU_SLICE_SWITCH, 500, 50);
}

static void what_the_host_sees_comes_back_as_well_as_it_can(void **state)
{
  (void)state;
  double error_us = out.clock_error_us + 50;
  print_message("# the clock is known within %g us\n", out.clock_error_us);
  check(CR_GPU_FETCH, 200, error_us);
  check(CR_GPU_FLAG, 350, error_us);
  check(CR_GPU_KILL, 300, 2 * error_us);
}

static void every_constant_that_was_asked_for_is_there(void **state)
{
  (void)state;
  static const enum cr_gpu_constant want[] = {CR_GPU_LAUNCH, CR_GPU_PUSH,   CR_GPU_NOTICE,
                                              CR_GPU_SYNC,   CR_GPU_UNFLAG, CR_GPU_EVICT_SERIAL};
  for (size_t i = 0; i < sizeof want / sizeof want[0]; i++)
    assert_true(value_of(want[i]) >= 0);
  assert_int_equal(micro.n_value, 16);
}

/* The pretended GPU has no SMs that fill up, but parts of them. */
static void rules_are_judged(void **state)
{
  (void)state;
  size_t n;
  char *text = t_read(t_join(folder, "rules.csv"), &n);
  assert_non_null(strstr(text, "\nleftover,2.00,"));
  assert_non_null(strstr(strstr(text, "\nleftover,2.00,"), "does not hold"));
  assert_non_null(strstr(text, "\nshare,2.00,2.000,2.000,2.000,3,holds,"));
  assert_non_null(strstr(text, "\nshare-graph,2.00,2.000,2.000,2.000,3,holds,"));
  t_free(text);
}

static void results_are_not_overwritten(void **state)
{
  (void)state;
  struct cr_err err = {""};
  struct cr_bench_out other;
  const struct cr_bench_cfg cfg = {.folder = folder, .command = "t_bench", .date = "2026-11-28", .is_brief = 1};
  assert_int_equal(cr_bench_run(&cfg, arena, &other, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "steps.csv"));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_the_gpu_stamps_comes_back),
    cmocka_unit_test(evicted_kernels_come_back),
    cmocka_unit_test(turns_of_processes_come_back),
    cmocka_unit_test(what_the_host_sees_comes_back_as_well_as_it_can),
    cmocka_unit_test(every_constant_that_was_asked_for_is_there),
    cmocka_unit_test(rules_are_judged),
    cmocka_unit_test(results_are_not_overwritten),
  };
  return cmocka_run_group_tests(tests, start, end);
}
