/* rundb_check.c - whether the numbers of a run database can be what a run wrote.
 *
 * The schema's types keep out most of what others may write, but not a count below 0, a time before the run or an infinite mean, and a
 * file whose schema was changed keeps out nothing.  What is found is named by its table and column.  Tables with a row a request, note
 * or point of a curve are checked as they are read: a scan of a ledger costs as much as reading it. */
#include "config.h"

#include <string.h>

#include "traces/rundb_int.h"

/* Columns by what they hold, with spaces between. */
struct shape {
  const char *table;
  int is_added;      /* by a later program of the same version: may be missing */
  const char *count; /* whole and not below 0 */
  const char *maybe; /* the same, or NULL */
  const char *real;  /* finite and not below 0, or NULL */
  const char *text;
};

static const struct shape SHAPE[] = {
  {"client", 0, "client", "deadline_ns bound_ns", "", "name class model arrival"},
  {"job", 0, "client iterations startup_ns think_ns", "declared_ns declared_persistent_bytes declared_ephemeral_bytes", "", ""},
  {"device", 0, "device is_node undivided", "", "", "name"},
  {"run", 0, "run end_ns events callbacks actions refused preemptions ops ledger_notes", "", "",
   "policy backend outcome why ledger_hash"},
  {"client_result", 0, "run client requests_arrived requests_done requests_dropped requests_pending deadline_missed",
   "bound_exceeded", "throughput_per_s", ""},
  {"distribution", 0, "run client count", "min_ns p50_ns p95_ns p99_ns max_ns", "mean_ns", "metric"},
  {"job_result", 0, "run client used_ns", "submit_ns start_ns ready_ns admit_ns first_ns end_ns", "", "outcome"},
  {"device_result", 0, "run device kernels copies memsets", "", "busy_ratio sm_use_ratio warp_use_ratio dram_use_ratio copy_use_ratio",
   ""},
  {"preemption", 0, "run count ops_stopped ops_cut ops_run_again in_vain_ns", "min_ns p50_ns p95_ns p99_ns max_ns", "mean_ns", ""},
  {"memory_result", 1, "run device reserved_peak_bytes used_peak_bytes", "", "reserved_mean_bytes used_mean_bytes", ""},
  {"verdict", 1, "run client demotions restorations demoted stages_without_bound", "about", "", "reason"},
};

/* Which cells cannot be; @ is the column. */
static const char COUNT[] = "typeof(@) <> 'integer' OR @ < 0";
static const char MAYBE[] = "@ IS NOT NULL AND (typeof(@) <> 'integer' OR @ < 0)";
static const char REAL[] = "@ IS NOT NULL AND (typeof(@) NOT IN ('integer', 'real') OR NOT @ BETWEEN 0 AND 1.7976931348623157e308)";
static const char TEXT[] = "typeof(@) <> 'text'";

static void add_rule(struct cr_text *sql, const char *rule, const char *column, int n)
{
  for (; *rule; rule++)
    if (*rule == '@')
      cr_text_add(sql, "%.*s", n, column);
    else
      cr_text_add(sql, "%c", *rule);
}

/* One list of columns. */
static int check_columns(struct cr_rundb *db, const char *table, const char *columns, const char *rule, struct cr_err *err)
{
  int rc = CR_OK;
  for (const char *name = columns; rc == CR_OK && *name;) {
    int n = (int)strcspn(name, " ");
    struct cr_text sql = {0};
    sqlite3_stmt *q = NULL;
    cr_text_add(&sql, "SELECT substr(CAST(%.*s AS TEXT), 1, 40) FROM %s WHERE ", n, name, table);
    add_rule(&sql, rule, name, n);
    cr_text_add(&sql, " LIMIT 1");
    rc = sql.failed ? cr_fail_nomem(err, "the run database") : cr_rundb_query(db, &q, err, sql.s, "");
    int code = rc == CR_OK ? sqlite3_step(q) : SQLITE_DONE;
    if (code == SQLITE_ROW) {
      const char *value = (const char *)sqlite3_column_text(q, 0);
      rc = cr_fail(err, CR_EINPUT, "%s: is damaged: %.*s of table %s cannot be %s; do the run again", db->path, n, name, table,
                   value ? value : "NULL");
    } else if (code != SQLITE_DONE) {
      rc = cr_rundb_fail(db, err);
    }
    sqlite3_finalize(q);
    cr_text_fini(&sql);
    name += n + (name[n] == ' ');
  }
  return rc;
}

int cr_rundb_check(struct cr_rundb *db, struct cr_err *err)
{
  int rc = CR_OK;
  for (size_t i = 0; rc == CR_OK && i < sizeof SHAPE / sizeof *SHAPE; i++) {
    const struct shape *s = &SHAPE[i];
    int has = 1;
    if (s->is_added)
      rc = cr_rundb_has_table(db, s->table, &has, err);
    if (rc != CR_OK || !has)
      continue;
    rc = check_columns(db, s->table, s->count, COUNT, err);
    rc = rc ? rc : check_columns(db, s->table, s->maybe, MAYBE, err);
    rc = rc ? rc : check_columns(db, s->table, s->real, REAL, err);
    rc = rc ? rc : check_columns(db, s->table, s->text, TEXT, err);
  }
  return rc;
}
