/* cross.h - cross-validation of the fitted constants: fitted on some scenarios, judged on those kept aside. */
#ifndef CR_CROSS_H
#define CR_CROSS_H
#include "calib/fit.h"
#include "calib/row_error.h"

/* HALF: random halves of the scenarios, as many with each number of clients in both, each half judged by the other, three
 * times.  MODEL: all scenarios in which a model occurs are kept aside, for each model. */
enum cr_cross_kind { CR_CROSS_HALF, CR_CROSS_MODEL };

struct cr_cross_cfg {
  struct cr_fit_cfg fit; /* use and progress are set here; max_eval is that of each fold */
  enum cr_cross_kind kind;
  uint64_t seed;
  void (*on_progress)(void *ctx, cr_ns done, cr_ns all);
  void *progress_ctx;
};

struct cr_cross_fold {
  const char *kept_aside; /* a model, or "half 1a" */
  uint32_t n_eval;
  struct cr_error_stats seen, unseen; /* of the mean of rows */
  double value[CR_N_GPU_CONSTANT];    /* [n_constant] */
};

struct cr_cross {
  struct cr_arena *arena;
  uint32_t n_fold, n_constant;
  struct cr_cross_fold *fold;         /* [n_fold] */
  double seen_pct, unseen_pct;        /* mean over folds of the mean absolute errors, rows weighing the same */
  double seen_bias_pct, unseen_bias_pct;
};

/* Every fold begins at constants that are off by up to a factor of 1.5 either way, so that it has to find its own. */
int cr_cross_run(const struct cr_cross_cfg *cfg, struct cr_cross **out, struct cr_err *err) CR_MUST;
void cr_cross_free(struct cr_cross *c);

void cr_cross_report(const struct cr_cross_cfg *cfg, const struct cr_validate_report_cfg *report, const char *truth,
                     const struct cr_cross *c, struct cr_text *out);

#endif
