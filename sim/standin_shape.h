/* standin_shape.h - what a kernel's stand-in looks like: its launch, and what a round of its work is. */
#ifndef CR_STANDIN_SHAPE_H
#define CR_STANDIN_SHAPE_H
#include "sim/machine.h"
#include "sim/workload.h"

/* Time alone = base + slope * rounds, of launches of one shape; chunks are those of all blocks and rounds (sim/stream_ptx.h). */
struct cr_standin_shape {
  uint32_t regs, carveout_percent, blocks, threads, smem; /* smem: beside a stand-in's own */
  uint32_t cluster_blocks;                                /* 1: it is launched in no clusters */
  uint32_t n_chain, fmas, n_load, chunks;
  uint32_t code;            /* of sim/standin_code.h, once it is loaded */
  double base_ns, slope_ns; /* slope 0: not measured yet */
  double most_rounds;       /* beyond what was measured the line is not followed */
};

/* Of a kernel that takes so long, the gap before it included.  reads: the DRAM bytes that were counted. */
void cr_standin_shape(const struct cr_device_desc *d, const struct cr_op_spec *op, double ns, int reads,
                      struct cr_standin_shape *out);

uint32_t cr_standin_least_rounds(const struct cr_standin_shape *h); /* that can hold its chunks */

/* Chunks that a warp reads in each of so many rounds, in CR_STREAM_UNIT. */
uint32_t cr_standin_per_round(const struct cr_standin_shape *h, uint32_t rounds);

#endif
