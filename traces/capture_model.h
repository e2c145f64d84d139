/* capture_model.h - makes models of a capture: one clean iteration each, medians over all that are alike.
 *
 * What a program does on one device is one chain of ops, and one model, as long as its streams take turns. */
#ifndef CR_CAPTURE_MODEL_H
#define CR_CAPTURE_MODEL_H
#include "sim/text.h"
#include "traces/capture.h"
#include "traces/store.h"

/* Every host event (operator, or CUDA call) of the recording, in any order: start, thread. */
typedef void cr_capture_on_host(void *ctx, cr_ns start_ns, uint32_t process, int64_t tid, int is_call);

struct cr_capture_use {
  const char *model; /* name in the store */
  int replace;
  const struct cr_origin *origin; /* gpu, recorded: NULL, what the capture says is taken */
  const char *range;    /* iterations are the ranges of that name; a last * stands for any end.  NULL: they are found */
  int whole;            /* it is a whole program, with a warm-up and an end: traces/period.h finds iterations */
  const char *note;     /* lines for every model's report, or NULL */
  struct cr_text *said; /* gets a line for each model, and one for what was left out; or NULL */
  /* Goes through all host events again; they are many, so that a capture does not keep them.  Only for eager programs;
   * NULL: there are none, and launch times are as far as calls tell. */
  int (*each_host)(void *source, cr_capture_on_host *each, void *ctx, struct cr_err *err);
  void *source;
};

/* One model of all of it.  The ops of the capture are put in order.  Refused: ops of several devices, of streams that run
 * at the same time, and two at once in one stream. */
int cr_capture_add_model(struct cr_store *s, struct cr_capture *c, const struct cr_capture_use *use,
                         struct cr_err *err) CR_MUST;

/* A model for each process and device, and where streams of one run at the same time, for each stream.  Of several, the
 * names get endings: ".pid17", ".gpu1", ".stream7" as far as needed.  Streams without kernels are left out. */
int cr_capture_add_models(struct cr_store *s, struct cr_capture *c, const struct cr_capture_use *use, uint32_t *n_model,
                          struct cr_err *err) CR_MUST;

#endif
