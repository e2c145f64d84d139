/* standin_merged.c - lays out merged launches. */
#include "config.h"

#include "sim/standin_merged.h"

#include "sim/mem.h"
#include "sim/standin_code.h"

enum { STATIC_SMEM = 16 }; /* of a stand-in's own, the stop word */

struct cr_merger {
  struct cr_cuda_gpu *gpu;
  struct cr_standins *standins;
  const struct cr_workload *workload;
  const struct cr_device_desc *device;
};

/* What a block takes. */
struct needs {
  uint32_t regs, carveout_percent, threads, smem;
};

static void widen(struct needs *n, const struct cr_standin_work *w)
{
  enum { WARP = 32 };
  uint32_t threads = (w->threads + WARP - 1) / WARP * WARP;
  n->regs = n->regs > w->regs ? n->regs : w->regs;
  n->carveout_percent = n->carveout_percent > w->carveout_percent ? n->carveout_percent : w->carveout_percent;
  n->threads = n->threads > threads ? n->threads : threads;
  n->smem = n->smem > w->smem ? n->smem : w->smem;
}

static int find_code(struct cr_merger *m, const struct needs *n, uint32_t *code, struct cr_err *err)
{
  struct cr_standin_codes *codes = cr_standins_codes(m->standins);
  int rc = cr_standin_codes_find(codes, n->regs, n->carveout_percent, CR_STANDIN_MERGED, code, err);
  return rc ? rc : cr_standin_codes_allow(codes, *code, n->smem, err);
}

/* --- making ------------------------------------------------------------------------------------------------------- */

static int is_kernel_of(const struct cr_workload *w, uint32_t op, int of_rt)
{
  if (w->op[op].kind != CR_OP_KERNEL)
    return 0;
  for (uint32_t i = 0; i < w->n_client; i++) {
    const struct cr_model_info *m = &w->model[w->client[i].model.i];
    if ((w->client[i].class == CR_RT) == of_rt && op >= m->op0 && op < m->op0 + m->n_op)
      return 1;
  }
  return 0;
}

/* The op has the registers and carve-out of one before it, and so needs nothing of its own. */
static int is_repeated(const struct cr_merger *m, uint32_t op, int of_rt)
{
  struct cr_standin_work a = cr_standin_work(m->standins, op);
  for (uint32_t i = 0; i < op; i++) {
    if (!is_kernel_of(m->workload, i, of_rt))
      continue;
    struct cr_standin_work b = cr_standin_work(m->standins, i);
    if (a.regs == b.regs && a.carveout_percent == b.carveout_percent)
      return 1;
  }
  return 0;
}

static int load_pairs(struct cr_merger *m, uint32_t rt, struct cr_err *err)
{
  struct cr_standin_work a = cr_standin_work(m->standins, rt);
  int rc = CR_OK;
  for (uint32_t i = 0; !rc && i < m->workload->n_op; i++) {
    if (!is_kernel_of(m->workload, i, 0) || is_repeated(m, i, 0))
      continue;
    struct cr_standin_work b = cr_standin_work(m->standins, i);
    struct needs needs = {0};
    uint32_t code;
    widen(&needs, &a);
    widen(&needs, &b);
    rc = find_code(m, &needs, &code, err);
  }
  return rc;
}

int cr_merger_new(struct cr_cuda_gpu *gpu, struct cr_standins *standins, const struct cr_workload *w,
                  const struct cr_device_desc *d, struct cr_merger **out, struct cr_err *err)
{
  struct cr_merger *m = cr_mem_new(1, sizeof *m);
  if (!m)
    return cr_fail_nomem(err, "merged launches");
  *m = (struct cr_merger){.gpu = gpu, .standins = standins, .workload = w, .device = d};
  int rc = CR_OK;
  for (uint32_t i = 0; !rc && i < w->n_op; i++)
    if (is_kernel_of(w, i, 1) && !is_repeated(m, i, 1))
      rc = load_pairs(m, i, err);
  if (rc) {
    cr_merger_free(m);
    return rc;
  }
  *out = m;
  return CR_OK;
}

void cr_merger_free(struct cr_merger *m)
{
  cr_mem_free(m);
}

/* --- launching ---------------------------------------------------------------------------------------------------- */

static struct cr_merged_part make_part(const struct cr_merger *m, const struct cr_merged_op *o)
{
  const struct cr_cuda_gpu *g = m->gpu;
  const struct cr_standin_at *at = &o->at;
  struct cr_standin_work w = cr_standin_work(m->standins, o->op);
  struct needs needs = {0};
  widen(&needs, &w);
  int reports = at->slot != CR_NONE, is_last = at->first != CR_NONE;
  return (struct cr_merged_part){
    .counters = reports ? cr_cuda_gpu_counters(g, at->slot) : 0,
    .words = at->words != CR_NONE ? cr_cuda_gpu_words(g, at->words) : 0,
    .record = !reports  ? 0
              : is_last ? cr_cuda_gpu_record(g, at->slot)
                        : cr_cuda_gpu_inner_record(g, at->slot),
    .first = is_last && at->first != at->slot ? cr_cuda_gpu_inner_record(g, at->first) : 0,
    .epoch = at->epoch,
    .n_task = at->n_block ? at->n_block : m->workload->op[o->op].blocks,
    .rounds = w.rounds,
    .fmas = w.fmas,
    .n_chain = w.n_chain,
    .per_round = w.per_round,
    .dram_share = w.dram_share,
    .threads = needs.threads,
  };
}

static uint32_t divided(uint32_t n, uint32_t by)
{
  return (n + by - 1) / by;
}

static void place(struct cr_merged_part *p, uint32_t column, uint32_t n_column, uint32_t row, uint32_t n_row)
{
  p->column = column;
  p->n_column = n_column;
  p->row = row;
  p->n_row = n_row;
  p->n_worker = cr_min_u32(n_column * n_row, p->n_task);
}

/* Each part takes the columns that it fills, the last one what is left; those that find none lie above the others.  How many rows
 * there are. */
static uint32_t lay_out(struct cr_merged_part *part, const struct cr_merged_op *op, uint32_t n, uint32_t first_sms,
                        uint32_t sms, uint32_t sm_blocks)
{
  uint32_t column = first_sms, row = 0, top = cr_min_u32(divided(part[0].n_task, first_sms), sm_blocks);
  place(&part[0], 0, first_sms, 0, top);
  for (uint32_t i = 1; i < n; i++) {
    if (column == sms) {
      column = first_sms;
      row = top;
    }
    uint32_t n_row = cr_min_u32(op[i].sm_blocks, sm_blocks);
    uint32_t n_column = i + 1 == n ? sms - column : cr_min_u32(divided(part[i].n_task, n_row), sms - column);
    place(&part[i], column, n_column, row, n_row);
    column += n_column;
    top = row + n_row > top ? row + n_row : top;
  }
  return top;
}

int cr_merger_launch(struct cr_merger *m, const struct cr_merged_op *op, uint32_t n, uint32_t first_sms,
                     cr_cu_stream stream, struct cr_err *err)
{
  struct cr_merged_part part[CR_MERGED_PARTS] = {{0}};
  struct needs needs = {0};
  uint32_t code, sms = m->device->sms;
  if (n > CR_MERGED_PARTS)
    return cr_fail(err, CR_ERUN, "more than %d requests pad one launch, which backend cuda cannot merge",
                   CR_MERGED_PARTS - 1);
  for (uint32_t i = 0; i < n; i++) {
    struct cr_standin_work w = cr_standin_work(m->standins, op[i].op);
    widen(&needs, &w);
    part[i] = make_part(m, &op[i]);
  }
  uint32_t sm_blocks = cr_device_occupancy(m->device, needs.threads, needs.regs, needs.smem + STATIC_SMEM, NULL);
  int rc = find_code(m, &needs, &code, err);
  if (!rc && sm_blocks == 0)
    rc = cr_fail(err, CR_ERUN, "kernels %s and %s cannot be merged: no SM holds a block that has what both take",
                 m->workload->op[op[0].op].name, m->workload->op[op[1].op].name);
  if (rc)
    return rc;
  uint32_t rows = lay_out(part, op, n, first_sms, sms, sm_blocks);
  cr_cu_address data = m->gpu->data;
  struct cr_standin_stream read = cr_standins_stream(m->standins);
  void *param[] = {part, &n, &sms, &data, &read.address, &read.mask, &read.l2_mask};
  cr_cu_function function = cr_standin_codes_function(cr_standins_codes(m->standins), code);
  const struct cr_cuda_launch launch = {.blocks = rows * sms,
                                        .threads = needs.threads,
                                        .smem_bytes = needs.smem,
                                        .cluster_blocks = 1,
                                        .early = op[0].at.early};
  int error = cr_cuda_gpu_launch(m->gpu, function, &launch, stream, param);
  return cr_cuda_check(&m->gpu->driver, error, "a merged launch", err);
}
