/* device_file.c - reads device descriptions.
 *
 * Limits are keys of their own, and `sources` says for each where it comes from: a source lists the keys it vouches
 * for, and a number that no source names is refused, as is a source that names a number which is not there.
 * Constants carry their origin with them, because calibration writes them one by one.  What an override gave needs
 * no source. */
#include "config.h"

#include "traces/device_file.h"

#include "sim/nearest.h"
#include "sim/unit.h"
#include "traces/datadir.h"
#include "traces/yaml_load.h"
#include "traces/yaml_set.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* X(key, how it is written, member of cr_device_desc, whether a description can do without) */
#define LIMITS(X)                                             \
  X(sms, COUNT, sms, 0)                                       \
  X(warp_threads, COUNT, warp_threads, 0)                     \
  X(sm_threads, COUNT, sm_threads, 0)                         \
  X(sm_warps, COUNT, sm_warps, 0)                             \
  X(sm_blocks, COUNT, sm_blocks, 0)                           \
  X(sm_regs, COUNT, sm_regs, 0)                               \
  X(sm_partitions, COUNT, sm_partitions, 0)                   \
  X(warp_regs_unit, COUNT, warp_regs_unit, 0)                 \
  X(block_threads_max, COUNT, block_threads_max, 0)           \
  X(thread_regs_max, COUNT, thread_regs_max, 0)               \
  X(sm_smem, BYTES, sm_smem_bytes, 0)                         \
  X(block_smem_max, BYTES, block_smem_max_bytes, 0)           \
  X(block_smem_reserved, BYTES, block_smem_reserved_bytes, 0) \
  X(smem_unit, BYTES, smem_unit_bytes, 0)                     \
  X(mem, BYTES, mem_bytes, 0)                                 \
  X(l2, BYTES, l2_bytes, 1)                                   \
  X(dram, SPEED, dram_bytes_per_s, 1)                         \
  X(l2_speed, SPEED, l2_bytes_per_s, 1)                       \
  X(h2d, SPEED, h2d_bytes_per_s, 1)                           \
  X(d2h, SPEED, d2h_bytes_per_s, 1)                           \
  X(d2d, SPEED, d2d_bytes_per_s, 1)                           \
  X(copy_engines, COUNT, copy_engines, 0)                     \
  X(cpu_cores, COUNT, cpu_cores, 1)                           \
  X(priority_least, INT, priority_least, 1)                   \
  X(priority_greatest, INT, priority_greatest, 1)

enum how { COUNT, BYTES, SPEED, INT };

/* -- the file as libcyaml reads it: all text ----------------------------------------------------------------------- */

struct source_yaml {
  char *what, *date, **keys;
  uint32_t n_keys;
};

struct constant_yaml {
  char *value, *stderr_, *origin, *date, *command;
};

struct constants_yaml {
#define X(ID, name, unit, help) struct constant_yaml *name;
  CR_GPU_CONSTANTS(X) CR_GPU_PRICES(X)
#undef X
};

struct data_yaml {
  char *file, *sha256, *rows, **constants;
  uint32_t n_constants;
};

/* What `corun calibrate` did; nothing of it is needed to simulate. */
struct calibration_yaml {
  char *status, *date, *program, *command, *assumed_from, *table, *error, *leave_one_model_out;
  struct data_yaml *data;
  uint32_t n_data;
};

struct device_yaml {
  char *name, *about, **carveouts;
  uint32_t n_carveouts, n_sources;
  struct source_yaml *sources;
  struct constants_yaml *constants;
  struct calibration_yaml *calibration;
#define X(key, how, member, optional) char *key;
  LIMITS(X)
#undef X
};

#define NEEDED CYAML_FLAG_POINTER
#define OPTIONAL (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)

static const cyaml_schema_value_t WORD = {CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 0, CYAML_UNLIMITED)};

static const cyaml_schema_field_t SOURCE_FIELDS[] = {
  CYAML_FIELD_STRING_PTR("what", NEEDED, struct source_yaml, what, 0, CYAML_UNLIMITED),
  CYAML_FIELD_STRING_PTR("date", OPTIONAL, struct source_yaml, date, 0, CYAML_UNLIMITED),
  CYAML_FIELD_SEQUENCE_COUNT("keys", NEEDED, struct source_yaml, keys, n_keys, &WORD, 1, CYAML_UNLIMITED),
  CYAML_FIELD_END,
};

static const cyaml_schema_value_t SOURCE = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct source_yaml, SOURCE_FIELDS)};

static const cyaml_schema_field_t CONSTANT_FIELDS[] = {
  CYAML_FIELD_STRING_PTR("value", NEEDED, struct constant_yaml, value, 0, CYAML_UNLIMITED),
  CYAML_FIELD_STRING_PTR("stderr", OPTIONAL, struct constant_yaml, stderr_, 0, CYAML_UNLIMITED),
  CYAML_FIELD_STRING_PTR("origin", OPTIONAL, struct constant_yaml, origin, 0, CYAML_UNLIMITED),
  CYAML_FIELD_STRING_PTR("date", OPTIONAL, struct constant_yaml, date, 0, CYAML_UNLIMITED),
  CYAML_FIELD_STRING_PTR("command", OPTIONAL, struct constant_yaml, command, 0, CYAML_UNLIMITED),
  CYAML_FIELD_END,
};

static const cyaml_schema_field_t CONSTANTS_FIELDS[] = {
#define X(ID, name, unit, help) CYAML_FIELD_MAPPING_PTR(#name, NEEDED, struct constants_yaml, name, CONSTANT_FIELDS),
  CR_GPU_CONSTANTS(X)
#undef X
#define X(ID, name, unit, help) CYAML_FIELD_MAPPING_PTR(#name, OPTIONAL, struct constants_yaml, name, CONSTANT_FIELDS),
    CR_GPU_PRICES(X)
#undef X
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t DATA_FIELDS[] = {
  CYAML_FIELD_STRING_PTR("file", NEEDED, struct data_yaml, file, 0, CYAML_UNLIMITED),
  CYAML_FIELD_STRING_PTR("sha256", NEEDED, struct data_yaml, sha256, 0, CYAML_UNLIMITED),
  CYAML_FIELD_STRING_PTR("rows", OPTIONAL, struct data_yaml, rows, 0, CYAML_UNLIMITED),
  CYAML_FIELD_SEQUENCE_COUNT("constants", OPTIONAL, struct data_yaml, constants, n_constants, &WORD, 0, CYAML_UNLIMITED),
  CYAML_FIELD_END,
};

static const cyaml_schema_value_t DATA = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct data_yaml, DATA_FIELDS)};

static const cyaml_schema_field_t CALIBRATION_FIELDS[] = {
#define X(key, flags) CYAML_FIELD_STRING_PTR(#key, flags, struct calibration_yaml, key, 0, CYAML_UNLIMITED),
  X(status, NEEDED) X(date, NEEDED) X(program, OPTIONAL) X(command, NEEDED) X(assumed_from, OPTIONAL) X(table, OPTIONAL)
    X(error, OPTIONAL) X(leave_one_model_out, OPTIONAL)
#undef X
      CYAML_FIELD_SEQUENCE_COUNT("data", OPTIONAL, struct calibration_yaml, data, n_data, &DATA, 1, CYAML_UNLIMITED),
  CYAML_FIELD_END,
};

static const cyaml_schema_field_t DEVICE_FIELDS[] = {
  CYAML_FIELD_STRING_PTR("name", NEEDED, struct device_yaml, name, 0, CYAML_UNLIMITED),
  CYAML_FIELD_STRING_PTR("about", NEEDED, struct device_yaml, about, 0, CYAML_UNLIMITED),
#define X(key, how, member, optional) \
  CYAML_FIELD_STRING_PTR(#key, optional ? OPTIONAL : NEEDED, struct device_yaml, key, 0, CYAML_UNLIMITED),
  LIMITS(X)
#undef X
    CYAML_FIELD_SEQUENCE_COUNT("carveouts", OPTIONAL, struct device_yaml, carveouts, n_carveouts, &WORD, 1,
                               CYAML_UNLIMITED),
  CYAML_FIELD_SEQUENCE_COUNT("sources", NEEDED, struct device_yaml, sources, n_sources, &SOURCE, 1, CYAML_UNLIMITED),
  CYAML_FIELD_MAPPING_PTR("constants", OPTIONAL, struct device_yaml, constants, CONSTANTS_FIELDS),
  CYAML_FIELD_MAPPING_PTR("calibration", OPTIONAL, struct device_yaml, calibration, CALIBRATION_FIELDS),
  CYAML_FIELD_END,
};

static const cyaml_schema_value_t DEVICE = {CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct device_yaml, DEVICE_FIELDS)};

/* The table of limits at run time. */
static const struct limit {
  const char *key;
  enum how how;
  size_t yaml_at, desc_at; /* char * in device_yaml; uint32, int32 or int64 in cr_device_desc */
} LIMIT[] = {
#define X(key, how, member, optional) \
  {#key, how, offsetof(struct device_yaml, key), offsetof(struct cr_device_desc, member)},
  LIMITS(X)
#undef X
};

enum { N_LIMIT = sizeof LIMIT / sizeof LIMIT[0], CARVEOUT_CAP = 16 };

static const char *text_of(const struct device_yaml *d, const struct limit *l)
{
  return *(char *const *)(const void *)((const char *)d + l->yaml_at);
}

/* -- values -------------------------------------------------------------------------------------------------------- */

static int in_file(const struct cr_yaml *y, const char *path, int rc, struct cr_err *err)
{
  char place[400];
  return rc == CR_EINPUT ? cr_fail_in(err, rc, "%s", cr_yaml_where(y, path, place, sizeof place)) : rc;
}

static int parse_limit(const struct limit *l, const char *text, struct cr_device_desc *out, struct cr_err *err)
{
  void *at = (char *)out + l->desc_at;
  int64_t value = 0;
  int rc = l->how == COUNT   ? cr_parse_count(text, l->key, &value, err)
           : l->how == INT   ? cr_parse_int(text, l->key, &value, err)
           : l->how == BYTES ? cr_parse_bytes(text, l->key, &value, err)
                             : cr_parse_bytes_per_s(text, l->key, &value, err);
  if (rc)
    return rc;
  if ((l->how == COUNT || l->how == INT) && (value > INT32_MAX || value < INT32_MIN))
    return cr_fail(err, CR_EINPUT, "%s: '%s' is larger than any device has", l->key, text);
  if (l->how == COUNT)
    *(uint32_t *)at = (uint32_t)value;
  else if (l->how == INT)
    *(int32_t *)at = (int32_t)value;
  else
    *(int64_t *)at = value;
  return CR_OK;
}

static int parse_limits(const struct cr_yaml *y, const struct device_yaml *d, struct cr_device_desc *out,
                        struct cr_err *err)
{
  for (int i = 0; i < N_LIMIT; i++) {
    const struct limit *l = &LIMIT[i];
    const char *text = text_of(d, l);
    if (!text) { /* optional: the schema asks for the others */
      if (l->how != COUNT && l->how != INT) /* a count or a priority that is not given stays 0 */
        *(int64_t *)(void *)((char *)out + l->desc_at) = CR_UNKNOWN;
      continue;
    }
    int rc = parse_limit(l, text, out, err);
    if (rc)
      return in_file(y, l->key, rc, err);
  }
  return CR_OK;
}

static int parse_carveouts(const struct cr_yaml *y, const struct device_yaml *d, struct cr_device_desc *out,
                           struct cr_err *err)
{
  _Static_assert(sizeof out->carveout_bytes / sizeof out->carveout_bytes[0] == CARVEOUT_CAP, "the list must fit");
  if (d->n_carveouts > CARVEOUT_CAP)
    return cr_yaml_fail(y, "carveouts", err, "carveouts: at most %d can be listed", CARVEOUT_CAP);
  for (uint32_t i = 0; i < d->n_carveouts; i++) {
    char path[32];
    snprintf(path, sizeof path, "carveouts[%u]", i);
    int rc = cr_parse_bytes(d->carveouts[i], path, &out->carveout_bytes[i], err);
    if (rc)
      return in_file(y, path, rc, err);
  }
  out->n_carveout = d->n_carveouts;
  return CR_OK;
}

static int parse_constant(const struct cr_yaml *y, const struct constant_yaml *c,
                          const struct cr_gpu_constant_info *info, double *out, struct cr_err *err)
{
  char path[96];
  double stderr_value;
  int is_time = strcmp(info->unit, "us") == 0;
  int (*parse)(const char *, const char *, double *, struct cr_err *) = is_time ? cr_parse_time_us : cr_parse_real;
  snprintf(path, sizeof path, "constants.%s", info->name);
  int rc = parse(c->value, path, out, err);
  if (!rc && c->stderr_) {
    snprintf(path, sizeof path, "constants.%s.stderr", info->name);
    rc = parse(c->stderr_, path, &stderr_value, err);
  }
  if (rc)
    return in_file(y, path, rc, err);
  if (!c->origin && !cr_yaml_is_set(y, path))
    return cr_yaml_fail(y, path, err, "%s has no origin; say where the value comes from", path);
  return CR_OK;
}

/* Not where a value was set: then it is the user's. */
static int is_assumed(const struct cr_yaml *y, const struct constant_yaml *c, const struct cr_gpu_constant_info *info)
{
  char path[96];
  snprintf(path, sizeof path, "constants.%s", info->name);
  return c->origin && strncmp(c->origin, "assumed", 7) == 0 && !cr_yaml_is_set(y, path);
}

static int parse_constants(const struct cr_yaml *y, const struct device_yaml *d, struct cr_device_desc *out,
                           struct cr_err *err)
{
  out->is_uncalibrated = !d->constants;
  for (int i = CR_GPU_FIRST_PRICE; i < CR_N_GPU_CONSTANT; i++)
    out->constant[i] = NAN; /* not known, but for those that follow */
  if (out->is_uncalibrated)
    return CR_OK;
  const struct constant_yaml *const constant[] = {
#define X(ID, name, unit, help) d->constants->name,
    CR_GPU_CONSTANTS(X) CR_GPU_PRICES(X)
#undef X
  };
  int rc = CR_OK;
  for (int i = 0; !rc && i < CR_N_GPU_CONSTANT; i++) {
    if (!constant[i])
      continue;
    rc = parse_constant(y, constant[i], &cr_gpu_constant_info[i], &out->constant[i], err);
    out->n_assumed += (uint32_t)is_assumed(y, constant[i], &cr_gpu_constant_info[i]);
  }
  return rc;
}

/* -- sources ------------------------------------------------------------------------------------------------------- */

/* Place of a key among the limits, N_LIMIT for carveouts, or -1. */
static int limit_index(const char *key)
{
  for (int i = 0; i < N_LIMIT; i++)
    if (strcmp(LIMIT[i].key, key) == 0)
      return i;
  return strcmp(key, "carveouts") == 0 ? N_LIMIT : -1;
}

static int unknown_limit(const struct cr_yaml *y, const char *path, const char *key, struct cr_err *err)
{
  const char *known[N_LIMIT + 1];
  for (int i = 0; i < N_LIMIT; i++)
    known[i] = LIMIT[i].key;
  known[N_LIMIT] = "carveouts";
  const char *near = cr_nearest(key, known, N_LIMIT + 1);
  return cr_yaml_fail(y, path, err, "%s: '%s' is no key of a device%s%s%s", path, key, near ? "; did you mean '" : "",
                      near ? near : "", near ? "'?" : "");
}

/* Every number has a source, and every source has its numbers. */
static int check_sources(const struct cr_yaml *y, const struct device_yaml *d, struct cr_err *err)
{
  unsigned char has_source[N_LIMIT + 1] = {0};
  for (uint32_t s = 0; s < d->n_sources; s++)
    for (uint32_t k = 0; k < d->sources[s].n_keys; k++) {
      char path[64];
      const char *key = d->sources[s].keys[k];
      int i = limit_index(key);
      snprintf(path, sizeof path, "sources[%u].keys[%u]", s, k);
      if (i < 0)
        return unknown_limit(y, path, key, err);
      if (!cr_yaml_has(y, key))
        return cr_yaml_fail(y, path, err, "%s: the source names '%s', which is not in the file; remove it here", path,
                            key);
      has_source[i] = 1;
    }
  for (int i = 0; i <= N_LIMIT; i++) {
    const char *key = i < N_LIMIT ? LIMIT[i].key : "carveouts";
    if (cr_yaml_has(y, key) && !has_source[i] && !cr_yaml_is_set(y, key))
      return cr_yaml_fail(y, key, err, "%s: has no source; add it to the keys of the source it comes from", key);
  }
  return CR_OK;
}

/* -- the whole ----------------------------------------------------------------------------------------------------- */

/* cr_device_check begins its sentence with the key; the place is looked up by that. */
static int check_device(const struct cr_yaml *y, const struct cr_device_desc *desc, struct cr_err *err)
{
  struct cr_err why;
  int rc = cr_device_check(desc, &why);
  if (!rc)
    return CR_OK;
  char key[64];
  snprintf(key, sizeof key, "%.*s", (int)strcspn(why.text, ":"), why.text);
  return cr_yaml_fail(y, key, err, "%s", why.text);
}

static int fill(const struct cr_yaml *y, const struct device_yaml *d, struct cr_arena *arena,
                struct cr_device_desc *out, struct cr_err *err)
{
  struct cr_device_desc desc = {.name = cr_arena_text(arena, d->name), .about = cr_arena_text(arena, d->about)};
  if (!desc.name || !desc.about)
    return cr_fail_nomem(err, "a device description");
  int rc = parse_limits(y, d, &desc, err);
  rc = rc ? rc : parse_carveouts(y, d, &desc, err);
  rc = rc ? rc : parse_constants(y, d, &desc, err);
  rc = rc ? rc : check_sources(y, d, err);
  rc = rc ? rc : check_device(y, &desc, err);
  if (!rc)
    *out = desc;
  return rc;
}

/* A constant may be overridden, or written, as a lone value. */
static int apply_sets(struct cr_yaml *y, const char *const *set, uint32_t n_set, struct cr_err *err)
{
  int rc = CR_OK;
  for (uint32_t i = 0; !rc && i < n_set; i++)
    rc = cr_yaml_set(y, set[i], "", err);
  for (int i = 0; !rc && i < CR_N_GPU_CONSTANT; i++) {
    char path[96];
    snprintf(path, sizeof path, "constants.%s", cr_gpu_constant_info[i].name);
    rc = cr_yaml_wrap(y, path, "value", err);
  }
  return rc ? rc : cr_yaml_wrap(y, "carveouts", NULL, err);
}

/* A count that stands in a file before sets are applied; 0: none, of which the reader of the whole will tell. */
static uint32_t count_before(const struct cr_yaml *y, const char *key)
{
  const char *text = cr_yaml_scalar(y, key);
  int64_t count = 0;
  struct cr_err aside;
  return text && cr_parse_count(text, key, &count, &aside) == CR_OK && count > 0 && count <= UINT32_MAX
           ? (uint32_t)count
           : 0;
}

int cr_device_load(const char *name_or_path, const char *const *set, uint32_t n_set, struct cr_arena *arena,
                   struct cr_device_desc *out, struct cr_err *err)
{
  const char *path;
  struct cr_yaml *y = NULL;
  void *data = NULL;
  int rc = cr_datadir_resolve("device", "devices", name_or_path, arena, &path, err);
  uint32_t recorded_sms = 0;
  rc = rc ? rc : cr_yaml_read(path, &y, err);
  if (rc == CR_OK)
    recorded_sms = count_before(y, "sms");
  rc = rc ? rc : apply_sets(y, set, n_set, err);
  rc = rc ? rc : cr_yaml_load(y, &DEVICE, &data, err);
  rc = rc ? rc : fill(y, data, arena, out, err);
  if (rc == CR_OK)
    out->recorded_sms = recorded_sms;
  cr_yaml_unload(&DEVICE, data);
  cr_yaml_free(y);
  return rc;
}

void cr_device_each_key(void (*each)(void *ctx, const char *path), void *ctx)
{
  cr_yaml_each_key(&DEVICE, each, ctx);
}
