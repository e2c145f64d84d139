/* t_backend_cuda.c - backend cuda on the pretended GPU of tests/standin-cuda/: what is launched runs once, what is told is so, and the
 * policy can be held to it.
 *
 * The machine may be busy: how much comes about in a run depends on what else it does.  What always holds is asked of each run;
 * where something has to come about, runs get longer until it has. */
#include "config.h"

#include "policies/list.h"
#include "policies/rt_first.h"
#include "sim/replay.h"
#include "tests/cuda_load.h"
#include "tests/t.h"

/* --- one run and what is told of it ------------------------------------------------------------------------------- */

struct seen {
  const struct cr_workload *workload;
  uint32_t n_row[2], n_op[32]; /* requests finished, by client; times that an op ran, by op */
  uint64_t n_span;
  cr_ns last_ns;
  int is_disordered;
};

static int see_rows(void *ctx, const struct cr_request_row *row, uint32_t n, struct cr_err *err)
{
  struct seen *seen = ctx;
  (void)err;
  for (uint32_t i = 0; i < n; i++) {
    seen->n_row[row[i].client]++;
    seen->is_disordered |= row[i].arrive_ns > row[i].reach_ns || row[i].reach_ns > row[i].end_ns;
  }
  return CR_OK;
}

static void see_op(void *ctx, const struct cr_op_span *span)
{
  struct seen *seen = ctx;
  seen->n_span++;
  seen->n_op[span->op] += span->n_left == 0;
  seen->is_disordered |= span->start_ns > span->end_ns || span->start_ns < 0;
}

/* The next run is twice as long, since in this one there was too little of what. */
static cr_ns longer(cr_ns duration_ns, const char *what)
{
  if (duration_ns > 8000000000)
    fail_msg("not in a run of %lld ms: %s", (long long)(duration_ns / 1000000), what);
  return 2 * duration_ns;
}

static void run(struct cr_core_cfg *cfg, struct cr_result *out)
{
  struct cr_err err = {""};
  if (cr_core_run(cfg, out, &err) != CR_OK)
    fail_msg("%s", err.text);
}

/* One run, as the policy's own, and its ledger replayed; whether enough requests ran. */
static int check_run(const char *policy, int sees_ops, cr_ns duration_ns)
{
  struct cuda_load l;
  struct cr_result r;
  struct load_record record = {0};
  struct cr_replay_report report;
  struct cr_err err = {""};
  cuda_load_init(&l, 1000, 2, NULL);
  struct seen seen = {.workload = l.workload};
  const struct cr_request_sink rows = {.ctx = &seen, .write = see_rows};
  const struct cr_observer observer = {.ctx = &seen, .on_op = see_op};
  struct cr_core_cfg cfg = cuda_load_cfg(&l, policy);
  cfg.ledger = load_record(&record);
  cfg.requests = &rows;
  cfg.observer = sees_ops ? &observer : NULL;
  cfg.duration_ns = duration_ns;
  run(&cfg, &r);
  assert_int_equal(r.outcome, CR_DONE);
  assert_int_equal(r.n_refused, 0);
  for (uint32_t c = 0; c < 2; c++) {
    assert_int_equal(r.client[c].n_done, seen.n_row[c]);
    assert_int_equal(r.client[c].n_arrived, r.client[c].n_done + r.client[c].n_pending);
  }
  assert_true(r.client[0].n_arrived <= (uint64_t)duration_ns / 1000000 + 1);
  assert_in_range(r.client[1].n_pending, 0, 2);
  assert_true(r.client[1].n_done <= (uint64_t)duration_ns / 400000); /* 0.4 ms each, alone */
  assert_false(seen.is_disordered);
  for (uint32_t op = 0; sees_ops && op < l.workload->n_op; op++) {
    uint32_t n = seen.n_row[op >= 4];
    assert_in_range(seen.n_op[op], n,
                    r.n_preempt ? 2 * n + 4 : n + 2); /* what is cut off at the end of the run may have run */
  }
  assert_int_equal(cr_replay(l.workload, &l.machine, cfg.policy, NULL, record.note, record.n, &report, &err), CR_OK);
  if (!report.same)
    fail_msg("%s: note %llu: %s, replayed %s", policy, (unsigned long long)report.first_difference, report.recorded,
             report.replayed);
  int enough = r.client[0].n_arrived >= 10 && r.client[1].n_done >= 3 && report.n_told > 100;
  load_record_fini(&record);
  cr_result_fini(&r);
  cuda_load_fini(&l);
  return enough;
}

static void check_policy(const char *policy, int sees_ops)
{
  cr_ns duration_ns = 60000000;
  while (!check_run(policy, sees_ops, duration_ns))
    duration_ns = longer(duration_ns, "requests of both clients");
}

static void each_request_is_run_once_and_replays(void **state)
{
  (void)state;
  check_policy("exclusive", 0);
  check_policy("streams", 0);
  check_policy("priority", 0);
  check_policy("wait", 0);
  check_policy("reef-n", 0);
}

static void each_op_is_told_once(void **state)
{
  (void)state;
  check_policy("streams", 1);
  check_policy("reef-n", 1);
}

/* Streams do not meet on the pretended GPU, so that each client has its time alone. */
static void clients_take_their_time_alone(void **state)
{
  (void)state;
  struct cuda_load l;
  struct cr_result r;
  cuda_load_init(&l, 200, 1, NULL);
  struct cr_core_cfg cfg = cuda_load_cfg(&l, "streams");
  double be_ns = 0, gap_ns = 1e3 * 0.19;
  for (uint32_t i = 4; i < 12; i++)
    be_ns += (double)l.workload->op[i].duration_ns + gap_ns;
  for (int near = 0; !near;) {
    run(&cfg, &r);
    double least_ns = (double)cr_hist_min(r.client[1].metric[CR_SERVICE]);
    assert_true(!r.client[1].n_done || least_ns > 0.95 * be_ns);
    near = r.client[1].n_done && least_ns < 1.4 * be_ns; /* a busy machine sees ends late, which moves its clock */
    cr_result_fini(&r);
    if (!near)
      cfg.duration_ns = longer(cfg.duration_ns, "a request that takes its time alone");
  }
  cuda_load_fini(&l);
}

/* Graphs are as many as are in flight at once, in a table that grows beyond 64: of 42 requests no busy machine makes more. */
static void a_longer_run_allocates_nothing_more(void **state)
{
  (void)state;
  uint64_t count[2];
  struct cuda_load l;
  cuda_load_init(&l, 100, 2, NULL);
  for (int i = 0; i < 2; i++) {
    struct cr_result r;
    struct cr_core_cfg cfg = cuda_load_cfg(&l, "streams");
    cfg.duration_ns = i ? 400000000 : 50000000;
    uint64_t before = t_allocation_count();
    run(&cfg, &r);
    cr_result_fini(&r);
    count[i] = t_allocation_count() - before;
  }
  assert_int_equal(count[0], count[1]);
  cuda_load_fini(&l);
}

static void it_tells_what_it_ran_on_and_how_late_it_was(void **state)
{
  (void)state;
  struct cuda_load l;
  struct cr_result r;
  cuda_load_init(&l, 1000, 2, NULL);
  struct cr_core_cfg cfg = cuda_load_cfg(&l, "streams");
  for (run(&cfg, &r); cr_live_value(&r.live, "act_n") <= 60; run(&cfg, &r)) {
    cr_result_fini(&r);
    cfg.duration_ns = longer(cfg.duration_ns, "acts");
  }
  assert_string_equal(cr_live_said(&r.live, "gpu"), "a pretended GPU");
  assert_string_equal(cr_live_said(&r.live, "driver"), "12.4");
  assert_int_equal((int)cr_live_value(&r.live, "standin_kernels"), 11);
  assert_near(cr_live_value(&r.live, "standin_worst_off_ratio"), 0, 0.03);
  assert_true(cr_live_value(&r.live, "clock_error_ns") > 0);
  assert_int_equal((uint64_t)cr_live_value(&r.live, "late_n"), r.client[0].n_arrived + 2); /* and the first two of be */
  assert_true(cr_live_value(&r.live, "late_p50_ns") <= cr_live_value(&r.live, "late_max_ns"));
  assert_true(cr_live_value(&r.live, "callback_n") >= (double)r.n_callback - 2); /* those before the clock runs aside */
  assert_true(cr_live_value(&r.live, "act_max_ns") > 0);
  cr_result_fini(&r);
  cuda_load_fini(&l);
}

/* --- preemption --------------------------------------------------------------------------------------------------- */

/* rt_first with a kill, without pads: what reef is to a device that cannot merge launches. */
static int init_kill(struct cr_policy *p, struct cr_err *err)
{
  return cr_rt_first_init(p, (struct cr_rt_first_rule){.how = CR_CAP_KILL, .queue = 4, .waits = 1}, err);
}

static int init_park(struct cr_policy *p, struct cr_err *err)
{
  return cr_rt_first_init(p, (struct cr_rt_first_rule){.how = CR_CAP_PARK, .queue = 4, .waits = 1}, err);
}

#define RT_FIRST(NAME, INIT)                                                                                     \
  {                                                                                                              \
    .abi = CR_POLICY_ABI, .name = NAME, .about = "for tests", .needs = CR_CAP_KILL | CR_CAP_QUEUE | CR_CAP_PARK, \
    .state_bytes = sizeof(struct cr_rt_first), .client_bytes = sizeof(struct cr_be),                             \
    .request_bytes = sizeof(struct cr_link), .init = INIT, .on_request = cr_rt_first_on_request,                 \
    .on_done = cr_rt_first_on_done, .on_back = cr_rt_first_on_back, .dump = cr_rt_first_dump,                    \
  }
static const struct cr_policy_ops kill = RT_FIRST("kill", init_kill), park = RT_FIRST("park", init_park);

/* What came back, from the ledger: each op counts from where the request stood. */
struct backs {
  uint64_t n, n_cut, n_ahead;
};

static void count_backs(const struct load_record *record, struct backs *out)
{
  *out = (struct backs){0};
  for (uint64_t i = 0; i < record->n; i++) {
    const struct cr_note *note = &record->note[i];
    out->n += note->kind == CR_NOTE_BACK;
    if (note->kind != CR_NOTE_CUT)
      continue;
    const struct cr_note *told = &record->note[i + 1]; /* what it belongs to follows */
    assert_int_equal(told->a, note->a);
    assert_true(note->c >= told->b);
    out->n_cut += note->b > 0;
    out->n_ahead += note->c > told->b;
  }
}

/* A long kernel of be is in the way of rt; one run of the policy, and what it did. */
static void preempt_once(const struct cr_policy_ops *policy, const char *options, cr_ns duration_ns,
                         struct cr_result *r, struct backs *backs)
{
  struct cuda_load l;
  struct load_record record = {0};
  struct cr_replay_report report;
  struct cr_err err = {""};
  cuda_load_init(&l, 1000, 1, NULL);
  struct cr_core_cfg cfg = cuda_load_cfg(&l, "reef-n");
  cfg.policy = policy ? policy : cfg.policy;
  cfg.policy_options = options;
  cfg.ledger = load_record(&record);
  cfg.duration_ns = duration_ns;
  run(&cfg, r);
  count_backs(&record, backs);
  assert_int_equal(cr_replay(l.workload, &l.machine, cfg.policy, options, record.note, record.n, &report, &err), CR_OK);
  assert_true(report.same);
  assert_int_equal(r->outcome, CR_DONE);
  assert_int_equal(r->n_refused, 0);
  assert_true(backs->n <= r->n_preempt);
  load_record_fini(&record);
  cuda_load_fini(&l);
}

/* Runs until rt requests have ended and what is to be seen was. */
static void preempt_with(const struct cr_policy_ops *policy, const char *options,
                         int (*is_seen)(const struct cr_result *, const struct backs *), struct cr_result *r,
                         struct backs *backs)
{
  for (cr_ns duration_ns = 60000000;; duration_ns = longer(duration_ns, "preemptions")) {
    preempt_once(policy, options, duration_ns, r, backs);
    if (r->client[0].n_done > 5 && is_seen(r, backs))
      return;
    cr_result_fini(r);
  }
}

/* Ops in the device queue had given up, too. */
static int cuts_are_seen(const struct cr_result *r, const struct backs *backs)
{
  return r->n_cut > 0 && backs->n_ahead > 0 && cr_hist_min(r->preempt) < 60000;
}

static int kills_are_seen(const struct cr_result *r, const struct backs *backs)
{
  return backs->n > 0 && r->n_killed > 0 && r->redone_ns > 0 && cr_hist_min(r->preempt) < 40000;
}

static int backs_are_seen(const struct cr_result *r, const struct backs *backs)
{
  (void)r;
  return backs->n > 0;
}

/* Kernels of up to four waves of 20 us: what runs ends with its wave, and blocks that have not begun give up. */
static void evicted_kernels_are_cut_between_waves(void **state)
{
  (void)state;
  struct cr_result r;
  struct backs backs;
  preempt_with(NULL, "resume=block", cuts_are_seen, &r, &backs);
  assert_int_equal(r.n_killed, 0);
  assert_int_equal(r.n_cut, backs.n_cut);
  cr_result_fini(&r);
}

static void killed_kernels_start_over(void **state)
{
  (void)state;
  struct cr_result r;
  struct backs backs;
  preempt_with(&kill, NULL, kills_are_seen, &r, &backs);
  assert_int_equal(r.n_cut, 0);
  cr_result_fini(&r);
}

static void parked_streams_finish_what_they_handed_over(void **state)
{
  (void)state;
  struct cr_result r;
  struct backs backs;
  preempt_with(&park, NULL, backs_are_seen, &r, &backs);
  assert_int_equal(r.n_cut + r.n_killed + backs.n_cut, 0);
  assert_int_equal(backs.n_ahead, 0);
  assert_int_equal(cr_hist_count(r.preempt), 0); /* parking does not count */
  cr_result_fini(&r);
}

/* --- what goes wrong ---------------------------------------------------------------------------------------------- */

static void check_refused(const char *policy, const char *fault, int rc, const char *sentence)
{
  struct cuda_load l;
  struct cr_result r;
  struct cr_err err = {""};
  cuda_load_init(&l, 1000, 2, fault);
  struct cr_core_cfg cfg = cuda_load_cfg(&l, policy);
  int got = cr_core_run(&cfg, &r, &err);
  if (got == rc && rc == CR_ERUN)
    cr_result_fini(&r);
  if (got != rc || !strstr(err.text, sentence))
    fail_msg("%s: wanted %d and %s\ngot %d and %s", fault ? fault : policy, rc, sentence, got, err.text);
  cuda_load_fini(&l);
}

static void what_is_missing_is_said_before_the_run(void **state)
{
  (void)state;
  check_refused("streams", "no-device", CR_EINPUT, "the CUDA driver finds no GPU");
  check_refused("streams", "old-gpu", CR_EINPUT, "a pretended GPU has compute capability 6.0");
  check_refused("streams", "no-memory", CR_EINPUT, "memory for launches on the GPU: out of memory");
  check_refused("streams", "graph=40", CR_EINPUT, "out of memory (CUDA_ERROR_OUT_OF_MEMORY)");
  check_refused("timeslice", NULL, CR_EINPUT, "policy timeslice needs process");
  check_refused("dart", NULL, CR_EINPUT, "policy dart needs nodes, and device h200 is a whole GPU");
}

/* The run began: there is a result, which says how it ended. */
static void a_launch_that_fails_ends_the_run_with_what_there_is(void **state)
{
  (void)state;
  struct cuda_load l;
  struct cr_result r;
  struct cr_err err = {""};
  cuda_load_init(&l, 1000, 2, "launch=60");
  struct cr_core_cfg cfg = cuda_load_cfg(&l, "streams");
  cfg.duration_ns = 20000000000;
  assert_int_equal(cr_core_run(&cfg, &r, &err), CR_ERUN);
  assert_non_null(strstr(err.text, "the launch of a range: unspecified launch failure (CUDA_ERROR_LAUNCH_FAILED)"));
  assert_int_equal(r.outcome, CR_FAILED);
  assert_in_range(r.client[0].n_done + r.client[1].n_done, 1, 60);
  cr_result_fini(&r);
  cuda_load_fini(&l);
}

/* --- shares ------------------------------------------------------------------------------------------------------- */

/* A policy that gives the one client a share, and after some requests all of the GPU. */
struct shifting {
  cr_stream stream;
  uint32_t n_request;
};

static void shift_start(struct cr_policy *p, cr_client c)
{
  struct shifting *s = cr_client_state(p, c);
  s->stream = cr_stream_new(p, (cr_device){0}, 0);
  if (c.i == 1)
    cr_share(p, s->stream, CR_SHARE_ALL / 4);
}

static void shift_request(struct cr_policy *p, cr_request r)
{
  struct shifting *s = cr_client_state(p, cr_request_client(p, r));
  if (cr_request_client(p, r).i == 1 && ++s->n_request == 12)
    cr_share(p, s->stream, CR_SHARE_ALL);
  cr_launch(p, r, CR_ALL, s->stream);
}

static const struct cr_policy_ops shifting = {
  .abi = CR_POLICY_ABI,
  .name = "shifting",
  .about = "a share that is taken back",
  .needs = CR_CAP_SHARE,
  .client_bytes = sizeof(struct shifting),
  .on_client = shift_start,
  .on_request = shift_request,
};

struct services {
  cr_ns least_ns[2]; /* of client 1: its first requests, and the later ones */
  uint32_t n;
};

static int see_service(void *ctx, const struct cr_request_row *row, uint32_t n, struct cr_err *err)
{
  struct services *s = ctx;
  (void)err;
  for (uint32_t i = 0; i < n; i++)
    if (row[i].client == 1) {
      cr_ns *least = &s->least_ns[s->n >= 11]; /* the twelfth request has all of it */
      *least = cr_min_ns(*least, row[i].end_ns - row[i].reach_ns);
      s->n++;
    }
  return CR_OK;
}

/* A quarter of 132 SMs is 32, in units of eight: kernels of one to four waves of the whole take 5 to 17 of these. */
static void a_share_holds_until_it_is_taken_back(void **state)
{
  (void)state;
  struct cuda_load l;
  struct cr_result r;
  struct services seen = {.least_ns = {CR_NS_NEVER, CR_NS_NEVER}};
  const struct cr_request_sink rows = {.ctx = &seen, .write = see_service};
  cuda_load_init(&l, 200, 1, NULL);
  struct cr_core_cfg cfg = cuda_load_cfg(&l, "streams");
  cfg.policy = &shifting;
  cfg.requests = &rows;
  cfg.duration_ns = 300000000;
  run(&cfg, &r);
  assert_int_equal(r.outcome, CR_DONE);
  assert_int_equal(r.n_refused, 0);
  assert_string_equal(cr_live_said(&r.live, "shares"), "25 %: 32 of 132 SMs");
  assert_true(seen.n > 20);
  double ratio = (double)seen.least_ns[0] / (double)seen.least_ns[1];
  if (!(ratio > 3.3 && ratio < 5.5))
    fail_msg("%g as long with a quarter of the SMs", ratio);
  cr_result_fini(&r);
  cuda_load_fini(&l);
}

int main(void)
{
  const struct CMUnitTest test[] = {
    cmocka_unit_test(a_share_holds_until_it_is_taken_back),
    cmocka_unit_test(each_request_is_run_once_and_replays),
    cmocka_unit_test(each_op_is_told_once),
    cmocka_unit_test(clients_take_their_time_alone),
    cmocka_unit_test(it_tells_what_it_ran_on_and_how_late_it_was),
    cmocka_unit_test(a_longer_run_allocates_nothing_more),
    cmocka_unit_test(evicted_kernels_are_cut_between_waves),
    cmocka_unit_test(killed_kernels_start_over),
    cmocka_unit_test(parked_streams_finish_what_they_handed_over),
    cmocka_unit_test(what_is_missing_is_said_before_the_run),
    cmocka_unit_test(a_launch_that_fails_ends_the_run_with_what_there_is),
  };
  return cmocka_run_group_tests(test, NULL, NULL);
}
