/* kernel_class.h - what a kernel does, guessed from its name: for people who read lists, not for the model. */
#ifndef CR_KERNEL_CLASS_H
#define CR_KERNEL_CLASS_H
#include "sim/workload.h"

enum cr_kernel_class {
  CR_KERNEL_CONVOLUTION,
  CR_KERNEL_MATMUL,
  CR_KERNEL_ATTENTION,
  CR_KERNEL_SOFTMAX,
  CR_KERNEL_NORM,
  CR_KERNEL_POOL,
  CR_KERNEL_REDUCE,
  CR_KERNEL_LAYOUT,
  CR_KERNEL_ELEMENTWISE,
  CR_KERNEL_OTHER,
  CR_KERNEL_COPY,
  CR_KERNEL_MEMSET,
  CR_KERNEL_HOST,
  CR_N_KERNEL_CLASS
};
extern const char *const cr_kernel_class_name[CR_N_KERNEL_CLASS]; /* "convolution", "matmul", ... */

enum cr_kernel_class cr_kernel_class_of(const struct cr_op_spec *op);

/* The name without return type, namespaces and parameters, at most n - 1 bytes: "softmax_warp_forward<float, 7>". */
void cr_kernel_short_name(const char *name, char *out, size_t n);

#endif
