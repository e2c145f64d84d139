/* counting.h - a run of the program in which its kernels are counted instead of timed: what DRAM, L2 and the pipes of the SMs
 * did for each of them (`corun collect --metrics`).
 *
 * Kernels run one at a time, some more than once, so times of such a run mean nothing and none are recorded. */
#ifndef CR_COUNTING_H
#define CR_COUNTING_H
#include <pthread.h>

#include "cupti-collector/counted_batch.h"
#include "cupti-collector/range_counter.h"

struct counting {
  /* set before it starts; counter.with_fp, too */
  uint64_t max_kernels;
  void (*on_warning)(int result, const char *text);
  void (*wake)(void *ctx); /* has the writer look at the batch */
  void *wake_ctx;

  int on; /* atomically; callbacks pass by when it is 0 */
  const struct cupti_calls *cupti;
  struct profiler_calls calls;
  void *handle;      /* CUPTI's, of our subscription */
  uint8_t act[2048]; /* by number of a driver call: enum act */

  pthread_mutex_t lock;    /* of the following */
  pthread_cond_t on_leave; /* a launch has returned */
  int busy;                /* atomically: the lock's owner may be within CUPTI */
  pthread_t owner;         /* atomically: it matters to nobody but the owner, who wrote it */
  struct range_counter counter;
  struct counted_batch batch;
  int n_launching;               /* launches that have not returned */
  int noted;                     /* the last of them is the batch's last kernel */
  int tangled;                   /* two launches at a time: whose counters are whose is not known */
  int n_capturing;               /* streams that are being captured */
  uint64_t n_kernel;             /* noted so far */
  uint64_t n_graph;              /* not counted: launches of graphs; */
  uint64_t n_other, n_unknown;   /* kernels in another context; launches of which the kernel is not known */
  uint64_t n_tangled, n_dropped; /* counted in vain */
};

/* Its locks, and room for a batch, before anyone else sees it. */
void counting_init(struct counting *c);

/* 0; or CUPTI's result, or -1, with a sentence in why: nothing is counted then, and nothing is left behind in CUPTI. */
int counting_start(struct counting *c, const struct cupti_calls *cupti, char *why, size_t why_cap);

/* Hands over what was counted last, and says through on_warning what was not. */
void counting_finish(struct counting *c);

/* Around fork(2): in the child nothing is counted. */
void counting_before_fork(struct counting *c);
void counting_after_fork(struct counting *c);
void counting_in_child(struct counting *c);

#endif
