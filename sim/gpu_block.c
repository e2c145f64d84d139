/* gpu_block.c - what one block of a kernel is expected to take, and how busy it keeps its SM: for those who may not see the device
 * model. */
#include "config.h"

#include "sim/gpu_int.h"

/* By the law of gpu_rate.c. */
static cr_ns block_ns(const struct shape *k, uint32_t n)
{
  return cr_gpu_round(k->flat_ns + (k->body_ns - k->flat_ns) * cr_gpu_slowdown(k, (double)k->load * n));
}

static int shape_of(const struct cr_device_desc *d, const struct cr_op_spec *op, struct shape *k)
{
  struct cr_gpu g = {.device = d};
  return op->kind == CR_OP_KERNEL && op->blocks > 0 && !d->is_uncalibrated &&
         cr_gpu_model_parse(d, NULL, &g.model, NULL) == CR_OK && cr_gpu_shape(&g, op, 0, k, NULL) == CR_OK;
}

double cr_gpu_warp_ipc(const struct cr_device_desc *d, const struct cr_op_spec *op)
{
  struct shape k;
  return shape_of(d, op, &k) ? (double)k.load / k.warps : 0;
}

void cr_gpu_block_times(const struct cr_device_desc *d, const struct cr_op_spec *op, cr_ns *out, uint32_t n)
{
  struct shape k;
  int can = shape_of(d, op, &k);
  for (uint32_t i = 0; i < n; i++)
    out[i] = can ? block_ns(&k, i + 1) : CR_NS_NEVER;
}
