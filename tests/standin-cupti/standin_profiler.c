/* standin_profiler.c - the range profiler of the stand-in for libcupti: kernels that a program launches become ranges, whose
 * counters follow from the kernel's name and grid.
 *
 * A chip of name GH100 that counts in one pass, and in two when FP pipes are counted.  What it refuses stands in STANDIN, as in standin_cupti.c:
 *
 *   profile     result of cuptiRangeProfilerEnable
 *   start       result of cuptiRangeProfilerStart, from the second on where it is negative
 *   evaluate    result of cuptiProfilerHostEvaluateToGpuValues
 *   passes      of each kernel, in place of these
 *   ranges      room for so many ranges between start and stop, whatever is asked for
 *   spare       so many ranges more than launches
 *   lacks       1: this chip has no pipe for fp64
 *   launch_ms   how long a launch takes */
#include "config.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "cupti-collector/profiler_abi.h"
#include "tests/standin-cupti/standin_cupti.h"

enum { HOSTS = 64, METRICS = 16, RANGES = 100000 };

struct host {
  int is_open;
  size_t n_metric;
};

static struct {
  pthread_mutex_t lock; /* one launch at a time, while it counts */
  int initialized, configured, running;
  size_t n_range, n_dropped, max_ranges;
  double range[RANGES][2]; /* blocks, first letter of the name */
  uint64_t n_run;          /* kernels, each pass for itself */
  long n_start, n_pass;
  void *context;
  struct host host[HOSTS];
} sp = {.lock = PTHREAD_MUTEX_INITIALIZER};

int cuptiProfilerInitialize(struct profiler_initialize *p);
int cuptiGetDeviceId(void *context, uint32_t *device);
int cuptiDeviceGetChipName(struct profiler_chip_name *p);
int cuptiProfilerGetCounterAvailability(struct profiler_availability *p);
int cuptiProfilerHostInitialize(struct profiler_host_initialize *p);
int cuptiProfilerHostDeinitialize(struct profiler_host_deinitialize *p);
int cuptiProfilerHostConfigAddMetrics(struct profiler_host_add_metrics *p);
int cuptiProfilerHostGetConfigImageSize(struct profiler_host_image_size *p);
int cuptiProfilerHostGetConfigImage(struct profiler_host_image *p);
int cuptiProfilerHostGetNumOfPasses(struct profiler_host_passes *p);
int cuptiProfilerHostEvaluateToGpuValues(struct profiler_host_evaluate *p);
int cuptiRangeProfilerEnable(struct profiler_enable *p);
int cuptiRangeProfilerDisable(struct profiler_object *p);
int cuptiRangeProfilerStart(struct profiler_object *p);
int cuptiRangeProfilerStop(struct profiler_stop *p);
int cuptiRangeProfilerSetConfig(struct profiler_config *p);
int cuptiRangeProfilerDecodeData(struct profiler_decode *p);
int cuptiRangeProfilerGetCounterDataSize(struct profiler_data_size *p);
int cuptiRangeProfilerCounterDataImageInitialize(struct profiler_data_initialize *p);
int cuptiRangeProfilerGetCounterDataInfo(struct profiler_data_info *p);

/* ---- launches ---- */

static void run(const struct cupti_launch *launch, const char *name)
{
  long ms = standin_setting("launch_ms", 0);
  struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
  if (ms)
    nanosleep(&t, NULL);
  sp.n_run += sp.running ? (uint64_t)standin_setting("passes", sp.n_pass) : 1;
  if (!sp.running)
    return;
  if (sp.n_range == sp.max_ranges) {
    sp.n_dropped++;
    return;
  }
  sp.range[sp.n_range][0] = (double)launch->grid[0] * launch->grid[1] * launch->grid[2];
  sp.range[sp.n_range++][1] = name[0];
}

void standin_launch(const char *name, const struct cupti_launch *launch, void *context, enum standin_launch how)
{
  int result = how == STANDIN_LAUNCH_FAILS ? 700 : 0;
  const struct cupti_launch_config config = {.grid = {launch->grid[0], launch->grid[1], launch->grid[2]},
                                             .block = {launch->block[0], launch->block[1], launch->block[2]},
                                             .shared_bytes = launch->shared_bytes};
  const struct cupti_launch_ex ex = {&config, launch->function};
  int is_ex = how == STANDIN_LAUNCH_EX;
  struct cupti_api_data d = {.site = CUPTI_SITE_ENTER,
                             .params = is_ex ? (const void *)&ex : launch,
                             .result = &result,
                             .symbol = name,
                             .context = context,
                             .context_id = 1};
  uint32_t cbid = is_ex ? STANDIN_CBID_LAUNCH_EX : STANDIN_CBID_LAUNCH;
  standin_driver(cbid, &d);
  pthread_mutex_lock(&sp.lock);
  if (how != STANDIN_LAUNCH_FAILS && how != STANDIN_LAUNCH_CAPTURED && (!sp.running || context == sp.context))
    run(launch, name);
  pthread_mutex_unlock(&sp.lock);
  d.site = CUPTI_SITE_EXIT;
  standin_driver(cbid, &d);
}

/* A graph's launch is one range, of no kernel. */
void standin_graph_launch(void)
{
  static const struct cupti_launch none = {.grid = {9, 9, 9}};
  struct cupti_api_data d = {.site = CUPTI_SITE_ENTER};
  standin_driver(STANDIN_CBID_GRAPH_LAUNCH, &d);
  pthread_mutex_lock(&sp.lock);
  run(&none, "graph");
  pthread_mutex_unlock(&sp.lock);
  d.site = CUPTI_SITE_EXIT;
  standin_driver(STANDIN_CBID_GRAPH_LAUNCH, &d);
}

/* Counting while a stream is captured ends the capture, as any call that waits does: -1. */
int standin_capture(int begin)
{
  int result = 0;
  struct cupti_api_data d = {.site = CUPTI_SITE_ENTER, .result = &result};
  uint32_t cbid = begin ? STANDIN_CBID_BEGIN_CAPTURE : STANDIN_CBID_END_CAPTURE;
  standin_driver(cbid, &d);
  int broken = sp.running;
  d.site = CUPTI_SITE_EXIT;
  standin_driver(cbid, &d);
  return broken ? -1 : 0;
}

uint64_t standin_runs(void)
{
  return sp.n_run;
}

/* ---- the host's side ---- */

int cuptiProfilerInitialize(struct profiler_initialize *p)
{
  sp.initialized = 1;
  return p->n == 16 ? CUPTI_OK : 1;
}

int cuptiGetDeviceId(void *context, uint32_t *device)
{
  *device = context ? 3 : 0;
  return context ? CUPTI_OK : 1;
}

int cuptiDeviceGetChipName(struct profiler_chip_name *p)
{
  p->name = "GH100";
  return sp.initialized && p->device == 3 ? CUPTI_OK : CUPTI_NOT_INITIALIZED;
}

int cuptiProfilerGetCounterAvailability(struct profiler_availability *p)
{
  if (p->image && p->n_image)
    p->image[0] = 1;
  p->n_image = 8;
  return CUPTI_OK;
}

int cuptiProfilerHostInitialize(struct profiler_host_initialize *p)
{
  for (size_t i = 0; i < HOSTS; i++)
    if (!sp.host[i].is_open) {
      sp.host[i] = (struct host){.is_open = 1};
      p->host = &sp.host[i];
      return !strcmp(p->chip, "GH100") && p->availability && *p->availability == 1 ? CUPTI_OK : 1;
    }
  return CUPTI_UNKNOWN_ERROR;
}

int cuptiProfilerHostDeinitialize(struct profiler_host_deinitialize *p)
{
  struct host *h = p->host;
  h->is_open = 0;
  return CUPTI_OK;
}

/* A metric of this chip, for a kernel of so many blocks and a name; -1: it has none of that name. */
static double value_of(const char *metric, double blocks, double letter)
{
  const struct {
    const char *name;
    double value;
  } of[] = {
    {"dram__bytes.sum", 4096 * blocks + letter},
    {"lts__t_bytes.sum", 8192 * blocks + letter},
    {"sm__inst_executed.sum", 1000 * blocks},
    {"sm__inst_executed_pipe_tensor.sum", 100 * blocks},
    {"sm__inst_executed_pipe_fma.sum", 50 * blocks},
    {"sm__inst_executed_pipe_fp64.sum", standin_setting("lacks", 0) ? -1 : 0},
    {"sm__warps_active.avg.per_cycle_active", 2.5},
  };
  for (size_t i = 0; i < sizeof of / sizeof *of; i++)
    if (!strcmp(of[i].name, metric))
      return of[i].value;
  return -1;
}

int cuptiProfilerHostConfigAddMetrics(struct profiler_host_add_metrics *p)
{
  struct host *h = p->host;
  for (size_t i = 0; i < p->n_metric; i++)
    if (value_of(p->metric[i], 1, 'k') < 0)
      return 1; /* as the real one does */
  h->n_metric += p->n_metric;
  sp.n_pass = h->n_metric > 5 ? 2 : 1;
  return CUPTI_OK;
}

int cuptiProfilerHostGetConfigImageSize(struct profiler_host_image_size *p)
{
  const struct host *h = p->host;
  p->n_image = 64 * h->n_metric;
  return CUPTI_OK;
}

int cuptiProfilerHostGetConfigImage(struct profiler_host_image *p)
{
  const struct host *h = p->host;
  if (p->n_image < 64 * h->n_metric)
    return 1;
  memset(p->image, 'c', p->n_image);
  return CUPTI_OK;
}

int cuptiProfilerHostGetNumOfPasses(struct profiler_host_passes *p)
{
  p->n_pass = (size_t)standin_setting("passes", sp.n_pass);
  return p->image[0] == 'c' ? CUPTI_OK : 1;
}

int cuptiProfilerHostEvaluateToGpuValues(struct profiler_host_evaluate *p)
{
  const struct host *h = p->host;
  double range[2];
  size_t at = 8 + p->range * sizeof range;
  if (standin_setting("evaluate", 0))
    return (int)standin_setting("evaluate", 0);
  if (at + sizeof range > p->n_data || p->n_metric != h->n_metric)
    return 1;
  memcpy(range, p->data + at, sizeof range);
  for (size_t i = 0; i < p->n_metric; i++)
    p->value[i] = value_of(p->metric[i], range[0], range[1]);
  return CUPTI_OK;
}

/* ---- the device's side; the counter image is how many ranges there are, and each ---- */

int cuptiRangeProfilerEnable(struct profiler_enable *p)
{
  sp.context = p->context;
  p->profiler = &sp;
  return (int)standin_setting("profile", CUPTI_OK);
}

int cuptiRangeProfilerDisable(struct profiler_object *p)
{
  sp.running = sp.configured = 0;
  return p->profiler == &sp ? CUPTI_OK : 1;
}

int cuptiRangeProfilerGetCounterDataSize(struct profiler_data_size *p)
{
  p->n_data = 8 + p->max_ranges * 2 * sizeof(double);
  return p->max_nodes >= p->max_ranges ? CUPTI_OK : 1;
}

int cuptiRangeProfilerCounterDataImageInitialize(struct profiler_data_initialize *p)
{
  memset(p->data, 0, p->n_data);
  return CUPTI_OK;
}

static uint8_t *image;

int cuptiRangeProfilerSetConfig(struct profiler_config *p)
{
  size_t most = (size_t)standin_setting("ranges", RANGES);
  if (p->range != PROFILER_AUTO_RANGE || p->replay != PROFILER_KERNEL_REPLAY || p->nesting_levels != 1 || !p->n_image ||
      p->image[0] != 'c')
    return 1;
  sp.configured = 1;
  sp.max_ranges = p->max_ranges < most ? p->max_ranges : most;
  image = p->data;
  return CUPTI_OK;
}

int cuptiRangeProfilerStart(struct profiler_object *p)
{
  long result = standin_setting("start", 0);
  if (!sp.configured || sp.running || p->profiler != &sp)
    return 7; /* CUPTI_ERROR_INVALID_OPERATION */
  if (result > 0 || (result < 0 && sp.n_start))
    return (int)(result < 0 ? -result : result);
  sp.n_start++;
  sp.running = 1;
  sp.n_range = sp.n_dropped = 0;
  return CUPTI_OK;
}

int cuptiRangeProfilerStop(struct profiler_stop *p)
{
  if (!sp.running)
    return 7;
  sp.running = 0;
  p->is_all_submitted = 1;
  return CUPTI_OK;
}

int cuptiRangeProfilerDecodeData(struct profiler_decode *p)
{
  uint64_t n = sp.n_range + (uint64_t)standin_setting("spare", 0);
  memcpy(image, &n, sizeof n);
  memcpy(image + 8, sp.range, sp.n_range * sizeof *sp.range);
  p->n_dropped = sp.n_dropped;
  return CUPTI_OK;
}

int cuptiRangeProfilerGetCounterDataInfo(struct profiler_data_info *p)
{
  uint64_t n = 0;
  memcpy(&n, p->data, sizeof n);
  p->n_range = n;
  return CUPTI_OK;
}
