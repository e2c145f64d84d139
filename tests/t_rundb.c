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
  assert_int_equal(cr_summary_init(&s, N_RUN, f->workload->n_client, 1, arena, NULL), CR_OK);
  for (int i = 0; i < N_RUN; i++)
    cr_summarize_run(&f->result[i], f->workload, &load_machine, &s.run[i]);
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
  check_refused(f->path, "is not a run database");
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
  change(f->path, "PRAGMA user_version = 1");
  assert_int_equal(truncate(f->path, 4096), 0);
  check_refused(f->path, "run.db: is damaged");
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

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(what_was_written_is_read_again, make, unmake),
    cmocka_unit_test_setup_teardown(the_report_is_that_of_the_run, make, unmake),
    cmocka_unit_test_setup_teardown(the_same_runs_give_the_same_bytes, make, unmake),
    cmocka_unit_test_setup_teardown(anyone_can_query_it, make, unmake),
    cmocka_unit_test_setup_teardown(an_existing_file_is_refused_unless_forced, make, unmake),
    cmocka_unit_test_setup_teardown(without_commit_no_file_is_left, make, unmake),
    cmocka_unit_test_setup_teardown(a_full_disk_is_a_sentence_and_leaves_nothing, make, unmake),
    cmocka_unit_test_setup_teardown(what_is_no_run_database_is_refused, make, unmake),
    cmocka_unit_test_setup_teardown(damage_and_newer_versions_are_named, make, unmake),
    cmocka_unit_test_setup_teardown(without_memory_nothing_is_left, make, unmake),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
