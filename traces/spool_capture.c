/* spool_capture.c - a spool into a capture.
 *
 * Records come in the order in which buffers were full, not in order of time.  Begins and ends of NVTX ranges are kept and
 * paired when all are there, and so is what is known of streams and contexts, which may come before or after their ops. */
#include "config.h"

#include "traces/spool_capture.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/mem.h"
#include "traces/demangle.h"
#include "traces/spool.h"

enum { WATCH_BYTES = 1 << 20, MOVE_MOST_NS = 5000, LONGEST_S = 3600 };

/* CUPTI's numbers (cupti_activity.h, CUDA 13.0). */
enum {
  COPY_HTOD = 1,
  COPY_DTOH = 2,
  COPY_HTOA = 3,
  COPY_ATOH = 4,
  COPY_HTOH = 9,
  MEMORY_PAGEABLE = 1,
  MEMORY_PINNED = 2,
  MEMORY_DEVICE = 3,
  MARKER_START = 2,
  MARKER_END = 4,
  WAIT_FOR_EVENT = 2,
  ALLOCATION = 1,
  RELEASE = 2
};

struct marker {
  cr_ns at_ns;
  uint32_t id, tid, name;
  int is_end;
};

struct reading {
  const char *path, *label; /* label: the file's name alone, for what is said */
  const struct cr_spool_watch *watch;
  struct cr_capture *c;
  struct cr_spool_content *content;
  struct cr_text *missing;
  struct cr_demangler *demangler;
  uint32_t process;
  int has_zero;
  uint64_t zero_ns;      /* CUPTI's time of 0 in the capture */
  struct marker *marker; /* [n_marker] */
  uint32_t n_marker, marker_cap;
  struct cr_spool_stream *stream; /* [n_stream] */
  uint32_t n_stream, stream_cap;
  struct cr_spool_context *context; /* [n_context] */
  uint32_t n_context, context_cap;
  struct cr_spool_sync *wait; /* [n_wait] of streams for events */
  uint32_t n_wait, wait_cap;
};

static int more(void *table, uint32_t n, uint32_t *cap, size_t size)
{
  void *old, *grown;
  if (n < *cap)
    return CR_OK;
  if (*cap >= UINT32_MAX / 2)
    return CR_ENOMEM;
  memcpy(&old, table, sizeof old);
  grown = cr_mem_resize(old, *cap ? 2 * *cap : 64, size);
  if (!grown)
    return CR_ENOMEM;
  memcpy(table, &grown, sizeof grown);
  *cap = *cap ? 2 * *cap : 64;
  return CR_OK;
}

/* -- times --------------------------------------------------------------------------------------------------------- */

/* On the capture's clock; a time beyond 200 years is none. */
static int time_of(struct reading *r, uint64_t cupti_ns, cr_ns *out)
{
  if (!cupti_ns || cupti_ns > INT64_MAX / 2)
    return 0;
  if (!r->has_zero) {
    r->has_zero = 1;
    r->zero_ns = cupti_ns;
  }
  *out = (cr_ns)cupti_ns - (cr_ns)r->zero_ns;
  return 1;
}

/* A span that can be: an hour at most, and not empty. */
static int span_of(struct reading *r, uint64_t start_ns, uint64_t end_ns, cr_ns *start, cr_ns *duration)
{
  if (end_ns <= start_ns || end_ns - start_ns > UINT64_C(1000000000) * LONGEST_S || !time_of(r, start_ns, start))
    return 0;
  *duration = (cr_ns)(end_ns - start_ns);
  return 1;
}

/* -- ops ----------------------------------------------------------------------------------------------------------- */

static int product(const int32_t *d, uint32_t *out)
{
  uint64_t n = 1;
  for (int i = 0; i < 3; i++) {
    if (d[i] < 1)
      return 0;
    n *= (uint64_t)d[i];
    if (n >= UINT32_MAX)
      return 0;
  }
  *out = (uint32_t)n;
  return 1;
}

/* Of a kernel of so many blocks; three zeros are CUPTI's word for no clusters. */
static int cluster_of(const uint32_t *d, uint32_t blocks, uint32_t *out)
{
  const int32_t dim[3] = {(int32_t)d[0], (int32_t)d[1], (int32_t)d[2]};
  if (!d[0] && !d[1] && !d[2]) {
    *out = 1;
    return 1;
  }
  return product(dim, out) && blocks % *out == 0;
}

static int add_name(struct reading *r, const char *text, uint32_t *out)
{
  return cr_capture_add_name(r->c, text, strlen(text), out);
}

static struct cr_capture_op empty_op(const struct reading *r)
{
  return (struct cr_capture_op){
    .smem_bytes = CR_UNKNOWN, .carveout_bytes = CR_UNKNOWN, .bytes = CR_UNKNOWN, .event = r->content->n_record};
}

static int left_out(struct reading *r)
{
  r->content->n_untimed++;
  return CR_OK;
}

static int add_kernel(struct reading *r, const struct cr_spool_record *in)
{
  const struct cr_spool_kernel *k = &in->u.kernel;
  const struct cr_spool_shape *shape = in->shape;
  struct cr_capture_op op = empty_op(r);
  const char *name = in->name ? cr_demangle(r->demangler, in->name) : "unknown kernel";
  r->content->n_kernel++;
  r->content->n_without_symbol += !r->demangler && in->name && !strncmp(in->name, "_Z", 2);
  if (!span_of(r, k->start_ns, k->end_ns, &op.start_ns, &op.duration_ns) || !product(shape->grid, &op.blocks) ||
      !product(shape->block, &op.threads) || !cluster_of(shape->cluster, op.blocks, &op.cluster_blocks) ||
      shape->static_shared_bytes < 0 || shape->dynamic_shared_bytes < 0)
    return left_out(r);
  op.kind = CR_OP_KERNEL;
  op.regs = shape->registers;
  op.smem_bytes = (int64_t)shape->static_shared_bytes + shape->dynamic_shared_bytes;
  op.carveout_bytes = shape->executed_shared_bytes ? (int64_t)shape->executed_shared_bytes : CR_UNKNOWN;
  op.correlation = k->correlation;
  op.in_graph = k->graph_node != 0;
  int rc = cr_capture_add_stream(r->c, r->process, k->device, k->context, k->stream, &op.stream);
  rc = rc ? rc : add_name(r, name, &op.name);
  return rc ? rc : cr_capture_add_op(r->c, &op);
}

static const char *memory_name(uint32_t kind)
{
  static const char *const name[] = {"Unknown", "Pageable", "Pinned",        "Device",
                                     "Array",   "Managed",  "Device Static", "Managed Static"};
  return kind < sizeof name / sizeof *name ? name[kind] : name[0];
}

static const char *copy_name(uint32_t kind)
{
  static const char *const name[] = {"Unknown", "HtoD", "DtoH", "HtoA", "AtoH", "AtoA",
                                     "AtoD",    "DtoA", "DtoD", "HtoH", "PtoP"};
  return kind < sizeof name / sizeof *name ? name[kind] : name[0];
}

static enum cr_op_kind copy_kind(uint32_t kind)
{
  if (kind == COPY_HTOD || kind == COPY_HTOA)
    return CR_OP_COPY_H2D;
  return kind == COPY_DTOH || kind == COPY_ATOH ? CR_OP_COPY_D2H : CR_OP_COPY_D2D;
}

static int add_copy(struct reading *r, const struct cr_spool_memcpy *m)
{
  struct cr_capture_op op = empty_op(r);
  char name[80];
  if (m->copy_kind == COPY_HTOH)
    return CR_OK; /* nothing on the device */
  if (!span_of(r, m->start_ns, m->end_ns, &op.start_ns, &op.duration_ns) || m->n_bytes > INT64_MAX)
    return left_out(r);
  snprintf(name, sizeof name, "Memcpy %s (%s -> %s)", copy_name(m->copy_kind), memory_name(m->src_kind),
           memory_name(m->dst_kind));
  op.kind = (unsigned char)copy_kind(m->copy_kind);
  op.bytes = (int64_t)m->n_bytes;
  op.correlation = m->correlation;
  op.in_graph = m->graph_node != 0;
  uint32_t host = op.kind == CR_OP_COPY_H2D ? m->src_kind : m->dst_kind;
  if (op.kind != CR_OP_COPY_D2D)
    op.pageable = host == MEMORY_PAGEABLE ? CR_YES : host == MEMORY_PINNED ? CR_NO : CR_UNSAID;
  int rc = cr_capture_add_stream(r->c, r->process, m->device, m->context, m->stream, &op.stream);
  rc = rc ? rc : add_name(r, name, &op.name);
  return rc ? rc : cr_capture_add_op(r->c, &op);
}

static int add_memset(struct reading *r, const struct cr_spool_memset *m)
{
  struct cr_capture_op op = empty_op(r);
  char name[80];
  if (!span_of(r, m->start_ns, m->end_ns, &op.start_ns, &op.duration_ns) || m->n_bytes > INT64_MAX)
    return left_out(r);
  snprintf(name, sizeof name, "Memset (%s)", memory_name(m->memory_kind));
  op.kind = CR_OP_MEMSET;
  op.bytes = (int64_t)m->n_bytes;
  op.correlation = m->correlation;
  op.in_graph = m->graph_node != 0;
  int rc = cr_capture_add_stream(r->c, r->process, m->device, m->context, m->stream, &op.stream);
  rc = rc ? rc : add_name(r, name, &op.name);
  return rc ? rc : cr_capture_add_op(r->c, &op);
}

/* -- what the host did --------------------------------------------------------------------------------------------- */

static int add_call(struct reading *r, const struct cr_spool_record *in)
{
  const struct cr_spool_api *a = &in->u.api;
  struct cr_capture_call call = {.correlation = a->correlation, .tid = a->tid, .process = r->process};
  if (!in->name || !cr_capture_call_kind(in->name, &call.kind) || a->end_ns < a->start_ns ||
      !time_of(r, a->start_ns, &call.start_ns) || !time_of(r, a->end_ns, &call.end_ns))
    return CR_OK;
  return cr_capture_add_call(r->c, &call);
}

static int add_marker(struct reading *r, const struct cr_spool_record *in)
{
  const struct cr_spool_marker *m = &in->u.marker;
  struct marker mark = {.id = m->id, .tid = m->tid, .is_end = (m->flags & MARKER_END) != 0};
  char name[400];
  if (!(m->flags & (MARKER_START | MARKER_END)) || !time_of(r, m->time_ns, &mark.at_ns))
    return CR_OK;
  if (!mark.is_end) {
    int named = in->domain && *in->domain;
    snprintf(name, sizeof name, "%.300s%s%.90s", in->name ? in->name : "", named ? "@" : "", named ? in->domain : "");
    if (add_name(r, name, &mark.name))
      return CR_ENOMEM;
  }
  if (more(&r->marker, r->n_marker, &r->marker_cap, sizeof *r->marker))
    return CR_ENOMEM;
  r->marker[r->n_marker++] = mark;
  return CR_OK;
}

static int add_memory(struct reading *r, const struct cr_spool_memory *m)
{
  struct cr_capture_alloc a = {
    .address = m->address, .process = r->process, .device = m->device, .is_free = m->operation == RELEASE};
  if (m->memory_kind != MEMORY_DEVICE || (m->operation != ALLOCATION && m->operation != RELEASE) ||
      m->n_bytes > INT64_MAX / 4 || !time_of(r, m->time_ns, &a.at_ns))
    return CR_OK;
  a.bytes = m->n_bytes ? (int64_t)m->n_bytes : 1; /* a release need not say */
  return cr_capture_add_alloc(r->c, &a);
}

static int add_note(struct reading *r, const struct cr_spool_record *in)
{
  if (in->u.note.level != CR_SPOOL_INFO && in->name && *in->name)
    cr_text_add(r->missing, "%s: %s\n", r->label, in->name);
  return CR_OK;
}

static int keep_stream(struct reading *r, const struct cr_spool_stream *s)
{
  if (more(&r->stream, r->n_stream, &r->stream_cap, sizeof *r->stream))
    return CR_ENOMEM;
  r->stream[r->n_stream++] = *s;
  return CR_OK;
}

static int keep_context(struct reading *r, const struct cr_spool_context *c)
{
  if (more(&r->context, r->n_context, &r->context_cap, sizeof *r->context))
    return CR_ENOMEM;
  r->context[r->n_context++] = *c;
  return CR_OK;
}

static int keep_wait(struct reading *r, const struct cr_spool_sync *s)
{
  if (s->type != WAIT_FOR_EVENT || s->stream == UINT32_MAX)
    return CR_OK;
  if (more(&r->wait, r->n_wait, &r->wait_cap, sizeof *r->wait))
    return CR_ENOMEM;
  r->wait[r->n_wait++] = *s;
  return CR_OK;
}

static int keep_device(struct reading *r, const struct cr_spool_record *in)
{
  if (r->c->gpu || !in->name)
    return CR_OK;
  r->c->gpu = cr_arena_text(r->c->arena, in->name);
  return r->c->gpu ? CR_OK : CR_ENOMEM;
}

static int keep(struct reading *r, const struct cr_spool_record *in)
{
  switch (in->kind) {
  case CR_SPOOL_KERNEL:
    return add_kernel(r, in);
  case CR_SPOOL_MEMCPY:
    return add_copy(r, &in->u.copy);
  case CR_SPOOL_MEMSET:
    return add_memset(r, &in->u.set);
  case CR_SPOOL_API:
    return add_call(r, in);
  case CR_SPOOL_MARKER:
    return add_marker(r, in);
  case CR_SPOOL_MEMORY:
    return add_memory(r, &in->u.memory);
  case CR_SPOOL_NOTE:
    return add_note(r, in);
  case CR_SPOOL_STREAM:
    return keep_stream(r, &in->u.stream);
  case CR_SPOOL_CONTEXT:
    return keep_context(r, &in->u.context);
  case CR_SPOOL_SYNC:
    return keep_wait(r, &in->u.sync);
  case CR_SPOOL_DEVICE:
    return keep_device(r, in);
  case CR_SPOOL_GRAPH_TRACE:
    r->content->n_graph_trace++;
    return CR_OK;
  default:
    return CR_OK;
  }
}

/* -- when all records are there ------------------------------------------------------------------------------------- */

static int by_id_and_time(const void *a, const void *b)
{
  const struct marker *x = a, *y = b;
  if (x->id != y->id)
    return x->id < y->id ? -1 : 1;
  if (x->is_end != y->is_end)
    return x->is_end - y->is_end;
  return x->at_ns < y->at_ns ? -1 : x->at_ns > y->at_ns;
}

/* A range that another thread ends holds for all threads; one without an end lasts until the recording's. */
static int pair_markers(struct reading *r, cr_ns last_ns)
{
  if (r->n_marker)
    qsort(r->marker, r->n_marker, sizeof *r->marker, by_id_and_time);
  for (uint32_t i = 0; i < r->n_marker; i++) {
    const struct marker *m = &r->marker[i];
    if (m->is_end)
      continue;
    int paired = i + 1 < r->n_marker && m[1].id == m->id && m[1].is_end;
    struct cr_capture_range range = {.start_ns = m->at_ns,
                                     .end_ns = cr_max_ns(m->at_ns, paired ? m[1].at_ns : last_ns),
                                     .tid = m->tid,
                                     .process = r->process,
                                     .name = m->name,
                                     .any_thread = paired && m[1].tid != m->tid};
    if (cr_capture_add_range(r->c, &range))
      return CR_ENOMEM;
  }
  return CR_OK;
}

static void describe_streams(struct reading *r)
{
  for (uint32_t i = 0; i < r->c->n_stream; i++) {
    struct cr_capture_stream *to = &r->c->stream[i];
    for (uint32_t k = 0; k < r->n_stream; k++)
      if (r->stream[k].context == to->context && r->stream[k].stream == to->id) {
        to->priority = r->stream[k].priority;
        to->has_priority = 1;
      }
    for (uint32_t k = 0; k < r->n_context; k++)
      if (r->context[k].green && r->context[k].context == to->context)
        to->green = to->context;
    for (uint32_t k = 0; k < r->n_wait; k++)
      to->n_wait += r->wait[k].context == to->context && r->wait[k].stream == to->id;
  }
}

static int by_stream(const void *a, const void *b)
{
  const struct cr_capture_op *x = a, *y = b;
  if (x->stream != y->stream)
    return x->stream < y->stream ? -1 : 1;
  if (x->start_ns != y->start_ns)
    return x->start_ns < y->start_ns ? -1 : 1;
  return x->event < y->event ? -1 : x->event > y->event;
}

/* What begins a little too early begins at the end of the one before. */
static void move_overlaps(struct reading *r)
{
  struct cr_capture_op *op = r->c->op;
  if (r->c->n_op)
    qsort(op, r->c->n_op, sizeof *op, by_stream);
  for (uint32_t i = 1; i < r->c->n_op; i++) {
    cr_ns over_ns = op[i - 1].start_ns + op[i - 1].duration_ns - op[i].start_ns;
    if (op[i].stream != op[i - 1].stream || over_ns <= 0 || over_ns > MOVE_MOST_NS || over_ns >= op[i].duration_ns)
      continue;
    op[i].start_ns += over_ns;
    op[i].duration_ns -= over_ns;
    r->content->n_moved++;
  }
}

static int finish(struct reading *r, const struct cr_spool *s)
{
  cr_ns last_ns = 0;
  for (uint32_t i = 0; i < r->c->n_op; i++)
    last_ns = cr_max_ns(last_ns, r->c->op[i].start_ns + r->c->op[i].duration_ns);
  for (uint32_t i = 0; i < r->c->n_call; i++)
    last_ns = cr_max_ns(last_ns, r->c->call[i].end_ns);
  r->c->base_ns = r->has_zero ? cr_spool_realtime_ns(cr_spool_state(s), r->zero_ns) : 0;
  r->content->zero_ns = (cr_ns)r->zero_ns;
  cr_spool_missing(s, r->label, r->missing);
  if (r->content->n_untimed)
    cr_text_add(r->missing,
                "%s: %" PRIu64 " kernels, copies or memsets have impossible times or shapes and were left out\n",
                r->label, r->content->n_untimed);
  if (r->content->n_graph_trace)
    cr_text_add(r->missing,
                "%s: %" PRIu64 " launches of graphs were recorded as a whole: their kernels are not known\n", r->label,
                r->content->n_graph_trace);
  describe_streams(r);
  move_overlaps(r);
  return pair_markers(r, last_ns);
}

/* -- reading ------------------------------------------------------------------------------------------------------- */

static int watch(struct reading *r, const struct cr_spool *s, int64_t *told, struct cr_err *err)
{
  const struct cr_spool_state *st = cr_spool_state(s);
  if (!r->watch || st->done_bytes - *told < WATCH_BYTES)
    return CR_OK;
  *told = st->done_bytes;
  if (r->watch->on_progress)
    r->watch->on_progress(r->watch->ctx, st->done_bytes, st->all_bytes);
  return r->watch->stop && *r->watch->stop ? cr_fail(err, CR_EINTR, "stopped while reading %s", r->path) : CR_OK;
}

static int read_all(struct reading *r, struct cr_spool *s, struct cr_err *err)
{
  struct cr_spool_record record;
  const struct cr_spool_who *who = cr_spool_who(s);
  int64_t told = 0;
  int rc = cr_capture_add_process(r->c, who->process.pid, &r->process), got = 0;
  if (rc)
    return cr_fail_nomem(err, r->path);
  r->c->process[r->process].pid = who->process.pid;
  r->content->has_calls = who->process.kinds >> CR_SPOOL_API & 1;
  while ((got = cr_spool_next(s, &record, err)) == 1) {
    r->content->n_record++;
    if (keep(r, &record))
      return cr_fail_nomem(err, r->path);
    rc = watch(r, s, &told, err);
    if (rc)
      return rc;
  }
  if (got < 0)
    return got;
  return finish(r, s) || r->missing->failed ? cr_fail_nomem(err, r->path) : CR_OK;
}

int cr_spool_capture(const char *path, const struct cr_spool_watch *watch_it, struct cr_capture *capture,
                     struct cr_spool_content *content, struct cr_text *missing, struct cr_err *err)
{
  struct cr_spool *s = NULL;
  const char *slash = strrchr(path, '/');
  struct reading r = {.path = path,
                      .label = slash ? slash + 1 : path,
                      .watch = watch_it,
                      .c = capture,
                      .content = content,
                      .missing = missing};
  int rc = cr_spool_open(path, &s, err);
  if (rc)
    return rc;
  *content = (struct cr_spool_content){0};
  r.demangler = cr_demangler_new();
  rc = read_all(&r, s, err);
  cr_spool_close(s);
  cr_demangler_free(r.demangler);
  cr_mem_free(r.marker);
  cr_mem_free(r.stream);
  cr_mem_free(r.context);
  cr_mem_free(r.wait);
  return rc;
}

void cr_spool_capture_window(struct cr_capture *c, cr_ns from_ns, cr_ns to_ns)
{
  cr_ns first_ns = CR_NS_NEVER;
  uint32_t n = 0;
  for (uint32_t i = 0; i < c->n_op; i++)
    first_ns = cr_min_ns(first_ns, c->op[i].start_ns);
  for (uint32_t i = 0; i < c->n_op; i++) {
    cr_ns at_ns = c->op[i].start_ns - first_ns;
    if (at_ns >= from_ns && at_ns < to_ns)
      c->op[n++] = c->op[i];
  }
  c->n_op = n;
}

int cr_spool_each_host(void *source, cr_capture_on_host *each, void *ctx, struct cr_err *err)
{
  struct cr_spool_host *host = source;
  struct cr_spool_record r;
  struct cr_spool *s = NULL;
  int rc = cr_spool_open(host->path, &s, err), got = rc;
  while (!rc && (got = cr_spool_next(s, &r, err)) == 1) {
    if (r.kind == CR_SPOOL_API && r.u.api.start_ns && r.u.api.start_ns <= INT64_MAX / 2)
      each(ctx, (cr_ns)r.u.api.start_ns - host->zero_ns, 0, r.u.api.tid, 1);
    else if (r.kind == CR_SPOOL_MARKER && r.u.marker.flags & MARKER_START && r.u.marker.time_ns <= INT64_MAX / 2)
      each(ctx, (cr_ns)r.u.marker.time_ns - host->zero_ns, 0, r.u.marker.tid, 0);
  }
  cr_spool_close(s);
  return got < 0 ? got : rc;
}
