/* standin_bench.c - rows of launches, each a graph: a launch takes what one of more takes longer than one of fewer. */
#include "config.h"

#include "sim/standin_bench.h"

#include <math.h>
#include <stdlib.h>

enum {
  REPEATS = 7, /* rows of which the median counts */
  ROW = 6,     /* launches of a row beside its ends */
};

static const double LEAST_NS = 100; /* of a launch: far less than one without work takes, 1400 ns on an H200 */

/* n launches, one after the other, and what put launches before each but the first, unless it is NULL. */
struct row {
  const struct cr_standin_bench *bench;
  const struct cr_standin_shape *shape;
  uint32_t rounds, n;
  cr_standin_put_between *put;
  const void *ctx;
};

int cr_standin_bench_init(struct cr_standin_bench *b, const struct cr_standin_launcher *launcher, struct cr_err *err)
{
  b->launcher = launcher;
  return cr_cuda_gpu_take_slots(launcher->gpu, 2, &b->slot, err);
}

static int make_graph(const struct cr_standin_bench *b, cr_standin_put *put, const void *ctx, cr_cu_graph_exec *out)
{
  const struct cr_cuda_driver *d = &b->launcher->gpu->driver;
  cr_cu_stream on = b->launcher->gpu->control;
  cr_cu_graph graph = NULL;
  int error = d->capture_begin(on, CR_CU_CAPTURE_RELAXED);
  error = error ? error : put(ctx, b->slot, on);
  int ended = d->capture_end(on, &graph);
  error = error ? error : ended;
  error = error ? error : d->graph_instantiate(out, graph, 0);
  if (graph)
    d->graph_free(graph);
  return error;
}

static int by_size(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

int cr_standin_bench_graph(const struct cr_standin_bench *b, cr_standin_put *put, const void *ctx, int n_warm,
                           const char *what, double *ns, struct cr_err *err)
{
  struct cr_cuda_gpu *g = b->launcher->gpu;
  const struct cr_cuda_driver *d = &g->driver;
  struct cr_standin_record record[2] = {{0}};
  cr_cu_graph_exec exec = NULL;
  double took[REPEATS];
  int rc = cr_cuda_check(d, make_graph(b, put, ctx, &exec), what, err);
  for (int i = -n_warm; !rc && i < REPEATS; i++) {
    rc = cr_cuda_check(d, d->graph_launch(exec, g->control), what, err);
    rc = rc ? rc : cr_cuda_gpu_fetch(g, b->slot, 2, record, err);
    if (i >= 0)
      took[i] = (double)(record[1].end_ns - record[0].end_ns);
  }
  if (exec)
    d->exec_free(exec);
  if (rc)
    return rc;
  qsort(took, REPEATS, sizeof *took, by_size);
  *ns = took[REPEATS / 2];
  return CR_OK;
}

static int put_row(const void *ctx, uint32_t slot, cr_cu_stream on)
{
  const struct row *r = ctx;
  const struct cr_standin_launcher *l = r->bench->launcher;
  int error = CR_CU_OK;
  for (uint32_t i = 0; !error && i < r->n; i++) {
    struct cr_standin_at at = {.slot = CR_NONE, .words = CR_NONE, .epoch = 1, .first = CR_NONE};
    if (i == 0 || i + 1 == r->n)
      at.slot = slot + (i > 0);
    if (i && r->put)
      error = r->put(r->ctx, on);
    error = error ? error : cr_standin_start(l, r->shape, r->rounds, &at, on);
  }
  return error;
}

/* Of a row of two, and of one of ROW more. */
static int measure_rows(const struct row *like, double *few_ns, double *many_ns, struct cr_err *err)
{
  static const char what[] = "measuring a stand-in";
  struct row few = *like, many = *like;
  few.n = 2;
  many.n = 2 + ROW;
  int rc = cr_standin_bench_graph(like->bench, put_row, &few, 0, what, few_ns, err);
  return rc ? rc : cr_standin_bench_graph(like->bench, put_row, &many, 0, what, many_ns, err);
}

/* Less than any takes was no measurement: what is reckoned with it may be so many rounds that the GPU is busy for seconds. */
int cr_standin_bench_launch(const struct cr_standin_bench *b, const struct cr_standin_shape *h, uint32_t rounds,
                            double *ns, struct cr_err *err)
{
  enum { TRIES = 5 };
  const struct row like = {.bench = b, .shape = h, .rounds = rounds};
  double few_ns = 0, many_ns = 0;
  int rc = CR_OK;
  for (int i = 0; !rc && (many_ns - few_ns) / ROW < LEAST_NS; i++) {
    if (i == TRIES)
      return cr_fail(
        err, CR_ERUN,
        "measuring a stand-in: in %d tries, %d launches took %.3g us more than one; the GPU or the host is "
        "busy with other work",
        TRIES, 1 + ROW, (many_ns - few_ns) / 1e3);
    rc = measure_rows(&like, &few_ns, &many_ns, err);
  }
  *ns = (many_ns - few_ns) / ROW;
  return rc;
}

int cr_standin_bench_between(const struct cr_standin_bench *b, const struct cr_standin_shape *mark,
                             cr_standin_put_between *put, const void *ctx, double *ns, struct cr_err *err)
{
  const struct row like = {.bench = b, .shape = mark, .put = put, .ctx = ctx};
  double without_ns = 0, few_ns = 0, many_ns = 0;
  int rc = cr_standin_bench_launch(b, mark, 0, &without_ns, err);
  rc = rc ? rc : measure_rows(&like, &few_ns, &many_ns, err);
  if (!rc)
    *ns = fmax((many_ns - few_ns) / ROW - without_ns, 0);
  return rc;
}
