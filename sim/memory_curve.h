/* memory_curve.h - the ephemeral memory of one iteration: bytes in use as a step function of the time since it began.
 *
 * The curve has a span, the time that its iteration took where it was recorded; an iteration that takes longer or shorter
 * goes through the same steps, stretched in proportion. */
#ifndef CR_MEMORY_CURVE_H
#define CR_MEMORY_CURVE_H
#include "sim/base.h"

struct cr_memory_step {
  cr_ns at_ns; /* from then on ... */
  int64_t bytes;
};

struct cr_memory_curve {
  const struct cr_memory_step *step; /* [n_step]; the first at 0, times ascend */
  uint32_t n_step;
  cr_ns span_ns;                  /* behind the last step */
  int64_t peak_bytes, mean_bytes; /* of the steps; mean over the span, rounded to nearest */
};

/* The curve of these steps, which are borrowed.  NULL: it is one; else what is wrong with them. */
const char *cr_memory_curve_make(const struct cr_memory_step *step, uint32_t n_step, cr_ns span_ns,
                                 struct cr_memory_curve *out) CR_MUST;

/* Joins neighbouring steps, which must be those of a curve, until at most max (> 0) are left; joined ones take the larger
 * bytes, so that no instant has less than before and the peak stays.  Joined first is what adds least bytes times time.
 * Steps of no length (the next has the same time) are joined to the next in any case.  Of equal bytes only the first is
 * kept. */
int cr_memory_curve_join(struct cr_memory_step *step, uint32_t *n_step, cr_ns span_ns, uint32_t max,
                         struct cr_err *err) CR_MUST;

#endif
