/* mps.c - every client is a process under NVIDIA's Multi-Process Service: all run together, each on part of the SMs.
 *
 * MPS funnels the kernels of its clients into one context, so that they share the device as streams of one process do: the
 * MPS baseline of Orion (Strati et al., EuroSys 2024) and of GSLICE (Dhakal et al., SoCC 2020).  percent is
 * CUDA_MPS_ACTIVE_THREAD_PERCENTAGE, the same for every client: the part of the SMs on which its blocks may lie; parts
 * overlap when they sum up to more than the whole.  Requests are launched as they arrive.  With several devices, clients
 * are dealt out in turn. */
#include "config.h"

#include "sim/policy.h"

enum { OPT_PERCENT };

static const struct cr_opt options[] = {
  [OPT_PERCENT] = {.name = "percent",
                   .kind = CR_OPT_COUNT,
                   .fallback = "100",
                   .min = 1,
                   .max = 100,
                   .help = "active-thread percentage: the part of the SMs that a client may use",
                   .source = "100: the daemon's default"},
  {0},
};

struct client {
  cr_stream stream;
};

static void on_client(struct cr_policy *p, cr_client c)
{
  struct client *state = cr_client_state(p, c);
  state->stream = cr_stream_new(p, (cr_device){c.i % p->view->n_device}, 0);
  if (p->opt[OPT_PERCENT] < 100)
    cr_share(p, state->stream, (uint32_t)p->opt[OPT_PERCENT] * (CR_SHARE_ALL / 100));
}

static void on_request(struct cr_policy *p, cr_request r)
{
  const struct client *c = cr_client_state(p, cr_request_client(p, r));
  cr_launch(p, r, CR_ALL, c->stream);
}

const struct cr_policy_ops cr_policy_mps = {
  .abi = CR_POLICY_ABI,
  .name = "mps",
  .about =
    "each client a process under MPS: all run together, each on part of the SMs (baseline of Orion, EuroSys 2024)",
  .needs = CR_CAP_SHARE,
  .options = options,
  .client_bytes = sizeof(struct client),
  .on_client = on_client,
  .on_request = on_request,
};
