/* dart.c - requests go through their stages from node to node: the run-time half of DART.
 *
 * Xiang and Kim, RTSS 2019.  Each node has an rt worker and a be worker.  A real-time request waits at each node of its path in
 * order of its priority, which is deadline-monotonic: relative deadline, of equal ones the client that was listed first, of one
 * client's requests the first that came.  A stage that runs is not taken away by another real-time one; best-effort work is, at
 * once, and goes on when no real-time stage is left (sim/node_device.h).  Best-effort requests are first in, first out at each
 * node; on a GPU node several run beside each other.
 *
 * Enforcement.  A stage that ran longer than its longest time so far has that time from then on.  A real-time request of which one
 * did is best-effort for the stages that are left, and its client demoted; then the test is made with the new time.  If all
 * real-time clients pass it, the client is restored, and its later requests are real-time; else it stays demoted, until a later
 * overrun of its own finds that the test passes.  Of a best-effort client the time is infinite from then on.
 *
 * Admission.  A client that joins and says no stages is placed, by Equation 7, as its first request comes.  A real-time one is
 * accepted if all real-time clients pass the test with it, a best-effort one if none of its copies is longer than gpu_copy of
 * its node says.  What one asks for that is refused is dropped.
 *
 * Any other client without stages runs whole on one node: clients are dealt out in turn, each to the next node that can run it.
 *
 * Batches.  Of a best-effort client whose batch the scenario sets, as many requests as wait when a be worker comes free run together,
 * from their first stage to their last; nothing waits for a batch to be full.  What is recorded of its stages is that of a whole
 * batch.
 *
 * Left out: which stages there are (that is planned off line). */
#include "config.h"

#include "policies/dart_tasks.h"
#include "policies/queue.h"

enum { OPT_STREAMS, OPT_ENFORCE, OPT_ADMIT, OPT_TEST };

static const struct cr_opt options[] = {
  [OPT_STREAMS] = {.name = "streams",
                   .kind = CR_OPT_COUNT,
                   .fallback = "2",
                   .min = 1,
                   .max = 16,
                   .help = "best-effort streams of a GPU node: so many requests beside each other",
                   .source = "DART, RTSS 2019, leaves the number to the user; 2 is assumed"},
  [OPT_ENFORCE] = {.name = "enforce",
                   .kind = CR_OPT_BOOL,
                   .fallback = "yes",
                   .help = "whether what runs longer than recorded is demoted",
                   .source = "DART, RTSS 2019; does nothing where nothing overruns"},
  [OPT_ADMIT] = {.name = "admit",
                 .kind = CR_OPT_BOOL,
                 .fallback = "yes",
                 .help = "whether clients that join are placed and tested; else they run whole",
                 .source = "DART, RTSS 2019; does nothing where nobody joins"},
  [OPT_TEST] = {.name = "test",
                .kind = CR_OPT_CHOICE,
                .fallback = "tight",
                .choices = "tight|paper",
                .help = "the lesser of bounds D and H, or Equations 5 and 6",
                .source = "as corun plan dart --bound"},
  {0},
};

struct request {
  struct cr_link link;
  uint64_t seq;   /* in order of arrival, of all */
  uint32_t stage; /* that it waits for or runs, from 0 */
  uint32_t device;
  int is_demoted; /* best-effort for the stages that are left */
};

struct node {
  struct cr_ranking rt;
  struct cr_queue be;
};

struct state {
  uint64_t n_request;
  struct node node[DART_NODES];
  union dart_scratch scratch;
};

static int init(struct cr_policy *p, struct cr_err *err)
{
  if (p->view->n_device > DART_NODES)
    return cr_fail(err, CR_EINPUT, "%u nodes are more than the %d it can serve; take fewer", p->view->n_device,
                   DART_NODES);
  for (uint32_t d = 0; d < p->view->n_device; d++) {
    int64_t n_be = p->view->device_kind[d] == CR_VIEW_CPU_NODE ? 1 : p->opt[OPT_STREAMS];
    cr_stream_new(p, (cr_device){d}, -1);
    for (int64_t i = 0; i < n_be; i++)
      cr_stream_new(p, (cr_device){d}, 0);
  }
  return CR_OK;
}

/* Whether a client asks to be admitted: its stages are for the policy to find. */
static int joins(const struct cr_policy *p, uint32_t client)
{
  const struct cr_view *v = p->view;
  return p->opt[OPT_ADMIT] && v->client_join_ns[client] > 0 && v->client_stage0[client] == v->client_stage0[client + 1];
}

static void on_client(struct cr_policy *p, cr_client c)
{
  uint32_t n = p->view->n_device,
           device = c.i % n; /* where it will be refused, with the reason, if there is no other */
  if (joins(p, c.i))
    return;
  for (uint32_t i = n; i-- > 0;)
    if (dart_can_run(p, c.i, (c.i + i) % n))
      device = (c.i + i) % n;
  dart_task_place(p, c.i, device);
}

/* --- admission ------------------------------------------------------------------------------------------------------ */

static void admit(struct cr_policy *p, uint32_t client)
{
  struct state *s = p->state;
  struct dart_task *t = dart_task_of(p, client);
  uint32_t about = CR_NONE;
  enum cr_why why = dart_split(p, client, &s->scratch);
  if (why == CR_WHY_NONE && p->view->client_class[client] == CR_RT)
    why = dart_test(p, (enum dart_test)p->opt[OPT_TEST], client, &s->scratch, &about);
  else if (why == CR_WHY_NONE)
    why = dart_copy_too_long(p, client) == CR_NONE ? CR_WHY_COPIES : CR_WHY_COPY;
  int is_in = why == CR_WHY_PASSES || why == CR_WHY_COPIES;
  t->place = is_in ? DART_PLACED : DART_REFUSED;
  cr_verdict(p, (cr_client){client}, is_in ? CR_VERDICT_ADMITTED : CR_VERDICT_REFUSED, why, (cr_client){about});
}

/* --- enforcement ---------------------------------------------------------------------------------------------------- */

static void overrun_rt(struct cr_policy *p, uint32_t client)
{
  struct state *s = p->state;
  struct dart_task *t = dart_task_of(p, client);
  uint32_t about;
  if (!t->is_demoted)
    cr_verdict(p, (cr_client){client}, CR_VERDICT_DEMOTED, CR_WHY_OVERRUN, (cr_client){CR_NONE});
  enum cr_why why = dart_test(p, (enum dart_test)p->opt[OPT_TEST], client, &s->scratch, &about);
  t->is_demoted = why != CR_WHY_PASSES;
  cr_verdict(p, (cr_client){client}, t->is_demoted ? CR_VERDICT_LEFT : CR_VERDICT_RESTORED, why, (cr_client){about});
}

/* The stage of r that has ended, held against the longest time it may take. */
static void enforce(struct cr_policy *p, cr_request r)
{
  struct request *q = cr_request_state(p, r);
  uint32_t client = cr_request_client(p, r).i;
  struct dart_task *t = dart_task_of(p, client);
  cr_ns ran_ns = p->view->request_ran_ns[r.i];
  if (q->stage >= DART_STAGES || ran_ns == CR_NS_NEVER || ran_ns <= t->longest_ns[q->stage])
    return;
  if (p->view->client_class[client] == CR_RT) {
    t->longest_ns[q->stage] = ran_ns;
    q->is_demoted = 1;
    overrun_rt(p, client);
  } else {
    t->longest_ns[q->stage] = CR_NS_NEVER;
    cr_verdict(p, (cr_client){client}, CR_VERDICT_UNBOUNDED, CR_WHY_OVERRUN, (cr_client){CR_NONE});
  }
}

/* --- queues --------------------------------------------------------------------------------------------------------- */

static int is_rt(const struct cr_policy *p, cr_request r)
{
  const struct request *q = cr_request_state(p, r);
  uint32_t client = cr_request_client(p, r).i;
  return p->view->client_class[client] == CR_RT && !q->is_demoted && !dart_task_of(p, client)->is_demoted;
}

/* The request waits at the node of its next stage. */
static void enqueue(struct cr_policy *p, cr_request r)
{
  struct state *s = p->state;
  struct request *q = cr_request_state(p, r);
  uint32_t client = cr_request_client(p, r).i;
  q->device = dart_stage_device(p, client, q->stage);
  struct node *node = &s->node[q->device];
  if (is_rt(p, r))
    cr_ranking_put(p, &node->rt, r, (uint64_t)p->view->client_deadline_ns[client], (uint64_t)client << 40 | q->seq);
  else
    cr_queue_push(p, &node->be, r);
}

static void on_request(struct cr_policy *p, cr_request r)
{
  struct state *s = p->state;
  struct request *q = cr_request_state(p, r);
  uint32_t client = cr_request_client(p, r).i;
  const struct dart_task *t = dart_task_of(p, client);
  if (t->place == DART_TO_COME)
    admit(p, client);
  if (t->place == DART_REFUSED) {
    cr_drop(p, r);
    return;
  }
  q->seq = s->n_request++;
  enqueue(p, r);
}

static void on_done(struct cr_policy *p, cr_request r, int complete)
{
  struct request *q = cr_request_state(p, r);
  if (p->opt[OPT_ENFORCE] && p->view->request_batch[r.i]) /* of a batch, once */
    enforce(p, r);
  if (complete)
    return;
  q->stage++;
  enqueue(p, r);
}

static void launch(struct cr_policy *p, cr_request r, cr_stream stream)
{
  const struct request *q = cr_request_state(p, r);
  cr_launch(p, r, dart_stage_n_op(p, cr_request_client(p, r).i, q->stage), stream);
}

/* What waits for the rt worker, but for requests of clients that were demoted meanwhile, which join the others. */
static void serve_rt(struct cr_policy *p, struct node *node, cr_stream stream)
{
  while (node->rt.n) {
    cr_request r = cr_ranking_pop(p, &node->rt);
    if (is_rt(p, r)) {
      launch(p, r, stream);
      return;
    }
    cr_queue_push(p, &node->be, r);
  }
}

/* Decided when all that ends and comes at the instant is known, so that the order in which it is told does not matter. */
static void on_room(struct cr_policy *p, cr_stream stream)
{
  struct state *s = p->state;
  struct node *node = &s->node[p->view->stream_device[stream.i]];
  if (p->view->stream_priority[stream.i] < 0) {
    serve_rt(p, node, stream);
  } else if (node->be.n) {
    cr_request r = cr_queue_pop(p, &node->be);
    cr_queue_batch(p, &node->be, r);
    launch(p, r, stream);
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
  .needs = CR_CAP_NODE | CR_CAP_PRIORITY | CR_CAP_BATCH,
  .options = options,
  .state_bytes = sizeof(struct state),
  .client_bytes = sizeof(struct dart_task),
  .request_bytes = sizeof(struct request),
  .init = init,
  .on_client = on_client,
  .on_request = on_request,
  .on_done = on_done,
  .on_room = on_room,
  .dump = dump,
};
