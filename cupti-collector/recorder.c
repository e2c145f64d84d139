/* recorder.c - one recording a process.
 *
 * The program's threads are here in CUPTI's callbacks, in fork and in exit; they hand over and go.  Whatever goes wrong ends
 * the recording and nothing else.
 *
 * A forked child has CUPTI's state but neither its threads nor ours, and most never use CUDA (the loaders of a PyTorch
 * program, say).  So it closes the parent's file and waits: the first callback of CUPTI in the child begins a spool of its
 * own.  Buffers that CUPTI had in hand at the fork hold the parent's records, too: those that ended before it are left out. */
#include "config.h"

#include "cupti-collector/recorder.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cupti-collector/buffer_pool.h"
#include "cupti-collector/collect_options.h"
#include "cupti-collector/counting.h"
#include "cupti-collector/flusher.h"
#include "cupti-collector/graph_nodes.h"
#include "cupti-collector/subscriber.h"
#include "cupti-collector/writer_thread.h"

enum state { OFF, RUNNING, REFUSED, FORKED, ENDED };

/* CUPTI's callbacks for buffers and exit handlers are given no pointer of ours, so this is the one variable of the library. */
static struct recorder {
  pthread_mutex_t lock; /* of state, while it changes */
  enum state state;
  pid_t pid;                       /* of this process */
  char text[2 * COLLECT_PATH_MAX]; /* of CORUN_COLLECT: the program may change its environment */
  struct collect_options options;
  struct cupti_calls calls;
  struct buffer_pool pool;
  struct graph_nodes nodes;
  struct subscriber subscriber;
  struct counting counting; /* in place of the three before it, when kernels are counted */
  struct writer_thread writer;
  struct flusher flusher;
} rec = {.lock = PTHREAD_MUTEX_INITIALIZER};

static enum state state_now(void)
{
  return __atomic_load_n(&rec.state, __ATOMIC_ACQUIRE);
}

static void set_state(enum state state)
{
  __atomic_store_n(&rec.state, state, __ATOMIC_RELEASE);
}

/* The one line that may go to the program's standard error. */
static void say(const char *text)
{
  if (rec.options.say)
    dprintf(STDERR_FILENO, "corun: process %ld is not recorded: %s\n", (long)getpid(), text);
}

/* Without it a program that is killed loses more, and no other does. */
static void start_flusher(void)
{
  int code = flusher_start(&rec.flusher);
  if (code)
    writer_thread_note(&rec.writer, CR_SPOOL_WARNING, (uint32_t)code,
                       "buffers are written when they are full, and at the end");
}

/* ---- in CUPTI's callbacks ---- */

/* The driver is asked here, since a call of dlopen that finds nothing leaves its sentence in the heap for the thread that called, and
 * the writer's would be nobody's in a child that is forked meanwhile. */
static int start_writer(void)
{
  rec.writer.driver_version = cupti_calls_driver_version();
  return writer_thread_start(&rec.writer);
}

/* In a forked child, at the first sign of CUPTI: a spool of its own. */
static void revive(void)
{
  pthread_mutex_lock(&rec.lock);
  if (state_now() == FORKED) {
    int code = start_writer();
    buffer_pool_open(&rec.pool, !code);
    set_state(code ? OFF : RUNNING);
    if (code)
      say(strerror(code));
    else
      start_flusher();
  }
  pthread_mutex_unlock(&rec.lock);
}

static void on_request(uint8_t **buffer, size_t *size, size_t *max_records)
{
  if (state_now() == FORKED)
    revive();
  *buffer = buffer_pool_ask(&rec.pool);
  *size = *buffer ? rec.pool.size : 0;
  *max_records = 0;
}

static void on_complete(void *context, uint32_t stream, uint8_t *buffer, size_t size, size_t valid)
{
  size_t dropped = 0;
  (void)size;
  if (state_now() == FORKED)
    revive();
  if (!rec.calls.get_dropped(context, stream, &dropped) && dropped)
    __atomic_fetch_add(&rec.writer.dropped, dropped, __ATOMIC_RELAXED);
  if (buffer)
    buffer_pool_hand_over(&rec.pool, buffer, valid);
}

static void on_resource(void *userdata, uint32_t domain, uint32_t cbid, const void *data)
{
  (void)userdata;
  if (state_now() != RUNNING || domain != CUPTI_DOMAIN_RESOURCE)
    return;
  if (graph_nodes_on_resource(&rec.nodes, &rec.calls, cbid, data))
    buffer_pool_wake(&rec.pool);
}

static void on_warning(int result, const char *text)
{
  writer_thread_note(&rec.writer, CR_SPOOL_WARNING, (uint32_t)result, text);
}

/* ---- at the end ---- */

static void finish(void)
{
  size_t dropped = 0;
  pthread_mutex_lock(&rec.lock);
  enum state was = state_now();
  set_state(ENDED);
  pthread_mutex_unlock(&rec.lock);
  if (was != RUNNING && was != REFUSED)
    return;
  flusher_stop(&rec.flusher);
  if (was == RUNNING && rec.options.max_counted) {
    counting_finish(&rec.counting);
  } else if (was == RUNNING) {
    (void)rec.calls.flush_all(CUPTI_FLUSH_FORCED);
    buffer_pool_open(&rec.pool, 0);
    if (!rec.calls.get_dropped(NULL, 0, &dropped) && dropped)
      __atomic_fetch_add(&rec.writer.dropped, dropped, __ATOMIC_RELAXED);
  }
  writer_thread_stop(&rec.writer);
}

/* ---- around fork ---- */

static void before_fork(void)
{
  pthread_mutex_lock(&rec.lock);
  if (rec.options.max_counted)
    counting_before_fork(&rec.counting);
  writer_thread_before_fork(&rec.writer);
  graph_nodes_before_fork(&rec.nodes);
  buffer_pool_before_fork(&rec.pool);
}

static void after_fork(void)
{
  buffer_pool_after_fork(&rec.pool);
  graph_nodes_after_fork(&rec.nodes);
  writer_thread_after_fork(&rec.writer);
  if (rec.options.max_counted)
    counting_after_fork(&rec.counting);
  pthread_mutex_unlock(&rec.lock);
}

static void in_child(void)
{
  buffer_pool_in_child(&rec.pool);
  rec.pool.open = 0;
  graph_nodes_in_child(&rec.nodes);
  writer_thread_in_child(&rec.writer);
  rec.writer.forked_from = (uint32_t)rec.pid;
  rec.pid = getpid();
  set_state(state_now() == RUNNING && !rec.options.max_counted ? FORKED : OFF);
  if (rec.options.max_counted)
    counting_in_child(&rec.counting);
  pthread_mutex_init(&rec.lock, NULL);
}

static void before_fork_first(void)
{
  flusher_before_fork(&rec.flusher);
}

static void after_fork_last(void)
{
  flusher_after_fork(&rec.flusher);
}

static void in_child_last(void)
{
  flusher_in_child(&rec.flusher);
}

/* ---- at the beginning ---- */

/* Nothing will be recorded: the spool says why. */
static void refuse(int code, const char *why)
{
  writer_thread_note(&rec.writer, CR_SPOOL_REFUSED, (uint32_t)code, why);
  set_state(REFUSED);
  say(why);
  writer_thread_stop(&rec.writer);
}

static void subscribe(void)
{
  static const struct subscriber_callbacks callbacks = {on_resource, on_request, on_complete, on_warning};
  char why[WRITER_NOTE_BYTES] = "";
  buffer_pool_open(&rec.pool, 1);
  set_state(RUNNING); /* callbacks come as soon as the first kind is enabled */
  int result = subscriber_start(&rec.subscriber, &rec.calls, &rec.options, &callbacks, why, sizeof why);
  if (!result) {
    /* What is registered last is the first to be called before a fork: ahead of CUPTI's own, which is registered by now. */
    (void)pthread_atfork(before_fork_first, after_fork_last, in_child_last);
    start_flusher();
    return;
  }
  buffer_pool_open(&rec.pool, 0);
  refuse(result, why);
}

static void wake_writer(void *ctx)
{
  buffer_pool_wake(ctx);
}

static void count(void)
{
  char why[WRITER_NOTE_BYTES] = "";
  rec.counting.max_kernels = rec.options.max_counted;
  rec.counting.counter.with_fp = rec.options.counts_fp;
  rec.counting.on_warning = on_warning;
  rec.counting.wake = wake_writer;
  rec.counting.wake_ctx = &rec.pool;
  set_state(RUNNING);
  int result = counting_start(&rec.counting, &rec.calls, why, sizeof why);
  if (result)
    refuse(result > 0 ? result : 0, why);
}

static void start(void)
{
  const char *text = getenv("CORUN_COLLECT");
  char why[WRITER_NOTE_BYTES] = "";
  if (!text)
    return;
  rec.pid = getpid();
  snprintf(rec.text, sizeof rec.text, "%s", text);
  int bad = collect_options_read(text, &rec.options, why, sizeof why);
  if (bad)
    say(why);
  if (!rec.options.folder[0])
    return;
  bad = bad || cupti_calls_find(&rec.calls, rec.options.cupti, why, sizeof why);
  buffer_pool_init(&rec.pool, rec.options.n_buffer, rec.options.buffer_bytes, rec.options.wait_ms);
  writer_thread_init(&rec.writer);
  flusher_init(&rec.flusher);
  rec.flusher.calls = &rec.calls;
  rec.flusher.every_ms = rec.options.flush_ms;
  rec.writer.options = &rec.options;
  rec.writer.options_text = rec.text;
  rec.writer.calls = &rec.calls;
  rec.writer.pool = &rec.pool;
  rec.writer.nodes = &rec.nodes;
  rec.writer.counted = &rec.counting.batch;
  if (graph_nodes_init(&rec.nodes))
    rec.nodes.node = NULL;
  if (rec.options.max_counted)
    counting_init(&rec.counting); /* the writer looks at it */
  int code = start_writer();
  if (code) {
    say(strerror(code));
    return;
  }
  (void)pthread_atfork(before_fork, after_fork, in_child);
  (void)atexit(finish);
  (void)at_quick_exit(finish);
  if (bad)
    refuse(0, why);
  else if (rec.options.max_counted)
    count();
  else
    subscribe();
}

void recorder_start(void)
{
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, start);
}

const struct cupti_calls *recorder_calls(void)
{
  return state_now() == RUNNING ? &rec.calls : NULL;
}
