/* wait.c - block-level wait-based preemption: queued kernels give up, blocks that run are waited for.
 *
 * The baseline "wait-based" of REEF (Han et al., OSDI 2022, section 3 and Figs. 11 to 13; its artifact's WaitPreempt).  All kernels of a
 * best-effort request are in the device queue; each block reads a flag as it begins.  A preemption sets the flag and waits until every
 * queued kernel has been fetched and given up, so that it takes longer the more there are.  Counters of finished blocks say which
 * kernel was cut: it is run again from its start, or with resume=block only for the blocks that it lacks (its variant of
 * persistent threads). */
#include "config.h"

#include "policies/rt_first.h"

enum { OPT_DQ, OPT_RESUME, OPT_WAIT };
enum { KERNEL, BLOCK };

static const struct cr_opt options[] = {
  [OPT_DQ] = {.name = "dq",
              .kind = CR_OPT_COUNT,
              .fallback = "1024",
              .min = 1,
              .max = CR_QUEUE_MAX,
              .help = "kernels that the device queue of a stream holds",
              .source = "REEF's artifact, hip runtime: the default window of a queue"},
  [OPT_RESUME] = {.name = "resume",
                  .kind = CR_OPT_CHOICE,
                  .choices = "kernel|block",
                  .fallback = "kernel",
                  .help = "where a request goes on whose kernel was cut",
                  .source = "REEF's artifact, WaitPreempt: the first kernel that lacks blocks"},
  [OPT_WAIT] = {.name = "wait",
                .kind = CR_OPT_BOOL,
                .fallback = "yes",
                .help = "real-time requests start when best-effort ones are known to be off the device",
                .source = "REEF's artifact, scheduler.cpp"},
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

const struct cr_policy_ops cr_policy_wait = {
  .abi = CR_POLICY_ABI,
  .name = "wait",
  .about = "rt requests wait until queued be kernels gave up and running blocks ended: wait-based of REEF (OSDI 2022)",
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
