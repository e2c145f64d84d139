/* cuda_turns.h - jobs that take turns on a real GPU: whose iteration comes next, one after the other.
 *
 * The rules are those of sim/rotation.h, which reckons a whole rotation at once from times that it knows.  Here each iteration takes
 * what it takes: turns follow the keys and their steps, which are of recorded times, and what a member used is what was measured. */
#ifndef CR_CUDA_TURNS_H
#define CR_CUDA_TURNS_H
#include "sim/rotation.h"

struct cr_cuda_turns; /* begun anew for each rotation */

int cr_cuda_turns_new(struct cr_cuda_turns **out) CR_MUST; /* CR_OK or CR_ENOMEM */
void cr_cuda_turns_free(struct cr_cuda_turns *t);          /* NULL is fine */

/* As cr_rotation_join; each_ns is not looked at. */
int cr_cuda_turns_join(struct cr_cuda_turns *t, const struct cr_rotation_member *m) CR_MUST;
uint32_t cr_cuda_turns_n(const struct cr_cuda_turns *t); /* members; 0: there is no rotation */

/* The id of the member that runs its next iteration now; CR_NONE: the rotation is over. */
uint32_t cr_cuda_turns_next(struct cr_cuda_turns *t);

/* That iteration has ended. */
void cr_cuda_turns_ran(struct cr_cuda_turns *t, cr_ns start_ns, cr_ns end_ns);

/* The rotation is over with the iteration under way. */
void cr_cuda_turns_stop(struct cr_cuda_turns *t);

/* As cr_rotation_take, once it is over. */
int cr_cuda_turns_take(struct cr_cuda_turns *t, struct cr_rotation_back *out);

#endif
