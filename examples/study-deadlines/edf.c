/* edf.c - of the requests that wait, the one whose deadline comes first goes first, best-effort ones when none waits: earliest deadline
 * first (Liu and Layland, JACM 1973), but a request that has begun is finished. */
#include <policies/queue.h>

struct state {
  struct cr_ranking waiting;
};

static int init(struct cr_policy *p, struct cr_err *err)
{
  (void)err;
  cr_stream_new(p, (cr_device){0}, 0);
  return CR_OK;
}

static void on_request(struct cr_policy *p, cr_request r)
{
  struct state *s = p->state;
  cr_ranking_push(p, &s->waiting, r, (uint64_t)p->view->request_deadline_ns[r.i]); /* without one: the largest number */
}

static void on_room(struct cr_policy *p, cr_stream stream)
{
  struct state *s = p->state;
  if (s->waiting.n)
    cr_launch(p, cr_ranking_pop(p, &s->waiting), CR_ALL, stream);
}

const struct cr_policy_ops cr_policy_plugin = {
  .abi = CR_POLICY_ABI, .name = "edf", .about = "earliest deadline first, one request at a time (an example)",
  .state_bytes = sizeof(struct state), .request_bytes = sizeof(struct cr_link),
  .init = init, .on_request = on_request, .on_room = on_room,
};
