/* live_nodes.h - the nodes of a machine in real time: cores of this host, and its GPU.
 *
 * What backend cuda does where the scenario has nodes.  CPU nodes (sim/cpu_node.h) have cores of their own, and the thread that calls
 * has the rest of them, one at least; it is the core of the GPU node too (sim/cuda_node.h), of which there is one at most.  Where the
 * machine has too few cores the run is refused, unless CORUN_SHARE_CORES in the environment is 1: for trials, whose times mean
 * nothing.  A run of CPU nodes alone opens no GPU.
 *
 * A stream's ranges are given to its node one at a time; a range that ends is seen by the host, told to the policy, and what that
 * launches begins on the next node: all of that is real, and told as facts.  What a range took is told as recorded where it differs
 * by no more than stand-ins may: 3 % or 10 us. */
#ifndef CR_LIVE_NODES_H
#define CR_LIVE_NODES_H
#include "sim/backend.h"

struct cr_live_nodes;

/* The calls mean what those of struct cr_backend_ops say.  Starting takes a second or so: all is measured alone. */
int cr_live_nodes_new(const struct cr_backend_cfg *cfg, struct cr_live_nodes **out, struct cr_err *err) CR_MUST;
void cr_live_nodes_free(struct cr_live_nodes *n); /* NULL is fine */
cr_ns cr_live_nodes_now(const struct cr_live_nodes *n);
int cr_live_nodes_wait(struct cr_live_nodes *n, cr_ns until_ns, struct cr_event *out, uint32_t cap, uint32_t *n_out,
                       struct cr_err *err) CR_MUST;
int cr_live_nodes_act(struct cr_live_nodes *n, const struct cr_act *act, struct cr_err *err) CR_MUST;
void cr_live_nodes_tell(const struct cr_live_nodes *n, struct cr_live *out);
void cr_live_nodes_use(const struct cr_live_nodes *n, uint32_t device, struct cr_use *out);

#endif
