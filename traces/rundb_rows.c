/* rundb_rows.c - the ledger and the requests of a run database, written block by block as they come. */
#include "config.h"

#include <stddef.h>

#include "traces/row_feed.h"
#include "traces/rundb_int.h"

#define FIELD(of, name)                                    \
  {                                                        \
    offsetof(struct of, name), sizeof((struct of){0}.name) \
  }

int cr_rundb_open_rows(struct cr_rundb *db, struct cr_err *err)
{
  static const struct cr_row_field note[] = {FIELD(cr_note, at_ns), FIELD(cr_note, kind), FIELD(cr_note, a),
                                             FIELD(cr_note, b),     FIELD(cr_note, c),    FIELD(cr_note, t)};
  static const struct cr_row_field request[] = {FIELD(cr_request_row, client), FIELD(cr_request_row, arrive_ns),
                                                FIELD(cr_request_row, reach_ns), FIELD(cr_request_row, end_ns),
                                                FIELD(cr_request_row, missed)};
  db->notes = (struct cr_row_feed){.field = note, .n_field = 6, .row_bytes = sizeof(struct cr_note)};
  db->requests = (struct cr_row_feed){.field = request, .n_field = 5, .row_bytes = sizeof(struct cr_request_row)};
  if (cr_row_feed_register(db->db, "notes", &db->notes) != SQLITE_OK ||
      cr_row_feed_register(db->db, "requests", &db->requests) != SQLITE_OK)
    return cr_rundb_fail(db, err);
  int rc = cr_rundb_query(db, &db->add_notes, err, "INSERT INTO ledger SELECT ?, * FROM notes", "");
  return rc ? rc : cr_rundb_query(db, &db->add_requests, err, "INSERT INTO request SELECT ?, * FROM requests", "");
}

/* A block of rows of the present run, through the statement that reads the feed. */
static int add_block(struct cr_rundb *db, sqlite3_stmt *q, struct cr_row_feed *feed, const void *row, uint32_t n,
                     struct cr_err *err)
{
  feed->row = row;
  feed->n_row = n;
  if (sqlite3_bind_int64(q, 1, (int64_t)db->n_run - 1) != SQLITE_OK || sqlite3_step(q) != SQLITE_DONE)
    return cr_rundb_fail(db, err);
  sqlite3_reset(q);
  return CR_OK;
}

int cr_rundb_write_notes(void *ctx, const struct cr_note *note, uint32_t n, struct cr_err *err)
{
  struct cr_rundb *db = ctx;
  return add_block(db, db->add_notes, &db->notes, note, n, err);
}

int cr_rundb_write_requests(void *ctx, const struct cr_request_row *request, uint32_t n, struct cr_err *err)
{
  struct cr_rundb *db = ctx;
  return add_block(db, db->add_requests, &db->requests, request, n, err);
}
