/* t_stats.c - results per client, worked by hand. */
#include "config.h"

#include "sim/stats.h"
#include "tests/t.h"

#include <math.h>

#include "tests/load.h"

static void finish(struct cr_result *r, uint32_t client, cr_ns arrive_ns, cr_ns reach_ns, cr_ns end_ns, uint16_t missed)
{
  const struct cr_request_row row = {
    .arrive_ns = arrive_ns, .reach_ns = reach_ns, .end_ns = end_ns, .client = client, .missed = missed,
  };
  cr_result_add(r, &row);
}

static void latency_service_and_period_are_what_they_say(void **state)
{
  (void)state;
  struct cr_result r;
  assert_int_equal(cr_result_init(&r, 2, 1, NULL), CR_OK);
  finish(&r, 1, 100, 150, 300, 0);
  finish(&r, 1, 200, 300, 500, 1);
  finish(&r, 1, 400, 500, 650, 0);
  const struct cr_client_result *c = &r.client[1];
  assert_near(cr_hist_mean(c->metric[CR_LATENCY]), (200 + 300 + 250) / 3.0, 1e-9);
  assert_near(cr_hist_mean(c->metric[CR_SERVICE]), (150 + 200 + 150) / 3.0, 1e-9);
  assert_near(cr_hist_mean(c->metric[CR_PERIOD]), (200 + 150) / 2.0, 1e-9);
  assert_int_equal(cr_hist_count(c->metric[CR_PERIOD]), 2);
  assert_int_equal(c->n_done, 3);
  assert_int_equal(c->n_missed, 1);
  assert_int_equal(c->first_ns, 100);
  assert_int_equal(c->last_ns, 650);
  assert_int_equal(r.client[0].n_done, 0);
  cr_result_fini(&r);
}

static void a_request_of_the_warm_up_does_not_count(void **state)
{
  (void)state;
  struct cr_result r;
  assert_int_equal(cr_result_init(&r, 1, 1, NULL), CR_OK);
  r.warmup_ns = 1000;
  finish(&r, 0, 999, 1000, 1500, 1);
  assert_int_equal(r.client[0].n_done, 0);
  assert_int_equal(r.client[0].n_missed, 0);
  assert_true(r.client[0].last_ns == CR_NS_NEVER);
  finish(&r, 0, 1000, 1500, 1600, 0);
  assert_int_equal(r.client[0].n_done, 1);
  assert_int_equal(cr_hist_count(r.client[0].metric[CR_PERIOD]), 0); /* the one before does not count */
  cr_result_fini(&r);
}

static void throughput_is_over_the_time_after_the_warm_up(void **state)
{
  (void)state;
  struct cr_result r;
  assert_int_equal(cr_result_init(&r, 1, 1, NULL), CR_OK);
  r.warmup_ns = 500000000;
  r.end_ns = 2500000000;
  for (cr_ns i = 0; i < 10; i++)
    finish(&r, 0, 600000000 + i, 600000000 + i, 700000000 + i, 0);
  assert_near(cr_result_throughput(&r, 0), 5, 1e-12);
  r.end_ns = r.warmup_ns; /* stopped at once */
  assert_near(cr_result_throughput(&r, 0), 0, 0);
  cr_result_fini(&r);
}

/* Ten jobs of 100, 200, ... 1000 submitted each 10 after the one before, started at once, admitted i after they are ready;
 * one rejected, one without memory, one unfinished, and a client that is no job. */
static const struct cr_workload *ten_jobs(struct cr_workload_builder *b)
{
  cr_model m = load_model(b, "m", 1, 100);
  for (uint32_t i = 0; i < 13; i++) {
    char name[16];
    snprintf(name, sizeof name, "j%u", i);
    load_add(b, load_job(name, m, 10 * i, 1));
  }
  load_add(b, load_closed("c", m, CR_BE, 1));
  return load_seal(b);
}

static void totals_of_jobs_are_as_worked_by_hand(void **state)
{
  (void)state;
  struct cr_workload_builder *b = cr_workload_builder_new();
  const struct cr_workload *w = ten_jobs(b);
  struct cr_result r;
  struct cr_job_totals t;
  assert_int_equal(cr_result_init_for(&r, w, 1, NULL), CR_OK);
  assert_int_equal(cr_result_jobs(&r, &t, NULL), CR_OK);
  assert_int_equal(t.n, 13);
  assert_int_equal(t.n_unfinished, 13);
  assert_true(isnan(t.makespan_ns) && isnan(t.mean_jct_ns) && isnan(t.p95_jct_ns) && isnan(t.mean_queuing_ns));
  for (cr_ns i = 0; i < 13; i++)
    r.job[i] = (struct cr_job_result){.submit_ns = 1000 + 10 * i,
                                      .start_ns = 1000 + 10 * i,
                                      .ready_ns = 1050 + 10 * i,
                                      .admit_ns = 1050 + 11 * i,
                                      .end_ns = 1000 + 10 * i + 100 * (10 - i),
                                      .how = i < 10 ? CR_JOB_DONE : (enum cr_job_end)(CR_JOB_REJECTED + i - 10)};
  assert_int_equal(cr_result_jobs(&r, &t, NULL), CR_OK);
  assert_int_equal(t.n, 13);
  assert_int_equal(t.n_done, 10);
  assert_int_equal(t.n_rejected, 1);
  assert_int_equal(t.n_no_memory, 1);
  assert_int_equal(t.n_unfinished, 1);
  assert_near(t.mean_jct_ns, 550, 1e-9);
  assert_near(t.p50_jct_ns, 550, 1e-9); /* between 500 and 600 */
  assert_near(t.p95_jct_ns, 955, 1e-9); /* 0.95 * 9 = 8.55: between 900 and 1000 */
  assert_near(t.mean_queuing_ns, 4.5, 1e-9);
  assert_near(t.makespan_ns, 1000, 1e-9); /* the first takes longest */
  assert_null(r.client[0].metric[CR_LATENCY]);
  assert_non_null(r.client[13].metric[CR_LATENCY]);
  assert_int_equal(r.job[13].how, CR_N_JOB_END);
  finish(&r, 0, 100, 150, 300, 0);
  assert_int_equal(r.client[0].n_done, 1);
  t_fail_allocation_after(0);
  struct cr_err err = {""};
  assert_int_equal(cr_result_jobs(&r, &t, &err), CR_ENOMEM);
  t_allocations_succeed();
  cr_result_fini(&r);
  assert_int_equal(cr_result_init(&r, 1, 1, NULL), CR_OK);
  assert_null(r.job);
  assert_int_equal(cr_result_jobs(&r, &t, NULL), CR_OK);
  assert_int_equal(t.n, 0);
  cr_result_fini(&r);
  cr_workload_builder_free(b);
}

static void names_are_there_for_every_value(void **state)
{
  (void)state;
  for (int i = 0; i < CR_N_METRIC; i++)
    assert_non_null(cr_metric_name[i]);
  for (int i = 0; i <= CR_FAILED; i++)
    assert_non_null(cr_outcome_name[i]);
  assert_string_equal(cr_outcome_name[CR_INTERRUPTED], "interrupted");
  for (int i = 0; i < CR_N_JOB_END; i++)
    assert_non_null(cr_job_end_name[i]);
}

static void without_memory_nothing_is_left_behind(void **state)
{
  (void)state;
  int rc = CR_ENOMEM;
  for (uint64_t n = 0; rc != CR_OK; n++) {
    struct cr_result r = {.n_event = 77};
    struct cr_err err = {0};
    t_fail_allocation_after(n);
    rc = cr_result_init(&r, 2, 1, &err);
    t_allocations_succeed();
    if (rc == CR_OK) {
      assert_int_equal(n, 3 + 2 * CR_N_METRIC); /* as many as it makes: each of them failed once */
      cr_result_fini(&r);
      continue;
    }
    assert_int_equal(rc, CR_ENOMEM);
    assert_int_equal(r.n_event, 77); /* untouched */
    assert_non_null(strstr(err.text, "memory"));
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(latency_service_and_period_are_what_they_say),
    cmocka_unit_test(a_request_of_the_warm_up_does_not_count),
    cmocka_unit_test(throughput_is_over_the_time_after_the_warm_up),
    cmocka_unit_test(totals_of_jobs_are_as_worked_by_hand),
    cmocka_unit_test(names_are_there_for_every_value),
    cmocka_unit_test(without_memory_nothing_is_left_behind),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
