/* memory_recording.h - recordings of what an allocator gave out within one iteration, made into curves of few steps.
 *
 * CSV with a row an event of PyTorch's caching allocator: time_us, action (alloc, free_completed; others change nothing that
 * was given out), bytes; and which model it is of: workload, or model and perhaps batch, or the caller's name. */
#ifndef CR_MEMORY_RECORDING_H
#define CR_MEMORY_RECORDING_H
#include "sim/base.h"
#include "sim/text.h"
#include "traces/iteration_table.h"
#include "traces/names.h"

struct cr_memory_recording_options {
  const char *name;                       /* of the file's only workload; NULL: the file says */
  uint32_t max_steps;                     /* > 0: a curve has no more */
  const struct cr_iteration_table *table; /* that all workloads must be in; or NULL */
  struct cr_names *taken;                 /* names there are already; those of the file are added */
};

/* Adds a workload's curve to out after the other (traces/memory_table.h), and a line of each to report: what was read,
 * and where it differs from what the table declares. */
int cr_memory_recording_read(const char *path, const struct cr_memory_recording_options *opt, struct cr_text *out,
                             struct cr_text *report, struct cr_err *err) CR_MUST;

#endif
