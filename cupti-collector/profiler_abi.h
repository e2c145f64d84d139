/* profiler_abi.h - what the collector knows of CUPTI's range profiler, in its own words: parameters of the calls, what a
 * callback of the driver API is given, and how launches say what they launch.
 *
 * As the headers of CUDA 13.0 (CUPTI 130001) have them; the range profiler is there since CUDA 12.6.  A call is given one
 * struct, whose first field says how long it is up to its last field, so that a later CUPTI knows which fields are not there.
 * Where the toolkit's headers are present, profiler_abi_check.c has the compiler compare the offsets (but for the calls of
 * the host side, cuptiProfilerHost..., whose header is of C++). */
#ifndef CR_PROFILER_ABI_H
#define CR_PROFILER_ABI_H
#include <stddef.h>
#include <stdint.h>

enum {
  PROFILER_AUTO_RANGE = 1,    /* each kernel is a range */
  PROFILER_KERNEL_REPLAY = 2, /* CUPTI runs a kernel again for each further pass, and restores memory before */
  PROFILER_OF_RANGES = 0,     /* kind of profiler */

  PROFILER_INVALID_METRIC_NAME = 17,
  PROFILER_INSUFFICIENT_PRIVILEGES = 35,
  PROFILER_VIRTUAL_INSUFFICIENT_PRIVILEGES = 40,

  CUPTI_SITE_ENTER = 0,
  CUPTI_SITE_EXIT = 1,
  CUPTI_RESOURCE_CONTEXT_ENDS = 2,

  CUDA_FUNCTION_SHARED_BYTES = 1, /* attributes of a function: static shared memory, registers a thread */
  CUDA_FUNCTION_REGISTERS = 4,
};

/* ---- calls; [out] is written by CUPTI ---- */

struct profiler_initialize {
  size_t n;
  void *zero;
};

struct profiler_chip_name {
  size_t n;
  void *zero;
  size_t device;
  const char *name; /* [out] "GH100" */
};

struct profiler_availability {
  size_t n;
  void *zero;
  void *context;
  size_t n_image; /* [out], too */
  uint8_t *image; /* NULL: the size is asked for */
};

struct profiler_host_initialize {
  size_t n;
  void *zero;
  int kind, gap0;
  const char *chip;
  const uint8_t *availability; /* or NULL */
  void *host;                  /* [out] */
};

struct profiler_host_deinitialize {
  size_t n;
  void *zero;
  void *host;
};

struct profiler_host_add_metrics {
  size_t n;
  void *zero;
  void *host;
  const char **metric;
  size_t n_metric;
};

struct profiler_host_image_size {
  size_t n;
  void *zero;
  void *host;
  size_t n_image; /* [out] */
};

struct profiler_host_image {
  size_t n;
  void *zero;
  void *host;
  size_t n_image;
  uint8_t *image; /* filled in */
};

struct profiler_host_passes {
  size_t n;
  void *zero;
  size_t n_image;
  const uint8_t *image;
  size_t n_pass; /* [out] */
};

struct profiler_host_evaluate {
  size_t n;
  void *zero;
  void *host;
  const uint8_t *data;
  size_t n_data;
  size_t range;
  const char **metric;
  size_t n_metric;
  double *value; /* [n_metric], filled in */
};

struct profiler_enable {
  size_t n;
  void *zero;
  void *context;
  void *profiler; /* [out] */
};

/* Of cuptiRangeProfilerDisable and ...Start. */
struct profiler_object {
  size_t n;
  void *zero;
  void *profiler;
};

struct profiler_config {
  size_t n;
  void *zero;
  void *profiler;
  size_t n_image;
  const uint8_t *image;
  size_t n_data;
  uint8_t *data;
  int range, replay;
  size_t max_ranges;
  uint16_t nesting_levels, min_nesting_level;
  uint32_t gap0;
  size_t pass;
  uint16_t target_nesting_level;
};

struct profiler_stop {
  size_t n;
  void *zero;
  void *profiler;
  size_t pass, target_nesting_level; /* [out] */
  uint8_t is_all_submitted;          /* [out] */
};

struct profiler_decode {
  size_t n;
  void *zero;
  void *profiler;
  size_t n_dropped; /* [out] ranges for which there was no room */
};

struct profiler_data_size {
  size_t n;
  void *zero;
  void *profiler;
  const char **metric;
  size_t n_metric;
  size_t max_ranges;
  uint32_t max_nodes, gap0;
  size_t n_data; /* [out] */
};

struct profiler_data_initialize {
  size_t n;
  void *zero;
  void *profiler;
  size_t n_data;
  uint8_t *data;
};

struct profiler_data_info {
  size_t n;
  void *zero;
  const uint8_t *data;
  size_t n_data;
  size_t n_range; /* [out] */
};

/* What a call's first field says: its bytes up to the last field, without what pads the struct. */
#define PROFILER_BYTES(type, last) (offsetof(struct type, last) + sizeof(((struct type *)0)->last))

/* ---- callbacks ---- */

/* Of a function of the driver API, before (enter) and after it. */
struct cupti_api_data {
  uint32_t site, gap0;
  const char *function;
  const void *params; /* of the function: cupti_launch, cupti_launch_ex */
  void *result;       /* int, at the exit alone */
  const char *symbol; /* of a launch: the kernel's mangled name */
  void *context;
  uint32_t context_id, gap1;
  uint64_t *shared;
  uint32_t correlation;
};

/* Of cuLaunchKernel and cuLaunchCooperativeKernel. */
struct cupti_launch {
  void *function;
  uint32_t grid[3], block[3], shared_bytes, gap0;
  void *stream;
};

/* Of cuLaunchKernelEx, and what it points to. */
struct cupti_launch_config {
  uint32_t grid[3], block[3], shared_bytes, gap0;
  void *stream;
};

struct cupti_launch_ex {
  const struct cupti_launch_config *config;
  void *function;
};

#endif
