/* dependents.h - clients that come after others: their n-th request arrives when each of those has finished n. */
#ifndef CR_DEPENDENTS_H
#define CR_DEPENDENTS_H
#include "sim/workload.h"

struct cr_dependents {
  const struct cr_workload *workload;
  uint32_t n;           /* in all; 0: nothing below is there */
  uint32_t *first;      /* [n_client + 1] where each one's begin in `client` */
  uint32_t *client;     /* [n] those that come after it */
  uint64_t *n_finished; /* [n_client] requests */
  uint64_t *n_taken;    /* [n_client] arrivals of a dependent one */
};

int cr_dependents_init(struct cr_dependents *d,
                       const struct cr_workload *w) CR_MUST; /* CR_ENOMEM; fini is due either way */
void cr_dependents_fini(struct cr_dependents *d);

/* The client has finished one more. */
void cr_dependents_finish(struct cr_dependents *d, uint32_t client);

/* Whether the dependent client's next request arrives: all that it comes after have finished as many.  It then counts as
 * arrived. */
int cr_dependents_take(struct cr_dependents *d, uint32_t client);

#endif
