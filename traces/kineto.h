/* kineto.h - reads PyTorch / Kineto Chrome traces (JSON or JSON.gz) into the store.
 *
 * Streaming (yajl over zlib): memory grows with the number of device ops recorded, not with the file.  Times are read
 * as text into integer ns.  Facts of the format: docs/formats.md. */
#ifndef CR_KINETO_H
#define CR_KINETO_H
#include "sim/base.h"
#include "traces/store.h"

struct cr_kineto_options {
  const char *model;  /* name in the store; NULL: from the file name, without .json, .gz, .graph */
  const char *prefix; /* put before the name; NULL: nothing */
  int replace;
  struct cr_origin origin; /* what the user says of host, driver, command; the importer fills the rest */
  const volatile int *stop; /* set from outside: give up with CR_EINTR; or NULL */
  void (*on_progress)(void *ctx, int64_t done_bytes, int64_t all_bytes); /* for each MiB of text read; or NULL */
  void *progress_ctx;
};

/* One file into one model: one clean iteration found among the recorded ones, per-op medians over all alike. */
int cr_kineto_import(struct cr_store *s, const char *path, const struct cr_kineto_options *opt,
                     struct cr_err *err) CR_MUST;

#endif
