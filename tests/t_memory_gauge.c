/* t_memory_gauge.c - what is reserved of a device's memory and what is in use: worked by hand, on both engines. */
#include "config.h"

#include "sim/core.h"
#include "sim/memory_curve.h"
#include "tests/load.h"
#include "tests/manager.h"
#include "tests/t.h"

/* 10 bytes for half of the time, 70 for a tenth, 0 for the rest: 12 in the mean. */
static const struct cr_memory_step STEP[] = {{0, 10}, {500, 70}, {600, 0}};

static cr_model add_net(struct cr_workload_builder *w, cr_ns each_ns)
{
  struct cr_memory_curve curve;
  cr_model net = load_iteration(w, "net", each_ns, 60, 200);
  assert_null(cr_memory_curve_make(STEP, 3, 1000, &curve));
  assert_int_equal(cr_workload_add_memory(w, net, &curve, NULL), CR_OK);
  assert_int_equal(cr_workload_builder_model(w, net)->ephemeral_bytes, 70);
  return net;
}

static void check(const struct cr_result *r, double reserved_mean, int64_t reserved_peak, double used_mean,
                  int64_t used_peak)
{
  assert_non_null(r->memory);
  assert_near(r->memory[0].reserved_mean_bytes, reserved_mean, 1e-9 * reserved_mean);
  assert_int_equal(r->memory[0].reserved_peak_bytes, reserved_peak);
  assert_near(r->memory[0].used_mean_bytes, used_mean, 1e-9 * used_mean);
  assert_int_equal(r->memory[0].used_peak_bytes, used_peak);
}

/* A job of 5 iterations of 100 from 0 on, and of a run that is cut off at `until`. */
static struct cr_result run_one(const char *options, int64_t declared, cr_ns think_ns, cr_ns until_ns, int backend)
{
  struct cr_workload_builder *w = cr_workload_builder_new();
  struct cr_client_spec job = load_job("job", add_net(w, 100), 0, 5);
  job.job.ephemeral_bytes = declared;
  job.job.persistent_bytes = declared == CR_UNKNOWN ? CR_UNKNOWN : 60;
  job.job.think_ns = think_ns;
  load_add(w, job);
  struct cr_core_cfg cfg = load_cfg(load_seal(w), &manager);
  cfg.policy_options = options;
  cfg.backend = manager_backends[backend];
  cfg.duration_ns = until_ns;
  struct cr_result r = manager_run(&cfg);
  cr_workload_builder_free(w);
  return r;
}

static void an_exact_job_leaves_only_what_its_curve_leaves(void **state)
{
  (void)state;
  for (int b = 0; b < 2; b++) {
    struct cr_result r = run_one("lanes=1,hold=60,bytes=70", 70, 0, CR_NS_NEVER, b);
    assert_int_equal(r.job[0].how, CR_JOB_DONE);
    check(&r, 130, 130, 60 + 12, 130);
    cr_result_fini(&r);
  }
}

static void an_over_declared_job_reserves_in_vain(void **state)
{
  (void)state;
  struct cr_result r = run_one("lanes=1,hold=100,bytes=200", 200, 0, CR_NS_NEVER, 1);
  check(&r, 300, 300, 60 + 12, 130);
  cr_result_fini(&r);
}

static void a_job_that_says_nothing_may_hold_all_and_use_little(void **state)
{
  (void)state;
  struct cr_result r = run_one("lanes=1,hold=1000,bytes=0", CR_UNKNOWN, 0, CR_NS_NEVER, 1);
  assert_int_equal(r.job[0].how, CR_JOB_DONE);
  check(&r, 1000, 1000, 60 + 12, 130);
  cr_result_fini(&r);
}

static void a_job_that_declares_less_than_its_peak_fails(void **state)
{
  (void)state;
  struct cr_result r = run_one("lanes=1,hold=60,bytes=69", 69, 0, CR_NS_NEVER, 1);
  assert_int_equal(r.job[0].how, CR_JOB_NO_MEMORY);
  cr_result_fini(&r);
}

/* 5 * 100 of 540 in iterations. */
static void while_it_thinks_it_uses_what_it_holds(void **state)
{
  (void)state;
  struct cr_result r = run_one("lanes=1,hold=60,bytes=70", 70, 10, CR_NS_NEVER, 1);
  assert_int_equal(r.end_ns, 540);
  check(&r, 130, 130, 60 + 12 * 500.0 / 540, 130);
  cr_result_fini(&r);
}

static void iterations_that_are_cut_off_count_as_far_as_they_ran(void **state)
{
  (void)state;
  struct cr_result r = run_one("lanes=1,hold=60,bytes=70", 70, 0, 250, 1);
  assert_int_equal(r.job[0].how, CR_JOB_UNFINISHED);
  check(&r, 130, 130, 60 + 12, 130);
  cr_result_fini(&r);
}

/* Both hold 60 throughout; each in its lane.  Side by side they take twice as long, and their peaks may meet. */
static void peaks_of_two_lanes_are_taken_to_meet(void **state)
{
  (void)state;
  struct cr_workload_builder *w = cr_workload_builder_new();
  cr_model net = add_net(w, 100);
  load_add(w, load_job("a", net, 0, 5));
  load_add(w, load_job("b", net, 0, 5));
  struct cr_core_cfg cfg = load_cfg(load_seal(w), &manager);
  cfg.policy_options = "lanes=2,hold=60,bytes=70";
  cfg.backend = manager_backends[1];
  struct cr_result r = manager_run(&cfg);
  assert_int_equal(r.end_ns, 1000);
  check(&r, 260, 260, 2 * (60 + 12), 260);
  cr_result_fini(&r);
  cr_workload_builder_free(w);
}

/* What they really need is held from their coming to their end, by each 130. */
static void on_a_device_that_nobody_manages_all_is_reserved(void **state)
{
  (void)state;
  struct cr_workload_builder *w = cr_workload_builder_new();
  load_add(w, load_job("a", add_net(w, 100), 0, 5));
  struct cr_core_cfg cfg = load_cfg(load_seal(w), manager_policy("streams"));
  cfg.backend = manager_backends[1];
  struct cr_result r = manager_run(&cfg);
  check(&r, 130, 130, 60 + 12, 130);
  cr_result_fini(&r);
  cr_workload_builder_free(w);
}

/* A model of which only the peak is known has it in use throughout its iterations. */
static void without_a_curve_the_peak_counts_throughout(void **state)
{
  (void)state;
  for (int b = 0; b < 2; b++) {
    struct cr_workload_builder *w = cr_workload_builder_new();
    load_add(w, load_job("a", load_iteration(w, "net", 100, 60, 70), 0, 5));
    struct cr_core_cfg cfg = load_cfg(load_seal(w), &manager);
    cfg.policy_options = "lanes=1,hold=60,bytes=70";
    cfg.backend = manager_backends[b];
    struct cr_result r = manager_run(&cfg);
    check(&r, 130, 130, 130, 130);
    cr_result_fini(&r);
    cr_workload_builder_free(w);
  }
}

static void runs_without_jobs_know_nothing_of_it(void **state)
{
  (void)state;
  struct cr_workload_builder *w = cr_workload_builder_new();
  load_add(w, load_closed("c", load_model(w, "m", 2, 10), CR_BE, 1));
  struct cr_core_cfg cfg = load_cfg(load_seal(w), manager_policy("streams"));
  cfg.duration_ns = 100;
  struct cr_result r;
  assert_int_equal(cr_core_run(&cfg, &r, NULL), CR_OK);
  assert_null(r.memory);
  cr_result_fini(&r);
  cr_workload_builder_free(w);
}

/* An observer sees each change of what is held and reserved, and at the end nothing of either but the lane. */
static void tell(void *ctx, uint32_t device, cr_ns at_ns, int64_t held_bytes, int64_t reserved_bytes)
{
  int64_t *seen = ctx;
  assert_int_equal(device, 0);
  seen[0]++;
  seen[1] = at_ns;
  seen[2] = held_bytes;
  seen[3] = reserved_bytes;
}

static void changes_are_told_to_an_observer(void **state)
{
  (void)state;
  int64_t seen[4] = {0};
  const struct cr_observer observer = {.ctx = seen, .on_memory = tell};
  struct cr_workload_builder *w = cr_workload_builder_new();
  load_add(w, load_job("a", add_net(w, 100), 0, 5));
  struct cr_core_cfg cfg = load_cfg(load_seal(w), &manager);
  cfg.policy_options = "lanes=1,hold=60,bytes=70";
  cfg.backend = manager_backends[1];
  cfg.observer = &observer;
  struct cr_result r;
  assert_int_equal(cr_core_run(&cfg, &r, NULL), CR_OK);
  assert_true(seen[0] >= 3); /* lane, admission, leave */
  assert_int_equal(seen[1], 500);
  assert_int_equal(seen[2], 0);
  assert_int_equal(seen[3], 70);
  cr_result_fini(&r);
  cr_workload_builder_free(w);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(an_exact_job_leaves_only_what_its_curve_leaves),
    cmocka_unit_test(an_over_declared_job_reserves_in_vain),
    cmocka_unit_test(a_job_that_says_nothing_may_hold_all_and_use_little),
    cmocka_unit_test(a_job_that_declares_less_than_its_peak_fails),
    cmocka_unit_test(while_it_thinks_it_uses_what_it_holds),
    cmocka_unit_test(iterations_that_are_cut_off_count_as_far_as_they_ran),
    cmocka_unit_test(peaks_of_two_lanes_are_taken_to_meet),
    cmocka_unit_test(on_a_device_that_nobody_manages_all_is_reserved),
    cmocka_unit_test(without_a_curve_the_peak_counts_throughout),
    cmocka_unit_test(runs_without_jobs_know_nothing_of_it),
    cmocka_unit_test(changes_are_told_to_an_observer),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
