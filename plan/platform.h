/* platform.h - CPU cores and GPUs that a pipeline of nodes is made of, and what the run-time costs on them.
 *
 * A node is some cores of one type, or one GPU and one core that launches for it. */
#ifndef CR_PLATFORM_H
#define CR_PLATFORM_H
#include "sim/base.h"

enum { CR_PLATFORM_CORE_MAX = 128, CR_PLATFORM_TYPE_MAX = 16 }; /* cores of all types; types of cores, and of GPUs */

struct cr_core_type {
  const char *name;
  uint32_t count;
  uint32_t first_slot; /* of the cores of all types, one after the other: m of this type are slot first_slot + m - 1 */
};

struct cr_gpu_type {
  const char *name;
  uint32_t count;
};

/* DART's eps: what a stage costs beside its layers. */
struct cr_stage_overhead {
  cr_ns notify_ns;      /* eps_s: tell the next node */
  cr_ns cpu_preempt_ns; /* eps_cp: best-effort threads off the cores */
  cr_ns gpu_preempt_ns; /* eps_gp: best-effort kernels off the GPU */
  cr_ns gpu_copy_ns;    /* eps_gm at least, for best-effort tasks to come: a copy of theirs under way */
};

struct cr_platform {
  const char *name, *about;
  uint32_t n_core_type, n_gpu_type;
  const struct cr_core_type *core; /* [n_core_type] */
  const struct cr_gpu_type *gpu;   /* [n_gpu_type] */
  uint32_t n_core, n_gpu;          /* of all types */
  struct cr_stage_overhead overhead;
};

#endif
