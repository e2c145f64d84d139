/* cmd_nsys.h - `corun import nsys`: exports of Nsight Systems into a trace store, and of their GPU a device description. */
#ifndef CR_CMD_NSYS_H
#define CR_CMD_NSYS_H
#include "traces/store.h"

struct cr_import_nsys {
  const char *store, *model, *prefix, *range, *device_file; /* the options, as given; all but the first may be NULL */
  int replace;
  struct cr_origin origin;
  const char *const *file; /* [n_file] */
  uint32_t n_file;
};

int cr_cmd_import_nsys(const struct cr_import_nsys *a, struct cr_err *err) CR_MUST;

#endif
