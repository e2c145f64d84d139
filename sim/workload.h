/* workload.h - what is to be run: models (chains of recorded ops) and the clients that request them.
 *
 * A workload is built once (by traces/scenario.c, or by hand in tests), sealed, and then only read: by the core, by the
 * backends and, through the columns of sim/policy.h, by policies.  Ops of all models lie one after the other, so that a
 * cr_op is an index and a model is a range. */
#ifndef CR_WORKLOAD_H
#define CR_WORKLOAD_H
#include "sim/base.h"

struct cr_memory_curve;

enum cr_op_kind {
  CR_OP_KERNEL,
  CR_OP_COPY_H2D,
  CR_OP_COPY_D2H,
  CR_OP_COPY_D2D,
  CR_OP_MEMSET,
  CR_OP_HOST, /* CPU work: nothing on the device */
  CR_OP_ITERATION, /* a whole training iteration of which only the time, and perhaps what it demands, is known */
  CR_OP_LAYER, /* a layer of which only the time on each node is known */
  CR_N_OP_KIND
};
extern const char *const cr_op_kind_name[CR_N_OP_KIND]; /* "kernel", "h2d", "d2h", "d2d", "memset", "host", "iteration",
                                                         "layer" */

/* Of what may not have been recorded. */
enum cr_answer { CR_UNSAID, CR_NO, CR_YES };

/* A layer alone on a device.  On a GPU node the first layer of a range pays hd and the last one dh; on a CPU node there is
 * exec alone. */
struct cr_layer_time {
  cr_ns hd_ns, exec_ns, misc_ns, dh_ns; /* copy in, kernels, work on the core beside, copy out; >= 0.  exec CR_NS_NEVER: it
                                           cannot run there */
  uint32_t op0, n_op; /* on a GPU node whose GPU is followed: what it launches, ops of a model that was added before, in the
                         table of all; exec_ns is what these take alone.  n_op 0: that was not recorded */
};

/* The longest part of a layer: an hour. */
#define CR_LAYER_MAX_NS (INT64_C(3600) * 1000000000)

/* One op as recorded, alone on its device.  What was not recorded is CR_UNKNOWN (or CR_NS_NEVER for times). */
struct cr_op_spec {
  const char *name; /* kernel name; never NULL */
  enum cr_op_kind kind;
  uint32_t stage;    /* of its model, 0.. */
  cr_ns duration_ns; /* > 0: median over the recorded iterations */
  cr_ns spread_ns;   /* median absolute deviation over them; CR_NS_NEVER: one iteration only */
  cr_ns gap_ns;     /* recorded idle time of the stream before it; CR_NS_NEVER: not known (first op of a lone replay) */
  cr_ns launch_ns;  /* CPU time between the previous launch call and this one (eager); CR_NS_NEVER: from a graph */
  uint32_t calls;   /* CUDA calls made in launch_ns, each slowed by the recording profiler; 0: not known, counts as one */
  enum cr_answer pageable; /* of a copy between host and device: the host's memory is pageable, not pinned */
  uint32_t blocks;  /* grid, all dimensions multiplied; 0 where there is no launch shape (copies, host ops) */
  uint32_t threads; /* a block */
  uint32_t regs;    /* a thread */
  uint32_t cluster_blocks; /* of a kernel: blocks of one of the clusters it was launched in, all dimensions multiplied; 1:
                              it was launched in none; 0: not recorded.  They fill its grid */
  int64_t smem_bytes;           /* a block, static and dynamic */
  int64_t carveout_bytes;       /* of an SM, in force while it ran */
  int64_t bytes;                /* moved by a copy or memset */
  int64_t dram_bytes, l2_bytes; /* traffic of a kernel, from counters */
  int64_t instructions;         /* issued by all its warps, from counters */
  int64_t tensor_instructions;  /* of these, on the tensor pipe */
  int64_t active_warps_q16;     /* resident warps an SM while active, mean, 16 fraction bits */
  /* Of a kernel: how long one block takes with 1, 2, .. blocks of its kind on its SM and nothing else, and how many there
   * can be; [n_block_ns], copied.  Not recorded: 0. */
  const cr_ns *block_ns;
  uint32_t n_block_ns;
  uint32_t sm_blocks;        /* of a kernel: blocks that an SM holds at most, as recorded; 0: what the device's limits say */
  enum cr_answer idempotent; /* of a kernel: stopped midway, it may be run again from its start */
  int64_t sm_ppm, dram_ppm; /* of an iteration: millionths of the SMs and of the DRAM bandwidth that it keeps busy while it
                               runs alone; not known: all of the SMs */
  /* Of a layer: [1 + its model's n_batch][n_layer], by device; copied.  The first row is of one request, the others of as many
   * together as the model's batch says. */
  const struct cr_layer_time *layer;
  uint32_t n_layer; /* devices; of all others 0 */
};

/* An op of stage 0 of which nothing else is known: what is, is set after. */
struct cr_op_spec cr_op_unknown(const char *name, enum cr_op_kind kind, cr_ns duration_ns);

struct cr_model_spec {
  const char *name;
  const struct cr_op_spec *op;                                              /* [n_op]; copied, names too */
  uint32_t n_op;                                                            /* >= 1 */
  int64_t weight_bytes, persistent_bytes, ephemeral_bytes, framework_bytes; /* or CR_UNKNOWN */
  const uint32_t *batch; /* of layers: [n_batch] numbers of requests, above 1 and ascending, of which times are known when they
                            run together; copied */
  uint32_t n_batch;
};

/* Of whose memory nothing is known. */
struct cr_model_spec cr_model_unknown(const char *name, const struct cr_op_spec *op, uint32_t n_op);

enum cr_class { CR_RT, CR_BE };

enum cr_arrival_kind {
  CR_ARRIVE_CLOSED,  /* depth requests in flight at all times */
  CR_ARRIVE_UNIFORM, /* every 1/rate s from phase_ns on */
  CR_ARRIVE_POISSON, /* exponential gaps of mean 1/rate, from phase_ns on */
  CR_ARRIVE_TRACE,   /* at the given times */
  CR_ARRIVE_AT,      /* once, at phase_ns: a job */
  CR_ARRIVE_AFTER,   /* the n-th when each of other clients has finished n */
  CR_N_ARRIVAL
};
extern const char *const cr_arrival_name[CR_N_ARRIVAL]; /* "closed", "uniform", "poisson", "trace", "at", "after" */

/* What becomes of an arrival while its client still has a request that is not finished. */
enum cr_late {
  CR_LATE_QUEUE, /* it is a request at once, and waits as the policy has it */
  CR_LATE_WAIT,  /* it waits outside and is a request, from then on, when the one before it has left */
  CR_LATE_DROP,  /* likewise, but of those that wait the newest alone; the older ones are dropped */
  CR_N_LATE
};
extern const char *const cr_late_name[CR_N_LATE]; /* "queue", "wait", "drop" */

/* The most requests a second that a client may ask for: one a microsecond. */
#define CR_RATE_MAX_PER_S 1e6
#define CR_PERIOD_MAX_NS (INT64_C(366) * 86400 * 1000000000)

struct cr_arrival_spec {
  enum cr_arrival_kind kind;
  uint32_t depth;     /* closed: >= 1 */
  double rate_per_s;  /* uniform, poisson: > 0, <= CR_RATE_MAX_PER_S */
  cr_ns period_ns;    /* uniform: the time between two, to the nanosecond, in place of the rate; 0: 1 / rate_per_s */
  cr_ns phase_ns;     /* all but trace: >= 0, time of the first (poisson: start of the first gap) */
  const cr_ns *at_ns; /* trace: [n_at], ascending, >= 0; copied */
  uint32_t n_at;
  const char *const *after; /* after: [n_after] names of clients, which may be added later; copied */
  uint32_t n_after;
  const uint32_t *after_client; /* [n_after] their numbers, once sealed */
  enum cr_late late;            /* of all but closed and at */
};

/* A client with an end: it is submitted at its arrival's phase_ns (CR_ARRIVE_AT), its process starts up, asks for memory,
 * and makes one request of so many passes of its model; then it leaves.  All zero but for the unknown: no job. */
struct cr_job_spec {
  uint32_t iterations; /* >= 1; 0: the client is no job.  Times the model's ops: below 2^32 */
  cr_ns startup_ns;    /* from the start of its process to the moment it asks for memory; >= 0 */
  cr_ns think_ns;      /* between the end of an iteration and the start of the next; >= 0 */
  cr_ns declared_ns;   /* how long it says that it will run; CR_NS_NEVER: it does not say */
  /* What it says that it needs, held throughout and during an iteration; CR_UNKNOWN: it does not say.  What it really
   * takes is its model's persistent_bytes (framework-internal included) and ephemeral_bytes. */
  int64_t persistent_bytes, ephemeral_bytes;
};

/* Four times: then the longest layer can still be counted in 2^-16 ns. */
#define CR_ACTUAL_MAX_PPM UINT32_C(4000000)

/* The next n_op layers of a client's model run on that device. */
struct cr_stage_spec {
  uint32_t device, n_op; /* n_op >= 1 */
};

struct cr_client_spec {
  const char *name; /* unique */
  cr_model model;
  enum cr_class class;
  int32_t priority;      /* CUDA's sense: lower goes first; 0 is the default, -5 the highest an H200 has */
  uint32_t weight;       /* of its share under fair policies: >= 1 */
  cr_ns deadline_ns;     /* after arrival; CR_NS_NEVER: none */
  cr_ns bound_ns;        /* after arrival: what a plan has proven to be enough; 0: nothing is promised */
  uint32_t max_requests; /* leaves after so many; CR_NONE: no limit */
  uint32_t thread;       /* that launches its eager programs: clients of the same number share it; 0: its own */
  enum cr_answer sync;   /* whether an eager program waits for the device at a request's end; CR_UNSAID: yes */
  struct cr_arrival_spec arrival;
  struct cr_job_spec job;
  const struct cr_stage_spec *stage; /* [n_stage] of its requests, each on another device than the one before; copied */
  uint32_t n_stage;                  /* 0: nothing says where its layers run */
  /* Of layers: each request takes a share of their recorded times, drawn evenly from these millionths; both 0: as recorded. */
  uint32_t actual_min_ppm, actual_max_ppm; /* from 1 to CR_ACTUAL_MAX_PPM */
  cr_ns period_ns; /* the least time between two requests, as it says; 0: it does not say */
  cr_ns join_ns;   /* when it joins, from which its arrivals count; >= 0 */
  uint32_t batch; /* of layers, best-effort: so many of its requests may run together, of which its model has times; 0 is 1 */
};

struct cr_model_info {
  const char *name;
  uint32_t op0, n_op, n_stage;
  const uint32_t *batch; /* [n_batch], as in its spec */
  uint32_t n_batch;
  cr_ns duration_ns; /* sum over its ops */
  int64_t weight_bytes, persistent_bytes, ephemeral_bytes, framework_bytes;
  const struct cr_memory_curve *memory; /* ephemeral bytes within an iteration (sim/memory_curve.h); NULL: not known */
};

struct cr_workload {
  uint32_t n_model, n_op, n_client;
  const struct cr_model_info *model;   /* [n_model] */
  const struct cr_op_spec *op;         /* [n_op] */
  const struct cr_client_spec *client; /* [n_client] */
};

/* Building.  Everything given is checked and copied; an error names the model, op or client and the field.
 * Adding is refused once sealed. */
struct cr_workload_builder;
struct cr_workload_builder *cr_workload_builder_new(void) CR_MUST;
void cr_workload_builder_free(struct cr_workload_builder *b); /* the sealed workload stays valid until this */
int cr_workload_add_model(struct cr_workload_builder *b, const struct cr_model_spec *spec, cr_model *out,
                          struct cr_err *err) CR_MUST;
/* Gives a model its memory within an iteration, which is copied; its peak is the model's ephemeral_bytes from then on. */
int cr_workload_add_memory(struct cr_workload_builder *b, cr_model model, const struct cr_memory_curve *memory,
                           struct cr_err *err) CR_MUST;
int cr_workload_add_client(struct cr_workload_builder *b, const struct cr_client_spec *spec, cr_client *out,
                           struct cr_err *err) CR_MUST;
int cr_workload_seal(struct cr_workload_builder *b, const struct cr_workload **out, struct cr_err *err) CR_MUST;

/* Of a model that was added; good until the next one is. */
const struct cr_model_info *cr_workload_builder_model(const struct cr_workload_builder *b, cr_model model);

const struct cr_op_spec *cr_workload_builder_op(const struct cr_workload_builder *b, uint32_t op); /* likewise */

/* Some of its ops are launched one by one by a program: it was not recorded from a graph. */
int cr_model_is_eager(const struct cr_workload *w, uint32_t model);

#endif
