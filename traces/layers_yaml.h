/* layers_yaml.h - models by their layers as YAML has them: in platforms, task sets and scenarios. */
#ifndef CR_LAYERS_YAML_H
#define CR_LAYERS_YAML_H
#include "plan/platform.h"
#include "sim/mem.h"
#include "traces/layer_table.h"
#include "traces/yaml_load.h"
#include "traces/yaml_set.h"

/* As libcyaml reads them: all text, NULL where the file says nothing. */
struct cpu_times_yaml {
  char *cores, *batch, **times;
  uint32_t n_times;
};
struct gpu_times_yaml {
  char *gpu, *batch, *hd, *exec, *misc, *dh;
};
struct layer_yaml {
  char *name, *ops;
  struct cpu_times_yaml *cpu;
  struct gpu_times_yaml *gpu;
  uint32_t n_cpu, n_gpu;
};
struct profile_yaml {
  char *name, *source, *table, *trace, *gpu;
  struct layer_yaml *layers;
  uint32_t n_layers;
};

extern const struct cyaml_schema_value cr_layer_schema;   /* a layer_yaml */
extern const struct cyaml_schema_value cr_profile_schema; /* a profile_yaml */

/* What is read, from which document, and where in it: errors begin with the place of path. */
struct platform_reader {
  const struct cr_yaml *y;
  struct cr_arena *arena;
  const char *folder;       /* that files it names are relative to: "", or with a slash at the end */
  const char *const *store; /* [n_store] that traces are looked for in, before the bundled one */
  uint32_t n_store;
};

enum { CR_PLATFORM_PATH = 160 };

/* Layers at path.layers, of a model that is called so in the table.  p: times are on what it has alone; or NULL. */
int cr_layers_yaml_read(const struct platform_reader *r, const char *path, const char *model,
                        const struct layer_yaml *layers, uint32_t n_layers, const struct cr_platform *p,
                        struct cr_layer_table *t, struct cr_err *err) CR_MUST;

/* The same of a whole model, whose layers may come from a CSV table, and GPU times from a trace, and which is called by its name. */
int cr_model_yaml_read(const struct platform_reader *r, const char *path, const struct profile_yaml *m,
                       const struct cr_platform *p, struct cr_layer_table *t, struct cr_err *err) CR_MUST;

/* Models at path, on anything. */
int cr_models_yaml_read(const struct platform_reader *r, const char *path, const struct profile_yaml *models,
                        uint32_t n_models, struct cr_layer_table *t, struct cr_err *err) CR_MUST;

/* A table of layers that the value at path names: beside the file, or a bundled one.  In the arena. */
int cr_layers_yaml_file(const struct platform_reader *r, const char *path, const char *name, const char **out,
                        struct cr_err *err) CR_MUST;

/* The folder of a file, as platform_reader has it; in the arena, or NULL. */
const char *cr_layers_yaml_folder(struct cr_arena *arena, const char *file);

#endif
