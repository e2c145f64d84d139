/* t_cuda_eager.c - programs that launch op by op, on the pretended GPU: nothing begins before its program has launched it, programs take
 * the time of their own work, and policies do with them what they do with graphs.
 *
 * The machine may be busy: what always holds is asked of each run; where something has to come about, runs get longer until it has. */
#include "config.h"

#include <math.h>
#include <stdlib.h>

#include "policies/list.h"
#include "policies/rt_first.h"
#include "sim/replay.h"
#include "tests/cuda_load.h"
#include "tests/t.h"

enum { N_OP = 8, N_CLIENT = 3, RT = 0, ONE = 1, TWO = 2, MEMSET = 2, COPY = 4, STAGED = 5 };
enum { CALL_NS = 100000, KERNEL_NS = 20000, STAGED_NS = 60000, WORK_NS = N_OP * CALL_NS + STAGED_NS };

/* --- a load and a run of it --------------------------------------------------------------------------------------- */

/* Calls CALL_NS apart; the copy of pageable memory is launched, takes its time, and then the next call's work begins. */
static cr_model add_eager(struct cuda_load *l)
{
  struct cr_op_spec op[N_OP];
  for (uint32_t i = 0; i < N_OP; i++) {
    op[i] = cuda_load_kernel("e", 60 + i, 128, 32, KERNEL_NS);
    op[i].launch_ns = CALL_NS;
    if (i != MEMSET && i != COPY && i != STAGED)
      continue;
    op[i].kind = i == MEMSET ? CR_OP_MEMSET : i == COPY ? CR_OP_COPY_D2D : CR_OP_COPY_H2D;
    op[i].duration_ns = i == STAGED ? STAGED_NS : 2000;
    op[i].pageable = i == STAGED ? CR_YES : CR_UNSAID;
    op[i].bytes = 4096;
    op[i].blocks = op[i].threads = op[i].regs = 0;
  }
  return cuda_load_model(l, "eager", op, N_OP);
}

/* rt runs a graph or is a program; two programs in closed loops. */
static void load_programs(struct cuda_load *l, int rt_is_eager, double rt_per_s, const char *fault)
{
  struct cr_op_spec graph[4];
  for (uint32_t i = 0; i < 4; i++)
    graph[i] = cuda_load_kernel("g", 60, 256, 40, KERNEL_NS);
  cuda_load_begin(l);
  cr_model eager = add_eager(l), plain = cuda_load_model(l, "graph", graph, 4);
  load_add(l->builder, load_uniform("rt", rt_is_eager ? eager : plain, CR_RT, rt_per_s));
  load_add(l->builder, load_closed("one", eager, CR_BE, 1));
  load_add(l->builder, load_closed("two", eager, CR_BE, 1));
  l->device.constant[CR_GPU_PROFILER_CALL] = 0;
  cuda_load_seal(l, fault);
}

struct seen {
  const struct cr_workload *workload;
  uint32_t n_row[N_CLIENT], n_op[N_CLIENT][N_OP]; /* requests; times that an op of a program ran to its end */
  cr_ns last_ns[N_CLIENT], over_ns[N_CLIENT];     /* end of its op before; of its last request */
  cr_ns least_ns[N_CLIENT]; /* between the ends of two requests of a program, or of two iterations */
  cr_ns before_ns;          /* end of the op that was told of before, whosesoever */
  int is_early, is_disordered, is_mixed;
  int of_rt;      /* only its programs are looked at */
  uint64_t n_pad; /* that the policy asked for */
};

static int see_rows(void *ctx, const struct cr_request_row *row, uint32_t n, struct cr_err *err)
{
  struct seen *seen = ctx;
  (void)err;
  for (uint32_t i = 0; i < n; i++)
    seen->n_row[row[i].client]++;
  return CR_OK;
}

/* Of a client with one request at a time. */
static void see_op(void *ctx, const struct cr_op_span *span)
{
  struct seen *seen = ctx;
  uint32_t c = span->client, i = span->op - seen->workload->model[seen->workload->client[c].model.i].op0;
  seen->is_mixed |= span->start_ns < seen->before_ns - CALL_NS / 2; /* the clock of the GPU is followed */
  seen->before_ns = span->end_ns;
  if (seen->workload->op[span->op].launch_ns == CR_NS_NEVER || (seen->of_rt && c != RT))
    return;
  seen->is_disordered |= span->start_ns < seen->last_ns[c] || span->end_ns < span->start_ns;
  seen->is_early |= span->start_ns < seen->over_ns[c] + (i + 1) * CALL_NS;
  seen->last_ns[c] = span->end_ns;
  seen->n_op[c][i] += span->n_left == 0;
  if (i + 1 < N_OP || span->n_left)
    return;
  seen->least_ns[c] = cr_min_ns(seen->least_ns[c], span->end_ns - seen->over_ns[c]);
  seen->over_ns[c] = span->end_ns;
}

static cr_ns longer(cr_ns duration_ns, const char *what)
{
  if (duration_ns > 8000000000)
    fail_msg("not in a run of %lld ms: %s", (long long)(duration_ns / 1000000), what);
  return 2 * duration_ns;
}

static const struct cr_policy_ops *found(const char *name)
{
  return cr_policy_find(name, strlen(name));
}

/* A run that goes well and replays; what was seen, and the result, which is the caller's. */
static void run(const struct cuda_load *l, const struct cr_policy_ops *policy, cr_ns duration_ns, struct seen *seen,
                struct cr_result *r)
{
  struct load_record record = {0};
  struct cr_replay_report report;
  struct cr_err err = {""};
  *seen = (struct seen){
    .workload = l->workload, .of_rt = policy == found("reef"), .least_ns = {CR_NS_NEVER, CR_NS_NEVER, CR_NS_NEVER}};
  const struct cr_request_sink rows = {.ctx = seen, .write = see_rows};
  const struct cr_observer observer = {.ctx = seen, .on_op = see_op};
  struct cr_core_cfg cfg = cuda_load_cfg(l, "streams");
  cfg.policy = policy;
  cfg.policy_options = seen->of_rt ? "rules=none,grains=0" : NULL;
  cfg.ledger = load_record(&record);
  cfg.requests = &rows;
  cfg.observer = &observer;
  cfg.duration_ns = duration_ns;
  if (cr_core_run(&cfg, r, &err) != CR_OK)
    fail_msg("%s: %s", policy->name, err.text);
  assert_int_equal(r->outcome, CR_DONE);
  assert_int_equal(r->n_refused, 0);
  assert_int_equal(
    cr_replay(l->workload, &l->machine, policy, cfg.policy_options, record.note, record.n, &report, &err), CR_OK);
  if (!report.same)
    fail_msg("%s: note %llu: %s, replayed %s", policy->name, (unsigned long long)report.first_difference,
             report.recorded, report.replayed);
  for (uint64_t i = 0; i < record.n; i++)
    seen->n_pad += record.note[i].kind == CR_NOTE_PAD;
  load_record_fini(&record);
}

/* What holds of every run. */
static void check(const struct seen *seen, const struct cr_result *r)
{
  assert_false(seen->is_early);
  assert_false(seen->is_disordered);
  for (uint32_t c = 0; c < N_CLIENT; c++) {
    assert_int_equal(r->client[c].n_done, seen->n_row[c]);
    assert_int_equal(r->client[c].n_arrived, r->client[c].n_done + r->client[c].n_pending);
    for (uint32_t i = 0; c != RT && !seen->of_rt && i < N_OP;
         i++) /* copies and memsets behind a kernel that gives up run again */
      assert_in_range(seen->n_op[c][i], seen->n_row[c], seen->n_row[c] + 1 + r->n_preempt);
  }
}

/* --- pacing ------------------------------------------------------------------------------------------------------- */

/* All clients through one stream: ranges wait for those before them, though their programs do not. */
struct shared {
  cr_stream stream;
};

static int share_init(struct cr_policy *p, struct cr_err *err)
{
  (void)err;
  ((struct shared *)p->state)->stream = cr_stream_new(p, (cr_device){0}, 0);
  return CR_OK;
}

static void share_request(struct cr_policy *p, cr_request r)
{
  cr_launch(p, r, CR_ALL, ((struct shared *)p->state)->stream);
}

static const struct cr_policy_ops shared = {
  .abi = CR_POLICY_ABI,
  .name = "shared",
  .about = "one stream for all",
  .state_bytes = sizeof(struct shared),
  .init = share_init,
  .on_request = share_request,
};

static void check_policy(const struct cr_policy_ops *policy, int rt_is_eager)
{
  struct cuda_load l;
  load_programs(&l, rt_is_eager, rt_is_eager ? 200 : 500, NULL);
  for (cr_ns duration_ns = 60000000;; duration_ns = longer(duration_ns, "requests of all clients")) {
    struct seen seen;
    struct cr_result r;
    run(&l, policy, duration_ns, &seen, &r);
    check(&seen, &r);
    assert_false(policy == &shared && seen.is_mixed);
    int enough = r.client[RT].n_done >= 3 && r.client[ONE].n_done >= 3 && r.client[TWO].n_done >= 3;
    cr_result_fini(&r);
    if (enough)
      break;
  }
  cuda_load_fini(&l);
}

static void nothing_begins_before_it_is_due(void **state)
{
  (void)state;
  static const char *const policy[] = {"exclusive", "streams", "priority", "wait", "reef-n"};
  for (int i = 0; i < 5; i++) {
    check_policy(found(policy[i]), 0);
    check_policy(found(policy[i]), 1);
  }
}

/* Beside each other and a graph, since each has its own thread. */
static void a_program_takes_the_time_of_its_own_work(void **state)
{
  (void)state;
  static const char *const policy[] = {"streams", "reef-n"};
  struct cuda_load l;
  for (int i = 0; i < 2; i++) {
    load_programs(&l, 0, i ? 10 : 500, NULL); /* there are few to preempt for */
    for (cr_ns duration_ns = 100000000;; duration_ns = longer(duration_ns, "a request that takes its program's time")) {
      struct seen seen;
      struct cr_result r;
      run(&l, found(policy[i]), duration_ns, &seen, &r);
      int near = 1;
      for (uint32_t c = ONE; c <= TWO; c++) {
        double least_ns = r.client[c].n_done ? (double)cr_hist_min(r.client[c].metric[CR_SERVICE]) : INFINITY;
        assert_true(least_ns > 0.97 * WORK_NS);
        near &= least_ns < 1.05 * (WORK_NS + KERNEL_NS);
      }
      assert_true(cr_live_value(&r.live, "launch_late_n") >= (double)(N_OP * (seen.n_row[ONE] + seen.n_row[TWO])));
      assert_true(cr_live_value(&r.live, "launch_late_p50_ns") <= cr_live_value(&r.live, "launch_late_max_ns"));
      cr_result_fini(&r);
      if (near)
        break;
    }
    cuda_load_fini(&l);
  }
}

static void a_longer_run_allocates_nothing_more(void **state)
{
  (void)state;
  uint64_t count[2];
  struct cuda_load l;
  load_programs(&l, 0, 50, NULL);
  for (int i = 0; i < 2; i++) {
    struct cr_result r;
    struct cr_core_cfg cfg = cuda_load_cfg(&l, "streams");
    cfg.duration_ns = i ? 400000000 : 50000000;
    struct cr_err err = {""};
    uint64_t before = t_allocation_count();
    if (cr_core_run(&cfg, &r, &err) != CR_OK)
      fail_msg("%s", err.text);
    cr_result_fini(&r);
    count[i] = t_allocation_count() - before;
  }
  assert_int_equal(count[0], count[1]);
  cuda_load_fini(&l);
}

static void ranges_of_one_stream_stay_in_order(void **state)
{
  (void)state;
  check_policy(&shared, 0);
  check_policy(&shared, 1);
}

/* --- preemption --------------------------------------------------------------------------------------------------- */

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

static void preempted_programs_go_on_where_they_were(void **state)
{
  (void)state;
  const struct cr_policy_ops *const policy[] = {found("reef-n"), found("wait"), &kill, &park};
  struct cuda_load l;
  load_programs(&l, 0, 400, NULL); /* of which each falls into a request or the next */
  for (int i = 0; i < 4; i++)
    for (cr_ns duration_ns = 60000000;; duration_ns = longer(duration_ns, "preempted requests that end")) {
      struct seen seen;
      struct cr_result r;
      run(&l, policy[i], duration_ns, &seen, &r);
      check(&seen, &r);
      int is_seen = r.n_preempt > 5 && r.client[ONE].n_done > 3 && r.client[TWO].n_done > 3;
      cr_result_fini(&r);
      if (is_seen)
        break;
    }
  cuda_load_fini(&l);
}

/* Blocks of best-effort programs run as pads, whatever their programs have launched. */
static void launches_of_a_program_are_padded(void **state)
{
  (void)state;
  struct cuda_load l;
  for (int rt_is_eager = 0; rt_is_eager < 2; rt_is_eager++) {
    check_policy(found("reef"), rt_is_eager);
    load_programs(&l, rt_is_eager, 200, NULL);
    for (cr_ns duration_ns = 100000000;; duration_ns = longer(duration_ns, "pads")) {
      struct seen seen;
      struct cr_result r;
      run(&l, found("reef"), duration_ns, &seen, &r);
      check(&seen, &r);
      cr_result_fini(&r);
      if (seen.n_pad > 3)
        break;
    }
    cuda_load_fini(&l);
  }
}

/* --- jobs --------------------------------------------------------------------------------------------------------- */

/* Alone and in turns.  Under the thread sanitizer each op is launched some 15 us late, and noticed as late. */
static void iterations_of_a_program_take_its_time(void **state)
{
  (void)state;
  static const char *const policy[] = {"fifo", "streams", "fair"};
  enum { N = 20 };
  const double most = T_HOST_IS_SLOW ? 1.5 : 1.05;
  struct cuda_load l;
  cuda_load_begin(&l);
  cr_model eager = add_eager(&l);
  for (int i = 0; i < N_CLIENT; i++) /* RT is not looked at */
    load_add(l.builder, load_job(i == RT ? "zero" : i == ONE ? "one" : "two", eager, 0, N));
  l.device.constant[CR_GPU_PROFILER_CALL] = 0;
  l.device.mem_bytes = 1 << 20;
  cuda_load_seal(&l, NULL);
  for (int i = 0; i < 3; i++)
    for (int is_near = 0, n_try = 0; !is_near; n_try++) {
      struct seen seen;
      struct cr_result r;
      run(&l, found(policy[i]), CR_NS_NEVER, &seen, &r);
      assert_false(seen.is_early);
      assert_false(seen.is_disordered);
      cr_ns least_ns = cr_min_ns(seen.least_ns[ONE], seen.least_ns[TWO]), wanted_ns = (i < 2 ? 1 : N_CLIENT) * WORK_NS;
      for (uint32_t c = ONE; c < N_CLIENT; c++) {
        assert_int_equal(r.job[c].how, CR_JOB_DONE);
        assert_true(r.job[c].used_ns >= (cr_ns)(0.97 * N * WORK_NS));
        for (uint32_t k = 0; k < N_OP; k++)
          assert_int_equal(seen.n_op[c][k], N);
      }
      is_near = least_ns < (cr_ns)(most * (double)(wanted_ns + KERNEL_NS));
      cr_result_fini(&r);
      if (n_try == 100)
        fail_msg("%s: iterations come %.3f ms apart, not %.3f", policy[i], (double)least_ns / 1e6,
                 (double)wanted_ns / 1e6);
    }
  cuda_load_fini(&l);
}

/* --- what goes wrong ---------------------------------------------------------------------------------------------- */

static void check_failure(const char *policy, const char *fault, int rc, const char *sentence)
{
  struct cuda_load l;
  struct cr_result r;
  struct cr_err err = {""};
  load_programs(&l, 1, 500, fault);
  struct cr_core_cfg cfg = cuda_load_cfg(&l, policy);
  cfg.duration_ns = 20000000000;
  int got = cr_core_run(&cfg, &r, &err);
  if (got == CR_OK || got == CR_ERUN)
    cr_result_fini(&r);
  if (got != rc || !strstr(err.text, sentence))
    fail_msg("%s: wanted %d and %s\ngot %d and %s", fault ? fault : policy, rc, sentence, got, err.text);
  cuda_load_fini(&l);
}

static void a_launch_that_fails_ends_the_run(void **state)
{
  (void)state;
  check_failure("streams", "launch=40", CR_ERUN, "the launch of an op: unspecified launch failure");
  check_failure("reef-n", "launch=400", CR_ERUN, "the launch of an op: unspecified launch failure");
}

int main(void)
{
  const struct CMUnitTest test[] = {
    cmocka_unit_test(nothing_begins_before_it_is_due),
    cmocka_unit_test(a_program_takes_the_time_of_its_own_work),
    cmocka_unit_test(a_longer_run_allocates_nothing_more),
    cmocka_unit_test(ranges_of_one_stream_stay_in_order),
    cmocka_unit_test(preempted_programs_go_on_where_they_were),
    cmocka_unit_test(launches_of_a_program_are_padded),
    cmocka_unit_test(iterations_of_a_program_take_its_time),
    cmocka_unit_test(a_launch_that_fails_ends_the_run),
  };
  return cmocka_run_group_tests(test, NULL, NULL);
}
