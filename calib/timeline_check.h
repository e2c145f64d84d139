/* timeline_check.h - a recorded co-run beside its simulation, kernel by kernel: where they part, and in which direction.
 *
 * The streams of the recording are matched with recorded models (calib/corun_match.h), the same co-run is simulated, and for
 * each op two times are compared that it has more than alone: its wait, from the end of the op before it to its start, and
 * its stretch, its duration.  Only ops count during which another stream was busy in the recording. */
#ifndef CR_TIMELINE_CHECK_H
#define CR_TIMELINE_CHECK_H
#include "calib/corun_match.h"
#include "sim/machine.h"
#include "sim/policy.h"
#include "sim/report.h"
#include "sim/text.h"

struct cr_check_cfg {
  const char *path;         /* Kineto Chrome trace */
  const char *const *store; /* [n_store] where recorded models are */
  uint32_t n_store;
  const char *const *model; /* [n_model] compare with these only; 0: all */
  uint32_t n_model;
  const struct cr_device_desc *device;
  const char *model_set; /* or NULL */
  const struct cr_policy_ops *streams;
  const volatile int *stop;
};

/* Means in ns over the replays in which the op was in company: beyond what it has alone. */
struct cr_check_op {
  uint32_t n; /* such replays; 0: the rest is 0 */
  double wait_ns[2], stretch_ns[2]; /* recorded, simulated */
};
enum { CR_CHECK_REAL, CR_CHECK_SIM };

struct cr_check_stream {
  struct cr_corun_stream corun;
  struct cr_check_op *op;     /* [corun.n_op] */
  double alone_ns;            /* first start to last end of a replay: alone, simulated; */
  double span_ns[2];          /* mean over the replays in the co-run */
  double n_request;           /* ops in company, in replays */
};

struct cr_check {
  struct cr_arena *arena;
  const char *path, *device;
  uint32_t n_stream, n_overlap;
  cr_ns overlap_ns;
  struct cr_check_stream *stream; /* [n_stream] */
};

int cr_check_run(const struct cr_check_cfg *cfg, struct cr_check **out, struct cr_err *err) CR_MUST;
void cr_check_free(struct cr_check *c);

struct cr_check_report_cfg {
  const char *command;
  const struct cr_device_desc *device;
  enum cr_format format;
  int color;
};
void cr_check_report(const struct cr_check_report_cfg *cfg, const struct cr_check *c, struct cr_text *out);

#endif
