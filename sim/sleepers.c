/* sleepers.c - streams that wait until a time. */
#include "config.h"

#include "sim/sleepers.h"

#include <assert.h>

int cr_sleepers_init(struct cr_sleepers *s, uint32_t n_stream, struct cr_arena *arena)
{
  *s = (struct cr_sleepers){
    .stream = cr_arena_take(arena, n_stream, sizeof *s->stream),
    .where = cr_arena_take(arena, n_stream, sizeof *s->where),
    .at_ns = cr_arena_take(arena, n_stream, sizeof *s->at_ns),
  };
  if (!s->stream || !s->where || !s->at_ns)
    return CR_ENOMEM;
  for (uint32_t i = 0; i < n_stream; i++)
    s->where[i] = CR_NONE;
  return CR_OK;
}

static int before(const struct cr_sleepers *s, uint32_t a, uint32_t b)
{
  return s->at_ns[a] != s->at_ns[b] ? s->at_ns[a] < s->at_ns[b] : a < b;
}

static void put(struct cr_sleepers *s, uint32_t i, uint32_t stream)
{
  s->stream[i] = stream;
  s->where[stream] = i;
}

static void up(struct cr_sleepers *s, uint32_t i, uint32_t stream)
{
  for (; i && before(s, stream, s->stream[(i - 1) / 2]); i = (i - 1) / 2)
    put(s, i, s->stream[(i - 1) / 2]);
  put(s, i, stream);
}

static void down(struct cr_sleepers *s, uint32_t i, uint32_t stream)
{
  for (uint32_t child; (child = 2 * i + 1) < s->n; i = child) {
    if (child + 1 < s->n && before(s, s->stream[child + 1], s->stream[child]))
      child++;
    if (!before(s, s->stream[child], stream))
      break;
    put(s, i, s->stream[child]);
  }
  put(s, i, stream);
}

void cr_sleepers_add(struct cr_sleepers *s, uint32_t stream, cr_ns at_ns)
{
  assert(!cr_sleepers_has(s, stream));
  s->at_ns[stream] = at_ns;
  up(s, s->n++, stream);
}

void cr_sleepers_remove(struct cr_sleepers *s, uint32_t stream)
{
  uint32_t i = s->where[stream], last = s->stream[--s->n];
  assert(cr_sleepers_has(s, stream));
  s->where[stream] = CR_NONE;
  if (last == stream)
    return;
  if (i && before(s, last, s->stream[(i - 1) / 2]))
    up(s, i, last);
  else
    down(s, i, last);
}

uint32_t cr_sleepers_take(struct cr_sleepers *s, cr_ns now_ns)
{
  if (cr_sleepers_next_ns(s) > now_ns)
    return CR_NONE;
  uint32_t stream = s->stream[0];
  cr_sleepers_remove(s, stream);
  return stream;
}
