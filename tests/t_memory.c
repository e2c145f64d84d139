/* t_memory.c - the books of device memory against a brute-force oracle that keeps no sums. */
#include "config.h"

#include "sim/memory.h"
#include "tests/t.h"

#include <inttypes.h>

#include "sim/rng.h"

enum { DEVICES = 2, LANES = 5, JOBS = 9 };

static const int64_t capacity[DEVICES] = {100, 37};

/* What each lane and job has; all else is added up each time it is asked for. */
struct oracle {
  uint32_t lane_device[LANES]; /* CR_NONE: closed */
  int64_t lane_bytes[LANES];
  uint32_t job_lane[JOBS]; /* CR_NONE: holds nothing */
  int64_t persistent[JOBS], ephemeral[JOBS];
};

static void oracle_init(struct oracle *o)
{
  *o = (struct oracle){.lane_bytes = {0}};
  for (uint32_t i = 0; i < LANES; i++)
    o->lane_device[i] = CR_NONE;
  for (uint32_t j = 0; j < JOBS; j++)
    o->job_lane[j] = CR_NONE;
}

static __int128 oracle_persistent(const struct oracle *o, uint32_t device)
{
  __int128 sum = 0;
  for (uint32_t j = 0; j < JOBS; j++)
    sum += o->job_lane[j] != CR_NONE && o->lane_device[o->job_lane[j]] == device ? o->persistent[j] : 0;
  return sum;
}

static __int128 oracle_lanes(const struct oracle *o, uint32_t device)
{
  __int128 sum = 0;
  for (uint32_t i = 0; i < LANES; i++)
    sum += o->lane_device[i] == device ? o->lane_bytes[i] : 0;
  return sum;
}

static int oracle_safe(const struct oracle *o)
{
  for (uint32_t d = 0; d < DEVICES; d++)
    if (oracle_persistent(o, d) + oracle_lanes(o, d) > capacity[d])
      return 0;
  return 1;
}

static uint32_t oracle_n_job(const struct oracle *o, uint32_t lane)
{
  uint32_t n = 0;
  for (uint32_t j = 0; j < JOBS; j++)
    n += o->job_lane[j] == lane;
  return n;
}

static int oracle_lanes_suffice(const struct oracle *o)
{
  for (uint32_t j = 0; j < JOBS; j++)
    if (o->job_lane[j] != CR_NONE && o->ephemeral[j] > o->lane_bytes[o->job_lane[j]])
      return 0;
  return 1;
}

/* Each action is done on a copy, which is kept when it breaks no rule. */
static enum cr_memory_answer oracle_lane(struct oracle *o, uint32_t lane, uint32_t device, int64_t bytes)
{
  struct oracle after = *o;
  after.lane_device[lane] = device;
  after.lane_bytes[lane] = bytes;
  if (bytes < 0)
    return CR_MEMORY_SMALL;
  if (o->lane_device[lane] != CR_NONE && o->lane_device[lane] != device)
    return CR_MEMORY_IN_USE;
  if (!oracle_lanes_suffice(&after))
    return CR_MEMORY_IN_USE;
  if (!oracle_safe(&after))
    return CR_MEMORY_FULL;
  *o = after;
  return CR_MEMORY_OK;
}

static enum cr_memory_answer oracle_close(struct oracle *o, uint32_t lane)
{
  if (o->lane_device[lane] == CR_NONE)
    return CR_MEMORY_NO_LANE;
  if (oracle_n_job(o, lane))
    return CR_MEMORY_IN_USE;
  o->lane_device[lane] = CR_NONE;
  o->lane_bytes[lane] = 0;
  return CR_MEMORY_OK;
}

static enum cr_memory_answer oracle_admit(struct oracle *o, uint32_t job, uint32_t lane, int64_t persistent,
                                          int64_t ephemeral)
{
  struct oracle after = *o;
  after.job_lane[job] = lane;
  after.persistent[job] = persistent;
  after.ephemeral[job] = ephemeral == CR_UNKNOWN ? 0 : ephemeral;
  if (o->job_lane[job] != CR_NONE)
    return CR_MEMORY_IN_USE;
  if (o->lane_device[lane] == CR_NONE)
    return CR_MEMORY_NO_LANE;
  if (persistent < 0 || !oracle_lanes_suffice(&after))
    return CR_MEMORY_SMALL;
  if (!oracle_safe(&after))
    return CR_MEMORY_FULL;
  *o = after;
  return CR_MEMORY_OK;
}

static enum cr_memory_answer oracle_move(struct oracle *o, uint32_t job, uint32_t lane)
{
  struct oracle after = *o;
  uint32_t from = o->job_lane[job];
  after.job_lane[job] = lane;
  if (from == CR_NONE || o->lane_device[lane] != o->lane_device[from])
    return CR_MEMORY_NO_LANE;
  if (!oracle_lanes_suffice(&after))
    return CR_MEMORY_SMALL;
  *o = after;
  return CR_MEMORY_OK;
}

static void expect_same(const struct oracle *o, const struct cr_memory *m)
{
  assert_true(cr_memory_sound(m));
  assert_true(oracle_safe(o) && oracle_lanes_suffice(o));
  for (uint32_t i = 0; i < LANES; i++) {
    const struct cr_memory_lane *l = cr_memory_see_lane(m, i);
    assert_int_equal(l->device, o->lane_device[i]);
    assert_int_equal(l->n_job, oracle_n_job(o, i));
    assert_true(l->device == CR_NONE || l->bytes == o->lane_bytes[i]);
  }
  for (uint32_t j = 0; j < JOBS; j++)
    assert_int_equal(cr_memory_lane_of(m, j), o->job_lane[j]);
  for (uint32_t d = 0; d < DEVICES; d++) {
    const struct cr_memory_device *see = cr_memory_see(m, d);
    assert_true(see->capacity == capacity[d]);
    assert_true(see->persistent == oracle_persistent(o, d));
    assert_true(see->lanes == oracle_lanes(o, d));
  }
}

static uint32_t below(uint64_t seed, uint64_t *n, uint32_t end)
{
  return (uint32_t)(cr_draw(seed, CR_RNG_TEST, 0, (*n)++) % end);
}

/* Small numbers, so that each rule is met often; now and then a huge or a negative one. */
static int64_t some_bytes(uint64_t seed, uint64_t *n)
{
  uint32_t what = below(seed, n, 40);
  if (what == 0)
    return INT64_MAX - (int64_t)below(seed, n, 3);
  if (what == 1)
    return -1 - (int64_t)below(seed, n, 3);
  return below(seed, n, what < 10 ? 100 : 30);
}

static enum cr_memory_answer one_action(struct oracle *o, struct cr_memory *m, uint64_t seed, uint64_t *n)
{
  uint32_t what = below(seed, n, 5), lane = below(seed, n, LANES), job = below(seed, n, JOBS);
  uint32_t device = below(seed, n, DEVICES);
  int64_t bytes = some_bytes(seed, n), ephemeral = some_bytes(seed, n);
  if (ephemeral < 0)
    ephemeral = CR_UNKNOWN;
  enum cr_memory_answer got = CR_MEMORY_OK, want = CR_MEMORY_OK;
  switch (what) {
  case 0:
    want = oracle_lane(o, lane, device, bytes);
    got = cr_memory_lane(m, lane, device, bytes);
    break;
  case 1:
    want = oracle_close(o, lane);
    got = cr_memory_close(m, lane);
    break;
  case 2:
    want = oracle_admit(o, job, lane, bytes, ephemeral);
    got = cr_memory_admit(m, job, lane, bytes, ephemeral);
    break;
  case 3:
    want = oracle_move(o, job, lane);
    got = cr_memory_move(m, job, lane);
    break;
  default:
    o->job_lane[job] = CR_NONE;
    cr_memory_leave(m, job);
    break;
  }
  if (got != want)
    print_error("action %u of lane %u, job %u, device %u, %" PRId64 " and %" PRId64 " bytes: %d, not %d\n", what, lane,
                job, device, bytes, ephemeral, (int)got, (int)want);
  assert_int_equal(got, want);
  return got;
}

static void answers_and_books_are_those_of_the_oracle_at_each_of_200000_steps(void **state)
{
  (void)state;
  uint64_t count[CR_MEMORY_SMALL + 1] = {0};
  for (uint64_t seed = 1; seed <= 200; seed++) {
    struct oracle o;
    oracle_init(&o);
    struct cr_memory *m = cr_memory_new(capacity, DEVICES, LANES, JOBS);
    assert_non_null(m);
    uint64_t n = 0;
    for (uint32_t i = 0; i < 1000; i++) {
      count[one_action(&o, m, seed, &n)]++;
      expect_same(&o, m);
    }
    cr_memory_free(m);
  }
  for (uint32_t i = 0; i <= CR_MEMORY_SMALL; i++)
    assert_true(count[i] > 1000); /* every answer was met often */
}

static void a_refused_action_changes_nothing(void **state)
{
  (void)state;
  struct cr_memory *m = cr_memory_new(capacity, DEVICES, LANES, JOBS);
  assert_non_null(m);
  assert_int_equal(cr_memory_lane(m, 0, 0, 60), CR_MEMORY_OK);
  assert_int_equal(cr_memory_admit(m, 0, 0, 30, 50), CR_MEMORY_OK);
  assert_int_equal(cr_memory_lane(m, 1, 0, 11), CR_MEMORY_FULL);
  assert_int_equal(cr_memory_lane(m, 0, 0, 49), CR_MEMORY_IN_USE);
  assert_int_equal(cr_memory_admit(m, 1, 0, 11, 0), CR_MEMORY_FULL);
  assert_int_equal(cr_memory_admit(m, 1, 0, 1, 61), CR_MEMORY_SMALL);
  assert_int_equal(cr_memory_close(m, 0), CR_MEMORY_IN_USE);
  assert_int_equal(cr_memory_move(m, 0, 1), CR_MEMORY_NO_LANE);
  assert_int_equal(cr_memory_see_lane(m, 1)->device, CR_NONE);
  assert_true(cr_memory_see(m, 0)->persistent == 30 && cr_memory_see(m, 0)->lanes == 60);
  assert_int_equal(cr_memory_lane_of(m, 1), CR_NONE);
  assert_true(cr_memory_sound(m));
  cr_memory_free(m);
}

static void a_lane_takes_as_many_jobs_as_persistent_memory_has_room_for(void **state)
{
  (void)state;
  struct cr_memory *m = cr_memory_new(capacity, DEVICES, LANES, JOBS);
  assert_non_null(m);
  assert_int_equal(cr_memory_lane(m, 2, 0, 60), CR_MEMORY_OK);
  for (uint32_t j = 0; j < 4; j++)
    assert_int_equal(cr_memory_admit(m, j, 2, 10, 60), CR_MEMORY_OK); /* their ephemeral parts lie over each other */
  assert_int_equal(cr_memory_admit(m, 4, 2, 1, 0), CR_MEMORY_FULL);
  cr_memory_leave(m, 1);
  assert_int_equal(cr_memory_admit(m, 4, 2, 10, 60), CR_MEMORY_OK);
  assert_int_equal(cr_memory_see_lane(m, 2)->n_job, 4);
  cr_memory_free(m);
}

static void leaving_twice_frees_once(void **state)
{
  (void)state;
  struct cr_memory *m = cr_memory_new(capacity, DEVICES, LANES, JOBS);
  assert_non_null(m);
  cr_memory_leave(m, 3);
  assert_int_equal(cr_memory_lane(m, 0, 1, 10), CR_MEMORY_OK);
  assert_int_equal(cr_memory_admit(m, 3, 0, 27, 10), CR_MEMORY_OK);
  cr_memory_leave(m, 3);
  cr_memory_leave(m, 3);
  assert_true(cr_memory_see(m, 1)->persistent == 0);
  assert_true(cr_memory_sound(m));
  cr_memory_free(m);
}

static void every_failing_allocation_is_survived(void **state)
{
  (void)state;
  int made = 0;
  for (uint64_t n = 0; !made && n < 100; n++) {
    t_fail_allocation_after(n);
    struct cr_memory *m = cr_memory_new(capacity, DEVICES, 4096, 100000);
    t_allocations_succeed();
    made = m != NULL;
    cr_memory_free(m);
    assert_true(n > 0 || !made);
  }
  assert_true(made);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(answers_and_books_are_those_of_the_oracle_at_each_of_200000_steps),
    cmocka_unit_test(a_refused_action_changes_nothing),
    cmocka_unit_test(a_lane_takes_as_many_jobs_as_persistent_memory_has_room_for),
    cmocka_unit_test(leaving_twice_frees_once),
    cmocka_unit_test(every_failing_allocation_is_survived),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
