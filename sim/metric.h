/* metric.h - one number of a run, as a person names it: p99(rt), throughput(be), makespan.
 *
 *   QUANTITY(WHOM)   of clients: WHOM is rt, be, all, or the name of a client
 *   QUANTITY         of the whole run
 *
 * A class stands for its clients together: of latencies the mean is over all their requests, min and max over all, and
 * p50, p95 and p99 are those of the client that has the greatest; counts and throughputs are summed, missed is a share of
 * what they finished.  What a run cannot say (a quantile of nothing) is NAN. */
#ifndef CR_METRIC_H
#define CR_METRIC_H
#include "sim/base.h"
#include "sim/summary.h"
#include "sim/workload.h"

enum { CR_METRIC_TEXT = 120 }; /* characters of a metric at most */

struct cr_run_metric {
  uint32_t quantity;         /* its place in the table of metric.c */
  char whom[CR_METRIC_TEXT]; /* "" of the whole run */
  char text[CR_METRIC_TEXT]; /* as it is written: without spaces */
};

/* CR_EINPUT: no such quantity, or one that is of clients without them, or the other way round. */
int cr_run_metric_parse(const char *text, struct cr_run_metric *out, struct cr_err *err) CR_MUST;

/* CR_EINPUT: the workload has not whom the metric is of, or no jobs where it is of jobs. */
int cr_run_metric_check(const struct cr_run_metric *m, const struct cr_workload *w, struct cr_err *err) CR_MUST;

/* "ns", "1/s", "ratio" or "count". */
const char *cr_run_metric_unit(const struct cr_run_metric *m);

/* In that unit; n_client and n_device are the summary's. */
double cr_run_metric_value(const struct cr_run_metric *m, const struct cr_run_summary *run, uint32_t n_client,
                           uint32_t n_device);

/* A value in that unit as a person reads it ("4.31 ms", "103 /s"); "-" for NAN.  buf holds 32 bytes or more; returns it. */
char *cr_run_metric_format(const struct cr_run_metric *m, double value, char *buf, size_t n);

/* The i-th of the metrics that say most of a load; NULL: no more. */
const char *cr_run_metric_usual(const struct cr_workload *w, uint32_t i);

#endif
