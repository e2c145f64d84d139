/* mutation.c - free inputs changed at random, by seed. */
#define _DEFAULT_SOURCE 1 /* mmap of no file */
#include "config.h"

#include "tests/t.h"

#include "tests/mutation.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/rng.h"

enum { LIMIT_S = 20, SEED = 20261129, TEXT_MAX = 1 << 20 };

struct mutation {
  uint64_t seed, n_draw;
  char note[1500], failed[1500];
};

/* -- one after the other ------------------------------------------------------------------------------------------------ */

static uint64_t number_of(const char *name, uint64_t otherwise)
{
  const char *text = getenv(name);
  return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

/* In the child.  It ends without what cmocka would do. */
static void try_all(struct mutation *m, uint32_t n, mutation_case *each, void *ctx)
{
  uint64_t one = number_of("CORUN_MUTATION", 0), all = n * number_of("CORUN_MUTATIONS", 1);
  for (uint64_t seed = one ? one : 1; seed <= (one ? one : all); seed++) {
    m->seed = seed;
    m->n_draw = 0;
    m->note[0] = '\0';
    alarm(LIMIT_S);
    if (each(ctx, m))
      _exit(1);
  }
  _exit(0);
}

void mutation_each(const char *name, uint32_t n, mutation_case *each, void *ctx)
{
  int status = 0;
  struct mutation *m = mmap(NULL, sizeof *m, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  assert_true(m != MAP_FAILED);
  fflush(NULL);
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) {
    static const int SIGNAL[] = {SIGALRM, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGSYS, SIGABRT}; /* which cmocka takes */
    for (size_t i = 0; i < sizeof SIGNAL / sizeof *SIGNAL; i++)
      signal(SIGNAL[i], SIG_DFL);
    try_all(m, n, each, ctx);
  }
  while (waitpid(pid, &status, 0) < 0)
    ;
  int is_fine = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  if (!is_fine)
    print_message("# %s, CORUN_MUTATION=%" PRIu64 ": %s\n#   %s\n", name, m->seed, m->note,
                  WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : m->failed);
  munmap(m, sizeof *m);
  assert_true(is_fine);
}

uint32_t mutation_draw(struct mutation *m, uint32_t n)
{
  return (uint32_t)(cr_draw(SEED, CR_RNG_TEST, (uint32_t)m->seed, m->n_draw++) % n);
}

uint64_t mutation_seed(const struct mutation *m)
{
  return m->seed;
}

void mutation_note(struct mutation *m, const char *format, ...)
{
  size_t n = strlen(m->note);
  va_list ap;
  va_start(ap, format);
  vsnprintf(m->note + n, sizeof m->note - n, format, ap);
  va_end(ap);
}

int mutation_fail(struct mutation *m, const char *format, ...)
{
  va_list ap;
  va_start(ap, format);
  vsnprintf(m->failed, sizeof m->failed, format, ap);
  va_end(ap);
  return 1;
}

/* -- bytes and words ---------------------------------------------------------------------------------------------------- */

/* Puts word in place of n_old bytes, as far as there is room; a zero byte follows. */
static void put_in_place(char *text, size_t *n, size_t cap, size_t at, size_t n_old, const char *word, size_t n_new)
{
  if (*n - n_old + n_new >= cap)
    return;
  memmove(text + at + n_new, text + at + n_old, *n - at - n_old);
  memcpy(text + at, word, n_new);
  *n = *n - n_old + n_new;
  text[*n] = '\0';
}

void mutation_bytes(struct mutation *m, char *text, size_t *n, size_t cap)
{
  static const char SPICE[] = "\0\x01\x7f\x80\xff\"',\n\r\t{}[]()<>=:;-+0.e#\\%/* ";
  for (uint32_t k = mutation_draw(m, 4) + 1; k > 0 && *n > 1; k--) {
    size_t at = mutation_draw(m, (uint32_t)*n), left = *n - at;
    size_t len = 1 + mutation_draw(m, (uint32_t)(left < 40 ? left : 40));
    char span[40];
    len = len > left ? left : len;
    switch (mutation_draw(m, 8)) {
    case 0:
      text[at] = (char)(text[at] ^ 1 << mutation_draw(m, 8));
      break;
    case 1:
      put_in_place(text, n, cap, at, len, "", 0);
      break;
    case 2:
      memcpy(span, text + at, len);
      put_in_place(text, n, cap, at, 0, span, len);
      break;
    case 3:
      if (mutation_draw(m, 4) == 0)
        *n = at;
      break;
    case 4:
      put_in_place(text, n, cap, at, 0, &SPICE[mutation_draw(m, sizeof SPICE - 1)], 1);
      break;
    default:
      text[at] = SPICE[mutation_draw(m, sizeof SPICE - 1)];
    }
    mutation_note(m, " bytes at %zu;", at);
  }
}

static int is_of_word(char c)
{
  return isalnum((unsigned char)c) || c == '_' || c == '.' || c == '-';
}

/* The word at a place or the next one behind it. */
static size_t word_at(const char *text, size_t n, size_t at, size_t *len)
{
  while (at > 0 && is_of_word(text[at - 1]))
    at--;
  while (at < n && !is_of_word(text[at]))
    at++;
  for (*len = 0; at + *len < n && is_of_word(text[at + *len]);)
    ++*len;
  return at;
}

/* One that has a digit, where there is one from at on. */
static size_t number_at(const char *text, size_t n, size_t at, size_t *len)
{
  do {
    at = word_at(text, n, at, len);
    for (size_t i = 0; i < *len; i++)
      if (isdigit((unsigned char)text[at + i]))
        return at;
    at += *len + 1; /* past its end, or it would be found again */
  } while (*len && at < n);
  *len = 0;
  return at;
}

static void change_word(struct mutation *m, char *text, size_t *n, size_t cap)
{
  static const char *const NUMBER[] = {"0", "-1", "1", "nan", "inf", "-inf", "1e308", "-1e308", "1e-320", "1e999", "4294967295",
                                       "4294967296", "9223372036854775807", "9223372036854775808", "18446744073709551616",
                                       "-9223372036854775808", "99999999999999999999999999999999999999999", "0x10", "", "1.5", ".",
                                       "-0", "2147483648", "1e18", "-5us", "0s", "1e15s", "100%", "-3%", "1000001", "5..2"};
  size_t len, at = mutation_draw(m, (uint32_t)*n), from;
  char word[200], other[200];
  size_t n_other;
  switch (mutation_draw(m, 6)) {
  case 0: /* a word in place of another */
    at = word_at(text, *n, at, &len);
    from = word_at(text, *n, mutation_draw(m, (uint32_t)*n), &n_other);
    if (!len || !n_other || n_other > sizeof other)
      return;
    memcpy(other, text + from, n_other);
    mutation_note(m, " '%.*s' for '%.*s';", (int)n_other, other, (int)len, text + at);
    put_in_place(text, n, cap, at, len, other, n_other);
    return;
  case 1: /* a line twice, or gone */
    while (at > 0 && text[at - 1] != '\n')
      at--;
    len = strcspn(text + at, "\n") + 1;
    if (at + len > *n || len > sizeof word)
      return;
    memcpy(word, text + at, len);
    mutation_note(m, " line at %zu;", at);
    if (mutation_draw(m, 2))
      put_in_place(text, n, cap, at, len, "", 0);
    else
      put_in_place(text, n, cap, at, 0, word, len);
    return;
  case 2: /* digits put before, so that a unit stays */
    at = number_at(text, *n, at, &len);
    if (!len)
      return;
    static const char *const BEFORE[] = {"-", "0.", "9999999", "1e300", "0", "00000000000000000000001", "1e"};
    const char *before = BEFORE[mutation_draw(m, sizeof BEFORE / sizeof *BEFORE)];
    mutation_note(m, " '%s' before '%.*s';", before, (int)len, text + at);
    put_in_place(text, n, cap, at, 0, before, strlen(before));
    return;
  default:
    at = number_at(text, *n, at, &len);
    if (!len)
      return;
    const char *number = NUMBER[mutation_draw(m, sizeof NUMBER / sizeof *NUMBER)];
    mutation_note(m, " '%s' for '%.*s';", number, (int)len, text + at);
    if (mutation_draw(m, 3) == 0) /* the unit stays */
      for (len = 0; isdigit((unsigned char)text[at + len]) || text[at + len] == '.'; len++)
        ;
    put_in_place(text, n, cap, at, len, number, strlen(number));
  }
}

void mutation_words(struct mutation *m, char *text, size_t cap)
{
  size_t n = strlen(text);
  for (uint32_t k = mutation_draw(m, 3) + 1; k > 0 && n > 1; k--)
    change_word(m, text, &n, cap);
  if (mutation_draw(m, 3) == 0)
    mutation_bytes(m, text, &n, cap);
  text[n] = '\0';
}

/* -- SQLite files ------------------------------------------------------------------------------------------------------- */

/* One of what a statement lists, by draw; 0: there is none. */
static int pick(struct mutation *m, sqlite3 *db, const char *sql, char *out, size_t n)
{
  sqlite3_stmt *q;
  uint32_t count = 0;
  if (sqlite3_prepare_v2(db, sql, -1, &q, NULL) != SQLITE_OK)
    return 0;
  while (sqlite3_step(q) == SQLITE_ROW)
    count++;
  sqlite3_reset(q);
  if (count)
    for (uint32_t i = mutation_draw(m, count) + 1; i > 0; i--)
      (void)sqlite3_step(q);
  if (count)
    snprintf(out, n, "%s", (const char *)sqlite3_column_text(q, 0));
  sqlite3_finalize(q);
  return count > 0;
}

static void change_cell(struct mutation *m, sqlite3 *db)
{
  static const char *const VALUE[] = {
    "NULL", "0", "1", "-1", "-2", "9223372036854775807", "-9223372036854775808", "4294967295", "4294967296", "2147483648", "1000001",
    "1e300", "-1e300", "1.5", "9e999", "-9e999", "1e18", "'text'", "''", "'-1'", "'nan'", "'a,b\"c'", "x'00ff'", "x''", "zeroblob(33)",
    "@+1", "@-1", "-@", "@*1000", "substr(@, 1, length(@) / 2)", "@ || @", "replace(@, '1', '-1')", "replace(@, 's', 'nan')",
    "(SELECT @ FROM # LIMIT 1 OFFSET ~)", "(SELECT @ FROM # LIMIT 1 OFFSET ~)"};
  char table[80], column[80], sql[900], value[300] = "", number[20];
  if (!pick(m, db, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'", table, sizeof table))
    return;
  snprintf(sql, sizeof sql, "SELECT name FROM pragma_table_info('%s')", table);
  if (!pick(m, db, sql, column, sizeof column))
    return;
  for (const char *c = VALUE[mutation_draw(m, sizeof VALUE / sizeof *VALUE)]; *c; c++) {
    size_t n = strlen(value);
    snprintf(number, sizeof number, "%u", mutation_draw(m, 9));
    snprintf(value + n, sizeof value - n, *c == '@' || *c == '#' ? "\"%s\"" : *c == '~' ? "%s" : "%.1s",
             *c == '@' ? column : *c == '#' ? table : *c == '~' ? number : c);
  }
  char where[300] = "";
  if (mutation_draw(m, 4))
    snprintf(where, sizeof where, " WHERE \"%s\" IS (SELECT \"%s\" FROM \"%s\" LIMIT 1 OFFSET %u)", column, column, table,
             mutation_draw(m, 1 << mutation_draw(m, 6)));
  switch (mutation_draw(m, 16)) {
  case 0:
  case 1:
    snprintf(sql, sizeof sql, "DELETE FROM \"%s\"%s", table, where);
    break;
  case 2:
    snprintf(sql, sizeof sql, "DROP TABLE \"%s\"", table);
    break;
  case 3:
    snprintf(sql, sizeof sql, "ALTER TABLE \"%s\" RENAME COLUMN \"%s\" TO other", table, column);
    break;
  case 4:
    snprintf(sql, sizeof sql, "PRAGMA user_version = %d", (int)mutation_draw(m, 9) - 1);
    break;
  default:
    snprintf(sql, sizeof sql, "UPDATE OR REPLACE \"%s\" SET \"%s\" = %s%s", table, column, value, where);
  }
  mutation_note(m, " %s;", sql);
  (void)sqlite3_exec(db, sql, NULL, NULL, NULL); /* what cannot be is left */
}

/* Takes away what would refuse a change: types, NOT NULL, checks.  The file's next reader has the schema as it then is. */
static int loosen(const char *path)
{
  sqlite3 *db = NULL;
  int rc = sqlite3_open(path, &db);
  if (rc == SQLITE_OK)
    rc = sqlite3_exec(db,
                      "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql ="
                      " replace(replace(replace(sql, ') STRICT', ')'), ', STRICT', ''), 'NOT NULL', '')",
                      NULL, NULL, NULL);
  sqlite3_close(db);
  return rc;
}

static int change_bytes(struct mutation *m, const char *path)
{
  char *text = malloc(TEXT_MAX);
  FILE *f = fopen(path, "rb");
  if (!text || !f)
    return 1;
  size_t n = fread(text, 1, TEXT_MAX - 1, f);
  fclose(f);
  mutation_bytes(m, text, &n, TEXT_MAX);
  unlink(path);
  f = fopen(path, "wb");
  if (!f || fwrite(text, 1, n, f) != n || fclose(f) != 0)
    return 1;
  free(text);
  return 0;
}

int mutation_sql(const char *path, const char *sql)
{
  sqlite3 *db = NULL;
  int rc = sqlite3_open(path, &db);
  rc = rc ? rc : sqlite3_exec(db, sql, NULL, NULL, NULL);
  sqlite3_close(db);
  return rc;
}

int mutation_sqlite(struct mutation *m, const char *path)
{
  sqlite3 *db = NULL;
  if (mutation_draw(m, 4) == 0)
    return change_bytes(m, path);
  if (mutation_draw(m, 3) && loosen(path))
    return 1;
  int rc = sqlite3_open(path, &db);
  if (rc == SQLITE_OK)
    rc = sqlite3_exec(db, "PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF;"
                          "PRAGMA journal_mode = MEMORY", NULL, NULL, NULL);
  for (uint32_t k = mutation_draw(m, 3) + 1; rc == SQLITE_OK && k > 0; k--)
    change_cell(m, db);
  sqlite3_close(db);
  return rc;
}

/* -- the program -------------------------------------------------------------------------------------------------------- */

static size_t slurp(const char *path, char *out, size_t n)
{
  FILE *f = fopen(path, "rb");
  size_t got = f ? fread(out, 1, n - 1, f) : 0;
  if (f)
    fclose(f);
  out[got] = '\0';
  return got;
}

/* Whether numbers of a member, whose name ends at end, may be less than 0: priorities, limits of intervals, differences. */
static int may_be_negative(const char *text, const char *end)
{
  static const char *const COUNT[] = {"_ns", "_bytes", "_s", "ops", "events", "actions", "preemptions", "requests", "iterations",
                                      "runs", "failed", "missed", "dropped", "depth", "point", "notes", "refused"};
  for (size_t i = 0; i < sizeof COUNT / sizeof *COUNT; i++) {
    size_t n = strlen(COUNT[i]);
    if ((size_t)(end - text) > n && !strncmp(end - n, COUNT[i], n))
      return 0;
  }
  return 1;
}

/* A number that JSON has not, or a negative count, as a member's value; NULL: there is none. */
static const char *bad_member(const char *text)
{
  for (const char *c = text; (c = strchr(c, ':')); c++) {
    const char *v = c + 1 + (c[1] == ' ');
    if (c == text || c[-1] != '"')
      continue;
    if (!strncmp(v, "nan", 3) || !strncmp(v, "-nan", 4) || !strncmp(v, "inf", 3) || !strncmp(v, "-inf", 4))
      return c;
    if (*v == '-' && !may_be_negative(text, c - 1))
      return c;
  }
  return NULL;
}

static int has_partial(const char *folder, char *out, size_t n)
{
  DIR *d = opendir(folder);
  int found = 0;
  for (struct dirent *e; d && !found && (e = readdir(d));)
    if (strstr(e->d_name, ".partial") || strstr(e->d_name, "-journal") || strstr(e->d_name, ".tmp")) {
      snprintf(out, n, "%s", e->d_name);
      found = 1;
    }
  if (d)
    closedir(d);
  return found;
}

static int spawn(const char *folder, const char *const *argv)
{
  int status = 0;
  pid_t pid = fork();
  if (pid == 0) {
    if (chdir(folder) || !freopen("out.txt", "wb", stdout) || !freopen("err.txt", "wb", stderr) || !freopen("/dev/null", "rb", stdin))
      _exit(99);
    alarm(LIMIT_S / 2);
    execv(argv[0], (char *const *)argv);
    _exit(98);
  }
  while (waitpid(pid, &status, 0) < 0)
    ;
  return status;
}

int mutation_run(struct mutation *m, const char *folder, const char *const *argv, int *status)
{
  static char text[TEXT_MAX];
  char path[600], name[300];
  int ended = spawn(folder, argv);
  snprintf(path, sizeof path, "%s/err.txt", folder);
  slurp(path, text, sizeof text);
  if (!WIFEXITED(ended) || WEXITSTATUS(ended) > 2)
    return mutation_fail(m, "%s: status 0x%x, in %s: %.900s", argv[1], (unsigned)ended, folder, text);
  if (strstr(text, "Sanitizer") || strstr(text, "runtime error:")) /* which end with status 1, too */
    return mutation_fail(m, "%s, in %s: %.900s", argv[1], folder, text);
  *status = WEXITSTATUS(ended);
  if (has_partial(folder, name, sizeof name))
    return mutation_fail(m, "%s: status %d leaves %s", argv[1], *status, name);
  int has_sentence = strncmp(text, "corun", 5) == 0;
  if (*status == 2 && !has_sentence)
    return mutation_fail(m, "%s: status 2 without a sentence: '%.500s'", argv[1], text);
  snprintf(path, sizeof path, "%s/out.txt", folder);
  size_t n = slurp(path, text, sizeof text);
  if (*status && !has_sentence && n == 0) /* a report may say what failed */
    return mutation_fail(m, "%s: status %d without a word", argv[1], *status);
  const char *bad = bad_member(text);
  return bad ? mutation_fail(m, "%s prints ...%.60s", argv[1], bad > text + 25 ? bad - 25 : text) : 0;
}
