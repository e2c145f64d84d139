/* csv_table.c - a CSV file with known columns. */
#include "config.h"

#include "traces/csv_table.h"

#include "sim/nearest.h"
#include "sim/text.h"
#include "sim/unit.h"

#include <stdio.h>
#include <string.h>

enum { NUMBER_MAX = 60 };

static int unknown_column(const struct cr_csv_table *t, const char *what, const char *name, struct cr_err *err)
{
  const char *near = cr_nearest(name, t->name, t->n);
  struct cr_text all = {0};
  for (uint32_t i = 0; i < t->n; i++)
    cr_text_add(&all, "%s%s", i ? ", " : "", t->name[i]);
  int rc = near ? cr_fail(err, CR_EINPUT, "%s: %s has no column \"%.60s\"; did you mean \"%s\"?", cr_csv_path(t->csv),
                          what, name, near)
                : cr_fail(err, CR_EINPUT, "%s: %s has no column \"%.60s\"; there are: %s", cr_csv_path(t->csv), what,
                          name, all.s ? all.s : "");
  cr_text_fini(&all);
  return rc;
}

static int find_columns(struct cr_csv_table *t, const char *what, struct cr_err *err)
{
  for (uint32_t c = 0; c < t->n; c++)
    t->at[c] = cr_csv_column(t->csv, t->name[c]);
  for (uint32_t i = 0; i < cr_csv_n_column(t->csv); i++) {
    int known = 0;
    for (uint32_t c = 0; c < t->n; c++)
      known |= t->at[c] == (int)i;
    if (!known)
      return unknown_column(t, what, cr_csv_name(t->csv, i), err);
  }
  return CR_OK;
}

int cr_csv_table_open(const char *path, const char *what, const char *const *name, uint32_t n, struct cr_csv_table *out,
                      struct cr_err *err)
{
  struct cr_csv_table t = {.name = name, .n = n};
  int rc = cr_csv_open(path, &t.csv, err);
  if (rc)
    return rc;
  rc = find_columns(&t, what, err);
  if (rc)
    cr_csv_close(t.csv);
  else
    *out = t;
  return rc;
}

void cr_csv_table_close(struct cr_csv_table *t)
{
  cr_csv_close(t->csv);
}

int cr_csv_table_need(const struct cr_csv_table *t, uint32_t c, struct cr_err *err)
{
  int at;
  return cr_csv_need(t->csv, t->name[c], &at, err);
}

const char *cr_csv_cell(const struct cr_csv_table *t, uint32_t c)
{
  return cr_csv_field(t->csv, t->at[c]);
}

int cr_csv_cell_bad(const struct cr_csv_table *t, uint32_t c, const char *want, struct cr_err *err)
{
  return cr_fail(err, CR_EINPUT, "%s:%u: %s is \"%.60s\" where %s belongs", cr_csv_path(t->csv), cr_csv_line(t->csv),
                 t->name[c], cr_csv_cell(t, c), want);
}

int cr_csv_cell_with_unit(const struct cr_csv_table *t, uint32_t c, const char *unit, char out[CR_CSV_CELL_MAX],
                          struct cr_err *err)
{
  const char *cell = cr_csv_cell(t, c);
  size_t n = strlen(cell);
  if (n == 0)
    return 0;
  if (n > NUMBER_MAX || strspn(cell, "0123456789.eE+-") != n || *cell == '-')
    return cr_csv_cell_bad(t, c, "a number that is not negative", err);
  snprintf(out, CR_CSV_CELL_MAX, "%s%s", cell, unit);
  return 1;
}

int cr_csv_cell_ns(const struct cr_csv_table *t, uint32_t c, const char *unit, cr_ns max_ns, const char *max,
                   cr_ns *out, struct cr_err *err)
{
  char text[CR_CSV_CELL_MAX], want[80];
  struct cr_err ignored;
  cr_ns ns = 0;
  int has = cr_csv_cell_with_unit(t, c, unit, text, err);
  if (has <= 0)
    return has;
  if (cr_parse_ns(text, t->name[c], &ns, &ignored) || ns > max_ns) {
    snprintf(want, sizeof want, "a time of at most %s", max);
    return cr_csv_cell_bad(t, c, want, err);
  }
  *out = ns;
  return CR_OK;
}

int cr_csv_cell_name(const struct cr_csv_table *t, uint32_t c, struct cr_err *err)
{
  const char *name = cr_csv_cell(t, c);
  if (*name && strlen(name) <= 80 && !strpbrk(name, " \t\r\n[]=,\""))
    return CR_OK;
  return cr_csv_cell_bad(t, c, "a name of 1 to 80 characters without blanks or [ ] = , \"", err);
}
