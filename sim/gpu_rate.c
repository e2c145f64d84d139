/* gpu_rate.c - contention: how fast the blocks on the SMs progress beside each other.
 *
 * A block that sees load E on its SM takes (1 + f E) / (1 + f E0) times as long as in its kernel's first wave alone, where
 * it saw E0.  E counts load that started later only in part, since older warps win an SM's issue slots.  A kernel squeezed
 * onto few SMs slows itself; where it holds fewer blocks an SM than its first wave alone did, it is faster.  A cohort goes
 * by the mean over its blocks.  Rates change only when residents do. */
#include "config.h"

#include <math.h>

#include "sim/gpu_int.h"

/* What each cohort's blocks see: everything older, themselves, and part of the younger; summed. */
static void see(struct cr_gpu *g, float younger)
{
  for (uint32_t i = 0; i < g->sms.n_class; i++) {
    const struct sm_class *class = &g->sms.class[i];
    float older = 0;
    for (uint32_t r = 0; r < class->n_resident; r++) {
      uint32_t n = class->resident[r].n;
      struct cohort *c = &g->cohort[class->resident[r].cohort];
      older += (float)n * c->load;
      float seen = older + younger * (class->load - older);
      c->seen += seen * (float)(n * class->n_sm);
    }
  }
}

/* The same where younger load counts in full: then all blocks on an SM see all of its load. */
static void see_all(struct cr_gpu *g)
{
  struct cohort *cohort = g->cohort;
  for (uint32_t i = 0; i < g->sms.n_class; i++) {
    const struct sm_class *class = &g->sms.class[i];
    const struct resident *end = class->resident + class->n_resident;
    float load = class->load;
    int32_t n_sm = (int32_t)class->n_sm;
    for (const struct resident *r = class->resident; r < end; r++)
      cohort[r->cohort].seen += load * (float)(r->n * n_sm);
  }
}

void cr_gpu_progress(struct cohort *c, cr_ns now_ns)
{
  double dt = (double)(now_ns - c->since_ns);
  c->since_ns = now_ns;
  if (dt <= c->flat_ns) {
    c->flat_ns -= dt;
    return;
  }
  c->work_ns = c->work_ns - (dt - c->flat_ns) / c->slow;
  if (c->work_ns < 0) /* the end was rounded to ns */
    c->work_ns = 0;
  c->flat_ns = 0;
}

static void set_rate(struct cohort *c, double slow, cr_ns now_ns)
{
  cr_gpu_progress(c, now_ns);
  c->slow = slow;
  c->end_ns = now_ns + (cr_ns)llrint(c->flat_ns + c->work_ns * slow);
}

void cr_gpu_rates(struct cr_gpu *g)
{
  float younger = g->model.has[CR_GPU_HAS_AGE] ? (float)g->model.constant[CR_GPU_YOUNGER] : 1;
  if (younger < 1)
    see(g, younger);
  else
    see_all(g);
  for (uint32_t i = 0; i < g->n_live; i++) {
    struct cohort *c = &g->cohort[g->live[i]];
    float seen = c->seen;
    c->seen = 0;
    if (seen == c->seen_before && c->end_ns != CR_NS_NEVER)
      continue;
    c->seen_before = seen;
    set_rate(c, c->shape->slow_at_0 + c->shape->slow_per_load * (double)(seen / (float)c->n), g->now_ns);
  }
}
