/* kineto_int.h - between the two halves of the Kineto importer: what the reader keeps of a file.
 *
 * kineto_read.c streams the file and checks each event; kineto.c makes a model of what it kept. */
#ifndef CR_KINETO_INT_H
#define CR_KINETO_INT_H
#include "sim/mem.h"
#include "sim/workload.h"
#include "traces/kineto.h"

/* One thing the device did. */
struct kineto_op {
  cr_ns start_ns, duration_ns; /* start counts from the file's base time */
  uint64_t correlation;
  int64_t smem_bytes, bytes;
  uint64_t event; /* its place among traceEvents, from 1, and */
  uint64_t line;  /* its line in the file: for errors */
  uint32_t name;  /* in kineto_trace.name */
  uint32_t blocks, threads, regs;
  uint32_t device, stream;
  uint32_t kind; /* enum cr_op_kind */
  int in_graph;  /* the file gives a graph node */
};

enum kineto_call_kind { KINETO_LAUNCH, KINETO_GRAPH_LAUNCH, KINETO_SYNC };

/* One call of the CUDA runtime or driver that puts work on the device, or waits for it. */
struct kineto_call {
  cr_ns start_ns, end_ns;
  uint64_t correlation;
  int64_t tid;
  enum kineto_call_kind kind;
};

struct kineto_trace {
  struct cr_arena *arena;
  struct kineto_op *op; /* [n_op] */
  uint32_t n_op, op_cap;
  struct kineto_call *call; /* [n_call] */
  uint32_t n_call, call_cap;
  const char **name;   /* [n_name] distinct */
  uint64_t *name_hash; /* [n_name] */
  uint32_t n_name, name_cap;
  uint32_t *slot; /* [n_slot] hash table: index of a name + 1 */
  uint32_t n_slot;
  cr_ns base_ns;   /* baseTimeNanoseconds; 0: the file has none */
  int64_t schema;  /* schemaVersion; CR_UNKNOWN */
  int64_t driver;  /* cuda_driver_version, 13000 for 13.0; CR_UNKNOWN */
  const char *gpu; /* name of device 0; NULL */
  uint64_t n_event;
};

/* Zero-initialise; ends with kineto_trace_fini in any case. */
int kineto_read(const char *path, const struct cr_kineto_options *opt, struct kineto_trace *out,
                struct cr_err *err) CR_MUST;
void kineto_trace_fini(struct kineto_trace *t);

/* A second pass: every host event (operator, or CUDA call) of the file, not kept; start, thread. */
typedef void kineto_on_host(void *ctx, cr_ns start_ns, int64_t tid, int is_call);
int kineto_each_host(const char *path, const struct cr_kineto_options *opt, kineto_on_host *each, void *ctx,
                     struct cr_err *err) CR_MUST;

#endif
