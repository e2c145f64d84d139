/* cmd_run_vary.c - makes a run for each value of a key, and prints what they show. */
#include "config.h"

#include "sim/cmd_run_vary.h"

#include <stdio.h>
#include <string.h>

#include "sim/cli.h"
#include "sim/mem.h"
#include "sim/metric.h"
#include "sim/table.h"
#include "studies/axis.h"

enum { METRICS_MAX = 16 };

/* Values, not a range.  set[n_set] are those of --set, which may not be of the same key; the arena keeps the strings. */
static int parse(const char *text, const char *const *set, uint32_t n_set, struct cr_arena *arena, struct cr_axis *out,
                 struct cr_err *err)
{
  struct cr_axis a;
  const char *equals = strchr(text, '=');
  if (equals && strstr(equals, "..") && !strpbrk(equals, "[{\"',"))
    return cr_fail(
      err, CR_EINPUT,
      "--vary %.120s: takes values, KEY=V,V,...; of a range corun sweep draws some, and corun tune finds the best",
      text);
  int rc = cr_axis_read_values(arena, "--vary", text, &a, err);
  rc = rc ? rc : cr_axis_check_distinct(&a, "--vary", text, err);
  for (uint32_t i = 0; rc == CR_OK && i < n_set; i++) {
    char key[CR_AXIS_VALUE];
    snprintf(key, sizeof key, "%.*s", (int)cr_min_u32((uint32_t)strcspn(set[i], "="), sizeof key - 1), set[i]);
    if (cr_axis_meets(a.key, key))
      rc = cr_fail(err, CR_EINPUT, "--set %.100s: --vary changes %.100s; it is one or the other", set[i], a.key);
  }
  if (rc == CR_OK && strcmp(a.key, "policies") == 0)
    rc = cr_fail(err, CR_EINPUT, "--vary %.100s: policies are given by -p, each with its options", text);
  if (rc == CR_OK)
    *out = a;
  return rc;
}

static void table(const struct cr_axis *axis, const struct cr_summary *of, const struct cr_workload *w, int color,
                  struct cr_text *out)
{
  struct cr_table_column column[METRICS_MAX + 3] = {
    {.title = axis->key, .left = 1}, {.title = "policy", .left = 1}, {.title = "outcome", .left = 1}};
  struct cr_run_metric metric[METRICS_MAX];
  const char *name;
  uint32_t n = 0;
  struct cr_table t;
  for (uint32_t i = 0; n < METRICS_MAX && (name = cr_run_metric_usual(w, i)); i++)
    if (cr_run_metric_parse(name, &metric[n], NULL) == CR_OK) {
      column[n + 3] = (struct cr_table_column){.title = name};
      n++;
    }
  cr_table_begin(&t, column, n + 3, color);
  for (uint32_t v = 0; v < axis->n_value; v++)
    for (uint32_t r = 0; r < of[v].n_run; r++) {
      const struct cr_run_summary *run = &of[v].run[r];
      cr_table_cell(&t, "%s", axis->value[v]);
      cr_table_cell(&t, "%s", run->policy);
      cr_table_cell(&t, "%s", run->outcome == CR_DONE ? "" : cr_outcome_name[run->outcome]);
      for (uint32_t m = 0; m < n; m++) {
        char value[40];
        cr_table_cell(&t, "%s",
                      cr_run_metric_format(&metric[m],
                                           cr_run_metric_value(&metric[m], run, of[v].n_client, of[v].n_device), value,
                                           sizeof value));
      }
    }
  cr_table_end(&t, out);
}

/* Of the first value the line of titles, too.  A line ends where no quote is open. */
static void csv(const struct cr_axis *axis, const struct cr_summary *of, struct cr_text *out)
{
  for (uint32_t v = 0; v < axis->n_value; v++) {
    struct cr_text text = {0};
    int is_title = 1, is_open = 0;
    cr_report(&of[v], CR_CSV, 0, &text);
    out->failed |= text.failed;
    for (const char *line = text.s; !text.failed && line && *line;) {
      const char *end = line;
      for (; *end && (*end != '\n' || is_open); end++)
        is_open ^= *end == '"';
      end += *end == '\n';
      if (!is_title || v == 0) {
        cr_text_add_csv(out, is_title ? axis->key : axis->value[v]);
        cr_text_add(out, ",");
        cr_text_add_bytes(out, line, (size_t)(end - line));
      }
      is_title = 0;
      line = end;
    }
    cr_text_fini(&text);
  }
}

static void json(const struct cr_axis *axis, const struct cr_summary *of, struct cr_text *out)
{
  cr_text_add(out, "{\"schema\":\"corun-vary\",\"schema_version\":1,\"key\":");
  cr_text_add_json(out, axis->key);
  cr_text_add(out, ",\"values\":[\n");
  for (uint32_t v = 0; v < axis->n_value; v++) {
    cr_text_add(out, "%s{\"value\":", v ? "," : "");
    cr_text_add_json(out, axis->value[v]);
    cr_text_add(out, ",\"run\":\n");
    cr_report(&of[v], CR_JSON, 0, out);
    cr_text_add(out, "}\n");
  }
  cr_text_add(out, "]}\n");
}

static int check(const struct cr_run_args *a, struct cr_err *err)
{
  if (a->n_vary > 1)
    return cr_fail(err, CR_EINPUT, "--vary is given %u times: it takes one key; corun sweep --grid crosses several",
                   a->n_vary);
  if (a->db || a->ledger || a->timeline)
    return cr_fail(
      err, CR_EINPUT,
      "--vary prints a table and writes no files, so not %s; corun sweep keeps many settings in a database",
      a->db       ? "-o"
      : a->ledger ? "--ledger"
                  : "--timeline");
  return CR_OK;
}

/* A job of its own, with one more --set. */
static int prepare_value(const struct cr_run_job *j, const struct cr_axis *axis, uint32_t i, struct cr_run_job *out,
                         struct cr_err *err)
{
  struct cr_run_words *set = &out->args.set;
  size_t room = strlen(axis->key) + strlen(axis->value[i]) + 2;
  out->args = j->args;
  out->args.vary = NULL;
  out->is_again = i > 0;
  out->arena = cr_arena_new();
  char *text = out->arena ? cr_arena_take(out->arena, room, 1) : NULL;
  set->word = text ? cr_arena_take(out->arena, (size_t)set->n + 1, sizeof *set->word) : NULL;
  if (!set->word)
    return cr_fail_nomem(err, "a value");
  snprintf(text, room, "%s=%s", axis->key, axis->value[i]);
  if (set->n)
    memcpy(set->word, j->args.set.word, set->n * sizeof *set->word);
  set->word[set->n++] = text;
  return cr_run_job_prepare(out, err);
}

/* One value after the other, until the user stops or one cannot be run at all. */
static int run_values(struct cr_run_job *at, const struct cr_axis *axis, int *fatal, struct cr_err *err)
{
  int worst = CR_OK;
  for (uint32_t i = 0; i < axis->n_value && worst != CR_EINTR; i++) {
    int rc = cr_run_job_run(&at[i], axis->value[i], fatal, err);
    if (*fatal)
      return cr_fail_in(err, rc, "%s=%s", axis->key, axis->value[i]);
    worst = rc != CR_OK ? rc : worst;
  }
  return worst;
}

static int print_values(struct cr_run_job *at, const struct cr_axis *axis, struct cr_err *err)
{
  struct cr_summary *of = cr_arena_take(at[0].arena, axis->n_value, sizeof *of);
  struct cr_text text = {0};
  int rc = of ? CR_OK : cr_fail_nomem(err, "the report");
  for (uint32_t i = 0; rc == CR_OK && i < axis->n_value; i++)
    rc = cr_run_job_summarize(&at[i], &of[i], err);
  if (rc == CR_OK) {
    if (at[0].format == CR_CSV)
      csv(axis, of, &text);
    else if (at[0].format == CR_JSON)
      json(axis, of, &text);
    else
      table(axis, of, at[0].scenario->workload, cr_cli_wants_color(), &text);
    rc = text.failed ? cr_fail_nomem(err, "the report") : cr_cli_write(NULL, text.s, text.n, err);
  }
  cr_text_fini(&text);
  return rc;
}

/* All values are prepared before the first one runs. */
int cr_run_vary(struct cr_run_job *j)
{
  struct cr_err err;
  struct cr_axis axis = {0};
  int fatal = 0, rc = check(&j->args, &err);
  rc = rc ? rc : parse(j->args.vary, j->args.set.word, j->args.set.n, j->arena, &axis, &err);
  struct cr_run_job *at = rc == CR_OK ? cr_arena_take(j->arena, axis.n_value, sizeof *at) : NULL;
  if (rc == CR_OK && !at)
    rc = cr_fail_nomem(&err, "the values");
  for (uint32_t i = 0; rc == CR_OK && i < axis.n_value; i++)
    rc = prepare_value(j, &axis, i, &at[i], &err);
  int status = cr_cli_error(rc, &err);
  if (rc == CR_OK) {
    rc = run_values(at, &axis, &fatal, &err);
    status = fatal ? cr_cli_error(rc, &err) : cr_rc_exit(rc);
    rc = fatal ? CR_OK : print_values(at, &axis, &err);
    status = rc != CR_OK ? cr_cli_error(rc, &err) : status;
  }
  for (uint32_t i = 0; at && i < axis.n_value; i++)
    cr_run_job_fini(&at[i]);
  return status;
}
