/* cmd_calibrate.c - `corun calibrate`: turns measurements into a device description. */
#include "config.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "calib/bench_run.h"
#include "calib/calibration.h"
#include "calib/cross.h"
#include "sim/cli_truth.h"
#include "sim/gpu.h"
#include "sim/outfile.h"
#include "sim/progress.h"

enum { FIT_EVAL = 300, CROSS_SHARE = 3, LEAST_ALONE = 3 };

enum { MICRO = CR_CLI_OWN, MEASURE, MICRO_OUT, BRIEF, CONSTANTS, ASSUME, CROSS, MAX_EVAL, SEED, RESIDUALS, FORMAT };

static const struct cr_cli_opt options[] = {
  {'o', "output", "FILE", "write the device description there (YAML)"},
  {MICRO, "micro", "FILE|DIR", "results of microbenchmarks, for the constants that they settle; may be repeated"},
  {MEASURE, "measure", NULL, "run microbenchmarks on the GPU here, and take what they settle"},
  {MICRO_OUT, "micro-out", "DIR", "results of --measure go there (default: measured)"},
  {BRIEF, "brief", NULL, "--measure: a fifth of the repetitions, for a first look"},
  {CONSTANTS, "constants", "A,B,...", "fit these on the table (default: all that co-runs settle)"},
  {ASSUME, "assume", "DEVICE",
   "whose constants stand in where there are none (default: the nearest calibrated device)"},
  {CROSS, "cross-validate", "half|model", "also: fit on part of the table, judge by the rest: a half, or all models but one"},
  {MAX_EVAL, "max-eval", "N",
   "predictions of the table for the fit (default: 300); a third of it for each part of a cross-validation"},
  {SEED, "seed", "N", "of the halves, and of where their fits begin (default: 1)"},
  {RESIDUALS, "residuals", "FILE", "write predicted and measured values of all rows there (CSV)"},
  CR_CLI_TRUTH_OPTIONS,
  {FORMAT, "format", "FORMAT", "table (the default), csv or json"},
  {'q', "quiet", NULL, "no progress bar"},
  {0, NULL, NULL, NULL},
};

static int run(int argc, char **argv);

const struct cr_cmd cr_cmd_calibrate = {
  .name = "calibrate",
  .args = "[TRUTH] [-d BASE] [--measure | --micro FILE|DIR...] [-o DEVICE.yaml]",
  .help = "find the constants of a device from measurements and write its description",
  .opt = options,
  .more =
    "TRUTH is a measured co-run table as `corun validate` takes it (also fixed, unseen, autotuned or processes); "
    "without one no\n"
    "constant is fitted. BASE gives the limits of the device, and the constants for which nothing was measured; "
    "where it has\n"
    "none, those of another device are assumed, and the description is marked uncalibrated. --set "
    "model.NAME=VALUE says where\n"
    "a fit begins, or settles a constant that is not fitted. --measure needs an NVIDIA GPU that nothing else uses, "
    "for about\n"
    "half a minute; without -d its base is the bundled device of that name, or else what its driver tells.\n",
  .run = run,
};

struct args {
  struct cr_cli_truth in;
  struct cr_validate_report_cfg report;
  const char *output, *residuals, *list, *assume; /* or NULL */
  const char *micro_out;                          /* NULL: the default */
  int measures, is_brief, has_device;
  const char **micro;
  uint32_t n_micro, max_eval;
  int cross, by_model, quiet;
  uint64_t seed;
};

/* What fits need, and what they find. */
struct fitting {
  struct args *a;
  struct cr_calibration c;
  struct cr_device_desc start;
  struct cr_text switches; /* --set model: without constants */
  struct cr_predictor *predictor;
  struct cr_text out;
  int not_converged;
};

/* --- the command line ----------------------------------------------------------------------------------------------- */

static int parse_cross(struct args *a, const char *how, struct cr_err *err)
{
  a->cross = 1;
  a->by_model = strcmp(how, "model") == 0;
  if (!a->by_model && strcmp(how, "half") != 0)
    return cr_fail(err, CR_EINPUT, "--cross-validate '%s': it is half or model", how);
  return CR_OK;
}

static int take_option(struct args *a, int letter, struct cr_err *err)
{
  int mine;
  uint32_t seed;
  a->has_device |= letter == 'd';
  int rc = cr_cli_truth_take(&a->in, letter, &mine, err);
  if (rc != CR_OK || mine)
    return rc;
  switch (letter) {
  case 'o':
    a->output = cr_cli_value();
    break;
  case MICRO:
    a->micro[a->n_micro++] = cr_cli_value();
    break;
  case MEASURE:
    a->measures = 1;
    break;
  case MICRO_OUT:
    a->micro_out = cr_cli_value();
    break;
  case BRIEF:
    a->is_brief = 1;
    break;
  case CONSTANTS:
    a->list = cr_cli_value();
    break;
  case ASSUME:
    a->assume = cr_cli_value();
    break;
  case CROSS:
    return parse_cross(a, cr_cli_value(), err);
  case MAX_EVAL:
    return cr_cli_count(cr_cli_value(), "--max-eval", 1000000, &a->max_eval, err);
  case SEED:
    rc = cr_cli_count(cr_cli_value(), "--seed", UINT32_MAX, &seed, err);
    a->seed = rc == CR_OK ? seed : a->seed;
    return rc;
  case RESIDUALS:
    a->residuals = cr_cli_value();
    break;
  case FORMAT:
    return cr_format_parse(cr_cli_value(), &a->report.format, err);
  default:
    a->quiet = 1;
    break;
  }
  return CR_OK;
}

/* What would fail after a long search fails before it. */
static int check_args(const struct args *a, struct cr_err *err)
{
  int rc = CR_OK;
  if (a->in.n_device_set)
    return cr_fail(err, CR_EINPUT, "--set device.%s: a description says where each limit comes from; change %s instead",
                   a->in.device_set[0], a->in.device);
  if (!a->in.truth && (a->list || a->cross || a->residuals || a->max_eval))
    return cr_fail(err, CR_EINPUT, "%s needs a table to fit on: name one, such as fixed",
                   a->list        ? "--constants"
                   : a->cross     ? "--cross-validate"
                   : a->residuals ? "--residuals"
                                  : "--max-eval");
  if (!a->measures && (a->micro_out || a->is_brief))
    return cr_fail(err, CR_EINPUT, "%s is of microbenchmarks; give --measure too",
                   a->micro_out ? "--micro-out" : "--brief");
  if (!a->in.truth && !a->n_micro && !a->in.n_store && !a->output && !a->measures)
    return cr_fail(err, CR_EINPUT, "there is nothing to calibrate from: give a table, --micro, --measure or --traces");
  if (a->output)
    rc = cr_outfile_check(a->output, "device description", 0, err);
  if (rc == CR_OK && a->residuals)
    rc = cr_outfile_check(a->residuals, "residuals", 0, err);
  if (rc == CR_OK && a->output && a->residuals && strcmp(a->output, a->residuals) == 0)
    rc = cr_fail(err, CR_EINPUT, "%s: is named for two outputs", a->output);
  return rc;
}

/* --- values of the user --------------------------------------------------------------------------------------------- */

static int constant_of(const char *item, size_t n)
{
  for (int i = 0; i < CR_N_GPU_CONSTANT; i++)
    if (strlen(cr_gpu_constant_info[i].name) == n && memcmp(cr_gpu_constant_info[i].name, item, n) == 0)
      return i;
  return -1;
}

/* What --set says of constants goes into the device, so that a fit may change them; the rest stays a set. */
static int take_values(struct fitting *f, struct cr_err *err)
{
  struct cr_gpu_model m;
  const char *set = f->a->in.model_set.s;
  int rc = cr_gpu_model_parse(&f->c.device, set, &m, err);
  while (rc == CR_OK && set && *set) {
    size_t n = strcspn(set, ",");
    int id = constant_of(set, strcspn(set, "=,"));
    if (id >= 0)
      rc = cr_calibration_give(&f->c, (enum cr_gpu_constant)id, m.constant[id], err);
    else if (n)
      cr_text_add(&f->switches, "%s%.*s", f->switches.n ? "," : "", (int)n, set);
    set += n + (set[n] == ',');
  }
  return rc == CR_OK && f->switches.failed ? cr_fail_nomem(err, "--set") : rc;
}

/* --- fits ----------------------------------------------------------------------------------------------------------- */

/* Rows of the table, and runs of one closed client among them; use: [n_group]. */
static uint32_t find_alone(const struct cr_predictor *p, unsigned char *use)
{
  uint32_t n_row, n_group, n = 0;
  const struct cr_validate_row *row = cr_predictor_rows(p, &n_row);
  const struct cr_predict_group *group = cr_predictor_groups(p, &n_group);
  for (uint32_t g = 0; g < n_group; g++) {
    use[g] = group[g].n_row == 1 && strcmp(row[group[g].first].arrival, cr_arrival_name[CR_ARRIVE_CLOSED]) == 0;
    n += use[g];
  }
  return n;
}

static int run_fit(struct fitting *f, const char *what, struct cr_fit_cfg *cfg, struct cr_fit *fit, struct cr_err *err)
{
  struct cr_progress *bar = f->a->quiet ? NULL : cr_progress_new(what, 1);
  f->start = f->c.device;
  cfg->predictor = f->predictor;
  cfg->device = &f->start;
  cfg->model_set = f->switches.s;
  cfg->n_worker = f->a->in.cfg.n_worker;
  cfg->max_eval = f->a->max_eval ? f->a->max_eval : FIT_EVAL;
  cfg->on_progress = cr_progress_update;
  cfg->progress_ctx = bar;
  int rc = cr_fit_run(cfg, fit, err);
  cr_progress_free(bar);
  if (rc == CR_OK && f->a->report.format == CR_TABLE) {
    cr_fit_report(cfg, &f->a->report, f->a->in.cfg.truth_name, fit, &f->out);
    cr_text_add(&f->out, "\n");
  }
  if (rc == CR_OK)
    f->not_converged |= !fit->converged;
  return rc;
}

/* profiler and memset_gap, which runs of one client settle, unless others were asked for. */
static int fit_alone(struct fitting *f, struct cr_err *err)
{
  struct cr_fit_constant constant[CR_N_GPU_CONSTANT];
  struct cr_fit_cfg cfg = {.constant = constant};
  struct cr_fit fit;
  uint32_t n_group;
  cr_predictor_groups(f->predictor, &n_group);
  unsigned char *use = cr_arena_take(f->a->in.arena, n_group, 1);
  if (!use)
    return cr_fail_nomem(err, "a fit");
  if (f->a->list || find_alone(f->predictor, use) < LEAST_ALONE)
    return CR_OK;
  cfg.use = use;
  cfg.errors = 1;
  int rc = cr_fit_choose(&f->c.device, "--constants", "profiler,memset_gap", constant, &cfg.n_constant, err);
  rc = rc == CR_OK ? run_fit(f, "calibrate: runs alone", &cfg, &fit, err) : rc;
  if (rc != CR_OK)
    return rc;
  return cr_calibration_fit(&f->c, CR_EVIDENCE_ALONE, &cfg, &fit, cr_predictor_truth(f->predictor),
                            f->a->in.cfg.truth_name, err);
}

static int cross_validate(struct fitting *f, const struct cr_fit_cfg *fitted, struct cr_err *err)
{
  struct cr_cross_cfg cfg = {
    .fit = *fitted, .kind = f->a->by_model ? CR_CROSS_MODEL : CR_CROSS_HALF, .seed = f->a->seed};
  struct cr_cross *cross = NULL;
  struct cr_progress *bar = f->a->quiet ? NULL : cr_progress_new("cross-validate", 1);
  cfg.fit.device = &f->c.device;
  cfg.fit.max_eval = (fitted->max_eval + CROSS_SHARE - 1) / CROSS_SHARE;
  cfg.on_progress = cr_progress_update;
  cfg.progress_ctx = bar;
  int rc = cr_cross_run(&cfg, &cross, err);
  cr_progress_free(bar);
  if (rc != CR_OK)
    return rc;
  if (f->a->by_model)
    f->c.leave_one_out_pct = cross->unseen_pct;
  cr_cross_report(&cfg, &f->a->report, f->a->in.cfg.truth_name, cross, &f->out);
  cr_text_add(&f->out, "\n");
  cr_cross_free(cross);
  return CR_OK;
}

static int fit_together(struct fitting *f, struct cr_err *err)
{
  struct cr_fit_constant constant[CR_N_GPU_CONSTANT];
  struct cr_fit_cfg cfg = {.constant = constant, .need_all = f->a->list != NULL, .errors = 1};
  struct cr_fit fit;
  int rc = cr_fit_choose(&f->c.device, "--constants", f->a->list, constant, &cfg.n_constant, err);
  rc = rc == CR_OK ? run_fit(f, "calibrate: co-runs", &cfg, &fit, err) : rc;
  rc = rc == CR_OK ? cr_calibration_fit(&f->c, CR_EVIDENCE_CORUN, &cfg, &fit, cr_predictor_truth(f->predictor),
                                        f->a->in.cfg.truth_name, err)
                   : rc;
  return rc == CR_OK && f->a->cross && !f->not_converged ? cross_validate(f, &cfg, err) : rc;
}

/* The whole table with what was found: its error, and the residuals. */
static int predict_all(struct fitting *f, struct cr_text *residuals, struct cr_err *err)
{
  uint32_t n;
  cr_predictor_rows(f->predictor, &n);
  struct cr_prediction *p = cr_arena_take(f->a->in.arena, n, sizeof *p);
  const struct cr_predict_setting setting = {&f->c.device, f->switches.s};
  const struct cr_predict_job job = {.setting = &setting, .n_setting = 1, .n_worker = f->a->in.cfg.n_worker};
  int rc = p ? cr_predictor_run(f->predictor, &job, p, err) : cr_fail_nomem(err, "predictions");
  if (rc != CR_OK)
    return rc;
  f->c.table_name = f->a->in.cfg.truth_name;
  f->c.table_pct = cr_fit_row_mean_pct(f->predictor, p);
  cr_calibration_residuals(f->predictor, p, f->a->report.command, residuals);
  return residuals->failed ? cr_fail_nomem(err, "residuals") : CR_OK;
}

/* The stores that the table's models may come from; folders of traces are not named. */
static int name_stores(struct fitting *f, struct cr_err *err)
{
  const struct cr_validate_cfg *cfg = &f->a->in.cfg;
  struct stat st;
  int rc = CR_OK;
  for (uint32_t i = 0; rc == CR_OK && i < cfg->n_store; i++)
    if (stat(cfg->store[i], &st) == 0 && S_ISREG(st.st_mode))
      rc = cr_calibration_file(&f->c, cfg->store[i], err);
  return rc == CR_OK && cfg->bundled && !cfg->n_store ? cr_calibration_file(&f->c, cfg->bundled, err) : rc;
}

static int fit_table(struct fitting *f, struct cr_text *residuals, struct cr_err *err)
{
  f->start = f->c.device;
  f->a->in.cfg.device = &f->start;
  f->a->in.cfg.model_set = f->switches.s;
  int rc = cr_predictor_open(&f->a->in.cfg, &f->predictor, err);
  rc = rc == CR_OK ? name_stores(f, err) : rc;
  rc = rc == CR_OK ? fit_alone(f, err) : rc;
  rc = rc == CR_OK ? fit_together(f, err) : rc;
  return rc == CR_OK && !f->not_converged ? predict_all(f, residuals, err) : rc;
}

/* --- what is written ------------------------------------------------------------------------------------------------ */

/* Today, or the day of $SOURCE_DATE_EPOCH, so that a description can be made again to the byte. */
static int find_date(char out[16], struct cr_err *err)
{
  const char *epoch = getenv("SOURCE_DATE_EPOCH");
  struct timespec now;
  struct tm day;
  if (epoch && *epoch) {
    char *end;
    now.tv_sec = (time_t)strtoll(epoch, &end, 10);
    if (*end)
      return cr_fail(err, CR_EINPUT, "SOURCE_DATE_EPOCH '%s': it is a number of seconds since 1970", epoch);
  } else {
    clock_gettime(CLOCK_REALTIME, &now);
  }
  if (!gmtime_r(&now.tv_sec, &day) || !strftime(out, 16, "%Y-%m-%d", &day))
    return cr_fail(err, CR_EINPUT, "SOURCE_DATE_EPOCH '%s': is no date", epoch ? epoch : "");
  return CR_OK;
}

static int write_files(struct fitting *f, const struct cr_text *residuals, struct cr_err *err)
{
  struct cr_text yaml = {0};
  char date[16];
  int rc = find_date(date, err);
  rc = rc == CR_OK ? cr_calibration_yaml(&f->c, f->a->report.command, date, &yaml, err) : rc;
  if (rc == CR_OK && f->a->residuals)
    rc = cr_cli_write(f->a->residuals, residuals->s, residuals->n, err);
  if (rc == CR_OK && f->a->output)
    rc = cr_cli_write(f->a->output, yaml.s, yaml.n, err);
  cr_text_fini(&yaml);
  return rc;
}

static void say_status(const struct fitting *f, struct cr_text *out)
{
  const struct cr_calibration *c = &f->c;
  if (isfinite(c->table_pct))
    cr_text_add(out, "%s: %.2f %% off on average over the means of %s\n", c->device.name, c->table_pct, c->table_name);
  if (isfinite(c->leave_one_out_pct))
    cr_text_add(out, "leave one model out: %.2f %% off on what was kept aside\n", c->leave_one_out_pct);
  if (cr_calibration_is_uncalibrated(c))
    cr_text_add(out,
                "uncalibrated: no co-run of this device was measured; constants marked `assumed` are those of %s\n",
                c->assumed_from ? c->assumed_from : "another device, as the base says");
}

/* --- measuring ------------------------------------------------------------------------------------------------------ */

static void say_part(void *ctx, const char *what, uint32_t i, uint32_t n)
{
  const struct args *a = ctx;
  if (!a->quiet)
    fprintf(stderr, "corun: measuring %s (%" PRIu32 " of %" PRIu32 ")\n", what, i + 1, n);
}

/* What is found goes before what else is given, and its GPU is the base unless another one was named. */
static int measure(struct fitting *f, struct cr_err *err)
{
  struct args *a = f->a;
  char date[16];
  struct cr_bench_out out = {.device = NULL};
  const struct cr_bench_cfg cfg = {.folder = a->micro_out ? a->micro_out : "measured",
                                   .command = a->report.command,
                                   .date = date,
                                   .is_brief = a->is_brief,
                                   .ctx = a,
                                   .on_part = say_part};
  int rc = find_date(date, err);
  rc = rc == CR_OK ? cr_bench_run(&cfg, a->in.arena, &out, err) : rc;
  if (rc == CR_OK && a->report.format == CR_TABLE)
    cr_text_add_bytes(&f->out, out.report.s, out.report.n);
  const char **more = rc == CR_OK ? cr_arena_take(a->in.arena, a->n_micro + out.n_file, sizeof *more) : NULL;
  if (rc == CR_OK && !more)
    rc = cr_fail_nomem(err, "results of microbenchmarks");
  if (rc == CR_OK) {
    memcpy(more, out.file, out.n_file * sizeof *more);
    for (uint32_t i = 0; i < a->n_micro; i++)
      more[out.n_file + i] = a->micro[i];
    a->micro = more;
    a->n_micro += out.n_file;
    a->in.device = a->has_device ? a->in.device : out.device;
  }
  cr_text_fini(&out.report);
  return rc;
}

static int calibrate(struct fitting *f, struct cr_err *err)
{
  struct args *a = f->a;
  struct cr_text residuals = {0};
  int rc = check_args(a, err);
  rc = rc == CR_OK && a->measures ? measure(f, err) : rc;
  rc = rc == CR_OK ? cr_cli_truth_find(&a->in, err) : rc;
  rc = rc == CR_OK ? cr_calibration_open(&f->c, a->in.device, a->assume, a->in.arena, err) : rc;
  if (rc == CR_OK && a->n_micro)
    rc = cr_calibration_micro(&f->c, a->micro, a->n_micro, err);
  if (rc == CR_OK && a->in.n_store)
    rc = cr_calibration_traces(&f->c, a->in.store, a->in.n_store, err);
  rc = rc == CR_OK ? take_values(f, err) : rc;
  if (rc == CR_OK && a->in.truth)
    rc = fit_table(f, &residuals, err);
  if (rc == CR_OK && !f->not_converged) {
    if (a->report.format == CR_TABLE)
      say_status(f, &f->out);
    cr_text_add(&f->out, a->report.format == CR_TABLE ? "\n" : "");
    cr_calibration_report(&f->c, &a->report, &f->out);
    rc = write_files(f, &residuals, err);
  }
  int printed = f->out.failed ? cr_fail_nomem(err, "the report")
                              : cr_cli_write(NULL, f->out.s ? f->out.s : "", f->out.n, rc == CR_OK ? err : NULL);
  rc = rc == CR_OK ? printed : rc;
  if (rc == CR_OK && f->not_converged)
    rc = cr_fail(
      err, CR_ERUN,
      "the fit has not converged in %u predictions of the table, and nothing was written; allow more with --max-eval",
      a->max_eval ? a->max_eval : FIT_EVAL);
  cr_text_fini(&residuals);
  return rc;
}

static int with_args(struct args *a, int argc, char **argv)
{
  struct cr_err err;
  int letter, status = 0, rc;
  while ((letter = cr_cli_next(&cr_cmd_calibrate, argc, argv, &status)) > 0)
    if ((rc = take_option(a, letter, &err)) != CR_OK)
      return cr_cli_error(rc, &err);
  if (letter < 0)
    return status;
  if (argc - cr_cli_first() > 1)
    return cr_cli_usage(&cr_cmd_calibrate, "calibrate takes one table; '%s' is too much", argv[cr_cli_first() + 1]);
  if (cr_cli_first() < argc)
    a->in.truth = argv[cr_cli_first()];
  struct fitting f = {.a = a};
  rc = calibrate(&f, &err);
  cr_predictor_free(f.predictor);
  cr_text_fini(&f.switches);
  cr_text_fini(&f.out);
  return cr_cli_error(rc, &err);
}

static int run(int argc, char **argv)
{
  struct args a = {
    .seed = 1,
    .report = {.command = cr_cli_command_line(), .format = CR_TABLE, .color = cr_cli_wants_color()},
  };
  struct cr_err err;
  int rc = cr_cli_truth_init(&a.in, argc, &err);
  if (rc == CR_OK && !(a.micro = cr_arena_take(a.in.arena, (size_t)argc, sizeof *a.micro)))
    rc = cr_fail_nomem(&err, "the command line");
  int status = rc == CR_OK ? with_args(&a, argc, argv) : cr_cli_error(rc, &err);
  cr_cli_truth_fini(&a.in);
  return status;
}
