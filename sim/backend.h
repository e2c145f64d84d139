/* backend.h - where launched work runs and time passes: the simulator, the wall clock, or a real GPU.
 *
 * The core hands checked actions to act(), which never blocks, and waits in wait(), which is where time passes: the
 * simulator jumps, the others sleep.  Threads of a backend stay inside it. */
#ifndef CR_BACKEND_H
#define CR_BACKEND_H
#include "sim/base.h"
#include "sim/live.h"
#include "sim/machine.h"
#include "sim/policy.h"
#include "sim/workload.h"

enum cr_event_kind {
  CR_EV_DONE, /* a launched range is finished */
  CR_EV_BACK, /* a preempted range is given back; op is the next one to run */
  CR_EV_TURNED, /* a job that took turns is given back: all of a rotation at one instant, in order */
};

/* Something that happened to a range the core launched. */
struct cr_event {
  cr_ns at_ns;       /* when it happened */
  cr_ns reach_ns;    /* when its stream reached the range: everything before it in the stream was finished */
  uint32_t kind;     /* enum cr_event_kind */
  uint32_t request;
  uint32_t op;       /* one past the last finished op, counted from the model's first */
  uint32_t how;      /* BACK: the enum cr_cap */
  uint32_t block;    /* blocks of op that are done */
  uint32_t handed;   /* BACK: past the last op that had reached the device queue, counted likewise; at least op */
  cr_ns lost_ns;     /* BACK: for so long an op had run that was killed, and will start over */
  cr_ns thought_ns;  /* BACK of a job: for so long its client has thought since its last iteration */
  cr_ns used_ns;     /* TURNED: time on the device; DONE of layers: their own time on the node */
};

enum cr_act_kind {
  CR_ACT_STREAM,
  CR_ACT_LAUNCH,
  CR_ACT_PREEMPT,
  CR_ACT_SHARE,
  CR_ACT_PAD,
  CR_ACT_TURN,
  CR_ACT_BEGIN
};

/* A checked action.  LAUNCH: ops op0 .. op0 + n_op of the workload's table.  STREAM: a new one, numbered in order,
 * with its process, share and queue; all come before anything is launched.  PAD: blocks of `request`, in its own `stream`, with
 * op pad.rt_op of request pad.rt, which is launched by a later action of the same instant.  TURN: as LAUNCH of the rest of a
 * job, but it takes turns with the others of its stream (cr_rotate in sim/policy.h), which begin with BEGIN; n_op less than the
 * rest: after so many iterations all come back, or at its turn, if 0. */
struct cr_act {
  uint32_t kind; /* enum cr_act_kind */
  uint32_t stream;
  uint32_t request, client, op0, n_op; /* op0 counts in the table of all ops */
  uint32_t device;
  int32_t priority;
  uint32_t how;
  uint32_t share_ppm; /* STREAM, SHARE: of the device's SMs */
  uint32_t process;   /* STREAM: the policy's number; CR_NONE: none */
  cr_ns slice_ns;     /* STREAM: its process's time slice; CR_NS_NEVER: the device's own */
  cr_ns think_ns;     /* LAUNCH of a job: between two iterations, op0 and n_op counting on through all of them */
  cr_ns ready_ns;     /* LAUNCH of a job: starts then or later */
  uint32_t actual_ppm; /* LAUNCH of layers: of the times recorded */
  uint32_t n_request;  /* LAUNCH: so many run together, of which `request` stands for all; 1: it alone */
  uint32_t row;        /* LAUNCH of layers: of their times (sim/batch.h), which holds for so many */
  uint32_t block0;    /* LAUNCH, PAD: blocks of op0 that are done */
  uint32_t n_block;   /* LAUNCH: so many of op0 alone, a slice; 0: none.  PAD: of op0 */
  uint32_t queue;     /* STREAM: ops that its device queue holds; 0: an ideal one, fed for nothing */
  uint32_t reclaim;   /* STREAM: enum cr_reclaim */
  struct cr_act_pad {
    uint32_t rt, rt_op; /* rt_op in the table of all ops */
    uint32_t rt_sms, sm_blocks;
  } pad;
  int64_t key;        /* TURN */
  uint32_t charge;    /* TURN: enum cr_charge */
};

/* One op's stay on the device, told as it ends. */
struct cr_op_span {
  cr_ns start_ns, end_ns;
  uint32_t device, stream, client, request, op; /* op in the table of all ops */
  uint32_t n; /* so many times in a row: of iterations, with what their client thought in between; of all others 1 */
  uint32_t n_left; /* blocks that are not done, since it was stopped or launched in parts */
  uint32_t n_request; /* of layers: so many ran together, of which `request` stands for all; of all others 0 or 1 */
};

/* Who is told of every op: the timeline, tests.  The functions may be NULL. */
struct cr_observer {
  void *ctx;
  void (*on_op)(void *ctx, const struct cr_op_span *span);
  void (*on_use)(void *ctx, uint32_t device, cr_ns at_ns, uint32_t sms_busy, uint32_t warps_resident); /* on change */
  /* What jobs really hold of a device for good, and all that is reserved for them; the core tells it, on change. */
  void (*on_memory)(void *ctx, uint32_t device, cr_ns at_ns, int64_t held_bytes, int64_t reserved_bytes);
};

/* What a device did since the run began. */
struct cr_use {
  uint64_t n_kernel, n_copy, n_memset;
  double sm_ns;      /* integral of SMs with at least one block; CR_UNKNOWN: nobody saw it */
  double warp_ns;    /* integral of resident warps; likewise */
  double busy_ns;    /* time with at least one op on the device */
  double copy_ns;    /* time with at least one copy running */
  double dram_bytes; /* CR_UNKNOWN when no op says */
};

struct cr_backend_cfg {
  const struct cr_workload *workload;
  const struct cr_machine *machine;
  const struct cr_observer *observer; /* or NULL */
  uint32_t stream_cap;                /* streams that may be made */
  int has_processes;                  /* streams will name processes, which take turns */
  uint32_t launch_cap;                /* ranges that may be queued or running at once */
  uint32_t needs;                     /* CR_CAP_* that the policy will use */
  const char *policy;                 /* its name, for sentences */
  uint64_t seed;
  const char *set;                    /* "k=v,..." of model.* switches; NULL: none */
};

struct cr_backend;

struct cr_backend_ops {
  const char *name;
  uint32_t caps; /* CR_CAP_* it can do */
  int (*open)(const struct cr_backend_cfg *cfg, struct cr_backend **out, struct cr_err *err);
  void (*close)(struct cr_backend *b);
  cr_ns (*now)(const struct cr_backend *b);
  /* Lets time pass until something happened or until_ns is reached; writes the events of one instant, at most cap, and
   * how many.  More at the same instant come with the next call.  It may return with none before until_ns, when it has been at
   * work for long and the caller may want to look around.  until_ns may be CR_NS_NEVER only if work is queued or
   * running; with nothing to wait for it returns at once with none and time stands still. */
  int (*wait)(struct cr_backend *b, cr_ns until_ns, struct cr_event *out, uint32_t cap, uint32_t *n, struct cr_err *err);
  int (*act)(struct cr_backend *b, const struct cr_act *act, struct cr_err *err);
  int is_live; /* in real time */
  void (*tell)(const struct cr_backend *b, struct cr_live *out); /* adds what it knows of its own doing; NULL: nothing */
  void (*use)(const struct cr_backend *b, uint32_t device, struct cr_use *out); /* up to now */
  /* NULL: it has no memory of its own.  Else the core tells it what jobs and lanes have of a device's, as that changes: the
   * holder, which is a job or, from n_client on, a lane, has so many bytes from now on. */
  int (*hold)(struct cr_backend *b, uint32_t device, uint32_t holder, int64_t bytes, struct cr_err *err);
};

extern const struct cr_backend_ops cr_backend_sim, cr_backend_wall, cr_backend_cuda;

#endif
