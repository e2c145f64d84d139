/* standin_wanted.c - times alone, from what was recorded. */
#include "config.h"

#include "sim/standin_wanted.h"

int cr_standin_begins_model(const struct cr_workload *w, uint32_t op)
{
  for (uint32_t i = 0; i < w->n_model; i++)
    if (w->model[i].op0 == op)
      return 1;
  return 0;
}

double cr_standin_wanted_ns(const struct cr_workload *w, const struct cr_device_desc *d, uint32_t op)
{
  const struct cr_op_spec *o = &w->op[op];
  double gap_ns = (double)o->gap_ns;
  if (o->launch_ns != CR_NS_NEVER)
    gap_ns = 1e3 * d->constant[CR_GPU_GAP];
  else if (cr_standin_begins_model(w, op))
    gap_ns = 0;
  else if (o->gap_ns == CR_NS_NEVER)
    gap_ns = 1e3 * d->constant[CR_GPU_GAP];
  else if (o->kind == CR_OP_MEMSET || o[-1].kind == CR_OP_MEMSET)
    gap_ns *= d->constant[CR_GPU_MEMSET_GAP];
  else
    gap_ns -= 1e3 * d->constant[CR_GPU_PROFILER];
  return (double)o->duration_ns + gap_ns;
}
