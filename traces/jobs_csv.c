/* jobs_csv.c - job traces that are tables: which dialect a header is of, and a job from each row.
 *
 * A dialect is a name for each column that is read; the first one all of whose needed columns are there is it.  Other
 * columns are not looked at. */
#include "config.h"

#include "traces/jobs_int.h"

#include "sim/nearest.h"
#include "traces/csv.h"

#include <string.h>

enum column { ID, MODEL, ITERATIONS, SUBMIT, DURATION, GPUS, START, END, N_COLUMN };

struct dialect {
  const char *name;
  const char *column[N_COLUMN]; /* NULL: it has no such */
  unsigned needed;              /* a bit a column */
  int is_date;                  /* submit, start and end are dates; else seconds */
  int is_log;
};

static const struct dialect DIALECT[] = {
  /* SymbioticLab's Salus (benchmarks/exps) and Tiresias (trace-data), and what corun writes. */
  {"salus",
   {"job_id", "model_name", "iterations", "submit_time", "duration", "num_gpu", NULL, NULL},
   1u << ID | 1u << MODEL | 1u << SUBMIT,
   0,
   0},
  /* SenseTime's Helios (S-Lab-System-Group/HeliosData, cluster_log.csv). */
  {"helios",
   {"job_id", NULL, NULL, "submit_time", "duration", "gpu_num", "start_time", NULL},
   1u << ID | 1u << SUBMIT | 1u << DURATION | 1u << GPUS | 1u << START,
   1,
   1},
  /* Alibaba's cluster-trace-gpu-v2023 (openb_pod_list_*.csv). */
  {"openb",
   {"name", NULL, NULL, "creation_time", NULL, "num_gpu", "scheduled_time", "deletion_time"},
   1u << ID | 1u << SUBMIT | 1u << GPUS | 1u << START | 1u << END,
   0,
   1},
};
enum { N_DIALECT = sizeof DIALECT / sizeof DIALECT[0] };

/* A table being read. */
struct table {
  struct cr_jobs *jobs;
  struct cr_csv *csv;
  const struct dialect *dialect;
  int at[N_COLUMN]; /* -1: it has none */
  struct cr_err *err;
};

/* -- which dialect ------------------------------------------------------------------------------------------------- */

static unsigned columns_there(const struct cr_csv *csv, const struct dialect *d)
{
  unsigned there = 0;
  for (unsigned c = 0; c < N_COLUMN; c++)
    if (d->column[c] && cr_csv_column(csv, d->column[c]) >= 0)
      there |= 1u << c;
  return there;
}

static void list_columns(const struct cr_csv *csv, struct cr_text *out)
{
  for (uint32_t i = 0; i < cr_csv_n_column(csv) && out->n < 300; i++)
    cr_text_add(out, "%s%.60s", i ? ", " : "", cr_csv_name(csv, i));
}

/* The header's name that was probably meant for the column. */
static const char *near_column(const struct cr_csv *csv, const char *column)
{
  enum { MANY = 64 };
  const char *name[MANY];
  uint32_t n = 0;
  for (; n < cr_csv_n_column(csv) && n < MANY; n++)
    name[n] = cr_csv_name(csv, n);
  return cr_nearest(column, name, n);
}

/* No dialect fits: says what the nearest one lacks, or which there are. */
static int refuse_header(const struct cr_csv *csv, struct cr_err *err)
{
  const struct dialect *best = NULL;
  int n_best = 1, rc;
  for (int i = 0; i < N_DIALECT; i++) {
    int n = __builtin_popcount(columns_there(csv, &DIALECT[i]));
    if (n > n_best) {
      best = &DIALECT[i];
      n_best = n;
    }
  }
  struct cr_text has = {0};
  list_columns(csv, &has);
  if (best) {
    unsigned missing = best->needed & ~columns_there(csv, best);
    const char *column = best->column[__builtin_ctz(missing)], *near = near_column(csv, column);
    rc = cr_fail(err, CR_EINPUT, "%s: has no column \"%s\", which a job trace of dialect %s needs%s%s%s; it has %s",
                 cr_csv_path(csv), column, best->name, near ? " (did you mean it by \"" : "", near ? near : "",
                 near ? "\"?)" : "", has.s ? has.s : "none");
  } else {
    rc = cr_fail(err, CR_EINPUT,
                 "%s: is no job trace: it has the columns %s; known are salus (job_id, model_name, submit_time, "
                 "iterations or duration), helios, openb and, as JSON, philly",
                 cr_csv_path(csv), has.s ? has.s : "none");
  }
  cr_text_fini(&has);
  return rc;
}

static int find_dialect(struct table *t)
{
  for (int i = 0; i < N_DIALECT && !t->dialect; i++)
    if ((DIALECT[i].needed & ~columns_there(t->csv, &DIALECT[i])) == 0)
      t->dialect = &DIALECT[i];
  if (!t->dialect)
    return refuse_header(t->csv, t->err);
  for (int c = 0; c < N_COLUMN; c++)
    t->at[c] = t->dialect->column[c] ? cr_csv_column(t->csv, t->dialect->column[c]) : -1;
  if (t->at[ITERATIONS] < 0 && t->at[DURATION] < 0 && t->at[END] < 0)
    return cr_fail(t->err, CR_EINPUT, "%s: has neither a column \"iterations\" nor \"duration\"; one is needed",
                   cr_csv_path(t->csv));
  return CR_OK;
}

/* -- a row --------------------------------------------------------------------------------------------------------- */

static const char *cell(const struct table *t, enum column c)
{
  return cr_csv_field(t->csv, t->at[c]);
}

/* A log's word for "there was none". */
static int is_none(const char *text)
{
  return !*text || strcmp(text, "None") == 0 || strcmp(text, "null") == 0;
}

/* The row is left out because of what stands in a column, unless that is an error. */
static int refuse_cell(const struct table *t, enum column c, enum cr_job_fault fault, const char *want)
{
  const char *name = t->dialect->column[c];
  uint32_t line = cr_csv_line(t->csv);
  if (fault == CR_FAULT_NEGATIVE)
    return cr_jobs_refuse_line(t->jobs, fault, line, t->err, "%s is %.60s; it cannot be negative", name, cell(t, c));
  return cr_jobs_refuse_line(t->jobs, fault, line, t->err, "%s is \"%.60s\" where %s belongs", name, cell(t, c), want);
}

/* The three below: 1: the value is there; 0: the row is left out; < 0: an error. */

static int read_time(const struct table *t, enum column c, cr_ns *out)
{
  int is_date = t->dialect->is_date && c != DURATION;
  enum cr_job_fault fault = is_date ? cr_job_date(cell(t, c), out) : cr_job_seconds(cell(t, c), out);
  if (fault == CR_N_JOB_FAULT)
    return 1;
  return refuse_cell(t, c, fault, is_date ? "a date such as 2020-06-09 18:41:01" : "a time in seconds");
}

static int read_whole(const struct table *t, enum column c, uint32_t *out)
{
  enum cr_job_fault fault = cr_job_whole(cell(t, c), UINT32_MAX - 1, out);
  return fault == CR_N_JOB_FAULT ? 1 : refuse_cell(t, c, fault, "a whole number below 2^32");
}

/* How much it has to do, as iterations or time. */
static int read_work(const struct table *t, struct job_row *row)
{
  int has_iterations = *cell(t, ITERATIONS) != '\0', has_duration = *cell(t, DURATION) != '\0';
  cr_ns start_ns = 0, end_ns = 0;
  if (t->at[END] >= 0) {
    int ok = read_time(t, START, &start_ns);
    ok = ok > 0 ? read_time(t, END, &end_ns) : ok;
    if (ok <= 0)
      return ok;
    if (end_ns < start_ns)
      return cr_jobs_refuse_line(t->jobs, CR_FAULT_VALUE, row->line, t->err, "%s, %s, is before %s, %s",
                                 t->dialect->column[END], cell(t, END), t->dialect->column[START], cell(t, START));
    row->duration_ns = end_ns - start_ns;
    return 1;
  }
  if (!has_iterations && !has_duration)
    return cr_jobs_refuse_line(t->jobs, CR_FAULT_VALUE, row->line, t->err,
                               "job %s has neither iterations nor a duration; one is needed", row->id);
  int ok = has_iterations ? read_whole(t, ITERATIONS, &row->iterations) : 1;
  if (ok > 0 && has_iterations && row->iterations == 0)
    return cr_jobs_refuse_line(t->jobs, CR_FAULT_ZERO, row->line, t->err,
                               "job %s has no iterations; it needs one at least", row->id);
  return ok > 0 && has_duration ? read_time(t, DURATION, &row->duration_ns) : ok;
}

static int read_job(const struct table *t)
{
  struct job_row row = {
    .id = cell(t, ID), .model = cell(t, MODEL), .duration_ns = CR_NS_NEVER, .n_gpu = 1, .line = cr_csv_line(t->csv)};
  if (t->at[START] >= 0 && is_none(cell(t, START)))
    return cr_jobs_refuse_line(t->jobs, CR_FAULT_NEVER_RAN, row.line, t->err, "job %.90s", row.id);
  int ok = read_time(t, SUBMIT, &row.submit_ns);
  if (ok > 0 && *cell(t, GPUS))
    ok = read_whole(t, GPUS, &row.n_gpu);
  ok = ok > 0 ? read_work(t, &row) : ok;
  return ok > 0 ? cr_jobs_take(t->jobs, &row, t->err) : ok;
}

/* A row that is no row: the next one may be. */
static int skip_row(const struct table *t)
{
  if (!cr_csv_can_go_on(t->csv))
    return CR_EINPUT;
  const struct cr_err why = *t->err;
  return cr_jobs_refuse(t->jobs, CR_FAULT_ROW, &why, t->err);
}

int cr_jobs_read_csv(struct cr_jobs *j, const char *path, struct cr_err *err)
{
  struct cr_err own;
  struct table t = {.jobs = j, .err = &own};
  int rc = cr_csv_open(path, &t.csv, &own);
  rc = rc ? rc : find_dialect(&t);
  rc = rc ? rc : cr_jobs_begin(j, t.dialect->name, t.dialect->is_date, t.dialect->is_log, &own);
  for (int more; !rc && (more = cr_csv_next(t.csv, &own)) != 0;)
    rc = more == CR_EINPUT ? skip_row(&t) : more < 0 ? more : read_job(&t);
  cr_csv_close(t.csv);
  if (rc && err)
    *err = own;
  return rc;
}
