/* cuda_parts.c - ranges on a real GPU in which launches are of parts of ops. */
#include "config.h"

#include "sim/cuda_parts.h"

#include <assert.h>

#include "sim/mem.h"

enum {
  FEED = 4,     /* ops that are launched between two looks at what has ended */
  AHEAD = 512,  /* ops that are launched before the end of one is known; a longer range is launched whole */
  SLOTS = 2048, /* reports of a stream that are awaited */
};

/* Blocks of a request in the launch of a range's op. */
struct pad {
  uint32_t rt, rt_op, rt_sms, sm_blocks;
  uint32_t request, client, stream, op, block, n_block;
  uint32_t next; /* of the range, of those that wait for theirs, or free */
};

struct range {
  uint32_t request, client, op0, n_op;
  uint32_t n_slice;      /* blocks of its only op; 0: all that are left */
  uint32_t pushed, done; /* ops */
  uint32_t block;        /* of the next op, that are done */
  uint32_t seen;         /* ops that were told of */
  uint32_t pad, to_push; /* first pad that has not ended, and that was not launched */
  uint32_t first_slot;   /* of its first op's report; CR_NONE: none was launched */
  uint32_t run;          /* of its program; CR_NONE: it launches as fast as it can */
  uint32_t over;         /* ops that are known to have ended */
  uint32_t next;         /* in the stream, or free */
  cr_ns launch_ns, reach_ns, lost_ns;
};

/* A report that is awaited, of an op or of its pad. */
struct flight {
  uint32_t range, op, pad, n_block; /* pad CR_NONE: of the op itself */
  uint32_t slot, n_slot;            /* slots taken so far, with its own */
  int ends_op;                      /* all of the launch has reported with it, and all before */
  int kills;                        /* it obeys the word of a kill */
  cr_ns push_ns;
};

/* What a report says of its part, on the run's clock. */
struct report {
  uint32_t n_worked;
  cr_ns begin_ns, end_ns; /* begin CR_NS_NEVER: none of its blocks began */
};

/* A launch whose parts report: what its op has said, and all of them. */
struct launch {
  struct report is;
  uint32_t n_block;
  int lacks; /* a part lacks blocks */
  cr_ns end_ns;
};

struct stream {
  cr_cu_stream stream;
  uint32_t cap; /* of its device queue; 0: it has none, and the next two lines are of others */
  uint32_t words, words_kept, epoch, stop_epoch;
  uint32_t stop,
    n_stop;       /* enum cr_cap of the preemption under way, 0: none; ranges that it takes back, from the head on */
  int is_cut;     /* an op lacked blocks: none behind it counts */
  uint32_t slot0; /* CR_NONE: none were taken yet */
  uint32_t n_taken, n_returned; /* slots, counting on, and round */
  struct flight *flight;        /* [SLOTS] a ring */
  uint32_t n_flown, n_landed;
  uint32_t n_launched, n_over; /* ops launched, and known to have ended */
  uint32_t head, tail, feed, n_range;
  struct launch now; /* the one whose parts report */
  cr_ns end_ns;
  cr_ns free_ns; /* since when the next op could be launched, were it due */
  /* Of a request that pads others through it. */
  uint32_t pad_rt, n_pad, n_to_push; /* CR_NONE: none; pads that have not ended, that were not launched */
  int has_padded;                    /* one was launched */
  uint32_t pad_slot;                 /* of the first one's report */
  cr_ns pad_reach_ns;
};

struct cr_cuda_parts {
  struct cr_cuda_host host;
  struct cr_merger *merger;
  int sees_ops;
  struct stream *stream; /* [stream_cap] */
  uint32_t n_stream, n_held;
  struct range *range;
  uint32_t range_cap, free_range;
  struct pad *pad;
  uint32_t pad_cap, free_pad, first_pad, last_pad; /* that wait for their range */
};

/* --- making ------------------------------------------------------------------------------------------------------- */

int cr_cuda_parts_new(const struct cr_cuda_host *host, struct cr_merger *merger, uint32_t stream_cap, int sees_ops,
                      struct cr_cuda_parts **out, struct cr_err *err)
{
  struct cr_cuda_parts *p = cr_mem_new(1, sizeof *p);
  if (!p)
    return cr_fail_nomem(err, "launches of parts");
  *p = (struct cr_cuda_parts){.host = *host, .merger = merger, .sees_ops = sees_ops};
  p->free_range = p->free_pad = p->first_pad = p->last_pad = CR_NONE;
  p->stream = cr_mem_new(stream_cap ? stream_cap : 1, sizeof *p->stream);
  if (!p->stream) {
    cr_mem_free(p);
    return cr_fail_nomem(err, "launches of parts");
  }
  *out = p;
  return CR_OK;
}

void cr_cuda_parts_free(struct cr_cuda_parts *p)
{
  if (!p)
    return;
  for (uint32_t i = 0; i < p->n_stream; i++)
    cr_mem_free(p->stream[i].flight);
  cr_mem_free(p->stream);
  cr_mem_free(p->range);
  cr_mem_free(p->pad);
  cr_mem_free(p);
}

int cr_cuda_parts_add_stream(struct cr_cuda_parts *p, cr_cu_stream stream, uint32_t cap, struct cr_err *err)
{
  struct stream *s = &p->stream[p->n_stream];
  *s = (struct stream){.stream = stream, .cap = cap, .epoch = 1, .slot0 = CR_NONE, .pad_rt = CR_NONE};
  s->head = s->tail = s->feed = CR_NONE;
  p->n_stream++;
  int rc = cap ? cr_cuda_gpu_take_words(p->host.gpu, &s->words, err) : CR_OK;
  if (!rc && cap)
    rc = cr_cuda_gpu_take_words(p->host.gpu, &s->words_kept, err);
  return rc;
}

void cr_cuda_parts_move(struct cr_cuda_parts *p, uint32_t number, cr_cu_stream stream)
{
  p->stream[number].stream = stream;
}

/* Most streams never need what this takes. */
static int prepare(struct cr_cuda_parts *p, struct stream *s, struct cr_err *err)
{
  if (s->slot0 != CR_NONE)
    return CR_OK;
  if (!s->flight)
    s->flight = cr_mem_new(SLOTS, sizeof *s->flight);
  return s->flight ? cr_cuda_gpu_take_slots(p->host.gpu, SLOTS, &s->slot0, err)
                   : cr_fail_nomem(err, "launches of parts");
}

static int take_range(struct cr_cuda_parts *p, uint32_t *out, struct cr_err *err)
{
  if (p->free_range == CR_NONE) {
    uint32_t cap = p->range_cap ? 2 * p->range_cap : 64;
    struct range *more = cr_mem_resize(p->range, cap, sizeof *more);
    if (!more)
      return cr_fail_nomem(err, "ranges that are launched at once");
    p->range = more;
    for (uint32_t i = cap; i-- > p->range_cap; p->free_range = i)
      more[i].next = p->free_range;
    p->range_cap = cap;
  }
  *out = p->free_range;
  p->free_range = p->range[*out].next;
  return CR_OK;
}

/* --- pads --------------------------------------------------------------------------------------------------------- */

static int take_pad(struct cr_cuda_parts *p, uint32_t *out, struct cr_err *err)
{
  if (p->free_pad == CR_NONE) {
    uint32_t cap = p->pad_cap ? 2 * p->pad_cap : 1024;
    struct pad *more = cr_mem_resize(p->pad, cap, sizeof *more);
    if (!more)
      return cr_fail_nomem(err, "pads of launches");
    p->pad = more;
    for (uint32_t i = cap; i-- > p->pad_cap; p->free_pad = i)
      more[i].next = p->free_pad;
    p->pad_cap = cap;
  }
  *out = p->free_pad;
  p->free_pad = p->pad[*out].next;
  return CR_OK;
}

int cr_cuda_parts_pad(struct cr_cuda_parts *p, const struct cr_act *act, struct cr_err *err)
{
  uint32_t i = CR_NONE;
  int rc = take_pad(p, &i, err);
  if (rc)
    return rc;
  p->pad[i] = (struct pad){.rt = act->pad.rt,
                           .rt_op = act->pad.rt_op,
                           .rt_sms = act->pad.rt_sms,
                           .sm_blocks = act->pad.sm_blocks,
                           .request = act->request,
                           .client = act->client,
                           .stream = act->stream,
                           .op = act->op0,
                           .block = act->block0,
                           .n_block = act->n_block,
                           .next = CR_NONE};
  if (p->last_pad == CR_NONE)
    p->first_pad = i;
  else
    p->pad[p->last_pad].next = i;
  p->last_pad = i;
  return CR_OK;
}

/* Those that wait for the range become its own. */
static void attach_pads(struct cr_cuda_parts *p, struct range *r)
{
  uint32_t i = p->first_pad, next, *end = &r->pad, *kept = &p->first_pad;
  p->last_pad = CR_NONE;
  for (; i != CR_NONE; i = next) {
    struct pad *pad = &p->pad[i];
    struct stream *be = &p->stream[pad->stream];
    next = pad->next;
    if (pad->rt != r->request) {
      *kept = p->last_pad = i;
      kept = &pad->next;
      continue;
    }
    if (be->pad_rt == CR_NONE) {
      be->n_pad = be->n_to_push = 0;
      be->has_padded = 0;
      be->pad_reach_ns = CR_NS_NEVER;
    }
    be->pad_rt = r->request;
    be->n_pad++;
    be->n_to_push++;
    *end = i;
    end = &pad->next;
  }
  *end = *kept = CR_NONE;
  r->to_push = r->pad;
}

/* The request that pads is given back, its progress being all blocks before that block of the op; or it is complete. */
static int tell_be(struct cr_cuda_parts *p, const struct pad *pad, uint32_t block, cr_ns lost_ns, cr_ns at_ns,
                   struct cr_err *err)
{
  const struct cr_workload *w = p->host.workload;
  const struct cr_model_info *m = &w->model[w->client[pad->client].model.i];
  struct stream *be = &p->stream[pad->stream];
  uint32_t is_over = block == w->op[pad->op].blocks, op = pad->op - m->op0 + is_over;
  int is_complete = op == m->n_op;
  const struct cr_event e = {.at_ns = at_ns,
                             .reach_ns = be->pad_reach_ns,
                             .kind = is_complete ? CR_EV_DONE : CR_EV_BACK,
                             .request = pad->request,
                             .op = op,
                             .how = is_complete ? 0 : CR_CAP_PAD,
                             .block = is_over ? 0 : block,
                             .handed = op,
                             .lost_ns = lost_ns};
  be->pad_rt = CR_NONE;
  be->n_pad = 0;
  return p->host.tell(p->host.ctx, &e) ? cr_fail_nomem(err, "events of the GPU") : CR_OK;
}

/* The first pad of the range leaves it. */
static void drop_pad(struct cr_cuda_parts *p, struct range *r)
{
  uint32_t i = r->pad;
  r->to_push = r->to_push == i ? p->pad[i].next : r->to_push;
  r->pad = p->pad[i].next;
  p->pad[i].next = p->free_pad;
  p->free_pad = i;
}

/* Those of a range that goes, and did not run. */
static int return_pads(struct cr_cuda_parts *p, struct range *r, cr_ns at_ns, struct cr_err *err)
{
  int rc = CR_OK;
  for (; !rc && r->pad != CR_NONE; drop_pad(p, r)) {
    const struct pad *pad = &p->pad[r->pad];
    if (p->stream[pad->stream].pad_rt == r->request) /* the first of it that is left */
      rc = tell_be(p, pad, pad->block, 0, at_ns, err);
  }
  return rc;
}

/* --- ranges that leave -------------------------------------------------------------------------------------------- */

static int tell(struct cr_cuda_parts *p, const struct stream *s, const struct range *r, enum cr_event_kind kind,
                cr_ns at_ns, struct cr_err *err)
{
  const struct cr_workload *w = p->host.workload;
  uint32_t first = r->op0 - w->model[w->client[r->client].model.i].op0;
  const struct cr_event e = {.at_ns = at_ns,
                             .reach_ns = r->reach_ns,
                             .kind = kind,
                             .request = r->request,
                             .op = first + r->done,
                             .how = kind == CR_EV_BACK ? s->stop : 0,
                             .block = r->block,
                             .handed = first + (r->n_slice ? r->done : r->pushed),
                             .lost_ns = r->lost_ns};
  return p->host.tell(p->host.ctx, &e) ? cr_fail_nomem(err, "events of the GPU") : CR_OK;
}

static int drop_range(struct cr_cuda_parts *p, struct stream *s, uint32_t i, cr_ns at_ns, struct cr_err *err)
{
  int rc = return_pads(p, &p->range[i], at_ns, err);
  if (p->range[i].run != CR_NONE)
    cr_cuda_programs_drop(p->host.programs, p->range[i].run, p->host.now(p->host.ctx));
  p->range[i].next = p->free_range;
  p->free_range = i;
  s->n_range--;
  p->n_held--;
  s->n_stop -= s->stop != 0;
  return rc;
}

/* The head leaves. */
static int leave(struct cr_cuda_parts *p, struct stream *s, enum cr_event_kind kind, cr_ns at_ns, struct cr_err *err)
{
  uint32_t i = s->head;
  struct range *r = &p->range[i];
  int rc = tell(p, s, r, kind, at_ns, err);
  s->head = r->next;
  s->feed = s->feed == i ? r->next : s->feed;
  if (s->head == CR_NONE)
    s->tail = CR_NONE;
  else
    p->range[s->head].reach_ns = cr_max_ns(p->range[s->head].launch_ns, at_ns);
  return rc ? rc : drop_range(p, s, i, at_ns, err);
}

/* All that the preemption takes, as nothing is on the GPU any more.  Ranges behind were not reached. */
static int give_back(struct cr_cuda_parts *p, struct stream *s, struct cr_err *err)
{
  cr_ns now_ns = p->host.now(p->host.ctx);
  int rc = CR_OK;
  for (int is_first = 1; !rc && s->n_stop; is_first = 0) {
    if (!is_first)
      p->range[s->head].reach_ns = CR_NS_NEVER;
    rc = leave(p, s, CR_EV_BACK, now_ns, err);
  }
  s->stop = 0;
  s->is_cut = 0;
  return rc;
}

/* --- launching ---------------------------------------------------------------------------------------------------- */

static uint32_t take_slot(struct stream *s)
{
  return s->slot0 + s->n_taken++ % SLOTS;
}

static void await(struct cr_cuda_parts *p, struct stream *s, struct flight f)
{
  f.n_slot = s->n_taken;
  f.push_ns = p->host.now(p->host.ctx);
  cr_cuda_gpu_clear(p->host.gpu, f.slot);
  s->flight[s->n_flown++ % SLOTS] = f;
}

/* Where a part reports that is the first or the last of those that are told of together, whose first one's slot is at *first. */
static struct cr_standin_at place(const struct cr_cuda_parts *p, struct stream *s, int is_first, int is_last,
                                  uint32_t words, uint32_t *first)
{
  struct cr_standin_at at = {.slot = CR_NONE, .words = words, .epoch = s->epoch, .first = CR_NONE, .early = !s->cap};
  int reports = s->cap || p->sees_ops;
  if (!reports && !is_first && !is_last)
    return at;
  at.slot = take_slot(s);
  if (is_first)
    *first = at.slot;
  if (reports)
    at.first = at.slot;
  else if (is_last)
    at.first = *first;
  return at;
}

/* A launch may be killed if all of its parts may run again. */
static uint32_t words_of(const struct cr_cuda_parts *p, const struct stream *s, const struct range *r, int *kills)
{
  const struct cr_op_spec *op = p->host.workload->op;
  uint32_t rt_op = r->op0 + r->pushed;
  *kills = op[rt_op].idempotent != CR_NO;
  for (uint32_t i = r->to_push; i != CR_NONE && p->pad[i].rt_op == rt_op; i = p->pad[i].next)
    *kills &= op[p->pad[i].op].idempotent != CR_NO;
  return !s->cap ? CR_NONE : *kills ? s->words : s->words_kept;
}

static struct flight make_flight(const struct stream *s, uint32_t op, const struct cr_standin_at *at, int kills)
{
  return (struct flight){
    .range = s->feed, .op = op, .pad = CR_NONE, .n_block = at->n_block, .slot = at->slot, .kills = kills};
}

static int push_kernel(struct cr_cuda_parts *p, struct stream *s, struct range *r, struct cr_err *err)
{
  const struct cr_op_spec *spec = &p->host.workload->op[r->op0 + r->pushed];
  uint32_t op = r->op0 + r->pushed, n = 1, done = r->pushed == r->done ? r->block : 0;
  int kills;
  uint32_t words = words_of(p, s, r, &kills), rt_sms = r->to_push == CR_NONE ? 0 : p->pad[r->to_push].rt_sms;
  struct cr_merged_op part[CR_MERGED_PARTS] = {
    {.op = op, .at = place(p, s, r->first_slot == CR_NONE, r->pushed + 1 == r->n_op, words, &r->first_slot)}};
  part[0].at.early &= r->run == CR_NONE;
  part[0].at.n_block = r->n_slice ? r->n_slice : spec->blocks - done;
  if (part[0].at.first != CR_NONE)
    await(p, s, make_flight(s, op, &part[0].at, kills));
  for (uint32_t i; (i = r->to_push) != CR_NONE && p->pad[i].rt_op == op; n++) {
    const struct pad *pad = &p->pad[i];
    struct stream *be = &p->stream[pad->stream];
    if (n == CR_MERGED_PARTS)
      return cr_fail(err, CR_ERUN, "more than %d requests pad one launch, which backend cuda cannot merge",
                     CR_MERGED_PARTS - 1);
    be->n_to_push--;
    part[n] = (struct cr_merged_op){.op = pad->op,
                                    .sm_blocks = pad->sm_blocks,
                                    .at = place(p, s, !be->has_padded, !be->n_to_push, words, &be->pad_slot)};
    part[n].at.n_block = pad->n_block;
    if (part[n].at.first != CR_NONE) {
      struct flight f = make_flight(s, op, &part[n].at, kills);
      f.pad = i;
      await(p, s, f);
    }
    be->has_padded = 1;
    r->to_push = pad->next;
  }
  if (part[0].at.first != CR_NONE) /* then the others are told of as well */
    s->flight[(s->n_flown - 1) % SLOTS].ends_op = 1;
  part[0].at.may_stop = kills && p->host.kills;
  if (n > 1)
    return cr_merger_launch(p->merger, part, n, rt_sms, s->stream, err);
  return cr_cuda_check(&p->host.gpu->driver, cr_standin_launch(p->host.standins, op, &part[0].at, s->stream),
                       "the launch of an op", err);
}

/* Whether the range's program waits for the end of the op. */
static int is_awaited(const struct cr_cuda_parts *p, const struct range *r, uint32_t i)
{
  return r->run != CR_NONE && i + 1 < r->n_op && cr_cuda_programs_waits(p->host.programs, r->run, i);
}

/* A copy or a memset, and what tells of it. */
static int push_other(struct cr_cuda_parts *p, struct stream *s, struct range *r, struct cr_err *err)
{
  static const struct cr_standin_at none = {.slot = CR_NONE, .words = CR_NONE, .epoch = 1, .first = CR_NONE};
  uint32_t op = r->op0 + r->pushed;
  int is_own = is_awaited(p, r, r->pushed); /* it is told of by itself */
  struct cr_standin_at at = {.slot = CR_NONE, .words = CR_NONE, .epoch = s->epoch, .first = CR_NONE};
  if (is_own)
    at.slot = at.first = take_slot(s);
  else
    at = place(p, s, r->first_slot == CR_NONE, r->pushed + 1 == r->n_op, CR_NONE, &r->first_slot);
  at.n_block = 1;
  if (at.first != CR_NONE) {
    await(p, s, make_flight(s, op, &at, 0));
    s->flight[(s->n_flown - 1) % SLOTS].ends_op = 1;
  }
  int error = cr_standin_launch(p->host.standins, op, &none, s->stream);
  if (!error && at.slot != CR_NONE)
    error = cr_standin_mark(p->host.standins, &at, s->stream);
  return cr_cuda_check(&p->host.gpu->driver, error, "the launch of an op", err);
}

/* Whether one more op may be launched: the GPU's queue holds so many, and reports find room. */
static int has_room(const struct stream *s)
{
  if (SLOTS - (s->n_taken - s->n_returned) < CR_MERGED_PARTS)
    return 0;
  uint32_t n = s->n_launched - s->n_over;
  return s->cap ? n < s->cap : n < AHEAD || s->feed == s->head;
}

static int is_due(const struct cr_cuda_parts *p, const struct range *r)
{
  return r->run == CR_NONE || cr_cuda_programs_due(p->host.programs, r->run) > r->pushed;
}

static int push(struct cr_cuda_parts *p, struct stream *s, struct range *r, struct cr_err *err)
{
  int is_kernel = p->host.workload->op[r->op0 + r->pushed].kind == CR_OP_KERNEL;
  cr_ns now_ns = p->host.now(p->host.ctx);
  if (s->feed == s->head && r->reach_ns == CR_NS_NEVER)
    r->reach_ns = now_ns;
  if (r->run != CR_NONE)
    cr_cuda_programs_launched(p->host.programs, r->run, r->pushed, s->free_ns, now_ns);
  s->n_launched++;
  return is_kernel ? push_kernel(p, s, r, err) : push_other(p, s, r, err);
}

static int feed(struct cr_cuda_parts *p, struct stream *s, int is_free, struct cr_err *err)
{
  int rc = CR_OK;
  for (int i = 0; !rc && i < FEED && s->feed != CR_NONE && !(i && p->host.is_wanted(p->host.ctx)); i++) {
    struct range *r = &p->range[s->feed];
    if (!is_free || s->stop || !has_room(s)) {
      s->free_ns = p->host.now(p->host.ctx);
      break;
    }
    if (!is_due(p, r))
      break;
    rc = push(p, s, r, err);
    p->host.fed(p->host.ctx);
    if (++r->pushed < r->n_op)
      continue;
    s->feed = r->next;
    s->free_ns = p->host.now(p->host.ctx);
  }
  return rc;
}

/* --- what is asked for -------------------------------------------------------------------------------------------- */

static int is_padded(const struct cr_cuda_parts *p, uint32_t request)
{
  uint32_t i = p->first_pad;
  while (i != CR_NONE && p->pad[i].rt != request)
    i = p->pad[i].next;
  return i != CR_NONE;
}

int cr_cuda_parts_wants(const struct cr_cuda_parts *p, const struct cr_act *act)
{
  const struct stream *s = &p->stream[act->stream];
  return act->n_block || (act->block0 && !s->cap) || s->head != CR_NONE || is_padded(p, act->request);
}

int cr_cuda_parts_launch(struct cr_cuda_parts *p, const struct cr_act *act, int is_free, struct cr_err *err)
{
  struct stream *s = &p->stream[act->stream];
  uint32_t i = CR_NONE;
  uint32_t run = CR_NONE;
  cr_ns now_ns = p->host.now(p->host.ctx);
  int rc = prepare(p, s, err);
  rc = rc ? rc : take_range(p, &i, err);
  rc = rc ? rc : cr_cuda_programs_run(p->host.programs, act->client, act->op0, act->n_op, now_ns, &run, err);
  if (rc)
    return rc;
  int is_first = s->head == CR_NONE;
  p->range[i] = (struct range){.request = act->request,
                               .client = act->client,
                               .op0 = act->op0,
                               .n_op = act->n_op,
                               .n_slice = act->n_block,
                               .block = act->block0,
                               .first_slot = CR_NONE,
                               .run = run,
                               .next = CR_NONE,
                               .launch_ns = now_ns,
                               .reach_ns = is_first && is_free ? cr_max_ns(now_ns, s->end_ns) : CR_NS_NEVER};
  attach_pads(p, &p->range[i]);
  if (is_first)
    s->head = i;
  else
    p->range[s->tail].next = i;
  s->tail = i;
  s->n_range++;
  p->n_held++;
  if (s->feed == CR_NONE)
    s->feed = i;
  return feed(p, s, is_free, err);
}

/* What lies behind the last op on the GPU and belongs to ranges of which none is there. */
static int give_back_unpushed(struct cr_cuda_parts *p, struct stream *s, struct cr_err *err)
{
  uint32_t last = CR_NONE, i = s->head;
  for (; i != CR_NONE && p->range[i].pushed; i = p->range[i].next)
    last = i;
  if (last == CR_NONE)
    return give_back(p, s, err);
  p->range[last].next = CR_NONE;
  s->tail = last;
  s->feed = p->range[last].pushed < p->range[last].n_op ? last : CR_NONE;
  int rc = CR_OK;
  while (!rc && i != CR_NONE) {
    struct range *r = &p->range[i];
    uint32_t next = r->next;
    cr_ns now_ns = p->host.now(p->host.ctx);
    r->reach_ns = CR_NS_NEVER;
    rc = tell(p, s, r, CR_EV_BACK, now_ns, err);
    rc = rc ? rc : drop_range(p, s, i, now_ns, err);
    i = next;
  }
  return rc;
}

static int write_words(const struct cr_cuda_parts *p, const struct stream *s, enum cr_cap how, struct cr_err *err)
{
  struct cr_cuda_gpu *g = p->host.gpu;
  int error = how == CR_CAP_KILL ? cr_cuda_gpu_write(g, s->words + 1, s->stop_epoch) : CR_CU_OK;
  error = error ? error : cr_cuda_gpu_write(g, s->words, s->stop_epoch);
  error = error ? error : cr_cuda_gpu_write(g, s->words_kept, s->stop_epoch);
  return cr_cuda_check(&g->driver, error, "the word of a preemption", err);
}

/* Of a stream without a device queue all counts as handed over, so that parking leaves nothing to give back. */
int cr_cuda_parts_stop(struct cr_cuda_parts *p, uint32_t stream, enum cr_cap how, struct cr_err *err)
{
  struct stream *s = &p->stream[stream];
  int is_hard = s->stop != 0 && s->stop != CR_CAP_PARK;
  if (s->head == CR_NONE || (!s->cap && how == CR_CAP_PARK) || (s->stop == CR_CAP_PARK && how == CR_CAP_PARK) ||
      (is_hard && (how != CR_CAP_KILL || s->stop == CR_CAP_KILL)))
    return CR_OK;
  if (!s->cap)
    return cr_fail(err, CR_ERUN,
                   "stream %u has no device queue, and backend cuda takes back what it launched from those "
                   "that have one alone",
                   stream);
  s->stop = how;
  s->n_stop = s->n_range;
  if (how == CR_CAP_PARK)
    return give_back_unpushed(p, s, err);
  if (s->n_flown == s->n_landed)
    return give_back(p, s, err);
  if (!is_hard)
    s->stop_epoch = s->epoch++;
  return write_words(p, s, how, err);
}

/* --- what has ended ----------------------------------------------------------------------------------------------- */

/* start CR_NS_NEVER: when it ran is not known, or none of its blocks began. */
static void see(struct cr_cuda_parts *p, struct cr_op_span span, uint32_t block0, uint32_t n_worked)
{
  const struct cr_op_spec *op = &p->host.workload->op[span.op];
  uint32_t n_block = op->kind == CR_OP_KERNEL ? op->blocks : 1;
  span.n = 1;
  span.n_left = n_block - n_worked;
  p->host.on_op(p->host.ctx, &span, block0 + n_worked == n_block);
}

/* Ops of the range before op `to`, of which nobody was told. */
static void see_ops(struct cr_cuda_parts *p, uint32_t stream, struct range *r, uint32_t to)
{
  for (; r->seen < to; r->seen++) {
    const struct cr_op_spec *op = &p->host.workload->op[r->op0 + r->seen];
    uint32_t all = op->kind == CR_OP_KERNEL ? op->blocks : 1, block0 = r->seen == 0 ? r->block : 0;
    see(
      p,
      (struct cr_op_span){
        .start_ns = CR_NS_NEVER, .stream = stream, .client = r->client, .request = r->request, .op = r->op0 + r->seen},
      block0, all - block0);
  }
}

static void see_pad(struct cr_cuda_parts *p, const struct pad *pad, uint32_t n_worked, cr_ns begin_ns, cr_ns end_ns)
{
  see(p,
      (struct cr_op_span){.start_ns = begin_ns,
                          .end_ns = end_ns,
                          .stream = pad->stream,
                          .client = pad->client,
                          .request = pad->request,
                          .op = pad->op},
      pad->block, n_worked);
}

/* A pad has reported; those before it have ended as well. */
static int end_pad(struct cr_cuda_parts *p, struct stream *s, const struct flight *f, const struct report *is,
                   struct cr_err *err)
{
  struct range *r = &p->range[f->range];
  for (; r->pad != f->pad; drop_pad(p, r)) {
    see_pad(p, &p->pad[r->pad], p->pad[r->pad].n_block, CR_NS_NEVER, CR_NS_NEVER);
    p->stream[p->pad[r->pad].stream].n_pad--;
  }
  const struct pad pad = p->pad[f->pad];
  struct stream *be = &p->stream[pad.stream];
  int lacks = is->n_worked < f->n_block, is_killed = lacks && s->stop == CR_CAP_KILL && f->kills, rc = CR_OK;
  see_pad(p, &pad, is->n_worked, is->begin_ns, is->end_ns);
  be->pad_reach_ns = cr_min_ns(be->pad_reach_ns, is->begin_ns);
  be->n_pad--;
  if (be->n_pad == 0 || lacks) { /* those that follow one that was cut will not run */
    cr_ns lost_ns = is_killed && is->begin_ns != CR_NS_NEVER ? is->end_ns - is->begin_ns : 0;
    rc = tell_be(p, &pad, pad.block + (is_killed ? 0 : is->n_worked), lost_ns, is->end_ns, err);
  }
  drop_pad(p, r);
  return rc;
}

/* All parts of an op's launch have reported, and it was the range's turn.  Under a kill it starts over where it lacks blocks,
 * unless it was spared. */
static int end_op(struct cr_cuda_parts *p, struct stream *s, const struct flight *f, struct cr_err *err)
{
  struct range *r = &p->range[f->range];
  const struct launch *l = &s->now;
  uint32_t k = f->op - r->op0;
  int lacks = l->is.n_worked < l->n_block;
  assert(f->range == s->head);
  if (r->done != k)
    r->block = 0; /* ops before this one did not report */
  r->done = k;
  s->is_cut = l->lacks;
  if (lacks && s->stop == CR_CAP_KILL && f->kills)
    r->lost_ns = l->is.begin_ns == CR_NS_NEVER ? 0 : l->is.end_ns - l->is.begin_ns;
  else if (lacks || r->n_slice)
    r->block += l->is.n_worked;
  int is_whole = r->n_slice ? r->block == p->host.workload->op[f->op].blocks : !lacks;
  if (is_whole) {
    r->done++;
    r->block = 0;
  }
  if (is_whole && is_awaited(p, r, k))
    cr_cuda_programs_ended(p->host.programs, r->run, k, cr_standin_short_ns(p->host.standins, f->op),
                           p->host.now(p->host.ctx));
  return r->done == r->n_op || (r->n_slice && !lacks) ? leave(p, s, CR_EV_DONE, s->end_ns, err) : CR_OK;
}

static void see_op(struct cr_cuda_parts *p, const struct stream *s, const struct flight *f, const struct report *is)
{
  struct range *r = &p->range[f->range];
  uint32_t stream = (uint32_t)(s - p->stream), k = f->op - r->op0;
  see_ops(p, stream, r, k);
  r->seen = k + 1;
  see(p,
      (struct cr_op_span){.start_ns = is->begin_ns,
                          .end_ns = is->end_ns,
                          .stream = stream,
                          .client = r->client,
                          .request = r->request,
                          .op = f->op},
      k == r->done ? r->block : 0, is->n_worked);
}

/* A range that reports little tells with its last op when its first one began. */
static struct report read_report(const struct cr_cuda_parts *p, const struct stream *s, const struct flight *f,
                                 const struct cr_standin_record *record)
{
  const struct cr_cuda_host *h = &p->host;
  int is_linked = !s->cap && !p->sees_ops && record->range_begin_ns;
  uint64_t begin_ns = is_linked ? record->range_begin_ns : record->begin_ns;
  cr_ns least_ns = cr_max_ns(is_linked ? p->range[f->range].launch_ns : f->push_ns, s->cap ? s->end_ns : 0);
  struct report is = {.n_worked = cr_min_u32((uint32_t)record->n_worked, f->n_block), .begin_ns = CR_NS_NEVER};
  is.end_ns = cr_max_ns(cr_min_ns(h->at(h->ctx, record->end_ns), h->now(h->ctx)), cr_max_ns(least_ns, s->end_ns));
  if (begin_ns)
    is.begin_ns = cr_min_ns(cr_max_ns(h->at(h->ctx, begin_ns), least_ns), is.end_ns);
  return is;
}

static int land(struct cr_cuda_parts *p, struct stream *s, const struct cr_standin_record *record, struct cr_err *err)
{
  const struct flight f = s->flight[s->n_landed++ % SLOTS];
  struct report is = read_report(p, s, &f, record);
  int rc = CR_OK;
  s->n_returned = f.n_slot;
  if (f.pad == CR_NONE) {
    see_op(p, s, &f, &is);
    s->now = (struct launch){.is = is, .n_block = f.n_block};
  } else if (!s->is_cut) {
    rc = end_pad(p, s, &f, &is, err);
  }
  s->now.lacks |= is.n_worked < f.n_block;
  s->now.end_ns = cr_max_ns(s->now.end_ns, is.end_ns);
  if (!f.ends_op)
    return rc;
  s->end_ns = s->now.end_ns;
  struct range *r = &p->range[f.range];
  s->n_over += f.op - r->op0 + 1 - r->over; /* with those that did not report */
  r->over = f.op - r->op0 + 1;
  return rc || s->is_cut ? rc : end_op(p, s, &f, err);
}

int cr_cuda_parts_look(struct cr_cuda_parts *p, uint32_t stream, int is_free, struct cr_err *err)
{
  struct stream *s = &p->stream[stream];
  int rc = CR_OK;
  while (!rc && s->n_landed != s->n_flown) {
    const struct cr_standin_record *r = cr_cuda_gpu_ended(p->host.gpu, s->flight[s->n_landed % SLOTS].slot);
    if (!r)
      break;
    p->host.saw(p->host.ctx, r->end_ns);
    rc = land(p, s, r, err);
  }
  if (!rc && s->stop && s->n_landed == s->n_flown)
    rc = give_back(p, s, err);
  return rc ? rc : feed(p, s, is_free, err);
}

uint32_t cr_cuda_parts_held(const struct cr_cuda_parts *p)
{
  return p->n_held;
}

uint32_t cr_cuda_parts_waits_for(const struct cr_cuda_parts *p, uint32_t stream, cr_ns *since_ns)
{
  const struct stream *s = &p->stream[stream];
  if (s->n_landed == s->n_flown)
    return CR_NONE;
  const struct flight *f = &s->flight[s->n_landed % SLOTS];
  *since_ns = cr_max_ns(f->push_ns, s->end_ns);
  return p->range[f->range].client;
}
