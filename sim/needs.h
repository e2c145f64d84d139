/* needs.h - whether a device, as far as it is described, can do to a workload what a policy needs.
 *
 * A backend says what it can do at all (its caps).  Queues and preemption also have prices, which a device file may leave out;
 * single blocks are followed by the wave model alone; and of models of which only the time of an iteration is known there is
 * nothing to evict, kill, slice or pad.
 * Layers run on nodes and nothing else does, under policies that need nothing but priorities, batches and nodes. */
#ifndef CR_NEEDS_H
#define CR_NEEDS_H
#include "sim/gpu.h"
#include "sim/policy.h"

struct cr_needs {
  uint32_t caps;      /* CR_CAP_* */
  const char *policy; /* its name, for the sentence */
  int has_processes;  /* its streams name processes */
};

/* CR_OK, or a sentence that names policy, capability, and what stands against it. */
int cr_needs_check(const struct cr_needs *needs, const struct cr_workload *w, const struct cr_device_desc *d,
                   const struct cr_gpu_model *model, struct cr_err *err) CR_MUST;

#endif
