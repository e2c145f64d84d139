/* heap.h - the event queue: a four-ary heap of entries by value, in one total order (at_ns, class, push counter). */
#ifndef CR_HEAP_H
#define CR_HEAP_H
#include "sim/base.h"

struct cr_entry {
  cr_ns at_ns;
  uint64_t order; /* class in the top 8 bits, push counter below */
  uint64_t what;  /* the caller's */
};

struct cr_heap {
  struct cr_entry *entry; /* four children a node */
  uint32_t n, cap;
  uint64_t pushed;
};

int cr_heap_init(struct cr_heap *h, uint32_t cap) CR_MUST; /* CR_OK or CR_ENOMEM */
void cr_heap_fini(struct cr_heap *h);
/* Grows by doubling when full; CR_ENOMEM when it cannot, and nothing is pushed. O(log n). */
int cr_heap_push(struct cr_heap *h, cr_ns at_ns, uint8_t class, uint64_t what) CR_MUST;
/* Least entry, removed.  Ties leave in order of class, then of push.  The heap must not be empty. O(log n). */
struct cr_entry cr_heap_pop(struct cr_heap *h);
static inline uint8_t cr_entry_class(const struct cr_entry *e)
{
  return (uint8_t)(e->order >> 56);
}
static inline cr_ns cr_heap_next_ns(const struct cr_heap *h)
{
  return h->n ? h->entry[0].at_ns : CR_NS_NEVER;
}

#endif
