/* provenance.h - where results come from: the program's version, the command, a hash of the workload.
 *
 * Every output file begins with it.  Nothing in it changes from one run of a command to the next. */
#ifndef CR_PROVENANCE_H
#define CR_PROVENANCE_H
#include "sim/base.h"
#include "sim/workload.h"

extern const char cr_program_version[]; /* "0.1.0" */
extern const char cr_program_git[];     /* git describe of the source; "unknown" in a tarball without */

/* FNV-1a over everything of a workload that can change a result: models, ops, clients, in order. */
uint64_t cr_workload_hash(const struct cr_workload *w);

#endif
