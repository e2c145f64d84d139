/* bench_rows.c - samples of a microbenchmark, and the rows that they become (the columns of calib/micro_steps.c). */
#include "config.h"

#include "calib/bench_int.h"

#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>

void cr_bench_add(struct cr_bench *b, struct cr_bench_sample *s, double x)
{
  if (cr_bench_fails(b))
    return;
  if (s->n == s->cap) {
    uint32_t cap = s->cap ? 2 * s->cap : 64;
    double *more = cr_mem_resize(s->x, cap, sizeof *more);
    if (!more) {
      b->rc = cr_fail_nomem(b->err, "a microbenchmark");
      return;
    }
    s->x = more;
    s->cap = cap;
  }
  s->x[s->n++] = x;
}

double cr_bench_quantile(struct cr_bench_sample *s, double q)
{
  if (!s->n)
    return NAN;
  gsl_sort(s->x, 1, s->n);
  return gsl_stats_quantile_from_sorted_data(s->x, 1, s->n, q);
}

void cr_bench_sample_fini(struct cr_bench_sample *s)
{
  cr_mem_free(s->x);
  *s = (struct cr_bench_sample){0};
}

void cr_bench_row(struct cr_bench *b, const struct cr_bench_where *w, const char *metric, struct cr_bench_sample *s)
{
  if (s->n && !cr_bench_fails(b)) {
    double p50 = cr_bench_quantile(s, 0.5);
    cr_text_add(&b->steps, "%s,%s,%u,%u,%g,%u,%s,us,%u,%.6g,%.6g,%.6g,%.6g,%.6g,%.6g\n", w->test, w->variant,
                w->streams, w->blocks, w->length_us, w->queue, metric, s->n, p50, cr_bench_quantile(s, 0.1),
                cr_bench_quantile(s, 0.9), s->x[0], s->x[s->n - 1], gsl_stats_mean(s->x, 1, s->n));
  }
  cr_bench_sample_fini(s);
}
