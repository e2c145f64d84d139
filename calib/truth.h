/* truth.h - measured co-run tables: what ran together on a real GPU, and how long it took.
 *
 * A row is one client; the rows of one scenario and policy ran together and make a group.  The columns are described in
 * calib/data/h200/README.md.  Closed clients kept CR_TRUTH_DEPTH requests in flight and are timed by period, the first
 * CR_TRUTH_LEFT_OUT periods left out; open ones are timed by service, from when the stream reaches a request to its end. */
#ifndef CR_TRUTH_H
#define CR_TRUTH_H
#include "sim/base.h"
#include "sim/workload.h"

enum { CR_TRUTH_DEPTH = 2, CR_TRUTH_LEFT_OUT = 2 };

enum cr_truth_metric { CR_TRUTH_MEAN, CR_TRUTH_P50, CR_TRUTH_P95, CR_TRUTH_P99, CR_N_TRUTH };
extern const char *const cr_truth_metric_name[CR_N_TRUTH]; /* "mean", "p50", ... */

enum cr_truth_policy {
  CR_TRUTH_STREAMS,          /* every client its own stream, all of equal priority */
  CR_TRUTH_PRIORITY_STREAMS, /* the same, of the priorities in the table */
  CR_TRUTH_RT_ONLY,          /* the open clients of the scenario alone */
  CR_TRUTH_TIMESLICE,        /* every client its own process; they take turns */
  CR_TRUTH_MPS,              /* every client its own process under MPS */
  CR_TRUTH_MPS_25,           /* the same, each with 25 % of the threads active */
  CR_N_TRUTH_POLICY
};
extern const char *const cr_truth_policy_name[CR_N_TRUTH_POLICY]; /* "streams", "priority-streams", ... */

struct cr_truth_row {
  const char *scenario, *model;
  enum cr_truth_policy policy;
  enum cr_arrival_kind arrival; /* closed, uniform or poisson */
  uint32_t client, line;
  int32_t priority;
  double rate_per_s; /* 0 for closed */
  cr_ns phase_ns, duration_ns;
  double measured_ms[CR_N_TRUTH];           /* the mean is always there; NAN: not in the table */
  double measured_per_s;                    /* NAN: not in the table */
  double again_ms[CR_N_TRUTH], again_per_s; /* the same of the second measurement; NAN: there is none */
  const cr_ns *at_ns; /* [n_at] when its requests arrived, ascending; NULL: uniform, by rate and phase */
  uint32_t n_at;
};

/* Rows row[first] .. row[first + n_row - 1], by client number. */
struct cr_truth_group {
  uint32_t first, n_row;
};

struct cr_truth {
  uint32_t n_row, n_group;
  const struct cr_truth_row *row;     /* [n_row], group after group, groups as they first appear */
  const struct cr_truth_group *group; /* [n_group] */
  const char *path;                   /* of the table */
  const char *arrivals_path;          /* that was read; NULL: none */
  const char *again_path;             /* the second measurement that was read; NULL: none */
  uint32_t n_again_left;              /* rows of the second measurement that are not in the table */
  const char *const *column;          /* [n_column] of its file */
  uint32_t n_column;
  struct cr_arena *arena;
};

/* A table with a column `mode` is one of processes (corun-processes.csv): its clients are closed, unnumbered (they count in
 * the order of their rows) and ran CR_TRUTH_PROCESS_NS; its models have batch 1 and fp32 unless their names say so. */
#define CR_TRUTH_PROCESS_NS INT64_C(2000000000)

/* Reads a table and its arrival times (arrivals_path NULL: arrivals.csv beside the table, where there is one).  Refused are
 * rows that could not be run: an open client without rate or times, a poisson client without times, a client twice in one
 * group, groups whose rows differ in duration. */
int cr_truth_read(const char *path, const char *arrivals_path, struct cr_truth **out, struct cr_err *err) CR_MUST;
void cr_truth_free(struct cr_truth *t);

/* Gives the rows their second measurement, by another process: a table of the same columns (path NULL: again.csv beside
 * the table, where there is one).  Rows are matched by scenario, policy and client; refused are rows of what was not the
 * same run after all, because model, priority, arrivals or duration differ.  On failure t is as it was. */
int cr_truth_read_again(struct cr_truth *t, const char *path, struct cr_err *err) CR_MUST;

#endif
