/* copy_engines.c - copies of one device: four queues, of which two slow each other down. */
#include "config.h"

#include "sim/copy_engines.h"

int cr_copies_init(struct cr_copies *c, double duplex, uint32_t n_stream, struct cr_arena *arena)
{
  *c = (struct cr_copies){.duplex = duplex > 1 ? duplex : 1, .next_ns = CR_NS_NEVER};
  for (int i = 0; i < CR_N_COPY_QUEUE; i++)
    c->engine[i] = (struct cr_copy_engine){.head = CR_NONE, .tail = CR_NONE, .slow = 1, .end_ns = CR_NS_NEVER};
  c->next = cr_arena_take(arena, n_stream, sizeof *c->next);
  c->duration_ns = cr_arena_take(arena, n_stream, sizeof *c->duration_ns);
  c->start_ns = cr_arena_take(arena, n_stream, sizeof *c->start_ns);
  return c->next && c->duration_ns && c->start_ns ? CR_OK : CR_ENOMEM;
}

static enum cr_copy_queue queue_of(const struct cr_op_spec *op)
{
  if (op->kind == CR_OP_COPY_D2D)
    return CR_COPY_D2D;
  if (op->pageable == CR_YES)
    return CR_COPY_STAGED;
  return op->kind == CR_OP_COPY_H2D ? CR_COPY_H2D : CR_COPY_D2H;
}

/* What is left of the running copy at now_ns, and how fast it goes on. */
static void set_rate(struct cr_copy_engine *e, double slow, cr_ns now_ns)
{
  if (e->head == CR_NONE)
    return;
  if (e->slow != slow || e->end_ns == CR_NS_NEVER) {
    double left_ns = e->left_ns - (double)(now_ns - e->since_ns) / e->slow;
    e->left_ns = left_ns > 0 ? left_ns : 0; /* the end was rounded to ns */
    e->since_ns = now_ns;
    e->slow = slow;
    e->end_ns = cr_ns_add(now_ns, (cr_ns)(e->left_ns * slow + 0.5));
  }
}

static void rate(struct cr_copies *c, cr_ns now_ns)
{
  struct cr_copy_engine *up = &c->engine[CR_COPY_H2D], *down = &c->engine[CR_COPY_D2H];
  double both = up->head != CR_NONE && down->head != CR_NONE ? c->duplex : 1;
  set_rate(up, both, now_ns);
  set_rate(down, both, now_ns);
  set_rate(&c->engine[CR_COPY_D2D], 1, now_ns);
  set_rate(&c->engine[CR_COPY_STAGED], 1, now_ns);
  c->next_ns = CR_NS_NEVER;
  for (int i = 0; i < CR_N_COPY_QUEUE; i++)
    c->next_ns = cr_min_ns(c->next_ns, c->engine[i].end_ns);
}

/* The head's copy begins. */
static void begin(struct cr_copies *c, struct cr_copy_engine *e, cr_ns now_ns)
{
  e->left_ns = (double)c->duration_ns[e->head];
  e->slow = 1;
  e->since_ns = c->start_ns[e->head] = now_ns;
  e->end_ns = CR_NS_NEVER;
}

void cr_copies_add(struct cr_copies *c, uint32_t stream, const struct cr_op_spec *op, cr_ns now_ns)
{
  struct cr_copy_engine *e = &c->engine[queue_of(op)];
  c->n++;
  c->next[stream] = CR_NONE;
  c->duration_ns[stream] = op->duration_ns;
  if (e->head != CR_NONE) {
    c->next[e->tail] = stream;
    e->tail = stream;
    return;
  }
  e->head = e->tail = stream;
  begin(c, e, now_ns);
  rate(c, now_ns);
}

uint32_t cr_copies_take(struct cr_copies *c, cr_ns now_ns)
{
  if (c->next_ns > now_ns)
    return CR_NONE;
  struct cr_copy_engine *e = c->engine;
  while (e->end_ns > now_ns)
    e++;
  uint32_t stream = e->head;
  c->n--;
  e->head = c->next[stream];
  e->end_ns = CR_NS_NEVER;
  if (e->head == CR_NONE)
    e->tail = CR_NONE;
  else
    begin(c, e, now_ns);
  rate(c, now_ns);
  return stream;
}
