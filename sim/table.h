/* table.h - aligned columns for people: titles in groups, a rule, rows, numbers to the right.
 *
 * Cells are collected in order, row by row; widths are known when all are there. */
#ifndef CR_TABLE_H
#define CR_TABLE_H
#include "sim/base.h"
#include "sim/text.h"

/* Plain; titles and the first column in bold; or a table of HTML, in which text is escaped. */
enum cr_table_look { CR_TABLE_PLAIN, CR_TABLE_BOLD, CR_TABLE_HTML };

struct cr_table_column {
  const char *group;  /* title over neighbouring columns of the same group; NULL: none */
  const char *title;
  int left;           /* text; numbers go to the right */
};

struct cr_table {
  const struct cr_table_column *column; /* [n_column], borrowed */
  uint32_t n_column;
  int color;           /* enum cr_table_look */
  struct cr_text cell; /* all cells, each ended by a zero byte */
  uint32_t n_cell;
};

void cr_table_begin(struct cr_table *t, const struct cr_table_column *column, uint32_t n_column, int color);
void cr_table_cell(struct cr_table *t, const char *fmt, ...) CR_PRINTF(2, 3);
void cr_table_blank(struct cr_table *t); /* an empty row, to part blocks */
/* Appends titles and rows to out and frees what the table holds.  Memory that ran out shows in out->failed.  A column in
 * which every cell is empty is left out. */
void cr_table_end(struct cr_table *t, struct cr_text *out);

#endif
