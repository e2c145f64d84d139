/* writer_thread.h - the thread that opens the spool, writes all that goes into it, and closes it.
 *
 * The program's threads may wait for it with CUPTI's lock in their hands, so that of CUPTI it calls only what may be called in
 * callbacks, too: for the next record, the time, and names of results. */
#ifndef CR_WRITER_THREAD_H
#define CR_WRITER_THREAD_H
#include <pthread.h>

#include "cupti-collector/buffer_pool.h"
#include "cupti-collector/collect_options.h"
#include "cupti-collector/counted_batch.h"
#include "cupti-collector/cupti_calls.h"
#include "cupti-collector/graph_nodes.h"
#include "traces/spool_write.h"

enum { WRITER_NOTES = 24, WRITER_NOTE_BYTES = 512 };

struct writer_note {
  enum cr_spool_level level;
  uint32_t code;
  char text[WRITER_NOTE_BYTES];
};

enum writer_state { WRITER_NONE, WRITER_OPENING, WRITER_OPEN, WRITER_FAILED, WRITER_DONE };

struct writer_thread {
  /* set before it starts */
  const struct collect_options *options;
  const char *options_text;
  const struct cupti_calls *calls; /* calls->version 0: there is no CUPTI */
  struct buffer_pool *pool;
  struct graph_nodes *nodes;
  struct counted_batch *counted;
  uint32_t forked_from;
  uint32_t driver_version; /* 0: not known */
  uint64_t since_ns;       /* of the fork, in CUPTI's time; 0: none */

  pthread_mutex_t lock; /* of the following */
  pthread_cond_t on_change;
  enum writer_state state;
  int open_code; /* errno, when state is WRITER_FAILED */
  int stop;
  uint64_t n_step; /* grows while it gets on */
  struct writer_note note[WRITER_NOTES];
  int n_note;

  pthread_t thread;
  int is_there; /* the thread is to be ended; the program's, not the thread's */

  uint64_t dropped;        /* added to by CUPTI's callbacks, atomically */
  int64_t cupti_less_mono; /* the latest of CUPTI's time minus monotonic time */

  /* the thread's own */
  struct cr_spool_writer *w;
  struct cr_spool_counts counts, written;
  char text[CR_SPOOL_TEXT_BYTES_MAX + 1];
};

void writer_thread_init(struct writer_thread *t);

/* Starts it and waits until the spool is open, or is not.  0, or errno. */
int writer_thread_start(struct writer_thread *t);

/* A sentence for the spool; too many are left out. */
void writer_thread_note(struct writer_thread *t, enum cr_spool_level level, uint32_t code, const char *text);

/* Has it write all that was handed over, and the end, and waits for that as long as it gets on; then ends the thread. */
void writer_thread_stop(struct writer_thread *t);

/* Around fork(2), as in buffer_pool.h: in the child there is no thread, and the parent's file is closed. */
void writer_thread_before_fork(struct writer_thread *t);
void writer_thread_after_fork(struct writer_thread *t);
void writer_thread_in_child(struct writer_thread *t);

#endif
