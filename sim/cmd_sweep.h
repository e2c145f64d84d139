/* cmd_sweep.h - what the parts of `corun sweep` share. */
#ifndef CR_CMD_SWEEP_H
#define CR_CMD_SWEEP_H
#include "sim/cli_policy.h"
#include "sim/cli_scenario.h"
#include "sim/report.h"
#include "studies/rank.h"
#include "studies/results.h"
#include "traces/studydb.h"

struct cr_sweep {
  struct cr_arena *arena;
  const char *path; /* of the database that the results come to */
  struct cr_design design;
  struct cr_cli_policy *policy; /* [n_policy] of the design, opened */
  uint64_t *workload_hash;      /* [n_point] */
  struct cr_rank rank;
  uint32_t n_worker;
  const char *label; /* of the progress bar */
  int quiet;
  struct cr_results results;
  struct cr_studydb *db;
};

/* cmd_sweep_run.c: the scenario at a point; the arena is for the call's own use. */
int cr_sweep_load_point(const struct cr_design *d, uint32_t point, struct cr_arena *arena, struct cr_cli_scenario *out,
                        struct cr_err *err) CR_MUST;

/* Loads every point once, and finds its workload's hash; CR_EINPUT: one cannot run, or has not what a
 * metric is of. */
int cr_sweep_check(struct cr_sweep *s, struct cr_err *err) CR_MUST;

/* Runs what is this rank's and not yet in the results, and adds it to them and to the database.  Runs that fail are told on
 * stderr and do not end it. */
int cr_sweep_run(struct cr_sweep *s, struct cr_err *err) CR_MUST;

/* Whether nothing is left to be run, by any rank. */
int cr_sweep_is_whole(const struct cr_results *r);

/* cmd_sweep_ranks.c: before a rank, or one process alone, opens its database: files that another number of ranks has left are put
 * into the database at s->path, from which it goes on.  CR_EINPUT: one of them is being written, or of another study. */
int cr_sweep_absorb(struct cr_sweep *s, struct cr_err *err) CR_MUST;

/* A rank that has done its part: the last one makes one database of all.  *mine: that is this one, and the results are whole. */
int cr_sweep_join(struct cr_sweep *s, int *mine, struct cr_err *err) CR_MUST;

/* Makes the database at s->path of itself, the files of ranks beside it, which are removed, and others, which stay; with design
 * and results, whole or not. */
int cr_sweep_merge(struct cr_sweep *s, struct cr_design_words *words, char *const *other, uint32_t n_other,
                   struct cr_err *err) CR_MUST;

/* The words of a sweep's database, and what they make. */
int cr_sweep_read_design(const char *path, struct cr_design_words *words, struct cr_design *out,
                         struct cr_err *err) CR_MUST;

/* cmd_sweep_report.c: a row a point and policy, with intervals. */
int cr_sweep_report(const struct cr_results *r, enum cr_format format, int color, struct cr_text *out,
                    struct cr_err *err) CR_MUST;

/* cmd_sweep.c: the same from a database, for `corun show`. */
int cr_sweep_show(const char *path, enum cr_format format, struct cr_text *out, struct cr_err *err) CR_MUST;

#endif
