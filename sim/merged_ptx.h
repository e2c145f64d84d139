/* merged_ptx.h - the text of a merged launch: one kernel whose blocks do the work of several stand-ins' blocks.
 *
 * One function, "merged", in PTX for compute capability 7.0 and later.  It stands for the merged kernel of REEF's dynamic kernel
 * padding (Han et al., OSDI 2022, section 5): its blocks are dealt out to its parts by where they lie, and each goes through
 * blocks of its part's kernel, its tasks, until none is left.  Block i lies in column i % columns and row i / columns
 * (sim/standin_merged.h says on which SMs these lie).  Its parameters, in order:
 *   part      struct cr_merged_part [CR_MERGED_PARTS]
 *   n_part    u32
 *   columns   u32
 *   data      u64  as a stand-in's
 *   stream, stream_mask, l2_mask  u64, u32, u32  likewise
 *
 * A block that lies in no part, and one that its part does not need, leaves at once.  Each part reports by itself, and obeys words
 * of its own, as a stand-in does, but that it counts tasks. */
#ifndef CR_MERGED_PTX_H
#define CR_MERGED_PTX_H
#include "sim/standin_ptx.h"

enum { CR_MERGED_PARTS = 8 };

/* counters, words, record, first, epoch, rounds, fmas, per_round, dram_share: as a stand-in's (sim/standin_ptx.h). */
struct cr_merged_part {
  uint64_t counters, words, record, first;
  uint32_t epoch;
  uint32_t n_task;   /* > 0 */
  uint32_t n_worker; /* blocks that share them: n_column * n_row, or n_task if that is less */
  uint32_t rounds, fmas, n_chain;
  uint32_t threads;                      /* of a block that work, a multiple of 32 */
  uint32_t column, n_column, row, n_row; /* the blocks of the part */
  uint32_t per_round, dram_share;
  uint32_t unused; /* so that the next one is aligned */
};

/* Appends it; n_live as in cr_standin_ptx; up to 11 it takes 32 registers. */
void cr_merged_ptx(uint32_t n_live, struct cr_text *out);

#endif
