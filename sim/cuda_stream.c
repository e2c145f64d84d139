/* cuda_stream.c - ranges in streams without a device queue. */
#include "config.h"

#include "sim/cuda_stream.h"

#include "sim/mem.h"

enum {
  FEED = 4,      /* ops that are launched between two looks at what has ended */
  PREPARED = 4,  /* graphs of a model made before the run for a client that is not closed */
  CHAINS = 4096, /* different ranges */
};

/* One instance of a range's ops, used by one launch at a time. */
struct graph {
  struct cr_cuda_graph is;
  uint32_t next; /* of the same chain, free */
};

/* Ops op0 .. op0 + n_op, and graphs of them, which run on one part of the GPU. */
struct chain {
  uint32_t op0, n_op, part, free;
};

struct range {
  uint32_t request, client, chain, graph, next;
  uint32_t run;    /* of its program; CR_NONE: it is launched as a graph */
  uint32_t pushed; /* ops */
  uint32_t waits;  /* op whose end its program waits for; CR_NONE: none */
  int is_idle;     /* its stream was, when it was launched */
  cr_ns launch_ns;
};

struct stream {
  uint32_t head, tail, feed; /* ranges in order; feed: the first that was not launched whole */
  cr_cu_stream stream;
  cr_ns end_ns;           /* of the last one */
  cr_ns free_ns, push_ns; /* since when feed could be launched; when an op was launched last */
};

struct cr_cuda_streams {
  struct cr_cuda_host host;
  struct stream *stream; /* [stream_cap] */
  struct chain *chain;   /* [CHAINS] */
  struct graph *graph;
  struct range *range;
  uint32_t n_stream, n_chain, n_graph, graph_cap, range_cap, free_range, n_held;
  struct cr_hist *idle_begin; /* from the launch into an idle stream until the first kernel begins */
};

/* --- making ------------------------------------------------------------------------------------------------------- */

int cr_cuda_streams_new(const struct cr_cuda_host *host, uint32_t stream_cap, uint32_t launch_cap,
                        struct cr_cuda_streams **out, struct cr_err *err)
{
  struct cr_cuda_streams *t = cr_mem_new(1, sizeof *t);
  if (!t)
    return cr_fail_nomem(err, "streams on the GPU");
  *t = (struct cr_cuda_streams){.host = *host, .free_range = CR_NONE, .range_cap = launch_cap ? launch_cap : 1};
  t->stream = cr_mem_new(stream_cap ? stream_cap : 1, sizeof *t->stream);
  t->chain = cr_mem_new(CHAINS, sizeof *t->chain);
  t->range = cr_mem_new(t->range_cap, sizeof *t->range);
  t->idle_begin = cr_hist_new();
  if (!t->stream || !t->chain || !t->range || !t->idle_begin) {
    cr_cuda_streams_free(t);
    return cr_fail_nomem(err, "streams on the GPU");
  }
  for (uint32_t i = t->range_cap; i-- > 0; t->free_range = i)
    t->range[i].next = t->free_range;
  *out = t;
  return CR_OK;
}

void cr_cuda_streams_free(struct cr_cuda_streams *t)
{
  if (!t)
    return;
  for (uint32_t i = 0; i < t->n_graph && !t->host.gpu->hangs; i++)
    cr_cuda_graph_free(t->host.gpu, &t->graph[i].is);
  cr_hist_free(t->idle_begin);
  cr_mem_free(t->stream);
  cr_mem_free(t->chain);
  cr_mem_free(t->graph);
  cr_mem_free(t->range);
  cr_mem_free(t);
}

void cr_cuda_streams_add(struct cr_cuda_streams *t)
{
  t->stream[t->n_stream++] = (struct stream){.head = CR_NONE, .tail = CR_NONE, .feed = CR_NONE};
}

/* --- graphs ------------------------------------------------------------------------------------------------------- */

static int add_graph(struct cr_cuda_streams *t, uint32_t chain, int is_eager, cr_cu_stream on, struct cr_err *err)
{
  if (t->n_graph == t->graph_cap) {
    uint32_t cap = t->graph_cap ? 2 * t->graph_cap : 64;
    struct graph *more = cr_mem_resize(t->graph, cap, sizeof *more);
    if (!more)
      return cr_fail_nomem(err, "graphs");
    t->graph = more;
    t->graph_cap = cap;
  }
  struct chain *c = &t->chain[chain];
  struct graph g = {.next = c->free};
  int rc = is_eager ? cr_cuda_graph_lay(&t->host, c->op0, c->n_op, &g.is, err)
                    : cr_cuda_graph_new(&t->host, c->op0, c->n_op, on, &g.is, err);
  if (rc)
    return rc;
  c->free = t->n_graph;
  t->graph[t->n_graph++] = g;
  return CR_OK;
}

static int find_chain(struct cr_cuda_streams *t, uint32_t op0, uint32_t n_op, uint32_t part, uint32_t *out,
                      struct cr_err *err)
{
  for (*out = 0; *out < t->n_chain; ++*out)
    if (t->chain[*out].op0 == op0 && t->chain[*out].n_op == n_op && t->chain[*out].part == part)
      return CR_OK;
  if (t->n_chain == CHAINS)
    return cr_fail(err, CR_ERUN, "the policy launches more than %d different ranges of ops", CHAINS);
  t->chain[t->n_chain++] = (struct chain){.op0 = op0, .n_op = n_op, .part = part, .free = CR_NONE};
  return CR_OK;
}

int cr_cuda_streams_prepare(struct cr_cuda_streams *t, uint32_t client, const struct cr_cuda_place *place,
                            struct cr_err *err)
{
  const struct cr_client_spec *c = &t->host.workload->client[client];
  const struct cr_model_info *m = &t->host.workload->model[c->model.i];
  uint32_t chain, n = c->arrival.kind == CR_ARRIVE_CLOSED ? c->arrival.depth : PREPARED;
  int is_eager = cr_cuda_programs_has(t->host.programs, c->model.i);
  if (c->job.iterations)
    return CR_OK;
  int rc = find_chain(t, m->op0, m->n_op, place->part, &chain, err);
  for (uint32_t i = 0; !rc && i < n; i++) {
    rc = add_graph(t, chain, is_eager, place->capture, err);
    if (!rc && !is_eager)
      rc = cr_cuda_graph_upload(&t->host, &t->graph[t->n_graph - 1].is, err);
  }
  return rc;
}

/* --- launching ---------------------------------------------------------------------------------------------------- */

static int take_range(struct cr_cuda_streams *t, uint32_t *out, struct cr_err *err)
{
  if (t->free_range == CR_NONE) {
    struct range *more = cr_mem_resize(t->range, 2 * (size_t)t->range_cap, sizeof *more);
    if (!more)
      return cr_fail_nomem(err, "ranges that are launched at once");
    t->range = more;
    for (uint32_t i = 2 * t->range_cap; i-- > t->range_cap; t->free_range = i)
      more[i].next = t->free_range;
    t->range_cap *= 2;
  }
  *out = t->free_range;
  t->free_range = t->range[*out].next;
  return CR_OK;
}

/* The next op of the range's program, which is due. */
static int push(struct cr_cuda_streams *t, struct stream *s, struct range *r, struct cr_err *err)
{
  uint32_t i = r->pushed++;
  int waits = cr_cuda_programs_waits(t->host.programs, r->run, i);
  s->push_ns = t->host.now(t->host.ctx);
  cr_cuda_programs_launched(t->host.programs, r->run, i, s->free_ns, s->push_ns);
  r->waits = waits ? i : CR_NONE;
  return cr_cuda_graph_push(&t->host, &t->graph[r->graph].is, i, waits, s->stream, err);
}

/* Ranges in order, each when those before it have been launched. */
static int feed(struct cr_cuda_streams *t, struct stream *s, struct cr_err *err)
{
  int rc = CR_OK;
  for (int i = 0; !rc && i < FEED && s->feed != CR_NONE && !(i && t->host.is_wanted(t->host.ctx)); i++) {
    struct range *r = &t->range[s->feed];
    const struct cr_cuda_graph *g = &t->graph[r->graph].is;
    if (r->run == CR_NONE) {
      rc = cr_cuda_graph_launch(&t->host, g, s->stream, err);
      r->pushed = g->n_op;
    } else if (cr_cuda_programs_due(t->host.programs, r->run) > r->pushed) {
      rc = push(t, s, r, err);
    } else {
      break;
    }
    if (r->pushed < g->n_op)
      continue;
    s->feed = r->next;
    s->free_ns = t->host.now(t->host.ctx);
  }
  return rc;
}

int cr_cuda_streams_launch(struct cr_cuda_streams *t, const struct cr_act *act, const struct cr_cuda_place *place,
                           struct cr_err *err)
{
  struct stream *s = &t->stream[act->stream];
  uint32_t chain, i = CR_NONE, run = CR_NONE;
  cr_ns now_ns = t->host.now(t->host.ctx);
  int is_eager = cr_cuda_programs_has(t->host.programs, t->host.workload->client[act->client].model.i);
  int rc = find_chain(t, act->op0, act->n_op, place->part, &chain, err);
  if (!rc && t->chain[chain].free == CR_NONE)
    rc = add_graph(t, chain, is_eager, place->capture, err);
  rc = rc ? rc : take_range(t, &i, err);
  rc = rc ? rc : cr_cuda_programs_run(t->host.programs, act->client, act->op0, act->n_op, now_ns, &run, err);
  if (rc)
    return rc;
  t->range[i] = (struct range){.request = act->request,
                               .client = act->client,
                               .chain = chain,
                               .graph = t->chain[chain].free,
                               .next = CR_NONE,
                               .run = run,
                               .waits = CR_NONE,
                               .is_idle = s->head == CR_NONE,
                               .launch_ns = t->host.now(t->host.ctx)};
  t->chain[chain].free = t->graph[t->range[i].graph].next;
  if (s->tail == CR_NONE)
    s->head = i;
  else
    t->range[s->tail].next = i;
  s->tail = i;
  s->feed = s->feed == CR_NONE ? i : s->feed;
  s->stream = place->stream;
  t->n_held++;
  return feed(t, s, err);
}

/* --- what has ended ----------------------------------------------------------------------------------------------- */

/* The stream goes on to its next range, and the graph can be used again. */
static void drop_head(struct cr_cuda_streams *t, struct stream *s)
{
  uint32_t i = s->head;
  struct range *r = &t->range[i];
  struct chain *c = &t->chain[r->chain];
  s->head = r->next;
  if (s->head == CR_NONE)
    s->tail = CR_NONE;
  t->graph[r->graph].next = c->free;
  c->free = r->graph;
  r->next = t->free_range;
  t->free_range = i;
  t->n_held--;
}

/* The head range of the stream has ended. */
static int finish(struct cr_cuda_streams *t, uint32_t stream, cr_ns begin_ns, cr_ns end_ns, struct cr_event *out,
                  struct cr_err *err)
{
  struct stream *s = &t->stream[stream];
  const struct range *r = &t->range[s->head];
  const struct chain *c = &t->chain[r->chain];
  const struct cr_op_span like = {.stream = stream, .client = r->client, .request = r->request};
  const cr_ns *launched_ns = r->run == CR_NONE ? NULL : cr_cuda_programs_times(t->host.programs, r->run);
  int rc = cr_cuda_graph_tell(&t->host, &t->graph[r->graph].is, &like, launched_ns, begin_ns, end_ns, err);
  if (r->run != CR_NONE)
    cr_cuda_programs_drop(t->host.programs, r->run, t->host.now(t->host.ctx));
  else if (r->is_idle)
    cr_hist_add(t->idle_begin, begin_ns - r->launch_ns);
  uint32_t op = c->op0 + c->n_op - t->host.workload->model[t->host.workload->client[r->client].model.i].op0;
  *out = (struct cr_event){.at_ns = end_ns,
                           .reach_ns = cr_max_ns(r->launch_ns, s->end_ns),
                           .kind = CR_EV_DONE,
                           .request = r->request,
                           .op = op,
                           .handed = op};
  s->end_ns = end_ns;
  drop_head(t, s);
  return rc;
}

/* An end that the program of the range waits for. */
static void look_at_wait(struct cr_cuda_streams *t, struct range *r)
{
  const struct cr_cuda_graph *g = &t->graph[r->graph].is;
  if (r->waits == CR_NONE || r->waits + 1 == g->n_op || !cr_cuda_graph_op_ended(&t->host, g, r->waits))
    return;
  cr_cuda_programs_ended(t->host.programs, r->run, r->waits, cr_standin_short_ns(t->host.standins, g->op0 + r->waits),
                         t->host.now(t->host.ctx));
  r->waits = CR_NONE;
}

int cr_cuda_streams_look(struct cr_cuda_streams *t, uint32_t stream, struct cr_err *err)
{
  struct stream *s = &t->stream[stream];
  int rc = CR_OK;
  while (!rc && s->head != CR_NONE) {
    struct range *r = &t->range[s->head];
    const struct cr_cuda_graph *g = &t->graph[r->graph].is;
    cr_ns begin_ns, end_ns;
    struct cr_event e;
    look_at_wait(t, r);
    if (r->pushed < g->n_op || !cr_cuda_graph_ended(&t->host, g, r->launch_ns, &begin_ns, &end_ns))
      break;
    rc = finish(t, stream, begin_ns, end_ns, &e, err);
    if (!rc && t->host.tell(t->host.ctx, &e))
      rc = cr_fail_nomem(err, "events of the GPU");
  }
  return rc ? rc : feed(t, s, err);
}

uint32_t cr_cuda_streams_held(const struct cr_cuda_streams *t)
{
  return t->n_held;
}

int cr_cuda_streams_hold(const struct cr_cuda_streams *t, uint32_t stream)
{
  return t->stream[stream].head != CR_NONE;
}

uint32_t cr_cuda_streams_waits_for(const struct cr_cuda_streams *t, uint32_t stream, cr_ns *since_ns)
{
  const struct stream *s = &t->stream[stream];
  if (s->head == CR_NONE || !t->range[s->head].pushed)
    return CR_NONE;
  const struct range *r = &t->range[s->head];
  *since_ns = cr_max_ns(r->run == CR_NONE ? r->launch_ns : s->push_ns, s->end_ns);
  return r->client;
}

void cr_cuda_streams_tell(const struct cr_cuda_streams *t, struct cr_live *out)
{
  cr_live_hist(out, "idle_begin", t->idle_begin);
}
