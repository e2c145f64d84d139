/* iteration.h - finds the part of a recorded sequence that repeats: one iteration of a model.
 *
 * A recording is a sequence of tokens (one an op, or one a graph replay), equal tokens meaning the same work.  One
 * iteration is the shortest part whose repetition explains the whole recording, but for a first or last one that is cut
 * and for whole ones that differ (a warm-up, say), which are left out and counted. */
#ifndef CR_ITERATION_H
#define CR_ITERATION_H
#include "sim/base.h"
#include "sim/mem.h"

struct cr_repeats {
  uint32_t n_token;      /* length of one */
  uint32_t n_clean;      /* complete ones that are alike, >= 1 */
  uint32_t n_left_out;   /* cut or differing ones */
  const uint32_t *first; /* [n_clean] where each begins */
};

/* idle_before_ns: [n] idle time of the device before each token, which says where an iteration begins when the
 * recording does not begin with one.  Nothing that repeats: the whole is one iteration.  O(n) for each distance at
 * which some token comes again, at most 1000 of them. */
int cr_repeats_find(const uint64_t *token, const cr_ns *idle_before_ns, uint32_t n, struct cr_arena *arena,
                       struct cr_repeats *out, struct cr_err *err) CR_MUST;

/* Each token is an iteration by itself: those like the most frequent one (the earliest of equally frequent ones). */
int cr_repeats_alone(const uint64_t *token, uint32_t n, struct cr_arena *arena, struct cr_repeats *out,
                        struct cr_err *err) CR_MUST;

#endif
