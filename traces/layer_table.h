/* layer_table.h - models known by their layers, and how long each layer takes on what nodes are made of: a CSV table.
 *
 * A line is one layer of one model on one kind of node.  Columns, by name: model, layer, on (a type of cores, or gpu), cores (so
 * many of the type; empty on a GPU), time_us (on cores), hd_us, exec_us, misc_us, dh_us (on a GPU: copy in, kernels, work on the
 * core beside, copy out; all but exec_us 0 where empty), source (not read), batch (so many
 * requests together; 1 where empty).  A model's layers are in the order in which they are
 * first named.  What has no line cannot run there. */
#ifndef CR_LAYER_TABLE_H
#define CR_LAYER_TABLE_H
#include "sim/base.h"
#include "sim/machine.h"
#include "sim/workload.h"

struct cr_layer_table;

int cr_layer_table_read(const char *path, struct cr_layer_table **out, struct cr_err *err) CR_MUST;
void cr_layer_table_free(struct cr_layer_table *t); /* NULL is fine */

uint32_t cr_layer_table_count(const struct cr_layer_table *t); /* models */
const char *cr_layer_table_model(const struct cr_layer_table *t, uint32_t i);

/* The model, with its layers' times on the nodes of the machine.  Refused where the table has no such model, or a layer can run
 * on none of the nodes. */
int cr_layer_table_add(const struct cr_layer_table *t, const char *model, const struct cr_machine *m,
                       struct cr_workload_builder *b, cr_model *out, struct cr_err *err) CR_MUST;

#endif
