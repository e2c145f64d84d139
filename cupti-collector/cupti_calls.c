/* cupti_calls.c - finds libcupti.  The collector links no CUDA library: it takes what is there, in the order that makes it
 * most likely that the program uses the same, and says why where it cannot. */
#include "config.h"

#include "cupti-collector/cupti_calls.h"

#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct call {
  const char *name;
  size_t at; /* in struct cupti_calls */
  int optional;
};

#define CALL(name, field, optional)                     \
  {                                                     \
    name, offsetof(struct cupti_calls, field), optional \
  }
static const struct call calls[] = {
  CALL("cuptiGetVersion", get_version, 0),
  CALL("cuptiGetTimestamp", get_timestamp, 0),
  CALL("cuptiActivityRegisterCallbacks", register_callbacks, 0),
  CALL("cuptiActivityEnable", enable, 0),
  CALL("cuptiActivityDisable", disable, 0),
  CALL("cuptiActivityFlushAll", flush_all, 0),
  CALL("cuptiActivityGetNextRecord", next_record, 0),
  CALL("cuptiActivityGetNumDroppedRecords", get_dropped, 0),
  CALL("cuptiSubscribe", subscribe, 0),
  CALL("cuptiUnsubscribe", unsubscribe, 0),
  CALL("cuptiEnableCallback", enable_callback, 0),
  CALL("cuptiGetCallbackName", get_callback_name, 0),
  CALL("cuptiGetResultString", get_result_string, 0),
  CALL("cuptiActivitySetAttribute", set_attribute, 0),
  CALL("cuptiActivityEnableLatencyTimestamps", enable_latency, 1),
  CALL("cuptiSetThreadIdType", set_thread_id_type, 1),
  CALL("cuptiActivityEnableRuntimeApi", enable_runtime_call, 1),
  CALL("cuptiActivityEnableDriverApi", enable_driver_call, 1),
  CALL("cuptiGetGraphNodeId", get_node_id, 1),
  CALL("cuptiGetGraphId", get_graph_id, 1),
  CALL("InitializeInjectionNvtx2", nvtx, 1),
};
#undef CALL

static const char *const sonames[] = {"libcupti.so.13", "libcupti.so.12"};
enum { N_SONAME = sizeof sonames / sizeof *sonames };

/* Beside the CUDA libraries of a program, and in a toolkit. */
static const char *const beside[] = {"", "../extras/CUPTI/lib64/", "../../cuda_cupti/lib/"};
static const char *const within[] = {"extras/CUPTI/lib64/", "lib64/", "lib/"};

struct seen {
  void *handle;
};

static int try_beside(struct dl_phdr_info *info, size_t size, void *data)
{
  struct seen *seen = data;
  const char *slash = info->dlpi_name ? strrchr(info->dlpi_name, '/') : NULL;
  char path[4096];
  (void)size;
  if (!slash || strncmp(slash + 1, "libcudart.so", 12))
    return 0;
  for (size_t i = 0; i < sizeof beside / sizeof *beside; i++)
    for (size_t v = 0; v < N_SONAME && !seen->handle; v++)
      if ((size_t)snprintf(path, sizeof path, "%.*s/%s%s", (int)(slash - info->dlpi_name), info->dlpi_name, beside[i],
                           sonames[v]) < sizeof path)
        seen->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  return seen->handle != NULL;
}

static void *open_within(const char *toolkit)
{
  char path[4096];
  for (size_t i = 0; toolkit && *toolkit && i < sizeof within / sizeof *within; i++)
    for (size_t v = 0; v < N_SONAME; v++) {
      if ((size_t)snprintf(path, sizeof path, "%s/%s%s", toolkit, within[i], sonames[v]) >= sizeof path)
        continue;
      void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
      if (handle)
        return handle;
    }
  return NULL;
}

static void *open_any(void)
{
  struct seen seen = {NULL};
  for (size_t v = 0; v < N_SONAME && !seen.handle; v++)
    seen.handle = dlopen(sonames[v], RTLD_NOW | RTLD_NOLOAD);
  if (!seen.handle)
    dl_iterate_phdr(try_beside, &seen);
  for (size_t v = 0; v < N_SONAME && !seen.handle; v++)
    seen.handle = dlopen(sonames[v], RTLD_NOW | RTLD_LOCAL);
  if (!seen.handle)
    seen.handle = open_within(getenv("CUDA_HOME"));
  if (!seen.handle)
    seen.handle = open_within("/usr/local/cuda");
  return seen.handle;
}

static int known(uint32_t version)
{
  return (version >= CUPTI_FIRST_KNOWN && version <= CUPTI_LAST_OF_12) ||
         (version >= CUPTI_FIRST_OF_13 && version <= CUPTI_LAST_OF_13);
}

int cupti_calls_find(struct cupti_calls *c, const char *path, char *why, size_t why_cap)
{
  void *handle = *path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : open_any();
  if (!handle) {
    const char *reason = dlerror();
    snprintf(why, why_cap, "no libcupti was found (%.300s); name one with cupti=PATH", reason ? reason : "no reason");
    return -1;
  }
  for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
    void *symbol = dlsym(handle, calls[i].name);
    if (!symbol && !calls[i].optional) {
      snprintf(why, why_cap, "this libcupti has no %s", calls[i].name);
      return -1;
    }
    memcpy((char *)c + calls[i].at, &symbol, sizeof symbol);
  }
  Dl_info info;
  void *symbol = dlsym(handle, "cuptiGetVersion");
  if (dladdr(symbol, &info) && info.dli_fname)
    snprintf(c->path, sizeof c->path, "%s", info.dli_fname);
  int result = c->get_version(&c->version);
  if (result) {
    snprintf(why, why_cap, "libcupti does not say its version (%s)", cupti_calls_result(c, result));
    return -1;
  }
  if (!known(c->version)) {
    snprintf(why, why_cap,
             "libcupti has version %u, which this collector does not know: it knows those of CUDA 12 and 13",
             c->version);
    return -1;
  }
  return 0;
}

const char *cupti_calls_result(const struct cupti_calls *c, int result)
{
  const char *text = NULL;
  if (c->get_result_string && !c->get_result_string(result, &text) && text)
    return text;
  return result == CUPTI_MULTIPLE_SUBSCRIBERS ? "CUPTI_ERROR_MULTIPLE_SUBSCRIBERS_NOT_SUPPORTED" : "an error of CUPTI";
}

uint32_t cupti_calls_driver_version(void)
{
  int (*get)(int *) = NULL;
  int version = 0;
  void *handle = dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD);
  void *symbol = handle ? dlsym(handle, "cuDriverGetVersion") : NULL;
  memcpy(&get, &symbol, sizeof symbol);
  if (!get || get(&version) || version < 0)
    return 0;
  return (uint32_t)version;
}
