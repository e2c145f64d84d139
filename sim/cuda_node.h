/* cuda_node.h - a GPU node in real time: ranges of layers as launches that fill the GPU for the recorded time.
 *
 * The thread that calls is the node's core.  An rt range is one launch; of be ranges each stream has a launch of up to a ms at a time,
 * of 0.2 ms where there are several, of many short blocks, so that they take turns.  A launch keeps every SM busy with one block, and
 * no other fits beside it.  An rt range takes the GPU from be work as EVICT does (sim/cuda_queue.h): a word that blocks read as they
 * begin; those that run end within 20 us, what is left is launched again when there is no rt range.  The time of a range is all that
 * is recorded of it: copies, kernels, and what the core does beside; nothing is really copied. */
#ifndef CR_CUDA_NODE_H
#define CR_CUDA_NODE_H
#include "sim/live.h"
#include "sim/node_work.h"

struct cr_cuda_node;

/* Opens the GPU, and measures how long launches take, in a second or so.  name: the node's, for sentences. */
int cr_cuda_node_new(const char *name, uint32_t n_stream, struct cr_cuda_node **out, struct cr_err *err) CR_MUST;
void cr_cuda_node_free(struct cr_cuda_node *n); /* waits for what runs, unless it hangs; NULL is fine */

/* While the stream has nothing to do, and before it is given anything. */
int cr_cuda_node_set_rt(struct cr_cuda_node *n, uint32_t stream, int is_rt, struct cr_err *err) CR_MUST;

/* As those of sim/cpu_node.h. */
int cr_cuda_node_give(struct cr_cuda_node *n, uint32_t stream, const struct cr_node_work *work,
                      struct cr_err *err) CR_MUST;
const struct cr_node_ran *cr_cuda_node_ended(struct cr_cuda_node *n, uint32_t stream);

/* Sees what has ended, and launches what is next; to be called again and again.  A failure too where the GPU does not end. */
int cr_cuda_node_look(struct cr_cuda_node *n, struct cr_err *err) CR_MUST;

void cr_cuda_node_tell(const struct cr_cuda_node *n, struct cr_live *out); /* the GPU, and its clock */

#endif
