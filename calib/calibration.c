/* calibration.c - gathers what is known of a device's constants. */
#include "config.h"

#include "calib/calibration.h"

#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calib/micro_int.h"
#include "sim/table.h"
#include "sim/unit.h"
#include "traces/datadir.h"
#include "traces/device_file.h"
#include "traces/sha256.h"
#include "traces/store.h"
#include "traces/yaml_set.h"

static const char *const evidence_name[CR_N_EVIDENCE] = {
  "base", "assumed", "given", "microbenchmark", "traces", "runs alone", "co-runs",
};

static const char *name_of(int id)
{
  return cr_gpu_constant_info[id].name;
}

static int is_time(int id)
{
  return strcmp(cr_gpu_constant_info[id].unit, "us") == 0;
}

/* --- the base ------------------------------------------------------------------------------------------------------- */

struct nearest {
  struct cr_calibration *c;
  struct cr_device_desc best;
  double distance;
  const char *skip; /* the base's name */
  int rc;
  struct cr_err *err;
};

static double far(double a, double b)
{
  return a > 0 && b > 0 ? fabs(log(a / b)) : 0;
}

static double distance_of(const struct cr_device_desc *a, const struct cr_device_desc *b)
{
  return far(a->sms, b->sms) + far(a->sm_threads, b->sm_threads) + far(a->sm_regs, b->sm_regs) +
         far((double)a->sm_smem_bytes, (double)b->sm_smem_bytes) + far((double)a->l2_bytes, (double)b->l2_bytes) +
         far((double)a->dram_bytes_per_s, (double)b->dram_bytes_per_s);
}

static void consider(void *ctx, const char *name)
{
  struct nearest *n = ctx;
  struct cr_device_desc d;
  if (n->rc != CR_OK)
    return;
  n->rc = cr_device_load(name, NULL, 0, n->c->arena, &d, n->err);
  if (n->rc != CR_OK || d.is_uncalibrated || d.n_assumed)
    return;
  double distance = distance_of(&n->c->device, &d);
  if (distance < n->distance) {
    n->distance = distance;
    n->best = d;
  }
}

static int find_assumed(struct cr_calibration *c, const char *assume, struct cr_device_desc *out, struct cr_err *err)
{
  if (assume) {
    int rc = cr_device_load(assume, NULL, 0, c->arena, out, err);
    if (rc == CR_OK && out->is_uncalibrated)
      rc = cr_fail(err, CR_EINPUT, "--assume %s: that device has no constants either", assume);
    return rc;
  }
  struct nearest n = {.c = c, .distance = INFINITY, .rc = CR_OK, .err = err};
  int rc = cr_datadir_each("devices", ".yaml", consider, &n, err);
  rc = rc == CR_OK ? n.rc : rc;
  if (rc == CR_OK && isinf(n.distance))
    rc = cr_fail(err, CR_EINPUT,
                 "%s: has no constants, and no bundled device has measured ones; name one with --assume", c->base_path);
  if (rc == CR_OK)
    *out = n.best;
  return rc;
}

static int assume_all(struct cr_calibration *c, const char *assume, struct cr_err *err)
{
  struct cr_device_desc from;
  int rc = find_assumed(c, assume, &from, err);
  if (rc != CR_OK)
    return rc;
  struct cr_text origin = {0};
  cr_text_add(&origin, "assumed: as on %s (%s)", from.name, from.about);
  const char *text = origin.failed ? NULL : cr_arena_text(c->arena, origin.s);
  cr_text_fini(&origin);
  if (!text)
    return cr_fail_nomem(err, "constants");
  c->assumed_from = from.name;
  for (int id = 0; id < CR_GPU_FIRST_PRICE; id++) { /* prices may be left out, and then are */
    c->device.constant[id] = from.constant[id];
    c->at[id].by = CR_EVIDENCE_ASSUMED;
    c->at[id].origin = text;
  }
  c->device.is_uncalibrated = 0;
  return CR_OK;
}

/* Standard errors, and which constants the base itself assumes. */
static int read_base(struct cr_calibration *c, struct cr_err *err)
{
  struct cr_yaml *y = NULL;
  int rc = cr_yaml_read(c->base_path, &y, err);
  for (int id = 0; rc == CR_OK && id < CR_N_GPU_CONSTANT; id++) {
    struct cr_text path = {0};
    cr_text_add(&path, "constants.%s.stderr", name_of(id));
    const char *text = path.failed ? NULL : cr_yaml_scalar(y, path.s);
    if (text)
      rc = (is_time(id) ? cr_parse_time_us : cr_parse_real)(text, name_of(id), &c->at[id].before_error, err);
    cr_text_fini(&path);
    c->at[id].std_error = c->at[id].before_error;
    cr_text_add(&path, "constants.%s.origin", name_of(id));
    text = path.failed ? NULL : cr_yaml_scalar(y, path.s);
    if (text && strncmp(text, "assumed", 7) == 0)
      c->at[id].by = CR_EVIDENCE_ASSUMED;
    cr_text_fini(&path);
  }
  cr_yaml_free(y);
  return rc;
}

int cr_calibration_open(struct cr_calibration *c, const char *base, const char *assume, struct cr_arena *arena,
                        struct cr_err *err)
{
  c->arena = arena;
  c->leave_one_out_pct = c->table_pct = NAN;
  for (int id = 0; id < CR_N_GPU_CONSTANT; id++) {
    c->at[id].before = c->at[id].before_error = c->at[id].std_error = NAN;
    c->at[id].file = -1;
  }
  int rc = cr_datadir_resolve("device", "devices", base, arena, &c->base_path, err);
  rc = rc == CR_OK ? cr_device_load(base, NULL, 0, arena, &c->device, err) : rc;
  if (rc == CR_OK && c->device.kind != CR_DEVICE_GPU)
    rc = cr_fail(err, CR_EINPUT, "%s: is no description of a GPU", base);
  if (rc != CR_OK)
    return rc;
  if (c->device.is_uncalibrated)
    return assume_all(c, assume, err);
  for (int id = 0; id < CR_N_GPU_CONSTANT; id++)
    c->at[id].before = c->device.constant[id];
  return read_base(c, err);
}

/* --- evidence ------------------------------------------------------------------------------------------------------- */

static int place_of_file(struct cr_calibration *c, const char *path, uint32_t n_row, int *out, struct cr_err *err)
{
  uint32_t i = 0;
  while (i < c->n_file && strcmp(c->file[i].path, path) != 0)
    i++;
  if (i == CR_CALIBRATION_FILES)
    return cr_fail(err, CR_EINPUT, "%s: at most %d files of data can be given", path, CR_CALIBRATION_FILES);
  if (i == c->n_file) {
    int rc = cr_sha256_file(path, c->file[i].sha256, err);
    if (rc != CR_OK)
      return rc;
    c->file[i].path = cr_arena_text(c->arena, path);
    if (!c->file[i].path)
      return cr_fail_nomem(err, path);
    c->n_file++;
  }
  c->file[i].n_row += n_row;
  *out = (int)i;
  return CR_OK;
}

int cr_calibration_file(struct cr_calibration *c, const char *path, struct cr_err *err)
{
  int file;
  return place_of_file(c, path, 0, &file, err);
}

/* As it will be written, so that predictions with the description are those that were reported. */
static double written(double value)
{
  char text[32];
  snprintf(text, sizeof text, "%.6g", value);
  return strtod(text, NULL);
}

static int settle(struct cr_calibration *c, int id, enum cr_evidence by, double value, double std_error, uint32_t n_row,
                  int file, const struct cr_text *origin, struct cr_err *err)
{
  const char *text = origin->failed ? NULL : cr_arena_text(c->arena, origin->s);
  if (!text)
    return cr_fail_nomem(err, "constants");
  c->device.constant[id] = written(value);
  c->at[id].by = by;
  c->at[id].std_error = std_error;
  c->at[id].n_row = n_row;
  c->at[id].file = file;
  c->at[id].origin = text;
  return CR_OK;
}

int cr_calibration_give(struct cr_calibration *c, enum cr_gpu_constant id, double value, struct cr_err *err)
{
  struct cr_text origin = {0};
  cr_text_add(&origin, "given by the user (--set model.%s)", name_of((int)id));
  int rc = settle(c, (int)id, CR_EVIDENCE_GIVEN, value, NAN, 0, -1, &origin, err);
  cr_text_fini(&origin);
  return rc;
}

int cr_calibration_micro(struct cr_calibration *c, const char *const *path, uint32_t n_path, struct cr_err *err)
{
  struct cr_micro m;
  int rc = cr_micro_read(path, n_path, &c->device, c->arena, &m, err);
  for (uint32_t i = 0; rc == CR_OK && i < m.n_value; i++) {
    const struct cr_micro_value *v = &m.value[i];
    struct cr_text origin = {0};
    int file = -1;
    rc = place_of_file(c, v->path, v->n_row, &file, err);
    cr_text_add(&origin, "%s; %" PRIu32 " rows", v->what, v->n_row);
    if (rc == CR_OK)
      rc = settle(c, (int)v->id, CR_EVIDENCE_MICRO, v->value, v->std_error, v->n_row, file, &origin, err);
    cr_text_fini(&origin);
  }
  return rc;
}

/* --- traces --------------------------------------------------------------------------------------------------------- */

struct gaps {
  struct cr_arena *arena;
  struct cr_store *store;
  struct cr_micro_sample us; /* before the first op of each model */
  int rc;
  struct cr_err *err;
};

static void add_gap(void *ctx, const char *model)
{
  struct gaps *g = ctx;
  struct cr_op_spec *op;
  uint32_t n_op;
  if (g->rc != CR_OK)
    return;
  g->rc = cr_store_read_model(g->store, model, g->arena, &op, &n_op, g->err);
  if (g->rc == CR_OK && n_op && op[0].gap_ns != CR_NS_NEVER && op[0].launch_ns == CR_NS_NEVER)
    cr_micro_add(&g->us, (double)op[0].gap_ns / 1e3);
}

static int is_store(const char *path)
{
  size_t n = strlen(path);
  return n > 3 && strcmp(path + n - 3, ".db") == 0;
}

int cr_calibration_traces(struct cr_calibration *c, const char *const *store, uint32_t n_store, struct cr_err *err)
{
  struct gaps g = {.arena = c->arena, .us = {.alone_error = NAN}, .rc = CR_OK, .err = err};
  int file = -1;
  for (uint32_t i = 0; g.rc == CR_OK && i < n_store; i++) {
    if (!is_store(store[i]))
      continue;
    uint32_t before = g.us.n;
    g.rc = cr_store_open(store[i], &g.store, err);
    if (g.rc != CR_OK)
      break;
    int rc = cr_store_each_model(g.store, add_gap, &g, err);
    g.rc = g.rc == CR_OK ? rc : g.rc;
    cr_store_close(g.store);
    if (g.rc == CR_OK && g.us.n > before)
      g.rc = place_of_file(c, store[i], g.us.n - before, &file, err);
  }
  if (g.rc == CR_OK && g.us.n) {
    struct cr_text origin = {0};
    double std_error, value = cr_micro_median(&g.us, &std_error);
    cr_text_add(&origin, "recorded idle time between back-to-back replays, median of %" PRIu32 " models", g.us.n);
    g.rc = g.us.failed ? cr_fail_nomem(err, "traces")
                       : settle(c, CR_GPU_REPLAY, CR_EVIDENCE_TRACES, value, std_error, g.us.n, file, &origin, err);
    cr_text_fini(&origin);
  }
  cr_micro_sample_fini(&g.us);
  return g.rc;
}

/* --- fits ----------------------------------------------------------------------------------------------------------- */

static void say_origin(const struct cr_fit_cfg *cfg, const struct cr_fit *fit, uint32_t k, enum cr_evidence by,
                       const char *truth_name, struct cr_text *out)
{
  const struct cr_fit_value *at = &fit->at[k];
  const char *bound = cr_fit_bound(cfg, fit, k);
  cr_text_add(out, "fitted on %s of %s, %" PRIu32 " constants together", evidence_name[by], truth_name,
              fit->n_constant);
  cr_text_add(out, "; %" PRIu32 " of %" PRIu32 " rows depend on it", at->n_row, fit->n_row);
  for (int kind = 0, n = 0; kind < CR_N_FIT_KIND; kind++)
    if (at->share[kind] >= 0.1)
      cr_text_add(out, "%s%s %.0f %%", n++ ? ", " : ": ", cr_fit_kind_name[kind], 100 * at->share[kind]);
  if (*bound)
    cr_text_add(out, "; at its %s bound", bound);
}

int cr_calibration_fit(struct cr_calibration *c, enum cr_evidence by, const struct cr_fit_cfg *cfg,
                       const struct cr_fit *fit, const struct cr_truth *truth, const char *truth_name,
                       struct cr_err *err)
{
  int file = -1;
  int rc = place_of_file(c, truth->path, fit->n_row, &file, err);
  if (rc == CR_OK && truth->arrivals_path && by == CR_EVIDENCE_CORUN) {
    int arrivals;
    rc = place_of_file(c, truth->arrivals_path, 0, &arrivals, err);
  }
  for (uint32_t k = 0; rc == CR_OK && k < fit->n_constant; k++) {
    struct cr_text origin = {0};
    if (!fit->at[k].is_told)
      continue;
    say_origin(cfg, fit, k, by, truth_name, &origin);
    rc = settle(c, (int)cfg->constant[k].id, by, fit->at[k].value, fit->at[k].std_error, fit->at[k].n_row, file,
                &origin, err);
    cr_text_fini(&origin);
  }
  return rc;
}

int cr_calibration_is_uncalibrated(const struct cr_calibration *c)
{
  struct cr_fit_constant constant[CR_N_GPU_CONSTANT];
  uint32_t n = 0;
  if (cr_fit_choose(&c->device, "", NULL, constant, &n, NULL) != CR_OK)
    return 1;
  for (uint32_t k = 0; k < n; k++)
    if (c->at[constant[k].id].by == CR_EVIDENCE_ASSUMED)
      return 1;
  return 0;
}

/* --- the report ----------------------------------------------------------------------------------------------------- */

static void cell(struct cr_table *t, int digits, double value)
{
  if (isfinite(value))
    cr_table_cell(t, "%.*g", digits, value);
  else
    cr_table_cell(t, "%s", "");
}

static void signed_cell(struct cr_table *t, double value)
{
  if (isfinite(value))
    cr_table_cell(t, "%+.1f", value);
  else
    cr_table_cell(t, "%s", "");
}

static const char *file_of(const struct cr_calibration *c, int id)
{
  return c->at[id].file < 0 ? "" : c->file[c->at[id].file].path;
}

/* How far the new value lies from the base's, in percent of that. */
static double change_pct(const struct cr_calibration *c, int id)
{
  int is_new = c->at[id].by >= CR_EVIDENCE_GIVEN && c->at[id].before > 0;
  return is_new ? 100 * (c->device.constant[id] / c->at[id].before - 1) : NAN;
}

/* The same in standard errors, both together; NAN: one of the two has none. */
static double apart(const struct cr_calibration *c, int id)
{
  double both = hypot(c->at[id].before_error, c->at[id].std_error);
  return isfinite(change_pct(c, id)) && both > 0 ? (c->device.constant[id] - c->at[id].before) / both : NAN;
}

static void report_table(const struct cr_calibration *c, int color, struct cr_text *out)
{
  static const struct cr_table_column column[] = {
    {NULL, "constant", 1}, {NULL, "unit", 1},       {"base", "value", 0},   {"base", "std error", 0},
    {"now", "value", 0},   {"now", "std error", 0}, {"difference", "%", 0}, {"difference", "std errors", 0},
    {NULL, "rows", 0},     {NULL, "from", 1},       {NULL, "file", 1},
  };
  struct cr_table t;
  cr_table_begin(&t, column, sizeof column / sizeof column[0], color);
  for (int id = 0; id < CR_N_GPU_CONSTANT; id++) {
    if (isnan(c->device.constant[id]))
      continue;
    cr_table_cell(&t, "%s", name_of(id));
    cr_table_cell(&t, "%s", cr_gpu_constant_info[id].unit);
    cell(&t, 4, c->at[id].before);
    cell(&t, 2, c->at[id].before_error);
    cell(&t, 4, c->device.constant[id]);
    cell(&t, 2, c->at[id].std_error);
    signed_cell(&t, change_pct(c, id));
    signed_cell(&t, apart(c, id));
    cell(&t, 10, c->at[id].n_row ? (double)c->at[id].n_row : NAN);
    cr_table_cell(&t, "%s", evidence_name[c->at[id].by]);
    const char *path = file_of(c, id), *slash = strrchr(path, '/');
    cr_table_cell(&t, "%s", slash ? slash + 1 : path);
  }
  cr_table_end(&t, out);
}

static void report_csv(const struct cr_calibration *c, struct cr_text *out)
{
  cr_text_add(
    out, "constant,unit,base,base_std_error,value,std_error,difference_pct,difference_std_errors,rows,from,file\n");
  for (int id = 0; id < CR_N_GPU_CONSTANT; id++) {
    if (isnan(c->device.constant[id]))
      continue;
    const double value[] = {c->at[id].before,    c->at[id].before_error, c->device.constant[id],
                            c->at[id].std_error, change_pct(c, id),      apart(c, id)};
    cr_text_add(out, "%s,%s", name_of(id), cr_gpu_constant_info[id].unit);
    for (size_t i = 0; i < sizeof value / sizeof value[0]; i++) {
      cr_text_add(out, ",");
      if (isfinite(value[i]))
        cr_text_add(out, "%.6g", value[i]);
    }
    cr_text_add(out, ",%" PRIu32 ",%s,%s\n", c->at[id].n_row, evidence_name[c->at[id].by], file_of(c, id));
  }
}

static void json_real(struct cr_text *out, const char *key, double value)
{
  if (isfinite(value))
    cr_text_add(out, ",\"%s\":%.6g", key, value);
}

static void report_json(const struct cr_calibration *c, const char *command, struct cr_text *out)
{
  cr_text_add(out, "{\"program\":\"corun\",\"command\":");
  cr_text_add_json(out, command);
  cr_text_add(out, ",\"device\":");
  cr_text_add_json(out, c->device.name);
  cr_text_add(out, ",\"status\":\"%s\"", cr_calibration_is_uncalibrated(c) ? "uncalibrated" : "calibrated");
  json_real(out, "mean_abs_pct", c->table_pct);
  json_real(out, "leave_one_model_out_pct", c->leave_one_out_pct);
  cr_text_add(out, ",\n  \"constants\":{");
  for (int id = 0, n = 0; id < CR_N_GPU_CONSTANT; id++) {
    if (isnan(c->device.constant[id]))
      continue;
    cr_text_add(out, "%s\n    \"%s\":{\"unit\":\"%s\",\"value\":%.6g", n++ ? "," : "", name_of(id),
                cr_gpu_constant_info[id].unit, c->device.constant[id]);
    json_real(out, "base", c->at[id].before);
    json_real(out, "std_error", c->at[id].std_error);
    cr_text_add(out, ",\"rows\":%" PRIu32 ",\"from\":\"%s\"}", c->at[id].n_row, evidence_name[c->at[id].by]);
  }
  cr_text_add(out, "}}\n");
}

void cr_calibration_report(const struct cr_calibration *c, const struct cr_validate_report_cfg *report,
                           struct cr_text *out)
{
  if (report->format == CR_TABLE)
    report_table(c, report->color, out);
  else if (report->format == CR_CSV)
    report_csv(c, out);
  else
    report_json(c, report->command, out);
}
