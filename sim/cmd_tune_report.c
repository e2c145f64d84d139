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

/* "met": for sure; "likely": the mean, or so far; "missed"; "failed". */
static const char *goals_of(const struct cr_tune *t, const struct cr_setting *x)
{
  struct cr_score by_mean;
  if (x->n_failed)
    return "failed";
  if (!t->aim.n_goal)
    return "";
  cr_aim_score(&t->aim, x->of, 0, &by_mean);
  int is_whole = x->n_seed == t->search.n_seed && x->length_ppm == CR_SEARCH_WHOLE;
  return by_mean.excess > 0 ? "missed" : is_whole && !(x->score.excess > 0) ? "met" : "likely";
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

static void add_command(const struct cr_tune *t, uint32_t setting, struct cr_text *out)
{
  const struct cr_design_words *w = t->words;
  struct cr_text word = {0};
  const char *given;
  cr_text_add(out, "corun run");
  cr_cli_add_argument(out, "", cr_design_word(w, CR_DESIGN_SCENARIO, 0));
  cr_tune_add_policy(t, setting, &word);
  cr_cli_add_argument(out, "-p", word.s);
  cr_text_fini(&word);
  cr_cli_add_argument(out, "-d", cr_design_word(w, CR_DESIGN_DEVICE, 0));
  for (uint32_t i = 0; (given = cr_design_word(w, CR_DESIGN_SET, i)); i++)
    cr_cli_add_argument(out, "--set", given);
  for (uint32_t k = 0; k < t->n_key; k++) {
    struct cr_text key = {0};
    cr_tune_add_key(t, setting, k, &key);
    cr_cli_add_argument(out, "--set", key.s);
    cr_text_fini(&key);
  }
  for (uint32_t i = 0; (given = cr_design_word(w, CR_DESIGN_TRACES, i)); i++)
    cr_cli_add_argument(out, "--traces", given);
}

/* -- the table ---------------------------------------------------------------------------------------------------------- */

static void add_row(const struct cr_tune *t, uint32_t setting, struct cr_table *table)
{
  const struct cr_setting *x = &t->search.setting[setting];
  struct cr_text policy = {0};
  char value[CR_AXIS_VALUE];
  int is_usual;
  cr_tune_add_policy(t, setting, &policy);
  cr_table_cell(table, "%s", policy.s ? policy.s : "");
  cr_text_fini(&policy);
  for (uint32_t k = 0; k < t->n_key; k++)
    cr_table_cell(table, "%s", cr_search_value(&t->search, setting, k, value, &is_usual));
  cr_table_cell(table, "%u", x->n_seed);
  if (x->length_ppm < CR_SEARCH_WHOLE)
    cr_table_cell(table, "%u%%", x->length_ppm / 10000);
  else
    cr_table_cell(table, "%s", "");
  for (uint32_t m = 0; m < t->aim.n_metric; m++) {
    struct cr_text cell = {0};
    add_value(&cell, &t->aim.metric[m], &x->of[m]);
    cr_table_cell(table, "%s", cell.s ? cell.s : "");
    cr_text_fini(&cell);
  }
  cr_table_cell(table, "%s", goals_of(t, x));
}

static int add_table(const struct cr_tune *t, const uint32_t *order, int color, struct cr_text *out, struct cr_err *err)
{
  uint32_t n = 0;
  struct cr_table_column *column = cr_mem_new(t->n_key + 4 + t->aim.n_metric, sizeof *column);
  struct cr_table table;
  if (!column)
    return cr_fail_nomem(err, "the report");
  column[n++] = (struct cr_table_column){.title = "policy", .left = 1};
  for (uint32_t k = 0; k < t->n_key; k++)
    column[n++] = (struct cr_table_column){.title = t->key[k].key};
  column[n++] = (struct cr_table_column){.title = "seeds"};
  column[n++] = (struct cr_table_column){.title = "length"};
  for (uint32_t m = 0; m < t->aim.n_metric; m++)
    column[n++] = (struct cr_table_column){.title = t->aim.metric[m].text};
  column[n++] = (struct cr_table_column){.title = "goals", .left = 1};
  cr_table_begin(&table, column, n, color);
  for (uint32_t i = 0; i < cr_min_u32(t->search.n_setting, ROWS); i++)
    add_row(t, order[i], &table);
  cr_table_end(&table, out);
  if (t->search.n_setting > ROWS)
    cr_text_add(out, "... and %u more settings, which --format csv has\n", t->search.n_setting - ROWS);
  cr_mem_free(column);
  return CR_OK;
}

static void add_seeds(const struct cr_tune *t, struct cr_text *out)
{
  const uint64_t *seed = t->seed + t->search.n_seed;
  uint32_t n = t->search.n_fresh;
  for (uint32_t i = 0; i < n; i++)
    if (n > 3 && seed[n - 1] - seed[0] == n - 1) {
      cr_text_add(out, "%" PRIu64 "..%" PRIu64, seed[0], seed[n - 1]);
      return;
    } else {
      cr_text_add(out, "%s%" PRIu64, i ? "," : "", seed[i]);
    }
}

static void add_best(const struct cr_tune *t, uint32_t best, struct cr_text *out)
{
  const struct cr_setting *x = &t->search.setting[best];
  cr_text_add(out, "\nbest, confirmed with fresh seeds (");
  add_seeds(t, out);
  cr_text_add(out, "):");
  for (uint32_t m = 0; m < t->aim.n_metric; m++) {
    cr_text_add(out, "%s %s ", m ? "," : "", t->aim.metric[m].text);
    add_value(out, &t->aim.metric[m], &x->fresh[m]);
  }
  cr_text_add(out, "\n\n    ");
  add_command(t, best, out);
  cr_text_add(out, "\n");
}

static int print_table(const struct cr_tune *t, const uint32_t *order, int color, uint32_t best, struct cr_text *out,
                       struct cr_err *err)
{
  int rc = add_table(t, order, color, out, err);
  cr_text_add(out, "\n%u settings, %u runs", t->search.n_setting, t->search.n_run);
  if (t->search.n_failed)
    cr_text_add(out, ", of which %u failed", t->search.n_failed);
  cr_text_add(out, "%s\n", t->search.is_cut ? "; stopped at --tries, and more might find better" : "");
  if (best != CR_NONE)
    add_best(t, best, out);
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

static void csv_rows(const struct cr_tune *t, uint32_t rank, uint32_t setting, uint32_t best, struct cr_text *out)
{
  const struct cr_setting *x = &t->search.setting[setting];
  for (uint32_t m = 0; m < t->aim.n_metric; m++) {
    const struct cr_interval *i = &x->of[m], *f = &x->fresh[m];
    int is_fresh = x->confirmed != CR_CONFIRM_NOT_TRIED;
    struct cr_text policy = {0};
    char value[CR_AXIS_VALUE];
    int is_usual;
    cr_tune_add_policy(t, setting, &policy);
    cr_text_add(out, "%u,", rank);
    add_field(out, policy.s ? policy.s : "");
    cr_text_fini(&policy);
    for (uint32_t k = 0; k < t->n_key; k++) {
      cr_text_add(out, ",");
      add_field(out, cr_search_value(&t->search, setting, k, value, &is_usual));
    }
    cr_text_add(out, ",%u,%g,%u,%s,%s,%s,%s,%s", x->n_seed, x->length_ppm / 1e6, x->n_failed, goals_of(t, x),
                confirmed_name[x->confirmed], setting == best ? "yes" : "no", t->aim.metric[m].text,
                cr_run_metric_unit(&t->aim.metric[m]));
    const double number[] = {i->mean,
                             i->sd,
                             i->t_low,
                             i->t_high,
                             is_fresh ? f->mean : NAN,
                             is_fresh ? f->t_low : NAN,
                             is_fresh ? f->t_high : NAN};
    for (size_t k = 0; k < sizeof number / sizeof *number; k++) {
      cr_text_add(out, ",");
      add_number(out, number[k], "");
    }
    cr_text_add(out, "\n");
  }
}

static void print_csv(const struct cr_tune *t, const uint32_t *order, uint32_t best, struct cr_text *out)
{
  cr_text_add(out, "rank,policy");
  for (uint32_t k = 0; k < t->n_key; k++) {
    cr_text_add(out, ",");
    add_field(out, t->key[k].key);
  }
  cr_text_add(out, ",seeds,length,failed,goals,confirmed,best,metric,unit,mean,sd,t_low,t_high,fresh_mean,fresh_t_low,"
                   "fresh_t_high\n");
  for (uint32_t i = 0; i < t->search.n_setting; i++)
    csv_rows(t, i + 1, order[i], best, out);
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

static void json_metrics(const struct cr_tune *t, const struct cr_interval *of, struct cr_text *out)
{
  for (uint32_t m = 0; m < t->aim.n_metric; m++) {
    cr_text_add(out, m ? ", " : "{");
    cr_text_add_json(out, t->aim.metric[m].text);
    cr_text_add(out, ": ");
    json_interval(&of[m], out);
  }
  cr_text_add(out, "}");
}

static void json_row(const struct cr_tune *t, uint32_t setting, struct cr_text *out)
{
  const struct cr_setting *x = &t->search.setting[setting];
  struct cr_text policy = {0};
  char value[CR_AXIS_VALUE];
  int is_usual;
  cr_tune_add_policy(t, setting, &policy);
  cr_text_add(out, "    {\"policy\": ");
  cr_text_add_json(out, policy.s ? policy.s : "");
  cr_text_fini(&policy);
  cr_text_add(out, ", \"settings\": {");
  for (uint32_t k = 0; k < t->n_key; k++) {
    cr_text_add(out, k ? ", " : "");
    cr_text_add_json(out, t->key[k].key);
    cr_text_add(out, ": ");
    cr_text_add_json(out, cr_search_value(&t->search, setting, k, value, &is_usual));
  }
  cr_text_add(out, "}, \"seeds\": %u, \"length\": %g, \"failed\": %u, \"goals\": \"%s\", \"metrics\": ", x->n_seed,
              x->length_ppm / 1e6, x->n_failed, goals_of(t, x));
  json_metrics(t, x->of, out);
  if (x->confirmed != CR_CONFIRM_NOT_TRIED) {
    cr_text_add(out, ", \"confirmed\": %s, \"fresh\": ", x->confirmed == CR_CONFIRM_MET ? "true" : "false");
    json_metrics(t, x->fresh, out);
  }
  cr_text_add(out, "}");
}

static void print_json(const struct cr_tune *t, const uint32_t *order, uint32_t best, struct cr_text *out)
{
  struct cr_text command = {0};
  cr_text_add(out, "{\n  \"schema\": 1,\n  \"version\": ");
  cr_text_add_json(out, cr_program_version);
  cr_text_add(out, ",\n  \"scenario\": ");
  cr_text_add_json(out, cr_design_word(t->words, CR_DESIGN_SCENARIO, 0));
  cr_text_add(out, ",\n  \"runs\": %u,\n  \"failed\": %u,\n  \"best\": ", t->search.n_run, t->search.n_failed);
  if (best != CR_NONE) {
    add_command(t, best, &command);
    cr_text_add_json(out, command.s ? command.s : "");
  } else {
    cr_text_add(out, "null");
  }
  cr_text_fini(&command);
  cr_text_add(out, ",\n  \"settings\": [\n");
  for (uint32_t i = 0; i < t->search.n_setting; i++) {
    json_row(t, order[i], out);
    cr_text_add(out, "%s\n", i + 1 < t->search.n_setting ? "," : "");
  }
  cr_text_add(out, "  ]\n}\n");
}

int cr_tune_report(const struct cr_tune *t, enum cr_format format, int color, uint32_t best, struct cr_text *out,
                   struct cr_err *err)
{
  uint32_t *order;
  int rc = cr_search_order(&t->search, &order, err);
  if (rc == CR_OK && format == CR_CSV)
    print_csv(t, order, best, out);
  else if (rc == CR_OK && format == CR_JSON)
    print_json(t, order, best, out);
  else if (rc == CR_OK)
    rc = print_table(t, order, color, best, out, err);
  return rc == CR_OK && out->failed ? cr_fail_nomem(err, "the report") : rc;
}

/* -- none ------------------------------------------------------------------------------------------------------------------- */

/* Goals that no setting keeps even alone, with what comes nearest. */
static void add_hopeless(const struct cr_tune *t, struct cr_text *out)
{
  for (uint32_t g = 0; g < t->aim.n_goal; g++) {
    const struct cr_goal *goal = &t->aim.goal[g];
    const struct cr_run_metric *m = &t->aim.metric[goal->metric];
    double least = INFINITY, mean = NAN;
    char text[40];
    for (uint32_t i = 0; i < t->search.n_setting; i++) {
      const struct cr_setting *x = &t->search.setting[i];
      double excess =
        x->n_failed || !cr_search_is_whole(&t->search, i) ? INFINITY : cr_goal_excess(goal, &x->of[goal->metric], 0);
      if (excess < least) {
        least = excess;
        mean = x->of[goal->metric].mean;
      }
    }
    if (least > 0)
      cr_text_add(out, "; %s is met by none, whatever the others do: the %s is %s", goal->text,
                  goal->is_upper ? "least" : "greatest", cr_run_metric_format(m, mean, text, sizeof text));
  }
}

int cr_tune_fail(const struct cr_tune *t, struct cr_err *err)
{
  uint32_t *order, n_tried = 0;
  struct cr_text out = {0};
  int rc = cr_search_order(&t->search, &order, err);
  if (rc != CR_OK)
    return rc;
  for (uint32_t i = 0; i < t->search.n_setting; i++)
    n_tried += t->search.setting[i].confirmed == CR_CONFIRM_NOT_MET;
  const struct cr_setting *x = &t->search.setting[order[0]];
  if (x->n_failed) {
    cr_text_fini(&out);
    return cr_fail(err, CR_ERUN, "no setting could be run to the end");
  }
  if (n_tried)
    cr_text_add(&out,
                "the %u best settings meet the goals, but not with fresh seeds: give more --seeds; the first is `",
                n_tried);
  else
    cr_text_add(&out, "no setting meets the goals; the nearest is `");
  add_command(t, order[0], &out);
  cr_text_add(&out, "`, with");
  for (uint32_t m = 0; m < t->aim.n_metric; m++) {
    cr_text_add(&out, "%s %s ", m ? "," : "", t->aim.metric[m].text);
    add_value(&out, &t->aim.metric[m], n_tried ? &x->fresh[m] : &x->of[m]);
  }
  if (!n_tried && strcmp(goals_of(t, x), "likely") == 0)
    cr_text_add(&out, "; its means meet them, but not its intervals: more --seeds may");
  add_hopeless(t, &out);
  rc = cr_fail(err, CR_ERUN, "%s", out.s ? out.s : "no setting meets the goals");
  cr_text_fini(&out);
  return rc;
}
