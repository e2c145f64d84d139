/* t_pad.c - blocks of best-effort requests in the launches of a real-time one: times and progress by hand, and what is refused. */
#include "config.h"

#include "sim/ask.h"
#include "tests/rig.h"
#include "tests/t.h"

/* --- on the engine: request 0 is the real-time one ---------------------------------------------------------------- */

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

/* --- what the core refuses ---------------------------------------------------------------------------------------- */

/* Requests 0 (three kernels, a copy), 1 (a kernel that must not run twice, a kernel, a copy, a kernel) and 2 (a job's) are there
 * at 0.  Streams 0 and 1 are of device 0, 2 of device 1. */
struct asker {
  uint32_t n, away; /* away: bit by bit: requests that are launched */
};

static void launch(struct cr_policy *p, uint32_t request, uint32_t n_op, uint32_t stream)
{
  struct asker *a = p->state;
  cr_launch(p, (cr_request){request}, n_op, (cr_stream){stream});
  a->away |= 1u << request;
}

static struct cr_pad_spec good(void)
{
  return (struct cr_pad_spec){
    .rt = {0}, .be = {1}, .rt_op = 1, .rt_sms = 2, .n_block = 2, .sm_blocks = 1, .stream = {1}};
}

static void ask_pad(struct cr_policy *p, struct cr_pad_spec pad)
{
  cr_pad(p, &pad);
}

static void take_pad(struct cr_policy *p, struct cr_pad_spec pad)
{
  struct asker *a = p->state;
  cr_pad(p, &pad);
  a->away |= 1u << pad.be.i;
}

/* One wrong thing each; the rest is launched afterwards. */
static void ask(struct cr_policy *p, int64_t which)
{
  struct cr_pad_spec pad = good();
  switch (which) {
  case 0:
    pad.rt.i = 77;
    break;
  case 1:
    launch(p, 0, CR_ALL, 0);
    break;
  case 2:
    pad.stream.i = 99;
    break;
  case 3:
    pad.n_block = 0;
    break;
  case 4:
    pad.n_block = UINT32_MAX;
    break;
  case 5:
    pad.sm_blocks = 0;
    break;
  case 6:
    pad.sm_blocks = 256;
    break;
  case 7:
    pad.rt_sms = 0;
    break;
  case 8:
    pad.rt_sms = 4;
    break;
  case 9:
    take_pad(p, pad);
    pad.rt_op = 0;
    break;
  case 10:
    take_pad(p, pad);
    break;
  case 11:
    take_pad(p, pad);
    pad.be.i = 2;
    pad.rt_sms = 3;
    break;
  case 12:
    take_pad(p, pad);
    pad.rt_op = 2;
    pad.stream.i = 2;
    break;
  case 13:
    pad.be.i = 0;
    break;
  case 14:
    pad.rt_op = 3;
    break;
  case 15:
    pad.rt_op = 4;
    break;
  case 16:
    pad.be.i = 2;
    break;
  case 17:
    pad.rt.i = 2;
    break;
  case 18:
    pad.be.i = 77;
    break;
  case 19:
    launch(p, 1, CR_ALL, 1);
    break;
  case 20:
    launch(p, 2, CR_ALL, 1);
    break;
  case 21:
    pad.rt.i = 1;
    pad.be.i = 0;
    pad.stream.i = 0;
    take_pad(p, pad);
    pad = good();
    break;
  case 22:
    take_pad(p, pad);
    pad.stream.i = 0;
    pad.rt_op = 2;
    break;
  case 23:
    break;
  default:
    return;
  }
  ask_pad(p, pad);
  if (which == 21)
    launch(p, 1, CR_ALL, 1);
}

static void ask_more(struct cr_policy *p, int64_t which)
{
  cr_request rt = {0}, be = {1}, job = {2};
  switch (which) {
  case 30:
    take_pad(p, good());
    cr_launch(p, job, CR_ALL, (cr_stream){1});
    break;
  case 31:
    take_pad(p, good());
    cr_launch(p, rt, 1, (cr_stream){0});
    break;
  case 32:
    take_pad(p, good());
    cr_launch(p, rt, CR_ALL, (cr_stream){2});
    break;
  case 33:
    take_pad(p, good());
    cr_slice(p, rt, 1, (cr_stream){0});
    break;
  case 34:
    take_pad(p, good());
    cr_rewind(p, rt, 0);
    break;
  case 35:
    take_pad(p, good());
    cr_drop(p, rt);
    break;
  case 36:
    cr_slice(p, rt, 0, (cr_stream){0});
    break;
  case 37:
    cr_slice(p, rt, 1, (cr_stream){9});
    break;
  case 38:
    cr_slice(p, job, 1, (cr_stream){0});
    break;
  case 39:
    cr_slice(p, (cr_request){77}, 1, (cr_stream){0});
    break;
  case 40:
    launch(p, 0, CR_ALL, 0);
    cr_slice(p, rt, 1, (cr_stream){0});
    break;
  case 41:
    cr_rewind(p, rt, 1);
    break;
  case 42:
    cr_rewind(p, job, 0);
    break;
  case 43:
    cr_rewind(p, (cr_request){77}, 0);
    break;
  case 44:
    launch(p, 0, CR_ALL, 0);
    cr_rewind(p, rt, 0);
    break;
  case 45:
    cr_stream_queue(p, (cr_stream){0}, 4, CR_RECLAIM_LATER);
    break;
  case 46:
    cr_drop(p, (cr_request){77});
    break;
  case 47:
    launch(p, 0, CR_ALL, 0);
    cr_drop(p, rt);
    break;
  case 48:
    take_pad(p, good());
    cr_slice(p, be, 1, (cr_stream){1});
    break;
  case 49:
    take_pad(p, good());
    cr_rewind(p, be, 0);
    break;
  case 50:
    take_pad(p, good());
    cr_drop(p, be);
    break;
  case 51:
    cr_slice(p, rt, 1, (cr_stream){0});
    break;
  default:
    break;
  }
}

static int asker_init(struct cr_policy *p, struct cr_err *err)
{
  (void)err;
  for (uint32_t i = 0; i < 3; i++)
    cr_stream_new(p, (cr_device){i / 2}, 0);
  switch (p->opt[0]) {
  case 60:
    cr_stream_queue(p, (cr_stream){3}, 4, CR_RECLAIM_LATER);
    break;
  case 61:
    cr_stream_queue(p, (cr_stream){0}, 0, CR_RECLAIM_LATER);
    break;
  case 62:
    cr_stream_queue(p, (cr_stream){0}, CR_QUEUE_MAX + 1, CR_RECLAIM_LATER);
    break;
  case 63:
    cr_stream_queue(p, (cr_stream){0}, 4, (enum cr_reclaim)2);
    break;
  case 64:
    cr_stream_queue(p, (cr_stream){0}, CR_QUEUE_MAX, CR_RECLAIM_NOW);
    break;
  default:
    break;
  }
  return CR_OK;
}

static void asker_request(struct cr_policy *p, cr_request r)
{
  struct asker *a = p->state;
  (void)r;
  if (++a->n < p->view->n_client)
    return;
  ask(p, p->opt[0]);
  ask_more(p, p->opt[0]);
  for (uint32_t i = 0; i < 3; i++)
    if (!(a->away >> i & 1))
      launch(p, i, CR_ALL, i == 0 ? 0 : 2);
}

static void asker_done(struct cr_policy *p, cr_request r, int complete)
{
  struct asker *a = p->state;
  if (complete)
    return;
  int again = p->opt[0] == 71 && a->n++ == 0;
  if (p->opt[0] == 70 &&
      p->view->request_next_op[r.i] == 2) /* over one that must not run twice; then over a part of it */
    cr_rewind(p, r, 0);
  if (again)
    cr_rewind(p, r, 1);
  if (p->opt[0] == 72 && p->view->request_next_op[r.i] == 2)
    cr_slice(p, r, 1, (cr_stream){1});
  if (p->opt[0] == 73 && p->view->request_next_block[r.i])
    cr_rewind(p, r, 0);
  if (p->opt[0] == 74 && p->view->request_next_op[r.i] == 1) { /* a pad of an op before the next */
    struct cr_pad_spec pad = good();
    pad.rt.i = 1;
    pad.be.i = 0;
    pad.rt_op = 0;
    cr_pad(p, &pad);
  }
  cr_launch(p, r, again ? 1 : CR_ALL, (cr_stream){1});
}

/* Only client 1, op by op. */
static void step_request(struct cr_policy *p, cr_request r)
{
  if (p->opt[0] == 73 && r.i == 1)
    cr_slice(p, r, 1, (cr_stream){1});
  else
    cr_launch(p, r, r.i != 1 ? CR_ALL : p->opt[0] == 74 ? 1 : 2, (cr_stream){r.i == 1});
}

static void asker_back(struct cr_policy *p, cr_request r, enum cr_cap how)
{
  assert_int_equal(how, CR_CAP_PAD);
  cr_launch(p, r, CR_ALL, (cr_stream){2});
}

static const struct cr_opt options[] = {
  {.name = "case", .kind = CR_OPT_COUNT, .fallback = "0", .min = 0, .max = 1000},
  {0},
};

#define ASKER                                                                                     \
  .abi = CR_POLICY_ABI, .name = "asker", .about = "asks for one wrong thing", .options = options, \
  .state_bytes = sizeof(struct asker), .init = asker_init, .on_back = asker_back, .on_done = asker_done

static const struct cr_policy_ops asker = {ASKER, .needs = CR_CAP_PAD | CR_CAP_SLICE | CR_CAP_QUEUE,
                                           .on_request = asker_request};
static const struct cr_policy_ops stepper = {ASKER, .needs = CR_CAP_PAD | CR_CAP_SLICE | CR_CAP_QUEUE,
                                             .on_request = step_request};

static void expect_refused(const struct cr_policy_ops *ops, int which, uint32_t n, enum cr_refusal refusal)
{
  static const cr_ns at[] = {0};
  static struct rig r;
  rig_init(&r);
  struct cr_op_spec op[4], copy = rig_kernel(4, 10);
  for (int i = 0; i < 4; i++)
    op[i] = rig_kernel(4, 100);
  copy.kind = CR_OP_COPY_D2H;
  copy.blocks = copy.threads = 0;
  op[3] = copy;
  struct cr_model_spec spec = {.name = "rt",
                               .op = op,
                               .n_op = 4,
                               .weight_bytes = CR_UNKNOWN,
                               .persistent_bytes = CR_UNKNOWN,
                               .ephemeral_bytes = CR_UNKNOWN,
                               .framework_bytes = CR_UNKNOWN};
  cr_model rt, be;
  assert_int_equal(cr_workload_add_model(r.builder, &spec, &rt, NULL), CR_OK);
  op[3] = op[1];
  op[2] = copy;
  op[0].idempotent = CR_NO;
  spec.name = "be";
  assert_int_equal(cr_workload_add_model(r.builder, &spec, &be, NULL), CR_OK);
  load_add(r.builder, load_trace("rt", rt, CR_RT, at, 1));
  load_add(r.builder, load_trace("be", be, CR_BE, at, 1));
  load_add(r.builder, load_job("job", rt, 0, 1));
  struct cr_core_cfg cfg = load_cfg(load_seal(r.builder), ops);
  char text[32];
  snprintf(text, sizeof text, "case=%d", which);
  cfg.policy_options = text;
  cfg.machine = &r.machine;
  cfg.backend = &cr_backend_sim;
  cfg.strict = 0;
  struct cr_result result;
  struct cr_err err = {""};
  if (cr_core_run(&cfg, &result, &err) != CR_OK)
    fail_msg("case %d: %s", which, err.text);
  if (result.n_refused != n || (n && !strstr(result.why, cr_refusal_text(refusal))))
    fail_msg("case %d: %u refused, \"%s\" does not say \"%s\"", which, (unsigned)result.n_refused, result.why,
             cr_refusal_text(refusal));
  for (uint32_t c = 0; c < 3; c++)
    assert_int_equal(result.client[c].n_done, 1);
  cr_result_fini(&result);
  rig_fini(&r);
}

static void each_thing_that_cannot_be_is_refused_with_its_sentence(void **state)
{
  (void)state;
  static const struct {
    int which;
    enum cr_refusal refusal;
  } is[] = {
    {0, CR_REFUSED_REQUEST},  {1, CR_REFUSED_OWNER},   {2, CR_REFUSED_STREAM},   {3, CR_REFUSED_PAD},
    {4, CR_REFUSED_PAD},      {5, CR_REFUSED_PAD},     {6, CR_REFUSED_PAD},      {7, CR_REFUSED_PAD},
    {8, CR_REFUSED_PAD},      {9, CR_REFUSED_PAD},     {10, CR_REFUSED_PAD},     {11, CR_REFUSED_PAD},
    {12, CR_REFUSED_PAD},     {13, CR_REFUSED_OWNER},  {14, CR_REFUSED_KERNEL},  {15, CR_REFUSED_KERNEL},
    {16, CR_REFUSED_KERNEL},  {17, CR_REFUSED_KERNEL}, {18, CR_REFUSED_REQUEST}, {19, CR_REFUSED_OWNER},
    {20, CR_REFUSED_PADDED},  {21, CR_REFUSED_OWNER},  {22, CR_REFUSED_OWNER},   {30, CR_REFUSED_PADDED},
    {31, CR_REFUSED_PADDED},  {32, CR_REFUSED_PADDED}, {33, CR_REFUSED_PADDED},  {34, CR_REFUSED_PADDED},
    {35, CR_REFUSED_PADDED},  {36, CR_REFUSED_RANGE},  {37, CR_REFUSED_STREAM},  {38, CR_REFUSED_KERNEL},
    {39, CR_REFUSED_REQUEST}, {40, CR_REFUSED_OWNER},  {41, CR_REFUSED_AGAIN},   {42, CR_REFUSED_PASS},
    {43, CR_REFUSED_REQUEST}, {44, CR_REFUSED_OWNER},  {45, CR_REFUSED_LATE},    {46, CR_REFUSED_REQUEST},
    {47, CR_REFUSED_OWNER},   {48, CR_REFUSED_OWNER},  {49, CR_REFUSED_OWNER},   {50, CR_REFUSED_OWNER},
    {60, CR_REFUSED_STREAM},  {61, CR_REFUSED_QUEUE},  {62, CR_REFUSED_QUEUE},   {63, CR_REFUSED_QUEUE},
  };
  for (size_t i = 0; i < sizeof is / sizeof is[0]; i++)
    expect_refused(&asker, is[i].which, 1, is[i].refusal);
  expect_refused(&asker, 64, 0, CR_GRANTED);
  expect_refused(&asker, 99, 0, CR_GRANTED);
  expect_refused(&stepper, 70, 1, CR_REFUSED_AGAIN);
  expect_refused(&stepper, 71, 0, CR_GRANTED);
  expect_refused(&stepper, 72, 1, CR_REFUSED_KERNEL);
  expect_refused(&stepper, 73, 1, CR_REFUSED_AGAIN);
  expect_refused(&stepper, 74, 1, CR_REFUSED_PAD);
}

static void what_a_policy_does_not_list_it_does_not_get(void **state)
{
  (void)state;
  struct cr_policy_ops ops = asker;
  ops.needs = CR_CAP_PAD;
  expect_refused(&ops, 64, 1, CR_REFUSED_NEED);
  ops.needs = CR_CAP_QUEUE;
  expect_refused(&ops, 23, 1, CR_REFUSED_NEED); /* a good pad */
  expect_refused(&ops, 51, 1, CR_REFUSED_NEED); /* a good slice */
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
    cmocka_unit_test(each_thing_that_cannot_be_is_refused_with_its_sentence),
    cmocka_unit_test(what_a_policy_does_not_list_it_does_not_get),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
