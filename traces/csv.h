/* csv.h - a streaming reader of CSV files with a header row: RFC 4180 quotes, gzip or plain, BOM, LF or CRLF.
 *
 * Lines before the header that begin with "==" (the log of Nsight Compute) or # (comments) are skipped, and so are
 * empty lines.  Memory is one row, and a row that is longer than any table's is refused before more of it is
 * read.  Errors name the file and line. */
#ifndef CR_CSV_H
#define CR_CSV_H
#include "sim/base.h"

struct cr_csv;

/* Opens and reads the header row. */
int cr_csv_open(const char *path, struct cr_csv **out, struct cr_err *err) CR_MUST;
void cr_csv_close(struct cr_csv *csv);

/* Index of the column of that exact name, or -1. */
int cr_csv_column(const struct cr_csv *csv, const char *name);
/* The same for a column that must be there: CR_EINPUT names the file and the columns it has. */
int cr_csv_need(const struct cr_csv *csv, const char *name, int *out, struct cr_err *err) CR_MUST;

/* 1: a row is there; 0: the end; < 0: an error (a row of another width than the header is one). */
int cr_csv_next(struct cr_csv *csv, struct cr_err *err) CR_MUST;

/* After an error: whether it was of one row alone, so that cr_csv_next goes on with the one behind it. */
int cr_csv_can_go_on(const struct cr_csv *csv);

/* Text of a field of the present row, until the next cr_csv_next; "" when empty.  column -1: "". */
const char *cr_csv_field(const struct cr_csv *csv, int column);
uint32_t cr_csv_n_column(const struct cr_csv *csv);
const char *cr_csv_name(const struct cr_csv *csv, uint32_t column); /* of a column */

/* Fields as numbers; CR_EINPUT names file, line and column.  An empty field is fallback. */
int cr_csv_i64(const struct cr_csv *csv, int column, int64_t fallback, int64_t *out, struct cr_err *err) CR_MUST;
int cr_csv_f64(const struct cr_csv *csv, int column, double fallback, double *out, struct cr_err *err) CR_MUST;

uint32_t cr_csv_line(const struct cr_csv *csv); /* on which the present row begins, from 1 */
const char *cr_csv_path(const struct cr_csv *csv);

#endif
