/* standin_ptx.h - the text of a stand-in: a kernel for a real GPU that has the shape of a recorded one and does work of its own.
 *
 * One function, "standin", in PTX for compute capability 7.0 and later, or for 9.0 and later where it is launched in clusters of
 * blocks, which it knows nothing of.  Its parameters, in order:
 *   counters  u64  struct cr_standin_counters of the launch, zeroed before the first one and by its last block; 0: it reports
 *                  nothing, and saves about a microsecond
 *   words     u64  u32: a block that finds it >= epoch as it begins leaves (eviction); 0: nobody will say so
 *   epoch     u32  > 0
 *   blocks    u32  of the launch
 *   rounds    u32  of work, in each thread: chunks that are read from the L2 and DRAM, and
 *   fmas      u32    so many times eight multiply-adds
 *   data      u64  a word that is never written
 *   record    u64  struct cr_standin_record, written by its last block to go
 *   first     u64  another launch's record, whose begin is copied to range_begin_ns; 0: none
 *   halt      u64  u32: a block that finds it >= epoch while it works stops (kill); 0: nobody will say so
 *   per_round u32  chunks a warp reads in a round, dram_share u32 of them from DRAM, and stream, stream_mask, l2_mask where:
 *                  sim/stream_ptx.h
 *
 * Times are the GPU's global timer.  The host sees that a launch has ended by record.end_ns, which is written last. */
#ifndef CR_STANDIN_PTX_H
#define CR_STANDIN_PTX_H
#include <stdatomic.h>

#include "sim/text.h"

struct cr_standin_counters {
  uint32_t n_gone, n_worked; /* one addition counts both */
  uint64_t begin_inverted;   /* ~ of the begin of the first block: so that 0 is none, and the greatest counts */
};

struct cr_standin_record {
  uint64_t begin_ns;       /* its first block; 0: none began, all were evicted */
  uint64_t range_begin_ns; /* that of `first` */
  uint64_t n_worked;       /* blocks that did all their work */
  _Atomic uint64_t end_ns; /* its last block, written last; 0: not yet */
};

_Static_assert(sizeof(struct cr_standin_record) == 32, "the GPU writes a record as four words");

/* Appends it.  n_live >= 4: values that a thread keeps in registers all along; it takes about a dozen registers more.  n_chain, 1 or
 * 4: of the multiply-adds so many chains do not wait for each other.  n_load: chunks that are under way at once, 1 to 4;
 * 0: it reads none. */
void cr_standin_ptx(uint32_t n_live, uint32_t n_chain, uint32_t n_load, int in_clusters, struct cr_text *out);

#endif
