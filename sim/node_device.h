/* node_device.h - a node as a device: an rt worker and a be worker over CPU cores, or over a GPU and a core.
 *
 * After DART (Xiang and Kim, RTSS 2019, section on the run-time system).  Streams of a priority below 0 feed the rt worker,
 * all others the be worker.
 *   rt   ranges run one at a time, in the order in which their streams come to them, each to its end: a range that has begun is
 *        never preempted
 *   be   runs while the rt worker has nothing to do.  An rt range that comes takes the node at once; what be work has left is
 *        kept.  Ranges of several be streams share the node in equal parts and gain nothing by it, and lose nothing
 *
 * A range of layers takes sum (exec + misc) + hd of its first + dh of its last, and `notify` when another node goes on with it.
 * The first layer of an rt range that finds be work running starts later: by cpu_preempt on a CPU node, by cpu_preempt +
 * max(gpu_preempt, gpu_copy) on a GPU node, of which the two never come together.
 *
 * Left out: that be work on a GPU may run faster side by side, and that a be copy under way is seldom as long as gpu_copy. */
#ifndef CR_NODE_DEVICE_H
#define CR_NODE_DEVICE_H
#include "sim/device_model.h"

extern const struct cr_device_model_ops cr_device_node;

/* What an rt range loses at most to be work on the device. */
cr_ns cr_node_preempt_ns(const struct cr_device_desc *d);

#endif
