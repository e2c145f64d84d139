/* t_feeder.c - one thread that feeds several queues: by hand, and against what must hold whatever happens; and what queues that are
 * fed do to graphs beside them. */
#include "config.h"

#include <string.h>

#include "sim/feeder.h"
#include "tests/rig.h"
#include "tests/t.h"

enum { QUEUES = 3 };

static struct cr_feeder_queue queue[QUEUES];

static struct cr_feeder make(cr_ns push_ns, cr_ns serial_ns, cr_ns notice_ns, uint32_t cap)
{
  memset(queue, 0, sizeof queue);
  for (int i = 0; i < QUEUES; i++)
    queue[i].cap = cap;
  return (struct cr_feeder){.push_ns = push_ns,
                            .serial_ns = serial_ns,
                            .notice_ns = notice_ns,
                            .next_ns = CR_NS_NEVER,
                            .n_queue = QUEUES,
                            .queue = queue};
}

/* The next launch comes then, into that queue. */
static void expect(struct cr_feeder *f, cr_ns at_ns, uint32_t q)
{
  assert_int_equal(cr_feeder_next_ns(f), at_ns);
  assert_int_equal(cr_feeder_take(f, at_ns - 1), CR_NONE);
  assert_int_equal(cr_feeder_take(f, at_ns), q);
}

static void one_queue_is_fed_push_apart(void **state)
{
  (void)state;
  struct cr_feeder f = make(10, 4, 3, 100);
  assert_int_equal(cr_feeder_next_ns(&f), CR_NS_NEVER);
  cr_feeder_hand(&f, 1, 3, 50);
  expect(&f, 50, 1);
  expect(&f, 60, 1);
  expect(&f, 70, 1);
  assert_int_equal(cr_feeder_next_ns(&f), CR_NS_NEVER);
}

static void queues_share_the_thread_in_turns(void **state)
{
  (void)state;
  struct cr_feeder f = make(4, 4, 3, 100);
  cr_feeder_hand(&f, 0, 6, 0);
  cr_feeder_hand(&f, 2, 5, 0);
  static const uint32_t order[] = {0, 0, 0, 0, 2, 2, 2, 2, 0, 0, 2};
  for (int i = 0; i < 11; i++)
    expect(&f, 4 * i, order[i]);
}

static void a_full_queue_waits_until_an_end_was_seen(void **state)
{
  (void)state;
  struct cr_feeder f = make(4, 4, 3, 2);
  cr_ns pushed_ns;
  cr_feeder_hand(&f, 0, 4, 0);
  expect(&f, 0, 0);
  expect(&f, 4, 0);
  assert_int_equal(cr_feeder_next_ns(&f), CR_NS_NEVER);
  assert_true(cr_feeder_start(&f, 0, &pushed_ns));
  assert_int_equal(pushed_ns, 0);
  cr_feeder_end(&f, 0, 20);
  assert_true(cr_feeder_start(&f, 0, &pushed_ns));
  assert_int_equal(pushed_ns, 4);
  assert_false(cr_feeder_start(&f, 0, &pushed_ns));
  cr_feeder_end(&f, 0, 21);
  expect(&f, 23, 0);
  expect(&f, 27, 0); /* seen at 24, while the thread was busy */
}

static void a_preemption_drops_what_was_not_launched(void **state)
{
  (void)state;
  struct cr_feeder f = make(4, 4, 3, 3);
  cr_ns pushed_ns;
  cr_feeder_hand(&f, 0, 9, 0);
  expect(&f, 0, 0);
  assert_true(cr_feeder_start(&f, 0, &pushed_ns));
  expect(&f, 4, 0);
  expect(&f, 8, 0);
  assert_int_equal(cr_feeder_stop(&f, 0), 2);
  cr_feeder_hand(&f, 0, 2, 10); /* waits until the stream has come back */
  assert_int_equal(cr_feeder_next_ns(&f), CR_NS_NEVER);
  cr_feeder_resume(&f, 0, 0, 2, 30);
  expect(&f, 30, 0);
  expect(&f, 34, 0);
  assert_int_equal(cr_feeder_next_ns(&f), CR_NS_NEVER);
}

/* Whatever comes: launches lie `serial` apart, those of a queue `push`; no queue holds more than it can; none is lost. */
static void rules_hold_under_a_random_load(void **state)
{
  (void)state;
  enum { STEPS = 20000 };
  const uint32_t cap = 3;
  struct cr_feeder f = make(7, 5, 11, cap);
  uint64_t random = 88172645463325252ULL; /* the seed */
  uint32_t handed = 0, pushed = 0, held[QUEUES] = {0}, on[QUEUES] = {0};
  cr_ns now_ns = 0, last_ns = -100, last_of_ns[QUEUES] = {-100, -100, -100};
  for (int i = 0; i < STEPS; i++) {
    random ^= random << 13, random ^= random >> 7, random ^= random << 17;
    uint32_t q = (uint32_t)(random >> 20) % QUEUES, n = (uint32_t)(random >> 40) % 4;
    cr_ns to_ns = now_ns + (cr_ns)((random >> 50) % 16), at_ns, pushed_ns;
    while ((at_ns = cr_feeder_next_ns(&f)) <= to_ns) {
      uint32_t taken = cr_feeder_take(&f, to_ns);
      assert_true(at_ns >= now_ns && at_ns - last_ns >= 5 && at_ns - last_of_ns[taken] >= 7);
      last_ns = last_of_ns[taken] = at_ns;
      assert_true(++held[taken] <= cap);
      pushed++;
    }
    now_ns = to_ns;
    if (n == 0 && handed - pushed < 100) {
      cr_feeder_hand(&f, q, 5, now_ns);
      handed += 5;
    } else if (on[q]) {
      cr_feeder_end(&f, q, now_ns);
      on[q] = 0;
      held[q]--;
    } else if (cr_feeder_start(&f, q, &pushed_ns)) {
      assert_true(pushed_ns <= now_ns);
      on[q] = 1;
    }
  }
  assert_true(pushed > STEPS / 4 && handed - pushed == queue[0].left + queue[1].left + queue[2].left);
}

/* A graph of ten kernels of 100 ns, alone on a device that has so many streams with a device queue. */
static cr_ns graph_ns(uint32_t n_fed)
{
  static struct rig r;
  rig_init(&r);
  rig_price(&r, CR_GPU_APART, 7);
  rig_add(&r, rig_kernel(1, 100), 10);
  rig_open(&r);
  rig_stream(&r, 0, 0);
  while (n_fed--)
    rig_stream(&r, 0, 2);
  rig_launch(&r, 0, 0, 10, 0);
  rig_run(&r, CR_NS_NEVER);
  cr_ns ns = r.now_ns;
  rig_fini(&r);
  return ns;
}

static void kernels_of_a_graph_lie_apart_where_several_streams_are_fed(void **state)
{
  (void)state;
  assert_int_equal(graph_ns(0), 1000);
  assert_int_equal(graph_ns(1), 1000);
  assert_int_equal(graph_ns(2), 1000 + 9 * 7); /* between kernels, not before the first */
  assert_int_equal(graph_ns(5), 1000 + 9 * 7);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(one_queue_is_fed_push_apart),
    cmocka_unit_test(queues_share_the_thread_in_turns),
    cmocka_unit_test(a_full_queue_waits_until_an_end_was_seen),
    cmocka_unit_test(a_preemption_drops_what_was_not_launched),
    cmocka_unit_test(rules_hold_under_a_random_load),
    cmocka_unit_test(kernels_of_a_graph_lie_apart_where_several_streams_are_fed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
