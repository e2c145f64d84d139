/* cuda_stream.h - streams of a real GPU without a device queue: what is launched into them goes to the GPU at once, a range as one graph.
 *
 * Graphs are made before the run for whole models, else when they are first asked for, and used again.  Ranges of eager programs go op
 * by op, as these fall due (sim/cuda_program.h); ranges behind one in its stream follow when its last op was launched.  Nothing is taken
 * back: all counts as handed over. */
#ifndef CR_CUDA_STREAM_H
#define CR_CUDA_STREAM_H
#include "sim/cuda_graph.h"

struct cr_cuda_streams;

/* launch_cap: ranges that are expected at once. */
int cr_cuda_streams_new(const struct cr_cuda_host *host, uint32_t stream_cap, uint32_t launch_cap,
                        struct cr_cuda_streams **out, struct cr_err *err) CR_MUST;
void cr_cuda_streams_free(struct cr_cuda_streams *t); /* NULL is fine; not while any runs, unless the GPU hangs */

/* One more, numbered in order from 0, of which some may have a device queue and hold nothing here. */
void cr_cuda_streams_add(struct cr_cuda_streams *t);

/* Where what is launched into a stream goes: the part of the GPU (sim/cuda_share.h; CR_NONE: all of it), an idle stream of that part,
 * which captures graphs, and the stream itself.  It may change; what was launched stays where it is. */
struct cr_cuda_place {
  uint32_t part;
  cr_cu_stream capture, stream;
};

/* Makes what the client will surely ask for. */
int cr_cuda_streams_prepare(struct cr_cuda_streams *t, uint32_t client, const struct cr_cuda_place *place,
                            struct cr_err *err) CR_MUST;

int cr_cuda_streams_launch(struct cr_cuda_streams *t, const struct cr_act *act, const struct cr_cuda_place *place,
                           struct cr_err *err) CR_MUST;

/* Launches what is due, and tells of ranges that have ended. */
int cr_cuda_streams_look(struct cr_cuda_streams *t, uint32_t stream, struct cr_err *err) CR_MUST;

uint32_t cr_cuda_streams_held(const struct cr_cuda_streams *t); /* ranges, of all streams */
int cr_cuda_streams_hold(const struct cr_cuda_streams *t, uint32_t stream);

/* The client whose work has been on the GPU since *since_ns without an end; CR_NONE: nothing is there. */
uint32_t cr_cuda_streams_waits_for(const struct cr_cuda_streams *t, uint32_t stream, cr_ns *since_ns);

void cr_cuda_streams_tell(const struct cr_cuda_streams *t, struct cr_live *out); /* idle_begin_* */

#endif
