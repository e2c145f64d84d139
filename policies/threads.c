/* threads.c - whole requests on one node, one after the other, real-time ones before best-effort ones.
 *
 * The baselines of DART (Xiang and Kim, RTSS 2019): BaseCPU, a multi-threaded library over the cores, and BaseGPU, each with one
 * queue that all requests share, real-time ones first, in order of arrival.  Nothing is preempted.  Stages are not looked at: a
 * request runs from its first layer to its last on the one node, and the others stay idle.  Best-effort requests of a client that
 * has a batch run together, as many of them as wait when their turn comes: nothing waits for a batch to be full. */
#include "config.h"

#include "policies/queue.h"

enum { OPT_ON };
enum { ON_GPU, ON_CPU }; /* in the order of its choices */

static const struct cr_opt options[] = {
  [OPT_ON] = {.name = "on",
              .kind = CR_OPT_CHOICE,
              .choices = "gpu|cpu",
              .fallback = "gpu",
              .help = "gpu: the first GPU; cpu: the node with the most cores",
              .source = "BaseGPU and BaseCPU of DART, RTSS 2019"},
  {0},
};

struct state {
  struct cr_queue waiting[2]; /* by enum cr_class */
};

static int choose(const struct cr_policy *p, uint32_t *out)
{
  const struct cr_view *v = p->view;
  uint32_t best = CR_NONE;
  for (uint32_t d = 0; d < v->n_device; d++) {
    if (p->opt[OPT_ON] == ON_GPU && v->device_kind[d] != CR_VIEW_CPU_NODE && best == CR_NONE)
      best = d;
    if (p->opt[OPT_ON] == ON_CPU && (best == CR_NONE || v->device_cores[d] > v->device_cores[best]))
      best = d;
  }
  *out = best;
  return best != CR_NONE;
}

static int init(struct cr_policy *p, struct cr_err *err)
{
  uint32_t device;
  if (!choose(p, &device))
    return cr_fail(err, CR_EINPUT, "there is no GPU among the nodes; take on=cpu");
  cr_stream_new(p, (cr_device){device}, 0);
  return CR_OK;
}

static void on_request(struct cr_policy *p, cr_request r)
{
  struct state *s = p->state;
  cr_queue_push(p, &s->waiting[p->view->client_class[cr_request_client(p, r).i]], r);
}

static void on_room(struct cr_policy *p, cr_stream stream)
{
  struct state *s = p->state;
  struct cr_queue *q = &s->waiting[s->waiting[CR_RT].n ? CR_RT : CR_BE];
  if (!q->n)
    return;
  cr_request r = cr_queue_pop(p, q);
  cr_queue_batch(p, q, r);
  cr_launch(p, r, CR_ALL, stream);
}

static void dump(struct cr_policy *p, struct cr_text *out)
{
  const struct state *s = p->state;
  cr_text_add(out, "%u and %u requests wait (real-time, best-effort)", s->waiting[CR_RT].n, s->waiting[CR_BE].n);
}

const struct cr_policy_ops cr_policy_threads = {
  .abi = CR_POLICY_ABI,
  .name = "threads",
  .about = "whole requests on one node, one at a time, real-time ones first (BaseGPU and BaseCPU of DART, RTSS 2019)",
  .needs = CR_CAP_NODE | CR_CAP_BATCH,
  .options = options,
  .state_bytes = sizeof(struct state),
  .request_bytes = sizeof(struct cr_link),
  .init = init,
  .on_request = on_request,
  .on_room = on_room,
  .dump = dump,
};
