/* period.h - finds iterations in a long recording of a whole program: warm-up, odd iterations, evaluation and all.
 *
 * A recording is a sequence of tokens in the order in which they were launched: one an op, or one a graph replay; equal
 * tokens mean the same work.  traces/iteration.h wants to explain every token of a short recording; this looks for the part
 * whose repetition explains the most work of a long one, in O(n log n), and says how sure it is.
 *
 * Layers repeat within an iteration.  The iteration is the shortest part that leaves at most 0.4 % of the work unexplained
 * that a longer part would explain: a head and an embedding are more than that, what a program logs every tenth
 * iteration is less.  Parts that differ by nothing at all (twelve layers and no head) cannot be told from iterations. */
#ifndef CR_PERIOD_H
#define CR_PERIOD_H
#include "sim/base.h"
#include "sim/mem.h"

/* What else is known of a token, as bits. */
enum {
  CR_PERIOD_WAIT = 1,  /* before it was launched, and after the one before it, the host waited for the device */
  CR_PERIOD_INPUT = 2, /* it copies from the host */
  CR_PERIOD_OUTPUT = 4 /* it copies to the host */
};

struct cr_period_tokens {
  const uint64_t *token;       /* [n] */
  const uint32_t *weight;      /* [n] ops in it, >= 1; NULL: one each */
  const cr_ns *idle_before_ns; /* [n] of the device; NULL: not known */
  const unsigned char *mark;   /* [n] bits as above; NULL: none is known */
  uint32_t n;                  /* >= 1 */
};

enum cr_period_trust {
  CR_PERIOD_NONE,  /* nothing repeats: the whole is taken for one iteration */
  CR_PERIOD_GUESS, /* where an iteration begins, or how long it is, is one possibility among several */
  CR_PERIOD_FAIR,
  CR_PERIOD_SURE
};
extern const char *const cr_period_trust_name[CR_PERIOD_SURE + 1]; /* "none", "guess", "fair", "sure" */

struct cr_period {
  uint32_t n_token;      /* length of one iteration */
  uint32_t n_clean;      /* complete ones that are alike, >= 1 */
  const uint32_t *first; /* [n_clean] where each begins, ascending */
  uint32_t n_differ;     /* cut or differing ones among and around them */
  uint32_t n_before, n_between,
    n_after;              /* tokens that are in no clean one: before the first, between, after the last */
  uint32_t explained_ppm; /* work in clean and differing iterations, of all */
  uint32_t inner_token,
    n_inner; /* a part of so many tokens comes so many times an iteration (layers); 0: none is known */
  enum cr_period_trust trust;
};

/* What was allocated for it lies in the arena.  Fails for want of memory alone. */
int cr_period_find(const struct cr_period_tokens *tokens, struct cr_arena *arena, struct cr_period *out,
                   struct cr_err *err) CR_MUST;

#endif
