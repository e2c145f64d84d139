/* platform_int.h - what platform_file.c and task_file.c share: platforms and profiles within a YAML document. */
#ifndef CR_PLATFORM_INT_H
#define CR_PLATFORM_INT_H
#include "sim/text.h"
#include "traces/layers_yaml.h"
#include "traces/platform_file.h"
#include "traces/yaml_load.h"
#include "traces/yaml_set.h"

/* As libcyaml reads them: all text, NULL where the file says nothing. */
struct resource_yaml {
  char *type, *count;
};
struct overhead_yaml {
  char *eps_s, *eps_cp, *eps_gp, *eps_gm;
};
struct platform_yaml {
  char *name, *about;
  struct resource_yaml *cores, *gpus;
  struct overhead_yaml *overheads;
  struct profile_yaml *models;
  char **traces;
  uint32_t n_cores, n_gpus, n_models, n_traces;
};

extern const struct cyaml_schema_field cr_platform_fields[]; /* of a platform_yaml */

/* "FILE:LINE: PATH: sentence" for another module's error about the value at path. */
int cr_platform_at(const struct platform_reader *r, const char *path, int rc, struct cr_err *err);

/* A time from min_ns to CR_TASK_LONGEST_NS; NULL text: fallback_ns. */
int cr_platform_time(const struct platform_reader *r, const char *path, const char *text, cr_ns min_ns,
                     cr_ns fallback_ns, cr_ns *out, struct cr_err *err) CR_MUST;
int cr_platform_count(const struct platform_reader *r, const char *path, const char *text, int64_t max, int64_t *out,
                      struct cr_err *err) CR_MUST;

/* A name: 1 to 80 characters without blanks or what lists are written with. */
int cr_platform_word(const struct platform_reader *r, const char *path, const char *name, struct cr_err *err) CR_MUST;

/* The name of entry i of list, others[0..i-1] being those before it: each its own. */
int cr_platform_name(const struct platform_reader *r, const char *list, uint32_t i, const char *name,
                     const char *const *others, struct cr_err *err) CR_MUST;

/* The platform at path ("" for the whole document), without its models. */
int cr_platform_build(const struct platform_reader *r, const char *path, const struct platform_yaml *p,
                      struct cr_platform *out, struct cr_err *err) CR_MUST;

/* path.key */
const char *cr_platform_inside(const char *path, const char *key, char buf[CR_PLATFORM_PATH]);

/* Layers at path.layers on the platform, into out, whose name and source are set. */
int cr_platform_layers(const struct platform_reader *r, const char *path, const struct layer_yaml *layers,
                       uint32_t n_layers, const struct cr_platform *p, struct cr_layer_profile *out,
                       struct cr_err *err) CR_MUST;

/* Stores at path.traces, which the file names, for traces of models. */
int cr_platform_stores(struct platform_reader *r, const char *path, char *const *traces, uint32_t n_traces,
                       struct cr_err *err) CR_MUST;

/* The list of models at path, put behind the n_before that there are. */
int cr_platform_models(const struct platform_reader *r, const char *path, const struct profile_yaml *models,
                       uint32_t n_models, const struct cr_platform *p, struct cr_platform_desc *desc,
                       struct cr_err *err) CR_MUST;

#endif
