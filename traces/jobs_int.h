/* jobs_int.h - the insides of jobs*.c: a job as a dialect's reader found it, and the readers. */
#ifndef CR_JOBS_INT_H
#define CR_JOBS_INT_H
#include "traces/jobs.h"

/* A job as found. */
struct job_row {
  const char *id, *model; /* model "": it names none */
  cr_ns submit_ns;        /* since the trace began, or since 1970 */
  cr_ns duration_ns;      /* CR_NS_NEVER: not said */
  uint32_t iterations, n_gpu, line;
};

/* Tells the reader's dialect; is_date: submissions are dates; is_log: a cluster's log, whose order is its own
 * affair. */
int cr_jobs_begin(struct cr_jobs *j, const char *dialect, int is_date, int is_log, struct cr_err *err) CR_MUST;

/* Takes a job in, unless something is wrong with it. */
int cr_jobs_take(struct cr_jobs *j, const struct job_row *row, struct cr_err *err) CR_MUST;

/* "FILE:LINE: sentence" into cr_jobs_refuse. */
int cr_jobs_refuse_line(struct cr_jobs *j, enum cr_job_fault fault, uint32_t line, struct cr_err *err, const char *fmt,
                        ...) CR_PRINTF(5, 6) CR_MUST;

/* The readers: of CSV tables, and of Philly's JSON. */
int cr_jobs_read_csv(struct cr_jobs *j, const char *path, struct cr_err *err) CR_MUST;
int cr_jobs_read_philly(struct cr_jobs *j, const char *path, struct cr_err *err) CR_MUST;

/* Values as they stand in a file.  CR_N_JOB_FAULT: *out is filled; else what is wrong with the text. */
enum cr_job_fault cr_job_seconds(const char *text, cr_ns *out);                /* 29.8 */
enum cr_job_fault cr_job_date(const char *text, cr_ns *out);                   /* 2017-10-07 01:11:39, as UTC */
enum cr_job_fault cr_job_whole(const char *text, uint32_t max, uint32_t *out); /* 12 */

#endif
