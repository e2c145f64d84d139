/* cmd_run_job.h - a scenario under one policy after another: what was asked for, made ready, run, and summed up.
 *
 * All that is asked for is checked before the first run begins: the scenario, every policy and its options, and every
 * output.  Outputs bear their names only when they are whole; a run that was stopped or that ended badly is whole, with its
 * outcome, and what came before it is kept. */
#ifndef CR_CMD_RUN_JOB_H
#define CR_CMD_RUN_JOB_H
#include "sim/backend.h"
#include "sim/cli_outputs.h"
#include "sim/cli_scenario.h"
#include "sim/cmd_run_contenders.h"
#include "sim/progress.h"
#include "sim/report.h"

/* A list of words from the command line. */
struct cr_run_words {
  const char **word; /* [n], room for one an argument */
  uint32_t n;
};

/* As given; NULL and 0: not given. */
struct cr_run_args {
  const char *scenario, *device, *backend, *seed, *db, *ledger, *timeline, *window, *format, *vary;
  struct cr_run_words policy, set, store;
  int strict, force, quiet;
  uint32_t n_vary; /* how often --vary is given */
};

/* The caller sets arena, which becomes the job's, args and is_again; all else begins as zeros. */
struct cr_run_job {
  struct cr_run_args args;
  struct cr_arena *arena;
  int is_again; /* of --vary: what holds for all values was said of the first */
  struct cr_cli_scenario scenarios;
  const struct cr_scenario *scenario; /* as divided */
  const struct cr_backend_ops *backend;
  enum cr_format format;
  uint64_t seed;
  cr_ns from_ns, to_ns; /* of the timeline */
  const char *command;  /* that brings the same results */
  struct cr_contenders contenders;
  struct cr_result *result; /* [contenders.n], the first n_result of them filled */
  uint32_t n_result;
  struct cr_cli_outputs *outputs;
  struct cr_progress *progress; /* while it runs */
  cr_ns horizon_ns;             /* about when the run will end */
};

int cr_run_job_prepare(struct cr_run_job *j, struct cr_err *err) CR_MUST;

/* All policies, until one cannot be run or the user stops.  CR_OK, or how the worst of them ended, which was said; *fatal when
 * nothing is to be kept, which was not.  The title stands before the progress bar. */
int cr_run_job_run(struct cr_run_job *j, const char *title, int *fatal, struct cr_err *err) CR_MUST;

/* Borrows of the job. */
int cr_run_job_summarize(struct cr_run_job *j, struct cr_summary *out, struct cr_err *err) CR_MUST;
void cr_run_job_fini(struct cr_run_job *j);

#endif
