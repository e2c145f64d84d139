/* row_error.h - how far predictions of a validation are off, over groups of its rows. */
#ifndef CR_ROW_ERROR_H
#define CR_ROW_ERROR_H
#include "calib/validate.h"
#include "sim/base.h"

/* What an error is taken of: the metrics of enum cr_truth_metric, then throughput. */
enum { CR_ERROR_THROUGHPUT = CR_N_TRUTH, CR_N_ERROR };

extern const char *const cr_error_column[CR_N_ERROR]; /* with the unit: "mean_ms", ..., "throughput_per_s" */
extern const char *const cr_error_name[CR_N_ERROR];   /* "mean", "p50", "p95", "p99", "throughput" */

double cr_row_measured(const struct cr_validate_row *row, uint32_t of);
double cr_row_predicted(const struct cr_validate_row *row, uint32_t of);
/* (predicted - measured) / measured, in percent; NAN when either is not known. */
double cr_row_error_pct(const struct cr_validate_row *row, uint32_t of);

double cr_row_again(const struct cr_validate_row *row, uint32_t of);
/* How far apart the GPU itself is: (second measurement - first) / first, in percent; NAN when either is not known. */
double cr_row_live_pct(const struct cr_validate_row *row, uint32_t of);

/* Rows whose error is known; with n == 0 the rest is NAN. */
struct cr_error_stats {
  uint32_t n;
  double mean_abs_pct, p95_abs_pct, max_abs_pct; /* of |error|; p95 linear between order statistics */
  double bias_pct;                               /* mean of the error with its sign */
};

/* Rows for which use() holds; use NULL: all.  scratch: [n_row]. */
struct cr_error_stats cr_error_stats(const struct cr_validate_row *row, uint32_t n_row, uint32_t of,
                                     int (*use)(const struct cr_validate_row *row, uint32_t key), uint32_t key,
                                     double *scratch);

/* The same of the live difference, whether a row was predicted or not. */
struct cr_error_stats cr_live_stats(const struct cr_validate_row *row, uint32_t n_row, uint32_t of,
                                    int (*use)(const struct cr_validate_row *row, uint32_t key), uint32_t key,
                                    double *scratch);

/* Places of the worst rows by |error|, at most n of them, worst first; ties in order of row.  place: [n_row], of which the
 * first (returned) are filled in order. */
uint32_t cr_error_worst(const struct cr_validate_row *row, uint32_t n_row, uint32_t of, uint32_t n, uint32_t *place);

#endif
