/* standin_fit.c - places lines and follows them.
 *
 * Time alone is a straight line in the rounds of work but for its first few (seen on an H200 from 1 to 4000 blocks of 64 to 512
 * threads, within 0.3 %), so that two measurements place the line and one or two more correct it.  Ops of one shape share the line.
 *
 * Of a kernel whose traffic was counted, the chunks that all its rounds read from the L2 and DRAM are fixed by the bytes, whatever the
 * rounds; the line is that of rounds with so many chunks in all, and bends where these alone take as long.  A kernel that is too slow
 * with all its chunks and no rounds beside gives up some: first of those from the L2, since DRAM is what kernels wait for each other
 * at the most. */
#include "config.h"

#include "sim/standin_fit.h"

#include <math.h>

enum {
  CORRECTIONS = 3, /* of the rounds, after the line is placed */
};

static const double LEAST_ROUND_NS = 5; /* what 20 instructions one after the other take, at 4 GHz */

/* --- shapes ------------------------------------------------------------------------------------------------------- */

static int is_alike(const struct cr_standin_shape *a, const struct cr_standin_shape *b)
{
  return a->code == b->code && a->blocks == b->blocks && a->threads == b->threads && a->smem == b->smem &&
         a->cluster_blocks == b->cluster_blocks && a->fmas == b->fmas && a->chunks == b->chunks &&
         a->dram_chunks == b->dram_chunks;
}

int cr_standin_fitter_shape(struct cr_standin_fitter *f, const struct cr_standin_shape *like, uint32_t *out,
                            struct cr_err *err)
{
  struct cr_standin_codes *codes = f->bench->launcher->codes;
  struct cr_standin_shape h = *like;
  uint32_t kind = cr_standin_kind(h.n_chain, h.n_load, h.cluster_blocks > 1);
  int rc = cr_standin_codes_find(codes, h.regs, h.carveout_percent, kind, &h.code, err);
  for (*out = 0; !rc && *out < f->n_shape; ++*out)
    if (is_alike(&f->shape[*out], &h))
      return CR_OK;
  const struct cr_cuda_launch whole = cr_standin_launch_of(&h, h.blocks);
  rc = rc ? rc : cr_standin_codes_prepare(codes, h.code, &whole, err);
  h.slope_ns = 0;
  if (!rc)
    f->shape[f->n_shape++] = h;
  return rc;
}

int cr_standin_fitter_chunks(struct cr_standin_fitter *f, struct cr_standin_fit *w, uint32_t chunks,
                             uint32_t dram_chunks, struct cr_err *err)
{
  struct cr_standin_shape h = f->shape[w->asked];
  h.chunks = chunks;
  h.dram_chunks = dram_chunks;
  return cr_standin_fitter_shape(f, &h, &w->shape, err);
}

/* --- rounds ------------------------------------------------------------------------------------------------------- */

static int place_line(const struct cr_standin_fitter *f, struct cr_standin_shape *h, const struct cr_standin_fit *w,
                      struct cr_err *err)
{
  enum { FEW = 16, TRIES = 5 };
  double few_ns = 0, many_ns = 0;
  uint32_t few = FEW > cr_standin_least_rounds(h) ? FEW : cr_standin_least_rounds(h), many = 0;
  int rc = CR_OK;
  for (int i = 0; !rc && i < TRIES && many_ns <= few_ns; i++) {
    rc = cr_standin_bench_launch(f->bench, h, few, &few_ns, err);
    many = rc ? 2 * few : (uint32_t)fmin(fmax(few * w->wanted_ns / few_ns, 2.0 * few), 1e6);
    rc = rc ? rc : cr_standin_bench_launch(f->bench, h, many, &many_ns, err);
  }
  h->slope_ns = fmax((many_ns - few_ns) / (many - few), LEAST_ROUND_NS);
  h->base_ns = few_ns - few * h->slope_ns;
  h->most_rounds = h->chunks ? 4.0 * many : INFINITY;
  return rc;
}

/* The rounds with which it takes the time wanted, and what it then takes.  Where it reads chunks the line bends, and the last two
 * measurements say how steep it is. */
static int fit(const struct cr_standin_fitter *f, struct cr_standin_shape *h, struct cr_standin_fit *w,
               struct cr_err *err)
{
  int rc = h->slope_ns > 0 ? CR_OK : place_line(f, h, w, err);
  double wanted_ns = w->wanted_ns, least = cr_standin_least_rounds(h), slope_ns = h->slope_ns, best = INFINITY;
  double rounds = (wanted_ns - h->base_ns) / slope_ns, before = 0, before_ns = 0,
         most = fmin(h->most_rounds, UINT32_MAX);
  for (int i = 0; !rc && i < CORRECTIONS + 2 * (h->chunks != 0) && best > 0.005; i++) {
    double ns = 0, now = rint(fmin(fmax(rounds, least), most));
    if (i && now == before)
      break;
    rc = cr_standin_bench_launch(f->bench, h, (uint32_t)now, &ns, err);
    if (!rc && fabs(ns / wanted_ns - 1) < best) {
      best = fabs(ns / wanted_ns - 1);
      w->rounds = (uint32_t)now;
      w->measured_ns = ns;
    }
    if (i && h->chunks && fabs(now - before) > 1 && (ns - before_ns) / (now - before) > LEAST_ROUND_NS)
      slope_ns = (ns - before_ns) / (now - before);
    before = now;
    before_ns = ns;
    most = fmax(most, 4 * now);
    rounds = now + (wanted_ns - ns) / slope_ns;
  }
  w->slope_ns = slope_ns;
  return rc;
}

/* --- chunks ------------------------------------------------------------------------------------------------------- */

static int is_too_slow(const struct cr_standin_fitter *f, const struct cr_standin_fit *w)
{
  const struct cr_standin_shape *h = &f->shape[w->shape];
  return h->chunks && w->rounds <= cr_standin_least_rounds(h) && w->measured_ns > (1 + CR_STANDIN_MATCH) * w->wanted_ns;
}

/* Of n chunks; after the last step none. */
static uint32_t left_after(uint32_t n, int steps)
{
  return steps < CR_STANDIN_STEPS ? (uint32_t)(n * pow(0.7, steps)) : 0;
}

static int fit_with(struct cr_standin_fitter *f, struct cr_standin_fit *w, uint32_t l2_chunks, uint32_t dram_chunks,
                    struct cr_err *err)
{
  int rc = cr_standin_fitter_chunks(f, w, l2_chunks + dram_chunks, dram_chunks, err);
  return rc ? rc : fit(f, &f->shape[w->shape], w, err);
}

int cr_standin_fitter_fit(struct cr_standin_fitter *f, struct cr_standin_fit *w, struct cr_err *err)
{
  const struct cr_standin_shape *asked = &f->shape[w->asked];
  uint32_t dram = asked->dram_chunks, l2 = asked->chunks - dram;
  int rc = fit(f, &f->shape[w->shape], w, err);
  for (int i = 1; !rc && l2 && i <= CR_STANDIN_STEPS && is_too_slow(f, w); i++)
    rc = fit_with(f, w, left_after(l2, i), dram, err);
  for (int i = 1; !rc && dram && i <= CR_STANDIN_STEPS && is_too_slow(f, w); i++)
    rc = fit_with(f, w, 0, left_after(dram, i), err);
  return rc;
}
