/* standin_shape.h - what a kernel's stand-in looks like: its launch, and what a round of its work is. */
#ifndef CR_STANDIN_SHAPE_H
#define CR_STANDIN_SHAPE_H
#include "sim/machine.h"
#include "sim/workload.h"

/* What of the traffic that was counted stand-ins make: none, that of DRAM, that of the L2, too. */
/* Of what is read from the L2 each byte is counted so often (lts__t_bytes): what lies in the half of an H200's L2 that is not the SM's
 * own passes both.  Clamp, add, gelu and silu kernels, whose bytes are known, were counted 1.55, 1.56, 1.51 and 1.56 times what they
 * read and write (medians of 420 kernels, calib/data/h200/micro/counters.csv.gz). */
static const double CR_STANDIN_L2_COUNTS = 1.55;

/* Bytes that a kernel moves through the L2, those of DRAM among them; 0: not counted. */
double cr_standin_l2_bytes(const struct cr_op_spec *op);

enum cr_standin_traffic { CR_STANDIN_TRAFFIC_OFF, CR_STANDIN_TRAFFIC_DRAM, CR_STANDIN_TRAFFIC_ALL };

/* Time alone = base + slope * rounds, of launches of one shape; chunks are those of all blocks and rounds (sim/stream_ptx.h). */
struct cr_standin_shape {
  uint32_t regs, carveout_percent, blocks, threads, smem; /* smem: beside a stand-in's own */
  uint32_t cluster_blocks;                                /* 1: it is launched in no clusters */
  uint32_t n_chain, fmas, n_load;
  uint32_t chunks, dram_chunks; /* that it reads; of these from DRAM, the others from the L2 */
  uint32_t code;                /* of sim/standin_code.h, once it is loaded */
  double base_ns, slope_ns;     /* slope 0: not measured yet */
  double most_rounds;           /* beyond what was measured the line is not followed */
};

/* Of a kernel that takes so long, the gap before it included. */
void cr_standin_shape(const struct cr_device_desc *d, const struct cr_op_spec *op, double ns,
                      enum cr_standin_traffic traffic, struct cr_standin_shape *out);

uint32_t cr_standin_least_rounds(const struct cr_standin_shape *h); /* that can hold its chunks */

/* Chunks that a warp reads in each of so many rounds, in CR_STREAM_UNIT. */
uint32_t cr_standin_per_round(const struct cr_standin_shape *h, uint32_t rounds);

uint32_t cr_standin_dram_share(const struct cr_standin_shape *h); /* of its chunks, in 2^-32; 2^32 - 1: all */

#endif
