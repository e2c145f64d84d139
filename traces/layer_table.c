/* layer_table.c - models by their layers, and models of a workload made of them for the nodes there are.
 *
 * A time is found by what it is of: model, layer, type and number of cores, and of requests together, make one key. */
#include "config.h"

#include "traces/layer_table.h"

#include "sim/batch.h"
#include "sim/mem.h"
#include "sim/nearest.h"
#include "traces/names.h"

#include <stdio.h>

enum { KEY_MAX = 4 * 81 + 16 };

struct layer {
  uint32_t model; /* number of its name */
  uint32_t n_op;  /* of the trace; CR_NONE: not said */
  const char *name, *place;
  const char *trace;          /* NULL: not said */
  uint32_t first, n_launched; /* ops of it that the layer launches */
};

struct time {
  struct cr_layer_time time;
  uint32_t model, batch; /* model: number of its name */
  uint32_t line;
  const char *place; /* of a batch; else NULL */
};

struct cr_layer_table {
  struct cr_arena *arena;
  const char *name;
  struct cr_names *model, *layer_key, *time_key;
  struct layer *layer; /* by number of their key, in order of naming */
  struct time *time;   /* by number of their key */
  uint32_t layer_cap, time_cap;
};

struct cr_layer_table *cr_layer_table_new(const char *name)
{
  struct cr_layer_table *t = cr_mem_new(1, sizeof *t);
  if (!t)
    return NULL;
  t->arena = cr_arena_new();
  t->model = cr_names_new();
  t->layer_key = cr_names_new();
  t->time_key = cr_names_new();
  t->name = t->arena ? cr_arena_text(t->arena, name) : NULL;
  if (t->name && t->model && t->layer_key && t->time_key)
    return t;
  cr_layer_table_free(t);
  return NULL;
}

void cr_layer_table_free(struct cr_layer_table *t)
{
  if (!t)
    return;
  cr_names_free(t->model);
  cr_names_free(t->layer_key);
  cr_names_free(t->time_key);
  cr_mem_free(t->layer);
  cr_mem_free(t->time);
  cr_arena_free(t->arena);
  cr_mem_free(t);
}

/* -- filling ------------------------------------------------------------------------------------------------------- */

static const char *layer_key(const char *model, const char *layer, char buf[KEY_MAX])
{
  snprintf(buf, KEY_MAX, "%s\n%s", model, layer);
  return buf;
}

static const char *time_key(const char *model, const char *layer, const struct cr_layer_on *on, char buf[KEY_MAX])
{
  snprintf(buf, KEY_MAX, "%s\n%s\n%s\n%u\n%u", model, layer, on->type, on->n_core, on->batch ? on->batch : 1);
  return buf;
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

int cr_layer_table_name(struct cr_layer_table *t, const char *place, const char *model, const char *layer)
{
  char key[KEY_MAX];
  layer_key(model, layer, key);
  if (cr_names_find(t->layer_key, key) != CR_NONE)
    return CR_OK;
  struct layer *grown = room(t->layer, cr_names_count(t->layer_key), &t->layer_cap, sizeof *grown);
  if (!grown)
    return CR_ENOMEM;
  t->layer = grown;
  struct layer made = {.model = cr_names_put(t->model, model),
                       .n_op = CR_NONE,
                       .name = cr_arena_text(t->arena, layer),
                       .place = cr_arena_text(t->arena, place)};
  uint32_t i = made.model != CR_NONE && made.name && made.place ? cr_names_put(t->layer_key, key) : CR_NONE;
  if (i == CR_NONE)
    return CR_ENOMEM;
  t->layer[i] = made;
  return CR_OK;
}

int cr_layer_table_put(struct cr_layer_table *t, const char *place, const char *model, const char *layer,
                       const struct cr_layer_on *on, uint32_t line, uint32_t *twice)
{
  char key[KEY_MAX];
  time_key(model, layer, on, key);
  uint32_t i = cr_names_find(t->time_key, key);
  *twice = i == CR_NONE ? 0 : t->time[i].line;
  if (i != CR_NONE)
    return CR_OK;
  struct time *grown = room(t->time, cr_names_count(t->time_key), &t->time_cap, sizeof *grown);
  if (!grown)
    return CR_ENOMEM;
  t->time = grown;
  if (cr_layer_table_name(t, place, model, layer) || (i = cr_names_put(t->time_key, key)) == CR_NONE)
    return CR_ENOMEM;
  t->time[i] = (struct time){on->time, cr_names_find(t->model, model), on->batch ? on->batch : 1, line, NULL};
  if (on->batch > 1 && !(t->time[i].place = cr_arena_text(t->arena, place)))
    return CR_ENOMEM;
  t->time[i].time.exec_ns = cr_max_ns(on->time.exec_ns, 1);
  return CR_OK;
}

int cr_layer_table_set(struct cr_layer_table *t, const char *model, const char *layer, const struct cr_layer_on *on)
{
  char key[KEY_MAX];
  uint32_t twice, i = cr_names_find(t->time_key, time_key(model, layer, on, key));
  if (i == CR_NONE)
    return cr_layer_table_put(t, t->name, model, layer, on, 1, &twice);
  t->time[i].time = on->time;
  t->time[i].time.exec_ns = cr_max_ns(on->time.exec_ns, 1);
  return CR_OK;
}

static struct layer *find_layer(const struct cr_layer_table *t, const char *model, const char *layer)
{
  char key[KEY_MAX];
  uint32_t i = cr_names_find(t->layer_key, layer_key(model, layer, key));
  return i == CR_NONE ? NULL : &t->layer[i];
}

int cr_layer_table_set_ops(struct cr_layer_table *t, const char *model, const char *layer, uint32_t n_op)
{
  struct layer *l = find_layer(t, model, layer);
  int ok = l->n_op == CR_NONE || l->n_op == n_op;
  l->n_op = n_op;
  return ok;
}

uint32_t cr_layer_table_ops(const struct cr_layer_table *t, const char *model, const char *layer)
{
  const struct layer *l = find_layer(t, model, layer);
  return l ? l->n_op : CR_NONE;
}

int cr_layer_table_set_part(struct cr_layer_table *t, const char *model, const char *layer, const char *trace,
                            uint32_t first, uint32_t n_op)
{
  struct layer *l = find_layer(t, model, layer);
  l->trace = cr_arena_text(t->arena, trace);
  l->first = first;
  l->n_launched = n_op;
  return l->trace ? CR_OK : CR_ENOMEM;
}

const char *cr_layer_table_trace(const struct cr_layer_table *t, const char *model)
{
  uint32_t m = cr_names_find(t->model, model);
  for (uint32_t i = 0; i < cr_names_count(t->layer_key); i++)
    if (t->layer[i].model == m && t->layer[i].trace)
      return t->layer[i].trace;
  return NULL;
}

uint32_t cr_layer_table_count(const struct cr_layer_table *t)
{
  return cr_names_count(t->model);
}

const char *cr_layer_table_layer(const struct cr_layer_table *t, const char *model, uint32_t i, const char **place)
{
  uint32_t m = cr_names_find(t->model, model);
  for (uint32_t k = 0; k < cr_names_count(t->layer_key); k++)
    if (t->layer[k].model == m && i-- == 0) {
      *place = t->layer[k].place;
      return t->layer[k].name;
    }
  return NULL;
}

/* -- a model ------------------------------------------------------------------------------------------------------- */

static const struct time *find_time(const struct cr_layer_table *t, const char *model, const char *layer,
                                    const struct cr_layer_on *on)
{
  char key[KEY_MAX];
  uint32_t i = cr_names_find(t->time_key, time_key(model, layer, on, key));
  return i == CR_NONE ? NULL : &t->time[i];
}

const struct cr_layer_time *cr_layer_table_find(const struct cr_layer_table *t, const char *model, const char *layer,
                                                const char *type, uint32_t n_core)
{
  const struct time *found = find_time(t, model, layer, &(struct cr_layer_on){.type = type, .n_core = n_core});
  return found ? &found->time : NULL;
}

/* The sizes of batches of which the model has times, above 1 and ascending. */
static int find_sizes(const struct cr_layer_table *t, uint32_t model, struct cr_arena *arena,
                      struct cr_model_spec *spec, struct cr_err *err)
{
  unsigned char *has = cr_arena_take(arena, CR_BATCH_MAX + 1, 1);
  uint32_t *batch = cr_arena_take(arena, CR_BATCH_MAX, sizeof *batch);
  if (!has || !batch)
    return cr_fail_nomem(err, t->name);
  for (uint32_t i = 0; i < cr_names_count(t->time_key); i++)
    has[t->time[i].batch] |= t->time[i].model == model;
  for (uint32_t n = 2; n <= CR_BATCH_MAX; n++)
    if (has[n])
      batch[spec->n_batch++] = n;
  spec->batch = batch;
  return CR_OK;
}

/* What the layer takes on the device in such a batch; exec CR_NS_NEVER: nothing says so.  Batches run only where single
 * requests do. */
static int find_on(const struct cr_layer_table *t, const struct layer *layer, const struct cr_device_desc *d,
                   uint32_t batch, struct cr_layer_time *out, struct cr_err *err)
{
  const char *model = cr_names_text(t->model, layer->model);
  int is_gpu = d->kind == CR_DEVICE_GPU_NODE;
  struct cr_layer_on on = {
    .type = is_gpu ? d->node.gpu_type : d->node.core_type, .n_core = is_gpu ? 0 : d->node.n_core, .batch = batch};
  const struct time *found = find_time(t, model, layer->name, &on);
  *out = found ? found->time : (struct cr_layer_time){.exec_ns = CR_NS_NEVER};
  if (!found || batch == 1 || cr_layer_table_find(t, model, layer->name, on.type, on.n_core))
    return CR_OK;
  return cr_fail(err, CR_EINPUT,
                 "%s: layer %s of model %s has a time in batches of %u on node %s, but no line for one request there; "
                 "add it",
                 found->place, layer->name, model, batch, d->name);
}

static int make_layer(const struct cr_layer_table *t, const struct layer *layer, const struct cr_machine *m,
                      const struct cr_model_spec *spec, uint32_t trace_op0, struct cr_arena *arena,
                      struct cr_op_spec *out, struct cr_err *err)
{
  const char *model = cr_names_text(t->model, layer->model);
  uint32_t n = (1 + spec->n_batch) * m->n_device;
  struct cr_layer_time *time = cr_arena_take(arena, n, sizeof *time);
  cr_ns least_ns = CR_NS_NEVER;
  if (!time)
    return cr_fail_nomem(err, t->name);
  for (uint32_t i = 0; i < n; i++) {
    uint32_t d = i % m->n_device, k = i / m->n_device;
    int rc = find_on(t, layer, &m->device[d], k ? spec->batch[k - 1] : 1, &time[i], err);
    if (rc)
      return rc;
    if (m->device[d].node.gpu && layer->trace && trace_op0 != CR_NONE && k == 0) {
      time[i].op0 = trace_op0 + layer->first;
      time[i].n_op = layer->n_launched;
    }
    if (k == 0 && time[i].exec_ns != CR_NS_NEVER)
      least_ns = cr_min_ns(least_ns, time[i].hd_ns + time[i].exec_ns + time[i].misc_ns + time[i].dh_ns);
  }
  if (least_ns == CR_NS_NEVER)
    return cr_fail(err, CR_EINPUT, "%s: layer %s of model %s has no time on any of the nodes there are", layer->place,
                   layer->name, model);
  *out = cr_op_unknown(layer->name, CR_OP_LAYER, least_ns);
  out->layer = time;
  out->n_layer = m->n_device;
  return CR_OK;
}

static int add_model(const struct cr_layer_table *t, uint32_t model, const struct cr_machine *m, uint32_t trace_op0,
                     struct cr_arena *arena, struct cr_workload_builder *b, cr_model *out, struct cr_err *err)
{
  uint32_t n_layer = cr_names_count(t->layer_key);
  struct cr_op_spec *op = cr_arena_take(arena, n_layer, sizeof *op);
  struct cr_model_spec spec = cr_model_unknown(cr_names_text(t->model, model), op, 0);
  int rc = op ? find_sizes(t, model, arena, &spec, err) : cr_fail_nomem(err, t->name);
  for (uint32_t i = 0; !rc && i < n_layer; i++)
    if (t->layer[i].model == model)
      rc = make_layer(t, &t->layer[i], m, &spec, trace_op0, arena, &op[spec.n_op++], err);
  return rc ? rc : cr_workload_add_model(b, &spec, out, err);
}

int cr_layer_table_add(const struct cr_layer_table *t, const char *model, const struct cr_machine *m,
                       uint32_t trace_op0, struct cr_workload_builder *b, cr_model *out, struct cr_err *err)
{
  uint32_t i = cr_names_find(t->model, model);
  if (i == CR_NONE) {
    const char *near = cr_nearest(model, cr_names_all(t->model), cr_names_count(t->model));
    return cr_fail(err, CR_EINPUT, "there is no model '%.90s' in %s%s%s%s", model, t->name,
                   near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
  }
  struct cr_arena *arena = cr_arena_new();
  if (!arena)
    return cr_fail_nomem(err, t->name);
  int rc = add_model(t, i, m, trace_op0, arena, b, out, err);
  cr_arena_free(arena);
  return rc;
}
