/* t_core_memory.c - jobs that find no memory, and what is refused to a policy that manages jobs, with its sentence. */
#include "config.h"

#include "sim/core.h"
#include "tests/load.h"
#include "tests/manager.h"
#include "tests/t.h"

/* --- memory that does not suffice --------------------------------------------------------------------------------- */

static void what_holds_too_little_fails(void **state)
{
  (void)state;
  static const struct {
    const char *options;
    enum cr_job_end how;
  } cases[] = {
    {"lanes=1,hold=60,bytes=70", CR_JOB_DONE},
    {"lanes=1,hold=59,bytes=70", CR_JOB_NO_MEMORY},            /* held */
    {"lanes=1,hold=60,bytes=69", CR_JOB_NO_MEMORY},            /* in its lane */
    {"lanes=1,hold=60,bytes=70,shrink=yes", CR_JOB_NO_MEMORY}, /* its lane later */
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct cr_workload_builder *w = cr_workload_builder_new();
    struct cr_client_spec spec = load_job("job", load_iteration(w, "net", 100, 60, 70), 3, 5); /* says nothing */
    load_add(w, spec);
    struct cr_core_cfg cfg = load_cfg(load_seal(w), &manager);
    cfg.policy_options = cases[i].options;
    struct load_record record = {0};
    struct cr_result r = manager_run_as(&cfg, &record, CR_OK, CR_DONE);
    assert_int_equal(r.job[0].how, cases[i].how);
    assert_int_equal(record.note[record.n - 1].kind, CR_NOTE_LEAVE);
    assert_int_equal(record.note[record.n - 1].b, cases[i].how);
    assert_int_equal(r.job[0].end_ns, cases[i].how == CR_JOB_DONE ? 503 : 3);
    assert_int_equal(r.client[0].n_dropped, i == 3); /* launched and lost */
    assert_int_equal(r.client[0].n_pending, 0);
    load_record_fini(&record);
    cr_result_fini(&r);
    cr_workload_builder_free(w);
  }
}

/* 1000 bytes: the first two take 400 each, the third finds none, the fourth comes when one has left. */
static void on_a_device_that_nobody_manages_the_one_too_many_fails(void **state)
{
  (void)state;
  for (int b = 0; b < 2; b++) {
    struct cr_workload_builder *w = cr_workload_builder_new();
    cr_model net = load_iteration(w, "net", 100, 300, 100);
    load_add(w, load_job("a", net, 0, 1));
    load_add(w, load_job("b", net, 0, 9));
    load_add(w, load_job("c", net, 50, 1));
    load_add(w, load_job("d", net, 300, 1));
    struct cr_core_cfg cfg = load_cfg(load_seal(w), manager_policy("streams"));
    cfg.backend = manager_backends[b];
    struct cr_result r = manager_run(&cfg);
    assert_int_equal(r.job[0].how, CR_JOB_DONE);
    assert_int_equal(r.job[1].how, CR_JOB_DONE);
    assert_int_equal(r.job[2].how, CR_JOB_NO_MEMORY);
    assert_int_equal(r.job[2].end_ns, 50);
    assert_true(r.job[2].admit_ns == CR_NS_NEVER);
    assert_int_equal(r.job[3].how, CR_JOB_DONE);
    struct cr_job_totals t;
    assert_int_equal(cr_result_jobs(&r, &t, NULL), CR_OK);
    assert_int_equal(t.n_no_memory, 1);
    assert_int_equal(t.n_done, 3);
    cr_result_fini(&r);
    cr_workload_builder_free(w);
  }
}

/* --- refusals ----------------------------------------------------------------------------------------------------- */

typedef void (*ask_fn)(struct cr_policy *p, cr_client job);
static ask_fn asked_on_arrival, asked_when_ready;

static void ask_on_arrival(struct cr_policy *p, cr_client job)
{
  if (asked_on_arrival)
    asked_on_arrival(p, job);
  cr_start(p, job);
}

static void ask_when_ready(struct cr_policy *p, cr_client job)
{
  if (asked_when_ready)
    asked_when_ready(p, job);
  else
    manager_on_job_ready(p, job);
}

static const struct cr_policy_ops asker = {.abi = CR_POLICY_ABI,
                                           .name = "asker",
                                           .about = "a test",
                                           .needs = CR_CAP_MEM,
                                           .options = manager_options,
                                           .state_bytes = sizeof(struct manager),
                                           .init = manager_init,
                                           .on_job_arrive = ask_on_arrival,
                                           .on_job_ready = ask_when_ready,
                                           .on_request = manager_launch,
                                           .on_done = manager_on_done};

static int two_streams(struct cr_policy *p, struct cr_err *err)
{
  (void)err;
  cr_stream_new(p, (cr_device){0}, 0);
  cr_stream_new(p, (cr_device){0}, 0);
  return CR_OK;
}

static void refused_as(const struct cr_policy_ops *ops, ask_fn on_arrival, ask_fn when_ready, const char *sentence)
{
  struct cr_workload_builder *w = cr_workload_builder_new();
  struct cr_client_spec spec = load_job("job", load_model(w, "net", 3, 100), 3, 5);
  spec.job.ephemeral_bytes = 50;
  load_add(w, spec);
  load_add(w, load_closed("c", (cr_model){0}, CR_RT, 1));
  struct cr_core_cfg cfg = load_cfg(load_seal(w), ops);
  cfg.duration_ns = 10000;
  asked_on_arrival = on_arrival;
  asked_when_ready = when_ready;
  struct cr_result r = manager_run_as(&cfg, NULL, CR_ERUN, CR_REFUSED);
  if (!strstr(r.why, sentence))
    fail_msg("\"%s\" does not say \"%s\"", r.why, sentence);
  cr_result_fini(&r);
  cr_workload_builder_free(w);
}

#define ASK(NAME, ...)                                 \
  static void NAME(struct cr_policy *p, cr_client job) \
  {                                                    \
    (void)job;                                         \
    const cr_device dev = {0};                         \
    (void)dev;                                         \
    __VA_ARGS__                                        \
  }
#define LANE(i) ((cr_lane){i})

ASK(start_nobody, cr_start(p, (cr_client){77});)
ASK(start_no_job, cr_start(p, (cr_client){1});)
ASK(start_twice, cr_start(p, job); cr_start(p, job);)
ASK(admit_early, cr_admit(p, job, LANE(0), 1);)
ASK(admit_starting, cr_start(p, job); cr_admit(p, job, LANE(0), 1);)
ASK(admit_twice, cr_admit(p, job, LANE(0), 1); cr_admit(p, job, LANE(0), 1);)
ASK(reject_admitted, cr_admit(p, job, LANE(0), 1); cr_reject(p, job);)
ASK(reject_twice, cr_reject(p, job); cr_reject(p, job);)
ASK(start_rejected, cr_reject(p, job); cr_start(p, job);)
ASK(admit_less_than_nothing, cr_admit(p, job, LANE(0), -1);)
ASK(admit_too_much, cr_admit(p, job, LANE(0), 801);) /* two lanes of 100 */
ASK(admit_to_no_lane, cr_admit(p, job, LANE(CR_LANE_MAX), 1);)
ASK(admit_to_closed_lane, cr_admit(p, job, LANE(5), 1);)
ASK(admit_to_small_lane, cr_lane_size(p, dev, LANE(0), 49); cr_admit(p, job, LANE(0), 1);)
ASK(move_early, cr_move(p, job, LANE(1));)
ASK(move_nowhere, cr_admit(p, job, LANE(0), 1); cr_move(p, job, LANE(9));)
ASK(move_to_small, cr_admit(p, job, LANE(0), 1); cr_lane_size(p, dev, LANE(1), 49); cr_move(p, job, LANE(1));)
ASK(shrink, cr_admit(p, job, LANE(0), 1); cr_lane_size(p, dev, LANE(0), 49);)
ASK(close_used, cr_admit(p, job, LANE(0), 1); cr_lane_close(p, LANE(0));)
ASK(close_closed, cr_lane_close(p, LANE(0)); cr_lane_close(p, LANE(0));)
ASK(lane_too_large, cr_lane_size(p, dev, LANE(0), 901);)
ASK(lane_below_nothing, cr_lane_size(p, dev, LANE(0), -1);)
ASK(lane_of_no_device, cr_lane_size(p, (cr_device){7}, LANE(0), 1);)
ASK(lane_without_number, cr_lane_size(p, dev, LANE(CR_LANE_MAX), 1);)

static void each_refusal_says_why(void **state)
{
  (void)state;
  refused_as(&asker, start_nobody, NULL, "start 77: there is no such job now");
  refused_as(&asker, start_no_job, NULL, "start c: there is no such job now");
  refused_as(&asker, start_twice, NULL, "start job: the job's process was started before");
  refused_as(&asker, admit_early, NULL, "admit job to lane 0, holding 1 bytes: the job does not ask for memory now");
  refused_as(&asker, admit_starting, NULL, "the job does not ask for memory now");
  refused_as(&asker, NULL, admit_twice, "the job is admitted already");
  refused_as(&asker, NULL, reject_admitted, "reject job: the job is admitted already");
  refused_as(&asker, reject_twice, NULL, "there is no such job now");
  refused_as(&asker, start_rejected, NULL, "there is no such job now");
  refused_as(&asker, NULL, admit_less_than_nothing, "a job holds 0 bytes or more");
  refused_as(&asker, NULL, admit_too_much, "the device does not have so much memory left");
  refused_as(&asker, NULL, admit_to_no_lane, "a lane is a number below 1024");
  refused_as(&asker, NULL, admit_to_closed_lane, "the lane is not open");
  refused_as(&asker, NULL, admit_to_small_lane, "smaller than what a job in it says that it needs");
  refused_as(&asker, move_early, NULL, "move job to lane 1: the job does not ask for memory now");
  refused_as(&asker, NULL, move_nowhere, "the lane is not open");
  refused_as(&asker, NULL, move_to_small, "smaller than what a job in it says that it needs");
  refused_as(&asker, NULL, shrink, "lane 0 of device 0, 49 bytes: the lane would be smaller than");
  refused_as(&asker, NULL, close_used, "close lane 0: there are jobs in the lane");
  refused_as(&asker, NULL, close_closed, "the lane is not open");
  refused_as(&asker, NULL, lane_too_large, "the device does not have so much memory left");
  refused_as(&asker, NULL, lane_below_nothing, "a lane is a number below 1024 with 0 bytes or more");
  refused_as(&asker, NULL, lane_of_no_device, "there is no such device");
  refused_as(&asker, NULL, lane_without_number, "a lane is a number below 1024");
  struct cr_policy_ops ops = asker;
  ops.needs = 0;
  ops.init = two_streams;
  refused_as(&ops, close_closed, NULL, "the policy does not list this capability in needs");
  ops = asker;
  ops.on_job_arrive = NULL;
  refused_as(&ops, NULL, reject_twice, "a policy without on_job_arrive has no say in jobs");
}

/* Of launches: part of an iteration, another device, another stream of a lane that is busy, and moving meanwhile. */
static void launch_part(struct cr_policy *p, cr_request r)
{
  cr_launch(p, r, 4, (cr_stream){0});
}

static void launch_and_move(struct cr_policy *p, cr_request r)
{
  cr_launch(p, r, CR_ALL, (cr_stream){0});
  cr_move(p, cr_request_client(p, r), LANE(1));
}

static void launch_elsewhere(struct cr_policy *p, cr_request r)
{
  cr_launch(p, r, CR_ALL, (cr_stream){p->view->n_stream - 1});
}

static void launch_apart(struct cr_policy *p, cr_request r)
{
  cr_launch(p, r, 3, (cr_stream){cr_request_client(p, r).i});
}

static int init_with_two_devices(struct cr_policy *p, struct cr_err *err)
{
  int rc = manager_init(p, err);
  cr_stream_new(p, (cr_device){0}, 0);
  cr_stream_new(p, (cr_device){1}, 0);
  return rc;
}

static void jobs_are_launched_whole_and_one_a_lane(void **state)
{
  (void)state;
  static const struct {
    void (*launch)(struct cr_policy *p, cr_request r);
    const char *sentence;
  } cases[] = {
    {launch_part, "ops 4"},
    {launch_and_move, "the policy does not own the request"},
    {launch_elsewhere, "the job's memory is on another device than the stream"},
    {launch_apart, "an iteration of the same lane is launched on another stream"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct cr_policy_ops ops = manager;
    ops.on_request = cases[i].launch;
    ops.on_done = NULL;
    ops.init = init_with_two_devices;
    struct cr_workload_builder *w = cr_workload_builder_new();
    cr_model net = load_model(w, "net", 3, 100);
    load_add(w, load_job("a", net, 3, 5));
    load_add(w, load_job("b", net, 4, 5));
    struct cr_core_cfg cfg = load_cfg(load_seal(w), &ops);
    cfg.machine = &load_two_devices;
    cfg.policy_options = "lanes=1";
    struct cr_result r;
    struct cr_err err = {""};
    assert_int_equal(cr_core_run(&cfg, &r, &err), CR_ERUN);
    assert_int_equal(r.outcome, CR_REFUSED);
    if (!strstr(r.why, i ? cases[i].sentence : "a job is launched in whole iterations"))
      fail_msg("\"%s\" does not say \"%s\"", r.why, cases[i].sentence);
    cr_result_fini(&r);
    cr_workload_builder_free(w);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_holds_too_little_fails),
    cmocka_unit_test(on_a_device_that_nobody_manages_the_one_too_many_fails),
    cmocka_unit_test(each_refusal_says_why),
    cmocka_unit_test(jobs_are_launched_whole_and_one_a_lane),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
