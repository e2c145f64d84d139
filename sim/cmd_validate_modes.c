/* cmd_validate_modes.c - `corun validate --ablate` and `--timeline`. */
#include "config.h"

#include "sim/cmd_validate.h"

#include <string.h>

#include "calib/ablate.h"
#include "calib/predict.h"
#include "calib/timeline_check.h"
#include "sim/cli.h"
#include "sim/gpu.h"
#include "sim/progress.h"

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
  struct cr_ablate_cfg cfg = {.device = a->in.cfg.device,
                              .model_set = a->in.cfg.model_set,
                              .mechanism = name,
                              .what = what,
                              .n_mechanism = CR_N_GPU_MECHANISM,
                              .n_worker = a->in.cfg.n_worker,
                              .on_progress = cr_progress_update};
  int rc = cr_predictor_open(&a->in.cfg, &cfg.predictor, err);
  if (rc != CR_OK)
    return rc;
  struct cr_progress *bar = a->quiet ? NULL : cr_progress_new("ablate", 1);
  cfg.progress_ctx = bar;
  rc = cr_ablate_run(&cfg, row, err);
  cr_progress_free(bar);
  if (rc == CR_OK) {
    struct cr_text out = {0};
    cr_ablate_report(&a->report, a->in.cfg.truth_name, a->in.cfg.device->name, row, CR_N_GPU_MECHANISM + 1, &out);
    rc = print(&out, err);
  }
  cr_predictor_free(cfg.predictor);
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
                             .device = a->in.cfg.device,
                             .model_set = a->in.cfg.model_set,
                             .streams = a->in.cfg.streams,
                             .stop = a->in.cfg.stop};
  const struct cr_check_report_cfg report = {
    .command = a->report.command, .device = a->in.cfg.device, .format = a->report.format, .color = a->report.color};
  const char **model = NULL;
  const char **store = cr_arena_take(a->in.arena, a->in.n_store + (size_t)1, sizeof *store);
  int rc = store ? parse_list(a->in.arena, a->models, &model, &cfg.n_model, err) : cr_fail_nomem(err, "stores");
  if (rc != CR_OK)
    return rc;
  for (uint32_t i = 0; i < a->in.n_store; i++)
    store[cfg.n_store++] = a->in.store[i];
  if (a->in.cfg.bundled)
    store[cfg.n_store++] = a->in.cfg.bundled;
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
