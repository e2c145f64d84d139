/* fit.h - finds the constants of the device model that predict a measured table best, and how well that carries over.
 *
 * What is made small is the mean of |predicted - measured| / measured over the mean periods of closed rows, and 0.15 of the
 * same over the p50 of open rows: as robust as an absolute value, and no row, model or pair has a constant of its own. */
#ifndef CR_FIT_H
#define CR_FIT_H
#include "calib/predict.h"
#include "sim/machine.h"

/* A constant that is fitted: where it may lie. */
struct cr_fit_constant {
  enum cr_gpu_constant id;
  double lo, hi; /* 0 < lo < hi, in its unit */
};

/* list: "overhead,flat,cold"; NULL or "": all but those that isolated runs settle (profiler, memset_gap, replay, launch), what
 * datasheets and other tables say (clock, slice, ...), or that is chosen (join).  out: [CR_N_GPU_CONSTANT]. */
int cr_fit_choose(const struct cr_device_desc *d, const char *list, struct cr_fit_constant *out, uint32_t *n,
                  struct cr_err *err) CR_MUST;

struct cr_fit_cfg {
  struct cr_predictor *predictor;
  const struct cr_device_desc *device;    /* its constants are where the search begins */
  const char *model_set;                  /* must not set a constant that is fitted; or NULL */
  const struct cr_fit_constant *constant; /* [n_constant] */
  uint32_t n_constant;
  uint32_t n_worker;
  uint32_t max_eval;        /* predictions of the table at most, >= 1 */
  const unsigned char *use; /* [n_group] rows it may look at; NULL: all */
  void (*on_progress)(void *ctx, cr_ns done, cr_ns all); /* of predictions; or NULL */
  void *progress_ctx;
};

struct cr_fit {
  uint32_t n_constant, n_eval;
  double start[CR_N_GPU_CONSTANT], value[CR_N_GPU_CONSTANT]; /* [n_constant] in the unit of each */
  /* Standard error by a one-step jackknife over scenarios: how much the value would change were other scenarios measured.
   * NAN: the table does not determine the constant. */
  double std_error[CR_N_GPU_CONSTANT];
  double start_pct, value_pct; /* what was made small, in percent */
};

/* CR_EINTR: *out is the best so far, without standard errors. */
int cr_fit_run(const struct cr_fit_cfg *cfg, struct cr_fit *out, struct cr_err *err) CR_MUST;

/* What is made small, in percent, over the groups in use (NULL: all) and predictions that are there; NAN: no row. */
double cr_fit_objective_pct(const struct cr_predictor *p, const struct cr_prediction *prediction,
                            const unsigned char *use);

/* The device with these values of the constants. */
struct cr_device_desc cr_fit_device(const struct cr_device_desc *d, const struct cr_fit_constant *constant, uint32_t n,
                                    const double *value);

void cr_fit_report(const struct cr_fit_cfg *cfg, const struct cr_validate_report_cfg *report, const char *truth,
                   const struct cr_fit *fit, struct cr_text *out);

/* A `constants:` block of a device file; origin: of the values, without date. */
void cr_fit_yaml(const struct cr_fit_cfg *cfg, const struct cr_fit *fit, const char *origin, struct cr_text *out);

#endif
