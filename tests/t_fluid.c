/* t_fluid.c - the fluid device model against hand-worked cases, a queue anyone can program, the mean of an M/G/1-PS queue,
 * and the wave model. */
#include "config.h"

#include "tests/t.h"

#include <math.h>

#include "sim/fluid_int.h"
#include "sim/rng.h"

enum { MAX_OP = 400, MAX_STREAM = 16 };

/* A round device: SMs of 64 warps; constants all 0 but what a case sets. */
static struct cr_device_desc device(uint32_t sms)
{
  return (struct cr_device_desc){.name = "round",
                                 .sms = sms,
                                 .warp_threads = 32,
                                 .sm_threads = 2048,
                                 .sm_warps = 64,
                                 .sm_blocks = 32,
                                 .sm_regs = 65536,
                                 .warp_regs_unit = 256,
                                 .block_threads_max = 1024,
                                 .thread_regs_max = 255,
                                 .sm_smem_bytes = 233472,
                                 .block_smem_max_bytes = 232448,
                                 .block_smem_reserved_bytes = 1024,
                                 .smem_unit_bytes = 128,
                                 .n_carveout = 4,
                                 .carveout_bytes = {8192, 32768, 102400, 233472}};
}

static struct cr_op_spec kernel(uint32_t blocks, uint32_t threads, cr_ns duration_ns)
{
  return (struct cr_op_spec){.name = "k",
                             .kind = CR_OP_KERNEL,
                             .duration_ns = duration_ns,
                             .spread_ns = CR_NS_NEVER,
                             .gap_ns = 0,
                             .launch_ns = CR_NS_NEVER,
                             .blocks = blocks,
                             .threads = threads,
                             .regs = 16,
                             .carveout_bytes = CR_UNKNOWN,
                             .bytes = CR_UNKNOWN,
                             .dram_bytes = CR_UNKNOWN,
                             .l2_bytes = CR_UNKNOWN,
                             .instructions = CR_UNKNOWN,
                             .tensor_instructions = CR_UNKNOWN,
                             .active_warps_q16 = CR_UNKNOWN};
}

struct span {
  cr_ns start_ns, end_ns;
};

struct bench {
  const struct cr_device_model_ops *ops;
  struct cr_device_desc device;
  struct cr_gpu_model model;
  struct cr_op_spec op[MAX_OP + 1];       /* the first only stands before the others */
  uint32_t index[MAX_OP], stream[MAX_OP]; /* ops of a stream run in order of number */
  cr_ns at_ns[MAX_OP];                    /* not before */
  int32_t priority[MAX_STREAM];
  uint32_t share[MAX_STREAM]; /* SMs; 0: all */
  uint32_t n_op;
  struct span span[MAX_OP];
  void (*check)(const void *self); /* after every step */
  uint64_t n_allocation;           /* while it ran */
  struct cr_use use;
};

static void bench_init(struct bench *b, uint32_t sms)
{
  *b = (struct bench){.ops = &cr_device_kernel, .device = device(sms)};
  memset(b->model.has, 1, sizeof b->model.has);
  b->op[0] = kernel(1, 32, 1);
}

static void add(struct bench *b, uint32_t stream, cr_ns at_ns, struct cr_op_spec op)
{
  assert_true(b->n_op < MAX_OP && stream < MAX_STREAM);
  b->op[b->n_op + 1] = op;
  b->stream[b->n_op] = stream;
  b->index[b->n_op] = 1; /* not the first of a model */
  b->at_ns[b->n_op++] = at_ns;
}

static uint32_t next_of(const struct bench *b, uint32_t stream, uint32_t from)
{
  while (from < b->n_op && b->stream[from] != stream)
    from++;
  return from;
}

static void *make(const struct bench *b)
{
  void *self;
  struct cr_err err;
  const struct cr_device_model_cfg cfg = {.device = &b->device,
                                          .model = &b->model,
                                          .op = b->op + 1,
                                          .op_index = b->index,
                                          .n_op = b->n_op,
                                          .n_stream = MAX_STREAM};
  assert_int_equal(b->ops->make(&cfg, &self, &err), CR_OK);
  for (uint32_t s = 0; s < MAX_STREAM; s++) {
    b->ops->set_priority(self, s, b->priority[s]);
    if (b->share[s])
      b->ops->set_share(self, s, s, b->share[s]);
  }
  return self;
}

/* Runs all ops; starts those whose time has come and whose stream is free. */
static void run(struct bench *b)
{
  void *self = make(b);
  struct cr_gpu_end end[MAX_STREAM];
  uint32_t next[MAX_STREAM], n_done = 0;
  cr_ns now_ns = 0;
  int busy[MAX_STREAM] = {0};
  uint64_t before = t_allocation_count();
  for (uint32_t s = 0; s < MAX_STREAM; s++)
    next[s] = next_of(b, s, 0);
  while (n_done < b->n_op) {
    cr_ns wake_ns = b->ops->next_ns(self);
    for (uint32_t s = 0; s < MAX_STREAM; s++)
      if (!busy[s] && next[s] < b->n_op)
        wake_ns = cr_min_ns(wake_ns, cr_max_ns(now_ns, b->at_ns[next[s]]));
    assert_true(wake_ns != CR_NS_NEVER && wake_ns >= now_ns);
    now_ns = wake_ns;
    uint32_t n = b->ops->advance(self, now_ns, end, MAX_STREAM);
    for (uint32_t i = 0; i < n; i++) {
      uint32_t s = end[i].stream;
      b->span[end[i].op] = (struct span){end[i].start_ns, now_ns};
      busy[s] = 0;
      next[s] = next_of(b, s, end[i].op + 1);
      n_done++;
    }
    for (uint32_t s = 0; s < MAX_STREAM; s++)
      if (!busy[s] && next[s] < b->n_op && b->at_ns[next[s]] <= now_ns) {
        b->ops->start(self, s, next[s], now_ns, now_ns);
        busy[s] = 1;
      }
    b->ops->settle(self);
    if (b->check)
      b->check(self);
  }
  b->n_allocation = t_allocation_count() - before;
  b->ops->use(self, &b->use);
  b->ops->free(self);
}

static uint64_t draw(uint32_t entity, uint64_t n, uint64_t below)
{
  return cr_draw(7, CR_RNG_TEST, entity, n) % below;
}

/* Constants near a real device's: everything interacts. */
static void realistic(struct bench *b)
{
  static const double value[CR_N_GPU_CONSTANT] = {
    [CR_GPU_GAP] = 0.3,      [CR_GPU_REPLAY] = 4,      [CR_GPU_OVERHEAD] = 0.3, [CR_GPU_FLAT] = 1.5,
    [CR_GPU_FRONTEND] = 0.2, [CR_GPU_COLD] = 0.8,      [CR_GPU_COLD_REG] = 0.2, [CR_GPU_COLD_STREAMS] = 0.4,
    [CR_GPU_LOAD] = 0.9,     [CR_GPU_WARP_IPC] = 0.06, [CR_GPU_ILP] = 1.5,      [CR_GPU_YOUNGER] = 0.9,
    [CR_GPU_JOIN] = 0.05};
  memcpy(b->model.constant, value, sizeof value);
}

static struct cr_op_spec random_kernel(uint32_t entity, uint64_t n)
{
  static const uint32_t threads[] = {32, 64, 96, 128, 256, 512, 1024}, regs[] = {16, 32, 40, 64, 96, 128, 255};
  struct cr_op_spec op = kernel((uint32_t)draw(entity, 8 * n, 600) + 1, threads[draw(entity, 8 * n + 1, 7)],
                                (cr_ns)draw(entity, 8 * n + 2, 60000) + 500);
  op.regs = regs[draw(entity, 8 * n + 3, 7)];
  if (op.regs * op.threads > 65536)
    op.regs = 32;
  op.smem_bytes = draw(entity, 8 * n + 4, 3) ? 0 : (int64_t)draw(entity, 8 * n + 5, 60000);
  return op;
}

static void random_streams(struct bench *b, uint32_t round, uint32_t n_stream, uint32_t n)
{
  bench_init(b, 132);
  realistic(b);
  for (uint32_t i = 0; i < n; i++)
    add(b, (uint32_t)draw(500 + round, 2 * i, n_stream), (cr_ns)draw(500 + round, 2 * i + 1, 2000000),
        random_kernel(500 + round, 1000 + i));
  b->priority[0] = -1;
}

/* --------------------------------------------------------------------------------------------------------- hand-worked */

static void a_kernel_alone_takes_its_recorded_time(void **state)
{
  (void)state;
  static struct bench b;
  for (uint64_t n = 0; n < 2000; n++) {
    bench_init(&b, 132);
    realistic(&b);
    add(&b, 0, 0, random_kernel(1, n));
    run(&b);
    assert_near((double)b.span[0].end_ns, (double)b.op[1].duration_ns, 1); /* full waves and last one, each rounded */
  }
}

static void gaps_and_durations_of_a_lone_stream_add_up(void **state)
{
  (void)state;
  static struct bench b;
  bench_init(&b, 132);
  realistic(&b);
  cr_ns sum_ns = 0;
  for (uint32_t n = 0; n < 200; n++) {
    struct cr_op_spec op = random_kernel(2, n);
    op.gap_ns = (cr_ns)draw(3, n, 4000); /* some longer than what blocks are placed ahead of, some not */
    add(&b, 0, 0, op);
    sum_ns += op.gap_ns + op.duration_ns;
  }
  run(&b);
  assert_near((double)b.span[199].end_ns, (double)sum_ns, 200);
}

static void waves_follow_each_other(void **state)
{
  (void)state;
  static struct bench b;
  bench_init(&b, 10);
  add(&b, 0, 0, kernel(30, 1024, 30000)); /* two blocks an SM: 20, then 10 */
  add(&b, 1, 0, kernel(10, 1024, 1000));  /* fits beside the second wave */
  run(&b);
  assert_int_equal(b.span[0].end_ns, 30000);
  assert_int_equal(b.span[1].start_ns, 15000);
  assert_int_equal(b.span[1].end_ns, 16000);
}

static void a_squeezed_kernel_ends_a_block_after_its_last_blocks_were_placed(void **state)
{
  (void)state;
  static struct bench b;
  for (int late = 0; late < 2; late++) {
    bench_init(&b, 10);
    add(&b, 0, 0, kernel(5, 1024, late ? 50000 : 3000));
    struct cr_op_spec large = kernel(8, 1024, 10000); /* a block an SM, on the five that are free */
    large.regs = 64;
    add(&b, 1, 0, large);
    run(&b);
    assert_int_equal(b.span[1].start_ns, 0);
    /* the others are placed when the first kernel ends; or one by one where blocks end, 8 blocks on 5 SMs */
    assert_int_equal(b.span[1].end_ns, late ? 16000 : 13000);
  }
}

static void a_head_that_does_not_fit_stops_those_behind_it(void **state)
{
  (void)state;
  static struct bench b;
  for (int on = 0; on < 2; on++) {
    bench_init(&b, 1);
    b.model.has[CR_GPU_HAS_HEADBLOCK] = (unsigned char)on;
    add(&b, 0, 0, kernel(1, 1024, 10000)); /* half of the SM */
    struct cr_op_spec large = kernel(1, 1024, 1000);
    large.regs = 64; /* all registers */
    add(&b, 1, 10, large);
    add(&b, 2, 20, kernel(1, 32, 500)); /* would fit */
    run(&b);
    assert_int_equal(b.span[1].start_ns, 10000);
    assert_int_equal(b.span[2].start_ns, on ? 11000 : 20);
  }
}

static void priority_reorders_pending_blocks_only(void **state)
{
  (void)state;
  static struct bench b;
  for (int on = 0; on < 2; on++) {
    bench_init(&b, 1);
    b.model.has[CR_GPU_HAS_PRIORITY] = (unsigned char)on;
    b.priority[2] = -3;
    add(&b, 0, 0, kernel(4, 1024, 20000)); /* two waves of 10 us */
    add(&b, 1, 10, kernel(2, 1024, 5000));
    add(&b, 2, 20, kernel(2, 1024, 3000)); /* urgent: starts when resident blocks end, before the second wave */
    run(&b);
    assert_int_equal(b.span[2].start_ns, on ? 10000 : 25000);
    assert_int_equal(b.span[0].end_ns, on ? 23000 : 20000);
  }
}

static void kernels_take_idle_sms_before_they_share(void **state)
{
  (void)state;
  static struct bench b;
  for (uint32_t blocks = 5; blocks <= 10; blocks += 5) {
    bench_init(&b, 10);
    b.model.constant[CR_GPU_LOAD] = 1e9; /* saturated: time goes by the ratio of loads */
    b.model.constant[CR_GPU_WARP_IPC] = 0.125;
    b.model.constant[CR_GPU_YOUNGER] = 1;
    add(&b, 0, 0, kernel(blocks, 256, 10000));
    add(&b, 1, 0, kernel(blocks, 256, 10000));
    run(&b);
    assert_near((double)b.span[0].end_ns, blocks == 5 ? 10000 : 20000, 1); /* five SMs each, or ten for both */
    assert_near((double)b.span[1].end_ns, blocks == 5 ? 10000 : 20000, 1);
  }
}

static void a_kernel_pays_for_a_cold_start_once(void **state)
{
  (void)state;
  static struct bench b;
  bench_init(&b, 10);
  b.model.constant[CR_GPU_COLD] = 0.7;
  add(&b, 0, 0, kernel(1, 32, 1000));    /* 0 .. 1000: nobody started before */
  add(&b, 0, 0, kernel(1, 32, 1000));    /* 1000 .. 2000 */
  add(&b, 1, 1500, kernel(1, 32, 5000)); /* cold: two have started */
  add(&b, 0, 0, kernel(1, 32, 1000));    /* 2000 .. 3700: the other stream started in between */
  add(&b, 0, 0, kernel(1, 32, 1000));    /* 3700 .. 4700: warm again */
  run(&b);
  assert_int_equal(b.span[1].end_ns, 2000);
  assert_int_equal(b.span[2].end_ns, 1500 + 5700);
  assert_int_equal(b.span[3].end_ns, 3700);
  assert_int_equal(b.span[4].end_ns, 4700);
}

static void older_blocks_are_slowed_less(void **state)
{
  (void)state;
  static struct bench b;
  bench_init(&b, 1);
  b.model.constant[CR_GPU_LOAD] = 1e9;
  b.model.constant[CR_GPU_WARP_IPC] = 0.125;
  b.model.constant[CR_GPU_YOUNGER] = 0.5;
  add(&b, 0, 0, kernel(1, 256, 10000));
  add(&b, 1, 0, kernel(1, 256, 10000));
  run(&b);
  assert_near((double)b.span[0].end_ns, 15000, 2); /* sees 1 + 0.5 */
  assert_near((double)b.span[1].end_ns, 17500, 2); /* sees 2 until then, and did 7500 of its work */
}

static void other_sms_than_recorded_take_other_numbers_of_waves(void **state)
{
  (void)state;
  static struct bench b;
  static const struct {
    uint32_t sms;
    cr_ns end_ns;
  } want[] = {{1, 10000}, {5, 2000}, {6, 2000}, {10, 1000}, {19, 1000}, {20, 500}, {40, 500}};
  for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
    bench_init(&b, want[i].sms);
    b.device.recorded_sms = 10;
    add(&b, 0, 0, kernel(40, 1024, 1000)); /* of 500 ns each, two an SM */
    run(&b);
    assert_int_equal(b.span[0].end_ns, want[i].end_ns);
  }
}

static void a_share_of_half_the_sms_takes_twice_as_long_and_leaves_the_others(void **state)
{
  (void)state;
  static struct bench b;
  bench_init(&b, 10);
  b.share[0] = 5;
  add(&b, 0, 0, kernel(20, 1024, 10000)); /* a wave of the device: two of half of it */
  add(&b, 1, 10, kernel(10, 1024, 1000)); /* finds the other five SMs free */
  run(&b);
  assert_int_equal(b.span[0].end_ns, 20000);
  assert_int_equal(b.span[1].start_ns, 10);
  assert_int_equal(b.span[1].end_ns, 1010);
}

static void a_memset_waits_behind_a_stuck_kernel(void **state)
{
  (void)state;
  static struct bench b;
  for (int on = 0; on < 2; on++) {
    bench_init(&b, 1);
    b.model.has[CR_GPU_HAS_MEMSET] = (unsigned char)on;
    struct cr_op_spec set = kernel(0, 0, 700);
    set.kind = CR_OP_MEMSET;
    add(&b, 0, 0, kernel(2, 1024, 10000));
    add(&b, 1, 10, kernel(1, 1024, 1000));
    add(&b, 2, 20, set);
    run(&b);
    assert_int_equal(b.span[2].start_ns, on ? 10000 : 20);
    assert_int_equal(b.span[2].end_ns, on ? 10700 : 720);
  }
}

/* ------------------------------------------------------------------------------------------------------------- oracles */

/* Kernels that each take the whole device for one wave are served one after the other, in order of arrival. */
static void whole_device_kernels_queue_in_order_of_arrival(void **state)
{
  (void)state;
  static struct bench b;
  for (uint32_t round = 0; round < 50; round++) {
    bench_init(&b, 10);
    cr_ns at_ns = 0;
    for (uint32_t n = 0; n < MAX_STREAM; n++) {
      at_ns += (cr_ns)draw(20 + round, 2 * n, 9000) + 1;
      add(&b, n, at_ns, kernel(20, 1024, (cr_ns)draw(20 + round, 2 * n + 1, 9000) + 100));
    }
    run(&b);
    cr_ns free_ns = 0;
    for (uint32_t n = 0; n < MAX_STREAM; n++) {
      cr_ns start_ns = cr_max_ns(free_ns, b.at_ns[n]);
      free_ns = start_ns + b.op[n + 1].duration_ns;
      assert_int_equal(b.span[n].start_ns, start_ns);
      assert_int_equal(b.span[n].end_ns, free_ns);
    }
  }
}

/* As in t_gpu.c: one saturated SM that shares evenly is an M/G/1 queue under processor sharing, mean S / (1 - rho)
 * (Kleinrock 1976, vol. 2, section 4.4). */
static void a_saturated_sm_is_an_m_g_1_ps_queue(void **state)
{
  (void)state;
  enum { ROUNDS = 60, N = MAX_OP };
  static struct bench b;
  double sum = 0, n = 0, work = 0, span = 0;
  for (uint32_t round = 0; round < ROUNDS; round++) {
    bench_init(&b, 1);
    b.model.constant[CR_GPU_LOAD] = 1e9;
    b.model.constant[CR_GPU_WARP_IPC] = 0.125;
    b.model.constant[CR_GPU_YOUNGER] = 1;
    double at_ns = 0;
    for (uint32_t i = 0; i < N; i++) {
      at_ns += cr_draw_exponential(3, CR_RNG_TEST, round, i, 20000);
      cr_ns service_ns = draw(1000 + round, i, 5) ? 5000 : 30000; /* mean 10 us: rho = 0.5 */
      add(&b, i % MAX_STREAM, (cr_ns)at_ns, kernel(1, 32, service_ns));
      work += (double)service_ns;
    }
    span += at_ns;
    run(&b);
    for (uint32_t i = N / 8; i < N; i++, n++)
      sum += (double)(b.span[i].end_ns - b.at_ns[i]);
  }
  double service_ns = work / (ROUNDS * N), rho = work / span;
  assert_near(sum / n, service_ns / (1 - rho), 0.06 * service_ns / (1 - rho));
}

/* The wave model's SMs are not followed here; on random kernels the two differ by little on average. */
static void random_kernels_take_about_as_long_as_in_waves(void **state)
{
  (void)state;
  static struct bench fluid, wave;
  double sum = 0, sum_wave = 0;
  for (uint32_t round = 0; round < 20; round++) {
    random_streams(&fluid, 300 + round, 6, 300);
    random_streams(&wave, 300 + round, 6, 300);
    wave.ops = &cr_device_wave;
    run(&fluid);
    run(&wave);
    for (uint32_t i = 0; i < fluid.n_op; i++) {
      sum += (double)(fluid.span[i].end_ns - fluid.span[i].start_ns);
      sum_wave += (double)(wave.span[i].end_ns - wave.span[i].start_ns);
    }
  }
  assert_near(sum / sum_wave, 1, 0.1);
}

/* ---------------------------------------------------------------------------------------------------------- properties */

static void within_the_device(const void *self)
{
  const struct cr_fluid *f = self;
  struct fluid_amount used = {{0, 0}};
  double load = 0;
  uint32_t span = 0;
  for (uint32_t i = 0; i < f->n_stream; i++) {
    const struct fluid_kernel *k = &f->kernel[i];
    if (k->on == 0)
      continue;
    const struct fluid_shape *s = &f->shape[k->op];
    assert_true(k->state >= FLUID_LEAD && k->state <= FLUID_LAST);
    assert_true(k->on <= s->fit && k->span >= 1 && k->span <= f->n_sm && k->on <= k->span * s->sm_fit);
    assert_true(k->flat_ns >= 0 && k->work >= 0 && k->rate > 0);
    assert_true(f->at_ns[i] > f->now_ns || f->at_ns[i] == f->now_ns);
    used = fluid_plus(used, fluid_times(s->need, k->on));
    load += k->on * s->load;
    span += k->span;
  }
  for (int r = 0; r < N_FLUID_POOL; r++) {
    uint32_t n = fluid_amount(used, (enum fluid_pool)r);
    assert_true(n <= f->n_sm * f->limit[r]);
    assert_int_equal(n, fluid_amount(fluid_plus(f->on[0].used, f->on[1].used), (enum fluid_pool)r));
  }
  assert_int_equal(span, f->on[0].span + f->on[1].span);
  assert_true(load == f->on[0].load + f->on[1].load); /* exact */
}

static void it_is_never_above_the_device(void **state)
{
  (void)state;
  static struct bench b;
  for (uint32_t round = 0; round < 60; round++) {
    random_streams(&b, round, 2 + round % 9, 300);
    b.check = within_the_device;
    b.priority[3] = -2;
    b.model.has[CR_GPU_HAS_HEADBLOCK] = round % 3 != 0;
    b.share[5] = round % 2 ? 40 : 0;
    run(&b);
  }
}

static void every_op_ends_after_it_started_and_in_stream_order(void **state)
{
  (void)state;
  static struct bench b;
  for (uint32_t round = 0; round < 40; round++) {
    random_streams(&b, 100 + round, 8, 300);
    run(&b);
    cr_ns last_ns[MAX_STREAM] = {0};
    for (uint32_t i = 0; i < b.n_op; i++) {
      assert_true(b.span[i].start_ns >= b.at_ns[i]);
      assert_true(b.span[i].end_ns > b.span[i].start_ns);
      assert_true(b.span[i].start_ns >= last_ns[b.stream[i]]);
      last_ns[b.stream[i]] = b.span[i].end_ns;
    }
  }
}

/* Without contention and cold starts nothing is lost and nothing won: blocks times block time is what SMs were held for. */
static void work_is_conserved(void **state)
{
  (void)state;
  static struct bench b;
  for (uint32_t round = 0; round < 20; round++) {
    bench_init(&b, 16);
    double work = 0;
    for (uint32_t i = 0; i < 200; i++) {
      uint32_t waves = (uint32_t)draw(700 + round, 3 * i, 3) + 1;
      cr_ns block_ns = 1000 + (cr_ns)draw(700 + round, 3 * i + 1, 9000);
      add(&b, i % 5, (cr_ns)draw(700 + round, 3 * i + 2, 900000), kernel(16 * waves, 1024, block_ns * waves));
      b.op[b.n_op].regs = 64; /* one block an SM */
      work += (double)(block_ns * waves) * 16;
    }
    run(&b);
    assert_int_equal(b.use.n_kernel, 200);
    assert_near(b.use.sm_ns / work, 1, 1e-3);
  }
}

static void the_same_load_twice_is_the_same_to_the_nanosecond(void **state)
{
  (void)state;
  static struct bench b, again;
  random_streams(&b, 7, 8, 300);
  random_streams(&again, 7, 8, 300);
  run(&b);
  run(&again);
  assert_memory_equal(b.span, again.span, sizeof b.span);
}

static void nothing_is_allocated_after_set_up(void **state)
{
  (void)state;
  static struct bench b;
  random_streams(&b, 8, 8, 300);
  run(&b);
  assert_int_equal(b.n_allocation, 0);
}

static void a_kernel_that_can_never_fit_is_refused_by_name(void **state)
{
  (void)state;
  static struct bench b;
  void *self;
  struct cr_err err;
  bench_init(&b, 10);
  add(&b, 0, 0, kernel(1, 1024, 1000));
  b.op[1].regs = 255;
  b.op[1].name = "too_many_registers";
  const struct cr_device_model_cfg cfg = {
    .device = &b.device, .model = &b.model, .op = b.op + 1, .op_index = b.index, .n_op = 1, .n_stream = 1};
  assert_int_equal(cr_device_kernel.make(&cfg, &self, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "too_many_registers"));
}

static void memory_that_runs_out_is_reported(void **state)
{
  (void)state;
  static struct bench b;
  void *self;
  struct cr_err err;
  bench_init(&b, 10);
  add(&b, 0, 0, kernel(1, 32, 1000));
  const struct cr_device_model_cfg cfg = {
    .device = &b.device, .model = &b.model, .op = b.op + 1, .op_index = b.index, .n_op = 1, .n_stream = 1};
  for (uint64_t n = 0;; n++) {
    t_fail_allocation_after(n);
    int rc = cr_device_kernel.make(&cfg, &self, &err);
    t_allocations_succeed();
    if (rc == CR_OK)
      break;
    assert_int_equal(rc, CR_ENOMEM);
  }
  cr_device_kernel.free(self);
  cr_device_kernel.free(NULL);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_kernel_alone_takes_its_recorded_time),
    cmocka_unit_test(gaps_and_durations_of_a_lone_stream_add_up),
    cmocka_unit_test(waves_follow_each_other),
    cmocka_unit_test(a_squeezed_kernel_ends_a_block_after_its_last_blocks_were_placed),
    cmocka_unit_test(a_head_that_does_not_fit_stops_those_behind_it),
    cmocka_unit_test(priority_reorders_pending_blocks_only),
    cmocka_unit_test(kernels_take_idle_sms_before_they_share),
    cmocka_unit_test(a_kernel_pays_for_a_cold_start_once),
    cmocka_unit_test(older_blocks_are_slowed_less),
    cmocka_unit_test(other_sms_than_recorded_take_other_numbers_of_waves),
    cmocka_unit_test(a_share_of_half_the_sms_takes_twice_as_long_and_leaves_the_others),
    cmocka_unit_test(a_memset_waits_behind_a_stuck_kernel),
    cmocka_unit_test(whole_device_kernels_queue_in_order_of_arrival),
    cmocka_unit_test(a_saturated_sm_is_an_m_g_1_ps_queue),
    cmocka_unit_test(random_kernels_take_about_as_long_as_in_waves),
    cmocka_unit_test(it_is_never_above_the_device),
    cmocka_unit_test(every_op_ends_after_it_started_and_in_stream_order),
    cmocka_unit_test(work_is_conserved),
    cmocka_unit_test(the_same_load_twice_is_the_same_to_the_nanosecond),
    cmocka_unit_test(nothing_is_allocated_after_set_up),
    cmocka_unit_test(a_kernel_that_can_never_fit_is_refused_by_name),
    cmocka_unit_test(memory_that_runs_out_is_reported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
