/* memory_curve.c - the ephemeral memory of one iteration, and how its steps are made fewer.
 *
 * Steps are joined greedily, cheapest first: a heap holds for each step what joining it to the next would add, in bytes
 * times ns.  A step whose neighbourhood changes is pushed again under a new stamp, and entries of older stamps are passed
 * over.  Ties leave the heap in order of push, so that the result depends on the steps alone. */
#include "config.h"

#include "sim/memory_curve.h"

#include "sim/heap.h"
#include "sim/mem.h"

const char *cr_memory_curve_make(const struct cr_memory_step *step, uint32_t n_step, cr_ns span_ns,
                                 struct cr_memory_curve *out)
{
  struct cr_memory_curve c = {.step = step, .n_step = n_step, .span_ns = span_ns};
  double area = 0; /* bytes times ns are more than 64 bits hold */
  if (n_step == 0)
    return "there are no steps";
  if (step[0].at_ns != 0)
    return "the first step must be at 0";
  if (span_ns == CR_NS_NEVER)
    return "the iteration has no end";
  for (uint32_t i = 0; i < n_step; i++) {
    cr_ns end_ns = i + 1 < n_step ? step[i + 1].at_ns : span_ns;
    if (end_ns <= step[i].at_ns)
      return "times must ascend, and the iteration must end behind its last step";
    if (step[i].bytes < 0)
      return "bytes must not be negative";
    area += (double)step[i].bytes * (double)(end_ns - step[i].at_ns);
    c.peak_bytes = step[i].bytes > c.peak_bytes ? step[i].bytes : c.peak_bytes;
  }
  c.mean_bytes = (int64_t)(area / (double)span_ns + 0.5);
  *out = c;
  return NULL;
}

struct joiner {
  struct cr_memory_step *step;
  uint32_t n, n_left;
  cr_ns span_ns;
  uint32_t *next, *last; /* [n] neighbours that are left; CR_NONE: none */
  uint32_t *stamp;       /* [n] of the step's valid entry */
  struct cr_heap heap;
};

static cr_ns end_of(const struct joiner *j, uint32_t i)
{
  return j->next[i] == CR_NONE ? j->span_ns : j->step[j->next[i]].at_ns;
}

/* What joining the step to the next would add, saturating; less than 0: nothing, or the step has no length, and it is to be
 * done in any case.  Those without length go first: into the step before, where that has as much, else into the one behind
 * them and no more. */
static int64_t cost_of(const struct joiner *j, uint32_t i)
{
  uint32_t k = j->next[i];
  int64_t a = j->step[i].bytes, b = j->step[k].bytes;
  cr_ns a_ns = j->step[k].at_ns - j->step[i].at_ns, b_ns = end_of(j, k) - j->step[k].at_ns;
  if (b_ns == 0 && a >= b)
    return -3;
  if (a_ns == 0)
    return -2;
  if (a == b)
    return -1;
  return a < b ? cr_muldiv(b - a, a_ns, 1) : cr_muldiv(a - b, b_ns, 1);
}

static int offer(struct joiner *j, uint32_t i)
{
  if (i == CR_NONE)
    return CR_OK;
  j->stamp[i]++;
  return j->next[i] == CR_NONE ? CR_OK : cr_heap_push(&j->heap, cost_of(j, i), 0, (uint64_t)j->stamp[i] << 32 | i);
}

static int join(struct joiner *j, uint32_t i)
{
  uint32_t k = j->next[i];
  if (j->step[k].bytes > j->step[i].bytes)
    j->step[i].bytes = j->step[k].bytes;
  j->next[i] = j->next[k];
  if (j->next[k] != CR_NONE)
    j->last[j->next[k]] = i;
  j->stamp[k] = 0; /* gone: no entry has this stamp */
  j->n_left--;
  int rc = offer(j, i);
  return rc ? rc : offer(j, j->last[i]);
}

static int join_all(struct joiner *j, uint32_t max)
{
  int rc = CR_OK;
  for (uint32_t i = 0; i < j->n; i++) {
    j->next[i] = i + 1 < j->n ? i + 1 : CR_NONE;
    j->last[i] = i ? i - 1 : CR_NONE;
  }
  for (uint32_t i = 0; !rc && i < j->n; i++)
    rc = offer(j, i);
  while (!rc && j->heap.n) {
    struct cr_entry e = cr_heap_pop(&j->heap);
    uint32_t i = (uint32_t)e.what;
    if (e.at_ns >= 0 && j->n_left <= max)
      break;
    if (j->stamp[i] == (uint32_t)(e.what >> 32))
      rc = join(j, i);
  }
  return rc;
}

int cr_memory_curve_join(struct cr_memory_step *step, uint32_t *n_step, cr_ns span_ns, uint32_t max, struct cr_err *err)
{
  struct joiner j = {.step = step, .n = *n_step, .n_left = *n_step, .span_ns = span_ns};
  int rc = *n_step ? CR_OK : cr_fail(err, CR_EINPUT, "there are no steps");
  if (rc)
    return rc;
  j.next = cr_mem_new(j.n, sizeof *j.next);
  j.last = cr_mem_new(j.n, sizeof *j.last);
  j.stamp = cr_mem_new(j.n, sizeof *j.stamp);
  if (!j.next || !j.last || !j.stamp || cr_heap_init(&j.heap, 2 * j.n) || join_all(&j, max))
    rc = cr_fail_nomem(err, "the steps of a memory curve");
  uint32_t n = 0;
  for (uint32_t i = 0; !rc && i != CR_NONE; i = j.next[i])
    step[n++] = step[i];
  if (!rc)
    *n_step = n;
  cr_mem_free(j.next);
  cr_mem_free(j.last);
  cr_mem_free(j.stamp);
  cr_heap_fini(&j.heap);
  return rc;
}
