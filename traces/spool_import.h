/* spool_import.h - what `corun collect` recorded, a spool a process, into the store: a model each, or one a stream. */
#ifndef CR_SPOOL_IMPORT_H
#define CR_SPOOL_IMPORT_H
#include "sim/base.h"
#include "sim/text.h"
#include "traces/spool_capture.h"
#include "traces/store.h"

struct cr_spool_options {
  const char
    *model; /* name; NULL: that of the program (serve of `python3 serve.py`).  A second of that name gets ".2" */
  const char *prefix; /* put before names, or NULL */
  int replace;
  const char *range;       /* NVTX ranges that are iterations; NULL: what repeats is one */
  cr_ns from_ns, to_ns;    /* ops that began then, from each process's first on; to_ns CR_NS_NEVER: to the end */
  struct cr_origin origin; /* what the user says; the rest is in the spool */
  struct cr_spool_watch watch;
};

struct cr_spool_result {
  uint32_t n_process; /* of which models were made */
  uint32_t n_model;
  uint64_t n_record, n_kernel;
};

/* path: files, or folders of files NAME.spool.  said gets a line for each model, missing one for each thing that is missing or
 * was left out.  CR_EINPUT: no model could be made, and why. */
int cr_spool_import(struct cr_store *s, const char *const *path, uint32_t n_path, const struct cr_spool_options *opt,
                    struct cr_text *said, struct cr_text *missing, struct cr_spool_result *out,
                    struct cr_err *err) CR_MUST;

#endif
