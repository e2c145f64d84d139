/* capture_model.h - makes models of a capture: one clean iteration each, medians over all that are alike.
 *
 * What a program does on one device is one chain of ops, and one model, as long as its streams take turns. */
#ifndef CR_CAPTURE_MODEL_H
#define CR_CAPTURE_MODEL_H
#include "traces/capture.h"
#include "traces/store.h"

/* Every host event (operator, or CUDA call) of the recording, in any order: start, thread. */
typedef void cr_capture_on_host(void *ctx, cr_ns start_ns, uint32_t process, int64_t tid, int is_call);

struct cr_capture_use {
  const char *model; /* name in the store */
  int replace;
  const struct cr_origin *origin; /* recorded: NULL, the first op's wall time is taken */
  /* Goes through all host events again; they are many, so that a capture does not keep them.  Only for eager programs;
   * NULL: there are none, and launch times are as far as calls tell. */
  int (*each_host)(void *source, cr_capture_on_host *each, void *ctx, struct cr_err *err);
  void *source;
};

/* The ops of the capture are put in order.  Refused: ops of several devices, of streams that run at the same time, and
 * two at once in one stream. */
int cr_capture_add_model(struct cr_store *s, struct cr_capture *c, const struct cr_capture_use *use,
                         struct cr_err *err) CR_MUST;

#endif
