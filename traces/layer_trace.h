/* layer_trace.h - how long the layers of a model take on a GPU, out of its recorded trace.
 *
 * Layers are consecutive parts of the trace: of each is known how many ops are its own (cr_layer_table_set_ops), or, where none is,
 * the trace has as many stages as the model layers, and they are these.  exec is what its ops took, one after the other, with the
 * idle time that was recorded before each but the first of all; hd and dh are the copies from the host that a layer begins with, and
 * those to it that it ends with, where there are any, else what the table says. */
#ifndef CR_LAYER_TRACE_H
#define CR_LAYER_TRACE_H
#include "sim/mem.h"
#include "traces/layer_table.h"

/* The model of the table gets times on GPUs of the type from the trace of that name, of the first of the stores, [n_store] files, that
 * has it, or else of the bundled one. */
int cr_layer_trace_add(struct cr_layer_table *t, const char *model, const char *gpu_type, const char *trace,
                       const char *const *store, uint32_t n_store, struct cr_arena *arena, struct cr_err *err) CR_MUST;

#endif
