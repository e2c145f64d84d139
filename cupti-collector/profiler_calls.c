/* profiler_calls.c - the range profiler came with CUDA 12.6: an older libcupti records kernels and cannot count them. */
#include "config.h"

#include "cupti-collector/profiler_calls.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

struct call {
  const char *name;
  size_t at; /* in struct profiler_calls */
  int optional;
};

#define CALL(name, field, optional)                        \
  {                                                        \
    name, offsetof(struct profiler_calls, field), optional \
  }
static const struct call of_cupti[] = {
  CALL("cuptiProfilerInitialize", initialize, 0),
  CALL("cuptiGetDeviceId", get_device, 0),
  CALL("cuptiDeviceGetChipName", get_chip_name, 0),
  CALL("cuptiProfilerGetCounterAvailability", get_availability, 1),
  CALL("cuptiProfilerHostInitialize", host_initialize, 0),
  CALL("cuptiProfilerHostDeinitialize", host_deinitialize, 0),
  CALL("cuptiProfilerHostConfigAddMetrics", host_add_metrics, 0),
  CALL("cuptiProfilerHostGetConfigImageSize", host_image_size, 0),
  CALL("cuptiProfilerHostGetConfigImage", host_image, 0),
  CALL("cuptiProfilerHostGetNumOfPasses", host_passes, 0),
  CALL("cuptiProfilerHostEvaluateToGpuValues", host_evaluate, 0),
  CALL("cuptiRangeProfilerEnable", enable, 0),
  CALL("cuptiRangeProfilerDisable", disable, 0),
  CALL("cuptiRangeProfilerStart", start, 0),
  CALL("cuptiRangeProfilerStop", stop, 0),
  CALL("cuptiRangeProfilerSetConfig", set_config, 0),
  CALL("cuptiRangeProfilerDecodeData", decode, 0),
  CALL("cuptiRangeProfilerGetCounterDataSize", data_size, 0),
  CALL("cuptiRangeProfilerCounterDataImageInitialize", data_initialize, 0),
  CALL("cuptiRangeProfilerGetCounterDataInfo", data_info, 0),
};
static const struct call of_cuda[] = {
  CALL("cuFuncGetAttribute", function_attribute, 0),
  CALL("cuKernelGetFunction", kernel_function, 1),
};
#undef CALL

static int find(struct profiler_calls *p, void *handle, const char *library, const struct call *call, size_t n,
                char *why, size_t why_cap)
{
  for (size_t i = 0; i < n; i++) {
    void *symbol = handle ? dlsym(handle, call[i].name) : NULL;
    if (!symbol && !call[i].optional) {
      snprintf(why, why_cap, "kernels are not counted: %s has no %s", library, call[i].name);
      return -1;
    }
    memcpy((char *)p + call[i].at, &symbol, sizeof symbol);
  }
  return 0;
}

int profiler_calls_find(struct profiler_calls *p, const struct cupti_calls *cupti, char *why, size_t why_cap)
{
  void *libcupti = dlopen(cupti->path, RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD);
  void *libcuda = dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD);
  if (find(p, libcupti, "this libcupti (the range profiler came with CUDA 12.6)", of_cupti,
           sizeof of_cupti / sizeof *of_cupti, why, why_cap))
    return -1;
  return find(p, libcuda, "the CUDA driver", of_cuda, sizeof of_cuda / sizeof *of_cuda, why, why_cap);
}
