/* cli_study.h - what commands that make many runs share: the scenario with some keys set, a run and what is kept of it, and
 * how many processes simulate. */
#ifndef CR_CLI_STUDY_H
#define CR_CLI_STUDY_H
#include "sim/cli_policy.h"
#include "sim/cli_scenario.h"
#include "sim/core.h"
#include "studies/design.h"
#include "studies/rank.h"
#include "studies/results.h"

/* The scenario of the words (with their device, stores and --set), and these keys set as well, [n_key] each. */
int cr_cli_study_load(const struct cr_design_words *w, const char *const *key, const char *const *value, uint32_t n_key,
                      struct cr_cli_scenario *out, struct cr_err *err) CR_MUST;

/* CR_EINPUT: two of the keys that vary are the same place of the scenario (or one encloses the other), or one is set by --set: by
 * whatever names.  what ("the sweep") begins a sentence. */
int cr_cli_study_check_keys(const struct cr_design_words *w, const char *const *key, uint32_t n_key,
                            const struct cr_scenario *s, const char *what, struct cr_err *err) CR_MUST;

/* Runs cfg, which is of s and policy, and fills what is kept of it: all of *run but its place, and value[n_metric].  A run that
 * ends badly is a result; what keeps a study from going on is an error (CR_EINTR, CR_ENOMEM). */
int cr_cli_study_run(const struct cr_core_cfg *cfg, const struct cr_scenario *of_run,
                     const struct cr_run_metric *metric, uint32_t n_metric, struct cr_study_run *run, double *value,
                     struct cr_err *err) CR_MUST;

/* The result of a run that did not come to its end: outcome "failed" or "crashed". */
void cr_cli_study_fail(struct cr_study_run *run, const char *outcome, const char *why);

/* text: of -j; or NULL: what SLURM gave; else this machine's cores shared by the ranks on it, but no more than this process is
 * bound to. */
int cr_cli_study_workers(const char *text, const struct cr_rank *rank, uint32_t *out, struct cr_err *err) CR_MUST;

#endif
