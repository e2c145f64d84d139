/* memory_table.h - tables of the memory that models use within an iteration: CSV, a row a step.
 *
 * Columns workload, at_ns, bytes.  The rows of a workload stand together, in order of time from 0 on; in the last of them
 * bytes is empty: there the iteration ends.  docs/formats.md describes it; `corun import memory` writes it. */
#ifndef CR_MEMORY_TABLE_H
#define CR_MEMORY_TABLE_H
#include "sim/base.h"
#include "sim/memory_curve.h"
#include "sim/text.h"

struct cr_memory_table;

int cr_memory_table_read(const char *path, struct cr_memory_table **out, struct cr_err *err) CR_MUST;
void cr_memory_table_free(struct cr_memory_table *t); /* NULL is fine */

const char *cr_memory_table_path(const struct cr_memory_table *t);

uint32_t cr_memory_table_count(const struct cr_memory_table *t); /* of workloads */

/* NULL: there is none of that name. */
const struct cr_memory_curve *cr_memory_table_find(const struct cr_memory_table *t, const char *workload);

/* The header row, and the rows of a workload, as the reader takes them. */
void cr_memory_table_print_header(struct cr_text *out);
void cr_memory_table_print(const char *workload, const struct cr_memory_curve *curve, struct cr_text *out);

#endif
