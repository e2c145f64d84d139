/* host_batch.c - requests that run together, of which one stands for all. */
#include "config.h"

#include "sim/host.h"

void cr_host_grant_batch(struct cr_host *h, const struct cr_note *asked)
{
  struct cr_flight *leader = &h->flight[asked->a], *f = &h->flight[asked->b];
  if (h->request_batch[asked->a]++ == 1)
    leader->batch_next = asked->b;
  else
    h->flight[leader->batch_last].batch_next = asked->b;
  leader->batch_last = asked->b;
  f->batch_of = asked->a;
  f->batch_next = CR_NONE;
  h->request_batch[asked->b] = 0;
}

void cr_host_follow_leader(struct cr_host *h, uint32_t leader)
{
  const struct cr_flight *l = &h->flight[leader];
  if (h->request_batch[leader] <= 1)
    return;
  for (uint32_t r = l->batch_next; r != CR_NONE; r = h->flight[r].batch_next) {
    h->flight[r].stream = l->stream;
    h->flight[r].end_op = l->end_op;
    h->flight[r].row = l->row;
    h->request_next_op[r] = h->request_next_op[leader];
    h->request_handed_op[r] = h->request_handed_op[leader];
    h->request_ran_ns[r] = h->request_ran_ns[leader];
  }
}

void cr_host_part_batch(struct cr_host *h, uint32_t leader)
{
  const struct cr_flight *l = &h->flight[leader];
  if (h->request_batch[leader] <= 1)
    return;
  for (uint32_t r = l->batch_next; r != CR_NONE; r = h->flight[r].batch_next) {
    h->flight[r].batch_of = CR_NONE;
    h->flight[r].ran_ns = l->ran_ns;
  }
  h->request_batch[leader] = 1;
}
