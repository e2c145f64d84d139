/* predict.c - simulates the runs of a measured table.
 *
 * Each group of rows is one run of the simulator.  A group's workload is built once; a run only reads it, so that runs may
 * happen in any order and in copies of this process. */
#include "config.h"

#include "calib/predict.h"

#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "calib/farm.h"
#include "calib/trace_set.h"
#include "sim/core.h"
#include "sim/mem.h"

/* Clients launched for this much longer than duration_s says: (inferences - 2) * mean_ms of the closed rows exceeds it by 8
 * to 9.5 ms in every table, whatever the model, and the last open arrivals are at duration_s itself. */
#define RUN_ON_NS INT64_C(9000000)

/* Periods of a model alone that AUTO looks at: alone it does nothing but repeat itself. */
enum { ALONE_PERIODS = 20 };

struct model {
  const char *name;
  const char *trace;    /* in its store */
  int plain, autotuned; /* which variants there are */
  int chosen;           /* 1: the autotuned one */
  struct cr_workload_builder *builder;
  const struct cr_workload *alone; /* one closed client */
};

/* Finished requests of one client: ends of closed clients, service times of open ones, in ns. */
struct series {
  double *x;
  size_t n, cap;
  int closed;
};

struct group {
  uint32_t from, n_row; /* in the table */
  struct cr_workload_builder *builder;
  const struct cr_workload *workload;
  cr_ns arrive_ns; /* in which open clients' requests arrive */
  cr_ns run_ns;
};

struct cr_predictor {
  const struct cr_validate_cfg *cfg;
  struct cr_arena *arena;
  struct cr_truth *truth;
  struct cr_trace_set *traces; /* until all is built */
  struct model *model;         /* [n_model], by name */
  uint32_t n_model;
  struct group *group;                 /* [n_group] */
  struct cr_predict_group *group_rows; /* [n_group] in row[] */
  uint32_t n_group;
  uint32_t *heavy;             /* [n_group] groups, those that take long first */
  struct cr_validate_row *row; /* [n_row] */
  uint32_t n_row, most_rows;   /* in all; in one group */
  struct series *series;       /* [most_rows], by place in the group */
};

/* --- finished requests ---------------------------------------------------------------------------------------------- */

static int keep_requests(void *ctx, const struct cr_request_row *row, uint32_t n, struct cr_err *err)
{
  struct cr_predictor *p = ctx;
  for (uint32_t i = 0; i < n; i++) {
    struct series *s = &p->series[row[i].client];
    if (s->n == s->cap) {
      size_t cap = s->cap ? s->cap * 2 : 1024;
      double *bigger = cr_mem_resize(s->x, cap, sizeof *bigger);
      if (!bigger)
        return cr_fail_nomem(err, "finished requests");
      s->x = bigger;
      s->cap = cap;
    }
    s->x[s->n++] = (double)(s->closed ? row[i].end_ns : row[i].end_ns - row[i].reach_ns);
  }
  return CR_OK;
}

/* Ends become the times between them, the first ones left out. */
static void ends_to_periods(struct series *s)
{
  size_t n = 0;
  for (size_t i = CR_TRUTH_LEFT_OUT + 1; i < s->n; i++, n++)
    s->x[n] = s->x[n + CR_TRUTH_LEFT_OUT + 1] - s->x[n + CR_TRUTH_LEFT_OUT];
  s->n = n;
}

static void summarise(struct series *s, cr_ns arrive_ns, struct cr_prediction *out)
{
  size_t n_done = s->n;
  double *ms = out->ms;
  if (s->closed)
    ends_to_periods(s);
  for (int m = 0; m < CR_N_TRUTH; m++)
    ms[m] = NAN;
  out->per_s = NAN;
  out->there = 1;
  if (s->n == 0)
    return;
  gsl_sort(s->x, 1, s->n);
  ms[CR_TRUTH_MEAN] = gsl_stats_mean(s->x, 1, s->n) / 1e6;
  ms[CR_TRUTH_P50] = gsl_stats_quantile_from_sorted_data(s->x, 1, s->n, 0.50) / 1e6;
  ms[CR_TRUTH_P95] = gsl_stats_quantile_from_sorted_data(s->x, 1, s->n, 0.95) / 1e6;
  ms[CR_TRUTH_P99] = gsl_stats_quantile_from_sorted_data(s->x, 1, s->n, 0.99) / 1e6;
  out->per_s = s->closed ? 1e3 / ms[CR_TRUTH_MEAN] : (double)n_done / ((double)arrive_ns / 1e9);
}

/* --- workloads ------------------------------------------------------------------------------------------------------ */

static struct model *find_model(const struct cr_predictor *p, const char *name)
{
  uint32_t lo = 0, hi = p->n_model;
  while (lo < hi) {
    uint32_t mid = lo + (hi - lo) / 2;
    if (strcmp(p->model[mid].name, name) < 0)
      lo = mid + 1;
    else
      hi = mid;
  }
  return &p->model[lo];
}

static struct cr_arrival_spec arrival_of(const struct cr_truth_row *row)
{
  struct cr_arrival_spec a = {.kind = row->arrival, .rate_per_s = row->rate_per_s, .phase_ns = row->phase_ns};
  if (row->arrival == CR_ARRIVE_CLOSED)
    a.depth = CR_TRUTH_DEPTH;
  if (row->at_ns) {
    a.kind = CR_ARRIVE_TRACE;
    a.at_ns = row->at_ns;
    a.n_at = row->n_at;
  }
  return a;
}

static int add_client(struct cr_workload_builder *b, const struct cr_truth_row *row, cr_model model, struct cr_err *err)
{
  char name[32];
  snprintf(name, sizeof name, "client%u", row->client);
  struct cr_client_spec spec = {
    .name = name,
    .model = model,
    .class = row->arrival == CR_ARRIVE_CLOSED ? CR_BE : CR_RT,
    .priority = row->priority,
    .weight = 1,
    .deadline_ns = CR_NS_NEVER,
    .max_requests = CR_NONE,
    .arrival = arrival_of(row),
  };
  cr_client id;
  return cr_workload_add_client(b, &spec, &id, err);
}

/* The rows' models, each once, and their clients, in order. */
static int fill(struct cr_predictor *p, const struct cr_truth_row *row, uint32_t n, struct cr_workload_builder *b,
                const struct cr_workload **out, struct cr_err *err)
{
  cr_model *id = cr_mem_new(n, sizeof *id);
  if (!id)
    return cr_fail_nomem(err, "clients");
  int rc = CR_OK;
  for (uint32_t i = 0; rc == CR_OK && i < n; i++) {
    uint32_t same = 0;
    while (strcmp(row[same].model, row[i].model) != 0)
      same++;
    id[i] = id[same];
    if (same == i)
      rc = cr_trace_set_load(p->traces, row[i].model, find_model(p, row[i].model)->chosen, b, &id[i], err);
    if (rc == CR_OK)
      rc = add_client(b, &row[i], id[i], err);
  }
  cr_mem_free(id);
  return rc == CR_OK ? cr_workload_seal(b, out, err) : rc;
}

/* The rows' workload; it lives until the builder is freed. */
static int build(struct cr_predictor *p, const struct cr_truth_row *row, uint32_t n, struct cr_workload_builder **b,
                 const struct cr_workload **out, struct cr_err *err)
{
  *b = cr_workload_builder_new();
  return *b ? fill(p, row, n, *b, out, err) : cr_fail_nomem(err, "a workload");
}

/* --- one run -------------------------------------------------------------------------------------------------------- */

/* How long a run has come, for those who watch. */
struct watch {
  const struct cr_predict_job *job;
  cr_ns done_ns, all_ns;
};

static void on_progress(void *ctx, cr_ns now_ns, cr_ns duration_ns)
{
  const struct watch *w = ctx;
  (void)duration_ns;
  w->job->on_progress(w->job->progress_ctx, cr_ns_add(w->done_ns, now_ns), w->all_ns);
}

static const struct cr_policy_ops *policy_of(const struct cr_validate_cfg *cfg, enum cr_truth_policy policy)
{
  const struct cr_policy_ops *const of[CR_N_TRUTH_POLICY] = {
    [CR_TRUTH_STREAMS] = cfg->streams,     [CR_TRUTH_PRIORITY_STREAMS] = cfg->priority,
    [CR_TRUTH_RT_ONLY] = cfg->streams,     [CR_TRUTH_TIMESLICE] = cfg->timeslice,
    [CR_TRUTH_MPS] = cfg->mps,             [CR_TRUTH_MPS_25] = cfg->mps,
  };
  return of[policy];
}

/* row: of its clients, for their policy and what errors say; watch: or NULL. */
static int run(struct cr_predictor *p, const struct cr_predict_setting *setting, const struct cr_workload *w,
               const struct cr_truth_row *row, cr_ns duration_ns, struct watch *watch, struct cr_err *err)
{
  const struct cr_machine machine = {.n_device = 1, .device = setting->device};
  const struct cr_request_sink sink = {.ctx = p, .write = keep_requests};
  const struct cr_core_cfg core = {
    .workload = w,
    .machine = &machine,
    .policy = policy_of(p->cfg, row->policy),
    .policy_options = row->policy == CR_TRUTH_MPS_25 ? "percent=25" : NULL,
    .backend = &cr_backend_sim,
    .model_set = setting->model_set,
    .duration_ns = duration_ns,
    .seed = 1, /* nothing is drawn: arrivals are given */
    .strict = 1,
    .requests = &sink,
    .stop = p->cfg->stop,
    .on_progress = watch && watch->job->on_progress ? on_progress : NULL,
    .progress_ctx = watch,
  };
  for (uint32_t i = 0; i < w->n_client; i++) {
    p->series[i].n = 0;
    p->series[i].closed = w->client[i].arrival.kind == CR_ARRIVE_CLOSED;
  }
  struct cr_result result = {0};
  int rc = cr_core_run(&core, &result, err);
  cr_result_fini(&result);
  if (rc == CR_ERUN)
    cr_fail_in(err, rc, "%s:%u: '%s' under %s", p->cfg->truth_path, row->line, row->scenario,
               cr_truth_policy_name[row->policy]);
  return rc;
}

/* --- many runs, here or in other processes ---------------------------------------------------------------------------- */

struct job {
  struct cr_predictor *p;
  const struct cr_predict_job *cfg;
  const uint32_t *group; /* [n_use], in the order in which they are run */
  uint32_t n_use;
  struct cr_prediction *out;
  struct watch watch;
  int here;
};

/* All groups under one setting, then under the next: what is interrupted has its first settings whole. */
static const struct cr_predict_setting *setting_of(const struct job *j, uint32_t task)
{
  return &j->cfg->setting[task / j->n_use];
}

static int run_task(void *ctx, uint32_t task, void *result, struct cr_err *err)
{
  struct job *j = ctx;
  struct cr_predictor *p = j->p;
  const struct group *g = &p->group[j->group[task % j->n_use]];
  struct cr_prediction *out = result;
  int rc = run(p, setting_of(j, task), g->workload, &p->truth->row[g->from], g->run_ns, j->here ? &j->watch : NULL, err);
  for (uint32_t i = 0; rc == CR_OK && i < g->n_row; i++)
    summarise(&p->series[i], g->arrive_ns, &out[i]);
  return rc;
}

static int task_done(void *ctx, uint32_t task, const void *result, struct cr_err *err)
{
  struct job *j = ctx;
  (void)err;
  const struct cr_predictor *p = j->p;
  uint32_t g = j->group[task % j->n_use];
  const struct cr_predict_group *rows = &p->group_rows[g];
  memcpy(&j->out[(size_t)(task / j->n_use) * p->n_row + rows->first], result, rows->n_row * sizeof *j->out);
  j->watch.done_ns = cr_ns_add(j->watch.done_ns, p->group[g].run_ns);
  if (j->cfg->on_progress)
    j->cfg->on_progress(j->cfg->progress_ctx, j->watch.done_ns, j->watch.all_ns);
  return CR_OK;
}

int cr_predictor_run(struct cr_predictor *p, const struct cr_predict_job *cfg, struct cr_prediction *out,
                     struct cr_err *err)
{
  uint32_t *group = cr_mem_new(p->n_group, sizeof *group);
  if (!group)
    return cr_fail_nomem(err, "a prediction");
  struct job j = {.p = p, .cfg = cfg, .group = group, .out = out, .here = cfg->n_worker <= 1};
  for (uint32_t i = 0; i < p->n_group; i++) {
    uint32_t g = j.here ? i : p->heavy[i];
    if (cfg->use && !cfg->use[g])
      continue;
    group[j.n_use++] = g;
    j.watch.all_ns = cr_ns_add(j.watch.all_ns, p->group[g].run_ns);
  }
  j.watch.job = cfg;
  j.watch.all_ns = cr_muldiv(j.watch.all_ns, cfg->n_setting, 1);
  memset(out, 0, (size_t)cfg->n_setting * p->n_row * sizeof *out);
  const struct cr_farm farm = {
    .n_task = j.n_use * cfg->n_setting,
    .n_worker = cfg->n_worker,
    .result_size = p->most_rows * sizeof *out,
    .ctx = &j,
    .run = run_task,
    .done = task_done,
    .stop = p->cfg->stop,
  };
  int rc = cr_farm_run(&farm, err);
  cr_mem_free(group);
  return rc;
}

/* --- models alone ----------------------------------------------------------------------------------------------------- */

static cr_ns duration_of(const struct cr_workload *w)
{
  cr_ns ns = 0;
  for (uint32_t i = 0; i < w->n_op; i++) {
    ns = cr_ns_add(ns, w->op[i].duration_ns);
    if (w->op[i].launch_ns != CR_NS_NEVER)
      ns = cr_ns_add(ns, w->op[i].launch_ns);
  }
  return ns;
}

/* Twice the recorded time leaves room for gaps. */
static int run_alone(struct cr_predictor *p, const struct cr_predict_setting *setting, const struct model *m, double *ms,
                     struct cr_err *err)
{
  const struct cr_truth_row row = {.scenario = m->trace, .model = m->name, .policy = CR_TRUTH_STREAMS};
  struct cr_prediction alone;
  cr_ns ns = cr_muldiv(duration_of(m->alone), 2 * (ALONE_PERIODS + CR_TRUTH_LEFT_OUT), 1);
  int rc = run(p, setting, m->alone, &row, ns, NULL, err);
  if (rc != CR_OK)
    return rc;
  summarise(&p->series[0], ns, &alone);
  *ms = alone.ms[CR_TRUTH_MEAN];
  return CR_OK;
}

int cr_predictor_alone(struct cr_predictor *p, const struct cr_predict_setting *setting, double *out, struct cr_err *err)
{
  double *ms = cr_mem_new(p->n_model, sizeof *ms);
  int rc = ms ? CR_OK : cr_fail_nomem(err, "models alone");
  for (uint32_t i = 0; rc == CR_OK && i < p->n_model; i++)
    rc = run_alone(p, setting, &p->model[i], &ms[i], err);
  for (uint32_t i = 0; rc == CR_OK && i < p->n_row; i++)
    out[i] = ms[find_model(p, p->row[i].model) - p->model];
  cr_mem_free(ms);
  return rc;
}

/* --- variants ------------------------------------------------------------------------------------------------------- */

/* The measured row of the model alone in a closed loop, or NULL. */
static const struct cr_truth_row *isolated_row(const struct cr_truth *t, const char *model)
{
  for (uint32_t g = 0; g < t->n_group; g++) {
    const struct cr_truth_row *row = &t->row[t->group[g].first];
    if (t->group[g].n_row == 1 && row->policy == CR_TRUTH_STREAMS && row->arrival == CR_ARRIVE_CLOSED &&
        strcmp(row->model, model) == 0)
      return row;
  }
  return NULL;
}

/* How far the simulated period of the model alone is from the measured one, as a ratio's logarithm. */
static int distance(struct cr_predictor *p, struct model *m, int autotuned, const struct cr_truth_row *row, double *out,
                    struct cr_err *err)
{
  const struct cr_predict_setting setting = {p->cfg->device, p->cfg->model_set};
  double alone_ns = (ALONE_PERIODS + CR_TRUTH_LEFT_OUT) * row->measured_ms[CR_TRUTH_MEAN] * 1e6;
  struct cr_workload_builder *b = NULL;
  const struct cr_workload *w = NULL;
  struct cr_prediction alone;
  m->chosen = autotuned;
  int rc = build(p, row, 1, &b, &w, err);
  if (rc == CR_OK)
    rc = run(p, &setting, w, row, cr_min_ns(row->duration_ns, (cr_ns)alone_ns), NULL, err);
  cr_workload_builder_free(b);
  if (rc != CR_OK)
    return rc;
  summarise(&p->series[0], row->duration_ns, &alone);
  double ratio = alone.ms[CR_TRUTH_MEAN] / row->measured_ms[CR_TRUTH_MEAN];
  *out = isnan(ratio) ? INFINITY : fabs(log(ratio));
  return CR_OK;
}

/* Whether the table was measured with the autotuned models, by its isolated rows; *out: 1 or 0. */
static int decide(struct cr_predictor *p, int *out, struct cr_err *err)
{
  double far[2] = {0, 0}; /* plain, autotuned */
  for (uint32_t i = 0; i < p->n_model; i++) {
    struct model *m = &p->model[i];
    const struct cr_truth_row *row = m->plain && m->autotuned ? isolated_row(p->truth, m->name) : NULL;
    for (int autotuned = 0; row && autotuned < 2; autotuned++) {
      double d = 0;
      int rc = distance(p, m, autotuned, row, &d, err);
      if (rc != CR_OK)
        return rc;
      far[autotuned] += d;
    }
  }
  *out = far[1] < far[0];
  return CR_OK;
}

static int name_trace(struct cr_predictor *p, struct model *m, struct cr_err *err)
{
  size_t n = sizeof "autotuned/" + strlen(m->name);
  char *name = cr_arena_take(p->arena, n, 1);
  if (!name)
    return cr_fail_nomem(err, m->name);
  snprintf(name, n, "%s%s", m->chosen ? "autotuned/" : "", m->name);
  m->trace = name;
  return CR_OK;
}

static int choose_variants(struct cr_predictor *p, struct cr_err *err)
{
  int autotuned = p->cfg->variant == CR_VARIANT_AUTOTUNED;
  int strict = p->cfg->variant != CR_VARIANT_AUTO;
  int rc = strict ? CR_OK : decide(p, &autotuned, err);
  for (uint32_t i = 0; rc == CR_OK && i < p->n_model; i++) {
    struct model *m = &p->model[i];
    if (strict && !(autotuned ? m->autotuned : m->plain))
      return cr_fail(err, CR_EINPUT, "model '%s' is there only as '%s%s'; leave the choice to --variant auto", m->name,
                     m->plain ? "" : "autotuned/", m->name);
    m->chosen = m->plain && m->autotuned ? autotuned : m->autotuned;
    rc = name_trace(p, m, err);
  }
  return rc;
}

/* --- opening ---------------------------------------------------------------------------------------------------------- */

static int wanted(const struct cr_predictor *p, uint32_t g)
{
  const struct cr_truth *t = p->truth;
  return !p->cfg->only || strstr(t->row[t->group[g].first].scenario, p->cfg->only) != NULL;
}

static void add_model(struct cr_predictor *p, const char *name)
{
  struct model *m = find_model(p, name);
  uint32_t at = (uint32_t)(m - p->model);
  if (at < p->n_model && strcmp(m->name, name) == 0)
    return;
  memmove(m + 1, m, (p->n_model - at) * sizeof *m);
  *m = (struct model){.name = name};
  p->n_model++;
}

/* The wanted groups, and the names of their models, sorted, each once. */
static int find_groups(struct cr_predictor *p, struct cr_err *err)
{
  const struct cr_truth *t = p->truth;
  p->model = cr_arena_take(p->arena, t->n_row, sizeof *p->model);
  p->group = cr_arena_take(p->arena, t->n_group, sizeof *p->group);
  p->group_rows = cr_arena_take(p->arena, t->n_group, sizeof *p->group_rows);
  p->heavy = cr_arena_take(p->arena, t->n_group, sizeof *p->heavy);
  p->row = cr_arena_take(p->arena, t->n_row, sizeof *p->row);
  if (!p->model || !p->group || !p->group_rows || !p->heavy || !p->row)
    return cr_fail_nomem(err, p->cfg->truth_path);
  for (uint32_t g = 0; g < t->n_group; g++) {
    if (!wanted(p, g))
      continue;
    const struct cr_truth_row *row = &t->row[t->group[g].first];
    p->group_rows[p->n_group] = (struct cr_predict_group){p->n_row, t->group[g].n_row};
    p->group[p->n_group++] = (struct group){
      .from = t->group[g].first,
      .n_row = t->group[g].n_row,
      .arrive_ns = cr_min_ns(row->duration_ns, p->cfg->at_most_ns),
      .run_ns = cr_min_ns(cr_ns_add(row->duration_ns, RUN_ON_NS), p->cfg->at_most_ns),
    };
    p->n_row += t->group[g].n_row;
    if (t->group[g].n_row > p->most_rows)
      p->most_rows = t->group[g].n_row;
    for (uint32_t i = 0; i < t->group[g].n_row; i++)
      add_model(p, row[i].model);
  }
  if (p->n_group == 0)
    return cr_fail(err, CR_EINPUT, "%s: no scenario has '%s' in its name; choose another text for --only",
                   p->cfg->truth_path, p->cfg->only);
  p->series = cr_arena_take(p->arena, p->most_rows, sizeof *p->series);
  return p->series ? CR_OK : cr_fail_nomem(err, p->cfg->truth_path);
}

static int is_heavier(const struct group *a, const struct group *b)
{
  return (double)a->run_ns * a->n_row > (double)b->run_ns * b->n_row;
}

static void order_by_weight(struct cr_predictor *p)
{
  for (uint32_t g = 0; g < p->n_group; g++) {
    uint32_t at = g;
    for (; at > 0 && is_heavier(&p->group[g], &p->group[p->heavy[at - 1]]); at--)
      p->heavy[at] = p->heavy[at - 1];
    p->heavy[at] = g;
  }
}

static int open_traces(struct cr_predictor *p, struct cr_err *err)
{
  const char **name = cr_arena_take(p->arena, p->n_model, sizeof *name);
  if (!name)
    return cr_fail_nomem(err, "the traces");
  for (uint32_t i = 0; i < p->n_model; i++)
    name[i] = p->model[i].name;
  const struct cr_validate_cfg *cfg = p->cfg;
  int rc = cr_trace_set_open(cfg->store, cfg->n_store, cfg->bundled, name, p->n_model, &p->traces, err);
  for (uint32_t i = 0; rc == CR_OK && i < p->n_model; i++) {
    struct model *m = &p->model[i];
    rc = cr_trace_set_find(p->traces, m->name, &m->plain, &m->autotuned, err);
  }
  return rc;
}

static void describe_rows(struct cr_predictor *p, uint32_t g)
{
  for (uint32_t i = 0; i < p->group[g].n_row; i++) {
    const struct cr_truth_row *from = &p->truth->row[p->group[g].from + i];
    struct cr_validate_row *row = &p->row[p->group_rows[g].first + i];
    *row = (struct cr_validate_row){
      .scenario = from->scenario,
      .policy = cr_truth_policy_name[from->policy],
      .model = from->model,
      .arrival = cr_arrival_name[from->arrival],
      .trace = find_model(p, from->model)->trace,
      .client = from->client,
      .n_client = p->group[g].n_row,
      .alone_ms = NAN,
      .measured_per_s = from->measured_per_s,
      .predicted_per_s = NAN,
      .again_per_s = from->again_per_s,
    };
    memcpy(row->measured_ms, from->measured_ms, sizeof row->measured_ms);
    memcpy(row->again_ms, from->again_ms, sizeof row->again_ms);
    for (int m = 0; m < CR_N_TRUTH; m++)
      row->predicted_ms[m] = NAN;
  }
}

static int build_all(struct cr_predictor *p, struct cr_err *err)
{
  int rc = CR_OK;
  for (uint32_t i = 0; rc == CR_OK && i < p->n_model; i++) {
    struct model *m = &p->model[i];
    const struct cr_truth_row row = {.model = m->name, .arrival = CR_ARRIVE_CLOSED};
    rc = build(p, &row, 1, &m->builder, &m->alone, err);
  }
  for (uint32_t g = 0; rc == CR_OK && g < p->n_group; g++) {
    struct group *group = &p->group[g];
    describe_rows(p, g);
    rc = build(p, &p->truth->row[group->from], group->n_row, &group->builder, &group->workload, err);
  }
  return rc;
}

int cr_predictor_open(const struct cr_validate_cfg *cfg, struct cr_predictor **out, struct cr_err *err)
{
  struct cr_arena *arena = cr_arena_new();
  struct cr_predictor *p = arena ? cr_arena_take(arena, 1, sizeof *p) : NULL;
  if (!p) {
    cr_arena_free(arena);
    return cr_fail_nomem(err, cfg->truth_path);
  }
  p->cfg = cfg;
  p->arena = arena;
  int rc = cr_truth_read(cfg->truth_path, cfg->arrivals_path, &p->truth, err);
  if (rc == CR_OK)
    rc = cr_truth_read_again(p->truth, cfg->again_path, err);
  if (rc == CR_OK)
    rc = find_groups(p, err);
  if (rc == CR_OK) {
    order_by_weight(p);
    rc = open_traces(p, err);
  }
  if (rc == CR_OK)
    rc = choose_variants(p, err);
  if (rc == CR_OK)
    rc = build_all(p, err);
  cr_trace_set_close(p->traces); /* a database must not be open in two processes as one */
  p->traces = NULL;
  if (rc == CR_OK)
    *out = p;
  else
    cr_predictor_free(p);
  return rc;
}

void cr_predictor_free(struct cr_predictor *p)
{
  if (!p)
    return;
  for (uint32_t i = 0; i < p->n_model; i++)
    cr_workload_builder_free(p->model[i].builder);
  for (uint32_t g = 0; g < p->n_group; g++)
    cr_workload_builder_free(p->group[g].builder);
  for (uint32_t i = 0; p->series && i < p->most_rows; i++)
    cr_mem_free(p->series[i].x);
  cr_truth_free(p->truth);
  cr_arena_free(p->arena);
}

const struct cr_validate_row *cr_predictor_rows(const struct cr_predictor *p, uint32_t *n)
{
  *n = p->n_row;
  return p->row;
}

const struct cr_predict_group *cr_predictor_groups(const struct cr_predictor *p, uint32_t *n)
{
  *n = p->n_group;
  return p->group_rows;
}

const struct cr_truth *cr_predictor_truth(const struct cr_predictor *p)
{
  return p->truth;
}
