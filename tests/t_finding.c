/* t_finding.c - runs that go wrong: what policies do that they may not, what never begins, and what fails on the way. */
#include "config.h"

#include "sim/ask.h"
#include "tests/fake_backend.h"
#include "tests/script.h"
#include "tests/t.h"

/* --- findings ----------------------------------------------------------------------------------------------------- */

static void say(struct cr_policy *p, struct cr_text *out)
{
  (void)p;
  cr_text_add(out, "I forgot what for");
}

static void a_stall_is_reported_with_policy_request_client_op_and_time(void **state)
{
  (void)state;
  static const struct cr_policy_ops ops = {SCRIPT, .on_request = script_launch_op, .dump = say};
  struct cr_workload_builder *b = cr_workload_builder_new();
  struct cr_core_cfg cfg = script_request(b, &ops, 3);
  static const char *const words[] = {
    "policy script", "stalls", "10 ns", "request 0", "client one", "model m", "op 1 of 3", "I forgot what for", NULL};
  script_run_finds(&cfg, CR_ERUN, CR_STALLED, words);
  cfg.duration_ns = 1000;
  script_run_finds(&cfg, CR_ERUN, CR_STALLED, words);
  cr_workload_builder_free(b);
}

static void timer_again(struct cr_policy *p, uint64_t cookie)
{
  cr_timer(p, p->view->now_ns, cookie);
}

static void timer_now(struct cr_policy *p, cr_request r)
{
  (void)r;
  timer_again(p, 0);
}

static void timers_without_end_at_one_instant_are_a_livelock(void **state)
{
  (void)state;
  static const struct cr_policy_ops ops = {SCRIPT, .on_request = timer_now, .on_timer = timer_again};
  struct cr_workload_builder *b = cr_workload_builder_new();
  struct cr_core_cfg cfg = script_request(b, &ops, 1);
  static const char *const words[] = {"policy script", "never comes to the end", "0 ns", NULL};
  script_run_finds(&cfg, CR_ERUN, CR_LIVELOCKED, words);
  cr_workload_builder_free(b);
}

static void drop(struct cr_policy *p, cr_request r)
{
  cr_drop(p, r);
}

static void dropping_what_comes_again_at_once_is_a_livelock(void **state)
{
  (void)state;
  static const struct cr_policy_ops ops = {SCRIPT, .on_request = drop};
  struct cr_workload_builder *b = cr_workload_builder_new();
  load_add(b, load_closed("c", load_model(b, "m", 1, 10), CR_BE, 2));
  struct cr_core_cfg cfg = load_cfg(load_seal(b), &ops);
  cfg.duration_ns = 100;
  static const char *const words[] = {"policy script", "never comes to the end", NULL};
  script_run_finds(&cfg, CR_ERUN, CR_LIVELOCKED, words);
  cr_workload_builder_free(b);
}

static void flood(struct cr_policy *p, cr_request r)
{
  (void)r;
  for (uint32_t i = 0; i < 3000000; i++)
    cr_timer(p, 1000, i);
}

static void a_flood_from_one_callback_is_a_livelock(void **state)
{
  (void)state;
  static const struct cr_policy_ops ops = {SCRIPT, .on_request = flood};
  struct cr_workload_builder *b = cr_workload_builder_new();
  struct cr_core_cfg cfg = script_request(b, &ops, 1);
  static const char *const words[] = {"policy script", "more than a million", NULL};
  script_run_finds(&cfg, CR_ERUN, CR_LIVELOCKED, words);
  cr_workload_builder_free(b);
}

static void a_million_arrivals_at_one_instant_are_no_livelock(void **state)
{
  (void)state;
  enum { N = 1100000 };
  static cr_ns at[N];
  struct cr_workload_builder *b = cr_workload_builder_new();
  load_add(b, load_trace("c", load_model(b, "m", 1, 10), CR_BE, at, N));
  struct cr_core_cfg cfg = load_cfg(load_seal(b), script_policy("exclusive"));
  cfg.duration_ns = 100;
  struct cr_result r = script_run(&cfg);
  assert_int_equal(r.client[0].n_arrived, N);
  assert_int_equal(r.client[0].n_done, 10);
  cr_result_fini(&r);
  cr_workload_builder_free(b);
}

static void launch_twice(struct cr_policy *p, cr_request r)
{
  script_launch_op(p, r);
  script_launch_op(p, r);
}

static void launching_what_is_not_owned_ends_a_strict_run(void **state)
{
  (void)state;
  static const struct cr_policy_ops ops = {SCRIPT, .on_request = launch_twice};
  struct cr_workload_builder *b = cr_workload_builder_new();
  struct cr_core_cfg cfg = script_request(b, &ops, 1);
  static const char *const words[] = {"policy script",      "0 ns",         "launch request 0 of client one",
                                      "1 ops, on stream 0", "does not own", NULL};
  script_run_finds(&cfg, CR_ERUN, CR_REFUSED, words);
  cfg.strict = 0;
  struct cr_result r = script_run(&cfg);
  assert_int_equal(r.n_refused, 1);
  assert_int_equal(r.client[0].n_done, 1);
  assert_non_null(strstr(r.why, "does not own"));
  cr_result_fini(&r);
  cr_workload_builder_free(b);
}

static void refuse_each(struct cr_policy *p, cr_request r)
{
  cr_stream s = ((struct script *)p->state)->stream;
  cr_launch(p, (cr_request){CR_NONE}, 1, s);
  cr_launch(p, (cr_request){5}, 1, s);
  cr_launch(p, r, 0, s);
  cr_launch(p, r, 3, s);
  cr_launch(p, r, 1, (cr_stream){1});
  cr_launch(p, r, 1, (cr_stream){CR_NONE});
  assert_int_equal(cr_stream_new(p, (cr_device){0}, 0).i, CR_NONE);
  cr_preempt(p, s, CR_CAP_KILL);
  cr_preempt(p, s, CR_CAP_SHARE);
  cr_preempt(p, s, (enum cr_cap)3);
  cr_preempt(p, (cr_stream){9}, CR_CAP_PARK);
  cr_drop(p, (cr_request){77777777});
  cr_launch(p, r, 2, s);
}

static int refuse_streams(struct cr_policy *p, struct cr_err *err)
{
  (void)err;
  ((struct script *)p->state)->stream = cr_stream_new(p, (cr_device){0}, 0);
  assert_int_equal(cr_stream_new(p, (cr_device){1}, 0).i, CR_NONE);
  assert_int_equal(cr_stream_new(p, (cr_device){0}, 1).i, CR_NONE);
  assert_int_equal(cr_stream_new(p, (cr_device){0}, -6).i, CR_NONE);
  return CR_OK;
}

static void each_impossible_wish_is_refused_for_its_reason(void **state)
{
  (void)state;
  struct cr_policy_ops ops = {SCRIPT, .needs = CR_CAP_PARK | CR_CAP_PRIORITY, .on_request = refuse_each};
  ops.init = refuse_streams;
  static const uint32_t want[] = {CR_REFUSED_DEVICE,  CR_REFUSED_PRIORITY, CR_REFUSED_PRIORITY, CR_REFUSED_REQUEST,
                                  CR_REFUSED_REQUEST, CR_REFUSED_RANGE,    CR_REFUSED_RANGE,    CR_REFUSED_STREAM,
                                  CR_REFUSED_STREAM,  CR_REFUSED_LATE,     CR_REFUSED_NEED,     CR_REFUSED_HOW,
                                  CR_REFUSED_HOW,     CR_REFUSED_STREAM,   CR_REFUSED_REQUEST};
  enum { N_WANT = sizeof want / sizeof want[0] };
  struct cr_workload_builder *b = cr_workload_builder_new();
  struct cr_core_cfg cfg = script_request(b, &ops, 2);
  cfg.strict = 0;
  struct load_record record = {0};
  cfg.ledger = load_record(&record);
  struct cr_result r = script_run(&cfg);
  uint32_t n = 0;
  for (uint64_t i = 0; i < record.n; i++)
    if (record.note[i].kind == CR_NOTE_REFUSED) {
      assert_true(n < N_WANT);
      assert_int_equal(record.note[i].a, want[n++]);
    }
  assert_int_equal(n, N_WANT);
  assert_int_equal(r.n_refused, N_WANT);
  assert_int_equal(r.client[0].n_done, 1);
  cr_result_fini(&r);
  load_record_fini(&record);
  cr_workload_builder_free(b);
}

static int low_stream(struct cr_policy *p, struct cr_err *err)
{
  (void)err;
  ((struct script *)p->state)->stream = cr_stream_new(p, (cr_device){0}, -5);
  return CR_OK;
}

static void a_priority_needs_the_capability(void **state)
{
  (void)state;
  struct cr_policy_ops ops = {SCRIPT, .on_request = script_launch_op};
  ops.init = low_stream;
  struct cr_workload_builder *b = cr_workload_builder_new();
  struct cr_core_cfg cfg = script_request(b, &ops, 1);
  static const char *const words[] = {"policy script", "stream on device 0 with priority -5", "needs", NULL};
  script_run_finds(&cfg, CR_ERUN, CR_REFUSED, words);
  cr_workload_builder_free(b);
}

/* --- what never begins, and what fails ---------------------------------------------------------------------------- */

static int refuse_init(struct cr_policy *p, struct cr_err *err)
{
  (void)p;
  return cr_fail(err, CR_EINPUT, "I do not want to");
}

static void a_policy_that_cannot_work_never_begins(void **state)
{
  (void)state;
  struct cr_policy_ops ops = {SCRIPT, .on_request = script_launch_op};
  struct cr_workload_builder *b = cr_workload_builder_new();
  struct cr_core_cfg cfg = script_request(b, &ops, 1);
  ops.abi++;
  script_run_refused(&cfg, "built for interface 6");
  ops.abi--;
  ops.on_request = NULL;
  script_run_refused(&cfg, "neither on_request nor on_room");
  ops.on_request = script_launch_op;
  ops.init = refuse_init;
  script_run_refused(&cfg, "policy script: I do not want to");
  ops.init = script_init;
  cfg.policy_options = "x=1";
  script_run_refused(&cfg, "policy script takes no options");
  cr_workload_builder_free(b);
}

static void a_missing_capability_is_named_with_policy_and_backend(void **state)
{
  (void)state;
  struct cr_workload_builder *b = cr_workload_builder_new();
  struct cr_core_cfg cfg = load_cfg(script_three_requests(b), script_policy("priority"));
  cfg.backend = &fake_backend_plain;
  script_run_refused(&cfg, "policy priority needs priority, which backend fake-plain cannot do");
  cr_workload_builder_free(b);
}

static void a_priority_the_device_lacks_never_begins(void **state)
{
  (void)state;
  struct cr_workload_builder *b = cr_workload_builder_new();
  struct cr_client_spec spec = load_closed("c", load_model(b, "m", 1, 10), CR_BE, 1);
  spec.priority = -6;
  load_add(b, spec);
  struct cr_core_cfg cfg = load_cfg(load_seal(b), script_policy("priority"));
  cfg.duration_ns = 100;
  script_run_refused(&cfg, "priority -6");
  cr_workload_builder_free(b);
}

static void a_stopped_run_keeps_what_it_has(void **state)
{
  (void)state;
  struct cr_workload_builder *b = cr_workload_builder_new();
  struct cr_core_cfg cfg = load_cfg(script_three_requests(b), script_policy("streams"));
  int stop = 1;
  cfg.stop = &stop;
  static const char *const words[] = {"stopped", NULL};
  script_run_finds(&cfg, CR_EINTR, CR_INTERRUPTED, words);
  cr_workload_builder_free(b);
}

static void a_backend_that_fails_ends_the_run(void **state)
{
  (void)state;
  struct cr_workload_builder *b = cr_workload_builder_new();
  struct cr_core_cfg cfg = load_cfg(script_three_requests(b), script_policy("streams"));
  static const char *const words[] = {"the fake backend fails as told", NULL};
  cfg.model_set = "fail=1";
  script_run_finds(&cfg, CR_ERUN, CR_FAILED, words);
  cfg.model_set = "fail=3";
  script_run_finds(&cfg, CR_ERUN, CR_FAILED, words);
  cr_workload_builder_free(b);
}

static int full_rows(void *ctx, const struct cr_request_row *row, uint32_t n, struct cr_err *err)
{
  (void)ctx;
  (void)row;
  (void)n;
  return cr_fail(err, CR_ERUN, "the disk is full");
}

static int full_notes(void *ctx, const struct cr_note *note, uint32_t n, struct cr_err *err)
{
  (void)note;
  return full_rows(ctx, NULL, n, err);
}

static void records_that_cannot_be_kept_fail_the_run(void **state)
{
  (void)state;
  struct cr_workload_builder *b = cr_workload_builder_new();
  struct cr_core_cfg cfg = load_cfg(script_three_requests(b), script_policy("streams"));
  static const char *const words[] = {"the disk is full", NULL};
  struct cr_request_sink rows = {.write = full_rows};
  cfg.requests = &rows;
  script_run_finds(&cfg, CR_ERUN, CR_FAILED, words);
  cfg.requests = NULL;
  struct cr_ledger_sink notes = {.write = full_notes};
  cfg.ledger = &notes;
  script_run_finds(&cfg, CR_ERUN, CR_FAILED, words);
  cr_workload_builder_free(b);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_stall_is_reported_with_policy_request_client_op_and_time),
    cmocka_unit_test(timers_without_end_at_one_instant_are_a_livelock),
    cmocka_unit_test(dropping_what_comes_again_at_once_is_a_livelock),
    cmocka_unit_test(a_flood_from_one_callback_is_a_livelock),
    cmocka_unit_test(a_million_arrivals_at_one_instant_are_no_livelock),
    cmocka_unit_test(launching_what_is_not_owned_ends_a_strict_run),
    cmocka_unit_test(each_impossible_wish_is_refused_for_its_reason),
    cmocka_unit_test(a_priority_needs_the_capability),
    cmocka_unit_test(a_policy_that_cannot_work_never_begins),
    cmocka_unit_test(a_missing_capability_is_named_with_policy_and_backend),
    cmocka_unit_test(a_priority_the_device_lacks_never_begins),
    cmocka_unit_test(a_stopped_run_keeps_what_it_has),
    cmocka_unit_test(a_backend_that_fails_ends_the_run),
    cmocka_unit_test(records_that_cannot_be_kept_fail_the_run),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
