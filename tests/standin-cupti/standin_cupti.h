/* standin_cupti.h - the stand-in's two sides: what it has of CUPTI's, and what a program tells it to record. */
#ifndef CR_STANDIN_CUPTI_H
#define CR_STANDIN_CUPTI_H
#include "cupti-collector/cupti_abi.h"
#include "cupti-collector/profiler_abi.h"

enum {
  STANDIN_LATER_KIND = 60, /* a kind of a later CUPTI, of so many bytes */
  STANDIN_LATER_BYTES = 48,

  STANDIN_CBID_LAUNCH = 307,
  STANDIN_CBID_LAUNCH_EX = 310,
  STANDIN_CBID_GRAPH_LAUNCH = 311,
  STANDIN_CBID_BEGIN_CAPTURE = 312,
  STANDIN_CBID_END_CAPTURE = 313,
};

/* What a program's functions are to the driver. */
struct standin_function {
  int is_function; /* 0: the driver knows nothing of it */
  int registers, shared_bytes;
};

enum standin_launch { STANDIN_LAUNCH, STANDIN_LAUNCH_EX, STANDIN_LAUNCH_FAILS, STANDIN_LAUNCH_CAPTURED };
#define STANDIN_CLOCK_AHEAD_NS UINT64_C(1000000000000) /* of the monotonic clock */

int cuptiGetVersion(uint32_t *version);
int cuptiGetTimestamp(uint64_t *ns);
int cuptiSubscribe(void **subscriber, cupti_callback callback, void *userdata);
int cuptiUnsubscribe(void *subscriber);
int cuptiEnableCallback(uint32_t enable, void *subscriber, uint32_t domain, uint32_t cbid);
int cuptiActivityRegisterCallbacks(cupti_request request, cupti_complete complete);
int cuptiActivityEnable(uint32_t kind);
int cuptiActivityDisable(uint32_t kind);
int cuptiActivityEnableRuntimeApi(uint32_t cbid, uint8_t enable);
int cuptiActivityEnableDriverApi(uint32_t cbid, uint8_t enable);
int cuptiActivityFlushAll(uint32_t flag);
int cuptiActivityGetNumDroppedRecords(void *context, uint32_t stream, size_t *n);
int cuptiActivityGetNextRecord(uint8_t *buffer, size_t valid, struct cupti_record **record);
int cuptiGetCallbackName(uint32_t domain, uint32_t cbid, const char **name);
int cuptiGetResultString(int result, const char **text);
int cuptiActivitySetAttribute(uint32_t attribute, size_t *n, void *value);
int cuptiActivityEnableLatencyTimestamps(uint8_t enable);
int cuptiSetThreadIdType(uint32_t type);
int cuptiGetGraphNodeId(void *node, uint64_t *id);
int cuptiGetGraphId(void *graph, uint32_t *id);
int InitializeInjectionNvtx2(void *export_table);

void standin_record(const void *record, size_t n); /* if its kind is enabled */
void standin_call(const void *record, size_t n);   /* the same for calls, which may be enabled one by one */
void standin_cut(size_t n_bytes);                  /* hands the buffer over with so many bytes less than are in it */
void standin_drop(uint64_t n);                     /* so many records were dropped */
void standin_node(uint32_t cbid, struct cupti_graph_data *data);
size_t standin_bytes(uint32_t kind); /* of a record of this kind, in the version that is played */
void standin_await_flush(void);      /* until one begins that is not forced */
uint64_t standin_dropped(void);      /* and not asked for yet */
uint64_t standin_unzeroed(void);     /* records that found bytes in their place though buffers should come zeroed */
int standin_nvtx(void);              /* how often NVTX was initialised */
int standin_latency(void);
long standin_setting(const char *key, long otherwise);                 /* in STANDIN */
void standin_driver(uint32_t cbid, const struct cupti_api_data *data); /* calls back, if that was asked for */
void standin_context_ends(void *context);

/* Of standin_profiler.c, where the stand-in has a range profiler. */
void standin_launch(const char *name, const struct cupti_launch *launch, void *context, enum standin_launch how);
void standin_graph_launch(void);
int standin_capture(int begin); /* -1: it is broken */
uint64_t standin_runs(void);    /* of kernels, each pass for itself */

#endif
