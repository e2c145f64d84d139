/* layer_table.h - models known by their layers, and how long each layer takes on what nodes are made of.
 *
 * Read from a CSV table (traces/layer_csv.c) or from a list of models in YAML (traces/scenario_layers.c).  A model's layers are
 * in the order in which they are first named.  What has no time cannot run there. */
#ifndef CR_LAYER_TABLE_H
#define CR_LAYER_TABLE_H
#include "sim/base.h"
#include "sim/machine.h"
#include "sim/workload.h"

struct cr_layer_table;

/* Where a layer takes so long. */
struct cr_layer_on {
  const char *type;          /* of cores, or of GPUs */
  uint32_t n_core;           /* 0: a GPU and the core beside it */
  uint32_t batch;            /* so many requests together; 0 counts as 1 */
  struct cr_layer_time time; /* exec CR_NS_NEVER: a trace is to say it (cr_layer_table_set) */
};

/* Of what no place tells it otherwise: name begins errors. */
struct cr_layer_table *cr_layer_table_new(const char *name) CR_MUST;
void cr_layer_table_free(struct cr_layer_table *t); /* NULL is fine */

/* The model's next layer, if it is not named yet.  place ("x.csv:3") is told when it turns out not to run.  Names have 1 to 80
 * characters and no line feeds.  CR_ENOMEM. */
int cr_layer_table_name(struct cr_layer_table *t, const char *place, const char *model, const char *layer) CR_MUST;

/* A time of a layer, which is named by it; one of less than 1 ns (exec) is taken as 1 ns.  line: of the caller's, above 0; *twice is that of
 * the time that is there already, or 0.  CR_ENOMEM. */
int cr_layer_table_put(struct cr_layer_table *t, const char *place, const char *model, const char *layer,
                       const struct cr_layer_on *on, uint32_t line, uint32_t *twice) CR_MUST;

uint32_t cr_layer_table_count(const struct cr_layer_table *t); /* models */

/* So many ops of the model's trace are the layer's own, which is named already; said twice they must be the same, or it is 0.
 * CR_NONE: not said. */
int cr_layer_table_set_ops(struct cr_layer_table *t, const char *model, const char *layer, uint32_t n_op);
uint32_t cr_layer_table_ops(const struct cr_layer_table *t, const char *model, const char *layer);

/* Of the trace of that name the layer launches n_op ops from first on.  CR_ENOMEM. */
int cr_layer_table_set_part(struct cr_layer_table *t, const char *model, const char *layer, const char *trace,
                            uint32_t first, uint32_t n_op) CR_MUST;
const char *cr_layer_table_trace(const struct cr_layer_table *t, const char *model); /* of its layers; NULL: none is said */

/* The layer's time there, known or not, in place of what it was. */
int cr_layer_table_set(struct cr_layer_table *t, const char *model, const char *layer,
                       const struct cr_layer_on *on) CR_MUST;

/* The i-th layer of a model, from 0, and where it was named; NULL: it has no more. */
const char *cr_layer_table_layer(const struct cr_layer_table *t, const char *model, uint32_t i, const char **place);

/* Of one request alone.  NULL: it has no time there. */
const struct cr_layer_time *cr_layer_table_find(const struct cr_layer_table *t, const char *model, const char *layer,
                                                const char *type, uint32_t n_core);

/* The model, with its layers' times on the nodes of the machine, and what they launch where a node's kernels are followed: of its
 * trace, the first op of which is trace_op0 in the table of all (CR_NONE: it was not added).  Refused where the table has no such
 * model, or a layer can run on none of the nodes. */
int cr_layer_table_add(const struct cr_layer_table *t, const char *model, const struct cr_machine *m, uint32_t trace_op0,
                       struct cr_workload_builder *b, cr_model *out, struct cr_err *err) CR_MUST;

/* A CSV table: a line is one layer of one model on one kind of node.  Columns, by name: model, layer, on (a type of cores, or of
 * GPUs), cores (so many of the type; empty on a GPU), time_us (on cores), hd_us, exec_us, misc_us, dh_us (on a GPU: copy in,
 * kernels, work on the core beside, copy out; all but exec_us 0 where empty), ops (of a trace, on a GPU: then exec_us may be empty),
 * batch (so many requests together; 1 where empty), and, which are not read, median_us, runs, source. */
int cr_layer_table_read(const char *path, struct cr_layer_table **out, struct cr_err *err) CR_MUST;

/* Its lines about one model, which it must have, into a table. */
int cr_layer_table_read_model(const char *path, const char *model, struct cr_layer_table *t,
                              struct cr_err *err) CR_MUST;

#endif
