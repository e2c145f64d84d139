/* t_gpu.c - the wave model against hand-worked cases. */
#include "config.h"

#include "tests/t.h"

#include <math.h>

#include "tests/gpu_bench.h"
#include "tests/load.h"

static void a_head_that_does_not_fit_stops_those_behind_it(void **state)
{
  (void)state;
  static struct gpu_bench b;
  for (int on = 0; on < 2; on++) {
    bench_init(&b, &cr_device_wave, 1);
    b.model.has[CR_GPU_HAS_HEADBLOCK] = (unsigned char)on;
    bench_add(&b, 0, 0, bench_kernel(1, 1024, 10000)); /* half of the SM */
    struct cr_op_spec large = bench_kernel(1, 1024, 1000);
    large.regs = 64; /* all registers */
    bench_add(&b, 1, 10, large);
    struct cr_op_spec small = bench_kernel(1, 32, 500);
    small.carveout_bytes = 8192; /* as the first */
    bench_add(&b, 2, 20, small); /* would fit */
    bench_run(&b);
    assert_int_equal(b.span[1].start_ns, 10000);
    assert_int_equal(b.span[2].start_ns, on ? 11000 : 20); /* behind the large one all registers are taken */
  }
}

static void a_larger_carveout_waits_for_an_empty_sm(void **state)
{
  (void)state;
  static struct gpu_bench b;
  for (int on = 0; on < 2; on++) {
    bench_init(&b, &cr_device_wave, 1);
    b.model.has[CR_GPU_HAS_CARVEOUT] = (unsigned char)on;
    struct cr_op_spec plain = bench_kernel(1, 32, 10000), shared = bench_kernel(1, 32, 1000);
    plain.carveout_bytes = 32768;
    shared.smem_bytes = 64 * 1024;
    shared.carveout_bytes = 102400;
    bench_add(&b, 0, 0, plain);
    bench_add(&b, 1, 10, shared);
    bench_run(&b);
    assert_int_equal(b.span[1].start_ns, on ? 10000 : 10);
  }
}

static void blocks_go_to_the_emptiest_sms(void **state)
{
  (void)state;
  static struct gpu_bench b;
  bench_init(&b, &cr_device_wave, 10);
  b.model.constant[CR_GPU_LOAD] = 1;
  b.model.constant[CR_GPU_WARP_IPC] = 0.1;
  bench_add(&b, 0, 0, bench_kernel(5, 256, 10000));
  bench_add(&b, 1, 0, bench_kernel(5, 256, 10000)); /* to the five idle SMs: neither slows the other */
  bench_run(&b);
  assert_int_equal(b.span[0].end_ns, 10000);
  assert_int_equal(b.span[1].end_ns, 10000);
}

static void copies_of_one_direction_queue_and_of_two_overlap(void **state)
{
  (void)state;
  static struct gpu_bench b;
  bench_init(&b, &cr_device_wave, 1);
  struct cr_op_spec up = bench_kernel(0, 0, 1000), down = bench_kernel(0, 0, 1000);
  up.kind = CR_OP_COPY_H2D;
  down.kind = CR_OP_COPY_D2H;
  bench_add(&b, 0, 0, up);
  bench_add(&b, 1, 0, up);
  bench_add(&b, 2, 0, down);
  bench_add(&b, 3, 0, bench_kernel(1, 32, 1000));
  bench_run(&b);
  assert_int_equal(b.span[0].end_ns, 1000);
  assert_int_equal(b.span[1].end_ns, 2000);
  assert_int_equal(b.span[2].end_ns, 1000);
  assert_int_equal(b.span[3].end_ns, 1000);
}

/* The SMs of a kernel free up in four groups, at 0.7, 0.8, 0.9 and all of its time; it takes all of it. */
static void waiting_blocks_start_as_sms_free_up_one_by_one(void **state)
{
  (void)state;
  static struct gpu_bench b;
  for (int on = 0; on < 2; on++) {
    bench_init(&b, &cr_device_wave, 8);
    b.model.has[CR_GPU_HAS_STAGGER] = (unsigned char)on;
    b.model.constant[CR_GPU_SPREAD] = 0.3;
    struct cr_op_spec whole = bench_kernel(8, 1024, 10000);
    whole.regs = 64; /* a block takes all registers of its SM */
    bench_add(&b, 0, 0, whole);
    bench_add(&b, 1, 0, whole);
    bench_run(&b);
    assert_int_equal(b.span[0].end_ns, 10000);
    assert_int_equal(b.span[1].start_ns, on ? 7000 : 10000);
    assert_int_equal(b.span[1].end_ns, 20000); /* its last two blocks find room when the last of the first end */
  }
}

/* Each asks for the whole bandwidth without a queue: D = bound / sqrt(1 - bound^2) = 4/3 at 0.8.  Together D = 8/3, and what
 * waits for DRAM takes sqrt(1 + 64/9) instead of 5/3: 0.2 + 0.8 * sqrt(73) / 5 of the time alone. */
static void kernels_on_different_sms_share_the_dram(void **state)
{
  (void)state;
  static struct gpu_bench b;
  for (int on = 0; on < 2; on++) {
    bench_init(&b, &cr_device_wave, 10);
    b.model.has[CR_GPU_HAS_BANDWIDTH] = (unsigned char)on;
    b.device.dram_bytes_per_s = 1000000000000; /* 1000 bytes a ns */
    struct cr_op_spec op = bench_kernel(5, 1024, 11000);
    op.dram_bytes = 8000000; /* 0.8 of that in 10 us: a ramp of 1 us moves nothing */
    bench_add(&b, 0, 0, op);
    bench_add(&b, 1, 0, op);
    bench_run(&b);
    assert_near((double)b.span[0].end_ns, on ? 11000 * (0.2 + 0.8 * sqrt(73) / 5) : 11000, 2);
    assert_int_equal(b.span[0].end_ns, b.span[1].end_ns);
  }
}

/* On a quarter of the SMs a kernel that the DRAM limits has a quarter of its blocks there at once, which do not queue for it. */
static void fewer_sms_cost_a_dram_bound_kernel_less(void **state)
{
  (void)state;
  static struct gpu_bench b;
  double took[2];
  for (int bound = 0; bound < 2; bound++) {
    bench_init(&b, &cr_device_wave, 8);
    b.group_sms[0] = 2;
    b.device.dram_bytes_per_s = 1000000000000;
    struct cr_op_spec op = bench_kernel(8, 1024, 11000);
    op.regs = 64; /* a block an SM */
    if (bound)
      op.dram_bytes = 9000000;
    bench_add(&b, 0, 0, op);
    bench_run(&b);
    took[bound] = (double)b.span[0].end_ns;
  }
  assert_near(took[0], 4 * 11000, 4);
  assert_true(took[1] < 0.7 * took[0] && took[1] > 11000);
}

/* With own = 1, a kernel that keeps its SM four times as busy alone suffers four times as much from the same neighbour. */
static void busy_kernels_suffer_more_from_others(void **state)
{
  (void)state;
  static struct gpu_bench b;
  double more[2];
  for (uint32_t i = 0; i < 2; i++) {
    bench_init(&b, &cr_device_wave, 1);
    b.model.constant[CR_GPU_LOAD] = 0.01;
    b.model.constant[CR_GPU_WARP_IPC] = 0.125;
    b.model.constant[CR_GPU_OWN] = 1;
    b.model.constant[CR_GPU_YOUNGER] = 1;
    bench_add(&b, 0, 0, bench_kernel(1, i ? 1024 : 256, 1000000));
    bench_add(&b, 1, 0, bench_kernel(1, 256, 3000000));
    bench_run(&b);
    more[i] = (double)(b.span[0].end_ns - 1000000);
  }
  /* 0.01 E (E + 1) against 0.01 E E, E = 1 and 4: slower by 0.01 / 1.01 and 0.04 / 1.16 */
  assert_near(more[0], 1e6 * 0.01 / 1.01, 2);
  assert_near(more[1], 1e6 * 0.04 / 1.16, 2);
}

static void a_share_of_the_sms_takes_more_waves(void **state)
{
  (void)state;
  static struct gpu_bench b;
  static const struct {
    uint32_t sms;
    cr_ns end_ns;
  } want[] = {{0, 1000}, {10, 1000}, {12, 1000}, {9, 2000}, {5, 2000}, {3, 4000}, {1, 10000}};
  for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
    bench_init(&b, &cr_device_wave, 10);
    b.group_sms[0] = want[i].sms;
    bench_add(&b, 0, 0, bench_kernel(20, 1024, 1000)); /* two blocks an SM: ceil(20 / (2 sms)) waves of 1000 ns */
    bench_run(&b);
    assert_int_equal(b.span[0].end_ns, want[i].end_ns);
  }
}

static void a_device_of_fewer_sms_than_recorded_takes_as_long_as_such_a_share(void **state)
{
  (void)state;
  static struct gpu_bench b;
  for (uint64_t n = 0; n < 300; n++) {
    struct cr_op_spec op = bench_random_kernel(9, n);
    uint32_t sms = 1 + (uint32_t)bench_draw(10, n, 131);
    bench_init(&b, &cr_device_wave, 132);
    bench_realistic(&b);
    b.group_sms[0] = sms;
    bench_add(&b, 0, 0, op);
    bench_run(&b);
    cr_ns share_ns = b.span[0].end_ns;
    bench_init(&b, &cr_device_wave, sms);
    bench_realistic(&b);
    b.device.recorded_sms = 132;
    bench_add(&b, 0, 0, op);
    bench_run(&b);
    assert_near((double)b.span[0].end_ns, (double)share_ns, 1e-3 * (double)share_ns + 2);
  }
}

static void a_device_of_more_sms_than_recorded_takes_fewer_waves(void **state)
{
  (void)state;
  static struct gpu_bench b;
  static const struct {
    uint32_t sms;
    cr_ns end_ns;
  } want[] = {{10, 1000}, {19, 1000}, {20, 500}, {40, 500}};
  for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
    bench_init(&b, &cr_device_wave, want[i].sms);
    b.device.recorded_sms = 10;
    bench_add(&b, 0, 0, bench_kernel(40, 1024, 1000)); /* of 500 ns each, two an SM */
    bench_run(&b);
    assert_int_equal(b.span[0].end_ns, want[i].end_ns);
  }
}

static void a_kernel_at_its_share_does_not_stop_those_behind_it(void **state)
{
  (void)state;
  static struct gpu_bench b;
  bench_init(&b, &cr_device_wave, 10);
  b.group[1] = b.group[2] = 1;
  b.group_sms[1] = 4;
  bench_add(&b, 1, 0, bench_kernel(20, 1024, 1000)); /* 8 blocks at a time: until 3000 */
  bench_add(&b, 2, 10,
            bench_kernel(4, 1024, 1000)); /* of the same group, behind it: room at 2000, where 4 blocks are left */
  bench_add(&b, 0, 20, bench_kernel(12, 1024, 1000)); /* to the six other SMs at once */
  bench_run(&b);
  assert_int_equal(b.span[0].end_ns, 3000);
  assert_int_equal(b.span[1].start_ns, 2000);
  assert_int_equal(b.span[2].start_ns, 20);
  assert_int_equal(b.span[2].end_ns, 1020);
}

static void settings_name_mechanisms_and_constants(void **state)
{
  (void)state;
  struct cr_device_desc d = load_gpu("round", 1);
  struct cr_gpu_model m;
  struct cr_err err;
  assert_int_equal(cr_gpu_model_parse(&d, "cold=off,load=0.5,cold=700ns", &m, &err), CR_OK);
  assert_int_equal(m.has[CR_GPU_HAS_COLD], 0);
  assert_int_equal(m.has[CR_GPU_HAS_CARVEOUT], 1);
  assert_near(m.constant[CR_GPU_COLD], 0.7, 1e-12);
  assert_near(m.constant[CR_GPU_LOAD], 0.5, 1e-12);
  static const char *const bad[] = {"cald=off", "load", "load=fast", "load=-1", "carveout=0.5", "cold=0.7", "load=nan"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    assert_int_equal(cr_gpu_model_parse(&d, bad[i], &m, &err), CR_EINPUT);
  assert_int_equal(cr_gpu_model_parse(&d, "cald=off", &m, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "model.cald"));
  assert_non_null(strstr(err.text, "carveout"));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_head_that_does_not_fit_stops_those_behind_it),
    cmocka_unit_test(a_larger_carveout_waits_for_an_empty_sm),
    cmocka_unit_test(blocks_go_to_the_emptiest_sms),
    cmocka_unit_test(copies_of_one_direction_queue_and_of_two_overlap),
    cmocka_unit_test(waiting_blocks_start_as_sms_free_up_one_by_one),
    cmocka_unit_test(kernels_on_different_sms_share_the_dram),
    cmocka_unit_test(fewer_sms_cost_a_dram_bound_kernel_less),
    cmocka_unit_test(busy_kernels_suffer_more_from_others),
    cmocka_unit_test(a_share_of_the_sms_takes_more_waves),
    cmocka_unit_test(a_device_of_fewer_sms_than_recorded_takes_as_long_as_such_a_share),
    cmocka_unit_test(a_device_of_more_sms_than_recorded_takes_fewer_waves),
    cmocka_unit_test(a_kernel_at_its_share_does_not_stop_those_behind_it),
    cmocka_unit_test(settings_name_mechanisms_and_constants),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
