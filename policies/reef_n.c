/* reef_n.c - REEF-N: preemption on GPUs whose running kernels cannot be stopped.
 *
 * Han et al., OSDI 2022, section 4.4 and 6: on NVIDIA's GPUs the run-time is a closed box, so that each stream gets a virtual host
 * queue before it, which feeds a few kernels at a time; a preemption drops what is in it.  Kernels in the device queue read a flag
 * and give up; blocks that run are waited for.  So it depends on how long kernels are, and not on how many there are. */
#include "config.h"

#include "policies/rt_first.h"

static const struct cr_opt options[] = {
  CR_EVICT_OPTIONS("2", "REEF's artifact: the device queue's capacity in all modes but wait-based",
                   "kernel: as REEF, OSDI 2022, section 4.2, restores; block: as persistent threads could"),
  {0},
};

const struct cr_policy_ops cr_policy_reef_n = {
  .abi = CR_POLICY_ABI,
  .name = "reef-n",
  .about = "rt requests preempt be ones through virtual host queues and lazy eviction: REEF-N of REEF (OSDI 2022)",
  .needs = CR_CAP_EVICT | CR_CAP_QUEUE,
  .options = options,
  .state_bytes = sizeof(struct cr_rt_first),
  .client_bytes = sizeof(struct cr_be),
  .request_bytes = sizeof(struct cr_link),
  .init = cr_rt_first_init_evict,
  .on_request = cr_rt_first_on_request,
  .on_done = cr_rt_first_on_done,
  .on_back = cr_rt_first_on_back,
  .dump = cr_rt_first_dump,
};
