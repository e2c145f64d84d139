/* cli_scenario.c - a scenario, and its platform as a whole. */
#include "config.h"

#include "sim/cli_scenario.h"

#include <string.h>

int cr_cli_scenario_load(const char *path, const struct cr_scenario_options *opt, struct cr_cli_scenario *out,
                         struct cr_err *err)
{
  int rc = cr_scenario_load(path, opt, &out->as_divided, err);
  if (rc != CR_OK || out->as_divided->n_undivided == 0)
    return rc;
  struct cr_scenario_options whole = *opt;
  whole.undivided = 1;
  rc = cr_scenario_load(path, &whole, &out->undivided, err);
  return rc == CR_OK ? rc : cr_fail_in(err, rc, "undivided");
}

void cr_cli_scenario_free(struct cr_cli_scenario *s)
{
  cr_scenario_free(s->as_divided);
  cr_scenario_free(s->undivided);
}

const struct cr_scenario *cr_cli_scenario_for(const struct cr_cli_scenario *s, const char *policy)
{
  for (uint32_t i = 0; i < s->as_divided->n_undivided; i++)
    if (strcmp(s->as_divided->undivided[i], policy) == 0)
      return s->undivided;
  return s->as_divided;
}
