/* cmd_tune.h - what the parts of `corun tune` share. */
#ifndef CR_CMD_TUNE_H
#define CR_CMD_TUNE_H
#include "sim/cli_policy.h"
#include "sim/cli_scenario.h"
#include "sim/report.h"
#include "studies/design.h"
#include "studies/ranking.h"
#include "studies/search.h"
#include "studies/search_log.h"
#include "traces/studydb.h"

/* What is searched for, and with which seeds: what the words of a search say by themselves. */
struct cr_tune_study {
  const struct cr_design_words *words;
  struct cr_aim aim;
  uint64_t *seed;        /* [n_seed + n_fresh] of the judge */
  struct cr_judge judge; /* by this aim */
};

/* What a search has found, for reports. */
struct cr_tune_found {
  const struct cr_tune_study *study;
  const struct cr_search_log *log;
  const struct cr_ranking *ranking;
};

/* A policy that is searched: what it was named with, and the options it may take besides. */
struct cr_tune_policy {
  const char *spec; /* "reef,dq=4" */
  struct cr_cli_policy opened;
};

struct cr_tune {
  struct cr_arena *arena;
  struct cr_tune_study study;
  const char **over; /* [n_over] */
  uint32_t n_over;
  int keep_options;              /* policies have the options they were named with and no others */
  struct cr_tune_policy *policy; /* [n_policy], a family of the search each */
  uint32_t n_policy;
  struct cr_axis *key; /* [n_key] of the scenario: the first axes of every family */
  uint32_t n_key;
  struct cr_cli_scenario base; /* where every key has its first value */
  uint64_t base_hash;
  struct cr_search search;
  struct cr_search_log log;
  uint32_t *cell;        /* [tries_max] where the log has what a setting was last asked for; CR_NONE: it was not */
  uint32_t n_round;      /* so far */
  struct cr_studydb *db; /* NULL: the results are not kept */
  const char *output;    /* its path */
  uint32_t n_worker;
  int quiet;
};

/* cmd_tune_study.c: the words must have seeds, fresh ones, and something to search for.  *out stays where it is.  CR_EINPUT: they
 * contradict each other. */
int cr_tune_study_make(const struct cr_design_words *words, struct cr_tune_study *out, struct cr_err *err) CR_MUST;

/* Adds what a search has without being told: seeds, fresh seeds, tries. */
int cr_tune_complete_words(struct cr_design_words *words, struct cr_err *err) CR_MUST;

/* The results in the database of a search, for `corun show`. */
int cr_tune_show(const char *path, enum cr_format format, struct cr_text *out, struct cr_err *err) CR_MUST;

/* cmd_tune_space.c: what is searched: families and their axes, each value of a key loaded once.  CR_EINPUT: no such key, option
 * or policy, a value that cannot be, or a contradiction. */
int cr_tune_open_policies(struct cr_tune *t, struct cr_err *err) CR_MUST;
int cr_tune_make_space(struct cr_tune *t, struct cr_err *err) CR_MUST;

/* The policy of a setting with its options, "reef,dq=8". */
void cr_tune_add_policy(const struct cr_tune *t, uint32_t setting, struct cr_text *out);

/* cmd_tune_run.c: whether the points that the log has from a database are of the scenario as it is now.  CR_EINPUT: a file that
 * it names has changed. */
int cr_tune_check_points(struct cr_tune *t, struct cr_err *err) CR_MUST;

/* For cr_search.run; ctx is the cr_tune.  Runs that fail are told on stderr. */
int cr_tune_run(void *ctx, const struct cr_trial *trial, uint32_t n, struct cr_err *err) CR_MUST;

/* cmd_tune_report.c: what was tried, from the best on, and how to run the best, where one is confirmed. */
int cr_tune_report(const struct cr_tune_found *f, enum cr_format format, int color, struct cr_text *out,
                   struct cr_err *err) CR_MUST;
/* Why no setting was taken, as one sentence with the nearest one. */
int cr_tune_fail(const struct cr_tune_found *f, struct cr_err *err) CR_MUST;

#endif
