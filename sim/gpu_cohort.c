/* gpu_cohort.c - the life of cohorts: blocks of one kernel, placed at one instant, that progress and end together.
 *
 * New blocks begin a cohort, or two where they lie unevenly; on busy SMs those that come soon after join it.  Where a kernel
 * waits for room and a cohort of its own ends, its next blocks take that cohort's place, and nothing changes on the SMs: this is
 * every third end of a cohort in DISB C and D, and needs no search for room. */
#include "config.h"

#include <string.h>

#include "sim/gpu_int.h"

static const double STAGGER_NS = 300; /* from the first group's end to the last's; less is not told apart */

void cr_gpu_share_mark(struct share *share, uint32_t cohort, int theirs)
{
  uint64_t bit = UINT64_C(1) << cohort % 64;
  share->cohort[cohort / 64] = theirs ? share->cohort[cohort / 64] | bit : share->cohort[cohort / 64] & ~bit;
}

/* The cohort that new blocks of the kernel may join, at the mean of what is left, or CR_NONE.  On busy SMs blocks of a
 * large grid are placed a few at a time; were each of these few a cohort of its own, eight streams would take five times
 * as many events. */
uint32_t cr_gpu_cohort_joinable(const struct cr_gpu *g, const struct kernel *k)
{
  if (!k->started || k->running == 0 || k->newest == CR_NONE)
    return CR_NONE;
  double age_ns = (double)(g->now_ns - g->cohort[k->newest].placed_ns);
  return age_ns < g->model.constant[CR_GPU_JOIN] * k->shape->body_ns ? k->newest : CR_NONE;
}

/* A free slot from this one on, or CR_NONE.  The lowest, so that those in use keep together (struct sms). */
static uint32_t free_slot(const struct cr_gpu *g, uint32_t slot)
{
  while (slot < COHORT_CAP && g->cohort[slot].n)
    slot++;
  return slot < COHORT_CAP ? slot : CR_NONE;
}

uint32_t cr_gpu_cohort_slot(struct cr_gpu *g)
{
  return g->first_free = free_slot(g, g->first_free);
}

static struct cohort *new_cohort(struct cr_gpu *g, uint32_t stream, uint32_t slot)
{
  struct cohort *c = &g->cohort[slot];
  const struct kernel *k = &g->kernel[stream];
  const struct shape *shape = k->shape;
  if (g->first_free == slot)
    g->first_free++;
  g->live[g->n_live++] = (uint16_t)slot;
  g->sms.in_page[slot / PAGE]++;
  *c = (struct cohort){.kernel = stream,
                       .shape = shape,
                       .load = (double)shape->load,
                       .slow = 1,
                       .placed_ns = g->now_ns,
                       .since_ns = g->now_ns};
  if (k->share)
    cr_gpu_share_mark(k->share, slot, 1);
  return c;
}

/* n fresh blocks in a cohort, whose progress becomes the mean of all. */
static void add_blocks(struct cr_gpu *g, struct cohort *c, const struct shape *shape, uint32_t n, double cold_ns)
{
  c->end_ns = CR_NS_NEVER;
  if (c->n == 0) {
    c->n = n;
    c->draw = (double)n;
    c->per_block = 1 / (double)n;
    c->flat_ns = shape->flat_ns + cold_ns;
    c->work_ns = shape->body_ns - shape->flat_ns;
    return;
  }
  double share = (double)n / (double)(n + c->n);
  cr_gpu_progress(c, g->now_ns);
  c->flat_ns += share * (shape->flat_ns + cold_ns - c->flat_ns);
  c->work_ns += share * (shape->body_ns - shape->flat_ns - c->work_ns);
  c->n += n;
  c->draw += (double)n;
  c->per_block = 1 / (double)c->n;
}

/* n of the blocks just placed, whose counts on the SMs are the other slot's already, are a cohort of their own.  It ends no
 * later than the rest, on which its share of the kernel's traffic stays, so that alone the kernel takes its recorded time. */
static struct cohort *split_off(struct cr_gpu *g, uint32_t slot, uint32_t other, uint32_t n)
{
  struct cohort *whole = &g->cohort[slot];
  struct sms *s = &g->sms;
  float own = cr_gpu_sms_meet(s, other, g->met_part);
  for (uint32_t i = 0; i < g->n_live; i++)
    s->met[g->live[i]] -= g->met_part[g->live[i]];
  s->met_own -= own;
  whole->n -= n;
  whole->per_block = 1 / (double)whole->n;
  struct cohort *c = new_cohort(g, whole->kernel, other);
  c->n = n;
  c->per_block = 1 / (double)n;
  c->flat_ns = whole->flat_ns;
  c->work_ns = whole->work_ns;
  c->end_ns = CR_NS_NEVER;
  cr_gpu_meet_new(g, other, g->met_part, own);
  return c;
}

/* SMs that run the same blocks do not free up at one instant.  Those of a cohort are divided into groups, each a cohort of its
 * own whose blocks take a little less time; those of the last take it in full, so that the kernel does. */
static void stagger(struct cr_gpu *g, uint32_t slot)
{
  uint32_t other[STAGGERED - 1], moved[STAGGERED - 1] = {0}, next = g->first_free;
  for (uint32_t j = 0; j < STAGGERED - 1; j++) {
    other[j] = free_slot(g, next);
    if (other[j] == CR_NONE)
      return;
    next = other[j] + 1;
  }
  cr_gpu_sms_stagger(&g->sms, slot, other, moved);
  for (uint32_t j = 0; j < STAGGERED - 1; j++) {
    if (moved[j] == 0)
      continue;
    struct cohort *c = split_off(g, slot, other[j], moved[j]);
    double share = 1 - g->model.constant[CR_GPU_SPREAD] * (STAGGERED - 1 - j) / (STAGGERED - 1);
    c->flat_ns *= share;
    c->work_ns *= share;
  }
}

/* Not where nobody else is there to use the SMs, nor where the groups would end within a tenth of a us of each other, which takes
 * half as long again to simulate and changes the errors of no table by more than other constants do.  A cohort that lies
 * unevenly on SMs that are followed at their mean stays together. */
static int is_staggered(const struct cr_gpu *g, const struct shape *shape)
{
  int even = shape->parted || g->sms.n_put < 2;
  return even && g->n_active > 1 && g->model.has[CR_GPU_HAS_STAGGER] &&
         g->model.constant[CR_GPU_SPREAD] * shape->body_ns > STAGGER_NS;
}

/* n blocks of the kernel were placed in this slot and are a cohort of their own: two, where they lie unevenly, and several
 * where they are its last. */
void cr_gpu_cohort_begin(struct cr_gpu *g, uint32_t stream, uint32_t slot, uint32_t n, double cold_ns)
{
  struct kernel *k = &g->kernel[stream];
  const struct shape *shape = k->shape;
  struct sms *s = &g->sms;
  add_blocks(g, new_cohort(g, stream, slot), shape, n, cold_ns);
  k->newest = slot;
  uint32_t fewer = shape->parted ? free_slot(g, g->first_free) : CR_NONE;
  g->cohort[slot].even = fewer != CR_NONE;
  uint32_t n_fewer = fewer != CR_NONE ? cr_gpu_sms_part(s, slot, fewer) : 0;
  if (n_fewer)
    split_off(g, slot, fewer, n_fewer);
  if (k->left == 0 && is_staggered(g, shape))
    stagger(g, slot);
  cr_gpu_meet_new(g, slot, s->met, s->met_own);
}

void cr_gpu_cohort_join(struct cr_gpu *g, uint32_t slot, uint32_t n, double cold_ns)
{
  struct cohort *c = &g->cohort[slot];
  add_blocks(g, c, c->shape, n, cold_ns);
  c->even = 0;
  cr_gpu_sms_merge(&g->sms, slot);
  cr_gpu_meet_more(g, slot, g->sms.met, g->sms.met_own);
}

/* The cohort leaves the SMs: live[0, n_older) were there before it, live[younger, n_live) came later. */
void cr_gpu_cohort_end(struct cr_gpu *g, uint32_t slot, uint32_t n_older, uint32_t younger)
{
  struct cohort *c = &g->cohort[slot];
  struct kernel *k = &g->kernel[c->kernel];
  cr_gpu_sms_release(&g->sms, c->shape, slot);
  cr_gpu_unmeet(g, slot, n_older, younger);
  if (k->share)
    cr_gpu_share_mark(k->share, slot, 0);
  if (k->newest == slot)
    k->newest = CR_NONE;
  k->running -= c->n;
  c->n = 0;
  g->first_free = cr_min_u32(g->first_free, slot);
}

/* Whether the next blocks of the kernel will lie just where this cohort lies, which ends: then nothing of the SMs changes.  A
 * kernel that is stuck at the head has no room for a block on any SM.  So for each of something that it needs there is less free
 * than for one block, and where n of its blocks leave there is room for n, no more and no fewer. */
int cr_gpu_cohort_may_succeed(const struct cr_gpu *g, uint32_t slot)
{
  const struct cohort *c = &g->cohort[slot];
  const struct kernel *k = &g->kernel[c->kernel];
  int last = k->left <= c->n && (k->left < c->n || g->model.has[CR_GPU_HAS_STAGGER]); /* the last ones are staggered */
  return g->stuck && g->pending[0] == c->kernel && !last && !k->share && g->first_free != CR_NONE &&
         (c->even || !c->shape->parted) && (k->newest == slot || cr_gpu_cohort_joinable(g, k) == CR_NONE);
}

/* The next blocks of its kernel take the place of the cohort that has ended: it begins anew, as the youngest. */
void cr_gpu_cohort_succeed(struct cr_gpu *g)
{
  uint32_t slot = g->live[g->leaving];
  struct cohort *c = &g->cohort[slot];
  struct kernel *k = &g->kernel[c->kernel];
  cr_gpu_meet_last(g, g->leaving);
  c->slow = 1;
  c->placed_ns = c->since_ns = g->now_ns;
  c->end_ns = CR_NS_NEVER;
  c->flat_ns = c->shape->flat_ns;
  c->work_ns = c->shape->body_ns - c->shape->flat_ns;
  k->newest = slot;
  k->left -= c->n;
  g->leaving = CR_NONE;
  if (k->left)
    return;
  k->state = PLACED;
  g->n_pending--;
  memmove(g->pending, g->pending + 1, g->n_pending * sizeof *g->pending);
  g->stuck = 0;
}

/* A cohort that has ended, and that was left on the SMs for a successor, leaves without one. */
void cr_gpu_cohort_let_go(struct cr_gpu *g)
{
  uint32_t at = g->leaving, slot = g->live[at];
  g->leaving = CR_NONE;
  cr_gpu_cohort_end(g, slot, at, at + 1);
  g->n_live--;
  memmove(g->live + at, g->live + at + 1, (g->n_live - at) * sizeof *g->live);
}
