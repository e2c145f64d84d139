/* cuda_turns.c - whose iteration comes next among jobs that take turns. */
#include "config.h"

#include "sim/cuda_turns.h"

#include <assert.h>

#include "sim/mem.h"

struct member {
  struct cr_rotation_member is;
  uint64_t since; /* it has waited longer than those with a larger one */
  uint32_t n;     /* iterations */
  cr_ns used_ns, first_ns;
  int is_back;
};

struct cr_cuda_turns {
  struct member *member; /* [n] in order of joining */
  uint32_t n, cap;
  uint64_t waits;   /* members that have begun to wait so far */
  uint32_t running; /* whose turn it is; CR_NONE: nobody's */
  uint32_t last;    /* once it is over, who comes back last; CR_NONE: as the keys have it */
  int is_stopped, is_over;
};

int cr_cuda_turns_new(struct cr_cuda_turns **out)
{
  struct cr_cuda_turns *t = cr_mem_new(1, sizeof *t);
  if (!t)
    return CR_ENOMEM;
  t->running = t->last = CR_NONE;
  *out = t;
  return CR_OK;
}

void cr_cuda_turns_free(struct cr_cuda_turns *t)
{
  if (!t)
    return;
  cr_mem_free(t->member);
  cr_mem_free(t);
}

int cr_cuda_turns_join(struct cr_cuda_turns *t, const struct cr_rotation_member *m)
{
  assert(t->running == CR_NONE && !t->is_over);
  if (t->n == t->cap) {
    uint32_t cap = t->cap ? 2 * t->cap : 64;
    struct member *more = cr_mem_resize(t->member, cap, sizeof *more);
    if (!more)
      return CR_ENOMEM;
    t->member = more;
    t->cap = cap;
  }
  t->member[t->n++] = (struct member){.is = *m, .since = t->waits++, .first_ns = CR_NS_NEVER};
  return CR_OK;
}

uint32_t cr_cuda_turns_n(const struct cr_cuda_turns *t)
{
  return t->n;
}

static int goes_before(const struct member *a, const struct member *b)
{
  return a->is.key != b->is.key ? a->is.key < b->is.key : a->since < b->since;
}

/* Of those that are not back, and of which one is left out; CR_NONE: there is none. */
static uint32_t first_but(const struct cr_cuda_turns *t, uint32_t but)
{
  uint32_t first = CR_NONE;
  for (uint32_t i = 0; i < t->n; i++)
    if (i != but && !t->member[i].is_back && (first == CR_NONE || goes_before(&t->member[i], &t->member[first])))
      first = i;
  return first;
}

uint32_t cr_cuda_turns_next(struct cr_cuda_turns *t)
{
  if (t->is_over)
    return CR_NONE;
  uint32_t i = first_but(t, CR_NONE);
  if (i == CR_NONE || t->member[i].is.left == 0) {
    t->is_over = 1;
    return CR_NONE;
  }
  t->running = i;
  return t->member[i].is.id;
}

void cr_cuda_turns_ran(struct cr_cuda_turns *t, cr_ns start_ns, cr_ns end_ns)
{
  uint32_t i = t->running;
  struct member *m = &t->member[i];
  if (m->is.is_new && m->n == 0)
    m->first_ns = start_ns;
  m->n++;
  m->used_ns += end_ns - start_ns;
  m->is.key += m->is.step;
  m->since = t->waits++;
  t->running = CR_NONE;
  if (m->n == m->is.left || t->is_stopped) {
    t->is_over = 1;
    t->last = i;
  }
}

void cr_cuda_turns_stop(struct cr_cuda_turns *t)
{
  t->is_stopped = 1;
}

int cr_cuda_turns_take(struct cr_cuda_turns *t, struct cr_rotation_back *out)
{
  uint32_t i = first_but(t, t->last);
  i = i == CR_NONE ? first_but(t, CR_NONE) : i;
  if (i == CR_NONE) {
    t->n = 0;
    t->waits = 0;
    t->last = CR_NONE;
    t->is_stopped = t->is_over = 0;
    return 0;
  }
  struct member *m = &t->member[i];
  m->is_back = 1;
  *out = (struct cr_rotation_back){.id = m->is.id, .n_done = m->n, .used_ns = m->used_ns, .first_ns = m->first_ns};
  return 1;
}
