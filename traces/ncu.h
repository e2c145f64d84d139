/* ncu.h - merges Nsight Compute counters (CSV of `ncu --csv --page raw`) into a model of a store.
 *
 * The two tools spell names differently and an eager run's choice of kernels may differ from the recorded one's, so a
 * row and a kernel are taken for the same when the function's own name (without namespaces, templates and parameters),
 * blocks, threads, registers and shared memory agree.  Equal ones are paired in order (the longest common subsequence
 * of the two runs); a kernel left without a row gets the median of the rows of its key if those agree. */
#ifndef CR_NCU_H
#define CR_NCU_H
#include "sim/base.h"
#include "sim/text.h"
#include "traces/store.h"

struct cr_ncu_result {
  uint32_t n_row;       /* kernels in the file */
  uint32_t n_kernel;    /* kernels of the model, of which */
  uint32_t n_in_order;  /* were paired with a row in order, */
  uint32_t n_alike;     /* got the median of rows that agree, */
  uint32_t n_unmatched; /* have no counters */
  uint32_t n_stray;     /* rows in the file of no kernel of the model */
};

/* unmatched gets a line for each kind of kernel that is without counters, and of row that is of no kernel; or NULL. */
int cr_ncu_import(struct cr_store *s, const char *path, const char *model, const struct cr_origin *origin,
                  struct cr_ncu_result *out, struct cr_text *unmatched, struct cr_err *err) CR_MUST;

#endif
