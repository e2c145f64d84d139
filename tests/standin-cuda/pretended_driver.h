/* pretended_driver.h - the calls of the CUDA driver that the pretended GPU has, which are all that is seen of it, and its errors.
 *
 * It is a shared object that CORUN_LIBCUDA names, for tests of backend cuda.  The environment says what goes wrong (pretended_fault.h),
 * what things take (pretended_times.h), who takes turns (pretended_turn.h) and where to write what it told (pretended_op.h). */
#ifndef CR_PRETENDED_DRIVER_H
#define CR_PRETENDED_DRIVER_H
#include "sim/cuda_driver.h"

enum { INVALID = 1, NO_DEVICE = 100, INVALID_PTX = 218, LAUNCH_FAILED = 719 };

struct resource;
struct event;

#pragma GCC visibility push(default)
#define X(member, symbol, parameters) int symbol parameters;
CR_CUDA_CALLS(X)
#undef X

int cuDeviceTotalMem_v2(size_t *bytes, int device);

int cuDeviceGetDevResource(int device, struct resource *out, int kind);
int cuDevSmResourceSplitByCount(struct resource *out, unsigned *n, const struct resource *from, struct resource *rest,
                                unsigned flags, unsigned least);
int cuDevResourceGenerateDesc(void **out, struct resource *of, unsigned n);
int cuStreamBatchMemOp_v2(cr_cu_stream stream, unsigned n, struct cr_cu_memory_op *op, unsigned flags);
int cuGreenCtxCreate(void **out, void *description, int device, unsigned flags);
int cuGreenCtxDestroy(void *green);
int cuGreenCtxStreamCreate(cr_cu_stream *stream, void *green, unsigned flags, int priority);
int cuEventCreate(struct event **out, unsigned flags);
int cuEventRecord(struct event *event, cr_cu_stream stream);
int cuEventDestroy_v2(struct event *event);
int cuStreamWaitEvent(cr_cu_stream stream, struct event *event, unsigned flags);
#pragma GCC visibility pop

#endif
