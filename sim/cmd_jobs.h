/* cmd_jobs.h - what `corun import jobs` and `corun generate jobs` share: tables of workloads, mixes, and the file
 * written. */
#ifndef CR_CMD_JOBS_H
#define CR_CMD_JOBS_H
#include "sim/base.h"
#include "sim/mem.h"
#include "traces/iteration_table.h"
#include "traces/jobs.h"
#include "traces/model_mix.h"

/* A file, or the name of a bundled table with .csv or without. */
int cr_cmd_jobs_table(const char *name, struct cr_arena *arena, struct cr_iteration_table **out,
                      struct cr_err *err) CR_MUST;

/* "all" (of the table) or "NAME[=WEIGHT],...", whose names the table must have unless it is NULL. */
int cr_cmd_jobs_mix(const char *text, const struct cr_iteration_table *table, struct cr_model_mix **out,
                    struct cr_err *err) CR_MUST;

/* Writes the jobs to a new file, behind a comment that says which command made it. */
int cr_cmd_jobs_write(const struct cr_jobs *jobs, const char *output, struct cr_err *err) CR_MUST;

struct cr_import_jobs {
  const char *output, *mix, *table;
  uint64_t seed;
  int skip_bad, sort;
  const char *const *file; /* [n_file] */
  uint32_t n_file;
};

int cr_cmd_import_jobs(const struct cr_import_jobs *a, struct cr_err *err) CR_MUST;

#endif
