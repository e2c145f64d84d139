/* t_engine_stops.c - preemption worked by hand where more than a stream's own ops matter: several streams and devices, real-time
 * requests after a reset, eager programs, jobs. */
#include "config.h"

#include "tests/rig.h"
#include "tests/t.h"

/* --- several streams ---------------------------------------------------------------------------------------------- */

/* Two requests of ops of two blocks, side by side: one of an ideal queue from 0 on, one of a queue of 5 from 30 on. */
static void pair(struct rig *r, cr_ns clear_ns, uint32_t n_op, enum cr_reclaim reclaim, uint32_t device)
{
  rig_init_stops(r);
  rig_price(r, CR_GPU_CLEAR, clear_ns);
  rig_add(r, rig_kernel(2, 1000), 1);
  rig_add(r, rig_kernel(2, 1000), n_op);
  rig_open(r);
  rig_stream(r, 0, 0);
  rig_stream_of(r, (struct cr_act){.device = device, .queue = 5, .reclaim = (uint32_t)reclaim});
  rig_launch(r, 0, 0, 1, 0);
  rig_launch(r, 1, 0, n_op, 1);
  rig_run(r, 150);
}

static void streams_stopped_at_one_instant_share_the_stops(void **state)
{
  (void)state;
  static struct rig r;
  pair(&r, 20, 1, CR_RECLAIM_LATER, 0);
  rig_preempt(&r, 0, CR_CAP_KILL); /* cleared by 190, killed at 197, 5 stops more */
  rig_preempt(&r, 1, CR_CAP_KILL);
  rig_run(&r, CR_NS_NEVER);
  rig_expect(&r, "214 back 0 op 0 handed 1 lost 197 by kill reached 0\n"
                 "214 back 1 op 0 handed 1 lost 167 by kill reached 0\n");
  rig_fini(&r);
  pair(&r, 20, 8, CR_RECLAIM_NOW, 0); /* 3 of 8 are dropped: cleared by 193, killed at 200; 4 give up, 7 each */
  rig_preempt(&r, 0, CR_CAP_KILL);
  rig_preempt(&r, 1, CR_CAP_KILL);
  rig_run(&r, CR_NS_NEVER);
  rig_expect(&r, "217 back 0 op 0 handed 1 lost 200 by kill reached 0\n"
                 "230 back 1 op 0 handed 5 lost 170 by kill reached 0\n");
  rig_fini(&r);
  pair(&r, 20, 1, CR_RECLAIM_NOW, 0); /* by different means: one kill of one op, but all clears */
  rig_preempt(&r, 1, CR_CAP_EVICT);
  rig_preempt(&r, 0, CR_CAP_KILL);
  rig_run(&r, CR_NS_NEVER);
  rig_expect(&r, "202 back 0 op 0 handed 1 lost 197 by kill reached 0\n1030 done 1 op 1 reached 0\n");
  rig_fini(&r);
}

static void streams_stopped_one_after_the_other_do_not(void **state)
{
  (void)state;
  static struct rig r;
  pair(&r, 20, 1, CR_RECLAIM_LATER, 0);
  rig_preempt(&r, 0, CR_CAP_KILL); /* cleared by 170, killed at 177, one more */
  rig_run(&r, 151);
  rig_preempt(&r, 1, CR_CAP_KILL); /* 171, 178, five more */
  rig_run(&r, CR_NS_NEVER);
  rig_expect(&r, "182 back 0 op 0 handed 1 lost 177 by kill reached 0\n"
                 "195 back 1 op 0 handed 1 lost 148 by kill reached 0\n");
  rig_fini(&r);
}

static void devices_are_stopped_each_for_itself(void **state)
{
  (void)state;
  static struct rig r;
  pair(&r, 20, 1, CR_RECLAIM_LATER, 1);
  rig_preempt(&r, 0, CR_CAP_KILL);
  rig_preempt(&r, 1, CR_CAP_KILL);
  rig_run(&r, CR_NS_NEVER);
  rig_expect(&r, "182 back 0 op 0 handed 1 lost 177 by kill reached 0\n"
                 "194 back 1 op 0 handed 1 lost 147 by kill reached 0\n");
  assert_int_equal(r.sms_busy[0] + r.sms_busy[1], 0);
  rig_fini(&r);
}

/* Where nobody is told of each instant, a device goes on alone as long as nothing happens on another one. */
static void devices_that_change_at_one_instant_go_on(void **state)
{
  (void)state;
  static struct rig r;
  rig_init_stops(&r);
  rig_add(&r, rig_kernel(8, 100), 1);
  rig_add(&r, rig_kernel(12, 100), 1);
  r.observer.on_use = NULL;
  rig_open(&r);
  for (uint32_t i = 0; i < 2; i++) {
    rig_stream(&r, i, 0);
    rig_launch(&r, i, 0, 1, i);
  }
  rig_run(&r, CR_NS_NEVER);
  rig_expect(&r, "200 done 0 op 1 reached 0\n300 done 1 op 1 reached 0\n");
  rig_fini(&r);
}

static void the_device_evicts_one_kernel_at_a_time(void **state)
{
  (void)state;
  static struct rig r;
  rig_init_stops(&r);
  rig_price(&r, CR_GPU_EVICT_SERIAL, 40);
  for (int i = 0; i < 2; i++)
    rig_add(&r, rig_kernel(2, 100), 9);
  rig_open(&r);
  for (uint32_t i = 0; i < 2; i++) {
    rig_stream(&r, 0, 5);
    rig_launch(&r, i, 0, 9, i);
  }
  rig_run(&r, 90); /* four are pushed behind each, all of which give up from 130 on: 160 and 160 */
  rig_preempt(&r, 0, CR_CAP_EVICT);
  rig_preempt(&r, 1, CR_CAP_EVICT);
  rig_run(&r, CR_NS_NEVER);
  rig_expect(&r, "292 back 0 op 1 handed 5 by evict reached 0\n452 back 1 op 1 handed 5 by evict reached 0\n");
  rig_fini(&r);
}

/* --- a real-time request after a reset ---------------------------------------------------------------------------- */

static void rt_requests_never_wait_for_blocks_after_a_reset(void **state)
{
  (void)state;
  for (uint32_t queue = 0; queue < 5; queue++)
    for (int kill = 0; kill < 2; kill++)
      for (cr_ns at_ns = 1; at_ns < 500; at_ns += 7) {
        static struct rig r;
        rig_init_stops(&r);
        rig_add(&r, rig_kernel(10, 100), 8);
        rig_add(&r, rig_kernel(3, 50), 9);
        rig_add(&r, rig_kernel(4, 25), 1);
        rig_open(&r);
        for (uint32_t i = 0; i < 2; i++) {
          rig_stream(&r, 0, queue);
          rig_launch(&r, i, 0, i ? 9 : 8, i);
        }
        rig_stream_of(&r, (struct cr_act){.priority = -1});
        rig_run(&r, at_ns);
        rig_preempt(&r, 0, kill ? CR_CAP_KILL : CR_CAP_EVICT);
        rig_preempt(&r, 1, kill ? CR_CAP_KILL : CR_CAP_EVICT);
        rig_run(&r, CR_NS_NEVER);
        assert_int_equal(r.sms_busy[0], 0);
        cr_ns now_ns = r.now_ns;
        rig_launch(&r, 2, 0, 1, 2);
        rig_run(&r, CR_NS_NEVER);
        assert_int_equal(r.now_ns, now_ns + 25);
        rig_fini(&r);
      }
}

/* --- eager programs ----------------------------------------------------------------------------------------------- */

static void eager(struct rig *r, uint32_t queue, cr_ns op_ns)
{
  struct cr_op_spec op = rig_kernel(4, op_ns);
  op.launch_ns = 50;
  op.calls = 1;
  rig_init_stops(r);
  rig_add(r, op, 6);
  rig_open(r);
  rig_stream(r, 0, queue);
  rig_launch(r, 0, 0, 6, 0);
}

static void a_program_that_was_about_to_launch_is_given_back(void **state)
{
  (void)state;
  static const struct {
    enum cr_cap how;
    const char *want;
    cr_ns again_ns;
  } is[] = {
    /* op 0 runs from 50 to 60, the call of op 1 comes at 100; again from op 1 on, a call 50 ns later */
    {CR_CAP_PARK, "70 back 0 op 1 by park reached 0\n", 120},
    {CR_CAP_EVICT, "82 back 0 op 1 by evict reached 0\n", 138},
    {CR_CAP_KILL, "92 back 0 op 1 by kill reached 0\n", 148},
  };
  for (int i = 0; i < 3; i++) {
    static struct rig r;
    char want[40];
    eager(&r, 0, 10);
    rig_run(&r, 70);
    rig_preempt(&r, 0, is[i].how);
    rig_run(&r, CR_NS_NEVER);
    rig_expect(&r, is[i].want);
    rig_launch(&r, 0, 1, 5, 0);
    rig_run(&r, CR_NS_NEVER);
    snprintf(want, sizeof want, "%d-%d", (int)is[i].again_ns, (int)is[i].again_ns + 10);
    rig_expect_spans(&r, 0, 1, want);
    rig_fini(&r);
  }
}

static void calls_that_were_not_made_are_not_in_the_device_queue(void **state)
{
  (void)state;
  static struct rig r;
  eager(&r, 4, 100); /* op 0 from 80 to 180; op 1 called at 100, op 2 at 150 */
  rig_run(&r, 120);
  rig_preempt(&r, 0, CR_CAP_EVICT);
  rig_run(&r, CR_NS_NEVER);
  rig_expect(&r, "191 back 0 op 1 handed 2 by evict reached 0\n");
  rig_fini(&r);
  eager(&r, 4, 100);
  rig_run(&r, 120);
  rig_preempt(&r, 0, CR_CAP_PARK);
  rig_run(&r, CR_NS_NEVER);
  rig_expect(&r, "280 back 0 op 2 by park reached 0\n");
  rig_fini(&r);
}

/* --- jobs --------------------------------------------------------------------------------------------------------- */

/* Iterations of two ops, 0-200, 250-450, ..; and what waits behind. */
static void job(struct rig *r, uint32_t queue, cr_ns at_ns)
{
  rig_init_stops(r);
  rig_add_job(r, rig_kernel(4, 100), 2, 3, 50);
  rig_add(r, rig_kernel(4, 100), 2);
  rig_open(r);
  rig_stream(r, 0, queue);
  rig_launch(r, 0, 0, 6, 0);
  rig_launch(r, 1, 0, 2, 0);
  rig_run(r, at_ns);
}

static void an_iteration_of_a_job_starts_over(void **state)
{
  (void)state;
  static const struct {
    cr_ns at_ns;
    enum cr_cap how;
    const char *want;
  } is[] = {
    {50, CR_CAP_PARK, "50 back 1 op 0 by park\n200 back 0 op 2 by park reached 0\n"},
    {50, CR_CAP_EVICT, "102 back 0 op 0 handed 1 by evict reached 0\n102 back 1 op 0 by evict\n"},
    {150, CR_CAP_EVICT, "202 back 0 op 2 by evict reached 0\n202 back 1 op 0 by evict\n"},
    {300, CR_CAP_EVICT, "352 back 0 op 2 handed 3 by evict reached 0\n352 back 1 op 0 by evict\n"},
    {50, CR_CAP_KILL, "72 back 0 op 0 handed 1 lost 67 by kill reached 0\n72 back 1 op 0 by kill\n"},
    {300, CR_CAP_KILL, "322 back 0 op 2 handed 3 lost 67 by kill reached 0\n322 back 1 op 0 by kill\n"},
    /* thinking since 200: at once; reached later by as much */
    {220, CR_CAP_PARK, "220 back 1 op 0 by park\n220 back 0 op 2 by park reached 20\n"},
    {220, CR_CAP_EVICT, "220 back 1 op 0 by evict\n220 back 0 op 2 by evict reached 20\n"},
    {220, CR_CAP_KILL, "220 back 1 op 0 by kill\n220 back 0 op 2 by kill reached 20\n"},
    /* the last one */
    {650, CR_CAP_EVICT, "700 done 0 op 6 reached 0\n702 back 1 op 0 by evict\n"},
  };
  for (size_t i = 0; i < sizeof is / sizeof is[0]; i++) {
    static struct rig r;
    job(&r, 0, is[i].at_ns);
    rig_preempt(&r, 0, is[i].how);
    rig_run(&r, CR_NS_NEVER);
    rig_expect(&r, is[i].want);
    rig_launch(&r, 1, 0, 2, 0);
    rig_run(&r, CR_NS_NEVER);
    rig_fini(&r);
  }
}

static void ops_behind_a_job_are_not_in_the_device_queue(void **state)
{
  (void)state;
  static struct rig r;
  job(&r, 8, 150); /* 30-130, 130-230 */
  rig_preempt(&r, 0, CR_CAP_EVICT);
  rig_run(&r, CR_NS_NEVER);
  rig_expect(&r, "232 back 0 op 2 by evict reached 0\n232 back 1 op 0 by evict\n");
  rig_fini(&r);
}

static void a_job_is_parked_between_two_launches(void **state)
{
  (void)state;
  static struct rig r;
  job(&r, 1, 135); /* op 1 is to be launched at 140 */
  rig_preempt(&r, 0, CR_CAP_PARK);
  rig_run(&r, CR_NS_NEVER);
  rig_expect(&r, "135 back 1 op 0 by park\n270 back 0 op 2 by park reached 0\n");
  rig_fini(&r);
}

static void a_job_that_thinks_during_an_evict_can_be_killed(void **state)
{
  (void)state;
  static struct rig r;
  job(&r, 0, 195);
  rig_preempt(&r, 0, CR_CAP_EVICT); /* flag 205; it thinks from 200 on */
  rig_run(&r, 202);
  rig_preempt(&r, 0, CR_CAP_KILL); /* kill 219, more 222 */
  rig_run(&r, CR_NS_NEVER);
  rig_expect(&r, "224 back 0 op 2 by kill reached 0\n224 back 1 op 0 by kill\n");
  rig_launch(&r, 0, 2, 4, 0);
  rig_launch(&r, 1, 0, 2, 0);
  rig_run(&r, CR_NS_NEVER);
  rig_expect(&r, "680 done 0 op 6 reached 224\n880 done 1 op 2 reached 680\n");
  rig_fini(&r);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(streams_stopped_at_one_instant_share_the_stops),
    cmocka_unit_test(streams_stopped_one_after_the_other_do_not),
    cmocka_unit_test(devices_are_stopped_each_for_itself),
    cmocka_unit_test(devices_that_change_at_one_instant_go_on),
    cmocka_unit_test(the_device_evicts_one_kernel_at_a_time),
    cmocka_unit_test(rt_requests_never_wait_for_blocks_after_a_reset),
    cmocka_unit_test(a_program_that_was_about_to_launch_is_given_back),
    cmocka_unit_test(calls_that_were_not_made_are_not_in_the_device_queue),
    cmocka_unit_test(an_iteration_of_a_job_starts_over),
    cmocka_unit_test(ops_behind_a_job_are_not_in_the_device_queue),
    cmocka_unit_test(a_job_is_parked_between_two_launches),
    cmocka_unit_test(a_job_that_thinks_during_an_evict_can_be_killed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
