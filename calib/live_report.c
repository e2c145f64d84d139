/* live_report.c - the comparison of runs in real time with the simulator, as a table, CSV or JSON. */
#include "config.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

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

/* --- errors over rows --------------------------------------------------------------------------------------------- */

/* Of a metric: NAN without any rows. */
struct error {
  double mean, bias; /* of absolute values; with their sign */
  uint32_t n;
};

enum group { ALL, BY_TABLE, BY_POLICY, BY_CLASS, BY_SCENARIO, N_GROUP };
static const char *const group_name[N_GROUP] = {"all", "table", "policy", "class", "scenario"};

static const char *name_in(enum group g, const struct cr_live_row *r)
{
  switch (g) {
  case BY_TABLE:
    return r->table ? r->table : "";
  case BY_POLICY:
    return r->policy;
  case BY_CLASS:
    return class_name(r->class);
  case BY_SCENARIO:
    return r->scenario;
  default:
    return "";
  }
}

/* One name for all jobs together, which are no client of a class. */
static int is_in(enum group g, const char *name, const struct cr_live_row *r)
{
  return strcmp(name_in(g, r), name) == 0 && (g != BY_CLASS || r->number != CR_NONE);
}

static struct error error_over(const struct cr_live_row *row, uint32_t n, enum group g, const char *name,
                               enum cr_live_metric metric)
{
  struct error e = {0};
  for (uint32_t i = 0; i < n; i++) {
    double error = cr_live_error(&row[i]);
    if (row[i].metric != metric || !isfinite(error) || !is_in(g, name, &row[i]))
      continue;
    e.mean += fabs(error);
    e.bias += error;
    e.n++;
  }
  e.mean = e.n ? e.mean / e.n : (double)NAN;
  e.bias = e.n ? e.bias / e.n : (double)NAN;
  return e;
}

/* Of several rows with a name the first one stands for it. */
static int is_first(const struct cr_live_row *row, uint32_t i, enum group g)
{
  for (uint32_t k = 0; k < i; k++)
    if (is_in(g, name_in(g, &row[i]), &row[k]))
      return 0;
  return is_in(g, name_in(g, &row[i]), &row[i]);
}

/* A group with one name in it says no more than the line of all. */
static uint32_t names_in(const struct cr_live_row *row, uint32_t n, enum group g)
{
  uint32_t n_name = 0;
  for (uint32_t i = 0; i < n; i++)
    n_name += is_first(row, i, g) != 0;
  return n_name;
}

static void percent_cell(struct cr_table *t, int has_sign, double value)
{
  if (isfinite(value))
    cr_table_cell(t, has_sign ? "%+.1f" : "%.1f", 100 * value);
  else
    cr_table_cell(t, "%s", "");
}

static void error_row(struct cr_table *t, const struct cr_live_row *row, uint32_t n, enum group g, const char *name)
{
  uint32_t clients = 0;
  for (enum cr_live_metric m = 0; m <= CR_LIVE_JCT; m++) {
    uint32_t with = error_over(row, n, g, name, m).n;
    clients = (m == CR_LIVE_MEAN || m == CR_LIVE_JCT) ? clients + with : clients;
  }
  cr_table_cell(t, "%s", name);
  cr_table_cell(t, "%u", clients);
  for (enum cr_live_metric m = 0; m < CR_N_LIVE_METRIC; m++) {
    struct error e = error_over(row, n, g, name, m);
    percent_cell(t, 0, e.mean);
    percent_cell(t, 1, e.bias);
  }
}

static void error_table(const struct cr_live_row *row, uint32_t n, int color, struct cr_text *out)
{
  static const struct cr_table_column column[] = {
    {NULL, "by", 1},
    {NULL, "", 1},
    {NULL, "clients", 0},
    {"mean_ms", "error %", 0},
    {"mean_ms", "bias %", 0},
    {"p99_ms", "error %", 0},
    {"p99_ms", "bias %", 0},
    {"per_s", "error %", 0},
    {"per_s", "bias %", 0},
    {"jct_ms", "error %", 0},
    {"jct_ms", "bias %", 0},
    {"mean_jct_ms", "error %", 0},
    {"mean_jct_ms", "bias %", 0},
    {"queuing_ms", "error %", 0},
    {"queuing_ms", "bias %", 0},
    {"makespan_ms", "error %", 0},
    {"makespan_ms", "bias %", 0},
  };
  struct cr_table t;
  cr_table_begin(&t, column, sizeof column / sizeof column[0], color);
  for (enum group g = 0; g < N_GROUP; g++) {
    if (g != ALL && names_in(row, n, g) < 2)
      continue;
    int is_new = 1;
    for (uint32_t i = 0; i < n; i++) {
      if (!is_first(row, i, g))
        continue;
      cr_table_cell(&t, "%s", is_new ? group_name[g] : "");
      error_row(&t, row, n, g, name_in(g, &row[i]));
      is_new = 0;
    }
  }
  cr_table_end(&t, out);
}

/* --- as a table --------------------------------------------------------------------------------------------------- */

/* How fast the host was, by which predictions go. */
static void say_launches(const struct cr_live_row *row, uint32_t n, struct cr_text *out)
{
  double least = INFINITY, most = -INFINITY;
  for (uint32_t i = 0; i < n; i++) {
    least = fmin(least, row[i].launch_us); /* of NAN and a number it is the number */
    most = fmax(most, row[i].launch_us);
  }
  if (isfinite(least))
    cr_text_add(out, "the host launched op by op in %.2f to %.2f us each, which the predictions take from these runs\n",
                least, most);
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
  cr_text_add(out, "\n");
  error_table(row, n, color, out);
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
  say_launches(row, n, out);
  uint32_t n_place;
  const struct cr_live_place *place = cr_live_check_places(c, &n_place);
  cr_live_order_table(place, n_place, color, out);
}

/* --- for programs ------------------------------------------------------------------------------------------------- */

static void report_csv(const struct cr_live_check *c, struct cr_text *out)
{
  uint32_t n;
  const struct cr_live_row *row = cr_live_check_rows(c, &n);
  cr_text_add(
    out,
    "arrival,metric,measured,predicted,low,high,error_percent,scenario,client,class,policy,runs,duration_s,launch_us\n");
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
    cr_text_add(out, r->n_run ? ",%u" : ",", r->n_run);
    cr_text_add(out, r->duration_ns != CR_NS_NEVER ? ",%.9g" : ",", (double)r->duration_ns / 1e9);
    cr_text_add(out, isfinite(r->launch_us) ? ",%.3f\n" : ",\n", r->launch_us);
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

static void json_groups(const struct cr_live_row *row, uint32_t n, struct cr_text *out)
{
  for (enum group g = ALL + 1; g < N_GROUP; g++) {
    const char *comma = "";
    cr_text_add(out, ",\n    \"by_%s\":{", group_name[g]);
    for (uint32_t i = 0; i < n; i++) {
      if (!is_first(row, i, g))
        continue;
      cr_text_add(out, "%s\n      ", comma);
      cr_text_add_json(out, name_in(g, &row[i]));
      cr_text_add(out, ":{");
      const char *mark = "";
      for (enum cr_live_metric m = 0; m < CR_N_LIVE_METRIC; m++) {
        struct error e = error_over(row, n, g, name_in(g, &row[i]), m);
        if (!e.n)
          continue;
        cr_text_add(out, "%s\"%s\":{\"rows\":%u,\"mean_abs_pct_error\":%.6g,\"bias_pct\":%.6g}", mark,
                    cr_live_metric_name[m], e.n, 100 * e.mean, 100 * e.bias);
        mark = ",";
      }
      cr_text_add(out, "}");
      comma = ",";
    }
    cr_text_add(out, "}");
  }
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
    json_number(out, "launch_us", r->launch_us);
    cr_text_add(out, "}");
  }
  cr_text_add(out, "],\n  \"summary\":{\"rows\":%u", n);
  for (enum cr_live_metric m = 0; m < CR_N_LIVE_METRIC; m++) {
    char key[48];
    snprintf(key, sizeof key, "%s_mean_abs_pct_error", cr_live_metric_name[m]);
    json_number(out, key, 100 * cr_live_check_mean_error(c, m));
  }
  json_groups(row, n, out);
  uint32_t n_place;
  const struct cr_live_place *place = cr_live_check_places(c, &n_place);
  cr_live_order_json(place, n_place, out);
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
