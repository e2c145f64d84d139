/* quiet_thread.h - how the collector's threads begin: with all signals blocked, so that none of the program's is handled in them
 * and a file that grows beyond the program's limit is an error of write(2) and not the program's end. */
#ifndef CR_QUIET_THREAD_H
#define CR_QUIET_THREAD_H
#include <pthread.h>

/* A thread that does body(arg), to be ended.  0, or errno. */
int quiet_thread_start(pthread_t *thread, void *(*body)(void *), void *arg);

/* Of a thread that has nothing more to do: waits until it is gone, at most a second.  What looks at all threads while the program exits,
 * as a leak checker does, finds none on its way out then. */
void quiet_thread_end(pthread_t thread);

#endif
