/* fit_int.h - what a search for constants and its standard errors share. */
#ifndef CR_FIT_INT_H
#define CR_FIT_INT_H
#include "calib/fit.h"

enum { CR_FIT_MOST = CR_N_GPU_CONSTANT };

/* Unknowns are logarithms of the constants; errors are relative ones of rows. */
struct cr_fit_search {
  const struct cr_fit_cfg *cfg;
  uint32_t n, n_row, n_eval;
  const struct cr_validate_row *row;
  double lo[CR_FIT_MOST], hi[CR_FIT_MOST];
  double *weight; /* [n_row] of the row in the loss; they sum to 1 and a little; 0: not judged */

  double u[CR_FIT_MOST]; /* the best point */
  double *error;         /* [n_row] there */
  double loss;           /* there */
  double mean;           /* of |error| there */

  double *slope, *slope_down;    /* [n_row][n] of the errors by the unknowns, and work space; */
  double slope_u[CR_FIT_MOST];   /* they are about this point, */
  double slope_move;             /* from moves of this size; 0: none are known */
  double (*at)[CR_FIT_MOST];     /* [CR_FIT_MOST] points to predict */
  double *error_at;              /* [CR_FIT_MOST][n_row] of them */
  struct cr_device_desc *device; /* [CR_FIT_MOST] */
  struct cr_prediction *prediction;
  struct cr_predict_setting *setting;
};

/* Beyond it an error counts as |error|. */
extern const double cr_fit_k;

/* Slopes of all rows about u, where their errors are error: means of those up and down, two predictions for each constant. */
int cr_fit_slopes(struct cr_fit_search *s, const double *u, const double *error, double move,
                  struct cr_err *err) CR_MUST;

/* Standard errors, and what each constant rests on, about the best point; two predictions for each constant. */
int cr_fit_errors(struct cr_fit_search *s, struct cr_fit *out, struct cr_err *err) CR_MUST;

#endif
