/* counted.c - finds which process is which in two runs of a command, and gives what was counted in one to the models of the
 * other. */
#include "config.h"

#include "traces/counted.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sim/mem.h"
#include "traces/demangle.h"
#include "traces/sha256.h"
#include "traces/spool.h"
#include "traces/store_int.h"

struct process {
  const char *path, *command;
  uint64_t began_ns;
};

struct run {
  struct process *process; /* [n], in the order in which they began */
  uint32_t n, cap;
};

struct counted {
  struct cr_store *s;
  struct cr_arena *arena;
  struct cr_demangler *demangler;
  struct run timed, counted;
  struct cr_text *said, *missing, *csv;
  uint32_t n_model;
};

static const char *base_name(const char *path)
{
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

/* -- which processes there are ------------------------------------------------------------------------------------- */

static int add_process(struct counted *c, struct run *run, const char *path, struct cr_err *err)
{
  struct cr_spool *s = NULL;
  struct cr_err why;
  int rc = cr_spool_open(path, &s, &why);
  if (rc == CR_EINPUT) {
    cr_text_add(c->missing, "%s\n", why.text);
    return CR_OK;
  }
  if (rc)
    return cr_fail(err, rc, "%s", why.text);
  struct process p = {.path = cr_arena_text(c->arena, path),
                      .command = cr_arena_text(c->arena, cr_spool_who(s)->command),
                      .began_ns = cr_spool_who(s)->process.realtime_ns};
  cr_spool_close(s);
  if (run->n == run->cap) {
    uint32_t cap = run->cap ? 2 * run->cap : 16;
    struct process *grown = cr_mem_resize(run->process, cap, sizeof *grown);
    if (!grown)
      return cr_fail_nomem(err, path);
    run->process = grown;
    run->cap = cap;
  }
  run->process[run->n++] = p;
  return p.path && p.command ? CR_OK : cr_fail_nomem(err, path);
}

static int by_begin(const void *a, const void *b)
{
  const struct process *x = a, *y = b;
  if (x->began_ns != y->began_ns)
    return x->began_ns < y->began_ns ? -1 : 1;
  return strcmp(x->path, y->path);
}

static int list_run(struct counted *c, struct run *run, const char *folder, struct cr_err *err)
{
  DIR *d = opendir(folder);
  int rc = CR_OK;
  if (!d)
    return cr_fail(err, CR_EINPUT, "%s: cannot be read: %s", folder, strerror(errno));
  for (const struct dirent *e; !rc && (e = readdir(d));) {
    struct cr_text path = {0};
    size_t n = strlen(e->d_name), suffix = strlen(CR_SPOOL_SUFFIX);
    if (n <= suffix || strcmp(e->d_name + n - suffix, CR_SPOOL_SUFFIX) != 0)
      continue;
    cr_text_add(&path, "%s/%s", folder, e->d_name);
    rc = path.failed ? cr_fail_nomem(err, folder) : add_process(c, run, path.s, err);
    cr_text_fini(&path);
  }
  closedir(d);
  if (!rc && run->n)
    qsort(run->process, run->n, sizeof *run->process, by_begin);
  return rc;
}

/* The process of the other run that did what this one did; NULL: there is none. */
static const struct process *twin(const struct run *from, uint32_t i, const struct run *to)
{
  uint32_t k = 0;
  for (uint32_t j = 0; j < i; j++)
    k += !strcmp(from->process[j].command, from->process[i].command);
  for (uint32_t j = 0; j < to->n; j++)
    if (!strcmp(to->process[j].command, from->process[i].command) && !k--)
      return &to->process[j];
  return NULL;
}

/* -- what was counted ---------------------------------------------------------------------------------------------- */

static int64_t whole(double v)
{
  return isfinite(v) && v >= 0 && v < 9e15 ? (int64_t)(v + 0.5) : CR_UNKNOWN;
}

static void csv_head(struct cr_text *csv)
{
  cr_text_add(
    csv,
    "\"Kernel Name\",\"launch__grid_size\",\"launch__block_size\",\"launch__registers_per_thread\","
    "\"launch__shared_mem_per_block_static\",\"launch__shared_mem_per_block_dynamic\",\"dram__bytes.sum\","
    "\"lts__t_bytes.sum\",\"sm__inst_executed.sum\",\"sm__inst_executed_pipe_tensor.sum\","
    "\"sm__inst_executed_pipe_fma.sum\",\"sm__inst_executed_pipe_fp64.sum\","
    "\"sm__warps_active.avg.per_cycle_active\"\n"
    "\"\",\"\",\"\",\"register/thread\",\"byte/block\",\"byte/block\",\"byte\",\"byte\",\"inst\",\"inst\",\"inst\","
    "\"inst\",\"warp\"\n");
}

static void csv_row(struct cr_text *csv, const char *name, const struct cr_counter_key *key,
                    const struct cr_spool_record *r)
{
  cr_text_add_csv_quoted(csv, name);
  cr_text_add(csv, ",%" PRId64 ",%" PRId64 ",%" PRId64 ",%d,%d", key->blocks, key->threads, key->regs,
              r->shape->static_shared_bytes, r->shape->dynamic_shared_bytes);
  for (int m = 0; m < CR_SPOOL_METRIC_N; m++)
    if (isfinite(r->u.counted.value[m]))
      cr_text_add(csv, m == CR_SPOOL_ACTIVE_WARPS ? ",%.4f" : ",%.0f", r->u.counted.value[m]);
    else
      cr_text_add(csv, ",n/a");
  cr_text_add(csv, "\n");
}

static int add_row(struct counted *c, struct cr_counter_rows *rows, const struct cr_spool_record *r, struct cr_err *err)
{
  const struct cr_spool_shape *s = r->shape;
  const double *v = r->u.counted.value;
  const char *name = cr_arena_text(c->arena, cr_demangle(c->demangler, r->name ? r->name : "unknown kernel"));
  if (!name)
    return cr_fail_nomem(err, rows->path);
  const struct cr_counter_row row = {
    .key = {cr_counter_name(name), (int64_t)s->grid[0] * s->grid[1] * s->grid[2],
            (int64_t)s->block[0] * s->block[1] * s->block[2], s->registers,
            (int64_t)s->static_shared_bytes + s->dynamic_shared_bytes},
    .text = name,
    .counters = {whole(v[CR_SPOOL_DRAM_BYTES]), whole(v[CR_SPOOL_L2_BYTES]), whole(v[CR_SPOOL_INSTRUCTIONS]),
                 whole(v[CR_SPOOL_TENSOR_INSTRUCTIONS]), whole(v[CR_SPOOL_ACTIVE_WARPS] * 65536)}};
  if (c->csv)
    csv_row(c->csv, name, &row.key, r);
  return cr_counter_rows_add(rows, &row, err);
}

static int read_rows(struct counted *c, const char *path, struct cr_counter_rows *rows, struct cr_err *err)
{
  struct cr_spool *s = NULL;
  struct cr_spool_record r;
  int rc = cr_spool_open(path, &s, err);
  while (rc >= 0 && (rc = cr_spool_next(s, &r, err)) > 0) {
    if (r.kind == CR_SPOOL_NOTE && r.u.note.level != CR_SPOOL_INFO && *r.name)
      cr_text_add(c->missing, "%s: %s\n", base_name(path), r.name);
    if (r.kind == CR_SPOOL_COUNTED && (rc = add_row(c, rows, &r, err)) < 0)
      break;
  }
  if (rc >= 0)
    cr_spool_missing(s, base_name(path), c->missing);
  cr_spool_close(s);
  return rc < 0 ? rc : CR_OK;
}

/* -- and whose it is ----------------------------------------------------------------------------------------------- */

/* A model's name; NULL behind the last. */
static int name_model(struct counted *c, const char *timed, uint32_t i, const char **out, struct cr_err *err)
{
  char sha[65];
  sqlite3_stmt *q = NULL;
  *out = NULL;
  int rc = cr_sha256_file(timed, sha, err);
  rc = rc ? rc
          : cr_store_prepare(c->s,
                             "SELECT m.name FROM model m WHERE EXISTS (SELECT 1 FROM origin o WHERE o.model = m.id "
                             "AND o.file = ? AND o.sha256 = ?) ORDER BY m.id LIMIT 1 OFFSET ?",
                             &q, err);
  if (rc)
    return rc;
  sqlite3_bind_text(q, 1, base_name(timed), -1, SQLITE_STATIC);
  sqlite3_bind_text(q, 2, sha, -1, SQLITE_STATIC);
  sqlite3_bind_int64(q, 3, i);
  rc = cr_store_step(c->s, q, err);
  if (rc > 0) {
    *out = cr_arena_text(c->arena, (const char *)sqlite3_column_text(q, 0));
    rc = *out ? CR_OK : cr_fail_nomem(err, timed);
  }
  sqlite3_finalize(q);
  return rc;
}

static int match_model(struct counted *c, const struct cr_counter_rows *rows, const char *model,
                       const struct cr_origin *origin, struct cr_err *err)
{
  struct cr_counter_result r;
  struct cr_err why;
  int rc = cr_counter_match(c->s, rows, model, origin, &r, NULL, &why);
  if (rc == CR_EINPUT) {
    cr_text_add(c->missing, "%s: %s\n", model, why.text);
    return CR_OK;
  }
  if (rc)
    return cr_fail(err, rc, "%s", why.text);
  cr_text_add(c->said, "%s: counters of %u of %u kernels (%u in order, %u by others that agree), from %u counted\n",
              model, r.n_in_order + r.n_alike, r.n_kernel, r.n_in_order, r.n_alike, r.n_row);
  c->n_model++;
  return CR_OK;
}

/* The counters of one process, for the models of the other; a process that launched nothing has neither. */
static int match_process(struct counted *c, const struct process *timed, const struct process *counted,
                         struct cr_err *err)
{
  struct cr_counter_rows rows = {.path = base_name(counted->path)};
  struct cr_spool *s = NULL;
  char sha[65], tool[80], driver[32], recorded[32] = "";
  const char *model = NULL;
  int rc = read_rows(c, counted->path, &rows, err);
  rc = rc ? rc : cr_sha256_file(counted->path, sha, err);
  rc = rc ? rc : cr_spool_open(counted->path, &s, err);
  if (!rc && rows.n) {
    const struct cr_spool_who *who = cr_spool_who(s);
    uint32_t cuda = who->process.driver_version;
    snprintf(tool, sizeof tool, "corun collect --metrics %.30s, CUPTI %u", who->corun, who->process.cupti_version);
    snprintf(driver, sizeof driver, "CUDA %u.%u", cuda / 1000, cuda % 1000 / 10);
    const time_t at = (time_t)(counted->began_ns / 1000000000);
    struct tm tm;
    if (gmtime_r(&at, &tm))
      strftime(recorded, sizeof recorded, "%Y-%m-%dT%H:%M:%SZ", &tm);
    const struct cr_origin origin = {.file = rows.path,
                                     .sha256 = sha,
                                     .tool = tool,
                                     .host = *who->host ? who->host : NULL,
                                     .driver = cuda ? driver : NULL,
                                     .command = *who->command ? who->command : NULL,
                                     .recorded = *recorded ? recorded : NULL};
    for (uint32_t i = 0; !rc && !(rc = name_model(c, timed->path, i, &model, err)) && model; i++)
      rc = match_model(c, &rows, model, &origin, err);
  }
  cr_spool_close(s);
  cr_counter_rows_fini(&rows);
  return rc;
}

static int match_all(struct counted *c, struct cr_err *err)
{
  int rc = CR_OK;
  if (c->csv)
    csv_head(c->csv);
  for (uint32_t i = 0; i < c->counted.n && !rc; i++) {
    const struct process *timed = twin(&c->counted, i, &c->timed);
    if (timed)
      rc = match_process(c, timed, &c->counted.process[i], err);
    else
      cr_text_add(c->missing, "%s: no process of the first run had the command %.200s\n",
                  base_name(c->counted.process[i].path), c->counted.process[i].command);
  }
  if (!rc && (c->said->failed || c->missing->failed || (c->csv && c->csv->failed)))
    rc = cr_fail_nomem(err, "what was counted");
  return rc;
}

int cr_counted_import(struct cr_store *s, const struct cr_counted_runs *runs, struct cr_text *said,
                      struct cr_text *missing, struct cr_text *csv, uint32_t *n_model, struct cr_err *err)
{
  struct counted c = {.s = s, .said = said, .missing = missing, .csv = csv, .arena = cr_arena_new()};
  c.demangler = cr_demangler_new();
  int rc = c.arena ? list_run(&c, &c.timed, runs->timed, err) : cr_fail_nomem(err, runs->counted);
  rc = rc ? rc : list_run(&c, &c.counted, runs->counted, err);
  rc = rc ? rc : match_all(&c, err);
  cr_mem_free(c.timed.process);
  cr_mem_free(c.counted.process);
  cr_demangler_free(c.demangler);
  cr_arena_free(c.arena);
  if (!rc)
    *n_model = c.n_model;
  return rc;
}
