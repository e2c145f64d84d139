/* gpu_bench.h - a device model by itself, through which ops of streams go: for tests of what it does at exact instants.
 *
 * The device has SMs of 64 warps and 32 blocks, and no constant but those that a test sets. */
#ifndef CR_TEST_GPU_BENCH_H
#define CR_TEST_GPU_BENCH_H
#include "sim/device_model.h"

enum { BENCH_OPS = 400, BENCH_STREAMS = 16 };

struct bench_span {
  cr_ns start_ns, end_ns;
};

struct gpu_bench {
  const struct cr_device_model_ops *ops;
  struct cr_device_desc device;
  struct cr_gpu_model model;
  struct cr_op_spec all[BENCH_OPS + 1], *op;    /* op[-1], which a model may read, is there */
  uint32_t index[BENCH_OPS], stream[BENCH_OPS]; /* ops of a stream run in order of number */
  cr_ns at_ns[BENCH_OPS];                       /* not before */
  int32_t priority[BENCH_STREAMS];
  uint32_t group[BENCH_STREAMS], group_sms[BENCH_STREAMS]; /* of a stream; of a group, 0: no limit */
  uint32_t n_op;
  void (*check)(const void *self); /* after every step */
  struct bench_span span[BENCH_OPS];
  uint64_t n_allocation; /* while it ran */
  struct cr_use use;
};

/* All mechanisms are on. */
void bench_init(struct gpu_bench *b, const struct cr_device_model_ops *ops, uint32_t sms);
void bench_add(struct gpu_bench *b, uint32_t stream, cr_ns at_ns, struct cr_op_spec op);
uint32_t bench_next(const struct gpu_bench *b, uint32_t stream, uint32_t from); /* op of the stream; n_op: none */

/* As bench_run makes it. */
int bench_make(const struct gpu_bench *b, void **self, struct cr_err *err);

/* Runs all ops: each starts when its time has come and its stream is free. */
void bench_run(struct gpu_bench *b);

struct cr_op_spec bench_kernel(uint32_t blocks, uint32_t threads, cr_ns duration_ns);

/* From a stream of random numbers of the tests' own. */
uint64_t bench_draw(uint32_t entity, uint64_t n, uint64_t below);
struct cr_op_spec bench_random_kernel(uint32_t entity, uint64_t n);

/* n random kernels on 132 SMs; constants near a real device's, so that everything interacts. */
void bench_realistic(struct gpu_bench *b);
void bench_random_streams(struct gpu_bench *b, const struct cr_device_model_ops *ops, uint32_t round, uint32_t n_stream,
                          uint32_t n);

#endif
