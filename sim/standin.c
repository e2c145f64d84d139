/* standin.c - makes and launches the stand-ins of a workload. */
#include "config.h"

#include "sim/standin.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/host_thread.h"
#include "sim/mem.h"
#include "sim/standin_int.h"
#include "sim/standin_kept.h"
#include "sim/standin_piece.h"
#include "sim/standin_wanted.h"
#include "sim/stream_ptx.h"

enum {
  STREAM_L2S = 128, /* the working set in DRAM, in sizes of the L2: so few of its chunks are found there */
  L2_PART =
    8, /* of the L2 what stays in it takes a part at most: beside what streams through, and in both halves of an H200's */
};

/* --- copies and memsets --------------------------------------------------------------------------------------------- */

struct other {
  struct cr_standins *standins;
  uint32_t op;
};

static int put_other(const void *ctx, cr_cu_stream on)
{
  const struct other *o = ctx;
  return cr_standin_launch(o->standins, o->op, NULL, on);
}

/* Measured once for each size. */
static int measure_other(struct cr_standins *s, uint32_t op, double *ns, struct cr_err *err)
{
  const struct cr_op_spec *o = s->workload->op;
  const struct other other = {s, op};
  for (uint32_t i = 0; i < op; i++)
    if (o[i].kind == o[op].kind && o[i].bytes == o[op].bytes && s->fit[i].measured_ns > 0) {
      *ns = s->fit[i].measured_ns;
      return CR_OK;
    }
  return cr_standin_bench_between(&s->bench, &s->fitter.shape[s->mark], put_other, &other, ns, err);
}

/* They are real.  What memsets take more than was recorded, the kernel behind them takes less, if it can; what copies take less, whoever
 * waits for them waits longer. */
static int measure_others(struct cr_standins *s, const struct cr_device_desc *d, struct cr_err *err)
{
  const struct cr_op_spec *op = s->workload->op;
  for (uint32_t i = 0; i < s->workload->n_op; i++) {
    struct cr_standin_fit *fit = &s->fit[i];
    if (op[i].kind != CR_OP_MEMSET && !cr_op_holds_thread(&op[i]))
      continue;
    fit->wanted_ns = op[i].kind == CR_OP_MEMSET ? cr_standin_wanted_ns(s->workload, d, i) : (double)op[i].duration_ns;
    int rc = measure_other(s, i, &fit->measured_ns, err);
    if (rc)
      return rc;
  }
  return CR_OK;
}

/* --- kernels -------------------------------------------------------------------------------------------------------- */

/* It is kernels, and no copy. */
static int is_launched(const struct cr_standins *s, uint32_t op)
{
  return s->workload->op[op].kind == CR_OP_KERNEL || s->workload->op[op].kind == CR_OP_ITERATION;
}

/* The op of the same shape and time that was fitted before; CR_NONE: there is none. */
static uint32_t fitted_before(const struct cr_standins *s, uint32_t op)
{
  const struct cr_standin_fit *fit = s->fit;
  for (uint32_t i = 0; i < op; i++)
    if (is_launched(s, i) && fit[i].asked == fit[op].asked && fit[i].wanted_ns == fit[op].wanted_ns)
      return i;
  return CR_NONE;
}

static void note_dram(struct cr_standins *s, uint32_t op)
{
  struct cr_standin_match *m = &s->match;
  const struct cr_standin_shape *h = &s->fitter.shape[s->fit[op].shape], *asked = &s->fitter.shape[s->fit[op].asked];
  if (s->workload->op[op].dram_bytes == CR_UNKNOWN)
    return;
  m->n_dram++;
  m->n_dram_cut += h->dram_chunks < asked->dram_chunks;
  s->dram_bytes += (double)s->workload->op[op].dram_bytes;
  s->dram_read += (double)h->dram_chunks * CR_STREAM_CHUNK_BYTES;
  m->dram_off = s->dram_bytes > 0 ? s->dram_read / s->dram_bytes - 1 : 0;
}

static void note_l2(struct cr_standins *s, uint32_t op)
{
  struct cr_standin_match *m = &s->match;
  const struct cr_standin_shape *h = &s->fitter.shape[s->fit[op].shape], *asked = &s->fitter.shape[s->fit[op].asked];
  const struct cr_op_spec *o = &s->workload->op[op];
  if (s->traffic != CR_STANDIN_TRAFFIC_ALL || o->l2_bytes == CR_UNKNOWN)
    return;
  m->n_l2++;
  m->n_l2_cut += h->chunks < asked->chunks;
  s->l2_bytes += cr_standin_l2_bytes(o);
  s->l2_read += (double)h->chunks * CR_STREAM_CHUNK_BYTES;
  m->l2_off = s->l2_bytes > 0 ? s->l2_read / s->l2_bytes - 1 : 0;
}

static void note_match(struct cr_standins *s, uint32_t op)
{
  struct cr_standin_match *m = &s->match;
  const struct cr_standin_fit *fit = &s->fit[op];
  const struct cr_standin_shape *h = &s->fitter.shape[fit->shape];
  const struct cr_op_spec *o = &s->workload->op[op];
  double off = fabs(fit->measured_ns / fit->wanted_ns - 1);
  s->sum_wanted_ns += fit->wanted_ns;
  s->sum_measured_ns += fit->measured_ns;
  m->sum_off = s->sum_measured_ns / s->sum_wanted_ns - 1;
  m->mean_off += (off - m->mean_off) / ++m->n_kernel;
  if (off >= m->worst_off) {
    m->worst_off = off;
    m->worst = o->name;
  }
  m->n_cluster += h->cluster_blocks > 1;
  m->n_no_cluster += o->cluster_blocks > h->cluster_blocks;
  if (!s->launcher.stream.address || o->kind != CR_OP_KERNEL)
    return;
  note_dram(s, op);
  note_l2(s, op);
}

/* What the memsets right before the kernel take longer than was recorded; in steps, so that the next run asks for the same.  One that is
 * launched by itself waits for its program rather than for them. */
static double fills_excess_ns(const struct cr_standins *s, uint32_t op)
{
  double ns = 0, tick_ns = 64;
  if (s->workload->op[op].launch_ns != CR_NS_NEVER)
    return 0;
  for (uint32_t i = op; !cr_standin_begins_model(s->workload, i) && s->workload->op[i - 1].kind == CR_OP_MEMSET; i--)
    ns += s->fit[i - 1].measured_ns - s->fit[i - 1].wanted_ns;
  return tick_ns * rint(ns / tick_ns);
}

static int add_kernel(struct cr_standins *s, struct cr_standin_kept *kept, const struct cr_device_desc *d, uint32_t i,
                      struct cr_err *err)
{
  struct cr_op_spec piece;
  const struct cr_op_spec *op = &s->workload->op[i];
  if (op->kind == CR_OP_ITERATION) {
    cr_standin_piece_of(op, d, &piece);
    op = &piece;
  }
  struct cr_standin_fit *fit = &s->fit[i];
  struct cr_standin_shape h;
  double alone_ns =
    op == &piece ? (double)piece.duration_ns : cr_standin_wanted_ns(s->workload, d, i) - fills_excess_ns(s, i);
  *fit = (struct cr_standin_fit){.wanted_ns = fmax(alone_ns, 1)};
  cr_standin_shape(d, op, fit->wanted_ns, op == &piece ? CR_STANDIN_TRAFFIC_OFF : s->traffic, &h);
  if (!cr_cuda_gpu_has_clusters(s->launcher.gpu))
    h.cluster_blocks = 1;
  int rc = cr_standin_fitter_shape(&s->fitter, &h, &fit->asked, err), is_there = 0;
  fit->shape = fit->asked;
  uint32_t before = rc ? CR_NONE : fitted_before(s, i);
  if (before != CR_NONE) {
    *fit = s->fit[before];
    note_match(s, i);
    return CR_OK;
  }
  rc = rc ? rc : cr_standin_kept_take(kept, fit, &is_there, err);
  s->match.n_cached += (uint32_t)is_there;
  if (!is_there) {
    rc = rc ? rc : cr_standin_fitter_fit(&s->fitter, fit, err);
    rc = rc ? rc : cr_standin_kept_put(kept, fit, err);
  }
  if (rc)
    return cr_fail_in(err, rc, "kernel %s", op->name);
  note_match(s, i);
  return CR_OK;
}

static int add_kernels(struct cr_standins *s, struct cr_standin_kept *kept, const struct cr_device_desc *d,
                       struct cr_err *err)
{
  int rc = CR_OK;
  s->fitter.n_shape = s->mark + 1;
  s->match = (struct cr_standin_match){0};
  s->sum_wanted_ns = s->sum_measured_ns = s->dram_bytes = s->dram_read = s->l2_bytes = s->l2_read = 0;
  for (uint32_t i = 0; !rc && i < s->workload->n_op; i++)
    if (is_launched(s, i))
      rc = add_kernel(s, kept, d, i, err);
  return rc;
}

/* Taken from other runs where they are known, unless the GPU is not as it was. */
static int add_with_kept(struct cr_standins *s, const struct cr_device_desc *d, struct cr_err *err)
{
  struct cr_standin_kept kept = {0};
  int rc = cr_standin_kept_open(&kept, &s->fitter, s->workload->n_op, err);
  rc = rc ? rc : add_kernels(s, &kept, d, err);
  if (!rc && cr_standin_kept_is_stale(&kept)) {
    cr_standin_kept_forget(&kept);
    rc = add_kernels(s, &kept, d, err);
  }
  rc = rc ? rc : cr_standin_kept_close(&kept, err);
  cr_standin_kept_free(&kept);
  return rc;
}

/* --- making ------------------------------------------------------------------------------------------------------- */

static int take_scratch(struct cr_standins *s, struct cr_err *err)
{
  const struct cr_cuda_driver *d = &s->launcher.gpu->driver;
  for (uint32_t i = 0; i < s->workload->n_op; i++)
    if (!is_launched(s, i) && s->workload->op[i].bytes > (int64_t)s->scratch_bytes)
      s->scratch_bytes = (size_t)s->workload->op[i].bytes;
  if (!s->scratch_bytes)
    return CR_OK;
  int error = d->memory_new(&s->scratch, 2 * s->scratch_bytes);
  error = error ? error : d->host_new(&s->host_scratch, s->scratch_bytes, 0);
  return cr_cuda_check(d, error, "memory for copies and memsets", err);
}

/* Left to itself, DRAM: with the L2, stand-ins in company came no nearer to the kernels (docs/live.md, "Stand-ins in company"). */
static int find_traffic(enum cr_standin_traffic *out, struct cr_err *err)
{
  static const char *const name[] = {
    [CR_STANDIN_TRAFFIC_OFF] = "off", [CR_STANDIN_TRAFFIC_DRAM] = "dram", [CR_STANDIN_TRAFFIC_ALL] = "all"};
  const char *said = getenv("CORUN_STANDIN_TRAFFIC");
  *out = CR_STANDIN_TRAFFIC_DRAM;
  if (!said || !*said)
    return CR_OK;
  for (size_t i = 0; i < sizeof name / sizeof *name; i++)
    if (strcmp(said, name[i]) == 0) {
      *out = (enum cr_standin_traffic)i;
      return CR_OK;
    }
  return cr_fail(err, CR_EINPUT, "CORUN_STANDIN_TRAFFIC is %s; it may be all, dram or off", said);
}

static int is_counted(const struct cr_standins *s, uint32_t op)
{
  const struct cr_op_spec *o = &s->workload->op[op];
  return o->kind == CR_OP_KERNEL && ((s->traffic != CR_STANDIN_TRAFFIC_OFF && o->dram_bytes != CR_UNKNOWN) ||
                                     (s->traffic == CR_STANDIN_TRAFFIC_ALL && o->l2_bytes != CR_UNKNOWN));
}

/* A power of two of bytes, so many at the most. */
static int64_t power_within(int64_t most)
{
  int64_t bytes = CR_STREAM_CHUNK_BYTES;
  while (2 * bytes <= most)
    bytes *= 2;
  return bytes;
}

/* Where something is to be read. */
static int take_stream(struct cr_standins *s, const struct cr_device_desc *d, struct cr_err *err)
{
  enum { L2_BYTES = 1 << 26 }; /* where the device does not say */
  int rc = find_traffic(&s->traffic, err), reads = 0;
  for (uint32_t i = 0; i < s->workload->n_op; i++)
    reads |= is_counted(s, i);
  if (rc || !reads)
    return rc;
  int64_t l2_bytes = d->l2_bytes == CR_UNKNOWN ? L2_BYTES : d->l2_bytes, most = STREAM_L2S * l2_bytes;
  int64_t bytes = power_within(most < d->mem_bytes / 8 ? most : d->mem_bytes / 8);
  int64_t stay_bytes = power_within(l2_bytes / L2_PART < bytes ? l2_bytes / L2_PART : bytes);
  s->launcher.stream.mask = (uint32_t)(bytes / CR_STREAM_CHUNK_BYTES - 1);
  s->launcher.stream.l2_mask = (uint32_t)(stay_bytes / CR_STREAM_CHUNK_BYTES - 1);
  return cr_cuda_check(&s->launcher.gpu->driver,
                       s->launcher.gpu->driver.memory_new(&s->launcher.stream.address, (size_t)bytes),
                       "memory that stand-ins read", err);
}

static int check_kinds(const struct cr_workload *w, struct cr_err *err)
{
  for (uint32_t i = 0; i < w->n_op; i++) {
    const struct cr_op_spec *op = &w->op[i];
    if (op->kind == CR_OP_HOST || op->kind == CR_OP_LAYER)
      return cr_fail(err, CR_EINPUT, "op %s is of kind %s, which backend cuda cannot run; take -b sim", op->name,
                     cr_op_kind_name[op->kind]);
    if (op->kind != CR_OP_KERNEL && op->kind != CR_OP_ITERATION && op->bytes == CR_UNKNOWN)
      return cr_fail(err, CR_EINPUT, "op %s: how many bytes it moves was not recorded", op->name);
  }
  return CR_OK;
}

static int add_mark(struct cr_standins *s, struct cr_err *err)
{
  struct cr_standin_shape mark = {.regs = 16, .n_chain = 1, .blocks = 1, .threads = 32, .cluster_blocks = 1};
  int rc = cr_standin_codes_find(s->launcher.codes, mark.regs, 0, cr_standin_kind(1, 0, 0), &mark.code, err);
  s->mark = s->fitter.n_shape;
  s->fitter.shape[s->fitter.n_shape++] = mark;
  return rc;
}

int cr_standins_new(struct cr_cuda_gpu *gpu, const struct cr_workload *w, const struct cr_device_desc *d,
                    struct cr_standins **out, struct cr_err *err)
{
  int rc = check_kinds(w, err);
  struct cr_arena *arena = rc ? NULL : cr_arena_new();
  struct cr_standins *s = arena ? cr_arena_take(arena, 1, sizeof *s) : NULL;
  if (!s) {
    cr_arena_free(arena);
    return rc ? rc : cr_fail_nomem(err, "stand-ins");
  }
  *s = (struct cr_standins){.workload = w, .arena = arena, .launcher.gpu = gpu, .fitter.bench = &s->bench};
  s->fitter.shape = cr_arena_take(arena, CR_STANDIN_CUTS * (size_t)w->n_op + 2, sizeof *s->fitter.shape);
  s->fit = cr_arena_take(arena, (size_t)w->n_op + 1, sizeof *s->fit);
  s->launcher.codes = cr_standin_codes_new(gpu);
  if (!s->fitter.shape || !s->fit || !s->launcher.codes)
    rc = cr_fail_nomem(err, "stand-ins");
  rc = rc ? rc : cr_standin_bench_init(&s->bench, &s->launcher, err);
  rc = rc ? rc : take_scratch(s, err);
  rc = rc ? rc : take_stream(s, d, err);
  rc = rc ? rc : add_mark(s, err);
  rc = rc ? rc : measure_others(s, d, err);
  rc = rc ? rc : add_with_kept(s, d, err);
  for (uint32_t i = 0; !rc && i < w->n_model; i++)
    rc = cr_standin_model_fit(s, d, &w->model[i], err);
  s->match.n_shape = s->fitter.n_shape - 1; /* beside the mark */
  if (rc) {
    cr_standins_free(s);
    return rc;
  }
  *out = s;
  return CR_OK;
}

void cr_standins_free(struct cr_standins *s)
{
  if (!s)
    return;
  const struct cr_cuda_driver *d = &s->launcher.gpu->driver;
  cr_standin_codes_free(s->launcher.codes);
  if (s->launcher.stream.address && !s->launcher.gpu->hangs)
    d->memory_free(s->launcher.stream.address);
  if (s->scratch && !s->launcher.gpu->hangs)
    d->memory_free(s->scratch);
  if (s->host_scratch && !s->launcher.gpu->hangs)
    d->host_free(s->host_scratch);
  cr_arena_free(s->arena);
}

void cr_standins_match(const struct cr_standins *s, struct cr_standin_match *out)
{
  *out = s->match;
}

struct cr_standin_codes *cr_standins_codes(const struct cr_standins *s)
{
  return s->launcher.codes;
}

struct cr_standin_work cr_standin_work(const struct cr_standins *s, uint32_t op)
{
  const struct cr_standin_fit *fit = &s->fit[op];
  const struct cr_standin_shape *h = &s->fitter.shape[fit->shape];
  return (struct cr_standin_work){.regs = s->workload->op[op].regs,
                                  .carveout_percent = h->carveout_percent,
                                  .threads = h->threads,
                                  .smem = h->smem,
                                  .n_chain = h->n_chain,
                                  .fmas = h->fmas,
                                  .rounds = fit->rounds,
                                  .per_round = cr_standin_per_round(h, fit->rounds),
                                  .dram_share = cr_standin_dram_share(h),
                                  .chunks = h->chunks,
                                  .dram_chunks = h->dram_chunks};
}

struct cr_standin_stream cr_standins_stream(const struct cr_standins *s)
{
  return s->launcher.stream;
}

/* --- launching ---------------------------------------------------------------------------------------------------- */

int cr_standin_launch(struct cr_standins *s, uint32_t op, const struct cr_standin_at *at, cr_cu_stream stream)
{
  const struct cr_cuda_driver *d = &s->launcher.gpu->driver;
  const struct cr_op_spec *o = &s->workload->op[op];
  size_t bytes = is_launched(s, op) ? 0 : (size_t)o->bytes;
  switch (o->kind) {
  case CR_OP_KERNEL:
  case CR_OP_ITERATION:
    return cr_standin_start(&s->launcher, &s->fitter.shape[s->fit[op].shape], s->fit[op].rounds, at, stream);
  case CR_OP_COPY_H2D:
    return d->copy_h2d(s->scratch, s->host_scratch, bytes, stream);
  case CR_OP_COPY_D2H:
    return d->copy_d2h(s->host_scratch, s->scratch, bytes, stream);
  case CR_OP_COPY_D2D:
    return d->copy_d2d(s->scratch, s->scratch + s->scratch_bytes, bytes, stream);
  case CR_OP_MEMSET:
    return d->fill(s->scratch, 0, bytes ? bytes : 1, stream);
  default:
    return CR_CU_OK; /* refused when it was made */
  }
}

int cr_standin_launch_rounds(struct cr_standins *s, uint32_t op, uint32_t rounds, const struct cr_standin_at *at,
                             cr_cu_stream stream)
{
  return cr_standin_start(&s->launcher, &s->fitter.shape[s->fit[op].shape], rounds, at, stream);
}

cr_ns cr_standin_short_ns(const struct cr_standins *s, uint32_t op)
{
  return (cr_ns)(s->fit[op].wanted_ns - s->fit[op].measured_ns);
}

uint32_t cr_standin_pieces(const struct cr_standins *s, uint32_t op)
{
  return cr_standin_piece_count(&s->workload->op[op]);
}

int cr_standin_mark(struct cr_standins *s, const struct cr_standin_at *at, cr_cu_stream stream)
{
  return cr_standin_start(&s->launcher, &s->fitter.shape[s->mark], 0, at, stream);
}
