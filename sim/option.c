/* option.c - option tables: reading "dq=2,padding=no" against one. */
#include "config.h"

#include "sim/option.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "sim/nearest.h"
#include "sim/text.h"
#include "sim/unit.h"

enum { VALUE_MAX = 127, NAMES_MAX = 64 };

uint32_t cr_opt_count(const struct cr_opt *table)
{
  uint32_t n = 0;
  while (table && table[n].name)
    n++;
  return n;
}

/* --- what an option takes, in words
 * --------------------------------------------------------------------------------- */

static void add_number(struct cr_text *out, enum cr_opt_kind kind, int64_t value)
{
  char buf[32];
  if (kind == CR_OPT_NS)
    cr_text_add(out, "%s", cr_format_ns(value, buf, sizeof buf));
  else if (kind == CR_OPT_BYTES)
    cr_text_add(out, "%s", cr_format_bytes(value, buf, sizeof buf));
  else if (kind == CR_OPT_PPM || kind == CR_OPT_FACTOR)
    cr_text_add(out, "%g", (double)value / 1e6);
  else
    cr_text_add(out, "%" PRId64, value);
}

static void add_range(struct cr_text *out, const struct cr_opt *o)
{
  static const char *const noun[] = {
    [CR_OPT_COUNT] = "a whole number", [CR_OPT_NS] = "a time", [CR_OPT_BYTES] = "a size", [CR_OPT_PPM] = "a share",
    [CR_OPT_FACTOR] = "a factor"};
  if (o->kind == CR_OPT_BOOL) {
    cr_text_add(out, "yes or no");
  } else if (o->kind == CR_OPT_CHOICE) {
    cr_text_add(out, "one of %s", o->choices);
  } else {
    cr_text_add(out, "%s from ", noun[o->kind]);
    add_number(out, o->kind, o->min);
    cr_text_add(out, " to ");
    add_number(out, o->kind, o->max);
  }
}

static CR_COLD int fail_value(const struct cr_opt *o, const char *value, const char *who, struct cr_err *err)
{
  struct cr_text range = {0};
  add_range(&range, o);
  int rc = cr_fail(err, CR_EINPUT, "%s: %s=%s is not %s", who, o->name, value, range.s ? range.s : "what it takes");
  cr_text_fini(&range);
  return rc;
}

static CR_COLD int fail_name(const struct cr_opt *table, const char *name, const char *who, struct cr_err *err)
{
  const char *known[NAMES_MAX];
  struct cr_text list = {0};
  uint32_t n = cr_min_u32(cr_opt_count(table), NAMES_MAX);
  if (n == 0)
    return cr_fail(err, CR_EINPUT, "%s takes no options, so not \"%s\"", who, name);
  for (uint32_t i = 0; i < n; i++) {
    known[i] = table[i].name;
    cr_text_add(&list, "%s%s", i ? ", " : "", known[i]);
  }
  const char *near = cr_nearest(name, known, n);
  int rc = cr_fail(err, CR_EINPUT, "%s has no option \"%s\"%s%s%s; it has %s", who, name, near ? "; did you mean " : "",
                   near ? near : "", near ? "?" : "", list.s ? list.s : "others");
  cr_text_fini(&list);
  return rc;
}

/* --- reading
 * -------------------------------------------------------------------------------------------------------- */

static int parse_bool(const char *text, int64_t *out)
{
  if (strcmp(text, "yes") != 0 && strcmp(text, "no") != 0)
    return CR_EINPUT;
  *out = text[0] == 'y';
  return CR_OK;
}

static int parse_choice(const char *choices, const char *text, int64_t *out)
{
  size_t n = strlen(text);
  int64_t place = 0;
  for (const char *word = choices; word; place++) {
    const char *bar = strchr(word, '|');
    size_t length = bar ? (size_t)(bar - word) : strlen(word);
    if (length == n && memcmp(word, text, n) == 0) {
      *out = place;
      return CR_OK;
    }
    word = bar ? bar + 1 : NULL;
  }
  return CR_EINPUT;
}

static int parse_plain(const struct cr_opt *o, const char *text, int64_t *out)
{
  switch (o->kind) {
  case CR_OPT_COUNT:
    return o->min < 0 ? cr_parse_int(text, o->name, out, NULL) : cr_parse_count(text, o->name, out, NULL);
  case CR_OPT_NS:
    return cr_parse_ns(text, o->name, out, NULL);
  case CR_OPT_BYTES:
    return cr_parse_bytes(text, o->name, out, NULL);
  case CR_OPT_PPM:
    return cr_parse_ppm(text, o->name, out, NULL);
  case CR_OPT_FACTOR:
    return cr_parse_factor(text, o->name, out, NULL);
  case CR_OPT_BOOL:
    return parse_bool(text, out);
  case CR_OPT_CHOICE:
    return parse_choice(o->choices, text, out);
  }
  return CR_EINPUT;
}

static int parse_value(const struct cr_opt *o, const char *text, int64_t *out, const char *who, struct cr_err *err)
{
  int64_t value;
  int ranged = o->kind != CR_OPT_BOOL && o->kind != CR_OPT_CHOICE;
  if (parse_plain(o, text, &value) != CR_OK || (ranged && (value < o->min || value > o->max)))
    return fail_value(o, text, who, err);
  *out = value;
  return CR_OK;
}

/* One "name=value" of n characters. */
static int parse_item(const struct cr_opt *table, const char *item, size_t n, int64_t *value, unsigned char *seen,
                      const char *who, struct cr_err *err)
{
  char text[VALUE_MAX + 1];
  if (n > VALUE_MAX)
    return cr_fail(err, CR_EINPUT, "%s: the option that begins \"%.20s\" is longer than %d characters", who, item,
                   VALUE_MAX);
  memcpy(text, item, n);
  text[n] = 0;
  char *is = strchr(text, '=');
  if (is)
    *is = 0;
  uint32_t i = 0, n_opt = cr_opt_count(table);
  while (i < n_opt && strcmp(table[i].name, text) != 0)
    i++;
  if (i == n_opt)
    return fail_name(table, text, who, err);
  if (!is)
    return cr_fail(err, CR_EINPUT, "%s: option %s has no value; write %s=%s", who, text, text, table[i].fallback);
  if (i < NAMES_MAX && seen[i]++)
    return cr_fail(err, CR_EINPUT, "%s: option %s is given twice; leave one out", who, text);
  return parse_value(&table[i], is + 1, &value[i], who, err);
}

int cr_opt_parse(const struct cr_opt *table, const char *text, int64_t *value, const char *who, struct cr_err *err)
{
  unsigned char seen[NAMES_MAX] = {0};
  uint32_t n_opt = cr_opt_count(table);
  for (uint32_t i = 0; i < n_opt; i++) {
    int rc = parse_value(&table[i], table[i].fallback, &value[i], who, err);
    if (rc != CR_OK)
      return cr_fail_in(err, rc, "the default of an option is wrong");
  }
  if (!text || !*text)
    return CR_OK;
  for (const char *item = text;; item++) {
    size_t n = strcspn(item, ",");
    int rc = parse_item(table, item, n, value, seen, who, err);
    if (rc != CR_OK)
      return rc;
    item += n;
    if (!*item)
      return CR_OK;
  }
}

int64_t cr_opt_get(const struct cr_opt *table, const int64_t *value, const char *name)
{
  uint32_t i = 0, n_opt = cr_opt_count(table);
  while (i < n_opt && strcmp(table[i].name, name) != 0)
    i++;
  assert(i < n_opt);
  return i < n_opt ? value[i] : 0;
}
