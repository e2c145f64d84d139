/* rundb_verdict.c - the run database's table of what policies have decided about clients, which has rows of those alone.
 *
 * A file of before the table was added lacks it: then nothing was decided. */
#include "config.h"

#include <string.h>

#include "traces/rundb_int.h"

static const char *const ADMISSION[] = {NULL, "admitted", "refused"};

int cr_rundb_add_verdicts(struct cr_rundb *db, uint32_t client, const struct cr_verdicts *v, struct cr_err *err)
{
  if (!cr_verdicts_any(v))
    return CR_OK;
  return cr_rundb_do(db, err, "INSERT INTO verdict VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)", "iisiiiisn",
                     (int64_t)db->n_run - 1, (int64_t)client, ADMISSION[v->is_refused ? 2 : v->is_admitted],
                     (int64_t)v->n_demoted, (int64_t)v->n_restored, (int64_t)v->is_demoted, (int64_t)v->n_unbounded,
                     cr_why_name[v->why], v->about == CR_NONE ? CR_NS_NEVER : (cr_ns)v->about);
}

static int is_text(sqlite3_stmt *q, int column, const char *want)
{
  const char *text = (const char *)sqlite3_column_text(q, column);
  return text && strcmp(text, want) == 0;
}

/* The row's numbers; whether they can be. */
static int read_verdicts(sqlite3_stmt *q, struct cr_verdicts *out)
{
  struct cr_verdicts v = {.about = CR_NONE, .why = CR_N_WHY};
  for (uint8_t why = 0; why < CR_N_WHY; why++)
    if (is_text(q, 7, cr_why_name[why]))
      v.why = why;
  for (int i = 3; i < 7; i++)
    if (sqlite3_column_int64(q, i) < 0 || sqlite3_column_int64(q, i) > UINT32_MAX)
      return 0;
  v.is_admitted = is_text(q, 2, ADMISSION[1]) ? 1 : 0;
  v.is_refused = is_text(q, 2, ADMISSION[2]) ? 1 : 0;
  v.n_demoted = (uint32_t)sqlite3_column_int64(q, 3);
  v.n_restored = (uint32_t)sqlite3_column_int64(q, 4);
  v.is_demoted = sqlite3_column_int64(q, 5) ? 1 : 0;
  v.n_unbounded = (uint32_t)sqlite3_column_int64(q, 6);
  if (sqlite3_column_type(q, 8) != SQLITE_NULL)
    v.about = (uint32_t)sqlite3_column_int64(q, 8);
  *out = v;
  return v.why < CR_N_WHY;
}

static int read_row(struct cr_rundb *db, sqlite3_stmt *q, const uint32_t *place, uint32_t n_client,
                    struct cr_summary *s, struct cr_err *err)
{
  int64_t run = sqlite3_column_int64(q, 0), client = sqlite3_column_int64(q, 1);
  int is_there = run >= 0 && run < s->n_run && client >= 0 && client < n_client && place[client] != CR_NONE;
  struct cr_client_summary *c = is_there ? &s->run[run].client[place[client]] : NULL;
  if (!c || !read_verdicts(q, &c->verdicts))
    return cr_fail(err, CR_EINPUT, "%s: is damaged: a verdict is of no client, or cannot be; do the run again",
                   db->path);
  const char *about = (const char *)sqlite3_column_text(q, 9);
  c->about = about ? cr_arena_text(db->arena, about) : NULL;
  return about && !c->about ? cr_fail_nomem(err, "the run database") : CR_OK;
}

int cr_rundb_read_verdicts(struct cr_rundb *db, const uint32_t *place, uint32_t n_client, struct cr_summary *s,
                           struct cr_err *err)
{
  sqlite3_stmt *q = NULL;
  int has = 0, code = SQLITE_DONE, rc = cr_rundb_has_table(db, "verdict", &has, err);
  if (rc != CR_OK || !has)
    return rc;
  rc = cr_rundb_query(
    db, &q, err,
    "SELECT run, verdict.client, admission, demotions, restorations, demoted, stages_without_bound, reason,"
    " about, client.name FROM verdict LEFT JOIN client ON client.client = about",
    "");
  while (rc == CR_OK && (code = sqlite3_step(q)) == SQLITE_ROW)
    rc = read_row(db, q, place, n_client, s, err);
  if (rc == CR_OK && code != SQLITE_DONE)
    rc = cr_rundb_fail(db, err);
  sqlite3_finalize(q);
  return rc;
}
