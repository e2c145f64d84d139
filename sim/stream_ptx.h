/* stream_ptx.h - the part of a stand-in's text that reads DRAM, which plain and merged launches share.
 *
 * Each warp begins at a random chunk of a working set far larger than the L2 and goes on from there, so that nearly all chunks miss.  A
 * chunk is read by one load of the warp.  How many a round reads is a fraction, carried from round to round, and from warp to warp where
 * it starts: all warps of a launch read what was asked for, to a chunk.  Chunks of a round do not wait for each other; the round ends
 * with them.
 *
 * Takes: %r3 rounds, %r13 the thread's number in the launch; of its own are %s, %t, %v, %q.  Names parameters of the kernel:
 *   stream       u64  the working set; its contents do not matter
 *   stream_mask  u32  its chunks less 1, a power of two less 1 */
#ifndef CR_STREAM_PTX_H
#define CR_STREAM_PTX_H
#include "sim/text.h"

enum { CR_STREAM_CHUNK_BYTES = 1024, CR_STREAM_UNIT = 1 << 24, CR_STREAM_ROUND_MAX = 200 };

/* n_load: 1 to 4, chunks that are under way at once; a round that reads more takes turns. */
void cr_stream_ptx_declare(uint32_t n_load, struct cr_text *out);

/* Once, before the rounds; %s0 holds chunks a round, in CR_STREAM_UNIT, at most CR_STREAM_ROUND_MAX of them. */
void cr_stream_ptx_begin(uint32_t n_load, struct cr_text *out);

void cr_stream_ptx_load(uint32_t n_load, struct cr_text *out); /* early in a round */
void cr_stream_ptx_take(uint32_t n_load, struct cr_text *out); /* late in it: what was loaded must have come */
void cr_stream_ptx_end(struct cr_text *out);                   /* after the rounds: so that nothing was for nothing */

#endif
