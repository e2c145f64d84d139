/* layers_yaml.c - reads models by their layers from YAML into a table of layers. */
#include "config.h"

#include "traces/layers_yaml.h"

#include "sim/nearest.h"
#include "sim/text.h"
#include "sim/unit.h"
#include "traces/platform_int.h"

#include <stdio.h>
#include <string.h>

enum { LAYERS_MAX = 4096 };

/* -- the file as libcyaml reads it --------------------------------------------------------------------------------- */

#define NEEDED CYAML_FLAG_POINTER
#define OPTIONAL (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)
#define TEXT(key, flags, type, member) CYAML_FIELD_STRING_PTR(key, flags, type, member, 0, CYAML_UNLIMITED)

static const cyaml_schema_value_t WORD = {CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 0, CYAML_UNLIMITED)};

static const cyaml_schema_field_t CPU_FIELDS[] = {
  TEXT("cores", NEEDED, struct cpu_times_yaml, cores),
  CYAML_FIELD_SEQUENCE_COUNT("times", NEEDED, struct cpu_times_yaml, times, n_times, &WORD, 1, CYAML_UNLIMITED),
  CYAML_FIELD_END,
};
static const cyaml_schema_value_t CPU = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct cpu_times_yaml, CPU_FIELDS)};

static const cyaml_schema_field_t GPU_FIELDS[] = {
  TEXT("gpu", NEEDED, struct gpu_times_yaml, gpu),   TEXT("hd", OPTIONAL, struct gpu_times_yaml, hd),
  TEXT("exec", NEEDED, struct gpu_times_yaml, exec), TEXT("misc", OPTIONAL, struct gpu_times_yaml, misc),
  TEXT("dh", OPTIONAL, struct gpu_times_yaml, dh),   CYAML_FIELD_END,
};
static const cyaml_schema_value_t GPU = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct gpu_times_yaml, GPU_FIELDS)};

static const cyaml_schema_field_t LAYER_FIELDS[] = {
  TEXT("name", NEEDED, struct layer_yaml, name),
  CYAML_FIELD_SEQUENCE_COUNT("cpu", OPTIONAL, struct layer_yaml, cpu, n_cpu, &CPU, 1, CYAML_UNLIMITED),
  CYAML_FIELD_SEQUENCE_COUNT("gpu", OPTIONAL, struct layer_yaml, gpu, n_gpu, &GPU, 1, CYAML_UNLIMITED),
  CYAML_FIELD_END,
};
const cyaml_schema_value_t cr_layer_schema = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct layer_yaml, LAYER_FIELDS)};

static const cyaml_schema_field_t PROFILE_FIELDS[] = {
  TEXT("name", NEEDED, struct profile_yaml, name),
  TEXT("source", OPTIONAL, struct profile_yaml, source),
  CYAML_FIELD_SEQUENCE_COUNT("layers", NEEDED, struct profile_yaml, layers, n_layers, &cr_layer_schema, 1,
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

static int check_gpu(const struct platform_reader *r, const char *path, const struct gpu_times_yaml *g,
                     const struct cr_platform *p, struct cr_err *err)
{
  char at[CR_PLATFORM_PATH + 32];
  const char *name[CR_PLATFORM_TYPE_MAX];
  snprintf(at, sizeof at, "%s.gpu", path);
  if (!p)
    return cr_platform_word(r, at, g->gpu, err);
  for (uint32_t i = 0; i < p->n_gpu_type; i++) {
    name[i] = p->gpu[i].name;
    if (strcmp(name[i], g->gpu) == 0)
      return CR_OK;
  }
  return no_such_type(r, at, "GPU", g->gpu, name, p->n_gpu_type, p, err);
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
  int rc = check_cores(r, path, c, to->platform, err);
  for (uint32_t m = 0; !rc && m < c->n_times; m++) {
    struct cr_layer_on on = {.type = c->cores, .n_core = m + 1};
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
  int rc = check_gpu(r, path, g, to->platform, err);
  for (size_t i = 0; !rc && i < sizeof part / sizeof part[0]; i++) {
    snprintf(at, sizeof at, "%s.%s", path, part[i].key);
    rc = read_part(r, at, part[i].text, part[i].ns, err);
  }
  return rc ? rc : put(r, path, to, &on, err);
}

/* -- layers and models --------------------------------------------------------------------------------------------- */

static int read_layer(const struct platform_reader *r, const char *path, const struct layer_yaml *l, struct target *to,
                      struct cr_err *err)
{
  char at[CR_PLATFORM_PATH], where[400], place[sizeof where + CR_PLATFORM_PATH];
  snprintf(place, sizeof place, "%s: %s", cr_yaml_where(r->y, path, where, sizeof where), path);
  to->layer = l->name;
  to->place = place;
  int rc = cr_layer_table_name(to->table, place, to->model, l->name) ? cr_fail_nomem(err, path) : CR_OK;
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
    rc = rc ? rc : cr_layers_yaml_read(r, at, name[i], models[i].layers, models[i].n_layers, NULL, t, err);
  }
  return rc;
}
