/* nsys_db.c - an export of Nsight Systems as a database: tables that may not be there, columns bound by name.
 *
 * nsys makes tables lazily and their columns grow with its versions, so that each table is looked for first, and each
 * column in PRAGMA table_info; one that is not there is selected as NULL.  Rows come in no order. */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sim/text.h"
#include "traces/nsys_int.h"
#include "traces/store.h"

enum { BUSY_MS = 3000, MAJOR = 3, MINOR_FIRST = 16, MINOR_LAST = 24 };

static int db_fail(struct cr_nsys_db *db, const char *doing, struct cr_err *err)
{
  switch (sqlite3_errcode(db->db) & 0xff) {
  case SQLITE_BUSY:
  case SQLITE_LOCKED:
    return cr_fail(err, CR_EINPUT, "%s: another process is writing it; try again when the export is done", db->path);
  case SQLITE_NOTADB:
    return cr_fail(err, CR_EINPUT, "%s: is no SQLite file; make one with `nsys export --type sqlite`", db->path);
  case SQLITE_CORRUPT:
    return cr_fail(err, CR_EINPUT, "%s: is damaged (%s, while %s); export it again", db->path, sqlite3_errmsg(db->db),
                   doing);
  case SQLITE_NOMEM:
    return cr_fail_nomem(err, db->path);
  default:
    return cr_fail(err, CR_EINPUT, "%s: %s, while %s", db->path, sqlite3_errmsg(db->db), doing);
  }
}

static int ends_with(const char *s, const char *tail)
{
  size_t n = strlen(s), m = strlen(tail);
  return n > m && !strcmp(s + n - m, tail);
}

static int check_file(const char *path, struct cr_err *err)
{
  struct stat st;
  char head[16] = "";
  FILE *f = fopen(path, "rb");
  if (!f)
    return cr_fail(err, CR_EINPUT, "%s: cannot be read: %s", path, strerror(errno));
  int is_file = fstat(fileno(f), &st) == 0 && S_ISREG(st.st_mode);
  size_t n = is_file ? fread(head, 1, sizeof head, f) : 0;
  fclose(f);
  if (!is_file)
    return cr_fail(err, CR_EINPUT, "%s: is no file", path);
  if (n == sizeof head && !memcmp(head, "SQLite format 3", sizeof head))
    return CR_OK;
  if (ends_with(path, ".nsys-rep") || ends_with(path, ".qdrep"))
    return cr_fail(err, CR_EINPUT, "%s: is a report; export it first: nsys export --type sqlite -o FILE.sqlite %s",
                   path, path);
  return cr_fail(err, CR_EINPUT, "%s: is no SQLite file; make one with `nsys export --type sqlite`", path);
}

static int has_table(struct cr_nsys_db *db, const char *name, int *out, struct cr_err *err)
{
  sqlite3_stmt *q = NULL;
  int code = sqlite3_prepare_v2(db->db, "SELECT 1 FROM sqlite_master WHERE type IN ('table', 'view') AND name = ?", -1,
                                &q, NULL);
  if (code == SQLITE_OK) {
    sqlite3_bind_text(q, 1, name, -1, SQLITE_STATIC);
    code = sqlite3_step(q);
  }
  *out = code == SQLITE_ROW;
  int rc = code == SQLITE_ROW || code == SQLITE_DONE ? CR_OK : db_fail(db, "looking for its tables", err);
  sqlite3_finalize(q);
  return rc;
}

/* -- tables -------------------------------------------------------------------------------------------------------- */

static int has_column(sqlite3 *db, const char *table, const char *column)
{
  sqlite3_stmt *q = NULL;
  int found = 0;
  if (sqlite3_prepare_v2(db, "SELECT 1 FROM pragma_table_info(?) WHERE name = ?", -1, &q, NULL) == SQLITE_OK) {
    sqlite3_bind_text(q, 1, table, -1, SQLITE_STATIC);
    sqlite3_bind_text(q, 2, column, -1, SQLITE_STATIC);
    found = sqlite3_step(q) == SQLITE_ROW;
  }
  sqlite3_finalize(q);
  return found;
}

int nsys_table_open(struct cr_nsys_db *db, const char *name, const char *const *column, int n_column, int n_needed,
                    struct cr_nsys_table *out, struct cr_err *err)
{
  struct cr_text sql = {0};
  int is_there;
  *out = (struct cr_nsys_table){.db = db, .name = name, .column = column};
  int rc = has_table(db, name, &is_there, err);
  if (rc || !is_there)
    return rc;
  for (int i = 0; i < n_column && !rc; i++) {
    int found = has_column(db->db, name, column[i]);
    if (!found && i < n_needed)
      rc = cr_fail(err, CR_EINPUT, "%s: table %s has no column %s (schema %s); export it with another version of nsys",
                   db->path, name, column[i], db->schema);
    cr_text_add(&sql, found ? "%s\"%s\"" : "%sNULL", i ? ", " : "SELECT ", column[i]);
  }
  cr_text_add(&sql, " FROM \"%s\"", name);
  if (!rc && sql.failed)
    rc = cr_fail_nomem(err, db->path);
  if (!rc && sqlite3_prepare_v2(db->db, sql.s, -1, &out->q, NULL) != SQLITE_OK)
    rc = db_fail(db, "reading its tables", err);
  cr_text_fini(&sql);
  return rc;
}

int nsys_table_next(struct cr_nsys_table *t, struct cr_err *err)
{
  if (!t->q)
    return 0;
  int code = sqlite3_step(t->q);
  if (code == SQLITE_DONE)
    return 0;
  if (code != SQLITE_ROW)
    return db_fail(t->db, t->name, err);
  t->row++;
  return 1;
}

void nsys_table_close(struct cr_nsys_table *t)
{
  sqlite3_finalize(t->q);
  t->q = NULL;
}

int nsys_bad_row(const struct cr_nsys_table *t, const char *what, struct cr_err *err)
{
  return cr_fail(err, CR_EINPUT, "%s: row %" PRIu64 " of %s: %s", t->db->path, t->row, t->name, what);
}

int nsys_is_null(const struct cr_nsys_table *t, int column)
{
  return sqlite3_column_type(t->q, column) == SQLITE_NULL;
}

const char *nsys_text(const struct cr_nsys_table *t, int column)
{
  const char *text = (const char *)sqlite3_column_text(t->q, column);
  return text ? text : "";
}

int nsys_take(const struct cr_nsys_table *t, int column, int64_t min, int64_t max, int64_t *out, struct cr_err *err)
{
  char what[160];
  int type = sqlite3_column_type(t->q, column);
  int64_t v = sqlite3_column_int64(t->q, column);
  if (type == SQLITE_INTEGER && v >= min && v <= max) {
    *out = v;
    return CR_OK;
  }
  if (type == SQLITE_INTEGER)
    snprintf(what, sizeof what, "%s is %" PRId64 ", out of range", t->column[column], v);
  else if (type == SQLITE_NULL)
    snprintf(what, sizeof what, "%s is missing", t->column[column]);
  else
    snprintf(what, sizeof what, "%s is '%.40s' where a whole number belongs", t->column[column], nsys_text(t, column));
  return nsys_bad_row(t, what, err);
}

int nsys_take_or(const struct cr_nsys_table *t, int column, int64_t min, int64_t max, int64_t missing, int64_t *out,
                 struct cr_err *err)
{
  if (!nsys_is_null(t, column))
    return nsys_take(t, column, min, max, out, err);
  *out = missing;
  return CR_OK;
}

static const int64_t ROWS_MAX = INT64_C(1) << 48; /* no file holds more, though rowids may be any number */

int64_t nsys_row_count(struct cr_nsys_db *db, const char *table)
{
  char sql[120];
  sqlite3_stmt *q = NULL;
  int64_t n = 0;
  snprintf(sql, sizeof sql, "SELECT max(rowid) FROM \"%s\"", table);
  if (sqlite3_prepare_v2(db->db, sql, -1, &q, NULL) == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW)
    n = sqlite3_column_int64(q, 0);
  sqlite3_finalize(q);
  return n < 0 ? 0 : n < ROWS_MAX ? n : ROWS_MAX;
}

int nsys_enum_read(struct cr_nsys_db *db, const char *table, struct cr_arena *arena, struct cr_nsys_enum *out,
                   struct cr_err *err)
{
  static const char *const column[] = {"id", "name"};
  struct cr_nsys_table t;
  *out = (struct cr_nsys_enum){0};
  int rc = nsys_table_open(db, table, column, 2, 2, &t, err);
  out->is_there = t.q != NULL;
  while (!rc && (rc = nsys_table_next(&t, err)) > 0) {
    int64_t id;
    rc = nsys_take(&t, 0, INT64_MIN, INT64_MAX, &id, err);
    if (rc || id < 0 || id >= NSYS_ENUM_CAP)
      continue;
    out->name[id] = cr_arena_text(arena, nsys_text(&t, 1));
    if (!out->name[id])
      rc = cr_fail_nomem(err, db->path);
  }
  nsys_table_close(&t);
  return rc;
}

/* -- the whole ----------------------------------------------------------------------------------------------------- */

static int read_versions(struct cr_nsys_db *db, struct cr_err *err)
{
  static const char *const column[] = {"name", "value"};
  struct cr_nsys_table t;
  int rc = nsys_table_open(db, "META_DATA_EXPORT", column, 2, 2, &t, err);
  while (!rc && (rc = nsys_table_next(&t, err)) > 0) {
    if (!strcmp(nsys_text(&t, 0), "EXPORT_PRODUCT_VERSION"))
      snprintf(db->product, sizeof db->product, "%s", nsys_text(&t, 1));
    if (!strcmp(nsys_text(&t, 0), "EXPORT_SCHEMA_VERSION"))
      snprintf(db->schema, sizeof db->schema, "%s", nsys_text(&t, 1));
    rc = CR_OK;
  }
  if (!rc && !t.q)
    rc = cr_fail(err, CR_EINPUT, "%s: is a database, but no export of Nsight Systems: it has no META_DATA_EXPORT",
                 db->path);
  nsys_table_close(&t);
  return rc;
}

static int check_schema(struct cr_nsys_db *db, struct cr_err *err)
{
  char *end = db->schema;
  unsigned long major = strtoul(db->schema, &end, 10), minor = 0;
  int is_version = end != db->schema && *end == '.';
  if (is_version) {
    char *from = end + 1;
    minor = strtoul(from, &end, 10);
    is_version = end != from && (*end == '.' || !*end);
  }
  if (!is_version)
    return cr_fail(err, CR_EINPUT,
                   "%s: does not say of which schema it is (EXPORT_SCHEMA_VERSION is '%s'); export it again", db->path,
                   db->schema);
  if (major < MAJOR || (major == MAJOR && minor < MINOR_FIRST))
    return cr_fail(
      err, CR_EINPUT,
      "%s: is of schema %s, and %d.%d is the first that is read; export the report with nsys 2024.6 or newer", db->path,
      db->schema, MAJOR, MINOR_FIRST);
  if (major > MAJOR)
    return cr_fail(err, CR_EINPUT,
                   "%s: is of schema %s, which is not known: %d.%d to %d.%d are; export the report with an older nsys",
                   db->path, db->schema, MAJOR, MINOR_FIRST, MAJOR, MINOR_LAST);
  db->is_newer = minor > MINOR_LAST;
  return CR_OK;
}

int nsys_db_open(const char *path, struct cr_nsys_db *db, struct cr_err *err)
{
  *db = (struct cr_nsys_db){.path = path};
  int rc = check_file(path, err);
  if (rc)
    return rc;
  if (cr_store_application(path) == CR_STORE_APPLICATION_ID)
    return cr_fail(err, CR_EINPUT, "%s: is a trace store, and no export of Nsight Systems", path);
  if (sqlite3_open_v2(path, &db->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
    return db->db ? db_fail(db, "opening it", err) : cr_fail_nomem(err, path);
  sqlite3_busy_timeout(db->db, BUSY_MS);
  sqlite3_db_config(db->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
  sqlite3_db_config(db->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
  /* One reading transaction, so that all tables are of one state of the file. */
  if (sqlite3_exec(db->db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
    return db_fail(db, "opening it", err);
  rc = read_versions(db, err);
  return rc ? rc : check_schema(db, err);
}

void nsys_db_close(struct cr_nsys_db *db)
{
  sqlite3_close(db->db);
  db->db = NULL;
}
