/* text.c - text that grows. */
#include "config.h"

#include "sim/text.h"

#include <stdio.h>
#include <string.h>

#include "sim/mem.h"

static int reserve(struct cr_text *t, size_t more)
{
  if (t->failed)
    return 0;
  if (t->cap - t->n > more)
    return 1;
  size_t cap = t->cap ? t->cap : 256;
  while (cap - t->n <= more)
    cap *= 2;
  char *s = cr_mem_resize(t->s, cap, 1);
  if (!s) {
    t->failed = 1;
    return 0;
  }
  t->s = s;
  t->cap = cap;
  return 1;
}

void cr_text_add(struct cr_text *t, const char *fmt, ...)
{
  va_list ap, again;
  va_start(ap, fmt);
  va_copy(again, ap);
  int n = vsnprintf(NULL, 0, fmt, ap);
  if (n >= 0 && reserve(t, (size_t)n)) {
    vsnprintf(t->s + t->n, (size_t)n + 1, fmt, again);
    t->n += (size_t)n;
  }
  va_end(again);
  va_end(ap);
}

void cr_text_add_bytes(struct cr_text *t, const char *bytes, size_t n)
{
  if (!reserve(t, n))
    return;
  memcpy(t->s + t->n, bytes, n);
  t->n += n;
  t->s[t->n] = '\0';
}

void cr_text_add_csv(struct cr_text *t, const char *s)
{
  if (strpbrk(s, ",\"\r\n"))
    cr_text_add_csv_quoted(t, s);
  else
    cr_text_add_bytes(t, s, strlen(s));
}

void cr_text_add_csv_quoted(struct cr_text *t, const char *s)
{
  cr_text_add_bytes(t, "\"", 1);
  for (; *s; s++)
    cr_text_add_bytes(t, *s == '"' ? "\"\"" : s, *s == '"' ? 2 : 1);
  cr_text_add_bytes(t, "\"", 1);
}

void cr_text_add_json(struct cr_text *t, const char *s)
{
  cr_text_add_bytes(t, "\"", 1);
  for (; *s; s++) {
    unsigned char c = (unsigned char)*s;
    if (c == '"' || c == '\\')
      cr_text_add(t, "\\%c", c);
    else if (c < 0x20)
      cr_text_add(t, "\\u%04x", c);
    else
      cr_text_add_bytes(t, s, 1);
  }
  cr_text_add_bytes(t, "\"", 1);
}

void cr_text_add_html(struct cr_text *t, const char *s)
{
  for (; *s; s++) {
    if (*s == '&')
      cr_text_add(t, "&amp;");
    else if (*s == '<')
      cr_text_add(t, "&lt;");
    else if (*s == '>')
      cr_text_add(t, "&gt;");
    else if (*s == '"')
      cr_text_add(t, "&quot;");
    else if ((unsigned char)*s < 0x20 && *s != '\n' && *s != '\t')
      cr_text_add(t, "\\x%02x", (unsigned char)*s); /* none of HTML's */
    else
      cr_text_add_bytes(t, s, 1);
  }
}

void cr_text_fini(struct cr_text *t)
{
  cr_mem_free(t->s);
  *t = (struct cr_text){0};
}
