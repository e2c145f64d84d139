/* live_check.c - scenarios in real time against the simulator. */
#include "config.h"

#include "calib/live_check.h"

#include <math.h>
#include <string.h>

#include "sim/mem.h"

const char *const cr_live_metric_name[CR_N_LIVE_METRIC] = {"mean_ms",     "p99_ms",     "per_s",      "jct_ms",
                                                           "mean_jct_ms", "queuing_ms", "makespan_ms"};

struct cr_live_check {
  struct cr_arena *arena;
  uint32_t n_run, n_row, row_cap, n_place, place_cap;
  const char *scenario_name; /* of the last case */
  struct cr_live_row *row;
  struct cr_live_place *place;
};

struct cr_live_check *cr_live_check_new(uint32_t n_run)
{
  struct cr_arena *arena = cr_arena_new();
  struct cr_live_check *c = arena ? cr_arena_take(arena, 1, sizeof *c) : NULL;
  if (!c) {
    cr_arena_free(arena);
    return NULL;
  }
  c->arena = arena;
  c->n_run = n_run;
  return c;
}

void cr_live_check_free(struct cr_live_check *c)
{
  if (!c)
    return;
  cr_mem_free(c->row);
  cr_mem_free(c->place);
  cr_arena_free(c->arena);
}

/* --- one run ------------------------------------------------------------------------------------------------------ */

/* A result and the totals of its jobs. */
struct outcome {
  const struct cr_result *result;
  struct cr_job_totals jobs;
};

static double job_value(const struct outcome *o, uint32_t client, enum cr_live_metric metric)
{
  const struct cr_job_result *j = client == CR_NONE ? NULL : &o->result->job[client];
  switch (metric) {
  case CR_LIVE_JCT:
    return j->how == CR_JOB_DONE ? (double)(j->end_ns - j->submit_ns) / 1e6 : (double)NAN;
  case CR_LIVE_MEAN_JCT:
    return o->jobs.mean_jct_ns / 1e6;
  case CR_LIVE_QUEUING:
    return o->jobs.mean_queuing_ns / 1e6;
  default:
    return o->jobs.makespan_ns / 1e6;
  }
}

static double value_of(const struct outcome *o, const struct cr_workload *w, uint32_t client,
                       enum cr_live_metric metric)
{
  const struct cr_result *r = o->result;
  if (metric >= CR_LIVE_JCT)
    return job_value(o, client, metric);
  if (metric == CR_LIVE_THROUGHPUT)
    return cr_result_throughput(r, client);
  int is_closed = w->client[client].arrival.kind == CR_ARRIVE_CLOSED;
  const struct cr_hist *h = r->client[client].metric[is_closed ? CR_PERIOD : CR_LATENCY];
  if (cr_hist_count(h) == 0)
    return NAN;
  return (metric == CR_LIVE_MEAN ? cr_hist_mean(h) : (double)cr_hist_quantile(h, 990000)) / 1e6;
}

/* Over clients that are no jobs: the mean time of rt ones, and the throughput of all.  Of jobs, their mean JCT. */
static void places_of(const struct outcome *o, const struct cr_workload *w, double out[CR_N_LIVE_BY])
{
  double sum = 0, n = 0, n_client = 0, throughput = 0;
  for (uint32_t c = 0; c < w->n_client; c++) {
    if (w->client[c].job.iterations)
      continue;
    double mean = value_of(o, w, c, CR_LIVE_MEAN);
    throughput += value_of(o, w, c, CR_LIVE_THROUGHPUT);
    n_client++;
    if (w->client[c].class == CR_RT && isfinite(mean)) {
      sum += mean;
      n++;
    }
  }
  out[CR_LIVE_BY_RT] = n > 0 ? sum / n : NAN;
  out[CR_LIVE_BY_THROUGHPUT] = n_client > 0 ? throughput : NAN;
  out[CR_LIVE_BY_JCT] = o->jobs.mean_jct_ns / 1e6;
}

/* model_set: of the device model. */
static int run_once(const struct cr_live_case *what, const struct cr_backend_ops *backend, const char *model_set,
                    struct cr_result *out, struct cr_err *err)
{
  const struct cr_scenario *s = what->scenario;
  const struct cr_core_cfg cfg = {
    .workload = s->workload,
    .machine = s->machine,
    .policy = what->policy,
    .policy_options = what->options,
    .backend = backend,
    .model_set = model_set,
    .duration_ns = s->duration_ns,
    .warmup_ns = s->warmup_ns,
    .seed = s->seed,
    .stop = what->stop,
  };
  out->backend = NULL;
  int rc = cr_core_run(&cfg, out, err);
  if (rc && out->backend)
    cr_result_fini(out);
  return rc ? cr_fail_in(err, rc, "%s, policy %s, backend %s", s->name, what->spec, backend->name) : CR_OK;
}

/* --- all runs of a case ------------------------------------------------------------------------------------------- */

static int is_job(const struct cr_workload *w, uint32_t client)
{
  return w->client[client].job.iterations > 0;
}

/* Of a client, or of all jobs together (CR_NONE), and of which metrics there are rows: first .. first + n. */
static uint32_t metrics_of(const struct cr_workload *w, uint32_t client, enum cr_live_metric *first)
{
  *first = client == CR_NONE ? CR_LIVE_MEAN_JCT : is_job(w, client) ? CR_LIVE_JCT : CR_LIVE_MEAN;
  return client != CR_NONE && is_job(w, client) ? 1 : 3;
}

static uint32_t count_rows(const struct cr_workload *w)
{
  uint32_t n = 0, n_job = 0;
  enum cr_live_metric first;
  for (uint32_t i = 0; i < w->n_client; i++) {
    n += metrics_of(w, i, &first);
    n_job += is_job(w, i) != 0;
  }
  return n_job ? n + metrics_of(w, CR_NONE, &first) : n;
}

static int make_room(struct cr_live_check *c, uint32_t n_row, struct cr_err *err)
{
  if (c->n_row + n_row > c->row_cap) {
    uint32_t cap = 2 * (c->n_row + n_row);
    struct cr_live_row *more = cr_mem_resize(c->row, cap, sizeof *more);
    if (!more)
      return cr_fail_nomem(err, "a comparison");
    c->row = more;
    c->row_cap = cap;
  }
  if (c->n_place == c->place_cap) {
    uint32_t cap = c->place_cap ? 2 * c->place_cap : 16;
    struct cr_live_place *more = cr_mem_resize(c->place, cap, sizeof *more);
    if (!more)
      return cr_fail_nomem(err, "a comparison");
    c->place = more;
    c->place_cap = cap;
  }
  return CR_OK;
}

static int name_rows(struct cr_live_check *c, const struct cr_live_case *what, struct cr_live_row *row,
                     struct cr_live_place *p, struct cr_err *err)
{
  const struct cr_workload *w = what->scenario->workload;
  if (!c->n_place || c->place[c->n_place - 1].number != what->number)
    c->scenario_name = cr_arena_text(c->arena, what->scenario->name);
  const char *policy = cr_arena_text(c->arena, what->spec);
  const char *table = what->measured ? cr_arena_text(c->arena, what->measured->name) : NULL;
  int failed = !c->scenario_name || !policy || (what->measured && !table);
  for (uint32_t k = 0, n = count_rows(w), i = 0; k < n; i++) {
    uint32_t number = i < w->n_client ? i : CR_NONE;
    const struct cr_client_spec *spec = number == CR_NONE ? NULL : &w->client[i];
    const char *client = spec ? cr_arena_text(c->arena, spec->name) : "all jobs";
    enum cr_live_metric first;
    failed |= !client;
    for (uint32_t m = 0, n_metric = metrics_of(w, number, &first); m < n_metric; m++)
      row[k++] = (struct cr_live_row){.scenario = c->scenario_name,
                                      .policy = policy,
                                      .client = client,
                                      .arrival = cr_arrival_name[spec ? spec->arrival.kind : CR_ARRIVE_AT],
                                      .number = number,
                                      .class = spec ? spec->class : CR_BE,
                                      .metric = first + m,
                                      .table = table,
                                      .n_run = c->n_run,
                                      .duration_ns = what->scenario->duration_ns,
                                      .low = INFINITY,
                                      .high = -INFINITY,
                                      .launch_us = NAN};
  }
  *p =
    (struct cr_live_place){.scenario = c->scenario_name, .policy = policy, .number = what->number, .n_run = c->n_run};
  for (int i = 0; i < CR_N_LIVE_BY; i++) {
    p->low[i] = INFINITY;
    p->high[i] = -INFINITY;
  }
  return failed ? cr_fail_nomem(err, "a comparison") : CR_OK;
}

static void add_run(struct cr_live_row *row, struct cr_live_place *p, uint32_t n_run, const struct cr_workload *w,
                    const struct outcome *o, int is_predicted)
{
  double by[CR_N_LIVE_BY];
  for (uint32_t i = 0, n = count_rows(w); i < n; i++) {
    double value = value_of(o, w, row[i].number, row[i].metric);
    if (is_predicted) {
      row[i].predicted = value;
      continue;
    }
    row[i].measured += value / n_run;
    row[i].low = fmin(row[i].low, value);
    row[i].high = fmax(row[i].high, value);
  }
  places_of(o, w, by);
  for (int i = 0; i < CR_N_LIVE_BY; i++) {
    if (is_predicted) {
      p->predicted[i] = by[i];
      continue;
    }
    p->low[i] = fmin(p->low[i], by[i]);
    p->high[i] = fmax(p->high[i], by[i]);
  }
}

/* --- what was measured before ------------------------------------------------------------------------------------- */

static int take_row(const struct cr_live_table *t, struct cr_live_row *row, struct cr_err *err)
{
  const char *metric = cr_live_metric_name[row->metric], *class = row->class == CR_RT ? "rt" : "be";
  const struct cr_live_stored *m = cr_live_table_find(t, row->scenario, row->policy, row->client, metric);
  if (!m)
    return cr_fail(err, CR_EINPUT, "%s: there is no %s of client %s in scenario %s under policy %s", t->path, metric,
                   row->client, row->scenario, row->policy);
  if (strcmp(m->arrival, row->arrival) != 0 || strcmp(m->class, class) != 0)
    return cr_fail(err, CR_EINPUT, "%s:%u: client %s of scenario %s was %s and %s; here it is %s and %s, another load",
                   t->path, m->line, row->client, row->scenario, m->class, m->arrival, class, row->arrival);
  if (m->duration_ns != CR_NS_NEVER && m->duration_ns != row->duration_ns)
    return cr_fail(err, CR_EINPUT,
                   "%s:%u: scenario %s ran %g s, and would be predicted for another time; leave its duration alone",
                   t->path, m->line, row->scenario, (double)m->duration_ns / 1e9);
  row->measured = m->measured;
  row->low = m->low;
  row->high = m->high;
  row->n_run = m->n_run;
  row->launch_us = m->launch_us;
  return CR_OK;
}

/* Bounds of what places_of() says, from those of clients.  A mean over some runs' least values is no more than the least mean. */
static void bound_place(const struct cr_live_row *row, uint32_t n_row, struct cr_live_place *p)
{
  uint32_t n[CR_N_LIVE_BY] = {0};
  for (int by = 0; by < CR_N_LIVE_BY; by++)
    p->low[by] = p->high[by] = 0;
  for (uint32_t i = 0; i < n_row; i++) {
    const struct cr_live_row *r = &row[i];
    enum cr_live_by by = CR_N_LIVE_BY;
    if (r->metric == CR_LIVE_MEAN && r->class == CR_RT)
      by = CR_LIVE_BY_RT;
    else if (r->metric == CR_LIVE_THROUGHPUT)
      by = CR_LIVE_BY_THROUGHPUT;
    else if (r->metric == CR_LIVE_MEAN_JCT)
      by = CR_LIVE_BY_JCT;
    if (by == CR_N_LIVE_BY || !isfinite(r->measured))
      continue;
    p->low[by] += r->low;
    p->high[by] += r->high;
    n[by]++;
  }
  for (int by = 0; by < CR_N_LIVE_BY; by++) {
    double over = by == CR_LIVE_BY_RT ? n[by] : 1;
    p->low[by] = n[by] ? p->low[by] / over : (double)NAN;
    p->high[by] = n[by] ? p->high[by] / over : (double)NAN;
  }
  p->n_run = row->n_run;
}

static int take_measured(const struct cr_live_table *t, struct cr_live_row *row, uint32_t n_row,
                         struct cr_live_place *place, struct cr_err *err)
{
  uint32_t n_there = cr_live_table_count(t, row->scenario, row->policy);
  int rc = CR_OK;
  for (uint32_t i = 0; !rc && i < n_row; i++)
    rc = take_row(t, &row[i], err);
  if (!rc && n_there != n_row)
    rc = cr_fail(err, CR_EINPUT,
                 "%s: scenario %s has %u rows under policy %s, and would have %u here: it was another load", t->path,
                 row->scenario, n_there, row->policy, n_row);
  if (!rc)
    bound_place(row, n_row, place);
  return rc;
}

static int run(const struct cr_live_case *what, const struct cr_backend_ops *backend, const char *model_set,
               struct cr_live_row *row, struct cr_live_place *place, uint32_t n_run, double *launch_us,
               struct cr_err *err)
{
  struct cr_result r;
  int rc = run_once(what, backend, model_set, &r, err);
  if (rc)
    return rc;
  struct outcome o = {.result = &r};
  rc = cr_result_jobs(&r, &o.jobs, err);
  if (!rc)
    add_run(row, place, n_run, what->scenario->workload, &o, backend == &cr_backend_sim);
  *launch_us = cr_live_value(&r.live, "fed_mean_ns") / 1e3;
  cr_result_fini(&r);
  return rc;
}

/* With the host's launches as fast as they were; what the user set comes later, and counts. */
static int predict(const struct cr_live_case *what, struct cr_live_row *row, struct cr_live_place *place,
                   struct cr_err *err)
{
  const char *set = what->scenario->model_set;
  struct cr_text with = {0};
  double us = row->launch_us, ignored;
  if (isfinite(us))
    cr_text_add(&with, "push=%.3fus,push_serial=%.3fus%s%s", us, us, set ? "," : "", set ? set : "");
  int rc = with.failed ? cr_fail_nomem(err, "a prediction")
                       : run(what, &cr_backend_sim, isfinite(us) ? with.s : set, row, place, 1, &ignored, err);
  cr_text_fini(&with);
  return rc;
}

static int run_all(const struct cr_live_check *c, const struct cr_live_case *what, struct cr_live_row *row,
                   struct cr_live_place *place, struct cr_err *err)
{
  double sum_us = 0, n_known = 0; /* a short run may launch nothing by itself */
  int rc = CR_OK;
  for (uint32_t i = 0; !rc && i < c->n_run; i++) {
    double us = NAN;
    rc = run(what, what->backend, what->scenario->model_set, row, place, c->n_run, &us, err);
    if (isfinite(us)) {
      sum_us += us;
      n_known++;
    }
  }
  for (uint32_t i = 0, n = count_rows(what->scenario->workload); i < n; i++)
    row[i].launch_us = n_known > 0 ? sum_us / n_known : (double)NAN;
  return rc;
}

int cr_live_check_add(struct cr_live_check *c, const struct cr_live_case *what, struct cr_err *err)
{
  uint32_t n_row = count_rows(what->scenario->workload);
  int rc = make_room(c, n_row, err);
  if (rc)
    return rc;
  struct cr_live_row *row = &c->row[c->n_row];
  struct cr_live_place *place = &c->place[c->n_place];
  rc = name_rows(c, what, row, place, err);
  if (!rc && what->measured)
    rc = take_measured(what->measured, row, n_row, place, err);
  rc = rc ? rc : predict(what, row, place, err); /* what the simulator refuses need not run */
  if (!rc && !what->measured)
    rc = run_all(c, what, row, place, err);
  if (!rc && !what->measured && isfinite(row->launch_us))
    rc = predict(what, row, place, err);
  if (rc)
    return rc;
  for (uint32_t i = 0; i < n_row; i++)
    row[i].base = row[i].metric == CR_LIVE_QUEUING ? row[i - 1].measured : row[i].measured;
  c->n_row += n_row;
  c->n_place++;
  return CR_OK;
}

/* --- what came of it ---------------------------------------------------------------------------------------------- */

const struct cr_live_row *cr_live_check_rows(const struct cr_live_check *c, uint32_t *n)
{
  *n = c->n_row;
  return c->row;
}

double cr_live_error(const struct cr_live_row *r)
{
  return r->base > 0 ? (r->predicted - r->measured) / r->base : (double)NAN;
}

double cr_live_check_mean_error(const struct cr_live_check *c, enum cr_live_metric metric)
{
  double sum = 0, n = 0;
  for (uint32_t i = 0; i < c->n_row; i++) {
    double error = cr_live_error(&c->row[i]);
    if (c->row[i].metric != metric || !isfinite(error))
      continue;
    sum += fabs(error);
    n++;
  }
  return n > 0 ? sum / n : (double)NAN;
}

const struct cr_live_place *cr_live_check_places(const struct cr_live_check *c, uint32_t *n)
{
  *n = c->n_place;
  return c->place;
}
