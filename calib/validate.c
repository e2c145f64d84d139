/* validate.c - predicts every row of a measured co-run table.
 *
 * Each group of rows is one run of the simulator.  Periods and service times are taken from the stream of finished requests,
 * not from the run's histograms, so that leaving out the first periods is exact and quantiles are those of the sample
 * (linear between order statistics). */
#include "config.h"

#include "calib/validate.h"

#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "calib/trace_set.h"
#include "sim/core.h"
#include "sim/mem.h"

/* Clients launched for this much longer than duration_s says: (inferences - 2) * mean_ms of the closed rows exceeds it by 8
 * to 9.5 ms in every table, whatever the model, and the last open arrivals are at duration_s itself. */
#define RUN_ON_NS INT64_C(9000000)

/* Periods of a model alone that AUTO looks at: alone it does nothing but repeat itself. */
enum { ALONE_PERIODS = 20 };

struct cr_validation {
  struct cr_arena *arena;
  struct cr_truth *truth;
  struct cr_validate_row *row; /* [truth->n_row]; the first n_row are filled */
  uint32_t n_row;
  struct cr_validate_facts facts;
};

struct model {
  const char *name;
  int plain, autotuned; /* which variants there are */
  int chosen;           /* 1: the autotuned one */
};

/* Finished requests of one client: ends of closed clients, service times of open ones, in ns. */
struct series {
  double *x;
  size_t n, cap;
  int closed;
};

struct runner {
  const struct cr_validate_cfg *cfg;
  struct cr_trace_set *traces;
  struct model *model; /* [n_model], by name */
  uint32_t n_model;
  struct series *series; /* [series_cap], by place in the group */
  uint32_t series_cap;
  cr_ns done_ns, all_ns; /* simulated time */
  int choosing;          /* variants: no progress is told */
};

/* --- finished requests ---------------------------------------------------------------------------------------------- */

static int keep_requests(void *ctx, const struct cr_request_row *row, uint32_t n, struct cr_err *err)
{
  struct runner *r = ctx;
  for (uint32_t i = 0; i < n; i++) {
    struct series *s = &r->series[row[i].client];
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

static void summarise(struct series *s, cr_ns ran_ns, double *ms, double *per_s)
{
  size_t n_done = s->n;
  if (s->closed)
    ends_to_periods(s);
  for (int m = 0; m < CR_N_TRUTH; m++)
    ms[m] = NAN;
  *per_s = NAN;
  if (s->n == 0)
    return;
  gsl_sort(s->x, 1, s->n);
  ms[CR_TRUTH_MEAN] = gsl_stats_mean(s->x, 1, s->n) / 1e6;
  ms[CR_TRUTH_P50] = gsl_stats_quantile_from_sorted_data(s->x, 1, s->n, 0.50) / 1e6;
  ms[CR_TRUTH_P95] = gsl_stats_quantile_from_sorted_data(s->x, 1, s->n, 0.95) / 1e6;
  ms[CR_TRUTH_P99] = gsl_stats_quantile_from_sorted_data(s->x, 1, s->n, 0.99) / 1e6;
  *per_s = s->closed ? 1e3 / ms[CR_TRUTH_MEAN] : (double)n_done / ((double)ran_ns / 1e9);
}

/* --- one run -------------------------------------------------------------------------------------------------------- */

static struct model *find_model(const struct runner *r, const char *name)
{
  uint32_t lo = 0, hi = r->n_model;
  while (lo < hi) {
    uint32_t mid = lo + (hi - lo) / 2;
    if (strcmp(r->model[mid].name, name) < 0)
      lo = mid + 1;
    else
      hi = mid;
  }
  return &r->model[lo];
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

static int add_client(struct runner *r, struct cr_workload_builder *b, const struct cr_truth_row *row, uint32_t place,
                      cr_model model, struct cr_err *err)
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
  r->series[place].n = 0;
  r->series[place].closed = row->arrival == CR_ARRIVE_CLOSED;
  return cr_workload_add_client(b, &spec, &id, err);
}

/* The rows' models, each once, and their clients, in order. */
static int build(struct runner *r, const struct cr_truth_row *row, uint32_t n, struct cr_workload_builder *b,
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
      rc = cr_trace_set_load(r->traces, row[i].model, find_model(r, row[i].model)->chosen, b, &id[i], err);
    if (rc == CR_OK)
      rc = add_client(r, b, &row[i], i, id[i], err);
  }
  cr_mem_free(id);
  return rc == CR_OK ? cr_workload_seal(b, out, err) : rc;
}

static void on_progress(void *ctx, cr_ns now_ns, cr_ns duration_ns)
{
  const struct runner *r = ctx;
  (void)duration_ns;
  if (r->cfg->on_progress && !r->choosing)
    r->cfg->on_progress(r->cfg->progress_ctx, r->done_ns + now_ns, r->all_ns);
}

static int run_workload(struct runner *r, const struct cr_workload *w, enum cr_truth_policy policy, cr_ns duration_ns,
                        struct cr_err *err)
{
  const struct cr_machine machine = {.n_device = 1, .device = r->cfg->device};
  const struct cr_request_sink sink = {.ctx = r, .write = keep_requests};
  const struct cr_core_cfg core = {
    .workload = w,
    .machine = &machine,
    .policy = policy == CR_TRUTH_PRIORITY_STREAMS ? r->cfg->priority : r->cfg->streams,
    .backend = &cr_backend_sim,
    .model_set = r->cfg->model_set,
    .duration_ns = duration_ns,
    .seed = 1, /* nothing is drawn: arrivals are given */
    .strict = 1,
    .requests = &sink,
    .stop = r->cfg->stop,
    .on_progress = on_progress,
    .progress_ctx = r,
  };
  struct cr_result result = {0};
  int rc = cr_core_run(&core, &result, err);
  cr_result_fini(&result);
  return rc;
}

static int run_rows(struct runner *r, const struct cr_truth_row *row, uint32_t n, cr_ns duration_ns, struct cr_err *err)
{
  if (n > r->series_cap) {
    struct series *bigger = cr_mem_resize(r->series, n, sizeof *bigger);
    if (!bigger)
      return cr_fail_nomem(err, "clients");
    memset(bigger + r->series_cap, 0, (n - r->series_cap) * sizeof *bigger);
    r->series = bigger;
    r->series_cap = n;
  }
  struct cr_workload_builder *b = cr_workload_builder_new();
  if (!b)
    return cr_fail_nomem(err, "a workload");
  const struct cr_workload *w = NULL;
  int rc = build(r, row, n, b, &w, err);
  if (rc == CR_OK)
    rc = run_workload(r, w, row[0].policy, duration_ns, err);
  cr_workload_builder_free(b);
  r->done_ns += duration_ns;
  if (rc == CR_ERUN)
    cr_fail_in(err, rc, "%s:%u: '%s' under %s", r->cfg->truth_path, row[0].line, row[0].scenario,
               cr_truth_policy_name[row[0].policy]);
  return rc;
}

/* --- variants ------------------------------------------------------------------------------------------------------- */

/* The measured row of the model alone in a closed loop, or NULL. */
static const struct cr_truth_row *isolated_row(const struct cr_truth *t, const char *model)
{
  for (uint32_t g = 0; g < t->n_group; g++) {
    const struct cr_truth_row *row = &t->row[t->group[g].first];
    if (t->group[g].n_row == 1 && row->arrival == CR_ARRIVE_CLOSED && strcmp(row->model, model) == 0)
      return row;
  }
  return NULL;
}

/* How far the simulated period of the model alone is from the measured one, as a ratio's logarithm. */
static int distance(struct runner *r, struct model *m, int autotuned, const struct cr_truth_row *row, double *out,
                    struct cr_err *err)
{
  double ms[CR_N_TRUTH], per_s;
  double alone_ns = (ALONE_PERIODS + CR_TRUTH_LEFT_OUT) * row->measured_ms[CR_TRUTH_MEAN] * 1e6;
  m->chosen = autotuned;
  int rc = run_rows(r, row, 1, cr_min_ns(row->duration_ns, (cr_ns)alone_ns), err);
  if (rc != CR_OK)
    return rc;
  summarise(&r->series[0], row->duration_ns, ms, &per_s);
  double ratio = ms[CR_TRUTH_MEAN] / row->measured_ms[CR_TRUTH_MEAN];
  *out = isnan(ratio) ? INFINITY : fabs(log(ratio));
  return CR_OK;
}

/* Whether the table was measured with the autotuned models, by its isolated rows; *out: 1 or 0. */
static int decide(struct runner *r, const struct cr_truth *t, int *out, struct cr_err *err)
{
  double far[2] = {0, 0}; /* plain, autotuned */
  for (uint32_t i = 0; i < r->n_model; i++) {
    struct model *m = &r->model[i];
    const struct cr_truth_row *row = m->plain && m->autotuned ? isolated_row(t, m->name) : NULL;
    for (int autotuned = 0; row && autotuned < 2; autotuned++) {
      double d = 0;
      int rc = distance(r, m, autotuned, row, &d, err);
      if (rc != CR_OK)
        return rc;
      far[autotuned] += d;
    }
  }
  *out = far[1] < far[0];
  return CR_OK;
}

static int choose_variants(struct runner *r, const struct cr_truth *t, struct cr_err *err)
{
  int autotuned = r->cfg->variant == CR_VARIANT_AUTOTUNED;
  int strict = r->cfg->variant != CR_VARIANT_AUTO;
  int rc = strict ? CR_OK : decide(r, t, &autotuned, err);
  for (uint32_t i = 0; rc == CR_OK && i < r->n_model; i++) {
    struct model *m = &r->model[i];
    if (strict && !(autotuned ? m->autotuned : m->plain))
      return cr_fail(err, CR_EINPUT, "model '%s' is there only as '%s%s'; leave the choice to --variant auto", m->name,
                     m->plain ? "" : "autotuned/", m->name);
    m->chosen = m->plain && m->autotuned ? autotuned : m->autotuned;
  }
  return rc;
}

/* --- the table ------------------------------------------------------------------------------------------------------ */

static int wanted(const struct runner *r, const struct cr_truth *t, uint32_t g)
{
  return !r->cfg->only || strstr(t->row[t->group[g].first].scenario, r->cfg->only) != NULL;
}

/* Simulated time of a group; *ran_ns: that of it in which open clients' requests arrive. */
static cr_ns length(const struct runner *r, const struct cr_truth_row *row, cr_ns *ran_ns)
{
  *ran_ns = cr_min_ns(row->duration_ns, r->cfg->at_most_ns);
  return cr_min_ns(cr_ns_add(row->duration_ns, RUN_ON_NS), r->cfg->at_most_ns);
}

/* The names of the wanted rows' models, sorted, each once. */
static int find_models(struct runner *r, const struct cr_truth *t, struct cr_arena *arena, struct cr_err *err)
{
  r->model = cr_arena_take(arena, t->n_row, sizeof *r->model);
  if (!r->model)
    return cr_fail_nomem(err, r->cfg->truth_path);
  for (uint32_t g = 0; g < t->n_group; g++) {
    cr_ns ran_ns;
    if (!wanted(r, t, g))
      continue;
    r->all_ns = cr_ns_add(r->all_ns, length(r, &t->row[t->group[g].first], &ran_ns));
    for (uint32_t i = t->group[g].first; i < t->group[g].first + t->group[g].n_row; i++) {
      struct model *m = find_model(r, t->row[i].model);
      uint32_t at = (uint32_t)(m - r->model);
      if (at < r->n_model && strcmp(m->name, t->row[i].model) == 0)
        continue;
      memmove(m + 1, m, (r->n_model - at) * sizeof *m);
      *m = (struct model){.name = t->row[i].model};
      r->n_model++;
    }
  }
  if (r->n_model == 0)
    return cr_fail(err, CR_EINPUT, "%s: no scenario has '%s' in its name; choose another text for --only",
                   r->cfg->truth_path, r->cfg->only);
  return CR_OK;
}

static int open_traces(struct runner *r, struct cr_arena *arena, struct cr_err *err)
{
  const char **name = cr_arena_take(arena, r->n_model, sizeof *name);
  if (!name)
    return cr_fail_nomem(err, "the traces");
  for (uint32_t i = 0; i < r->n_model; i++)
    name[i] = r->model[i].name;
  int rc = cr_trace_set_open(r->cfg->store, r->cfg->n_store, r->cfg->bundled, name, r->n_model, &r->traces, err);
  for (uint32_t i = 0; rc == CR_OK && i < r->n_model; i++) {
    struct model *m = &r->model[i];
    rc = cr_trace_set_find(r->traces, m->name, &m->plain, &m->autotuned, err);
  }
  return rc;
}

static int predict_group(struct runner *r, struct cr_validation *v, uint32_t g, struct cr_err *err)
{
  const struct cr_truth_group *group = &v->truth->group[g];
  const struct cr_truth_row *from = &v->truth->row[group->first];
  cr_ns ran_ns = 0, run_ns = length(r, from, &ran_ns);
  int rc = run_rows(r, from, group->n_row, run_ns, err);
  if (rc != CR_OK)
    return rc;
  for (uint32_t i = 0; i < group->n_row; i++) {
    struct cr_validate_row *row = &v->row[v->n_row++];
    const struct model *m = find_model(r, from[i].model);
    const char *trace = m->name;
    if (m->chosen) {
      size_t n = sizeof "autotuned/" + strlen(m->name);
      char *name = cr_arena_take(v->arena, n, 1);
      if (!name)
        return cr_fail_nomem(err, m->name);
      snprintf(name, n, "autotuned/%s", m->name);
      trace = name;
    }
    *row = (struct cr_validate_row){
      .scenario = from[i].scenario,
      .policy = cr_truth_policy_name[from[i].policy],
      .model = from[i].model,
      .arrival = cr_arrival_name[from[i].arrival],
      .trace = trace,
      .client = from[i].client,
      .n_client = group->n_row,
      .measured_per_s = from[i].measured_per_s,
    };
    memcpy(row->measured_ms, from[i].measured_ms, sizeof row->measured_ms);
    summarise(&r->series[i], ran_ns, row->predicted_ms, &row->predicted_per_s);
  }
  v->facts.n_run++;
  return CR_OK;
}

static int predict_all(struct runner *r, struct cr_validation *v, struct cr_err *err)
{
  const struct cr_truth *t = v->truth;
  int rc = find_models(r, t, v->arena, err);
  if (rc == CR_OK)
    rc = open_traces(r, v->arena, err);
  for (uint32_t g = 0; rc == CR_OK && g < t->n_group; g++)
    if (wanted(r, t, g))
      v->facts.n_row_left += t->group[g].n_row;
  r->choosing = 1;
  if (rc == CR_OK)
    rc = choose_variants(r, t, err);
  r->choosing = 0;
  r->done_ns = 0;
  for (uint32_t g = 0; rc == CR_OK && g < t->n_group; g++)
    if (wanted(r, t, g))
      rc = predict_group(r, v, g, err);
  v->facts.n_row_left -= v->n_row;
  return rc;
}

/* --- the whole ------------------------------------------------------------------------------------------------------ */

static int prepare(const struct cr_validate_cfg *cfg, struct cr_validation *v, struct cr_err *err)
{
  int rc = cr_truth_read(cfg->truth_path, cfg->arrivals_path, &v->truth, err);
  if (rc != CR_OK)
    return rc;
  v->row = cr_arena_take(v->arena, v->truth->n_row, sizeof *v->row);
  v->facts.truth = cr_arena_text(v->arena, cfg->truth_name);
  v->facts.device = cr_arena_text(v->arena, cfg->device->name);
  v->facts.model_set = cr_arena_text(v->arena, cfg->model_set ? cfg->model_set : "");
  v->facts.at_most_ns = cfg->at_most_ns;
  if (!v->row || !v->facts.truth || !v->facts.device || !v->facts.model_set)
    return cr_fail_nomem(err, cfg->truth_path);
  return CR_OK;
}

int cr_validate_run(const struct cr_validate_cfg *cfg, struct cr_validation **out, struct cr_err *err)
{
  struct cr_arena *arena = cr_arena_new();
  struct cr_validation *v = arena ? cr_arena_take(arena, 1, sizeof *v) : NULL;
  if (!v) {
    cr_arena_free(arena);
    return cr_fail_nomem(err, cfg->truth_path);
  }
  v->arena = arena;
  struct runner r = {.cfg = cfg};
  int rc = prepare(cfg, v, err);
  if (rc == CR_OK)
    rc = predict_all(&r, v, err);
  for (uint32_t i = 0; i < r.series_cap; i++)
    cr_mem_free(r.series[i].x);
  cr_mem_free(r.series);
  cr_trace_set_close(r.traces);
  if (rc == CR_OK || rc == CR_EINTR)
    *out = v;
  else
    cr_validation_free(v);
  return rc;
}

void cr_validation_free(struct cr_validation *v)
{
  if (!v)
    return;
  cr_truth_free(v->truth);
  cr_arena_free(v->arena);
}

const struct cr_validate_row *cr_validation_rows(const struct cr_validation *v, uint32_t *n)
{
  *n = v->n_row;
  return v->row;
}

const struct cr_validate_facts *cr_validation_facts(const struct cr_validation *v)
{
  return &v->facts;
}
