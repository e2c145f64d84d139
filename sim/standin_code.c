/* standin_code.c - loads the functions of stand-ins, with as many values kept in registers as take the number wanted. */
#include "config.h"

#include "sim/standin_code.h"

#include "sim/mem.h"
#include "sim/merged_ptx.h"

enum {
  CODES = 512,
  LIVE_MIN = 4,
  REGS_BESIDE = 12,   /* registers that a stand-in takes beside the values that it keeps; tried, then corrected */
  REGS_UNIT = 8,      /* registers a thread are given out in such units */
  STATIC_SMEM = 16,   /* of its own, the stop word */
  SMEM_PLAIN = 49152, /* a block may have so much without asking: CUDA C++ Programming Guide, compute capabilities */
  CLUSTER_PLAIN = 8,  /* a cluster may have so many blocks without asking: the same, Thread Block Clusters */
};

struct code {
  uint32_t regs, carveout_percent, kind, n_live;
  cr_cu_module module;
  cr_cu_function function;
  int smem_max; /* as last set */
};

struct cr_standin_codes {
  struct cr_cuda_gpu *gpu;
  struct code code[CODES];
  uint32_t n_code;
};

struct cr_standin_codes *cr_standin_codes_new(struct cr_cuda_gpu *gpu)
{
  struct cr_standin_codes *s = cr_mem_new(1, sizeof *s);
  if (s)
    s->gpu = gpu;
  return s;
}

void cr_standin_codes_free(struct cr_standin_codes *s)
{
  for (uint32_t i = 0; s && i < s->n_code && !s->gpu->hangs; i++)
    s->gpu->driver.module_unload(s->code[i].module);
  cr_mem_free(s);
}

static uint32_t in_units(uint32_t regs)
{
  return (regs + REGS_UNIT - 1) / REGS_UNIT;
}

static int load(struct cr_standin_codes *s, struct code *c, int *regs, struct cr_err *err)
{
  const struct cr_cuda_driver *d = &s->gpu->driver;
  struct cr_text text = {0};
  if (c->kind == CR_STANDIN_MERGED)
    cr_merged_ptx(c->n_live, &text);
  else
    cr_standin_ptx(c->n_live, c->kind & 0xFF, c->kind >> 8 & 0xFF, (c->kind & CR_STANDIN_IN_CLUSTERS) != 0, &text);
  if (text.failed) {
    cr_text_fini(&text);
    return cr_fail_nomem(err, "the text of a stand-in");
  }
  int error = d->module_load(&c->module, text.s, 0, NULL, NULL);
  cr_text_fini(&text);
  error =
    error ? error : d->module_function(&c->function, c->module, c->kind == CR_STANDIN_MERGED ? "merged" : "standin");
  error = error ? error : d->function_attribute(regs, CR_CU_FUNCTION_REGS, c->function);
  return cr_cuda_check(d, error, "loading a stand-in", err);
}

/* Loads it with ever better guesses of how many values fill the registers: by what is missing, but between the most that took too few
 * and the least that took too many, since registers jump here and there by more than values do. */
static int fill_registers(struct cr_standin_codes *s, struct code *c, struct cr_err *err)
{
  enum { TRIES = 12 };
  int regs = 0, too_few = LIVE_MIN - 1, too_many = INT32_MAX;
  int n_live = c->regs > REGS_BESIDE + LIVE_MIN ? (int)c->regs - REGS_BESIDE : LIVE_MIN;
  for (int i = 0; i < TRIES; i++) {
    c->n_live = (uint32_t)n_live;
    int rc = load(s, c, &regs, err);
    int short_of = (int)in_units(c->regs) - (int)in_units((uint32_t)regs);
    if (rc || short_of == 0 || (short_of < 0 && n_live == LIVE_MIN))
      return rc;
    s->gpu->driver.module_unload(c->module);
    c->module = NULL;
    if (short_of > 0)
      too_few = n_live;
    else
      too_many = n_live;
    if (too_many - too_few < 2)
      break;
    n_live += short_of * REGS_UNIT;
    if (n_live <= too_few || n_live >= too_many)
      n_live = too_few + (too_many - too_few) / 2;
  }
  return cr_fail(err, CR_ERUN, "no stand-in takes %u registers a thread on this GPU; the nearest takes %d", c->regs,
                 regs);
}

int cr_standin_codes_find(struct cr_standin_codes *s, uint32_t regs, uint32_t carveout_percent, uint32_t kind,
                          uint32_t *out, struct cr_err *err)
{
  for (*out = 0; *out < s->n_code; ++*out)
    if (s->code[*out].carveout_percent == carveout_percent && in_units(s->code[*out].regs) == in_units(regs) &&
        s->code[*out].kind == kind)
      return CR_OK;
  if (s->n_code == CODES)
    return cr_fail(err, CR_ERUN, "more than %d kinds of stand-ins", CODES);
  struct code *c = &s->code[s->n_code];
  *c = (struct code){.regs = regs, .carveout_percent = carveout_percent, .kind = kind};
  int rc = fill_registers(s, c, err);
  s->n_code += c->module != NULL;
  if (!rc && carveout_percent)
    rc = cr_cuda_check(&s->gpu->driver,
                       s->gpu->driver.function_set(c->function, CR_CU_FUNCTION_CARVEOUT, (int)carveout_percent),
                       "the carve-out of a stand-in", err);
  return rc;
}

int cr_standin_codes_allow(struct cr_standin_codes *s, uint32_t code, uint32_t smem_bytes, struct cr_err *err)
{
  const struct cr_cuda_driver *d = &s->gpu->driver;
  struct code *c = &s->code[code];
  if (smem_bytes <= SMEM_PLAIN - STATIC_SMEM || (int)smem_bytes <= c->smem_max)
    return CR_OK;
  c->smem_max = (int)smem_bytes;
  return cr_cuda_check(d, d->function_set(c->function, CR_CU_FUNCTION_SMEM_MAX, (int)smem_bytes),
                       "the shared memory of a stand-in", err);
}

static int prepare_clusters(struct cr_standin_codes *s, const struct code *c, const struct cr_cuda_launch *like,
                            struct cr_err *err)
{
  const struct cr_cuda_driver *d = &s->gpu->driver;
  int n = 0, error = CR_CU_OK;
  if (like->cluster_blocks > CLUSTER_PLAIN)
    error = d->function_set(c->function, CR_CU_FUNCTION_WIDE_CLUSTERS, 1);
  error = error ? error : cr_cuda_gpu_count_clusters(s->gpu, c->function, like, &n);
  if (error == CR_CU_INVALID_CLUSTER || (!error && n < 1))
    return cr_fail(
      err, CR_EINPUT,
      "%s cannot hold a cluster of %u blocks of %u threads, %u registers and %u B of shared memory; take a "
      "model that was recorded on such a GPU",
      s->gpu->name, like->cluster_blocks, like->threads, c->regs, like->smem_bytes);
  return cr_cuda_check(d, error, "asking how many clusters of blocks the GPU holds", err);
}

int cr_standin_codes_prepare(struct cr_standin_codes *s, uint32_t code, const struct cr_cuda_launch *like,
                             struct cr_err *err)
{
  const struct cr_cuda_driver *d = &s->gpu->driver;
  const struct code *c = &s->code[code];
  int blocks = 0, rc = cr_standin_codes_allow(s, code, like->smem_bytes, err);
  rc = rc ? rc
          : cr_cuda_check(d, d->occupancy(&blocks, c->function, (int)like->threads, like->smem_bytes),
                          "asking how many blocks an SM holds", err);
  if (!rc && blocks == 0)
    rc = cr_fail(err, CR_EINPUT,
                 "%s cannot hold a block of %u threads, %u registers and %u B of shared memory; take a model that was "
                 "recorded on such a GPU",
                 s->gpu->name, like->threads, c->regs, like->smem_bytes);
  return rc || like->cluster_blocks <= 1 ? rc : prepare_clusters(s, c, like, err);
}

cr_cu_function cr_standin_codes_function(const struct cr_standin_codes *s, uint32_t code)
{
  return s->code[code].function;
}
