/* csv_table.h - a CSV file with known columns: which of them it has, and its cells as quantities.
 *
 * A column that is not known is refused: a misspelt optional one would be lost in silence.  Errors about a cell say
 * "FILE:LINE: COLUMN is "TEXT" where WANT belongs". */
#ifndef CR_CSV_TABLE_H
#define CR_CSV_TABLE_H
#include "traces/csv.h"

enum { CR_CSV_COLUMN_MAX = 16, CR_CSV_CELL_MAX = 68 };

struct cr_csv_table {
  struct cr_csv *csv;
  const char *const *name; /* [n] of the columns that can be there */
  uint32_t n;
  int at[CR_CSV_COLUMN_MAX]; /* [n] where they are; -1: not there, and all its cells are empty */
};

/* what ("a table of layers") begins the sentence about a column that is none of name, [n <= CR_CSV_COLUMN_MAX], which must live
 * as long. */
int cr_csv_table_open(const char *path, const char *what, const char *const *name, uint32_t n, struct cr_csv_table *out,
                      struct cr_err *err) CR_MUST;
void cr_csv_table_close(struct cr_csv_table *t);

/* The column c must be there. */
int cr_csv_table_need(const struct cr_csv_table *t, uint32_t c, struct cr_err *err) CR_MUST;

/* Of the present row. */
const char *cr_csv_cell(const struct cr_csv_table *t, uint32_t c);
int cr_csv_cell_bad(const struct cr_csv_table *t, uint32_t c, const char *want, struct cr_err *err) CR_COLD;

/* The cell's number with its unit behind it, for the readers of sim/unit.h: 1; 0: it is empty; < 0: it is no number, or one
 * below 0. */
int cr_csv_cell_with_unit(const struct cr_csv_table *t, uint32_t c, const char *unit, char out[CR_CSV_CELL_MAX],
                          struct cr_err *err) CR_MUST;

/* As a time up to max_ns, which is called max ("an hour") in errors; *out stays where the cell is empty. */
int cr_csv_cell_ns(const struct cr_csv_table *t, uint32_t c, const char *unit, cr_ns max_ns, const char *max,
                   cr_ns *out, struct cr_err *err) CR_MUST;

/* As a name of 1 to 80 characters that can stand in lists and paths: without blanks or any of [ ] = , " */
int cr_csv_cell_name(const struct cr_csv_table *t, uint32_t c, struct cr_err *err) CR_MUST;

#endif
