/* row_error.c - how far predictions of a validation are off. */
#include "config.h"

#include "calib/row_error.h"

#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>

const char *const cr_error_column[CR_N_ERROR] = {"mean_ms", "p50_ms", "p95_ms", "p99_ms", "throughput_per_s"};
const char *const cr_error_name[CR_N_ERROR] = {"mean", "p50", "p95", "p99", "throughput"};

double cr_row_measured(const struct cr_validate_row *row, uint32_t of)
{
  return of < CR_N_TRUTH ? row->measured_ms[of] : row->measured_per_s;
}

double cr_row_predicted(const struct cr_validate_row *row, uint32_t of)
{
  return of < CR_N_TRUTH ? row->predicted_ms[of] : row->predicted_per_s;
}

double cr_row_error_pct(const struct cr_validate_row *row, uint32_t of)
{
  double measured = cr_row_measured(row, of);
  return 100 * (cr_row_predicted(row, of) - measured) / measured;
}

double cr_row_again(const struct cr_validate_row *row, uint32_t of)
{
  return of < CR_N_TRUTH ? row->again_ms[of] : row->again_per_s;
}

double cr_row_live_pct(const struct cr_validate_row *row, uint32_t of)
{
  double measured = cr_row_measured(row, of);
  return 100 * (cr_row_again(row, of) - measured) / measured;
}

static struct cr_error_stats stats_of(double (*pct)(const struct cr_validate_row *row, uint32_t of),
                                      const struct cr_validate_row *row, uint32_t n_row, uint32_t of,
                                      int (*use)(const struct cr_validate_row *row, uint32_t key), uint32_t key,
                                      double *scratch)
{
  struct cr_error_stats s = {0, NAN, NAN, NAN, NAN};
  double bias = 0;
  for (uint32_t i = 0; i < n_row; i++) {
    double e = use && !use(&row[i], key) ? NAN : pct(&row[i], of);
    if (isnan(e))
      continue;
    scratch[s.n++] = fabs(e);
    bias += e;
  }
  if (s.n == 0)
    return s;
  gsl_sort(scratch, 1, s.n);
  s.mean_abs_pct = gsl_stats_mean(scratch, 1, s.n);
  s.p95_abs_pct = gsl_stats_quantile_from_sorted_data(scratch, 1, s.n, 0.95);
  s.max_abs_pct = scratch[s.n - 1];
  s.bias_pct = bias / s.n;
  return s;
}

struct cr_error_stats cr_error_stats(const struct cr_validate_row *row, uint32_t n_row, uint32_t of,
                                     int (*use)(const struct cr_validate_row *row, uint32_t key), uint32_t key,
                                     double *scratch)
{
  return stats_of(cr_row_error_pct, row, n_row, of, use, key, scratch);
}

struct cr_error_stats cr_live_stats(const struct cr_validate_row *row, uint32_t n_row, uint32_t of,
                                    int (*use)(const struct cr_validate_row *row, uint32_t key), uint32_t key,
                                    double *scratch)
{
  return stats_of(cr_row_live_pct, row, n_row, of, use, key, scratch);
}

uint32_t cr_error_worst(const struct cr_validate_row *row, uint32_t n_row, uint32_t of, uint32_t n, uint32_t *place)
{
  uint32_t n_found = 0;
  for (uint32_t i = 0; i < n_row; i++) {
    double e = fabs(cr_row_error_pct(&row[i], of));
    if (isnan(e))
      continue;
    uint32_t at = n_found;
    while (at > 0 && fabs(cr_row_error_pct(&row[place[at - 1]], of)) < e)
      at--;
    if (at >= n)
      continue;
    n_found = cr_min_u32(n_found + 1, n);
    for (uint32_t j = n_found - 1; j > at; j--)
      place[j] = place[j - 1];
    place[at] = i;
  }
  return n_found;
}
