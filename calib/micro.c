/* micro.c - reads microbenchmark results and keeps what they say of constants. */
#include "config.h"

#include "calib/micro_int.h"

#include <dirent.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sim/mem.h"

static const double MEDIAN = 1.2533141373155; /* sqrt(pi / 2) */

/* --- samples -------------------------------------------------------------------------------------------------------- */

void cr_micro_add(struct cr_micro_sample *s, double x)
{
  if (s->n == s->cap) {
    uint32_t cap = s->cap ? 2 * s->cap : 32;
    double *bigger = cr_mem_resize(s->x, cap, sizeof *bigger);
    if (!bigger) {
      s->failed = 1;
      return;
    }
    s->x = bigger;
    s->cap = cap;
  }
  s->x[s->n++] = x;
}

void cr_micro_sample_fini(struct cr_micro_sample *s)
{
  cr_mem_free(s->x);
  *s = (struct cr_micro_sample){0};
}

/* The standard error of a median is sqrt(pi / 2) that of a mean of normal values; the median absolute deviation, 1.4826 of
 * which are a standard deviation, stands in for it, since settings have outliers. */
double cr_micro_median(struct cr_micro_sample *s, double *std_error)
{
  gsl_sort(s->x, 1, s->n);
  double median = gsl_stats_median_from_sorted_data(s->x, 1, s->n);
  if (s->n == 1) {
    *std_error = s->alone_error;
    return median;
  }
  double *off = cr_mem_new(s->n, sizeof *off);
  if (!off) {
    s->failed = 1;
    return median;
  }
  for (uint32_t i = 0; i < s->n; i++)
    off[i] = fabs(s->x[i] - median);
  gsl_sort(off, 1, s->n);
  double spread = 1.4826 * gsl_stats_median_from_sorted_data(off, 1, s->n);
  spread = spread > 0 ? spread : gsl_stats_sd(s->x, 1, s->n); /* more than half of them are one number */
  *std_error = MEDIAN * spread / sqrt(s->n);
  cr_mem_free(off);
  return median;
}

double cr_micro_mean(const struct cr_micro_sample *s, double *std_error)
{
  *std_error = s->n > 1 ? gsl_stats_sd(s->x, 1, s->n) / sqrt(s->n) : s->alone_error;
  return gsl_stats_mean(s->x, 1, s->n);
}

int cr_micro_put(struct cr_micro_job *job, enum cr_gpu_constant id, double value, double std_error, uint32_t n_row,
                 const char *what)
{
  struct cr_micro *m = job->out;
  uint32_t at = 0;
  while (at < m->n_value && m->value[at].id < id)
    at++;
  if (at < m->n_value && m->value[at].id == id)
    return cr_fail(job->err, CR_EINPUT, "%s: says something of '%s', and so does %s; give one of the two", job->path,
                   cr_gpu_constant_info[id].name, m->value[at].path);
  if (!isfinite(value) || value < 0)
    return cr_fail(job->err, CR_EINPUT, "%s: '%s' comes out as %g, which no device has", job->path,
                   cr_gpu_constant_info[id].name, value);
  memmove(&m->value[at + 1], &m->value[at], (m->n_value - at) * sizeof m->value[0]);
  m->value[at] = (struct cr_micro_value){id, value, std_error, n_row, what, job->path};
  m->n_value++;
  return CR_OK;
}

/* --- files ---------------------------------------------------------------------------------------------------------- */

enum kind { UNKNOWN, STEPS, TURNS, COPIES, IDLE, PROCESSES };

/* By a column that no other has. */
static enum kind kind_of(const struct cr_csv *csv)
{
  static const struct {
    const char *column[2];
    enum kind kind;
  } known[] = {{{"test", "metric"}, STEPS},
               {{"run", "longest_ns"}, TURNS},
               {{"what", "kib"}, COPIES},
               {{"mode", "p95_ms"}, PROCESSES},
               {{"alone", ""}, IDLE}};
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
    if (cr_csv_column(csv, known[i].column[0]) >= 0 &&
        (!known[i].column[1][0] || cr_csv_column(csv, known[i].column[1]) >= 0))
      return known[i].kind;
  return UNKNOWN;
}

struct files {
  const char **path; /* [n] */
  uint32_t n, cap;
};

static int keep_file(struct files *f, const char *path, struct cr_err *err)
{
  if (f->n == f->cap) {
    uint32_t cap = f->cap ? 2 * f->cap : 16;
    const char **bigger = cr_mem_resize(f->path, cap, sizeof *bigger);
    if (!bigger)
      return cr_fail_nomem(err, path);
    f->path = bigger;
    f->cap = cap;
  }
  f->path[f->n++] = path;
  return CR_OK;
}

static int ends_in(const char *name, const char *suffix)
{
  size_t n = strlen(name), k = strlen(suffix);
  return n >= k && strcmp(name + n - k, suffix) == 0;
}

static int by_name(const void *a, const void *b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Tables of a folder, in order of their names. */
static int list_folder(const char *folder, struct cr_arena *arena, struct files *out, struct cr_err *err)
{
  DIR *dir = opendir(folder);
  if (!dir)
    return cr_fail(err, CR_EINPUT, "%s: cannot be read; give a folder of microbenchmark results", folder);
  int rc = CR_OK;
  for (struct dirent *e; rc == CR_OK && (e = readdir(dir));) {
    if (!ends_in(e->d_name, ".csv") && !ends_in(e->d_name, ".csv.gz"))
      continue;
    size_t n = strlen(folder) + strlen(e->d_name) + 2;
    char *path = cr_arena_take(arena, n, 1);
    if (!path) {
      rc = cr_fail_nomem(err, folder);
      break;
    }
    snprintf(path, n, "%s%s%s", folder, ends_in(folder, "/") ? "" : "/", e->d_name);
    rc = keep_file(out, path, err);
  }
  closedir(dir);
  if (rc == CR_OK && out->n)
    qsort(out->path, out->n, sizeof *out->path, by_name);
  return rc;
}

/* The slice that is known so far, in us; NAN: none is. */
static double slice_of(const struct cr_micro *m, const struct cr_device_desc *d)
{
  for (uint32_t i = 0; i < m->n_value; i++)
    if (m->value[i].id == CR_GPU_SLICE)
      return m->value[i].value;
  return d->constant[CR_GPU_SLICE] > 0 ? d->constant[CR_GPU_SLICE] : NAN;
}

struct reading {
  struct cr_micro_job job;
  const struct cr_device_desc *device;
  int late; /* reads what needs others' values, and nothing else */
};

/* *known: whether the file is a microbenchmark's. */
static int read_file(struct reading *r, const char *path, int *known)
{
  struct cr_csv *csv = NULL;
  struct cr_micro_job *job = &r->job;
  job->path = path;
  int rc = cr_csv_open(path, &csv, job->err);
  if (rc != CR_OK)
    return rc;
  enum kind kind = kind_of(csv);
  *known = kind != UNKNOWN;
  if ((kind == PROCESSES) != r->late)
    kind = UNKNOWN;
  rc = kind == STEPS       ? cr_micro_steps(job, csv)
       : kind == TURNS     ? cr_micro_turns(job, csv)
       : kind == COPIES    ? cr_micro_copies(job, csv)
       : kind == IDLE      ? cr_micro_idle(job)
       : kind == PROCESSES ? cr_micro_processes(job, csv, slice_of(job->out, r->device))
                           : CR_OK;
  cr_csv_close(csv);
  return rc;
}

static int read_folder(struct reading *r, const char *folder)
{
  struct files files = {0};
  int any = 0;
  int rc = list_folder(folder, r->job.arena, &files, r->job.err);
  for (uint32_t i = 0; rc == CR_OK && i < files.n; i++) {
    int known = 0;
    rc = read_file(r, files.path[i], &known);
    any |= known;
  }
  if (rc == CR_OK && !any)
    rc = cr_fail(r->job.err, CR_EINPUT,
                 "%s: holds no microbenchmark result (CSV) that is known; see docs/calibration.md", folder);
  cr_mem_free(files.path);
  return rc;
}

static int read_path(struct reading *r, const char *path)
{
  struct stat st;
  int known = 0;
  if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
    return read_folder(r, path);
  int rc = read_file(r, path, &known);
  if (rc == CR_OK && !known)
    rc = cr_fail(r->job.err, CR_EINPUT,
                 "%s: its columns are not those of a microbenchmark result; see docs/calibration.md", path);
  return rc;
}

int cr_micro_read(const char *const *path, uint32_t n_path, const struct cr_device_desc *d, struct cr_arena *arena,
                  struct cr_micro *out, struct cr_err *err)
{
  struct reading r = {.job = {.arena = arena, .out = out, .err = err}, .device = d};
  int rc = CR_OK;
  out->n_value = 0;
  for (r.late = 0; rc == CR_OK && r.late < 2; r.late++)
    for (uint32_t i = 0; rc == CR_OK && i < n_path; i++)
      rc = read_path(&r, path[i]);
  return rc;
}
