/* quiet_thread.h - how the collector's threads begin: with all signals blocked, so that none of the program's is handled in them
 * and a file that grows beyond the program's limit is an error of write(2) and not the program's end. */
#ifndef CR_QUIET_THREAD_H
#define CR_QUIET_THREAD_H

/* A detached thread that does body(arg).  0, or errno. */
int quiet_thread_start(void *(*body)(void *), void *arg);

#endif
