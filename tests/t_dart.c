/* t_dart.c - policy dart: worked examples, a second simulator written here, and what must hold on every load. */
#include "config.h"

#include "plan/rta.h"
#include "policies/list.h"
#include "sim/core.h"
#include "sim/replay.h"
#include "sim/rng.h"
#include "tests/load.h"
#include "tests/node_load.h"
#include "tests/t.h"

enum { TASKS = 8, NODES = 4, JOBS = 12, ALL_JOBS = TASKS * JOBS };

/* Task i's stage on node k takes cost_ns[i][k], 0: it leaves the node out.  Its jobs are released at the given times. */
struct task_set {
  uint32_t n_task, n_node, n_rt; /* the first n_rt are real-time */
  cr_ns cost_ns[TASKS][NODES];
  cr_ns deadline_ns[TASKS];
  cr_ns period_ns[TASKS]; /* as they say; 0: they do not */
  cr_ns release_ns[TASKS][JOBS];
  uint32_t n_job[TASKS];
  uint32_t least_ppm, most_ppm; /* that jobs really take; 0: what is recorded */
  int is_enforced, by_paper;
};

struct responses {
  cr_ns of[TASKS][JOBS]; /* in order of release */
  struct cr_verdicts verdicts[TASKS];
};

/* --- the simulator under test --------------------------------------------------------------------------------------- */

struct taken {
  const struct task_set *set;
  struct responses *out;
  uint32_t n[TASKS];
};

/* Rows come in order of their ends.  Jobs of a task go through the same nodes in order, but those that were demoted. */
static int take(void *ctx, const struct cr_request_row *row, uint32_t n, struct cr_err *err)
{
  struct taken *t = ctx;
  (void)err;
  for (uint32_t i = 0; i < n; i++) {
    uint32_t job = t->n[row[i].client]++;
    if (!t->set->is_enforced)
      assert_int_equal(row[i].arrive_ns, t->set->release_ns[row[i].client][job]);
    for (job = 0; t->set->release_ns[row[i].client][job] != row[i].arrive_ns; job++)
      assert_true(job + 1 < t->set->n_job[row[i].client]);
    t->out->of[row[i].client][job] = row[i].end_ns - row[i].arrive_ns;
  }
  return CR_OK;
}

static const struct cr_workload *build(struct cr_workload_builder *b, const struct task_set *set)
{
  for (uint32_t i = 0; i < set->n_task; i++) {
    struct cr_stage_spec stage[NODES];
    uint32_t n_stage;
    char name[] = {'t', (char)('0' + i), '\0'};
    cr_model m = node_stages(b, name, set->n_node, set->cost_ns[i], stage, &n_stage);
    struct cr_client_spec c = load_trace(name, m, i < set->n_rt ? CR_RT : CR_BE, set->release_ns[i], set->n_job[i]);
    c.priority = 0;
    c.max_requests = set->n_job[i];
    c.deadline_ns = set->deadline_ns[i];
    c.period_ns = set->period_ns[i];
    c.stage = stage;
    c.n_stage = n_stage;
    c.actual_min_ppm = set->least_ppm;
    c.actual_max_ppm = set->most_ppm;
    load_add(b, c);
  }
  return load_seal(b);
}

/* Runs the set under dart, feeds its ledger to the policy again, and writes the responses. */
static void run(const struct task_set *set, const struct cr_machine *m, const struct cr_observer *observer,
                struct responses *out)
{
  struct cr_workload_builder *b = cr_workload_builder_new();
  const struct cr_workload *w = build(b, set);
  struct taken taken = {.set = set, .out = out};
  struct cr_request_sink sink = {.ctx = &taken, .write = take};
  struct load_record record = {0};
  struct cr_core_cfg cfg = load_cfg(w, cr_policy_find("dart", 4));
  cfg.policy_options = !set->is_enforced ? "enforce=no" : set->by_paper ? "test=paper" : NULL;
  cfg.machine = m;
  cfg.backend = &cr_backend_sim;
  cfg.requests = &sink;
  cfg.observer = observer;
  cfg.ledger = load_record(&record);
  struct cr_result r;
  struct cr_err err = {""};
  if (cr_core_run(&cfg, &r, &err) != CR_OK)
    fail_msg("%s", err.text);
  for (uint32_t i = 0; i < set->n_task; i++) {
    assert_int_equal(taken.n[i], set->n_job[i]);
    out->verdicts[i] = r.client[i].verdicts;
  }
  struct cr_replay_report report;
  assert_int_equal(cr_replay(w, m, cfg.policy, cfg.policy_options, record.note, record.n, &report, &err), CR_OK);
  if (!report.same)
    fail_msg("recorded %s, replayed %s", report.recorded, report.replayed);
  load_record_fini(&record);
  cr_result_fini(&r);
  cr_workload_builder_free(b);
}

static void run_on_cpus(const struct task_set *set, struct responses *out)
{
  struct cr_device_desc device[NODES];
  for (uint32_t k = 0; k < set->n_node; k++)
    device[k] = node_cpu("cpu", 1);
  const struct cr_machine machine = {set->n_node, device};
  run(set, &machine, NULL, out);
}

/* --- a second simulator --------------------------------------------------------------------------------------------- */

struct job {
  uint32_t task, number, node;
  cr_ns release_ns, left_ns, takes_ns;
  uint64_t came; /* to its node, as a counter */
  int is_there, is_over;
  int is_demoted, waits_for_rt;
};

/* One clock tick at a time would do; this one goes from event to event.  Real-time: the highest priority first, and what has
 * begun stays.  Best-effort: the first that came, while no real-time job is at the node. */
struct pipeline {
  const struct task_set *set;
  struct job job[ALL_JOBS];
  uint32_t n_job;
  uint32_t rt[NODES], be[NODES]; /* index + 1 of the job that a node has begun */
  uint64_t n_came;
  /* What is enforced. */
  cr_ns longest_ns[TASKS][NODES];
  struct cr_verdicts *verdicts;
};

static int is_rt(const struct pipeline *p, const struct job *j)
{
  return j->task < p->set->n_rt && !j->is_demoted && !p->verdicts[j->task].is_demoted;
}

static void come(struct pipeline *p, struct job *j)
{
  const cr_ns *cost_ns = p->set->cost_ns[j->task];
  while (j->node < p->set->n_node && cost_ns[j->node] == 0)
    j->node++;
  j->is_there = j->node < p->set->n_node;
  j->is_over = !j->is_there;
  if (!j->is_there)
    return;
  j->left_ns = cost_ns[j->node];
  if (p->set->most_ppm) {
    uint64_t n = p->set->most_ppm - p->set->least_ppm + 1, draw = cr_draw(1, CR_RNG_ACTUAL, j->task, j->number);
    j->left_ns = cr_max_ns(cr_muldiv(j->left_ns, p->set->least_ppm + (int64_t)(draw % n), 1000000), 1);
  }
  j->takes_ns = j->left_ns;
  j->came = p->n_came++;
  j->waits_for_rt = is_rt(p, j);
}

/* The test with the task among those that are real-time; about whom, if it is not passed. */
static enum cr_why judge(const struct pipeline *p, uint32_t task, uint32_t *about)
{
  const struct task_set *set = p->set;
  uint32_t who[TASKS], n = 0;
  cr_ns period_ns[TASKS], deadline_ns[TASKS], cost_ns[TASKS * NODES], arrival_ns[TASKS * NODES], longest_ns = 0;
  cr_ns one_ns[TASKS], other_ns[TASKS];
  for (cr_ns above_ns = 0;;) { /* the next by priority; deadlines differ */
    uint32_t next = CR_NONE;
    for (uint32_t i = 0; i < set->n_rt; i++)
      if ((i == task || !p->verdicts[i].is_demoted) && set->deadline_ns[i] > above_ns &&
          (next == CR_NONE || set->deadline_ns[i] < set->deadline_ns[next]))
        next = i;
    if (next == CR_NONE)
      break;
    above_ns = set->deadline_ns[next];
    who[n++] = next;
  }
  for (uint32_t i = 0; i < n; i++) {
    *about = who[i];
    if (set->period_ns[who[i]] == 0)
      return CR_WHY_PERIOD;
    if (set->deadline_ns[who[i]] > set->period_ns[who[i]])
      return CR_WHY_DEADLINE;
    period_ns[i] = set->period_ns[who[i]];
    deadline_ns[i] = set->deadline_ns[who[i]];
    longest_ns = cr_max_ns(longest_ns, period_ns[i]);
    for (uint32_t k = 0; k < set->n_node; k++)
      cost_ns[i * set->n_node + k] = p->longest_ns[who[i]][k];
  }
  const struct cr_rta a = {n, set->n_node, period_ns, deadline_ns, cost_ns, deadline_ns, 16 * longest_ns};
  cr_rta_paper(&a, CR_RTA_ON_NODE, one_ns);
  if (!set->by_paper) {
    cr_rta_overlap(&a, one_ns);
    cr_rta_holistic(&a, arrival_ns, other_ns);
  }
  for (uint32_t i = 0; i < n; i++)
    if ((set->by_paper ? one_ns[i] : cr_min_ns(one_ns[i], other_ns[i])) > deadline_ns[i]) {
      *about = who[i];
      return CR_WHY_MISSES;
    }
  *about = CR_NONE;
  return CR_WHY_PASSES;
}

/* A stage has ended. */
static void hold_to_time(struct pipeline *p, struct job *j)
{
  cr_ns *longest_ns = &p->longest_ns[j->task][j->node];
  struct cr_verdicts *v = &p->verdicts[j->task];
  if (!p->set->is_enforced || j->takes_ns <= *longest_ns)
    return;
  if (j->task >= p->set->n_rt) {
    *longest_ns = CR_NS_NEVER;
    v->n_unbounded++;
    return;
  }
  *longest_ns = j->takes_ns;
  j->is_demoted = 1;
  v->n_demoted += !v->is_demoted;
  v->why = (uint8_t)judge(p, j->task, &v->about);
  v->is_demoted = v->why != CR_WHY_PASSES;
  v->n_restored += v->why == CR_WHY_PASSES;
}

static int goes_before(const struct pipeline *p, const struct job *a, const struct job *b)
{
  cr_ns x = p->set->deadline_ns[a->task], y = p->set->deadline_ns[b->task];
  if (x != y)
    return x < y;
  return a->task != b->task ? a->task < b->task : a->release_ns < b->release_ns;
}

/* Of those that wait at the node for its rt worker the first by priority, for its be worker the first that came; NULL: none. */
static struct job *first_of(struct pipeline *p, uint32_t node, int for_rt)
{
  struct job *best = NULL;
  for (uint32_t i = 0; i < p->n_job; i++) {
    struct job *j = &p->job[i];
    if (j->is_there && j->node == node && j->waits_for_rt == for_rt &&
        (!best || (for_rt ? goes_before(p, j, best) : j->came < best->came)))
      best = j;
  }
  return best;
}

static void pick(struct pipeline *p, uint32_t node)
{
  struct job *j = p->rt[node] ? NULL : first_of(p, node, 1);
  for (; j && !is_rt(p, j); j = first_of(p, node, 1)) { /* demoted meanwhile */
    j->waits_for_rt = 0;
    j->came = p->n_came++;
  }
  if (j)
    p->rt[node] = (uint32_t)(j - p->job) + 1;
  if (!p->be[node] && (j = first_of(p, node, 0)))
    p->be[node] = (uint32_t)(j - p->job) + 1;
}

static void expect(const struct task_set *set, struct responses *out)
{
  static struct pipeline p;
  p = (struct pipeline){.set = set, .verdicts = out->verdicts};
  memcpy(p.longest_ns, set->cost_ns, sizeof p.longest_ns);
  for (uint32_t i = 0; i < TASKS; i++)
    out->verdicts[i] = (struct cr_verdicts){.about = CR_NONE};
  for (uint32_t i = 0; i < set->n_task; i++)
    for (uint32_t k = 0; k < set->n_job[i]; k++)
      p.job[p.n_job++] = (struct job){.task = i, .number = k, .release_ns = set->release_ns[i][k]};
  uint32_t n_left = p.n_job;
  for (cr_ns now_ns = 0; n_left;) {
    for (uint32_t k = 0; k < set->n_node; k++) {
      uint32_t *const runs[] = {&p.rt[k], &p.be[k]};
      for (int class = 0; class < 2; class ++) {
        struct job *j = *runs[class] ? &p.job[*runs[class] - 1] : NULL;
        if (!j || j->left_ns)
          continue;
        *runs[class] = 0;
        hold_to_time(&p, j);
        j->node++;
        j->is_there = 0;
        come(&p, j);
        if (!j->is_over)
          continue;
        out->of[j->task][j->number] = now_ns - j->release_ns;
        n_left--;
      }
    }
    for (uint32_t i = 0; i < p.n_job; i++)
      if (!p.job[i].is_there && !p.job[i].is_over && p.job[i].release_ns == now_ns && p.job[i].node == 0)
        come(&p, &p.job[i]);
    cr_ns next_ns = CR_NS_NEVER;
    for (uint32_t k = 0; k < set->n_node; k++) {
      pick(&p, k);
      uint32_t runs = p.rt[k] ? p.rt[k] : p.be[k];
      if (runs)
        next_ns = cr_min_ns(next_ns, now_ns + p.job[runs - 1].left_ns);
    }
    for (uint32_t i = 0; i < p.n_job; i++)
      if (p.job[i].release_ns > now_ns)
        next_ns = cr_min_ns(next_ns, p.job[i].release_ns);
    if (!n_left)
      break;
    assert_true(next_ns != CR_NS_NEVER && next_ns > now_ns);
    for (uint32_t k = 0; k < set->n_node; k++) {
      uint32_t runs = p.rt[k] ? p.rt[k] : p.be[k];
      if (runs)
        p.job[runs - 1].left_ns -= next_ns - now_ns;
    }
    now_ns = next_ns;
  }
}

static void compare(const struct task_set *set, const struct responses *got, const struct responses *want,
                    uint32_t seed)
{
  for (uint32_t i = 0; i < set->n_task; i++)
    for (uint32_t k = 0; k < set->n_job[i]; k++)
      if (got->of[i][k] != want->of[i][k])
        fail_msg("seed %u: task %u, job %u: responds in %lld, not in %lld", seed, i, k, (long long)got->of[i][k],
                 (long long)want->of[i][k]);
}

/* --- random sets ---------------------------------------------------------------------------------------------------- */

struct dice {
  uint32_t seed;
  uint64_t n;
};

/* From 0 to below `below`. */
static cr_ns roll(struct dice *d, cr_ns below)
{
  return (cr_ns)(cr_draw(d->seed, CR_RNG_TEST, 7, d->n++) % (uint64_t)below);
}

/* Costs up to `largest`; deadlines all differ, so that priorities do. */
static void draw_set(struct task_set *set, uint32_t seed, cr_ns largest_ns, uint32_t n_be)
{
  struct dice d = {.seed = seed};
  *set = (struct task_set){.n_node = 1 + (uint32_t)roll(&d, NODES)};
  set->n_rt = 1 + (uint32_t)roll(&d, TASKS - n_be);
  set->n_task = set->n_rt + (n_be ? 1 + (uint32_t)roll(&d, n_be) : 0);
  for (uint32_t i = 0; i < set->n_task; i++) {
    cr_ns sum_ns = 0, at_ns = 0;
    for (uint32_t node = 0; node < set->n_node; node++)
      sum_ns += set->cost_ns[i][node] = roll(&d, 4) ? 1 + roll(&d, largest_ns) : 0;
    if (sum_ns == 0) {
      cr_ns *cost_ns = &set->cost_ns[i][roll(&d, set->n_node)];
      sum_ns = *cost_ns = 1 + roll(&d, largest_ns);
    }
    set->deadline_ns[i] = seed % 3 ? (roll(&d, 1000) + 1) * TASKS + i : 100 + roll(&d, 3);
    set->n_job[i] = 1 + (uint32_t)roll(&d, JOBS);
    if (roll(&d, 3))
      at_ns = roll(&d, 2 * largest_ns);
    cr_ns period_ns = sum_ns * (1 + roll(&d, 2 * set->n_task)) / 2 + 1, jitter_ns = roll(&d, 2) ? largest_ns : 1;
    for (uint32_t j = 0; j < set->n_job[i]; j++, at_ns += period_ns + roll(&d, jitter_ns))
      set->release_ns[i][j] = at_ns;
  }
}

/* Small times: many things happen at one instant. */
static void real_time_responses_are_those_of_a_second_simulator(void **state)
{
  (void)state;
  for (uint32_t seed = 0; seed < 300; seed++) {
    struct task_set set;
    struct responses got, want;
    draw_set(&set, seed, seed % 2 ? 6 : 1000, 0);
    run_on_cpus(&set, &got);
    expect(&set, &want);
    compare(&set, &got, &want, seed);
  }
}

/* Large times, so that no two best-effort requests come to a node at one instant. */
static void best_effort_responses_are_too(void **state)
{
  (void)state;
  for (uint32_t seed = 1000; seed < 1200; seed++) {
    struct task_set set;
    struct responses got, want;
    draw_set(&set, seed, 100000000, 3);
    run_on_cpus(&set, &got);
    expect(&set, &want);
    compare(&set, &got, &want, seed);
  }
}

static void stages_that_take_other_times_than_recorded_do_too(void **state)
{
  (void)state;
  for (uint32_t seed = 5000; seed < 5200; seed++) {
    struct task_set set;
    struct responses got, want;
    draw_set(&set, seed, 100000000, seed % 2 ? 3 : 0);
    set.least_ppm = 1 + seed % 3 * 300000;
    set.most_ppm = 1 + seed % 5 * 500000 + set.least_ppm;
    run_on_cpus(&set, &got);
    expect(&set, &want);
    compare(&set, &got, &want, seed);
  }
}

/* Deadlines within periods, which are the least times between releases; now and then one is not said. */
static void draw_periods(struct task_set *set, struct dice *d)
{
  for (uint32_t i = 0; i < set->n_task; i++) {
    cr_ns least_ns = CR_NS_NEVER, sum_ns = 0;
    for (uint32_t k = 0; k < set->n_node; k++)
      sum_ns += set->cost_ns[i][k];
    for (uint32_t j = 1; j < set->n_job[i]; j++)
      least_ns = cr_min_ns(least_ns, set->release_ns[i][j] - set->release_ns[i][j - 1]);
    set->period_ns[i] = least_ns == CR_NS_NEVER ? 3 * sum_ns : least_ns;
    set->deadline_ns[i] = set->period_ns[i] - roll(d, set->period_ns[i] / 3 + 1);
    if (roll(d, 20) == 0)
      set->deadline_ns[i] = set->period_ns[i] + 1 + i;
    if (roll(d, 20) == 0)
      set->period_ns[i] = 0;
  }
}

static void assert_same_verdicts(const struct cr_verdicts *got, const struct cr_verdicts *want, uint32_t seed)
{
  if (got->n_demoted != want->n_demoted || got->n_restored != want->n_restored ||
      got->n_unbounded != want->n_unbounded || got->is_demoted != want->is_demoted || got->why != want->why ||
      got->about != want->about)
    fail_msg("seed %u: demoted %u, restored %u, unbounded %u, at the end %u (%s), not %u, %u, %u, %u (%s)", seed,
             got->n_demoted, got->n_restored, got->n_unbounded, got->is_demoted, cr_why_name[got->why], want->n_demoted,
             want->n_restored, want->n_unbounded, want->is_demoted, cr_why_name[want->why]);
}

/* Large times again.  Each way in which it can go comes up often enough. */
static void what_is_demoted_and_restored_is_that_of_a_second_simulator(void **state)
{
  (void)state;
  uint32_t n_restored = 0, n_left = 0, n_unbounded = 0, n_why[CR_N_WHY] = {0};
  for (uint32_t seed = 6000; seed < 6300; seed++) {
    struct task_set set;
    struct responses got, want;
    draw_set(&set, seed, 100000000, seed % 2 ? 3 : 0);
    draw_periods(&set, &(struct dice){.seed = seed + 1});
    set.least_ppm = 700000;
    set.most_ppm = 1000001 + seed % 5 * 100000;
    set.is_enforced = 1;
    set.by_paper = seed % 3 == 0;
    run_on_cpus(&set, &got);
    expect(&set, &want);
    compare(&set, &got, &want, seed);
    for (uint32_t i = 0; i < set.n_task; i++) {
      const struct cr_verdicts *v = &want.verdicts[i];
      assert_same_verdicts(&got.verdicts[i], v, seed);
      n_restored += v->n_restored;
      n_left += v->is_demoted;
      n_unbounded += v->n_unbounded;
      n_why[v->why] += v->is_demoted;
    }
  }
  assert_true(n_restored > 100 && n_left > 100 && n_unbounded > 100);
  assert_true(n_why[CR_WHY_MISSES] > 50 && n_why[CR_WHY_PERIOD] > 10 && n_why[CR_WHY_DEADLINE] > 10);
}

static void best_effort_work_changes_no_real_time_response(void **state)
{
  (void)state;
  for (uint32_t seed = 2000; seed < 2150; seed++) {
    struct task_set set;
    struct responses with, without;
    draw_set(&set, seed, 8, 4);
    run_on_cpus(&set, &with);
    set.n_task = set.n_rt;
    run_on_cpus(&set, &without);
    compare(&set, &with, &without, seed);
  }
}

/* --- what must hold on every node ----------------------------------------------------------------------------------- */

enum { SPANS = 4 * ALL_JOBS };

struct seen {
  const struct task_set *set;
  struct cr_op_span span[SPANS];
  uint32_t n;
};

static void see(void *ctx, const struct cr_op_span *span)
{
  struct seen *s = ctx;
  assert_true(s->n < SPANS);
  s->span[s->n++] = *span;
}

/* No real-time span of a node meets another one: a stage that has begun runs on to its end, in its own time. */
static void no_real_time_stage_is_preempted_by_another(void **state)
{
  (void)state;
  static struct seen seen;
  for (uint32_t seed = 3000; seed < 3100; seed++) {
    struct task_set set;
    struct responses got;
    draw_set(&set, seed, 50, 3);
    seen = (struct seen){.set = &set};
    struct cr_device_desc device[NODES];
    for (uint32_t k = 0; k < set.n_node; k++)
      device[k] = k % 2 ? node_gpu("gpu") : node_cpu("cpu", 2);
    const struct cr_machine machine = {set.n_node, device};
    const struct cr_observer observer = {.ctx = &seen, .on_op = see};
    run(&set, &machine, &observer, &got);
    for (uint32_t i = 0; i < seen.n; i++) {
      const struct cr_op_span *a = &seen.span[i];
      if (a->client >= set.n_rt)
        continue;
      assert_int_equal(a->end_ns - a->start_ns, set.cost_ns[a->client][a->device]);
      for (uint32_t k = 0; k < i; k++) {
        const struct cr_op_span *b = &seen.span[k];
        if (b->client < set.n_rt && b->device == a->device)
          assert_true(a->end_ns <= b->start_ns || b->end_ns <= a->start_ns);
      }
    }
  }
}

/* One real-time request at a time: each of its stages finds be work running, or not. */
static void best_effort_work_delays_by_no_more_than_the_node_says(void **state)
{
  (void)state;
  uint32_t n_delayed = 0;
  for (uint32_t seed = 4000; seed < 4100; seed++) {
    struct task_set set;
    struct responses got;
    draw_set(&set, seed, 1000, 6);
    set.n_rt = 1;
    cr_ns alone_ns = 0, most_ns = 0;
    struct cr_device_desc device[NODES];
    for (uint32_t k = 0; k < set.n_node; k++) {
      device[k] = k % 2 ? node_gpu("gpu") : node_cpu("cpu", 2);
      device[k].node = (struct cr_node_desc){
        .n_core = 1, .core_type = "a", .notify_ns = 3, .cpu_preempt_ns = 20, .gpu_preempt_ns = 50, .gpu_copy_ns = 60};
      if (set.cost_ns[0][k]) {
        alone_ns += set.cost_ns[0][k] + 3;
        most_ns += k % 2 ? 80 : 20;
      }
    }
    alone_ns -= 3; /* nobody is told after the last stage */
    for (uint32_t j = 0; j < set.n_job[0]; j++)
      set.release_ns[0][j] = 500 + (cr_ns)j * 10000;
    const struct cr_machine machine = {set.n_node, device};
    run(&set, &machine, NULL, &got);
    for (uint32_t j = 0; j < set.n_job[0]; j++) {
      assert_true(got.of[0][j] >= alone_ns && got.of[0][j] <= alone_ns + most_ns);
      n_delayed += got.of[0][j] > alone_ns;
    }
  }
  assert_true(n_delayed > 50);
}

/* --- worked examples ------------------------------------------------------------------------------------------------ */

static struct task_set at_once(uint32_t n_task, uint32_t n_node, const cr_ns cost_ns[][NODES], const cr_ns *deadline_ns)
{
  struct task_set set = {.n_task = n_task, .n_node = n_node, .n_rt = n_task};
  for (uint32_t i = 0; i < n_task; i++) {
    memcpy(set.cost_ns[i], cost_ns[i], sizeof set.cost_ns[i]);
    set.deadline_ns[i] = deadline_ns[i];
    set.n_job[i] = 1;
  }
  return set;
}

/* The second task overtakes the first where that has split off, and meets it again: 5-6 on the first node, 11-12 on the last. */
static void a_path_that_splits_and_merges(void **state)
{
  (void)state;
  struct task_set set = at_once(2, 3, (const cr_ns[][NODES]){{5, 1, 5}, {1, 0, 1}}, (const cr_ns[]){100, 200});
  struct responses r;
  run_on_cpus(&set, &r);
  assert_int_equal(r.of[0][0], 11);
  assert_int_equal(r.of[1][0], 12);
}

/* Bounds of plan/rta.h know no equal priorities.  The last task runs until 10; the second comes before the first. */
static void of_equal_deadlines_the_client_that_is_listed_first_goes_first(void **state)
{
  (void)state;
  struct task_set set = at_once(3, 1, (const cr_ns[][NODES]){{10}, {10}, {10}}, (const cr_ns[]){100, 100, 100});
  struct responses r;
  set.release_ns[0][0] = 2;
  set.release_ns[1][0] = 1;
  run_on_cpus(&set, &r);
  assert_int_equal(r.of[2][0], 10);
  assert_int_equal(r.of[0][0], 20 - 2);
  assert_int_equal(r.of[1][0], 30 - 1);
}

static void three_equal_tasks_on_three_nodes_overlap(void **state)
{
  (void)state;
  struct task_set set =
    at_once(3, 3, (const cr_ns[][NODES]){{3, 3, 3}, {3, 3, 3}, {3, 3, 3}}, (const cr_ns[]){40, 60, 90});
  struct responses r;
  run_on_cpus(&set, &r);
  assert_int_equal(r.of[0][0], 9);
  assert_int_equal(r.of[1][0], 12);
  assert_int_equal(r.of[2][0], 15);
}

static void a_stage_of_lower_priority_that_has_begun_blocks(void **state)
{
  (void)state;
  struct task_set set = at_once(3, 1, (const cr_ns[][NODES]){{2}, {3}, {4}}, (const cr_ns[]){10, 15, 40});
  set.release_ns[0][0] = set.release_ns[1][0] = 1;
  struct responses r;
  run_on_cpus(&set, &r);
  assert_int_equal(r.of[2][0], 4);
  assert_int_equal(r.of[0][0], 5);
  assert_int_equal(r.of[1][0], 8);
}

/* Bounds that were proved for these sets, against periodic releases from random offsets on. */
static void no_response_passes_its_bound(void **state)
{
  (void)state;
  static const struct {
    uint32_t n_task, n_node;
    cr_ns cost_ns[4][NODES], period_ns[4], bound_ns[4];
  } sets[] = {
    {4, 3, {{2, 3, 1}, {3, 0, 4}, {4, 5, 2}, {0, 6, 3}}, {20, 30, 50, 80}, {20, 17, 34, 25}},
    {2, 3, {{5, 1, 5}, {1, 0, 1}}, {100, 200}, {13, 12}},
    {3, 1, {{2}, {3}, {4}}, {10, 15, 40}, {6, 9, 9}},
    {3, 3, {{3, 3, 3}, {3, 3, 3}, {3, 3, 3}}, {40, 60, 90}, {18, 21, 15}},
  };
  for (size_t s = 0; s < sizeof sets / sizeof *sets; s++)
    for (uint32_t seed = 0; seed < 60; seed++) {
      struct task_set set = at_once(sets[s].n_task, sets[s].n_node, sets[s].cost_ns, sets[s].period_ns);
      struct responses r;
      for (uint32_t i = 0; i < set.n_task; i++) {
        cr_ns offset_ns = (cr_ns)(cr_draw(seed, CR_RNG_TEST, i, s) % (uint64_t)sets[s].period_ns[i]);
        set.n_job[i] = JOBS;
        for (uint32_t j = 0; j < JOBS; j++)
          set.release_ns[i][j] = offset_ns + j * sets[s].period_ns[i];
      }
      run_on_cpus(&set, &r);
      for (uint32_t i = 0; i < set.n_task; i++)
        for (uint32_t j = 0; j < JOBS; j++)
          if (s != 1 || i == 1) /* of the pair only the second one's bounds are given */
            assert_true(r.of[i][j] <= sets[s].bound_ns[i]);
    }
}

/* --- beside stages -------------------------------------------------------------------------------------------------- */

static cr_ns latency_under(const char *policy, const char *options, const struct cr_workload *w,
                           const struct cr_machine *m, uint32_t client)
{
  struct cr_core_cfg cfg = load_cfg(w, cr_policy_find(policy, strlen(policy)));
  cfg.policy_options = options;
  cfg.machine = m;
  cfg.backend = &cr_backend_sim;
  struct cr_result r;
  struct cr_err err = {""};
  if (cr_core_run(&cfg, &r, &err) != CR_OK)
    fail_msg("%s: %s", policy, err.text);
  cr_ns ns = (cr_ns)(cr_hist_mean(r.client[client].metric[CR_LATENCY]) + 0.5);
  cr_result_fini(&r);
  return ns;
}

/* Whole requests: under dart where they can run, under threads on the one node, one behind the other. */
static void clients_without_stages_run_whole(void **state)
{
  (void)state;
  const struct cr_device_desc device[] = {node_cpu("cpu", 3), node_gpu("gpu"), node_cpu("one", 1)};
  const struct cr_machine machine = {3, device};
  const struct cr_layer_time on_gpu = {.hd_ns = 10, .exec_ns = 20, .misc_ns = 5, .dh_ns = 10};
  const struct cr_layer_time time[] = {{.exec_ns = 100}, on_gpu, {.exec_ns = CR_NS_NEVER},
                                       {.exec_ns = 200}, on_gpu, {.exec_ns = 500}};
  struct cr_workload_builder *b = cr_workload_builder_new();
  cr_model m = node_model(b, "net", 2, 3, time);
  static const cr_ns at_ns[] = {0};
  for (int i = 0; i < 3; i++) {
    char name[] = {'c', (char)('0' + i), '\0'};
    struct cr_client_spec c = load_trace(name, m, i ? CR_RT : CR_BE, at_ns, 1);
    c.priority = 0;
    load_add(b, c);
  }
  const struct cr_workload *w = load_seal(b);
  assert_int_equal(latency_under("dart", NULL, w, &machine, 0), 300 + 300); /* preempted by client 2 */
  assert_int_equal(latency_under("dart", NULL, w, &machine, 1), 70);
  assert_int_equal(latency_under("dart", NULL, w, &machine, 2), 300); /* the third node cannot run it */
  assert_int_equal(latency_under("threads", NULL, w, &machine, 1), 70);
  assert_int_equal(latency_under("threads", NULL, w, &machine, 2), 140);
  assert_int_equal(latency_under("threads", NULL, w, &machine, 0), 210);
  assert_int_equal(latency_under("threads", "on=cpu", w, &machine, 1), 300);
  assert_int_equal(latency_under("threads", "on=cpu", w, &machine, 0), 900);
  cr_workload_builder_free(b);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_path_that_splits_and_merges),
    cmocka_unit_test(of_equal_deadlines_the_client_that_is_listed_first_goes_first),
    cmocka_unit_test(three_equal_tasks_on_three_nodes_overlap),
    cmocka_unit_test(a_stage_of_lower_priority_that_has_begun_blocks),
    cmocka_unit_test(no_response_passes_its_bound),
    cmocka_unit_test(real_time_responses_are_those_of_a_second_simulator),
    cmocka_unit_test(best_effort_responses_are_too),
    cmocka_unit_test(stages_that_take_other_times_than_recorded_do_too),
    cmocka_unit_test(what_is_demoted_and_restored_is_that_of_a_second_simulator),
    cmocka_unit_test(best_effort_work_changes_no_real_time_response),
    cmocka_unit_test(no_real_time_stage_is_preempted_by_another),
    cmocka_unit_test(best_effort_work_delays_by_no_more_than_the_node_says),
    cmocka_unit_test(clients_without_stages_run_whole),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
