/* device_queue.c - when a stream's ops reach the device. */
#include "config.h"

#include "sim/device_queue.h"

/* When op number j, of which `before_ns` is the launch before, could be launched. */
static cr_ns next_push(const struct cr_device_queue *q, uint64_t j, cr_ns before_ns)
{
  cr_ns at_ns = j ? before_ns + q->push_ns : 0;
  if (j < q->cap || q->cap > CR_DEVICE_QUEUE_ENDS)
    return at_ns;
  return cr_max_ns(at_ns, q->end_ns[(j - q->cap) % CR_DEVICE_QUEUE_ENDS] + q->notice_ns);
}

cr_ns cr_device_queue_push(struct cr_device_queue *q, cr_ns launched_ns)
{
  if (q->cap == 0)
    return launched_ns;
  q->before_ns = q->pushed_ns;
  q->pushed_ns = cr_max_ns(next_push(q, q->n_pushed, q->pushed_ns), launched_ns);
  q->n_pushed++;
  return q->pushed_ns + q->fetch_ns;
}

void cr_device_queue_take_back(struct cr_device_queue *q)
{
  q->pushed_ns = q->before_ns;
  q->n_pushed--;
}

void cr_device_queue_end(struct cr_device_queue *q, cr_ns now_ns)
{
  if (q->cap)
    q->end_ns[(q->n_pushed - 1) % CR_DEVICE_QUEUE_ENDS] = now_ns;
}

uint32_t cr_device_queue_behind(const struct cr_device_queue *q, uint32_t n, cr_ns now_ns)
{
  uint32_t behind = 0;
  cr_ns pushed_ns = q->pushed_ns;
  while (behind + 1 < q->cap && behind < n) {
    pushed_ns = next_push(q, q->n_pushed + behind, pushed_ns);
    if (pushed_ns > now_ns)
      break;
    behind++;
  }
  return behind;
}
