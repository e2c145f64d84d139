/* range_counter.c - the range profiler's calls in their order.
 *
 * What to count is made on the host, for the chip's name: the config image.  What was counted lies in another image, made
 * anew before each start.  Both are mapped, not taken from the program's heap. */
#include "config.h"

#include "cupti-collector/range_counter.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

static const char *const metric_name[CR_SPOOL_METRIC_N] = {
  [CR_SPOOL_DRAM_BYTES] = "dram__bytes.sum",
  [CR_SPOOL_L2_BYTES] = "lts__t_bytes.sum",
  [CR_SPOOL_INSTRUCTIONS] = "sm__inst_executed.sum",
  [CR_SPOOL_TENSOR_INSTRUCTIONS] = "sm__inst_executed_pipe_tensor.sum",
  [CR_SPOOL_FMA_INSTRUCTIONS] = "sm__inst_executed_pipe_fma.sum",
  [CR_SPOOL_FP64_INSTRUCTIONS] = "sm__inst_executed_pipe_fp64.sum",
  [CR_SPOOL_ACTIVE_WARPS] = "sm__warps_active.avg.per_cycle_active",
};

static int failed(const struct range_counter *r, int result, const char *call, char *why, size_t why_cap)
{
  int privileges = result == PROFILER_INSUFFICIENT_PRIVILEGES || result == PROFILER_VIRTUAL_INSUFFICIENT_PRIVILEGES;
  if (result)
    snprintf(why, why_cap, "kernels are not counted: %s: %s%s", call, cupti_calls_result(r->cupti, result),
             privileges ? "; the driver lets administrators alone read counters (NVreg_RestrictProfilingToAdminUsers)"
                        : "");
  return result;
}

static uint8_t *map(size_t n)
{
  void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return p == MAP_FAILED ? NULL : p;
}

static void unmap(uint8_t **p, size_t n)
{
  if (*p)
    munmap(*p, n);
  *p = NULL;
}

/* ---- the host's side: what to count ---- */

static void host_close(const struct range_counter *r, void **host)
{
  struct profiler_host_deinitialize p = {.n = PROFILER_BYTES(profiler_host_deinitialize, host), .host = *host};
  if (*host)
    (void)r->calls->host_deinitialize(&p);
  *host = NULL;
}

/* A host object that counts metrics; NULL with CUPTI's result in *result when this chip lacks one of them. */
static void *host_open(const struct range_counter *r, const char *chip, const uint8_t *availability,
                       const char **metric, size_t n, int *result)
{
  struct profiler_host_initialize p = {.n = PROFILER_BYTES(profiler_host_initialize, host),
                                       .kind = PROFILER_OF_RANGES,
                                       .chip = chip,
                                       .availability = availability};
  *result = r->calls->host_initialize(&p);
  if (*result)
    return NULL;
  struct profiler_host_add_metrics add = {
    .n = PROFILER_BYTES(profiler_host_add_metrics, n_metric), .host = p.host, .metric = metric, .n_metric = n};
  *result = r->calls->host_add_metrics(&add);
  if (*result)
    host_close(r, &p.host);
  return p.host;
}

/* Those metrics that the chip has, each tried alone: CUPTI does not say which of several it lacks. */
static int choose(struct range_counter *r, const char *chip, const uint8_t *availability)
{
  int first = 0, result;
  r->n_metric = 0;
  for (int m = 0; m < CR_SPOOL_METRIC_N; m++) {
    const char *name = metric_name[m];
    if (!r->with_fp && (m == CR_SPOOL_FMA_INSTRUCTIONS || m == CR_SPOOL_FP64_INSTRUCTIONS))
      continue;
    void *host = host_open(r, chip, availability, &name, 1, &result);
    first = first ? first : result;
    if (!host)
      continue;
    host_close(r, &host);
    r->is[r->n_metric] = (enum cr_spool_metric)m;
    r->metric[r->n_metric++] = name;
  }
  return r->n_metric ? 0 : first;
}

static int make_config(struct range_counter *r, char *why, size_t why_cap)
{
  struct profiler_host_image_size size = {.n = PROFILER_BYTES(profiler_host_image_size, n_image), .host = r->host};
  int result = r->calls->host_image_size(&size);
  if (failed(r, result, "cuptiProfilerHostGetConfigImageSize", why, why_cap))
    return result;
  r->n_config = size.n_image;
  r->config = map(r->n_config);
  struct profiler_host_image image = {
    .n = PROFILER_BYTES(profiler_host_image, image), .host = r->host, .n_image = r->n_config, .image = r->config};
  result = r->config ? r->calls->host_image(&image) : CUPTI_UNKNOWN_ERROR;
  if (failed(r, result, "cuptiProfilerHostGetConfigImage", why, why_cap))
    return result;
  struct profiler_host_passes passes = {
    .n = PROFILER_BYTES(profiler_host_passes, n_pass), .n_image = r->n_config, .image = r->config};
  result = r->calls->host_passes(&passes);
  r->n_pass = passes.n_pass;
  return failed(r, result, "cuptiProfilerHostGetNumOfPasses", why, why_cap);
}

/* Which counters this device has; chips known to CUPTI do without. */
static uint8_t *get_availability(const struct range_counter *r, size_t *n)
{
  struct profiler_availability p = {.n = PROFILER_BYTES(profiler_availability, image), .context = r->context};
  if (!r->calls->get_availability || r->calls->get_availability(&p) || !p.n_image)
    return NULL;
  *n = p.n_image;
  p.image = map(*n);
  if (p.image && r->calls->get_availability(&p))
    unmap(&p.image, *n);
  return p.image;
}

static int choose_and_configure(struct range_counter *r, char *why, size_t why_cap)
{
  struct profiler_chip_name chip = {.n = PROFILER_BYTES(profiler_chip_name, name)};
  int result = r->calls->get_device(r->context, &r->device);
  chip.device = r->device;
  result = result ? result : r->calls->get_chip_name(&chip);
  if (failed(r, result, "cuptiDeviceGetChipName", why, why_cap))
    return result;
  size_t n = 0;
  uint8_t *availability = get_availability(r, &n);
  result = choose(r, chip.name, availability);
  if (!result)
    r->host = host_open(r, chip.name, availability, r->metric, r->n_metric, &result);
  unmap(&availability, n);
  if (failed(r, result, "cuptiProfilerHostConfigAddMetrics", why, why_cap))
    return result;
  return make_config(r, why, why_cap);
}

/* ---- the device's side ---- */

static int make_room(struct range_counter *r, char *why, size_t why_cap)
{
  struct profiler_data_size size = {.n = PROFILER_BYTES(profiler_data_size, n_data),
                                    .profiler = r->profiler,
                                    .metric = r->metric,
                                    .n_metric = r->n_metric,
                                    .max_ranges = r->max_ranges,
                                    .max_nodes = (uint32_t)r->max_ranges};
  int result = r->calls->data_size(&size);
  if (failed(r, result, "cuptiRangeProfilerGetCounterDataSize", why, why_cap))
    return result;
  r->n_data = size.n_data;
  r->data = map(r->n_data);
  return failed(r, r->data ? 0 : CUPTI_UNKNOWN_ERROR, "no memory for counters", why, why_cap);
}

static int open(struct range_counter *r, char *why, size_t why_cap)
{
  struct profiler_initialize start = {.n = PROFILER_BYTES(profiler_initialize, zero)};
  int result = r->initialized ? 0 : r->calls->initialize(&start);
  if (failed(r, result, "cuptiProfilerInitialize", why, why_cap))
    return result;
  r->initialized = 1;
  result = choose_and_configure(r, why, why_cap);
  if (result)
    return result;
  struct profiler_enable enable = {.n = PROFILER_BYTES(profiler_enable, profiler), .context = r->context};
  result = r->calls->enable(&enable);
  if (failed(r, result, "cuptiRangeProfilerEnable", why, why_cap))
    return result;
  r->profiler = enable.profiler;
  return make_room(r, why, why_cap);
}

int range_counter_open(struct range_counter *r, void *context, size_t max_ranges, char *why, size_t why_cap)
{
  r->context = context;
  r->max_ranges = max_ranges;
  int result = open(r, why, why_cap);
  if (result)
    range_counter_close(r);
  return result;
}

int range_counter_start(struct range_counter *r, char *why, size_t why_cap)
{
  struct profiler_data_initialize init = {
    .n = PROFILER_BYTES(profiler_data_initialize, data), .profiler = r->profiler, .n_data = r->n_data, .data = r->data};
  memset(r->data, 0, r->n_data);
  int result = r->calls->data_initialize(&init);
  if (failed(r, result, "cuptiRangeProfilerCounterDataImageInitialize", why, why_cap))
    return result;
  struct profiler_config config = {.n = PROFILER_BYTES(profiler_config, target_nesting_level),
                                   .profiler = r->profiler,
                                   .n_image = r->n_config,
                                   .image = r->config,
                                   .n_data = r->n_data,
                                   .data = r->data,
                                   .range = PROFILER_AUTO_RANGE,
                                   .replay = PROFILER_KERNEL_REPLAY,
                                   .max_ranges = r->max_ranges,
                                   .nesting_levels = 1,
                                   .min_nesting_level = 1};
  result = r->calls->set_config(&config);
  if (failed(r, result, "cuptiRangeProfilerSetConfig", why, why_cap))
    return result;
  struct profiler_object start = {.n = PROFILER_BYTES(profiler_object, profiler), .profiler = r->profiler};
  result = r->calls->start(&start);
  r->running = !result;
  return failed(r, result, "cuptiRangeProfilerStart", why, why_cap);
}

int range_counter_stop(struct range_counter *r, size_t *n_range, size_t *n_dropped, char *why, size_t why_cap)
{
  struct profiler_stop stop = {.n = PROFILER_BYTES(profiler_stop, is_all_submitted), .profiler = r->profiler};
  int result = r->calls->stop(&stop);
  r->running = 0;
  if (failed(r, result, "cuptiRangeProfilerStop", why, why_cap))
    return result;
  struct profiler_decode decode = {.n = PROFILER_BYTES(profiler_decode, n_dropped), .profiler = r->profiler};
  result = r->calls->decode(&decode);
  if (failed(r, result, "cuptiRangeProfilerDecodeData", why, why_cap))
    return result;
  struct profiler_data_info info = {
    .n = PROFILER_BYTES(profiler_data_info, n_range), .data = r->data, .n_data = r->n_data};
  result = r->calls->data_info(&info);
  *n_range = info.n_range;
  *n_dropped = decode.n_dropped;
  return failed(r, result, "cuptiRangeProfilerGetCounterDataInfo", why, why_cap);
}

int range_counter_read(const struct range_counter *r, size_t i, double value[CR_SPOOL_METRIC_N], char *why,
                       size_t why_cap)
{
  double got[CR_SPOOL_METRIC_N] = {0};
  const char *metric[CR_SPOOL_METRIC_N];
  memcpy(metric, r->metric, sizeof metric);
  struct profiler_host_evaluate p = {.n = PROFILER_BYTES(profiler_host_evaluate, value),
                                     .host = r->host,
                                     .data = r->data,
                                     .n_data = r->n_data,
                                     .range = i,
                                     .metric = metric,
                                     .n_metric = r->n_metric,
                                     .value = got};
  int result = r->calls->host_evaluate(&p);
  if (failed(r, result, "cuptiProfilerHostEvaluateToGpuValues", why, why_cap))
    return result;
  for (int m = 0; m < CR_SPOOL_METRIC_N; m++)
    value[m] = (double)NAN;
  for (size_t k = 0; k < r->n_metric; k++)
    value[r->is[k]] = got[k];
  return 0;
}

void range_counter_close(struct range_counter *r)
{
  struct profiler_object p = {.n = PROFILER_BYTES(profiler_object, profiler), .profiler = r->profiler};
  if (r->profiler)
    (void)r->calls->disable(&p);
  host_close(r, &r->host);
  unmap(&r->config, r->n_config);
  unmap(&r->data, r->n_data);
  r->context = r->profiler = NULL;
  r->running = 0;
}
