/* scenario_layers.c - `layers` of a scenario: a CSV table, or the models themselves. */
#include "config.h"

#include "traces/scenario_int.h"

static int read_models(struct scenario_reader *r, const struct profile_yaml *models, uint32_t n, struct cr_err *err)
{
  char place[400];
  const struct platform_reader in = {.y = r->y, .arena = r->arena, .folder = r->folder};
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
  /* From where we are, when --set names it. */
  const struct platform_reader in = {
    .y = r->y, .arena = r->arena, .folder = cr_yaml_is_set(r->y, "layers") ? "" : r->folder};
  int rc = cr_layers_yaml_file(&in, "layers", table, &file, err);
  return rc ? rc : cr_scenario_at(r, "layers", cr_layer_table_read(file, &r->layers, err), err);
}
