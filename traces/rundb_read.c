/* rundb_read.c - the run database: how it is read, for `corun show` and `corun replay`. */
#include "config.h"

#include "traces/rundb.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/report.h"
#include "traces/rundb_int.h"
#include "traces/store.h"
#include "traces/studydb.h"

/* 1 a row, 0 the end, < 0 an error. */
static int step(struct cr_rundb *db, sqlite3_stmt *q, struct cr_err *err)
{
  int code = sqlite3_step(q);
  if (code == SQLITE_ROW)
    return 1;
  return code == SQLITE_DONE ? 0 : cr_rundb_fail(db, err);
}

static int pragma(struct cr_rundb *db, const char *sql, int64_t *out, struct cr_err *err)
{
  sqlite3_stmt *q = NULL;
  int rc = cr_rundb_query(db, &q, err, sql, "");
  if (rc == CR_OK)
    rc = step(db, q, err);
  if (rc > 0)
    *out = sqlite3_column_int64(q, 0);
  sqlite3_finalize(q);
  return rc < 0 ? rc : CR_OK;
}

static int check_version(struct cr_rundb *db, struct cr_err *err)
{
  int64_t id = 0, version = 0;
  int rc = pragma(db, "PRAGMA application_id", &id, err);
  if (rc == CR_OK)
    rc = pragma(db, "PRAGMA user_version", &version, err);
  if (rc != CR_OK)
    return rc;
  if (id == CR_STUDYDB_APPLICATION_ID)
    return cr_fail(
      err, CR_EINPUT,
      "%s: is not a run database, but a sweep's, which has no run in full; `corun show` prints it, and `corun run` "
      "with --set, --seed and -o does one of its runs again",
      db->path);
  if (id == CR_STORE_APPLICATION_ID)
    return cr_fail(err, CR_EINPUT, "%s: is not a run database, but a trace store; `corun show` prints it", db->path);
  if (id != CR_RUNDB_APPLICATION_ID)
    return cr_fail(err, CR_EINPUT, "%s: is not a run database; `corun run -o FILE` makes one", db->path);
  if (version != CR_RUNDB_VERSION)
    return cr_fail(err, CR_EINPUT, "%s: is a run database of version %" PRId64 ", and this program reads version %d; %s",
                   db->path, version, CR_RUNDB_VERSION,
                   version > CR_RUNDB_VERSION ? "use a newer corun" : "do the run again");
  return CR_OK;
}

/* A text column in the arena; NULL stays NULL.  *nomem is set when there is no room. */
static const char *text_of(struct cr_rundb *db, sqlite3_stmt *q, int column, int *nomem)
{
  const char *text = (const char *)sqlite3_column_text(q, column);
  if (!text)
    return NULL;
  const char *copy = cr_arena_text(db->arena, text);
  *nomem |= !copy;
  return copy;
}

static cr_ns ns_of(sqlite3_stmt *q, int column)
{
  return sqlite3_column_type(q, column) == SQLITE_NULL ? CR_NS_NEVER : sqlite3_column_int64(q, column);
}

static double real_of(sqlite3_stmt *q, int column)
{
  return sqlite3_column_type(q, column) == SQLITE_NULL ? (double)NAN : sqlite3_column_double(q, column);
}

static int is_text(sqlite3_stmt *q, int column, const char *want)
{
  const char *text = (const char *)sqlite3_column_text(q, column);
  return text && strcmp(text, want) == 0;
}

static uint64_t hash_of(sqlite3_stmt *q, int column)
{
  const char *text = (const char *)sqlite3_column_text(q, column);
  return text ? strtoull(text, NULL, 16) : 0;
}

/* A text that is a time and no more. */
static int is_time(const char *text, cr_ns *out)
{
  char *end;
  errno = 0;
  *out = strtoll(text, &end, 10);
  return end > text && !*end && !errno && *out >= 0;
}

static int read_provenance(struct cr_rundb *db, struct cr_err *err)
{
  struct cr_rundb_info *info = &db->info;
  const char *seed = NULL, *hash = NULL, *duration = NULL, *warmup = NULL;
  const struct {
    const char *key;
    const char **at;
  } field[] = {
    {"command", &info->command}, {"device", &info->device}, {"duration_ns", &duration}, {"git", &info->git},
    {"scenario", &info->scenario}, {"scenario_path", &info->scenario_path}, {"scenario_text", &info->scenario_text},
    {"seed", &seed}, {"version", &info->version}, {"warmup_ns", &warmup}, {"workload_hash", &hash},
    {"about", &info->about},
  };
  sqlite3_stmt *q = NULL;
  int nomem = 0, rc = cr_rundb_query(db, &q, err, "SELECT key, value FROM provenance", "");
  while (rc == CR_OK && (rc = step(db, q, err)) > 0) {
    rc = CR_OK;
    const char *key = (const char *)sqlite3_column_text(q, 0);
    for (size_t i = 0; key && i < sizeof field / sizeof *field; i++)
      if (strcmp(field[i].key, key) == 0)
        *field[i].at = text_of(db, q, 1, &nomem);
    if (nomem)
      rc = cr_fail_nomem(err, "the run database");
  }
  sqlite3_finalize(q);
  if (rc != CR_OK)
    return rc;
  for (size_t i = 0; i < sizeof field / sizeof *field; i++)
    if (!*field[i].at && field[i].at != &info->device && field[i].at != &duration)
      return cr_fail(err, CR_EINPUT, "%s: is damaged: its provenance has no %s; do the run again", db->path, field[i].key);
  info->seed = strtoull(seed, NULL, 10);
  info->workload_hash = strtoull(hash, NULL, 16);
  info->duration_ns = CR_NS_NEVER;
  if (!is_time(warmup, &info->warmup_ns) || (duration && !is_time(duration, &info->duration_ns)))
    return cr_fail(err, CR_EINPUT, "%s: is damaged: its provenance has a duration or warm-up that is no time; do the run again",
                   db->path);
  return CR_OK;
}

static int count(struct cr_rundb *db, const char *sql, uint32_t *out, struct cr_err *err)
{
  int64_t n = 0;
  int rc = pragma(db, sql, &n, err);
  if (rc == CR_OK)
    *out = n < 0 || n > UINT32_MAX ? 0 : (uint32_t)n;
  return rc;
}

static int read_stores(struct cr_rundb *db, struct cr_err *err)
{
  int rc = count(db, "SELECT count(*) FROM store", &db->info.n_store, err);
  if (rc != CR_OK)
    return rc;
  const char **store = cr_arena_take(db->arena, db->info.n_store, sizeof *store);
  if (!store)
    return cr_fail_nomem(err, "the run database");
  db->info.store = store;
  sqlite3_stmt *q = NULL;
  int nomem = 0;
  rc = cr_rundb_query(db, &q, err, "SELECT path FROM store ORDER BY place", "");
  for (uint32_t i = 0; rc == CR_OK && i < db->info.n_store; i++) {
    rc = step(db, q, err) < 0 ? CR_EINPUT : CR_OK;
    store[i] = rc == CR_OK ? text_of(db, q, 0, &nomem) : NULL;
  }
  sqlite3_finalize(q);
  return nomem ? cr_fail_nomem(err, "the run database") : rc;
}

static int read_runs(struct cr_rundb *db, struct cr_err *err)
{
  int rc = count(db, "SELECT count(*) FROM run", &db->n_run, err);
  if (rc != CR_OK)
    return rc;
  db->run = cr_mem_new(db->n_run, sizeof *db->run);
  if (!db->run)
    return cr_fail_nomem(err, "the run database");
  sqlite3_stmt *q = NULL;
  int nomem = 0;
  rc = cr_rundb_query(db, &q, err, "SELECT policy, backend, outcome, ledger_notes, ledger_hash FROM run ORDER BY run", "");
  for (uint32_t i = 0; rc == CR_OK && i < db->n_run; i++) {
    rc = step(db, q, err) < 0 ? CR_EINPUT : CR_OK;
    if (rc == CR_OK)
      db->run[i] = (struct cr_rundb_run){
        .policy = text_of(db, q, 0, &nomem),
        .backend = text_of(db, q, 1, &nomem),
        .outcome = text_of(db, q, 2, &nomem),
        .n_note = (uint64_t)sqlite3_column_int64(q, 3),
        .ledger_hash = hash_of(q, 4),
      };
  }
  sqlite3_finalize(q);
  return nomem ? cr_fail_nomem(err, "the run database") : rc;
}

static const char PARTIAL[] = ".partial";

/* Whether the file that is to get the name is there. */
static int is_being_written(struct cr_rundb *db)
{
  struct cr_text name = {0};
  cr_text_add(&name, "%s%s", db->path, PARTIAL);
  int there = !name.failed && access(name.s, F_OK) == 0;
  cr_text_fini(&name);
  return there;
}

static int load(struct cr_rundb *db, struct cr_err *err)
{
  size_t n = strlen(db->path), n_end = sizeof PARTIAL - 1;
  if (access(db->path, R_OK) != 0 && is_being_written(db))
    return cr_fail(err, CR_EINPUT, "%s: is not there yet: its run goes on, or was killed (%s%s is there); wait, or do the run again",
                   db->path, db->path, PARTIAL);
  if (n > n_end && strcmp(db->path + n - n_end, PARTIAL) == 0)
    return cr_fail(err, CR_EINPUT, "%s: is what a run has written so far, or left when it was killed; wait, or do the run again",
                   db->path);
  if (access(db->path, R_OK) != 0)
    return cr_fail(err, CR_EINPUT, "%s: %s; `corun run -o FILE` makes a run database", db->path, strerror(errno));
  struct stat status;
  if (stat(db->path, &status) == 0 && S_ISDIR(status.st_mode))
    return cr_fail(err, CR_EINPUT, "%s: is a folder; name the run database in it", db->path);
  if (sqlite3_open_v2(db->path, &db->db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
    return db->db ? cr_rundb_fail(db, err) : cr_fail_nomem(err, "the run database");
  sqlite3_db_config(db->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
  int rc = check_version(db, err);
  if (rc == CR_OK)
    rc = read_provenance(db, err);
  if (rc == CR_OK)
    rc = read_stores(db, err);
  if (rc == CR_OK)
    rc = cr_rundb_check(db, err);
  if (rc == CR_OK)
    rc = read_runs(db, err);
  return rc;
}

int cr_rundb_open(const char *path, struct cr_rundb **out, struct cr_err *err)
{
  struct cr_rundb *db = cr_mem_new(1, sizeof *db);
  if (!db)
    return cr_fail_nomem(err, "the run database");
  size_t n = strlen(path) + 1;
  db->path = cr_mem_new(n, 1);
  db->arena = cr_arena_new();
  if (db->path)
    memcpy(db->path, path, n);
  int rc = db->path && db->arena ? load(db, err) : cr_fail_nomem(err, "the run database");
  if (rc != CR_OK) {
    cr_rundb_close(db);
    return rc;
  }
  *out = db;
  return CR_OK;
}

const struct cr_rundb_info *cr_rundb_info(const struct cr_rundb *db)
{
  return &db->info;
}

uint32_t cr_rundb_n_run(const struct cr_rundb *db)
{
  return db->n_run;
}

const struct cr_rundb_run *cr_rundb_run_info(const struct cr_rundb *db, uint32_t run)
{
  return &db->run[run];
}

static struct cr_note note_of(sqlite3_stmt *q)
{
  return (struct cr_note){
    .at_ns = sqlite3_column_int64(q, 0),
    .kind = (uint32_t)sqlite3_column_int64(q, 1),
    .a = (uint32_t)sqlite3_column_int64(q, 2),
    .b = (uint32_t)sqlite3_column_int64(q, 3),
    .c = (uint32_t)sqlite3_column_int64(q, 4),
    .t = (uint64_t)sqlite3_column_int64(q, 5),
  };
}

int cr_rundb_read_notes(struct cr_rundb *db, uint32_t run, struct cr_note **note, uint64_t *n, struct cr_err *err)
{
  uint64_t n_note = db->run[run].n_note, i = 0;
  int64_t n_all = 0;
  int rc = pragma(db, "SELECT max(rowid) FROM ledger", &n_all, err);
  if (rc == CR_OK && n_note > (uint64_t)n_all)
    rc = cr_fail(err, CR_EINPUT, "%s: is damaged: run %u wrote %" PRIu64 " notes into its ledger, which are not all there; do the run again",
                 db->path, run, n_note);
  if (rc != CR_OK)
    return rc;
  struct cr_note *all = n_note <= SIZE_MAX / sizeof *all ? cr_mem_new((size_t)n_note, sizeof *all) : NULL;
  if (!all)
    return cr_fail_nomem(err, "the ledger of a run");
  sqlite3_stmt *q = NULL;
  rc = cr_rundb_query(db, &q, err, "SELECT at_ns, kind, a, b, c, t FROM ledger WHERE run = ? ORDER BY rowid", "i",
                          (int64_t)run);
  while (rc == CR_OK && (rc = step(db, q, err)) > 0) {
    rc = CR_OK;
    if (i < n_note)
      all[i] = note_of(q);
    i++;
  }
  sqlite3_finalize(q);
  if (rc == CR_OK && i != n_note)
    rc = cr_fail(err, CR_EINPUT, "%s: is damaged: run %u has %" PRIu64 " notes in its ledger where %" PRIu64
                 " were written; do the run again", db->path, run, i, n_note);
  if (rc != CR_OK) {
    cr_mem_free(all);
    return rc;
  }
  *note = all;
  *n = n_note;
  return CR_OK;
}

/* The summary again, for the report. */

static enum cr_outcome outcome_of(const char *name)
{
  for (int i = 0; name && i <= CR_FAILED; i++)
    if (strcmp(cr_outcome_name[i], name) == 0)
      return (enum cr_outcome)i;
  return CR_FAILED;
}

static int outside(struct cr_rundb *db, struct cr_err *err)
{
  return cr_fail(err, CR_EINPUT, "%s: is damaged: a result belongs to no run, or cannot be; do the run again", db->path);
}

static int missing(struct cr_rundb *db, struct cr_err *err)
{
  return cr_fail(err, CR_EINPUT, "%s: is damaged: rows of results are missing; do the run again", db->path);
}

static int read_run_rows(struct cr_rundb *db, struct cr_summary *s, struct cr_err *err)
{
  sqlite3_stmt *q = NULL;
  int nomem = 0;
  int rc = cr_rundb_query(db, &q, err, "SELECT run, policy, backend, outcome, why, end_ns, events, callbacks, actions, refused,"
                          " preemptions, ops, ledger_notes, ledger_hash FROM run ORDER BY run", "");
  while (rc == CR_OK && (rc = step(db, q, err)) > 0) {
    rc = CR_OK;
    int64_t i = sqlite3_column_int64(q, 0);
    if (i < 0 || i >= s->n_run) {
      rc = outside(db, err);
      break;
    }
    struct cr_run_summary *r = &s->run[i];
    r->policy = text_of(db, q, 1, &nomem);
    r->backend = text_of(db, q, 2, &nomem);
    r->outcome = outcome_of((const char *)sqlite3_column_text(q, 3));
    r->why = text_of(db, q, 4, &nomem);
    r->end_ns = sqlite3_column_int64(q, 5);
    uint64_t *const number[] = {&r->n_event, &r->n_callback, &r->n_action, &r->n_refused, &r->n_preempt, &r->n_op,
                                &r->ledger_count};
    for (int k = 0; k < 7; k++)
      *number[k] = (uint64_t)sqlite3_column_int64(q, 6 + k);
    r->ledger_hash = hash_of(q, 13);
  }
  sqlite3_finalize(q);
  return nomem ? cr_fail_nomem(err, "the run database") : rc;
}

static struct cr_spread spread_of(sqlite3_stmt *q, int first)
{
  return (struct cr_spread){
    .n = (uint64_t)sqlite3_column_int64(q, first),
    .mean_ns = real_of(q, first + 1),
    .min_ns = ns_of(q, first + 2),
    .p50_ns = ns_of(q, first + 3),
    .p95_ns = ns_of(q, first + 4),
    .p99_ns = ns_of(q, first + 5),
    .max_ns = ns_of(q, first + 6),
  };
}

static int read_preempt_rows(struct cr_rundb *db, struct cr_summary *s, struct cr_err *err)
{
  sqlite3_stmt *q = NULL;
  uint32_t n = 0;
  int rc = cr_rundb_query(db, &q, err, "SELECT run, count, mean_ns, min_ns, p50_ns, p95_ns, p99_ns, max_ns, ops_stopped, ops_cut,"
                          " ops_run_again, in_vain_ns FROM preemption", "");
  for (; rc == CR_OK && (rc = step(db, q, err)) > 0; n++) {
    int64_t run = sqlite3_column_int64(q, 0);
    rc = run < 0 || run >= s->n_run ? outside(db, err) : CR_OK;
    if (rc == CR_OK)
      s->run[run].preempt = (struct cr_preempt_summary){
        .latency = spread_of(q, 1),
        .n_killed = (uint64_t)sqlite3_column_int64(q, 8),
        .n_cut = (uint64_t)sqlite3_column_int64(q, 9),
        .n_redone = (uint64_t)sqlite3_column_int64(q, 10),
        .redone_ns = sqlite3_column_int64(q, 11),
      };
  }
  sqlite3_finalize(q);
  return rc == CR_OK && n != s->n_run ? missing(db, err) : rc;
}

/* The place in the summary of each client that is no job. */
struct places {
  uint32_t n_client; /* jobs and others */
  uint32_t *row;     /* [n_client]; CR_NONE: a job, or no such client */
};

static int read_places(struct cr_rundb *db, struct places *p, uint32_t *n_row, struct cr_err *err)
{
  int rc = count(db, "SELECT count(*) FROM client", &p->n_client, err);
  if (rc != CR_OK)
    return rc;
  p->row = cr_arena_take(db->arena, p->n_client, sizeof *p->row);
  if (!p->row)
    return cr_fail_nomem(err, "the run database");
  for (uint32_t c = 0; c < p->n_client; c++)
    p->row[c] = CR_NONE;
  sqlite3_stmt *q = NULL;
  *n_row = 0;
  rc = cr_rundb_query(db, &q, err, "SELECT client FROM client WHERE client NOT IN (SELECT client FROM job) ORDER BY client",
                      "");
  while (rc == CR_OK && (rc = step(db, q, err)) > 0) {
    int64_t client = sqlite3_column_int64(q, 0);
    rc = client < 0 || client >= p->n_client ? outside(db, err) : CR_OK;
    if (rc == CR_OK)
      p->row[client] = (*n_row)++;
  }
  sqlite3_finalize(q);
  return rc;
}

/* Where the results of a client in a run go; NULL: there is no such place. */
static struct cr_client_summary *client_place(const struct cr_summary *s, const struct places *p, int64_t run,
                                              int64_t client)
{
  if (run < 0 || run >= s->n_run || client < 0 || client >= p->n_client || p->row[client] == CR_NONE)
    return NULL;
  return &s->run[run].client[p->row[client]];
}

static int read_client_rows(struct cr_rundb *db, const struct places *p, struct cr_summary *s, struct cr_err *err)
{
  sqlite3_stmt *q = NULL;
  int nomem = 0;
  int rc = cr_rundb_query(db, &q, err, "SELECT run, client, name, class, model, arrival, priority, deadline_ns,"
                          " requests_arrived, requests_done, requests_dropped, requests_pending, deadline_missed,"
                          " throughput_per_s, bound_ns, bound_exceeded FROM client_result JOIN client USING(client)", "");
  while (rc == CR_OK && (rc = step(db, q, err)) > 0) {
    rc = CR_OK;
    struct cr_client_summary *c = client_place(s, p, sqlite3_column_int64(q, 0), sqlite3_column_int64(q, 1));
    if (!c) {
      rc = outside(db, err);
      break;
    }
    c->name = text_of(db, q, 2, &nomem);
    c->class = is_text(q, 3, "rt") ? CR_RT : CR_BE;
    c->model = text_of(db, q, 4, &nomem);
    c->arrival = text_of(db, q, 5, &nomem);
    c->priority = sqlite3_column_int(q, 6);
    c->deadline_ns = ns_of(q, 7);
    uint64_t *const number[] = {&c->n_arrived, &c->n_done, &c->n_dropped, &c->n_pending, &c->n_missed};
    for (int k = 0; k < 5; k++)
      *number[k] = (uint64_t)sqlite3_column_int64(q, 8 + k);
    c->throughput_per_s = sqlite3_column_double(q, 13);
    c->bound_ns = ns_of(q, 14);
    c->n_beyond = (uint64_t)sqlite3_column_int64(q, 15);
  }
  sqlite3_finalize(q);
  return nomem ? cr_fail_nomem(err, "the run database") : rc;
}

static int read_distribution_rows(struct cr_rundb *db, const struct places *p, struct cr_summary *s, struct cr_err *err)
{
  sqlite3_stmt *q = NULL;
  int rc = cr_rundb_query(db, &q, err, "SELECT run, client, metric, count, mean_ns, min_ns, p50_ns, p95_ns, p99_ns, max_ns"
                          " FROM distribution", "");
  while (rc == CR_OK && (rc = step(db, q, err)) > 0) {
    rc = CR_OK;
    struct cr_client_summary *c = client_place(s, p, sqlite3_column_int64(q, 0), sqlite3_column_int64(q, 1));
    int metric = 0;
    while (metric < CR_N_METRIC && !is_text(q, 2, cr_metric_name[metric]))
      metric++;
    if (!c || metric == CR_N_METRIC) {
      rc = outside(db, err);
      break;
    }
    c->metric[metric] = spread_of(q, 3);
  }
  sqlite3_finalize(q);
  return rc;
}

static int read_device_rows(struct cr_rundb *db, struct cr_summary *s, struct cr_err *err)
{
  sqlite3_stmt *q = NULL;
  int nomem = 0;
  int rc = cr_rundb_query(db, &q, err, "SELECT run, device, name, kernels, copies, memsets, busy_ratio, sm_use_ratio,"
                          " warp_use_ratio, dram_use_ratio, copy_use_ratio, is_node FROM device_result JOIN device USING(device)", "");
  while (rc == CR_OK && (rc = step(db, q, err)) > 0) {
    rc = CR_OK;
    int64_t run = sqlite3_column_int64(q, 0), device = sqlite3_column_int64(q, 1);
    if (run < 0 || run >= s->n_run || device < 0 || device >= s->n_device) {
      rc = outside(db, err);
      break;
    }
    s->run[run].device[device] = (struct cr_device_summary){
      .name = text_of(db, q, 2, &nomem),
      .n_kernel = (uint64_t)sqlite3_column_int64(q, 3),
      .n_copy = (uint64_t)sqlite3_column_int64(q, 4),
      .n_memset = (uint64_t)sqlite3_column_int64(q, 5),
      .busy = real_of(q, 6),
      .sm_use = real_of(q, 7),
      .warp_use = real_of(q, 8),
      .dram_use = real_of(q, 9),
      .copy_use = real_of(q, 10),
      .is_node = sqlite3_column_int(q, 11) != 0,
    };
  }
  sqlite3_finalize(q);
  return nomem ? cr_fail_nomem(err, "the run database") : rc;
}

static int is_job_end(const char *name, enum cr_job_end *out)
{
  for (int i = 0; name && i < CR_N_JOB_END; i++)
    if (strcmp(cr_job_end_name[i], name) == 0) {
      *out = (enum cr_job_end)i;
      return 1;
    }
  return 0;
}

/* Of a job that is done: each step of its life came after the one before. */
static int is_whole_life(const struct cr_job_result *j)
{
  return j->how != CR_JOB_DONE ||
         (0 <= j->submit_ns && j->submit_ns <= j->start_ns && j->start_ns <= j->ready_ns && j->ready_ns <= j->admit_ns &&
          j->admit_ns <= j->end_ns && j->end_ns < CR_NS_NEVER);
}

/* The jobs of one run as the core left them: job[] by client. */
static int read_job_rows(struct cr_rundb *db, uint32_t run, struct cr_result *r, uint32_t *n, struct cr_err *err)
{
  sqlite3_stmt *q = NULL;
  int rc = cr_rundb_query(db, &q, err, "SELECT client, outcome, submit_ns, start_ns, ready_ns, admit_ns, first_ns, end_ns,"
                          " used_ns FROM job_result WHERE run = ? ORDER BY client", "i", (int64_t)run);
  for (uint32_t c = 0; c < r->n_client; c++)
    r->job[c] = (struct cr_job_result){.how = CR_N_JOB_END};
  *n = 0;
  while (rc == CR_OK && (rc = step(db, q, err)) > 0) {
    int64_t client = sqlite3_column_int64(q, 0);
    enum cr_job_end how;
    if (client < 0 || client >= r->n_client || !is_job_end((const char *)sqlite3_column_text(q, 1), &how)) {
      rc = outside(db, err);
      break;
    }
    r->job[client] = (struct cr_job_result){
      .how = how,
      .submit_ns = ns_of(q, 2),
      .start_ns = ns_of(q, 3),
      .ready_ns = ns_of(q, 4),
      .admit_ns = ns_of(q, 5),
      .first_ns = ns_of(q, 6),
      .end_ns = ns_of(q, 7),
      .used_ns = sqlite3_column_int64(q, 8),
    };
    ++*n;
    rc = is_whole_life(&r->job[client]) ? CR_OK : outside(db, err);
  }
  sqlite3_finalize(q);
  return rc;
}

static int name_of_job(struct cr_rundb *db, const struct cr_result *r, enum cr_job_end how, const char **out,
                       struct cr_err *err)
{
  uint32_t client = cr_summary_first_job(r, how);
  if (client == CR_NONE)
    return CR_OK;
  sqlite3_stmt *q = NULL;
  int nomem = 0;
  int rc = cr_rundb_query(db, &q, err, "SELECT name FROM client WHERE client = ?", "i", (int64_t)client);
  if (rc == CR_OK)
    rc = step(db, q, err);
  if (rc > 0)
    *out = text_of(db, q, 0, &nomem);
  sqlite3_finalize(q);
  if (rc == 0)
    return outside(db, err);
  return nomem ? cr_fail_nomem(err, "the run database") : rc < 0 ? rc : CR_OK;
}

/* Totals are made of all jobs again, just as they were when the run ended. */
static int read_jobs(struct cr_rundb *db, uint32_t n_client, struct cr_summary *s, struct cr_err *err)
{
  uint32_t n_job = 0;
  int rc = count(db, "SELECT count(*) FROM job", &n_job, err);
  if (rc != CR_OK || n_job == 0)
    return rc;
  struct cr_result r = {.n_client = n_client, .n_device = s->n_device};
  r.job = cr_mem_new(n_client, sizeof *r.job);
  if (!r.job)
    return cr_fail_nomem(err, "the run database");
  for (uint32_t i = 0; rc == CR_OK && i < s->n_run; i++) {
    struct cr_jobs_summary *jobs = &s->run[i].jobs;
    uint32_t n = 0;
    rc = read_job_rows(db, i, &r, &n, err);
    if (rc == CR_OK && n != n_job)
      rc = missing(db, err);
    if (rc == CR_OK)
      rc = cr_summarize_jobs(&r, s->run[i].device, jobs, err);
    if (rc == CR_OK)
      rc = name_of_job(db, &r, CR_JOB_REJECTED, &jobs->first_rejected, err);
    if (rc == CR_OK)
      rc = name_of_job(db, &r, CR_JOB_NO_MEMORY, &jobs->first_no_memory, err);
  }
  cr_mem_free(r.job);
  return rc;
}

/* Every run has a row of each client, and of each device of the platform that it had, divided or not; a file from which one was
 * deleted would leave holes. */
static int check_whole(struct cr_rundb *db, const struct cr_summary *s, struct cr_err *err)
{
  uint32_t n_divided = 0;
  int whole = 1, rc = count(db, "SELECT count(*) FROM device WHERE undivided = 0", &n_divided, err);
  if (rc != CR_OK)
    return rc;
  for (uint32_t r = 0; r < s->n_run; r++) {
    whole &= s->run[r].policy != NULL;
    for (uint32_t c = 0; c < s->n_client; c++)
      whole &= s->run[r].client[c].name != NULL;
    int undivided = n_divided < s->n_device && s->run[r].device[n_divided].name;
    for (uint32_t d = 0; d < s->n_device; d++)
      whole &= !s->run[r].device[d].name == (undivided != (d >= n_divided));
  }
  return whole ? CR_OK : missing(db, err);
}

int cr_rundb_summarize(struct cr_rundb *db, struct cr_summary *s, struct cr_err *err)
{
  uint32_t n_client = 0, n_device = 0;
  struct places places = {0};
  int rc = read_places(db, &places, &n_client, err);
  if (rc == CR_OK)
    rc = count(db, "SELECT count(*) FROM device", &n_device, err);
  if (rc == CR_OK)
    rc = cr_summary_init(s, db->n_run, n_client, n_device, db->arena, err);
  if (rc != CR_OK)
    return rc;
  const struct cr_rundb_info *info = &db->info;
  s->version = info->version;
  s->git = info->git;
  s->command = info->command;
  s->scenario = info->scenario;
  s->about = info->about;
  s->seed = info->seed;
  s->workload_hash = info->workload_hash;
  s->duration_ns = info->duration_ns;
  s->warmup_ns = info->warmup_ns;
  rc = read_run_rows(db, s, err);
  if (rc == CR_OK)
    rc = read_preempt_rows(db, s, err);
  if (rc == CR_OK)
    rc = cr_rundb_read_live(db, s, err);
  if (rc == CR_OK)
    rc = read_client_rows(db, &places, s, err);
  if (rc == CR_OK)
    rc = read_distribution_rows(db, &places, s, err);
  if (rc == CR_OK)
    rc = read_device_rows(db, s, err);
  if (rc == CR_OK)
    rc = cr_rundb_read_memory(db, s, err);
  if (rc == CR_OK)
    rc = cr_rundb_read_verdicts(db, places.row, places.n_client, s, err);
  if (rc == CR_OK)
    rc = check_whole(db, s, err);
  return rc == CR_OK ? read_jobs(db, places.n_client, s, err) : rc;
}

int cr_rundb_jobs(struct cr_rundb *db, uint32_t run, struct cr_job_result **job, uint32_t *n, struct cr_err *err)
{
  struct cr_result r = {0};
  uint32_t n_found = 0;
  int rc = count(db, "SELECT count(*) FROM client", &r.n_client, err);
  if (rc != CR_OK)
    return rc;
  r.job = cr_mem_new(r.n_client, sizeof *r.job);
  rc = r.job ? read_job_rows(db, run, &r, &n_found, err) : cr_fail_nomem(err, "the jobs of a run");
  if (rc != CR_OK) {
    cr_mem_free(r.job);
    return rc;
  }
  *job = r.job;
  *n = r.n_client;
  return CR_OK;
}

int cr_rundb_clients(struct cr_rundb *db, const struct cr_rundb_client **client, uint32_t *n, struct cr_err *err)
{
  uint32_t n_client = 0, i = 0;
  sqlite3_stmt *q = NULL;
  int nomem = 0, rc = count(db, "SELECT count(*) FROM client", &n_client, err);
  struct cr_rundb_client *all = rc == CR_OK ? cr_arena_take(db->arena, n_client, sizeof *all) : NULL;
  if (rc == CR_OK && !all)
    rc = cr_fail_nomem(err, "the clients of a run");
  if (rc == CR_OK)
    rc = cr_rundb_query(db, &q, err,
                        "SELECT name, model, class, client IN (SELECT client FROM job) FROM client ORDER BY client", "");
  while (rc == CR_OK && i < n_client && (rc = step(db, q, err)) > 0) {
    rc = CR_OK;
    all[i++] = (struct cr_rundb_client){
      .name = text_of(db, q, 0, &nomem),
      .model = text_of(db, q, 1, &nomem),
      .class = is_text(q, 2, "rt") ? CR_RT : CR_BE,
      .is_job = sqlite3_column_int(q, 3),
    };
  }
  sqlite3_finalize(q);
  if (rc == CR_OK && nomem)
    rc = cr_fail_nomem(err, "the clients of a run");
  if (rc == CR_OK) {
    *client = all;
    *n = i;
  }
  return rc;
}

static int read_latency_rows(struct cr_rundb *db, uint32_t run, uint32_t n_client, uint64_t cap,
                             struct cr_rundb_latencies *out, struct cr_err *err)
{
  sqlite3_stmt *q = NULL;
  uint64_t n = 0;
  int64_t at = -1;
  int rc = cr_rundb_query(db, &q, err,
                          "SELECT client, end_ns - arrive_ns FROM request WHERE run = ? AND arrive_ns >= ? ORDER BY 1, 2",
                          "ii", (int64_t)run, db->info.warmup_ns);
  while (rc == CR_OK && (rc = step(db, q, err)) > 0) {
    int64_t client = sqlite3_column_int64(q, 0);
    rc = client < 0 || client >= n_client || n >= cap ? outside(db, err) : CR_OK;
    while (rc == CR_OK && at < client)
      out->begin[++at] = n;
    cr_ns ns = sqlite3_column_int64(q, 1);
    rc = rc == CR_OK && ns < 0 ? outside(db, err) : rc;
    if (rc == CR_OK)
      out->ns[n++] = ns;
  }
  while (at < (int64_t)n_client)
    out->begin[++at] = n;
  sqlite3_finalize(q);
  return rc;
}

int cr_rundb_latencies(struct cr_rundb *db, uint32_t run, struct cr_rundb_latencies *out, struct cr_err *err)
{
  uint32_t n_client = 0, n_request = 0;
  int rc = count(db, "SELECT count(*) FROM client", &n_client, err);
  rc = rc ? rc : count(db, "SELECT count(*) FROM request", &n_request, err);
  if (rc != CR_OK)
    return rc;
  struct cr_rundb_latencies l = {
    .ns = cr_mem_new(n_request, sizeof *l.ns),
    .begin = cr_mem_new((size_t)n_client + 1, sizeof *l.begin),
  };
  rc = l.ns && l.begin ? read_latency_rows(db, run, n_client, n_request, &l, err) : cr_fail_nomem(err, "latencies of a run");
  if (rc == CR_OK) {
    *out = l;
    return CR_OK;
  }
  cr_mem_free(l.ns);
  cr_mem_free(l.begin);
  return rc;
}

int cr_rundb_show(const char *path, const char *format, struct cr_text *out, struct cr_err *err)
{
  enum cr_format f;
  int rc = cr_format_parse(format, &f, err);
  if (rc != CR_OK)
    return rc;
  struct cr_rundb *db = NULL;
  struct cr_summary s;
  rc = cr_rundb_open(path, &db, err);
  if (rc == CR_OK)
    rc = cr_rundb_summarize(db, &s, err);
  if (rc == CR_OK)
    cr_report(&s, f, 0, out);
  cr_rundb_close(db);
  return rc;
}
