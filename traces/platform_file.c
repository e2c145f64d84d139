/* platform_file.c - reads platforms and profiles of layers. */
#include "config.h"

#include "traces/platform_file.h"

#include "plan/node_config.h"
#include "sim/unit.h"
#include "traces/datadir.h"
#include "traces/platform_int.h"

#include <stdio.h>
#include <string.h>

/* -- the file as libcyaml reads it --------------------------------------------------------------------------------- */

#define NEEDED CYAML_FLAG_POINTER
#define OPTIONAL (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)
#define TEXT(key, flags, type, member) CYAML_FIELD_STRING_PTR(key, flags, type, member, 0, CYAML_UNLIMITED)

static const cyaml_schema_value_t WORD = {CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 0, CYAML_UNLIMITED)};

static const cyaml_schema_field_t RESOURCE_FIELDS[] = {
  TEXT("type", NEEDED, struct resource_yaml, type),
  TEXT("count", NEEDED, struct resource_yaml, count),
  CYAML_FIELD_END,
};
static const cyaml_schema_value_t RESOURCE = {
  CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct resource_yaml, RESOURCE_FIELDS)};

static const cyaml_schema_field_t OVERHEAD_FIELDS[] = {
  TEXT("eps_s", OPTIONAL, struct overhead_yaml, eps_s),
  TEXT("eps_cp", OPTIONAL, struct overhead_yaml, eps_cp),
  TEXT("eps_gp", OPTIONAL, struct overhead_yaml, eps_gp),
  TEXT("eps_gm", OPTIONAL, struct overhead_yaml, eps_gm),
  CYAML_FIELD_END,
};

const cyaml_schema_field_t cr_platform_fields[] = {
  TEXT("name", NEEDED, struct platform_yaml, name),
  TEXT("about", OPTIONAL, struct platform_yaml, about),
  CYAML_FIELD_SEQUENCE_COUNT("cores", NEEDED, struct platform_yaml, cores, n_cores, &RESOURCE, 1, CYAML_UNLIMITED),
  CYAML_FIELD_SEQUENCE_COUNT("gpus", OPTIONAL, struct platform_yaml, gpus, n_gpus, &RESOURCE, 0, CYAML_UNLIMITED),
  CYAML_FIELD_MAPPING_PTR("overheads", OPTIONAL, struct platform_yaml, overheads, OVERHEAD_FIELDS),
  CYAML_FIELD_SEQUENCE_COUNT("traces", OPTIONAL, struct platform_yaml, traces, n_traces, &WORD, 1, CYAML_UNLIMITED),
  CYAML_FIELD_SEQUENCE_COUNT("models", OPTIONAL, struct platform_yaml, models, n_models, &cr_profile_schema, 1,
                             CYAML_UNLIMITED),
  CYAML_FIELD_END,
};

static const cyaml_schema_value_t PLATFORM = {
  CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct platform_yaml, cr_platform_fields)};

/* -- values -------------------------------------------------------------------------------------------------------- */

int cr_platform_at(const struct platform_reader *r, const char *path, int rc, struct cr_err *err)
{
  char place[400];
  return rc == CR_EINPUT ? cr_fail_in(err, rc, "%s", cr_yaml_where(r->y, path, place, sizeof place)) : rc;
}

int cr_platform_time(const struct platform_reader *r, const char *path, const char *text, cr_ns min_ns,
                     cr_ns fallback_ns, cr_ns *out, struct cr_err *err)
{
  cr_ns ns = fallback_ns;
  int rc = text ? cr_parse_ns(text, path, &ns, err) : CR_OK;
  if (rc)
    return cr_platform_at(r, path, rc, err);
  if (text && ns > CR_TASK_LONGEST_NS)
    return cr_yaml_fail(r->y, path, err, "%s: '%s' is too long; at most 5 h are allowed here", path, text);
  if (text && ns < min_ns)
    return cr_yaml_fail(r->y, path, err, "%s: '%s' is too short; it is at least 1 ns", path, text);
  *out = ns;
  return CR_OK;
}

int cr_platform_count(const struct platform_reader *r, const char *path, const char *text, int64_t max, int64_t *out,
                      struct cr_err *err)
{
  int64_t n;
  int rc = cr_parse_count(text, path, &n, err);
  if (rc)
    return cr_platform_at(r, path, rc, err);
  if (n < 1 || n > max)
    return cr_yaml_fail(r->y, path, err, "%s: '%s' is not possible; it is from 1 to %lld", path, text, (long long)max);
  *out = n;
  return CR_OK;
}

int cr_platform_word(const struct platform_reader *r, const char *path, const char *name, struct cr_err *err)
{
  size_t n = strlen(name);
  if (n > 0 && n <= 80 && !strpbrk(name, " \t\r\n[]=,\""))
    return CR_OK;
  return cr_yaml_fail(r->y, path, err,
                      "%s: '%s' is no name; it has 1 to 80 characters without blanks or any of [ ] = , \"", path, name);
}

int cr_platform_name(const struct platform_reader *r, const char *list, uint32_t i, const char *name,
                     const char *const *others, struct cr_err *err)
{
  char path[CR_PLATFORM_PATH];
  snprintf(path, sizeof path, "%s[%u]", list, i);
  int rc = cr_platform_word(r, path, name, err);
  for (uint32_t k = 0; !rc && k < i; k++)
    if (strcmp(others[k], name) == 0)
      rc = cr_yaml_fail(r->y, path, err, "%s: '%s' is the name of %s[%u] too; give each its own", path, name, list, k);
  return rc;
}

const char *cr_platform_inside(const char *path, const char *key, char buf[CR_PLATFORM_PATH])
{
  snprintf(buf, CR_PLATFORM_PATH, "%s%s%s", path, *path ? "." : "", key);
  return buf;
}

/* -- the platform -------------------------------------------------------------------------------------------------- */

static int count_resources(const struct platform_reader *r, const char *path, const struct resource_yaml *list,
                           uint32_t n, const char **name, uint32_t *count, uint32_t *sum, struct cr_err *err)
{
  char at[CR_PLATFORM_PATH + 32];
  *sum = 0;
  if (n > CR_PLATFORM_TYPE_MAX)
    return cr_yaml_fail(r->y, path, err, "%s: at most %d types can be listed", path, CR_PLATFORM_TYPE_MAX);
  for (uint32_t i = 0; i < n; i++) {
    int64_t number = 0;
    int rc = cr_platform_name(r, path, i, list[i].type, name, err);
    snprintf(at, sizeof at, "%s[%u].count", path, i);
    rc = rc ? rc : cr_platform_count(r, at, list[i].count, CR_PLATFORM_CORE_MAX, &number, err);
    if (rc)
      return rc;
    name[i] = cr_arena_text(r->arena, list[i].type);
    if (!name[i])
      return cr_fail_nomem(err, "a platform");
    count[i] = (uint32_t)number;
    *sum += count[i];
  }
  if (*sum > CR_PLATFORM_CORE_MAX)
    return cr_yaml_fail(r->y, path, err, "%s: at most %d can be there in all", path, CR_PLATFORM_CORE_MAX);
  return CR_OK;
}

static int build_cores(const struct platform_reader *r, const char *path, const struct platform_yaml *p,
                       struct cr_platform *out, struct cr_err *err)
{
  char list[CR_PLATFORM_PATH];
  const char *name[CR_PLATFORM_TYPE_MAX];
  uint32_t count[CR_PLATFORM_TYPE_MAX], slot = 0;
  int rc =
    count_resources(r, cr_platform_inside(path, "cores", list), p->cores, p->n_cores, name, count, &out->n_core, err);
  if (rc)
    return rc;
  struct cr_core_type *core = cr_arena_take(r->arena, p->n_cores, sizeof *core);
  for (uint32_t i = 0; core && i < p->n_cores; slot += count[i++])
    core[i] = (struct cr_core_type){name[i], count[i], slot};
  out->core = core;
  out->n_core_type = p->n_cores;
  return core ? CR_OK : cr_fail_nomem(err, "a platform");
}

static int build_gpus(const struct platform_reader *r, const char *path, const struct platform_yaml *p,
                      struct cr_platform *out, struct cr_err *err)
{
  char list[CR_PLATFORM_PATH];
  const char *name[CR_PLATFORM_TYPE_MAX];
  uint32_t count[CR_PLATFORM_TYPE_MAX];
  cr_platform_inside(path, "gpus", list);
  if (!p->n_gpus)
    return cr_yaml_fail(r->y, cr_yaml_has(r->y, list) ? list : path, err,
                        "the platform %s has no GPU; add gpus, such as - {type: gtx1080, count: 1}", p->name);
  int rc = count_resources(r, list, p->gpus, p->n_gpus, name, count, &out->n_gpu, err);
  if (rc)
    return rc;
  if (out->n_gpu > out->n_core)
    return cr_yaml_fail(r->y, list, err, "%s: there are %u GPUs but %u cores; each GPU needs a core of its own", list,
                        out->n_gpu, out->n_core);
  struct cr_gpu_type *gpu = cr_arena_take(r->arena, p->n_gpus, sizeof *gpu);
  for (uint32_t i = 0; gpu && i < p->n_gpus; i++)
    gpu[i] = (struct cr_gpu_type){name[i], count[i]};
  out->gpu = gpu;
  out->n_gpu_type = p->n_gpus;
  return gpu ? CR_OK : cr_fail_nomem(err, "a platform");
}

static int build_overheads(const struct platform_reader *r, const char *path, const struct overhead_yaml *o,
                           struct cr_stage_overhead *out, struct cr_err *err)
{
  if (!o)
    return CR_OK;
  char at[CR_PLATFORM_PATH];
  int rc = cr_platform_time(r, cr_platform_inside(path, "overheads.eps_s", at), o->eps_s, 0, 0, &out->notify_ns, err);
  rc = rc ? rc
          : cr_platform_time(r, cr_platform_inside(path, "overheads.eps_cp", at), o->eps_cp, 0, 0, &out->cpu_preempt_ns,
                             err);
  rc = rc ? rc
          : cr_platform_time(r, cr_platform_inside(path, "overheads.eps_gp", at), o->eps_gp, 0, 0, &out->gpu_preempt_ns,
                             err);
  return rc ? rc
            : cr_platform_time(r, cr_platform_inside(path, "overheads.eps_gm", at), o->eps_gm, 0, 0, &out->gpu_copy_ns,
                               err);
}

int cr_platform_build(const struct platform_reader *r, const char *path, const struct platform_yaml *p,
                      struct cr_platform *out, struct cr_err *err)
{
  struct cr_platform made = {.name = cr_arena_text(r->arena, p->name),
                             .about = cr_arena_text(r->arena, p->about ? p->about : "")};
  if (!made.name || !made.about)
    return cr_fail_nomem(err, "a platform");
  int rc = build_cores(r, path, p, &made, err);
  rc = rc ? rc : build_gpus(r, path, p, &made, err);
  rc = rc ? rc : build_overheads(r, path, p->overheads, &made.overhead, err);
  if (!rc)
    *out = made;
  return rc;
}

/* -- profiles ------------------------------------------------------------------------------------------------------ */

/* Every kind of node that the layer could be put on has its time. */
static int fill_layer(const struct cr_layer_table *t, const char *model, const char *layer, const char *place,
                      const struct cr_platform *p, cr_ns *slot_ns, struct cr_gpu_layer *gpu, struct cr_err *err)
{
  for (uint32_t c = 0; c < p->n_core_type; c++) {
    const struct cr_core_type *core = &p->core[c];
    uint32_t n_core = cr_node_config_cores_max(p, c);
    for (uint32_t m = 1; m <= core->count; m++) {
      const struct cr_layer_time *time = cr_layer_table_find(t, model, layer, core->name, m);
      if (!time && m <= n_core)
        return cr_fail(err, CR_EINPUT, "%s: layer '%s' has no time on %u %s; give times for 1 to %u", place, layer, m,
                       core->name, n_core);
      slot_ns[core->first_slot + m - 1] = time ? time->exec_ns : CR_NS_NEVER;
    }
  }
  for (uint32_t g = 0; g < p->n_gpu_type; g++) {
    const struct cr_layer_time *time = cr_layer_table_find(t, model, layer, p->gpu[g].name, 0);
    if (!time || time->exec_ns == CR_NS_NEVER)
      return cr_fail(err, CR_EINPUT, "%s: layer '%s' has no time on the GPU %s; add it, or a trace", place, layer,
                     p->gpu[g].name);
    gpu[g] = (struct cr_gpu_layer){time->hd_ns, time->exec_ns, time->misc_ns, time->dh_ns};
  }
  return CR_OK;
}

/* On every kind of node the layers together stay within what is computed with. */
static int check_sums(const struct platform_reader *r, const char *path, const struct cr_platform *p,
                      const struct cr_layer_profile *profile, struct cr_err *err)
{
  for (uint32_t s = 0; s < p->n_core + p->n_gpu_type; s++) {
    cr_ns sum = 0;
    for (uint32_t j = 0; j < profile->n_layer; j++) {
      cr_ns ns = s < p->n_core ? profile->cpu_ns[(size_t)j * p->n_core + s] : 0;
      if (s >= p->n_core) {
        const struct cr_gpu_layer *g = &profile->gpu[(size_t)j * p->n_gpu_type + s - p->n_core];
        ns = g->hd_ns + g->exec_ns + g->misc_ns + g->dh_ns;
      }
      sum = ns == CR_NS_NEVER ? sum : cr_ns_add(sum, ns);
    }
    if (sum > CR_TASK_LONGEST_NS)
      return cr_yaml_fail(r->y, path, err, "%s: its layers take longer than 5 h together", path);
  }
  return CR_OK;
}

/* The model's layers out of the table. */
static int fill_profile(const struct platform_reader *r, const char *path, const struct cr_layer_table *t,
                        const char *model, const struct cr_platform *p, struct cr_layer_profile *out,
                        struct cr_err *err)
{
  const char *layer, *place;
  uint32_t n = 0;
  while (cr_layer_table_layer(t, model, n, &place))
    n++;
  const char **name = cr_arena_take(r->arena, n, sizeof *name);
  cr_ns *cpu_ns = cr_arena_take(r->arena, (size_t)n * p->n_core, sizeof *cpu_ns);
  struct cr_gpu_layer *gpu = cr_arena_take(r->arena, (size_t)n * p->n_gpu_type, sizeof *gpu);
  if (!name || !cpu_ns || !gpu)
    return cr_fail_nomem(err, path);
  for (uint32_t j = 0; (layer = cr_layer_table_layer(t, model, j, &place)); j++) {
    int rc =
      fill_layer(t, model, layer, place, p, &cpu_ns[(size_t)j * p->n_core], &gpu[(size_t)j * p->n_gpu_type], err);
    if (rc)
      return rc;
    name[j] = cr_arena_text(r->arena, layer);
    if (!name[j])
      return cr_fail_nomem(err, path);
  }
  out->n_layer = n;
  out->layer_name = name;
  out->cpu_ns = cpu_ns;
  out->gpu = gpu;
  return check_sums(r, path, p, out, err);
}

int cr_platform_layers(const struct platform_reader *r, const char *path, const struct layer_yaml *layers,
                       uint32_t n_layers, const struct cr_platform *p, struct cr_layer_profile *out, struct cr_err *err)
{
  struct cr_layer_table *t = cr_layer_table_new(out->name);
  int rc = t ? cr_layers_yaml_read(r, path, out->name, layers, n_layers, p, t, err) : cr_fail_nomem(err, path);
  rc = rc ? rc : fill_profile(r, path, t, out->name, p, out, err);
  cr_layer_table_free(t);
  return rc;
}

int cr_platform_models(const struct platform_reader *r, const char *path, const struct profile_yaml *models,
                       uint32_t n_models, const struct cr_platform *p, struct cr_platform_desc *desc,
                       struct cr_err *err)
{
  char list[CR_PLATFORM_PATH], at[CR_PLATFORM_PATH + 32];
  cr_platform_inside(path, "models", list);
  uint32_t n_before = desc->n_profile;
  struct cr_layer_profile *profile = cr_arena_take(r->arena, n_before + (size_t)n_models, sizeof *profile);
  const char **name = cr_arena_take(r->arena, n_models, sizeof *name);
  if (!profile || !name)
    return cr_fail_nomem(err, list);
  for (uint32_t i = 0; i < n_before; i++)
    profile[i] = desc->profile[i];
  for (uint32_t i = 0; i < n_models; i++) {
    struct cr_layer_profile *out = &profile[n_before + i];
    int rc = cr_platform_name(r, list, i, models[i].name, name, err);
    snprintf(at, sizeof at, "%.100s[%u]", list, i);
    for (uint32_t k = 0; !rc && k < n_before; k++)
      if (strcmp(profile[k].name, models[i].name) == 0)
        rc = cr_yaml_fail(r->y, at, err, "%s: the platform %s has a model '%s' too; give this one another name", at,
                          p->name, models[i].name);
    if (rc)
      return rc;
    out->name = name[i] = cr_arena_text(r->arena, models[i].name);
    out->source = cr_arena_text(r->arena, models[i].source ? models[i].source : "");
    if (!out->name || !out->source)
      return cr_fail_nomem(err, at);
    struct cr_layer_table *t = cr_layer_table_new(out->name);
    rc = t ? cr_model_yaml_read(r, at, &models[i], p, t, err) : cr_fail_nomem(err, at);
    rc = rc ? rc : fill_profile(r, at, t, out->name, p, out, err);
    cr_layer_table_free(t);
    if (rc)
      return rc;
  }
  desc->profile = profile;
  desc->n_profile = n_before + n_models;
  return CR_OK;
}

int cr_platform_stores(struct platform_reader *r, const char *path, char *const *traces, uint32_t n_traces,
                       struct cr_err *err)
{
  const char **store = cr_arena_take(r->arena, n_traces, sizeof *store);
  if (!store)
    return cr_fail_nomem(err, path);
  for (uint32_t i = 0; i < n_traces; i++) {
    size_t n = strlen(r->folder) + strlen(traces[i]) + 1;
    char *file = cr_arena_take(r->arena, n, 1);
    if (!file)
      return cr_fail_nomem(err, path);
    snprintf(file, n, "%s%s", *traces[i] == '/' ? "" : r->folder, traces[i]);
    store[i] = file;
  }
  r->store = store;
  r->n_store = n_traces;
  return CR_OK;
}

int cr_platform_load(const char *name, struct cr_arena *arena, struct cr_platform_desc *out, struct cr_err *err)
{
  struct cr_yaml *y = NULL;
  void *data = NULL;
  const char *path;
  struct cr_platform_desc made = {0};
  int rc = cr_datadir_resolve("platform", "platforms", name, arena, &path, err);
  rc = rc ? rc : cr_yaml_read(path, &y, err);
  rc = rc ? rc : cr_yaml_load(y, &PLATFORM, &data, err);
  if (!rc) {
    const struct platform_yaml *p = data;
    struct platform_reader r = {.y = y, .arena = arena, .folder = cr_layers_yaml_folder(arena, path)};
    rc = r.folder ? cr_platform_stores(&r, "", p->traces, p->n_traces, err) : cr_fail_nomem(err, path);
    rc = rc ? rc : cr_platform_build(&r, "", p, &made.platform, err);
    rc = rc ? rc : cr_platform_models(&r, "", p->models, p->n_models, &made.platform, &made, err);
  }
  if (!rc)
    *out = made;
  cr_yaml_unload(&PLATFORM, data);
  cr_yaml_free(y);
  return rc;
}
