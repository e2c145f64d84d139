/* nsys_file.c - writes files as `nsys export --type sqlite` does. */
#include "config.h"

#include "tests/nsys_file.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

enum { N_NAME = 50 };

/* Ids of strings that every file has. */
enum { S_LAUNCH = 1, S_COPY, S_MEMSET, S_GRAPH, S_SYNC, S_STEP, S_KERNEL0 = 100 };

enum table { KERNEL, COPY, MEMSET, CALL, RANGE, MEMORY, N_TABLE };

static const char *const COMMON_HEAD = "start INTEGER NOT NULL, end INTEGER NOT NULL, deviceId INTEGER NOT NULL, "
                                       "contextId INTEGER NOT NULL, streamId INTEGER NOT NULL, correlationId INTEGER, "
                                       "globalPid INTEGER, ";

/* What the tables have, by age; and the columns that a program fills. */
static const struct {
  const char *name, *old, *new, *filled;
} TABLE[N_TABLE] = {
  [KERNEL] =
    {"CUPTI_ACTIVITY_KIND_KERNEL",
     "demangledName INTEGER NOT NULL, shortName INTEGER NOT NULL, mangledName INTEGER, launchType INTEGER, "
     "cacheConfig INTEGER, registersPerThread INTEGER NOT NULL, gridX INTEGER NOT NULL, gridY INTEGER NOT NULL, "
     "gridZ INTEGER NOT NULL, blockX INTEGER NOT NULL, blockY INTEGER NOT NULL, blockZ INTEGER NOT NULL, "
     "staticSharedMemory INTEGER NOT NULL, dynamicSharedMemory INTEGER NOT NULL, "
     "localMemoryPerThread INTEGER NOT NULL, localMemoryTotal INTEGER NOT NULL, gridId INTEGER NOT NULL, "
     "sharedMemoryExecuted INTEGER, graphNodeId INTEGER, sharedMemoryLimitConfig INTEGER",
     "qmdBulkReleaseDone INTEGER, clusterX INTEGER, clusterY INTEGER, clusterZ INTEGER, greenContextId INTEGER, "
     "maxActiveClusters INTEGER, tensorSizeMinusOneElements TEXT, graphId INTEGER, ",
     "start, end, deviceId, contextId, streamId, correlationId, globalPid, demangledName, shortName, "
     "registersPerThread, gridX, gridY, gridZ, blockX, blockY, blockZ, staticSharedMemory, dynamicSharedMemory, "
     "localMemoryPerThread, localMemoryTotal, gridId, sharedMemoryExecuted, graphNodeId"},
  [COPY] =
    {"CUPTI_ACTIVITY_KIND_MEMCPY",
     "bytes INTEGER NOT NULL, copyKind INTEGER NOT NULL, deprecatedSrcId INTEGER, srcKind INTEGER, dstKind INTEGER, "
     "graphNodeId INTEGER, virtualAddress INTEGER",
     "copyCount INTEGER, greenContextId INTEGER, ",
     "start, end, deviceId, contextId, streamId, correlationId, globalPid, bytes, copyKind, srcKind, dstKind, "
     "graphNodeId"},
  [MEMSET] =
    {"CUPTI_ACTIVITY_KIND_MEMSET",
     "value INTEGER NOT NULL, bytes INTEGER NOT NULL, graphNodeId INTEGER, memKind INTEGER", "greenContextId INTEGER, ",
     "start, end, deviceId, contextId, streamId, correlationId, globalPid, value, bytes, memKind, graphNodeId"},
  [CALL] = {"CUPTI_ACTIVITY_KIND_RUNTIME",
            "start INTEGER NOT NULL, end INTEGER NOT NULL, eventClass INTEGER NOT NULL, globalTid INTEGER, "
            "correlationId INTEGER, nameId INTEGER NOT NULL, returnValue INTEGER NOT NULL, callchainId INTEGER",
            "", "start, end, eventClass, globalTid, correlationId, nameId, returnValue"},
  [RANGE] = {"NVTX_EVENTS",
             "start INTEGER NOT NULL, end INTEGER, eventType INTEGER NOT NULL, rangeId INTEGER, category INTEGER, "
             "color INTEGER, text TEXT, globalTid INTEGER, endGlobalTid INTEGER, textId INTEGER, domainId INTEGER",
             "jsonTextId INTEGER, ", "start, end, eventType, text, globalTid, textId, domainId"},
  [MEMORY] =
    {"CUDA_GPU_MEMORY_USAGE_EVENTS",
     "start INTEGER NOT NULL, globalPid INTEGER NOT NULL, deviceId INTEGER NOT NULL, contextId INTEGER NOT NULL, "
     "address INTEGER NOT NULL, pc INTEGER NOT NULL, bytes INTEGER NOT NULL, memKind INTEGER NOT NULL, "
     "memoryOperationType INTEGER NOT NULL, name TEXT, correlationId INTEGER",
     "streamId INTEGER, localMemoryPoolSize INTEGER, ",
     "start, globalPid, deviceId, contextId, address, pc, bytes, memKind, memoryOperationType"},
};

struct nsys_file {
  sqlite3 *db;
  enum nsys_age age;
  sqlite3_stmt *insert[N_TABLE];
  int64_t correlation; /* the last one */
  int failed;
};

static const char BASE[] =
  "CREATE TABLE META_DATA_EXPORT(name TEXT NOT NULL, value TEXT);\n"
  "CREATE TABLE StringIds(id INTEGER NOT NULL PRIMARY KEY, value TEXT NOT NULL);\n"
  "INSERT INTO StringIds VALUES(1, 'cudaLaunchKernel_v7000'), (2, 'cudaMemcpyAsync_v3020'), "
  "(3, 'cudaMemsetAsync_v3020'), (4, 'cudaGraphLaunch_v10000'), (5, 'cudaDeviceSynchronize_v3020'), (6, 'step');\n"
  "WITH RECURSIVE k(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM k WHERE i < 49) "
  "INSERT INTO StringIds SELECT 100 + i, 'kernel' || i || '(float*)' FROM k;\n"
  "CREATE TABLE ENUM_CUDA_MEMCPY_OPER(id INTEGER NOT NULL PRIMARY KEY, name TEXT, label TEXT);\n"
  "INSERT INTO ENUM_CUDA_MEMCPY_OPER VALUES(0, 'CUDA_MEMCPY_KIND_UNKNOWN', ''), (1, 'CUDA_MEMCPY_KIND_HTOD', ''), "
  "(2, 'CUDA_MEMCPY_KIND_DTOH', ''), (8, 'CUDA_MEMCPY_KIND_DTOD', ''), (10, 'CUDA_MEMCPY_KIND_PTOP', '');\n"
  "CREATE TABLE ENUM_CUDA_MEM_KIND(id INTEGER NOT NULL PRIMARY KEY, name TEXT, label TEXT);\n"
  "INSERT INTO ENUM_CUDA_MEM_KIND VALUES(0, 'CUDA_MEMOPR_MEMORY_KIND_PAGEABLE', ''), "
  "(1, 'CUDA_MEMOPR_MEMORY_KIND_PINNED', ''), (2, 'CUDA_MEMOPR_MEMORY_KIND_DEVICE', ''), "
  "(5, 'CUDA_MEMOPR_MEMORY_KIND_DEVICE_STATIC', ''), (7, 'CUDA_MEMOPR_MEMORY_KIND_UNKNOWN', '');\n"
  "CREATE TABLE ENUM_CUDA_DEV_MEM_EVENT_OPER(id INTEGER NOT NULL PRIMARY KEY, name TEXT, label TEXT);\n"
  "INSERT INTO ENUM_CUDA_DEV_MEM_EVENT_OPER VALUES(0, 'CUDA_DEV_MEM_EVENT_OPR_ALLOCATION', ''), "
  "(1, 'CUDA_DEV_MEM_EVENT_OPR_DEALLOCATION', '');\n"
  "CREATE TABLE TARGET_INFO_SESSION_START_TIME(utcEpochNs INTEGER, utcTime TEXT, localTime TEXT);\n"
  "INSERT INTO TARGET_INFO_SESSION_START_TIME VALUES(1790000000000000000, '', '');\n"
  "CREATE TABLE PROCESSES(globalPid INTEGER, pid INTEGER, name TEXT);\n"
  "CREATE TABLE TARGET_INFO_CUDA_STREAM(streamId INTEGER NOT NULL, hwId INTEGER NOT NULL, vmId INTEGER NOT NULL, "
  "processId INTEGER NOT NULL, contextId INTEGER NOT NULL, priority INTEGER NOT NULL, flag INTEGER NOT NULL);\n"
  "CREATE TABLE TARGET_INFO_CUDA_DEVICE(gpuId INTEGER NOT NULL, cudaId INTEGER NOT NULL, pid INTEGER NOT NULL, "
  "uuid TEXT NOT NULL, numMultiprocessors INTEGER NOT NULL);\n"
  "CREATE TABLE TARGET_INFO_GPU(vmId INTEGER NOT NULL, id INTEGER NOT NULL, name TEXT, busLocation TEXT, "
  "isDiscrete INTEGER, l2CacheSize INTEGER, totalMemory INTEGER, memoryBandwidth INTEGER, clockRate INTEGER, "
  "smCount INTEGER, uuid TEXT, chipName TEXT, maxRegistersPerBlock INTEGER, maxShmemPerBlock INTEGER, "
  "maxShmemPerBlockOptin INTEGER, maxShmemPerSm INTEGER, maxRegistersPerSm INTEGER, threadsPerWarp INTEGER, "
  "asyncEngines INTEGER, maxWarpsPerSm INTEGER, maxBlocksPerSm INTEGER, maxThreadsPerBlock INTEGER, "
  "computeMajor INTEGER, computeMinor INTEGER);\n"
  "INSERT INTO TARGET_INFO_GPU VALUES(0, 0, 'NVIDIA H200', '0000:18:00.0', 1, 62914560, 150109880320, 4814352000000, "
  "1980000000, 132, '', 'GH100', 65536, 49152, 232448, 233472, 65536, 32, 3, 64, 32, 1024, 9, 0);\n"
  "PRAGMA user_version=0;\n";

int nsys_file_sql(struct nsys_file *f, const char *sql)
{
  char *why = NULL;
  if (sqlite3_exec(f->db, sql, NULL, NULL, &why) == SQLITE_OK)
    return 0;
  fprintf(stderr, "nsys_file: %s: %s\n", why ? why : "failed", sql);
  sqlite3_free(why);
  f->failed = 1;
  return -1;
}

struct nsys_file *nsys_file_new(const char *path, enum nsys_age age)
{
  struct nsys_file *f = calloc(1, sizeof *f);
  remove(path);
  if (!f || sqlite3_open(path, &f->db) != SQLITE_OK) {
    if (f)
      sqlite3_close(f->db);
    free(f);
    return NULL;
  }
  f->age = age;
  nsys_file_sql(f, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN");
  nsys_file_sql(f, BASE);
  nsys_file_sql(f, age == NSYS_OLD ? "INSERT INTO META_DATA_EXPORT VALUES('EXPORT_PRODUCT_VERSION', '2024.6.2.225'), "
                                     "('EXPORT_SCHEMA_VERSION', '3.16.1'), ('EXPORT_PARAM_LAZY', 'true')"
                                   : "INSERT INTO META_DATA_EXPORT VALUES('EXPORT_PRODUCT_VERSION', '2026.1.1.204'), "
                                     "('EXPORT_SCHEMA_VERSION', '3.24.14'), ('EXPORT_PARAM_LAZY', 'true')");
  return f;
}

int nsys_file_close(struct nsys_file *f)
{
  for (int i = 0; i < N_TABLE; i++)
    sqlite3_finalize(f->insert[i]);
  nsys_file_sql(f, "COMMIT");
  int failed = f->failed;
  failed |= sqlite3_close(f->db) != SQLITE_OK;
  free(f);
  return failed ? -1 : 0;
}

static int n_column(const char *list)
{
  int n = 1;
  for (; *list; list++)
    n += *list == ',';
  return n;
}

/* The statement that fills a table, which is made now if it was not. */
static sqlite3_stmt *inserter(struct nsys_file *f, enum table t)
{
  if (f->insert[t]) {
    sqlite3_reset(f->insert[t]);
    return f->insert[t];
  }
  char sql[4096];
  int is_op = t == KERNEL || t == COPY || t == MEMSET;
  snprintf(sql, sizeof sql, "CREATE TABLE %s(%s%s%s)", TABLE[t].name, f->age == NSYS_NEW ? TABLE[t].new : "",
           is_op ? COMMON_HEAD : "", TABLE[t].old);
  nsys_file_sql(f, sql);
  int n = snprintf(sql, sizeof sql, "INSERT INTO %s(%s) VALUES(", TABLE[t].name, TABLE[t].filled);
  for (int i = 0, end = n_column(TABLE[t].filled); i < end; i++)
    n += snprintf(sql + n, sizeof sql - (size_t)n, "%s?", i ? ", " : "");
  snprintf(sql + n, sizeof sql - (size_t)n, ")");
  if (sqlite3_prepare_v2(f->db, sql, -1, &f->insert[t], NULL) != SQLITE_OK) {
    fprintf(stderr, "nsys_file: %s: %s\n", sqlite3_errmsg(f->db), sql);
    f->failed = 1;
  }
  return f->insert[t];
}

/* A row of whole numbers, of which INT64_MIN is NULL. */
static void insert(struct nsys_file *f, enum table t, const int64_t *value, int n)
{
  sqlite3_stmt *q = inserter(f, t);
  for (int i = 0; q && i < n; i++)
    if (value[i] == INT64_MIN)
      sqlite3_bind_null(q, i + 1);
    else
      sqlite3_bind_int64(q, i + 1, value[i]);
  f->failed |= !q || sqlite3_step(q) != SQLITE_DONE;
}
#define INSERT(f, t, ...) \
  insert(f, t, (const int64_t[]){__VA_ARGS__}, (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)))

static void add_range(struct nsys_file *f, const struct nsys_program *p, int64_t start, int64_t end, const char *text)
{
  sqlite3_stmt *q = inserter(f, RANGE);
  if (!q)
    return;
  const int64_t tid = NSYS_PID(p->pid) + p->pid;
  sqlite3_bind_int64(q, 1, start);
  sqlite3_bind_int64(q, 2, end);
  sqlite3_bind_int64(q, 3, 59);
  if (text)
    sqlite3_bind_text(q, 4, text, -1, SQLITE_STATIC);
  else
    sqlite3_bind_null(q, 4);
  sqlite3_bind_int64(q, 5, tid);
  if (text)
    sqlite3_bind_null(q, 6);
  else
    sqlite3_bind_int64(q, 6, S_STEP);
  sqlite3_bind_int64(q, 7, 0);
  f->failed |= sqlite3_step(q) != SQLITE_DONE;
}

static void add_call(struct nsys_file *f, const struct nsys_program *p, int64_t start, int64_t end, int64_t name)
{
  INSERT(f, CALL, start, end, 0, NSYS_PID(p->pid) + p->pid, f->correlation, name, 0);
}

/* Op j of an iteration; returns when it ends. */
static int64_t add_op(struct nsys_file *f, const struct nsys_program *p, uint32_t j, uint32_t n_op, int64_t start)
{
  int64_t end = start + 1000 + 10 * (int64_t)(j % 100), node = p->is_graph ? 1000 + (int64_t)j : INT64_MIN;
  int64_t pid = NSYS_PID(p->pid), corr = f->correlation, dev = p->device, ctx = p->context, stream = p->stream;
  if (p->with_copies && j == 0)
    INSERT(f, COPY, start, end, dev, ctx, stream, corr, pid, 4096, 1, 1, 2, node);
  else if (p->with_copies && j == n_op - 2)
    INSERT(f, MEMSET, start, end, dev, ctx, stream, corr, pid, 0, 512, 2, node);
  else if (p->with_copies && j == n_op - 1)
    INSERT(f, COPY, start, end, dev, ctx, stream, corr, pid, 4096, 2, 2, 0, node);
  else {
    int64_t k = (j - (p->with_copies ? 1 : 0)) % N_NAME;
    INSERT(f, KERNEL, start, end, dev, ctx, stream, corr, pid, S_KERNEL0 + k, S_KERNEL0 + k, 32 + k, 1 + k, 2, 1, 64, 2,
           1, 1024, 16 * k, 0, 0, corr, 32768, node);
  }
  return end;
}

static int64_t call_name(const struct nsys_program *p, uint32_t j, uint32_t n_op)
{
  if (!p->with_copies || (j > 0 && j < n_op - 2))
    return S_LAUNCH;
  return j == n_op - 2 ? S_MEMSET : S_COPY;
}

static void add_memory(struct nsys_file *f, const struct nsys_program *p, int64_t at, int64_t end)
{
  const int64_t pid = NSYS_PID(p->pid), dev = p->device, ctx = p->context;
  INSERT(f, MEMORY, at + 1, pid, dev, ctx, 0x7000, 0, 65536, 2, 0);
  INSERT(f, MEMORY, at + 2, pid, dev, ctx, 0x9000, 0, 32768, 2, 0);
  INSERT(f, MEMORY, end - 2, pid, dev, ctx, 0x7000, 0, 65536, 2, 1);
  INSERT(f, MEMORY, end - 1, pid, dev, ctx, 0x9000, 0, 32768, 2, 1);
}

static void add_iteration(struct nsys_file *f, const struct nsys_program *p, uint32_t n_op, int64_t at)
{
  int64_t end = at + (int64_t)n_op * NSYS_CALL_NS, done = 0;
  if (p->is_graph) {
    f->correlation++;
    add_call(f, p, at, at + 2000, S_GRAPH);
    done = at + NSYS_AFTER_NS - 100;
    for (uint32_t j = 0; j < n_op; j++)
      done = add_op(f, p, j, n_op, done + 100);
  } else
    for (uint32_t j = 0; j < n_op; j++) {
      int64_t call = at + (int64_t)j * NSYS_CALL_NS;
      f->correlation++;
      add_call(f, p, call, call + 2000, call_name(p, j, n_op));
      done = add_op(f, p, j, n_op, call + NSYS_AFTER_NS);
    }
  f->correlation++;
  add_call(f, p, end, done > end ? done : end, S_SYNC);
  if (p->with_ranges) {
    int64_t half = at + (int64_t)(n_op / 2) * NSYS_CALL_NS;
    add_range(f, p, at, end, NULL);
    add_range(f, p, at, half - 1, "conv");
    add_range(f, p, half, end, "fc");
  }
  if (p->with_memory)
    add_memory(f, p, at, end);
}

int nsys_file_program(struct nsys_file *f, const struct nsys_program *p)
{
  char sql[512];
  const int64_t pid = NSYS_PID(p->pid);
  uint32_t n_op = p->n_kernel + (p->with_copies ? 3 : 0);
  snprintf(sql, sizeof sql,
           "INSERT INTO PROCESSES VALUES(%lld, %u, '/usr/bin/python3');"
           "INSERT INTO TARGET_INFO_CUDA_STREAM VALUES(%u, 1, 0, %u, %u, %d, 1);"
           "INSERT INTO TARGET_INFO_CUDA_DEVICE VALUES(0, %u, %u, '', 132)",
           (long long)pid, p->pid, p->stream, p->pid, p->context, -(int)(p->stream % 3), p->device, p->pid);
  nsys_file_sql(f, sql);
  f->correlation = 0; /* each process counts from 1 */
  if (p->with_memory) {
    INSERT(f, MEMORY, p->start_ns - 2000, pid, p->device, p->context, 0x1000, 0, 1 << 20, 2, 0);
    INSERT(f, MEMORY, p->start_ns - 1000, pid, p->device, p->context, 0x5000, 0, 8 << 20, 1, 0);
  }
  for (uint32_t i = 0; i < p->n_iteration; i++)
    add_iteration(f, p, n_op, p->start_ns + (int64_t)i * NSYS_PERIOD_NS(n_op));
  return f->failed ? -1 : 0;
}
