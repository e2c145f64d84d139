/* standin_cuda_driver.c - of the CUDA driver, what a collector asks of it: registers and shared memory of a function. */
#include "config.h"

#include "cupti-collector/profiler_abi.h"
#include "tests/standin-cupti/standin_cupti.h"

int cuFuncGetAttribute(int *value, int attribute, void *function);

int cuFuncGetAttribute(int *value, int attribute, void *function)
{
  const struct standin_function *f = function;
  if (!f->is_function)
    return 400; /* CUDA_ERROR_INVALID_HANDLE */
  *value = attribute == CUDA_FUNCTION_REGISTERS      ? f->registers
           : attribute == CUDA_FUNCTION_SHARED_BYTES ? f->shared_bytes
                                                     : -1;
  return 0;
}
