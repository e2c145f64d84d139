/* cuda_share.h - streams of a real GPU that may use a part of its SMs alone.
 *
 * A part is a green context of the driver (12.4 or later): SMs split off from the others, in the driver's unit of eight on a Hopper
 * or so, to which a share is rounded.  Every stream with a share has a part of its own: of the groups of that size which
 * the driver makes, the one that meets the fewest SMs of other parts.  Where a graph runs is settled as it is captured, by the stream that captures it. */
#ifndef CR_CUDA_SHARE_H
#define CR_CUDA_SHARE_H
#include "sim/cuda_gpu.h"
#include "sim/live.h"

struct cr_cuda_shares;

/* A stream, and the part of the GPU that it runs on. */
struct cr_cuda_sharer {
  cr_cu_stream stream;
  uint32_t part; /* CR_NONE: all of it */
};

/* Refused, with what is missing, where the driver or the GPU has no green contexts. */
int cr_cuda_shares_new(struct cr_cuda_gpu *gpu, struct cr_cuda_shares **out, struct cr_err *err) CR_MUST;
void cr_cuda_shares_free(
  struct cr_cuda_shares *s); /* with streams that it took; NULL is fine; not before all others in its parts are gone */

/* Gives a stream a share of the SMs, CR_SHARE_ALL for all: *to is another stream, which goes on when the old one has done what it
 * was given before, and the old one is owned from then on.  to->stream NULL: there is no old one.  A part that was made before for
 * the same old part and share is taken again. */
int cr_cuda_shares_give(struct cr_cuda_shares *s, struct cr_cuda_sharer *to, uint32_t share_ppm, int32_t priority,
                        struct cr_err *err) CR_MUST;

uint32_t cr_cuda_shares_sms(const struct cr_cuda_shares *s, uint32_t part);

/* An idle stream of the part, to capture graphs in. */
cr_cu_stream cr_cuda_shares_capture(const struct cr_cuda_shares *s, uint32_t part);

/* Shares asked for and SMs given: "shares". */
void cr_cuda_shares_tell(const struct cr_cuda_shares *s, struct cr_live *out);

#endif
