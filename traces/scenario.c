/* scenario.c - reads a scenario file: device, policies, how long, and the clients with their models.
 *
 * The file is YAML, first changed as --set says, then checked against the schema below by libcyaml, which leaves
 * every value as text; the values are parsed here, where the unit and the range of each are known, and each error
 * names the place the value came from.  `device` and `model` hold keys of others (the device file's, the device
 * model's) and are passed on. */
#include "config.h"

#include "traces/scenario.h"

#include "sim/text.h"
#include "sim/unit.h"
#include "traces/datadir.h"
#include "traces/device_file.h"
#include "traces/scenario_int.h"
#include "traces/yaml_load.h"

#include <stdio.h>
#include <string.h>

enum { CLIENTS_MAX = 4096, POLICIES_MAX = 256, STORES_MAX = 64, SET_MAX = 128 };

static const cr_ns WARMUP_MAX_NS = 100000000; /* by default; closed clients settle in a few requests */
static const char DEVICE_DEFAULT[] = "h200";

struct scenario_yaml {
  char *about, *duration, *warmup, *seed, **policies, **traces, **undivided;
  struct client_yaml *clients;
  struct jobs_yaml *jobs;
  struct node_yaml *nodes;
  char *layers;                /* a table's name; or */
  struct profile_yaml *models; /* as layers, too */
  uint32_t n_policies, n_traces, n_clients, n_nodes, n_models, n_undivided;
};

#define NEEDED CYAML_FLAG_POINTER
#define OPTIONAL (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)

static const cyaml_schema_value_t WORD = {CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 0, CYAML_UNLIMITED)};

#define CLIENT_WORD(key, flags) CYAML_FIELD_STRING_PTR(#key, flags, struct client_yaml, key, 0, CYAML_UNLIMITED)

static const cyaml_schema_field_t CLIENT_FIELDS[] = {
  CLIENT_WORD(name, OPTIONAL),
  CLIENT_WORD(model, NEEDED),
  CLIENT_WORD(class, OPTIONAL),
  CLIENT_WORD(priority, OPTIONAL),
  CLIENT_WORD(weight, OPTIONAL),
  CLIENT_WORD(deadline, OPTIONAL),
  CLIENT_WORD(bound, OPTIONAL),
  CLIENT_WORD(max_requests, OPTIONAL),
  CLIENT_WORD(copies, OPTIONAL),
  CLIENT_WORD(thread, OPTIONAL),
  CLIENT_WORD(sync, OPTIONAL),
  CLIENT_WORD(arrival, OPTIONAL),
  CLIENT_WORD(depth, OPTIONAL),
  CLIENT_WORD(rate, OPTIONAL),
  CLIENT_WORD(phase, OPTIONAL),
  CLIENT_WORD(file, OPTIONAL),
  CLIENT_WORD(scale, OPTIONAL),
  CLIENT_WORD(late, OPTIONAL),
  CLIENT_WORD(iterations, OPTIONAL),
  CLIENT_WORD(submit, OPTIONAL),
  CLIENT_WORD(startup, OPTIONAL),
  CLIENT_WORD(think, OPTIONAL),
  CLIENT_WORD(declared, OPTIONAL),
  CLIENT_WORD(actual, OPTIONAL),
  CLIENT_WORD(period, OPTIONAL),
  CLIENT_WORD(join, OPTIONAL),
  CLIENT_WORD(batch, OPTIONAL),
  CYAML_FIELD_SEQUENCE_COUNT("times", OPTIONAL, struct client_yaml, times, n_times, &WORD, 1, CYAML_UNLIMITED),
  CYAML_FIELD_SEQUENCE_COUNT("merge", OPTIONAL, struct client_yaml, merge, n_merge, &WORD, 1, CYAML_UNLIMITED),
  CYAML_FIELD_SEQUENCE_COUNT("after", OPTIONAL, struct client_yaml, after, n_after, &WORD, 1, CYAML_UNLIMITED),
  CYAML_FIELD_SEQUENCE_COUNT("stages", OPTIONAL, struct client_yaml, stages, n_stages, &WORD, 1, CYAML_UNLIMITED),
  CYAML_FIELD_END,
};

static const cyaml_schema_value_t CLIENT = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct client_yaml, CLIENT_FIELDS)};

#define JOBS_WORD(key) CYAML_FIELD_STRING_PTR(#key, OPTIONAL, struct jobs_yaml, key, 0, CYAML_UNLIMITED)

static const cyaml_schema_field_t JOBS_FIELDS[] = {
  JOBS_WORD(file),
  JOBS_WORD(models),
  JOBS_WORD(memory),
  JOBS_WORD(startup),
  JOBS_WORD(think),
  JOBS_WORD(declared),
  JOBS_WORD(skip_bad),
  JOBS_WORD(gpus),
  CYAML_FIELD_SEQUENCE_COUNT("mix", OPTIONAL, struct jobs_yaml, mix, n_mix, &WORD, 1, CYAML_UNLIMITED),
  CYAML_FIELD_END,
};

#define NODE_WORD(key, flags) CYAML_FIELD_STRING_PTR(#key, flags, struct node_yaml, key, 0, CYAML_UNLIMITED)

static const cyaml_schema_field_t NODE_FIELDS[] = {
  NODE_WORD(name, NEEDED),          NODE_WORD(cores, OPTIONAL),    NODE_WORD(type, OPTIONAL),
  NODE_WORD(gpu, OPTIONAL),         NODE_WORD(notify, OPTIONAL),   NODE_WORD(cpu_preempt, OPTIONAL),
  NODE_WORD(gpu_preempt, OPTIONAL), NODE_WORD(gpu_copy, OPTIONAL), NODE_WORD(follow, OPTIONAL), CYAML_FIELD_END,
};

static const cyaml_schema_value_t NODE = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct node_yaml, NODE_FIELDS)};

#define SCENARIO_WORD(key, flags) CYAML_FIELD_STRING_PTR(#key, flags, struct scenario_yaml, key, 0, CYAML_UNLIMITED)
#define SCENARIO_LIST(key, flags, entry) \
  CYAML_FIELD_SEQUENCE_COUNT(#key, flags, struct scenario_yaml, key, n_##key, &entry, 1, CYAML_UNLIMITED)

#define SCENARIO_FIELDS(layers) \
  { \
    SCENARIO_WORD(about, OPTIONAL), SCENARIO_WORD(duration, OPTIONAL), SCENARIO_WORD(warmup, OPTIONAL), \
      SCENARIO_WORD(seed, OPTIONAL), SCENARIO_LIST(policies, OPTIONAL, WORD), SCENARIO_LIST(traces, OPTIONAL, WORD), \
      SCENARIO_LIST(clients, OPTIONAL, CLIENT), SCENARIO_LIST(nodes, OPTIONAL, NODE), SCENARIO_LIST(undivided, OPTIONAL, WORD), layers, \
      CYAML_FIELD_MAPPING_PTR("jobs", OPTIONAL, struct scenario_yaml, jobs, JOBS_FIELDS), \
      CYAML_FIELD_IGNORE("device", CYAML_FLAG_OPTIONAL), CYAML_FIELD_IGNORE("model", CYAML_FLAG_OPTIONAL), \
      CYAML_FIELD_END, \
  }

/* `layers` is one word or a list of models, and a schema knows one of them. */
static const cyaml_schema_field_t TABLE_FIELDS[] = SCENARIO_FIELDS(SCENARIO_WORD(layers, OPTIONAL));
static const cyaml_schema_field_t INLINE_FIELDS[] = SCENARIO_FIELDS(CYAML_FIELD_SEQUENCE_COUNT(
  "layers", OPTIONAL, struct scenario_yaml, models, n_models, &cr_profile_schema, 1, CYAML_UNLIMITED));

static const cyaml_schema_value_t SCENARIO_OF_TABLE = {
  CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct scenario_yaml, TABLE_FIELDS)};
static const cyaml_schema_value_t SCENARIO_INLINE = {
  CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct scenario_yaml, INLINE_FIELDS)};

/* A scenario and all it owns. */
struct whole {
  struct cr_scenario s;
  struct cr_arena *arena;
  struct cr_workload_builder *builder;
  struct cr_device_desc device;
  struct cr_machine machine;
};

/* -- helpers of scenario_int.h ------------------------------------------------------------------------------------- */

const char *cr_scenario_path(const struct scenario_reader *r, const char *path)
{
  if (*path == '/' || !*r->folder)
    return cr_arena_text(r->arena, path);
  size_t n = strlen(r->folder) + strlen(path) + 1;
  char *joined = cr_arena_take(r->arena, n, 1);
  if (joined)
    snprintf(joined, n, "%s%s", r->folder, path);
  return joined;
}

int cr_scenario_at(const struct scenario_reader *r, const char *path, int rc, struct cr_err *err)
{
  char place[400];
  return rc == CR_EINPUT ? cr_fail_in(err, rc, "%s", cr_yaml_where(r->y, path, place, sizeof place)) : rc;
}

int cr_scenario_count(const struct scenario_reader *r, const char *path, const char *text, int64_t min, int64_t max,
                      int64_t *out, struct cr_err *err)
{
  int64_t value = 0;
  int rc = cr_parse_count(text, path, &value, err);
  if (rc)
    return cr_scenario_at(r, path, rc, err);
  if (value < min || value > max)
    return cr_yaml_fail(r->y, path, err, "%s: '%s' is not possible; it must be from %lld to %lld", path, text,
                        (long long)min, (long long)max);
  *out = value;
  return CR_OK;
}

int cr_scenario_time(const struct scenario_reader *r, const char *path, const char *text, cr_ns min_ns, cr_ns *out,
                     struct cr_err *err)
{
  cr_ns value = 0;
  int rc = cr_parse_ns(text, path, &value, err);
  if (rc)
    return cr_scenario_at(r, path, rc, err);
  if (value < min_ns)
    return cr_yaml_fail(r->y, path, err, "%s: '%s' must be longer than 0", path, text);
  if (value > CR_LONGEST_NS)
    return cr_yaml_fail(r->y, path, err, "%s: '%s' is longer than a year; is the unit right?", path, text);
  *out = value;
  return CR_OK;
}

int cr_scenario_answer(const struct scenario_reader *r, const char *path, const char *text, int *out,
                       struct cr_err *err)
{
  *out = strcmp(text, "yes") == 0;
  if (*out || strcmp(text, "no") == 0)
    return CR_OK;
  return cr_yaml_fail(r->y, path, err, "%s: '%s' is neither yes nor no", path, text);
}

/* -- parts --------------------------------------------------------------------------------------------------------- */

/* -d, then each --set; a device or policies written as one word become what the schema knows. */
static int apply_sets(struct cr_yaml *y, const struct cr_scenario_options *opt, struct cr_err *err)
{
  struct cr_text device = {0};
  int rc = CR_OK;
  if (opt->device) {
    cr_text_add(&device, "device=%s", opt->device);
    rc = device.failed ? cr_fail_nomem(err, opt->device) : cr_yaml_set(y, device.s, "-d", err);
    cr_text_fini(&device);
  }
  for (uint32_t i = 0; !rc && i < opt->n_set; i++) {
    rc = cr_yaml_wrap(y, "device", "name", err);
    rc = rc ? rc : cr_yaml_set(y, opt->set[i], "--set", err);
  }
  rc = rc ? rc : cr_yaml_wrap(y, "device", "name", err);
  rc = rc ? rc : cr_yaml_wrap(y, "policies", NULL, err);
  rc = rc ? rc : cr_yaml_wrap(y, "undivided", NULL, err);
  rc = rc ? rc : cr_yaml_wrap(y, "jobs", "file", err);
  rc = rc ? rc : cr_yaml_wrap(y, "jobs.mix", NULL, err);
  return rc ? rc : cr_yaml_wrap(y, "traces", NULL, err);
}

/* "key=value" of the i-th entry of a mapping of others' keys, nested ones as "outer.key=value", in the arena. */
static int entry_text(const struct scenario_reader *r, const char *path, const char *outer, uint32_t i,
                      const char **out, struct cr_err *err)
{
  const char *key, *value;
  cr_yaml_entry(r->y, path, i, &key, &value);
  if (!value || strpbrk(value, ",="))
    return cr_yaml_fail(r->y, path, err, "%s.%s: a single value is expected here", path, key);
  size_t n = strlen(outer) + strlen(key) + strlen(value) + 3;
  char *text = cr_arena_take(r->arena, n, 1);
  if (!text)
    return cr_fail_nomem(err, path);
  snprintf(text, n, "%s%s%s=%s", outer, *outer ? "." : "", key, value);
  *out = text;
  return CR_OK;
}

/* The same of a list, the device's only one: "carveouts=[8KiB,16KiB]". */
static int list_text(const struct scenario_reader *r, const char *path, const char *key, const char **out,
                     struct cr_err *err)
{
  struct cr_text all = {0};
  char list[200];
  int rc = CR_OK;
  snprintf(list, sizeof list, "%s.%s", path, key);
  cr_text_add(&all, "%s=[", key);
  for (uint32_t k = 0; !rc && k < cr_yaml_count(r->y, list); k++) {
    const char *inner, *value;
    cr_yaml_entry(r->y, list, k, &inner, &value);
    if (!value || *inner || strpbrk(value, ",=[]{}"))
      rc = cr_yaml_fail(r->y, list, err, "%s: a list of values is expected here, such as [8KiB, 16KiB]", list);
    else
      cr_text_add(&all, "%s%s", k ? "," : "", value);
  }
  cr_text_add(&all, "]");
  *out = !rc && !all.failed ? cr_arena_text(r->arena, all.s) : NULL;
  cr_text_fini(&all);
  return rc || *out ? rc : cr_fail_nomem(err, path);
}

/* The overrides of `device`: every key but name, and those of its constants. */
static int device_sets(const struct scenario_reader *r, const char *set[SET_MAX], uint32_t *n_set, struct cr_err *err)
{
  static const char *const WHERE[] = {"device", "device.constants"}, *const OUTER[] = {"", "constants"};
  for (int part = 0; part < 2; part++)
    for (uint32_t i = 0; i < cr_yaml_count(r->y, WHERE[part]); i++) {
      const char *key, *value;
      cr_yaml_entry(r->y, WHERE[part], i, &key, &value);
      if (part == 0 && (strcmp(key, "name") == 0 || (!value && strcmp(key, "constants") == 0)))
        continue;
      if (*n_set == SET_MAX)
        return cr_yaml_fail(r->y, "device", err, "device: has more keys than any device");
      int is_list = part == 0 && !value && strcmp(key, "carveouts") == 0;
      int rc = is_list ? list_text(r, WHERE[part], key, &set[*n_set], err)
                       : entry_text(r, WHERE[part], OUTER[part], i, &set[*n_set], err);
      if (rc)
        return rc;
      ++*n_set;
    }
  return CR_OK;
}

/* A device file is looked for beside the scenario that names it, and from where we are when -d or --set does. */
static int load_device(const struct scenario_reader *r, struct cr_device_desc *out, struct cr_err *err)
{
  const char *set[SET_MAX];
  uint32_t n_set = 0;
  if (cr_yaml_has(r->y, "device") && !cr_yaml_count(r->y, "device"))
    return cr_yaml_fail(r->y, "device", err, "device: a name, a file, or lines such as `sms: 66` are expected here");
  int rc = device_sets(r, set, &n_set, err);
  if (rc)
    return rc;
  const char *name = cr_yaml_scalar(r->y, "device.name");
  if (cr_yaml_has(r->y, "device.name") && !name)
    return cr_yaml_fail(r->y, "device.name", err, "device.name: a single value is expected here");
  name = name ? name : DEVICE_DEFAULT;
  size_t n = strlen(name);
  int is_file = strchr(name, '/') || (n > 5 && strcmp(name + n - 5, ".yaml") == 0);
  if (is_file && !cr_yaml_is_set(r->y, "device.name") && !(name = cr_scenario_path(r, name)))
    return cr_fail_nomem(err, "a path");
  return cr_scenario_at(r, "device", cr_device_load(name, set, n_set, r->arena, out, err), err);
}

/* `model` as the text that the backend takes; each entry is tried, so that an error has its place. */
static int load_model_set(const struct scenario_reader *r, const char **out, struct cr_err *err)
{
  struct cr_text all = {0};
  int rc = CR_OK;
  if (cr_yaml_has(r->y, "model") && !cr_yaml_count(r->y, "model"))
    return cr_yaml_fail(r->y, "model", err, "model: lines such as `cold: off` are expected here");
  for (uint32_t i = 0; !rc && i < cr_yaml_count(r->y, "model"); i++) {
    const char *key, *value, *one;
    char path[200];
    cr_yaml_entry(r->y, "model", i, &key, &value);
    snprintf(path, sizeof path, "model.%s", key);
    rc = entry_text(r, "model", "", i, &one, err);
    if (!rc)
      rc = cr_scenario_at(r, path, cr_device_check_model(r->device, one, err), err);
    if (!rc)
      cr_text_add(&all, "%s%s", all.n ? "," : "", one);
  }
  if (!rc && all.n && (all.failed || !(*out = cr_arena_text(r->arena, all.s))))
    rc = cr_fail_nomem(err, "model");
  cr_text_fini(&all);
  return rc;
}

/* What runs, and whether it ends: a run without a duration lasts until the last job has left. */
static int check_load(const struct scenario_reader *r, const struct scenario_yaml *f, int *has_jobs, struct cr_err *err)
{
  *has_jobs = f->jobs && f->jobs->file;
  if (!f->n_clients && !f->jobs)
    return cr_yaml_fail(r->y, "", err, "'clients' is missing; add it, or jobs with a file of theirs");
  if (!f->n_clients && !f->jobs->file)
    return cr_yaml_fail(r->y, "jobs", err, "'file' is missing in jobs; add it, or clients that have iterations");
  for (uint32_t i = 0; i < f->n_clients; i++) {
    *has_jobs |= f->clients[i].iterations != NULL;
    if (!f->duration && !f->clients[i].iterations)
      return cr_yaml_fail(r->y, "", err, "'duration' is missing; add it: clients[%u] is no job and goes on for ever",
                          i);
  }
  return CR_OK;
}

static int load_times(const struct scenario_reader *r, const struct scenario_yaml *f, struct cr_scenario *s,
                      struct cr_err *err)
{
  int64_t seed = 1;
  int has_jobs = 0;
  int rc = check_load(r, f, &has_jobs, err);
  s->duration_ns = CR_NS_NEVER;
  if (!rc && f->duration)
    rc = cr_scenario_time(r, "duration", f->duration, 1, &s->duration_ns, err);
  if (!rc && f->warmup)
    rc = cr_scenario_time(r, "warmup", f->warmup, 0, &s->warmup_ns, err);
  else if (!rc && !has_jobs) /* every job counts, from the first on */
    s->warmup_ns = cr_min_ns(s->duration_ns / 10, WARMUP_MAX_NS);
  if (!rc && s->warmup_ns >= s->duration_ns)
    rc = cr_yaml_fail(r->y, "warmup", err, "warmup: '%s' is not shorter than the duration, %s", f->warmup, f->duration);
  if (!rc && f->seed)
    rc = cr_scenario_count(r, "seed", f->seed, 0, INT64_MAX - 1, &seed, err);
  s->seed = (uint64_t)seed;
  return rc;
}

/* The i-th policy, and where it stands.  A policy's file lies beside the scenario, as other files do. */
static int load_policy(const struct scenario_reader *r, const struct scenario_yaml *f, uint32_t i, const char **policy,
                       const char **place, struct cr_err *err)
{
  char path[32], where[400], both[440];
  const char *spec = f->policies[i];
  snprintf(path, sizeof path, "policies[%u]", i);
  if (!*spec)
    return cr_yaml_fail(r->y, path, err, "%s: is empty; write a policy such as streams", path);
  for (uint32_t k = 0; k < i; k++)
    if (strcmp(f->policies[k], spec) == 0)
      return cr_yaml_fail(r->y, path, err, "%s: '%s' is listed twice; remove one", path, spec);
  int is_file = memchr(spec, '/', strcspn(spec, ",")) != NULL;
  *policy = is_file && !cr_yaml_is_set(r->y, path) ? cr_scenario_path(r, spec) : cr_arena_text(r->arena, spec);
  snprintf(both, sizeof both, "%s: %s", cr_yaml_where(r->y, path, where, sizeof where), path);
  *place = cr_arena_text(r->arena, both);
  return *policy && *place ? CR_OK : cr_fail_nomem(err, "policies");
}

static int load_policies(const struct scenario_reader *r, const struct scenario_yaml *f, struct cr_scenario *s,
                         struct cr_err *err)
{
  if (f->n_policies > POLICIES_MAX)
    return cr_yaml_fail(r->y, "policies", err, "policies: at most %d can be listed", POLICIES_MAX);
  const char **policy = cr_arena_take(r->arena, f->n_policies, sizeof *policy);
  const char **place = cr_arena_take(r->arena, f->n_policies, sizeof *place);
  int rc = policy && place ? CR_OK : cr_fail_nomem(err, "policies");
  for (uint32_t i = 0; !rc && i < f->n_policies; i++)
    rc = load_policy(r, f, i, &policy[i], &place[i], err);
  if (rc)
    return rc;
  s->policy = policy;
  s->policy_place = place;
  s->n_policy = f->n_policies;
  return CR_OK;
}

/* Names of policies, which are others' to know. */
static int load_undivided(const struct scenario_reader *r, const struct scenario_yaml *f, struct cr_scenario *s,
                          struct cr_err *err)
{
  const char **name = cr_arena_take(r->arena, f->n_undivided, sizeof *name);
  if (!name)
    return cr_fail_nomem(err, "undivided");
  for (uint32_t i = 0; i < f->n_undivided; i++)
    if (!(name[i] = cr_arena_text(r->arena, f->undivided[i])))
      return cr_fail_nomem(err, "undivided");
  s->undivided = name;
  s->n_undivided = f->n_undivided;
  return CR_OK;
}

static int open_stores(struct scenario_reader *r, const struct scenario_yaml *f, const struct cr_scenario_options *opt,
                       struct cr_err *err)
{
  if (f->n_traces > STORES_MAX || opt->n_store > STORES_MAX)
    return cr_yaml_fail(r->y, "traces", err, "traces: at most %d stores can be searched", STORES_MAX);
  r->models = cr_scenario_models_new(opt->n_store + f->n_traces);
  if (!r->models)
    return cr_fail_nomem(err, "trace stores");
  int rc = CR_OK;
  for (uint32_t i = 0; !rc && i < opt->n_store; i++)
    rc = cr_scenario_models_open(r->models, opt->store[i], err);
  for (uint32_t i = 0; !rc && i < f->n_traces; i++) {
    char path[32];
    snprintf(path, sizeof path, "traces[%u]", i);
    const char *file = cr_yaml_is_set(r->y, path) ? f->traces[i] : cr_scenario_path(r, f->traces[i]);
    rc = file ? cr_scenario_models_open(r->models, file, err) : cr_fail_nomem(err, "a path");
    rc = cr_scenario_at(r, path, rc, err);
  }
  return rc;
}

static int load_clients(struct scenario_reader *r, const struct scenario_yaml *f, struct cr_err *err)
{
  if (f->n_clients > CLIENTS_MAX)
    return cr_yaml_fail(r->y, "clients", err, "clients: %u are listed; at most %d can be", f->n_clients, CLIENTS_MAX);
  int rc = CR_OK;
  for (uint32_t i = 0; !rc && i < f->n_clients; i++)
    rc = cr_scenario_add_client(r, i, &f->clients[i], err);
  if (!rc && r->n_client > CLIENTS_MAX)
    rc = cr_yaml_fail(r->y, "clients", err, "clients: there are %u with their copies; at most %d can be", r->n_client,
                      CLIENTS_MAX);
  return rc;
}

/* What is to be known of the models' memory, behind what was left out. */
static int tell_memory(struct scenario_reader *r, struct cr_err *err)
{
  struct cr_text text = {0};
  cr_text_add(&text, "%s", r->left_out);
  int rc = cr_scenario_report_memory(r, &text, err);
  const char *copy = rc ? NULL : cr_arena_text(r->arena, text.s);
  cr_text_fini(&text);
  r->left_out = copy ? copy : r->left_out;
  return rc || copy ? rc : cr_fail_nomem(err, "jobs.memory");
}

/* Clients, then jobs, so that those are numbered in order of submission. */
static int load_workload(struct scenario_reader *r, const struct scenario_yaml *f, struct cr_scenario *s,
                         struct cr_err *err)
{
  int rc = f->jobs ? cr_scenario_open_jobs(r, f->jobs, err) : CR_OK;
  rc = rc ? rc : load_clients(r, f, err);
  if (!rc && f->jobs && f->jobs->file)
    rc = cr_scenario_add_jobs(r, f->jobs, err);
  rc = rc ? rc : cr_scenario_at(r, "clients", cr_workload_seal(r->builder, &s->workload, err), err);
  rc = rc ? rc : tell_memory(r, err);
  s->left_out = r->left_out;
  return rc ? rc : cr_scenario_check_fit(r, s->workload, err);
}

/* The document's text, and the file's name without folder and .yaml. */
static int load_texts(const struct scenario_reader *r, const char *file, const struct scenario_yaml *f,
                      struct cr_scenario *s, struct cr_err *err)
{
  const char *slash = strrchr(file, '/');
  char *name = cr_arena_text(r->arena, slash ? slash + 1 : file);
  size_t n = name ? strlen(name) : 0;
  if (n > 5 && strcmp(name + n - 5, ".yaml") == 0)
    name[n - 5] = '\0';
  struct cr_text text = {0};
  cr_yaml_print(r->y, &text);
  s->name = name;
  s->about = cr_arena_text(r->arena, f->about ? f->about : "");
  s->text = text.failed ? NULL : cr_arena_text(r->arena, text.s);
  cr_text_fini(&text);
  return s->name && s->about && s->text ? CR_OK : cr_fail_nomem(err, file);
}

/* -- the whole ----------------------------------------------------------------------------------------------------- */

static struct whole *whole_new(void)
{
  struct whole *w = cr_mem_new(1, sizeof *w);
  if (!w)
    return NULL;
  w->arena = cr_arena_new();
  w->builder = cr_workload_builder_new();
  if (!w->arena || !w->builder) {
    cr_scenario_free(&w->s);
    return NULL;
  }
  w->machine = (struct cr_machine){1, &w->device};
  w->s.machine = &w->machine;
  return w;
}

static const char *folder_of(struct cr_arena *arena, const char *file)
{
  const char *slash = strrchr(file, '/');
  char *folder = cr_arena_text(arena, file);
  if (folder)
    folder[slash ? slash - file + 1 : 0] = '\0';
  return folder;
}

static int fill(struct whole *w, const char *file, const struct cr_yaml *y, const struct scenario_yaml *f,
                const struct cr_scenario_options *opt, struct cr_err *err)
{
  struct scenario_reader r = {
    .y = y,
    .arena = w->arena,
    .builder = w->builder,
    .device = &w->device,
    .folder = folder_of(w->arena, file),
    .job.declared = 1,
    .left_out = "",
    .undivided = opt->undivided,
  };
  if (!r.folder)
    return cr_fail_nomem(err, file);
  int rc = load_texts(&r, file, f, &w->s, err);
  rc = rc ? rc : load_times(&r, f, &w->s, err);
  if (!rc && f->n_nodes)
    rc = cr_scenario_open_nodes(&r, f->nodes, f->n_nodes, &w->machine, err);
  else
    rc = rc ? rc : load_device(&r, &w->device, err);
  if (!rc && f->n_undivided && !f->n_nodes)
    rc = cr_yaml_fail(y, "undivided", err,
                      "undivided: there are no nodes that a policy could have as a whole; add nodes, or "
                      "remove it");
  rc = rc ? rc : cr_scenario_open_layers(&r, f->layers, f->models, f->n_models, err);
  rc = rc ? rc : load_policies(&r, f, &w->s, err);
  rc = rc ? rc : load_undivided(&r, f, &w->s, err);
  rc = rc ? rc : load_model_set(&r, &w->s.model_set, err);
  r.duration_ns = w->s.duration_ns;
  r.seed = w->s.seed;
  rc = rc ? rc : open_stores(&r, f, opt, err);
  rc = rc ? rc : load_workload(&r, f, &w->s, err);
  cr_scenario_models_free(r.models);
  cr_iteration_table_free(r.table);
  cr_layer_table_free(r.layers);
  cr_scenario_free_memory(r.memory);
  return rc;
}

int cr_scenario_load(const char *path, const struct cr_scenario_options *opt, struct cr_scenario **out,
                     struct cr_err *err)
{
  struct whole *w = whole_new();
  struct cr_yaml *y = NULL;
  const char *file;
  void *data = NULL;
  int rc = w ? cr_datadir_resolve("scenario", "scenarios", path, w->arena, &file, err) : cr_fail_nomem(err, path);
  if (!rc)
    rc = opt->text ? cr_yaml_parse(opt->text, strlen(opt->text), file, &y, err) : cr_yaml_read(file, &y, err);
  rc = rc ? rc : apply_sets(y, opt, err);
  const cyaml_schema_value_t *schema =
    rc || cr_yaml_scalar(y, "layers") || !cr_yaml_has(y, "layers") ? &SCENARIO_OF_TABLE : &SCENARIO_INLINE;
  rc = rc ? rc : cr_yaml_load(y, schema, &data, err);
  rc = rc ? rc : fill(w, file, y, data, opt, err);
  cr_yaml_unload(schema, data);
  cr_yaml_free(y);
  if (!rc)
    *out = &w->s;
  else if (w)
    cr_scenario_free(&w->s);
  return rc;
}

void cr_scenario_free(struct cr_scenario *s)
{
  if (!s)
    return;
  struct whole *w = cr_container_of(s, struct whole, s);
  cr_workload_builder_free(w->builder);
  cr_arena_free(w->arena);
  cr_mem_free(w);
}

void cr_scenario_each_key(void (*each)(void *ctx, const char *path), void *ctx)
{
  cr_yaml_each_key(&SCENARIO_INLINE, each, ctx);
}
