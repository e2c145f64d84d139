/* interval.c - what repeated runs say of a number. */
#include "config.h"

#include "studies/interval.h"

#include <math.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_rng.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics.h>

#include "sim/mem.h"

enum { RESAMPLES = 2000, BOOT_SEED = 1 };

static const double ROUNDING = 1e-12; /* of sums of equal values, as a share of their mean */

void cr_interval_t(const double *value, uint32_t n, double confidence, struct cr_interval *out)
{
  struct cr_interval v = {0, NAN, NAN, NAN, NAN, NAN, NAN};
  double sum = 0, squares = 0;
  for (uint32_t i = 0; i < n; i++)
    if (!isnan(value[i])) {
      sum += value[i];
      v.n++;
    }
  if (v.n)
    v.mean = sum / v.n;
  for (uint32_t i = 0; i < n; i++)
    if (!isnan(value[i]))
      squares += (value[i] - v.mean) * (value[i] - v.mean);
  if (v.n >= 2) {
    v.sd = sqrt(squares / (v.n - 1));
    double half = gsl_cdf_tdist_Pinv(0.5 + confidence / 2, v.n - 1) * v.sd / sqrt(v.n);
    v.t_low = v.mean - half;
    v.t_high = v.mean + half;
  }
  *out = v;
}

/* resample is [RESAMPLES], kept [n] without NANs. */
static void bootstrap(const double *kept, uint32_t n, double confidence, gsl_rng *rng, double *resample,
                      struct cr_interval *out)
{
  for (int r = 0; r < RESAMPLES; r++) {
    double sum = 0;
    for (uint32_t i = 0; i < n; i++)
      sum += kept[gsl_rng_uniform_int(rng, n)];
    resample[r] = sum / n;
  }
  gsl_sort(resample, 1, RESAMPLES);
  out->boot_low = gsl_stats_quantile_from_sorted_data(resample, 1, RESAMPLES, 0.5 - confidence / 2);
  out->boot_high = gsl_stats_quantile_from_sorted_data(resample, 1, RESAMPLES, 0.5 + confidence / 2);
}

int cr_interval_both(const double *value, uint32_t n, double confidence, struct cr_interval *out, struct cr_err *err)
{
  struct cr_interval v;
  cr_interval_t(value, n, confidence, &v);
  if (v.n < 2) {
    *out = v;
    return CR_OK;
  }
  double *kept = cr_mem_new(v.n, sizeof *kept), *resample = cr_mem_new(RESAMPLES, sizeof *resample);
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  int rc = kept && resample && rng ? CR_OK : cr_fail_nomem(err, "intervals");
  if (rc == CR_OK) {
    uint32_t n_kept = 0;
    for (uint32_t i = 0; i < n; i++)
      if (!isnan(value[i]))
        kept[n_kept++] = value[i];
    gsl_rng_set(rng, BOOT_SEED);
    bootstrap(kept, n_kept, confidence, rng, resample, &v);
    *out = v;
  }
  if (rng)
    gsl_rng_free(rng);
  cr_mem_free(kept);
  cr_mem_free(resample);
  return rc;
}

double cr_interval_share(const struct cr_interval *i)
{
  double half = (i->t_high - i->t_low) / 2;
  return half <= ROUNDING * fabs(i->mean) ? 0 : half / fabs(i->mean); /* NAN passes through */
}
