/* reef_n.c - REEF-N: preemption on GPUs whose running kernels cannot be stopped.
 *
 * Han et al., OSDI 2022, section 4.4 and 6: on NVIDIA's GPUs the run-time is a closed box, so that each stream gets a virtual host
 * queue before it, which feeds a few kernels at a time; a preemption drops what is in it.  Kernels in the device queue read a flag
 * and give up; blocks that run are waited for.  So it depends on how long kernels are, and not on how many there are. */
#include "config.h"

#include "policies/rt_first.h"

enum { OPT_DQ, OPT_RESUME, OPT_WAIT };
enum { KERNEL, BLOCK };

static const struct cr_opt options[] = {
  [OPT_DQ] = {.name = "dq",
              .kind = CR_OPT_COUNT,
              .fallback = "2",
              .min = 1,
              .max = CR_QUEUE_MAX,
              .help = "kernels of a stream that are fed to the device queue at a time",
              .source = "REEF's artifact: the device queue's capacity in all modes but wait-based"},
  [OPT_RESUME] = {.name = "resume",
                  .kind = CR_OPT_CHOICE,
                  .choices = "kernel|block",
                  .fallback = "kernel",
                  .help = "where a request goes on whose kernel was cut",
                  .source = "kernel: as REEF, OSDI 2022, section 4.2, restores; block: as persistent threads could"},
  [OPT_WAIT] = {.name = "wait",
                .kind = CR_OPT_BOOL,
                .fallback = "yes",
                .help = "real-time requests start when best-effort ones are known to be off the device",
                .source = "REEF, OSDI 2022, section 4"},
  {0},
};

static int init(struct cr_policy *p, struct cr_err *err)
{
  const struct cr_rt_first_rule rule = {
    .how = CR_CAP_EVICT,
    .queue = (uint32_t)p->opt[OPT_DQ],
    .waits = (int)p->opt[OPT_WAIT],
    .restore = p->opt[OPT_RESUME] == KERNEL ? cr_rt_first_restore_kernel : NULL,
  };
  return cr_rt_first_init(p, rule, err);
}

const struct cr_policy_ops cr_policy_reef_n = {
  .abi = CR_POLICY_ABI,
  .name = "reef-n",
  .about = "rt requests preempt be ones through virtual host queues and lazy eviction: REEF-N of REEF (OSDI 2022)",
  .needs = CR_CAP_EVICT | CR_CAP_QUEUE,
  .options = options,
  .state_bytes = sizeof(struct cr_rt_first),
  .client_bytes = sizeof(struct cr_be),
  .request_bytes = sizeof(struct cr_link),
  .init = init,
  .on_request = cr_rt_first_on_request,
  .on_done = cr_rt_first_on_done,
  .on_back = cr_rt_first_on_back,
  .dump = cr_rt_first_dump,
};
