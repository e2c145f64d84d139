/* cmd_tune_report.c - what a search found: every setting that was tried, the best one as a command, or why there is none. */
#include "config.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sim/cli_run.h"
#include "sim/cmd_tune.h"
#include "sim/mem.h"
#include "sim/provenance.h"
#include "sim/table.h"

enum { ROWS = 20 /* of the table for people */ };

/* -- a row ---------------------------------------------------------------------------------------------------------------- */

static const struct cr_log_cell *cell_of(const struct cr_tune_found *f, uint32_t rank)
{
  return &f->log->cell[f->ranking->row[rank].cell];
}

static const struct cr_log_point *point_of(const struct cr_tune_found *f, uint32_t rank)
{
  return &f->log->point[cell_of(f, rank)->point];
}

static const char *policy_of(const struct cr_tune_found *f, uint32_t rank)
{
  return f->log->policy[cell_of(f, rank)->policy];
}

static const char *goals_of(const struct cr_tune_found *f, uint32_t rank)
{
  return cr_goals_name[cr_ranked_goals(&f->study->judge, f->log, &f->ranking->row[rank])];
}

static struct cr_interval interval_of(const struct cr_tune_found *f, uint32_t rank, uint32_t metric, int is_fresh)
{
  struct cr_interval i;
  cr_ranked_interval(&f->study->judge, f->log, &f->ranking->row[rank], metric, is_fresh, &i);
  return i;
}

/* "4.31 ms ±1.2%" */
static void add_value(struct cr_text *out, const struct cr_run_metric *m, const struct cr_interval *i)
{
  char mean[40];
  double share = cr_interval_share(i);
  cr_text_add(out, "%s", cr_run_metric_format(m, i->mean, mean, sizeof mean));
  if (isfinite(share))
    cr_text_add(out, " ±%.2g%%", 100 * share);
}

static void add_command(const struct cr_tune_found *f, uint32_t rank, struct cr_text *out)
{
  const struct cr_design_words *w = f->study->words;
  const char *given;
  cr_text_add(out, "corun run");
  cr_cli_add_argument(out, "", cr_design_word(w, CR_DESIGN_SCENARIO, 0));
  cr_cli_add_argument(out, "-p", policy_of(f, rank));
  cr_cli_add_argument(out, "-d", cr_design_word(w, CR_DESIGN_DEVICE, 0));
  for (uint32_t i = 0; (given = cr_design_word(w, CR_DESIGN_SET, i)); i++)
    cr_cli_add_argument(out, "--set", given);
  for (uint32_t k = 0; k < f->log->n_key; k++) {
    struct cr_text key = {0};
    cr_text_add(&key, "%s=%s", f->log->key[k], point_of(f, rank)->value[k]);
    cr_cli_add_argument(out, "--set", key.s);
    cr_text_fini(&key);
  }
  for (uint32_t i = 0; (given = cr_design_word(w, CR_DESIGN_TRACES, i)); i++)
    cr_cli_add_argument(out, "--traces", given);
}

/* -- the table ---------------------------------------------------------------------------------------------------------- */

static void add_row(const struct cr_tune_found *f, uint32_t rank, struct cr_table *table)
{
  const struct cr_log_point *p = point_of(f, rank);
  cr_table_cell(table, "%s", policy_of(f, rank));
  for (uint32_t k = 0; k < f->log->n_key; k++)
    cr_table_cell(table, "%s", p->value[k]);
  cr_table_cell(table, "%u", f->ranking->row[rank].n_seed);
  if (p->length_ppm < CR_SEARCH_WHOLE)
    cr_table_cell(table, "%u%%", p->length_ppm / 10000);
  else
    cr_table_cell(table, "%s", "");
  for (uint32_t m = 0; m < f->log->n_metric; m++) {
    const struct cr_interval i = interval_of(f, rank, m, 0);
    struct cr_text cell = {0};
    add_value(&cell, &f->study->aim.metric[m], &i);
    cr_table_cell(table, "%s", cell.s ? cell.s : "");
    cr_text_fini(&cell);
  }
  cr_table_cell(table, "%s", goals_of(f, rank));
}

static int add_table(const struct cr_tune_found *f, int color, struct cr_text *out, struct cr_err *err)
{
  const struct cr_search_log *l = f->log;
  uint32_t n = 0, n_row = f->ranking->n;
  struct cr_table_column *column = cr_mem_new(l->n_key + 4 + l->n_metric, sizeof *column);
  struct cr_table table;
  if (!column)
    return cr_fail_nomem(err, "the report");
  column[n++] = (struct cr_table_column){.title = "policy", .left = 1};
  for (uint32_t k = 0; k < l->n_key; k++)
    column[n++] = (struct cr_table_column){.title = l->key[k]};
  column[n++] = (struct cr_table_column){.title = "seeds"};
  column[n++] = (struct cr_table_column){.title = "length"};
  for (uint32_t m = 0; m < l->n_metric; m++)
    column[n++] = (struct cr_table_column){.title = f->study->aim.metric[m].text};
  column[n++] = (struct cr_table_column){.title = "goals", .left = 1};
  cr_table_begin(&table, column, n, color);
  for (uint32_t i = 0; i < cr_min_u32(n_row, ROWS); i++)
    add_row(f, i, &table);
  cr_table_end(&table, out);
  if (n_row > ROWS)
    cr_text_add(out, "... and %u more settings, which --format csv has\n", n_row - ROWS);
  cr_mem_free(column);
  return CR_OK;
}

static void add_seeds(const struct cr_tune_found *f, struct cr_text *out)
{
  const uint64_t *seed = f->study->seed + f->study->judge.n_seed;
  uint32_t n = f->study->judge.n_fresh;
  for (uint32_t i = 0; i < n; i++)
    if (n > 3 && seed[n - 1] - seed[0] == n - 1) {
      cr_text_add(out, "%" PRIu64 "..%" PRIu64, seed[0], seed[n - 1]);
      return;
    } else {
      cr_text_add(out, "%s%" PRIu64, i ? "," : "", seed[i]);
    }
}

static void add_best(const struct cr_tune_found *f, struct cr_text *out)
{
  uint32_t best = f->ranking->best;
  cr_text_add(out, "\nbest, confirmed with fresh seeds (");
  add_seeds(f, out);
  cr_text_add(out, "):");
  for (uint32_t m = 0; m < f->log->n_metric; m++) {
    const struct cr_interval i = interval_of(f, best, m, 1);
    cr_text_add(out, "%s %s ", m ? "," : "", f->study->aim.metric[m].text);
    add_value(out, &f->study->aim.metric[m], &i);
  }
  cr_text_add(out, "\n\n    ");
  add_command(f, best, out);
  cr_text_add(out, "\n");
}

static int print_table(const struct cr_tune_found *f, int color, struct cr_text *out, struct cr_err *err)
{
  int rc = add_table(f, color, out, err);
  cr_text_add(out, "\n%u settings, %u runs", f->ranking->n, f->log->n_run);
  if (f->log->n_failed)
    cr_text_add(out, ", of which %u failed", f->log->n_failed);
  cr_text_add(out, "%s\n",
              f->ranking->is_cut    ? "; stopped at --tries, and more might find better"
              : f->ranking->is_over ? ""
                                    : "; the search is not over");
  if (f->ranking->best != CR_NONE)
    add_best(f, out);
  return rc;
}

/* -- for programs --------------------------------------------------------------------------------------------------------- */

static void add_number(struct cr_text *out, double value, const char *unknown)
{
  if (isfinite(value))
    cr_text_add(out, "%.17g", value);
  else
    cr_text_add(out, "%s", unknown);
}

static void add_field(struct cr_text *out, const char *text)
{
  int quoted = strpbrk(text, ",\"\n") != NULL;
  cr_text_add(out, "%s", quoted ? "\"" : "");
  for (; *text; text++)
    cr_text_add(out, *text == '"' ? "\"\"" : "%c", *text);
  cr_text_add(out, "%s", quoted ? "\"" : "");
}

static const char *const confirmed_name[] = {"", "yes", "no"};

static void csv_rows(const struct cr_tune_found *f, uint32_t rank, struct cr_text *out)
{
  const struct cr_ranked *x = &f->ranking->row[rank];
  const struct cr_log_point *p = point_of(f, rank);
  for (uint32_t m = 0; m < f->log->n_metric; m++) {
    const struct cr_interval i = interval_of(f, rank, m, 0), fresh = interval_of(f, rank, m, 1);
    const struct cr_run_metric *metric = &f->study->aim.metric[m];
    int is_fresh = x->confirmed != CR_CONFIRM_NOT_TRIED;
    cr_text_add(out, "%u,", rank + 1);
    add_field(out, policy_of(f, rank));
    for (uint32_t k = 0; k < f->log->n_key; k++) {
      cr_text_add(out, ",");
      add_field(out, p->value[k]);
    }
    cr_text_add(out, ",%u,%g,%u,%s,%s,%s,%s,%s", x->n_seed, p->length_ppm / 1e6, cr_search_log_failed(f->log, x->cell),
                goals_of(f, rank), confirmed_name[x->confirmed], rank == f->ranking->best ? "yes" : "no", metric->text,
                cr_run_metric_unit(metric));
    const double number[] = {i.mean,
                             i.sd,
                             i.t_low,
                             i.t_high,
                             is_fresh ? fresh.mean : NAN,
                             is_fresh ? fresh.t_low : NAN,
                             is_fresh ? fresh.t_high : NAN};
    for (size_t k = 0; k < sizeof number / sizeof *number; k++) {
      cr_text_add(out, ",");
      add_number(out, number[k], "");
    }
    cr_text_add(out, "\n");
  }
}

static void print_csv(const struct cr_tune_found *f, struct cr_text *out)
{
  cr_text_add(out, "rank,policy");
  for (uint32_t k = 0; k < f->log->n_key; k++) {
    cr_text_add(out, ",");
    add_field(out, f->log->key[k]);
  }
  cr_text_add(out, ",seeds,length,failed,goals,confirmed,best,metric,unit,mean,sd,t_low,t_high,fresh_mean,fresh_t_low,"
                   "fresh_t_high\n");
  for (uint32_t i = 0; i < f->ranking->n; i++)
    csv_rows(f, i, out);
}

static void json_interval(const struct cr_interval *i, struct cr_text *out)
{
  static const char *const name[] = {"mean", "sd", "t_low", "t_high"};
  const double number[] = {i->mean, i->sd, i->t_low, i->t_high};
  for (int k = 0; k < 4; k++) {
    cr_text_add(out, "%s\"%s\": ", k ? ", " : "{", name[k]);
    add_number(out, number[k], "null");
  }
  cr_text_add(out, "}");
}

static void json_metrics(const struct cr_tune_found *f, uint32_t rank, int is_fresh, struct cr_text *out)
{
  for (uint32_t m = 0; m < f->log->n_metric; m++) {
    const struct cr_interval i = interval_of(f, rank, m, is_fresh);
    cr_text_add(out, m ? ", " : "{");
    cr_text_add_json(out, f->study->aim.metric[m].text);
    cr_text_add(out, ": ");
    json_interval(&i, out);
  }
  cr_text_add(out, "}");
}

static void json_row(const struct cr_tune_found *f, uint32_t rank, struct cr_text *out)
{
  const struct cr_ranked *x = &f->ranking->row[rank];
  const struct cr_log_point *p = point_of(f, rank);
  cr_text_add(out, "    {\"policy\": ");
  cr_text_add_json(out, policy_of(f, rank));
  cr_text_add(out, ", \"settings\": {");
  for (uint32_t k = 0; k < f->log->n_key; k++) {
    cr_text_add(out, k ? ", " : "");
    cr_text_add_json(out, f->log->key[k]);
    cr_text_add(out, ": ");
    cr_text_add_json(out, p->value[k]);
  }
  cr_text_add(out, "}, \"seeds\": %u, \"length\": %g, \"failed\": %u, \"goals\": \"%s\", \"metrics\": ", x->n_seed,
              p->length_ppm / 1e6, cr_search_log_failed(f->log, x->cell), goals_of(f, rank));
  json_metrics(f, rank, 0, out);
  if (x->confirmed != CR_CONFIRM_NOT_TRIED) {
    cr_text_add(out, ", \"confirmed\": %s, \"fresh\": ", x->confirmed == CR_CONFIRM_MET ? "true" : "false");
    json_metrics(f, rank, 1, out);
  }
  cr_text_add(out, "}");
}

static void print_json(const struct cr_tune_found *f, struct cr_text *out)
{
  const struct cr_ranking *r = f->ranking;
  struct cr_text command = {0};
  cr_text_add(out, "{\n  \"schema\": 1,\n  \"version\": ");
  cr_text_add_json(out, cr_program_version);
  cr_text_add(out, ",\n  \"scenario\": ");
  cr_text_add_json(out, cr_design_word(f->study->words, CR_DESIGN_SCENARIO, 0));
  cr_text_add(out, ",\n  \"runs\": %u,\n  \"failed\": %u,\n  \"over\": %s,\n  \"best\": ", f->log->n_run,
              f->log->n_failed, r->is_over ? "true" : "false");
  if (r->best != CR_NONE) {
    add_command(f, r->best, &command);
    cr_text_add_json(out, command.s ? command.s : "");
  } else {
    cr_text_add(out, "null");
  }
  cr_text_fini(&command);
  cr_text_add(out, ",\n  \"settings\": [\n");
  for (uint32_t i = 0; i < r->n; i++) {
    json_row(f, i, out);
    cr_text_add(out, "%s\n", i + 1 < r->n ? "," : "");
  }
  cr_text_add(out, "  ]\n}\n");
}

int cr_tune_report(const struct cr_tune_found *f, enum cr_format format, int color, struct cr_text *out,
                   struct cr_err *err)
{
  int rc = CR_OK;
  if (format == CR_CSV)
    print_csv(f, out);
  else if (format == CR_JSON)
    print_json(f, out);
  else
    rc = print_table(f, color, out, err);
  return rc == CR_OK && out->failed ? cr_fail_nomem(err, "the report") : rc;
}

/* -- none ------------------------------------------------------------------------------------------------------------------- */

/* Goals that no setting keeps even alone, with what comes nearest. */
static void add_hopeless(const struct cr_tune_found *f, struct cr_text *out)
{
  const struct cr_aim *aim = &f->study->aim;
  for (uint32_t g = 0; g < aim->n_goal; g++) {
    const struct cr_goal *goal = &aim->goal[g];
    double least = INFINITY, mean = NAN;
    char text[40];
    for (uint32_t i = 0; i < f->ranking->n; i++) {
      const struct cr_ranked *x = &f->ranking->row[i];
      const struct cr_interval of = interval_of(f, i, goal->metric, 0);
      if (cr_search_log_failed(f->log, x->cell) || !cr_ranked_is_whole(&f->study->judge, f->log, x))
        continue;
      double excess = cr_goal_excess(goal, &of, 0);
      if (!isnan(of.mean) && excess < least) {
        least = excess;
        mean = of.mean;
      }
    }
    if (isnan(mean))
      cr_text_add(out, "; %s is not known of any setting: nothing that it is of came to its end in a run",
                  aim->metric[goal->metric].text);
    else if (least > 0)
      cr_text_add(out, "; %s is met by none, whatever the others do: the %s is %s", goal->text,
                  goal->is_upper ? "least" : "greatest",
                  cr_run_metric_format(&aim->metric[goal->metric], mean, text, sizeof text));
  }
}

int cr_tune_fail(const struct cr_tune_found *f, struct cr_err *err)
{
  const struct cr_aim *aim = &f->study->aim;
  const struct cr_ranking *r = f->ranking;
  uint32_t n_tried = 0;
  struct cr_text out = {0};
  if (!r->n || cr_search_log_failed(f->log, r->row[0].cell))
    return cr_fail(err, CR_ERUN, "no setting could be run to the end");
  for (uint32_t i = 0; i < r->n; i++)
    n_tried += r->row[i].confirmed == CR_CONFIRM_NOT_MET;
  if (!aim->n_goal && n_tried)
    return cr_fail(err, CR_ERUN, "the %u best settings failed with fresh seeds, as is told above", n_tried);
  if (!aim->n_goal)
    return cr_fail(err, CR_ERUN, "%s is not known of any setting: nothing that it is of came to its end in a run",
                   aim->metric[aim->best].text);
  if (n_tried)
    cr_text_add(&out,
                "the %u best settings meet the goals, but not with fresh seeds: give more --seeds; the first is `",
                n_tried);
  else
    cr_text_add(&out, "no setting meets the goals; the nearest is `");
  add_command(f, 0, &out);
  cr_text_add(&out, "`, with");
  for (uint32_t m = 0; m < aim->n_metric; m++) {
    const struct cr_interval i = interval_of(f, 0, m, n_tried > 0);
    cr_text_add(&out, "%s %s ", m ? "," : "", aim->metric[m].text);
    add_value(&out, &aim->metric[m], &i);
  }
  if (!n_tried && strcmp(goals_of(f, 0), "likely") == 0)
    cr_text_add(&out, "; its means meet them, but not its intervals: more --seeds may");
  add_hopeless(f, &out);
  int rc = cr_fail(err, CR_ERUN, "%s", out.s ? out.s : "no setting meets the goals");
  cr_text_fini(&out);
  return rc;
}
