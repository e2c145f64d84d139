/* t_late.c - clients that are late, and clients that come after others: hand-worked runs, and what cannot be. */
#include "config.h"

#include "tests/script.h"
#include "tests/t.h"

/* Requests of 10 ns at 0, 3, 5 and 40. */
static struct cr_result run_late(enum cr_late late, struct load_record *record)
{
  static const cr_ns at[] = {0, 3, 5, 40};
  struct cr_workload_builder *b = cr_workload_builder_new();
  struct cr_client_spec spec = load_trace("c", load_model(b, "m", 1, 10), CR_RT, at, 4);
  spec.arrival.late = late;
  spec.deadline_ns = 12;
  load_add(b, spec);
  struct cr_core_cfg cfg = load_cfg(load_seal(b), script_policy("streams"));
  if (record)
    cfg.ledger = load_record(record);
  struct cr_result r = script_run(&cfg);
  cr_workload_builder_free(b);
  return r;
}

static void queued_requests_count_their_wait(void **state)
{
  (void)state;
  struct cr_result r = run_late(CR_LATE_QUEUE, NULL);
  assert_int_equal(r.client[0].n_done, 4);
  assert_near(cr_hist_mean(r.client[0].metric[CR_LATENCY]), (10 + 17 + 25 + 10) / 4.0, 1e-9);
  assert_int_equal(r.client[0].n_missed, 2);
  cr_result_fini(&r);
}

static void waiting_arrivals_catch_up_back_to_back(void **state)
{
  (void)state;
  struct load_record record = {0};
  struct cr_result r = run_late(CR_LATE_WAIT, &record);
  load_expect(&record, "0 client 0\n"
                       "0   stream 0 device 0 priority 0\n"
                       "0 request 0 client 0 arrived 0\n"
                       "0   launch 0 all ops stream 0\n"
                       "10 done 0 next 1 reached 0\n"
                       "10 request 0 client 0 arrived 10\n"
                       "10   launch 0 all ops stream 0\n"
                       "20 done 0 next 1 reached 10\n"
                       "20 request 0 client 0 arrived 20\n"
                       "20   launch 0 all ops stream 0\n"
                       "30 done 0 next 1 reached 20\n"
                       "40 request 0 client 0 arrived 40\n"
                       "40   launch 0 all ops stream 0\n"
                       "50 done 0 next 1 reached 40\n");
  assert_int_equal(r.client[0].n_done, 4);
  assert_int_equal(r.client[0].n_arrived, 4);
  assert_int_equal(r.client[0].n_dropped, 0);
  assert_int_equal(r.client[0].n_missed, 0);
  assert_near(cr_hist_mean(r.client[0].metric[CR_LATENCY]), 10, 1e-9);
  cr_result_fini(&r);
  load_record_fini(&record);
}

static void of_waiting_arrivals_the_newest_is_issued(void **state)
{
  (void)state;
  struct cr_result r = run_late(CR_LATE_DROP, NULL);
  assert_int_equal(r.client[0].n_done, 3); /* at 0, 10 (that of 5) and 40 */
  assert_int_equal(r.client[0].n_arrived, 4);
  assert_int_equal(r.client[0].n_dropped, 1);
  assert_int_equal(r.client[0].n_pending, 0);
  assert_near(cr_hist_mean(r.client[0].metric[CR_LATENCY]), 10, 1e-9);
  cr_result_fini(&r);
}

/* Requests of 100 ns every 10 ns, to 1000. */
static void an_overloaded_client_has_one_request_at_a_time(void **state)
{
  (void)state;
  for (int late = CR_LATE_WAIT; late <= CR_LATE_DROP; late++) {
    struct cr_workload_builder *b = cr_workload_builder_new();
    struct cr_client_spec spec = load_uniform("c", load_model(b, "m", 1, 100), CR_RT, 1e6);
    cr_ns at[100];
    for (int i = 0; i < 100; i++)
      at[i] = 10 * i;
    spec.arrival =
      (struct cr_arrival_spec){.kind = CR_ARRIVE_TRACE, .at_ns = at, .n_at = 100, .late = (enum cr_late)late};
    load_add(b, spec);
    struct cr_core_cfg cfg = load_cfg(load_seal(b), script_policy("streams"));
    cfg.duration_ns = 1001;
    struct cr_result r = script_run(&cfg);
    assert_int_equal(r.client[0].n_done, 10);
    assert_int_equal(r.client[0].n_arrived, 100);
    assert_int_equal(r.client[0].n_dropped, late == CR_LATE_DROP ? 89 : 0); /* at the end one runs, or has just begun */
    assert_int_equal(r.client[0].n_pending, late == CR_LATE_DROP ? 1 : 90);
    assert_int_equal(cr_hist_max(r.client[0].metric[CR_LATENCY]), 100);
    cr_result_fini(&r);
    cr_workload_builder_free(b);
  }
}

static struct cr_client_spec load_after(const char *name, cr_model model, const char *const *after, uint32_t n)
{
  struct cr_client_spec spec = load_client(name, model, CR_BE);
  spec.arrival = (struct cr_arrival_spec){.kind = CR_ARRIVE_AFTER, .after = after, .n_after = n};
  return spec;
}

/* a at 0 and 50, b at 20, 21 and 22; join after both, tail after join. */
static void a_dependent_arrives_when_all_have_finished_as_many(void **state)
{
  (void)state;
  static const cr_ns at_a[] = {0, 50}, at_b[] = {20, 21, 22};
  static const char *const both[] = {"a", "b"}, *const join[] = {"join"};
  struct cr_workload_builder *b = cr_workload_builder_new();
  cr_model m = load_model(b, "m", 1, 10);
  load_add(b, load_after("tail", m, join, 1)); /* before those that it names */
  load_add(b, load_after("join", m, both, 2));
  load_add(b, load_trace("a", m, CR_BE, at_a, 2));
  load_add(b, load_trace("b", m, CR_BE, at_b, 3));
  struct cr_core_cfg cfg = load_cfg(load_seal(b), script_policy("streams"));
  struct load_record record = {0};
  cfg.ledger = load_record(&record);
  struct cr_result r = script_run(&cfg);
  assert_int_equal(r.client[1].n_done, 2); /* at 30 and 60; b's third has no partner */
  assert_int_equal(r.client[0].n_done, 2); /* at 40 and 70 */
  assert_int_equal(r.client[3].n_done, 3);
  assert_int_equal(r.end_ns, 80);
  cr_ns arrived[4] = {0};
  uint32_t n = 0;
  for (uint64_t i = 0; i < record.n; i++)
    if (record.note[i].kind == CR_NOTE_REQUEST && record.note[i].b < 2)
      arrived[n++] = record.note[i].at_ns;
  assert_int_equal(n, 4);
  assert_int_equal(arrived[0], 30);
  assert_int_equal(arrived[1], 40);
  assert_int_equal(arrived[2], 60);
  assert_int_equal(arrived[3], 70);
  cr_result_fini(&r);
  load_record_fini(&record);
  cr_workload_builder_free(b);
}

static void a_run_without_end_is_still_refused_behind_a_closed_client(void **state)
{
  (void)state;
  static const char *const a[] = {"a"};
  struct cr_workload_builder *b = cr_workload_builder_new();
  cr_model m = load_model(b, "m", 1, 10);
  load_add(b, load_closed("a", m, CR_BE, 1));
  load_add(b, load_after("b", m, a, 1));
  struct cr_core_cfg cfg = load_cfg(load_seal(b), script_policy("streams"));
  struct cr_result r;
  struct cr_err err = {{0}};
  assert_int_equal(cr_core_run(&cfg, &r, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "client a has no end"));
  cfg.duration_ns = 100;
  r = script_run(&cfg);
  assert_int_equal(r.client[0].n_done, 10);
  assert_int_equal(r.client[1].n_done, 9);
  cr_result_fini(&r);
  cr_workload_builder_free(b);
}

static void what_cannot_be_is_refused(void **state)
{
  (void)state;
  static const char *const none[] = {"nobody"}, *const x[] = {"x"}, *const y[] = {"y"}, *const job[] = {"job"};
  static const struct {
    const char *const *x_after, *const *y_after, *say;
  } row[] = {{none, x, "client x: after: there is no client nobody"},
             {x, x, "client x: after: it waits, in a circle, for itself"},
             {y, x, "after: it waits, in a circle, for itself"},
             {job, x, "client x: after: job is a job"}};
  for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
    struct cr_workload_builder *b = cr_workload_builder_new();
    cr_model m = load_model(b, "m", 1, 10);
    const struct cr_workload *w;
    struct cr_err err = {{0}};
    load_add(b, load_after("x", m, row[i].x_after, 1));
    load_add(b, load_after("y", m, row[i].y_after, 1));
    load_add(b, load_job("job", m, 0, 1));
    assert_int_equal(cr_workload_seal(b, &w, &err), CR_EINPUT);
    if (!strstr(err.text, row[i].say))
      fail_msg("'%s' where '%s' was expected", err.text, row[i].say);
    cr_workload_builder_free(b);
  }
  struct cr_workload_builder *b = cr_workload_builder_new();
  struct cr_client_spec closed = load_closed("c", load_model(b, "m", 1, 10), CR_BE, 1);
  struct cr_err err = {{0}};
  cr_client added;
  closed.arrival.late = CR_LATE_DROP;
  assert_int_equal(cr_workload_add_client(b, &closed, &added, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "a closed one is never late"));
  closed.arrival = (struct cr_arrival_spec){.kind = CR_ARRIVE_AFTER};
  assert_int_equal(cr_workload_add_client(b, &closed, &added, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "after names no client"));
  cr_workload_builder_free(b);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(queued_requests_count_their_wait),
    cmocka_unit_test(waiting_arrivals_catch_up_back_to_back),
    cmocka_unit_test(of_waiting_arrivals_the_newest_is_issued),
    cmocka_unit_test(an_overloaded_client_has_one_request_at_a_time),
    cmocka_unit_test(a_dependent_arrives_when_all_have_finished_as_many),
    cmocka_unit_test(a_run_without_end_is_still_refused_behind_a_closed_client),
    cmocka_unit_test(what_cannot_be_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
