/* pretended_stream.h - streams of the pretended GPU: what waits in them, what runs, and the calls that look at them.
 *
 * A thread lets time pass, and so does every call.  All streams are behind one lock. */
#ifndef CR_PRETENDED_STREAM_H
#define CR_PRETENDED_STREAM_H
#include "tests/standin-cuda/pretended_op.h"

struct entry {
  struct op op;
  int64_t at_ns;           /* when the GPU has got it */
  uint32_t is_lost, hangs; /* a bit a part */
  int is_single;           /* launched by itself, and not in a graph */
};

/* A part of the head, while it is there. */
struct run {
  int64_t begin_ns, end_ns, wave_ns, seen_ns; /* seen: a word that stops it; 0: none */
  uint32_t n_worked;
  int has_given_up, has_ended;
};

struct cr_cu_stream {
  struct cr_cu_stream *next;
  uint32_t sms;
  struct entry *entry; /* [cap] a ring */
  uint32_t cap, head, n;
  uint64_t n_done;
  int is_running;
  int64_t free_ns; /* since when it waits for the next */
  struct run run[CR_MERGED_PARTS];
  struct cr_cu_graph *capture;
};

int streams_open(void); /* starts the thread */
void streams_close(void);
void streams_wait(void); /* until none has anything to do */

/* Into the stream, or the graph that it captures.  These return what a call of the driver does. */
int stream_add(struct cr_cu_stream *s, const struct op *op);

/* Ops of a graph, which the GPU gets apart_ns from each other. */
int stream_add_graph(struct cr_cu_stream *s, const struct op *op, uint32_t n, int64_t apart_ns);

/* So many ops it will have done when all are done that it has now. */
uint64_t stream_mark(const struct cr_cu_stream *s);

#endif
