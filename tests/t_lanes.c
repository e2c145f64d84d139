/* t_lanes.c - which lane a job gets, against a search over all there are. */
#include "config.h"

#include "policies/lane_policy.h"
#include "sim/rng.h"
#include "tests/t.h"

enum { JOBS = 14, CAPACITY = 100, ROUNDS = 3000, STEPS = 60 };

struct rig {
  struct cr_policy policy;
  struct cr_view view;
  struct cr_lanes lanes;
  struct cr_tenant tenant[JOBS];
  int64_t total[JOBS]; /* rules=code: by lane, what it was made for */
  uint64_t seed, n_draw;
};

static const struct cr_policy_ops ops = {.client_bytes = sizeof(struct cr_tenant)};

static uint64_t draw(struct rig *g, uint64_t below)
{
  return cr_draw(g->seed, CR_RNG_TEST, 0, g->n_draw++) % below;
}

static void set_up(struct rig *g, uint64_t seed, int as_coded, int single, uint32_t lanes_max)
{
  memset(g, 0, sizeof *g);
  g->seed = seed;
  g->view.n_client = JOBS;
  g->policy = (struct cr_policy){.ops = &ops, .view = &g->view, .client_state = (unsigned char *)g->tenant};
  g->lanes.as_coded = as_coded != 0;
  g->lanes.single = single != 0;
  g->lanes.n_device = 1;
  g->lanes.lanes_max = lanes_max;
  g->lanes.device[0] = (struct cr_lane_device){CAPACITY, CAPACITY, 0};
  for (uint32_t i = 0; i < JOBS; i++)
    g->tenant[i].lane = CR_NONE;
}

/* Persistent bytes are small beside ephemeral ones, as they are in training; now and then there are none of either. */
static void new_need(struct rig *g, uint32_t job)
{
  int64_t persistent = (int64_t)draw(g, 8) ? (int64_t)draw(g, 15) : 0;
  g->tenant[job].need = (struct cr_need){persistent, (int64_t)draw(g, 9) ? (int64_t)draw(g, 70) : 0};
}

/* --- the search: sums over jobs, as the safety condition is written --------------------------------------------- */

/* Sum of persistent + sum over lanes of the largest ephemeral, were `job` in `lane`; CR_NONE: in one of its own. */
static int64_t sum_with(const struct rig *g, uint32_t job, uint32_t lane)
{
  int64_t largest[JOBS + 1] = {0}, sum = 0;
  for (uint32_t i = 0; i < JOBS; i++) {
    const struct cr_tenant *t = &g->tenant[i];
    if (t->lane == CR_NONE && i != job)
      continue;
    uint32_t in = i != job ? t->lane : lane == CR_NONE ? JOBS : lane;
    sum += t->need.persistent_bytes;
    if (t->need.ephemeral_bytes > largest[in])
      largest[in] = t->need.ephemeral_bytes;
  }
  for (uint32_t k = 0; k <= JOBS; k++)
    sum += largest[k];
  return sum;
}

static uint32_t n_in(const struct rig *g, uint32_t lane)
{
  uint32_t n = 0;
  for (uint32_t i = 0; i < JOBS; i++)
    n += g->tenant[i].lane == lane;
  return n;
}

static uint32_t n_lane(const struct rig *g)
{
  uint32_t n = 0;
  for (uint32_t k = 0; k < JOBS; k++)
    n += n_in(g, k) > 0;
  return n;
}

/* Whether some lane, of those there are or a new one, could hold the job while all others stay where they are. */
static int some_lane_holds(const struct rig *g, uint32_t job)
{
  if (n_lane(g) < g->lanes.lanes_max && sum_with(g, job, CR_NONE) <= CAPACITY)
    return 1;
  for (uint32_t k = 0; k < JOBS; k++)
    if (n_in(g, k) && sum_with(g, job, k) <= CAPACITY)
      return 1;
  return 0;
}

/* Whether any sharing out of all jobs to lanes could: all in one needs least. */
static int any_sharing_holds(const struct rig *g, uint32_t job)
{
  int64_t sum = 0, largest = 0;
  for (uint32_t i = 0; i < JOBS; i++)
    if (g->tenant[i].lane != CR_NONE || i == job) {
      sum += g->tenant[i].need.persistent_bytes;
      if (g->tenant[i].need.ephemeral_bytes > largest)
        largest = g->tenant[i].need.ephemeral_bytes;
    }
  return sum + largest <= CAPACITY;
}

static int in_some_room(const struct rig *g, struct cr_need need)
{
  struct cr_box box;
  for (uint32_t i = 0; cr_lanes_room(&g->lanes, 0, i, &box); i++)
    if (need.persistent_bytes <= box.persistent_bytes && cr_need_total(need) <= box.total_bytes)
      return 1;
  return 0;
}

/* The books against the jobs. */
static void check_books(const struct rig *g)
{
  int64_t free = CAPACITY;
  uint32_t n_open = 0;
  for (uint32_t k = 0; k < g->lanes.lanes_max; k++) {
    const struct cr_lane_book *lane = &g->lanes.lane[k];
    int64_t held = 0, largest = 0;
    for (uint32_t i = 0; i < JOBS; i++)
      if (g->tenant[i].lane == k) {
        held += g->tenant[i].need.persistent_bytes;
        if (g->tenant[i].need.ephemeral_bytes > largest)
          largest = g->tenant[i].need.ephemeral_bytes;
      }
    assert_int_equal(lane->n_job, n_in(g, k));
    assert_int_equal(lane->held, held);
    assert_int_equal(lane->largest, largest);
    assert_true(lane->bytes >= largest);
    free -= lane->held + lane->bytes;
    n_open += lane->n_job > 0;
  }
  assert_int_equal(g->lanes.device[0].free, free);
  assert_true(free >= 0); /* the safety condition */
  assert_int_equal(g->lanes.device[0].n_open, n_open);
}

/* --- rules=paper ------------------------------------------------------------------------------------------------- */

/* Algorithm 1 once more, in the paper's words. */
static struct cr_place printed(const struct rig *g, struct cr_need need)
{
  const struct cr_lane_book *lane = g->lanes.lane;
  int64_t p_sum = need.persistent_bytes, l_sum = 0, e = need.ephemeral_bytes;
  uint32_t order[JOBS], n = 0;
  for (uint32_t i = 0; i < JOBS; i++)
    p_sum += g->tenant[i].lane != CR_NONE ? g->tenant[i].need.persistent_bytes : 0;
  for (uint32_t k = 0; k < g->lanes.lanes_max; k++)
    if (lane[k].n_job) {
      l_sum += lane[k].bytes;
      uint32_t at = n++;
      for (; at > 0 && (lane[order[at - 1]].bytes > lane[k].bytes ||
                        (lane[order[at - 1]].bytes == lane[k].bytes && lane[order[at - 1]].n_job > lane[k].n_job));
           at--)
        order[at] = order[at - 1];
      order[at] = k;
    }
  if (n < g->lanes.lanes_max && p_sum + l_sum + e <= CAPACITY) {
    uint32_t k = 0;
    while (lane[k].n_job)
      k++;
    return (struct cr_place){CR_LANE_OPEN, k};
  }
  for (uint32_t i = 0; i < n; i++)
    if (lane[order[i]].bytes >= e && p_sum + l_sum <= CAPACITY)
      return (struct cr_place){CR_LANE_SHARE, order[i]};
  for (uint32_t i = 0; i < n; i++)
    if (lane[order[i]].bytes < e && p_sum + l_sum - lane[order[i]].bytes + e <= CAPACITY)
      return (struct cr_place){CR_LANE_GROW, order[i]};
  return (struct cr_place){CR_LANE_NONE, CR_NONE};
}

static void the_printed_rules_find_a_lane_whenever_there_is_one(void **state)
{
  (void)state;
  static struct rig g;
  uint64_t n_asked = 0, n_refused = 0, n_other = 0;
  for (uint64_t seed = 0; seed < ROUNDS; seed++) {
    set_up(&g, seed, 0, 0, seed % 5 == 0 ? 2 : JOBS);
    for (int step = 0; step < STEPS; step++) {
      uint32_t job = (uint32_t)draw(&g, JOBS);
      if (g.tenant[job].lane != CR_NONE) {
        uint32_t lane = g.tenant[job].lane;
        cr_lanes_leave(&g.policy, &g.lanes, job);
        check_books(&g);
        cr_lanes_trim(&g.lanes, lane);
      } else {
        new_need(&g, job);
        struct cr_place place = cr_lanes_find(&g.lanes, 0, g.tenant[job].need), want = printed(&g, g.tenant[job].need);
        assert_int_equal(place.way, want.way);
        assert_int_equal(place.lane, want.lane);
        assert_int_equal(place.way != CR_LANE_NONE, some_lane_holds(&g, job));
        assert_int_equal(place.way != CR_LANE_NONE, in_some_room(&g, g.tenant[job].need));
        n_asked++;
        n_refused += place.way == CR_LANE_NONE;
        n_other += place.way == CR_LANE_NONE && any_sharing_holds(&g, job);
        if (place.way != CR_LANE_NONE)
          cr_lanes_enter(&g.policy, &g.lanes, job, place);
      }
      check_books(&g);
    }
  }
  print_message("# of %llu jobs, %llu wait; %llu of these another sharing out of all jobs to lanes would hold\n",
                (unsigned long long)n_asked, (unsigned long long)n_refused, (unsigned long long)n_other);
  assert_true(n_refused > n_asked / 20);
  assert_true(n_other > 0 && n_other < n_refused);
}

static void lanes_that_have_yet_to_shrink_break_nothing(void **state)
{
  (void)state;
  static struct rig g;
  for (uint64_t seed = 0; seed < ROUNDS; seed++) {
    set_up(&g, seed, 0, 0, JOBS);
    for (int step = 0; step < STEPS; step++) {
      uint32_t job = (uint32_t)draw(&g, JOBS);
      if (g.tenant[job].lane != CR_NONE) {
        cr_lanes_leave(&g.policy, &g.lanes, job);
      } else {
        new_need(&g, job);
        struct cr_place place = cr_lanes_find(&g.lanes, 0, g.tenant[job].need), want = printed(&g, g.tenant[job].need);
        assert_int_equal(place.way, want.way);
        assert_int_equal(place.lane, want.lane);
        if (place.way != CR_LANE_NONE)
          cr_lanes_enter(&g.policy, &g.lanes, job, place);
      }
      if (draw(&g, 4) == 0) {
        uint32_t lane = (uint32_t)draw(&g, JOBS);
        int64_t free = g.lanes.device[0].free;
        int trimmed = cr_lanes_trim(&g.lanes, lane);
        assert_int_equal(trimmed, g.lanes.device[0].free > free);
        assert_int_equal(g.lanes.lane[lane].bytes, g.lanes.lane[lane].largest);
      }
      check_books(&g);
    }
  }
}

/* --- rules=code, and a single lane ------------------------------------------------------------------------------ */

/* papers' program: a new lane if all that the job needs is free; else the lane with least free at first in which what
 * jobs do not hold has room for its persistent bytes and the largest ephemeral need of all in it. */
static struct cr_place coded(const struct rig *g, struct cr_need need)
{
  int64_t free = CAPACITY;
  uint32_t best = CR_NONE, n = 0;
  for (uint32_t k = 0; k < JOBS; k++) {
    const struct cr_lane_book *lane = &g->lanes.lane[k];
    if (!n_in(g, k))
      continue;
    n++;
    free -= g->total[k];
    int64_t left = g->total[k], largest = need.ephemeral_bytes;
    for (uint32_t i = 0; i < JOBS; i++)
      if (g->tenant[i].lane == k) {
        left -= g->tenant[i].need.persistent_bytes;
        if (g->tenant[i].need.ephemeral_bytes > largest)
          largest = g->tenant[i].need.ephemeral_bytes;
      }
    if (need.persistent_bytes + largest <= left && (best == CR_NONE || lane->at_first < g->lanes.lane[best].at_first))
      best = k;
  }
  if (n < g->lanes.lanes_max && cr_need_total(need) <= free) {
    uint32_t k = 0;
    while (n_in(g, k))
      k++;
    return (struct cr_place){CR_LANE_OPEN, k};
  }
  return (struct cr_place){best == CR_NONE ? CR_LANE_NONE : CR_LANE_SHARE, best};
}

static void the_coded_rules_share_a_lane_only_without_persistent_bytes(void **state)
{
  (void)state;
  static struct rig g;
  uint64_t n_shared = 0, n_shared_with_creator = 0;
  uint32_t creator[JOBS]; /* by lane; CR_NONE: it has left */
  for (uint64_t seed = 0; seed < ROUNDS; seed++) {
    set_up(&g, seed, 1, 0, seed % 5 == 0 ? 2 : JOBS);
    for (int step = 0; step < STEPS; step++) {
      uint32_t job = (uint32_t)draw(&g, JOBS);
      if (g.tenant[job].lane != CR_NONE) {
        if (creator[g.tenant[job].lane] == job)
          creator[g.tenant[job].lane] = CR_NONE;
        cr_lanes_leave(&g.policy, &g.lanes, job);
      } else {
        new_need(&g, job);
        struct cr_need need = g.tenant[job].need;
        struct cr_place place = cr_lanes_find(&g.lanes, 0, need), want = coded(&g, need);
        assert_int_equal(place.way, want.way);
        assert_int_equal(place.lane, want.lane);
        assert_int_equal(place.way != CR_LANE_NONE, in_some_room(&g, need));
        if (place.way == CR_LANE_OPEN) {
          g.total[place.lane] = cr_need_total(need);
          creator[place.lane] = job;
        } else if (place.way == CR_LANE_SHARE) {
          n_shared++;
          if (creator[place.lane] != CR_NONE) {
            n_shared_with_creator++;
            assert_int_equal(need.persistent_bytes, 0);
          }
        }
        if (place.way != CR_LANE_NONE)
          cr_lanes_enter(&g.policy, &g.lanes, job, place);
      }
      check_books(&g);
    }
  }
  assert_true(n_shared_with_creator > 0 && n_shared > n_shared_with_creator);
}

static void a_single_lane_holds_whatever_can_be_held(void **state)
{
  (void)state;
  static struct rig g;
  for (uint64_t seed = 0; seed < ROUNDS; seed++) {
    set_up(&g, seed, seed & 1, 1, 1);
    for (int step = 0; step < STEPS; step++) {
      uint32_t job = (uint32_t)draw(&g, JOBS);
      if (g.tenant[job].lane != CR_NONE) {
        cr_lanes_leave(&g.policy, &g.lanes, job);
        cr_lanes_trim(&g.lanes, 0);
      } else {
        new_need(&g, job);
        struct cr_place place = cr_lanes_find(&g.lanes, 0, g.tenant[job].need);
        assert_int_equal(place.way != CR_LANE_NONE, any_sharing_holds(&g, job));
        assert_int_equal(place.way != CR_LANE_NONE, in_some_room(&g, g.tenant[job].need));
        if (place.way != CR_LANE_NONE)
          cr_lanes_enter(&g.policy, &g.lanes, job, place);
      }
      check_books(&g);
    }
  }
}

/* --- needs ------------------------------------------------------------------------------------------------------- */

/* The paper's numbers: factors 1.1 and 1.05 with floors, and its capacity, for models of its Table 2. */
static void needs_are_what_salus_holds(void **state)
{
  (void)state;
  enum { MIB = 1 << 20 };
  const int64_t capacity = INT64_C(16320875724);
  struct cr_need n;
  assert_int_equal(cr_lane_need(101, 1000, 1100000, 1050000, capacity, &n), 1);
  assert_int_equal(n.persistent_bytes, 111);
  assert_int_equal(n.ephemeral_bytes, 1166 - 111);
  assert_int_equal(cr_lane_need(CR_UNKNOWN, 1000, 1100000, 1050000, capacity, &n), 1);
  assert_int_equal(n.persistent_bytes, capacity - 1000);
  assert_int_equal(n.ephemeral_bytes, 1000);
  assert_int_equal(cr_lane_need(CR_UNKNOWN, capacity + 1, 1100000, 1050000, capacity, &n), 0);
  assert_int_equal(cr_lane_need(1000, CR_UNKNOWN, 1100000, 1050000, capacity, &n), 1);
  assert_int_equal(n.persistent_bytes, capacity);
  /* resnet50_50: 339.0 and 6217.6 MiB are held as 6920 */
  assert_int_equal(cr_lane_need(339 * (int64_t)MIB, INT64_C(6519626137), 1100000, 1050000, capacity, &n), 1);
  assert_int_equal(cr_need_total(n) / MIB, 6920);
}

static void a_job_that_fits_without_the_factors_is_never_refused(void **state)
{
  (void)state;
  static struct rig g;
  set_up(&g, 3, 0, 0, 1);
  for (int i = 0; i < 100000; i++) {
    int64_t persistent = (int64_t)draw(&g, 1200), ephemeral = (int64_t)draw(&g, 1200);
    int64_t over = 1000000 + (int64_t)draw(&g, 3) * 50000, over_limit = 1000000 + (int64_t)draw(&g, 3) * 50000;
    struct cr_need n;
    int ok = cr_lane_need(persistent, ephemeral, over, over_limit, 1000, &n);
    assert_int_equal(ok, persistent + ephemeral <= 1000);
    if (!ok)
      continue;
    assert_true(n.persistent_bytes >= persistent && n.ephemeral_bytes >= ephemeral && cr_need_total(n) <= 1000);
    int64_t held = persistent * over / 1000000, limit = (held + ephemeral) * over_limit / 1000000;
    if (limit <= 1000) {
      assert_int_equal(n.persistent_bytes, held);
      assert_int_equal(cr_need_total(n), limit);
    }
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_printed_rules_find_a_lane_whenever_there_is_one),
    cmocka_unit_test(lanes_that_have_yet_to_shrink_break_nothing),
    cmocka_unit_test(the_coded_rules_share_a_lane_only_without_persistent_bytes),
    cmocka_unit_test(a_single_lane_holds_whatever_can_be_held),
    cmocka_unit_test(needs_are_what_salus_holds),
    cmocka_unit_test(a_job_that_fits_without_the_factors_is_never_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
