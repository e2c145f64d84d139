/* gpu_bench.c - drives a device model op by op. */
#include "config.h"

#include "tests/gpu_bench.h"

#include "sim/rng.h"
#include "tests/load.h"
#include "tests/t.h"

struct cr_op_spec bench_kernel(uint32_t blocks, uint32_t threads, cr_ns duration_ns)
{
  struct cr_op_spec op = cr_op_unknown("k", CR_OP_KERNEL, duration_ns);
  op.gap_ns = 0;
  op.blocks = blocks;
  op.threads = threads;
  op.regs = 16;
  op.smem_bytes = 0;
  return op;
}

void bench_init(struct gpu_bench *b, const struct cr_device_model_ops *ops, uint32_t sms)
{
  static const int64_t carveout_bytes[] = {8192, 32768, 102400, 233472};
  *b = (struct gpu_bench){.ops = ops, .device = load_gpu("round", sms)};
  b->device.n_carveout = 4;
  memcpy(b->device.carveout_bytes, carveout_bytes, sizeof carveout_bytes);
  memset(b->model.has, 1, sizeof b->model.has);
  b->all[0] = bench_kernel(1, 32, 1);
  b->op = b->all + 1;
}

void bench_add(struct gpu_bench *b, uint32_t stream, cr_ns at_ns, struct cr_op_spec op)
{
  assert_true(b->n_op < BENCH_OPS && stream < BENCH_STREAMS);
  b->op[b->n_op] = op;
  b->stream[b->n_op] = stream;
  b->index[b->n_op] = 1; /* not the first of a model */
  b->at_ns[b->n_op++] = at_ns;
}

uint32_t bench_next(const struct gpu_bench *b, uint32_t stream, uint32_t from)
{
  while (from < b->n_op && b->stream[from] != stream)
    from++;
  return from;
}

int bench_make(const struct gpu_bench *b, void **self, struct cr_err *err)
{
  const struct cr_device_model_cfg cfg = {.device = &b->device,
                                          .model = &b->model,
                                          .op = b->op,
                                          .op_index = b->index,
                                          .n_op = b->n_op,
                                          .n_stream = BENCH_STREAMS};
  return b->ops->make(&cfg, self, err);
}

static void *make(const struct gpu_bench *b)
{
  void *self = NULL;
  struct cr_err err;
  assert_int_equal(bench_make(b, &self, &err), CR_OK);
  for (uint32_t s = 0; s < BENCH_STREAMS; s++) {
    b->ops->set_priority(self, s, b->priority[s]);
    if (b->group_sms[b->group[s]])
      b->ops->set_share(self, s, b->group[s], b->group_sms[b->group[s]]);
  }
  return self;
}

void bench_run(struct gpu_bench *b)
{
  void *self = make(b);
  struct cr_gpu_end end[BENCH_STREAMS];
  uint32_t next[BENCH_STREAMS], n_done = 0;
  cr_ns now_ns = 0;
  int busy[BENCH_STREAMS] = {0};
  uint64_t before = t_allocation_count();
  for (uint32_t s = 0; s < BENCH_STREAMS; s++)
    next[s] = bench_next(b, s, 0);
  while (n_done < b->n_op) {
    cr_ns wake_ns = b->ops->next_ns(self);
    for (uint32_t s = 0; s < BENCH_STREAMS; s++)
      if (!busy[s] && next[s] < b->n_op)
        wake_ns = cr_min_ns(wake_ns, cr_max_ns(now_ns, b->at_ns[next[s]]));
    assert_true(wake_ns != CR_NS_NEVER && wake_ns >= now_ns);
    now_ns = wake_ns;
    uint32_t n = b->ops->advance(self, now_ns, end, BENCH_STREAMS);
    for (uint32_t i = 0; i < n; i++) {
      uint32_t s = end[i].stream;
      b->span[end[i].op] = (struct bench_span){end[i].start_ns, now_ns};
      busy[s] = 0;
      next[s] = bench_next(b, s, end[i].op + 1);
      n_done++;
    }
    for (uint32_t s = 0; s < BENCH_STREAMS; s++)
      if (!busy[s] && next[s] < b->n_op && b->at_ns[next[s]] <= now_ns) {
        b->ops->start(self, s, next[s], now_ns, now_ns);
        busy[s] = 1;
      }
    b->ops->settle(self);
    assert_true(b->ops->next_ns(self) >= now_ns);
    if (b->check)
      b->check(self);
  }
  b->n_allocation = t_allocation_count() - before;
  b->ops->use(self, &b->use);
  b->ops->free(self);
}

uint64_t bench_draw(uint32_t entity, uint64_t n, uint64_t below)
{
  return cr_draw(7, CR_RNG_TEST, entity, n) % below;
}

struct cr_op_spec bench_random_kernel(uint32_t entity, uint64_t n)
{
  static const uint32_t threads[] = {32, 64, 96, 128, 256, 512, 1024}, regs[] = {16, 32, 40, 64, 96, 128, 255};
  struct cr_op_spec op =
    bench_kernel((uint32_t)bench_draw(entity, 8 * n, 600) + 1, threads[bench_draw(entity, 8 * n + 1, 7)],
                 (cr_ns)bench_draw(entity, 8 * n + 2, 60000) + 500);
  op.regs = regs[bench_draw(entity, 8 * n + 3, 7)];
  if (op.regs * op.threads > 65536)
    op.regs = 32;
  op.smem_bytes = bench_draw(entity, 8 * n + 4, 3) ? 0 : (int64_t)bench_draw(entity, 8 * n + 5, 60000);
  if (bench_draw(entity, 8 * n + 6, 2)) /* up to what the DRAM of bench_realistic() moves in its time */
    op.dram_bytes = (int64_t)bench_draw(entity, 8 * n + 7, 4800) * op.duration_ns;
  return op;
}

void bench_realistic(struct gpu_bench *b)
{
  static const double value[CR_N_GPU_CONSTANT] = {
    [CR_GPU_GAP] = 0.3,      [CR_GPU_REPLAY] = 4,      [CR_GPU_OVERHEAD] = 0.3, [CR_GPU_FLAT] = 1.5,
    [CR_GPU_FRONTEND] = 0.2, [CR_GPU_COLD] = 0.8,      [CR_GPU_COLD_REG] = 0.2, [CR_GPU_COLD_STREAMS] = 0.4,
    [CR_GPU_LOAD] = 0.9,     [CR_GPU_WARP_IPC] = 0.06, [CR_GPU_ILP] = 1.5,      [CR_GPU_YOUNGER] = 0.9,
    [CR_GPU_JOIN] = 0.05,    [CR_GPU_OWN] = 1,         [CR_GPU_SPREAD] = 0.2};
  memcpy(b->model.constant, value, sizeof value);
  b->device.dram_bytes_per_s = 4800000000000;
}

void bench_random_streams(struct gpu_bench *b, const struct cr_device_model_ops *ops, uint32_t round, uint32_t n_stream,
                          uint32_t n)
{
  bench_init(b, ops, 132);
  bench_realistic(b);
  for (uint32_t i = 0; i < n; i++)
    bench_add(b, (uint32_t)bench_draw(500 + round, 2 * i, n_stream), (cr_ns)bench_draw(500 + round, 2 * i + 1, 2000000),
              bench_random_kernel(500 + round, 1000 + i));
  b->priority[0] = -1;
}
