/* standin_cuda.c - a pretended GPU behind the calls of the CUDA driver that corun makes, for tests of backend cuda: a shared object
 * that CORUN_LIBCUDA names.
 *
 * Streams run in order and beside each other, without end of room; priorities change nothing.  A stand-in of n blocks takes its waves
 * times BASE_NS + rounds * (SLOPE_NS + fmas * FMA_NS + chunks * CHUNK_NS) of the host's monotonic clock; its blocks obey the words of an eviction as they
 * begin and those of a kill at once, and it writes counters and records as the PTX does, by a timer OFFSET_NS ahead.  Each part of a
 * merged launch does so by itself, its waves being as wide as its part of the grid; one whose grid is not dealt out as merged_ptx.h
 * says is refused.  A thread lets time pass, and so does every call.
 *
 * STANDIN_CUDA_TOLD names a file that is written when the GPU is let go: "launches blocks merged pads": of kernels that report to the
 * host, the blocks that did their work, and merged launches with their parts beside the first.
 *
 * STANDIN_CUDA_PACE, in percent, makes all rounds longer.
 *
 * STANDIN_CUDA says what goes wrong:
 *   no-device, old-gpu, no-memory, small-sm   what it is and has: no GPU, compute capability 6.0, no memory, 8 warps an SM
 *   memory=BYTES  it has so much in all
 *   alloc=N       another program has all that is left from the N-th allocation on
 *   measure       the first stand-in that runs never ends
 *   graph=N       the N-th graph finds no memory
 *   late=N        the launches of the N-th graph come half a ms apart, as where the host is busy, and those of no other
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
#include "sim/merged_ptx.h"
#include "sim/stream_ptx.h"

#define API __attribute__((visibility("default")))

enum { SMS = 132, SM_WARPS = 64, SM_REGS = 65536, SM_SMEM = 233472, SM_BLOCKS = 32, BLOCK_SMEM = 232448 };
enum { BASE_NS = 1500, SLOPE_NS = 20, FMA_NS = 2, CHUNK_NS = 5, COPY_NS = 1500 };
enum { INVALID = 1, NO_DEVICE = 100, INVALID_PTX = 218, LAUNCH_FAILED = 719 };
enum { LATE_NS = 500000 };
enum {
  MERGED_JUMP = 66
}; /* values from which on a merged launch takes more registers, as ptxas of CUDA 13.0 does for sm_90 */
static const int64_t OFFSET_NS = 1234567890123456789, NEVER_NS = INT64_MAX;

struct cr_cu_function {
  uint32_t regs, smem_max;
  int is_merged, spins;
};

struct cr_cu_module {
  struct cr_cu_function function;
};

enum kind { KERNEL, COPY, FILL, WRITE, WAIT };

/* A kernel has one, or those of a merged launch. */
struct op {
  enum kind kind;
  unsigned char value;
  struct cr_cu_function *function;
  uint32_t blocks, threads, smem, word, n_part;
  uint32_t sms; /* of the stream that it was launched or captured in */
  struct cr_merged_part part[CR_MERGED_PARTS];
  uint64_t halt[CR_MERGED_PARTS]; /* the word that each part obeys while it runs; 0: none */
  uint64_t to, from;
  size_t bytes;
  const struct cr_cu_stream *other; /* WAIT: until it has done so many */
  uint64_t n_other;
};

struct entry {
  struct op op;
  int64_t at_ns;
  uint32_t is_lost, hangs; /* a bit a part */
  int is_single;
};

/* A part of the head, while it is there. */
struct run {
  int64_t begin_ns, end_ns, wave_ns, seen_ns; /* seen: a word that stops it; 0: none */
  uint32_t n_worked;
  int has_given_up, has_ended;
};

struct cr_cu_stream {
  struct cr_cu_stream *next;
  uint32_t sms;
  struct entry *entry; /* [cap] a ring */
  uint32_t cap, head, n;
  uint64_t n_done;
  int is_running;
  int64_t free_ns; /* since when it waits for the next */
  struct run run[CR_MERGED_PARTS];
  struct cr_cu_graph *capture;
};

struct cr_cu_graph {
  struct op *op; /* [cap] */
  uint32_t n, cap;
};

struct cr_cu_graph_exec {
  struct cr_cu_graph graph;
  int is_late;
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
  struct block *block; /* what was taken of its memory */
  size_t taken_bytes;
  long fault_n, n_graph, n_launch, n_told, n_kernel, n_alloc, pace;
  uint64_t told_blocks, n_merged, n_pad;
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
               {"evict=", &t->evict},   {"block=", &t->block}, {"kill=", &t->kill},     {"duplex=", &t->duplex},
               {"speed=", &t->speed},   {"slice=", &t->slice}, {"switch=", &t->change}};
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

static uint32_t read_word(uint64_t word)
{
  return word ? __atomic_load_n((uint32_t *)at(word), __ATOMIC_ACQUIRE) : 0;
}

static int64_t wave_ns(const struct op *k, const struct cr_merged_part *p)
{
  if (k->function->spins)
    return p->rounds + 1;
  int64_t work_ns = (int64_t)p->rounds * (SLOPE_NS + FMA_NS * p->fmas) +
                    (int64_t)((uint64_t)p->rounds * p->per_round / CR_STREAM_UNIT * CHUNK_NS);
  return BASE_NS + work_ns * gpu.pace / 100;
}

/* What a word that was written now does to a part that runs. */
static void obey(const struct cr_merged_part *p, uint64_t halt, struct run *r, int64_t now_ns)
{
  int kills = read_word(halt) >= p->epoch, evicts = read_word(p->words) >= p->epoch;
  if (r->has_ended || r->has_given_up || r->end_ns == NEVER_NS || !p->words || (!kills && !evicts))
    return;
  int64_t n_wave = (now_ns - r->begin_ns) / r->wave_ns;
  uint64_t worked = (uint64_t)(kills ? n_wave : n_wave + 1) * p->n_worker;
  r->n_worked = worked < p->n_task ? (uint32_t)worked : p->n_task;
  int64_t end_ns = kills ? now_ns + gpu.times.kill : r->begin_ns + (n_wave + 1) * r->wave_ns;
  r->end_ns = end_ns < r->end_ns ? end_ns : r->end_ns;
  r->has_given_up = kills;
  r->seen_ns = now_ns;
}

static void obey_all(const struct cr_cu_stream *writer, int64_t now_ns)
{
  for (struct cr_cu_stream *s = gpu.stream; s; s = s->next)
    for (uint32_t i = 0; s != writer && s->is_running && i < s->entry[s->head].op.n_part; i++)
      obey(&s->entry[s->head].op.part[i], s->entry[s->head].op.halt[i], &s->run[i], now_ns);
}

static int is_beside_a_copy(const struct cr_cu_stream *s)
{
  for (const struct cr_cu_stream *other = gpu.stream; other; other = other->next)
    for (uint32_t i = 0; other != s && i < other->n; i++)
      if (other->entry[(other->head + i) % other->cap].op.kind == COPY)
        return 1;
  return 0;
}

/* What a copy, a memset or the write of a word takes. */
static int64_t moving_ns(const struct cr_cu_stream *s, const struct op *k)
{
  int64_t bytes_ns = COPY_NS + (int64_t)k->bytes * 1000 / gpu.times.speed;
  if (k->kind == WRITE)
    return gpu.times.write;
  return k->kind == COPY && is_beside_a_copy(s) ? bytes_ns * gpu.times.duplex / 100 : bytes_ns;
}

static void begin(struct cr_cu_stream *s, int64_t now_ns)
{
  const struct entry *e = &s->entry[s->head];
  const struct op *k = &e->op;
  s->is_running = 1;
  if (k->kind == WAIT)
    s->run[0] = (struct run){.end_ns = now_ns > k->other->free_ns ? now_ns : k->other->free_ns};
  else if (k->kind != KERNEL)
    s->run[0] = (struct run){.end_ns = now_ns + moving_ns(s, k)};
  for (uint32_t i = 0; i < k->n_part; i++) {
    const struct cr_merged_part *p = &k->part[i];
    uint32_t n_wave = (p->n_task + p->n_worker - 1) / p->n_worker;
    struct run *r = &s->run[i];
    *r = (struct run){.begin_ns = now_ns, .wave_ns = wave_ns(k, p), .n_worked = p->n_task};
    r->end_ns = now_ns + n_wave * r->wave_ns;
    if (read_word(p->words) >= p->epoch)
      *r = (struct run){.end_ns = now_ns + gpu.times.evict + gpu.times.block * p->n_task, .has_given_up = 1};
    if (e->hangs >> i & 1)
      r->end_ns = NEVER_NS;
  }
}

static int host_sees(uint64_t record)
{
  return gpu.host && record - (uint64_t)(uintptr_t)gpu.host < gpu.host_bytes;
}

static void report(const struct cr_merged_part *p, const struct run *run, int spins, int is_lost)
{
  struct cr_standin_record *r = at(p->record);
  if (!p->counters || !r)
    return;
  r->begin_ns = run->begin_ns ? (uint64_t)(run->begin_ns + OFFSET_NS) : 0;
  r->n_worked = run->n_worked;
  if (p->first)
    r->range_begin_ns = ((struct cr_standin_record *)at(p->first))->begin_ns;
  if (spins)
    r->range_begin_ns = (uint64_t)((run->seen_ns ? run->seen_ns : run->end_ns) + OFFSET_NS);
  gpu.told_blocks += host_sees(p->record) ? run->n_worked : 0;
  if (!is_lost)
    __atomic_store_n(&r->end_ns, (uint64_t)(run->end_ns + OFFSET_NS), __ATOMIC_RELEASE);
}

/* The part of the head that ends first; a copy is its only one. */
static struct run *first_run(struct cr_cu_stream *s)
{
  const struct op *k = &s->entry[s->head].op;
  struct run *first = NULL;
  for (uint32_t i = 0; i < (k->kind == KERNEL ? k->n_part : 1); i++)
    if (!s->run[i].has_ended && (!first || s->run[i].end_ns < first->end_ns))
      first = &s->run[i];
  return first;
}

static void end(struct cr_cu_stream *s)
{
  struct entry *e = &s->entry[s->head];
  const struct op *k = &e->op;
  struct run *run = first_run(s);
  int64_t end_ns = run->end_ns;
  run->has_ended = 1;
  switch (k->kind) {
  case KERNEL:
    report(&k->part[run - s->run], run, k->function->spins, e->is_lost >> (run - s->run) & 1);
    if (first_run(s))
      return;
    break;
  case COPY:
    memmove(at(k->to), at(k->from), k->bytes);
    break;
  case FILL:
    memset(at(k->to), k->value, k->bytes);
    break;
  case WRITE:
    __atomic_store_n((uint32_t *)at(k->to), k->word, __ATOMIC_RELEASE);
    obey_all(s, end_ns);
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

static int64_t next_ns(struct cr_cu_stream *s)
{
  if (s->n == 0)
    return NEVER_NS;
  if (s->is_running)
    return first_run(s)->end_ns;
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
  return k && k->kind == KERNEL && k->function->spins && k->part[0].words && host_sees(k->part[0].words);
}

/* Everything up to now, in order of time. */
static int64_t advance(void)
{
  for (;;) {
    struct cr_cu_stream *first = NULL;
    int64_t first_ns = NEVER_NS;
    for (struct cr_cu_stream *s = gpu.stream; s; s = s->next)
      if (looks_at_host(s) && s->run[0].end_ns > now())
        obey(&s->entry[s->head].op.part[0], s->entry[s->head].op.halt[0], &s->run[0], now());
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

/* The host is told of the part, and it is no reading of the clock. */
static int is_part_told(const struct op *k, uint32_t part)
{
  return host_sees(k->part[part].record) && (k->blocks > 1 || k->threads > 32);
}

static int is_told(const struct op *k)
{
  for (uint32_t i = 0; i < k->n_part; i++)
    if (is_part_told(k, i))
      return 1;
  return 0;
}

/* at: when the GPU has got it, which is one time for all of a graph. */
static int push(struct cr_cu_stream *s, const struct op *op, int64_t at_ns, int is_single)
{
  if (s->n == s->cap && grow_stream(s))
    return CR_CU_OUT_OF_MEMORY;
  struct entry *e = &s->entry[(s->head + s->n++) % s->cap];
  *e = (struct entry){.op = *op, .at_ns = at_ns, .is_single = is_single};
  gpu.n_kernel += op->kind == KERNEL;
  e->hangs = op->kind == KERNEL && gpu.n_kernel == 1 && is_fault("measure");
  for (uint32_t i = 0; i < op->n_part; i++) {
    gpu.n_told += is_part_told(op, i);
    uint32_t is_it = is_part_told(op, i) && gpu.n_told == gpu.fault_n;
    e->is_lost |= is_it && is_fault("lost") ? 1U << i : 0;
    e->hangs |= is_it && is_fault("hang") ? 1U << i : 0;
  }
  gpu.n_merged += op->n_part > 1;
  gpu.n_pad += op->n_part > 1 ? op->n_part - 1 : 0;
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
    error = is_told(op) && is_fault("launch") && gpu.n_launch == gpu.fault_n ? LAUNCH_FAILED
                                                                             : push(s, op, now() + gpu.times.launch, 1);
    pthread_cond_signal(&gpu.changed);
  }
  pthread_mutex_unlock(&gpu.lock);
  return error;
}

API int cuInit(unsigned flags);
API int cuInit(unsigned flags)
{
  const char *fault = getenv("STANDIN_CUDA"), *n = fault ? strchr(fault, '=') : NULL;
  const char *pace = getenv("STANDIN_CUDA_PACE");
  gpu.pace = pace ? strtol(pace, NULL, 10) : 100;
  gpu.fault[0] = '\0';
  gpu.fault_n = n ? strtol(n + 1, NULL, 10) : 0;
  if (fault)
    snprintf(gpu.fault, sizeof gpu.fault, "%.*s", n ? (int)(n - fault) : 15, fault);
  gpu.n_graph = gpu.n_launch = gpu.n_told = gpu.n_kernel = gpu.n_alloc = 0;
  gpu.told_blocks = gpu.n_merged = gpu.n_pad = 0;
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
  static const int limit[][2] = {{1, 1024},      {10, 32},         {36, 3201000},    {37, 6016},
                                 {38, 62914560}, {39, 2048},       {40, 3},          {81, SM_SMEM},
                                 {82, SM_REGS},  {97, BLOCK_SMEM}, {106, SM_BLOCKS}, {111, 1024}};
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

static void write_told(void)
{
  const char *name = getenv("STANDIN_CUDA_TOLD");
  FILE *f = name ? fopen(name, "w") : NULL;
  if (!f)
    return;
  fprintf(f, "%ld %llu %llu %llu\n", gpu.n_told, (unsigned long long)gpu.told_blocks, (unsigned long long)gpu.n_merged,
          (unsigned long long)gpu.n_pad);
  fclose(f);
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
  write_told();
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
  int is_merged = strstr(text, ".entry merged(") != NULL;
  if (!live || (!is_merged && !strstr(text, ".entry standin(")))
    return INVALID_PTX;
  struct cr_cu_module *m = calloc(1, sizeof *m);
  if (!m)
    return CR_CU_OUT_OF_MEMORY;
  m->function.spins = strncmp(text, "// spins", 8) == 0;
  uint32_t n_live = (uint32_t)strtoul(live + strlen(".reg .f32 %f<"), NULL, 10);
  m->function.regs = n_live + 17 + (is_merged && n_live >= MERGED_JUMP ? 4 : 0);
  m->function.is_merged = is_merged;
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
  return strcmp(name, module->function.is_merged ? "merged" : "standin") == 0 ? CR_CU_OK : INVALID;
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

static int is_work(const struct cr_merged_part *p)
{
  return p->per_round / CR_STREAM_UNIT <= CR_STREAM_ROUND_MAX;
}

static int read_standin(struct op *k, void **param)
{
  struct cr_merged_part *p = &k->part[0];
  uint32_t n_wide = sm_blocks(k->function, k->threads, k->smem) * k->sms;
  memcpy(&p->counters, param[0], 8);
  memcpy(&p->words, param[1], 8);
  memcpy(&p->epoch, param[2], 4);
  memcpy(&p->n_task, param[3], 4);
  memcpy(&p->rounds, param[4], 4);
  memcpy(&p->fmas, param[5], 4);
  if (k->function->spins) { /* as calib/bench_ptx.c has them */
    memcpy(&p->record, param[8], 8);
    memcpy(&p->first, param[9], 8);
    k->halt[0] = p->words ? p->words + sizeof(uint32_t) : 0;
  } else {
    memcpy(&p->record, param[7], 8);
    memcpy(&p->first, param[8], 8);
    memcpy(&k->halt[0], param[9], 8);
    memcpy(&p->per_round, param[10], 4);
  }
  p->n_worker = n_wide ? n_wide : 1;
  k->n_part = 1;
  return p->n_task == k->blocks && p->epoch && is_work(p);
}

/* Whether two parts have a block of the grid in common. */
static int overlap(const struct cr_merged_part *a, const struct cr_merged_part *b)
{
  return a->column < b->column + b->n_column && b->column < a->column + a->n_column && a->row < b->row + b->n_row &&
         b->row < a->row + a->n_row;
}

static int read_merged(struct op *k, void **param)
{
  uint32_t columns, most = sm_blocks(k->function, k->threads, k->smem);
  memcpy(&k->n_part, param[1], 4);
  memcpy(&columns, param[2], 4);
  if (k->n_part < 2 || k->n_part > CR_MERGED_PARTS || columns != SMS || k->blocks % SMS)
    return 0;
  memcpy(k->part, param[0], sizeof k->part);
  for (uint32_t i = 0; i < k->n_part; i++) {
    const struct cr_merged_part *p = &k->part[i];
    uint32_t n = p->n_column * p->n_row;
    k->halt[i] = p->words ? p->words + sizeof(uint32_t) : 0;
    if (!p->n_task || !p->epoch || !is_work(p) || !p->threads || p->threads % 32 || p->threads > k->threads ||
        p->n_row > most || !n || p->column + p->n_column > SMS || p->row + p->n_row > k->blocks / SMS ||
        p->n_worker != (n < p->n_task ? n : p->n_task))
      return 0;
    for (uint32_t j = 0; j < i; j++)
      if (overlap(p, &k->part[j]))
        return 0;
  }
  return 1;
}

API int cuLaunchKernel(cr_cu_function function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,
                       unsigned block_y, unsigned block_z, unsigned smem_bytes, cr_cu_stream stream, void **param,
                       void **extra);
API int cuLaunchKernel(cr_cu_function function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,
                       unsigned block_y, unsigned block_z, unsigned smem_bytes, cr_cu_stream stream, void **param,
                       void **extra)
{
  struct op k = {
    .kind = KERNEL, .function = function, .blocks = grid_x, .threads = block_x, .smem = smem_bytes, .sms = stream->sms};
  uint32_t smem_max = function->smem_max ? function->smem_max : 49152 - 16;
  if (grid_y * grid_z * block_y * block_z != 1 || extra || !grid_x || !block_x || block_x > 1024 ||
      smem_bytes > smem_max || !(function->is_merged ? read_merged(&k, param) : read_standin(&k, param)))
    return INVALID;
  return add(stream, &k);
}

API int cuLaunchKernelEx(const struct cr_cu_launch *launch, cr_cu_function function, void **param, void **extra);
API int cuLaunchKernelEx(const struct cr_cu_launch *launch, cr_cu_function function, void **param, void **extra)
{
  if (launch->n_attribute != 1 || launch->attribute->id != CR_CU_LAUNCH_EARLY || launch->attribute->value[0] != 1)
    return INVALID;
  return cuLaunchKernel(function, launch->grid[0], launch->grid[1], launch->grid[2], launch->block[0], launch->block[1],
                        launch->block[2], launch->smem_bytes, launch->stream, param, extra);
}

/* --- memory ------------------------------------------------------------------------------------------------------- */

/* What kernels report through and copies work on is there; of more only an address, as nothing touches it. */
enum { LARGE = 1 << 28 };

struct block {
  struct block *next;
  void *memory;
  size_t bytes;
};

static size_t total_bytes(void)
{
  return is_fault("memory") ? (size_t)gpu.fault_n : (size_t)150109880320;
}

API int cuMemAlloc_v2(cr_cu_address *address, size_t bytes);
API int cuMemAlloc_v2(cr_cu_address *address, size_t bytes)
{
  gpu.n_alloc++;
  if (is_fault("no-memory") || bytes > total_bytes() - gpu.taken_bytes ||
      (is_fault("alloc") && gpu.n_alloc >= gpu.fault_n))
    return CR_CU_OUT_OF_MEMORY;
  struct block *b = malloc(sizeof *b);
  void *memory = b ? malloc(bytes < LARGE ? bytes : 1) : NULL;
  if (!memory) {
    free(b);
    return CR_CU_OUT_OF_MEMORY;
  }
  *b = (struct block){.next = gpu.block, .memory = memory, .bytes = bytes};
  gpu.block = b;
  gpu.taken_bytes += bytes;
  *address = (cr_cu_address)(uintptr_t)memory;
  return CR_CU_OK;
}

API int cuMemFree_v2(cr_cu_address address);
API int cuMemFree_v2(cr_cu_address address)
{
  struct block **at_block = &gpu.block;
  while (*at_block && (*at_block)->memory != at(address))
    at_block = &(*at_block)->next;
  struct block *b = *at_block;
  if (!b)
    return address ? INVALID : CR_CU_OK;
  *at_block = b->next;
  gpu.taken_bytes -= b->bytes;
  free(b->memory);
  free(b);
  return CR_CU_OK;
}

API int cuMemGetInfo_v2(size_t *free_bytes, size_t *total);
API int cuMemGetInfo_v2(size_t *free_bytes, size_t *total)
{
  *total = total_bytes();
  *free_bytes = *total - gpu.taken_bytes;
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
  int is_it = ++gpu.n_graph == gpu.fault_n;
  if (is_it && is_fault("graph"))
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
  e->is_late = is_it && is_fault("late");
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
  int64_t at_ns = now() + gpu.times.launch, apart_ns = exec->is_late ? LATE_NS : 0;
  for (uint32_t i = 0; !error && i < exec->graph.n; i++)
    error = push(stream, &exec->graph.op[i], at_ns + i * apart_ns, 0);
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
