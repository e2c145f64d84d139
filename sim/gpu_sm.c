/* gpu_sm.c - the SMs: what they hold, what still fits, and where the next blocks go.
 *
 * A block goes to the SM with the fewest resident warps that has room (measured: 70 blocks go to 70 SMs, 200 to at most two
 * an SM; a second kernel goes to the idle SMs).  Its shared memory must fit into the SM's carve-out in force; an empty SM
 * takes the kernel's own carve-out if that is larger, and an SM with residents keeps its own (measured: a 64 KB kernel waits
 * for residents without shared memory to end).  When carve-outs shrink again is not known; here, when the whole device is
 * empty.
 *
 * SMs in the same state are kept as one class with a count.  A placement that reaches only some of them splits the class;
 * classes that have become equal are merged. */
#include "config.h"

#include <string.h>

#include "sim/gpu_int.h"
#include "sim/mem.h"

int cr_gpu_sms_init(struct sms *s, const struct cr_device_desc *d, struct cr_arena *arena)
{
  if (!(s->class = cr_arena_take(arena, d->sms, sizeof *s->class)))
    return CR_ENOMEM;
  s->class[0].n_sm = d->sms;
  s->n_class = 1;
  s->n_sm = d->sms;
  s->limit_warps = d->sm_warps;
  s->limit_blocks = cr_min_u32(d->sm_blocks, RESIDENT_CAP);
  s->limit_reg_units = d->sm_regs / d->warp_regs_unit;
  s->limit_smem = (uint32_t)d->sm_smem_bytes;
  return CR_OK;
}

/* ------------------------------------------------------------------------------------------------------------ classes */

/* Sums of products with odd constants: cheap to keep up, and a collision costs a comparison. */
static uint64_t hash_resident(uint32_t cohort, uint32_t n)
{
  return (((uint64_t)cohort << 6 | n) + 1) * 0x9e3779b97f4a7c15u;
}

static uint64_t hash_carveout(uint32_t carveout)
{
  return carveout * 0xd1b54a32d192ed03u;
}

static int same(const struct sm_class *a, const struct sm_class *b)
{
  return a->hash == b->hash && a->n_resident == b->n_resident && a->carveout == b->carveout &&
         !memcmp(a->resident, b->resident, a->n_resident * sizeof *a->resident);
}

/* If another class equals class i, that one takes its SMs and i is gone. */
static int merge(struct sms *s, uint32_t i)
{
  for (uint32_t j = 0; j < s->n_class; j++) {
    if (j == i || !same(&s->class[i], &s -> class[j]))
      continue;
    s->class[j].n_sm += s->class[i].n_sm;
    s->class[i] = s->class[--s->n_class];
    return 1;
  }
  return 0;
}

/* Leaves n SMs in class i and moves the others to a new one that is otherwise equal. */
static void split(struct sms *s, uint32_t i, uint32_t n)
{
  struct sm_class *rest = &s->class[s->n_class++];
  *rest = s->class[i];
  rest->n_sm -= n;
  s->class[i].n_sm = n;
}

/* ---------------------------------------------------------------------------------------------------------- placement */

/* floor(a / b) by the reciprocal of b: exact for a, b < 2^20, since (a + 1/2) / b is never within rounding of an integer. */
static inline uint32_t quotient(uint32_t a, float per_b)
{
  return (uint32_t)(int32_t)(((float)(int32_t)a + 0.5f) * per_b);
}

/* How many more blocks of the shape an SM of the class could take. */
static uint32_t room(const struct sms *s, int carved, const struct sm_class *c, const struct shape *k)
{
  uint32_t free_warps = s->limit_warps - c->warps, free_regs = s->limit_reg_units - c->reg_units;
  if (free_warps < k->warps || free_regs < k->reg_units || c->blocks == s->limit_blocks)
    return 0;
  uint32_t carveout = c->carveout;
  if (!carved)
    carveout = s->limit_smem;
  else if (c->blocks == 0 && k->carveout > carveout)
    carveout = k->carveout;
  if (carveout < c->smem + k->smem)
    return 0;
  uint32_t fit = cr_min_u32(quotient(free_warps, k->per_warp), s->limit_blocks - c->blocks);
  fit = cr_min_u32(fit, quotient(carveout - c->smem, k->per_smem));
  return k->reg_units ? cr_min_u32(fit, quotient(free_regs, k->per_reg_unit)) : fit;
}

static uint64_t bit(uint32_t cohort)
{
  return UINT64_C(1) << (cohort % 64);
}

static struct resident *find(struct sm_class *c, uint32_t cohort)
{
  if (!(c->mask & bit(cohort)))
    return NULL;
  for (uint32_t r = 0; r < c->n_resident; r++)
    if (c->resident[r].cohort == cohort)
      return &c->resident[r];
  return NULL;
}

/* n more blocks on each SM of a class. */
static void put(struct sms *s, struct sm_class *c, const struct shape *k, uint32_t n, uint32_t cohort)
{
  if (c->blocks == 0) {
    s->n_busy += c->n_sm;
    if (k->carveout > c->carveout) {
      c->hash += hash_carveout(k->carveout) - hash_carveout(c->carveout);
      c->carveout = k->carveout;
    }
  }
  struct resident *r = find(c, cohort);
  if (r) {
    c->hash -= hash_resident(cohort, r->n);
  } else {
    r = &c->resident[c->n_resident++];
    *r = (struct resident){.cohort = (uint16_t)cohort};
    c->mask |= bit(cohort);
  }
  r->n = (uint16_t)(r->n + n);
  c->hash += hash_resident(cohort, r->n);
  c->blocks += n;
  c->warps += n * k->warps;
  c->reg_units += n * k->reg_units;
  c->smem += n * k->smem;
  c->load += (float)n * k->load;
  c->fit -= n;
  s->n_put++;
  s->n_warp += n * k->warps * c->n_sm;
}

/* n blocks an SM for as many SMs of class i as `left` allows; what is left.  At least one must be possible. */
static uint32_t put_class(struct sms *s, uint32_t i, const struct shape *k, uint32_t n, uint32_t left, uint32_t cohort)
{
  uint32_t n_sm = s->class[i].n_sm;
  if (n > left)
    n = left;
  if ((uint64_t)n * n_sm > left) {
    n_sm = left / n;
    split(s, i, n_sm);
  }
  put(s, &s->class[i], k, n, cohort);
  return left - n * n_sm;
}

static uint32_t place_in_order(struct sms *s, const struct shape *k, uint32_t left, uint32_t cohort)
{
  for (uint32_t i = 0; i < s->n_class && left; i++)
    if (s->class[i].fit)
      left = put_class(s, i, k, s->class[i].fit, left, cohort);
  return left;
}

/* Level by level: the SMs with the fewest warps get blocks until they reach the next level, or one each in the end. */
static uint32_t place_emptiest(struct sms *s, const struct shape *k, uint32_t left, uint32_t cohort)
{
  while (left) {
    uint32_t level = UINT32_MAX, above = UINT32_MAX, n_sm = 0;
    for (uint32_t i = 0; i < s->n_class; i++) {
      const struct sm_class *c = &s->class[i];
      if (c->fit == 0)
        continue;
      if (c->warps < level) {
        above = level;
        level = c->warps;
        n_sm = c->n_sm;
      } else if (c->warps == level) {
        n_sm += c->n_sm;
      } else if (c->warps < above) {
        above = c->warps;
      }
    }
    if (n_sm == 0)
      break;
    uint32_t each = left / n_sm ? left / n_sm : 1;
    if (above != UINT32_MAX)
      each = cr_min_u32(each, (above - level + k->warps - 1) / k->warps);
    uint32_t n_class = s->n_class; /* classes split off on the way got nothing, and come next time */
    for (uint32_t i = 0; i < n_class && left; i++)
      if (s->class[i].fit && s->class[i].warps == level)
        left = put_class(s, i, k, cr_min_u32(each, s->class[i].fit), left, cohort);
  }
  return left;
}

static void forget_carveouts(struct sms *s)
{
  s->class[0] = (struct sm_class){.n_sm = s->n_sm};
  s->n_class = 1;
}

uint32_t cr_gpu_sms_place(struct sms *s, const struct cr_gpu_model *m, const struct shape *k, uint32_t most,
                          uint32_t cohort)
{
  s->n_put = 0;
  if (s->n_busy == 0)
    forget_carveouts(s);
  uint32_t any = 0;
  for (uint32_t i = 0; i < s->n_class; i++)
    any |= s->class[i].fit = room(s, m->has[CR_GPU_HAS_CARVEOUT], &s->class[i], k);
  if (!any)
    return 0;
  uint32_t left = m->has[CR_GPU_HAS_EMPTIEST] ? place_emptiest(s, k, most, cohort) : place_in_order(s, k, most, cohort);
  return most - left;
}

static uint64_t mask_of(const struct sm_class *c)
{
  uint64_t mask = 0;
  for (uint32_t r = 0; r < c->n_resident; r++)
    mask |= bit(c->resident[r].cohort);
  return mask;
}

uint32_t cr_gpu_sms_part(struct sms *s, uint32_t cohort, uint32_t fewer)
{
  if (s->n_put < 2)
    return 0;
  uint32_t most = 0, n_less = 0;
  for (uint32_t i = 0; i < s->n_class; i++) {
    const struct resident *r = find(&s->class[i], cohort);
    if (r && r->n > most)
      most = r->n;
  }
  for (uint32_t i = 0; i < s->n_class; i++) {
    struct sm_class *c = &s->class[i];
    struct resident *r = find(c, cohort);
    if (!r || r->n == most)
      continue;
    c->hash += hash_resident(fewer, r->n) - hash_resident(cohort, r->n);
    r->cohort = (uint16_t)fewer;
    c->mask = mask_of(c);
    n_less += r->n * c->n_sm;
  }
  return n_less;
}

/* Takes a cohort off a class; whether it was there. */
static int take(struct sms *s, struct sm_class *c, const struct shape *k, uint32_t cohort)
{
  struct resident *r = find(c, cohort);
  if (!r)
    return 0;
  uint32_t n = r->n;
  c->hash -= hash_resident(cohort, n);
  c->n_resident--;
  for (; r < c->resident + c->n_resident; r++)
    *r = r[1];
  c->mask = mask_of(c);
  c->blocks -= n;
  c->warps -= n * k->warps;
  c->reg_units -= n * k->reg_units;
  c->smem -= n * k->smem;
  c->load -= (float)n * k->load;
  s->n_warp -= n * k->warps * c->n_sm;
  if (c->blocks == 0)
    s->n_busy -= c->n_sm;
  return 1;
}

void cr_gpu_sms_release(struct sms *s, const struct shape *k, uint32_t cohort)
{
  for (uint32_t i = 0; i < s->n_class;) {
    if (take(s, &s->class[i], k, cohort) && merge(s, i))
      continue; /* another class stands at i now */
    i++;
  }
}
