/* t_machine.c - occupancy against NVIDIA's own calculator, and the checks of a device description. */
#include "config.h"

#include "sim/machine.h"

#include "tests/t.h"

#include <math.h>

/* Compute capability 9.0. */
static struct cr_device_desc hopper(void)
{
  struct cr_device_desc d = {
    .name = "hopper",
    .about = "for tests",
    .sms = 132,
    .warp_threads = 32,
    .sm_threads = 2048,
    .sm_warps = 64,
    .sm_blocks = 32,
    .sm_regs = 65536,
    .sm_partitions = 4,
    .warp_regs_unit = 256,
    .block_threads_max = 1024,
    .thread_regs_max = 255,
    .sm_smem_bytes = 233472,
    .block_smem_max_bytes = 232448,
    .block_smem_reserved_bytes = 1024,
    .smem_unit_bytes = 128,
    .n_carveout = 2,
    .carveout_bytes = {8192, 233472},
    .mem_bytes = 150109880320,
    .l2_bytes = CR_UNKNOWN,
    .dram_bytes_per_s = CR_UNKNOWN,
    .l2_bytes_per_s = CR_UNKNOWN,
    .h2d_bytes_per_s = CR_UNKNOWN,
    .d2h_bytes_per_s = CR_UNKNOWN,
    .d2d_bytes_per_s = CR_UNKNOWN,
    .priority_greatest = -5,
  };
  return d;
}

struct shape {
  uint32_t threads, regs;
  int64_t smem_bytes;
  uint32_t blocks;
};

/* From cudaOccMaxActiveBlocksPerMultiprocessor (cuda_occupancy.h of CUDA 13.0) with the properties of an H200 and the
 * largest carve-out: shapes at which each limit binds, and 45 drawn at random. */
static const struct shape NVIDIA[] = {
  {32, 32, 0, 32},      {64, 32, 0, 32},      {256, 32, 0, 8},      {1024, 32, 0, 2},    {1024, 64, 0, 1},
  {1024, 65, 0, 0},     {512, 128, 0, 1},     {96, 40, 0, 16},      {160, 40, 0, 9},     {128, 255, 0, 2},
  {256, 255, 0, 1},     {288, 224, 0, 0},     {32, 255, 0, 8},      {256, 32, 49152, 4}, {256, 32, 100352, 2},
  {256, 32, 100353, 2}, {128, 64, 232448, 1}, {1, 16, 1, 32},       {1, 16, 6272, 32},   {1, 16, 6273, 31},
  {1024, 33, 16384, 1}, {768, 237, 44345, 0}, {192, 80, 10721, 4},  {928, 76, 0, 0},     {130, 40, 58800, 3},
  {180, 103, 0, 2},     {128, 40, 62059, 3},  {230, 40, 0, 6},      {172, 80, 0, 4},     {160, 211, 0, 1},
  {354, 190, 0, 0},     {550, 64, 0, 1},      {192, 241, 95832, 1}, {431, 80, 4815, 1},  {32, 72, 29099, 7},
  {640, 216, 6657, 0},  {1024, 40, 0, 1},     {871, 64, 33416, 1},  {285, 48, 0, 4},     {539, 32, 15968, 3},
  {800, 128, 0, 0},     {985, 96, 0, 0},      {864, 159, 0, 0},     {1024, 28, 0, 2},    {355, 40, 0, 4},
  {960, 156, 31593, 0}, {64, 80, 0, 12},      {616, 32, 183376, 1}, {128, 96, 0, 5},     {512, 226, 150255, 0},
  {498, 96, 0, 1},      {166, 40, 0, 8},      {992, 214, 0, 0},     {32, 80, 101212, 2}, {224, 64, 0, 4},
  {223, 181, 0, 1},     {49, 178, 0, 4},      {526, 172, 27068, 0}, {544, 80, 0, 1},     {288, 63, 206121, 1},
  {15, 128, 16200, 13}, {736, 36, 78876, 2},  {960, 100, 26357, 0}, {352, 40, 13835, 4}, {192, 80, 199650, 1},
  {433, 157, 0, 0},
};

static void occupancy_is_that_of_nvidia_s_calculator(void **state)
{
  (void)state;
  const struct cr_device_desc d = hopper();
  for (size_t i = 0; i < sizeof NVIDIA / sizeof NVIDIA[0]; i++) {
    const struct shape *s = &NVIDIA[i];
    uint32_t blocks = cr_device_occupancy(&d, s->threads, s->regs, s->smem_bytes, NULL);
    if (blocks != s->blocks)
      fail_msg("%u threads, %u registers, %lld B: %u blocks, not %u", s->threads, s->regs, (long long)s->smem_bytes,
               blocks, s->blocks);
  }
}

static void what_never_fits_names_its_limit(void **state)
{
  static const struct {
    struct shape shape;
    const char *why;
  } NEVER[] = {
    {{0, 32, 0, 0}, "threads a block"},
    {{1025, 32, 0, 0}, "threads a block"},
    {{32, 256, 0, 0}, "registers a thread"},
    {{1024, 65, 0, 0}, "registers a block"},
    {{257, 255, 0, 0}, "registers a block"}, /* 9 warps: rounded up to 12 by the partitions */
    {{32, 32, 232449, 0}, "shared memory a block"},
  };
  (void)state;
  const struct cr_device_desc d = hopper();
  for (size_t i = 0; i < sizeof NEVER / sizeof NEVER[0]; i++) {
    const char *why = "";
    assert_int_equal(
      cr_device_occupancy(&d, NEVER[i].shape.threads, NEVER[i].shape.regs, NEVER[i].shape.smem_bytes, &why), 0);
    assert_string_equal(why, NEVER[i].why);
  }
}

/* As backend cuda asks for a node whose GPU is not described. */
static void on_a_device_that_is_not_described_nothing_fits(void **state)
{
  (void)state;
  const char *why = "";
  assert_int_equal(cr_device_occupancy(&(struct cr_device_desc){0}, 224, 168, 0, &why), 0);
  assert_string_equal(why, "threads a block");
}

static void what_fits_leaves_why_alone(void **state)
{
  (void)state;
  const struct cr_device_desc d = hopper();
  const char *why = "untouched";
  assert_int_equal(cr_device_occupancy(&d, 256, 32, 0, &why), 8);
  assert_string_equal(why, "untouched");
}

static void what_is_not_known_does_not_limit(void **state)
{
  (void)state;
  const struct cr_device_desc d = hopper();
  assert_int_equal(cr_device_occupancy(&d, 64, 0, CR_UNKNOWN, NULL), 32);
}

static void more_of_anything_never_gives_more_blocks(void **state)
{
  (void)state;
  const struct cr_device_desc d = hopper();
  for (uint32_t threads = 1; threads <= 1024; threads += 31)
    for (uint32_t regs = 1; regs <= 255; regs += 11)
      for (int64_t smem = 0; smem <= 232448; smem += 9000) {
        uint32_t blocks = cr_device_occupancy(&d, threads, regs, smem, NULL);
        assert_true(blocks >= cr_device_occupancy(&d, threads + 1, regs, smem, NULL));
        assert_true(blocks >= cr_device_occupancy(&d, threads, regs + 1, smem, NULL));
        assert_true(blocks >= cr_device_occupancy(&d, threads, regs, smem + 1, NULL));
      }
}

static void expect_fault(struct cr_device_desc d, const char *key)
{
  struct cr_err err = {{0}};
  assert_int_equal(cr_device_check(&d, &err), CR_EINPUT);
  if (strncmp(err.text, key, strlen(key)) != 0 || err.text[strlen(key)] != ':')
    fail_msg("'%s' does not begin with '%s:'", err.text, key);
}

static void a_whole_description_passes(void **state)
{
  (void)state;
  const struct cr_device_desc d = hopper();
  assert_int_equal(cr_device_check(&d, NULL), CR_OK);
}

static void each_impossible_number_is_named(void **state)
{
  (void)state;
  struct cr_device_desc d;
#define FAULT(member, value, key) (d = hopper(), d.member = (value), expect_fault(d, key))
  FAULT(name, "", "name");
  FAULT(sms, 0, "sms");
  FAULT(sms, 5000, "sms");
  FAULT(sm_warps, 0, "sm_warps");
  FAULT(sm_partitions, 0, "sm_partitions");
  FAULT(block_threads_max, 4096, "block_threads_max");
  FAULT(block_smem_max_bytes, 300000, "block_smem_max");
  FAULT(smem_unit_bytes, 0, "smem_unit");
  FAULT(mem_bytes, CR_UNKNOWN, "mem");
  FAULT(dram_bytes_per_s, 0, "dram");
  FAULT(h2d_bytes_per_s, -5, "h2d");
  FAULT(n_carveout, 17, "carveouts");
  FAULT(carveout_bytes[0], 233472, "carveouts[1]");
  FAULT(carveout_bytes[1], 233473, "carveouts[1]");
  FAULT(copy_engines, 65, "copy_engines");
  FAULT(priority_greatest, 1, "priority_greatest");
  FAULT(constant[CR_GPU_LOAD], -0.1, "constants.load");
  FAULT(constant[CR_GPU_COLD], NAN, "constants.cold");
#undef FAULT
}

static void every_constant_has_a_name_of_its_own_and_a_unit(void **state)
{
  (void)state;
  for (int i = 0; i < CR_N_GPU_CONSTANT; i++) {
    const struct cr_gpu_constant_info *info = &cr_gpu_constant_info[i];
    assert_true(strcmp(info->unit, "us") == 0 || strcmp(info->unit, "1") == 0);
    assert_true(*info->help);
    for (int k = 0; k < i; k++)
      assert_string_not_equal(info->name, cr_gpu_constant_info[k].name);
  }
}

static void settings_of_the_device_model_are_checked(void **state)
{
  (void)state;
  const struct cr_device_desc d = hopper();
  struct cr_err err = {{0}};
  assert_int_equal(cr_device_check_model(&d, "cold=off,load=0.5", &err), CR_OK);
  assert_int_equal(cr_device_check_model(&d, NULL, &err), CR_OK);
  assert_int_equal(cr_device_check_model(&d, "nonsense=1", &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "nonsense"));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(occupancy_is_that_of_nvidia_s_calculator),
    cmocka_unit_test(what_never_fits_names_its_limit),
    cmocka_unit_test(on_a_device_that_is_not_described_nothing_fits),
    cmocka_unit_test(what_fits_leaves_why_alone),
    cmocka_unit_test(what_is_not_known_does_not_limit),
    cmocka_unit_test(more_of_anything_never_gives_more_blocks),
    cmocka_unit_test(a_whole_description_passes),
    cmocka_unit_test(each_impossible_number_is_named),
    cmocka_unit_test(every_constant_has_a_name_of_its_own_and_a_unit),
    cmocka_unit_test(settings_of_the_device_model_are_checked),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
