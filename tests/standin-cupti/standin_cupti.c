/* standin_cupti.c - looks like libcupti.so.13 to the collector, and records what a program tells it to.
 *
 * Buffers are asked for, filled and handed over as CUPTI does it: when full or when flushed; what finds no buffer is dropped
 * and counted; kinds that were not enabled are not recorded.  What it refuses is said in the environment variable STANDIN, a
 * list of KEY=NUMBER:
 *
 *   version     what cuptiGetVersion says (130001)
 *   subscribe   result of cuptiSubscribe
 *   enable      result of every cuptiActivityEnable
 *   refuse      one kind of which cuptiActivityEnable returns 21 (INVALID_KIND)
 *   timestamp   result of cuptiGetTimestamp
 *   walk        1: cuptiActivityGetNextRecord goes backwards after its first record; 2: it points out of the buffer
 *   fork        1: a forked child asks for a new buffer; 0 (default): it goes on with the one that the parent had
 *   hold        so many full buffers are kept back, as for work that was launched and has not ended, until a forced flush
 *   linger      milliseconds for which a flush that is not forced is busy before it comes to the lock
 *   slow        microseconds that each walk of a buffer takes */
#include "config.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cupti-collector/cupti_abi.h"
#include "tests/standin-cupti/standin_cupti.h"

enum { KINDS = 64, CBIDS = 512, HELD_MAX = 64 };

static struct {
  pthread_mutex_t lock; /* of the buffer */
  cupti_request request;
  cupti_complete complete;
  cupti_callback callback;
  void *userdata;
  int subscribed, zeroed, nvtx, latency;
  uint8_t on[KINDS], call_on[3][CBIDS], resource_on[64], driver_on[CBIDS];
  uint8_t *buffer;
  size_t size, n;
  struct {
    uint8_t *buffer;
    size_t n;
  } held[HELD_MAX];
  int n_held;
  uint64_t dropped, unzeroed;
  int hold, n_flush;  /* n_flush: begun and not forced */
  long version, walk; /* settings that are asked for with each record */
} si = {.lock = PTHREAD_MUTEX_INITIALIZER};

long standin_setting(const char *key, long otherwise)
{
  const char *p = getenv("STANDIN");
  size_t n = strlen(key);
  for (; p && *p; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL)
    if (!strncmp(p, key, n) && p[n] == '=')
      return strtol(p + n + 1, NULL, 0);
  return otherwise;
}

static void sleep_us(long us)
{
  const struct timespec t = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
  if (us)
    nanosleep(&t, NULL);
}

/* ---- buffers ---- */

static void hand_over_held(int but)
{
  int n = si.n_held > but ? si.n_held - but : 0;
  for (int i = 0; i < n; i++)
    si.complete(NULL, 0, si.held[i].buffer, si.size, si.held[i].n);
  memmove(si.held, si.held + n, (size_t)(si.n_held - n) * sizeof *si.held);
  si.n_held -= n;
}

static void hand_over(void)
{
  if (si.buffer) {
    si.held[si.n_held].buffer = si.buffer;
    si.held[si.n_held++].n = si.n;
  }
  si.buffer = NULL;
  si.n = 0;
  hand_over_held(si.hold);
}

static size_t room(size_t n)
{
  size_t max = 0;
  if (si.buffer && si.n + n > si.size)
    hand_over();
  if (!si.buffer) {
    si.size = 0;
    si.request(&si.buffer, &si.size, &max);
    si.n = 0;
  }
  return si.buffer ? si.size - si.n : 0;
}

void standin_record(const void *record, size_t n)
{
  static const uint8_t zeros[512];
  uint32_t kind;
  memcpy(&kind, record, sizeof kind);
  if (!si.request || (kind < STANDIN_LATER_KIND && !si.on[kind]))
    return;
  pthread_mutex_lock(&si.lock);
  if (room(n) < n) {
    __atomic_fetch_add(&si.dropped, 1, __ATOMIC_RELAXED);
  } else {
    if (si.zeroed && n <= sizeof zeros && memcmp(si.buffer + si.n, zeros, n))
      si.unzeroed++;
    memcpy(si.buffer + si.n, record, n);
    si.n += n;
  }
  pthread_mutex_unlock(&si.lock);
}

void standin_call(const void *record, size_t n)
{
  struct cupti_api api;
  memcpy(&api, record, sizeof api);
  uint32_t domain = api.kind == CUPTI_RUNTIME ? CUPTI_DOMAIN_RUNTIME : CUPTI_DOMAIN_DRIVER;
  if (si.on[api.kind]) {
    standin_record(record, n);
  } else if (api.cbid < CBIDS && si.call_on[domain][api.cbid]) {
    si.on[api.kind] = 1;
    standin_record(record, n);
    si.on[api.kind] = 0;
  }
}

void standin_cut(size_t n_bytes)
{
  pthread_mutex_lock(&si.lock);
  si.n = si.n > n_bytes ? si.n - n_bytes : 0;
  hand_over();
  pthread_mutex_unlock(&si.lock);
}

void standin_drop(uint64_t n)
{
  __atomic_fetch_add(&si.dropped, n, __ATOMIC_RELAXED);
}

uint64_t standin_dropped(void)
{
  return __atomic_load_n(&si.dropped, __ATOMIC_RELAXED);
}

void standin_await_flush(void)
{
  int before = __atomic_load_n(&si.n_flush, __ATOMIC_ACQUIRE);
  while (__atomic_load_n(&si.n_flush, __ATOMIC_ACQUIRE) == before)
    sleep_us(1000);
}

uint64_t standin_unzeroed(void)
{
  return si.unzeroed;
}

int standin_nvtx(void)
{
  return si.nvtx;
}

static void before_fork(void)
{
  pthread_mutex_lock(&si.lock);
}

static void after_fork(void)
{
  pthread_mutex_unlock(&si.lock);
}

static void in_child(void)
{
  if (standin_setting("fork", 0)) {
    si.buffer = NULL;
    si.n = 0;
    si.n_held = 0;
  }
  pthread_mutex_init(&si.lock, NULL);
}

/* ---- what the collector calls ---- */

int cuptiGetVersion(uint32_t *version)
{
  si.version = standin_setting("version", 130001);
  si.walk = standin_setting("walk", 0);
  si.hold = (int)standin_setting("hold", 0);
  *version = (uint32_t)si.version;
  return CUPTI_OK;
}

/* Not the monotonic clock, so that a collector which takes one for the other is found out. */
int cuptiGetTimestamp(uint64_t *ns)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  *ns = (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec + STANDIN_CLOCK_AHEAD_NS;
  return (int)standin_setting("timestamp", CUPTI_OK);
}

int cuptiSubscribe(void **subscriber, cupti_callback callback, void *userdata)
{
  if (standin_setting("subscribe", 0))
    return (int)standin_setting("subscribe", 0);
  if (si.subscribed)
    return CUPTI_MULTIPLE_SUBSCRIBERS;
  si.subscribed = 1;
  si.callback = callback;
  si.userdata = userdata;
  *subscriber = &si;
  return CUPTI_OK;
}

int cuptiUnsubscribe(void *subscriber)
{
  (void)subscriber;
  si.subscribed = 0;
  si.callback = NULL;
  return CUPTI_OK;
}

int cuptiEnableCallback(uint32_t enable, void *subscriber, uint32_t domain, uint32_t cbid)
{
  (void)subscriber;
  if (domain == CUPTI_DOMAIN_RESOURCE && cbid < 64)
    si.resource_on[cbid] = (uint8_t)enable;
  if (domain == CUPTI_DOMAIN_DRIVER && cbid < CBIDS)
    si.driver_on[cbid] = (uint8_t)enable;
  return CUPTI_OK;
}

int cuptiActivityRegisterCallbacks(cupti_request request, cupti_complete complete)
{
  si.request = request;
  si.complete = complete;
  pthread_atfork(before_fork, after_fork, in_child);
  return CUPTI_OK;
}

int cuptiActivityEnable(uint32_t kind)
{
  if (standin_setting("enable", 0))
    return (int)standin_setting("enable", 0);
  if (kind >= KINDS || (long)kind == standin_setting("refuse", -1))
    return CUPTI_INVALID_KIND;
  si.on[kind] = 1;
  return CUPTI_OK;
}

int cuptiActivityDisable(uint32_t kind)
{
  if (kind < KINDS)
    si.on[kind] = 0;
  return CUPTI_OK;
}

int cuptiActivityEnableRuntimeApi(uint32_t cbid, uint8_t enable)
{
  if (standin_setting("enable", 0) || cbid >= CBIDS)
    return CUPTI_NOT_INITIALIZED;
  si.call_on[CUPTI_DOMAIN_RUNTIME][cbid] = enable;
  return CUPTI_OK;
}

int cuptiActivityEnableDriverApi(uint32_t cbid, uint8_t enable)
{
  if (standin_setting("enable", 0) || cbid >= CBIDS)
    return CUPTI_NOT_INITIALIZED;
  si.call_on[CUPTI_DOMAIN_DRIVER][cbid] = enable;
  return CUPTI_OK;
}

int cuptiActivityFlushAll(uint32_t flag)
{
  if (!si.complete)
    return CUPTI_NOT_INITIALIZED;
  if (!flag) {
    __atomic_fetch_add(&si.n_flush, 1, __ATOMIC_RELEASE);
    sleep_us(1000 * standin_setting("linger", 0));
  }
  pthread_mutex_lock(&si.lock);
  if (si.n && (flag || !si.hold))
    hand_over();
  if (flag)
    hand_over_held(0);
  pthread_mutex_unlock(&si.lock);
  return CUPTI_OK;
}

int cuptiActivityGetNumDroppedRecords(void *context, uint32_t stream, size_t *n)
{
  (void)context;
  (void)stream;
  *n = (size_t)__atomic_exchange_n(&si.dropped, 0, __ATOMIC_RELAXED);
  return CUPTI_OK;
}

/* CUDA 12.0's records end where its version of the struct did. */
static size_t record_bytes(uint32_t kind)
{
  int old = si.version < CUPTI_FIRST_OF_13;
  switch (kind) {
  case CUPTI_KERNEL:
    return old ? offsetof(struct cupti_kernel, device_launched) : sizeof(struct cupti_kernel);
  case CUPTI_MEMCPY:
    return old ? offsetof(struct cupti_memcpy, copy_count) : sizeof(struct cupti_memcpy);
  case CUPTI_MEMCPY_PEER:
    return sizeof(struct cupti_memcpy_peer);
  case CUPTI_MEMSET:
    return sizeof(struct cupti_memset);
  case CUPTI_DRIVER:
  case CUPTI_RUNTIME:
  case CUPTI_INTERNAL_LAUNCH:
    return sizeof(struct cupti_api);
  case CUPTI_SYNC:
    return old ? offsetof(struct cupti_sync, event_sync) : sizeof(struct cupti_sync);
  case CUPTI_EVENT:
    return old ? offsetof(struct cupti_event, device) : sizeof(struct cupti_event);
  case CUPTI_MEMORY:
    return old ? offsetof(struct cupti_memory, source) : sizeof(struct cupti_memory);
  case CUPTI_POOL:
    return sizeof(struct cupti_pool);
  case CUPTI_STREAM:
    return sizeof(struct cupti_stream);
  case CUPTI_CONTEXT:
    return old ? offsetof(struct cupti_context, parent) : sizeof(struct cupti_context);
  case CUPTI_DEVICE:
    return sizeof(struct cupti_device);
  case CUPTI_MARKER:
    return sizeof(struct cupti_marker);
  case CUPTI_MARKER_DATA:
    return sizeof(struct cupti_marker_data);
  case CUPTI_OVERHEAD:
    return old ? offsetof(struct cupti_overhead, correlation) : sizeof(struct cupti_overhead);
  case CUPTI_ENVIRONMENT:
    return sizeof(struct cupti_environment);
  case CUPTI_GRAPH_TRACE:
    return sizeof(struct cupti_graph_trace);
  case STANDIN_LATER_KIND:
    return STANDIN_LATER_BYTES;
  default:
    return 0;
  }
}

size_t standin_bytes(uint32_t kind)
{
  return record_bytes(kind);
}

int cuptiActivityGetNextRecord(uint8_t *buffer, size_t valid, struct cupti_record **record)
{
  static _Thread_local uint8_t *first;
  long walk = si.walk, slow = *record ? 0 : standin_setting("slow", 0);
  uint8_t *at = (uint8_t *)*record;
  uint32_t kind = 0;
  sleep_us(slow);
  if (at) {
    memcpy(&kind, at, sizeof kind);
    size_t n = record_bytes(kind);
    if (!n)
      return CUPTI_INVALID_KIND;
    at += n;
    if (walk)
      at = walk == 1 ? first : buffer + valid + 4096;
  } else {
    first = at = buffer;
  }
  if (!walk && at + sizeof kind > buffer + valid)
    return CUPTI_MAX_LIMIT_REACHED;
  *record = (struct cupti_record *)(void *)at;
  return CUPTI_OK;
}

int cuptiGetCallbackName(uint32_t domain, uint32_t cbid, const char **name)
{
  static const char *const runtime[] = {[3] = "cudaGetDevice_v3020",
                                        [20] = "cudaMalloc_v3020",
                                        [41] = "cudaMemcpyAsync_v3020",
                                        [131] = "cudaStreamSynchronize_v3020",
                                        [211] = "cudaLaunchKernel_v7000"};
  static const char *const driver[] = {[3] = "cuDeviceGet",
                                       [STANDIN_CBID_LAUNCH] = "cuLaunchKernel",
                                       [STANDIN_CBID_LAUNCH_EX] = "cuLaunchKernelEx",
                                       [STANDIN_CBID_GRAPH_LAUNCH] = "cuGraphLaunch",
                                       [STANDIN_CBID_BEGIN_CAPTURE] = "cuStreamBeginCapture_v2",
                                       [STANDIN_CBID_END_CAPTURE] = "cuStreamEndCapture"};
  const char *const *names = domain == CUPTI_DOMAIN_RUNTIME ? runtime : driver;
  size_t n = domain == CUPTI_DOMAIN_RUNTIME ? sizeof runtime / sizeof *runtime : sizeof driver / sizeof *driver;
  static char other[32] = "cuSomething_v1";
  if (cbid == 0 || cbid >= 400)
    return 1;
  *name = cbid < n && names[cbid] ? names[cbid] : other;
  return CUPTI_OK;
}

int cuptiGetResultString(int result, const char **text)
{
  *text = result == CUPTI_MULTIPLE_SUBSCRIBERS         ? "CUPTI_ERROR_MULTIPLE_SUBSCRIBERS_NOT_SUPPORTED"
          : result == CUPTI_NOT_INITIALIZED            ? "CUPTI_ERROR_NOT_INITIALIZED"
          : result == CUPTI_INVALID_KIND               ? "CUPTI_ERROR_INVALID_KIND"
          : result == PROFILER_INSUFFICIENT_PRIVILEGES ? "CUPTI_ERROR_INSUFFICIENT_PRIVILEGES"
                                                       : "CUPTI_ERROR_UNKNOWN";
  return CUPTI_OK;
}

int cuptiActivitySetAttribute(uint32_t attribute, size_t *n, void *value)
{
  if (attribute == CUPTI_ATTRIBUTE_ZEROED && *n == 1)
    si.zeroed = *(uint8_t *)value;
  return CUPTI_OK;
}

int cuptiActivityEnableLatencyTimestamps(uint8_t enable)
{
  si.latency = enable;
  return CUPTI_OK;
}

int cuptiSetThreadIdType(uint32_t type)
{
  (void)type;
  return CUPTI_OK;
}

/* A node is its own id, and so is a graph. */
int cuptiGetGraphNodeId(void *node, uint64_t *id)
{
  *id = (uint64_t)(uintptr_t)node;
  return CUPTI_OK;
}

int cuptiGetGraphId(void *graph, uint32_t *id)
{
  *id = (uint32_t)(uintptr_t)graph;
  return CUPTI_OK;
}

int InitializeInjectionNvtx2(void *export_table)
{
  (void)export_table;
  si.nvtx++;
  return 1;
}

int standin_latency(void)
{
  return si.latency;
}

void standin_node(uint32_t cbid, struct cupti_graph_data *data)
{
  struct cupti_resource_data resource = {.descriptor = data};
  if (si.callback && cbid < 64 && si.resource_on[cbid])
    si.callback(si.userdata, CUPTI_DOMAIN_RESOURCE, cbid, &resource);
}

void standin_driver(uint32_t cbid, const struct cupti_api_data *data)
{
  if (si.callback && si.driver_on[cbid])
    si.callback(si.userdata, CUPTI_DOMAIN_DRIVER, cbid, data);
}

void standin_context_ends(void *context)
{
  struct cupti_resource_data resource = {.context = context};
  if (si.callback && si.resource_on[CUPTI_RESOURCE_CONTEXT_ENDS])
    si.callback(si.userdata, CUPTI_DOMAIN_RESOURCE, CUPTI_RESOURCE_CONTEXT_ENDS, &resource);
}
