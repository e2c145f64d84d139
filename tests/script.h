/* script.h - a policy made of what a test puts into it, and runs of the core that end well, badly, or never begin. */
#ifndef CR_TEST_SCRIPT_H
#define CR_TEST_SCRIPT_H
#include "tests/load.h"

struct script {
  cr_stream stream; /* made by script_init on device 0 */
  uint32_t n_back;
  cr_request held;
  int holds;
};

int script_init(struct cr_policy *p, struct cr_err *err);
void script_launch_op(struct cr_policy *p, cr_request r); /* the next one, on its stream */

/* The first members of a policy table, to which a test adds callbacks. */
#define SCRIPT \
  .abi = CR_POLICY_ABI, .name = "script", .about = "a test", .state_bytes = sizeof(struct script), .init = script_init

/* A request of n_op ops of 10 ns at 0, to the policy. */
struct cr_core_cfg script_request(struct cr_workload_builder *b, const struct cr_policy_ops *ops, uint32_t n_op);

/* rt: 2 ops of 10 ns at 0 and 5; be: 1 op of 30 ns at 1. */
const struct cr_workload *script_three_requests(struct cr_workload_builder *b);

const struct cr_policy_ops *script_policy(const char *name); /* one of the program's own */

/* Each fails the case unless the run ends so.  To a finding: rc and outcome as given, and the text has each of the words. */
struct cr_result script_run(const struct cr_core_cfg *cfg);
void script_run_finds(const struct cr_core_cfg *cfg, int rc, enum cr_outcome outcome, const char *const *word);
void script_run_refused(const struct cr_core_cfg *cfg, const char *word);

#endif
