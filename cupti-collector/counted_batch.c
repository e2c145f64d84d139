/* counted_batch.c - one batch, which is either side's: a program that is counted is slow anyway, and waits for the writer. */
#include "config.h"

#include "cupti-collector/counted_batch.h"

#include <errno.h>
#include <sys/mman.h>
#include <time.h>

static void init_lock(struct counted_batch *b)
{
  pthread_condattr_t attr;
  pthread_mutex_init(&b->lock, NULL);
  pthread_condattr_init(&attr);
  pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
  pthread_cond_init(&b->on_taken, &attr);
  pthread_condattr_destroy(&attr);
}

void counted_batch_init(struct counted_batch *b)
{
  void *p = mmap(NULL, COUNTED_BATCH * sizeof *b->kernel, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  init_lock(b);
  b->kernel = p == MAP_FAILED ? NULL : p;
}

int counted_batch_hand_over(struct counted_batch *b, void (*wake)(void *), void *ctx, int s)
{
  struct timespec until;
  int rc = 0;
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_sec += s;
  pthread_mutex_lock(&b->lock);
  b->full = 1;
  pthread_mutex_unlock(&b->lock);
  wake(ctx);
  pthread_mutex_lock(&b->lock);
  while (b->full && rc != ETIMEDOUT)
    rc = pthread_cond_timedwait(&b->on_taken, &b->lock, &until);
  int taken = !b->full;
  pthread_mutex_unlock(&b->lock);
  return taken;
}

int counted_batch_ready(struct counted_batch *b)
{
  if (!b->kernel)
    return 0;
  pthread_mutex_lock(&b->lock);
  int full = b->full;
  pthread_mutex_unlock(&b->lock);
  return full;
}

void counted_batch_taken(struct counted_batch *b)
{
  pthread_mutex_lock(&b->lock);
  b->n = 0;
  b->full = 0;
  pthread_cond_broadcast(&b->on_taken);
  pthread_mutex_unlock(&b->lock);
}

void counted_batch_in_child(struct counted_batch *b)
{
  b->full = 0;
  b->n = 0;
  init_lock(b);
}
