/* memory.h - the memory of one device: what jobs hold for good, and lanes for what they need within an iteration.
 *
 * After Salus (Yu and Chowdhury, MLSys 2020, section 3.3): a job's persistent bytes are held from its admission to its end;
 * its ephemeral bytes come out of its lane, in which one iteration runs at a time, so that a lane need be no larger than
 * the largest of its jobs' needs.  The safety condition, sum of persistent + sum of lanes <= capacity, holds at every
 * step: what would break it is refused.  Lanes are numbered by whoever opens them. */
#ifndef CR_MEMORY_H
#define CR_MEMORY_H
#include "sim/base.h"

enum cr_memory_answer {
  CR_MEMORY_OK,
  CR_MEMORY_FULL,    /* the safety condition would be broken */
  CR_MEMORY_NO_LANE, /* the lane is not open, or not on the job's device */
  CR_MEMORY_IN_USE,  /* the lane cannot be closed, put on another device, or made smaller than its jobs need; or the job
                        has a place already */
  CR_MEMORY_SMALL,   /* the lane is smaller than what the job says that it needs; or less than 0 bytes were asked for */
};

struct cr_memory_lane {
  uint32_t device; /* CR_NONE: not open */
  uint32_t n_job;
  int64_t bytes;
};

struct cr_memory_device {
  int64_t capacity, persistent, lanes; /* lanes: sum of their bytes */
};

struct cr_memory; /* of all devices of a machine */

/* capacity: [n_device] bytes.  Lanes and jobs are numbered below n_lane and n_job. */
struct cr_memory *cr_memory_new(const int64_t *capacity, uint32_t n_device, uint32_t n_lane, uint32_t n_job) CR_MUST;
void cr_memory_free(struct cr_memory *m);

/* Opens the lane on the device, or makes it larger or smaller, not below what a job in it says that it needs. */
enum cr_memory_answer cr_memory_lane(struct cr_memory *m, uint32_t lane, uint32_t device, int64_t bytes);
enum cr_memory_answer cr_memory_close(struct cr_memory *m, uint32_t lane); /* in which no job is */

/* The job holds so much for good, and takes its place in the lane; ephemeral: what it says an iteration needs, CR_UNKNOWN:
 * it does not say, and anything will do. */
enum cr_memory_answer cr_memory_admit(struct cr_memory *m, uint32_t job, uint32_t lane, int64_t persistent,
                                      int64_t ephemeral);
/* Into another lane of the same device. */
enum cr_memory_answer cr_memory_move(struct cr_memory *m, uint32_t job, uint32_t lane);
/* The job leaves; its lane stays as it is.  Of a job that holds nothing: nothing happens. */
void cr_memory_leave(struct cr_memory *m, uint32_t job);

uint32_t cr_memory_lane_of(const struct cr_memory *m, uint32_t job); /* CR_NONE: it is in none */
int64_t cr_memory_held(const struct cr_memory *m, uint32_t job);     /* persistent bytes; of one that is in a lane */
const struct cr_memory_lane *cr_memory_see_lane(const struct cr_memory *m, uint32_t lane);
const struct cr_memory_device *cr_memory_see(const struct cr_memory *m, uint32_t device);

/* Adds everything up afresh: 1 when the books are right and the safety condition holds.  For tests and asserts. */
int cr_memory_sound(const struct cr_memory *m);

#endif
