/* layer_table.c - reads tables of layers, and makes models of them for the nodes there are.
 *
 * A cell that does not belong to the kind of node of its line is refused, as is a column that is not known: what was meant by it
 * would be lost in silence. */
#include "config.h"

#include "traces/layer_table.h"

#include "sim/batch.h"
#include "sim/mem.h"
#include "sim/nearest.h"
#include "sim/text.h"
#include "sim/unit.h"
#include "traces/csv.h"
#include "traces/names.h"

#include <stdio.h>
#include <string.h>

enum { CELL_MAX = 60, CORES_MAX = 4096 };

enum column { MODEL, LAYER, ON, CORES, TIME, HD, EXEC, MISC, DH, SOURCE, BATCH, N_COLUMN };

static const char *const COLUMN[N_COLUMN] = {
  "model", "layer", "on", "cores", "time_us", "hd_us", "exec_us", "misc_us", "dh_us", "source", "batch",
};

static const char GPU[] = "gpu"; /* in the column `on` */

/* A layer of a model on one kind of node. */
struct row {
  uint32_t model, layer, on; /* numbers of names */
  uint32_t cores;            /* 0: a GPU */
  uint32_t batch;            /* requests together */
  uint32_t line;
  struct cr_layer_time time;
};

struct cr_layer_table {
  struct cr_arena *arena;
  const char *path;
  struct cr_names *model, *layer, *on; /* layer: of all models; on: types of cores, and gpu */
  struct row *row;                     /* [n], cap of them; in order of lines */
  uint32_t n, cap;
};

struct reader {
  struct cr_csv *csv;
  int at[N_COLUMN]; /* -1: it has none */
  struct cr_err *err;
};

/* -- cells --------------------------------------------------------------------------------------------------------- */

static const char *cell(const struct reader *r, enum column c)
{
  return cr_csv_field(r->csv, r->at[c]);
}

static int bad_cell(const struct reader *r, enum column c, const char *want)
{
  return cr_fail(r->err, CR_EINPUT, "%s:%u: %s is \"%.60s\" where %s belongs", cr_csv_path(r->csv), cr_csv_line(r->csv),
                 COLUMN[c], cell(r, c), want);
}

static int read_batch(const struct reader *r, uint32_t *out)
{
  struct cr_err ignored;
  int64_t n = 1;
  if (*cell(r, BATCH) && (cr_parse_count(cell(r, BATCH), COLUMN[BATCH], &n, &ignored) || n < 1 || n > CR_BATCH_MAX))
    return bad_cell(r, BATCH, "a number of requests from 1 to 1024");
  *out = (uint32_t)n;
  return CR_OK;
}

/* In us; *out stays where the cell is empty. */
static int read_time(const struct reader *r, enum column c, cr_ns *out)
{
  char text[CELL_MAX + 8];
  struct cr_err ignored;
  cr_ns ns = 0;
  size_t n = strlen(cell(r, c));
  if (n == 0)
    return CR_OK;
  if (n > CELL_MAX || strspn(cell(r, c), "0123456789.eE+-") != n || *cell(r, c) == '-')
    return bad_cell(r, c, "a time in us that is not negative");
  snprintf(text, sizeof text, "%sus", cell(r, c));
  if (cr_parse_ns(text, COLUMN[c], &ns, &ignored) || ns > CR_LAYER_MAX_NS)
    return bad_cell(r, c, "a time of at most an hour");
  *out = ns;
  return CR_OK;
}

static int read_name(const struct reader *r, enum column c, struct cr_names *names, uint32_t *out)
{
  const char *name = cell(r, c);
  if (!*name || strlen(name) > 80 || strpbrk(name, " \t\r\n[]=,\""))
    return bad_cell(r, c, "a name of 1 to 80 characters without blanks or [ ] = , \"");
  *out = cr_names_put(names, name);
  return *out == CR_NONE ? cr_fail_nomem(r->err, name) : CR_OK;
}

/* Cells of the other kind of node are empty. */
static int check_empty(const struct reader *r, const enum column *c, int n)
{
  for (int i = 0; i < n; i++)
    if (*cell(r, c[i]))
      return bad_cell(r, c[i],
                      *cell(r, CORES) ? "nothing, since the line is about cores,"
                                      : "nothing, since the line is about a GPU,");
  return CR_OK;
}

static int read_on_gpu(const struct reader *r, struct row *row)
{
  static const enum column others[] = {CORES, TIME};
  row->time.exec_ns = 0;
  int rc = check_empty(r, others, 2);
  rc = rc ? rc : read_time(r, HD, &row->time.hd_ns);
  rc = rc ? rc : read_time(r, EXEC, &row->time.exec_ns);
  rc = rc ? rc : read_time(r, MISC, &row->time.misc_ns);
  rc = rc ? rc : read_time(r, DH, &row->time.dh_ns);
  return rc || row->time.exec_ns ? rc : bad_cell(r, EXEC, "a time longer than 0");
}

static int read_on_cores(const struct reader *r, struct row *row)
{
  static const enum column others[] = {HD, EXEC, MISC, DH};
  struct cr_err ignored;
  int64_t cores = 0;
  if (cr_parse_count(cell(r, CORES), COLUMN[CORES], &cores, &ignored) || cores < 1 || cores > CORES_MAX)
    return bad_cell(r, CORES, "a number of cores from 1 to 4096");
  row->cores = (uint32_t)cores;
  row->time.exec_ns = 0;
  int rc = check_empty(r, others, 4);
  rc = rc ? rc : read_time(r, TIME, &row->time.exec_ns);
  return rc || row->time.exec_ns ? rc : bad_cell(r, TIME, "a time longer than 0");
}

/* -- rows ---------------------------------------------------------------------------------------------------------- */

static int check_once(const struct reader *r, const struct cr_layer_table *t, const struct row *row)
{
  for (uint32_t i = 0; i < t->n; i++) {
    const struct row *o = &t->row[i];
    if (o->model == row->model && o->layer == row->layer && o->on == row->on && o->cores == row->cores &&
        o->batch == row->batch)
      return cr_fail(r->err, CR_EINPUT, "%s:%u: layer %s of model %s on the same is on line %u already", t->path,
                     row->line, cell(r, LAYER), cell(r, MODEL), o->line);
  }
  return CR_OK;
}

static int add_row(const struct reader *r, struct cr_layer_table *t)
{
  struct row row = {.line = cr_csv_line(r->csv)};
  int rc = read_name(r, MODEL, t->model, &row.model);
  rc = rc ? rc : read_name(r, LAYER, t->layer, &row.layer);
  rc = rc ? rc : read_name(r, ON, t->on, &row.on);
  rc = rc ? rc : read_batch(r, &row.batch);
  if (!rc)
    rc = strcmp(cell(r, ON), GPU) == 0 ? read_on_gpu(r, &row) : read_on_cores(r, &row);
  rc = rc ? rc : check_once(r, t, &row);
  if (rc)
    return rc;
  if (t->n == t->cap) {
    uint32_t cap = t->cap ? 2 * t->cap : 64;
    struct row *grown = cr_mem_resize(t->row, cap, sizeof *grown);
    if (!grown)
      return cr_fail_nomem(r->err, t->path);
    t->row = grown;
    t->cap = cap;
  }
  t->row[t->n++] = row;
  return CR_OK;
}

static int unknown_column(const struct reader *r, const char *name)
{
  const char *near = cr_nearest(name, COLUMN, N_COLUMN);
  return cr_fail(r->err, CR_EINPUT, "%s: a table of layers has no column \"%.60s\"%s%s%s", cr_csv_path(r->csv), name,
                 near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static int find_columns(struct reader *r)
{
  static const enum column needed[] = {MODEL, LAYER, ON};
  for (int c = 0; c < N_COLUMN; c++)
    r->at[c] = cr_csv_column(r->csv, COLUMN[c]);
  for (uint32_t i = 0; i < cr_csv_n_column(r->csv); i++) {
    int known = 0;
    for (int c = 0; c < N_COLUMN; c++)
      known |= r->at[c] == (int)i;
    if (!known)
      return unknown_column(r, cr_csv_name(r->csv, i));
  }
  int rc = CR_OK;
  for (int i = 0; !rc && i < 3; i++)
    rc = cr_csv_need(r->csv, COLUMN[needed[i]], &r->at[needed[i]], r->err);
  return rc;
}

/* -- the table ----------------------------------------------------------------------------------------------------- */

static struct cr_layer_table *table_new(const char *path)
{
  struct cr_layer_table *t = cr_mem_new(1, sizeof *t);
  if (!t)
    return NULL;
  t->arena = cr_arena_new();
  t->model = cr_names_new();
  t->layer = cr_names_new();
  t->on = cr_names_new();
  t->path = t->arena ? cr_arena_text(t->arena, path) : NULL;
  if (t->path && t->model && t->layer && t->on)
    return t;
  cr_layer_table_free(t);
  return NULL;
}

static int read_rows(struct reader *r, struct cr_layer_table *t)
{
  int rc = find_columns(r), more;
  while (!rc && (more = cr_csv_next(r->csv, r->err)) != 0)
    rc = more < 0 ? more : add_row(r, t);
  if (!rc && t->n == 0)
    rc = cr_fail(r->err, CR_EINPUT, "%s: has no layers; a line each is needed behind the header", t->path);
  return rc;
}

int cr_layer_table_read(const char *path, struct cr_layer_table **out, struct cr_err *err)
{
  struct reader r = {.err = err};
  int rc = cr_csv_open(path, &r.csv, err);
  if (rc)
    return rc;
  struct cr_layer_table *t = table_new(path);
  rc = t ? read_rows(&r, t) : cr_fail_nomem(err, path);
  cr_csv_close(r.csv);
  if (rc)
    cr_layer_table_free(t);
  else
    *out = t;
  return rc;
}

void cr_layer_table_free(struct cr_layer_table *t)
{
  if (!t)
    return;
  cr_names_free(t->model);
  cr_names_free(t->layer);
  cr_names_free(t->on);
  cr_mem_free(t->row);
  cr_arena_free(t->arena);
  cr_mem_free(t);
}

uint32_t cr_layer_table_count(const struct cr_layer_table *t)
{
  return cr_names_count(t->model);
}

const char *cr_layer_table_model(const struct cr_layer_table *t, uint32_t i)
{
  return cr_names_text(t->model, i);
}

/* -- a model ------------------------------------------------------------------------------------------------------- */

/* The line about a layer on such a node, and of a batch; NULL: there is none. */
static const struct row *find_row(const struct cr_layer_table *t, const struct row *of, uint32_t batch,
                                  const struct cr_device_desc *d)
{
  int is_gpu = d->kind == CR_DEVICE_GPU_NODE;
  uint32_t on = cr_names_find(t->on, is_gpu ? GPU : d->node.core_type), cores = is_gpu ? 0 : d->node.n_core;
  for (uint32_t i = 0; i < t->n; i++) {
    const struct row *r = &t->row[i];
    if (r->model == of->model && r->layer == of->layer && r->on == on && r->cores == cores && r->batch == batch)
      return r;
  }
  return NULL;
}

/* The sizes of batches of which the model has times, above 1 and ascending. */
static int find_sizes(const struct cr_layer_table *t, uint32_t model, struct cr_arena *arena,
                      struct cr_model_spec *spec, struct cr_err *err)
{
  unsigned char *has = cr_arena_take(arena, CR_BATCH_MAX + 1, 1);
  uint32_t *batch = cr_arena_take(arena, CR_BATCH_MAX, sizeof *batch);
  if (!has || !batch)
    return cr_fail_nomem(err, t->path);
  for (uint32_t i = 0; i < t->n; i++)
    has[t->row[i].batch] |= t->row[i].model == model;
  for (uint32_t n = 2; n <= CR_BATCH_MAX; n++)
    if (has[n])
      batch[spec->n_batch++] = n;
  spec->batch = batch;
  return CR_OK;
}

/* Batches run only where single requests do. */
static int check_batch(const struct cr_layer_table *t, const struct row *row, const struct cr_device_desc *d,
                       struct cr_err *err)
{
  if (!row || row->batch == 1 || find_row(t, row, 1, d))
    return CR_OK;
  return cr_fail(err, CR_EINPUT,
                 "%s:%u: layer %s of model %s has a time in batches of %u on node %s, but no line for one "
                 "request there; add it",
                 t->path, row->line, cr_names_text(t->layer, row->layer), cr_names_text(t->model, row->model),
                 row->batch, d->name);
}

static int make_layer(const struct cr_layer_table *t, const struct row *first, const struct cr_machine *m,
                      const struct cr_model_spec *spec, struct cr_arena *arena, struct cr_op_spec *out,
                      struct cr_err *err)
{
  const char *name = cr_names_text(t->layer, first->layer), *model = cr_names_text(t->model, first->model);
  struct cr_layer_time *time = cr_arena_take(arena, (size_t)(1 + spec->n_batch) * m->n_device, sizeof *time);
  cr_ns least_ns = CR_NS_NEVER;
  if (!time)
    return cr_fail_nomem(err, t->path);
  int rc = CR_OK;
  for (uint32_t i = 0; !rc && i < (1 + spec->n_batch) * m->n_device; i++) {
    uint32_t d = i % m->n_device, k = i / m->n_device;
    const struct row *row = find_row(t, first, k ? spec->batch[k - 1] : 1, &m->device[d]);
    time[i] = row ? row->time : (struct cr_layer_time){.exec_ns = CR_NS_NEVER};
    rc = check_batch(t, row, &m->device[d], err);
    if (row && k == 0)
      least_ns = cr_min_ns(least_ns, time[d].hd_ns + time[d].exec_ns + time[d].misc_ns + time[d].dh_ns);
  }
  if (rc)
    return rc;
  if (least_ns == CR_NS_NEVER)
    return cr_fail(err, CR_EINPUT, "%s:%u: layer %s of model %s has no line for any of the nodes there are", t->path,
                   first->line, name, model);
  *out = (struct cr_op_spec){
    .name = name,
    .kind = CR_OP_LAYER,
    .duration_ns = least_ns,
    .spread_ns = CR_NS_NEVER,
    .gap_ns = CR_NS_NEVER,
    .launch_ns = CR_NS_NEVER,
    .smem_bytes = CR_UNKNOWN,
    .carveout_bytes = CR_UNKNOWN,
    .bytes = CR_UNKNOWN,
    .dram_bytes = CR_UNKNOWN,
    .l2_bytes = CR_UNKNOWN,
    .instructions = CR_UNKNOWN,
    .tensor_instructions = CR_UNKNOWN,
    .active_warps_q16 = CR_UNKNOWN,
    .sm_ppm = CR_UNKNOWN,
    .dram_ppm = CR_UNKNOWN,
    .layer = time,
    .n_layer = m->n_device,
  };
  return CR_OK;
}

/* Whether the layer was named on an earlier line of the model. */
static int is_known(const struct cr_layer_table *t, uint32_t i)
{
  for (uint32_t k = 0; k < i; k++)
    if (t->row[k].model == t->row[i].model && t->row[k].layer == t->row[i].layer)
      return 1;
  return 0;
}

static int add_model(const struct cr_layer_table *t, uint32_t model, const struct cr_machine *m, struct cr_arena *arena,
                     struct cr_workload_builder *b, cr_model *out, struct cr_err *err)
{
  struct cr_op_spec *op = cr_arena_take(arena, t->n, sizeof *op);
  struct cr_model_spec spec = {
    .name = cr_names_text(t->model, model),
    .op = op,
    .weight_bytes = CR_UNKNOWN,
    .persistent_bytes = CR_UNKNOWN,
    .ephemeral_bytes = CR_UNKNOWN,
    .framework_bytes = CR_UNKNOWN,
  };
  int rc = op ? find_sizes(t, model, arena, &spec, err) : cr_fail_nomem(err, t->path);
  for (uint32_t i = 0; !rc && i < t->n; i++)
    if (t->row[i].model == model && !is_known(t, i))
      rc = make_layer(t, &t->row[i], m, &spec, arena, &op[spec.n_op++], err);
  return rc ? rc : cr_workload_add_model(b, &spec, out, err);
}

int cr_layer_table_add(const struct cr_layer_table *t, const char *model, const struct cr_machine *m,
                       struct cr_workload_builder *b, cr_model *out, struct cr_err *err)
{
  uint32_t i = cr_names_find(t->model, model);
  if (i == CR_NONE) {
    const char *near = cr_nearest(model, cr_names_all(t->model), cr_names_count(t->model));
    return cr_fail(err, CR_EINPUT, "there is no model '%.90s' in %s%s%s%s", model, t->path,
                   near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
  }
  struct cr_arena *arena = cr_arena_new();
  if (!arena)
    return cr_fail_nomem(err, t->path);
  int rc = add_model(t, i, m, arena, b, out, err);
  cr_arena_free(arena);
  return rc;
}
