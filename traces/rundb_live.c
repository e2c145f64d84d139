/* rundb_live.c - the run database's table of what runs in real time tell of themselves, which has rows of those alone.
 *
 * A file of before the table was added lacks it: then nothing was told. */
#include "config.h"

#include <math.h>

#include "traces/rundb_int.h"

int cr_rundb_add_live(struct cr_rundb *db, const struct cr_live *l, struct cr_err *err)
{
  int rc = CR_OK;
  for (uint32_t i = 0; rc == CR_OK && i < l->n; i++)
    rc = cr_rundb_do(db, err, "INSERT INTO live VALUES(?, ?, ?, ?, ?)", "iissr", (int64_t)db->n_run - 1, (int64_t)i,
                     l->fact[i].name, *l->fact[i].text ? l->fact[i].text : NULL, l->fact[i].value);
  return rc;
}

static int read_row(struct cr_rundb *db, sqlite3_stmt *q, struct cr_summary *s, struct cr_err *err)
{
  int64_t run = sqlite3_column_int64(q, 0);
  const char *name = (const char *)sqlite3_column_text(q, 1), *text = (const char *)sqlite3_column_text(q, 2);
  if (run < 0 || run >= s->n_run || !name)
    return cr_fail(err, CR_EINPUT, "%s: is damaged: a fact is of no run; do the run again", db->path);
  struct cr_live *live = s->run[run].live;
  if (!live)
    live = s->run[run].live = cr_arena_take(db->arena, 1, sizeof *live);
  if (!live)
    return cr_fail_nomem(err, "the run database");
  if (text)
    cr_live_text(live, name, text);
  else
    cr_live_number(live, name, sqlite3_column_type(q, 3) == SQLITE_NULL ? (double)NAN : sqlite3_column_double(q, 3));
  return CR_OK;
}

int cr_rundb_read_live(struct cr_rundb *db, struct cr_summary *s, struct cr_err *err)
{
  sqlite3_stmt *q = NULL;
  int has = 0, code = SQLITE_DONE, rc = cr_rundb_has_table(db, "live", &has, err);
  if (rc != CR_OK || !has)
    return rc;
  rc = cr_rundb_query(db, &q, err, "SELECT run, name, text, value FROM live ORDER BY run, fact", "");
  while (rc == CR_OK && (code = sqlite3_step(q)) == SQLITE_ROW)
    rc = read_row(db, q, s, err);
  if (rc == CR_OK && code != SQLITE_DONE)
    rc = cr_rundb_fail(db, err);
  sqlite3_finalize(q);
  return rc;
}
