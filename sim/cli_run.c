/* cli_run.c - a run of a scenario under a policy, as every command of the program makes it. */
#include "config.h"

#include "sim/cli_run.h"

#include <string.h>

#include "sim/backend.h"
#include "sim/cli.h"
#include "sim/mem.h"
#include "sim/summary.h"

void cr_cli_run_cfg(const struct cr_cli_scenario *s, const struct cr_cli_policy *p, uint64_t seed,
                    struct cr_core_cfg *out)
{
  const struct cr_scenario *of_run = cr_cli_scenario_for(s, p->ops->name), *divided = s->as_divided;
  *out = (struct cr_core_cfg){
    .workload = of_run->workload,
    .machine = of_run->machine,
    .policy = p->ops,
    .policy_options = p->options,
    .backend = &cr_backend_sim,
    .model_set = divided->model_set,
    .duration_ns = divided->duration_ns,
    .warmup_ns = divided->warmup_ns,
    .seed = seed,
    .stop = cr_cli_stop(),
  };
}

int cr_cli_run_measure(const struct cr_scenario *of_run, const struct cr_result *r, const struct cr_run_metric *metric,
                       uint32_t n_metric, double *value, struct cr_err *err)
{
  struct cr_summary summary;
  struct cr_arena *arena = cr_arena_new();
  uint32_t n_client = cr_summary_clients(of_run->workload), n_device = of_run->machine->n_device;
  int rc = arena ? cr_summary_init(&summary, 1, n_client, n_device, arena, err) : cr_fail_nomem(err, "the results");
  if (rc == CR_OK)
    rc = cr_summarize_run(r, of_run->workload, of_run->machine, &summary.run[0], err);
  for (uint32_t m = 0; rc == CR_OK && m < n_metric; m++)
    value[m] = cr_run_metric_value(&metric[m], &summary.run[0], n_client, n_device);
  cr_arena_free(arena);
  return rc;
}

void cr_cli_add_argument(struct cr_text *t, const char *option_name, const char *value)
{
  if (!value)
    return;
  cr_text_add(t, " %s%s", option_name, *option_name ? " " : "");
  if (*value &&
      strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=.,:/[]%") == strlen(value)) {
    cr_text_add(t, "%s", value);
    return;
  }
  cr_text_add(t, "'");
  for (; *value; value++)
    cr_text_add(t, *value == '\'' ? "'\\''" : "%c", *value);
  cr_text_add(t, "'");
}
