/* cuda_load.c - a small load for the pretended GPU. */
#include "config.h"

#include "tests/cuda_load.h"

#include <stdlib.h>

#include "policies/list.h"
#include "sim/mem.h"
#include "tests/t.h"
#include "traces/device_file.h"

struct cr_op_spec cuda_load_kernel(const char *name, uint32_t blocks, uint32_t threads, uint32_t regs,
                                   cr_ns duration_ns)
{
  struct cr_op_spec op = cr_op_unknown(name, CR_OP_KERNEL, duration_ns);
  op.blocks = blocks;
  op.threads = threads;
  op.regs = regs;
  op.smem_bytes = 0;
  return op;
}

cr_model cuda_load_model(struct cuda_load *l, const char *name, const struct cr_op_spec *op, uint32_t n_op)
{
  const struct cr_model_spec spec = cr_model_unknown(name, op, n_op);
  cr_model model = {0};
  struct cr_err err = {""};
  if (cr_workload_add_model(l->builder, &spec, &model, &err) != CR_OK)
    fail_msg("%s", err.text);
  return model;
}

static void add_clients(struct cuda_load *l, double rt_per_s, uint32_t be_depth)
{
  struct cr_op_spec rt[4] = {cuda_load_kernel("r0", 132, 128, 32, 20000), cuda_load_kernel("r1", 1, 64, 24, 30000),
                             cuda_load_kernel("clear", 0, 0, 0, 2000), cuda_load_kernel("r3", 300, 256, 64, 25000)};
  struct cr_op_spec be[8];
  rt[2].kind = CR_OP_MEMSET;
  rt[2].bytes = 4096;
  rt[3].dram_bytes = 5000000;
  for (uint32_t i = 0; i < 8; i++)
    be[i] = cuda_load_kernel("b", 264 * (1 + i % 4), 1024, 40, 20000 * (1 + i % 4));
  load_add(l->builder, load_uniform("rt", cuda_load_model(l, "small", rt, 4), CR_RT, rt_per_s));
  load_add(l->builder, load_closed("be", cuda_load_model(l, "large", be, 8), CR_BE, be_depth));
}

void cuda_load_fault(const char *fault)
{
  if (fault)
    setenv("STANDIN_CUDA", fault, 1);
  else
    unsetenv("STANDIN_CUDA");
}

void cuda_load_begin(struct cuda_load *l)
{
  struct cr_err err = {""};
  *l = (struct cuda_load){.arena = cr_arena_new(), .builder = cr_workload_builder_new()};
  assert_non_null(l->arena);
  assert_non_null(l->builder);
  if (cr_device_load("h200", NULL, 0, l->arena, &l->device, &err) != CR_OK)
    fail_msg("%s", err.text);
  l->machine = (struct cr_machine){.n_device = 1, .device = &l->device};
}

void cuda_load_seal(struct cuda_load *l, const char *fault)
{
  l->workload = load_seal(l->builder);
  setenv("CORUN_LIBCUDA", t_build("tests/standin_cuda.so"), 1);
  setenv("CORUN_STANDIN_CACHE", "", 1);
  cuda_load_fault(fault);
}

void cuda_load_init(struct cuda_load *l, double rt_per_s, uint32_t be_depth, const char *fault)
{
  cuda_load_begin(l);
  add_clients(l, rt_per_s, be_depth);
  cuda_load_seal(l, fault);
}

void cuda_load_fini(struct cuda_load *l)
{
  cr_workload_builder_free(l->builder);
  cr_arena_free(l->arena);
  cuda_load_fault(NULL);
}

struct cr_core_cfg cuda_load_cfg(const struct cuda_load *l, const char *policy)
{
  return (struct cr_core_cfg){
    .workload = l->workload,
    .machine = &l->machine,
    .policy = cr_policy_find(policy, strlen(policy)),
    .backend = &cr_backend_cuda,
    .duration_ns = 60000000,
    .seed = 1,
    .strict = 1,
  };
}
