/* timeslice.c - every client is a process of its own, and the device runs one process at a time, in turns.
 *
 * What happens when processes share a GPU without MPS: the driver's time slicing, the baseline "time-sharing" of most
 * papers on GPU sharing (Orion, Strati et al., EuroSys 2024; Salus, Yu and Chowdhury, MLSys 2020).  A process keeps the
 * device for a time slice, or until it has nothing to do; kernels of two processes never run together.  Requests are
 * launched as they arrive.  With several devices, clients are dealt out in turn. */
#include "config.h"

#include "sim/policy.h"

enum { OPT_QUANTUM };

static const struct cr_opt options[] = {
  [OPT_QUANTUM] = {.name = "quantum",
                   .kind = CR_OPT_NS,
                   .fallback = "0",
                   .min = 0,
                   .max = INT64_C(1000000000),
                   .help = "how long a process keeps the device while others wait; 0: as the device does",
                   .source = "the device's is measured: constant slice of its description"},
  {0},
};

struct client {
  cr_stream stream;
};

static void on_client(struct cr_policy *p, cr_client c)
{
  struct client *state = cr_client_state(p, c);
  state->stream = cr_stream_new(p, (cr_device){c.i % p->view->n_device}, 0);
  cr_process(p, state->stream, c.i, p->opt[OPT_QUANTUM] ? p->opt[OPT_QUANTUM] : CR_NS_NEVER);
}

static void on_request(struct cr_policy *p, cr_request r)
{
  const struct client *c = cr_client_state(p, cr_request_client(p, r));
  cr_launch(p, r, CR_ALL, c->stream);
}

const struct cr_policy_ops cr_policy_timeslice = {
  .abi = CR_POLICY_ABI,
  .name = "timeslice",
  .about = "each client a process of its own, and processes take turns on the device (no MPS)",
  .needs = CR_CAP_PROCESS,
  .options = options,
  .client_bytes = sizeof(struct client),
  .on_client = on_client,
  .on_request = on_request,
};
