/* yaml_set.c - a YAML document that --set can change and that still knows where every value came from.
 *
 * libyaml's events are made into a tree of our own, which keeps the line of each node and, for what --set put there,
 * the words of the option.  The tree lives in one arena; what a change replaces stays there until the document is
 * freed. */
#include "config.h"

#include "traces/yaml_set.h"

#include "sim/mem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum {
  DEPTH_MAX = 16,             /* levels of nesting: no schema here has more than five */
  KEY_MAX = 120,              /* characters of a key */
  KEYS_MAX = 256,             /* keys of one mapping */
  FILE_MAX = 16 * 1024 * 1024 /* bytes: a list of arrival times belongs in a file of its own */
};

enum kind { SCALAR, SEQUENCE, MAPPING };

struct node {
  enum kind kind;
  int plain;                        /* scalar: can be written without quotes */
  uint32_t line;                    /* in the file, from 1; 0 when an option put it there */
  const char *label;                /* the option's words, or NULL */
  const char *text;                 /* of a scalar */
  const char *key;                  /* in the mapping around it; "" elsewhere */
  struct node *first, *last, *next; /* entries; next of the same parent */
};

struct cr_yaml {
  struct cr_arena *arena;
  const char *name;
  struct node *root;
};

/* -- parsing ------------------------------------------------------------------------------------------------------- */

struct reader {
  yaml_parser_t parser;
  struct cr_yaml *y;
  const char *name;  /* for errors */
  const char *label; /* for the nodes; NULL: they have lines */
  struct cr_err *err;
};

static int refuse(const struct reader *r, size_t line, const char *sentence)
{
  if (r->label)
    return cr_fail(r->err, CR_EINPUT, "%s: %s", r->name, sentence);
  return cr_fail(r->err, CR_EINPUT, "%s:%zu: %s", r->name, line + 1, sentence);
}

static int next_event(struct reader *r, yaml_event_t *event)
{
  if (yaml_parser_parse(&r->parser, event))
    return CR_OK;
  if (r->parser.error == YAML_MEMORY_ERROR)
    return cr_fail_nomem(r->err, r->name);
  char sentence[256];
  const char *problem = r->parser.problem ? r->parser.problem : "it cannot be read";
  const char *context = r->parser.context ? r->parser.context : "";
  const char *hint = strstr(problem, "mapping values") ? "; text with a colon and a blank in it needs quotes" : "";
  snprintf(sentence, sizeof sentence, "is not YAML: %s%s%s%s", problem, *context ? " " : "", context, hint);
  return refuse(r, r->parser.problem_mark.line, sentence);
}

static struct node *new_node(struct cr_yaml *y, enum kind kind, const char *label)
{
  struct node *node = cr_arena_take(y->arena, 1, sizeof *node);
  if (node) {
    node->kind = kind;
    node->label = label;
    node->key = "";
  }
  return node;
}

static void append(struct node *parent, struct node *child)
{
  if (parent->last)
    parent->last->next = child;
  else
    parent->first = child;
  parent->last = child;
}

static struct node *child_by_key(const struct node *parent, const char *key, size_t n)
{
  for (struct node *c = parent->first; c; c = c->next)
    if (strlen(c->key) == n && memcmp(c->key, key, n) == 0)
      return c;
  return NULL;
}

/* Text that any YAML reader takes as written, without quotes. */
static int is_plain(const char *text)
{
  if (!*text || strchr("-+.%/", *text))
    return (*text == '-' || *text == '+') && text[1] >= '0' && text[1] <= '9' && !strpbrk(text, " :#");
  return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+./%") == strlen(text);
}

/* A scalar of the file that had no quotes can be written so again, unless lines were folded into it. */
static int stays_plain(const char *text, yaml_scalar_style_t style)
{
  if (style != YAML_PLAIN_SCALAR_STYLE || !*text)
    return 0;
  for (const char *p = text; *p; p++)
    if (*p < 0x20 || *p > 0x7e)
      return 0;
  return 1;
}

static int copy_text(struct reader *r, const yaml_event_t *event, const char **out)
{
  const char *value = (const char *)event->data.scalar.value;
  if (strlen(value) != event->data.scalar.length)
    return refuse(r, event->start_mark.line, "a value must not contain a zero byte");
  *out = cr_arena_text(r->y->arena, value);
  return *out ? CR_OK : cr_fail_nomem(r->err, r->name);
}

static int read_node(struct reader *r, const yaml_event_t *event, int depth, struct node **out);

static int read_key(struct reader *r, const struct node *mapping, const yaml_event_t *event, const char **out)
{
  if (event->type != YAML_SCALAR_EVENT)
    return refuse(r, event->start_mark.line, "a key must be a plain word");
  int rc = copy_text(r, event, out);
  if (rc)
    return rc;
  size_t n = strlen(*out);
  char sentence[KEY_MAX + 64];
  if (n > KEY_MAX)
    return refuse(r, event->start_mark.line, "a key is longer than any there is");
  if (!child_by_key(mapping, *out, n))
    return CR_OK;
  snprintf(sentence, sizeof sentence, "the key '%s' is here twice; remove one", *out);
  return refuse(r, event->start_mark.line, sentence);
}

/* Entries up to the end of a sequence or mapping. */
static int read_entries(struct reader *r, struct node *parent, int depth)
{
  for (uint32_t n = 0;; n++) {
    yaml_event_t event;
    const char *key = "";
    uint32_t key_line = 0;
    int rc = next_event(r, &event);
    if (rc)
      return rc;
    if (event.type == YAML_SEQUENCE_END_EVENT || event.type == YAML_MAPPING_END_EVENT) {
      yaml_event_delete(&event);
      return CR_OK;
    }
    if (parent->kind == MAPPING) {
      key_line = (uint32_t)event.start_mark.line + 1;
      rc = n < KEYS_MAX ? read_key(r, parent, &event, &key)
                        : refuse(r, event.start_mark.line, "has more keys than there can be");
      yaml_event_delete(&event);
      if (rc || (rc = next_event(r, &event)))
        return rc;
    }
    struct node *child;
    rc = read_node(r, &event, depth, &child);
    yaml_event_delete(&event);
    if (rc)
      return rc;
    child->key = key;
    if (key_line && child->line) /* its key is where a reader looks for it */
      child->line = key_line;
    append(parent, child);
  }
}

static int check_event(struct reader *r, const yaml_event_t *event, int depth)
{
  const yaml_char_t *tag = event->type == YAML_SCALAR_EVENT           ? event->data.scalar.tag
                           : event->type == YAML_SEQUENCE_START_EVENT ? event->data.sequence_start.tag
                           : event->type == YAML_MAPPING_START_EVENT  ? event->data.mapping_start.tag
                                                                      : NULL;
  if (event->type == YAML_ALIAS_EVENT)
    return refuse(r, event->start_mark.line, "an alias (*name) stands here; write its value out");
  if (tag)
    return refuse(r, event->start_mark.line, "a tag (!name) stands here; remove it");
  if (depth > DEPTH_MAX)
    return refuse(r, event->start_mark.line, "is nested too deeply");
  return CR_OK;
}

static int read_node(struct reader *r, const yaml_event_t *event, int depth, struct node **out)
{
  int rc = check_event(r, event, depth);
  if (rc)
    return rc;
  enum kind kind = event->type == YAML_SCALAR_EVENT           ? SCALAR
                   : event->type == YAML_SEQUENCE_START_EVENT ? SEQUENCE
                                                              : MAPPING;
  struct node *node = new_node(r->y, kind, r->label);
  if (!node)
    return cr_fail_nomem(r->err, r->name);
  node->line = r->label ? 0 : (uint32_t)event->start_mark.line + 1;
  *out = node;
  if (kind != SCALAR)
    return read_entries(r, node, depth + 1);
  rc = copy_text(r, event, &node->text);
  if (!rc)
    node->plain = stays_plain(node->text, event->data.scalar.style);
  return rc;
}

/* One document and nothing behind it.  *out stays NULL when there is none. */
static int read_document(struct reader *r, struct node **out)
{
  int n_document = 0;
  for (yaml_event_type_t type = YAML_NO_EVENT; type != YAML_STREAM_END_EVENT;) {
    yaml_event_t event;
    int rc = next_event(r, &event);
    if (rc)
      return rc;
    type = event.type;
    if (type == YAML_DOCUMENT_START_EVENT && n_document++)
      rc = refuse(r, event.start_mark.line, "a second document begins here; one file holds one");
    else if (type == YAML_SCALAR_EVENT || type == YAML_SEQUENCE_START_EVENT || type == YAML_MAPPING_START_EVENT ||
             type == YAML_ALIAS_EVENT)
      rc = read_node(r, &event, 0, out);
    yaml_event_delete(&event);
    if (rc)
      return rc;
  }
  return CR_OK;
}

static int read_text(struct cr_yaml *y, const char *text, size_t n, const char *name, const char *label,
                     struct node **out, struct cr_err *err)
{
  struct reader r = {.y = y, .name = name, .label = label, .err = err};
  if (!yaml_parser_initialize(&r.parser))
    return cr_fail_nomem(err, name);
  yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, n);
  int rc = read_document(&r, out);
  yaml_parser_delete(&r.parser);
  return rc;
}

int cr_yaml_parse(const char *text, size_t n, const char *name, struct cr_yaml **out, struct cr_err *err)
{
  struct cr_yaml *y = cr_mem_new(1, sizeof *y);
  struct cr_arena *arena = y ? cr_arena_new() : NULL;
  if (!arena) {
    cr_mem_free(y);
    return cr_fail_nomem(err, name);
  }
  y->arena = arena;
  y->name = cr_arena_text(arena, name);
  int rc = y->name ? read_text(y, text, n, name, NULL, &y->root, err) : cr_fail_nomem(err, name);
  if (!rc && !y->root)
    rc = cr_fail(err, CR_EINPUT, "%s: is empty", name);
  else if (!rc && y->root->kind != MAPPING)
    rc = cr_fail(err, CR_EINPUT, "%s:%u: lines such as `key: value` are expected here", name, y->root->line);
  if (rc) {
    cr_yaml_free(y);
    return rc;
  }
  *out = y;
  return CR_OK;
}

/* The whole of an open file in text; CR_EINPUT with errno's words when it cannot be read or is too long. */
static int read_all(FILE *file, const char *path, struct cr_text *text, struct cr_err *err)
{
  char block[4096];
  errno = 0;
  for (size_t n; (n = fread(block, 1, sizeof block, file)) > 0;) {
    cr_text_add_bytes(text, block, n);
    if (text->n > FILE_MAX)
      return cr_fail(err, CR_EINPUT, "%s: is longer than %d MiB; arrival times can stand in a file of their own", path,
                     FILE_MAX / (1024 * 1024));
  }
  if (ferror(file))
    return cr_fail(err, CR_EINPUT, "%s: cannot be read: %s", path, strerror(errno));
  return text->failed ? cr_fail_nomem(err, path) : CR_OK;
}

int cr_yaml_read(const char *path, struct cr_yaml **out, struct cr_err *err)
{
  FILE *file = fopen(path, "rb");
  if (!file)
    return cr_fail(err, CR_EINPUT, "%s: cannot be opened: %s", path, strerror(errno));
  struct cr_text text = {0};
  int rc = read_all(file, path, &text, err);
  fclose(file);
  if (!rc)
    rc = cr_yaml_parse(text.s ? text.s : "", text.n, path, out, err);
  cr_text_fini(&text);
  return rc;
}

void cr_yaml_free(struct cr_yaml *y)
{
  if (!y)
    return;
  cr_arena_free(y->arena);
  cr_mem_free(y);
}

/* -- paths --------------------------------------------------------------------------------------------------------- */

/* One step of a path: a key or name of n characters, or an index. */
struct step {
  const char *key;
  size_t n;
  uint32_t index; /* CR_NONE: a key */
};

static int ends_step(char c)
{
  return c == '\0' || c == '.' || c == '[';
}

/* What an entry of a sequence is called: its name, or its model where it has none. */
static const char *entry_name(const struct node *entry)
{
  const struct node *name = child_by_key(entry, "name", 4);
  if (!name)
    name = child_by_key(entry, "model", 5);
  return name && name->kind == SCALAR ? name->text : "";
}

/* Reads "[3]" at *path. */
static int read_index(const char **path, struct step *step)
{
  char *end;
  if ((*path)[1] < '0' || (*path)[1] > '9')
    return CR_EINPUT;
  unsigned long index = strtoul(*path + 1, &end, 10);
  if (*end != ']' || index >= CR_NONE)
    return CR_EINPUT;
  *step = (struct step){.index = (uint32_t)index};
  *path = end + 1;
  return CR_OK;
}

/* Takes the next step off *path; names may hold dots, so that in a sequence the longest name that fits is taken. */
static int read_step(const struct node *at, const char **path, struct step *step)
{
  if (**path == '[')
    return read_index(path, step);
  size_t n = strcspn(*path, ".[");
  if (at && at->kind == SEQUENCE)
    for (const struct node *c = at->first; c; c = c->next) {
      size_t n_name = strlen(entry_name(c));
      if (n_name > n && strncmp(*path, entry_name(c), n_name) == 0 && ends_step((*path)[n_name]))
        n = n_name;
    }
  if (n == 0)
    return CR_EINPUT;
  *step = (struct step){*path, n, CR_NONE};
  *path += n;
  return CR_OK;
}

static struct node *take_step(const struct node *at, const struct step *step)
{
  if (!at || at->kind == SCALAR)
    return NULL;
  if (step->index == CR_NONE && at->kind == MAPPING)
    return child_by_key(at, step->key, step->n);
  uint32_t i = 0;
  for (struct node *c = at->first; c; c = c->next, i++) {
    if (i == step->index)
      return c;
    const char *name = entry_name(c);
    if (step->index == CR_NONE && at->kind == SEQUENCE && strlen(name) == step->n &&
        memcmp(name, step->key, step->n) == 0)
      return c;
  }
  return NULL;
}

/* The node at path, or NULL; nearest: what encloses it instead of NULL. */
static struct node *find(const struct cr_yaml *y, const char *path, int nearest)
{
  struct node *at = y->root;
  for (struct step step; *path; path += *path == '.') {
    if (read_step(at, &path, &step))
      return nearest ? at : NULL;
    struct node *next = take_step(at, &step);
    if (!next)
      return nearest ? at : NULL;
    at = next;
  }
  return at;
}

void cr_yaml_add_place(const struct cr_yaml *y, const char *path, struct cr_text *out)
{
  const struct node *at = y->root, *next;
  const char *rest = path;
  for (struct step step; *path; at = next, rest = path) {
    if (read_step(at, &path, &step) || !(next = take_step(at, &step)))
      break;
    path += *path == '.';
    uint32_t i = 0;
    for (const struct node *c = at->first; c != next; c = c->next)
      i++;
    if (at->kind == SEQUENCE)
      cr_text_add(out, "[%u]", i);
    else
      cr_text_add(out, "%s%.*s", at == y->root ? "" : ".", (int)step.n, step.key);
  }
  if (*rest)
    cr_text_add(out, "%s%s", at == y->root || *rest == '[' ? "" : ".", rest);
}

/* -- changes ------------------------------------------------------------------------------------------------------- */

struct change {
  struct cr_yaml *y;
  const char *label; /* "--set clients.rt.rate=5" */
  struct cr_err *err;
};

static int no_such_place(const struct change *c, const struct node *at, const struct step *step)
{
  if (at->kind == SEQUENCE && step->index == CR_NONE)
    return cr_fail(c->err, CR_EINPUT, "%s: there is no entry named '%.*s'; give its name, or its place from [0] on",
                   c->label, (int)step->n, step->key);
  if (at->kind == SEQUENCE)
    return cr_fail(c->err, CR_EINPUT, "%s: there is no entry [%u]; the last one can be followed by one more", c->label,
                   step->index);
  if (at->kind == MAPPING)
    return cr_fail(c->err, CR_EINPUT, "%s: [%u] needs a list, and this is none", c->label, step->index);
  return cr_fail(c->err, CR_EINPUT, "%s: a single value has no keys or entries of its own", c->label);
}

/* The entry that step names, made as an empty mapping where it can be. */
static int enter(const struct change *c, struct node *at, const struct step *step, struct node **out)
{
  *out = take_step(at, step);
  if (*out)
    return CR_OK;
  uint32_t n = 0;
  for (struct node *e = at->first; e; e = e->next)
    n++;
  int can = at->kind == MAPPING ? step->index == CR_NONE : at->kind == SEQUENCE && step->index == n;
  if (!can)
    return no_such_place(c, at, step);
  if (step->n > KEY_MAX)
    return cr_fail(c->err, CR_EINPUT, "%s: a key is longer than any there is", c->label);
  struct node *made = new_node(c->y, MAPPING, c->label);
  char *key = cr_arena_take(c->y->arena, step->n + 1, 1);
  if (!made || !key)
    return cr_fail_nomem(c->err, c->label);
  if (step->n)
    memcpy(key, step->key, step->n);
  made->key = key;
  append(at, made);
  *out = made;
  return CR_OK;
}

/* node becomes what value holds, in place, so that its parent need not know. */
static void replace(struct node *node, const struct node *value)
{
  struct node *next = node->next;
  const char *key = node->key;
  *node = *value;
  node->next = next;
  node->key = key;
}

static int parse_value(const struct change *c, const char *value, struct node **out)
{
  if (*value && strchr("[{\"'", *value)) {
    *out = NULL;
    int rc = read_text(c->y, value, strlen(value), c->label, c->label, out, c->err);
    if (!rc && !*out)
      rc = cr_fail(c->err, CR_EINPUT, "%s: the value is empty", c->label);
    return rc;
  }
  struct node *node = new_node(c->y, SCALAR, c->label);
  const char *text = cr_arena_text(c->y->arena, value);
  if (!node || !text)
    return cr_fail_nomem(c->err, c->label);
  node->text = text;
  node->plain = is_plain(text);
  *out = node;
  return CR_OK;
}

static int bad_path(const struct change *c, const char *path)
{
  return cr_fail(c->err, CR_EINPUT, "%s: '%s' is not a path to a value; write one such as clients[0].rate", c->label,
                 path);
}

/* Takes one step of *p and the dot behind it. */
static int next_step(const struct node *at, const char **p, struct step *step)
{
  if (read_step(at, p, step) || !ends_step(**p) || (**p == '.' && !(*p)[1]))
    return CR_EINPUT;
  *p += **p == '.';
  return CR_OK;
}

static int put_value(const struct change *c, const char *path, const char *value)
{
  struct node *parsed, *at = c->y->root;
  int rc = parse_value(c, value, &parsed);
  for (const char *p = path; !rc && *p;) {
    struct step step;
    rc = next_step(at, &p, &step) ? bad_path(c, path) : enter(c, at, &step, &at);
  }
  if (!rc)
    replace(at, parsed);
  return rc;
}

static void take_out(struct node *parent, const struct node *child)
{
  struct node *before = NULL;
  for (struct node *c = parent->first; c != child; c = c->next)
    before = c;
  if (before)
    before->next = child->next;
  else
    parent->first = child->next;
  if (parent->last == child)
    parent->last = before;
}

static int take_away(const struct change *c, const char *path)
{
  struct node *parent = NULL, *at = c->y->root;
  for (const char *p = path; *p;) {
    struct step step;
    if (next_step(at, &p, &step))
      return bad_path(c, path);
    parent = at;
    at = take_step(at, &step);
    if (!at)
      return cr_fail(c->err, CR_EINPUT, "%s: there is no '%s' that could be removed", c->label, path);
  }
  take_out(parent, at);
  return CR_OK;
}

int cr_yaml_set(struct cr_yaml *y, const char *set, const char *option, struct cr_err *err)
{
  const char *eq = strchr(set, '=');
  if (!eq || eq == set)
    return cr_fail(err, CR_EINPUT, "%s%s%s: write KEY=VALUE, such as duration=2s or clients[0].rate=50/s", option,
                   *option ? " " : "", set);
  size_t n = strlen(option) + strlen(set) + 2;
  char *label = cr_arena_take(y->arena, n, 1);
  char *path = cr_arena_text(y->arena, set);
  if (!label || !path)
    return cr_fail_nomem(err, set);
  snprintf(label, n, "%s%s%s", option, *option ? " " : "", set);
  path[eq - set] = '\0';
  const struct change change = {y, label, err};
  return eq[1] ? put_value(&change, path, eq + 1) : take_away(&change, path);
}

int cr_yaml_wrap(struct cr_yaml *y, const char *path, const char *key, struct cr_err *err)
{
  struct node *node = find(y, path, 0);
  if (!node || node->kind != SCALAR)
    return CR_OK;
  struct node *inner = new_node(y, SCALAR, node->label);
  if (!inner)
    return cr_fail_nomem(err, path);
  *inner = *node;
  inner->next = NULL;
  inner->key = "";
  if (key && !(inner->key = cr_arena_text(y->arena, key)))
    return cr_fail_nomem(err, path);
  node->kind = key ? MAPPING : SEQUENCE;
  node->text = NULL;
  node->first = node->last = inner;
  return CR_OK;
}

/* -- looking ------------------------------------------------------------------------------------------------------- */

int cr_yaml_has(const struct cr_yaml *y, const char *path)
{
  return find(y, path, 0) != NULL;
}

const char *cr_yaml_scalar(const struct cr_yaml *y, const char *path)
{
  const struct node *node = find(y, path, 0);
  return node && node->kind == SCALAR ? node->text : NULL;
}

uint32_t cr_yaml_count(const struct cr_yaml *y, const char *path)
{
  const struct node *node = find(y, path, 0);
  uint32_t n = 0;
  for (const struct node *c = node ? node->first : NULL; c; c = c->next)
    n++;
  return n;
}

void cr_yaml_entry(const struct cr_yaml *y, const char *path, uint32_t i, const char **key, const char **text)
{
  const struct node *entry = find(y, path, 0)->first;
  while (i--)
    entry = entry->next;
  *key = entry->key;
  *text = entry->kind == SCALAR ? entry->text : NULL;
}

int cr_yaml_is_set(const struct cr_yaml *y, const char *path)
{
  const struct node *node = find(y, path, 0);
  return node && node->label;
}

const char *cr_yaml_where(const struct cr_yaml *y, const char *path, char *buf, size_t n)
{
  const struct node *node = find(y, path, 1);
  if (node->label)
    snprintf(buf, n, "%s", node->label);
  else if (node == y->root)
    snprintf(buf, n, "%s", y->name);
  else
    snprintf(buf, n, "%s:%u", y->name, node->line);
  return buf;
}

int cr_yaml_fail(const struct cr_yaml *y, const char *path, struct cr_err *err, const char *fmt, ...)
{
  char place[400], sentence[sizeof err->text];
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(sentence, sizeof sentence, fmt, ap);
  va_end(ap);
  return cr_fail(err, CR_EINPUT, "%s: %s", cr_yaml_where(y, path, place, sizeof place), sentence);
}

/* -- printing ------------------------------------------------------------------------------------------------------ */

static void print_quoted(struct cr_text *out, const char *text)
{
  cr_text_add(out, "\"");
  for (const char *p = text; *p; p++) {
    unsigned char c = (unsigned char)*p;
    if (c == '"' || c == '\\')
      cr_text_add(out, "\\%c", c);
    else if (c < 0x20 || c == 0x7f)
      cr_text_add(out, "\\x%02x", c);
    else
      cr_text_add_bytes(out, p, 1);
  }
  cr_text_add(out, "\"");
}

static void print_scalar(struct cr_text *out, const char *text, int plain)
{
  if (plain)
    cr_text_add(out, "%s", text);
  else
    print_quoted(out, text);
}

/* The entries of a node, each on a line of its own, indented; the first of a sequence's mapping stands behind its "-
 * ". */
static void print_entries(struct cr_text *out, const struct node *node, int indent, int behind_dash)
{
  for (const struct node *c = node->first; c; c = c->next) {
    if (!(behind_dash && c == node->first))
      cr_text_add(out, "%*s", indent, "");
    if (node->kind == MAPPING) {
      print_scalar(out, c->key, is_plain(c->key));
      cr_text_add(out, ":");
    } else {
      cr_text_add(out, "-");
    }
    if (c->kind == SCALAR) {
      cr_text_add(out, " ");
      print_scalar(out, c->text, c->plain);
      cr_text_add(out, "\n");
    } else if (!c->first) {
      cr_text_add(out, c->kind == MAPPING ? " {}\n" : " []\n");
    } else if (node->kind == SEQUENCE) {
      cr_text_add(out, " ");
      print_entries(out, c, indent + 2, 1);
    } else {
      cr_text_add(out, "\n");
      print_entries(out, c, indent + 2, 0);
    }
  }
}

void cr_yaml_print(const struct cr_yaml *y, struct cr_text *out)
{
  if (y->root->first)
    print_entries(out, y->root, 0, 0);
  else
    cr_text_add(out, "{}\n");
}
