/* live_report.c - the comparison of runs in real time with the simulator, as a table, CSV or JSON. */
#include "config.h"

#include <math.h>
#include <stdio.h>

#include "calib/live_check.h"
#include "sim/provenance.h"
#include "sim/table.h"

static const char *class_name(enum cr_class class)
{
  return class == CR_RT ? "rt" : "be";
}

static void cell(struct cr_table *t, int decimals, double value)
{
  if (isfinite(value))
    cr_table_cell(t, "%.*f", decimals, value);
  else
    cr_table_cell(t, "-");
}

static void table_row(struct cr_table *t, const struct cr_live_row *r, const struct cr_live_row *before)
{
  int is_new = !before || before->scenario != r->scenario || before->policy != r->policy;
  int decimals = r->metric == CR_LIVE_THROUGHPUT ? 1 : 3;
  cr_table_cell(t, "%s", is_new ? r->scenario : "");
  cr_table_cell(t, "%s", is_new ? r->policy : "");
  cr_table_cell(t, "%s", is_new || before->client != r->client ? r->client : "");
  cr_table_cell(t, "%s", cr_live_metric_name[r->metric]);
  cell(t, decimals, r->predicted);
  cell(t, decimals, r->measured);
  cell(t, 1, 100 * cr_live_error(r));
  cell(t, 1, 100 * (r->high - r->low) / r->base);
}

static void say_order(const char *what, struct cr_live_order o, struct cr_text *out)
{
  if (o.n_same + o.n_other + o.n_close)
    cr_text_add(out, "policies by %s: %u pairs as predicted, %u the other way round, %u too close to tell\n", what,
                o.n_same, o.n_other, o.n_close);
}

static void report_table(const struct cr_live_check *c, int color, struct cr_text *out)
{
  static const struct cr_table_column column[] = {
    {NULL, "scenario", 1},  {NULL, "policy", 1},   {NULL, "client", 1},   {NULL, "metric", 1},
    {NULL, "predicted", 0}, {NULL, "measured", 0}, {NULL, "error, %", 0}, {NULL, "spread, %", 0},
  };
  struct cr_table t;
  uint32_t n;
  const struct cr_live_row *row = cr_live_check_rows(c, &n);
  cr_table_begin(&t, column, sizeof column / sizeof column[0], color);
  for (uint32_t i = 0; i < n; i++)
    table_row(&t, &row[i], i ? &row[i - 1] : NULL);
  cr_table_end(&t, out);
  cr_text_add(out, "\nmean absolute error:");
  const char *comma = "";
  for (enum cr_live_metric m = 0; m < CR_N_LIVE_METRIC; m++) {
    double error = cr_live_check_mean_error(c, m);
    if (!isfinite(error))
      continue;
    cr_text_add(out, "%s %s %.1f %%", comma, cr_live_metric_name[m], 100 * error);
    comma = ",";
  }
  cr_text_add(out, "\n");
  say_order("rt time", cr_live_check_rt_order(c), out);
  say_order("total throughput", cr_live_check_throughput_order(c), out);
  say_order("mean JCT", cr_live_check_jct_order(c), out);
}

static void report_csv(const struct cr_live_check *c, struct cr_text *out)
{
  uint32_t n;
  const struct cr_live_row *row = cr_live_check_rows(c, &n);
  cr_text_add(out, "arrival,metric,measured,predicted,low,high,error_percent,scenario,client,class,policy\n");
  for (uint32_t i = 0; i < n; i++) {
    const struct cr_live_row *r = &row[i];
    cr_text_add(out, "%s,%s", r->arrival, cr_live_metric_name[r->metric]);
    const double value[] = {r->measured, r->predicted, r->low, r->high, 100 * cr_live_error(r)};
    for (size_t k = 0; k < sizeof value / sizeof value[0]; k++)
      cr_text_add(out, isfinite(value[k]) ? ",%.6g" : ",", value[k]);
    cr_text_add(out, ",");
    cr_text_add_csv(out, r->scenario);
    cr_text_add(out, ",");
    cr_text_add_csv(out, r->client);
    cr_text_add(out, ",%s,", class_name(r->class));
    cr_text_add_csv(out, r->policy);
    cr_text_add(out, "\n");
  }
}

static void json_number(struct cr_text *out, const char *key, double value)
{
  cr_text_add(out, ",\"%s\":", key);
  if (isfinite(value))
    cr_text_add(out, "%.6g", value);
  else
    cr_text_add(out, "null");
}

static void json_order(struct cr_text *out, const char *key, struct cr_live_order o)
{
  cr_text_add(out, ",\n    \"%s\":{\"same\":%u,\"other\":%u,\"close\":%u}", key, o.n_same, o.n_other, o.n_close);
}

static void report_json(const struct cr_live_check *c, const char *command, struct cr_text *out)
{
  uint32_t n;
  const struct cr_live_row *row = cr_live_check_rows(c, &n);
  cr_text_add(out, "{\"schema\":\"corun-live\",\"schema_version\":1,\n  \"version\":\"%s\",\"git\":\"%s\",\"command\":",
              cr_program_version, cr_program_git);
  cr_text_add_json(out, command);
  cr_text_add(out, ",\n  \"rows\":[");
  for (uint32_t i = 0; i < n; i++) {
    const struct cr_live_row *r = &row[i];
    cr_text_add(out, "%s\n    {\"scenario\":", i ? "," : "");
    cr_text_add_json(out, r->scenario);
    cr_text_add(out, ",\"policy\":");
    cr_text_add_json(out, r->policy);
    cr_text_add(out, ",\"client\":");
    cr_text_add_json(out, r->client);
    cr_text_add(out, ",\"class\":\"%s\",\"arrival\":\"%s\",\"metric\":\"%s\"", class_name(r->class), r->arrival,
                cr_live_metric_name[r->metric]);
    json_number(out, "predicted", r->predicted);
    json_number(out, "measured", r->measured);
    json_number(out, "low", r->low);
    json_number(out, "high", r->high);
    json_number(out, "error_percent", 100 * cr_live_error(r));
    cr_text_add(out, "}");
  }
  cr_text_add(out, "],\n  \"summary\":{\"rows\":%u", n);
  for (enum cr_live_metric m = 0; m < CR_N_LIVE_METRIC; m++) {
    char key[48];
    snprintf(key, sizeof key, "%s_mean_abs_pct_error", cr_live_metric_name[m]);
    json_number(out, key, 100 * cr_live_check_mean_error(c, m));
  }
  json_order(out, "order_by_rt_time", cr_live_check_rt_order(c));
  json_order(out, "order_by_throughput", cr_live_check_throughput_order(c));
  json_order(out, "order_by_jct", cr_live_check_jct_order(c));
  cr_text_add(out, "}}\n");
}

void cr_live_check_report(const struct cr_live_check *c, enum cr_format format, const char *command, int color,
                          struct cr_text *out)
{
  if (format == CR_CSV)
    report_csv(c, out);
  else if (format == CR_JSON)
    report_json(c, command, out);
  else
    report_table(c, color, out);
}
