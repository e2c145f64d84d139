/* gpu_node.c - layers in phases: copies and the core's part here, kernels in the model of the GPU.
 *
 * A stream's layer goes through the phases below in order, leaving out those it has not.  A phase ends at a time of its own, or
 * when its last kernel ends, or, of a copy that waits for its engine, is still to begin.  Who begins is decided in settle(),
 * when all that comes and ends at the instant is known. */
#include "config.h"

#include "sim/gpu_node.h"

#include <assert.h>

#include "sim/mem.h"

enum phase { WAITS, COPY_IN, KERNELS, CORE, COPY_OUT, NOTIFY, DONE };
enum { IN, OUT, N_ENGINE };

struct stream {
  int is_rt;
  int has_op, has_begun;
  enum phase phase;
  cr_ns phase_end_ns; /* CR_NS_NEVER: another end, or it has not begun */
  uint32_t n_left;    /* kernels, the one that runs included */
  struct cr_layer_start layer;
  uint64_t seq; /* of its range, in order of coming */
  cr_ns start_ns;
  cr_ns kernel_end_ns; /* of its last one, of whatever range */
};

struct gpu_node {
  struct cr_device_model gpu;
  const struct cr_device_desc *device;
  const struct cr_op_spec *op;
  struct stream *stream;  /* [n_stream] */
  struct cr_gpu_end *end; /* [n_stream] */
  uint32_t n_stream, id;
  uint32_t owner;            /* rt stream whose range runs; CR_NONE: none */
  uint32_t copies[N_ENGINE]; /* stream whose copy is under way; CR_NONE: none */
  uint32_t n_be;             /* be streams with an op */
  cr_ns be_since_ns;         /* there is one without a break since then */
  uint64_t n_seq, n_layer;
  cr_ns now_ns;
  int unsettled;
};

static const struct cr_layer_time *time_of(const struct gpu_node *n, const struct stream *s)
{
  const struct cr_op_spec *op = &n->op[s->layer.op];
  return &op->layer[s->layer.row * op->n_layer + n->id];
}

/* --- making ------------------------------------------------------------------------------------------------------- */

/* A layer that launches nothing takes a nanosecond, the least there is. */
static int is_known(const struct cr_layer_time *t)
{
  return t->exec_ns == CR_NS_NEVER || t->exec_ns == 1 || t->n_op > 0;
}

static int check_layers(const struct cr_device_model_cfg *cfg, struct cr_err *err)
{
  for (uint32_t i = 0; i < cfg->n_op; i++) {
    const struct cr_op_spec *op = &cfg->op[i];
    if (op->kind == CR_OP_LAYER && !is_known(&op->layer[cfg->number]))
      return cr_fail(
        err, CR_EINPUT,
        "layer %s has no recorded kernels, and on node %s the kernels of %s are followed; take the layers of "
        "its model from a trace, or leave the GPU of the node unnamed",
        op->name, cfg->device->name, cfg->device->node.gpu->name);
  }
  return CR_OK;
}

static void gpu_node_free(void *self)
{
  struct gpu_node *n = self;
  if (!n)
    return;
  if (n->gpu.self)
    n->gpu.ops->free(n->gpu.self);
  cr_mem_free(n->stream);
  cr_mem_free(n->end);
  cr_mem_free(n);
}

static int gpu_node_make(const struct cr_device_model_cfg *cfg, void **self, struct cr_err *err)
{
  struct cr_device_model_cfg inner = *cfg;
  int rc = check_layers(cfg, err);
  if (rc)
    return rc;
  struct gpu_node *n = cr_mem_new(1, sizeof *n);
  if (!n)
    return cr_fail_nomem(err, "a node");
  *n = (struct gpu_node){.gpu = {.ops = cr_device_model_of(cfg->model->fidelity)},
                         .device = cfg->device,
                         .op = cfg->op,
                         .n_stream = cfg->n_stream,
                         .id = cfg->number,
                         .owner = CR_NONE,
                         .copies = {CR_NONE, CR_NONE}};
  n->stream = cr_mem_new(cfg->n_stream ? cfg->n_stream : 1, sizeof *n->stream);
  n->end = cr_mem_new(cfg->n_stream ? cfg->n_stream : 1, sizeof *n->end);
  inner.device = cfg->device->node.gpu;
  if (!n->stream || !n->end)
    rc = cr_fail_nomem(err, "a node");
  rc = rc ? rc : n->gpu.ops->make(&inner, &n->gpu.self, err);
  if (rc) {
    gpu_node_free(n);
    return rc;
  }
  *self = n;
  return CR_OK;
}

static void gpu_node_set_priority(void *self, uint32_t stream, int32_t priority)
{
  struct gpu_node *n = self;
  n->stream[stream].is_rt = priority < 0;
  n->gpu.ops->set_priority(n->gpu.self, stream, priority < 0 ? n->device->node.gpu->priority_greatest : 0);
}

static void gpu_node_set_share(void *self, uint32_t stream, uint32_t group, uint32_t sms)
{
  (void)self, (void)stream, (void)group, (void)sms; /* refused before a run: sim/needs.c */
}

/* --- phases ------------------------------------------------------------------------------------------------------- */

/* How long a phase with a time of its own takes; 0: it is left out. */
static cr_ns phase_ns(const struct gpu_node *n, const struct stream *s, enum phase phase)
{
  const struct cr_layer_time *t = time_of(n, s);
  const struct cr_layer_start *l = &s->layer;
  switch (phase) {
  case COPY_IN:
    return l->is_first ? t->hd_ns : 0;
  case CORE:
    return t->misc_ns;
  case COPY_OUT:
    return l->is_last ? t->dh_ns : 0;
  case NOTIFY:
    return l->is_last && !l->is_final ? n->device->node.notify_ns : 0;
  default:
    return 0;
  }
}

static void start_kernel(struct gpu_node *n, uint32_t stream)
{
  struct stream *s = &n->stream[stream];
  const struct cr_layer_time *t = time_of(n, s);
  n->gpu.ops->start(n->gpu.self, stream, t->op0 + t->n_op - s->n_left, s->kernel_end_ns,
                    cr_max_ns(s->layer.launched_ns, s->start_ns));
}

/* The next phase that the layer has, from now on; copies wait for settle(). */
static void next_phase(struct gpu_node *n, uint32_t stream)
{
  struct stream *s = &n->stream[stream];
  s->phase_end_ns = CR_NS_NEVER;
  do
    s->phase++;
  while (s->phase != DONE && (s->phase == KERNELS ? s->n_left == 0 : phase_ns(n, s, s->phase) == 0));
  if (s->phase == KERNELS)
    start_kernel(n, stream);
  else if (s->phase == CORE || s->phase == NOTIFY)
    s->phase_end_ns = cr_ns_add(n->now_ns, phase_ns(n, s, s->phase));
  else if (s->phase == DONE)
    s->phase_end_ns = n->now_ns;
  n->unsettled = 1;
}

static void begin_layer(struct gpu_node *n, uint32_t stream, cr_ns late_ns)
{
  struct stream *s = &n->stream[stream];
  s->has_begun = 1;
  s->start_ns = cr_ns_add(n->now_ns, late_ns);
  if (late_ns)
    s->phase_end_ns = s->start_ns; /* of WAITS */
  else
    next_phase(n, stream);
}

/* --- who goes next ------------------------------------------------------------------------------------------------ */

/* The rt range that came first of those that wait. */
static uint32_t first_rt(const struct gpu_node *n)
{
  uint32_t first = CR_NONE;
  for (uint32_t i = 0; i < n->n_stream; i++) {
    const struct stream *s = &n->stream[i];
    if (s->has_op && s->is_rt && (first == CR_NONE || s->seq < n->stream[first].seq))
      first = i;
  }
  return first;
}

static void settle_rt(struct gpu_node *n)
{
  const struct stream *s = n->owner == CR_NONE ? NULL : &n->stream[n->owner];
  if (s && (!s->has_op || (s->layer.is_first && !s->has_begun))) /* its range has ended; the next takes its turn */
    n->owner = CR_NONE;
  int is_free = n->owner == CR_NONE, found_be = n->n_be > 0 && n->be_since_ns < n->now_ns;
  if (is_free)
    n->owner = first_rt(n);
  if (n->owner != CR_NONE && !n->stream[n->owner].has_begun)
    begin_layer(n, n->owner, is_free && found_be ? n->device->node.cpu_preempt_ns : 0);
}

static void settle_be(struct gpu_node *n)
{
  for (uint32_t i = 0; i < n->n_stream; i++)
    if (n->stream[i].has_op && !n->stream[i].is_rt && !n->stream[i].has_begun)
      begin_layer(n, i, 0);
}

/* The copy that gets a free engine: an rt one, then the one whose range came first. */
static uint32_t first_copy(const struct gpu_node *n, enum phase phase)
{
  uint32_t first = CR_NONE;
  for (uint32_t i = 0; i < n->n_stream; i++) {
    const struct stream *s = &n->stream[i], *f = first == CR_NONE ? NULL : &n->stream[first];
    if (!s->has_op || s->phase != phase)
      continue;
    if (!f || s->is_rt > f->is_rt || (s->is_rt == f->is_rt && s->seq < f->seq))
      first = i;
  }
  return first;
}

static void settle_copies(struct gpu_node *n)
{
  for (uint32_t k = 0; k < N_ENGINE; k++) {
    enum phase phase = k == IN ? COPY_IN : COPY_OUT;
    if (n->copies[k] != CR_NONE || (n->copies[k] = first_copy(n, phase)) == CR_NONE)
      continue;
    struct stream *s = &n->stream[n->copies[k]];
    s->phase_end_ns = cr_ns_add(n->now_ns, phase_ns(n, s, phase));
  }
}

static void gpu_node_settle(void *self)
{
  struct gpu_node *n = self;
  settle_rt(n);
  settle_be(n);
  settle_copies(n);
  n->gpu.ops->settle(n->gpu.self);
  n->unsettled = 0;
}

/* --- calls -------------------------------------------------------------------------------------------------------- */

static void gpu_node_start_layer(void *self, uint32_t stream, const struct cr_layer_start *layer)
{
  struct gpu_node *n = self;
  struct stream *s = &n->stream[stream];
  assert(!s->has_op && layer->actual_ppm == 1000000);
  s->has_op = 1;
  s->has_begun = 0;
  s->phase = WAITS;
  s->phase_end_ns = CR_NS_NEVER;
  s->layer = *layer;
  s->n_left = time_of(n, s)->n_op;
  if (layer->is_first)
    s->seq = n->n_seq++;
  if (!s->is_rt && n->n_be++ == 0)
    n->be_since_ns = n->now_ns;
  n->unsettled = 1;
}

static cr_ns gpu_node_next_ns(const void *self)
{
  const struct gpu_node *n = self;
  cr_ns next_ns = n->unsettled ? n->now_ns : n->gpu.ops->next_ns(n->gpu.self);
  for (uint32_t i = 0; i < n->n_stream; i++)
    if (n->stream[i].has_op)
      next_ns = cr_min_ns(next_ns, n->stream[i].phase_end_ns);
  return next_ns;
}

static void end_kernels(struct gpu_node *n, uint32_t n_end)
{
  for (uint32_t i = 0; i < n_end; i++) {
    struct stream *s = &n->stream[n->end[i].stream];
    n->unsettled = 1;
    s->kernel_end_ns = n->now_ns;
    if (--s->n_left)
      start_kernel(n, n->end[i].stream);
    else
      next_phase(n, n->end[i].stream);
  }
}

/* Its phase is over at this instant. */
static void end_phase(struct gpu_node *n, uint32_t stream)
{
  for (uint32_t k = 0; k < N_ENGINE; k++)
    if (n->copies[k] == stream)
      n->copies[k] = CR_NONE;
  next_phase(n, stream);
}

static void end_layer(struct gpu_node *n, uint32_t stream, struct cr_gpu_end *out)
{
  struct stream *s = &n->stream[stream];
  s->has_op = 0;
  n->n_layer++;
  n->n_be -= !s->is_rt;
  *out = (struct cr_gpu_end){.stream = stream, .op = s->layer.op, .start_ns = s->start_ns};
}

static uint32_t gpu_node_advance(void *self, cr_ns to_ns, struct cr_gpu_end *out, uint32_t cap)
{
  struct gpu_node *n = self;
  uint32_t n_end = 0;
  n->now_ns = to_ns;
  end_kernels(n, n->gpu.ops->advance(n->gpu.self, to_ns, n->end, n->n_stream));
  for (uint32_t i = 0; i < n->n_stream && n_end < cap; i++) {
    struct stream *s = &n->stream[i];
    if (s->has_op && s->phase != DONE && s->phase_end_ns <= to_ns)
      end_phase(n, i);
    if (s->has_op && s->phase == DONE)
      end_layer(n, i, &out[n_end++]);
  }
  return n_end;
}

static void gpu_node_use(const void *self, struct cr_use *out)
{
  const struct gpu_node *n = self;
  n->gpu.ops->use(n->gpu.self, out);
  out->sm_ns /= n->device->node.gpu->sms; /* the node has one core, and is as busy as its GPU */
}

static void gpu_node_occupied(const void *self, uint32_t *sms_busy, uint32_t *warps)
{
  const struct gpu_node *n = self;
  n->gpu.ops->occupied(n->gpu.self, sms_busy, warps);
  *sms_busy = *sms_busy > 0;
}

const struct cr_device_model_ops cr_device_gpu_node = {
  .name = "gpu-node",
  .about = "an rt worker and a be worker over a GPU whose kernels are followed",
  .make = gpu_node_make,
  .free = gpu_node_free,
  .set_priority = gpu_node_set_priority,
  .set_share = gpu_node_set_share,
  .start_layer = gpu_node_start_layer,
  .next_ns = gpu_node_next_ns,
  .advance = gpu_node_advance,
  .settle = gpu_node_settle,
  .use = gpu_node_use,
  .occupied = gpu_node_occupied,
};
