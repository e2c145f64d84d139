/* iteration_table.c - reads tables of iteration-level workloads, and makes models of them.
 *
 * Cells are decimals in the unit that the column's name says; they become integers by the readers of sim/unit.h,
 * rounded once. */
#include "config.h"

#include "traces/iteration_table.h"

#include "sim/mem.h"
#include "sim/nearest.h"
#include "sim/unit.h"
#include "traces/csv_table.h"
#include "traces/names.h"

#include <string.h>

static const cr_ns LONGEST_NS = INT64_C(366) * 86400 * 1000000000; /* as the longest run */

enum column {
  WORKLOAD,
  ITERATION_MS,
  STARTUP_S,
  PERSISTENT_MIB,
  PERSISTENT_BYTES,
  EPHEMERAL_MIB,
  EPHEMERAL_BYTES,
  FRAMEWORK_MIB,
  FRAMEWORK_BYTES,
  SM_SHARE,
  DRAM_SHARE,
  SOURCE,
  N_COLUMN
};

static const char *const COLUMN[N_COLUMN] = {
  "workload",        "iteration_ms",  "startup_s",       "persistent_mib", "persistent_bytes", "ephemeral_mib",
  "ephemeral_bytes", "framework_mib", "framework_bytes", "sm_share",       "dram_share",       "source",
};

struct cr_iteration_table {
  char *path;
  struct cr_names *name;
  struct cr_iteration_row *row; /* [n], cap of them; by number of the name */
  uint32_t n, cap;
};

/* -- cells --------------------------------------------------------------------------------------------------------- */

static int read_time(const struct cr_csv_table *t, enum column c, const char *unit, cr_ns min_ns, cr_ns *out,
                     struct cr_err *err)
{
  cr_ns ns = CR_NS_NEVER;
  int rc = cr_csv_cell_ns(t, c, unit, LONGEST_NS, "a year", &ns, err);
  if (!rc && ns < min_ns)
    rc = cr_csv_cell_bad(t, c, "a time longer than 0", err);
  if (!rc && ns != CR_NS_NEVER)
    *out = ns;
  return rc;
}

/* Of two columns, in MiB and in bytes, the one that is there. */
static int read_bytes(const struct cr_csv_table *t, enum column mib, enum column bytes, int64_t *out,
                      struct cr_err *err)
{
  char text[CR_CSV_CELL_MAX];
  struct cr_err ignored;
  enum column c = t->at[mib] >= 0 ? mib : bytes;
  int64_t value = 0;
  int has = cr_csv_cell_with_unit(t, c, c == mib ? "MiB" : "B", text, err);
  if (has <= 0)
    return has;
  if (cr_parse_bytes(text, COLUMN[c], &value, &ignored) || value > INT64_C(1) << 50)
    return cr_csv_cell_bad(t, c, "a size of at most 1 PiB", err);
  *out = value;
  return CR_OK;
}

static int read_share(const struct cr_csv_table *t, enum column c, int64_t *out, struct cr_err *err)
{
  char text[CR_CSV_CELL_MAX];
  struct cr_err ignored;
  int64_t value = 0;
  int has = cr_csv_cell_with_unit(t, c, "", text, err);
  if (has <= 0)
    return has;
  if (cr_parse_ppm(text, COLUMN[c], &value, &ignored))
    return cr_csv_cell_bad(t, c, "a share from 0 to 1", err);
  *out = value;
  return CR_OK;
}

/* -- rows ---------------------------------------------------------------------------------------------------------- */

static int read_cells(const struct cr_csv_table *r, struct cr_iteration_row *row, struct cr_err *err)
{
  int rc = read_time(r, ITERATION_MS, "ms", 1, &row->iteration_ns, err);
  rc = rc ? rc : read_time(r, STARTUP_S, "s", 0, &row->startup_ns, err);
  rc = rc ? rc : read_bytes(r, PERSISTENT_MIB, PERSISTENT_BYTES, &row->persistent_bytes, err);
  rc = rc ? rc : read_bytes(r, EPHEMERAL_MIB, EPHEMERAL_BYTES, &row->ephemeral_bytes, err);
  rc = rc ? rc : read_bytes(r, FRAMEWORK_MIB, FRAMEWORK_BYTES, &row->framework_bytes, err);
  rc = rc ? rc : read_share(r, SM_SHARE, &row->sm_ppm, err);
  return rc ? rc : read_share(r, DRAM_SHARE, &row->dram_ppm, err);
}

static int check_row(const struct cr_iteration_table *t, const struct cr_iteration_row *row, struct cr_err *err)
{
  const char *path = t->path, *name = row->workload;
  uint32_t known = cr_names_find(t->name, name);
  if (!*name)
    return cr_fail(err, CR_EINPUT, "%s:%u: workload is empty; every line names one", path, row->line);
  if (strlen(name) > 80 || strpbrk(name, " \t\r\n[]=,\""))
    return cr_fail(err, CR_EINPUT,
                   "%s:%u: workload \"%.90s\" is no name: 1 to 80 characters without blanks or [ ] = , \"", path,
                   row->line, name);
  if (known != CR_NONE)
    return cr_fail(err, CR_EINPUT, "%s:%u: workload %s is on line %u already; names must be unique", path, row->line,
                   name, t->row[known].line);
  if (row->iteration_ns == CR_NS_NEVER)
    return cr_fail(err, CR_EINPUT, "%s:%u: iteration_ms of workload %s is empty; it must be known", path, row->line,
                   name);
  if (row->framework_bytes > row->persistent_bytes)
    return cr_fail(err, CR_EINPUT,
                   "%s:%u: workload %s: the framework's memory is a part of the persistent and cannot be larger", path,
                   row->line, name);
  return CR_OK;
}

static int add_row(const struct cr_csv_table *r, struct cr_iteration_table *t, struct cr_err *err)
{
  struct cr_iteration_row row = {
    .workload = cr_csv_cell(r, WORKLOAD),
    .line = cr_csv_line(r->csv),
    .iteration_ns = CR_NS_NEVER,
    .startup_ns = CR_NS_NEVER,
    .persistent_bytes = CR_UNKNOWN,
    .ephemeral_bytes = CR_UNKNOWN,
    .framework_bytes = CR_UNKNOWN,
    .sm_ppm = CR_UNKNOWN,
    .dram_ppm = CR_UNKNOWN,
  };
  int rc = read_cells(r, &row, err);
  rc = rc ? rc : check_row(t, &row, err);
  if (rc)
    return rc;
  if (t->n == t->cap) {
    uint32_t cap = t->cap ? 2 * t->cap : 64;
    struct cr_iteration_row *grown = cr_mem_resize(t->row, cap, sizeof *grown);
    if (!grown)
      return cr_fail_nomem(err, t->path);
    t->row = grown;
    t->cap = cap;
  }
  uint32_t number = cr_names_put(t->name, row.workload);
  if (number == CR_NONE)
    return cr_fail_nomem(err, t->path);
  row.workload = cr_names_text(t->name, number);
  t->row[t->n++] = row;
  return CR_OK;
}

/* -- columns ------------------------------------------------------------------------------------------------------- */

static int both_units(const struct cr_csv_table *r, enum column a, enum column b, struct cr_err *err)
{
  if (r->at[a] < 0 || r->at[b] < 0)
    return CR_OK;
  return cr_fail(err, CR_EINPUT, "%s: has both %s and %s; keep one of them", cr_csv_path(r->csv), COLUMN[a], COLUMN[b]);
}

static int check_columns(const struct cr_csv_table *r, struct cr_err *err)
{
  int rc = cr_csv_table_need(r, WORKLOAD, err);
  rc = rc ? rc : cr_csv_table_need(r, ITERATION_MS, err);
  rc = rc ? rc : both_units(r, PERSISTENT_MIB, PERSISTENT_BYTES, err);
  rc = rc ? rc : both_units(r, EPHEMERAL_MIB, EPHEMERAL_BYTES, err);
  return rc ? rc : both_units(r, FRAMEWORK_MIB, FRAMEWORK_BYTES, err);
}

/* -- the table ----------------------------------------------------------------------------------------------------- */

static struct cr_iteration_table *table_new(const char *path)
{
  struct cr_iteration_table *t = cr_mem_new(1, sizeof *t);
  if (!t)
    return NULL;
  t->name = cr_names_new();
  t->path = cr_mem_new(strlen(path) + 1, 1);
  if (!t->name || !t->path) {
    cr_iteration_table_free(t);
    return NULL;
  }
  memcpy(t->path, path, strlen(path) + 1);
  return t;
}

static int read_rows(struct cr_csv_table *r, struct cr_iteration_table *t, struct cr_err *err)
{
  int rc = check_columns(r, err), more;
  while (!rc && (more = cr_csv_next(r->csv, err)) != 0)
    rc = more < 0 ? more : add_row(r, t, err);
  if (!rc && t->n == 0)
    rc = cr_fail(err, CR_EINPUT, "%s: has no workloads; a line each is needed behind the header", t->path);
  return rc;
}

int cr_iteration_table_read(const char *path, struct cr_iteration_table **out, struct cr_err *err)
{
  struct cr_csv_table r;
  int rc = cr_csv_table_open(path, "a table of workloads", COLUMN, N_COLUMN, &r, err);
  if (rc)
    return rc;
  struct cr_iteration_table *t = table_new(path);
  rc = t ? read_rows(&r, t, err) : cr_fail_nomem(err, path);
  cr_csv_table_close(&r);
  if (rc)
    cr_iteration_table_free(t);
  else
    *out = t;
  return rc;
}

void cr_iteration_table_free(struct cr_iteration_table *t)
{
  if (!t)
    return;
  cr_names_free(t->name);
  cr_mem_free(t->row);
  cr_mem_free(t->path);
  cr_mem_free(t);
}

const char *cr_iteration_table_path(const struct cr_iteration_table *t)
{
  return t->path;
}

uint32_t cr_iteration_table_count(const struct cr_iteration_table *t)
{
  return t->n;
}

const struct cr_iteration_row *cr_iteration_table_row(const struct cr_iteration_table *t, uint32_t i)
{
  return &t->row[i];
}

const char *const *cr_iteration_table_names(const struct cr_iteration_table *t)
{
  return cr_names_all(t->name);
}

const struct cr_iteration_row *cr_iteration_table_find(const struct cr_iteration_table *t, const char *workload)
{
  uint32_t i = cr_names_find(t->name, workload);
  return i == CR_NONE ? NULL : &t->row[i];
}

int cr_iteration_table_no(const struct cr_iteration_table *t, const char *workload, struct cr_err *err)
{
  const char *near = cr_nearest(workload, cr_names_all(t->name), t->n);
  return cr_fail(err, CR_EINPUT, "there is no workload '%.90s' in %s%s%s%s", workload, t->path,
                 near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

int cr_iteration_row_add(const struct cr_iteration_row *row, struct cr_workload_builder *b, cr_model *out,
                         struct cr_err *err)
{
  struct cr_op_spec op = cr_op_unknown("iteration", CR_OP_ITERATION, row->iteration_ns);
  op.sm_ppm = row->sm_ppm;
  op.dram_ppm = row->dram_ppm;
  const struct cr_model_spec model = {
    .name = row->workload,
    .op = &op,
    .n_op = 1,
    .weight_bytes = CR_UNKNOWN,
    .persistent_bytes = row->persistent_bytes,
    .ephemeral_bytes = row->ephemeral_bytes,
    .framework_bytes = row->framework_bytes,
  };
  return cr_workload_add_model(b, &model, out, err);
}
