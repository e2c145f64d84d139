/* t_cuda_turns.c - turns taken one by one on a real GPU, against rotations reckoned at once. */
#include "config.h"

#include "sim/cuda_turns.h"

#include <inttypes.h>

#include "sim/rng.h"
#include "tests/t.h"

enum { MOST = 10 };

static uint64_t draw(uint64_t seed, uint64_t *k, uint64_t below)
{
  return cr_draw(seed, CR_RNG_TEST, 6, (*k)++) % below;
}

/* Small numbers, so that many keys are equal; now and then a member that must not run. */
static uint32_t some_members(uint64_t seed, struct cr_rotation_member *m, cr_ns *stop_ns)
{
  uint64_t k = 0;
  uint32_t n = 1 + (uint32_t)draw(seed, &k, MOST);
  int by_time = draw(seed, &k, 2) != 0;
  cr_ns sum_ns = 0;
  for (uint32_t i = 0; i < n; i++) {
    m[i] = (struct cr_rotation_member){.key = (int64_t)draw(seed, &k, 20),
                                       .each_ns = 1 + (cr_ns)draw(seed, &k, 9),
                                       .left = draw(seed, &k, 50) ? 1 + (uint32_t)draw(seed, &k, 30) : 0,
                                       .id = 100 + i,
                                       .is_new = draw(seed, &k, 3) == 0};
    m[i].step = by_time ? m[i].each_ns : 1;
    sum_ns += m[i].each_ns * m[i].left;
  }
  *stop_ns = draw(seed, &k, 2) ? 1 + (cr_ns)draw(seed, &k, (uint64_t)sum_ns + 1) : CR_NS_NEVER;
  return n;
}

/* What came of a rotation: turns in order, consecutive ones of a member joined, and who came back. */
struct outcome {
  struct cr_rotation_turn turn[1024];
  struct cr_rotation_back back[MOST];
  uint32_t n_turn, n_back;
};

static void add_turn(struct outcome *o, const struct cr_rotation_turn *t)
{
  struct cr_rotation_turn *last = o->n_turn ? &o->turn[o->n_turn - 1] : NULL;
  if (last && last->id == t->id) {
    last->n += t->n;
    last->end_ns = t->end_ns;
    return;
  }
  assert_true(o->n_turn < 1024);
  o->turn[o->n_turn++] = *t;
}

static void reckon(const struct cr_rotation_member *m, uint32_t n, cr_ns stop_ns, struct outcome *o)
{
  struct cr_rotation *r;
  struct cr_rotation_turn turn;
  assert_int_equal(cr_rotation_new(1, &r), CR_OK);
  for (uint32_t i = 0; i < n; i++)
    assert_int_equal(cr_rotation_join(r, &m[i]), CR_OK);
  cr_rotation_begin(r, 0);
  for (int is_over = 0; !is_over;) {
    cr_ns next_ns = cr_rotation_next_ns(r);
    if (stop_ns < next_ns) {
      cr_rotation_stop(r, stop_ns);
      stop_ns = CR_NS_NEVER;
      continue;
    }
    is_over = cr_rotation_advance(r, next_ns);
    while (cr_rotation_turn(r, &turn))
      add_turn(o, &turn);
  }
  while (cr_rotation_take(r, &o->back[o->n_back]))
    o->n_back++;
  cr_rotation_free(r);
}

/* As backend cuda does, with iterations that take what is reckoned with. */
static void take_turns(const struct cr_rotation_member *m, uint32_t n, cr_ns stop_ns, struct outcome *o)
{
  struct cr_cuda_turns *t;
  cr_ns now_ns = 0;
  assert_int_equal(cr_cuda_turns_new(&t), CR_OK);
  for (uint32_t i = 0; i < n; i++)
    assert_int_equal(cr_cuda_turns_join(t, &m[i]), CR_OK);
  assert_int_equal(cr_cuda_turns_n(t), n);
  for (uint32_t id; (id = cr_cuda_turns_next(t)) != CR_NONE;) {
    cr_ns end_ns = now_ns + m[id - 100].each_ns;
    if (stop_ns < end_ns)
      cr_cuda_turns_stop(t);
    cr_cuda_turns_ran(t, now_ns, end_ns);
    add_turn(o, &(struct cr_rotation_turn){.start_ns = now_ns, .end_ns = end_ns, .id = id, .n = 1});
    now_ns = end_ns;
  }
  while (cr_cuda_turns_take(t, &o->back[o->n_back]))
    o->n_back++;
  assert_int_equal(cr_cuda_turns_n(t), 0);
  cr_cuda_turns_free(t);
}

/* A stop at the very instant at which an iteration begins may take it back in the simulator; a GPU has it running. */
static int is_at_a_boundary(const struct outcome *o, const struct cr_rotation_member *m, cr_ns stop_ns)
{
  for (uint32_t i = 0; i < o->n_turn; i++)
    if (stop_ns >= o->turn[i].start_ns && (stop_ns - o->turn[i].start_ns) % m[o->turn[i].id - 100].each_ns == 0 &&
        stop_ns <= o->turn[i].end_ns)
      return 1;
  return 0;
}

static void turns_are_those_that_are_reckoned(void **state)
{
  (void)state;
  uint32_t n_compared = 0, n_stopped = 0;
  for (uint64_t seed = 0; seed < 3000; seed++) {
    struct cr_rotation_member m[MOST];
    cr_ns stop_ns;
    uint32_t n = some_members(seed, m, &stop_ns);
    static struct outcome want, got;
    want = got = (struct outcome){0};
    take_turns(m, n, stop_ns, &got);
    if (is_at_a_boundary(&got, m, stop_ns))
      continue;
    reckon(m, n, stop_ns, &want);
    n_compared++;
    n_stopped += stop_ns != CR_NS_NEVER;
    int same = want.n_turn == got.n_turn && want.n_back == got.n_back;
    for (uint32_t i = 0; same && i < want.n_turn; i++)
      same = want.turn[i].id == got.turn[i].id && want.turn[i].n == got.turn[i].n &&
             want.turn[i].start_ns == got.turn[i].start_ns;
    for (uint32_t i = 0; same && i < want.n_back; i++)
      same = want.back[i].id == got.back[i].id && want.back[i].n_done == got.back[i].n_done &&
             want.back[i].used_ns == got.back[i].used_ns && want.back[i].first_ns == got.back[i].first_ns;
    if (!same)
      fail_msg("seed %" PRIu64 ": %u turns, wanted %u; %u came back, wanted %u", seed, got.n_turn, want.n_turn,
               got.n_back, want.n_back);
  }
  assert_true(n_compared > 2000 && n_stopped > 500);
}

/* What they used is what was measured, and who goes next what was recorded. */
static void longer_iterations_change_no_order(void **state)
{
  (void)state;
  const struct cr_rotation_member m[] = {{.key = 0, .step = 10, .left = 4, .id = 0, .is_new = 1},
                                         {.key = 0, .step = 20, .left = 4, .id = 1}};
  const uint32_t want[] = {0, 1, 0, 1, 0, 0};
  struct cr_cuda_turns *t;
  struct cr_rotation_back back;
  cr_ns now_ns = 5;
  assert_int_equal(cr_cuda_turns_new(&t), CR_OK);
  for (int i = 0; i < 2; i++)
    assert_int_equal(cr_cuda_turns_join(t, &m[i]), CR_OK);
  for (int i = 0; i < 6; i++, now_ns += 100) {
    assert_int_equal(cr_cuda_turns_next(t), want[i]);
    cr_cuda_turns_ran(t, now_ns, now_ns + 97);
  }
  assert_int_equal(cr_cuda_turns_next(t), CR_NONE);
  assert_true(cr_cuda_turns_take(t, &back) && back.id == 1 && back.n_done == 2 && back.used_ns == 2 * 97);
  assert_true(back.first_ns == CR_NS_NEVER);
  assert_true(cr_cuda_turns_take(t, &back) && back.id == 0 && back.n_done == 4 && back.first_ns == 5);
  assert_false(cr_cuda_turns_take(t, &back));
  cr_cuda_turns_free(t);
}

int main(void)
{
  const struct CMUnitTest test[] = {
    cmocka_unit_test(turns_are_those_that_are_reckoned),
    cmocka_unit_test(longer_iterations_change_no_order),
  };
  return cmocka_run_group_tests(test, NULL, NULL);
}
