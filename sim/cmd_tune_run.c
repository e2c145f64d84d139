/* cmd_tune_run.c - the rounds of a search: what is not known yet is run, spread over processes, and kept. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "calib/farm.h"
#include "sim/cli.h"
#include "sim/cli_run.h"
#include "sim/cli_study.h"
#include "sim/cmd_tune.h"
#include "sim/mem.h"
#include "sim/progress.h"
#include "sim/provenance.h"

struct runner {
  struct cr_tune *t;
  const struct cr_log_run *task; /* [n_task] to be run */
  uint32_t loaded;               /* of a worker: the point whose keys its scenario has; CR_NONE: none */
  uint64_t loaded_hash;
  struct cr_cli_scenario scenarios;
  struct cr_progress *progress; /* of this round */
  uint32_t n_over, n_all;
};

struct outcome {
  struct cr_study_run run;
  int is_loaded;
  uint64_t workload_hash;
  double value[]; /* [n_metric] */
};

/* -- a point ---------------------------------------------------------------------------------------------------------- */

static int has_same_keys(const struct cr_search_log *l, uint32_t a, uint32_t b)
{
  for (uint32_t k = 0; k < l->n_key; k++)
    if (strcmp(l->point[a].value[k], l->point[b].value[k]) != 0)
      return 0;
  return 1;
}

static void unload(struct runner *w)
{
  cr_cli_scenario_free(&w->scenarios);
  w->scenarios = (struct cr_cli_scenario){0};
  w->loaded = CR_NONE;
}

/* Without keys it is the same for all. */
static int load(struct runner *w, uint32_t point, const struct cr_cli_scenario **out, uint64_t *hash,
                struct cr_err *err)
{
  const struct cr_search_log *l = &w->t->log;
  int is_base = l->n_key == 0, rc = CR_OK;
  if (!is_base && (w->loaded == CR_NONE || !has_same_keys(l, w->loaded, point))) {
    unload(w);
    rc = cr_cli_study_load(w->t->study.words, l->key, l->point[point].value, l->n_key, &w->scenarios, err);
    if (rc != CR_OK) {
      unload(w);
      return rc;
    }
    w->loaded = point;
    w->loaded_hash = cr_workload_hash(w->scenarios.as_divided->workload);
  }
  *out = is_base ? &w->t->base : &w->scenarios;
  *hash = is_base ? w->t->base_hash : w->loaded_hash;
  return CR_OK;
}

/* -- points of a database --------------------------------------------------------------------------------------------- */

static int load_again(void *ctx, uint32_t task, void *result, struct cr_err *err)
{
  struct runner *w = ctx;
  struct outcome *out = result;
  const struct cr_cli_scenario *s;
  int rc = load(w, task, &s, &out->workload_hash, err);
  if (rc == CR_EINTR || rc == CR_ENOMEM)
    return rc;
  out->is_loaded = rc == CR_OK;
  return CR_OK;
}

static int compare(void *ctx, uint32_t task, const void *result, struct cr_err *err)
{
  struct runner *w = ctx;
  const struct outcome *out = result;
  const struct cr_log_point *p = &w->t->log.point[task];
  if (!p->is_loaded || (out->is_loaded && out->workload_hash == p->workload_hash))
    return CR_OK;
  return cr_studydb_changed(w->t->output, task, err);
}

int cr_tune_check_points(struct cr_tune *t, struct cr_err *err)
{
  struct runner w = {.t = t, .loaded = CR_NONE};
  const struct cr_farm farm = {.n_task = t->log.n_point,
                               .n_worker = t->n_worker,
                               .result_size = sizeof(struct outcome),
                               .ctx = &w,
                               .run = load_again,
                               .done = compare,
                               .stop = cr_cli_stop()};
  int rc = farm.n_task ? cr_farm_run(&farm, err) : CR_OK;
  unload(&w);
  return rc;
}

/* -- a run ------------------------------------------------------------------------------------------------------------ */

static struct cr_study_run run_of(const struct cr_tune *t, const struct cr_log_run *task)
{
  const struct cr_log_cell *c = &t->log.cell[task->cell];
  return (struct cr_study_run){.point = c->point, .policy = c->policy, .seed = task->seed};
}

static int simulate(struct runner *w, const struct cr_cli_scenario *s, const struct cr_cli_policy *policy,
                    struct outcome *out, struct cr_err *err)
{
  const struct cr_tune *t = w->t;
  uint32_t length_ppm = t->log.point[out->run.point].length_ppm;
  struct cr_core_cfg cfg;
  cr_cli_run_cfg(s, policy, t->study.seed[out->run.seed], &cfg);
  if (length_ppm < CR_SEARCH_WHOLE) {
    cfg.duration_ns = cr_muldiv(cfg.duration_ns, length_ppm, CR_SEARCH_WHOLE);
    cfg.warmup_ns = cr_muldiv(cfg.warmup_ns, length_ppm, CR_SEARCH_WHOLE);
  }
  return cr_cli_study_run(&cfg, cr_cli_scenario_for(s, policy->ops->name), t->study.aim.metric, t->study.aim.n_metric,
                          &out->run, out->value, err);
}

/* What cannot be run, or ends badly, is a finding about its setting; what keeps the search from going on is an error. */
static int run_one(void *ctx, uint32_t task, void *result, struct cr_err *err)
{
  struct runner *w = ctx;
  struct outcome *out = result;
  const struct cr_cli_scenario *s = NULL;
  struct cr_cli_policy policy = {0};
  struct cr_err why = {""};
  out->run = run_of(w->t, &w->task[task]);
  int rc = load(w, out->run.point, &s, &out->workload_hash, &why);
  out->is_loaded = rc == CR_OK;
  rc = rc ? rc : cr_cli_policy_open(w->t->log.policy[out->run.policy], &policy, &why);
  rc = rc ? rc : simulate(w, s, &policy, out, &why);
  cr_cli_policy_close(&policy);
  if (rc == CR_EINTR || rc == CR_ENOMEM)
    return cr_fail(err, rc, "%s", why.text);
  if (rc != CR_OK)
    cr_cli_study_fail(&out->run, "failed", why.text);
  return CR_OK;
}

static void say_failed(const struct cr_tune *t, const struct cr_study_run *run)
{
  const struct cr_search_log *l = &t->log;
  struct cr_text about = {0};
  for (uint32_t k = 0; k < l->n_key; k++)
    cr_text_add(&about, ", %s=%s", l->key[k], l->point[run->point].value[k]);
  fprintf(stderr, "corun: %s%s, seed %llu: %s: %s\n", l->policy[run->policy], about.s ? about.s : "",
          (unsigned long long)t->study.seed[run->seed], run->outcome, run->why);
  cr_text_fini(&about);
}

static int keep_hash(struct cr_tune *t, const struct outcome *out, struct cr_err *err)
{
  struct cr_log_point *p = &t->log.point[out->run.point];
  if (p->is_loaded || !out->is_loaded)
    return CR_OK;
  p->is_loaded = 1;
  p->workload_hash = out->workload_hash;
  return t->db ? cr_studydb_add_hash(t->db, out->run.point, p->workload_hash, err) : CR_OK;
}

static int keep(void *ctx, uint32_t task, const void *result, struct cr_err *err)
{
  struct runner *w = ctx;
  struct cr_tune *t = w->t;
  const struct outcome *out = result;
  const struct cr_log_run *r = &w->task[task];
  int is_new = t->log.cell[r->cell].state[r->seed] == CR_RUN_TODO; /* two policies may come to the same options */
  int rc = keep_hash(t, out, err);
  if (rc == CR_OK && is_new && t->db)
    rc = cr_studydb_add(t->db, &out->run, out->value, err);
  if (rc != CR_OK)
    return rc;
  cr_search_log_put(&t->log, r->cell, r->seed, out->run.state, out->value);
  if (is_new && out->run.state == CR_RUN_FAILED) {
    cr_progress_clear(w->progress);
    say_failed(t, &out->run);
  }
  cr_progress_update(w->progress, ++w->n_over, w->n_all);
  return CR_OK;
}

static int lost(void *ctx, uint32_t task, const char *sentence, struct cr_err *err)
{
  struct runner *w = ctx;
  struct outcome *out = cr_mem_new(1, sizeof *out + w->t->log.n_metric * sizeof *out->value);
  if (!out)
    return cr_fail_nomem(err, "the results");
  out->run = run_of(w->t, &w->task[task]);
  cr_cli_study_fail(&out->run, "crashed", sentence);
  int rc = keep(w, task, out, err);
  cr_mem_free(out);
  return rc;
}

/* -- a round ---------------------------------------------------------------------------------------------------------- */

/* Where the log has a setting at this length. */
static int find_cell(struct cr_tune *t, const struct cr_trial *trial, uint32_t *out, struct cr_err *err)
{
  struct cr_search_log *l = &t->log;
  uint32_t *cell = &t->cell[trial->setting], point = 0, policy = 0;
  if (*cell != CR_NONE && l->point[l->cell[*cell].point].length_ppm == trial->length_ppm) {
    *out = *cell;
    return CR_OK;
  }
  char(*text)[CR_AXIS_VALUE] = cr_mem_new(l->n_key + 1, sizeof *text);
  const char **value = cr_mem_new(l->n_key + 1, sizeof *value);
  struct cr_text spec = {0};
  int rc = text && value ? CR_OK : cr_fail_nomem(err, "a setting"), is_usual;
  for (uint32_t k = 0; rc == CR_OK && k < l->n_key; k++)
    value[k] = cr_search_value(&t->search, trial->setting, k, text[k], &is_usual);
  cr_tune_add_policy(t, trial->setting, &spec);
  if (rc == CR_OK && spec.failed)
    rc = cr_fail_nomem(err, "a policy");
  rc = rc ? rc : cr_search_log_point(l, value, trial->length_ppm, &point, err);
  rc = rc ? rc : cr_search_log_policy(l, spec.s, &policy, err);
  rc = rc ? rc : cr_search_log_cell(l, point, policy, cell, err);
  *out = *cell;
  cr_text_fini(&spec);
  cr_mem_free(text);
  cr_mem_free(value);
  return rc;
}

static int run_listed(struct cr_tune *t, const struct cr_log_run *task, uint32_t n, struct cr_err *err)
{
  struct runner w = {.t = t, .task = task, .loaded = CR_NONE, .n_all = n};
  const struct cr_farm farm = {
    .n_task = n,
    .n_worker = t->n_worker,
    .result_size = sizeof(struct outcome) + t->log.n_metric * sizeof(double),
    .ctx = &w,
    .run = run_one,
    .done = keep,
    .lost = lost,
    .stop = cr_cli_stop(),
  };
  if (!n)
    return CR_OK;
  if (!t->quiet)
    w.progress = cr_progress_new(t->base.as_divided->name, 1);
  int rc = cr_farm_run(&farm, err);
  cr_progress_free(w.progress);
  unload(&w);
  return rc;
}

/* Told in the order they were asked for, whoever had them first. */
static int tell(struct cr_tune *t, const struct cr_trial *trial, const struct cr_log_run *asked, uint32_t n,
                struct cr_err *err)
{
  double *value = cr_mem_new(t->log.n_metric, sizeof *value);
  if (!value)
    return cr_fail_nomem(err, "the results");
  for (uint32_t i = 0; i < n; i++) {
    enum cr_run_state state = (enum cr_run_state)t->log.cell[asked[i].cell].state[asked[i].seed];
    cr_search_log_values(&t->log, asked[i].cell, asked[i].seed, value);
    if (state != CR_RUN_TODO)
      cr_search_put(&t->search, &trial[i], state == CR_RUN_DONE ? value : NULL);
  }
  cr_mem_free(value);
  return CR_OK;
}

static int run_round(struct cr_tune *t, const struct cr_trial *trial, uint32_t n, struct cr_log_run *asked,
                     struct cr_log_run *task, struct cr_err *err)
{
  uint32_t n_task = 0;
  int rc = CR_OK;
  for (uint32_t i = 0; rc == CR_OK && i < n; i++) {
    asked[i].seed = trial[i].seed;
    rc = find_cell(t, &trial[i], &asked[i].cell, err);
    if (rc == CR_OK && t->log.cell[asked[i].cell].state[asked[i].seed] == CR_RUN_TODO)
      task[n_task++] = asked[i];
  }
  if (rc == CR_OK && t->db)
    rc = cr_studydb_add_round(t->db, &t->log, t->n_round, t->search.step, asked, n, err);
  if (rc != CR_OK)
    return rc;
  t->n_round++;
  rc = run_listed(t, task, n_task, err);
  int told = tell(t, trial, asked, n, rc == CR_OK ? err : &(struct cr_err){""});
  return rc ? rc : told;
}

int cr_tune_run(void *ctx, const struct cr_trial *trial, uint32_t n, struct cr_err *err)
{
  struct cr_log_run *asked = cr_mem_new(n, sizeof *asked), *task = cr_mem_new(n, sizeof *task);
  int rc = asked && task ? run_round(ctx, trial, n, asked, task, err) : cr_fail_nomem(err, "the runs");
  cr_mem_free(asked);
  cr_mem_free(task);
  return rc;
}
