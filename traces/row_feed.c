/* row_feed.c - rows of integers in memory as a table of SQLite: an eponymous virtual table that is only ever scanned. */
#include "config.h"

#include "traces/row_feed.h"

#include <assert.h>
#include <string.h>

#include "sim/mem.h"

enum { MAX_FIELD = 10 };

struct feed_table {
  sqlite3_vtab base; /* SQLite's, first */
  const struct cr_row_feed *feed;
};

struct feed_cursor {
  sqlite3_vtab_cursor base; /* SQLite's, first */
  const char *row, *end;
};

static const struct cr_row_feed *feed_of(const sqlite3_vtab_cursor *cursor)
{
  return ((const struct feed_table *)cursor->pVtab)->feed;
}

static int on_connect(sqlite3 *db, void *ctx, int argc, const char *const *argv, sqlite3_vtab **out, char **error)
{
  static const char columns[] = "CREATE TABLE feed(c0,c1,c2,c3,c4,c5,c6,c7,c8,c9)";
  const struct cr_row_feed *feed = ctx;
  char declared[sizeof columns];
  (void)argc, (void)argv, (void)error;
  assert(feed->n_field > 0 && feed->n_field <= MAX_FIELD);
  sqlite3_snprintf((int)sizeof declared, declared, "%.*s)",
                   (int)sizeof "CREATE TABLE feed(" - 2 + 3 * (int)feed->n_field, columns);
  int rc = sqlite3_declare_vtab(db, declared);
  if (rc != SQLITE_OK)
    return rc;
  struct feed_table *table = cr_mem_new(1, sizeof *table);
  if (!table)
    return SQLITE_NOMEM;
  table->feed = feed;
  *out = &table->base;
  return SQLITE_OK;
}

static int on_disconnect(sqlite3_vtab *table)
{
  cr_mem_free(table);
  return SQLITE_OK;
}

static int on_best_index(sqlite3_vtab *table, sqlite3_index_info *info)
{
  (void)table, (void)info; /* a scan, as its defaults say */
  return SQLITE_OK;
}

static int on_open(sqlite3_vtab *table, sqlite3_vtab_cursor **out)
{
  (void)table;
  struct feed_cursor *cursor = cr_mem_new(1, sizeof *cursor);
  if (!cursor)
    return SQLITE_NOMEM;
  *out = &cursor->base;
  return SQLITE_OK;
}

static int on_close(sqlite3_vtab_cursor *cursor)
{
  cr_mem_free(cursor);
  return SQLITE_OK;
}

static int on_filter(sqlite3_vtab_cursor *base, int index, const char *text, int argc, sqlite3_value **argv)
{
  struct feed_cursor *cursor = (struct feed_cursor *)base;
  const struct cr_row_feed *feed = feed_of(base);
  (void)index, (void)text, (void)argc, (void)argv;
  cursor->row = feed->row;
  cursor->end = cursor->row + (size_t)feed->n_row * feed->row_bytes;
  return SQLITE_OK;
}

static int on_next(sqlite3_vtab_cursor *base)
{
  ((struct feed_cursor *)base)->row += feed_of(base)->row_bytes;
  return SQLITE_OK;
}

static int on_eof(sqlite3_vtab_cursor *base)
{
  const struct feed_cursor *cursor = (const struct feed_cursor *)base;
  return cursor->row == cursor->end;
}

static int on_column(sqlite3_vtab_cursor *base, sqlite3_context *out, int column)
{
  const struct cr_row_field *field = &feed_of(base)->field[column];
  const char *at = ((const struct feed_cursor *)base)->row + field->at_bytes;
  int64_t wide;
  uint32_t word;
  uint16_t half;
  switch (field->n_byte) {
  case sizeof half:
    memcpy(&half, at, sizeof half);
    wide = half;
    break;
  case sizeof word:
    memcpy(&word, at, sizeof word);
    wide = word;
    break;
  default:
    memcpy(&wide, at, sizeof wide);
  }
  sqlite3_result_int64(out, wide);
  return SQLITE_OK;
}

static int on_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *out)
{
  *out = (((const struct feed_cursor *)base)->row - (const char *)feed_of(base)->row) / feed_of(base)->row_bytes;
  return SQLITE_OK;
}

static const sqlite3_module module = {
  .xConnect = on_connect,
  .xBestIndex = on_best_index,
  .xDisconnect = on_disconnect,
  .xOpen = on_open,
  .xClose = on_close,
  .xFilter = on_filter,
  .xNext = on_next,
  .xEof = on_eof,
  .xColumn = on_column,
  .xRowid = on_rowid,
};

int cr_row_feed_register(sqlite3 *db, const char *name, struct cr_row_feed *feed)
{
  return sqlite3_create_module(db, name, &module, feed);
}
