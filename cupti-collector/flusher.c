/* flusher.c - the thread that asks CUPTI for buffers that are not full.  It sleeps in between, and holds nothing while it asks but
 * what keeps forks away. */
#include "config.h"

#include "cupti-collector/flusher.h"

#include <errno.h>
#include <sys/prctl.h>
#include <time.h>

#include "cupti-collector/quiet_thread.h"

enum { STUCK_S = 10 /* at the end */ };

static struct timespec after_ms(uint64_t ms)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  uint64_t ns = (uint64_t)t.tv_nsec + ms * 1000000;
  t.tv_sec += (time_t)(ns / 1000000000);
  t.tv_nsec = (long)(ns % 1000000000);
  return t;
}

/* Sleeps until the next time; whether there is one. */
static int wait_next(struct flusher *f)
{
  struct timespec until = after_ms(f->every_ms);
  int rc = 0;
  pthread_mutex_lock(&f->lock);
  while (!f->stop && rc != ETIMEDOUT)
    rc = pthread_cond_timedwait(&f->on_change, &f->lock, &until);
  int stop = f->stop;
  pthread_mutex_unlock(&f->lock);
  return !stop;
}

static void *body(void *arg)
{
  struct flusher *f = arg;
  (void)prctl(PR_SET_NAME, "corun-flush", 0, 0, 0);
  while (wait_next(f)) {
    pthread_mutex_lock(&f->flush_lock);
    (void)f->calls->flush_all(0);
    pthread_mutex_unlock(&f->flush_lock);
  }
  pthread_mutex_lock(&f->lock);
  f->state = FLUSHER_DONE;
  pthread_cond_broadcast(&f->on_change);
  pthread_mutex_unlock(&f->lock);
  return NULL;
}

void flusher_init(struct flusher *f)
{
  pthread_condattr_t attr;
  pthread_mutex_init(&f->lock, NULL);
  pthread_mutex_init(&f->flush_lock, NULL);
  pthread_condattr_init(&attr);
  pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
  pthread_cond_init(&f->on_change, &attr);
  pthread_condattr_destroy(&attr);
  f->state = FLUSHER_NONE;
  f->stop = 0;
}

int flusher_start(struct flusher *f)
{
  if (!f->every_ms)
    return 0;
  f->state = FLUSHER_RUNNING;
  int code = quiet_thread_start(&f->thread, body, f);
  if (code)
    f->state = FLUSHER_NONE;
  return code;
}

void flusher_stop(struct flusher *f)
{
  struct timespec until = after_ms(STUCK_S * 1000);
  int rc = 0;
  pthread_mutex_lock(&f->lock);
  f->stop = 1;
  pthread_cond_broadcast(&f->on_change);
  while (f->state == FLUSHER_RUNNING && rc != ETIMEDOUT)
    rc = pthread_cond_timedwait(&f->on_change, &f->lock, &until);
  int is_done = f->state == FLUSHER_DONE;
  f->state = is_done ? FLUSHER_NONE : f->state;
  pthread_mutex_unlock(&f->lock);
  if (is_done)
    quiet_thread_end(f->thread);
}

void flusher_before_fork(struct flusher *f)
{
  pthread_mutex_lock(&f->flush_lock);
}

void flusher_after_fork(struct flusher *f)
{
  pthread_mutex_unlock(&f->flush_lock);
}

void flusher_in_child(struct flusher *f)
{
  flusher_init(f);
}
