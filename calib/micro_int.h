/* micro_int.h - what the readers of microbenchmark results share. */
#ifndef CR_MICRO_INT_H
#define CR_MICRO_INT_H
#include "calib/micro.h"
#include "traces/csv.h"

/* Settings of one measurement. */
struct cr_micro_sample {
  double *x; /* [n] */
  uint32_t n, cap;
  double alone_error; /* standard error of x[0], for when it is the only one; NAN: not known */
  int failed;         /* there was no memory */
};

/* A reading under way. */
struct cr_micro_job {
  struct cr_arena *arena;
  const char *path; /* in the arena */
  struct cr_micro *out;
  struct cr_err *err;
};

void cr_micro_add(struct cr_micro_sample *s, double x);
void cr_micro_sample_fini(struct cr_micro_sample *s);
/* Of at least one value, which the first puts in order. */
double cr_micro_median(struct cr_micro_sample *s, double *std_error);
double cr_micro_mean(const struct cr_micro_sample *s, double *std_error);

/* Keeps a value; refused when there is one of this constant. */
int cr_micro_put(struct cr_micro_job *job, enum cr_gpu_constant id, double value, double std_error, uint32_t n_row,
                 const char *what) CR_MUST;

/* Each reads the rest of an open file. */
int cr_micro_steps(struct cr_micro_job *job, struct cr_csv *csv) CR_MUST; /* calib/micro_steps.c */
int cr_micro_turns(struct cr_micro_job *job, struct cr_csv *csv) CR_MUST; /* calib/micro_turns.c */
int cr_micro_processes(struct cr_micro_job *job, struct cr_csv *csv, double slice_us) CR_MUST;
int cr_micro_copies(struct cr_micro_job *job, struct cr_csv *csv) CR_MUST;
int cr_micro_idle(struct cr_micro_job *job) CR_MUST; /* opens it itself: a file without a header */

#endif
