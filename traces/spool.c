/* spool.c - reads a spool chunk by chunk: checks a whole chunk before any of its records is looked at.
 *
 * Texts lie in one block, and tables say where; a RESET record empties them.  A record whose length does not fit into its
 * chunk, though the checksum is right, was written by a program that is wrong: the rest of the chunk counts as damaged. */
#include "config.h"

#include "traces/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "sim/mem.h"

enum { IDS_MAX = 1 << 20, CBIDS = 4096, CRC_BYTES = 20 };

struct table {
  uint32_t *at; /* [cap] by id: offset in the texts, plus 1; 0: not there */
  uint32_t cap;
};

struct cr_spool {
  int fd;
  char *path;
  struct cr_spool_state state;
  struct cr_spool_who who;
  struct cr_text who_texts;
  uint8_t *chunk; /* [CR_SPOOL_CHUNK_BYTES_MAX] */
  size_t n, at;   /* bytes of the chunk; where the next record lies */
  int at_end;
  struct table text, shape;
  char *texts; /* each terminated */
  size_t n_texts, texts_cap;
  struct cr_spool_shape *shapes; /* [n_shape] */
  size_t n_shape, shapes_cap;
  uint32_t api[4][CBIDS]; /* a text */
  struct cr_text note;
};

/* How long the struct of a kind is; 0: not known here. */
static size_t payload_bytes(uint16_t kind)
{
  static const size_t bytes[CR_SPOOL_KIND_END] = {
    [CR_SPOOL_TEXT] = sizeof(struct cr_spool_text),
    [CR_SPOOL_SHAPE] = sizeof(struct cr_spool_shape),
    [CR_SPOOL_API_NAME] = sizeof(struct cr_spool_api_name),
    [CR_SPOOL_PROCESS] = sizeof(struct cr_spool_process),
    [CR_SPOOL_CLOCK] = sizeof(struct cr_spool_clock),
    [CR_SPOOL_NOTE] = sizeof(struct cr_spool_note),
    [CR_SPOOL_COUNTS] = sizeof(struct cr_spool_counts),
    [CR_SPOOL_END] = sizeof(struct cr_spool_end),
    [CR_SPOOL_KERNEL] = sizeof(struct cr_spool_kernel),
    [CR_SPOOL_MEMCPY] = sizeof(struct cr_spool_memcpy),
    [CR_SPOOL_MEMSET] = sizeof(struct cr_spool_memset),
    [CR_SPOOL_API] = sizeof(struct cr_spool_api),
    [CR_SPOOL_SYNC] = sizeof(struct cr_spool_sync),
    [CR_SPOOL_MEMORY] = sizeof(struct cr_spool_memory),
    [CR_SPOOL_POOL] = sizeof(struct cr_spool_pool),
    [CR_SPOOL_STREAM] = sizeof(struct cr_spool_stream),
    [CR_SPOOL_CONTEXT] = sizeof(struct cr_spool_context),
    [CR_SPOOL_DEVICE] = sizeof(struct cr_spool_device),
    [CR_SPOOL_GRAPH_NODE] = sizeof(struct cr_spool_graph_node),
    [CR_SPOOL_MARKER] = sizeof(struct cr_spool_marker),
    [CR_SPOOL_MARKER_DATA] = sizeof(struct cr_spool_marker_data),
    [CR_SPOOL_OVERHEAD] = sizeof(struct cr_spool_overhead),
    [CR_SPOOL_ENVIRONMENT] = sizeof(struct cr_spool_environment),
    [CR_SPOOL_GRAPH_TRACE] = sizeof(struct cr_spool_graph_trace),
    [CR_SPOOL_EVENT] = sizeof(struct cr_spool_event),
    [CR_SPOOL_COUNTED] = sizeof(struct cr_spool_counted),
  };
  return kind < CR_SPOOL_KIND_END ? bytes[kind] : 0;
}

/* ---- chunks ---- */

/* Up to n bytes; fewer at the end of the file.  CR_EINPUT when it cannot be read. */
static int read_bytes(struct cr_spool *s, void *out, size_t n, size_t *got, struct cr_err *err)
{
  *got = 0;
  while (*got < n) {
    ssize_t part = read(s->fd, (char *)out + *got, n - *got);
    if (part < 0 && errno == EINTR)
      continue;
    if (part < 0)
      return cr_fail(err, CR_EINPUT, "%s: cannot be read: %s", s->path, strerror(errno));
    if (!part)
      break;
    *got += (size_t)part;
  }
  s->state.done_bytes += (int64_t)*got;
  return CR_OK;
}

static uint32_t chunk_crc(const struct cr_spool_chunk *head, const uint8_t *bytes)
{
  uLong sum = crc32(0, (const Bytef *)head, CRC_BYTES);
  return (uint32_t)crc32(sum, bytes, head->n_bytes);
}

static int broken(struct cr_spool *s, enum cr_spool_break how)
{
  s->state.broken = how;
  s->at_end = 1;
  return CR_OK;
}

static int next_chunk(struct cr_spool *s, struct cr_err *err)
{
  struct cr_spool_chunk head;
  size_t got = 0;
  s->n = s->at = 0;
  int rc = read_bytes(s, &head, sizeof head, &got, err);
  if (rc < 0)
    return rc;
  if (!got) {
    s->at_end = 1;
    return CR_OK;
  }
  if (got < sizeof head)
    return broken(s, CR_SPOOL_CUT);
  if (head.magic != CR_SPOOL_CHUNK_MAGIC || head.n_bytes > CR_SPOOL_CHUNK_BYTES_MAX || head.seq != s->state.n_chunk)
    return broken(s, CR_SPOOL_DAMAGED);
  rc = read_bytes(s, s->chunk, head.n_bytes, &got, err);
  if (rc < 0)
    return rc;
  if (got < head.n_bytes)
    return broken(s, CR_SPOOL_CUT);
  if (chunk_crc(&head, s->chunk) != head.crc)
    return broken(s, CR_SPOOL_DAMAGED);
  s->n = head.n_bytes;
  s->state.n_chunk++;
  s->state.whole_bytes = s->state.done_bytes;
  return CR_OK;
}

/* ---- what records refer to ---- */

static const char *text_of(const struct cr_spool *s, uint32_t id)
{
  return id && id < s->text.cap && s->text.at[id] ? s->texts + s->text.at[id] - 1 : NULL;
}

static const struct cr_spool_shape *shape_of(const struct cr_spool *s, uint32_t id)
{
  return id && id < s->shape.cap && s->shape.at[id] ? &s->shapes[s->shape.at[id] - 1] : NULL;
}

static void forget(struct cr_spool *s)
{
  if (s->text.at)
    memset(s->text.at, 0, s->text.cap * sizeof *s->text.at);
  if (s->shape.at)
    memset(s->shape.at, 0, s->shape.cap * sizeof *s->shape.at);
  memset(s->api, 0, sizeof s->api);
  s->n_texts = s->n_shape = 0;
}

/* A block of at least n elements of size bytes; the new ones are zeroed. */
static int grow(void **block, size_t *cap, size_t n, size_t size)
{
  if (n <= *cap)
    return CR_OK;
  size_t more = *cap ? *cap : 64;
  while (more < n)
    more *= 2;
  void *bigger = cr_mem_resize(*block, more, size);
  if (!bigger)
    return CR_ENOMEM;
  memset((char *)bigger + *cap * size, 0, (more - *cap) * size);
  *block = bigger;
  *cap = more;
  return CR_OK;
}

static int enter(struct table *t, uint32_t id, size_t at)
{
  size_t cap = t->cap;
  void *block = t->at;
  if (grow(&block, &cap, (size_t)id + 1, sizeof *t->at))
    return CR_ENOMEM;
  t->at = block;
  t->cap = (uint32_t)cap;
  t->at[id] = (uint32_t)at + 1;
  return CR_OK;
}

/* The text behind the struct of a record of n bytes in all. */
static int keep_text(struct cr_spool *s, const struct cr_spool_text *head, const char *bytes, size_t n)
{
  void *block = s->texts;
  if (!head->id || head->id >= IDS_MAX || head->n > n || s->n_texts + head->n + 1 > UINT32_MAX - 1) {
    s->state.n_unresolved++;
    return CR_OK;
  }
  if (grow(&block, &s->texts_cap, s->n_texts + head->n + 1, 1))
    return CR_ENOMEM;
  s->texts = block;
  memcpy(s->texts + s->n_texts, bytes, head->n);
  s->texts[s->n_texts + head->n] = 0;
  int rc = enter(&s->text, head->id, s->n_texts);
  s->n_texts += head->n + 1;
  return rc;
}

static int keep_shape(struct cr_spool *s, const struct cr_spool_shape *shape)
{
  void *block = s->shapes;
  if (!shape->id || shape->id >= IDS_MAX) {
    s->state.n_unresolved++;
    return CR_OK;
  }
  if (grow(&block, &s->shapes_cap, s->n_shape + 1, sizeof *s->shapes))
    return CR_ENOMEM;
  s->shapes = block;
  s->shapes[s->n_shape] = *shape;
  return enter(&s->shape, shape->id, s->n_shape++);
}

/* ---- records ---- */

struct raw {
  uint16_t kind;
  size_t n;             /* bytes behind the struct */
  const uint8_t *bytes; /* them */
};

/* The next record of the chunk: its kind, and its struct in *payload, shorter ones zeroed.  0: the chunk is at its end, or
 * goes on with what is no record. */
static int next_raw(struct cr_spool *s, struct raw *raw, void *payload, size_t cap)
{
  struct cr_spool_head head;
  if (s->n - s->at < sizeof head)
    return s->at = s->n, 0;
  memcpy(&head, s->chunk + s->at, sizeof head);
  if (head.n_bytes < sizeof head || head.n_bytes > s->n - s->at || head.n_bytes % 8) {
    s->at = s->n;
    broken(s, CR_SPOOL_DAMAGED);
    return 0;
  }
  size_t n = head.n_bytes - sizeof head, want = payload_bytes(head.kind), have = n < want ? n : want;
  memset(payload, 0, cap);
  memcpy(payload, s->chunk + s->at + sizeof head, have);
  *raw = (struct raw){.kind = head.kind, .n = n - have, .bytes = s->chunk + s->at + sizeof head + have};
  s->at += head.n_bytes;
  s->state.n_record++;
  return 1;
}

static int keep_api_name(struct cr_spool *s, const struct cr_spool_api_name *name)
{
  if (name->domain < 4 && name->cbid < CBIDS)
    s->api[name->domain][name->cbid] = name->name;
  return CR_OK;
}

/* Texts, shapes and the like: 1 when the record was one of them. */
static int keep(struct cr_spool *s, const struct raw *raw, const void *payload, int *rc)
{
  switch (raw->kind) {
  case CR_SPOOL_RESET:
    forget(s);
    return 1;
  case CR_SPOOL_TEXT:
    *rc = keep_text(s, payload, (const char *)raw->bytes, raw->n);
    return 1;
  case CR_SPOOL_SHAPE:
    *rc = keep_shape(s, payload);
    return 1;
  case CR_SPOOL_API_NAME:
    *rc = keep_api_name(s, payload);
    return 1;
  default:
    return 0;
  }
}

/* Texts of the note stand behind it. */
static int note_text(struct cr_spool *s, const struct raw *raw, struct cr_spool_record *r)
{
  size_t n = r->u.note.n < raw->n ? r->u.note.n : raw->n;
  s->note.n = 0;
  cr_text_add_bytes(&s->note, (const char *)raw->bytes, n);
  r->name = s->note.s ? s->note.s : "";
  return s->note.failed ? CR_ENOMEM : CR_OK;
}

static const char *api_name(const struct cr_spool *s, const struct cr_spool_api *api)
{
  return api->domain < 4 && api->cbid < CBIDS ? text_of(s, s->api[api->domain][api->cbid]) : NULL;
}

static void note_clock(struct cr_spool_state *state, const struct cr_spool_clock *clock)
{
  if (!state->n_clock++)
    state->clock_first = *clock;
  state->clock_last = *clock;
}

/* Gives the record its names; 0 when it refers to what is not there. */
static int resolve(struct cr_spool *s, const struct raw *raw, struct cr_spool_record *r, int *rc)
{
  switch (r->kind) {
  case CR_SPOOL_KERNEL:
    r->shape = shape_of(s, r->u.kernel.shape);
    r->name = r->shape ? text_of(s, r->shape->name) : NULL;
    return r->shape != NULL;
  case CR_SPOOL_COUNTED:
    r->shape = shape_of(s, r->u.counted.shape);
    r->name = r->shape ? text_of(s, r->shape->name) : NULL;
    return r->shape != NULL;
  case CR_SPOOL_API:
    r->name = api_name(s, &r->u.api);
    return 1;
  case CR_SPOOL_MARKER:
    r->name = text_of(s, r->u.marker.name);
    r->domain = text_of(s, r->u.marker.domain);
    return 1;
  case CR_SPOOL_MEMORY:
    r->name = text_of(s, r->u.memory.name);
    r->domain = text_of(s, r->u.memory.source);
    return 1;
  case CR_SPOOL_DEVICE:
    r->name = text_of(s, r->u.device.name);
    return 1;
  case CR_SPOOL_NOTE:
    *rc = note_text(s, raw, r);
    return 1;
  case CR_SPOOL_CLOCK:
    note_clock(&s->state, &r->u.clock);
    return 1;
  case CR_SPOOL_COUNTS:
    s->state.counts = r->u.counts;
    return 1;
  case CR_SPOOL_END:
    s->state.counts = r->u.end.counts;
    s->state.ended = 1;
    return 1;
  default:
    return 1;
  }
}

int cr_spool_next(struct cr_spool *s, struct cr_spool_record *out, struct cr_err *err)
{
  union {
    struct cr_spool_text text;
    struct cr_spool_shape shape;
    struct cr_spool_api_name api_name;
    __typeof__(out->u) u;
  } payload;
  for (;;) {
    struct raw raw;
    int rc = CR_OK;
    while (s->at >= s->n) {
      if (s->at_end)
        return 0;
      rc = next_chunk(s, err);
      if (rc < 0)
        return rc;
    }
    if (!next_raw(s, &raw, &payload, sizeof payload) || keep(s, &raw, &payload, &rc)) {
      if (rc < 0)
        return cr_fail_nomem(err, s->path);
      continue;
    }
    if (!payload_bytes(raw.kind)) {
      s->state.n_unknown++;
      continue;
    }
    *out = (struct cr_spool_record){.kind = (enum cr_spool_kind)raw.kind, .u = payload.u};
    if (!resolve(s, &raw, out, &rc)) {
      s->state.n_unresolved++;
      continue;
    }
    return rc < 0 ? cr_fail_nomem(err, s->path) : 1;
  }
}

/* ---- opening ---- */

/* Reads up to the process record, which comes first, and keeps its texts. */
static int read_who(struct cr_spool *s, struct cr_err *err)
{
  struct cr_spool_record r;
  int rc = cr_spool_next(s, &r, err);
  if (rc < 0)
    return rc;
  if (!rc || r.kind != CR_SPOOL_PROCESS)
    return cr_fail(err, CR_EINPUT, "%s: holds no whole chunk, so nothing can be recovered from it", s->path);
  const struct cr_spool_process *p = &r.u.process;
  const uint32_t id[] = {p->host, p->command, p->program, p->corun, p->options, p->cupti_path};
  const char **to[] = {&s->who.host,  &s->who.command, &s->who.program,
                       &s->who.corun, &s->who.options, &s->who.cupti_path};
  size_t at[6];
  s->who.process = *p;
  for (int i = 0; i < 6; i++) {
    const char *text = text_of(s, id[i]);
    at[i] = s->who_texts.n;
    cr_text_add_bytes(&s->who_texts, text ? text : "", (text ? strlen(text) : 0) + 1);
  }
  if (s->who_texts.failed)
    return cr_fail_nomem(err, s->path);
  for (int i = 0; i < 6; i++)
    *to[i] = s->who_texts.s + at[i];
  return CR_OK;
}

static int read_head(struct cr_spool *s, struct cr_err *err)
{
  struct cr_spool_file head;
  size_t got = 0;
  int rc = read_bytes(s, &head, sizeof head, &got, err);
  if (rc < 0)
    return rc;
  if (got < sizeof head || memcmp(head.magic, CR_SPOOL_MAGIC, sizeof head.magic))
    return cr_fail(err, CR_EINPUT, "%s: is not a spool of the collector", s->path);
  if (head.order != CR_SPOOL_ORDER || head.version != CR_SPOOL_VERSION)
    return cr_fail(err, CR_EINPUT, "%s: is a spool of version %u; this corun reads version %d", s->path, head.version,
                   CR_SPOOL_VERSION);
  return read_who(s, err);
}

static int open_file(struct cr_spool *s, struct cr_err *err)
{
  struct stat st;
  s->fd = open(s->path, O_RDONLY | O_CLOEXEC);
  if (s->fd < 0 || fstat(s->fd, &st))
    return cr_fail(err, CR_EINPUT, "%s: cannot be read: %s", s->path, strerror(errno));
  if (!S_ISREG(st.st_mode))
    return cr_fail(err, CR_EINPUT, "%s: is not a file; name the spools in it", s->path);
  s->state.all_bytes = (int64_t)st.st_size;
  return read_head(s, err);
}

int cr_spool_open(const char *path, struct cr_spool **out, struct cr_err *err)
{
  struct cr_spool *s = cr_mem_new(1, sizeof *s);
  if (!s)
    return cr_fail_nomem(err, path);
  s->fd = -1;
  s->path = cr_mem_new(strlen(path) + 1, 1);
  s->chunk = cr_mem_new(CR_SPOOL_CHUNK_BYTES_MAX, 1);
  int rc = CR_OK;
  if (!s->path || !s->chunk) {
    rc = cr_fail_nomem(err, path);
  } else {
    memcpy(s->path, path, strlen(path) + 1);
    rc = open_file(s, err);
  }
  if (rc < 0) {
    cr_spool_close(s);
    return rc;
  }
  *out = s;
  return CR_OK;
}

void cr_spool_close(struct cr_spool *s)
{
  if (!s)
    return;
  if (s->fd >= 0)
    close(s->fd);
  cr_text_fini(&s->who_texts);
  cr_text_fini(&s->note);
  cr_mem_free(s->text.at);
  cr_mem_free(s->shape.at);
  cr_mem_free(s->texts);
  cr_mem_free(s->shapes);
  cr_mem_free(s->chunk);
  cr_mem_free(s->path);
  cr_mem_free(s);
}

/* ---- what is known of it ---- */

const struct cr_spool_state *cr_spool_state(const struct cr_spool *s)
{
  return &s->state;
}

const struct cr_spool_who *cr_spool_who(const struct cr_spool *s)
{
  return &s->who;
}

static void missing_count(struct cr_text *out, const char *path, uint64_t n, const char *what)
{
  if (n)
    cr_text_add(out, "%s: %llu %s\n", path, (unsigned long long)n, what);
}

void cr_spool_missing(const struct cr_spool *s, const char *path, struct cr_text *out)
{
  const struct cr_spool_state *st = &s->state;
  const struct cr_spool_counts *c = &st->counts;
  long long whole = (long long)st->whole_bytes, all = (long long)st->all_bytes;
  if (st->broken == CR_SPOOL_CUT)
    cr_text_add(out, "%s: is cut off: the first %lld of %lld bytes are whole and were read\n", path, whole, all);
  else if (st->broken == CR_SPOOL_DAMAGED)
    cr_text_add(out, "%s: is damaged after %lld of %lld bytes; what comes before was read\n", path, whole, all);
  if (!st->ended)
    cr_text_add(out,
                "%s: has no end: process %u was killed or ended without running its exit handlers, or still runs; "
                "its last records are missing\n",
                path, s->who.process.pid);
  missing_count(out, path, c->dropped, "records were dropped by CUPTI, for want of a free buffer");
  missing_count(out, path, c->untimed,
                "kernels, copies or memsets have no times and were left out: not finished at the end");
  missing_count(out, path, c->not_written,
                "records were not written: no room in the file system, or the limit was reached");
  missing_count(out, path, c->malformed, "records of CUPTI were malformed and were left out");
  missing_count(out, path, c->unknown, "records were of kinds that the collector does not know");
  missing_count(out, path, st->n_unknown, "records of the spool are of kinds that this corun does not know");
  missing_count(out, path, st->n_unresolved, "records of the spool refer to what it does not hold and were left out");
}

int64_t cr_spool_realtime_ns(const struct cr_spool_state *state, uint64_t cupti_ns)
{
  const struct cr_spool_clock *a = &state->clock_first, *b = &state->clock_last;
  if (!cupti_ns || !state->n_clock)
    return 0;
  int64_t since = (int64_t)(cupti_ns - a->cupti_ns), base = (int64_t)a->realtime_ns;
  if (b->cupti_ns <= a->cupti_ns || b->realtime_ns <= a->realtime_ns)
    return cr_ns_add(base, since);
  return cr_ns_add(base,
                   cr_muldiv(since, (int64_t)(b->realtime_ns - a->realtime_ns), (int64_t)(b->cupti_ns - a->cupti_ns)));
}
