/* profiler_calls.h - the calls of CUPTI's range profiler and of its host side, in the libcupti that was found. */
#ifndef CR_PROFILER_CALLS_H
#define CR_PROFILER_CALLS_H
#include "cupti-collector/cupti_calls.h"
#include "cupti-collector/profiler_abi.h"

/* Never NULL once found, but for those marked. */
struct profiler_calls {
  int (*initialize)(struct profiler_initialize *p);
  int (*get_device)(void *context, uint32_t *device);
  int (*get_chip_name)(struct profiler_chip_name *p);
  int (*get_availability)(struct profiler_availability *p); /* optional */
  int (*host_initialize)(struct profiler_host_initialize *p);
  int (*host_deinitialize)(struct profiler_host_deinitialize *p);
  int (*host_add_metrics)(struct profiler_host_add_metrics *p);
  int (*host_image_size)(struct profiler_host_image_size *p);
  int (*host_image)(struct profiler_host_image *p);
  int (*host_passes)(struct profiler_host_passes *p);
  int (*host_evaluate)(struct profiler_host_evaluate *p);
  int (*enable)(struct profiler_enable *p);
  int (*disable)(struct profiler_object *p);
  int (*start)(struct profiler_object *p);
  int (*stop)(struct profiler_stop *p);
  int (*set_config)(struct profiler_config *p);
  int (*decode)(struct profiler_decode *p);
  int (*data_size)(struct profiler_data_size *p);
  int (*data_initialize)(struct profiler_data_initialize *p);
  int (*data_info)(struct profiler_data_info *p);
  int (*function_attribute)(int *value, int attribute, void *function); /* of the CUDA driver */
  int (*kernel_function)(void **function, void *kernel); /* optional: what a CUkernel is on this device */
};

/* 0, or -1 with a sentence in why. */
int profiler_calls_find(struct profiler_calls *p, const struct cupti_calls *cupti, char *why, size_t why_cap);

#endif
