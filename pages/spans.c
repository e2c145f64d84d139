/* spans.c - who was on which stream from when to when. */
#include "config.h"

#include "pages/spans.h"

#include <stdlib.h>

#include "sim/mem.h"

/* Of a request, while the ledger is read. */
struct flight {
  uint32_t client, stream;
  uint32_t leader; /* of its batch; CR_NONE: it runs alone */
  cr_ns turn_ns;   /* since when it takes turns; CR_NS_NEVER: it does not */
};

struct reader {
  struct cr_spans spans;
  uint64_t span_cap;
  struct flight *flight; /* [flight_cap] by request */
  uint32_t flight_cap, stream_cap;
  cr_ns from_ns, to_ns;
  int nomem, bad;
};

static struct flight *flight_of(struct reader *r, uint32_t request)
{
  enum { MOST = 1 << 28 };
  if (request < r->flight_cap)
    return &r->flight[request];
  if (request >= MOST) {
    r->bad = 1;
    return NULL;
  }
  uint32_t cap = r->flight_cap ? r->flight_cap : 256;
  while (cap <= request)
    cap *= 2;
  struct flight *grown = cr_mem_resize(r->flight, cap, sizeof *grown);
  if (!grown) {
    r->nomem = 1;
    return NULL;
  }
  for (uint32_t i = r->flight_cap; i < cap; i++)
    grown[i] = (struct flight){CR_NONE, CR_NONE, CR_NONE, CR_NS_NEVER};
  r->flight = grown;
  r->flight_cap = cap;
  return &r->flight[request];
}

static void add_stream(struct reader *r, uint32_t stream, uint32_t device)
{
  struct cr_spans *s = &r->spans;
  if (stream != s->n_stream) {
    r->bad = 1;
    return;
  }
  if (s->n_stream == r->stream_cap) {
    uint32_t cap = r->stream_cap ? 2 * r->stream_cap : 16;
    uint32_t *grown = cr_mem_resize(s->stream_device, cap, sizeof *grown);
    if (!grown) {
      r->nomem = 1;
      return;
    }
    s->stream_device = grown;
    r->stream_cap = cap;
  }
  s->stream_device[s->n_stream++] = device;
}

static void add_span(struct reader *r, const struct flight *f, cr_ns start_ns, cr_ns end_ns, enum cr_span_end how)
{
  struct cr_spans *s = &r->spans;
  if (start_ns == CR_NS_NEVER || start_ns >= end_ns || end_ns <= r->from_ns || start_ns >= r->to_ns)
    return;
  if (f->stream == CR_NONE) /* as padding */
    return;
  if (f->client == CR_NONE || f->stream >= s->n_stream) {
    r->bad = 1;
    return;
  }
  if (s->n == r->span_cap) {
    uint64_t cap = r->span_cap ? 2 * r->span_cap : 1024;
    struct cr_span *grown = cr_mem_resize(s->span, cap, sizeof *grown);
    if (!grown) {
      r->nomem = 1;
      return;
    }
    s->span = grown;
    r->span_cap = cap;
  }
  s->span[s->n++] = (struct cr_span){start_ns, end_ns, f->client, f->stream, how};
}

static void ended(struct reader *r, struct flight *f, const struct cr_note *note, enum cr_span_end how)
{
  uint32_t stream = f->stream;
  if (f->turn_ns != CR_NS_NEVER && note->kind != CR_NOTE_TURNED) {
    how = note->kind == CR_NOTE_DONE ? CR_SPAN_TURNS : how;
    add_span(r, f, f->turn_ns, note->at_ns, how);
  } else if (note->kind == CR_NOTE_TURNED) {
    add_span(r, f, f->turn_ns, note->at_ns, CR_SPAN_TURNS);
  } else {
    if (stream == CR_NONE && f->leader != CR_NONE)
      f->stream = r->flight[f->leader].stream;
    add_span(r, f, (cr_ns)note->t, note->at_ns, how);
  }
  f->turn_ns = CR_NS_NEVER;
}

static void read_note(struct reader *r, const struct cr_note *note)
{
  if (note->kind == CR_NOTE_STREAM) {
    add_stream(r, note->a, note->b);
    return;
  }
  int is_of_request = note->kind == CR_NOTE_REQUEST || note->kind == CR_NOTE_LAUNCH || note->kind == CR_NOTE_SLICE ||
                      note->kind == CR_NOTE_TURN || note->kind == CR_NOTE_DONE || note->kind == CR_NOTE_BACK ||
                      note->kind == CR_NOTE_TURNED || note->kind == CR_NOTE_BATCH || note->kind == CR_NOTE_PAD;
  struct flight *f =
    is_of_request ? flight_of(r, note->kind == CR_NOTE_BATCH || note->kind == CR_NOTE_PAD ? note->b : note->a) : NULL;
  if (!f)
    return;
  switch (note->kind) {
  case CR_NOTE_REQUEST:
    *f = (struct flight){note->b, CR_NONE, CR_NONE, CR_NS_NEVER};
    break;
  case CR_NOTE_LAUNCH:
  case CR_NOTE_SLICE:
    f->stream = note->c;
    break;
  case CR_NOTE_PAD:
    f->stream = CR_NONE;
    break;
  case CR_NOTE_BATCH:
    f->leader = note->a;
    break;
  case CR_NOTE_TURN:
    f->stream = note->c;
    f->turn_ns = note->at_ns;
    break;
  case CR_NOTE_DONE:
    ended(r, f, note, CR_SPAN_DONE);
    break;
  case CR_NOTE_BACK:
  case CR_NOTE_TURNED:
    ended(r, f, note, CR_SPAN_BACK);
    break;
  default:
    break;
  }
}

int cr_spans_make(const struct cr_note *note, uint64_t n_note, cr_ns from_ns, cr_ns to_ns, struct cr_spans *out,
                  struct cr_err *err)
{
  struct reader r = {.from_ns = from_ns, .to_ns = to_ns};
  for (uint64_t i = 0; !r.nomem && !r.bad && i < n_note; i++)
    if (i + 1 == n_note || note[i + 1].kind != CR_NOTE_REFUSED) /* what was refused did not happen */
      read_note(&r, &note[i]);
  cr_mem_free(r.flight);
  if (!r.nomem && !r.bad) {
    *out = r.spans;
    return CR_OK;
  }
  cr_spans_fini(&r.spans);
  return r.nomem ? cr_fail_nomem(err, "the spans of a run")
                 : cr_fail(err, CR_EINPUT, "the ledger names requests or streams that are not there; do the run again");
}

void cr_spans_fini(struct cr_spans *s)
{
  cr_mem_free(s->span);
  cr_mem_free(s->stream_device);
  *s = (struct cr_spans){0};
}

static int by_ids(const struct cr_span *a, const struct cr_span *b)
{
  if (a->start_ns != b->start_ns)
    return a->start_ns < b->start_ns ? -1 : 1;
  if (a->end_ns != b->end_ns)
    return a->end_ns < b->end_ns ? -1 : 1;
  if (a->stream != b->stream)
    return a->stream < b->stream ? -1 : 1;
  return a->client < b->client ? -1 : a->client > b->client;
}

static int by_start(const void *a, const void *b)
{
  return by_ids(a, b);
}

static int longest_first(const void *a, const void *b)
{
  const struct cr_span *x = a, *y = b;
  cr_ns dx_ns = x->end_ns - x->start_ns, dy_ns = y->end_ns - y->start_ns;
  return dx_ns != dy_ns ? (dx_ns > dy_ns ? -1 : 1) : by_ids(x, y);
}

uint64_t cr_spans_keep(struct cr_spans *s, uint64_t most)
{
  uint64_t gone = s->n > most ? s->n - most : 0;
  if (gone) {
    qsort(s->span, s->n, sizeof *s->span, longest_first);
    s->n = most;
  }
  if (s->n)
    qsort(s->span, s->n, sizeof *s->span, by_start);
  return gone;
}
