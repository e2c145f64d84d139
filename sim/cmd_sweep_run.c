/* cmd_sweep_run.c - the runs of a sweep, spread over processes.
 *
 * Runs are given out point by point, so that a process that has a point loaded keeps it for its next run.  Ranks share the
 * runs out among them by their numbers; under --until whole points, since how many seeds a point needs follows from its own
 * results: then each rank can tell by itself. */
#include "config.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "calib/farm.h"
#include "sim/cli.h"
#include "sim/cli_run.h"
#include "sim/cli_scenario.h"
#include "sim/cli_study.h"
#include "sim/cmd_sweep.h"
#include "sim/progress.h"
#include "sim/provenance.h"

struct runner {
  struct cr_sweep *s;
  const uint32_t *task; /* [n_task] places of runs: (point * n_policy + policy) * n_seed + seed */
  uint32_t loaded;      /* of a worker: the point it holds; CR_NONE: none */
  struct cr_cli_scenario scenarios;
  struct cr_progress *progress;
  uint64_t n_over, n_all; /* of this call */
};

struct outcome {
  struct cr_study_run run;
  double value[]; /* [n_metric] */
};

/* -- a point ---------------------------------------------------------------------------------------------------------- */

int cr_sweep_load_point(const struct cr_design *d, uint32_t point, struct cr_arena *arena, struct cr_cli_scenario *out,
                        struct cr_err *err)
{
  const char **key = cr_arena_take(arena, d->n_axis, sizeof *key),
             **value = cr_arena_take(arena, d->n_axis, sizeof *value);
  if (!key || !value)
    return cr_fail_nomem(err, "a point");
  for (uint32_t a = 0; a < d->n_axis; a++) {
    char *text = cr_arena_take(arena, CR_DESIGN_VALUE, 1);
    if (!text)
      return cr_fail_nomem(err, "a point");
    key[a] = cr_design_key(d, a);
    value[a] = cr_design_value(d, a, point, text);
  }
  return cr_cli_study_load(d->words, key, value, d->n_axis, out, err);
}

static void unload(struct runner *w)
{
  cr_cli_scenario_free(&w->scenarios);
  w->scenarios = (struct cr_cli_scenario){0};
  w->loaded = CR_NONE;
}

static int load(struct runner *w, uint32_t point, struct cr_err *err)
{
  if (w->loaded == point)
    return CR_OK;
  unload(w);
  struct cr_arena *arena = cr_arena_new();
  int rc = arena ? cr_sweep_load_point(&w->s->design, point, arena, &w->scenarios, err) : cr_fail_nomem(err, "a point");
  cr_arena_free(arena);
  if (rc == CR_OK)
    w->loaded = point;
  else
    unload(w);
  return rc;
}

/* -- checking --------------------------------------------------------------------------------------------------------- */

static int check_point(void *ctx, uint32_t point, void *result, struct cr_err *err)
{
  struct runner *w = ctx;
  const struct cr_design *d = &w->s->design;
  struct cr_text about = {0};
  int rc = load(w, point, err);
  for (uint32_t m = 0; rc == CR_OK && m < d->n_metric; m++)
    rc = cr_run_metric_check(&d->metric[m], w->scenarios.as_divided->workload, err);
  if (rc == CR_OK) {
    *(uint64_t *)result = cr_workload_hash(w->scenarios.as_divided->workload);
  } else if (d->n_axis) {
    cr_design_describe(d, point, &about);
    cr_fail_in(err, rc, "point %u of %u (%.200s)", point, d->n_point, about.s ? about.s : "");
    cr_text_fini(&about);
  }
  unload(w);
  return rc;
}

static int keep_hash(void *ctx, uint32_t point, const void *result, struct cr_err *err)
{
  struct runner *w = ctx;
  (void)err;
  w->s->workload_hash[point] = *(const uint64_t *)result;
  return CR_OK;
}

int cr_sweep_check(struct cr_sweep *s, struct cr_err *err)
{
  struct runner w = {.s = s, .loaded = CR_NONE};
  s->workload_hash = cr_arena_take(s->design.words->arena, s->design.n_point, sizeof *s->workload_hash);
  if (!s->workload_hash)
    return cr_fail_nomem(err, "the points");
  const struct cr_farm farm = {.n_task = s->design.n_point,
                               .n_worker = s->n_worker,
                               .result_size = sizeof *s->workload_hash,
                               .ctx = &w,
                               .run = check_point,
                               .done = keep_hash,
                               .stop = cr_cli_stop()};
  return cr_farm_run(&farm, err);
}

/* -- running ---------------------------------------------------------------------------------------------------------- */

static struct cr_study_run run_at(const struct cr_design *d, uint32_t place)
{
  return (struct cr_study_run){
    .point = place / d->n_seed / d->n_policy, .policy = place / d->n_seed % d->n_policy, .seed = place % d->n_seed};
}

static int run_one(void *ctx, uint32_t task, void *result, struct cr_err *err)
{
  struct runner *w = ctx;
  const struct cr_design *d = &w->s->design;
  struct outcome *out = result;
  out->run = run_at(d, w->task[task]);
  int rc = load(w, out->run.point, err);
  if (rc != CR_OK)
    return rc;
  const struct cr_cli_policy *policy = &w->s->policy[out->run.policy];
  struct cr_core_cfg cfg;
  cr_cli_run_cfg(&w->scenarios, policy, d->seed[out->run.seed], &cfg);
  return cr_cli_study_run(&cfg, cr_cli_scenario_for(&w->scenarios, policy->ops->name), d->metric, d->n_metric,
                          &out->run, out->value, err);
}

static void say_failed(const struct cr_design *d, const struct cr_study_run *run)
{
  struct cr_text about = {0};
  cr_design_describe(d, run->point, &about);
  fprintf(stderr, "corun: %s%s%s, seed %llu: %s: %s\n", d->policy[run->policy], d->n_axis ? ", " : "",
          about.s ? about.s : "", (unsigned long long)d->seed[run->seed], run->outcome, run->why);
  cr_text_fini(&about);
}

static int keep(void *ctx, uint32_t task, const void *result, struct cr_err *err)
{
  struct runner *w = ctx;
  const struct outcome *out = result;
  (void)task;
  int rc = cr_studydb_add(w->s->db, &out->run, out->value, err);
  if (rc != CR_OK)
    return rc;
  cr_results_put(&w->s->results, &out->run, out->value);
  if (out->run.state == CR_RUN_FAILED) {
    cr_progress_clear(w->progress);
    say_failed(&w->s->design, &out->run);
  }
  w->n_over++;
  cr_progress_update(w->progress, (cr_ns)w->n_over, (cr_ns)w->n_all);
  return CR_OK;
}

static int lost(void *ctx, uint32_t task, const char *sentence, struct cr_err *err)
{
  struct runner *w = ctx;
  const struct cr_design *d = &w->s->design;
  struct outcome *out = cr_mem_new(1, sizeof *out + d->n_metric * sizeof *out->value);
  if (!out)
    return cr_fail_nomem(err, "the results");
  out->run = run_at(d, w->task[task]);
  cr_cli_study_fail(&out->run, "crashed", sentence);
  int rc = keep(w, task, out, err);
  cr_mem_free(out);
  return rc;
}

static int is_mine(const struct cr_sweep *s, uint32_t place)
{
  const struct cr_design *d = &s->design;
  uint32_t share = d->until > 0 ? place / d->n_seed / d->n_policy : place;
  return share % s->rank.n == s->rank.i;
}

/* What there is to run now; n_all: what that will come to at most.  Policies of a point and seed are neighbours. */
static uint32_t list_tasks(struct runner *w, uint32_t *task)
{
  const struct cr_sweep *s = w->s;
  const struct cr_design *d = &s->design;
  uint32_t n = 0;
  w->n_all = w->n_over;
  for (uint32_t point = 0; point < d->n_point; point++) {
    uint32_t n_seed = cr_results_wants(&s->results, point);
    for (uint32_t seed = 0; seed < n_seed; seed++)
      for (uint32_t policy = 0; policy < d->n_policy; policy++) {
        uint32_t place = (point * d->n_policy + policy) * d->n_seed + seed;
        if (is_mine(s, place) && cr_results_state(&s->results, point, policy, seed) == CR_RUN_TODO)
          task[n++] = place;
      }
  }
  w->n_all += n;
  return n;
}

static int run_listed(struct runner *w, uint32_t n, struct cr_err *err)
{
  const struct cr_farm farm = {
    .n_task = n,
    .n_worker = w->s->n_worker,
    .result_size = sizeof(struct outcome) + w->s->design.n_metric * sizeof(double),
    .ctx = w,
    .run = run_one,
    .done = keep,
    .lost = lost,
    .stop = cr_cli_stop(),
  };
  return cr_farm_run(&farm, err);
}

int cr_sweep_run(struct cr_sweep *s, struct cr_err *err)
{
  uint32_t *task = cr_mem_new(s->results.n_run, sizeof *task), n;
  struct runner w = {.s = s, .task = task, .loaded = CR_NONE};
  if (!task)
    return cr_fail_nomem(err, "the runs");
  if (!s->quiet)
    w.progress = cr_progress_new(s->label, 1);
  int rc = CR_OK;
  while (rc == CR_OK && (n = list_tasks(&w, task)) > 0)
    rc = run_listed(&w, n, err);
  cr_progress_free(w.progress);
  cr_mem_free(task);
  return rc;
}

int cr_sweep_is_whole(const struct cr_results *r)
{
  const struct cr_design *d = r->design;
  for (uint32_t point = 0; point < d->n_point; point++) {
    uint32_t n_seed = cr_results_wants(r, point);
    for (uint32_t policy = 0; policy < d->n_policy; policy++)
      for (uint32_t seed = 0; seed < n_seed; seed++)
        if (cr_results_state(r, point, policy, seed) == CR_RUN_TODO)
          return 0;
  }
  return 1;
}
