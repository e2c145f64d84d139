/* rotation.c - what becomes of jobs that take turns, in closed form.
 *
 * The m-th iteration (from 0) of member i is launched when its key is k = key_i + m step_i.  Keys only grow, so launches
 * come in the order of k, and launches of equal k in the order in which their members came to wait.  A member that has not
 * run waits since it joined; another since its launch before, at k - step, which was the earlier the larger the step.  Equal
 * steps leave the question to the launches before, and so on, until one of the two has not run.  So of two launches it is
 * known which comes first (goes_before) without the launches between, and how many of each member come before a given one:
 * a division.  Therefrom:
 *
 *   the first end   is the last launch of a member before which no other member's last launch comes
 *   at a time t     let X be such that sum over members with key_i < X of ((X - key_i) / step_i + 1) each_i <= t: all launches
 *                   with k < X are over by t, and only about one more of each member can be.  Those are gone through in a
 *                   heap
 *
 * All of it in integers.  A rotation costs the number of its members, times its logarithm, and not their iterations. */
#include "config.h"

#include "sim/rotation.h"

#include <assert.h>

#include "sim/mem.h"

enum { FIRST_CAP = 256 };

/* Keys of launches to come, and times in which they come. */
typedef __int128 work;

struct member {
  struct cr_rotation_member is;
  work key;       /* of its next launch, the n-th */
  uint32_t n;     /* iterations that are over by at_ns */
  uint32_t n_end; /* and by end_ns */
};

enum step { GATHERS, RUNS, IS_OVER };

struct cr_rotation {
  struct member *member; /* [n] in order of joining */
  uint32_t *heap;        /* [n_heap] members by their next launch: all of them, or those that are to come back */
  uint32_t n, n_heap, cap;
  enum step step;
  cr_ns start_ns, at_ns, end_ns; /* at: when the iteration under way began */
  uint32_t last;                 /* who comes back last; CR_NONE: as the heap has it */
  int is_stopped, is_watched;
  double busy_ns, sm_ns;              /* of rotations that are over */
  struct cr_rotation_turn turn, told; /* watched: the one under way, and one that has ended; n 0: none */
};

int cr_rotation_new(int is_watched, struct cr_rotation **out)
{
  struct cr_rotation *r = cr_mem_new(1, sizeof *r);
  if (!r)
    return CR_ENOMEM;
  *r = (struct cr_rotation){.is_watched = is_watched, .cap = FIRST_CAP, .end_ns = CR_NS_NEVER, .last = CR_NONE};
  r->member = cr_mem_new(r->cap, sizeof *r->member);
  r->heap = cr_mem_new(r->cap, sizeof *r->heap);
  if (!r->member || !r->heap) {
    cr_rotation_free(r);
    return CR_ENOMEM;
  }
  *out = r;
  return CR_OK;
}

void cr_rotation_free(struct cr_rotation *r)
{
  if (!r)
    return;
  cr_mem_free(r->member);
  cr_mem_free(r->heap);
  cr_mem_free(r);
}

static CR_COLD int grow(struct cr_rotation *r)
{
  if (r->cap > UINT32_MAX / 2)
    return CR_ENOMEM;
  struct member *member = cr_mem_resize(r->member, 2 * r->cap, sizeof *member);
  if (!member)
    return CR_ENOMEM;
  r->member = member;
  uint32_t *heap = cr_mem_resize(r->heap, 2 * r->cap, sizeof *heap);
  if (!heap)
    return CR_ENOMEM;
  r->heap = heap;
  r->cap *= 2;
  return CR_OK;
}

int cr_rotation_join(struct cr_rotation *r, const struct cr_rotation_member *m)
{
  assert(r->step == GATHERS);
  assert(m->each_ns > 0 && m->step > 0 && m->each_ns % m->step == 0);
  if (r->n == r->cap && grow(r) != CR_OK)
    return CR_ENOMEM;
  r->member[r->n++] = (struct member){.is = *m, .key = m->key};
  return CR_OK;
}

uint32_t cr_rotation_n(const struct cr_rotation *r)
{
  return r->n;
}

/* ---------------------------------------------------------------------------------------------------------- launches */

/* A launch: the n-th iteration of a member. */
struct launch {
  uint32_t i, n;
};

static work key_of(const struct cr_rotation *r, struct launch a)
{
  const struct cr_rotation_member *m = &r->member[a.i].is;
  return m->key + (work)a.n * m->step;
}

/* Of two members whose keys are equal as they are launched. */
static int has_waited_longer(const struct cr_rotation *r, struct launch a, struct launch b)
{
  int64_t a_step = r->member[a.i].is.step, b_step = r->member[b.i].is.step;
  if (a.n && b.n && a_step != b_step)
    return a_step > b_step;
  return a.n != b.n ? a.n < b.n : a.i < b.i;
}

static int goes_before(const struct cr_rotation *r, struct launch a, struct launch b)
{
  work a_key = key_of(r, a), b_key = key_of(r, b);
  return a_key != b_key ? a_key < b_key : has_waited_longer(r, a, b);
}

static struct launch next_of(const struct cr_rotation *r, uint32_t i)
{
  return (struct launch){i, r->member[i].n};
}

static struct launch last_of(const struct cr_rotation *r, uint32_t i)
{
  uint32_t left = r->member[i].is.left;
  return (struct launch){i, left ? left - 1 : 0};
}

static int next_goes_before(const struct cr_rotation *r, uint32_t a, uint32_t b)
{
  work a_key = r->member[a].key, b_key = r->member[b].key;
  return a_key != b_key ? a_key < b_key : has_waited_longer(r, next_of(r, a), next_of(r, b));
}

static void set_next(struct member *m, uint32_t n)
{
  m->n = n;
  m->key = m->is.key + (work)n * m->is.step;
}

/* ceil(a / b), of a > 0; most often of numbers that a machine divides. */
static work divide_up(work a, int64_t b)
{
  if (a <= INT64_MAX)
    return ((int64_t)a - 1) / b + 1;
  return (a - 1) / b + 1;
}

/* Launches of member i with a key below. */
static uint32_t n_below(const struct cr_rotation *r, uint32_t i, work key)
{
  const struct cr_rotation_member *m = &r->member[i].is;
  if (key <= m->key)
    return 0;
  work n = divide_up(key - m->key, m->step);
  return n < UINT32_MAX ? (uint32_t)n : UINT32_MAX - 1;
}

/* Launches of member i that come before one of another. */
static uint32_t n_before(const struct cr_rotation *r, uint32_t i, struct launch a)
{
  work key = key_of(r, a);
  struct launch b = {i, n_below(r, i, key)};
  return b.n + (key_of(r, b) == key && has_waited_longer(r, b, a));
}

/* -------------------------------------------------------------------------------------------------------------- heap */

static void sink(struct cr_rotation *r, uint32_t at)
{
  uint32_t i = r->heap[at];
  for (uint32_t child; (child = 2 * at + 1) < r->n_heap; at = child) {
    if (child + 1 < r->n_heap && next_goes_before(r, r->heap[child + 1], r->heap[child]))
      child++;
    if (!next_goes_before(r, r->heap[child], i))
      break;
    r->heap[at] = r->heap[child];
  }
  r->heap[at] = i;
}

/* Of all members but one (CR_NONE: of all). */
static void heap_all(struct cr_rotation *r, uint32_t but)
{
  r->n_heap = 0;
  for (uint32_t i = 0; i < r->n; i++)
    if (i != but)
      r->heap[r->n_heap++] = i;
  for (uint32_t at = r->n_heap / 2; at-- > 0;)
    sink(r, at);
}

/* Who would go next, were it not for the top; CR_NONE: nobody. */
static uint32_t second(const struct cr_rotation *r)
{
  if (r->n_heap < 2)
    return CR_NONE;
  return r->n_heap > 2 && next_goes_before(r, r->heap[2], r->heap[1]) ? r->heap[2] : r->heap[1];
}

/* -------------------------------------------------------------------------------------------------------------- time */

static cr_ns later(cr_ns from_ns, work by)
{
  return by >= CR_NS_NEVER ? CR_NS_NEVER : cr_ns_add(from_ns, (cr_ns)by);
}

/* Finds the first end. */
static void plan(struct cr_rotation *r)
{
  struct launch first = last_of(r, 0);
  for (uint32_t i = 1; i < r->n; i++)
    if (goes_before(r, last_of(r, i), first))
      first = last_of(r, i);
  const struct cr_rotation_member *ends = &r->member[first.i].is;
  work sum = ends->left ? (work)first.n * ends->each_ns + ends->each_ns : 0;
  for (uint32_t i = 0; i < r->n; i++) {
    struct member *m = &r->member[i];
    m->n_end = i == first.i ? ends->left : n_before(r, i, first);
    sum += i == first.i ? 0 : (work)m->n_end * m->is.each_ns;
  }
  r->last = ends->left ? first.i : CR_NONE;
  r->end_ns = later(r->start_ns, sum);
}

/* A key such that all launches below it are over within t, and few others are: see above.  Which members have launches below
 * it follows from the key, and the key from these, so that those with keys too large are left out again and again. */
static work key_within(const struct cr_rotation *r, work t)
{
  int64_t base = INT64_MAX;
  for (uint32_t i = 0; i < r->n; i++)
    base = r->member[i].is.key < base ? r->member[i].is.key : base;
  for (work below = (work)INT64_MAX + 1;;) {
    work sum = t, slope = 0, largest = base, bound = (work)INT64_MAX * INT64_MAX; /* bound: least of those left out */
    for (uint32_t i = 0; i < r->n; i++) {
      const struct cr_rotation_member *m = &r->member[i].is;
      if (m->key < below) {
        int64_t per_key = m->each_ns / m->step;
        sum += (work)(m->key - base) * per_key - m->each_ns;
        slope += per_key;
        largest = m->key > largest ? m->key : largest;
      } else {
        bound = m->key < bound ? m->key : bound;
      }
    }
    work key = sum > 0 ? base + sum / slope : base;
    if (largest < key || largest == base)
      return key < bound ? key : bound;
    below = key > base ? key : (work)base + 1;
  }
}

/* Finds where a rotation is after t, which is before its end. */
static void reach(struct cr_rotation *r, cr_ns t)
{
  work key = key_within(r, t), used = 0;
  for (uint32_t i = 0; i < r->n; i++) {
    set_next(&r->member[i], n_below(r, i, key));
    used += (work)r->member[i].n * r->member[i].is.each_ns;
  }
  assert(used <= t);
  heap_all(r, CR_NONE);
  for (struct member *m; used + (m = &r->member[r->heap[0]])->is.each_ns <= t;) {
    assert(m->n < m->is.left);
    used += m->is.each_ns;
    set_next(m, m->n + 1);
    sink(r, 0);
  }
  r->at_ns = r->start_ns + (cr_ns)used;
}

void cr_rotation_begin(struct cr_rotation *r, cr_ns now_ns)
{
  assert(r->step == GATHERS && r->n > 0);
  r->step = RUNS;
  r->start_ns = r->at_ns = now_ns;
  plan(r);
  heap_all(r, CR_NONE);
}

/* Whose iteration ended last; CR_NONE: none has. */
static uint32_t ran_last(const struct cr_rotation *r)
{
  uint32_t last = CR_NONE;
  for (uint32_t i = 0; i < r->n; i++) {
    struct launch a = {i, r->member[i].n - 1};
    if (r->member[i].n && (last == CR_NONE || goes_before(r, (struct launch){last, r->member[last].n - 1}, a)))
      last = i;
  }
  return last;
}

/* Whether the member at the top, whose iteration begins now, is there for just that one. */
static int is_lone_turn(const struct cr_rotation *r)
{
  uint32_t i = r->heap[0], other = second(r);
  const struct member *m = &r->member[i];
  int goes_on = m->n + 1 < m->is.left && !(m->is.is_new && m->n == 0) &&
                (other == CR_NONE || !goes_before(r, next_of(r, other), (struct launch){i, m->n + 1}));
  return !goes_on && ((m->is.is_new && m->n == 1) || ran_last(r) != i);
}

void cr_rotation_stop(struct cr_rotation *r, cr_ns now_ns)
{
  if (r->step != RUNS || r->is_stopped || now_ns >= r->end_ns)
    return;
  reach(r, now_ns - r->start_ns);
  uint32_t i = r->heap[0];
  int runs_on = r->at_ns < now_ns || is_lone_turn(r);
  for (uint32_t k = 0; k < r->n; k++)
    r->member[k].n_end = r->member[k].n + (k == i && runs_on);
  r->last = i;
  r->end_ns = runs_on ? r->at_ns + r->member[i].is.each_ns : now_ns;
  r->is_stopped = 1;
}

cr_ns cr_rotation_next_ns(const struct cr_rotation *r)
{
  if (r->step == GATHERS)
    return CR_NS_NEVER;
  if (!r->is_watched || r->step == IS_OVER)
    return r->end_ns;
  return cr_min_ns(r->end_ns, cr_ns_add(r->at_ns, r->member[r->heap[0]].is.each_ns));
}

/* The iteration under way has ended by to_ns, if it has. */
static void watch(struct cr_rotation *r, cr_ns to_ns)
{
  struct member *m = &r->member[r->heap[0]];
  cr_ns end_ns = cr_ns_add(r->at_ns, m->is.each_ns);
  if (end_ns <= to_ns && m->n < m->is.left) {
    if (r->turn.n++ == 0)
      r->turn = (struct cr_rotation_turn){.start_ns = r->at_ns, .id = m->is.id, .n = 1};
    set_next(m, m->n + 1);
    r->at_ns = end_ns;
    sink(r, 0);
  }
  if (r->turn.n && (to_ns >= r->end_ns || r->member[r->heap[0]].is.id != r->turn.id)) {
    r->told = r->turn;
    r->told.end_ns = r->at_ns;
    r->turn.n = 0;
  }
}

static void finish(struct cr_rotation *r)
{
  r->step = IS_OVER;
  r->busy_ns += (double)(r->end_ns - r->start_ns);
  for (uint32_t i = 0; i < r->n; i++) {
    struct member *m = &r->member[i];
    set_next(m, m->n_end);
    r->sm_ns += (double)m->n * (double)m->is.each_ns * m->is.sm_ppm / 1e6;
  }
  heap_all(r, r->last);
}

int cr_rotation_advance(struct cr_rotation *r, cr_ns to_ns)
{
  assert(to_ns <= cr_rotation_next_ns(r));
  if (r->is_watched && r->step == RUNS)
    watch(r, to_ns);
  if (to_ns >= r->end_ns && r->step == RUNS)
    finish(r);
  return r->step == IS_OVER;
}

/* When member i first ran, if it never had before. */
static cr_ns first_ns(const struct cr_rotation *r, uint32_t i)
{
  work before = 0;
  if (!r->member[i].is.is_new || r->member[i].n == 0)
    return CR_NS_NEVER;
  for (uint32_t k = 0; k < r->n; k++)
    if (k != i)
      before += (work)n_before(r, k, (struct launch){i, 0}) * r->member[k].is.each_ns;
  return r->start_ns + (cr_ns)before;
}

int cr_rotation_take(struct cr_rotation *r, struct cr_rotation_back *out)
{
  uint32_t i = r->last;
  if (r->n_heap) {
    i = r->heap[0];
    r->heap[0] = r->heap[--r->n_heap];
    sink(r, 0);
  } else if (i == CR_NONE) {
    r->n = 0;
    r->step = GATHERS;
    r->is_stopped = 0;
    return 0;
  } else {
    r->last = CR_NONE;
  }
  const struct member *m = &r->member[i];
  *out = (struct cr_rotation_back){
    .id = m->is.id, .n_done = m->n, .used_ns = m->n * m->is.each_ns, .first_ns = first_ns(r, i)};
  return 1;
}

int cr_rotation_turn(struct cr_rotation *r, struct cr_rotation_turn *out)
{
  *out = r->told;
  r->told.n = 0;
  return out->n > 0;
}

void cr_rotation_use(struct cr_rotation *r, cr_ns now_ns, double *busy_ns, double *sm_ns)
{
  *busy_ns += r->busy_ns;
  *sm_ns += r->sm_ns;
  if (r->step != RUNS || now_ns >= r->end_ns)
    return;
  reach(r, now_ns - r->start_ns);
  *busy_ns += (double)(now_ns - r->start_ns);
  *sm_ns += (double)(now_ns - r->at_ns) * r->member[r->heap[0]].is.sm_ppm / 1e6;
  for (uint32_t i = 0; i < r->n; i++)
    *sm_ns += (double)r->member[i].n * (double)r->member[i].is.each_ns * r->member[i].is.sm_ppm / 1e6;
}
