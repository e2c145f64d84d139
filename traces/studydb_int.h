/* studydb_int.h - what the two sides of the results database share: the open file and short ways to run SQL. */
#ifndef CR_STUDYDB_INT_H
#define CR_STUDYDB_INT_H
#include <sqlite3.h>

#include "traces/studydb.h"

struct cr_studydb {
  sqlite3 *db;
  char *path;
  const struct cr_design *design;    /* of one that is written */
  sqlite3_stmt *add_run, *add_value; /* of one that is written */
};

int cr_studydb_connect(const char *path, int flags, struct cr_studydb **out, struct cr_err *err) CR_MUST;
int cr_studydb_make_tables(struct cr_studydb *db, struct cr_err *err) CR_MUST; /* in an empty file */
int cr_studydb_exec(struct cr_studydb *db, const char *sql, struct cr_err *err) CR_MUST;
int cr_studydb_prepare(struct cr_studydb *db, const char *sql, sqlite3_stmt **out, struct cr_err *err) CR_MUST;

/* 1: there is a row; 0: no more; negative: failed. */
int cr_studydb_step(struct cr_studydb *db, sqlite3_stmt *q, struct cr_err *err) CR_MUST;

#endif
