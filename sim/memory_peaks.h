/* memory_peaks.h - what jobs held and had reserved of a device over a run: the most in each of equally long parts of time.
 *
 * There are at most CR_MEMORY_PEAKS parts; a run that goes on past them makes each twice as long.  No peak is lost, only when
 * exactly within its part it was. */
#ifndef CR_MEMORY_PEAKS_H
#define CR_MEMORY_PEAKS_H
#include "sim/base.h"

enum { CR_MEMORY_PEAKS = 1024 };

struct cr_memory_peaks {
  cr_ns part_ns;                                                      /* how long a part is */
  cr_ns at_ns;                                                        /* up to where it is followed */
  int64_t held, reserved;                                             /* from then on, in bytes */
  uint32_t n;                                                         /* parts begun; 0: nothing was ever told */
  int64_t most_held[CR_MEMORY_PEAKS], most_reserved[CR_MEMORY_PEAKS]; /* in bytes */
};

void cr_memory_peaks_begin(struct cr_memory_peaks *p);

/* From at_ns on, which is not before the last time, so much is held for good and reserved. */
void cr_memory_peaks_tell(struct cr_memory_peaks *p, cr_ns at_ns, int64_t held_bytes, int64_t reserved_bytes);
void cr_memory_peaks_end(struct cr_memory_peaks *p, cr_ns end_ns);

#endif
