/* cuda_graph.h - ops in a row as one graph of stand-ins, which is launched whole and used again; or, of eager programs, laid out so that
 * they are launched one by one.
 *
 * Its first and its last launch report, the last one in memory that the host polls; where someone is told of every op, all of them
 * do, which takes a little more time.  One launch at a time: the next one when the last one's end was seen. */
#ifndef CR_CUDA_GRAPH_H
#define CR_CUDA_GRAPH_H
#include "sim/cuda_queue.h"

struct cr_cuda_graph {
  cr_cu_graph_exec exec; /* NULL: its ops are launched one by one */
  uint32_t op0, n_op;    /* in the table of all ops */
  uint32_t first, last;  /* slots of the launches that say when it began and ended; the same where one alone reports */
  uint32_t slot0;        /* of op0; each op has one */
};

/* Takes slots for good.  The host's observer says whether every op reports.  on: an idle stream that captures it; launches run on the
 * SMs that are that stream's (sim/cuda_share.h), wherever they are launched. */
int cr_cuda_graph_new(const struct cr_cuda_host *host, uint32_t op0, uint32_t n_op, cr_cu_stream on,
                      struct cr_cuda_graph *out, struct cr_err *err) CR_MUST;
void cr_cuda_graph_free(struct cr_cuda_gpu *gpu, struct cr_cuda_graph *g);

/* The same without a graph. */
int cr_cuda_graph_lay(const struct cr_cuda_host *host, uint32_t op0, uint32_t n_op, struct cr_cuda_graph *out,
                      struct cr_err *err) CR_MUST;

/* Launches its i-th op, in their order.  tells: its end is to be seen, though it is not the last one, by cr_cuda_graph_op_ended. */
int cr_cuda_graph_push(const struct cr_cuda_host *host, const struct cr_cuda_graph *g, uint32_t i, int tells,
                       cr_cu_stream stream, struct cr_err *err) CR_MUST;
int cr_cuda_graph_op_ended(const struct cr_cuda_host *host, const struct cr_cuda_graph *g, uint32_t i);

/* Once before the run, since the first time uploads it; waits for its end. */
int cr_cuda_graph_upload(const struct cr_cuda_host *host, const struct cr_cuda_graph *g, struct cr_err *err) CR_MUST;

int cr_cuda_graph_launch(const struct cr_cuda_host *host, const struct cr_cuda_graph *g, cr_cu_stream stream,
                         struct cr_err *err) CR_MUST;

/* On the run's clock, when the launch made at launch_ns began and ended; 0: it has not ended yet. */
int cr_cuda_graph_ended(const struct cr_cuda_host *host, const struct cr_cuda_graph *g, cr_ns launch_ns,
                        cr_ns *begin_ns, cr_ns *end_ns);

/* Counts the ops of a launch that has ended, and tells the observer of them.  like: its stream, client and request; launched_ns: [n_op]
 * when each was, NULL: all at once. */
int cr_cuda_graph_tell(const struct cr_cuda_host *host, const struct cr_cuda_graph *g, const struct cr_op_span *like,
                       const cr_ns *launched_ns, cr_ns begin_ns, cr_ns end_ns, struct cr_err *err) CR_MUST;

#endif
