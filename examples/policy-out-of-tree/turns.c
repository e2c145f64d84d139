/* turns.c - a policy of one's own: the clients take turns, one request on the device at a time.
 *
 * It is built against the installed headers alone and loaded with `corun run SCENARIO -p ./turns.so,requests=2`.  Each
 * client has a queue of waiting requests, linked through the state that the core keeps for every request, so that the
 * policy allocates nothing.  When the stream is idle, the client whose turn it is hands over its oldest request; after
 * `requests` of them, or when it has none, the next client's turn begins. */
#include <sim/policy.h>

struct turns {
  cr_stream stream;
  uint32_t client; /* whose turn it is */
  int64_t left;    /* requests it may still hand over in this turn */
};

struct queue { /* of a client */
  uint32_t first, last; /* requests; CR_NONE when it is empty */
};

struct waiting { /* of a request */
  uint32_t next;
};

enum { OPT_REQUESTS };

static const struct cr_opt options[] = {
  [OPT_REQUESTS] = {.name = "requests", .kind = CR_OPT_COUNT, .fallback = "1", .min = 1, .max = 1000000,
                    .help = "requests of a client in its turn", .source = "none: a matter of taste"},
  {0},
};

static int init(struct cr_policy *p, struct cr_err *err)
{
  struct turns *t = p->state;
  t->stream = cr_stream_new(p, (cr_device){0}, 0);
  t->left = p->opt[OPT_REQUESTS];
  if (t->stream.i == CR_NONE)
    return cr_fail(err, CR_ERUN, "policy turns: the device gives no stream");
  return CR_OK;
}

static void on_client(struct cr_policy *p, cr_client c)
{
  struct queue *q = cr_client_state(p, c);
  q->first = q->last = CR_NONE;
}

static void on_request(struct cr_policy *p, cr_request r)
{
  struct queue *q = cr_client_state(p, cr_request_client(p, r));
  struct waiting *w = cr_request_state(p, r);
  w->next = CR_NONE;
  if (q->last == CR_NONE)
    q->first = r.i;
  else
    ((struct waiting *)cr_request_state(p, (cr_request){q->last}))->next = r.i;
  q->last = r.i;
}

static void on_room(struct cr_policy *p, cr_stream s)
{
  struct turns *t = p->state;
  uint32_t n_client = p->view->n_client;
  for (uint32_t looked = 0; looked <= n_client; looked++) {
    struct queue *q = cr_client_state(p, (cr_client){t->client});
    if (q->first != CR_NONE && t->left > 0) {
      cr_request r = {q->first};
      q->first = ((struct waiting *)cr_request_state(p, r))->next;
      if (q->first == CR_NONE)
        q->last = CR_NONE;
      t->left--;
      cr_launch(p, r, CR_ALL, s);
      return;
    }
    t->client = (t->client + 1) % n_client;
    t->left = p->opt[OPT_REQUESTS];
  }
}

static void dump(struct cr_policy *p, struct cr_text *out)
{
  const struct turns *t = p->state;
  cr_text_add(out, "turns: client %u, %lld requests left in its turn\n", t->client, (long long)t->left);
}

const struct cr_policy_ops cr_policy_plugin = {
  .abi = CR_POLICY_ABI,
  .name = "turns",
  .about = "clients take turns, one request on the device at a time (an example)",
  .options = options,
  .state_bytes = sizeof(struct turns),
  .client_bytes = sizeof(struct queue),
  .request_bytes = sizeof(struct waiting),
  .init = init,
  .on_client = on_client,
  .on_request = on_request,
  .on_room = on_room,
  .dump = dump,
};
