/* corun_match.h - which recorded model a stream of a co-run replays, and what each of its ops takes alone.
 *
 * The same network recorded in another process may run other kernels (cuDNN chooses by trial), so a stream is compared op by op:
 * name, blocks and threads.  The recording with the longest common subsequence is taken; ops in it take what they take there.
 * Others take what the same kernel takes in another recording, where that goes with the least time it took in the co-run; the
 * rest that least time itself, which is too long where the op was never alone. */
#ifndef CR_CORUN_MATCH_H
#define CR_CORUN_MATCH_H
#include "sim/base.h"
#include "sim/mem.h"
#include "sim/workload.h"
#include "traces/kineto_streams.h"

struct cr_recordings;

/* Models of these stores, those replayed as graphs; name: [n_name] only these, as in the store or without a prefix such as
 * autotuned/; n_name 0: all. */
int cr_recordings_open(const char *const *store, uint32_t n_store, const char *const *name, uint32_t n_name,
                       struct cr_recordings **out, struct cr_err *err) CR_MUST;
void cr_recordings_free(struct cr_recordings *r);

enum cr_match { CR_MATCH_ALIGNED, CR_MATCH_ELSEWHERE, CR_MATCH_OWN, CR_N_MATCH };
extern const char *const cr_match_name[CR_N_MATCH]; /* "aligned", "elsewhere", "own" */

struct cr_corun_stream {
  uint32_t id;       /* in the file */
  const char *model; /* the recording it is most like */
  uint32_t n_op, n_replay;
  struct cr_op_spec *op;          /* [n_op] alone */
  enum cr_match *match;           /* [n_op] */
  uint32_t n_match[CR_N_MATCH];   /* ops of each kind */
  const struct cr_kineto_span **replay; /* [n_replay] its ops, [n_op] */
};

/* The replays of a stream must all be of the same ops; the names live as long as the recordings and the spans. */
int cr_corun_match(const struct cr_recordings *r, const char *path, const struct cr_kineto_stream *s,
                   struct cr_arena *arena, struct cr_corun_stream *out, struct cr_err *err) CR_MUST;

#endif
