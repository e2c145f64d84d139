/* t_heap.c - the event queue. */
#include "config.h"

#include "sim/heap.h"
#include "sim/rng.h"
#include "tests/t.h"

static void ties_leave_in_order_of_push(void **state)
{
  (void)state;
  struct cr_heap h;
  assert_int_equal(cr_heap_init(&h, 4), CR_OK);
  for (uint64_t i = 0; i < 1000; i++)
    assert_int_equal(cr_heap_push(&h, 5, 1, i), CR_OK);
  for (uint64_t i = 0; i < 1000; i++)
    assert_int_equal(cr_heap_pop(&h).what, i);
  cr_heap_fini(&h);
}

static void a_class_goes_before_the_order_of_push(void **state)
{
  (void)state;
  struct cr_heap h;
  assert_int_equal(cr_heap_init(&h, 4), CR_OK);
  assert_int_equal(cr_heap_push(&h, 5, 255, 1), CR_OK);
  assert_int_equal(cr_heap_push(&h, 5, 1, 2), CR_OK);
  assert_int_equal(cr_heap_push(&h, 5, 0, 3), CR_OK);
  assert_int_equal(cr_heap_push(&h, 4, 200, 4), CR_OK);
  uint64_t want[] = {4, 3, 2, 1};
  uint8_t class[] = {200, 0, 1, 255};
  for (int i = 0; i < 4; i++) {
    struct cr_entry e = cr_heap_pop(&h);
    assert_int_equal(e.what, want[i]);
    assert_int_equal(cr_entry_class(&e), class[i]);
  }
  cr_heap_fini(&h);
}

static void times_before_zero_and_at_the_limits_are_in_order(void **state)
{
  (void)state;
  static const cr_ns at_ns[] = {0, CR_NS_NEVER, INT64_MIN, -1, 1, CR_NS_NEVER - 1};
  static const uint64_t want[] = {2, 3, 0, 4, 5, 1};
  struct cr_heap h;
  assert_int_equal(cr_heap_init(&h, 0), CR_OK);
  for (uint64_t i = 0; i < 6; i++)
    assert_int_equal(cr_heap_push(&h, at_ns[i], 0, i), CR_OK);
  for (int i = 0; i < 6; i++)
    assert_int_equal(cr_heap_pop(&h).what, want[i]);
  assert_int_equal(cr_heap_next_ns(&h), CR_NS_NEVER);
  cr_heap_fini(&h);
}

/* Against the plainest queue there is: look at all, take the least. */
static void a_random_mix_leaves_as_from_a_plain_search(void **state)
{
  (void)state;
  enum { N = 400, STEPS = 20000, SEED = 7 };
  struct cr_entry plain[N];
  uint32_t n = 0;
  struct cr_heap h;
  assert_int_equal(cr_heap_init(&h, 1), CR_OK);
  for (uint64_t i = 0; i < STEPS; i++) {
    uint64_t draw = cr_draw(SEED, CR_RNG_TEST, 0, i);
    if (n == 0 || (n < N && (draw & 1))) {
      plain[n++] =
        (struct cr_entry){.at_ns = (cr_ns)(draw >> 8 & 63), .order = (draw >> 20 & 3) << 56 | h.pushed, .what = i};
      assert_int_equal(cr_heap_push(&h, plain[n - 1].at_ns, (uint8_t)(draw >> 20 & 3), i), CR_OK);
      continue;
    }
    uint32_t least = 0;
    for (uint32_t k = 1; k < n; k++)
      if (plain[k].at_ns < plain[least].at_ns ||
          (plain[k].at_ns == plain[least].at_ns && plain[k].order < plain[least].order))
        least = k;
    assert_int_equal(cr_heap_next_ns(&h), plain[least].at_ns);
    assert_int_equal(cr_heap_pop(&h).what, plain[least].what);
    plain[least] = plain[--n];
  }
  cr_heap_fini(&h);
}

static void without_memory_nothing_is_pushed(void **state)
{
  (void)state;
  struct cr_heap h;
  assert_int_equal(cr_heap_init(&h, 2), CR_OK);
  assert_int_equal(cr_heap_push(&h, 1, 0, 1), CR_OK);
  assert_int_equal(cr_heap_push(&h, 2, 0, 2), CR_OK);
  t_fail_allocation_after(0);
  int rc = cr_heap_push(&h, 0, 0, 3);
  t_allocations_succeed();
  assert_int_equal(rc, CR_ENOMEM);
  assert_int_equal(h.n, 2);
  assert_int_equal(cr_heap_pop(&h).what, 1);
  cr_heap_fini(&h);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(ties_leave_in_order_of_push),
    cmocka_unit_test(a_class_goes_before_the_order_of_push),
    cmocka_unit_test(times_before_zero_and_at_the_limits_are_in_order),
    cmocka_unit_test(a_random_mix_leaves_as_from_a_plain_search),
    cmocka_unit_test(without_memory_nothing_is_pushed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
