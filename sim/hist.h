/* hist.h - log-linear histogram of times: exact count, sum, least and greatest; quantiles within 0.1 %. */
#ifndef CR_HIST_H
#define CR_HIST_H
#include "sim/base.h"

struct cr_hist;

struct cr_hist *cr_hist_new(void) CR_MUST; /* allocates all it will ever need */
void cr_hist_free(struct cr_hist *h);
void cr_hist_add(struct cr_hist *h, cr_ns value_ns); /* negative values count as 0 */

/* Of these, NULL is an empty one. */
uint64_t cr_hist_count(const struct cr_hist *h);
double cr_hist_mean(const struct cr_hist *h);        /* ns; NAN when empty, as are the rest: */
cr_ns cr_hist_min(const struct cr_hist *h);          /* CR_NS_NEVER when empty */
cr_ns cr_hist_max(const struct cr_hist *h);          /* CR_NS_NEVER when empty */
/* The value below which q_ppm millionths lie (nearest rank); CR_NS_NEVER when empty. */
cr_ns cr_hist_quantile(const struct cr_hist *h, uint32_t q_ppm);

#endif
