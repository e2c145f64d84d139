/* cmd_run_contenders.h - the policies that `corun run` compares: those it is told, else the scenario's, else all that suit. */
#ifndef CR_CMD_RUN_CONTENDERS_H
#define CR_CMD_RUN_CONTENDERS_H
#include "sim/backend.h"
#include "sim/cli_policy.h"
#include "sim/mem.h"
#include "traces/scenario.h"

struct cr_contenders_cfg {
  const struct cr_scenario *scenario;
  const struct cr_backend_ops *backend;
  const char *const *told; /* [n_told] as on the command line */
  uint32_t n_told;
  int quiet; /* nothing is said of those that would suit but cannot */
};

struct cr_contenders {
  struct cr_cli_policy *policy; /* [n] of the arena; its words are borrowed */
  uint32_t n;
};

/* Opens them all, in order; on failure out holds those that were opened before. */
int cr_contenders_open(const struct cr_contenders_cfg *cfg, struct cr_arena *arena, struct cr_contenders *out,
                       struct cr_err *err) CR_MUST;
void cr_contenders_close(struct cr_contenders *c); /* a struct of zeros is fine */

#endif
