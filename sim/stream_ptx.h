/* stream_ptx.h - the part of a stand-in's text that reads DRAM and the L2, which plain and merged launches share.
 *
 * Each warp begins at a random chunk of a working set far larger than the L2 and goes on from there, so that nearly all chunks miss; those
 * that are to come from the L2 lie in the set's first chunks, few enough to stay there, in the same order.  A chunk is read by one
 * load of the warp, past the L1.  How many a round reads is a fraction, carried from round to round, and from warp to warp where
 * it starts: all warps of a launch read what was asked for, to a chunk.  So is the share of them that comes from DRAM: of those that a
 * launch reads it is what was asked for, to a chunk.  Chunks of a round do not wait for each other; the round ends with them.
 *
 * Takes: %r3 rounds, %r13 the thread's number in the launch; of its own are %s, %t, %v, %q.  Names parameters of the kernel:
 *   stream       u64  the working set; its contents do not matter
 *   stream_mask  u32  its chunks less 1, a power of two less 1
 *   l2_mask      u32  likewise, of the chunks that stay in the L2 */
#ifndef CR_STREAM_PTX_H
#define CR_STREAM_PTX_H
#include "sim/text.h"

enum { CR_STREAM_CHUNK_BYTES = 1024, CR_STREAM_UNIT = 1 << 24, CR_STREAM_ROUND_MAX = 200 };

/* n_load: 1 to 4, chunks that are under way at once; a round that reads more takes turns. */
void cr_stream_ptx_declare(uint32_t n_load, struct cr_text *out);

/* Once, before the rounds; %s0 holds chunks a round, in CR_STREAM_UNIT, at most CR_STREAM_ROUND_MAX of them, %s8 the share of them that
 * comes from DRAM, in 2^-32: 0 none, 2^32 - 1 all. */
void cr_stream_ptx_begin(uint32_t n_load, struct cr_text *out);

void cr_stream_ptx_load(uint32_t n_load, struct cr_text *out); /* early in a round */
void cr_stream_ptx_take(uint32_t n_load, struct cr_text *out); /* late in it: what was loaded must have come */
void cr_stream_ptx_end(struct cr_text *out);                   /* after the rounds: so that nothing was for nothing */

#endif
