/* standin_cuda.c - a pretended GPU behind the calls of the CUDA driver that corun makes, for tests of backend cuda: a shared object
 * that CORUN_LIBCUDA names.
 *
 * Streams run in order and beside each other, without end of room; priorities change nothing.  A stand-in of n blocks takes its waves
 * times BASE_NS + rounds * (SLOPE_NS + fmas * FMA_NS) of the host's monotonic clock; its blocks obey the words of an eviction as they
 * begin and those of a kill at once, and it writes counters and records as the PTX does, by a timer OFFSET_NS ahead.  A thread lets
 * time pass, and so does every call.
 *
 * STANDIN_CUDA says what goes wrong:
 *   no-device, old-gpu, no-memory, small-sm   what it is and has: no GPU, compute capability 6.0, no memory, 8 warps an SM
 *   measure       the first stand-in that runs never ends
 *   graph=N       the N-th graph finds no memory
 *   launch=N      the N-th launch of a graph, or of a kernel by itself that the host is told of, fails
 *   lost=N        the end of the N-th range or kernel that the host is told of, clock readings aside, is never told
 *   hang=N        it never ends
 *
 * Kernels of microbenchmarks (calib/bench_ptx.c) spin for as long as they say.  STANDIN_TIMES sets what things take, in ns:
 *   launch  from a launch to the first instruction      gap     between kernels of a stream
 *   single  more of it where they are not of one graph  write   a word
 *   evict   a kernel whose blocks all leave             block   and each of its blocks
 *   kill    from a stop word to the end                 duplex  percent of its time that a copy takes beside another
 *   speed   of a copy, in bytes a us (no time)
 *   slice, switch   processes take turns, where two are there that name one file with STANDIN_TURNS */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "sim/cuda_driver.h"
#include "sim/standin_ptx.h"

#define API __attribute__((visibility("default")))

enum { SMS = 132, SM_WARPS = 64, SM_REGS = 65536, SM_SMEM = 233472, SM_BLOCKS = 32, BLOCK_SMEM = 232448 };
enum { BASE_NS = 1500, SLOPE_NS = 20, FMA_NS = 2, COPY_NS = 1500 };
enum { INVALID = 1, NO_DEVICE = 100, INVALID_PTX = 218, LAUNCH_FAILED = 719 };
static const int64_t OFFSET_NS = 1234567890123456789, NEVER_NS = INT64_MAX;

struct cr_cu_function {
  uint32_t regs, smem_max;
  int spins;
};

struct cr_cu_module {
  struct cr_cu_function function;
};

enum kind { KERNEL, COPY, FILL, WRITE, WAIT };

struct op {
  enum kind kind;
  unsigned char value;
  struct cr_cu_function *function;
  uint32_t blocks, threads, smem, epoch, rounds, fmas, word;
  uint32_t sms; /* of the stream that it was launched or captured in */
  uint64_t counters, words, record, first, to, from;
  size_t bytes;
  const struct cr_cu_stream *other; /* WAIT: until it has done so many */
  uint64_t n_other;
};

struct entry {
  struct op op;
  int64_t at_ns;
  int is_lost, hangs, is_single;
};

struct cr_cu_stream {
  struct cr_cu_stream *next;
  uint32_t sms;
  struct entry *entry; /* [cap] a ring */
  uint32_t cap, head, n;
  uint64_t n_done;
  int is_running;
  int64_t free_ns, begin_ns, end_ns, seen_ns, wave_ns; /* of the head, and since when it waits for the next */
  uint32_t n_worked, wave_blocks;
  int has_given_up;
  struct cr_cu_graph *capture;
};

struct cr_cu_graph {
  struct op *op; /* [cap] */
  uint32_t n, cap;
};

struct cr_cu_graph_exec {
  struct cr_cu_graph graph;
};

static const struct times {
  int64_t launch, gap, single, write, evict, block, kill, duplex, speed, slice, change;
} usual = {.launch = 2000, .write = COPY_NS, .evict = 2000, .kill = 1000, .duplex = 100, .speed = 1000000};

static struct gpu {
  struct times times;
  _Atomic int *turn; /* [2] the processes that take turns; NULL: none do */
  int my_turn;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  pthread_t thread;
  int is_open, closes;
  struct cr_cu_stream *stream;
  unsigned char *host; /* the memory that the host is told through */
  size_t host_bytes;
  char fault[16];
  long fault_n, n_graph, n_launch, n_told, n_kernel;
} gpu = {.lock = PTHREAD_MUTEX_INITIALIZER};

static int64_t now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int is_fault(const char *name)
{
  return strcmp(gpu.fault, name) == 0;
}

static void *at(uint64_t address)
{
  return (void *)(uintptr_t)address;
}

/* --- times --------------------------------------------------------------------------------------------------------- */

static void read_times(void)
{
  struct times *t = &gpu.times;
  const struct {
    const char *name;
    int64_t *value;
  } known[] = {{"launch=", &t->launch}, {"gap=", &t->gap},     {"single=", &t->single}, {"write=", &t->write},
               {"evict=", &t->evict},   {"block=", &t->block}, {"kill=", &t->kill},     {"duplex=", &t->duplex}, {"speed=", &t->speed},
               {"slice=", &t->slice},   {"switch=", &t->change}};
  const char *text = getenv("STANDIN_TIMES");
  *t = usual;
  for (; text && *text; text += strcspn(text, ","), text += *text == ',')
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
      if (strncmp(text, known[i].name, strlen(known[i].name)) == 0)
        *known[i].value = strtoll(text + strlen(known[i].name), NULL, 10);
}

static void take_turn(void)
{
  const char *path = getenv("STANDIN_TURNS");
  int file = path ? open(path, O_RDWR | O_CREAT, 0600) : -1;
  if (file < 0)
    return;
  void *at = ftruncate(file, 64) == 0 ? mmap(NULL, 64, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) : MAP_FAILED;
  close(file);
  gpu.turn = at == MAP_FAILED ? NULL : at;
  for (int i = 0; gpu.turn && i < 2; i++) {
    int free_one = 0;
    gpu.my_turn = i;
    if (__atomic_compare_exchange_n((int *)gpu.turn + i, &free_one, (int)getpid(), 0, __ATOMIC_SEQ_CST,
                                    __ATOMIC_SEQ_CST))
      return;
  }
  gpu.turn = NULL;
}

static void leave_turn(void)
{
  if (gpu.turn)
    gpu.turn[gpu.my_turn] = 0;
}

/* When a kernel may begin that could at that time. */
static int64_t in_turn(int64_t at_ns)
{
  const struct times *t = &gpu.times;
  int64_t each_ns = t->slice + t->change, phase_ns, begin_ns;
  if (!gpu.turn || !t->slice || !gpu.turn[0] || !gpu.turn[1])
    return at_ns;
  begin_ns = gpu.my_turn * each_ns;
  phase_ns = at_ns % (2 * each_ns);
  if (phase_ns >= begin_ns && phase_ns < begin_ns + t->slice)
    return at_ns;
  return at_ns - phase_ns + begin_ns + (phase_ns < begin_ns ? 0 : 2 * each_ns);
}

/* --- what runs ---------------------------------------------------------------------------------------------------- */

static uint32_t sm_blocks(const struct cr_cu_function *f, uint32_t threads, uint32_t smem)
{
  uint32_t warps = (threads + 31) / 32, most = SM_BLOCKS, sm_warps = is_fault("small-sm") ? 8 : SM_WARPS;
  uint32_t by_warps = sm_warps / warps, by_regs = SM_REGS / (f->regs * 32 * warps), by_smem = SM_SMEM / (smem + 1024);
  most = by_warps < most ? by_warps : most;
  most = by_regs < most ? by_regs : most;
  return by_smem < most ? by_smem : most;
}

static uint32_t read_word(uint64_t words, uint32_t i)
{
  return words ? __atomic_load_n((uint32_t *)at(words) + i, __ATOMIC_ACQUIRE) : 0;
}

/* What a word that was written now does to a kernel that runs. */
static void obey(struct cr_cu_stream *s, int64_t now_ns)
{
  const struct op *k = &s->entry[s->head].op;
  if (!s->is_running || k->kind != KERNEL || s->has_given_up || s->end_ns == NEVER_NS)
    return;
  int64_t n_wave = (now_ns - s->begin_ns) / s->wave_ns;
  int kills = read_word(k->words, 1) >= k->epoch, evicts = read_word(k->words, 0) >= k->epoch;
  if (!k->words || (!kills && !evicts))
    return;
  uint64_t worked = (uint64_t)(kills ? n_wave : n_wave + 1) * s->wave_blocks;
  s->n_worked = worked < k->blocks ? (uint32_t)worked : k->blocks;
  int64_t end_ns = kills ? now_ns + gpu.times.kill : s->begin_ns + (n_wave + 1) * s->wave_ns;
  s->end_ns = end_ns < s->end_ns ? end_ns : s->end_ns;
  s->has_given_up = kills;
  s->seen_ns = now_ns;
}

static int is_beside_a_copy(const struct cr_cu_stream *s)
{
  for (const struct cr_cu_stream *other = gpu.stream; other; other = other->next)
    for (uint32_t i = 0; other != s && i < other->n; i++)
      if (other->entry[(other->head + i) % other->cap].op.kind == COPY)
        return 1;
  return 0;
}

static void begin(struct cr_cu_stream *s, int64_t now_ns)
{
  const struct entry *e = &s->entry[s->head];
  const struct op *k = &e->op;
  s->is_running = 1;
  s->has_given_up = 0;
  s->begin_ns = now_ns;
  s->seen_ns = 0;
  if (k->kind == WAIT) {
    s->end_ns = now_ns > k->other->free_ns ? now_ns : k->other->free_ns;
    return;
  }
  if (k->kind != KERNEL) {
    int64_t bytes_ns = COPY_NS + (int64_t)k->bytes * 1000 / gpu.times.speed;
    bytes_ns = k->kind == COPY && is_beside_a_copy(s) ? bytes_ns * gpu.times.duplex / 100 : bytes_ns;
    s->end_ns = now_ns + (k->kind == WRITE ? gpu.times.write : bytes_ns);
    return;
  }
  uint32_t per_sm = sm_blocks(k->function, k->threads, k->smem);
  s->wave_blocks = per_sm * k->sms;
  s->wave_ns = k->function->spins ? k->rounds + 1 : BASE_NS + (int64_t)k->rounds * (SLOPE_NS + FMA_NS * k->fmas);
  s->end_ns = now_ns + (k->blocks + s->wave_blocks - 1) / s->wave_blocks * s->wave_ns;
  s->n_worked = k->blocks;
  if (read_word(k->words, 0) >= k->epoch) {
    s->begin_ns = 0;
    s->n_worked = 0;
    s->end_ns = now_ns + gpu.times.evict + gpu.times.block * k->blocks;
    s->has_given_up = 1;
  }
  if (e->hangs)
    s->end_ns = NEVER_NS;
}

static void report(const struct cr_cu_stream *s, const struct entry *e)
{
  const struct op *k = &e->op;
  struct cr_standin_record *r = at(k->record);
  if (!k->counters || !r)
    return;
  r->begin_ns = s->begin_ns ? (uint64_t)(s->begin_ns + OFFSET_NS) : 0;
  r->n_worked = s->n_worked;
  if (k->first)
    r->range_begin_ns = ((struct cr_standin_record *)at(k->first))->begin_ns;
  if (k->function->spins)
    r->range_begin_ns = (uint64_t)((s->seen_ns ? s->seen_ns : s->end_ns) + OFFSET_NS);
  if (!e->is_lost)
    __atomic_store_n(&r->end_ns, (uint64_t)(s->end_ns + OFFSET_NS), __ATOMIC_RELEASE);
}

static void end(struct cr_cu_stream *s)
{
  struct entry *e = &s->entry[s->head];
  const struct op *k = &e->op;
  int64_t end_ns = s->end_ns;
  switch (k->kind) {
  case KERNEL:
    report(s, e);
    break;
  case COPY:
    memmove(at(k->to), at(k->from), k->bytes);
    break;
  case FILL:
    memset(at(k->to), k->value, k->bytes);
    break;
  case WRITE:
    __atomic_store_n((uint32_t *)at(k->to), k->word, __ATOMIC_RELEASE);
    for (struct cr_cu_stream *other = gpu.stream; other; other = other->next)
      if (other != s)
        obey(other, end_ns);
    break;
  case WAIT:
    break;
  }
  s->is_running = 0;
  s->free_ns = end_ns;
  s->head = (s->head + 1) % s->cap;
  s->n--;
  s->n_done++;
}

static int64_t next_ns(const struct cr_cu_stream *s)
{
  if (s->n == 0)
    return NEVER_NS;
  if (s->is_running)
    return s->end_ns;
  const struct entry *e = &s->entry[s->head];
  if (e->op.kind == WAIT && e->op.other->n_done < e->op.n_other)
    return NEVER_NS;
  int64_t free_ns = s->free_ns + (e->op.kind == KERNEL ? gpu.times.gap + e->is_single * gpu.times.single : 0);
  int64_t at_ns = e->at_ns > free_ns ? e->at_ns : free_ns;
  return e->op.kind == KERNEL ? in_turn(at_ns) : at_ns;
}

/* A kernel of the microbenchmarks runs that looks at a word of the host's memory, of which nobody tells. */
static int looks_at_host(const struct cr_cu_stream *s)
{
  const struct op *k = s->is_running ? &s->entry[s->head].op : NULL;
  return k && k->kind == KERNEL && k->function->spins && gpu.host && k->words &&
         k->words - (uint64_t)(uintptr_t)gpu.host < gpu.host_bytes;
}

/* Everything up to now, in order of time. */
static int64_t advance(void)
{
  for (;;) {
    struct cr_cu_stream *first = NULL;
    int64_t first_ns = NEVER_NS;
    for (struct cr_cu_stream *s = gpu.stream; s; s = s->next)
      if (looks_at_host(s) && s->end_ns > now())
        obey(s, now());
    for (struct cr_cu_stream *s = gpu.stream; s; s = s->next)
      if (next_ns(s) < first_ns) {
        first = s;
        first_ns = next_ns(s);
      }
    if (!first || first_ns > now())
      return first_ns;
    if (first->is_running)
      end(first);
    else
      begin(first, first_ns);
  }
}

static void *pass_time(void *unused)
{
  pthread_mutex_lock(&gpu.lock);
  while (!gpu.closes) {
    int64_t at_ns = advance();
    for (const struct cr_cu_stream *s = gpu.stream; s; s = s->next)
      if (looks_at_host(s) && at_ns > now() + 10000)
        at_ns = now() + 10000;
    if (at_ns == NEVER_NS) {
      pthread_cond_wait(&gpu.changed, &gpu.lock);
      continue;
    }
    struct timespec t = {.tv_sec = at_ns / 1000000000, .tv_nsec = at_ns % 1000000000};
    pthread_cond_timedwait(&gpu.changed, &gpu.lock, &t);
  }
  pthread_mutex_unlock(&gpu.lock);
  return unused;
}

/* Waits until no stream has anything to do. */
static int wait_for_all(void)
{
  pthread_mutex_lock(&gpu.lock);
  for (;;) {
    int64_t wake_ns = advance();
    uint32_t n = 0;
    for (const struct cr_cu_stream *s = gpu.stream; s; s = s->next)
      n += s->n;
    if (n == 0)
      break;
    pthread_mutex_unlock(&gpu.lock);
    if (wake_ns - now() > 200000) {
      struct timespec t = {.tv_nsec = 50000};
      nanosleep(&t, NULL);
    }
    pthread_mutex_lock(&gpu.lock);
  }
  pthread_mutex_unlock(&gpu.lock);
  return CR_CU_OK;
}

/* --- what is asked for -------------------------------------------------------------------------------------------- */

static int grow_stream(struct cr_cu_stream *s)
{
  uint32_t cap = s->cap ? 2 * s->cap : 64;
  struct entry *more = calloc(cap, sizeof *more);
  if (!more)
    return CR_CU_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < s->n; i++)
    more[i] = s->entry[(s->head + i) % s->cap];
  free(s->entry);
  s->entry = more;
  s->cap = cap;
  s->head = 0;
  return CR_CU_OK;
}

/* The host is told of it, and it is no reading of the clock. */
static int is_told(const struct op *k)
{
  return k->kind == KERNEL && gpu.host && k->record - (uint64_t)(uintptr_t)gpu.host < gpu.host_bytes &&
         (k->blocks > 1 || k->threads > 32);
}

static int push(struct cr_cu_stream *s, const struct op *op, int is_single)
{
  if (s->n == s->cap && grow_stream(s))
    return CR_CU_OUT_OF_MEMORY;
  struct entry *e = &s->entry[(s->head + s->n++) % s->cap];
  *e = (struct entry){.op = *op, .at_ns = now() + gpu.times.launch, .is_single = is_single};
  gpu.n_kernel += op->kind == KERNEL;
  e->hangs = op->kind == KERNEL && gpu.n_kernel == 1 && is_fault("measure");
  if (is_told(op)) {
    gpu.n_told++;
    e->is_lost = gpu.n_told == gpu.fault_n && is_fault("lost");
    e->hangs |= gpu.n_told == gpu.fault_n && is_fault("hang");
  }
  return CR_CU_OK;
}

static int capture(struct cr_cu_graph *g, const struct op *op)
{
  if (g->n == g->cap) {
    uint32_t cap = g->cap ? 2 * g->cap : 64;
    struct op *more = realloc(g->op, cap * sizeof *more);
    if (!more)
      return CR_CU_OUT_OF_MEMORY;
    g->op = more;
    g->cap = cap;
  }
  g->op[g->n++] = *op;
  return CR_CU_OK;
}

/* Into the stream, or the graph that it captures. */
static int add(struct cr_cu_stream *s, const struct op *op)
{
  pthread_mutex_lock(&gpu.lock);
  int error = CR_CU_OK;
  if (s->capture) {
    error = capture(s->capture, op);
  } else {
    advance();
    gpu.n_launch += is_told(op);
    error = is_told(op) && is_fault("launch") && gpu.n_launch == gpu.fault_n ? LAUNCH_FAILED : push(s, op, 1);
    pthread_cond_signal(&gpu.changed);
  }
  pthread_mutex_unlock(&gpu.lock);
  return error;
}

API int cuInit(unsigned flags);
API int cuInit(unsigned flags)
{
  const char *fault = getenv("STANDIN_CUDA"), *n = fault ? strchr(fault, '=') : NULL;
  gpu.fault[0] = '\0';
  gpu.fault_n = n ? strtol(n + 1, NULL, 10) : 0;
  if (fault)
    snprintf(gpu.fault, sizeof gpu.fault, "%.*s", n ? (int)(n - fault) : 15, fault);
  gpu.n_graph = gpu.n_launch = gpu.n_told = gpu.n_kernel = 0;
  read_times();
  return flags ? INVALID : CR_CU_OK;
}

API int cuDriverGetVersion(int *version);
API int cuDriverGetVersion(int *version)
{
  *version = 12040;
  return CR_CU_OK;
}

static const struct {
  int error;
  const char *name, *text;
} error_table[] = {
  {INVALID, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
  {CR_CU_OUT_OF_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
  {NO_DEVICE, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
  {INVALID_PTX, "CUDA_ERROR_INVALID_PTX", "a PTX JIT compilation failed"},
  {LAUNCH_FAILED, "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"},
};

static const char *find_error(int error, int wants_text)
{
  for (size_t i = 0; i < sizeof error_table / sizeof error_table[0]; i++)
    if (error_table[i].error == error)
      return wants_text ? error_table[i].text : error_table[i].name;
  return NULL;
}

API int cuGetErrorName(int error, const char **text);
API int cuGetErrorName(int error, const char **text)
{
  *text = find_error(error, 0);
  return *text ? CR_CU_OK : INVALID;
}

API int cuGetErrorString(int error, const char **text);
API int cuGetErrorString(int error, const char **text)
{
  *text = find_error(error, 1);
  return *text ? CR_CU_OK : INVALID;
}

API int cuDeviceGetCount(int *n);
API int cuDeviceGetCount(int *n)
{
  *n = !is_fault("no-device");
  return CR_CU_OK;
}

API int cuDeviceGet(int *device, int i);
API int cuDeviceGet(int *device, int i)
{
  *device = i;
  return i == 0 ? CR_CU_OK : INVALID;
}

API int cuDeviceGetName(char *text, int n, int device);
API int cuDeviceGetName(char *text, int n, int device)
{
  (void)device;
  snprintf(text, (size_t)n, "a pretended GPU");
  return CR_CU_OK;
}

API int cuDeviceGetAttribute(int *value, int attribute, int device);
API int cuDeviceGetAttribute(int *value, int attribute, int device)
{
  (void)device;
  switch (attribute) {
  case CR_CU_SMS:
    *value = SMS;
    return CR_CU_OK;
  case CR_CU_CAPABILITY_MAJOR:
    *value = is_fault("old-gpu") ? 6 : 9;
    return CR_CU_OK;
  case CR_CU_CAPABILITY_MINOR:
    *value = 0;
    return CR_CU_OK;
  default:
    break;
  }
  static const int limit[][2] = {{1, 1024},  {10, 32},          {36, 3201000},   {37, 6016},        {38, 62914560}, {39, 2048},
                                 {40, 3},    {81, SM_SMEM},     {82, SM_REGS},   {97, BLOCK_SMEM},  {106, SM_BLOCKS}, {111, 1024}};
  for (size_t i = 0; i < sizeof limit / sizeof limit[0]; i++)
    if (limit[i][0] == attribute) {
      *value = limit[i][1];
      return CR_CU_OK;
    }
  return INVALID;
}

API int cuDeviceTotalMem_v2(size_t *bytes, int device);
API int cuDeviceTotalMem_v2(size_t *bytes, int device)
{
  *bytes = (size_t)150109880320;
  return device;
}

API int cuDevicePrimaryCtxRetain(cr_cu_context *context, int device);
API int cuDevicePrimaryCtxRetain(cr_cu_context *context, int device)
{
  pthread_condattr_t attribute;
  (void)device;
  *context = (cr_cu_context)(void *)&gpu;
  pthread_condattr_init(&attribute);
  pthread_condattr_setclock(&attribute, CLOCK_MONOTONIC);
  pthread_cond_init(&gpu.changed, &attribute);
  pthread_condattr_destroy(&attribute);
  gpu.closes = 0;
  take_turn();
  gpu.is_open = pthread_create(&gpu.thread, NULL, pass_time, NULL) == 0;
  return gpu.is_open ? CR_CU_OK : CR_CU_OUT_OF_MEMORY;
}

API int cuDevicePrimaryCtxRelease_v2(int device);
API int cuDevicePrimaryCtxRelease_v2(int device)
{
  (void)device;
  leave_turn();
  pthread_mutex_lock(&gpu.lock);
  gpu.closes = 1;
  pthread_cond_signal(&gpu.changed);
  pthread_mutex_unlock(&gpu.lock);
  pthread_join(gpu.thread, NULL);
  pthread_cond_destroy(&gpu.changed);
  gpu.is_open = 0;
  return CR_CU_OK;
}

API int cuCtxSetCurrent(cr_cu_context context);
API int cuCtxSetCurrent(cr_cu_context context)
{
  return context ? CR_CU_OK : INVALID;
}

API int cuCtxSynchronize(void);
API int cuCtxSynchronize(void)
{
  return wait_for_all();
}

API int cuCtxGetStreamPriorityRange(int *least, int *greatest);
API int cuCtxGetStreamPriorityRange(int *least, int *greatest)
{
  *least = 0;
  *greatest = -5;
  return CR_CU_OK;
}

/* --- parts of the SMs --------------------------------------------------------------------------------------------- */

#ifndef STANDIN_CUDA_PLAIN
API int cuStreamCreateWithPriority(cr_cu_stream *stream, unsigned flags, int priority);
enum { UNIT = 8 };

struct resource {
  int32_t kind;
  unsigned char inner[92];
  uint32_t sms;
  unsigned char rest[44];
};

struct event {
  const struct cr_cu_stream *stream;
  uint64_t n;
};

API int cuDeviceGetDevResource(int device, struct resource *out, int kind);
API int cuDeviceGetDevResource(int device, struct resource *out, int kind)
{
  *out = (struct resource){.kind = kind, .sms = SMS};
  return device == 0 && kind == 1 ? CR_CU_OK : INVALID;
}

API int cuDevSmResourceSplitByCount(struct resource *out, unsigned *n, const struct resource *from,
                                    struct resource *rest, unsigned flags, unsigned least);
API int cuDevSmResourceSplitByCount(struct resource *out, unsigned *n, const struct resource *from,
                                    struct resource *rest, unsigned flags, unsigned least)
{
  uint32_t sms = (least + UNIT - 1) / UNIT * UNIT, most = from->sms / sms;
  if (!*n || !most || flags || rest || from->sms != SMS) /* nothing but the whole is split */
    return INVALID;
  *n = *n < most ? *n : most;
  for (uint32_t i = 0; i < *n; i++)
    out[i] = (struct resource){.kind = from->kind, .sms = sms};
  return CR_CU_OK;
}

API int cuDevResourceGenerateDesc(void **out, struct resource *of, unsigned n);
API int cuDevResourceGenerateDesc(void **out, struct resource *of, unsigned n)
{
  *out = of;
  return n == 1 ? CR_CU_OK : INVALID;
}

API int cuGreenCtxCreate(void **out, void *description, int device, unsigned flags);
API int cuGreenCtxCreate(void **out, void *description, int device, unsigned flags)
{
  struct resource *r = malloc(sizeof *r);
  if (!r || device || flags != 1)
    return INVALID;
  memcpy(r, description, sizeof *r);
  *out = r;
  return CR_CU_OK;
}

API int cuGreenCtxDestroy(void *green);
API int cuGreenCtxDestroy(void *green)
{
  free(green);
  return CR_CU_OK;
}

API int cuGreenCtxStreamCreate(cr_cu_stream *stream, void *green, unsigned flags, int priority);
API int cuGreenCtxStreamCreate(cr_cu_stream *stream, void *green, unsigned flags, int priority)
{
  int error = cuStreamCreateWithPriority(stream, flags, priority);
  if (!error)
    (*stream)->sms = ((const struct resource *)green)->sms;
  return error;
}

API int cuEventCreate(struct event **out, unsigned flags);
API int cuEventCreate(struct event **out, unsigned flags)
{
  *out = calloc(1, sizeof **out);
  return flags == 2 && *out ? CR_CU_OK : INVALID;
}

API int cuEventRecord(struct event *event, cr_cu_stream stream);
API int cuEventRecord(struct event *event, cr_cu_stream stream)
{
  pthread_mutex_lock(&gpu.lock);
  *event = (struct event){stream, stream->n_done + stream->n};
  pthread_mutex_unlock(&gpu.lock);
  return CR_CU_OK;
}

API int cuEventDestroy_v2(struct event *event);
API int cuEventDestroy_v2(struct event *event)
{
  free(event);
  return CR_CU_OK;
}

API int cuStreamWaitEvent(cr_cu_stream stream, struct event *event, unsigned flags);
API int cuStreamWaitEvent(cr_cu_stream stream, struct event *event, unsigned flags)
{
  return flags ? INVALID : add(stream, &(struct op){.kind = WAIT, .other = event->stream, .n_other = event->n});
}
#endif

/* --- code --------------------------------------------------------------------------------------------------------- */

API int cuModuleLoadDataEx(cr_cu_module *module, const void *image, unsigned n, int *option, void **value);
API int cuModuleLoadDataEx(cr_cu_module *module, const void *image, unsigned n, int *option, void **value)
{
  const char *text = image, *live = strstr(text, ".reg .f32 %f<");
  (void)n;
  (void)option;
  (void)value;
  if (!live || !strstr(text, ".entry standin("))
    return INVALID_PTX;
  struct cr_cu_module *m = calloc(1, sizeof *m);
  if (!m)
    return CR_CU_OUT_OF_MEMORY;
  m->function.spins = strncmp(text, "// spins", 8) == 0;
  m->function.regs = (uint32_t)strtoul(live + strlen(".reg .f32 %f<"), NULL, 10) + 17;
  *module = m;
  return CR_CU_OK;
}

API int cuModuleUnload(cr_cu_module module);
API int cuModuleUnload(cr_cu_module module)
{
  free(module);
  return CR_CU_OK;
}

API int cuModuleGetFunction(cr_cu_function *function, cr_cu_module module, const char *name);
API int cuModuleGetFunction(cr_cu_function *function, cr_cu_module module, const char *name)
{
  *function = &module->function;
  return strcmp(name, "standin") == 0 ? CR_CU_OK : INVALID;
}

API int cuFuncGetAttribute(int *value, int attribute, cr_cu_function function);
API int cuFuncGetAttribute(int *value, int attribute, cr_cu_function function)
{
  *value = (int)function->regs;
  return attribute == CR_CU_FUNCTION_REGS ? CR_CU_OK : INVALID;
}

API int cuFuncSetAttribute(cr_cu_function function, int attribute, int value);
API int cuFuncSetAttribute(cr_cu_function function, int attribute, int value)
{
  if (attribute == CR_CU_FUNCTION_CARVEOUT)
    return value >= 0 && value <= 100 ? CR_CU_OK : INVALID;
  if (attribute != CR_CU_FUNCTION_SMEM_MAX || value > BLOCK_SMEM)
    return INVALID;
  function->smem_max = (uint32_t)value;
  return CR_CU_OK;
}

API int cuOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, cr_cu_function function, int threads, size_t smem);
API int cuOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, cr_cu_function function, int threads, size_t smem)
{
  *blocks = (int)sm_blocks(function, (uint32_t)threads, (uint32_t)smem);
  return CR_CU_OK;
}

/* --- streams ------------------------------------------------------------------------------------------------------ */

API int cuStreamCreateWithPriority(cr_cu_stream *stream, unsigned flags, int priority);
API int cuStreamCreateWithPriority(cr_cu_stream *stream, unsigned flags, int priority)
{
  if (flags != CR_CU_STREAM_NON_BLOCKING || priority > 0 || priority < -5)
    return INVALID;
  struct cr_cu_stream *s = calloc(1, sizeof *s);
  if (!s)
    return CR_CU_OUT_OF_MEMORY;
  s->sms = SMS;
  pthread_mutex_lock(&gpu.lock);
  s->next = gpu.stream;
  gpu.stream = s;
  pthread_mutex_unlock(&gpu.lock);
  *stream = s;
  return CR_CU_OK;
}

API int cuStreamDestroy_v2(cr_cu_stream stream);
API int cuStreamDestroy_v2(cr_cu_stream stream)
{
  pthread_mutex_lock(&gpu.lock);
  struct cr_cu_stream **at_stream = &gpu.stream;
  while (*at_stream != stream)
    at_stream = &(*at_stream)->next;
  *at_stream = stream->next;
  pthread_mutex_unlock(&gpu.lock);
  free(stream->entry);
  free(stream);
  return CR_CU_OK;
}

API int cuStreamQuery(cr_cu_stream stream);
API int cuStreamQuery(cr_cu_stream stream)
{
  pthread_mutex_lock(&gpu.lock);
  advance();
  int error = stream->n ? CR_CU_NOT_READY : CR_CU_OK;
  pthread_mutex_unlock(&gpu.lock);
  return error;
}

API int cuStreamWriteValue32_v2(cr_cu_stream stream, cr_cu_address to, uint32_t value, unsigned flags);
API int cuStreamWriteValue32_v2(cr_cu_stream stream, cr_cu_address to, uint32_t value, unsigned flags)
{
  return flags ? INVALID : add(stream, &(struct op){.kind = WRITE, .to = to, .word = value});
}

API int cuLaunchKernel(cr_cu_function function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,
                       unsigned block_y, unsigned block_z, unsigned smem_bytes, cr_cu_stream stream, void **param,
                       void **extra);
API int cuLaunchKernel(cr_cu_function function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,
                       unsigned block_y, unsigned block_z, unsigned smem_bytes, cr_cu_stream stream, void **param,
                       void **extra)
{
  struct op k = {.kind = KERNEL, .function = function, .blocks = grid_x, .threads = block_x, .smem = smem_bytes, .sms = stream->sms};
  memcpy(&k.counters, param[0], 8);
  memcpy(&k.words, param[1], 8);
  memcpy(&k.epoch, param[2], 4);
  memcpy(&k.rounds, param[4], 4);
  memcpy(&k.fmas, param[5], 4);
  memcpy(&k.record, param[8], 8);
  memcpy(&k.first, param[9], 8);
  uint32_t blocks;
  memcpy(&blocks, param[3], 4);
  uint32_t smem_max = function->smem_max ? function->smem_max : 49152 - 16;
  if (grid_y * grid_z * block_y * block_z != 1 || extra || blocks != grid_x || !grid_x || !block_x || block_x > 1024 ||
      smem_bytes > smem_max || !k.epoch)
    return INVALID;
  return add(stream, &k);
}

/* --- memory ------------------------------------------------------------------------------------------------------- */

API int cuMemAlloc_v2(cr_cu_address *address, size_t bytes);
API int cuMemAlloc_v2(cr_cu_address *address, size_t bytes)
{
  void *memory = is_fault("no-memory") ? NULL : malloc(bytes);
  *address = (cr_cu_address)(uintptr_t)memory;
  return memory ? CR_CU_OK : CR_CU_OUT_OF_MEMORY;
}

API int cuMemFree_v2(cr_cu_address address);
API int cuMemFree_v2(cr_cu_address address)
{
  free(at(address));
  return CR_CU_OK;
}

API int cuMemHostAlloc(void **memory, size_t bytes, unsigned flags);
API int cuMemHostAlloc(void **memory, size_t bytes, unsigned flags)
{
  *memory = calloc(1, bytes);
  if (*memory && flags & CR_CU_HOST_MAPPED) {
    gpu.host = *memory;
    gpu.host_bytes = bytes;
  }
  return *memory ? CR_CU_OK : CR_CU_OUT_OF_MEMORY;
}

API int cuMemFreeHost(void *memory);
API int cuMemFreeHost(void *memory)
{
  gpu.host = memory == gpu.host ? NULL : gpu.host;
  free(memory);
  return CR_CU_OK;
}

API int cuMemHostGetDevicePointer_v2(cr_cu_address *address, void *memory, unsigned flags);
API int cuMemHostGetDevicePointer_v2(cr_cu_address *address, void *memory, unsigned flags)
{
  *address = (cr_cu_address)(uintptr_t)memory;
  return flags ? INVALID : CR_CU_OK;
}

static int copy(cr_cu_address to, uint64_t from, size_t bytes, cr_cu_stream stream)
{
  return add(stream, &(struct op){.kind = COPY, .to = to, .from = from, .bytes = bytes});
}

API int cuMemcpyHtoDAsync_v2(cr_cu_address to, const void *from, size_t bytes, cr_cu_stream stream);
API int cuMemcpyHtoDAsync_v2(cr_cu_address to, const void *from, size_t bytes, cr_cu_stream stream)
{
  return copy(to, (uint64_t)(uintptr_t)from, bytes, stream);
}

API int cuMemcpyDtoHAsync_v2(void *to, cr_cu_address from, size_t bytes, cr_cu_stream stream);
API int cuMemcpyDtoHAsync_v2(void *to, cr_cu_address from, size_t bytes, cr_cu_stream stream)
{
  return copy((uint64_t)(uintptr_t)to, from, bytes, stream);
}

API int cuMemcpyDtoDAsync_v2(cr_cu_address to, cr_cu_address from, size_t bytes, cr_cu_stream stream);
API int cuMemcpyDtoDAsync_v2(cr_cu_address to, cr_cu_address from, size_t bytes, cr_cu_stream stream)
{
  return copy(to, from, bytes, stream);
}

API int cuMemsetD8Async(cr_cu_address to, unsigned char value, size_t bytes, cr_cu_stream stream);
API int cuMemsetD8Async(cr_cu_address to, unsigned char value, size_t bytes, cr_cu_stream stream)
{
  return add(stream, &(struct op){.kind = FILL, .to = to, .value = value, .bytes = bytes});
}

/* --- graphs ------------------------------------------------------------------------------------------------------- */

#ifndef STANDIN_CUDA_OLD
API int cuStreamBeginCapture_v2(cr_cu_stream stream, int mode);
API int cuStreamBeginCapture_v2(cr_cu_stream stream, int mode)
{
  if (stream->capture || mode != CR_CU_CAPTURE_RELAXED)
    return INVALID;
  stream->capture = calloc(1, sizeof *stream->capture);
  return stream->capture ? CR_CU_OK : CR_CU_OUT_OF_MEMORY;
}
#endif

API int cuStreamEndCapture(cr_cu_stream stream, cr_cu_graph *graph);
API int cuStreamEndCapture(cr_cu_stream stream, cr_cu_graph *graph)
{
  *graph = stream->capture;
  stream->capture = NULL;
  return *graph ? CR_CU_OK : INVALID;
}

API int cuGraphDestroy(cr_cu_graph graph);
API int cuGraphDestroy(cr_cu_graph graph)
{
  free(graph->op);
  free(graph);
  return CR_CU_OK;
}

API int cuGraphInstantiateWithFlags(cr_cu_graph_exec *exec, cr_cu_graph graph, unsigned long long flags);
API int cuGraphInstantiateWithFlags(cr_cu_graph_exec *exec, cr_cu_graph graph, unsigned long long flags)
{
  (void)flags;
  if (++gpu.n_graph == gpu.fault_n && is_fault("graph"))
    return CR_CU_OUT_OF_MEMORY;
  struct cr_cu_graph_exec *e = calloc(1, sizeof *e);
  struct op *op = e ? malloc((graph->n + 1) * sizeof *op) : NULL;
  if (!op) {
    free(e);
    return CR_CU_OUT_OF_MEMORY;
  }
  if (graph->n)
    memcpy(op, graph->op, graph->n * sizeof *op);
  e->graph = (struct cr_cu_graph){.op = op, .n = graph->n};
  *exec = e;
  return CR_CU_OK;
}

API int cuGraphLaunch(cr_cu_graph_exec exec, cr_cu_stream stream);
API int cuGraphLaunch(cr_cu_graph_exec exec, cr_cu_stream stream)
{
  int error = CR_CU_OK, is_for_host = 0;
  pthread_mutex_lock(&gpu.lock);
  advance();
  for (uint32_t i = 0; i < exec->graph.n; i++)
    is_for_host |= is_told(&exec->graph.op[i]);
  gpu.n_launch += is_for_host;
  if (is_for_host && is_fault("launch") && gpu.n_launch == gpu.fault_n)
    error = LAUNCH_FAILED;
  for (uint32_t i = 0; !error && i < exec->graph.n; i++)
    error = push(stream, &exec->graph.op[i], 0);
  pthread_cond_signal(&gpu.changed);
  pthread_mutex_unlock(&gpu.lock);
  return error;
}

API int cuGraphExecDestroy(cr_cu_graph_exec exec);
API int cuGraphExecDestroy(cr_cu_graph_exec exec)
{
  free(exec->graph.op);
  free(exec);
  return CR_CU_OK;
}
