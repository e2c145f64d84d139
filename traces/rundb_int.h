/* rundb_int.h - what the two sides of the run database share: the open file and short ways to run SQL. */
#ifndef CR_RUNDB_INT_H
#define CR_RUNDB_INT_H
#include <sqlite3.h>

#include "sim/mem.h"
#include "sim/summary.h"
#include "traces/row_feed.h"
#include "traces/rundb.h"

struct cr_rundb {
  sqlite3 *db;
  char *path;
  char *partial;                         /* the file while it is written; NULL when reading */
  /* writing */
  const struct cr_scenario *scenario, *undivided;
  const struct cr_scenario *of_run; /* one of them */
  struct cr_row_feed notes, requests;
  sqlite3_stmt *add_notes, *add_requests, *add_job_result;
  uint32_t n_run;                        /* begun */
  /* reading */
  struct cr_arena *arena;
  struct cr_rundb_info info;
  struct cr_rundb_run *run;              /* [n_run] */
};

/* The sentence for what SQLite last said. */
int cr_rundb_fail(struct cr_rundb *db, struct cr_err *err) CR_COLD;

/* A prepared statement with its parameters bound in order: fmt has a letter each, i int64_t, d double, s text, n time
 * (NULL for CR_NS_NEVER), b bytes (NULL for CR_UNKNOWN), h hash (as hexadecimal text), r double (NULL for NAN).  The
 * caller finalises it. */
int cr_rundb_query(struct cr_rundb *db, sqlite3_stmt **out, struct cr_err *err, const char *sql, const char *fmt,
                   ...) CR_MUST;

/* The same for a statement without results, run and done with. */
int cr_rundb_do(struct cr_rundb *db, struct cr_err *err, const char *sql, const char *fmt, ...) CR_MUST;

/* Where the devices of the present run begin: those of the undivided platform come behind those of the scenario's. */
uint32_t cr_rundb_first_device(const struct cr_rundb *db);

/* Tables ledger and request: opened once, and the sinks of the present run, whose ctx is the database. */
int cr_rundb_open_rows(struct cr_rundb *db, struct cr_err *err) CR_MUST;
int cr_rundb_write_notes(void *ctx, const struct cr_note *note, uint32_t n, struct cr_err *err) CR_MUST;
int cr_rundb_write_requests(void *ctx, const struct cr_request_row *request, uint32_t n, struct cr_err *err) CR_MUST;

/* Table memory_result: of the run that has ended, and into the summaries of all devices. */
int cr_rundb_add_memory(struct cr_rundb *db, const struct cr_result *r, struct cr_err *err) CR_MUST;
int cr_rundb_read_memory(struct cr_rundb *db, struct cr_summary *s, struct cr_err *err) CR_MUST;

/* Table live: of the run that has ended, and into the summaries of all. */
int cr_rundb_add_live(struct cr_rundb *db, const struct cr_live *l, struct cr_err *err) CR_MUST;
int cr_rundb_read_live(struct cr_rundb *db, struct cr_summary *s, struct cr_err *err) CR_MUST;

/* Table verdict: of a client in the run that has ended, and into the summary of each client, [n_client] places. */
int cr_rundb_add_verdicts(struct cr_rundb *db, uint32_t client, const struct cr_verdicts *v, struct cr_err *err) CR_MUST;
int cr_rundb_read_verdicts(struct cr_rundb *db, const uint32_t *place, uint32_t n_client, struct cr_summary *s,
                           struct cr_err *err) CR_MUST;

/* CR_EINPUT names a column of the results that has what no run writes. */
int cr_rundb_check(struct cr_rundb *db, struct cr_err *err) CR_MUST;

/* Whether the file has a table, which was added without a new version. */
int cr_rundb_has_table(struct cr_rundb *db, const char *name, int *has, struct cr_err *err) CR_MUST;

#endif
