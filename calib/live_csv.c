/* live_csv.c - reads a table of live results. */
#include "config.h"

#include "calib/live_csv.h"

#include <math.h>
#include <string.h>

#include "sim/mem.h"
#include "traces/csv.h"

enum { SCENARIO, POLICY, CLIENT, CLASS, ARRIVAL, METRIC, MEASURED, LOW, HIGH, N_NEEDED };
static const char *const needed[N_NEEDED] = {"scenario", "policy",   "client", "class", "arrival",
                                             "metric",   "measured", "low",    "high"};

struct reader {
  struct cr_csv *csv;
  struct cr_arena *arena;
  int column[N_NEEDED], runs, duration, launch;
  struct cr_live_stored *row;
  uint32_t n_row, cap;
};

/* The text of a field; the one of the row before where it is the same. */
static const char *text(const struct reader *r, int which, const char *before, struct cr_err *err)
{
  const char *field = cr_csv_field(r->csv, r->column[which]);
  const char *kept = before && strcmp(before, field) == 0 ? before : cr_arena_text(r->arena, field);
  if (!kept)
    (void)!cr_fail_nomem(err, cr_csv_path(r->csv));
  return kept;
}

static int read_texts(const struct reader *r, struct cr_live_stored *row, struct cr_err *err)
{
  static const struct cr_live_stored none;
  const struct cr_live_stored *b = r->n_row ? &r->row[r->n_row - 1] : &none;
  row->scenario = text(r, SCENARIO, b->scenario, err);
  row->policy = text(r, POLICY, b->policy, err);
  row->client = text(r, CLIENT, b->client, err);
  row->class = text(r, CLASS, b->class, err);
  row->arrival = text(r, ARRIVAL, b->arrival, err);
  row->metric = text(r, METRIC, b->metric, err);
  return row->scenario && row->policy && row->client && row->class && row->arrival && row->metric ? CR_OK : CR_ENOMEM;
}

static int read_numbers(const struct reader *r, struct cr_live_stored *row, struct cr_err *err)
{
  int64_t runs = 0;
  double seconds = NAN;
  int rc = cr_csv_f64(r->csv, r->column[MEASURED], NAN, &row->measured, err);
  rc = rc ? rc : cr_csv_f64(r->csv, r->column[LOW], NAN, &row->low, err);
  rc = rc ? rc : cr_csv_f64(r->csv, r->column[HIGH], NAN, &row->high, err);
  rc = rc ? rc : cr_csv_i64(r->csv, r->runs, 0, &runs, err);
  rc = rc ? rc : cr_csv_f64(r->csv, r->duration, NAN, &seconds, err);
  rc = rc ? rc : cr_csv_f64(r->csv, r->launch, NAN, &row->launch_us, err);
  if (rc)
    return rc;
  const double value[] = {row->measured, row->low, row->high};
  for (int i = 0; i < 3; i++)
    if (isinf(value[i]) || value[i] < 0 || (isnan(value[i]) != 0) != (isnan(row->measured) != 0))
      return cr_fail(err, CR_EINPUT, "%s:%u: measured, low and high must be numbers not below 0, or all three empty: they are %g, %g and %g",
                     cr_csv_path(r->csv), row->line, row->measured, row->low, row->high);
  const double slack = 1e-5 * fabs(row->measured); /* all three are printed with six digits */
  if (row->low > row->measured + slack || row->high < row->measured - slack)
    return cr_fail(err, CR_EINPUT, "%s:%u: measured is %g, which does not lie between low, %g, and high, %g",
                   cr_csv_path(r->csv), row->line, row->measured, row->low, row->high);
  if (runs < 0 || runs > UINT32_MAX)
    return cr_fail(err, CR_EINPUT, "%s:%u: runs must be how many were made", cr_csv_path(r->csv), row->line);
  if (!isnan(seconds) && !(seconds >= 1e-9 && seconds < 1e6)) /* 0 when rounded would be none */
    return cr_fail(err, CR_EINPUT, "%s:%u: duration_s must be seconds over 0", cr_csv_path(r->csv), row->line);
  if (!isnan(row->launch_us) && !(row->launch_us > 0 && row->launch_us < 1e6))
    return cr_fail(err, CR_EINPUT, "%s:%u: launch_us must be microseconds over 0", cr_csv_path(r->csv), row->line);
  row->n_run = (uint32_t)runs;
  row->duration_ns = isnan(seconds) ? CR_NS_NEVER : (cr_ns)llrint(seconds * 1e9);
  return CR_OK;
}

static int read_row(struct reader *r, struct cr_err *err)
{
  if (r->n_row == r->cap) {
    uint32_t cap = r->cap ? 2 * r->cap : 256;
    struct cr_live_stored *more = cr_mem_resize(r->row, cap, sizeof *more);
    if (!more)
      return cr_fail_nomem(err, cr_csv_path(r->csv));
    r->row = more;
    r->cap = cap;
  }
  struct cr_live_stored *row = &r->row[r->n_row];
  *row = (struct cr_live_stored){.line = cr_csv_line(r->csv)};
  int rc = read_texts(r, row, err);
  rc = rc ? rc : read_numbers(r, row, err);
  r->n_row += rc == CR_OK;
  return rc;
}

static int read_rows(struct reader *r, struct cr_err *err)
{
  int rc = CR_OK, more;
  for (int i = 0; !rc && i < N_NEEDED; i++)
    rc = cr_csv_need(r->csv, needed[i], &r->column[i], err);
  r->runs = cr_csv_column(r->csv, "runs");
  r->duration = cr_csv_column(r->csv, "duration_s");
  r->launch = cr_csv_column(r->csv, "launch_us");
  while (!rc && (more = cr_csv_next(r->csv, err)) != 0)
    rc = more < 0 ? more : read_row(r, err);
  if (!rc && r->n_row == 0)
    rc = cr_fail(err, CR_EINPUT, "%s: there are no results in it", cr_csv_path(r->csv));
  return rc;
}

static const char *name_of(const char *path, struct cr_arena *arena)
{
  const char *slash = strrchr(path, '/');
  char *name = cr_arena_text(arena, slash ? slash + 1 : path), *end = name ? strstr(name, ".csv") : NULL;
  if (end)
    *end = '\0';
  return name;
}

int cr_live_table_read(const char *path, struct cr_live_table **out, struct cr_err *err)
{
  struct reader r = {.arena = cr_arena_new()};
  struct cr_live_table *t = r.arena ? cr_arena_take(r.arena, 1, sizeof *t) : NULL;
  if (!t) {
    cr_arena_free(r.arena);
    return cr_fail_nomem(err, path);
  }
  int rc = cr_csv_open(path, &r.csv, err);
  rc = rc ? rc : read_rows(&r, err);
  cr_csv_close(r.csv);
  t->path = rc ? NULL : cr_arena_text(r.arena, path);
  t->name = rc ? NULL : name_of(path, r.arena);
  if (!rc && (!t->path || !t->name))
    rc = cr_fail_nomem(err, path);
  if (rc) {
    cr_mem_free(r.row);
    cr_arena_free(r.arena);
    return rc;
  }
  t->row = r.row;
  t->n_row = r.n_row;
  t->arena = r.arena;
  *out = t;
  return CR_OK;
}

void cr_live_table_free(struct cr_live_table *t)
{
  if (!t)
    return;
  cr_mem_free(t->row);
  cr_arena_free(t->arena);
}

/* --- looking up --------------------------------------------------------------------------------------------------- */

static int is_of(const struct cr_live_stored *r, const char *scenario, const char *policy)
{
  return strcmp(r->scenario, scenario) == 0 && strcmp(r->policy, policy) == 0;
}

const struct cr_live_stored *cr_live_table_find(const struct cr_live_table *t, const char *scenario, const char *policy,
                                                const char *client, const char *metric)
{
  for (uint32_t i = 0; i < t->n_row; i++)
    if (is_of(&t->row[i], scenario, policy) && strcmp(t->row[i].client, client) == 0 &&
        strcmp(t->row[i].metric, metric) == 0)
      return &t->row[i];
  return NULL;
}

uint32_t cr_live_table_count(const struct cr_live_table *t, const char *scenario, const char *policy)
{
  uint32_t n = 0;
  for (uint32_t i = 0; i < t->n_row; i++)
    n += is_of(&t->row[i], scenario, policy) != 0;
  return n;
}
