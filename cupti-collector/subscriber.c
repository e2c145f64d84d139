/* subscriber.c - asks CUPTI for what is to be recorded.
 *
 * CUPTI has room for one subscriber.  Another profiler in the program (nsys, ncu, PyTorch's) that was first makes ours fail,
 * and then nothing is touched.  A kind that this CUPTI or this machine refuses is a warning, and the others are recorded. */
#include "config.h"

#include "cupti-collector/subscriber.h"

#include <stdio.h>
#include <string.h>

#include "traces/spool_layout.h"

enum { CBID_MAX = 2048, CBID_GAP = 64 };

struct kind {
  enum collect_kind asked;
  uint32_t cupti;
  enum cr_spool_kind spool;
  const char *name;
};

/* In the order in which they are enabled: devices and contexts first, since CUPTI tells of those that are there then. */
static const struct kind kinds[] = {
  {COLLECT_DEVICE, CUPTI_DEVICE, CR_SPOOL_DEVICE, "devices"},
  {COLLECT_CONTEXT, CUPTI_CONTEXT, CR_SPOOL_CONTEXT, "contexts"},
  {COLLECT_STREAM, CUPTI_STREAM, CR_SPOOL_STREAM, "streams"},
  {COLLECT_KERNEL, CUPTI_KERNEL, CR_SPOOL_KERNEL, "kernels"},
  {COLLECT_MEMCPY, CUPTI_MEMCPY, CR_SPOOL_MEMCPY, "copies"},
  {COLLECT_MEMCPY, CUPTI_MEMCPY_PEER, CR_SPOOL_MEMCPY, "copies between devices"},
  {COLLECT_MEMSET, CUPTI_MEMSET, CR_SPOOL_MEMSET, "memsets"},
  {COLLECT_SYNC, CUPTI_SYNC, CR_SPOOL_SYNC, "synchronisations"},
  {COLLECT_EVENT, CUPTI_EVENT, CR_SPOOL_EVENT, "events"},
  {COLLECT_MEMORY, CUPTI_MEMORY, CR_SPOOL_MEMORY, "allocations"},
  {COLLECT_POOL, CUPTI_POOL, CR_SPOOL_POOL, "memory pools"},
  {COLLECT_NVTX, CUPTI_MARKER, CR_SPOOL_MARKER, "NVTX ranges"},
  {COLLECT_NVTX, CUPTI_MARKER_DATA, CR_SPOOL_MARKER_DATA, "payloads of NVTX ranges"},
  {COLLECT_OVERHEAD, CUPTI_OVERHEAD, CR_SPOOL_OVERHEAD, "overheads"},
  {COLLECT_ENVIRONMENT, CUPTI_ENVIRONMENT, CR_SPOOL_ENVIRONMENT, "clocks and temperatures"},
  {COLLECT_GRAPH_TRACE, CUPTI_GRAPH_TRACE, CR_SPOOL_GRAPH_TRACE, "launches of graphs"},
};
enum { N_KIND = sizeof kinds / sizeof *kinds };

static const struct kind runtime = {COLLECT_RUNTIME, CUPTI_RUNTIME, CR_SPOOL_API, "calls of the runtime API"};
static const struct kind driver = {COLLECT_DRIVER, CUPTI_DRIVER, CR_SPOOL_API, "calls of the driver API"};

static int asked(const struct collect_options *o, enum collect_kind kind)
{
  return (o->kinds >> kind) & 1;
}

static void warn(const struct subscriber_callbacks *callbacks, const struct cupti_calls *c, const char *what,
                 int result)
{
  char text[256];
  snprintf(text, sizeof text, "%s are not recorded: %s", what, cupti_calls_result(c, result));
  callbacks->on_warning(result, text);
}

static int enable(struct subscriber *s, const struct cupti_calls *c, const struct kind *kind,
                  const struct subscriber_callbacks *callbacks)
{
  int result = c->enable(kind->cupti);
  if (result)
    warn(callbacks, c, kind->name, result);
  else
    s->recorded |= UINT64_C(1) << kind->spool;
  return result;
}

/* Whether an API call merely asks: nothing is launched, moved, waited for or allocated by it. */
static int merely_asks(const char *name)
{
  static const char *const parts[] = {"Get",       "Query",     "Peek",      "IsCapturing",        "Occupancy",
                                      "SetDevice", "CtxSetCur", "CtxPushCu", "CtxPopCu",           "CallConfiguration",
                                      "CanAccess", "ChooseDev", "LastError", "SetSharedMemConfig", "UpdateCaptureDep"};
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
    if (strstr(name, parts[i]))
      return 1;
  return 0;
}

/* Enables the calls of a domain that do work, each by itself; 0 when there are none to be had. */
static int enable_work_calls(const struct cupti_calls *c, uint32_t domain, int (*enable_call)(uint32_t, uint8_t))
{
  int n = 0;
  uint32_t last = 0;
  for (uint32_t cbid = 1; enable_call && cbid < CBID_MAX && cbid < last + CBID_GAP; cbid++) {
    const char *name = NULL;
    if (c->get_callback_name(domain, cbid, &name) || !name)
      continue;
    last = cbid;
    n += !merely_asks(name) && !enable_call(cbid, 1);
  }
  return n;
}

/* The calls of one API: those that do work, or all of them where that is asked for or cannot be told apart. */
static void enable_calls(struct subscriber *s, const struct cupti_calls *c, const struct collect_options *o,
                         const struct kind *kind, const struct subscriber_callbacks *callbacks)
{
  int is_runtime = kind->cupti == CUPTI_RUNTIME;
  if (!asked(o, kind->asked))
    return;
  if (!o->all_calls && enable_work_calls(c, is_runtime ? CUPTI_DOMAIN_RUNTIME : CUPTI_DOMAIN_DRIVER,
                                         is_runtime ? c->enable_runtime_call : c->enable_driver_call))
    s->recorded |= UINT64_C(1) << kind->spool;
  else
    (void)enable(s, c, kind, callbacks);
}

uint64_t subscriber_kinds(const struct collect_options *o)
{
  uint64_t bits = 0;
  if (o->max_counted)
    return UINT64_C(1) << CR_SPOOL_COUNTED;
  for (int i = 0; i < N_KIND; i++)
    bits |= (uint64_t)asked(o, kinds[i].asked) << kinds[i].spool;
  bits |= (uint64_t)(asked(o, COLLECT_RUNTIME) || asked(o, COLLECT_DRIVER)) << CR_SPOOL_API;
  return bits | (uint64_t)asked(o, COLLECT_GRAPH) << CR_SPOOL_GRAPH_NODE;
}

static void enable_nodes(struct subscriber *s, const struct cupti_calls *c,
                         const struct subscriber_callbacks *callbacks)
{
  static const uint32_t cbids[] = {CUPTI_RESOURCE_NODE_CREATED, CUPTI_RESOURCE_NODE_CLONED};
  for (size_t i = 0; i < sizeof cbids / sizeof *cbids; i++) {
    int result = c->enable_callback(1, s->handle, CUPTI_DOMAIN_RESOURCE, cbids[i]);
    if (result) {
      warn(callbacks, c, "nodes of graphs", result);
      return;
    }
  }
  s->recorded |= UINT64_C(1) << CR_SPOOL_GRAPH_NODE;
}

static int refused(const struct subscriber *s, const struct cupti_calls *c, int result, const char *what, char *why,
                   size_t why_cap)
{
  snprintf(why, why_cap, "%s: %s%s", what, cupti_calls_result(c, result),
           result == CUPTI_MULTIPLE_SUBSCRIBERS ? "; another profiler is in this program" : "");
  if (s->handle)
    c->unsubscribe(s->handle);
  return result;
}

/* What has to be said before anything is enabled. */
static void prepare(const struct cupti_calls *c, const struct collect_options *o,
                    const struct subscriber_callbacks *callbacks)
{
  uint8_t zeroed = 1;
  size_t n = sizeof zeroed;
  int result;
  (void)c->set_attribute(CUPTI_ATTRIBUTE_ZEROED, &n, &zeroed); /* where refused, CUPTI zeroes them itself */
  if (c->set_thread_id_type)
    (void)c->set_thread_id_type(CUPTI_THREAD_ID_SYSTEM);
  if (!o->latency)
    return;
  result = c->enable_latency ? c->enable_latency(1) : CUPTI_UNKNOWN_ERROR;
  if (result)
    warn(callbacks, c, "queued and submitted times", result);
}

int subscriber_start(struct subscriber *s, const struct cupti_calls *c, const struct collect_options *o,
                     const struct subscriber_callbacks *callbacks, char *why, size_t why_cap)
{
  int result = c->subscribe(&s->handle, callbacks->on_resource, NULL);
  if (result) {
    s->handle = NULL;
    return refused(s, c, result, "CUPTI refuses a subscriber", why, why_cap);
  }
  prepare(c, o, callbacks);
  result = c->register_callbacks(callbacks->on_request, callbacks->on_complete);
  if (result)
    return refused(s, c, result, "CUPTI refuses buffers", why, why_cap);
  int first = 0;
  for (int i = 0; i < N_KIND; i++)
    if (asked(o, kinds[i].asked)) {
      result = enable(s, c, &kinds[i], callbacks);
      first = first ? first : result;
    }
  enable_calls(s, c, o, &runtime, callbacks);
  enable_calls(s, c, o, &driver, callbacks);
  if (!s->recorded)
    return refused(s, c, first ? first : CUPTI_UNKNOWN_ERROR, "CUPTI refuses to record anything", why, why_cap);
  if (asked(o, COLLECT_GRAPH))
    enable_nodes(s, c, callbacks);
  return 0;
}
