/* micro_turns.c - what turns of processes, co-runs of processes, copies and graphs on an idle stream say of constants. */
#include "config.h"

#include "calib/micro_int.h"

#include <gsl/gsl_sort.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/mem.h"
#include "sim/text.h"
#include "traces/gz.h"

/* --- turns: slice, slice_yield -------------------------------------------------------------------------------------- */

struct turn {
  const char *run;
  int64_t process, start_ns, end_ns;
};

struct turns {
  struct turn *row; /* [n] */
  uint32_t n, cap;
};

static int read_turns(struct cr_micro_job *job, struct cr_csv *csv, struct turns *t)
{
  int run, process, start, end;
  int rc = cr_csv_need(csv, "run", &run, job->err);
  rc = rc == CR_OK ? cr_csv_need(csv, "process", &process, job->err) : rc;
  rc = rc == CR_OK ? cr_csv_need(csv, "start_ns", &start, job->err) : rc;
  rc = rc == CR_OK ? cr_csv_need(csv, "end_ns", &end, job->err) : rc;
  while (rc == CR_OK && (rc = cr_csv_next(csv, job->err)) > 0) {
    if (t->n == t->cap) {
      uint32_t cap = t->cap ? 2 * t->cap : 1024;
      struct turn *bigger = cr_mem_resize(t->row, cap, sizeof *bigger);
      if (!bigger)
        return cr_fail_nomem(job->err, job->path);
      t->row = bigger;
      t->cap = cap;
    }
    struct turn *r = &t->row[t->n++];
    int same = t->n > 1 && strcmp(t->row[t->n - 2].run, cr_csv_field(csv, run)) == 0;
    r->run = same ? t->row[t->n - 2].run : cr_arena_text(job->arena, cr_csv_field(csv, run));
    rc = r->run ? CR_OK : cr_fail_nomem(job->err, job->path);
    rc = rc == CR_OK ? cr_csv_i64(csv, process, 0, &r->process, job->err) : rc;
    rc = rc == CR_OK ? cr_csv_i64(csv, start, 0, &r->start_ns, job->err) : rc;
    rc = rc == CR_OK ? cr_csv_i64(csv, end, 0, &r->end_ns, job->err) : rc;
  }
  return rc;
}

static int by_start(const void *a, const void *b)
{
  const struct turn *x = a, *y = b;
  int run = strcmp(x->run, y->run);
  return run ? run : x->start_ns < y->start_ns ? -1 : x->start_ns > y->start_ns ? 1 : x->process < y->process ? -1 : 1;
}

/* The values within 0.5 % of the place where they lie closest, as turns do that the driver cut. */
static struct cr_micro_sample densest(struct cr_micro_sample *all)
{
  const double width = 0.005;
  uint32_t best = 0, from = 0, at = 0;
  gsl_sort(all->x, 1, all->n);
  for (uint32_t i = 0; i < all->n; i++) {
    while (all->x[from] < all->x[i] * (1 - 2 * width))
      from++;
    if (i - from + 1 > best) {
      best = i - from + 1;
      at = from;
    }
  }
  struct cr_micro_sample out = {.alone_error = NAN, .failed = all->failed};
  for (uint32_t i = at; i < at + best; i++)
    cr_micro_add(&out, all->x[i]);
  return out;
}

static int put(struct cr_micro_job *job, enum cr_gpu_constant id, struct cr_micro_sample *s, const char *what)
{
  double std_error = NAN;
  int rc = CR_OK;
  if (s->n) {
    double value = cr_micro_median(s, &std_error);
    rc = s->failed ? cr_fail_nomem(job->err, job->path) : cr_micro_put(job, id, value, std_error, s->n, what);
  }
  cr_micro_sample_fini(s);
  return rc;
}

/* Turns of run `tiny`, whose graphs are longer than a slice, are cut; those of two to four busy processes end with their work. */
int cr_micro_turns(struct cr_micro_job *job, struct cr_csv *csv)
{
  struct turns t = {0};
  struct cr_micro_sample turn = {0}, gap = {0};
  int rc = read_turns(job, csv, &t);
  if (rc == CR_OK && t.n)
    qsort(t.row, t.n, sizeof *t.row, by_start);
  for (uint32_t i = 0; rc == CR_OK && i < t.n; i++) {
    const struct turn *r = &t.row[i];
    if (strcmp(r->run, "tiny") == 0)
      cr_micro_add(&turn, (double)(r->end_ns - r->start_ns) / 1e3);
    int busy = strcmp(r->run, "two") == 0 || strcmp(r->run, "three") == 0 || strcmp(r->run, "four") == 0;
    if (busy && i && strcmp(r[-1].run, r->run) == 0 && r[-1].process != r->process && r->start_ns > r[-1].end_ns)
      cr_micro_add(&gap, (double)(r->start_ns - r[-1].end_ns) / 1e3);
  }
  if (rc == CR_OK && turn.n) {
    struct cr_micro_sample cut = densest(&turn);
    rc =
      put(job, CR_GPU_SLICE, &cut, "turns of processes that are cut in mid-graph (run tiny), where they lie closest");
  }
  if (rc == CR_OK)
    rc =
      put(job, CR_GPU_SLICE_YIELD, &gap,
          "gaps between turns of two to four busy processes, each of which ends with its work (runs two, three, four)");
  cr_micro_sample_fini(&turn);
  cr_micro_sample_fini(&gap);
  cr_mem_free(t.row);
  return rc;
}

/* --- co-runs of processes: slice_switch ----------------------------------------------------------------------------- */

/* An inference shorter than a slice is interrupted once or not at all: p95 - p50 = slice + 2 switches. */
int cr_micro_processes(struct cr_micro_job *job, struct cr_csv *csv, double slice_us)
{
  struct cr_micro_sample s = {.alone_error = NAN};
  int mode, p50, p95;
  int rc = cr_csv_need(csv, "mode", &mode, job->err);
  rc = rc == CR_OK ? cr_csv_need(csv, "p50_ms", &p50, job->err) : rc;
  rc = rc == CR_OK ? cr_csv_need(csv, "p95_ms", &p95, job->err) : rc;
  if (rc == CR_OK && isnan(slice_us))
    return cr_fail(job->err, CR_EINPUT,
                   "%s: slice_switch follows from it once the time slice is known; give the result of slices.cu too",
                   job->path);
  while (rc == CR_OK && (rc = cr_csv_next(csv, job->err)) > 0) {
    double low, high;
    rc = cr_csv_f64(csv, p50, NAN, &low, job->err);
    rc = rc == CR_OK ? cr_csv_f64(csv, p95, NAN, &high, job->err) : rc;
    if (rc == CR_OK && strcmp(cr_csv_field(csv, mode), "timeslice") == 0 && low * 1e3 < slice_us && high > low)
      cr_micro_add(&s, ((high - low) * 1e3 - slice_us) / 2);
  }
  if (rc == CR_OK)
    rc = put(job, CR_GPU_SLICE_SWITCH, &s,
             "p95 - p50 of time-sliced models shorter than a slice = slice + 2 switches (mode timeslice)");
  cr_micro_sample_fini(&s);
  return rc;
}

/* --- copies: duplex ------------------------------------------------------------------------------------------------- */

/* Of the largest size: both directions at once against each alone. */
int cr_micro_copies(struct cr_micro_job *job, struct cr_csv *csv)
{
  struct cr_micro_sample both = {.alone_error = NAN}, alone = {.alone_error = NAN};
  int what, kib, copies, end, rc = CR_OK;
  double most = 0;
  rc = cr_csv_need(csv, "what", &what, job->err);
  rc = rc == CR_OK ? cr_csv_need(csv, "kib", &kib, job->err) : rc;
  rc = rc == CR_OK ? cr_csv_need(csv, "copies", &copies, job->err) : rc;
  rc = rc == CR_OK ? cr_csv_need(csv, "end_us", &end, job->err) : rc;
  while (rc == CR_OK && (rc = cr_csv_next(csv, job->err)) > 0) {
    double size, n, at;
    rc = cr_csv_f64(csv, kib, NAN, &size, job->err);
    rc = rc == CR_OK ? cr_csv_f64(csv, copies, NAN, &n, job->err) : rc;
    rc = rc == CR_OK ? cr_csv_f64(csv, end, NAN, &at, job->err) : rc;
    const char *name = cr_csv_field(csv, what);
    int is_both = strcmp(name, "h2d+d2h") == 0, is_alone = strcmp(name, "h2d") == 0 || strcmp(name, "d2h") == 0;
    if (rc != CR_OK || n != 1 || !(is_both || is_alone) || size < most)
      continue;
    if (size > most)
      both.n = alone.n = 0;
    most = size;
    cr_micro_add(is_both ? &both : &alone, at);
  }
  double eb, ea;
  if (rc == CR_OK && both.n && alone.n) {
    double b = cr_micro_mean(&both, &eb), a = cr_micro_mean(&alone, &ea);
    rc = both.failed || alone.failed
           ? cr_fail_nomem(job->err, job->path)
           : cr_micro_put(
               job, CR_GPU_DUPLEX, b / a, b / a * hypot(eb / b, ea / a), both.n + alone.n,
               "pinned copies of the largest size, both directions at once against one alone (h2d+d2h, h2d, d2h)");
  }
  cr_micro_sample_fini(&both);
  cr_micro_sample_fini(&alone);
  return rc;
}

/* --- graphs on an idle stream: launch ------------------------------------------------------------------------------- */

/* "chain,1,0.005,3.981,29.936,,,23.60": us a replay back to back and on an idle stream. */
int cr_micro_idle(struct cr_micro_job *job)
{
  struct cr_text text = {0};
  struct cr_micro_sample s = {.alone_error = NAN};
  int rc = cr_gz_slurp(job->path, &text, job->err);
  uint32_t number = 1;
  for (const char *line = text.s; rc == CR_OK && line && *line; number++) {
    const char *next = strchr(line, '\n');
    if (strncmp(line, "chain,", 6) == 0) {
      const char *field = line;
      char *behind = NULL;
      double value[5] = {0};
      int n = 0;
      while (n < 5 && (field = strchr(field, ',')) && (!next || field < next)) {
        value[n] = strtod(++field, &behind);
        n += behind != field;
        if (behind == field)
          break;
      }
      if (n < 4)
        rc = cr_fail(job->err, CR_EINPUT,
                     "%s:%u: a row `chain` has kernels, idle s, us back to back and us on an idle stream", job->path,
                     number);
      else
        cr_micro_add(&s, value[3] - value[2]);
    }
    line = next ? next + 1 : NULL;
  }
  cr_text_fini(&text);
  if (rc == CR_OK && s.n) {
    double std_error, value = cr_micro_mean(&s, &std_error);
    rc = s.failed ? cr_fail_nomem(job->err, job->path)
                  : cr_micro_put(job, CR_GPU_LAUNCH, value, std_error, s.n,
                                 "a graph of 1 to 1000 tiny kernels on an idle stream, less back to back (chain)");
  }
  cr_micro_sample_fini(&s);
  return rc;
}
