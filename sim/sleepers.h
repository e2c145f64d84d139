/* sleepers.h - streams that wait until a time, each for one: a heap in which a stream can be found again.
 *
 * Takes no memory once made, so that it serves inside the loop. */
#ifndef CR_SLEEPERS_H
#define CR_SLEEPERS_H
#include "sim/base.h"
#include "sim/mem.h"

struct cr_sleepers {
  uint32_t *stream; /* [n] a binary heap: least time first, ties by number */
  uint32_t *where;  /* [n_stream] place in it; CR_NONE: awake */
  cr_ns *at_ns;     /* [n_stream] */
  uint32_t n;
};

int cr_sleepers_init(struct cr_sleepers *s, uint32_t n_stream, struct cr_arena *arena) CR_MUST; /* CR_OK or CR_ENOMEM */
void cr_sleepers_add(struct cr_sleepers *s, uint32_t stream, cr_ns at_ns); /* one that is awake.  O(log n) */
void cr_sleepers_remove(struct cr_sleepers *s, uint32_t stream);           /* one that sleeps.  O(log n) */

static inline int cr_sleepers_has(const struct cr_sleepers *s, uint32_t stream)
{
  return s->where[stream] != CR_NONE;
}

static inline cr_ns cr_sleepers_next_ns(const struct cr_sleepers *s)
{
  return s->n ? s->at_ns[s->stream[0]] : CR_NS_NEVER;
}

/* The first that was to wake by now_ns, removed; CR_NONE: none.  O(log n). */
uint32_t cr_sleepers_take(struct cr_sleepers *s, cr_ns now_ns);

#endif
