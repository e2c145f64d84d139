/* studydb_sweep.c - the results database of a sweep: its points and policies, which stand there from the beginning. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "traces/studydb_int.h"

enum { WHOLE = 1000000 }; /* runs of sweeps are never shortened */

static int fill(struct cr_studydb *db, const struct cr_design *d, const uint64_t *workload_hash, struct cr_err *err)
{
  char value[CR_DESIGN_VALUE], hash[20];
  int rc = CR_OK;
  for (uint32_t i = 0; rc == CR_OK && i < d->n_policy; i++)
    rc = cr_studydb_insert(db, err, "INSERT INTO policy VALUES(?, ?)", "is", (int64_t)i, d->policy[i]);
  for (uint32_t p = 0; rc == CR_OK && p < d->n_point; p++) {
    snprintf(hash, sizeof hash, "%016" PRIx64, workload_hash[p]);
    rc = cr_studydb_insert(db, err, "INSERT INTO point VALUES(?, ?, ?)", "isi", (int64_t)p, hash, (int64_t)WHOLE);
    for (uint32_t a = 0; rc == CR_OK && a < d->n_axis; a++)
      rc = cr_studydb_insert(db, err, "INSERT INTO setting VALUES(?, ?, ?)", "iss", (int64_t)p, cr_design_key(d, a),
                             cr_design_value(d, a, p, value));
  }
  return rc;
}

static int check_workloads(struct cr_studydb *db, const struct cr_design *d, const uint64_t *workload_hash,
                           struct cr_err *err)
{
  sqlite3_stmt *q = NULL;
  int row = 0, rc = cr_studydb_prepare(db, "SELECT point, workload_hash FROM point ORDER BY point", &q, err);
  uint32_t n = 0;
  char mine[20];
  while (rc == CR_OK && (row = cr_studydb_step(db, q, err)) > 0) {
    const char *theirs = (const char *)sqlite3_column_text(q, 1);
    if (n < d->n_point)
      snprintf(mine, sizeof mine, "%016" PRIx64, workload_hash[n]);
    if (n >= d->n_point || !theirs || strcmp(theirs, mine) != 0)
      rc = cr_studydb_changed(db->path, n, err);
    n++;
  }
  sqlite3_finalize(q);
  return rc ? rc : row;
}

static int put(void *ctx, const struct cr_study_run *run, const double *value, struct cr_err *err)
{
  (void)err;
  cr_results_put(ctx, run, value);
  return CR_OK;
}

static int read_runs(struct cr_studydb *db, struct cr_results *results, struct cr_err *err)
{
  const struct cr_design *d = results->design;
  const struct cr_studydb_limits limits = {d->n_point, d->n_policy, d->n_seed, d->n_metric};
  return cr_studydb_each_run(db, &limits, put, results, err);
}

int cr_studydb_open(const char *path, const struct cr_studydb_head *head, const uint64_t *workload_hash,
                    struct cr_results *results, struct cr_studydb **out, struct cr_err *err)
{
  struct cr_studydb *db = NULL;
  int is_new;
  int rc = cr_studydb_begin(path, head, &is_new, &db, err);
  if (rc != CR_OK)
    return rc;
  if (is_new) {
    rc = fill(db, results->design, workload_hash, err);
  } else {
    rc = check_workloads(db, results->design, workload_hash, err);
    rc = rc ? rc : read_runs(db, results, err);
  }
  rc = rc ? rc : cr_studydb_begun(db, err);
  if (rc == CR_OK)
    *out = db;
  else
    cr_studydb_close(db);
  return rc;
}

int cr_studydb_read(const char *path, const uint64_t *workload_hash, struct cr_results *results, int *is_busy,
                    struct cr_err *err)
{
  struct cr_studydb *db = NULL;
  int rc = cr_studydb_look(path, results->design->words, &db, err);
  if (rc == CR_OK && workload_hash)
    rc = cr_studydb_check_program(db, err);
  if (rc == CR_OK && workload_hash)
    rc = check_workloads(db, results->design, workload_hash, err);
  rc = rc ? rc : read_runs(db, results, err);
  if (is_busy)
    *is_busy = rc != CR_OK && db && cr_studydb_is_busy(db);
  cr_studydb_close(db);
  return rc;
}
