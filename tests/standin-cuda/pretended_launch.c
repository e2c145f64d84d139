/* pretended_launch.c - launches, and what of them is wrong.
 *
 * Parameters lie as sim/standin_ptx.h, sim/merged_ptx.h and calib/bench_ptx.c say; a merged launch whose grid is not dealt out as
 * merged_ptx.h says is refused.  So are clusters that do not fill the grid or have more blocks than the function was allowed, as the
 * CUDA Driver API reference has it, and those of a function that was not written for a GPU with clusters, of which nobody knows. */
#include "config.h"

#include <string.h>

#include "sim/stream_ptx.h"
#include "tests/standin-cuda/pretended_code.h"
#include "tests/standin-cuda/pretended_driver.h"
#include "tests/standin-cuda/pretended_fault.h"
#include "tests/standin-cuda/pretended_stream.h"

static int is_work(const struct cr_merged_part *p)
{
  return p->per_round / CR_STREAM_UNIT <= CR_STREAM_ROUND_MAX;
}

static int read_standin(struct op *k, void **param)
{
  struct cr_merged_part *p = &k->part[0];
  uint32_t n_wide = function_sm_blocks(k->function, k->threads, k->smem) * k->sms;
  memcpy(&p->counters, param[0], 8);
  memcpy(&p->words, param[1], 8);
  memcpy(&p->epoch, param[2], 4);
  memcpy(&p->n_task, param[3], 4);
  memcpy(&p->rounds, param[4], 4);
  memcpy(&p->fmas, param[5], 4);
  if (k->function->spins) { /* as calib/bench_ptx.c has them */
    memcpy(&p->record, param[8], 8);
    memcpy(&p->first, param[9], 8);
    k->halt[0] = p->words ? p->words + sizeof(uint32_t) : 0;
  } else {
    memcpy(&p->record, param[7], 8);
    memcpy(&p->first, param[8], 8);
    memcpy(&k->halt[0], param[9], 8);
    memcpy(&p->per_round, param[10], 4);
    memcpy(&p->dram_share, param[11], 4);
  }
  n_wide -= n_wide % k->cluster_blocks; /* no part of a cluster is placed */
  p->n_worker = n_wide ? n_wide : 1;
  k->n_part = 1;
  return p->n_task == k->blocks && p->epoch && is_work(p);
}

/* Whether two parts have a block of the grid in common. */
static int overlap(const struct cr_merged_part *a, const struct cr_merged_part *b)
{
  return a->column < b->column + b->n_column && b->column < a->column + a->n_column && a->row < b->row + b->n_row &&
         b->row < a->row + a->n_row;
}

static int read_merged(struct op *k, void **param)
{
  uint32_t columns, most = function_sm_blocks(k->function, k->threads, k->smem);
  memcpy(&k->n_part, param[1], 4);
  memcpy(&columns, param[2], 4);
  if (k->n_part < 2 || k->n_part > CR_MERGED_PARTS || columns != SMS || k->blocks % SMS)
    return 0;
  memcpy(k->part, param[0], sizeof k->part);
  for (uint32_t i = 0; i < k->n_part; i++) {
    const struct cr_merged_part *p = &k->part[i];
    uint32_t n = p->n_column * p->n_row;
    k->halt[i] = p->words ? p->words + sizeof(uint32_t) : 0;
    if (!p->n_task || !p->epoch || !is_work(p) || !p->threads || p->threads % 32 || p->threads > k->threads ||
        p->n_row > most || !n || p->column + p->n_column > SMS || p->row + p->n_row > k->blocks / SMS ||
        p->n_worker != (n < p->n_task ? n : p->n_task))
      return 0;
    for (uint32_t j = 0; j < i; j++)
      if (overlap(p, &k->part[j]))
        return 0;
  }
  return 1;
}

static int launch(struct op *k, void **param, cr_cu_stream stream)
{
  uint32_t smem_max = k->function->smem_max ? k->function->smem_max : 49152 - 16;
  if (!k->blocks || !k->threads || k->threads > 1024 || k->smem > smem_max ||
      !(k->function->is_merged ? read_merged(k, param) : read_standin(k, param)))
    return INVALID;
  return stream_add(stream, k);
}

int cuLaunchKernel(cr_cu_function function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,
                   unsigned block_y, unsigned block_z, unsigned smem_bytes, cr_cu_stream stream, void **param,
                   void **extra)
{
  struct op k = {.kind = KERNEL,
                 .function = function,
                 .blocks = grid_x,
                 .cluster_blocks = 1,
                 .threads = block_x,
                 .smem = smem_bytes,
                 .sms = stream->sms};
  return grid_y * grid_z * block_y * block_z != 1 || extra ? INVALID : launch(&k, param, stream);
}

/* Blocks of a cluster; clusters fill the grid in each dimension. */
static int read_cluster(const struct cr_cu_launch *l, const struct cr_cu_attribute *a, cr_cu_function function,
                        uint32_t *out)
{
  *out = 1;
  for (int i = 0; i < 3; i++) {
    if (!a->dim[i] || a->dim[i] > SMS || l->grid[i] % a->dim[i])
      return INVALID;
    *out *= a->dim[i];
  }
  return function_clusters(function, *out);
}

/* Each attribute once. */
static int read_attributes(const struct cr_cu_launch *l, cr_cu_function function, uint32_t *cluster_blocks)
{
  unsigned seen = 0;
  int error = CR_CU_OK;
  *cluster_blocks = 1;
  for (unsigned i = 0; !error && i < l->n_attribute; i++) {
    const struct cr_cu_attribute *a = &l->attribute[i];
    if (a->id > CR_CU_LAUNCH_EARLY || seen >> a->id & 1)
      return INVALID;
    seen |= 1U << a->id;
    if (a->id == CR_CU_LAUNCH_CLUSTER)
      error = read_cluster(l, a, function, cluster_blocks);
    else if (a->id != CR_CU_LAUNCH_EARLY || a->value[0] != 1 || fault_is("no-clusters"))
      return INVALID;
  }
  return error;
}

int cuLaunchKernelEx(const struct cr_cu_launch *l, cr_cu_function function, void **param, void **extra)
{
  struct op k = {.kind = KERNEL,
                 .function = function,
                 .blocks = l->grid[0],
                 .threads = l->block[0],
                 .smem = l->smem_bytes,
                 .sms = l->stream->sms};
  if (l->grid[1] * l->grid[2] * l->block[1] * l->block[2] != 1 || extra)
    return INVALID;
  int error = read_attributes(l, function, &k.cluster_blocks);
  return error ? error : launch(&k, param, l->stream);
}

int cuOccupancyMaxActiveClusters(int *clusters, cr_cu_function function, const struct cr_cu_launch *l)
{
  uint32_t cluster_blocks, gpc_sms = fault_is("small-gpc") ? 4 : GPC_SMS;
  int error = read_attributes(l, function, &cluster_blocks);
  if (!error)
    *clusters =
      (int)(function_sm_blocks(function, l->block[0], l->smem_bytes) * gpc_sms / cluster_blocks * (SMS / gpc_sms));
  return error;
}
