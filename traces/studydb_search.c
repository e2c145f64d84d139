/* studydb_search.c - the results database of a search: points and policies as it asks for them, its rounds, its ranking. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base.h"
#include "traces/studydb_int.h"

static const char what[] = "results database";

/* -- reading ---------------------------------------------------------------------------------------------------------- */

/* The value of a key at a point, which lives until the next one is asked for. */
static int read_value(struct cr_studydb *db, sqlite3_stmt *q, int64_t point, const char *key, const char **out,
                      struct cr_err *err)
{
  sqlite3_reset(q);
  sqlite3_bind_int64(q, 1, point);
  sqlite3_bind_text(q, 2, key, -1, SQLITE_STATIC);
  int row = cr_studydb_step(db, q, err);
  *out = row > 0 ? (const char *)sqlite3_column_text(q, 0) : NULL;
  return row < 0 ? row : *out ? CR_OK : cr_studydb_damaged(db, "a point has not all keys", err);
}

static int read_point(struct cr_studydb *db, sqlite3_stmt *point, sqlite3_stmt *setting, struct cr_search_log *log,
                      struct cr_err *err)
{
  int64_t number = sqlite3_column_int64(point, 0), length_ppm = sqlite3_column_int64(point, 2);
  const char *hash = (const char *)sqlite3_column_text(point, 1);
  const char **value = cr_arena_take(log->arena, log->n_key, sizeof *value);
  uint32_t place = 0;
  int rc = value ? CR_OK : cr_fail_nomem(err, what);
  if (rc == CR_OK && (length_ppm < 1 || length_ppm > CR_SEARCH_WHOLE))
    rc = cr_studydb_damaged(db, "a point has no length", err);
  for (uint32_t k = 0; rc == CR_OK && k < log->n_key; k++) {
    const char *text = NULL;
    rc = read_value(db, setting, number, log->key[k], &text, err);
    value[k] = rc == CR_OK ? cr_arena_text(log->arena, text) : NULL;
    if (rc == CR_OK && !value[k])
      rc = cr_fail_nomem(err, what);
  }
  rc = rc ? rc : cr_search_log_point(log, value, (uint32_t)length_ppm, &place, err);
  if (rc == CR_OK && place != number)
    rc = cr_studydb_damaged(db, "its points are not numbered one by one", err);
  if (rc == CR_OK && hash) {
    log->point[place].is_loaded = 1;
    log->point[place].workload_hash = strtoull(hash, NULL, 16);
  }
  return rc;
}

static int read_points(struct cr_studydb *db, struct cr_search_log *log, struct cr_err *err)
{
  sqlite3_stmt *point = NULL, *setting = NULL;
  int row = 0;
  int rc = cr_studydb_prepare(db, "SELECT point, workload_hash, length_ppm FROM point ORDER BY point", &point, err);
  rc = rc ? rc : cr_studydb_prepare(db, "SELECT value FROM setting WHERE point = ? AND key = ?", &setting, err);
  while (rc == CR_OK && (row = cr_studydb_step(db, point, err)) > 0)
    rc = read_point(db, point, setting, log, err);
  sqlite3_finalize(point);
  sqlite3_finalize(setting);
  return rc ? rc : row;
}

static int read_policies(struct cr_studydb *db, struct cr_search_log *log, struct cr_err *err)
{
  sqlite3_stmt *q = NULL;
  uint32_t place = 0;
  int row = 0, rc = cr_studydb_prepare(db, "SELECT policy, name FROM policy ORDER BY policy", &q, err);
  while (rc == CR_OK && (row = cr_studydb_step(db, q, err)) > 0) {
    const char *name = (const char *)sqlite3_column_text(q, 1);
    rc = cr_search_log_policy(log, name ? name : "", &place, err);
    if (rc == CR_OK && place != sqlite3_column_int64(q, 0))
      rc = cr_studydb_damaged(db, "its policies are not numbered one by one", err);
  }
  sqlite3_finalize(q);
  return rc ? rc : row;
}

static int put(void *ctx, const struct cr_study_run *run, const double *value, struct cr_err *err)
{
  struct cr_search_log *log = ctx;
  uint32_t cell;
  int rc = cr_search_log_cell(log, run->point, run->policy, &cell, err);
  if (rc == CR_OK)
    cr_search_log_put(log, cell, run->seed, run->state, value);
  return rc;
}

static int read_log(struct cr_studydb *db, struct cr_search_log *log, struct cr_err *err)
{
  int rc = read_points(db, log, err);
  rc = rc ? rc : read_policies(db, log, err);
  const struct cr_studydb_limits limits = {log->n_point, log->n_policy, log->n_seed, log->n_metric};
  return rc ? rc : cr_studydb_each_run(db, &limits, put, log, err);
}

static int count(struct cr_studydb *db, const char *sql, uint32_t *out, struct cr_err *err)
{
  sqlite3_stmt *q = NULL;
  int rc = cr_studydb_prepare(db, sql, &q, err);
  int row = rc == CR_OK ? cr_studydb_step(db, q, err) : rc;
  if (row > 0)
    *out = (uint32_t)sqlite3_column_int64(q, 0);
  sqlite3_finalize(q);
  return row < 0 ? row : CR_OK;
}

int cr_studydb_open_search(const char *path, const struct cr_studydb_head *head, cr_ns duration_ns, cr_ns warmup_ns,
                           struct cr_search_log *log, struct cr_studydb **out, struct cr_err *err)
{
  struct cr_studydb *db = NULL;
  int is_new;
  int rc = cr_studydb_begin(path, head, &is_new, &db, err);
  if (rc != CR_OK)
    return rc;
  if (!is_new)
    rc = read_log(db, log, err);
  rc = rc ? rc : count(db, "SELECT count(*) FROM round", &db->n_round, err);
  rc = rc ? rc : cr_studydb_begun(db, err);
  if (rc == CR_OK) {
    db->n_point = log->n_point;
    db->n_policy = log->n_policy;
    db->duration_ns = duration_ns;
    db->warmup_ns = warmup_ns;
    *out = db;
  } else {
    cr_studydb_close(db);
  }
  return rc;
}

static int read_ranking(struct cr_studydb *db, struct cr_search_log *log, struct cr_ranking *out, struct cr_err *err)
{
  sqlite3_stmt *q = NULL;
  uint32_t n = 0;
  int row = 0, rc = count(db, "SELECT count(*) FROM ranking", &n, err);
  struct cr_ranking r = {.best = CR_NONE, .row = cr_arena_take(log->arena, n, sizeof *r.row)};
  if (rc == CR_OK && !r.row)
    rc = cr_fail_nomem(err, what);
  rc = rc ? rc
          : cr_studydb_prepare(db, "SELECT point, policy, seeds, confirmed, best FROM ranking ORDER BY rank", &q, err);
  while (rc == CR_OK && r.n < n && (row = cr_studydb_step(db, q, err)) > 0) {
    int64_t point = sqlite3_column_int64(q, 0), policy = sqlite3_column_int64(q, 1), seeds = sqlite3_column_int64(q, 2);
    struct cr_ranked *x = &r.row[r.n];
    if (point < 0 || point >= log->n_point || policy < 0 || policy >= log->n_policy || seeds < 0 ||
        seeds > log->n_seed) {
      rc = cr_studydb_damaged(db, "its ranking is of settings that it has not", err);
      break;
    }
    rc = cr_search_log_cell(log, (uint32_t)point, (uint32_t)policy, &x->cell, err);
    x->n_seed = (uint32_t)seeds;
    x->confirmed = sqlite3_column_type(q, 3) == SQLITE_NULL ? CR_CONFIRM_NOT_TRIED
                   : sqlite3_column_int(q, 3)               ? CR_CONFIRM_MET
                                                            : CR_CONFIRM_NOT_MET;
    if (sqlite3_column_int(q, 4))
      r.best = r.n;
    r.n++;
  }
  sqlite3_finalize(q);
  rc = rc ? rc : row < 0 ? row : CR_OK;
  r.is_over = n > 0;
  uint32_t is_cut = 0;
  rc = rc ? rc : count(db, "SELECT count(*) FROM provenance WHERE key = 'search' AND value = 'tries'", &is_cut, err);
  r.is_cut = is_cut != 0;
  if (rc == CR_OK)
    *out = r;
  return rc;
}

/* Keys of the scenario among what --over names, in that order: those that points have; the others are options of policies. */
static int find_keys(struct cr_studydb *db, const struct cr_design_words *w, struct cr_search_log *log,
                     struct cr_err *err)
{
  const char **key = cr_arena_take(log->arena, cr_design_count(w, CR_DESIGN_OVER), sizeof *key), *word;
  sqlite3_stmt *q = NULL;
  int rc = key ? CR_OK : cr_fail_nomem(err, what);
  rc = rc ? rc : cr_studydb_prepare(db, "SELECT 1 FROM setting WHERE point = 0 AND key = ?", &q, err);
  for (uint32_t i = 0; rc == CR_OK && (word = cr_design_word(w, CR_DESIGN_OVER, i)); i++) {
    size_t n = strcspn(word, "=");
    char *text = cr_arena_text(log->arena, word);
    if (!text) {
      rc = cr_fail_nomem(err, what);
      break;
    }
    text[n] = '\0';
    sqlite3_bind_text(q, 1, text, -1, SQLITE_STATIC);
    int row = cr_studydb_step(db, q, err);
    rc = row < 0 ? row : CR_OK;
    if (row > 0)
      key[log->n_key++] = text;
    sqlite3_reset(q);
  }
  sqlite3_finalize(q);
  log->key = key;
  return rc;
}

int cr_studydb_read_search(const char *path, const struct cr_studydb_head *head, struct cr_search_log *log,
                           struct cr_ranking *ranking, struct cr_err *err)
{
  struct cr_studydb *db = NULL;
  int rc = cr_studydb_look(path, head->words, &db, err);
  rc = rc ? rc : find_keys(db, head->words, log, err);
  rc = rc ? rc : read_log(db, log, err);
  rc = rc ? rc : read_ranking(db, log, ranking, err);
  cr_studydb_close(db);
  return rc;
}

/* -- writing ---------------------------------------------------------------------------------------------------------- */

/* A shortened run is that of `corun run` with the duration and warm-up that its point has among its settings. */
static int add_length(struct cr_studydb *db, int64_t point, uint32_t length_ppm, struct cr_err *err)
{
  const struct {
    const char *key;
    cr_ns ns;
  } of[] = {{"duration", db->duration_ns}, {"warmup", db->warmup_ns}};
  int rc = CR_OK;
  for (int i = 0; rc == CR_OK && i < 2; i++) {
    char value[40];
    snprintf(value, sizeof value, "%" PRId64 "ns", cr_muldiv(of[i].ns, length_ppm, CR_SEARCH_WHOLE));
    rc = cr_studydb_insert(db, err, "INSERT INTO setting VALUES(?, ?, ?)", "iss", point, of[i].key, value);
  }
  return rc;
}

static int add_point(struct cr_studydb *db, const struct cr_search_log *log, uint32_t point, struct cr_err *err)
{
  const struct cr_log_point *p = &log->point[point];
  int rc =
    cr_studydb_insert(db, err, "INSERT INTO point VALUES(?, ?, ?)", "ini", (int64_t)point, (int64_t)p->length_ppm);
  for (uint32_t k = 0; rc == CR_OK && k < log->n_key; k++)
    rc = cr_studydb_insert(db, err, "INSERT INTO setting VALUES(?, ?, ?)", "iss", (int64_t)point, log->key[k],
                           p->value[k]);
  if (rc == CR_OK && p->length_ppm != CR_SEARCH_WHOLE)
    rc = add_length(db, point, p->length_ppm, err);
  return rc;
}

int cr_studydb_add_round(struct cr_studydb *db, const struct cr_search_log *log, uint32_t round,
                         enum cr_search_step step, const struct cr_log_run *asked, uint32_t n, struct cr_err *err)
{
  if (round < db->n_round)
    return CR_OK;
  int rc = cr_studydb_exec(db, "BEGIN", err);
  for (uint32_t i = db->n_point; rc == CR_OK && i < log->n_point; i++)
    rc = add_point(db, log, i, err);
  for (uint32_t i = db->n_policy; rc == CR_OK && i < log->n_policy; i++)
    rc = cr_studydb_insert(db, err, "INSERT INTO policy VALUES(?, ?)", "is", (int64_t)i, log->policy[i]);
  if (rc == CR_OK)
    rc = cr_studydb_insert(db, err, "INSERT INTO round VALUES(?, ?)", "is", (int64_t)round, cr_search_step_name[step]);
  for (uint32_t i = 0; rc == CR_OK && i < n; i++) {
    const struct cr_log_cell *c = &log->cell[asked[i].cell];
    rc = cr_studydb_insert(db, err, "INSERT INTO asked VALUES(?, ?, ?, ?, ?)", "iiiii", (int64_t)round, (int64_t)i,
                           (int64_t)c->point, (int64_t)c->policy, (int64_t)db->head->seed[asked[i].seed]);
  }
  rc = rc ? rc : cr_studydb_exec(db, "COMMIT", err);
  if (rc == CR_OK) {
    db->n_round = round + 1;
    db->n_point = log->n_point;
    db->n_policy = log->n_policy;
  }
  return rc;
}

int cr_studydb_add_hash(struct cr_studydb *db, uint32_t point, uint64_t workload_hash, struct cr_err *err)
{
  char hash[20];
  snprintf(hash, sizeof hash, "%016" PRIx64, workload_hash);
  return cr_studydb_insert(db, err, "UPDATE point SET workload_hash = ? WHERE point = ?", "si", hash, (int64_t)point);
}

static int add_row(struct cr_studydb *db, const struct cr_judge *judge, const struct cr_search_log *log,
                   const struct cr_ranking *ranking, uint32_t rank, struct cr_err *err)
{
  const struct cr_ranked *x = &ranking->row[rank];
  const struct cr_log_cell *c = &log->cell[x->cell];
  const char *goals = cr_goals_name[cr_ranked_goals(judge, log, x)];
  int64_t place = rank + 1, best = rank == ranking->best;
  if (x->confirmed == CR_CONFIRM_NOT_TRIED)
    return cr_studydb_insert(db, err, "INSERT INTO ranking VALUES(?, ?, ?, ?, ?, ?, ?)", "iiiisni", place,
                             (int64_t)c->point, (int64_t)c->policy, (int64_t)x->n_seed, goals, best);
  return cr_studydb_insert(db, err, "INSERT INTO ranking VALUES(?, ?, ?, ?, ?, ?, ?)", "iiiisii", place,
                           (int64_t)c->point, (int64_t)c->policy, (int64_t)x->n_seed, goals,
                           (int64_t)(x->confirmed == CR_CONFIRM_MET), best);
}

int cr_studydb_put_ranking(struct cr_studydb *db, const struct cr_judge *judge, const struct cr_search_log *log,
                           const struct cr_ranking *ranking, struct cr_err *err)
{
  int rc = cr_studydb_exec(db, "BEGIN; DELETE FROM ranking; DELETE FROM provenance WHERE key = 'search'", err);
  if (rc == CR_OK)
    rc = cr_studydb_insert(db, err, "INSERT INTO provenance VALUES('search', ?)", "s",
                           ranking->is_cut ? "tries" : "nothing better");
  for (uint32_t i = 0; rc == CR_OK && i < ranking->n; i++)
    rc = add_row(db, judge, log, ranking, i, err);
  return rc ? rc : cr_studydb_exec(db, "COMMIT", err);
}
