/* standin_launch.c - the parameters of a launch, in the order of sim/standin_ptx.h. */
#include "config.h"

#include "sim/standin_launch.h"

static uint32_t greatest_divisor(uint32_t a, uint32_t b)
{
  while (b) { /* Euclid, Elements, VII.2 */
    uint32_t rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

struct cr_cuda_launch cr_standin_launch_of(const struct cr_standin_shape *h, uint32_t n_block)
{
  return (struct cr_cuda_launch){.blocks = n_block,
                                 .threads = h->threads,
                                 .smem_bytes = h->smem,
                                 .cluster_blocks = greatest_divisor(n_block, h->cluster_blocks)};
}

int cr_standin_start(const struct cr_standin_launcher *l, const struct cr_standin_shape *h, uint32_t rounds,
                     const struct cr_standin_at *at, cr_cu_stream stream)
{
  const struct cr_cuda_gpu *g = l->gpu;
  int reports = at->slot != CR_NONE, is_last = at->first != CR_NONE;
  cr_cu_address counters = reports ? cr_cuda_gpu_counters(g, at->slot) : 0, data = g->data;
  cr_cu_address words = at->words != CR_NONE ? cr_cuda_gpu_words(g, at->words) : 0;
  cr_cu_address record = !reports  ? 0
                         : is_last ? cr_cuda_gpu_record(g, at->slot)
                                   : cr_cuda_gpu_inner_record(g, at->slot);
  cr_cu_address first = is_last && at->first != at->slot ? cr_cuda_gpu_inner_record(g, at->first) : 0;
  cr_cu_address halt = words && at->may_stop ? words + sizeof(uint32_t) : 0;
  uint32_t epoch = at->epoch, blocks = at->n_block ? at->n_block : h->blocks, fmas = h->fmas,
           chunks = cr_standin_per_round(h, rounds), share = cr_standin_dram_share(h);
  struct cr_standin_stream read = l->stream;
  void *param[] = {&counters, &words, &epoch,  &blocks, &rounds,       &fmas,      &data,        &record,
                   &first,    &halt,  &chunks, &share,  &read.address, &read.mask, &read.l2_mask};
  struct cr_cuda_launch launch = cr_standin_launch_of(h, blocks);
  launch.early = at->early;
  return cr_cuda_gpu_launch(g, cr_standin_codes_function(l->codes, h->code), &launch, stream, param);
}
