/* t_fluid.c - the kernel model against hand-worked cases, a queue anyone can program, and the wave model. */
#include "config.h"

#include "tests/t.h"

#include <math.h>

#include "sim/fluid_int.h"
#include "tests/gpu_bench.h"

/* --- hand-worked --- */

static void a_kernel_alone_takes_its_recorded_time(void **state)
{
  (void)state;
  static struct gpu_bench b;
  for (uint64_t n = 0; n < 2000; n++) {
    bench_init(&b, &cr_device_kernel, 132);
    bench_realistic(&b);
    bench_add(&b, 0, 0, bench_random_kernel(1, n));
    bench_run(&b);
    assert_near((double)b.span[0].end_ns, (double)b.op[0].duration_ns, 1); /* full waves and last one, each rounded */
  }
}

static void gaps_and_durations_of_a_lone_stream_add_up(void **state)
{
  (void)state;
  static struct gpu_bench b;
  bench_init(&b, &cr_device_kernel, 132);
  bench_realistic(&b);
  cr_ns sum_ns = 0;
  for (uint32_t n = 0; n < 200; n++) {
    struct cr_op_spec op = bench_random_kernel(2, n);
    op.gap_ns = (cr_ns)bench_draw(3, n, 4000); /* some longer than what blocks are placed ahead of, some not */
    bench_add(&b, 0, 0, op);
    sum_ns += op.gap_ns + op.duration_ns;
  }
  bench_run(&b);
  assert_near((double)b.span[199].end_ns, (double)sum_ns, 200);
}

static void a_squeezed_kernel_ends_a_block_after_its_last_blocks_were_placed(void **state)
{
  (void)state;
  static struct gpu_bench b;
  for (int late = 0; late < 2; late++) {
    bench_init(&b, &cr_device_kernel, 10);
    bench_add(&b, 0, 0, bench_kernel(5, 1024, late ? 50000 : 3000));
    struct cr_op_spec large = bench_kernel(8, 1024, 10000); /* a block an SM, on the five that are free */
    large.regs = 64;
    bench_add(&b, 1, 0, large);
    bench_run(&b);
    assert_int_equal(b.span[1].start_ns, 0);
    /* the others are placed when the first kernel ends; or one by one where blocks end, 8 blocks on 5 SMs */
    assert_int_equal(b.span[1].end_ns, late ? 16000 : 13000);
  }
}

static void a_head_that_does_not_fit_stops_those_behind_it(void **state)
{
  (void)state;
  static struct gpu_bench b;
  for (int on = 0; on < 2; on++) {
    bench_init(&b, &cr_device_kernel, 1);
    b.model.has[CR_GPU_HAS_HEADBLOCK] = (unsigned char)on;
    bench_add(&b, 0, 0, bench_kernel(1, 1024, 10000)); /* half of the SM */
    struct cr_op_spec large = bench_kernel(1, 1024, 1000);
    large.regs = 64; /* all registers */
    bench_add(&b, 1, 10, large);
    bench_add(&b, 2, 20, bench_kernel(1, 32, 500)); /* would fit */
    bench_run(&b);
    assert_int_equal(b.span[1].start_ns, 10000);
    assert_int_equal(b.span[2].start_ns, on ? 11000 : 20);
  }
}

static void kernels_take_idle_sms_before_they_share(void **state)
{
  (void)state;
  static struct gpu_bench b;
  for (uint32_t blocks = 5; blocks <= 10; blocks += 5) {
    bench_init(&b, &cr_device_kernel, 10);
    b.model.constant[CR_GPU_LOAD] = 1e9; /* saturated: time goes by the ratio of loads */
    b.model.constant[CR_GPU_WARP_IPC] = 0.125;
    b.model.constant[CR_GPU_YOUNGER] = 1;
    bench_add(&b, 0, 0, bench_kernel(blocks, 256, 10000));
    bench_add(&b, 1, 0, bench_kernel(blocks, 256, 10000));
    bench_run(&b);
    assert_near((double)b.span[0].end_ns, blocks == 5 ? 10000 : 20000, 1); /* five SMs each, or ten for both */
    assert_near((double)b.span[1].end_ns, blocks == 5 ? 10000 : 20000, 1);
  }
}

static void other_sms_than_recorded_take_other_numbers_of_waves(void **state)
{
  (void)state;
  static struct gpu_bench b;
  static const struct {
    uint32_t sms;
    cr_ns end_ns;
  } want[] = {{1, 10000}, {5, 2000}, {6, 2000}, {10, 1000}, {19, 1000}, {20, 500}, {40, 500}};
  for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
    bench_init(&b, &cr_device_kernel, want[i].sms);
    b.device.recorded_sms = 10;
    bench_add(&b, 0, 0, bench_kernel(40, 1024, 1000)); /* of 500 ns each, two an SM */
    bench_run(&b);
    assert_int_equal(b.span[0].end_ns, want[i].end_ns);
  }
}

static void a_share_of_half_the_sms_takes_twice_as_long_and_leaves_the_others(void **state)
{
  (void)state;
  static struct gpu_bench b;
  bench_init(&b, &cr_device_kernel, 10);
  b.group[0] = 1;
  b.group_sms[1] = 5;
  bench_add(&b, 0, 0, bench_kernel(20, 1024, 10000)); /* a wave of the device: two of half of it */
  bench_add(&b, 1, 10, bench_kernel(10, 1024, 1000)); /* finds the other five SMs free */
  bench_run(&b);
  assert_int_equal(b.span[0].end_ns, 20000);
  assert_int_equal(b.span[1].start_ns, 10);
  assert_int_equal(b.span[1].end_ns, 1010);
}

static void a_memset_waits_behind_a_stuck_kernel(void **state)
{
  (void)state;
  static struct gpu_bench b;
  for (int on = 0; on < 2; on++) {
    bench_init(&b, &cr_device_kernel, 1);
    b.model.has[CR_GPU_HAS_MEMSET] = (unsigned char)on;
    struct cr_op_spec set = bench_kernel(0, 0, 700);
    set.kind = CR_OP_MEMSET;
    bench_add(&b, 0, 0, bench_kernel(2, 1024, 10000));
    bench_add(&b, 1, 10, bench_kernel(1, 1024, 1000));
    bench_add(&b, 2, 20, set);
    bench_run(&b);
    assert_int_equal(b.span[2].start_ns, on ? 10000 : 20);
    assert_int_equal(b.span[2].end_ns, on ? 10700 : 720);
  }
}

/* --- oracles --- */

/* Kernels that each take the whole device for one wave are served one after the other, in order of arrival. */
static void whole_device_kernels_queue_in_order_of_arrival(void **state)
{
  (void)state;
  static struct gpu_bench b;
  for (uint32_t round = 0; round < 50; round++) {
    bench_init(&b, &cr_device_kernel, 10);
    cr_ns at_ns = 0;
    for (uint32_t n = 0; n < BENCH_STREAMS; n++) {
      at_ns += (cr_ns)bench_draw(20 + round, 2 * n, 9000) + 1;
      bench_add(&b, n, at_ns, bench_kernel(20, 1024, (cr_ns)bench_draw(20 + round, 2 * n + 1, 9000) + 100));
    }
    bench_run(&b);
    cr_ns free_ns = 0;
    for (uint32_t n = 0; n < BENCH_STREAMS; n++) {
      cr_ns start_ns = cr_max_ns(free_ns, b.at_ns[n]);
      free_ns = start_ns + b.op[n].duration_ns;
      assert_int_equal(b.span[n].start_ns, start_ns);
      assert_int_equal(b.span[n].end_ns, free_ns);
    }
  }
}

/* The wave model's SMs are not followed here; on random kernels the two differ by little on average. */
static void random_kernels_take_about_as_long_as_in_waves(void **state)
{
  (void)state;
  static struct gpu_bench fluid, wave;
  double sum = 0, sum_wave = 0;
  for (uint32_t round = 0; round < 20; round++) {
    bench_random_streams(&fluid, &cr_device_kernel, 300 + round, 6, 300);
    bench_random_streams(&wave, &cr_device_kernel, 300 + round, 6, 300);
    wave.ops = &cr_device_wave;
    bench_run(&fluid);
    bench_run(&wave);
    for (uint32_t i = 0; i < fluid.n_op; i++) {
      sum += (double)(fluid.span[i].end_ns - fluid.span[i].start_ns);
      sum_wave += (double)(wave.span[i].end_ns - wave.span[i].start_ns);
    }
  }
  assert_near(sum / sum_wave, 1, 0.1);
}

/* --- any load --- */

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
  static struct gpu_bench b;
  for (uint32_t round = 0; round < 60; round++) {
    bench_random_streams(&b, &cr_device_kernel, round, 2 + round % 9, 300);
    b.check = within_the_device;
    b.priority[3] = -2;
    b.model.has[CR_GPU_HAS_HEADBLOCK] = round % 3 != 0;
    b.group[5] = 1;
    b.group_sms[1] = round % 2 ? 40 : 0;
    bench_run(&b);
  }
}

/* Without contention and cold starts nothing is lost and nothing won: blocks times block time is what SMs were held for. */
static void work_is_conserved(void **state)
{
  (void)state;
  static struct gpu_bench b;
  for (uint32_t round = 0; round < 20; round++) {
    bench_init(&b, &cr_device_kernel, 16);
    double work = 0;
    for (uint32_t i = 0; i < 200; i++) {
      uint32_t waves = (uint32_t)bench_draw(700 + round, 3 * i, 3) + 1;
      cr_ns block_ns = 1000 + (cr_ns)bench_draw(700 + round, 3 * i + 1, 9000);
      bench_add(&b, i % 5, (cr_ns)bench_draw(700 + round, 3 * i + 2, 900000),
                bench_kernel(16 * waves, 1024, block_ns * waves));
      b.op[b.n_op - 1].regs = 64; /* one block an SM */
      work += (double)(block_ns * waves) * 16;
    }
    bench_run(&b);
    assert_int_equal(b.use.n_kernel, 200);
    assert_near(b.use.sm_ns / work, 1, 1e-3);
  }
}

static void nothing_is_allocated_after_set_up(void **state)
{
  (void)state;
  static struct gpu_bench b;
  bench_random_streams(&b, &cr_device_kernel, 8, 8, 300);
  bench_run(&b);
  assert_int_equal(b.n_allocation, 0);
}

static void memory_that_runs_out_is_reported(void **state)
{
  (void)state;
  static struct gpu_bench b;
  void *self;
  struct cr_err err;
  bench_init(&b, &cr_device_kernel, 10);
  bench_add(&b, 0, 0, bench_kernel(1, 32, 1000));
  for (uint64_t n = 0;; n++) {
    t_fail_allocation_after(n);
    int rc = bench_make(&b, &self, &err);
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
    cmocka_unit_test(a_squeezed_kernel_ends_a_block_after_its_last_blocks_were_placed),
    cmocka_unit_test(a_head_that_does_not_fit_stops_those_behind_it),
    cmocka_unit_test(kernels_take_idle_sms_before_they_share),
    cmocka_unit_test(other_sms_than_recorded_take_other_numbers_of_waves),
    cmocka_unit_test(a_share_of_half_the_sms_takes_twice_as_long_and_leaves_the_others),
    cmocka_unit_test(a_memset_waits_behind_a_stuck_kernel),
    cmocka_unit_test(whole_device_kernels_queue_in_order_of_arrival),
    cmocka_unit_test(random_kernels_take_about_as_long_as_in_waves),
    cmocka_unit_test(it_is_never_above_the_device),
    cmocka_unit_test(work_is_conserved),
    cmocka_unit_test(nothing_is_allocated_after_set_up),
    cmocka_unit_test(memory_that_runs_out_is_reported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
