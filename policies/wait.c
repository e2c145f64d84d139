/* wait.c - block-level wait-based preemption: queued kernels give up, blocks that run are waited for.
 *
 * The baseline "wait-based" of REEF (Han et al., OSDI 2022, section 3 and Figs. 11 to 13; its artifact's WaitPreempt).  All kernels of a
 * best-effort request are in the device queue; each block reads a flag as it begins.  A preemption sets the flag and waits until every
 * queued kernel has been fetched and given up, so that it takes longer the more there are.  Counters of finished blocks say which
 * kernel was cut: it is run again from its start, or with resume=block only for the blocks that it lacks (its variant of
 * persistent threads). */
#include "config.h"

#include "policies/rt_first.h"

static const struct cr_opt options[] = {
  CR_EVICT_OPTIONS("1024", "REEF's artifact, hip runtime: the default window of a queue",
                   "REEF's artifact, WaitPreempt: the first kernel that lacks blocks"),
  {0},
};

const struct cr_policy_ops cr_policy_wait = {
  .abi = CR_POLICY_ABI,
  .name = "wait",
  .about = "rt requests wait until queued be kernels gave up and running blocks ended: wait-based of REEF (OSDI 2022)",
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
