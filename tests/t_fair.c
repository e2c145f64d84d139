/* t_fair.c - fair at work: shares of time, and rotations against turns that are launched one by one. */
#include "config.h"

#include "policies/list.h"
#include "sim/replay.h"
#include "tests/lane_run.h"
#include "tests/t.h"

/* Equal jobs in one lane: since the last of any two came in, none has had more than one iteration more than the other.
 * Service only changes evenly between two landings, so those are looked at. */
struct shares {
  cr_ns each_ns, since[LANE_JOBS][LANE_JOBS]; /* since[i][j]: what i had had when both were in */
  cr_ns service[LANE_JOBS];
  int in[LANE_JOBS], fresh[LANE_JOBS];
  uint32_t client_of[LANE_JOBS];
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

static cr_ns widest_gap(const struct lane_run *r, uint32_t n, cr_ns each_ns)
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
    struct lane_job job[LANE_JOBS];
    uint64_t k = 0;
    cr_ns each_ns = 2 + (cr_ns)lane_draw(seed, &k, 20);
    uint32_t n = 2 + (uint32_t)lane_draw(seed, &k, 8);
    for (uint32_t i = 0; i < n; i++)
      job[i] = (struct lane_job){.submit_ns = (cr_ns)(seed % 3 ? lane_draw(seed, &k, 300) : 0),
                                 .each_ns = each_ns,
                                 .declared_ns = CR_NS_NEVER,
                                 .iterations = 1 + (uint32_t)lane_draw(seed, &k, 60),
                                 .persistent = 10,
                                 .ephemeral = 100};
    for (uint32_t a = 0; a < 2; a++) {
      struct lane_run r;
      lane_run(&r, job, n, "fair", accounting[a]);
      cr_ns gap_ns = widest_gap(&r, n, each_ns);
      if (gap_ns > each_ns)
        fail_msg("seed %d, %s: two jobs were %lld ns apart, of iterations of %lld", (int)seed, accounting[a],
                 (long long)gap_ns, (long long)each_ns);
      lane_run_fini(&r);
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

static uint64_t n_turned(const struct lane_run *r)
{
  uint64_t n = 0;
  for (uint64_t i = 0; i < r->record.n; i++)
    n += r->record.note[i].kind == CR_NOTE_TURNED;
  return n;
}

static void same_lives(const struct lane_run *a, const struct lane_run *b, uint32_t n, const char *what)
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

static void replays(const struct lane_run *r, const char *options)
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
static uint32_t make_turn_takers(uint64_t seed, struct lane_job *job)
{
  uint32_t n = lane_jobs(seed * 3 + 1, job); /* none thinks */
  for (uint32_t i = 0; i < n; i++) {
    uint64_t k = 1000 * (i + 1);
    job[i].iterations *= seed % 2 ? 5 : 1;
    job[i].think_ns = seed % 4 == 0 && lane_draw(seed, &k, 4) == 0 ? (cr_ns)lane_draw(seed, &k, 20) : 0;
    job[i].weight = seed % 8 == 7 ? 1 + (uint32_t)lane_draw(seed, &k, 3) : 1;
    job[i].more = seed % 3 == 0 && lane_draw(seed, &k, 3) == 0 ? (int64_t)lane_draw(seed, &k, 200) : 0;
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
      struct lane_job job[LANE_JOBS];
      uint32_t n = make_turn_takers(seed, job);
      char apart[96], what[128];
      snprintf(apart, sizeof apart, "%s,rotate=no", by[w]);
      snprintf(what, sizeof what, "seed %d, %s", (int)seed, by[w]);
      struct lane_run a = {.observer = {.ctx = &at_once, .on_op = keep_iterations}};
      struct lane_run b = {.observer = {.ctx = &by_turn, .on_op = keep_iterations}}, c = {.builder = NULL}, d = c;
      at_once.n = by_turn.n = 0;
      lane_run_with(&a, job, n, "fair", by[w], &load_machine, &cr_backend_sim);
      lane_run_with(&b, job, n, "fair", apart, &load_machine, &cr_backend_sim);
      lane_run_with(&c, job, n, "fair", by[w], &load_machine, &cr_backend_sim); /* nobody looks on */
      lane_run_with(&d, job, n, "fair", by[w], &load_machine, NULL);
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
      lane_run_fini(&a);
      lane_run_fini(&b);
      lane_run_fini(&c);
      lane_run_fini(&d);
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
      struct lane_job job[5];
      for (uint32_t j = 0; j < 5; j++)
        job[j] = (struct lane_job){.submit_ns = 50 * j,
                                   .each_ns = 10 + j,
                                   .declared_ns = CR_NS_NEVER,
                                   .iterations = i ? 100000000 : 100,
                                   .persistent = 10,
                                   .ephemeral = 200};
      struct lane_run r = {.builder = NULL};
      lane_run_with(&r, job, 5, "fair", accounting[a], &load_machine, &cr_backend_sim);
      n_callback[i] = r.result.n_callback;
      lane_run_fini(&r);
    }
    assert_int_equal(n_callback[0], n_callback[1]);
  }
}

static void a_newcomer_has_the_lane_to_itself_under_las_alone(void **state)
{
  (void)state;
  struct lane_job job[2];
  for (uint32_t i = 0; i < 2; i++)
    job[i] = (struct lane_job){.submit_ns = 1000 * i,
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
    struct lane_run r;
    lane_run(&r, job, 2, "fair", want[i].accounting);
    assert_in_range(r.result.job[0].end_ns, want[i].low_ns, want[i].high_ns);
    lane_run_fini(&r);
  }
}

static void weights_count_under_ps(void **state)
{
  (void)state;
  struct lane_job job[2];
  for (uint32_t i = 0; i < 2; i++)
    job[i] = (struct lane_job){.each_ns = 10,
                               .declared_ns = CR_NS_NEVER,
                               .iterations = 300,
                               .weight = i ? 1 : 3,
                               .persistent = 10,
                               .ephemeral = 100};
  struct lane_run r;
  lane_run(&r, job, 2, "fair", "accounting=ps");
  assert_in_range(r.result.job[0].end_ns, 3980, 4020); /* 3 of 4 iterations are the first one's */
  lane_run_fini(&r);
}

static void others_run_while_a_client_thinks_unless_told_not_to(void **state)
{
  (void)state;
  struct lane_job job[2];
  for (uint32_t i = 0; i < 2; i++)
    job[i] = (struct lane_job){
      .each_ns = 10, .think_ns = 10, .declared_ns = CR_NS_NEVER, .iterations = 20, .persistent = 10, .ephemeral = 100};
  job[1].iterations = 10;
  struct lane_run r;
  lane_run(&r, job, 2, "fair", "accounting=rr");
  assert_int_equal(r.result.job[1].end_ns, 200); /* each runs while the other thinks */
  assert_int_equal(r.result.job[0].end_ns, 390);
  lane_run_fini(&r);
  job[0].think_ns = 40;
  lane_run(&r, job, 2, "fair", "accounting=rr,wc=no");
  assert_int_equal(r.result.job[1].end_ns, 9 * 50 + 20); /* each of its iterations waits for the other's client */
  lane_run_fini(&r);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(equal_jobs_are_never_more_than_an_iteration_apart),
    cmocka_unit_test(jobs_launched_together_run_as_if_one_by_one),
    cmocka_unit_test(what_jobs_that_take_turns_cost_does_not_depend_on_their_iterations),
    cmocka_unit_test(a_newcomer_has_the_lane_to_itself_under_las_alone),
    cmocka_unit_test(weights_count_under_ps),
    cmocka_unit_test(others_run_while_a_client_thinks_unless_told_not_to),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
