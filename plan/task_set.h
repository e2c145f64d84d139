/* task_set.h - tasks of layers on a platform: what a planner places. */
#ifndef CR_TASK_SET_H
#define CR_TASK_SET_H
#include "plan/platform.h"
#include "sim/base.h"

/* The longest that a period can be, and all layers of a task on any one node, five hours. */
#define CR_TASK_LONGEST_NS (INT64_C(18000) * 1000000000)
enum { CR_TASK_MAX = 1024, CR_TASK_WEIGHT_MAX = 1000000, CR_TASK_BATCH_MAX = 100000 };

/* A layer on a GPU node. */
struct cr_gpu_layer {
  cr_ns hd_ns, exec_ns, misc_ns, dh_ns; /* copy to it, kernels, what the CPU core does, copy back */
};

/* A DNN as profiled on a platform: the longest time of each layer on each kind of node. */
struct cr_layer_profile {
  const char *name;
  const char *source; /* where the times come from; "" when not said */
  uint32_t n_layer;
  const char *const *layer_name; /* [n_layer] */
  const cr_ns *cpu_ns; /* [n_layer * platform n_core] by slot of cr_core_type; CR_NS_NEVER where there is none,
                                     which holds only for more cores than a node can have */
  const struct cr_gpu_layer *gpu; /* [n_layer * platform n_gpu_type] */
};

struct cr_plan_task {
  const char *name;
  int is_rt; /* else best effort */
  cr_ns period_ns;
  cr_ns deadline_ns; /* <= period; CR_NS_NEVER: best effort */
  int64_t weight;    /* of its response in what is minimised; 1.. */
  int64_t batch;     /* requests of a best-effort task that run together */
  const struct cr_layer_profile *profile;
};

struct cr_task_set {
  const char *name, *about;
  const struct cr_platform *platform;
  uint32_t n_task, n_rt;
  const struct cr_plan_task *task; /* [n_task], names differ */
};

#endif
