/* cuda_pass.h - iterations of jobs on a real GPU: each a launch of a graph of its model, used again and again; of eager programs op by
 * op.
 *
 * All graphs are made before the run: of each model as many as its jobs can have under way at once. */
#ifndef CR_CUDA_PASS_H
#define CR_CUDA_PASS_H
#include "sim/cuda_graph.h"

struct cr_cuda_passes;

/* stream_cap: streams that may run iterations beside each other. */
int cr_cuda_passes_new(const struct cr_cuda_host *host, uint32_t stream_cap, struct cr_cuda_passes **out,
                       struct cr_err *err) CR_MUST;
void cr_cuda_passes_free(struct cr_cuda_passes *p); /* NULL is fine; not while any runs */

/* One that is under way. */
struct cr_cuda_pass {
  uint32_t graph;
  uint32_t run, pushed, waits; /* of an eager program, whose ops are launched one by one: see sim/cuda_program.h */
  cr_cu_stream stream;
  cr_ns launch_ns;
};
int cr_cuda_pass_launch(struct cr_cuda_passes *p, uint32_t client, cr_cu_stream stream, struct cr_cuda_pass *out,
                        struct cr_err *err) CR_MUST;

/* Launches what is due of it.  Whether it has ended, and when; then it is counted and told (like: its stream, client and request), and
 * is no more. */
int cr_cuda_pass_end(struct cr_cuda_passes *p, struct cr_cuda_pass *pass, const struct cr_op_span *like, int *has_ended,
                     cr_ns *end_ns, struct cr_err *err) CR_MUST;

#endif
