/* t_nsys_ranges.c - NVTX ranges of exports of Nsight Systems: iterations and stages. */
#include "config.h"

#include "tests/t.h"

#include "tests/nsys_import.h"

static void ranges_are_iterations_and_those_within_stages(void **state)
{
  (void)state;
  const struct cr_nsys_options by_step = {.range = "step"}; /* it is named by textId */
  for (int age = NSYS_OLD; age <= NSYS_NEW; age++) {
    uint32_t n = 0;
    struct nsys_import im = nsys_import_new(nsys_make((enum nsys_age)age, &nsys_eager, 1, NULL), &by_step);
    const struct cr_op_spec *op = nsys_import_ops(&im, "m", &n);
    nsys_expect_eager(&im, "m");
    for (uint32_t j = 0; j < n; j++)
      assert_int_equal(op[j].stage, j >= NSYS_OPS / 2);
    nsys_expect_shown(&im, "m", "2 stages by NVTX ranges: conv, fc");
    nsys_expect_shown(&im, "m", "\"iterations\":4,\"left_out\":0,\"ops\":8");
    nsys_import_free(&im);
  }
}

static void ranges_count_by_their_launch_calls_not_by_when_kernels_run(void **state)
{
  (void)state;
  /* Without "conv" and "fc", and a range that ends before most of its kernels have begun. */
  const struct cr_nsys_options opt = {.range = "step"};
  struct nsys_import im = nsys_import_new(nsys_make(NSYS_NEW, &nsys_eager, 1,
                                                    "DELETE FROM NVTX_EVENTS WHERE text IN ('conv', 'fc');"
                                                    "UPDATE NVTX_EVENTS SET \"end\" = start + 7 * 4000"),
                                          &opt);
  nsys_expect_eager(&im, "m");
  nsys_import_free(&im);
  /* One that ends before the last launch has an op less. */
  uint32_t n = 0;
  im = nsys_import_new(
    nsys_make(NSYS_NEW, &nsys_eager, 1, "UPDATE NVTX_EVENTS SET \"end\" = start + 7 * 4000 - 1 WHERE text IS NULL"),
    &opt);
  nsys_import_ops(&im, "m", &n);
  assert_int_equal(n, NSYS_OPS - 1);
  nsys_import_free(&im);
}

static void other_iterations_are_left_out_by_their_content(void **state)
{
  (void)state;
  /* The second iteration lacks a kernel. */
  const struct cr_nsys_options opt = {.range = "step"};
  struct nsys_import im = nsys_import_new(
    nsys_make(NSYS_NEW, &nsys_eager, 1, "DELETE FROM CUPTI_ACTIVITY_KIND_KERNEL WHERE rowid = 7"), &opt);
  nsys_expect_shown(&im, "m", "\"iterations\":3,\"left_out\":1,\"ops\":8");
  nsys_import_free(&im);
}

static void ranges_left_open_are_counted(void **state)
{
  (void)state;
  const struct cr_nsys_options opt = {.range = "step"};
  struct nsys_import im =
    nsys_import_new(nsys_make(NSYS_NEW, &nsys_eager, 1,
                              "INSERT INTO NVTX_EVENTS(start, end, eventType, text, globalTid) "
                              "SELECT 1, 99999999999, 35, 'step', globalTid FROM NVTX_EVENTS LIMIT 1;"
                              "INSERT INTO NVTX_EVENTS(start, end, eventType, text, globalTid) "
                              "SELECT 2, NULL, 59, 'step', globalTid FROM NVTX_EVENTS LIMIT 1;"
                              "INSERT INTO NVTX_EVENTS(start, end, eventType, text, globalTid) "
                              "SELECT 2, NULL, 34, 'mark', globalTid FROM NVTX_EVENTS LIMIT 1"),
                    &opt);
  nsys_expect_eager(&im, "m");
  nsys_expect_said(&im, "2 NVTX ranges left out: they had no end");
  nsys_import_free(&im);
}

static void a_name_has_its_domain_and_may_end_in_a_star(void **state)
{
  (void)state;
  static const char *const in_domain =
    "UPDATE NVTX_EVENTS SET domainId = 5; UPDATE NVTX_EVENTS SET text = 'step ' || start WHERE text IS NULL;"
    "INSERT INTO NVTX_EVENTS(start, eventType, text, globalTid, domainId) "
    "SELECT 0, 75, 'serve', globalTid, 5 FROM NVTX_EVENTS LIMIT 1";
  struct cr_nsys_options opt = {.range = "step *"};
  struct nsys_import im = nsys_import_new(nsys_make(NSYS_NEW, &nsys_eager, 1, in_domain), &opt);
  nsys_expect_eager(&im, "m");
  nsys_import_free(&im);
  opt.range = "conv";
  nsys_expect_refusal(nsys_make(NSYS_NEW, &nsys_eager, 1, in_domain), &opt, "has no NVTX range conv; ");
  opt.range = "conv@serve";
  uint32_t n = 0;
  im = nsys_import_new(nsys_make(NSYS_NEW, &nsys_eager, 1, in_domain), &opt);
  nsys_import_ops(&im, "m", &n);
  assert_int_equal(n, NSYS_OPS / 2);
  nsys_import_free(&im);
}

static void ranges_of_any_thread_are_iterations_too(void **state)
{
  (void)state;
  const struct cr_nsys_options opt = {.range = "step"};
  struct nsys_import im = nsys_import_new(nsys_make(NSYS_NEW, &nsys_eager, 1,
                                                    "UPDATE NVTX_EVENTS SET eventType = 60, globalTid = globalTid + 1 "
                                                    "WHERE text IS NULL"),
                                          &opt);
  nsys_expect_eager(&im, "m");
  nsys_import_free(&im);
  /* A push and pop of another thread holds none of the calls. */
  nsys_expect_refusal(nsys_make(NSYS_NEW, &nsys_eager, 1, "UPDATE NVTX_EVENTS SET globalTid = globalTid + 1"), &opt,
                      "no kernel was launched within a range step");
}

static void ranges_that_overlap_are_no_iterations(void **state)
{
  (void)state;
  /* One around all of the run, and within it two more, around a launch call each. */
  const struct cr_nsys_options opt = {.range = "step"};
  nsys_expect_refusal(nsys_make(NSYS_NEW, &nsys_eager, 1,
                                "DELETE FROM NVTX_EVENTS;"
                                "INSERT INTO NVTX_EVENTS(start, end, eventType, text, globalTid) "
                                "SELECT 1000000, 2000000, 60, 'step', max(globalTid) "
                                "FROM CUPTI_ACTIVITY_KIND_RUNTIME;"
                                "INSERT INTO NVTX_EVENTS(start, end, eventType, text, globalTid) "
                                "SELECT start, \"end\", 60, 'step', globalTid "
                                "FROM CUPTI_ACTIVITY_KIND_RUNTIME WHERE correlationId IN (3, 5)"),
                      &opt, "kernels of other ranges run between those of each range step");
}

static void ranges_that_are_not_there_are_named(void **state)
{
  (void)state;
  struct cr_nsys_options opt = {.range = "stepp"};
  nsys_expect_refusal(nsys_make(NSYS_NEW, &nsys_eager, 1, NULL), &opt, "has no NVTX range stepp; did you mean step");
  nsys_expect_refusal(nsys_make(NSYS_NEW, &nsys_eager, 1, "DROP TABLE NVTX_EVENTS"), &opt,
                      "has no NVTX ranges; record them");
  opt.range = "step";
  nsys_expect_refusal(nsys_make(NSYS_NEW, &nsys_eager, 1, "DROP TABLE CUPTI_ACTIVITY_KIND_RUNTIME"), &opt,
                      "has no launch calls, by which kernels belong to ranges");
}

int main(void)
{
  const struct CMUnitTest test[] = {
    cmocka_unit_test(ranges_are_iterations_and_those_within_stages),
    cmocka_unit_test(ranges_count_by_their_launch_calls_not_by_when_kernels_run),
    cmocka_unit_test(other_iterations_are_left_out_by_their_content),
    cmocka_unit_test(ranges_left_open_are_counted),
    cmocka_unit_test(a_name_has_its_domain_and_may_end_in_a_star),
    cmocka_unit_test(ranges_of_any_thread_are_iterations_too),
    cmocka_unit_test(ranges_that_overlap_are_no_iterations),
    cmocka_unit_test(ranges_that_are_not_there_are_named),
  };
  return cmocka_run_group_tests(test, NULL, NULL);
}
