/* t_engine_stop.c - preemption worked by hand: what comes back, when, how far it got and what the next launch waits for. */
#include "config.h"

#include "tests/rig.h"
#include "tests/t.h"

/* Made up, in ns: clear < flag, so that the flag rules unless many streams are cleared. */
static void prices(struct rig *r)
{
  rig_init(r);
  rig_price(r, CR_GPU_PUSH, 20);
  rig_price(r, CR_GPU_FETCH, 30);
  rig_price(r, CR_GPU_NOTICE, 10);
  rig_price(r, CR_GPU_FLAG, 10);
  rig_price(r, CR_GPU_CLEAR, 4);
  rig_price(r, CR_GPU_CLEAR_EACH, 1);
  rig_price(r, CR_GPU_EVICT, 5);
  rig_price(r, CR_GPU_EVICT_SERIAL, 6);
  rig_price(r, CR_GPU_EVICT_BLOCK, 1);
  rig_price(r, CR_GPU_KILL, 7);
  rig_price(r, CR_GPU_KILL_MORE, 3);
  rig_price(r, CR_GPU_SYNC, 2);
  rig_price(r, CR_GPU_UNFLAG, 6);
}

/* n_op ops of `blocks` blocks and 100 ns a wave, launched at 0; preempted at at_ns; how it goes on from there. */
static void one(struct rig *r, uint32_t queue, uint32_t n_op, uint32_t blocks, cr_ns at_ns, enum cr_cap how)
{
  prices(r);
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
  prices(&r);
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
  prices(&r);
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
  prices(&r);
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
      prices(&r);
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
  prices(&r);
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
  prices(r);
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
    prices(&r);
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
  prices(&r);
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
  prices(&r);
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
  prices(&r);
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
  prices(&r);
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
  prices(&r);
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

/* --- several streams ---------------------------------------------------------------------------------------------- */

/* Two requests of ops of two blocks, side by side: one of an ideal queue from 0 on, one of a queue of 5 from 30 on. */
static void pair(struct rig *r, cr_ns clear_ns, uint32_t n_op, enum cr_reclaim reclaim, uint32_t device)
{
  prices(r);
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
  prices(&r);
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
  prices(&r);
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
        prices(&r);
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
  prices(r);
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
  prices(r);
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
