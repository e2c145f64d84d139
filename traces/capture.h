/* capture.h - a recording as a profiler made it: what programs did on GPUs, op by op, before models are made of it.
 *
 * Importers fill one (Kineto: kineto_read.c, Nsight Systems: nsys_read.c; a spool can do likewise), and
 * traces/capture_model.h makes models of it: finds iterations, takes medians, adds them to a store.  What goes in needs no
 * order.  Everything is owned by the capture; zero-initialised it is empty, and ends with cr_capture_fini. */
#ifndef CR_CAPTURE_H
#define CR_CAPTURE_H
#include "sim/base.h"
#include "sim/mem.h"
#include "sim/workload.h"

/* A program.  Correlation ids are unique within one alone. */
struct cr_capture_process {
  uint64_t id;      /* as the recording has it */
  uint32_t pid;     /* 0: not known */
  const char *name; /* NULL: not known */
};

/* A stream: its id is one of its context, the context's one of its process. */
struct cr_capture_stream {
  uint32_t process; /* in cr_capture.process */
  uint32_t device;  /* ordinal in its process */
  uint32_t context, id;
  uint32_t green;   /* green context that its kernels were launched in; 0: none */
  int32_t priority; /* lower goes first; counts when */
  int has_priority;
  uint32_t n_wait; /* times that it waited for an event of another stream */
};

/* One thing a device did. */
struct cr_capture_op {
  cr_ns start_ns, duration_ns;               /* start: on the recording's clock; duration > 0 */
  uint64_t correlation;                      /* of the call that launched it, in its process; 0: none */
  int64_t smem_bytes, carveout_bytes, bytes; /* as in cr_op_spec; CR_UNKNOWN */
  uint64_t event;                            /* its place in the file, from 1, and */
  uint64_t line;                             /* its line, 0: the file has none; both for errors */
  uint32_t name;                             /* in cr_capture.name */
  uint32_t blocks, threads, regs, cluster_blocks; /* as in cr_op_spec */
  uint32_t stream;        /* in cr_capture.stream */
  unsigned char kind;     /* enum cr_op_kind */
  unsigned char pageable; /* enum cr_answer */
  unsigned char in_graph; /* the recording gives a graph node: ops of one replay share their correlation id */
};

enum cr_capture_call_kind { CR_CALL_LAUNCH, CR_CALL_GRAPH_LAUNCH, CR_CALL_SYNC };

/* One call of the CUDA runtime or driver that puts work on the device, or waits for it.  Others are left out. */
struct cr_capture_call {
  cr_ns start_ns, end_ns;
  uint64_t correlation;
  int64_t tid;
  uint32_t process;
  enum cr_capture_call_kind kind;
};

/* A named part of a program's run (NVTX).  An op belongs to the ranges that its launch call began in. */
struct cr_capture_range {
  cr_ns start_ns, end_ns;
  int64_t tid;
  uint32_t process, name;
  int any_thread; /* it holds for all threads of its process, and need not nest (nvtxRangeStart) */
};

/* Device memory given out, or back. */
struct cr_capture_alloc {
  cr_ns at_ns;
  uint64_t address;
  int64_t bytes; /* >= 0 */
  uint32_t process, device;
  int is_free;
};

struct cr_capture {
  const char *path; /* for errors; borrowed */
  const char *noun; /* what stands at cr_capture_op.event: "event", "row", "record" */
  struct cr_arena *arena;
  struct cr_capture_op *op; /* [n_op] */
  uint32_t n_op, op_cap;
  struct cr_capture_call *call; /* [n_call] */
  uint32_t n_call, call_cap;
  struct cr_capture_range *range; /* [n_range] */
  uint32_t n_range, range_cap;
  struct cr_capture_alloc *alloc; /* [n_alloc] */
  uint32_t n_alloc, alloc_cap;
  struct cr_capture_process *process; /* [n_process] */
  uint32_t n_process, process_cap;
  struct cr_capture_stream *stream; /* [n_stream] */
  uint32_t n_stream, stream_cap, last_stream;
  const char **name;   /* [n_name] distinct */
  uint64_t *name_hash; /* [n_name] */
  uint32_t n_name, name_cap;
  uint32_t *slot; /* [n_slot] hash table: index of a name + 1 */
  uint32_t n_slot;
  cr_ns base_ns;   /* wall time, since 1970, of 0 on the recording's clock; 0: not known */
  const char *gpu; /* name; NULL: not known */
};

/* Of all that follow the one error is CR_ENOMEM, without a text. */
int cr_capture_init(struct cr_capture *c, const char *path, const char *noun) CR_MUST;
void cr_capture_fini(struct cr_capture *c);

/* Makes room for so many, that they need not be moved as they grow; fewer and more are fine. */
int cr_capture_reserve(struct cr_capture *c, uint32_t n_op, uint32_t n_call) CR_MUST;

/* Copies; each is kept once. */
int cr_capture_add_name(struct cr_capture *c, const char *text, size_t n, uint32_t *out) CR_MUST;
/* The process of that id, which is new or there. */
int cr_capture_add_process(struct cr_capture *c, uint64_t id, uint32_t *out) CR_MUST;
/* The stream of that process, device, context and id; the other members are set later. */
int cr_capture_add_stream(struct cr_capture *c, uint32_t process, uint32_t device, uint32_t context, uint32_t id,
                          uint32_t *out) CR_MUST;
int cr_capture_add_op(struct cr_capture *c, const struct cr_capture_op *op) CR_MUST;
int cr_capture_add_call(struct cr_capture *c, const struct cr_capture_call *call) CR_MUST;
int cr_capture_add_range(struct cr_capture *c, const struct cr_capture_range *range) CR_MUST;
int cr_capture_add_alloc(struct cr_capture *c, const struct cr_capture_alloc *alloc) CR_MUST;

/* Whether a CUDA call of that name launches, copies, sets or waits, and which of these. */
int cr_capture_call_kind(const char *name, enum cr_capture_call_kind *out);

#endif
