/* trace_set.c - the stores that a validation takes its models from.
 *
 * The names in every source are read once.  A folder's files are imported into a store in a temporary folder, which is
 * removed as soon as the store is open, so that nothing stays behind however the program ends. */
#include "config.h"

#include "calib/trace_set.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/mem.h"
#include "traces/kineto.h"
#include "traces/store.h"

#define AUTOTUNED "autotuned/"

struct source {
  const char *path;
  struct cr_store *store;
  const char **name; /* [n_name] */
  uint32_t n_name, name_cap;
};

struct cr_trace_set {
  struct cr_arena *arena;
  struct source *source; /* [n_source] */
  uint32_t n_source;
  int failed; /* a name could not be kept */
};

/* --- names ---------------------------------------------------------------------------------------------------------- */

struct naming {
  struct cr_trace_set *set;
  struct source *source;
};

static void keep_name(void *ctx, const char *name)
{
  struct naming *n = ctx;
  struct source *s = n->source;
  if (s->n_name == s->name_cap) {
    uint32_t cap = s->name_cap ? s->name_cap * 2 : 64;
    const char **bigger = cr_mem_resize(s->name, cap, sizeof *bigger);
    if (!bigger) {
      n->set->failed = 1;
      return;
    }
    s->name = bigger;
    s->name_cap = cap;
  }
  const char *copy = cr_arena_text(n->set->arena, name);
  if (copy)
    s->name[s->n_name++] = copy;
  else
    n->set->failed = 1;
}

static int has(const struct source *s, const char *prefix, const char *model)
{
  size_t n = strlen(prefix);
  for (uint32_t i = 0; i < s->n_name; i++)
    if (strncmp(s->name[i], prefix, n) == 0 && strcmp(s->name[i] + n, model) == 0)
      return 1;
  return 0;
}

static int has_any(const struct source *s, const char *const *model, uint32_t n_model)
{
  for (uint32_t i = 0; i < n_model; i++)
    if (has(s, "", model[i]) || has(s, AUTOTUNED, model[i]))
      return 1;
  return 0;
}

static const struct source *holder(const struct cr_trace_set *s, const char *model)
{
  for (uint32_t i = 0; i < s->n_source; i++)
    if (has_any(&s->source[i], &model, 1))
      return &s->source[i];
  return NULL;
}

/* --- opening -------------------------------------------------------------------------------------------------------- */

static int open_store(struct cr_trace_set *set, struct source *s, const char *path, struct cr_err *err)
{
  int rc = cr_store_open(path, &s->store, err);
  if (rc != CR_OK)
    return rc;
  struct naming naming = {set, s};
  rc = cr_store_each_model(s->store, keep_name, &naming, err);
  if (rc == CR_OK && set->failed)
    rc = cr_fail_nomem(err, path);
  return rc;
}

/* Text in a buffer of the arena; NULL when there is no memory. */
static char *join(struct cr_arena *a, const char *folder, const char *name, const char *suffix)
{
  size_t n = strlen(folder) + strlen(name) + strlen(suffix) + 2;
  char *path = cr_arena_take(a, n, 1);
  if (path)
    snprintf(path, n, "%s/%s%s", folder, name, suffix);
  return path;
}

/* The file in the folder that holds the model, or NULL in *out. */
static int find_file(struct cr_trace_set *set, const char *folder, const char *model, const char **out,
                     struct cr_err *err)
{
  static const char *const suffix[] = {".graph.json.gz", ".graph.json", ".json.gz", ".json"};
  *out = NULL;
  for (size_t i = 0; i < sizeof suffix / sizeof suffix[0] && !*out; i++) {
    const char *path = join(set->arena, folder, model, suffix[i]);
    if (!path)
      return cr_fail_nomem(err, folder);
    if (access(path, F_OK) == 0)
      *out = path;
  }
  return CR_OK;
}

static int import_files(struct cr_trace_set *set, const char *folder, const char *db, const char *const *model,
                        uint32_t n_model, struct cr_err *err)
{
  struct cr_store *store = NULL;
  uint32_t n_found = 0;
  int rc = cr_store_edit(db, &store, err);
  for (uint32_t i = 0; rc == CR_OK && i < n_model; i++) {
    const char *path = NULL;
    rc = find_file(set, folder, model[i], &path, err);
    if (rc != CR_OK || !path)
      continue;
    rc = cr_kineto_import(store, path, &(struct cr_kineto_options){.model = model[i]}, err);
    n_found++;
  }
  if (rc == CR_OK && n_found == 0)
    rc = cr_fail(err, CR_EINPUT,
                 "%s: holds no file MODEL.graph.json.gz of a model of the table, such as %s; give the folder "
                 "of its traces",
                 folder, n_model ? model[0] : "MODEL");
  if (rc == CR_OK)
    rc = cr_store_commit(store, err);
  cr_store_close(store);
  return rc;
}

static int open_folder(struct cr_trace_set *set, struct source *s, const char *const *model, uint32_t n_model,
                       struct cr_err *err)
{
  const char *tmp = getenv("TMPDIR");
  char *folder = join(set->arena, tmp && *tmp ? tmp : "/tmp", "corun-traces-XXXXXX", "");
  if (!folder)
    return cr_fail_nomem(err, s->path);
  if (!mkdtemp(folder))
    return cr_fail(err, CR_EINPUT,
                   "%s: cannot be made for a temporary store; set TMPDIR to a folder that can be written", folder);
  int rc = CR_OK;
  const char *db = join(set->arena, folder, "traces.db", "");
  if (!db)
    rc = cr_fail_nomem(err, s->path);
  if (rc == CR_OK)
    rc = import_files(set, s->path, db, model, n_model, err);
  if (rc == CR_OK)
    rc = open_store(set, s, db, err);
  if (db)
    unlink(db);
  rmdir(folder);
  return rc;
}

static int open_given(struct cr_trace_set *set, struct source *s, const char *const *model, uint32_t n_model,
                      struct cr_err *err)
{
  struct stat st;
  if (stat(s->path, &st) == 0 && S_ISDIR(st.st_mode))
    return open_folder(set, s, model, n_model, err);
  int rc = open_store(set, s, s->path, err);
  if (rc == CR_OK && !has_any(s, model, n_model))
    rc = cr_fail(err, CR_EINPUT, "%s: holds no model of the table, such as %s; see what it holds with `corun show %s`",
                 s->path, n_model ? model[0] : "MODEL", s->path);
  return rc;
}

static int needs_bundled(const struct cr_trace_set *set, const char *const *model, uint32_t n_model)
{
  for (uint32_t i = 0; i < n_model; i++)
    if (!holder(set, model[i]))
      return 1;
  return 0;
}

int cr_trace_set_open(const char *const *source, uint32_t n_source, const char *bundled, const char *const *model,
                      uint32_t n_model, struct cr_trace_set **out, struct cr_err *err)
{
  struct cr_arena *arena = cr_arena_new();
  struct cr_trace_set *set = arena ? cr_arena_take(arena, 1, sizeof *set) : NULL;
  struct source *s = set ? cr_arena_take(arena, n_source + (size_t)1, sizeof *s) : NULL;
  if (!s) {
    cr_arena_free(arena);
    return cr_fail_nomem(err, "the traces");
  }
  *set = (struct cr_trace_set){.arena = arena, .source = s};
  int rc = CR_OK;
  for (uint32_t i = 0; rc == CR_OK && i < n_source; i++) {
    s[i].path = source[i];
    set->n_source++;
    rc = open_given(set, &s[i], model, n_model, err);
  }
  if (rc == CR_OK && bundled && needs_bundled(set, model, n_model)) {
    s[n_source].path = bundled;
    set->n_source++;
    rc = open_store(set, &s[n_source], bundled, err);
  }
  if (rc == CR_OK)
    *out = set;
  else
    cr_trace_set_close(set);
  return rc;
}

void cr_trace_set_close(struct cr_trace_set *s)
{
  if (!s)
    return;
  for (uint32_t i = 0; i < s->n_source; i++) {
    cr_store_close(s->source[i].store);
    cr_mem_free(s->source[i].name);
  }
  cr_arena_free(s->arena);
}

/* --- use ------------------------------------------------------------------------------------------------------------ */

int cr_trace_set_find(const struct cr_trace_set *s, const char *model, int *plain, int *autotuned, struct cr_err *err)
{
  const struct source *from = holder(s, model);
  if (!from)
    return cr_fail(err, CR_EINPUT,
                   "no trace of model '%s' in %s; import one with `corun import kineto` and give the store "
                   "with --traces",
                   model, s->n_source ? s->source[s->n_source - 1].path : "the stores given");
  *plain = has(from, "", model);
  *autotuned = has(from, AUTOTUNED, model);
  return CR_OK;
}

int cr_trace_set_load(struct cr_trace_set *s, const char *model, int autotuned, struct cr_workload_builder *b,
                      cr_model *out, struct cr_err *err)
{
  const struct source *from = holder(s, model);
  if (!from)
    return cr_fail(err, CR_EINPUT, "no trace of model '%s'", model);
  size_t n = sizeof AUTOTUNED + strlen(model);
  char *name = cr_mem_new(n, 1);
  if (!name)
    return cr_fail_nomem(err, model);
  snprintf(name, n, "%s%s", autotuned ? AUTOTUNED : "", model);
  int rc = cr_store_load_model(from->store, name, b, out, err);
  cr_mem_free(name);
  return rc;
}
