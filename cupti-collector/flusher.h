/* flusher.h - the thread that has CUPTI hand over, now and then, what has ended in buffers that are not full.
 *
 * A thread of its own, since CUPTI may keep a caller waiting: for its lock, which a thread of the program can hold while it asks
 * for a buffer, and waits for the writer (buffer_pool.h).  The writer never waits for CUPTI, so that this ends.  (CUPTI's own
 * cuptiActivityFlushPeriod, when it is called before CUDA is initialised, did nothing on the machine it was tried on: CUPTI
 * 130001.) */
#ifndef CR_FLUSHER_H
#define CR_FLUSHER_H
#include <pthread.h>
#include <stdint.h>

#include "cupti-collector/cupti_calls.h"

enum flusher_state { FLUSHER_NONE, FLUSHER_RUNNING, FLUSHER_DONE };

struct flusher {
  /* set before it starts */
  const struct cupti_calls *calls;
  uint32_t every_ms; /* 0: never */

  pthread_mutex_t lock; /* of the following */
  pthread_cond_t on_change;
  enum flusher_state state;
  pthread_t thread; /* unless FLUSHER_NONE */
  int stop;

  pthread_mutex_t flush_lock; /* held while CUPTI is asked, so that no fork comes in between */
};

void flusher_init(struct flusher *f);

/* Once CUPTI records.  0, or errno. */
int flusher_start(struct flusher *f);

/* No more is asked for; waits for what is being asked, at most 10 seconds, and ends the thread. */
void flusher_stop(struct flusher *f);

/* Around fork(2).  Before is to come ahead of what CUPTI does before a fork: a flush that it keeps waiting could not end. */
void flusher_before_fork(struct flusher *f);
void flusher_after_fork(struct flusher *f);
void flusher_in_child(struct flusher *f);

#endif
