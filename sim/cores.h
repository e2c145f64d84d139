/* cores.h - the CPU cores that this program may run on, and threads kept on some of them. */
#ifndef CR_CORES_H
#define CR_CORES_H
#include "sim/base.h"

enum { CR_CORES_MAX = 1024 };

/* A set of cores, by the system's numbers, ascending. */
struct cr_cores {
  uint32_t n;
  uint16_t core[CR_CORES_MAX];
};

/* Those of the calling thread. */
int cr_cores_mine(struct cr_cores *out, struct cr_err *err) CR_MUST;

/* Keeps the calling thread, and threads that it makes from then on, on n of them. */
int cr_cores_keep(const uint16_t *core, uint32_t n, struct cr_err *err);

#endif
