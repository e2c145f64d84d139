/* t_device_models.c - what the wave model and the kernel model have in common: hand-worked cases, the mean of an M/G/1-PS queue, and
 * what holds of any load. */
#include "config.h"

#include "tests/t.h"

#include <math.h>

#include "sim/fluid.h"
#include "sim/rng.h"
#include "tests/gpu_bench.h"

static void waves_follow_each_other(void **state)
{
  static struct gpu_bench b;
  bench_init(&b, *state, 10);
  bench_add(&b, 0, 0, bench_kernel(30, 1024, 30000)); /* two blocks an SM: 20, then 10 */
  bench_add(&b, 1, 0, bench_kernel(10, 1024, 1000));  /* fits beside the second wave */
  bench_run(&b);
  assert_int_equal(b.span[0].end_ns, 30000);
  assert_int_equal(b.span[1].start_ns, 15000);
  assert_int_equal(b.span[1].end_ns, 16000);
}

static void priority_reorders_pending_blocks_only(void **state)
{
  static struct gpu_bench b;
  for (int on = 0; on < 2; on++) {
    bench_init(&b, *state, 1);
    b.model.has[CR_GPU_HAS_PRIORITY] = (unsigned char)on;
    b.priority[2] = -3;
    bench_add(&b, 0, 0, bench_kernel(4, 1024, 20000)); /* two waves of 10 us */
    bench_add(&b, 1, 10, bench_kernel(2, 1024, 5000));
    bench_add(&b, 2, 20,
              bench_kernel(2, 1024, 3000)); /* urgent: starts when resident blocks end, before the second wave */
    bench_run(&b);
    assert_int_equal(b.span[2].start_ns, on ? 10000 : 25000);
    assert_int_equal(b.span[0].end_ns, on ? 23000 : 20000);
  }
}

static void a_kernel_pays_for_a_cold_start_once(void **state)
{
  static struct gpu_bench b;
  bench_init(&b, *state, 10);
  b.model.constant[CR_GPU_COLD] = 0.7;
  bench_add(&b, 0, 0, bench_kernel(1, 32, 1000));    /* 0 .. 1000: nobody started before */
  bench_add(&b, 0, 0, bench_kernel(1, 32, 1000));    /* 1000 .. 2000 */
  bench_add(&b, 1, 1500, bench_kernel(1, 32, 5000)); /* cold: two have started */
  bench_add(&b, 0, 0, bench_kernel(1, 32, 1000));    /* 2000 .. 3700: the other stream started in between */
  bench_add(&b, 0, 0, bench_kernel(1, 32, 1000));    /* 3700 .. 4700: warm again */
  bench_run(&b);
  assert_int_equal(b.span[1].end_ns, 2000);
  assert_int_equal(b.span[2].end_ns, 1500 + 5700);
  assert_int_equal(b.span[3].end_ns, 3700);
  assert_int_equal(b.span[4].end_ns, 4700);
}

static void older_blocks_are_slowed_less(void **state)
{
  static struct gpu_bench b;
  bench_init(&b, *state, 1);
  b.model.constant[CR_GPU_LOAD] = 1e9; /* saturated: time goes by the ratio of loads */
  b.model.constant[CR_GPU_WARP_IPC] = 0.125;
  b.model.constant[CR_GPU_YOUNGER] = 0.5;
  bench_add(&b, 0, 0, bench_kernel(1, 256, 10000));
  bench_add(&b, 1, 0, bench_kernel(1, 256, 10000));
  bench_run(&b);
  assert_near((double)b.span[0].end_ns, 15000, 2); /* sees 1 + 0.5 */
  assert_near((double)b.span[1].end_ns, 17500, 2); /* sees 2 until then, and did 7500 of its work */
}

/* On one saturated SM that shares evenly, kernels of one block are an M/G/1 queue under processor sharing, whose mean time
 * in the system is S / (1 - rho) whatever the distribution of service (Kleinrock 1976, vol. 2, section 4.4). */
static void a_saturated_sm_is_an_m_g_1_ps_queue(void **state)
{
  enum { ROUNDS = 60, N = BENCH_OPS };
  static struct gpu_bench b;
  double sum = 0, n = 0, work = 0, span = 0;
  for (uint32_t round = 0; round < ROUNDS; round++) {
    bench_init(&b, *state, 1);
    b.model.constant[CR_GPU_LOAD] = 1e9;
    b.model.constant[CR_GPU_WARP_IPC] = 0.125;
    b.model.constant[CR_GPU_YOUNGER] = 1;
    double at_ns = 0;
    for (uint32_t i = 0; i < N; i++) {
      at_ns += cr_draw_exponential(3, CR_RNG_TEST, round, i, 20000);
      cr_ns service_ns = bench_draw(1000 + round, i, 5) ? 5000 : 30000; /* mean 10 us: rho = 0.5 */
      struct cr_op_spec op = bench_kernel(1, 32, service_ns);
      bench_add(&b, i % BENCH_STREAMS, (cr_ns)at_ns, op);
      work += (double)service_ns;
    }
    span += at_ns;
    bench_run(&b);
    for (uint32_t i = N / 8; i < N; i++, n++)
      sum += (double)(b.span[i].end_ns - b.at_ns[i]);
  }
  double service_ns = work / (ROUNDS * N), rho = work / span;
  assert_near(sum / n, service_ns / (1 - rho),
              0.06 * service_ns / (1 - rho)); /* 3 sigma of 21,000 correlated samples */
}

static void every_op_ends_after_it_started_and_in_stream_order(void **state)
{
  static struct gpu_bench b;
  for (uint32_t round = 0; round < 40; round++) {
    bench_random_streams(&b, *state, 100 + round, 8, 300);
    bench_run(&b);
    cr_ns last_ns[BENCH_STREAMS] = {0};
    for (uint32_t i = 0; i < b.n_op; i++) {
      assert_true(b.span[i].start_ns >= b.at_ns[i]);
      assert_true(b.span[i].end_ns > b.span[i].start_ns);
      assert_true(b.span[i].start_ns >= last_ns[b.stream[i]]);
      last_ns[b.stream[i]] = b.span[i].end_ns;
    }
  }
}

static void the_same_load_twice_is_the_same_to_the_nanosecond(void **state)
{
  static struct gpu_bench b, again;
  bench_random_streams(&b, *state, 7, 8, 300);
  bench_random_streams(&again, *state, 7, 8, 300);
  bench_run(&b);
  bench_run(&again);
  assert_memory_equal(b.span, again.span, sizeof b.span);
}

static void a_kernel_that_can_never_fit_is_refused_by_name(void **state)
{
  static struct gpu_bench b;
  void *self;
  struct cr_err err;
  bench_init(&b, *state, 10);
  bench_add(&b, 0, 0, bench_kernel(1, 1024, 1000));
  b.op[0].regs = 255;
  b.op[0].name = "too_many_registers";
  assert_int_equal(bench_make(&b, &self, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "too_many_registers"));
  assert_non_null(strstr(err.text, "round"));
}

/* A case of both models, which it is told by its state. */
#define OF_BOTH(f)                                                    \
  {"wave_" #f, f, NULL, NULL, (void *)(uintptr_t)&cr_device_wave},    \
  {                                                                   \
    "kernel_" #f, f, NULL, NULL, (void *)(uintptr_t)&cr_device_kernel \
  }

int main(void)
{
  const struct CMUnitTest tests[] = {
    OF_BOTH(waves_follow_each_other),
    OF_BOTH(priority_reorders_pending_blocks_only),
    OF_BOTH(a_kernel_pays_for_a_cold_start_once),
    OF_BOTH(older_blocks_are_slowed_less),
    OF_BOTH(a_saturated_sm_is_an_m_g_1_ps_queue),
    OF_BOTH(every_op_ends_after_it_started_and_in_stream_order),
    OF_BOTH(the_same_load_twice_is_the_same_to_the_nanosecond),
    OF_BOTH(a_kernel_that_can_never_fit_is_refused_by_name),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
