/* t_nsys.c - exports of Nsight Systems: programs of which every number is known, in files of the oldest and the newest
 * schema, and each trap of the format as a case. */
#include "config.h"

#include "tests/t.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

#include "sim/rng.h"
#include "sim/text.h"
#include "tests/nsys_file.h"
#include "traces/device_file.h"
#include "traces/nsys.h"
#include "traces/store.h"

enum { KERNELS = 5, OPS = KERNELS + 3 };

static const struct nsys_program eager = {.pid = 4711,
                                          .context = 1,
                                          .stream = 7,
                                          .n_iteration = 4,
                                          .n_kernel = KERNELS,
                                          .start_ns = 1000000,
                                          .with_copies = 1,
                                          .with_ranges = 1,
                                          .with_memory = 1};

struct path {
  char s[512];
};

static struct path keep(const char *path)
{
  struct path p;
  snprintf(p.s, sizeof p.s, "%s", path);
  return p;
}

/* A file with those programs, changed by sql (or NULL). */
static struct path make(enum nsys_age age, const struct nsys_program *p, int n, const char *sql)
{
  struct path path = keep(t_join(t_tmp(), "x.sqlite"));
  struct nsys_file *f = nsys_file_new(path.s, age);
  assert_non_null(f);
  for (int i = 0; i < n; i++)
    assert_int_equal(nsys_file_program(f, &p[i]), 0);
  if (sql)
    assert_int_equal(nsys_file_sql(f, sql), 0);
  assert_int_equal(nsys_file_close(f), 0);
  return path;
}

/* -- what an import makes ------------------------------------------------------------------------------------------ */

struct import {
  struct cr_arena *arena;
  struct cr_store *s;
  struct cr_text said;
  uint32_t n_model;
};

static int import(const char *file, const char *store, const struct cr_nsys_options *given, struct cr_text *said,
                  uint32_t *n_model, struct cr_err *err)
{
  struct cr_store *s = NULL;
  struct cr_nsys_options opt = given ? *given : (struct cr_nsys_options){0};
  opt.model = opt.model ? opt.model : "m";
  opt.said = said;
  int rc = cr_store_edit(store, &s, err);
  if (!rc)
    rc = cr_nsys_import(s, file, &opt, n_model, err);
  if (!rc)
    rc = cr_store_commit(s, err);
  cr_store_close(s);
  return rc;
}

static struct import take(struct path file, const struct cr_nsys_options *opt)
{
  struct import im = {.arena = cr_arena_new()};
  struct cr_err err = {{0}};
  struct path store = keep(t_join(t_tmp(), "s.db"));
  if (import(file.s, store.s, opt, &im.said, &im.n_model, &err) || cr_store_open(store.s, &im.s, &err))
    fail_msg("%s", err.text);
  return im;
}

static void drop(struct import *im)
{
  cr_store_close(im->s);
  cr_arena_free(im->arena);
  cr_text_fini(&im->said);
}

static struct cr_op_spec *ops(struct import *im, const char *model, uint32_t *n)
{
  struct cr_op_spec *op = NULL;
  struct cr_err err = {{0}};
  if (cr_store_read_model(im->s, model, im->arena, &op, n, &err))
    fail_msg("%s", err.text);
  return op;
}

/* What `corun show` says of a model, or of all. */
static void expect_shown(struct import *im, const char *model, const char *want)
{
  struct cr_text json = {0};
  struct cr_err err = {{0}};
  if (cr_store_show(im->s, model, "json", &json, &err))
    fail_msg("%s", err.text);
  if (!strstr(json.s, want))
    fail_msg("'%s' is not in %s", want, json.s);
  cr_text_fini(&json);
}

static void expect_said(const struct import *im, const char *want)
{
  if (!im->said.s || !strstr(im->said.s, want))
    fail_msg("'%s' where '%s' was expected", im->said.s ? im->said.s : "", want);
}

/* persistent, ephemeral and framework bytes of m, NULL where they are not known. */
static void expect_held(struct import *im, const char *persistent, const char *ephemeral, const char *framework)
{
  struct cr_text sql = {0};
  struct cr_err err = {{0}};
  char want[80];
  snprintf(want, sizeof want, "NULL,%s,%s,%s,", persistent, ephemeral, framework); /* behind the weights */
  if (cr_store_export(im->s, &sql, &err))
    fail_msg("%s", err.text);
  if (!strstr(sql.s, want))
    fail_msg("'%s' is not in %.600s", want, strstr(sql.s, "INSERT"));
  cr_text_fini(&sql);
}

/* Refused with a sentence that names the file and has want in it; no store is left. */
static void expect_refusal(struct path file, const struct cr_nsys_options *opt, const char *want)
{
  struct cr_err err = {{0}};
  struct cr_text said = {0};
  uint32_t n = 0;
  struct path store = keep(t_join(t_tmp(), "s.db"));
  int rc = import(file.s, store.s, opt, &said, &n, &err);
  if (rc != CR_EINPUT || !strstr(err.text, want) || !strstr(err.text, file.s))
    fail_msg("%d, '%s' where '%s' was expected", rc, err.text, want);
  assert_int_not_equal(access(store.s, F_OK), 0);
  cr_text_fini(&said);
}

/* What an eager program's op j is, worked out from nsys_file.h alone. */
static void expect_op(const struct cr_op_spec *op, uint32_t j)
{
  const int64_t before_ns = j ? 1000 + 10 * (int64_t)(j - 1) : 1000 + 10 * (int64_t)(OPS - 1);
  assert_int_equal(op->duration_ns, 1000 + 10 * j);
  assert_int_equal(op->spread_ns, 0);
  assert_int_equal(op->gap_ns, NSYS_CALL_NS - before_ns + (j ? 0 : NSYS_PAUSE_NS));
  assert_int_equal(op->launch_ns, j ? NSYS_CALL_NS : 0);
  assert_int_equal(op->calls, j ? 1 : 0); /* those before its own */
  if (j >= 1 && j <= KERNELS) {
    char name[32];
    uint32_t k = j - 1;
    snprintf(name, sizeof name, "kernel%u(float*)", k);
    assert_string_equal(op->name, name);
    assert_int_equal(op->kind, CR_OP_KERNEL);
    assert_int_equal(op->blocks, 2 * (1 + k));
    assert_int_equal(op->threads, 128);
    assert_int_equal(op->regs, 32 + k);
    assert_int_equal(op->smem_bytes, 1024 + 16 * k);
    assert_int_equal(op->carveout_bytes, 32768);
  } else if (j == KERNELS + 1) {
    assert_string_equal(op->name, "Memset (Device)");
    assert_int_equal(op->kind, CR_OP_MEMSET);
    assert_int_equal(op->bytes, 512);
  } else {
    assert_string_equal(op->name, j ? "Memcpy DtoH (Device -> Pageable)" : "Memcpy HtoD (Pinned -> Device)");
    assert_int_equal(op->kind, j ? CR_OP_COPY_D2H : CR_OP_COPY_H2D);
    assert_int_equal(op->pageable, j ? CR_YES : CR_NO);
    assert_int_equal(op->bytes, 4096);
  }
}

static void expect_eager(struct import *im, const char *model)
{
  uint32_t n = 0;
  const struct cr_op_spec *op = ops(im, model, &n);
  assert_int_equal(n, OPS);
  for (uint32_t j = 0; j < n; j++)
    expect_op(&op[j], j);
}

/* -- what is read -------------------------------------------------------------------------------------------------- */

static void an_eager_program_is_read_to_the_nanosecond(void **state)
{
  (void)state;
  for (int age = NSYS_OLD; age <= NSYS_NEW; age++) {
    struct import im = take(make((enum nsys_age)age, &eager, 1, NULL), NULL);
    assert_int_equal(im.n_model, 1);
    expect_eager(&im, "m");
    expect_shown(&im, "m", "\"class\":\"eager\"");
    expect_shown(&im, "m", "\"iterations\":4,\"left_out\":0,\"ops\":8");
    expect_said(&im, "m: 4 iterations of 8 ops (eager), python3 (4711), device 0, stream 7 of priority -1");
    drop(&im);
  }
}

static void a_graph_recorded_by_nodes_is_a_replay_an_iteration(void **state)
{
  (void)state;
  struct nsys_program p = eager;
  p.is_graph = 1;
  for (int age = NSYS_OLD; age <= NSYS_NEW; age++) {
    uint32_t n = 0;
    struct import im = take(make((enum nsys_age)age, &p, 1, NULL), NULL);
    const struct cr_op_spec *op = ops(&im, "m", &n);
    assert_int_equal(n, OPS);
    expect_shown(&im, "m", "\"class\":\"graph\"");
    for (uint32_t j = 0; j < n; j++) {
      assert_int_equal(op[j].duration_ns, 1000 + 10 * j);
      assert_int_equal(op[j].launch_ns, CR_NS_NEVER);
      if (j)
        assert_int_equal(op[j].gap_ns, 100);
    }
    drop(&im);
  }
}

static void provenance_names_versions_gpu_and_time(void **state)
{
  (void)state;
  struct import im = take(make(NSYS_NEW, &eager, 1, NULL), NULL);
  struct cr_text sql = {0};
  struct cr_err err;
  assert_int_equal(cr_store_export(im.s, &sql, &err), CR_OK);
  assert_non_null(strstr(sql.s, "'nsys 2026.1.1.204, schema 3.24.14'"));
  assert_non_null(strstr(sql.s, "'NVIDIA H200'"));
  assert_non_null(strstr(sql.s, "'2026-09-21T14:13:20Z'")); /* date -u -d @1790000000 */
  cr_text_fini(&sql);
  drop(&im);
}

static void memory_is_parted_into_held_and_ephemeral(void **state)
{
  (void)state;
  struct import im = take(make(NSYS_NEW, &eager, 1, NULL), NULL);
  expect_held(&im, "1146880", "0", "98304");
  drop(&im);
  /* Frees of what came before the recording: how much was there is not known, what iterations need is. */
  im = take(make(NSYS_OLD, &eager, 1,
                 "DELETE FROM CUDA_GPU_MEMORY_USAGE_EVENTS WHERE start < 1000000; "
                 "INSERT INTO CUDA_GPU_MEMORY_USAGE_EVENTS(start, globalPid, deviceId, contextId, "
                 "address, pc, bytes, memKind, memoryOperationType) "
                 "SELECT 900000000, globalPid, 0, 1, 4096, 0, 1048576, 2, 1 FROM PROCESSES"),
            NULL);
  expect_held(&im, "NULL", "0", "98304");
  expect_shown(&im, "m", "1 frees of memory from before the recording");
  drop(&im);
}

/* -- the traps of the format --------------------------------------------------------------------------------------- */

static void tables_that_are_not_there_have_no_rows(void **state)
{
  (void)state;
  struct nsys_program p = eager;
  p.with_copies = p.with_ranges = p.with_memory = 0; /* makes no table of copies, memsets, ranges, memory */
  uint32_t n = 0;
  struct import im = take(make(NSYS_OLD, &p, 1,
                               "DROP TABLE CUPTI_ACTIVITY_KIND_RUNTIME; DROP TABLE TARGET_INFO_GPU; "
                               "DROP TABLE TARGET_INFO_CUDA_STREAM; DROP TABLE PROCESSES; "
                               "DROP TABLE TARGET_INFO_SESSION_START_TIME; "
                               "DROP TABLE TARGET_INFO_CUDA_DEVICE"),
                          NULL);
  const struct cr_op_spec *op = ops(&im, "m", &n);
  assert_int_equal(n, KERNELS);
  for (uint32_t j = 0; j < n; j++)
    assert_int_equal(op[j].launch_ns, CR_NS_NEVER);
  expect_shown(&im, "m", "5 ops without a launch call");
  drop(&im);
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
    struct import im = take(make((enum nsys_age)age, &eager, 1, shuffle), NULL);
    expect_eager(&im, "m");
    expect_held(&im, "1146880", "0", "98304");
    drop(&im);
  }
}

static void correlation_ids_are_of_one_process(void **state)
{
  (void)state;
  struct nsys_program p[2] = {eager, eager};
  p[1].pid = 4712;
  p[1].is_graph = 1; /* its ids mean other calls at other times */
  p[1].start_ns = 1001500;
  struct import im = take(make(NSYS_NEW, p, 2, NULL), NULL);
  assert_int_equal(im.n_model, 2);
  expect_eager(&im, "m.pid4711");
  expect_shown(&im, "m.pid4711", "\"class\":\"eager\"");
  expect_shown(&im, "m.pid4712", "\"class\":\"graph\"");
  expect_shown(&im, "m.pid4712", "\"iterations\":4");
  drop(&im);
}

static void process_and_thread_are_parts_of_one_number(void **state)
{
  (void)state;
  /* hw 0xff, so that the number is negative, vm 1, pid 0xabcdef, tid 0x123456. */
  struct nsys_program p = eager;
  p.pid = 0xabcdef;
  const char *sql = "UPDATE CUPTI_ACTIVITY_KIND_KERNEL SET globalPid = -71587218094817280;"
                    "UPDATE CUPTI_ACTIVITY_KIND_MEMCPY SET globalPid = -71587218094817280;"
                    "UPDATE CUPTI_ACTIVITY_KIND_MEMSET SET globalPid = -71587218094817280;"
                    "UPDATE PROCESSES SET globalPid = -71587218094817280;"
                    "UPDATE CUDA_GPU_MEMORY_USAGE_EVENTS SET globalPid = -71587218094817280;"
                    "UPDATE CUPTI_ACTIVITY_KIND_RUNTIME SET globalTid = -71587218094817280 + 1193046;"
                    "UPDATE NVTX_EVENTS SET globalTid = -71587218094817280 + 1193046";
  struct import im = take(make(NSYS_NEW, &p, 1, sql), NULL);
  expect_eager(&im, "m");
  expect_said(&im, "python3 (11259375)");
  drop(&im);
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
  struct import im = take(make(NSYS_OLD, &eager, 1, renumber), NULL);
  expect_eager(&im, "m");
  expect_held(&im, "1146880", "0", "98304");
  drop(&im);
  /* Without the table nothing is guessed. */
  uint32_t n = 0;
  im = take(make(NSYS_OLD, &eager, 1, "DROP TABLE ENUM_CUDA_MEM_KIND"), NULL);
  const struct cr_op_spec *op = ops(&im, "m", &n);
  assert_int_equal(op[0].pageable, CR_UNSAID);
  assert_string_equal(op[0].name, "Memcpy HtoD");
  assert_string_equal(op[KERNELS + 1].name, "Memset");
  expect_held(&im, "NULL", "NULL", "NULL");
  expect_said(&im, "memory is not known: the export has no ENUM_CUDA_MEM_KIND");
  drop(&im);
}

static void names_of_calls_lose_their_version(void **state)
{
  (void)state;
  struct import im = take(make(NSYS_OLD, &eager, 1,
                               "UPDATE CUPTI_ACTIVITY_KIND_RUNTIME SET returnValue = 2 WHERE rowid = 2; "
                               "UPDATE CUPTI_ACTIVITY_KIND_RUNTIME SET returnValue = 600 WHERE rowid = 4"),
                          NULL);
  expect_said(&im, "1 CUDA calls failed, the first cudaLaunchKernel with error 2");
  drop(&im);
}

static void a_stream_is_one_of_its_context_and_process(void **state)
{
  (void)state;
  /* Two contexts, each with a stream 7, at the same time. */
  struct nsys_program p[2] = {eager, eager};
  p[0].with_memory = p[1].with_memory = 0;
  p[1].context = 2;
  p[1].start_ns += 500;
  struct nsys_file *f;
  struct path path = keep(t_join(t_tmp(), "x.sqlite"));
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
  struct import im = take(path, NULL);
  assert_int_equal(im.n_model, 2);
  expect_eager(&im, "m.context1.stream7");
  expect_eager(&im, "m.context2.stream7");
  expect_shown(&im, "m.context1.stream7", "recorded on stream 7 of priority -1");
  expect_shown(&im, "m.context2.stream7", "recorded on stream 7 of priority -4");
  drop(&im);
}

static void streams_that_take_turns_are_one_model(void **state)
{
  (void)state;
  struct import im =
    take(make(NSYS_OLD, &eager, 1, "UPDATE CUPTI_ACTIVITY_KIND_MEMCPY SET streamId = 13, contextId = 1"), NULL);
  assert_int_equal(im.n_model, 1);
  expect_eager(&im, "m");
  expect_said(&im, "stream 7 of priority -1, stream 13");
  drop(&im);
}

static void a_stream_without_kernels_that_runs_beside_is_left_out(void **state)
{
  (void)state;
  struct import im = take(make(NSYS_OLD, &eager, 1,
                               "UPDATE CUPTI_ACTIVITY_KIND_MEMCPY SET streamId = 13, start = start + 500, "
                               "\"end\" = \"end\" + 5000"),
                          NULL);
  uint32_t n = 0;
  assert_int_equal(im.n_model, 1);
  ops(&im, "m.stream7", &n);
  assert_int_equal(n, KERNELS + 1);
  expect_said(&im, "left out, python3 (4711), device 0, stream 13: 8 copies or memsets and no kernel");
  drop(&im);
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
  struct import im = take(make(NSYS_NEW, &eager, 1, sync), NULL);
  expect_shown(&im, "m.stream7", "stream 7 waits 1 time for events");
  drop(&im);
}

static void a_stream_id_that_does_not_apply_is_none_of_a_kernel(void **state)
{
  (void)state;
  expect_refusal(
    make(NSYS_OLD, &eager, 1, "UPDATE CUPTI_ACTIVITY_KIND_KERNEL SET streamId = 4294967295 WHERE rowid = 3"), NULL,
    "row 3 of CUPTI_ACTIVITY_KIND_KERNEL: streamId is 4294967295, out of range");
}

static void graphs_traced_as_a_whole_are_refused(void **state)
{
  (void)state;
  static const char *const whole =
    "CREATE TABLE CUPTI_ACTIVITY_KIND_GRAPH_TRACE(start INTEGER, end INTEGER, deviceId INTEGER, contextId INTEGER, "
    "streamId INTEGER, correlationId INTEGER, globalPid INTEGER, graphId INTEGER, graphExecId INTEGER);"
    "INSERT INTO CUPTI_ACTIVITY_KIND_GRAPH_TRACE VALUES(1, 2, 0, 1, 7, 1, 0, 1, 1)";
  struct nsys_program none = eager;
  none.n_iteration = 0;
  for (int age = NSYS_OLD; age <= NSYS_NEW; age++) {
    expect_refusal(make((enum nsys_age)age, &eager, 1, whole), NULL,
                   "record nodes: nsys profile --cuda-graph-trace=node");
    expect_refusal(make((enum nsys_age)age, &none, 1, whole), NULL,
                   "record nodes: nsys profile --cuda-graph-trace=node");
  }
}

static void exports_without_kernels_are_refused(void **state)
{
  (void)state;
  struct nsys_program none = eager;
  none.n_iteration = 0;
  expect_refusal(make(NSYS_OLD, &none, 1, NULL), NULL, "has no kernels; record them with nsys profile --trace=cuda");
  expect_refusal(make(NSYS_NEW, &eager, 1, "DELETE FROM CUPTI_ACTIVITY_KIND_KERNEL"), NULL, "has no kernels");
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
    expect_refusal(make(NSYS_OLD, &eager, 1, sql), NULL, bad[i].says);
  }
  expect_refusal(make(NSYS_OLD, &eager, 1, "DELETE FROM META_DATA_EXPORT"), NULL, "does not say of which schema");
  struct import im =
    take(make(NSYS_NEW, &eager, 1, "UPDATE META_DATA_EXPORT SET value = '3.25.1' WHERE name = 'EXPORT_SCHEMA_VERSION'"),
         NULL);
  expect_eager(&im, "m");
  expect_said(&im, "of schema 3.25.1, newer than those known");
  drop(&im);
}

static void expect_clusters(struct import *im, uint32_t want)
{
  uint32_t n = 0;
  const struct cr_op_spec *op = ops(im, "m", &n);
  for (uint32_t j = 0; j < n; j++)
    assert_int_equal(op[j].cluster_blocks, op[j].kind == CR_OP_KERNEL ? want : 0);
}

static void columns_are_bound_by_name_and_those_needed_are_named(void **state)
{
  (void)state;
  expect_refusal(
    make(NSYS_OLD, &eager, 1, "ALTER TABLE CUPTI_ACTIVITY_KIND_KERNEL RENAME COLUMN registersPerThread TO registers"),
    NULL, "table CUPTI_ACTIVITY_KIND_KERNEL has no column registersPerThread (schema 3.16.1)");
  /* Those that are not needed, and columns of no meaning, change nothing but what they say. */
  struct import im = take(make(NSYS_NEW, &eager, 1,
                               "ALTER TABLE CUPTI_ACTIVITY_KIND_KERNEL DROP COLUMN clusterX; "
                               "ALTER TABLE CUPTI_ACTIVITY_KIND_KERNEL DROP COLUMN greenContextId; "
                               "ALTER TABLE CUPTI_ACTIVITY_KIND_KERNEL ADD COLUMN streamID2 TEXT"),
                          NULL);
  expect_eager(&im, "m");
  expect_clusters(&im, 0); /* without x it is not known */
  drop(&im);
}

static void clusters_and_green_contexts_may_be_there(void **state)
{
  (void)state;
  struct import im = take(make(NSYS_NEW, &eager, 1,
                               "UPDATE CUPTI_ACTIVITY_KIND_KERNEL SET clusterX = 2, clusterY = 1, "
                               "clusterZ = 1, greenContextId = 3"),
                          NULL);
  expect_eager(&im, "m");
  expect_shown(&im, "m", "recorded on stream 7 of priority -1 in green context 3");
  expect_clusters(&im, 2);
  drop(&im);
  im = take(make(NSYS_OLD, &eager, 1,
                 "CREATE TABLE TARGET_INFO_CUDA_CONTEXT_INFO(nullStreamId INTEGER, hwId INTEGER, "
                 "vmId INTEGER, processId INTEGER, deviceId INTEGER, contextId INTEGER, "
                 "parentContextId INTEGER, isGreenContext INTEGER); "
                 "INSERT INTO TARGET_INFO_CUDA_CONTEXT_INFO VALUES(7, 1, 0, 4711, 0, 1, 2, 1)"),
            NULL);
  expect_shown(&im, "m", "in green context 1");
  expect_clusters(&im, 0); /* the schema does not say */
  drop(&im);
  im = take(make(NSYS_NEW, &eager, 1, "UPDATE CUPTI_ACTIVITY_KIND_KERNEL SET clusterX = 0, clusterY = 0, clusterZ = 0"),
            NULL);
  expect_clusters(&im, 1); /* none */
  drop(&im);
}

/* -- NVTX ---------------------------------------------------------------------------------------------------------- */

static void ranges_are_iterations_and_those_within_stages(void **state)
{
  (void)state;
  const struct cr_nsys_options by_step = {.range = "step"}; /* it is named by textId */
  for (int age = NSYS_OLD; age <= NSYS_NEW; age++) {
    uint32_t n = 0;
    struct import im = take(make((enum nsys_age)age, &eager, 1, NULL), &by_step);
    const struct cr_op_spec *op = ops(&im, "m", &n);
    expect_eager(&im, "m");
    for (uint32_t j = 0; j < n; j++)
      assert_int_equal(op[j].stage, j >= OPS / 2);
    expect_shown(&im, "m", "2 stages by NVTX ranges: conv, fc");
    expect_shown(&im, "m", "\"iterations\":4,\"left_out\":0,\"ops\":8");
    drop(&im);
  }
}

static void ranges_count_by_their_launch_calls_not_by_when_kernels_run(void **state)
{
  (void)state;
  /* Without "conv" and "fc", and a range that ends before most of its kernels have begun. */
  const struct cr_nsys_options opt = {.range = "step"};
  struct import im = take(make(NSYS_NEW, &eager, 1,
                               "DELETE FROM NVTX_EVENTS WHERE text IN ('conv', 'fc');"
                               "UPDATE NVTX_EVENTS SET \"end\" = start + 7 * 4000"),
                          &opt);
  expect_eager(&im, "m");
  drop(&im);
  /* One that ends before the last launch has an op less. */
  uint32_t n = 0;
  im =
    take(make(NSYS_NEW, &eager, 1, "UPDATE NVTX_EVENTS SET \"end\" = start + 7 * 4000 - 1 WHERE text IS NULL"), &opt);
  ops(&im, "m", &n);
  assert_int_equal(n, OPS - 1);
  drop(&im);
}

static void other_iterations_are_left_out_by_their_content(void **state)
{
  (void)state;
  /* The second iteration lacks a kernel. */
  const struct cr_nsys_options opt = {.range = "step"};
  struct import im = take(make(NSYS_NEW, &eager, 1, "DELETE FROM CUPTI_ACTIVITY_KIND_KERNEL WHERE rowid = 7"), &opt);
  expect_shown(&im, "m", "\"iterations\":3,\"left_out\":1,\"ops\":8");
  drop(&im);
}

static void ranges_left_open_are_counted(void **state)
{
  (void)state;
  const struct cr_nsys_options opt = {.range = "step"};
  struct import im = take(make(NSYS_NEW, &eager, 1,
                               "INSERT INTO NVTX_EVENTS(start, end, eventType, text, globalTid) "
                               "SELECT 1, 99999999999, 35, 'step', globalTid FROM NVTX_EVENTS LIMIT 1;"
                               "INSERT INTO NVTX_EVENTS(start, end, eventType, text, globalTid) "
                               "SELECT 2, NULL, 59, 'step', globalTid FROM NVTX_EVENTS LIMIT 1;"
                               "INSERT INTO NVTX_EVENTS(start, end, eventType, text, globalTid) "
                               "SELECT 2, NULL, 34, 'mark', globalTid FROM NVTX_EVENTS LIMIT 1"),
                          &opt);
  expect_eager(&im, "m");
  expect_said(&im, "2 NVTX ranges left out: they had no end");
  drop(&im);
}

static void a_name_has_its_domain_and_may_end_in_a_star(void **state)
{
  (void)state;
  static const char *const in_domain =
    "UPDATE NVTX_EVENTS SET domainId = 5; UPDATE NVTX_EVENTS SET text = 'step ' || start WHERE text IS NULL;"
    "INSERT INTO NVTX_EVENTS(start, eventType, text, globalTid, domainId) "
    "SELECT 0, 75, 'serve', globalTid, 5 FROM NVTX_EVENTS LIMIT 1";
  struct cr_nsys_options opt = {.range = "step *"};
  struct import im = take(make(NSYS_NEW, &eager, 1, in_domain), &opt);
  expect_eager(&im, "m");
  drop(&im);
  opt.range = "conv";
  expect_refusal(make(NSYS_NEW, &eager, 1, in_domain), &opt, "has no NVTX range conv; ");
  opt.range = "conv@serve";
  uint32_t n = 0;
  im = take(make(NSYS_NEW, &eager, 1, in_domain), &opt);
  ops(&im, "m", &n);
  assert_int_equal(n, OPS / 2);
  drop(&im);
}

static void ranges_of_any_thread_are_iterations_too(void **state)
{
  (void)state;
  const struct cr_nsys_options opt = {.range = "step"};
  struct import im = take(make(NSYS_NEW, &eager, 1,
                               "UPDATE NVTX_EVENTS SET eventType = 60, globalTid = globalTid + 1 "
                               "WHERE text IS NULL"),
                          &opt);
  expect_eager(&im, "m");
  drop(&im);
  /* A push and pop of another thread holds none of the calls. */
  expect_refusal(make(NSYS_NEW, &eager, 1, "UPDATE NVTX_EVENTS SET globalTid = globalTid + 1"), &opt,
                 "no kernel was launched within a range step");
}

static void ranges_that_overlap_are_no_iterations(void **state)
{
  (void)state;
  /* One around all of the run, and within it two more, around a launch call each. */
  const struct cr_nsys_options opt = {.range = "step"};
  expect_refusal(make(NSYS_NEW, &eager, 1,
                      "DELETE FROM NVTX_EVENTS;"
                      "INSERT INTO NVTX_EVENTS(start, end, eventType, text, globalTid) "
                      "SELECT 1000000, 2000000, 60, 'step', max(globalTid) "
                      "FROM CUPTI_ACTIVITY_KIND_RUNTIME;"
                      "INSERT INTO NVTX_EVENTS(start, end, eventType, text, globalTid) "
                      "SELECT start, \"end\", 60, 'step', globalTid "
                      "FROM CUPTI_ACTIVITY_KIND_RUNTIME WHERE correlationId IN (3, 5)"),
                 &opt, "kernels of other ranges run between those of each range step");
}

static void ranges_that_are_not_there_are_named(void **state)
{
  (void)state;
  struct cr_nsys_options opt = {.range = "stepp"};
  expect_refusal(make(NSYS_NEW, &eager, 1, NULL), &opt, "has no NVTX range stepp; did you mean step");
  expect_refusal(make(NSYS_NEW, &eager, 1, "DROP TABLE NVTX_EVENTS"), &opt, "has no NVTX ranges; record them");
  opt.range = "step";
  expect_refusal(make(NSYS_NEW, &eager, 1, "DROP TABLE CUPTI_ACTIVITY_KIND_RUNTIME"), &opt,
                 "has no launch calls, by which kernels belong to ranges");
}

/* -- what is missing or wrong -------------------------------------------------------------------------------------- */

static void what_the_profiler_lost_is_told(void **state)
{
  (void)state;
  struct import im = take(
    make(NSYS_OLD, &eager, 1,
         "CREATE TABLE DIAGNOSTIC_EVENT(timestamp INTEGER, timestampType INTEGER, source INTEGER, severity INTEGER, "
         "text TEXT, globalPid INTEGER); INSERT INTO DIAGNOSTIC_EVENT VALUES "
         "(1, 0, 0, 2, 'Number of CUPTI events produced: 12, CUPTI buffers: 1.', 0),"
         "(1, 0, 0, 3, '17 CUDA events were Dropped.', 0);"
         "UPDATE CUPTI_ACTIVITY_KIND_KERNEL SET start = 0, \"end\" = 0 WHERE rowid = 9"),
    NULL);
  expect_said(&im, "nsys warns: 17 CUDA events were Dropped.");
  expect_said(&im, "1 records without a time left out");
  assert_null(strstr(im.said.s, "CUPTI buffers"));
  expect_shown(&im, "m", "17 CUDA events were Dropped.");
  expect_shown(&im, "m", "\"iterations\":3,\"left_out\":1,\"ops\":8");
  drop(&im);
}

static void copies_that_are_not_of_one_device_are_left_out(void **state)
{
  (void)state;
  uint32_t n = 0;
  struct import im =
    take(make(NSYS_OLD, &eager, 1, "UPDATE CUPTI_ACTIVITY_KIND_MEMCPY SET copyKind = 10 WHERE copyKind = 1"), NULL);
  ops(&im, "m", &n);
  assert_int_equal(n, OPS - 1);
  expect_said(&im, "4 copies left out: between GPUs");
  drop(&im);
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
    expect_refusal(make(i % 2 ? NSYS_NEW : NSYS_OLD, &eager, 1, bad[i].sql), NULL, bad[i].says);
}

static void files_that_are_no_export_are_refused(void **state)
{
  (void)state;
  struct path folder = keep(t_tmp());
  expect_refusal(folder, NULL, "is no file");
  expect_refusal(keep(t_join(folder.s, "none.sqlite")), NULL, "cannot be read: No such file");
  struct path text = keep(t_join(folder.s, "x.sqlite")), report = keep(t_join(folder.s, "x.nsys-rep"));
  t_write(text.s, "start,end\n1,2\n");
  expect_refusal(text, NULL, "is no SQLite file; make one with `nsys export --type sqlite`");
  t_write(report.s, "QDSTRM");
  expect_refusal(report, NULL, "is a report; export it first: nsys export --type sqlite");
  struct path store = keep(t_join(folder.s, "own.db")), good = make(NSYS_OLD, &eager, 1, NULL);
  struct cr_text said = {0};
  uint32_t n;
  struct cr_err err;
  assert_int_equal(import(good.s, store.s, NULL, &said, &n, &err), CR_OK);
  cr_text_fini(&said);
  expect_refusal(store, NULL, "is a trace store, and no export");
}

static void files_that_another_process_writes_are_named(void **state)
{
  (void)state;
  struct path file = make(NSYS_OLD, &eager, 1, NULL), store = keep(t_join(t_tmp(), "s.db"));
  const char *path[] = {file.s, store.s};
  static const char *const says[] = {"x.sqlite: another process is writing it; try again when the export is done",
                                     "s.db: another process is writing this store; try again when it is done"};
  struct cr_text said = {0};
  uint32_t n;
  struct cr_err err;
  assert_int_equal(import(file.s, store.s, NULL, &said, &n, &err), CR_OK);
  for (int i = 0; i < 2; i++) {
    sqlite3 *other = NULL;
    const struct cr_nsys_options opt = {.model = "other"};
    assert_int_equal(sqlite3_open(path[i], &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    int rc = import(file.s, store.s, &opt, &said, &n, &err);
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
  struct nsys_program p = eager;
  p.n_iteration = 4000;
  struct path file = make(NSYS_OLD, &p, 1, NULL), store = keep(t_join(t_tmp(), "s.db"));
  const struct cr_nsys_options opt = {.stop = &stop_now};
  struct cr_text said = {0};
  uint32_t n;
  struct cr_err err;
  assert_int_equal(import(file.s, store.s, &opt, &said, &n, &err), CR_EINTR);
  assert_int_not_equal(access(store.s, F_OK), 0);
  cr_text_fini(&said);
}

/* Bytes anywhere: a sentence, or a store, never a crash. */
static void damage_anywhere_is_a_sentence(void **state)
{
  (void)state;
  enum { SEED = 20261128, ROUNDS = 300 };
  struct path file = make(NSYS_NEW, &eager, 1, NULL);
  size_t size;
  char *good = t_read(file.s, &size);
  for (uint32_t i = 0; i < ROUNDS; i++) {
    struct path bad = keep(t_join(t_tmp(), "bad.sqlite")), store = keep(t_join(t_tmp(), "s.db"));
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
    int rc = import(bad.s, store.s, NULL, &said, &n, &err);
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
  struct path file = make(NSYS_NEW, &eager, 1, NULL);
  int rc = CR_ENOMEM;
  for (uint64_t n = 0; rc != CR_OK; n++) {
    struct path store = keep(t_join(t_tmp(), "s.db"));
    struct cr_text said = {0};
    struct cr_err err = {{0}};
    uint32_t n_model;
    assert_true(n < 2000);
    t_fail_allocation_after(n);
    rc = import(file.s, store.s, &opt, &said, &n_model, &err);
    t_allocations_succeed();
    if (rc != CR_OK && rc != CR_ENOMEM)
      fail_msg("allocation %" PRIu64 ": %d, %s", n, rc, err.text);
    cr_text_fini(&said);
    unlink(store.s);
  }
}

/* -- devices ------------------------------------------------------------------------------------------------------- */

static void describe(struct path file, struct cr_device_desc *out, struct cr_arena *arena)
{
  struct cr_text yaml = {0};
  const struct cr_nsys_options opt = {.device = &yaml, .device_name = "mine"};
  struct path path = keep(t_join(t_tmp(), "mine.yaml"));
  struct cr_err err;
  struct import im = take(file, &opt);
  t_write(path.s, yaml.s);
  if (cr_device_load(path.s, NULL, 0, arena, out, &err))
    fail_msg("%s in\n%s", err.text, yaml.s);
  cr_text_fini(&yaml);
  drop(&im);
}

static void the_gpu_becomes_a_description_without_constants(void **state)
{
  (void)state;
  struct cr_device_desc d, h200;
  struct cr_err err;
  struct cr_arena *arena = cr_arena_new();
  describe(make(NSYS_NEW, &eager, 1, NULL), &d, arena);
  assert_int_equal(cr_device_load(t_data("calib/devices/h200.yaml"), NULL, 0, arena, &h200, &err), CR_OK);
  assert_string_equal(d.name, "mine");
  assert_true(d.is_uncalibrated);
  assert_int_equal(d.sms, h200.sms);
  assert_int_equal(d.sm_threads, h200.sm_threads);
  assert_int_equal(d.sm_warps, h200.sm_warps);
  assert_int_equal(d.sm_blocks, h200.sm_blocks);
  assert_int_equal(d.sm_regs, h200.sm_regs);
  assert_int_equal(d.sm_partitions, h200.sm_partitions);
  assert_int_equal(d.warp_regs_unit, h200.warp_regs_unit);
  assert_int_equal(d.sm_smem_bytes, h200.sm_smem_bytes);
  assert_int_equal(d.block_smem_max_bytes, h200.block_smem_max_bytes);
  assert_int_equal(d.block_smem_reserved_bytes, h200.block_smem_reserved_bytes);
  assert_int_equal(d.smem_unit_bytes, h200.smem_unit_bytes);
  assert_int_equal(d.mem_bytes, h200.mem_bytes);
  assert_int_equal(d.l2_bytes, h200.l2_bytes);
  assert_int_equal(d.dram_bytes_per_s, INT64_C(4814352000000));
  assert_int_equal(d.copy_engines, h200.copy_engines);
  assert_int_equal(d.n_carveout, h200.n_carveout);
  for (uint32_t i = 0; i < d.n_carveout; i++)
    assert_int_equal(d.carveout_bytes[i], h200.carveout_bytes[i]);
  cr_arena_free(arena);
}

static void older_gpus_have_the_limits_of_their_capability(void **state)
{
  (void)state;
  struct cr_device_desc d;
  struct cr_arena *arena = cr_arena_new();
  describe(make(NSYS_OLD, &eager, 1,
                "UPDATE TARGET_INFO_GPU SET computeMajor = 7, computeMinor = 0, maxShmemPerSm = 98304, "
                "maxShmemPerBlockOptin = 98304, l2CacheSize = NULL, memoryBandwidth = 0"),
           &d, arena);
  assert_int_equal(d.smem_unit_bytes, 256);
  assert_int_equal(d.block_smem_reserved_bytes, 0);
  assert_int_equal(d.l2_bytes, CR_UNKNOWN);
  assert_int_equal(d.dram_bytes_per_s, CR_UNKNOWN);
  cr_arena_free(arena);
}

static void the_gpu_is_the_one_that_kernels_ran_on(void **state)
{
  (void)state;
  /* Ordinal 0 of the process is the second GPU of the machine. */
  static const char *const two =
    "INSERT INTO TARGET_INFO_GPU SELECT vmId, 1, 'NVIDIA H100', busLocation, isDiscrete, l2CacheSize, totalMemory, "
    "memoryBandwidth, clockRate, 114, uuid, chipName, maxRegistersPerBlock, maxShmemPerBlock, maxShmemPerBlockOptin, "
    "maxShmemPerSm, maxRegistersPerSm, threadsPerWarp, asyncEngines, maxWarpsPerSm, maxBlocksPerSm, "
    "maxThreadsPerBlock, "
    "computeMajor, computeMinor FROM TARGET_INFO_GPU; UPDATE TARGET_INFO_CUDA_DEVICE SET gpuId = 1";
  struct cr_device_desc d;
  struct cr_arena *arena = cr_arena_new();
  describe(make(NSYS_NEW, &eager, 1, two), &d, arena);
  assert_int_equal(d.sms, 114);
  assert_non_null(strstr(d.about, "NVIDIA H100"));
  cr_arena_free(arena);
}

static void gpus_that_cannot_be_described_are_refused(void **state)
{
  (void)state;
  struct cr_text yaml = {0};
  const struct cr_nsys_options opt = {.device = &yaml, .device_name = "mine"};
  expect_refusal(make(NSYS_NEW, &eager, 1, "UPDATE TARGET_INFO_GPU SET computeMajor = 5"), &opt,
                 "compute capability 5.0 is not known here");
  expect_refusal(make(NSYS_NEW, &eager, 1, "UPDATE TARGET_INFO_GPU SET maxWarpsPerSm = NULL"), &opt,
                 "TARGET_INFO_GPU does not say maxWarpsPerSm");
  expect_refusal(make(NSYS_NEW, &eager, 1, "DROP TABLE TARGET_INFO_GPU"), &opt, "has no table TARGET_INFO_GPU");
  cr_text_fini(&yaml);
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
    cmocka_unit_test(ranges_are_iterations_and_those_within_stages),
    cmocka_unit_test(ranges_count_by_their_launch_calls_not_by_when_kernels_run),
    cmocka_unit_test(other_iterations_are_left_out_by_their_content),
    cmocka_unit_test(ranges_left_open_are_counted),
    cmocka_unit_test(a_name_has_its_domain_and_may_end_in_a_star),
    cmocka_unit_test(ranges_of_any_thread_are_iterations_too),
    cmocka_unit_test(ranges_that_overlap_are_no_iterations),
    cmocka_unit_test(ranges_that_are_not_there_are_named),
    cmocka_unit_test(what_the_profiler_lost_is_told),
    cmocka_unit_test(copies_that_are_not_of_one_device_are_left_out),
    cmocka_unit_test(what_cannot_be_is_refused_with_its_row),
    cmocka_unit_test(files_that_are_no_export_are_refused),
    cmocka_unit_test(files_that_another_process_writes_are_named),
    cmocka_unit_test(an_import_can_be_stopped),
    cmocka_unit_test(damage_anywhere_is_a_sentence),
    cmocka_unit_test(memory_that_runs_out_is_a_sentence),
    cmocka_unit_test(the_gpu_becomes_a_description_without_constants),
    cmocka_unit_test(older_gpus_have_the_limits_of_their_capability),
    cmocka_unit_test(the_gpu_is_the_one_that_kernels_ran_on),
    cmocka_unit_test(gpus_that_cannot_be_described_are_refused),
  };
  return cmocka_run_group_tests(test, NULL, NULL);
}
