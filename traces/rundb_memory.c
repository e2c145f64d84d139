/* rundb_memory.c - the run database's table of the use of memory, which has rows where there are jobs alone.
 *
 * A file of before the table was added lacks it: then nothing is known. */
#include "config.h"

#include <math.h>

#include "traces/rundb_int.h"

int cr_rundb_add_memory(struct cr_rundb *db, const struct cr_result *r, struct cr_err *err)
{
  int rc = CR_OK;
  for (uint32_t d = 0; rc == CR_OK && r->memory && d < r->n_device; d++) {
    const struct cr_memory_use *m = &r->memory[d];
    rc =
      cr_rundb_do(db, err, "INSERT INTO memory_result VALUES(?, ?, ?, ?, ?, ?)", "iiriri", (int64_t)db->n_run - 1,
                  (int64_t)d, m->reserved_mean_bytes, m->reserved_peak_bytes, m->used_mean_bytes, m->used_peak_bytes);
  }
  return rc;
}

int cr_rundb_has_table(struct cr_rundb *db, const char *name, int *has, struct cr_err *err)
{
  sqlite3_stmt *q = NULL;
  int rc = cr_rundb_query(db, &q, err, "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", "s", name);
  int code = rc == CR_OK ? sqlite3_step(q) : SQLITE_DONE;
  if (code != SQLITE_ROW && code != SQLITE_DONE)
    rc = cr_rundb_fail(db, err);
  *has = code == SQLITE_ROW;
  sqlite3_finalize(q);
  return rc;
}

static double mean_at(sqlite3_stmt *q, int column)
{
  return sqlite3_column_type(q, column) == SQLITE_NULL ? NAN : sqlite3_column_double(q, column);
}

static int read_rows(struct cr_rundb *db, struct cr_summary *s, struct cr_err *err)
{
  sqlite3_stmt *q = NULL;
  int code = SQLITE_DONE;
  int rc =
    cr_rundb_query(db, &q, err,
                   "SELECT run, device, reserved_mean_bytes, used_mean_bytes, reserved_peak_bytes, used_peak_bytes"
                   " FROM memory_result",
                   "");
  while (rc == CR_OK && (code = sqlite3_step(q)) == SQLITE_ROW) {
    int64_t run = sqlite3_column_int64(q, 0), device = sqlite3_column_int64(q, 1);
    if (run < 0 || run >= s->n_run || device < 0 || device >= s->n_device)
      rc = cr_fail(err, CR_EINPUT, "%s: memory_result names a run or device that is not there; do the run again",
                   db->path);
    else
      s->run[run].device[device].memory = (struct cr_memory_use){
        .reserved_mean_bytes = mean_at(q, 2),
        .used_mean_bytes = mean_at(q, 3),
        .reserved_peak_bytes = sqlite3_column_int64(q, 4),
        .used_peak_bytes = sqlite3_column_int64(q, 5),
      };
  }
  if (rc == CR_OK && code != SQLITE_DONE)
    rc = cr_rundb_fail(db, err);
  sqlite3_finalize(q);
  return rc;
}

int cr_rundb_read_memory(struct cr_rundb *db, struct cr_summary *s, struct cr_err *err)
{
  int has = 0;
  for (uint32_t r = 0; r < s->n_run; r++)
    for (uint32_t d = 0; d < s->n_device; d++)
      s->run[r].device[d].memory = cr_memory_use_unknown();
  int rc = cr_rundb_has_table(db, "memory_result", &has, err);
  return rc == CR_OK && has ? read_rows(db, s, err) : rc;
}
