/* ablate.h - what each mechanism of the device model is worth: a table predicted with one of them switched off at a time. */
#ifndef CR_ABLATE_H
#define CR_ABLATE_H
#include "calib/predict.h"
#include "calib/row_error.h"

struct cr_ablate_cfg {
  struct cr_predictor *predictor;
  const struct cr_device_desc *device;
  const char *model_set;         /* or NULL */
  const char *const *mechanism;  /* [n_mechanism] names that --set model.NAME=off knows */
  const char *const *what;       /* [n_mechanism] a line on each */
  uint32_t n_mechanism, n_worker;
  void (*on_progress)(void *ctx, cr_ns done, cr_ns all);
  void *progress_ctx;
};

struct cr_ablation {
  const char *mechanism, *what; /* "none" in the first: everything is as set */
  struct cr_error_stats mean, p99;
  uint32_t n_affected;    /* rows whose predicted mean changes by more than 1 % */
  double change_max_pct;  /* of a predicted mean, with its sign; 0 in the first */
  const char *scenario;   /* where that was; NULL: nowhere */
};

/* out: [n_mechanism + 1]. */
int cr_ablate_run(const struct cr_ablate_cfg *cfg, struct cr_ablation *out, struct cr_err *err) CR_MUST;

void cr_ablate_report(const struct cr_validate_report_cfg *cfg, const char *truth, const char *device,
                      const struct cr_ablation *a, uint32_t n, struct cr_text *out);

#endif
