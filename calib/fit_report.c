/* fit_report.c - fitted constants as a table for people, CSV or JSON for programs, and YAML for a device file. */
#include "config.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "calib/fit.h"
#include "sim/provenance.h"
#include "sim/table.h"

static const struct cr_gpu_constant_info *info_of(const struct cr_fit_cfg *cfg, uint32_t k)
{
  return &cr_gpu_constant_info[cfg->constant[k].id];
}

/* A value that wants to go further than it may. */
static const char *bound_of(const struct cr_fit_cfg *cfg, const struct cr_fit *fit, uint32_t k)
{
  const struct cr_fit_constant *c = &cfg->constant[k];
  return fit->value[k] <= c->lo * 1.001 ? "lower" : fit->value[k] >= c->hi * 0.999 ? "upper" : "";
}

static void report_table(const struct cr_fit_cfg *cfg, int color, const char *truth, const struct cr_fit *fit,
                         struct cr_text *out)
{
  static const struct cr_table_column column[] = {
    {NULL, "constant", 1}, {NULL, "unit", 1},     {NULL, "before", 0}, {NULL, "fitted", 0},
    {NULL, "std error", 0}, {NULL, "at bound", 1}, {NULL, "what", 1},
  };
  struct cr_table t;
  cr_text_add(out, "%s fitted on %s: objective %.3f -> %.3f %% in %" PRIu32 " predictions\n\n", cfg->device->name, truth,
              fit->start_pct, fit->value_pct, fit->n_eval);
  cr_table_begin(&t, column, sizeof column / sizeof column[0], color);
  for (uint32_t k = 0; k < fit->n_constant; k++) {
    cr_table_cell(&t, "%s", info_of(cfg, k)->name);
    cr_table_cell(&t, "%s", info_of(cfg, k)->unit);
    cr_table_cell(&t, "%.4g", fit->start[k]);
    cr_table_cell(&t, "%.4g", fit->value[k]);
    if (isnan(fit->std_error[k]))
      cr_table_cell(&t, "%s", "");
    else
      cr_table_cell(&t, "%.2g", fit->std_error[k]);
    cr_table_cell(&t, "%s", bound_of(cfg, fit, k));
    cr_table_cell(&t, "%s", info_of(cfg, k)->help);
  }
  cr_table_end(&t, out);
}

static void report_csv(const struct cr_fit_cfg *cfg, const struct cr_fit *fit, struct cr_text *out)
{
  cr_text_add(out, "constant,unit,before,fitted,std_error,at_bound\n");
  for (uint32_t k = 0; k < fit->n_constant; k++) {
    cr_text_add(out, "%s,%s,%.6g,%.6g,", info_of(cfg, k)->name, info_of(cfg, k)->unit, fit->start[k], fit->value[k]);
    if (isfinite(fit->std_error[k]))
      cr_text_add(out, "%.6g", fit->std_error[k]);
    cr_text_add(out, ",%s\n", bound_of(cfg, fit, k));
  }
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
  cr_text_add(out, ",\"objective_pct\":{\"before\":%.6f,\"fitted\":%.6f},\"predictions\":%" PRIu32 ",\n  \"constants\":{",
              fit->start_pct, fit->value_pct, fit->n_eval);
  for (uint32_t k = 0; k < fit->n_constant; k++) {
    cr_text_add(out, "%s\n    \"%s\":{\"unit\":\"%s\",\"before\":%.6g,\"fitted\":%.6g,\"std_error\":", k ? "," : "",
                info_of(cfg, k)->name, info_of(cfg, k)->unit, fit->start[k], fit->value[k]);
    if (isfinite(fit->std_error[k]))
      cr_text_add(out, "%.6g}", fit->std_error[k]);
    else
      cr_text_add(out, "null}");
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

static void quoted(struct cr_text *out, const char *s)
{
  cr_text_add(out, "\"");
  for (; *s; s++)
    cr_text_add(out, *s == '"' || *s == '\\' ? "\\%c" : "%c", *s);
  cr_text_add(out, "\"");
}

void cr_fit_yaml(const struct cr_fit_cfg *cfg, const struct cr_fit *fit, const char *origin, struct cr_text *out)
{
  cr_text_add(out, "constants:\n");
  for (uint32_t k = 0; k < fit->n_constant; k++) {
    const char *unit = strcmp(info_of(cfg, k)->unit, "us") == 0 ? "us" : "";
    struct cr_text text = {0};
    cr_text_add(&text, "%s", origin);
    if (isfinite(fit->std_error[k]))
      cr_text_add(&text, "; standard error %.2g%s", fit->std_error[k], unit);
    cr_text_add(out, "  %s:\n    value: %.4g%s\n    origin: ", info_of(cfg, k)->name, fit->value[k], unit);
    quoted(out, text.s ? text.s : "");
    cr_text_add(out, "\n");
    out->failed |= text.failed;
    cr_text_fini(&text);
  }
}
