/* spool_layout.h - how a spool lies in its file: what the collector writes inside a foreign process, one file a process.
 *
 * A file begins with struct cr_spool_file, and goes on in chunks: struct cr_spool_chunk, then so many bytes of records.
 * A chunk carries its length, its number and a CRC-32 (zlib's polynomial) over its own first 20 bytes and its records, so
 * that a file cut anywhere is read up to the last whole chunk.  A record is struct cr_spool_head and one of the structs
 * below; its length is a multiple of 8.  A reader takes as many bytes of a record as it knows, zeroes what a shorter one
 * lacks, and skips kinds that it does not know: fields are appended, kinds are added, and neither changes the version.
 *
 * Numbers are little-endian and stand at their natural alignment, without gaps.  Times of records are CUPTI's, in ns; 0 is
 * a time that was not taken.  Values of enumerations are CUPTI's own (CUpti_ActivityMemcpyKind and so on, CUDA 13.0).
 *
 * Texts, launch shapes and names of API calls are written once and referred to by number, until a RESET record, after which
 * numbers begin again: neither side needs more memory for a longer recording.  Text 0 is no text. */
#ifndef CR_SPOOL_LAYOUT_H
#define CR_SPOOL_LAYOUT_H
#include <stdint.h>

#define CR_SPOOL_MAGIC "CORUNSPL"
#define CR_SPOOL_SUFFIX ".spool"

enum {
  CR_SPOOL_VERSION = 1,
  CR_SPOOL_ORDER = 0x01020304,                /* as a little-endian machine reads it */
  CR_SPOOL_CHUNK_MAGIC = 0x4b4e4843,          /* "CHNK" */
  CR_SPOOL_CHUNK_BYTES_MAX = 4 * 1024 * 1024, /* of records in a chunk: more is damage */
  CR_SPOOL_TEXT_BYTES_MAX = 65535,            /* a longer text is cut here */
};

struct cr_spool_file {
  char magic[8];
  uint32_t version;
  uint32_t order;
};

struct cr_spool_chunk {
  uint32_t magic;
  uint32_t n_bytes;  /* of records */
  uint64_t seq;      /* 0, 1, ... */
  uint32_t n_record; /* RESET and the like included */
  uint32_t crc;
};

struct cr_spool_head {
  uint16_t kind;
  uint16_t zero;
  uint32_t n_bytes; /* this head included */
};

enum cr_spool_kind {
  /* what the reader keeps for itself */
  CR_SPOOL_RESET = 1,    /* texts, shapes and API names are forgotten */
  CR_SPOOL_TEXT = 2,     /* struct cr_spool_text, then its bytes */
  CR_SPOOL_SHAPE = 3,    /* struct cr_spool_shape */
  CR_SPOOL_API_NAME = 4, /* struct cr_spool_api_name */
  /* about the recording */
  CR_SPOOL_PROCESS = 16, /* struct cr_spool_process: the first record of a spool that is no text */
  CR_SPOOL_CLOCK = 17,
  CR_SPOOL_NOTE = 18, /* struct cr_spool_note, then its bytes */
  CR_SPOOL_COUNTS = 19,
  CR_SPOOL_END = 20, /* the last one of a spool that is whole */
  /* activities */
  CR_SPOOL_KERNEL = 32,
  CR_SPOOL_MEMCPY = 33,
  CR_SPOOL_MEMSET = 34,
  CR_SPOOL_API = 35,
  CR_SPOOL_SYNC = 36,
  CR_SPOOL_MEMORY = 37,
  CR_SPOOL_POOL = 38,
  CR_SPOOL_STREAM = 39,
  CR_SPOOL_CONTEXT = 40,
  CR_SPOOL_DEVICE = 41,
  CR_SPOOL_GRAPH_NODE = 42,
  CR_SPOOL_MARKER = 43,
  CR_SPOOL_MARKER_DATA = 44,
  CR_SPOOL_OVERHEAD = 45,
  CR_SPOOL_ENVIRONMENT = 46,
  CR_SPOOL_GRAPH_TRACE = 47,
  CR_SPOOL_EVENT = 48,
  CR_SPOOL_COUNTED = 49, /* a kernel in a run that counts and does not time */
  CR_SPOOL_KIND_END
};

struct cr_spool_text {
  uint32_t id; /* 1, 2, ... */
  uint32_t n;  /* bytes; no NUL, padded to a multiple of 8 with zeros */
};

/* All that launches of one kernel have in common, so that a launch is short. */
struct cr_spool_shape {
  uint32_t id;   /* 1, 2, ... */
  uint32_t name; /* a text: the kernel's, as CUPTI gives it: mangled */
  int32_t grid[3];
  int32_t block[3];
  int32_t static_shared_bytes; /* a block */
  int32_t dynamic_shared_bytes;
  uint32_t executed_shared_bytes; /* what the driver set for an SM */
  uint32_t shared_limit_config;
  uint32_t registers;   /* a thread */
  uint32_t local_bytes; /* a thread */
  uint64_t local_total_bytes;
  uint32_t cluster[3]; /* 0: no clusters */
  uint32_t cluster_policy;
  uint32_t max_cluster;
  uint32_t max_active_clusters;
  uint8_t cache_config; /* CUPTI's two nibbles: requested, executed */
  uint8_t shared_config;
  uint8_t launch_type;
  uint8_t carveout_requested; /* percent; 255: not requested */
  uint32_t zero;
};

struct cr_spool_api_name {
  uint32_t domain; /* enum cr_spool_domain */
  uint32_t cbid;
  uint32_t name; /* a text, such as cudaLaunchKernel_v7000 */
  uint32_t zero;
};

struct cr_spool_process {
  uint32_t pid;
  uint32_t parent_pid;
  uint32_t forked_from;    /* the pid whose recording went on here after a fork; 0: none */
  uint32_t cupti_version;  /* as cuptiGetVersion says; 0: there was none */
  uint32_t driver_version; /* as cuDriverGetVersion says; 0: not known */
  uint32_t latency;        /* whether kernels have their queued and submitted times */
  uint64_t kinds;          /* bit k: records of enum cr_spool_kind k were asked for */
  uint64_t realtime_ns;    /* when recording began */
  uint32_t host, command, program, corun, options, cupti_path; /* texts; command: arguments joined by spaces */
};

enum cr_spool_clock_when { CR_SPOOL_CLOCK_START = 0, CR_SPOOL_CLOCK_MIDDLE = 1, CR_SPOOL_CLOCK_LAST = 2 };

/* The three clocks at one moment. */
struct cr_spool_clock {
  uint64_t cupti_ns;
  uint64_t realtime_ns;
  uint64_t monotonic_ns;
  uint32_t error_ns; /* at most so far from one moment */
  uint32_t when;     /* enum cr_spool_clock_when */
};

enum cr_spool_level { CR_SPOOL_INFO = 0, CR_SPOOL_WARNING = 1, CR_SPOOL_REFUSED = 2 /* nothing was recorded */ };

struct cr_spool_note {
  uint32_t level; /* enum cr_spool_level */
  uint32_t code;  /* CUptiResult or errno of it; 0: none */
  uint32_t n;     /* bytes of the text, which follows */
  uint32_t zero;
};

/* What is missing so far, from the beginning on. */
struct cr_spool_counts {
  uint64_t recorded;    /* activities in the spool */
  uint64_t dropped;     /* by CUPTI, for which no buffer was free */
  uint64_t refused;     /* requests for a buffer that found none */
  uint64_t untimed;     /* kernels, copies and memsets without times: not finished when the program ended */
  uint64_t malformed;   /* records that reach out of their buffer, or whose buffer could not be walked to its end */
  uint64_t unknown;     /* records of a kind that this version of the collector does not know */
  uint64_t of_parent;   /* left out in a forked process: the parent has them */
  uint64_t not_written; /* records for which the file system had no room */
};

struct cr_spool_end {
  uint64_t realtime_ns;
  uint32_t code; /* errno of the write that failed; 0: none */
  uint32_t zero;
  struct cr_spool_counts counts;
};

struct cr_spool_kernel {
  uint64_t start_ns, end_ns;
  uint64_t queued_ns, submitted_ns; /* 0: not taken */
  uint64_t graph_node;              /* 0: no graph */
  int64_t grid_id;
  uint32_t correlation;
  uint32_t device, context, stream;
  uint32_t graph; /* the executable graph's id */
  uint32_t shape;
  uint32_t channel;
  uint32_t device_launched; /* a graph that a kernel launched */
};

struct cr_spool_memcpy {
  uint64_t start_ns, end_ns;
  uint64_t n_bytes;
  uint64_t graph_node;
  uint32_t correlation;
  uint32_t device, context, stream;
  uint32_t graph;
  uint32_t channel;
  uint8_t copy_kind;          /* CUpti_ActivityMemcpyKind: 1 HtoD, 2 DtoH, 8 DtoD, 10 PtoP ... */
  uint8_t src_kind, dst_kind; /* CUpti_ActivityMemoryKind: 1 pageable, 2 pinned, 3 device ... */
  uint8_t async;
  uint32_t peer; /* 1: between two devices, and the next four say which */
  uint32_t src_device, src_context, dst_device, dst_context;
};

struct cr_spool_memset {
  uint64_t start_ns, end_ns;
  uint64_t n_bytes;
  uint64_t graph_node;
  uint32_t correlation;
  uint32_t device, context, stream;
  uint32_t graph;
  uint32_t channel;
  uint32_t value;
  uint16_t memory_kind;
  uint16_t async;
};

enum cr_spool_domain {
  CR_SPOOL_DRIVER = 1,
  CR_SPOOL_RUNTIME = 2,
  CR_SPOOL_INTERNAL = 3 /* launches without an API call */
};

struct cr_spool_api {
  uint64_t start_ns, end_ns;
  uint32_t domain; /* enum cr_spool_domain */
  uint32_t cbid;
  uint32_t pid, tid;
  uint32_t correlation;
  uint32_t result; /* the call's own return value; 0: success */
};

struct cr_spool_sync {
  uint64_t start_ns, end_ns;
  uint32_t type; /* CUpti_ActivitySynchronizationType: 1 event, 2 stream waits for event, 3 stream, 4 context */
  uint32_t correlation;
  uint32_t context, stream; /* UINT32_MAX: does not apply */
  uint32_t event;           /* UINT32_MAX: does not apply */
  uint32_t result;
  uint64_t event_sync; /* which record of the event, as in cr_spool_event; 0: not known */
};

struct cr_spool_memory {
  uint64_t time_ns;
  uint64_t address;
  uint64_t n_bytes;
  uint32_t operation;   /* 1 allocation, 2 release */
  uint32_t memory_kind; /* CUpti_ActivityMemoryKind */
  uint32_t correlation;
  uint32_t pid, device, context, stream; /* UINT32_MAX: does not apply */
  uint32_t async;
  uint32_t name, source; /* texts */
  uint32_t pool_type;    /* 0: no pool; 1 the process's own, 2 imported */
  uint32_t zero;
  uint64_t pool_address, pool_threshold_bytes, pool_bytes, pool_used_bytes; /* of a pool of the process's own */
};

struct cr_spool_pool {
  uint64_t time_ns;
  uint64_t address;
  uint64_t n_bytes;
  uint64_t threshold_bytes;
  uint64_t used_bytes;
  uint64_t keep_bytes;
  uint32_t operation; /* 1 created, 2 destroyed, 3 trimmed */
  uint32_t pool_type;
  uint32_t correlation;
  uint32_t pid, device;
  uint32_t zero;
};

struct cr_spool_stream {
  uint32_t context, stream;
  int32_t priority; /* as CUDA says it: lower goes first */
  uint32_t flag;    /* CUpti_ActivityStreamFlag: 1 default, 2 non-blocking, 3 the null stream */
  uint32_t correlation;
  uint32_t zero;
};

struct cr_spool_context {
  uint32_t context, device;
  uint32_t parent_context; /* of a green context */
  uint32_t null_stream;
  uint32_t green; /* whether it is a green context */
  uint32_t n_sm;  /* of a green context */
  uint32_t api;   /* 1 CUDA, 2 a client of MPS */
  uint32_t cig_mode;
};

struct cr_spool_device {
  uint64_t memory_bytes_per_s;
  uint64_t memory_bytes;
  uint32_t constant_bytes, l2_bytes;
  uint32_t warp_threads;
  uint32_t core_clock_khz;
  uint32_t n_copy_engine, n_sm;
  uint32_t max_ipc;
  uint32_t max_warps_sm, max_blocks_sm, max_shared_sm_bytes, max_registers_sm;
  uint32_t max_registers_block, max_shared_block_bytes, max_threads_block;
  uint32_t max_block_dim[3], max_grid_dim[3];
  uint32_t major, minor; /* compute capability */
  uint32_t id;
  uint32_t ecc;
  uint8_t uuid[16];
  uint32_t name; /* a text */
  uint32_t mig;  /* whether it is a slice, and these say which */
  uint32_t gpu_instance, compute_instance;
  uint8_t mig_uuid[16];
};

/* A node of a graph as it is made, or cloned into an executable graph: the clone's id is in kernels' graph_node. */
struct cr_spool_graph_node {
  uint64_t node;
  uint64_t original; /* the node it is a clone of; 0: made anew */
  uint32_t graph;
  uint32_t original_graph;
  uint32_t type; /* CUgraphNodeType: 0 kernel, 1 memcpy, 2 memset, 3 host, 4 child graph, 5 empty ... */
  uint32_t cloned;
};

struct cr_spool_marker {
  uint64_t time_ns;
  uint32_t flags; /* CUpti_ActivityFlag: 1 instantaneous, 2 start, 4 end */
  uint32_t id;    /* start and end have the same */
  uint32_t pid, tid;
  uint32_t name, domain; /* texts; an end has no name */
};

struct cr_spool_marker_data {
  uint32_t id; /* of its marker */
  uint32_t flags;
  uint64_t payload;      /* its bits */
  uint32_t payload_kind; /* CUpti_MetricValueKind: 0 double, 1 u64, 4 i64 ... */
  uint32_t color, category;
  uint32_t zero;
};

struct cr_spool_overhead {
  uint64_t start_ns, end_ns;
  uint32_t overhead_kind; /* CUpti_ActivityOverheadKind: 1 compiler, 65536 buffer flush, 131072 instrumentation ... */
  uint32_t object_kind;
  uint32_t pid, tid; /* or the device, the context and, below, the stream, as object_kind says */
  uint32_t stream;
  uint32_t correlation;
};

struct cr_spool_environment {
  uint64_t time_ns;
  uint32_t device;
  uint32_t what; /* CUpti_ActivityEnvironmentKind: 1 speed, 2 temperature, 3 power, 4 cooling */
  uint32_t sm_mhz, memory_mhz, pcie_generation, pcie_width, throttle; /* speed */
  uint32_t temperature_c;
  uint32_t power_mw, power_limit_mw;
  uint32_t fan_percent;
  uint32_t zero;
};

/* A launch of a whole graph, when graphs were not traced node by node. */
struct cr_spool_graph_trace {
  uint64_t start_ns, end_ns;
  uint32_t correlation;
  uint32_t device, context, stream;
  uint32_t graph;
  uint32_t end_device, end_context;
  uint32_t zero;
};

struct cr_spool_event {
  uint64_t time_ns; /* on the device; 0: not taken */
  uint64_t event_sync;
  uint32_t correlation;
  uint32_t context, stream;
  uint32_t event;
  uint32_t device;
  uint32_t zero;
};

/* What is counted of a kernel, summed over the device: bytes, instructions of warps; warps: a mean over SMs and their active
 * cycles. */
enum cr_spool_metric {
  CR_SPOOL_DRAM_BYTES,
  CR_SPOOL_L2_BYTES,
  CR_SPOOL_INSTRUCTIONS,
  CR_SPOOL_TENSOR_INSTRUCTIONS,
  CR_SPOOL_FMA_INSTRUCTIONS,
  CR_SPOOL_FP64_INSTRUCTIONS,
  CR_SPOOL_ACTIVE_WARPS,
  CR_SPOOL_METRIC_N
};

struct cr_spool_counted {
  uint64_t number; /* 0, 1, ... as they were launched; what was not counted leaves a gap or none */
  uint32_t shape;  /* name, grid, block, shared memory and registers of it; the rest is not known */
  uint32_t device, context;
  uint32_t zero;
  double value[CR_SPOOL_METRIC_N]; /* by enum cr_spool_metric; NaN: not known */
};

#define CR_SPOOL_IS(name, n) _Static_assert(sizeof(struct cr_spool_##name) == (n), "cr_spool_" #name " has a gap")
CR_SPOOL_IS(file, 16);
CR_SPOOL_IS(chunk, 24);
CR_SPOOL_IS(head, 8);
CR_SPOOL_IS(text, 8);
CR_SPOOL_IS(shape, 96);
CR_SPOOL_IS(api_name, 16);
CR_SPOOL_IS(process, 64);
CR_SPOOL_IS(clock, 32);
CR_SPOOL_IS(note, 16);
CR_SPOOL_IS(counts, 64);
CR_SPOOL_IS(end, 80);
CR_SPOOL_IS(kernel, 80);
CR_SPOOL_IS(memcpy, 80);
CR_SPOOL_IS(memset, 64);
CR_SPOOL_IS(api, 40);
CR_SPOOL_IS(sync, 48);
CR_SPOOL_IS(memory, 104);
CR_SPOOL_IS(pool, 72);
CR_SPOOL_IS(stream, 24);
CR_SPOOL_IS(context, 32);
CR_SPOOL_IS(device, 160);
CR_SPOOL_IS(graph_node, 32);
CR_SPOOL_IS(marker, 32);
CR_SPOOL_IS(marker_data, 32);
CR_SPOOL_IS(overhead, 40);
CR_SPOOL_IS(environment, 56);
CR_SPOOL_IS(graph_trace, 48);
CR_SPOOL_IS(event, 40);
CR_SPOOL_IS(counted, 80);
#undef CR_SPOOL_IS

#endif
