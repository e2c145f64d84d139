/* rank.h - which part of a sweep is this process's, when several run it side by side.
 *
 * They do not talk with each other: each computes from the design and its own number what is its to do.  mpirun and SLURM
 * tell the number in the environment; nothing is linked. */
#ifndef CR_RANK_H
#define CR_RANK_H
#include "sim/base.h"

struct cr_rank {
  uint32_t i, n;    /* this one, of so many; 0 of 1: alone */
  uint32_t n_here;  /* of them on this machine, as far as is known; >= 1 */
  uint32_t n_core;  /* that SLURM gave to this one; 0: not told */
  const char *from; /* what said so: "--rank", "OMPI_COMM_WORLD_RANK", ...; "" alone */
};

/* text: "2/8" of --rank, the third of eight, which goes before the environment; or NULL.  get(name) is getenv.
 *
 * A launcher of processes: OMPI_COMM_WORLD_RANK and _SIZE; PMI_RANK and PMI_SIZE; SLURM_PROCID with SLURM_STEP_NUM_TASKS or
 * SLURM_NTASKS within a job step (SLURM_STEP_ID), since a batch script by itself has these too and is one process.  A task
 * of a SLURM array is one of the array's (SLURM_ARRAY_TASK_ID with _COUNT, _MIN, _MAX and _STEP); where it launches
 * processes, each is one of all tasks' together.  CR_EINPUT: not numbers, or an array whose tasks are not numbered evenly. */
int cr_rank_find(const char *text, char *(*get)(const char *name), struct cr_rank *out, struct cr_err *err) CR_MUST;

#endif
