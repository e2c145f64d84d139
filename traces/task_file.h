/* task_file.h - reads the tasks that `corun plan` places: a YAML file that names or holds their platform and models.
 *
 * docs/planning.md lists the keys.  Every error names file, line and key. */
#ifndef CR_TASK_FILE_H
#define CR_TASK_FILE_H
#include "plan/task_set.h"
#include "sim/mem.h"

/* A file, or the name of a bundled task set.  All in the arena.  A set that may well be infeasible is none that fails
 * here; one that cannot be meant is. */
int cr_task_file_load(const char *name, struct cr_arena *arena, struct cr_task_set *out, struct cr_err *err) CR_MUST;

#endif
