/* heap.c - the event queue: a four-ary heap of entries by value.
 *
 * Four children make the tree half as deep as two, and the children of a node lie side by side in one or two cache
 * lines.  Time and order are compared as one 128-bit number, which compiles to a subtraction without a jump: which of
 * two events is earlier cannot be predicted, and a wrong guess would cost more than the comparison.
 *
 * Invariant: no entry is less than its parent, (i - 1) / 4. */
#include "config.h"

#include "sim/heap.h"

#include <assert.h>

#include "sim/mem.h"

enum { ARITY = 4, CLASS_SHIFT = 56 };

static inline __int128 key(const struct cr_entry *e)
{
  return (__int128)((unsigned __int128)e->at_ns << 64 | e->order);
}

int cr_heap_init(struct cr_heap *h, uint32_t cap)
{
  if (cap == 0)
    cap = 1;
  *h = (struct cr_heap){.entry = cr_mem_new(cap, sizeof *h->entry), .cap = cap};
  return h->entry ? CR_OK : CR_ENOMEM;
}

void cr_heap_fini(struct cr_heap *h)
{
  cr_mem_free(h->entry);
  *h = (struct cr_heap){0};
}

static CR_COLD int grow(struct cr_heap *h)
{
  uint32_t cap = h->cap > UINT32_MAX / 2 ? UINT32_MAX : h->cap * 2;
  struct cr_entry *entry = cap > h->cap ? cr_mem_resize(h->entry, cap, sizeof *entry) : NULL;
  if (!entry)
    return CR_ENOMEM;
  h->entry = entry;
  h->cap = cap;
  return CR_OK;
}

/* Moves the hole at i up to where e belongs, and fills it. */
static inline void up(struct cr_entry *entry, uint32_t i, struct cr_entry e)
{
  __int128 k = key(&e);
  while (i > 0) {
    uint32_t parent = (i - 1) / ARITY;
    if (key(&entry[parent]) <= k)
      break;
    entry[i] = entry[parent];
    i = parent;
  }
  entry[i] = e;
}

int cr_heap_push(struct cr_heap *h, cr_ns at_ns, uint8_t class, uint64_t what)
{
  if (h->n == h->cap && grow(h) != CR_OK)
    return CR_ENOMEM;
  struct cr_entry e = {.at_ns = at_ns, .order = (uint64_t) class << CLASS_SHIFT | h->pushed++, .what = what};
  up(h->entry, h->n++, e);
  return CR_OK;
}

/* The least of four siblings, by two rounds whose choices are moves and not jumps. */
static inline uint32_t least_of_four(const struct cr_entry *entry, uint32_t first)
{
  uint32_t a = first + (key(&entry[first + 1]) < key(&entry[first]));
  uint32_t b = first + 2 + (key(&entry[first + 3]) < key(&entry[first + 2]));
  return key(&entry[b]) < key(&entry[a]) ? b : a;
}

static inline uint32_t least_of(const struct cr_entry *entry, uint32_t first, uint32_t end)
{
  uint32_t least = first;
  for (uint32_t i = first + 1; i < end; i++)
    least = key(&entry[i]) < key(&entry[least]) ? i : least;
  return least;
}

/* The hole left at the root sinks to a leaf along the least children, and the last entry rises from there: it came from
 * a leaf and seldom rises far, so that this takes fewer comparisons than sinking it from the root. */
struct cr_entry cr_heap_pop(struct cr_heap *h)
{
  assert(h->n > 0);
  struct cr_entry *entry = h->entry, top = entry[0], last = entry[--h->n];
  uint32_t n = h->n, hole = 0;
  if (n == 0)
    return top;
  for (uint32_t child; (child = hole * ARITY + 1) < n;) {
    uint32_t least = n - child >= ARITY ? least_of_four(entry, child) : least_of(entry, child, n);
    entry[hole] = entry[least];
    hole = least;
  }
  up(entry, hole, last);
  return top;
}
