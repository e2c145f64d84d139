/* axis.c - one key that varies. */
#include "config.h"

#include "studies/axis.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sim/unit.h"

enum { VALUES_MAX = 100000 };

static int refuse(const char *option, const char *word, struct cr_err *err, const char *sentence)
{
  return cr_fail(err, CR_EINPUT, "%s %.200s: %s", option, word, sentence);
}

/* Where a value ends: at a comma that is in no brackets and no quotes, or at the end. */
static const char *value_end(const char *c)
{
  int depth = 0;
  char quote = 0;
  for (; *c && (*c != ',' || depth || quote); c++) {
    if (quote) {
      quote = *c == quote ? 0 : quote;
      continue;
    }
    quote = *c == '"' || *c == '\'' ? *c : 0;
    depth += (*c == '[' || *c == '{') - (*c == ']' || *c == '}');
  }
  return c;
}

static size_t number_length(const char *s) /* 0: it begins with none */
{
  size_t n = (size_t)(*s == '-'), digits = strspn(s + n, "0123456789.");
  if (!digits)
    return 0;
  n += digits;
  if ((s[n] == 'e' || s[n] == 'E') && strspn(s + n + 1 + (s[n + 1] == '-' || s[n + 1] == '+'), "0123456789"))
    n += 1 + (size_t)(s[n + 1] == '-' || s[n + 1] == '+') +
         strspn(s + n + 1 + (s[n + 1] == '-' || s[n + 1] == '+'), "0123456789");
  return n;
}

/* The key of "KEY=...": what follows is *rest. */
static int split_key(struct cr_arena *arena, const char *option, const char *word, int is_range, const char **key,
                     const char **rest, struct cr_err *err)
{
  const char *equals = strchr(word, '=');
  if (!equals || equals == word)
    return refuse(option, word, err, is_range ? "write it as KEY=LOW..HIGH" : "write it as KEY=VALUE,VALUE,...");
  char *text = cr_arena_text(arena, word);
  if (!text)
    return cr_fail_nomem(err, "the design");
  text[equals - word] = '\0';
  *key = text;
  *rest = equals + 1;
  return CR_OK;
}

/* A number without a unit has that of the last one: 50,100,200/s. */
static int give_units(struct cr_arena *arena, struct cr_axis *a, struct cr_err *err)
{
  const char *last = a->value[a->n_value - 1];
  size_t n = number_length(last);
  if (!n || !last[n])
    return CR_OK;
  for (uint32_t i = 0; i + 1 < a->n_value; i++) {
    const char *value = a->value[i];
    size_t n_number = number_length(value), room = strlen(value) + strlen(last + n) + 1;
    if (!n_number || value[n_number])
      continue;
    char *text = cr_arena_take(arena, room, 1);
    if (!text)
      return cr_fail_nomem(err, "the design");
    snprintf(text, room, "%s%s", value, last + n);
    a->value[i] = text;
  }
  return CR_OK;
}

static int split_values(struct cr_arena *arena, const char *option, const char *word, const char *rest,
                        struct cr_axis *a, struct cr_err *err)
{
  uint32_t n = 1;
  for (const char *c = value_end(rest); *c; c = value_end(c + 1))
    n++;
  if (n > VALUES_MAX)
    return refuse(option, word, err, "has more values than any sweep");
  a->value = cr_arena_take(arena, n, sizeof *a->value);
  if (!a->value)
    return cr_fail_nomem(err, "the design");
  for (uint32_t i = 0; i < n; i++) {
    const char *end = value_end(rest);
    if (end == rest)
      return refuse(option, word, err, "a value is missing");
    if (end - rest >= CR_AXIS_VALUE)
      return refuse(option, word, err, "a value is longer than 199 characters");
    char *text = cr_arena_take(arena, (size_t)(end - rest) + 1, 1);
    if (!text)
      return cr_fail_nomem(err, "the design");
    memcpy(text, rest, (size_t)(end - rest));
    a->value[i] = text;
    rest = *end ? end + 1 : end;
  }
  a->n_value = n;
  return give_units(arena, a, err);
}

/* "0.5..4ms:log" */
static int read_range(struct cr_arena *arena, const char *option, const char *word, const char *rest, struct cr_axis *a,
                      struct cr_err *err)
{
  const char *colon = strrchr(rest, ':'), *dots = strstr(rest, "..");
  char low[64], high[64];
  a->is_log = colon && strcmp(colon, ":log") == 0;
  if (colon && !a->is_log)
    return refuse(option, word, err, "behind a range stands :log or nothing");
  size_t n_high = dots ? (a->is_log ? (size_t)(colon - dots - 2) : strlen(dots + 2)) : 0;
  if (!dots || dots == rest || !n_high || (size_t)(dots - rest) >= sizeof low || n_high >= sizeof high)
    return refuse(option, word, err,
                  "write it as KEY=LOW..HIGH, such as clients[0].rate=50..200/s, or with :log behind");
  snprintf(low, sizeof low, "%.*s", (int)(dots - rest), rest);
  snprintf(high, sizeof high, "%.*s", (int)n_high, dots + 2);
  size_t n_low_number = number_length(low), n_number = number_length(high);
  const char *unit = high + n_number;
  if (!n_low_number || !n_number || (low[n_low_number] && strcmp(low + n_low_number, unit) != 0))
    return refuse(option, word, err, "both ends are numbers of one unit, such as 50..200/s");
  a->is_whole = !*unit && !strpbrk(low, ".eE") && !strpbrk(high, ".eE");
  a->unit = cr_arena_text(arena, unit);
  if (!a->unit)
    return cr_fail_nomem(err, "the design");
  low[n_low_number] = high[n_number] = '\0';
  int rc = cr_parse_real(low, "low end", &a->low, err);
  rc = rc ? rc : cr_parse_real(high, "high end", &a->high, err);
  if (rc != CR_OK)
    return cr_fail_in(err, rc, "%s %.200s", option, word);
  if (!(a->low < a->high))
    return refuse(option, word, err, "is an empty range: the low end comes first, and is below the high one");
  if (a->is_log && a->low <= 0)
    return refuse(option, word, err, "a logarithmic range begins above 0");
  return CR_OK;
}

int cr_axis_read_values(struct cr_arena *arena, const char *option, const char *word, struct cr_axis *out,
                        struct cr_err *err)
{
  struct cr_axis a = {0};
  const char *rest;
  int rc = split_key(arena, option, word, 0, &a.key, &rest, err);
  rc = rc ? rc : split_values(arena, option, word, rest, &a, err);
  if (rc == CR_OK)
    *out = a;
  return rc;
}

int cr_axis_read_range(struct cr_arena *arena, const char *option, const char *word, struct cr_axis *out,
                       struct cr_err *err)
{
  struct cr_axis a = {0};
  const char *rest;
  int rc = split_key(arena, option, word, 1, &a.key, &rest, err);
  rc = rc ? rc : read_range(arena, option, word, rest, &a, err);
  if (rc == CR_OK)
    *out = a;
  return rc;
}

int cr_axis_check_distinct(const struct cr_axis *a, const char *option, const char *word, struct cr_err *err)
{
  for (uint32_t i = 0; i < a->n_value; i++)
    for (uint32_t k = 0; k < i; k++)
      if (strcmp(a->value[i], a->value[k]) == 0)
        return refuse(option, word, err, "has a value twice");
  return CR_OK;
}

double cr_axis_at(const struct cr_axis *a, double share)
{
  double low = a->low, high = a->is_whole ? a->high + 1 : a->high; /* a whole number is what lies below the next */
  return a->is_log ? low * pow(high / low, share) : low + (high - low) * share;
}

char *cr_axis_print(const struct cr_axis *a, double value, char *buf)
{
  if (a->is_whole)
    snprintf(buf, CR_AXIS_VALUE, "%.0f", fmin(floor(value), a->high));
  else
    snprintf(buf, CR_AXIS_VALUE, "%.6g%.40s", value, a->unit);
  return buf;
}

int cr_axis_meets(const char *a, const char *b)
{
  size_t n = strlen(a) < strlen(b) ? strlen(a) : strlen(b);
  return strncmp(a, b, n) == 0 && strchr(".[", a[n] ? a[n] : b[n]); /* '\0' is in it: equal */
}
