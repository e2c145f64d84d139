/* cmd_validate_modes.c - `corun validate --ablate`, `--fit`, `--cross-validate` and `--timeline`. */
#include "config.h"

#include "sim/cmd_validate.h"

#include <string.h>

#include "calib/ablate.h"
#include "calib/cross.h"
#include "calib/fit.h"
#include "calib/timeline_check.h"
#include "sim/cli.h"
#include "sim/gpu.h"
#include "sim/progress.h"

enum { FIT_EVAL = 150, CROSS_EVAL = 60 };

static int print(struct cr_text *out, struct cr_err *err)
{
  int rc = out->failed ? cr_fail_nomem(err, "the report") : cr_cli_write(NULL, out->s, out->n, err);
  cr_text_fini(out);
  return rc;
}

/* --- ablation --------------------------------------------------------------------------------------------------------- */

int cr_validate_ablate(struct cr_validate_args *a, struct cr_err *err)
{
  const char *name[CR_N_GPU_MECHANISM], *what[CR_N_GPU_MECHANISM];
  struct cr_ablation row[CR_N_GPU_MECHANISM + 1];
  for (int i = 0; i < CR_N_GPU_MECHANISM; i++) {
    name[i] = cr_gpu_mechanism_info[i].name;
    what[i] = cr_gpu_mechanism_info[i].help;
  }
  struct cr_ablate_cfg cfg = {.device = a->cfg.device,
                              .model_set = a->cfg.model_set,
                              .mechanism = name,
                              .what = what,
                              .n_mechanism = CR_N_GPU_MECHANISM,
                              .n_worker = a->cfg.n_worker,
                              .on_progress = cr_progress_update};
  int rc = cr_predictor_open(&a->cfg, &cfg.predictor, err);
  if (rc != CR_OK)
    return rc;
  struct cr_progress *bar = a->quiet ? NULL : cr_progress_new("ablate", 1);
  cfg.progress_ctx = bar;
  rc = cr_ablate_run(&cfg, row, err);
  cr_progress_free(bar);
  if (rc == CR_OK) {
    struct cr_text out = {0};
    cr_ablate_report(&a->report, a->cfg.truth_name, a->cfg.device->name, row, CR_N_GPU_MECHANISM + 1, &out);
    rc = print(&out, err);
  }
  cr_predictor_free(cfg.predictor);
  return rc;
}

/* --- fits ------------------------------------------------------------------------------------------------------------- */

/* What a fit needs beside its configuration, which points to it. */
struct fitting {
  struct cr_device_desc device;
  struct cr_fit_constant constant[CR_N_GPU_CONSTANT];
  struct cr_text switches;
};

static int is_constant(const char *item, size_t n)
{
  for (int i = 0; i < CR_N_GPU_CONSTANT; i++)
    if (strlen(cr_gpu_constant_info[i].name) == n && memcmp(cr_gpu_constant_info[i].name, item, n) == 0)
      return 1;
  return 0;
}

/* What --set says of constants goes into the device, so that a fit may change them; the rest stays a set. */
static int split_model_set(const char *set, struct fitting *f, struct cr_err *err)
{
  struct cr_gpu_model m;
  int rc = cr_gpu_model_parse(&f->device, set, &m, err);
  if (rc != CR_OK)
    return rc;
  memcpy(f->device.constant, m.constant, sizeof f->device.constant);
  while (set && *set) {
    size_t n = strcspn(set, ",");
    if (n && !is_constant(set, strcspn(set, "=,")))
      cr_text_add(&f->switches, "%s%.*s", f->switches.n ? "," : "", (int)n, set);
    set += n + (set[n] == ',');
  }
  return f->switches.failed ? cr_fail_nomem(err, "--set") : CR_OK;
}

static int open_fit(struct cr_validate_args *a, struct fitting *f, struct cr_fit_cfg *cfg, struct cr_err *err)
{
  f->device = *a->cfg.device;
  int rc = split_model_set(a->cfg.model_set, f, err);
  if (rc != CR_OK)
    return rc;
  a->cfg.device = &f->device;
  a->cfg.model_set = f->switches.s;
  *cfg = (struct cr_fit_cfg){.device = &f->device,
                             .model_set = f->switches.s,
                             .constant = f->constant,
                             .n_worker = a->cfg.n_worker,
                             .max_eval = a->max_eval};
  rc = cr_fit_choose(&f->device, a->fit_list, f->constant, &cfg->n_constant, err);
  return rc == CR_OK ? cr_predictor_open(&a->cfg, &cfg->predictor, err) : rc;
}

static int print_fit(const struct cr_validate_args *a, const struct cr_fit_cfg *cfg, const struct cr_fit *fit,
                     struct cr_err *err)
{
  struct cr_text yaml = {0}, out = {0}, origin = {0};
  cr_text_add(&origin, "fitted on %s", a->cfg.truth_name);
  cr_fit_yaml(cfg, fit, origin.s ? origin.s : "", &yaml);
  cr_fit_report(cfg, &a->report, a->cfg.truth_name, fit, &out);
  if (!a->output && a->report.format == CR_TABLE)
    cr_text_add(&out, "\n%s", yaml.s ? yaml.s : "");
  int rc = yaml.failed || origin.failed ? cr_fail_nomem(err, "the report") : CR_OK;
  if (rc == CR_OK && a->output)
    rc = cr_cli_write(a->output, yaml.s, yaml.n, err);
  int printed = print(&out, rc == CR_OK ? err : NULL);
  cr_text_fini(&yaml);
  cr_text_fini(&origin);
  return rc == CR_OK ? printed : rc;
}

int cr_validate_fit(struct cr_validate_args *a, struct cr_err *err)
{
  struct fitting f = {.switches = {0}};
  struct cr_fit_cfg cfg = {0};
  struct cr_fit fit = {0};
  a->max_eval = a->max_eval ? a->max_eval : FIT_EVAL;
  int rc = open_fit(a, &f, &cfg, err);
  if (rc == CR_OK) {
    struct cr_progress *bar = a->quiet ? NULL : cr_progress_new("fit", 1);
    cfg.on_progress = cr_progress_update;
    cfg.progress_ctx = bar;
    rc = cr_fit_run(&cfg, &fit, err);
    cr_progress_free(bar);
    if (rc == CR_OK || (rc == CR_EINTR && fit.n_eval)) {
      int printed = print_fit(a, &cfg, &fit, rc == CR_OK ? err : NULL);
      rc = rc == CR_OK ? printed : rc;
    }
  }
  cr_predictor_free(cfg.predictor);
  cr_text_fini(&f.switches);
  return rc;
}

int cr_validate_cross(struct cr_validate_args *a, struct cr_err *err)
{
  struct fitting f = {.switches = {0}};
  struct cr_cross_cfg cfg = {.kind = a->by_model ? CR_CROSS_MODEL : CR_CROSS_HALF, .seed = a->seed};
  a->max_eval = a->max_eval ? a->max_eval : CROSS_EVAL;
  int rc = open_fit(a, &f, &cfg.fit, err);
  if (rc == CR_OK) {
    struct cr_cross *cross = NULL;
    struct cr_progress *bar = a->quiet ? NULL : cr_progress_new("cross-validate", 1);
    cfg.on_progress = cr_progress_update;
    cfg.progress_ctx = bar;
    rc = cr_cross_run(&cfg, &cross, err);
    cr_progress_free(bar);
    if (rc == CR_OK) {
      struct cr_text out = {0};
      cr_cross_report(&cfg, &a->report, a->cfg.truth_name, cross, &out);
      rc = print(&out, err);
    }
    cr_cross_free(cross);
  }
  cr_predictor_free(cfg.fit.predictor);
  cr_text_fini(&f.switches);
  return rc;
}

/* --- timelines -------------------------------------------------------------------------------------------------------- */

/* Items of "A,B,..." in the arena. */
static int parse_list(struct cr_arena *arena, const char *text, const char ***out, uint32_t *n, struct cr_err *err)
{
  char *copy = cr_arena_text(arena, text ? text : "");
  const char **item = cr_arena_take(arena, strlen(text ? text : "") + 1, sizeof *item);
  if (!copy || !item)
    return cr_fail_nomem(err, "--models");
  *n = 0;
  while (*copy) {
    size_t k = strcspn(copy, ",");
    char *next = copy + k + (copy[k] == ',');
    copy[k] = '\0';
    if (k)
      item[(*n)++] = copy;
    copy = next;
  }
  *out = item;
  return CR_OK;
}

int cr_validate_timeline(struct cr_validate_args *a, struct cr_err *err)
{
  struct cr_check_cfg cfg = {.path = a->timeline,
                             .device = a->cfg.device,
                             .model_set = a->cfg.model_set,
                             .streams = a->cfg.streams,
                             .stop = a->cfg.stop};
  const struct cr_check_report_cfg report = {
    .command = a->report.command, .device = a->cfg.device, .format = a->report.format, .color = a->report.color};
  const char **model = NULL;
  const char **store = cr_arena_take(a->arena, a->n_store + (size_t)1, sizeof *store);
  int rc = store ? parse_list(a->arena, a->models, &model, &cfg.n_model, err) : cr_fail_nomem(err, "stores");
  if (rc != CR_OK)
    return rc;
  for (uint32_t i = 0; i < a->n_store; i++)
    store[cfg.n_store++] = a->store[i];
  if (a->cfg.bundled)
    store[cfg.n_store++] = a->cfg.bundled;
  cfg.store = store;
  cfg.model = model;
  struct cr_check *check = NULL;
  rc = cr_check_run(&cfg, &check, err);
  if (rc != CR_OK)
    return rc;
  struct cr_text out = {0};
  cr_check_report(&report, check, &out);
  cr_check_free(check);
  return print(&out, err);
}
