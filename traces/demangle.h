/* demangle.h - C++ names of kernels as people write them, by the C++ runtime of the machine, where there is one.
 *
 * Kineto and Nsight write names so, and a spool has them as the driver does: _Z6kernelPf. */
#ifndef CR_DEMANGLE_H
#define CR_DEMANGLE_H
#include "sim/base.h"

struct cr_demangler;

/* NULL: there is no C++ runtime here (libstdc++ or libc++abi), or no memory; names then stay as they are. */
struct cr_demangler *cr_demangler_new(void) CR_MUST;
void cr_demangler_free(struct cr_demangler *d); /* NULL is fine */

/* The name, or the given one when it is no mangled name.  Good until the next call; d may be NULL. */
const char *cr_demangle(struct cr_demangler *d, const char *name);

#endif
