/* feeder.c - one thread that launches ops into several streams. */
#include "config.h"

#include "sim/feeder.h"

#include <assert.h>

/* When the thread could launch the queue's next op, if it had nothing else to do; CR_NS_NEVER: it has to wait for an end. */
static cr_ns ready_ns(const struct cr_feeder *f, const struct cr_feeder_queue *q)
{
  if (!q->left || q->is_stopped)
    return CR_NS_NEVER;
  cr_ns at_ns = q->from_ns;
  if (q->n_pushed)
    at_ns = cr_max_ns(at_ns, q->pushed_ns[(q->n_pushed - 1) % CR_FEEDER_TIMES] + f->push_ns);
  if (q->n_pushed < q->cap)
    return at_ns;
  uint64_t before = q->n_pushed - q->cap;
  if (before >= q->n_ended)
    return CR_NS_NEVER;
  if (q->n_ended - before > CR_FEEDER_TIMES)
    return at_ns;
  return cr_max_ns(at_ns, q->end_ns[before % CR_FEEDER_TIMES] + f->notice_ns);
}

/* The first that can go on; of those that wait for the thread, the one whose turn it is, or else the next one round. */
static void find_next(struct cr_feeder *f)
{
  f->next_ns = CR_NS_NEVER;
  for (uint32_t i = 0; i < f->n_queue; i++) {
    uint32_t q = (f->at + i) % f->n_queue;
    cr_ns at_ns = f->queue[q].cap ? ready_ns(f, &f->queue[q]) : CR_NS_NEVER;
    at_ns = cr_max_ns(at_ns, f->free_ns);
    if (at_ns < f->next_ns) {
      f->next_ns = at_ns;
      f->next = q;
    }
  }
}

void cr_feeder_hand(struct cr_feeder *f, uint32_t q, uint32_t n, cr_ns now_ns)
{
  struct cr_feeder_queue *queue = &f->queue[q];
  if (queue->is_stopped)
    return;
  if (queue->left == 0)
    queue->from_ns = now_ns;
  queue->left += n;
  find_next(f);
}

uint32_t cr_feeder_take(struct cr_feeder *f, cr_ns now_ns)
{
  if (f->next_ns > now_ns)
    return CR_NONE;
  uint32_t taken = f->next;
  struct cr_feeder_queue *q = &f->queue[taken];
  q->pushed_ns[q->n_pushed++ % CR_FEEDER_TIMES] = f->next_ns;
  q->left--;
  f->free_ns = f->next_ns + f->serial_ns;
  if (f->at != taken || !f->turn) {
    f->at = taken;
    f->turn = CR_FEEDER_TURN;
  }
  if (--f->turn == 0)
    f->at = (taken + 1) % f->n_queue;
  find_next(f);
  return taken;
}

int cr_feeder_start(struct cr_feeder *f, uint32_t q, cr_ns *pushed_ns)
{
  struct cr_feeder_queue *queue = &f->queue[q];
  if (queue->n_started == queue->n_pushed)
    return 0;
  *pushed_ns = 0;
  if (queue->n_pushed - queue->n_started <= CR_FEEDER_TIMES)
    *pushed_ns = queue->pushed_ns[queue->n_started % CR_FEEDER_TIMES];
  queue->n_started++;
  return 1;
}

void cr_feeder_end(struct cr_feeder *f, uint32_t q, cr_ns now_ns)
{
  struct cr_feeder_queue *queue = &f->queue[q];
  assert(queue->n_ended < queue->n_started);
  queue->end_ns[queue->n_ended++ % CR_FEEDER_TIMES] = now_ns;
  find_next(f);
}

uint32_t cr_feeder_stop(struct cr_feeder *f, uint32_t q)
{
  struct cr_feeder_queue *queue = &f->queue[q];
  queue->left = 0;
  queue->is_stopped = 1;
  find_next(f);
  return (uint32_t)(queue->n_pushed - queue->n_started);
}

void cr_feeder_resume(struct cr_feeder *f, uint32_t q, int is_on, uint32_t left, cr_ns now_ns)
{
  struct cr_feeder_queue *queue = &f->queue[q];
  if (!queue->is_stopped)
    return;
  queue->n_pushed = queue->n_started = (uint64_t)is_on;
  queue->n_ended = 0;
  queue->pushed_ns[0] = now_ns;
  queue->is_stopped = 0;
  queue->left = left;
  queue->from_ns = now_ns;
  find_next(f);
}
