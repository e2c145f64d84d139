/* t_micro.c - constants from microbenchmark results: made-up files whose constants are known, and those of the H200. */
#include "config.h"

#include "tests/t.h"

#include <math.h>

#include "calib/micro.h"
#include "sim/text.h"

static struct cr_arena *arena;

static int start(void **state)
{
  (void)state;
  arena = cr_arena_new();
  return arena ? 0 : -1;
}

static int end(void **state)
{
  (void)state;
  cr_arena_free(arena);
  return 0;
}

static int read_one(const char *path, struct cr_micro *out, struct cr_err *err)
{
  static struct cr_device_desc d;
  return cr_micro_read(&path, 1, &d, arena, out, err);
}

static const struct cr_micro_value *find(const struct cr_micro *m, enum cr_gpu_constant id)
{
  for (uint32_t i = 0; i < m->n_value; i++)
    if (m->value[i].id == id)
      return &m->value[i];
  return NULL;
}

/* value, and its standard error within the bounds. */
static void check(const struct cr_micro *m, enum cr_gpu_constant id, double value, double tolerance, double most_error)
{
  const struct cr_micro_value *v = find(m, id);
  if (!v)
    print_error("%s is not there\n", cr_gpu_constant_info[id].name);
  assert_non_null(v);
  assert_near(v->value, value, tolerance);
  assert_true(isnan(v->std_error) || (v->std_error >= 0 && v->std_error <= most_error));
  assert_true(v->n_row >= 1 && v->what && v->path);
}

/* --- made up -------------------------------------------------------------------------------------------------------- */

#define STEPS "test,variant,streams,blocks,length_us,queue,metric,unit,reps,p50,p10,p90,min,max,mean\n"

static void a_line_gives_intercept_and_slope_in_us_whatever_the_unit(void **state)
{
  (void)state;
  const char *path = t_join(t_tmp(), "steps.csv");
  struct cr_micro m;
  struct cr_err err = {""};
  t_write(path, STEPS "evict,stream,1,100,50,0,slope_per_kernel,us,1,3,3,3,3,3,3\n"
                      "evict,stream,1,200,50,0,slope_per_kernel,us,1,4,4,4,4,4,4\n"
                      "evict,stream,1,400,50,0,slope_per_kernel,ns,1,6000,6,6,6,6,6\n"
                      "evict,graph,1,400,50,0,slope_per_kernel,us,1,99,99,99,99,99,99\n"
                      "drop,,1,0,0,10,entry_by_entry,ns,9,30,29,31,1,1,1\n"
                      "drop,,1,0,0,20,entry_by_entry,ns,9,50,49,51,1,1,1\n"
                      "drop,,1,0,0,40,entry_by_entry,ns,9,90,89,91,1,1,1\n");
  if (read_one(path, &m, &err) != CR_OK)
    fail_msg("%s", err.text);
  assert_int_equal(m.n_value, 3);
  check(&m, CR_GPU_EVICT, 2, 1e-9, 1e-6);
  check(&m, CR_GPU_EVICT_BLOCK, 0.01, 1e-9, 1e-6);
  check(&m, CR_GPU_CLEAR_EACH, 0.002, 1e-9, 1e-6);
}

static void one_setting_has_the_error_of_its_repetitions(void **state)
{
  (void)state;
  const char *path = t_join(t_tmp(), "steps.csv");
  struct cr_micro m;
  t_write(path, STEPS "push,cuLaunchKernel,1,132,1,500,call_mean,us,100,4,3,5.563,1,9,4\n");
  assert_int_equal(read_one(path, &m, NULL), CR_OK);
  assert_int_equal(m.n_value, 1);
  /* 2.563 us from the 10th to the 90th percentile is a sigma of 1 us; of a median of 100: 1.2533 / 10 */
  check(&m, CR_GPU_PUSH, 4, 0, 0.126);
  assert_near(m.value[0].std_error, 0.12533, 1e-4);
}

static void differences_are_of_rows_of_one_setting(void **state)
{
  (void)state;
  const char *path = t_join(t_tmp(), "steps.csv");
  struct cr_micro m;
  t_write(path,
          STEPS "fetch,queued_device_stamps,1,1,5,100,end_to_next_start,us,9,1.7,1,1,1,1,1\n"
                "fetch,queued_device_stamps,1,2,5,100,end_to_next_start,us,9,1.9,1,1,1,1,1\n"
                "fetch,queued_device_stamps,1,3,5,100,end_to_next_start,us,9,9,1,1,1,1,1\n" /* no graph beside it */
                "fetch,graph_device_stamps,1,2,5,100,end_to_next_start,us,9,0.9,1,1,1,1,1\n"
                "fetch,graph_device_stamps,1,1,5,100,end_to_next_start,us,9,0.9,1,1,1,1,1\n"
                "restart,launch_only,1,132,5,0,call_to_first_instruction,us,50,6,5,7,1,1,1\n"
                "restart,stream_write_same_stream,1,132,5,0,call_to_first_instruction,us,50,6.8,5,7,1,1,1\n");
  assert_int_equal(read_one(path, &m, NULL), CR_OK);
  check(&m, CR_GPU_SINGLE, 0.9, 1e-9, 0.2);
  check(&m, CR_GPU_UNFLAG, 0.8, 1e-9, 0.3);
  assert_int_equal(find(&m, CR_GPU_SINGLE)->n_row, 2);
}

/* Cut turns of 2 ms among others that end with their work. */
static void turns_give_the_slice_where_they_lie_closest(void **state)
{
  (void)state;
  const char *path = t_join(t_tmp(), "turns.csv");
  struct cr_text text = {0};
  struct cr_micro m;
  struct cr_err err = {""};
  int64_t at = 1000000;
  cr_text_add(&text, "run,process,start_ns,end_ns,kernels,longest_ns\n");
  for (int i = 0; i < 60; i++) {
    int64_t turn = i % 3 ? 2000000 + 100 * (i % 5) : 700000 + 17000 * i;
    cr_text_add(&text, "tiny,%d,%lld,%lld,9,9\n", i % 2, (long long)at, (long long)(at + turn));
    at += turn + 500000;
  }
  for (int i = 0; i < 40; i++) {
    cr_text_add(&text, "two,%d,%lld,%lld,9,9\n", i % 2, (long long)at, (long long)(at + 1800000));
    at += 1800000 + 150000 + 1000 * (i % 3);
  }
  t_write(path, text.s);
  cr_text_fini(&text);
  if (read_one(path, &m, &err) != CR_OK)
    fail_msg("%s", err.text);
  assert_int_equal(m.n_value, 2);
  check(&m, CR_GPU_SLICE, 2000.2, 0.11, 0.1);
  assert_int_equal(find(&m, CR_GPU_SLICE)->n_row, 40);
  check(&m, CR_GPU_SLICE_YIELD, 151, 0.01, 1);
}

static void a_switch_needs_the_slice(void **state)
{
  (void)state;
  const char *path = t_join(t_tmp(), "corun-processes.csv");
  struct cr_micro m;
  struct cr_err err = {""};
  struct cr_device_desc d = {.name = "made"};
  t_write(path, "mode,scenario,model,throughput_per_s,mean_ms,p50_ms,p95_ms,p99_ms\n"
                "timeslice,a+b,a,1,1,0.7,3.1,3.2\n"
                "timeslice,a+b,b,1,1,5.0,7.5,7.6\n" /* longer than a slice */
                "mps,a+b,a,1,1,0.7,9,9\n");
  assert_int_equal(cr_micro_read(&path, 1, &d, arena, &m, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "slices.cu"));
  d.constant[CR_GPU_SLICE] = 2000;
  assert_int_equal(cr_micro_read(&path, 1, &d, arena, &m, &err), CR_OK);
  assert_int_equal(m.n_value, 1);
  check(&m, CR_GPU_SLICE_SWITCH, 200, 1e-6, 0);
}

static void copies_of_the_largest_size_give_duplex(void **state)
{
  (void)state;
  const char *path = t_join(t_tmp(), "copies.csv");
  struct cr_micro m;
  t_write(path, "what,kib,copies,run,stream,end_us,call_us\n"
                "h2d,4,1,1,0,6,2\nd2h,4,1,1,0,6,2\nh2d+d2h,4,1,1,0,60,2\n"
                "h2d,1024,1,1,0,100,2\nd2h,1024,1,1,0,100,2\nh2d,1024,4,1,0,900,2\n"
                "h2d+d2h,1024,1,1,0,119,2\nh2d+d2h,1024,1,1,1,121,2\n");
  assert_int_equal(read_one(path, &m, NULL), CR_OK);
  assert_int_equal(m.n_value, 1);
  check(&m, CR_GPU_DUPLEX, 1.2, 1e-9, 0.02);
  assert_int_equal(m.value[0].n_row, 4);
}

static void graphs_on_an_idle_stream_give_the_launch(void **state)
{
  (void)state;
  const char *path = t_join(t_tmp(), "idle.csv");
  struct cr_micro m;
  struct cr_err err = {""};
  t_write(path, "alone,x,0.001,2.3,2.3,2.3,2.3,67\nchain,1,0.005,4,24,,,23\nchain,10,0.005,40,62,,,23\nevents,,,5.6\n");
  assert_int_equal(read_one(path, &m, NULL), CR_OK);
  check(&m, CR_GPU_LAUNCH, 21, 1e-9, 1.01);
  t_write(path, "alone,x,0.001,2.3\nchain,1,0.005\n");
  assert_int_equal(read_one(path, &m, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "idle.csv:2"));
}

/* --- bad input ------------------------------------------------------------------------------------------------------ */

static void what_is_no_result_is_refused(void **state)
{
  (void)state;
  const char *folder = t_tmp(), *path = t_join(folder, "other.csv");
  struct cr_micro m;
  struct cr_err err = {""};
  t_write(path, "a,b\n1,2\n");
  assert_int_equal(read_one(path, &m, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "other.csv"));
  assert_int_equal(read_one(folder, &m, &err), CR_EINPUT);
  assert_int_equal(read_one(t_join(folder, "none.csv"), &m, &err), CR_EINPUT);
  t_write(path, STEPS "push,cuLaunchKernel,1,132,1,500,call_mean,ms,100,4,3,5,1,9,4\n");
  assert_int_equal(read_one(path, &m, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "'ms'"));
  t_write(path, STEPS "push,cuLaunchKernel,1,132,1,500,call_mean,us,100,four,3,5,1,9,4\n");
  assert_int_equal(read_one(path, &m, &err), CR_EINPUT);
  t_write(path, STEPS "push,cuLaunchKernel,1,132,1,500,call_mean,us,100,-4,3,5,1,9,4\n");
  assert_int_equal(read_one(path, &m, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "'push'"));
}

static void two_files_on_one_constant_are_refused(void **state)
{
  (void)state;
  const char *folder = t_tmp();
  const char *const path[] = {t_join(folder, "a.csv"), t_join(folder, "b.csv")};
  const struct cr_device_desc d = {.name = "made"};
  struct cr_micro m;
  struct cr_err err = {""};
  for (int i = 0; i < 2; i++)
    t_write(path[i], STEPS "push,cuLaunchKernel,1,132,1,500,call_mean,us,100,4,3,5,1,9,4\n");
  assert_int_equal(cr_micro_read(path, 2, &d, arena, &m, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "a.csv"));
  assert_non_null(strstr(err.text, "b.csv"));
}

/* Any bytes: a sentence or a value, never a crash. */
static void damaged_files_are_survived(void **state)
{
  (void)state;
  size_t n;
  const char *path = t_join(t_tmp(), "steps.csv");
  char *text = t_read(t_data("calib/data/h200/micro/copies.csv"), &n);
  uint32_t seed = 20261128;
  for (int round = 0; round < 200; round++) {
    struct cr_micro m;
    struct cr_err err = {""};
    char old[4];
    size_t at[4];
    for (int i = 0; i < 4; i++) {
      seed = seed * 1664525 + 1013904223;
      at[i] = seed % (round % 2 ? 400 : n);
      old[i] = text[at[i]];
      text[at[i]] = (char)(32 + (seed >> 24) % 90);
    }
    t_write(path, text);
    int rc = read_one(path, &m, &err);
    assert_true(rc == CR_OK || rc == CR_EINPUT);
    assert_true(rc == CR_OK || err.text[0]);
    for (int i = 3; i >= 0; i--)
      text[at[i]] = old[i];
  }
  t_free(text);
}

/* --- the H200 ------------------------------------------------------------------------------------------------------- */

/* What calib/devices/h200.yaml says of each, with its rounding. */
static void results_of_the_h200_give_the_constants_of_its_description(void **state)
{
  (void)state;
  const char *const path[] = {t_data("calib/data/h200/micro"), t_data("calib/data/h200/corun-processes.csv")};
  const struct cr_device_desc d = {.name = "h200"};
  struct cr_micro m;
  struct cr_err err = {""};
  if (cr_micro_read(path, 2, &d, arena, &m, &err) != CR_OK)
    fail_msg("%s", err.text);
  check(&m, CR_GPU_LAUNCH, 25, 1, 1);
  check(&m, CR_GPU_SLICE, 2096, 1, 0.5);
  check(&m, CR_GPU_SLICE_SWITCH, 208, 2, 4);
  check(&m, CR_GPU_SLICE_YIELD, 138, 1, 0.1);
  check(&m, CR_GPU_DUPLEX, 1.1, 0.005, 0.01);
  check(&m, CR_GPU_PUSH, 4.39, 0.005, 0.05);
  check(&m, CR_GPU_FETCH, 6.6, 0.1, 0.5);
  check(&m, CR_GPU_NOTICE, 1.17, 0.01, 0.02);
  check(&m, CR_GPU_SINGLE, 0.95, 0.03, 0.03);
  check(&m, CR_GPU_FLAG, 3.8, 0.05, 0.1);
  check(&m, CR_GPU_EVICT, 2, 0.03, 0.02);
  check(&m, CR_GPU_EVICT_BLOCK, 0.00235, 1e-5, 1e-5);
  check(&m, CR_GPU_EVICT_SERIAL, 1.17, 0.01, 0.02);
  check(&m, CR_GPU_KILL, 2, 0.1, 0.2);
  check(&m, CR_GPU_SYNC, 1.2, 0.02, 0.03);
  check(&m, CR_GPU_UNFLAG, 0.84, 0.01, 0.2);
  check(&m, CR_GPU_CLEAR, 0.00057, 1e-5, 1e-4); /* ns in the file */
  check(&m, CR_GPU_CLEAR_EACH, 0.0028, 1e-4, 1e-4);
  assert_int_equal(m.n_value, 18);
  for (uint32_t i = 1; i < m.n_value; i++)
    assert_true(m.value[i - 1].id < m.value[i].id);
}

/* The same kind of GPU, measured by corun itself on two hosts: what the GPU does alone is the same, what hosts do is not far. */
static void check_measured(const char *folder)
{
  const char *path = t_data(folder);
  struct cr_micro m;
  struct cr_err err = {""};
  if (read_one(path, &m, &err) != CR_OK)
    fail_msg("%s", err.text);
  check(&m, CR_GPU_SLICE, 2096, 21, 5);
  check(&m, CR_GPU_SLICE_SWITCH, 208, 30, 30);
  check(&m, CR_GPU_SLICE_YIELD, 138, 30, 5);
  check(&m, CR_GPU_DUPLEX, 1.1, 0.05, 0.02);
  check(&m, CR_GPU_SINGLE, 0.95, 0.1, 0.1);
  check(&m, CR_GPU_EVICT, 2, 0.1, 0.1);
  check(&m, CR_GPU_EVICT_BLOCK, 0.00235, 2e-5, 1e-5);
  check(&m, CR_GPU_EVICT_SERIAL, 1.17, 0.05, 0.02);
  check(&m, CR_GPU_KILL, 2, 0.2, 0.2);
  check(&m, CR_GPU_NOTICE, 1.17, 0.2, 0.1);
  check(&m, CR_GPU_SYNC, 1.2, 0.15, 0.1);
  check(&m, CR_GPU_FETCH, 6.6, 1, 0.5);
  check(&m, CR_GPU_FLAG, 3.8, 0.7, 0.1);
  check(&m, CR_GPU_PUSH, 4, 1, 0.1);
  check(&m, CR_GPU_UNFLAG, 1, 0.6, 0.5);
  check(&m, CR_GPU_LAUNCH, 9, 7, 1);
  assert_int_equal(m.n_value, 16);
}

static void what_corun_measured_on_h200s_is_near_it(void **state)
{
  (void)state;
  check_measured("calib/data/h200/micro/measured");
  check_measured("calib/data/h200/micro/measured-other-host");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_line_gives_intercept_and_slope_in_us_whatever_the_unit),
    cmocka_unit_test(one_setting_has_the_error_of_its_repetitions),
    cmocka_unit_test(differences_are_of_rows_of_one_setting),
    cmocka_unit_test(turns_give_the_slice_where_they_lie_closest),
    cmocka_unit_test(a_switch_needs_the_slice),
    cmocka_unit_test(copies_of_the_largest_size_give_duplex),
    cmocka_unit_test(graphs_on_an_idle_stream_give_the_launch),
    cmocka_unit_test(what_is_no_result_is_refused),
    cmocka_unit_test(two_files_on_one_constant_are_refused),
    cmocka_unit_test(damaged_files_are_survived),
    cmocka_unit_test(results_of_the_h200_give_the_constants_of_its_description),
    cmocka_unit_test(what_corun_measured_on_h200s_is_near_it),
  };
  return cmocka_run_group_tests(tests, start, end);
}
