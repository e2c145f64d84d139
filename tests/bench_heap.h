/* bench_heap.h - how fast the event queue is. */
#ifndef CR_BENCH_HEAP_H
#define CR_BENCH_HEAP_H
#include <stdint.h>

/* Hold operations (least entry out, a new one in at an exponential-like later time) a second, with so many pending,
 * over n of them; the hold model of Jones, CACM 29(4), 1986.  Below 0: out of memory. */
double bench_heap_hold(uint32_t pending, uint64_t n);

#endif
