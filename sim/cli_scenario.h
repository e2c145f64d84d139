/* cli_scenario.h - a scenario as the command line runs it: as it is divided into nodes, and undivided for the policies that it
 * lists so. */
#ifndef CR_CLI_SCENARIO_H
#define CR_CLI_SCENARIO_H
#include "traces/scenario.h"

struct cr_cli_scenario {
  struct cr_scenario *as_divided;
  struct cr_scenario *undivided; /* NULL: the scenario lists no policy that has it so */
};

/* As cr_scenario_load. */
int cr_cli_scenario_load(const char *path, const struct cr_scenario_options *opt, struct cr_cli_scenario *out,
                         struct cr_err *err) CR_MUST;
void cr_cli_scenario_free(struct cr_cli_scenario *s); /* a struct of zeros is fine */

/* What a policy of that name runs. */
const struct cr_scenario *cr_cli_scenario_for(const struct cr_cli_scenario *s, const char *policy);

#endif
