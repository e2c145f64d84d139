/* scenario_batch.c - the key `batch` of a scenario's clients: so many of its requests run together. */
#include "config.h"

#include "sim/batch.h"
#include "sim/text.h"
#include "traces/scenario_int.h"

#include <stdio.h>

enum { PATH = 64 };

/* "has times of 2 and 8 requests together", or of none. */
static int say_sizes(const struct scenario_reader *r, const char *path, const char *batch,
                     const struct cr_model_info *m, struct cr_err *err)
{
  struct cr_text sizes = {0};
  for (uint32_t i = 0; i < m->n_batch; i++)
    cr_text_add(&sizes, "%s%u", i == 0 ? "; it has those of " : i + 1 == m->n_batch ? " and " : ", ", m->batch[i]);
  int rc = cr_yaml_fail(r->y, path, err, "%s: the table of layers has no times of %s requests of model %s together%s",
                        path, batch, m->name, sizes.s ? sizes.s : "");
  cr_text_fini(&sizes);
  return rc;
}

/* The first layer of a stage that has no time of a whole batch where the stage runs. */
static int say_layer(const struct scenario_reader *r, const char *path, const struct cr_model_info *m,
                     const struct cr_client_spec *c, struct cr_err *err)
{
  uint32_t at = 0;
  for (uint32_t i = 0; i < c->n_stage; i++)
    for (uint32_t end = at + c->stage[i].n_op; at < end; at++) {
      const struct cr_op_spec *op = cr_workload_builder_op(r->builder, m->op0 + at);
      if (cr_batch_row(m, op, 1, c->stage[i].device, c->batch, c->batch) == CR_NONE)
        return cr_yaml_fail(r->y, path, err, "%s: layer %s of model %s has no time of %u requests together on node %s",
                            path, op->name, m->name, c->batch, r->nodes->device[c->stage[i].device].name);
    }
  return cr_yaml_fail(r->y, path, err,
                      "%s: there is no node where all layers of model %s have times of %u requests "
                      "together; add them to the table, or give stages",
                      path, m->name, c->batch);
}

int cr_scenario_client_batch(const struct scenario_reader *r, uint32_t i, const struct client_yaml *c,
                             struct cr_client_spec *out, struct cr_err *err)
{
  char path[PATH];
  int64_t batch = 1;
  if (!c->batch)
    return CR_OK;
  snprintf(path, sizeof path, "clients[%u].batch", i);
  if (!r->nodes)
    return cr_yaml_fail(
      r->y, path, err,
      "%s: only of layers on nodes it is known how long several requests take together; add nodes, or "
      "remove it",
      path);
  int rc = cr_scenario_count(r, path, c->batch, 1, CR_BATCH_MAX, &batch, err);
  if (rc)
    return rc;
  out->batch = (uint32_t)batch;
  if (out->arrival.kind == CR_ARRIVE_CLOSED && !c->depth)
    out->arrival.depth = out->batch;
  const struct cr_model_info *m = cr_workload_builder_model(r->builder, out->model);
  const char *fault = cr_batch_fault(m, cr_workload_builder_op(r->builder, m->op0), out);
  if (!fault)
    return CR_OK;
  if (fault != cr_batch_unknown)
    return cr_yaml_fail(r->y, path, err, "%s: %s", path, fault);
  for (uint32_t k = 0; k < m->n_batch; k++)
    if (m->batch[k] == out->batch)
      return say_layer(r, path, m, out, err);
  return say_sizes(r, path, c->batch, m, err);
}
