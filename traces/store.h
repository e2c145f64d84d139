/* store.h - the trace store: models as recorded, in one SQLite file anyone can query.
 *
 * STRICT tables, application_id "crtr", user_version = CR_STORE_VERSION, times in integer ns, unknown = NULL, each
 * import with its provenance.  The schema is traces/store_schema.h; docs/formats.md explains it. */
#ifndef CR_STORE_H
#define CR_STORE_H
#include "sim/base.h"
#include "sim/mem.h"
#include "sim/text.h"
#include "sim/workload.h"

#define CR_STORE_VERSION 4
#define CR_STORE_APPLICATION_ID 0x63727472 /* "crtr" */

/* Where records come from; any member may be NULL. */
struct cr_origin {
  const char *file;                                     /* base name of the imported file */
  const char *sha256;                                   /* of its bytes as given */
  const char *tool;                                     /* "kineto", with schema version */
  const char *host, *gpu, *driver, *command, *recorded; /* as the file or the user says */
};

struct cr_store;

/* Opens an existing store for reading.  Not a store, newer, or damaged: CR_EINPUT, the file untouched.  One of version 2, which
 * had no profiles of kernels, or 3, which had no clusters, is read as it is, and becomes one of today's version when something is
 * added. */
int cr_store_open(const char *path, struct cr_store **out, struct cr_err *err) CR_MUST;

/* The application_id in the head of a SQLite file; 0 when it is none or cannot be read. */
uint32_t cr_store_application(const char *path);

/* Opens for adding; makes the file when there is none.  Everything until cr_store_commit is one transaction: a failed
 * import leaves an old store as it was, and no new file. */
int cr_store_edit(const char *path, struct cr_store **out, struct cr_err *err) CR_MUST;
int cr_store_commit(struct cr_store *s, struct cr_err *err) CR_MUST;
void cr_store_close(struct cr_store *s); /* without commit: nothing has changed */

/* Facts of a recording that a model spec does not hold; shown by `corun show`. */
struct cr_recording {
  const char *class;    /* "graph" or "eager" */
  uint32_t n_iteration; /* clean ones found; medians are over them */
  uint32_t n_left_out;  /* iterations that were cut or differed */
  cr_ns period_ns;      /* median between iteration starts when back to back; CR_NS_NEVER: not known */
  const char *report;   /* sanity report, a line each finding; may be "" */
};

/* A model under a new name; one of the same name is refused unless replace. */
int cr_store_add_model(struct cr_store *s, const struct cr_model_spec *model, const struct cr_recording *recording,
                       const struct cr_origin *origin, int replace, struct cr_err *err) CR_MUST;

/* Another file that the model, which is there, was made of. */
int cr_store_add_model_source(struct cr_store *s, const char *model, const struct cr_origin *origin,
                              struct cr_err *err) CR_MUST;

/* What other tools recorded of the same kernels, for models that are there already.  CR_UNKNOWN leaves a value as it
 * was. */
struct cr_counters {
  int64_t dram_bytes, l2_bytes, instructions, tensor_instructions, active_warps_q16; /* as in cr_op_spec */
};
/* counters: [n_op] of the model, which must have as many. */
int cr_store_set_counters(struct cr_store *s, const char *model, const struct cr_counters *counters, uint32_t n_op,
                          const struct cr_origin *origin, struct cr_err *err) CR_MUST;

/* The shared-memory carve-out of every kernel of that launch shape, in all models; *n_changed kernels are of it. */
int cr_store_set_carveout(struct cr_store *s, uint32_t threads, uint32_t regs, int64_t smem_bytes,
                          int64_t carveout_bytes, uint32_t *n_changed, struct cr_err *err) CR_MUST;
/* Kernels in all models, and those of them without a carve-out. */
int cr_store_count_carveouts(struct cr_store *s, uint32_t *n_kernel, uint32_t *n_without, struct cr_err *err) CR_MUST;
/* Provenance of something that concerns all models. */
int cr_store_add_source(struct cr_store *s, const struct cr_origin *origin, struct cr_err *err) CR_MUST;

/* The ops of a model, with names, in the arena. */
int cr_store_read_model(struct cr_store *s, const char *name, struct cr_arena *arena, struct cr_op_spec **op,
                        uint32_t *n_op, struct cr_err *err) CR_MUST;

/* Adds one model to a workload; CR_EINPUT when there is none of that name, with the names that are near or all there
 * are. */
int cr_store_load_model(struct cr_store *s, const char *name, struct cr_workload_builder *b, cr_model *out,
                        struct cr_err *err) CR_MUST;

/* Names in order; calls back for each. */
int cr_store_each_model(struct cr_store *s, void (*each)(void *ctx, const char *name), void *ctx,
                        struct cr_err *err) CR_MUST;

/* Hash of all content that a run depends on (models and ops, in order), for provenance. */
int cr_store_hash(struct cr_store *s, uint64_t *out, struct cr_err *err) CR_MUST;

/* `corun show`: models, kernels, classes, totals, sanity report; format table, csv or json; model NULL: all of them. */
int cr_store_show(struct cr_store *s, const char *model, const char *format, struct cr_text *out,
                  struct cr_err *err) CR_MUST;

/* The whole store as SQL text that builds it again (`corun export`), and back. */
int cr_store_export(struct cr_store *s, struct cr_text *out, struct cr_err *err) CR_MUST;
int cr_store_build(const char *sql_path, const char *db_path, struct cr_err *err) CR_MUST;

#endif
