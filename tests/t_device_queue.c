/* t_device_queue.c - when a stream's ops reach the device, worked by hand: push 10, notice 3, fetch 5 ns unless said otherwise. */
#include "config.h"

#include "sim/device_queue.h"
#include "tests/t.h"

static struct cr_device_queue queue_of(uint32_t cap)
{
  return (struct cr_device_queue){.cap = cap, .push_ns = 10, .notice_ns = 3, .fetch_ns = 5};
}

/* Op after op of so long each, launched by their program at 0: when each starts, behind the one before. */
static void run(struct cr_device_queue *q, uint32_t n, cr_ns op_ns, cr_ns *start_ns)
{
  cr_ns free_ns = 0;
  for (uint32_t i = 0; i < n; i++) {
    start_ns[i] = cr_max_ns(free_ns, cr_device_queue_push(q, 0));
    free_ns = start_ns[i] + op_ns;
    cr_device_queue_end(q, free_ns);
  }
}

static void expect(uint32_t cap, cr_ns op_ns, const cr_ns *want_ns, uint32_t n)
{
  struct cr_device_queue q = queue_of(cap);
  cr_ns start_ns[16];
  run(&q, n, op_ns, start_ns);
  for (uint32_t i = 0; i < n; i++)
    if (start_ns[i] != want_ns[i])
      fail_msg("queue of %u, ops of %d ns: op %u starts at %d, not %d", cap, (int)op_ns, i, (int)start_ns[i],
               (int)want_ns[i]);
}

#define EXPECT(cap, op_ns, ...)                                          \
  do {                                                                   \
    static const cr_ns want_ns[] = {__VA_ARGS__};                        \
    expect((cap), (op_ns), want_ns, sizeof want_ns / sizeof want_ns[0]); \
  } while (0)

static void an_ideal_queue_changes_nothing(void **state)
{
  (void)state;
  struct cr_device_queue q = queue_of(0);
  for (cr_ns at_ns = 0; at_ns < 100; at_ns += 7) {
    assert_int_equal(cr_device_queue_push(&q, at_ns), at_ns);
    assert_true(cr_device_queue_has_last(&q, at_ns));
    assert_int_equal(cr_device_queue_behind(&q, 50, at_ns), 0);
    cr_device_queue_end(&q, at_ns + 3);
  }
  EXPECT(0, 20, 0, 20, 40);
}

static void a_queue_of_one_waits_for_each_end(void **state)
{
  (void)state;
  EXPECT(1, 20, 5, 25 + 3 + 5, 53 + 3 + 5, 81 + 3 + 5); /* each end + notice + fetch: pushes are long over */
  EXPECT(1, 1, 5, 15, 25, 35);                          /* ends at 6: the next push is at 10, and not at 9 */
}

static void larger_queues_hide_the_host(void **state)
{
  (void)state;
  /* Of 2: op j is launched 3 after the end of j - 2, at the earliest 10 after op j - 1. */
  EXPECT(2, 20, 5, 25, 45, 65, 85);
  EXPECT(3, 20, 5, 25, 45, 65, 85);
  /* ops of 6, pushed at 0, 10, then the end of op 0 (11) + 3 = 14 < 20: the pushes rule */
  EXPECT(2, 6, 5, 15, 25, 35);
  EXPECT(4, 6, 5, 15, 25, 35);
}

/* Slow to notice: an end is seen 30 late. */
static void a_late_notice_is_hidden_by_as_many_ops_as_it_lasts(void **state)
{
  (void)state;
  static const struct {
    uint32_t cap;
    cr_ns start_ns[6];
  } is[] = {
    /* op 1: end of op 0 at 25 + 30 + fetch */
    {1, {5, 60, 115, 170, 225, 280}},
    /* op 2: end of op 0 at 25 + 30 = 55, + 5; op 3: end of op 1 at 45 + 30 = 75, + 5; op 4: 80 + 30 + 5 */
    {2, {5, 25, 60, 80, 115, 135}},
    /* op 3: 55 + 5 < 65: in time.  op 4: end of op 1 at 45 + 35 = 80 < 85 */
    {3, {5, 25, 45, 65, 85, 105}},
  };
  for (size_t k = 0; k < sizeof is / sizeof is[0]; k++) {
    struct cr_device_queue q = queue_of(is[k].cap);
    q.notice_ns = 30;
    cr_ns start_ns[6];
    run(&q, 6, 20, start_ns);
    for (uint32_t i = 0; i < 6; i++)
      assert_int_equal(start_ns[i], is[k].start_ns[i]);
  }
}

static void a_program_that_launches_late_is_waited_for(void **state)
{
  (void)state;
  struct cr_device_queue q = queue_of(2);
  assert_int_equal(cr_device_queue_push(&q, 7), 12);
  cr_device_queue_end(&q, 20);
  assert_int_equal(cr_device_queue_push(&q, 0), 22); /* 7 + push */
  assert_int_equal(cr_device_queue_push(&q, 1000), 1005);
  cr_device_queue_end(&q, 1010);
  assert_int_equal(cr_device_queue_push(&q, 0), 1015); /* 1000 + push */
}

static void beyond_what_is_remembered_only_pushes_count(void **state)
{
  (void)state;
  struct cr_device_queue wide = queue_of(CR_DEVICE_QUEUE_ENDS), wider = queue_of(CR_DEVICE_QUEUE_ENDS + 1);
  static cr_ns a[500], b[500];
  run(&wide, 500, 20, a);
  run(&wider, 500, 20, b);
  for (uint32_t i = 0; i < 500; i++) {
    assert_int_equal(a[i], 5 + 20 * (cr_ns)i);
    assert_int_equal(b[i], a[i]);
  }
  assert_int_equal(wider.pushed_ns, 4990);
  assert_int_equal(wide.pushed_ns, a[499 - CR_DEVICE_QUEUE_ENDS] + 20 + 3); /* bound by an end */
}

static void what_lies_behind_is_what_was_pushed_by_then(void **state)
{
  (void)state;
  struct cr_device_queue q = queue_of(4);
  cr_device_queue_push(&q, 0);
  assert_true(cr_device_queue_has_last(&q, 0));
  static const struct {
    cr_ns at_ns;
    uint32_t behind;
  } is[] = {{0, 0}, {9, 0}, {10, 1}, {19, 1}, {20, 2}, {30, 3}, {40, 3}, {1000, 3}}; /* op 0 has not ended: 4 in all */
  for (size_t i = 0; i < sizeof is / sizeof is[0]; i++)
    assert_int_equal(cr_device_queue_behind(&q, 100, is[i].at_ns), is[i].behind);
  assert_int_equal(cr_device_queue_behind(&q, 2, 1000), 2); /* there are no more */
  assert_int_equal(cr_device_queue_behind(&q, 0, 1000), 0);
  cr_device_queue_end(&q, 100);
  cr_device_queue_push(&q, 0);
  assert_int_equal(cr_device_queue_behind(&q, 100, 102), 2); /* op 4 is launched when that end is seen */
  assert_int_equal(cr_device_queue_behind(&q, 100, 103), 3);
  struct cr_device_queue one = queue_of(1);
  cr_device_queue_push(&one, 0);
  assert_int_equal(cr_device_queue_behind(&one, 100, 1000), 0);
  cr_device_queue_end(&one, 50);
  cr_device_queue_push(&one, 0); /* launched at 53 */
  assert_false(cr_device_queue_has_last(&one, 52));
  assert_true(cr_device_queue_has_last(&one, 53));
  struct cr_device_queue all = queue_of(65536);
  cr_device_queue_push(&all, 0);
  assert_int_equal(cr_device_queue_behind(&all, 500, 5000), 499 + 1); /* n counts those behind */
  assert_int_equal(cr_device_queue_behind(&all, 501, 5000), 500);
  assert_int_equal(cr_device_queue_behind(&all, 500, 4999), 499);
}

static void an_op_that_is_taken_back_leaves_no_trace(void **state)
{
  (void)state;
  struct cr_device_queue q = queue_of(2), before;
  cr_device_queue_push(&q, 0);
  cr_device_queue_end(&q, 30);
  before = q;
  assert_int_equal(cr_device_queue_push(&q, 0), 15);
  cr_device_queue_take_back(&q);
  assert_int_equal(q.n_pushed, before.n_pushed);
  assert_int_equal(cr_device_queue_push(&q, 40), 45);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(an_ideal_queue_changes_nothing),
    cmocka_unit_test(a_queue_of_one_waits_for_each_end),
    cmocka_unit_test(larger_queues_hide_the_host),
    cmocka_unit_test(a_late_notice_is_hidden_by_as_many_ops_as_it_lasts),
    cmocka_unit_test(a_program_that_launches_late_is_waited_for),
    cmocka_unit_test(beyond_what_is_remembered_only_pushes_count),
    cmocka_unit_test(what_lies_behind_is_what_was_pushed_by_then),
    cmocka_unit_test(an_op_that_is_taken_back_leaves_no_trace),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
