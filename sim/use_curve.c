/* use_curve.c - how much of each device was in use over a run. */
#include "config.h"

#include "sim/use_curve.h"

#include "sim/mem.h"

enum { FIRST_GAP_NS = 1000 };

struct total {
  double busy_ns, sm_ns;
};

struct cr_use_curve {
  uint32_t n_device, n;
  cr_ns gap_ns; /* at least so far apart */
  cr_ns at_ns[CR_USE_CURVE_MOMENTS];
  struct total *total; /* [CR_USE_CURVE_MOMENTS][n_device] */
};

struct cr_use_curve *cr_use_curve_new(uint32_t n_device)
{
  struct cr_use_curve *c = cr_mem_new(1, sizeof *c);
  if (!c)
    return NULL;
  c->n_device = n_device;
  c->total = cr_mem_new((size_t)n_device * CR_USE_CURVE_MOMENTS, sizeof *c->total);
  if (!c->total) {
    cr_mem_free(c);
    return NULL;
  }
  cr_use_curve_begin(c);
  return c;
}

void cr_use_curve_free(struct cr_use_curve *c)
{
  if (c)
    cr_mem_free(c->total);
  cr_mem_free(c);
}

void cr_use_curve_begin(struct cr_use_curve *c)
{
  c->n = 0;
  c->gap_ns = FIRST_GAP_NS;
}

cr_ns cr_use_curve_due_ns(const struct cr_use_curve *c)
{
  return c->n ? cr_ns_add(c->at_ns[c->n - 1], c->gap_ns) : 0;
}

static struct total *totals(const struct cr_use_curve *c, uint32_t i)
{
  return &c->total[(size_t)i * c->n_device];
}

/* Those stay that are far enough from the one before: at most half of all. */
static void thin_out(struct cr_use_curve *c)
{
  uint32_t n = 1;
  c->gap_ns = 2 * ((c->at_ns[c->n - 1] - c->at_ns[0]) / CR_USE_CURVE_MOMENTS + 1);
  for (uint32_t i = 1; i < c->n; i++) {
    if (c->at_ns[i] - c->at_ns[n - 1] < c->gap_ns)
      continue;
    c->at_ns[n] = c->at_ns[i];
    for (uint32_t d = 0; d < c->n_device; d++)
      totals(c, n)[d] = totals(c, i)[d];
    n++;
  }
  c->n = n;
}

void cr_use_curve_add(struct cr_use_curve *c, cr_ns at_ns, const struct cr_use *use, uint32_t n_device)
{
  if (c->n == CR_USE_CURVE_MOMENTS)
    thin_out(c);
  if (c->n && c->at_ns[c->n - 1] == at_ns)
    c->n--;
  c->at_ns[c->n] = at_ns;
  for (uint32_t d = 0; d < c->n_device; d++)
    totals(c, c->n)[d] = d < n_device ? (struct total){use[d].busy_ns, use[d].sm_ns} : (struct total){0, 0};
  c->n++;
}

uint32_t cr_use_curve_n(const struct cr_use_curve *c)
{
  return c->n;
}

cr_ns cr_use_curve_at_ns(const struct cr_use_curve *c, uint32_t i)
{
  return c->at_ns[i];
}

void cr_use_curve_get(const struct cr_use_curve *c, uint32_t i, uint32_t device, double *busy_ns, double *sm_ns)
{
  *busy_ns = totals(c, i)[device].busy_ns;
  *sm_ns = totals(c, i)[device].sm_ns;
}
