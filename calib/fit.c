/* fit.c - a search for constants by robust least squares, then by trying each alone.
 *
 * The unknowns are logarithms of the constants, within bounds.  A prediction of the table gives an error for every row, so
 * that one prediction for each constant, moved a little, gives the slopes of all rows.  A step is that of
 * Levenberg (Quarterly of Applied Mathematics, 1944) and Marquardt (J. SIAM, 1963), where rows weigh by 1 / |error|, not less
 * than a floor, so that what is made small is the sum of absolute errors (iteratively reweighted least squares); after a
 * step the slopes are brought up to date without further predictions (Broyden, Mathematics of Computation, 1965).  Errors of a
 * row jump by some tenths of a percent when the order of two kernels flips: slopes are taken over large moves, and when they
 * lead nowhere any more each constant is tried a little higher and lower by itself, the move halved at each round.
 *
 * Standard errors are those of a jackknife over scenarios in its one-step form (Efron, The Jackknife, the Bootstrap and Other
 * Resampling Plans, SIAM 1982, section 6): leaving a scenario out moves the solution by A^-1 g, with g the
 * scenario's part of the gradient and A the gradient's slope, to which only rows within the floor contribute: those beyond
 * pull equally hard wherever they are. */
#include "config.h"

#include "calib/fit.h"

#include <gsl/gsl_linalg.h>
#include <gsl/gsl_matrix.h>
#include <gsl/gsl_vector.h>
#include <math.h>
#include <string.h>

#include "sim/mem.h"
#include "sim/nearest.h"

enum { N_MOST = CR_N_GPU_CONSTANT, MAX_TRIES = 4 };

static const double OPEN_WEIGHT = 0.15; /* of all open rows against all closed ones */
static const double FLOOR = 0.03;       /* relative error below which a row does not weigh more, at first, */
static const double FLOOR_LEAST = 0.01; /* and at last */
static const double MOVE = 0.15;        /* of a logarithm, for slopes */
static const double STEP_MAX = 0.7;     /* of a logarithm, at once */
static const double WIDE_MOVE = 0.3;    /* the same for standard errors, up and down: noise of slopes would make them small */
static const double MOVE_LEAST = 0.03;  /* of a logarithm, when tried alone */
static const double WORTH = 0.002;      /* relative gain below which slopes are no longer worth their price */

/* --- which constants, and where they may lie ---------------------------------------------------------------------------- */

/* By name, since the list of constants is the device model's.  Others lie within WIDE times their value either way. */
static const struct {
  const char *name;
  double lo, hi;
} bounds[] = {
  {"gap", 0.01, 1},      {"overhead", 0.01, 3}, {"flat", 0.05, 6},         {"frontend", 0.01, 0.5}, {"cold", 0.05, 3},
  {"cold_reg", 0.01, 2}, {"load", 0.05, 4},     {"cold_streams", 0.02, 1}, {"warp_ipc", 0.01, 0.3}, {"ilp", 0.1, 4},
  {"younger", 0.2, 5},
};

/* Not fitted unless asked for, with all whose names begin so: what runs alone settles, what other tables settle, and what
 * was chosen. */
static const char *const fixed[] = {"profiler", "memset_gap", "replay", "launch", "slice", "duplex", "clock", "join"};
static const double WIDE = 8;

static int is_default(const char *name)
{
  for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
    if (strncmp(name, fixed[i], strlen(fixed[i])) == 0)
      return 0;
  return 1;
}

static struct cr_fit_constant with_bounds(const struct cr_device_desc *d, int id)
{
  double at = d->constant[id] > 0 ? d->constant[id] : 0.1;
  struct cr_fit_constant c = {(enum cr_gpu_constant)id, at / WIDE, at * WIDE};
  for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++)
    if (strcmp(bounds[i].name, cr_gpu_constant_info[id].name) == 0) {
      c.lo = bounds[i].lo;
      c.hi = bounds[i].hi;
    }
  return c;
}

static int unknown(const char *name, struct cr_err *err)
{
  const char *all[CR_N_GPU_CONSTANT];
  struct cr_text list = {0};
  for (int i = 0; i < CR_N_GPU_CONSTANT; i++) {
    all[i] = cr_gpu_constant_info[i].name;
    cr_text_add(&list, " %s", all[i]);
  }
  const char *near = cr_nearest(name, all, CR_N_GPU_CONSTANT);
  int rc = near ? cr_fail(err, CR_EINPUT, "--fit: there is no constant '%s'; did you mean '%s'?", name, near)
                : cr_fail(err, CR_EINPUT, "--fit: there is no constant '%s'; there are:%s", name, list.s ? list.s : "");
  cr_text_fini(&list);
  return rc;
}

int cr_fit_choose(const struct cr_device_desc *d, const char *list, struct cr_fit_constant *out, uint32_t *n,
                  struct cr_err *err)
{
  unsigned char take[CR_N_GPU_CONSTANT] = {0};
  int all = !list || !*list;
  while (list && *list) {
    char name[64];
    size_t k = strcspn(list, ",");
    if (k >= sizeof name)
      return cr_fail(err, CR_EINPUT, "--fit: '%.60s...' is no constant", list);
    memcpy(name, list, k);
    name[k] = '\0';
    list += k + (list[k] == ',');
    int id = 0;
    while (id < CR_N_GPU_CONSTANT && strcmp(cr_gpu_constant_info[id].name, name) != 0)
      id++;
    if (id == CR_N_GPU_CONSTANT)
      return unknown(name, err);
    take[id] = 1;
  }
  *n = 0;
  for (int id = 0; id < CR_N_GPU_CONSTANT; id++)
    if (all ? is_default(cr_gpu_constant_info[id].name) : take[id])
      out[(*n)++] = with_bounds(d, id);
  return CR_OK;
}

struct cr_device_desc cr_fit_device(const struct cr_device_desc *d, const struct cr_fit_constant *constant, uint32_t n,
                                    const double *value)
{
  struct cr_device_desc with = *d;
  for (uint32_t i = 0; i < n; i++)
    with.constant[constant[i].id] = value[i];
  return with;
}

/* --- what is made small --------------------------------------------------------------------------------------------------- */

static int is_closed(const struct cr_validate_row *row)
{
  return strcmp(row->arrival, cr_arrival_name[CR_ARRIVE_CLOSED]) == 0;
}

static enum cr_truth_metric metric_of(const struct cr_validate_row *row)
{
  return is_closed(row) ? CR_TRUTH_MEAN : CR_TRUTH_P50;
}

/* Relative error of a row; NAN: it cannot be judged. */
static double error_of(const struct cr_validate_row *row, const struct cr_prediction *p)
{
  enum cr_truth_metric m = metric_of(row);
  return p->there ? (p->ms[m] - row->measured_ms[m]) / row->measured_ms[m] : NAN;
}

double cr_fit_objective_pct(const struct cr_predictor *p, const struct cr_prediction *prediction, const unsigned char *use)
{
  uint32_t n_row, n_group, n[2] = {0, 0};
  const struct cr_validate_row *row = cr_predictor_rows(p, &n_row);
  const struct cr_predict_group *group = cr_predictor_groups(p, &n_group);
  double sum[2] = {0, 0};
  for (uint32_t g = 0; g < n_group; g++)
    for (uint32_t i = group[g].first; (!use || use[g]) && i < group[g].first + group[g].n_row; i++) {
      double e = fabs(error_of(&row[i], &prediction[i]));
      int open = !is_closed(&row[i]);
      if (isnan(e))
        continue;
      sum[open] += e;
      n[open]++;
    }
  if (n[0] + n[1] == 0)
    return NAN;
  return 100 * ((n[0] ? sum[0] / n[0] : 0) + (n[1] ? (n[0] ? OPEN_WEIGHT : 1) * sum[1] / n[1] : 0));
}

/* --- the search --------------------------------------------------------------------------------------------------------- */

struct point {
  double u[N_MOST]; /* logarithms */
  double pct;
  struct cr_prediction *prediction; /* [n_row] */
};

struct search {
  const struct cr_fit_cfg *cfg;
  uint32_t n, n_row, n_eval;
  const struct cr_validate_row *row;
  double floor;
  double lo[N_MOST], hi[N_MOST];
  double *error;  /* [n_row] of the best point; NAN: not judged */
  double *weight; /* [n_row] of the row in the objective */
  double *slope;  /* [n_row][n] */
  struct point best;
  struct point trial[N_MOST];
  struct cr_device_desc *device;      /* [N_MOST] */
  struct cr_prediction *prediction;   /* [N_MOST][n_row] */
  struct cr_predict_setting *setting; /* [N_MOST] */
};

static void on_progress(void *ctx, cr_ns done, cr_ns all)
{
  const struct search *s = ctx;
  const cr_ns unit = 1000;
  cr_ns now = (cr_ns)s->n_eval * unit + (all ? cr_muldiv(done, unit, all) : 0);
  s->cfg->on_progress(s->cfg->progress_ctx, now, (cr_ns)s->cfg->max_eval * unit);
}

/* Predicts trial[0 .. n). */
static int predict(struct search *s, uint32_t n, struct cr_err *err)
{
  for (uint32_t i = 0; i < n; i++) {
    double value[N_MOST];
    for (uint32_t k = 0; k < s->n; k++)
      value[k] = exp(s->trial[i].u[k]);
    s->device[i] = cr_fit_device(s->cfg->device, s->cfg->constant, s->n, value);
    s->setting[i] = (struct cr_predict_setting){&s->device[i], s->cfg->model_set};
    s->trial[i].prediction = &s->prediction[(size_t)i * s->n_row];
  }
  const struct cr_predict_job job = {.setting = s->setting,
                                     .n_setting = n,
                                     .use = s->cfg->use,
                                     .n_worker = s->cfg->n_worker,
                                     .on_progress = s->cfg->on_progress ? on_progress : NULL,
                                     .progress_ctx = s};
  int rc = cr_predictor_run(s->cfg->predictor, &job, s->prediction, err);
  if (rc != CR_OK)
    return rc;
  s->n_eval += n;
  for (uint32_t i = 0; i < n; i++) {
    s->trial[i].pct = cr_fit_objective_pct(s->cfg->predictor, s->trial[i].prediction, s->cfg->use);
    if (isnan(s->trial[i].pct))
      return cr_fail(err, CR_EINPUT,
                     "no row can be judged: its clients finish too few requests; simulate more with --at-most");
  }
  return CR_OK;
}

static void take_best(struct search *s, const struct point *from)
{
  struct cr_prediction *kept = s->best.prediction;
  s->best = *from;
  s->best.prediction = kept;
  memcpy(kept, from->prediction, s->n_row * sizeof *kept);
  for (uint32_t i = 0; i < s->n_row; i++)
    s->error[i] = error_of(&s->row[i], &kept[i]);
}

static double room(const struct search *s)
{
  return (double)s->cfg->max_eval - s->n_eval;
}

/* Slopes of all rows about the best point: one prediction for each constant, all at once.  A constant at a bound is moved
 * the other way.  A better point met on the way is not taken: slopes belong to one point. */
static int find_slopes(struct search *s, double move, struct cr_err *err)
{
  double by[N_MOST];
  for (uint32_t k = 0; k < s->n; k++) {
    s->trial[k] = s->best;
    double u = s->best.u[k] + move;
    by[k] = u > s->hi[k] || u < s->lo[k] ? -move : move;
    s->trial[k].u[k] += by[k];
  }
  int rc = predict(s, s->n, err);
  for (uint32_t k = 0; rc == CR_OK && k < s->n; k++)
    for (uint32_t i = 0; i < s->n_row; i++) {
      double e = error_of(&s->row[i], &s->trial[k].prediction[i]);
      s->slope[(size_t)i * s->n + k] = isnan(e) || isnan(s->error[i]) ? 0 : (e - s->error[i]) / by[k];
    }
  return rc;
}

static double row_weight(const struct search *s, uint32_t i)
{
  return isnan(s->error[i]) ? 0 : s->weight[i] / fmax(fabs(s->error[i]), s->floor);
}

/* a = J' W J, g = J' W e. */
static void normal_equations(const struct search *s, gsl_matrix *a, gsl_vector *g)
{
  gsl_matrix_set_zero(a);
  gsl_vector_set_zero(g);
  for (uint32_t i = 0; i < s->n_row; i++) {
    double w = row_weight(s, i);
    const double *j = &s->slope[(size_t)i * s->n];
    for (uint32_t k = 0; w > 0 && k < s->n; k++) {
      *gsl_vector_ptr(g, k) += w * j[k] * s->error[i];
      for (uint32_t l = 0; l < s->n; l++)
        *gsl_matrix_ptr(a, k, l) += w * j[k] * j[l];
    }
  }
}

/* a made safe to solve: its diagonal grows by damp times itself, and by a trace of the largest. */
static void damp_diagonal(gsl_matrix *a, double damp)
{
  double most = 0;
  for (size_t k = 0; k < a->size1; k++)
    most = fmax(most, gsl_matrix_get(a, k, k));
  for (size_t k = 0; k < a->size1; k++)
    *gsl_matrix_ptr(a, k, k) += damp * gsl_matrix_get(a, k, k) + 1e-6 * most + 1e-12;
}

struct system {
  gsl_matrix *a, *damped;
  gsl_vector *g, *x;
};

/* trial[0]: the best point and a damped step, within bounds; whether it is another point. */
static int step(struct search *s, struct system *y, double damp)
{
  struct point *t = &s->trial[0];
  int moved = 0;
  *t = s->best;
  gsl_matrix_memcpy(y->damped, y->a);
  damp_diagonal(y->damped, damp);
  gsl_linalg_cholesky_decomp1(y->damped);
  gsl_linalg_cholesky_solve(y->damped, y->g, y->x);
  for (uint32_t k = 0; k < s->n; k++) {
    double by = fmin(fmax(-gsl_vector_get(y->x, k), -STEP_MAX), STEP_MAX);
    double u = fmin(fmax(t->u[k] + by, s->lo[k]), s->hi[k]);
    moved |= fabs(u - t->u[k]) > 1e-4;
    t->u[k] = u;
  }
  return moved;
}

/* After a step from error0 at u0 to the best point: slopes such that they would have foretold it. */
static void correct_slopes(struct search *s, const double *u0, const double *error0)
{
  double d[N_MOST], dd = 0;
  for (uint32_t k = 0; k < s->n; k++) {
    d[k] = s->best.u[k] - u0[k];
    dd += d[k] * d[k];
  }
  for (uint32_t i = 0; dd > 0 && i < s->n_row; i++) {
    double *j = &s->slope[(size_t)i * s->n], foretold = error0[i];
    for (uint32_t k = 0; k < s->n; k++)
      foretold += j[k] * d[k];
    double off = s->error[i] - foretold;
    for (uint32_t k = 0; !isnan(off) && k < s->n; k++)
      j[k] += off * d[k] / dd;
  }
}

/* Steps with these slopes until none is better.  *damp is kept from one set of slopes to the next. */
static int descend(struct search *s, struct system *y, double *damp, struct cr_err *err)
{
  double *error0 = cr_mem_new(s->n_row, sizeof *error0);
  int rc = error0 ? CR_OK : cr_fail_nomem(err, "a fit"), tries = 0;
  while (rc == CR_OK && tries < MAX_TRIES && room(s) >= 1) {
    double u0[N_MOST];
    normal_equations(s, y->a, y->g);
    if (!step(s, y, *damp))
      break;
    rc = predict(s, 1, err);
    if (rc != CR_OK)
      break;
    if (!(s->trial[0].pct < s->best.pct)) {
      *damp = fmin(*damp * 6, 1e4);
      tries++;
      continue;
    }
    int little = s->trial[0].pct > s->best.pct * (1 - WORTH);
    memcpy(u0, s->best.u, sizeof u0);
    memcpy(error0, s->error, s->n_row * sizeof *error0);
    take_best(s, &s->trial[0]);
    correct_slopes(s, u0, error0);
    *damp = fmax(*damp / 3, 1e-3);
    tries = little ? tries + 1 : 0;
  }
  cr_mem_free(error0);
  return rc;
}

/* Each constant by itself a little higher and lower, all at once; the best of them is taken, then half the move. */
static int poll(struct search *s, struct cr_err *err)
{
  double move = MOVE;
  int rc = CR_OK;
  while (rc == CR_OK && move >= MOVE_LEAST && room(s) >= 2 * (double)s->n) {
    struct point *better = NULL;
    struct point next = s->best;
    for (int side = -1; rc == CR_OK && side <= 1; side += 2) {
      for (uint32_t k = 0; k < s->n; k++) {
        s->trial[k] = s->best;
        s->trial[k].u[k] = fmin(fmax(s->best.u[k] + side * move, s->lo[k]), s->hi[k]);
      }
      rc = predict(s, s->n, err);
      better = NULL;
      for (uint32_t k = 0; rc == CR_OK && k < s->n; k++) {
        if (s->trial[k].pct < s->best.pct) /* several that help by themselves mostly help together */
          next.u[k] = s->trial[k].u[k];
        if (s->trial[k].pct < (better ? better->pct : s->best.pct))
          better = &s->trial[k];
      }
      if (rc == CR_OK && better)
        take_best(s, better);
    }
    if (rc != CR_OK || room(s) < 1)
      break;
    s->trial[0] = next;
    rc = predict(s, 1, err);
    if (rc == CR_OK && s->trial[0].pct < s->best.pct)
      take_best(s, &s->trial[0]);
    move /= 2;
  }
  return rc;
}

static int first_prediction(struct search *s, struct cr_err *err)
{
  s->trial[0] = s->best;
  int rc = predict(s, 1, err);
  if (rc != CR_OK)
    return rc;
  take_best(s, &s->trial[0]);
  uint32_t n[2] = {0, 0};
  for (uint32_t i = 0; i < s->n_row; i++)
    if (!isnan(s->error[i]))
      n[!is_closed(&s->row[i])]++;
  for (uint32_t i = 0; i < s->n_row; i++)
    s->weight[i] = is_closed(&s->row[i]) ? 1.0 / n[0] : (n[0] ? OPEN_WEIGHT : 1) / n[1];
  return CR_OK;
}

static int search(struct search *s, struct system *y, struct cr_err *err)
{
  double damp = 0.01, move = MOVE;
  int rc = CR_OK;
  s->floor = FLOOR;
  while (rc == CR_OK && move >= MOVE_LEAST && room(s) >= s->n + 1.0) {
    double before = s->best.pct;
    rc = find_slopes(s, move, err);
    if (rc == CR_OK)
      rc = descend(s, y, &damp, err);
    if (s->best.pct > before * (1 - 5 * WORTH)) {
      move /= 2;
      s->floor = fmax(s->floor / 2, FLOOR_LEAST);
    }
  }
  return rc == CR_OK ? poll(s, err) : rc;
}

/* --- standard errors ---------------------------------------------------------------------------------------------------- */

/* The gradient's slope, of the rows within the floor. */
static void curvature(const struct search *s, gsl_matrix *a)
{
  gsl_matrix_set_zero(a);
  for (uint32_t i = 0; i < s->n_row; i++) {
    const double *j = &s->slope[(size_t)i * s->n];
    if (!(fabs(s->error[i]) < s->floor))
      continue;
    for (uint32_t k = 0; k < s->n; k++)
      for (uint32_t l = 0; l < s->n; l++)
        *gsl_matrix_ptr(a, k, l) += s->weight[i] / s->floor * j[k] * j[l];
  }
}

/* Means of those up and down. */
static int find_wide_slopes(struct search *s, struct cr_err *err)
{
  size_t n = (size_t)s->n_row * s->n;
  double *up = cr_mem_new(n, sizeof *up);
  int rc = up ? find_slopes(s, WIDE_MOVE, err) : cr_fail_nomem(err, "standard errors");
  if (rc == CR_OK) {
    memcpy(up, s->slope, n * sizeof *up);
    rc = find_slopes(s, -WIDE_MOVE, err);
  }
  for (size_t i = 0; rc == CR_OK && i < n; i++)
    s->slope[i] = (s->slope[i] + up[i]) / 2;
  cr_mem_free(up);
  return rc;
}

/* The scenario of a row ends where the next one's text differs. */
static int jackknife(struct search *s, struct system *y, struct cr_fit *fit, struct cr_err *err)
{
  double sum[N_MOST] = {0};
  uint32_t n_scenario = 0;
  s->floor = FLOOR;
  int rc = find_wide_slopes(s, err);
  if (rc != CR_OK)
    return rc;
  curvature(s, y->a);
  gsl_matrix_memcpy(y->damped, y->a);
  damp_diagonal(y->damped, 0);
  gsl_linalg_cholesky_decomp1(y->damped);
  for (uint32_t i = 0; i < s->n_row;) {
    uint32_t from = i;
    gsl_vector_set_zero(y->g);
    for (; i < s->n_row && strcmp(s->row[i].scenario, s->row[from].scenario) == 0; i++)
      for (uint32_t k = 0; row_weight(s, i) > 0 && k < s->n; k++)
        *gsl_vector_ptr(y->g, k) += row_weight(s, i) * s->slope[(size_t)i * s->n + k] * s->error[i];
    gsl_linalg_cholesky_solve(y->damped, y->g, y->x);
    n_scenario++;
    for (uint32_t k = 0; k < s->n; k++)
      sum[k] += gsl_vector_get(y->x, k) * gsl_vector_get(y->x, k);
  }
  for (uint32_t k = 0; k < s->n; k++) {
    double se = n_scenario > 1 ? sqrt(sum[k] * n_scenario / (n_scenario - 1.0)) : NAN;
    int moves_nothing = gsl_matrix_get(y->a, k, k) < 1e-9;
    fit->std_error[k] = moves_nothing ? NAN : se * fit->value[k];
  }
  return CR_OK;
}

/* --- the whole ---------------------------------------------------------------------------------------------------------- */

static int prepare(struct search *s, struct cr_arena *a, struct cr_err *err)
{
  s->n = s->cfg->n_constant;
  s->row = cr_predictor_rows(s->cfg->predictor, &s->n_row);
  s->error = cr_arena_take(a, s->n_row, sizeof *s->error);
  s->weight = cr_arena_take(a, s->n_row, sizeof *s->weight);
  s->slope = cr_arena_take(a, (size_t)s->n_row * N_MOST, sizeof *s->slope);
  s->device = cr_arena_take(a, N_MOST, sizeof *s->device);
  s->setting = cr_arena_take(a, N_MOST, sizeof *s->setting);
  s->prediction = cr_arena_take(a, (size_t)s->n_row * N_MOST, sizeof *s->prediction);
  s->best.prediction = cr_arena_take(a, s->n_row, sizeof *s->best.prediction);
  if (!s->error || !s->weight || !s->slope || !s->device || !s->setting || !s->prediction || !s->best.prediction)
    return cr_fail_nomem(err, "a fit");
  for (uint32_t k = 0; k < s->n; k++) {
    const struct cr_fit_constant *c = &s->cfg->constant[k];
    s->lo[k] = log(c->lo);
    s->hi[k] = log(c->hi);
    s->best.u[k] = fmin(fmax(log(fmax(s->cfg->device->constant[c->id], 1e-9)), s->lo[k]), s->hi[k]);
  }
  return CR_OK;
}

static void report(const struct search *s, struct cr_fit *out)
{
  out->n_constant = s->n;
  out->n_eval = s->n_eval;
  out->value_pct = s->best.pct;
  for (uint32_t k = 0; k < s->n; k++) {
    out->start[k] = s->cfg->device->constant[s->cfg->constant[k].id];
    out->value[k] = exp(s->best.u[k]);
    out->std_error[k] = NAN;
  }
}

static int run(struct search *s, struct system *y, struct cr_fit *out, struct cr_err *err)
{
  int rc = first_prediction(s, err);
  if (rc != CR_OK)
    return rc;
  out->start_pct = s->best.pct;
  rc = search(s, y, err);
  report(s, out);
  if (rc == CR_OK && !s->cfg->use) {
    rc = jackknife(s, y, out, err);
    out->n_eval = s->n_eval;
  }
  return rc;
}

int cr_fit_run(const struct cr_fit_cfg *cfg, struct cr_fit *out, struct cr_err *err)
{
  struct cr_arena *arena = cr_arena_new();
  struct search *s = arena ? cr_arena_take(arena, 1, sizeof *s) : NULL;
  int rc = CR_OK;
  if (!s) {
    cr_arena_free(arena);
    return cr_fail_nomem(err, "a fit");
  }
  if (cfg->n_constant == 0)
    rc = cr_fail(err, CR_EINPUT, "--fit: no constant is to be fitted");
  s->cfg = cfg;
  if (rc == CR_OK)
    rc = prepare(s, arena, err);
  if (rc == CR_OK) {
    size_t n = s->n;
    struct system y = {gsl_matrix_alloc(n, n), gsl_matrix_alloc(n, n), gsl_vector_alloc(n), gsl_vector_alloc(n)};
    memset(out, 0, sizeof *out);
    rc = y.a && y.damped && y.g && y.x ? run(s, &y, out, err) : cr_fail_nomem(err, "a fit");
    gsl_matrix_free(y.a);
    gsl_matrix_free(y.damped);
    gsl_vector_free(y.g);
    gsl_vector_free(y.x);
  }
  cr_arena_free(arena);
  return rc;
}
