/* scenario_layers.c - `layers` of a scenario: a CSV table, or the models themselves. */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "traces/datadir.h"
#include "traces/scenario_int.h"

/* A table beside the scenario (or from where we are, when --set names it), else a bundled one. */
static int find_file(const struct scenario_reader *r, const char *name, const char **out, struct cr_err *err)
{
  struct cr_err ignored;
  char bundled[300];
  const char *file = cr_yaml_is_set(r->y, "layers") ? name : cr_scenario_path(r, name);
  if (!file)
    return cr_fail_nomem(err, "layers");
  *out = file;
  snprintf(bundled, sizeof bundled, "layers/%.250s", name);
  if (strchr(name, '/') || access(file, F_OK) == 0 || cr_datadir_find(bundled, r->arena, out, &ignored) == CR_OK)
    return CR_OK;
  return cr_yaml_fail(r->y, "layers", err, "layers: there is no file %s, and no bundled table %s", file, name);
}

static int read_models(struct scenario_reader *r, const struct profile_yaml *models, uint32_t n, struct cr_err *err)
{
  char place[400];
  const struct platform_reader in = {r->y, r->arena};
  r->layers = cr_layer_table_new(cr_yaml_where(r->y, "layers", place, sizeof place));
  if (!r->layers)
    return cr_fail_nomem(err, "layers");
  return cr_models_yaml_read(&in, "layers", models, n, r->layers, err);
}

int cr_scenario_open_layers(struct scenario_reader *r, const char *table, const struct profile_yaml *models, uint32_t n,
                            struct cr_err *err)
{
  const char *file;
  if (!r->nodes && (table || n))
    return cr_yaml_fail(r->y, "layers", err, "layers: there are no nodes to run them; add nodes, or remove it");
  if (!r->nodes)
    return CR_OK;
  if (n)
    return read_models(r, models, n, err);
  if (!table)
    return cr_yaml_fail(r->y, "nodes", err, "'layers' is missing; add it: the times of models on these nodes");
  int rc = find_file(r, table, &file, err);
  return rc ? rc : cr_scenario_at(r, "layers", cr_layer_table_read(file, &r->layers, err), err);
}
