/* quiet_thread.c - how the collector's threads begin. */
#include "config.h"

#include "cupti-collector/quiet_thread.h"

#include <pthread.h>
#include <signal.h>

enum { STACK_BYTES = 1 << 20 };

int quiet_thread_start(void *(*body)(void *), void *arg)
{
  pthread_t thread;
  pthread_attr_t attr;
  sigset_t all, before;
  sigfillset(&all);
  pthread_attr_init(&attr);
  pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attr, STACK_BYTES);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int code = pthread_create(&thread, &attr, body, arg);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attr);
  return code;
}
