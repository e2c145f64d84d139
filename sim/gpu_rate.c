/* gpu_rate.c - contention: how fast the blocks on the SMs progress beside each other.
 *
 * A block that sees load E on its SM takes (1 + f E) / (1 + f E0) times as long as in its kernel's first wave alone, where
 * it saw E0.  E counts load that started later only in part, since older warps win an SM's issue slots.  A kernel squeezed
 * onto few SMs slows itself; where it holds fewer blocks an SM than its first wave alone did, it is faster.  A cohort goes
 * by the mean over its blocks.  Rates change only when residents do.
 *
 * A kernel with a table of block times goes by that: load E counts as E / load of its own blocks (sim/block_times.h). */
#include "config.h"

#include <math.h>

#include "sim/gpu_int.h"

/* So many pairs of a block of each see each other more (or fewer). */
static inline void see(struct cohort *older, struct cohort *younger, float pairs)
{
  older->younger += (double)pairs * younger->load;
  younger->older += (double)pairs * older->load;
}

void cr_gpu_meet_new(struct cr_gpu *g, uint32_t cohort, const float *met, float own)
{
  struct cohort *c = &g->cohort[cohort];
  float *kept = g->met + (size_t)cohort * COHORT_CAP;
  c->older = (double)own * c->load;
  for (uint32_t i = 0; g->live[i] != cohort; i++) {
    uint32_t older = g->live[i];
    kept[older] = met[older];
    see(&g->cohort[older], c, met[older]);
  }
}

void cr_gpu_meet_more(struct cr_gpu *g, uint32_t cohort, const float *met, float own)
{
  struct cohort *c = &g->cohort[cohort];
  uint32_t i = 0, other;
  c->older += (double)own * c->load;
  for (; (other = g->live[i]) != cohort; i++) {
    g->met[(size_t)cohort * COHORT_CAP + other] += met[other];
    see(&g->cohort[other], c, met[other]);
  }
  for (i++; i < g->n_live; i++) {
    other = g->live[i];
    g->met[(size_t)other * COHORT_CAP + cohort] += met[other];
    see(c, &g->cohort[other], met[other]);
  }
}

void cr_gpu_meet_last(struct cr_gpu *g, uint32_t at)
{
  uint32_t cohort = g->live[at];
  struct cohort *c = &g->cohort[cohort];
  float *met = g->met + (size_t)cohort * COHORT_CAP;
  for (; at + 1 < g->n_live; at++) {
    uint32_t other = g->live[at] = g->live[at + 1];
    float pairs = met[other] = g->met[(size_t)other * COHORT_CAP + cohort];
    see(c, &g->cohort[other], -pairs);
    see(&g->cohort[other], c, pairs);
  }
  g->live[at] = (uint16_t)cohort;
}

void cr_gpu_unmeet(struct cr_gpu *g, uint32_t cohort, uint32_t n_older, uint32_t younger)
{
  const float *met = g->met + (size_t)cohort * COHORT_CAP;
  double load = g->cohort[cohort].load;
  for (uint32_t i = 0; i < n_older; i++)
    g->cohort[g->live[i]].younger -= (double)met[g->live[i]] * load;
  for (uint32_t i = younger; i < g->n_live; i++)
    g->cohort[g->live[i]].older -= (double)g->met[(size_t)g->live[i] * COHORT_CAP + cohort] * load;
}

/* No branches here and below where the outcome cannot be foreseen: a wrong guess costs more than the few instructions. */
void cr_gpu_progress(struct cohort *c, cr_ns now_ns)
{
  double dt = (double)(now_ns - c->since_ns), flat = c->flat_ns < dt ? c->flat_ns : dt;
  double work = c->work_ns - (dt - flat) / c->slow;
  c->since_ns = now_ns;
  c->flat_ns -= flat;
  c->work_ns = work > 0 ? work : 0; /* the end was rounded to ns */
}

static void set_rate(struct cohort *c, double slow, cr_ns now_ns)
{
  cr_gpu_progress(c, now_ns);
  c->slow = slow;
  c->end_ns = now_ns + cr_gpu_round(c->flat_ns + c->work_ns * slow);
}

double cr_gpu_queue(double demand)
{
  return sqrt(1 + demand * demand);
}

double cr_gpu_throttle(const struct shape *k, double queue)
{
  return 1 + k->bound * (queue * k->own_queue - 1);
}

/* All blocks of the device share DRAM evenly.  `bound` of a kernel's time waits for it.  A kernel that has fewer blocks on the
 * device than alone asks for less: its blocks go faster. */
static double dram_queue(const struct cr_gpu *g)
{
  double demand = 0;
  for (uint32_t i = 0; i < g->n_live; i++) {
    const struct cohort *c = &g->cohort[g->live[i]];
    demand += c->draw * c->shape->dram;
  }
  return cr_gpu_queue(demand);
}

void cr_gpu_rates(struct cr_gpu *g)
{
  double younger = g->younger, queue = g->model.has[CR_GPU_HAS_BANDWIDTH] ? dram_queue(g) : 1;
  cr_ns next = CR_NS_NEVER;
  uint32_t due = 0, n_due = 0;
  for (uint32_t i = 0; i < g->n_live; i++) {
    struct cohort *c = &g->cohort[g->live[i]];
    double seen = c->older + younger * c->younger;
    double throttled = cr_gpu_throttle(c->shape, queue);
    if (seen != c->seen || throttled != c->throttled || c->end_ns == CR_NS_NEVER) {
      c->seen = seen;
      c->throttled = throttled;
      set_rate(c, cr_gpu_slowdown(c->shape, seen * c->per_block) * throttled, g->now_ns);
    }
    cr_ns end = c->end_ns;
    n_due = (end < next ? 0 : n_due) + (end <= next);
    due = end < next ? i : due;
    next = end < next ? end : next;
  }
  g->cohort_next_ns = next;
  g->due = due;
  g->n_due = n_due;
}
