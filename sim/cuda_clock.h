/* cuda_clock.h - the GPU's timer on the host's monotonic clock.
 *
 * The offset between both drifts (10 ppm on an H200).  It is followed from how soon ends are seen: in each window the least delay
 * between an end and its sight is taken to be what is the least there is. */
#ifndef CR_CUDA_CLOCK_H
#define CR_CUDA_CLOCK_H
#include "sim/standin.h"

struct cr_cuda_clock {
  struct cr_cuda_gpu *gpu;              /* whose offset and error it keeps */
  cr_ns window_end_ns, window_sight_ns; /* least delay seen in it; CR_NS_NEVER: none yet */
  cr_ns looked_ns;                      /* when ends were last looked for; 0: nobody says */
};

/* Reads the GPU's clock some hundred times. */
int cr_cuda_clock_set(struct cr_cuda_clock *c, struct cr_cuda_gpu *gpu, struct cr_standins *standins,
                      struct cr_err *err) CR_MUST;

/* Ends have been looked for until now: one that is seen much later than that, since the host was kept, tells nothing. */
void cr_cuda_clock_looked(struct cr_cuda_clock *c);

/* An end of the GPU's time was seen now. */
void cr_cuda_clock_saw(struct cr_cuda_clock *c, uint64_t end_gpu_ns);

#endif
