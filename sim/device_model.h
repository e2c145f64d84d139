/* device_model.h - what the engine asks of a model of one device, whichever it is.
 *
 * Streams of one device have at most one op on it each, started by start(); the model says when something changes next
 * and which ops ended.  Five stand behind these calls: waves of blocks on single SMs (sim/gpu.h), a faster one that
 * follows whole kernels (sim/fluid.c), time slices, which keep one of the others for each process (sim/slices.h), nodes of which
 * the times of layers are known (sim/node_device.h), and GPU nodes that keep one of the first two (sim/gpu_node.h).
 *
 * `--set model.fidelity=wave|kernel` chooses between the first two; wave is the default. */
#ifndef CR_DEVICE_MODEL_H
#define CR_DEVICE_MODEL_H
#include "sim/gpu.h"

/* What a model is made for.  All is borrowed for its life. */
struct cr_device_model_cfg {
  const struct cr_device_desc *device;
  const struct cr_gpu_model *model;
  const struct cr_op_spec *op; /* [n_op], the workload's */
  const uint32_t *op_index;    /* [n_op], each one's place in its model */
  uint32_t n_op, n_stream;     /* streams that will be used, numbered 0.. */
  uint32_t number;             /* of the device */
};

/* A layer of a launched range. */
struct cr_layer_start {
  uint32_t op;
  int is_first, is_last; /* of its range */
  int is_final;          /* of its model: no other node is to be told */
  uint32_t actual_ppm;   /* it takes so much of its recorded time */
  cr_ns launched_ns;     /* the launch of its range takes effect then; may lie in the past */
  uint32_t row;          /* of its times (sim/batch.h) */
};

/* Calls mean what those of sim/gpu.h say; self is what make() gave. */
struct cr_device_model_ops {
  const char *name, *about; /* "wave" */
  int (*make)(const struct cr_device_model_cfg *cfg, void **self, struct cr_err *err);
  void (*free)(void *self); /* NULL is fine */
  void (*set_priority)(void *self, uint32_t stream, int32_t priority);
  /* Streams of one group (numbered by the caller, below n_stream) run on at most sms SMs at once, all together.  Holds for
   * blocks placed from then on. */
  void (*set_share)(void *self, uint32_t stream, uint32_t group, uint32_t sms);
  void (*start)(void *self, uint32_t stream, uint32_t op, cr_ns from_ns, cr_ns launched_ns);
  /* Those of sim/gpu.h that follow blocks; NULL: this model does not. */
  void (*start_part)(void *self, uint32_t stream, const struct cr_gpu_part *part, cr_ns from_ns, cr_ns launched_ns);
  /* Of a model that runs layers, instead of start. */
  void (*start_layer)(void *self, uint32_t stream, const struct cr_layer_start *layer);
  int (*stop)(void *self, uint32_t stream, int kill, struct cr_gpu_end *out);
  cr_ns (*next_ns)(const void *self);
  uint32_t (*advance)(void *self, cr_ns to_ns, struct cr_gpu_end *out, uint32_t cap);
  uint32_t (*run)(void *self, cr_ns to_ns, struct cr_gpu_end *out, uint32_t cap, cr_ns *now_ns); /* or NULL: it cannot */
  void (*settle)(void *self);
  void (*use)(const void *self, struct cr_use *out);
  void (*occupied)(const void *self, uint32_t *sms_busy, uint32_t *warps);
};

/* A model of a device: what the engine holds. */
struct cr_device_model {
  const struct cr_device_model_ops *ops;
  void *self;
};

extern const struct cr_device_model_ops cr_device_wave; /* sim/device_model.c, over sim/gpu.h */

/* By enum cr_fidelity. */
const struct cr_device_model_ops *cr_device_model_of(enum cr_fidelity fidelity);

#endif
