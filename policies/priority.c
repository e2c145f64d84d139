/* priority.c - every client has a stream of its own, with its own priority; requests are launched as they arrive.
 *
 * The device prefers blocks of streams of higher priority whenever it places one, and never takes a placed block
 * away: the stream-priority baseline of Orion (Strati et al., EuroSys 2024), and what REEF (Han et al., OSDI 2022)
 * finds too weak to keep real-time latency.  With several devices, clients are dealt out in turn. */
#include "config.h"

#include "sim/policy.h"

struct client {
  cr_stream stream;
};

/* Streams are made here and not in on_client, because only init can say no. */
static int init(struct cr_policy *p, struct cr_err *err)
{
  for (uint32_t i = 0; i < p->view->n_client; i++) {
    struct client *c = cr_client_state(p, (cr_client){i});
    c->stream = cr_stream_new(p, (cr_device){i % p->view->n_device}, p->view->client_priority[i]);
    if (c->stream.i == CR_NONE)
      return cr_fail(err, CR_EINPUT, "client number %u has priority %d, which its device does not have; change it", i,
                     (int)p->view->client_priority[i]);
  }
  return CR_OK;
}

static void on_request(struct cr_policy *p, cr_request r)
{
  const struct client *c = cr_client_state(p, cr_request_client(p, r));
  cr_launch(p, r, CR_ALL, c->stream);
}

const struct cr_policy_ops cr_policy_priority = {
  .abi = CR_POLICY_ABI,
  .name = "priority",
  .about = "each client its own stream, with the client's priority (baseline of Orion, EuroSys 2024)",
  .needs = CR_CAP_PRIORITY,
  .client_bytes = sizeof(struct client),
  .init = init,
  .on_request = on_request,
};
