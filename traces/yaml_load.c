/* yaml_load.c - a YAML document into structs, checked against a libcyaml schema.
 *
 * libcyaml gets the document printed anew, after every --set, so its line numbers mean nothing to the user.  What it
 * logs is caught instead: a problem, and a backtrace of keys and entries from the innermost out.  From these we know
 * the path, and the document knows where what stands there came from. */
#include "config.h"

#include "traces/yaml_load.h"

#include "sim/mem.h"
#include "sim/nearest.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH = 16, KEY = 128, PATH = 512 };

/* One level of the backtrace: a key, or an entry of a sequence. */
struct level {
  char key[KEY]; /* "": an entry */
  uint32_t entry;
};

/* What libcyaml said of the first thing that went wrong. */
struct complaint {
  char problem[256];
  struct level level[DEPTH]; /* innermost first */
  uint32_t n_level;
  int at_field; /* the innermost is a key: the one being read, or the last that was */
  int n_line;   /* of the log */
};

/* Text behind `before` in line up to the closing quote, into out; 0 when line does not have it. */
static int read_quoted(const char *line, const char *before, char *out, size_t cap)
{
  const char *at = strstr(line, before);
  const char *end = at ? strchr(at + strlen(before), '\'') : NULL;
  if (!end)
    return 0;
  at += strlen(before);
  snprintf(out, cap, "%.*s", (int)(end - at), at);
  return 1;
}

/* cyaml_log_fn_t: the first line is the problem, those behind "Backtrace:" say where. */
static void on_log(cyaml_log_t severity, void *ctx, const char *fmt, va_list ap)
{
  struct complaint *c = ctx;
  char line[512], entry[32];
  (void)severity;
  vsnprintf(line, sizeof line, fmt, ap);
  line[strcspn(line, "\n")] = '\0';
  if (c->n_line++ == 0) {
    const char *said = strncmp(line, "Load: ", 6) == 0 ? line + 6 : line;
    snprintf(c->problem, sizeof c->problem, "%.*s", (int)sizeof c->problem - 1, said);
    return;
  }
  if (c->n_level == DEPTH)
    return;
  struct level *level = &c->level[c->n_level];
  if (read_quoted(line, "in mapping field '", level->key, sizeof level->key)) {
    c->at_field |= c->n_level == 0 && c->n_line == 3;
    c->n_level++;
  } else if (read_quoted(line, "in sequence entry '", entry, sizeof entry)) {
    level->key[0] = '\0';
    level->entry = (uint32_t)strtoul(entry, NULL, 10);
    level->entry -= level->entry > 0; /* libcyaml counts the entry being read: from 1 */
    c->n_level++;
  }
}

static void *on_mem(void *ctx, void *ptr, size_t size)
{
  (void)ctx;
  if (size)
    return cr_mem_resize(ptr, size, 1);
  cr_mem_free(ptr);
  return NULL;
}

static cyaml_config_t config_for(struct complaint *complaint)
{
  return (cyaml_config_t){
    .log_fn = complaint ? on_log : NULL,
    .log_ctx = complaint,
    .log_level = CYAML_LOG_ERROR,
    .mem_fn = on_mem,
    .flags = CYAML_CFG_NO_ALIAS,
  };
}

/* The path of the backtrace without its innermost `skip` levels: "clients[0].rate". */
static void write_path(const struct complaint *c, uint32_t skip, char *out, size_t cap)
{
  size_t n = 0;
  out[0] = '\0';
  for (uint32_t i = c->n_level; i > skip && n < cap; i--) {
    const struct level *level = &c->level[i - 1];
    int more = level->key[0] ? snprintf(out + n, cap - n, "%s%s", n ? "." : "", level->key)
                             : snprintf(out + n, cap - n, "[%u]", level->entry);
    n += (size_t)more;
  }
}

/* The schema of the mapping that the backtrace without its innermost `skip` levels leads to; NULL: it is none. */
static const cyaml_schema_field_t *fields_at(const cyaml_schema_value_t *schema, const struct complaint *c,
                                             uint32_t skip)
{
  for (uint32_t i = c->n_level; i > skip; i--) {
    const struct level *level = &c->level[i - 1];
    if (!level->key[0]) {
      if (schema->type != CYAML_SEQUENCE)
        return NULL;
      schema = schema->sequence.entry;
      continue;
    }
    if (schema->type != CYAML_MAPPING)
      return NULL;
    const cyaml_schema_field_t *field = schema->mapping.fields;
    while (field->key && strcmp(field->key, level->key) != 0)
      field++;
    if (!field->key)
      return NULL;
    schema = &field->value;
  }
  return schema->type == CYAML_MAPPING ? schema->mapping.fields : NULL;
}

/* "did you mean 'rate'?" or "there are: name, model, ..." */
static void suggest(const cyaml_schema_field_t *field, const char *key, struct cr_text *out)
{
  const char *name[128];
  uint32_t n = 0;
  for (; field && field->key && n < 128; field++)
    name[n++] = field->key;
  const char *near = cr_nearest(key, name, n);
  if (near) {
    cr_text_add(out, "; did you mean '%s'?", near);
    return;
  }
  for (uint32_t i = 0; i < n; i++)
    cr_text_add(out, "%s%s", i ? ", " : "; there are: ", name[i]);
}

static int refuse_key(const struct cr_yaml *y, const cyaml_schema_value_t *schema, const struct complaint *c,
                      const char *key, struct cr_err *err)
{
  char parent[PATH], path[PATH + KEY];
  struct cr_text keys = {0};
  write_path(c, (uint32_t)c->at_field, parent, sizeof parent);
  snprintf(path, sizeof path, "%s%s%s", parent, *parent ? "." : "", key);
  suggest(fields_at(schema, c, (uint32_t)c->at_field), key, &keys);
  int rc =
    cr_yaml_fail(y, path, err, "unknown key '%s'%s%s%s", key, *parent ? " in " : "", parent, keys.s ? keys.s : "");
  cr_text_fini(&keys);
  return rc;
}

/* What libcyaml expected, in a user's words. */
static const char *wanted(const char *problem)
{
  if (strstr(problem, "Expecting SEQUENCE"))
    return "a list is expected here, such as [a, b]";
  if (strstr(problem, "Expecting MAPPING"))
    return "lines such as `key: value` are expected here";
  if (strstr(problem, "Expecting STRING"))
    return "a single value is expected here";
  if (strstr(problem, "Insufficient entries"))
    return "the list is empty; at least one entry is needed";
  return NULL;
}

/* Turns what libcyaml said into a sentence with a place. */
static int explain(const struct cr_yaml *y, const cyaml_schema_value_t *schema, const struct complaint *c,
                   struct cr_err *err)
{
  static const char UNEXPECTED[] = "Unexpected key: ", MISSING[] = "Missing required mapping field: ";
  char path[PATH];
  if (strncmp(c->problem, UNEXPECTED, sizeof UNEXPECTED - 1) == 0)
    return refuse_key(y, schema, c, c->problem + sizeof UNEXPECTED - 1, err);
  if (strncmp(c->problem, MISSING, sizeof MISSING - 1) == 0) {
    write_path(c, (uint32_t)c->at_field, path, sizeof path);
    return cr_yaml_fail(y, path, err, "'%s' is missing%s%s; add it", c->problem + sizeof MISSING - 1,
                        *path ? " in " : "", path);
  }
  int empty_list = strstr(c->problem, "Insufficient entries") != NULL;
  write_path(c, empty_list && c->n_level && !c->level[0].key[0], path, sizeof path);
  const char *want = wanted(c->problem);
  return cr_yaml_fail(y, path, err, "%s%s%s", path, *path ? ": " : "", want ? want : c->problem);
}

int cr_yaml_load(const struct cr_yaml *y, const struct cyaml_schema_value *schema, void **out, struct cr_err *err)
{
  struct complaint complaint = {0};
  struct cr_text text = {0};
  cyaml_config_t config = config_for(&complaint);
  void *data = NULL;
  int rc = CR_OK;
  cr_yaml_print(y, &text);
  if (text.failed) {
    rc = cr_fail_nomem(err, "a YAML document");
  } else {
    cyaml_err_t cyaml_rc = cyaml_load_data((const uint8_t *)text.s, text.n, &config, schema, &data, NULL);
    if (cyaml_rc == CYAML_ERR_OOM)
      rc = cr_fail_nomem(err, "a YAML document");
    else if (cyaml_rc != CYAML_OK && complaint.n_line)
      rc = explain(y, schema, &complaint, err);
    else if (cyaml_rc != CYAML_OK || !data)
      rc = cr_yaml_fail(y, "", err, "%s", cyaml_rc == CYAML_OK ? "is empty" : cyaml_strerror(cyaml_rc));
  }
  cr_text_fini(&text);
  if (!rc)
    *out = data;
  return rc;
}

void cr_yaml_unload(const struct cyaml_schema_value *schema, void *data)
{
  cyaml_config_t config = config_for(NULL);
  if (data)
    (void)cyaml_free(&config, schema, data, 0);
}

/* path: [PATH], of the mapping; n: how much of it is there. */
static void each_key(const cyaml_schema_value_t *schema, char *path, size_t n,
                     void (*each)(void *ctx, const char *path), void *ctx)
{
  while (schema->type == CYAML_SEQUENCE && n + 2 < PATH) {
    memcpy(path + n, "[]", 3);
    n += 2;
    schema = schema->sequence.entry;
  }
  if (schema->type != CYAML_MAPPING)
    return;
  for (const cyaml_schema_field_t *field = schema->mapping.fields; field->key; field++) {
    int more = snprintf(path + n, PATH - n, "%s%s", n ? "." : "", field->key);
    assert(more > 0 && n + (size_t)more < PATH);
    each(ctx, path);
    each_key(&field->value, path, n + (size_t)more, each, ctx);
  }
}

void cr_yaml_each_key(const struct cyaml_schema_value *schema, void (*each)(void *ctx, const char *path), void *ctx)
{
  char path[PATH];
  each_key(schema, path, 0, each, ctx);
}
