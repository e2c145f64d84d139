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
  const char *name;             /* of the model */
  const char *where;            /* ", on stream 7 ..." for what is said of it; NULL */
  int has_memory;               /* what its process has of the device's memory is all its own */
  int by_thread;                /* other threads of its process drive other chains: their calls are not its own */
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
  cr_ns *value;                          /* [it.n_clean] for medians */
  const struct cr_capture_range **range; /* [it.n_clean] that each iteration lies in; NULL: found without */
  struct cr_text report;
};

/* Index of the first op of clean iteration k. */
static inline uint32_t cr_chain_first(const struct cr_chain *ch, uint32_t k)
{
  return ch->token[ch->it.first[k]].op0;
}

/* Of an even number the lower of the middle two; v is put in order. */
cr_ns cr_chain_median(cr_ns *v, uint32_t n);

int cr_chain_by_start(const void *a, const void *b); /* of ops, for qsort */
void cr_capture_sort(struct cr_capture *c);          /* its calls by process and correlation */

/* capture_model.c.  Adds the chain's model; its ops are in order of start. */
int cr_chain_add(struct cr_store *s, struct cr_chain *ch, struct cr_err *err) CR_MUST;

/* capture_range.c.  Iterations by ranges named use->range; and stages of ops, [n_one], by the ranges within. */
int cr_chain_find_ranges(struct cr_chain *ch, struct cr_err *err) CR_MUST;
int cr_chain_stages(struct cr_chain *ch, struct cr_op_spec *op, struct cr_err *err) CR_MUST;

/* capture_period.c.  Iterations of a whole program, by what repeats. */
int cr_chain_find_period(struct cr_chain *ch, struct cr_err *err) CR_MUST;

/* capture_memory.c.  Medians of what is held when iterations begin, and of what they need above that at their peaks, into the
 * model's persistent, framework and ephemeral bytes, as far as the recording tells. */
int cr_chain_memory(struct cr_chain *ch, struct cr_model_spec *model, struct cr_err *err) CR_MUST;

/* capture_launch.c.  Finds host_start and n_call; then launch times can be asked for. */
int cr_chain_find_launches(struct cr_chain *ch, struct cr_err *err) CR_MUST;
/* Median CPU time before the launch call of op j of an iteration; CR_NS_NEVER when the file does not tell. */
cr_ns cr_chain_launch_time(struct cr_chain *ch, uint32_t j);
/* Median number of CUDA calls made in that time; 0: not known. */
uint32_t cr_chain_launch_calls(struct cr_chain *ch, uint32_t j);

#endif
