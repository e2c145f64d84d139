/* predict.h - simulates the runs of a measured table, as often as wanted, under any constants of the device model.
 *
 * Everything is read and built when the predictor is opened; a prediction touches no file, and many may be spread over
 * processes.  Periods and service times are taken from the stream of finished requests, not from the run's histograms, so that
 * leaving out the first periods is exact and quantiles are those of the sample (linear between order statistics). */
#ifndef CR_PREDICT_H
#define CR_PREDICT_H
#include "calib/validate.h"

struct cr_predictor;

/* Uses all of cfg but its progress; cfg and what it points to stay as they are until the predictor is freed. */
int cr_predictor_open(const struct cr_validate_cfg *cfg, struct cr_predictor **out, struct cr_err *err) CR_MUST;
void cr_predictor_free(struct cr_predictor *p);

/* Rows of cfg->only, group after group, without predictions. */
const struct cr_validate_row *cr_predictor_rows(const struct cr_predictor *p, uint32_t *n);

/* The whole table. */
const struct cr_truth *cr_predictor_truth(const struct cr_predictor *p);

/* Rows that are simulated together. */
struct cr_predict_group {
  uint32_t first, n_row;
};
const struct cr_predict_group *cr_predictor_groups(const struct cr_predictor *p, uint32_t *n);

/* What a prediction depends on beside the table. */
struct cr_predict_setting {
  const struct cr_device_desc *device;
  const char *model_set; /* or NULL */
};

struct cr_prediction {
  double ms[CR_N_TRUTH], per_s; /* NAN: too few requests */
  int there;                    /* 0: not simulated, because nobody asked or the call was interrupted */
};

struct cr_predict_job {
  const struct cr_predict_setting *setting; /* [n_setting] */
  uint32_t n_setting;
  const unsigned char *use; /* [n_group] which groups; NULL: all */
  uint32_t n_worker;        /* processes; 0 counts as 1 */
  void (*on_progress)(void *ctx, cr_ns done, cr_ns all); /* of simulated time; or NULL */
  void *progress_ctx;
};

/* out: [n_setting * n_row], setting after setting.  CR_EINTR leaves there what was finished. */
int cr_predictor_run(struct cr_predictor *p, const struct cr_predict_job *job, struct cr_prediction *out,
                     struct cr_err *err) CR_MUST;

/* Simulated mean period of each row's model alone in a closed loop, in ms; out: [n_row]. */
int cr_predictor_alone(struct cr_predictor *p, const struct cr_predict_setting *setting, double *out,
                       struct cr_err *err) CR_MUST;

#endif
