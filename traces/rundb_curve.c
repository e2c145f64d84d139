/* rundb_curve.c - the run database's tables of what was in use over time: devices, and memory where there are jobs.
 *
 * Files of before the tables were added lack them: then nothing is known. */
#include "config.h"

#include <math.h>

#include "traces/rundb_int.h"

static int add_use(struct cr_rundb *db, int64_t place, uint32_t device, const struct cr_use_curve *curve,
                   struct cr_err *err)
{
  int rc = CR_OK;
  double sms = db->of_run->machine->device[device].sms;
  for (uint32_t i = 0; rc == CR_OK && i < cr_use_curve_n(curve); i++) {
    double busy_ns, sm_ns;
    cr_use_curve_get(curve, i, device, &busy_ns, &sm_ns);
    rc = cr_rundb_do(db, err, "INSERT INTO use_curve VALUES(?, ?, ?, ?, ?)", "iiidr", (int64_t)db->n_run - 1, place,
                     cr_use_curve_at_ns(curve, i), busy_ns, sm_ns < 0 ? (double)NAN : sm_ns / sms);
  }
  return rc;
}

/* A row where something changes. */
static int add_memory(struct cr_rundb *db, int64_t place, const struct cr_memory_peaks *p, struct cr_err *err)
{
  int rc = CR_OK;
  for (uint32_t i = 0; rc == CR_OK && i < p->n; i++) {
    int same = i && p->most_held[i] == p->most_held[i - 1] && p->most_reserved[i] == p->most_reserved[i - 1];
    if (!same)
      rc = cr_rundb_do(db, err, "INSERT INTO memory_curve VALUES(?, ?, ?, ?, ?)", "iiiii", (int64_t)db->n_run - 1,
                       place, i * p->part_ns, p->most_held[i], p->most_reserved[i]);
  }
  return rc;
}

int cr_rundb_add_curves(struct cr_rundb *db, uint32_t device, const struct cr_use_curve *use,
                        const struct cr_memory_peaks *memory, struct cr_err *err)
{
  int64_t place = (int64_t)cr_rundb_first_device(db) + device;
  int rc = add_use(db, place, device, use, err);
  return rc ? rc : add_memory(db, place, memory, err);
}

/* Rows of (time, number, number), in order of time; a number that is NULL becomes NAN. */
static int read_points(struct cr_rundb *db, const char *table, const char *sql, uint32_t run, uint32_t device,
                       struct cr_rundb_curve *out, struct cr_err *err)
{
  int has = 0, code = SQLITE_DONE, rc = cr_rundb_has_table(db, table, &has, err);
  sqlite3_stmt *q = NULL;
  struct cr_rundb_curve c = {0};
  uint32_t cap = 0;
  if (rc == CR_OK && has)
    rc = cr_rundb_query(db, &q, err, sql, "ii", (int64_t)run, (int64_t)device);
  while (rc == CR_OK && q && (code = sqlite3_step(q)) == SQLITE_ROW) {
    if (c.n == cap) {
      cap = cap ? 2 * cap : 256;
      struct cr_rundb_point *grown = cr_mem_resize(c.point, cap, sizeof *grown);
      if (!grown) {
        rc = cr_fail_nomem(err, "a curve of the run database");
        break;
      }
      c.point = grown;
    }
    struct cr_rundb_point *p = &c.point[c.n++];
    p->at_ns = sqlite3_column_int64(q, 0);
    for (int i = 0; i < 2; i++)
      p->value[i] = sqlite3_column_type(q, 1 + i) == SQLITE_NULL ? (double)NAN : sqlite3_column_double(q, 1 + i);
    if (p->at_ns < 0 || !(p->value[0] >= 0) || p->value[1] < 0 || isinf(p->value[0]) || isinf(p->value[1])) {
      rc = cr_fail(err, CR_EINPUT, "%s: is damaged: table %s has a time or value that cannot be; do the run again", db->path, table);
      break;
    }
  }
  if (rc == CR_OK && code != SQLITE_DONE)
    rc = cr_rundb_fail(db, err);
  sqlite3_finalize(q);
  if (rc == CR_OK)
    *out = c;
  else
    cr_mem_free(c.point);
  return rc;
}

int cr_rundb_read_use(struct cr_rundb *db, uint32_t run, uint32_t device, struct cr_rundb_curve *out,
                      struct cr_err *err)
{
  return read_points(db, "use_curve",
                     "SELECT at_ns, busy_ns, sm_use_ns FROM use_curve WHERE run = ? AND device = ? ORDER BY at_ns", run,
                     device, out, err);
}

int cr_rundb_read_memory_curve(struct cr_rundb *db, uint32_t run, uint32_t device, struct cr_rundb_curve *out,
                               struct cr_err *err)
{
  return read_points(
    db, "memory_curve",
    "SELECT from_ns, held_bytes, reserved_bytes FROM memory_curve WHERE run = ? AND device = ? ORDER BY from_ns", run,
    device, out, err);
}
