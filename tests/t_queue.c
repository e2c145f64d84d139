/* t_queue.c - the queues that policies thread through their request state. */
#include "config.h"

#include "policies/queue.h"
#include "sim/rng.h"
#include "tests/t.h"

enum { N = 300 };

/* A policy of nothing but request state. */
static const struct cr_policy_ops ops = {.request_bytes = sizeof(struct cr_link)};

static void first_in_is_first_out(void **state)
{
  (void)state;
  struct cr_link link[N] = {{0}};
  struct cr_policy p = {.ops = &ops, .request_state = (unsigned char *)link};
  struct cr_queue q = {0};
  for (int round = 0; round < 3; round++) {
    for (uint32_t i = 0; i < N; i++)
      cr_queue_push(&p, &q, (cr_request){N - 1 - i});
    assert_int_equal(q.n, N);
    for (uint32_t i = 0; i < N; i++)
      assert_int_equal(cr_queue_pop(&p, &q).i, N - 1 - i);
    assert_int_equal(q.n, 0);
    assert_int_equal(q.tail, 0);
  }
}

static void what_goes_to_the_front_is_next(void **state)
{
  (void)state;
  struct cr_link link[N] = {{0}};
  struct cr_policy p = {.ops = &ops, .request_state = (unsigned char *)link};
  struct cr_queue q = {0};
  cr_queue_push_front(&p, &q, (cr_request){5});
  cr_queue_push(&p, &q, (cr_request){6});
  cr_queue_push_front(&p, &q, (cr_request){4});
  for (uint32_t i = 4; i < 7; i++)
    assert_int_equal(cr_queue_pop(&p, &q).i, i);
}

static void a_ranking_gives_the_least_key_and_of_ties_the_first(void **state)
{
  (void)state;
  enum { STEPS = 50000, SEED = 11 };
  struct cr_link link[N] = {{0}};
  struct cr_policy p = {.ops = &ops, .request_state = (unsigned char *)link};
  struct cr_ranking q = {0};
  uint64_t key[N] = {0}, order[N] = {0};
  int in[N] = {0};
  for (uint64_t i = 0; i < STEPS; i++) {
    uint64_t d = cr_draw(SEED, CR_RNG_TEST, 0, i);
    uint32_t slot = (uint32_t)(d >> 32) % N;
    if (!in[slot] && (d & 1 || q.n == 0)) {
      in[slot] = 1;
      key[slot] = d >> 8 & 31;
      order[slot] = i;
      cr_ranking_push(&p, &q, (cr_request){slot}, key[slot]);
    } else if (q.n) {
      uint32_t least = CR_NONE;
      for (uint32_t k = 0; k < N; k++)
        if (in[k] && (least == CR_NONE || key[k] < key[least] || (key[k] == key[least] && order[k] < order[least])))
          least = k;
      assert_int_equal(cr_ranking_pop(&p, &q).i, least);
      in[least] = 0;
    }
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(first_in_is_first_out),
    cmocka_unit_test(what_goes_to_the_front_is_next),
    cmocka_unit_test(a_ranking_gives_the_least_key_and_of_ties_the_first),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
