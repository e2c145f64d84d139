/* platform_file.h - reads platforms: cores, GPUs, what the run-time costs on them, and DNNs profiled on them.
 *
 * docs/planning.md lists the keys.  Every error names file, line and key. */
#ifndef CR_PLATFORM_FILE_H
#define CR_PLATFORM_FILE_H
#include "plan/platform.h"
#include "plan/task_set.h"
#include "sim/mem.h"

struct cr_platform_desc {
  struct cr_platform platform;
  uint32_t n_profile;
  const struct cr_layer_profile *profile; /* [n_profile] names differ */
};

/* A file, or the name of a bundled platform.  All in the arena. */
int cr_platform_load(const char *name, struct cr_arena *arena, struct cr_platform_desc *out,
                     struct cr_err *err) CR_MUST;

#endif
