/* store_export.c - a store as SQL text, and back.
 *
 * The text is the same for the same content, whatever the order in which it was imported: models and names are numbered
 * anew in order of name.  One row a line, so that a change reads as a diff.  `sqlite3 new.db <text` builds it too;
 * reading it here allows no other statements than those written here. */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "traces/gz.h"
#include "traces/store_int.h"
#include "traces/store_schema.h"

/* -- writing -- */

static void add_value(struct cr_text *t, sqlite3_stmt *q, int at)
{
  switch (sqlite3_column_type(q, at)) {
  case SQLITE_NULL:
    cr_text_add(t, "NULL");
    return;
  case SQLITE_INTEGER:
    cr_text_add(t, "%" PRId64, (int64_t)sqlite3_column_int64(q, at));
    return;
  default:
    break;
  }
  const char *s = (const char *)sqlite3_column_text(q, at);
  cr_text_add_bytes(t, "'", 1);
  for (; s && *s; s++)
    cr_text_add_bytes(t, *s == '\'' ? "''" : s, *s == '\'' ? 2 : 1);
  cr_text_add_bytes(t, "'", 1);
}

/* All rows of a query as one INSERT. */
static int add_rows(struct cr_store *s, const char *table, const char *sql, struct cr_text *out, struct cr_err *err)
{
  sqlite3_stmt *q = NULL;
  int rc = cr_store_prepare(s, sql, &q, err), n = 0;
  while (!rc && (rc = cr_store_step(s, q, err)) > 0) {
    rc = CR_OK;
    if (n++ == 0)
      cr_text_add(out, "INSERT INTO %s VALUES\n(", table);
    else
      cr_text_add(out, ",\n(");
    for (int i = 0; i < sqlite3_column_count(q); i++) {
      if (i)
        cr_text_add_bytes(out, ",", 1);
      add_value(out, q, i);
    }
    cr_text_add_bytes(out, ")", 1);
  }
  sqlite3_finalize(q);
  if (n)
    cr_text_add(out, ";\n");
  return rc;
}

int cr_store_export(struct cr_store *s, struct cr_text *out, struct cr_err *err)
{
  /* New numbers: rank by name. */
#define MODEL_NO "(SELECT count(*) FROM model x WHERE x.name <= m.name)"
#define NAME_NO "(SELECT count(*) FROM name x WHERE x.text <= n.text)"
  static const struct {
    const char *table, *sql;
  } part[] = {
    {"model", "SELECT " MODEL_NO ", name, class, n_iteration, n_left_out, period_ns, weight_bytes, persistent_bytes, "
              "ephemeral_bytes, framework_bytes, report FROM model m ORDER BY name"},
    {"origin",
     "SELECT row_number() OVER (ORDER BY m.name IS NULL, m.name, tool, file, sha256), "
     "CASE WHEN m.name IS NOT NULL THEN " MODEL_NO " END, "
     "file, sha256, tool, host, gpu, driver, command, recorded FROM origin o LEFT JOIN model m ON m.id = o.model "
     "ORDER BY 1"},
    {"name", "SELECT row_number() OVER (ORDER BY text), text FROM name ORDER BY text"},
    {"op",
     "WITH nn AS MATERIALIZED (SELECT id, row_number() OVER (ORDER BY text) AS no FROM name), "
     "mm AS MATERIALIZED (SELECT id, name, row_number() OVER (ORDER BY name) AS no FROM model) "
     "SELECT mm.no, i, nn.no, " CR_STORE_OP_COLUMNS " FROM op JOIN mm ON mm.id = op.model JOIN nn ON nn.id = op.name "
     "ORDER BY mm.no, i"},
    {"profile",
     "SELECT " MODEL_NO ", i, sm_blocks, idempotent FROM profile p JOIN model m ON m.id = p.model ORDER BY 1, i"},
    {"block_time",
     "SELECT " MODEL_NO ", i, n_block, ns FROM block_time b JOIN model m ON m.id = b.model ORDER BY 1, i, n_block"},
    {"cluster", "SELECT " MODEL_NO ", i, blocks FROM cluster c JOIN model m ON m.id = c.model ORDER BY 1, i"},
  };
  cr_text_add(out,
              "-- A corun trace store as SQL: `corun import sql THIS -o STORE.db` builds it.  Times are in ns, NULL is "
              "not recorded.\n"
              "PRAGMA application_id=%d;\nPRAGMA user_version=%d;\nBEGIN;\n%s",
              CR_STORE_APPLICATION_ID, CR_STORE_VERSION, CR_STORE_SCHEMA);
  int rc = CR_OK;
  for (size_t i = 0; i < sizeof part / sizeof *part && !rc; i++)
    rc = add_rows(s, part[i].table, part[i].sql, out, err);
  cr_text_add(out, "COMMIT;\n");
  return !rc && out->failed ? cr_fail_nomem(err, s->path) : rc;
}

/* -- reading -- */

/* The text may come from anywhere: it may fill the store's own tables and do nothing else. */
static int allow(void *ctx, int action, const char *a, const char *b, const char *database, const char *trigger)
{
  (void)ctx;
  (void)trigger;
  switch (action) {
  case SQLITE_INSERT:
  case SQLITE_TRANSACTION:
  case SQLITE_SELECT:
  case SQLITE_READ:
  case SQLITE_CREATE_TABLE:
  case SQLITE_CREATE_INDEX: /* those of UNIQUE and PRIMARY KEY */
  case SQLITE_CREATE_VIEW:
  case SQLITE_UPDATE: /* of sqlite_schema, by CREATE */
    return database && strcmp(database, "main") ? SQLITE_DENY : SQLITE_OK;
  case SQLITE_REINDEX:
  case SQLITE_FUNCTION:
    return SQLITE_OK;
  case SQLITE_PRAGMA:
    return a && b && (!strcmp(a, "application_id") || !strcmp(a, "user_version")) ? SQLITE_OK : SQLITE_DENY;
  default:
    return SQLITE_DENY;
  }
}

static unsigned lines_to(const char *from, const char *to)
{
  unsigned n = 1;
  while (from < to && (from = memchr(from, '\n', (size_t)(to - from)))) {
    n++;
    from++;
  }
  return n;
}

static int run_text(struct cr_store *s, const char *sql_path, const char *text, struct cr_err *err)
{
  for (const char *at = text, *rest; *at; at = rest) {
    sqlite3_stmt *q = NULL;
    int code = sqlite3_prepare_v2(s->db, at, -1, &q, &rest);
    while (code == SQLITE_OK && q && (code = sqlite3_step(q)) == SQLITE_ROW)
      code = SQLITE_OK;
    if (code != SQLITE_OK && code != SQLITE_DONE) {
      int primary = code & 0xff;
      int offset = sqlite3_error_offset(s->db);
      int rc = primary == SQLITE_FULL || primary == SQLITE_IOERR || primary == SQLITE_NOMEM
                 ? cr_store_fail(s, "building it", err)
                 : cr_fail(err, CR_EINPUT, "%s:%u: is no text of a trace store: %s; make it again with `corun export`",
                           sql_path, lines_to(text, at + (offset > 0 ? offset : (int)strspn(at, " \n"))),
                           sqlite3_errmsg(s->db));
      sqlite3_finalize(q);
      return rc;
    }
    sqlite3_finalize(q);
    if (rest == at)
      break;
  }
  return CR_OK;
}

/* What a store must have for the rest of the program: the columns that are read, and ops that point at models and
 * names. */
static int check_content(struct cr_store *s, const char *sql_path, struct cr_err *err)
{
  static const char *const sql[] = {
    "SELECT count(*) FROM op WHERE model NOT IN (SELECT id FROM model) OR name NOT IN (SELECT id FROM name)",
    "SELECT count(*) FROM model WHERE id NOT IN (SELECT model FROM op)",
    "SELECT count(*) FROM (SELECT model, i FROM profile UNION SELECT model, i FROM block_time) "
    "WHERE (model, i) NOT IN (SELECT model, i FROM op)",
    "SELECT count(*) FROM cluster WHERE (model, i) NOT IN (SELECT model, i FROM op)",
    "SELECT 0 FROM origin, ops WHERE 0"};
  static const char *const what[] = {"ops belong to no model or have no name", "models have no ops",
                                     "profiles belong to no op", "clusters belong to no op", ""};
  struct cr_err why;
  for (size_t i = 0; i < sizeof sql / sizeof *sql; i++) {
    sqlite3_stmt *q = NULL;
    int rc = cr_store_prepare(s, sql[i], &q, &why);
    if (!rc)
      rc = cr_store_step(s, q, &why);
    int64_t n = rc > 0 ? sqlite3_column_int64(q, 0) : 0;
    sqlite3_finalize(q);
    if (rc < 0)
      return cr_fail(err, CR_EINPUT, "%s: is no text of a trace store: %s", sql_path, sqlite3_errmsg(s->db));
    if (n)
      return cr_fail(err, CR_EINPUT, "%s: is cut off or damaged: %" PRId64 " %s; make it again with `corun export`",
                     sql_path, n, what[i]);
  }
  return CR_OK;
}

int cr_store_build(const char *sql_path, const char *db_path, struct cr_err *err)
{
  struct cr_text text = {0};
  struct cr_store *s = NULL;
  if (access(db_path, F_OK) == 0)
    return cr_fail(err, CR_EINPUT, "%s: exists already; remove it or give another name with -o", db_path);
  int rc = cr_gz_slurp(sql_path, &text, err);
  if (!rc && !text.n)
    rc = cr_fail(err, CR_EINPUT, "%s: is empty", sql_path);
  if (!rc && strlen(text.s) != text.n)
    rc = cr_fail(err, CR_EINPUT, "%s: is not text; make it again with `corun export`", sql_path);
  if (!rc)
    rc = cr_store_make_empty(db_path, &s, err);
  if (!rc) {
    sqlite3_set_authorizer(s->db, allow, NULL);
    rc = run_text(s, sql_path, text.s, err);
    sqlite3_set_authorizer(s->db, NULL, NULL);
  }
  if (!rc && !sqlite3_get_autocommit(s->db))
    rc = cr_fail(err, CR_EINPUT, "%s: is cut off: its last line is not COMMIT; make it again with `corun export`",
                 sql_path);
  if (!rc)
    rc = cr_store_check_kind(s, err);
  if (!rc)
    rc = check_content(s, sql_path, err);
  if (!rc)
    rc = cr_store_give_name(s, err);
  cr_store_close(s);
  cr_text_fini(&text);
  return rc;
}
