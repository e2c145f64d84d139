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
#include <sys/stat.h>
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

uint32_t cr_studydb_shard_ranks(const char *shard)
{
  return (uint32_t)strtoul(strrchr(shard, '-') + 1, NULL, 10);
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

/* What the query finds to differ, as the sentence's words; *out stays NULL when nothing does.  Lives as long as q. */
static int find_difference(struct cr_studydb *db, const char *sql, sqlite3_stmt **q, const char *out[2],
                           struct cr_err *err)
{
  int rc = cr_studydb_prepare(db, sql, q, err);
  int row = rc == CR_OK ? cr_studydb_step(db, *q, err) : rc;
  for (int i = 0; row > 0 && i < 2; i++)
    out[i] = sqlite3_column_type(*q, i) == SQLITE_NULL ? "none" : (const char *)sqlite3_column_text(*q, i);
  return row < 0 ? row : CR_OK;
}

/* Runs of two programs, or of two workloads, are not of one study, though their designs are written the same. */
static int check_same(struct cr_studydb *db, const char *from, const char *first, struct cr_err *err)
{
  static const char programs[] = "SELECT p.value, m.value FROM part.provenance p LEFT JOIN main.provenance m USING(key)"
                                 " WHERE key IN ('version', 'git') AND p.value IS NOT m.value ORDER BY key DESC";
  static const char workloads[] = "SELECT p.point, m.point FROM part.point p LEFT JOIN main.point m USING(point)"
                                  " WHERE p.workload_hash IS NOT m.workload_hash ORDER BY point";
  sqlite3_stmt *q[2] = {NULL, NULL};
  const char *program[2] = {NULL, NULL}, *point[2] = {NULL, NULL};
  int rc = find_difference(db, programs, &q[0], program, err);
  rc = rc ? rc : find_difference(db, workloads, &q[1], point, err);
  if (rc == CR_OK && program[0])
    rc = cr_fail(err, CR_EINPUT, "%s: is by corun %.60s, and %s by %.60s: results of two programs do not go together",
                 from, program[0], first, program[1]);
  else if (rc == CR_OK && point[0])
    rc = cr_fail(
      err, CR_EINPUT,
      "%s: the workload of its point %.20s is another than in %s: a file that the scenario names had changed in "
      "between; they do not go together",
      from, point[0], first);
  sqlite3_finalize(q[0]);
  sqlite3_finalize(q[1]);
  return rc;
}

/* The first file brings the design as well (first NULL); what two have is the same. */
static int gather(struct cr_studydb *db, const char *from, const char *first, struct cr_err *err)
{
  static const char design[] = "INSERT INTO provenance SELECT * FROM part.provenance ORDER BY key;"
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
  if (rc == CR_OK)
    rc = first ? check_same(db, from, first, err) : cr_studydb_exec(db, design, err);
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

/* All files into one that is nobody's: itself, shards, others. */
static int gather_all(struct cr_studydb *db, const char *path, const char *const *shard, uint32_t n_shard,
                      const char *const *other, uint32_t n_other, struct cr_err *err)
{
  const char *first = NULL;
  int rc = CR_OK;
  if (cr_studydb_exists(path)) {
    rc = gather(db, path, first, err);
    first = path;
  }
  for (uint32_t i = 0; rc == CR_OK && i < n_shard + n_other; i++) {
    const char *from = i < n_shard ? shard[i] : other[i - n_shard];
    rc = gather(db, from, first, err);
    first = first ? first : from;
  }
  return rc;
}

int cr_studydb_settle(const char *path, const char *const *shard, uint32_t n_shard, const char *const *other,
                      uint32_t n_other, struct cr_err *err)
{
  char *gathered = beside(path, ".gathering"), *whole = beside(path, ".partial");
  struct cr_studydb *db = NULL;
  int rc = gathered && whole ? CR_OK : cr_fail_nomem(err, "the results database");
  if (rc == CR_OK) {
    unlink(gathered); /* of one that was interrupted */
    unlink(whole);
    rc = cr_studydb_connect(gathered, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &db, err);
  }
  rc = rc ? rc : cr_studydb_exec(db, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF", err);
  rc = rc ? rc : cr_studydb_make_tables(db, err);
  rc = rc ? rc : gather_all(db, path, shard, n_shard, other, n_other, err);
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

/* Whether the file that is open is the one that bears the name: its last owner removed it, and whoever waited has one that is
 * nobody's. */
static int has_name(int fd, const char *name)
{
  struct stat open_one, named;
  return fstat(fd, &open_one) == 0 && stat(name, &named) == 0 && open_one.st_ino == named.st_ino &&
         open_one.st_dev == named.st_dev;
}

/* 0: locked; else errno. */
static int lock_file(const char *name, int *out)
{
  struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  for (;;) {
    int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0666), code;
    do
      code = fd < 0 ? -1 : fcntl(fd, F_SETLKW, &whole);
    while (code < 0 && fd >= 0 && errno == EINTR);
    int error = code == 0 ? 0 : errno;
    if (!error && has_name(fd, name)) {
      *out = fd;
      return 0;
    }
    if (fd >= 0)
      close(fd);
    if (error)
      return error;
  }
}

int cr_studydb_lock(const char *path, int *out, struct cr_err *err)
{
  char *name = beside(path, ".lock");
  if (!name)
    return cr_fail_nomem(err, "the results database");
  int error = lock_file(name, out);
  int rc = error ? cr_fail(err, CR_EINPUT, "%s: cannot be locked: %s", name, strerror(error)) : CR_OK;
  cr_mem_free(name);
  return rc;
}

void cr_studydb_unlock(const char *path, int lock)
{
  char *name = beside(path, ".lock");
  if (name)
    unlink(name);
  cr_mem_free(name);
  close(lock);
}
