/* cmd_spool.h - `corun import spool`, and what `corun collect` does when its program has ended. */
#ifndef CR_CMD_SPOOL_H
#define CR_CMD_SPOOL_H
#include <stdio.h>

#include "sim/base.h"
#include "traces/store.h"

struct cr_import_spool {
  const char *store; /* to write */
  const char *model, *prefix;
  int replace;
  const char *range;  /* NVTX */
  const char *window; /* FROM..TO as given, or NULL */
  struct cr_origin origin;
  const char *const *file; /* [n_file] spools, or folders of them */
  uint32_t n_file;
  FILE *out; /* what was made of them goes here; what is missing to stderr */
};

/* All of it in one transaction: nothing is written when it fails. */
int cr_cmd_import_spool(const struct cr_import_spool *a, struct cr_err *err) CR_MUST;

/* FROM..TO; NULL: everything. */
int cr_cmd_spool_window(const char *text, cr_ns *from_ns, cr_ns *to_ns, struct cr_err *err) CR_MUST;

#endif
