/* launched.c - what launches one by one leave behind for graphs that run later, alone, on a real GPU.
 *
 * Prints rows of launched.csv: the period of a graph of the scenario's first model, back to back, us (the least of five), after so many
 * launches of its kernels one by one in so many streams, in this process.  In the build folder:
 *   cc -std=gnu17 -O2 -I. -I.. ../calib/data/h200/feed/launched.c libcr*.a libcr*.a -lcyaml -lyaml -lyajl -lsqlite3 -lgsl -lgslcblas -lz -lm -lpthread -o launched
 *   ./launched SCENARIO.yaml STREAMS WAITS plain|host|word|stop|one|graph
 *
 *   WAITS 1: each is waited for before the next one; 0: all at once
 *   plain    report nothing; host: write their record to the host's memory; word: and obey a word as they begin; stop: and while they run
 *   one      all of the model's first kernel alone; the other ways go through the kernels of the model
 *   graph    graphs of one kernel */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sim/cuda_gpu.h"
#include "sim/standin.h"
#include "traces/scenario.h"

enum { STREAMS = 8, GPU_SLOTS = 1 << 15 };
enum how { PLAIN, HOST, WORD, STOP, ONE, GRAPH, N_HOW };
static const char *const how_name[] = {"plain", "host", "word", "stop", "one", "graph"};

static struct cr_cuda_gpu gpu;
static struct cr_standins *standins;
static const struct cr_workload *work;
static uint32_t slot0, words, kernel;
static cr_cu_stream stream[STREAMS], graphs;
static cr_cu_graph_exec exec, small;

static void check(int error, const char *what)
{
  if (!error)
    return;
  fprintf(stderr, "launched: %s: error %d\n", what, error);
  exit(1);
}

static void settle(cr_cu_stream s)
{
  while (gpu.driver.stream_query(s) == CR_CU_NOT_READY)
    ;
}

static cr_cu_graph_exec graph_of(uint32_t op0, uint32_t n_op)
{
  cr_cu_graph graph;
  cr_cu_graph_exec out;
  check(gpu.driver.capture_begin(gpu.control, CR_CU_CAPTURE_RELAXED), "a graph");
  for (uint32_t i = 0; i < n_op; i++) {
    const struct cr_standin_at at = {.slot = CR_NONE, .words = CR_NONE, .epoch = 1, .first = CR_NONE};
    check(cr_standin_launch(standins, op0 + i, &at, gpu.control), "a graph");
  }
  check(gpu.driver.capture_end(gpu.control, &graph), "a graph");
  check(gpu.driver.graph_instantiate(&out, graph, 0), "a graph");
  gpu.driver.graph_free(graph);
  return out;
}

static double run_us(int n)
{
  cr_ns from_ns = cr_monotonic_ns();
  for (int i = 0; i < n; i++)
    check(gpu.driver.graph_launch(exec, graphs), "a graph");
  settle(graphs);
  return (double)(cr_monotonic_ns() - from_ns) / 1e3;
}

static double period_us(void)
{
  enum { FEW = 6, MANY = 18, TRIES = 5 };
  double least = 1e9;
  for (int i = 0; i < TRIES; i++) {
    double few = run_us(FEW), us = (run_us(MANY) - few) / (MANY - FEW);
    least = us < least ? us : least;
  }
  return least;
}

static uint32_t next_kernel(uint32_t op)
{
  do
    op = (op + 1) % work->model[0].n_op;
  while (work->op[op].kind != CR_OP_KERNEL);
  return op;
}

static void launch(cr_cu_stream s, enum how how)
{
  int reports = how == HOST || how == WORD || how == STOP;
  const struct cr_standin_at at = {.slot = reports ? slot0 : CR_NONE,
                                   .words = how == WORD || how == STOP ? words : CR_NONE,
                                   .epoch = 1,
                                   .first = reports ? slot0 : CR_NONE,
                                   .may_stop = how == STOP};
  kernel = how == ONE ? kernel : next_kernel(kernel);
  if (reports)
    cr_cuda_gpu_clear(&gpu, slot0);
  check(how == GRAPH ? gpu.driver.graph_launch(small, s) : cr_standin_launch(standins, kernel, &at, s), "a launch");
}

int main(int argc, char **argv)
{
  static const int until[] = {0, 10, 20, 40, 100, 1000, 4000};
  struct cr_err err;
  struct cr_scenario *scenario = NULL;
  int n_stream = argc == 5 ? atoi(argv[2]) : 0, waits = argc == 5 && atoi(argv[3]), how = 0;
  while (argc == 5 && how < N_HOW && strcmp(how_name[how], argv[4]) != 0)
    how++;
  int rc = argc == 5 && how < N_HOW && n_stream > 0 && n_stream <= STREAMS
             ? cr_scenario_load(argv[1], &(struct cr_scenario_options){0}, &scenario, &err)
             : cr_fail(&err, CR_EINPUT, "usage: launched SCENARIO.yaml STREAMS 0|1 plain|host|word|stop|one|graph");
  rc = rc ? rc : cr_cuda_gpu_open(&gpu, GPU_SLOTS, &err);
  if (!rc)
    work = scenario->workload;
  rc = rc ? rc : cr_standins_new(&gpu, work, &scenario->machine->device[0], &standins, &err);
  rc = rc ? rc : cr_cuda_gpu_take_slots(&gpu, 64, &slot0, &err);
  rc = rc ? rc : cr_cuda_gpu_take_words(&gpu, &words, &err);
  if (rc) {
    fprintf(stderr, "launched: %s\n", err.text);
    return 1;
  }
  exec = graph_of(0, work->model[0].n_op);
  kernel = next_kernel(0);
  small = graph_of(kernel, 1);
  check(gpu.driver.stream_new(&graphs, CR_CU_STREAM_NON_BLOCKING, 0), "a stream");
  for (int s = 0; s < n_stream; s++)
    check(gpu.driver.stream_new(&stream[s], CR_CU_STREAM_NON_BLOCKING, 0), "a stream");
  for (int i = 0, k = 0; k < (int)(sizeof until / sizeof until[0]); k++) {
    for (; i < until[k]; i++) {
      launch(stream[i % n_stream], (enum how)how);
      if (waits)
        settle(stream[i % n_stream]);
    }
    for (int s = 0; s < n_stream; s++)
      settle(stream[s]);
    printf("%s,%d,%d,%d,%s,%u,%.2f\n", how_name[how], n_stream, waits, until[k], work->model[0].name, work->model[0].n_op,
           period_us());
  }
  nanosleep(&(struct timespec){.tv_nsec = 500000000}, NULL);
  printf("%s,%d,%d,half a second later,%s,%u,%.2f\n", how_name[how], n_stream, waits, work->model[0].name,
         work->model[0].n_op, period_us());
  return 0;
}
