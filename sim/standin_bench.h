/* standin_bench.h - measures on the GPU how long launches take among others. */
#ifndef CR_STANDIN_BENCH_H
#define CR_STANDIN_BENCH_H
#include "sim/standin_launch.h"

struct cr_standin_bench {
  const struct cr_standin_launcher *launcher;
  uint32_t slot; /* two: where the first and the last launch of a row report */
};

int cr_standin_bench_init(struct cr_standin_bench *b, const struct cr_standin_launcher *launcher,
                          struct cr_err *err) CR_MUST;

/* Launches into a stream that captures them, of which the first one measured reports to slot, the last one to the next.  A driver's
 * error number. */
typedef int cr_standin_put(const void *ctx, uint32_t slot, cr_cu_stream on);

/* From the end of the first launch to that of the last, of a graph of what is put; the median of several times, before which it runs
 * n_warm times.  what: of an error. */
int cr_standin_bench_graph(const struct cr_standin_bench *b, cr_standin_put *put, const void *ctx, int n_warm,
                           const char *what, double *ns, struct cr_err *err) CR_MUST;

/* What one launch that reports nothing takes among others of its kind, the gap before it included. */
int cr_standin_bench_launch(const struct cr_standin_bench *b, const struct cr_standin_shape *h, uint32_t rounds,
                            double *ns, struct cr_err *err) CR_MUST;

/* What something else takes between two launches of the shape without work, which put launches; a driver's error number. */
typedef int cr_standin_put_between(const void *ctx, cr_cu_stream on);
int cr_standin_bench_between(const struct cr_standin_bench *b, const struct cr_standin_shape *mark,
                             cr_standin_put_between *put, const void *ctx, double *ns, struct cr_err *err) CR_MUST;

#endif
