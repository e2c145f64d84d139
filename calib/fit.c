/* fit.c - a search for constants by robust nonlinear least squares.
 *
 * The unknowns are logarithms u of the constants, kept within bounds by u = lo + (hi - lo) / (1 + exp(-t)) with t free.  A
 * prediction of the table gives an error for every row, so that one prediction for each constant, moved a little, gives the slopes
 * of all rows.  GSL's nonlinear least squares (gsl_multifit_nlinear, Levenberg-Marquardt) makes the steps, on rows that weigh
 * by min(1, k / |error|): repeated until nothing changes, that is Huber's loss (iteratively reweighted least squares; Huber,
 * Robust Statistics, Wiley 1981, section 7.8).
 *
 * Errors of a row jump by some tenths of a percent when the order of two kernels flips: slopes are taken over moves of 15 %, far
 * more than GSL's own differences would take, and the moves are halved when they lead nowhere any more, down to 4 %.  A
 * prediction costs seconds, so that a point is never predicted twice and a row of steps that help nothing is broken off. */
#include "config.h"

#include "calib/fit_int.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_multifit_nlinear.h>
#include <math.h>
#include <string.h>

#include "sim/mem.h"

enum { MAX_TRIES = 4, MAX_STEPS = 3 };

const double cr_fit_k = 0.02; /* about 1.3 times what the errors of the fixed table scatter by about their middle */

static const double OPEN_WEIGHT = 0.15; /* of all open rows against all closed ones */
static const double MOVE = 0.3;         /* of a logarithm, for slopes, at first */
static const double MOVE_LEAST = 0.07;  /* and at last */
static const double WORTH = 0.01;       /* relative gain below which the moves are halved */
static const double T_MOST = 8;         /* a bound is as near as makes no difference */
static const double TOLD = 1e-7;        /* a slope below is rounding to ns */

/* --- what is made small --------------------------------------------------------------------------------------------- */

static int is_closed(const struct cr_validate_row *row)
{
  return strcmp(row->arrival, cr_arrival_name[CR_ARRIVE_CLOSED]) == 0;
}

/* Relative error of a row; NAN: it cannot be judged. */
static double error_of(const struct cr_validate_row *row, const struct cr_prediction *p)
{
  enum cr_truth_metric m = is_closed(row) ? CR_TRUTH_MEAN : CR_TRUTH_P50;
  return p->there ? (p->ms[m] - row->measured_ms[m]) / row->measured_ms[m] : NAN;
}

static double huber(double e)
{
  e = fabs(e);
  return e < cr_fit_k ? e * e / (2 * cr_fit_k) : e - cr_fit_k / 2;
}

double cr_fit_row_mean_pct(const struct cr_predictor *p, const struct cr_prediction *prediction)
{
  uint32_t n_row, n = 0;
  const struct cr_validate_row *row = cr_predictor_rows(p, &n_row);
  double sum = 0;
  for (uint32_t i = 0; i < n_row; i++) {
    double e = prediction[i].there ? (prediction[i].ms[CR_TRUTH_MEAN] - row[i].measured_ms[CR_TRUTH_MEAN]) /
                                       row[i].measured_ms[CR_TRUTH_MEAN]
                                   : NAN;
    sum += isnan(e) ? 0 : fabs(e);
    n += isnan(e) ? 0 : 1;
  }
  return n ? 100 * sum / n : NAN;
}

/* --- predictions ---------------------------------------------------------------------------------------------------- */

static void on_progress(void *ctx, cr_ns done, cr_ns all)
{
  const struct cr_fit_search *s = ctx;
  const cr_ns unit = 1000;
  cr_ns now = (cr_ns)s->n_eval * unit + (all ? cr_muldiv(done, unit, all) : 0);
  s->cfg->on_progress(s->cfg->progress_ctx, now, (cr_ns)s->cfg->max_eval * unit);
}

static void set_device(struct cr_fit_search *s, uint32_t i)
{
  s->device[i] = *s->cfg->device;
  for (uint32_t k = 0; k < s->n; k++)
    s->device[i].constant[s->cfg->constant[k].id] = exp(s->at[i][k]);
  s->setting[i] = (struct cr_predict_setting){&s->device[i], s->cfg->model_set};
}

/* Predicts at[0 .. n) into error_at.  A row that finishes too few requests keeps the error it had at the best point. */
static int predict(struct cr_fit_search *s, uint32_t n, struct cr_err *err)
{
  for (uint32_t i = 0; i < n; i++)
    set_device(s, i);
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
  for (uint32_t i = 0; i < n; i++)
    for (uint32_t r = 0; r < s->n_row; r++) {
      double e = error_of(&s->row[r], &s->prediction[(size_t)i * s->n_row + r]);
      s->error_at[(size_t)i * s->n_row + r] = isnan(e) ? s->error[r] : e;
    }
  return CR_OK;
}

static double sum_of(const struct cr_fit_search *s, const double *error, double (*of)(double))
{
  double sum = 0;
  for (uint32_t r = 0; r < s->n_row; r++)
    sum += s->weight[r] > 0 ? s->weight[r] * of(error[r]) : 0;
  return sum;
}

static void take_best(struct cr_fit_search *s, const double *u, const double *error)
{
  memmove(s->u, u, s->n * sizeof *u);
  memmove(s->error, error, s->n_row * sizeof *error);
  s->loss = sum_of(s, error, huber);
  s->mean = sum_of(s, error, fabs);
}

static double room(const struct cr_fit_search *s)
{
  return (double)s->cfg->max_eval - s->n_eval;
}

/* Slopes from moves up, or down: one prediction for each constant, all at once.  One that would leave its bounds is moved
 * the other way. */
static int slopes_from(struct cr_fit_search *s, const double *u, const double *error, double move, double *slope,
                       struct cr_err *err)
{
  double by[CR_FIT_MOST];
  for (uint32_t k = 0; k < s->n; k++) {
    memcpy(s->at[k], u, s->n * sizeof *u);
    by[k] = u[k] + move > s->hi[k] || u[k] + move < s->lo[k] ? -move : move;
    s->at[k][k] += by[k];
  }
  int rc = predict(s, s->n, err);
  for (uint32_t k = 0; rc == CR_OK && k < s->n; k++)
    for (uint32_t r = 0; r < s->n_row; r++) {
      double e = s->weight[r] > 0 ? (s->error_at[(size_t)k * s->n_row + r] - error[r]) / by[k] : 0;
      slope[(size_t)r * s->n + k] = fabs(e) < TOLD ? 0 : e;
    }
  return rc;
}

int cr_fit_slopes(struct cr_fit_search *s, const double *u, const double *error, double move, struct cr_err *err)
{
  size_t n = (size_t)s->n_row * s->n;
  s->slope_move = 0;
  int rc = slopes_from(s, u, error, move, s->slope, err);
  if (rc == CR_OK)
    rc = slopes_from(s, u, error, -move, s->slope_down, err);
  if (rc != CR_OK)
    return rc;
  for (size_t i = 0; i < n; i++)
    s->slope[i] = (s->slope[i] + s->slope_down[i]) / 2;
  memcpy(s->slope_u, u, s->n * sizeof *u);
  s->slope_move = move;
  return CR_OK;
}

/* --- GSL's side ----------------------------------------------------------------------------------------------------- */

/* One set of weights. */
struct round {
  struct cr_fit_search *s;
  double move;
  double u[CR_FIT_MOST]; /* where GSL asked last, */
  double *error;         /* [n_row] there */
  uint32_t n_tried;      /* points in a row that were no better */
  int rc;
  struct cr_err *err;
};

static double u_of_t(const struct cr_fit_search *s, uint32_t k, double t)
{
  t = fmax(-T_MOST, fmin(T_MOST, t));
  return s->lo[k] + (s->hi[k] - s->lo[k]) / (1 + exp(-t));
}

static double t_of_u(const struct cr_fit_search *s, uint32_t k, double u)
{
  double x = (u - s->lo[k]) / (s->hi[k] - s->lo[k]);
  double least = 1 / (1 + exp(T_MOST));
  x = fmax(least, fmin(1 - least, x));
  return log(x / (1 - x));
}

static double du_dt(const struct cr_fit_search *s, uint32_t k, double u)
{
  double x = (u - s->lo[k]) / (s->hi[k] - s->lo[k]);
  return (s->hi[k] - s->lo[k]) * fmax(x * (1 - x), 1e-4);
}

/* Whether two points are one but for the way through t and back. */
static int is_same(const struct cr_fit_search *s, const double *a, const double *b)
{
  for (uint32_t k = 0; k < s->n; k++)
    if (fabs(a[k] - b[k]) > 1e-9)
      return 0;
  return 1;
}

/* Errors at a point, into r->error. */
static int look(struct round *r, const double *u)
{
  struct cr_fit_search *s = r->s;
  if (is_same(s, u, s->u)) {
    memcpy(r->u, u, s->n * sizeof *u);
    memcpy(r->error, s->error, s->n_row * sizeof *r->error);
    return GSL_SUCCESS;
  }
  if (room(s) < 1 || r->n_tried == MAX_TRIES)
    return GSL_EMAXITER;
  memcpy(s->at[0], u, s->n * sizeof *u);
  r->rc = predict(s, 1, r->err);
  if (r->rc != CR_OK)
    return GSL_EFAILED;
  memcpy(r->u, u, s->n * sizeof *u);
  memcpy(r->error, s->error_at, s->n_row * sizeof *r->error);
  if (sum_of(s, r->error, huber) < s->loss) {
    take_best(s, u, r->error);
    r->n_tried = 0;
  } else {
    r->n_tried++;
  }
  return GSL_SUCCESS;
}

static int on_f(const gsl_vector *t, void *ctx, gsl_vector *f)
{
  struct round *r = ctx;
  double u[CR_FIT_MOST];
  for (uint32_t k = 0; k < r->s->n; k++)
    u[k] = u_of_t(r->s, k, gsl_vector_get(t, k));
  int status = look(r, u);
  for (uint32_t i = 0; status == GSL_SUCCESS && i < r->s->n_row; i++)
    gsl_vector_set(f, i, r->s->weight[i] > 0 ? r->error[i] : 0);
  return status;
}

static int on_df(const gsl_vector *t, void *ctx, gsl_matrix *j)
{
  struct round *r = ctx;
  struct cr_fit_search *s = r->s;
  double u[CR_FIT_MOST];
  for (uint32_t k = 0; k < s->n; k++)
    u[k] = u_of_t(s, k, gsl_vector_get(t, k));
  if (s->slope_move != r->move || !is_same(s, u, s->slope_u)) {
    int status = is_same(s, u, r->u) ? GSL_SUCCESS : look(r, u);
    if (status != GSL_SUCCESS)
      return status;
    if (room(s) < 2.0 * s->n)
      return GSL_EMAXITER;
    r->rc = cr_fit_slopes(s, u, r->error, r->move, r->err);
    if (r->rc != CR_OK)
      return GSL_EFAILED;
  }
  for (uint32_t i = 0; i < s->n_row; i++)
    for (uint32_t k = 0; k < s->n; k++)
      gsl_matrix_set(j, i, k, s->slope[(size_t)i * s->n + k] * du_dt(s, k, u[k]));
  return GSL_SUCCESS;
}

/* Huber's weights of the errors at the best point. */
static void weigh(const struct cr_fit_search *s, gsl_vector *w)
{
  for (uint32_t i = 0; i < s->n_row; i++)
    gsl_vector_set(w, i, s->weight[i] > 0 ? s->weight[i] * fmin(1, cr_fit_k / fmax(fabs(s->error[i]), 1e-12)) : 0);
}

/* Steps with one set of weights, from the best point. */
static int reweighted_steps(struct round *r, gsl_multifit_nlinear_workspace *w, gsl_vector *t, gsl_vector *weight)
{
  struct cr_fit_search *s = r->s;
  gsl_multifit_nlinear_fdf fdf = {.f = on_f, .df = on_df, .n = s->n_row, .p = s->n, .params = r};
  for (uint32_t k = 0; k < s->n; k++)
    gsl_vector_set(t, k, t_of_u(s, k, s->u[k]));
  weigh(s, weight);
  int status = gsl_multifit_nlinear_winit(t, weight, &fdf, w);
  for (int step = 0; status == GSL_SUCCESS && step < MAX_STEPS; step++) {
    double before = s->loss;
    status = gsl_multifit_nlinear_iterate(w);
    if (s->loss > before * (1 - WORTH))
      break;
  }
  return r->rc;
}

/* --- the search ----------------------------------------------------------------------------------------------------- */

/* The first slopes say whether the table tells anything of each constant. */
static int check_told(struct cr_fit_search *s, struct cr_fit *out, struct cr_err *err)
{
  for (uint32_t k = 0; k < s->n; k++) {
    out->at[k].is_told = 0;
    for (uint32_t i = 0; i < s->n_row; i++)
      out->at[k].is_told |= s->slope[(size_t)i * s->n + k] != 0;
    if (!out->at[k].is_told && s->cfg->need_all) {
      const char *name = cr_gpu_constant_info[s->cfg->constant[k].id].name;
      return cr_fail(err, CR_EINPUT,
                     "no row depends on the constant '%s': leave it out, or give a table of runs in which it matters",
                     name);
    }
  }
  return CR_OK;
}

static int search(struct cr_fit_search *s, struct cr_fit *out, struct cr_err *err)
{
  gsl_multifit_nlinear_parameters parameters = gsl_multifit_nlinear_default_parameters();
  parameters.scale = gsl_multifit_nlinear_scale_levenberg; /* the unknowns are alike: parts of a logarithm */
  gsl_multifit_nlinear_workspace *w =
    gsl_multifit_nlinear_alloc(gsl_multifit_nlinear_trust, &parameters, s->n_row, s->n);
  gsl_vector *t = gsl_vector_alloc(s->n), *weight = gsl_vector_alloc(s->n_row);
  double *error = cr_mem_new(s->n_row, sizeof *error);
  int rc = w && t && weight && error ? CR_OK : cr_fail_nomem(err, "a fit");
  double move = MOVE;
  if (rc == CR_OK && room(s) >= 2.0 * s->n) {
    rc = cr_fit_slopes(s, s->u, s->error, move, err);
    rc = rc == CR_OK ? check_told(s, out, err) : rc;
  }
  while (rc == CR_OK && move >= MOVE_LEAST && room(s) >= 2.0 * s->n + 1) {
    double before = s->loss;
    struct round r = {.s = s, .move = move, .error = error, .rc = CR_OK, .err = err};
    rc = reweighted_steps(&r, w, t, weight);
    if (s->loss > before * (1 - WORTH))
      move /= 2;
  }
  out->converged = rc == CR_OK && (move < MOVE_LEAST || s->loss < 1e-6);
  cr_mem_free(error);
  gsl_vector_free(t);
  gsl_vector_free(weight);
  if (w)
    gsl_multifit_nlinear_free(w);
  return rc;
}

static int first_prediction(struct cr_fit_search *s, struct cr_err *err)
{
  for (uint32_t i = 0; i < s->n_row; i++)
    s->error[i] = NAN;
  memcpy(s->at[0], s->u, sizeof s->u);
  int rc = predict(s, 1, err);
  if (rc != CR_OK)
    return rc;
  uint32_t n[2] = {0, 0};
  for (uint32_t i = 0; i < s->n_row; i++)
    if (!isnan(s->error_at[i]))
      n[!is_closed(&s->row[i])]++;
  if (n[0] + n[1] == 0)
    return cr_fail(err, CR_EINPUT,
                   "no row can be judged: its clients finish too few requests; simulate more with --at-most");
  for (uint32_t i = 0; i < s->n_row; i++)
    if (!isnan(s->error_at[i]))
      s->weight[i] = is_closed(&s->row[i]) ? 1.0 / n[0] : (n[0] ? OPEN_WEIGHT : 1) / n[1];
  take_best(s, s->u, s->error_at);
  return CR_OK;
}

/* --- the whole ------------------------------------------------------------------------------------------------------ */

static int prepare(struct cr_fit_search *s, struct cr_arena *a, struct cr_err *err)
{
  s->n = s->cfg->n_constant;
  s->row = cr_predictor_rows(s->cfg->predictor, &s->n_row);
  s->error = cr_arena_take(a, s->n_row, sizeof *s->error);
  s->weight = cr_arena_take(a, s->n_row, sizeof *s->weight);
  s->slope = cr_arena_take(a, (size_t)s->n_row * s->n, sizeof *s->slope);
  s->slope_down = cr_arena_take(a, (size_t)s->n_row * s->n, sizeof *s->slope_down);
  s->at = cr_arena_take(a, s->n, sizeof *s->at);
  s->error_at = cr_arena_take(a, (size_t)s->n_row * s->n, sizeof *s->error_at);
  s->device = cr_arena_take(a, s->n, sizeof *s->device);
  s->setting = cr_arena_take(a, s->n, sizeof *s->setting);
  s->prediction = cr_arena_take(a, (size_t)s->n_row * s->n, sizeof *s->prediction);
  if (!s->error || !s->weight || !s->slope || !s->slope_down || !s->at || !s->error_at || !s->device || !s->setting ||
      !s->prediction)
    return cr_fail_nomem(err, "a fit");
  for (uint32_t k = 0; k < s->n; k++) {
    const struct cr_fit_constant *c = &s->cfg->constant[k];
    s->lo[k] = log(c->lo);
    s->hi[k] = log(c->hi);
    double u = log(fmax(s->cfg->device->constant[c->id], 1e-9));
    s->u[k] = u_of_t(s, k, t_of_u(s, k, u));
  }
  return CR_OK;
}

static void report(const struct cr_fit_search *s, struct cr_fit *out)
{
  out->n_constant = s->n;
  out->n_eval = s->n_eval;
  out->loss_pct = 100 * s->loss;
  out->pct = 100 * s->mean;
  for (uint32_t i = 0; i < s->n_row; i++)
    out->n_row += s->weight[i] > 0;
  for (uint32_t k = 0; k < s->n; k++) {
    struct cr_fit_value *at = &out->at[k];
    at->start = s->cfg->device->constant[s->cfg->constant[k].id];
    at->value = at->is_told ? exp(s->u[k]) : at->start;
    at->std_error = NAN;
    at->twin = -1;
  }
}

static int run(struct cr_fit_search *s, struct cr_fit *out, struct cr_err *err)
{
  for (uint32_t k = 0; k < s->n; k++)
    out->at[k].is_told = 1;
  int rc = first_prediction(s, err);
  if (rc != CR_OK)
    return rc;
  out->start_loss_pct = 100 * s->loss;
  out->start_pct = 100 * s->mean;
  rc = search(s, out, err);
  report(s, out);
  if (rc == CR_OK && s->cfg->errors)
    rc = cr_fit_errors(s, out, err);
  out->n_eval = s->n_eval;
  return rc;
}

int cr_fit_run(const struct cr_fit_cfg *cfg, struct cr_fit *out, struct cr_err *err)
{
  struct cr_arena *arena = cr_arena_new();
  struct cr_fit_search *s = arena ? cr_arena_take(arena, 1, sizeof *s) : NULL;
  int rc = CR_OK;
  memset(out, 0, sizeof *out);
  if (!s) {
    cr_arena_free(arena);
    return cr_fail_nomem(err, "a fit");
  }
  if (cfg->n_constant == 0)
    rc = cr_fail(err, CR_EINPUT, "no constant is to be fitted");
  s->cfg = cfg;
  if (rc == CR_OK)
    rc = prepare(s, arena, err);
  if (rc == CR_OK) {
    gsl_error_handler_t *handler = gsl_set_error_handler_off(); /* a step that cannot be made is no reason to abort */
    rc = run(s, out, err);
    gsl_set_error_handler(handler);
  }
  cr_arena_free(arena);
  return rc;
}
