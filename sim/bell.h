/* bell.h - one thread tells others that something is new, by counting on.
 *
 * Who waits passes the count that it has seen, so that no ring is lost.  A bell that polls never sleeps: for threads that have a
 * core of their own, and are to notice at once.  Others look for a moment, and then sleep until it rings; ringing costs a system
 * call only when someone sleeps. */
#ifndef CR_BELL_H
#define CR_BELL_H
#include <pthread.h>
#include <stdatomic.h>

#include "sim/base.h"

struct cr_bell {
  _Alignas(64) _Atomic uint32_t n;
  _Atomic uint32_t n_asleep;
  int polls;
  pthread_mutex_t lock;
  pthread_cond_t rings;
};

void cr_bell_init(struct cr_bell *b, int polls);
void cr_bell_fini(struct cr_bell *b);

/* What was written before is seen by those whom it wakes, and who see the count. */
void cr_bell_ring(struct cr_bell *b);

static inline uint32_t cr_bell_count(struct cr_bell *b)
{
  return atomic_load_explicit(&b->n, memory_order_acquire);
}

/* Returns once the count is no longer `seen`. */
void cr_bell_wait(struct cr_bell *b, uint32_t seen);

/* One moment of a loop that looks for something: a core's sibling gets the time, or on cores that are shared other threads do. */
void cr_bell_pause(const struct cr_bell *b);

#endif
