/* standin_kept.c - a kernel is known by its shape, the time wanted, and the sizes of what is read from DRAM and the L2. */
#include "config.h"

#include "sim/standin_kept.h"

#include <math.h>

enum { SAMPLE = 16 }; /* of kernels that were measured in another run, measured again */

/* Of a kernel without clusters its number is 0, as those before there were any had it. */
static struct cr_standin_key key_of(const struct cr_standin_kept *k, const struct cr_standin_fit *fit)
{
  const struct cr_standin_shape *h = &k->fitter->shape[fit->asked];
  return (struct cr_standin_key){{h->regs, h->carveout_percent, h->n_chain, h->n_load, h->blocks, h->threads, h->smem,
                                  h->fmas, h->chunks, llrint(fit->wanted_ns), k->fitter->bench->launcher->stream.mask,
                                  h->cluster_blocks > 1 ? h->cluster_blocks : 0, h->dram_chunks,
                                  k->fitter->bench->launcher->stream.l2_mask}};
}

int cr_standin_kept_take(struct cr_standin_kept *k, struct cr_standin_fit *fit, int *is_there, struct cr_err *err)
{
  struct cr_standin_key key = key_of(k, fit);
  struct cr_standin_found found;
  *is_there = cr_standin_cache_find(k->cache, &key, &found);
  if (!*is_there)
    return CR_OK;
  int rc = cr_standin_fitter_chunks(k->fitter, fit, found.chunks, found.dram_chunks, err);
  if (rc)
    return rc;
  fit->rounds = found.rounds;
  fit->slope_ns = found.slope_ns;
  fit->measured_ns = found.measured_ns;
  if (k->n_hit++ % k->every)
    return CR_OK;
  double ns = 0;
  rc = cr_standin_bench_launch(k->fitter->bench, &k->fitter->shape[fit->shape], fit->rounds, &ns, err);
  k->n_checked++;
  if (!rc && fabs(ns / found.measured_ns - 1) > CR_STANDIN_MATCH) {
    k->n_stale++;
    *is_there = 0;
    fit->shape = fit->asked;
  }
  return rc;
}

int cr_standin_kept_put(const struct cr_standin_kept *k, const struct cr_standin_fit *fit, struct cr_err *err)
{
  struct cr_standin_key key = key_of(k, fit);
  const struct cr_standin_shape *h = &k->fitter->shape[fit->shape];
  const struct cr_standin_found found = {fit->rounds, h->chunks, ceil(fit->measured_ns), fit->slope_ns, h->dram_chunks};
  return cr_standin_cache_put(k->cache, &key, &found, err);
}

int cr_standin_kept_open(struct cr_standin_kept *k, struct cr_standin_fitter *fitter, uint32_t n_op, struct cr_err *err)
{
  const struct cr_cuda_gpu *g = fitter->bench->launcher->gpu;
  *k = (struct cr_standin_kept){.fitter = fitter, .every = 1 + n_op / SAMPLE};
  struct cr_text text = {0};
  cr_standin_ptx(4, 1, 0, 0, &text);
  cr_standin_ptx(4, 4, 4, 0, &text);
  int rc = text.failed
             ? cr_fail_nomem(err, "the text of a stand-in")
             : cr_standin_cache_open(g->name, g->driver_version, cr_standin_cache_hash(0, text.s), &k->cache, err);
  cr_text_fini(&text);
  return rc;
}

int cr_standin_kept_is_stale(const struct cr_standin_kept *k)
{
  return 4 * k->n_stale > k->n_checked;
}

void cr_standin_kept_forget(struct cr_standin_kept *k)
{
  cr_standin_cache_forget(k->cache);
}

int cr_standin_kept_close(struct cr_standin_kept *k, struct cr_err *err)
{
  struct cr_standin_cache *cache = k->cache;
  k->cache = NULL;
  return cr_standin_cache_close(cache, err);
}

void cr_standin_kept_free(struct cr_standin_kept *k)
{
  cr_standin_cache_free(k->cache);
  k->cache = NULL;
}
