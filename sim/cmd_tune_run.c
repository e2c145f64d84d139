/* cmd_tune_run.c - the runs of a search, spread over processes. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "calib/farm.h"
#include "sim/cli.h"
#include "sim/cli_run.h"
#include "sim/cmd_tune.h"
#include "sim/mem.h"
#include "sim/progress.h"

enum { WHY = 400 };

struct runner {
  struct cr_tune *t;
  const struct cr_trial *trial; /* [n_task] */
  uint32_t loaded;              /* of a worker: the setting whose keys its scenario has; CR_NONE: none */
  struct cr_cli_scenario scenarios;
  struct cr_progress *progress; /* of this call */
  uint32_t n_over, n_all;
};

struct outcome {
  int is_done;
  char why[WHY];
  double value[]; /* [n_metric] */
};

static int has_same_keys(const struct cr_tune *t, uint32_t a, uint32_t b)
{
  for (uint32_t k = 0; k < t->n_key; k++) {
    double x = t->search.setting[a].at[k], y = t->search.setting[b].at[k];
    if (x < y || x > y)
      return 0;
  }
  return 1;
}

static void unload(struct runner *w)
{
  cr_cli_scenario_free(&w->scenarios);
  w->scenarios = (struct cr_cli_scenario){0};
  w->loaded = CR_NONE;
}

/* The scenario of a setting: without keys it is the same for all. */
static int load(struct runner *w, uint32_t setting, const struct cr_cli_scenario **out, struct cr_err *err)
{
  *out = w->t->n_key ? &w->scenarios : &w->t->base;
  if (!w->t->n_key || (w->loaded != CR_NONE && has_same_keys(w->t, w->loaded, setting)))
    return CR_OK;
  unload(w);
  int rc = cr_tune_load(w->t, w->t->search.setting[setting].at, &w->scenarios, err);
  if (rc == CR_OK)
    w->loaded = setting;
  else
    unload(w);
  return rc;
}

static int simulate(struct runner *w, const struct cr_trial *trial, const struct cr_cli_scenario *s,
                    const struct cr_cli_policy *policy, struct outcome *out, struct cr_err *err)
{
  struct cr_core_cfg cfg;
  struct cr_result r = {0};
  cr_cli_run_cfg(s, policy, w->t->seed[trial->seed], &cfg);
  if (trial->length_ppm < CR_SEARCH_WHOLE) {
    cfg.duration_ns = cr_muldiv(cfg.duration_ns, trial->length_ppm, CR_SEARCH_WHOLE);
    cfg.warmup_ns = cr_muldiv(cfg.warmup_ns, trial->length_ppm, CR_SEARCH_WHOLE);
  }
  int rc = cr_core_run(&cfg, &r, err);
  if (!r.backend)
    return rc;
  if (rc == CR_OK && r.outcome != CR_DONE)
    rc = cr_fail(err, CR_ERUN, "%s: %s", cr_outcome_name[r.outcome], r.why);
  if (rc == CR_OK)
    rc = cr_cli_run_measure(cr_cli_scenario_for(s, policy->ops->name), &r, w->t->aim.metric, w->t->aim.n_metric,
                            out->value, err);
  cr_result_fini(&r);
  return rc;
}

/* What cannot be run, or ends badly, is a finding about its setting; what keeps the search from going on is an error. */
static int run_one(void *ctx, uint32_t task, void *result, struct cr_err *err)
{
  struct runner *w = ctx;
  const struct cr_trial *trial = &w->trial[task];
  struct outcome *out = result;
  const struct cr_cli_scenario *s = NULL;
  struct cr_cli_policy policy = {0};
  struct cr_text spec = {0};
  struct cr_err why = {""};
  cr_tune_add_policy(w->t, trial->setting, &spec);
  int rc = spec.failed ? cr_fail_nomem(&why, "a policy") : cr_cli_policy_open(spec.s, &policy, &why);
  rc = rc ? rc : load(w, trial->setting, &s, &why);
  rc = rc ? rc : simulate(w, trial, s, &policy, out, &why);
  cr_cli_policy_close(&policy);
  cr_text_fini(&spec);
  if (rc == CR_EINTR || rc == CR_ENOMEM)
    return cr_fail(err, rc, "%s", why.text);
  out->is_done = rc == CR_OK;
  snprintf(out->why, sizeof out->why, "%.*s", WHY - 1, rc == CR_OK ? "" : why.text);
  return CR_OK;
}

static void say_failed(const struct cr_tune *t, const struct cr_trial *trial, const char *why)
{
  struct cr_text about = {0};
  cr_tune_add_policy(t, trial->setting, &about);
  for (uint32_t k = 0; k < t->n_key; k++) {
    cr_text_add(&about, ", ");
    cr_tune_add_key(t, trial->setting, k, &about);
  }
  fprintf(stderr, "corun: %s, seed %llu: %s\n", about.s ? about.s : "", (unsigned long long)t->seed[trial->seed], why);
  cr_text_fini(&about);
}

/* value NULL: it failed, and why says how. */
static void settle(struct runner *w, uint32_t task, const double *value, const char *why)
{
  cr_search_put(&w->t->search, &w->trial[task], value);
  if (!value) {
    cr_progress_clear(w->progress);
    say_failed(w->t, &w->trial[task], why);
  }
  cr_progress_update(w->progress, ++w->n_over, w->n_all);
}

static int keep(void *ctx, uint32_t task, const void *result, struct cr_err *err)
{
  struct runner *w = ctx;
  const struct outcome *out = result;
  (void)err;
  settle(w, task, out->is_done ? out->value : NULL, out->why);
  return CR_OK;
}

static int lost(void *ctx, uint32_t task, const char *sentence, struct cr_err *err)
{
  struct runner *w = ctx;
  (void)err;
  settle(w, task, NULL, sentence);
  return CR_OK;
}

int cr_tune_run(void *ctx, const struct cr_trial *trial, uint32_t n, struct cr_err *err)
{
  struct cr_tune *t = ctx;
  struct runner w = {.t = t, .trial = trial, .loaded = CR_NONE, .n_all = n};
  const struct cr_farm farm = {
    .n_task = n,
    .n_worker = t->n_worker,
    .result_size = sizeof(struct outcome) + t->aim.n_metric * sizeof(double),
    .ctx = &w,
    .run = run_one,
    .done = keep,
    .lost = lost,
    .stop = cr_cli_stop(),
  };
  if (!t->quiet)
    w.progress = cr_progress_new(t->base.as_divided->name, 1);
  int rc = cr_farm_run(&farm, err);
  cr_progress_free(w.progress);
  return rc;
}
