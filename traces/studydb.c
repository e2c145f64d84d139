/* studydb.c - the results database of a study: the file, and what sweeps and searches both have in it. */
#include "config.h"

#include "traces/studydb.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/outfile.h"
#include "sim/provenance.h"
#include "traces/store.h"
#include "traces/studydb_int.h"
#include "traces/studydb_schema.h"

static const char what[] = "results database";

/* What can be done about a database that cannot be gone on with. */
static const char *advice(const struct cr_studydb *db)
{
  return db->is_read ? "" : "; choose another file with -o, or begin anew with --force";
}

/* -- the file --------------------------------------------------------------------------------------------------------- */

/* The sentence for what SQLite last said. */
CR_COLD static int refuse(const struct cr_studydb *db, struct cr_err *err)
{
  int error = sqlite3_system_errno(db->db);
  const char *says = sqlite3_errmsg(db->db);
  switch (sqlite3_errcode(db->db) & 0xff) {
  case SQLITE_BUSY:
  case SQLITE_LOCKED:
    return cr_fail(err, CR_EINPUT, "%s: another sweep or search writes it; wait until it has ended%s", db->path,
                   db->is_read ? "" : ", or choose another file with -o");
  case SQLITE_NOMEM:
    return cr_fail_nomem(err, what);
  case SQLITE_FULL:
    return cr_outfile_fail(db->path, what, error ? error : ENOSPC, err);
  case SQLITE_IOERR:
    return cr_outfile_fail(db->path, what, error ? error : EIO, err);
  case SQLITE_NOTADB:
    return cr_fail(err, CR_EINPUT,
                   "%s: is not a results database; `corun sweep -o FILE` and `corun tune -o FILE` make one", db->path);
  case SQLITE_CORRUPT:
    return cr_fail(err, CR_EINPUT, "%s: is damaged (%s)%s", db->path, says, advice(db));
  case SQLITE_CANTOPEN:
  case SQLITE_READONLY:
  case SQLITE_PERM:
    return cr_fail(err, CR_EINPUT, "%s: the results database cannot be opened or written (%s)", db->path,
                   error ? strerror(error) : says);
  default:
    return cr_fail(err, CR_EINPUT, "%s: the results database: %s", db->path, says);
  }
}

int cr_studydb_is_busy(const struct cr_studydb *db)
{
  return (sqlite3_errcode(db->db) & 0xff) == SQLITE_BUSY;
}

int cr_studydb_exec(struct cr_studydb *db, const char *sql, struct cr_err *err)
{
  return sqlite3_exec(db->db, sql, NULL, NULL, NULL) == SQLITE_OK ? CR_OK : refuse(db, err);
}

int cr_studydb_prepare(struct cr_studydb *db, const char *sql, sqlite3_stmt **out, struct cr_err *err)
{
  return sqlite3_prepare_v2(db->db, sql, -1, out, NULL) == SQLITE_OK ? CR_OK : refuse(db, err);
}

int cr_studydb_step(struct cr_studydb *db, sqlite3_stmt *q, struct cr_err *err)
{
  int code = sqlite3_step(q);
  return code == SQLITE_ROW ? 1 : code == SQLITE_DONE ? 0 : refuse(db, err);
}

static int pragma(struct cr_studydb *db, const char *sql, int64_t *out, struct cr_err *err)
{
  sqlite3_stmt *q = NULL;
  int rc = cr_studydb_prepare(db, sql, &q, err);
  int row = rc == CR_OK ? cr_studydb_step(db, q, err) : rc;
  *out = row > 0 ? sqlite3_column_int64(q, 0) : 0;
  sqlite3_finalize(q);
  return row < 0 ? row : CR_OK;
}

/* Of a file that has tables: whether it is one of ours. */
static int check_kind(struct cr_studydb *db, struct cr_err *err)
{
  int64_t application = 0, version = 0;
  int rc = pragma(db, "PRAGMA application_id", &application, err);
  rc = rc ? rc : pragma(db, "PRAGMA user_version", &version, err);
  if (rc != CR_OK)
    return rc;
  if (application != CR_STUDYDB_APPLICATION_ID)
    return cr_fail(err, CR_EINPUT,
                   "%s: is not a results database; `corun sweep -o FILE` and `corun tune -o FILE` make one", db->path);
  if (version != CR_STUDYDB_VERSION)
    return cr_fail(err, CR_EINPUT, "%s: is a results database of version %lld, and this program has version %d%s",
                   db->path, (long long)version, CR_STUDYDB_VERSION, advice(db));
  return CR_OK;
}

int cr_studydb_connect(const char *path, int flags, struct cr_studydb **out, struct cr_err *err)
{
  struct cr_studydb *db = cr_mem_new(1, sizeof *db);
  if (db)
    db->path = cr_mem_new(strlen(path) + 1, 1);
  if (!db || !db->path) {
    cr_studydb_close(db);
    return cr_fail_nomem(err, what);
  }
  memcpy(db->path, path, strlen(path) + 1);
  int rc = sqlite3_open_v2(path, &db->db, flags, NULL) == SQLITE_OK ? CR_OK : refuse(db, err);
  if (rc == CR_OK)
    *out = db;
  else
    cr_studydb_close(db);
  return rc;
}

void cr_studydb_close(struct cr_studydb *db)
{
  if (!db)
    return;
  sqlite3_finalize(db->add_run);
  sqlite3_finalize(db->add_value);
  if (db->db)
    sqlite3_close(db->db);
  cr_mem_free(db->path);
  cr_mem_free(db);
}

int cr_studydb_exists(const char *path)
{
  return access(path, F_OK) == 0;
}

/* A journal that is left of it would be played back into its successor. */
static int unlink_both(const char *path, struct cr_err *err)
{
  size_t room = strlen(path) + sizeof "-journal";
  char *journal = cr_mem_new(room, 1);
  if (!journal)
    return cr_fail_nomem(err, what);
  snprintf(journal, room, "%s-journal", path);
  int rc = CR_OK;
  if ((unlink(journal) != 0 && errno != ENOENT) || unlink(path) != 0)
    rc = cr_fail(err, CR_EINPUT, "%s: cannot be removed: %s", path, strerror(errno));
  cr_mem_free(journal);
  return rc;
}

int cr_studydb_discard(const char *path, struct cr_err *err)
{
  struct cr_studydb *db = NULL;
  if (!cr_studydb_exists(path))
    return CR_OK;
  if (cr_store_application(path) != CR_STUDYDB_APPLICATION_ID)
    return cr_fail(err, CR_EINPUT,
                   "%s: is not a results database, and --force replaces no other file; remove it, or choose another "
                   "with -o",
                   path);
  int rc = cr_studydb_connect(path, SQLITE_OPEN_READWRITE, &db, err);
  if (rc == CR_OK && cr_studydb_exec(db, "BEGIN EXCLUSIVE", err) != CR_OK && cr_studydb_is_busy(db))
    rc = CR_EINPUT;
  rc = rc ? rc : unlink_both(path, err); /* one that is damaged cannot be locked */
  cr_studydb_close(db);
  return rc;
}

/* -- a new one -------------------------------------------------------------------------------------------------------- */

int cr_studydb_insert(struct cr_studydb *db, struct cr_err *err, const char *sql, const char *fmt, ...)
{
  sqlite3_stmt *q = NULL;
  va_list ap;
  int rc = cr_studydb_prepare(db, sql, &q, err);
  va_start(ap, fmt);
  for (int i = 0; rc == CR_OK && fmt[i]; i++) {
    int code = fmt[i] == 's'   ? sqlite3_bind_text(q, i + 1, va_arg(ap, const char *), -1, SQLITE_TRANSIENT)
               : fmt[i] == 'i' ? sqlite3_bind_int64(q, i + 1, va_arg(ap, int64_t))
                               : sqlite3_bind_null(q, i + 1);
    rc = code == SQLITE_OK ? CR_OK : refuse(db, err);
  }
  va_end(ap);
  if (rc == CR_OK)
    rc = cr_studydb_step(db, q, err);
  sqlite3_finalize(q);
  return rc;
}

static int fill(struct cr_studydb *db, const struct cr_studydb_head *head, struct cr_err *err)
{
  const char *const pair[][2] = {
    {"about", head->about},
    {"git", cr_program_git},
    {"program", "corun"},
    {"scenario", head->scenario},
    {"scenario_text", head->scenario_text},
    {"version", cr_program_version},
  };
  const struct cr_design_words *w = head->words;
  int rc = CR_OK;
  for (size_t i = 0; rc == CR_OK && i < sizeof pair / sizeof *pair; i++)
    rc = cr_studydb_insert(db, err, "INSERT INTO provenance VALUES(?, ?)", "ss", pair[i][0], pair[i][1]);
  for (uint32_t i = 0; rc == CR_OK && i < w->n; i++)
    rc = cr_studydb_insert(db, err, "INSERT INTO design VALUES(?, ?, ?)", "iss", (int64_t)i, cr_design_name[w->kind[i]],
                           w->word[i]);
  for (uint32_t i = 0; rc == CR_OK && i < head->n_seed; i++)
    rc = cr_studydb_insert(db, err, "INSERT INTO seed VALUES(?, ?)", "ii", (int64_t)i, (int64_t)head->seed[i]);
  for (uint32_t i = 0; rc == CR_OK && i < head->n_metric; i++)
    rc = cr_studydb_insert(db, err, "INSERT INTO metric VALUES(?, ?, ?)", "iss", (int64_t)i, head->metric[i].text,
                           cr_run_metric_unit(&head->metric[i]));
  return rc;
}

int cr_studydb_make_tables(struct cr_studydb *db, struct cr_err *err)
{
  char sql[100];
  snprintf(sql, sizeof sql, "PRAGMA application_id = %d; PRAGMA user_version = %d", CR_STUDYDB_APPLICATION_ID,
           CR_STUDYDB_VERSION);
  int rc = cr_studydb_exec(db, sql, err);
  return rc ? rc : cr_studydb_exec(db, CR_STUDYDB_SCHEMA, err);
}

/* -- one that is there -------------------------------------------------------------------------------------------------- */

static int read_words(struct cr_studydb *db, struct cr_design_words *out, struct cr_err *err)
{
  sqlite3_stmt *q = NULL;
  int row = 0, rc = cr_studydb_prepare(db, "SELECT kind, text FROM design ORDER BY place", &q, err);
  while (rc == CR_OK && (row = cr_studydb_step(db, q, err)) > 0) {
    const char *name = (const char *)sqlite3_column_text(q, 0), *text = (const char *)sqlite3_column_text(q, 1);
    int kind = 0;
    while (kind < CR_N_DESIGN && name && strcmp(cr_design_name[kind], name) != 0)
      kind++;
    if (!name || !text || kind == CR_N_DESIGN)
      rc =
        cr_fail(err, CR_EINPUT, "%s: is damaged: its design has a '%.40s'%s", db->path, name ? name : "", advice(db));
    else
      rc = cr_design_add(out, (enum cr_design_kind)kind, text, err);
  }
  sqlite3_finalize(q);
  return rc ? rc : row;
}

int cr_studydb_changed(const char *path, uint32_t point, struct cr_err *err)
{
  return cr_fail(err, CR_EINPUT,
                 "%s: the workload of point %u is no longer what it was: a file that the scenario names has changed; "
                 "choose another file with -o, or begin anew with --force",
                 path, point);
}

int cr_studydb_damaged(const struct cr_studydb *db, const char *how, struct cr_err *err)
{
  return cr_fail(err, CR_EINPUT, "%s: is damaged: %s%s", db->path, how, advice(db));
}

static int check_words(struct cr_studydb *db, const struct cr_design_words *words, struct cr_err *err)
{
  struct cr_design_words kept = {.arena = cr_arena_new()};
  char difference[300];
  int rc = kept.arena ? read_words(db, &kept, err) : cr_fail_nomem(err, what);
  int is_search = cr_design_is_search(&kept);
  if (rc == CR_OK && is_search != cr_design_is_search(words))
    rc = cr_fail(err, CR_EINPUT, "%s: is of a %s%s", db->path,
                 is_search ? "search (corun tune), and no sweep" : "sweep (corun sweep), and no search", advice(db));
  else if (rc == CR_OK && cr_design_differs(&kept, words, difference, sizeof difference))
    rc = cr_fail(err, CR_EINPUT, "%s: is of another %s: %s%s", db->path, is_search ? "search" : "design", difference,
                 advice(db));
  cr_arena_free(kept.arena);
  return rc;
}

/* Results of two programs do not belong together, nor do those of two workloads. */
int cr_studydb_check_program(struct cr_studydb *db, struct cr_err *err)
{
  const char *const key[] = {"version", "git"}, *const mine[] = {cr_program_version, cr_program_git};
  sqlite3_stmt *q = NULL;
  int rc = cr_studydb_prepare(db, "SELECT value FROM provenance WHERE key = ?", &q, err);
  for (int i = 0; rc == CR_OK && i < 2; i++) {
    sqlite3_bind_text(q, 1, key[i], -1, SQLITE_STATIC);
    int row = cr_studydb_step(db, q, err);
    const char *theirs = row > 0 ? (const char *)sqlite3_column_text(q, 0) : NULL;
    if (row < 0)
      rc = row;
    else if (!theirs || strcmp(theirs, mine[i]) != 0)
      rc = cr_fail(err, CR_EINPUT,
                   "%s: is by corun %.60s, and this is %.60s: results of two programs do not go together%s", db->path,
                   theirs ? theirs : "of unknown version", mine[i], advice(db));
    sqlite3_reset(q);
  }
  sqlite3_finalize(q);
  return rc;
}

/* A row a metric, in order. */
int cr_studydb_each_run(struct cr_studydb *db, const struct cr_studydb_limits *limits,
                        int (*put)(void *ctx, const struct cr_study_run *run, const double *value, struct cr_err *err),
                        void *ctx, struct cr_err *err)
{
  double *value = cr_mem_new(limits->n_metric, sizeof *value);
  sqlite3_stmt *q = NULL;
  int row = 0;
  int rc = value ? CR_OK : cr_fail_nomem(err, what);
  if (rc == CR_OK)
    rc = cr_studydb_prepare(db,
                            "SELECT run.point, run.policy, seed.place, outcome, metric, value FROM run"
                            " JOIN seed ON seed.seed = run.seed JOIN value ON value.point = run.point"
                            " AND value.policy = run.policy AND value.seed = run.seed ORDER BY 1, 2, run.seed, metric",
                            &q, err);
  while (rc == CR_OK && (row = cr_studydb_step(db, q, err)) > 0) {
    struct cr_study_run run = {0};
    int64_t point = sqlite3_column_int64(q, 0), policy = sqlite3_column_int64(q, 1), seed = sqlite3_column_int64(q, 2),
            metric = sqlite3_column_int64(q, 4);
    const char *outcome = (const char *)sqlite3_column_text(q, 3);
    if (point < 0 || point >= limits->n_point || policy < 0 || policy >= limits->n_policy || seed < 0 ||
        seed >= limits->n_seed || metric < 0 || metric >= limits->n_metric) {
      rc = cr_studydb_damaged(db, "it has runs that its design has not", err);
      break;
    }
    value[metric] = sqlite3_column_type(q, 5) == SQLITE_NULL ? NAN : sqlite3_column_double(q, 5);
    if (metric + 1 < limits->n_metric)
      continue;
    run.point = (uint32_t)point;
    run.policy = (uint32_t)policy;
    run.seed = (uint32_t)seed;
    run.state = strcmp(outcome ? outcome : "", "done") == 0 ? CR_RUN_DONE : CR_RUN_FAILED;
    rc = put(ctx, &run, value, err);
  }
  sqlite3_finalize(q);
  cr_mem_free(value);
  return rc ? rc : row;
}

/* EXCLUSIVE keeps the lock from the first transaction on until the file is closed, by whatever end.  A commit a
 * run; SQLite's journal puts right what a kill or a power cut leaves behind. */
/* Where SQLite would say little, or write over what is a file of another kind. */
static int check_path(const char *path, struct cr_err *err)
{
  struct stat s;
  if (!*path || strcmp(path, "-") == 0 || strcmp(path, ":memory:") == 0)
    return cr_fail(err, CR_EINPUT, "-o '%s': a results database is a file; name one", path);
  int rc = cr_outfile_check(path, what, 1, err);
  if (rc != CR_OK || stat(path, &s) != 0)
    return rc;
  if (!S_ISREG(s.st_mode))
    return cr_fail(err, CR_EINPUT, "%s: is no regular file; name one for the results database", path);
  if (s.st_size > 0 && s.st_size < 100) /* of the header of an SQLite file; it takes one of a byte for empty */
    return cr_fail(err, CR_EINPUT, "%s: is not a results database; choose another file with -o", path);
  if (access(path, W_OK) != 0)
    return cr_fail(err, CR_EINPUT, "%s: the results database cannot be written: %s", path, strerror(errno));
  return CR_OK;
}

int cr_studydb_begin(const char *path, const struct cr_studydb_head *head, int *is_new, struct cr_studydb **out,
                     struct cr_err *err)
{
  static const char locked[] = "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = DELETE;"
                               "PRAGMA synchronous = NORMAL; BEGIN EXCLUSIVE";
  struct cr_studydb *db = NULL;
  int64_t n_table = 0;
  int rc = check_path(path, err);
  rc = rc ? rc : cr_studydb_connect(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &db, err);
  rc = rc ? rc : cr_studydb_exec(db, locked, err);
  rc = rc ? rc : pragma(db, "SELECT count(*) FROM sqlite_master", &n_table, err);
  if (rc == CR_OK && !n_table) {
    rc = cr_studydb_make_tables(db, err);
    rc = rc ? rc : fill(db, head, err);
  } else if (rc == CR_OK) {
    rc = check_kind(db, err);
    rc = rc ? rc : check_words(db, head->words, err);
    rc = rc ? rc : cr_studydb_check_program(db, err);
  }
  if (rc != CR_OK) {
    cr_studydb_close(db);
    return rc;
  }
  db->head = head;
  *is_new = !n_table;
  *out = db;
  return CR_OK;
}

int cr_studydb_begun(struct cr_studydb *db, struct cr_err *err)
{
  int rc = cr_studydb_exec(db, "COMMIT", err);
  rc = rc ? rc : cr_studydb_prepare(db, "INSERT INTO run VALUES(?, ?, ?, ?, ?, ?, ?, ?)", &db->add_run, err);
  return rc ? rc : cr_studydb_prepare(db, "INSERT INTO value VALUES(?, ?, ?, ?, ?)", &db->add_value, err);
}

/* -- runs -------------------------------------------------------------------------------------------------------------- */

static int add_value(struct cr_studydb *db, const struct cr_study_run *run, uint32_t metric, double value,
                     struct cr_err *err)
{
  sqlite3_stmt *q = db->add_value;
  sqlite3_bind_int64(q, 1, run->point);
  sqlite3_bind_int64(q, 2, run->policy);
  sqlite3_bind_int64(q, 3, (int64_t)db->head->seed[run->seed]);
  sqlite3_bind_int64(q, 4, metric);
  if (isnan(value) || run->state != CR_RUN_DONE)
    sqlite3_bind_null(q, 5);
  else
    sqlite3_bind_double(q, 5, value);
  int rc = cr_studydb_step(db, q, err);
  sqlite3_reset(q);
  return rc;
}

static int add_run(struct cr_studydb *db, const struct cr_study_run *run, struct cr_err *err)
{
  sqlite3_stmt *q = db->add_run;
  char hash[20];
  snprintf(hash, sizeof hash, "%016" PRIx64, run->ledger_hash);
  sqlite3_bind_int64(q, 1, run->point);
  sqlite3_bind_int64(q, 2, run->policy);
  sqlite3_bind_int64(q, 3, (int64_t)db->head->seed[run->seed]);
  sqlite3_bind_text(q, 4, run->outcome, -1, SQLITE_TRANSIENT);
  sqlite3_bind_text(q, 5, run->why, -1, SQLITE_TRANSIENT);
  sqlite3_bind_int64(q, 6, run->end_ns);
  sqlite3_bind_int64(q, 7, run->n_event);
  sqlite3_bind_text(q, 8, hash, -1, SQLITE_TRANSIENT);
  int rc = cr_studydb_step(db, q, err);
  sqlite3_reset(q);
  return rc;
}

int cr_studydb_add(struct cr_studydb *db, const struct cr_study_run *run, const double *value, struct cr_err *err)
{
  int rc = cr_studydb_exec(db, "BEGIN", err);
  rc = rc ? rc : add_run(db, run, err);
  for (uint32_t m = 0; rc == CR_OK && m < db->head->n_metric; m++)
    rc = add_value(db, run, m, value[m], err);
  return rc ? rc : cr_studydb_exec(db, "COMMIT", err);
}

/* -- to read ------------------------------------------------------------------------------------------------------------ */

int cr_studydb_look(const char *path, const struct cr_design_words *words, struct cr_studydb **out, struct cr_err *err)
{
  struct cr_studydb *db = NULL;
  int rc = cr_studydb_connect(path, SQLITE_OPEN_READWRITE, &db, err); /* after a kill, SQLite first puts things right */
  if (rc != CR_OK)
    return rc;
  db->is_read = 1;
  rc = check_kind(db, err);
  if (rc == CR_OK && words)
    rc = check_words(db, words, err);
  *out = db; /* open though it failed: it knows why */
  return rc;
}

int cr_studydb_words(const char *path, struct cr_design_words *out, struct cr_err *err)
{
  struct cr_studydb *db = NULL;
  int rc = cr_studydb_look(path, NULL, &db, err);
  rc = rc ? rc : read_words(db, out, err);
  cr_studydb_close(db);
  return rc;
}
