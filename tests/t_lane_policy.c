/* t_lane_policy.c - fifo, srtf, pack and fair at work: memory, turns and fair shares, against independent reckoning. */
#include "config.h"

#include "policies/list.h"
#include "sim/core.h"
#include "sim/memory.h"
#include "sim/replay.h"
#include "sim/rng.h"
#include "tests/load.h"
#include "tests/t.h"

enum { MOST = 24, MEMORY = 1000, STREAMS = 1024 }; /* MEMORY: of load_machine */

struct made_job {
  cr_ns submit_ns, startup_ns, think_ns, each_ns, declared_ns;
  uint32_t iterations, weight;   /* weight 0: 1 */
  int64_t persistent, ephemeral; /* CR_UNKNOWN: it says neither, and needs 10 and 10 */
  int64_t more;                  /* ephemeral bytes that it needs and does not say */
};

struct ran {
  struct cr_workload_builder *builder;
  struct load_record record;
  struct cr_result result;
  struct cr_observer observer;
};

static void run_with(struct ran *r, const struct made_job *job, uint32_t n, const char *policy, const char *options,
                     const struct cr_machine *machine, const struct cr_backend_ops *backend)
{
  *r = (struct ran){.builder = cr_workload_builder_new(), .observer = r->observer};
  for (uint32_t i = 0; i < n; i++) {
    char name[16];
    snprintf(name, sizeof name, "j%u", i);
    int says = job[i].persistent != CR_UNKNOWN;
    cr_model m = load_iteration(r->builder, name, job[i].each_ns, says ? job[i].persistent : 10,
                                says ? job[i].ephemeral + job[i].more : 10);
    struct cr_client_spec spec = load_job(name, m, job[i].submit_ns, job[i].iterations);
    spec.weight = job[i].weight ? job[i].weight : 1;
    spec.job.startup_ns = job[i].startup_ns;
    spec.job.think_ns = job[i].think_ns;
    spec.job.declared_ns = job[i].declared_ns;
    spec.job.persistent_bytes = job[i].persistent;
    spec.job.ephemeral_bytes = says ? job[i].ephemeral : CR_UNKNOWN;
    load_add(r->builder, spec);
  }
  struct cr_core_cfg cfg = load_cfg(load_seal(r->builder), cr_policy_find(policy, strlen(policy)));
  cfg.policy_options = options;
  cfg.machine = machine;
  cfg.backend = backend ? backend : cfg.backend;
  cfg.observer = r->observer.on_op ? &r->observer : NULL;
  cfg.ledger = load_record(&r->record);
  struct cr_err err = {""};
  if (cr_core_run(&cfg, &r->result, &err) != CR_OK)
    fail_msg("%s %s: %s", policy, options, err.text);
  assert_int_equal(r->result.outcome, CR_DONE);
}

static void run_on(struct ran *r, const struct made_job *job, uint32_t n, const char *policy, const char *options,
                   const struct cr_machine *machine)
{
  *r = (struct ran){.builder = NULL};
  run_with(r, job, n, policy, options, machine, NULL);
}

static void run(struct ran *r, const struct made_job *job, uint32_t n, const char *policy, const char *options)
{
  run_on(r, job, n, policy, options, &load_machine);
}

static void done_with(struct ran *r)
{
  cr_result_fini(&r->result);
  load_record_fini(&r->record);
  cr_workload_builder_free(r->builder);
}

/* --- random jobs ------------------------------------------------------------------------------------------------- */

static uint64_t draw(uint64_t seed, uint64_t *k, uint64_t below)
{
  return cr_draw(seed, CR_RNG_TEST, 0, (*k)++) % below;
}

/* Some say nothing, some need nothing, some need too much; times are small, so that much happens at one instant. */
static uint32_t make_jobs(uint64_t seed, struct made_job *job)
{
  uint64_t k = 0, span = 1 + draw(seed, &k, 300);
  uint32_t n = 1 + (uint32_t)draw(seed, &k, MOST);
  for (uint32_t i = 0; i < n; i++)
    job[i] = (struct made_job){
      .submit_ns = (cr_ns)draw(seed, &k, span),
      .startup_ns = (cr_ns)(draw(seed, &k, 2) ? draw(seed, &k, 20) : 0),
      .think_ns = (cr_ns)(seed % 3 == 0 ? draw(seed, &k, 10) : 0),
      .each_ns = 1 + (cr_ns)draw(seed, &k, 12),
      .declared_ns = draw(seed, &k, 6) ? 1 + (cr_ns)draw(seed, &k, 200) : CR_NS_NEVER,
      .iterations = 1 + (uint32_t)draw(seed, &k, 12),
      .persistent = draw(seed, &k, 10) ? (int64_t)draw(seed, &k, 160) : 0,
      .ephemeral = draw(seed, &k, 10) ? (int64_t)draw(seed, &k, 700) : 0,
    };
  for (uint32_t i = 0; i < n; i++) {
    if (draw(seed, &k, 12) == 0)
      job[i].persistent = CR_UNKNOWN;
    else if (draw(seed, &k, 20) == 0)
      job[i].persistent = MEMORY + 1 - job[i].ephemeral;
  }
  return n;
}

/* --- memory, as the ledger tells it -------------------------------------------------------------------------------- ---------------------------------------------------------------------------- */

struct watch {
  const struct made_job *job;
  uint32_t n, n_device, lanes_max;
  struct cr_memory *memory;
  int waits[MOST];              /* ready, and not yet admitted */
  int64_t largest[CR_LANE_MAX]; /* ephemeral need of the jobs in the lane */
  uint32_t stream_of[MOST];     /* of a request */
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
    int64_t p = w->job[i].persistent == CR_UNKNOWN ? MEMORY : w->job[i].persistent;
    int64_t e = w->job[i].persistent == CR_UNKNOWN ? 0 : w->job[i].ephemeral;
    int holds = n_lane < w->lanes_max && persistent + p + lanes + e <= MEMORY;
    for (uint32_t k = 0; k < CR_LANE_MAX; k++) {
      int64_t bytes = cr_memory_see_lane(w->memory, k)->bytes;
      if (cr_memory_see_lane(w->memory, k)->device == 0) {
        assert_int_equal(bytes, w->largest[k]);
        holds |= persistent + p + lanes - bytes + (e > bytes ? e : bytes) <= MEMORY;
      }
    }
    assert_false(holds);
    w->n_waits++;
    holds = persistent + p + (e > top ? e : top) <= MEMORY; /* with all jobs in one lane */
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

static void watch_memory(struct watch *w, const struct ran *r, const char *options)
{
  static const int64_t capacity[2] = {MEMORY, MEMORY};
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
static void check_ends(const struct made_job *job, uint32_t n, const struct ran *r)
{
  for (uint32_t i = 0; i < n; i++) {
    const struct cr_job_result *j = &r->result.job[i];
    int fits = job[i].persistent == CR_UNKNOWN || job[i].persistent + job[i].ephemeral <= MEMORY;
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
    struct made_job job[MOST];
    uint32_t n = make_jobs(seed, job);
    for (uint32_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
      static struct watch w;
      const char *most = strstr(ways[i][1], "lanes_max=");
      w = (struct watch){.job = job,
                         .n = n,
                         .n_device = 1 + (seed & 1),
                         .lanes_max = most ? (uint32_t)most[10] - '0' : 128,
                         .moves = strstr(ways[i][1], "move=yes") != NULL};
      struct ran r;
      run_on(&r, job, n, ways[i][0], ways[i][1], seed & 1 ? &load_two_devices : &load_machine);
      check_ends(job, n, &r);
      watch_memory(&w, &r, ways[i][1]);
      n_instant += w.moves ? 0 : w.n_instant;
      n_waits += w.moves ? 0 : w.n_waits;
      n_other += w.n_other;
      n_moved += w.n_moved;
      done_with(&r);
    }
  }
  print_message("# rules=paper: %llu instants, %llu times a job waits; %llu times another sharing out would hold it\n",
                (unsigned long long)n_instant, (unsigned long long)n_waits, (unsigned long long)n_other);
  assert_true(n_waits > 1000 && n_other > 0 && n_other < n_waits && n_moved > 100);
}

/* --- srtf -------------------------------------------------------------------------------------------------------- */

/* What comes of strict shortest remaining time first among jobs that all fit: an iteration at a time, in a lane of
 * its own. */
static void reckon_srtf(const struct made_job *job, uint32_t n, cr_ns *end_ns)
{
  cr_ns now = 0, used[MOST] = {0}, ready[MOST];
  uint32_t left[MOST], n_left = n, runs = CR_NONE;
  for (uint32_t i = 0; i < n; i++) {
    left[i] = job[i].iterations;
    ready[i] = job[i].submit_ns + job[i].startup_ns; /* then it asks; later, when its client has thought */
  }
  for (int came[MOST] = {0}; n_left;) {
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
    struct made_job job[MOST];
    cr_ns want[MOST];
    uint32_t n = 1 + (uint32_t)draw(seed, &k, 10);
    for (uint32_t i = 0; i < n; i++)
      job[i] = (struct made_job){
        .submit_ns = (cr_ns)draw(seed, &k, 200),
        .startup_ns = (cr_ns)draw(seed, &k, 30),
        .think_ns = (cr_ns)draw(seed, &k, thinks),
        .each_ns = 1 + (cr_ns)draw(seed, &k, 20),
        .declared_ns = i ? 1 + (cr_ns)(draw(seed, &k, 1000) * MOST + i) : CR_NS_NEVER, /* no two the same, ever */
        .iterations = 1 + (uint32_t)draw(seed, &k, 15),
        .ephemeral = 100,
      };
    for (uint32_t i = 0; i < n; i++)
      job[i].each_ns *= MOST;
    reckon_srtf(job, n, want);
    struct ran r;
    run(&r, job, n, "srtf", "");
    for (uint32_t i = 0; i < n; i++)
      if (r.result.job[i].end_ns != want[i])
        fail_msg("seed %d: job %u ends at %lld, not %lld", (int)seed, i, (long long)r.result.job[i].end_ns,
                 (long long)want[i]);
    done_with(&r);
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
      struct made_job job[3];
      for (uint32_t j = 0; j < 3; j++)
        job[j] = (struct made_job){.submit_ns = 50 * j,
                                   .each_ns = 10,
                                   .think_ns = 1,
                                   .declared_ns = 1000 * many - 400 * j,
                                   .iterations = many,
                                   .persistent = 10,
                                   .ephemeral = 200};
      struct ran r;
      run(&r, job, 3, all[w][0], all[w][1]);
      n_callback[i] = r.result.n_callback;
      done_with(&r);
    }
    assert_int_equal(n_callback[0], n_callback[1]);
    assert_true(n_callback[0] < 40);
  }
}

static void a_job_that_is_behind_catches_up_in_one_launch(void **state)
{
  (void)state;
  struct made_job job[2] = {
    {.each_ns = 10, .iterations = 1000, .declared_ns = CR_NS_NEVER, .persistent = 1, .ephemeral = 1},
    {.submit_ns = 5000, .each_ns = 10, .iterations = 600, .declared_ns = CR_NS_NEVER, .persistent = 1, .ephemeral = 1},
  };
  struct ran r;
  run(&r, job, 2, "fair", "accounting=las");
  assert_int_equal(r.result.job[1].first_ns, 5000);
  /* alone to 5000, the newcomer to 10000, and then in turns: its 100 iterations more end at 12000, or one later */
  assert_in_range(r.result.job[1].end_ns, 11990, 12010);
  assert_int_equal(r.result.job[0].end_ns, 16000);
  assert_true(r.result.n_callback < 2 * 200 + 20);
  done_with(&r);
}

/* The newcomer shares the first one's lane and is to catch up on 500 us.  After 100 of them a job in a lane of its own
 * comes and takes half of the device, so that 400 us of service are 200 iterations and not 400. */
static void one_that_catches_up_is_stopped_in_time_when_another_lane_slows_it(void **state)
{
  (void)state;
  struct made_job job[3] = {
    {.each_ns = 1000, .iterations = 2000, .persistent = 10, .ephemeral = 500},
    {.submit_ns = 500000, .each_ns = 1000, .iterations = 2000, .persistent = 10, .ephemeral = 500},
    {.submit_ns = 600000, .each_ns = 1000, .iterations = 3000, .persistent = 10, .ephemeral = 400},
  };
  for (uint32_t i = 0; i < 3; i++)
    job[i].declared_ns = CR_NS_NEVER;
  struct ran r = {.builder = NULL};
  run_with(&r, job, 3, "fair", "lanes=auto,rules=paper,over=1,over_limit=1", &load_machine, &cr_backend_sim);
  uint32_t client_of[MOST] = {0};
  cr_ns first_again_ns = 0;
  for (uint64_t i = 0; i < r.record.n && !first_again_ns; i++) {
    const struct cr_note *t = &r.record.note[i];
    if (t->kind == CR_NOTE_REQUEST)
      client_of[t->a] = t->b;
    if (t->kind == CR_NOTE_LAUNCH && client_of[t->a] == 0 && t->at_ns > 510000)
      first_again_ns = t->at_ns;
  }
  assert_in_range(first_again_ns, 998000, 1006000);
  done_with(&r);
}

/* --- fair shares -------------------------------------------------------------------------------------------------- */

/* Equal jobs in one lane: since the last of any two came in, none has had more than one iteration more than the other.
 * Service only changes evenly between two landings, so those are looked at. */
struct shares {
  cr_ns each_ns, since[MOST][MOST]; /* since[i][j]: what i had had when both were in */
  cr_ns service[MOST];
  int in[MOST], fresh[MOST];
  uint32_t client_of[MOST];
  cr_ns widest_ns;
};

static void compare_shares(struct shares *s, uint32_t n)
{
  for (uint32_t i = 0; i < n; i++)
    for (uint32_t j = 0; j < n; j++) {
      if (!s->in[i] || !s->in[j])
        continue;
      cr_ns apart_ns = (s->service[i] - s->since[i][j]) - (s->service[j] - s->since[j][i]);
      s->widest_ns = apart_ns > s->widest_ns ? apart_ns : s->widest_ns;
    }
}

/* Who has come meanwhile is in from the next decision on. */
static void let_in(struct shares *s, uint32_t n)
{
  for (uint32_t i = 0; i < n; i++) {
    if (!s->fresh[i])
      continue;
    s->fresh[i] = 0;
    s->in[i] = 1;
    for (uint32_t j = 0; j < n; j++) {
      s->since[i][j] = s->service[i];
      s->since[j][i] = s->service[j];
    }
  }
}

static cr_ns widest_gap(const struct ran *r, uint32_t n, cr_ns each_ns)
{
  struct shares s = {.each_ns = each_ns};
  for (uint64_t i = 0; i < r->record.n; i++) {
    const struct cr_note *t = &r->record.note[i];
    uint32_t c = t->kind == CR_NOTE_DONE || t->kind == CR_NOTE_BACK ? s.client_of[t->a] : CR_NONE;
    if (t->kind == CR_NOTE_REQUEST) {
      s.client_of[t->a] = t->b;
      s.fresh[t->b] = 1;
    } else if (t->kind == CR_NOTE_LAUNCH) {
      let_in(&s, n);
    } else if (c != CR_NONE) {
      s.service[c] = (cr_ns)t->b * each_ns; /* a model of one op */
      compare_shares(&s, n);
    } else if (t->kind == CR_NOTE_LEAVE) {
      s.in[t->a] = 0;
    }
  }
  return s.widest_ns;
}

static void equal_jobs_are_never_more_than_an_iteration_apart(void **state)
{
  (void)state;
  static const char *const accounting[] = {"accounting=rr,rotate=no", "accounting=ps,rotate=no"};
  for (uint64_t seed = 0; seed < 500; seed++) {
    struct made_job job[MOST];
    uint64_t k = 0;
    cr_ns each_ns = 2 + (cr_ns)draw(seed, &k, 20);
    uint32_t n = 2 + (uint32_t)draw(seed, &k, 8);
    for (uint32_t i = 0; i < n; i++)
      job[i] = (struct made_job){.submit_ns = (cr_ns)(seed % 3 ? draw(seed, &k, 300) : 0),
                                 .each_ns = each_ns,
                                 .declared_ns = CR_NS_NEVER,
                                 .iterations = 1 + (uint32_t)draw(seed, &k, 60),
                                 .persistent = 10,
                                 .ephemeral = 100};
    for (uint32_t a = 0; a < 2; a++) {
      struct ran r;
      run(&r, job, n, "fair", accounting[a]);
      cr_ns gap_ns = widest_gap(&r, n, each_ns);
      if (gap_ns > each_ns)
        fail_msg("seed %d, %s: two jobs were %lld ns apart, of iterations of %lld", (int)seed, accounting[a],
                 (long long)gap_ns, (long long)each_ns);
      done_with(&r);
    }
  }
}

/* --- rotations ---------------------------------------------------------------------------------------------------- */

/* Every iteration, by when it ran and whose it was. */
struct iterations {
  struct {
    cr_ns start_ns, end_ns;
    uint32_t client;
  } one[8192];
  uint32_t n;
};

static void keep_iterations(void *ctx, const struct cr_op_span *span)
{
  struct iterations *all = ctx;
  cr_ns each_ns = (span->end_ns - span->start_ns) / span->n;
  for (uint32_t i = 0; i < span->n; i++) {
    assert_true(all->n < sizeof all->one / sizeof all->one[0]);
    all->one[all->n].start_ns = span->start_ns + i * each_ns;
    all->one[all->n].end_ns = span->start_ns + (i + 1) * each_ns;
    all->one[all->n++].client = span->client;
  }
}

static uint64_t n_turned(const struct ran *r)
{
  uint64_t n = 0;
  for (uint64_t i = 0; i < r->record.n; i++)
    n += r->record.note[i].kind == CR_NOTE_TURNED;
  return n;
}

static void same_lives(const struct ran *a, const struct ran *b, uint32_t n, const char *what)
{
  for (uint32_t i = 0; i < n; i++) {
    const struct cr_job_result *x = &a->result.job[i], *y = &b->result.job[i];
    if (x->how != y->how || x->admit_ns != y->admit_ns || x->first_ns != y->first_ns || x->end_ns != y->end_ns ||
        x->used_ns != y->used_ns)
      fail_msg("%s: job %u ends at %lld (%d), not %lld (%d)", what, i, (long long)x->end_ns, x->how,
               (long long)y->end_ns, y->how);
  }
  assert_int_equal(a->result.n_op, b->result.n_op);
  assert_near(a->result.use[0].sm_ns, b->result.use[0].sm_ns, 1e-9 * b->result.use[0].sm_ns);
  assert_near(a->result.use[0].busy_ns, b->result.use[0].busy_ns, 1e-9 * b->result.use[0].busy_ns);
}

static void replays(const struct ran *r, const char *options)
{
  struct cr_replay_report report;
  struct cr_err err = {""};
  const struct cr_workload *w;
  assert_int_equal(cr_workload_seal(r->builder, &w, &err), CR_OK);
  if (cr_replay(w, &load_machine, cr_policy_find("fair", 4), options, r->record.note, r->record.n, &report, &err) !=
      CR_OK)
    fail_msg("%s", err.text);
  if (!report.same)
    fail_msg("%s: recorded %s, replayed %s", options, report.recorded, report.replayed);
}

/* Few think, in some runs none; some have a weight; some need more than they say, and fail when the lane is too small. */
static uint32_t make_turn_takers(uint64_t seed, struct made_job *job)
{
  uint32_t n = make_jobs(seed * 3 + 1, job); /* none thinks */
  for (uint32_t i = 0; i < n; i++) {
    uint64_t k = 1000 * (i + 1);
    job[i].iterations *= seed % 2 ? 5 : 1;
    job[i].think_ns = seed % 4 == 0 && draw(seed, &k, 4) == 0 ? (cr_ns)draw(seed, &k, 20) : 0;
    job[i].weight = seed % 8 == 7 ? 1 + (uint32_t)draw(seed, &k, 3) : 1;
    job[i].more = seed % 3 == 0 && draw(seed, &k, 3) == 0 ? (int64_t)draw(seed, &k, 200) : 0;
  }
  return n;
}

/* What rotations reckon at once is what happens when each turn is launched by itself: every iteration begins and ends when
 * it would have, and is the same job's.  The fake backend takes them one by one too. */
static void jobs_launched_together_run_as_if_one_by_one(void **state)
{
  (void)state;
  static const char *const by[] = {"accounting=las",         "accounting=rr",
                                   "accounting=ps",          "accounting=las,wc=no",
                                   "accounting=ps,fit=best", "accounting=rr,rules=paper,over=1,over_limit=1"};
  uint64_t n_together = 0, n_failed = 0;
  static struct iterations at_once, by_turn;
  for (uint64_t seed = 0; seed < 400; seed++)
    for (uint32_t w = 0; w < sizeof by / sizeof by[0]; w++) {
      struct made_job job[MOST];
      uint32_t n = make_turn_takers(seed, job);
      char apart[96], what[128];
      snprintf(apart, sizeof apart, "%s,rotate=no", by[w]);
      snprintf(what, sizeof what, "seed %d, %s", (int)seed, by[w]);
      struct ran a = {.observer = {.ctx = &at_once, .on_op = keep_iterations}};
      struct ran b = {.observer = {.ctx = &by_turn, .on_op = keep_iterations}}, c = {.builder = NULL}, d = c;
      at_once.n = by_turn.n = 0;
      run_with(&a, job, n, "fair", by[w], &load_machine, &cr_backend_sim);
      run_with(&b, job, n, "fair", apart, &load_machine, &cr_backend_sim);
      run_with(&c, job, n, "fair", by[w], &load_machine, &cr_backend_sim); /* nobody looks on */
      run_with(&d, job, n, "fair", by[w], &load_machine, NULL);
      same_lives(&a, &b, n, what);
      same_lives(&c, &b, n, what);
      for (uint32_t i = 0; i < n; i++)
        assert_int_equal(d.result.job[i].end_ns, b.result.job[i].end_ns);
      assert_int_equal(at_once.n, by_turn.n);
      assert_memory_equal(at_once.one, by_turn.one, at_once.n * sizeof at_once.one[0]);
      assert_true(a.result.ledger_hash == c.result.ledger_hash && c.result.ledger_hash == d.result.ledger_hash);
      replays(&c, by[w]);
      n_together += n_turned(&c);
      for (uint32_t i = 0; i < n; i++)
        n_failed += c.result.job[i].how == CR_JOB_NO_MEMORY;
      assert_int_equal(n_turned(&b), 0);
      done_with(&a);
      done_with(&b);
      done_with(&c);
      done_with(&d);
    }
  print_message("# %llu jobs came back from rotations, %llu failed\n", (unsigned long long)n_together,
                (unsigned long long)n_failed);
  assert_true(n_together > 10000 && n_failed > 200);
}

static void what_jobs_that_take_turns_cost_does_not_depend_on_their_iterations(void **state)
{
  (void)state;
  static const char *const accounting[] = {"accounting=las", "accounting=rr", "accounting=ps"};
  for (uint32_t a = 0; a < 3; a++) {
    uint64_t n_callback[2];
    for (uint32_t i = 0; i < 2; i++) {
      struct made_job job[5];
      for (uint32_t j = 0; j < 5; j++)
        job[j] = (struct made_job){.submit_ns = 50 * j,
                                   .each_ns = 10 + j,
                                   .declared_ns = CR_NS_NEVER,
                                   .iterations = i ? 100000000 : 100,
                                   .persistent = 10,
                                   .ephemeral = 200};
      struct ran r = {.builder = NULL};
      run_with(&r, job, 5, "fair", accounting[a], &load_machine, &cr_backend_sim);
      n_callback[i] = r.result.n_callback;
      done_with(&r);
    }
    assert_int_equal(n_callback[0], n_callback[1]);
  }
}

static void a_newcomer_has_the_lane_to_itself_under_las_alone(void **state)
{
  (void)state;
  struct made_job job[2];
  for (uint32_t i = 0; i < 2; i++)
    job[i] = (struct made_job){.submit_ns = 1000 * i,
                               .each_ns = 10,
                               .declared_ns = CR_NS_NEVER,
                               .iterations = 150,
                               .persistent = 10,
                               .ephemeral = 100};
  static const struct {
    const char *accounting;
    cr_ns low_ns, high_ns; /* of the end of the first */
  } want[] = {{"accounting=las", 2990, 3000}, {"accounting=rr", 1990, 2020}, {"accounting=ps", 1990, 2020}};
  for (uint32_t i = 0; i < 3; i++) {
    struct ran r;
    run(&r, job, 2, "fair", want[i].accounting);
    assert_in_range(r.result.job[0].end_ns, want[i].low_ns, want[i].high_ns);
    done_with(&r);
  }
}

static void weights_count_under_ps(void **state)
{
  (void)state;
  struct made_job job[2];
  for (uint32_t i = 0; i < 2; i++)
    job[i] = (struct made_job){.each_ns = 10,
                               .declared_ns = CR_NS_NEVER,
                               .iterations = 300,
                               .weight = i ? 1 : 3,
                               .persistent = 10,
                               .ephemeral = 100};
  struct ran r;
  run(&r, job, 2, "fair", "accounting=ps");
  assert_in_range(r.result.job[0].end_ns, 3980, 4020); /* 3 of 4 iterations are the first one's */
  done_with(&r);
}

static void others_run_while_a_client_thinks_unless_told_not_to(void **state)
{
  (void)state;
  struct made_job job[2];
  for (uint32_t i = 0; i < 2; i++)
    job[i] = (struct made_job){
      .each_ns = 10, .think_ns = 10, .declared_ns = CR_NS_NEVER, .iterations = 20, .persistent = 10, .ephemeral = 100};
  job[1].iterations = 10;
  struct ran r;
  run(&r, job, 2, "fair", "accounting=rr");
  assert_int_equal(r.result.job[1].end_ns, 200); /* each runs while the other thinks */
  assert_int_equal(r.result.job[0].end_ns, 390);
  done_with(&r);
  job[0].think_ns = 40;
  run(&r, job, 2, "fair", "accounting=rr,wc=no");
  assert_int_equal(r.result.job[1].end_ns, 9 * 50 + 20); /* each of its iterations waits for the other's client */
  done_with(&r);
}

/* --- memory, by hand ---------------------------------------------------------------------------------------------- */

static void under_fifo_a_job_owns_the_device_from_its_start_up_on(void **state)
{
  (void)state;
  struct made_job job[3];
  for (uint32_t i = 0; i < 3; i++)
    job[i] = (struct made_job){.submit_ns = 10 * i,
                               .startup_ns = 100,
                               .each_ns = 10,
                               .declared_ns = CR_NS_NEVER,
                               .iterations = 5,
                               .persistent = i == 1 ? CR_UNKNOWN : 10,
                               .ephemeral = 10};
  struct ran r;
  run(&r, job, 3, "fifo", "");
  for (uint32_t i = 0; i < 3; i++) {
    assert_int_equal(r.result.job[i].start_ns, 150 * i);
    assert_int_equal(r.result.job[i].end_ns, 150 * (i + 1));
  }
  done_with(&r);
  run_on(&r, job, 3, "fifo", "", &load_two_devices);
  assert_int_equal(r.result.job[1].start_ns, 10);
  assert_int_equal(r.result.job[2].start_ns, 150);
  done_with(&r);
}

static void a_job_that_says_nothing_has_the_device_to_itself(void **state)
{
  (void)state;
  static const char *const all[][2] = {{"pack", ""}, {"pack", "rules=paper"}, {"srtf", ""}, {"fair", ""}};
  struct made_job job[3];
  for (uint32_t i = 0; i < 3; i++)
    job[i] = (struct made_job){.each_ns = 10,
                               .declared_ns = CR_NS_NEVER,
                               .iterations = 5,
                               .persistent = i == 1 ? CR_UNKNOWN : 10,
                               .ephemeral = 10};
  for (uint32_t w = 0; w < 4; w++) {
    struct ran r;
    run(&r, job, 3, all[w][0], all[w][1]);
    cr_ns others_ns = cr_max_ns(r.result.job[0].end_ns, r.result.job[2].end_ns);
    assert_int_equal(r.result.job[1].admit_ns, others_ns);
    done_with(&r);
  }
}

/* By lanes: as coded one each, as printed they share, and a lane grows between two iterations. */
static void as_printed_jobs_share_lanes_that_as_coded_wait(void **state)
{
  (void)state;
  struct made_job job[3];
  for (uint32_t i = 0; i < 3; i++)
    job[i] = (struct made_job){.submit_ns = 3 * i,
                               .each_ns = 10,
                               .declared_ns = CR_NS_NEVER,
                               .iterations = 10,
                               .persistent = 50,
                               .ephemeral = 400};
  job[2].ephemeral = 450;
  struct ran r;
  run(&r, job, 3, "pack", "over=1,over_limit=1");
  assert_int_equal(r.result.job[0].end_ns, 100);
  assert_int_equal(r.result.job[1].end_ns, 103);
  assert_int_equal(r.result.job[2].admit_ns, 100);
  done_with(&r);
  run(&r, job, 3, "pack", "over=1,over_limit=1,rules=paper");
  assert_int_equal(r.result.job[1].admit_ns, 3);
  assert_int_equal(r.result.job[2].admit_ns, 10); /* the first one's iteration has ended */
  assert_int_equal(r.result.job[1].end_ns, 103);
  assert_int_equal(cr_max_ns(r.result.job[0].end_ns, r.result.job[2].end_ns), 200);
  done_with(&r);
}

static void small_jobs_pass_large_ones_unless_told_not_to(void **state)
{
  (void)state;
  static const int64_t need[] = {600, 700, 290, 50};
  struct made_job job[4];
  for (uint32_t i = 0; i < 4; i++)
    job[i] = (struct made_job){.submit_ns = i,
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
    struct ran r;
    run(&r, job, 4, "pack", want[w].options);
    for (uint32_t i = 0; i < 4; i++)
      assert_int_equal(r.result.job[i].admit_ns, want[w].admit_ns[i]);
    done_with(&r);
  }
}

static void best_fit_takes_the_largest_that_fits(void **state)
{
  (void)state;
  static const int64_t need[] = {900, 300, 800, 500};
  struct made_job job[4];
  for (uint32_t i = 0; i < 4; i++)
    job[i] = (struct made_job){.submit_ns = i,
                               .each_ns = 10,
                               .declared_ns = CR_NS_NEVER,
                               .iterations = 10,
                               .persistent = 10,
                               .ephemeral = need[i]};
  struct ran r;
  run(&r, job, 4, "pack", "over=1,over_limit=1");
  assert_int_equal(r.result.job[1].admit_ns, 100); /* 300 and 500 first, as they came */
  assert_int_equal(r.result.job[3].admit_ns, 100);
  assert_int_equal(r.result.job[2].admit_ns, 200);
  done_with(&r);
  run(&r, job, 4, "pack", "over=1,over_limit=1,fit=best");
  assert_int_equal(r.result.job[2].admit_ns, 100);
  assert_int_equal(r.result.job[1].admit_ns, 200);
  assert_int_equal(r.result.job[3].admit_ns, 200);
  done_with(&r);
}

/* --- all ---------------------------------------------------------------------------------------------------------- */

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(memory_is_never_overbooked_and_nobody_waits_whom_a_lane_could_hold),
    cmocka_unit_test(srtf_runs_the_shortest_as_an_independent_reckoning_has_it),
    cmocka_unit_test(events_do_not_grow_with_iterations),
    cmocka_unit_test(a_job_that_is_behind_catches_up_in_one_launch),
    cmocka_unit_test(one_that_catches_up_is_stopped_in_time_when_another_lane_slows_it),
    cmocka_unit_test(equal_jobs_are_never_more_than_an_iteration_apart),
    cmocka_unit_test(jobs_launched_together_run_as_if_one_by_one),
    cmocka_unit_test(what_jobs_that_take_turns_cost_does_not_depend_on_their_iterations),
    cmocka_unit_test(a_newcomer_has_the_lane_to_itself_under_las_alone),
    cmocka_unit_test(weights_count_under_ps),
    cmocka_unit_test(others_run_while_a_client_thinks_unless_told_not_to),
    cmocka_unit_test(under_fifo_a_job_owns_the_device_from_its_start_up_on),
    cmocka_unit_test(a_job_that_says_nothing_has_the_device_to_itself),
    cmocka_unit_test(as_printed_jobs_share_lanes_that_as_coded_wait),
    cmocka_unit_test(small_jobs_pass_large_ones_unless_told_not_to),
    cmocka_unit_test(best_fit_takes_the_largest_that_fits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
