/* quiet_thread.c - how the collector's threads begin. */
#include "config.h"

#include "cupti-collector/quiet_thread.h"

#include <signal.h>
#include <time.h>

enum { STACK_BYTES = 1 << 20, GONE_S = 1 };

int quiet_thread_start(pthread_t *thread, void *(*body)(void *), void *arg)
{
  pthread_attr_t attr;
  sigset_t all, before;
  sigfillset(&all);
  pthread_attr_init(&attr);
  pthread_attr_setstacksize(&attr, STACK_BYTES);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int code = pthread_create(thread, &attr, body, arg);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attr);
  return code;
}

/* Not for as long as it takes: libraries that were called in it may do something as it ends, and the program is to end all the same. */
void quiet_thread_end(pthread_t thread)
{
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += GONE_S;
  (void)pthread_timedjoin_np(thread, NULL, &until);
}
