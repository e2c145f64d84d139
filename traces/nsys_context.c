/* nsys_context.c - what an export of Nsight Systems says around its kernels: processes, streams, green contexts, GPUs, the
 * time of day, and what the profiler lost. */
#include "config.h"

#include <string.h>
#include <strings.h>

#include "traces/nsys_int.h"

#define NOT_APPLICABLE UINT32_MAX /* of streamId and eventId in records of synchronisation */

enum { STREAM_WAIT_EVENT = 2, DIAGNOSTICS_SHOWN = 5 };

static uint32_t pid_of(uint64_t global)
{
  return (uint32_t)(global >> 24 & 0xffffff);
}

/* -- streams ------------------------------------------------------------------------------------------------------- */

static int set_priority(struct cr_nsys_trace *t, const struct cr_nsys_table *q, struct cr_err *err)
{
  int64_t id, pid, context, priority;
  int rc = nsys_take(q, 0, 0, UINT32_MAX, &id, err);
  rc = rc ? rc : nsys_take(q, 1, 0, INT64_MAX, &pid, err);
  rc = rc ? rc : nsys_take(q, 2, 0, UINT32_MAX, &context, err);
  rc = rc ? rc : nsys_take(q, 3, INT32_MIN, INT32_MAX, &priority, err);
  for (uint32_t i = 0; i < t->c.n_stream && !rc; i++) {
    struct cr_capture_stream *s = &t->c.stream[i];
    if (s->id != id || s->context != context || t->c.process[s->process].pid != pid)
      continue;
    s->priority = (int32_t)priority;
    s->has_priority = 1;
  }
  return rc;
}

/* Ops name the context that they ran in; a green one of its own is told here. */
static int set_green(struct cr_nsys_trace *t, const struct cr_nsys_table *q, struct cr_err *err)
{
  int64_t context, pid, is_green;
  int rc = nsys_take(q, 0, 0, UINT32_MAX, &context, err);
  rc = rc ? rc : nsys_take(q, 1, 0, INT64_MAX, &pid, err);
  rc = rc ? rc : nsys_take_or(q, 2, INT32_MIN, INT32_MAX, 0, &is_green, err);
  for (uint32_t i = 0; i < t->c.n_stream && !rc && is_green; i++) {
    struct cr_capture_stream *s = &t->c.stream[i];
    if (s->context == context && t->c.process[s->process].pid == pid && !s->green)
      s->green = (uint32_t)context;
  }
  return rc;
}

static int count_wait(struct cr_nsys_trace *t, const struct cr_nsys_table *q, struct cr_err *err)
{
  int64_t context, stream, type, pid;
  int rc = nsys_take(q, 0, 0, UINT32_MAX, &context, err);
  rc = rc ? rc : nsys_take(q, 1, 0, UINT32_MAX, &stream, err);
  rc = rc ? rc : nsys_take(q, 2, INT32_MIN, INT32_MAX, &type, err);
  rc = rc ? rc : nsys_take_or(q, 3, INT64_MIN, INT64_MAX, 0, &pid, err);
  if (rc || type != STREAM_WAIT_EVENT || stream == NOT_APPLICABLE)
    return rc;
  for (uint32_t i = 0; i < t->c.n_stream; i++) {
    struct cr_capture_stream *s = &t->c.stream[i];
    s->n_wait += s->id == stream && s->context == context && t->c.process[s->process].id == (uint64_t)pid;
  }
  return rc;
}

static int set_process(struct cr_nsys_trace *t, const struct cr_nsys_table *q, struct cr_err *err)
{
  int64_t global;
  const char *name = nsys_text(q, 1), *slash = strrchr(name, '/');
  int rc = nsys_take_or(q, 0, INT64_MIN, INT64_MAX, 0, &global, err);
  for (uint32_t i = 0; i < t->c.n_process && !rc && *name; i++) {
    if (t->c.process[i].id != (uint64_t)global)
      continue;
    t->c.process[i].name = cr_arena_text(t->c.arena, slash && slash[1] ? slash + 1 : name);
    if (!t->c.process[i].name)
      rc = cr_fail_nomem(err, t->db.path);
  }
  return rc;
}

static int set_base(struct cr_nsys_trace *t, const struct cr_nsys_table *q, struct cr_err *err)
{
  int64_t ns;
  int rc = nsys_take_or(q, 0, INT64_MIN, INT64_MAX, 0, &ns, err);
  t->c.base_ns = rc || ns < 0 ? 0 : ns;
  return rc;
}

/* -- what was lost ------------------------------------------------------------------------------------------------- */

static int has_word(const char *text, const char *word)
{
  size_t n = strlen(word);
  for (; *text; text++)
    if (!strncasecmp(text, word, n))
      return 1;
  return 0;
}

static int note_loss(struct cr_nsys_trace *t, const struct cr_nsys_table *q, uint32_t *n)
{
  static const char *const word[] = {"dropped", "lost", "overflow", "incomplete", "not all"};
  const char *text = nsys_text(q, 0);
  int found = 0;
  for (size_t i = 0; i < sizeof word / sizeof *word; i++)
    found |= has_word(text, word[i]);
  if (found && (*n)++ < DIAGNOSTICS_SHOWN)
    cr_text_add(&t->note, "nsys warns: %.*s\n", (int)strcspn(text, "\n"), text);
  return CR_OK;
}

static int read_diagnostics(struct cr_nsys_trace *t, struct cr_err *err)
{
  static const char *const column[] = {"text"};
  struct cr_nsys_table q;
  uint32_t n = 0;
  int rc = nsys_table_open(&t->db, "DIAGNOSTIC_EVENT", column, 1, 1, &q, err);
  while (!rc && (rc = nsys_table_next(&q, err)) > 0)
    rc = note_loss(t, &q, &n);
  nsys_table_close(&q);
  if (n > DIAGNOSTICS_SHOWN)
    cr_text_add(&t->note, "nsys warns %u times more of what it lost\n", n - DIAGNOSTICS_SHOWN);
  return rc;
}

/* -- the whole ----------------------------------------------------------------------------------------------------- */

int nsys_read_context(struct cr_nsys_trace *t, struct cr_err *err)
{
  static const char *const process[] = {"globalPid", "name"};
  static const char *const stream[] = {"streamId", "processId", "contextId", "priority"};
  static const char *const context[] = {"contextId", "processId", "isGreenContext"};
  static const char *const sync[] = {"contextId", "streamId", "syncType", "globalPid"};
  static const char *const base[] = {"utcEpochNs"};
  static const struct {
    const char *table;
    const char *const *column;
    int n_column, n_needed;
    int (*each)(struct cr_nsys_trace *t, const struct cr_nsys_table *q, struct cr_err *err);
  } part[] = {{"PROCESSES", process, 2, 2, set_process},
              {"TARGET_INFO_CUDA_STREAM", stream, 4, 4, set_priority},
              {"TARGET_INFO_CUDA_CONTEXT_INFO", context, 3, 2, set_green},
              {"CUPTI_ACTIVITY_KIND_SYNCHRONIZATION", sync, 4, 3, count_wait},
              {"TARGET_INFO_SESSION_START_TIME", base, 1, 1, set_base}};
  int rc = CR_OK;
  for (uint32_t i = 0; i < t->c.n_process; i++)
    t->c.process[i].pid = pid_of(t->c.process[i].id);
  for (size_t i = 0; i < sizeof part / sizeof *part && !rc; i++) {
    struct cr_nsys_table q;
    rc = nsys_table_open(&t->db, part[i].table, part[i].column, part[i].n_column, part[i].n_needed, &q, err);
    while (!rc && (rc = nsys_table_next(&q, err)) > 0)
      rc = part[i].each(t, &q, err);
    nsys_table_close(&q);
  }
  rc = rc ? rc : nsys_read_gpu_name(t, err);
  return rc ? rc : read_diagnostics(t, err);
}
