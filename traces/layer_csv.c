/* layer_csv.c - reads CSV tables of layers.
 *
 * A cell that does not belong to the kind of node of its line is refused, as is a column that is not known: what was meant by it
 * would be lost in silence. */
#include "config.h"

#include "traces/layer_table.h"

#include "sim/batch.h"
#include "sim/unit.h"
#include "traces/csv_table.h"

#include <stdio.h>
#include <string.h>

enum { CORES_MAX = 4096, OPS_MAX = 1000000 };

enum column { MODEL, LAYER, ON, CORES, TIME, HD, EXEC, MISC, DH, OPS, BATCH, MEDIAN, RUNS, SOURCE, N_COLUMN };

static const char *const COLUMN[N_COLUMN] = {
  "model",   "layer", "on",  "cores", "time_us",   "hd_us", "exec_us",
  "misc_us", "dh_us", "ops", "batch", "median_us", "runs",  "source",
};

static const char GPU[] = "gpu"; /* in the column `on`: about a GPU, whatever else is there */

/* In us; *out stays where the cell is empty. */
static int read_time(const struct cr_csv_table *r, enum column c, cr_ns *out, struct cr_err *err)
{
  return cr_csv_cell_ns(r, c, "us", CR_LAYER_MAX_NS, "an hour", out, err);
}

/* Cells of the other kind of node are empty. */
static int check_empty(const struct cr_csv_table *r, const enum column *c, int n, const char *want, struct cr_err *err)
{
  for (int i = 0; i < n; i++)
    if (*cr_csv_cell(r, c[i]))
      return cr_csv_cell_bad(r, c[i], want, err);
  return CR_OK;
}

static int read_on_gpu(const struct cr_csv_table *r, struct cr_layer_on *out, struct cr_err *err)
{
  static const enum column others[] = {CORES, TIME};
  int rc = check_empty(r, others, 2, "nothing, since the line is about a GPU,", err);
  rc = rc ? rc : read_time(r, HD, &out->time.hd_ns, err);
  rc = rc ? rc : read_time(r, EXEC, &out->time.exec_ns, err);
  rc = rc ? rc : read_time(r, MISC, &out->time.misc_ns, err);
  rc = rc ? rc : read_time(r, DH, &out->time.dh_ns, err);
  if (rc || *cr_csv_cell(r, EXEC))
    return rc;
  out->time.exec_ns = CR_NS_NEVER;
  return *cr_csv_cell(r, OPS) ? CR_OK : cr_csv_cell_bad(r, EXEC, "a time", err);
}

/* How many ops of the trace are the layer's. */
static int read_ops(const struct cr_csv_table *r, struct cr_layer_table *t, struct cr_err *err)
{
  struct cr_err ignored;
  int64_t n = 0;
  if (!*cr_csv_cell(r, OPS))
    return CR_OK;
  if (cr_parse_count(cr_csv_cell(r, OPS), COLUMN[OPS], &n, &ignored) || n < 0 || n > OPS_MAX)
    return cr_csv_cell_bad(r, OPS, "a number of ops from 0 to 1000000", err);
  if (!cr_layer_table_set_ops(t, cr_csv_cell(r, MODEL), cr_csv_cell(r, LAYER), (uint32_t)n))
    return cr_csv_cell_bad(r, OPS, "the number that the layer has on another line", err);
  return CR_OK;
}

static int read_batch(const struct cr_csv_table *r, struct cr_layer_on *out, struct cr_err *err)
{
  struct cr_err ignored;
  int64_t n = 1;
  if (*cr_csv_cell(r, BATCH) &&
      (cr_parse_count(cr_csv_cell(r, BATCH), COLUMN[BATCH], &n, &ignored) || n < 1 || n > CR_BATCH_MAX))
    return cr_csv_cell_bad(r, BATCH, "a number of requests from 1 to 1024", err);
  out->batch = (uint32_t)n;
  return CR_OK;
}

static int read_on_cores(const struct cr_csv_table *r, struct cr_layer_on *out, struct cr_err *err)
{
  static const enum column others[] = {HD, EXEC, MISC, DH, OPS};
  struct cr_err ignored;
  int64_t cores = 0;
  if (cr_parse_count(cr_csv_cell(r, CORES), COLUMN[CORES], &cores, &ignored) || cores < 1 || cores > CORES_MAX)
    return cr_csv_cell_bad(r, CORES, "a number of cores from 1 to 4096", err);
  out->n_core = (uint32_t)cores;
  int rc = check_empty(r, others, 5, "nothing, since the line is about cores,", err);
  rc = rc ? rc : read_time(r, TIME, &out->time.exec_ns, err);
  return rc || *cr_csv_cell(r, TIME) ? rc : cr_csv_cell_bad(r, TIME, "a time", err);
}

static int add_row(const struct cr_csv_table *r, struct cr_layer_table *t, struct cr_err *err)
{
  char place[400];
  uint32_t line = cr_csv_line(r->csv), twice = 0;
  struct cr_layer_on on = {.type = cr_csv_cell(r, ON)};
  int is_gpu = strcmp(on.type, GPU) == 0 || !(*cr_csv_cell(r, CORES) || *cr_csv_cell(r, TIME));
  int rc = cr_csv_cell_name(r, MODEL, err);
  rc = rc ? rc : cr_csv_cell_name(r, LAYER, err);
  rc = rc ? rc : cr_csv_cell_name(r, ON, err);
  rc = rc ? rc : read_batch(r, &on, err);
  rc = rc ? rc : is_gpu ? read_on_gpu(r, &on, err) : read_on_cores(r, &on, err);
  if (rc)
    return rc;
  snprintf(place, sizeof place, "%s:%u", cr_csv_path(r->csv), line);
  if (cr_layer_table_put(t, place, cr_csv_cell(r, MODEL), cr_csv_cell(r, LAYER), &on, line, &twice))
    return cr_fail_nomem(err, place);
  if (twice)
    return cr_fail(err, CR_EINPUT, "%s: layer %s of model %s on the same is on line %u already", place,
                   cr_csv_cell(r, LAYER), cr_csv_cell(r, MODEL), twice);
  return read_ops(r, t, err);
}

/* model: of which alone lines are taken; NULL: of all. */
static int read_rows(const struct cr_csv_table *r, const char *model, struct cr_layer_table *t, struct cr_err *err)
{
  const char *place;
  int more, rc = cr_csv_table_need(r, MODEL, err);
  rc = rc ? rc : cr_csv_table_need(r, LAYER, err);
  rc = rc ? rc : cr_csv_table_need(r, ON, err);
  while (!rc && (more = cr_csv_next(r->csv, err)) != 0)
    rc = more < 0 ? more : model && strcmp(cr_csv_cell(r, MODEL), model) != 0 ? CR_OK : add_row(r, t, err);
  if (rc || (model ? cr_layer_table_layer(t, model, 0, &place) != NULL : cr_layer_table_count(t) > 0))
    return rc;
  if (model)
    return cr_fail(err, CR_EINPUT, "%s: has no layers of model %s; its column model must say so", cr_csv_path(r->csv),
                   model);
  return cr_fail(err, CR_EINPUT, "%s: has no layers; a line each is needed behind the header", cr_csv_path(r->csv));
}

int cr_layer_table_read(const char *path, struct cr_layer_table **out, struct cr_err *err)
{
  struct cr_csv_table r;
  int rc = cr_csv_table_open(path, "a table of layers", COLUMN, N_COLUMN, &r, err);
  if (rc)
    return rc;
  struct cr_layer_table *t = cr_layer_table_new(path);
  rc = t ? read_rows(&r, NULL, t, err) : cr_fail_nomem(err, path);
  cr_csv_table_close(&r);
  if (rc)
    cr_layer_table_free(t);
  else
    *out = t;
  return rc;
}

int cr_layer_table_read_model(const char *path, const char *model, struct cr_layer_table *t, struct cr_err *err)
{
  struct cr_csv_table r;
  int rc = cr_csv_table_open(path, "a table of layers", COLUMN, N_COLUMN, &r, err);
  if (rc)
    return rc;
  rc = read_rows(&r, model, t, err);
  cr_csv_table_close(&r);
  return rc;
}
