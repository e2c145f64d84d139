/* batch.c - which times hold for requests that run together. */
#include "config.h"

#include "sim/batch.h"

const char cr_batch_unknown[] = "its model has no times of so many requests together where they run";

static uint32_t size_of(const struct cr_model_info *m, uint32_t row)
{
  return row == 0 ? 1 : m->batch[row - 1];
}

static int has_row(const struct cr_op_spec *op, uint32_t n_op, uint32_t device, uint32_t row)
{
  for (uint32_t i = 0; i < n_op; i++)
    if (device >= op[i].n_layer || op[i].layer[row * op[i].n_layer + device].exec_ns == CR_NS_NEVER)
      return 0;
  return 1;
}

uint32_t cr_batch_row(const struct cr_model_info *m, const struct cr_op_spec *op, uint32_t n_op, uint32_t device,
                      uint32_t n, uint32_t batch)
{
  if (op->kind != CR_OP_LAYER)
    return 0;
  for (uint32_t row = 0; row <= m->n_batch && size_of(m, row) <= batch; row++)
    if (size_of(m, row) >= n && has_row(op, n_op, device, row))
      return row;
  return CR_NONE;
}

/* Whether all the batch can run where its stages are, or, without stages, on some device. */
static int can_run(const struct cr_model_info *m, const struct cr_op_spec *op, const struct cr_client_spec *c)
{
  uint32_t at = 0;
  for (uint32_t d = 0; c->n_stage == 0 && d < op->n_layer; d++)
    if (cr_batch_row(m, op, m->n_op, d, c->batch, c->batch) != CR_NONE)
      return 1;
  for (uint32_t i = 0; i < c->n_stage; at += c->stage[i++].n_op)
    if (cr_batch_row(m, op + at, c->stage[i].n_op, c->stage[i].device, c->batch, c->batch) == CR_NONE)
      return 0;
  return c->n_stage > 0;
}

const char *cr_batch_fault(const struct cr_model_info *m, const struct cr_op_spec *op, const struct cr_client_spec *c)
{
  if (c->batch <= 1)
    return NULL;
  if (op->kind != CR_OP_LAYER)
    return "batches are of layers, and its model has none";
  if (c->class != CR_BE)
    return "real-time requests run one by one: a batch is best-effort";
  if (c->arrival.late != CR_LATE_QUEUE)
    return "it has one request at a time, late ones waiting outside, so that there is nothing to batch";
  if (c->arrival.kind == CR_ARRIVE_CLOSED && c->arrival.depth < c->batch)
    return "its depth is less than its batch, which would never be full";
  return can_run(m, op, c) ? NULL : cr_batch_unknown;
}

const char *cr_batch_sizes_fault(const struct cr_model_spec *spec)
{
  if (spec->n_batch && spec->op[0].kind != CR_OP_LAYER)
    return "only layers have times of batches";
  for (uint32_t i = 0; i < spec->n_batch; i++)
    if (spec->batch[i] <= (i ? spec->batch[i - 1] : 1) || spec->batch[i] > CR_BATCH_MAX)
      return "sizes of batches ascend, from 2 to 1024";
  return NULL;
}
