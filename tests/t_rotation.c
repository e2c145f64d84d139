/* t_rotation.c - rotations reckoned at once, against taking one turn after the other. */
#include "config.h"

#include "sim/rotation.h"
#include "tests/t.h"

#include <inttypes.h>

#include "sim/rng.h"

enum { MOST = 12 };

static uint64_t draw(uint64_t seed, uint64_t *k, uint64_t below)
{
  return cr_draw(seed, CR_RNG_TEST, 5, (*k)++) % below;
}

/* --- one turn after the other --------------------------------------------------------------------------------------- */

struct oracle {
  struct cr_rotation_member m[MOST];
  int64_t key[MOST];
  uint64_t since[MOST]; /* when each came to wait, in an order */
  uint32_t n, n_done[MOST], last;
  cr_ns first_ns[MOST];
  uint64_t n_since;
  cr_ns now_ns;
};

static uint32_t least(const struct oracle *o, uint32_t but)
{
  uint32_t best = CR_NONE;
  for (uint32_t i = 0; i < o->n; i++)
    if (i != but &&
        (best == CR_NONE || o->key[i] < o->key[best] || (o->key[i] == o->key[best] && o->since[i] < o->since[best])))
      best = i;
  return best;
}

/* As a policy launches them: so many iterations at once as cannot change who goes next; what is launched at the instant of
 * the stop, comes back at once, unless it is a single iteration.  1: the rotation is over. */
static int take_turn(struct oracle *o, cr_ns stop_ns)
{
  uint32_t i = least(o, CR_NONE), other = least(o, i), left = o->m[i].left - o->n_done[i], n = left;
  if (o->m[i].left == 0)
    return 1;
  if (other != CR_NONE) {
    int64_t gap = o->key[other] - o->key[i], step = o->m[i].step;
    int64_t most = gap <= step ? 1 : (gap + step - 1) / step;
    n = most < left ? (uint32_t)most : left;
  }
  if (o->m[i].is_new && o->n_done[i] == 0) /* nobody knows yet whether it thinks */
    n = 1;
  o->last = i;
  if (o->now_ns == stop_ns && n > 1)
    return 1;
  for (uint32_t k = 0; k < n; k++) {
    if (k && o->now_ns == stop_ns)
      return 1;
    int is_over = o->now_ns + o->m[i].each_ns > stop_ns;
    if (o->m[i].is_new && o->n_done[i] == 0)
      o->first_ns[i] = o->now_ns;
    o->now_ns += o->m[i].each_ns;
    o->n_done[i]++;
    o->key[i] += o->m[i].step;
    o->since[i] = o->n_since++;
    if (is_over || o->n_done[i] == o->m[i].left)
      return 1;
  }
  o->last = CR_NONE;
  return 0;
}

static void oracle_run(struct oracle *o, cr_ns stop_ns)
{
  for (uint32_t i = 0; i < o->n; i++) {
    o->key[i] = o->m[i].key;
    o->first_ns[i] = CR_NS_NEVER;
    o->since[i] = o->n_since++;
  }
  o->last = CR_NONE;
  while (!take_turn(o, stop_ns))
    continue;
}

/* ----------------------------------------------------------------------------------------------------------- rotation */

/* Small numbers, so that much falls together; now and then large ones, of jobs far apart, and one that must not run. */
static uint32_t some_members(uint64_t seed, uint64_t *k, struct cr_rotation_member *m)
{
  uint32_t n = 1 + (uint32_t)draw(seed, k, MOST);
  uint64_t span = 1 + draw(seed, k, seed % 4 ? 20 : 100000), each = 1 + draw(seed, k, seed % 5 ? 9 : 5000);
  int by_time = draw(seed, k, 2) != 0;
  for (uint32_t i = 0; i < n; i++) {
    m[i] = (struct cr_rotation_member){.key = (int64_t)draw(seed, k, span),
                                       .each_ns = 1 + (cr_ns)draw(seed, k, each),
                                       .left = 1 + (uint32_t)draw(seed, k, 40),
                                       .id = 100 + i,
                                       .sm_ppm = (uint32_t)draw(seed, k, 1000001)};
    m[i].step = by_time ? m[i].each_ns : 1;
    m[i].is_new = draw(seed, k, 4) == 0;
    if (draw(seed, k, 60) == 0)
      m[i].left = 0;
  }
  return n;
}

static void join_all(struct cr_rotation *r, const struct cr_rotation_member *m, uint32_t n, cr_ns at_ns)
{
  for (uint32_t i = 0; i < n; i++)
    assert_int_equal(cr_rotation_join(r, &m[i]), CR_OK);
  assert_int_equal(cr_rotation_n(r), n);
  assert_true(cr_rotation_next_ns(r) == CR_NS_NEVER);
  cr_rotation_begin(r, at_ns);
}

/* Up to stop_ns, where it is stopped, and to the end; when that is. */
static cr_ns go(struct cr_rotation *r, cr_ns now_ns, cr_ns stop_ns)
{
  for (;;) {
    cr_ns next_ns = cr_rotation_next_ns(r);
    assert_true(next_ns >= now_ns);
    now_ns = cr_min_ns(next_ns, cr_max_ns(stop_ns, now_ns));
    if (cr_rotation_advance(r, now_ns))
      return now_ns;
    if (now_ns >= stop_ns) {
      cr_rotation_stop(r, now_ns);
      stop_ns = CR_NS_NEVER;
    }
  }
}

static void compare(struct cr_rotation *r, struct oracle *o, cr_ns at_ns, uint64_t seed)
{
  struct cr_rotation_back back;
  for (uint32_t left = o->n, out = 0; left; left--) {
    uint32_t want = CR_NONE;
    for (uint32_t i = 0; i < o->n; i++)
      if (!(out >> i & 1) && (left == 1 || i != o->last) &&
          (want == CR_NONE || o->key[i] < o->key[want] || (o->key[i] == o->key[want] && o->since[i] < o->since[want])))
        want = i;
    out |= UINT32_C(1) << want;
    assert_int_equal(cr_rotation_take(r, &back), 1);
    if (back.id != 100 + want || back.n_done != o->n_done[want])
      fail_msg("seed %" PRIu64 ": %u comes back after %u, not %u after %u", seed, back.id, back.n_done, 100 + want,
               o->n_done[want]);
    assert_int_equal(back.used_ns, back.n_done * o->m[want].each_ns);
    assert_true(back.first_ns == cr_ns_add(o->first_ns[want], at_ns));
  }
  assert_int_equal(cr_rotation_take(r, &back), 0);
  assert_int_equal(cr_rotation_n(r), 0);
}

static cr_ns some_stop(uint64_t seed, uint64_t *k, const struct oracle *to_the_end)
{
  return draw(seed, k, 4) ? (cr_ns)draw(seed, k, (uint64_t)to_the_end->now_ns + 2) : CR_NS_NEVER;
}

static void a_rotation_is_one_turn_after_the_other(void **state)
{
  (void)state;
  uint64_t n_stopped = 0, n_complete = 0;
  struct cr_rotation *r;
  assert_int_equal(cr_rotation_new(0, &r), CR_OK);
  for (uint64_t seed = 0; seed < 60000; seed++) {
    uint64_t k = 0;
    struct oracle whole = {.n = 0}, o = {.n = 0};
    whole.n = o.n = some_members(seed, &k, o.m);
    memcpy(whole.m, o.m, sizeof o.m);
    oracle_run(&whole, CR_NS_NEVER);
    cr_ns stop_ns = some_stop(seed, &k, &whole), at_ns = (cr_ns)draw(seed, &k, 1000);
    oracle_run(&o, stop_ns);
    join_all(r, o.m, o.n, at_ns);
    cr_ns end_ns = go(r, at_ns, cr_ns_add(at_ns, stop_ns));
    if (end_ns != at_ns + o.now_ns)
      fail_msg("seed %" PRIu64 ": ends at %" PRId64 ", not %" PRId64, seed, end_ns - at_ns, o.now_ns);
    compare(r, &o, at_ns, seed);
    n_stopped += o.now_ns < whole.now_ns;
    n_complete += o.now_ns == whole.now_ns;
  }
  assert_true(n_stopped > 10000 && n_complete > 10000);
  cr_rotation_free(r);
}

static void stopping_twice_is_stopping_once(void **state)
{
  (void)state;
  struct cr_rotation *r;
  struct cr_rotation_back back;
  static const struct cr_rotation_member m[] = {{.step = 1, .each_ns = 100, .left = 50, .id = 0},
                                                {.step = 1, .each_ns = 200, .left = 50, .id = 1}};
  assert_int_equal(cr_rotation_new(0, &r), CR_OK);
  join_all(r, m, 2, 0);
  cr_rotation_advance(r, 350);
  cr_rotation_stop(r, 350);
  cr_rotation_advance(r, 380);
  cr_rotation_stop(r, 380);
  assert_int_equal(cr_rotation_next_ns(r), 400);
  assert_int_equal(cr_rotation_advance(r, 400), 1);
  assert_int_equal(cr_rotation_take(r, &back), 1);
  assert_int_equal(back.id, 1);
  assert_int_equal(back.n_done, 1);
  assert_int_equal(cr_rotation_take(r, &back), 1);
  assert_int_equal(back.n_done, 2);
  cr_rotation_free(r);
}

/* --- use, and turns -------------------------------------------------------------------------------------------------- */

static void a_watched_rotation_shows_every_turn_and_ends_the_same(void **state)
{
  (void)state;
  struct cr_rotation *seen, *unseen;
  assert_int_equal(cr_rotation_new(1, &seen), CR_OK);
  assert_int_equal(cr_rotation_new(0, &unseen), CR_OK);
  double busy_ns[2] = {0, 0}, sm_ns[2] = {0, 0}, want_sm_ns = 0;
  for (uint64_t seed = 0; seed < 5000; seed++) {
    uint64_t k = 0;
    struct cr_rotation_member m[MOST];
    struct cr_rotation_back a, b;
    struct cr_rotation_turn turn;
    uint32_t n = some_members(seed, &k, m), n_done[MOST] = {0}, last = CR_NONE;
    cr_ns stop_ns = (cr_ns)draw(seed, &k, 2000), now_ns = 0, at_ns = 0;
    join_all(seen, m, n, 0);
    join_all(unseen, m, n, 0);
    for (int is_over = 0; !is_over;) {
      now_ns = cr_min_ns(cr_rotation_next_ns(seen), cr_max_ns(stop_ns, now_ns));
      is_over = cr_rotation_advance(seen, now_ns);
      while (cr_rotation_turn(seen, &turn)) {
        uint32_t i = turn.id - 100;
        assert_int_equal(turn.start_ns, at_ns);
        assert_int_equal(turn.end_ns, at_ns + turn.n * m[i].each_ns);
        assert_int_not_equal(i, last);
        at_ns = turn.end_ns;
        last = i;
        n_done[i] += turn.n;
        want_sm_ns += (double)(turn.n * m[i].each_ns) * m[i].sm_ppm / 1e6;
      }
      if (now_ns == stop_ns) {
        cr_rotation_stop(seen, now_ns);
        stop_ns = CR_NS_NEVER;
      }
    }
    k--;
    assert_int_equal(go(unseen, 0, (cr_ns)draw(seed, &k, 2000)), now_ns);
    assert_int_equal(at_ns, now_ns);
    while (cr_rotation_take(seen, &a)) {
      assert_int_equal(cr_rotation_take(unseen, &b), 1);
      assert_memory_equal(&a, &b, sizeof a);
      assert_int_equal(a.n_done, n_done[a.id - 100]);
    }
    assert_int_equal(cr_rotation_take(unseen, &b), 0);
  }
  cr_rotation_use(seen, CR_NS_NEVER, &busy_ns[0], &sm_ns[0]);
  cr_rotation_use(unseen, CR_NS_NEVER, &busy_ns[1], &sm_ns[1]);
  assert_near(busy_ns[0], busy_ns[1], 0);
  assert_near(sm_ns[0], want_sm_ns, 1e-9 * want_sm_ns);
  assert_near(sm_ns[1], want_sm_ns, 1e-9 * want_sm_ns);
  cr_rotation_free(seen);
  cr_rotation_free(unseen);
}

static void use_can_be_asked_for_at_any_time(void **state)
{
  (void)state;
  static const struct cr_rotation_member m[] = {{.step = 1, .each_ns = 100, .left = 50, .id = 0, .sm_ppm = 500000},
                                                {.step = 1, .each_ns = 200, .left = 50, .id = 1, .sm_ppm = 250000}};
  for (cr_ns at_ns = 0; at_ns < 1200; at_ns += 7) {
    struct cr_rotation *r;
    double busy_ns = 0, sm_ns = 0;
    assert_int_equal(cr_rotation_new(0, &r), CR_OK);
    join_all(r, m, 2, 0);
    cr_rotation_advance(r, at_ns);
    cr_rotation_use(r, at_ns, &busy_ns, &sm_ns);
    cr_ns rounds = at_ns / 300, into_ns = at_ns % 300;
    assert_near(busy_ns, (double)at_ns, 0);
    assert_near(
      sm_ns, (double)(rounds * 100) + (into_ns < 100 ? (double)into_ns / 2 : 50 + (double)(into_ns - 100) / 4), 1e-6);
    cr_rotation_free(r);
  }
}

/* --- extremes --------------------------------------------------------------------------------------------------------- */

static void many_members_of_a_billion_iterations_cost_nothing_more(void **state)
{
  (void)state;
  enum { N = 100000 };
  struct cr_rotation *r;
  struct cr_rotation_back back;
  assert_int_equal(cr_rotation_new(0, &r), CR_OK);
  for (uint32_t i = 0; i < N; i++)
    assert_int_equal(
      cr_rotation_join(r,
                       &(struct cr_rotation_member){
                         .step = 1000 + i % 7, .each_ns = 1000 + i % 7, .key = i % 1000, .left = 1000000000, .id = i}),
      CR_OK);
  cr_rotation_begin(r, 0);
  cr_ns half_ns = cr_rotation_next_ns(r) / 2;
  cr_rotation_advance(r, half_ns);
  cr_rotation_stop(r, half_ns);
  assert_in_range(cr_rotation_next_ns(r), half_ns, half_ns + 1006);
  assert_int_equal(cr_rotation_advance(r, cr_rotation_next_ns(r)), 1);
  cr_ns used_ns = 0, least_ns = CR_NS_NEVER, most_ns = 0;
  while (cr_rotation_take(r, &back)) {
    used_ns += back.used_ns;
    least_ns = cr_min_ns(least_ns, back.used_ns + back.id % 1000);
    most_ns = cr_max_ns(most_ns, back.used_ns + back.id % 1000);
  }
  assert_in_range(used_ns, half_ns, half_ns + 1006);
  assert_in_range(most_ns - least_ns, 0, 2 * 1006);
  cr_rotation_free(r);
}

static void what_never_ends_can_be_stopped(void **state)
{
  (void)state;
  struct cr_rotation *r;
  struct cr_rotation_member m = {.step = 1, .each_ns = INT64_MAX / 4, .left = UINT32_MAX};
  assert_int_equal(cr_rotation_new(0, &r), CR_OK);
  for (int i = 0; i < 3; i++)
    assert_int_equal(cr_rotation_join(r, &m), CR_OK);
  cr_rotation_begin(r, 5);
  assert_true(cr_rotation_next_ns(r) == CR_NS_NEVER);
  assert_int_equal(cr_rotation_advance(r, 1000), 0);
  cr_rotation_stop(r, 1000);
  assert_true(cr_rotation_next_ns(r) == 5 + INT64_MAX / 4);
  cr_rotation_free(r);
}

static void memory_that_cannot_be_had_is_said(void **state)
{
  (void)state;
  struct cr_rotation *r;
  const struct cr_rotation_member m = {.step = 1, .each_ns = 1, .left = 1};
  for (uint64_t n = 0; n < 3; n++) {
    t_fail_allocation_after(n);
    int rc = cr_rotation_new(0, &r);
    t_allocations_succeed();
    assert_int_equal(rc, CR_ENOMEM);
  }
  assert_int_equal(cr_rotation_new(0, &r), CR_OK);
  uint32_t n = 0;
  for (uint64_t fail = 0; fail < 2; fail++) {
    t_fail_allocation_after(fail);
    while (cr_rotation_join(r, &m) == CR_OK)
      n++;
    t_allocations_succeed();
  }
  assert_int_equal(cr_rotation_join(r, &m), CR_OK);
  assert_int_equal(cr_rotation_n(r), n + 1);
  cr_rotation_free(r);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_rotation_is_one_turn_after_the_other),
    cmocka_unit_test(stopping_twice_is_stopping_once),
    cmocka_unit_test(a_watched_rotation_shows_every_turn_and_ends_the_same),
    cmocka_unit_test(use_can_be_asked_for_at_any_time),
    cmocka_unit_test(many_members_of_a_billion_iterations_cost_nothing_more),
    cmocka_unit_test(what_never_ends_can_be_stopped),
    cmocka_unit_test(memory_that_cannot_be_had_is_said),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
