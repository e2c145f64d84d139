/* cupti_csv.h - merges shared-memory carve-outs from per-kernel CUPTI records (CSV) into a store.
 *
 * The carve-out that the driver sets for a kernel is a function of its threads, registers and shared memory, so records
 * of one model serve all.  Columns: threads, regs, static_smem, dynamic_smem, smem_executed; blocks 0 is no kernel. */
#ifndef CR_CUPTI_CSV_H
#define CR_CUPTI_CSV_H
#include "sim/base.h"
#include "traces/store.h"

struct cr_cupti_result {
  uint32_t n_shape;   /* distinct launch shapes in the files */
  uint32_t n_matched; /* kernels of the store that got a carve-out */
  uint32_t n_kernel;  /* kernels in the store, */
  uint32_t n_without; /* of which these have none now */
};

int cr_cupti_csv_import(struct cr_store *s, const char *const *path, uint32_t n_path, const struct cr_origin *origin,
                        struct cr_cupti_result *out, struct cr_err *err) CR_MUST;

#endif
