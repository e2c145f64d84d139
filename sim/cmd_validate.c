/* cmd_validate.c - `corun validate`: predicts a measured table and prints how far off it is. */
#include "config.h"

#include "sim/cmd_validate.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policies/list.h"
#include "sim/cli.h"
#include "sim/progress.h"
#include "sim/unit.h"
#include "traces/datadir.h"
#include "traces/device_file.h"

enum { ARRIVALS = CR_CLI_LONG, AGAIN, TRACES, SET, ONLY, ROWS, VARIANT, AT_MOST, FORMAT, ABLATE, FIT, CROSS, MAX_EVAL, SEED, TIMELINE, MODELS };

static const struct cr_cli_opt options[] = {
  {ARRIVALS, "arrivals", "FILE", "arrival times of open clients (default: arrivals.csv beside the table)"},
  {AGAIN, "again", "FILE", "the same runs measured again, by another process (default: again.csv beside the table)"},
  {TRACES, "traces", "STORE|DIR", "search this store, or folder of Kineto files, for models first; may be repeated"},
  {'d', "device", "DEVICE", "device by name or description file (default: h200)"},
  {SET, "set", "K=V,...", "change model.NAME (device model) or device.KEY; may be repeated"},
  {VARIANT, "variant", "WHICH", "models as plain, autotuned or auto: as the isolated rows say (the default)"},
  {ONLY, "only", "TEXT", "only scenarios with this text in their name"},
  {AT_MOST, "at-most", "TIME", "simulate no more than this of each scenario, such as 200ms"},
  {'j', "jobs", "N", "processes that simulate (default: 1)"},
  {ROWS, "rows", NULL, "list every row in the table, not only the worst"},
  {ABLATE, "ablate", NULL, "instead: one line for each mechanism of the device model, switched off"},
  {FIT, "fit", "[=LIST]", "instead: fit constants of the device model, those named or all that make sense"},
  {CROSS, "cross-validate", "HOW", "instead: fit on part of the table, judge by the rest; half or model (one left out)"},
  {MAX_EVAL, "max-eval", "N", "predictions of the table for one fit (default: 150, cross-validation 60)"},
  {SEED, "seed", "N", "of the halves, and of where their fits begin (default: 1)"},
  {'o', "output", "FILE", "write fitted constants there, as YAML for a device file"},
  {TIMELINE, "timeline", "FILE", "instead: compare kernel by kernel with the Kineto trace of a real co-run"},
  {MODELS, "models", "A,B,...", "compare its streams with these recorded models only"},
  {FORMAT, "format", "FORMAT", "table (the default), csv or json"},
  {'q', "quiet", NULL, "no progress bar"},
  {0, NULL, NULL, NULL},
};

static int run(int argc, char **argv);

const struct cr_cmd cr_cmd_validate = {
  .name = "validate",
  .args = "[TRUTH] [-d DEVICE] [--traces STORE|DIR]... [--set K=V,...]...",
  .help = "predict every row of a measured co-run table and print the errors",
  .opt = options,
  .more =
    "TRUTH is a CSV file with the columns of corun-streams.csv, or the name of a bundled table: fixed (one H200,\n"
    "cuDNN autotuning off; the default), unseen (other co-runs of the same models, no part of any fit), autotuned\n"
    "(the older, wider set) or processes (time slicing and MPS).\n"
    "Closed clients are judged by the time between completions, open ones by service time, as they were measured.\n",
  .run = run,
};

static const struct bundled {
  const char *name, *file, *title;
} bundled[] = {
  {"fixed", "truth/h200/fixed/corun-streams.csv", "fixed (H200, autotuning off)"},
  {"unseen", "truth/h200/unseen/corun-streams.csv", "unseen (H200, autotuning off)"},
  {"autotuned", "truth/h200/corun-streams.csv", "autotuned (H200, the older set)"},
  {"processes", "truth/h200/corun-processes.csv", "processes (H200, the older set)"},
};

/* --- the command line ------------------------------------------------------------------------------------------------- */

static int parse_variant(const char *text, enum cr_variant *out, struct cr_err *err)
{
  static const char *const name[] = {"auto", "plain", "autotuned"};
  for (uint32_t i = 0; i < sizeof name / sizeof name[0]; i++)
    if (strcmp(text, name[i]) == 0) {
      *out = (enum cr_variant)i;
      return CR_OK;
    }
  return cr_fail(err, CR_EINPUT, "--variant '%s': it is auto, plain or autotuned", text);
}

/* One "model.K=V" or "device.K=V". */
static int add_set(struct cr_validate_args *a, const char *item, struct cr_err *err)
{
  if (strncmp(item, "model.", 6) == 0 && item[6]) {
    cr_text_add(&a->model_set, "%s%s", a->model_set.n ? "," : "", item + 6);
    return a->model_set.failed ? cr_fail_nomem(err, "--set") : CR_OK;
  }
  if (strncmp(item, "device.", 7) == 0 && item[7]) {
    a->device_set[a->n_device_set++] = item + 7;
    return CR_OK;
  }
  return cr_fail(err, CR_EINPUT, "--set '%s': a key here begins with model. or device., as in model.cold=0.6us", item);
}

/* "K=V,K=V": a comma in a value cannot be meant, no value of these keys has one. */
static int parse_set(struct cr_validate_args *a, const char *text, struct cr_err *err)
{
  uint32_t n_item = 1;
  for (const char *s = text; *s; s++)
    n_item += *s == ',';
  const char **more = cr_arena_take(a->arena, a->n_device_set + (size_t)n_item, sizeof *more);
  char *item = cr_arena_text(a->arena, text);
  if (!more || !item)
    return cr_fail_nomem(err, "--set");
  if (a->n_device_set)
    memcpy(more, a->device_set, a->n_device_set * sizeof *more);
  a->device_set = more;
  for (;;) {
    char *comma = strchr(item, ',');
    if (comma)
      *comma = '\0';
    int rc = add_set(a, item, err);
    if (rc != CR_OK || !comma)
      return rc;
    item = comma + 1;
  }
}

static int parse_at_most(const char *text, cr_ns *out, struct cr_err *err)
{
  cr_ns ns;
  int rc = cr_parse_ns(text, "--at-most", &ns, err);
  if (rc == CR_OK && ns == 0)
    rc = cr_fail(err, CR_EINPUT, "--at-most 0: give a time over 0, such as 200ms");
  if (rc == CR_OK)
    *out = ns;
  return rc;
}

static int parse_count(const char *text, const char *what, uint32_t most, uint32_t *out, struct cr_err *err)
{
  int64_t n = 0;
  int rc = cr_parse_count(text, what, &n, err);
  if (rc == CR_OK && (n < 1 || n > most))
    rc = cr_fail(err, CR_EINPUT, "%s '%s': give a number from 1 to %u", what, text, most);
  if (rc == CR_OK)
    *out = (uint32_t)n;
  return rc;
}

static int parse_seed(const char *text, uint64_t *out, struct cr_err *err)
{
  int64_t n = 0;
  int rc = cr_parse_count(text, "--seed", &n, err);
  if (rc == CR_OK)
    *out = (uint64_t)n;
  return rc;
}

static int set_mode(struct cr_validate_args *a, enum cr_validate_mode mode, struct cr_err *err)
{
  if (a->mode != CR_VALIDATE_TABLE && a->mode != mode)
    return cr_fail(err, CR_EINPUT, "only one of --ablate, --fit, --cross-validate and --timeline can be had at a time");
  a->mode = mode;
  return CR_OK;
}

/* With --fit=LIST, which says what constants are fitted. */
static int parse_cross(struct cr_validate_args *a, const char *how, struct cr_err *err)
{
  a->by_model = strcmp(how, "model") == 0;
  if (!a->by_model && strcmp(how, "half") != 0)
    return cr_fail(err, CR_EINPUT, "--cross-validate '%s': it is half or model", how);
  if (a->mode == CR_VALIDATE_FIT)
    a->mode = CR_VALIDATE_TABLE;
  return set_mode(a, CR_VALIDATE_CROSS, err);
}

static int take_option(struct cr_validate_args *a, int letter, struct cr_err *err)
{
  switch (letter) {
  case ARRIVALS:
    a->cfg.arrivals_path = cr_cli_value();
    break;
  case AGAIN:
    a->cfg.again_path = cr_cli_value();
    break;
  case TRACES:
    a->store[a->n_store++] = cr_cli_value();
    break;
  case 'd':
    a->device = cr_cli_value();
    break;
  case SET:
    return parse_set(a, cr_cli_value(), err);
  case VARIANT:
    return parse_variant(cr_cli_value(), &a->cfg.variant, err);
  case ONLY:
    a->cfg.only = cr_cli_value();
    break;
  case AT_MOST:
    return parse_at_most(cr_cli_value(), &a->cfg.at_most_ns, err);
  case 'j':
    return parse_count(cr_cli_value(), "-j", 256, &a->cfg.n_worker, err);
  case ABLATE:
    return set_mode(a, CR_VALIDATE_ABLATE, err);
  case FIT:
    a->fit_list = cr_cli_value() ? cr_cli_value() : a->fit_list;
    return a->mode == CR_VALIDATE_CROSS ? CR_OK : set_mode(a, CR_VALIDATE_FIT, err);
  case CROSS:
    return parse_cross(a, cr_cli_value(), err);
  case SEED:
    return parse_seed(cr_cli_value(), &a->seed, err);
  case MAX_EVAL:
    return parse_count(cr_cli_value(), "--max-eval", 1000000, &a->max_eval, err);
  case TIMELINE:
    a->timeline = cr_cli_value();
    return set_mode(a, CR_VALIDATE_TIMELINE, err);
  case MODELS:
    a->models = cr_cli_value();
    break;
  case 'o':
    a->output = cr_cli_value();
    break;
  case ROWS:
    a->report.all_rows = 1;
    break;
  case FORMAT:
    return cr_format_parse(cr_cli_value(), &a->report.format, err);
  case 'q':
    a->quiet = 1;
    break;
  default:
    break;
  }
  return CR_OK;
}

/* --- files -------------------------------------------------------------------------------------------------------------- */

/* A file of that name goes before a bundled table. */
static int find_truth(struct cr_validate_args *a, struct cr_err *err)
{
  struct stat st;
  a->cfg.truth_path = a->cfg.truth_name = a->truth;
  if (stat(a->truth, &st) == 0 && !S_ISDIR(st.st_mode))
    return CR_OK;
  for (size_t i = 0; i < sizeof bundled / sizeof bundled[0]; i++)
    if (strcmp(a->truth, bundled[i].name) == 0) {
      a->cfg.truth_name = bundled[i].title;
      return cr_datadir_find(bundled[i].file, a->arena, &a->cfg.truth_path, err);
    }
  return cr_fail(err, CR_EINPUT, "%s: no such file, and no bundled table either; those are fixed, unseen, "
                 "autotuned and processes",
                 a->truth);
}

/* The bundled store may be missing where other stores are given. */
static int find_store(struct cr_validate_args *a, struct cr_err *err)
{
  int rc = cr_datadir_find("h200.db", a->arena, &a->cfg.bundled, err);
  if (rc == CR_EINPUT && a->n_store) {
    a->cfg.bundled = NULL;
    return CR_OK;
  }
  return rc;
}

static int find_policies(struct cr_validate_args *a, struct cr_err *err)
{
  a->cfg.streams = cr_policy_find("streams", strlen("streams"));
  a->cfg.priority = cr_policy_find("priority", strlen("priority"));
  a->cfg.timeslice = cr_policy_find("timeslice", strlen("timeslice"));
  a->cfg.mps = cr_policy_find("mps", strlen("mps"));
  if (!a->cfg.streams || !a->cfg.priority || !a->cfg.timeslice || !a->cfg.mps)
    return cr_fail(err, CR_EINPUT,
                   "this program was built without the policies streams, priority, timeslice and mps; build it with them");
  return CR_OK;
}

/* --- the run ------------------------------------------------------------------------------------------------------------ */

static int print(const struct cr_validate_args *a, const struct cr_validation *v, struct cr_err *err)
{
  struct cr_text out = {0};
  uint32_t n;
  const struct cr_validate_row *row = cr_validation_rows(v, &n);
  cr_validate_report(&a->report, cr_validation_facts(v), row, n, &out);
  int rc = out.failed ? cr_fail_nomem(err, "the report") : cr_cli_write(NULL, out.s, out.n, err);
  cr_text_fini(&out);
  return rc;
}

static int predict(struct cr_validate_args *a, struct cr_err *err)
{
  struct cr_progress *bar = a->quiet ? NULL : cr_progress_new("validate", 1);
  struct cr_validation *v = NULL;
  a->cfg.on_progress = cr_progress_update;
  a->cfg.progress_ctx = bar;
  int rc = cr_validate_run(&a->cfg, &v, err);
  cr_progress_free(bar);
  if (rc == CR_OK || rc == CR_EINTR) {
    int printed = print(a, v, rc == CR_OK ? err : NULL);
    rc = rc == CR_OK ? printed : rc;
  }
  cr_validation_free(v);
  return rc;
}

static int validate(struct cr_validate_args *a, struct cr_err *err)
{
  struct cr_device_desc device;
  int rc = find_truth(a, err);
  if (rc == CR_OK)
    rc = find_store(a, err);
  if (rc == CR_OK)
    rc = find_policies(a, err);
  if (rc == CR_OK)
    rc = cr_device_load(a->device, a->device_set, a->n_device_set, a->arena, &device, err);
  if (rc == CR_OK && device.is_uncalibrated)
    rc = cr_fail(err, CR_EINPUT, "device %s has no measured constants, with which kernels could be predicted", device.name);
  if (rc != CR_OK)
    return rc;
  a->cfg.device = &device;
  a->cfg.store = a->store;
  a->cfg.n_store = a->n_store;
  a->cfg.model_set = a->model_set.s;
  a->cfg.stop = cr_cli_stop();
  switch (a->mode) {
  case CR_VALIDATE_ABLATE:
    return cr_validate_ablate(a, err);
  case CR_VALIDATE_FIT:
    return cr_validate_fit(a, err);
  case CR_VALIDATE_CROSS:
    return cr_validate_cross(a, err);
  case CR_VALIDATE_TIMELINE:
    return cr_validate_timeline(a, err);
  default:
    return predict(a, err);
  }
}

static int with_arena(struct cr_validate_args *a, int argc, char **argv)
{
  struct cr_err err;
  int letter, status = 0, rc;
  a->store = cr_arena_take(a->arena, (size_t)argc, sizeof *a->store);
  if (!a->store)
    return cr_cli_error(cr_fail_nomem(&err, "the command line"), &err);
  while ((letter = cr_cli_next(&cr_cmd_validate, argc, argv, &status)) > 0)
    if ((rc = take_option(a, letter, &err)) != CR_OK)
      return cr_cli_error(rc, &err);
  if (letter < 0)
    return status;
  if (argc - cr_cli_first() > 1)
    return cr_cli_usage(&cr_cmd_validate, "validate takes one table; '%s' is too much", argv[cr_cli_first() + 1]);
  if (cr_cli_first() < argc)
    a->truth = argv[cr_cli_first()];
  rc = validate(a, &err);
  return cr_cli_error(rc, &err);
}

static int run(int argc, char **argv)
{
  struct cr_validate_args a = {
    .arena = cr_arena_new(),
    .truth = "fixed",
    .device = "h200",
    .seed = 1,
    .cfg = {.variant = CR_VARIANT_AUTO, .at_most_ns = CR_NS_NEVER},
    .report = {.command = cr_cli_command_line(), .format = CR_TABLE, .color = isatty(STDOUT_FILENO)},
  };
  struct cr_err err;
  if (!a.arena)
    return cr_cli_error(cr_fail_nomem(&err, "the command line"), &err);
  int status = with_arena(&a, argc, argv);
  cr_text_fini(&a.model_set);
  cr_arena_free(a.arena);
  return status;
}
