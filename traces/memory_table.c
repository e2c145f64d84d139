/* memory_table.c - reads and writes tables of the memory that models use within an iteration. */
#include "config.h"

#include "traces/memory_table.h"

#include <inttypes.h>
#include <string.h>

#include "sim/mem.h"
#include "traces/csv.h"
#include "traces/names.h"

static const int64_t MOST_BYTES = INT64_C(1) << 50; /* as in tables of workloads */

struct entry {
  uint32_t step0, n_step, line; /* line: of its first row */
  cr_ns end_ns;                 /* CR_NS_NEVER: not read yet */
};

struct cr_memory_table {
  char *path;
  struct cr_names *name;
  struct entry *entry;           /* [n] by number of the name, cap of them */
  struct cr_memory_curve *curve; /* [n] */
  struct cr_memory_step *step;   /* [n_step] of all, one after the other */
  uint32_t n, cap, n_step, step_cap;
};

struct reader {
  struct cr_csv *csv;
  int workload, at_ns, bytes; /* columns */
  struct cr_err *err;
};

/* -- rows ---------------------------------------------------------------------------------------------------------- */

static int bad_row(const struct reader *r, const char *sentence)
{
  return cr_fail(r->err, CR_EINPUT, "%s:%u: workload %.90s: %s", cr_csv_path(r->csv), cr_csv_line(r->csv),
                 cr_csv_field(r->csv, r->workload), sentence);
}

/* Room for one more behind n. */
static void *room(void *table, uint32_t n, uint32_t *cap, size_t size)
{
  if (n < *cap)
    return table;
  uint32_t more = *cap ? 2 * *cap : 64;
  void *grown = cr_mem_resize(table, more, size);
  if (grown)
    *cap = more;
  return grown;
}

/* The workload of the present row, which begins a new one or goes on with the last. */
static int find_entry(const struct reader *r, struct cr_memory_table *t, struct entry **out)
{
  const char *name = cr_csv_field(r->csv, r->workload);
  uint32_t known = cr_names_find(t->name, name);
  if (!*name)
    return cr_fail(r->err, CR_EINPUT, "%s:%u: workload is empty; every row names one", t->path, cr_csv_line(r->csv));
  if (known != CR_NONE && (known + 1 < t->n || t->entry[known].end_ns != CR_NS_NEVER))
    return bad_row(r, "its rows must stand together, and end with the one whose bytes are empty");
  if (known == CR_NONE) {
    if (t->n && t->entry[t->n - 1].end_ns == CR_NS_NEVER)
      return cr_fail(r->err, CR_EINPUT, "%s:%u: workload %.90s has no end: in its last row bytes must be empty",
                     t->path, t->entry[t->n - 1].line, cr_names_text(t->name, t->n - 1));
    struct entry *grown = room(t->entry, t->n, &t->cap, sizeof *grown);
    if (!grown)
      return cr_fail_nomem(r->err, t->path);
    t->entry = grown;
    known = cr_names_put(t->name, name);
    if (known == CR_NONE)
      return cr_fail_nomem(r->err, t->path);
    t->entry[t->n++] = (struct entry){.step0 = t->n_step, .line = cr_csv_line(r->csv), .end_ns = CR_NS_NEVER};
  }
  *out = &t->entry[known];
  return CR_OK;
}

static int add_row(const struct reader *r, struct cr_memory_table *t)
{
  struct entry *e = NULL;
  struct cr_memory_step step = {0};
  int rc = find_entry(r, t, &e);
  rc = rc ? rc : cr_csv_i64(r->csv, r->at_ns, -1, &step.at_ns, r->err);
  rc = rc ? rc : cr_csv_i64(r->csv, r->bytes, CR_UNKNOWN, &step.bytes, r->err);
  if (rc)
    return rc;
  if (e->n_step ? step.at_ns <= t->step[t->n_step - 1].at_ns : step.at_ns != 0)
    return bad_row(r, "at_ns must begin with 0 and ascend");
  if (!*cr_csv_field(r->csv, r->bytes)) {
    e->end_ns = step.at_ns;
    return e->n_step ? CR_OK : bad_row(r, "it ends before its first step");
  }
  if (step.bytes < 0 || step.bytes > MOST_BYTES)
    return bad_row(r, "bytes must be from 0 to 1 PiB");
  struct cr_memory_step *grown = room(t->step, t->n_step, &t->step_cap, sizeof *grown);
  if (!grown)
    return cr_fail_nomem(r->err, t->path);
  t->step = grown;
  t->step[t->n_step++] = step;
  e->n_step++;
  return CR_OK;
}

/* -- the table ----------------------------------------------------------------------------------------------------- */

static int make_curves(struct cr_memory_table *t, struct cr_err *err)
{
  t->curve = cr_mem_new(t->n, sizeof *t->curve);
  if (!t->curve)
    return cr_fail_nomem(err, t->path);
  for (uint32_t i = 0; i < t->n; i++) {
    const struct entry *e = &t->entry[i];
    const char *name = cr_names_text(t->name, i);
    if (e->end_ns == CR_NS_NEVER)
      return cr_fail(err, CR_EINPUT, "%s:%u: workload %.90s has no end: in its last row bytes must be empty", t->path,
                     e->line, name);
    const char *fault = cr_memory_curve_make(t->step + e->step0, e->n_step, e->end_ns, &t->curve[i]);
    if (fault)
      return cr_fail(err, CR_EINPUT, "%s:%u: workload %.90s: %s", t->path, e->line, name, fault);
  }
  return CR_OK;
}

static int read_rows(struct reader *r, struct cr_memory_table *t)
{
  int rc = cr_csv_need(r->csv, "workload", &r->workload, r->err), more;
  rc = rc ? rc : cr_csv_need(r->csv, "at_ns", &r->at_ns, r->err);
  rc = rc ? rc : cr_csv_need(r->csv, "bytes", &r->bytes, r->err);
  while (!rc && (more = cr_csv_next(r->csv, r->err)) != 0)
    rc = more < 0 ? more : add_row(r, t);
  if (!rc && t->n == 0)
    rc = cr_fail(r->err, CR_EINPUT, "%s: has no workloads; their rows are needed behind the header", t->path);
  return rc ? rc : make_curves(t, r->err);
}

static struct cr_memory_table *table_new(const char *path)
{
  struct cr_memory_table *t = cr_mem_new(1, sizeof *t);
  if (!t)
    return NULL;
  t->name = cr_names_new();
  t->path = cr_mem_new(strlen(path) + 1, 1);
  if (!t->name || !t->path) {
    cr_memory_table_free(t);
    return NULL;
  }
  memcpy(t->path, path, strlen(path) + 1);
  return t;
}

int cr_memory_table_read(const char *path, struct cr_memory_table **out, struct cr_err *err)
{
  struct reader r = {.err = err};
  int rc = cr_csv_open(path, &r.csv, err);
  if (rc)
    return rc;
  struct cr_memory_table *t = table_new(path);
  rc = t ? read_rows(&r, t) : cr_fail_nomem(err, path);
  cr_csv_close(r.csv);
  if (rc)
    cr_memory_table_free(t);
  else
    *out = t;
  return rc;
}

void cr_memory_table_free(struct cr_memory_table *t)
{
  if (!t)
    return;
  cr_names_free(t->name);
  cr_mem_free(t->path);
  cr_mem_free(t->entry);
  cr_mem_free(t->curve);
  cr_mem_free(t->step);
  cr_mem_free(t);
}

const char *cr_memory_table_path(const struct cr_memory_table *t)
{
  return t->path;
}

uint32_t cr_memory_table_count(const struct cr_memory_table *t)
{
  return t->n;
}

const struct cr_memory_curve *cr_memory_table_find(const struct cr_memory_table *t, const char *workload)
{
  uint32_t i = cr_names_find(t->name, workload);
  return i == CR_NONE ? NULL : &t->curve[i];
}

void cr_memory_table_print_header(struct cr_text *out)
{
  cr_text_add(out, "workload,at_ns,bytes\n");
}

void cr_memory_table_print(const char *workload, const struct cr_memory_curve *curve, struct cr_text *out)
{
  for (uint32_t i = 0; i < curve->n_step; i++)
    cr_text_add(out, "%s,%" PRId64 ",%" PRId64 "\n", workload, curve->step[i].at_ns, curve->step[i].bytes);
  cr_text_add(out, "%s,%" PRId64 ",\n", workload, curve->span_ns);
}
