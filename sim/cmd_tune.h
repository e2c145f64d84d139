/* cmd_tune.h - what the parts of `corun tune` share. */
#ifndef CR_CMD_TUNE_H
#define CR_CMD_TUNE_H
#include "sim/cli_policy.h"
#include "sim/cli_scenario.h"
#include "sim/report.h"
#include "studies/design.h"
#include "studies/search.h"

/* A policy that is searched: what it was named with, and the options it may take besides. */
struct cr_tune_policy {
  const char *spec; /* "reef,dq=4" */
  struct cr_cli_policy opened;
};

struct cr_tune {
  struct cr_arena *arena;
  const struct cr_design_words *words; /* scenario, device, --set, --traces, policies */
  const char *const *over;             /* [n_over] */
  uint32_t n_over;
  int keep_options;              /* policies have the options they were named with and no others */
  struct cr_tune_policy *policy; /* [n_policy], a family of the search each */
  uint32_t n_policy;
  struct cr_axis *key; /* [n_key] of the scenario: the first axes of every family */
  uint32_t n_key;
  struct cr_cli_scenario base; /* where every key has its first value */
  uint64_t *seed;              /* [n_seed + n_fresh] of the search */
  struct cr_aim aim;
  struct cr_search search;
  uint32_t n_worker;
  int quiet;
};

/* cmd_tune_space.c: what is searched: families and their axes, each value of a key loaded once.  CR_EINPUT: no such key, option
 * or policy, a value that cannot be, or a contradiction. */
int cr_tune_open_policies(struct cr_tune *t, struct cr_err *err) CR_MUST;
int cr_tune_make_space(struct cr_tune *t, struct cr_err *err) CR_MUST;

/* The policy of a setting with its options, "reef,dq=8", and the key of a scenario as it is set, "clients[0].rate=50/s". */
void cr_tune_add_policy(const struct cr_tune *t, uint32_t setting, struct cr_text *out);
void cr_tune_add_key(const struct cr_tune *t, uint32_t setting, uint32_t key, struct cr_text *out);

/* The scenario with these values of the keys, [n_key] places. */
int cr_tune_load(const struct cr_tune *t, const double *at, struct cr_cli_scenario *out, struct cr_err *err) CR_MUST;

/* cmd_tune_run.c: for cr_search.run; ctx is the cr_tune.  Runs that fail are told on stderr. */
int cr_tune_run(void *ctx, const struct cr_trial *trial, uint32_t n, struct cr_err *err) CR_MUST;

/* cmd_tune_report.c: what was tried, from the best on, and how to run the best (CR_NONE: none was found). */
int cr_tune_report(const struct cr_tune *t, enum cr_format format, int color, uint32_t best, struct cr_text *out,
                   struct cr_err *err) CR_MUST;
/* Why no setting was taken, as one sentence with the nearest one. */
int cr_tune_fail(const struct cr_tune *t, struct cr_err *err) CR_MUST;

#endif
