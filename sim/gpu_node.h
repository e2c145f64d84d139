/* gpu_node.h - a GPU node whose GPU is followed: the kernels of layers run in the same model of the device as everywhere.
 *
 * After DART (Xiang and Kim, RTSS 2019, section on the run-time system): one context, a stream of high priority for the rt
 * worker, streams of low priority for the be worker.  Streams of a priority below 0 are the rt worker's.
 *   rt   ranges run one at a time, in the order in which their streams come to them, each to its end; one that finds be work
 *        begins cpu_preempt later
 *   be   ranges run side by side, beside rt ones too.  Blocks of an rt kernel go first wherever blocks end: what preemption
 *        costs on the GPU follows from the kernels that it meets, and is no constant here
 *
 * A layer copies in (the first of its range), runs its recorded kernels, works on the core, and copies out (the last); a range
 * that another node goes on with takes `notify` more.  Of either direction one copy is under way at a time, of those that wait rt
 * ones go first: so a be copy is waited for as long as it really takes.
 *
 * Left out: the core's part of be work, and its copies, do not slow down for rt work on the same core. */
#ifndef CR_GPU_NODE_H
#define CR_GPU_NODE_H
#include "sim/device_model.h"

/* Made for a device of kind CR_DEVICE_GPU_NODE that has node.gpu; cfg->model: that GPU's. */
extern const struct cr_device_model_ops cr_device_gpu_node;

#endif
