/* store_show.c - `corun show`: what a store holds, as tables for people, CSV or JSON for programs.
 *
 * Without a model: a row a model, where they come from, and the sanity report.  With one: its totals, classes and
 * kernels; CSV and JSON list every op. */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/table.h"
#include "traces/kernel_class.h"
#include "traces/store_check.h"
#include "traces/store_int.h"

/* A model with everything about it. */
struct view {
  const char *name, *class, *report; /* report: the importer's findings and today's, a line each */
  int64_t id;
  uint32_t n_iteration, n_left_out, n_op;
  cr_ns period_ns;
  struct cr_op_spec *op;
  uint32_t n_kernel, n_copy, n_memset, n_carveout, n_counter;
  cr_ns busy_ns, gap_ns, launch_ns; /* sums of what is known; launch CR_NS_NEVER when nothing is */
};

struct views {
  struct cr_arena *arena;
  struct view *view; /* [n] */
  uint32_t n;
};

/* -- gathering -- */

static void total(struct view *v)
{
  v->launch_ns = CR_NS_NEVER;
  for (uint32_t i = 0; i < v->n_op; i++) {
    const struct cr_op_spec *op = &v->op[i];
    v->n_kernel += op->kind == CR_OP_KERNEL;
    v->n_memset += op->kind == CR_OP_MEMSET;
    v->n_copy += op->kind == CR_OP_COPY_H2D || op->kind == CR_OP_COPY_D2H || op->kind == CR_OP_COPY_D2D;
    v->n_carveout += op->carveout_bytes != CR_UNKNOWN;
    v->n_counter += op->instructions != CR_UNKNOWN;
    v->busy_ns = cr_ns_add(v->busy_ns, op->duration_ns);
    if (op->gap_ns != CR_NS_NEVER)
      v->gap_ns = cr_ns_add(v->gap_ns, op->gap_ns);
    if (op->launch_ns != CR_NS_NEVER)
      v->launch_ns = cr_ns_add(v->launch_ns == CR_NS_NEVER ? 0 : v->launch_ns, op->launch_ns);
  }
}

static int fill(struct cr_store *s, struct cr_arena *arena, struct view *v, const char *report, struct cr_err *err)
{
  struct cr_text text = {0};
  int rc = cr_store_read_ops(s, v->id, v->name, arena, &v->op, &v->n_op, err);
  if (rc)
    return rc;
  total(v);
  cr_text_add(&text, "%s", report);
  cr_store_check(v->op, v->n_op, &text);
  v->report = text.failed ? NULL : cr_arena_text(arena, text.s);
  cr_text_fini(&text);
  return v->report ? CR_OK : cr_fail_nomem(err, v->name);
}

static int read_view(struct cr_store *s, sqlite3_stmt *q, struct cr_arena *arena, struct view *v, struct cr_err *err)
{
  const char *name = (const char *)sqlite3_column_text(q, 1), *class = (const char *)sqlite3_column_text(q, 2);
  const char *report = (const char *)sqlite3_column_text(q, 6);
  v->id = sqlite3_column_int64(q, 0);
  v->name = name ? cr_arena_text(arena, name) : NULL;
  v->class = class ? cr_arena_text(arena, class) : NULL;
  v->n_iteration = (uint32_t)sqlite3_column_int64(q, 3);
  v->n_left_out = (uint32_t)sqlite3_column_int64(q, 4);
  v->period_ns = sqlite3_column_type(q, 5) == SQLITE_NULL ? CR_NS_NEVER : sqlite3_column_int64(q, 5);
  return v->name && v->class ? fill(s, arena, v, report ? report : "", err) : cr_fail_nomem(err, s->path);
}

static int read_views(struct cr_store *s, const char *model, struct views *out, struct cr_err *err)
{
  sqlite3_stmt *q = NULL;
  int rc =
    cr_store_prepare(s,
                     "SELECT id, name, class, n_iteration, n_left_out, period_ns, report, count(*) OVER () FROM model "
                     "WHERE ?1 IS NULL OR name = ?1 ORDER BY name",
                     &q, err);
  if (!rc && model)
    sqlite3_bind_text(q, 1, model, -1, SQLITE_TRANSIENT);
  while (!rc && (rc = cr_store_step(s, q, err)) > 0) {
    uint32_t n = (uint32_t)sqlite3_column_int64(q, 7);
    if (!out->view)
      out->view = cr_arena_take(out->arena, n, sizeof *out->view);
    rc = out->view && out->n < n ? read_view(s, q, out->arena, &out->view[out->n], err) : cr_fail_nomem(err, s->path);
    out->n++;
  }
  sqlite3_finalize(q);
  return rc;
}

/* -- tables -- */

static void us_cell(struct cr_table *t, cr_ns ns)
{
  if (ns == CR_NS_NEVER)
    cr_table_cell(t, "-");
  else
    cr_table_cell(t, "%" PRId64 ".%" PRId64, ns / 1000, ns % 1000 / 100);
}

/* "all", "none" or the percentage of kernels for which something is known. */
static void part_cell(struct cr_table *t, uint32_t n, uint32_t of)
{
  if (n == 0)
    cr_table_cell(t, "-");
  else if (n >= of)
    cr_table_cell(t, "all");
  else
    cr_table_cell(t, "%u%%", n * 100 / of);
}

static void models_table(const struct views *all, struct cr_text *out)
{
  static const struct cr_table_column column[] = {
    {NULL, "model", 1},   {NULL, "class", 1},     {NULL, "iterations", 0}, {NULL, "left out", 0},
    {NULL, "kernels", 0}, {NULL, "copies", 0},    {NULL, "memsets", 0},    {NULL, "busy us", 0},
    {NULL, "gaps us", 0}, {NULL, "period us", 0}, {NULL, "launch us", 0},  {NULL, "carve-outs", 0},
    {NULL, "counters", 0}};
  struct cr_table t;
  cr_table_begin(&t, column, sizeof column / sizeof *column, 0);
  for (uint32_t i = 0; i < all->n; i++) {
    const struct view *v = &all->view[i];
    cr_table_cell(&t, "%s", v->name);
    cr_table_cell(&t, "%s", v->class);
    const uint32_t count[] = {v->n_iteration, v->n_left_out, v->n_kernel, v->n_copy, v->n_memset};
    for (int c = 0; c < 5; c++)
      cr_table_cell(&t, "%" PRIu32, count[c]);
    us_cell(&t, v->busy_ns);
    us_cell(&t, v->gap_ns);
    us_cell(&t, v->period_ns);
    us_cell(&t, v->launch_ns);
    part_cell(&t, v->n_carveout, v->n_kernel);
    part_cell(&t, v->n_counter, v->n_kernel);
  }
  cr_table_end(&t, out);
}

static void classes_table(const struct view *v, struct cr_text *out)
{
  static const struct cr_table_column column[] = {
    {NULL, "class", 1}, {NULL, "ops", 0}, {NULL, "busy us", 0}, {NULL, "share", 0}};
  struct cr_table t;
  uint32_t n[CR_N_KERNEL_CLASS] = {0};
  cr_ns busy_ns[CR_N_KERNEL_CLASS] = {0};
  for (uint32_t i = 0; i < v->n_op; i++) {
    enum cr_kernel_class c = cr_kernel_class_of(&v->op[i]);
    n[c]++;
    busy_ns[c] = cr_ns_add(busy_ns[c], v->op[i].duration_ns);
  }
  cr_table_begin(&t, column, sizeof column / sizeof *column, 0);
  for (int c = 0; c < CR_N_KERNEL_CLASS; c++) {
    if (!n[c])
      continue;
    int64_t permille = cr_muldiv(busy_ns[c], 1000, v->busy_ns);
    cr_table_cell(&t, "%s", cr_kernel_class_name[c]);
    cr_table_cell(&t, "%" PRIu32, n[c]);
    us_cell(&t, busy_ns[c]);
    cr_table_cell(&t, "%" PRId64 ".%" PRId64 "%%", permille / 10, permille % 10);
  }
  cr_table_end(&t, out);
}

/* Ops of one name and launch shape. */
struct group {
  const struct cr_op_spec *like;
  uint32_t n;
  cr_ns busy_ns;
};

static int by_shape(const void *a, const void *b)
{
  const struct cr_op_spec *x = *(const struct cr_op_spec *const *)a, *y = *(const struct cr_op_spec *const *)b;
  int order = strcmp(x->name, y->name);
  if (order)
    return order;
  const int64_t p[] = {x->blocks, x->threads, x->regs, x->smem_bytes, x->cluster_blocks},
                q[] = {y->blocks, y->threads, y->regs, y->smem_bytes, y->cluster_blocks};
  for (size_t i = 0; i < sizeof p / sizeof *p; i++)
    if (p[i] != q[i])
      return p[i] < q[i] ? -1 : 1;
  return 0;
}

static int by_busy(const void *a, const void *b)
{
  const struct group *x = a, *y = b;
  if (x->busy_ns != y->busy_ns)
    return x->busy_ns > y->busy_ns ? -1 : 1;
  return by_shape(&x->like, &y->like);
}

static uint32_t make_groups(const struct view *v, const struct cr_op_spec **op, struct group *group)
{
  uint32_t n = 0;
  for (uint32_t i = 0; i < v->n_op; i++)
    op[i] = &v->op[i];
  qsort(op, v->n_op, sizeof *op, by_shape);
  for (uint32_t i = 0; i < v->n_op; i++) {
    if (i == 0 || by_shape(&op[i - 1], &op[i]))
      group[n++] = (struct group){.like = op[i]};
    group[n - 1].n++;
    group[n - 1].busy_ns = cr_ns_add(group[n - 1].busy_ns, op[i]->duration_ns);
  }
  qsort(group, n, sizeof *group, by_busy);
  return n;
}

static void known_cell(struct cr_table *t, int64_t value, int64_t unknown)
{
  if (value == unknown)
    cr_table_cell(t, "-");
  else
    cr_table_cell(t, "%" PRId64, value);
}

/* How many blocks an SM holds, and a block's time from one on its SM to as many as fit. */
static void profile_cells(struct cr_table *t, const struct cr_op_spec *op)
{
  known_cell(t, op->sm_blocks, 0);
  if (!op->n_block_ns) {
    cr_table_cell(t, "-");
    return;
  }
  cr_ns one = op->block_ns[0], all = op->block_ns[op->n_block_ns - 1];
  cr_table_cell(t, "%" PRId64 ".%" PRId64 " to %" PRId64 ".%" PRId64, one / 1000, one % 1000 / 100, all / 1000,
                all % 1000 / 100);
}

static void kernels_table(const struct group *group, uint32_t n, struct cr_text *out)
{
  struct cr_table_column column[12] = {{NULL, "kernel", 1},  {NULL, "class", 1},  {NULL, "ops", 0},
                                       {NULL, "busy us", 0}, {NULL, "blocks", 0}, {NULL, "threads", 0},
                                       {NULL, "regs", 0},    {NULL, "smem B", 0}, {NULL, "carve-out B", 0}};
  struct cr_table t;
  uint32_t n_column = 9;
  int clustered = 0, profiled = 0; /* columns for what few tools record are there where something is known */
  for (uint32_t i = 0; i < n; i++) {
    clustered |= group[i].like->cluster_blocks != 0;
    profiled |= group[i].like->n_block_ns || group[i].like->sm_blocks;
  }
  if (clustered)
    column[n_column++] = (struct cr_table_column){NULL, "blocks a cluster", 0};
  if (profiled) {
    column[n_column++] = (struct cr_table_column){NULL, "blocks an SM", 0};
    column[n_column++] = (struct cr_table_column){NULL, "block us", 0};
  }
  cr_table_begin(&t, column, n_column, 0);
  for (uint32_t i = 0; i < n; i++) {
    const struct cr_op_spec *op = group[i].like;
    char name[64];
    cr_kernel_short_name(op->name, name, sizeof name);
    cr_table_cell(&t, "%s", op->kind == CR_OP_KERNEL ? name : op->name);
    cr_table_cell(&t, "%s", cr_kernel_class_name[cr_kernel_class_of(op)]);
    cr_table_cell(&t, "%" PRIu32, group[i].n);
    us_cell(&t, group[i].busy_ns);
    known_cell(&t, op->blocks, 0);
    known_cell(&t, op->threads, 0);
    known_cell(&t, op->blocks ? op->regs : 0, 0);
    known_cell(&t, op->smem_bytes, CR_UNKNOWN);
    known_cell(&t, op->carveout_bytes, CR_UNKNOWN);
    if (clustered)
      known_cell(&t, op->cluster_blocks, 0);
    if (profiled)
      profile_cells(&t, op);
  }
  cr_table_end(&t, out);
}

#define N_FILES "count(DISTINCT sha256) || iif(count(DISTINCT sha256) = 1, ' file', ' files')"

/* Where the records come from: a line a file of the model, and a line a kind of recording. */
static int sources(struct cr_store *s, const char *model, struct cr_text *out, struct cr_err *err)
{
  sqlite3_stmt *q = NULL;
  int rc =
    cr_store_prepare(s,
                     model ? "SELECT file, tool, gpu, driver, host, command, recorded, 'sha256 ' || sha256 FROM origin "
                             "WHERE model = (SELECT id FROM model WHERE name = ?) UNION ALL "
                             "SELECT " N_FILES ", tool, gpu, driver, host, command, NULL, "
                             "'for all models' FROM origin WHERE model IS NULL GROUP BY 2, 3, 4, 5, 6 ORDER BY 2"
                           : "SELECT " N_FILES ", tool, gpu, driver, host, command, min(recorded) || "
                             "iif(min(recorded) < max(recorded), ' to ' || max(recorded), '') FROM origin GROUP BY 2, 3, 4, 5, 6 "
                             "ORDER BY tool = 'kineto', tool, command",
                     &q, err);
  if (!rc && model)
    sqlite3_bind_text(q, 1, model, -1, SQLITE_TRANSIENT);
  while (!rc && (rc = cr_store_step(s, q, err)) > 0) {
    rc = CR_OK;
    for (int i = 0, n = 0; i < sqlite3_column_count(q); i++) {
      const char *part = (const char *)sqlite3_column_text(q, i);
      if (part)
        cr_text_add(out, "%s%s", n++ ? ", " : "  ", part);
    }
    cr_text_add(out, "\n");
  }
  sqlite3_finalize(q);
  return rc;
}

/* Whether a report has that line. */
static int has_line(const char *report, const char *line, size_t n)
{
  for (const char *at = report; *at; at += strcspn(at, "\n"), at += *at == '\n')
    if (strcspn(at, "\n") == n && !strncmp(at, line, n))
      return 1;
  return 0;
}

/* A finding, with the models that have it. */
static void finding(const struct views *all, uint32_t first, const char *line, size_t n, struct cr_text *out)
{
  enum { INDENT = 4, WIDTH = 100 };
  size_t column = 2 + n + 1;
  cr_text_add(out, "  %.*s:", (int)n, line);
  for (uint32_t i = first; i < all->n; i++) {
    if (!has_line(all->view[i].report, line, n))
      continue;
    size_t length = strlen(all->view[i].name);
    int wraps = column + 1 + length > WIDTH;
    cr_text_add(out, "%s%s", wraps ? "\n    " : " ", all->view[i].name);
    column = (wraps ? INDENT : column + 1) + length;
  }
  cr_text_add(out, "\n");
}

static void reports(const struct views *all, struct cr_text *out)
{
  uint32_t n_well = 0;
  for (uint32_t i = 0; i < all->n; i++) {
    n_well += !*all->view[i].report;
    for (const char *at = all->view[i].report; *at; at += strcspn(at, "\n"), at += *at == '\n') {
      size_t n = strcspn(at, "\n");
      int told = 0;
      for (uint32_t j = 0; j < i && !told; j++)
        told = has_line(all->view[j].report, at, n);
      if (!told)
        finding(all, i, at, n, out);
    }
  }
  if (n_well)
    cr_text_add(out, "  nothing odd in %s%" PRIu32 " model%s\n", n_well < all->n ? "the other " : "", n_well,
                n_well == 1 ? "" : "s");
}

static int show_table(struct cr_store *s, const struct views *all, const char *model, struct cr_text *out,
                      struct cr_err *err)
{
  models_table(all, out);
  if (model) {
    const struct view *v = &all->view[0];
    const struct cr_op_spec **op = cr_arena_take(all->arena, v->n_op, sizeof(const struct cr_op_spec *));
    struct group *group = cr_arena_take(all->arena, v->n_op, sizeof *group);
    if (!op || !group)
      return cr_fail_nomem(err, model);
    cr_text_add(out, "\n");
    classes_table(v, out);
    cr_text_add(out, "\n");
    kernels_table(group, make_groups(v, op, group), out);
  }
  cr_text_add(out, "\nSources\n");
  int rc = sources(s, model, out, err);
  cr_text_add(out, "\nSanity\n");
  reports(all, out);
  return rc;
}

/* -- CSV and JSON -- */

/* The numbers of an op, by name; unknown ones are left empty or null. */
enum { N_NUMBER = 21 };
static const char *const number_name[N_NUMBER] = {
  "stage",     "duration_ns",  "spread_ns",           "gap_ns",           "launch_ns", "blocks",
  "threads",   "regs",         "smem_bytes",          "carveout_bytes",   "bytes",     "dram_bytes",
  "l2_bytes",  "instructions", "tensor_instructions", "active_warps_q16", "calls",     "pageable",
  "sm_blocks", "idempotent",   "cluster_blocks"};

static int number(const struct cr_op_spec *op, int i, int64_t *out)
{
  const int64_t value[N_NUMBER] = {op->stage,
                                   op->duration_ns,
                                   op->spread_ns,
                                   op->gap_ns,
                                   op->launch_ns,
                                   op->blocks,
                                   op->threads,
                                   op->regs,
                                   op->smem_bytes,
                                   op->carveout_bytes,
                                   op->bytes,
                                   op->dram_bytes,
                                   op->l2_bytes,
                                   op->instructions,
                                   op->tensor_instructions,
                                   op->active_warps_q16,
                                   op->calls,
                                   op->pageable == CR_YES,
                                   op->sm_blocks,
                                   op->idempotent == CR_YES,
                                   op->cluster_blocks};
  *out = value[i];
  if (i >= 2 && i <= 4)
    return value[i] != CR_NS_NEVER;
  if (i >= 5 && i <= 7)
    return op->blocks != 0;
  if (i == 16)
    return op->calls != 0;
  if (i == 17)
    return op->pageable != CR_UNSAID;
  if (i == 18)
    return op->sm_blocks != 0;
  if (i == 19)
    return op->idempotent != CR_UNSAID;
  if (i == 20)
    return op->cluster_blocks != 0;
  return value[i] != CR_UNKNOWN;
}

static void csv_ops(const struct view *v, struct cr_text *out)
{
  cr_text_add(out, "op,name,kind,class");
  for (int k = 0; k < N_NUMBER; k++)
    cr_text_add(out, ",%s", number_name[k]);
  cr_text_add(out, ",block_ns\n");
  for (uint32_t i = 0; i < v->n_op; i++) {
    const struct cr_op_spec *op = &v->op[i];
    cr_text_add(out, "%" PRIu32 ",", i);
    cr_text_add_csv_quoted(out, op->name);
    cr_text_add(out, ",%s,%s", cr_op_kind_name[op->kind], cr_kernel_class_name[cr_kernel_class_of(op)]);
    for (int k = 0; k < N_NUMBER; k++) {
      int64_t value;
      if (number(op, k, &value))
        cr_text_add(out, ",%" PRId64, value);
      else
        cr_text_add(out, ",");
    }
    for (uint32_t k = 0; k < op->n_block_ns; k++) /* one cell */
      cr_text_add(out, "%s%" PRId64, k ? " " : ",", op->block_ns[k]);
    cr_text_add(out, op->n_block_ns ? "\n" : ",\n");
  }
}

static void csv_models(const struct views *all, struct cr_text *out)
{
  cr_text_add(out, "model,class,iterations,left_out,ops,kernels,copies,memsets,busy_ns,gaps_ns,period_ns,launch_ns,"
                   "with_carveout,with_counters,report\n");
  for (uint32_t i = 0; i < all->n; i++) {
    const struct view *v = &all->view[i];
    cr_text_add_csv_quoted(out, v->name);
    cr_text_add(out, ",%s,%u,%u,%u,%u,%u,%u,%" PRId64 ",%" PRId64 ",", v->class, v->n_iteration, v->n_left_out, v->n_op,
                v->n_kernel, v->n_copy, v->n_memset, v->busy_ns, v->gap_ns);
    if (v->period_ns != CR_NS_NEVER)
      cr_text_add(out, "%" PRId64, v->period_ns);
    cr_text_add(out, ",");
    if (v->launch_ns != CR_NS_NEVER)
      cr_text_add(out, "%" PRId64, v->launch_ns);
    cr_text_add(out, ",%u,%u,", v->n_carveout, v->n_counter);
    cr_text_add_csv_quoted(out, v->report);
    cr_text_add(out, "\n");
  }
}

static void json_known(struct cr_text *out, const char *name, int64_t value, int64_t unknown)
{
  if (value == unknown)
    cr_text_add(out, ",\"%s\":null", name);
  else
    cr_text_add(out, ",\"%s\":%" PRId64, name, value);
}

static void json_ops(const struct view *v, struct cr_text *out)
{
  cr_text_add(out, ",\"op\":[");
  for (uint32_t i = 0; i < v->n_op; i++) {
    const struct cr_op_spec *op = &v->op[i];
    cr_text_add(out, "%s\n{\"name\":", i ? "," : "");
    cr_text_add_json(out, op->name);
    cr_text_add(out, ",\"kind\":\"%s\",\"class\":\"%s\"", cr_op_kind_name[op->kind],
                cr_kernel_class_name[cr_kernel_class_of(op)]);
    for (int k = 0; k < N_NUMBER; k++) {
      int64_t value;
      if (number(op, k, &value))
        cr_text_add(out, ",\"%s\":%" PRId64, number_name[k], value);
      else
        cr_text_add(out, ",\"%s\":null", number_name[k]);
    }
    for (uint32_t k = 0; k < op->n_block_ns; k++)
      cr_text_add(out, "%s%" PRId64, k ? "," : ",\"block_ns\":[", op->block_ns[k]);
    cr_text_add(out, op->n_block_ns ? "]}" : ",\"block_ns\":null}");
  }
  cr_text_add(out, "]");
}

static int show_json(struct cr_store *s, const struct views *all, const char *model, struct cr_text *out,
                     struct cr_err *err)
{
  uint64_t hash = 0;
  int rc = cr_store_hash(s, &hash, err);
  cr_text_add(out, "{\"store_version\":%d,\"hash\":\"%016" PRIx64 "\",\"model\":[", CR_STORE_VERSION, hash);
  for (uint32_t i = 0; i < all->n; i++) {
    const struct view *v = &all->view[i];
    cr_text_add(out, "%s\n{\"name\":", i ? "," : "");
    cr_text_add_json(out, v->name);
    cr_text_add(out,
                ",\"class\":\"%s\",\"iterations\":%u,\"left_out\":%u,\"ops\":%u,\"kernels\":%u,\"copies\":%u,"
                "\"memsets\":%u,\"busy_ns\":%" PRId64 ",\"gaps_ns\":%" PRId64,
                v->class, v->n_iteration, v->n_left_out, v->n_op, v->n_kernel, v->n_copy, v->n_memset, v->busy_ns,
                v->gap_ns);
    json_known(out, "period_ns", v->period_ns, CR_NS_NEVER);
    json_known(out, "launch_ns", v->launch_ns, CR_NS_NEVER);
    cr_text_add(out, ",\"with_carveout\":%u,\"with_counters\":%u,\"report\":", v->n_carveout, v->n_counter);
    cr_text_add_json(out, v->report);
    if (model)
      json_ops(v, out);
    cr_text_add(out, "}");
  }
  cr_text_add(out, "]}\n");
  return rc;
}

int cr_store_show(struct cr_store *s, const char *model, const char *format, struct cr_text *out, struct cr_err *err)
{
  struct views all = {.arena = cr_arena_new()};
  int64_t id;
  int rc = all.arena ? CR_OK : cr_fail_nomem(err, s->path);
  if (!rc && model)
    rc = cr_store_find_model(s, model, &id, err);
  if (!rc)
    rc = read_views(s, model, &all, err);
  if (!rc && !strcmp(format, "table"))
    rc = show_table(s, &all, model, out, err);
  else if (!rc && !strcmp(format, "json"))
    rc = show_json(s, &all, model, out, err);
  else if (!rc && !strcmp(format, "csv") && model)
    csv_ops(&all.view[0], out);
  else if (!rc && !strcmp(format, "csv"))
    csv_models(&all, out);
  else if (!rc)
    rc = cr_fail(err, CR_EINPUT, "format '%s' is none of table, csv, json", format);
  if (!rc && out->failed)
    rc = cr_fail_nomem(err, s->path);
  cr_arena_free(all.arena);
  return rc;
}
