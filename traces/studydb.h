/* studydb.h - the results database of a study: its design, and of each run how it ended and its metrics.
 *
 * A study is a sweep, whose points, policies and seeds are known beforehand, or a search, which asks for them round by
 * round and ends with a ranking.  SQLite, STRICT tables, application_id "crsw".  While a study is under way each run is
 * committed as it ends, so that one that is killed goes on where it was; the file is locked meanwhile, for readers too.
 * At the end it is written anew in order, so that its bytes depend on the design and the results alone.  Ranks that share
 * a sweep write files of their own beside it (shards), which become one. */
#ifndef CR_STUDYDB_H
#define CR_STUDYDB_H
#include "studies/design.h"
#include "studies/ranking.h"
#include "studies/results.h"
#include "studies/search_log.h"

#define CR_STUDYDB_VERSION 2
#define CR_STUDYDB_APPLICATION_ID 0x63727377 /* "crsw" */

/* What a study is of. */
struct cr_studydb_head {
  const struct cr_design_words *words;
  const uint64_t *seed;               /* [n_seed] */
  const struct cr_run_metric *metric; /* [n_metric] */
  uint32_t n_seed, n_metric;
  const char *scenario, *about, *scenario_text; /* its name, its line, and the YAML of the first point */
};

struct cr_studydb;

/* Makes the database of a sweep, or opens one to go on: its runs are put into results, which are of the design;
 * workload_hash is [n_point].  CR_EINPUT: it is of another study, program, or workload, none at all, damaged, or another
 * process writes it. */
int cr_studydb_open(const char *path, const struct cr_studydb_head *head, const uint64_t *workload_hash,
                    struct cr_results *results, struct cr_studydb **out, struct cr_err *err) CR_MUST;

/* The same of a search: what is there is put into the log, which is empty; whether the workloads of its points are what they were
 * is the caller's to find out.  A run that is not shortened lasts duration_ns. */
int cr_studydb_open_search(const char *path, const struct cr_studydb_head *head, cr_ns duration_ns, cr_ns warmup_ns,
                           struct cr_search_log *log, struct cr_studydb **out, struct cr_err *err) CR_MUST;

/* Commits one run; value is [n_metric]. */
int cr_studydb_add(struct cr_studydb *db, const struct cr_study_run *run, const double *value,
                   struct cr_err *err) CR_MUST;

/* Commits a round of a search (numbered from 0) before it is run: what it asks for, and the points and policies of the log that
 * the database has not.  One that is there stays as it is. */
int cr_studydb_add_round(struct cr_studydb *db, const struct cr_search_log *log, uint32_t round,
                         enum cr_search_step step, const struct cr_log_run *asked, uint32_t n,
                         struct cr_err *err) CR_MUST;

/* The workload of a point, once it has been loaded. */
int cr_studydb_add_hash(struct cr_studydb *db, uint32_t point, uint64_t workload_hash, struct cr_err *err) CR_MUST;

/* What a search has come to, in place of what is there. */
int cr_studydb_put_ranking(struct cr_studydb *db, const struct cr_judge *judge, const struct cr_search_log *log,
                           const struct cr_ranking *ranking, struct cr_err *err) CR_MUST;

/* The sentence for a point that has another workload now; returns CR_EINPUT. */
int cr_studydb_changed(const char *path, uint32_t point, struct cr_err *err) CR_COLD;

void cr_studydb_close(struct cr_studydb *db); /* NULL is fine */

/* Whether there is such a file. */
int cr_studydb_exists(const char *path);

/* The words of the design, appended. */
int cr_studydb_words(const char *path, struct cr_design_words *out, struct cr_err *err) CR_MUST;

/* Removes a results database, whatever study and version it is of, or damaged; none is fine.  CR_EINPUT: it is another kind of
 * file, or another process writes it. */
int cr_studydb_discard(const char *path, struct cr_err *err) CR_MUST;

/* Puts the runs of a sweep's database into results; its words are the design's.  workload_hash, [n_point], unless NULL: it must be
 * by this program and of these workloads, too.  *is_busy, unless NULL: 1 when the error is that another process writes it. */
int cr_studydb_read(const char *path, const uint64_t *workload_hash, struct cr_results *results, int *is_busy,
                    struct cr_err *err) CR_MUST;

/* Puts what a search's database has into an empty log, which gets its keys, too, and its ranking, whose is_over is 0 where it
 * has none yet. */
int cr_studydb_read_search(const char *path, const struct cr_studydb_head *head, struct cr_search_log *log,
                           struct cr_ranking *ranking, struct cr_err *err) CR_MUST;

/* The file of a rank; free with cr_mem_free.  NULL without memory. */
char *cr_studydb_shard(const char *path, uint32_t rank, uint32_t n_rank) CR_MUST;
/* Of how many ranks it is one. */
uint32_t cr_studydb_shard_ranks(const char *shard);

/* Shards that lie beside path, of any number of ranks, in order of name; in the arena. */
int cr_studydb_find_shards(const char *path, struct cr_arena *arena, const char ***out, uint32_t *n,
                           struct cr_err *err) CR_MUST;

/* Writes path anew, of itself (where it is there), the shards, which are removed, and others, which stay.  All are of one design, as
 * the caller knows.  CR_EINPUT: not all are by one program and of one workload; then nothing is changed. */
int cr_studydb_settle(const char *path, const char *const *shard, uint32_t n_shard, const char *const *other,
                      uint32_t n_other, struct cr_err *err) CR_MUST;

/* Of ranks that end at the same time one at a time looks whether all is done: waits for the others.  *out is closed by
 * cr_studydb_unlock, which removes the lock's file.  CR_EINPUT: its folder cannot be written. */
int cr_studydb_lock(const char *path, int *out, struct cr_err *err) CR_MUST;
void cr_studydb_unlock(const char *path, int lock);

#endif
