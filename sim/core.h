/* core.h - the driver loop: arrivals, timers, ownership, checking and accounting between a policy and a backend. */
#ifndef CR_CORE_H
#define CR_CORE_H
#include "sim/backend.h"
#include "sim/ledger.h"
#include "sim/policy.h"
#include "sim/stats.h"
#include "sim/use_curve.h"

struct cr_core_cfg {
  const struct cr_workload *workload;
  const struct cr_machine *machine;
  const struct cr_policy_ops *policy;
  const char *policy_options; /* "order=fifo", may be NULL */
  const struct cr_backend_ops *backend;
  const char *model_set; /* switches of the device model, may be NULL */
  cr_ns duration_ns;     /* no arrivals from then on; closed clients stop too; what runs is cut off there */
  cr_ns warmup_ns;       /* requests that arrive before do not count in the results */
  uint64_t seed;
  int strict;                             /* a refused action ends the run */
  const struct cr_observer *observer;     /* or NULL */
  struct cr_use_curve *curve;             /* follows the use of devices; or NULL */
  const struct cr_ledger_sink *ledger;    /* or NULL: hashed only */
  const struct cr_request_sink *requests; /* or NULL */
  const volatile int *stop;               /* set from outside: end now and keep what there is; or NULL */
  void (*on_progress)(void *ctx, cr_ns now_ns, cr_ns duration_ns); /* about every 100 ms of real time; or NULL */
  void *progress_ctx;
};

/* Runs to the end and fills *out (cr_result_fini frees it), also when it returns CR_ERUN or CR_EINTR after the start:
 * then out->outcome says how far it came.  CR_EINPUT: it never began, and *out is untouched. */
int cr_core_run(const struct cr_core_cfg *cfg, struct cr_result *out, struct cr_err *err) CR_MUST;

#endif
