/* rundb.c - the run database: how it is written.
 *
 * One transaction in a file of its own, without journal or sync: a file that is not complete is removed, so nothing in it
 * needs saving.  Rows go in a fixed order, so that the same runs give the same bytes. */
#include "config.h"

#include "traces/rundb.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/outfile.h"
#include "sim/provenance.h"
#include "traces/rundb_int.h"
#include "traces/rundb_schema.h"

static const char what[] = "run database";

int cr_rundb_fail(struct cr_rundb *db, struct cr_err *err)
{
  int left = errno; /* of the call that failed, where SQLite has not kept it */
  int code = sqlite3_errcode(db->db) & 0xff, error = sqlite3_system_errno(db->db);
  switch (code) {
  case SQLITE_NOMEM:
    return cr_fail_nomem(err, "the run database");
  case SQLITE_FULL:
    return cr_outfile_fail(db->path, what, error ? error : ENOSPC, err);
  case SQLITE_IOERR:
    if (db->partial)
      return cr_outfile_fail(db->path, what, error ? error : left ? left : EIO, err);
    break;
  case SQLITE_CANTOPEN:
  case SQLITE_PERM:
    if (db->partial)
      return cr_fail(err, CR_EINPUT, "%s: the folder cannot be written (%s); choose another for the run database", db->path,
                     error ? strerror(error) : sqlite3_errmsg(db->db));
    break;
  case SQLITE_BUSY:
  case SQLITE_LOCKED:
    return cr_fail(err, CR_EINPUT, "%s: another process is writing it; wait until that has ended", db->path);
  case SQLITE_NOTADB:
    return cr_fail(err, CR_EINPUT, "%s: is not a run database; `corun run -o FILE` makes one", db->path);
  case SQLITE_CORRUPT:
    return cr_fail(err, CR_EINPUT, "%s: is damaged (%s); do the run again", db->path, sqlite3_errmsg(db->db));
  default:
    break;
  }
  return cr_fail(err, db->partial ? CR_ERUN : CR_EINPUT, "%s: the run database cannot be %s: %s", db->path,
                 db->partial ? "written" : "read", sqlite3_errmsg(db->db));
}

static int bind_one(sqlite3_stmt *q, int i, char kind, va_list *ap)
{
  switch (kind) {
  case 'd':
    return sqlite3_bind_double(q, i, va_arg(*ap, double));
  case 'r': {
    double value = va_arg(*ap, double);
    return isnan(value) ? sqlite3_bind_null(q, i) : sqlite3_bind_double(q, i, value);
  }
  case 's':
    return sqlite3_bind_text(q, i, va_arg(*ap, const char *), -1, SQLITE_TRANSIENT);
  case 'n': {
    cr_ns ns = va_arg(*ap, cr_ns);
    return ns == CR_NS_NEVER ? sqlite3_bind_null(q, i) : sqlite3_bind_int64(q, i, ns);
  }
  case 'b': {
    int64_t bytes = va_arg(*ap, int64_t);
    return bytes == CR_UNKNOWN ? sqlite3_bind_null(q, i) : sqlite3_bind_int64(q, i, bytes);
  }
  case 'h': {
    char text[17];
    snprintf(text, sizeof text, "%016" PRIx64, va_arg(*ap, uint64_t));
    return sqlite3_bind_text(q, i, text, -1, SQLITE_TRANSIENT);
  }
  default:
    return sqlite3_bind_int64(q, i, va_arg(*ap, int64_t));
  }
}

static int query(struct cr_rundb *db, sqlite3_stmt **out, struct cr_err *err, const char *sql, const char *fmt, va_list *ap)
{
  sqlite3_stmt *q = NULL;
  int ok = sqlite3_prepare_v2(db->db, sql, -1, &q, NULL) == SQLITE_OK;
  for (int i = 0; ok && fmt[i]; i++)
    ok = bind_one(q, i + 1, fmt[i], ap) == SQLITE_OK;
  if (ok) {
    *out = q;
    return CR_OK;
  }
  int rc = cr_rundb_fail(db, err);
  sqlite3_finalize(q);
  return rc;
}

int cr_rundb_query(struct cr_rundb *db, sqlite3_stmt **out, struct cr_err *err, const char *sql, const char *fmt, ...)
{
  va_list ap;
  va_start(ap, fmt);
  int rc = query(db, out, err, sql, fmt, &ap);
  va_end(ap);
  return rc;
}

int cr_rundb_do(struct cr_rundb *db, struct cr_err *err, const char *sql, const char *fmt, ...)
{
  va_list ap;
  va_start(ap, fmt);
  sqlite3_stmt *q = NULL;
  int rc = query(db, &q, err, sql, fmt, &ap);
  va_end(ap);
  if (rc == CR_OK && sqlite3_step(q) != SQLITE_DONE)
    rc = cr_rundb_fail(db, err);
  sqlite3_finalize(q);
  return rc;
}

/* One row through a statement that stays prepared; all its parameters as in cr_rundb_query. */
static int again(struct cr_rundb *db, sqlite3_stmt *q, struct cr_err *err, const char *fmt, ...)
{
  va_list ap;
  int ok = 1;
  va_start(ap, fmt);
  for (int i = 0; ok && fmt[i]; i++)
    ok = bind_one(q, i + 1, fmt[i], &ap) == SQLITE_OK;
  va_end(ap);
  if (!ok || sqlite3_step(q) != SQLITE_DONE)
    return cr_rundb_fail(db, err);
  sqlite3_reset(q);
  return CR_OK;
}

static int exec(struct cr_rundb *db, const char *sql, struct cr_err *err)
{
  return sqlite3_exec(db->db, sql, NULL, NULL, NULL) == SQLITE_OK ? CR_OK : cr_rundb_fail(db, err);
}

static int add_provenance(struct cr_rundb *db, const struct cr_rundb_cfg *cfg, struct cr_err *err)
{
  const struct cr_scenario *s = cfg->scenario;
  char seed[24], hash[20], duration[24], warmup[24];
  snprintf(seed, sizeof seed, "%" PRIu64, cfg->seed);
  snprintf(hash, sizeof hash, "%016" PRIx64, cr_workload_hash(s->workload));
  snprintf(duration, sizeof duration, "%" PRId64, s->duration_ns);
  snprintf(warmup, sizeof warmup, "%" PRId64, s->warmup_ns);
  const char *const pair[][2] = {
    {"about", s->about ? s->about : ""}, {"command", cfg->command}, {"device", cfg->device}, {"duration_ns", s->duration_ns == CR_NS_NEVER ? NULL : duration},
    {"git", cr_program_git}, {"program", "corun"}, {"scenario", s->name}, {"scenario_path", cfg->scenario_path},
    {"scenario_text", s->text}, {"seed", seed}, {"version", cr_program_version}, {"warmup_ns", warmup},
    {"workload_hash", hash},
  };
  int rc = CR_OK;
  for (size_t i = 0; rc == CR_OK && i < sizeof pair / sizeof *pair; i++)
    if (pair[i][1])
      rc = cr_rundb_do(db, err, "INSERT INTO provenance VALUES(?, ?)", "ss", pair[i][0], pair[i][1]);
  for (uint32_t i = 0; rc == CR_OK && i < cfg->n_store; i++)
    rc = cr_rundb_do(db, err, "INSERT INTO store VALUES(?, ?)", "is", (int64_t)i, cfg->store[i]);
  for (int i = 0; rc == CR_OK && i < CR_N_NOTE; i++)
    rc = cr_rundb_do(db, err, "INSERT INTO note_kind VALUES(?, ?)", "is", (int64_t)i, cr_note_name[i]);
  return rc;
}

static int add_clients(struct cr_rundb *db, const struct cr_workload *w, struct cr_err *err)
{
  sqlite3_stmt *client = NULL, *job = NULL;
  int rc = cr_rundb_query(db, &client, err, "INSERT INTO client VALUES(?, ?, ?, ?, ?, ?, ?, ?)", "");
  if (rc == CR_OK)
    rc = cr_rundb_query(db, &job, err, "INSERT INTO job VALUES(?, ?, ?, ?, ?, ?, ?)", "");
  for (uint32_t i = 0; rc == CR_OK && i < w->n_client; i++) {
    const struct cr_client_spec *c = &w->client[i];
    const struct cr_job_spec *j = &c->job;
    rc = again(db, client, err, "issssinn", (int64_t)i, c->name, c->class == CR_RT ? "rt" : "be", w->model[c->model.i].name,
               cr_arrival_name[c->arrival.kind], (int64_t)c->priority, c->deadline_ns,
               c->bound_ns ? c->bound_ns : CR_NS_NEVER);
    if (rc == CR_OK && j->iterations)
      rc = again(db, job, err, "iiiinbb", (int64_t)i, (int64_t)j->iterations, j->startup_ns, j->think_ns, j->declared_ns,
                 j->persistent_bytes, j->ephemeral_bytes);
  }
  sqlite3_finalize(client);
  sqlite3_finalize(job);
  return rc;
}

uint32_t cr_rundb_first_device(const struct cr_rundb *db)
{
  return db->of_run == db->undivided ? db->scenario->machine->n_device : 0;
}

static int add_devices(struct cr_rundb *db, const struct cr_machine *m, uint32_t first, struct cr_err *err)
{
  int rc = CR_OK;
  for (uint32_t i = 0; rc == CR_OK && i < m->n_device; i++)
    rc = cr_rundb_do(db, err, "INSERT INTO device VALUES(?, ?, ?, ?)", "isii", (int64_t)first + i, m->device[i].name,
                     (int64_t)(m->device[i].kind != CR_DEVICE_GPU), (int64_t)(first > 0));
  return rc;
}

static int add_parties(struct cr_rundb *db, struct cr_err *err)
{
  int rc = add_clients(db, db->scenario->workload, err);
  rc = rc ? rc : add_devices(db, db->scenario->machine, 0, err);
  if (rc == CR_OK && db->undivided)
    rc = add_devices(db, db->undivided->machine, db->scenario->machine->n_device, err);
  return rc;
}

void cr_rundb_set_undivided(struct cr_rundb *db, int is_undivided)
{
  db->of_run = is_undivided ? db->undivided : db->scenario;
}

static int open_partial(struct cr_rundb *db, struct cr_err *err)
{
  unlink(db->partial); /* left by a run that was killed */
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX; /* one thread writes it */
  if (sqlite3_open_v2(db->partial, &db->db, flags, NULL) != SQLITE_OK)
    return db->db ? cr_rundb_fail(db, err) : cr_fail_nomem(err, "the run database");
  char header[160];
  snprintf(header, sizeof header,
           "PRAGMA application_id=%d; PRAGMA user_version=%d; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
           "PRAGMA locking_mode=EXCLUSIVE; BEGIN;", CR_RUNDB_APPLICATION_ID, CR_RUNDB_VERSION);
  int rc = exec(db, header, err);
  return rc == CR_OK ? exec(db, CR_RUNDB_SCHEMA, err) : rc;
}

static char *join(const char *a, const char *b)
{
  size_t n = strlen(a), m = strlen(b);
  char *s = cr_mem_new(n + m + 1, 1);
  if (s) {
    memcpy(s, a, n);
    memcpy(s + n, b, m);
  }
  return s;
}

int cr_rundb_create(const char *path, const struct cr_rundb_cfg *cfg, struct cr_rundb **out, struct cr_err *err)
{
  int rc = cr_outfile_check(path, what, cfg->overwrite, err);
  if (rc != CR_OK)
    return rc;
  struct cr_rundb *db = cr_mem_new(1, sizeof *db);
  if (!db)
    return cr_fail_nomem(err, "the run database");
  db->scenario = db->of_run = cfg->scenario;
  db->undivided = cfg->undivided;
  db->path = join(path, "");
  db->partial = join(path, ".partial");
  rc = db->path && db->partial ? open_partial(db, err) : cr_fail_nomem(err, "a file name");
  if (rc == CR_OK)
    rc = add_provenance(db, cfg, err);
  if (rc == CR_OK)
    rc = add_parties(db, err);
  if (rc == CR_OK)
    rc = cr_rundb_open_rows(db, err);
  if (rc == CR_OK)
    rc = cr_rundb_query(db, &db->add_job_result, err, "INSERT INTO job_result VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", "");
  if (rc != CR_OK) {
    cr_rundb_close(db);
    return rc;
  }
  *out = db;
  return CR_OK;
}

int cr_rundb_begin(struct cr_rundb *db, const char *policy, const char *backend, struct cr_ledger_sink *ledger,
                   struct cr_request_sink *requests, struct cr_err *err)
{
  /* The row is completed by cr_rundb_end; it is there before those that refer to it. */
  int rc = cr_rundb_do(db, err, "INSERT INTO run VALUES(?, ?, ?, 'failed', '', 0, 0, 0, 0, 0, 0, 0, 0, '')", "iss",
                       (int64_t)db->n_run, policy, backend);
  if (rc != CR_OK)
    return rc;
  db->n_run++;
  *ledger = (struct cr_ledger_sink){.ctx = db, .write = cr_rundb_write_notes};
  *requests = (struct cr_request_sink){.ctx = db, .write = cr_rundb_write_requests};
  return CR_OK;
}

static int add_client_result(struct cr_rundb *db, uint32_t client, const struct cr_client_summary *c, struct cr_err *err)
{
  int64_t run = (int64_t)db->n_run - 1;
  int rc = cr_rundb_do(db, err, "INSERT INTO client_result VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)", "iiiiiiind", run,
                       (int64_t)client, (int64_t)c->n_arrived, (int64_t)c->n_done, (int64_t)c->n_dropped,
                       (int64_t)c->n_pending, (int64_t)c->n_missed,
                       c->bound_ns == CR_NS_NEVER ? CR_NS_NEVER : (int64_t)c->n_beyond, c->throughput_per_s);
  for (int m = 0; rc == CR_OK && m < CR_N_METRIC; m++) {
    const struct cr_spread *d = &c->metric[m];
    rc = cr_rundb_do(db, err, "INSERT INTO distribution VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", "iisirnnnnn", run,
                     (int64_t)client, cr_metric_name[m], (int64_t)d->n, d->mean_ns, d->min_ns, d->p50_ns, d->p95_ns,
                     d->p99_ns, d->max_ns);
  }
  return rc;
}

static int add_job_result(struct cr_rundb *db, uint32_t client, const struct cr_job_result *j, struct cr_err *err)
{
  return again(db, db->add_job_result, err, "iisnnnnnni", (int64_t)db->n_run - 1, (int64_t)client, cr_job_end_name[j->how],
               j->submit_ns, j->start_ns, j->ready_ns, j->admit_ns, j->first_ns, j->end_ns, j->used_ns);
}

static int add_device_result(struct cr_rundb *db, uint32_t device, const struct cr_device_summary *d, struct cr_err *err)
{
  return cr_rundb_do(db, err, "INSERT INTO device_result VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", "iiiiirrrrr",
                     (int64_t)db->n_run - 1, (int64_t)device, (int64_t)d->n_kernel, (int64_t)d->n_copy,
                     (int64_t)d->n_memset, d->busy, d->sm_use, d->warp_use, d->dram_use, d->copy_use);
}

static int add_preempts(struct cr_rundb *db, const struct cr_result *r, struct cr_err *err)
{
  struct cr_preempt_summary p;
  cr_summarize_preempts(r, &p);
  const struct cr_spread *d = &p.latency;
  return cr_rundb_do(db, err, "INSERT INTO preemption VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", "iirnnnnniiii",
                     (int64_t)db->n_run - 1, (int64_t)d->n, d->mean_ns, d->min_ns, d->p50_ns, d->p95_ns, d->p99_ns,
                     d->max_ns, (int64_t)p.n_killed, (int64_t)p.n_cut, (int64_t)p.n_redone, p.redone_ns);
}

int cr_rundb_end(struct cr_rundb *db, const struct cr_result *r, struct cr_err *err)
{
  int rc = cr_rundb_do(db, err,
                       "UPDATE run SET outcome=?, why=?, end_ns=?, events=?, callbacks=?, actions=?, refused=?,"
                       " preemptions=?, ops=?, ledger_notes=?, ledger_hash=? WHERE run=?",
                       "ssiiiiiiiihi", cr_outcome_name[r->outcome], r->why, r->end_ns, (int64_t)r->n_event,
                       (int64_t)r->n_callback, (int64_t)r->n_action, (int64_t)r->n_refused, (int64_t)r->n_preempt,
                       (int64_t)r->n_op, (int64_t)r->ledger_count, r->ledger_hash, (int64_t)db->n_run - 1);
  if (rc == CR_OK)
    rc = add_preempts(db, r, err);
  if (rc == CR_OK)
    rc = cr_rundb_add_live(db, &r->live, err);
  for (uint32_t c = 0; rc == CR_OK && c < r->n_client; c++) {
    struct cr_client_summary client;
    if (db->scenario->workload->client[c].job.iterations) {
      rc = add_job_result(db, c, &r->job[c], err);
      continue;
    }
    cr_summarize_client(r, c, db->scenario->workload, &client);
    rc = add_client_result(db, c, &client, err);
    rc = rc ? rc : cr_rundb_add_verdicts(db, c, &client.verdicts, err);
  }
  for (uint32_t d = 0; rc == CR_OK && d < r->n_device; d++) {
    struct cr_device_summary device;
    cr_summarize_device(r, d, db->of_run->machine, &device);
    rc = add_device_result(db, cr_rundb_first_device(db) + d, &device, err);
  }
  return rc == CR_OK ? cr_rundb_add_memory(db, r, err) : rc;
}

static void finish_statements(struct cr_rundb *db)
{
  sqlite3_finalize(db->add_notes);
  sqlite3_finalize(db->add_requests);
  sqlite3_finalize(db->add_job_result);
  db->add_notes = NULL;
  db->add_requests = NULL;
  db->add_job_result = NULL;
}

int cr_rundb_commit(struct cr_rundb *db, struct cr_err *err)
{
  finish_statements(db);
  int rc = exec(db, "COMMIT", err);
  if (rc == CR_OK && sqlite3_close(db->db) != SQLITE_OK)
    rc = cr_rundb_fail(db, err);
  if (rc != CR_OK)
    return rc;
  db->db = NULL;
  if (rename(db->partial, db->path) != 0)
    return cr_outfile_fail(db->path, what, errno, err);
  cr_mem_free(db->partial);
  db->partial = NULL;
  return CR_OK;
}

void cr_rundb_close(struct cr_rundb *db)
{
  if (!db)
    return;
  finish_statements(db);
  sqlite3_close(db->db);
  if (db->partial)
    unlink(db->partial);
  cr_mem_free(db->partial);
  cr_mem_free(db->path);
  cr_mem_free(db->run);
  cr_arena_free(db->arena);
  cr_mem_free(db);
}
