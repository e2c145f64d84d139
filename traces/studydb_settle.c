/* studydb_settle.c - one results database of a study's, and of its ranks'.
 *
 * Rows of all are gathered in a file of its own, which SQLite then writes in order (VACUUM INTO): pages follow from the rows,
 * not from who wrote them when.  The file gets its name last; until then nothing is removed, and one that is interrupted is
 * done again. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "traces/studydb_int.h"

static char *beside(const char *path, const char *suffix)
{
  size_t n = strlen(path) + strlen(suffix) + 1;
  char *out = cr_mem_new(n, 1);
  if (out)
    snprintf(out, n, "%s%s", path, suffix);
  return out;
}

char *cr_studydb_shard(const char *path, uint32_t rank, uint32_t n_rank)
{
  char suffix[48];
  snprintf(suffix, sizeof suffix, ".rank-%05u-of-%05u", rank, n_rank);
  return beside(path, suffix);
}

/* "-NNNNN-of-NNNNN" and no more: a journal is no shard. */
static int is_shard(const char *name, const char *stem)
{
  size_t n = strlen(stem);
  unsigned rank, n_rank;
  char again[48];
  if (strncmp(name, stem, n) != 0 || strncmp(name + n, ".rank-", 6) != 0)
    return 0;
  char *end;
  rank = (unsigned)strtoul(name + n + 6, &end, 10);
  if (strncmp(end, "-of-", 4) != 0)
    return 0;
  n_rank = (unsigned)strtoul(end + 4, NULL, 10);
  snprintf(again, sizeof again, ".rank-%05u-of-%05u", rank, n_rank);
  return strcmp(name + n, again) == 0;
}

static int by_name(const void *a, const void *b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int cr_studydb_find_shards(const char *path, struct cr_arena *arena, const char ***out, uint32_t *n, struct cr_err *err)
{
  const char *slash = strrchr(path, '/');
  size_t n_folder = slash ? (size_t)(slash - path) + 1 : 0;
  char *folder = cr_arena_text(arena, path);
  uint32_t n_found = 0, cap = 16;
  const char **found = cr_arena_take(arena, cap, sizeof *found);
  if (!folder || !found)
    return cr_fail_nomem(err, "the results database");
  folder[n_folder] = '\0';
  DIR *dir = opendir(n_folder ? folder : ".");
  if (!dir)
    return cr_fail(err, CR_EINPUT, "%s: its folder cannot be read: %s", path, strerror(errno));
  int rc = CR_OK;
  const struct dirent *e;
  while (rc == CR_OK && (e = readdir(dir))) {
    if (!is_shard(e->d_name, path + n_folder))
      continue;
    if (n_found == cap) {
      const char **more = cr_arena_take(arena, 2 * (size_t)cap, sizeof *more);
      if (more)
        memcpy(more, found, cap * sizeof *more);
      found = more;
      cap *= 2;
    }
    size_t room = n_folder + strlen(e->d_name) + 1;
    char *name = found ? cr_arena_take(arena, room, 1) : NULL;
    if (!name) {
      rc = cr_fail_nomem(err, "the results database");
      break;
    }
    snprintf(name, room, "%s%s", folder, e->d_name);
    found[n_found++] = name;
  }
  closedir(dir);
  if (rc != CR_OK)
    return rc;
  qsort(found, n_found, sizeof *found, by_name);
  *out = found;
  *n = n_found;
  return CR_OK;
}

/* The first file brings the design as well; what two have is the same. */
static int gather(struct cr_studydb *db, const char *from, int is_first, struct cr_err *err)
{
  static const char first[] = "INSERT INTO provenance SELECT * FROM part.provenance ORDER BY key;"
                              "INSERT INTO design SELECT * FROM part.design ORDER BY place;"
                              "INSERT INTO point SELECT * FROM part.point ORDER BY point;"
                              "INSERT INTO setting SELECT * FROM part.setting ORDER BY point, key;"
                              "INSERT INTO policy SELECT * FROM part.policy ORDER BY policy;"
                              "INSERT INTO seed SELECT * FROM part.seed ORDER BY place;"
                              "INSERT INTO metric SELECT * FROM part.metric ORDER BY metric;"
                              "INSERT INTO round SELECT * FROM part.round ORDER BY round;"
                              "INSERT INTO asked SELECT * FROM part.asked ORDER BY round, place;"
                              "INSERT INTO ranking SELECT * FROM part.ranking ORDER BY rank;";
  static const char each[] = "INSERT OR IGNORE INTO run SELECT * FROM part.run;"
                             "INSERT OR IGNORE INTO value SELECT * FROM part.value;";
  sqlite3_stmt *q = NULL;
  int rc = cr_studydb_prepare(db, "ATTACH ? AS part", &q, err);
  if (rc == CR_OK) {
    sqlite3_bind_text(q, 1, from, -1, SQLITE_STATIC);
    rc = cr_studydb_step(db, q, err);
  }
  sqlite3_finalize(q);
  rc = rc ? rc : cr_studydb_exec(db, "BEGIN", err);
  if (is_first)
    rc = rc ? rc : cr_studydb_exec(db, first, err);
  rc = rc ? rc : cr_studydb_exec(db, each, err);
  rc = rc ? rc : cr_studydb_exec(db, "COMMIT; DETACH part", err);
  return rc;
}

static int write_in_order(struct cr_studydb *db, const char *to, struct cr_err *err)
{
  sqlite3_stmt *q = NULL;
  int rc = cr_studydb_prepare(db, "VACUUM INTO ?", &q, err);
  if (rc == CR_OK) {
    sqlite3_bind_text(q, 1, to, -1, SQLITE_STATIC);
    rc = cr_studydb_step(db, q, err);
  }
  sqlite3_finalize(q);
  int fd = rc == CR_OK ? open(to, O_RDONLY) : -1;
  if (rc == CR_OK && (fd < 0 || fsync(fd) != 0))
    rc = cr_fail(err, CR_ERUN, "%s: cannot be written: %s", to, strerror(errno));
  if (fd >= 0)
    close(fd);
  return rc;
}

int cr_studydb_settle(const char *path, const char *const *shard, uint32_t n_shard, struct cr_err *err)
{
  char *gathered = beside(path, ".gathering"), *whole = beside(path, ".partial");
  struct cr_studydb *db = NULL;
  int is_there = cr_studydb_exists(path);
  int rc = gathered && whole ? CR_OK : cr_fail_nomem(err, "the results database");
  if (rc == CR_OK) {
    unlink(gathered); /* of one that was interrupted */
    unlink(whole);
    rc = cr_studydb_connect(gathered, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &db, err);
  }
  rc = rc ? rc : cr_studydb_exec(db, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF", err);
  rc = rc ? rc : cr_studydb_make_tables(db, err);
  if (rc == CR_OK && is_there)
    rc = gather(db, path, 1, err);
  for (uint32_t i = 0; rc == CR_OK && i < n_shard; i++)
    rc = gather(db, shard[i], !is_there && i == 0, err);
  rc = rc ? rc : write_in_order(db, whole, err);
  cr_studydb_close(db);
  if (rc == CR_OK && rename(whole, path) != 0)
    rc = cr_fail(err, CR_ERUN, "%s: cannot be given its name: %s", path, strerror(errno));
  for (uint32_t i = 0; rc == CR_OK && i < n_shard; i++)
    unlink(shard[i]);
  if (gathered)
    unlink(gathered);
  if (whole && rc != CR_OK)
    unlink(whole);
  cr_mem_free(gathered);
  cr_mem_free(whole);
  return rc;
}

int cr_studydb_lock(const char *path, int *out, struct cr_err *err)
{
  char *name = beside(path, ".lock");
  if (!name)
    return cr_fail_nomem(err, "the results database");
  int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0666), code;
  struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  do
    code = fd < 0 ? -1 : fcntl(fd, F_SETLKW, &whole);
  while (code < 0 && fd >= 0 && errno == EINTR);
  int rc = code == 0 ? CR_OK : cr_fail(err, CR_ERUN, "%s: cannot be locked: %s", name, strerror(errno));
  if (rc == CR_OK)
    *out = fd;
  else if (fd >= 0)
    close(fd);
  cr_mem_free(name);
  return rc;
}

void cr_studydb_unlock(const char *path, int lock, int done)
{
  char *name = done ? beside(path, ".lock") : NULL;
  if (name)
    unlink(name);
  cr_mem_free(name);
  close(lock);
}
