/* iteration_table.h - workloads of which only whole iterations are known, one a line of a CSV table.
 *
 * Columns, by name: workload, iteration_ms; and, each optional, startup_s, persistent_mib or persistent_bytes,
 * ephemeral_mib or ephemeral_bytes, framework_mib or framework_bytes (part of the persistent), sm_share,
 * dram_share (0 to 1), source (not read: where the figures are from).  An empty cell is not known; iteration_ms
 * must be. */
#ifndef CR_ITERATION_TABLE_H
#define CR_ITERATION_TABLE_H
#include "sim/base.h"
#include "sim/workload.h"

struct cr_iteration_row {
  const char *workload;
  uint32_t line;
  cr_ns iteration_ns, startup_ns;                                               /* startup: CR_NS_NEVER: not known */
  int64_t persistent_bytes, ephemeral_bytes, framework_bytes, sm_ppm, dram_ppm; /* or CR_UNKNOWN */
};

struct cr_iteration_table;

int cr_iteration_table_read(const char *path, struct cr_iteration_table **out, struct cr_err *err) CR_MUST;
void cr_iteration_table_free(struct cr_iteration_table *t);

const char *cr_iteration_table_path(const struct cr_iteration_table *t);
uint32_t cr_iteration_table_count(const struct cr_iteration_table *t);
const struct cr_iteration_row *cr_iteration_table_row(const struct cr_iteration_table *t, uint32_t i);
const char *const *cr_iteration_table_names(const struct cr_iteration_table *t); /* [count] */

/* NULL: there is none of that name. */
const struct cr_iteration_row *cr_iteration_table_find(const struct cr_iteration_table *t, const char *workload);

/* Says that the table has no such workload, and which one was probably meant; returns CR_EINPUT. */
int cr_iteration_table_no(const struct cr_iteration_table *t, const char *workload, struct cr_err *err);

/* The workload as a model of one op. */
int cr_iteration_row_add(const struct cr_iteration_row *row, struct cr_workload_builder *b, cr_model *out,
                         struct cr_err *err) CR_MUST;

#endif
