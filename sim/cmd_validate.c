/* cmd_validate.c - `corun validate`: predicts a measured table and prints how far off it is. */
#include "config.h"

#include "sim/cmd_validate.h"

#include <string.h>
#include <unistd.h>

#include "sim/cli.h"
#include "sim/progress.h"
#include "traces/device_file.h"

enum { ROWS = CR_CLI_OWN, FORMAT, ABLATE, TIMELINE, MODELS };

static const struct cr_cli_opt options[] = {
  CR_CLI_TRUTH_OPTIONS,
  {ROWS, "rows", NULL, "list every row in the table, not only the worst"},
  {ABLATE, "ablate", NULL, "instead: one line for each mechanism of the device model, switched off"},
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
    "With --live SCENARIO... it runs scenarios in real time instead, and compares those: corun validate --live --help.\n"
    "Closed clients are judged by the time between completions, open ones by service time, as they were measured.\n",
  .also = &cr_cmd_validate_live,
  .run = run,
};

/* --- the command line ------------------------------------------------------------------------------------------------- */

static int set_mode(struct cr_validate_args *a, enum cr_validate_mode mode, struct cr_err *err)
{
  if (a->mode != CR_VALIDATE_TABLE && a->mode != mode)
    return cr_fail(err, CR_EINPUT, "only one of --ablate and --timeline can be had at a time");
  a->mode = mode;
  return CR_OK;
}

static int take_option(struct cr_validate_args *a, int letter, struct cr_err *err)
{
  int mine;
  int rc = cr_cli_truth_take(&a->in, letter, &mine, err);
  if (rc != CR_OK || mine)
    return rc;
  switch (letter) {
  case ABLATE:
    return set_mode(a, CR_VALIDATE_ABLATE, err);
  case TIMELINE:
    a->timeline = cr_cli_value();
    return set_mode(a, CR_VALIDATE_TIMELINE, err);
  case MODELS:
    a->models = cr_cli_value();
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
  a->in.cfg.on_progress = cr_progress_update;
  a->in.cfg.progress_ctx = bar;
  int rc = cr_validate_run(&a->in.cfg, &v, err);
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
  int rc = cr_cli_truth_find(&a->in, err);
  if (rc == CR_OK)
    rc = cr_device_load(a->in.device, a->in.device_set, a->in.n_device_set, a->in.arena, &device, err);
  if (rc == CR_OK && device.is_uncalibrated)
    rc = cr_fail(err, CR_EINPUT, "device %s has no measured constants, with which kernels could be predicted", device.name);
  if (rc != CR_OK)
    return rc;
  a->in.cfg.device = &device;
  if (!a->quiet)
    cr_cli_say_assumed(&device);
  switch (a->mode) {
  case CR_VALIDATE_ABLATE:
    return cr_validate_ablate(a, err);
  case CR_VALIDATE_TIMELINE:
    return cr_validate_timeline(a, err);
  default:
    return predict(a, err);
  }
}

static int with_args(struct cr_validate_args *a, int argc, char **argv)
{
  struct cr_err err;
  int letter, status = 0, rc;
  while ((letter = cr_cli_next(&cr_cmd_validate, argc, argv, &status)) > 0)
    if ((rc = take_option(a, letter, &err)) != CR_OK)
      return cr_cli_error(rc, &err);
  if (letter < 0)
    return status;
  if (argc - cr_cli_first() > 1)
    return cr_cli_usage(&cr_cmd_validate, "validate takes one table; '%s' is too much", argv[cr_cli_first() + 1]);
  if (cr_cli_first() < argc)
    a->in.truth = argv[cr_cli_first()];
  rc = validate(a, &err);
  return cr_cli_error(rc, &err);
}

static int run(int argc, char **argv)
{
  for (int i = 1; i < argc; i++)
    if (strcmp(argv[i], "--live") == 0)
      return cr_validate_live(argc, argv);
  struct cr_validate_args a = {
    .report = {.command = cr_cli_command_line(), .format = CR_TABLE, .color = isatty(STDOUT_FILENO)},
  };
  struct cr_err err;
  int rc = cr_cli_truth_init(&a.in, argc, &err);
  a.in.truth = "fixed";
  int status = rc == CR_OK ? with_args(&a, argc, argv) : cr_cli_error(rc, &err);
  cr_cli_truth_fini(&a.in);
  return status;
}
