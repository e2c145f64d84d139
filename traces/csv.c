/* csv.c - a streaming reader of CSV files: one row in memory, its fields as texts in one buffer.
 *
 * A quoted field may hold commas, doubled quotes and line ends.  A quote inside an unquoted field is taken as it is. */
#include "config.h"

#include "traces/csv.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/mem.h"
#include "sim/text.h"
#include "traces/gz.h"

enum {
  BUFFER_BYTES = 64 * 1024,
  COLUMN_MAX = 1 << 16,
  ROW_MAX = 16 * 1024 * 1024 /* bytes: the widest tables known (all counters of Nsight Compute) have some 100 KB */
};

struct cr_csv {
  char *path;
  struct cr_gz *gz;
  char *buf;
  size_t n_buf, at;
  int ended;               /* the file is at its end, or nothing behind can be read */
  int broken;              /* the latter */
  int must_skip;           /* the rest of a line that was refused stands before the next row */
  uint32_t line, row_line; /* being read; on which the row began */
  struct cr_text row;      /* fields of the present row, each ended by a zero byte */
  size_t *field;           /* [field_cap] where each begins in row */
  uint32_t n_field, field_cap;
  struct cr_text header; /* the header row, as row */
  size_t *column;        /* [n_column] */
  uint32_t n_column;
};

/* The next byte, or -1 at the end. */
static int get(struct cr_csv *csv, int *rc, struct cr_err *err)
{
  if (csv->at == csv->n_buf) {
    if (csv->ended)
      return -1;
    csv->at = 0;
    csv->n_buf = 0;
    *rc = cr_gz_read(csv->gz, csv->buf, BUFFER_BYTES, &csv->n_buf, err);
    if (*rc || csv->n_buf == 0) {
      csv->ended = 1;
      csv->broken = *rc != CR_OK;
      return -1;
    }
  }
  return (unsigned char)csv->buf[csv->at++];
}

static int peek(struct cr_csv *csv, int *rc, struct cr_err *err)
{
  int c = get(csv, rc, err);
  if (c >= 0)
    csv->at--;
  return c;
}

/* The row makes no sense; the next one begins behind the end of its line. */
static int refuse_row(struct cr_csv *csv, const char *sentence, struct cr_err *err)
{
  csv->must_skip = 1;
  return cr_fail(err, CR_EINPUT, "%s:%u: %s", csv->path, csv->row_line, sentence);
}

static int begin_field(struct cr_csv *csv, struct cr_err *err)
{
  if (csv->n_field == csv->field_cap) {
    uint32_t cap = csv->field_cap ? 2 * csv->field_cap : 64;
    if (cap > COLUMN_MAX)
      return refuse_row(csv, "has too many fields", err);
    size_t *grown = cr_mem_resize(csv->field, cap, sizeof *grown);
    if (!grown)
      return cr_fail_nomem(err, csv->path);
    csv->field = grown;
    csv->field_cap = cap;
  }
  csv->field[csv->n_field++] = csv->row.n;
  return CR_OK;
}

/* The file makes no sense from here on. */
static int give_up(struct cr_csv *csv)
{
  csv->ended = csv->broken = 1;
  csv->at = csv->n_buf = 0;
  return CR_EINPUT;
}

static int skip_line(struct cr_csv *csv, struct cr_err *err)
{
  int rc = CR_OK;
  while (peek(csv, &rc, err) >= 0) {
    const char *end = memchr(csv->buf + csv->at, '\n', csv->n_buf - csv->at);
    csv->at = end ? (size_t)(end - csv->buf) + 1 : csv->n_buf;
    if (end) {
      csv->line++;
      break;
    }
  }
  csv->must_skip = 0;
  return rc;
}

/* Takes the bytes up to the next one that means something, all at once. */
static void take_plain(struct cr_csv *csv, const char *meaning)
{
  size_t n = csv->at;
  while (n < csv->n_buf && csv->buf[n] && !strchr(meaning, csv->buf[n]))
    n++;
  cr_text_add_bytes(&csv->row, csv->buf + csv->at, n - csv->at);
  csv->at = n;
}

/* The inside of a quoted field; the opening quote is read. */
static int read_quoted(struct cr_csv *csv, struct cr_err *err)
{
  int rc = CR_OK;
  for (;;) {
    int c = get(csv, &rc, err);
    if (c < 0 && !rc) {
      cr_fail(err, CR_EINPUT, "%s:%u: the file ends inside a quoted field; it is cut off", csv->path, csv->row_line);
      return give_up(csv);
    }
    if (rc)
      return rc;
    if (c == '"') {
      if (peek(csv, &rc, err) != '"')
        return rc;
      c = get(csv, &rc, err);
    }
    csv->line += c == '\n';
    if (csv->row.n > ROW_MAX) {
      cr_fail(err, CR_EINPUT, "%s:%u: a quoted field has no end", csv->path, csv->row_line);
      return give_up(csv);
    }
    char byte = (char)c;
    cr_text_add_bytes(&csv->row, &byte, 1);
    take_plain(csv, "\"\n");
  }
}

/* One byte of a row outside quotes: 1 when it ended the row, 0 when not, < 0 when the row cannot be. */
static int take(struct cr_csv *csv, int c, int *begun, struct cr_err *err)
{
  int rc = CR_OK;
  if (!*begun)
    rc = begin_field(csv, err);
  if (rc)
    return rc;
  if (!*begun && c == '"') {
    *begun = 1;
    return read_quoted(csv, err);
  }
  *begun = 1;
  if (c == '\r' && peek(csv, &rc, err) == '\n')
    return rc;
  if (c == ',' || c == '\n' || c < 0) {
    cr_text_add_bytes(&csv->row, "", 1);
    *begun = 0;
    csv->line += c == '\n';
    return c != ',';
  }
  if (c == '\0')
    return refuse_row(csv, "has a byte of value 0, which text has not", err);
  char byte = (char)c;
  cr_text_add_bytes(&csv->row, &byte, 1);
  take_plain(csv, ",\r\n");
  return rc;
}

/* One record; *n_byte is 0 at the end of the file. */
static int read_row(struct cr_csv *csv, size_t *n_byte, struct cr_err *err)
{
  int rc = csv->must_skip ? skip_line(csv, err) : CR_OK, begun = 0;
  csv->row.n = 0;
  csv->n_field = 0;
  csv->row_line = csv->line;
  *n_byte = 0;
  while (!rc) {
    int c = get(csv, &rc, err);
    if (rc || (c < 0 && !*n_byte))
      return rc;
    *n_byte = 1;
    rc = take(csv, c, &begun, err);
    if (!rc && csv->row.n > ROW_MAX)
      return refuse_row(csv, "the line is longer than 16 MiB, as none of a table is; is a line end missing?", err);
  }
  if (rc < 0)
    return rc;
  return csv->row.failed ? cr_fail_nomem(err, csv->path) : CR_OK;
}

static int is_empty(const struct cr_csv *csv)
{
  return csv->n_field == 1 && csv->row.s[0] == '\0';
}

static int read_header(struct cr_csv *csv, struct cr_err *err)
{
  size_t n_byte;
  int first_rc = CR_OK;
  if (peek(csv, &first_rc, err) == 0xef && csv->n_buf >= 3 && !memcmp(csv->buf, "\xef\xbb\xbf", 3))
    csv->at = 3; /* byte order mark */
  if (first_rc)
    return first_rc;
  do {
    int rc = CR_OK;
    while (!rc && peek(csv, &rc, err) == '#')
      rc = skip_line(csv, err);
    rc = rc ? rc : read_row(csv, &n_byte, err);
    if (rc)
      return rc;
    if (!n_byte)
      return cr_fail(err, CR_EINPUT, "%s: has no header row", csv->path);
  } while (is_empty(csv) || !strncmp(csv->row.s, "==", 2));
  csv->column = cr_mem_new(csv->n_field, sizeof *csv->column);
  if (!csv->column)
    return cr_fail_nomem(err, csv->path);
  memcpy(csv->column, csv->field, csv->n_field * sizeof *csv->column);
  csv->n_column = csv->n_field;
  csv->header = csv->row;
  csv->row = (struct cr_text){0};
  return CR_OK;
}

int cr_csv_open(const char *path, struct cr_csv **out, struct cr_err *err)
{
  struct cr_csv *csv = cr_mem_new(1, sizeof *csv);
  if (!csv)
    return cr_fail_nomem(err, path);
  csv->line = 1;
  csv->path = cr_mem_new(strlen(path) + 1, 1);
  csv->buf = cr_mem_new(BUFFER_BYTES, 1);
  int rc = csv->path && csv->buf ? cr_gz_open(path, &csv->gz, err) : cr_fail_nomem(err, path);
  if (!rc) {
    memcpy(csv->path, path, strlen(path) + 1);
    rc = read_header(csv, err);
  }
  if (rc) {
    cr_csv_close(csv);
    return rc;
  }
  *out = csv;
  return CR_OK;
}

void cr_csv_close(struct cr_csv *csv)
{
  if (!csv)
    return;
  cr_gz_close(csv->gz);
  cr_text_fini(&csv->row);
  cr_text_fini(&csv->header);
  cr_mem_free(csv->field);
  cr_mem_free(csv->column);
  cr_mem_free(csv->buf);
  cr_mem_free(csv->path);
  cr_mem_free(csv);
}

uint32_t cr_csv_n_column(const struct cr_csv *csv)
{
  return csv->n_column;
}

const char *cr_csv_name(const struct cr_csv *csv, uint32_t column)
{
  return csv->header.s + csv->column[column];
}

int cr_csv_column(const struct cr_csv *csv, const char *name)
{
  for (uint32_t i = 0; i < csv->n_column; i++)
    if (!strcmp(cr_csv_name(csv, i), name))
      return (int)i;
  return -1;
}

int cr_csv_need(const struct cr_csv *csv, const char *name, int *out, struct cr_err *err)
{
  int i = cr_csv_column(csv, name);
  if (i >= 0) {
    *out = i;
    return CR_OK;
  }
  struct cr_text have = {0};
  for (uint32_t c = 0; c < csv->n_column && have.n < 400; c++)
    cr_text_add(&have, "%s%s", c ? ", " : "", cr_csv_name(csv, c));
  int rc = cr_fail(err, CR_EINPUT, "%s: has no column \"%s\"; it has %s%s", csv->path, name, have.n ? have.s : "none",
                   have.n >= 400 ? ", ..." : "");
  cr_text_fini(&have);
  return rc;
}

int cr_csv_next(struct cr_csv *csv, struct cr_err *err)
{
  size_t n_byte;
  do {
    int rc = read_row(csv, &n_byte, err);
    if (rc)
      return rc;
    if (!n_byte)
      return 0;
  } while (is_empty(csv) && csv->n_column > 1);
  if (csv->n_field != csv->n_column)
    return cr_fail(err, CR_EINPUT,
                   "%s:%u: has %u fields where the header has %u; the file is cut off or a quote is missing", csv->path,
                   csv->row_line, csv->n_field, csv->n_column);
  return 1;
}

int cr_csv_can_go_on(const struct cr_csv *csv)
{
  return !csv->broken;
}

const char *cr_csv_field(const struct cr_csv *csv, int column)
{
  return column < 0 ? "" : csv->row.s + csv->field[column];
}

static int bad_number(const struct cr_csv *csv, int column, const char *want, struct cr_err *err)
{
  return cr_fail(err, CR_EINPUT, "%s:%u: %s is \"%.60s\" where %s belongs", csv->path, csv->row_line,
                 cr_csv_name(csv, (uint32_t)column), cr_csv_field(csv, column), want);
}

int cr_csv_i64(const struct cr_csv *csv, int column, int64_t fallback, int64_t *out, struct cr_err *err)
{
  const char *s = cr_csv_field(csv, column);
  char *end;
  if (!*s) {
    *out = fallback;
    return CR_OK;
  }
  errno = 0;
  long long v = strtoll(s, &end, 10);
  if (errno || *end || end == s || *s == ' ')
    return bad_number(csv, column, "a whole number", err);
  *out = v;
  return CR_OK;
}

int cr_csv_f64(const struct cr_csv *csv, int column, double fallback, double *out, struct cr_err *err)
{
  const char *s = cr_csv_field(csv, column);
  char *end;
  if (!*s) {
    *out = fallback;
    return CR_OK;
  }
  double v = strtod(s, &end);
  if (*end || end == s || *s == ' ' || !isfinite(v))
    return bad_number(csv, column, "a number", err);
  *out = v;
  return CR_OK;
}

uint32_t cr_csv_line(const struct cr_csv *csv)
{
  return csv->row_line;
}

const char *cr_csv_path(const struct cr_csv *csv)
{
  return csv->path;
}
