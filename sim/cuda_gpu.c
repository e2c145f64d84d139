/* cuda_gpu.c - opens a GPU and takes the memory that launches need. */
#include "config.h"

#include "sim/cuda_gpu.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sim/unit.h"

cr_ns cr_monotonic_ns(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (cr_ns)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int describe(struct cr_cuda_gpu *g, struct cr_err *err)
{
  const struct cr_cuda_driver *d = &g->driver;
  const struct {
    int attribute;
    int32_t *value;
  } want[] = {{CR_CU_SMS, &g->sms},
              {CR_CU_CAPABILITY_MAJOR, &g->capability_major},
              {CR_CU_CAPABILITY_MINOR, &g->capability_minor}};
  int error = d->device_name(g->name, sizeof g->name, g->device);
  for (size_t i = 0; !error && i < sizeof want / sizeof want[0]; i++)
    error = d->device_attribute(want[i].value, want[i].attribute, g->device);
  error = error ? error : d->driver_version(&g->driver_version);
  error = error ? error : d->priority_range(&g->priority_least, &g->priority_greatest);
  int rc = cr_cuda_check(d, error, "asking the GPU what it is", err);
  if (!rc && g->capability_major < 7)
    rc = cr_fail(err, CR_EINPUT, "%s has compute capability %d.%d; backend cuda needs 7.0 or later", g->name,
                 g->capability_major, g->capability_minor);
  return rc;
}

static int take_memory(struct cr_cuda_gpu *g, struct cr_err *err)
{
  const struct cr_cuda_driver *d = &g->driver;
  size_t counters = g->n_slot * sizeof(struct cr_standin_counters), records = g->n_slot * sizeof *g->record;
  void *host = NULL;
  int error = d->memory_new(&g->counters, counters);
  error = error ? error : d->memory_new(&g->inner_record, records);
  error = error ? error : d->memory_new(&g->words, CR_CUDA_WORDS * sizeof(uint32_t));
  error = error ? error : d->memory_new(&g->data, CR_CUDA_DATA_BYTES);
  error = error ? error : d->host_new(&host, records, CR_CU_HOST_MAPPED);
  int rc = cr_cuda_check(d, error, "memory for launches on the GPU", err);
  if (rc)
    return rc;
  g->record = host;
  memset(host, 0, records);
  error = d->host_address(&g->record_address, host, 0);
  error = error ? error : d->fill(g->counters, 0, counters, g->control);
  error = error ? error : d->fill(g->words, 0, CR_CUDA_WORDS * sizeof(uint32_t), g->control);
  error = error ? error : d->fill(g->data, 0, CR_CUDA_DATA_BYTES, g->control);
  rc = cr_cuda_check(d, error, "memory for launches on the GPU", err);
  return rc ? rc : cr_cuda_gpu_settle(g, "memory for launches on the GPU", err);
}

static int read_patience(cr_ns *out, struct cr_err *err)
{
  const char *text = getenv("CORUN_PATIENCE");
  return cr_parse_ns(text && *text ? text : "10s", "CORUN_PATIENCE", out, err);
}

int cr_cuda_gpu_open(struct cr_cuda_gpu *g, uint32_t n_slot, struct cr_err *err)
{
  *g = (struct cr_cuda_gpu){.n_slot = n_slot};
  int rc = read_patience(&g->patience_ns, err);
  rc = rc ? rc : cr_cuda_driver_open(&g->driver, err);
  if (rc)
    return rc;
  const struct cr_cuda_driver *d = &g->driver;
  int error = d->device_get(&g->device, 0);
  error = error ? error : d->primary_retain(&g->context, g->device);
  error = error ? error : d->context_current(g->context);
  rc = cr_cuda_check(d, error, "a context on the GPU", err);
  *(void **)&g->write_batch = cr_cuda_driver_find(d, "cuStreamBatchMemOp_v2");
  rc = rc ? rc : describe(g, err);
  if (!rc)
    rc = cr_cuda_check(d, d->stream_new(&g->control, CR_CU_STREAM_NON_BLOCKING, g->priority_greatest),
                       "a stream of the GPU", err);
  rc = rc ? rc : take_memory(g, err);
  if (rc)
    cr_cuda_gpu_close(g);
  return rc;
}

void cr_cuda_gpu_close(struct cr_cuda_gpu *g)
{
  const struct cr_cuda_driver *d = &g->driver;
  if (!d->library || g->hangs)
    return;
  if (g->context) {
    d->context_sync();
    if (g->control)
      d->stream_free(g->control);
    d->memory_free(g->counters);
    d->memory_free(g->inner_record);
    d->memory_free(g->words);
    d->memory_free(g->data);
    if (g->record)
      d->host_free(g->record);
    d->primary_release(g->device);
  }
  cr_cuda_driver_close(&g->driver);
  *g = (struct cr_cuda_gpu){0};
}

int cr_cuda_gpu_take_slots(struct cr_cuda_gpu *g, uint32_t n, uint32_t *first, struct cr_err *err)
{
  if (n > g->n_slot - g->n_slot_used)
    return cr_fail(err, CR_ERUN, "more than %u launches would be prepared or under way at once on the GPU", g->n_slot);
  *first = g->n_slot_used;
  g->n_slot_used += n;
  return CR_OK;
}

int cr_cuda_gpu_take_words(struct cr_cuda_gpu *g, uint32_t *first, struct cr_err *err)
{
  if (g->n_word_used + 2 > CR_CUDA_WORDS)
    return cr_fail(err, CR_ERUN, "more than %d streams and graphs on the GPU", CR_CUDA_WORDS / 2);
  *first = g->n_word_used;
  g->n_word_used += 2;
  return CR_OK;
}

enum { HOPPER = 9 }; /* of its capability: from there on there are clusters, and launches that begin early */

int cr_cuda_gpu_has_clusters(const struct cr_cuda_gpu *g)
{
  return g->capability_major >= HOPPER;
}

/* attribute: [2] */
static struct cr_cu_launch make_launch(const struct cr_cuda_gpu *g, const struct cr_cuda_launch *l, cr_cu_stream stream,
                                       struct cr_cu_attribute *attribute)
{
  unsigned n = 0;
  if (l->cluster_blocks > 1)
    attribute[n++] = (struct cr_cu_attribute){.id = CR_CU_LAUNCH_CLUSTER, .dim = {l->cluster_blocks, 1, 1}};
  if (l->early && g->capability_major >= HOPPER)
    attribute[n++] = (struct cr_cu_attribute){.id = CR_CU_LAUNCH_EARLY, .value = {1}};
  return (struct cr_cu_launch){.grid = {l->blocks, 1, 1},
                               .block = {l->threads, 1, 1},
                               .smem_bytes = l->smem_bytes,
                               .stream = stream,
                               .attribute = attribute,
                               .n_attribute = n};
}

int cr_cuda_gpu_launch(const struct cr_cuda_gpu *g, cr_cu_function function, const struct cr_cuda_launch *l,
                       cr_cu_stream stream, void **param)
{
  struct cr_cu_attribute attribute[2];
  const struct cr_cu_launch launch = make_launch(g, l, stream, attribute);
  if (launch.n_attribute == 0)
    return g->driver.launch(function, l->blocks, 1, 1, l->threads, 1, 1, l->smem_bytes, stream, param, NULL);
  return g->driver.launch_with(&launch, function, param, NULL);
}

int cr_cuda_gpu_count_clusters(const struct cr_cuda_gpu *g, cr_cu_function function, const struct cr_cuda_launch *l,
                               int *n)
{
  struct cr_cu_attribute attribute[2];
  const struct cr_cu_launch launch = make_launch(g, l, NULL, attribute);
  *n = 0;
  return g->driver.occupancy_clusters(n, function, &launch);
}

cr_cu_address cr_cuda_gpu_counters(const struct cr_cuda_gpu *g, uint32_t slot)
{
  return g->counters + slot * sizeof(struct cr_standin_counters);
}

cr_cu_address cr_cuda_gpu_record(const struct cr_cuda_gpu *g, uint32_t slot)
{
  return g->record_address + slot * sizeof(struct cr_standin_record);
}

cr_cu_address cr_cuda_gpu_inner_record(const struct cr_cuda_gpu *g, uint32_t slot)
{
  return g->inner_record + slot * sizeof(struct cr_standin_record);
}

int cr_cuda_gpu_settle(struct cr_cuda_gpu *g, const char *what, struct cr_err *err)
{
  cr_ns until_ns = cr_ns_add(cr_monotonic_ns(), g->patience_ns);
  int error;
  while ((error = g->driver.stream_query(g->control)) == CR_CU_NOT_READY)
    if (cr_monotonic_ns() > until_ns) {
      g->hangs = 1;
      return cr_fail(err, CR_ERUN, "%s: it has not ended on the GPU for %.3g s; the run is given up", what,
                     (double)g->patience_ns / 1e9);
    }
  return cr_cuda_check(&g->driver, error, what, err);
}

int cr_cuda_gpu_fetch(struct cr_cuda_gpu *g, uint32_t first, uint32_t n, struct cr_standin_record *out,
                      struct cr_err *err)
{
  const struct cr_cuda_driver *d = &g->driver;
  int error = d->copy_d2h(out, cr_cuda_gpu_inner_record(g, first), n * sizeof *out, g->control);
  int rc = cr_cuda_check(d, error, "fetching records of launches", err);
  return rc ? rc : cr_cuda_gpu_settle(g, "fetching records of launches", err);
}

cr_cu_address cr_cuda_gpu_words(const struct cr_cuda_gpu *g, uint32_t first)
{
  return g->words + first * sizeof(uint32_t);
}

int cr_cuda_gpu_write(struct cr_cuda_gpu *g, uint32_t word, uint32_t value)
{
  int error = g->n_write == CR_CUDA_WRITES ? cr_cuda_gpu_flush(g) : CR_CU_OK;
  if (!error)
    g->write[g->n_write++] =
      (struct cr_cu_memory_op){.operation = CR_CU_WRITE_32, .to = cr_cuda_gpu_words(g, word), .value = value};
  return error;
}

int cr_cuda_gpu_flush(struct cr_cuda_gpu *g)
{
  uint32_t n = g->n_write;
  int error = CR_CU_OK;
  g->n_write = 0;
  if (n > 1 && g->write_batch)
    return g->write_batch(g->control, n, g->write, 0);
  for (uint32_t i = 0; !error && i < n; i++)
    error = g->driver.stream_write(g->control, g->write[i].to, (uint32_t)g->write[i].value, 0);
  return error;
}

const struct cr_standin_record *cr_cuda_gpu_ended(const struct cr_cuda_gpu *g, uint32_t slot)
{
  const struct cr_standin_record *r = &g->record[slot];
  return atomic_load_explicit(&r->end_ns, memory_order_acquire) ? r : NULL;
}

void cr_cuda_gpu_clear(struct cr_cuda_gpu *g, uint32_t slot)
{
  atomic_store_explicit(&g->record[slot].end_ns, 0, memory_order_relaxed); /* the launch comes after it */
}

cr_ns cr_cuda_gpu_host_ns(const struct cr_cuda_gpu *g, uint64_t gpu_ns)
{
  return (cr_ns)gpu_ns + g->clock_offset_ns;
}
