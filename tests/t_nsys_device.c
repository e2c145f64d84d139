/* t_nsys_device.c - GPUs as exports of Nsight Systems describe them. */
#include "config.h"

#include "tests/t.h"

#include "tests/nsys_import.h"
#include "traces/device_file.h"

static void describe(struct nsys_path file, struct cr_device_desc *out, struct cr_arena *arena)
{
  struct cr_text yaml = {0};
  const struct cr_nsys_options opt = {.device = &yaml, .device_name = "mine"};
  struct nsys_path path = nsys_keep(t_join(t_tmp(), "mine.yaml"));
  struct cr_err err;
  struct nsys_import im = nsys_import_new(file, &opt);
  t_write(path.s, yaml.s);
  if (cr_device_load(path.s, NULL, 0, arena, out, &err))
    fail_msg("%s in\n%s", err.text, yaml.s);
  cr_text_fini(&yaml);
  nsys_import_free(&im);
}

static void the_gpu_becomes_a_description_without_constants(void **state)
{
  (void)state;
  struct cr_device_desc d, h200;
  struct cr_err err;
  struct cr_arena *arena = cr_arena_new();
  describe(nsys_make(NSYS_NEW, &nsys_eager, 1, NULL), &d, arena);
  assert_int_equal(cr_device_load(t_data("calib/devices/h200.yaml"), NULL, 0, arena, &h200, &err), CR_OK);
  assert_string_equal(d.name, "mine");
  assert_true(d.is_uncalibrated);
  assert_int_equal(d.sms, h200.sms);
  assert_int_equal(d.sm_threads, h200.sm_threads);
  assert_int_equal(d.sm_warps, h200.sm_warps);
  assert_int_equal(d.sm_blocks, h200.sm_blocks);
  assert_int_equal(d.sm_regs, h200.sm_regs);
  assert_int_equal(d.sm_partitions, h200.sm_partitions);
  assert_int_equal(d.warp_regs_unit, h200.warp_regs_unit);
  assert_int_equal(d.sm_smem_bytes, h200.sm_smem_bytes);
  assert_int_equal(d.block_smem_max_bytes, h200.block_smem_max_bytes);
  assert_int_equal(d.block_smem_reserved_bytes, h200.block_smem_reserved_bytes);
  assert_int_equal(d.smem_unit_bytes, h200.smem_unit_bytes);
  assert_int_equal(d.mem_bytes, h200.mem_bytes);
  assert_int_equal(d.l2_bytes, h200.l2_bytes);
  assert_int_equal(d.dram_bytes_per_s, INT64_C(4814352000000));
  assert_int_equal(d.copy_engines, h200.copy_engines);
  assert_int_equal(d.n_carveout, h200.n_carveout);
  for (uint32_t i = 0; i < d.n_carveout; i++)
    assert_int_equal(d.carveout_bytes[i], h200.carveout_bytes[i]);
  cr_arena_free(arena);
}

static void older_gpus_have_the_limits_of_their_capability(void **state)
{
  (void)state;
  struct cr_device_desc d;
  struct cr_arena *arena = cr_arena_new();
  describe(nsys_make(NSYS_OLD, &nsys_eager, 1,
                     "UPDATE TARGET_INFO_GPU SET computeMajor = 7, computeMinor = 0, maxShmemPerSm = 98304, "
                     "maxShmemPerBlockOptin = 98304, l2CacheSize = NULL, memoryBandwidth = 0"),
           &d, arena);
  assert_int_equal(d.smem_unit_bytes, 256);
  assert_int_equal(d.block_smem_reserved_bytes, 0);
  assert_int_equal(d.l2_bytes, CR_UNKNOWN);
  assert_int_equal(d.dram_bytes_per_s, CR_UNKNOWN);
  cr_arena_free(arena);
}

static void the_gpu_is_the_one_that_kernels_ran_on(void **state)
{
  (void)state;
  /* Ordinal 0 of the process is the second GPU of the machine. */
  static const char *const two =
    "INSERT INTO TARGET_INFO_GPU SELECT vmId, 1, 'NVIDIA H100', busLocation, isDiscrete, l2CacheSize, totalMemory, "
    "memoryBandwidth, clockRate, 114, uuid, chipName, maxRegistersPerBlock, maxShmemPerBlock, maxShmemPerBlockOptin, "
    "maxShmemPerSm, maxRegistersPerSm, threadsPerWarp, asyncEngines, maxWarpsPerSm, maxBlocksPerSm, "
    "maxThreadsPerBlock, "
    "computeMajor, computeMinor FROM TARGET_INFO_GPU; UPDATE TARGET_INFO_CUDA_DEVICE SET gpuId = 1";
  struct cr_device_desc d;
  struct cr_arena *arena = cr_arena_new();
  describe(nsys_make(NSYS_NEW, &nsys_eager, 1, two), &d, arena);
  assert_int_equal(d.sms, 114);
  assert_non_null(strstr(d.about, "NVIDIA H100"));
  cr_arena_free(arena);
}

static void gpus_that_cannot_be_described_are_refused(void **state)
{
  (void)state;
  struct cr_text yaml = {0};
  const struct cr_nsys_options opt = {.device = &yaml, .device_name = "mine"};
  nsys_expect_refusal(nsys_make(NSYS_NEW, &nsys_eager, 1, "UPDATE TARGET_INFO_GPU SET computeMajor = 5"), &opt,
                      "compute capability 5.0 is not known here");
  nsys_expect_refusal(nsys_make(NSYS_NEW, &nsys_eager, 1, "UPDATE TARGET_INFO_GPU SET maxWarpsPerSm = NULL"), &opt,
                      "TARGET_INFO_GPU does not say maxWarpsPerSm");
  nsys_expect_refusal(nsys_make(NSYS_NEW, &nsys_eager, 1, "DROP TABLE TARGET_INFO_GPU"), &opt,
                      "has no table TARGET_INFO_GPU");
  cr_text_fini(&yaml);
}

int main(void)
{
  const struct CMUnitTest test[] = {
    cmocka_unit_test(the_gpu_becomes_a_description_without_constants),
    cmocka_unit_test(older_gpus_have_the_limits_of_their_capability),
    cmocka_unit_test(the_gpu_is_the_one_that_kernels_ran_on),
    cmocka_unit_test(gpus_that_cannot_be_described_are_refused),
  };
  return cmocka_run_group_tests(test, NULL, NULL);
}
