/* counter_match.h - counters of a run in which kernels were counted, given to the kernels of a model, which were timed in
 * another.
 *
 * Tools spell names differently and an eager run's choice of kernels may differ from the recorded one's, so a row of counters
 * and a kernel are taken for the same when the function's own name (without namespaces, templates and parameters), blocks,
 * threads, registers and shared memory agree.  Equal ones are paired in order (the longest common subsequence of the two
 * runs, the last of several); a kernel left without a row gets the median of the rows of its key if those agree. */
#ifndef CR_COUNTER_MATCH_H
#define CR_COUNTER_MATCH_H
#include "sim/base.h"
#include "sim/text.h"
#include "traces/store.h"

/* What makes a row and a kernel the same. */
struct cr_counter_key {
  uint64_t name; /* cr_counter_name */
  int64_t blocks, threads, regs, smem_bytes;
};

struct cr_counter_row {
  struct cr_counter_key key;
  const char *text; /* the kernel's name as its tool has it; the caller's */
  struct cr_counters counters;
};

/* Of one run, in the order of launches.  Zeroed but for path, which sentences name. */
struct cr_counter_rows {
  const char *path;
  struct cr_counter_row *row; /* [n] */
  uint32_t n, cap;
};

struct cr_counter_result {
  uint32_t n_row;       /* kernels that were counted */
  uint32_t n_kernel;    /* kernels of the model, of which */
  uint32_t n_in_order;  /* were paired with a row in order, */
  uint32_t n_alike;     /* got the median of rows that agree, */
  uint32_t n_unmatched; /* have no counters */
  uint32_t n_stray;     /* rows of no kernel of the model */
};

/* Hash of a function's own name: the last word before its parameters, outside template arguments. */
uint64_t cr_counter_name(const char *name);

int cr_counter_rows_add(struct cr_counter_rows *rows, const struct cr_counter_row *row, struct cr_err *err) CR_MUST;
void cr_counter_rows_fini(struct cr_counter_rows *rows);

/* The model's kernels get their counters, and the model one more origin.  unmatched gets a line for each kind of kernel that
 * is without counters, and of row that is of no kernel; or NULL.  CR_EINPUT: no row is of any kernel. */
int cr_counter_match(struct cr_store *s, const struct cr_counter_rows *rows, const char *model,
                     const struct cr_origin *origin, struct cr_counter_result *out, struct cr_text *unmatched,
                     struct cr_err *err) CR_MUST;

#endif
