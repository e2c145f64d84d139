/* range_counter.h - counts what kernels of one CUDA context do, with CUPTI's range profiler: each kernel launched between
 * start and stop is a range, in the order of launches.
 *
 * CUPTI then runs kernels one at a time, and again where counters do not fit into one pass.  Not safe for two threads at once. */
#ifndef CR_RANGE_COUNTER_H
#define CR_RANGE_COUNTER_H
#include "cupti-collector/profiler_calls.h"
#include "traces/spool_layout.h"

struct range_counter {
  const struct cupti_calls *cupti;
  const struct profiler_calls *calls;
  void *context; /* NULL: not open */
  uint32_t device;
  void *host, *profiler;                      /* CUPTI's: evaluates, counts */
  uint8_t *config, *data;                     /* what to count; what was counted */
  size_t n_config, n_data;                    /* bytes */
  size_t max_ranges, n_pass;                  /* between start and stop; of each kernel */
  const char *metric[CR_SPOOL_METRIC_N];      /* [n_metric] that this chip has */
  enum cr_spool_metric is[CR_SPOOL_METRIC_N]; /* [n_metric] which each is */
  size_t n_metric;
  int with_fp; /* set before it is opened: FP pipes, too, which takes a second pass on a GH100 */
  int initialized, running;
};

/* 0, or CUPTI's result with a sentence in why, and nothing is open. */
int range_counter_open(struct range_counter *r, void *context, size_t max_ranges, char *why, size_t why_cap);

/* Between start and stop, max_ranges kernels at most. */
int range_counter_start(struct range_counter *r, char *why, size_t why_cap);

/* *n_range: kernels counted since the start, 0 .. n_range - 1 for range_counter_read; *n_dropped: for which there was no room. */
int range_counter_stop(struct range_counter *r, size_t *n_range, size_t *n_dropped, char *why, size_t why_cap);

/* What the i-th kernel since the start did; NaN where it is not known. */
int range_counter_read(const struct range_counter *r, size_t i, double value[CR_SPOOL_METRIC_N], char *why,
                       size_t why_cap);

void range_counter_close(struct range_counter *r);

#endif
