/* standin_launch.h - one launch of a stand-in: a shape with so much work, and where it reports. */
#ifndef CR_STANDIN_LAUNCH_H
#define CR_STANDIN_LAUNCH_H
#include "sim/standin_code.h"
#include "sim/standin_shape.h"

/* The working set in DRAM: its address, and chunks less 1, and of those that stay in the L2.  Address 0: nobody reads it. */
struct cr_standin_stream {
  cr_cu_address address;
  uint32_t mask, l2_mask;
};

/* Where a launch reports, and which words it obeys as of which epoch. */
struct cr_standin_at {
  uint32_t slot;         /* CR_NONE: it reports nothing */
  uint32_t words, epoch; /* words CR_NONE: it obeys none */
  uint32_t
    first; /* slot of its range's first launch; CR_NONE: it is no range's last launch, and reports to the GPU alone */
  uint32_t n_block; /* so many of its blocks; 0: all */
  int early;        /* of struct cr_cuda_launch */
  int may_stop;     /* it obeys the words while it works, too */
};

/* What a launch of so many of a shape's blocks asks for.  Its clusters are the shape's, if the blocks fill them, and else the largest that
 * divide both, so that any part of a kernel can be launched. */
struct cr_cuda_launch cr_standin_launch_of(const struct cr_standin_shape *h, uint32_t n_block);

/* What all launches share; all of it is others'. */
struct cr_standin_launcher {
  struct cr_cuda_gpu *gpu;
  struct cr_standin_codes *codes;
  struct cr_standin_stream stream;
};

/* Into the stream, or the graph that it captures, with so many rounds.  A driver's error number. */
int cr_standin_start(const struct cr_standin_launcher *l, const struct cr_standin_shape *h, uint32_t rounds,
                     const struct cr_standin_at *at, cr_cu_stream stream);

#endif
