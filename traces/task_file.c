/* task_file.c - reads the tasks that `corun plan` places. */
#include "config.h"

#include "traces/task_file.h"

#include "plan/node_config.h"
#include "sim/nearest.h"
#include "sim/unit.h"
#include "traces/datadir.h"
#include "traces/platform_int.h"

#include <stdio.h>
#include <string.h>

/* -- the file as libcyaml reads it --------------------------------------------------------------------------------- */

struct task_yaml {
  char *name, *class, *model, *period, *deadline, *weight, *batch;
  struct layer_yaml *layers;
  uint32_t n_layers;
};

struct tasks_yaml {
  char *about;
  struct platform_yaml *platform;
  struct profile_yaml *models;
  struct task_yaml *tasks;
  char **traces;
  uint32_t n_models, n_tasks, n_traces;
};

#define NEEDED CYAML_FLAG_POINTER
#define OPTIONAL (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)
#define TEXT(key, flags, type, member) CYAML_FIELD_STRING_PTR(key, flags, type, member, 0, CYAML_UNLIMITED)

static const cyaml_schema_value_t WORD = {CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 0, CYAML_UNLIMITED)};

static const cyaml_schema_field_t TASK_FIELDS[] = {
  TEXT("name", NEEDED, struct task_yaml, name),
  TEXT("class", NEEDED, struct task_yaml, class),
  TEXT("model", OPTIONAL, struct task_yaml, model),
  CYAML_FIELD_SEQUENCE_COUNT("layers", OPTIONAL, struct task_yaml, layers, n_layers, &cr_layer_schema, 1,
                             CYAML_UNLIMITED),
  TEXT("period", OPTIONAL, struct task_yaml, period),
  TEXT("deadline", OPTIONAL, struct task_yaml, deadline),
  TEXT("weight", OPTIONAL, struct task_yaml, weight),
  TEXT("batch", OPTIONAL, struct task_yaml, batch),
  CYAML_FIELD_END,
};
static const cyaml_schema_value_t TASK = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct task_yaml, TASK_FIELDS)};

static const cyaml_schema_field_t TASKS_FIELDS[] = {
  TEXT("about", OPTIONAL, struct tasks_yaml, about),
  CYAML_FIELD_MAPPING_PTR("platform", OPTIONAL, struct tasks_yaml, platform, cr_platform_fields),
  CYAML_FIELD_SEQUENCE_COUNT("traces", OPTIONAL, struct tasks_yaml, traces, n_traces, &WORD, 1, CYAML_UNLIMITED),
  CYAML_FIELD_SEQUENCE_COUNT("models", OPTIONAL, struct tasks_yaml, models, n_models, &cr_profile_schema, 1,
                             CYAML_UNLIMITED),
  CYAML_FIELD_SEQUENCE_COUNT("tasks", NEEDED, struct tasks_yaml, tasks, n_tasks, &TASK, 1, CYAML_UNLIMITED),
  CYAML_FIELD_END,
};
static const cyaml_schema_value_t TASKS = {CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct tasks_yaml, TASKS_FIELDS)};

/* -- platform and models ------------------------------------------------------------------------------------------- */

struct task_reader {
  struct platform_reader in;
  struct cr_platform_desc desc; /* with the models of the task file behind its own */
};

/* A path that the file names is relative to its folder. */
static int beside(const char *file, const char *name, struct cr_arena *arena, const char **out, struct cr_err *err)
{
  const char *slash = strrchr(file, '/');
  size_t n = strlen(name), n_folder = slash ? (size_t)(slash - file) + 1 : 0;
  int is_file = strchr(name, '/') || (n > 5 && strcmp(name + n - 5, ".yaml") == 0);
  *out = name;
  if (!is_file || *name == '/' || !n_folder)
    return CR_OK;
  char *path = cr_arena_take(arena, n_folder + n + 1, 1);
  if (!path)
    return cr_fail_nomem(err, name);
  memcpy(path, file, n_folder);
  memcpy(path + n_folder, name, n + 1);
  *out = path;
  return CR_OK;
}

/* A platform that is named, loaded and taken out of the document, so that what stays is what the schema says. */
static int load_named(struct task_reader *t, struct cr_yaml *y, const char *file, struct cr_err *err)
{
  const char *name = cr_yaml_scalar(y, "platform"), *path;
  if (!cr_yaml_has(y, "platform"))
    return cr_yaml_fail(y, "", err, "'platform' is missing; add it: a name, a file, or cores and gpus");
  if (!name)
    return CR_OK;
  int rc = beside(file, name, t->in.arena, &path, err);
  rc = rc ? rc : cr_platform_at(&t->in, "platform", cr_platform_load(path, t->in.arena, &t->desc, err), err);
  return rc ? rc : cr_yaml_set(y, "platform=", "", err);
}

static int build_platform(struct task_reader *t, const struct tasks_yaml *data, struct cr_err *err)
{
  const struct platform_yaml *p = data->platform;
  int rc = CR_OK;
  if (p) {
    rc = cr_platform_stores(&t->in, "platform", p->traces, p->n_traces, err);
    rc = rc ? rc : cr_platform_build(&t->in, "platform", p, &t->desc.platform, err);
    rc = rc ? rc : cr_platform_models(&t->in, "platform", p->models, p->n_models, &t->desc.platform, &t->desc, err);
  }
  rc = rc ? rc : cr_platform_stores(&t->in, "", data->traces, data->n_traces, err);
  return rc ? rc : cr_platform_models(&t->in, "", data->models, data->n_models, &t->desc.platform, &t->desc, err);
}

static int find_model(const struct task_reader *t, const char *path, const char *name,
                      const struct cr_layer_profile **out, struct cr_err *err)
{
  const char *known[256] = {0};
  uint32_t n = 0;
  for (uint32_t i = 0; i < t->desc.n_profile; i++) {
    if (strcmp(t->desc.profile[i].name, name) == 0) {
      *out = &t->desc.profile[i];
      return CR_OK;
    }
    if (n < sizeof known / sizeof known[0])
      known[n++] = t->desc.profile[i].name;
  }
  const char *near = cr_nearest(name, known, n);
  if (near)
    return cr_yaml_fail(t->in.y, path, err, "%s: there is no model '%s'; did you mean '%s'?", path, name, near);
  struct cr_text list = {0};
  for (uint32_t i = 0; i < n; i++)
    cr_text_add(&list, "%s%s", i ? ", " : "", known[i]);
  int rc = cr_yaml_fail(t->in.y, path, err, "%s: there is no model '%s'; there are: %s", path, name,
                        list.s ? list.s : "none, give layers instead");
  cr_text_fini(&list);
  return rc;
}

/* -- tasks --------------------------------------------------------------------------------------------------------- */

/* The place of a member of the i-th task. */
static const char *member(uint32_t i, const char *key, char buf[CR_PLATFORM_PATH])
{
  snprintf(buf, CR_PLATFORM_PATH, "tasks[%u]%s%s", i, *key ? "." : "", key);
  return buf;
}

static int read_class(const struct task_reader *t, uint32_t i, const struct task_yaml *y, struct cr_plan_task *out,
                      struct cr_err *err)
{
  char path[CR_PLATFORM_PATH];
  out->is_rt = strcmp(y->class, "rt") == 0;
  if (!out->is_rt && strcmp(y->class, "be") != 0)
    return cr_yaml_fail(t->in.y, member(i, "class", path), err, "%s: there is no class '%s'; there are: rt, be", path,
                        y->class);
  const char *wrong = out->is_rt ? (y->batch ? "batch" : NULL) : y->deadline ? "deadline" : y->weight ? "weight" : NULL;
  if (wrong)
    return cr_yaml_fail(t->in.y, member(i, wrong, path), err, "%s: a task of class %s has no %s; remove it", path,
                        y->class, wrong);
  return CR_OK;
}

static int read_times(const struct task_reader *t, uint32_t i, const struct task_yaml *y, struct cr_plan_task *out,
                      struct cr_err *err)
{
  char path[CR_PLATFORM_PATH];
  if (!y->period)
    return cr_yaml_fail(t->in.y, member(i, "", path), err, "%s: %s has no period; add it, such as period: 100ms", path,
                        y->name);
  int rc = cr_platform_time(&t->in, member(i, "period", path), y->period, 1, 0, &out->period_ns, err);
  if (rc)
    return rc;
  out->deadline_ns = CR_NS_NEVER;
  if (!out->is_rt)
    return CR_OK;
  member(i, "deadline", path);
  rc = cr_platform_time(&t->in, path, y->deadline, 1, out->period_ns, &out->deadline_ns, err);
  if (!rc && out->deadline_ns > out->period_ns)
    rc = cr_yaml_fail(t->in.y, path, err, "%s: '%s' is beyond the period %s; the analysis holds for deadlines up to it",
                      path, y->deadline, y->period);
  return rc;
}

static int read_numbers(const struct task_reader *t, uint32_t i, const struct task_yaml *y, struct cr_plan_task *out,
                        struct cr_err *err)
{
  char path[CR_PLATFORM_PATH];
  int rc = CR_OK;
  out->weight = out->batch = 1;
  if (y->weight)
    rc = cr_platform_count(&t->in, member(i, "weight", path), y->weight, CR_TASK_WEIGHT_MAX, &out->weight, err);
  if (!rc && y->batch)
    rc = cr_platform_count(&t->in, member(i, "batch", path), y->batch, CR_TASK_BATCH_MAX, &out->batch, err);
  return rc;
}

static int read_model(const struct task_reader *t, uint32_t i, const struct task_yaml *y, struct cr_plan_task *out,
                      struct cr_err *err)
{
  char path[CR_PLATFORM_PATH];
  if (!y->model == !y->n_layers)
    return cr_yaml_fail(t->in.y, member(i, "", path), err, "%s: %s %s", path, y->name,
                        y->model ? "has a model and layers; remove one of them" : "has no model; add it, or layers");
  if (y->model)
    return find_model(t, member(i, "model", path), y->model, &out->profile, err);
  struct cr_layer_profile *profile = cr_arena_take(t->in.arena, 1, sizeof *profile);
  if (!profile)
    return cr_fail_nomem(err, y->name);
  profile->name = out->name;
  profile->source = "";
  out->profile = profile;
  return cr_platform_layers(&t->in, member(i, "", path), y->layers, y->n_layers, &t->desc.platform, profile, err);
}

/* The shortest that a layer takes on any node: copies of a GPU apart, which may be those of the layers around it. */
static cr_ns shortest(const struct cr_layer_profile *profile, const struct cr_platform *p, uint32_t layer)
{
  cr_ns least = CR_NS_NEVER;
  for (uint32_t c = 0; c < p->n_core_type; c++)
    for (uint32_t m = 0; m < cr_node_config_cores_max(p, c); m++)
      least = cr_min_ns(least, profile->cpu_ns[(size_t)layer * p->n_core + p->core[c].first_slot + m]);
  for (uint32_t g = 0; g < p->n_gpu_type; g++) {
    const struct cr_gpu_layer *l = &profile->gpu[(size_t)layer * p->n_gpu_type + g];
    least = cr_min_ns(least, l->exec_ns + l->misc_ns);
  }
  return least;
}

/* A layer is never divided: one that takes longer than the period everywhere overloads whatever node it is put on. */
static int check_load(const struct task_reader *t, uint32_t i, const struct task_yaml *y,
                      const struct cr_plan_task *task, struct cr_err *err)
{
  char path[CR_PLATFORM_PATH], took[32];
  for (uint32_t j = 0; j < task->profile->n_layer; j++) {
    cr_ns least = shortest(task->profile, &t->desc.platform, j);
    if (least > task->period_ns)
      return cr_yaml_fail(
        t->in.y, member(i, "period", path), err,
        "%s: layer '%s' of %s takes %s or more on any node, %.1f %% of this period of %s; no node can carry it", path,
        task->profile->layer_name[j], y->name, cr_format_ns(least, took, sizeof took),
        100 * (double)least / (double)task->period_ns, y->period);
  }
  return CR_OK;
}

static int read_task(const struct task_reader *t, uint32_t i, const struct task_yaml *y, struct cr_plan_task *out,
                     struct cr_err *err)
{
  out->name = cr_arena_text(t->in.arena, y->name);
  if (!out->name)
    return cr_fail_nomem(err, y->name);
  int rc = read_class(t, i, y, out, err);
  rc = rc ? rc : read_times(t, i, y, out, err);
  rc = rc ? rc : read_numbers(t, i, y, out, err);
  rc = rc ? rc : read_model(t, i, y, out, err);
  return rc ? rc : check_load(t, i, y, out, err);
}

static int build_tasks(struct task_reader *t, const struct tasks_yaml *data, struct cr_task_set *out,
                       struct cr_err *err)
{
  if (data->n_tasks > CR_TASK_MAX)
    return cr_yaml_fail(t->in.y, "tasks", err, "tasks: at most %d can be listed", CR_TASK_MAX);
  struct cr_plan_task *task = cr_arena_take(t->in.arena, data->n_tasks, sizeof *task);
  const char **name = cr_arena_take(t->in.arena, data->n_tasks, sizeof *name);
  if (!task || !name)
    return cr_fail_nomem(err, "tasks");
  for (uint32_t i = 0; i < data->n_tasks; i++) {
    int rc = cr_platform_name(&t->in, "tasks", i, data->tasks[i].name, name, err);
    rc = rc ? rc : read_task(t, i, &data->tasks[i], &task[i], err);
    if (rc)
      return rc;
    name[i] = task[i].name;
    out->n_rt += (uint32_t)task[i].is_rt;
  }
  if (!out->n_rt)
    return cr_yaml_fail(t->in.y, "tasks", err, "tasks: none is of class rt; there is nothing to guarantee");
  out->task = task;
  out->n_task = data->n_tasks;
  return CR_OK;
}

static int build(struct task_reader *t, const struct tasks_yaml *data, struct cr_task_set *out, struct cr_err *err)
{
  int rc = build_platform(t, data, err);
  rc = rc ? rc : build_tasks(t, data, out, err);
  struct cr_platform *platform = cr_arena_take(t->in.arena, 1, sizeof *platform);
  out->about = cr_arena_text(t->in.arena, data->about ? data->about : "");
  if (!rc && (!platform || !out->about))
    rc = cr_fail_nomem(err, "tasks");
  if (rc)
    return rc;
  *platform = t->desc.platform;
  out->platform = platform;
  return CR_OK;
}

/* File name without folder and .yaml. */
static const char *base_name(const char *path, struct cr_arena *arena)
{
  const char *slash = strrchr(path, '/');
  char *name = cr_arena_text(arena, slash ? slash + 1 : path);
  char *dot = name ? strrchr(name, '.') : NULL;
  if (dot && dot != name)
    *dot = '\0';
  return name;
}

int cr_task_file_load(const char *name, struct cr_arena *arena, struct cr_task_set *out, struct cr_err *err)
{
  struct cr_yaml *y = NULL;
  void *data = NULL;
  const char *path;
  struct cr_task_set made = {0};
  struct task_reader t = {.in = {.arena = arena}};
  int rc = cr_datadir_resolve("task set", "tasks", name, arena, &path, err);
  rc = rc ? rc : cr_yaml_read(path, &y, err);
  t.in.y = y;
  if (!rc && !(t.in.folder = cr_layers_yaml_folder(arena, path)))
    rc = cr_fail_nomem(err, path);
  rc = rc ? rc : load_named(&t, y, path, err);
  rc = rc ? rc : cr_yaml_load(y, &TASKS, &data, err);
  if (!rc && !(made.name = base_name(path, arena)))
    rc = cr_fail_nomem(err, path);
  rc = rc ? rc : build(&t, data, &made, err);
  if (!rc)
    *out = made;
  cr_yaml_unload(&TASKS, data);
  cr_yaml_free(y);
  return rc;
}
