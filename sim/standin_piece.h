/* standin_piece.h - what runs on a real GPU for an iteration of which only its time is known: a row of equal kernels.
 *
 * Each has as many blocks as the iteration keeps SMs busy, one an SM, since a block takes more than half of an SM's shared memory,
 * and takes PIECE_NS or so; together they take the iteration's time.  So iterations whose shares of the SMs add up to no more than
 * the GPU has do not slow each other, and others share the SMs kernel by kernel, which is what sim/iterations.h reckons with.  A
 * row instead of one long kernel, since of two kernels that each fill a GPU the second one waits for the end of the first. */
#ifndef CR_STANDIN_PIECE_H
#define CR_STANDIN_PIECE_H
#include "sim/machine.h"
#include "sim/workload.h"

/* Kernels of the op; 1: it is no iteration, or a short one. */
uint32_t cr_standin_piece_count(const struct cr_op_spec *op);

/* One of them, whose name is the op's. */
void cr_standin_piece_of(const struct cr_op_spec *op, const struct cr_device_desc *d, struct cr_op_spec *out);

#endif
