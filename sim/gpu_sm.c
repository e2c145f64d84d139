/* gpu_sm.c - the SMs: what they hold, what still fits, and where the next blocks go.
 *
 * A block goes to the SM with the fewest resident warps that has room (measured: 70 blocks go to 70 SMs, 200 to at most two
 * an SM; a second kernel goes to the idle SMs).  An SM with residents keeps its shared-memory carve-out, and takes no block of
 * a kernel that runs with a larger one (measured: a 64 KB kernel waits for residents without shared memory to end).  An empty
 * SM takes the carve-out of the kernel that comes, up or down; blocks that already waited for room leave it as it is, if it
 * is enough (calib/data/h200/micro, carve rows: A>B,C and D66).
 *
 * SMs in the same state are kept as one class with a count.  A placement that reaches only some of them splits the class;
 * classes that have become equal are merged. */
#include "config.h"

#include <string.h>

#include "sim/gpu_int.h"
#include "sim/mem.h"

int cr_gpu_sms_init(struct sms *s, const struct cr_device_desc *d, const struct cr_gpu_model *m, struct cr_arena *arena)
{
  s->class = cr_arena_take(arena, (size_t)d->sms + 1, sizeof *s->class);
  s->count = cr_arena_take(arena, (size_t)d->sms * COHORT_CAP, sizeof *s->count);
  s->met = cr_arena_take(arena, COHORT_CAP, sizeof *s->met);
  s->option = cr_arena_take(arena, d->sms, sizeof *s->option);
  s->in = cr_arena_take(arena, d->sms, sizeof *s->in);
  if (!s->class || !s->count || !s->met || !s->option || !s->in)
    return CR_ENOMEM;
  s->carved = m->has[CR_GPU_HAS_CARVEOUT];
  s->emptiest = m->has[CR_GPU_HAS_EMPTIEST];
  s->limit = cr_gpu_pack(d->sm_warps, cr_min_u32(d->sm_blocks, BLOCKS_MAX),
                         d->sm_regs / d->warp_regs_unit * cr_gpu_reg_parts(d), (uint32_t)d->sm_smem_bytes);
  s->n_sm = d->sms;
  s->class[0] = (struct sm_class){.free = s->limit, .n_sm = s->n_sm};
  if (s->carved)
    s->class[0].free -= cr_gpu_pack(0, 0, 0, cr_gpu_smem(s->limit));
  s->n_class = 1;
  return CR_OK;
}

/* ------------------------------------------------------------------------------------------------------------ classes */

static void copy(struct sms *s, uint32_t to, uint32_t from)
{
  s->class[to] = s->class[from];
  for (uint32_t p = 0; p < s->n_page; p++)
    memcpy(cr_gpu_row(s, p, to), cr_gpu_row(s, p, from), PAGE * sizeof *s->count);
}

static int same(const struct sms *s, uint32_t i, uint32_t j)
{
  for (uint32_t p = 0; p < s->n_page; p++)
    if (memcmp(cr_gpu_row(s, p, i), cr_gpu_row(s, p, j), PAGE * sizeof *s->count))
      return 0;
  return 1;
}

/* Class i is gone, and the last class stands there now; its SMs are class j's. */
static void fold(struct sms *s, uint32_t i, uint32_t j)
{
  s->class[j].n_sm += s->class[i].n_sm;
  if (i != --s->n_class)
    copy(s, i, s->n_class);
}

/* If another class equals class i, that one takes its SMs: 1, and another class stands at i.  Classes with the same residents
 * and the same free room have the same carve-out. */
static inline int merge(struct sms *s, uint32_t i)
{
  struct sm_class *class = s->class, *end = class + s->n_class;
  uint64_t mine = class[i].free;
  class[i].free = ~mine; /* not itself */
  end->free = mine;      /* ends the search */
  for (struct sm_class *c = class;; c++) {
    while (c->free != mine)
      c++;
    if (c == end)
      break;
    if (same(s, i, (uint32_t)(c - class))) {
      class[i].free = mine;
      fold(s, i, (uint32_t)(c - class));
      return 1;
    }
  }
  class[i].free = mine;
  return 0;
}

/* Leaves n SMs in class i and moves the others to a new one that is otherwise equal. */
static void split(struct sms *s, uint32_t i, uint32_t n)
{
  uint32_t rest = s->n_class++;
  copy(s, rest, i);
  s->class[rest].n_sm -= n;
  s->class[i].n_sm = n;
}

/* ---------------------------------------------------------------------------------------------------------- placement */

/* floor(a / b) by the reciprocal of b: exact for a, b < 2^20, since (a + 1/2) / b is never within rounding of an integer. */
static inline uint32_t quotient(uint32_t a, float per_b)
{
  return (uint32_t)(int32_t)(((float)(int32_t)a + 0.5f) * per_b);
}

/* Whether n blocks, at most 32, can be taken off what is free. */
static inline int fits(uint64_t free, uint64_t need, uint32_t n)
{
  return (((free | GUARDS) - n * need) & GUARDS) == GUARDS;
}

/* How many blocks of the shape can be taken off what is free. */
static uint32_t room(uint64_t free, const struct shape *k)
{
  uint32_t n = cr_min_u32(cr_gpu_blocks(free), quotient(cr_gpu_warps(free), k->per_warp));
  n = cr_min_u32(n, quotient(cr_gpu_smem(free), k->per_smem));
  return k->reg_units ? cr_min_u32(n, quotient(cr_gpu_reg_units(free), k->per_reg_unit)) : n;
}

/* `most` or fewer. */
static inline uint32_t room_up_to(uint64_t free, const struct shape *k, uint32_t most)
{
  return most <= BLOCKS_MAX && fits(free, k->need, most) ? most : room(free, k);
}

/* What an empty SM runs with when it takes blocks of the shape.  Blocks that waited for it find it as the last kernel left
 * it, if that is enough. */
static inline uint32_t carveout_if_empty(const struct sms *s, const struct sm_class *c, const struct shape *k)
{
  if (!s->carved)
    return c->carveout;
  return s->fresh || k->carveout > c->carveout ? k->carveout : c->carveout;
}

static inline void add_row(float *restrict sum, const float *restrict row, float n)
{
  for (int i = 0; i < PAGE; i++)
    sum[i] += n * row[i];
}

/* n more blocks on each SM of class i, which leave so much free. */
static inline void put(struct sms *s, uint32_t i, const struct shape *k, uint32_t n, uint64_t free, uint32_t cohort)
{
  struct sm_class *c = &s->class[i];
  float *count = cr_gpu_column(s, cohort) + (size_t)i * PAGE, more = (float)(int32_t)n;
  float all = more * (float)(int32_t)c->n_sm;
  s->met_own += all * (2 * *count + more);
  if (cr_gpu_is_empty(s, c)) {
    s->n_busy += c->n_sm;
    c->carveout = carveout_if_empty(s, c, k);
    s->n_empty++;
  } else {
    for (uint32_t p = 0; p < s->n_page; p++)
      add_row(s->met + (size_t)p * PAGE, cr_gpu_row(s, p, i), all);
  }
  *count += more;
  c->free = free;
  s->n_put++;
}

/* Fills one SM after another. */
static uint32_t place_in_order(struct sms *s, const struct shape *k, struct option *end, uint32_t left, uint32_t cohort)
{
  for (struct option *o = s->option; o < end && left; o++) {
    uint32_t n = room_up_to(o->free, k, left), n_sm = cr_min_u32(o->n_sm, left / n);
    if (n_sm < o->n_sm) {
      *end++ = (struct option){.free = o->free, .class = s->n_class, .n_sm = o->n_sm - n_sm};
      split(s, o->class, n_sm);
    }
    put(s, o->class, k, n, o->free - n * k->need, cohort);
    left -= n * n_sm;
  }
  return left;
}

/* The lowest number of warps among options with room, the next higher one, and how many SMs stand at the lowest. */
struct level {
  uint32_t warps, above, n_sm;
};

static const struct level no_level = {.warps = UINT32_MAX, .above = UINT32_MAX};

static inline void see_level(struct level *l, const struct option *o)
{
  if (o->warps == l->warps) {
    l->n_sm += o->n_sm;
  } else if (o->warps < l->warps) {
    l->above = l->warps;
    l->warps = o->warps;
    l->n_sm = o->n_sm;
  } else if (o->warps < l->above) {
    l->above = o->warps;
  }
}

static inline void get(struct option *o, const struct shape *k, uint32_t n)
{
  o->got += n;
  o->free -= n * k->need;
  o->warps += n * k->warps;
  if (!fits(o->free, k->need, 1))
    o->warps = UINT32_MAX;
}

/* Puts what the options got; the SMs of option `partly`, if there is one, got one block more on n_more of them. */
static void put_options(struct sms *s, const struct shape *k, uint32_t cohort, const struct option *end,
                        const struct option *partly, uint32_t n_more)
{
  for (const struct option *o = s->option; o < end; o++)
    if (o->got)
      put(s, o->class, k, o->got, o->free, cohort);
  if (!partly)
    return;
  split(s, partly->class, n_more);
  put(s, partly->class, k, 1, partly->free - k->need, cohort);
}

/* Where there are blocks enough, every SM gets all it can hold; how many that takes.  Else 0. */
static uint32_t fill(struct sms *s, const struct shape *k, struct option *end, uint32_t left, uint32_t cohort)
{
  uint32_t n = 0;
  if (s->n_open > left)
    return 0;
  for (struct option *o = s->option; o < end; o++) {
    o->got = room(o->free, k);
    n += o->got * o->n_sm;
  }
  int all = n <= left;
  for (struct option *o = s->option; o < end; o++) {
    if (all)
      put(s, o->class, k, o->got, o->free - o->got * k->need, cohort);
    o->got = 0;
  }
  return all ? n : 0;
}

/* Level by level: the SMs with the fewest warps get blocks until they reach the next level, or one each in the end. */
static uint32_t place_emptiest(struct sms *s, const struct shape *k, struct option *end, uint32_t left, uint32_t cohort)
{
  const struct option *partly = NULL;
  uint32_t n_more = 0, n_filled = fill(s, k, end, left, cohort);
  if (n_filled)
    return left - n_filled;
  struct level level = no_level;
  for (struct option *o = s->option; o < end; o++)
    see_level(&level, o);
  while (left && level.warps != UINT32_MAX) {
    struct level next = no_level;
    uint32_t each = left < 2 * level.n_sm ? 1 : left / level.n_sm;
    if (each > 1 && level.above != UINT32_MAX)
      each = cr_min_u32(each, quotient(level.above - level.warps + k->warps - 1, k->per_warp));
    for (struct option *o = s->option; o < end; o++) {
      if (o->warps == level.warps) {
        uint32_t n = each == 1 ? 1 : room_up_to(o->free, k, each);
        if (n * o->n_sm > left) { /* one each, and no further than this */
          partly = left ? o : partly;
          n_more = left ? left : n_more;
          left = 0;
          break;
        }
        get(o, k, n);
        left -= n * o->n_sm;
      }
      see_level(&next, o);
    }
    level = next;
  }
  put_options(s, k, cohort, end, partly, n_more);
  return left;
}

/* Classes that can take a block of the shape, in order; where they end. */
static struct option *find_options(struct sms *s, const struct shape *k)
{
  struct option *end = s->option;
  uint32_t limit_warps = cr_gpu_warps(s->limit), n_open = 0;
  for (uint32_t i = 0; i < s->n_class; i++) {
    const struct sm_class *c = &s->class[i];
    uint64_t free = c->free;
    if (cr_gpu_is_empty(s, c))
      free += cr_gpu_pack(0, 0, 0, carveout_if_empty(s, c, k)) - cr_gpu_pack(0, 0, 0, c->carveout);
    else if (c->carveout < k->carveout && s->carved)
      continue;
    if (!fits(free, k->need, 1))
      continue;
    *end++ = (struct option){.free = free, .class = i, .n_sm = c->n_sm, .warps = limit_warps - cr_gpu_warps(free)};
    n_open += c->n_sm;
  }
  s->n_open = n_open;
  return end;
}

/* --------------------------------------------------------------------------------------------------------------- shares */

static int holds(const struct sms *s, uint32_t class, const struct share *share)
{
  for (uint32_t c = 0; c < s->n_page * PAGE; c++)
    if (share->cohort[c / 64] >> c % 64 & 1 && cr_gpu_column(s, c)[(size_t) class * PAGE] > 0)
      return 1;
  return 0;
}

uint32_t cr_gpu_sms_held(const struct sms *s, const struct share *share)
{
  uint32_t n = 0;
  for (uint32_t i = 0; i < s->n_class; i++)
    if (holds(s, i, share))
      n += s->class[i].n_sm;
  return n;
}

/* The option that a block would go to among those that are new to the share and were not let in yet. */
static struct option *next_new(const struct sms *s, const struct share *share, const uint8_t *in, struct option *end)
{
  struct option *best = NULL;
  for (struct option *o = s->option; o < end; o++)
    if (!in[o - s->option] && !holds(s, o->class, share) && (!best || (s->emptiest && o->warps < best->warps)))
      best = o;
  return best;
}

/* Leaves the options that the share may use: SMs that hold blocks of it, and as many others as it may take up.  One class
 * may have to be split for that, which *was_split then says. */
static struct option *limit_options(struct sms *s, const struct share *share, struct option *end, int *was_split)
{
  uint32_t held = cr_gpu_sms_held(s, share), spare = share->sms > held ? share->sms - held : 0;
  memset(s->in, 0, (size_t)(end - s->option));
  while (spare) {
    struct option *o = next_new(s, share, s->in, end);
    if (!o)
      break;
    if (o->n_sm > spare) {
      split(s, o->class, spare);
      *was_split = 1;
      o->n_sm = spare;
    }
    spare -= o->n_sm;
    s->in[o - s->option] = 1;
  }
  struct option *kept = s->option;
  for (struct option *o = s->option; o < end; o++)
    if (s->in[o - s->option] || holds(s, o->class, share))
      *kept++ = *o;
  s->n_open = 0;
  for (struct option *o = s->option; o < kept; o++)
    s->n_open += o->n_sm;
  return kept;
}

/* ------------------------------------------------------------------------------------------------------ place, release */

/* The cohort's page counts from now on. */
static inline void open_page(struct sms *s, uint32_t cohort)
{
  for (; s->n_page <= cohort / PAGE; s->n_page++)
    memset(cr_gpu_row(s, s->n_page, 0), 0, (size_t)s->n_sm * PAGE * sizeof *s->count);
}

void cr_gpu_sms_merge(struct sms *s, uint32_t cohort)
{
  const float *count = cr_gpu_column(s, cohort);
  for (uint32_t i = 0; i < s->n_class;)
    i += count[(size_t)i * PAGE] == 0 || !merge(s, i);
}

uint32_t cr_gpu_sms_place(struct sms *s, const struct shape *k, uint32_t most, uint32_t cohort,
                          const struct share *share, int fresh)
{
  s->n_put = 0;
  s->fresh = fresh;
  open_page(s, cohort);
  s->met_own = 0;
  s->n_empty = 0;
  memset(s->met, 0, (size_t)s->n_page * PAGE * sizeof *s->met);
  struct option *end = find_options(s, k);
  int was_split = 0;
  if (share && share->sms)
    end = limit_options(s, share, end, &was_split);
  if (end == s->option)
    return 0;
  uint32_t left = s->emptiest ? place_emptiest(s, k, end, most, cohort) : place_in_order(s, k, end, most, cohort);
  for (uint32_t i = 0; was_split && i < s->n_class;) /* a part of it may have got nothing */
    i += !merge(s, i);
  if (s->n_empty > 1) /* of different carve-outs; now they have the same */
    cr_gpu_sms_merge(s, cohort);
  s->n_warp += (most - left) * k->warps;
  return most - left;
}

uint32_t cr_gpu_sms_part(struct sms *s, uint32_t cohort, uint32_t fewer)
{
  if (s->n_put < 2)
    return 0;
  open_page(s, fewer);
  float *from = cr_gpu_column(s, cohort), *to = cr_gpu_column(s, fewer), most = 0;
  uint32_t n_less = 0;
  for (size_t i = 0; i < s->n_class; i++)
    if (from[i * PAGE] > most)
      most = from[i * PAGE];
  for (size_t i = 0; i < s->n_class; i++) {
    float n = from[i * PAGE];
    if (n == 0 || n == most)
      continue;
    to[i * PAGE] = n;
    from[i * PAGE] = 0;
    n_less += (uint32_t)(int32_t)n * s->class[i].n_sm;
  }
  return n_less;
}

/* The blocks of the cohort on class i are the other's; how many. */
static uint32_t hand_over(struct sms *s, uint32_t i, uint32_t cohort, uint32_t other)
{
  float *from = cr_gpu_column(s, cohort) + (size_t)i * PAGE, *to = cr_gpu_column(s, other) + (size_t)i * PAGE;
  uint32_t n = (uint32_t)(int32_t)*from;
  *to = *from;
  *from = 0;
  return n * s->class[i].n_sm;
}

void cr_gpu_sms_stagger(struct sms *s, uint32_t cohort, const uint32_t other[STAGGERED - 1],
                        uint32_t moved[STAGGERED - 1])
{
  for (uint32_t j = 0; j < STAGGERED - 1; j++)
    open_page(s, other[j]);
  const float *count = cr_gpu_column(s, cohort);
  uint32_t carry = 0; /* so that many small classes are divided evenly, too; the first leaves the cohort an SM */
  for (uint32_t i = 0, n_class = s->n_class; i < n_class; i++) {
    if (count[(size_t)i * PAGE] == 0)
      continue;
    uint32_t n_sm = s->class[i].n_sm, at = i, done = 0;
    for (uint32_t j = 0; j < STAGGERED - 1 && done < n_sm; j++) {
      uint32_t upto = cr_min_u32(n_sm, (n_sm * (j + 1) + carry) / STAGGERED), here = at;
      if (upto == done)
        continue;
      if (upto < n_sm) {
        split(s, here, upto - done);
        at = s->n_class - 1;
      }
      moved[j] += hand_over(s, here, cohort, other[j]);
      done = upto;
    }
    carry = (carry + n_sm) % STAGGERED;
  }
}

float cr_gpu_sms_meet(const struct sms *s, uint32_t cohort, float *met)
{
  const float *count = cr_gpu_column(s, cohort);
  memset(met, 0, (size_t)s->n_page * PAGE * sizeof *met);
  for (uint32_t i = 0; i < s->n_class; i++) {
    float n = count[(size_t)i * PAGE] * (float)(int32_t)s->class[i].n_sm;
    for (uint32_t p = 0; n > 0 && p < s->n_page; p++)
      add_row(met + (size_t)p * PAGE, cr_gpu_row(s, p, i), n);
  }
  return met[cohort];
}

void cr_gpu_sms_release(struct sms *s, const struct shape *k, uint32_t cohort)
{
  float *here = cr_gpu_column(s, cohort);
  uint32_t n_block = 0;
  for (uint32_t i = 0; i < s->n_class;) {
    if (*here > 0) {
      struct sm_class *c = &s->class[i];
      uint32_t n = (uint32_t)(int32_t)*here;
      *here = 0;
      n_block += n * c->n_sm;
      c->free += n * k->need;
      if (cr_gpu_is_empty(s, c))
        s->n_busy -= c->n_sm;
      if (merge(s, i))
        continue; /* another class stands at i now */
    }
    i++;
    here += PAGE;
  }
  s->n_warp -= n_block * k->warps;
  s->in_page[cohort / PAGE]--;
  while (s->n_page > 1 && s->in_page[s->n_page - 1] == 0)
    s->n_page--;
}
