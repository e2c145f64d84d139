/* engine_stop.c - preemption: a stream gives back what it holds.
 *
 * What it takes, after REEF (Han et al., OSDI 2022, section 4) and its artifact's scheduler; prices are the device's:
 *
 *   host queue    ops that were not handed over are dropped: `clear`, and `clear_each` an op where they are released at once
 *   device queue  a flag is written, beside that; blocks that begin `flag` after the preemption or later give up.  So an op of n
 *                 blocks that waits in the device queue is over `evict` + n `evict_block` after its turn came; all streams of
 *                 the device together do one in the larger of `evict_serial` and n `evict_block`
 *   SMs           EVICT: blocks that run, finish.  KILL: all that runs is stopped in `kill`, and once more for each op that the
 *                 device queue can hold, since the next one starts when one was stopped: `kill_more` each.  An op that is known
 *                 not to be idempotent is left to finish
 *   the host      has to learn that the stream is idle: `sync`.  Then ranges are given back
 *   afterwards    the flag is taken back before the next launch: `unflag`
 *
 * PARK needs none of this: it feeds no more.  Preemptions of one device that are asked for at one instant are one. */
#include "config.h"

#include "sim/engine_int.h"

/* --- what is given back ------------------------------------------------------------------------------------------- */

/* The head range, which is subject to the stop. */
static void give_back_head(struct cr_engine *e, struct stream *s, enum cr_cap how, cr_ns now_ns)
{
  uint32_t i = s->head;
  struct range *r = &e->range[i];
  if (cr_sleepers_has(&e->sleepers, cr_engine_stream_id(e, s)))
    cr_sleepers_remove(&e->sleepers, cr_engine_stream_id(e, s));
  if (r->is_job)
    r->done = r->block = 0; /* of this iteration */
  cr_engine_tell(e, r, CR_EV_BACK, how, now_ns);
  s->head = r->next;
  if (s->head == CR_NONE)
    s->tail = CR_NONE;
  s->waits = 0;
  cr_engine_drop_range(e, i, now_ns);
}

/* A job's ops are handed over when its pass begins. */
static void resume_feeding(struct cr_engine *e, struct stream *s, cr_ns now_ns)
{
  uint32_t left = 0;
  for (uint32_t i = s->head; i != CR_NONE; i = e->range[i].next)
    if (!e->range[i].is_job && cr_engine_is_fed(e, s, &e->range[i]))
      left += e->range[i].n_op - e->range[i].done;
  int is_on = s->on && cr_engine_is_fed(e, s, &e->range[s->head]);
  left -= left ? (uint32_t)is_on : 0; /* what was in the device queue when all that was to be stopped had been done */
  cr_feeder_resume(&e->device[s->device].feeder, s->local, is_on, left, now_ns);
}

static void give_back(struct cr_engine *e, struct stream *s, cr_ns now_ns)
{
  enum cr_cap how = s->stop.how;
  for (; s->stop.n_range; s->stop.n_range--)
    give_back_head(e, s, how, now_ns);
  s->stop.step = STOP_NONE;
  s->is_flagged |= how != CR_CAP_PARK;
  resume_feeding(e, s, now_ns);
  if (s->head != CR_NONE)
    cr_engine_reach(e, s, now_ns);
}

/* Ranges behind the first n come back at once. */
static void give_back_queued(struct cr_engine *e, struct stream *s, uint32_t n, enum cr_cap how, cr_ns now_ns)
{
  uint32_t last = s->head, i;
  while (--n)
    last = e->range[last].next;
  i = e->range[last].next;
  e->range[last].next = CR_NONE;
  s->tail = last;
  while (i != CR_NONE) {
    struct range *r = &e->range[i];
    uint32_t next = r->next;
    r->reach_ns = CR_NS_NEVER;
    cr_engine_tell(e, r, CR_EV_BACK, how, now_ns);
    cr_engine_drop_range(e, i, now_ns);
    i = next;
  }
}

/* --- what is in the device queue ---------------------------------------------------------------------------------- */

static uint32_t count_ranges(const struct cr_engine *e, const struct stream *s)
{
  uint32_t n = 0;
  for (uint32_t i = s->head; i != CR_NONE; i = e->range[i].next)
    n++;
  return n;
}

/* Ops of the stream that its program has launched and that have not ended, the one on the device included.  A job's stand
 * alone: what comes behind them is launched when its iteration has ended. */
static uint32_t count_launched(const struct cr_engine *e, const struct stream *s)
{
  uint64_t n = 0;
  for (uint32_t i = s->head; i != CR_NONE; i = e->range[i].next) {
    const struct range *r = &e->range[i];
    if (r->is_job && i != s->head)
      break;
    uint32_t n_launched = r->eager ? cr_hosts_launched(e->hosts, i) : r->n_op;
    n += n_launched - r->done;
    if (r->is_job || n_launched < r->n_op)
      break;
  }
  return n < CR_NONE ? (uint32_t)n : CR_NONE - 1;
}

/* An op that the host would only have launched later stays in its queue. */
static void hold_back(struct cr_engine *e, struct stream *s, cr_ns now_ns)
{
  struct device *d = &e->device[s->device];
  struct cr_gpu_end end;
  if (!s->on || cr_device_queue_has_last(&s->queue, now_ns) || !d->model.ops->stop)
    return;
  cr_engine_stop_pads(e, s, 0, now_ns);
  d->model.ops->stop(d->model.self, s->local, 0, &end);
  d->unsettled = 1;
  cr_engine_end_pads(e, s);
  cr_device_queue_take_back(&s->queue);
  s->is_flagged |= s->unflags;
  s->on = 0;
}

/* Of ranges that are fed behind a head that is not: their ops that were launched. */
static uint32_t stop_feeding_behind(struct cr_engine *e, const struct stream *s)
{
  for (uint32_t i = s->head; i != CR_NONE; i = e->range[i].next)
    if (cr_engine_is_fed(e, s, &e->range[i]))
      return cr_feeder_stop(&e->device[s->device].feeder, s->local);
  return 0;
}

/* Ops in the device queue, with the one that runs, of n_op that were launched; ranges note how many are theirs.  How many
 * ranges have any.  A stream that is being stopped has not been fed since. */
static uint32_t find_handed(struct cr_engine *e, struct stream *s, uint32_t n_op, cr_ns now_ns, uint32_t *n_range)
{
  uint32_t n = 0, left;
  if (s->stop.step != STOP_NONE)
    n = (uint32_t)s->on + s->stop.handed;
  else if (cr_engine_is_fed(e, s, &e->range[s->head]))
    n = (uint32_t)s->on + cr_feeder_stop(&e->device[s->device].feeder, s->local);
  else if (s->on)
    n = 1 + cr_device_queue_behind(&s->queue, n_op - 1, now_ns) + stop_feeding_behind(e, s);
  else
    n = stop_feeding_behind(e, s);
  left = n;
  *n_range = 0;
  for (uint32_t i = s->head; i != CR_NONE && (left || i == s->head); i = e->range[i].next) {
    struct range *r = &e->range[i];
    uint32_t mine = cr_min_u32(left, r->n_op - r->done), before = s->stop.step != STOP_NONE ? r->handed : 0;
    r->handed = r->done + mine > before ? r->done + mine : before;
    left -= mine;
    ++*n_range;
  }
  return n;
}

/* --- stopping what runs ------------------------------------------------------------------------------------------- */

/* An op of n blocks, of which none is done, gives up. */
static void give_up(const struct device *d, struct stop *stop, uint32_t n, int is_op)
{
  double blocks_us = n * d->constants.constant[CR_GPU_EVICT_BLOCK];
  cr_ns blocks_ns = blocks_us > 0 ? (cr_ns)(blocks_us * 1e3 + 0.5) : 0;
  stop->chain_ns += blocks_ns + (is_op ? cr_engine_price(d, CR_GPU_EVICT) + cr_engine_price(d, CR_GPU_REPORT) : 0);
  stop->serial_ns += is_op ? cr_max_ns(blocks_ns, cr_engine_price(d, CR_GPU_EVICT_SERIAL)) : blocks_ns;
}

/* Ops in the device queue, behind the one that runs, give up when their turn comes. */
static void give_up_queued(const struct cr_engine *e, struct stream *s, uint32_t n)
{
  const struct device *d = &e->device[s->device];
  for (uint32_t i = s->head, skip = (uint32_t)s->on; i != CR_NONE && n; i = e->range[i].next, skip = 0) {
    const struct range *r = &e->range[i];
    for (uint32_t op = r->done + skip; op < r->n_op && n; op++, n--)
      give_up(d, &s->stop, op == r->done ? cr_engine_blocks(e, r) : e->workload->op[r->op0 + op].blocks, 1);
  }
}

/* Nothing of the op is on the device any more, and none of its blocks is done. */
static void undo_op(struct cr_engine *e, struct stream *s, cr_ns now_ns)
{
  s->on = 0;
  s->end_ns = now_ns;
  cr_engine_leave_queue(e, s, now_ns);
  cr_engine_end_pads(e, s);
}

/* The op on the device is stopped, by its flag or for good, with all pads of its launch. */
static void stop_op(struct cr_engine *e, struct stream *s, int kill, cr_ns now_ns)
{
  struct device *d = &e->device[s->device];
  struct range *r = &e->range[s->head];
  struct cr_gpu_end end = {.n_left = 0};
  uint32_t n_pad_left = cr_engine_stop_pads(e, s, kill, now_ns), n_block = cr_engine_blocks(e, r);
  int is_over = !r->op_waits && d->model.ops->stop(d->model.self, s->local, kill, &end);
  int has_begun = r->op_waits || end.start_ns != CR_NS_NEVER;
  d->unsettled = 1;
  give_up(d, &s->stop, end.n_left + n_pad_left, is_over && !has_begun && !r->n_pad_on);
  if (is_over) {
    if (kill || !has_begun)
      end.n_left = n_block; /* none is done */
    cr_engine_span(e, s, r->request, r->client, n_block, &end, now_ns);
    if (kill && has_begun)
      r->lost_ns = now_ns - end.start_ns;
    if (r->n_pad_on || (has_begun && !kill)) {
      r->op_waits = 1;
      r->op_left = end.n_left;
    } else {
      undo_op(e, s, now_ns);
    }
  }
  if (r->op_waits && r->n_pad_on == 0)
    cr_engine_finish_op(e, s, r->op_left, now_ns);
}

/* A launch is killed as a whole. */
static int may_kill(const struct cr_engine *e, const struct stream *s)
{
  const struct range *r = &e->range[s->head];
  return (r->op_waits || e->workload->op[r->op0 + r->done].idempotent != CR_NO) && cr_engine_may_kill_pads(e, s);
}

/* --- step by step ------------------------------------------------------------------------------------------------- */

static void step_at(struct cr_engine *e, struct stream *s, enum stop_step step, cr_ns at_ns)
{
  uint32_t id = cr_engine_stream_id(e, s);
  s->stop.step = step;
  if (cr_sleepers_has(&e->stops, id))
    cr_sleepers_remove(&e->stops, id);
  cr_sleepers_add(&e->stops, id, at_ns);
  cr_engine_find_wake(e);
}

/* Nothing of the stream is on the device any more, but what gives up in turn. */
static void return_when_known(struct cr_engine *e, struct stream *s, cr_ns now_ns)
{
  struct device *d = &e->device[s->device];
  cr_ns at_ns = cr_max_ns(s->stop.back_ns, now_ns + s->stop.chain_ns);
  if (s->stop.how != CR_CAP_PARK) {
    d->evict_ns = cr_max_ns(d->evict_ns, now_ns) + s->stop.serial_ns;
    at_ns = cr_max_ns(at_ns, s->stop.serial_ns ? d->evict_ns : 0) + cr_engine_price(d, CR_GPU_SYNC);
  }
  s->stop.back_ns = at_ns;
  if (at_ns <= now_ns)
    give_back(e, s, now_ns);
  else
    step_at(e, s, STOP_RETURNING, at_ns);
}

void cr_engine_stop_goes_on(struct cr_engine *e, struct stream *s, cr_ns now_ns)
{
  if (s->stop.n_range == 0) { /* all of it was finished */
    uint32_t id = cr_engine_stream_id(e, s);
    if (cr_sleepers_has(&e->stops, id))
      cr_sleepers_remove(&e->stops, id);
    cr_engine_find_wake(e);
    s->is_flagged |= s->stop.how != CR_CAP_PARK;
    s->stop.step = STOP_NONE;
    resume_feeding(e, s, now_ns);
    if (s->head != CR_NONE && !s->on)
      cr_engine_reach(e, s, now_ns);
    return;
  }
  if (s->on || (s->stop.step != STOP_PARKING && s->stop.step != STOP_DRAINING))
    return;
  return_when_known(e, s, now_ns);
}

static void drain(struct cr_engine *e, struct stream *s, cr_ns now_ns)
{
  if (s->stop.step == STOP_NONE) /* all of it is finished, with what was just stopped */
    return;
  s->stop.step = STOP_DRAINING;
  if (!s->on)
    return_when_known(e, s, now_ns);
}

/* Blocks see the flag from now on. */
static void see_flag(struct cr_engine *e, struct stream *s, cr_ns now_ns)
{
  give_up_queued(e, s, s->stop.handed);
  s->stop.handed = 0;
  if (s->stop.how == CR_CAP_KILL) {
    step_at(e, s, STOP_KILLING, s->stop.kill_ns);
    return;
  }
  if (s->on)
    stop_op(e, s, 0, now_ns);
  drain(e, s, now_ns);
}

void cr_engine_stops_due(struct cr_engine *e, cr_ns now_ns)
{
  for (uint32_t i; (i = cr_sleepers_take(&e->stops, now_ns)) != CR_NONE;) {
    struct stream *s = &e->stream[i];
    if (s->stop.step == STOP_FLAGGING) {
      see_flag(e, s, now_ns);
    } else if (s->stop.step == STOP_KILLING) {
      if (s->on && may_kill(e, s))
        stop_op(e, s, 1, now_ns);
      drain(e, s, now_ns);
    } else if (s->stop.step == STOP_RETURNING) {
      give_back(e, s, now_ns);
    }
  }
  cr_engine_find_wake(e);
}

/* --- what is asked for -------------------------------------------------------------------------------------------- */

/* Of a job, at the end of the pass that is under way; at once while it sleeps, and then it has been reached later by as
 * much as it has thought. */
static void park_job(struct cr_engine *e, struct stream *s, enum cr_cap how, cr_ns now_ns)
{
  struct range *r = &e->range[s->head];
  struct passes *p = &e->passes[s->head];
  if (!cr_sleepers_has(&e->sleepers, cr_engine_stream_id(e, s))) {
    p->is_cut |= p->left > 0;
    p->left = 0;
    return;
  }
  cr_sleepers_remove(&e->sleepers, cr_engine_stream_id(e, s));
  cr_engine_find_wake(e);
  cr_ns thought_ns = r->reach_ns == CR_NS_NEVER ? 0 : now_ns - s->end_ns;
  r->reach_ns = cr_ns_add(r->reach_ns, thought_ns);
  cr_engine_leave(e, s, CR_EV_BACK, how, now_ns);
  cr_engine_last_told(e)->thought_ns = thought_ns;
}

/* Ranges none of whose ops were handed over come back at once, the others when those have ended. */
static void park(struct cr_engine *e, struct stream *s, enum cr_cap how, cr_ns now_ns)
{
  struct range *r = &e->range[s->head];
  uint32_t n_range = 1, n = 0;
  if (!e->has_iterations && !r->is_job)
    n = find_handed(e, s, count_launched(e, s), now_ns, &n_range);
  give_back_queued(e, s, n_range, how, now_ns);
  if (e->has_iterations) {
    cr_iterations_stop(e->device[s->device].iterations, s->local, now_ns);
    cr_engine_find_iterations_wake(e);
  } else if (r->is_job) {
    park_job(e, s, how, now_ns);
  } else {
    s->stop =
      (struct stop){.step = STOP_PARKING, .how = CR_CAP_PARK, .n_range = n_range, .handed = n - (uint32_t)s->on};
    s->stop.back_ns = s->stop.asked_ns = now_ns;
    if (!s->on)
      return_when_known(e, s, now_ns);
  }
}

/* The stream's part in the stops of this instant: when the host queues of all its streams so far are clear. */
static void join_reset(struct cr_engine *e, struct stream *s, uint32_t n_dropped, cr_ns now_ns)
{
  struct device *d = &e->device[s->device];
  struct reset *r = &d->reset;
  if (r->at_ns != now_ns)
    *r = (struct reset){.at_ns = now_ns, .cap = 1};
  r->clear_ns += cr_engine_price(d, CR_GPU_CLEAR);
  if (s->reclaim == CR_RECLAIM_NOW)
    r->clear_ns += n_dropped * cr_engine_price(d, CR_GPU_CLEAR_EACH);
  if (s->stop.how == CR_CAP_KILL && s->queue.cap > r->cap)
    r->cap = s->queue.cap;
}

/* All streams of the reset go by what it has come to. */
static void time_reset(struct cr_engine *e, uint32_t device)
{
  const struct device *d = &e->device[device];
  const struct reset *r = &d->reset;
  cr_ns kill_ns = cr_engine_price(d, CR_GPU_KILL);
  cr_ns from_ns = r->at_ns + cr_max_ns(r->clear_ns, cr_engine_price(d, CR_GPU_FLAG));
  for (uint32_t i = 0; i < d->n_stream; i++) {
    struct stream *s = &e->stream[d->stream[i]];
    if (s->stop.step != STOP_FLAGGING || s->stop.asked_ns != r->at_ns)
      continue;
    s->stop.kill_ns = from_ns + kill_ns;
    s->stop.back_ns = from_ns;
    if (s->stop.how == CR_CAP_KILL)
      s->stop.back_ns += kill_ns + r->cap * cr_engine_price(d, CR_GPU_KILL_MORE);
  }
}

/* Whether the head is a job's whose client thinks: then there is nothing to stop. */
static int is_asleep(const struct cr_engine *e, const struct stream *s)
{
  return cr_sleepers_has(&e->sleepers, cr_engine_stream_id(e, s));
}

void cr_engine_stop(struct cr_engine *e, struct stream *s, enum cr_cap how, cr_ns now_ns)
{
  struct device *d = &e->device[s->device];
  if (d->rotation && cr_rotation_n(d->rotation) && d->rotation_stream == cr_engine_stream_id(e, s)) {
    cr_rotation_stop(d->rotation, now_ns);
    cr_engine_find_iterations_wake(e);
  }
  struct stop before = s->stop;
  int under_way = before.step != STOP_NONE && before.step != STOP_PARKING;
  if (s->head == CR_NONE || before.step == STOP_RETURNING ||
      (under_way && (how != CR_CAP_KILL || before.how == CR_CAP_KILL)))
    return;
  if (how != CR_CAP_PARK || !e->range[s->head].is_job) /* whose iteration goes on */
    hold_back(e, s, now_ns);
  if (how == CR_CAP_PARK || (is_asleep(e, s) && !under_way)) {
    park(e, s, how, now_ns);
    return;
  }
  uint32_t n_op = count_launched(e, s), n_range, n = find_handed(e, s, n_op, now_ns, &n_range);
  s->stop = (struct stop){.how = how,
                          .n_range = count_ranges(e, s),
                          .handed = n - (uint32_t)s->on,
                          .chain_ns = before.step == STOP_NONE ? 0 : before.chain_ns,
                          .serial_ns = before.step == STOP_NONE ? 0 : before.serial_ns,
                          .asked_ns = now_ns};
  s->stop.flag_ns = before.step == STOP_FLAGGING ? before.flag_ns : now_ns + cr_engine_price(d, CR_GPU_FLAG);
  step_at(e, s, STOP_FLAGGING, s->stop.flag_ns);
  join_reset(e, s, under_way || n > n_op ? 0 : n_op - n, now_ns); /* what was dropped before is not again */
  time_reset(e, s->device);
}
