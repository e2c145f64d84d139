/* timeline.h - a run as Chrome/Perfetto JSON: a process a GPU, a thread a stream, a slice a request with its
 * ops within, counters of busy SMs, of resident warps and of the memory of jobs.
 *
 * Streams to PATH.partial while the run goes on and renames at the end; opens in ui.perfetto.dev and chrome://tracing. */
#ifndef CR_TIMELINE_H
#define CR_TIMELINE_H
#include "sim/backend.h"
#include "sim/base.h"

struct cr_timeline_cfg {
  const struct cr_workload *workload;
  const struct cr_machine *machine;
  uint32_t n_device; /* at most, of any run's machine; 0: as many as that one has */
  cr_ns from_ns, to_ns; /* only what overlaps this window; 0 and CR_NS_NEVER: all */
  const char *provenance; /* one line for otherData: version, command, seed */
  int overwrite;
};

struct cr_timeline;
int cr_timeline_new(const char *path, const struct cr_timeline_cfg *cfg, struct cr_timeline **out, struct cr_err *err) CR_MUST;
/* One run (policy) begins; its devices become processes "policy / device". */
/* The run that begins next is on that machine, until another one is given. */
void cr_timeline_move(struct cr_timeline *t, const struct cr_machine *machine);
void cr_timeline_begin(struct cr_timeline *t, const char *policy, struct cr_observer *out);

/* How large it is so far.  A browser gives up somewhere from here on: */
#define CR_TIMELINE_LARGE_BYTES (INT64_C(300) << 20)
int64_t cr_timeline_bytes(const struct cr_timeline *t);

/* Iterations in the window of whose memory only the peaks are drawn, since all their steps would be too many; up to now. */
uint64_t cr_timeline_flat(const struct cr_timeline *t);

int cr_timeline_close(struct cr_timeline *t, struct cr_err *err) CR_MUST; /* completes the file and frees t */
void cr_timeline_abandon(struct cr_timeline *t);                         /* removes the partial file and frees t */

#endif
