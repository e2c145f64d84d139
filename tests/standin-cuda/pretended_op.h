/* pretended_op.h - what the pretended GPU is asked for, and how much of it the host is told.
 *
 * STANDIN_CUDA_TOLD names a file that is written when the GPU is let go: "launches blocks merged pads clustered clusters": of kernels
 * that report to the host, the blocks that did their work, merged launches with their parts beside the first, and of kernels that report
 * to the host those in clusters, with all their clusters. */
#ifndef CR_PRETENDED_OP_H
#define CR_PRETENDED_OP_H
#include "sim/cuda_driver.h"
#include "sim/merged_ptx.h"

enum op_kind { KERNEL, COPY, FILL, WRITE, WAIT };

/* A kernel has one part, or those of a merged launch. */
struct op {
  enum op_kind kind;
  unsigned char value;
  struct cr_cu_function *function;
  uint32_t blocks, cluster_blocks, threads, smem, word, n_part; /* cluster_blocks 1: no clusters */
  uint32_t sms; /* of the stream that it was launched or captured in */
  struct cr_merged_part part[CR_MERGED_PARTS];
  uint64_t halt[CR_MERGED_PARTS]; /* the word that each part obeys while it runs; 0: none */
  uint64_t to, from;
  size_t bytes;
  const struct cr_cu_stream *other; /* WAIT: until it has done so many */
  uint64_t n_other;
};

/* Whether the host is told of the part, or of any, and it is no reading of the clock. */
int op_tells_part(const struct op *k, uint32_t part);
int op_tells(const struct op *k);

void told_begin(void);                /* counts anew */
void told_launch(const struct op *k); /* it was launched */
void told_blocks(uint64_t n_worked);  /* of a part that reported to the host */
void told_write(void);

#endif
