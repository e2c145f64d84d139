/* t_engine_stop.c - preemption of one stream worked by hand: what comes back, when, how far it got and what the next launch waits
 * for. */
#include "config.h"

#include "tests/rig.h"
#include "tests/t.h"

/* n_op ops of `blocks` blocks and 100 ns a wave, launched at 0; preempted at at_ns; how it goes on from there. */
static void one(struct rig *r, uint32_t queue, uint32_t n_op, uint32_t blocks, cr_ns at_ns, enum cr_cap how)
{
  rig_init_stops(r);
  rig_add(r, rig_kernel(blocks, 100), n_op);
  rig_open(r);
  rig_stream(r, 0, queue);
  rig_launch(r, 0, 0, n_op, 0);
  rig_run(r, at_ns);
  rig_expect(r, "");
  rig_preempt(r, 0, how);
  rig_run(r, CR_NS_NEVER);
}

static void expect_one(uint32_t queue, uint32_t n_op, uint32_t blocks, cr_ns at_ns, enum cr_cap how, const char *story)
{
  static struct rig r;
  one(&r, queue, n_op, blocks, at_ns, how);
  rig_expect(&r, story);
  assert_int_equal(r.sms_busy[0], 0);
  rig_fini(&r);
}

/* --- one stream --------------------------------------------------------------------------------------------------- */

static void an_ideal_queue_holds_what_runs(void **state)
{
  (void)state;
  expect_one(0, 3, 4, 150, CR_CAP_PARK, "200 back 0 op 2 by park reached 0\n");
  /* op 1 ends at 200, sync */
  expect_one(0, 3, 4, 150, CR_CAP_EVICT, "202 back 0 op 2 by evict reached 0\n");
  /* flag 160, kill 167, kill_more 170, sync */
  expect_one(0, 3, 4, 150, CR_CAP_KILL, "172 back 0 op 1 handed 2 lost 67 by kill reached 0\n");
  /* the flag is seen at an end: the next op was there before, and gives up: 100 + evict + 4 blocks, sync */
  expect_one(0, 3, 4, 90, CR_CAP_EVICT, "102 back 0 op 1 by evict reached 0\n");
}

static void a_bounded_queue_holds_more(void **state)
{
  (void)state;
  /* Of 2: op 0 runs from 30 to 130; op 1, pushed at 20, from 130; op 2 is pushed at 140, op 3 at 240 */
  expect_one(2, 5, 4, 135, CR_CAP_PARK, "230 back 0 op 2 by park reached 0\n");
  expect_one(2, 5, 4, 150, CR_CAP_PARK, "330 back 0 op 3 by park reached 0\n");
  expect_one(2, 5, 4, 135, CR_CAP_EVICT, "232 back 0 op 2 by evict reached 0\n");
  /* op 2 gives up: 230 + 5 + 4, sync */
  expect_one(2, 5, 4, 150, CR_CAP_EVICT, "241 back 0 op 2 handed 3 by evict reached 0\n");
  /* flag 160, kill 167; kill_more until 173, op 2 gives up until 176; sync */
  expect_one(2, 5, 4, 150, CR_CAP_KILL, "178 back 0 op 1 handed 3 lost 37 by kill reached 0\n");
  /* Of 5: three more, 9 each, of which op 2 gets a 4th behind it at 140 */
  expect_one(5, 9, 4, 135, CR_CAP_EVICT, "259 back 0 op 2 handed 5 by evict reached 0\n");
  expect_one(5, 9, 4, 140, CR_CAP_EVICT, "268 back 0 op 2 handed 6 by evict reached 0\n");
  /* one that begins before its flag is seen runs: op 1 at 130, flag 135; 2 to 5 give up from 230 on */
  expect_one(5, 9, 4, 125, CR_CAP_EVICT, "259 back 0 op 2 handed 5 by evict reached 0\n");
  /* all in the device queue */
  expect_one(65536, 50, 4, 1050, CR_CAP_EVICT, "1483 back 0 op 11 handed 50 by evict reached 0\n");
}

static void what_the_host_has_not_launched_stays_with_it(void **state)
{
  (void)state;
  /* Of 1: op 0 ends at 130, op 1 is launched at 140 and could start at 170. */
  expect_one(1, 3, 4, 135, CR_CAP_PARK, "135 back 0 op 1 by park reached 0\n");
  expect_one(1, 3, 4, 135, CR_CAP_EVICT, "147 back 0 op 1 by evict reached 0\n");
  expect_one(1, 3, 4, 135, CR_CAP_KILL, "157 back 0 op 1 by kill reached 0\n");
  /* launched: it is finished, or gives up at the flag, or has begun by then */
  expect_one(1, 3, 4, 150, CR_CAP_PARK, "270 back 0 op 2 by park reached 0\n");
  expect_one(1, 3, 4, 150, CR_CAP_EVICT, "171 back 0 op 1 handed 2 by evict reached 0\n");
  expect_one(1, 3, 4, 165, CR_CAP_EVICT, "272 back 0 op 2 by evict reached 0\n");
  expect_one(1, 3, 4, 150, CR_CAP_KILL, "178 back 0 op 1 handed 2 by kill reached 0\n");
}

static void the_next_launch_follows_and_takes_the_flag_back(void **state)
{
  (void)state;
  static struct rig r;
  one(&r, 0, 3, 4, 150, CR_CAP_KILL);
  assert_int_equal(r.now_ns, 172);
  rig_launch(&r, 0, 1, 2, 0);
  rig_run(&r, CR_NS_NEVER);
  rig_expect(&r, "172 back 0 op 1 handed 2 lost 67 by kill reached 0\n"
                 "378 done 0 op 3 reached 172\n"); /* unflag once */
  rig_expect_spans(&r, 0, 1, "100-167(-4) 178-278");
  rig_expect_spans(&r, 0, 2, "278-378");
  rig_fini(&r);
  one(&r, 0, 3, 4, 150, CR_CAP_PARK);
  rig_launch(&r, 0, 2, 1, 0);
  rig_run(&r, CR_NS_NEVER);
  rig_expect(&r, "200 back 0 op 2 by park reached 0\n300 done 0 op 3 reached 200\n");
  rig_fini(&r);
  one(&r, 2, 5, 4, 150, CR_CAP_EVICT); /* launched at 241 + 6, fetched at 277 */
  rig_launch(&r, 0, 2, 3, 0);
  rig_run(&r, CR_NS_NEVER);
  rig_expect(&r, "241 back 0 op 2 handed 3 by evict reached 0\n577 done 0 op 5 reached 241\n");
  rig_expect_spans(&r, 0, 2, "277-377");
  rig_fini(&r);
}

static void an_op_that_is_put_back_has_not_taken_the_flag_back(void **state)
{
  (void)state;
  static struct rig r;
  one(&r, 1, 3, 4, 50, CR_CAP_EVICT); /* op 0 ends at 130 */
  rig_expect(&r, "132 back 0 op 1 by evict reached 0\n");
  rig_launch(&r, 0, 1, 2, 0); /* op 1 is to be launched at 140, when the host has seen that end */
  rig_preempt(&r, 0, CR_CAP_PARK);
  rig_expect(&r, "132 back 0 op 1 by park reached 132\n");
  rig_launch(&r, 0, 1, 2, 0);
  rig_run(&r, CR_NS_NEVER);
  rig_expect_spans(&r, 0, 1, "170-270");
  rig_fini(&r);
}

/* --- blocks ------------------------------------------------------------------------------------------------------- */

static void an_op_that_is_cut_goes_on_with_its_other_blocks(void **state)
{
  (void)state;
  static struct rig r;
  one(&r, 0, 2, 8, 50, CR_CAP_EVICT); /* 4 run until 100, 4 give up by 104 */
  rig_expect(&r, "106 back 0 op 0 block 4 handed 1 by evict reached 0\n");
  rig_launch_from(&r, 0, 0, 4, 2, 0);
  rig_run(&r, CR_NS_NEVER);
  rig_expect(&r, "412 done 0 op 2 reached 106\n");
  rig_expect_spans(&r, 0, 0, "0-100(-4) 112-212(-4)");
  rig_expect_spans(&r, 0, 1, "212-412");
  rig_fini(&r);
}

static void the_end_of_a_wave_loses_no_block(void **state)
{
  (void)state;
  for (uint32_t waves = 2; waves < 5; waves++) { /* the flag is seen at 100 */
    static struct rig r;
    char want[80];
    one(&r, 0, 1, 4 * waves, 90, CR_CAP_EVICT);
    snprintf(want, sizeof want, "%u back 0 op 0 block 4 handed 1 by evict reached 0\n", 102 + 4 * (waves - 1));
    rig_expect(&r, want);
    rig_expect_spans(&r, 0, 0, waves == 2 ? "0-100(-4)" : waves == 3 ? "0-100(-8)" : "0-100(-12)");
    rig_fini(&r);
  }
}

static void blocks_that_others_keep_out_are_counted_too(void **state)
{
  (void)state;
  static struct rig r;
  rig_init_stops(&r);
  rig_add(&r, rig_kernel(8, 100), 1);
  rig_add(&r, rig_kernel(4, 1000), 1);
  rig_open(&r);
  rig_stream(&r, 0, 0);
  rig_stream_of(&r, (struct cr_act){.priority = -1});
  rig_launch(&r, 0, 0, 1, 0);
  rig_run(&r, 50);
  rig_launch(&r, 1, 0, 1, 1); /* takes the SMs at 100 */
  rig_run(&r, 500);
  rig_preempt(&r, 0, CR_CAP_EVICT);
  rig_run(&r, CR_NS_NEVER);
  rig_expect(&r, "516 back 0 op 0 block 4 handed 1 by evict reached 0\n1100 done 1 op 1 reached 50\n");
  rig_expect_spans(&r, 0, 0, "0-510(-4)");
  rig_fini(&r);
}

static void slices_end_as_done_and_are_cut_like_ops(void **state)
{
  (void)state;
  static struct rig r;
  rig_init_stops(&r);
  rig_add(&r, rig_kernel(12, 100), 2);
  rig_add(&r, rig_kernel(4, 100), 1);
  rig_open(&r);
  rig_stream(&r, 0, 0);
  rig_slice(&r, 0, 0, 0, 3, 0);
  rig_run(&r, CR_NS_NEVER);
  rig_expect(&r, "100 done 0 op 0 block 3 reached 0\n");
  rig_slice(&r, 0, 0, 3, 8, 0);
  rig_launch(&r, 1, 0, 1, 0);
  rig_run(&r, 150);
  rig_preempt(&r, 0, CR_CAP_PARK); /* the slice is there, the other is not */
  rig_expect(&r, "150 back 1 op 0 by park\n");
  rig_run(&r, CR_NS_NEVER);
  rig_expect(&r, "300 done 0 op 0 block 11 reached 100\n");
  rig_slice(&r, 0, 0, 11, 1, 0);
  rig_run(&r, CR_NS_NEVER);
  rig_expect(&r, "400 done 0 op 1 reached 300\n");
  rig_slice(&r, 0, 1, 2, 9, 0);
  rig_run(&r, 450);
  rig_preempt(&r, 0, CR_CAP_EVICT); /* 5 give up from 500 on */
  rig_run(&r, CR_NS_NEVER);
  rig_expect(&r, "507 back 0 op 1 block 6 handed 2 by evict reached 400\n");
  rig_slice(&r, 0, 1, 6, 6, 0);
  rig_run(&r, 550);
  rig_preempt(&r, 0, CR_CAP_KILL); /* begun at 513; killed at 567, when 2 have yet to begin */
  rig_run(&r, CR_NS_NEVER);
  rig_expect(&r, "572 back 0 op 1 block 6 handed 2 lost 54 by kill reached 507\n");
  rig_slice(&r, 0, 1, 6, 6, 0);
  rig_run(&r, CR_NS_NEVER);
  rig_expect(&r, "778 done 0 op 2 reached 572\n");
  rig_expect_spans(&r, 0, 1, "400-500(-8) 513-567(-12) 578-778(-6)");
  rig_fini(&r);
}

/* --- what cannot be stopped --------------------------------------------------------------------------------------- */

static void an_op_that_must_not_run_twice_is_finished(void **state)
{
  (void)state;
  static struct rig r;
  struct cr_op_spec once = rig_kernel(8, 100);
  once.idempotent = CR_NO;
  rig_init_stops(&r);
  rig_add(&r, once, 3);
  rig_open(&r);
  rig_stream(&r, 0, 0);
  rig_launch(&r, 0, 0, 3, 0);
  rig_run(&r, 250);
  rig_preempt(&r, 0, CR_CAP_KILL);
  rig_run(&r, CR_NS_NEVER);
  rig_expect(&r, "402 back 0 op 2 by kill reached 0\n");
  rig_expect_spans(&r, 0, 1, "200-400");
  rig_fini(&r);
}

static void copies_and_memsets_are_finished(void **state)
{
  (void)state;
  static const enum cr_op_kind kind[] = {CR_OP_COPY_D2H, CR_OP_COPY_H2D, CR_OP_COPY_D2D, CR_OP_MEMSET, CR_OP_HOST};
  for (size_t k = 0; k < sizeof kind / sizeof kind[0]; k++)
    for (int kill = 0; kill < 2; kill++) {
      static struct rig r;
      struct cr_op_spec op = rig_kernel(4, 100);
      op.kind = kind[k];
      op.blocks = op.threads = op.regs = 0;
      rig_init_stops(&r);
      rig_add(&r, op, 3);
      rig_open(&r);
      rig_stream(&r, 0, 0);
      rig_launch(&r, 0, 0, 3, 0);
      rig_run(&r, 150);
      rig_preempt(&r, 0, kill ? CR_CAP_KILL : CR_CAP_EVICT);
      rig_run(&r, CR_NS_NEVER);
      rig_expect(&r, kill ? "202 back 0 op 2 by kill reached 0\n" : "202 back 0 op 2 by evict reached 0\n");
      rig_launch(&r, 0, 2, 1, 0);
      rig_run(&r, CR_NS_NEVER);
      rig_expect(&r, "308 done 0 op 3 reached 202\n");
      rig_fini(&r);
    }
}

/* A memset in the device queue has no blocks that could give up, but costs a kernel's time there. */
static void what_has_no_blocks_gives_up_before_it_begins(void **state)
{
  (void)state;
  static struct rig r;
  struct cr_op_spec op[2] = {rig_kernel(4, 100), rig_kernel(4, 100)};
  op[1].kind = CR_OP_COPY_D2H;
  op[1].blocks = op[1].threads = 0;
  rig_init_stops(&r);
  rig_add_ops(&r, op, 2);
  rig_open(&r);
  rig_stream(&r, 0, 4);
  rig_launch(&r, 0, 0, 2, 0);
  rig_run(&r, 50);
  rig_preempt(&r, 0, CR_CAP_EVICT);
  rig_run(&r, CR_NS_NEVER);
  rig_expect(&r, "138 back 0 op 1 handed 2 by evict reached 0\n"); /* 130 + 6: the device is at it for longer */
  rig_fini(&r);
}

/* --- ranges ------------------------------------------------------------------------------------------------------- */

static void three(struct rig *r, uint32_t queue)
{
  rig_init_stops(r);
  for (int i = 0; i < 4; i++)
    rig_add(r, rig_kernel(4, 100), 2);
  rig_open(r);
  rig_stream(r, 0, queue);
  for (uint32_t i = 0; i < 3; i++)
    rig_launch(r, i, 0, 2, 0);
}

static void ranges_come_back_in_order_and_only_what_was_reached_says_when(void **state)
{
  (void)state;
  static struct rig r;
  three(&r, 0);
  rig_run(&r, 250);
  rig_expect(&r, "200 done 0 op 2 reached 0\n");
  rig_preempt(&r, 0, CR_CAP_EVICT);
  rig_run(&r, CR_NS_NEVER);
  rig_expect(&r, "302 back 1 op 1 by evict reached 200\n302 back 2 op 0 by evict\n");
  rig_fini(&r);
  three(&r, 4); /* ops 0 .. 3 are pushed by 60, op 4 at 140; op 1 runs from 130 to 230 */
  rig_run(&r, 135);
  rig_preempt(&r, 0, CR_CAP_PARK);
  rig_expect(&r, "135 back 2 op 0 by park\n");
  rig_run(&r, CR_NS_NEVER);
  rig_expect(&r, "230 done 0 op 2 reached 0\n430 done 1 op 2 reached 230\n");
  rig_fini(&r);
  three(&r, 4);
  rig_run(&r, 145);
  rig_preempt(&r, 0, CR_CAP_KILL); /* flag 155, kill 162, kill_more 174; three give up by 189 */
  rig_run(&r, CR_NS_NEVER);
  rig_expect(&r, "191 back 0 op 1 handed 2 lost 32 by kill reached 0\n"
                 "191 back 1 op 0 handed 2 by kill\n"
                 "191 back 2 op 0 handed 1 by kill\n");
  rig_fini(&r);
}

static void what_is_launched_meanwhile_is_not_given_back(void **state)
{
  (void)state;
  static const enum cr_cap how[] = {CR_CAP_PARK, CR_CAP_EVICT, CR_CAP_KILL};
  static const char *const want[] = {
    "300 back 1 op 1 by park reached 200\n500 done 3 op 2 reached 300\n",
    "302 back 1 op 1 by evict reached 200\n302 back 2 op 0 by evict\n508 done 3 op 2 reached 302\n",
    "272 back 1 op 0 handed 1 lost 67 by kill reached 200\n272 back 2 op 0 by kill\n478 done 3 op 2 reached 272\n",
  };
  for (int i = 0; i < 3; i++) {
    static struct rig r;
    three(&r, 0);
    rig_run(&r, 250);
    rig_preempt(&r, 0, how[i]);
    rig_expect(&r, i ? "200 done 0 op 2 reached 0\n" : "200 done 0 op 2 reached 0\n250 back 2 op 0 by park\n");
    rig_run(&r, 255);
    rig_launch(&r, 3, 0, 2, 0);
    rig_run(&r, CR_NS_NEVER);
    rig_expect(&r, want[i]);
    rig_fini(&r);
  }
}

static void what_is_finished_meanwhile_is_done(void **state)
{
  (void)state;
  static struct rig r;
  static const enum cr_cap how[] = {CR_CAP_PARK, CR_CAP_EVICT, CR_CAP_KILL};
  for (int i = 0; i < 3; i++) {
    rig_init_stops(&r);
    rig_add(&r, rig_kernel(4, 100), 1);
    rig_add(&r, rig_kernel(4, 100), 2);
    rig_open(&r);
    rig_stream(&r, 0, 0);
    rig_launch(&r, 0, 0, 1, 0);
    rig_run(&r, 95); /* the end comes before flag and kill */
    rig_preempt(&r, 0, how[i]);
    rig_run(&r, CR_NS_NEVER);
    rig_expect(&r, "100 done 0 op 1 reached 0\n");
    rig_launch(&r, 1, 0, 2, 0);
    rig_run(&r, CR_NS_NEVER);
    /* PARK: at once.  The others: not before the flag was written (105; with the kill it was busy until 115), and unflag */
    rig_expect(&r, i == 0   ? "300 done 1 op 2 reached 100\n"
                   : i == 1 ? "311 done 1 op 2 reached 100\n"
                            : "321 done 1 op 2 reached 100\n");
    rig_fini(&r);
  }
}

static void nothing_comes_of_an_empty_stream(void **state)
{
  (void)state;
  static struct rig r;
  three(&r, 0);
  rig_stream(&r, 0, 3);
  for (int i = 0; i < 3; i++)
    rig_preempt(&r, 1, i == 0 ? CR_CAP_PARK : i == 1 ? CR_CAP_EVICT : CR_CAP_KILL);
  rig_launch(&r, 3, 0, 2, 1);
  rig_run(&r, CR_NS_NEVER);
  rig_preempt(&r, 0, CR_CAP_KILL);
  rig_run(&r, CR_NS_NEVER);
  rig_expect_spans(&r, 3, 0, "100-200"); /* for want of room; no unflag */
  rig_fini(&r);
}

/* --- one preemption after another --------------------------------------------------------------------------------- */

static void a_kill_overtakes_an_evict(void **state)
{
  (void)state;
  static struct rig r;
  one(&r, 0, 2, 8, 10, CR_CAP_EVICT);
  rig_fini(&r);
  /* asked at 10 and 15: the flag is seen at 20; kill at 15 + 10 + 7 = 32; 4 blocks that had not begun, sync */
  rig_init_stops(&r);
  rig_add(&r, rig_kernel(8, 100), 2);
  rig_open(&r);
  rig_stream(&r, 0, 0);
  rig_launch(&r, 0, 0, 2, 0);
  rig_run(&r, 10);
  rig_preempt(&r, 0, CR_CAP_EVICT);
  rig_preempt(&r, 0, CR_CAP_EVICT); /* asked for already */
  rig_run(&r, 15);
  rig_preempt(&r, 0, CR_CAP_KILL);
  rig_preempt(&r, 0, CR_CAP_EVICT);
  rig_preempt(&r, 0, CR_CAP_PARK);
  rig_run(&r, CR_NS_NEVER);
  rig_expect(&r, "38 back 0 op 0 handed 1 lost 32 by kill reached 0\n");
  /* at 58 + 10 and + 10 + 10: 4 gave up before, and the 4 that run are killed at 95 */
  rig_launch(&r, 0, 0, 2, 0); /* from 44 on */
  rig_run(&r, 58);
  rig_preempt(&r, 0, CR_CAP_EVICT);
  rig_run(&r, 78);
  rig_preempt(&r, 0, CR_CAP_KILL);
  rig_run(&r, CR_NS_NEVER);
  rig_expect(&r, "101 back 0 op 0 handed 1 lost 51 by kill reached 38\n");
  rig_fini(&r);
}

static void what_gave_up_for_an_evict_does_so_but_once(void **state)
{
  (void)state;
  static struct rig r;
  rig_init_stops(&r);
  rig_add(&r, rig_kernel(4, 100), 9);
  rig_open(&r);
  rig_stream(&r, 0, 5);
  rig_launch(&r, 0, 0, 9, 0);
  rig_run(&r, 135); /* op 1 runs until 230, three behind it */
  rig_preempt(&r, 0, CR_CAP_EVICT);
  rig_run(&r, 180);
  rig_preempt(&r, 0, CR_CAP_KILL); /* at 197; 27 for the three */
  rig_run(&r, CR_NS_NEVER);
  rig_expect(&r, "226 back 0 op 1 handed 5 lost 67 by kill reached 0\n");
  rig_fini(&r);
}

static void a_stream_that_only_returns_has_nothing_to_kill(void **state)
{
  (void)state;
  static struct rig r;
  rig_init_stops(&r);
  rig_price(&r, CR_GPU_EVICT, 1000);
  rig_add(&r, rig_kernel(4, 100), 9);
  rig_open(&r);
  rig_stream(&r, 0, 5);
  rig_launch(&r, 0, 0, 9, 0);
  rig_run(&r, 135);
  rig_preempt(&r, 0, CR_CAP_EVICT);
  rig_run(&r, 500); /* since 230 three give up */
  rig_preempt(&r, 0, CR_CAP_KILL);
  rig_run(&r, CR_NS_NEVER);
  rig_expect(&r, "3244 back 0 op 2 handed 5 by evict reached 0\n");
  rig_fini(&r);
}

static void a_parked_stream_can_be_evicted_and_is_not_fed_meanwhile(void **state)
{
  (void)state;
  static struct rig r;
  rig_init_stops(&r);
  rig_add(&r, rig_kernel(4, 100), 9);
  rig_open(&r);
  rig_stream(&r, 0, 3);
  rig_launch(&r, 0, 0, 9, 0); /* 30-130, 130-230, .. */
  rig_run(&r, 50);
  rig_preempt(&r, 0, CR_CAP_PARK); /* ops 1 and 2 are there */
  rig_run(&r, 150);
  rig_preempt(&r, 0, CR_CAP_PARK);
  rig_run(&r, 200);
  rig_preempt(&r, 0, CR_CAP_EVICT); /* op 1 runs, op 2 gives up */
  rig_run(&r, CR_NS_NEVER);
  rig_expect(&r, "241 back 0 op 2 handed 3 by evict reached 0\n");
  rig_fini(&r);
}

static void a_stream_evicted_again_and_again_gets_on(void **state)
{
  (void)state;
  static struct rig r;
  rig_init_stops(&r);
  rig_add(&r, rig_kernel(40, 100), 1);
  rig_open(&r);
  rig_stream(&r, 0, 2);
  for (uint32_t i = 0; i < 10; i++) {
    char want[80];
    cr_ns start_ns = r.now_ns + (i ? 6 : 0) + 30;
    rig_launch_from(&r, 0, 0, 4 * i, 1, 0);
    rig_run(&r, start_ns + 50);
    rig_preempt(&r, 0, CR_CAP_EVICT);
    rig_run(&r, CR_NS_NEVER);
    if (i < 9)
      snprintf(want, sizeof want, "%d back 0 op 0 block %u handed 1 by evict reached %d\n",
               (int)(start_ns + 100 + 4 * (9 - i) + 2), 4 * (i + 1), (int)(start_ns - 30 - (i ? 6 : 0)));
    else
      snprintf(want, sizeof want, "%d done 0 op 1 reached %d\n", (int)(start_ns + 100), (int)(start_ns - 36));
    rig_expect(&r, want);
  }
  rig_fini(&r);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(an_ideal_queue_holds_what_runs),
    cmocka_unit_test(a_bounded_queue_holds_more),
    cmocka_unit_test(what_the_host_has_not_launched_stays_with_it),
    cmocka_unit_test(the_next_launch_follows_and_takes_the_flag_back),
    cmocka_unit_test(an_op_that_is_put_back_has_not_taken_the_flag_back),
    cmocka_unit_test(an_op_that_is_cut_goes_on_with_its_other_blocks),
    cmocka_unit_test(the_end_of_a_wave_loses_no_block),
    cmocka_unit_test(blocks_that_others_keep_out_are_counted_too),
    cmocka_unit_test(slices_end_as_done_and_are_cut_like_ops),
    cmocka_unit_test(an_op_that_must_not_run_twice_is_finished),
    cmocka_unit_test(copies_and_memsets_are_finished),
    cmocka_unit_test(what_has_no_blocks_gives_up_before_it_begins),
    cmocka_unit_test(ranges_come_back_in_order_and_only_what_was_reached_says_when),
    cmocka_unit_test(what_is_launched_meanwhile_is_not_given_back),
    cmocka_unit_test(what_is_finished_meanwhile_is_done),
    cmocka_unit_test(nothing_comes_of_an_empty_stream),
    cmocka_unit_test(a_kill_overtakes_an_evict),
    cmocka_unit_test(what_gave_up_for_an_evict_does_so_but_once),
    cmocka_unit_test(a_stream_that_only_returns_has_nothing_to_kill),
    cmocka_unit_test(a_parked_stream_can_be_evicted_and_is_not_fed_meanwhile),
    cmocka_unit_test(a_stream_evicted_again_and_again_gets_on),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
