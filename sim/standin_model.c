/* standin_model.c - a model's stand-ins among each other. */
#include "config.h"

#include <math.h>

#include "sim/standin_int.h"
#include "sim/standin_wanted.h"

enum { CORRECTIONS = 3 }; /* of the rounds of all kernels */

static const double MODEL_OFF = 0.002; /* of a model's time alone, which is near enough */

/* Of an eager model kernels alone follow each other: copies and memsets are launched by themselves, and take what they take. */
static int is_in_row(const struct cr_standins *s, int is_eager, uint32_t op)
{
  return !is_eager || s->workload->op[op].kind == CR_OP_KERNEL;
}

/* A model of which the kernels first and last report. */
struct row {
  struct cr_standins *standins;
  const struct cr_model_info *model;
  uint32_t first, last;
  int is_eager;
};

static int put_model(const void *ctx, uint32_t slot, cr_cu_stream on)
{
  const struct row *r = ctx;
  int error = CR_CU_OK;
  for (uint32_t i = r->model->op0; !error && i < r->model->op0 + r->model->n_op; i++) {
    struct cr_standin_at at = {.slot = CR_NONE, .words = CR_NONE, .epoch = 1, .first = CR_NONE};
    if (i == r->first || i == r->last)
      at.slot = slot + (i == r->last);
    if (is_in_row(r->standins, r->is_eager, i))
      error = cr_standin_launch(r->standins, i, &at, on);
  }
  return error;
}

/* Kernels from the second to the last take so much less, all alike; what one is too short for, the next ones take. */
static void shorten(struct cr_standins *s, uint32_t first, uint32_t last, uint32_t n_kernel, double ns)
{
  double owed_ns = 0;
  for (uint32_t i = first + 1; i <= last; i++) {
    struct cr_standin_fit *fit = &s->fit[i];
    if (s->workload->op[i].kind != CR_OP_KERNEL)
      continue;
    owed_ns += ns / n_kernel;
    double n = fmin(rint(owed_ns / fit->slope_ns),
                    fit->rounds - fmin(cr_standin_least_rounds(&s->fitter.shape[fit->shape]), fit->rounds));
    fit->rounds = (uint32_t)lrint(fit->rounds - n);
    owed_ns -= n * fit->slope_ns;
  }
}

/* Kernels take longer among others than in a row of their own kind (NVIDIA H200: 0.1 to 0.4 us, and more the more code is
 * loaded), which is made good by all of them alike. */
int cr_standin_model_fit(struct cr_standins *s, const struct cr_device_desc *d, const struct cr_model_info *m,
                         struct cr_err *err)
{
  const struct cr_op_spec *op = s->workload->op;
  uint32_t first = CR_NONE, last = CR_NONE, n_kernel = 0;
  double wanted = 0, ns = 0;
  int is_eager = cr_model_is_eager(s->workload, (uint32_t)(m - s->workload->model));
  for (uint32_t i = m->op0; i < m->op0 + m->n_op; i++) {
    if (op[i].kind == CR_OP_KERNEL) {
      first = first == CR_NONE ? i : first;
      last = i;
    }
    n_kernel += op[i].kind == CR_OP_KERNEL && i != first;
  }
  if (n_kernel == 0)
    return CR_OK;
  for (uint32_t i = first + 1; i <= last; i++)
    if (is_in_row(s, is_eager, i))
      wanted += cr_standin_wanted_ns(s->workload, d, i);
  const struct row row = {s, m, first, last, is_eager};
  for (int i = 0;; i++) {
    int rc = cr_standin_bench_graph(&s->bench, put_model, &row, 1, "measuring a model's stand-ins", &ns, err);
    if (rc)
      return rc;
    if (i == CORRECTIONS || fabs(ns / wanted - 1) < MODEL_OFF)
      break;
    shorten(s, first, last, n_kernel, ns - wanted);
  }
  s->match.worst_model_off = fmax(s->match.worst_model_off, fabs(ns / wanted - 1));
  return CR_OK;
}
