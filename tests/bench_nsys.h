/* bench_nsys.h - how long an export of Nsight Systems takes to import. */
#ifndef CR_BENCH_NSYS_H
#define CR_BENCH_NSYS_H
#include "sim/base.h"

/* Writes an export of an eager program (500 kernels, 2 copies and a memset an iteration) under folder, imports it into a new
 * store, and removes both.  import_s, cpu_s: the import alone, by the clock and of the CPU; mib: of the export. */
int bench_nsys_run(const char *folder, uint32_t n_iteration, double *import_s, double *cpu_s, double *mib,
                   uint32_t *n_model, struct cr_err *err) CR_MUST;

#endif
