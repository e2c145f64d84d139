/* fake_backend.c - each stream in series, every op as long as recorded.
 *
 * A stream is a list of ranges of which the first runs; what happened waits in a ring until the core takes it.  There
 * are few streams in a test, so the next thing to happen is found by looking at each. */
#include "config.h"

#include "tests/fake_backend.h"

#include <stdlib.h>
#include <string.h>

#include "sim/mem.h"

struct range {
  uint32_t request, op0, n_op, base; /* base: first op of its model */
  uint32_t next;
  uint32_t pass; /* ops of a pass of a job's, op0 and n_op counting on; 0: no job */
  cr_ns think_ns, ready_ns;
  int64_t key, step; /* of one that takes turns */
  uint64_t since;    /* when it came to wait, in an order */
  uint32_t n_done;
  cr_ns first_ns;
  int cut; /* stops after n_op as a preempted range, by how */
  uint32_t how;
};

/* Jobs that take turns, each a range. */
struct rotation {
  uint32_t first;         /* of those in it; CR_NONE: none */
  uint32_t runs, ran;     /* whose iteration is under way, and whose was the last before */
  cr_ns start_ns, end_ns; /* of the iteration under way */
  uint64_t n_since;
  int is_stopped;
};

struct stream {
  uint32_t head, tail;
  cr_ns start_ns, end_ns; /* of the head */
  struct rotation rotation;
};

enum { PADS = 64 };

struct cr_backend {
  struct cr_act pad[PADS];
  uint32_t n_pad;
  const struct cr_workload *workload;
  cr_ns now_ns;
  struct stream *stream;
  uint32_t n_stream;
  struct range *range;
  uint32_t range_cap, free_range;
  struct cr_event *event; /* [range_cap] ring */
  uint32_t event_at, n_event;
  uint64_t fail_in; /* waits until one fails; 0: none will */
  struct cr_use use;
};

static void fake_close(struct cr_backend *b)
{
  cr_mem_free(b->stream);
  cr_mem_free(b->range);
  cr_mem_free(b->event);
  cr_mem_free(b);
}

static int fake_open(const struct cr_backend_cfg *cfg, struct cr_backend **out, struct cr_err *err)
{
  struct cr_backend *b = cr_mem_new(1, sizeof *b);
  if (!b)
    return cr_fail_nomem(err, "the fake backend");
  b->workload = cfg->workload;
  b->range_cap = cfg->launch_cap;
  b->stream = cr_mem_new(cfg->stream_cap, sizeof *b->stream);
  b->range = cr_mem_new(b->range_cap, sizeof *b->range);
  b->event = cr_mem_new(b->range_cap, sizeof *b->event);
  if (!b->stream || !b->range || !b->event) {
    fake_close(b);
    return cr_fail_nomem(err, "the fake backend");
  }
  for (uint32_t i = 0; i < b->range_cap; i++)
    b->range[i].next = i + 1 < b->range_cap ? i + 1 : CR_NONE;
  if (cfg->set && strncmp(cfg->set, "fail=", 5) == 0)
    b->fail_in = strtoull(cfg->set + 5, NULL, 10);
  *out = b;
  return CR_OK;
}

static cr_ns fake_now(const struct cr_backend *b)
{
  return b->now_ns;
}

/* Of the range's n-th op; a job thinks before the first of each pass but the range's first. */
static cr_ns op_ns(const struct cr_backend *b, const struct range *r, uint32_t n)
{
  if (!r->pass)
    return b->workload->op[r->op0 + n].duration_ns;
  uint32_t in_pass = (r->op0 - r->base + n) % r->pass;
  return b->workload->op[r->base + in_pass].duration_ns + (n && in_pass == 0 ? r->think_ns : 0);
}

static cr_ns ops_ns(const struct cr_backend *b, const struct range *r)
{
  cr_ns sum = 0;
  for (uint32_t i = 0; i < r->n_op; i++)
    sum += op_ns(b, r, i);
  return sum;
}

static void start_head(struct cr_backend *b, struct stream *s, cr_ns at_ns)
{
  if (s->head == CR_NONE) {
    s->tail = CR_NONE;
    return;
  }
  const struct range *r = &b->range[s->head];
  s->start_ns = cr_max_ns(at_ns, r->ready_ns);
  s->end_ns = s->start_ns + ops_ns(b, r);
}

static void happen(struct cr_backend *b, const struct range *r, enum cr_event_kind kind, cr_ns reach_ns,
                   uint32_t n_done)
{
  b->event[(b->event_at + b->n_event++) % b->range_cap] = (struct cr_event){
    .at_ns = b->now_ns,
    .reach_ns = reach_ns,
    .kind = kind,
    .request = r->request,
    .op = r->op0 - r->base + n_done,
    .how = r->how,
  };
}

static void put_range(struct cr_backend *b, uint32_t i)
{
  b->range[i].next = b->free_range;
  b->free_range = i;
}

/* The head of the stream ends now, after n_done of its ops. */
static void end_head(struct cr_backend *b, struct stream *s, enum cr_event_kind kind, uint32_t n_done)
{
  uint32_t i = s->head;
  struct range *r = &b->range[i];
  happen(b, r, kind, s->start_ns, n_done);
  b->use.n_kernel += n_done;
  b->use.busy_ns += b->now_ns > s->start_ns ? (double)(b->now_ns - s->start_ns) : 0;
  s->head = r->next;
  put_range(b, i);
  start_head(b, s, b->now_ns);
}

static cr_ns next_end_ns(const struct cr_backend *b)
{
  cr_ns next_ns = CR_NS_NEVER;
  for (uint32_t i = 0; i < b->n_stream; i++) {
    if (b->stream[i].head != CR_NONE)
      next_ns = cr_min_ns(next_ns, b->stream[i].end_ns);
    if (b->stream[i].rotation.first != CR_NONE)
      next_ns = cr_min_ns(next_ns, b->stream[i].rotation.end_ns);
  }
  return next_ns;
}

/* --- turns -------------------------------------------------------------------------------------------------------- */

/* Who goes next, of all but one. */
static uint32_t least(const struct cr_backend *b, const struct rotation *t, uint32_t but)
{
  uint32_t best = CR_NONE;
  for (uint32_t i = t->first; i != CR_NONE; i = b->range[i].next) {
    const struct range *r = &b->range[i], *l = &b->range[best == CR_NONE ? i : best];
    if (i != but && (best == CR_NONE || r->key < l->key || (r->key == l->key && r->since < l->since)))
      best = i;
  }
  return best;
}

/* All come back, the last one last. */
static void end_turns(struct cr_backend *b, struct rotation *t, uint32_t last)
{
  while (t->first != CR_NONE) {
    uint32_t i = least(b, t, last), *link = &t->first;
    i = i == CR_NONE ? last : i;
    while (*link != i)
      link = &b->range[*link].next;
    struct range *r = &b->range[i];
    *link = r->next;
    happen(b, r, CR_EV_TURNED, r->first_ns, r->n_done);
    b->event[(b->event_at + b->n_event - 1) % b->range_cap].used_ns = r->n_done * b->workload->op[r->base].duration_ns;
    put_range(b, i);
  }
}

static void next_turn(struct cr_backend *b, struct rotation *t)
{
  uint32_t i = least(b, t, CR_NONE);
  struct range *r = &b->range[i];
  t->start_ns = b->now_ns;
  t->end_ns = b->now_ns + (r->n_op ? b->workload->op[r->base].duration_ns : 0);
  t->runs = i;
  if (r->n_op && r->op0 == r->base && r->n_done == 0)
    r->first_ns = b->now_ns;
}

static void end_turn(struct cr_backend *b, struct rotation *t)
{
  struct range *r = &b->range[t->runs];
  if (r->n_op == 0) {
    end_turns(b, t, CR_NONE);
    return;
  }
  r->n_done++;
  r->key += r->step;
  r->since = t->n_since++;
  t->ran = t->runs;
  b->use.n_kernel++;
  b->use.busy_ns += (double)(t->end_ns - t->start_ns);
  if (t->is_stopped || r->n_done == r->n_op)
    end_turns(b, t, t->runs);
  else
    next_turn(b, t);
}

/* What begins now is taken back, unless it would have been launched as a single iteration just now. */
static void stop_turns(struct cr_backend *b, struct rotation *t)
{
  const struct range *r = &b->range[t->runs];
  uint32_t other = least(b, t, t->runs);
  int is_first = r->op0 == r->base && r->n_done == 0, is_second = r->op0 == r->base && r->n_done == 1;
  int goes_on = r->n_done + 1 < r->n_op && !is_first && (other == CR_NONE || r->key + r->step < b->range[other].key);
  int is_lone = !goes_on && (is_second || t->ran != t->runs);
  if (t->is_stopped || b->now_ns > t->start_ns || is_lone) {
    t->is_stopped = 1;
    return;
  }
  b->range[t->runs].first_ns = b->range[t->runs].n_done ? b->range[t->runs].first_ns : CR_NS_NEVER;
  end_turns(b, t, t->runs);
}

static void join_turns(struct cr_backend *b, struct rotation *t, uint32_t i, const struct cr_act *a)
{
  struct range *r = &b->range[i];
  if (t->first == CR_NONE)
    *t = (struct rotation){.first = CR_NONE, .runs = CR_NONE, .ran = CR_NONE, .end_ns = CR_NS_NEVER};
  r->key = a->key;
  r->step = a->charge == CR_CHARGE_TIME ? b->workload->op[r->base].duration_ns : 1;
  r->since = t->n_since++;
  r->first_ns = CR_NS_NEVER;
  r->next = t->first;
  t->first = i;
}

/* ------------------------------------------------------------------------------------------------------------------ */

static int fake_wait(struct cr_backend *b, cr_ns until_ns, struct cr_event *out, uint32_t cap, uint32_t *n,
                     struct cr_err *err)
{
  if (b->fail_in && --b->fail_in == 0)
    return cr_fail(err, CR_ERUN, "the fake backend fails as told");
  cr_ns to_ns = b->n_event ? b->now_ns : cr_min_ns(next_end_ns(b), until_ns);
  if (to_ns != CR_NS_NEVER)
    b->now_ns = cr_max_ns(b->now_ns, to_ns);
  for (uint32_t i = 0; i < b->n_stream; i++) {
    struct stream *s = &b->stream[i];
    if (s->head != CR_NONE && s->end_ns <= b->now_ns) {
      const struct range *r = &b->range[s->head];
      end_head(b, s, r->cut ? CR_EV_BACK : CR_EV_DONE, r->n_op);
    }
    if (s->rotation.first != CR_NONE && s->rotation.end_ns <= b->now_ns)
      end_turn(b, &s->rotation);
  }
  for (*n = 0; *n < cap && b->n_event; b->n_event--, b->event_at = (b->event_at + 1) % b->range_cap)
    out[(*n)++] = b->event[b->event_at];
  return CR_OK;
}

static int launch(struct cr_backend *b, const struct cr_act *a, struct cr_err *err)
{
  struct stream *s = &b->stream[a->stream];
  uint32_t i = b->free_range;
  if (i == CR_NONE)
    return cr_fail(err, CR_ERUN, "more ranges than the fake backend was opened for");
  b->free_range = b->range[i].next;
  b->range[i] = (struct range){.request = a->request,
                               .op0 = a->op0,
                               .n_op = a->n_op,
                               .base = b->workload->model[b->workload->client[a->client].model.i].op0,
                               .next = CR_NONE};
  if (b->workload->client[a->client].job.iterations) {
    b->range[i].pass = b->workload->model[b->workload->client[a->client].model.i].n_op;
    b->range[i].think_ns = a->think_ns;
    b->range[i].ready_ns = a->ready_ns;
  }
  if (a->kind == CR_ACT_TURN) {
    join_turns(b, &s->rotation, i, a);
    return CR_OK;
  }
  if (s->head != CR_NONE) {
    b->range[s->tail].next = i;
    s->tail = i;
    return CR_OK;
  }
  s->head = s->tail = i;
  start_head(b, s, b->now_ns);
  return CR_OK;
}

/* Ops of the head that are finished, whether another one has begun, and for how long its client has thought since. */
static uint32_t finished(const struct cr_backend *b, const struct stream *s, int *begun, cr_ns *thought_ns)
{
  const struct range *r = &b->range[s->head];
  cr_ns left_ns = b->now_ns - s->start_ns;
  uint32_t n = 0;
  while (n < r->n_op && left_ns >= op_ns(b, r, n))
    left_ns -= op_ns(b, r, n++);
  int thinks = r->pass && n && (r->op0 - r->base + n) % r->pass == 0 && left_ns <= r->think_ns;
  *begun = left_ns > 0 && !thinks;
  *thought_ns = thinks ? left_ns : 0;
  return n;
}

/* Of a job's range, to the end of the pass that has begun. */
static uint32_t to_the_end_of_the_pass(const struct range *r, uint32_t n_done)
{
  return n_done + r->pass - (r->op0 - r->base + n_done) % r->pass;
}

/* The head stops after so many ops. */
static void cut(struct cr_backend *b, struct stream *s, uint32_t n_op)
{
  struct range *r = &b->range[s->head];
  if (n_op >= r->n_op)
    return;
  r->cut = 1;
  r->n_op = n_op;
  s->end_ns = s->start_ns + ops_ns(b, r);
}

static void preempt(struct cr_backend *b, struct stream *s, uint32_t how)
{
  if (s->rotation.first != CR_NONE)
    stop_turns(b, &s->rotation);
  if (s->head == CR_NONE)
    return;
  int begun;
  cr_ns thought_ns;
  uint32_t n_done = finished(b, s, &begun, &thought_ns), i = b->range[s->head].next;
  for (uint32_t next; i != CR_NONE; i = next) {
    next = b->range[i].next;
    b->range[i].how = how;
    happen(b, &b->range[i], CR_EV_BACK, CR_NS_NEVER, 0);
    put_range(b, i);
  }
  struct range *r = &b->range[s->head];
  r->next = CR_NONE;
  s->tail = s->head;
  r->how = how;
  int in_pass = r->pass && (n_done % r->pass || begun);
  if (b->now_ns < s->start_ns || (r->pass && !n_done && !begun))
    s->start_ns = CR_NS_NEVER; /* a job's client still thinks, or has this instant ended */
  else
    s->start_ns += thought_ns;
  if (in_pass) {
    cut(b, s, to_the_end_of_the_pass(r, n_done));
  } else if (how == CR_CAP_KILL || !begun) {
    end_head(b, s, CR_EV_BACK, n_done);
    b->event[(b->event_at + b->n_event - 1) % b->range_cap].thought_ns = thought_ns;
  } else {
    cut(b, s, n_done + 1);
  }
}

/* Blocks that are done before op0, or with it. */
static void happen_in_blocks(struct cr_backend *b, const struct cr_act *a, uint32_t base, uint32_t block, uint32_t how)
{
  struct range r = {.request = a->request, .op0 = a->op0, .base = base, .how = how};
  uint32_t n_op = b->workload->model[b->workload->client[a->client].model.i].n_op;
  int is_over = block >= b->workload->op[a->op0].blocks;
  int is_done = how == 0 || a->op0 - base + (uint32_t)is_over == n_op;
  happen(b, &r, is_done ? CR_EV_DONE : CR_EV_BACK, b->now_ns, (uint32_t)is_over);
  b->event[(b->event_at + b->n_event - 1) % b->range_cap].block = is_over ? 0 : block;
}

/* Pads take no time here: they are over as they are told of, and given back with the launch that they pad. */
static int pad(struct cr_backend *b, const struct cr_act *a, struct cr_err *err)
{
  for (uint32_t i = 0; i < b->n_pad; i++)
    if (b->pad[i].request == a->request) { /* it goes on */
      b->pad[i] = *a;
      return CR_OK;
    }
  if (b->n_pad == PADS)
    return cr_fail(err, CR_ERUN, "more requests that pad than the fake backend keeps");
  b->pad[b->n_pad++] = *a;
  return CR_OK;
}

static void give_back_pads(struct cr_backend *b, uint32_t rt)
{
  uint32_t kept = 0;
  for (uint32_t i = 0; i < b->n_pad; i++) {
    const struct cr_act *a = &b->pad[i];
    if (a->pad.rt == rt)
      happen_in_blocks(b, a, b->workload->model[b->workload->client[a->client].model.i].op0, a->block0 + a->n_block,
                       CR_CAP_PAD);
    else
      b->pad[kept++] = *a;
  }
  b->n_pad = kept;
}

static int launch_any(struct cr_backend *b, const struct cr_act *a, struct cr_err *err)
{
  if (a->n_block) { /* a slice takes no time either, and does not wait */
    happen_in_blocks(b, a, b->workload->model[b->workload->client[a->client].model.i].op0, a->block0 + a->n_block, 0);
    return CR_OK;
  }
  give_back_pads(b, a->request);
  return launch(b, a, err);
}

static int fake_act(struct cr_backend *b, const struct cr_act *a, struct cr_err *err)
{
  switch (a->kind) {
  case CR_ACT_STREAM:
    b->stream[b->n_stream++] = (struct stream){.head = CR_NONE, .tail = CR_NONE, .rotation.first = CR_NONE};
    return CR_OK;
  case CR_ACT_LAUNCH:
    return launch_any(b, a, err);
  case CR_ACT_PAD:
    return pad(b, a, err);
  case CR_ACT_TURN:
    return launch(b, a, err);
  case CR_ACT_BEGIN:
    next_turn(b, &b->stream[a->stream].rotation);
    return CR_OK;
  case CR_ACT_SHARE: /* the others do not matter to streams in series */
    return CR_OK;
  default:
    preempt(b, &b->stream[a->stream], a->how);
    return CR_OK;
  }
}

static void fake_use(const struct cr_backend *b, uint32_t device, struct cr_use *out)
{
  *out = device == 0 ? b->use : (struct cr_use){0};
}

#define FAKE(NAME, CAPS)                                                                                      \
  {                                                                                                           \
    .name = NAME, .caps = (CAPS), .open = fake_open, .close = fake_close, .now = fake_now, .wait = fake_wait, \
    .act = fake_act, .use = fake_use,                                                                         \
  }

const struct cr_backend_ops fake_backend =
  FAKE("fake", CR_CAP_PARK | CR_CAP_EVICT | CR_CAP_KILL | CR_CAP_PRIORITY | CR_CAP_SHARE | CR_CAP_PROCESS | CR_CAP_MEM |
                 CR_CAP_QUEUE | CR_CAP_BATCH | CR_CAP_SLICE | CR_CAP_PAD | CR_CAP_NODE);
const struct cr_backend_ops fake_backend_plain = FAKE("fake-plain", 0);
