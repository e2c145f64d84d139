/* standin_int.h - the insides of stand-ins. */
#ifndef CR_STANDIN_INT_H
#define CR_STANDIN_INT_H
#include "sim/standin.h"
#include "sim/standin_fit.h"

struct cr_standins {
  const struct cr_workload *workload;
  struct cr_arena *arena;
  struct cr_standin_launcher launcher;
  struct cr_standin_bench bench;
  struct cr_standin_fitter fitter;
  uint32_t mark;              /* the shape of a mark */
  struct cr_standin_fit *fit; /* [n_op] */
  cr_cu_address scratch;      /* copies and memsets work on */
  void *host_scratch;
  size_t scratch_bytes;
  struct cr_standin_match match;
  enum cr_standin_traffic traffic;
  double sum_wanted_ns, sum_measured_ns, dram_bytes, dram_read, l2_bytes, l2_read;
};

/* Kernels of the model take longer among each other than in a row of their own kind: corrects their rounds. */
int cr_standin_model_fit(struct cr_standins *s, const struct cr_device_desc *d, const struct cr_model_info *m,
                         struct cr_err *err) CR_MUST;

#endif
