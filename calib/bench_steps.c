/* bench_steps.c - what each step of feeding and preempting streams costs on the GPU here.
 *
 * Each function is a test of calib/data/h200/micro/preempt.cu, by the same steps, with the rows that calib/micro_steps.c reads.
 * Instants of the host are put on the GPU's clock (calib/bench_gpu.c). */
#include "config.h"

#include "calib/bench_int.h"

#include <gsl/gsl_fit.h>
#include <math.h>

/* From the launch until the first instruction, and from the last one until the host sees it, on a stream idle for 50 us. */
static void first_on_idle(struct cr_bench *b, uint32_t blocks)
{
  struct cr_bench_sample start = {0}, seen = {0};
  for (uint32_t i = 0; i < cr_bench_reps(b, 60) && !cr_bench_fails(b); i++) {
    cr_bench_fresh(b);
    cr_bench_clear_slots(b, CR_BENCH_X, 1);
    cr_bench_spin_host(50);
    cr_ns call_ns = cr_monotonic_ns();
    cr_bench_launch(b, b->stream[0],
                    &(struct cr_bench_spin){.blocks = blocks, .ns = 5000, .slot = CR_BENCH_X, .to_host = 1});
    struct cr_standin_record r = cr_bench_wait(b, CR_BENCH_X);
    cr_ns seen_ns = cr_monotonic_ns();
    cr_bench_add(b, &start, cr_bench_after_us(b, r.begin_ns, call_ns));
    cr_bench_add(b, &seen, -cr_bench_after_us(b, r.end_ns, seen_ns));
    cr_bench_quiet(b);
  }
  const struct cr_bench_where w = {"fetch", "idle_50_us", 1, blocks, 5, 0};
  cr_bench_row(b, &w, "call_to_first_instruction", &start);
  cr_bench_row(b, &w, "end_to_host_poll", &seen);
}

/* From the end of a kernel to the next one's start, all of them queued, in a stream or as one graph. */
static void next_in_line(struct cr_bench *b, uint32_t blocks, int is_graph)
{
  enum { N = 100, WARM = 3 };
  const struct cr_cuda_driver *d = &b->gpu.driver;
  static struct cr_standin_record r[N];
  struct cr_bench_sample gap = {0};
  cr_cu_graph graph = NULL;
  cr_cu_graph_exec exec = NULL;
  for (uint32_t rep = 0; rep < cr_bench_reps(b, 15) && !cr_bench_fails(b); rep++) {
    if (is_graph && rep == 0)
      cr_bench_check(b, d->capture_begin(b->stream[0], CR_CU_CAPTURE_RELAXED), "a graph");
    if (!is_graph) {
      cr_bench_gate(b);
      cr_bench_hold(b, b->stream[0]);
    }
    for (uint32_t i = 0; (!is_graph || rep == 0) && i < N; i++)
      cr_bench_launch(b, b->stream[0], &(struct cr_bench_spin){.blocks = blocks, .ns = 5000, .slot = i});
    if (is_graph && rep == 0 && !cr_bench_fails(b)) {
      cr_bench_check(b, d->capture_end(b->stream[0], &graph), "a graph");
      cr_bench_check(b, cr_bench_fails(b) ? CR_CU_OK : d->graph_instantiate(&exec, graph, 0), "a graph");
    }
    if (is_graph) {
      cr_bench_gate(b);
      cr_bench_hold(b, b->stream[0]);
      cr_bench_check(b, cr_bench_fails(b) ? CR_CU_OK : d->graph_launch(exec, b->stream[0]), "a graph");
    }
    cr_bench_spin_host(300);
    cr_bench_release(b);
    cr_bench_quiet(b);
    cr_bench_fetch(b, 0, N, r);
    for (uint32_t i = WARM; i < N && (!is_graph || rep); i++)
      cr_bench_add(b, &gap, cr_bench_between_us(r[i - 1].end_ns, r[i].begin_ns));
  }
  if (exec)
    d->exec_free(exec);
  if (graph)
    d->graph_free(graph);
  const struct cr_bench_where w = {"fetch", is_graph ? "graph_device_stamps" : "queued_device_stamps", 1, blocks, 5, N};
  cr_bench_row(b, &w, "end_to_next_start", &gap);
}

void cr_bench_first(struct cr_bench *b)
{
  const uint32_t sms = (uint32_t)b->gpu.sms, n[] = {1, sms, 8 * sms, 32 * sms};
  for (int i = 0; i < 3; i++)
    first_on_idle(b, n[i]);
  for (int i = 0; i < 4; i++) {
    next_in_line(b, n[i], 0);
    next_in_line(b, n[i], 1);
  }
}

/* The host's time of a launch into a stream that is held, so that the queue is never empty. */
void cr_bench_push(struct cr_bench *b)
{
  enum { N = 300 };
  struct cr_bench_sample call = {0};
  for (uint32_t rep = 0; rep < cr_bench_reps(b, 30) && !cr_bench_fails(b); rep++) {
    cr_bench_gate(b);
    cr_bench_hold(b, b->stream[0]);
    cr_ns begin_ns = cr_monotonic_ns();
    for (uint32_t i = 0; i < N; i++)
      cr_bench_launch(
        b, b->stream[0],
        &(struct cr_bench_spin){.blocks = 132, .ns = 1000, .is_silent = 1, .words = b->flag, .epoch = UINT32_MAX});
    cr_bench_add(b, &call, (double)(cr_monotonic_ns() - begin_ns) / N / 1e3);
    cr_bench_release(b);
    cr_bench_quiet(b);
  }
  cr_bench_row(b, &(struct cr_bench_where){"push", "cuLaunchKernel", 1, 132, 1, N}, "call_mean", &call);
}

/* A stream with a device queue: the host launches the next kernel as it sees one end. */
static void feed(struct cr_bench *b, uint32_t cap, double length_us, struct cr_bench_sample *gap,
                 struct cr_bench_sample *notice)
{
  enum { WARM = 3 };
  const uint32_t n = cr_bench_reps(b, 100);
  struct cr_standin_record last = {0};
  cr_bench_fresh(b);
  cr_bench_clear_slots(b, 0, n);
  for (uint32_t pushed = 0, done = 0; done < n && !cr_bench_fails(b); done++) {
    for (; pushed < n && pushed - done < cap; pushed++)
      cr_bench_launch(
        b, b->stream[0],
        &(struct cr_bench_spin){.blocks = 132, .ns = (uint32_t)(1e3 * length_us), .slot = pushed, .to_host = 1});
    int has_looked = !cr_cuda_gpu_ended(&b->gpu, done);
    struct cr_standin_record r = cr_bench_wait(b, done);
    cr_ns seen_ns = cr_monotonic_ns();
    if (has_looked && done >= WARM)
      cr_bench_add(b, notice, -cr_bench_after_us(b, r.end_ns, seen_ns));
    if (done > WARM)
      cr_bench_add(b, gap, cr_bench_between_us(last.end_ns, r.begin_ns));
    last = r;
  }
  cr_bench_quiet(b);
}

void cr_bench_bounded(struct cr_bench *b)
{
  static const double length_us[] = {5, 20, 50, 100};
  for (int l = 0; l < 4; l++)
    for (uint32_t cap = 1; cap <= 4; cap *= 2) {
      struct cr_bench_sample gap = {0}, notice = {0};
      for (uint32_t rep = 0; rep < cr_bench_reps(b, 15) && !cr_bench_fails(b); rep++)
        feed(b, cap, length_us[l], &gap, &notice);
      const struct cr_bench_where w = {"bounded", "counter", 1, 132, length_us[l], cap};
      cr_bench_row(b, &w, "gap", &gap);
      cr_bench_row(b, &w, "end_to_host", &notice);
    }
}

/* A word that a stream of the greatest priority writes, until a block that looks at it all the time sees it. */
void cr_bench_flag(struct cr_bench *b)
{
  struct cr_bench_sample seen = {0}, call = {0};
  for (uint32_t i = 0; i < cr_bench_reps(b, 100) && !cr_bench_fails(b); i++) {
    uint32_t epoch = ++b->flag_epoch;
    cr_bench_fresh(b);
    cr_bench_clear_slots(b, CR_BENCH_X, 1);
    cr_bench_launch(b, b->stream[0],
                    &(struct cr_bench_spin){
                      .blocks = 1, .ns = 20000000, .slot = CR_BENCH_X, .to_host = 1, .words = b->flag, .epoch = epoch});
    cr_bench_spin_host(cr_bench_uniform(b, 40, 80));
    cr_ns call_ns = cr_monotonic_ns();
    cr_bench_write(b, b->gpu.control, b->flag + sizeof(uint32_t), epoch);
    cr_ns called_ns = cr_monotonic_ns();
    struct cr_standin_record r = cr_bench_wait(b, CR_BENCH_X);
    if (r.n_worked == 0) {
      cr_bench_add(b, &seen, cr_bench_after_us(b, r.range_begin_ns, call_ns));
      cr_bench_add(b, &call, (double)(called_ns - call_ns) / 1e3);
    }
    cr_bench_quiet(b);
  }
  const struct cr_bench_where w = {"flag", "stream_write", 1, 1, 0, 0};
  cr_bench_row(b, &w, "call", &call);
  cr_bench_row(b, &w, "call_to_seen", &seen);
}

/* Behind a kernel that runs, n whose blocks leave as they begin: from its end until the stream is through.  NAN: the word came
 * after its end, which a mark behind the word tells. */
static double leave_us(struct cr_bench *b, uint32_t blocks, double length_us, uint32_t n)
{
  uint32_t epoch = ++b->flag_epoch;
  cr_bench_clear_slots(b, CR_BENCH_X, 2);
  cr_bench_clear_slots(b, CR_BENCH_PING, 1);
  cr_bench_gate(b);
  cr_bench_hold(b, b->stream[0]);
  cr_bench_launch(
    b, b->stream[0],
    &(struct cr_bench_spin){.blocks = 132, .ns = (uint32_t)(1e3 * length_us), .slot = CR_BENCH_X, .to_host = 1});
  for (uint32_t i = 0; i < n; i++)
    cr_bench_launch(
      b, b->stream[0],
      &(struct cr_bench_spin){.blocks = blocks, .ns = 2000, .is_silent = 1, .words = b->flag, .epoch = epoch});
  cr_bench_mark(b, b->stream[0], CR_BENCH_Y);
  cr_bench_spin_host(20);
  cr_bench_release(b);
  cr_bench_wait_open(b);
  cr_bench_spin_host(length_us / 4);
  cr_bench_write(b, b->gpu.control, b->flag, epoch);
  cr_bench_mark(b, b->gpu.control, CR_BENCH_PING);
  struct cr_standin_record end = cr_bench_wait(b, CR_BENCH_Y), ran = cr_bench_wait(b, CR_BENCH_X);
  struct cr_standin_record told = cr_bench_wait(b, CR_BENCH_PING);
  cr_bench_quiet(b);
  return told.begin_ns < ran.end_ns ? cr_bench_between_us(ran.end_ns, end.begin_ns) : NAN;
}

/* One setting: over n, the time that the stream takes; the line through them is what a kernel takes. */
static void evict_some(struct cr_bench *b, uint32_t blocks, double length_us)
{
  static const uint32_t n[] = {1, 8, 64, 200};
  enum { N = sizeof n / sizeof n[0], TRIES = 4 };
  double x[N], y[N], c0, slope, cov[3], sum;
  struct cr_bench_sample line = {0};
  uint32_t n_point = 0;
  for (int i = 0; i < N; i++) {
    struct cr_bench_sample took = {0};
    const uint32_t reps = cr_bench_reps(b, 15);
    for (uint32_t rep = 0; rep < TRIES * reps && took.n < reps && !cr_bench_fails(b); rep++) {
      double us = leave_us(b, blocks, length_us, n[i]);
      if (isfinite(us))
        cr_bench_add(b, &took, us);
    }
    if (took.n) {
      x[n_point] = n[i];
      y[n_point++] = cr_bench_quantile(&took, 0.5);
    }
    cr_bench_row(b, &(struct cr_bench_where){"evict", "stream", 1, blocks, length_us, n[i]}, "end_to_idle", &took);
  }
  if (n_point < 3)
    return;
  gsl_fit_linear(x, 1, y, 1, n_point, &c0, &slope, &cov[0], &cov[1], &cov[2], &sum);
  cr_bench_add(b, &line, slope);
  cr_bench_row(b, &(struct cr_bench_where){"evict", "stream", 1, blocks, length_us, 0}, "slope_per_kernel", &line);
}

void cr_bench_evict(struct cr_bench *b)
{
  static const uint32_t blocks[] = {132, 1000, 10000};
  for (int k = 0; k < 3; k++) {
    evict_some(b, blocks[k], 1000);
    evict_some(b, blocks[k], 2000);
  }
}

/* A stop word that running blocks look at every microsecond. */
void cr_bench_stop(struct cr_bench *b)
{
  const uint32_t blocks[] = {132, 528, 1056};
  for (int k = 0; k < 3; k++) {
    struct cr_bench_sample ended = {0};
    for (uint32_t i = 0; i < cr_bench_reps(b, 30) && !cr_bench_fails(b); i++) {
      uint32_t epoch = ++b->flag_epoch;
      cr_bench_fresh(b);
      cr_bench_clear_slots(b, CR_BENCH_X, 1);
      cr_bench_launch(b, b->stream[0],
                      &(struct cr_bench_spin){.blocks = blocks[k],
                                              .ns = 2000000,
                                              .poll_ns = 1000,
                                              .slot = CR_BENCH_X,
                                              .to_host = 1,
                                              .words = b->flag,
                                              .epoch = epoch});
      cr_bench_spin_host(cr_bench_uniform(b, 200, 600));
      cr_ns call_ns = cr_monotonic_ns();
      cr_bench_write(b, b->gpu.control, b->flag + sizeof(uint32_t), epoch);
      struct cr_standin_record r = cr_bench_wait(b, CR_BENCH_X);
      if (r.n_worked == 0)
        cr_bench_add(b, &ended, cr_bench_after_us(b, r.end_ns, call_ns));
      cr_bench_quiet(b);
    }
    cr_bench_row(b, &(struct cr_bench_where){"stop", "stream_write/poll_1_us/counter", 1, blocks[k], 2000, 0},
                 "flag_to_end", &ended);
  }
}

/* A launch with a word written before it in the same stream, and without. */
void cr_bench_restart(struct cr_bench *b)
{
  for (int with = 0; with < 2; with++) {
    struct cr_bench_sample start = {0};
    for (uint32_t i = 0; i < cr_bench_reps(b, 60) && !cr_bench_fails(b); i++) {
      cr_bench_fresh(b);
      cr_bench_clear_slots(b, CR_BENCH_X, 1);
      cr_bench_spin_host(100);
      cr_ns call_ns = cr_monotonic_ns();
      if (with)
        cr_bench_write(b, b->stream[0], b->spare, i);
      cr_bench_launch(b, b->stream[0],
                      &(struct cr_bench_spin){.blocks = 132, .ns = 5000, .slot = CR_BENCH_X, .to_host = 1});
      struct cr_standin_record r = cr_bench_wait(b, CR_BENCH_X);
      cr_bench_add(b, &start, cr_bench_after_us(b, r.begin_ns, call_ns));
      cr_bench_quiet(b);
    }
    cr_bench_row(b,
                 &(struct cr_bench_where){"restart", with ? "stream_write_same_stream" : "launch_only", 1, 132, 5, 0},
                 "call_to_first_instruction", &start);
  }
}

/* --- whole preemptions ---------------------------------------------------------------------------------------------- */

/* REEF-N: streams with two kernels in flight each are kept going, then told to stop; us from the last end until the host knows. */
static double bounded_us(struct cr_bench *b, uint32_t streams, double length_us)
{
  enum { EACH = CR_BENCH_CHAIN / CR_BENCH_STREAMS };
  uint32_t pushed[CR_BENCH_STREAMS] = {0}, done[CR_BENCH_STREAMS] = {0}, epoch = ++b->flag_epoch;
  cr_bench_fresh(b);
  cr_bench_clear_slots(b, 0, CR_BENCH_CHAIN);
  cr_ns until_ns = cr_monotonic_ns() + (cr_ns)(1e3 * (60 + length_us * cr_bench_uniform(b, 4, 10)));
  for (uint32_t s = 0; cr_monotonic_ns() < until_ns && !cr_bench_fails(b); s = (s + 1) % streams) {
    while (done[s] < pushed[s] && cr_cuda_gpu_ended(&b->gpu, s * EACH + done[s]))
      done[s]++;
    if (pushed[s] - done[s] < 2 && pushed[s] < EACH)
      cr_bench_launch(b, b->stream[s],
                      &(struct cr_bench_spin){.blocks = 132,
                                              .ns = (uint32_t)(1e3 * length_us),
                                              .slot = s * EACH + pushed[s]++,
                                              .to_host = 1,
                                              .words = b->flag,
                                              .epoch = epoch});
  }
  cr_bench_write(b, b->gpu.control, b->flag, epoch);
  for (uint32_t s = 0; s < streams; s++)
    if (pushed[s])
      (void)cr_bench_wait(b, s * EACH + pushed[s] - 1);
  cr_ns known_ns = cr_monotonic_ns();
  uint64_t end_ns = 0;
  for (uint32_t s = 0; s < streams; s++) {
    const struct cr_standin_record *r = pushed[s] ? cr_cuda_gpu_ended(&b->gpu, s * EACH + pushed[s] - 1) : NULL;
    end_ns = r && r->end_ns > end_ns ? r->end_ns : end_ns;
  }
  cr_bench_quiet(b);
  return -cr_bench_after_us(b, end_ns, known_ns);
}

/* Wait-based: all kernels are in the driver's queues as the flag comes; us until queries find the streams idle. */
static double wait_us(struct cr_bench *b, uint32_t streams, double length_us, uint32_t n)
{
  uint32_t epoch = ++b->flag_epoch;
  cr_bench_gate(b);
  for (uint32_t s = 0; s < streams; s++)
    cr_bench_hold(b, b->stream[s]);
  for (uint32_t i = 0; i < n; i++)
    for (uint32_t s = 0; s < streams; s++)
      cr_bench_launch(
        b, b->stream[s],
        &(struct cr_bench_spin){
          .blocks = 132, .ns = (uint32_t)(1e3 * length_us), .is_silent = 1, .words = b->flag, .epoch = epoch});
  cr_bench_spin_host(20);
  cr_bench_release(b);
  cr_bench_wait_open(b);
  cr_bench_spin_host(20 + length_us * cr_bench_uniform(b, 1, 5));
  cr_bench_write(b, b->gpu.control, b->flag, epoch);
  cr_ns begin_ns = cr_monotonic_ns();
  for (uint32_t s = 0; s < streams; s++)
    cr_bench_drain(b, b->stream[s]);
  cr_ns end_ns = cr_monotonic_ns();
  cr_bench_quiet(b);
  return (double)(end_ns - begin_ns) / 1e3;
}

void cr_bench_preempt(struct cr_bench *b)
{
  static const uint32_t streams[] = {1, 2, 5}, queue[] = {50, 200, 500};
  static const double length_us[] = {20, 50, 100, 300};
  for (int s = 0; s < 3; s++)
    for (int l = 0; l < 3; l++) {
      struct cr_bench_sample known = {0};
      for (uint32_t i = 0; i < cr_bench_reps(b, 20) && !cr_bench_fails(b); i++)
        cr_bench_add(b, &known, bounded_us(b, streams[s], length_us[l]));
      cr_bench_row(b, &(struct cr_bench_where){"preempt", "reef_n_C2_counter", streams[s], 132, length_us[l], 500},
                   "last_end_to_known", &known);
    }
  for (int q = 0; q < 3; q++)
    for (int l = 0; l < 4; l++) {
      struct cr_bench_sample idle = {0};
      for (uint32_t i = 0; i < cr_bench_reps(b, 15) && !cr_bench_fails(b); i++)
        cr_bench_add(b, &idle, wait_us(b, 5, length_us[l], queue[q]));
      cr_bench_row(b, &(struct cr_bench_where){"preempt", "wait_query", 5, 132, length_us[l], queue[q]}, "wait_idle",
                   &idle);
    }
}
