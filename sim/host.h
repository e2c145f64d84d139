/* host.h - a policy at work: its state, what it sees, and the two steps in which it is served.
 *
 * What a policy sees follows from the notes alone: cr_host_tell applies a told note to the columns and calls the policy
 * back, cr_host_grant applies one of the notes it then asked for.  The core and the replay both work through these
 * two, so that a replayed policy meets the same columns without a backend or a workload's arrivals.
 *
 * A request is in one of three states: free (request_client is CR_NONE), owned by the policy, or in flight (launched
 * and not yet back: flight.stream names where).  Slots are given out lowest first, so that a light load stays in few
 * cache lines. */
#ifndef CR_HOST_H
#define CR_HOST_H
#include "sim/ask.h"
#include "sim/base.h"
#include "sim/ledger.h"
#include "sim/machine.h"
#include "sim/policy.h"
#include "sim/workload.h"

/* Of a request, what policies do not see. */
struct cr_flight {
  cr_ns reach_ns;  /* when a stream first reached it; CR_NS_NEVER: not yet.  Kept for the core */
  uint32_t stream; /* CR_NONE: the policy owns it */
  uint32_t end_op; /* of the launched range, counted from the model's first op */
};

struct cr_host {
  struct cr_policy policy;
  struct cr_view view;
  struct cr_asker asker;
  const struct cr_workload *workload;
  const struct cr_machine *machine;
  struct cr_arena *arena; /* columns of clients, models and ops; options */
  cr_ns *op_start_ns;     /* [n_op + 1]: sum of the durations before each op */
  int began;              /* init was called: fini is due */

  /* Columns of the view that change, under their names there. */
  uint32_t *stream_device, *stream_held;
  int32_t *stream_priority;
  uint32_t stream_cap;
  uint32_t *stream_process; /* [n_stream], not seen by policies; CR_NONE: none */
  cr_ns *stream_slice_ns;   /* of its process; CR_NS_NEVER: the device's own */
  uint32_t *stream_share_ppm;
  uint32_t *request_client, *request_next_op;
  cr_ns *request_arrive_ns, *request_deadline_ns;
  struct cr_flight *flight;         /* [request_cap] */
  uint64_t *free_slot, *free_group; /* a bit a free slot; a bit a word of free_slot that is not 0 */

  uint32_t n_live, n_flight; /* requests; of them in flight */
  uint64_t n_callback;
};

/* Builds the columns, parses the options and calls the policy's init; what it asked for is in asker.  Refuses a table
 * that cannot work, bad options, and what init refuses.  w and m are borrowed until cr_host_fini, which is due only
 * on CR_OK. */
int cr_host_init(struct cr_host *h, const struct cr_workload *w, const struct cr_machine *m,
                 const struct cr_policy_ops *ops, const char *options, struct cr_err *err) CR_MUST;
void cr_host_fini(struct cr_host *h);

/* A free slot for the REQUEST note to come; when all are taken, their number doubles.  CR_NONE: out of memory. */
uint32_t cr_host_slot(struct cr_host *h);

/* Makes room for slots up to this one; as cr_host_slot does when it grows. */
int cr_host_reserve(struct cr_host *h, uint32_t slot) CR_MUST;

/* Applies a note of the told kinds, which must be true, and calls the policy back.  What it asked for is in asker
 * until the next call; a request that is complete has left. */
void cr_host_tell(struct cr_host *h, const struct cr_note *told);

/* Checks a note the policy asked for, and applies it unless refused.  A granted stream may find no memory:
 * CR_ENOMEM. */
int cr_host_grant(struct cr_host *h, const struct cr_note *asked, enum cr_refusal *refusal) CR_MUST;

static inline const struct cr_model_info *cr_host_model(const struct cr_host *h, uint32_t request)
{
  return &h->workload->model[h->view.client_model[h->request_client[request]]];
}

#endif
