/* counting.c - which kernels are counted, and which counters are whose.
 *
 * CUPTI numbers ranges by the order of launches and does not say of which kernel they are, so the callback before each launch
 * notes the kernel, and the i-th note has the i-th range.  That holds while launches come one after the other: a second one
 * waits until the first has returned (CUPTI runs kernels one at a time anyway), and where it cannot be waited for, the batch
 * is thrown away.
 *
 * Counting pauses around what would be a range of no known kernel or must not be disturbed: launches of CUDA graphs (CUPTI
 * counts one as a single range), streams that are captured, kernels in a second context.  It ends after max_kernels, and the
 * program goes on as if alone. */
#include "config.h"

#include "cupti-collector/counting.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { LAUNCH_WAIT_S = 2, WRITER_WAIT_S = 10, CBID_GAP = 64, WHY_BYTES = 256 };

enum act { PASS, LAUNCH, LAUNCH_EX, LAUNCH_UNKNOWN, LAUNCH_GRAPH, BEGIN_CAPTURE, END_CAPTURE };

static enum act act_of(const char *name)
{
  static const struct {
    const char *begin;
    enum act act;
  } acts[] = {
    {"cuLaunchHostFunc", PASS},
    {"cuLaunchKernelEx", LAUNCH_EX},
    {"cuLaunchKernel", LAUNCH},
    {"cuLaunchCooperativeKernelMultiDevice", LAUNCH_UNKNOWN},
    {"cuLaunchCooperativeKernel", LAUNCH},
    {"cuLaunch", LAUNCH_UNKNOWN},
    {"cuGraphLaunch", LAUNCH_GRAPH},
    {"cuStreamBeginCapture", BEGIN_CAPTURE},
    {"cuStreamEndCapture", END_CAPTURE},
  };
  for (size_t i = 0; i < sizeof acts / sizeof *acts; i++)
    if (!strncmp(name, acts[i].begin, strlen(acts[i].begin)))
      return acts[i].act;
  return PASS;
}

static void set_on(struct counting *c, int on)
{
  __atomic_store_n(&c->on, on, __ATOMIC_RELEASE);
}

static int is_on(const struct counting *c)
{
  return __atomic_load_n(&c->on, __ATOMIC_ACQUIRE);
}

static void set_owner(struct counting *c)
{
  __atomic_store_n(&c->owner, pthread_self(), __ATOMIC_RELAXED);
  __atomic_store_n(&c->busy, 1, __ATOMIC_RELEASE);
}

static void take_lock(struct counting *c)
{
  pthread_mutex_lock(&c->lock);
  set_owner(c);
}

static void leave_lock(struct counting *c)
{
  __atomic_store_n(&c->busy, 0, __ATOMIC_RELEASE);
  pthread_mutex_unlock(&c->lock);
}

/* CUPTI's own calls, made for us, may come back as callbacks. */
static int is_ours(const struct counting *c)
{
  return __atomic_load_n(&c->busy, __ATOMIC_ACQUIRE) &&
         pthread_equal(__atomic_load_n(&c->owner, __ATOMIC_RELAXED), pthread_self());
}

/* ---- the counter ---- */

static void give_up(struct counting *c, int result, const char *why)
{
  set_on(c, 0);
  c->on_warning(result, why);
  range_counter_close(&c->counter);
}

static void read_values(struct counting *c, uint32_t i)
{
  char why[WHY_BYTES];
  struct counted_kernel *k = &c->batch.kernel[i];
  k->counted.device = c->counter.device;
  if (range_counter_read(&c->counter, i, k->counted.value, why, sizeof why)) {
    k->known = 0;
    c->n_dropped++;
  }
}

/* Ends the batch: its kernels get their counters and go to the writer. */
static void end_batch(struct counting *c)
{
  char why[WHY_BYTES];
  size_t n_range = 0, n_dropped = 0;
  struct counted_batch *b = &c->batch;
  if (!c->counter.running)
    return;
  int result = range_counter_stop(&c->counter, &n_range, &n_dropped, why, sizeof why);
  if (result) {
    c->n_dropped += b->n;
    b->n = 0;
    give_up(c, result, why);
    return;
  }
  if (c->tangled || n_range > b->n) {
    c->n_tangled += b->n;
    b->n = 0;
  } else if (n_range < b->n) {
    c->n_dropped += b->n - n_range;
    b->n = (uint32_t)n_range;
  }
  c->tangled = 0;
  for (uint32_t i = 0; i < b->n; i++)
    read_values(c, i);
  if (b->n && !counted_batch_hand_over(b, c->wake, c->wake_ctx, WRITER_WAIT_S)) {
    c->n_dropped += b->n;
    give_up(c, 0, "kernels are not counted any more: the thread that writes does not get on");
  }
}

static void say_passes(const struct counting *c)
{
  char text[WHY_BYTES];
  if (c->counter.n_pass < 2)
    return;
  snprintf(
    text, sizeof text,
    "kernels are counted in %zu passes: each runs as often, and DRAM bytes hold what restoring memory in between moves",
    c->counter.n_pass);
  c->on_warning(0, text);
}

/* Has the counter run for a kernel in this context; whether it does. */
static int begin_batch(struct counting *c, void *context)
{
  char why[WHY_BYTES];
  int result = 0;
  if (c->counter.running)
    return 1;
  if (!c->counter.context) {
    result = range_counter_open(&c->counter, context, COUNTED_BATCH, why, sizeof why);
    if (!result)
      say_passes(c);
  }
  if (!result)
    result = range_counter_start(&c->counter, why, sizeof why);
  if (result)
    give_up(c, result, why);
  return !result;
}

/* ---- launches ---- */

static void note_shape(const struct counting *c, enum act act, const void *params, struct counted_kernel *k)
{
  const struct cupti_launch_ex *ex = params;
  struct cupti_launch launch;
  struct cr_spool_shape *s = &k->shape;
  int registers = 0, shared_bytes = 0;
  if (act == LAUNCH) {
    memcpy(&launch, params, sizeof launch);
  } else {
    launch = (struct cupti_launch){.function = ex->function, .shared_bytes = ex->config->shared_bytes};
    memcpy(launch.grid, ex->config->grid, sizeof launch.grid);
    memcpy(launch.block, ex->config->block, sizeof launch.block);
  }
  memset(s, 0, sizeof *s);
  for (int i = 0; i < 3; i++) {
    s->grid[i] = (int32_t)launch.grid[i];
    s->block[i] = (int32_t)launch.block[i];
  }
  int code = c->calls.function_attribute(&registers, CUDA_FUNCTION_REGISTERS, launch.function);
  if (code && c->calls.kernel_function && !c->calls.kernel_function(&launch.function, launch.function))
    code = c->calls.function_attribute(&registers, CUDA_FUNCTION_REGISTERS, launch.function);
  code = code ? code : c->calls.function_attribute(&shared_bytes, CUDA_FUNCTION_SHARED_BYTES, launch.function);
  s->registers = (uint32_t)registers;
  s->static_shared_bytes = shared_bytes;
  s->dynamic_shared_bytes = (int32_t)launch.shared_bytes;
  k->known = !code;
}

static void note(struct counting *c, enum act act, const struct cupti_api_data *d)
{
  struct counted_kernel *k = &c->batch.kernel[c->batch.n++];
  note_shape(c, act, d->params, k);
  c->n_unknown += !k->known;
  memset(&k->counted, 0, sizeof k->counted);
  k->counted.number = c->n_kernel++;
  k->counted.context = d->context_id;
  snprintf(k->name, sizeof k->name, "%s", d->symbol ? d->symbol : "");
  c->noted = 1;
}

static void wait_for_launches(struct counting *c)
{
  struct timespec until;
  int rc = 0;
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_sec += LAUNCH_WAIT_S;
  __atomic_store_n(&c->busy, 0, __ATOMIC_RELEASE);
  while (c->n_launching && rc != ETIMEDOUT)
    rc = pthread_cond_timedwait(&c->on_leave, &c->lock, &until);
  set_owner(c);
  if (c->n_launching)
    c->tangled = 1;
}

/* Whether the kernel that is about to be launched is one to count; what is not is counted as such. */
static int is_wanted(struct counting *c, const struct cupti_api_data *d)
{
  if (c->n_capturing) /* into a graph: nothing runs */
    return 0;
  if (c->counter.context && c->counter.context != d->context) {
    c->n_other++;
    return 0;
  }
  return 1;
}

static void enter_launch(struct counting *c, enum act act, const struct cupti_api_data *d)
{
  if (c->n_launching)
    wait_for_launches(c);
  c->n_launching++;
  c->noted = 0;
  if (!is_wanted(c, d))
    return;
  if (c->batch.n == COUNTED_BATCH || c->n_kernel == c->max_kernels)
    end_batch(c);
  if (c->n_kernel == c->max_kernels && is_on(c)) {
    char text[WHY_BYTES];
    snprintf(text, sizeof text, "kernels beyond the first %" PRIu64 " are not counted (--kernels)", c->max_kernels);
    give_up(c, 0, text);
  }
  if (is_on(c) && begin_batch(c, d->context))
    note(c, act, d);
}

static void leave_launch(struct counting *c, const struct cupti_api_data *d)
{
  const int *result = d->result;
  c->n_launching -= c->n_launching > 0;
  if (c->noted && result && *result && c->batch.n) { /* what was not launched has no range */
    c->batch.n--;
    c->n_kernel--;
  }
  c->noted = 0;
  pthread_cond_broadcast(&c->on_leave);
}

static void enter(struct counting *c, enum act act, const struct cupti_api_data *d)
{
  switch (act) {
  case LAUNCH:
  case LAUNCH_EX:
    enter_launch(c, act, d);
    return;
  case LAUNCH_UNKNOWN:
    c->n_unknown++;
    end_batch(c);
    return;
  case LAUNCH_GRAPH:
    c->n_graph++;
    end_batch(c);
    return;
  case BEGIN_CAPTURE:
    c->n_capturing++;
    end_batch(c);
    return;
  default:
    return;
  }
}

static void leave(struct counting *c, enum act act, const struct cupti_api_data *d)
{
  const int *result = d->result;
  if (act == LAUNCH || act == LAUNCH_EX)
    leave_launch(c, d);
  else if ((act == BEGIN_CAPTURE && result && *result) || act == END_CAPTURE)
    c->n_capturing -= c->n_capturing > 0;
}

static void on_driver(struct counting *c, uint32_t cbid, const struct cupti_api_data *d)
{
  enum act act = cbid < sizeof c->act ? (enum act)c->act[cbid] : PASS;
  if (act == PASS)
    return;
  take_lock(c);
  if (!is_on(c))
    pthread_cond_broadcast(&c->on_leave);
  else if (d->site == CUPTI_SITE_ENTER)
    enter(c, act, d);
  else
    leave(c, act, d);
  leave_lock(c);
}

/* A context that ends takes its counters along; the next one may be counted. */
static void on_context_end(struct counting *c, const struct cupti_resource_data *d)
{
  take_lock(c);
  if (c->counter.context && c->counter.context == d->context) {
    end_batch(c);
    range_counter_close(&c->counter);
  }
  leave_lock(c);
}

static void on_call(void *userdata, uint32_t domain, uint32_t cbid, const void *data)
{
  struct counting *c = userdata;
  if (!is_on(c) || is_ours(c))
    return;
  if (domain == CUPTI_DOMAIN_DRIVER)
    on_driver(c, cbid, data);
  else if (domain == CUPTI_DOMAIN_RESOURCE && cbid == CUPTI_RESOURCE_CONTEXT_ENDS)
    on_context_end(c, data);
}

/* ---- begin and end ---- */

static void init_locks(struct counting *c)
{
  pthread_condattr_t attr;
  pthread_mutex_init(&c->lock, NULL);
  pthread_condattr_init(&attr);
  pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
  pthread_cond_init(&c->on_leave, &attr);
  pthread_condattr_destroy(&attr);
}

/* Asks for callbacks of the driver's calls that matter, found by name: their numbers grow with each version.  How many are
 * launches. */
static int watch(struct counting *c)
{
  int n = 0;
  uint32_t last = 0;
  for (uint32_t cbid = 1; cbid < sizeof c->act && cbid < last + CBID_GAP; cbid++) {
    const char *name = NULL;
    if (c->cupti->get_callback_name(CUPTI_DOMAIN_DRIVER, cbid, &name) || !name)
      continue;
    last = cbid;
    enum act act = act_of(name);
    if (act == PASS || c->cupti->enable_callback(1, c->handle, CUPTI_DOMAIN_DRIVER, cbid))
      continue;
    c->act[cbid] = (uint8_t)act;
    n += act == LAUNCH || act == LAUNCH_EX;
  }
  (void)c->cupti->enable_callback(1, c->handle, CUPTI_DOMAIN_RESOURCE, CUPTI_RESOURCE_CONTEXT_ENDS);
  return n;
}

void counting_init(struct counting *c)
{
  init_locks(c);
  counted_batch_init(&c->batch);
}

int counting_start(struct counting *c, const struct cupti_calls *cupti, char *why, size_t why_cap)
{
  c->cupti = cupti;
  if (profiler_calls_find(&c->calls, cupti, why, why_cap))
    return -1;
  c->counter.cupti = cupti;
  c->counter.calls = &c->calls;
  if (!c->batch.kernel) {
    snprintf(why, why_cap, "kernels are not counted: no memory");
    return -1;
  }
  int result = cupti->subscribe(&c->handle, on_call, c);
  if (result) {
    snprintf(why, why_cap, "kernels are not counted: CUPTI refuses a subscriber: %s%s",
             cupti_calls_result(cupti, result),
             result == CUPTI_MULTIPLE_SUBSCRIBERS ? "; another profiler is in this program" : "");
    return result;
  }
  set_on(c, 1);
  if (watch(c))
    return 0;
  set_on(c, 0);
  cupti->unsubscribe(c->handle);
  snprintf(why, why_cap, "kernels are not counted: this libcupti tells of no launches");
  return -1;
}

static void say(const struct counting *c, uint64_t n, const char *what)
{
  char text[WHY_BYTES];
  snprintf(text, sizeof text, "%" PRIu64 " %s", n, what);
  if (n)
    c->on_warning(0, text);
}

void counting_finish(struct counting *c)
{
  take_lock(c);
  if (is_on(c))
    end_batch(c);
  set_on(c, 0);
  leave_lock(c);
  say(c, c->n_graph,
      "launches of CUDA graphs are not counted, since CUPTI counts a graph as one; kernels that are launched outside "
      "of a "
      "graph, too, as in its warm-up, are");
  say(c, c->n_other, "kernels are not counted, in another CUDA context (of another GPU) than the first");
  say(c, c->n_unknown, "launches are not counted, of which CUPTI or the driver do not tell the kernel");
  say(c, c->n_tangled,
      "kernels are not counted, launched by several threads at a time or with more ranges than launches");
  say(c, c->n_dropped, "kernels are not counted, of which CUPTI has no counters");
}

void counting_before_fork(struct counting *c)
{
  take_lock(c);
  pthread_mutex_lock(&c->batch.lock);
}

void counting_after_fork(struct counting *c)
{
  pthread_mutex_unlock(&c->batch.lock);
  leave_lock(c);
}

void counting_in_child(struct counting *c)
{
  set_on(c, 0);
  c->busy = 0;
  init_locks(c);
  counted_batch_in_child(&c->batch);
}
