/* counted_batch.h - kernels that were launched and are being counted, from CUPTI's callbacks to the thread that writes.
 *
 * One side fills the batch and hands it over; the other takes all of it, and then it may be filled again. */
#ifndef CR_COUNTED_BATCH_H
#define CR_COUNTED_BATCH_H
#include <pthread.h>

#include "traces/spool_layout.h"

enum { COUNTED_BATCH = 64, COUNTED_NAME_BYTES = 8192 };

struct counted_kernel {
  struct cr_spool_counted counted; /* its shape is that below */
  struct cr_spool_shape shape;     /* its name is that below */
  int known;                       /* whether the shape is whole, and values were read */
  char name[COUNTED_NAME_BYTES];   /* mangled; a longer one is cut */
};

struct counted_batch {
  pthread_mutex_t lock; /* of full */
  pthread_cond_t on_taken;
  int full;                      /* the writer's to take */
  struct counted_kernel *kernel; /* [COUNTED_BATCH]; NULL: kernels are not counted */
  uint32_t n;
};

/* Its kernel is NULL then where there is no memory. */
void counted_batch_init(struct counted_batch *b);

/* The batch is the writer's; waits until it was taken, s seconds at most.  Whether it was: it is empty then. */
int counted_batch_hand_over(struct counted_batch *b, void (*wake)(void *), void *ctx, int s);

/* Whether there is a batch to take; counted_batch_taken gives it back, empty. */
int counted_batch_ready(struct counted_batch *b);
void counted_batch_taken(struct counted_batch *b);

void counted_batch_in_child(struct counted_batch *b);

#endif
