/* pretended_code.h - the code of the pretended GPU's kernels, and how many of their blocks an SM holds. */
#ifndef CR_PRETENDED_CODE_H
#define CR_PRETENDED_CODE_H
#include <stdint.h>

enum { SMS = 132, SM_WARPS = 64, SM_REGS = 65536, SM_SMEM = 233472, SM_BLOCKS = 32, BLOCK_SMEM = 232448 };

/* SMs of a GPC, in which a cluster lies; blocks that it may have at most, and without asking. */
enum { GPC_SMS = 16, CLUSTER_MOST = 16, CLUSTER_PLAIN = 8 };

struct cr_cu_function {
  uint32_t regs, smem_max;
  int is_merged; /* a merged launch's, sim/merged_ptx.h */
  int spins;     /* a microbenchmark's, calib/bench_ptx.h */
  int is_for_clusters; /* written for a GPU that has them */
  int wide_clusters;   /* it may be launched in clusters of more than CLUSTER_PLAIN blocks */
};

uint32_t function_sm_blocks(const struct cr_cu_function *f, uint32_t threads, uint32_t smem);

/* What a launch of it in clusters of so many blocks is refused with; CR_CU_OK: it is not. */
int function_clusters(const struct cr_cu_function *f, uint32_t cluster_blocks);

#endif
