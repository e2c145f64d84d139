/* batch.h - requests of one client that run together, and at which of the times known of their layers.
 *
 * Times are known of some numbers of requests alone.  Fewer run as long as the next larger number that is known, up to the
 * client's batch, as a framework does that pads its input; nothing is made up for numbers in between. */
#ifndef CR_BATCH_H
#define CR_BATCH_H
#include "sim/workload.h"

/* The most requests of a batch. */
#define CR_BATCH_MAX UINT32_C(1024)

/* The row of cr_op_spec.layer by which n requests run the n_op layers of the model from op on, together on the device: the least
 * number of requests, from n to batch, of which all of these layers have times there; CR_NONE: there is none.  What has no
 * layers has the one row 0. */
uint32_t cr_batch_row(const struct cr_model_info *m, const struct cr_op_spec *op, uint32_t n_op, uint32_t device,
                      uint32_t n, uint32_t batch);

/* What is wrong with the batch of a client, whose stages are right; NULL: nothing.  op: the model's first. */
const char *cr_batch_fault(const struct cr_model_info *m, const struct cr_op_spec *op, const struct cr_client_spec *c);
extern const char cr_batch_unknown[]; /* that there are no times of so many */

/* Of a model to be added: its sizes ascend from 2 on, and only layers have any. */
const char *cr_batch_sizes_fault(const struct cr_model_spec *spec);

#endif
