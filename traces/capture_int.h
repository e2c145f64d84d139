/* capture_int.h - between the files that make models of captures: one chain of ops on its way to be a model. */
#ifndef CR_CAPTURE_INT_H
#define CR_CAPTURE_INT_H
#include "sim/text.h"
#include "traces/capture.h"
#include "traces/capture_model.h"
#include "traces/iteration.h"

/* A graph replay, or an op launched alone. */
struct cr_chain_token {
  uint32_t op0, n_op;
};

struct cr_chain {
  struct cr_capture *c; /* its calls in order of process and correlation */
  const struct cr_capture_use *use;
  struct cr_arena *arena;       /* the capture's */
  struct cr_capture_op *op;     /* [n_op] of the capture's, by start */
  struct cr_chain_token *token; /* [n_token] */
  uint64_t *token_hash;
  cr_ns *idle_ns; /* [n_token] of the device before it; the first's is 0 */
  uint32_t n_op, n_token;
  int all_graphs;
  struct cr_repeats it; /* in tokens */
  uint32_t n_one;       /* ops of one iteration */
  struct cr_capture_call *
    *call_of;        /* [n_op] launch call of an op; NULL: none in the file, or not the first of its graph */
  cr_ns *host_start; /* [it.n_clean] first host activity; CR_NS_NEVER: none found */
  uint32_t
    *n_call; /* [n_op] CUDA calls from the launch call before it, or the iteration's first host activity, to its own */
  cr_ns *value; /* [it.n_clean] for medians */
  struct cr_text report;
};

/* Index of the first op of clean iteration k. */
static inline uint32_t cr_chain_first(const struct cr_chain *ch, uint32_t k)
{
  return ch->token[ch->it.first[k]].op0;
}

/* Of an even number the lower of the middle two; v is put in order. */
cr_ns cr_chain_median(cr_ns *v, uint32_t n);

/* capture_launch.c.  Finds host_start and n_call; then launch times can be asked for. */
int cr_chain_find_launches(struct cr_chain *ch, struct cr_err *err) CR_MUST;
/* Median CPU time before the launch call of op j of an iteration; CR_NS_NEVER when the file does not tell. */
cr_ns cr_chain_launch_time(struct cr_chain *ch, uint32_t j);
/* Median number of CUDA calls made in that time; 0: not known. */
uint32_t cr_chain_launch_calls(struct cr_chain *ch, uint32_t j);

#endif
