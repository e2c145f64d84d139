/* standin_program.c - a small "CUDA program": it loads the injected library as the driver would, and plays a script through
 * the stand-in.
 *
 *   standin_program STANDIN-CUPTI SCRIPT      each line of the script (or, with -, of standard input) is one of:
 *
 *   init                  what cuInit does: loads $CUDA_INJECTION64_PATH and calls InitializeInjection
 *   nvtx                  what NVTX does: loads $NVTX_INJECTION64_PATH and calls InitializeInjectionNvtx2
 *   kernels N NAME        N kernels: of 7 grids, 1 us each, one after the other
 *   pairs N NAME          N times a launch call and its kernel
 *   clustered N X NAME    N times a launch call and its kernel, of two clusters of X by 1 by 1 blocks
 *   threads T N NAME      T threads with N kernels each at the same time
 *   calls N CBID | drivercalls N CBID         N API calls
 *   all                   one record of every kind, with known numbers
 *   untimed N             N kernels without an end
 *   raw KIND BYTES        a record of a kind and so many bytes, otherwise zero
 *   cut BYTES             the buffer is handed over with so many bytes less than were written
 *   drop N                CUPTI dropped N records
 *   extended N NAME       N kernels, launched by cuLaunchKernelEx
 *   failing NAME          a launch that fails
 *   handle NAME           a launch of what the driver knows nothing of
 *   graph N NAME          a launch of a graph with N kernels
 *   capture N NAME        N launches into a stream that is captured; fails if the capture is broken
 *   context N             launches from now on are in this context
 *   context_ends N        it is destroyed
 *   runs N                fails unless kernels have run N times so far
 *   nodes N               N nodes of a graph are made and cloned
 *   flushing              waits until a flush begins that is not forced
 *   flush | sleep MS | shell COMMAND | print TEXT | limit BYTES (of a file) | subscribe (another collector)
 *   fork ... end          a child does the lines between, and exits with 7 at `end`; the parent waits for it and goes on
 *   exit N | _exit N | kill | abort | segv
 *   report                at the very end: seconds since this line, and the most memory that was in use
 *   unzeroed              fails unless all buffers came zeroed
 *   latency               fails unless latency timestamps were asked for */
#include "config.h"

#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/standin-cupti/standin_cupti.h"

enum { CHILD_EXIT = 7, N_GRID = 7, MAX_LINES = 100 };

/* The stand-in's side for programs, found where the collector finds the other. */
static struct {
  void (*record)(const void *, size_t);
  void (*call)(const void *, size_t);
  void (*cut)(size_t);
  void (*drop)(uint64_t);
  void (*node)(uint32_t, struct cupti_graph_data *);
  size_t (*bytes)(uint32_t);
  void (*await_flush)(void);
  uint64_t (*unzeroed)(void);
  int (*latency)(void);
  int (*flush)(uint32_t);
  int (*subscribe)(void **, cupti_callback, void *);
  void (*context_ends)(void *);
  /* NULL where the stand-in has no range profiler */
  void (*launch)(const char *, const struct cupti_launch *, void *, enum standin_launch);
  void (*graph_launch)(void);
  int (*capture)(int);
  uint64_t (*runs)(void);
} cupti;

static uint32_t correlation, pid;
static uintptr_t in_context = 1;

static void *must(void *handle, const char *name)
{
  void *symbol = handle ? dlsym(handle, name) : NULL;
  if (!symbol) {
    fprintf(stderr, "standin_program: %s: %s\n", name, dlerror());
    _exit(99);
  }
  return symbol;
}

static void find(const char *path)
{
  void *h = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  *(void **)&cupti.record = must(h, "standin_record");
  *(void **)&cupti.call = must(h, "standin_call");
  *(void **)&cupti.cut = must(h, "standin_cut");
  *(void **)&cupti.drop = must(h, "standin_drop");
  *(void **)&cupti.node = must(h, "standin_node");
  *(void **)&cupti.bytes = must(h, "standin_bytes");
  *(void **)&cupti.await_flush = must(h, "standin_await_flush");
  *(void **)&cupti.unzeroed = must(h, "standin_unzeroed");
  *(void **)&cupti.latency = must(h, "standin_latency");
  *(void **)&cupti.flush = must(h, "cuptiActivityFlushAll");
  *(void **)&cupti.subscribe = must(h, "cuptiSubscribe");
  *(void **)&cupti.context_ends = must(h, "standin_context_ends");
  *(void **)&cupti.launch = dlsym(h, "standin_launch");
  *(void **)&cupti.graph_launch = dlsym(h, "standin_graph_launch");
  *(void **)&cupti.capture = dlsym(h, "standin_capture");
  *(void **)&cupti.runs = dlsym(h, "standin_runs");
  char driver[512];
  const char *slash = strrchr(path, '/');
  snprintf(driver, sizeof driver, "%.*s/libcuda.so.1", slash ? (int)(slash - path) : 1, slash ? path : ".");
  (void)dlopen(driver, RTLD_NOW | RTLD_GLOBAL);
}

/* As the driver does it: a library that is not there is passed over, and so is what it returns. */
static void inject(const char *variable, const char *function)
{
  const char *path = getenv(variable);
  void *h = path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
  void *symbol = h ? dlsym(h, function) : NULL;
  int (*call)(void *);
  memcpy(&call, &symbol, sizeof call);
  if (call)
    (void)call(NULL);
}

static uint64_t now_ns(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec + STANDIN_CLOCK_AHEAD_NS;
}

static struct standin_function function = {.is_function = 1, .registers = 32};

static void launch(const char *name, uint32_t grid, enum standin_launch how)
{
  const struct cupti_launch l = {.function = &function, .grid = {grid, 1, 1}, .block = {128, 1, 1}};
  if (cupti.launch)
    cupti.launch(name, &l, (void *)in_context, how);
}

static void extended(long n, const char *name)
{
  for (long i = 0; i < n; i++)
    launch(name, (uint32_t)(1 + i % N_GRID), STANDIN_LAUNCH_EX);
}

static void handle(const char *name)
{
  function.is_function = 0;
  launch(name, 1, STANDIN_LAUNCH);
  function.is_function = 1;
}

static void kernels(long n, const char *name, uint32_t stream)
{
  uint64_t at = now_ns();
  for (long i = 0; i < n; i++) {
    struct cupti_kernel k = {.kind = CUPTI_KERNEL,
                             .registers = 32,
                             .start = at + (uint64_t)i,
                             .end = at + (uint64_t)i + 1000,
                             .context = 1,
                             .stream = stream,
                             .grid = {(int32_t)(1 + i % N_GRID), 1, 1},
                             .block = {128, 1, 1},
                             .correlation = __atomic_add_fetch(&correlation, 1, __ATOMIC_RELAXED),
                             .grid_id = i,
                             .name = name};
    launch(name, (uint32_t)k.grid[0], STANDIN_LAUNCH);
    cupti.record(&k, cupti.bytes(CUPTI_KERNEL));
  }
}

static void graph(long n, const char *name)
{
  if (cupti.graph_launch)
    cupti.graph_launch();
  for (long i = 0; i < n; i++) {
    uint64_t at = now_ns();
    struct cupti_kernel k = {.kind = CUPTI_KERNEL,
                             .registers = 32,
                             .start = at,
                             .end = at + 1000,
                             .context = 1,
                             .stream = 7,
                             .grid = {1, 1, 1},
                             .block = {128, 1, 1},
                             .correlation = correlation,
                             .name = name,
                             .graph = 5,
                             .graph_node = (uint64_t)i + 1};
    cupti.record(&k, cupti.bytes(CUPTI_KERNEL));
  }
}

static void calls(long n, uint32_t kind, uint32_t cbid)
{
  for (long i = 0; i < n; i++) {
    uint64_t at = now_ns();
    struct cupti_api a = {
      .kind = kind, .cbid = cbid, .start = at, .end = at + 3000, .pid = pid, .tid = 42, .correlation = correlation + 1};
    cupti.call(&a, sizeof a);
  }
}

static void pairs(long n, const char *name)
{
  for (long i = 0; i < n; i++) {
    calls(1, CUPTI_RUNTIME, 211);
    kernels(1, name, 7);
  }
}

static void clustered(long n, uint32_t blocks, const char *name)
{
  for (long i = 0; i < n; i++) {
    calls(1, CUPTI_RUNTIME, 211);
    uint64_t at = now_ns();
    struct cupti_kernel k = {.kind = CUPTI_KERNEL,
                             .registers = 32,
                             .start = at,
                             .end = at + 1000,
                             .context = 1,
                             .stream = 7,
                             .grid = {(int32_t)(2 * blocks), 1, 1},
                             .block = {128, 1, 1},
                             .correlation = __atomic_add_fetch(&correlation, 1, __ATOMIC_RELAXED),
                             .name = name,
                             .cluster = {blocks, 1, 1}};
    launch(name, 2 * blocks, STANDIN_LAUNCH_EX);
    cupti.record(&k, cupti.bytes(CUPTI_KERNEL));
  }
}

struct worker {
  long n;
  const char *name;
  uint32_t stream;
};

static void *work(void *arg)
{
  struct worker *w = arg;
  kernels(w->n, w->name, w->stream);
  return NULL;
}

static void threads(int n_thread, long n, const char *name)
{
  pthread_t thread[64];
  struct worker w[64];
  for (int i = 0; i < n_thread && i < 64; i++) {
    w[i] = (struct worker){n, name, (uint32_t)i};
    if (pthread_create(&thread[i], NULL, work, &w[i]))
      _exit(99);
  }
  for (int i = 0; i < n_thread && i < 64; i++)
    pthread_join(thread[i], NULL);
}

#define RECORD(r) cupti.record(&(r), cupti.bytes((r).kind))

static void all_of_the_device(uint64_t t)
{
  struct cupti_device device = {.kind = CUPTI_DEVICE,
                                .bandwidth_kb_s = 4800000000,
                                .memory_bytes = 150000000000,
                                .n_sm = 132,
                                .max_warps_sm = 64,
                                .max_block_dim = {1024, 1024, 64},
                                .major = 9,
                                .name = "Stand-in H200"};
  struct cupti_context context = {.kind = CUPTI_CONTEXT, .context = 2, .parent = 1, .green = 1, .n_sm = 16};
  struct cupti_stream stream = {.kind = CUPTI_STREAM, .context = 2, .stream = 13, .priority = (uint32_t)-5, .flag = 2};
  struct cupti_environment speed = {
    .kind = CUPTI_ENVIRONMENT, .timestamp = t, .what = 1, .value = {1980, 3201, 5, 16, 4}};
  struct cupti_environment heat = {.kind = CUPTI_ENVIRONMENT, .timestamp = t, .what = 2, .value = {41}};
  struct cupti_environment power = {.kind = CUPTI_ENVIRONMENT, .timestamp = t, .what = 3, .value = {120000, 700000}};
  RECORD(device);
  RECORD(context);
  RECORD(stream);
  RECORD(speed);
  RECORD(heat);
  RECORD(power);
}

static void all_of_the_work(uint64_t t)
{
  struct cupti_kernel kernel = {.kind = CUPTI_KERNEL,
                                .registers = 168,
                                .start = t,
                                .end = t + 5000,
                                .context = 2,
                                .stream = 13,
                                .grid = {132, 2, 3},
                                .block = {64, 4, 1},
                                .static_shared = 1024,
                                .dynamic_shared = 98304,
                                .local_total = 17,
                                .correlation = 501,
                                .grid_id = 99,
                                .name = "_Z4gemmPf",
                                .queued = t - 900,
                                .submitted = t - 400,
                                .is_carveout_requested = 1,
                                .carveout_requested = 40,
                                .shared_executed = 102400,
                                .graph_node = 77,
                                .graph = 5,
                                .cluster = {2, 1, 1},
                                .max_cluster = 8,
                                .max_active_clusters = 66,
                                .device_launched = 1};
  struct cupti_memcpy copy = {.kind = CUPTI_MEMCPY,
                              .copy_kind = 1,
                              .src_kind = 2,
                              .dst_kind = 3,
                              .flags = 1,
                              .bytes = 4096,
                              .start = t,
                              .end = t + 700,
                              .context = 2,
                              .stream = 13,
                              .correlation = 502};
  struct cupti_memcpy_peer peer = {.kind = CUPTI_MEMCPY_PEER,
                                   .copy_kind = 10,
                                   .bytes = 8192,
                                   .start = t,
                                   .end = t + 800,
                                   .src_device = 0,
                                   .dst_device = 1,
                                   .dst_context = 3,
                                   .correlation = 503};
  struct cupti_memset set = {
    .kind = CUPTI_MEMSET, .value = 255, .bytes = 16, .start = t, .end = t + 900, .correlation = 504, .memory_kind = 3};
  struct cupti_graph_trace graph = {
    .kind = CUPTI_GRAPH_TRACE, .correlation = 505, .start = t, .end = t + 9000, .graph = 5};
  RECORD(kernel);
  RECORD(copy);
  RECORD(peer);
  RECORD(set);
  RECORD(graph);
}

static void all_of_the_host(uint64_t t)
{
  struct cupti_sync sync = {
    .kind = CUPTI_SYNC, .type = 3, .start = t, .end = t + 50, .stream = 13, .event = UINT32_MAX, .event_sync = 6};
  struct cupti_event event = {
    .kind = CUPTI_EVENT, .correlation = 506, .stream = 13, .event = 4, .device_timestamp = t, .event_sync = 6};
  struct cupti_memory memory = {.kind = CUPTI_MEMORY,
                                .operation = 1,
                                .memory_kind = 3,
                                .correlation = 507,
                                .address = 0x7f0000000000,
                                .bytes = 2097152,
                                .timestamp = t,
                                .pool_type = 1,
                                .pool_address = 0x1234,
                                .name = "weights",
                                .source = "libtorch.so"};
  struct cupti_pool pool = {.kind = CUPTI_POOL, .operation = 1, .pool_type = 1, .bytes = 33554432, .timestamp = t};
  struct cupti_marker start = {.kind = CUPTI_MARKER,
                               .flags = 2,
                               .timestamp = t,
                               .id = 8,
                               .object_kind = 2,
                               .object = {pid, 42},
                               .name = "iteration",
                               .domain = "NCCL"};
  struct cupti_marker end = {.kind = CUPTI_MARKER, .flags = 4, .timestamp = t + 10, .id = 8, .object_kind = 2};
  struct cupti_marker_data data = {.kind = CUPTI_MARKER_DATA, .id = 8, .payload_kind = 1, .payload = 31, .category = 2};
  struct cupti_overhead overhead = {.kind = CUPTI_OVERHEAD, .overhead_kind = 65536, .start = t, .end = t + 60};
  RECORD(sync);
  RECORD(event);
  RECORD(memory);
  RECORD(pool);
  RECORD(start);
  RECORD(end);
  RECORD(data);
  RECORD(overhead);
  calls(1, CUPTI_RUNTIME, 20);
  calls(1, CUPTI_DRIVER, 307);
}

static void nodes(long n)
{
  for (long i = 1; i <= n; i++) {
    struct cupti_graph_data made = {.graph = (void *)5, .node = (void *)i, .node_type = (uint32_t)(i % 3)};
    struct cupti_graph_data clone = {.graph = (void *)6,
                                     .original_graph = (void *)5,
                                     .node = (void *)(1000000 + i),
                                     .original_node = (void *)i,
                                     .node_type = (uint32_t)(i % 3)};
    cupti.node(CUPTI_RESOURCE_NODE_CREATED, &made);
    cupti.node(CUPTI_RESOURCE_NODE_CLONED, &clone);
  }
}

static void raw(uint32_t kind, size_t n)
{
  static uint8_t bytes[4096];
  memset(bytes, 0, sizeof bytes);
  memcpy(bytes, &kind, sizeof kind);
  cupti.record(bytes, n < sizeof bytes ? n : sizeof bytes);
}

static void sleep_ms(long ms)
{
  struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
  while (nanosleep(&t, &t))
    ;
}

static void limit(rlim_t n)
{
  struct rlimit r = {.rlim_cur = n, .rlim_max = n};
  setrlimit(RLIMIT_FSIZE, &r);
}

static void untimed(long n)
{
  for (long i = 0; i < n; i++) {
    struct cupti_kernel k = {.kind = CUPTI_KERNEL, .start = now_ns(), .name = "unfinished"};
    RECORD(k);
  }
}

static void subscribe(void)
{
  void *handle = NULL;
  if (cupti.subscribe(&handle, NULL, NULL))
    printf("another collector is refused\n");
}

static void end_or_fail(int good, const char *what)
{
  if (good)
    return;
  fprintf(stderr, "standin_program: %s\n", what);
  _exit(98);
}

static void capture(long n, const char *name)
{
  int broken = cupti.capture ? cupti.capture(1) : 0;
  for (long i = 0; i < n; i++)
    launch(name, 1, STANDIN_LAUNCH_CAPTURED);
  broken += cupti.capture ? cupti.capture(0) : 0;
  end_or_fail(!broken, "the capture was broken");
}

static uint64_t report_since;

static void report(void)
{
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  printf("%.3f s, peak %.1f MiB\n", (double)(now_ns() - report_since) / 1e9, (double)u.ru_maxrss / 1024);
}

/* Ends the program in some way. */
static void leave(const char *how, long n)
{
  if (!strcmp(how, "exit"))
    exit((int)n);
  if (!strcmp(how, "_exit"))
    _exit((int)n);
  if (!strcmp(how, "kill"))
    raise(SIGKILL);
  if (!strcmp(how, "segv"))
    raise(SIGSEGV);
  if (!strcmp(how, "abort"))
    abort();
}

static void line(const char *what, long a, long b, const char *rest, const char *name)
{
  uint64_t t = now_ns();
  if (!strcmp(what, "init")) {
    inject("CUDA_INJECTION64_PATH", "InitializeInjection");
  } else if (!strcmp(what, "nvtx")) {
    inject("NVTX_INJECTION64_PATH", "InitializeInjectionNvtx2");
  } else if (!strcmp(what, "kernels")) {
    kernels(a, name, 7);
  } else if (!strcmp(what, "pairs")) {
    pairs(a, name);
  } else if (!strcmp(what, "clustered")) {
    clustered(a, (uint32_t)b, name);
  } else if (!strcmp(what, "extended")) {
    extended(a, name);
  } else if (!strcmp(what, "failing")) {
    launch(rest, 1, STANDIN_LAUNCH_FAILS);
  } else if (!strcmp(what, "handle")) {
    handle(rest);
  } else if (!strcmp(what, "graph")) {
    graph(a, name);
  } else if (!strcmp(what, "capture")) {
    capture(a, name);
  } else if (!strcmp(what, "context")) {
    in_context = (uintptr_t)a;
  } else if (!strcmp(what, "context_ends")) {
    cupti.context_ends((void *)a);
  } else if (!strcmp(what, "runs")) {
    end_or_fail(cupti.runs() == (uint64_t)a, "kernels ran more or less often than that");
  } else if (!strcmp(what, "threads")) {
    threads((int)a, b, name);
  } else if (!strcmp(what, "calls")) {
    calls(a, CUPTI_RUNTIME, (uint32_t)b);
  } else if (!strcmp(what, "drivercalls")) {
    calls(a, CUPTI_DRIVER, (uint32_t)b);
  } else if (!strcmp(what, "all")) {
    all_of_the_device(t);
    all_of_the_work(t);
    all_of_the_host(t);
  } else if (!strcmp(what, "untimed")) {
    untimed(a);
  } else if (!strcmp(what, "raw")) {
    raw((uint32_t)a, (size_t)b);
  } else if (!strcmp(what, "cut")) {
    cupti.cut((size_t)a);
  } else if (!strcmp(what, "drop")) {
    cupti.drop((uint64_t)a);
  } else if (!strcmp(what, "nodes")) {
    nodes(a);
  } else if (!strcmp(what, "flushing")) {
    cupti.await_flush();
  } else if (!strcmp(what, "flush")) {
    cupti.flush(0);
  } else if (!strcmp(what, "sleep")) {
    sleep_ms(a);
  } else if (!strcmp(what, "shell")) {
    end_or_fail(!system(rest), rest);
  } else if (!strcmp(what, "print")) {
    printf("%s\n", rest);
  } else if (!strcmp(what, "limit")) {
    limit((rlim_t)a);
  } else if (!strcmp(what, "subscribe")) {
    subscribe();
  } else if (!strcmp(what, "report")) {
    report_since = t;
    atexit(report); /* handlers run last in first out: the collector's, which comes later, is done by then */
  } else if (!strcmp(what, "unzeroed")) {
    end_or_fail(!cupti.unzeroed(), "a buffer did not come zeroed");
  } else if (!strcmp(what, "latency")) {
    end_or_fail(cupti.latency(), "latency timestamps were not asked for");
  } else {
    leave(what, a);
    end_or_fail(!*what, what);
  }
}

/* The child goes on with the next line; the parent waits for it and passes over the lines that were the child's. */
static char **forked(char **next)
{
  int status = 0, depth = 1;
  fflush(NULL);
  pid_t child = fork();
  pid = (uint32_t)getpid();
  if (!child)
    return next;
  for (; *next && depth; next++)
    depth += !strcmp(*next, "fork") ? 1 : !strcmp(*next, "end") ? -1 : 0;
  waitpid(child, &status, 0);
  end_or_fail(WIFEXITED(status) && WEXITSTATUS(status) == CHILD_EXIT, "the child did not come to its end");
  return next;
}

/* The lines of a file, NULL at the end.  All are read before the first is played: a child shares the place in the file. */
static char **read_lines(const char *path)
{
  static char *lines[MAX_LINES + 1];
  char text[512];
  FILE *f = strcmp(path, "-") ? fopen(path, "r") : stdin;
  int n = 0;
  for (; f && n < MAX_LINES && fgets(text, sizeof text, f); n++) {
    text[strcspn(text, "\n")] = 0;
    lines[n] = strdup(text);
  }
  if (f)
    fclose(f);
  return lines;
}

int main(int argc, char **argv)
{
  if (argc != 3)
    return 2;
  find(argv[1]);
  pid = (uint32_t)getpid();
  static char name[MAX_LINES][256]; /* a kernel's has to live as long as the program, as with CUPTI */
  int i = 0;
  for (char **next = read_lines(argv[2]); *next; i++) {
    char what[32] = "";
    long a = 0, b = 0;
    int n = 0;
    (void)sscanf(*next, "%31s %n", what, &n);
    const char *rest = *next++ + n;
    if (sscanf(rest, "%ld %ld %255s", &a, &b, name[i]) < 3)
      (void)sscanf(rest, "%ld %255s", &a, name[i]);
    if (!strcmp(what, "fork"))
      next = forked(next);
    else if (!strcmp(what, "end"))
      exit(CHILD_EXIT);
    else
      line(what, a, b, rest, name[i]);
  }
  return 0;
}
