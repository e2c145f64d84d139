/* dart.c - requests go through their stages from node to node: the run-time half of DART.
 *
 * Xiang and Kim, RTSS 2019.  Each node has an rt worker and a be worker.  A real-time request waits at each node of its path in
 * order of its priority, which is deadline-monotonic: relative deadline, then arrival.  A stage that runs is not taken away by
 * another real-time one; best-effort work is, at once, and goes on when no real-time stage is left (sim/node_device.h).
 * Best-effort requests are first in, first out at each node; on a GPU node several run beside each other.
 *
 * A client without stages runs whole on one node: clients are dealt out in turn, each to the next node that can run it.
 *
 * Left out: which stages there are (that is planned off line), the admission of a new task at run time, the demotion of a
 * request that overruns its recorded time, and batches of best-effort requests. */
#include "config.h"

#include "policies/queue.h"

enum { DEVICES = 64 };

enum { OPT_STREAMS };

static const struct cr_opt options[] = {
  [OPT_STREAMS] = {.name = "streams",
                   .kind = CR_OPT_COUNT,
                   .fallback = "2",
                   .min = 1,
                   .max = 16,
                   .help = "best-effort streams of a GPU node: so many requests beside each other",
                   .source = "DART, RTSS 2019, leaves the number to the user; 2 is assumed"},
  {0},
};

struct request {
  struct cr_link link;
  uint64_t seq;   /* in order of arrival, of all */
  uint32_t stage; /* that it waits for or runs, from 0 */
  uint32_t device;
};

struct node {
  struct cr_ranking rt;
  struct cr_queue be;
};

struct state {
  uint64_t n_request;
  struct node node[DEVICES];
};

static int init(struct cr_policy *p, struct cr_err *err)
{
  if (p->view->n_device > DEVICES)
    return cr_fail(err, CR_EINPUT, "%u nodes are more than the %d it can serve; take fewer", p->view->n_device,
                   DEVICES);
  for (uint32_t d = 0; d < p->view->n_device; d++) {
    int64_t n_be = p->view->device_kind[d] == CR_VIEW_CPU_NODE ? 1 : p->opt[OPT_STREAMS];
    cr_stream_new(p, (cr_device){d}, -1);
    for (int64_t i = 0; i < n_be; i++)
      cr_stream_new(p, (cr_device){d}, 0);
  }
  return CR_OK;
}

/* For a client without stages. */
static uint32_t find_device(const struct cr_policy *p, cr_request r)
{
  uint32_t n = p->view->n_device, client = cr_request_client(p, r).i;
  for (uint32_t i = 0; i < n; i++)
    if (cr_expect_stage_ns(p, (cr_device){(client + i) % n}, r, CR_ALL) != CR_NS_NEVER)
      return (client + i) % n;
  return client % n; /* where it will be refused, with the reason */
}

static uint32_t n_stage(const struct cr_policy *p, uint32_t client)
{
  return p->view->client_stage0[client + 1] - p->view->client_stage0[client];
}

/* The request waits at the node of its next stage. */
static void enqueue(struct cr_policy *p, cr_request r)
{
  struct state *s = p->state;
  struct request *q = cr_request_state(p, r);
  uint32_t client = cr_request_client(p, r).i;
  if (n_stage(p, client))
    q->device = p->view->stage_device[p->view->client_stage0[client] + q->stage];
  struct node *node = &s->node[q->device];
  if (p->view->client_class[client] == CR_RT)
    cr_ranking_put(p, &node->rt, r, (uint64_t)p->view->client_deadline_ns[client], q->seq);
  else
    cr_queue_push(p, &node->be, r);
}

static void on_request(struct cr_policy *p, cr_request r)
{
  struct state *s = p->state;
  struct request *q = cr_request_state(p, r);
  q->seq = s->n_request++;
  q->device = find_device(p, r);
  enqueue(p, r);
}

static void on_done(struct cr_policy *p, cr_request r, int complete)
{
  struct request *q = cr_request_state(p, r);
  if (complete)
    return;
  q->stage++;
  enqueue(p, r);
}

static void launch(struct cr_policy *p, cr_request r, cr_stream stream)
{
  const struct request *q = cr_request_state(p, r);
  uint32_t client = cr_request_client(p, r).i;
  uint32_t n_op = n_stage(p, client) ? p->view->stage_n_op[p->view->client_stage0[client] + q->stage] : CR_ALL;
  cr_launch(p, r, n_op, stream);
}

/* Decided when all that ends and comes at the instant is known, so that the order in which it is told does not matter. */
static void on_room(struct cr_policy *p, cr_stream stream)
{
  struct state *s = p->state;
  struct node *node = &s->node[p->view->stream_device[stream.i]];
  if (p->view->stream_priority[stream.i] < 0) {
    if (node->rt.n)
      launch(p, cr_ranking_pop(p, &node->rt), stream);
  } else if (node->be.n) {
    launch(p, cr_queue_pop(p, &node->be), stream);
  }
}

static void dump(struct cr_policy *p, struct cr_text *out)
{
  const struct state *s = p->state;
  for (uint32_t d = 0; d < p->view->n_device; d++)
    cr_text_add(out, "%snode %u: %u real-time and %u best-effort requests wait", d ? "; " : "", d, s->node[d].rt.n,
                s->node[d].be.n);
}

const struct cr_policy_ops cr_policy_dart = {
  .abi = CR_POLICY_ABI,
  .name = "dart",
  .about =
    "stages go from node to node by deadline-monotonic priority; real-time work preempts the rest (DART, RTSS 2019)",
  .needs = CR_CAP_NODE | CR_CAP_PRIORITY,
  .options = options,
  .state_bytes = sizeof(struct state),
  .request_bytes = sizeof(struct request),
  .init = init,
  .on_request = on_request,
  .on_done = on_done,
  .on_room = on_room,
  .dump = dump,
};
