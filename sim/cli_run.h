/* cli_run.h - a run of a scenario under a policy, as every command of the program makes it: what it is given decides its
 * results, so that the same run has the same results whichever command asks for it. */
#ifndef CR_CLI_RUN_H
#define CR_CLI_RUN_H
#include "sim/cli_policy.h"
#include "sim/cli_scenario.h"
#include "sim/core.h"
#include "sim/metric.h"
#include "sim/text.h"

/* Simulated, and ended early when the user stops; backend, sinks and progress are the caller's to change. */
void cr_cli_run_cfg(const struct cr_cli_scenario *s, const struct cr_cli_policy *p, uint64_t seed,
                    struct cr_core_cfg *out);

/* Metrics of a run, into value[n_metric]; of_run is the scenario that it was of. */
int cr_cli_run_measure(const struct cr_scenario *of_run, const struct cr_result *r, const struct cr_run_metric *metric,
                       uint32_t n_metric, double *value, struct cr_err *err) CR_MUST;

/* " -p streams": an option of a command line and its value, quoted where a shell would need it; option "": the value alone; value
 * NULL: nothing. */
void cr_cli_add_argument(struct cr_text *t, const char *option_name, const char *value);

#endif
