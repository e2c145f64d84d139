/* buffer_pool.c - the buffers that CUPTI fills.  The last one that came back is the first to be used again, so that no more
 * of them are touched than are in use at a time. */
#include "config.h"

#include "cupti-collector/buffer_pool.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

static void init_conditions(struct buffer_pool *p)
{
  pthread_condattr_t attr;
  pthread_condattr_init(&attr);
  pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
  pthread_cond_init(&p->on_full, &attr);
  pthread_cond_init(&p->on_free, &attr);
  pthread_condattr_destroy(&attr);
}

void buffer_pool_init(struct buffer_pool *p, int n, size_t size, uint32_t wait_ms)
{
  pthread_mutex_init(&p->lock, NULL);
  init_conditions(p);
  p->n = n < BUFFER_POOL_MAX ? n : BUFFER_POOL_MAX;
  p->size = size;
  p->wait_ms = wait_ms;
}

static struct timespec in_ms(uint32_t ms)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  t.tv_sec += ms / 1000;
  t.tv_nsec += (long)(ms % 1000) * 1000000;
  if (t.tv_nsec >= 1000000000) {
    t.tv_sec++;
    t.tv_nsec -= 1000000000;
  }
  return t;
}

static int count(const struct buffer_pool *p, enum buffer_state state)
{
  int n = 0;
  for (int i = 0; i < p->n; i++)
    n += p->buffer[i].state == state;
  return n;
}

static struct buffer *first(struct buffer_pool *p, enum buffer_state state)
{
  for (int i = 0; i < p->n; i++)
    if (p->buffer[i].state == state)
      return &p->buffer[i];
  return NULL;
}

/* How many wait for the reader, or are read. */
static int backlog(const struct buffer_pool *p)
{
  return count(p, BUFFER_FULL) + count(p, BUFFER_READ);
}

/* One that is free, else one that is made now, else NULL. */
static struct buffer *find(struct buffer_pool *p)
{
  struct buffer *b = first(p, BUFFER_FREE);
  if (b || backlog(p) >= BUFFER_POOL_BACKLOG || !(b = first(p, BUFFER_UNMADE)))
    return b;
  void *bytes = mmap(NULL, p->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (bytes == MAP_FAILED)
    return NULL;
  b->bytes = bytes;
  return b;
}

/* Waits for the reader, where there is something to wait for. */
static struct buffer *wait_for_one(struct buffer_pool *p)
{
  struct timespec until = in_ms(p->wait_ms);
  struct buffer *b = NULL;
  int rc = 0;
  if (!p->wait_ms || p->stalled)
    return NULL;
  while (!b && p->open && backlog(p) && rc != ETIMEDOUT) {
    rc = pthread_cond_timedwait(&p->on_free, &p->lock, &until);
    b = find(p);
  }
  p->stalled = rc == ETIMEDOUT && !b;
  return b;
}

uint8_t *buffer_pool_ask(struct buffer_pool *p)
{
  pthread_mutex_lock(&p->lock);
  struct buffer *b = p->open ? find(p) : NULL;
  if (!b && p->open)
    b = wait_for_one(p);
  if (b) {
    b->state = BUFFER_OUT;
    b->of_parent = 0;
  } else if (p->open) {
    p->n_refused++;
  }
  pthread_mutex_unlock(&p->lock);
  return b ? b->bytes : NULL;
}

void buffer_pool_hand_over(struct buffer_pool *p, const uint8_t *bytes, size_t n_valid)
{
  pthread_mutex_lock(&p->lock);
  int i = 0;
  while (i < p->n && (p->buffer[i].state != BUFFER_OUT || p->buffer[i].bytes != bytes))
    i++;
  if (i == p->n) {
    p->n_strange++;
  } else {
    p->buffer[i].state = BUFFER_FULL;
    p->buffer[i].n_valid = n_valid < p->size ? n_valid : p->size;
    p->queue[(p->first + p->n_queued++) % BUFFER_POOL_MAX] = i;
    pthread_cond_signal(&p->on_full);
  }
  pthread_mutex_unlock(&p->lock);
}

struct buffer *buffer_pool_take(struct buffer_pool *p, uint32_t wait_ms)
{
  struct timespec until = in_ms(wait_ms);
  struct buffer *b = NULL;
  int rc = 0;
  pthread_mutex_lock(&p->lock);
  while (!p->n_queued && !p->woken && wait_ms && rc != ETIMEDOUT)
    rc = pthread_cond_timedwait(&p->on_full, &p->lock, &until);
  if (wait_ms)
    p->woken = 0;
  if (p->n_queued) {
    b = &p->buffer[p->queue[p->first]];
    b->state = BUFFER_READ;
    p->first = (p->first + 1) % BUFFER_POOL_MAX;
    p->n_queued--;
  }
  pthread_mutex_unlock(&p->lock);
  return b;
}

void buffer_pool_give_back(struct buffer_pool *p, struct buffer *b)
{
  memset(b->bytes, 0, b->n_valid);
  pthread_mutex_lock(&p->lock);
  b->state = BUFFER_FREE;
  p->stalled = 0;
  pthread_cond_signal(&p->on_free);
  pthread_mutex_unlock(&p->lock);
}

uint64_t buffer_pool_refused(struct buffer_pool *p)
{
  pthread_mutex_lock(&p->lock);
  uint64_t n = p->n_refused;
  pthread_mutex_unlock(&p->lock);
  return n;
}

void buffer_pool_open(struct buffer_pool *p, int open)
{
  pthread_mutex_lock(&p->lock);
  p->open = open;
  pthread_cond_broadcast(&p->on_free);
  pthread_mutex_unlock(&p->lock);
}

void buffer_pool_wake(struct buffer_pool *p)
{
  pthread_mutex_lock(&p->lock);
  p->woken = 1;
  pthread_cond_signal(&p->on_full);
  pthread_mutex_unlock(&p->lock);
}

void buffer_pool_before_fork(struct buffer_pool *p)
{
  pthread_mutex_lock(&p->lock);
}

void buffer_pool_after_fork(struct buffer_pool *p)
{
  pthread_mutex_unlock(&p->lock);
}

/* The lock is held, by the thread that forked; its waiters and the reader are not there any more. */
void buffer_pool_in_child(struct buffer_pool *p)
{
  for (int i = 0; i < p->n; i++) {
    struct buffer *b = &p->buffer[i];
    if (b->state == BUFFER_FULL || b->state == BUFFER_READ) {
      memset(b->bytes, 0, p->size);
      b->state = BUFFER_FREE;
    }
    b->of_parent = b->state == BUFFER_OUT;
  }
  p->first = p->n_queued = 0;
  p->n_refused = p->n_strange = 0;
  p->stalled = p->woken = 0;
  init_conditions(p);
  pthread_mutex_init(&p->lock, NULL);
}
