/* bench_device.c - which described device the GPU here is, or else a description of its limits as the driver tells them.
 *
 * What no attribute says follows from the compute capability, as in the CUDA C++ Programming Guide's technical specifications
 * and cuda_occupancy.h of CUDA Toolkit 13.0.  Speeds of copies, cores of the host and all constants are left out. */
#include "config.h"

#include "calib/bench_int.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "sim/machine.h"
#include "traces/datadir.h"
#include "traces/device_file.h"

/* --- known ones ----------------------------------------------------------------------------------------------------- */

struct search {
  const struct cr_cuda_gpu *gpu;
  struct cr_arena *arena;
  const char *found;
  int rc;
  struct cr_err *err;
};

/* "h200" in "NVIDIA H200", and not in "NVIDIA GH200". */
static int has_word(const char *text, const char *word)
{
  size_t n = strlen(word);
  for (const char *at = text; *at; at++)
    if (strncasecmp(at, word, n) == 0 && !isalnum((unsigned char)at[n]) &&
        (at == text || !isalnum((unsigned char)at[-1])))
      return 1;
  return 0;
}

static void consider(void *ctx, const char *name)
{
  struct search *s = ctx;
  struct cr_device_desc d;
  if (s->rc != CR_OK || s->found || !has_word(s->gpu->name, name))
    return;
  s->rc = cr_device_load(name, NULL, 0, s->arena, &d, s->err);
  if (s->rc == CR_OK && d.kind == CR_DEVICE_GPU && d.sms == (uint32_t)s->gpu->sms)
    s->found = d.name;
}

int cr_bench_known(const struct cr_cuda_gpu *g, struct cr_arena *arena, const char **out, struct cr_err *err)
{
  struct search s = {.gpu = g, .arena = arena, .rc = CR_OK, .err = err};
  int rc = cr_datadir_each("devices", ".yaml", consider, &s, err);
  rc = rc == CR_OK ? s.rc : rc;
  if (rc == CR_OK)
    *out = s.found;
  return rc;
}

/* --- a new one ------------------------------------------------------------------------------------------------------ */

/* Numbers of cuDeviceGetAttribute. */
enum attribute {
  BLOCK_THREADS = 1,
  WARP = 10,
  MEMORY_KHZ = 36,
  MEMORY_BITS = 37,
  L2 = 38,
  SM_THREADS = 39,
  COPY_ENGINES = 40,
  SM_SMEM = 81,
  SM_REGS = 82,
  BLOCK_SMEM = 97,
  SM_BLOCKS = 106,
  RESERVED_SMEM = 111,
  N_ATTRIBUTE = 112,
};

static const char *carveouts_of(int capability)
{
  static const struct {
    int from;
    const char *kib;
  } table[] = {{120, "8KiB, 16KiB, 32KiB, 64KiB, 100KiB"},
               {90, "8KiB, 16KiB, 32KiB, 64KiB, 100KiB, 132KiB, 164KiB, 196KiB, 228KiB"},
               {89, "8KiB, 16KiB, 32KiB, 64KiB, 100KiB"},
               {87, "8KiB, 16KiB, 32KiB, 64KiB, 100KiB, 132KiB, 164KiB"},
               {86, "8KiB, 16KiB, 32KiB, 64KiB, 100KiB"},
               {80, "8KiB, 16KiB, 32KiB, 64KiB, 100KiB, 132KiB, 164KiB"},
               {75, "32KiB, 64KiB"},
               {0, "8KiB, 16KiB, 32KiB, 64KiB, 96KiB"}};
  size_t i = 0;
  while (capability < table[i].from)
    i++;
  return table[i].kib;
}

static void describe(const struct cr_cuda_gpu *g, const int *a, size_t mem_bytes, const char *date, struct cr_text *out)
{
  int capability = 10 * g->capability_major + g->capability_minor;
  cr_text_add(out, "# %s, as its driver describes it; what it is worth beside others was not measured.\n\n", g->name);
  cr_text_add(out, "name: here\nabout: %s (compute capability %d.%d)\n", g->name, g->capability_major,
              g->capability_minor);
  cr_text_add(out, "sms: %d\nwarp_threads: %d\nsm_threads: %d\nsm_warps: %d\nsm_blocks: %d\nsm_regs: %d\n", g->sms,
              a[WARP], a[SM_THREADS], a[SM_THREADS] / a[WARP], a[SM_BLOCKS], a[SM_REGS]);
  cr_text_add(out, "sm_partitions: 4\nwarp_regs_unit: 256\nblock_threads_max: %d\nthread_regs_max: 255\n",
              a[BLOCK_THREADS]);
  cr_text_add(out, "sm_smem: %dB\nblock_smem_max: %dB\nblock_smem_reserved: %dB\nsmem_unit: %dB\ncarveouts: [%s]\n",
              a[SM_SMEM], a[BLOCK_SMEM], a[RESERVED_SMEM], capability >= 80 ? 128 : 256, carveouts_of(capability));
  cr_text_add(out, "mem: %zuB\nl2: %dB\ndram: %.4gGB/s\ncopy_engines: %d\n", mem_bytes, a[L2],
              2e-6 * a[MEMORY_KHZ] * a[MEMORY_BITS] / 8, a[COPY_ENGINES]);
  cr_text_add(out, "priority_least: %d\npriority_greatest: %d\n\nsources:\n", g->priority_least, g->priority_greatest);
  cr_text_add(out,
              "  - what: CUDA driver (API %d.%d) on %s - cuDeviceGetAttribute, cuDeviceTotalMem, "
              "cuCtxGetStreamPriorityRange; dram from the memory's clock and width\n    date: %s\n",
              g->driver_version / 1000, g->driver_version % 1000 / 10, g->name, date);
  cr_text_add(out,
              "    keys: [sms, warp_threads, sm_threads, sm_warps, sm_blocks, sm_regs, block_threads_max, sm_smem, "
              "block_smem_max, block_smem_reserved, mem, l2, dram, copy_engines, priority_least, "
              "priority_greatest]\n");
  cr_text_add(out,
              "  - what: NVIDIA CUDA C++ Programming Guide, technical specifications of its compute capability, and "
              "cuda_occupancy.h of CUDA Toolkit 13.0\n"
              "    keys: [sm_partitions, warp_regs_unit, thread_regs_max, smem_unit, carveouts]\n");
}

int cr_bench_datasheet(const struct cr_cuda_gpu *g, const char *date, struct cr_text *out, struct cr_err *err)
{
  static const enum attribute wanted[] = {BLOCK_THREADS, WARP,    MEMORY_KHZ, MEMORY_BITS, L2,        SM_THREADS,
                                          COPY_ENGINES,  SM_SMEM, SM_REGS,    BLOCK_SMEM,  SM_BLOCKS, RESERVED_SMEM};
  int a[N_ATTRIBUTE] = {0}, error = 0;
  int (*total)(size_t * bytes, int device) = NULL;
  size_t mem_bytes = 0;
  void *call = cr_cuda_driver_find(&g->driver, "cuDeviceTotalMem_v2");
  if (!call)
    return cr_fail(err, CR_EINPUT, "the driver does not say how much memory %s has; describe it and take -d", g->name);
  memcpy(&total, &call, sizeof call);
  error = total(&mem_bytes, g->device);
  for (size_t i = 0; !error && i < sizeof wanted / sizeof wanted[0]; i++)
    error = g->driver.device_attribute(&a[wanted[i]], (int)wanted[i], g->device);
  int rc = cr_cuda_check(&g->driver, error, "asking the GPU for its limits", err);
  if (rc == CR_OK)
    describe(g, a, mem_bytes, date, out);
  return rc;
}
