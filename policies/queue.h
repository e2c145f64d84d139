/* queue.h - queues of requests for policies, threaded through the policy's own request state.
 *
 * A policy allocates nothing, and may own any number of requests; so each request carries the links of the one queue
 * it can be in.  Its request state begins with a struct cr_link (or is one: .request_bytes = sizeof(struct cr_link)).
 * Links hold slot + 1, so that zeroed state is an empty queue.
 *
 *   cr_queue    first in, first out; every operation O(1)
 *   cr_ranking  least key first, ties in order of arrival in it; push O(1), pop O(log n) amortised: a pairing heap
 *               (Fredman, Sedgewick, Sleator and Tarjan, Algorithmica 1, 1986) */
#ifndef CR_QUEUE_H
#define CR_QUEUE_H
#include "sim/policy.h"

struct cr_link {
  uint64_t key, seq;
  uint32_t next, child; /* slot + 1; 0: none */
};

static inline struct cr_link *cr_link_of(const struct cr_policy *p, uint32_t slot_plus_1)
{
  return cr_request_state(p, (cr_request){slot_plus_1 - 1});
}

/* --- first in, first out ------------------------------------------------------------------------------------------ */

struct cr_queue {
  uint32_t head, tail, n;
};

static inline void cr_queue_push(const struct cr_policy *p, struct cr_queue *q, cr_request r)
{
  cr_link_of(p, r.i + 1)->next = 0;
  if (q->tail)
    cr_link_of(p, q->tail)->next = r.i + 1;
  else
    q->head = r.i + 1;
  q->tail = r.i + 1;
  q->n++;
}

/* Back to the front, as for a request that was preempted. */
static inline void cr_queue_push_front(const struct cr_policy *p, struct cr_queue *q, cr_request r)
{
  cr_link_of(p, r.i + 1)->next = q->head;
  q->head = r.i + 1;
  if (!q->tail)
    q->tail = r.i + 1;
  q->n++;
}

/* The oldest, removed.  The queue must not be empty: see n. */
static inline cr_request cr_queue_pop(const struct cr_policy *p, struct cr_queue *q)
{
  cr_request r = {q->head - 1};
  q->head = cr_link_of(p, q->head)->next;
  if (!q->head)
    q->tail = 0;
  q->n--;
  return r;
}

/* Takes requests of leader's client, which was popped, out of the queue to run together with it, the first ones, as many as there
 * are and its batch allows; none of those that have begun, or if it has.  O(n) for clients that have a batch. */
static inline void cr_queue_batch(struct cr_policy *p, struct cr_queue *q, cr_request leader)
{
  uint32_t client = cr_request_client(p, leader).i, left = p->view->client_batch[client] - 1, before = 0;
  if (p->view->request_next_op[leader.i])
    return;
  for (uint32_t at = q->head, next; at && left; at = next) {
    cr_request r = {at - 1};
    next = cr_link_of(p, at)->next;
    if (cr_request_client(p, r).i != client || p->view->request_next_op[r.i]) {
      before = at;
      continue;
    }
    if (before)
      cr_link_of(p, before)->next = next;
    else
      q->head = next;
    if (!next)
      q->tail = before;
    q->n--;
    left--;
    cr_batch(p, leader, r);
  }
}

/* --- least key first ---------------------------------------------------------------------------------------------- */

struct cr_ranking {
  uint32_t root, n;
  uint64_t seq;
};

/* The lesser of two trees takes the other as its first child. */
static inline uint32_t cr_ranking_join(const struct cr_policy *p, uint32_t a, uint32_t b)
{
  if (!a || !b)
    return a | b;
  struct cr_link *x = cr_link_of(p, a), *y = cr_link_of(p, b);
  if (y->key < x->key || (y->key == x->key && y->seq < x->seq)) {
    x->next = y->child;
    y->child = a;
    return b;
  }
  y->next = x->child;
  x->child = b;
  return a;
}

/* seq: its place among equal keys, as of a link that was in before. */
static inline void cr_ranking_put(const struct cr_policy *p, struct cr_ranking *q, cr_request r, uint64_t key,
                                  uint64_t seq)
{
  *cr_link_of(p, r.i + 1) = (struct cr_link){.key = key, .seq = seq};
  q->root = cr_ranking_join(p, q->root, r.i + 1);
  q->n++;
}

static inline void cr_ranking_push(const struct cr_policy *p, struct cr_ranking *q, cr_request r, uint64_t key)
{
  cr_ranking_put(p, q, r, key, q->seq++);
}

/* The least, removed.  The ranking must not be empty: see n.  Its children are joined in pairs from the front, and
 * the pairs from the back. */
static inline cr_request cr_ranking_pop(const struct cr_policy *p, struct cr_ranking *q)
{
  cr_request r = {q->root - 1};
  uint32_t pairs = 0; /* joined so far, the last first */
  for (uint32_t a = cr_link_of(p, q->root)->child; a;) {
    uint32_t b = cr_link_of(p, a)->next, rest = b ? cr_link_of(p, b)->next : 0;
    uint32_t pair = cr_ranking_join(p, a, b);
    cr_link_of(p, pair)->next = pairs;
    pairs = pair;
    a = rest;
  }
  q->root = 0;
  while (pairs) {
    uint32_t rest = cr_link_of(p, pairs)->next;
    q->root = cr_ranking_join(p, q->root, pairs);
    pairs = rest;
  }
  q->n--;
  return r;
}

#endif
