/* validate_report.c - errors of a validation as a table for people, CSV or JSON for programs.
 *
 * One list of groups makes the tables and the JSON, so that they cannot differ.  Fields come in a fixed order and numbers in
 * a fixed form: the same rows give the same bytes. */
#include "config.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "calib/row_error.h"
#include "calib/validate.h"
#include "sim/mem.h"
#include "sim/provenance.h"
#include "sim/table.h"

enum { N_WORST = 10 };

struct report {
  const struct cr_validate_report_cfg *cfg;
  const struct cr_validate_facts *facts;
  const struct cr_validate_row *row;
  uint32_t n_row;
  double *scratch; /* [n_row] */
  uint32_t *place; /* [n_row] */
  struct cr_text *out;
};

/* --- groups of rows ------------------------------------------------------------------------------------------------- */

static int of_policy(const struct cr_validate_row *row, uint32_t key)
{
  return strcmp(row->policy, cr_truth_policy_name[key]) == 0;
}

static int of_arrival(const struct cr_validate_row *row, uint32_t key)
{
  return strcmp(row->arrival, cr_arrival_name[key]) == 0;
}

static const struct {
  const char *name;
  uint32_t least, most;
} crowd[] = {{"1", 1, 1}, {"2", 2, 2}, {"3", 3, 3}, {"4", 4, 4}, {"5-6", 5, 6}, {"7+", 7, UINT32_MAX}};

static int of_crowd(const struct cr_validate_row *row, uint32_t key)
{
  return row->n_client >= crowd[key].least && row->n_client <= crowd[key].most;
}

static const char *policy_name(uint32_t key)
{
  return cr_truth_policy_name[key];
}

static const char *arrival_name(uint32_t key)
{
  return cr_arrival_name[key];
}

static const char *crowd_name(uint32_t key)
{
  return crowd[key].name;
}

/* Splits of the rows, judged by their mean. */
static const struct split {
  const char *name;
  uint32_t n;
  const char *(*key_name)(uint32_t key);
  int (*use)(const struct cr_validate_row *row, uint32_t key);
} split[] = {
  {"policy", CR_N_TRUTH_POLICY, policy_name, of_policy},
  {"arrival", CR_N_ARRIVAL, arrival_name, of_arrival},
  {"clients", sizeof crowd / sizeof crowd[0], crowd_name, of_crowd},
};
enum { N_SPLIT = sizeof split / sizeof split[0] };

/* How far off the prediction is over some rows, and how far apart two measurements of the same rows are. */
struct figures {
  struct cr_error_stats error, live; /* live.n == 0: there is no second measurement of them */
};

static struct figures figures(const struct report *r, uint32_t of)
{
  return (struct figures){cr_error_stats(r->row, r->n_row, of, NULL, 0, r->scratch),
                          cr_live_stats(r->row, r->n_row, of, NULL, 0, r->scratch)};
}

static struct figures split_figures(const struct report *r, const struct split *s, uint32_t key)
{
  return (struct figures){cr_error_stats(r->row, r->n_row, CR_TRUTH_MEAN, s->use, key, r->scratch),
                          cr_live_stats(r->row, r->n_row, CR_TRUTH_MEAN, s->use, key, r->scratch)};
}

static const char *judged_by(const struct cr_validate_row *row)
{
  return of_arrival(row, CR_ARRIVE_CLOSED) ? "period" : "service";
}

/* --- null models: what one would predict who knows no more than how long each model takes alone --------------------------- */

/* Of a row in its group of n: alone as if nobody else were there; the sum, as if requests took turns; n times alone, as if
 * each had its share of the device all the time. */
enum null_model { NO_INTERFERENCE, ONE_AT_A_TIME, EQUAL_SHARES, N_NULL };
static const char *const null_name[N_NULL] = {"no interference", "one at a time", "equal shares"};

static int is_same_run(const struct cr_validate_row *a, const struct cr_validate_row *b)
{
  return strcmp(a->scenario, b->scenario) == 0 && strcmp(a->policy, b->policy) == 0;
}

static double null_ms(const struct cr_validate_row *first, uint32_t n, const struct cr_validate_row *row,
                      enum null_model null)
{
  double sum = 0;
  for (uint32_t i = 0; i < n; i++)
    sum += first[i].alone_ms;
  return null == NO_INTERFERENCE ? row->alone_ms : null == ONE_AT_A_TIME ? sum : (double)n * row->alone_ms;
}

/* Errors of a null model, or of the prediction itself (N_NULL), over runs of closed clients alone: how much of the device an
 * open one takes depends on its load.  The live spread of these rows stands beside the prediction alone. */
static struct figures null_figures(const struct report *r, enum null_model null)
{
  const struct cr_error_stats nothing = {0, NAN, NAN, NAN, NAN};
  struct figures f = {nothing, nothing};
  struct cr_validate_row *row = cr_mem_new(r->n_row, sizeof *row);
  uint32_t n = 0;
  if (!row) {
    r->out->failed = 1;
    return f;
  }
  for (uint32_t first = 0, end; first < r->n_row; first = end) {
    int closed = 1;
    for (end = first; end < r->n_row && is_same_run(&r->row[first], &r->row[end]); end++)
      closed = closed && of_arrival(&r->row[end], CR_ARRIVE_CLOSED);
    for (uint32_t i = first; closed && i < end; i++) {
      row[n] = r->row[i];
      if (null != N_NULL)
        row[n].predicted_ms[CR_TRUTH_MEAN] = null_ms(&r->row[first], end - first, &r->row[i], null);
      n += isnan(r->row[i].alone_ms) ? 0 : 1;
    }
  }
  f.error = cr_error_stats(row, n, CR_TRUTH_MEAN, NULL, 0, r->scratch);
  if (null == N_NULL)
    f.live = cr_live_stats(row, n, CR_TRUTH_MEAN, NULL, 0, r->scratch);
  cr_mem_free(row);
  return f;
}

/* --- table ---------------------------------------------------------------------------------------------------------- */

/* What is not known leaves its cell empty. */
static void cell_pct(struct cr_table *t, double pct)
{
  if (isnan(pct))
    cr_table_cell(t, "%s", "");
  else
    cr_table_cell(t, "%.2f", pct);
}

static void cell_signed_pct(struct cr_table *t, double pct)
{
  if (isnan(pct))
    cr_table_cell(t, "%s", "");
  else
    cr_table_cell(t, "%+.2f", pct);
}

static void cell_ms(struct cr_table *t, double ms)
{
  if (isnan(ms))
    cr_table_cell(t, "%s", "");
  else
    cr_table_cell(t, "%.4f", ms);
}

static void figures_row(struct cr_table *t, const char *by, const char *name, const struct figures *f)
{
  cr_table_cell(t, "%s", by);
  cr_table_cell(t, "%s", name);
  cr_table_cell(t, "%" PRIu32, f->error.n);
  cell_pct(t, f->error.mean_abs_pct);
  cell_pct(t, f->error.p95_abs_pct);
  cell_pct(t, f->error.max_abs_pct);
  cell_signed_pct(t, f->error.bias_pct);
  cell_pct(t, f->live.mean_abs_pct);
}

static void table_stats(const struct report *r)
{
  static const struct cr_table_column column[] = {
    {NULL, "by", 1},
    {NULL, "", 1},
    {NULL, "rows", 0},
    {"absolute error", "mean %", 0},
    {"absolute error", "p95 %", 0},
    {"absolute error", "max %", 0},
    {NULL, "bias %", 0},
    {NULL, "live %", 0},
  };
  struct cr_table t;
  cr_table_begin(&t, column, sizeof column / sizeof column[0], r->cfg->color);
  for (uint32_t of = 0; of < CR_N_ERROR; of++) {
    struct figures f = figures(r, of);
    if (f.error.n)
      figures_row(&t, of ? "" : "metric", cr_error_name[of], &f);
  }
  for (uint32_t i = 0; i < N_SPLIT; i++) {
    const char *by = split[i].name;
    for (uint32_t key = 0; key < split[i].n; key++) {
      struct figures f = split_figures(r, &split[i], key);
      if (f.error.n == 0)
        continue;
      figures_row(&t, by, split[i].key_name(key), &f);
      by = "";
    }
  }
  for (uint32_t null = 0; null < N_NULL; null++) {
    struct figures f = null_figures(r, (enum null_model)null);
    if (f.error.n == 0)
      continue;
    if (null == 0) {
      struct figures own = null_figures(r, N_NULL);
      figures_row(&t, "against", "this model", &own);
    }
    figures_row(&t, "", null_name[null], &f);
  }
  cr_table_end(&t, r->out);
}

/* Rows by their places, or all of them in order. */
static void table_rows(const struct report *r, const uint32_t *place, uint32_t n)
{
  static const struct cr_table_column column[] = {
    {NULL, "scenario", 1}, {NULL, "policy", 1},        {NULL, "client", 0},         {NULL, "trace", 1},
    {NULL, "arrival", 1},  {"mean", "measured ms", 0}, {"mean", "predicted ms", 0}, {"mean", "error %", 0},
    {"mean", "live %", 0}, {"p99", "measured ms", 0},  {"p99", "predicted ms", 0},  {"p99", "error %", 0},
  };
  struct cr_table t;
  cr_table_begin(&t, column, sizeof column / sizeof column[0], r->cfg->color);
  for (uint32_t i = 0; i < n; i++) {
    const struct cr_validate_row *row = &r->row[place ? place[i] : i];
    cr_table_cell(&t, "%s", row->scenario);
    cr_table_cell(&t, "%s", row->policy);
    cr_table_cell(&t, "%" PRIu32, row->client);
    cr_table_cell(&t, "%s", row->trace);
    cr_table_cell(&t, "%s", row->arrival);
    for (uint32_t of = CR_TRUTH_MEAN; of < CR_N_TRUTH; of += CR_TRUTH_P99) {
      cell_ms(&t, row->measured_ms[of]);
      cell_ms(&t, row->predicted_ms[of]);
      cell_signed_pct(&t, cr_row_error_pct(row, of));
      if (of == CR_TRUTH_MEAN)
        cell_signed_pct(&t, cr_row_live_pct(row, of));
    }
  }
  cr_table_end(&t, r->out);
}

/* What a reader must know before believing the rest: rows that are missing from it, and why. */
static void table_caveats(const struct report *r, const struct figures *all)
{
  if (r->facts->n_row_left)
    cr_text_add(r->out, "partial: stopped before the last %" PRIu32 " rows\n", r->facts->n_row_left);
  if (all->error.n < r->n_row)
    cr_text_add(r->out, "rows without a prediction, because their clients finished too few requests: %" PRIu32 "\n",
                r->n_row - all->error.n);
  if (r->facts->has_again && all->live.n < r->n_row)
    cr_text_add(r->out, "rows without a second measurement: %" PRIu32 "\n", r->n_row - all->live.n);
  if (r->facts->n_again_left)
    cr_text_add(r->out, "rows of the second measurement that are not in the table: %" PRIu32 "\n",
                r->facts->n_again_left);
  if (r->facts->at_most_ns != CR_NS_NEVER)
    cr_text_add(r->out, "only the first %.6g ms of each scenario were simulated\n", (double)r->facts->at_most_ns / 1e6);
  if (*r->facts->model_set)
    cr_text_add(r->out, "device model: %s\n", r->facts->model_set);
}

static void report_table(const struct report *r)
{
  struct figures all = figures(r, CR_TRUTH_MEAN);
  cr_text_add(r->out, "%s against %s: %" PRIu32 " rows of %" PRIu32 " runs\n", r->facts->device, r->facts->truth,
              r->n_row, r->facts->n_run);
  if (all.error.n)
    cr_text_add(r->out,
                "mean period (closed) or service time (open): %.2f %% off on average, 95 %% of rows within %.2f %%, "
                "worst %.2f %%, bias %+.2f %%\n",
                all.error.mean_abs_pct, all.error.p95_abs_pct, all.error.max_abs_pct, all.error.bias_pct);
  if (all.live.n)
    cr_text_add(r->out,
                "live: the same runs in another process differ by %.2f %% on average, 95 %% of rows within %.2f %%, "
                "worst %.2f %% (%" PRIu32 " rows)\n",
                all.live.mean_abs_pct, all.live.p95_abs_pct, all.live.max_abs_pct, all.live.n);
  table_caveats(r, &all);
  cr_text_add(r->out, "\n");
  table_stats(r);
  if (r->cfg->all_rows) {
    cr_text_add(r->out, "\nall rows\n");
    table_rows(r, NULL, r->n_row);
    return;
  }
  uint32_t n = cr_error_worst(r->row, r->n_row, CR_TRUTH_MEAN, N_WORST, r->place);
  cr_text_add(r->out, "\nworst %" PRIu32 " by mean\n", n);
  table_rows(r, r->place, n);
}

/* --- CSV: one line per row and metric; a cell that is not known is empty ----------------------------------------------- */

static const char csv_head[] =
  "scenario,policy,client,clients,model,trace,arrival,judged_by,metric,measured,predicted,error_pct";

static void csv_number(struct cr_text *out, double x, const char *end)
{
  if (isnan(x))
    cr_text_add(out, "%s", end);
  else
    cr_text_add(out, "%.6f%s", x, end);
}

static void csv_row(const struct report *r, const struct cr_validate_row *row, uint32_t of)
{
  struct cr_text *out = r->out;
  cr_text_add_csv(out, row->scenario);
  cr_text_add(out, ",");
  cr_text_add_csv(out, row->policy);
  cr_text_add(out, ",%" PRIu32 ",%" PRIu32 ",", row->client, row->n_client);
  cr_text_add_csv(out, row->model);
  cr_text_add(out, ",");
  cr_text_add_csv(out, row->trace);
  cr_text_add(out, ",%s,%s,%s,", row->arrival, judged_by(row), cr_error_column[of]);
  csv_number(out, cr_row_measured(row, of), ",");
  csv_number(out, cr_row_predicted(row, of), ",");
  csv_number(out, cr_row_error_pct(row, of), r->facts->has_again ? "," : "\n");
  if (!r->facts->has_again)
    return;
  csv_number(out, cr_row_again(row, of), ",");
  csv_number(out, cr_row_live_pct(row, of), "\n");
}

static void report_csv(const struct report *r)
{
  cr_text_add(r->out, "%s%s\n", csv_head, r->facts->has_again ? ",again,live_pct" : "");
  for (uint32_t i = 0; i < r->n_row; i++)
    for (uint32_t of = 0; of < CR_N_ERROR; of++)
      csv_row(r, &r->row[i], of);
}

/* --- JSON ----------------------------------------------------------------------------------------------------------- */

static void json_number(struct cr_text *out, const char *key, double x, const char *end)
{
  if (isfinite(x))
    cr_text_add(out, "\"%s\":%.6f%s", key, x, end);
  else
    cr_text_add(out, "\"%s\":null%s", key, end);
}

static void json_text(struct cr_text *out, const char *key, const char *value, const char *end)
{
  cr_text_add(out, "\"%s\":", key);
  cr_text_add_json(out, value);
  cr_text_add(out, "%s", end);
}

static void json_row(const struct report *r, const struct cr_validate_row *row)
{
  static const struct {
    const char *name;
    double (*value)(const struct cr_validate_row *row, uint32_t of);
    int is_pct;
  } part[] = {{"measured", cr_row_measured, 0},
              {"predicted", cr_row_predicted, 0},
              {"error_pct", cr_row_error_pct, 1},
              {"again", cr_row_again, 0},
              {"live_pct", cr_row_live_pct, 1}};
  size_t n_part = r->facts->has_again ? sizeof part / sizeof part[0] : 3;
  struct cr_text *out = r->out;
  cr_text_add(out, "{");
  json_text(out, "scenario", row->scenario, ",");
  json_text(out, "policy", row->policy, ",");
  cr_text_add(out, "\"client\":%" PRIu32 ",\"clients\":%" PRIu32 ",", row->client, row->n_client);
  json_text(out, "model", row->model, ",");
  json_text(out, "trace", row->trace, ",");
  json_text(out, "arrival", row->arrival, ",");
  json_text(out, "judged_by", judged_by(row), "");
  for (size_t i = 0; i < n_part; i++) {
    cr_text_add(out, ",\"%s\":{", part[i].name);
    for (uint32_t of = 0; of < CR_N_ERROR; of++)
      json_number(out, part[i].is_pct ? cr_error_name[of] : cr_error_column[of], part[i].value(row, of),
                  of + 1 < CR_N_ERROR ? "," : "}");
  }
  cr_text_add(out, "}");
}

static void json_stats(struct cr_text *out, const struct cr_error_stats *s)
{
  cr_text_add(out, "\"rows\":%" PRIu32 ",", s->n);
  json_number(out, "mean_abs_pct_error", s->mean_abs_pct, ",");
  json_number(out, "p95_abs_pct_error", s->p95_abs_pct, ",");
  json_number(out, "max_abs_pct_error", s->max_abs_pct, ",");
  json_number(out, "bias_pct", s->bias_pct, "");
}

static void json_group(struct cr_text *out, const char *name, const struct figures *f, int *first)
{
  if (f->error.n == 0)
    return;
  cr_text_add(out, "%s\n      ", *first ? "" : ",");
  cr_text_add_json(out, name);
  cr_text_add(out, ":{");
  json_stats(out, &f->error);
  if (f->live.n) {
    cr_text_add(out, ",");
    json_number(out, "live_mean_abs_pct", f->live.mean_abs_pct, "");
  }
  cr_text_add(out, "}");
  *first = 0;
}

static void json_live(const struct report *r, const struct cr_error_stats *s)
{
  struct cr_text *out = r->out;
  cr_text_add(out, "\"live_rows\":%" PRIu32 ",", s->n);
  json_number(out, "live_mean_abs_pct", s->mean_abs_pct, ",");
  json_number(out, "live_p95_abs_pct", s->p95_abs_pct, ",");
  json_number(out, "live_max_abs_pct", s->max_abs_pct, ",");
  json_number(out, "live_bias_pct", s->bias_pct, ",");
  cr_text_add(out,
              "\"rows_without_second_measurement\":%" PRIu32 ",\"second_measurements_without_row\":%" PRIu32 ",\n    ",
              r->n_row - s->n, r->facts->n_again_left);
}

static void json_summary(const struct report *r)
{
  struct cr_text *out = r->out;
  struct figures all = figures(r, CR_TRUTH_MEAN);
  int first = 1;
  cr_text_add(out, "\n  \"summary\":{\n    ");
  json_stats(out, &all.error);
  cr_text_add(out, ",\"rows_without_prediction\":%" PRIu32 ",\n    ", r->n_row - all.error.n);
  if (r->facts->has_again)
    json_live(r, &all.live);
  json_text(out, "of", "mean: period of closed rows, service time of open rows", ",");
  cr_text_add(out, "\n    \"by_metric\":{");
  for (uint32_t of = 0; of < CR_N_ERROR; of++) {
    struct figures f = figures(r, of);
    json_group(out, cr_error_name[of], &f, &first);
  }
  for (uint32_t i = 0; i < N_SPLIT; i++) {
    cr_text_add(out, "},\n    \"by_%s\":{", split[i].name);
    first = 1;
    for (uint32_t key = 0; key < split[i].n; key++) {
      struct figures f = split_figures(r, &split[i], key);
      json_group(out, split[i].key_name(key), &f, &first);
    }
  }
  for (uint32_t null = 0; null <= N_NULL; null++) {
    struct figures f = null_figures(r, (enum null_model)null);
    if (null == 0 && f.error.n) {
      cr_text_add(out, "},\n    \"against\":{");
      first = 1;
    }
    json_group(out, null < N_NULL ? null_name[null] : "this model", &f, &first);
  }
  cr_text_add(out, "}}\n");
}

static void report_json(const struct report *r)
{
  struct cr_text *out = r->out;
  cr_text_add(out, "{\"program\":\"corun\",");
  json_text(out, "version", cr_program_version, ",");
  json_text(out, "git", cr_program_git, ",");
  json_text(out, "command", r->cfg->command, ",\n  ");
  json_text(out, "truth", r->facts->truth, ",");
  json_text(out, "device", r->facts->device, ",");
  json_text(out, "model_set", r->facts->model_set, ",");
  json_number(out, "at_most_ms", r->facts->at_most_ns == CR_NS_NEVER ? NAN : (double)r->facts->at_most_ns / 1e6, ",");
  cr_text_add(out, "\"runs\":%" PRIu32 ",\"partial\":%s,\n  \"rows\":[", r->facts->n_run,
              r->facts->n_row_left ? "true" : "false");
  for (uint32_t i = 0; i < r->n_row; i++) {
    cr_text_add(out, i ? ",\n    " : "\n    ");
    json_row(r, &r->row[i]);
  }
  cr_text_add(out, "],");
  json_summary(r);
  cr_text_add(out, "}\n");
}

void cr_validate_report(const struct cr_validate_report_cfg *cfg, const struct cr_validate_facts *facts,
                        const struct cr_validate_row *row, uint32_t n_row, struct cr_text *out)
{
  struct report r = {cfg, facts, row, n_row, cr_mem_new(n_row, sizeof *r.scratch), cr_mem_new(n_row, sizeof *r.place),
                     out};
  if (!r.scratch || !r.place)
    out->failed = 1;
  else if (cfg->format == CR_TABLE)
    report_table(&r);
  else if (cfg->format == CR_CSV)
    report_csv(&r);
  else
    report_json(&r);
  cr_mem_free(r.scratch);
  cr_mem_free(r.place);
}
