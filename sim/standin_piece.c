/* standin_piece.c - kernels that stand for an iteration of which only its time is known. */
#include "config.h"

#include "sim/standin_piece.h"

enum {
  PIECES = 4096, /* at most: a graph of more takes tens of ms to make */
  THREADS = 1024,
  REGS = 32,
};
static const cr_ns PIECE_NS = 250000; /* far above the gap between two kernels, far below an iteration of training */

uint32_t cr_standin_piece_count(const struct cr_op_spec *op)
{
  if (op->kind != CR_OP_ITERATION)
    return 1;
  cr_ns n = (op->duration_ns + PIECE_NS / 2) / PIECE_NS;
  return n < 1 ? 1 : n > PIECES ? PIECES : (uint32_t)n;
}

void cr_standin_piece_of(const struct cr_op_spec *op, const struct cr_device_desc *d, struct cr_op_spec *out)
{
  int64_t share_ppm = op->sm_ppm == CR_UNKNOWN ? 1000000 : op->sm_ppm;
  uint32_t sms = (uint32_t)((share_ppm * d->sms + 500000) / 1000000);
  *out = *op;
  out->kind = CR_OP_KERNEL;
  out->duration_ns = op->duration_ns / cr_standin_piece_count(op);
  out->gap_ns = 0; /* the gap is part of the iteration's time */
  out->blocks = sms ? sms : 1;
  out->threads = THREADS;
  out->regs = REGS;
  out->smem_bytes = d->sm_smem_bytes / 2 + 1024;
}
