/* farm.h - independent tasks spread over processes of this machine. */
#ifndef CR_FARM_H
#define CR_FARM_H
#include "sim/base.h"

struct cr_farm {
  uint32_t n_task;
  uint32_t n_worker;  /* processes; up to 1: everything happens in the caller's own */
  size_t result_size; /* of every task, bytes; >= 1 */
  void *ctx;
  /* Fills a zeroed result.  In a worker's process, a copy of the caller's made at the start: what else it changes there is
   * lost, and open files and databases are shared with the others. */
  int (*run)(void *ctx, uint32_t task, void *result, struct cr_err *err);
  /* In the caller's process, once for each task that succeeded, in any order.  An error ends it all. */
  int (*done)(void *ctx, uint32_t task, const void *result, struct cr_err *err);
  /* In the caller's process: a worker has ended in the middle of this task (sentence says how), and another takes its place.
   * NULL: that ends it all.  With it even one worker is a process of its own. */
  int (*lost)(void *ctx, uint32_t task, const char *sentence, struct cr_err *err);
  const volatile int *stop; /* set from outside: end early with CR_EINTR; or NULL */
};

/* Tasks are given out in order of their numbers, each when a worker is free: before done is called for the one before.  The
 * first that fails ends it all. */
int cr_farm_run(const struct cr_farm *f, struct cr_err *err) CR_MUST;

#endif
