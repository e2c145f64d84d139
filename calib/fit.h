/* fit.h - finds the constants of the device model that predict a measured table best, and how sure they are.
 *
 * What is made small is a robust mean of the relative errors: over the mean periods of closed rows, and with a weight of 0.15
 * over the p50 of open rows, Huber's loss (Annals of Mathematical Statistics, 1964) of each row, quadratic below 2 % and
 * as |error| beyond.  No row, model or pair has a constant of its own. */
#ifndef CR_FIT_H
#define CR_FIT_H
#include "calib/predict.h"
#include "sim/machine.h"

/* A constant that is fitted: where it may lie. */
struct cr_fit_constant {
  enum cr_gpu_constant id;
  double lo, hi; /* 0 < lo < hi, in its unit */
};

/* list: "overhead,flat,cold"; NULL or "": all but those that isolated runs settle (profiler, memset_gap, replay, launch),
 * what datasheets and other tables say (clock, slice, ...), or that is chosen (join).  option ("--constants") names what the
 * user wrote it with.  d: its constants, where they are known, give bounds to those that have none of their own.  out:
 * [CR_N_GPU_CONSTANT]. */
int cr_fit_choose(const struct cr_device_desc *d, const char *option, const char *list, struct cr_fit_constant *out,
                  uint32_t *n, struct cr_err *err) CR_MUST;

struct cr_fit_cfg {
  struct cr_predictor *predictor;
  const struct cr_device_desc *device;    /* its constants are where the search begins */
  const char *model_set;                  /* must not set a constant that is fitted; or NULL */
  const struct cr_fit_constant *constant; /* [n_constant] */
  uint32_t n_constant;
  int need_all; /* a constant on which no row depends is refused (CR_EINPUT); else it stays as it is */
  uint32_t n_worker;
  uint32_t max_eval;        /* predictions of the table at most, >= 1 */
  int errors;               /* standard errors are wanted: two predictions for each constant on top */
  const unsigned char *use; /* [n_group] rows it may look at; NULL: all */
  void (*on_progress)(void *ctx, cr_ns done, cr_ns all); /* of predictions; or NULL */
  void *progress_ctx;
};

/* By the number of clients that ran together, and open rows. */
enum cr_fit_kind { CR_FIT_ALONE, CR_FIT_PAIR, CR_FIT_FEW, CR_FIT_MANY, CR_FIT_OPEN, CR_N_FIT_KIND };
extern const char *const cr_fit_kind_name[CR_N_FIT_KIND]; /* "1 client", "2 clients", "3-4 clients", ... */

/* What is known of one fitted constant. */
struct cr_fit_value {
  double start, value; /* in its unit */
  /* From the covariance of the Jacobian, rows of one scenario counting as one witness: see fit_error.c.  NAN: the table does not
   * determine the constant, or standard errors were not wanted. */
  double std_error;
  int is_told;                 /* some row depends on it */
  uint32_t n_row;              /* rows whose prediction changes by 0.1 % or more when it changes by 10 % */
  double share[CR_N_FIT_KIND]; /* where what is known of it comes from; sums to 1, all 0 when nothing is */
  int twin;                    /* place of the constant with which its error goes together most; -1: none */
  double correlation;          /* with it */
};

struct cr_fit {
  uint32_t n_constant, n_eval, n_row;        /* n_row: that could be judged */
  int converged;                             /* 0: predictions were at an end before */
  double start_loss_pct, loss_pct;           /* what is made small */
  double start_pct, pct;                     /* mean of |error| likewise */
  struct cr_fit_value at[CR_N_GPU_CONSTANT]; /* [n_constant] */
};

/* CR_EINTR: *out is the best so far, without standard errors. */
int cr_fit_run(const struct cr_fit_cfg *cfg, struct cr_fit *out, struct cr_err *err) CR_MUST;

/* Mean of |error| of the mean of each row, as `corun validate` prints it; NAN: no row. */
double cr_fit_row_mean_pct(const struct cr_predictor *p, const struct cr_prediction *prediction);

/* The device with these values of the constants. */
struct cr_device_desc cr_fit_device(const struct cr_device_desc *d, const struct cr_fit_constant *constant,
                                    const struct cr_fit *fit);

/* "lower" or "upper" when the value of a constant wants to go further than it may, else "". */
const char *cr_fit_bound(const struct cr_fit_cfg *cfg, const struct cr_fit *fit, uint32_t k);

void cr_fit_report(const struct cr_fit_cfg *cfg, const struct cr_validate_report_cfg *report, const char *truth,
                   const struct cr_fit *fit, struct cr_text *out);

#endif
