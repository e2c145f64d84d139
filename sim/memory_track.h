/* memory_track.h - the memory in use of each device over time, for a timeline.
 *
 * Collects what jobs hold and reserve and which of their iterations ran when, and puts their curves (sim/memory_curve.h)
 * together when a run has ended.  Iterations of one launch are taken to have gone at one pace.  A model without a curve has
 * its ephemeral_bytes in use throughout an iteration. */
#ifndef CR_MEMORY_TRACK_H
#define CR_MEMORY_TRACK_H
#include "sim/backend.h"
#include "sim/base.h"

/* The most steps of a device that are drawn: a megabyte or so of a timeline; within a window that was asked for, some tens. */
#define CR_MEMORY_TRACK_STEPS (UINT64_C(1) << 15)
#define CR_MEMORY_TRACK_WINDOW_STEPS (UINT64_C(1) << 19)

struct cr_memory_track_cfg {
  const struct cr_workload *workload;
  const struct cr_machine *machine;
  cr_ns from_ns, to_ns; /* what is drawn; 0 and CR_NS_NEVER: all */
};

struct cr_memory_track;

/* What is in use of a device from at_ns on: ephemeral above what is held, and both within what is reserved. */
struct cr_memory_level {
  cr_ns at_ns;
  int64_t held_bytes, ephemeral_bytes, reserved_bytes;
};

int cr_memory_track_new(const struct cr_memory_track_cfg *cfg, struct cr_memory_track **out,
                        struct cr_err *err) CR_MUST;
void cr_memory_track_free(struct cr_memory_track *t);

/* As an observer is told. */
void cr_memory_track_books(struct cr_memory_track *t, uint32_t device, cr_ns at_ns, int64_t held_bytes,
                           int64_t reserved_bytes);
void cr_memory_track_op(struct cr_memory_track *t, const struct cr_op_span *span);

/* The steps within the present run's iterations of a device.  With more than the limit, time is cut into some thousand parts,
 * of each of which the peaks are drawn. */
uint64_t cr_memory_track_steps(const struct cr_memory_track *t, uint32_t device, uint64_t *n_iteration);
int cr_memory_track_is_cut(const struct cr_memory_track *t, uint32_t device);

/* A run has ended: tells the levels of a device in order of time, each at which something changed, and forgets them. */
int cr_memory_track_end(
  struct cr_memory_track *t, uint32_t device, void (*tell)(void *ctx, const struct cr_memory_level *),
  void *ctx) CR_MUST; /* CR_OK or CR_ENOMEM; the latter, too, when something could not be collected */

#endif
