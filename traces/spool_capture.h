/* spool_capture.h - a spool (traces/spool.h) into a capture: what one process did on GPUs, as it was recorded.
 *
 * Kernels, copies and memsets without times, or with impossible ones, are left out and counted.  An op that begins a little
 * before the one before it in its stream has ended (the device's clock is good to 5 us) begins when that has ended. */
#ifndef CR_SPOOL_CAPTURE_H
#define CR_SPOOL_CAPTURE_H
#include "sim/base.h"
#include "sim/text.h"
#include "traces/capture.h"
#include "traces/capture_model.h"

struct cr_spool_watch {
  const volatile int *stop;                                              /* set from outside: CR_EINTR; or NULL */
  void (*on_progress)(void *ctx, int64_t done_bytes, int64_t all_bytes); /* each MiB; or NULL */
  void *ctx;
};

struct cr_spool_content {
  uint64_t n_record;
  uint64_t n_kernel;
  uint64_t n_untimed;        /* ops left out: without times, or with impossible ones */
  uint64_t n_moved;          /* ops that were moved back to the end of the one before */
  uint64_t n_graph_trace;    /* launches of graphs that were recorded as a whole: their kernels are not known */
  uint64_t n_without_symbol; /* kernels whose names stay mangled, for want of a C++ runtime */
  int has_calls;             /* calls of the CUDA API were asked for */
  cr_ns zero_ns;             /* the collector's time of 0 on the capture's clock */
};

/* capture: initialised, and ends with cr_capture_fini in any case.  missing gets a line for each thing that is missing or
 * was said while recording. */
int cr_spool_capture(const char *path, const struct cr_spool_watch *watch, struct cr_capture *capture,
                     struct cr_spool_content *content, struct cr_text *missing, struct cr_err *err) CR_MUST;

/* Ops that began in from_ns..to_ns, counted from the first, remain. */
void cr_spool_capture_window(struct cr_capture *capture, cr_ns from_ns, cr_ns to_ns);

/* For cr_capture_use.each_host; source is a struct cr_spool_host: each API call, and each begin of an NVTX range. */
struct cr_spool_host {
  const char *path;
  cr_ns zero_ns; /* of cr_spool_content */
};
int cr_spool_each_host(void *source, cr_capture_on_host *each, void *ctx, struct cr_err *err);

#endif
