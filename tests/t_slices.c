/* t_slices.c - time slicing against hand-worked turns, with an inner model in which every op takes as long as recorded. */
#include "config.h"

#include "sim/slices.h"
#include "sim/core.h"
#include "sim/mem.h"
#include "tests/load.h"
#include "tests/t.h"

#include "policies/list.h"

enum { STREAMS = 4, OPS = 8 };

static const cr_ns us = 1000;

/* --- a device on which ops run side by side, each as long as recorded ----------------------------------------------- */

struct plain {
  const struct cr_op_spec *op;
  cr_ns now_ns, start_ns[STREAMS], end_ns[STREAMS]; /* CR_NS_NEVER: idle */
  uint32_t running[STREAMS];
  double busy_ns;
};

static int plain_make(const struct cr_device_model_cfg *cfg, void **self, struct cr_err *err)
{
  struct plain *p = cr_mem_new(1, sizeof *p);
  if (!p)
    return cr_fail_nomem(err, "a device");
  p->op = cfg->op;
  for (uint32_t i = 0; i < STREAMS; i++)
    p->end_ns[i] = CR_NS_NEVER;
  *self = p;
  return CR_OK;
}

static void plain_free(void *self)
{
  cr_mem_free(self);
}

static void plain_set_priority(void *self, uint32_t stream, int32_t priority)
{
  (void)self, (void)stream, (void)priority;
}

static void plain_set_share(void *self, uint32_t stream, uint32_t group, uint32_t sms)
{
  (void)self, (void)stream, (void)group, (void)sms;
}

static void plain_start(void *self, uint32_t stream, uint32_t op, cr_ns from_ns, cr_ns launched_ns)
{
  struct plain *p = self;
  assert_true(p->end_ns[stream] == CR_NS_NEVER);
  p->start_ns[stream] = cr_max_ns(from_ns, launched_ns);
  p->end_ns[stream] = p->start_ns[stream] + p->op[op].duration_ns;
  p->running[stream] = op;
}

static cr_ns plain_next_ns(const void *self)
{
  const struct plain *p = self;
  cr_ns next_ns = CR_NS_NEVER;
  for (uint32_t i = 0; i < STREAMS; i++)
    next_ns = cr_min_ns(next_ns, p->end_ns[i]);
  return next_ns;
}

static uint32_t plain_advance(void *self, cr_ns to_ns, struct cr_gpu_end *out, uint32_t cap)
{
  struct plain *p = self;
  uint32_t n = 0;
  assert_true(to_ns >= p->now_ns);           /* its clock never runs backwards */
  assert_true(to_ns <= plain_next_ns(self)); /* nor past an end */
  if (plain_next_ns(self) != CR_NS_NEVER)
    p->busy_ns += (double)(to_ns - p->now_ns);
  p->now_ns = to_ns;
  for (uint32_t i = 0; i < STREAMS && n < cap; i++)
    if (p->end_ns[i] == to_ns) {
      p->end_ns[i] = CR_NS_NEVER;
      out[n++] = (struct cr_gpu_end){.stream = i, .op = p->running[i], .start_ns = p->start_ns[i]};
    }
  return n;
}

static void plain_settle(void *self)
{
  (void)self;
}

static void plain_use(const void *self, struct cr_use *out)
{
  *out = (struct cr_use){.busy_ns = ((const struct plain *)self)->busy_ns};
}

static void plain_occupied(const void *self, uint32_t *sms_busy, uint32_t *warps)
{
  *sms_busy = *warps = plain_next_ns(self) != CR_NS_NEVER;
}

static const struct cr_device_model_ops plain = {
  .name = "plain",
  .about = "ops as long as recorded",
  .make = plain_make,
  .free = plain_free,
  .set_priority = plain_set_priority,
  .set_share = plain_set_share,
  .start = plain_start,
  .next_ns = plain_next_ns,
  .advance = plain_advance,
  .settle = plain_settle,
  .use = plain_use,
  .occupied = plain_occupied,
};

/* --- a case: ops given at their times, and when they started and ended ---------------------------------------------- */

struct given {
  uint32_t stream;
  cr_ns at_ns, launched_ns, duration_ns;
};

struct spans {
  cr_ns start_ns[OPS], end_ns[OPS];
  struct cr_use use;
};

static struct cr_slices *slices(const struct cr_device_model_cfg *cfg, const uint32_t *process_of,
                                const cr_ns *slice_ns)
{
  struct cr_slices *s = NULL;
  struct cr_err err;
  assert_int_equal(cr_slices_new(cfg, &plain, 100 * us, 40 * us, &s, &err), CR_OK);
  for (uint32_t i = 0; i < STREAMS; i++)
    assert_int_equal(cr_slices_add_process(s, slice_ns ? slice_ns[i] : 1000 * us, &err), CR_OK);
  for (uint32_t i = 0; i < STREAMS; i++)
    cr_slices_put(s, i, process_of ? process_of[i] : i);
  return s;
}

/* Slices of 1 ms, switches of 100 us, or 40 us from an idle owner; each stream a process of its own, unless said otherwise. */
static struct spans run(const struct given *given, uint32_t n, const uint32_t *process_of, const cr_ns *slice_ns)
{
  struct spans spans = {0};
  struct cr_op_spec op[OPS] = {{0}};
  for (uint32_t i = 0; i < n; i++)
    op[i].duration_ns = given[i].duration_ns;
  const struct cr_device_model_cfg cfg = {.op = op, .n_op = n, .n_stream = STREAMS};
  struct cr_slices *s = slices(&cfg, process_of, slice_ns);
  const struct cr_device_model_ops *d = &cr_device_slices;
  uint32_t next = 0, ended = 0;
  for (cr_ns now_ns = 0; ended < n;) {
    cr_ns given_ns = next < n ? given[next].at_ns : CR_NS_NEVER, due_ns = d->next_ns(s);
    assert_true(due_ns >= now_ns);
    now_ns = cr_min_ns(due_ns, given_ns);
    assert_true(now_ns != CR_NS_NEVER);
    struct cr_gpu_end end[STREAMS];
    uint32_t n_end = d->advance(s, now_ns, end, STREAMS);
    for (uint32_t i = 0; i < n_end; i++, ended++) {
      spans.start_ns[end[i].op] = end[i].start_ns;
      spans.end_ns[end[i].op] = now_ns;
    }
    for (; next < n && given[next].at_ns == now_ns; next++)
      d->start(s, given[next].stream, next, given[next].at_ns, given[next].launched_ns);
    d->settle(s);
  }
  d->use(s, &spans.use);
  d->free(s);
  return spans;
}

#define RUN(given) run(given, sizeof(given) / sizeof(given)[0], NULL, NULL)

/* --- claims --------------------------------------------------------------------------------------------------------- */

static void a_process_alone_never_waits(void **state)
{
  (void)state;
  const struct given given[] = {{0, 50 * us, 0, 12345 * us}};
  struct spans s = RUN(given);
  assert_int_equal(s.start_ns[0], 50 * us);
  assert_int_equal(s.end_ns[0], 12395 * us);
}

/* 0: 0-1000, 2200-3200, 4400-4900; 1: 1100-2100, 3300-4300, and the rest after the first has left. */
static void two_processes_with_work_take_turns(void **state)
{
  (void)state;
  const struct given given[] = {{0, 0, 0, 2500 * us}, {1, 0, 0, 2700 * us}};
  struct spans s = RUN(given);
  assert_int_equal(s.end_ns[0], 4900 * us);
  assert_int_equal(s.start_ns[1], 1100 * us);
  assert_int_equal(s.end_ns[1], 4900 * us + 40 * us + 700 * us);
  assert_near(s.use.busy_ns, 5200e3, 1);
}

static void an_idle_owner_hands_over_at_once(void **state)
{
  (void)state;
  const struct given given[] = {{0, 0, 0, 300 * us}, {1, 0, 0, 200 * us}, {2, 0, 0, 200 * us}};
  struct spans s = RUN(given);
  assert_int_equal(s.end_ns[0], 300 * us);
  assert_int_equal(s.start_ns[1], 340 * us);
  assert_int_equal(s.end_ns[2], 780 * us);
}

static void an_owner_that_comes_back_first_needs_no_switch(void **state)
{
  (void)state;
  const struct given given[] = {{0, 0, 0, 300 * us}, {0, 5000 * us, 0, 300 * us}};
  struct spans s = RUN(given);
  assert_int_equal(s.end_ns[1], 5300 * us);
}

/* The newcomer waits for the end of the slice that is under way, counted from when the owner began it. */
static void a_newcomer_waits_for_the_end_of_the_slice(void **state)
{
  (void)state;
  const struct given given[] = {{0, 0, 0, 9000 * us}, {1, 2300 * us, 0, 100 * us}};
  struct spans s = RUN(given);
  assert_int_equal(s.start_ns[1], 3100 * us);
  assert_int_equal(s.end_ns[1], 3200 * us);
  assert_int_equal(s.end_ns[0], 9000 * us + 240 * us);
}

static void turns_go_round_and_pass_over_the_idle(void **state)
{
  (void)state;
  const struct given given[] = {{3, 0, 0, 1500 * us}, {0, 0, 0, 1500 * us}, {2, 0, 0, 1500 * us}};
  struct spans s = RUN(given);
  assert_int_equal(s.start_ns[1], 0);         /* 0-1000, 3300-3800 */
  assert_int_equal(s.start_ns[2], 1100 * us); /* -2100, 3840-4340 */
  assert_int_equal(s.start_ns[0], 2200 * us); /* -3200, 4380-4880 */
  assert_int_equal(s.end_ns[1], 3800 * us);
  assert_int_equal(s.end_ns[2], 4340 * us);
  assert_int_equal(s.end_ns[0], 4880 * us);
}

static void streams_of_one_process_run_together(void **state)
{
  (void)state;
  const uint32_t process_of[STREAMS] = {0, 0, 1, 1};
  const struct given given[] = {{0, 0, 0, 1500 * us}, {1, 0, 0, 1500 * us}, {2, 0, 0, 1500 * us}};
  struct spans s = run(given, 3, process_of, NULL);
  assert_int_equal(s.end_ns[0], 2700 * us);
  assert_int_equal(s.end_ns[1], 2700 * us);
  assert_int_equal(s.end_ns[2], 3240 * us);
}

/* Until its launch call is made an op is no work: the process is passed over, and its host goes on beside others. */
static void a_launch_to_come_is_no_work(void **state)
{
  (void)state;
  const struct given given[] = {{0, 0, 0, 3000 * us}, {1, 0, 1500 * us, 100 * us}};
  struct spans s = RUN(given);
  assert_int_equal(s.start_ns[1], 2100 * us);
  assert_int_equal(s.end_ns[0], 3240 * us);
}

static void each_process_has_its_own_slice(void **state)
{
  (void)state;
  const cr_ns slice_ns[STREAMS] = {200 * us, 1000 * us, 1000 * us, 1000 * us};
  const struct given given[] = {{0, 0, 0, 600 * us}, {1, 0, 0, 2500 * us}};
  struct spans s = run(given, 2, NULL, slice_ns);
  assert_int_equal(s.start_ns[1], 300 * us); /* 300-1300, 1700-2700, 3040-3540 */
  assert_int_equal(s.end_ns[0], 3000 * us);  /* 0-200, 1400-1600, 2800-3000 */
  assert_int_equal(s.end_ns[1], 3540 * us);
}

/* --- the whole simulator -------------------------------------------------------------------------------------------- */

/* Period of each of n closed clients of one model of ten kernels of 40 us. */
static void periods(const char *policy, const char *options, uint32_t n, double *period_ns)
{
  struct cr_workload_builder *b = cr_workload_builder_new();
  cr_model m = load_model(b, "m", 10, 40 * us);
  for (uint32_t i = 0; i < n; i++) {
    char name[8];
    snprintf(name, sizeof name, "c%u", i);
    load_add(b, load_closed(name, m, CR_BE, 2));
  }
  struct cr_core_cfg cfg = load_cfg(load_seal(b), cr_policy_find(policy, strlen(policy)));
  struct cr_device_desc device = load_gpu("round", 4);
  device.sm_blocks = 1;
  device.sm_partitions = 4;
  device.constant[CR_GPU_SLICE] = 2000;
  device.constant[CR_GPU_SLICE_SWITCH] = 200;
  device.constant[CR_GPU_SLICE_YIELD] = 100;
  const struct cr_machine machine = {.n_device = 1, .device = &device};
  cfg.machine = &machine;
  cfg.backend = &cr_backend_sim;
  cfg.policy_options = options;
  cfg.duration_ns = 2000000 * us;
  struct cr_result r;
  struct cr_err err = {""};
  if (cr_core_run(&cfg, &r, &err) != CR_OK)
    fail_msg("%s", err.text);
  for (uint32_t i = 0; i < n; i++)
    period_ns[i] = cr_hist_mean(r.client[i].metric[CR_PERIOD]);
  cr_result_fini(&r);
  cr_workload_builder_free(b);
}

static void timeslice_alone_is_streams_alone(void **state)
{
  (void)state;
  double streams, sliced;
  periods("streams", NULL, 1, &streams);
  periods("timeslice", NULL, 1, &sliced);
  assert_near(streams, 400e3, 1);
  assert_near(sliced, streams, 1e-6);
}

/* n processes with work: each gets slice / (n (slice + switch)) of the device, and no work is lost at a switch. */
static void busy_processes_get_equal_shares_less_the_switches(void **state)
{
  (void)state;
  for (uint32_t n = 2; n <= 4; n++) {
    double period_ns[4];
    periods("timeslice", NULL, n, period_ns);
    for (uint32_t i = 0; i < n; i++)
      assert_near(period_ns[i] / 400e3, n * 2200.0 / 2000, 0.02);
    periods("timeslice", "quantum=500us", n, period_ns);
    for (uint32_t i = 0; i < n; i++)
      assert_near(period_ns[i] / 400e3, n * 700.0 / 500, 0.02);
  }
}

static void mps_without_a_limit_is_streams(void **state)
{
  (void)state;
  double streams[3], mps[3];
  periods("streams", NULL, 3, streams);
  periods("mps", NULL, 3, mps);
  for (uint32_t i = 0; i < 3; i++)
    assert_near(mps[i], streams[i], 1e-6);
}

/* --- what is refused ------------------------------------------------------------------------------------------------ */

static int wrong_init(struct cr_policy *p, struct cr_err *err)
{
  (void)err;
  cr_stream s = cr_stream_new(p, (cr_device){0}, 0);
  cr_process(p, (cr_stream){7}, 0, CR_NS_NEVER); /* no such stream */
  cr_process(p, s, CR_PROCESS_MAX, CR_NS_NEVER); /* no such number */
  cr_process(p, s, 0, 0);                        /* no time */
  cr_share(p, s, 0);                             /* no share */
  cr_share(p, s, CR_SHARE_ALL + 1);              /* more than all */
  cr_share(p, s, 250000);
  return CR_OK;
}

static void wrong_on_request(struct cr_policy *p, cr_request r)
{
  cr_process(p, (cr_stream){0}, 1, CR_NS_NEVER); /* too late */
  cr_share(p, (cr_stream){0}, CR_SHARE_ALL);     /* never too late */
  cr_launch(p, r, CR_ALL, (cr_stream){0});
}

static void what_cannot_be_is_refused_with_its_reason(void **state)
{
  (void)state;
  const struct cr_policy_ops wrong = {
    .abi = CR_POLICY_ABI,
    .name = "wrong",
    .about = "asks for processes and shares that cannot be",
    .needs = CR_CAP_PROCESS | CR_CAP_SHARE,
    .init = wrong_init,
    .on_request = wrong_on_request,
  };
  struct cr_workload_builder *b = cr_workload_builder_new();
  struct cr_client_spec once = load_closed("c", load_model(b, "m", 1, 40 * us), CR_BE, 1);
  once.max_requests = 1;
  load_add(b, once);
  struct cr_core_cfg cfg = load_cfg(load_seal(b), &wrong);
  struct load_record record = {0};
  cfg.strict = 0;
  cfg.ledger = load_record(&record);
  struct cr_result r;
  struct cr_err err = {""};
  assert_int_equal(cr_core_run(&cfg, &r, &err), CR_OK);
  assert_int_equal(r.n_refused, 6);
  load_expect(&record, "0   stream 0 device 0 priority 0\n"
                       "0   process 0 stream 7\n"
                       "0   refused: there is no such stream\n"
                       "0   process 1048576 stream 0\n"
                       "0   refused: a process is a number below 1048576, with a time slice above 0\n"
                       "0   process 0 stream 0 slice 0\n"
                       "0   refused: a process is a number below 1048576, with a time slice above 0\n"
                       "0   share 0 ppm 0\n"
                       "0   refused: a share is from 1 to 1000000 ppm\n"
                       "0   share 0 ppm 1000001\n"
                       "0   refused: a share is from 1 to 1000000 ppm\n"
                       "0   share 0 ppm 250000\n"
                       "0 client 0\n"
                       "0 request 0 client 0 arrived 0\n"
                       "0   process 1 stream 0\n"
                       "0   refused: streams are made and put into processes in init and on_client only\n"
                       "0   share 0 ppm 1000000\n"
                       "0   launch 0 all ops stream 0\n"
                       "40000 done 0 next 1 reached 0\n");
  load_record_fini(&record);
  cr_result_fini(&r);
  cr_workload_builder_free(b);
}

/* One block an SM: a kernel of 4 blocks takes 4 turns on a quarter of 4 SMs, and on 1 %, rounded up to one. */
static void a_share_is_of_whole_sms(void **state)
{
  (void)state;
  double whole, quarter, least;
  periods("mps", NULL, 1, &whole);
  periods("mps", "percent=25", 1, &quarter);
  periods("mps", "percent=1", 1, &least);
  assert_near(quarter, 4 * whole, 1);
  assert_near(least, quarter, 1e-6);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_process_alone_never_waits),
    cmocka_unit_test(two_processes_with_work_take_turns),
    cmocka_unit_test(an_idle_owner_hands_over_at_once),
    cmocka_unit_test(an_owner_that_comes_back_first_needs_no_switch),
    cmocka_unit_test(a_newcomer_waits_for_the_end_of_the_slice),
    cmocka_unit_test(turns_go_round_and_pass_over_the_idle),
    cmocka_unit_test(streams_of_one_process_run_together),
    cmocka_unit_test(a_launch_to_come_is_no_work),
    cmocka_unit_test(each_process_has_its_own_slice),
    cmocka_unit_test(timeslice_alone_is_streams_alone),
    cmocka_unit_test(busy_processes_get_equal_shares_less_the_switches),
    cmocka_unit_test(mps_without_a_limit_is_streams),
    cmocka_unit_test(a_share_is_of_whole_sms),
    cmocka_unit_test(what_cannot_be_is_refused_with_its_reason),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
