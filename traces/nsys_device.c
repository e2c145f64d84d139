/* nsys_device.c - a device description from TARGET_INFO_GPU: the limits of the GPU that kernels ran on, and no constants.
 *
 * A kernel's deviceId is the CUDA ordinal in its process; TARGET_INFO_CUDA_DEVICE says which GPU that is.  What the table
 * has not follows from the compute capability, as the CUDA C++ Programming Guide and cuda_occupancy.h have it. */
#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "traces/nsys_int.h"
#include "traces/sha256.h"

enum { GPU_CAP = 64 };

/* Columns of TARGET_INFO_GPU that a description is made of; those needed for it first. */
#define LIMITS(X)                      \
  X(SMS, smCount)                      \
  X(WARP, threadsPerWarp)              \
  X(SM_WARPS, maxWarpsPerSm)           \
  X(SM_BLOCKS, maxBlocksPerSm)         \
  X(SM_REGS, maxRegistersPerSm)        \
  X(BLOCK_THREADS, maxThreadsPerBlock) \
  X(SM_SMEM, maxShmemPerSm)            \
  X(BLOCK_SMEM, maxShmemPerBlockOptin) \
  X(MEM, totalMemory)                  \
  X(ENGINES, asyncEngines)             \
  X(MAJOR, computeMajor)               \
  X(MINOR, computeMinor)               \
  X(L2, l2CacheSize)                   \
  X(DRAM, memoryBandwidth)             \
  X(CLOCK, clockRate)

enum limit {
#define X(ID, column) ID,
  LIMITS(X)
#undef X
    N_LIMIT,
  N_NEEDED = L2
};

static const char *const COLUMN[2 + N_LIMIT] = {"id", "name",
#define X(ID, column) #column,
                                                LIMITS(X)
#undef X
};

struct gpu {
  int64_t id;
  const char *name;
  int64_t value[N_LIMIT]; /* CR_UNKNOWN */
};

struct gpus {
  struct gpu gpu[GPU_CAP];
  uint32_t n;
  struct {
    int64_t gpu, ordinal, pid;
  } device[16 * GPU_CAP]; /* of TARGET_INFO_CUDA_DEVICE */
  uint32_t n_device;
};

static int read_gpus(struct cr_nsys_trace *t, struct gpus *g, struct cr_err *err)
{
  struct cr_nsys_table q;
  int rc = nsys_table_open(&t->db, "TARGET_INFO_GPU", COLUMN, 2 + N_LIMIT, 1, &q, err);
  while (!rc && g->n < GPU_CAP && (rc = nsys_table_next(&q, err)) > 0) {
    struct gpu *gpu = &g->gpu[g->n++];
    rc = nsys_take(&q, 0, INT64_MIN, INT64_MAX, &gpu->id, err);
    for (int i = 0; i < N_LIMIT && !rc; i++)
      rc = nsys_take_or(&q, 2 + i, 0, INT64_MAX, CR_UNKNOWN, &gpu->value[i], err);
    gpu->name = rc || nsys_is_null(&q, 1) ? NULL : cr_arena_text(t->c.arena, nsys_text(&q, 1));
  }
  nsys_table_close(&q);
  return rc;
}

static int read_ordinals(struct cr_nsys_trace *t, struct gpus *g, struct cr_err *err)
{
  static const char *const column[] = {"gpuId", "cudaId", "pid"};
  struct cr_nsys_table q;
  int rc = nsys_table_open(&t->db, "TARGET_INFO_CUDA_DEVICE", column, 3, 3, &q, err);
  while (!rc && g->n_device < sizeof g->device / sizeof g->device[0] && (rc = nsys_table_next(&q, err)) > 0) {
    uint32_t i = g->n_device++;
    rc = nsys_take(&q, 0, INT64_MIN, INT64_MAX, &g->device[i].gpu, err);
    rc = rc ? rc : nsys_take(&q, 1, INT64_MIN, INT64_MAX, &g->device[i].ordinal, err);
    rc = rc ? rc : nsys_take_or(&q, 2, INT64_MIN, INT64_MAX, 0, &g->device[i].pid, err);
  }
  nsys_table_close(&q);
  return rc;
}

/* The GPU that a stream is of; NULL: the export does not tell. */
static const struct gpu *gpu_of(const struct cr_nsys_trace *t, const struct gpus *g, const struct cr_capture_stream *s)
{
  for (uint32_t i = 0; i < g->n_device; i++) {
    if (g->device[i].ordinal != s->device || g->device[i].pid != t->c.process[s->process].pid)
      continue;
    for (uint32_t k = 0; k < g->n; k++)
      if (g->gpu[k].id == g->device[i].gpu)
        return &g->gpu[k];
  }
  return g->n == 1 ? &g->gpu[0] : NULL;
}

static int alike(const struct gpu *a, const struct gpu *b)
{
  return !memcmp(a->value, b->value, sizeof a->value) && a->name && b->name && !strcmp(a->name, b->name);
}

/* The one kind of GPU that ops ran on; NULL: several, or not known. */
static const struct gpu *used_gpu(const struct cr_nsys_trace *t, const struct gpus *g)
{
  const struct gpu *used = NULL;
  for (uint32_t i = 0; i < t->c.n_stream; i++) {
    const struct gpu *gpu = gpu_of(t, g, &t->c.stream[i]);
    if (!gpu || (used && gpu != used && !alike(used, gpu)))
      return NULL;
    used = used ? used : gpu;
  }
  return used;
}

static int read_all(struct cr_nsys_trace *t, struct gpus **out, struct cr_err *err)
{
  struct gpus *g = cr_arena_take(t->c.arena, 1, sizeof *g);
  if (!g)
    return cr_fail_nomem(err, t->db.path);
  int rc = read_gpus(t, g, err);
  *out = g;
  return rc ? rc : read_ordinals(t, g, err);
}

int nsys_read_gpu_name(struct cr_nsys_trace *t, struct cr_err *err)
{
  struct gpus *g = NULL;
  int rc = read_all(t, &g, err);
  const struct gpu *gpu = rc ? NULL : used_gpu(t, g);
  t->c.gpu = gpu ? gpu->name : NULL;
  return rc;
}

/* -- the description ----------------------------------------------------------------------------------------------- */

/* What follows from the compute capability; minor -1: any other. */
struct capability {
  int64_t major, minor;
  unsigned sm_partitions, smem_unit, reserved_kib;
  const char *carveouts; /* "": not listed there */
};

#define AMPERE "8KiB, 16KiB, 32KiB, 64KiB, 100KiB, 132KiB, 164KiB"
#define SMALL "8KiB, 16KiB, 32KiB, 64KiB, 100KiB"
static const struct capability CAPABILITY[] = {
  {6, 0, 2, 256, 0, ""},
  {6, -1, 4, 256, 0, ""},
  {7, 5, 4, 256, 0, "32KiB, 64KiB"},
  {7, -1, 4, 256, 0, "8KiB, 16KiB, 32KiB, 64KiB, 96KiB"},
  {8, 0, 4, 128, 1, AMPERE},
  {8, 7, 4, 128, 1, AMPERE},
  {8, -1, 4, 128, 1, SMALL},
  {9, -1, 4, 128, 1, AMPERE ", 196KiB, 228KiB"},
  {10, -1, 4, 128, 1, AMPERE ", 196KiB, 228KiB"},
  {12, -1, 4, 128, 1, SMALL},
};

static const struct capability *capability_of(const struct gpu *gpu)
{
  for (size_t i = 0; i < sizeof CAPABILITY / sizeof *CAPABILITY; i++)
    if (CAPABILITY[i].major == gpu->value[MAJOR] &&
        (CAPABILITY[i].minor == gpu->value[MINOR] || CAPABILITY[i].minor == -1))
      return &CAPABILITY[i];
  return NULL;
}

static int check_gpu(const struct cr_nsys_trace *t, const struct gpus *g, const struct gpu *gpu, struct cr_err *err)
{
  if (!g->n)
    return cr_fail(err, CR_EINPUT, "%s: has no table TARGET_INFO_GPU, of which a device description is made",
                   t->db.path);
  if (!gpu)
    return cr_fail(err, CR_EINPUT,
                   "%s: its kernels ran on GPUs that differ, or does not say on which; describe one by hand",
                   t->db.path);
  for (int i = 0; i < N_NEEDED; i++)
    if (gpu->value[i] == CR_UNKNOWN || (i != MINOR && !gpu->value[i]))
      return cr_fail(err, CR_EINPUT,
                     "%s: TARGET_INFO_GPU does not say %s, without which there is no device description", t->db.path,
                     COLUMN[2 + i]);
  if (!capability_of(gpu))
    return cr_fail(err, CR_EINPUT,
                   "%s: compute capability %" PRId64 ".%" PRId64
                   " is not known here; describe the device by hand, as calib/devices/h200.yaml is",
                   t->db.path, gpu->value[MAJOR], gpu->value[MINOR]);
  return CR_OK;
}

/* A name for a line of YAML: what quotes would need is left out. */
static void add_plain(struct cr_text *out, const char *text)
{
  for (; *text; text++)
    if ((unsigned char)*text >= ' ' && !strchr(":#\"'\\{}[]&*!|>%@`", *text))
      cr_text_add_bytes(out, text, 1);
}

static void add_limits(struct cr_text *out, const struct gpu *gpu, const struct capability *c)
{
  const int64_t *v = gpu->value;
  cr_text_add(out, "sms: %" PRId64 "\nwarp_threads: %" PRId64 "\nsm_threads: %" PRId64 "\nsm_warps: %" PRId64 "\n",
              v[SMS], v[WARP], v[WARP] * v[SM_WARPS], v[SM_WARPS]);
  cr_text_add(out, "sm_blocks: %" PRId64 "\nsm_regs: %" PRId64 "\nsm_partitions: %u\nwarp_regs_unit: 256\n",
              v[SM_BLOCKS], v[SM_REGS], c->sm_partitions);
  cr_text_add(out, "block_threads_max: %" PRId64 "\nthread_regs_max: 255\n", v[BLOCK_THREADS]);
  cr_text_add(out, "sm_smem: %" PRId64 "B\nblock_smem_max: %" PRId64 "B\nblock_smem_reserved: %uKiB\nsmem_unit: %uB\n",
              v[SM_SMEM], v[BLOCK_SMEM], c->reserved_kib, c->smem_unit);
  if (*c->carveouts)
    cr_text_add(out, "carveouts: [%s]\n", c->carveouts);
  cr_text_add(out, "mem: %" PRId64 "B\n", v[MEM]);
  if (v[L2] > 0)
    cr_text_add(out, "l2: %" PRId64 "B\n", v[L2]);
  if (v[DRAM] > 0)
    cr_text_add(out, "dram: %" PRId64 "B/s\n", v[DRAM]);
  cr_text_add(out, "copy_engines: %" PRId64 "\n", v[ENGINES]);
}

int nsys_describe_device(struct cr_nsys_trace *t, struct cr_text *out, struct cr_err *err)
{
  struct gpus *g = NULL;
  char sha[65];
  int rc = read_all(t, &g, err);
  const struct gpu *gpu = rc ? NULL : used_gpu(t, g);
  rc = rc ? rc : check_gpu(t, g, gpu, err);
  rc = rc ? rc : cr_sha256_file(t->db.path, sha, err);
  if (rc)
    return rc;
  const struct capability *c = capability_of(gpu);
  const char *slash = strrchr(t->db.path, '/');
  cr_text_add(out, "# Limits alone, as Nsight Systems recorded them: not calibrated, so that it has no constants.\n");
  cr_text_add(out, "# sha256 of the export: %s\n\nname: ", sha);
  add_plain(out, t->opt->device_name);
  cr_text_add(out, "\nabout: ");
  add_plain(out, gpu->name ? gpu->name : "a GPU without a name");
  cr_text_add(out, " (compute capability %" PRId64 ".%" PRId64 "), not calibrated\n\n", gpu->value[MAJOR],
              gpu->value[MINOR]);
  add_limits(out, gpu, c);
  cr_text_add(out, "\nsources:\n  - what: TARGET_INFO_GPU of ");
  add_plain(out, slash ? slash + 1 : t->db.path);
  cr_text_add(out, ", nsys %s, schema %s\n", t->db.product, t->db.schema);
  cr_text_add(out,
              "    keys: [sms, warp_threads, sm_threads, sm_warps, sm_blocks, sm_regs, block_threads_max, sm_smem, "
              "block_smem_max, mem%s%s, copy_engines]\n",
              gpu->value[L2] > 0 ? ", l2" : "", gpu->value[DRAM] > 0 ? ", dram" : "");
  cr_text_add(out, "  - what: NVIDIA CUDA C++ Programming Guide, and cuda_occupancy.h of CUDA Toolkit 13.0, of that "
                   "compute capability\n");
  cr_text_add(out, "    keys: [sm_partitions, warp_regs_unit, thread_regs_max, block_smem_reserved, smem_unit%s]\n",
              *c->carveouts ? ", carveouts" : "");
  return out->failed ? cr_fail_nomem(err, t->db.path) : CR_OK;
}
