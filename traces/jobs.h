/* jobs.h - job traces: who submitted what, when, and how long it ran, as clusters log it.
 *
 * Four dialects are read, streaming, plain or gzip, and recognised by what a file holds: salus (also Tiresias's and
 * what corun writes: job_id, model_name, submit_time, and iterations or duration), helios (cluster_log.csv), openb
 * (Alibaba's pods), philly (cluster_job_log, JSON).  docs/formats.md says what is read of each.  Memory grows with
 * the jobs kept alone.
 *
 * What cannot be is an error with file and line; with skip_bad it is counted instead and left out.  Jobs that
 * asked for no GPU or never ran are left out in any case, and counted: logs have many. */
#ifndef CR_JOBS_H
#define CR_JOBS_H
#include "sim/base.h"
#include "sim/text.h"

struct cr_iteration_table;
struct cr_model_mix;

struct cr_trace_job {
  const char *id;      /* unique */
  cr_ns submit_ns;     /* >= 0 */
  cr_ns duration_ns;   /* it ran so long; CR_NS_NEVER: the trace does not say */
  uint32_t iterations; /* 0: the trace does not say */
  uint32_t model;      /* its name is cr_jobs_model(); CR_NONE: the trace names none */
  uint32_t n_gpu;      /* >= 1 */
  uint32_t file, line; /* where it stands */
  uint32_t number;     /* in the order they came, from 0 */
};

/* Why a job is left out.  The first ones are errors unless they are to be skipped; the others are none. */
enum cr_job_fault {
  CR_FAULT_ROW,       /* "with a damaged row" */
  CR_FAULT_VALUE,     /* "with a value that is none" */
  CR_FAULT_NEGATIVE,  /* "with a negative time or number" */
  CR_FAULT_ZERO,      /* "of no iterations" */
  CR_FAULT_ORDER,     /* "out of order" */
  CR_FAULT_TWICE,     /* "with an id that was there before" */
  CR_FAULT_MODEL,     /* "of an unknown model" */
  CR_FAULT_SHORT,     /* "shorter than one iteration" */
  CR_FAULT_LONG,      /* "longer than can be run" */
  CR_FAULT_MEMORY,    /* "larger than the device's memory" */
  CR_FAULT_GPUS,      /* "that ask for several GPUs" */
  CR_FAULT_NO_GPU,    /* "that ask for no GPU" */
  CR_FAULT_NEVER_RAN, /* "that never ran" */
  CR_N_JOB_FAULT
};

struct cr_jobs_options {
  int skip_bad;
  int sort;              /* jobs of the salus dialect that are out of order are put in order, instead of being bad */
  const char *skip_hint; /* what to say or do to skip ("--skip-bad"), for errors; NULL: no hint */
  const char *sort_hint; /* the same of what sorts */
};

struct cr_jobs;
struct cr_iteration_table;

struct cr_jobs *cr_jobs_new(const struct cr_jobs_options *opt) CR_MUST;
void cr_jobs_free(struct cr_jobs *j);

/* Reads one file more. */
int cr_jobs_read(struct cr_jobs *j, const char *path, struct cr_err *err) CR_MUST;

/* Adds a job that no file holds; id and, unless NULL, model are copied. */
int cr_jobs_add(struct cr_jobs *j, const char *id, const char *model, const struct cr_trace_job *job,
                struct cr_err *err) CR_MUST;

/* All files are read: orders the jobs by submission (those of one instant as they came) and makes the first date 0. */
void cr_jobs_settle(struct cr_jobs *j);

uint32_t cr_jobs_count(const struct cr_jobs *j);
const struct cr_trace_job *cr_jobs_list(const struct cr_jobs *j); /* [cr_jobs_count] */
uint32_t cr_jobs_n_model(const struct cr_jobs *j);
const char *cr_jobs_model(const struct cr_jobs *j, uint32_t model);

/* Writes "FILE:LINE" of a job to buf and returns it. */
const char *cr_jobs_place(const struct cr_jobs *j, const struct cr_trace_job *job, char *buf, size_t n);

/* A job that was read is of no use, for the reason given: fails with it, or counts the job as left out (CR_OK). */
int cr_jobs_refuse(struct cr_jobs *j, enum cr_job_fault fault, const struct cr_err *why, struct cr_err *err) CR_MUST;

/* Models of jobs that name none, drawn for each in order; those of no job are not touched. */
int cr_jobs_draw_models(struct cr_jobs *j, const struct cr_model_mix *mix, uint64_t seed, struct cr_err *err) CR_MUST;

/* All that name a model must be of a workload of the table and declare one iteration at least; after cr_jobs_settle. */
int cr_jobs_check_models(struct cr_jobs *j, const struct cr_iteration_table *table, struct cr_err *err) CR_MUST;

uint64_t cr_jobs_n_left_out(const struct cr_jobs *j);

/* A line a file ("a.csv: dialect salus, 97 jobs"), then a line each reason why jobs were left out, with the first such
 * job. */
void cr_jobs_report(const struct cr_jobs *j, struct cr_text *out);

/* The jobs as the salus dialect, a line each behind the header. */
void cr_jobs_print(const struct cr_jobs *j, struct cr_text *out);

#endif
