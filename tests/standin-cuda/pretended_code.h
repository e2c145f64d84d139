/* pretended_code.h - the code of the pretended GPU's kernels, and how many of their blocks an SM holds. */
#ifndef CR_PRETENDED_CODE_H
#define CR_PRETENDED_CODE_H
#include <stdint.h>

enum { SMS = 132, SM_WARPS = 64, SM_REGS = 65536, SM_SMEM = 233472, SM_BLOCKS = 32, BLOCK_SMEM = 232448 };

struct cr_cu_function {
  uint32_t regs, smem_max;
  int is_merged; /* a merged launch's, sim/merged_ptx.h */
  int spins;     /* a microbenchmark's, calib/bench_ptx.h */
};

uint32_t function_sm_blocks(const struct cr_cu_function *f, uint32_t threads, uint32_t smem);

#endif
