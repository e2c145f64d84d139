/* cuda_driver.h - the CUDA driver, found at run time: the calls that corun makes of it, without CUDA's headers or libraries.
 *
 * Names, parameters and numbers are those of NVIDIA's CUDA Driver API reference (version 12; a driver of 11.8 or later has them
 * all).  Every call returns 0 or an error number, which cr_cuda_fail turns into a sentence. */
#ifndef CR_CUDA_DRIVER_H
#define CR_CUDA_DRIVER_H
#include <stddef.h>

#include "sim/base.h"

typedef struct cr_cu_context *cr_cu_context;
typedef struct cr_cu_module *cr_cu_module;
typedef struct cr_cu_function *cr_cu_function;
typedef struct cr_cu_stream *cr_cu_stream;
typedef struct cr_cu_graph *cr_cu_graph;
typedef struct cr_cu_graph_exec *cr_cu_graph_exec;
typedef uint64_t cr_cu_address; /* of the device's memory */

enum {
  CR_CU_OK = 0,
  CR_CU_OUT_OF_MEMORY = 2,
  CR_CU_NOT_READY = 600,
  CR_CU_INVALID_CLUSTER = 912,
};

/* Of cuDeviceGetAttribute. */
enum {
  CR_CU_SMS = 16,
  CR_CU_CAPABILITY_MAJOR = 75,
  CR_CU_CAPABILITY_MINOR = 76,
};

/* Of cuFuncGetAttribute and cuFuncSetAttribute. */
enum {
  CR_CU_FUNCTION_REGS = 4,
  CR_CU_FUNCTION_SMEM_MAX = 8,       /* dynamic, a block: what a launch may ask for */
  CR_CU_FUNCTION_CARVEOUT = 9,       /* in percent of an SM's most */
  CR_CU_FUNCTION_WIDE_CLUSTERS = 14, /* whether a launch's clusters may have more blocks than all GPUs take */
};

enum {
  CR_CU_STREAM_NON_BLOCKING = 1,
  CR_CU_CAPTURE_RELAXED = 2,
  CR_CU_HOST_MAPPED = 2,
};

/* CUlaunchConfig and its attributes, of which two are used.  CLUSTER: blocks go in clusters of `dim`, which fill the grid in each
 * dimension.  EARLY, 1: blocks may begin when those of the launch before it in the stream have ended, without waiting for the rest of
 * its end. */
enum {
  CR_CU_LAUNCH_CLUSTER = 4,
  CR_CU_LAUNCH_EARLY = 6,
};

struct cr_cu_attribute {
  uint32_t id, unused;
  union {
    uint64_t value[8];
    uint32_t dim[3];
  };
};

struct cr_cu_launch {
  unsigned grid[3], block[3], smem_bytes;
  cr_cu_stream stream;
  struct cr_cu_attribute *attribute;
  unsigned n_attribute;
};

/* CUstreamBatchMemOpParams, of which one operation is used: writing a word. */
enum { CR_CU_WRITE_32 = 2 };

struct cr_cu_memory_op {
  uint32_t operation;
  cr_cu_address to;
  uint64_t value; /* of which the first half counts */
  unsigned flags; /* 0 */
  cr_cu_address alias; /* the driver's own */
  uint64_t unused;
};

/* X(member, symbol, parameters) */
#define CR_CUDA_CALLS(X)                                                                                             \
  X(init, cuInit, (unsigned flags))                                                                                  \
  X(driver_version, cuDriverGetVersion, (int *version))                                                              \
  X(error_name, cuGetErrorName, (int error, const char **text))                                                      \
  X(error_text, cuGetErrorString, (int error, const char **text))                                                    \
  X(device_count, cuDeviceGetCount, (int *n))                                                                        \
  X(device_get, cuDeviceGet, (int *device, int i))                                                                   \
  X(device_name, cuDeviceGetName, (char *text, int n, int device))                                                   \
  X(device_attribute, cuDeviceGetAttribute, (int *value, int attribute, int device))                                 \
  X(primary_retain, cuDevicePrimaryCtxRetain, (cr_cu_context * context, int device))                                 \
  X(primary_release, cuDevicePrimaryCtxRelease_v2, (int device))                                                     \
  X(context_current, cuCtxSetCurrent, (cr_cu_context context))                                                       \
  X(context_sync, cuCtxSynchronize, (void))                                                                          \
  X(priority_range, cuCtxGetStreamPriorityRange, (int *least, int *greatest))                                        \
  X(module_load, cuModuleLoadDataEx,                                                                                 \
    (cr_cu_module * module, const void *image, unsigned n, int *option, void **value))                               \
  X(module_unload, cuModuleUnload, (cr_cu_module module))                                                            \
  X(module_function, cuModuleGetFunction, (cr_cu_function * function, cr_cu_module module, const char *name))        \
  X(function_attribute, cuFuncGetAttribute, (int *value, int attribute, cr_cu_function function))                    \
  X(function_set, cuFuncSetAttribute, (cr_cu_function function, int attribute, int value))                           \
  X(occupancy, cuOccupancyMaxActiveBlocksPerMultiprocessor,                                                          \
    (int *blocks, cr_cu_function function, int threads, size_t smem_bytes))                                          \
  X(occupancy_clusters, cuOccupancyMaxActiveClusters,                                                                \
    (int *clusters, cr_cu_function function, const struct cr_cu_launch *launch))                                     \
  X(stream_new, cuStreamCreateWithPriority, (cr_cu_stream * stream, unsigned flags, int priority))                   \
  X(stream_free, cuStreamDestroy_v2, (cr_cu_stream stream))                                                          \
  X(stream_query, cuStreamQuery, (cr_cu_stream stream))                                                              \
  X(stream_write, cuStreamWriteValue32_v2, (cr_cu_stream stream, cr_cu_address to, uint32_t value, unsigned flags))  \
  X(launch, cuLaunchKernel,                                                                                          \
    (cr_cu_function function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x, unsigned block_y, \
     unsigned block_z, unsigned smem_bytes, cr_cu_stream stream, void **param, void **extra))                        \
  X(launch_with, cuLaunchKernelEx,                                                                                   \
    (const struct cr_cu_launch *launch, cr_cu_function function, void **param, void **extra))                        \
  X(memory_new, cuMemAlloc_v2, (cr_cu_address * address, size_t bytes))                                              \
  X(memory_info, cuMemGetInfo_v2, (size_t * free, size_t * total))                                                   \
  X(memory_free, cuMemFree_v2, (cr_cu_address address))                                                              \
  X(host_new, cuMemHostAlloc, (void **memory, size_t bytes, unsigned flags))                                         \
  X(host_free, cuMemFreeHost, (void *memory))                                                                        \
  X(host_address, cuMemHostGetDevicePointer_v2, (cr_cu_address * address, void *memory, unsigned flags))             \
  X(copy_h2d, cuMemcpyHtoDAsync_v2, (cr_cu_address to, const void *from, size_t bytes, cr_cu_stream stream))         \
  X(copy_d2h, cuMemcpyDtoHAsync_v2, (void *to, cr_cu_address from, size_t bytes, cr_cu_stream stream))               \
  X(copy_d2d, cuMemcpyDtoDAsync_v2, (cr_cu_address to, cr_cu_address from, size_t bytes, cr_cu_stream stream))       \
  X(fill, cuMemsetD8Async, (cr_cu_address to, unsigned char value, size_t bytes, cr_cu_stream stream))               \
  X(capture_begin, cuStreamBeginCapture_v2, (cr_cu_stream stream, int mode))                                         \
  X(capture_end, cuStreamEndCapture, (cr_cu_stream stream, cr_cu_graph * graph))                                     \
  X(graph_free, cuGraphDestroy, (cr_cu_graph graph))                                                                 \
  X(graph_instantiate, cuGraphInstantiateWithFlags,                                                                  \
    (cr_cu_graph_exec * exec, cr_cu_graph graph, unsigned long long flags))                                          \
  X(graph_launch, cuGraphLaunch, (cr_cu_graph_exec exec, cr_cu_stream stream))                                       \
  X(exec_free, cuGraphExecDestroy, (cr_cu_graph_exec exec))

struct cr_cuda_driver {
  void *library;
#define X(member, symbol, parameters) int(*member) parameters;
  CR_CUDA_CALLS(X)
#undef X
};

/* The driver's library is libcuda.so.1, or what CORUN_LIBCUDA names.  Refused, with what is missing, where there is none, where it
 * lacks a call, and where it finds no GPU. */
int cr_cuda_driver_open(struct cr_cuda_driver *out, struct cr_err *err) CR_MUST;
void cr_cuda_driver_close(struct cr_cuda_driver *d); /* zero-initialised is fine */

/* A call that not every driver has; NULL: this one lacks it. */
void *cr_cuda_driver_find(const struct cr_cuda_driver *d, const char *symbol);

/* CR_OK for 0, else the failure of what was tried: "launch of kernel k: out of memory (CUDA_ERROR_OUT_OF_MEMORY)". */
int cr_cuda_check(const struct cr_cuda_driver *d, int error, const char *what, struct cr_err *err) CR_MUST;

#endif
