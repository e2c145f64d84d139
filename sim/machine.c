/* machine.c - how many blocks fit on an SM, and whether a device description can be.
 *
 * Occupancy follows NVIDIA's rules (CUDA C++ Programming Guide, "Hardware Multithreading", and the occupancy API of
 * the CUDA Toolkit): warps are whole; a warp's registers are rounded up to a unit and lie in one partition of the
 * SM, so a partition's remainder is lost; the check of a single block counts its warps as a multiple of the
 * partitions; a block's shared memory is what it asks for and what the system reserves, rounded up to a unit.  Left
 * out: limits on barriers, and clusters. */
#include "config.h"

#include "sim/machine.h"

#include "sim/gpu.h"

#include <math.h>

#define X(ID, name, unit, help) {#name, unit, help},
const struct cr_gpu_constant_info cr_gpu_constant_info[CR_N_GPU_CONSTANT] = {CR_GPU_CONSTANTS(X) CR_GPU_PRICES(X)};
#undef X

static uint64_t round_up(uint64_t value, uint64_t unit)
{
  return unit ? (value + unit - 1) / unit * unit : value;
}

static uint64_t least(uint64_t a, uint64_t b)
{
  return a < b ? a : b;
}

/* Blocks of n_warp warps that the registers of an SM allow. */
static uint64_t blocks_by_regs(const struct cr_device_desc *d, uint64_t n_warp, uint32_t regs)
{
  uint64_t partitions = d->sm_partitions ? d->sm_partitions : 1;
  uint64_t warp_regs = round_up((uint64_t)regs * d->warp_threads, d->warp_regs_unit);
  if (!warp_regs)
    return UINT32_MAX;
  if (regs > d->thread_regs_max || warp_regs * round_up(n_warp, partitions) > d->sm_regs)
    return 0;
  return d->sm_regs / partitions / warp_regs * partitions / n_warp;
}

static uint64_t blocks_by_smem(const struct cr_device_desc *d, int64_t smem_bytes)
{
  if (smem_bytes == CR_UNKNOWN)
    return UINT32_MAX;
  if (smem_bytes < 0 || smem_bytes > d->block_smem_max_bytes)
    return 0;
  uint64_t block = round_up((uint64_t)(smem_bytes + d->block_smem_reserved_bytes), (uint64_t)d->smem_unit_bytes);
  return block ? (uint64_t)d->sm_smem_bytes / block : UINT32_MAX;
}

uint32_t cr_device_occupancy(const struct cr_device_desc *d, uint32_t threads, uint32_t regs, int64_t smem_bytes,
                             const char **why)
{
  /* Of a device that is not described none is, and it has no warps. */
  int is_block = threads > 0 && threads <= d->block_threads_max;
  uint64_t n_warp = is_block ? round_up(threads, d->warp_threads) / d->warp_threads : 0;
  const char *limit = NULL;
  uint64_t blocks = 0, by_warps = 0, by_regs = 0, by_smem = 0;
  if (!is_block) {
    limit = "threads a block";
  } else if ((by_warps = least(d->sm_warps / n_warp, d->sm_threads / (n_warp * d->warp_threads))) == 0) {
    limit = "threads of an SM";
  } else if ((by_regs = blocks_by_regs(d, n_warp, regs)) == 0) {
    limit = regs > d->thread_regs_max ? "registers a thread" : "registers a block";
  } else if ((by_smem = blocks_by_smem(d, smem_bytes)) == 0) {
    limit = "shared memory a block";
  } else {
    blocks = least(least(by_warps, d->sm_blocks), least(by_regs, by_smem));
  }
  if (limit && why)
    *why = limit;
  return (uint32_t)blocks;
}

/* A field that must be present: a count that is not 0, or a size in range. */
struct need {
  const char *name;
  int64_t value, min, max;
};

static int check_needs(const struct cr_device_desc *d, struct cr_err *err)
{
  const int64_t many = 1 << 20, large = INT64_C(1) << 50;
  const struct need needs[] = {
    {"sms", d->sms, 1, 4096},
    {"warp_threads", d->warp_threads, 1, 128},
    {"sm_threads", d->sm_threads, d->warp_threads, many},
    {"sm_warps", d->sm_warps, 1, many},
    {"sm_blocks", d->sm_blocks, 1, many},
    {"sm_regs", d->sm_regs, 1, many},
    {"sm_partitions", d->sm_partitions, 1, 64},
    {"warp_regs_unit", d->warp_regs_unit, 1, many},
    {"block_threads_max", d->block_threads_max, 1, d->sm_threads},
    {"thread_regs_max", d->thread_regs_max, 1, many},
    {"sm_smem", d->sm_smem_bytes, 1, large},
    {"block_smem_max", d->block_smem_max_bytes, 1, d->sm_smem_bytes},
    {"block_smem_reserved", d->block_smem_reserved_bytes, 0, d->sm_smem_bytes},
    {"smem_unit", d->smem_unit_bytes, 1, d->sm_smem_bytes},
    {"mem", d->mem_bytes, 1, large},
  };
  for (size_t i = 0; i < sizeof needs / sizeof needs[0]; i++) {
    const struct need *n = &needs[i];
    if (n->value < n->min || n->value > n->max)
      return cr_fail(err, CR_EINPUT, "%s: %lld is not possible; it must be from %lld to %lld", n->name,
                     (long long)n->value, (long long)n->min, (long long)n->max);
  }
  return CR_OK;
}

/* Speeds and sizes that may be unknown, but are never 0. */
static int check_speeds(const struct cr_device_desc *d, struct cr_err *err)
{
  const struct need speeds[] = {
    {.name = "l2", .value = d->l2_bytes},
    {.name = "dram", .value = d->dram_bytes_per_s},
    {.name = "l2_speed", .value = d->l2_bytes_per_s},
    {.name = "h2d", .value = d->h2d_bytes_per_s},
    {.name = "d2h", .value = d->d2h_bytes_per_s},
    {.name = "d2d", .value = d->d2d_bytes_per_s},
  };
  for (size_t i = 0; i < sizeof speeds / sizeof speeds[0]; i++)
    if (speeds[i].value != CR_UNKNOWN && speeds[i].value <= 0)
      return cr_fail(err, CR_EINPUT, "%s: must be larger than 0; leave the key out when it is not known",
                     speeds[i].name);
  return CR_OK;
}

static int check_carveouts(const struct cr_device_desc *d, struct cr_err *err)
{
  const uint32_t cap = sizeof d->carveout_bytes / sizeof d->carveout_bytes[0];
  if (d->n_carveout > cap)
    return cr_fail(err, CR_EINPUT, "carveouts: %u are listed; at most %u can be", d->n_carveout, cap);
  int64_t last = 0;
  for (uint32_t i = 0; i < d->n_carveout; i++) {
    int64_t c = d->carveout_bytes[i];
    if (c <= last || c > d->sm_smem_bytes)
      return cr_fail(err, CR_EINPUT, "carveouts[%u]: must be larger than the one before it and at most sm_smem", i);
    last = c;
  }
  return CR_OK;
}

/* A price may be unknown. */
static int is_possible(int constant, double value)
{
  if (isnan(value))
    return constant >= CR_GPU_FIRST_PRICE;
  return value >= 0 && value <= 1e9;
}

int cr_device_check(const struct cr_device_desc *d, struct cr_err *err)
{
  if (!d->name || !*d->name)
    return cr_fail(err, CR_EINPUT, "name: the device has none");
  int rc = check_needs(d, err);
  rc = rc ? rc : check_speeds(d, err);
  rc = rc ? rc : check_carveouts(d, err);
  if (rc)
    return rc;
  if (d->copy_engines > 64)
    return cr_fail(err, CR_EINPUT, "copy_engines: %u is not possible; it must be from 0 to 64", d->copy_engines);
  if (d->priority_greatest > d->priority_least)
    return cr_fail(err, CR_EINPUT, "priority_greatest: %d is above priority_least, %d; lower goes first, as in CUDA",
                   d->priority_greatest, d->priority_least);
  for (int i = 0; i < CR_N_GPU_CONSTANT; i++)
    if (!is_possible(i, d->constant[i]))
      return cr_fail(err, CR_EINPUT, "constants.%s: must be a number from 0 to 1e9", cr_gpu_constant_info[i].name);
  return CR_OK;
}

int cr_device_check_model(const struct cr_device_desc *d, const char *set, struct cr_err *err)
{
  struct cr_gpu_model tried;
  return cr_gpu_model_parse(d, set, &tried, err);
}
