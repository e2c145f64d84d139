/* t_kernel_class.c - what kernels are taken for, by names from real recordings. */
#include "config.h"

#include "tests/t.h"

#include "traces/kernel_class.h"

static void expect(const char *name, enum cr_kernel_class class, const char *short_name)
{
  struct cr_op_spec op = {.name = name, .kind = CR_OP_KERNEL};
  char got[48];
  assert_string_equal(cr_kernel_class_name[cr_kernel_class_of(&op)], cr_kernel_class_name[class]);
  cr_kernel_short_name(name, got, sizeof got);
  assert_string_equal(got, short_name);
}

static void real_names_are_understood(void **state)
{
  (void)state;
  expect("sm80_xmma_fprop_implicit_gemm_tf32f32_tf32f32_f32_nhwckrsc_nchw_execute_kernel__5x_cudnn",
         CR_KERNEL_CONVOLUTION, "sm80_xmma_fprop_implicit_gemm_tf32f32_tf32f3...");
  expect("sm80_xmma_gemm_f32f32_f32f32_f32_tn_n", CR_KERNEL_MATMUL, "sm80_xmma_gemm_f32f32_f32f32_f32_tn_n");
  expect("void cutlass::Kernel2<cutlass_80_tensorop>(cutlass_80_tensorop::Params)", CR_KERNEL_MATMUL,
         "Kernel2<cutlass_80_tensorop>");
  expect("void at::native::(anonymous namespace)::max_pool_forward_nchw<float, int>(int, float const*)", CR_KERNEL_POOL,
         "max_pool_forward_nchw<float, int>");
  expect("void (anonymous namespace)::softmax_warp_forward<float, 7, false>(float*)", CR_KERNEL_SOFTMAX,
         "softmax_warp_forward<float, 7, false>");
  expect("void cudnn::engines_precompiled::nchwToNhwcKernel<float, (cudnnKernelDataType_t)2>(float*)", CR_KERNEL_LAYOUT,
         "nchwToNhwcKernel<float, (cudnnKernelDataType...");
  expect("std::enable_if<!(false), void>::type internal::gemvx::kernel<int, 7>(int)", CR_KERNEL_MATMUL,
         "kernel<int, 7>");
  expect("fmha_cutlassF_f32_aligned_64x64_rf_sm80(AttentionKernel<float>::Params)", CR_KERNEL_ATTENTION,
         "fmha_cutlassF_f32_aligned_64x64_rf_sm80");
  expect("something", CR_KERNEL_OTHER, "something");
  expect("", CR_KERNEL_OTHER, "");
}

static void ops_that_are_no_kernels_have_classes_of_their_own(void **state)
{
  (void)state;
  struct cr_op_spec op = {.name = "Memset (Device)", .kind = CR_OP_MEMSET};
  assert_int_equal(cr_kernel_class_of(&op), CR_KERNEL_MEMSET);
  op.kind = CR_OP_COPY_D2H;
  assert_int_equal(cr_kernel_class_of(&op), CR_KERNEL_COPY);
  op.kind = CR_OP_HOST;
  assert_int_equal(cr_kernel_class_of(&op), CR_KERNEL_HOST);
}

int main(void)
{
  const struct CMUnitTest test[] = {
    cmocka_unit_test(real_names_are_understood),
    cmocka_unit_test(ops_that_are_no_kernels_have_classes_of_their_own),
  };
  return cmocka_run_group_tests(test, NULL, NULL);
}
