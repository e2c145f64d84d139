/* bench_copies.c - graphs on an idle stream, and copies alone and beside each other. */
#include "config.h"

#include "calib/bench_int.h"

/* --- idle streams: launch ------------------------------------------------------------------------------------------- */

static cr_cu_graph_exec chain_of(struct cr_bench *b, uint32_t n)
{
  const struct cr_cuda_driver *d = &b->gpu.driver;
  cr_cu_graph graph = NULL;
  cr_cu_graph_exec exec = NULL;
  cr_bench_check(b, d->capture_begin(b->stream[0], CR_CU_CAPTURE_RELAXED), "a graph");
  for (uint32_t i = 0; i + 1 < n; i++)
    cr_bench_launch(b, b->stream[0], &(struct cr_bench_spin){.blocks = 1, .threads = 128, .is_silent = 1});
  cr_bench_launch(b, b->stream[0],
                  &(struct cr_bench_spin){.blocks = 1, .threads = 128, .slot = CR_BENCH_X, .to_host = 1});
  int error = d->capture_end(b->stream[0], &graph);
  cr_bench_check(b, error ? error : d->graph_instantiate(&exec, graph, 0), "a graph");
  if (graph)
    d->graph_free(graph);
  return exec;
}

static void run_chain(struct cr_bench *b, cr_cu_graph_exec exec)
{
  if (!cr_bench_fails(b))
    cr_bench_check(b, b->gpu.driver.graph_launch(exec, b->stream[0]), "a graph");
}

/* From the call that launches a graph of n tiny kernels on a stream idle for 5 ms to its end, and a replay among others. */
static void idle_chain(struct cr_bench *b, uint32_t n)
{
  enum { REPLAYS = 20 };
  struct cr_bench_sample idle = {0}, among = {0}, call = {0};
  cr_cu_graph_exec exec = chain_of(b, n);
  for (uint32_t i = 0; i < cr_bench_reps(b, 30) && !cr_bench_fails(b); i++) {
    cr_bench_quiet(b);
    cr_bench_spin_host(5000);
    cr_bench_fresh(b);
    cr_bench_clear_slots(b, CR_BENCH_X, 1);
    cr_ns call_ns = cr_monotonic_ns();
    run_chain(b, exec);
    cr_ns called_ns = cr_monotonic_ns();
    struct cr_standin_record r = cr_bench_wait(b, CR_BENCH_X);
    if (i == 0) /* uploads it */
      continue;
    cr_bench_add(b, &idle, cr_bench_after_us(b, r.end_ns, call_ns));
    cr_bench_add(b, &call, (double)(called_ns - call_ns) / 1e3);
  }
  for (uint32_t i = 0; i < cr_bench_reps(b, 10) && !cr_bench_fails(b); i++) {
    cr_bench_clear_slots(b, CR_BENCH_X, 2);
    cr_bench_gate(b);
    cr_bench_hold(b, b->stream[0]);
    run_chain(b, exec);
    cr_bench_mark(b, b->stream[0], CR_BENCH_Y);
    for (int k = 0; k < REPLAYS; k++)
      run_chain(b, exec);
    cr_bench_release(b);
    struct cr_standin_record begin = cr_bench_wait(b, CR_BENCH_Y);
    cr_bench_quiet(b);
    struct cr_standin_record end = cr_bench_wait(b, CR_BENCH_X);
    cr_bench_add(b, &among, cr_bench_between_us(begin.end_ns, end.end_ns) / REPLAYS);
  }
  if (exec)
    b->gpu.driver.exec_free(exec);
  if (!cr_bench_fails(b))
    cr_text_add(&b->idle, "chain,%u,0.005,%.3f,%.3f,,,%.2f\n", n, cr_bench_quantile(&among, 0.5),
                cr_bench_quantile(&idle, 0.5), cr_bench_quantile(&call, 0.5));
  cr_bench_sample_fini(&idle);
  cr_bench_sample_fini(&among);
  cr_bench_sample_fini(&call);
}

void cr_bench_idle(struct cr_bench *b)
{
  static const uint32_t n[] = {1, 10, 50, 100, 200, 500};
  for (int i = 0; i < 6 && !cr_bench_fails(b); i++)
    idle_chain(b, n[i]);
}

/* --- copies: duplex ------------------------------------------------------------------------------------------------- */

enum direction { H2D, D2H, D2D };

struct copies {
  size_t bytes;
  cr_cu_address device; /* 4 x bytes */
  void *host;           /* 2 x bytes, pinned */
};

static int copy(struct cr_bench *b, const struct copies *c, enum direction dir, uint32_t i)
{
  const struct cr_cuda_driver *d = &b->gpu.driver;
  char *host = (char *)c->host + i * c->bytes;
  cr_cu_address device = c->device + 2 * i * c->bytes;
  switch (dir) {
  case H2D:
    return d->copy_h2d(device, host, c->bytes, b->stream[i]);
  case D2H:
    return d->copy_d2h(host, device, c->bytes, b->stream[i]);
  default:
    return d->copy_d2d(device, device + c->bytes, c->bytes, b->stream[i]);
  }
}

/* One copy in each of n streams, which begin together; when each ends. */
static void run_copies(struct cr_bench *b, const struct copies *c, const char *what, const enum direction *dir,
                       uint32_t n)
{
  for (uint32_t rep = 0; rep < 1 + cr_bench_reps(b, 6) && !cr_bench_fails(b); rep++) {
    double call_us[2] = {0};
    cr_bench_clear_slots(b, 0, 4);
    cr_bench_gate(b);
    for (uint32_t i = 0; i < n; i++) {
      cr_bench_hold(b, b->stream[i]);
      cr_bench_mark(b, b->stream[i], i);
      cr_ns call_ns = cr_monotonic_ns();
      cr_bench_check(b, copy(b, c, dir[i], i), "a copy");
      call_us[i] = (double)(cr_monotonic_ns() - call_ns) / 1e3;
      cr_bench_mark(b, b->stream[i], 2 + i);
    }
    cr_bench_release(b);
    for (uint32_t i = 0; i < n; i++) {
      struct cr_standin_record from = cr_bench_wait(b, i), to = cr_bench_wait(b, 2 + i);
      if (rep)
        cr_text_add(&b->copies, "%s,%zu,1,%u,%u,%.1f,%.1f\n", what, c->bytes >> 10, rep, i,
                    cr_bench_between_us(from.end_ns, to.begin_ns), call_us[i]);
    }
    cr_bench_quiet(b);
  }
}

void cr_bench_copies(struct cr_bench *b)
{
  static const struct {
    const char *what;
    enum direction dir[2];
    uint32_t n;
  } row[] = {{"h2d", {H2D}, 1},       {"d2h", {D2H}, 1},       {"d2d", {D2D}, 1},         {"2h2d", {H2D, H2D}, 2},
             {"2d2h", {D2H, D2H}, 2}, {"2d2d", {D2D, D2D}, 2}, {"h2d+d2h", {H2D, D2H}, 2}};
  const size_t kib[] = {4, 1024, b->is_brief ? 8192 : 65536};
  const struct cr_cuda_driver *d = &b->gpu.driver;
  struct copies c = {.bytes = kib[2] << 10};
  int error = d->memory_new(&c.device, 4 * c.bytes);
  error = error ? error : d->host_new(&c.host, 2 * c.bytes, 0);
  cr_bench_check(b, error, "memory for copies");
  for (int k = 0; k < 3; k++)
    for (size_t i = 0; i < sizeof row / sizeof row[0] && !cr_bench_fails(b); i++) {
      c.bytes = kib[k] << 10;
      run_copies(b, &c, row[i].what, row[i].dir, row[i].n);
    }
  if (b->gpu.hangs)
    return;
  if (c.device)
    d->memory_free(c.device);
  if (c.host)
    d->host_free(c.host);
}
