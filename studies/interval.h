/* interval.h - what repeated runs say of a number: their mean, and between which limits the true mean lies.
 *
 * Runs of different seeds are independent replications (Law, Simulation Modeling and Analysis, 9.4.1). */
#ifndef CR_INTERVAL_H
#define CR_INTERVAL_H
#include "sim/base.h"

/* NAN: not known, which limits are of fewer than two values, and all of none. */
struct cr_interval {
  uint32_t n;
  double mean, sd;
  double t_low, t_high; /* Student's t: mean -+ t(n-1) sd / sqrt(n) */
  double boot_low,
    boot_high; /* percentile bootstrap (Efron, Annals of Statistics 1979), 2,000 resamples; the same for same values */
};

/* Of value[n], of which NANs are left out; confidence in (0, 1).  The limits of the bootstrap are left NAN. */
void cr_interval_t(const double *value, uint32_t n, double confidence, struct cr_interval *out);

/* The same with the bootstrap.  CR_ENOMEM. */
int cr_interval_both(const double *value, uint32_t n, double confidence, struct cr_interval *out,
                     struct cr_err *err) CR_MUST;

/* Half the width of the t interval as a share of the mean: 0.02 for 100 -+ 2.  NAN: not known; 0 of values that do not differ. */
double cr_interval_share(const struct cr_interval *i);

#endif
