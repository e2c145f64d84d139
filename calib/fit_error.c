/* fit_error.c - how sure fitted constants are, and what they rest on.
 *
 * With J the slopes of the errors by the logarithms, w the weights of rows and psi' the second derivative of Huber's loss (1
 * within k, 0 beyond: those rows pull equally hard wherever they are), the curvature is A = J' w psi' J, of which GSL gives the
 * inverse (gsl_multifit_nlinear_covar).  Rows of one scenario share their models and are no independent witnesses, so that what
 * scatters is the gradient of a scenario, g_s, and the covariance is A^-1 (sum of g_s g_s') A^-1 n / (n - 1), n scenarios
 * (Huber, Fifth Berkeley Symposium, 1967; Liang and Zeger, Biometrika, 1986, for clusters).  Slopes are over
 * wide moves: noise of slopes would make errors small. */
#include "config.h"

#include "calib/fit_int.h"

#include <gsl/gsl_blas.h>
#include <gsl/gsl_multifit_nlinear.h>
#include <math.h>
#include <string.h>

const char *const cr_fit_kind_name[CR_N_FIT_KIND] = {"1 client", "2 clients", "3-4 clients", "5+ clients", "open"};

static const double WIDE_MOVE = 0.3; /* of a logarithm, up and down */
static const double TELLS = 0.01;    /* 0.1 % of a row for 10 % of a constant */

static enum cr_fit_kind kind_of(const struct cr_validate_row *row)
{
  if (strcmp(row->arrival, cr_arrival_name[CR_ARRIVE_CLOSED]) != 0)
    return CR_FIT_OPEN;
  return row->n_client < 2    ? CR_FIT_ALONE
         : row->n_client == 2 ? CR_FIT_PAIR
         : row->n_client < 5  ? CR_FIT_FEW
                              : CR_FIT_MANY;
}

/* Rows within k, each times the root of its weight; j: [n_row][n]. */
static void curved_rows(const struct cr_fit_search *s, gsl_matrix *j)
{
  for (uint32_t i = 0; i < s->n_row; i++) {
    double root = s->weight[i] > 0 && fabs(s->error[i]) < cr_fit_k ? sqrt(s->weight[i] / cr_fit_k) : 0;
    for (uint32_t k = 0; k < s->n; k++)
      gsl_matrix_set(j, i, k, root * s->slope[(size_t)i * s->n + k]);
  }
}

/* Sum over scenarios of the squares of their gradients; returns how many there are.  A scenario's rows follow each other. */
static uint32_t scatter(const struct cr_fit_search *s, gsl_vector *g, gsl_matrix *sum)
{
  uint32_t n_scenario = 0;
  gsl_matrix_set_zero(sum);
  for (uint32_t i = 0; i < s->n_row;) {
    uint32_t from = i;
    gsl_vector_set_zero(g);
    for (; i < s->n_row && strcmp(s->row[i].scenario, s->row[from].scenario) == 0; i++) {
      double pull = s->weight[i] > 0 ? s->weight[i] * fmax(-1, fmin(1, s->error[i] / cr_fit_k)) : 0;
      for (uint32_t k = 0; pull != 0 && k < s->n; k++)
        *gsl_vector_ptr(g, k) += pull * s->slope[(size_t)i * s->n + k];
    }
    gsl_blas_dger(1, g, g, sum);
    n_scenario++;
  }
  return n_scenario;
}

/* cov = a^-1 sum a^-1, with inverse a^-1. */
static void sandwich(const gsl_matrix *inverse, const gsl_matrix *sum, double factor, gsl_matrix *work, gsl_matrix *cov)
{
  gsl_blas_dgemm(CblasNoTrans, CblasNoTrans, 1, inverse, sum, 0, work);
  gsl_blas_dgemm(CblasNoTrans, CblasNoTrans, factor, work, inverse, 0, cov);
}

/* From a covariance of logarithms; a constant whose curvature has no inverse is not determined. */
static void take_errors(const gsl_matrix *inverse, const gsl_matrix *cov, struct cr_fit *out)
{
  for (uint32_t k = 0; k < out->n_constant; k++) {
    struct cr_fit_value *at = &out->at[k];
    double variance = gsl_matrix_get(cov, k, k);
    int is_known = at->is_told && gsl_matrix_get(inverse, k, k) > 0 && variance >= 0 && isfinite(variance);
    at->std_error = is_known ? at->value * sqrt(variance) : NAN;
    for (uint32_t l = 0; l < out->n_constant; l++) {
      double both = variance * gsl_matrix_get(cov, l, l);
      double r = l != k && both > 0 ? gsl_matrix_get(cov, k, l) / sqrt(both) : 0;
      if (fabs(r) > fabs(at->correlation)) {
        at->correlation = r;
        at->twin = (int)l;
      }
    }
  }
}

static void take_rows(const struct cr_fit_search *s, const gsl_matrix *j, struct cr_fit *out)
{
  for (uint32_t k = 0; k < s->n; k++) {
    struct cr_fit_value *at = &out->at[k];
    double sum = 0;
    for (uint32_t i = 0; i < s->n_row; i++) {
      double knows = gsl_matrix_get(j, i, k) * gsl_matrix_get(j, i, k);
      at->share[kind_of(&s->row[i])] += knows;
      sum += knows;
      at->n_row += fabs(s->slope[(size_t)i * s->n + k]) >= TELLS;
    }
    for (int kind = 0; sum > 0 && kind < CR_N_FIT_KIND; kind++)
      at->share[kind] /= sum;
  }
}

int cr_fit_errors(struct cr_fit_search *s, struct cr_fit *out, struct cr_err *err)
{
  int rc = cr_fit_slopes(s, s->u, s->error, WIDE_MOVE, err);
  if (rc != CR_OK)
    return rc;
  gsl_matrix *j = gsl_matrix_alloc(s->n_row, s->n), *inverse = gsl_matrix_calloc(s->n, s->n);
  gsl_matrix *sum = gsl_matrix_alloc(s->n, s->n), *work = gsl_matrix_alloc(s->n, s->n),
             *cov = gsl_matrix_alloc(s->n, s->n);
  gsl_vector *g = gsl_vector_alloc(s->n);
  if (j && inverse && sum && work && cov && g) {
    curved_rows(s, j);
    uint32_t n = scatter(s, g, sum);
    take_rows(s, j, out);
    if (n > 1 && gsl_multifit_nlinear_covar(j, 1e-6, inverse) == 0) {
      sandwich(inverse, sum, n / (n - 1.0), work, cov);
      take_errors(inverse, cov, out);
    }
  } else {
    rc = cr_fail_nomem(err, "standard errors");
  }
  gsl_matrix_free(j);
  gsl_matrix_free(inverse);
  gsl_matrix_free(sum);
  gsl_matrix_free(work);
  gsl_matrix_free(cov);
  gsl_vector_free(g);
  return rc;
}
