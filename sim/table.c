/* table.c - aligned columns for people. */
#include "config.h"

#include "sim/table.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { COLUMN_MAX = 24, GAP = 2 };

void cr_table_begin(struct cr_table *t, const struct cr_table_column *column, uint32_t n_column, int color)
{
  *t = (struct cr_table){.column = column, .n_column = n_column < COLUMN_MAX ? n_column : COLUMN_MAX, .color = color};
}

void cr_table_cell(struct cr_table *t, const char *fmt, ...)
{
  char cell[512];
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(cell, sizeof cell, fmt, ap);
  va_end(ap);
  cr_text_add_bytes(&t->cell, cell, strlen(cell) + 1);
  t->n_cell++;
}

void cr_table_blank(struct cr_table *t)
{
  for (uint32_t c = 0; c < t->n_column; c++)
    cr_table_cell(t, "%s", "");
}

/* Columns on the screen: UTF-8 continuation bytes take none. */
static int width_of(const char *s)
{
  int n = 0;
  for (; *s; s++)
    n += ((unsigned char)*s & 0xc0) != 0x80;
  return n;
}

static void pad(struct cr_text *out, int n)
{
  if (n > 0)
    cr_text_add(out, "%*s", n, "");
}

/* One cell in its column.  Blanks at the end of a line are left to trim(). */
static void put(struct cr_text *out, const char *s, int width, int left, int bold)
{
  int blank = width - width_of(s);
  if (!left)
    pad(out, blank);
  cr_text_add(out, bold && *s ? "\033[1m%s\033[0m" : "%s", s);
  if (left)
    pad(out, blank);
}

static void end_line(struct cr_text *out)
{
  if (out->failed)
    return;
  while (out->n && out->s[out->n - 1] == ' ')
    out->n--;
  cr_text_add_bytes(out, "\n", 1);
}

/* width[] of each column, 0 for one that is left out. */
static void measure(const struct cr_table *t, int *width)
{
  memset(width, 0, t->n_column * sizeof *width);
  const char *cell = t->cell.s;
  for (uint32_t i = 0; i < t->n_cell; i++, cell += strlen(cell) + 1) {
    int w = width_of(cell);
    if (w > width[i % t->n_column])
      width[i % t->n_column] = w;
  }
  for (uint32_t c = 0; c < t->n_column; c++)
    if (width[c] && width_of(t->column[c].title) > width[c])
      width[c] = width_of(t->column[c].title);
}

static int same_group(const struct cr_table_column *a, const struct cr_table_column *b)
{
  return a->group && b->group && strcmp(a->group, b->group) == 0;
}

/* Past the columns that share column c's group; *span is their width with the gaps between. */
static uint32_t group_end(const struct cr_table *t, const int *width, uint32_t c, int *span)
{
  uint32_t end = c;
  *span = -GAP;
  do {
    *span += width[end] ? width[end] + GAP : 0;
    end++;
  } while (end < t->n_column && same_group(&t->column[c], &t->column[end]));
  return end;
}

/* A group narrower than its title is widened at its first column. */
static void widen_groups(const struct cr_table *t, int *width)
{
  int span;
  for (uint32_t c = 0, end; c < t->n_column; c = end) {
    end = group_end(t, width, c, &span);
    uint32_t first = c;
    while (first < end && !width[first])
      first++;
    if (first < end && t->column[c].group && width_of(t->column[c].group) > span)
      width[first] += width_of(t->column[c].group) - span;
  }
}

static void put_groups(const struct cr_table *t, const int *width, struct cr_text *out)
{
  int span, any = 0;
  for (uint32_t c = 0; c < t->n_column; c++)
    any |= width[c] && t->column[c].group;
  for (uint32_t c = 0, end; any && c < t->n_column; c = end) {
    end = group_end(t, width, c, &span);
    if (span <= 0)
      continue;
    const char *group = t->column[c].group ? t->column[c].group : "";
    int w = width_of(group);
    int dash = *group ? (span - w) / 2 - 1 : 0; /* "-- latency ms --" */
    if (*group)
      for (int i = 0; i < dash; i++)
        cr_text_add_bytes(out, "-", 1);
    if (dash > 0)
      cr_text_add_bytes(out, " ", 1);
    put(out, group, w, 1, t->color);
    if (dash > 0)
      cr_text_add_bytes(out, " ", 1);
    int used = w + (dash > 0 ? dash + 1 + 1 : 0);
    for (; dash > 0 && used < span; used++)
      cr_text_add_bytes(out, "-", 1);
    pad(out, span - used + GAP);
  }
  if (any)
    end_line(out);
}

static void put_titles(const struct cr_table *t, const int *width, struct cr_text *out)
{
  for (uint32_t c = 0; c < t->n_column; c++) {
    if (!width[c])
      continue;
    put(out, t->column[c].title, width[c], t->column[c].left, t->color);
    pad(out, GAP);
  }
  end_line(out);
}

static void put_rows(const struct cr_table *t, const int *width, struct cr_text *out)
{
  const char *cell = t->cell.s;
  for (uint32_t i = 0; i < t->n_cell; i++, cell += strlen(cell) + 1) {
    uint32_t c = i % t->n_column;
    if (width[c]) {
      put(out, cell, width[c], t->column[c].left, t->color && c == 0);
      pad(out, GAP);
    }
    if (c + 1 == t->n_column)
      end_line(out);
  }
}

/* Groups of titles over two rows: a title without a group spans both. */
static void put_html_head(const struct cr_table *t, const int *width, struct cr_text *out)
{
  int any = 0, span;
  for (uint32_t c = 0; c < t->n_column; c++)
    any |= width[c] && t->column[c].group;
  cr_text_add(out, "<div class=\"table\"><table>\n<thead>\n<tr>");
  for (uint32_t c = 0, end; any && c < t->n_column; c = end) {
    int n = 0;
    end = group_end(t, width, c, &span);
    for (uint32_t i = c; i < end; i++)
      n += width[i] > 0;
    if (n == 0)
      continue;
    if (t->column[c].group)
      cr_text_add(out, "<th scope=\"colgroup\" class=\"group\" colspan=\"%d\">", n);
    else
      cr_text_add(out, "<th scope=\"col\" rowspan=\"2\"%s>", t->column[c].left ? " class=\"left\"" : "");
    cr_text_add_html(out, t->column[c].group ? t->column[c].group : t->column[c].title);
    cr_text_add(out, "</th>");
  }
  cr_text_add(out, any ? "</tr>\n<tr>" : "");
  for (uint32_t c = 0; c < t->n_column; c++) {
    if (!width[c] || (any && !t->column[c].group))
      continue;
    cr_text_add(out, "<th scope=\"col\"%s>", t->column[c].left ? " class=\"left\"" : "");
    cr_text_add_html(out, t->column[c].title);
    cr_text_add(out, "</th>");
  }
  cr_text_add(out, "</tr>\n</thead>\n<tbody>\n");
}

/* A blank row parts blocks: the next one says so by its class. */
static void put_html(const struct cr_table *t, const int *width, struct cr_text *out)
{
  const char *cell = t->cell.s;
  int parted = 0;
  put_html_head(t, width, out);
  for (uint32_t i = 0; i < t->n_cell; i += t->n_column) {
    const char *first = cell;
    int is_blank = 1;
    for (uint32_t c = 0; c < t->n_column; c++, cell += strlen(cell) + 1)
      is_blank &= *cell == '\0';
    if (is_blank) {
      parted = 1;
      continue;
    }
    cr_text_add(out, parted ? "<tr class=\"parted\">" : "<tr>");
    parted = 0;
    cell = first;
    for (uint32_t c = 0; c < t->n_column; c++, cell += strlen(cell) + 1) {
      if (!width[c])
        continue;
      const char *element = c == 0 && *cell ? "th" : "td";
      cr_text_add(out, "<%s%s%s>", element, c == 0 && *cell ? " scope=\"row\"" : "",
                  t->column[c].left ? " class=\"left\"" : "");
      cr_text_add_html(out, cell);
      cr_text_add(out, "</%s>", element);
    }
    cr_text_add(out, "</tr>\n");
  }
  cr_text_add(out, "</tbody>\n</table></div>\n");
}

void cr_table_end(struct cr_table *t, struct cr_text *out)
{
  int width[COLUMN_MAX];
  if (t->cell.failed) {
    out->failed = 1;
  } else if (t->n_cell && t->color == CR_TABLE_HTML) {
    measure(t, width);
    put_html(t, width, out);
  } else if (t->n_cell) {
    measure(t, width);
    widen_groups(t, width);
    put_groups(t, width, out);
    put_titles(t, width, out);
    put_rows(t, width, out);
  }
  cr_text_fini(&t->cell);
}
