/* ncu.h - merges Nsight Compute counters (CSV of `ncu --csv --page raw`) into a model of a store (traces/counter_match.h). */
#ifndef CR_NCU_H
#define CR_NCU_H
#include "traces/counter_match.h"

/* unmatched gets a line for each kind of kernel that is without counters, and of row that is of no kernel; or NULL. */
int cr_ncu_import(struct cr_store *s, const char *path, const char *model, const struct cr_origin *origin,
                  struct cr_counter_result *out, struct cr_text *unmatched, struct cr_err *err) CR_MUST;

#endif
