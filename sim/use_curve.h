/* use_curve.h - how much of each device was in use over a run, at a bounded number of moments.
 *
 * What is kept are the devices' running totals (struct cr_use), so that the mean between any two moments is exact, however far
 * apart they are.  When there are too many moments, at least half are forgotten, and from then on they are taken further apart. */
#ifndef CR_USE_CURVE_H
#define CR_USE_CURVE_H
#include "sim/backend.h"
#include "sim/base.h"

enum { CR_USE_CURVE_MOMENTS = 1024 };

struct cr_use_curve;

/* For runs with at most n_device devices. */
struct cr_use_curve *cr_use_curve_new(uint32_t n_device) CR_MUST;
void cr_use_curve_free(struct cr_use_curve *c);
void cr_use_curve_begin(struct cr_use_curve *c); /* a run begins: what was kept is forgotten */

/* From when on a moment is wanted. */
cr_ns cr_use_curve_due_ns(const struct cr_use_curve *c);

/* A moment, not before the last one: use is [n_device], of which so many as the run has count.  One at the same time replaces the
 * last. */
void cr_use_curve_add(struct cr_use_curve *c, cr_ns at_ns, const struct cr_use *use, uint32_t n_device);

/* Moment i of *n of a device.  Totals are ns of time with work on the device, and ns times SMs; that is negative where nobody saw
 * it. */
uint32_t cr_use_curve_n(const struct cr_use_curve *c);
cr_ns cr_use_curve_at_ns(const struct cr_use_curve *c, uint32_t i);
void cr_use_curve_get(const struct cr_use_curve *c, uint32_t i, uint32_t device, double *busy_ns, double *sm_ns);

#endif
