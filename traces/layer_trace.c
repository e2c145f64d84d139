/* layer_trace.c - cuts traces into layers. */
#include "config.h"

#include "traces/layer_trace.h"

#include "traces/datadir.h"
#include "traces/store.h"

#include <string.h>

static const char BUNDLED[] = "h200.db";

struct trace {
  const char *name;
  struct cr_op_spec *op; /* [n_op] */
  uint32_t n_op;
};

/* -- the store ----------------------------------------------------------------------------------------------------- */

struct search {
  const char *name;
  int found;
};

static void compare(void *ctx, const char *name)
{
  struct search *s = ctx;
  s->found |= strcmp(s->name, name) == 0;
}

/* Of a store that may lack it: *found says.  Where it must not, the error tells which name was probably meant. */
static int read_from(const char *path, int must, struct trace *out, int *found, struct cr_arena *arena,
                     struct cr_err *err)
{
  struct cr_store *store = NULL;
  struct search search = {.name = out->name};
  int rc = cr_store_open(path, &store, err);
  rc = rc ? rc : cr_store_each_model(store, compare, &search, err);
  *found = search.found;
  if (!rc && (must || search.found))
    rc = cr_store_read_model(store, out->name, arena, &out->op, &out->n_op, err);
  cr_store_close(store);
  return rc;
}

static int read_trace(const char *const *store, uint32_t n_store, struct cr_arena *arena, struct trace *out,
                      struct cr_err *err)
{
  const char *path;
  int rc, found = 0;
  for (uint32_t i = 0; i < n_store; i++)
    if ((rc = read_from(store[i], 0, out, &found, arena, err)) || found)
      return rc;
  rc = cr_datadir_find(BUNDLED, arena, &path, err);
  return rc ? rc : read_from(path, 1, out, &found, arena, err);
}

/* -- cuts ---------------------------------------------------------------------------------------------------------- */

/* What is cut: layers of a model of a table. */
struct cut {
  struct cr_layer_table *table;
  const char *model;
  uint32_t n_layer, *n_op; /* [n_layer] */
};

static uint32_t count_stages(const struct trace *t)
{
  uint32_t n = 0;
  for (uint32_t i = 0; i < t->n_op; i++)
    n = t->op[i].stage >= n ? t->op[i].stage + 1 : n;
  return n;
}

/* By the trace's stages, where no layer says anything. */
static int cut_by_stages(const struct cut *c, const struct trace *t, struct cr_err *err)
{
  uint32_t n_stage = count_stages(t);
  const char *place, *layer = cr_layer_table_layer(c->table, c->model, 0, &place);
  if (n_stage != c->n_layer)
    return cr_fail(err, CR_EINPUT,
                   "%s: layer '%s' does not say how many ops of trace %s are its own; add ops to each layer, since the "
                   "trace, of %u stage%s, does not know the %u layers",
                   place, layer, t->name, n_stage, n_stage == 1 ? "" : "s", c->n_layer);
  for (uint32_t i = 0; i < t->n_op; i++)
    c->n_op[t->op[i].stage]++;
  return CR_OK;
}

static int cut_by_ops(const struct cut *c, const struct trace *t, struct cr_err *err)
{
  const char *place = "", *layer;
  uint64_t sum = 0;
  for (uint32_t k = 0; k < c->n_layer; k++) {
    layer = cr_layer_table_layer(c->table, c->model, k, &place);
    c->n_op[k] = cr_layer_table_ops(c->table, c->model, layer);
    if (c->n_op[k] == CR_NONE)
      return cr_fail(err, CR_EINPUT, "%s: layer '%s' does not say how many ops of trace %s are its own; add ops", place,
                     layer, t->name);
    sum += c->n_op[k];
  }
  if (sum == t->n_op)
    return CR_OK;
  cr_layer_table_layer(c->table, c->model, 0, &place);
  return cr_fail(err, CR_EINPUT,
                 "%s: the layers of model %s have %llu ops together, but trace %s has %u; it was recorded of another "
                 "program, or the layers were cut otherwise",
                 place, c->model, (unsigned long long)sum, t->name, t->n_op);
}

static int find_cuts(const struct cut *c, const struct trace *t, struct cr_err *err)
{
  const char *place;
  for (uint32_t k = 0; k < c->n_layer; k++)
    if (cr_layer_table_ops(c->table, c->model, cr_layer_table_layer(c->table, c->model, k, &place)) != CR_NONE)
      return cut_by_ops(c, t, err);
  return cut_by_stages(c, t, err);
}

/* -- times --------------------------------------------------------------------------------------------------------- */

static cr_ns idle_before(const struct trace *t, uint32_t i)
{
  return i == 0 || t->op[i].gap_ns == CR_NS_NEVER ? 0 : t->op[i].gap_ns;
}

/* Ops from..to-1 as a layer, which has the copies that it had where there are none; what else it launches is from *first on. */
static void time_ops(const struct trace *t, uint32_t from, uint32_t to, struct cr_layer_time *time, uint32_t *first,
                     uint32_t *n)
{
  cr_ns hd = 0, dh = 0;
  for (; from < to && t->op[from].kind == CR_OP_COPY_H2D; from++)
    hd = cr_ns_add(hd, t->op[from].duration_ns);
  for (; from < to && t->op[to - 1].kind == CR_OP_COPY_D2H; to--)
    dh = cr_ns_add(dh, t->op[to - 1].duration_ns);
  *first = from;
  *n = to - from;
  time->exec_ns = 0;
  for (uint32_t i = from; i < to; i++)
    time->exec_ns = cr_ns_add(time->exec_ns, cr_ns_add(t->op[i].duration_ns, idle_before(t, i)));
  time->hd_ns = hd ? hd : time->hd_ns;
  time->dh_ns = dh ? dh : time->dh_ns;
}

static int fill_times(const struct cut *c, const struct trace *t, const char *gpu_type, struct cr_err *err)
{
  uint32_t at = 0;
  for (uint32_t k = 0; k < c->n_layer; k++) {
    const char *place, *layer = cr_layer_table_layer(c->table, c->model, k, &place);
    const struct cr_layer_time *known = cr_layer_table_find(c->table, c->model, layer, gpu_type, 0);
    struct cr_layer_on on = {.type = gpu_type};
    if (known)
      on.time = *known;
    uint32_t first, n;
    time_ops(t, at, at + c->n_op[k], &on.time, &first, &n);
    at += c->n_op[k];
    if (on.time.exec_ns > CR_LAYER_MAX_NS || on.time.hd_ns > CR_LAYER_MAX_NS || on.time.dh_ns > CR_LAYER_MAX_NS)
      return cr_fail(err, CR_EINPUT, "%s: layer '%s' takes longer than an hour in trace %s", place, layer, t->name);
    if (cr_layer_table_set(c->table, c->model, layer, &on) ||
        cr_layer_table_set_part(c->table, c->model, layer, t->name, first, n))
      return cr_fail_nomem(err, layer);
  }
  return CR_OK;
}

int cr_layer_trace_add(struct cr_layer_table *t, const char *model, const char *gpu_type, const char *trace,
                       const char *const *store, uint32_t n_store, struct cr_arena *arena, struct cr_err *err)
{
  struct trace recorded = {.name = trace};
  struct cut c = {.table = t, .model = model};
  const char *place;
  int rc = read_trace(store, n_store, arena, &recorded, err);
  if (rc)
    return rc;
  while (cr_layer_table_layer(t, model, c.n_layer, &place))
    c.n_layer++;
  c.n_op = cr_arena_take(arena, c.n_layer, sizeof *c.n_op);
  rc = c.n_op ? find_cuts(&c, &recorded, err) : cr_fail_nomem(err, model);
  return rc ? rc : fill_times(&c, &recorded, gpu_type, err);
}
