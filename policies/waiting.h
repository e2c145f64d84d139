/* waiting.h - jobs that wait for memory: who came first, or needs most, of those that a given room can hold.
 *
 * Needs are known from the start, so every job has a fixed rank by its total need, ties with the later client first.
 * A tree over ranks keeps, of those that wait, the least persistent need and the earliest position.  A room is a box:
 * at most so many persistent bytes, and at most so many in total.  The second bound is a prefix of ranks; within it a
 * subtree whose least persistent need is above the first bound is left out, so that no subtree without a job that
 * fits is ever entered: finding the largest costs O(log n), finding the first O(log n) for each subtree that holds
 * one that fits and that may hold an earlier one.  Both cost nothing more for those that merely wait and do not fit.
 *
 * The tree lies in the state of clients (tenant.h): node k in that of client k / 2. */
#ifndef CR_WAITING_H
#define CR_WAITING_H
#include "policies/tenant.h"

struct cr_waiting {
  uint32_t n_rank; /* jobs that have one */
  uint32_t n;      /* that wait */
  uint32_t n_come; /* so far */
};

struct cr_box {
  int64_t persistent_bytes, total_bytes;
};

static inline int cr_box_holds(struct cr_box box, struct cr_need need)
{
  return need.persistent_bytes <= box.persistent_bytes && cr_need_total(need) <= box.total_bytes;
}

/* Ranks the clients whose tenant has rank 0, by their needs; of the others it must be CR_NONE.  Once, before all
 * else. */
void cr_waiting_init(const struct cr_policy *p, struct cr_waiting *w);

void cr_waiting_add(const struct cr_policy *p, struct cr_waiting *w, uint32_t job);
void cr_waiting_remove(const struct cr_policy *p, struct cr_waiting *w, uint32_t job);

/* Each a client, or CR_NONE. */
uint32_t cr_waiting_head(const struct cr_policy *p, const struct cr_waiting *w); /* that has waited longest */
/* that of those that fit has waited longest and, of the two, longer than `than` */
uint32_t cr_waiting_first(const struct cr_policy *p, const struct cr_waiting *w, struct cr_box box, uint32_t than);
/* that needs most in total of those that fit; ties: the lower client */
uint32_t cr_waiting_largest(const struct cr_policy *p, const struct cr_waiting *w, struct cr_box box);

#endif
