/* buffer_pool.h - the buffers that CUPTI fills: a bounded number, made as they are needed, handed over full, used again.
 *
 * CUPTI gives work its place in a buffer when it is launched, and hands the buffer over when all of it has ended: a program
 * that launches far ahead of the GPU (replays of graphs: 100,000 kernels) has many buffers out, and needs them.  Buffers that
 * are full and wait for the reader are another matter: of these there are at most BUFFER_POOL_BACKLOG, beyond which the
 * program waits a little rather than that memory grows.
 *
 * Threads in CUPTI's callbacks ask and hand over; one thread takes and gives back.  They may wait for it with CUPTI's lock in
 * their hands, so that it must never wait for CUPTI.  A buffer is zeros when it is handed out.  Memory comes from mmap and never
 * goes back: CUPTI may hold a buffer for as long as it likes. */
#ifndef CR_BUFFER_POOL_H
#define CR_BUFFER_POOL_H
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

enum { BUFFER_POOL_MAX = 128, BUFFER_POOL_BACKLOG = 6 };

enum buffer_state { BUFFER_UNMADE, BUFFER_FREE, BUFFER_OUT, BUFFER_FULL, BUFFER_READ };

struct buffer {
  uint8_t *bytes;
  size_t n_valid;
  enum buffer_state state;
  int of_parent; /* it was out when this process was forked: it may begin with the parent's records */
};

struct buffer_pool {
  pthread_mutex_t lock;
  pthread_cond_t on_full; /* for the reader: a buffer is full, or buffer_pool_wake */
  pthread_cond_t on_free;
  struct buffer buffer[BUFFER_POOL_MAX];
  int n;            /* at most so many */
  size_t size;      /* bytes of each */
  uint32_t wait_ms; /* see buffer_pool_ask */
  int open;         /* hands out buffers */
  int stalled;      /* a wait was in vain, and no buffer has come back since */
  int woken;
  int queue[BUFFER_POOL_MAX], first, n_queued; /* full ones, in order */
  uint64_t n_refused;
  uint64_t n_strange; /* buffers handed over that are not out */
};

void buffer_pool_init(struct buffer_pool *p, int n, size_t size, uint32_t wait_ms);

/* A zeroed buffer, or NULL.  Where the reader is behind it waits wait_ms for one; after a wait in vain nobody waits until one
 * has come back, so that a stalled disk costs the program one wait and not one a buffer. */
uint8_t *buffer_pool_ask(struct buffer_pool *p);

/* A buffer comes back with so many bytes of records. */
void buffer_pool_hand_over(struct buffer_pool *p, const uint8_t *bytes, size_t n_valid);

/* The oldest full buffer; waits at most wait_ms (0: not at all), NULL then or when woken. */
struct buffer *buffer_pool_take(struct buffer_pool *p, uint32_t wait_ms);
void buffer_pool_give_back(struct buffer_pool *p, struct buffer *b);

uint64_t buffer_pool_refused(struct buffer_pool *p); /* how often there was none */

void buffer_pool_open(struct buffer_pool *p, int open);
void buffer_pool_wake(struct buffer_pool *p);

/* Around fork(2): before, and after in the parent; in the child, where full buffers are the parent's. */
void buffer_pool_before_fork(struct buffer_pool *p);
void buffer_pool_after_fork(struct buffer_pool *p);
void buffer_pool_in_child(struct buffer_pool *p);

#endif
