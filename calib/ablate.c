/* ablate.c - what each mechanism of the device model is worth. */
#include "config.h"

#include "calib/ablate.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "sim/mem.h"
#include "sim/provenance.h"
#include "sim/table.h"

static const double AFFECTED_PCT = 1;

/* The rows with these predictions. */
static void fill(const struct cr_predictor *p, const struct cr_prediction *prediction, struct cr_validate_row *row)
{
  uint32_t n;
  const struct cr_validate_row *from = cr_predictor_rows(p, &n);
  for (uint32_t i = 0; i < n; i++) {
    row[i] = from[i];
    memcpy(row[i].predicted_ms, prediction[i].ms, sizeof row[i].predicted_ms);
    row[i].predicted_per_s = prediction[i].per_s;
  }
}

static void judge(const struct cr_predictor *p, const struct cr_prediction *with, const struct cr_prediction *without,
                  struct cr_validate_row *row, double *scratch, struct cr_ablation *out)
{
  uint32_t n;
  cr_predictor_rows(p, &n);
  fill(p, without, row);
  out->mean = cr_error_stats(row, n, CR_TRUTH_MEAN, NULL, 0, scratch);
  out->p99 = cr_error_stats(row, n, CR_TRUTH_P99, NULL, 0, scratch);
  for (uint32_t i = 0; i < n; i++) {
    double change = 100 * (without[i].ms[CR_TRUTH_MEAN] / with[i].ms[CR_TRUTH_MEAN] - 1);
    if (isnan(change))
      continue;
    out->n_affected += fabs(change) > AFFECTED_PCT;
    if (fabs(change) > fabs(out->change_max_pct)) {
      out->change_max_pct = change;
      out->scenario = row[i].scenario;
    }
  }
}

static int run(const struct cr_ablate_cfg *cfg, struct cr_arena *a, struct cr_ablation *out, struct cr_err *err)
{
  uint32_t n, n_setting = cfg->n_mechanism + 1;
  cr_predictor_rows(cfg->predictor, &n);
  struct cr_predict_setting *setting = cr_arena_take(a, n_setting, sizeof *setting);
  struct cr_prediction *p = cr_arena_take(a, (size_t)n_setting * n, sizeof *p);
  struct cr_validate_row *row = cr_arena_take(a, n, sizeof *row);
  double *scratch = cr_arena_take(a, n, sizeof *scratch);
  if (!setting || !p || !row || !scratch)
    return cr_fail_nomem(err, "an ablation");
  int rc = CR_OK;
  for (uint32_t i = 0; rc == CR_OK && i < n_setting; i++) {
    struct cr_text set = {0};
    cr_text_add(&set, "%s", cfg->model_set ? cfg->model_set : "");
    if (i)
      cr_text_add(&set, "%s%s=off", set.n ? "," : "", cfg->mechanism[i - 1]);
    setting[i] = (struct cr_predict_setting){cfg->device, set.failed ? NULL : cr_arena_text(a, set.s)};
    rc = setting[i].model_set ? CR_OK : cr_fail_nomem(err, "an ablation");
    cr_text_fini(&set);
  }
  const struct cr_predict_job job = {.setting = setting,
                                     .n_setting = n_setting,
                                     .n_worker = cfg->n_worker,
                                     .on_progress = cfg->on_progress,
                                     .progress_ctx = cfg->progress_ctx};
  if (rc == CR_OK)
    rc = cr_predictor_run(cfg->predictor, &job, p, err);
  for (uint32_t i = 0; rc == CR_OK && i < n_setting; i++) {
    out[i] = (struct cr_ablation){.mechanism = i ? cfg->mechanism[i - 1] : "none", .what = i ? cfg->what[i - 1] : ""};
    judge(cfg->predictor, p, &p[(size_t)i * n], row, scratch, &out[i]);
  }
  return rc;
}

int cr_ablate_run(const struct cr_ablate_cfg *cfg, struct cr_ablation *out, struct cr_err *err)
{
  struct cr_arena *a = cr_arena_new();
  if (!a)
    return cr_fail_nomem(err, "an ablation");
  int rc = run(cfg, a, out, err);
  cr_arena_free(a);
  return rc;
}

/* --- the report ------------------------------------------------------------------------------------------------------- */

static void report_table(const struct cr_validate_report_cfg *cfg, const char *truth, const char *device,
                         const struct cr_ablation *a, uint32_t n, struct cr_text *out)
{
  static const struct cr_table_column column[] = {
    {NULL, "switched off", 1},     {"error of the mean", "mean %", 0}, {"error of the mean", "change", 0},
    {"error of the mean", "p95 %", 0}, {"error of the mean", "bias %", 0}, {"of p99", "mean %", 0},
    {"predicted mean changes", "rows", 0}, {"predicted mean changes", "most %", 0}, {"predicted mean changes", "in", 1},
    {NULL, "what it is", 1},
  };
  struct cr_table t;
  cr_text_add(out, "%s against %s: %" PRIu32 " rows, one mechanism switched off at a time\n\n", device, truth, a[0].mean.n);
  cr_table_begin(&t, column, sizeof column / sizeof column[0], cfg->color);
  for (uint32_t i = 0; i < n; i++) {
    cr_table_cell(&t, "%s", a[i].mechanism);
    cr_table_cell(&t, "%.2f", a[i].mean.mean_abs_pct);
    if (i)
      cr_table_cell(&t, "%+.2f", a[i].mean.mean_abs_pct - a[0].mean.mean_abs_pct);
    else
      cr_table_cell(&t, "%s", "");
    cr_table_cell(&t, "%.2f", a[i].mean.p95_abs_pct);
    cr_table_cell(&t, "%+.2f", a[i].mean.bias_pct);
    cr_table_cell(&t, "%.2f", a[i].p99.mean_abs_pct);
    cr_table_cell(&t, "%" PRIu32, a[i].n_affected);
    cr_table_cell(&t, "%+.1f", a[i].change_max_pct);
    cr_table_cell(&t, "%s", a[i].scenario ? a[i].scenario : "");
    cr_table_cell(&t, "%s", a[i].what);
  }
  cr_table_end(&t, out);
}

static void report_csv(const struct cr_ablation *a, uint32_t n, struct cr_text *out)
{
  cr_text_add(out, "off,rows,mean_abs_pct_error,change,p95_abs_pct_error,max_abs_pct_error,bias_pct,p99_mean_abs_pct_error,"
                   "rows_affected,most_change_pct,scenario\n");
  for (uint32_t i = 0; i < n; i++)
    cr_text_add(out, "%s,%" PRIu32 ",%.6f,%.6f,%.6f,%.6f,%.6f,%.6f,%" PRIu32 ",%.6f,%s\n", a[i].mechanism, a[i].mean.n,
                a[i].mean.mean_abs_pct, a[i].mean.mean_abs_pct - a[0].mean.mean_abs_pct, a[i].mean.p95_abs_pct,
                a[i].mean.max_abs_pct, a[i].mean.bias_pct, a[i].p99.mean_abs_pct, a[i].n_affected, a[i].change_max_pct,
                a[i].scenario ? a[i].scenario : "");
}

static void json_number(struct cr_text *out, const char *key, double x)
{
  if (isfinite(x))
    cr_text_add(out, ",\"%s\":%.6f", key, x);
  else
    cr_text_add(out, ",\"%s\":null", key);
}

static void report_json(const struct cr_validate_report_cfg *cfg, const char *truth, const char *device,
                        const struct cr_ablation *a, uint32_t n, struct cr_text *out)
{
  cr_text_add(out, "{\"program\":\"corun\",\"version\":");
  cr_text_add_json(out, cr_program_version);
  cr_text_add(out, ",\"git\":");
  cr_text_add_json(out, cr_program_git);
  cr_text_add(out, ",\"command\":");
  cr_text_add_json(out, cfg->command);
  cr_text_add(out, ",\n  \"truth\":");
  cr_text_add_json(out, truth);
  cr_text_add(out, ",\"device\":");
  cr_text_add_json(out, device);
  cr_text_add(out, ",\n  \"ablation\":[");
  for (uint32_t i = 0; i < n; i++) {
    cr_text_add(out, "%s\n    {\"off\":", i ? "," : "");
    cr_text_add_json(out, a[i].mechanism);
    cr_text_add(out, ",\"rows\":%" PRIu32, a[i].mean.n);
    json_number(out, "mean_abs_pct_error", a[i].mean.mean_abs_pct);
    json_number(out, "change", a[i].mean.mean_abs_pct - a[0].mean.mean_abs_pct);
    json_number(out, "p95_abs_pct_error", a[i].mean.p95_abs_pct);
    json_number(out, "max_abs_pct_error", a[i].mean.max_abs_pct);
    json_number(out, "bias_pct", a[i].mean.bias_pct);
    json_number(out, "p99_mean_abs_pct_error", a[i].p99.mean_abs_pct);
    cr_text_add(out, ",\"rows_affected\":%" PRIu32, a[i].n_affected);
    json_number(out, "most_change_pct", a[i].change_max_pct);
    cr_text_add(out, "}");
  }
  cr_text_add(out, "]}\n");
}

void cr_ablate_report(const struct cr_validate_report_cfg *cfg, const char *truth, const char *device,
                      const struct cr_ablation *a, uint32_t n, struct cr_text *out)
{
  if (cfg->format == CR_TABLE)
    report_table(cfg, truth, device, a, n, out);
  else if (cfg->format == CR_CSV)
    report_csv(a, n, out);
  else
    report_json(cfg, truth, device, a, n, out);
}
