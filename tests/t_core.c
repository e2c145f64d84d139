/* t_core.c - the driver loop: hand-worked runs, order at one instant, time, preemption, queueing theory. */
#include "config.h"

#include "tests/script.h"
#include "tests/t.h"

/* --- hand-worked runs --------------------------------------------------------------------------------------------- */

static void exclusive_by_arrival_is_as_worked_by_hand(void **state)
{
  (void)state;
  struct cr_workload_builder *b = cr_workload_builder_new();
  struct cr_core_cfg cfg = load_cfg(script_three_requests(b), script_policy("exclusive"));
  struct load_record record = {0};
  cfg.ledger = load_record(&record);
  struct cr_result r = script_run(&cfg);
  load_expect(&record, "0   stream 0 device 0 priority 0\n"
                       "0 client 0\n"
                       "0 client 1\n"
                       "0 request 0 client 1 arrived 0\n"
                       "0 room 0\n"
                       "0   launch 0 all ops stream 0\n"
                       "1 request 1 client 0 arrived 1\n"
                       "5 request 2 client 1 arrived 5\n"
                       "20 done 0 next 2 reached 0\n"
                       "20 room 0\n"
                       "20   launch 1 all ops stream 0\n"
                       "50 done 1 next 1 reached 20\n"
                       "50 room 0\n"
                       "50   launch 2 all ops stream 0\n"
                       "70 done 2 next 2 reached 50\n"
                       "70 room 0\n");
  assert_int_equal(r.end_ns, 70);
  assert_int_equal(r.client[1].n_done, 2);
  assert_near(cr_hist_mean(r.client[1].metric[CR_LATENCY]), (20 + 65) / 2.0, 1e-9);
  assert_near(cr_hist_mean(r.client[1].metric[CR_SERVICE]), 20, 1e-9);
  assert_near(cr_hist_mean(r.client[1].metric[CR_PERIOD]), 50, 1e-9);
  assert_near(cr_hist_mean(r.client[0].metric[CR_LATENCY]), 49, 1e-9);
  assert_int_equal(r.n_op, 5);
  assert_int_equal(r.n_action, 4);
  assert_int_equal(r.n_event, 6);
  assert_int_equal(r.n_callback, 1 + 3 + 4); /* init, arrivals, room; exclusive has no on_client and no on_done */
  assert_int_equal(r.ledger_count, record.n);
  assert_string_equal(r.policy, "exclusive");
  assert_near(r.use[0].busy_ns, 70, 1e-9);
  cr_result_fini(&r);
  load_record_fini(&record);
  cr_workload_builder_free(b);
}

static void rt_first_lets_real_time_pass_what_waits(void **state)
{
  (void)state;
  struct cr_workload_builder *b = cr_workload_builder_new();
  struct cr_core_cfg cfg = load_cfg(script_three_requests(b), script_policy("exclusive"));
  cfg.policy_options = "order=rt-first";
  struct cr_result r = script_run(&cfg);
  assert_near(cr_hist_mean(r.client[1].metric[CR_LATENCY]), (20 + 35) / 2.0, 1e-9);
  assert_near(cr_hist_mean(r.client[0].metric[CR_LATENCY]), 69, 1e-9);
  assert_string_equal(r.policy, "exclusive,order=rt-first");
  cr_result_fini(&r);
  cr_workload_builder_free(b);
}

static void streams_are_in_series_each_for_itself(void **state)
{
  (void)state;
  struct cr_workload_builder *b = cr_workload_builder_new();
  struct cr_core_cfg cfg = load_cfg(script_three_requests(b), script_policy("streams"));
  struct load_record record = {0};
  cfg.ledger = load_record(&record);
  struct cr_result r = script_run(&cfg);
  load_expect(&record, "0 client 0\n"
                       "0   stream 0 device 0 priority 0\n"
                       "0 client 1\n"
                       "0   stream 1 device 0 priority 0\n"
                       "0 request 0 client 1 arrived 0\n"
                       "0   launch 0 all ops stream 1\n"
                       "1 request 1 client 0 arrived 1\n"
                       "1   launch 1 all ops stream 0\n"
                       "5 request 2 client 1 arrived 5\n"
                       "5   launch 2 all ops stream 1\n"
                       "20 done 0 next 2 reached 0\n"
                       "31 done 1 next 1 reached 1\n"
                       "40 done 2 next 2 reached 20\n");
  cr_result_fini(&r);
  load_record_fini(&record);
  cr_workload_builder_free(b);
}

static void priority_streams_bear_the_clients_priority(void **state)
{
  (void)state;
  struct cr_workload_builder *b = cr_workload_builder_new();
  struct cr_core_cfg cfg = load_cfg(script_three_requests(b), script_policy("priority"));
  struct load_record record = {0};
  cfg.ledger = load_record(&record);
  struct cr_result r = script_run(&cfg);
  assert_int_equal(record.note[0].kind, CR_NOTE_STREAM);
  assert_int_equal((int32_t)record.note[0].c, 0);
  assert_int_equal((int32_t)record.note[1].c, -5);
  cr_result_fini(&r);
  load_record_fini(&record);
  cr_workload_builder_free(b);
}

static void two_devices_share_the_waiting_requests(void **state)
{
  (void)state;
  struct cr_workload_builder *b = cr_workload_builder_new();
  struct cr_core_cfg cfg = load_cfg(script_three_requests(b), script_policy("exclusive"));
  cfg.machine = &load_two_devices;
  struct cr_result r = script_run(&cfg);
  assert_near(cr_hist_mean(r.client[0].metric[CR_LATENCY]), 30, 1e-9);
  assert_near(cr_hist_mean(r.client[1].metric[CR_LATENCY]), (20 + 35) / 2.0, 1e-9);
  cr_result_fini(&r);
  cr_workload_builder_free(b);
}

/* --- time --------------------------------------------------------------------------------------------------------- */

static void a_closed_client_keeps_its_depth_and_what_runs_is_cut_off(void **state)
{
  (void)state;
  struct cr_workload_builder *b = cr_workload_builder_new();
  struct cr_client_spec spec = load_closed("c", load_model(b, "m", 1, 10), CR_BE, 3);
  spec.arrival.phase_ns = 5;
  load_add(b, spec);
  struct cr_core_cfg cfg = load_cfg(load_seal(b), script_policy("exclusive"));
  cfg.duration_ns = 100;
  struct cr_result r = script_run(&cfg);
  assert_int_equal(r.end_ns, 100);
  assert_int_equal(r.client[0].n_done, 9); /* at 15, 25, ... 95 */
  assert_int_equal(r.client[0].n_arrived, 12);
  assert_int_equal(r.client[0].n_pending, 3);
  assert_near(cr_hist_mean(r.client[0].metric[CR_PERIOD]), 10, 1e-9);
  assert_int_equal(cr_hist_max(r.client[0].metric[CR_LATENCY]), 30);
  cr_result_fini(&r);
  cr_workload_builder_free(b);
}

static void what_ends_with_the_run_counts_and_what_arrives_then_does_not(void **state)
{
  (void)state;
  struct cr_workload_builder *b = cr_workload_builder_new();
  load_add(b, load_closed("c", load_model(b, "m", 1, 10), CR_BE, 1));
  struct cr_core_cfg cfg = load_cfg(load_seal(b), script_policy("streams"));
  cfg.duration_ns = 100;
  struct cr_result r = script_run(&cfg);
  assert_int_equal(r.client[0].n_done, 10);
  assert_int_equal(r.client[0].n_arrived, 10);
  assert_int_equal(r.client[0].n_pending, 0);
  cr_result_fini(&r);
  cr_workload_builder_free(b);
}

static void an_idle_run_lasts_to_its_end(void **state)
{
  (void)state;
  struct cr_workload_builder *b = cr_workload_builder_new();
  struct cr_client_spec spec = load_closed("c", load_model(b, "m", 1, 10), CR_BE, 1);
  spec.max_requests = 2;
  load_add(b, spec);
  struct cr_core_cfg cfg = load_cfg(load_seal(b), script_policy("streams"));
  cfg.duration_ns = 1000;
  struct cr_result r = script_run(&cfg);
  assert_int_equal(r.end_ns, 1000);
  assert_int_equal(r.client[0].n_done, 2);
  cr_result_fini(&r);
  cfg.duration_ns = CR_NS_NEVER;
  r = script_run(&cfg);
  assert_int_equal(r.end_ns, 20);
  assert_int_equal(r.client[0].n_done, 2);
  cr_result_fini(&r);
  cr_workload_builder_free(b);
}

static void requests_of_the_warm_up_do_not_count(void **state)
{
  (void)state;
  struct cr_workload_builder *b = cr_workload_builder_new();
  load_add(b, load_closed("c", load_model(b, "m", 1, 10), CR_BE, 1));
  struct cr_core_cfg cfg = load_cfg(load_seal(b), script_policy("streams"));
  cfg.duration_ns = 105;
  cfg.warmup_ns = 50;
  struct cr_result r = script_run(&cfg);
  assert_int_equal(r.client[0].n_arrived, 6); /* at 50, ... 100 */
  assert_int_equal(r.client[0].n_done, 5);
  assert_int_equal(r.client[0].n_pending, 1);
  cr_result_fini(&r);
  cr_workload_builder_free(b);
}

static int count_rows(void *ctx, const struct cr_request_row *row, uint32_t n, struct cr_err *err)
{
  (void)err;
  for (uint32_t i = 0; i < n; i++)
    ((uint64_t *)ctx)[row[i].missed]++;
  return CR_OK;
}

static void a_deadline_is_missed_only_after_it(void **state)
{
  (void)state;
  static const cr_ns at[] = {0, 0, 0};
  struct cr_workload_builder *b = cr_workload_builder_new();
  struct cr_client_spec spec = load_trace("c", load_model(b, "m", 1, 10), CR_RT, at, 3);
  spec.deadline_ns = 20;
  load_add(b, spec);
  struct cr_core_cfg cfg = load_cfg(load_seal(b), script_policy("exclusive"));
  uint64_t rows[2] = {0, 0};
  struct cr_request_sink sink = {.ctx = rows, .write = count_rows};
  cfg.requests = &sink;
  struct cr_result r = script_run(&cfg);
  assert_int_equal(r.client[0].n_missed, 1); /* done at 10, 20, 30 */
  assert_int_equal(rows[0], 2);
  assert_int_equal(rows[1], 1);
  cr_result_fini(&r);
  cr_workload_builder_free(b);
}

static void a_bound_is_exceeded_only_beyond_it(void **state)
{
  (void)state;
  static const cr_ns at[] = {0, 0, 0}, later[] = {15};
  struct cr_workload_builder *b = cr_workload_builder_new();
  cr_model m = load_model(b, "m", 1, 10);
  struct cr_client_spec spec = load_trace("c", m, CR_RT, at, 3);
  spec.bound_ns = 20;
  load_add(b, spec);
  load_add(b, load_trace("d", m, CR_RT, later, 1)); /* which nothing is promised of */
  struct cr_core_cfg cfg = load_cfg(load_seal(b), script_policy("exclusive"));
  struct cr_result r = script_run(&cfg);
  assert_int_equal(cr_hist_max(r.client[0].metric[CR_LATENCY]), 30); /* after 10 and 20 */
  assert_int_equal(r.client[0].n_done, 3);
  assert_int_equal(r.client[0].n_beyond, 1);
  assert_int_equal(r.client[1].n_beyond, 0);
  cr_result_fini(&r);
  cr_workload_builder_free(b);
}

static void a_run_without_clients_ends(void **state)
{
  (void)state;
  struct cr_workload_builder *b = cr_workload_builder_new();
  struct cr_core_cfg cfg = load_cfg(load_seal(b), script_policy("exclusive"));
  struct cr_result r = script_run(&cfg);
  assert_int_equal(r.end_ns, 0);
  cr_result_fini(&r);
  cfg.duration_ns = 50;
  r = script_run(&cfg);
  assert_int_equal(r.end_ns, 50);
  cr_result_fini(&r);
  cr_workload_builder_free(b);
}

static void times_that_make_no_run_are_refused(void **state)
{
  (void)state;
  struct cr_workload_builder *b = cr_workload_builder_new();
  load_add(b, load_closed("endless", load_model(b, "m", 1, 10), CR_BE, 1));
  struct cr_core_cfg cfg = load_cfg(load_seal(b), script_policy("streams"));
  script_run_refused(&cfg, "client endless has no end");
  cfg.duration_ns = 0;
  script_run_refused(&cfg, "duration");
  cfg.duration_ns = 10;
  cfg.warmup_ns = 10;
  script_run_refused(&cfg, "warmup");
  cfg.warmup_ns = -1;
  script_run_refused(&cfg, "warmup");
  cr_workload_builder_free(b);
}

static void launch_next_op(struct cr_policy *p, cr_request r, int complete)
{
  if (!complete)
    script_launch_op(p, r);
}

static void a_request_may_be_launched_op_by_op(void **state)
{
  (void)state;
  static const struct cr_policy_ops ops = {SCRIPT, .on_request = script_launch_op, .on_done = launch_next_op};
  struct cr_workload_builder *b = cr_workload_builder_new();
  struct cr_core_cfg cfg = script_request(b, &ops, 3);
  struct load_record record = {0};
  cfg.ledger = load_record(&record);
  struct cr_result r = script_run(&cfg);
  load_expect(&record, "0   stream 0 device 0 priority 0\n"
                       "0 client 0\n"
                       "0 request 0 client 0 arrived 0\n"
                       "0   launch 0 ops 1 stream 0\n"
                       "10 done 0 next 1 reached 0\n"
                       "10   launch 0 ops 1 stream 0\n"
                       "20 done 0 next 2 reached 10\n"
                       "20   launch 0 ops 1 stream 0\n"
                       "30 done 0 next 3 reached 20\n");
  assert_int_equal(r.client[0].n_done, 1);
  assert_near(cr_hist_mean(r.client[0].metric[CR_SERVICE]), 30, 1e-9); /* from when it was first reached */
  assert_int_equal(r.n_op, 3);
  cr_result_fini(&r);
  load_record_fini(&record);
  cr_workload_builder_free(b);
}

static void hold(struct cr_policy *p, cr_request r)
{
  struct script *s = p->state;
  s->held = r;
  s->holds = 1;
  cr_timer(p, p->view->now_ns - 100, 1); /* passed: at this instant */
  cr_timer(p, p->view->now_ns, 2);
  cr_timer(p, CR_NS_NEVER, 3);
}

static void launch_on_second(struct cr_policy *p, uint64_t cookie)
{
  struct script *s = p->state;
  if (cookie == 2)
    cr_launch(p, s->held, CR_ALL, s->stream);
}

static void do_nothing(struct cr_policy *p, cr_stream s)
{
  (void)p;
  (void)s;
}

static void at_one_instant_timers_come_after_arrivals_and_room_last(void **state)
{
  (void)state;
  static const cr_ns at[] = {0, 0};
  static const struct cr_policy_ops ops = {SCRIPT, .on_request = hold, .on_timer = launch_on_second,
                                           .on_room = do_nothing};
  struct cr_workload_builder *b = cr_workload_builder_new();
  struct cr_client_spec spec = load_trace("two", load_model(b, "m", 1, 10), CR_RT, at, 2);
  load_add(b, spec);
  struct cr_core_cfg cfg = load_cfg(load_seal(b), &ops);
  cfg.strict = 0;
  cfg.duration_ns = 5;
  struct load_record record = {0};
  cfg.ledger = load_record(&record);
  struct cr_result r = script_run(&cfg);
  load_expect(&record, "0   stream 0 device 0 priority 0\n"
                       "0 client 0\n"
                       "0 request 0 client 0 arrived 0\n"
                       "0   settimer 1 at -100\n"
                       "0   settimer 2 at 0\n"
                       "0   settimer 3 at 9223372036854775807\n"
                       "0 request 1 client 0 arrived 0\n"
                       "0   settimer 1 at -100\n"
                       "0   settimer 2 at 0\n"
                       "0   settimer 3 at 9223372036854775807\n"
                       "0 timer 1\n"
                       "0 timer 2\n"
                       "0   launch 1 all ops stream 0\n"
                       "0 timer 1\n"
                       "0 timer 2\n"
                       "0   launch 1 all ops stream 0\n"
                       "0   refused: the policy does not own the request\n");
  cr_result_fini(&r);
  load_record_fini(&record);
  cr_workload_builder_free(b);
}

static int two_streams(struct cr_policy *p, struct cr_err *err)
{
  cr_stream_new(p, (cr_device){0}, 0);
  return script_init(p, err);
}

/* Launches on the other stream than the one it is offered, once. */
static void launch_elsewhere(struct cr_policy *p, cr_stream s)
{
  struct script *state = p->state;
  if (state->holds && s.i == 0) {
    state->holds = 0;
    cr_launch(p, state->held, CR_ALL, state->stream);
  }
}

static void only_hold(struct cr_policy *p, cr_request r)
{
  struct script *s = p->state;
  s->held = r;
  s->holds = 1;
}

static void room_is_offered_again_as_long_as_something_is_launched(void **state)
{
  (void)state;
  struct cr_policy_ops ops = {SCRIPT, .on_request = only_hold, .on_room = launch_elsewhere};
  ops.init = two_streams;
  struct cr_workload_builder *b = cr_workload_builder_new();
  struct cr_core_cfg cfg = script_request(b, &ops, 1);
  struct load_record record = {0};
  cfg.ledger = load_record(&record);
  struct cr_result r = script_run(&cfg);
  load_expect(&record, "0   stream 0 device 0 priority 0\n"
                       "0   stream 1 device 0 priority 0\n"
                       "0 client 0\n"
                       "0 request 0 client 0 arrived 0\n"
                       "0 room 0\n"
                       "0   launch 0 all ops stream 1\n"
                       "0 room 0\n"
                       "10 done 0 next 1 reached 0\n"
                       "10 room 0\n"
                       "10 room 1\n");
  cr_result_fini(&r);
  load_record_fini(&record);
  cr_workload_builder_free(b);
}

/* --- preemption --------------------------------------------------------------------------------------------------- */

static void launch_and_wait(struct cr_policy *p, cr_request r)
{
  cr_launch(p, r, CR_ALL, ((struct script *)p->state)->stream);
  cr_timer(p, 15, 0);
}

static void kill(struct cr_policy *p, uint64_t cookie)
{
  (void)cookie;
  cr_preempt(p, ((struct script *)p->state)->stream, CR_CAP_KILL);
}

static void park(struct cr_policy *p, uint64_t cookie)
{
  (void)cookie;
  cr_preempt(p, ((struct script *)p->state)->stream, CR_CAP_PARK);
}

static void go_on(struct cr_policy *p, cr_request r, enum cr_cap how)
{
  (void)how;
  ((struct script *)p->state)->n_back++;
  cr_launch(p, r, CR_ALL, ((struct script *)p->state)->stream);
}

static void a_killed_op_starts_over(void **state)
{
  (void)state;
  static const struct cr_policy_ops ops = {SCRIPT, .needs = CR_CAP_KILL, .on_request = launch_and_wait,
                                           .on_timer = kill, .on_back = go_on};
  struct cr_workload_builder *b = cr_workload_builder_new();
  struct cr_core_cfg cfg = script_request(b, &ops, 3);
  struct load_record record = {0};
  cfg.ledger = load_record(&record);
  struct cr_result r = script_run(&cfg);
  load_expect(&record, "0   stream 0 device 0 priority 0\n"
                       "0 client 0\n"
                       "0 request 0 client 0 arrived 0\n"
                       "0   launch 0 all ops stream 0\n"
                       "0   settimer 0 at 15\n"
                       "15 timer 0\n"
                       "15   preempt 0 by kill\n"
                       "15 back 0 next 1 by kill reached 0\n"
                       "15   launch 0 all ops stream 0\n"
                       "35 done 0 next 3 reached 15\n");
  assert_int_equal(r.n_preempt, 1);
  assert_int_equal(r.n_op, 3);
  assert_near(cr_hist_mean(r.client[0].metric[CR_SERVICE]), 35, 1e-9);
  cr_result_fini(&r);
  load_record_fini(&record);
  cr_workload_builder_free(b);
}

static void a_parked_stream_finishes_its_op(void **state)
{
  (void)state;
  static const struct cr_policy_ops ops = {SCRIPT, .needs = CR_CAP_PARK, .on_request = launch_and_wait,
                                           .on_timer = park, .on_back = go_on};
  struct cr_workload_builder *b = cr_workload_builder_new();
  struct cr_core_cfg cfg = script_request(b, &ops, 3);
  struct cr_result r = script_run(&cfg);
  assert_int_equal(r.end_ns, 30);
  assert_int_equal(r.client[0].n_done, 1);
  cr_result_fini(&r);
  cr_workload_builder_free(b);
}

static void drop(struct cr_policy *p, cr_request r)
{
  cr_drop(p, r);
}

static void a_dropped_request_leaves_and_is_counted(void **state)
{
  (void)state;
  static const struct cr_policy_ops ops = {SCRIPT, .on_request = drop};
  struct cr_workload_builder *b = cr_workload_builder_new();
  struct cr_core_cfg cfg = script_request(b, &ops, 1);
  struct cr_result r = script_run(&cfg);
  assert_int_equal(r.client[0].n_dropped, 1);
  assert_int_equal(r.client[0].n_done, 0);
  assert_int_equal(r.client[0].n_pending, 0);
  cr_result_fini(&r);
  cr_workload_builder_free(b);
}

/* --- at length ---------------------------------------------------------------------------------------------------- */

/* M/D/1: a wait of rho D / (2 (1 - rho)) on average (Pollaczek 1930, Khinchine 1932).  4 standard errors of a mean over
 * 400,000 correlated waits are about 2 %. */
static void a_poisson_client_waits_as_in_m_d_1(void **state)
{
  (void)state;
  static const double rho[] = {0.3, 0.7};
  for (int i = 0; i < 2; i++) {
    struct cr_workload_builder *b = cr_workload_builder_new();
    cr_ns service_ns = 100000;
    struct cr_client_spec spec =
      load_poisson("c", load_model(b, "m", 4, service_ns / 4), CR_BE, rho[i] * 1e9 / (double)service_ns);
    spec.max_requests = 400000;
    load_add(b, spec);
    struct cr_core_cfg cfg = load_cfg(load_seal(b), script_policy(i ? "streams" : "exclusive"));
    struct cr_result r = script_run(&cfg);
    double want_ns = (double)service_ns * rho[i] / (2 * (1 - rho[i]));
    double wait_ns = cr_hist_mean(r.client[0].metric[CR_LATENCY]) - cr_hist_mean(r.client[0].metric[CR_SERVICE]);
    assert_near(cr_hist_mean(r.client[0].metric[CR_SERVICE]), (double)service_ns, 1e-6);
    assert_near(wait_ns, want_ns, 0.02 * want_ns);
    cr_result_fini(&r);
    cr_workload_builder_free(b);
  }
}

static const struct cr_workload *mixed(struct cr_workload_builder *b)
{
  cr_model m = load_model(b, "m", 7, 1000), n = load_model(b, "n", 3, 5000);
  load_add(b, load_poisson("p", m, CR_RT, 30000));
  load_add(b, load_uniform("u", n, CR_RT, 20000));
  load_add(b, load_closed("c", n, CR_BE, 4));
  return load_seal(b);
}

static void the_same_run_twice_has_the_same_ledger(void **state)
{
  (void)state;
  struct cr_workload_builder *b = cr_workload_builder_new();
  struct cr_core_cfg cfg = load_cfg(mixed(b), script_policy("exclusive"));
  cfg.duration_ns = 50000000;
  struct cr_result r1 = script_run(&cfg), r2 = script_run(&cfg);
  cfg.seed = 2;
  struct cr_result r3 = script_run(&cfg);
  assert_true(r1.ledger_hash == r2.ledger_hash);
  assert_int_equal(r1.ledger_count, r2.ledger_count);
  assert_true(r1.ledger_hash != r3.ledger_hash);
  cr_result_fini(&r1);
  cr_result_fini(&r2);
  cr_result_fini(&r3);
  cr_workload_builder_free(b);
}

static void slots_are_reused_lowest_first(void **state)
{
  (void)state;
  struct cr_workload_builder *b = cr_workload_builder_new();
  struct cr_core_cfg cfg = load_cfg(mixed(b), script_policy("streams"));
  cfg.duration_ns = 5000000;
  struct load_record record = {0};
  cfg.ledger = load_record(&record);
  struct cr_result r = script_run(&cfg);
  unsigned char live[4096] = {0};
  const uint32_t n_op[] = {7, 3, 3};
  uint32_t client[4096];
  for (uint64_t i = 0; i < record.n; i++) {
    const struct cr_note *n = &record.note[i];
    if (n->kind == CR_NOTE_REQUEST) {
      for (uint32_t k = 0; k < n->a; k++)
        assert_true(live[k]);
      assert_false(live[n->a]);
      live[n->a] = 1;
      client[n->a] = n->b;
    }
    if (n->kind == CR_NOTE_DONE && n->b == n_op[client[n->a]])
      live[n->a] = 0;
  }
  cr_result_fini(&r);
  load_record_fini(&record);
  cr_workload_builder_free(b);
}

static void a_backlog_of_any_size_is_held(void **state)
{
  (void)state;
  static const char *const name[] = {"exclusive", "streams"};
  for (int i = 0; i < 2; i++) {
    struct cr_workload_builder *b = cr_workload_builder_new();
    load_add(b, load_uniform("fast", load_model(b, "m", 1, 1000000), CR_BE, 100000));
    struct cr_core_cfg cfg = load_cfg(load_seal(b), script_policy(name[i]));
    cfg.duration_ns = 200000000;
    struct cr_result r = script_run(&cfg);
    assert_int_equal(r.client[0].n_arrived, 20000);
    assert_int_equal(r.client[0].n_done, 200);
    assert_int_equal(r.client[0].n_pending, 19800);
    cr_result_fini(&r);
    cr_workload_builder_free(b);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(exclusive_by_arrival_is_as_worked_by_hand),
    cmocka_unit_test(rt_first_lets_real_time_pass_what_waits),
    cmocka_unit_test(streams_are_in_series_each_for_itself),
    cmocka_unit_test(priority_streams_bear_the_clients_priority),
    cmocka_unit_test(two_devices_share_the_waiting_requests),
    cmocka_unit_test(a_closed_client_keeps_its_depth_and_what_runs_is_cut_off),
    cmocka_unit_test(what_ends_with_the_run_counts_and_what_arrives_then_does_not),
    cmocka_unit_test(an_idle_run_lasts_to_its_end),
    cmocka_unit_test(requests_of_the_warm_up_do_not_count),
    cmocka_unit_test(a_deadline_is_missed_only_after_it),
    cmocka_unit_test(a_bound_is_exceeded_only_beyond_it),
    cmocka_unit_test(a_run_without_clients_ends),
    cmocka_unit_test(times_that_make_no_run_are_refused),
    cmocka_unit_test(a_request_may_be_launched_op_by_op),
    cmocka_unit_test(at_one_instant_timers_come_after_arrivals_and_room_last),
    cmocka_unit_test(room_is_offered_again_as_long_as_something_is_launched),
    cmocka_unit_test(a_killed_op_starts_over),
    cmocka_unit_test(a_parked_stream_finishes_its_op),
    cmocka_unit_test(a_dropped_request_leaves_and_is_counted),
    cmocka_unit_test(a_poisson_client_waits_as_in_m_d_1),
    cmocka_unit_test(the_same_run_twice_has_the_same_ledger),
    cmocka_unit_test(slots_are_reused_lowest_first),
    cmocka_unit_test(a_backlog_of_any_size_is_held),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
