/* pretended_run.h - what runs on the pretended GPU, and how long.
 *
 * Streams run in order and beside each other, without end of room; priorities change nothing.  A stand-in of n blocks takes its waves
 * times BASE_NS + rounds * (SLOPE_NS + fmas * FMA_NS + chunks * CHUNK_NS) of the host's monotonic clock; its blocks obey the words of
 * an eviction as they begin and those of a kill at once, and it writes counters and records as the PTX does, by a timer OFFSET_NS
 * ahead.  Each part of a merged launch does so by itself, its waves being as wide as its part of the grid.  Kernels of
 * microbenchmarks (calib/bench_ptx.c) spin for as long as they say. */
#ifndef CR_PRETENDED_RUN_H
#define CR_PRETENDED_RUN_H
#include "tests/standin-cuda/pretended_stream.h"

/* Everything up to now, in order of time; when something happens next, or CR_NS_NEVER. */
int64_t run_until_now(struct cr_cu_stream *streams);

/* A kernel of the microbenchmarks runs that looks at a word of the host's memory, of which nobody tells. */
int run_looks_at_host(const struct cr_cu_stream *s);

#endif
