/* datadir.c - where bundled data lies. */
#include "config.h"

#include "traces/datadir.h"

#include "sim/nearest.h"
#include "sim/text.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const cr_datadir_stores[] = {"h200.db", "h200-collected.db", "h200-clusters.db", NULL};

enum { N_ROOT = 4 };

/* dir/name in the arena; dir NULL gives NULL. */
static const char *join(struct cr_arena *arena, const char *dir, const char *name)
{
  if (!dir)
    return NULL;
  size_t n = strlen(dir) + strlen(name) + 2;
  char *path = cr_arena_take(arena, n, 1);
  if (path)
    snprintf(path, n, "%s/%s", dir, name);
  return path;
}

/* The folder of the running program in the arena, or NULL where /proc does not tell. */
static const char *program_folder(struct cr_arena *arena)
{
  enum { CAP = 4096 };
  char *path = cr_arena_take(arena, CAP, 1);
  ssize_t n = path ? readlink("/proc/self/exe", path, CAP - 1) : -1;
  char *slash = n > 0 ? strrchr(path, '/') : NULL;
  if (!slash)
    return NULL;
  *slash = '\0';
  return path;
}

/* The places to search, in order; those that do not apply are NULL. */
static void find_roots(struct cr_arena *arena, const char *root[N_ROOT])
{
  const char *set = getenv("CORUN_DATA");
  const char *program = program_folder(arena);
  root[0] = set && *set ? cr_arena_text(arena, set) : NULL;
  root[1] = join(arena, program, "share/corun");
  root[2] = join(arena, program, "../share/corun");
  root[3] = CR_PKGDATADIR;
}

int cr_datadir_find(const char *name, struct cr_arena *arena, const char **out, struct cr_err *err)
{
  const char *root[N_ROOT];
  find_roots(arena, root);
  for (int i = 0; i < N_ROOT; i++) {
    const char *path = join(arena, root[i], name);
    if (path && access(path, R_OK) == 0) {
      *out = path;
      return CR_OK;
    }
  }
  struct cr_text places = {0};
  for (int i = 0; i < N_ROOT; i++)
    if (root[i])
      cr_text_add(&places, "%s%s", places.n ? ", " : "", root[i]);
  int rc =
    cr_fail(err, CR_EINPUT, "%s is not among the bundled data (searched: %s); set CORUN_DATA to the folder that has it",
            name, places.s ? places.s : "nowhere");
  cr_text_fini(&places);
  return rc;
}

int cr_datadir_library(const char *name, struct cr_arena *arena, const char **out, struct cr_err *err)
{
  const char *set = getenv("CORUN_LIBDIR"), *program = program_folder(arena);
  const char *root[N_ROOT] = {set && *set ? set : NULL, program, join(arena, program, "../lib/corun"), CR_PKGLIBDIR};
  enum { CAP = 4096 };
  struct cr_text places = {0};
  for (int i = 0; i < N_ROOT; i++) {
    const char *path = join(arena, root[i], name);
    char *whole = path && access(path, R_OK) == 0 ? cr_arena_take(arena, 2 * CAP, 1) : NULL;
    if (root[i])
      cr_text_add(&places, "%s%s", places.n ? ", " : "", root[i]);
    if (!whole || (*path != '/' && !getcwd(whole, CAP)))
      continue;
    snprintf(whole + strlen(whole), CAP, "%s%s", *path == '/' ? "" : "/", path);
    *out = whole;
    cr_text_fini(&places);
    return CR_OK;
  }
  int rc = cr_fail(err, CR_EINPUT, "%s is not there (searched: %s); set CORUN_LIBDIR to the folder that has it", name,
                   places.s ? places.s : "nowhere");
  cr_text_fini(&places);
  return rc;
}

struct names {
  const char **name;
  uint32_t n, cap;
};

static int add_name(struct names *names, const char *name)
{
  if (names->n == names->cap) {
    uint32_t cap = names->cap ? 2 * names->cap : 32;
    const char **grown = cr_mem_resize(names->name, cap, sizeof *grown);
    if (!grown)
      return CR_ENOMEM;
    names->name = grown;
    names->cap = cap;
  }
  names->name[names->n++] = name;
  return CR_OK;
}

/* Adds the names of one folder that end in suffix, without it.  A folder that is not there has none. */
static int read_folder(const char *path, const char *suffix, struct cr_arena *arena, struct names *names,
                       struct cr_err *err)
{
  DIR *dir = opendir(path);
  if (!dir)
    return errno == ENOENT || errno == ENOTDIR
             ? CR_OK
             : cr_fail(err, CR_EINPUT, "%s: cannot be read: %s", path, strerror(errno));
  int rc = CR_OK;
  size_t n_suffix = strlen(suffix);
  for (struct dirent *entry; !rc && (entry = readdir(dir));) {
    size_t n = strlen(entry->d_name);
    if (n <= n_suffix || strcmp(entry->d_name + n - n_suffix, suffix) != 0)
      continue;
    char *name = cr_arena_text(arena, entry->d_name);
    if (name)
      name[n - n_suffix] = '\0';
    if (!name || add_name(names, name))
      rc = cr_fail_nomem(err, path);
  }
  closedir(dir);
  return rc;
}

static int by_name(const void *a, const void *b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int cr_datadir_each(const char *folder, const char *suffix, void (*each)(void *ctx, const char *name), void *ctx,
                    struct cr_err *err)
{
  struct cr_arena *arena = cr_arena_new();
  if (!arena)
    return cr_fail_nomem(err, folder);
  const char *root[N_ROOT];
  struct names names = {0};
  int rc = CR_OK;
  find_roots(arena, root);
  for (int i = 0; !rc && i < N_ROOT; i++) {
    const char *path = join(arena, root[i], folder);
    if (path)
      rc = read_folder(path, suffix, arena, &names, err);
  }
  if (!rc && names.n)
    qsort(names.name, names.n, sizeof *names.name, by_name);
  for (uint32_t i = 0; !rc && i < names.n; i++)
    if (i == 0 || strcmp(names.name[i - 1], names.name[i]) != 0)
      each(ctx, names.name[i]);
  cr_mem_free(names.name);
  cr_arena_free(arena);
  return rc;
}

struct known {
  struct cr_arena *arena;
  struct names names;
  int failed;
};

static void keep_known(void *ctx, const char *name)
{
  struct known *known = ctx;
  const char *copy = cr_arena_text(known->arena, name);
  known->failed |= !copy || add_name(&known->names, copy);
}

int cr_datadir_none(const char *folder, const char *suffix, const char *name, struct cr_err *err)
{
  struct known known = {.arena = cr_arena_new()};
  struct cr_text list = {0};
  int rc = known.arena ? cr_datadir_each(folder, suffix, keep_known, &known, err) : cr_fail_nomem(err, name);
  const char *near = rc ? NULL : cr_nearest(name, known.names.name, known.names.n);
  for (uint32_t i = 0; i < known.names.n; i++)
    cr_text_add(&list, "%s%s%s", i ? ", " : "", known.names.name[i], suffix);
  if (!rc && (known.failed || list.failed))
    rc = cr_fail_nomem(err, name);
  else if (near)
    rc = cr_fail(err, CR_EINPUT, "none is bundled under that name; did you mean %s%s?", near, suffix);
  else if (!rc)
    rc = cr_fail(err, CR_EINPUT, "none is bundled under that name; there are: %s", list.s ? list.s : "none");
  cr_text_fini(&list);
  cr_mem_free(known.names.name);
  cr_arena_free(known.arena);
  return rc;
}

static int not_bundled(const char *what, const char *folder, const char *name, struct cr_arena *arena,
                       struct cr_err *err)
{
  struct known known = {.arena = arena};
  struct cr_text list = {0};
  int rc = cr_datadir_each(folder, ".yaml", keep_known, &known, err);
  const char *near = rc ? NULL : cr_nearest(name, known.names.name, known.names.n);
  for (uint32_t i = 0; i < known.names.n; i++)
    cr_text_add(&list, "%s%s", i ? ", " : "", known.names.name[i]);
  if (!rc && known.failed)
    rc = cr_fail_nomem(err, name);
  else if (near)
    rc = cr_fail(err, CR_EINPUT, "%s %s: there is none of that name; did you mean %s? (a file is named as ./%s.yaml)",
                 what, name, near, name);
  else if (!rc)
    rc = cr_fail(err, CR_EINPUT, "%s %s: there is none of that name; bundled are: %s (a file is named as ./%s.yaml)",
                 what, name, list.n ? list.s : "none", name);
  cr_text_fini(&list);
  cr_mem_free(known.names.name);
  return rc;
}

int cr_datadir_resolve(const char *what, const char *folder, const char *name_or_path, struct cr_arena *arena,
                       const char **out, struct cr_err *err)
{
  static const char SUFFIX[] = ".yaml";
  size_t n = strlen(name_or_path), n_suffix = sizeof SUFFIX - 1;
  if (strchr(name_or_path, '/') || (n > n_suffix && strcmp(name_or_path + n - n_suffix, SUFFIX) == 0)) {
    *out = name_or_path;
    return CR_OK;
  }
  if (n == 0)
    return cr_fail(err, CR_EINPUT, "%s: the name is empty", what);
  size_t cap = strlen(folder) + n + n_suffix + 2;
  char *file = cr_arena_take(arena, cap, 1);
  if (!file)
    return cr_fail_nomem(err, name_or_path);
  snprintf(file, cap, "%s/%s%s", folder, name_or_path, SUFFIX);
  struct cr_err ignored;
  return cr_datadir_find(file, arena, out, &ignored) ? not_bundled(what, folder, name_or_path, arena, err) : CR_OK;
}
