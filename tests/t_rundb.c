/* t_rundb.c - the run database: what goes in comes out, and nothing half-written is left. */
#include "config.h"

#include "traces/rundb.h"
#include "tests/t.h"

#include <inttypes.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <unistd.h>

#include "sim/mem.h"
#include "sim/provenance.h"
#include "sim/report.h"
#include "tests/load.h"
#include "tests/made.h"

enum { N_RUN = 2 };

static const char *const policy[N_RUN] = {"exclusive,order=fifo", "streams"};

struct fixture {
  struct cr_workload_builder *builder;
  const struct cr_workload *workload;
  struct cr_scenario scenario;
  struct cr_result result[N_RUN];
  const char *path;
};

static int make(void **state)
{
  struct fixture *f = cr_mem_new(1, sizeof *f);
  assert_non_null(f);
  f->builder = made_workload(&f->workload);
  f->scenario = made_scenario(f->workload);
  made_result(&f->result[0], policy[0], CR_DONE, 4200000);
  made_result(&f->result[1], policy[1], CR_INTERRUPTED, 8400000);
  f->path = t_join(t_tmp(), "run.db");
  *state = f;
  return 0;
}

static void make_of_jobs(void **state, int mixed)
{
  struct fixture *f = cr_mem_new(1, sizeof *f);
  assert_non_null(f);
  f->builder = made_jobs_workload(mixed, &f->workload);
  f->scenario = made_jobs_scenario(f->workload);
  made_jobs_result(&f->result[0], f->workload, policy[0], 80);
  made_jobs_result(&f->result[1], f->workload, policy[1], 50);
  f->path = t_join(t_tmp(), "run.db");
  *state = f;
}

static int make_jobs(void **state)
{
  make_of_jobs(state, 0);
  return 0;
}

static int make_mixed(void **state)
{
  make_of_jobs(state, 1);
  return 0;
}

static int unmake(void **state)
{
  struct fixture *f = *state;
  for (int i = 0; i < N_RUN; i++)
    cr_result_fini(&f->result[i]);
  cr_workload_builder_free(f->builder);
  cr_mem_free(f);
  return 0;
}

static const struct cr_note note[3] = {
  {.at_ns = 1, .kind = CR_NOTE_REQUEST, .a = 4, .b = 1, .c = 0, .t = 1},
  {.at_ns = 1, .kind = CR_NOTE_LAUNCH, .a = 4, .b = UINT32_MAX, .c = 3},
  {.at_ns = INT64_MAX - 1, .kind = CR_NOTE_TIMER, .t = UINT64_MAX},
};

static struct cr_rundb *create(struct fixture *f, int overwrite, struct cr_err *err)
{
  static const char *const store[] = {"mine.db", "theirs.db"};
  const struct cr_rundb_cfg cfg = {
    .command = "corun run made-up", .scenario = &f->scenario, .scenario_path = "made-up.yaml", .seed = UINT64_MAX - 1,
    .device = "h200", .store = store, .n_store = 2, .overwrite = overwrite,
  };
  struct cr_rundb *db = NULL;
  return cr_rundb_create(f->path, &cfg, &db, err) == CR_OK ? db : NULL;
}

/* All of it; n_more notes beyond the three. */
static int fill(struct fixture *f, struct cr_rundb *db, uint32_t n_more, struct cr_err *err)
{
  int rc = CR_OK;
  for (int i = 0; rc == CR_OK && i < N_RUN; i++) {
    struct cr_ledger_sink ledger;
    struct cr_request_sink requests;
    const struct cr_request_row row = {.arrive_ns = 5, .reach_ns = 6, .end_ns = 9 + i, .client = 1, .missed = 1};
    rc = cr_rundb_begin(db, policy[i], "sim", &ledger, &requests, err);
    if (rc == CR_OK)
      rc = ledger.write(ledger.ctx, note, 3, err);
    for (uint32_t k = 0; rc == CR_OK && k < n_more; k++)
      rc = ledger.write(ledger.ctx, note, 1, err);
    if (rc == CR_OK)
      rc = requests.write(requests.ctx, &row, 1, err);
    f->result[i].ledger_count = 3 + n_more;
    if (rc == CR_OK)
      rc = cr_rundb_end(db, &f->result[i], err);
  }
  return rc;
}

static void write_whole(struct fixture *f)
{
  struct cr_rundb *db = create(f, 0, NULL);
  assert_non_null(db);
  assert_int_equal(fill(f, db, 0, NULL), CR_OK);
  assert_int_equal(cr_rundb_commit(db, NULL), CR_OK);
  cr_rundb_close(db);
}

static void what_was_written_is_read_again(void **state)
{
  struct fixture *f = *state;
  write_whole(f);
  struct cr_rundb *db = NULL;
  assert_int_equal(cr_rundb_open(f->path, &db, NULL), CR_OK);
  const struct cr_rundb_info *info = cr_rundb_info(db);
  assert_string_equal(info->command, "corun run made-up");
  assert_string_equal(info->scenario, "made-up");
  assert_string_equal(info->scenario_path, "made-up.yaml");
  assert_string_equal(info->scenario_text, "duration: 110ms\n");
  assert_string_equal(info->about, "one of each class");
  assert_string_equal(info->device, "h200");
  assert_int_equal(info->n_store, 2);
  assert_string_equal(info->store[1], "theirs.db");
  assert_true(info->seed == UINT64_MAX - 1);
  assert_true(info->workload_hash == cr_workload_hash(f->workload));
  assert_int_equal(info->duration_ns, 110000000);
  assert_int_equal(info->warmup_ns, 10000000);
  assert_int_equal(cr_rundb_n_run(db), N_RUN);
  for (uint32_t r = 0; r < N_RUN; r++) {
    const struct cr_rundb_run *run = cr_rundb_run_info(db, r);
    assert_string_equal(run->policy, policy[r]);
    assert_string_equal(run->backend, "sim");
    assert_string_equal(run->outcome, r ? "interrupted" : "done");
    assert_true(run->ledger_hash == UINT64_C(0xfedcba9876543210));
    struct cr_note *read = NULL;
    uint64_t n = 0;
    assert_int_equal(cr_rundb_read_notes(db, r, &read, &n, NULL), CR_OK);
    assert_int_equal(n, 3);
    assert_memory_equal(read, note, sizeof note);
    cr_mem_free(read);
  }
  cr_rundb_close(db);
}

/* `corun show` of a run database must print what `corun run` printed. */
static void the_report_is_that_of_the_run(void **state)
{
  struct fixture *f = *state;
  struct cr_arena *arena = cr_arena_new();
  struct cr_summary s;
  write_whole(f);
  assert_int_equal(cr_summary_init(&s, N_RUN, cr_summary_clients(f->workload), 1, arena, NULL), CR_OK);
  for (int i = 0; i < N_RUN; i++)
    assert_int_equal(cr_summarize_run(&f->result[i], f->workload, &load_machine, &s.run[i], NULL), CR_OK);
  s.version = cr_program_version;
  s.git = cr_program_git;
  s.command = "corun run made-up";
  s.scenario = f->scenario.name;
  s.about = f->scenario.about;
  s.seed = UINT64_MAX - 1;
  s.workload_hash = cr_workload_hash(f->workload);
  s.duration_ns = f->scenario.duration_ns;
  s.warmup_ns = f->scenario.warmup_ns;
  static const char *const format[] = {"table", "csv", "json"};
  for (int i = 0; i < 3; i++) {
    struct cr_text want = {0}, got = {0};
    cr_report(&s, (enum cr_format)i, 0, &want);
    assert_int_equal(cr_rundb_show(f->path, format[i], &got, NULL), CR_OK);
    assert_string_equal(got.s, want.s);
    cr_text_fini(&want);
    cr_text_fini(&got);
  }
  cr_arena_free(arena);
}

static void the_report_of_jobs_is_that_of_the_run(void **state)
{
  the_report_is_that_of_the_run(state);
}

static void the_report_of_jobs_beside_clients_is_that_of_the_run(void **state)
{
  the_report_is_that_of_the_run(state);
}

static void the_same_runs_give_the_same_bytes(void **state)
{
  struct fixture *f = *state;
  size_t n[2];
  char *bytes[2];
  for (int i = 0; i < 2; i++) {
    f->path = t_join(t_tmp(), "run.db");
    write_whole(f);
    bytes[i] = t_read(f->path, &n[i]);
  }
  assert_int_equal(n[0], n[1]);
  assert_memory_equal(bytes[0], bytes[1], n[0]);
  t_free(bytes[0]);
  t_free(bytes[1]);
}

static void anyone_can_query_it(void **state)
{
  struct fixture *f = *state;
  sqlite3 *db;
  sqlite3_stmt *q;
  write_whole(f);
  assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
  assert_int_equal(sqlite3_prepare_v2(db, "SELECT policy, client, latency_p99_ns FROM result WHERE class = 'rt'", -1, &q, NULL),
                   SQLITE_OK);
  assert_int_equal(sqlite3_step(q), SQLITE_ROW);
  assert_string_equal((const char *)sqlite3_column_text(q, 0), policy[0]);
  assert_near(sqlite3_column_double(q, 2), 4200000, 4200);
  sqlite3_finalize(q);
  assert_int_equal(sqlite3_prepare_v2(db, "SELECT count(*) FROM ledger JOIN note_kind USING(kind) WHERE name = 'launch'", -1,
                                      &q, NULL), SQLITE_OK);
  assert_int_equal(sqlite3_step(q), SQLITE_ROW);
  assert_int_equal(sqlite3_column_int(q, 0), N_RUN);
  sqlite3_finalize(q);
  sqlite3_close(db);
}

static void every_job_is_a_row_with_its_times(void **state)
{
  struct fixture *f = *state;
  sqlite3 *db;
  sqlite3_stmt *q;
  static const struct {
    const char *name, *outcome;
    int64_t queuing_s, jct_s; /* -1: NULL */
  } want[] = {{"j0", "done", 0, 600}, {"j1", "done", 530, 29 * 60}, {"j2", "rejected", -1, 0},
              {"j3", "out of memory", 0, 10}, {"j4", "done", 1550, 76 * 60}};
  write_whole(f);
  assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
  assert_int_equal(sqlite3_prepare_v2(db, "SELECT job, outcome, queuing_ns / 1000000000, jct_ns / 1000000000, iterations"
                                      " FROM job_time WHERE policy = 'exclusive,order=fifo'", -1, &q, NULL), SQLITE_OK);
  for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
    assert_int_equal(sqlite3_step(q), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(q, 0), want[i].name);
    assert_string_equal((const char *)sqlite3_column_text(q, 1), want[i].outcome);
    assert_int_equal(sqlite3_column_type(q, 2) == SQLITE_NULL, want[i].queuing_s < 0);
    assert_int_equal(sqlite3_column_int64(q, 2), want[i].queuing_s < 0 ? 0 : want[i].queuing_s);
    assert_int_equal(sqlite3_column_int64(q, 3), want[i].jct_s);
    assert_int_equal(sqlite3_column_int64(q, 4), 10);
  }
  assert_int_equal(sqlite3_step(q), SQLITE_DONE);
  sqlite3_finalize(q);
  assert_int_equal(sqlite3_prepare_v2(db, "SELECT count(*), count(declared_ns), count(declared_ephemeral_bytes),"
                                      " (SELECT count(*) FROM client_result), (SELECT count(*) FROM job_result) FROM job", -1,
                                      &q, NULL), SQLITE_OK);
  assert_int_equal(sqlite3_step(q), SQLITE_ROW);
  static const int count[] = {5, 4, 4, 0, 10};
  for (int i = 0; i < 5; i++)
    assert_int_equal(sqlite3_column_int(q, i), count[i]);
  sqlite3_finalize(q);
  sqlite3_close(db);
}

static void an_existing_file_is_refused_unless_forced(void **state)
{
  struct fixture *f = *state;
  struct cr_err err = {0};
  t_write(f->path, "precious");
  assert_null(create(f, 0, &err));
  assert_non_null(strstr(err.text, "run.db: exists already; remove it, choose another name for the run database, or say --force"));
  struct cr_rundb *db = create(f, 1, &err);
  assert_non_null(db);
  char *text = t_read(f->path, NULL);
  assert_string_equal(text, "precious"); /* until the commit */
  t_free(text);
  assert_int_equal(fill(f, db, 0, &err), CR_OK);
  assert_int_equal(cr_rundb_commit(db, &err), CR_OK);
  cr_rundb_close(db);
  assert_int_equal(cr_rundb_open(f->path, &db, &err), CR_OK);
  cr_rundb_close(db);
}

static void without_commit_no_file_is_left(void **state)
{
  struct fixture *f = *state;
  struct cr_rundb *db = create(f, 0, NULL);
  assert_non_null(db);
  assert_int_equal(fill(f, db, 0, NULL), CR_OK);
  cr_rundb_close(db);
  char partial[4200];
  snprintf(partial, sizeof partial, "%s.partial", f->path);
  assert_int_not_equal(access(f->path, F_OK), 0);
  assert_int_not_equal(access(partial, F_OK), 0);
}

static void a_full_disk_is_a_sentence_and_leaves_nothing(void **state)
{
  struct fixture *f = *state;
  struct cr_err err = {0};
  struct rlimit old, small;
  struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
  struct cr_rundb *db = create(f, 0, &err);
  assert_non_null(db);
  getrlimit(RLIMIT_FSIZE, &old);
  small = (struct rlimit){.rlim_cur = 65536, .rlim_max = old.rlim_max};
  sigaction(SIGXFSZ, &ignore, &before);
  setrlimit(RLIMIT_FSIZE, &small);
  int rc = fill(f, db, 200000, &err);
  if (rc == CR_OK)
    rc = cr_rundb_commit(db, &err);
  setrlimit(RLIMIT_FSIZE, &old);
  sigaction(SIGXFSZ, &before, NULL);
  cr_rundb_close(db);
  assert_int_equal(rc, CR_ERUN);
  assert_non_null(strstr(err.text, "run.db: no room to write the run database (File too large)"));
  char partial[4200];
  snprintf(partial, sizeof partial, "%s.partial", f->path);
  assert_int_not_equal(access(f->path, F_OK), 0);
  assert_int_not_equal(access(partial, F_OK), 0);
}

static void check_refused(const char *path, const char *sentence)
{
  struct cr_rundb *db = NULL;
  struct cr_err err = {0};
  assert_int_equal(cr_rundb_open(path, &db, &err), CR_EINPUT);
  if (!strstr(err.text, sentence)) {
    print_error("\"%s\" does not say \"%s\"\n", err.text, sentence);
    fail();
  }
}

static void change(const char *path, const char *sql)
{
  sqlite3 *db;
  assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
  assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
  sqlite3_close(db);
}

static void what_is_no_run_database_is_refused(void **state)
{
  struct fixture *f = *state;
  check_refused(f->path, "No such file");
  t_write(f->path, "duration: 1s\n");
  check_refused(f->path, "is not a run database");
  unlink(f->path);
  change(f->path, "PRAGMA application_id=1668445298; CREATE TABLE x(y)"); /* a trace store */
  check_refused(f->path, "is not a run database, but a trace store");
  change(f->path, "PRAGMA application_id=1668445047"); /* what `corun sweep` writes */
  check_refused(f->path, "is not a run database, but a sweep's");
}

static void damage_and_newer_versions_are_named(void **state)
{
  struct fixture *f = *state;
  struct cr_text text = {0};
  struct cr_err err = {0};
  write_whole(f);
  change(f->path, "DELETE FROM client_result WHERE run = 1");
  assert_int_equal(cr_rundb_show(f->path, "table", &text, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "rows of results are missing"));
  change(f->path, "DELETE FROM ledger WHERE run = 0 AND kind = 7");
  struct cr_rundb *db = NULL;
  assert_int_equal(cr_rundb_open(f->path, &db, &err), CR_OK);
  struct cr_note *read = NULL;
  uint64_t n = 0;
  assert_int_equal(cr_rundb_read_notes(db, 0, &read, &n, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "run 0 has 2 notes in its ledger where 3 were written"));
  cr_rundb_close(db);
  change(f->path, "DELETE FROM provenance WHERE key = 'seed'");
  check_refused(f->path, "its provenance has no seed");
  change(f->path, "PRAGMA user_version = 99");
  check_refused(f->path, "version 99");
  change(f->path, "PRAGMA user_version = 2");
  assert_int_equal(truncate(f->path, 4096), 0);
  check_refused(f->path, "run.db: is damaged");
}

/* Files of before verdicts were kept have no table of them. */
static void verdicts_are_read_again_and_damage_to_them_is_named(void **state)
{
  struct fixture *f = *state;
  static const struct {
    const char *sql, *sentence, *shown;
  } change_to[] = {
    {"DROP TABLE verdict", NULL, NULL},
    {"INSERT INTO verdict VALUES(1, 0, 'refused', 2, 1, 1, 0, 'misses', 1)", NULL,
     "\"admission\":\"refused\",\"demotions\":2,\"restorations\":1,\"demoted\":true,\"stages_without_bound\":0,"
     "\"reason\":\"misses\",\"about\":"},
    {"INSERT INTO verdict VALUES(0, 1, NULL, 0, 0, 0, 3, 'none', NULL)", NULL, "\"stages_without_bound\":3,\"reason\":null"},
    {"INSERT INTO verdict VALUES(7, 0, NULL, 2, 1, 1, 0, 'misses', NULL)", "a verdict is of no client", NULL},
    {"INSERT INTO verdict VALUES(0, 70, NULL, 2, 1, 1, 0, 'misses', NULL)", "a verdict is of no client", NULL},
    {"INSERT INTO verdict VALUES(0, 0, NULL, 2, 1, 1, 0, 'mood', NULL)", "or cannot be", NULL},
    {"INSERT INTO verdict VALUES(0, 0, NULL, -2, 1, 1, 0, 'misses', NULL)", "demotions of table verdict cannot be -2", NULL},
  };
  for (size_t i = 0; i < sizeof change_to / sizeof *change_to; i++) {
    struct cr_text text = {0};
    struct cr_err err = {0};
    write_whole(f);
    change(f->path, change_to[i].sql);
    int rc = cr_rundb_show(f->path, "json", &text, &err);
    if (rc != (change_to[i].sentence ? CR_EINPUT : CR_OK))
      fail_msg("after %s: \"%s\"", change_to[i].sql, err.text);
    if (change_to[i].sentence)
      assert_non_null(strstr(err.text, change_to[i].sentence));
    if (change_to[i].shown)
      assert_non_null(strstr(text.s, change_to[i].shown));
    cr_text_fini(&text);
    unlink(f->path);
  }
}

/* Whatever the schema says: it may have been changed, too. */
static void numbers_that_cannot_be_are_named(void **state)
{
  struct fixture *f = *state;
  static const struct {
    const char *sql, *sentence;
  } damage[] = {
    {"UPDATE client SET deadline_ns = -1", "deadline_ns of table client cannot be -1"},
    {"UPDATE client_result SET requests_done = -7", "requests_done of table client_result cannot be -7"},
    {"UPDATE client_result SET throughput_per_s = 9e999", "throughput_per_s of table client_result cannot be Inf"},
    {"UPDATE distribution SET p99_ns = -1 WHERE run = 1", "p99_ns of table distribution cannot be -1"},
    {"UPDATE run SET ledger_notes = -1", "ledger_notes of table run cannot be -1"},
    {"ALTER TABLE run DROP COLUMN why", "no such column: why"},
    {"UPDATE provenance SET value = '-5' WHERE key = 'warmup_ns'", "a duration or warm-up that is no time"},
    {"UPDATE provenance SET value = 'long' WHERE key = 'duration_ns'", "a duration or warm-up that is no time"},
  };
  for (size_t i = 0; i < sizeof damage / sizeof *damage; i++) {
    struct cr_text text = {0};
    struct cr_err err = {0};
    write_whole(f);
    change(f->path, damage[i].sql);
    int rc = cr_rundb_show(f->path, "json", &text, &err);
    if (rc != CR_EINPUT || !strstr(err.text, damage[i].sentence))
      fail_msg("after %s: %d, \"%s\"", damage[i].sql, rc, err.text);
    cr_text_fini(&text);
    unlink(f->path);
  }
}

/* Rather than memory for as many as are said to be there. */
static void a_ledger_of_too_many_notes_is_damage(void **state)
{
  struct fixture *f = *state;
  struct cr_rundb *db = NULL;
  struct cr_note *read = NULL;
  uint64_t n = 0;
  struct cr_err err = {0};
  write_whole(f);
  change(f->path, "UPDATE run SET ledger_notes = 9223372036854775807");
  assert_int_equal(cr_rundb_open(f->path, &db, &err), CR_OK);
  assert_int_equal(cr_rundb_read_notes(db, 0, &read, &n, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "wrote 9223372036854775807 notes into its ledger, which are not all there"));
  cr_rundb_close(db);
}

static void latencies_below_0_are_damage(void **state)
{
  struct fixture *f = *state;
  struct cr_rundb *db = NULL;
  struct cr_rundb_latencies l;
  struct cr_err err = {0};
  write_whole(f);
  change(f->path, "UPDATE request SET arrive_ns = 20000000, end_ns = 3");
  assert_int_equal(cr_rundb_open(f->path, &db, &err), CR_OK);
  assert_int_equal(cr_rundb_latencies(db, 0, &l, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "is damaged"));
  cr_rundb_close(db);
}

static void damaged_jobs_are_named(void **state)
{
  struct fixture *f = *state;
  static const struct {
    const char *sql, *sentence;
  } damage[] = {
    {"DELETE FROM job_result WHERE run = 1 AND client = 4", "rows of results are missing"},
    {"UPDATE job_result SET outcome = 'well' WHERE run = 0 AND client = 1", "cannot be"},
    {"UPDATE job_result SET end_ns = NULL WHERE run = 0 AND client = 1", "cannot be"},
    {"UPDATE job_result SET ready_ns = -5 WHERE run = 0 AND client = 0", "cannot be"},
    {"UPDATE job_result SET admit_ns = 9000000000000000000 WHERE run = 0 AND client = 0", "cannot be"},
    {"UPDATE job_result SET client = 77 WHERE run = 0 AND client = 0", "cannot be"},
    {"DELETE FROM client WHERE client = 2; UPDATE client SET client = 2000000000 WHERE client = 3", "cannot be"},
    {"DELETE FROM job WHERE client = 4", "rows of results are missing"},
  };
  for (size_t i = 0; i < sizeof damage / sizeof *damage; i++) {
    struct cr_text text = {0};
    struct cr_err err = {0};
    write_whole(f);
    change(f->path, damage[i].sql);
    int rc = cr_rundb_show(f->path, "json", &text, &err);
    if (rc != CR_EINPUT || !strstr(err.text, damage[i].sentence))
      print_error("after %s: \"%s\"\n", damage[i].sql, err.text);
    assert_int_equal(rc, CR_EINPUT);
    assert_non_null(strstr(err.text, damage[i].sentence));
    cr_text_fini(&text);
    unlink(f->path);
  }
}

static void a_run_to_the_end_of_its_jobs_has_no_duration(void **state)
{
  struct fixture *f = *state;
  struct cr_rundb *db = NULL;
  write_whole(f);
  assert_int_equal(cr_rundb_open(f->path, &db, NULL), CR_OK);
  assert_true(cr_rundb_info(db)->duration_ns == CR_NS_NEVER);
  cr_rundb_close(db);
}

static void without_memory_nothing_is_left(void **state)
{
  struct fixture *f = *state;
  char partial[4200];
  snprintf(partial, sizeof partial, "%s.partial", f->path);
  struct cr_rundb *db = NULL;
  for (uint64_t n = 0; !db; n++) {
    assert_true(n < 1000);
    t_fail_allocation_after(n);
    db = create(f, 0, NULL);
    t_allocations_succeed();
    assert_int_equal(access(partial, F_OK) == 0, db != NULL);
  }
  assert_int_equal(fill(f, db, 0, NULL), CR_OK);
  assert_int_equal(cr_rundb_commit(db, NULL), CR_OK);
  cr_rundb_close(db);
  int rc = CR_ENOMEM;
  for (uint64_t n = 0; rc != CR_OK; n++) {
    struct cr_text text = {0};
    struct cr_err err = {0};
    assert_true(n < 1000);
    t_fail_allocation_after(n);
    rc = cr_rundb_show(f->path, "json", &text, &err);
    t_allocations_succeed();
    assert_true(rc == CR_OK || rc == CR_ENOMEM);
    if (rc == CR_OK && text.failed)
      rc = CR_ENOMEM; /* told by the text */
    cr_text_fini(&text);
  }
}

static void without_memory_nothing_is_left_of_jobs(void **state)
{
  without_memory_nothing_is_left(state);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(what_was_written_is_read_again, make, unmake),
    cmocka_unit_test_setup_teardown(the_report_is_that_of_the_run, make, unmake),
    cmocka_unit_test_setup_teardown(the_same_runs_give_the_same_bytes, make, unmake),
    cmocka_unit_test_setup_teardown(anyone_can_query_it, make, unmake),
    cmocka_unit_test_setup_teardown(the_report_of_jobs_is_that_of_the_run, make_jobs, unmake),
    cmocka_unit_test_setup_teardown(the_report_of_jobs_beside_clients_is_that_of_the_run, make_mixed, unmake),
    cmocka_unit_test_setup_teardown(every_job_is_a_row_with_its_times, make_jobs, unmake),
    cmocka_unit_test_setup_teardown(a_run_to_the_end_of_its_jobs_has_no_duration, make_jobs, unmake),
    cmocka_unit_test_setup_teardown(numbers_that_cannot_be_are_named, make, unmake),
    cmocka_unit_test_setup_teardown(a_ledger_of_too_many_notes_is_damage, make, unmake),
    cmocka_unit_test_setup_teardown(latencies_below_0_are_damage, make, unmake),
    cmocka_unit_test_setup_teardown(damaged_jobs_are_named, make_jobs, unmake),
    cmocka_unit_test_setup_teardown(an_existing_file_is_refused_unless_forced, make, unmake),
    cmocka_unit_test_setup_teardown(without_commit_no_file_is_left, make, unmake),
    cmocka_unit_test_setup_teardown(a_full_disk_is_a_sentence_and_leaves_nothing, make, unmake),
    cmocka_unit_test_setup_teardown(what_is_no_run_database_is_refused, make, unmake),
    cmocka_unit_test_setup_teardown(damage_and_newer_versions_are_named, make, unmake),
    cmocka_unit_test_setup_teardown(verdicts_are_read_again_and_damage_to_them_is_named, make, unmake),
    cmocka_unit_test_setup_teardown(without_memory_nothing_is_left, make, unmake),
    cmocka_unit_test_setup_teardown(without_memory_nothing_is_left_of_jobs, make_mixed, unmake),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
