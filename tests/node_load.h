/* node_load.h - nodes and models of layers for tests. */
#ifndef CR_TEST_NODE_LOAD_H
#define CR_TEST_NODE_LOAD_H
#include "sim/machine.h"
#include "sim/workload.h"

/* A node without any cost beside its layers: change what must differ. */
struct cr_device_desc node_cpu(const char *name, uint32_t n_core);
struct cr_device_desc node_gpu(const char *name);

/* A layer on a CPU node. */
static inline struct cr_layer_time node_time(cr_ns exec_ns)
{
  return (struct cr_layer_time){.exec_ns = exec_ns};
}

/* n_op layers, of which layer i takes time[i * n_device + d] on device d.  Fails the case when it cannot be added. */
cr_model node_model(struct cr_workload_builder *b, const char *name, uint32_t n_op, uint32_t n_device,
                    const struct cr_layer_time *time);

/* The same with times of batches: layer i takes time[(i * (1 + n_batch) + k) * n_device + d] for batch[k - 1] requests together,
 * k = 0: for one. */
cr_model node_batches(struct cr_workload_builder *b, const char *name, uint32_t n_op, uint32_t n_device,
                      uint32_t n_batch, const uint32_t *batch, const struct cr_layer_time *time);

/* n_stage layers of which each is a stage: layer k takes cost_ns[k] on node k, and is left out where that is 0.  The stages
 * are written to stage, [n_node]; how many there are to *n_stage. */
cr_model node_stages(struct cr_workload_builder *b, const char *name, uint32_t n_node, const cr_ns *cost_ns,
                     struct cr_stage_spec *stage, uint32_t *n_stage);

#endif
