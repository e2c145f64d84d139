/* stats.h - what a run came to: counters and latency distributions per client and per device.
 *
 * Latency runs from arrival to the end of the last op; service from when its stream reached the request; period is the
 * time between successive completions of a client.  Means are exact; quantiles come from histograms (sim/hist.h) and are
 * within 0.1 %.  Only requests that arrived after the warm-up count. */
#ifndef CR_STATS_H
#define CR_STATS_H
#include "sim/backend.h"
#include "sim/base.h"
#include "sim/hist.h"
#include "sim/live.h"
#include "sim/workload.h"

enum cr_metric { CR_LATENCY, CR_SERVICE, CR_PERIOD, CR_N_METRIC };
extern const char *const cr_metric_name[CR_N_METRIC]; /* "latency", "service", "period" */

enum cr_outcome { CR_DONE, CR_STALLED, CR_LIVELOCKED, CR_REFUSED, CR_INTERRUPTED, CR_FAILED };
extern const char *const cr_outcome_name[CR_FAILED + 1]; /* "done", "stalled", ... */

/* What the policy has decided about a client (cr_verdict of sim/policy.h), from the beginning of the run on. */
struct cr_verdicts {
  uint32_t n_demoted, n_restored, n_unbounded;
  uint8_t is_admitted, is_refused, is_demoted; /* demoted: at the end of the run */
  uint8_t why;                                 /* enum cr_why of the last one of those but UNBOUNDED */
  uint32_t about;                              /* the client that is the reason; CR_NONE: none */
};

struct cr_client_result {
  uint64_t n_arrived, n_done, n_dropped, n_missed; /* n_missed: finished after the deadline */
  uint64_t n_beyond;                               /* took longer than the client's bound */
  uint64_t n_pending;                              /* neither finished nor dropped at the end */
  cr_ns first_ns, last_ns;                         /* first counted arrival, last completion; CR_NS_NEVER: none */
  struct cr_hist *metric[CR_N_METRIC];             /* in ns */
  struct cr_verdicts verdicts;
};

/* One finished request, for the run database. */
struct cr_request_row {
  cr_ns arrive_ns, reach_ns, end_ns;
  uint32_t client;
  uint16_t missed, beyond; /* its deadline; its client's bound */
};

/* How a job ended. */
enum cr_job_end { CR_JOB_DONE, CR_JOB_REJECTED, CR_JOB_NO_MEMORY, CR_JOB_UNFINISHED, CR_N_JOB_END };
extern const char *const cr_job_end_name[CR_N_JOB_END]; /* "done", "rejected", "out of memory", "unfinished" */

/* One job's life; times that never came are CR_NS_NEVER.  Queuing is what the policy made it wait: (start - submit) +
 * (admit - ready); its completion time (JCT) is end - submit. */
struct cr_job_result {
  cr_ns submit_ns, start_ns, ready_ns, admit_ns, first_ns, end_ns; /* first: its first iteration began */
  cr_ns used_ns;                                                   /* its iterations' time on the device */
  enum cr_job_end how;
};

/* All jobs of a run together (field's terms: Salus section 5, Tiresias): over those done. */
struct cr_job_totals {
  uint64_t n, n_done, n_rejected, n_no_memory, n_unfinished;
  /* NAN when none is done. */
  double makespan_ns; /* last end - first submission, of any */
  double mean_queuing_ns, mean_jct_ns;
  double p50_jct_ns, p95_jct_ns; /* linear interpolation between order statistics, as pandas' quantile */
};

/* Of a device's memory, over a whole run: what jobs had reserved, and what of it was really in use (sim/memory_gauge.h). */
struct cr_memory_use {
  double reserved_mean_bytes, used_mean_bytes; /* NAN: the run took no time */
  int64_t reserved_peak_bytes, used_peak_bytes;
};

struct cr_request_sink {
  void *ctx;
  int (*write)(void *ctx, const struct cr_request_row *row, uint32_t n, struct cr_err *err);
};

struct cr_result {
  const char *policy;   /* as given: name and options; owned by the result */
  const char *backend;
  enum cr_outcome outcome;
  char why[512];        /* how it ended, when not done */
  cr_ns end_ns, warmup_ns;
  uint32_t n_client, n_device;
  struct cr_client_result *client; /* [n_client]; a job has no histograms */
  /* [n_client], or NULL when no client is a job; of others all times are NEVER, and how is CR_N_JOB_END */
  struct cr_job_result *job;
  struct cr_use *use;              /* [n_device] */
  struct cr_memory_use *memory;    /* [n_device], or NULL when no client is a job */
  uint64_t n_event, n_action, n_refused, n_preempt, n_callback, n_op;
  /* Of preemptions: ops stopped while they ran, ops given back with some of their blocks done, finished ops that the policy has
   * run again, and the time on the device of all that was done in vain. */
  uint64_t n_killed, n_cut, n_redone;
  cr_ns redone_ns;
  struct cr_hist *preempt; /* ns from a policy's wish to have a stream back (parking aside) until it held nothing */
  uint64_t ledger_hash, ledger_count;
  struct cr_live live;
};

void cr_verdicts_add(struct cr_verdicts *v, enum cr_verdict verdict, enum cr_why why, uint32_t about);
static inline int cr_verdicts_any(const struct cr_verdicts *v)
{
  return v->n_demoted + v->n_restored + v->n_unbounded + v->is_admitted + v->is_refused > 0;
}

int cr_result_init(struct cr_result *r, uint32_t n_client, uint32_t n_device, struct cr_err *err) CR_MUST;
/* The same for the clients of a workload, of which some may be jobs. */
int cr_result_init_for(struct cr_result *r, const struct cr_workload *w, uint32_t n_device, struct cr_err *err) CR_MUST;
void cr_result_fini(struct cr_result *r);

/* One request has finished: counts it in n_done, n_missed and n_beyond, sets first_ns and last_ns, and adds to the histograms.
 * Rows come in order of end_ns; one that arrived before warmup_ns is left out altogether.  n_arrived, n_dropped and
 * n_pending are the core's to count. */
void cr_result_add(struct cr_result *r, const struct cr_request_row *row);

/* Over the jobs of a run; NULL-safe: without jobs n is 0. */
int cr_result_jobs(const struct cr_result *r, struct cr_job_totals *out, struct cr_err *err) CR_MUST;

/* Completions per second between the end of the warm-up and the end of the run; 0 when there is no such time. */
double cr_result_throughput(const struct cr_result *r, uint32_t client);

#endif
