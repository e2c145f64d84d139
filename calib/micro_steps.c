/* micro_steps.c - prices of feeding and preempting streams, from the results of preempt.cu.
 *
 * A row is a metric of one setting: its median and the 10th and 90th percentile of its repetitions.  A price is the median or
 * mean of rows, a difference of two, or a line's intercept or slope (ordinary least squares). */
#include "config.h"

#include "calib/micro_int.h"

#include <gsl/gsl_fit.h>
#include <math.h>
#include <string.h>

#include "sim/mem.h"

static const double MEDIAN = 1.2533141373155; /* sqrt(pi / 2): of a median against a mean */

struct step {
  const char *test, *variant, *metric;
  double streams, blocks, length_us, queue, reps;
  double p50, std_error; /* in us where it is a time */
};

struct steps {
  struct cr_micro_job *job;
  struct step *row; /* [n] */
  uint32_t n, cap;
};

/* NULL, and -1 of numbers: any. */
struct filter {
  const char *test, *variant, *metric;
  double streams, blocks, length_us, queue;
};

/* --- the table ------------------------------------------------------------------------------------------------------ */

/* Times are in ns or us. */
static int scale_of(const struct cr_csv *csv, const char *unit, double *out, struct cr_err *err)
{
  *out = strcmp(unit, "ns") == 0 ? 1e-3 : 1;
  if (strcmp(unit, "ms") == 0 || strcmp(unit, "s") == 0)
    return cr_fail(err, CR_EINPUT, "%s:%u: unit '%s' is not known: times are in us or ns", cr_csv_path(csv),
                   cr_csv_line(csv), unit);
  return CR_OK;
}

static int add_row(struct steps *s, const struct cr_csv *csv, const int *column)
{
  struct cr_err *err = s->job->err;
  double number[8], scale;
  for (int i = 0; i < 8; i++) {
    int rc = cr_csv_f64(csv, column[4 + i], NAN, &number[i], err);
    if (rc != CR_OK)
      return rc;
  }
  int rc = scale_of(csv, cr_csv_field(csv, column[3]), &scale, err);
  if (rc != CR_OK)
    return rc;
  if (s->n == s->cap) {
    uint32_t cap = s->cap ? 2 * s->cap : 1024;
    struct step *bigger = cr_mem_resize(s->row, cap, sizeof *bigger);
    if (!bigger)
      return cr_fail_nomem(err, s->job->path);
    s->row = bigger;
    s->cap = cap;
  }
  double sigma = (number[7] - number[6]) / 2.5631; /* of normal values: 10th to 90th percentile */
  struct step *row = &s->row[s->n++];
  *row = (struct step){.streams = number[0],
                       .blocks = number[1],
                       .length_us = number[2],
                       .queue = number[3],
                       .reps = number[4],
                       .p50 = scale * number[5],
                       .std_error = number[4] > 1 ? scale * MEDIAN * sigma / sqrt(number[4]) : NAN};
  row->test = cr_arena_text(s->job->arena, cr_csv_field(csv, column[0]));
  row->variant = cr_arena_text(s->job->arena, cr_csv_field(csv, column[1]));
  row->metric = cr_arena_text(s->job->arena, cr_csv_field(csv, column[2]));
  return row->test && row->variant && row->metric ? CR_OK : cr_fail_nomem(err, s->job->path);
}

static int read_rows(struct steps *s, struct cr_csv *csv)
{
  static const char *const name[] = {"test",      "variant", "metric", "unit", "streams", "blocks",
                                     "length_us", "queue",   "reps",   "p50",  "p10",     "p90"};
  int column[12] = {0}, rc = CR_OK;
  for (int i = 0; rc == CR_OK && i < 12; i++)
    rc = cr_csv_need(csv, name[i], &column[i], s->job->err);
  while (rc == CR_OK && (rc = cr_csv_next(csv, s->job->err)) > 0)
    rc = add_row(s, csv, column);
  return rc;
}

static int matches(const struct step *r, const struct filter *f)
{
  return strcmp(r->test, f->test) == 0 && (!f->variant || strcmp(r->variant, f->variant) == 0) &&
         strcmp(r->metric, f->metric) == 0 && (f->streams < 0 || r->streams == f->streams) &&
         (f->blocks < 0 || r->blocks == f->blocks) && (f->length_us < 0 || r->length_us == f->length_us) &&
         (f->queue < 0 || r->queue == f->queue);
}

static struct cr_micro_sample collect(const struct steps *s, const struct filter *f)
{
  struct cr_micro_sample sample = {.alone_error = NAN};
  for (uint32_t i = 0; i < s->n; i++)
    if (matches(&s->row[i], f)) {
      cr_micro_add(&sample, s->row[i].p50);
      sample.alone_error = s->row[i].std_error;
    }
  return sample;
}

/* The row of the same setting with another variant or metric; NULL: there is none. */
static const struct step *partner(const struct steps *s, const struct step *r, const char *variant, const char *metric)
{
  const struct filter f = {r->test, variant, metric, r->streams, r->blocks, r->length_us, r->queue};
  for (uint32_t i = 0; i < s->n; i++)
    if (matches(&s->row[i], &f))
      return &s->row[i];
  return NULL;
}

/* --- prices --------------------------------------------------------------------------------------------------------- */

static int put_sample(struct steps *s, enum cr_gpu_constant id, struct cr_micro_sample *sample, const char *what)
{
  double std_error = NAN;
  int rc = CR_OK;
  if (sample->n) {
    double value = cr_micro_median(sample, &std_error);
    rc = sample->failed ? cr_fail_nomem(s->job->err, s->job->path)
                        : cr_micro_put(s->job, id, value, std_error, sample->n, what);
  }
  cr_micro_sample_fini(sample);
  return rc;
}

/* Medians of rows. */
static int put_medians(struct steps *s)
{
  static const struct {
    enum cr_gpu_constant id;
    struct filter rows;
    const char *what;
  } price[] = {
    {CR_GPU_PUSH,
     {"push", "cuLaunchKernel", "call_mean", -1, -1, -1, -1},
     "cuLaunchKernel back to back into a busy stream (push, cuLaunchKernel, call_mean)"},
    {CR_GPU_NOTICE,
     {"bounded", "counter", "end_to_host", -1, -1, -1, -1},
     "from a kernel's last instruction until the host reads it from a counter in mapped memory (bounded, counter, "
     "end_to_host)"},
    {CR_GPU_FLAG,
     {"flag", "stream_write", "call_to_seen", -1, -1, -1, -1},
     "cuStreamWriteValue32 on a stream of high priority, call to first sight by a kernel (flag, stream_write, "
     "call_to_seen)"},
    {CR_GPU_CLEAR,
     {"drop", NULL, "index_change", -1, -1, -1, -1},
     "a host queue dropped by moving an index (drop, index_change)"},
    {CR_GPU_SYNC,
     {"preempt", "reef_n_C2_counter", "last_end_to_known", -1, -1, -1, -1},
     "from the last end until the host knows it, by a counter in mapped memory (preempt, reef_n_C2_counter, "
     "last_end_to_known)"},
  };
  int rc = CR_OK;
  for (size_t i = 0; rc == CR_OK && i < sizeof price / sizeof price[0]; i++) {
    struct cr_micro_sample sample = collect(s, &price[i].rows);
    rc = put_sample(s, price[i].id, &sample, price[i].what);
  }
  return rc;
}

/* Differences between rows that differ in one thing. */
static int put_differences(struct steps *s)
{
  struct cr_micro_sample single = {.alone_error = NAN}, fetch = {.alone_error = NAN};
  for (uint32_t i = 0; i < s->n; i++) {
    const struct step *r = &s->row[i], *p;
    if (strcmp(r->variant, "queued_device_stamps") == 0 && strcmp(r->metric, "end_to_next_start") == 0 &&
        (p = partner(s, r, "graph_device_stamps", r->metric)))
      cr_micro_add(&single, r->p50 - p->p50);
    if (strcmp(r->test, "bounded") == 0 && strcmp(r->variant, "counter") == 0 && strcmp(r->metric, "gap") == 0 &&
        r->queue == 1 && (p = partner(s, r, "counter", "end_to_host")))
      cr_micro_add(&fetch, r->p50 - p->p50);
    if (strcmp(r->variant, "idle_50_us") == 0 && strcmp(r->metric, "call_to_first_instruction") == 0)
      cr_micro_add(&fetch, r->p50);
  }
  fetch.failed |= single.failed;
  int rc =
    put_sample(s, CR_GPU_FETCH, &fetch,
               "from a launch to the first instruction, on a stream idle for 50 us and with a device queue of one "
               "(fetch, idle_50_us; bounded, counter, gap less end_to_host)");
  if (rc == CR_OK)
    rc = put_sample(
      s, CR_GPU_SINGLE, &single,
      "from the end of a kernel to the next one's start, in a stream less in a graph (fetch, end_to_next_start)");
  cr_micro_sample_fini(&single);
  return rc;
}

static int put_pair(struct steps *s, enum cr_gpu_constant id, struct cr_micro_sample *a, struct cr_micro_sample *b,
                    const char *what)
{
  double ea = NAN, eb = NAN;
  int rc = CR_OK;
  if (a->n && b->n) {
    double value = cr_micro_mean(a, &ea) - cr_micro_mean(b, &eb);
    rc = a->failed || b->failed ? cr_fail_nomem(s->job->err, s->job->path)
                                : cr_micro_put(s->job, id, value, hypot(ea, eb), a->n + b->n, what);
  }
  cr_micro_sample_fini(a);
  cr_micro_sample_fini(b);
  return rc;
}

/* A stop word that ends blocks of one wave, and a flag that is taken back. */
static int put_pairs(struct steps *s)
{
  const char *stop = "stream_write/poll_1_us/counter";
  struct cr_micro_sample ended = {.alone_error = NAN};
  for (uint32_t i = 0; i < s->n; i++)
    if (strcmp(s->row[i].test, "stop") == 0 && strcmp(s->row[i].variant, stop) == 0 &&
        strcmp(s->row[i].metric, "flag_to_end") == 0 && s->row[i].blocks <= 1056)
      cr_micro_add(&ended, s->row[i].p50);
  struct cr_micro_sample seen = collect(s, &(struct filter){"flag", "stream_write", "call_to_seen", -1, -1, -1, -1});
  int rc = put_pair(s, CR_GPU_KILL, &ended, &seen,
                    "a stop word that blocks of one wave read every 1 us, call to end, less the flag (stop, "
                    "stream_write/poll_1_us/counter, flag_to_end)");
  if (rc != CR_OK)
    return rc;
  const char *metric = "call_to_first_instruction";
  struct cr_micro_sample with =
    collect(s, &(struct filter){"restart", "stream_write_same_stream", metric, -1, -1, -1, -1});
  struct cr_micro_sample without = collect(s, &(struct filter){"restart", "launch_only", metric, -1, -1, -1, -1});
  return put_pair(
    s, CR_GPU_UNFLAG, &with, &without,
    "cuStreamWriteValue32 before a launch in the same stream, call to first instruction with and without it "
    "(restart)");
}

struct line {
  double intercept, intercept_error, slope, slope_error;
  uint32_t n;
};

/* y = intercept + slope x over the rows; n 0: fewer than three. */
static int fit_line(const struct steps *s, const struct filter *f, double (*x_of)(const struct step *),
                    struct line *out)
{
  double *x = cr_mem_new(2 * (size_t)s->n + 1, sizeof *x), *y = x ? x + s->n : NULL;
  uint32_t n = 0;
  if (!x)
    return cr_fail_nomem(s->job->err, s->job->path);
  for (uint32_t i = 0; i < s->n; i++)
    if (matches(&s->row[i], f)) {
      x[n] = x_of(&s->row[i]);
      y[n++] = s->row[i].p50;
    }
  *out = (struct line){0};
  if (n >= 3) {
    double c00, c01, c11, sum;
    gsl_fit_linear(x, 1, y, 1, n, &out->intercept, &out->slope, &c00, &c01, &c11, &sum);
    out->intercept_error = sqrt(c00);
    out->slope_error = sqrt(c11);
    out->n = n;
  }
  cr_mem_free(x);
  return CR_OK;
}

static double blocks_of(const struct step *r)
{
  return r->blocks;
}

static double length_of(const struct step *r)
{
  return r->length_us;
}

static double queue_of(const struct step *r)
{
  return r->queue;
}

static int put_lines(struct steps *s)
{
  const double n_stream = 5, n_queue = 500;
  struct line l;
  int rc = fit_line(s, &(struct filter){"evict", "stream", "slope_per_kernel", 1, -1, -1, -1}, blocks_of, &l);
  if (rc == CR_OK && l.n)
    rc = cr_micro_put(
      s->job, CR_GPU_EVICT, l.intercept, l.intercept_error, l.n,
      "time a queued kernel whose blocks all give up, over blocks: the intercept (evict, stream, slope_per_kernel)");
  if (rc == CR_OK && l.n)
    rc = cr_micro_put(
      s->job, CR_GPU_EVICT_BLOCK, l.slope, l.slope_error, l.n,
      "time a queued kernel whose blocks all give up, over blocks: the slope (evict, stream, slope_per_kernel)");
  /* What runs when the flag comes adds to it, the longer the more. */
  if (rc == CR_OK)
    rc = fit_line(s, &(struct filter){"preempt", "wait_query", "wait_idle", n_stream, 132, -1, n_queue}, length_of, &l);
  if (rc == CR_OK && l.n)
    rc = cr_micro_put(s->job, CR_GPU_EVICT_SERIAL, l.intercept / (n_stream * n_queue),
                      l.intercept_error / (n_stream * n_queue), l.n,
                      "2500 kernels of 132 blocks in five streams give up, over their length: the intercept, a kernel "
                      "(preempt, wait_query, wait_idle)");
  if (rc == CR_OK)
    rc = fit_line(s, &(struct filter){"drop", NULL, "entry_by_entry", -1, -1, -1, -1}, queue_of, &l);
  if (rc == CR_OK && l.n)
    rc = cr_micro_put(s->job, CR_GPU_CLEAR_EACH, l.slope, l.slope_error, l.n,
                      "a host queue dropped entry by entry, over its length: the slope (drop, entry_by_entry)");
  return rc;
}

int cr_micro_steps(struct cr_micro_job *job, struct cr_csv *csv)
{
  struct steps s = {.job = job};
  int rc = read_rows(&s, csv);
  rc = rc == CR_OK ? put_medians(&s) : rc;
  rc = rc == CR_OK ? put_differences(&s) : rc;
  rc = rc == CR_OK ? put_pairs(&s) : rc;
  rc = rc == CR_OK ? put_lines(&s) : rc;
  cr_mem_free(s.row);
  return rc;
}
