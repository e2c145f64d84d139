/* t_core_jobs.c - jobs from submission to end: hand-worked lives, on the fake backend and on the simulator. */
#include "config.h"

#include "sim/core.h"
#include "tests/load.h"
#include "tests/manager.h"
#include "tests/t.h"

static void a_job_alone_takes_what_it_was_given(void **state)
{
  (void)state;
  static const char *const n_op[] = {"ops=0", "ops=1", "ops=2"};
  for (int b = 0; b < 2; b++)
    for (int i = 0; i < 3; i++) {
      struct cr_workload_builder *w = cr_workload_builder_new();
      load_add(w, manager_five_hundreds(load_iteration(w, "net", 100, 60, 70)));
      struct cr_core_cfg cfg = load_cfg(load_seal(w), &manager);
      cfg.backend = manager_backends[b];
      cfg.policy_options = n_op[i];
      struct cr_result r = manager_run(&cfg);
      manager_expect_five_hundreds(&r);
      cr_result_fini(&r);
      cr_workload_builder_free(w);
    }
}

static void its_life_is_told_step_by_step(void **state)
{
  (void)state;
  for (int b = 0; b < 2; b++) {
    struct cr_workload_builder *w = cr_workload_builder_new();
    load_add(w, manager_five_hundreds(load_iteration(w, "net", 100, 60, 70)));
    struct cr_core_cfg cfg = load_cfg(load_seal(w), &manager);
    cfg.backend = manager_backends[b];
    cfg.policy_options = "lanes=1,ops=3,park=200";
    struct load_record record = {0};
    struct cr_result r = manager_run_as(&cfg, &record, CR_OK, CR_DONE);
    load_expect(&record, "0   stream 0 device 0 priority 0\n"
                         "0   lane 0 device 0 bytes 100\n"
                         "0   settimer 0 at 200\n"
                         "0 client 0\n"
                         "7 job 0 submitted 7\n"
                         "7   start 0\n"
                         "57 ready 0\n"
                         "57   admit 0 lane 0 holds 100\n"
                         "57 request 0 client 0 arrived 57\n"
                         "57   launch 0 ops 3 stream 0\n"
                         "200 timer 0\n"
                         "200   preempt 0 by park\n"
                         "267 back 0 next 2 by park reached 57\n"
                         "267   launch 0 ops 3 stream 0\n"
                         "597 done 0 next 5 reached 277\n"
                         "597 leave 0: done\n");
    cr_result_fini(&r);
    load_record_fini(&record);
    cr_workload_builder_free(w);
  }
}

static void nobody_needs_to_manage_jobs(void **state)
{
  (void)state;
  static const char *const name[] = {"streams", "exclusive", "priority"};
  for (int b = 0; b < 2; b++)
    for (int i = 0; i < 3; i++) {
      struct cr_workload_builder *w = cr_workload_builder_new();
      load_add(w, manager_five_hundreds(load_iteration(w, "net", 100, 600, 400)));
      struct cr_core_cfg cfg = load_cfg(load_seal(w), manager_policy(name[i]));
      cfg.backend = manager_backends[b];
      struct cr_result r = manager_run(&cfg);
      manager_expect_five_hundreds(&r);
      cr_result_fini(&r);
      cr_workload_builder_free(w);
    }
}

static void what_ends_first_does_not_wait_for_the_run_to_end(void **state)
{
  (void)state;
  struct cr_workload_builder *w = cr_workload_builder_new();
  load_add(w, manager_five_hundreds(load_iteration(w, "net", 100, 0, 0)));
  struct cr_client_spec late = load_job("late", (cr_model){0}, 100000, 1);
  load_add(w, late);
  struct cr_core_cfg cfg = load_cfg(load_seal(w), manager_policy("streams"));
  cfg.duration_ns = 300;
  struct cr_result r = manager_run(&cfg);
  assert_int_equal(r.end_ns, 300);
  assert_int_equal(r.job[0].how, CR_JOB_UNFINISHED);
  assert_true(r.job[0].end_ns == CR_NS_NEVER);
  assert_int_equal(r.job[1].how, CR_JOB_UNFINISHED);
  assert_true(r.job[1].submit_ns == CR_NS_NEVER); /* later than the run */
  struct cr_job_totals t;
  assert_int_equal(cr_result_jobs(&r, &t, NULL), CR_OK);
  assert_int_equal(t.n, 2);
  assert_int_equal(t.n_unfinished, 2);
  cr_result_fini(&r);
  cr_workload_builder_free(w);
}

/* --- parking ------------------------------------------------------------------------------------------------------ */

struct parking {
  cr_ns at_ns;             /* parked */
  cr_ns back_ns, reach_ns; /* told; reach + what was thought by then */
  uint32_t next;
  cr_ns end_ns; /* relaunched at once, all ends */
};

/* Ready at 57; iterations from 57, 167, 277, 387, 497; thinking from 157, 267, ... */
static void parking_ends_the_iteration_under_way_and_no_other(void **state)
{
  (void)state;
  static const struct parking cases[] = {
    {60, 157, 57, 1, 597},   {156, 157, 57, 1, 597}, {160, 160, 60, 1, 597}, /* 3 of 10 are thought */
    {200, 267, 57, 2, 597},  {270, 270, 60, 2, 597}, {400, 487, 57, 4, 597},
    {560, 597, 277, 5, 597}, /* the last one: it is done */
  };
  for (int b = 0; b < 2; b++)
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
      const struct parking *k = &cases[i];
      struct cr_workload_builder *w = cr_workload_builder_new();
      load_add(w, manager_five_hundreds(load_iteration(w, "net", 100, 60, 70)));
      struct cr_core_cfg cfg = load_cfg(load_seal(w), &manager);
      char park[32];
      snprintf(park, sizeof park, "park=%d", (int)k->at_ns);
      cfg.backend = manager_backends[b];
      cfg.policy_options = park;
      struct load_record record = {0};
      struct cr_result r = manager_run_as(&cfg, &record, CR_OK, CR_DONE);
      assert_int_equal(r.job[0].end_ns, k->end_ns);
      assert_int_equal(r.job[0].used_ns, 500);
      for (uint64_t n = 0; n < record.n; n++)
        if (record.note[n].kind == CR_NOTE_BACK) {
          assert_int_equal(record.note[n].at_ns, k->back_ns);
          assert_int_equal(record.note[n].b, k->next);
          assert_int_equal(record.note[n].t, k->reach_ns);
        }
      load_record_fini(&record);
      cr_result_fini(&r);
      cr_workload_builder_free(w);
    }
}

/* Of kernels the same, where a pass has several ops. */
static void a_pass_of_several_ops_is_parked_whole(void **state)
{
  (void)state;
  struct cr_workload_builder *w = cr_workload_builder_new();
  load_add(w, manager_five_hundreds(load_model(w, "net", 4, 25)));
  struct cr_core_cfg cfg = load_cfg(load_seal(w), &manager);
  cfg.policy_options = "lanes=1,ops=12,park=200";
  struct load_record record = {0};
  struct cr_result r = manager_run_as(&cfg, &record, CR_OK, CR_DONE);
  uint64_t n = 0;
  while (record.note[n].kind != CR_NOTE_BACK)
    n++;
  assert_int_equal(record.note[n].at_ns, 267);
  assert_int_equal(record.note[n].b, 8);
  assert_int_equal(r.job[0].used_ns, 500);
  load_record_fini(&record);
  cr_result_fini(&r);
  cr_workload_builder_free(w);
}

/* --- several ------------------------------------------------------------------------------------------------------ */

static void add_two(struct cr_workload_builder *w, uint32_t n0, uint32_t n1)
{
  load_add(w, load_job("a", load_iteration(w, "A", 100, 60, 70), 0, n0));
  load_add(w, load_job("b", load_iteration(w, "B", 300, 60, 70), 0, n1));
}

static void jobs_in_two_lanes_share_the_device(void **state)
{
  (void)state;
  struct cr_workload_builder *w = cr_workload_builder_new();
  add_two(w, 6, 3);
  struct cr_core_cfg cfg = load_cfg(load_seal(w), &manager);
  cfg.backend = &cr_backend_sim;
  struct cr_result r = manager_run(&cfg);
  assert_int_equal(r.job[0].end_ns, 1200); /* both at half speed */
  assert_int_equal(r.job[1].end_ns, 1500);
  assert_int_equal(r.job[0].used_ns, 1200);
  assert_near(r.use[0].busy_ns, 1500, 1e-6);
  assert_near(r.use[0].sm_ns, 4 * 1500, 1e-6);
  cr_result_fini(&r);
  cr_workload_builder_free(w);
}

static void jobs_in_one_lane_take_turns(void **state)
{
  (void)state;
  for (int b = 0; b < 2; b++) {
    struct cr_workload_builder *w = cr_workload_builder_new();
    add_two(w, 3, 2);
    struct cr_core_cfg cfg = load_cfg(load_seal(w), &manager);
    cfg.backend = manager_backends[b];
    cfg.policy_options = "lanes=1,ops=1";
    struct cr_result r = manager_run(&cfg);
    assert_int_equal(r.job[0].end_ns, 100 + 300 + 100 + 300 + 100); /* a b a b a */
    assert_int_equal(r.job[0].used_ns, 300);
    assert_int_equal(r.job[1].end_ns, 800);
    assert_int_equal(r.job[1].used_ns, 600);
    assert_int_equal(r.job[1].first_ns, 100);
    cr_result_fini(&r);
    cr_workload_builder_free(w);
  }
}

static void a_stream_waits_for_a_client_that_thinks_and_its_lane_with_it(void **state)
{
  (void)state;
  for (int b = 0; b < 2; b++) {
    struct cr_workload_builder *w = cr_workload_builder_new();
    struct cr_client_spec a = load_job("a", load_iteration(w, "A", 100, 0, 0), 0, 2);
    a.job.think_ns = 1000;
    load_add(w, a);
    load_add(w, load_job("b", load_iteration(w, "B", 300, 0, 0), 0, 2));
    struct cr_core_cfg cfg = load_cfg(load_seal(w), &manager);
    cfg.backend = manager_backends[b];
    cfg.policy_options = "lanes=1,ops=1";
    struct cr_result r = manager_run(&cfg);
    /* a 0-100, b 100-400, a is ready at 1100, b queues behind it */
    assert_int_equal(r.job[0].end_ns, 1200);
    assert_int_equal(r.job[0].used_ns, 200);
    assert_int_equal(r.job[1].end_ns, 1500);
    cr_result_fini(&r);
    cr_workload_builder_free(w);
  }
}

static void ready_times_are_seen(struct cr_policy *p, cr_request r, int complete)
{
  if (!complete && cr_request_client(p, r).i == 0)
    assert_int_equal(p->view->request_ready_ns[r.i], p->view->now_ns + 10);
  manager_on_done(p, r, complete);
}

static void the_view_says_what_jobs_say_and_used(struct cr_policy *p, cr_client job)
{
  const struct cr_view *v = p->view;
  assert_int_equal(v->client_iterations[job.i], 5);
  assert_int_equal(v->client_declared_ns[job.i], 1234);
  assert_int_equal(v->client_persistent_bytes[job.i], 60);
  assert_int_equal(v->client_ephemeral_bytes[job.i], 70);
  assert_int_equal(v->device_mem_bytes[0], 1000);
  assert_int_equal(v->client_used_ns[job.i], 500);
}

static void a_policy_sees_what_jobs_say(void **state)
{
  (void)state;
  struct cr_policy_ops ops = manager;
  ops.on_done = ready_times_are_seen;
  ops.on_job_leave = the_view_says_what_jobs_say_and_used;
  struct cr_workload_builder *w = cr_workload_builder_new();
  load_add(w, manager_five_hundreds(load_iteration(w, "net", 100, 60, 70)));
  struct cr_core_cfg cfg = load_cfg(load_seal(w), &ops);
  cfg.policy_options = "ops=1";
  struct cr_result r = manager_run(&cfg);
  cr_result_fini(&r);
  cr_workload_builder_free(w);
}

static void expected_times_count_passes(struct cr_policy *p, cr_request r)
{
  assert_int_equal(cr_expect_ns(p, r, CR_ALL), 5 * 4 * 25);
  assert_int_equal(cr_expect_ns(p, r, 1), 25);
  assert_int_equal(cr_expect_ns(p, r, 4), 100);
  assert_int_equal(cr_expect_ns(p, r, 6), 150);
  manager_launch(p, r);
}

static void what_an_iteration_is_expected_to_take_is_known(void **state)
{
  (void)state;
  struct cr_policy_ops ops = manager;
  ops.on_request = expected_times_count_passes;
  struct cr_workload_builder *w = cr_workload_builder_new();
  load_add(w, manager_five_hundreds(load_model(w, "net", 4, 25)));
  struct cr_core_cfg cfg = load_cfg(load_seal(w), &ops);
  struct cr_result r = manager_run(&cfg);
  manager_expect_five_hundreds(&r);
  cr_result_fini(&r);
  cr_workload_builder_free(w);
}

/* --- leaving early ------------------------------------------------------------------------------------------------ */

static void reject(struct cr_policy *p, cr_client job)
{
  cr_reject(p, job);
}

static void keep(struct cr_policy *p, cr_client job)
{
  (void)p, (void)job;
}

static void nothing_more(struct cr_policy *p, cr_client job)
{
  (void)p, (void)job;
  fail_msg("told of a job that was rejected");
}

static void start_and_reject_later(struct cr_policy *p, cr_client job)
{
  cr_start(p, job);
  cr_timer(p, p->view->now_ns + 20, job.i);
}

static void reject_on_timer(struct cr_policy *p, uint64_t cookie)
{
  cr_reject(p, (cr_client){(uint32_t)cookie});
}

static void a_rejected_job_is_never_heard_of_again(void **state)
{
  (void)state;
  for (int i = 0; i < 3; i++) {
    struct cr_policy_ops ops = manager;
    ops.on_job_arrive = i == 0 ? reject : i == 1 ? start_and_reject_later : manager_on_job_arrive;
    ops.on_job_ready = i == 2 ? reject : nothing_more;
    ops.on_timer = reject_on_timer;
    ops.on_job_leave = nothing_more;
    struct cr_workload_builder *w = cr_workload_builder_new();
    load_add(w, manager_five_hundreds(load_iteration(w, "net", 100, 60, 70)));
    struct cr_core_cfg cfg = load_cfg(load_seal(w), &ops);
    struct cr_result r = manager_run(&cfg);
    assert_int_equal(r.job[0].how, CR_JOB_REJECTED);
    assert_int_equal(r.job[0].end_ns, i == 0 ? 7 : i == 1 ? 27 : 57);
    assert_int_equal(r.client[0].n_arrived, 0);
    cr_result_fini(&r);
    cr_workload_builder_free(w);
  }
}

static void drop_the_second_time(struct cr_policy *p, cr_request r, int complete)
{
  if (!complete)
    cr_drop(p, r);
}

static void a_job_whose_request_is_dropped_leaves_unfinished(void **state)
{
  (void)state;
  struct cr_policy_ops ops = manager;
  ops.on_done = drop_the_second_time;
  struct cr_workload_builder *w = cr_workload_builder_new();
  load_add(w, manager_five_hundreds(load_iteration(w, "net", 100, 60, 70)));
  struct cr_core_cfg cfg = load_cfg(load_seal(w), &ops);
  cfg.policy_options = "ops=2";
  struct load_record record = {0};
  struct cr_result r = manager_run_as(&cfg, &record, CR_OK, CR_DONE);
  assert_int_equal(r.job[0].how, CR_JOB_UNFINISHED);
  assert_int_equal(r.job[0].end_ns, 57 + 210);
  assert_int_equal(r.job[0].used_ns, 200);
  assert_int_equal(r.client[0].n_dropped, 1);
  assert_int_equal(record.note[record.n - 1].kind, CR_NOTE_LEAVE);
  load_record_fini(&record);
  cr_result_fini(&r);
  cr_workload_builder_free(w);
}

static void a_job_that_is_kept_is_a_stall(void **state)
{
  (void)state;
  for (int i = 0; i < 2; i++) {
    struct cr_policy_ops ops = manager;
    ops.on_job_arrive = i ? manager_on_job_arrive : keep;
    ops.on_job_ready = keep;
    struct cr_workload_builder *w = cr_workload_builder_new();
    load_add(w, manager_five_hundreds(load_iteration(w, "net", 100, 60, 70)));
    struct cr_core_cfg cfg = load_cfg(load_seal(w), &ops);
    struct cr_result r = manager_run_as(&cfg, NULL, CR_ERUN, CR_STALLED);
    const char *says =
      i ? "1 job waiting, first job (asks for memory)" : "1 job waiting, first job (its process is not started)";
    if (!strstr(r.why, says))
      fail_msg("\"%s\" does not say \"%s\"", r.why, says);
    cr_result_fini(&r);
    cr_workload_builder_free(w);
  }
}

/* Its start-up lasts beyond the end of the run: that is nobody's fault. */
static void a_job_that_still_starts_up_at_the_end_is_no_stall(void **state)
{
  (void)state;
  struct cr_workload_builder *w = cr_workload_builder_new();
  load_add(w, manager_five_hundreds(load_iteration(w, "net", 100, 60, 70)));
  struct cr_core_cfg cfg = load_cfg(load_seal(w), &manager);
  cfg.duration_ns = 30;
  struct cr_result r = manager_run(&cfg);
  assert_int_equal(r.end_ns, 30);
  assert_int_equal(r.job[0].how, CR_JOB_UNFINISHED);
  cr_result_fini(&r);
  cr_workload_builder_free(w);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_job_alone_takes_what_it_was_given),
    cmocka_unit_test(its_life_is_told_step_by_step),
    cmocka_unit_test(nobody_needs_to_manage_jobs),
    cmocka_unit_test(what_ends_first_does_not_wait_for_the_run_to_end),
    cmocka_unit_test(parking_ends_the_iteration_under_way_and_no_other),
    cmocka_unit_test(a_pass_of_several_ops_is_parked_whole),
    cmocka_unit_test(jobs_in_two_lanes_share_the_device),
    cmocka_unit_test(jobs_in_one_lane_take_turns),
    cmocka_unit_test(a_stream_waits_for_a_client_that_thinks_and_its_lane_with_it),
    cmocka_unit_test(a_policy_sees_what_jobs_say),
    cmocka_unit_test(what_an_iteration_is_expected_to_take_is_known),
    cmocka_unit_test(a_rejected_job_is_never_heard_of_again),
    cmocka_unit_test(a_job_whose_request_is_dropped_leaves_unfinished),
    cmocka_unit_test(a_job_that_is_kept_is_a_stall),
    cmocka_unit_test(a_job_that_still_starts_up_at_the_end_is_no_stall),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
