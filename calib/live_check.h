/* live_check.h - scenarios in real time against the simulator: what was predicted, what was measured, and how much runs differ among
 * themselves.
 *
 * Each scenario is run n times in real time under each policy and once in the simulator, all with the scenario's seed; or what was
 * measured so comes from a table that an earlier comparison left (calib/live_csv.h), and nothing runs in real time.  How fast the
 * host launches is no property of the GPU, and changes from minute to minute on a machine that others use: where ops are launched one
 * by one, the simulator is told what a launch took in these very runs (prices push and push_serial, unless the user sets them).  Of every
 * client three things are compared: the mean time (period of a closed client, latency of others), its 99th percentile, and
 * throughput.  Of a job its completion time (JCT) is, and of all jobs together the mean of these, how long they queued, and the
 * makespan.  Whether the simulator puts two policies in the order in which they are is calib/live_order.h's question. */
#ifndef CR_LIVE_CHECK_H
#define CR_LIVE_CHECK_H
#include "calib/live_csv.h"
#include "calib/live_order.h"
#include "sim/core.h"
#include "sim/report.h"
#include "traces/scenario.h"

enum cr_live_metric {
  CR_LIVE_MEAN,
  CR_LIVE_P99,
  CR_LIVE_THROUGHPUT,
  CR_LIVE_JCT, /* of a job; those that follow, of all jobs */
  CR_LIVE_MEAN_JCT,
  CR_LIVE_QUEUING,
  CR_LIVE_MAKESPAN,
  CR_N_LIVE_METRIC
};
extern const char *const cr_live_metric_name[CR_N_LIVE_METRIC]; /* "mean_ms", "p99_ms", "per_s", "jct_ms", .. */

struct cr_live_row {
  const char *scenario, *policy, *client, *arrival; /* of the check's arena */
  uint32_t number;                                  /* of the client; CR_NONE: it is of all jobs */
  enum cr_class class;
  enum cr_live_metric metric;
  double predicted, measured, low, high; /* ms, or a second; measured: the mean of runs between low and high */
  double
    base; /* what errors and spreads are shares of: what was measured; of queuing, which may be none, the mean JCT */
  const char *table; /* its measurement is from; NULL: it was made now */
  uint32_t n_run;    /* 0: not known */
  cr_ns duration_ns; /* of the scenario; CR_NS_NEVER: until all jobs had left */
  double launch_us;  /* that an op launched by itself took the host in these runs, mean; NAN: none was, or it is not known */
};

struct cr_live_check;
struct cr_live_check *cr_live_check_new(uint32_t n_run) CR_MUST; /* NULL: no memory */
void cr_live_check_free(struct cr_live_check *c);                /* NULL is fine */

/* One scenario under one policy; the policies of a scenario come one after the other. */
struct cr_live_case {
  const struct cr_scenario *scenario; /* read by the call alone */
  uint32_t number;                    /* of the scenario, from 0: policies are put in order within one */
  const struct cr_policy_ops *policy;
  const char *options, *spec; /* spec: as it is to be called */
  const struct cr_backend_ops *backend;
  const struct cr_live_table
    *measured; /* NULL: it runs on the backend; else each row must be in it, and no others of the case */
  const volatile int *stop;
};
int cr_live_check_add(struct cr_live_check *c, const struct cr_live_case *what, struct cr_err *err) CR_MUST;

const struct cr_live_row *cr_live_check_rows(const struct cr_live_check *c, uint32_t *n);
double cr_live_error(const struct cr_live_row *r); /* (predicted - measured) / base */

/* Mean of absolute errors over rows of one metric; NAN without any. */
double cr_live_check_mean_error(const struct cr_live_check *c, enum cr_live_metric metric);

/* A place for each case, for calib/live_order.h.  Of a table rt time and throughput lie between bounds that are put together of
 * those of the clients, so that they are no narrower than those of the runs. */
const struct cr_live_place *cr_live_check_places(const struct cr_live_check *c, uint32_t *n);

void cr_live_check_report(const struct cr_live_check *c, enum cr_format format, const char *command, int color,
                          struct cr_text *out);

#endif
