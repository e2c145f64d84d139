/* store.c - the trace store: opening, adding models, reading them into a workload.
 *
 * A new store is made in a file beside its name and gets the name when it is committed; an old one is changed in one
 * transaction.  Either way a failed import leaves everything as it was. */
#include "config.h"

#include "traces/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/mem.h"
#include "sim/nearest.h"
#include "traces/store_int.h"
#include "traces/store_schema.h"

enum { BUSY_MS = 3000 }; /* how long another process may take to finish writing before we give up */

/* -- errors and statements -- */

int cr_store_fail(struct cr_store *s, const char *doing, struct cr_err *err)
{
  switch (sqlite3_errcode(s->db) & 0xff) {
  case SQLITE_BUSY:
  case SQLITE_LOCKED:
    return cr_fail(err, CR_EINPUT, "%s: another process is writing this store; try again when it is done", s->path);
  case SQLITE_NOTADB:
    return cr_fail(err, CR_EINPUT, "%s: is not a trace store; make one with `corun import`", s->path);
  case SQLITE_CORRUPT:
    return cr_fail(err, CR_EINPUT, "%s: is damaged (%s, while %s); import the traces again", s->path,
                   sqlite3_errmsg(s->db), doing);
  case SQLITE_FULL:
  case SQLITE_IOERR:
    return cr_fail(err, CR_ERUN, "%s: %s, while %s: make room on the disk and try again", s->path,
                   sqlite3_errmsg(s->db), doing);
  case SQLITE_READONLY:
  case SQLITE_CANTOPEN:
  case SQLITE_PERM:
    return cr_fail(err, CR_EINPUT, "%s: cannot be written (%s); check the rights of the file and its folder", s->path,
                   sqlite3_errmsg(s->db));
  case SQLITE_NOMEM:
    return cr_fail_nomem(err, s->path);
  default:
    return cr_fail(err, CR_EINPUT, "%s: %s, while %s", s->path, sqlite3_errmsg(s->db), doing);
  }
}

int cr_store_prepare(struct cr_store *s, const char *sql, sqlite3_stmt **out, struct cr_err *err)
{
  if (sqlite3_prepare_v2(s->db, sql, -1, out, NULL) != SQLITE_OK)
    return cr_store_fail(s, "reading its tables", err);
  return CR_OK;
}

int cr_store_exec(struct cr_store *s, const char *sql, struct cr_err *err)
{
  if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) != SQLITE_OK)
    return cr_store_fail(s, "changing it", err);
  return CR_OK;
}

int cr_store_step(struct cr_store *s, sqlite3_stmt *stmt, struct cr_err *err)
{
  int code = sqlite3_step(stmt);
  if (code == SQLITE_ROW)
    return 1;
  if (code == SQLITE_DONE)
    return 0;
  return cr_store_fail(s, "reading or changing it", err);
}

static int pragma(struct cr_store *s, const char *sql, int64_t *out, struct cr_err *err)
{
  sqlite3_stmt *q = NULL;
  int rc = cr_store_prepare(s, sql, &q, err);
  if (!rc)
    rc = cr_store_step(s, q, err);
  if (rc > 0)
    *out = sqlite3_column_int64(q, 0);
  sqlite3_finalize(q);
  return rc < 0 ? rc : CR_OK;
}

/* -- opening and closing -- */

static char *copy_text(const char *text, const char *tail)
{
  size_t n = strlen(text), m = strlen(tail);
  char *copy = cr_mem_new(n + m + 1, 1);
  if (copy) {
    memcpy(copy, text, n);
    memcpy(copy + n, tail, m);
  }
  return copy;
}

static int store_new(const char *path, struct cr_store **out, struct cr_err *err)
{
  struct cr_store *s = cr_mem_new(1, sizeof *s);
  if (s && (s->path = copy_text(path, ""))) {
    *out = s;
    return CR_OK;
  }
  cr_mem_free(s);
  return cr_fail_nomem(err, path);
}

static int connect(struct cr_store *s, const char *file, int flags, struct cr_err *err)
{
  if (sqlite3_open_v2(file, &s->db, flags, NULL) != SQLITE_OK)
    return s->db ? cr_store_fail(s, "opening it", err) : cr_fail_nomem(err, s->path);
  sqlite3_extended_result_codes(s->db, 1);
  sqlite3_busy_timeout(s->db, BUSY_MS);
  sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
  sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
  return CR_OK;
}

/* Whether what is open is a store that this program can read. */
int cr_store_check_kind(struct cr_store *s, struct cr_err *err)
{
  int64_t id = 0, version = 0;
  int rc = pragma(s, "PRAGMA application_id", &id, err);
  if (!rc)
    rc = pragma(s, "PRAGMA user_version", &version, err);
  if (rc)
    return rc;
  if (id != CR_STORE_APPLICATION_ID)
    return cr_fail(err, CR_EINPUT,
                   "%s: is not a trace store (it is a database of something else); make one with `corun import`",
                   s->path);
  if (version > CR_STORE_VERSION)
    return cr_fail(err, CR_EINPUT, "%s: is a store of version %lld and this program knows up to %d; use a newer corun",
                   s->path, (long long)version, CR_STORE_VERSION);
  if (version == 1)
    return cr_fail(err, CR_EINPUT, "%s: is a store of version 1, from before CUDA calls were counted; import it again",
                   s->path);
  if (version < 1)
    return cr_fail(err, CR_EINPUT, "%s: is damaged: a store has version 1 or more, this one says %lld", s->path,
                   (long long)version);
  s->old = version < CR_STORE_VERSION ? (int)version : 0;
  return s->old ? cr_store_stand_in(s, err) : CR_OK;
}

/* SQLite calls an empty file a database and names a folder oddly; both get a better sentence here. */
static int check_file(const char *path, struct cr_err *err)
{
  struct stat st;
  if (stat(path, &st))
    return cr_fail(err, CR_EINPUT, "%s: cannot be read: %s", path, strerror(errno));
  if (S_ISDIR(st.st_mode))
    return cr_fail(err, CR_EINPUT, "%s: is a folder, not a trace store", path);
  if (st.st_size == 0)
    return cr_fail(err, CR_EINPUT, "%s: is empty, not a trace store", path);
  if (access(path, R_OK))
    return cr_fail(err, CR_EINPUT, "%s: cannot be read: %s", path, strerror(errno));
  return CR_OK;
}

uint32_t cr_store_application(const char *path)
{
  unsigned char head[100]; /* SQLite file format, 1.3: the id stands at offset 68, high byte first */
  FILE *f = fopen(path, "rb");
  size_t n = f ? fread(head, 1, sizeof head, f) : 0;
  if (f)
    fclose(f);
  if (n != sizeof head || memcmp(head, "SQLite format 3", 16))
    return 0;
  return (uint32_t)head[68] << 24 | (uint32_t)head[69] << 16 | (uint32_t)head[70] << 8 | (uint32_t)head[71];
}

int cr_store_open(const char *path, struct cr_store **out, struct cr_err *err)
{
  struct cr_store *s = NULL;
  int rc = check_file(path, err);
  if (!rc)
    rc = store_new(path, &s, err);
  if (!rc)
    rc = connect(s, path, SQLITE_OPEN_READONLY, err);
  if (!rc)
    rc = cr_store_check_kind(s, err);
  if (rc) {
    cr_store_close(s);
    return rc;
  }
  *out = s;
  return CR_OK;
}

/* A file of its own beside the name, so that nothing half-made ever bears it. */
static int make_file(struct cr_store *s, struct cr_err *err)
{
  s->tmp = copy_text(s->path, ".XXXXXX");
  if (!s->tmp)
    return cr_fail_nomem(err, s->path);
  mode_t mask = umask(0);
  umask(mask);
  int fd = mkstemp(s->tmp);
  if (fd < 0) {
    cr_mem_free(s->tmp);
    s->tmp = NULL;
    return cr_fail(err, CR_EINPUT, "%s: cannot be made: %s", s->path, strerror(errno));
  }
  int bad = fchmod(fd, 0666 & ~mask); /* mkstemp's own rights are the owner's alone */
  close(fd);
  if (bad)
    return cr_fail(err, CR_EINPUT, "%s: cannot be made: %s", s->path, strerror(errno));
  int rc = connect(s, s->tmp, SQLITE_OPEN_READWRITE, err);
  /* The file has no name yet and is thrown away on failure: a journal on disk would only cost. */
  return rc ? rc : cr_store_exec(s, "PRAGMA journal_mode=MEMORY", err);
}

int cr_store_make_empty(const char *path, struct cr_store **out, struct cr_err *err)
{
  struct cr_store *s = NULL;
  int rc = store_new(path, &s, err);
  if (!rc)
    rc = make_file(s, err);
  if (rc) {
    cr_store_close(s);
    return rc;
  }
  *out = s;
  return CR_OK;
}

static int make_new(struct cr_store *s, struct cr_err *err)
{
  char sql[160];
  snprintf(sql, sizeof sql, "BEGIN; PRAGMA application_id=%d; PRAGMA user_version=%d;", CR_STORE_APPLICATION_ID,
           CR_STORE_VERSION);
  int rc = make_file(s, err);
  if (!rc)
    rc = cr_store_exec(s, sql, err);
  return rc ? rc : cr_store_exec(s, CR_STORE_SCHEMA, err);
}

static int open_old(struct cr_store *s, struct cr_err *err)
{
  int rc = check_file(s->path, err);
  if (!rc)
    rc = connect(s, s->path, SQLITE_OPEN_READWRITE, err);
  if (!rc)
    rc = cr_store_check_kind(s, err);
  if (!rc)
    rc = cr_store_exec(s, "BEGIN IMMEDIATE", err);
  return rc || !s->old ? rc : cr_store_upgrade(s, err);
}

int cr_store_edit(const char *path, struct cr_store **out, struct cr_err *err)
{
  struct cr_store *s = NULL;
  int rc = store_new(path, &s, err);
  if (rc)
    return rc;
  int exists = access(path, F_OK) == 0;
  rc = exists ? open_old(s, err) : make_new(s, err);
  if (rc) {
    cr_store_close(s);
    return rc;
  }
  s->editing = 1;
  *out = s;
  return CR_OK;
}

/* Gives the new file its name, unless somebody has made one of that name meanwhile. */
int cr_store_give_name(struct cr_store *s, struct cr_err *err)
{
  int rc = CR_OK;
  if (link(s->tmp, s->path) == 0)
    unlink(s->tmp);
  else if (errno == EEXIST || access(s->path, F_OK) == 0)
    return cr_fail(err, CR_EINPUT, "%s: was made by another process meanwhile; try again", s->path);
  else if (rename(s->tmp, s->path)) /* a file system without hard links */
    return cr_fail(err, CR_ERUN, "%s: cannot be given its name: %s", s->path, strerror(errno));
  cr_mem_free(s->tmp);
  s->tmp = NULL;
  return rc;
}

int cr_store_commit(struct cr_store *s, struct cr_err *err)
{
  int rc = cr_store_exec(s, "DELETE FROM name WHERE id NOT IN (SELECT name FROM op); COMMIT", err);
  if (rc)
    return rc;
  s->editing = 0;
  return s->tmp ? cr_store_give_name(s, err) : CR_OK;
}

void cr_store_close(struct cr_store *s)
{
  if (!s)
    return;
  if (s->editing)
    sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
  sqlite3_close(s->db);
  if (s->tmp)
    unlink(s->tmp);
  cr_mem_free(s->tmp);
  cr_mem_free(s->path);
  cr_mem_free(s);
}

/* -- adding -- */

static void bind_text(sqlite3_stmt *q, int at, const char *text)
{
  if (text)
    sqlite3_bind_text(q, at, text, -1, SQLITE_TRANSIENT);
  else
    sqlite3_bind_null(q, at);
}

static void bind_known(sqlite3_stmt *q, int at, int64_t value, int64_t unknown)
{
  if (value == unknown)
    sqlite3_bind_null(q, at);
  else
    sqlite3_bind_int64(q, at, value);
}

int cr_store_add_origin(struct cr_store *s, int64_t model, const struct cr_origin *o, struct cr_err *err)
{
  sqlite3_stmt *q = NULL;
  int rc = cr_store_prepare(s,
                            "INSERT INTO origin(model, file, sha256, tool, host, gpu, driver, command, recorded) "
                            "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)",
                            &q, err);
  if (rc)
    return rc;
  bind_known(q, 1, model, 0);
  const char *const text[] = {o->file, o->sha256, o->tool, o->host, o->gpu, o->driver, o->command, o->recorded};
  for (int i = 0; i < 8; i++)
    bind_text(q, 2 + i, text[i]);
  rc = cr_store_step(s, q, err);
  sqlite3_finalize(q);
  return rc;
}

static int remove_model(struct cr_store *s, const char *name, int replace, struct cr_err *err)
{
  static const char *const sql[] = {"DELETE FROM op WHERE model = (SELECT id FROM model WHERE name = ?)",
                                    "DELETE FROM profile WHERE model = (SELECT id FROM model WHERE name = ?)",
                                    "DELETE FROM block_time WHERE model = (SELECT id FROM model WHERE name = ?)",
                                    "DELETE FROM cluster WHERE model = (SELECT id FROM model WHERE name = ?)",
                                    "DELETE FROM origin WHERE model = (SELECT id FROM model WHERE name = ?)",
                                    "DELETE FROM model WHERE name = ?"};
  sqlite3_stmt *q = NULL;
  int rc = cr_store_prepare(s, "SELECT 1 FROM model WHERE name = ?", &q, err);
  if (!rc) {
    bind_text(q, 1, name);
    rc = cr_store_step(s, q, err);
  }
  sqlite3_finalize(q);
  if (rc <= 0)
    return rc;
  if (!replace)
    return cr_fail(err, CR_EINPUT, "%s: has a model %s already; give another name with --model, or --replace", s->path,
                   name);
  rc = CR_OK;
  for (size_t i = 0; i < sizeof sql / sizeof *sql && !rc; i++) {
    q = NULL;
    rc = cr_store_prepare(s, sql[i], &q, err);
    if (!rc) {
      bind_text(q, 1, name);
      rc = cr_store_step(s, q, err);
    }
    sqlite3_finalize(q);
  }
  return rc;
}

static int add_model_row(struct cr_store *s, const struct cr_model_spec *m, const struct cr_recording *r, int64_t *id,
                         struct cr_err *err)
{
  sqlite3_stmt *q = NULL;
  int rc =
    cr_store_prepare(s,
                     "INSERT INTO model(name, class, n_iteration, n_left_out, period_ns, weight_bytes, "
                     "persistent_bytes, ephemeral_bytes, framework_bytes, report) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                     &q, err);
  if (rc)
    return rc;
  bind_text(q, 1, m->name);
  bind_text(q, 2, r->class);
  sqlite3_bind_int64(q, 3, r->n_iteration);
  sqlite3_bind_int64(q, 4, r->n_left_out);
  bind_known(q, 5, r->period_ns, CR_NS_NEVER);
  bind_known(q, 6, m->weight_bytes, CR_UNKNOWN);
  bind_known(q, 7, m->persistent_bytes, CR_UNKNOWN);
  bind_known(q, 8, m->ephemeral_bytes, CR_UNKNOWN);
  bind_known(q, 9, m->framework_bytes, CR_UNKNOWN);
  bind_text(q, 10, r->report ? r->report : "");
  rc = cr_store_step(s, q, err);
  *id = sqlite3_last_insert_rowid(s->db);
  sqlite3_finalize(q);
  return rc;
}

static void bind_op(sqlite3_stmt *q, const struct cr_op_spec *op)
{
  bind_text(q, 4, cr_op_kind_name[op->kind]);
  sqlite3_bind_int64(q, 5, op->stage);
  sqlite3_bind_int64(q, 6, op->duration_ns);
  bind_known(q, 7, op->spread_ns, CR_NS_NEVER);
  bind_known(q, 8, op->gap_ns, CR_NS_NEVER);
  bind_known(q, 9, op->launch_ns, CR_NS_NEVER);
  bind_known(q, 10, op->blocks, 0);
  bind_known(q, 11, op->threads, 0);
  if (op->blocks)
    sqlite3_bind_int64(q, 12, op->regs);
  else
    sqlite3_bind_null(q, 12);
  const int64_t value[] = {op->smem_bytes,   op->carveout_bytes,      op->bytes,           op->dram_bytes, op->l2_bytes,
                           op->instructions, op->tensor_instructions, op->active_warps_q16};
  for (int i = 0; i < 8; i++)
    bind_known(q, 13 + i, value[i], CR_UNKNOWN);
  bind_known(q, 21, op->calls, 0);
  bind_known(q, 22, op->pageable == CR_UNSAID ? CR_UNKNOWN : op->pageable == CR_YES, CR_UNKNOWN);
}

static int add_ops(struct cr_store *s, const struct cr_model_spec *m, int64_t id, struct cr_err *err)
{
  sqlite3_stmt *name = NULL, *op = NULL;
  int rc = cr_store_prepare(s, "INSERT OR IGNORE INTO name(text) VALUES(?)", &name, err);
  if (!rc)
    rc = cr_store_prepare(s,
                          "INSERT INTO op(model, i, name, " CR_STORE_OP_COLUMNS ") VALUES(?, ?, "
                          "(SELECT id FROM name WHERE text = ?), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                          &op, err);
  for (uint32_t i = 0; i < m->n_op && !rc; i++) {
    sqlite3_reset(name);
    bind_text(name, 1, m->op[i].name);
    rc = cr_store_step(s, name, err);
    if (rc)
      break;
    sqlite3_reset(op);
    sqlite3_bind_int64(op, 1, id);
    sqlite3_bind_int64(op, 2, i);
    bind_text(op, 3, m->op[i].name);
    bind_op(op, &m->op[i]);
    rc = cr_store_step(s, op, err);
  }
  sqlite3_finalize(name);
  sqlite3_finalize(op);
  return rc;
}

int cr_store_add_model(struct cr_store *s, const struct cr_model_spec *model, const struct cr_recording *recording,
                       const struct cr_origin *origin, int replace, struct cr_err *err)
{
  int64_t id = 0;
  int rc = remove_model(s, model->name, replace, err);
  if (!rc)
    rc = add_model_row(s, model, recording, &id, err);
  if (!rc)
    rc = add_ops(s, model, id, err);
  if (!rc)
    rc = cr_store_add_profile(s, id, model, err);
  if (!rc)
    rc = cr_store_add_clusters(s, id, model, err);
  if (!rc && origin)
    rc = cr_store_add_origin(s, id, origin, err);
  return rc;
}

/* -- reading -- */

struct names {
  struct cr_arena *arena;
  const char **name;
  uint32_t n, cap;
  int failed;
};

static void keep_name(void *ctx, const char *name)
{
  struct names *all = ctx;
  if (all->failed)
    return;
  if (all->n == all->cap) {
    uint32_t cap = all->cap ? 2 * all->cap : 64;
    const char **grown = cr_mem_resize(all->name, cap, sizeof *grown);
    all->failed = !grown;
    if (!grown)
      return;
    all->name = grown;
    all->cap = cap;
  }
  all->name[all->n] = cr_arena_text(all->arena, name);
  all->failed = !all->name[all->n++];
}

/* No such model: names the nearest, or all there are while they fit in the sentence. */
static int no_model(struct cr_store *s, const char *name, struct cr_err *err)
{
  struct names all = {.arena = cr_arena_new()};
  struct cr_text list = {0};
  int rc = all.arena ? cr_store_each_model(s, keep_name, &all, err) : cr_fail_nomem(err, s->path);
  if (!rc && all.failed)
    rc = cr_fail_nomem(err, s->path);
  if (!rc) {
    const char *near = cr_nearest(name, all.name, all.n);
    for (uint32_t i = 0; i < all.n && list.n < 600; i++)
      cr_text_add(&list, "%s%s", i ? ", " : "", all.name[i]);
    if (near)
      rc = cr_fail(err, CR_EINPUT, "%s: has no model %s; did you mean %s? (`corun show %s` lists all)", s->path, name,
                   near, s->path);
    else
      rc = cr_fail(err, CR_EINPUT, "%s: has no model %s; it has %s%s", s->path, name, list.n ? list.s : "none",
                   list.n >= 600 ? ", ..." : "");
  }
  cr_text_fini(&list);
  cr_mem_free(all.name);
  cr_arena_free(all.arena);
  return rc;
}

int cr_store_find_model(struct cr_store *s, const char *name, int64_t *id, struct cr_err *err)
{
  sqlite3_stmt *q = NULL;
  int rc = cr_store_prepare(s, "SELECT id FROM model WHERE name = ?", &q, err);
  if (!rc) {
    bind_text(q, 1, name);
    rc = cr_store_step(s, q, err);
    if (rc > 0)
      *id = sqlite3_column_int64(q, 0);
  }
  sqlite3_finalize(q);
  if (rc < 0)
    return rc;
  return rc ? CR_OK : no_model(s, name, err);
}

static int64_t known(sqlite3_stmt *q, int at, int64_t unknown)
{
  return sqlite3_column_type(q, at) == SQLITE_NULL ? unknown : sqlite3_column_int64(q, at);
}

static int kind_of(const char *text, enum cr_op_kind *out)
{
  for (int k = 0; k < CR_N_OP_KIND; k++)
    if (text && !strcmp(text, cr_op_kind_name[k])) {
      *out = (enum cr_op_kind)k;
      return 1;
    }
  return 0;
}

static int small(int64_t v)
{
  return v >= 0 && v < UINT32_MAX;
}

/* A row (i, name, columns of CR_STORE_OP_COLUMNS).  The checks hold for a store that this program wrote. */
static int read_op(sqlite3_stmt *q, struct cr_arena *arena, struct cr_op_spec *out)
{
  const char *name = (const char *)sqlite3_column_text(q, 1);
  int64_t stage = sqlite3_column_int64(q, 3), blocks = known(q, 8, 0), threads = known(q, 9, 0), regs = known(q, 10, 0);
  struct cr_op_spec op = {.name = name ? cr_arena_text(arena, name) : NULL};
  if (!op.name || !kind_of((const char *)sqlite3_column_text(q, 2), &op.kind) || !small(stage) || !small(blocks) ||
      !small(threads) || !small(regs))
    return 0;
  op.stage = (uint32_t)stage;
  op.duration_ns = sqlite3_column_int64(q, 4);
  op.spread_ns = known(q, 5, CR_NS_NEVER);
  op.gap_ns = known(q, 6, CR_NS_NEVER);
  op.launch_ns = known(q, 7, CR_NS_NEVER);
  op.blocks = (uint32_t)blocks;
  op.threads = (uint32_t)threads;
  op.regs = (uint32_t)regs;
  op.smem_bytes = known(q, 11, CR_UNKNOWN);
  op.carveout_bytes = known(q, 12, CR_UNKNOWN);
  op.bytes = known(q, 13, CR_UNKNOWN);
  op.dram_bytes = known(q, 14, CR_UNKNOWN);
  op.l2_bytes = known(q, 15, CR_UNKNOWN);
  op.instructions = known(q, 16, CR_UNKNOWN);
  op.tensor_instructions = known(q, 17, CR_UNKNOWN);
  op.active_warps_q16 = known(q, 18, CR_UNKNOWN);
  int64_t calls = known(q, 19, 0), pageable = known(q, 20, CR_UNKNOWN);
  if (!small(calls))
    return 0;
  op.calls = (uint32_t)calls;
  op.pageable = pageable == CR_UNKNOWN ? CR_UNSAID : pageable ? CR_YES : CR_NO;
  *out = op;
  return 1;
}

static int count_ops(struct cr_store *s, int64_t model, uint32_t *out, struct cr_err *err)
{
  sqlite3_stmt *q = NULL;
  int rc = cr_store_prepare(s, "SELECT count(*) FROM op WHERE model = ?", &q, err);
  if (!rc) {
    sqlite3_bind_int64(q, 1, model);
    rc = cr_store_step(s, q, err);
  }
  if (rc > 0) {
    int64_t n = sqlite3_column_int64(q, 0);
    *out = small(n) ? (uint32_t)n : 0;
  }
  sqlite3_finalize(q);
  return rc < 0 ? rc : CR_OK;
}

int cr_store_read_ops(struct cr_store *s, int64_t model, const char *model_name, struct cr_arena *arena,
                      struct cr_op_spec **out, uint32_t *n_out, struct cr_err *err)
{
  uint32_t n = 0, i = 0;
  sqlite3_stmt *q = NULL;
  int rc = count_ops(s, model, &n, err);
  if (rc)
    return rc;
  if (!n)
    return cr_fail(err, CR_EINPUT, "%s: model %s has no ops; import it again", s->path, model_name);
  struct cr_op_spec *op = cr_arena_take(arena, n, sizeof *op);
  if (!op)
    return cr_fail_nomem(err, model_name);
  rc = cr_store_prepare(s,
                        "SELECT i, (SELECT text FROM name WHERE id = op.name), " CR_STORE_OP_COLUMNS
                        " FROM op WHERE model = ? ORDER BY i",
                        &q, err);
  if (!rc)
    sqlite3_bind_int64(q, 1, model);
  while (!rc && (rc = cr_store_step(s, q, err)) > 0) {
    rc = CR_OK;
    if (i >= n || sqlite3_column_int64(q, 0) != i || !read_op(q, arena, &op[i]))
      rc =
        cr_fail(err, CR_EINPUT, "%s: model %s: op %u is missing or damaged; import it again", s->path, model_name, i);
    i++;
  }
  sqlite3_finalize(q);
  if (rc)
    return rc;
  rc = cr_store_read_profile(s, model, model_name, arena, op, n, err);
  rc = rc ? rc : cr_store_read_clusters(s, model, model_name, op, n, err);
  if (rc)
    return rc;
  *out = op;
  *n_out = n;
  return CR_OK;
}

int cr_store_load_model(struct cr_store *s, const char *name, struct cr_workload_builder *b, cr_model *out,
                        struct cr_err *err)
{
  int64_t id = 0;
  struct cr_op_spec *op = NULL;
  sqlite3_stmt *q = NULL;
  struct cr_model_spec spec = {.name = name};
  int rc = cr_store_find_model(s, name, &id, err);
  if (rc)
    return rc;
  struct cr_arena *arena = cr_arena_new();
  if (!arena)
    return cr_fail_nomem(err, name);
  rc = cr_store_read_ops(s, id, name, arena, &op, &spec.n_op, err);
  if (!rc)
    rc = cr_store_prepare(
      s, "SELECT weight_bytes, persistent_bytes, ephemeral_bytes, framework_bytes FROM model WHERE id = ?", &q, err);
  if (!rc) {
    sqlite3_bind_int64(q, 1, id);
    rc = cr_store_step(s, q, err);
  }
  if (rc > 0) {
    spec.op = op;
    spec.weight_bytes = known(q, 0, CR_UNKNOWN);
    spec.persistent_bytes = known(q, 1, CR_UNKNOWN);
    spec.ephemeral_bytes = known(q, 2, CR_UNKNOWN);
    spec.framework_bytes = known(q, 3, CR_UNKNOWN);
    rc = cr_workload_add_model(b, &spec, out, err);
    if (rc)
      rc = cr_fail_in(err, rc, "%s", s->path);
  } else if (rc == 0)
    rc = no_model(s, name, err); /* removed by another process since it was found */
  sqlite3_finalize(q);
  cr_arena_free(arena);
  return rc;
}

int cr_store_each_model(struct cr_store *s, void (*each)(void *ctx, const char *name), void *ctx, struct cr_err *err)
{
  sqlite3_stmt *q = NULL;
  int rc = cr_store_prepare(s, "SELECT name FROM model ORDER BY name", &q, err);
  while (!rc && (rc = cr_store_step(s, q, err)) > 0) {
    each(ctx, (const char *)sqlite3_column_text(q, 0));
    rc = CR_OK;
  }
  sqlite3_finalize(q);
  return rc;
}

/* FNV-1a, 64 bits (Fowler, Noll and Vo). */
static uint64_t hash_bytes(uint64_t h, const void *bytes, size_t n)
{
  const unsigned char *p = bytes;
  for (size_t i = 0; i < n; i++)
    h = (h ^ p[i]) * UINT64_C(0x100000001b3);
  return h;
}

/* Takes every value of every row in. */
static int hash_rows(struct cr_store *s, const char *sql, uint64_t *hash, struct cr_err *err)
{
  sqlite3_stmt *q = NULL;
  int rc = cr_store_prepare(s, sql, &q, err);
  uint64_t h = *hash;
  while (!rc && (rc = cr_store_step(s, q, err)) > 0) {
    rc = CR_OK;
    for (int i = 0, n = sqlite3_column_count(q); i < n; i++) {
      /* The type goes in too, and text with its terminator, so that neighbours cannot be mistaken for each other. */
      int type = sqlite3_column_type(q, i);
      const char *text = type == SQLITE_NULL ? "" : (const char *)sqlite3_column_text(q, i);
      h = hash_bytes(h, type == SQLITE_NULL ? "-" : "+", 1);
      h = hash_bytes(h, text ? text : "", text ? strlen(text) + 1 : 1);
    }
  }
  sqlite3_finalize(q);
  *hash = h;
  return rc;
}

int cr_store_hash(struct cr_store *s, uint64_t *out, struct cr_err *err)
{
  static const char *const sql[] = {
    "SELECT m.name, weight_bytes, persistent_bytes, ephemeral_bytes, framework_bytes, i, n.text, " CR_STORE_OP_COLUMNS
    " FROM model m JOIN op ON op.model = m.id JOIN name n ON n.id = op.name "
    "ORDER BY m.name, i",
    "SELECT 'profile', m.name, i, sm_blocks, idempotent FROM model m JOIN profile p ON p.model = m.id ORDER BY m.name, "
    "i",
    "SELECT 'block_time', m.name, i, n_block, ns FROM model m JOIN block_time b ON b.model = m.id "
    "ORDER BY m.name, i, n_block",
    "SELECT 'cluster', m.name, i, blocks FROM model m JOIN cluster c ON c.model = m.id ORDER BY m.name, i"};
  uint64_t h = UINT64_C(0xcbf29ce484222325);
  int rc = CR_OK;
  for (size_t i = 0; i < sizeof sql / sizeof *sql && !rc; i++)
    rc = hash_rows(s, sql[i], &h, err);
  if (!rc)
    *out = h;
  return rc;
}
