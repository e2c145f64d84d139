/* gpu_shape.c - what the device model needs of an op, computed once from its record.
 *
 * A kernel of G blocks, occ of which fit on an SM, runs W = ceil(G / (SMs occ)) waves alone.  Of its time alone,
 * gap + duration, a part holds no SM (the gap, launch and drain); the rest is spread evenly over the waves, so that alone
 * it takes its recorded time exactly.  SMs are those of the device that the kernel was recorded on: where a scenario gives
 * the device fewer or more, the same blocks take more or fewer waves.  The recorded gap is the profiler's in part: see docs/model.md, "Gaps".
 *
 * Where the times of its blocks by occupancy were recorded, these stand in for the law of contention (sim/block_times.h):
 * only their ratios count, so that alone such a kernel takes its recorded time, too. */
#include "config.h"

#include <math.h>

#include "sim/block_times.h"
#include "sim/gpu_int.h"

/* At most this share of a kernel's time holds no SM, however short it is.  Taken over from a prototype; not fitted here. */
static const double OVERHEAD_SHARE_MAX = 0.6;

/* SMs on which a kernel holds fewer blocks than on others finish theirs earlier.  They are followed apart where that makes
 * a difference: not in blocks most of whose time is flat.  A threshold near this one against 0 saved 18 % of the instructions
 * of DISB C and took the error of the fixed table from 4.0 to 4.1 %, with the constants of that day. */
static const double PARTED_FLATS = 3;

/* The 90th percentile over 527 kernels counted on an H200 that use shared memory but not the tensor pipe. */
static const double WARP_IPC_MAX = 0.66;

/* Of the load that a kernel's blocks see alone: below it none is sensitive to others. */
static const double OWN_MIN = 1e-3;

/* Measured bytes can exceed what the bandwidth allows in the time recorded elsewhere; chosen. */
static const double BOUND_MAX = 0.95;

/* Of a wave's time, what passes before and after its warps issue at their pace. */
static const double COUNTED_RAMP_NS = 1000;

uint32_t cr_gpu_reg_parts(const struct cr_device_desc *d)
{
  uint32_t parts = 1, units = d->sm_regs / d->warp_regs_unit;
  while (units && 2 * parts * units <= REGS_MAX)
    parts *= 2;
  return parts;
}

static double ns_of(const struct cr_gpu *g, enum cr_gpu_constant c)
{
  return g->model.constant[c] * 1e3;
}

/* Idle time of the stream before the op when it runs alone, unprofiled.  May be a little below 0 for kernels whose
 * recorded gap is shorter than what the profiler adds on average: the sum over a model is what counts. */
static double gap_ns(const struct cr_gpu *g, const struct cr_op_spec *op, int beside_memset, int first)
{
  if (op->launch_ns != CR_NS_NEVER) /* eager: the recorded gap is the host's, which is simulated itself */
    return ns_of(g, CR_GPU_GAP);
  if (op->gap_ns == CR_NS_NEVER)
    return ns_of(g, first ? CR_GPU_REPLAY : CR_GPU_GAP);
  if (first)
    return (double)op->gap_ns;
  if (beside_memset)
    return (double)op->gap_ns * g->model.constant[CR_GPU_MEMSET_GAP];
  return (double)op->gap_ns - ns_of(g, CR_GPU_PROFILER);
}

static uint32_t smallest_carveout(const struct cr_device_desc *d, uint32_t smem)
{
  for (uint32_t i = 0; i < d->n_carveout; i++)
    if (d->carveout_bytes[i] >= smem)
      return (uint32_t)d->carveout_bytes[i];
  return (uint32_t)d->sm_smem_bytes;
}

/* Instructions a cycle of one warp alone, from counters where there are.  Elsewhere from its registers: register-tiled
 * kernels (GEMM, convolution) keep the pipes far busier a warp than elementwise ones. */
static double warp_ipc(const struct cr_gpu *g, const struct cr_op_spec *op, const struct shape *k, double wave_ns)
{
  if (op->instructions != CR_UNKNOWN && g->model.has[CR_GPU_HAS_COUNTERS]) {
    double cycles = fmax(wave_ns - COUNTED_RAMP_NS, wave_ns / 2) * g->model.constant[CR_GPU_CLOCK];
    return fmin((double)op->instructions / k->blocks / k->warps / cycles, 1);
  }
  double ilp = pow(fmax(1, (double)op->regs / 32), g->model.constant[CR_GPU_ILP]);
  return fmin(g->model.constant[CR_GPU_WARP_IPC] * ilp, WARP_IPC_MAX);
}

/* Of one block; a multiple of 2^-10, so that sums of loads in float are exact. */
static float block_load(const struct cr_gpu *g, const struct cr_op_spec *op, const struct shape *k, double wave_ns)
{
  float load = (float)(round(warp_ipc(g, op, k, wave_ns) * k->warps * 1024) / 1024);
  return op->n_block_ns && load == 0 ? 1.0f / 1024 : load; /* others' loads are counted in it */
}

/* Blocks that n blocks, spread evenly over all SMs, find on their SM: at most if they are followed apart, else on average. */
static double blocks_beside(const struct cr_gpu *g, const struct shape *k, uint32_t n)
{
  uint32_t sms = cr_device_recorded_sms(g->device), base = n / sms,
           more = n % sms; /* `more` SMs hold one more than base */
  if (k->parted)
    return base + (more > 0);
  return ((double)more * (base + 1) * (base + 1) + (double)(sms - more) * base * base) / n;
}

/* A kernel that reached share u of the device's bandwidth alone was throttled by it: it asked for u / sqrt(1 - u^2), by the
 * law of cr_gpu_throttle. */
static void draw_dram(const struct cr_gpu *g, const struct cr_op_spec *op, struct shape *k, uint32_t occupancy,
                      double total_ns)
{
  int64_t bandwidth = g->device->dram_bytes_per_s;
  if (!g->model.has[CR_GPU_HAS_BANDWIDTH] || bandwidth == CR_UNKNOWN || op->dram_bytes <= 0)
    return;
  double busy_ns = fmax(total_ns - COUNTED_RAMP_NS, total_ns / 2);
  k->bound = fmin((double)op->dram_bytes / busy_ns / ((double)bandwidth / 1e9), BOUND_MAX);
  k->own_queue = sqrt(1 - k->bound * k->bound);
  k->dram = k->bound / k->own_queue / cr_min_u32(k->blocks, cr_device_recorded_sms(g->device) * occupancy);
}

/* The same of a kernel with a table: a wave takes as long as its slowest blocks, and a table need not ascend. */
static double wave_ns(const struct cr_gpu *g, const struct shape *k, uint32_t n)
{
  uint32_t sms = cr_device_recorded_sms(g->device), base = n / sms;
  double most = n % sms ? cr_block_ns(k->block_ns, k->n_block_ns, base + 1) : 0;
  return base ? fmax(most, cr_block_ns(k->block_ns, k->n_block_ns, base)) : most;
}

/* As spread_waves, by the table; none of it is flat. */
static void spread_by_table(const struct cr_gpu *g, const struct cr_op_spec *op, struct shape *k, uint32_t occupancy,
                            double total_ns)
{
  uint32_t wave = cr_device_recorded_sms(g->device) * occupancy, n_full = k->blocks / wave, rest = k->blocks % wave;
  k->block_ns = op->block_ns;
  k->n_block_ns = op->n_block_ns;
  k->per_load = 1 / (double)k->load;
  k->parted = 1;
  double first_ns = wave_ns(g, k, n_full ? wave : rest);
  k->per_first_ns = 1 / first_ns;
  k->body_ns = total_ns / (n_full + (rest ? wave_ns(g, k, rest) / first_ns : 0));
}

/* Spreads `total` over the waves of the kernel alone.  In a full wave every SM holds occupancy blocks; in the last one
 * fewer, which therefore go faster, by the same law as beside others (gpu_rate.c), but for their flat part. */
static void spread_waves(const struct cr_gpu *g, struct shape *k, uint32_t occupancy, double total_ns)
{
  uint32_t wave = cr_device_recorded_sms(g->device) * occupancy, n_full = k->blocks / wave, rest = k->blocks % wave;
  double flat_ns = ns_of(g, CR_GPU_FLAT), n_wave = n_full + (rest > 0);
  k->parted = total_ns > PARTED_FLATS * flat_ns * n_wave;
  k->alone = (float)((double)k->load * blocks_beside(g, k, n_full ? wave : rest));
  double load = g->model.has[CR_GPU_HAS_CONTENTION] ? g->model.constant[CR_GPU_LOAD] : 0;
  k->sensitivity = load * pow(fmax((double)k->alone, OWN_MIN), g->model.constant[CR_GPU_OWN]);
  k->slow_at_0 = 1 / (1 + k->sensitivity * (double)k->alone);
  k->slow_per_load = k->sensitivity * k->slow_at_0;
  double sum = n_full;
  if (rest)
    sum += (k->slow_at_0 + k->slow_per_load * (double)k->load * blocks_beside(g, k, rest)) *
           cr_gpu_throttle(k, cr_gpu_queue(rest * k->dram));
  k->body_ns = (total_ns - flat_ns * (n_wave - sum)) / sum;
  k->flat_ns = flat_ns;
  if (k->body_ns < flat_ns) /* all of it is flat */
    k->flat_ns = k->body_ns = total_ns / n_wave;
}

int cr_gpu_shape(const struct cr_gpu *g, const struct cr_op_spec *op, uint32_t index, struct shape *out,
                 struct cr_err *err)
{
  const struct cr_device_desc *d = g->device;
  int beside_memset = op->kind == CR_OP_MEMSET || (index > 0 && op[-1].kind == CR_OP_MEMSET);
  double gap = gap_ns(g, op, beside_memset, index == 0);
  *out = (struct shape){.away_ns = fmax(gap, 0), .body_ns = (double)op->duration_ns};
  if (op->kind != CR_OP_KERNEL || op->blocks == 0)
    return CR_OK;

  const char *why = "";
  uint32_t occupancy = cr_device_occupancy(d, op->threads, op->regs, op->smem_bytes, &why);
  if (occupancy == 0)
    return cr_fail(err, CR_EINPUT, "kernel %s cannot run on %s: %s; use a device that holds it", op->name, d->name,
                   why);
  out->blocks = op->blocks;
  out->warps = (op->threads + d->warp_threads - 1) / d->warp_threads;
  uint32_t warp_regs = (op->regs * d->warp_threads + d->warp_regs_unit - 1) / d->warp_regs_unit;
  out->reg_units = warp_regs * out->warps * cr_gpu_reg_parts(d);
  int64_t smem = op->smem_bytes + d->block_smem_reserved_bytes;
  out->smem = (uint32_t)((smem + d->smem_unit_bytes - 1) / d->smem_unit_bytes * d->smem_unit_bytes);
  out->smem += out->smem == 0; /* a byte limits nothing, and can be divided by */
  out->per_warp = 1.0f / (float)out->warps;
  out->per_smem = 1.0f / (float)out->smem;
  out->carveout = op->carveout_bytes > 0 ? (uint32_t)op->carveout_bytes : smallest_carveout(d, out->smem * occupancy);
  if (out->carveout < out->smem)
    out->carveout = smallest_carveout(d, out->smem);
  if (g->model.has[CR_GPU_HAS_CARVEOUT] && out->carveout / out->smem < occupancy)
    occupancy = out->carveout / out->smem;
  if (op->sm_blocks && op->sm_blocks < occupancy) /* what limits it was not recorded: as if registers did */
    out->reg_units = d->sm_regs / d->warp_regs_unit * cr_gpu_reg_parts(d) / (occupancy = op->sm_blocks);
  out->per_reg_unit = out->reg_units ? 1.0f / (float)out->reg_units : 0;

  double overhead = fmin(ns_of(g, CR_GPU_OVERHEAD), OVERHEAD_SHARE_MAX * (double)op->duration_ns);
  out->away_ns = fmax(gap + overhead, 0);
  double total_ns = (double)op->duration_ns + gap - out->away_ns;
  uint32_t wave = cr_device_recorded_sms(g->device) * occupancy;
  out->load = block_load(g, op, out, total_ns / (double)((op->blocks + wave - 1) / wave));
  draw_dram(g, op, out, occupancy, total_ns);
  if (op->n_block_ns && g->model.has[CR_GPU_HAS_CONTENTION])
    spread_by_table(g, op, out, occupancy, total_ns);
  else
    spread_waves(g, out, occupancy, total_ns);
  double many_regs = fmax(0, ((double)op->regs - 40) / 64);
  out->cold_ns =
    ns_of(g, CR_GPU_COLD) + ns_of(g, CR_GPU_COLD_REG) * many_regs * many_regs + fmax(0, ns_of(g, CR_GPU_GAP) - gap);
  return CR_OK;
}
