/* node_load.c - nodes and models of layers for tests. */
#include "config.h"

#include "tests/node_load.h"

#include "sim/mem.h"
#include "tests/t.h"

struct cr_device_desc node_cpu(const char *name, uint32_t n_core)
{
  return (struct cr_device_desc){
    .name = name,
    .about = "CPU cores for tests",
    .sms = n_core,
    .priority_greatest = -1,
    .is_uncalibrated = 1,
    .kind = CR_DEVICE_CPU_NODE,
    .node = {.n_core = n_core, .core_type = "core"},
  };
}

struct cr_device_desc node_gpu(const char *name)
{
  struct cr_device_desc d = node_cpu(name, 1);
  d.about = "a GPU and a core for tests";
  d.kind = CR_DEVICE_GPU_NODE;
  return d;
}

static struct cr_op_spec layer(const struct cr_layer_time *time, uint32_t n_device)
{
  cr_ns least_ns = CR_NS_NEVER;
  for (uint32_t d = 0; d < n_device; d++)
    if (time[d].exec_ns != CR_NS_NEVER)
      least_ns = cr_min_ns(least_ns, time[d].hd_ns + time[d].exec_ns + time[d].misc_ns + time[d].dh_ns);
  struct cr_op_spec op = cr_op_unknown("layer", CR_OP_LAYER, least_ns);
  op.layer = time;
  op.n_layer = n_device;
  return op;
}

cr_model node_model(struct cr_workload_builder *b, const char *name, uint32_t n_op, uint32_t n_device,
                    const struct cr_layer_time *time)
{
  return node_batches(b, name, n_op, n_device, 0, NULL, time);
}

cr_model node_batches(struct cr_workload_builder *b, const char *name, uint32_t n_op, uint32_t n_device,
                      uint32_t n_batch, const uint32_t *batch, const struct cr_layer_time *time)
{
  struct cr_op_spec *op = cr_mem_new(n_op, sizeof *op);
  assert_non_null(op);
  for (uint32_t i = 0; i < n_op; i++)
    op[i] = layer(time + (size_t)i * (1 + n_batch) * n_device, n_device);
  struct cr_model_spec spec = cr_model_unknown(name, op, n_op);
  spec.batch = batch;
  spec.n_batch = n_batch;
  cr_model model = {0};
  struct cr_err err = {""};
  if (cr_workload_add_model(b, &spec, &model, &err) != CR_OK)
    fail_msg("%s", err.text);
  cr_mem_free(op);
  return model;
}

cr_model node_stages(struct cr_workload_builder *b, const char *name, uint32_t n_node, const cr_ns *cost_ns,
                     struct cr_stage_spec *stage, uint32_t *n_stage)
{
  struct cr_layer_time *time = cr_mem_new((size_t)n_node * n_node, sizeof *time);
  uint32_t n = 0;
  assert_non_null(time);
  for (uint32_t k = 0; k < n_node; k++) {
    if (!cost_ns[k])
      continue;
    for (uint32_t d = 0; d < n_node; d++)
      time[n * n_node + d] = node_time(d == k ? cost_ns[k] : CR_NS_NEVER);
    stage[n++] = (struct cr_stage_spec){.device = k, .n_op = 1};
  }
  cr_model model = node_model(b, name, n, n_node, time);
  cr_mem_free(time);
  *n_stage = n;
  return model;
}
