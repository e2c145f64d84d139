/* feed.c - what it costs to launch stand-ins one by one (sim/cuda_queue.c) and as graphs (sim/backend_cuda.c), on a real GPU.
 *
 * Prints feed.csv; us.  In the build folder:
 *   cc -std=gnu17 -O2 -I. -I.. ../calib/data/h200/feed/feed.c libcr*.a libcr*.a -lcyaml -lyaml -lyajl -lsqlite3 -lgsl -lgslcblas -lz -lm -lpthread -o feed
 *   ./feed SCENARIO.yaml > feed.csv          the first model of the scenario is launched one by one, each of them as a graph
 *
 *   kernel   all kernels of the model queued in a stream behind a gate: us a kernel; what each reports and obeys is the variant;
 *            evicted: all of them give up
 *   feed     one thread, STREAMS streams in turn, QUEUE kernels in each at most: us a kernel of a stream, and of all
 *   threads  a thread a stream, likewise
 *   graph    back to back, us each; on a stream idle for IDLE us: from the call to the first begin, the call, from the last end until
 *            the host sees it, which is taken to be 1.2 us at the least */
#include "config.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sim/cuda_gpu.h"
#include "sim/standin.h"
#include "traces/scenario.h"

enum { STREAMS = 8, SLOTS = 4096, GPU_SLOTS = 1 << 17, MOST = 1 << 16 };
enum report { NOTHING, TO_GPU, TO_HOST, TO_HOST_EVICT, TO_HOST_KILL, EVICTED, N_REPORT };
static const char *const report_name[N_REPORT] = {"no_report",          "to_gpu", "to_host", "to_host_evict",
                                                  "to_host_evict_kill", "evicted"};

static struct cr_cuda_gpu gpu;
static struct cr_standins *standins;
static const struct cr_workload *work;
static uint32_t slot0, words, gate_words, gone_words;
static cr_cu_stream stream[STREAMS];
static int (*wait_value)(cr_cu_stream, cr_cu_address, uint32_t, unsigned);

static void check(int error, const char *what)
{
  if (!error)
    return;
  fprintf(stderr, "feed: %s: error %d\n", what, error);
  exit(1);
}

static int by_value(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void row(const char *test, const char *variant, const char *metric, const char *model, int n_stream, int queue,
                double *us, int n)
{
  double sum = 0;
  for (int i = 0; i < n; i++)
    sum += us[i];
  qsort(us, (size_t)n, sizeof *us, by_value);
  printf("%s,%s,%s,%s,%d,%d,%d,%.3f,%.3f,%.3f,%.3f\n", test, variant, metric, model, n_stream, queue, n, sum / n,
         us[n / 10], us[n / 2], us[n * 9 / 10]);
  fflush(stdout);
}

static double us_since(cr_ns from_ns)
{
  return (double)(cr_monotonic_ns() - from_ns) / 1e3;
}

static void settle(cr_cu_stream s)
{
  while (gpu.driver.stream_query(s) == CR_CU_NOT_READY)
    ;
}

static int put(uint32_t op, uint32_t slot, enum report how, cr_cu_stream s)
{
  struct cr_standin_at at = {.slot = how ? slot : CR_NONE, .words = CR_NONE, .epoch = 1, .first = CR_NONE};
  if (how >= TO_HOST)
    at.first = slot;
  if (how >= TO_HOST_EVICT)
    at.words = words;
  at.may_stop = how == TO_HOST_KILL;
  if (how == EVICTED)
    at.words = gone_words;
  if (work->op[op].kind == CR_OP_KERNEL)
    return cr_standin_launch(standins, op, &at, s);
  const struct cr_standin_at none = {.slot = CR_NONE, .words = CR_NONE, .epoch = 1, .first = CR_NONE};
  int error = cr_standin_launch(standins, op, &none, s);
  return error || !how ? error : cr_standin_mark(standins, &at, s);
}

/* --- kernel by kernel --------------------------------------------------------------------------------------------- */

static void kernels(const struct cr_model_info *m, enum report how)
{
  enum { RUNS = 9 };
  static double launch_us[MOST];
  static uint32_t gate;
  double each_us[RUNS];
  int n_launch = 0;
  for (int run = 0; run < RUNS; run++) {
    if (wait_value)
      check(wait_value(stream[0], cr_cuda_gpu_words(&gpu, gate_words), ++gate, 0), "a gate");
    for (uint32_t i = 0; i < m->n_op; i++) {
      cr_ns from_ns = cr_monotonic_ns();
      check(put(m->op0 + i, slot0 + i, how, stream[0]), "a launch");
      launch_us[n_launch++] = us_since(from_ns);
    }
    cr_ns from_ns = cr_monotonic_ns();
    check(gpu.driver.stream_write(gpu.control, cr_cuda_gpu_words(&gpu, gate_words), gate, 0), "opening a gate");
    settle(stream[0]);
    each_us[run] = us_since(from_ns) / m->n_op;
  }
  row("kernel", report_name[how], "queued", m->name, 1, (int)m->n_op, each_us, RUNS);
  row("kernel", report_name[how], "launch_call", m->name, 1, (int)m->n_op, launch_us, n_launch);
}

struct fed {
  uint32_t slot0, n_pushed, n_ended;
};

/* One look at the queue; how many have ended. */
static uint32_t feed(const struct cr_model_info *m, struct fed *f, int s, uint32_t total, uint32_t cap)
{
  enum { TURN = 4 };
  uint32_t before = f->n_ended;
  while (f->n_ended < f->n_pushed && cr_cuda_gpu_ended(&gpu, f->slot0 + f->n_ended % SLOTS))
    f->n_ended++;
  for (int i = 0; i < TURN && f->n_pushed < total && f->n_pushed - f->n_ended < cap; i++, f->n_pushed++) {
    cr_cuda_gpu_clear(&gpu, f->slot0 + f->n_pushed % SLOTS);
    check(put(m->op0 + f->n_pushed % m->n_op, f->slot0 + f->n_pushed % SLOTS, TO_HOST_EVICT, stream[s]), "a launch");
  }
  return f->n_ended - before;
}

static void one_thread(const struct cr_model_info *m, int n, int cap)
{
  enum { TOTAL = 3000 };
  struct fed f[STREAMS];
  for (int s = 0; s < n; s++)
    f[s] = (struct fed){.slot0 = slot0 + (uint32_t)s * SLOTS};
  cr_ns from_ns = cr_monotonic_ns();
  for (uint32_t left = TOTAL * (uint32_t)n; left;)
    for (int s = 0; s < n; s++)
      left -= feed(m, &f[s], s, TOTAL, (uint32_t)cap);
  double us = us_since(from_ns), of_stream = us / TOTAL, of_all = us / TOTAL / n;
  row("feed", "one_thread", "of_a_stream", m->name, n, cap, &of_stream, 1);
  row("feed", "one_thread", "of_all", m->name, n, cap, &of_all, 1);
}

struct thread {
  pthread_t id;
  const struct cr_model_info *model;
  int stream, cap;
  double us;
};
static atomic_int go;

static void *run_thread(void *arg)
{
  enum { TOTAL = 3000 };
  struct thread *t = arg;
  struct fed f = {.slot0 = slot0 + (uint32_t)t->stream * SLOTS};
  check(gpu.driver.context_current(gpu.context), "a context");
  while (!atomic_load(&go))
    ;
  cr_ns from_ns = cr_monotonic_ns();
  for (uint32_t left = TOTAL; left;)
    left -= feed(t->model, &f, t->stream, TOTAL, (uint32_t)t->cap);
  t->us = us_since(from_ns) / TOTAL;
  return NULL;
}

static void threads(const struct cr_model_info *m, int n, int cap)
{
  struct thread t[STREAMS];
  double sum = 0;
  atomic_store(&go, 0);
  for (int s = 0; s < n; s++) {
    t[s] = (struct thread){.model = m, .stream = s, .cap = cap};
    check(pthread_create(&t[s].id, NULL, run_thread, &t[s]), "a thread");
  }
  nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
  atomic_store(&go, 1);
  for (int s = 0; s < n; s++) {
    pthread_join(t[s].id, NULL);
    sum += t[s].us;
  }
  double of_stream = sum / n, of_all = sum / n / n;
  row("threads", "a_thread_a_stream", "of_a_stream", m->name, n, cap, &of_stream, 1);
  row("threads", "a_thread_a_stream", "of_all", m->name, n, cap, &of_all, 1);
}

/* --- graphs ------------------------------------------------------------------------------------------------------- */

static void set_clock(void)
{
  cr_ns least_ns = CR_NS_NEVER;
  gpu.clock_offset_ns = 0;
  for (int i = 0; i < 300; i++) {
    const struct cr_standin_record *r;
    cr_cuda_gpu_clear(&gpu, slot0);
    check(cr_standin_mark(standins,
                          &(struct cr_standin_at){.slot = slot0, .words = CR_NONE, .epoch = 1, .first = slot0},
                          gpu.control),
          "reading the clock");
    while (!(r = cr_cuda_gpu_ended(&gpu, slot0)))
      ;
    least_ns = cr_min_ns(least_ns, cr_monotonic_ns() - (cr_ns)r->end_ns);
  }
  gpu.clock_offset_ns = least_ns - 1200;
}

/* Its first and last launch report. */
static cr_cu_graph_exec graph_of(const struct cr_model_info *m, uint32_t *last)
{
  cr_cu_graph graph;
  cr_cu_graph_exec exec;
  uint32_t first = 0;
  while (work->op[m->op0 + first].kind != CR_OP_KERNEL)
    first++;
  int marks = work->op[m->op0 + m->n_op - 1].kind != CR_OP_KERNEL;
  *last = slot0 + m->n_op - !marks;
  check(gpu.driver.capture_begin(gpu.control, CR_CU_CAPTURE_RELAXED), "a graph");
  for (uint32_t i = 0; i < m->n_op; i++) {
    int is_last = slot0 + i == *last;
    const struct cr_standin_at at = {.slot = i == first || is_last ? slot0 + i : CR_NONE,
                                     .words = CR_NONE,
                                     .epoch = 1,
                                     .first = is_last ? slot0 + first : CR_NONE};
    check(cr_standin_launch(standins, m->op0 + i, &at, gpu.control), "a graph");
  }
  if (marks)
    check(cr_standin_mark(standins,
                          &(struct cr_standin_at){.slot = *last, .words = CR_NONE, .epoch = 1, .first = slot0 + first},
                          gpu.control),
          "a graph");
  check(gpu.driver.capture_end(gpu.control, &graph), "a graph");
  check(gpu.driver.graph_instantiate(&exec, graph, 0), "a graph");
  gpu.driver.graph_free(graph);
  check(gpu.driver.graph_launch(exec, stream[0]), "a graph");
  settle(stream[0]);
  return exec;
}

static void idle_for(int us)
{
  cr_ns until_ns = cr_monotonic_ns() + us * 1000;
  if (us >= 5000)
    nanosleep(&(struct timespec){.tv_nsec = us * 1000}, NULL);
  while (cr_monotonic_ns() < until_ns)
    ;
}

static void idle_start(const struct cr_model_info *m, cr_cu_graph_exec exec, uint32_t last, int idle_us)
{
  enum { RUNS = 40 };
  double begin_us[RUNS], call_us[RUNS], seen_us[RUNS];
  char variant[32];
  set_clock();
  for (int i = 0; i < RUNS; i++) {
    const struct cr_standin_record *r;
    cr_cuda_gpu_clear(&gpu, last);
    idle_for(idle_us);
    cr_ns from_ns = cr_monotonic_ns();
    check(gpu.driver.graph_launch(exec, stream[0]), "a graph");
    call_us[i] = us_since(from_ns);
    while (!(r = cr_cuda_gpu_ended(&gpu, last)))
      ;
    seen_us[i] = us_since(cr_cuda_gpu_host_ns(&gpu, r->end_ns));
    begin_us[i] = (double)(cr_cuda_gpu_host_ns(&gpu, r->range_begin_ns) - from_ns) / 1e3;
  }
  snprintf(variant, sizeof variant, "idle_%d_us", idle_us);
  row("graph", variant, "call_to_begin", m->name, 1, (int)m->n_op, begin_us, RUNS);
  row("graph", variant, "call", m->name, 1, (int)m->n_op, call_us, RUNS);
  row("graph", variant, "end_to_seen", m->name, 1, (int)m->n_op, seen_us, RUNS);
}

static void graphs(const struct cr_model_info *m)
{
  enum { N = 20 };
  static const int idle_us[] = {0, 50, 1000, 5000};
  uint32_t last;
  cr_cu_graph_exec exec = graph_of(m, &last);
  cr_ns from_ns = cr_monotonic_ns();
  for (int i = 0; i < N; i++)
    check(gpu.driver.graph_launch(exec, stream[0]), "a graph");
  settle(stream[0]);
  double few_us = us_since(from_ns);
  from_ns = cr_monotonic_ns();
  for (int i = 0; i < 2 * N; i++)
    check(gpu.driver.graph_launch(exec, stream[0]), "a graph");
  settle(stream[0]);
  double each_us = (us_since(from_ns) - few_us) / N;
  row("graph", "back_to_back", "period", m->name, 1, (int)m->n_op, &each_us, 1);
  for (int i = 0; i < 4; i++)
    idle_start(m, exec, last, idle_us[i]);
  gpu.driver.exec_free(exec);
}

int main(int argc, char **argv)
{
  struct cr_err err;
  struct cr_scenario *scenario = NULL;
  uint32_t n_slot = STREAMS * SLOTS;
  int rc = argc == 2 ? cr_scenario_load(argv[1], &(struct cr_scenario_options){0}, &scenario, &err)
                     : cr_fail(&err, CR_EINPUT, "usage: feed SCENARIO.yaml");
  rc = rc ? rc : cr_cuda_gpu_open(&gpu, GPU_SLOTS, &err);
  if (!rc)
    work = scenario->workload;
  rc = rc ? rc : cr_standins_new(&gpu, work, &scenario->machine->device[0], &standins, &err);
  rc = rc ? rc : cr_cuda_gpu_take_slots(&gpu, n_slot, &slot0, &err);
  rc = rc ? rc : cr_cuda_gpu_take_words(&gpu, &words, &err);
  rc = rc ? rc : cr_cuda_gpu_take_words(&gpu, &gate_words, &err);
  rc = rc ? rc : cr_cuda_gpu_take_words(&gpu, &gone_words, &err);
  if (rc) {
    fprintf(stderr, "feed: %s\n", err.text);
    return 1;
  }
  wait_value =
    (int (*)(cr_cu_stream, cr_cu_address, uint32_t, unsigned))dlsym(gpu.driver.library, "cuStreamWaitValue32_v2");
  for (int s = 0; s < STREAMS; s++)
    check(gpu.driver.stream_new(&stream[s], CR_CU_STREAM_NON_BLOCKING, 0), "a stream");
  check(gpu.driver.stream_write(gpu.control, cr_cuda_gpu_words(&gpu, gone_words), 1, 0), "the word of an eviction");
  settle(gpu.control);
  printf("test,variant,metric,model,streams,queue,n,mean_us,p10_us,p50_us,p90_us\n");
  const struct cr_model_info *m = &work->model[0];
  for (int how = 0; how < N_REPORT; how++)
    kernels(m, (enum report)how);
  static const int cap[] = {1, 2, 4, 1024}, n[] = {1, 2, 5};
  for (int i = 0; i < 12; i++)
    one_thread(m, n[i % 3], cap[i / 3]);
  for (int i = 0; i < 6; i++)
    threads(m, n[i % 3], cap[1 + 2 * (i / 3)]);
  for (uint32_t i = 0; i < work->n_model; i++)
    graphs(&work->model[i]);
  return 0;
}
