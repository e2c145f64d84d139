/* t_lane_policy.c - fifo, srtf, pack and fair at work: memory and turns, against independent reckoning. */
#include "config.h"

#include "sim/memory.h"
#include "tests/lane_run.h"
#include "tests/t.h"

enum { STREAMS = 1024 };

/* --- memory, as the ledger tells it --- */

struct watch {
  const struct lane_job *job;
  uint32_t n, n_device, lanes_max;
  struct cr_memory *memory;
  int waits[LANE_JOBS];          /* ready, and not yet admitted */
  int64_t largest[CR_LANE_MAX];  /* ephemeral need of the jobs in the lane */
  uint32_t stream_of[LANE_JOBS]; /* of a request */
  int parked[STREAMS];
  int moves; /* jobs are moved between lanes */
  uint64_t n_instant, n_waits, n_other, n_moved;
};

static int is_printed_rule(const char *options)
{
  return strstr(options, "rules=paper,over=1,over_limit=1,lanes=auto") != NULL;
}

/* At the end of an instant at which no lane has yet to be resized, nobody waits whom some lane could hold. */
static void nobody_waits_in_vain(struct watch *w)
{
  int64_t persistent = cr_memory_see(w->memory, 0)->persistent, lanes = cr_memory_see(w->memory, 0)->lanes, top = 0;
  uint32_t n_lane = 0;
  for (uint32_t s = 0; s < STREAMS; s++)
    if (w->parked[s])
      return;
  for (uint32_t k = 0; k < CR_LANE_MAX; k++) {
    n_lane += cr_memory_see_lane(w->memory, k)->device == 0;
    top = w->largest[k] > top ? w->largest[k] : top;
  }
  w->n_instant++;
  for (uint32_t i = 0; i < w->n; i++) {
    if (!w->waits[i])
      continue;
    int64_t p = w->job[i].persistent == CR_UNKNOWN ? LANE_MEMORY : w->job[i].persistent;
    int64_t e = w->job[i].persistent == CR_UNKNOWN ? 0 : w->job[i].ephemeral;
    int holds = n_lane < w->lanes_max && persistent + p + lanes + e <= LANE_MEMORY;
    for (uint32_t k = 0; k < CR_LANE_MAX; k++) {
      int64_t bytes = cr_memory_see_lane(w->memory, k)->bytes;
      if (cr_memory_see_lane(w->memory, k)->device == 0) {
        assert_int_equal(bytes, w->largest[k]);
        holds |= persistent + p + lanes - bytes + (e > bytes ? e : bytes) <= LANE_MEMORY;
      }
    }
    assert_false(holds);
    w->n_waits++;
    holds = persistent + p + (e > top ? e : top) <= LANE_MEMORY; /* with all jobs in one lane */
    assert_false(w->moves && holds);
    w->n_other += holds != 0;
  }
}

static void find_largest(struct watch *w, uint32_t lane)
{
  w->largest[lane] = 0;
  for (uint32_t i = 0; i < w->n; i++)
    if (cr_memory_lane_of(w->memory, i) == lane && w->job[i].persistent != CR_UNKNOWN &&
        w->job[i].ephemeral > w->largest[lane])
      w->largest[lane] = w->job[i].ephemeral;
}

static void watch_note(struct watch *w, const struct cr_note *t)
{
  int64_t says = t->a < w->n && w->job[t->a].persistent != CR_UNKNOWN ? w->job[t->a].ephemeral : 0;
  uint32_t lane;
  switch (t->kind) {
  case CR_NOTE_READY:
    w->waits[t->a] = 1;
    break;
  case CR_NOTE_LANE:
    assert_int_equal(cr_memory_lane(w->memory, t->a, t->b, (int64_t)t->t), CR_MEMORY_OK);
    break;
  case CR_NOTE_CLOSE:
    assert_int_equal(cr_memory_close(w->memory, t->a), CR_MEMORY_OK);
    break;
  case CR_NOTE_ADMIT:
    assert_int_equal(cr_memory_admit(w->memory, t->a, t->b, (int64_t)t->t, says), CR_MEMORY_OK);
    find_largest(w, t->b);
    w->waits[t->a] = 0;
    break;
  case CR_NOTE_LEAVE:
    lane = cr_memory_lane_of(w->memory, t->a);
    assert_int_equal(t->b, CR_JOB_DONE);
    cr_memory_leave(w->memory, t->a);
    find_largest(w, lane);
    break;
  case CR_NOTE_MOVE:
    lane = cr_memory_lane_of(w->memory, t->a);
    assert_int_equal(cr_memory_move(w->memory, t->a, t->b), CR_MEMORY_OK);
    find_largest(w, lane);
    find_largest(w, t->b);
    w->n_moved++;
    break;
  case CR_NOTE_LAUNCH:
    w->stream_of[t->a] = t->c;
    break;
  case CR_NOTE_PREEMPT:
    w->parked[t->a] = 1;
    break;
  case CR_NOTE_DONE:
  case CR_NOTE_BACK:
    w->parked[w->stream_of[t->a]] = 0;
    break;
  default:
    return;
  }
  assert_true(cr_memory_sound(w->memory)); /* the safety condition */
}

static void watch_memory(struct watch *w, const struct lane_run *r, const char *options)
{
  static const int64_t capacity[2] = {LANE_MEMORY, LANE_MEMORY};
  w->memory = cr_memory_new(capacity, w->n_device, CR_LANE_MAX, w->n);
  for (uint64_t i = 0; i < r->record.n; i++) {
    const struct cr_note *t = &r->record.note[i];
    watch_note(w, t);
    if (is_printed_rule(options) && w->n_device == 1 && (i + 1 == r->record.n || t[1].at_ns > t->at_ns))
      nobody_waits_in_vain(w);
  }
  for (uint32_t i = 0; i < w->n; i++)
    assert_false(w->waits[i]);
  cr_memory_free(w->memory);
}

/* All jobs are done, but for those that no device could hold, which are rejected as they are submitted. */
static void check_ends(const struct lane_job *job, uint32_t n, const struct lane_run *r)
{
  for (uint32_t i = 0; i < n; i++) {
    const struct cr_job_result *j = &r->result.job[i];
    int fits = job[i].persistent == CR_UNKNOWN || job[i].persistent + job[i].ephemeral <= LANE_MEMORY;
    assert_int_equal(j->how, fits ? CR_JOB_DONE : CR_JOB_REJECTED);
    if (!fits)
      assert_int_equal(j->end_ns, j->submit_ns);
    else
      assert_true(j->end_ns >= j->admit_ns + job[i].iterations * job[i].each_ns);
  }
}

static const char *const ways[][2] = {
  {"fifo", ""},
  {"srtf", ""},
  {"srtf", "rules=paper,lanes=auto"},
  {"pack", ""},
  {"pack", "fit=best"},
  {"pack", "backfill=no"},
  {"pack", "lanes=single"},
  {"pack", "lanes_max=2"},
  {"pack", "rules=paper,over=1,over_limit=1,lanes=auto"},
  {"pack", "rules=paper,over=1,over_limit=1,lanes=auto,fit=best"},
  {"pack", "rules=paper,over=1,over_limit=1,lanes=auto,lanes_max=2"},
  {"pack", "rules=paper,backfill=no"},
  {"pack", "rules=paper,over=1,over_limit=1,lanes=auto,move=yes"},
  {"pack", "rules=paper,over=1,over_limit=1,lanes=auto,move=yes,fit=best"},
  {"pack", "rules=paper,backfill=no,move=yes"},
  {"srtf", "rules=paper,over=1,over_limit=1,lanes=auto,move=yes,lanes_max=4"},
  {"fair", ""},
  {"fair", "accounting=rr,rules=paper,over=1,over_limit=1,lanes=auto,move=yes"},
  {"fair", "accounting=ps,rules=paper,over=1,over_limit=1,lanes=auto,move=yes"},
  {"fair", "wc=no"},
  {"fair", "accounting=rr,rules=paper,over=1,over_limit=1,lanes=auto"},
  {"fair", "accounting=rr,wc=no"},
  {"fair", "accounting=ps"},
  {"fair", "accounting=ps,rules=paper,over=1,over_limit=1,lanes=auto,lanes_max=3"},
  {"fair", "rules=paper,over=1,over_limit=1,lanes=auto,wc=no"},
};

static void memory_is_never_overbooked_and_nobody_waits_whom_a_lane_could_hold(void **state)
{
  (void)state;
  uint64_t n_instant = 0, n_waits = 0, n_other = 0, n_moved = 0;
  for (uint64_t seed = 0; seed < 80; seed++) {
    struct lane_job job[LANE_JOBS];
    uint32_t n = lane_jobs(seed, job);
    for (uint32_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
      static struct watch w;
      const char *most = strstr(ways[i][1], "lanes_max=");
      w = (struct watch){.job = job,
                         .n = n,
                         .n_device = 1 + (seed & 1),
                         .lanes_max = most ? (uint32_t)most[10] - '0' : 128,
                         .moves = strstr(ways[i][1], "move=yes") != NULL};
      struct lane_run r;
      lane_run_on(&r, job, n, ways[i][0], ways[i][1], seed & 1 ? &load_two_devices : &load_machine);
      check_ends(job, n, &r);
      watch_memory(&w, &r, ways[i][1]);
      n_instant += w.moves ? 0 : w.n_instant;
      n_waits += w.moves ? 0 : w.n_waits;
      n_other += w.n_other;
      n_moved += w.n_moved;
      lane_run_fini(&r);
    }
  }
  print_message("# rules=paper: %llu instants, %llu times a job waits; %llu times another sharing out would hold it\n",
                (unsigned long long)n_instant, (unsigned long long)n_waits, (unsigned long long)n_other);
  assert_true(n_waits > 1000 && n_other > 0 && n_other < n_waits && n_moved > 100);
}

/* --- srtf -------------------------------------------------------------------------------------------------------- */

/* What comes of strict shortest remaining time first among jobs that all fit: an iteration at a time, in a lane of
 * its own. */
static void reckon_srtf(const struct lane_job *job, uint32_t n, cr_ns *end_ns)
{
  cr_ns now = 0, used[LANE_JOBS] = {0}, ready[LANE_JOBS];
  uint32_t left[LANE_JOBS], n_left = n, runs = CR_NONE;
  for (uint32_t i = 0; i < n; i++) {
    left[i] = job[i].iterations;
    ready[i] = job[i].submit_ns + job[i].startup_ns; /* then it asks; later, when its client has thought */
  }
  for (int came[LANE_JOBS] = {0}; n_left;) {
    uint32_t next = CR_NONE;
    cr_ns least = CR_NS_NEVER, soonest = CR_NS_NEVER;
    for (uint32_t i = 0; i < n; i++) {
      cr_ns key = (job[i].declared_ns == CR_NS_NEVER ? 0 : job[i].declared_ns) - used[i];
      came[i] |= ready[i] <= now;
      if (left[i] && came[i] && key < least) {
        least = key;
        next = i;
      }
    }
    for (uint32_t i = 0; i < n; i++) { /* who comes next before the chosen one can start, and overtakes it */
      cr_ns key = job[i].declared_ns == CR_NS_NEVER ? 0 : job[i].declared_ns;
      if (!came[i] && ready[i] < soonest && (next == CR_NONE || (ready[i] <= ready[next] && key < least)))
        soonest = ready[i];
    }
    if (soonest != CR_NS_NEVER) {
      /* Parked as its client thinks, it begins to think anew. */
      if (next != CR_NONE && runs == next)
        ready[next] = soonest + job[next].think_ns;
      now = soonest;
      runs = CR_NONE;
      continue;
    }
    now = (now > ready[next] ? now : ready[next]) + job[next].each_ns;
    used[next] += job[next].each_ns;
    ready[next] = now + job[next].think_ns;
    runs = next;
    if (--left[next] == 0) {
      end_ns[next] = now;
      n_left--;
    }
  }
}

static void srtf_runs_the_shortest_as_an_independent_reckoning_has_it(void **state)
{
  (void)state;
  for (uint64_t seed = 0; seed < 2000; seed++) {
    uint64_t k = 0, thinks = seed % 2 ? 6 : 1;
    struct lane_job job[LANE_JOBS];
    cr_ns want[LANE_JOBS];
    uint32_t n = 1 + (uint32_t)lane_draw(seed, &k, 10);
    for (uint32_t i = 0; i < n; i++)
      job[i] = (struct lane_job){
        .submit_ns = (cr_ns)lane_draw(seed, &k, 200),
        .startup_ns = (cr_ns)lane_draw(seed, &k, 30),
        .think_ns = (cr_ns)lane_draw(seed, &k, thinks),
        .each_ns = 1 + (cr_ns)lane_draw(seed, &k, 20),
        .declared_ns =
          i ? 1 + (cr_ns)(lane_draw(seed, &k, 1000) * LANE_JOBS + i) : CR_NS_NEVER, /* no two the same, ever */
        .iterations = 1 + (uint32_t)lane_draw(seed, &k, 15),
        .ephemeral = 100,
      };
    for (uint32_t i = 0; i < n; i++)
      job[i].each_ns *= LANE_JOBS;
    reckon_srtf(job, n, want);
    struct lane_run r;
    lane_run(&r, job, n, "srtf", "");
    for (uint32_t i = 0; i < n; i++)
      if (r.result.job[i].end_ns != want[i])
        fail_msg("seed %d: job %u ends at %lld, not %lld", (int)seed, i, (long long)r.result.job[i].end_ns,
                 (long long)want[i]);
    lane_run_fini(&r);
  }
}

static void events_do_not_grow_with_iterations(void **state)
{
  (void)state;
  static const char *const all[][2] = {{"fifo", ""}, {"srtf", ""}, {"pack", ""}, {"pack", "rules=paper"}};
  for (uint32_t w = 0; w < 4; w++) {
    uint64_t n_callback[2];
    for (uint32_t i = 0; i < 2; i++) {
      uint32_t many = i ? 100000 : 100;
      struct lane_job job[3];
      for (uint32_t j = 0; j < 3; j++)
        job[j] = (struct lane_job){.submit_ns = 50 * j,
                                   .each_ns = 10,
                                   .think_ns = 1,
                                   .declared_ns = 1000 * many - 400 * j,
                                   .iterations = many,
                                   .persistent = 10,
                                   .ephemeral = 200};
      struct lane_run r;
      lane_run(&r, job, 3, all[w][0], all[w][1]);
      n_callback[i] = r.result.n_callback;
      lane_run_fini(&r);
    }
    assert_int_equal(n_callback[0], n_callback[1]);
    assert_true(n_callback[0] < 40);
  }
}

static void a_job_that_is_behind_catches_up_in_one_launch(void **state)
{
  (void)state;
  struct lane_job job[2] = {
    {.each_ns = 10, .iterations = 1000, .declared_ns = CR_NS_NEVER, .persistent = 1, .ephemeral = 1},
    {.submit_ns = 5000, .each_ns = 10, .iterations = 600, .declared_ns = CR_NS_NEVER, .persistent = 1, .ephemeral = 1},
  };
  struct lane_run r;
  lane_run(&r, job, 2, "fair", "accounting=las");
  assert_int_equal(r.result.job[1].first_ns, 5000);
  /* alone to 5000, the newcomer to 10000, and then in turns: its 100 iterations more end at 12000, or one later */
  assert_in_range(r.result.job[1].end_ns, 11990, 12010);
  assert_int_equal(r.result.job[0].end_ns, 16000);
  assert_true(r.result.n_callback < 2 * 200 + 20);
  lane_run_fini(&r);
}

/* The newcomer shares the first one's lane and is to catch up on 500 us.  After 100 of them a job in a lane of its own
 * comes and takes half of the device, so that 400 us of service are 200 iterations and not 400. */
static void one_that_catches_up_is_stopped_in_time_when_another_lane_slows_it(void **state)
{
  (void)state;
  struct lane_job job[3] = {
    {.each_ns = 1000, .iterations = 2000, .persistent = 10, .ephemeral = 500},
    {.submit_ns = 500000, .each_ns = 1000, .iterations = 2000, .persistent = 10, .ephemeral = 500},
    {.submit_ns = 600000, .each_ns = 1000, .iterations = 3000, .persistent = 10, .ephemeral = 400},
  };
  for (uint32_t i = 0; i < 3; i++)
    job[i].declared_ns = CR_NS_NEVER;
  struct lane_run r = {.builder = NULL};
  lane_run_with(&r, job, 3, "fair", "lanes=auto,rules=paper,over=1,over_limit=1", &load_machine, &cr_backend_sim);
  uint32_t client_of[LANE_JOBS] = {0};
  cr_ns first_again_ns = 0;
  for (uint64_t i = 0; i < r.record.n && !first_again_ns; i++) {
    const struct cr_note *t = &r.record.note[i];
    if (t->kind == CR_NOTE_REQUEST)
      client_of[t->a] = t->b;
    if (t->kind == CR_NOTE_LAUNCH && client_of[t->a] == 0 && t->at_ns > 510000)
      first_again_ns = t->at_ns;
  }
  assert_in_range(first_again_ns, 998000, 1006000);
  lane_run_fini(&r);
}

/* --- memory, by hand ---------------------------------------------------------------------------------------------- */

static void under_fifo_a_job_owns_the_device_from_its_start_up_on(void **state)
{
  (void)state;
  struct lane_job job[3];
  for (uint32_t i = 0; i < 3; i++)
    job[i] = (struct lane_job){.submit_ns = 10 * i,
                               .startup_ns = 100,
                               .each_ns = 10,
                               .declared_ns = CR_NS_NEVER,
                               .iterations = 5,
                               .persistent = i == 1 ? CR_UNKNOWN : 10,
                               .ephemeral = 10};
  struct lane_run r;
  lane_run(&r, job, 3, "fifo", "");
  for (uint32_t i = 0; i < 3; i++) {
    assert_int_equal(r.result.job[i].start_ns, 150 * i);
    assert_int_equal(r.result.job[i].end_ns, 150 * (i + 1));
  }
  lane_run_fini(&r);
  lane_run_on(&r, job, 3, "fifo", "", &load_two_devices);
  assert_int_equal(r.result.job[1].start_ns, 10);
  assert_int_equal(r.result.job[2].start_ns, 150);
  lane_run_fini(&r);
}

static void a_job_that_says_nothing_has_the_device_to_itself(void **state)
{
  (void)state;
  static const char *const all[][2] = {{"pack", ""}, {"pack", "rules=paper"}, {"srtf", ""}, {"fair", ""}};
  struct lane_job job[3];
  for (uint32_t i = 0; i < 3; i++)
    job[i] = (struct lane_job){.each_ns = 10,
                               .declared_ns = CR_NS_NEVER,
                               .iterations = 5,
                               .persistent = i == 1 ? CR_UNKNOWN : 10,
                               .ephemeral = 10};
  for (uint32_t w = 0; w < 4; w++) {
    struct lane_run r;
    lane_run(&r, job, 3, all[w][0], all[w][1]);
    cr_ns others_ns = cr_max_ns(r.result.job[0].end_ns, r.result.job[2].end_ns);
    assert_int_equal(r.result.job[1].admit_ns, others_ns);
    lane_run_fini(&r);
  }
}

/* By lanes: as coded one each, as printed they share, and a lane grows between two iterations. */
static void as_printed_jobs_share_lanes_that_as_coded_wait(void **state)
{
  (void)state;
  struct lane_job job[3];
  for (uint32_t i = 0; i < 3; i++)
    job[i] = (struct lane_job){.submit_ns = 3 * i,
                               .each_ns = 10,
                               .declared_ns = CR_NS_NEVER,
                               .iterations = 10,
                               .persistent = 50,
                               .ephemeral = 400};
  job[2].ephemeral = 450;
  struct lane_run r;
  lane_run(&r, job, 3, "pack", "over=1,over_limit=1");
  assert_int_equal(r.result.job[0].end_ns, 100);
  assert_int_equal(r.result.job[1].end_ns, 103);
  assert_int_equal(r.result.job[2].admit_ns, 100);
  lane_run_fini(&r);
  lane_run(&r, job, 3, "pack", "over=1,over_limit=1,rules=paper");
  assert_int_equal(r.result.job[1].admit_ns, 3);
  assert_int_equal(r.result.job[2].admit_ns, 10); /* the first one's iteration has ended */
  assert_int_equal(r.result.job[1].end_ns, 103);
  assert_int_equal(cr_max_ns(r.result.job[0].end_ns, r.result.job[2].end_ns), 200);
  lane_run_fini(&r);
}

static void small_jobs_pass_large_ones_unless_told_not_to(void **state)
{
  (void)state;
  static const int64_t need[] = {600, 700, 290, 50};
  struct lane_job job[4];
  for (uint32_t i = 0; i < 4; i++)
    job[i] = (struct lane_job){.submit_ns = i,
                               .each_ns = 10,
                               .declared_ns = CR_NS_NEVER,
                               .iterations = 10,
                               .persistent = 10,
                               .ephemeral = need[i]};
  static const struct {
    const char *options;
    cr_ns admit_ns[4];
  } want[] = {
    {"over=1,over_limit=1", {0, 102, 2, 3}},
    {"over=1,over_limit=1,backfill=no", {0, 100, 200, 200}},
  };
  for (uint32_t w = 0; w < 2; w++) {
    struct lane_run r;
    lane_run(&r, job, 4, "pack", want[w].options);
    for (uint32_t i = 0; i < 4; i++)
      assert_int_equal(r.result.job[i].admit_ns, want[w].admit_ns[i]);
    lane_run_fini(&r);
  }
}

static void best_fit_takes_the_largest_that_fits(void **state)
{
  (void)state;
  static const int64_t need[] = {900, 300, 800, 500};
  struct lane_job job[4];
  for (uint32_t i = 0; i < 4; i++)
    job[i] = (struct lane_job){.submit_ns = i,
                               .each_ns = 10,
                               .declared_ns = CR_NS_NEVER,
                               .iterations = 10,
                               .persistent = 10,
                               .ephemeral = need[i]};
  struct lane_run r;
  lane_run(&r, job, 4, "pack", "over=1,over_limit=1");
  assert_int_equal(r.result.job[1].admit_ns, 100); /* 300 and 500 first, as they came */
  assert_int_equal(r.result.job[3].admit_ns, 100);
  assert_int_equal(r.result.job[2].admit_ns, 200);
  lane_run_fini(&r);
  lane_run(&r, job, 4, "pack", "over=1,over_limit=1,fit=best");
  assert_int_equal(r.result.job[2].admit_ns, 100);
  assert_int_equal(r.result.job[1].admit_ns, 200);
  assert_int_equal(r.result.job[3].admit_ns, 200);
  lane_run_fini(&r);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(memory_is_never_overbooked_and_nobody_waits_whom_a_lane_could_hold),
    cmocka_unit_test(srtf_runs_the_shortest_as_an_independent_reckoning_has_it),
    cmocka_unit_test(events_do_not_grow_with_iterations),
    cmocka_unit_test(a_job_that_is_behind_catches_up_in_one_launch),
    cmocka_unit_test(one_that_catches_up_is_stopped_in_time_when_another_lane_slows_it),
    cmocka_unit_test(under_fifo_a_job_owns_the_device_from_its_start_up_on),
    cmocka_unit_test(a_job_that_says_nothing_has_the_device_to_itself),
    cmocka_unit_test(as_printed_jobs_share_lanes_that_as_coded_wait),
    cmocka_unit_test(small_jobs_pass_large_ones_unless_told_not_to),
    cmocka_unit_test(best_fit_takes_the_largest_that_fits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
