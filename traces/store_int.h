/* store_int.h - what the store's own files share: the open store and short ways to run SQL. */
#ifndef CR_STORE_INT_H
#define CR_STORE_INT_H
#include <sqlite3.h>

#include "traces/store.h"

struct cr_store {
  sqlite3 *db;
  char *path;
  char *tmp;   /* the new file while it is made; NULL for one that was there */
  int editing; /* a transaction is open */
  int old;     /* the version it has, where that is not today's; else 0 */
};

/* A new file without tables, that gets its name with cr_store_give_name; no transaction is open. */
int cr_store_make_empty(const char *path, struct cr_store **out, struct cr_err *err) CR_MUST;
int cr_store_give_name(struct cr_store *s, struct cr_err *err) CR_MUST;

/* Whether what is open is a store that this program can read. */
int cr_store_check_kind(struct cr_store *s, struct cr_err *err) CR_MUST;

/* The sentence for what SQLite last said; `doing` ("reading models") is what failed. */
int cr_store_fail(struct cr_store *s, const char *doing, struct cr_err *err) CR_COLD;

/* One statement; the caller finalises it. */
int cr_store_prepare(struct cr_store *s, const char *sql, sqlite3_stmt **out, struct cr_err *err) CR_MUST;

/* Statements without results. */
int cr_store_exec(struct cr_store *s, const char *sql, struct cr_err *err) CR_MUST;

/* Steps: 1 a row, 0 done, < 0 an error. */
int cr_store_step(struct cr_store *s, sqlite3_stmt *stmt, struct cr_err *err) CR_MUST;

/* id of the model; CR_EINPUT, with the names that are near or all there are, when there is none. */
int cr_store_find_model(struct cr_store *s, const char *name, int64_t *id, struct cr_err *err) CR_MUST;

/* The ops of a model in order, names in the arena. */
int cr_store_read_ops(struct cr_store *s, int64_t model, const char *model_name, struct cr_arena *arena,
                      struct cr_op_spec **op, uint32_t *n_op, struct cr_err *err) CR_MUST;

/* store_profile.c: what profiles by block say of the kernels of a model. */
int cr_store_add_profile(struct cr_store *s, int64_t model, const struct cr_model_spec *spec, struct cr_err *err) CR_MUST;
int cr_store_read_profile(struct cr_store *s, int64_t model, const char *model_name, struct cr_arena *arena,
                          struct cr_op_spec *op, uint32_t n_op, struct cr_err *err) CR_MUST;

/* store_cluster.c: what clusters they were launched in. */
int cr_store_add_clusters(struct cr_store *s, int64_t model, const struct cr_model_spec *spec,
                          struct cr_err *err) CR_MUST;
int cr_store_read_clusters(struct cr_store *s, int64_t model, const char *model_name, struct cr_op_spec *op,
                           uint32_t n_op, struct cr_err *err) CR_MUST;

/* store_version.c: an old store, just opened, gets empty tables in place of those that came later, which are not in its file; and
 * in a transaction, in the file. */
int cr_store_stand_in(struct cr_store *s, struct cr_err *err) CR_MUST;
int cr_store_upgrade(struct cr_store *s, struct cr_err *err) CR_MUST;

/* A row of provenance; model 0: of the whole store. */
int cr_store_add_origin(struct cr_store *s, int64_t model, const struct cr_origin *origin, struct cr_err *err) CR_MUST;

#endif
