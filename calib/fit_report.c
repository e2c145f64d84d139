/* fit_report.c - fitted constants as a table for people, CSV or JSON for programs. */
#include "config.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "calib/fit.h"
#include "sim/provenance.h"
#include "sim/table.h"

static const struct cr_gpu_constant_info *info_of(const struct cr_fit_cfg *cfg, uint32_t k)
{
  return &cr_gpu_constant_info[cfg->constant[k].id];
}

/* Where what is known of a constant comes from, "2 clients 62 %, 5+ clients 30 %": kinds of a tenth and more. */
static const char *shares(const struct cr_fit_value *at, char *out, size_t n)
{
  size_t used = 0;
  out[0] = '\0';
  for (int kind = 0; kind < CR_N_FIT_KIND; kind++)
    if (at->share[kind] >= 0.1 && used < n)
      used += (size_t)snprintf(out + used, n - used, "%s%s %.0f %%", used ? ", " : "", cr_fit_kind_name[kind],
                               100 * at->share[kind]);
  return out;
}

static void cell_value(struct cr_table *t, double value, const char *fmt)
{
  char text[32];
  if (isnan(value))
    text[0] = '\0';
  else
    snprintf(text, sizeof text, fmt, value);
  cr_table_cell(t, "%s", text);
}

static void report_table(const struct cr_fit_cfg *cfg, int color, const char *truth, const struct cr_fit *fit,
                         struct cr_text *out)
{
  static const struct cr_table_column column[] = {
    {NULL, "constant", 1},  {NULL, "unit", 1},      {NULL, "start", 0},
    {NULL, "fitted", 0},    {NULL, "std error", 0}, {NULL, "at bound", 1},
    {NULL, "goes with", 1}, {NULL, "rows", 0},      {NULL, "what it rests on", 1},
  };
  struct cr_table t;
  char text[128];
  cr_text_add(out,
              "%s on %s: loss %.3f -> %.3f %%, mean of |error| %.2f -> %.2f %%, %" PRIu32 " rows, %" PRIu32
              " predictions%s\n\n",
              cfg->device->name, truth, fit->start_loss_pct, fit->loss_pct, fit->start_pct, fit->pct, fit->n_row,
              fit->n_eval, fit->converged ? "" : ", not converged");
  cr_table_begin(&t, column, sizeof column / sizeof column[0], color);
  for (uint32_t k = 0; k < fit->n_constant; k++) {
    const struct cr_fit_value *at = &fit->at[k];
    cr_table_cell(&t, "%s", info_of(cfg, k)->name);
    cr_table_cell(&t, "%s", info_of(cfg, k)->unit);
    cr_table_cell(&t, "%.4g", at->start);
    cr_table_cell(&t, "%.4g", at->value);
    cell_value(&t, at->std_error, "%.2g");
    cr_table_cell(&t, "%s", cr_fit_bound(cfg, fit, k));
    if (at->twin >= 0 && isfinite(at->std_error))
      cr_table_cell(&t, "%s %+.2f", info_of(cfg, (uint32_t)at->twin)->name, at->correlation);
    else
      cr_table_cell(&t, "%s", "");
    cr_table_cell(&t, "%" PRIu32, at->n_row);
    cr_table_cell(&t, "%s", at->is_told ? shares(at, text, sizeof text) : "nothing: kept");
  }
  cr_table_end(&t, out);
}

static void report_csv(const struct cr_fit_cfg *cfg, const struct cr_fit *fit, struct cr_text *out)
{
  cr_text_add(out,
              "constant,unit,start,fitted,std_error,at_bound,goes_with,correlation,rows,alone,pairs,few,many,open\n");
  for (uint32_t k = 0; k < fit->n_constant; k++) {
    const struct cr_fit_value *at = &fit->at[k];
    cr_text_add(out, "%s,%s,%.6g,%.6g,", info_of(cfg, k)->name, info_of(cfg, k)->unit, at->start, at->value);
    if (isfinite(at->std_error))
      cr_text_add(out, "%.6g", at->std_error);
    cr_text_add(out, ",%s,", cr_fit_bound(cfg, fit, k));
    if (at->twin >= 0)
      cr_text_add(out, "%s,%.4f", info_of(cfg, (uint32_t)at->twin)->name, at->correlation);
    else
      cr_text_add(out, ",");
    cr_text_add(out, ",%" PRIu32, at->n_row);
    for (int kind = 0; kind < CR_N_FIT_KIND; kind++)
      cr_text_add(out, ",%.4f", at->share[kind]);
    cr_text_add(out, "\n");
  }
}

static void json_value(const struct cr_fit_cfg *cfg, const struct cr_fit *fit, uint32_t k, struct cr_text *out)
{
  const struct cr_fit_value *at = &fit->at[k];
  cr_text_add(out, "{\"unit\":\"%s\",\"start\":%.6g,\"fitted\":%.6g,\"std_error\":", info_of(cfg, k)->unit, at->start,
              at->value);
  if (isfinite(at->std_error))
    cr_text_add(out, "%.6g", at->std_error);
  else
    cr_text_add(out, "null");
  cr_text_add(out, ",\"at_bound\":\"%s\",\"rows\":%" PRIu32 ",\"rests_on\":{", cr_fit_bound(cfg, fit, k), at->n_row);
  for (int kind = 0; kind < CR_N_FIT_KIND; kind++)
    cr_text_add(out, "%s\"%s\":%.4f", kind ? "," : "", cr_fit_kind_name[kind], at->share[kind]);
  cr_text_add(out, "}");
  if (at->twin >= 0)
    cr_text_add(out, ",\"goes_with\":\"%s\",\"correlation\":%.4f", info_of(cfg, (uint32_t)at->twin)->name,
                at->correlation);
  cr_text_add(out, "}");
}

static void report_json(const struct cr_fit_cfg *cfg, const char *command, const char *truth, const struct cr_fit *fit,
                        struct cr_text *out)
{
  cr_text_add(out, "{\"program\":\"corun\",\"version\":");
  cr_text_add_json(out, cr_program_version);
  cr_text_add(out, ",\"git\":");
  cr_text_add_json(out, cr_program_git);
  cr_text_add(out, ",\"command\":");
  cr_text_add_json(out, command);
  cr_text_add(out, ",\n  \"truth\":");
  cr_text_add_json(out, truth);
  cr_text_add(out, ",\"device\":");
  cr_text_add_json(out, cfg->device->name);
  cr_text_add(out,
              ",\"converged\":%s,\"rows\":%" PRIu32 ",\"predictions\":%" PRIu32
              ",\n  \"loss_pct\":{\"start\":%.6f,\"fitted\":%.6f},\"mean_abs_pct\":{\"start\":%.6f,\"fitted\":%.6f}"
              ",\n  \"constants\":{",
              fit->converged ? "true" : "false", fit->n_row, fit->n_eval, fit->start_loss_pct, fit->loss_pct,
              fit->start_pct, fit->pct);
  for (uint32_t k = 0; k < fit->n_constant; k++) {
    cr_text_add(out, "%s\n    \"%s\":", k ? "," : "", info_of(cfg, k)->name);
    json_value(cfg, fit, k, out);
  }
  cr_text_add(out, "}}\n");
}

void cr_fit_report(const struct cr_fit_cfg *cfg, const struct cr_validate_report_cfg *report, const char *truth,
                   const struct cr_fit *fit, struct cr_text *out)
{
  if (report->format == CR_TABLE)
    report_table(cfg, report->color, truth, fit, out);
  else if (report->format == CR_CSV)
    report_csv(cfg, fit, out);
  else
    report_json(cfg, report->command, truth, fit, out);
}
