/* cmd_sweep_report.c - the results of a sweep: a row a point and policy, each metric with its interval. */
#include "config.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "sim/cmd_sweep.h"
#include "sim/mem.h"
#include "sim/provenance.h"
#include "sim/table.h"

/* "4.31 ms ±1.2%": the mean, and half the width of the t interval. */
static void add_cell(struct cr_table *t, const struct cr_run_metric *m, const struct cr_interval *i)
{
  char mean[40];
  double share = cr_interval_share(i);
  cr_run_metric_format(m, i->mean, mean, sizeof mean);
  if (isfinite(share))
    cr_table_cell(t, "%s ±%.2g%%", mean, 100 * share);
  else
    cr_table_cell(t, "%s", mean);
}

static int table(const struct cr_results *r, int color, struct cr_text *out, struct cr_err *err)
{
  const struct cr_design *d = r->design;
  uint32_t n_column = d->n_axis + 3 + d->n_metric;
  struct cr_table_column *column = cr_mem_new(n_column, sizeof *column);
  char value[CR_DESIGN_VALUE];
  struct cr_table t;
  if (!column)
    return cr_fail_nomem(err, "the report");
  for (uint32_t a = 0; a < d->n_axis; a++)
    column[a] = (struct cr_table_column){.title = cr_design_key(d, a), .left = 1};
  column[d->n_axis] = (struct cr_table_column){.title = "policy", .left = 1};
  column[d->n_axis + 1] = (struct cr_table_column){.title = "runs"};
  column[d->n_axis + 2] = (struct cr_table_column){.title = "failed"};
  for (uint32_t m = 0; m < d->n_metric; m++)
    column[d->n_axis + 3 + m] = (struct cr_table_column){.title = d->metric[m].text};
  cr_table_begin(&t, column, n_column, color);
  int rc = CR_OK;
  for (uint32_t point = 0; point < d->n_point; point++)
    for (uint32_t policy = 0; rc == CR_OK && policy < d->n_policy; policy++) {
      uint32_t n_failed = cr_results_count(r, point, policy, CR_RUN_FAILED);
      for (uint32_t a = 0; a < d->n_axis; a++)
        cr_table_cell(&t, "%s", cr_design_value(d, a, point, value));
      cr_table_cell(&t, "%s", d->policy[policy]);
      cr_table_cell(&t, "%u", cr_results_count(r, point, policy, CR_RUN_DONE));
      if (n_failed)
        cr_table_cell(&t, "%u", n_failed);
      else
        cr_table_cell(&t, "%s", "");
      for (uint32_t m = 0; rc == CR_OK && m < d->n_metric; m++) {
        struct cr_interval i;
        rc = cr_results_interval(r, point, policy, m, 0, &i, err);
        if (rc == CR_OK)
          add_cell(&t, &d->metric[m], &i);
      }
    }
  cr_table_end(&t, out);
  cr_mem_free(column);
  return rc;
}

/* Empty, or null: not known. */
static void add_number(struct cr_text *out, double value, const char *unknown)
{
  if (isfinite(value))
    cr_text_add(out, "%.17g", value);
  else
    cr_text_add(out, "%s", unknown);
}

static void csv_row(const struct cr_results *r, uint32_t point, uint32_t policy, uint32_t metric,
                    const struct cr_interval *i, struct cr_text *out)
{
  const struct cr_design *d = r->design;
  char value[CR_DESIGN_VALUE];
  cr_text_add(out, "%u", point);
  for (uint32_t a = 0; a < d->n_axis; a++) {
    cr_text_add(out, ",");
    cr_text_add_csv(out, cr_design_value(d, a, point, value));
  }
  cr_text_add(out, ",");
  cr_text_add_csv(out, d->policy[policy]);
  cr_text_add(out, ",%s,%s,%u,%u", d->metric[metric].text, cr_run_metric_unit(&d->metric[metric]), i->n,
              cr_results_count(r, point, policy, CR_RUN_FAILED));
  const double number[] = {i->mean, i->sd, i->t_low, i->t_high, i->boot_low, i->boot_high};
  for (int k = 0; k < 6; k++) {
    cr_text_add(out, ",");
    add_number(out, number[k], "");
  }
  cr_text_add(out, "\n");
}

static int csv(const struct cr_results *r, struct cr_text *out, struct cr_err *err)
{
  const struct cr_design *d = r->design;
  int rc = CR_OK;
  cr_text_add(out, "point");
  for (uint32_t a = 0; a < d->n_axis; a++) {
    cr_text_add(out, ",");
    cr_text_add_csv(out, cr_design_key(d, a));
  }
  cr_text_add(out, ",policy,metric,unit,runs,failed,mean,sd,t_low,t_high,bootstrap_low,bootstrap_high\n");
  for (uint32_t point = 0; point < d->n_point; point++)
    for (uint32_t policy = 0; policy < d->n_policy; policy++)
      for (uint32_t m = 0; rc == CR_OK && m < d->n_metric; m++) {
        struct cr_interval i;
        rc = cr_results_interval(r, point, policy, m, 1, &i, err);
        if (rc == CR_OK)
          csv_row(r, point, policy, m, &i, out);
      }
  return rc;
}

static void json_interval(const struct cr_run_metric *m, const struct cr_interval *i, struct cr_text *out)
{
  static const char *const name[] = {"mean", "sd", "t_low", "t_high", "bootstrap_low", "bootstrap_high"};
  const double number[] = {i->mean, i->sd, i->t_low, i->t_high, i->boot_low, i->boot_high};
  cr_text_add_json(out, m->text);
  cr_text_add(out, ": {\"unit\": \"%s\", \"runs\": %u", cr_run_metric_unit(m), i->n);
  for (int k = 0; k < 6; k++) {
    cr_text_add(out, ", \"%s\": ", name[k]);
    add_number(out, number[k], "null");
  }
  cr_text_add(out, "}");
}

static int json_row(const struct cr_results *r, uint32_t point, uint32_t policy, struct cr_text *out,
                    struct cr_err *err)
{
  const struct cr_design *d = r->design;
  char value[CR_DESIGN_VALUE];
  int rc = CR_OK;
  cr_text_add(out, "    {\"point\": %u, \"settings\": {", point);
  for (uint32_t a = 0; a < d->n_axis; a++) {
    cr_text_add(out, a ? ", " : "");
    cr_text_add_json(out, cr_design_key(d, a));
    cr_text_add(out, ": ");
    cr_text_add_json(out, cr_design_value(d, a, point, value));
  }
  cr_text_add(out, "}, \"policy\": ");
  cr_text_add_json(out, d->policy[policy]);
  cr_text_add(out, ", \"runs\": %u, \"failed\": %u, \"metrics\": {", cr_results_count(r, point, policy, CR_RUN_DONE),
              cr_results_count(r, point, policy, CR_RUN_FAILED));
  for (uint32_t m = 0; rc == CR_OK && m < d->n_metric; m++) {
    struct cr_interval i;
    rc = cr_results_interval(r, point, policy, m, 1, &i, err);
    cr_text_add(out, m ? ", " : "");
    if (rc == CR_OK)
      json_interval(&d->metric[m], &i, out);
  }
  cr_text_add(out, "}}");
  return rc;
}

static int json(const struct cr_results *r, struct cr_text *out, struct cr_err *err)
{
  const struct cr_design *d = r->design;
  int rc = CR_OK;
  cr_text_add(out, "{\n  \"schema\": 1,\n  \"version\": ");
  cr_text_add_json(out, cr_program_version);
  cr_text_add(out, ",\n  \"scenario\": ");
  cr_text_add_json(out, cr_design_word(d->words, CR_DESIGN_SCENARIO, 0));
  cr_text_add(out, ",\n  \"confidence\": %g,\n  \"runs\": %" PRIu64 ",\n  \"failed\": %" PRIu64 ",\n  \"rows\": [\n",
              d->confidence, r->n_done, r->n_failed);
  for (uint32_t point = 0; point < d->n_point; point++)
    for (uint32_t policy = 0; rc == CR_OK && policy < d->n_policy; policy++) {
      rc = json_row(r, point, policy, out, err);
      cr_text_add(out, "%s\n", point + 1 == d->n_point && policy + 1 == d->n_policy ? "" : ",");
    }
  cr_text_add(out, "  ]\n}\n");
  return rc;
}

int cr_sweep_report(const struct cr_results *r, enum cr_format format, int color, struct cr_text *out,
                    struct cr_err *err)
{
  int rc = format == CR_CSV ? csv(r, out, err) : format == CR_JSON ? json(r, out, err) : table(r, color, out, err);
  return rc == CR_OK && out->failed ? cr_fail_nomem(err, "the report") : rc;
}
