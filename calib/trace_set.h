/* trace_set.h - the stores that a validation takes its models from: those given, then the bundled one.
 *
 * A given source is a store or a folder of Kineto files, which are imported into a temporary store.  A model may be there in
 * two variants: NAME, and autotuned/NAME, recorded by a process in which cuDNN chose its kernels by trial.  The first source
 * that has either is taken. */
#ifndef CR_TRACE_SET_H
#define CR_TRACE_SET_H
#include "sim/base.h"
#include "sim/workload.h"

struct cr_trace_set;

/* source: [n_source] paths; bundled: path of the bundled store, or NULL.  model: [n_model], those to import from folders.
 * Opened are only the sources that hold one of them; a given source that holds none is refused. */
int cr_trace_set_open(const char *const *source, uint32_t n_source, const char *bundled, const char *const *model,
                      uint32_t n_model, struct cr_trace_set **out, struct cr_err *err) CR_MUST;
void cr_trace_set_close(struct cr_trace_set *s);

/* Whether the first source with the model has it as NAME, as autotuned/NAME.  Neither: CR_EINPUT with what to do. */
int cr_trace_set_find(const struct cr_trace_set *s, const char *model, int *plain, int *autotuned,
                      struct cr_err *err) CR_MUST;

/* Adds the variant (found before) to a workload; its name there is the one in the store. */
int cr_trace_set_load(struct cr_trace_set *s, const char *model, int autotuned, struct cr_workload_builder *b,
                      cr_model *out, struct cr_err *err) CR_MUST;

#endif
