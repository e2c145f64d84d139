/* cuda_parts.h - ranges on a real GPU in which launches are of parts of ops: slices, the rest of an op, and launches that are padded
 * with blocks of other requests (sim/engine_pad.c says what these mean).
 *
 * Ops are launched one by one, a few at each look, and merged ones through sim/standin_merged.h.  A stream without a device queue
 * gets all of them as fast as the host can launch, and only what somebody must know reports: the first and the last op of the range,
 * and the first and the last pad of each request; nothing of it can be taken back.  A stream with one gets so many at a time, all
 * report and obey words, and what a preemption brings back is found as sim/cuda_queue.h says, for each part of a launch by itself.
 *
 * Ops of eager programs are launched no sooner than these would (sim/cuda_program.h); pads of theirs are not waited for.
 *
 * A stream that holds ranges here gives all that follow to here as well, so that they stay in order; they begin when what was
 * launched into the stream otherwise has ended. */
#ifndef CR_CUDA_PARTS_H
#define CR_CUDA_PARTS_H
#include "sim/cuda_queue.h"
#include "sim/standin_merged.h"

struct cr_cuda_parts;

/* merger NULL: nobody pads.  sees_ops: on_op is to tell of every op when it was on the GPU; otherwise of most only that they were. */
int cr_cuda_parts_new(const struct cr_cuda_host *host, struct cr_merger *merger, uint32_t stream_cap, int sees_ops,
                      struct cr_cuda_parts **out, struct cr_err *err) CR_MUST;
void cr_cuda_parts_free(struct cr_cuda_parts *p); /* NULL is fine */

/* One more, numbered in order from 0; cap: of its device queue, 0: it has none.  The stream stays the caller's. */
int cr_cuda_parts_add_stream(struct cr_cuda_parts *p, cr_cu_stream stream, uint32_t cap, struct cr_err *err) CR_MUST;

/* From now on ops go into that stream, which begins after all that was launched before. */
void cr_cuda_parts_move(struct cr_cuda_parts *p, uint32_t number, cr_cu_stream stream);

int cr_cuda_parts_pad(struct cr_cuda_parts *p, const struct cr_act *act, struct cr_err *err) CR_MUST; /* a PAD */

/* Whether a LAUNCH is to be made here. */
int cr_cuda_parts_wants(const struct cr_cuda_parts *p, const struct cr_act *act);

/* is_free: nothing that was launched otherwise is left in the stream. */
int cr_cuda_parts_launch(struct cr_cuda_parts *p, const struct cr_act *act, int is_free, struct cr_err *err) CR_MUST;
int cr_cuda_parts_look(struct cr_cuda_parts *p, uint32_t stream, int is_free, struct cr_err *err) CR_MUST;
int cr_cuda_parts_stop(struct cr_cuda_parts *p, uint32_t stream, enum cr_cap how, struct cr_err *err) CR_MUST;

uint32_t cr_cuda_parts_held(const struct cr_cuda_parts *p); /* ranges, of all streams */

/* The client for whose op the stream has waited since *since_ns; CR_NONE: for none. */
uint32_t cr_cuda_parts_waits_for(const struct cr_cuda_parts *p, uint32_t stream, cr_ns *since_ns);

#endif
