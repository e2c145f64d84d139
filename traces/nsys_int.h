/* nsys_int.h - between the files of the Nsight Systems importer: an open export, and its tables by name. */
#ifndef CR_NSYS_INT_H
#define CR_NSYS_INT_H
#include <sqlite3.h>

#include "traces/capture.h"
#include "traces/capture_model.h"
#include "traces/nsys.h"

struct cr_nsys_db {
  sqlite3 *db;
  const char *path;
  char product[40], schema[24]; /* "2024.6.2.225", "3.16.1" */
  int is_newer;                 /* than the schemas known */
};

/* Refuses what is no export, and schemas that are not known.  Ends with nsys_db_close in any case. */
int nsys_db_open(const char *path, struct cr_nsys_db *out, struct cr_err *err) CR_MUST;
void nsys_db_close(struct cr_nsys_db *db);

/* A table being read: columns are in the order asked for, NULL where the export has none of that name. */
struct cr_nsys_table {
  struct cr_nsys_db *db;
  const char *name;
  const char *const *column; /* [n_column] */
  sqlite3_stmt *q;           /* NULL: the export has no such table */
  uint64_t row;              /* from 1 */
};

/* Tables are made lazily: one that is not there has no rows.  Of columns, the first n_needed must be there. */
int nsys_table_open(struct cr_nsys_db *db, const char *name, const char *const *column, int n_column, int n_needed,
                    struct cr_nsys_table *out, struct cr_err *err) CR_MUST;
/* 1: a row, 0: the end, < 0: an error. */
int nsys_table_next(struct cr_nsys_table *t, struct cr_err *err) CR_MUST;
void nsys_table_close(struct cr_nsys_table *t);

/* A whole number from min to max.  CR_EINPUT names file, table, row and column. */
int nsys_take(const struct cr_nsys_table *t, int column, int64_t min, int64_t max, int64_t *out,
              struct cr_err *err) CR_MUST;
/* The same, or `missing` where the value is NULL. */
int nsys_take_or(const struct cr_nsys_table *t, int column, int64_t min, int64_t max, int64_t missing, int64_t *out,
                 struct cr_err *err) CR_MUST;
int nsys_is_null(const struct cr_nsys_table *t, int column);
const char *nsys_text(const struct cr_nsys_table *t, int column); /* "" for NULL; good until the next row */
int nsys_bad_row(const struct cr_nsys_table *t, const char *what, struct cr_err *err) CR_COLD; /* returns CR_EINPUT */

/* How many rows a table has, about: its last rowid; 0 where there is none. */
int64_t nsys_row_count(struct cr_nsys_db *db, const char *table);

/* The names of an ENUM table's values from 0 to 63, in the arena; NULL where there is none. */
enum { NSYS_ENUM_CAP = 64 };
struct cr_nsys_enum {
  int is_there;
  const char *name[NSYS_ENUM_CAP];
};
int nsys_enum_read(struct cr_nsys_db *db, const char *table, struct cr_arena *arena, struct cr_nsys_enum *out,
                   struct cr_err *err) CR_MUST;

/* nsys_read.c.  What the export holds, and what there is to say of it. */
struct cr_nsys_host {
  cr_ns start_ns;
  uint32_t process, tid;
};

struct cr_nsys_trace {
  struct cr_nsys_db db;
  const struct cr_nsys_options *opt;
  struct cr_capture c;
  struct cr_nsys_host *host; /* [n_host] CUDA calls */
  uint32_t n_host, host_cap;
  struct cr_text note; /* lines for the reports of models, and the user */
  int64_t done_rows, all_rows;
};
int nsys_read(const char *path, const struct cr_nsys_options *opt, struct cr_nsys_trace *out,
              struct cr_err *err) CR_MUST;
void nsys_trace_fini(struct cr_nsys_trace *t);

enum { NSYS_TID_BITS = 24 }; /* of a serialised id */

/* Row of StringIds. */
struct nsys_string {
  int64_t id;
  const char *text;
  uint32_t name; /* in the capture, + 1; 0: not yet */
  enum cr_capture_call_kind call;
  int is_call; /* of a kind that counts; -1: not yet known */
};

/* The reading of one export. */
struct nsys_reader {
  struct cr_nsys_trace *t;
  struct cr_capture *c;
  struct nsys_string *string; /* [n_string] by id */
  uint32_t n_string, string_cap;
  struct cr_nsys_enum copy_kind, mem_kind, mem_oper;
  uint64_t n_timeless, n_elsewhere, n_open, n_failed_call;
  char failed_call[80];
  int64_t failed_value;
  struct cr_err *err;
};

int nsys_nomem(const struct nsys_reader *r) CR_COLD; /* returns CR_ENOMEM */
/* After each row: CR_EINTR when it is to stop. */
int nsys_watch(const struct nsys_reader *r) CR_MUST;
struct nsys_string *nsys_find_string(const struct nsys_reader *r, int64_t id); /* NULL: there is none of that id */
/* A column of serialised ids: the number (0 for NULL), and its process in the capture. */
int nsys_process_of(struct nsys_reader *r, const struct cr_nsys_table *t, int column, int64_t *id,
                    uint32_t *out) CR_MUST;

/* nsys_nvtx.c.  Ranges into the capture; strings have been read. */
int nsys_read_ranges(struct nsys_reader *r) CR_MUST;

/* nsys_device.c.  Adds the name of the GPU that ops ran on, where all have one; and the description asked for. */
int nsys_read_gpu_name(struct cr_nsys_trace *t, struct cr_err *err) CR_MUST;
int nsys_describe_device(struct cr_nsys_trace *t, struct cr_text *out, struct cr_err *err) CR_MUST;

/* nsys_context.c.  Of processes, streams and GPUs, once all ops are there; wall time; what the profiler lost. */
int nsys_read_context(struct cr_nsys_trace *t, struct cr_err *err) CR_MUST;

#endif
