/* standin_code.h - the functions of stand-ins that are loaded on a GPU: one for each number of registers, carve-out and kind. */
#ifndef CR_STANDIN_CODE_H
#define CR_STANDIN_CODE_H
#include "sim/cuda_gpu.h"

/* A stand-in's chains of multiply-adds and chunks under way at once (sim/standin_ptx.h), and whether it is launched in
 * clusters; or a merged launch (sim/merged_ptx.h). */
enum { CR_STANDIN_MERGED = 0, CR_STANDIN_IN_CLUSTERS = 1 << 16 };
static inline uint32_t cr_standin_kind(uint32_t n_chain, uint32_t n_load, int in_clusters)
{
  return (in_clusters ? CR_STANDIN_IN_CLUSTERS : 0) | n_load << 8 | n_chain;
}

struct cr_standin_codes;

struct cr_standin_codes *cr_standin_codes_new(struct cr_cuda_gpu *gpu); /* NULL: no memory */
void cr_standin_codes_free(struct cr_standin_codes *s); /* NULL is fine; unloads them, unless the GPU hangs */

/* The one with so many registers, to the unit in which the GPU gives them out, a carve-out (0: the driver's choice) and a kind; loaded
 * when it is first asked for, which takes some milliseconds. */
int cr_standin_codes_find(struct cr_standin_codes *s, uint32_t regs, uint32_t carveout_percent, uint32_t kind,
                          uint32_t *out, struct cr_err *err) CR_MUST;

/* Lets launches of it have so much dynamic shared memory a block. */
int cr_standin_codes_allow(struct cr_standin_codes *s, uint32_t code, uint32_t smem_bytes, struct cr_err *err) CR_MUST;

/* Prepares such launches of it, and refuses blocks of which an SM holds none, and clusters of which the GPU holds none. */
int cr_standin_codes_prepare(struct cr_standin_codes *s, uint32_t code, const struct cr_cuda_launch *like,
                             struct cr_err *err) CR_MUST;

cr_cu_function cr_standin_codes_function(const struct cr_standin_codes *s, uint32_t code);

#endif
