/* cuda_load.h - a small load for the pretended GPU of tests/standin-cuda/, and runs of it on backend cuda. */
#ifndef CR_TEST_CUDA_LOAD_H
#define CR_TEST_CUDA_LOAD_H
#include "sim/core.h"
#include "sim/mem.h"
#include "tests/load.h"

struct cuda_load {
  struct cr_arena *arena;
  struct cr_device_desc device;
  struct cr_machine machine;
  struct cr_workload_builder *builder;
  const struct cr_workload *workload;
};

/* Clients "rt" (three kernels, of which the last has counters, and a memset, every millisecond unless rt_per_s says otherwise) and "be" (closed, so many requests in
 * flight; eight kernels of one to four waves).  CORUN_LIBCUDA and the fault are set for all that follows, and stand-ins are not kept; fault NULL: none. */
void cuda_load_init(struct cuda_load *l, double rt_per_s, uint32_t be_depth, const char *fault);

/* The same with clients of one's own, between these two. */
void cuda_load_begin(struct cuda_load *l);
void cuda_load_seal(struct cuda_load *l, const char *fault);
struct cr_op_spec cuda_load_kernel(const char *name, uint32_t blocks, uint32_t threads, uint32_t regs,
                                   cr_ns duration_ns); /* from a graph, of which no more is known */
cr_model cuda_load_model(struct cuda_load *l, const char *name, const struct cr_op_spec *op, uint32_t n_op);

void cuda_load_fini(struct cuda_load *l);
void cuda_load_fault(const char *fault);

/* A strict run of 60 ms on backend cuda under the policy of that name. */
struct cr_core_cfg cuda_load_cfg(const struct cuda_load *l, const char *policy);

#endif
