/* kineto_streams.h - what every stream of a recorded co-run did, op by op, from a Kineto Chrome trace. */
#ifndef CR_KINETO_STREAMS_H
#define CR_KINETO_STREAMS_H
#include "sim/base.h"
#include "sim/mem.h"
#include "sim/workload.h"

struct cr_kineto_span {
  const char *name;
  enum cr_op_kind kind;
  cr_ns start_ns, duration_ns; /* start counts from the first op of the file */
  uint32_t blocks, threads, regs;
  int64_t smem_bytes, bytes;
};

/* Ops that one launch call put on the device: a graph replay, or a single op of an eager program. */
struct cr_kineto_replay {
  uint32_t first, n; /* in span */
};

struct cr_kineto_stream {
  uint32_t id; /* in the file */
  uint32_t n_span, n_replay;
  const struct cr_kineto_span *span;     /* [n_span] by start */
  const struct cr_kineto_replay *replay; /* [n_replay] in order */
};

struct cr_kineto_streams {
  uint32_t n_stream;
  const struct cr_kineto_stream *stream; /* [n_stream] by first op */
  uint32_t n_overlap;                    /* ops that start before the one before them in their stream has ended: */
  cr_ns overlap_ns;                      /* the longest such time.  The profiler's clock is that good. */
};

/* Everything lives in the arena.  Refused: files without kernels, and overlaps of more than 5 us. */
int cr_kineto_streams_read(const char *path, struct cr_arena *arena, struct cr_kineto_streams *out,
                           struct cr_err *err) CR_MUST;

#endif
