/* t_pad.c - blocks of best-effort requests in the launches of a real-time one: times and progress by hand.
 *
 * Request 0 is the real-time one. */
#include "config.h"

#include "tests/rig.h"
#include "tests/t.h"

enum { RT = 0, BE = 1, BE2 = 2, OTHER = 3, RT_STREAM = 2 }; /* be's streams are numbered as they are, less 1 */

/* rt: n_op ops of two blocks of 100 ns.  Two be's of 3 ops of be_blocks blocks of be_ns.  Another one: two blocks of 1000. */
static void open_rig(struct rig *r, uint32_t n_op, uint32_t be_blocks, cr_ns be_ns)
{
  rig_init(r);
  rig_price(r, CR_GPU_FLAG, 10);
  rig_price(r, CR_GPU_EVICT, 5);
  rig_price(r, CR_GPU_EVICT_BLOCK, 1);
  rig_price(r, CR_GPU_KILL, 7);
  rig_price(r, CR_GPU_KILL_MORE, 3);
  rig_price(r, CR_GPU_SYNC, 2);
  rig_price(r, CR_GPU_PUSH, 20);
  rig_price(r, CR_GPU_FETCH, 30);
  rig_price(r, CR_GPU_NOTICE, 10);
  rig_add(r, rig_kernel(2, 100), n_op);
  rig_add(r, rig_kernel(be_blocks, be_ns), 3);
  rig_add(r, rig_kernel(be_blocks, be_ns), 3);
  rig_add(r, rig_kernel(2, 1000), 1);
}

static void streams(struct rig *r, uint32_t queue)
{
  rig_open(r);
  for (uint32_t i = 0; i < 4; i++)
    rig_stream(r, 0, i == RT_STREAM ? queue : 0);
}

static void init(struct rig *r, uint32_t n_op, uint32_t be_blocks, cr_ns be_ns)
{
  open_rig(r, n_op, be_blocks, be_ns);
  streams(r, 0);
}

static void pad(struct rig *r, uint32_t rt_op, uint32_t be, uint32_t be_op, uint32_t block0, uint32_t n_block)
{
  rig_pad(r, (struct cr_act_pad){.rt = RT, .rt_op = rt_op, .rt_sms = 2, .sm_blocks = 1}, be, be_op, block0, n_block,
          be - 1);
}

/* Whether nobody's share of the SMs is limited any more. */
static void expect_restored(struct rig *r, cr_ns be_ns)
{
  cr_ns now_ns = r->now_ns;
  cr_text_fini(&r->story);
  r->story = (struct cr_text){0};
  rig_launch(r, BE, 0, 1, BE - 1);
  rig_run(r, CR_NS_NEVER);
  assert_int_equal(r->now_ns, now_ns + be_ns);
  rig_launch(r, BE2, 0, 1, RT_STREAM);
  rig_run(r, CR_NS_NEVER);
  assert_int_equal(r->now_ns, now_ns + 2 * be_ns);
  assert_int_equal(r->sms_busy[0], 0);
}

static void shorter_blocks_on_the_other_SMs_cost_nothing(void **state)
{
  (void)state;
  static struct rig r;
  init(&r, 2, 4, 40);
  pad(&r, 0, BE, 0, 0, 4); /* two on two SMs, twice */
  rig_launch(&r, RT, 0, 2, RT_STREAM);
  rig_run(&r, CR_NS_NEVER);
  rig_expect(&r, "80 back 1 op 1 by pad reached 0\n200 done 0 op 2 reached 0\n");
  rig_expect_spans(&r, RT, 0, "0-100");
  rig_expect_spans(&r, BE, 0, "0-80");
  expect_restored(&r, 40);
  rig_fini(&r);
}

static void longer_blocks_delay_the_end_to_theirs(void **state)
{
  (void)state;
  static struct rig r;
  init(&r, 2, 2, 150);
  pad(&r, 0, BE, 0, 0, 2);
  rig_launch(&r, RT, 0, 2, RT_STREAM);
  rig_run(&r, CR_NS_NEVER);
  rig_expect(&r, "150 back 1 op 1 by pad reached 0\n250 done 0 op 2 reached 0\n");
  rig_expect_spans(&r, RT, 1, "150-250");
  expect_restored(&r, 150);
  rig_fini(&r);
}

static void the_next_range_and_the_device_queue_wait_for_the_whole_launch(void **state)
{
  (void)state;
  static struct rig r;
  open_rig(&r, 1, 2, 150);
  streams(&r, 1);
  pad(&r, 0, BE, 0, 0, 2);
  rig_launch(&r, RT, 0, 1, RT_STREAM); /* from 30 to 180, seen at 190 */
  rig_launch(&r, OTHER, 0, 1, RT_STREAM);
  rig_run(&r, CR_NS_NEVER);
  rig_expect_spans(&r, RT, 0, "30-130");
  rig_expect_spans(&r, OTHER, 0, "220-1220");
  rig_fini(&r);
}

static void a_request_gets_on_from_pad_to_pad_and_over_its_ops(void **state)
{
  (void)state;
  static struct rig r;
  init(&r, 5, 8, 40);
  pad(&r, 0, BE, 0, 0, 3);
  pad(&r, 1, BE, 0, 3, 4);
  pad(&r, 3, BE, 0, 7, 1); /* done with that op */
  pad(&r, 4, BE, 1, 0, 2);
  rig_launch(&r, RT, 0, 5, RT_STREAM);
  rig_run(&r, CR_NS_NEVER);
  rig_expect(&r, "440 back 1 op 1 block 2 by pad reached 0\n500 done 0 op 5 reached 0\n");
  rig_expect_spans(&r, BE, 0, "0-80(-5) 100-180(-4) 300-340(-7)");
  rig_expect_spans(&r, BE, 1, "400-440(-6)");
  rig_fini(&r);
}

static void a_request_is_completed_by_its_last_pad(void **state)
{
  (void)state;
  static struct rig r;
  init(&r, 3, 2, 30);
  rig_run(&r, 7);
  for (uint32_t i = 0; i < 3; i++)
    pad(&r, i, BE, i, 0, 2);
  rig_launch(&r, RT, 0, 3, RT_STREAM);
  rig_run(&r, CR_NS_NEVER);
  rig_expect(&r, "237 done 1 op 3 reached 7\n307 done 0 op 3 reached 7\n");
  expect_restored(&r, 30);
  rig_fini(&r);
}

static void requests_share_the_other_SMs(void **state)
{
  (void)state;
  static struct rig r;
  init(&r, 1, 2, 40);
  pad(&r, 0, BE, 0, 0, 1);
  pad(&r, 0, BE2, 0, 0, 1);
  rig_launch(&r, RT, 0, 1, RT_STREAM);
  rig_run(&r, CR_NS_NEVER);
  rig_expect(&r, "40 back 1 op 0 block 1 by pad reached 0\n40 back 2 op 0 block 1 by pad reached 0\n"
                 "100 done 0 op 1 reached 0\n");
  rig_fini(&r);
  init(&r, 1, 2, 40);
  pad(&r, 0, BE, 0, 0, 2); /* these first */
  pad(&r, 0, BE2, 0, 0, 2);
  rig_launch(&r, RT, 0, 1, RT_STREAM);
  rig_run(&r, CR_NS_NEVER);
  rig_expect(&r, "40 back 1 op 1 by pad reached 0\n80 back 2 op 1 by pad reached 0\n100 done 0 op 1 reached 0\n");
  expect_restored(&r, 40);
  rig_fini(&r);
}

static void the_launch_gets_no_more_SMs_than_it_is_left(void **state)
{
  (void)state;
  for (uint32_t rt_sms = 1; rt_sms < 4; rt_sms++) {
    static struct rig r;
    rig_init(&r);
    rig_add(&r, rig_kernel(12, 100), 2);
    rig_add(&r, rig_kernel(1, 10), 1);
    rig_open(&r);
    for (int i = 0; i < 3; i++)
      rig_stream(&r, 0, 0);
    rig_pad(&r, (struct cr_act_pad){.rt = RT, .rt_op = 0, .rt_sms = rt_sms, .sm_blocks = 1}, BE, 0, 0, 1, 0);
    rig_launch(&r, RT, 0, 2, RT_STREAM);
    rig_run(&r, CR_NS_NEVER);
    assert_int_equal(r.now_ns, 1200 / rt_sms + 300);
    rig_fini(&r);
  }
}

struct watch {
  uint32_t most_warps;
};

static void watch_use(void *ctx, uint32_t device, cr_ns at_ns, uint32_t sms_busy, uint32_t warps)
{
  struct watch *w = ctx;
  (void)device;
  (void)at_ns;
  (void)sms_busy;
  if (warps > w->most_warps)
    w->most_warps = warps;
}

/* Blocks of one warp, of which an SM holds 32. */
static void no_more_blocks_lie_on_an_SM_than_allowed(void **state)
{
  (void)state;
  for (uint32_t sm_blocks = 1; sm_blocks <= 40; sm_blocks++) {
    static struct rig r;
    struct watch watch = {0};
    struct cr_op_spec small = rig_kernel(60, 100);
    small.duration_ns = 10; /* all at once, alone */
    small.threads = 32;
    rig_init(&r);
    rig_add(&r, rig_kernel(1, 2000), 1);
    rig_add(&r, small, 1);
    r.observer = (struct cr_observer){.ctx = &watch, .on_use = watch_use};
    rig_open(&r);
    for (int i = 0; i < 3; i++)
      rig_stream(&r, 0, 0);
    rig_pad(&r, (struct cr_act_pad){.rt = RT, .rt_op = 0, .rt_sms = 1, .sm_blocks = sm_blocks}, BE, 0, 0, 60, 0);
    rig_launch(&r, RT, 0, 1, RT_STREAM);
    rig_run(&r, CR_NS_NEVER);
    char want[80];
    uint32_t at_once = 3 * (sm_blocks < 32 ? sm_blocks : 32);
    snprintf(want, sizeof want, "%u done 1 op 1 reached 0\n2000 done 0 op 1 reached 0\n",
             (60 + at_once - 1) / at_once * 10);
    rig_expect(&r, want);
    assert_int_equal(watch.most_warps, 32 + (at_once < 60 ? at_once : 60));
    rig_fini(&r);
  }
}

static void a_kill_ends_all_of_the_launch(void **state)
{
  (void)state;
  static struct rig r;
  init(&r, 2, 2, 150);
  pad(&r, 0, BE, 0, 0, 2);
  pad(&r, 1, BE, 1, 0, 1);
  pad(&r, 1, BE2, 0, 0, 1);
  rig_launch(&r, RT, 0, 2, RT_STREAM);
  rig_run(&r, 50);
  rig_preempt(&r, RT_STREAM, CR_CAP_KILL);
  rig_run(&r, CR_NS_NEVER);
  rig_expect(&r, "67 back 1 op 0 lost 67 by pad reached 0\n"
                 "72 back 0 op 0 handed 1 lost 67 by kill reached 0\n"
                 "72 back 2 op 0 by pad\n"); /* it never came to that */
  expect_restored(&r, 150);
  rig_fini(&r);
  init(&r, 2, 4, 40); /* the other request is off the device by then, the pad that follows is not */
  pad(&r, 0, BE, 0, 0, 2);
  pad(&r, 1, BE, 0, 2, 2);
  rig_launch(&r, RT, 0, 2, RT_STREAM);
  rig_run(&r, 50);
  rig_preempt(&r, RT_STREAM, CR_CAP_KILL);
  rig_run(&r, CR_NS_NEVER);
  rig_expect(&r, "72 back 0 op 0 handed 1 lost 67 by kill reached 0\n72 back 1 op 0 block 2 by pad reached 0\n");
  expect_restored(&r, 40);
  rig_fini(&r);
}

static void a_launch_with_what_must_not_run_twice_is_finished(void **state)
{
  (void)state;
  static struct rig r;
  struct cr_op_spec once = rig_kernel(2, 150);
  once.idempotent = CR_NO;
  open_rig(&r, 2, 2, 150);
  uint32_t be = rig_add(&r, once, 2);
  streams(&r, 0);
  rig_pad(&r, (struct cr_act_pad){.rt = RT, .rt_op = 0, .rt_sms = 2, .sm_blocks = 1}, be, 0, 0, 2, 0);
  rig_launch(&r, RT, 0, 2, RT_STREAM);
  rig_run(&r, 50);
  rig_preempt(&r, RT_STREAM, CR_CAP_KILL);
  rig_run(&r, CR_NS_NEVER);
  rig_expect(&r, "150 back 4 op 1 by pad reached 0\n152 back 0 op 1 by kill reached 0\n");
  rig_fini(&r);
}

static void an_evict_cuts_all_of_the_launch(void **state)
{
  (void)state;
  static struct rig r;
  init(&r, 2, 2, 150);
  pad(&r, 0, BE, 0, 0, 2);
  rig_launch(&r, RT, 0, 2, RT_STREAM);
  rig_run(&r, 50);
  rig_preempt(&r, RT_STREAM, CR_CAP_EVICT);
  rig_run(&r, CR_NS_NEVER);
  rig_expect(&r, "150 back 1 op 1 by pad reached 0\n152 back 0 op 1 by evict reached 0\n");
  expect_restored(&r, 150);
  rig_fini(&r);
  init(&r, 2, 4, 150); /* two of be's blocks have not begun: they give up, 1 ns each, and its other pad does not run */
  pad(&r, 0, BE, 0, 0, 4);
  pad(&r, 1, BE, 1, 0, 1);
  rig_launch(&r, RT, 0, 2, RT_STREAM);
  rig_run(&r, 50);
  rig_preempt(&r, RT_STREAM, CR_CAP_EVICT);
  rig_run(&r, CR_NS_NEVER);
  rig_expect(&r, "150 back 1 op 0 block 2 by pad reached 0\n154 back 0 op 1 by evict reached 0\n");
  rig_expect_spans(&r, BE, 0, "0-150(-2)");
  expect_restored(&r, 150);
  rig_fini(&r);
}

/* rt finds no SM, be does. */
static void a_launch_of_which_only_pads_began_comes_back(void **state)
{
  (void)state;
  static const enum cr_cap how[] = {CR_CAP_EVICT, CR_CAP_KILL};
  static const char *const want[] = {
    "150 back 1 op 1 by pad reached 10\n154 back 0 op 0 handed 1 by evict reached 10\n1000 done 3 op 1 reached 0\n",
    "67 back 1 op 0 lost 57 by pad reached 10\n76 back 0 op 0 handed 1 by kill reached 10\n1000 done 3 op 1 reached "
    "0\n",
  };
  for (int i = 0; i < 2; i++) {
    static struct rig r;
    init(&r, 2, 2, 140);
    rig_launch(&r, OTHER, 0, 1, 3);
    rig_run(&r, 10);
    pad(&r, 0, BE, 0, 0, 2);
    rig_launch(&r, RT, 0, 2, RT_STREAM);
    rig_run(&r, 50);
    rig_preempt(&r, RT_STREAM, how[i]);
    rig_run(&r, CR_NS_NEVER);
    rig_expect(&r, want[i]);
    rig_fini(&r);
  }
}

static void a_launch_that_waits_for_its_pads_is_still_there(void **state)
{
  (void)state;
  static const struct {
    uint32_t n_op;
    enum cr_cap how;
    const char *want;
  } is[] = {
    {2, CR_CAP_PARK, "150 back 1 op 1 by pad reached 0\n150 back 0 op 1 by park reached 0\n"},
    {2, CR_CAP_EVICT, "150 back 1 op 1 by pad reached 0\n152 back 0 op 1 by evict reached 0\n"},
    {2, CR_CAP_KILL, "127 back 1 op 0 lost 127 by pad reached 0\n132 back 0 op 1 by kill reached 0\n"},
    {1, CR_CAP_PARK, "150 back 1 op 1 by pad reached 0\n150 done 0 op 1 reached 0\n"},
    {1, CR_CAP_EVICT, "150 back 1 op 1 by pad reached 0\n150 done 0 op 1 reached 0\n"},
    {1, CR_CAP_KILL, "127 back 1 op 0 lost 127 by pad reached 0\n127 done 0 op 1 reached 0\n"},
  };
  for (size_t i = 0; i < sizeof is / sizeof is[0]; i++) {
    static struct rig r;
    init(&r, is[i].n_op, 2, 150);
    pad(&r, 0, BE, 0, 0, 2);
    rig_launch(&r, RT, 0, is[i].n_op, RT_STREAM);
    rig_run(&r, 110); /* its own blocks ended at 100 */
    rig_preempt(&r, RT_STREAM, is[i].how);
    rig_run(&r, CR_NS_NEVER);
    rig_expect(&r, is[i].want);
    expect_restored(&r, 150);
    rig_fini(&r);
  }
}

static void pads_that_are_not_reached_come_back_with_their_launch(void **state)
{
  (void)state;
  static struct rig r;
  init(&r, 3, 4, 150);
  pad(&r, 0, BE, 0, 0, 2);
  pad(&r, 1, BE, 0, 2, 2);
  pad(&r, 2, BE, 1, 0, 2);
  pad(&r, 2, BE2, 0, 0, 2);
  rig_launch(&r, RT, 0, 3, RT_STREAM);
  rig_run(&r, 50);
  rig_preempt(&r, RT_STREAM, CR_CAP_PARK);
  rig_run(&r, CR_NS_NEVER);
  rig_expect(&r,
             "150 back 0 op 1 by park reached 0\n150 back 1 op 0 block 2 by pad reached 0\n150 back 2 op 0 by pad\n");
  expect_restored(&r, 150);
  rig_fini(&r);
  for (int i = 0; i < 2; i++) { /* behind another range */
    init(&r, 3, 4, 150);
    rig_launch(&r, OTHER, 0, 1, RT_STREAM);
    pad(&r, 0, BE, 0, 0, 2);
    rig_launch(&r, RT, 0, 3, RT_STREAM);
    rig_run(&r, 50);
    rig_preempt(&r, RT_STREAM, i ? CR_CAP_KILL : CR_CAP_PARK);
    rig_run(&r, CR_NS_NEVER);
    rig_expect(&r,
               i ? "72 back 3 op 0 handed 1 lost 67 by kill reached 0\n72 back 0 op 0 by kill\n72 back 1 op 0 by pad\n"
                 : "50 back 0 op 0 by park\n50 back 1 op 0 by pad\n1000 done 3 op 1 reached 0\n");
    rig_fini(&r);
  }
}

static void a_launch_that_the_host_holds_back_gives_its_pads_back(void **state)
{
  (void)state;
  static struct rig r;
  open_rig(&r, 3, 2, 40);
  streams(&r, 1); /* op 0 from 30 to 130; op 1 is launched at 140 */
  pad(&r, 1, BE, 0, 0, 2);
  pad(&r, 2, BE, 1, 0, 2);
  rig_launch(&r, RT, 0, 3, RT_STREAM);
  rig_run(&r, 135);
  rig_preempt(&r, RT_STREAM, CR_CAP_PARK);
  rig_run(&r, CR_NS_NEVER);
  rig_expect(&r, "135 back 1 op 0 by pad reached 170\n135 back 0 op 1 by park reached 0\n");
  rig_fini(&r);
}

/* --- where one thread launches what no graph holds ---------------------------------------------------------------- */

static void init_single(struct rig *r, cr_ns call_ns)
{
  open_rig(r, 4, 2, 40);
  rig_price(r, CR_GPU_PUSH, call_ns);
  rig_price(r, CR_GPU_PUSH_SERIAL, call_ns);
  rig_price(r, CR_GPU_EARLY, 3);
  rig_price(r, CR_GPU_MERGE, 5);
  rig_price(r, CR_GPU_MERGE_LONGER, 2);
  streams(r, 0);
}

static void ops_of_a_padded_request_start_later_and_more_so_about_merged_ones(void **state)
{
  (void)state;
  static struct rig r;
  init_single(&r, 20);
  pad(&r, 1, BE, 0, 0, 2);
  rig_launch(&r, RT, 0, 4, RT_STREAM); /* its first launch takes 30 to arrive */
  rig_run(&r, CR_NS_NEVER);
  rig_expect_spans(&r, RT, 0, "30-130");
  rig_expect_spans(&r, RT, 1, "138-238"); /* early, merge */
  rig_expect_spans(&r, BE, 0, "138-178");
  rig_expect_spans(&r, RT, 2, "248-348"); /* early, merge, merge_longer */
  rig_expect_spans(&r, RT, 3, "351-451");
  rig_fini(&r);
}

static void none_starts_before_the_thread_has_launched_it(void **state)
{
  (void)state;
  static struct rig r;
  init_single(&r, 200);
  pad(&r, 1, BE, 0, 0, 2);
  rig_launch(&r, RT, 0, 4, RT_STREAM);
  rig_run(&r, CR_NS_NEVER);
  rig_expect_spans(&r, RT, 0, "30-130");
  rig_expect_spans(&r, RT, 1, "230-330");
  rig_expect_spans(&r, RT, 3, "630-730");
  rig_fini(&r);
}

static void a_request_without_pads_is_a_graph_as_ever_but_behind_one_that_has_some(void **state)
{
  (void)state;
  static struct rig r;
  init_single(&r, 200);
  rig_launch(&r, RT, 0, 2, RT_STREAM);
  rig_run(&r, CR_NS_NEVER);
  rig_expect_spans(&r, RT, 1, "100-200");
  pad(&r, 2, BE, 0, 0, 2);
  rig_launch(&r, RT, 2, 2, RT_STREAM);
  rig_launch(&r, OTHER, 0, 1, RT_STREAM);
  rig_run(&r, CR_NS_NEVER);
  rig_expect_spans(&r, RT, 3, "430-530");
  rig_expect_spans(&r, OTHER, 0, "630-1630");
  rig_fini(&r);
}

static void parking_keeps_what_the_thread_has_not_launched(void **state)
{
  (void)state;
  static struct rig r;
  init_single(&r, 200);
  pad(&r, 2, BE, 0, 0, 2);
  rig_launch(&r, RT, 0, 4, RT_STREAM);
  rig_run(&r, 150);
  rig_preempt(&r, RT_STREAM, CR_CAP_PARK);
  rig_run(&r, CR_NS_NEVER);
  rig_expect(&r, "150 back 0 op 1 by park reached 0\n150 back 1 op 0 by pad\n");
  rig_launch(&r, RT, 1, 3, RT_STREAM); /* a graph: nothing pads it */
  rig_run(&r, CR_NS_NEVER);
  rig_expect_spans(&r, RT, 3, "350-450");
  rig_fini(&r);
}

/* Room for their events is made with them: the rig is opened for two ranges. */
static void many_pads_end_at_one_instant(void **state)
{
  (void)state;
  static struct rig r;
  enum { N = 7 };
  rig_init(&r);
  rig_add(&r, rig_kernel(1, 100), 1);
  for (uint32_t i = 0; i < N; i++) {
    struct cr_op_spec op = rig_kernel(1, 40);
    op.threads = 32;
    rig_add(&r, op, 2);
  }
  rig_open(&r);
  for (uint32_t i = 0; i <= N; i++)
    rig_stream(&r, 0, 0);
  for (uint32_t i = 1; i <= N; i++)
    rig_pad(&r, (struct cr_act_pad){.rt = RT, .rt_op = 0, .rt_sms = 1, .sm_blocks = 8}, i, 0, 0, 1, i);
  rig_launch(&r, RT, 0, 1, 0);
  rig_run(&r, CR_NS_NEVER);
  rig_expect(&r, "40 back 1 op 1 by pad reached 0\n40 back 2 op 1 by pad reached 0\n40 back 3 op 1 by pad reached 0\n"
                 "40 back 4 op 1 by pad reached 0\n40 back 5 op 1 by pad reached 0\n40 back 6 op 1 by pad reached 0\n"
                 "40 back 7 op 1 by pad reached 0\n100 done 0 op 1 reached 0\n");
  rig_fini(&r);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(shorter_blocks_on_the_other_SMs_cost_nothing),
    cmocka_unit_test(longer_blocks_delay_the_end_to_theirs),
    cmocka_unit_test(the_next_range_and_the_device_queue_wait_for_the_whole_launch),
    cmocka_unit_test(a_request_gets_on_from_pad_to_pad_and_over_its_ops),
    cmocka_unit_test(a_request_is_completed_by_its_last_pad),
    cmocka_unit_test(requests_share_the_other_SMs),
    cmocka_unit_test(the_launch_gets_no_more_SMs_than_it_is_left),
    cmocka_unit_test(no_more_blocks_lie_on_an_SM_than_allowed),
    cmocka_unit_test(a_kill_ends_all_of_the_launch),
    cmocka_unit_test(a_launch_with_what_must_not_run_twice_is_finished),
    cmocka_unit_test(an_evict_cuts_all_of_the_launch),
    cmocka_unit_test(a_launch_of_which_only_pads_began_comes_back),
    cmocka_unit_test(a_launch_that_waits_for_its_pads_is_still_there),
    cmocka_unit_test(pads_that_are_not_reached_come_back_with_their_launch),
    cmocka_unit_test(a_launch_that_the_host_holds_back_gives_its_pads_back),
    cmocka_unit_test(ops_of_a_padded_request_start_later_and_more_so_about_merged_ones),
    cmocka_unit_test(none_starts_before_the_thread_has_launched_it),
    cmocka_unit_test(a_request_without_pads_is_a_graph_as_ever_but_behind_one_that_has_some),
    cmocka_unit_test(parking_keeps_what_the_thread_has_not_launched),
    cmocka_unit_test(many_pads_end_at_one_instant),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
