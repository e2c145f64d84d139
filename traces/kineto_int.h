/* kineto_int.h - between the two halves of the Kineto importer: what the reader keeps of a file.
 *
 * kineto_read.c streams the file and checks each event; kineto.c makes a model of what it kept. */
#ifndef CR_KINETO_INT_H
#define CR_KINETO_INT_H
#include "traces/capture.h"
#include "traces/capture_model.h"
#include "traces/kineto.h"

struct kineto_trace {
  struct cr_capture c; /* of one process; streams are of its devices, without contexts */
  int64_t schema;      /* schemaVersion; CR_UNKNOWN */
  int64_t driver;      /* cuda_driver_version, 13000 for 13.0; CR_UNKNOWN */
  uint64_t n_event;
};

/* Zero-initialise; t->c ends with cr_capture_fini in any case. */
int kineto_read(const char *path, const struct cr_kineto_options *opt, struct kineto_trace *out,
                struct cr_err *err) CR_MUST;

/* A second pass: every host event (operator, or CUDA call) of the file, not kept; start, thread. */
int kineto_each_host(const char *path, const struct cr_kineto_options *opt, cr_capture_on_host *each, void *ctx,
                     struct cr_err *err) CR_MUST;

#endif
