/* pretended_stream.c - streams as rings of what was launched into them, and the thread that lets time pass. */
#include "config.h"

#include "tests/standin-cuda/pretended_stream.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "tests/standin-cuda/pretended_code.h"
#include "tests/standin-cuda/pretended_driver.h"
#include "tests/standin-cuda/pretended_fault.h"
#include "tests/standin-cuda/pretended_graph.h"
#include "tests/standin-cuda/pretended_run.h"
#include "tests/standin-cuda/pretended_times.h"

static struct {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  pthread_t thread;
  int closes;
  struct cr_cu_stream *first;
} all = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void *pass_time(void *unused)
{
  pthread_mutex_lock(&all.lock);
  while (!all.closes) {
    int64_t at_ns = run_until_now(all.first);
    for (const struct cr_cu_stream *s = all.first; s; s = s->next)
      if (run_looks_at_host(s) && at_ns > now_ns() + 10000)
        at_ns = now_ns() + 10000;
    if (at_ns == CR_NS_NEVER) {
      pthread_cond_wait(&all.changed, &all.lock);
      continue;
    }
    struct timespec t = {.tv_sec = at_ns / 1000000000, .tv_nsec = at_ns % 1000000000};
    pthread_cond_timedwait(&all.changed, &all.lock, &t);
  }
  pthread_mutex_unlock(&all.lock);
  return unused;
}

int streams_open(void)
{
  pthread_condattr_t attribute;
  pthread_condattr_init(&attribute);
  pthread_condattr_setclock(&attribute, CLOCK_MONOTONIC);
  pthread_cond_init(&all.changed, &attribute);
  pthread_condattr_destroy(&attribute);
  all.closes = 0;
  return pthread_create(&all.thread, NULL, pass_time, NULL) ? CR_CU_OUT_OF_MEMORY : CR_CU_OK;
}

void streams_close(void)
{
  pthread_mutex_lock(&all.lock);
  all.closes = 1;
  pthread_cond_signal(&all.changed);
  pthread_mutex_unlock(&all.lock);
  pthread_join(all.thread, NULL);
  pthread_cond_destroy(&all.changed);
}

void streams_wait(void)
{
  pthread_mutex_lock(&all.lock);
  for (;;) {
    int64_t wake_ns = run_until_now(all.first);
    uint32_t n = 0;
    for (const struct cr_cu_stream *s = all.first; s; s = s->next)
      n += s->n;
    if (n == 0)
      break;
    pthread_mutex_unlock(&all.lock);
    if (wake_ns - now_ns() > 200000) {
      struct timespec t = {.tv_nsec = 50000};
      nanosleep(&t, NULL);
    }
    pthread_mutex_lock(&all.lock);
  }
  pthread_mutex_unlock(&all.lock);
}

static int grow(struct cr_cu_stream *s)
{
  uint32_t cap = s->cap ? 2 * s->cap : 64;
  struct entry *more = calloc(cap, sizeof *more);
  if (!more)
    return CR_CU_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < s->n; i++)
    more[i] = s->entry[(s->head + i) % s->cap];
  free(s->entry);
  s->entry = more;
  s->cap = cap;
  s->head = 0;
  return CR_CU_OK;
}

static int push(struct cr_cu_stream *s, const struct op *op, int64_t at_ns, int is_single)
{
  if (s->n == s->cap && grow(s))
    return CR_CU_OUT_OF_MEMORY;
  struct entry *e = &s->entry[(s->head + s->n++) % s->cap];
  *e = (struct entry){.op = *op, .at_ns = at_ns, .is_single = is_single};
  e->hangs = op->kind == KERNEL && fault_count("measure") == 1;
  for (uint32_t i = 0; i < op->n_part; i++)
    if (op_tells_part(op, i)) {
      e->is_lost |= fault_strikes("lost") ? 1U << i : 0;
      e->hangs |= fault_strikes("hang") ? 1U << i : 0;
    }
  told_launch(op);
  return CR_CU_OK;
}

int stream_add(struct cr_cu_stream *s, const struct op *op)
{
  pthread_mutex_lock(&all.lock);
  int error = CR_CU_OK;
  if (s->capture) {
    error = graph_add(s->capture, op);
  } else {
    run_until_now(all.first);
    error = op_tells(op) && fault_strikes("launch") ? LAUNCH_FAILED : push(s, op, now_ns() + times_of_gpu()->launch, 1);
    pthread_cond_signal(&all.changed);
  }
  pthread_mutex_unlock(&all.lock);
  return error;
}

int stream_add_graph(struct cr_cu_stream *s, const struct op *op, uint32_t n, int64_t apart_ns)
{
  int is_for_host = 0;
  pthread_mutex_lock(&all.lock);
  run_until_now(all.first);
  for (uint32_t i = 0; i < n; i++)
    is_for_host |= op_tells(&op[i]);
  int error = is_for_host && fault_strikes("launch") ? LAUNCH_FAILED : CR_CU_OK;
  int64_t at_ns = now_ns() + times_of_gpu()->launch;
  for (uint32_t i = 0; !error && i < n; i++)
    error = push(s, &op[i], at_ns + i * apart_ns, 0);
  pthread_cond_signal(&all.changed);
  pthread_mutex_unlock(&all.lock);
  return error;
}

uint64_t stream_mark(const struct cr_cu_stream *s)
{
  pthread_mutex_lock(&all.lock);
  uint64_t n = s->n_done + s->n;
  pthread_mutex_unlock(&all.lock);
  return n;
}

int cuStreamCreateWithPriority(cr_cu_stream *stream, unsigned flags, int priority)
{
  if (flags != CR_CU_STREAM_NON_BLOCKING || priority > 0 || priority < -5)
    return INVALID;
  struct cr_cu_stream *s = calloc(1, sizeof *s);
  if (!s)
    return CR_CU_OUT_OF_MEMORY;
  s->sms = SMS;
  pthread_mutex_lock(&all.lock);
  s->next = all.first;
  all.first = s;
  pthread_mutex_unlock(&all.lock);
  *stream = s;
  return CR_CU_OK;
}

int cuStreamDestroy_v2(cr_cu_stream stream)
{
  pthread_mutex_lock(&all.lock);
  struct cr_cu_stream **at_stream = &all.first;
  while (*at_stream != stream)
    at_stream = &(*at_stream)->next;
  *at_stream = stream->next;
  pthread_mutex_unlock(&all.lock);
  free(stream->entry);
  free(stream);
  return CR_CU_OK;
}

int cuStreamQuery(cr_cu_stream stream)
{
  pthread_mutex_lock(&all.lock);
  run_until_now(all.first);
  int error = stream->n ? CR_CU_NOT_READY : CR_CU_OK;
  pthread_mutex_unlock(&all.lock);
  return error;
}
