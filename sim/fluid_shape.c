/* fluid_shape.c - what the fluid device model needs of an op, from the wave model's shape of it (gpu_shape.c).
 *
 * A kernel of G blocks, C of which the device holds at once, has G = lead + last: full waves of C blocks, each of which
 * takes the time of a wave alone, and a last one.  Alone it takes its recorded time exactly: the last wave takes what
 * the full ones leave.  Where times of a block by occupancy were recorded, a line through them is its law of contention. */
#include "config.h"

#include <math.h>

#include "sim/block_times.h"
#include "sim/fluid_int.h"
#include "sim/gpu_int.h"

/* A kernel whose blocks take more than this of anything on their SMs leaves no room for others there. */
static const double FULL = 0.75;

/* All the kernel's time alone on SMs: with a single block, it is that block's. */
static int total_ns(const struct cr_gpu *probe, const struct cr_op_spec *op, uint32_t index, double *out,
                    struct cr_err *err)
{
  struct cr_op_spec one[2] = {index ? op[-1] : *op, *op};
  struct shape s;
  one[1].blocks = 1;
  int rc = cr_gpu_shape(probe, one + 1, index, &s, err);
  *out = s.body_ns;
  return rc;
}

/* A phase of block_ns a wave, in which the kernel alone sees the load own of itself; f: slowdown per unit of load. */
static struct fluid_phase phase(double block_ns, double flat_ns, double own, double f)
{
  double at_0 = 1 / (1 + f * own), per_load = f * at_0, flat = block_ns > 0 ? fmin(flat_ns / block_ns, 1) : 1;
  return (struct fluid_phase){.block_ns = block_ns,
                              .flat_ns = fmin(flat_ns, block_ns),
                              .slow_at_0 = at_0,
                              .slow_per_load = per_load,
                              .even_at_0 = flat + (1 - flat) * at_0,
                              .even_per_load = (1 - flat) * per_load};
}

/* A phase in which own of its blocks lie on an SM when the kernel is alone, by a line through the kernel's table. */
static struct fluid_phase phase_on_line(double block_ns, double load, double own, const struct cr_block_line *line)
{
  double own_ns = line->at_0_ns + line->per_block_ns * own, at_0 = line->at_0_ns / own_ns;
  double per_load = line->per_block_ns / own_ns / load;
  return (struct fluid_phase){
    .block_ns = block_ns, .slow_at_0 = at_0, .slow_per_load = per_load, .even_at_0 = at_0, .even_per_load = per_load};
}

/* Load that each of n blocks sees of the others and itself, spread evenly over all SMs. */
static double own_load(const struct fluid_shape *f, uint32_t n, uint32_t sms)
{
  return f->load * fmax(1, (double)n / sms);
}

/* A wave of the kernel where it sees so much load of its own. */
static double wave_ns(const struct shape *k, double own)
{
  return k->flat_ns + (k->body_ns - k->flat_ns) * cr_gpu_slowdown(k, own);
}

static void fill_phases(const struct cr_gpu *g, const struct shape *k, double total, struct fluid_shape *out)
{
  uint32_t sms = g->device->sms, rest = k->blocks % out->fit;
  out->last = rest ? rest : out->fit;
  out->lead = k->blocks - out->last;
  uint32_t waves = out->lead / out->fit;
  double lead = own_load(out, out->fit, sms), last = own_load(out, out->last, sms);
  double body_ns = k->body_ns, end_ns = fmax(total - waves * k->body_ns, 1);
  if (cr_device_recorded_sms(g->device) != sms) { /* no recorded time that they would have to sum up to */
    body_ns = wave_ns(k, lead);
    end_ns = wave_ns(k, last);
  }
  if (k->block_ns) {
    struct cr_block_line line = cr_block_line(k->block_ns, k->n_block_ns);
    out->waves = phase_on_line(body_ns, out->load, fmax(1, (double)out->fit / sms), &line);
    out->end = phase_on_line(end_ns, out->load, fmax(1, (double)out->last / sms), &line);
    return;
  }
  out->waves = phase(body_ns, k->flat_ns, lead, k->sensitivity);
  out->end = phase(end_ns, k->flat_ns, last, k->sensitivity);
}

/* Blocks of it that one SM holds, by the same rules as in gpu_shape.c. */
static uint32_t sm_fit(const struct cr_gpu *g, const struct cr_op_spec *op, const struct shape *k)
{
  uint32_t fit = cr_device_occupancy(g->device, op->threads, op->regs, op->smem_bytes, NULL);
  if (g->model.has[CR_GPU_HAS_CARVEOUT] && k->carveout / k->smem < fit)
    fit = k->carveout / k->smem;
  return op->sm_blocks && op->sm_blocks < fit ? op->sm_blocks : fit;
}

int cr_fluid_shape(const struct cr_device_desc *d, const struct cr_gpu_model *m, const struct cr_op_spec *op,
                   uint32_t index, struct fluid_shape *out, struct cr_err *err)
{
  struct cr_gpu probe = {.device = d, .model = *m};
  struct shape k;
  double total = 0;
  int rc = cr_gpu_shape(&probe, op, index, &k, err);
  if (rc == CR_OK && k.blocks)
    rc = total_ns(&probe, op, index, &total, err);
  if (rc)
    return rc;
  *out = (struct fluid_shape){.away_ns = (cr_ns)llrint(k.away_ns), .plain_ns = (cr_ns)llrint(k.body_ns)};
  if (k.blocks == 0)
    return CR_OK;
  total += k.away_ns - (double)out->away_ns;
  out->sm_fit = sm_fit(&probe, op, &k);
  out->fit = out->sm_fit * d->sms;
  out->load = (double)k.load;
  out->cold_ns = k.cold_ns;
  const uint32_t need[N_FLUID_POOL] = {k.warps, k.reg_units, k.smem / (uint32_t)d->smem_unit_bytes, 1};
  const double limit[N_FLUID_POOL] = {d->sm_warps, d->sm_regs / d->warp_regs_unit * cr_gpu_reg_parts(d),
                                      (double)(d->sm_smem_bytes / d->smem_unit_bytes), d->sm_blocks};
  out->full = HUGE_VAL;
  for (int r = 0; r < N_FLUID_POOL; r++) {
    out->need.pair[r / 2] |= (uint64_t)need[r] << (r % 2 ? 32 : 0);
    out->per_need[r] = 1.0 / need[r]; /* infinite where none is needed */
    out->full = fmin(out->full, FULL * limit[r] * out->per_need[r]);
  }
  fill_phases(&probe, &k, total, out);
  return CR_OK;
}
