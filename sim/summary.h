/* summary.h - the results of a command as plain numbers: what reports print and run databases keep.
 *
 * Made from results when runs end, or read back from a run database; a report cannot tell which, so that `corun show`
 * prints what `corun run` printed. */
#ifndef CR_SUMMARY_H
#define CR_SUMMARY_H
#include "sim/base.h"
#include "sim/machine.h"
#include "sim/mem.h"
#include "sim/stats.h"
#include "sim/workload.h"

/* Of one distribution.  With n == 0 the mean is NAN and the rest CR_NS_NEVER. */
struct cr_spread {
  uint64_t n;
  double mean_ns;
  cr_ns min_ns, p50_ns, p95_ns, p99_ns, max_ns;
};

struct cr_client_summary {
  const char *name, *model, *arrival;
  enum cr_class class;
  int32_t priority;
  cr_ns deadline_ns; /* CR_NS_NEVER: none */
  cr_ns bound_ns;    /* CR_NS_NEVER: none */
  uint64_t n_arrived, n_done, n_dropped, n_missed, n_beyond, n_pending;
  double throughput_per_s;
  struct cr_spread metric[CR_N_METRIC];
  struct cr_verdicts verdicts;
  const char *about; /* of verdicts: the client that is the reason; NULL: none */
};

/* Shares are of the whole run, warm-up included, 0..1; NAN: not known. */
struct cr_device_summary {
  const char *name;            /* NULL: the run had not this one, which others of the command had */
  int is_node;                 /* of CPU cores, or a GPU and a core: sm_use is of its cores, and n_kernel of layers */
  uint64_t n_kernel, n_copy, n_memset;
  double busy;                 /* of time, with at least one op on the device */
  double sm_use;               /* of SMs, holding at least one block */
  double warp_use;             /* of the warps that can be resident */
  double dram_use;             /* of the DRAM bandwidth */
  double copy_use;             /* of time, with at least one copy running */
  struct cr_memory_use memory; /* peaks CR_UNKNOWN and means NAN: not known, since there are no jobs */
};

/* All jobs of a run together; what is not in their totals is over all devices. */
struct cr_jobs_summary {
  struct cr_job_totals total;                   /* n == 0: there are none, and the rest is not known */
  double per_h;                                 /* done in an hour of the makespan; NAN: none done */
  const char *first_rejected, *first_no_memory; /* by name, in order of clients; NULL: there is none */
  double busy, sm_use;                          /* as of devices; their mean */
};

/* Of a run's preemptions, parking aside: from the wish to have a stream back until it held nothing, and what was done in vain
 * (sim/stats.h). */
struct cr_preempt_summary {
  struct cr_spread latency;
  uint64_t n_killed, n_cut, n_redone;
  cr_ns redone_ns;
};

struct cr_run_summary {
  const char *policy, *backend;
  enum cr_outcome outcome;
  const char *why; /* "" when done */
  cr_ns end_ns;
  uint64_t n_event, n_action, n_refused, n_preempt, n_callback, n_op, ledger_hash, ledger_count;
  struct cr_client_summary *client; /* [n_client] of the summary: those that are no jobs, in order */
  struct cr_device_summary *device; /* [n_device] of the summary */
  struct cr_jobs_summary jobs;
  struct cr_preempt_summary preempt;
  struct cr_live *live; /* NULL, or without facts: it was not in real time */
};

struct cr_summary {
  const char *version, *git, *command, *scenario, *about;
  uint64_t seed, workload_hash;
  cr_ns duration_ns, warmup_ns; /* duration CR_NS_NEVER: until all jobs have left */
  uint32_t n_run, n_client, n_device;
  struct cr_run_summary *run; /* [n_run] */
};

/* How many clients are no jobs: those that a summary names one by one. */
uint32_t cr_summary_clients(const struct cr_workload *w);

/* Room for n_run runs in the arena; the caller fills in the rest. */
int cr_summary_init(struct cr_summary *s, uint32_t n_run, uint32_t n_client, uint32_t n_device, struct cr_arena *arena,
                    struct cr_err *err) CR_MUST;

/* One run of a workload on a machine.  Strings are borrowed. */
void cr_summarize_client(const struct cr_result *r, uint32_t client, const struct cr_workload *w,
                         struct cr_client_summary *out);
struct cr_memory_use cr_memory_use_unknown(void);
void cr_summarize_device(const struct cr_result *r, uint32_t device, const struct cr_machine *m,
                         struct cr_device_summary *out);
void cr_summarize_preempts(const struct cr_result *r, struct cr_preempt_summary *out);
int cr_summarize_run(const struct cr_result *r, const struct cr_workload *w, const struct cr_machine *m,
                     struct cr_run_summary *out, struct cr_err *err) CR_MUST;

/* The jobs of a run, from their results and the summaries of its devices; the names are left for the caller to fill in. */
int cr_summarize_jobs(const struct cr_result *r, const struct cr_device_summary *device, struct cr_jobs_summary *out,
                      struct cr_err *err) CR_MUST;

/* The first job that ended so; CR_NONE: none did. */
uint32_t cr_summary_first_job(const struct cr_result *r, enum cr_job_end how);

/* What to compare policies by, jobs aside: the worst 99th percentile latency of an rt client (CR_NS_NEVER: none finished), and the
 * requests per second of all be clients together (NAN: there is none). */
cr_ns cr_run_rt_p99_ns(const struct cr_summary *s, uint32_t run);
double cr_run_be_per_s(const struct cr_summary *s, uint32_t run);

#endif
