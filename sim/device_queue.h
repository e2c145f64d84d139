/* device_queue.h - how a stream is fed: a host queue without end, of which a few ops at a time lie in the device queue.
 *
 * The host launches op after op, `push` apart.  A launch is held back while the device queue is full: with a queue of n, op j
 * follows the end of op j - n by `notice`, the time in which the host sees that end.  An op can start `fetch` after its launch.
 * So a small queue leaves the device idle between short ops, and a large one holds many that a preemption has to deal with
 * (REEF, Han et al., OSDI 2022, section 4).  A queue of 0 is an ideal one: an op is there the moment it can start, for
 * nothing, and never sooner. */
#ifndef CR_DEVICE_QUEUE_H
#define CR_DEVICE_QUEUE_H
#include "sim/base.h"

enum { CR_DEVICE_QUEUE_ENDS = 64 }; /* a power of two: ends that are remembered, more than any notice takes */

struct cr_device_queue {
  uint32_t cap; /* ops it holds, the one that runs included; 0: ideal */
  cr_ns push_ns, notice_ns, fetch_ns;
  cr_ns pushed_ns;                    /* when the op that was started last was launched */
  cr_ns before_ns;                    /* the same of the one before it */
  uint64_t n_pushed;                  /* started so far */
  cr_ns end_ns[CR_DEVICE_QUEUE_ENDS]; /* by number, modulo */
};

/* The next op is started, once its program has launched it at launched_ns; from when on it can run. */
cr_ns cr_device_queue_push(struct cr_device_queue *q, cr_ns launched_ns);

/* The op started last is not: it stays with the host.  Once, before the next one is. */
void cr_device_queue_take_back(struct cr_device_queue *q);

/* The op started last has ended. */
void cr_device_queue_end(struct cr_device_queue *q, cr_ns now_ns);

/* How many of the next n ops, behind the one started last, lie in the device queue at now_ns. */
uint32_t cr_device_queue_behind(const struct cr_device_queue *q, uint32_t n, cr_ns now_ns);

/* Whether the one started last had been launched by then. */
static inline int cr_device_queue_has_last(const struct cr_device_queue *q, cr_ns now_ns)
{
  return q->cap == 0 || q->pushed_ns <= now_ns;
}

#endif
