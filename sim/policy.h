/* policy.h - what a policy sees and may ask for.
 *
 * A policy is a constant table plus state that the core allocates for it: (state, events) -> actions.  It reads no clock,
 * allocates nothing, never blocks, and cannot see true durations, only what was recorded alone on the device.  The core
 * calls it back for each event; what it asks for during a callback is appended in order, checked and applied when the
 * callback returns.
 *
 * Ownership: on_request gives a request to the policy, cr_launch takes it away, on_done and on_back give it back unless it
 * is complete.  Launching what one does not own is refused, counted and logged, and ends a --strict run.
 *
 * Order at one instant: finished and returned work, then arrivals (of requests, jobs, and memory asked for), then timers,
 * then on_room for idle streams. */
#ifndef CR_POLICY_H
#define CR_POLICY_H
#include "sim/base.h"
#include "sim/option.h"
#include "sim/text.h"
#include "sim/workload.h"

#define CR_POLICY_ABI 5

/* What a backend can do to work it already holds, and what a policy may need of it. */
enum cr_cap {
  CR_CAP_PARK = 1 << 0,   /* stop feeding a stream; what was handed over, finishes */
  CR_CAP_EVICT = 1 << 1,  /* queued ops give up at their first instruction; running blocks finish */
  CR_CAP_KILL = 1 << 2,   /* running blocks are stopped; the op starts over (it must be idempotent) */
  CR_CAP_SWITCH = 1 << 3, /* running blocks are saved and go on later */
  CR_CAP_SHARE = 1 << 4,  /* limit a stream to a share of the SMs */
  CR_CAP_SLICE = 1 << 5,  /* launch part of an op's blocks */
  CR_CAP_PAD = 1 << 6,    /* merge blocks of another op into one launch */
  CR_CAP_MEM = 1 << 7,    /* reserve, load and evict device memory */
  CR_CAP_NODE = 1 << 8,   /* run stages on CPU nodes */
  CR_CAP_PRIORITY = 1 << 9, /* streams of different priority */
  CR_CAP_PROCESS = 1 << 10, /* streams of different processes, which take turns on the device */
  CR_CAP_QUEUE = 1 << 11,   /* a host queue that feeds a bounded device queue */
  CR_CAP_BATCH = 1 << 12,   /* run requests of one client together */
};
#define CR_N_CAP 13
extern const char *const cr_cap_name[CR_N_CAP]; /* "park", "evict", ... in bit order */

/* A GPU of SMs, or a node: CPU cores of one type, or a GPU and a core. */
enum cr_view_device { CR_VIEW_GPU, CR_VIEW_CPU_NODE, CR_VIEW_GPU_NODE };

/* Read only.  Columns are indexed by id, owned by the core, valid during the call. */
struct cr_view {
  cr_ns now_ns;
  uint32_t n_device, n_stream, n_client, n_model, n_op, request_cap;
  /* [n_stream] */
  const uint32_t *stream_device;
  const uint32_t *stream_held;    /* launched ranges that are queued or running */
  const int32_t *stream_priority; /* lower goes first */
  /* [n_client] */
  const uint32_t *client_model, *client_weight;
  const uint8_t *client_class; /* enum cr_class */
  const int32_t *client_priority;
  const cr_ns *client_deadline_ns; /* relative; CR_NS_NEVER: none */
  const cr_ns *client_period_ns;   /* the least time between two of its requests; CR_NS_NEVER: nobody says */
  const cr_ns *client_join_ns;     /* it is not there before; 0: it is from the beginning */
  const uint32_t *client_batch;    /* so many of its requests may run together; 1: each by itself */
  /* Where the layers of a client's requests run: stages client_stage0[c] .. client_stage0[c + 1] of the columns behind it, each
   * so many ops on one device.  None: nothing says.  client_stage0 is [n_client + 1] */
  const uint32_t *client_stage0, *stage_device, *stage_n_op;
  /* [n_client], of jobs: what they say (declared), and how long their iterations ran so far */
  const uint32_t *client_iterations;                               /* of its one request; 0: it is no job */
  const cr_ns *client_declared_ns, *client_used_ns;                /* declared: CR_NS_NEVER: it does not say */
  const int64_t *client_persistent_bytes, *client_ephemeral_bytes; /* CR_UNKNOWN: it does not say */
  /* [n_device] */
  const int64_t *device_mem_bytes;
  const uint32_t *device_sms, *device_sm_threads;
  const uint8_t *device_kind;   /* enum cr_view_device */
  const uint32_t *device_cores; /* of a node */
  /* of a node: to tell the next one; what real-time work loses at most to best-effort work there, and what of it for a copy */
  const cr_ns *device_notify_ns, *device_preempt_ns, *device_gpu_copy_ns;
  /* [n_model] */
  const uint32_t *model_op0, *model_n_op, *model_n_stage;
  /* [n_op]: what was recorded, never what will happen */
  const uint32_t *op_blocks, *op_threads, *op_stage; /* threads: of a block */
  const uint8_t *op_kind;
  const cr_ns *op_duration_ns;
  const uint8_t *op_idempotent; /* enum cr_answer: whether it may be run again from its start after a KILL */
  /* [request_cap], by slot */
  /* next_op counts from the model's first op; a job's request goes through all its iterations, so it counts on */
  const uint32_t *request_client, *request_next_op;
  const uint32_t *request_next_block; /* blocks of the next op that are done; 0 unless it was cut */
  const uint32_t *request_handed_op;  /* of one given back: past the last op that had been in the device queue by then */
  const cr_ns *request_arrive_ns, *request_deadline_ns;
  const cr_ns *request_ready_ns; /* its client thinks until then: launched before, it keeps its stream waiting */
  /* In on_done: how long the range of layers that has ended ran on its node by itself, without what it waited, was preempted
   * for, or took to tell the next node; CR_NS_NEVER: of other ops, and before */
  const cr_ns *request_ran_ns;
  const uint32_t *request_batch; /* so many run together, of which it stands for all; 1: by itself; 0: another one stands for it */
};

struct cr_policy;

/* Constant.  Every member but abi, name, about and one of on_request / on_room may be 0: then nothing is done. */
struct cr_policy_ops {
  uint32_t abi;                /* CR_POLICY_ABI */
  const char *name, *about;    /* [a-z0-9-]+ ; one line with the paper it comes from */
  uint32_t needs;              /* CR_CAP_*: a backend without them refuses the run */
  const struct cr_opt *options;
  size_t state_bytes, client_bytes, request_bytes; /* zeroed, kept and freed by the core */

  /* Once, before anything else; the only one that may fail.  Streams may be made here and in on_client. */
  int (*init)(struct cr_policy *p, struct cr_err *err);
  void (*on_client)(struct cr_policy *p, cr_client c);   /* each client once, in order, after init */

  /* Jobs.  A policy with on_job_arrive says with cr_start, cr_admit and cr_reject what becomes of them; under one without,
   * their processes start at once and take their memory as they come, and one that finds none left fails. */
  void (*on_job_arrive)(struct cr_policy *p, cr_client job); /* submitted */
  void (*on_job_ready)(struct cr_policy *p, cr_client job);  /* its process has started up and asks for memory */
  void (*on_job_leave)(struct cr_policy *p, cr_client job);  /* after its last on_done, or it failed: its memory is free */

  void (*on_request)(struct cr_policy *p, cr_request r); /* arrived: the policy owns it from here */
  /* A launched range is finished; the policy owns r again, unless complete: then r leaves when this returns. */
  void (*on_done)(struct cr_policy *p, cr_request r, int complete);
  /* Preempted by `how`; r is owned again and goes on at request_next_op. */
  void (*on_back)(struct cr_policy *p, cr_request r, enum cr_cap how);
  void (*on_timer)(struct cr_policy *p, uint64_t cookie);
  /* s holds nothing.  Called last at an instant for each idle stream, in order of id, and again as long as the policy
   * launches something; only at instants where something happened. */
  void (*on_room)(struct cr_policy *p, cr_stream s);
  void (*dump)(struct cr_policy *p, struct cr_text *out); /* what it waits for, when the run stalls */
  void (*fini)(struct cr_policy *p);
};

struct cr_asker; /* the core's side of the actions */

struct cr_policy {
  const struct cr_policy_ops *ops;
  const struct cr_view *view;
  const int64_t *opt;     /* [number of options], parsed, in the order of the table */
  void *state;            /* state_bytes */
  unsigned char *client_state, *request_state; /* client_bytes, request_bytes each, by id */
  struct cr_asker *asker;
};

static inline void *cr_client_state(const struct cr_policy *p, cr_client c)
{
  return p->client_state + c.i * p->ops->client_bytes;
}

static inline void *cr_request_state(const struct cr_policy *p, cr_request r)
{
  return p->request_state + r.i * p->ops->request_bytes;
}

static inline cr_client cr_request_client(const struct cr_policy *p, cr_request r)
{
  return (cr_client){p->view->request_client[r.i]};
}

/* A new stream of the device; the id is good at once.  Only in init and on_client; CR_NONE when refused. */
cr_stream cr_stream_new(struct cr_policy *p, cr_device d, int32_t priority);

/* Puts a stream into a process (a number of the policy's choice, below CR_PROCESS_MAX); those of different processes never
 * run together but take turns: time slicing, as processes share a GPU without MPS.  slice_ns: how long one may keep the
 * device while others wait, CR_NS_NEVER: the device's own; that of a process's first stream on a device holds.  Streams
 * never put anywhere are together in one more.  Only in init and on_client; needs CR_CAP_PROCESS. */
#define CR_PROCESS_MAX (UINT32_C(1) << 20)
void cr_process(struct cr_policy *p, cr_stream s, uint32_t process, cr_ns slice_ns);

/* Limits a stream to so many millionths of its device's SMs, rounded up to whole ones; CR_SHARE_ALL: no limit, as at
 * first.  Blocks on SMs stay where they are.  Needs CR_CAP_SHARE. */
#define CR_SHARE_ALL UINT32_C(1000000)
void cr_share(struct cr_policy *p, cr_stream s, uint32_t share_ppm);

/* Hands n_op ops of r from request_next_op on to a stream (CR_ALL: to the end).  on_done comes once, at their end.  Of a
 * job: whole iterations only.  Between them its client thinks, and the stream waits. */
void cr_launch(struct cr_policy *p, cr_request r, uint32_t n_op, cr_stream s);

/* r, of the same client as leader, runs together with it from the first op on: both are owned and have not begun.  From here on
 * the policy owns leader alone, which stands for all: what is launched, told by on_done or dropped of it is so of all, and
 * requests that join later come behind.  When it is complete, on_done(leader, 1) comes first, then on_done(r, 1) for each of the
 * others in the order in which they joined; each has its own latency.  At most view->client_batch of a client's requests run
 * together; times are known of some numbers of them, and fewer take as long as the next larger one.  Needs CR_CAP_BATCH. */
void cr_batch(struct cr_policy *p, cr_request leader, cr_request r);

/* r takes turns with the others that are given to the stream in the same breath, nothing else being asked for in between: one
 * iteration each, always of the one with the least key (from 0 to 2^62), which then grows by 1 or by the ns that the
 * iteration took, in the same way for all.  Of equal keys the one goes first that has waited longer, those given earlier
 * before the others.  So it goes on until the stream is parked, or the first of them has run all its iterations, or one has
 * run whose client thinks then, or the turn has come of one that would fail, as its lane is too small for it: it fails when
 * it is launched.  Then all come back with on_done, as their next turns would come, but last the one that ran last.
 * Only of jobs of which the time of an iteration is known, and nothing else; and nothing else may be launched on the device
 * meanwhile.  Parking does not count as a preemption: it only ends a turn. */
enum cr_charge { CR_CHARGE_ITERATION, CR_CHARGE_TIME, CR_N_CHARGE };
void cr_rotate(struct cr_policy *p, cr_request r, cr_stream s, int64_t key, enum cr_charge charge);

/* How a host queue gives back the kernels that are dropped from it. */
enum cr_reclaim {
  CR_RECLAIM_LATER, /* in the background: dropping any number takes the same time */
  CR_RECLAIM_NOW,   /* one by one, before the preemption goes on */
};

/* Puts a device queue of so many ops (the one that runs included) behind the stream, and a host queue without end before it,
 * from which the host feeds it op by op, each at the price of a launch.  A stream that never got one is fed for nothing, an
 * op as the one before it ends, as an ideal queue of one would be: graphs launched whole.  Only in init and on_client; needs
 * CR_CAP_QUEUE. */
#define CR_QUEUE_MAX UINT32_C(65536)
void cr_stream_queue(struct cr_policy *p, cr_stream s, uint32_t n, enum cr_reclaim reclaim);

/* Takes back what the stream holds; on_back comes for each range that was not finished, in their order, when the stream is
 * known to be idle.
 *   PARK   what is in the device queue is finished first
 *   EVICT  blocks that have not begun give up as they would, those on SMs are finished, so that ops may be cut midway
 *   KILL   the op that runs is stopped, unless it is known not to be idempotent: then it is finished; it will start over
 * What each step costs is the device's to say.  A job goes on at an iteration's start; under PARK the one that is under way
 * is finished first.  Pads that run through the stream are another request's launch: only preempting that one stops them. */
void cr_preempt(struct cr_policy *p, cr_stream s, enum cr_cap how);

/* The request, which the policy owns, goes on at an op before its next, or at its next op's first block: what was done since
 * is done again.  Refused where an op in between is known not to be idempotent. */
void cr_rewind(struct cr_policy *p, cr_request r, uint32_t op);

/* Hands only so many blocks of r's next op to a stream, from request_next_block on; all that are left, where they are fewer.
 * Needs CR_CAP_SLICE. */
void cr_slice(struct cr_policy *p, cr_request r, uint32_t n_block, cr_stream s);

/* Dynamic kernel padding (REEF, OSDI 2022, section 5).  When rt, which the policy owns and launches later in the same callback,
 * comes to its op rt_op, up to n_block blocks of be's next op, from its next block on, run in the same launch: rt's on at most
 * rt_sms SMs, be's on the others, at most sm_blocks an SM, through the stream of be's, which must hold nothing else.  The launch
 * ends when both have.  Several pads of one be follow each other, each with a later op of rt's and where the one before it ended,
 * and several be's may pad one op, leaving it as many SMs.  From the first pad on the policy no longer owns be: it is given back
 * by on_back(be, CR_CAP_PAD) when its last one has ended, or by on_done when that completes it.  Needs CR_CAP_PAD. */
struct cr_pad_spec {
  cr_request rt, be;
  uint32_t rt_op, rt_sms;      /* rt_op counts as request_next_op does */
  uint32_t n_block, sm_blocks; /* of be */
  cr_stream stream;
};
void cr_pad(struct cr_policy *p, const struct cr_pad_spec *pad);

/* The request is given up: it leaves without being finished and counts as dropped. */
void cr_drop(struct cr_policy *p, cr_request r);

/* What a policy has decided about a client.  It goes into the ledger and the results, with the reason and the client that is it,
 * or CR_NONE.  REFUSED: what the client has asked for is the policy's to drop, request by request; one that asks again as soon
 * as a request has left (a closed one) does not any more.  The others change nothing outside of the policy. */
enum cr_verdict {
  CR_VERDICT_ADMITTED,
  CR_VERDICT_REFUSED,
  CR_VERDICT_DEMOTED,   /* a real-time client is served as a best-effort one */
  CR_VERDICT_RESTORED,  /* and is real-time again */
  CR_VERDICT_LEFT,      /* and stays so */
  CR_VERDICT_UNBOUNDED, /* nothing is known any more of how long a best-effort client takes at the most */
  CR_N_VERDICT
};
enum cr_why {
  CR_WHY_NONE,
  CR_WHY_OVERRUN,  /* it ran longer than recorded */
  CR_WHY_PASSES,   /* all real-time clients meet their deadlines by the test */
  CR_WHY_COPIES,   /* a best-effort client's copies are no longer than its nodes allow for */
  CR_WHY_MISSES,   /* a client would miss its deadline by the test */
  CR_WHY_PERIOD,   /* the test cannot be made: a client's period is not known, */
  CR_WHY_DEADLINE, /* or it has no deadline, or one beyond its period, */
  CR_WHY_PATH,     /* or its stages do not follow the order of the nodes, */
  CR_WHY_SIZE,     /* or there are more clients, nodes or layers than it takes */
  CR_WHY_PLACE,    /* some layer of it can run on no node that is left for it */
  CR_WHY_COPY,     /* one of its copies is longer than a node allows for */
  CR_N_WHY
};
extern const char *const cr_verdict_name[CR_N_VERDICT]; /* "admitted", "refused", "demoted", ... */
extern const char *const cr_why_name[CR_N_WHY];         /* a word each, "overrun" */
void cr_verdict(struct cr_policy *p, cr_client c, enum cr_verdict verdict, enum cr_why why, cr_client about);

/* on_timer(cookie) at that time, or at this instant if it has passed. */
void cr_timer(struct cr_policy *p, cr_ns at_ns, uint64_t cookie);

/* The job's process starts up; on_job_ready comes when it has. */
void cr_start(struct cr_policy *p, cr_client job);

/* The job never runs: it could not be held by any device.  Only before cr_admit. */
void cr_reject(struct cr_policy *p, cr_client job);

/* A lane of a device's ephemeral memory, by a number of the policy's choice below CR_LANE_MAX: opens it, or makes it larger or
 * smaller, not below what a job in it says that it needs.  Needs CR_CAP_MEM, as do the next three.  Refused when memory does
 * not suffice: sum of what jobs hold + sum of lanes <= the device's. */
#define CR_LANE_MAX UINT32_C(1024)
void cr_lane_size(struct cr_policy *p, cr_device d, cr_lane l, int64_t bytes);
void cr_lane_close(struct cr_policy *p, cr_lane l); /* in which no job is */

/* A job that is ready gets a place in the lane, and so many bytes to hold until it leaves; its request comes (on_request)
 * at this instant.  It fails there if it really needs more than it holds, or in an iteration more than its lane has and
 * what it holds beyond its need together (so that a job that said nothing can hold a whole device, in a lane of 0 bytes). */
void cr_admit(struct cr_policy *p, cr_client job, cr_lane l, int64_t hold_bytes);

/* Into another lane of its device, between two launches. */
void cr_move(struct cr_policy *p, cr_client job, cr_lane l);

/* Blocks of an op of the table (0 .. n_op) that an SM of the device holds; of a launch that merges two, for the registers and
 * shared memory of the larger: with op the same twice, of the one.  0 for what is no kernel. */
uint32_t cr_op_sm_blocks(const struct cr_policy *p, cr_device d, uint32_t op, uint32_t merged_with);

/* What calibration expects a block of a kernel to take with n of them on its SM and nothing else. */
cr_ns cr_expect_block_ns(const struct cr_policy *p, cr_device d, uint32_t op, uint32_t n);

/* What calibration expects for the next n_op ops of r alone on the device; true durations cannot be reached from here. */
cr_ns cr_expect_ns(const struct cr_policy *p, cr_request r, uint32_t n_op);

/* The same on one device, for layers that are launched together on a node, with what it takes to tell the next node;
 * CR_NS_NEVER: one of them cannot run there.  Other ops run everywhere, as long as cr_expect_ns says. */
cr_ns cr_expect_stage_ns(const struct cr_policy *p, cr_device d, cr_request r, uint32_t n_op);

/* What was recorded of a layer of the table (0 .. n_op) on a device, of so many requests together, or of the next larger number that
 * is known; exec CR_NS_NEVER: they cannot run there, or it is no layer. */
struct cr_layer_time cr_expect_layer(const struct cr_policy *p, cr_device d, uint32_t op, uint32_t n_request);
/* The same if so many requests of r's client ran together; cr_expect_stage_ns says it of those that do. */
cr_ns cr_expect_batch_ns(const struct cr_policy *p, cr_device d, cr_request r, uint32_t n_op, uint32_t n_request);

#endif
