/* scenario_model.c - finds the models that a scenario's clients name in the trace stores, and checks that they fit.
 *
 * Stores are searched in the order given, the bundled ones last and only when they are needed, so that a scenario with
 * traces of its own runs without the bundled data.  A model is loaded once, however many clients have it. */
#include "config.h"

#include "sim/nearest.h"
#include "sim/text.h"
#include "traces/datadir.h"
#include "traces/kernel_class.h"
#include "traces/scenario_int.h"
#include "traces/store.h"

#include <string.h>

struct open_store {
  struct cr_store *store;
  const char *path;
  const char **name; /* [n_name] of its models */
  uint32_t n_name;
};

struct loaded {
  const char *name;
  const char *path; /* of the value that named it first */
  cr_model model;
};

struct scenario_models {
  struct cr_arena *arena;
  struct open_store *store; /* [n_store] of store_cap; the last are for the bundled ones */
  uint32_t n_store, store_cap;
  uint32_t n_bundled;    /* of the bundled stores, how many were tried */
  struct loaded *loaded; /* [n_loaded], by cr_model */
  uint32_t n_loaded, loaded_cap;
};

struct scenario_models *cr_scenario_models_new(uint32_t n_store)
{
  struct scenario_models *m = cr_mem_new(1, sizeof *m);
  if (!m)
    return NULL;
  m->arena = cr_arena_new();
  m->store_cap = n_store;
  for (uint32_t i = 0; cr_datadir_stores[i]; i++)
    m->store_cap++;
  m->store = cr_mem_new(m->store_cap, sizeof *m->store);
  if (!m->arena || !m->store) {
    cr_scenario_models_free(m);
    return NULL;
  }
  return m;
}

void cr_scenario_models_free(struct scenario_models *m)
{
  if (!m)
    return;
  for (uint32_t i = 0; i < m->n_store; i++)
    cr_store_close(m->store[i].store);
  cr_mem_free(m->store);
  cr_mem_free(m->loaded);
  cr_arena_free(m->arena);
  cr_mem_free(m);
}

/* Collects names twice: the first time they are only counted. */
struct collector {
  struct cr_arena *arena;
  const char **name;
  uint32_t n;
  int failed;
};

static void count_name(void *ctx, const char *name)
{
  (void)name;
  ((struct collector *)ctx)->n++;
}

static void keep_name(void *ctx, const char *name)
{
  struct collector *c = ctx;
  const char *copy = cr_arena_text(c->arena, name);
  c->failed |= !copy;
  c->name[c->n++] = copy ? copy : "";
}

static int list_models(struct scenario_models *m, struct open_store *s, struct cr_err *err)
{
  struct collector c = {.arena = m->arena};
  int rc = cr_store_each_model(s->store, count_name, &c, err);
  if (rc)
    return rc;
  c.name = cr_arena_take(m->arena, c.n, sizeof *c.name);
  if (!c.name)
    return cr_fail_nomem(err, s->path);
  c.n = 0;
  rc = cr_store_each_model(s->store, keep_name, &c, err);
  if (!rc && c.failed)
    rc = cr_fail_nomem(err, s->path);
  s->name = c.name;
  s->n_name = c.n;
  return rc;
}

int cr_scenario_models_open(struct scenario_models *m, const char *path, struct cr_err *err)
{
  struct open_store *s = &m->store[m->n_store];
  *s = (struct open_store){.path = cr_arena_text(m->arena, path)};
  if (!s->path)
    return cr_fail_nomem(err, path);
  int rc = cr_store_open(path, &s->store, err);
  if (rc)
    return rc;
  m->n_store++; /* from here on it is closed with the others */
  return list_models(m, s, err);
}

static int has_model(const struct open_store *s, const char *name)
{
  for (uint32_t i = 0; i < s->n_name; i++)
    if (strcmp(s->name[i], name) == 0)
      return 1;
  return 0;
}

static struct open_store *find_store(struct scenario_models *m, const char *name)
{
  for (uint32_t i = 0; i < m->n_store; i++)
    if (has_model(&m->store[i], name))
      return &m->store[i];
  return NULL;
}

/* Opens the next bundled store.  Where it is missing, *why is what was searched. */
static int open_bundled(struct scenario_models *m, struct cr_err *why, struct cr_err *err)
{
  const char *path;
  if (cr_datadir_find(cr_datadir_stores[m->n_bundled++], m->arena, &path, why))
    return CR_OK;
  return cr_scenario_models_open(m, path, err);
}

/* The name that was probably meant: whole, or before its batch size ("-bs1-fp32"); NULL: none is near. */
static const char *near_name(struct scenario_models *m, const struct open_store *s, const char *name)
{
  const char *near = cr_nearest(name, s->name, s->n_name);
  const char **stem = near ? NULL : cr_arena_take(m->arena, s->n_name, sizeof *stem);
  if (!stem)
    return near;
  for (uint32_t i = 0; i < s->n_name; i++) {
    char *copy = cr_arena_text(m->arena, s->name[i]);
    if (!copy)
      return NULL;
    char *batch = strstr(copy, "-bs");
    if (batch)
      *batch = '\0';
    stem[i] = copy;
  }
  const char *near_stem = cr_nearest(name, stem, s->n_name);
  for (uint32_t i = 0; near_stem && i < s->n_name; i++)
    if (stem[i] == near_stem)
      return s->name[i];
  return NULL;
}

/* "; of vgg19 there are vgg19-bs1-fp32, vgg19-bs8-fp32": what was recorded of the same network, mostly other batches. */
static void add_batches(const struct open_store *s, const char *name, struct cr_text *out)
{
  const char *batch = strstr(name, "-bs");
  size_t n = batch ? (size_t)(batch - name) + 3 : 0;
  for (uint32_t k = 0; n && k < s->n_name && out->n < 400; k++) {
    if (strncmp(s->name[k], name, n) != 0)
      continue;
    if (!out->n)
      cr_text_add(out, "; of %.*s there are ", (int)(n - 3), name);
    else
      cr_text_add(out, ", ");
    cr_text_add(out, "%s", s->name[k]);
  }
}

/* What could have been meant, of the table and all stores. */
static int no_model(const struct scenario_reader *r, const char *what, const char *name, const struct cr_err *why,
                    struct cr_err *err)
{
  struct scenario_models *m = r->models;
  const char *near = NULL;
  struct cr_text stores = {0}, names = {0}, batches = {0};
  if (r->table) {
    near = cr_nearest(name, cr_iteration_table_names(r->table), cr_iteration_table_count(r->table));
    cr_text_add(&stores, "%s%s", cr_iteration_table_path(r->table), m->n_store ? ", " : "");
    for (uint32_t k = 0; k < cr_iteration_table_count(r->table) && names.n < 400; k++)
      cr_text_add(&names, "%s%s", names.n ? ", " : "", cr_iteration_table_names(r->table)[k]);
  }
  for (uint32_t i = 0; i < m->n_store; i++) {
    const struct open_store *s = &m->store[i];
    cr_text_add(&stores, "%s%s", i ? ", " : "", s->path);
    near = near ? near : near_name(m, s, name);
    add_batches(s, name, &batches);
    for (uint32_t k = 0; k < s->n_name && names.n < 400; k++)
      cr_text_add(&names, "%s%s", names.n ? ", " : "", s->name[k]);
  }
  if (near)
    cr_fail(err, CR_EINPUT, "%s: there is no model '%s'; did you mean '%s'? (searched: %s%s)", what, name, near,
            stores.s, batches.s ? batches.s : "");
  else if (names.n)
    cr_fail(err, CR_EINPUT, "%s: there is no model '%s' in %s; there are: %s%s", what, name, stores.s, names.s,
            names.n >= 400 ? ", ..." : "");
  else
    cr_fail(err, CR_EINPUT, "%s: there is no model '%s'%s%s", what, name, *why->text ? ": " : "", why->text);
  cr_text_fini(&stores);
  cr_text_fini(&names);
  cr_text_fini(&batches);
  return CR_EINPUT;
}

static int remember(struct scenario_models *m, const char *path, const char *name, cr_model model)
{
  if (m->n_loaded == m->loaded_cap) {
    uint32_t cap = m->loaded_cap ? 2 * m->loaded_cap : 16;
    struct loaded *grown = cr_mem_resize(m->loaded, cap, sizeof *grown);
    if (!grown)
      return CR_ENOMEM;
    m->loaded = grown;
    m->loaded_cap = cap;
  }
  struct loaded *l = &m->loaded[m->n_loaded];
  *l = (struct loaded){cr_arena_text(m->arena, name), cr_arena_text(m->arena, path), model};
  if (!l->name || !l->path)
    return CR_ENOMEM;
  m->n_loaded++;
  return CR_OK;
}

/* From a store; the bundled one is opened when no other has it. */
static int load_recorded(struct scenario_reader *r, const char *what, const char *name, cr_model *out,
                         struct cr_err *err)
{
  struct scenario_models *m = r->models;
  struct cr_err why = {{0}};
  struct open_store *s = find_store(m, name);
  while (!s && cr_datadir_stores[m->n_bundled]) {
    int rc = open_bundled(m, &why, err);
    if (rc)
      return rc;
    s = find_store(m, name);
  }
  return s ? cr_store_load_model(s->store, name, r->builder, out, err) : no_model(r, what, name, &why, err);
}

static int follows_kernels(const struct cr_machine *m)
{
  for (uint32_t d = 0; d < m->n_device; d++)
    if (m->device[d].node.gpu)
      return 1;
  return 0;
}

/* A model of layers; where a node's kernels are followed, behind the trace that they are of. */
static int load_layers(struct scenario_reader *r, const char *path, const char *what, const char *name, cr_model *out,
                       struct cr_err *err)
{
  const char *trace = follows_kernels(r->nodes) ? cr_layer_table_trace(r->layers, name) : NULL;
  uint32_t op0 = CR_NONE;
  cr_model recorded;
  int rc = CR_OK;
  if (trace) {
    uint32_t i = 0;
    while (i < r->models->n_loaded && strcmp(r->models->loaded[i].name, trace) != 0)
      i++;
    if (i < r->models->n_loaded)
      recorded = r->models->loaded[i].model;
    else
      rc = load_recorded(r, what, trace, &recorded, err);
    if (!rc && i == r->models->n_loaded && remember(r->models, path, trace, recorded))
      rc = cr_fail_nomem(err, trace);
    if (!rc)
      op0 = cr_workload_builder_model(r->builder, recorded)->op0;
  }
  if (!rc && (rc = cr_layer_table_add(r->layers, name, r->nodes, op0, r->builder, out, err)))
    cr_fail_in(err, rc, "%s", what);
  return !rc && remember(r->models, path, name, *out) ? cr_fail_nomem(err, name) : rc;
}

int cr_scenario_find_model(struct scenario_reader *r, const char *path, const char *what, const char *name,
                           cr_model *out, struct cr_err *err)
{
  struct scenario_models *m = r->models;
  for (uint32_t i = 0; i < m->n_loaded; i++)
    if (strcmp(m->loaded[i].name, name) == 0) {
      *out = m->loaded[i].model;
      return CR_OK;
    }
  if (r->layers)
    return load_layers(r, path, what, name, out, err);
  const struct cr_iteration_row *row = r->table ? cr_iteration_table_find(r->table, name) : NULL;
  int rc = row ? cr_iteration_row_add(row, r->builder, out, err) : load_recorded(r, what, name, out, err);
  rc = rc ? rc : cr_scenario_add_memory(r, name, *out, err);
  if (rc)
    return rc;
  return remember(m, path, name, *out) ? cr_fail_nomem(err, name) : CR_OK;
}

int cr_scenario_model(struct scenario_reader *r, const char *path, const char *name, cr_model *out, struct cr_err *err)
{
  return cr_scenario_at(r, path, cr_scenario_find_model(r, path, path, name, out, err), err);
}

static int no_fit(const struct scenario_reader *r, const char *path, const struct cr_model_info *model, uint32_t i,
                  const struct cr_op_spec *op, const char *limit, struct cr_err *err)
{
  char kernel[100];
  cr_kernel_short_name(op->name, kernel, sizeof kernel);
  return cr_yaml_fail(r->y, path, err,
                      "%s: model %s can never run on device %s: op %u, kernel %s, is over the limit of %s (%u threads, "
                      "%u registers, %lld B of shared memory); use a device that has more, or another trace",
                      path, model->name, r->device->name, i, kernel, limit, op->threads, op->regs,
                      (long long)(op->smem_bytes == CR_UNKNOWN ? 0 : op->smem_bytes));
}

/* Without measured constants kernels cannot be followed, only whole iterations. */
static int not_calibrated(const struct scenario_reader *r, const char *path, const struct cr_model_info *model,
                          struct cr_err *err)
{
  return cr_yaml_fail(
    r->y, path, err,
    "%s: model %s is a trace of kernels, and device %s has no measured constants to run them with; use "
    "a calibrated device such as h200, or a workload of a table of iterations",
    path, model->name, r->device->name);
}

int cr_scenario_check_fit(const struct scenario_reader *r, const struct cr_workload *w, struct cr_err *err)
{
  for (uint32_t m = 0; m < w->n_model; m++) {
    const struct cr_model_info *model = &w->model[m];
    for (uint32_t i = 0; i < model->n_op; i++) {
      const struct cr_op_spec *op = &w->op[model->op0 + i];
      const char *limit = "blocks of an SM";
      if (op->kind == CR_OP_LAYER || r->nodes) /* whose GPUs are asked when a run begins */
        continue;
      if (op->kind != CR_OP_ITERATION && r->device->is_uncalibrated)
        return not_calibrated(r, r->models->loaded[m].path, model, err);
      if (op->kind == CR_OP_KERNEL && !cr_device_occupancy(r->device, op->threads, op->regs, op->smem_bytes, &limit))
        return no_fit(r, r->models->loaded[m].path, model, i, op, limit, err);
    }
  }
  return CR_OK;
}
