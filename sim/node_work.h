/* node_work.h - what the nodes of a run in real time are given to do, and what they tell of it.
 *
 * Both kinds, CPU cores (sim/cpu_node.h) and a GPU (sim/cuda_node.h), are an rt worker and a be worker as sim/node_device.h has them:
 * of each stream one range of layers at a time; rt ranges one after the other in the order in which they come, each to its end;
 * be ranges in turns while there is no rt one.  What it costs to tell a node, and to take it from be work, is real here. */
#ifndef CR_NODE_WORK_H
#define CR_NODE_WORK_H
#include "sim/base.h"

/* A range: n layers, which take so long on the node alone. */
struct cr_node_work {
  const cr_ns *layer_ns; /* [n], each >= 1 */
  uint32_t n;
};

/* A range that has ended; times of the monotonic clock. */
struct cr_node_ran {
  cr_ns given_ns, start_ns, end_ns;
  cr_ns ran_ns;              /* without the time for which it was preempted, or waited for its turn */
  const cr_ns *layer_end_ns; /* [n]; NULL: that is not known */
  int found_idle;            /* nothing else was on the node when it came */
  int preempted;             /* it is rt, and be work had to make way */
};

#endif
