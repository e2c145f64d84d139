/* nsys.h - reads SQLite exports of Nsight Systems (`nsys export --type sqlite`) into the store.
 *
 * Schemas 3.16 to 3.24; newer ones of 3 as long as they have the columns needed, with a note.  Facts of the format:
 * docs/formats.md. */
#ifndef CR_NSYS_H
#define CR_NSYS_H
#include "sim/base.h"
#include "sim/text.h"
#include "traces/store.h"

struct cr_nsys_options {
  const char *model;  /* name in the store; NULL: from the file name, without .sqlite */
  const char *prefix; /* put before the name; NULL: nothing */
  int replace;
  const char *range;        /* NVTX range that an iteration is; a last * stands for any end.  NULL: they are found */
  struct cr_origin origin;  /* what the user says; the importer fills the rest */
  struct cr_text *device;   /* gets a description of the GPU that was used, of its limits alone; or NULL */
  const char *device_name;  /* its name there */
  struct cr_text *said;     /* gets a line for each model and for each thing noticed; or NULL */
  const volatile int *stop; /* set from outside: give up with CR_EINTR; or NULL */
  void (*on_progress)(void *ctx, int64_t done_rows, int64_t all_rows); /* or NULL */
  void *progress_ctx;
};

/* One file, into a model for each process and device (traces/capture_model.h); *n_model of them.  Refused: exports without
 * kernels, of unknown schemas, with graphs traced as a whole; and a description of GPUs that differ, or of one of which
 * something is missing. */
int cr_nsys_import(struct cr_store *s, const char *path, const struct cr_nsys_options *opt, uint32_t *n_model,
                   struct cr_err *err) CR_MUST;

#endif
