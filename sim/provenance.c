/* provenance.c - where results come from. */
#include "config.h"

#include "sim/provenance.h"

#include <string.h>

#include "sim/memory_curve.h"

const char cr_program_version[] = PACKAGE_VERSION;
const char cr_program_git[] = CR_GIT_DESCRIBE;

/* FNV-1a, 64 bits (Fowler, Noll, Vo).  Numbers go in as eight bytes, low one first, so that the hash does not depend on
 * the machine or on padding. */
static void mix_bytes(uint64_t *hash, const unsigned char *bytes, size_t n)
{
  for (size_t i = 0; i < n; i++)
    *hash = (*hash ^ bytes[i]) * UINT64_C(0x100000001b3);
}

static void mix(uint64_t *hash, int64_t value)
{
  unsigned char bytes[8];
  for (int i = 0; i < 8; i++)
    bytes[i] = (unsigned char)((uint64_t)value >> (8 * i));
  mix_bytes(hash, bytes, sizeof bytes);
}

static void mix_text(uint64_t *hash, const char *text)
{
  mix_bytes(hash, (const unsigned char *)text, strlen(text) + 1);
}

static void mix_op(uint64_t *hash, const struct cr_op_spec *op, uint32_t n_batch)
{
  const int64_t number[] = {
    op->kind, op->stage, op->duration_ns, op->spread_ns, op->gap_ns, op->launch_ns, op->blocks, op->threads, op->regs,
    op->smem_bytes, op->carveout_bytes, op->bytes, op->dram_bytes, op->l2_bytes, op->instructions,
    op->tensor_instructions, op->active_warps_q16,
  };
  mix_text(hash, op->name);
  if (op->calls)
    mix(hash, op->calls);
  if (op->pageable)
    mix(hash, op->pageable);
  if (op->sm_blocks)
    mix(hash, op->sm_blocks);
  if (op->cluster_blocks) {
    mix_text(hash, "cluster");
    mix(hash, op->cluster_blocks);
  }
  if (op->idempotent)
    mix(hash, op->idempotent);
  for (uint32_t i = 0; i < op->n_block_ns; i++)
    mix(hash, op->block_ns[i]);
  for (size_t i = 0; i < sizeof number / sizeof *number; i++)
    mix(hash, number[i]);
  if (op->kind == CR_OP_ITERATION) {
    mix(hash, op->sm_ppm);
    mix(hash, op->dram_ppm);
  }
  for (uint32_t i = 0; i < (1 + n_batch) * op->n_layer; i++) {
    mix(hash, op->layer[i].hd_ns);
    mix(hash, op->layer[i].exec_ns);
    mix(hash, op->layer[i].misc_ns);
    mix(hash, op->layer[i].dh_ns);
  }
}

static void mix_memory(uint64_t *hash, const struct cr_memory_curve *memory)
{
  mix(hash, memory->span_ns);
  for (uint32_t i = 0; i < memory->n_step; i++) {
    mix(hash, memory->step[i].at_ns);
    mix(hash, memory->step[i].bytes);
  }
}

static void mix_model(uint64_t *hash, const struct cr_model_info *model)
{
  mix_text(hash, model->name);
  mix(hash, model->n_op);
  mix(hash, model->weight_bytes);
  mix(hash, model->persistent_bytes);
  mix(hash, model->ephemeral_bytes);
  mix(hash, model->framework_bytes);
  for (uint32_t i = 0; i < model->n_batch; i++)
    mix(hash, model->batch[i]);
  if (model->memory)
    mix_memory(hash, model->memory);
}

static void mix_arrival(uint64_t *hash, const struct cr_arrival_spec *a)
{
  int64_t rate_bits;
  memcpy(&rate_bits, &a->rate_per_s, sizeof rate_bits);
  mix(hash, a->kind);
  mix(hash, a->depth);
  mix(hash, rate_bits);
  mix(hash, a->phase_ns);
  if (a->period_ns)
    mix(hash, a->period_ns);
  mix(hash, a->n_at);
  for (uint32_t i = 0; i < a->n_at; i++)
    mix(hash, a->at_ns[i]);
  for (uint32_t i = 0; i < a->n_after; i++)
    mix(hash, a->after_client[i]);
  if (a->late)
    mix(hash, a->late);
}

static void mix_job(uint64_t *hash, const struct cr_job_spec *j)
{
  mix(hash, j->iterations);
  mix(hash, j->startup_ns);
  mix(hash, j->think_ns);
  mix(hash, j->declared_ns);
  mix(hash, j->persistent_bytes);
  mix(hash, j->ephemeral_bytes);
}

static void mix_client(uint64_t *hash, const struct cr_client_spec *c)
{
  mix_text(hash, c->name);
  mix(hash, c->model.i);
  mix(hash, c->class);
  mix(hash, c->priority);
  mix(hash, c->weight);
  mix(hash, c->deadline_ns);
  mix(hash, c->max_requests);
  if (c->bound_ns)
    mix(hash, c->bound_ns);
  if (c->thread)
    mix(hash, c->thread);
  if (c->sync)
    mix(hash, c->sync);
  mix_arrival(hash, &c->arrival);
  if (c->job.iterations)
    mix_job(hash, &c->job);
  if (c->actual_max_ppm) {
    mix(hash, c->actual_min_ppm);
    mix(hash, c->actual_max_ppm);
  }
  if (c->period_ns || c->join_ns) {
    mix(hash, c->period_ns);
    mix(hash, c->join_ns);
  }
  if (c->batch > 1)
    mix(hash, c->batch);
  for (uint32_t i = 0; i < c->n_stage; i++) {
    mix(hash, c->stage[i].device);
    mix(hash, c->stage[i].n_op);
  }
}

uint64_t cr_workload_hash(const struct cr_workload *w)
{
  uint64_t hash = UINT64_C(0xcbf29ce484222325);
  for (uint32_t m = 0; m < w->n_model; m++)
    mix_model(&hash, &w->model[m]);
  for (uint32_t m = 0; m < w->n_model; m++)
    for (uint32_t o = 0; o < w->model[m].n_op; o++)
      mix_op(&hash, &w->op[w->model[m].op0 + o], w->model[m].n_batch);
  for (uint32_t c = 0; c < w->n_client; c++)
    mix_client(&hash, &w->client[c]);
  return hash;
}
