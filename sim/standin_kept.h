/* standin_kept.h - what other runs found for kernels (sim/standin_cache.h), a sample of which is measured again. */
#ifndef CR_STANDIN_KEPT_H
#define CR_STANDIN_KEPT_H
#include "sim/standin_cache.h"
#include "sim/standin_fit.h"

struct cr_standin_kept {
  struct cr_standin_fitter *fitter;
  struct cr_standin_cache *cache;
  uint32_t every; /* of those that are there, one is measured */
  uint32_t n_hit, n_checked, n_stale;
};

/* For n_op kernels or so. */
int cr_standin_kept_open(struct cr_standin_kept *k, struct cr_standin_fitter *fitter, uint32_t n_op,
                         struct cr_err *err) CR_MUST;

/* The rest of a fit of which asked, shape and wanted_ns are known; *is_there: whether it was found, and is not off. */
int cr_standin_kept_take(struct cr_standin_kept *k, struct cr_standin_fit *fit, int *is_there,
                         struct cr_err *err) CR_MUST;
int cr_standin_kept_put(const struct cr_standin_kept *k, const struct cr_standin_fit *fit, struct cr_err *err) CR_MUST;

/* More than a quarter of the sample is off: the GPU is not as it was. */
int cr_standin_kept_is_stale(const struct cr_standin_kept *k);
void cr_standin_kept_forget(struct cr_standin_kept *k);

int cr_standin_kept_close(struct cr_standin_kept *k, struct cr_err *err) CR_MUST; /* writes what is new */
void cr_standin_kept_free(struct cr_standin_kept *k); /* zero-initialised is fine, and closed */

#endif
