/* json.c - small JSON files as a whole, over yajl's tree. */
#include "config.h"

#include "traces/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sim/text.h"
#include "traces/gz.h"

enum {
  SIZE_MAX_BYTES = 256 << 20,
  DEPTH_MAX = 64, /* yajl frees a tree by recursion */
};

static const char *const type_name[] = {"a text", "a number", "a list", "an object", "a value"};

/* -- places -- */

static void add_place(struct cr_text *t, const struct cr_json_place *at)
{
  if (!at->up)
    return;
  add_place(t, at->up);
  if (at->key)
    cr_text_add(t, "%s%s", at->up->up ? "." : "", at->key);
  else
    cr_text_add(t, "[%u]", at->i);
}

int cr_json_fail(const struct cr_json_place *at, struct cr_err *err, const char *fmt, ...)
{
  struct cr_text place = {0};
  char why[400];
  va_list args;
  va_start(args, fmt);
  vsnprintf(why, sizeof why, fmt, args);
  va_end(args);
  add_place(&place, at);
  int rc = cr_fail(err, CR_EINPUT, "%s: %s%s%s", at->path, place.s ? place.s : "", place.s ? ": " : "", why);
  cr_text_fini(&place);
  return rc;
}

/* -- the file -- */

static int check_text(const char *path, const struct cr_text *text, struct cr_err *err)
{
  int depth = 0, in_text = 0;
  if (!text->n)
    return cr_fail(err, CR_EINPUT, "%s: is empty", path);
  if (text->n > SIZE_MAX_BYTES)
    return cr_fail(err, CR_EINPUT, "%s: is larger than 256 MiB, which no file of this kind is", path);
  for (size_t i = 0; i < text->n; i++) {
    char c = text->s[i];
    if (in_text && c == '\\')
      i++;
    else if (c == '"')
      in_text = !in_text;
    else if (!in_text && (c == '[' || c == '{') && ++depth > DEPTH_MAX)
      return cr_fail(err, CR_EINPUT, "%s: is nested more than %d deep, which no file of this kind is", path, DEPTH_MAX);
    else if (!in_text && (c == ']' || c == '}'))
      depth--;
    if (c == '\0')
      return cr_fail(err, CR_EINPUT, "%s: is not JSON: it holds a zero byte", path);
  }
  return CR_OK;
}

/* yajl's words, up to the end of their first line. */
static int not_json(const char *path, const char *why, struct cr_err *err)
{
  return cr_fail(err, CR_EINPUT, "%s: is not JSON: %.*s", path, (int)strcspn(why, "\n"), *why ? why : "it is cut off");
}

int cr_json_read(const char *path, struct cr_json_place *out, struct cr_err *err)
{
  struct cr_text text = {0};
  char why[256] = "";
  int rc = cr_gz_slurp(path, &text, err);
  rc = rc ? rc : check_text(path, &text, err);
  yajl_val value = rc ? NULL : yajl_tree_parse(text.s, why, sizeof why);
  cr_text_fini(&text);
  if (rc)
    return rc;
  if (!value)
    return not_json(path, why, err);
  *out = (struct cr_json_place){.path = path, .value = value};
  if (YAJL_IS_OBJECT(value))
    return CR_OK;
  cr_json_free(out);
  return cr_fail(err, CR_EINPUT, "%s: an object is expected, { ... }", path);
}

void cr_json_free(struct cr_json_place *file)
{
  yajl_tree_free(file->value);
  file->value = NULL;
}

/* -- values -- */

static int is_type(yajl_val v, enum cr_json_type type)
{
  switch (type) {
  case CR_JSON_TEXT:
    return YAJL_IS_STRING(v);
  case CR_JSON_NUMBER:
    return YAJL_IS_NUMBER(v);
  case CR_JSON_LIST:
    return YAJL_IS_ARRAY(v);
  case CR_JSON_OBJECT:
    return YAJL_IS_OBJECT(v);
  default:
    return 1;
  }
}

static int check_type(const struct cr_json_place *at, enum cr_json_type type, struct cr_err *err)
{
  return is_type(at->value, type) ? CR_OK : cr_json_fail(at, err, "%s is expected here", type_name[type]);
}

int cr_json_optional(const struct cr_json_place *at, const char *key, enum cr_json_type type, struct cr_json_place *out,
                     struct cr_err *err)
{
  *out = (struct cr_json_place){.path = at->path, .up = at, .key = key};
  for (size_t i = 0; i < at->value->u.object.len && !out->value; i++)
    if (!strcmp(at->value->u.object.keys[i], key))
      out->value = at->value->u.object.values[i];
  if (YAJL_IS_NULL(out->value))
    out->value = NULL;
  return out->value ? check_type(out, type, err) : CR_OK;
}

int cr_json_member(const struct cr_json_place *at, const char *key, enum cr_json_type type, struct cr_json_place *out,
                   struct cr_err *err)
{
  int rc = cr_json_optional(at, key, type, out, err);
  if (!rc && !out->value)
    return cr_json_fail(at, err, "'%s' is missing", key);
  return rc;
}

uint32_t cr_json_count(const struct cr_json_place *at)
{
  size_t n = YAJL_IS_OBJECT(at->value) ? at->value->u.object.len : at->value->u.array.len;
  return n < CR_NONE ? (uint32_t)n : CR_NONE - 1;
}

int cr_json_element(const struct cr_json_place *at, uint32_t i, enum cr_json_type type, struct cr_json_place *out,
                    struct cr_err *err)
{
  *out = (struct cr_json_place){.path = at->path, .up = at, .i = i};
  if (YAJL_IS_OBJECT(at->value)) {
    out->key = at->value->u.object.keys[i];
    out->value = at->value->u.object.values[i];
  } else {
    out->value = at->value->u.array.values[i];
  }
  return check_type(out, type, err);
}

const char *cr_json_text(const struct cr_json_place *at)
{
  return at->value->u.string;
}

int cr_json_integer(const struct cr_json_place *at, int64_t min, int64_t max, int64_t *out, struct cr_err *err)
{
  if (!YAJL_IS_INTEGER(at->value) || at->value->u.number.i < min || at->value->u.number.i > max)
    return cr_json_fail(at, err, "a whole number from %" PRId64 " to %" PRId64 " is expected here", min, max);
  *out = at->value->u.number.i;
  return CR_OK;
}

int cr_json_real(const struct cr_json_place *at, double *out, struct cr_err *err)
{
  if (!YAJL_IS_NUMBER(at->value))
    return cr_json_fail(at, err, "a number is expected here");
  double value = YAJL_IS_INTEGER(at->value) ? (double)at->value->u.number.i : at->value->u.number.d;
  if (!isfinite(value) || (!YAJL_IS_INTEGER(at->value) && !YAJL_IS_DOUBLE(at->value)))
    return cr_json_fail(at, err, "a number within reach is expected here");
  *out = value;
  return CR_OK;
}
