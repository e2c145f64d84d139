/* store_check.h - the sanity report on a model: what in its record is odd, missing or contradicts itself. */
#ifndef CR_STORE_CHECK_H
#define CR_STORE_CHECK_H
#include "sim/text.h"
#include "sim/workload.h"

/* Adds a line for each kind of finding, with the count and the first op concerned; nothing when all is well. */
void cr_store_check(const struct cr_op_spec *op, uint32_t n_op, struct cr_text *out);

#endif
