/* slices.h - time slicing: processes that take turns on a device.
 *
 * Without MPS, kernels of different processes never run together.  Each process has a device model of its own whose clock
 * runs only while the process owns the device.  The owner keeps it for a time slice, or until it has nothing to do; then
 * the next process in turn that has work takes over, after a switch in which nobody runs; a shorter one when the owner had
 * nothing to do.  What an owner leaves behind is
 * kept as it was and goes on when its turn comes again: running blocks are saved and restored by the device.
 *
 * Launch calls of an eager program's host thread go on while its process waits; gaps and launch latencies on the device
 * do not. */
#ifndef CR_SLICES_H
#define CR_SLICES_H
#include "sim/device_model.h"

struct cr_slices;

/* inner: what each process gets one of; switch_ns, yield_ns: of a change of owner at the end of a slice, or before it
 * because the owner has nothing to do. */
int cr_slices_new(const struct cr_device_model_cfg *cfg, const struct cr_device_model_ops *inner, cr_ns switch_ns,
                  cr_ns yield_ns, struct cr_slices **out, struct cr_err *err) CR_MUST;

/* One more process, numbered in order from 0; there may be as many as streams.  slice_ns > 0. */
int cr_slices_add_process(struct cr_slices *s, cr_ns slice_ns, struct cr_err *err) CR_MUST;

/* Each stream once, before any other call about it. */
void cr_slices_put(struct cr_slices *s, uint32_t stream, uint32_t process);

/* self is the struct cr_slices; there is no make. */
extern const struct cr_device_model_ops cr_device_slices;

#endif
