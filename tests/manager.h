/* manager.h - a policy for tests that does with jobs what its options say, and runs of it.
 *
 * It opens `lanes` lanes of `bytes` each, starts every job at once, admits it to the next lane to hold `hold` bytes, and
 * launches `ops` ops at a time (0: all) on the lane's stream.  At `park`, and `again` times as much later, it parks the
 * first stream. */
#ifndef CR_TEST_MANAGER_H
#define CR_TEST_MANAGER_H
#include "sim/core.h"
#include "tests/load.h"

struct manager {
  uint32_t n, n_parked; /* n: jobs admitted */
};

extern const struct cr_policy_ops manager;
extern const struct cr_opt manager_options[];
int manager_init(struct cr_policy *p, struct cr_err *err);
void manager_on_job_arrive(struct cr_policy *p, cr_client job);
void manager_on_job_ready(struct cr_policy *p, cr_client job);
void manager_launch(struct cr_policy *p, cr_request r);
void manager_on_done(struct cr_policy *p, cr_request r, int complete);

const struct cr_policy_ops *manager_policy(const char *name); /* one of the program's own */

extern const struct cr_backend_ops *const manager_backends[2]; /* the fake one and the simulator */

/* A run that must end so, after which its ledger is fed to the policy again; record may be NULL. */
struct cr_result manager_run_as(const struct cr_core_cfg *given, struct load_record *record, int rc,
                                enum cr_outcome outcome);
struct cr_result manager_run(const struct cr_core_cfg *cfg); /* that goes well */

/* Submitted at 7, starts up for 50, iterates 5 times (for 100, says the test) and thinks 10 in between; and what must
 * become of it when it is alone. */
struct cr_client_spec manager_five_hundreds(cr_model model);
void manager_expect_five_hundreds(const struct cr_result *r);

#endif
