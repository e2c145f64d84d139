/* cmd_validate_live.c - `corun validate --live`: scenarios in real time, beside what the simulator says of them. */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "calib/live_check.h"
#include "sim/cli.h"
#include "sim/cli_policy.h"
#include "sim/cmd_validate.h"
#include "sim/mem.h"
#include "sim/progress.h"
#include "sim/unit.h"

enum { LIVE = CR_CLI_LONG, SET, TRACES, MAX_ERROR, FORMAT };

static const struct cr_cli_opt options[] = {
  {LIVE, "live", NULL, "this: each scenario in real time, beside what the simulator says of it"},
  {'p', "policy", "POLICY[,OPT=V]", "a policy; may be repeated (default: the scenario's own)"},
  {'n', "runs", "N", "in real time, of each scenario under each policy (default: 3)"},
  {'b', "backend", "cuda|wall", "cuda (a real GPU, the default) or wall (the simulator's device in real time)"},
  {'d', "device", "DEVICE", "device by name or description file (default: the scenario's, else h200)"},
  {SET, "set", "KEY=VALUE", "change a key of every scenario; may be repeated"},
  {TRACES, "traces", "STORE", "a store to look for models in before the bundled one; may be repeated"},
  {MAX_ERROR, "max-error", "PCT", "exit 1 if the mean absolute error of any metric is beyond it"},
  {FORMAT, "format", "FORMAT", "table (the default), csv or json"},
  {'q', "quiet", NULL, "no progress bar"},
  {0, NULL, NULL, NULL},
};

const struct cr_cmd cr_cmd_validate_live = {
  .name = "validate",
  .args = "--live SCENARIO... [-p POLICY]... [-n RUNS] [-b cuda|wall] [--max-error PCT]",
  .help = "run scenarios in real time and compare them with the simulator",
  .opt = options,
  .more = "Of each client the mean time (closed: period; others: latency), its 99th percentile and the throughput are "
          "compared; of each job its completion time (JCT), and of all jobs together the mean of these, their queuing, "
          "whose\n"
          "error is a share of the mean JCT, and the makespan.\n"
          "Spread is that of the runs in real time: their largest less their smallest, over their mean.\n",
};

struct live {
  struct cr_arena *arena;
  const char **policy, **set, **store; /* [argc] */
  uint32_t n_policy, n_set, n_store, n_run;
  const char *device;
  const struct cr_backend_ops *backend;
  double max_error; /* percent; NAN: any will do */
  enum cr_format format;
  int quiet;
  struct cr_live_check *check;
  struct cr_progress *progress;
  uint32_t part;
};

static int parse_backend(struct live *l, const char *text, struct cr_err *err)
{
  l->backend = strcmp(text, "cuda") == 0 ? &cr_backend_cuda : strcmp(text, "wall") == 0 ? &cr_backend_wall : NULL;
  return l->backend ? CR_OK
                    : cr_fail(err, CR_EINPUT, "-b %s: --live is for a backend in real time, cuda or wall", text);
}

static int parse_runs(struct live *l, const char *text, struct cr_err *err)
{
  int64_t n = 0;
  int rc = cr_parse_count(text, "-n", &n, err);
  if (rc == CR_OK && (n < 1 || n > 1000))
    rc = cr_fail(err, CR_EINPUT, "-n %s: give a number from 1 to 1000", text);
  if (rc == CR_OK)
    l->n_run = (uint32_t)n;
  return rc;
}

static int parse_error(struct live *l, const char *text, struct cr_err *err)
{
  char *end;
  double pct = strtod(text, &end);
  if (end == text || *end || !(pct >= 0) || !isfinite(pct))
    return cr_fail(err, CR_EINPUT, "--max-error %s: give percent, such as 5", text);
  l->max_error = pct;
  return CR_OK;
}

static int take_option(struct live *l, int letter, struct cr_err *err)
{
  const char *value = cr_cli_value();
  switch (letter) {
  case 'p':
    l->policy[l->n_policy++] = value;
    break;
  case 'n':
    return parse_runs(l, value, err);
  case 'b':
    return parse_backend(l, value, err);
  case 'd':
    l->device = value;
    break;
  case SET:
    l->set[l->n_set++] = value;
    break;
  case TRACES:
    l->store[l->n_store++] = value;
    break;
  case MAX_ERROR:
    return parse_error(l, value, err);
  case FORMAT:
    return cr_format_parse(value, &l->format, err);
  case 'q':
    l->quiet = 1;
    break;
  default:
    break;
  }
  return CR_OK;
}

static int check_case(struct live *l, const struct cr_scenario *s, uint32_t number, const char *spec,
                      struct cr_err *err)
{
  struct cr_cli_policy policy = {0};
  int rc = cr_cli_policy_open(spec, &policy, err);
  if (rc)
    return rc;
  const struct cr_live_case what = {.scenario = s,
                                    .number = number,
                                    .policy = policy.ops,
                                    .options = policy.options,
                                    .spec = spec,
                                    .backend = l->backend,
                                    .stop = cr_cli_stop()};
  cr_progress_part(l->progress, l->part, s->name);
  cr_progress_update(l->progress, 0, 1);
  rc = cr_live_check_add(l->check, &what, err);
  l->part++;
  cr_cli_policy_close(&policy);
  return rc;
}

static int check_scenario(struct live *l, const char *path, uint32_t number, struct cr_err *err)
{
  struct cr_scenario *s = NULL;
  const struct cr_scenario_options o = {
    .device = l->device, .store = l->store, .n_store = l->n_store, .set = l->set, .n_set = l->n_set};
  int rc = cr_scenario_load(path, &o, &s, err);
  if (rc)
    return rc;
  uint32_t n = l->n_policy ? l->n_policy : s->n_policy;
  if (n == 0)
    rc = cr_fail(err, CR_EINPUT, "%s names no policies; name some with -p", path);
  for (uint32_t i = 0; !rc && i < n; i++)
    rc = check_case(l, s, number, l->n_policy ? l->policy[i] : s->policy[i], err);
  cr_scenario_free(s);
  return rc;
}

static int print(const struct live *l, struct cr_err *err)
{
  struct cr_text out = {0};
  cr_live_check_report(l->check, l->format, cr_cli_command_line(), isatty(STDOUT_FILENO), &out);
  int rc = out.failed ? cr_fail_nomem(err, "the report") : cr_cli_write(NULL, out.s, out.n, err);
  cr_text_fini(&out);
  return rc;
}

static int judge(const struct live *l, struct cr_err *err)
{
  for (enum cr_live_metric m = 0; m < CR_N_LIVE_METRIC; m++) {
    double error = 100 * cr_live_check_mean_error(l->check, m);
    if (error > l->max_error)
      return cr_fail(err, CR_ERUN, "%s is off by %.1f %% on average, beyond --max-error %g", cr_live_metric_name[m],
                     error, l->max_error);
  }
  return CR_OK;
}

static int check_all(struct live *l, char **scenario, uint32_t n, struct cr_err *err)
{
  l->check = cr_live_check_new(l->n_run);
  if (!l->check)
    return cr_fail_nomem(err, "a comparison");
  l->progress = l->quiet ? NULL : cr_progress_new("validate", n * (l->n_policy ? l->n_policy : 1));
  int rc = CR_OK;
  for (uint32_t i = 0; !rc && i < n; i++)
    rc = check_scenario(l, scenario[i], i, err);
  cr_progress_free(l->progress);
  uint32_t n_row;
  cr_live_check_rows(l->check, &n_row);
  if (rc && (rc == CR_EINPUT || !n_row))
    return rc;
  int printed = print(l, rc ? NULL : err); /* what there is, also when a later run failed */
  rc = rc ? rc : printed;
  return rc ? rc : judge(l, err);
}

static int with_arena(struct live *l, int argc, char **argv)
{
  struct cr_err err;
  int letter, status = 0, rc;
  l->policy = cr_arena_take(l->arena, (size_t)argc, sizeof *l->policy);
  l->set = cr_arena_take(l->arena, (size_t)argc, sizeof *l->set);
  l->store = cr_arena_take(l->arena, (size_t)argc, sizeof *l->store);
  if (!l->policy || !l->set || !l->store)
    return cr_cli_error(cr_fail_nomem(&err, "the command line"), &err);
  while ((letter = cr_cli_next(&cr_cmd_validate_live, argc, argv, &status)) > 0)
    if ((rc = take_option(l, letter, &err)) != CR_OK)
      return cr_cli_error(rc, &err);
  if (letter < 0)
    return status;
  int first = cr_cli_first();
  if (first == argc)
    return cr_cli_usage(&cr_cmd_validate_live, "a scenario is missing; `corun list scenarios` shows those there are");
  rc = check_all(l, argv + first, (uint32_t)(argc - first), &err);
  return cr_cli_error(rc, &err);
}

int cr_validate_live(int argc, char **argv)
{
  struct live l = {.arena = cr_arena_new(), .n_run = 3, .backend = &cr_backend_cuda, .max_error = NAN};
  struct cr_err err;
  if (!l.arena)
    return cr_cli_error(cr_fail_nomem(&err, "the command line"), &err);
  int status = with_arena(&l, argc, argv);
  cr_live_check_free(l.check);
  cr_arena_free(l.arena);
  return status;
}
