/* calibration_yaml.c - a calibrated device description, and the errors of its table.
 *
 * The base's document is taken over with its limits and their sources, and every constant that is new is set in it; what `corun
 * calibrate` did stands under `calibration`. */
#include "config.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "calib/calibration.h"
#include "sim/provenance.h"
#include "traces/yaml_set.h"

/* A text in YAML's double quotes. */
static void quoted(struct cr_text *out, const char *s)
{
  cr_text_add(out, "\"");
  for (; *s; s++)
    if (*s == '"' || *s == '\\')
      cr_text_add(out, "\\%c", *s);
    else if ((unsigned char)*s < ' ')
      cr_text_add(out, "\\x%02x", (unsigned char)*s);
    else
      cr_text_add(out, "%c", *s);
  cr_text_add(out, "\"");
}

/* "{value: 0.67us, stderr: 0.06us, origin: "...", date: 2026-11-28}" */
static void one_constant(const struct cr_calibration *c, int id, const char *date, struct cr_text *out)
{
  const char *unit = strcmp(cr_gpu_constant_info[id].unit, "us") == 0 ? "us" : "";
  cr_text_add(out, "constants.%s={value: \"%.6g%s\"", cr_gpu_constant_info[id].name, c->device.constant[id], unit);
  if (isfinite(c->at[id].std_error) && c->at[id].by > CR_EVIDENCE_GIVEN)
    cr_text_add(out, ", stderr: \"%.2g%s\"", c->at[id].std_error, unit);
  cr_text_add(out, ", origin: ");
  quoted(out, c->at[id].origin);
  if (c->at[id].by > CR_EVIDENCE_ASSUMED)
    cr_text_add(out, ", date: \"%s\"", date);
  cr_text_add(out, "}");
}

static void one_file(const struct cr_calibration *c, uint32_t i, struct cr_text *out)
{
  cr_text_add(out, "%s{file: ", i ? ", " : "");
  quoted(out, c->file[i].path);
  cr_text_add(out, ", sha256: \"%s\", rows: \"%" PRIu32 "\", constants: [", c->file[i].sha256, c->file[i].n_row);
  for (int id = 0, n = 0; id < CR_N_GPU_CONSTANT; id++)
    if (c->at[id].file == (int)i)
      cr_text_add(out, "%s%s", n++ ? ", " : "", cr_gpu_constant_info[id].name);
  cr_text_add(out, "]}");
}

static void about(const struct cr_calibration *c, const char *command, const char *date, struct cr_text *out)
{
  cr_text_add(out, "calibration={status: %s, date: \"%s\", program: \"%s (%s)\", command: ",
              cr_calibration_is_uncalibrated(c) ? "uncalibrated" : "calibrated", date, cr_program_version,
              cr_program_git);
  quoted(out, command);
  if (c->assumed_from) {
    cr_text_add(out, ", assumed_from: ");
    quoted(out, c->assumed_from);
  }
  if (c->table_name) {
    cr_text_add(out, ", table: ");
    quoted(out, c->table_name);
  }
  if (isfinite(c->table_pct))
    cr_text_add(out, ", error: \"%.2f %%\"", c->table_pct);
  if (isfinite(c->leave_one_out_pct))
    cr_text_add(out, ", leave_one_model_out: \"%.2f %%\"", c->leave_one_out_pct);
  if (c->n_file) {
    cr_text_add(out, ", data: [");
    for (uint32_t i = 0; i < c->n_file; i++)
      one_file(c, i, out);
    cr_text_add(out, "]");
  }
  cr_text_add(out, "}");
}

static int set(struct cr_yaml *y, struct cr_text *item, struct cr_err *err)
{
  int rc = item->failed ? cr_fail_nomem(err, "a description") : cr_yaml_set(y, item->s, "", err);
  cr_text_fini(item);
  return rc;
}

int cr_calibration_yaml(const struct cr_calibration *c, const char *command, const char *date, struct cr_text *out,
                        struct cr_err *err)
{
  struct cr_yaml *y = NULL;
  int rc = cr_yaml_read(c->base_path, &y, err);
  for (int id = 0; rc == CR_OK && id < CR_N_GPU_CONSTANT; id++) {
    struct cr_text item = {0};
    if (!c->at[id].origin)
      continue;
    one_constant(c, id, date, &item);
    rc = set(y, &item, err);
  }
  if (rc == CR_OK) {
    struct cr_text item = {0};
    about(c, command, date, &item);
    rc = set(y, &item, err);
  }
  if (rc == CR_OK) {
    cr_text_add(out,
                "# %s, as the simulator sees it; made by corun calibrate.\n"
                "#\n"
                "# Limits and their sources are those of the base description; `calibration` says what the constants "
                "rest on.\n\n",
                c->device.name);
    cr_yaml_print(y, out);
    rc = out->failed ? cr_fail_nomem(err, "a description") : CR_OK;
  }
  cr_yaml_free(y);
  return rc;
}

static const char *group_of(const struct cr_validate_row *row)
{
  static const char *const by_clients[] = {"", "1 client", "2 clients", "3-4 clients", "3-4 clients"};
  if (strcmp(row->arrival, cr_arrival_name[CR_ARRIVE_CLOSED]) != 0)
    return "open";
  return row->n_client < 5 ? by_clients[row->n_client] : "5+ clients";
}

void cr_calibration_residuals(const struct cr_predictor *p, const struct cr_prediction *prediction, const char *command,
                              struct cr_text *out)
{
  uint32_t n;
  const struct cr_validate_row *row = cr_predictor_rows(p, &n);
  cr_text_add(out, "# corun %s (%s): %s\n", cr_program_version, cr_program_git, command);
  cr_text_add(out,
              "scenario,policy,client,clients,model,trace,arrival,group,metric,measured_ms,predicted_ms,error_pct\n");
  for (uint32_t i = 0; i < n; i++) {
    const struct cr_validate_row *r = &row[i];
    enum cr_truth_metric m = strcmp(r->arrival, cr_arrival_name[CR_ARRIVE_CLOSED]) == 0 ? CR_TRUTH_MEAN : CR_TRUTH_P50;
    double measured = r->measured_ms[m], predicted = prediction[i].ms[m];
    if (!prediction[i].there || isnan(predicted) || isnan(measured))
      continue;
    cr_text_add(out, "%s,%s,%" PRIu32 ",%" PRIu32 ",%s,%s,%s,%s,%s,%.6f,%.6f,%.4f\n", r->scenario, r->policy, r->client,
                r->n_client, r->model, r->trace, r->arrival, group_of(r), cr_truth_metric_name[m], measured, predicted,
                100 * (predicted - measured) / measured);
  }
}
