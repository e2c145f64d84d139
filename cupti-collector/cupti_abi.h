/* cupti_abi.h - what the collector knows of CUPTI: how records lie in memory, numbers of kinds and results, and the calls.
 *
 * Facts of the interface, as the headers of CUDA 13.0 (CUPTI 130001) have them, in the collector's own words, so that it builds
 * where no toolkit is and runs with every libcupti that writes records of these layouts: records have only grown at their
 * ends since CUDA 12.0, and a decoder that knows how long a record is (from where the next one begins) takes as much of it as
 * there is.  Where the toolkit's headers are present, cupti_abi_check.c has the compiler compare each offset used here.
 *
 * All fields lie at their natural alignment; gaps are named. */
#ifndef CR_CUPTI_ABI_H
#define CR_CUPTI_ABI_H
#include <stddef.h>
#include <stdint.h>

/* Versions of the interface: 18 to 28 are CUDA 11.8 to 12.9; from CUDA 13.0 on major * 10000 + minor * 100 + patch. */
enum {
  CUPTI_FIRST_KNOWN = 19, /* 12.0 */
  CUPTI_LAST_OF_12 = 99,
  CUPTI_FIRST_OF_13 = 130000,
  CUPTI_LAST_OF_13 = 139999,
};

enum cupti_result {
  CUPTI_OK = 0,
  CUPTI_MAX_LIMIT_REACHED = 12, /* of the walk through a buffer: its end */
  CUPTI_NOT_INITIALIZED = 15,
  CUPTI_INVALID_KIND = 21,
  CUPTI_MULTIPLE_SUBSCRIBERS = 39,
  CUPTI_UNKNOWN_ERROR = 999,
};

enum cupti_kind {
  CUPTI_MEMCPY = 1,
  CUPTI_MEMSET = 2,
  CUPTI_KERNEL_SERIAL = 3,
  CUPTI_DRIVER = 4,
  CUPTI_RUNTIME = 5,
  CUPTI_DEVICE = 8,
  CUPTI_CONTEXT = 9,
  CUPTI_KERNEL = 10,
  CUPTI_NAME = 11,
  CUPTI_MARKER = 12,
  CUPTI_MARKER_DATA = 13,
  CUPTI_OVERHEAD = 17,
  CUPTI_ENVIRONMENT = 20,
  CUPTI_MEMCPY_PEER = 22,
  CUPTI_EVENT = 36,
  CUPTI_STREAM = 37,
  CUPTI_SYNC = 38,
  CUPTI_INTERNAL_LAUNCH = 48,
  CUPTI_MEMORY = 49,
  CUPTI_POOL = 50,
  CUPTI_GRAPH_TRACE = 51,
};

enum {
  CUPTI_FLUSH_FORCED = 1,
  CUPTI_ATTRIBUTE_ZEROED = 5, /* uint8_t: buffers come zeroed */
  CUPTI_THREAD_ID_SYSTEM = 1, /* threads by their kernel's id */
  CUPTI_DOMAIN_DRIVER = 1,
  CUPTI_DOMAIN_RUNTIME = 2,
  CUPTI_DOMAIN_RESOURCE = 3,
  CUPTI_RESOURCE_NODE_CREATED = 13,
  CUPTI_RESOURCE_NODE_CLONED = 20,
};

/* ---- records; all begin with their kind ---- */

struct cupti_record {
  uint32_t kind;
};

struct cupti_kernel {
  uint32_t kind;
  uint8_t cache_config, shared_config;
  uint16_t registers;
  uint32_t partition_requested, partition_executed;
  uint64_t start, end, completed;
  uint32_t device, context, stream;
  int32_t grid[3], block[3];
  int32_t static_shared, dynamic_shared;
  uint32_t local_thread, local_total;
  uint32_t correlation;
  int64_t grid_id;
  const char *name;
  void *gap0;
  uint64_t queued, submitted;
  uint8_t launch_type, is_carveout_requested, carveout_requested, gap1;
  uint32_t shared_executed;
  uint64_t graph_node;
  uint32_t shared_limit_config;
  uint32_t graph;
  void *access_policy;
  uint32_t channel, channel_type;
  uint32_t cluster[3], cluster_policy;
  uint64_t local_total_v2; /* from 11.8 on */
  uint32_t max_cluster, max_active_clusters;
  uint8_t device_launched, gap2[7]; /* from 13.0 on */
};

struct cupti_memcpy {
  uint32_t kind;
  uint8_t copy_kind, src_kind, dst_kind, flags; /* flags: 1 asynchronous */
  uint64_t bytes, start, end;
  uint32_t device, context, stream, correlation, runtime_correlation, gap0;
  void *gap1;
  uint64_t graph_node;
  uint32_t graph, channel, channel_type;
  uint8_t device_launched, gap2[3];
  uint64_t copy_count;
};

struct cupti_memcpy_peer {
  uint32_t kind;
  uint8_t copy_kind, src_kind, dst_kind, flags;
  uint64_t bytes, start, end;
  uint32_t device, context, stream, src_device, src_context, dst_device, dst_context, correlation;
  void *gap0;
  uint64_t graph_node;
  uint32_t graph, channel, channel_type, gap1;
};

struct cupti_memset {
  uint32_t kind;
  uint32_t value;
  uint64_t bytes, start, end;
  uint32_t device, context, stream, correlation;
  uint16_t flags, memory_kind;
  uint32_t gap0;
  void *gap1;
  uint64_t graph_node;
  uint32_t graph, channel, channel_type;
  uint8_t device_launched, gap2[3];
};

struct cupti_api {
  uint32_t kind, cbid;
  uint64_t start, end;
  uint32_t pid, tid, correlation, result;
};

struct cupti_sync {
  uint32_t kind, type;
  uint64_t start, end;
  uint32_t correlation, context, stream, event;
  uint64_t event_sync; /* this and the next from 12.8 on */
  uint32_t result, gap0;
};

struct cupti_memory {
  uint32_t kind, operation, memory_kind, correlation;
  uint64_t address, bytes, timestamp, pc;
  uint32_t pid, device, context, stream;
  const char *name;
  uint32_t async, gap0;
  uint32_t pool_type, gap1;
  uint64_t pool_address, pool_threshold, pool_bytes, pool_used;
  const char *source; /* from 13.0 on */
};

struct cupti_pool {
  uint32_t kind, operation, pool_type, correlation, pid, device;
  uint64_t keep, address, bytes, threshold, timestamp, used;
};

struct cupti_stream {
  uint32_t kind, context, stream, priority, flag, correlation;
};

struct cupti_context {
  uint32_t kind, context, device;
  uint16_t api, null_stream;
  uint32_t parent; /* this and the next three from 12.6 on */
  uint8_t green, gap0;
  uint16_t n_sm;
  uint32_t cig_mode, gap1; /* from 13.0 on */
};

struct cupti_device {
  uint32_t kind, flags;
  uint64_t bandwidth_kb_s, memory_bytes;
  uint32_t constant_bytes, l2_bytes, warp_threads, core_khz, n_copy_engine, n_sm, max_ipc;
  uint32_t max_warps_sm, max_blocks_sm, max_shared_sm, max_registers_sm, max_registers_block, max_shared_block;
  uint32_t max_threads_block, max_block_dim[3], max_grid_dim[3], major, minor, id, ecc;
  uint8_t uuid[16];
  const char *name;
  uint8_t visible, mig, gap0[6];
  uint32_t gpu_instance, compute_instance;
  uint8_t mig_uuid[16];
};

/* pt: a process and its thread; dcs: a device, context and stream. */
struct cupti_marker {
  uint32_t kind, flags;
  uint64_t timestamp;
  uint32_t id, object_kind, object[3], gap0;
  const char *name, *domain;
};

struct cupti_marker_data {
  uint32_t kind, flags, id, payload_kind;
  uint64_t payload;
  uint32_t color, category;
};

struct cupti_overhead {
  uint32_t kind, overhead_kind, object_kind, object[3];
  uint64_t start, end;
  uint32_t correlation, gap0; /* from 12.2 on */
};

struct cupti_environment {
  uint32_t kind, device;
  uint64_t timestamp;
  uint32_t what;
  uint32_t value[5]; /* speed: SM and memory MHz, PCIe generation and width, throttle; temperature; power, limit; fan */
};

struct cupti_graph_trace {
  uint32_t kind, correlation;
  uint64_t start, end;
  uint32_t device, graph, context, stream;
  void *gap0;
  uint32_t end_device, end_context; /* from 12.3 on */
};

struct cupti_event {
  uint32_t kind, correlation, context, stream, event, gap0;
  uint32_t device, gap1; /* this and the next from 12.8 on */
  void *gap2;
  uint64_t device_timestamp, event_sync;
};

/* ---- callbacks ---- */

struct cupti_resource_data {
  void *context;
  void *handle;
  void *descriptor; /* struct cupti_graph_data for nodes */
};

struct cupti_graph_data {
  void *graph, *original_graph, *node, *original_node;
  uint32_t node_type, gap0;
  void *dependency, *graph_exec;
};

typedef void (*cupti_callback)(void *userdata, uint32_t domain, uint32_t cbid, const void *data);
typedef void (*cupti_request)(uint8_t **buffer, size_t *size, size_t *max_records);
typedef void (*cupti_complete)(void *context, uint32_t stream, uint8_t *buffer, size_t size, size_t valid);

#endif
