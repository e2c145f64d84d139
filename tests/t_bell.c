/* t_bell.c - rings between threads: none is lost, whether who waits polls or sleeps. */
#include "config.h"

#include "sim/bell.h"
#include "tests/t.h"

enum { RINGS = 2000 };

struct pair {
  struct cr_bell ping, pong;
  uint32_t n_seen;
};

static void *answer(void *arg)
{
  struct pair *p = arg;
  for (uint32_t seen = 0; seen < RINGS; seen++) {
    cr_bell_wait(&p->ping, seen);
    p->n_seen++; /* seen by the other one, since a ring follows */
    cr_bell_ring(&p->pong);
  }
  return NULL;
}

static void play(int polls, uint32_t n)
{
  struct pair p = {.n_seen = 0};
  pthread_t other;
  cr_bell_init(&p.ping, polls);
  cr_bell_init(&p.pong, polls);
  assert_int_equal(pthread_create(&other, NULL, answer, &p), 0);
  for (uint32_t i = 0; i < n; i++) {
    cr_bell_ring(&p.ping);
    cr_bell_wait(&p.pong, i);
    assert_int_equal(p.n_seen, i + 1);
  }
  for (uint32_t i = n; i < RINGS; i++)
    cr_bell_ring(&p.ping);
  pthread_join(other, NULL);
  assert_int_equal(p.n_seen, RINGS);
  assert_int_equal(cr_bell_count(&p.pong), RINGS);
  cr_bell_fini(&p.ping);
  cr_bell_fini(&p.pong);
}

static void each_ring_wakes_who_sleeps(void **state)
{
  (void)state;
  play(0, RINGS);
}

/* On one core two that poll wait for each other's time slices: a few rounds only. */
static void each_ring_is_seen_by_who_polls(void **state)
{
  (void)state;
  play(1, 20);
}

static void a_count_that_is_old_does_not_wait(void **state)
{
  (void)state;
  struct cr_bell b;
  cr_bell_init(&b, 0);
  cr_bell_ring(&b);
  cr_bell_wait(&b, 0);
  assert_int_equal(cr_bell_count(&b), 1);
  cr_bell_fini(&b);
}

int main(void)
{
  const struct CMUnitTest test[] = {
    cmocka_unit_test(each_ring_wakes_who_sleeps),
    cmocka_unit_test(each_ring_is_seen_by_who_polls),
    cmocka_unit_test(a_count_that_is_old_does_not_wait),
  };
  return cmocka_run_group_tests(test, NULL, NULL);
}
