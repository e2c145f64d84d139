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

void cr_table_end(struct cr_table *t, struct cr_text *out)
{
  int width[COLUMN_MAX];
  if (t->cell.failed) {
    out->failed = 1;
  } else if (t->n_cell) {
    measure(t, width);
    widen_groups(t, width);
    put_groups(t, width, out);
    put_titles(t, width, out);
    put_rows(t, width, out);
  }
  cr_text_fini(&t->cell);
}
