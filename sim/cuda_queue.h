/* cuda_queue.h - a stream of a real GPU that can be taken back: a host queue of ranges, which feeds a device queue of bounded length.
 *
 * Ops are launched one by one, each as soon as fewer than `cap` are on the GPU, and, of an eager program, its call is due; and each reports its end.  A preemption launches no
 * more; EVICT writes a word that blocks read as they begin, KILL one more that running blocks look at where the policy may ask for one; words are epochs, so that
 * nothing has to be taken back before the next launch.  When all that is on the GPU has reported, it is known how far the stream came:
 * to the first op that lacks blocks.  Copies and memsets cannot give up; what of them ran behind that op, runs again.
 *
 * What comes back means what sim/engine_stop.c says, but for its times, which are the GPU's and this host's. */
#ifndef CR_CUDA_QUEUE_H
#define CR_CUDA_QUEUE_H
#include "sim/cuda_program.h"
#include "sim/standin.h"

/* What the streams of a run share. */
struct cr_cuda_host {
  struct cr_cuda_gpu *gpu;
  struct cr_standins *standins;
  const struct cr_workload *workload;
  struct cr_cuda_programs *programs;  /* NULL: no model is eager */
  int kills;                          /* preemptions may be by KILL: looking out for one costs what runs a little */
  const struct cr_observer *observer; /* or NULL */
  struct cr_standin_record *fetched;  /* [longest model + 1] room for records, for a while */
  void *ctx;
  cr_ns (*now)(const void *ctx);
  cr_ns (*at)(const void *ctx, uint64_t gpu_ns);                         /* on the run's clock */
  void (*saw)(void *ctx, uint64_t gpu_ns);                               /* an end was seen just now */
  int (*tell)(void *ctx, const struct cr_event *e);                      /* CR_OK or CR_ENOMEM */
  void (*on_op)(void *ctx, const struct cr_op_span *span, int is_whole); /* start CR_NS_NEVER: no block began */
  void (*ran)(void *ctx, uint32_t op0, uint32_t n_op, cr_ns begin_ns, cr_ns end_ns); /* launched whole */
  void (*fed)(void *ctx);                /* an op was launched by itself */
  int (*is_wanted)(const void *ctx);     /* the thread has something else to do at once: one op is launched, no more */
};

struct cr_cuda_queue;

/* cap: ops on the GPU at most.  The stream stays the caller's. */
int cr_cuda_queue_new(const struct cr_cuda_host *host, cr_cu_stream stream, uint32_t number, uint32_t cap,
                      struct cr_cuda_queue **out, struct cr_err *err) CR_MUST;
void cr_cuda_queue_free(struct cr_cuda_queue *q); /* NULL is fine */

/* From now on ops go into that stream, which begins after all that was launched before. */
void cr_cuda_queue_move(struct cr_cuda_queue *q, cr_cu_stream stream);

int cr_cuda_queue_launch(struct cr_cuda_queue *q, const struct cr_act *act, struct cr_err *err) CR_MUST;
int cr_cuda_queue_stop(struct cr_cuda_queue *q, enum cr_cap how, struct cr_err *err) CR_MUST;

/* Sees what has ended; never blocks. */
int cr_cuda_queue_look(struct cr_cuda_queue *q, struct cr_err *err) CR_MUST;

/* Launches one more op, if one may be. */
int cr_cuda_queue_feed(struct cr_cuda_queue *q, struct cr_err *err) CR_MUST;

uint32_t cr_cuda_queue_held(const struct cr_cuda_queue *q); /* ranges */

/* The client whose op has been on the GPU since *since_ns without an end; CR_NONE: nothing is there. */
uint32_t cr_cuda_queue_waits_for(const struct cr_cuda_queue *q, cr_ns *since_ns);

#endif
