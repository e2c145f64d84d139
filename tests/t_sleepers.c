/* t_sleepers.c - streams that wait until a time, against a search through all of them. */
#include "config.h"

#include "sim/rng.h"
#include "sim/sleepers.h"
#include "tests/t.h"

enum { STREAMS = 37 };

static uint32_t least(const cr_ns *at_ns)
{
  uint32_t best = CR_NONE;
  for (uint32_t i = 0; i < STREAMS; i++)
    if (at_ns[i] != CR_NS_NEVER && (best == CR_NONE || at_ns[i] < at_ns[best]))
      best = i;
  return best;
}

static void sleepers_wake_by_time_and_then_by_number(void **state)
{
  (void)state;
  struct cr_arena *arena = cr_arena_new();
  struct cr_sleepers s;
  assert_int_equal(cr_sleepers_init(&s, STREAMS, arena), CR_OK);
  cr_ns at_ns[STREAMS];
  for (uint32_t i = 0; i < STREAMS; i++)
    at_ns[i] = CR_NS_NEVER;
  uint64_t before = t_allocation_count();
  for (uint64_t k = 0; k < 100000; k++) {
    uint64_t d = cr_draw(1, CR_RNG_TEST, 0, k);
    uint32_t i = (uint32_t)(d % STREAMS), first = least(at_ns);
    cr_ns now_ns = (cr_ns)(d >> 40 & 63);
    assert_int_equal(cr_sleepers_next_ns(&s), first == CR_NONE ? CR_NS_NEVER : at_ns[first]);
    assert_int_equal(cr_sleepers_has(&s, i), at_ns[i] != CR_NS_NEVER);
    if (d >> 60 < 8 && at_ns[i] == CR_NS_NEVER) {
      at_ns[i] = (cr_ns)(d >> 20 & 63);
      cr_sleepers_add(&s, i, at_ns[i]);
    } else if (d >> 60 < 12 && at_ns[i] != CR_NS_NEVER) {
      at_ns[i] = CR_NS_NEVER;
      cr_sleepers_remove(&s, i);
    } else {
      uint32_t want = first != CR_NONE && at_ns[first] <= now_ns ? first : CR_NONE;
      assert_int_equal(cr_sleepers_take(&s, now_ns), want);
      if (want != CR_NONE)
        at_ns[want] = CR_NS_NEVER;
    }
  }
  assert_int_equal(t_allocation_count(), before);
  cr_arena_free(arena);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(sleepers_wake_by_time_and_then_by_number),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
