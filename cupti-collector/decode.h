/* decode.h - turns a buffer of CUPTI's records into records of a spool. */
#ifndef CR_DECODE_H
#define CR_DECODE_H
#include "cupti-collector/cupti_calls.h"
#include "traces/spool_write.h"

struct decoder {
  const struct cupti_calls *calls;
  struct cr_spool_writer *w;
  struct cr_spool_counts *counts;
  uint64_t since_ns; /* records that ended before, in CUPTI's time, are the parent's; 0: there is none */
};

/* All records of a buffer with so many bytes of them.  What is malformed, unknown or without times is counted. */
void decode_buffer(struct decoder *d, uint8_t *bytes, size_t n_valid);

#endif
