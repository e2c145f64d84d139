/* t_nsys.c - exports of Nsight Systems: programs of which every number is known, in files of the oldest and the newest
 * schema, and traps of the format as cases. */
#include "config.h"

#include "tests/t.h"

#include "tests/nsys_import.h"

/* -- what is read -------------------------------------------------------------------------------------------------- */

static void an_eager_program_is_read_to_the_nanosecond(void **state)
{
  (void)state;
  for (int age = NSYS_OLD; age <= NSYS_NEW; age++) {
    struct nsys_import im = nsys_import_new(nsys_make((enum nsys_age)age, &nsys_eager, 1, NULL), NULL);
    assert_int_equal(im.n_model, 1);
    nsys_expect_eager(&im, "m");
    nsys_expect_shown(&im, "m", "\"class\":\"eager\"");
    nsys_expect_shown(&im, "m", "\"iterations\":4,\"left_out\":0,\"ops\":8");
    nsys_expect_said(&im, "m: 4 iterations of 8 ops (eager), python3 (4711), device 0, stream 7 of priority -1");
    nsys_import_free(&im);
  }
}

static void a_graph_recorded_by_nodes_is_a_replay_an_iteration(void **state)
{
  (void)state;
  struct nsys_program p = nsys_eager;
  p.is_graph = 1;
  for (int age = NSYS_OLD; age <= NSYS_NEW; age++) {
    uint32_t n = 0;
    struct nsys_import im = nsys_import_new(nsys_make((enum nsys_age)age, &p, 1, NULL), NULL);
    const struct cr_op_spec *op = nsys_import_ops(&im, "m", &n);
    assert_int_equal(n, NSYS_OPS);
    nsys_expect_shown(&im, "m", "\"class\":\"graph\"");
    for (uint32_t j = 0; j < n; j++) {
      assert_int_equal(op[j].duration_ns, 1000 + 10 * j);
      assert_int_equal(op[j].launch_ns, CR_NS_NEVER);
      if (j)
        assert_int_equal(op[j].gap_ns, 100);
    }
    nsys_import_free(&im);
  }
}

static void provenance_names_versions_gpu_and_time(void **state)
{
  (void)state;
  struct nsys_import im = nsys_import_new(nsys_make(NSYS_NEW, &nsys_eager, 1, NULL), NULL);
  struct cr_text sql = {0};
  struct cr_err err;
  assert_int_equal(cr_store_export(im.s, &sql, &err), CR_OK);
  assert_non_null(strstr(sql.s, "'nsys 2026.1.1.204, schema 3.24.14'"));
  assert_non_null(strstr(sql.s, "'NVIDIA H200'"));
  assert_non_null(strstr(sql.s, "'2026-09-21T14:13:20Z'")); /* date -u -d @1790000000 */
  cr_text_fini(&sql);
  nsys_import_free(&im);
}

static void memory_is_parted_into_held_and_ephemeral(void **state)
{
  (void)state;
  struct nsys_import im = nsys_import_new(nsys_make(NSYS_NEW, &nsys_eager, 1, NULL), NULL);
  nsys_expect_held(&im, "1146880", "0", "98304");
  nsys_import_free(&im);
  /* Frees of what came before the recording: how much was there is not known, what iterations need is. */
  im = nsys_import_new(nsys_make(NSYS_OLD, &nsys_eager, 1,
                                 "DELETE FROM CUDA_GPU_MEMORY_USAGE_EVENTS WHERE start < 1000000; "
                                 "INSERT INTO CUDA_GPU_MEMORY_USAGE_EVENTS(start, globalPid, deviceId, contextId, "
                                 "address, pc, bytes, memKind, memoryOperationType) "
                                 "SELECT 900000000, globalPid, 0, 1, 4096, 0, 1048576, 2, 1 FROM PROCESSES"),
                       NULL);
  nsys_expect_held(&im, "NULL", "0", "98304");
  nsys_expect_shown(&im, "m", "1 frees of memory from before the recording");
  nsys_import_free(&im);
}

/* -- the traps of the format --------------------------------------------------------------------------------------- */

static void tables_that_are_not_there_have_no_rows(void **state)
{
  (void)state;
  struct nsys_program p = nsys_eager;
  p.with_copies = p.with_ranges = p.with_memory = 0; /* makes no table of copies, memsets, ranges, memory */
  uint32_t n = 0;
  struct nsys_import im =
    nsys_import_new(nsys_make(NSYS_OLD, &p, 1,
                              "DROP TABLE CUPTI_ACTIVITY_KIND_RUNTIME; DROP TABLE TARGET_INFO_GPU; "
                              "DROP TABLE TARGET_INFO_CUDA_STREAM; DROP TABLE PROCESSES; "
                              "DROP TABLE TARGET_INFO_SESSION_START_TIME; "
                              "DROP TABLE TARGET_INFO_CUDA_DEVICE"),
                    NULL);
  const struct cr_op_spec *op = nsys_import_ops(&im, "m", &n);
  assert_int_equal(n, NSYS_KERNELS);
  for (uint32_t j = 0; j < n; j++)
    assert_int_equal(op[j].launch_ns, CR_NS_NEVER);
  nsys_expect_shown(&im, "m", "5 ops without a launch call");
  nsys_import_free(&im);
}

static void rows_need_no_order(void **state)
{
  (void)state;
  static const char *const shuffle =
    "CREATE TABLE k AS SELECT * FROM CUPTI_ACTIVITY_KIND_KERNEL ORDER BY start * 7919 % 1009;"
    "DELETE FROM CUPTI_ACTIVITY_KIND_KERNEL; INSERT INTO CUPTI_ACTIVITY_KIND_KERNEL SELECT * FROM k;"
    "CREATE TABLE r AS SELECT * FROM CUPTI_ACTIVITY_KIND_RUNTIME ORDER BY start DESC;"
    "DELETE FROM CUPTI_ACTIVITY_KIND_RUNTIME; INSERT INTO CUPTI_ACTIVITY_KIND_RUNTIME SELECT * FROM r;"
    "CREATE TABLE m AS SELECT * FROM CUDA_GPU_MEMORY_USAGE_EVENTS ORDER BY address, start DESC;"
    "DELETE FROM CUDA_GPU_MEMORY_USAGE_EVENTS; INSERT INTO CUDA_GPU_MEMORY_USAGE_EVENTS SELECT * FROM m;"
    "CREATE TABLE s AS SELECT * FROM StringIds ORDER BY id DESC; DROP TABLE StringIds;"
    "CREATE TABLE StringIds(value TEXT, id INTEGER); INSERT INTO StringIds(id, value) SELECT id, value FROM s";
  for (int age = NSYS_OLD; age <= NSYS_NEW; age++) {
    struct nsys_import im = nsys_import_new(nsys_make((enum nsys_age)age, &nsys_eager, 1, shuffle), NULL);
    nsys_expect_eager(&im, "m");
    nsys_expect_held(&im, "1146880", "0", "98304");
    nsys_import_free(&im);
  }
}

static void correlation_ids_are_of_one_process(void **state)
{
  (void)state;
  struct nsys_program p[2] = {nsys_eager, nsys_eager};
  p[1].pid = 4712;
  p[1].is_graph = 1; /* its ids mean other calls at other times */
  p[1].start_ns = 1001500;
  struct nsys_import im = nsys_import_new(nsys_make(NSYS_NEW, p, 2, NULL), NULL);
  assert_int_equal(im.n_model, 2);
  nsys_expect_eager(&im, "m.pid4711");
  nsys_expect_shown(&im, "m.pid4711", "\"class\":\"eager\"");
  nsys_expect_shown(&im, "m.pid4712", "\"class\":\"graph\"");
  nsys_expect_shown(&im, "m.pid4712", "\"iterations\":4");
  nsys_import_free(&im);
}

static void process_and_thread_are_parts_of_one_number(void **state)
{
  (void)state;
  /* hw 0xff, so that the number is negative, vm 1, pid 0xabcdef, tid 0x123456. */
  struct nsys_program p = nsys_eager;
  p.pid = 0xabcdef;
  const char *sql = "UPDATE CUPTI_ACTIVITY_KIND_KERNEL SET globalPid = -71587218094817280;"
                    "UPDATE CUPTI_ACTIVITY_KIND_MEMCPY SET globalPid = -71587218094817280;"
                    "UPDATE CUPTI_ACTIVITY_KIND_MEMSET SET globalPid = -71587218094817280;"
                    "UPDATE PROCESSES SET globalPid = -71587218094817280;"
                    "UPDATE CUDA_GPU_MEMORY_USAGE_EVENTS SET globalPid = -71587218094817280;"
                    "UPDATE CUPTI_ACTIVITY_KIND_RUNTIME SET globalTid = -71587218094817280 + 1193046;"
                    "UPDATE NVTX_EVENTS SET globalTid = -71587218094817280 + 1193046";
  struct nsys_import im = nsys_import_new(nsys_make(NSYS_NEW, &p, 1, sql), NULL);
  nsys_expect_eager(&im, "m");
  nsys_expect_said(&im, "python3 (11259375)");
  nsys_import_free(&im);
}

static void kinds_of_memory_go_by_name_not_by_number(void **state)
{
  (void)state;
  /* CUPTI's numbers in place of nsys's, and the table that says so: all is as before. */
  static const char *const renumber =
    "UPDATE CUPTI_ACTIVITY_KIND_MEMCPY SET srcKind = srcKind + 1, dstKind = dstKind + 1;"
    "UPDATE CUPTI_ACTIVITY_KIND_MEMSET SET memKind = memKind + 1;"
    "UPDATE CUDA_GPU_MEMORY_USAGE_EVENTS SET memKind = memKind + 1;"
    "DELETE FROM ENUM_CUDA_MEM_KIND; INSERT INTO ENUM_CUDA_MEM_KIND VALUES "
    "(0, 'CUDA_MEMOPR_MEMORY_KIND_UNKNOWN', ''), (1, 'CUDA_MEMOPR_MEMORY_KIND_PAGEABLE', ''), "
    "(2, 'CUDA_MEMOPR_MEMORY_KIND_PINNED', ''), (3, 'CUDA_MEMOPR_MEMORY_KIND_DEVICE', '')";
  struct nsys_import im = nsys_import_new(nsys_make(NSYS_OLD, &nsys_eager, 1, renumber), NULL);
  nsys_expect_eager(&im, "m");
  nsys_expect_held(&im, "1146880", "0", "98304");
  nsys_import_free(&im);
  /* Without the table nothing is guessed. */
  uint32_t n = 0;
  im = nsys_import_new(nsys_make(NSYS_OLD, &nsys_eager, 1, "DROP TABLE ENUM_CUDA_MEM_KIND"), NULL);
  const struct cr_op_spec *op = nsys_import_ops(&im, "m", &n);
  assert_int_equal(op[0].pageable, CR_UNSAID);
  assert_string_equal(op[0].name, "Memcpy HtoD");
  assert_string_equal(op[NSYS_KERNELS + 1].name, "Memset");
  nsys_expect_held(&im, "NULL", "NULL", "NULL");
  nsys_expect_said(&im, "memory is not known: the export has no ENUM_CUDA_MEM_KIND");
  nsys_import_free(&im);
}

static void names_of_calls_lose_their_version(void **state)
{
  (void)state;
  struct nsys_import im =
    nsys_import_new(nsys_make(NSYS_OLD, &nsys_eager, 1,
                              "UPDATE CUPTI_ACTIVITY_KIND_RUNTIME SET returnValue = 2 WHERE rowid = 2; "
                              "UPDATE CUPTI_ACTIVITY_KIND_RUNTIME SET returnValue = 600 WHERE rowid = 4"),
                    NULL);
  nsys_expect_said(&im, "1 CUDA calls failed, the first cudaLaunchKernel with error 2");
  nsys_import_free(&im);
}

static void a_stream_is_one_of_its_context_and_process(void **state)
{
  (void)state;
  /* Two contexts, each with a stream 7, at the same time. */
  struct nsys_program p[2] = {nsys_eager, nsys_eager};
  p[0].with_memory = p[1].with_memory = 0;
  p[1].context = 2;
  p[1].start_ns += 500;
  struct nsys_file *f;
  struct nsys_path path = nsys_keep(t_join(t_tmp(), "x.sqlite"));
  f = nsys_file_new(path.s, NSYS_NEW);
  assert_non_null(f);
  assert_int_equal(nsys_file_program(f, &p[0]), 0);
  /* The second program of the same process goes on counting. */
  assert_int_equal(nsys_file_program(f, &p[1]), 0);
  assert_int_equal(nsys_file_sql(f, "UPDATE CUPTI_ACTIVITY_KIND_KERNEL SET correlationId = correlationId + 1000 "
                                    "WHERE contextId = 2;"
                                    "UPDATE CUPTI_ACTIVITY_KIND_MEMCPY SET correlationId = correlationId + 1000 "
                                    "WHERE contextId = 2;"
                                    "UPDATE CUPTI_ACTIVITY_KIND_MEMSET SET correlationId = correlationId + 1000 "
                                    "WHERE contextId = 2;"
                                    "UPDATE CUPTI_ACTIVITY_KIND_RUNTIME SET correlationId = correlationId + 1000, "
                                    "globalTid = globalTid + 1 WHERE rowid > 36;"
                                    "UPDATE TARGET_INFO_CUDA_STREAM SET priority = -4 WHERE contextId = 2"),
                   0);
  assert_int_equal(nsys_file_close(f), 0);
  struct nsys_import im = nsys_import_new(path, NULL);
  assert_int_equal(im.n_model, 2);
  nsys_expect_eager(&im, "m.context1.stream7");
  nsys_expect_eager(&im, "m.context2.stream7");
  nsys_expect_shown(&im, "m.context1.stream7", "recorded on stream 7 of priority -1");
  nsys_expect_shown(&im, "m.context2.stream7", "recorded on stream 7 of priority -4");
  nsys_import_free(&im);
}

static void streams_that_take_turns_are_one_model(void **state)
{
  (void)state;
  struct nsys_import im = nsys_import_new(
    nsys_make(NSYS_OLD, &nsys_eager, 1, "UPDATE CUPTI_ACTIVITY_KIND_MEMCPY SET streamId = 13, contextId = 1"), NULL);
  assert_int_equal(im.n_model, 1);
  nsys_expect_eager(&im, "m");
  nsys_expect_said(&im, "stream 7 of priority -1, stream 13");
  nsys_import_free(&im);
}

static void a_stream_without_kernels_that_runs_beside_is_left_out(void **state)
{
  (void)state;
  struct nsys_import im =
    nsys_import_new(nsys_make(NSYS_OLD, &nsys_eager, 1,
                              "UPDATE CUPTI_ACTIVITY_KIND_MEMCPY SET streamId = 13, start = start + 500, "
                              "\"end\" = \"end\" + 5000"),
                    NULL);
  uint32_t n = 0;
  assert_int_equal(im.n_model, 1);
  nsys_import_ops(&im, "m.stream7", &n);
  assert_int_equal(n, NSYS_KERNELS + 1);
  nsys_expect_said(&im, "left out, python3 (4711), device 0, stream 13: 8 copies or memsets and no kernel");
  nsys_import_free(&im);
}

static void waits_for_events_are_told_of_streams_that_are_parted(void **state)
{
  (void)state;
  static const char *const sync =
    "UPDATE CUPTI_ACTIVITY_KIND_MEMCPY SET streamId = 13, start = start + 500, \"end\" = \"end\" + 5000;"
    "CREATE TABLE CUPTI_ACTIVITY_KIND_SYNCHRONIZATION(start INTEGER NOT NULL, end INTEGER NOT NULL, deviceId INTEGER, "
    "contextId INTEGER NOT NULL, streamId INTEGER NOT NULL, correlationId INTEGER, globalPid INTEGER, "
    "syncType INTEGER NOT NULL, eventId INTEGER NOT NULL);"
    "INSERT INTO CUPTI_ACTIVITY_KIND_SYNCHRONIZATION SELECT 1, 2, 0, 1, 7, 1, globalPid, 2, 3 FROM PROCESSES;"
    "INSERT INTO CUPTI_ACTIVITY_KIND_SYNCHRONIZATION SELECT 1, 2, 0, 1, 7, 1, globalPid, 3, 4294967295 FROM PROCESSES;"
    "INSERT INTO CUPTI_ACTIVITY_KIND_SYNCHRONIZATION SELECT 1, 2, 0, 1, 4294967295, 1, globalPid, 4, 4294967295 "
    "FROM PROCESSES";
  struct nsys_import im = nsys_import_new(nsys_make(NSYS_NEW, &nsys_eager, 1, sync), NULL);
  nsys_expect_shown(&im, "m.stream7", "stream 7 waits 1 time for events");
  nsys_import_free(&im);
}

static void a_stream_id_that_does_not_apply_is_none_of_a_kernel(void **state)
{
  (void)state;
  nsys_expect_refusal(
    nsys_make(NSYS_OLD, &nsys_eager, 1, "UPDATE CUPTI_ACTIVITY_KIND_KERNEL SET streamId = 4294967295 WHERE rowid = 3"),
    NULL, "row 3 of CUPTI_ACTIVITY_KIND_KERNEL: streamId is 4294967295, out of range");
}

static void graphs_traced_as_a_whole_are_refused(void **state)
{
  (void)state;
  static const char *const whole =
    "CREATE TABLE CUPTI_ACTIVITY_KIND_GRAPH_TRACE(start INTEGER, end INTEGER, deviceId INTEGER, contextId INTEGER, "
    "streamId INTEGER, correlationId INTEGER, globalPid INTEGER, graphId INTEGER, graphExecId INTEGER);"
    "INSERT INTO CUPTI_ACTIVITY_KIND_GRAPH_TRACE VALUES(1, 2, 0, 1, 7, 1, 0, 1, 1)";
  struct nsys_program none = nsys_eager;
  none.n_iteration = 0;
  for (int age = NSYS_OLD; age <= NSYS_NEW; age++) {
    nsys_expect_refusal(nsys_make((enum nsys_age)age, &nsys_eager, 1, whole), NULL,
                        "record nodes: nsys profile --cuda-graph-trace=node");
    nsys_expect_refusal(nsys_make((enum nsys_age)age, &none, 1, whole), NULL,
                        "record nodes: nsys profile --cuda-graph-trace=node");
  }
}

static void exports_without_kernels_are_refused(void **state)
{
  (void)state;
  struct nsys_program none = nsys_eager;
  none.n_iteration = 0;
  nsys_expect_refusal(nsys_make(NSYS_OLD, &none, 1, NULL), NULL,
                      "has no kernels; record them with nsys profile --trace=cuda");
  nsys_expect_refusal(nsys_make(NSYS_NEW, &nsys_eager, 1, "DELETE FROM CUPTI_ACTIVITY_KIND_KERNEL"), NULL,
                      "has no kernels");
}

static void schemas_that_are_not_known_are_refused(void **state)
{
  (void)state;
  static const struct {
    const char *version, *says;
  } bad[] = {{"3.15.9", "is of schema 3.15.9, and 3.16 is the first that is read"},
             {"2.20.0", "is of schema 2.20.0, and 3.16 is the first"},
             {"4.0.0", "is of schema 4.0.0, which is not known: 3.16 to 3.24 are"},
             {"3", "does not say of which schema it is"},
             {"3.x", "does not say of which schema it is"},
             {"", "does not say of which schema it is"}};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    char sql[160];
    snprintf(sql, sizeof sql, "UPDATE META_DATA_EXPORT SET value = '%s' WHERE name = 'EXPORT_SCHEMA_VERSION'",
             bad[i].version);
    nsys_expect_refusal(nsys_make(NSYS_OLD, &nsys_eager, 1, sql), NULL, bad[i].says);
  }
  nsys_expect_refusal(nsys_make(NSYS_OLD, &nsys_eager, 1, "DELETE FROM META_DATA_EXPORT"), NULL,
                      "does not say of which schema");
  struct nsys_import im =
    nsys_import_new(nsys_make(NSYS_NEW, &nsys_eager, 1,
                              "UPDATE META_DATA_EXPORT SET value = '3.25.1' WHERE name = 'EXPORT_SCHEMA_VERSION'"),
                    NULL);
  nsys_expect_eager(&im, "m");
  nsys_expect_said(&im, "of schema 3.25.1, newer than those known");
  nsys_import_free(&im);
}

static void expect_clusters(struct nsys_import *im, uint32_t want)
{
  uint32_t n = 0;
  const struct cr_op_spec *op = nsys_import_ops(im, "m", &n);
  for (uint32_t j = 0; j < n; j++)
    assert_int_equal(op[j].cluster_blocks, op[j].kind == CR_OP_KERNEL ? want : 0);
}

static void columns_are_bound_by_name_and_those_needed_are_named(void **state)
{
  (void)state;
  nsys_expect_refusal(nsys_make(NSYS_OLD, &nsys_eager, 1,
                                "ALTER TABLE CUPTI_ACTIVITY_KIND_KERNEL RENAME COLUMN registersPerThread TO registers"),
                      NULL, "table CUPTI_ACTIVITY_KIND_KERNEL has no column registersPerThread (schema 3.16.1)");
  /* Those that are not needed, and columns of no meaning, change nothing but what they say. */
  struct nsys_import im =
    nsys_import_new(nsys_make(NSYS_NEW, &nsys_eager, 1,
                              "ALTER TABLE CUPTI_ACTIVITY_KIND_KERNEL DROP COLUMN clusterX; "
                              "ALTER TABLE CUPTI_ACTIVITY_KIND_KERNEL DROP COLUMN greenContextId; "
                              "ALTER TABLE CUPTI_ACTIVITY_KIND_KERNEL ADD COLUMN streamID2 TEXT"),
                    NULL);
  nsys_expect_eager(&im, "m");
  expect_clusters(&im, 0); /* without x it is not known */
  nsys_import_free(&im);
}

static void clusters_and_green_contexts_may_be_there(void **state)
{
  (void)state;
  struct nsys_import im = nsys_import_new(nsys_make(NSYS_NEW, &nsys_eager, 1,
                                                    "UPDATE CUPTI_ACTIVITY_KIND_KERNEL SET clusterX = 2, clusterY = 1, "
                                                    "clusterZ = 1, greenContextId = 3"),
                                          NULL);
  nsys_expect_eager(&im, "m");
  nsys_expect_shown(&im, "m", "recorded on stream 7 of priority -1 in green context 3");
  expect_clusters(&im, 2);
  nsys_import_free(&im);
  im = nsys_import_new(nsys_make(NSYS_OLD, &nsys_eager, 1,
                                 "CREATE TABLE TARGET_INFO_CUDA_CONTEXT_INFO(nullStreamId INTEGER, hwId INTEGER, "
                                 "vmId INTEGER, processId INTEGER, deviceId INTEGER, contextId INTEGER, "
                                 "parentContextId INTEGER, isGreenContext INTEGER); "
                                 "INSERT INTO TARGET_INFO_CUDA_CONTEXT_INFO VALUES(7, 1, 0, 4711, 0, 1, 2, 1)"),
                       NULL);
  nsys_expect_shown(&im, "m", "in green context 1");
  expect_clusters(&im, 0); /* the schema does not say */
  nsys_import_free(&im);
  im = nsys_import_new(nsys_make(NSYS_NEW, &nsys_eager, 1,
                                 "UPDATE CUPTI_ACTIVITY_KIND_KERNEL SET clusterX = 0, clusterY = 0, clusterZ = 0"),
                       NULL);
  expect_clusters(&im, 1); /* none */
  nsys_import_free(&im);
}

int main(void)
{
  const struct CMUnitTest test[] = {
    cmocka_unit_test(an_eager_program_is_read_to_the_nanosecond),
    cmocka_unit_test(a_graph_recorded_by_nodes_is_a_replay_an_iteration),
    cmocka_unit_test(provenance_names_versions_gpu_and_time),
    cmocka_unit_test(memory_is_parted_into_held_and_ephemeral),
    cmocka_unit_test(tables_that_are_not_there_have_no_rows),
    cmocka_unit_test(rows_need_no_order),
    cmocka_unit_test(correlation_ids_are_of_one_process),
    cmocka_unit_test(process_and_thread_are_parts_of_one_number),
    cmocka_unit_test(kinds_of_memory_go_by_name_not_by_number),
    cmocka_unit_test(names_of_calls_lose_their_version),
    cmocka_unit_test(a_stream_is_one_of_its_context_and_process),
    cmocka_unit_test(streams_that_take_turns_are_one_model),
    cmocka_unit_test(a_stream_without_kernels_that_runs_beside_is_left_out),
    cmocka_unit_test(waits_for_events_are_told_of_streams_that_are_parted),
    cmocka_unit_test(a_stream_id_that_does_not_apply_is_none_of_a_kernel),
    cmocka_unit_test(graphs_traced_as_a_whole_are_refused),
    cmocka_unit_test(exports_without_kernels_are_refused),
    cmocka_unit_test(schemas_that_are_not_known_are_refused),
    cmocka_unit_test(columns_are_bound_by_name_and_those_needed_are_named),
    cmocka_unit_test(clusters_and_green_contexts_may_be_there),
  };
  return cmocka_run_group_tests(test, NULL, NULL);
}
