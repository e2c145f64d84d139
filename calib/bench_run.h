/* bench_run.h - microbenchmarks of the GPU here, through its driver alone: what `corun calibrate --measure` runs.
 *
 * Results are files that cr_micro_read knows (calib/micro.h), of the same tests that calib/data/h200/micro/preempt.cu, slices.cu,
 * copies.cu and idle-start.py make, with fewer repetitions:
 *   steps.csv      feeding and preempting streams (preempt.cu)            calib/bench_steps.c
 *   idle.csv       graphs on an idle stream (idle-start.py)               calib/bench_copies.c
 *   copies.csv     copies alone and beside each other (copies.cu)         calib/bench_copies.c
 *   turns.csv      turns of two processes (slices.cu)                     calib/bench_turns.c
 *   processes.csv  a short graph beside a busy process                    calib/bench_turns.c
 *   rules.csv      what the simulator takes for granted, held against what was seen; settles no constant (calib/bench_rules.c)
 * and device.yaml, limits of the GPU as its driver tells them, where no bundled device is this GPU (calib/bench_device.c). */
#ifndef CR_BENCH_RUN_H
#define CR_BENCH_RUN_H
#include "sim/base.h"
#include "sim/mem.h"
#include "sim/text.h"

struct cr_bench_cfg {
  const char *folder;  /* results go there; it must be there */
  const char *command; /* that is noted in the files */
  const char *date;    /* likewise */
  int is_brief;        /* a fifth of the repetitions */
  void *ctx;
  void (*on_part)(void *ctx, const char *what, uint32_t i, uint32_t n); /* before each part; NULL is fine */
};

struct cr_bench_out {
  const char *device;  /* a bundled device's name, or the path of device.yaml; in the arena */
  const char *file[8]; /* [n_file] for cr_micro_read; in the arena */
  uint32_t n_file;
  double clock_error_us; /* host's and GPU's instants are no closer to each other */
  struct cr_text report; /* tables for people; the caller's to free */
};

/* Ten seconds on an H200.  Nothing is written where it fails.  The process must not have used the driver before: it forks. */
int cr_bench_run(const struct cr_bench_cfg *cfg, struct cr_arena *arena, struct cr_bench_out *out,
                 struct cr_err *err) CR_MUST;

#endif
