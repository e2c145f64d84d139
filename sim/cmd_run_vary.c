/* cmd_run_vary.c - what `corun run --vary KEY=V,V,...` prints. */
#include "config.h"

#include "sim/cmd_run_vary.h"

#include <stdio.h>
#include <string.h>

#include "sim/mem.h"
#include "sim/metric.h"
#include "sim/table.h"

enum { METRICS_MAX = 16 };

int cr_run_vary_parse(const char *text, const char *const *set, uint32_t n_set, struct cr_arena *arena,
                      struct cr_axis *out, struct cr_err *err)
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

void cr_run_vary_report(const struct cr_axis *axis, const struct cr_summary *of, const struct cr_workload *w,
                        enum cr_format format, int color, struct cr_text *out)
{
  if (format == CR_CSV)
    csv(axis, of, out);
  else if (format == CR_JSON)
    json(axis, of, out);
  else
    table(axis, of, w, color, out);
}
