/* kineto_read.c - streams a Kineto trace: yajl over zlib, keeping device ops and CUDA calls alone.
 *
 * The file is one JSON object; its traceEvents are objects with a few members and an args object.  Members come in any
 * order, so an event is collected into a record of fixed size and judged when it closes.  Numbers are taken as text and
 * read as integers: ts and dur are microseconds with three decimals, exact nanoseconds. */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#include "sim/text.h"
#include "traces/gz.h"
#include "traces/kineto_int.h"

enum { CHUNK_BYTES = 64 * 1024, WATCH_BYTES = 1 << 20, DEPTH_MAX = 64 };

/* Members of an event that are read.  Those from F_CORRELATION on stand in its args. */
enum field {
  F_TS,
  F_DUR,
  F_TID,
  F_CORRELATION,
  F_DEVICE,
  F_STREAM,
  F_REGS,
  F_SMEM,
  F_BYTES,
  F_GRAPH_NODE,
  F_GRID0,
  F_GRID1,
  F_GRID2,
  F_BLOCK0,
  F_BLOCK1,
  F_BLOCK2,
  N_FIELD,
  F_NONE = N_FIELD,
  F_PH,
  F_CAT,
  F_NAME,
  F_GRID,
  F_BLOCK
};

static const struct member {
  const char *key;
  int in_args;
  enum field field;
} member[] = {
  {"ts", 0, F_TS},
  {"dur", 0, F_DUR},
  {"tid", 0, F_TID},
  {"ph", 0, F_PH},
  {"cat", 0, F_CAT},
  {"name", 0, F_NAME},
  {"correlation", 1, F_CORRELATION},
  {"device", 1, F_DEVICE},
  {"stream", 1, F_STREAM},
  {"registers per thread", 1, F_REGS},
  {"shared memory", 1, F_SMEM},
  {"bytes", 1, F_BYTES},
  {"graph node id", 1, F_GRAPH_NODE},
  {"grid", 1, F_GRID},
  {"block", 1, F_BLOCK},
};

static const char *const field_name[N_FIELD] = {"ts",
                                                "dur",
                                                "tid",
                                                "correlation",
                                                "device",
                                                "stream",
                                                "registers per thread",
                                                "shared memory",
                                                "bytes",
                                                "graph node id",
                                                "grid",
                                                "grid",
                                                "grid",
                                                "block",
                                                "block",
                                                "block"};

enum category { CAT_OTHER, CAT_KERNEL, CAT_MEMCPY, CAT_MEMSET, CAT_CALL, CAT_CPU_OP };

enum state { MISSING, GIVEN, WRONG };

/* The event being read. */
struct event {
  int complete; /* ph is "X" */
  enum category category;
  int64_t value[N_FIELD]; /* ns for ts and dur */
  unsigned char state[N_FIELD];
  enum field wrong;    /* the first field that is not what it should be, and */
  char wrong_text[48]; /* what stands there */
  struct cr_text name;
};

/* Where the parser stands.  Only these places matter; everything else is skipped by depth. */
enum place { AT_TOP, IN_EVENTS, IN_EVENT, IN_ARGS, IN_DIMENSIONS, IN_PROPERTIES, ELSEWHERE };

struct reader {
  const char *path;
  const struct cr_kineto_options *opt; /* who watches */
  struct kineto_trace *t; /* NULL in a pass over host events */
  cr_capture_on_host *on_host;
  void *host_ctx;
  struct cr_err *err;
  int rc;
  yajl_handle yajl;
  unsigned depth;
  enum place place[DEPTH_MAX];
  enum field key; /* of the value to come */
  int key_top;    /* the same in the top object, as enum top_key */
  int key_is_gpu_name;
  uint32_t dimension; /* index in grid or block */
  int saw_events;
  struct event e;
  uint64_t n_event;
  uint64_t event_line;
  const unsigned char *chunk; /* being parsed, and up to where lines were counted in it */
  size_t chunk_n, counted;
  uint64_t line;
};

enum top_key { TOP_NONE, TOP_EVENTS, TOP_BASE, TOP_SCHEMA, TOP_DRIVER, TOP_PROPERTIES };

static enum place where(const struct reader *r)
{
  return r->depth ? r->place[r->depth - 1] : AT_TOP;
}

/* -- lines -- */

static void count_lines(struct reader *r, size_t to)
{
  while (r->counted < to) {
    const unsigned char *p = memchr(r->chunk + r->counted, '\n', to - r->counted);
    if (!p)
      break;
    r->line++;
    r->counted = (size_t)(p - r->chunk) + 1;
  }
  r->counted = to;
}

static uint64_t line_here(struct reader *r)
{
  size_t at = yajl_get_bytes_consumed(r->yajl);
  count_lines(r, at < r->chunk_n ? at : r->chunk_n);
  return r->line + 1;
}

/* -- numbers -- */

/* A whole number. */
static int parse_whole(const char *s, size_t n, int64_t *out)
{
  int negative = n > 0 && s[0] == '-';
  size_t i = (size_t)negative;
  int64_t v = 0;
  if (i == n)
    return 0;
  for (; i < n; i++) {
    if (s[i] < '0' || s[i] > '9' || __builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, s[i] - '0', &v))
      return 0;
  }
  *out = negative ? -v : v;
  return 1;
}

/* Microseconds with decimals, as ns.  Kineto writes three; further ones are rounded to the nearest ns. */
static int parse_us(const char *s, size_t n, int64_t *out)
{
  const char *dot = memchr(s, '.', n);
  size_t n_whole = dot ? (size_t)(dot - s) : n, n_fraction = dot ? n - n_whole - 1 : 0;
  int negative = n > 0 && s[0] == '-';
  int64_t whole = 0, ns = 0, place = 100;
  if (!parse_whole(s, n_whole, &whole) || __builtin_mul_overflow(whole, 1000, &whole))
    return 0;
  for (size_t i = 0; i < n_fraction; i++) {
    if (dot[1 + i] < '0' || dot[1 + i] > '9')
      return 0;
    if (i < 3)
      ns += (dot[1 + i] - '0') * place;
    else if (i == 3)
      ns += dot[1 + i] >= '5';
    place /= 10;
  }
  return !__builtin_add_overflow(whole, negative ? -ns : ns, out);
}

static void set_wrong(struct reader *r, enum field f, const char *text, size_t n, int quoted)
{
  r->e.state[f] = WRONG;
  if (r->e.wrong != F_NONE)
    return;
  r->e.wrong = f;
  int shown = n > 30 ? 30 : (int)n;
  snprintf(r->e.wrong_text, sizeof r->e.wrong_text, "%s%.*s%s%s", quoted ? "\"" : "", shown, text, n > 30 ? "..." : "",
           quoted ? "\"" : "");
}

static void set_number(struct reader *r, enum field f, const char *s, size_t n)
{
  int good = f == F_TS || f == F_DUR ? parse_us(s, n, &r->e.value[f]) : parse_whole(s, n, &r->e.value[f]);
  if (good)
    r->e.state[f] = GIVEN;
  else
    set_wrong(r, f, s, n, 0);
}

/* -- what is kept -- */

static int nomem(struct reader *r)
{
  r->rc = cr_fail_nomem(r->err, r->path);
  return 0;
}

/* -- judging an event -- */

static int bad(struct reader *r, const char *fmt, ...) CR_PRINTF(2, 3) CR_COLD;
static int bad(struct reader *r, const char *fmt, ...)
{
  char what[256];
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(what, sizeof what, fmt, ap);
  va_end(ap);
  static const char *const noun[] = {"event", "kernel", "copy", "memset", "CUDA call", "operator"};
  const char *name = r->e.name.n ? r->e.name.s : "without a name";
  r->rc = cr_fail(r->err, CR_EINPUT, "%s:%llu: event %llu, %s %.80s%s: %s", r->path, (unsigned long long)r->event_line,
                  (unsigned long long)r->n_event, noun[r->e.category], name, strlen(name) > 80 ? "..." : "", what);
  return 0;
}

static int need(struct reader *r, enum field f, int64_t min, int64_t max)
{
  const struct event *e = &r->e;
  if (e->state[f] == MISSING)
    return bad(r, "%s is missing; record it again, or remove the event", field_name[f]);
  if (e->state[f] == WRONG)
    return bad(r, "%s is %s where %s belongs", field_name[e->wrong], e->wrong_text,
               e->wrong <= F_DUR ? "a number of microseconds" : "a whole number");
  if (e->value[f] < min || e->value[f] > max)
    return bad(r, "%s is %lld, out of range", field_name[f], (long long)e->value[f]);
  return 1;
}

static int check_time(struct reader *r)
{
  int64_t end;
  if (!need(r, F_TS, INT64_MIN + 1, INT64_MAX) || !need(r, F_DUR, INT64_MIN + 1, INT64_MAX))
    return 0;
  int64_t dur = r->e.value[F_DUR];
  if (dur < 0)
    return bad(r, "its duration is negative (%lld ns)", (long long)dur);
  if (__builtin_add_overflow(r->e.value[F_TS], dur, &end) || end == CR_NS_NEVER)
    return bad(r, "it ends beyond what a time can hold");
  return 1;
}

static int check_shape(struct reader *r, enum field f, uint32_t *out)
{
  int64_t product = 1;
  if (r->e.state[f] == MISSING)
    return bad(r, "%s is missing; record it with a profiler that writes launch shapes", field_name[f]);
  for (int i = 0; i < 3; i++) {
    enum field d = (enum field)((int)f + i);
    if (!need(r, d, 1, INT32_MAX))
      return 0;
    if (__builtin_mul_overflow(product, r->e.value[d], &product) || product >= UINT32_MAX)
      return bad(r, "its %s has too many elements", field_name[f]);
  }
  *out = (uint32_t)product;
  return 1;
}

/* "Memcpy HtoD (Pinned -> Device)": the direction stands in the name alone. */
static int copy_kind(struct reader *r, uint32_t *out)
{
  const char *name = r->e.name.n ? r->e.name.s : "";
  static const struct {
    const char *word;
    enum cr_op_kind kind;
  } way[] = {{" HtoD", CR_OP_COPY_H2D},
             {" DtoH", CR_OP_COPY_D2H},
             {" DtoD", CR_OP_COPY_D2D},
             {" HtoA", CR_OP_COPY_H2D},
             {" AtoH", CR_OP_COPY_D2H}};
  for (size_t i = 0; i < sizeof way / sizeof *way; i++)
    if (strstr(name, way[i].word)) {
      *out = way[i].kind;
      return 1;
    }
  return bad(r, "its direction is none of HtoD, DtoH, DtoD");
}

/* Kineto names copies by where they go: "Memcpy HtoD (Pageable -> Device)". */
static enum cr_answer is_pageable(const char *name)
{
  if (strstr(name, "Pageable"))
    return CR_YES;
  return strstr(name, "Pinned") ? CR_NO : CR_UNSAID;
}

static int add_op(struct reader *r)
{
  struct cr_capture *c = &r->t->c;
  const struct event *e = &r->e;
  uint32_t kind = CR_OP_KERNEL;
  struct cr_capture_op op = {.kind = e->category == CAT_MEMSET ? CR_OP_MEMSET : CR_OP_KERNEL,
                         .smem_bytes = CR_UNKNOWN,
                         .carveout_bytes = CR_UNKNOWN,
                         .bytes = CR_UNKNOWN,
                         .event = r->n_event,
                         .line = r->event_line};
  if (!check_time(r) || !need(r, F_DEVICE, 0, INT32_MAX) || !need(r, F_STREAM, 0, UINT32_MAX - 1) ||
      !need(r, F_CORRELATION, 0, INT64_MAX))
    return 0;
  if (!e->name.n)
    return bad(r, "name is missing; record it again, or remove the event");
  if (e->value[F_DUR] == 0)
    return bad(r, "its duration is zero; the profiler lost its end, record it again");
  if (e->category == CAT_KERNEL) {
    if (!check_shape(r, F_GRID0, &op.blocks) || !check_shape(r, F_BLOCK0, &op.threads) ||
        !need(r, F_REGS, 0, 1 << 20) || !need(r, F_SMEM, 0, INT32_MAX))
      return 0;
    op.regs = (uint32_t)e->value[F_REGS];
    op.smem_bytes = e->value[F_SMEM];
  } else {
    if (!need(r, F_BYTES, 0, INT64_MAX) || (e->category == CAT_MEMCPY && !copy_kind(r, &kind)))
      return 0;
    if (e->category == CAT_MEMCPY)
      op.kind = (unsigned char)kind;
    op.bytes = e->value[F_BYTES];
  }
  op.start_ns = e->value[F_TS];
  op.duration_ns = e->value[F_DUR];
  op.correlation = (uint64_t)e->value[F_CORRELATION];
  op.pageable = (unsigned char)is_pageable(e->name.s);
  op.in_graph = e->state[F_GRAPH_NODE] == GIVEN && e->value[F_GRAPH_NODE] != 0;
  uint32_t device = (uint32_t)e->value[F_DEVICE], stream = (uint32_t)e->value[F_STREAM];
  if (cr_capture_add_name(c, e->name.s, e->name.n, &op.name) ||
      cr_capture_add_stream(c, 0, device, 0, stream, &op.stream) || cr_capture_add_op(c, &op))
    return nomem(r);
  return 1;
}

static int add_call(struct reader *r)
{
  const struct event *e = &r->e;
  struct cr_capture_call call = {0};
  if (!e->name.n || !cr_capture_call_kind(e->name.s, &call.kind))
    return 1;
  if (!check_time(r) || !need(r, F_CORRELATION, INT64_MIN + 1, INT64_MAX) || !need(r, F_TID, INT64_MIN + 1, INT64_MAX))
    return 0;
  call.start_ns = e->value[F_TS];
  call.end_ns = e->value[F_TS] + e->value[F_DUR];
  call.correlation = (uint64_t)e->value[F_CORRELATION];
  call.tid = e->value[F_TID];
  return cr_capture_add_call(&r->t->c, &call) ? nomem(r) : 1;
}

static int end_event(struct reader *r)
{
  const struct event *e = &r->e;
  if (!e->complete)
    return 1;
  if (!r->t) {
    if ((e->category == CAT_CALL || e->category == CAT_CPU_OP) && e->state[F_TS] == GIVEN && e->state[F_DUR] == GIVEN &&
        e->state[F_TID] == GIVEN)
      r->on_host(r->host_ctx, e->value[F_TS], 0, e->value[F_TID], e->category == CAT_CALL);
    return 1;
  }
  switch (e->category) {
  case CAT_KERNEL:
  case CAT_MEMCPY:
  case CAT_MEMSET:
    return add_op(r);
  case CAT_CALL:
    return add_call(r);
  case CAT_CPU_OP:
  case CAT_OTHER:
    break;
  }
  return 1;
}

static void begin_event(struct reader *r)
{
  struct cr_text name = r->e.name;
  name.n = 0;
  r->e = (struct event){.name = name, .wrong = F_NONE};
  r->n_event++;
  r->event_line = line_here(r);
}

/* -- yajl's callbacks: non-zero goes on -- */

static int is(const char *want, const unsigned char *s, size_t n)
{
  return strlen(want) == n && !memcmp(want, s, n);
}

static enum category category_of(const unsigned char *s, size_t n)
{
  static const struct {
    const char *name;
    enum category category;
  } known[] = {{"kernel", CAT_KERNEL},     {"gpu_memcpy", CAT_MEMCPY}, {"gpu_memset", CAT_MEMSET},
               {"cuda_runtime", CAT_CALL}, {"cuda_driver", CAT_CALL},  {"cpu_op", CAT_CPU_OP}};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (is(known[i].name, s, n))
      return known[i].category;
  return CAT_OTHER;
}

static int top_number(struct reader *r, const char *s, size_t n)
{
  struct kineto_trace *t = r->t;
  int64_t *into = !t                         ? NULL
                  : r->key_top == TOP_BASE   ? &t->c.base_ns
                  : r->key_top == TOP_SCHEMA ? &t->schema
                  : r->key_top == TOP_DRIVER ? &t->driver
                                             : NULL;
  if (into && !parse_whole(s, n, into) && r->key_top == TOP_BASE) {
    r->rc = cr_fail(r->err, CR_EINPUT, "%s:%llu: baseTimeNanoseconds is %.*s where a whole number belongs", r->path,
                    (unsigned long long)line_here(r), n > 40 ? 40 : (int)n, s);
    return 0;
  }
  return 1;
}

static int on_number(void *ctx, const char *s, size_t n)
{
  struct reader *r = ctx;
  switch (where(r)) {
  case AT_TOP:
    return top_number(r, s, n);
  case IN_EVENT:
  case IN_ARGS:
    if (r->key < N_FIELD)
      set_number(r, r->key, s, n);
    return 1;
  case IN_DIMENSIONS:
    if (r->dimension < 3)
      set_number(r, (enum field)((int)r->key + (int)r->dimension), s, n);
    r->dimension++;
    return 1;
  default:
    return 1;
  }
}

/* A value of another type than a number, where a number may belong. */
static int on_other(struct reader *r, const char *text, size_t n, int quoted)
{
  enum place at = where(r);
  enum field f = at == IN_DIMENSIONS && r->dimension < 3 ? (enum field)((int)r->key + (int)r->dimension) : r->key;
  if (at == IN_DIMENSIONS)
    r->dimension++;
  if ((at == IN_EVENT || at == IN_ARGS || at == IN_DIMENSIONS) && f < N_FIELD)
    set_wrong(r, f, text, n, quoted);
  if ((at == IN_EVENT || at == IN_ARGS) && (f == F_GRID || f == F_BLOCK))
    set_wrong(r, f == F_GRID ? F_GRID0 : F_BLOCK0, text, n, quoted);
  return 1;
}

static int on_null(void *ctx)
{
  return on_other(ctx, "null", 4, 0);
}

static int on_boolean(void *ctx, int value)
{
  return on_other(ctx, value ? "true" : "false", value ? 4 : 5, 0);
}

static int on_string(void *ctx, const unsigned char *s, size_t n)
{
  struct reader *r = ctx;
  if (where(r) == IN_EVENT && r->key == F_NAME) {
    r->e.name.n = 0;
    cr_text_add_bytes(&r->e.name, (const char *)s, n);
    return r->e.name.failed ? nomem(r) : 1;
  }
  if (where(r) == IN_EVENT && r->key == F_CAT)
    r->e.category = category_of(s, n);
  else if (where(r) == IN_EVENT && r->key == F_PH)
    r->e.complete = is("X", s, n);
  else if (where(r) == IN_PROPERTIES && r->key_is_gpu_name && r->t && !r->t->c.gpu) {
    char name[128];
    snprintf(name, sizeof name, "%.*s", n > 100 ? 100 : (int)n, (const char *)s);
    r->t->c.gpu = cr_arena_text(r->t->c.arena, name);
  } else
    return on_other(r, (const char *)s, n, 1);
  return 1;
}

static int on_map_key(void *ctx, const unsigned char *s, size_t n)
{
  static const struct {
    const char *name;
    enum top_key key;
  } top[] = {{"traceEvents", TOP_EVENTS},
             {"baseTimeNanoseconds", TOP_BASE},
             {"schemaVersion", TOP_SCHEMA},
             {"cuda_driver_version", TOP_DRIVER},
             {"deviceProperties", TOP_PROPERTIES}};
  struct reader *r = ctx;
  enum place at = where(r);
  r->key = F_NONE;
  r->key_top = TOP_NONE;
  r->key_is_gpu_name = at == IN_PROPERTIES && is("name", s, n);
  if (at == AT_TOP)
    for (size_t i = 0; i < sizeof top / sizeof *top; i++)
      if (is(top[i].name, s, n))
        r->key_top = (int)top[i].key;
  if (at == IN_EVENT || at == IN_ARGS)
    for (size_t i = 0; i < sizeof member / sizeof *member; i++)
      if (member[i].in_args == (at == IN_ARGS) && is(member[i].key, s, n))
        r->key = member[i].field;
  if (at == IN_EVENT && is("args", s, n))
    r->key_top = TOP_EVENTS; /* the value to come is the event's args */
  return 1;
}

static int enter(struct reader *r, enum place place)
{
  if (r->depth == DEPTH_MAX) {
    r->rc = cr_fail(r->err, CR_EINPUT, "%s:%llu: is nested deeper than any trace; it is damaged", r->path,
                    (unsigned long long)line_here(r));
    return 0;
  }
  r->place[r->depth++] = place;
  return 1;
}

static int on_start_map(void *ctx)
{
  struct reader *r = ctx;
  enum place at = where(r), to = ELSEWHERE;
  if (r->depth == 0)
    to = AT_TOP;
  else if (at == IN_EVENTS) {
    to = IN_EVENT;
    begin_event(r);
  } else if (at == IN_EVENT && r->key_top == TOP_EVENTS)
    to = IN_ARGS;
  else if (at == IN_PROPERTIES)
    to = IN_PROPERTIES;
  else
    on_other(r, "{", 1, 0);
  r->key = F_NONE;
  r->key_top = TOP_NONE;
  return enter(r, to);
}

static int on_start_array(void *ctx)
{
  struct reader *r = ctx;
  enum place at = where(r), to = ELSEWHERE;
  if (r->depth == 1 && at == AT_TOP && r->key_top == TOP_EVENTS) {
    to = IN_EVENTS;
    r->saw_events = 1;
  } else if (r->depth == 1 && at == AT_TOP && r->key_top == TOP_PROPERTIES)
    to = IN_PROPERTIES;
  else if (at == IN_ARGS && (r->key == F_GRID || r->key == F_BLOCK)) {
    r->key = r->key == F_GRID ? F_GRID0 : F_BLOCK0;
    r->dimension = 0;
    return enter(r, IN_DIMENSIONS);
  } else
    on_other(r, "[", 1, 0);
  r->key = F_NONE;
  r->key_top = TOP_NONE;
  return enter(r, to);
}

static int on_end(void *ctx)
{
  struct reader *r = ctx;
  enum place was = where(r);
  r->depth--;
  if (was == IN_DIMENSIONS && r->dimension != 3)
    set_wrong(r, r->key, r->dimension < 3 ? "too short" : "too long", r->dimension < 3 ? 9 : 8, 0);
  r->key = F_NONE;
  return was == IN_EVENT ? end_event(r) : 1;
}

static const yajl_callbacks callbacks = {.yajl_null = on_null,
                                         .yajl_boolean = on_boolean,
                                         .yajl_number = on_number,
                                         .yajl_string = on_string,
                                         .yajl_start_map = on_start_map,
                                         .yajl_map_key = on_map_key,
                                         .yajl_end_map = on_end,
                                         .yajl_start_array = on_start_array,
                                         .yajl_end_array = on_end};

/* -- the file -- */

static int parse_failed(struct reader *r, yajl_status status, uint64_t byte)
{
  if (r->rc)
    return r->rc;
  uint64_t line = line_here(r);
  if (status == yajl_status_client_canceled)
    return cr_fail_nomem(r->err, r->path);
  unsigned char *text = yajl_get_error(r->yajl, 0, NULL, 0);
  const char *why = text ? (const char *)text : "";
  const char *colon = strstr(why, ": ");
  why = colon ? colon + 2 : why;
  if (strstr(why, "premature EOF"))
    cr_fail(r->err, CR_EINPUT, "%s:%llu: the JSON is cut off after %llu bytes, in event %llu; copy or record it again",
            r->path, (unsigned long long)line, (unsigned long long)byte, (unsigned long long)r->n_event);
  else
    cr_fail(r->err, CR_EINPUT, "%s:%llu: is not JSON near byte %llu, in event %llu: %.*s", r->path,
            (unsigned long long)line, (unsigned long long)byte, (unsigned long long)r->n_event, (int)strcspn(why, "\n"),
            why);
  if (text)
    yajl_free_error(r->yajl, text);
  return CR_EINPUT;
}

/* Eager recordings are read twice: whether this is one, by what was seen of it. */
static int looks_eager(const struct kineto_trace *t)
{
  for (uint32_t i = 0; i < t->c.n_call; i++)
    if (t->c.call[i].kind == CR_CALL_GRAPH_LAUNCH)
      return 0;
  return t->c.n_op > 0 && !t->c.op[0].in_graph;
}

/* Tells how far the reading has come, and asks whether to go on. */
static int watch(const struct reader *r, const struct cr_gz *gz)
{
  const struct cr_kineto_options *opt = r->opt;
  if (opt->stop && *opt->stop)
    return cr_fail(r->err, CR_EINTR, "%s: stopped; nothing was imported", r->path);
  if (!opt->on_progress)
    return CR_OK;
  int64_t done_bytes, file_bytes;
  cr_gz_progress(gz, &done_bytes, &file_bytes);
  int is_first = r->t != NULL;
  opt->on_progress(opt->progress_ctx, done_bytes + (is_first ? 0 : file_bytes),
                   is_first && !looks_eager(r->t) ? file_bytes : 2 * file_bytes);
  return CR_OK;
}

static int parse_file(struct reader *r, struct cr_gz *gz, unsigned char *buf)
{
  uint64_t done = 0;
  for (;;) {
    size_t n = 0;
    int rc = cr_gz_read(gz, buf, CHUNK_BYTES, &n, r->err);
    if (rc)
      return rc;
    r->chunk = buf;
    r->chunk_n = n;
    r->counted = 0;
    if (n == 0 && done == 0)
      return cr_fail(r->err, CR_EINPUT, "%s: is empty", r->path);
    yajl_status status = n ? yajl_parse(r->yajl, buf, n) : yajl_complete_parse(r->yajl);
    if (status != yajl_status_ok)
      return parse_failed(r, status, n ? done + yajl_get_bytes_consumed(r->yajl) : done);
    count_lines(r, n);
    done += n;
    if (n == 0)
      break;
    if (done % WATCH_BYTES < n && (rc = watch(r, gz)))
      return rc;
  }
  if (!r->saw_events)
    return cr_fail(r->err, CR_EINPUT, "%s: is JSON but no Kineto trace: it has no traceEvents", r->path);
  return CR_OK;
}

static int read_file(struct reader *r)
{
  struct cr_gz *gz = NULL;
  int rc = cr_gz_open(r->path, &gz, r->err);
  if (rc)
    return rc;
  unsigned char *buf = cr_mem_new(CHUNK_BYTES, 1);
  r->yajl = buf ? yajl_alloc(&callbacks, NULL, r) : NULL;
  if (r->yajl) {
    /* Kernel names are bytes to us; a damaged one is no reason to refuse the file. */
    yajl_config(r->yajl, yajl_dont_validate_strings, 1);
    rc = parse_file(r, gz, buf);
    yajl_free(r->yajl);
  } else
    rc = cr_fail_nomem(r->err, r->path);
  cr_text_fini(&r->e.name);
  cr_mem_free(buf);
  cr_gz_close(gz);
  return rc;
}

int kineto_read(const char *path, const struct cr_kineto_options *opt, struct kineto_trace *out, struct cr_err *err)
{
  struct reader r = {.path = path, .opt = opt, .t = out, .err = err, .e.wrong = F_NONE};
  out->schema = CR_UNKNOWN;
  out->driver = CR_UNKNOWN;
  uint32_t process;
  if (cr_capture_init(&out->c, path, "event") || cr_capture_add_process(&out->c, 0, &process))
    return cr_fail_nomem(err, path);
  int rc = read_file(&r);
  out->n_event = r.n_event;
  return rc;
}

int kineto_each_host(const char *path, const struct cr_kineto_options *opt, cr_capture_on_host *each, void *ctx,
                     struct cr_err *err)
{
  struct reader r = {.path = path, .opt = opt, .on_host = each, .host_ctx = ctx, .err = err, .e.wrong = F_NONE};
  return read_file(&r);
}
