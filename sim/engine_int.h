/* engine_int.h - insides of the engine, shared by engine*.c alone. */
#ifndef CR_ENGINE_INT_H
#define CR_ENGINE_INT_H
#include "sim/device_model.h"
#include "sim/device_queue.h"
#include "sim/engine.h"
#include "sim/feeder.h"
#include "sim/host_thread.h"
#include "sim/iterations.h"
#include "sim/mem.h"
#include "sim/rotation.h"
#include "sim/sleepers.h"
#include "sim/slices.h"

struct range {
  uint32_t request, client, stream;
  uint32_t op0, n_op, done; /* done: finished ops */
  uint32_t model_op0;
  uint32_t next;   /* in the stream, or in the free list */
  int eager;       /* a thread of the host launches it op by op */
  cr_ns launch_ns; /* when what act() handed over can start on an idle stream */
  cr_ns reach_ns;
  int is_job;          /* it has a struct passes */
  uint32_t actual_ppm; /* of layers: of their recorded times */
  cr_ns ran_ns;        /* of layers: their own time so far */
  uint32_t n_request;  /* that run together */
  uint32_t row;        /* of layers: of their times, which holds for so many */
  uint32_t block;      /* blocks of its next op that are done */
  uint32_t n_slice;    /* it is so many blocks of one op; 0: whole ops */
  uint32_t handed;     /* ops that had been in the device queue when it was to be given back */
  cr_ns lost_ns;       /* for so long its next op had run when it was killed */
  uint32_t pad;        /* the next of its pads, in order of its ops; CR_NONE: there are no more */
  uint32_t n_pad_on;   /* pads that run beside its present op */
  int op_waits;        /* its op has ended but for op_left blocks, and these pads have not */
  uint32_t op_left;
  int is_single; /* its ops are launched one by one, since it has pads or follows such a range */
  int merged;    /* its last op was launched with blocks of others */
};

/* Of a job's range: ops are those of one pass, and model_op0 lies before the model's first op by those of the passes
 * before (it wraps), so that a range's ops count on. */
struct passes {
  uint32_t left; /* after the present one */
  int is_cut;    /* parked: the rest is given back */
  cr_ns think_ns, ready_ns;
};

/* Blocks of another request that run in the launch of a range's op. */
struct pad {
  uint32_t rt; /* request */
  uint32_t rt_op, rt_sms, sm_blocks;
  uint32_t request, client, stream; /* whose blocks, and through which stream */
  uint32_t op, block, n_block;      /* block: of op, that are done before */
  uint32_t next;                    /* of the range's, of those that wait for its launch, or of the free ones */
};

/* A preemption that is under way.  A stream goes through these in order, and may leave some out. */
enum stop_step {
  STOP_NONE,
  STOP_PARKING,   /* ops that were handed over still run */
  STOP_FLAGGING,  /* the same, until blocks see the flag */
  STOP_KILLING,   /* only what runs goes on, until it is killed */
  STOP_DRAINING,  /* only what could not be stopped goes on */
  STOP_RETURNING, /* nothing is on the device; the host does not know yet */
};

struct stop {
  enum stop_step step;
  enum cr_cap how;
  uint32_t n_range;          /* that are taken back, from the stream's head on */
  uint32_t handed;           /* ops that may still start */
  cr_ns chain_ns, serial_ns; /* of all that gives up: how long the stream, and the device, are at it */
  cr_ns asked_ns, flag_ns, kill_ns, back_ns;
};

struct stream {
  uint32_t device, local; /* local: its number on the device */
  uint32_t head, tail;    /* ranges; CR_NONE: empty */
  cr_ns end_ns;           /* of its last op */
  int waits;              /* for the launch of its head's next op, by its program's thread or the feeder */
  int on;                 /* its head's next op is on the device, or a pad of its launch */
  int is_flagged;         /* the flag of a preemption is to be taken back before it starts an op */
  int unflags;            /* that was done before the op which it started last */
  uint32_t sms;           /* at most, of its device's */
  uint32_t pad;           /* the pad that it runs; CR_NONE: it runs none */
  uint32_t pad_rt; /* request in whose launches its request is to run; CR_NONE: there is none, and it may hold ranges */
  uint32_t n_pad;  /* pads of that which have not ended */
  uint32_t pad_beside; /* stream of the op beside which `pad` runs */
  cr_ns pad_reach_ns;  /* when the first of them began */
  enum cr_reclaim reclaim;
  struct cr_device_queue queue;
  struct stop stop;
};

struct device {
  const struct cr_device_desc *desc;
  struct cr_gpu_model constants;
  struct cr_device_model model;
  cr_ns launch_ns, launch_busy_ns; /* from the hand-over of work to an idle stream until it starts; of a device at work */
  uint32_t n_fed; /* streams with a device queue */
  struct cr_slices *slices;         /* the model, when processes take turns; else NULL */
  struct cr_iterations *iterations; /* instead of a model, when the workload's ops are iterations; else NULL */
  struct cr_rotation *rotation;     /* beside them: jobs that take turns, alone on the device */
  uint32_t rotation_stream;         /* of the engine, while there is a rotation */
  uint32_t n_stream;
  uint32_t *stream; /* [stream_cap] by local number */
  uint32_t n_process;
  uint32_t *process;        /* [stream_cap] the policy's number of each of the slices' processes */
  uint32_t sms_busy, warps; /* as last told to the observer */
  struct cr_feeder feeder;  /* of its streams with a device queue; serial_ns 0: each of them has a thread of its own */
  int unsettled;
  int due; /* of its model something is due at this instant */
  /* Preemptions asked for at one instant are one: their host queues are cleared one after the other, and what they kill is
   * killed by the same stops. */
  cr_ns evict_ns; /* until then the device is at work on ops that give up */
  struct reset {
    cr_ns at_ns;
    cr_ns clear_ns;
    uint32_t cap; /* the largest device queue of those that are killed */
  } reset;
};

struct cr_engine {
  struct cr_arena *arena;
  const struct cr_workload *workload;
  const struct cr_observer *observer;
  uint32_t n_device, n_stream, stream_cap, range_cap;
  struct device *device;
  struct stream *stream;
  struct range *range;
  uint32_t *op_index; /* [n_op] place of an op in its model */
  uint32_t free_range;
  struct cr_event *event; /* [range_cap] ring of what happened and was not taken yet */
  uint32_t event_at, n_event;
  uint32_t n_to_end;      /* ranges and pads: no more events than these will be told */
  struct cr_gpu_end *end; /* [stream_cap] scratch */
  struct cr_hosts *hosts; /* launch threads */
  struct passes *passes;  /* [range_cap] */
  struct cr_sleepers sleepers;
  int has_iterations;       /* all ops of the workload are iterations */
  uint32_t n_model;         /* devices that have a model: all, or with iterations none */
  cr_ns wake_ns;            /* of the first sleeper, or of iterations */
  struct cr_sleepers stops; /* streams whose preemption has its next step then */
  struct pad *pad;          /* [pad_cap] */
  uint32_t pad_cap, free_pad;
  uint32_t first_pad, last_pad;             /* that wait for the launch of their range */
  struct cr_iterations_end *iterations_end; /* [stream_cap] scratch */
};

static inline uint32_t cr_engine_stream_id(const struct cr_engine *e, const struct stream *s)
{
  return (uint32_t)(s - e->stream);
}

static inline cr_ns cr_engine_price(const struct device *d, enum cr_gpu_constant price)
{
  double us = d->constants.constant[price];
  return us >= 0 ? (cr_ns)(us * 1e3 + 0.5) : 0; /* unknown: refused where it is needed */
}

/* What was told last, which its teller knows more of. */
static inline struct cr_event *cr_engine_last_told(const struct cr_engine *e)
{
  return &e->event[(e->event_at + e->n_event - 1) % e->range_cap];
}

/* Whether the device's one thread launches the range's ops. */
static inline int cr_engine_is_fed(const struct cr_engine *e, const struct stream *s, const struct range *r)
{
  return (s->queue.cap || r->is_single) && e->device[s->device].feeder.serial_ns && !r->eager;
}

/* engine.c */
void cr_engine_leave_queue(struct cr_engine *e, struct stream *s, cr_ns now_ns); /* the op of the head has ended */
int cr_engine_reserve(
  struct cr_engine *e) CR_MUST; /* room for one range or pad more, and its event: CR_OK or CR_ENOMEM */
void cr_engine_tell(struct cr_engine *e, const struct range *r, enum cr_event_kind kind, enum cr_cap how, cr_ns at_ns);
/* The head range leaves its stream; the next one starts, unless the stream is being stopped. */
void cr_engine_leave(struct cr_engine *e, struct stream *s, enum cr_event_kind kind, enum cr_cap how, cr_ns now_ns);
void cr_engine_reach(struct cr_engine *e, struct stream *s, cr_ns now_ns); /* the head range's turn has come */
void cr_engine_find_wake(struct cr_engine *e);
void cr_engine_drop_range(struct cr_engine *e, uint32_t range, cr_ns now_ns); /* to the free list */
/* The head range's op is done, but for n_left of its blocks. */
void cr_engine_finish_op(struct cr_engine *e, struct stream *s, uint32_t n_left, cr_ns now_ns);
/* Blocks of its next op that a range launches. */
uint32_t cr_engine_blocks(const struct cr_engine *e, const struct range *r);
/* Told to the observer, unless it never began: of n_block blocks that were launched, all but end->n_left are done. */
void cr_engine_span(struct cr_engine *e, struct stream *s, uint32_t request, uint32_t client, uint32_t n_block,
                    const struct cr_gpu_end *end, cr_ns now_ns);

/* engine_iterations.c */
int cr_engine_open_iterations(struct cr_engine *e, const struct cr_backend_cfg *cfg, struct device *d,
                              struct cr_err *err) CR_MUST;
void cr_engine_find_iterations_wake(struct cr_engine *e); /* when a run of iterations, or a turn, begins or ends next */
/* Iterations of which only the time is known, all of the stream's head range at once. */
void cr_engine_begin_iterations(struct cr_engine *e, const struct stream *s, cr_ns now_ns);
int cr_engine_join_rotation(struct cr_engine *e, uint32_t range, const struct cr_act *act, struct cr_err *err) CR_MUST;
void cr_engine_advance_iterations(struct cr_engine *e, cr_ns to_ns);
void cr_engine_use_iterations(const struct device *d, cr_ns now_ns, struct cr_use *out);

/* engine_stop.c */
void cr_engine_stop(struct cr_engine *e, struct stream *s, enum cr_cap how, cr_ns now_ns);
void cr_engine_stops_due(struct cr_engine *e, cr_ns now_ns);
/* An op of a stream that is being stopped has ended. */
void cr_engine_stop_goes_on(struct cr_engine *e, struct stream *s, cr_ns now_ns);

/* engine_pad.c */
int cr_engine_add_pad(struct cr_engine *e, const struct cr_act *act, struct cr_err *err) CR_MUST;
void cr_engine_attach_pads(struct cr_engine *e, struct range *r);
/* By how much the range's next op starts later because it, or the one before, is launched with pads.  Once for each op. */
cr_ns cr_engine_merge_ns(const struct cr_engine *e, const struct device *d, struct range *r);
/* Starts the pads of the range's op, if it has any, and limits the op to its SMs. */
void cr_engine_start_pads(struct cr_engine *e, struct stream *s, struct range *r, cr_ns from_ns, cr_ns launched_ns);
void cr_engine_end_pad(struct cr_engine *e, struct stream *s, const struct cr_gpu_end *end, cr_ns now_ns);
void cr_engine_end_pads(struct cr_engine *e,
                        struct stream *s); /* of an op that is over: its stream is limited no more */
/* Beside an op that is stopped; how many of their blocks gave up. */
uint32_t cr_engine_stop_pads(struct cr_engine *e, struct stream *s, int kill, cr_ns now_ns);
int cr_engine_may_kill_pads(const struct cr_engine *e, const struct stream *s);
void cr_engine_return_pads(struct cr_engine *e, struct range *r, cr_ns now_ns); /* of a range that is given back */

#endif
