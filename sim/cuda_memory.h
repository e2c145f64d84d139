/* cuda_memory.h - the memory that jobs hold, really taken from a GPU: one plain allocation a job, and one a lane.
 *
 * What a holder gives up is given back to the driver when the GPU rests, when memory is needed, or at the end, since the driver may
 * wait for all that runs before it frees; until then an allocation of the same size is used again. */
#ifndef CR_CUDA_MEMORY_H
#define CR_CUDA_MEMORY_H
#include "sim/cuda_gpu.h"
#include "sim/live.h"
#include "sim/workload.h"

struct cr_cuda_memory;

/* budget_bytes: what jobs may hold at once.  Refused, with what there is, where the GPU has less free. */
int cr_cuda_memory_new(struct cr_cuda_gpu *gpu, const struct cr_workload *w, int64_t budget_bytes,
                       struct cr_cuda_memory **out, struct cr_err *err) CR_MUST;
void cr_cuda_memory_free(struct cr_cuda_memory *m); /* gives everything back; NULL is fine */

/* The holder (of sim/backend.h's hold) has so many bytes from now on.  CR_ERUN: the GPU has no more. */
int cr_cuda_memory_hold(struct cr_cuda_memory *m, uint32_t holder, int64_t bytes, struct cr_err *err) CR_MUST;

void cr_cuda_memory_give_back(struct cr_cuda_memory *m); /* what nobody holds; the GPU rests */

/* memory_held_max_bytes, memory_taken_max_bytes (with what was not yet given back), memory_allocations, memory_take_ns, _give_ns. */
void cr_cuda_memory_tell(const struct cr_cuda_memory *m, struct cr_live *out);

#endif
