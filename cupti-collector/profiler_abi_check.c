/* profiler_abi_check.c - has the compiler compare profiler_abi.h with the toolkit's headers, where they are; makes no code. */
#include "config.h"

#include <cupti.h>
#include <cupti_target.h>
#if __has_include(<cupti_range_profiler.h>) /* from CUDA 12.6 on */
#include <cupti_range_profiler.h>
#endif

#include "cupti-collector/profiler_abi.h"

#define SAME(a, b) _Static_assert((int)(a) == (int)(b), #a " is not " #b)
#define AT(theirs, field, ours, our_field)                                    \
  _Static_assert(offsetof(theirs, field) == offsetof(struct ours, our_field), \
                 #theirs "." #field " is not where " #ours "." #our_field " is")

SAME(CUPTI_ERROR_INSUFFICIENT_PRIVILEGES, PROFILER_INSUFFICIENT_PRIVILEGES);
SAME(CUPTI_ERROR_VIRTUALIZED_DEVICE_INSUFFICIENT_PRIVILEGES, PROFILER_VIRTUAL_INSUFFICIENT_PRIVILEGES);
SAME(CUPTI_API_ENTER, CUPTI_SITE_ENTER);
SAME(CUPTI_API_EXIT, CUPTI_SITE_EXIT);
SAME(CUPTI_CBID_RESOURCE_CONTEXT_DESTROY_STARTING, CUPTI_RESOURCE_CONTEXT_ENDS);
SAME(CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES, CUDA_FUNCTION_SHARED_BYTES);
SAME(CU_FUNC_ATTRIBUTE_NUM_REGS, CUDA_FUNCTION_REGISTERS);

AT(CUpti_CallbackData, callbackSite, cupti_api_data, site);
AT(CUpti_CallbackData, functionName, cupti_api_data, function);
AT(CUpti_CallbackData, functionParams, cupti_api_data, params);
AT(CUpti_CallbackData, functionReturnValue, cupti_api_data, result);
AT(CUpti_CallbackData, symbolName, cupti_api_data, symbol);
AT(CUpti_CallbackData, context, cupti_api_data, context);
AT(CUpti_CallbackData, contextUid, cupti_api_data, context_id);
AT(CUpti_CallbackData, correlationId, cupti_api_data, correlation);
AT(cuLaunchKernel_params, f, cupti_launch, function);
AT(cuLaunchKernel_params, gridDimX, cupti_launch, grid);
AT(cuLaunchKernel_params, blockDimX, cupti_launch, block);
AT(cuLaunchKernel_params, sharedMemBytes, cupti_launch, shared_bytes);
AT(cuLaunchKernel_params, hStream, cupti_launch, stream);
AT(cuLaunchCooperativeKernel_params, blockDimX, cupti_launch, block);
AT(cuLaunchCooperativeKernel_params, sharedMemBytes, cupti_launch, shared_bytes);
AT(cuLaunchKernelEx_params, config, cupti_launch_ex, config);
AT(cuLaunchKernelEx_params, f, cupti_launch_ex, function);
AT(CUlaunchConfig, gridDimX, cupti_launch_config, grid);
AT(CUlaunchConfig, blockDimX, cupti_launch_config, block);
AT(CUlaunchConfig, sharedMemBytes, cupti_launch_config, shared_bytes);
AT(CUlaunchConfig, hStream, cupti_launch_config, stream);

AT(CUpti_Profiler_Initialize_Params, pPriv, profiler_initialize, zero);
AT(CUpti_Device_GetChipName_Params, deviceIndex, profiler_chip_name, device);
AT(CUpti_Device_GetChipName_Params, pChipName, profiler_chip_name, name);
AT(CUpti_Profiler_GetCounterAvailability_Params, ctx, profiler_availability, context);
AT(CUpti_Profiler_GetCounterAvailability_Params, counterAvailabilityImageSize, profiler_availability, n_image);
AT(CUpti_Profiler_GetCounterAvailability_Params, pCounterAvailabilityImage, profiler_availability, image);

#if __has_include(<cupti_range_profiler.h>)
SAME(CUPTI_AutoRange, PROFILER_AUTO_RANGE);
SAME(CUPTI_KernelReplay, PROFILER_KERNEL_REPLAY);
AT(CUpti_RangeProfiler_Enable_Params, ctx, profiler_enable, context);
AT(CUpti_RangeProfiler_Enable_Params, pRangeProfilerObject, profiler_enable, profiler);
AT(CUpti_RangeProfiler_Disable_Params, pRangeProfilerObject, profiler_object, profiler);
AT(CUpti_RangeProfiler_Start_Params, pRangeProfilerObject, profiler_object, profiler);
AT(CUpti_RangeProfiler_Stop_Params, passIndex, profiler_stop, pass);
AT(CUpti_RangeProfiler_Stop_Params, targetNestingLevel, profiler_stop, target_nesting_level);
AT(CUpti_RangeProfiler_Stop_Params, isAllPassSubmitted, profiler_stop, is_all_submitted);
AT(CUpti_RangeProfiler_SetConfig_Params, configSize, profiler_config, n_image);
AT(CUpti_RangeProfiler_SetConfig_Params, pConfig, profiler_config, image);
AT(CUpti_RangeProfiler_SetConfig_Params, counterDataImageSize, profiler_config, n_data);
AT(CUpti_RangeProfiler_SetConfig_Params, pCounterDataImage, profiler_config, data);
AT(CUpti_RangeProfiler_SetConfig_Params, range, profiler_config, range);
AT(CUpti_RangeProfiler_SetConfig_Params, replayMode, profiler_config, replay);
AT(CUpti_RangeProfiler_SetConfig_Params, maxRangesPerPass, profiler_config, max_ranges);
AT(CUpti_RangeProfiler_SetConfig_Params, numNestingLevels, profiler_config, nesting_levels);
AT(CUpti_RangeProfiler_SetConfig_Params, minNestingLevel, profiler_config, min_nesting_level);
AT(CUpti_RangeProfiler_SetConfig_Params, passIndex, profiler_config, pass);
AT(CUpti_RangeProfiler_SetConfig_Params, targetNestingLevel, profiler_config, target_nesting_level);
AT(CUpti_RangeProfiler_DecodeData_Params, numOfRangeDropped, profiler_decode, n_dropped);
AT(CUpti_RangeProfiler_GetCounterDataSize_Params, pMetricNames, profiler_data_size, metric);
AT(CUpti_RangeProfiler_GetCounterDataSize_Params, numMetrics, profiler_data_size, n_metric);
AT(CUpti_RangeProfiler_GetCounterDataSize_Params, maxNumOfRanges, profiler_data_size, max_ranges);
AT(CUpti_RangeProfiler_GetCounterDataSize_Params, maxNumRangeTreeNodes, profiler_data_size, max_nodes);
AT(CUpti_RangeProfiler_GetCounterDataSize_Params, counterDataSize, profiler_data_size, n_data);
AT(CUpti_RangeProfiler_CounterDataImage_Initialize_Params, counterDataSize, profiler_data_initialize, n_data);
AT(CUpti_RangeProfiler_CounterDataImage_Initialize_Params, pCounterData, profiler_data_initialize, data);
AT(CUpti_RangeProfiler_GetCounterDataInfo_Params, pCounterDataImage, profiler_data_info, data);
AT(CUpti_RangeProfiler_GetCounterDataInfo_Params, counterDataImageSize, profiler_data_info, n_data);
AT(CUpti_RangeProfiler_GetCounterDataInfo_Params, numTotalRanges, profiler_data_info, n_range);
#endif
