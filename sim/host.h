/* host.h - a policy at work: its state, what it sees, and the two steps in which it is served.
 *
 * What a policy sees follows from the notes alone: cr_host_tell applies a told note to the columns and calls the policy
 * back, cr_host_grant applies one of the notes it then asked for.  The core and the replay both work through these
 * two, so that a replayed policy meets the same columns without a backend or a workload's arrivals.
 *
 * A request is in one of three states: free (request_client is CR_NONE), owned by the policy, or in flight (launched
 * and not yet back: flight.stream names where).  Slots are given out lowest first, so that a light load stays in few
 * cache lines.
 *
 * Jobs and the memory they hold are kept here too (sim/host_job.c), since what is refused follows from them. */
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
  uint32_t number; /* among its client's requests, from 0.  Kept for the core */
  uint32_t
    end_op; /* of the launched range, counted from the model's first op; of pads, the op that the next one continues */
  /* Pads.  n_pad: of this request's launch to come; the last is at pad_op, leaves it pad_sms SMs, and all are on pad_device.  Of
   * one that runs as pads itself, pad_op is the op with which its last one runs. */
  uint32_t n_pad, pad_op, pad_sms, pad_device;
  uint32_t pad_of;    /* request in whose launch it runs as pads; CR_NONE */
  uint32_t end_block; /* of end_op, with all its pads so far */
  uint8_t is_cut;     /* a CUT note came for the note that follows */
  cr_ns ready_ns;     /* of a job: when its client will have thought, as told of the range; CR_NS_NEVER: not told */
  cr_ns ran_ns;       /* of layers: how long they ran, as told of the range; CR_NS_NEVER: not told */
  /* Requests that run together.  Those that joined have batch_of; when the leader is complete, they are in flight without a range of
   * their own (request_batch 0) until they are told of, each. */
  uint32_t row;                    /* of the times of its range's layers */
  uint32_t batch_of;               /* leader; CR_NONE */
  uint32_t batch_next, batch_last; /* next: that joined behind this one; last: of a leader; CR_NONE */
};

enum { CR_HOST_SM_BLOCKS = 32 }; /* expected times of a block are known up to so many on an SM */

/* Where a job is in its life. */
enum cr_job_step {
  CR_JOB_TO_COME,
  CR_JOB_SUBMITTED, /* its process is the policy's to start */
  CR_JOB_STARTING,
  CR_JOB_READY,    /* it asks for memory */
  CR_JOB_ADMITTED, /* it holds memory; its request is there, or comes at this instant */
  CR_JOB_LEFT,
};

/* What is in flight of a lane: iterations of one stream, one after the other. */
struct cr_lane_flight {
  uint32_t n, stream;
};

/* What is launched on a device, and of that a rotation. */
struct cr_device_turns {
  uint32_t n_held; /* ranges */
  uint32_t stream, charge;
  int is_rotation; /* all that is held takes turns on that stream */
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
  uint32_t *stream_queue, *stream_reclaim; /* queue: 0: an ideal one */
  uint32_t *stream_pad;                    /* whether a request runs as pads there */
  uint32_t *request_next_block, *request_handed_op;
  cr_ns
    *block_ns; /* [n_device][n_op][CR_HOST_SM_BLOCKS] what a block is expected to take; NULL: the policy does not pad */
  uint32_t *request_client, *request_next_op;
  cr_ns *request_arrive_ns, *request_deadline_ns;
  struct cr_flight *flight;         /* [request_cap] */
  uint64_t *free_slot, *free_group; /* a bit a free slot; a bit a word of free_slot that is not 0 */

  uint32_t *request_batch;
  cr_ns *request_ready_ns, *request_ran_ns;

  /* Jobs.  [n_client] where not said otherwise. */
  const uint32_t *client_n_op; /* ops of one of its requests: of a job, in all its passes */
  cr_ns *client_used_ns;
  uint8_t *job_step;                   /* enum cr_job_step */
  uint32_t *job_request;               /* CR_NONE: it has none */
  uint32_t *client_n_request;          /* told so far */
  struct cr_memory *memory;            /* NULL: nobody can ask for any */
  struct cr_lane_flight *lane_flight;  /* [CR_LANE_MAX], with memory */
  uint32_t n_job_kept, n_job_starting; /* kept: the policy has yet to start or admit them */

  struct cr_device_turns *device_turns; /* [n_device] */
  uint32_t gathering; /* stream + 1, of the rotation that the last note added to; 0: it added to none */

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

static inline int cr_host_is_job(const struct cr_host *h, uint32_t client)
{
  return h->view.client_iterations[client] > 0;
}

/* Ops of a request, in all passes of a job's. */
static inline uint32_t cr_host_n_op(const struct cr_host *h, uint32_t request)
{
  return h->client_n_op[h->request_client[request]];
}

/* What was recorded of n layers from op of the table on, launched together on a device, without what it takes to tell the next
 * node.  They can run there, by that row of their times (sim/batch.h). */
cr_ns cr_host_recorded_ns(const struct cr_host *h, uint32_t device, uint32_t op, uint32_t n, uint32_t row);

/* The same of the range that a request has in flight; CR_NS_NEVER: it is none of layers. */
cr_ns cr_host_flight_ns(const struct cr_host *h, uint32_t request);

/* Whether the policy says what becomes of jobs (sim/policy.h). */
static inline int cr_host_manages_jobs(const struct cr_host *h)
{
  return h->policy.ops->on_job_arrive != NULL;
}

/* Whether jobs take turns by themselves on the stream; and whether the note to be granted next (NULL: none) adds to the
 * rotation that the last one did, which otherwise is complete. */
int cr_host_rotates(const struct cr_host *h, uint32_t stream);
int cr_host_gathers(const struct cr_host *h, const struct cr_note *next);

/* For host.c and ask.c alone; in host_job.c. */
int cr_host_add_jobs(struct cr_host *h) CR_MUST; /* CR_OK or CR_ENOMEM */
void cr_host_tell_job(struct cr_host *h, const struct cr_note *told);
void cr_host_land_job(struct cr_host *h, const struct cr_note *told);
enum cr_refusal cr_host_check_job(const struct cr_host *h, const struct cr_note *asked);
enum cr_refusal cr_host_check_launch(const struct cr_host *h, uint32_t request, uint32_t n_op, uint32_t stream);
enum cr_refusal cr_host_grant_job(struct cr_host *h, const struct cr_note *asked);
void cr_host_launch_job(struct cr_host *h, uint32_t client, uint32_t stream);
void cr_host_grant_batch(struct cr_host *h, const struct cr_note *asked); /* in host_batch.c, as the next */
void cr_host_follow_leader(struct cr_host *h, uint32_t leader);           /* those that run with it are where it is */
void cr_host_part_batch(struct cr_host *h, uint32_t leader);              /* which is complete */
int cr_host_add_turns(struct cr_host *h) CR_MUST;                         /* in host_turns.c, as the next */
enum cr_refusal cr_host_check_alone(const struct cr_host *h, uint32_t stream);
enum cr_refusal cr_host_check_turn(const struct cr_host *h, const struct cr_note *asked);
void cr_host_grant_turn(struct cr_host *h, const struct cr_note *asked);
void cr_host_hold(struct cr_host *h, uint32_t stream);   /* a range more is launched on it */
void cr_host_let_go(struct cr_host *h, uint32_t stream); /* and has come back */
void cr_host_put_slot(struct cr_host *h, uint32_t slot);

static inline const struct cr_model_info *cr_host_model(const struct cr_host *h, uint32_t request)
{
  return &h->workload->model[h->view.client_model[h->request_client[request]]];
}

#endif
