/* clock_align.h - what CUPTI's clock and the host's say at one moment. */
#ifndef CR_CLOCK_ALIGN_H
#define CR_CLOCK_ALIGN_H
#include "cupti-collector/cupti_calls.h"
#include "traces/spool_layout.h"

/* The best of a few readings; 0 when CUPTI's clock cannot be read. */
int clock_align(const struct cupti_calls *c, enum cr_spool_clock_when when, struct cr_spool_clock *out);

uint64_t clock_realtime_ns(void);
uint64_t clock_monotonic_ns(void);

#endif
