/* cuda_gpu.h - a real GPU that stand-ins run on: its context, the memory that launches report through, and its clock.
 *
 * A launch has a slot: counters and a record in the GPU's memory, and a record that the host sees (sim/standin_ptx.h).  Writing
 * to the host's costs a kernel about a microsecond, so that of a range of launches only the last one does.  All memory is taken once,
 * by plain allocations. */
#ifndef CR_CUDA_GPU_H
#define CR_CUDA_GPU_H
#include "sim/cuda_driver.h"
#include "sim/standin_ptx.h"

enum { CR_CUDA_WORDS = 1 << 12, CR_CUDA_DATA_BYTES = 4, CR_CUDA_WRITES = 64 };

struct cr_cuda_gpu {
  struct cr_cuda_driver driver;
  cr_cu_context context;
  int device;
  char name[128];
  int32_t driver_version; /* 13000: 13.0 */
  int32_t sms, capability_major, capability_minor;
  int32_t priority_least, priority_greatest;
  cr_cu_stream control; /* of the greatest priority: flags, and what must not wait */
  uint32_t n_slot, n_slot_used, n_word_used;
  cr_cu_address counters;           /* [n_slot] struct cr_standin_counters */
  cr_cu_address inner_record;       /* [n_slot] struct cr_standin_record in the GPU's memory */
  struct cr_standin_record *record; /* [n_slot], which the GPU sees at record_address */
  cr_cu_address record_address, words, data;
  cr_ns clock_offset_ns; /* monotonic clock = GPU's global timer + this, as last measured */
  cr_ns clock_error_ns;  /* the most that it was corrected by so far, or was taken to be off at first */
  cr_ns patience_ns;
  int hangs; /* what runs does not end: the end of the process is the only way out */
  struct cr_cu_memory_op write[CR_CUDA_WRITES]; /* words that are to be written next */
  uint32_t n_write;
  int (*write_batch)(cr_cu_stream stream, unsigned n, struct cr_cu_memory_op *op, unsigned flags); /* NULL: one by one */
};

/* The first GPU that is visible; n_slot launches may be under way or prepared at once.  A kernel that does not end is waited for as
 * long as CORUN_PATIENCE in the environment says, 10s without it. */
int cr_cuda_gpu_open(struct cr_cuda_gpu *g, uint32_t n_slot, struct cr_err *err) CR_MUST;
void cr_cuda_gpu_close(struct cr_cuda_gpu *g); /* waits for what runs, unless it hangs; zero-initialised is fine */

/* Waits until the control stream has done all, looking again and again; a failure after CR_CUDA_PATIENCE without an end, and then
 * nothing may wait for the GPU any more, closing it included. */
int cr_cuda_gpu_settle(struct cr_cuda_gpu *g, const char *what, struct cr_err *err) CR_MUST;

/* n slots in a row, or a pair of words; they are never given back.  Refused where there are no more. */
int cr_cuda_gpu_take_slots(struct cr_cuda_gpu *g, uint32_t n, uint32_t *first, struct cr_err *err) CR_MUST;
int cr_cuda_gpu_take_words(struct cr_cuda_gpu *g, uint32_t *first, struct cr_err *err) CR_MUST;

/* threads and smem_bytes, which are dynamic: of a block; cluster_blocks: of a cluster, a divisor of blocks, 1: none; more need capability
 * 9.0.  early: its blocks may begin as soon as those of the launch before it in the stream have ended, which takes about as long as
 * between launches of a graph; where the GPU can do that (capability 9.0). */
struct cr_cuda_launch {
  uint32_t blocks, threads, smem_bytes, cluster_blocks;
  int early;
};

/* Into the stream, or the graph that it captures.  A driver's error number. */
int cr_cuda_gpu_launch(const struct cr_cuda_gpu *g, cr_cu_function function, const struct cr_cuda_launch *launch,
                       cr_cu_stream stream, void **param);

int cr_cuda_gpu_has_clusters(const struct cr_cuda_gpu *g);

/* How many clusters of such launches it can hold at once.  A driver's error number. */
int cr_cuda_gpu_count_clusters(const struct cr_cuda_gpu *g, cr_cu_function function,
                               const struct cr_cuda_launch *launch, int *n);

/* What the GPU calls them. */
cr_cu_address cr_cuda_gpu_counters(const struct cr_cuda_gpu *g, uint32_t slot);
cr_cu_address cr_cuda_gpu_record(const struct cr_cuda_gpu *g, uint32_t slot);       /* that the host sees */
cr_cu_address cr_cuda_gpu_inner_record(const struct cr_cuda_gpu *g, uint32_t slot); /* in its own memory */
cr_cu_address cr_cuda_gpu_words(const struct cr_cuda_gpu *g, uint32_t first);

/* Has the control stream, which waits for no kernel, write a word; at the latest when it is flushed.  Words of several streams that go
 * together take one call.  A driver's error number. */
int cr_cuda_gpu_write(struct cr_cuda_gpu *g, uint32_t word, uint32_t value);
int cr_cuda_gpu_flush(struct cr_cuda_gpu *g);

/* The record of a slot's launch once it has ended, seen without blocking; NULL: not yet.  _clear before it is launched again. */
const struct cr_standin_record *cr_cuda_gpu_ended(const struct cr_cuda_gpu *g, uint32_t slot);
void cr_cuda_gpu_clear(struct cr_cuda_gpu *g, uint32_t slot);

/* Inner records of n slots from the first on, of launches that have ended; blocks for some microseconds. */
int cr_cuda_gpu_fetch(struct cr_cuda_gpu *g, uint32_t first, uint32_t n, struct cr_standin_record *out,
                      struct cr_err *err) CR_MUST;

cr_ns cr_monotonic_ns(void);

/* A time of the GPU's global timer on the monotonic clock. */
cr_ns cr_cuda_gpu_host_ns(const struct cr_cuda_gpu *g, uint64_t gpu_ns);

#endif
