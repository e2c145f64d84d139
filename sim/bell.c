/* bell.c - an event count: a number, and a condition variable for those who sleep. */
#include "config.h"

#include "sim/bell.h"

#include <sched.h>

enum { LOOKS = 200 }; /* before a thread that shares its core sleeps */

#if defined(__x86_64__)
static void relax(void)
{
  __builtin_ia32_pause();
}
#else
static void relax(void) {}
#endif

void cr_bell_init(struct cr_bell *b, int polls)
{
  atomic_init(&b->n, 0);
  atomic_init(&b->n_asleep, 0);
  b->polls = polls;
  pthread_mutex_init(&b->lock, NULL);
  pthread_cond_init(&b->rings, NULL);
}

void cr_bell_fini(struct cr_bell *b)
{
  pthread_cond_destroy(&b->rings);
  pthread_mutex_destroy(&b->lock);
}

/* Either the sleeper sees the count, or this sees the sleeper: both are sequentially consistent. */
void cr_bell_ring(struct cr_bell *b)
{
  atomic_fetch_add(&b->n, 1);
  if (atomic_load(&b->n_asleep) == 0)
    return;
  pthread_mutex_lock(&b->lock);
  pthread_cond_broadcast(&b->rings);
  pthread_mutex_unlock(&b->lock);
}

void cr_bell_pause(const struct cr_bell *b)
{
  if (b->polls)
    relax();
  else
    sched_yield();
}

void cr_bell_wait(struct cr_bell *b, uint32_t seen)
{
  for (int i = 0; b->polls || i < LOOKS; i++) {
    if (cr_bell_count(b) != seen)
      return;
    cr_bell_pause(b);
  }
  pthread_mutex_lock(&b->lock);
  atomic_fetch_add(&b->n_asleep, 1);
  while (atomic_load(&b->n) == seen)
    pthread_cond_wait(&b->rings, &b->lock);
  atomic_fetch_sub(&b->n_asleep, 1);
  pthread_mutex_unlock(&b->lock);
}
