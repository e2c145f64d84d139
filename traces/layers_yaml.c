/* layers_yaml.c - reads models by their layers from YAML into a table of layers. */
#include "config.h"

#include "traces/layers_yaml.h"

#include "sim/batch.h"
#include "sim/nearest.h"
#include "sim/text.h"
#include "sim/unit.h"
#include "traces/datadir.h"
#include "traces/layer_trace.h"
#include "traces/platform_int.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LAYERS_MAX = 4096, OPS_MAX = 1000000 };

/* -- the file as libcyaml reads it --------------------------------------------------------------------------------- */

#define NEEDED CYAML_FLAG_POINTER
#define OPTIONAL (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)
#define TEXT(key, flags, type, member) CYAML_FIELD_STRING_PTR(key, flags, type, member, 0, CYAML_UNLIMITED)

static const cyaml_schema_value_t WORD = {CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 0, CYAML_UNLIMITED)};

static const cyaml_schema_field_t CPU_FIELDS[] = {
  TEXT("cores", NEEDED, struct cpu_times_yaml, cores),
  TEXT("batch", OPTIONAL, struct cpu_times_yaml, batch),
  CYAML_FIELD_SEQUENCE_COUNT("times", NEEDED, struct cpu_times_yaml, times, n_times, &WORD, 1, CYAML_UNLIMITED),
  CYAML_FIELD_END,
};
static const cyaml_schema_value_t CPU = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct cpu_times_yaml, CPU_FIELDS)};

static const cyaml_schema_field_t GPU_FIELDS[] = {
  TEXT("gpu", NEEDED, struct gpu_times_yaml, gpu),
  TEXT("batch", OPTIONAL, struct gpu_times_yaml, batch),
  TEXT("hd", OPTIONAL, struct gpu_times_yaml, hd),
  TEXT("exec", OPTIONAL, struct gpu_times_yaml, exec),
  TEXT("misc", OPTIONAL, struct gpu_times_yaml, misc),
  TEXT("dh", OPTIONAL, struct gpu_times_yaml, dh),
  CYAML_FIELD_END,
};
static const cyaml_schema_value_t GPU = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct gpu_times_yaml, GPU_FIELDS)};

static const cyaml_schema_field_t LAYER_FIELDS[] = {
  TEXT("name", NEEDED, struct layer_yaml, name),
  TEXT("ops", OPTIONAL, struct layer_yaml, ops),
  CYAML_FIELD_SEQUENCE_COUNT("cpu", OPTIONAL, struct layer_yaml, cpu, n_cpu, &CPU, 1, CYAML_UNLIMITED),
  CYAML_FIELD_SEQUENCE_COUNT("gpu", OPTIONAL, struct layer_yaml, gpu, n_gpu, &GPU, 1, CYAML_UNLIMITED),
  CYAML_FIELD_END,
};
const cyaml_schema_value_t cr_layer_schema = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct layer_yaml, LAYER_FIELDS)};

static const cyaml_schema_field_t PROFILE_FIELDS[] = {
  TEXT("name", NEEDED, struct profile_yaml, name),
  TEXT("source", OPTIONAL, struct profile_yaml, source),
  TEXT("table", OPTIONAL, struct profile_yaml, table),
  TEXT("trace", OPTIONAL, struct profile_yaml, trace),
  TEXT("gpu", OPTIONAL, struct profile_yaml, gpu),
  CYAML_FIELD_SEQUENCE_COUNT("layers", OPTIONAL, struct profile_yaml, layers, n_layers, &cr_layer_schema, 1,
                             CYAML_UNLIMITED),
  CYAML_FIELD_END,
};
const cyaml_schema_value_t cr_profile_schema = {
  CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct profile_yaml, PROFILE_FIELDS)};

/* -- times --------------------------------------------------------------------------------------------------------- */

/* Of what is read: the model and layer in the table, and what there is to take times on. */
struct target {
  struct cr_layer_table *table;
  const char *model, *layer, *place;
  int has_ops;                        /* a trace is to say what is left out */
  const struct cr_platform *platform; /* or NULL: anything */
};

static int no_such_type(const struct platform_reader *r, const char *path, const char *what, const char *type,
                        const char *const *name, uint32_t n, const struct cr_platform *p, struct cr_err *err)
{
  const char *near = cr_nearest(type, name, n);
  if (near)
    return cr_yaml_fail(r->y, path, err, "%s: %s has no %s '%s'; did you mean '%s'?", path, p->name, what, type, near);
  struct cr_text list = {0};
  for (uint32_t i = 0; i < n; i++)
    cr_text_add(&list, "%s%s", i ? ", " : "", name[i]);
  int rc = cr_yaml_fail(r->y, path, err, "%s: %s has no %s '%s'; there are: %s", path, p->name, what, type,
                        list.s ? list.s : "none");
  cr_text_fini(&list);
  return rc;
}

/* The type at path is one of the platform's; of cores there are as many as times are given for. */
static int check_cores(const struct platform_reader *r, const char *path, const struct cpu_times_yaml *c,
                       const struct cr_platform *p, struct cr_err *err)
{
  char at[CR_PLATFORM_PATH + 32];
  const char *name[CR_PLATFORM_TYPE_MAX];
  snprintf(at, sizeof at, "%s.cores", path);
  if (!p)
    return cr_platform_word(r, at, c->cores, err);
  const struct cr_core_type *core = NULL;
  for (uint32_t i = 0; i < p->n_core_type; i++) {
    name[i] = p->core[i].name;
    core = strcmp(name[i], c->cores) == 0 ? &p->core[i] : core;
  }
  if (!core)
    return no_such_type(r, at, "cores", c->cores, name, p->n_core_type, p, err);
  if (c->n_times > core->count)
    return cr_yaml_fail(r->y, path, err, "%s: %u times, for 1 to %u cores, but %s has %u %s", path, c->n_times,
                        c->n_times, p->name, core->count, core->name);
  return CR_OK;
}

/* The type at path.gpu. */
static int check_gpu(const struct platform_reader *r, const char *path, const char *type, const struct cr_platform *p,
                     struct cr_err *err)
{
  char at[CR_PLATFORM_PATH + 32];
  const char *name[CR_PLATFORM_TYPE_MAX];
  snprintf(at, sizeof at, "%s.gpu", path);
  if (!p)
    return cr_platform_word(r, at, type, err);
  for (uint32_t i = 0; i < p->n_gpu_type; i++) {
    name[i] = p->gpu[i].name;
    if (strcmp(name[i], type) == 0)
      return CR_OK;
  }
  return no_such_type(r, at, "GPU", type, name, p->n_gpu_type, p, err);
}

/* Part of a layer. */
static int read_part(const struct platform_reader *r, const char *path, const char *text, cr_ns *out,
                     struct cr_err *err)
{
  int rc = cr_platform_time(r, path, text, 0, 0, out, err);
  if (!rc && *out > CR_LAYER_MAX_NS)
    rc = cr_yaml_fail(r->y, path, err, "%s: '%s' is too long; a part of a layer takes at most an hour", path, text);
  return rc;
}

/* How many requests together the times at path are of. */
static int read_batch(const struct platform_reader *r, const char *path, const char *text, uint32_t *out,
                      struct cr_err *err)
{
  char at[CR_PLATFORM_PATH + 32];
  int64_t n = 1;
  snprintf(at, sizeof at, "%s.batch", path);
  int rc = text ? cr_platform_count(r, at, text, CR_BATCH_MAX, &n, err) : CR_OK;
  *out = (uint32_t)n;
  return rc;
}

static int put(const struct platform_reader *r, const char *path, const struct target *to, const struct cr_layer_on *on,
               struct cr_err *err)
{
  uint32_t twice = 0;
  if (cr_layer_table_put(to->table, to->place, to->model, to->layer, on, 1, &twice))
    return cr_fail_nomem(err, path);
  return twice ? cr_yaml_fail(r->y, path, err, "%s: times on %s are here twice; remove one", path, on->type) : CR_OK;
}

/* The times of one layer on 1, 2, ... cores of one type. */
static int read_cpu(const struct platform_reader *r, const char *path, const struct cpu_times_yaml *c,
                    const struct target *to, struct cr_err *err)
{
  char at[CR_PLATFORM_PATH + 32];
  uint32_t batch = 1;
  int rc = check_cores(r, path, c, to->platform, err);
  rc = rc ? rc : read_batch(r, path, c->batch, &batch, err);
  for (uint32_t m = 0; !rc && m < c->n_times; m++) {
    struct cr_layer_on on = {.type = c->cores, .n_core = m + 1, .batch = batch};
    snprintf(at, sizeof at, "%s.times[%u]", path, m);
    rc = read_part(r, at, c->times[m], &on.time.exec_ns, err);
    rc = rc ? rc : put(r, path, to, &on, err);
  }
  return rc;
}

static int read_gpu(const struct platform_reader *r, const char *path, const struct gpu_times_yaml *g,
                    const struct target *to, struct cr_err *err)
{
  char at[CR_PLATFORM_PATH + 32];
  struct cr_layer_on on = {.type = g->gpu};
  const struct {
    const char *key, *text;
    cr_ns *ns;
  } part[] = {{"hd", g->hd, &on.time.hd_ns},
              {"exec", g->exec, &on.time.exec_ns},
              {"misc", g->misc, &on.time.misc_ns},
              {"dh", g->dh, &on.time.dh_ns}};
  int rc = check_gpu(r, path, g->gpu, to->platform, err);
  rc = rc ? rc : read_batch(r, path, g->batch, &on.batch, err);
  if (!rc && !g->exec && on.batch > 1)
    return cr_yaml_fail(r->y, path, err, "'exec' is missing in %s; a trace does not say it of batches, so add it",
                        path);
  if (!rc && !g->exec && !to->has_ops)
    return cr_yaml_fail(r->y, path, err, "'exec' is missing in %s; add it, or the layer's ops and the model's trace",
                        path);
  for (size_t i = 0; !rc && i < sizeof part / sizeof part[0]; i++) {
    snprintf(at, sizeof at, "%s.%s", path, part[i].key);
    rc = read_part(r, at, part[i].text, part[i].ns, err);
  }
  if (!g->exec)
    on.time.exec_ns = CR_NS_NEVER;
  return rc ? rc : put(r, path, to, &on, err);
}

/* -- layers and models --------------------------------------------------------------------------------------------- */

static int read_ops(const struct platform_reader *r, const char *path, const struct layer_yaml *l, struct target *to,
                    struct cr_err *err)
{
  char at[CR_PLATFORM_PATH + 32];
  int64_t n = 0;
  snprintf(at, sizeof at, "%.150s.ops", path);
  int rc = cr_platform_at(r, at, cr_parse_count(l->ops, at, &n, err), err);
  if (!rc && (n < 0 || n > OPS_MAX))
    rc = cr_yaml_fail(r->y, at, err, "%s: '%s' is not possible; it is from 0 to %d", at, l->ops, OPS_MAX);
  if (!rc)
    (void)cr_layer_table_set_ops(to->table, to->model, to->layer, (uint32_t)n);
  to->has_ops = 1;
  return rc;
}

static int read_layer(const struct platform_reader *r, const char *path, const struct layer_yaml *l, struct target *to,
                      struct cr_err *err)
{
  char at[CR_PLATFORM_PATH], where[400], place[sizeof where + CR_PLATFORM_PATH];
  snprintf(place, sizeof place, "%s: %s", cr_yaml_where(r->y, path, where, sizeof where), path);
  to->layer = l->name;
  to->place = place;
  int rc = cr_layer_table_name(to->table, place, to->model, l->name) ? cr_fail_nomem(err, path) : CR_OK;
  rc = rc || !l->ops ? rc : read_ops(r, path, l, to, err);
  for (uint32_t i = 0; !rc && i < l->n_cpu; i++) {
    snprintf(at, sizeof at, "%.100s.cpu[%u]", path, i);
    rc = read_cpu(r, at, &l->cpu[i], to, err);
  }
  for (uint32_t i = 0; !rc && i < l->n_gpu; i++) {
    snprintf(at, sizeof at, "%.100s.gpu[%u]", path, i);
    rc = read_gpu(r, at, &l->gpu[i], to, err);
  }
  return rc;
}

int cr_layers_yaml_read(const struct platform_reader *r, const char *path, const char *model,
                        const struct layer_yaml *layers, uint32_t n_layers, const struct cr_platform *p,
                        struct cr_layer_table *t, struct cr_err *err)
{
  char list[CR_PLATFORM_PATH], at[CR_PLATFORM_PATH + 32];
  cr_platform_inside(path, "layers", list);
  if (n_layers > LAYERS_MAX)
    return cr_yaml_fail(r->y, list, err, "%s: at most %d layers can be listed", list, LAYERS_MAX);
  const char **name = cr_arena_take(r->arena, n_layers, sizeof *name);
  int rc = name ? CR_OK : cr_fail_nomem(err, path);
  for (uint32_t j = 0; !rc && j < n_layers; j++) {
    struct target to = {.table = t, .model = model, .platform = p};
    name[j] = layers[j].name;
    rc = cr_platform_name(r, list, j, name[j], name, err);
    snprintf(at, sizeof at, "%.100s[%u]", list, j);
    rc = rc ? rc : read_layer(r, at, &layers[j], &to, err);
  }
  return rc;
}

/* The GPU that a trace is of: as the model says, or the only one there is. */
static int find_gpu(const struct platform_reader *r, const char *path, const struct profile_yaml *m,
                    const struct cr_platform *p, const char **out, struct cr_err *err)
{
  *out = m->gpu ? m->gpu : p ? p->gpu[0].name : "gpu";
  if (!m->gpu && p && p->n_gpu_type > 1)
    return cr_yaml_fail(r->y, path, err, "%s: add gpu: %s has several, and the trace is of one of them", path, p->name);
  return m->gpu ? check_gpu(r, path, m->gpu, p, err) : CR_OK;
}

int cr_model_yaml_read(const struct platform_reader *r, const char *path, const struct profile_yaml *m,
                       const struct cr_platform *p, struct cr_layer_table *t, struct cr_err *err)
{
  char at[CR_PLATFORM_PATH + 32];
  const char *file, *gpu;
  int rc = CR_OK;
  if (!m->n_layers == !m->table)
    return cr_yaml_fail(r->y, path, err, "%s: %s %s", path, m->name,
                        m->table ? "has layers and a table of them; remove one"
                                 : "has no layers; add layers, or a table of them");
  if (m->gpu && !m->trace)
    return cr_yaml_fail(r->y, path, err, "%s: gpu says which GPU a trace is of, and there is none; remove it", path);
  snprintf(at, sizeof at, "%s.table", path);
  if (m->table)
    rc = cr_layers_yaml_file(r, at, m->table, &file, err);
  if (!rc && m->table)
    rc = cr_platform_at(r, at, cr_layer_table_read_model(file, m->name, t, err), err);
  else if (!rc)
    rc = cr_layers_yaml_read(r, path, m->name, m->layers, m->n_layers, p, t, err);
  if (rc || !m->trace)
    return rc;
  snprintf(at, sizeof at, "%s.trace", path);
  rc = find_gpu(r, path, m, p, &gpu, err);
  return rc ? rc
            : cr_platform_at(r, at, cr_layer_trace_add(t, m->name, gpu, m->trace, r->store, r->n_store, r->arena, err),
                             err);
}

const char *cr_layers_yaml_folder(struct cr_arena *arena, const char *file)
{
  const char *slash = strrchr(file, '/');
  char *folder = cr_arena_text(arena, file);
  if (folder)
    folder[slash ? slash - file + 1 : 0] = '\0';
  return folder;
}

int cr_layers_yaml_file(const struct platform_reader *r, const char *path, const char *name, const char **out,
                        struct cr_err *err)
{
  struct cr_err ignored;
  char bundled[300];
  size_t n = strlen(r->folder) + strlen(name) + 1;
  char *file = cr_arena_take(r->arena, n, 1);
  if (!file)
    return cr_fail_nomem(err, path);
  snprintf(file, n, "%s%s", *name == '/' ? "" : r->folder, name);
  *out = file;
  snprintf(bundled, sizeof bundled, "layers/%.250s", name);
  if (strchr(name, '/') || access(file, F_OK) == 0 || cr_datadir_find(bundled, r->arena, out, &ignored) == CR_OK)
    return CR_OK;
  return cr_yaml_fail(r->y, path, err, "%s: there is no file %s, and no bundled table %s", path, file, name);
}

int cr_models_yaml_read(const struct platform_reader *r, const char *path, const struct profile_yaml *models,
                        uint32_t n_models, struct cr_layer_table *t, struct cr_err *err)
{
  char at[CR_PLATFORM_PATH];
  const char **name = cr_arena_take(r->arena, n_models, sizeof *name);
  int rc = name ? CR_OK : cr_fail_nomem(err, path);
  for (uint32_t i = 0; !rc && i < n_models; i++) {
    name[i] = models[i].name;
    rc = cr_platform_name(r, path, i, name[i], name, err);
    snprintf(at, sizeof at, "%.100s[%u]", path, i);
    rc = rc ? rc : cr_model_yaml_read(r, at, &models[i], NULL, t, err);
  }
  return rc;
}
