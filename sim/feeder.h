/* feeder.h - the one thread of a host that feeds the device queues of several streams.
 *
 * It launches op after op: those of one queue `push` apart or more, and those of all queues `serial` apart, since it makes one call at
 * a time.  A queue of n takes op j when op j - n has ended and the host has seen that, `notice` later.  Queues that could go on wait for
 * the thread's turn: it goes round, and makes up to CR_FEEDER_TURN launches at each, as sim/cuda_queue.c does.
 *
 * Unlike a queue that has a thread of its own (sim/device_queue.h), a launch here depends on what other streams do meanwhile, so that
 * each is an event: cr_feeder_next_ns says when, cr_feeder_take makes it. */
#ifndef CR_FEEDER_H
#define CR_FEEDER_H
#include "sim/base.h"

enum {
  CR_FEEDER_TURN = 4,
  CR_FEEDER_AHEAD = 512, /* ops in a stream without a device queue that is fed all the same: as in sim/cuda_parts.c */
  CR_FEEDER_TIMES = 64
}; /* a power of two: ends and launches remembered, more than any notice takes */

struct cr_feeder_queue {
  uint32_t cap;                          /* ops it holds, the one that runs included; 0: it is not fed */
  uint32_t left;                         /* ops that the host has and has not launched */
  uint64_t n_pushed, n_started, n_ended; /* since it was empty last */
  int is_stopped;                        /* by a preemption */
  cr_ns from_ns;                         /* no launch before */
  cr_ns pushed_ns[CR_FEEDER_TIMES], end_ns[CR_FEEDER_TIMES]; /* by number, modulo */
};

struct cr_feeder {
  cr_ns push_ns, serial_ns, notice_ns;
  cr_ns free_ns;           /* when the thread can make its next call */
  cr_ns next_ns;           /* of the next launch; CR_NS_NEVER: there is none */
  uint32_t next, at, turn; /* next: its queue; at: the one whose turn it is, for so many launches more */
  uint32_t n_queue;
  struct cr_feeder_queue *queue; /* [n_queue], the caller's */
};

/* A queue is handed n ops more; one that is stopped is not. */
void cr_feeder_hand(struct cr_feeder *f, uint32_t q, uint32_t n, cr_ns now_ns);

static inline cr_ns cr_feeder_next_ns(const struct cr_feeder *f)
{
  return f->next_ns;
}

/* The queue into which an op is launched by now_ns; CR_NONE: into none.  O(queues). */
uint32_t cr_feeder_take(struct cr_feeder *f, cr_ns now_ns);

/* The queue's next op starts, if it has been launched: then 1, and when. */
int cr_feeder_start(struct cr_feeder *f, uint32_t q, cr_ns *pushed_ns);
void cr_feeder_end(struct cr_feeder *f, uint32_t q, cr_ns now_ns); /* the op that started last has ended */

/* What was not launched is dropped, and the queue not fed; how many lie in the device queue behind the op that started last. */
uint32_t cr_feeder_stop(struct cr_feeder *f, uint32_t q);
/* Nothing is in it but for the op that may have started since (is_on); it is fed with so many ops, what its stream holds by now. */
void cr_feeder_resume(struct cr_feeder *f, uint32_t q, int is_on, uint32_t left, cr_ns now_ns);

#endif
