/* studydb_int.h - what the parts of the results database share: the open file, short ways to run SQL, and what every study has. */
#ifndef CR_STUDYDB_INT_H
#define CR_STUDYDB_INT_H
#include <sqlite3.h>

#include "traces/studydb.h"

struct cr_studydb {
  sqlite3 *db;
  char *path;
  int is_read;                        /* and not written by this process */
  const struct cr_studydb_head *head; /* of one that is written, and the rest, too */
  sqlite3_stmt *add_run, *add_value;
  cr_ns duration_ns, warmup_ns;        /* of a search's whole runs */
  uint32_t n_point, n_policy, n_round; /* of a search: that are there */
};

int cr_studydb_connect(const char *path, int flags, struct cr_studydb **out, struct cr_err *err) CR_MUST;
int cr_studydb_make_tables(struct cr_studydb *db, struct cr_err *err) CR_MUST; /* in an empty file */
int cr_studydb_exec(struct cr_studydb *db, const char *sql, struct cr_err *err) CR_MUST;
int cr_studydb_prepare(struct cr_studydb *db, const char *sql, sqlite3_stmt **out, struct cr_err *err) CR_MUST;

/* 1: there is a row; 0: no more; negative: failed. */
int cr_studydb_step(struct cr_studydb *db, sqlite3_stmt *q, struct cr_err *err) CR_MUST;

/* Makes a database, with all that the head says, or opens one that has the same; within a transaction that cr_studydb_begun ends.
 * *is_new: it is made.  The head must live as long as *out. */
int cr_studydb_begin(const char *path, const struct cr_studydb_head *head, int *is_new, struct cr_studydb **out,
                     struct cr_err *err) CR_MUST;
int cr_studydb_begun(struct cr_studydb *db, struct cr_err *err) CR_MUST;

/* Opens one to read.  Its words are those given; NULL: any. */
int cr_studydb_look(const char *path, const struct cr_design_words *words, struct cr_studydb **out,
                    struct cr_err *err) CR_MUST;

/* CR_EINPUT: it is by another version of the program. */
int cr_studydb_check_program(struct cr_studydb *db, struct cr_err *err) CR_MUST;

/* Whether what last failed did so because another process writes it. */
int cr_studydb_is_busy(const struct cr_studydb *db);

/* One row of texts, whole numbers (int64_t) and nothing (no argument): s, i and n. */
int cr_studydb_insert(struct cr_studydb *db, struct cr_err *err, const char *sql, const char *fmt, ...) CR_MUST;

/* Calls put for each run that has ended, with the place of its seed and its values; state, places and values are all it knows of
 * it.  CR_EINPUT: a place is not below these numbers. */
struct cr_studydb_limits {
  uint32_t n_point, n_policy, n_seed, n_metric;
};
int cr_studydb_each_run(struct cr_studydb *db, const struct cr_studydb_limits *limits,
                        int (*put)(void *ctx, const struct cr_study_run *run, const double *value, struct cr_err *err),
                        void *ctx, struct cr_err *err) CR_MUST;

/* It is damaged, and how. */
int cr_studydb_damaged(const struct cr_studydb *db, const char *how, struct cr_err *err) CR_COLD;

#endif
