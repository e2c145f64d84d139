/* engine_pad.c - dynamic kernel padding: blocks of best-effort requests in the launch of a real-time op.
 *
 * REEF (Han et al., OSDI 2022, section 5) merges a real-time kernel with blocks of best-effort ones into one launch: the real-time
 * blocks get some of the SMs, the others the rest.  Here the parts of such a launch lie on streams of their own, which are limited
 * to their SMs for as long as it lasts; it ends when all have ended.  Pads are told of before their range is launched, and wait
 * in a list until then.
 *
 * Which kernels pad which is known only when a request comes, so that no graph can be made of it before.  Where one thread of the host
 * launches what no graph holds (`push_serial`), it launches the ops of such a range too: each starts `early` later than a node of a
 * graph would, and after its launch; a merged one `merge` later, and what follows it `merge` and `merge_longer`. */
#include "config.h"

#include "sim/engine_int.h"

static int grow(struct cr_engine *e)
{
  enum { FIRST = 1024 };
  uint32_t cap = e->pad_cap ? 2 * e->pad_cap : FIRST;
  struct pad *pad = cap > e->pad_cap ? cr_mem_resize(e->pad, cap, sizeof *pad) : NULL;
  if (!pad)
    return CR_ENOMEM;
  e->pad = pad;
  for (uint32_t i = cap; i-- > e->pad_cap;) {
    pad[i].next = e->free_pad;
    e->free_pad = i;
  }
  e->pad_cap = cap;
  return CR_OK;
}

static void free_pad(struct cr_engine *e, uint32_t i)
{
  e->pad[i].next = e->free_pad;
  e->free_pad = i;
  e->n_to_end--;
}

int cr_engine_add_pad(struct cr_engine *e, const struct cr_act *act, struct cr_err *err)
{
  if (cr_engine_reserve(e) != CR_OK || (e->free_pad == CR_NONE && grow(e) != CR_OK))
    return cr_fail_nomem(err, "pads of launches");
  e->n_to_end++;
  uint32_t i = e->free_pad;
  struct pad *p = &e->pad[i];
  e->free_pad = p->next;
  *p = (struct pad){
    .rt = act->pad.rt,
    .rt_op = act->pad.rt_op,
    .rt_sms = act->pad.rt_sms,
    .sm_blocks = act->pad.sm_blocks,
    .request = act->request,
    .client = act->client,
    .stream = act->stream,
    .op = act->op0,
    .block = act->block0,
    .n_block = act->n_block,
    .next = CR_NONE,
  };
  if (e->last_pad == CR_NONE)
    e->first_pad = i;
  else
    e->pad[e->last_pad].next = i;
  e->last_pad = i;
  return CR_OK;
}

void cr_engine_attach_pads(struct cr_engine *e, struct range *r)
{
  uint32_t i = e->first_pad, next, *end = &r->pad, *kept = &e->first_pad;
  e->last_pad = CR_NONE;
  for (; i != CR_NONE; i = next) {
    struct pad *p = &e->pad[i];
    struct stream *s = &e->stream[p->stream];
    next = p->next;
    if (p->rt != r->request) {
      *kept = e->last_pad = i;
      kept = &p->next;
      continue;
    }
    if (s->pad_rt == CR_NONE)
      s->pad_reach_ns = CR_NS_NEVER;
    s->pad_rt = r->request;
    s->n_pad++;
    *end = i;
    end = &p->next;
  }
  *end = CR_NONE;
  *kept = CR_NONE;
}

cr_ns cr_engine_merge_ns(const struct cr_engine *e, const struct device *d, struct range *r)
{
  int is_merged = r->pad != CR_NONE && e->pad[r->pad].rt_op == r->op0 + r->done;
  cr_ns side_ns = cr_engine_price(d, CR_GPU_MERGE), ns = is_merged ? side_ns : 0;
  if (r->merged)
    ns += side_ns + cr_engine_price(d, CR_GPU_MERGE_LONGER);
  r->merged = is_merged;
  return ns;
}

/* The request is given back, its progress being all blocks before block `block` of the op; or it is complete with that. */
static void tell_be(struct cr_engine *e, const struct pad *p, uint32_t block, cr_ns lost_ns, cr_ns now_ns)
{
  struct stream *s = &e->stream[p->stream];
  const struct cr_model_info *m = &e->workload->model[e->workload->client[p->client].model.i];
  int is_over = block == e->workload->op[p->op].blocks;
  struct range r = {
    .request = p->request,
    .op0 = p->op,
    .model_op0 = m->op0,
    .done = (uint32_t)is_over,
    .block = is_over ? 0 : block,
    .reach_ns = s->pad_reach_ns,
    .lost_ns = lost_ns,
  };
  int is_complete = p->op + r.done == m->op0 + m->n_op;
  s->pad_rt = CR_NONE;
  s->n_pad = 0;
  s->end_ns = now_ns;
  cr_engine_tell(e, &r, is_complete ? CR_EV_DONE : CR_EV_BACK, CR_CAP_PAD, now_ns);
}

void cr_engine_start_pads(struct cr_engine *e, struct stream *s, struct range *r, cr_ns from_ns, cr_ns launched_ns)
{
  struct device *d = &e->device[s->device];
  const struct cr_device_model *m = &d->model;
  uint32_t group = CR_NONE;
  for (uint32_t i = r->pad; i != CR_NONE && e->pad[i].rt_op == r->op0 + r->done; i = e->pad[i].next) {
    struct pad *p = &e->pad[i];
    struct stream *be = &e->stream[p->stream];
    if (group == CR_NONE) {
      group = be->local;
      m->ops->set_share(m->self, s->local, s->local, p->rt_sms);
    }
    m->ops->set_share(m->self, be->local, group, d->desc->sms - p->rt_sms);
    m->ops->start_part(
      m->self, be->local,
      &(struct cr_gpu_part){.op = p->op, .n_block = p->n_block, .sm_blocks = p->sm_blocks, .is_pad = 1}, from_ns,
      launched_ns);
    be->pad = i;
    be->pad_beside = cr_engine_stream_id(e, s);
    be->pad_reach_ns = cr_min_ns(be->pad_reach_ns, cr_max_ns(from_ns, launched_ns));
    r->n_pad_on++;
  }
}

void cr_engine_end_pads(struct cr_engine *e, struct stream *s)
{
  struct device *d = &e->device[s->device];
  struct range *r = &e->range[s->head];
  uint32_t op = r->op0 + r->done;
  if (r->pad == CR_NONE || e->pad[r->pad].rt_op != op)
    return;
  d->model.ops->set_share(d->model.self, s->local, s->local, s->sms);
  while (r->pad != CR_NONE && e->pad[r->pad].rt_op == op) {
    uint32_t i = r->pad;
    struct stream *be = &e->stream[e->pad[i].stream];
    r->pad = e->pad[i].next;
    d->model.ops->set_share(d->model.self, be->local, be->local, be->sms);
    free_pad(e, i);
  }
}

/* A pad is off the device, n_left of its blocks undone; lost_ns: for so long they ran. */
static void leave_pad(struct cr_engine *e, uint32_t i, uint32_t n_left, cr_ns lost_ns, cr_ns now_ns)
{
  struct pad *p = &e->pad[i];
  struct stream *be = &e->stream[p->stream];
  be->pad = CR_NONE;
  be->n_pad--;
  p->n_block -= n_left;
  if (be->n_pad == 0 || n_left) /* those that follow one that was cut will not run */
    tell_be(e, p, p->block + p->n_block, lost_ns, now_ns);
}

void cr_engine_end_pad(struct cr_engine *e, struct stream *be, const struct cr_gpu_end *end, cr_ns now_ns)
{
  uint32_t i = be->pad;
  struct stream *s = &e->stream[be->pad_beside];
  struct range *r = &e->range[s->head];
  cr_engine_span(e, be, e->pad[i].request, e->pad[i].client, e->pad[i].n_block, end, now_ns);
  leave_pad(e, i, end->n_left, 0, now_ns);
  if (--r->n_pad_on == 0 && r->op_waits)
    cr_engine_finish_op(e, s, r->op_left, now_ns);
}

int cr_engine_may_kill_pads(const struct cr_engine *e, const struct stream *s)
{
  const struct range *r = &e->range[s->head];
  for (uint32_t i = r->pad; i != CR_NONE && e->pad[i].rt_op == r->op0 + r->done; i = e->pad[i].next)
    if (e->stream[e->pad[i].stream].pad == i && e->workload->op[e->pad[i].op].idempotent == CR_NO)
      return 0;
  return 1;
}

uint32_t cr_engine_stop_pads(struct cr_engine *e, struct stream *s, int kill, cr_ns now_ns)
{
  struct device *d = &e->device[s->device];
  struct range *r = &e->range[s->head];
  uint32_t op = r->op0 + r->done, n_left = 0;
  for (uint32_t i = r->pad; i != CR_NONE && e->pad[i].rt_op == op; i = e->pad[i].next) {
    struct pad *p = &e->pad[i];
    struct stream *be = &e->stream[p->stream];
    struct cr_gpu_end end;
    if (be->pad != i)
      continue;
    int is_over = d->model.ops->stop(d->model.self, be->local, kill, &end);
    n_left += end.n_left;
    if (!is_over)
      continue;
    if (kill || end.start_ns == CR_NS_NEVER)
      end.n_left = p->n_block; /* none is done */
    cr_engine_span(e, be, p->request, p->client, p->n_block, &end, now_ns);
    leave_pad(e, i, end.n_left, kill && end.start_ns != CR_NS_NEVER ? now_ns - end.start_ns : 0, now_ns);
    r->n_pad_on--;
  }
  return n_left;
}

void cr_engine_return_pads(struct cr_engine *e, struct range *r, cr_ns now_ns)
{
  while (r->pad != CR_NONE) {
    uint32_t i = r->pad;
    const struct pad *p = &e->pad[i];
    struct stream *be = &e->stream[p->stream];
    r->pad = p->next;
    if (be->pad_rt == r->request) /* the first of it that is left */
      tell_be(e, p, p->block, 0, now_ns);
    free_pad(e, i);
  }
}
