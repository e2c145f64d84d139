/* cmd_validate_live.c - `corun validate --live`: scenarios in real time, beside what the simulator says of them.
 *
 * With --measured nothing runs in real time: a table of an earlier run says what came of it, and which scenarios, policies and times
 * that were.  Its scenarios are looked for beside it, since whoever measures has files of their own. */
#include "config.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
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
#include "traces/datadir.h"

enum { LIVE = CR_CLI_LONG, MEASURED, SET, TRACES, MAX_ERROR, MIN_ORDER, PAIRS, FORMAT };

static const struct cr_cli_opt options[] = {
  {LIVE, "live", NULL, "this: each scenario in real time, beside what the simulator says of it"},
  {MEASURED, "measured", "TABLE",
   "compare with what an earlier --live --format csv measured, or a bundled table of that; may be repeated"},
  {'p', "policy", "POLICY[,OPT=V]", "a policy; may be repeated (default: the scenario's own, or all of the table)"},
  {'n', "runs", "N", "in real time, of each scenario under each policy (default: 3)"},
  {'b', "backend", "cuda|wall", "cuda (a real GPU, the default) or wall (the simulator's device in real time)"},
  {'d', "device", "DEVICE", "device by name or description file (default: the scenario's, else h200)"},
  {SET, "set", "KEY=VALUE", "change a key of every scenario; may be repeated"},
  {TRACES, "traces", "STORE", "a store to look for models in before the bundled one; may be repeated"},
  {MAX_ERROR, "max-error", "PCT", "exit 1 if the mean absolute error of any metric is beyond it"},
  {MIN_ORDER, "min-order", "PCT", "exit 1 if less than this share of the pairs of policies is predicted as measured"},
  {PAIRS, "pairs", "FILE", "write the pairs of policies there, as CSV"},
  {FORMAT, "format", "FORMAT", "table (the default), csv or json"},
  {'q', "quiet", NULL, "no progress bar"},
  {0, NULL, NULL, NULL},
};

const struct cr_cmd cr_cmd_validate_live = {
  .name = "validate",
  .args = "--live [SCENARIO]... [--measured TABLE]... [-p POLICY]... [-n RUNS] [-b cuda|wall]",
  .help = "run scenarios in real time and compare them with the simulator",
  .opt = options,
  .more =
    "Of each client the mean time (closed: period; others: latency), its 99th percentile and the throughput are "
    "compared; of each job its completion time (JCT), and of all jobs together the mean of these, their queuing, "
    "whose\n"
    "error is a share of the mean JCT, and the makespan.\n"
    "Spread is that of the runs in real time: their largest less their smallest, over their mean.\n"
    "Two policies of a scenario are a pair by the mean time of rt clients, total throughput or mean JCT, wherever the\n"
    "runs of one lie apart from those of the other; the pair is as measured if they are predicted in the same order.\n"
    "With --measured nothing runs but the simulator.  Scenarios are those of the table, for as long as they were run;\n"
    "NAME.yaml is looked for beside it, then among those bundled.  Bundled tables: live-disb, live-pairs, "
    "live-dart, live-eager, live-clusters.\n",
};

struct live {
  struct cr_arena *arena;
  const char **policy, **set, **store, **measured; /* [argc]; set from 1 on */
  char **scenario;                                 /* [n_scenario] */
  uint32_t n_policy, n_set, n_store, n_measured, n_scenario, n_run;
  int is_real; /* something was said that only runs in real time can heed */
  const char *device;
  const struct cr_backend_ops *backend;
  double max_error, min_order; /* percent; NAN: any will do */
  const char *pairs;           /* path; NULL: nobody wants them */
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

static int parse_percent(const char *option, const char *text, double most, double *out, struct cr_err *err)
{
  char *end;
  double pct = strtod(text, &end);
  if (end == text || *end || !(pct >= 0) || !(pct <= most))
    return cr_fail(err, CR_EINPUT, "%s %s: give percent, such as 5", option, text);
  *out = pct;
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
    l->is_real = 1;
    return parse_runs(l, value, err);
  case 'b':
    l->is_real = 1;
    return parse_backend(l, value, err);
  case MEASURED:
    l->measured[l->n_measured++] = value;
    break;
  case 'd':
    l->device = value;
    break;
  case SET:
    l->set[1 + l->n_set++] = value;
    break;
  case TRACES:
    l->store[l->n_store++] = value;
    break;
  case MAX_ERROR:
    return parse_percent("--max-error", value, 1e9, &l->max_error, err);
  case MIN_ORDER:
    return parse_percent("--min-order", value, 100, &l->min_order, err);
  case PAIRS:
    l->pairs = value;
    break;
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
                      const struct cr_live_table *measured, struct cr_err *err)
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
                                    .measured = measured,
                                    .stop = cr_cli_stop()};
  cr_progress_part(l->progress, l->part, s->name);
  cr_progress_update(l->progress, 0, 1);
  rc = cr_live_check_add(l->check, &what, err);
  l->part++;
  cr_cli_policy_close(&policy);
  return rc;
}

/* set: n_set, those of the user among them. */
static int load(const struct live *l, const char *path, const char *const *set, uint32_t n_set,
                struct cr_scenario **out, struct cr_err *err)
{
  const struct cr_scenario_options o = {
    .device = l->device, .store = l->store, .n_store = l->n_store, .set = set, .n_set = n_set};
  return cr_scenario_load(path, &o, out, err);
}

static int check_scenario(struct live *l, const char *path, uint32_t number, struct cr_err *err)
{
  struct cr_scenario *s = NULL;
  int rc = load(l, path, l->set + 1, l->n_set, &s, err);
  if (rc)
    return rc;
  uint32_t n = l->n_policy ? l->n_policy : s->n_policy;
  if (n == 0)
    rc = cr_fail(err, CR_EINPUT, "%s names no policies; name some with -p", path);
  for (uint32_t i = 0; !rc && i < n; i++)
    rc = check_case(l, s, number, l->n_policy ? l->policy[i] : s->policy[i], NULL, err);
  cr_scenario_free(s);
  return rc;
}

/* --- what was measured before ------------------------------------------------------------------------------------- */

static const char *joined(const struct live *l, const char *fmt, ...) CR_PRINTF(2, 3);

/* NULL: no memory. */
static const char *joined(const struct live *l, const char *fmt, ...)
{
  va_list ap;
  va_start(ap, fmt);
  int n = vsnprintf(NULL, 0, fmt, ap);
  va_end(ap);
  char *text = n < 0 ? NULL : cr_arena_take(l->arena, (size_t)n + 1, 1);
  va_start(ap, fmt);
  if (text)
    vsnprintf(text, (size_t)n + 1, fmt, ap);
  va_end(ap);
  return text;
}

/* A file of that name goes before a bundled table. */
static int find_table(const struct live *l, const char *name, const char **out, struct cr_err *err)
{
  struct cr_err ignored;
  *out = name;
  if (access(name, F_OK) == 0)
    return CR_OK;
  const char *bundled = joined(l, "truth/h200/live/%s.csv", name);
  if (!bundled)
    return cr_fail_nomem(err, name);
  if (cr_datadir_find(bundled, l->arena, out, &ignored) == CR_OK)
    return CR_OK;
  return cr_fail(
    err, CR_EINPUT,
    "--measured %s: no such file, and no bundled table either; `corun validate --live --help` has their names", name);
}

/* Whether a scenario of the table is the one that was named, as a file or by itself. */
static int is_named(const char *scenario, const char *as)
{
  const char *slash = strrchr(as, '/'), *base = slash ? slash + 1 : as;
  size_t n = strlen(scenario);
  return strncmp(base, scenario, n) == 0 && (base[n] == '\0' || strcmp(base + n, ".yaml") == 0);
}

/* A file that the user named; one beside the table; a bundled one. */
static int find_scenario(const struct live *l, const struct cr_live_table *t, const char *name, const char **out,
                         struct cr_err *err)
{
  for (uint32_t i = 0; i < l->n_scenario; i++)
    if (is_named(name, l->scenario[i]) && strcmp(name, l->scenario[i]) != 0) {
      *out = l->scenario[i];
      return CR_OK;
    }
  const char *slash = strrchr(t->path, '/');
  *out = joined(l, "%.*s%s.yaml", slash ? (int)(slash + 1 - t->path) : 2, slash ? t->path : "./", name);
  if (!*out)
    return cr_fail_nomem(err, name);
  if (access(*out, F_OK) != 0)
    *out = name;
  return CR_OK;
}

static int is_wanted(const char *name, const char **list, uint32_t n, int are_scenarios)
{
  for (uint32_t i = 0; i < n; i++)
    if (are_scenarios ? is_named(name, list[i]) : strcmp(name, list[i]) == 0)
      return 1;
  return n == 0;
}

/* Whether row i is the first of its scenario, under its policy or (policy 0) under any. */
static int is_first(const struct cr_live_table *t, uint32_t i, int policy)
{
  for (uint32_t k = 0; k < i; k++)
    if (strcmp(t->row[k].scenario, t->row[i].scenario) == 0 &&
        (!policy || strcmp(t->row[k].policy, t->row[i].policy) == 0))
      return 0;
  return 1;
}

/* The scenario of row i as long as it was run, under each policy of the table. */
static int check_measured(struct live *l, const struct cr_live_table *t, uint32_t i, uint32_t number,
                          struct cr_err *err)
{
  const char *name = t->row[i].scenario, *path;
  struct cr_scenario *s = NULL;
  int has_time = t->row[i].duration_ns != CR_NS_NEVER;
  int rc = find_scenario(l, t, name, &path, err);
  if (!rc && has_time && !(l->set[0] = joined(l, "duration=%" PRId64 "ns", t->row[i].duration_ns)))
    rc = cr_fail_nomem(err, name);
  rc = rc ? rc : load(l, path, l->set + !has_time, l->n_set + (uint32_t)has_time, &s, err);
  if (rc)
    return rc;
  for (; !rc && i < t->n_row; i++)
    if (strcmp(t->row[i].scenario, name) == 0 && is_first(t, i, 1) &&
        is_wanted(t->row[i].policy, l->policy, l->n_policy, 0))
      rc = check_case(l, s, number, t->row[i].policy, t, err);
  cr_scenario_free(s);
  return rc;
}

static int check_table(struct live *l, const char *name, uint32_t *number, struct cr_err *err)
{
  struct cr_live_table *t = NULL;
  const char *path;
  int rc = find_table(l, name, &path, err);
  rc = rc ? rc : cr_live_table_read(path, &t, err);
  for (uint32_t i = 0; !rc && i < t->n_row; i++)
    if (is_first(t, i, 0) && is_wanted(t->row[i].scenario, (const char **)l->scenario, l->n_scenario, 1))
      rc = check_measured(l, t, i, (*number)++, err);
  cr_live_table_free(t);
  return rc;
}

static int check_tables(struct live *l, struct cr_err *err)
{
  uint32_t number = 0;
  int rc = l->is_real
             ? cr_fail(err, CR_EINPUT, "-n and -b are of runs in real time, and with --measured there are none")
             : CR_OK;
  for (uint32_t i = 0; !rc && i < l->n_measured; i++)
    rc = check_table(l, l->measured[i], &number, err);
  if (!rc && l->part == 0)
    rc = cr_fail(err, CR_EINPUT, "%s has no rows of the scenarios and policies that were named", l->measured[0]);
  return rc;
}

/* --- what came of it ---------------------------------------------------------------------------------------------- */

static int write_pairs(const struct live *l, struct cr_err *err)
{
  struct cr_text out = {0};
  uint32_t n;
  const struct cr_live_place *place = cr_live_check_places(l->check, &n);
  if (l->pairs)
    cr_live_order_csv(place, n, &out);
  int rc = out.failed ? cr_fail_nomem(err, "the pairs") : l->pairs ? cr_cli_write(l->pairs, out.s, out.n, err) : CR_OK;
  cr_text_fini(&out);
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
  uint32_t n;
  const struct cr_live_place *place = cr_live_check_places(l->check, &n);
  struct cr_live_order o = cr_live_order_all(place, n);
  double share = o.n_same + o.n_other ? 100.0 * o.n_same / (o.n_same + o.n_other) : 100;
  if (share < l->min_order)
    return cr_fail(err, CR_ERUN, "%u of %u pairs of policies are predicted as measured, less than --min-order %g",
                   o.n_same, o.n_same + o.n_other, l->min_order);
  return CR_OK;
}

static int check_all(struct live *l, struct cr_err *err)
{
  l->check = cr_live_check_new(l->n_run);
  if (!l->check)
    return cr_fail_nomem(err, "a comparison");
  l->progress = l->quiet ? NULL : cr_progress_new("validate", l->n_scenario * (l->n_policy ? l->n_policy : 1));
  int rc = l->n_measured ? check_tables(l, err) : CR_OK;
  for (uint32_t i = 0; !rc && !l->n_measured && i < l->n_scenario; i++)
    rc = check_scenario(l, l->scenario[i], i, err);
  cr_progress_free(l->progress);
  uint32_t n_row;
  cr_live_check_rows(l->check, &n_row);
  if (rc && (rc == CR_EINPUT || !n_row))
    return rc;
  int printed = print(l, rc ? NULL : err); /* what there is, also when a later run failed */
  rc = rc ? rc : printed;
  rc = rc ? rc : write_pairs(l, err);
  return rc ? rc : judge(l, err);
}

static int with_arena(struct live *l, int argc, char **argv)
{
  struct cr_err err;
  int letter, status = 0, rc;
  l->policy = cr_arena_take(l->arena, (size_t)argc, sizeof *l->policy);
  l->set = cr_arena_take(l->arena, (size_t)argc + 1, sizeof *l->set);
  l->measured = cr_arena_take(l->arena, (size_t)argc, sizeof *l->measured);
  l->store = cr_arena_take(l->arena, (size_t)argc, sizeof *l->store);
  if (!l->policy || !l->set || !l->store || !l->measured)
    return cr_cli_error(cr_fail_nomem(&err, "the command line"), &err);
  while ((letter = cr_cli_next(&cr_cmd_validate_live, argc, argv, &status)) > 0)
    if ((rc = take_option(l, letter, &err)) != CR_OK)
      return cr_cli_error(rc, &err);
  if (letter < 0)
    return status;
  int first = cr_cli_first();
  l->scenario = argv + first;
  l->n_scenario = (uint32_t)(argc - first);
  if (first == argc && !l->n_measured)
    return cr_cli_usage(&cr_cmd_validate_live, "a scenario is missing; `corun list scenarios` shows those there are");
  rc = check_all(l, &err);
  return cr_cli_error(rc, &err);
}

int cr_validate_live(int argc, char **argv)
{
  struct live l = {
    .arena = cr_arena_new(), .n_run = 3, .backend = &cr_backend_cuda, .max_error = NAN, .min_order = NAN};
  struct cr_err err;
  if (!l.arena)
    return cr_cli_error(cr_fail_nomem(&err, "the command line"), &err);
  int status = with_arena(&l, argc, argv);
  cr_live_check_free(l.check);
  cr_arena_free(l.arena);
  return status;
}
