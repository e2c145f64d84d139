/* streams.c - every client has a stream of its own, all of equal priority, and requests are launched as they arrive.
 *
 * What happens when processes or threads simply share a GPU and nobody schedules: the "GPUStreams" or multi-stream
 * baseline of REEF (Han et al., OSDI 2022) and of Orion (Strati et al., EuroSys 2024).  The device decides what runs
 * with what.  With several devices, clients are dealt out in turn. */
#include "config.h"

#include "sim/policy.h"

struct client {
  cr_stream stream;
};

static void on_client(struct cr_policy *p, cr_client c)
{
  struct client *state = cr_client_state(p, c);
  state->stream = cr_stream_new(p, (cr_device){c.i % p->view->n_device}, 0);
}

static void on_request(struct cr_policy *p, cr_request r)
{
  const struct client *c = cr_client_state(p, cr_request_client(p, r));
  cr_launch(p, r, CR_ALL, c->stream);
}

const struct cr_policy_ops cr_policy_streams = {
  .abi = CR_POLICY_ABI,
  .name = "streams",
  .about = "each client its own stream, all equal: nobody schedules (GPUStreams of REEF, OSDI 2022)",
  .client_bytes = sizeof(struct client),
  .on_client = on_client,
  .on_request = on_request,
};
