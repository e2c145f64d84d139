/* writer_thread.c - the thread that writes.  It sleeps until a buffer is full or a second has passed; what it has
 * put together goes into the file whenever no further buffer waits, so that a process that is killed loses what CUPTI still
 * had, and nothing else. */
#include "config.h"

#include "cupti-collector/writer_thread.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "cupti-collector/clock_align.h"
#include "cupti-collector/decode.h"
#include "cupti-collector/quiet_thread.h"
#include "cupti-collector/subscriber.h"

enum {
  CLOCK_MS = 1000,  /* between two clock records */
  OPEN_WAIT_S = 5,  /* for the spool to be opened */
  STUCK_S = 10,     /* at the end: without a step */
  NAMES_MAX = 1000, /* spools of one pid in a folder */
};

/* ---- opening ---- */

/* PID.spool, or PID-N.spool where a process had this pid before. */
static int open_spool(const char *folder)
{
  char path[COLLECT_PATH_MAX + 64];
  for (int i = 0; i < NAMES_MAX; i++) {
    char suffix[16] = "";
    if (i)
      snprintf(suffix, sizeof suffix, "-%d", i);
    snprintf(path, sizeof path, "%s/%ld%s" CR_SPOOL_SUFFIX, folder, (long)getpid(), suffix);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd >= 0 || errno != EEXIST)
      return fd;
  }
  return -1;
}

/* A file of /proc: its first bytes, with NULs between words made into spaces. */
static const char *read_words(const char *path, char *out, size_t cap)
{
  ssize_t n = 0, got = 0;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  while (fd >= 0 && n < (ssize_t)cap - 1 && (got = read(fd, out + n, cap - 1 - (size_t)n)) > 0)
    n += got;
  if (fd >= 0)
    close(fd);
  while (n && !out[n - 1])
    n--;
  out[n] = 0;
  for (ssize_t i = 0; i < n; i++)
    if (!out[i])
      out[i] = ' ';
  return out;
}

static const char *read_target(const char *path, char *out, size_t cap)
{
  ssize_t n = readlink(path, out, cap - 1);
  out[n > 0 ? n : 0] = 0;
  return out;
}

static void put_process(struct writer_thread *t)
{
  struct cr_spool_process p = {.pid = (uint32_t)getpid(),
                               .parent_pid = (uint32_t)getppid(),
                               .forked_from = t->forked_from,
                               .cupti_version = t->calls->version,
                               .driver_version = t->driver_version,
                               .latency = (uint32_t)t->options->latency,
                               .kinds = subscriber_kinds(t->options),
                               .realtime_ns = clock_realtime_ns()};
  char host[256] = "";
  (void)gethostname(host, sizeof host - 1);
  cr_spool_write_room(t->w);
  p.host = cr_spool_write_text(t->w, host);
  p.command = cr_spool_write_text(t->w, read_words("/proc/self/cmdline", t->text, sizeof t->text));
  p.program = cr_spool_write_text(t->w, read_target("/proc/self/exe", t->text, sizeof t->text));
  p.corun = cr_spool_write_text(t->w, PACKAGE_VERSION);
  p.options = cr_spool_write_text(t->w, t->options_text);
  p.cupti_path = cr_spool_write_text(t->w, t->calls->path);
  cr_spool_write(t->w, CR_SPOOL_PROCESS, &p, sizeof p);
}

static int open_and_begin(struct writer_thread *t)
{
  if (!t->w) {
    void *memory = mmap(NULL, sizeof *t->w, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
      return ENOMEM;
    t->w = memory;
  }
  memset(t->w, 0, sizeof *t->w);
  t->w->fd = -1;
  int fd = open_spool(t->options->folder);
  if (fd < 0)
    return errno;
  int code = cr_spool_write_begin(t->w, fd);
  if (code)
    close(fd);
  return code;
}

/* ---- while it runs ---- */

static void put_clock(struct writer_thread *t, enum cr_spool_clock_when when)
{
  struct cr_spool_clock clock;
  if (!t->calls->get_timestamp || !clock_align(t->calls, when, &clock))
    return;
  __atomic_store_n(&t->cupti_less_mono, (int64_t)(clock.cupti_ns - clock.monotonic_ns), __ATOMIC_RELAXED);
  cr_spool_write(t->w, CR_SPOOL_CLOCK, &clock, sizeof clock);
}

static void gather_counts(struct writer_thread *t)
{
  t->counts.dropped = __atomic_load_n(&t->dropped, __ATOMIC_RELAXED);
  t->counts.refused = buffer_pool_refused(t->pool);
  t->counts.recorded = t->w->n_activity + t->w->n_activity_pending;
  t->counts.not_written = t->w->n_not_written;
}

/* The counts, when anything but records was added to them. */
static void put_counts(struct writer_thread *t)
{
  gather_counts(t);
  t->written.recorded = t->counts.recorded;
  if (!memcmp(&t->written, &t->counts, sizeof t->counts))
    return;
  t->written = t->counts;
  cr_spool_write(t->w, CR_SPOOL_COUNTS, &t->counts, sizeof t->counts);
}

static void put_notes(struct writer_thread *t)
{
  struct writer_note note;
  for (int i = 0;; i++) {
    pthread_mutex_lock(&t->lock);
    int have = i < t->n_note;
    if (have)
      note = t->note[i];
    else
      t->n_note = 0;
    pthread_mutex_unlock(&t->lock);
    if (!have)
      return;
    cr_spool_write_note(t->w, note.level, note.code, note.text);
  }
}

static void put_nodes(struct writer_thread *t)
{
  struct cr_spool_graph_node node[256];
  uint32_t n;
  while ((n = graph_nodes_take(t->nodes, node, 256)))
    for (uint32_t i = 0; i < n; i++)
      cr_spool_write(t->w, CR_SPOOL_GRAPH_NODE, &node[i], sizeof node[i]);
}

static void put_counted(struct writer_thread *t)
{
  if (!counted_batch_ready(t->counted))
    return;
  for (uint32_t i = 0; i < t->counted->n; i++) {
    struct counted_kernel *k = &t->counted->kernel[i];
    if (!k->known)
      continue;
    cr_spool_write_room(t->w);
    k->shape.name = cr_spool_write_text(t->w, k->name);
    k->counted.shape = cr_spool_write_shape(t->w, &k->shape);
    cr_spool_write(t->w, CR_SPOOL_COUNTED, &k->counted, sizeof k->counted);
  }
  counted_batch_taken(t->counted);
}

static void put_buffer(struct writer_thread *t, struct buffer *b)
{
  struct decoder d = {.calls = t->calls, .w = t->w, .counts = &t->counts, .since_ns = b->of_parent ? t->since_ns : 0};
  decode_buffer(&d, b->bytes, b->n_valid);
  buffer_pool_give_back(t->pool, b);
}

/* One step more; whether the program is at its end. */
static int step(struct writer_thread *t)
{
  pthread_mutex_lock(&t->lock);
  t->n_step++;
  int stop = t->stop;
  pthread_mutex_unlock(&t->lock);
  return stop;
}

static uint64_t after_ms(uint32_t ms)
{
  return clock_monotonic_ns() + (uint64_t)ms * 1000000;
}

static void put_rest(struct writer_thread *t)
{
  put_nodes(t);
  put_counted(t);
  put_notes(t);
  cr_spool_write_flush(t->w);
}

static void run(struct writer_thread *t)
{
  uint32_t flush_ms = t->options->flush_ms, wait_ms = flush_ms && flush_ms < CLOCK_MS ? flush_ms : CLOCK_MS;
  uint64_t next_clock = after_ms(CLOCK_MS);
  for (;;) {
    int stop = step(t);
    struct buffer *b = buffer_pool_take(t->pool, 0);
    if (!b) {
      put_rest(t);
      if (stop)
        return;
      b = buffer_pool_take(t->pool, wait_ms);
    }
    if (b)
      put_buffer(t, b);
    if (clock_monotonic_ns() >= next_clock) {
      put_clock(t, CR_SPOOL_CLOCK_MIDDLE);
      put_counts(t);
      next_clock = after_ms(CLOCK_MS);
    }
  }
}

static void change(struct writer_thread *t, enum writer_state state, int code)
{
  pthread_mutex_lock(&t->lock);
  t->state = state;
  t->open_code = code;
  pthread_cond_broadcast(&t->on_change);
  pthread_mutex_unlock(&t->lock);
}

static void put_end(struct writer_thread *t)
{
  struct cr_spool_end end = {.realtime_ns = clock_realtime_ns()};
  char text[128];
  uint64_t n_lost = graph_nodes_lost(t->nodes);
  if (n_lost) {
    snprintf(text, sizeof text, "%llu nodes of graphs were made faster than they were recorded and are left out",
             (unsigned long long)n_lost);
    cr_spool_write_note(t->w, CR_SPOOL_WARNING, 0, text);
  }
  put_clock(t, CR_SPOOL_CLOCK_LAST);
  cr_spool_write_flush(t->w);
  gather_counts(t);
  end.counts = t->counts;
  cr_spool_write_end(t->w, &end);
}

static void *body(void *arg)
{
  struct writer_thread *t = arg;
  (void)prctl(PR_SET_NAME, "corun-collect", 0, 0, 0);
  int code = open_and_begin(t);
  if (code) {
    change(t, WRITER_FAILED, code);
    return NULL;
  }
  put_process(t);
  put_clock(t, CR_SPOOL_CLOCK_START);
  cr_spool_write_flush(t->w);
  t->w->limit_bytes = t->options->limit_bytes; /* who was recorded is written all the same */
  t->w->reserve_bytes = t->options->reserve_bytes;
  change(t, WRITER_OPEN, 0);
  run(t);
  put_end(t);
  change(t, WRITER_DONE, 0);
  return NULL;
}

/* ---- from the program's threads ---- */

static void init_locks(struct writer_thread *t)
{
  pthread_condattr_t attr;
  pthread_mutex_init(&t->lock, NULL);
  pthread_condattr_init(&attr);
  pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
  pthread_cond_init(&t->on_change, &attr);
  pthread_condattr_destroy(&attr);
}

void writer_thread_init(struct writer_thread *t)
{
  init_locks(t);
}

/* Waits, at most s seconds, until the state is not what it was. */
static enum writer_state wait_change(struct writer_thread *t, enum writer_state was, int s)
{
  struct timespec until;
  int rc = 0;
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_sec += s;
  pthread_mutex_lock(&t->lock);
  while (t->state == was && rc != ETIMEDOUT)
    rc = pthread_cond_timedwait(&t->on_change, &t->lock, &until);
  enum writer_state now = t->state;
  pthread_mutex_unlock(&t->lock);
  return now;
}

static void end_thread(struct writer_thread *t)
{
  if (t->is_there)
    quiet_thread_end(t->thread);
  t->is_there = 0;
}

int writer_thread_start(struct writer_thread *t)
{
  t->state = WRITER_OPENING;
  t->stop = 0;
  int code = quiet_thread_start(&t->thread, body, t);
  if (code)
    return code;
  enum writer_state state = wait_change(t, WRITER_OPENING, OPEN_WAIT_S);
  if (state == WRITER_OPENING) { /* it is left to itself */
    (void)pthread_detach(t->thread);
    return ETIMEDOUT;
  }
  t->is_there = 1;
  if (state != WRITER_FAILED)
    return 0;
  end_thread(t);
  return t->open_code;
}

void writer_thread_note(struct writer_thread *t, enum cr_spool_level level, uint32_t code, const char *text)
{
  pthread_mutex_lock(&t->lock);
  if (t->n_note < WRITER_NOTES) {
    struct writer_note *note = &t->note[t->n_note++];
    note->level = level;
    note->code = code;
    snprintf(note->text, sizeof note->text, "%s", text);
  }
  pthread_mutex_unlock(&t->lock);
}

void writer_thread_stop(struct writer_thread *t)
{
  uint64_t before = 0;
  int stuck = 0;
  pthread_mutex_lock(&t->lock);
  t->stop = 1;
  pthread_mutex_unlock(&t->lock);
  buffer_pool_wake(t->pool);
  while (stuck < STUCK_S && wait_change(t, WRITER_OPEN, 1) == WRITER_OPEN) {
    pthread_mutex_lock(&t->lock);
    stuck = t->n_step == before ? stuck + 1 : 0;
    before = t->n_step;
    pthread_mutex_unlock(&t->lock);
  }
  if (wait_change(t, WRITER_OPEN, 0) == WRITER_DONE)
    end_thread(t);
}

void writer_thread_before_fork(struct writer_thread *t)
{
  pthread_mutex_lock(&t->lock);
}

void writer_thread_after_fork(struct writer_thread *t)
{
  pthread_mutex_unlock(&t->lock);
}

void writer_thread_in_child(struct writer_thread *t)
{
  if (t->w)
    cr_spool_write_leave(t->w);
  memset(&t->counts, 0, sizeof t->counts);
  memset(&t->written, 0, sizeof t->written);
  t->dropped = 0;
  t->n_note = 0;
  t->state = WRITER_NONE;
  t->is_there = 0;
  t->since_ns = clock_monotonic_ns() + (uint64_t)t->cupti_less_mono;
  init_locks(t);
}
