/* pretended_device.c - the driver's start, its errors, and the one device: an H200's limits. */
#include "config.h"

#include <stdio.h>

#include "tests/standin-cuda/pretended_code.h"
#include "tests/standin-cuda/pretended_driver.h"
#include "tests/standin-cuda/pretended_fault.h"
#include "tests/standin-cuda/pretended_memory.h"
#include "tests/standin-cuda/pretended_stream.h"
#include "tests/standin-cuda/pretended_times.h"
#include "tests/standin-cuda/pretended_turn.h"

int cuInit(unsigned flags)
{
  fault_read();
  times_read();
  told_begin();
  return flags ? INVALID : CR_CU_OK;
}

int cuDriverGetVersion(int *version)
{
  *version = 12040;
  return CR_CU_OK;
}

static const struct {
  int error;
  const char *name, *text;
} error_table[] = {
  {INVALID, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
  {CR_CU_OUT_OF_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
  {NO_DEVICE, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
  {INVALID_PTX, "CUDA_ERROR_INVALID_PTX", "a PTX JIT compilation failed"},
  {LAUNCH_FAILED, "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"},
  {CR_CU_INVALID_CLUSTER, "CUDA_ERROR_INVALID_CLUSTER_SIZE", "cluster misconfiguration"},
};

static const char *find_error(int error, int wants_text)
{
  for (size_t i = 0; i < sizeof error_table / sizeof error_table[0]; i++)
    if (error_table[i].error == error)
      return wants_text ? error_table[i].text : error_table[i].name;
  return NULL;
}

int cuGetErrorName(int error, const char **text)
{
  *text = find_error(error, 0);
  return *text ? CR_CU_OK : INVALID;
}

int cuGetErrorString(int error, const char **text)
{
  *text = find_error(error, 1);
  return *text ? CR_CU_OK : INVALID;
}

int cuDeviceGetCount(int *n)
{
  *n = !fault_is("no-device");
  return CR_CU_OK;
}

int cuDeviceGet(int *device, int i)
{
  *device = i;
  return i == 0 ? CR_CU_OK : INVALID;
}

int cuDeviceGetName(char *text, int n, int device)
{
  (void)device;
  snprintf(text, (size_t)n, "a pretended GPU");
  return CR_CU_OK;
}

int cuDeviceGetAttribute(int *value, int attribute, int device)
{
  (void)device;
  switch (attribute) {
  case CR_CU_SMS:
    *value = SMS;
    return CR_CU_OK;
  case CR_CU_CAPABILITY_MAJOR:
    *value = fault_is("old-gpu") ? 6 : fault_is("no-clusters") ? 8 : 9;
    return CR_CU_OK;
  case CR_CU_CAPABILITY_MINOR:
    *value = 0;
    return CR_CU_OK;
  default:
    break;
  }
  static const int limit[][2] = {{1, 1024},      {10, 32},         {36, 3201000},    {37, 6016},
                                 {38, 62914560}, {39, 2048},       {40, 3},          {81, SM_SMEM},
                                 {82, SM_REGS},  {97, BLOCK_SMEM}, {106, SM_BLOCKS}, {111, 1024}};
  for (size_t i = 0; i < sizeof limit / sizeof limit[0]; i++)
    if (limit[i][0] == attribute) {
      *value = limit[i][1];
      return CR_CU_OK;
    }
  return INVALID;
}

int cuDeviceTotalMem_v2(size_t *bytes, int device)
{
  *bytes = memory_of_device();
  return device;
}

int cuDevicePrimaryCtxRetain(cr_cu_context *context, int device)
{
  static char mark; /* what a context points to is nobody's business */
  (void)device;
  *context = (cr_cu_context)(void *)&mark;
  turn_take();
  return streams_open();
}

int cuDevicePrimaryCtxRelease_v2(int device)
{
  (void)device;
  turn_leave();
  streams_close();
  told_write();
  return CR_CU_OK;
}

int cuCtxSetCurrent(cr_cu_context context)
{
  return context ? CR_CU_OK : INVALID;
}

int cuCtxSynchronize(void)
{
  streams_wait();
  return CR_CU_OK;
}

int cuCtxGetStreamPriorityRange(int *least, int *greatest)
{
  *least = 0;
  *greatest = -5;
  return CR_CU_OK;
}
