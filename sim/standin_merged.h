/* standin_merged.h - merged launches on a real GPU: a kernel's blocks on some of the SMs, blocks of others on the rest.
 *
 * What REEF's dynamic kernel padding launches (Han et al., OSDI 2022, section 5), made of stand-ins (sim/merged_ptx.h): it has
 * the threads, registers, shared memory and carve-out of the largest of its parts.  Blocks are dealt out by their number, as
 * REEF deals them out on AMD's GPUs.  On an idle H200 each SM gets a block of each row, but only in the first row is that
 * known to be the column's own: of the second, 72 of 132 blocks come to the SM of the one above them, of four rows 208 of 396
 * (580.159.04, 64 to 512 threads, 2026-11-28), so that parts with several blocks an SM mix. */
#ifndef CR_STANDIN_MERGED_H
#define CR_STANDIN_MERGED_H
#include "sim/machine.h"
#include "sim/merged_ptx.h"
#include "sim/standin.h"

struct cr_merger;

/* Blocks of a kernel. */
struct cr_merged_op {
  uint32_t op;             /* in the table of all ops */
  uint32_t sm_blocks;      /* at most so many at a time in a column; of the first, which takes what it needs, 0 */
  struct cr_standin_at at; /* where they report; n_block as there */
};

/* Loads what merging any kernel of an rt client with any of another needs, which takes a second or so. */
int cr_merger_new(struct cr_cuda_gpu *gpu, struct cr_standins *standins, const struct cr_workload *w,
                  const struct cr_device_desc *d, struct cr_merger **out, struct cr_err *err) CR_MUST;
void cr_merger_free(struct cr_merger *m); /* NULL is fine */

/* Launches the first op in first_sms columns and the other n - 1 in those that are left.  Of two ops at the least and CR_MERGED_PARTS
 * at most; refused where there are more, and where no block fits that has the resources of all. */
int cr_merger_launch(struct cr_merger *m, const struct cr_merged_op *op, uint32_t n, uint32_t first_sms,
                     cr_cu_stream stream, struct cr_err *err) CR_MUST;

#endif
