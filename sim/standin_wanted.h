/* standin_wanted.h - how long a stand-in is to take alone. */
#ifndef CR_STANDIN_WANTED_H
#define CR_STANDIN_WANTED_H
#include "sim/machine.h"
#include "sim/workload.h"

int cr_standin_begins_model(const struct cr_workload *w, uint32_t op);

/* What the device model gives the recorded op alone, the gap before it included (sim/gpu_shape.c); of a model's first one
 * without it, since it is the graph's launch.  Of an op that a program launches by itself the recorded gap is the program's, and a
 * graph's stands in its place: it is measured in one, and takes its recorded time where it is launched by itself. */
double cr_standin_wanted_ns(const struct cr_workload *w, const struct cr_device_desc *d, uint32_t op);

#endif
