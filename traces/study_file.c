/* study_file.c - a sweep's design as a YAML file. */
#include "config.h"

#include "traces/study_file.h"

#include <string.h>

#include "traces/yaml_load.h"

struct study_yaml {
  char *about, *scenario, *device, *samples, *sample_seed, *until, *confidence;
  char **traces, **set, **grid, **list, **random, **policies, **seeds, **metrics;
  uint32_t n_traces, n_set, n_grid, n_list, n_random, n_policies, n_seeds, n_metrics;
};

#define OPTIONAL (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)

static const cyaml_schema_value_t WORD = {CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 0, CYAML_UNLIMITED)};

#define STUDY_WORD(key, flags) CYAML_FIELD_STRING_PTR(#key, flags, struct study_yaml, key, 0, CYAML_UNLIMITED)
#define STUDY_LIST(key) \
  CYAML_FIELD_SEQUENCE_COUNT(#key, OPTIONAL, struct study_yaml, key, n_##key, &WORD, 1, CYAML_UNLIMITED)

static const cyaml_schema_field_t STUDY_FIELDS[] = {
  STUDY_WORD(about, OPTIONAL),
  STUDY_WORD(scenario, CYAML_FLAG_POINTER),
  STUDY_WORD(device, OPTIONAL),
  STUDY_WORD(samples, OPTIONAL),
  STUDY_WORD(sample_seed, OPTIONAL),
  STUDY_WORD(until, OPTIONAL),
  STUDY_WORD(confidence, OPTIONAL),
  STUDY_LIST(traces),
  STUDY_LIST(set),
  STUDY_LIST(grid),
  STUDY_LIST(list),
  STUDY_LIST(random),
  STUDY_LIST(policies),
  STUDY_LIST(seeds),
  STUDY_LIST(metrics),
  CYAML_FIELD_END,
};
static const cyaml_schema_value_t STUDY = {CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct study_yaml, STUDY_FIELDS)};

/* A path is relative to the study's folder; a bare name is a bundled one. */
static int add_path(const char *study, enum cr_design_kind kind, const char *name, struct cr_design_words *out,
                    struct cr_err *err)
{
  const char *slash = strrchr(study, '/');
  size_t n = strlen(name), n_folder = slash ? (size_t)(slash - study) + 1 : 0;
  int is_file = kind == CR_DESIGN_TRACES || strchr(name, '/') || (n > 5 && strcmp(name + n - 5, ".yaml") == 0);
  if (!is_file || *name == '/' || !n_folder)
    return cr_design_add(out, kind, name, err);
  char *path = cr_arena_take(out->arena, n_folder + n + 1, 1);
  if (!path)
    return cr_fail_nomem(err, name);
  memcpy(path, study, n_folder);
  memcpy(path + n_folder, name, n + 1);
  return cr_design_add(out, kind, path, err);
}

static int add_words(const char *study, const struct study_yaml *f, struct cr_design_words *out, struct cr_err *err)
{
  const struct {
    enum cr_design_kind kind;
    const char *word;
  } one[] = {
    {CR_DESIGN_SCENARIO, f->scenario},       {CR_DESIGN_DEVICE, f->device}, {CR_DESIGN_SAMPLES, f->samples},
    {CR_DESIGN_SAMPLE_SEED, f->sample_seed}, {CR_DESIGN_UNTIL, f->until},   {CR_DESIGN_CONFIDENCE, f->confidence},
  };
  const struct {
    enum cr_design_kind kind;
    char **word;
    uint32_t n;
  } many[] = {
    {CR_DESIGN_TRACES, f->traces, f->n_traces}, {CR_DESIGN_SET, f->set, f->n_set},
    {CR_DESIGN_GRID, f->grid, f->n_grid},       {CR_DESIGN_LIST, f->list, f->n_list},
    {CR_DESIGN_RANDOM, f->random, f->n_random}, {CR_DESIGN_POLICY, f->policies, f->n_policies},
    {CR_DESIGN_SEEDS, f->seeds, f->n_seeds},    {CR_DESIGN_METRIC, f->metrics, f->n_metrics},
  };
  int rc = CR_OK;
  for (size_t i = 0; rc == CR_OK && i < sizeof one / sizeof *one; i++)
    if (one[i].word)
      rc = one[i].kind <= CR_DESIGN_DEVICE ? add_path(study, one[i].kind, one[i].word, out, err)
                                           : cr_design_add(out, one[i].kind, one[i].word, err);
  for (size_t i = 0; rc == CR_OK && i < sizeof many / sizeof *many; i++)
    for (uint32_t k = 0; rc == CR_OK && k < many[i].n; k++)
      rc = many[i].kind == CR_DESIGN_TRACES ? add_path(study, CR_DESIGN_TRACES, many[i].word[k], out, err)
                                            : cr_design_add(out, many[i].kind, many[i].word[k], err);
  return rc;
}

int cr_study_file_load(const char *path, struct cr_design_words *out, struct cr_err *err)
{
  static const char *const list[] = {"traces", "set", "grid", "list", "random", "policies", "seeds", "metrics"};
  struct cr_yaml *y = NULL;
  void *data = NULL;
  int rc = cr_yaml_read(path, &y, err);
  for (size_t i = 0; rc == CR_OK && i < sizeof list / sizeof *list; i++)
    rc = cr_yaml_wrap(y, list[i], NULL, err);
  rc = rc ? rc : cr_yaml_load(y, &STUDY, &data, err);
  rc = rc ? rc : add_words(path, data, out, err);
  cr_yaml_unload(&STUDY, data);
  cr_yaml_free(y);
  return rc;
}
