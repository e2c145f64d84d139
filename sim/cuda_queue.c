/* cuda_queue.c - a stream of a real GPU that can be taken back. */
#include "config.h"

#include "sim/cuda_queue.h"

#include <assert.h>

#include "sim/mem.h"

struct range {
  uint32_t request, client, op0, n_op;
  uint32_t pushed, done; /* ops */
  uint32_t block;        /* of the next op, that are done */
  uint32_t run;          /* of its program; CR_NONE: it launches as fast as it can */
  uint32_t next;         /* in the stream, or free */
  cr_ns launch_ns, reach_ns, lost_ns;
};

/* An op on the GPU. */
struct flight {
  uint32_t range, op, n_block;
  cr_ns push_ns;
  int kills; /* it obeys the word of a kill */
};

/* words: what blocks obey as they begin, and what those obey while they run that a kill may stop, since they can be run again. */
struct cr_cuda_queue {
  struct cr_cuda_host host;
  cr_cu_stream stream;
  uint32_t number, cap, slot0, words;
  uint32_t n_pushed, n_ended; /* counting on, and round */
  struct flight *flight;      /* [cap] */
  struct range *range;        /* [range_cap] */
  uint32_t range_cap, free_range, head, tail, n_range;
  uint32_t feed; /* the range that is launched next; CR_NONE: none */
  uint32_t epoch;
  uint32_t stop;               /* enum cr_cap of the preemption under way; 0: none */
  uint32_t stop_epoch, n_stop; /* ranges that it takes back, from the head on */
  int is_cut;                  /* an op lacked blocks: none behind it counts */
  cr_ns end_ns;                /* of the last op */
  cr_ns free_ns;               /* since when the next op could be launched, were it due */
};

int cr_cuda_queue_new(const struct cr_cuda_host *host, cr_cu_stream stream, uint32_t number, uint32_t cap,
                      struct cr_cuda_queue **out, struct cr_err *err)
{
  struct cr_cuda_queue *q = cr_mem_new(1, sizeof *q);
  if (!q)
    return cr_fail_nomem(err, "a queue on the GPU");
  *q = (struct cr_cuda_queue){.host = *host, .stream = stream, .number = number, .cap = cap, .epoch = 1};
  q->head = q->tail = q->feed = q->free_range = CR_NONE;
  q->flight = cr_mem_new(cap, sizeof *q->flight);
  int rc = q->flight ? CR_OK : cr_fail_nomem(err, "a queue on the GPU");
  rc = rc ? rc : cr_cuda_gpu_take_slots(host->gpu, cap, &q->slot0, err);
  rc = rc ? rc : cr_cuda_gpu_take_words(host->gpu, &q->words, err);
  if (rc) {
    cr_cuda_queue_free(q);
    return rc;
  }
  *out = q;
  return CR_OK;
}

void cr_cuda_queue_free(struct cr_cuda_queue *q)
{
  if (!q)
    return;
  cr_mem_free(q->flight);
  cr_mem_free(q->range);
  cr_mem_free(q);
}

void cr_cuda_queue_move(struct cr_cuda_queue *q, cr_cu_stream stream)
{
  q->stream = stream;
}

uint32_t cr_cuda_queue_held(const struct cr_cuda_queue *q)
{
  return q->n_range;
}

uint32_t cr_cuda_queue_waits_for(const struct cr_cuda_queue *q, cr_ns *since_ns)
{
  if (q->n_pushed == q->n_ended)
    return CR_NONE;
  const struct flight *f = &q->flight[q->n_ended % q->cap];
  *since_ns = cr_max_ns(f->push_ns, q->end_ns);
  return q->range[f->range].client;
}

/* --- ranges ------------------------------------------------------------------------------------------------------- */

static int take_range(struct cr_cuda_queue *q, uint32_t *out, struct cr_err *err)
{
  if (q->free_range == CR_NONE) {
    uint32_t cap = q->range_cap ? 2 * q->range_cap : 64;
    struct range *more = cr_mem_resize(q->range, cap, sizeof *more);
    if (!more)
      return cr_fail_nomem(err, "ranges that are launched at once");
    q->range = more;
    for (uint32_t i = cap; i-- > q->range_cap; q->free_range = i)
      more[i].next = q->free_range;
    q->range_cap = cap;
  }
  *out = q->free_range;
  q->free_range = q->range[*out].next;
  return CR_OK;
}

static int tell(struct cr_cuda_queue *q, const struct range *r, enum cr_event_kind kind, cr_ns at_ns,
                struct cr_err *err)
{
  const struct cr_workload *w = q->host.workload;
  uint32_t first = r->op0 - w->model[w->client[r->client].model.i].op0;
  const struct cr_event e = {
    .at_ns = at_ns,
    .reach_ns = r->reach_ns,
    .kind = kind,
    .request = r->request,
    .op = first + r->done,
    .how = kind == CR_EV_BACK ? q->stop : 0,
    .block = r->block,
    .handed = first + r->pushed,
    .lost_ns = r->lost_ns,
  };
  return q->host.tell(q->host.ctx, &e) ? cr_fail_nomem(err, "events of the GPU") : CR_OK;
}

/* Nothing of it is in the stream any more. */
static void drop(struct cr_cuda_queue *q, uint32_t i)
{
  struct range *r = &q->range[i];
  if (r->run != CR_NONE)
    cr_cuda_programs_drop(q->host.programs, r->run, q->host.now(q->host.ctx));
  r->next = q->free_range;
  q->free_range = i;
  q->n_range--;
  q->n_stop -= q->stop != 0;
}

/* The head leaves. */
static int leave(struct cr_cuda_queue *q, enum cr_event_kind kind, cr_ns at_ns, struct cr_err *err)
{
  uint32_t i = q->head;
  struct range *r = &q->range[i];
  int rc = tell(q, r, kind, at_ns, err);
  q->head = r->next;
  q->feed = q->feed == i ? r->next : q->feed;
  if (q->head == CR_NONE)
    q->tail = CR_NONE;
  else
    q->range[q->head].reach_ns = cr_max_ns(q->range[q->head].launch_ns, at_ns);
  drop(q, i);
  return rc;
}

/* All that the preemption takes, as nothing is on the GPU any more.  Ranges behind were not reached. */
static int give_back(struct cr_cuda_queue *q, struct cr_err *err)
{
  cr_ns now_ns = q->host.now(q->host.ctx);
  int rc = CR_OK;
  for (int is_first = 1; !rc && q->n_stop; is_first = 0) {
    if (!is_first)
      q->range[q->head].reach_ns = CR_NS_NEVER;
    rc = leave(q, CR_EV_BACK, now_ns, err);
  }
  q->stop = 0;
  q->is_cut = 0;
  return rc;
}

/* --- launching ---------------------------------------------------------------------------------------------------- */

static int push(struct cr_cuda_queue *q, struct range *r, struct cr_err *err)
{
  const struct cr_cuda_host *h = &q->host;
  uint32_t place = q->n_pushed % q->cap, slot = q->slot0 + place, op = r->op0 + r->pushed;
  const struct cr_op_spec *spec = &h->workload->op[op];
  int is_kernel = spec->kind == CR_OP_KERNEL, kills = h->kills && spec->idempotent != CR_NO, error;
  uint32_t done = r->pushed == r->done ? r->block : 0;
  cr_ns now_ns = h->now(h->ctx);
  if (r->run != CR_NONE)
    cr_cuda_programs_launched(h->programs, r->run, r->pushed, q->free_ns, now_ns);
  q->flight[place] = (struct flight){
    .range = q->feed, .op = op, .n_block = is_kernel ? spec->blocks - done : 1, .push_ns = now_ns, .kills = kills};
  cr_cuda_gpu_clear(h->gpu, slot);
  if (is_kernel) {
    const struct cr_standin_at at = {.slot = slot,
                                     .words = q->words,
                                     .epoch = q->epoch,
                                     .first = slot,
                                     .n_block = q->flight[place].n_block,
                                     .may_stop = kills};
    error = cr_standin_launch(h->standins, op, &at, q->stream);
  } else {
    const struct cr_standin_at none = {.slot = CR_NONE, .words = CR_NONE, .epoch = 1, .first = CR_NONE};
    const struct cr_standin_at at = {.slot = slot, .words = CR_NONE, .epoch = 1, .first = slot};
    error = cr_standin_launch(h->standins, op, &none, q->stream);
    error = error ? error : cr_standin_mark(h->standins, &at, q->stream);
  }
  int rc = cr_cuda_check(&h->gpu->driver, error, "the launch of an op", err);
  if (rc)
    return rc;
  q->n_pushed++;
  r->pushed++;
  h->fed(h->ctx);
  return CR_OK;
}

static int is_due(const struct cr_cuda_queue *q, const struct range *r)
{
  return r->run == CR_NONE || cr_cuda_programs_due(q->host.programs, r->run) > r->pushed;
}

int cr_cuda_queue_feed(struct cr_cuda_queue *q, struct cr_err *err)
{
  if (q->feed == CR_NONE)
    return CR_OK;
  struct range *r = &q->range[q->feed];
  if (q->stop || q->n_pushed - q->n_ended == q->cap) {
    q->free_ns = q->host.now(q->host.ctx);
    return CR_OK;
  }
  if (!is_due(q, r))
    return CR_OK;
  int rc = push(q, r, err);
  if (r->pushed == r->n_op) {
    q->feed = r->next;
    q->free_ns = q->host.now(q->host.ctx);
  }
  return rc;
}

int cr_cuda_queue_launch(struct cr_cuda_queue *q, const struct cr_act *act, struct cr_err *err)
{
  uint32_t i = CR_NONE, run = CR_NONE;
  cr_ns now_ns = q->host.now(q->host.ctx);
  int rc = take_range(q, &i, err);
  rc = rc ? rc : cr_cuda_programs_run(q->host.programs, act->client, act->op0, act->n_op, now_ns, &run, err);
  if (rc)
    return rc;
  q->range[i] = (struct range){.request = act->request,
                               .client = act->client,
                               .op0 = act->op0,
                               .n_op = act->n_op,
                               .block = act->block0,
                               .run = run,
                               .next = CR_NONE,
                               .launch_ns = now_ns,
                               .reach_ns = q->head == CR_NONE ? cr_max_ns(now_ns, q->end_ns) : CR_NS_NEVER};
  if (q->tail == CR_NONE)
    q->head = i;
  else
    q->range[q->tail].next = i;
  q->tail = i;
  q->n_range++;
  if (q->feed == CR_NONE)
    q->feed = i;
  return cr_cuda_queue_feed(q, err);
}

/* --- stopping ----------------------------------------------------------------------------------------------------- */

/* What lies behind the last op on the GPU and belongs to ranges of which none is there. */
static int give_back_unpushed(struct cr_cuda_queue *q, struct cr_err *err)
{
  uint32_t last = CR_NONE, i = q->head;
  for (; i != CR_NONE && q->range[i].pushed; i = q->range[i].next)
    last = i;
  if (last == CR_NONE)
    return give_back(q, err);
  q->range[last].next = CR_NONE;
  q->tail = last;
  q->feed = q->range[last].pushed < q->range[last].n_op ? last : CR_NONE;
  int rc = CR_OK;
  while (!rc && i != CR_NONE) {
    struct range *r = &q->range[i];
    uint32_t next = r->next;
    r->reach_ns = CR_NS_NEVER;
    rc = tell(q, r, CR_EV_BACK, q->host.now(q->host.ctx), err);
    drop(q, i);
    i = next;
  }
  return rc;
}

static int write_words(const struct cr_cuda_queue *q, enum cr_cap how, struct cr_err *err)
{
  struct cr_cuda_gpu *g = q->host.gpu;
  int error = how == CR_CAP_KILL ? cr_cuda_gpu_write(g, q->words + 1, q->stop_epoch) : CR_CU_OK;
  error = error ? error : cr_cuda_gpu_write(g, q->words, q->stop_epoch);
  return cr_cuda_check(&g->driver, error, "the word of a preemption", err);
}

int cr_cuda_queue_stop(struct cr_cuda_queue *q, enum cr_cap how, struct cr_err *err)
{
  int is_hard = q->stop != 0 && q->stop != CR_CAP_PARK;
  if (q->head == CR_NONE || (q->stop == CR_CAP_PARK && how == CR_CAP_PARK) ||
      (is_hard && (how != CR_CAP_KILL || q->stop == CR_CAP_KILL)))
    return CR_OK;
  q->stop = how;
  q->n_stop = q->n_range;
  if (how == CR_CAP_PARK)
    return give_back_unpushed(q, err);
  if (q->n_pushed == q->n_ended)
    return give_back(q, err);
  if (!is_hard)
    q->stop_epoch = q->epoch++;
  return write_words(q, how, err);
}

/* --- what has ended ----------------------------------------------------------------------------------------------- */

static void see_op(struct cr_cuda_queue *q, const struct flight *f, uint32_t n_worked, cr_ns begin_ns, cr_ns end_ns)
{
  const struct range *r = &q->range[f->range];
  const struct cr_op_spec *op = &q->host.workload->op[f->op];
  const struct cr_op_span span = {.start_ns = begin_ns,
                                  .end_ns = end_ns,
                                  .stream = q->number,
                                  .client = r->client,
                                  .request = r->request,
                                  .op = f->op,
                                  .n = 1,
                                  .n_left = (op->kind == CR_OP_KERNEL ? op->blocks : 1) - n_worked};
  q->host.on_op(q->host.ctx, &span, n_worked == f->n_block);
}

/* The op lacks blocks: under a kill it starts over, unless it was spared. */
static void cut(struct cr_cuda_queue *q, const struct flight *f, uint32_t n_worked, cr_ns ran_ns)
{
  struct range *r = &q->range[f->range];
  q->is_cut = 1;
  if (q->stop == CR_CAP_KILL && f->kills)
    r->lost_ns = ran_ns;
  else
    r->block += n_worked;
}

static int end_op(struct cr_cuda_queue *q, const struct cr_standin_record *record, struct cr_err *err)
{
  const struct flight *f = &q->flight[q->n_ended % q->cap];
  struct range *r = &q->range[f->range];
  const struct cr_cuda_host *h = &q->host;
  cr_ns end_ns = cr_max_ns(cr_min_ns(h->at(h->ctx, record->end_ns), h->now(h->ctx)), cr_max_ns(f->push_ns, q->end_ns));
  cr_ns begin_ns = CR_NS_NEVER;
  if (record->begin_ns)
    begin_ns = cr_min_ns(cr_max_ns(h->at(h->ctx, record->begin_ns), cr_max_ns(f->push_ns, q->end_ns)), end_ns);
  uint32_t n_worked = cr_min_u32((uint32_t)record->n_worked, f->n_block);
  int rc = CR_OK;
  q->n_ended++;
  see_op(q, f, n_worked, begin_ns, end_ns);
  q->end_ns = end_ns;
  if (q->is_cut)
    return CR_OK;
  if (n_worked < f->n_block) {
    cut(q, f, n_worked, begin_ns == CR_NS_NEVER ? 0 : end_ns - begin_ns);
    return CR_OK;
  }
  assert(f->range == q->head);
  r->done++;
  r->block = 0;
  if (r->run != CR_NONE && r->done < r->n_op && cr_cuda_programs_waits(h->programs, r->run, r->done - 1))
    cr_cuda_programs_ended(h->programs, r->run, r->done - 1, cr_standin_short_ns(h->standins, f->op), h->now(h->ctx));
  if (r->done == r->n_op)
    rc = leave(q, CR_EV_DONE, end_ns, err);
  return rc;
}

int cr_cuda_queue_look(struct cr_cuda_queue *q, struct cr_err *err)
{
  int rc = CR_OK;
  while (!rc && q->n_ended != q->n_pushed) {
    const struct cr_standin_record *r = cr_cuda_gpu_ended(q->host.gpu, q->slot0 + q->n_ended % q->cap);
    if (!r)
      break;
    q->host.saw(q->host.ctx, r->end_ns);
    rc = end_op(q, r, err);
  }
  if (!rc && q->stop && q->n_ended == q->n_pushed)
    rc = give_back(q, err);
  return rc;
}
