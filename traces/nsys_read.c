/* nsys_read.c - reads an export of Nsight Systems into a capture: kernels, copies, memsets, CUDA calls, memory.
 *
 * Columns are read plainly and joined here: kernels with names (StringIds), with calls (correlation ids, which are unique
 * within a process alone).  globalTid is hw << 56 | vm << 48 | pid << 24 | tid, and globalPid the same without a tid. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "traces/nsys_int.h"

enum { WATCH_ROWS = 16384, NOT_READY = 600 /* cudaErrorNotReady: an answer, not a failure */ };

int nsys_nomem(const struct nsys_reader *r)
{
  return cr_fail_nomem(r->err, r->t->db.path);
}

int nsys_watch(const struct nsys_reader *r)
{
  struct cr_nsys_trace *t = r->t;
  if (++t->done_rows % WATCH_ROWS)
    return CR_OK;
  if (t->opt->stop && *t->opt->stop)
    return cr_fail(r->err, CR_EINTR, "%s: stopped; nothing was imported", t->db.path);
  if (t->opt->on_progress && t->done_rows <= t->all_rows)
    t->opt->on_progress(t->opt->progress_ctx, t->done_rows, t->all_rows);
  return CR_OK;
}

/* Reads every row of a table with each(). */
static int each_row(struct nsys_reader *r, const char *name, const char *const *column, int n_column, int n_needed,
                    int (*each)(struct nsys_reader *r, const struct cr_nsys_table *t))
{
  struct cr_nsys_table t;
  int rc = nsys_table_open(&r->t->db, name, column, n_column, n_needed, &t, r->err);
  while (!rc && (rc = nsys_table_next(&t, r->err)) > 0) {
    rc = nsys_watch(r);
    if (!rc)
      rc = each(r, &t);
  }
  nsys_table_close(&t);
  return rc;
}

/* -- strings ------------------------------------------------------------------------------------------------------- */

static int by_id(const void *a, const void *b)
{
  const struct nsys_string *x = a, *y = b;
  return x->id < y->id ? -1 : x->id > y->id;
}

static int add_string(struct nsys_reader *r, const struct cr_nsys_table *t)
{
  int64_t id;
  int rc = nsys_take(t, 0, INT64_MIN, INT64_MAX, &id, r->err);
  if (rc)
    return rc;
  if (r->n_string == r->string_cap) {
    uint32_t cap = r->string_cap ? 2 * r->string_cap : 1024;
    struct nsys_string *grown = r->string_cap < UINT32_MAX / 2 ? cr_mem_resize(r->string, cap, sizeof *grown) : NULL;
    if (!grown)
      return nsys_nomem(r);
    r->string = grown;
    r->string_cap = cap;
  }
  const char *text = cr_arena_text(r->c->arena, nsys_text(t, 1));
  if (!text)
    return nsys_nomem(r);
  r->string[r->n_string++] = (struct nsys_string){.id = id, .text = text, .is_call = -1};
  return CR_OK;
}

static int read_strings(struct nsys_reader *r)
{
  static const char *const column[] = {"id", "value"};
  int rc = each_row(r, "StringIds", column, 2, 2, add_string);
  if (!rc && r->n_string)
    qsort(r->string, r->n_string, sizeof *r->string, by_id);
  return rc;
}

/* NULL: there is none of that id. */
struct nsys_string *nsys_find_string(const struct nsys_reader *r, int64_t id)
{
  const struct nsys_string key = {.id = id};
  if (id >= 0 && id < r->n_string && r->string[id].id == id) /* ids are mostly 0, 1, 2, ... */
    return &r->string[id];
  return r->n_string ? bsearch(&key, r->string, r->n_string, sizeof *r->string, by_id) : NULL;
}

static int take_string(const struct nsys_reader *r, const struct cr_nsys_table *t, int column, struct nsys_string **out)
{
  int64_t id;
  int rc = nsys_take(t, column, INT64_MIN, INT64_MAX, &id, r->err);
  if (rc)
    return rc;
  *out = nsys_find_string(r, id);
  if (*out)
    return CR_OK;
  char what[96];
  snprintf(what, sizeof what, "%s is %" PRId64 ", which StringIds does not have", t->column[column], id);
  return nsys_bad_row(t, what, r->err);
}

static int name_of(struct nsys_reader *r, struct nsys_string *s, uint32_t *out)
{
  uint32_t name = 0;
  if (!s->name) {
    if (cr_capture_add_name(r->c, s->text, strlen(s->text), &name))
      return nsys_nomem(r);
    s->name = name + 1;
  }
  *out = s->name - 1;
  return CR_OK;
}

/* "cudaLaunchKernel" of cudaLaunchKernel_v7000: the version that nsys appends has four or five digits. */
static size_t call_name_length(const char *name)
{
  size_t n = strlen(name), digits = 0;
  while (digits < n && name[n - 1 - digits] >= '0' && name[n - 1 - digits] <= '9')
    digits++;
  if ((digits == 4 || digits == 5) && n > digits + 2 && name[n - digits - 1] == 'v' && name[n - digits - 2] == '_')
    return n - digits - 2;
  return n;
}

/* -- ops ----------------------------------------------------------------------------------------------------------- */

/* Columns that kernels, copies and memsets share; those needed first. */
#define OP_COLUMNS "start", "end", "deviceId", "contextId", "streamId"
#define OP_OPTIONAL "correlationId", "globalPid", "graphNodeId", "greenContextId"
enum { START, END, DEVICE, CONTEXT, STREAM, N_OP_COLUMN };

int nsys_process_of(struct nsys_reader *r, const struct cr_nsys_table *t, int column, int64_t *id, uint32_t *out)
{
  int rc = nsys_take_or(t, column, INT64_MIN, INT64_MAX, 0, id, r->err);
  if (rc)
    return rc;
  uint64_t process = (uint64_t)*id >> NSYS_TID_BITS << NSYS_TID_BITS;
  return cr_capture_add_process(r->c, process, out) ? nsys_nomem(r) : CR_OK;
}

/* Fills what ops of all kinds have.  *keep 0: it has no time, and is counted. */
static int take_op(struct nsys_reader *r, const struct cr_nsys_table *t, int optional, struct cr_capture_op *op,
                   int *keep)
{
  int64_t start, end, device, context, stream, correlation, pid, node, green;
  uint32_t process;
  struct cr_err *err = r->err;
  int rc = nsys_take(t, START, INT64_MIN / 4, INT64_MAX / 4, &start, err);
  rc = rc ? rc : nsys_take(t, END, INT64_MIN / 4, INT64_MAX / 4, &end, err);
  rc = rc ? rc : nsys_take(t, DEVICE, 0, INT32_MAX, &device, err);
  rc = rc ? rc : nsys_take(t, CONTEXT, 0, UINT32_MAX, &context, err);
  rc = rc ? rc : nsys_take(t, STREAM, 0, UINT32_MAX - 1, &stream, err);
  rc = rc ? rc : nsys_take_or(t, optional, 0, INT64_MAX, 0, &correlation, err);
  rc = rc ? rc : nsys_process_of(r, t, optional + 1, &pid, &process);
  rc = rc ? rc : nsys_take_or(t, optional + 2, INT64_MIN, INT64_MAX, 0, &node, err);
  rc = rc ? rc : nsys_take_or(t, optional + 3, 0, UINT32_MAX, 0, &green, err);
  if (rc)
    return rc;
  if (end < start)
    return nsys_bad_row(t, "ends before it starts; the export is damaged, make it again", err);
  *keep = end > start;
  r->n_timeless += !*keep;
  *op = (struct cr_capture_op){.start_ns = start,
                               .duration_ns = end - start,
                               .correlation = (uint64_t)correlation,
                               .smem_bytes = CR_UNKNOWN,
                               .carveout_bytes = CR_UNKNOWN,
                               .bytes = CR_UNKNOWN,
                               .event = t->row,
                               .in_graph = node != 0};
  if (!*keep)
    return CR_OK;
  if (cr_capture_add_stream(r->c, process, (uint32_t)device, (uint32_t)context, (uint32_t)stream, &op->stream))
    return nsys_nomem(r);
  if (green && green != UINT32_MAX)
    r->c->stream[op->stream].green = (uint32_t)green;
  return CR_OK;
}

static int take_product(const struct nsys_reader *r, const struct cr_nsys_table *t, int column, uint32_t *out)
{
  int64_t product = 1, v;
  for (int i = 0; i < 3; i++) {
    int rc = nsys_take(t, column + i, 1, INT32_MAX, &v, r->err);
    if (rc)
      return rc;
    if (__builtin_mul_overflow(product, v, &product) || product >= UINT32_MAX)
      return nsys_bad_row(t, "its grid or block has too many elements", r->err);
  }
  *out = (uint32_t)product;
  return CR_OK;
}

enum {
  K_NAME = N_OP_COLUMN,
  K_REGS,
  K_GRID,
  K_BLOCK = K_GRID + 3,
  K_STATIC = K_BLOCK + 3,
  K_DYNAMIC,
  K_OPTIONAL,
  K_EXECUTED = K_OPTIONAL + 4,
  K_CLUSTER,
  N_KERNEL_COLUMN = K_CLUSTER + 3
};
static const char *const KERNEL_COLUMN[N_KERNEL_COLUMN] = {OP_COLUMNS,
                                                           "demangledName",
                                                           "registersPerThread",
                                                           "gridX",
                                                           "gridY",
                                                           "gridZ",
                                                           "blockX",
                                                           "blockY",
                                                           "blockZ",
                                                           "staticSharedMemory",
                                                           "dynamicSharedMemory",
                                                           OP_OPTIONAL,
                                                           "sharedMemoryExecuted",
                                                           "clusterX",
                                                           "clusterY",
                                                           "clusterZ"};

/* Exports of before 2025.6 do not say; 0 in all three is no cluster. */
static int take_cluster(const struct nsys_reader *r, const struct cr_nsys_table *t, uint32_t blocks, uint32_t *out)
{
  int64_t d[3], product;
  for (int i = 0; i < 3; i++) {
    int rc = nsys_take_or(t, K_CLUSTER + i, 0, INT32_MAX, CR_UNKNOWN, &d[i], r->err);
    if (rc)
      return rc;
  }
  if (d[0] == CR_UNKNOWN || d[1] == CR_UNKNOWN || d[2] == CR_UNKNOWN)
    return CR_OK;
  if (!d[0] && !d[1] && !d[2])
    d[0] = d[1] = d[2] = 1;
  if (__builtin_mul_overflow(d[0], d[1], &product) || __builtin_mul_overflow(product, d[2], &product) || !product ||
      blocks % product)
    return nsys_bad_row(t, "its grid does not consist of whole clusters", r->err);
  *out = (uint32_t)product;
  return CR_OK;
}

static int add_kernel(struct nsys_reader *r, const struct cr_nsys_table *t)
{
  struct cr_capture_op op;
  struct nsys_string *name;
  int64_t regs, smem, dynamic;
  int keep;
  int rc = take_op(r, t, K_OPTIONAL, &op, &keep);
  rc = rc ? rc : take_string(r, t, K_NAME, &name);
  rc = rc ? rc : nsys_take(t, K_REGS, 0, 1 << 20, &regs, r->err);
  rc = rc ? rc : take_product(r, t, K_GRID, &op.blocks);
  rc = rc ? rc : take_product(r, t, K_BLOCK, &op.threads);
  rc = rc ? rc : take_cluster(r, t, op.blocks, &op.cluster_blocks);
  rc = rc ? rc : nsys_take(t, K_STATIC, 0, INT32_MAX, &smem, r->err);
  rc = rc ? rc : nsys_take(t, K_DYNAMIC, 0, INT32_MAX, &dynamic, r->err);
  rc = rc ? rc : nsys_take_or(t, K_EXECUTED, 0, INT32_MAX, CR_UNKNOWN, &op.carveout_bytes, r->err);
  if (rc || !keep)
    return rc;
  op.kind = CR_OP_KERNEL;
  op.regs = (uint32_t)regs;
  op.smem_bytes = smem + dynamic;
  if (!op.carveout_bytes)
    op.carveout_bytes = CR_UNKNOWN;
  rc = name_of(r, name, &op.name);
  return rc ? rc : cr_capture_add_op(r->c, &op) ? nsys_nomem(r) : CR_OK;
}

/* -- copies and memsets -------------------------------------------------------------------------------------------- */

enum where { PAGEABLE, PINNED, DEVICE_MEMORY, ARRAY, MANAGED, DEVICE_STATIC, MANAGED_STATIC, UNSAID, N_WHERE };
static const char *const WHERE[N_WHERE] = {"Pageable", "Pinned",        "Device",         "Array",
                                           "Managed",  "Device Static", "Managed Static", "Unknown"};

/* By its name in the ENUM table alone: nsys numbers kinds of memory otherwise than CUPTI does. */
static enum where where_of(const struct nsys_reader *r, int64_t kind)
{
  static const char *const tail[N_WHERE] = {"KIND_PAGEABLE",       "KIND_PINNED",  "KIND_DEVICE",
                                            "KIND_ARRAY",          "KIND_MANAGED", "KIND_DEVICE_STATIC",
                                            "KIND_MANAGED_STATIC", "KIND_UNKNOWN"};
  const char *name = kind >= 0 && kind < NSYS_ENUM_CAP ? r->mem_kind.name[kind] : NULL;
  size_t n = name ? strlen(name) : 0;
  for (int w = 0; w < N_WHERE; w++) {
    size_t m = strlen(tail[w]);
    if (n >= m && !strcmp(name + n - m, tail[w]))
      return (enum where)w;
  }
  return UNSAID;
}

/* Which way a copy goes, by the ENUM table, or by number where there is none: these are CUPTI's. */
struct way {
  const char *name, *text;
  enum cr_op_kind kind; /* CR_N_OP_KIND: not within one device, or not on a stream */
};
static const struct way WAY[] = {
  {"KIND_UNKNOWN", "", CR_N_OP_KIND},    {"KIND_HTOD", "HtoD", CR_OP_COPY_H2D}, {"KIND_DTOH", "DtoH", CR_OP_COPY_D2H},
  {"KIND_HTOA", "HtoA", CR_OP_COPY_H2D}, {"KIND_ATOH", "AtoH", CR_OP_COPY_D2H}, {"KIND_ATOA", "AtoA", CR_OP_COPY_D2D},
  {"KIND_ATOD", "AtoD", CR_OP_COPY_D2D}, {"KIND_DTOA", "DtoA", CR_OP_COPY_D2D}, {"KIND_DTOD", "DtoD", CR_OP_COPY_D2D},
  {"KIND_HTOH", "HtoH", CR_N_OP_KIND},   {"KIND_PTOP", "PtoP", CR_N_OP_KIND},   {"KIND_UVM_HTOD", "", CR_N_OP_KIND},
  {"KIND_UVM_DTOH", "", CR_N_OP_KIND},   {"KIND_UVM_DTOD", "", CR_N_OP_KIND},
};
enum { N_WAY = sizeof WAY / sizeof WAY[0] };

static const struct way *way_of(const struct nsys_reader *r, int64_t kind)
{
  if (!r->copy_kind.is_there)
    return kind < N_WAY ? &WAY[kind] : &WAY[0];
  const char *name = kind < NSYS_ENUM_CAP ? r->copy_kind.name[kind] : NULL;
  size_t n = name ? strlen(name) : 0;
  for (int i = 0; i < N_WAY; i++) {
    size_t m = strlen(WAY[i].name);
    if (n >= m && !strcmp(name + n - m, WAY[i].name))
      return &WAY[i];
  }
  return &WAY[0];
}

enum { C_BYTES = N_OP_COLUMN, C_KIND, C_OPTIONAL, C_SOURCE = C_OPTIONAL + 4, C_TARGET, N_COPY_COLUMN };
static const char *const COPY_COLUMN[N_COPY_COLUMN] = {OP_COLUMNS,  "bytes",   "copyKind",
                                                       OP_OPTIONAL, "srcKind", "dstKind"};

static int add_copy(struct nsys_reader *r, const struct cr_nsys_table *t)
{
  struct cr_capture_op op;
  int64_t kind, source, target;
  int keep;
  char name[80];
  int rc = take_op(r, t, C_OPTIONAL, &op, &keep);
  rc = rc ? rc : nsys_take(t, C_BYTES, 0, INT64_MAX, &op.bytes, r->err);
  rc = rc ? rc : nsys_take(t, C_KIND, 0, INT32_MAX, &kind, r->err);
  rc = rc ? rc : nsys_take_or(t, C_SOURCE, INT32_MIN, INT32_MAX, -1, &source, r->err);
  rc = rc ? rc : nsys_take_or(t, C_TARGET, INT32_MIN, INT32_MAX, -1, &target, r->err);
  if (rc || !keep)
    return rc;
  const struct way *way = way_of(r, kind);
  if (way->kind == CR_N_OP_KIND) {
    r->n_elsewhere++;
    return CR_OK;
  }
  enum where from = where_of(r, source), to = where_of(r, target), host = way->kind == CR_OP_COPY_H2D ? from : to;
  op.kind = (unsigned char)way->kind;
  op.pageable = host == PAGEABLE ? CR_YES : host == PINNED ? CR_NO : CR_UNSAID;
  int n = from == UNSAID || to == UNSAID
            ? snprintf(name, sizeof name, "Memcpy %s", way->text)
            : snprintf(name, sizeof name, "Memcpy %s (%s -> %s)", way->text, WHERE[from], WHERE[to]);
  if (cr_capture_add_name(r->c, name, (size_t)n, &op.name) || cr_capture_add_op(r->c, &op))
    return nsys_nomem(r);
  return CR_OK;
}

enum { S_BYTES = N_OP_COLUMN, S_OPTIONAL, S_KIND = S_OPTIONAL + 4, N_SET_COLUMN };
static const char *const SET_COLUMN[N_SET_COLUMN] = {OP_COLUMNS, "bytes", OP_OPTIONAL, "memKind"};

static int add_memset(struct nsys_reader *r, const struct cr_nsys_table *t)
{
  struct cr_capture_op op;
  int64_t kind;
  int keep;
  char name[40];
  int rc = take_op(r, t, S_OPTIONAL, &op, &keep);
  rc = rc ? rc : nsys_take(t, S_BYTES, 0, INT64_MAX, &op.bytes, r->err);
  rc = rc ? rc : nsys_take_or(t, S_KIND, INT32_MIN, INT32_MAX, -1, &kind, r->err);
  if (rc || !keep)
    return rc;
  enum where where = where_of(r, kind);
  op.kind = CR_OP_MEMSET;
  int n =
    where == UNSAID ? snprintf(name, sizeof name, "Memset") : snprintf(name, sizeof name, "Memset (%s)", WHERE[where]);
  if (cr_capture_add_name(r->c, name, (size_t)n, &op.name) || cr_capture_add_op(r->c, &op))
    return nsys_nomem(r);
  return CR_OK;
}

/* -- calls --------------------------------------------------------------------------------------------------------- */

enum { R_START, R_END, R_NAME, R_TID, R_CORRELATION, R_RETURN, N_CALL_COLUMN };
static const char *const CALL_COLUMN[N_CALL_COLUMN] = {"start",     "end",           "nameId",
                                                       "globalTid", "correlationId", "returnValue"};

static int add_host(struct nsys_reader *r, cr_ns start_ns, uint32_t process, uint32_t tid)
{
  struct cr_nsys_trace *t = r->t;
  if (t->n_host == t->host_cap) {
    uint32_t cap = t->host_cap ? 2 * t->host_cap : 4096;
    struct cr_nsys_host *grown = t->host_cap < UINT32_MAX / 2 ? cr_mem_resize(t->host, cap, sizeof *grown) : NULL;
    if (!grown)
      return nsys_nomem(r);
    t->host = grown;
    t->host_cap = cap;
  }
  t->host[t->n_host++] = (struct cr_nsys_host){start_ns, process, tid};
  return CR_OK;
}

static void note_failed(struct nsys_reader *r, const struct nsys_string *name, int64_t value)
{
  if (!r->n_failed_call++) {
    snprintf(r->failed_call, sizeof r->failed_call, "%.*s", (int)call_name_length(name->text), name->text);
    r->failed_value = value;
  }
}

static int add_call(struct nsys_reader *r, const struct cr_nsys_table *t)
{
  struct nsys_string *name;
  struct cr_capture_call call;
  int64_t correlation, thread, value;
  int rc = nsys_take(t, R_START, INT64_MIN / 4, INT64_MAX / 4, &call.start_ns, r->err);
  rc = rc ? rc : nsys_take(t, R_END, INT64_MIN / 4, INT64_MAX / 4, &call.end_ns, r->err);
  rc = rc ? rc : take_string(r, t, R_NAME, &name);
  rc = rc ? rc : nsys_take_or(t, R_CORRELATION, 0, INT64_MAX, 0, &correlation, r->err);
  rc = rc ? rc : nsys_take_or(t, R_RETURN, INT64_MIN, INT64_MAX, 0, &value, r->err);
  rc = rc ? rc : nsys_process_of(r, t, R_TID, &thread, &call.process);
  if (rc)
    return rc;
  uint32_t tid = (uint32_t)((uint64_t)thread & ((1u << NSYS_TID_BITS) - 1));
  rc = add_host(r, call.start_ns, call.process, tid);
  if (rc)
    return rc;
  if (value && value != NOT_READY)
    note_failed(r, name, value);
  if (name->is_call < 0)
    name->is_call = cr_capture_call_kind(name->text, &name->call);
  if (!name->is_call || (value && name->call != CR_CALL_SYNC))
    return CR_OK;
  call.kind = name->call;
  call.correlation = (uint64_t)correlation;
  call.tid = tid;
  return cr_capture_add_call(r->c, &call) ? nsys_nomem(r) : CR_OK;
}

/* -- memory -------------------------------------------------------------------------------------------------------- */

enum { M_START, M_BYTES, M_KIND, M_OPER, M_ADDRESS, M_DEVICE, M_PID, N_MEMORY_COLUMN };
static const char *const MEMORY_COLUMN[N_MEMORY_COLUMN] = {"start",   "bytes",    "memKind",  "memoryOperationType",
                                                           "address", "deviceId", "globalPid"};

static int add_alloc(struct nsys_reader *r, const struct cr_nsys_table *t)
{
  struct cr_capture_alloc alloc = {0};
  int64_t kind, oper, address, device, pid;
  int rc = nsys_take(t, M_START, INT64_MIN / 4, INT64_MAX / 4, &alloc.at_ns, r->err);
  rc = rc ? rc : nsys_take(t, M_BYTES, 0, INT64_MAX >> 16, &alloc.bytes, r->err);
  rc = rc ? rc : nsys_take(t, M_KIND, INT32_MIN, INT32_MAX, &kind, r->err);
  rc = rc ? rc : nsys_take(t, M_OPER, INT32_MIN, INT32_MAX, &oper, r->err);
  rc = rc ? rc : nsys_take(t, M_ADDRESS, INT64_MIN, INT64_MAX, &address, r->err);
  rc = rc ? rc : nsys_take(t, M_DEVICE, INT32_MIN, UINT32_MAX, &device, r->err);
  rc = rc ? rc : nsys_process_of(r, t, M_PID, &pid, &alloc.process);
  if (rc)
    return rc;
  enum where where = where_of(r, kind);
  if (where == PAGEABLE || where == PINNED || where == UNSAID)
    return CR_OK;
  const char *name = oper >= 0 && oper < NSYS_ENUM_CAP ? r->mem_oper.name[oper] : NULL;
  alloc.is_free = name ? strstr(name, "DEALLOC") != NULL : oper == 1;
  alloc.address = (uint64_t)address;
  alloc.device = (uint32_t)device;
  return cr_capture_add_alloc(r->c, &alloc) ? nsys_nomem(r) : CR_OK;
}

static int read_memory(struct nsys_reader *r)
{
  int64_t n = nsys_row_count(&r->t->db, "CUDA_GPU_MEMORY_USAGE_EVENTS");
  if (n && !r->mem_kind.is_there) {
    cr_text_add(&r->t->note,
                "memory is not known: the export has no ENUM_CUDA_MEM_KIND to say what kind each event is of\n");
    return CR_OK;
  }
  return each_row(r, "CUDA_GPU_MEMORY_USAGE_EVENTS", MEMORY_COLUMN, N_MEMORY_COLUMN, M_PID, add_alloc);
}

/* -- the whole ----------------------------------------------------------------------------------------------------- */

/* A graph that was traced as one item hides its kernels. */
static int check_graphs(struct nsys_reader *r)
{
  static const char *const column[] = {"start"};
  struct cr_nsys_table t;
  int rc = nsys_table_open(&r->t->db, "CUPTI_ACTIVITY_KIND_GRAPH_TRACE", column, 1, 1, &t, r->err);
  if (!rc)
    rc = nsys_table_next(&t, r->err);
  nsys_table_close(&t);
  if (rc > 0)
    return cr_fail(r->err, CR_EINPUT,
                   "%s: has CUDA graphs traced as a whole, without their kernels; record nodes: "
                   "nsys profile --cuda-graph-trace=node",
                   r->t->db.path);
  return rc;
}

static int read_enums(struct nsys_reader *r)
{
  struct cr_nsys_db *db = &r->t->db;
  int rc = nsys_enum_read(db, "ENUM_CUDA_MEMCPY_OPER", r->c->arena, &r->copy_kind, r->err);
  if (!rc)
    rc = nsys_enum_read(db, "ENUM_CUDA_MEM_KIND", r->c->arena, &r->mem_kind, r->err);
  return rc ? rc : nsys_enum_read(db, "ENUM_CUDA_DEV_MEM_EVENT_OPER", r->c->arena, &r->mem_oper, r->err);
}

/* Rows may be fewer than the last rowid, never more in a file that nsys made. */
static int reserve(struct nsys_reader *r)
{
  enum { MOST = 1 << 26 }; /* a damaged rowid asks for no more */
  struct cr_nsys_db *db = &r->t->db;
  int64_t n_op = nsys_row_count(db, "CUPTI_ACTIVITY_KIND_KERNEL") + nsys_row_count(db, "CUPTI_ACTIVITY_KIND_MEMCPY") +
                 nsys_row_count(db, "CUPTI_ACTIVITY_KIND_MEMSET");
  int64_t n_call = nsys_row_count(db, "CUPTI_ACTIVITY_KIND_RUNTIME");
  if (n_op < 0 || n_op > MOST || n_call > MOST)
    return CR_OK;
  return cr_capture_reserve(r->c, (uint32_t)n_op, (uint32_t)n_call) ? nsys_nomem(r) : CR_OK;
}

static int read_tables(struct nsys_reader *r)
{
  int rc = check_graphs(r);
  rc = rc ? rc : reserve(r);
  rc = rc ? rc : read_strings(r);
  rc = rc ? rc : read_enums(r);
  rc = rc ? rc : each_row(r, "CUPTI_ACTIVITY_KIND_KERNEL", KERNEL_COLUMN, N_KERNEL_COLUMN, K_OPTIONAL, add_kernel);
  if (!rc && !r->c->n_op)
    rc = cr_fail(r->err, CR_EINPUT, "%s: has no kernels; record them with nsys profile --trace=cuda", r->t->db.path);
  rc = rc ? rc : each_row(r, "CUPTI_ACTIVITY_KIND_MEMCPY", COPY_COLUMN, N_COPY_COLUMN, C_OPTIONAL, add_copy);
  rc = rc ? rc : each_row(r, "CUPTI_ACTIVITY_KIND_MEMSET", SET_COLUMN, N_SET_COLUMN, S_OPTIONAL, add_memset);
  rc = rc ? rc : each_row(r, "CUPTI_ACTIVITY_KIND_RUNTIME", CALL_COLUMN, N_CALL_COLUMN, R_TID, add_call);
  rc = rc ? rc : nsys_read_ranges(r);
  return rc ? rc : read_memory(r);
}

static void note_counts(struct nsys_reader *r)
{
  struct cr_text *note = &r->t->note;
  if (r->t->db.is_newer)
    cr_text_add(note, "the export is of schema %s, newer than those known (3.16 to 3.24)\n", r->t->db.schema);
  if (r->n_timeless)
    cr_text_add(note, "%" PRIu64 " records without a time left out: the profiler lost them\n", r->n_timeless);
  if (r->n_elsewhere)
    cr_text_add(note, "%" PRIu64 " copies left out: between GPUs, within the host, or migrations of managed memory\n",
                r->n_elsewhere);
  if (r->n_open)
    cr_text_add(note, "%" PRIu64 " NVTX ranges left out: they had no end when the recording ended\n", r->n_open);
  if (r->n_failed_call)
    cr_text_add(note, "%" PRIu64 " CUDA calls failed, the first %s with error %" PRId64 "\n", r->n_failed_call,
                r->failed_call, r->failed_value);
}

int nsys_read(const char *path, const struct cr_nsys_options *opt, struct cr_nsys_trace *out, struct cr_err *err)
{
  static const char *const large[] = {"StringIds",
                                      "CUPTI_ACTIVITY_KIND_KERNEL",
                                      "CUPTI_ACTIVITY_KIND_MEMCPY",
                                      "CUPTI_ACTIVITY_KIND_MEMSET",
                                      "CUPTI_ACTIVITY_KIND_RUNTIME",
                                      "NVTX_EVENTS",
                                      "CUDA_GPU_MEMORY_USAGE_EVENTS"};
  *out = (struct cr_nsys_trace){.opt = opt};
  struct nsys_reader r = {.t = out, .c = &out->c, .err = err};
  if (cr_capture_init(&out->c, path, "row"))
    return cr_fail_nomem(err, path);
  int rc = nsys_db_open(path, &out->db, err);
  if (rc)
    return rc;
  for (size_t i = 0; i < sizeof large / sizeof *large; i++)
    out->all_rows += nsys_row_count(&out->db, large[i]);
  rc = read_tables(&r);
  if (!rc)
    rc = nsys_read_context(out, err);
  note_counts(&r);
  if (!rc && out->note.failed)
    rc = nsys_nomem(&r);
  cr_mem_free(r.string);
  return rc;
}

void nsys_trace_fini(struct cr_nsys_trace *t)
{
  nsys_db_close(&t->db);
  cr_mem_free(t->host);
  cr_text_fini(&t->note);
  cr_capture_fini(&t->c);
}
