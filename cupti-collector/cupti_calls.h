/* cupti_calls.h - finds the libcupti that belongs to the program, and the calls that the collector makes. */
#ifndef CR_CUPTI_CALLS_H
#define CR_CUPTI_CALLS_H
#include "cupti-collector/cupti_abi.h"

/* Those that every known version has are never NULL once found; the others, marked, may be. */
struct cupti_calls {
  int (*get_version)(uint32_t *version);
  int (*get_timestamp)(uint64_t *ns);
  int (*register_callbacks)(cupti_request request, cupti_complete complete);
  int (*enable)(uint32_t kind);
  int (*disable)(uint32_t kind);
  int (*flush_all)(uint32_t flag);
  int (*next_record)(uint8_t *buffer, size_t valid, struct cupti_record **record);
  int (*get_dropped)(void *context, uint32_t stream, size_t *n);
  int (*subscribe)(void **subscriber, cupti_callback callback, void *userdata);
  int (*unsubscribe)(void *subscriber);
  int (*enable_callback)(uint32_t enable, void *subscriber, uint32_t domain, uint32_t cbid);
  int (*get_callback_name)(uint32_t domain, uint32_t cbid, const char **name);
  int (*get_result_string)(int result, const char **text);
  int (*set_attribute)(uint32_t attribute, size_t *n, void *value);
  int (*enable_latency)(uint8_t enable);                     /* optional */
  int (*set_thread_id_type)(uint32_t type);                  /* optional */
  int (*enable_runtime_call)(uint32_t cbid, uint8_t enable); /* optional */
  int (*enable_driver_call)(uint32_t cbid, uint8_t enable);  /* optional */
  int (*get_node_id)(void *node, uint64_t *id);              /* optional */
  int (*get_graph_id)(void *graph, uint32_t *id);            /* optional */
  int (*nvtx)(void *export_table);                           /* optional: InitializeInjectionNvtx2 */
  uint32_t version;
  char path[4096]; /* of the library */
};

/* path: the one to use, or "" for the one that the program has loaded, else one beside the program's libcudart, else the
 * loader's, else the toolkit's.  0, or -1 with a sentence in why. */
int cupti_calls_find(struct cupti_calls *c, const char *path, char *why, size_t why_cap);

/* What a result means, in CUPTI's words. */
const char *cupti_calls_result(const struct cupti_calls *c, int result);

/* As the driver says it: 13000 for CUDA 13.0; 0: not known. */
uint32_t cupti_calls_driver_version(void);

#endif
