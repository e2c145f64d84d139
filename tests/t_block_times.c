/* t_block_times.c - kernels whose times of a block by occupancy were recorded, on both device models. */
#include "config.h"

#include "tests/t.h"

#include <math.h>

#include "sim/block_times.h"
#include "sim/device_model.h"
#include "sim/fluid.h"
#include "sim/gpu.h"
#include "sim/rng.h"

enum { MAX_OP = 4, MAX_TABLE = 32 };

/* Compute units of 40 wavefronts, as an AMD GPU has them: nothing reserved, no carve-outs. */
static struct cr_device_desc device(uint32_t sms)
{
  return (struct cr_device_desc){.name = "wavefronts",
                                 .sms = sms,
                                 .warp_threads = 64,
                                 .sm_threads = 2560,
                                 .sm_warps = 40,
                                 .sm_blocks = 32,
                                 .sm_regs = 65536,
                                 .sm_partitions = 4,
                                 .warp_regs_unit = 256,
                                 .block_threads_max = 1024,
                                 .thread_regs_max = 256,
                                 .sm_smem_bytes = 65536,
                                 .block_smem_max_bytes = 65536,
                                 .smem_unit_bytes = 256};
}

struct bench {
  struct cr_device_desc device;
  struct cr_gpu_model model;
  struct cr_op_spec op[MAX_OP + 1]; /* one a stream, all started at 0; the first stands before the others */
  cr_ns table[MAX_OP][MAX_TABLE];
  uint32_t n_op;
  cr_ns end_ns[MAX_OP];
};

static void bench_init(struct bench *b, uint32_t sms)
{
  *b = (struct bench){.device = device(sms)};
  memset(b->model.has, 1, sizeof b->model.has);
  b->model.constant[CR_GPU_LOAD] = 1;
  b->model.constant[CR_GPU_WARP_IPC] = 0.0625;
  b->model.constant[CR_GPU_YOUNGER] = 1;
  b->op[0] = (struct cr_op_spec){.name = "before", .kind = CR_OP_KERNEL, .duration_ns = 1, .blocks = 1, .threads = 1};
}

/* A kernel that takes duration_ns alone, with a table of n times, or none. */
static void add(struct bench *b, uint32_t blocks, uint32_t threads, cr_ns duration_ns, const cr_ns *table, uint32_t n)
{
  assert_true(b->n_op < MAX_OP && n <= MAX_TABLE);
  for (uint32_t i = 0; i < n; i++)
    b->table[b->n_op][i] = table[i];
  struct cr_op_spec *op = &b->op[b->n_op + 1];
  *op = cr_op_unknown("k", CR_OP_KERNEL, duration_ns);
  op->gap_ns = 0;
  op->blocks = blocks;
  op->threads = threads;
  op->smem_bytes = 0;
  op->block_ns = n ? b->table[b->n_op] : NULL;
  op->n_block_ns = n;
  op->sm_blocks = n;
  b->n_op++;
}

static void run(struct bench *b, const struct cr_device_model_ops *ops)
{
  void *self;
  struct cr_err err;
  struct cr_gpu_end end[MAX_OP];
  static const uint32_t index[MAX_OP] = {1, 1, 1, 1}; /* none is the first of its model */
  const struct cr_device_model_cfg cfg = {
    .device = &b->device, .model = &b->model, .op = b->op + 1, .op_index = index, .n_op = b->n_op, .n_stream = b->n_op};
  assert_int_equal(ops->make(&cfg, &self, &err), CR_OK);
  ops->advance(self, 0, end, MAX_OP);
  for (uint32_t s = 0; s < b->n_op; s++)
    ops->start(self, s, s, 0, 0);
  ops->settle(self);
  for (uint32_t n_done = 0; n_done < b->n_op;) {
    cr_ns now_ns = ops->next_ns(self);
    assert_true(now_ns != CR_NS_NEVER);
    uint32_t n = ops->advance(self, now_ns, end, MAX_OP);
    for (uint32_t i = 0; i < n; i++)
      b->end_ns[end[i].stream] = now_ns;
    n_done += n;
    ops->settle(self);
  }
  ops->free(self);
}

static uint64_t draw(uint32_t entity, uint64_t n, uint64_t below)
{
  return cr_draw(11, CR_RNG_TEST, entity, n) % below;
}

/* ---------------------------------------------------------------------------------------------------------- the table */

static void between_entries_it_is_linear_and_beyond_them_constant(void **state)
{
  (void)state;
  static const cr_ns table[] = {100, 160, 150};
  assert_near(cr_block_ns(table, 3, 0.2), 100, 0);
  assert_near(cr_block_ns(table, 3, 1), 100, 0);
  assert_near(cr_block_ns(table, 3, 1.5), 130, 1e-9);
  assert_near(cr_block_ns(table, 3, 2.5), 155, 1e-9);
  assert_near(cr_block_ns(table, 3, 3), 150, 0);
  assert_near(cr_block_ns(table, 3, 40), 150, 0);
  assert_near(cr_block_ns(table, 1, 40), 100, 0);
}

static void the_line_goes_through_a_table_that_is_one(void **state)
{
  (void)state;
  static const cr_ns rising[] = {110, 120, 130, 140}, flat[] = {14, 14}, falling[] = {16, 12}, steep[] = {1, 100},
                     proportional[] = {7, 14, 21};
  struct cr_block_line line = cr_block_line(rising, 4);
  assert_near(line.at_0_ns, 100, 1e-9);
  assert_near(line.per_block_ns, 10, 1e-9);
  line = cr_block_line(flat, 2);
  assert_near(line.at_0_ns + line.per_block_ns, 14, 1e-9);
  line = cr_block_line(falling, 2);
  assert_near(line.at_0_ns, 14, 1e-9);
  assert_near(line.per_block_ns, 0, 0);
  line = cr_block_line(steep, 2);
  assert_near(line.at_0_ns, 0, 0);
  assert_near(line.per_block_ns, 201.0 / 5, 1e-9);
  line = cr_block_line(proportional, 3);
  assert_near(line.at_0_ns, 0, 1e-9);
  assert_near(line.per_block_ns, 7, 1e-9);
}

/* ------------------------------------------------------------------------------------------------------- device models */

/* Whatever the table, also one that does not ascend. */
static void alone_it_takes_its_recorded_time(void **state)
{
  (void)state;
  static struct bench b;
  for (uint32_t n = 0; n < 400; n++) {
    static const uint32_t threads[] = {1, 16, 64, 96, 128, 256, 512, 1024};
    cr_ns table[MAX_TABLE];
    uint32_t n_table = 1 + (uint32_t)draw(1, 100 * n, MAX_TABLE);
    for (uint32_t i = 0; i < n_table; i++)
      table[i] = 1 + (cr_ns)draw(1, 100 * n + 1 + i, 100000);
    bench_init(&b, 60);
    add(&b, 1 + (uint32_t)draw(2, 3 * n, 4000), threads[draw(2, 3 * n + 1, 8)],
        1000 + (cr_ns)draw(2, 3 * n + 2, 4000000), table, n_table);
    run(&b, &cr_device_wave);
    assert_near((double)b.end_ns[0], (double)b.op[1].duration_ns,
                ceil(b.op[1].blocks / 60.0) + 1); /* a rounding a wave */
    run(&b, &cr_device_kernel);
    assert_near((double)b.end_ns[0], (double)b.op[1].duration_ns, 2);
  }
}

static void equal_kernels_on_one_sm_follow_the_table(void **state)
{
  (void)state;
  static struct bench b;
  static const cr_ns table[] = {10000, 12000, 16000, 20000};
  for (uint32_t n = 1; n <= 4; n++) {
    bench_init(&b, 1);
    for (uint32_t i = 0; i < n; i++)
      add(&b, 1, 256, 5000, table, 4); /* half of what the table says: only ratios count */
    run(&b, &cr_device_wave);
    for (uint32_t i = 0; i < n; i++)
      assert_int_equal(b.end_ns[i], table[n - 1] / 2);
  }
  bench_init(&b, 1);
  add(&b, 2, 256, 12000, table, 4);
  add(&b, 2, 256, 12000, table, 4);
  run(&b, &cr_device_wave);
  assert_int_equal(b.end_ns[0], 20000);
  assert_int_equal(b.end_ns[1], 20000);
}

/* A block of eight warps is two of four. */
static void others_count_by_their_load(void **state)
{
  (void)state;
  static struct bench b;
  static const cr_ns table[] = {10000, 12000, 16000, 20000}, flat[] = {30000, 30000};
  bench_init(&b, 1);
  add(&b, 1, 256, 10000, table, 4);
  add(&b, 1, 512, 30000, flat, 2);
  run(&b, &cr_device_wave);
  assert_int_equal(b.end_ns[0], 16000);
  assert_int_equal(b.end_ns[1], 30000);
}

static void an_sm_holds_no_more_of_its_blocks_than_recorded(void **state)
{
  (void)state;
  static struct bench b;
  static const struct cr_device_model_ops *const model[] = {&cr_device_wave, &cr_device_kernel};
  cr_ns flat[MAX_TABLE];
  for (uint32_t i = 0; i < MAX_TABLE; i++)
    flat[i] = 1000;
  for (uint32_t m = 0; m < 2; m++)
    for (uint32_t fit = 1; fit <= MAX_TABLE; fit++) {
      bench_init(&b, 1);
      add(&b, 1, 64, 1000, flat, fit);   /* takes a place ... */
      add(&b, fit, 64, 1000, flat, fit); /* ... and one of these finds none */
      run(&b, model[m]);
      assert_int_equal(b.end_ns[0], 1000);
      assert_in_range(b.end_ns[1], m == 0 ? 1999 : 1010, 2001); /* the kernel model has no single blocks */
      bench_init(&b, 1);
      add(&b, fit, 64, 1000, flat, fit);
      run(&b, model[m]);
      assert_in_range(b.end_ns[0], 999, 1001);
    }
}

static void without_contention_the_table_does_not_count(void **state)
{
  (void)state;
  static struct bench b;
  static const cr_ns table[] = {10000, 12000, 16000, 20000};
  bench_init(&b, 1);
  b.model.has[CR_GPU_HAS_CONTENTION] = 0;
  add(&b, 1, 256, 10000, table, 4);
  add(&b, 1, 256, 10000, table, 4);
  run(&b, &cr_device_wave);
  assert_int_equal(b.end_ns[0], 10000);
  assert_int_equal(b.end_ns[1], 10000);
}

static void the_kernel_model_follows_a_table_that_is_a_line(void **state)
{
  (void)state;
  static struct bench b;
  static const cr_ns table[] = {10000, 14000, 18000, 22000};
  bench_init(&b, 1);
  add(&b, 1, 256, 10000, table, 4);
  add(&b, 1, 256, 10000, table, 4);
  run(&b, &cr_device_kernel);
  assert_near((double)b.end_ns[0], 14000, 2);
  assert_near((double)b.end_ns[1], 14000, 2);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(between_entries_it_is_linear_and_beyond_them_constant),
    cmocka_unit_test(the_line_goes_through_a_table_that_is_one),
    cmocka_unit_test(alone_it_takes_its_recorded_time),
    cmocka_unit_test(equal_kernels_on_one_sm_follow_the_table),
    cmocka_unit_test(others_count_by_their_load),
    cmocka_unit_test(an_sm_holds_no_more_of_its_blocks_than_recorded),
    cmocka_unit_test(without_contention_the_table_does_not_count),
    cmocka_unit_test(the_kernel_model_follows_a_table_that_is_a_line),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
