/* standin_shape.c - chooses the work of a round: as many multiply-adds as make warps issue at the rate that the device model takes
 * the kernel's to have. */
#include "config.h"

#include "sim/standin_shape.h"

#include <math.h>

#include "sim/gpu.h"
#include "sim/stream_ptx.h"

enum { WARP = 32, STATIC_SMEM = 16 /* a stand-in's own: the stop word */ };

/* A round issues ROUND instructions and f times FMAS, counted in the text of the stand-in, and takes so many cycles: measured for one
 * chain of multiply-adds (132 blocks of 64 threads, f from 1 to 16) on an NVIDIA H200, 580.159.04, 2026-11-28; for four chains the
 * least that their issue takes. */
static const double ROUND_INSTRUCTIONS = 20, FMAS_INSTRUCTIONS = 11, ROUND_CYCLES = 345;
static const struct chains {
  uint32_t n_chain;
  double fmas_cycles, ipc_max; /* of a warp: up to which it is taken */
} chains[] = {{1, 35.4, 0.2}, {4, 12, 1}};
static const double FMAS_MAX = 64;

/* Of kernels that read DRAM or the L2: what a round issues more, counted in the text, and what each chunk does; what a round takes more,
 * and each chunk from DRAM that nothing hides (from 3 to 8 chunks a warp, 52 to 128 blocks of 128 threads), and what a launch takes
 * beside its rounds, measured as above.  A chunk from the L2 is assumed to take what public microbenchmarks of Hopper give for a hit. */
static const double STREAM_INSTRUCTIONS = 6, CHUNK_INSTRUCTIONS = 10, STREAM_CYCLES = 100, CHUNK_CYCLES = 540,
                    L2_CHUNK_CYCLES = 270, LAUNCH_NS = 1400;

static uint32_t percent_of(const struct cr_device_desc *d, int64_t carveout_bytes)
{
  if (carveout_bytes == CR_UNKNOWN || carveout_bytes <= 0)
    return 0; /* the driver's choice */
  int64_t percent = (carveout_bytes * 100 + d->sm_smem_bytes - 1) / d->sm_smem_bytes;
  return percent > 100 ? 100 : (uint32_t)percent;
}

/* To 2 %, so that kernels that hardly differ share their line. */
static uint32_t chunks_of(double bytes)
{
  double step = log(1.02), n = bytes / CR_STREAM_CHUNK_BYTES;
  return n < 1 ? 0 : (uint32_t)lrint(exp(round(log(n) / step) * step));
}

static double dram_bytes(const struct cr_op_spec *op)
{
  return op->dram_bytes == CR_UNKNOWN ? 0 : (double)op->dram_bytes;
}

double cr_standin_l2_bytes(const struct cr_op_spec *op)
{
  return op->l2_bytes == CR_UNKNOWN ? 0 : fmax((double)op->l2_bytes / CR_STANDIN_L2_COUNTS, dram_bytes(op));
}

static double warps_of(const struct cr_standin_shape *h)
{
  return (double)h->blocks * ((h->threads + WARP - 1) / WARP);
}

/* What a round waits for so many chunks: for those from the L2 only where none from DRAM is under way. */
static double chunks_cycles(const struct cr_standin_shape *h, double per_round)
{
  double dram = per_round * h->dram_chunks / h->chunks, l2 = per_round - dram;
  return CHUNK_CYCLES * fmin(dram, 1) + L2_CHUNK_CYCLES * fmin(l2, 1) * (1 - fmin(dram, 1));
}

static void choose_work(const struct cr_device_desc *d, const struct cr_op_spec *op, double ns,
                        struct cr_standin_shape *h)
{
  enum { TURNS = 3 };           /* what a round takes follows from chunks a round, and these from the rounds */
  const uint32_t few_regs = 24; /* four chunks under way took more; whether they pay in so few was not measured */
  double ipc = cr_gpu_warp_ipc(d, op), f = 0, per_round = 0;
  const struct chains *c = ipc <= chains[0].ipc_max ? &chains[0] : &chains[1];
  uint32_t at_once = d->sms * cr_device_occupancy(d, h->threads, h->regs, h->smem + STATIC_SMEM, NULL);
  double cycles =
    fmax(ns - LAUNCH_NS, 0) * d->constant[CR_GPU_CLOCK] / ceil((double)h->blocks / (at_once ? at_once : 1));
  for (int i = 0; i < TURNS; i++) {
    double issued = ROUND_INSTRUCTIONS + (h->chunks ? STREAM_INSTRUCTIONS + CHUNK_INSTRUCTIONS * per_round : 0);
    double taken = ROUND_CYCLES + (h->chunks ? STREAM_CYCLES + chunks_cycles(h, per_round) : 0);
    double room = FMAS_INSTRUCTIONS - c->fmas_cycles * ipc;
    f = room > 0 ? (taken * ipc - issued) / room : FMAS_MAX;
    f = fmin(fmax(f, 0), FMAS_MAX);
    per_round = h->chunks / fmax(cycles / (taken + f * c->fmas_cycles), 1) / warps_of(h);
  }
  h->n_chain = c->n_chain;
  h->n_load = h->chunks == 0 ? 0 : per_round > 0.5 && h->regs > few_regs ? 4 : 1;
  h->fmas = (uint32_t)lrint(f);
}

void cr_standin_shape(const struct cr_device_desc *d, const struct cr_op_spec *op, double ns,
                      enum cr_standin_traffic traffic, struct cr_standin_shape *out)
{
  uint32_t dram = traffic == CR_STANDIN_TRAFFIC_OFF ? 0 : chunks_of(dram_bytes(op));
  uint32_t l2 = traffic == CR_STANDIN_TRAFFIC_ALL ? chunks_of(cr_standin_l2_bytes(op)) : 0;
  int64_t smem = op->smem_bytes == CR_UNKNOWN ? 0 : op->smem_bytes;
  *out = (struct cr_standin_shape){.regs = op->regs,
                                   .carveout_percent = percent_of(d, op->carveout_bytes),
                                   .blocks = op->blocks,
                                   .threads = op->threads,
                                   .smem = smem > STATIC_SMEM ? (uint32_t)(smem - STATIC_SMEM) : 0,
                                   .cluster_blocks = op->cluster_blocks ? op->cluster_blocks : 1,
                                   .chunks = l2 > dram ? l2 : dram,
                                   .dram_chunks = dram};
  choose_work(d, op, ns, out);
}

uint32_t cr_standin_least_rounds(const struct cr_standin_shape *h)
{
  return h->chunks ? 1 + (uint32_t)(h->chunks / warps_of(h) / CR_STREAM_ROUND_MAX) : 0;
}

uint32_t cr_standin_per_round(const struct cr_standin_shape *h, uint32_t rounds)
{
  const double most = (double)CR_STREAM_ROUND_MAX * CR_STREAM_UNIT;
  return rounds ? (uint32_t)fmin(round(h->chunks / warps_of(h) / rounds * CR_STREAM_UNIT), most) : 0;
}

uint32_t cr_standin_dram_share(const struct cr_standin_shape *h)
{
  uint64_t share = h->chunks ? ((uint64_t)h->dram_chunks << 32) / h->chunks : 0;
  return share > UINT32_MAX ? UINT32_MAX : (uint32_t)share;
}
