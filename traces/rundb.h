/* rundb.h - the run database: results, requests, ledger and provenance of a command's runs, in one SQLite file.
 *
 * STRICT tables, application_id "crrn".  Written to PATH.partial and renamed when complete, so that nothing half-written
 * ever bears the name; an interrupted run is completed too, with its outcome "interrupted".  No clock, host or process
 * number goes in: the same command gives the same file. */
#ifndef CR_RUNDB_H
#define CR_RUNDB_H
#include "sim/base.h"
#include "sim/core.h"
#include "sim/memory_peaks.h"
#include "sim/report.h"
#include "sim/summary.h"
#include "sim/use_curve.h"
#include "traces/scenario.h"

#define CR_RUNDB_VERSION 4 /* 2: jobs; 3: what preemption cost; 4: verdicts, nodes, bounds */
#define CR_RUNDB_APPLICATION_ID 0x6372726e /* "crrn" */

struct cr_rundb;

/* What a reader needs to do the runs again; strings are borrowed for the call. */
struct cr_rundb_cfg {
  const char *command;              /* the command that decides the results, without its outputs */
  const struct cr_scenario *scenario;
  const struct cr_scenario *undivided; /* of the runs of policies that have it so; NULL: there are none */
  const char *scenario_path;        /* as given on the command line */
  uint64_t seed;
  const char *device;               /* -d, or NULL */
  const char *const *store;         /* [n_store] --traces */
  uint32_t n_store;
  int overwrite;                    /* else a path that exists is refused */
};

int cr_rundb_create(const char *path, const struct cr_rundb_cfg *cfg, struct cr_rundb **out, struct cr_err *err) CR_MUST;

/* One run begins: the sinks to give to the core, good until cr_rundb_end. */
int cr_rundb_begin(struct cr_rundb *db, const char *policy, const char *backend, struct cr_ledger_sink *ledger,
                   struct cr_request_sink *requests, struct cr_err *err) CR_MUST;
/* The run that begins next is of the undivided platform, or not. */
void cr_rundb_set_undivided(struct cr_rundb *db, int is_undivided);
int cr_rundb_end(struct cr_rundb *db, const struct cr_result *result, struct cr_err *err) CR_MUST;

/* What was in use over time of a device of the run that has just ended; memory that was never told of is left out. */
int cr_rundb_add_curves(struct cr_rundb *db, uint32_t device, const struct cr_use_curve *use,
                        const struct cr_memory_peaks *memory, struct cr_err *err) CR_MUST;

int cr_rundb_commit(struct cr_rundb *db, struct cr_err *err) CR_MUST; /* the file gets its name */

/* Opens for reading.  Not a run database, damaged, or of a newer version: CR_EINPUT. */
int cr_rundb_open(const char *path, struct cr_rundb **out, struct cr_err *err) CR_MUST;

/* Strings live until cr_rundb_close. */
struct cr_rundb_info {
  const char *version, *git, *command;
  const char *scenario, *about, *scenario_path; /* name; its line; path as given */
  const char *scenario_text;            /* the YAML after every --set */
  const char *device;                   /* -d, or NULL */
  const char *const *store;             /* [n_store] --traces */
  uint32_t n_store;
  uint64_t seed, workload_hash;         /* cr_workload_hash of sim/provenance.h */
  cr_ns duration_ns, warmup_ns;         /* duration CR_NS_NEVER: until all jobs have left */
};
const struct cr_rundb_info *cr_rundb_info(const struct cr_rundb *db);

struct cr_rundb_run {
  const char *policy;  /* "name,opt=v", as given with -p */
  const char *backend, *outcome;
  uint64_t n_note, ledger_hash;
};
uint32_t cr_rundb_n_run(const struct cr_rundb *db);
const struct cr_rundb_run *cr_rundb_run_info(const struct cr_rundb *db, uint32_t run);

/* All notes of a run, in order: *note is [*n], freed by cr_mem_free. */
int cr_rundb_read_notes(struct cr_rundb *db, uint32_t run, struct cr_note **note, uint64_t *n, struct cr_err *err) CR_MUST;

/* The results of all runs, as reports want them; strings live until cr_rundb_close. */
int cr_rundb_summarize(struct cr_rundb *db, struct cr_summary *out, struct cr_err *err) CR_MUST;

/* Clients and jobs alike, in order. */
struct cr_rundb_client {
  const char *name, *model;
  enum cr_class class;
  int is_job;
};

/* *client is [*n], good until cr_rundb_close. */
int cr_rundb_clients(struct cr_rundb *db, const struct cr_rundb_client **client, uint32_t *n, struct cr_err *err) CR_MUST;

/* What became of the jobs of a run: *job is [*n], of which jobs only have a how below CR_N_JOB_END; freed by cr_mem_free. */
int cr_rundb_jobs(struct cr_rundb *db, uint32_t run, struct cr_job_result **job, uint32_t *n, struct cr_err *err) CR_MUST;

/* Latencies of a run's requests that arrived after the warm-up, in ns, ascending: those of client i are ns[begin[i]] up to
 * ns[begin[i + 1]].  Both are freed by cr_mem_free. */
struct cr_rundb_latencies {
  cr_ns *ns;
  uint64_t *begin; /* [n_client + 1] */
};
int cr_rundb_latencies(struct cr_rundb *db, uint32_t run, struct cr_rundb_latencies *out, struct cr_err *err) CR_MUST;

/* What was in use of a device over time; n 0: it was not followed.  point is [n], freed by cr_mem_free. */
struct cr_rundb_point {
  cr_ns at_ns;
  double value[2];
};
struct cr_rundb_curve {
  struct cr_rundb_point *point;
  uint32_t n;
};

/* Running totals in ns: of time with work on the device, and of time times the share of the SMs that hold a block (NAN: nobody saw
 * it). */
int cr_rundb_read_use(struct cr_rundb *db, uint32_t run, uint32_t device, struct cr_rundb_curve *out,
                      struct cr_err *err) CR_MUST;

/* Bytes from then on, the most in each part of time: held by jobs for good, and reserved in all. */
int cr_rundb_read_memory_curve(struct cr_rundb *db, uint32_t run, uint32_t device, struct cr_rundb_curve *out,
                               struct cr_err *err) CR_MUST;

void cr_rundb_close(struct cr_rundb *db); /* either kind; after create without commit: no file is left.  NULL is fine */

/* `corun show RUN.db`: the report that the run printed, from the file; format "table", "csv" or "json". */
int cr_rundb_show(const char *path, const char *format, struct cr_text *out, struct cr_err *err) CR_MUST;

#endif
