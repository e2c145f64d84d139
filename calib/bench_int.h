/* bench_int.h - what microbenchmarks share: a GPU on which blocks spin for a given time, one clock for host and GPU, and rows.
 *
 * The first failure is kept in `rc` and `err`; what is asked for after it does nothing, so that a benchmark need not look after each
 * call.  Loops look at cr_bench_fails. */
#ifndef CR_BENCH_INT_H
#define CR_BENCH_INT_H
#include "calib/bench_run.h"
#include "sim/cuda_share.h"

enum {
  CR_BENCH_BLOCK = 256, /* threads a block, of which eight fit an SM of 2048 threads */
  CR_BENCH_STREAMS = 5,
  CR_BENCH_CHAIN = 1000, /* slots 0 .. CR_BENCH_CHAIN - 1 are the benchmark's; those behind have names: */
  CR_BENCH_X = CR_BENCH_CHAIN,
  CR_BENCH_Y,
  CR_BENCH_GATE,
  CR_BENCH_PING,
  CR_BENCH_HOST_WORDS, /* its record in the host's memory is a pair of words */
  CR_BENCH_SLOTS,
};

struct cr_bench_sample {
  double *x; /* [n] */
  uint32_t n, cap;
};

struct cr_bench {
  struct cr_cuda_gpu gpu;
  cr_cu_module module;
  cr_cu_function spin;
  cr_cu_stream stream[CR_BENCH_STREAMS]; /* of the least priority */
  cr_cu_stream high;                     /* of the greatest */
  cr_cu_address flag, gate, spare;       /* pairs of words in the GPU's memory */
  uint32_t flag_epoch, gate_epoch, ping_epoch;
  uint32_t sm_blocks; /* of CR_BENCH_BLOCK threads */
  int64_t offset_ns;  /* monotonic clock = global timer + this, as of map_ns */
  cr_ns map_ns, map_error_ns;
  double ping_us; /* after which a kernel of the clock surely runs */
  int is_brief;
  struct cr_cuda_shares *shares; /* of rules; NULL: this driver has none */
  struct cr_cuda_sharer half;    /* a stream on half of the SMs */
  uint64_t random;
  struct cr_text steps, idle, copies, turns, processes, rules;
  int rc;
  struct cr_err *err;
};

/* A launch whose blocks spin. */
struct cr_bench_spin {
  uint32_t blocks, threads, smem_bytes; /* threads 0: CR_BENCH_BLOCK */
  uint32_t ns, poll_ns; /* how long a block spins, and how often it looks at words[1]; 0: all the time */
  uint32_t slot;        /* where it reports, */
  int to_host;          /*   in the host's memory, or in the GPU's; */
  int is_silent;        /*   nowhere */
  cr_cu_address words;  /* 0: none */
  uint32_t epoch;       /* 0: 1 */
};

/* --- calib/bench_gpu.c --- */
void cr_bench_open(struct cr_bench *b, uint32_t n_slot, struct cr_err *err); /* zeroes b, whose failure it may keep */
void cr_bench_close(struct cr_bench *b);
int cr_bench_fails(const struct cr_bench *b);
void cr_bench_check(struct cr_bench *b, int error, const char *what); /* a driver's error number */
uint32_t cr_bench_reps(const struct cr_bench *b, uint32_t n);

void cr_bench_launch(struct cr_bench *b, cr_cu_stream stream, const struct cr_bench_spin *s);
void cr_bench_mark(struct cr_bench *b, cr_cu_stream stream,
                   uint32_t slot); /* one block that spins for no time; host's record */
void cr_bench_write(struct cr_bench *b, cr_cu_stream stream, cr_cu_address to, uint32_t value);

/* Streams that are held begin together as the gate opens, in 40 ms at the latest. */
void cr_bench_gate(struct cr_bench *b); /* a new one */
void cr_bench_hold(struct cr_bench *b, cr_cu_stream stream);
void cr_bench_release(struct cr_bench *b);
void cr_bench_wait_open(struct cr_bench *b); /* until a stream that was held goes on */

/* Host's record of a slot once it has ended; one of zeros after a failure.  _clear_slots before launches that report to it. */
struct cr_standin_record cr_bench_wait(struct cr_bench *b, uint32_t slot);
void cr_bench_clear_slots(struct cr_bench *b, uint32_t first, uint32_t n);
void cr_bench_fetch(struct cr_bench *b, uint32_t first, uint32_t n,
                    struct cr_standin_record *out);           /* the GPU's records */
void cr_bench_quiet(struct cr_bench *b);                      /* until all streams are idle */
void cr_bench_drain(struct cr_bench *b, cr_cu_stream stream); /* until one is */
void cr_bench_spin_host(double us);
double cr_bench_uniform(struct cr_bench *b, double low, double high);

/* Puts the two clocks together anew, if that was some time ago. */
void cr_bench_fresh(struct cr_bench *b);
double cr_bench_between_us(uint64_t from_ns, uint64_t to_ns);                       /* of the GPU */
double cr_bench_after_us(const struct cr_bench *b, uint64_t gpu_ns, cr_ns host_ns); /* gpu - host */

/* --- calib/bench_rows.c --- */
struct cr_bench_where {
  const char *test, *variant;
  uint32_t streams, blocks;
  double length_us;
  uint32_t queue;
};
void cr_bench_add(struct cr_bench *b, struct cr_bench_sample *s, double x);
double cr_bench_quantile(struct cr_bench_sample *s, double q); /* puts it in order; NAN: it is empty */
void cr_bench_row(struct cr_bench *b, const struct cr_bench_where *w, const char *metric,
                  struct cr_bench_sample *s); /* in us; empties s */
void cr_bench_sample_fini(struct cr_bench_sample *s);

/* --- the parts --- */
void cr_bench_push(struct cr_bench *b);
void cr_bench_first(struct cr_bench *b);
void cr_bench_bounded(struct cr_bench *b);
void cr_bench_flag(struct cr_bench *b);
void cr_bench_evict(struct cr_bench *b);
void cr_bench_stop(struct cr_bench *b);
void cr_bench_restart(struct cr_bench *b);
void cr_bench_preempt(struct cr_bench *b);
void cr_bench_idle(struct cr_bench *b);
void cr_bench_copies(struct cr_bench *b);
void cr_bench_rules(struct cr_bench *b);
/* Forks; b is not open, and holds texts alone. */
void cr_bench_turns(struct cr_bench *b);

/* The text of the spinning kernel: parameters and records are the stand-in's (sim/standin_ptx.h), but `rounds` are ns for which a
 * block spins and `fmas` ns between its looks at words[1], and range_begin_ns is when the last block to go had done spinning. */
extern const char cr_bench_ptx[];

/* --- calib/bench_device.c --- */
/* The bundled device that this GPU is, by its name and SMs; NULL: none. */
int cr_bench_known(const struct cr_cuda_gpu *g, struct cr_arena *arena, const char **out, struct cr_err *err) CR_MUST;
/* Limits as the driver tells them. */
int cr_bench_datasheet(const struct cr_cuda_gpu *g, const char *date, struct cr_text *out, struct cr_err *err) CR_MUST;

#endif
