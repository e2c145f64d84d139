/* studydb.h - the results database of a sweep: its design, and of each run how it ended and its metrics.
 *
 * SQLite, STRICT tables, application_id "crsw".  While a sweep is under way each run is committed as it ends, so that a
 * sweep that is killed goes on where it was; the file is locked meanwhile, for readers too.  At the end it is written
 * anew in order, so that its bytes depend on the design and the results alone.  Ranks that share a sweep write files of
 * their own beside it (shards), which become one. */
#ifndef CR_STUDYDB_H
#define CR_STUDYDB_H
#include "studies/design.h"
#include "studies/results.h"

#define CR_STUDYDB_VERSION 1
#define CR_STUDYDB_APPLICATION_ID 0x63727377 /* "crsw" */

struct cr_studydb_about {
  const struct cr_design *design;
  const char *scenario, *about, *scenario_text; /* its name, its line, and the YAML of the first point */
  const uint64_t *workload_hash;                /* [n_point] */
};

struct cr_studydb;

/* Makes the database, or opens one to go on: its runs are put into results.  CR_EINPUT: it is of another design, program,
 * or workload, none at all, damaged, or another sweep writes it. */
int cr_studydb_open(const char *path, const struct cr_studydb_about *about, struct cr_results *results,
                    struct cr_studydb **out, struct cr_err *err) CR_MUST;

/* Commits one run; value is [n_metric]. */
int cr_studydb_add(struct cr_studydb *db, const struct cr_sweep_run *run, const double *value,
                   struct cr_err *err) CR_MUST;
void cr_studydb_close(struct cr_studydb *db); /* NULL is fine */

/* Whether there is such a file. */
int cr_studydb_exists(const char *path);

/* The words of the design, appended. */
int cr_studydb_words(const char *path, struct cr_design_words *out, struct cr_err *err) CR_MUST;

/* Puts the runs of a database into results; its words are the design's.  *is_busy, unless NULL: 1 when the error is that a
 * sweep writes it. */
int cr_studydb_read(const char *path, struct cr_results *results, int *is_busy, struct cr_err *err) CR_MUST;

/* The file of a rank; free with cr_mem_free.  NULL without memory. */
char *cr_studydb_shard(const char *path, uint32_t rank, uint32_t n_rank) CR_MUST;

/* Shards that lie beside path, of any number of ranks, in order of name; in the arena. */
int cr_studydb_find_shards(const char *path, struct cr_arena *arena, const char ***out, uint32_t *n,
                           struct cr_err *err) CR_MUST;

/* Writes path anew, of itself (where it is there) and the shards, which are removed.  All are of one design. */
int cr_studydb_settle(const char *path, const char *const *shard, uint32_t n_shard, struct cr_err *err) CR_MUST;

/* Of ranks that end at the same time one at a time looks whether all is done: waits for the others.  *out is closed by
 * cr_studydb_unlock, which removes the lock's file when done is set. */
int cr_studydb_lock(const char *path, int *out, struct cr_err *err) CR_MUST;
void cr_studydb_unlock(const char *path, int lock, int done);

#endif
