/* cuda_node.c - launches of a GPU node.
 *
 * All launches are of one shape: a block on each SM, w waves of them.  Alone it takes launch + w * (wave + rounds * round), which
 * three measurements place (ends by the GPU's timer, from the begin of its first block).  The shape belongs to a kernel of a workload
 * of its own, which nobody else sees; of its stand-in the rounds are chosen here, launch by launch. */
#include "config.h"

#include "sim/cuda_node.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/cuda_clock.h"
#include "sim/mem.h"

enum {
  SLOTS = 4096,
  THREADS = 224, /* a block, and */
  REGS = 168,    /* a thread: two blocks are beyond the registers of an SM of any GPU that there is */
  REPEATS = 9,   /* measurements of which the median counts */
  FEW = 64,      /* rounds of a short measurement, and */
  MANY = 1024,   /* of a long one: 0.2 ms on an H200 */
  WAVES = 16,    /* of one of several waves */
  TURN = 50,     /* waves of a launch of be work alone, a ms, and */
  SHORT_TURN =
    10, /* where be ranges take turns: the next one's launch is there already, so that no time is lost between them */
};

static const cr_ns WAVE_NS = 20000; /* a wave of be blocks, or less where it comes out even */
static const cr_ns LOOK_NS = 50000000;

enum state { IDLE, WAITS, ON, ENDED };

struct stream {
  cr_cu_stream stream;
  int is_rt;
  enum state state;
  uint64_t seq; /* in order of coming */
  uint32_t slot;
  uint32_t rounds, n_left, n_on; /* blocks that are left, and of these on the GPU */
  cr_ns want_ns, push_ns;        /* of the range; of the launch */
  struct cr_node_ran ran;
};

struct cr_cuda_node {
  struct cr_cuda_gpu gpu;
  struct cr_cuda_clock clock;
  struct cr_workload_builder *builder;
  struct cr_standins *standins;
  const char *name;
  struct stream *stream; /* [n_stream] */
  uint32_t n_stream;
  uint32_t owner;        /* rt stream whose range is on the GPU; CR_NONE: none */
  uint32_t turn;         /* be stream that had the last launch */
  uint32_t words, epoch; /* that be work obeys */
  uint64_t n_given;
  cr_ns end_ns, look_ns; /* of the last launch; when to look for one that hangs */
  double launch_ns, wave_ns, round_ns;
};

/* --- launches ----------------------------------------------------------------------------------------------------- */

/* Rounds with which n waves take so long. */
static uint32_t rounds_of(const struct cr_cuda_node *n, cr_ns ns, uint32_t n_wave)
{
  double rounds = (((double)ns - n->launch_ns) / n_wave - n->wave_ns) / n->round_ns;
  return rounds < 0 ? 0 : rounds > UINT32_MAX ? UINT32_MAX : (uint32_t)lrint(rounds);
}

static int push(struct cr_cuda_node *n, struct stream *s, uint32_t n_block, struct cr_err *err)
{
  const struct cr_standin_at at = {
    .slot = s->slot, .words = s->is_rt ? CR_NONE : n->words, .epoch = n->epoch, .first = s->slot, .n_block = n_block};
  cr_cuda_gpu_clear(&n->gpu, s->slot);
  s->n_on = n_block;
  s->push_ns = cr_monotonic_ns();
  s->state = ON;
  return cr_cuda_check(&n->gpu.driver, cr_standin_launch_rounds(n->standins, 0, s->rounds, &at, s->stream),
                       "the launch of a range of layers", err);
}

/* Blocks of be work that have not begun give up.  On the control stream, which waits for no kernel. */
static int evict(struct cr_cuda_node *n, struct cr_err *err)
{
  const struct cr_cuda_gpu *g = &n->gpu;
  int error = g->driver.stream_write(g->control, cr_cuda_gpu_words(g, n->words), n->epoch++, 0);
  return cr_cuda_check(&g->driver, error, "the word of a preemption", err);
}

static uint32_t first_rt(const struct cr_cuda_node *n)
{
  uint32_t first = CR_NONE;
  for (uint32_t i = 0; i < n->n_stream; i++) {
    const struct stream *s = &n->stream[i];
    if (s->state == WAITS && s->is_rt && (first == CR_NONE || s->seq < n->stream[first].seq))
      first = i;
  }
  return first;
}

static uint32_t count(const struct cr_cuda_node *n, enum state state)
{
  uint32_t n_in = 0;
  for (uint32_t i = 0; i < n->n_stream; i++)
    n_in += n->stream[i].state == state;
  return n_in;
}

/* Launched behind the word, it begins as the blocks of be work end: its stream goes first. */
static int begin_rt(struct cr_cuda_node *n, struct cr_err *err)
{
  struct stream *s = &n->stream[n->owner];
  s->ran.preempted = count(n, ON) > 0;
  int rc = s->ran.preempted ? evict(n, err) : CR_OK;
  return rc ? rc : push(n, s, s->n_left, err);
}

static int settle(struct cr_cuda_node *n, struct cr_err *err)
{
  if (n->owner != CR_NONE)
    return CR_OK;
  n->owner = first_rt(n);
  if (n->owner != CR_NONE)
    return begin_rt(n, err);
  uint32_t n_wave = count(n, ON) + count(n, WAITS) > 1 ? SHORT_TURN : TURN, last = n->turn;
  int rc = CR_OK;
  for (uint32_t i = 1; !rc && i <= n->n_stream; i++) {
    uint32_t k = (last + i) % n->n_stream;
    struct stream *s = &n->stream[k];
    if (s->state != WAITS)
      continue;
    rc = push(n, s, cr_min_u32(s->n_left, n_wave * (uint32_t)n->gpu.sms), err);
    n->turn = k;
  }
  return rc;
}

/* --- what has ended ----------------------------------------------------------------------------------------------- */

static cr_ns host_ns(const struct cr_cuda_node *n, uint64_t gpu_ns, cr_ns least_ns)
{
  return cr_max_ns(cr_min_ns(cr_cuda_gpu_host_ns(&n->gpu, gpu_ns), cr_monotonic_ns()), least_ns);
}

/* A launch begins when the one before it has ended, though some of its blocks may have found an SM before. */
static void end_launch(struct cr_cuda_node *n, struct stream *s, const struct cr_standin_record *r)
{
  cr_ns begin_ns = r->begin_ns ? host_ns(n, r->begin_ns, cr_max_ns(s->push_ns, n->end_ns)) : CR_NS_NEVER;
  cr_ns end_ns = host_ns(n, r->end_ns, begin_ns == CR_NS_NEVER ? s->push_ns : begin_ns);
  if (begin_ns != CR_NS_NEVER) {
    s->ran.start_ns = cr_min_ns(s->ran.start_ns, begin_ns);
    s->ran.ran_ns += end_ns - begin_ns;
  }
  n->end_ns = cr_max_ns(n->end_ns, end_ns);
  s->n_left -= cr_min_u32((uint32_t)r->n_worked, s->n_on);
  s->state = s->n_left ? WAITS : ENDED;
  s->ran.end_ns = end_ns;
  if (s->is_rt)
    n->owner = CR_NONE;
}

static int check_hang(struct cr_cuda_node *n, struct cr_err *err)
{
  cr_ns now_ns = cr_monotonic_ns();
  if (now_ns < n->look_ns)
    return CR_OK;
  n->look_ns = now_ns + LOOK_NS;
  for (uint32_t i = 0; i < n->n_stream; i++) {
    const struct stream *s = &n->stream[i];
    if (s->state != ON || now_ns - s->push_ns <= cr_ns_add(n->gpu.patience_ns, cr_muldiv(100, s->want_ns, 1)))
      continue;
    n->gpu.hangs = 1;
    return cr_fail(err, CR_ERUN,
                   "a range of layers has not ended on the GPU of node %s for %.3g s; the run is given up", n->name,
                   (double)(now_ns - s->push_ns) / 1e9);
  }
  int error = n->gpu.driver.stream_query(n->gpu.control);
  return error == CR_CU_NOT_READY ? CR_OK : cr_cuda_check(&n->gpu.driver, error, "the GPU", err);
}

int cr_cuda_node_look(struct cr_cuda_node *n, struct cr_err *err)
{
  int any = 0;
  for (uint32_t i = 0; i < n->n_stream; i++) {
    struct stream *s = &n->stream[i];
    const struct cr_standin_record *r = s->state == ON ? cr_cuda_gpu_ended(&n->gpu, s->slot) : NULL;
    if (!r)
      continue;
    cr_cuda_clock_saw(&n->clock, r->end_ns);
    end_launch(n, s, r);
    any = 1;
  }
  int rc = any ? settle(n, err) : CR_OK;
  return rc ? rc : check_hang(n, err);
}

/* --- what the host does ------------------------------------------------------------------------------------------- */

int cr_cuda_node_set_rt(struct cr_cuda_node *n, uint32_t stream, int is_rt, struct cr_err *err)
{
  const struct cr_cuda_gpu *g = &n->gpu;
  struct stream *s = &n->stream[stream];
  int error = CR_CU_OK;
  if (s->stream && s->is_rt == is_rt)
    return CR_OK;
  if (s->stream) /* it has another priority */
    error = g->driver.stream_free(s->stream);
  s->stream = NULL;
  s->is_rt = is_rt;
  error = error ? error
                : g->driver.stream_new(&s->stream, CR_CU_STREAM_NON_BLOCKING,
                                       is_rt ? g->priority_greatest : g->priority_least);
  return cr_cuda_check(&g->driver, error, "a stream on the GPU", err);
}

/* Of an rt range one wave; of a be range as many as make none longer than WAVE_NS. */
int cr_cuda_node_give(struct cr_cuda_node *n, uint32_t stream, const struct cr_node_work *work, struct cr_err *err)
{
  struct stream *s = &n->stream[stream];
  int is_idle = 1;
  assert(s->state == IDLE && s->stream);
  for (uint32_t i = 0; i < n->n_stream; i++)
    is_idle &= n->stream[i].state == IDLE || n->stream[i].state == ENDED;
  s->want_ns = 0;
  for (uint32_t i = 0; i < work->n; i++)
    s->want_ns = cr_ns_add(s->want_ns, work->layer_ns[i]);
  cr_ns n_wave = s->is_rt ? 1 : (s->want_ns + WAVE_NS - 1) / WAVE_NS, most = UINT32_MAX / (uint32_t)n->gpu.sms;
  n_wave = cr_min_ns(n_wave, most);
  s->rounds = rounds_of(n, s->want_ns, (uint32_t)n_wave);
  s->n_left = (uint32_t)n_wave * (uint32_t)n->gpu.sms;
  s->seq = n->n_given++;
  s->state = WAITS;
  s->ran = (struct cr_node_ran){.given_ns = cr_monotonic_ns(), .start_ns = CR_NS_NEVER, .found_idle = is_idle};
  return settle(n, err);
}

const struct cr_node_ran *cr_cuda_node_ended(struct cr_cuda_node *n, uint32_t stream)
{
  struct stream *s = &n->stream[stream];
  if (s->state != ENDED)
    return NULL;
  s->state = IDLE;
  return &s->ran;
}

void cr_cuda_node_tell(const struct cr_cuda_node *n, struct cr_live *out)
{
  char driver[32];
  snprintf(driver, sizeof driver, "%d.%d", n->gpu.driver_version / 1000, n->gpu.driver_version % 1000 / 10);
  cr_live_text(out, "gpu", n->gpu.name);
  cr_live_text(out, "driver", driver);
  cr_live_number(out, "clock_error_ns", (double)n->gpu.clock_error_ns);
}

/* --- making ------------------------------------------------------------------------------------------------------- */

/* The workload of one kernel, of one wave. */
static int make_shape(struct cr_cuda_node *n, const struct cr_workload **out, struct cr_err *err)
{
  struct cr_op_spec op = cr_op_unknown("layers of a node", CR_OP_KERNEL, WAVE_NS);
  op.gap_ns = 0;
  op.blocks = (uint32_t)n->gpu.sms;
  op.threads = THREADS;
  op.regs = REGS;
  op.smem_bytes = 0;
  const struct cr_model_spec model = cr_model_unknown("node", &op, 1);
  struct cr_client_spec client = {.name = "node",
                                  .weight = 1,
                                  .class = CR_BE,
                                  .deadline_ns = CR_NS_NEVER,
                                  .max_requests = CR_NONE,
                                  .arrival = {.kind = CR_ARRIVE_CLOSED, .depth = 1}};
  client.job.declared_ns = CR_NS_NEVER;
  client.job.persistent_bytes = client.job.ephemeral_bytes = CR_UNKNOWN;
  cr_client ignored;
  n->builder = cr_workload_builder_new();
  int rc = n->builder ? CR_OK : cr_fail_nomem(err, "a GPU node");
  rc = rc ? rc : cr_workload_add_model(n->builder, &model, &client.model, err);
  rc = rc ? rc : cr_workload_add_client(n->builder, &client, &ignored, err);
  return rc ? rc : cr_workload_seal(n->builder, out, err);
}

static int by_size(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* How long a launch of n waves takes alone. */
static int measure(struct cr_cuda_node *n, uint32_t n_wave, uint32_t rounds, double *ns, struct cr_err *err)
{
  struct cr_cuda_gpu *g = &n->gpu;
  const uint32_t slot = n->stream[0].slot;
  const struct cr_standin_at at = {
    .slot = slot, .words = n->words, .epoch = n->epoch, .first = slot, .n_block = n_wave * (uint32_t)g->sms};
  double took[REPEATS];
  for (int i = 0; i < REPEATS; i++) {
    cr_cuda_gpu_clear(g, slot);
    int rc = cr_cuda_check(&g->driver, cr_standin_launch_rounds(n->standins, 0, rounds, &at, g->control),
                           "measuring a launch of a node", err);
    rc = rc ? rc : cr_cuda_gpu_settle(g, "measuring a launch of a node", err);
    const struct cr_standin_record *r = rc ? NULL : cr_cuda_gpu_ended(g, slot);
    if (!r)
      return rc ? rc : cr_fail(err, CR_ERUN, "measuring a launch of a node: its end is not told");
    took[i] = (double)(r->end_ns - r->begin_ns);
  }
  qsort(took, REPEATS, sizeof *took, by_size);
  *ns = took[REPEATS / 2];
  return CR_OK;
}

static int place_line(struct cr_cuda_node *n, struct cr_err *err)
{
  double few_ns = 0, many_ns = 0, waves_ns = 0;
  int rc = measure(n, 1, FEW, &few_ns, err);
  rc = rc ? rc : measure(n, 1, MANY, &many_ns, err);
  rc = rc ? rc : measure(n, WAVES, FEW, &waves_ns, err);
  n->round_ns = fmax((many_ns - few_ns) / (MANY - FEW), 1e-3);
  double wave_ns = (waves_ns - few_ns) / (WAVES - 1);
  n->launch_ns = fmax(few_ns - wave_ns, 0);
  n->wave_ns = fmax(few_ns - n->launch_ns - FEW * n->round_ns, 0);
  return rc;
}

static int take_streams(struct cr_cuda_node *n, struct cr_err *err)
{
  int rc = CR_OK;
  n->stream = cr_mem_new(n->n_stream, sizeof *n->stream);
  if (!n->stream)
    return cr_fail_nomem(err, "a GPU node");
  for (uint32_t i = 0; !rc && i < n->n_stream; i++)
    rc = cr_cuda_gpu_take_slots(&n->gpu, 1, &n->stream[i].slot, err);
  rc = rc ? rc : cr_cuda_gpu_take_words(&n->gpu, &n->words, err);
  n->epoch = 1;
  rc = rc ? rc : evict(n, err); /* the first time takes some ms on an H200 */
  return rc ? rc : cr_cuda_gpu_settle(&n->gpu, "the word of a preemption", err);
}

int cr_cuda_node_new(const char *name, uint32_t n_stream, struct cr_cuda_node **out, struct cr_err *err)
{
  static const struct cr_device_desc plain = {.about = "its constants are not asked for"};
  const struct cr_workload *shape = NULL;
  struct cr_cuda_node *n = cr_mem_new(1, sizeof *n);
  if (!n)
    return cr_fail_nomem(err, "a GPU node");
  n->name = name;
  n->n_stream = n_stream ? n_stream : 1;
  n->owner = CR_NONE;
  int rc = cr_cuda_gpu_open(&n->gpu, SLOTS, err);
  rc = rc ? rc : take_streams(n, err);
  rc = rc ? rc : make_shape(n, &shape, err);
  rc = rc ? rc : cr_standins_new(&n->gpu, shape, &plain, &n->standins, err);
  rc = rc ? rc : cr_cuda_clock_set(&n->clock, &n->gpu, n->standins, err);
  rc = rc ? rc : place_line(n, err);
  if (rc) {
    cr_cuda_node_free(n);
    return rc;
  }
  *out = n;
  return CR_OK;
}

/* Whether all streams have done what they were given, in the time that the user grants. */
static int has_ended(const struct cr_cuda_node *n)
{
  cr_ns until_ns = cr_ns_add(cr_monotonic_ns(), n->gpu.patience_ns);
  for (uint32_t i = 0; i < n->n_stream; i++)
    while (n->stream[i].stream && n->gpu.driver.stream_query(n->stream[i].stream) == CR_CU_NOT_READY)
      if (cr_monotonic_ns() > until_ns)
        return 0;
  return 1;
}

void cr_cuda_node_free(struct cr_cuda_node *n)
{
  if (!n)
    return;
  if (n->gpu.driver.library) {
    n->gpu.hangs |= n->stream && !has_ended(n);
    for (uint32_t i = 0; n->stream && !n->gpu.hangs && i < n->n_stream; i++)
      if (n->stream[i].stream)
        n->gpu.driver.stream_free(n->stream[i].stream);
    cr_standins_free(n->standins);
    cr_cuda_gpu_close(&n->gpu);
  }
  cr_workload_builder_free(n->builder);
  cr_mem_free(n->stream);
  cr_mem_free(n);
}
