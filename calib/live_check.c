/* live_check.c - scenarios in real time against the simulator. */
#include "config.h"

#include "calib/live_check.h"

#include <math.h>
#include <string.h>

#include "sim/mem.h"

const char *const cr_live_metric_name[CR_N_LIVE_METRIC] = {"mean_ms", "p99_ms", "per_s"};

/* What policies are put in order by. */
enum { BY_RT, BY_THROUGHPUT, N_BY };

struct place {
  uint32_t scenario;                             /* number of the scenario */
  double predicted[N_BY], low[N_BY], high[N_BY]; /* NAN: there is none */
};

struct cr_live_check {
  struct cr_arena *arena;
  uint32_t n_run, n_row, row_cap, n_place, place_cap;
  const char *scenario_name; /* of the last case */
  struct cr_live_row *row;
  struct place *place;
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

static double value_of(const struct cr_result *r, const struct cr_workload *w, uint32_t client,
                       enum cr_live_metric metric)
{
  int is_closed = w->client[client].arrival.kind == CR_ARRIVE_CLOSED;
  const struct cr_hist *h = r->client[client].metric[is_closed ? CR_PERIOD : CR_LATENCY];
  if (metric == CR_LIVE_THROUGHPUT)
    return cr_result_throughput(r, client);
  if (cr_hist_count(h) == 0)
    return NAN;
  return (metric == CR_LIVE_MEAN ? cr_hist_mean(h) : (double)cr_hist_quantile(h, 990000)) / 1e6;
}

/* Over clients: the mean time of rt ones, and the throughput of all. */
static void places_of(const struct cr_result *r, const struct cr_workload *w, double out[N_BY])
{
  double sum = 0, n = 0;
  out[BY_THROUGHPUT] = 0;
  for (uint32_t c = 0; c < w->n_client; c++) {
    double mean = value_of(r, w, c, CR_LIVE_MEAN);
    out[BY_THROUGHPUT] += value_of(r, w, c, CR_LIVE_THROUGHPUT);
    if (w->client[c].class == CR_RT && isfinite(mean)) {
      sum += mean;
      n++;
    }
  }
  out[BY_RT] = n > 0 ? sum / n : NAN;
}

static int run_once(const struct cr_live_case *what, const struct cr_backend_ops *backend, struct cr_result *out,
                    struct cr_err *err)
{
  const struct cr_scenario *s = what->scenario;
  const struct cr_core_cfg cfg = {
    .workload = s->workload,
    .machine = s->machine,
    .policy = what->policy,
    .policy_options = what->options,
    .backend = backend,
    .model_set = s->model_set,
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
    struct place *more = cr_mem_resize(c->place, cap, sizeof *more);
    if (!more)
      return cr_fail_nomem(err, "a comparison");
    c->place = more;
    c->place_cap = cap;
  }
  return CR_OK;
}

static int name_rows(struct cr_live_check *c, const struct cr_live_case *what, struct cr_live_row *row, struct place *p,
                     struct cr_err *err)
{
  const struct cr_workload *w = what->scenario->workload;
  if (!c->n_place || c->place[c->n_place - 1].scenario != what->number)
    c->scenario_name = cr_arena_text(c->arena, what->scenario->name);
  const char *policy = cr_arena_text(c->arena, what->spec);
  int failed = !c->scenario_name || !policy;
  for (uint32_t i = 0; i < w->n_client; i++) {
    const char *client = cr_arena_text(c->arena, w->client[i].name);
    failed |= !client;
    for (enum cr_live_metric m = 0; m < CR_N_LIVE_METRIC; m++)
      row[i * CR_N_LIVE_METRIC + m] = (struct cr_live_row){.scenario = c->scenario_name,
                                                           .policy = policy,
                                                           .client = client,
                                                           .arrival = cr_arrival_name[w->client[i].arrival.kind],
                                                           .class = w->client[i].class,
                                                           .metric = m,
                                                           .measured = 0,
                                                           .low = INFINITY,
                                                           .high = -INFINITY};
  }
  *p = (struct place){.scenario = what->number, .low = {INFINITY, INFINITY}, .high = {-INFINITY, -INFINITY}};
  return failed ? cr_fail_nomem(err, "a comparison") : CR_OK;
}

static void add_run(struct cr_live_row *row, struct place *p, uint32_t n_run, const struct cr_workload *w,
                    const struct cr_result *r, int is_predicted)
{
  double by[N_BY];
  for (uint32_t i = 0; i < w->n_client * CR_N_LIVE_METRIC; i++) {
    double value = value_of(r, w, i / CR_N_LIVE_METRIC, row[i].metric);
    if (is_predicted) {
      row[i].predicted = value;
      continue;
    }
    row[i].measured += value / n_run;
    row[i].low = fmin(row[i].low, value);
    row[i].high = fmax(row[i].high, value);
  }
  places_of(r, w, by);
  for (int i = 0; i < N_BY; i++) {
    if (is_predicted) {
      p->predicted[i] = by[i];
      continue;
    }
    p->low[i] = fmin(p->low[i], by[i]);
    p->high[i] = fmax(p->high[i], by[i]);
  }
}

int cr_live_check_add(struct cr_live_check *c, const struct cr_live_case *what, struct cr_err *err)
{
  const struct cr_workload *w = what->scenario->workload;
  uint32_t n_row = w->n_client * CR_N_LIVE_METRIC;
  int rc = make_room(c, n_row, err);
  if (rc)
    return rc;
  struct cr_live_row *row = &c->row[c->n_row];
  struct place *place = &c->place[c->n_place];
  rc = name_rows(c, what, row, place, err);
  for (uint32_t i = 0; !rc && i < 1 + c->n_run; i++) {
    struct cr_result r;
    rc = run_once(what, i ? what->backend : &cr_backend_sim, &r, err);
    if (rc)
      break;
    add_run(row, place, c->n_run, w, &r, i == 0);
    cr_result_fini(&r);
  }
  if (rc)
    return rc;
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
  return r->measured > 0 ? r->predicted / r->measured - 1 : (double)NAN;
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

static struct cr_live_order order_by(const struct cr_live_check *c, int by)
{
  struct cr_live_order order = {0};
  for (uint32_t i = 0; i < c->n_place; i++)
    for (uint32_t k = i + 1; k < c->n_place; k++) {
      const struct place *a = &c->place[i], *b = &c->place[k];
      if (a->scenario != b->scenario || isnan(a->predicted[by]) || isnan(b->predicted[by]))
        continue;
      int is_below = a->high[by]<b->low[by], is_above = a->low[by]> b->high[by];
      if (!is_below && !is_above)
        order.n_close++;
      else if (is_below == (a->predicted[by] < b->predicted[by]))
        order.n_same++;
      else
        order.n_other++;
    }
  return order;
}

struct cr_live_order cr_live_check_rt_order(const struct cr_live_check *c)
{
  return order_by(c, BY_RT);
}

struct cr_live_order cr_live_check_throughput_order(const struct cr_live_check *c)
{
  return order_by(c, BY_THROUGHPUT);
}
