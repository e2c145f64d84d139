/* t_nsys_damage.c - exports of Nsight Systems in which something is missing, lost or wrong, and imports that are stopped. */
#include "config.h"

#include "tests/t.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <unistd.h>

#include "sim/rng.h"
#include "tests/nsys_import.h"

static void what_the_profiler_lost_is_told(void **state)
{
  (void)state;
  struct nsys_import im = nsys_import_new(
    nsys_make(
      NSYS_OLD, &nsys_eager, 1,
      "CREATE TABLE DIAGNOSTIC_EVENT(timestamp INTEGER, timestampType INTEGER, source INTEGER, severity INTEGER, "
      "text TEXT, globalPid INTEGER); INSERT INTO DIAGNOSTIC_EVENT VALUES "
      "(1, 0, 0, 2, 'Number of CUPTI events produced: 12, CUPTI buffers: 1.', 0),"
      "(1, 0, 0, 3, '17 CUDA events were Dropped.', 0);"
      "UPDATE CUPTI_ACTIVITY_KIND_KERNEL SET start = 0, \"end\" = 0 WHERE rowid = 9"),
    NULL);
  nsys_expect_said(&im, "nsys warns: 17 CUDA events were Dropped.");
  nsys_expect_said(&im, "1 records without a time left out");
  assert_null(strstr(im.said.s, "CUPTI buffers"));
  nsys_expect_shown(&im, "m", "17 CUDA events were Dropped.");
  nsys_expect_shown(&im, "m", "\"iterations\":3,\"left_out\":1,\"ops\":8");
  nsys_import_free(&im);
}

static void copies_that_are_not_of_one_device_are_left_out(void **state)
{
  (void)state;
  uint32_t n = 0;
  struct nsys_import im = nsys_import_new(
    nsys_make(NSYS_OLD, &nsys_eager, 1, "UPDATE CUPTI_ACTIVITY_KIND_MEMCPY SET copyKind = 10 WHERE copyKind = 1"),
    NULL);
  nsys_import_ops(&im, "m", &n);
  assert_int_equal(n, NSYS_OPS - 1);
  nsys_expect_said(&im, "4 copies left out: between GPUs");
  nsys_import_free(&im);
}

static void what_cannot_be_is_refused_with_its_row(void **state)
{
  (void)state;
  static const struct {
    const char *sql, *says;
  } bad[] = {
    {"UPDATE CUPTI_ACTIVITY_KIND_KERNEL SET gridX = 0 WHERE rowid = 2",
     "row 2 of CUPTI_ACTIVITY_KIND_KERNEL: gridX is 0"},
    {"UPDATE CUPTI_ACTIVITY_KIND_KERNEL SET gridX = 2000000000, gridY = 3", "its grid or block has too many elements"},
    {"UPDATE CUPTI_ACTIVITY_KIND_KERNEL SET blockZ = 'x'",
     "row 1 of CUPTI_ACTIVITY_KIND_KERNEL: blockZ is 'x' where a whole"},
    {"UPDATE CUPTI_ACTIVITY_KIND_KERNEL SET demangledName = 9999",
     "demangledName is 9999, which StringIds does not have"},
    {"UPDATE CUPTI_ACTIVITY_KIND_KERNEL SET registersPerThread = -1", "registersPerThread is -1, out of range"},
    {"UPDATE CUPTI_ACTIVITY_KIND_KERNEL SET \"end\" = start - 1 WHERE rowid = 4",
     "row 4 of CUPTI_ACTIVITY_KIND_KERNEL: ends before"},
    {"UPDATE CUPTI_ACTIVITY_KIND_KERNEL SET start = 9223372036854775807 WHERE rowid = 4",
     "start is 9223372036854775807"},
    {"UPDATE CUPTI_ACTIVITY_KIND_KERNEL SET \"end\" = \"end\" + 4000 WHERE rowid = 1",
     "begins 1010 ns before row 1 ends, in the same stream 7"},
    {"UPDATE CUPTI_ACTIVITY_KIND_MEMCPY SET bytes = -4 WHERE rowid = 1",
     "row 1 of CUPTI_ACTIVITY_KIND_MEMCPY: bytes is -4"},
    {"UPDATE CUPTI_ACTIVITY_KIND_RUNTIME SET nameId = 2.5 WHERE rowid = 1", "nameId is '2.5' where a whole number"},
    {"UPDATE CUDA_GPU_MEMORY_USAGE_EVENTS SET bytes = 'many'",
     "row 1 of CUDA_GPU_MEMORY_USAGE_EVENTS: bytes is 'many'"},
    {"UPDATE NVTX_EVENTS SET \"end\" = start - 1", "row 1 of NVTX_EVENTS: ends before it starts"},
    {"UPDATE CUPTI_ACTIVITY_KIND_MEMSET SET bytes = -1", "row 1 of CUPTI_ACTIVITY_KIND_MEMSET: bytes is -1"},
    {"UPDATE CUPTI_ACTIVITY_KIND_KERNEL SET clusterX = 1, clusterY = 7, clusterZ = 1 WHERE rowid = 3",
     "row 3 of CUPTI_ACTIVITY_KIND_KERNEL: its grid does not consist of whole clusters"},
    {"DROP TABLE StringIds", "which StringIds does not have"},
    {"DROP TABLE META_DATA_EXPORT", "is a database, but no export of Nsight Systems"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    nsys_expect_refusal(nsys_make(i % 2 ? NSYS_NEW : NSYS_OLD, &nsys_eager, 1, bad[i].sql), NULL, bad[i].says);
}

/* Progress is told in rows, which are counted by the last rowid of each table: here more than there are numbers. */
static void rowids_at_the_end_of_all_numbers_are_no_count(void **state)
{
  (void)state;
  struct nsys_import im = nsys_import_new(
    nsys_make(NSYS_OLD, &nsys_eager, 1,
              "UPDATE CUPTI_ACTIVITY_KIND_KERNEL SET rowid = 9223372036854775807 WHERE rowid ="
              " (SELECT max(rowid) FROM CUPTI_ACTIVITY_KIND_KERNEL)"),
    NULL);
  nsys_expect_eager(&im, "m");
  nsys_import_free(&im);
}

static void files_that_are_no_export_are_refused(void **state)
{
  (void)state;
  struct nsys_path folder = nsys_keep(t_tmp());
  nsys_expect_refusal(folder, NULL, "is no file");
  nsys_expect_refusal(nsys_keep(t_join(folder.s, "none.sqlite")), NULL, "cannot be read: No such file");
  struct nsys_path text = nsys_keep(t_join(folder.s, "x.sqlite")), report = nsys_keep(t_join(folder.s, "x.nsys-rep"));
  t_write(text.s, "start,end\n1,2\n");
  nsys_expect_refusal(text, NULL, "is no SQLite file; make one with `nsys export --type sqlite`");
  t_write(report.s, "QDSTRM");
  nsys_expect_refusal(report, NULL, "is a report; export it first: nsys export --type sqlite");
  struct nsys_path store = nsys_keep(t_join(folder.s, "own.db")), good = nsys_make(NSYS_OLD, &nsys_eager, 1, NULL);
  struct cr_text said = {0};
  uint32_t n;
  struct cr_err err;
  assert_int_equal(nsys_import_try(good.s, store.s, NULL, &said, &n, &err), CR_OK);
  cr_text_fini(&said);
  nsys_expect_refusal(store, NULL, "is a trace store, and no export");
}

static void files_that_another_process_writes_are_named(void **state)
{
  (void)state;
  struct nsys_path file = nsys_make(NSYS_OLD, &nsys_eager, 1, NULL), store = nsys_keep(t_join(t_tmp(), "s.db"));
  const char *path[] = {file.s, store.s};
  static const char *const says[] = {"x.sqlite: another process is writing it; try again when the export is done",
                                     "s.db: another process is writing this store; try again when it is done"};
  struct cr_text said = {0};
  uint32_t n;
  struct cr_err err;
  assert_int_equal(nsys_import_try(file.s, store.s, NULL, &said, &n, &err), CR_OK);
  for (int i = 0; i < 2; i++) {
    sqlite3 *other = NULL;
    const struct cr_nsys_options opt = {.model = "other"};
    assert_int_equal(sqlite3_open(path[i], &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    int rc = nsys_import_try(file.s, store.s, &opt, &said, &n, &err);
    sqlite3_close(other);
    if (rc != CR_EINPUT || !strstr(err.text, says[i]))
      fail_msg("%d, '%s' where '%s' was expected", rc, err.text, says[i]);
  }
  cr_text_fini(&said);
}

static const volatile int stop_now = 1;

static void an_import_can_be_stopped(void **state)
{
  (void)state;
  struct nsys_program p = nsys_eager;
  p.n_iteration = 4000;
  struct nsys_path file = nsys_make(NSYS_OLD, &p, 1, NULL), store = nsys_keep(t_join(t_tmp(), "s.db"));
  const struct cr_nsys_options opt = {.stop = &stop_now};
  struct cr_text said = {0};
  uint32_t n;
  struct cr_err err;
  assert_int_equal(nsys_import_try(file.s, store.s, &opt, &said, &n, &err), CR_EINTR);
  assert_int_not_equal(access(store.s, F_OK), 0);
  cr_text_fini(&said);
}

/* Bytes anywhere: a sentence, or a store, never a crash. */
static void damage_anywhere_is_a_sentence(void **state)
{
  (void)state;
  enum { SEED = 20261128, ROUNDS = 300 };
  struct nsys_path file = nsys_make(NSYS_NEW, &nsys_eager, 1, NULL);
  size_t size;
  char *good = t_read(file.s, &size);
  for (uint32_t i = 0; i < ROUNDS; i++) {
    struct nsys_path bad = nsys_keep(t_join(t_tmp(), "bad.sqlite")), store = nsys_keep(t_join(t_tmp(), "s.db"));
    uint64_t n_damage = 1 + cr_draw(SEED, CR_RNG_TEST, 0, i) % 8;
    size_t cut = i % 5 ? size : (size_t)(cr_draw(SEED, CR_RNG_TEST, 1, i) % size);
    FILE *f = fopen(bad.s, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(good, 1, cut, f), cut);
    for (uint64_t k = 0; k < n_damage; k++) {
      fseek(f, (long)(cr_draw(SEED, CR_RNG_TEST, 2 + (uint32_t)k, i) % (cut ? cut : 1)), SEEK_SET);
      fputc((int)(cr_draw(SEED, CR_RNG_TEST, 20 + (uint32_t)k, i) & 255), f);
    }
    fclose(f);
    struct cr_text said = {0};
    struct cr_err err = {{0}};
    uint32_t n = 0;
    int rc = nsys_import_try(bad.s, store.s, NULL, &said, &n, &err);
    if (rc != CR_OK && (rc != CR_EINPUT || !strstr(err.text, "bad.sqlite")))
      fail_msg("round %u of seed %d: %d, %s", i, SEED, rc, err.text);
    cr_text_fini(&said);
    unlink(bad.s);
    unlink(store.s);
  }
  t_free(good);
}

static void memory_that_runs_out_is_a_sentence(void **state)
{
  (void)state;
  const struct cr_nsys_options opt = {.range = "step"};
  struct nsys_path file = nsys_make(NSYS_NEW, &nsys_eager, 1, NULL);
  int rc = CR_ENOMEM;
  for (uint64_t n = 0; rc != CR_OK; n++) {
    struct nsys_path store = nsys_keep(t_join(t_tmp(), "s.db"));
    struct cr_text said = {0};
    struct cr_err err = {{0}};
    uint32_t n_model;
    assert_true(n < 2000);
    t_fail_allocation_after(n);
    rc = nsys_import_try(file.s, store.s, &opt, &said, &n_model, &err);
    t_allocations_succeed();
    if (rc != CR_OK && rc != CR_ENOMEM)
      fail_msg("allocation %" PRIu64 ": %d, %s", n, rc, err.text);
    cr_text_fini(&said);
    unlink(store.s);
  }
}

int main(void)
{
  const struct CMUnitTest test[] = {
    cmocka_unit_test(what_the_profiler_lost_is_told),
    cmocka_unit_test(copies_that_are_not_of_one_device_are_left_out),
    cmocka_unit_test(what_cannot_be_is_refused_with_its_row),
    cmocka_unit_test(rowids_at_the_end_of_all_numbers_are_no_count),
    cmocka_unit_test(files_that_are_no_export_are_refused),
    cmocka_unit_test(files_that_another_process_writes_are_named),
    cmocka_unit_test(an_import_can_be_stopped),
    cmocka_unit_test(damage_anywhere_is_a_sentence),
    cmocka_unit_test(memory_that_runs_out_is_a_sentence),
  };
  return cmocka_run_group_tests(test, NULL, NULL);
}
