/* kineto_streams.c - what every stream of a recorded co-run did.
 *
 * Streams are parted by a stable sort; replays by the correlation id that ops of one launch call share. */
#include "config.h"

#include "traces/kineto_streams.h"

#include <inttypes.h>
#include <stdlib.h>

#include "traces/kineto_int.h"

enum { OVERLAP_MOST_NS = 5000 };

static int by_stream(const void *a, const void *b)
{
  const struct cr_capture_op *x = a, *y = b;
  if (x->stream != y->stream)
    return x->stream < y->stream ? -1 : 1;
  if (x->start_ns != y->start_ns)
    return x->start_ns < y->start_ns ? -1 : 1;
  return x->event < y->event ? -1 : x->event > y->event;
}

static int by_first_op(const void *a, const void *b)
{
  const struct cr_kineto_stream *x = a, *y = b;
  if (x->span->start_ns != y->span->start_ns)
    return x->span->start_ns < y->span->start_ns ? -1 : 1;
  return x->id < y->id ? -1 : x->id > y->id;
}

struct reading {
  const char *path;
  struct kineto_trace t;
  struct cr_arena *arena;
  const char **name; /* [t.c.n_name] copied */
  struct cr_kineto_span *span;
  struct cr_kineto_replay *replay;
  uint32_t n_replay;
  struct cr_kineto_stream *stream;
};

static int take_tables(struct reading *r, struct cr_err *err)
{
  uint32_t n = r->t.c.n_op;
  r->name = cr_arena_take(r->arena, r->t.c.n_name, sizeof *r->name);
  r->span = cr_arena_take(r->arena, n, sizeof *r->span);
  r->replay = cr_arena_take(r->arena, n, sizeof *r->replay);
  r->stream = cr_arena_take(r->arena, n, sizeof *r->stream);
  if (!r->name || !r->span || !r->replay || !r->stream)
    return cr_fail_nomem(err, r->path);
  for (uint32_t i = 0; i < r->t.c.n_name; i++)
    if (!(r->name[i] = cr_arena_text(r->arena, r->t.c.name[i])))
      return cr_fail_nomem(err, r->path);
  return CR_OK;
}

static struct cr_kineto_span span_of(const struct reading *r, const struct cr_capture_op *op, cr_ns from_ns)
{
  return (struct cr_kineto_span){.name = r->name[op->name],
                                 .kind = (enum cr_op_kind)op->kind,
                                 .start_ns = op->start_ns - from_ns,
                                 .duration_ns = op->duration_ns,
                                 .blocks = op->blocks,
                                 .threads = op->threads,
                                 .regs = op->regs,
                                 .smem_bytes = op->smem_bytes,
                                 .bytes = op->bytes};
}

static int check_overlap(const struct reading *r, const struct cr_capture_op *op, struct cr_kineto_streams *out,
                         struct cr_err *err)
{
  cr_ns over_ns = op[-1].start_ns + op[-1].duration_ns - op->start_ns;
  if (over_ns <= 0)
    return CR_OK;
  if (over_ns > OVERLAP_MOST_NS)
    return cr_fail(err, CR_EINPUT,
                   "%s:%" PRIu64 ": event %" PRIu64 " starts %" PRId64
                   " ns before the one before it in stream %u has ended; the trace is damaged",
                   r->path, op->line, op->event, over_ns, r->t.c.stream[op->stream].id);
  out->n_overlap++;
  out->overlap_ns = cr_max_ns(out->overlap_ns, over_ns);
  return CR_OK;
}

static int part(struct reading *r, struct cr_kineto_streams *out, struct cr_err *err)
{
  const struct cr_capture_op *op = r->t.c.op;
  cr_ns from_ns = op[0].start_ns;
  for (uint32_t i = 1; i < r->t.c.n_op; i++)
    from_ns = cr_min_ns(from_ns, op[i].start_ns);
  struct cr_kineto_stream *s = NULL;
  struct cr_kineto_replay *replay = NULL;
  for (uint32_t i = 0; i < r->t.c.n_op; i++) {
    int fresh = i == 0 || op[i].stream != op[i - 1].stream;
    int rc = fresh ? CR_OK : check_overlap(r, &op[i], out, err);
    if (rc != CR_OK)
      return rc;
    r->span[i] = span_of(r, &op[i], from_ns);
    if (fresh) {
      s = &r->stream[out->n_stream++];
      *s = (struct cr_kineto_stream){.id = r->t.c.stream[op[i].stream].id, .span = &r->span[i], .replay = &r->replay[r->n_replay]};
    }
    if (fresh || op[i].correlation != op[i - 1].correlation || op[i].correlation == 0) {
      replay = &r->replay[r->n_replay++];
      *replay = (struct cr_kineto_replay){.first = s->n_span};
      s->n_replay++;
    }
    s->n_span++;
    replay->n++;
  }
  qsort(r->stream, out->n_stream, sizeof *r->stream, by_first_op);
  out->stream = r->stream;
  return CR_OK;
}

int cr_kineto_streams_read(const char *path, struct cr_arena *arena, struct cr_kineto_streams *out, struct cr_err *err)
{
  const struct cr_kineto_options opt = {0};
  struct reading r = {.path = path, .arena = arena};
  struct cr_kineto_streams found = {0};
  int rc = kineto_read(path, &opt, &r.t, err);
  if (rc == CR_OK && r.t.c.n_op == 0)
    rc = cr_fail(err, CR_EINPUT, "%s: has %" PRIu64 " events but no kernel; record it with GPU activities switched on",
                 path, r.t.n_event);
  if (rc == CR_OK)
    rc = take_tables(&r, err);
  if (rc == CR_OK) {
    qsort(r.t.c.op, r.t.c.n_op, sizeof *r.t.c.op, by_stream);
    rc = part(&r, &found, err);
  }
  cr_capture_fini(&r.t.c);
  if (rc == CR_OK)
    *out = found;
  return rc;
}
