/* bench_gpu.c - opens the GPU for microbenchmarks, launches what spins, waits for it, and puts host's and GPU's time on one scale.
 *
 * The clock: a block spins until it sees a word that the host writes into its own memory.  The instant it saw it lies after the
 * host's write, and its last stamp before the host's sight of the record; of some tries the tightest bound of each side counts, and
 * the middle is taken, which is off by at most half their distance (0.7 us on an H200). */
#include "config.h"

#include "calib/bench_int.h"

#include <stdatomic.h>

enum { GATE_NS = 40000000, PINGS = 12, PING_TRIES = 30 };
static const cr_ns FRESH_NS = 20000000; /* the clocks part by some 10 ppm: 0.2 us */

int cr_bench_fails(const struct cr_bench *b)
{
  return b->rc != CR_OK;
}

void cr_bench_check(struct cr_bench *b, int error, const char *what)
{
  if (b->rc == CR_OK)
    b->rc = cr_cuda_check(&b->gpu.driver, error, what, b->err);
}

uint32_t cr_bench_reps(const struct cr_bench *b, uint32_t n)
{
  return !b->is_brief ? n : n < 15 ? 3 : n / 5;
}

/* --- opening -------------------------------------------------------------------------------------------------------- */

static cr_cu_address take_words(struct cr_bench *b)
{
  uint32_t first = 0;
  if (b->rc == CR_OK)
    b->rc = cr_cuda_gpu_take_words(&b->gpu, &first, b->err);
  return cr_cuda_gpu_words(&b->gpu, first);
}

static void load(struct cr_bench *b)
{
  const struct cr_cuda_driver *d = &b->gpu.driver;
  int blocks = 0, error = d->module_load(&b->module, cr_bench_ptx, 0, NULL, NULL);
  error = error ? error : d->module_function(&b->spin, b->module, "standin");
  error = error ? error : d->occupancy(&blocks, b->spin, CR_BENCH_BLOCK, 0);
  for (int i = 0; !error && i < CR_BENCH_STREAMS; i++)
    error = d->stream_new(&b->stream[i], CR_CU_STREAM_NON_BLOCKING, b->gpu.priority_least);
  error = error ? error : d->stream_new(&b->high, CR_CU_STREAM_NON_BLOCKING, b->gpu.priority_greatest);
  cr_bench_check(b, error, "loading the kernel of the microbenchmarks");
  b->sm_blocks = (uint32_t)blocks;
}

void cr_bench_open(struct cr_bench *b, uint32_t n_slot, struct cr_err *err)
{
  uint32_t first;
  b->err = err;
  b->random = 20261128;
  b->map_ns = 0;
  b->ping_us = 30;
  if (b->rc != CR_OK || (b->rc = cr_cuda_gpu_open(&b->gpu, n_slot, err)) != CR_OK)
    return;
  b->rc = cr_cuda_gpu_take_slots(&b->gpu, n_slot, &first, err);
  b->flag = take_words(b);
  b->gate = take_words(b);
  b->spare = take_words(b);
  if (b->rc == CR_OK)
    load(b);
}

void cr_bench_close(struct cr_bench *b)
{
  const struct cr_cuda_driver *d = &b->gpu.driver;
  if (!d->library || b->gpu.hangs)
    return;
  d->context_sync();
  for (int i = 0; i < CR_BENCH_STREAMS; i++)
    if (b->stream[i])
      d->stream_free(b->stream[i]);
  if (b->high)
    d->stream_free(b->high);
  if (b->module)
    d->module_unload(b->module);
  cr_cuda_gpu_close(&b->gpu);
}

/* --- launching ------------------------------------------------------------------------------------------------------ */

void cr_bench_launch(struct cr_bench *b, cr_cu_stream stream, const struct cr_bench_spin *s)
{
  const struct cr_cuda_gpu *g = &b->gpu;
  if (b->rc != CR_OK)
    return;
  cr_cu_address counters = s->is_silent ? 0 : cr_cuda_gpu_counters(g, s->slot), words = s->words, data = 0, first = 0;
  cr_cu_address record = s->is_silent ? 0
                         : s->to_host ? cr_cuda_gpu_record(g, s->slot)
                                      : cr_cuda_gpu_inner_record(g, s->slot);
  uint32_t epoch = s->epoch ? s->epoch : 1, blocks = s->blocks, ns = s->ns, poll = s->poll_ns, mask = 0;
  void *param[] = {&counters, &words, &epoch, &blocks, &ns, &poll, &data, &mask, &record, &first};
  int error = g->driver.launch(b->spin, blocks, 1, 1, s->threads ? s->threads : CR_BENCH_BLOCK, 1, 1, s->smem_bytes,
                               stream, param, NULL);
  if (error)
    cr_bench_check(b, error, "a launch of a microbenchmark");
}

void cr_bench_mark(struct cr_bench *b, cr_cu_stream stream, uint32_t slot)
{
  cr_bench_launch(b, stream, &(struct cr_bench_spin){.blocks = 1, .threads = 32, .slot = slot, .to_host = 1});
}

void cr_bench_write(struct cr_bench *b, cr_cu_stream stream, cr_cu_address to, uint32_t value)
{
  if (b->rc == CR_OK)
    cr_bench_check(b, b->gpu.driver.stream_write(stream, to, value, 0), "a word written by a stream");
}

void cr_bench_gate(struct cr_bench *b)
{
  b->gate_epoch++;
  cr_bench_clear_slots(b, CR_BENCH_GATE, 1);
}

void cr_bench_hold(struct cr_bench *b, cr_cu_stream stream)
{
  cr_bench_launch(
    b, stream,
    &(struct cr_bench_spin){
      .blocks = 1, .threads = 32, .ns = GATE_NS, .is_silent = 1, .words = b->gate, .epoch = b->gate_epoch});
}

void cr_bench_release(struct cr_bench *b)
{
  cr_bench_write(b, b->gpu.control, b->gate + sizeof(uint32_t), b->gate_epoch);
  cr_bench_mark(b, b->gpu.control, CR_BENCH_GATE);
}

void cr_bench_wait_open(struct cr_bench *b)
{
  (void)cr_bench_wait(b, CR_BENCH_GATE);
}

/* --- waiting -------------------------------------------------------------------------------------------------------- */

static int is_late(struct cr_bench *b, cr_ns until_ns)
{
  if (cr_monotonic_ns() <= until_ns)
    return 0;
  b->gpu.hangs = 1;
  b->rc = cr_fail(b->err, CR_ERUN, "a microbenchmark has not ended on the GPU for %.3g s; it is given up",
                  (double)b->gpu.patience_ns / 1e9);
  return 1;
}

struct cr_standin_record cr_bench_wait(struct cr_bench *b, uint32_t slot)
{
  cr_ns until_ns = cr_ns_add(cr_monotonic_ns(), b->gpu.patience_ns);
  const struct cr_standin_record *r = NULL;
  while (b->rc == CR_OK && !(r = cr_cuda_gpu_ended(&b->gpu, slot)) && !is_late(b, until_ns)) {
  }
  return r ? *r : (struct cr_standin_record){0};
}

void cr_bench_clear_slots(struct cr_bench *b, uint32_t first, uint32_t n)
{
  for (uint32_t i = 0; b->rc == CR_OK && i < n; i++)
    cr_cuda_gpu_clear(&b->gpu, first + i);
  atomic_thread_fence(memory_order_seq_cst);
}

void cr_bench_fetch(struct cr_bench *b, uint32_t first, uint32_t n, struct cr_standin_record *out)
{
  if (b->rc == CR_OK)
    b->rc = cr_cuda_gpu_fetch(&b->gpu, first, n, out, b->err);
}

void cr_bench_drain(struct cr_bench *b, cr_cu_stream stream)
{
  cr_ns until_ns = cr_ns_add(cr_monotonic_ns(), b->gpu.patience_ns);
  int error = CR_CU_OK;
  while (b->rc == CR_OK && (error = b->gpu.driver.stream_query(stream)) == CR_CU_NOT_READY && !is_late(b, until_ns)) {
  }
  cr_bench_check(b, error == CR_CU_NOT_READY ? CR_CU_OK : error, "a microbenchmark");
}

void cr_bench_quiet(struct cr_bench *b)
{
  for (int i = 0; i < CR_BENCH_STREAMS; i++)
    cr_bench_drain(b, b->stream[i]);
  cr_bench_drain(b, b->high);
  cr_bench_drain(b, b->gpu.control);
}

void cr_bench_spin_host(double us)
{
  cr_ns until_ns = cr_monotonic_ns() + (cr_ns)(1e3 * us);
  while (cr_monotonic_ns() < until_ns) {
  }
}

double cr_bench_uniform(struct cr_bench *b, double low, double high)
{
  b->random = b->random * 6364136223846793005U + 1442695040888963407U;
  return low + (high - low) * (double)(b->random >> 11) / 9007199254740992.0;
}

/* --- the clock ------------------------------------------------------------------------------------------------------ */

/* Bounds of monotonic clock less global timer; whether the kernel was there before the word, as it must. */
static int ping(struct cr_bench *b, int64_t *least, int64_t *most)
{
  const uint32_t epoch = ++b->ping_epoch;
  _Atomic uint32_t *word = (_Atomic uint32_t *)&b->gpu.record[CR_BENCH_HOST_WORDS] + 1; /* which the kernel reads */
  const struct cr_bench_spin s = {.blocks = 1,
                                  .threads = 32,
                                  .ns = GATE_NS / 2,
                                  .slot = CR_BENCH_PING,
                                  .to_host = 1,
                                  .words = cr_cuda_gpu_record(&b->gpu, CR_BENCH_HOST_WORDS),
                                  .epoch = epoch};
  cr_bench_clear_slots(b, CR_BENCH_PING, 1);
  cr_bench_launch(b, b->high, &s);
  cr_bench_spin_host(b->ping_us);
  cr_ns before_ns = cr_monotonic_ns();
  atomic_store_explicit(word, epoch, memory_order_release);
  struct cr_standin_record r = cr_bench_wait(b, CR_BENCH_PING);
  cr_ns after_ns = cr_monotonic_ns();
  if (b->rc != CR_OK || r.n_worked) /* it had its time before the word came */
    return 0;
  if (after_ns - (int64_t)r.end_ns < *most)
    *most = after_ns - (int64_t)r.end_ns;
  if (r.begin_ns + 5000 > r.range_begin_ns) {
    b->ping_us *= 2;
    return 0;
  }
  if (before_ns - (int64_t)r.range_begin_ns > *least)
    *least = before_ns - (int64_t)r.range_begin_ns;
  return 1;
}

void cr_bench_fresh(struct cr_bench *b)
{
  if (b->map_ns && cr_monotonic_ns() - b->map_ns < FRESH_NS)
    return;
  int64_t least = INT64_MIN, most = INT64_MAX;
  for (int i = 0, n = 0; b->rc == CR_OK && n < PINGS && i < PING_TRIES; i++)
    n += ping(b, &least, &most);
  if (b->rc == CR_OK && (least == INT64_MIN || most == INT64_MAX))
    b->rc = cr_fail(b->err, CR_ERUN, "the GPU's clock cannot be read: its kernels see no word of the host's memory");
  if (b->rc != CR_OK)
    return;
  b->offset_ns = least + (most - least) / 2;
  b->map_error_ns = cr_max_ns(b->map_error_ns, (most - least) / 2);
  b->map_ns = cr_monotonic_ns();
}

/* Times of the global timer are beyond what a double tells apart. */
double cr_bench_between_us(uint64_t from_ns, uint64_t to_ns)
{
  return (double)(int64_t)(to_ns - from_ns) / 1e3;
}

double cr_bench_after_us(const struct cr_bench *b, uint64_t gpu_ns, cr_ns host_ns)
{
  return (double)((int64_t)gpu_ns + b->offset_ns - host_ns) / 1e3;
}
