/* pretended_times.h - what things take on the pretended GPU, in ns of the host's monotonic clock.
 *
 * STANDIN_TIMES sets, a list with commas:
 *   launch  from a launch to the first instruction      gap     between kernels of a stream
 *   single  more of it where they are not of one graph  write   a word
 *   evict   a kernel whose blocks all leave             block   and each of its blocks
 *   kill    from a stop word to the end                 duplex  percent of its time that a copy takes beside another
 *   speed   of a copy, in bytes a us (no time)          slice, switch   of processes that take turns (pretended_turn.h)
 * STANDIN_CUDA_PACE, in percent, makes all rounds of stand-ins longer. */
#ifndef CR_PRETENDED_TIMES_H
#define CR_PRETENDED_TIMES_H
#include <stdint.h>

enum { COPY_NS = 1500 };

struct times {
  int64_t launch, gap, single, write, evict, block, kill, duplex, speed, slice, change;
  int64_t pace; /* in percent */
};

void times_read(void); /* from the environment */
const struct times *times_of_gpu(void);

int64_t now_ns(void);

#endif
