/* fluid.h - the faster device model (--set model.fidelity=kernel): whole kernels as fluids that share one pool of SMs.
 *
 * Behind the calls of sim/device_model.h, with the constants and mechanisms of the wave model (sim/gpu.h) wherever they mean
 * the same; docs/model.md, "Two fidelities", says what is left out and what that costs. */
#ifndef CR_FLUID_H
#define CR_FLUID_H
#include "sim/device_model.h"

extern const struct cr_device_model_ops cr_device_kernel;

#endif
