/* row_feed.h - rows of integers in memory as a table of SQLite, so that one statement writes a block of them.
 *
 * `INSERT INTO ledger SELECT * FROM feed` costs half of what binding and stepping row by row does: a row is read, checked
 * and appended within one step.  A feed can be read through the database that it was registered with, and by whole
 * scans only. */
#ifndef CR_ROW_FEED_H
#define CR_ROW_FEED_H
#include <sqlite3.h>

#include "sim/base.h"

struct cr_row_field {
  uint32_t at_bytes; /* in the row */
  uint32_t n_byte;   /* 2, 4: unsigned; 8: an int64_t, or the uint64_t of the same bits */
};

struct cr_row_feed {
  const struct cr_row_field *field; /* [n_field], not more than 10 */
  uint32_t n_field;
  uint32_t row_bytes;
  /* The block that the next statement reads; the caller's. */
  const void *row; /* [n_row] */
  uint32_t n_row;
};

/* Makes feed, which must outlive the connection, a table of this name with the columns c0, c1, ...  A code of SQLite. */
int cr_row_feed_register(sqlite3 *db, const char *name, struct cr_row_feed *feed);

#endif
