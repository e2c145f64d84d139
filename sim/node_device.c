/* node_device.c - the workers of a node, and how be work shares what rt work leaves.
 *
 * What be work has left is counted in 2^-16 ns as of one instant, since which all of it goes at one rate; it is brought up to
 * date only when the rate changes, so that looking in between changes nothing.  Who runs is decided in settle(), when all
 * that starts and ends at the instant is known. */
#include "config.h"

#include "sim/node_device.h"

#include <assert.h>

#include "sim/mem.h"

enum { LEFT_BITS = 16 };

struct stream {
  int is_rt;
  int has_op, has_begun, is_new; /* is_new: not yet seen by settle() */
  int is_first;                  /* its op begins a range */
  uint32_t op;
  uint64_t seq;      /* of its range, in order of coming */
  cr_ns duration_ns; /* of its op */
  cr_ns ran_ns;      /* of that, without what it takes to tell the next node */
  int64_t left_q16;  /* of a be op, as of the node's since_ns */
  cr_ns start_ns;
};

struct node {
  const struct cr_device_desc *device;
  const struct cr_op_spec *op;
  struct stream *stream; /* [n_stream] */
  uint32_t n_stream, id; /* id: of the device */
  uint32_t owner;        /* rt stream whose range runs; CR_NONE: none */
  cr_ns owner_end_ns;
  uint32_t n_be; /* be ops seen by settle() */
  int be_runs;
  cr_ns be_since_ns; /* be work runs without a break since then */
  cr_ns since_ns;    /* left_q16 is as of then */
  cr_ns now_ns, next_ns;
  uint64_t n_seq;
  struct cr_use use;
};

cr_ns cr_node_preempt_ns(const struct cr_device_desc *d)
{
  const struct cr_node_desc *n = &d->node;
  if (d->kind == CR_DEVICE_GPU_NODE)
    return n->cpu_preempt_ns + cr_max_ns(n->gpu_preempt_ns, n->gpu_copy_ns);
  return n->cpu_preempt_ns;
}

static int node_make(const struct cr_device_model_cfg *cfg, void **self, struct cr_err *err)
{
  struct node *n = cr_mem_new(1, sizeof *n);
  if (!n)
    return cr_fail_nomem(err, "a node");
  *n = (struct node){.device = cfg->device,
                     .op = cfg->op,
                     .n_stream = cfg->n_stream,
                     .id = cfg->number,
                     .owner = CR_NONE,
                     .next_ns = CR_NS_NEVER};
  n->stream = cr_mem_new(cfg->n_stream ? cfg->n_stream : 1, sizeof *n->stream);
  if (!n->stream) {
    cr_mem_free(n);
    return cr_fail_nomem(err, "a node");
  }
  n->use.dram_bytes = (double)CR_UNKNOWN;
  *self = n;
  return CR_OK;
}

static void node_free(void *self)
{
  struct node *n = self;
  if (n)
    cr_mem_free(n->stream);
  cr_mem_free(n);
}

static void node_set_priority(void *self, uint32_t stream, int32_t priority)
{
  struct node *n = self;
  n->stream[stream].is_rt = priority < 0;
}

static void node_set_share(void *self, uint32_t stream, uint32_t group, uint32_t sms)
{
  (void)self, (void)stream, (void)group, (void)sms; /* refused before a run: sim/needs.c */
}

/* --- be work ------------------------------------------------------------------------------------------------------ */

/* What each be op has done since since_ns. */
static int64_t be_done_q16(const struct node *n, cr_ns at_ns)
{
  return n->be_runs ? cr_muldiv(at_ns - n->since_ns, INT64_C(1) << LEFT_BITS, n->n_be) : 0;
}

/* The first ns at which an op that has so much left is done. */
static cr_ns be_end_ns(const struct node *n, int64_t left_q16)
{
  if (left_q16 <= 0)
    return n->since_ns;
  cr_ns ns = cr_muldiv(left_q16, n->n_be, INT64_C(1) << LEFT_BITS); /* to the nearest */
  return cr_ns_add(n->since_ns, ns + (be_done_q16(n, n->since_ns + ns) < left_q16));
}

/* Brings what is left up to date, before the rate changes. */
static void fold(struct node *n)
{
  int64_t done = be_done_q16(n, n->now_ns);
  for (uint32_t i = 0; done && i < n->n_stream; i++)
    if (n->stream[i].has_op && !n->stream[i].is_rt && !n->stream[i].is_new)
      n->stream[i].left_q16 -= done;
  n->since_ns = n->now_ns;
}

static int is_be(const struct stream *s)
{
  return s->has_op && !s->is_rt && !s->is_new;
}

/* --- who runs ----------------------------------------------------------------------------------------------------- */

/* Of the layer alone. */
static cr_ns own_time(const struct node *n, const struct cr_layer_start *l)
{
  const struct cr_op_spec *op = &n->op[l->op];
  const struct cr_layer_time *t = &op->layer[l->row * op->n_layer + n->id];
  cr_ns ns = t->exec_ns + t->misc_ns;
  if (l->is_first)
    ns += t->hd_ns;
  if (l->is_last)
    ns += t->dh_ns;
  return cr_max_ns(cr_muldiv(ns, l->actual_ppm, 1000000), 1);
}

/* The rt range that came first of those that wait. */
static uint32_t first_rt(const struct node *n)
{
  uint32_t first = CR_NONE;
  for (uint32_t i = 0; i < n->n_stream; i++) {
    const struct stream *s = &n->stream[i];
    if (s->has_op && s->is_rt && (first == CR_NONE || s->seq < n->stream[first].seq))
      first = i;
  }
  return first;
}

/* The owner's op starts, if it has not. */
static void begin_rt(struct node *n, cr_ns late_ns)
{
  struct stream *s = &n->stream[n->owner];
  if (s->has_begun)
    return;
  s->has_begun = 1;
  s->start_ns = cr_ns_add(n->now_ns, late_ns);
  n->owner_end_ns = cr_ns_add(s->start_ns, s->duration_ns);
}

/* Be ops that came at this instant join the others. */
static void admit_be(struct node *n)
{
  for (uint32_t i = 0; i < n->n_stream; i++) {
    struct stream *s = &n->stream[i];
    if (!s->is_new)
      continue;
    s->is_new = 0;
    if (s->is_rt)
      continue;
    fold(n);
    n->n_be++;
    s->left_q16 = (s->duration_ns << LEFT_BITS) + be_done_q16(n, n->now_ns);
  }
}

static void find_next(struct node *n)
{
  n->next_ns = n->owner != CR_NONE ? n->owner_end_ns : CR_NS_NEVER;
  for (uint32_t i = 0; n->be_runs && i < n->n_stream; i++)
    if (is_be(&n->stream[i]))
      n->next_ns = cr_min_ns(n->next_ns, cr_max_ns(be_end_ns(n, n->stream[i].left_q16), n->now_ns));
}

/* Be work runs, or stands still; what starts now for the first time has its start noted. */
static void let_be(struct node *n, int runs)
{
  runs = runs && n->n_be > 0;
  if (runs != n->be_runs) {
    fold(n);
    n->be_runs = runs;
    n->be_since_ns = n->now_ns;
  }
  for (uint32_t i = 0; runs && i < n->n_stream; i++) {
    struct stream *s = &n->stream[i];
    if (!is_be(s) || s->has_begun)
      continue;
    s->has_begun = 1;
    s->start_ns = n->now_ns;
  }
}

static void node_settle(void *self)
{
  struct node *n = self;
  int found_be = n->be_runs && n->be_since_ns < n->now_ns;
  admit_be(n);
  if (n->owner != CR_NONE && !n->stream[n->owner].has_op) /* its range has ended */
    n->owner = CR_NONE;
  if (n->owner != CR_NONE && n->stream[n->owner].is_first && !n->stream[n->owner].has_begun)
    n->owner = CR_NONE; /* its stream has begun another range, which takes its turn */
  if (n->owner == CR_NONE && (n->owner = first_rt(n)) != CR_NONE)
    begin_rt(n, found_be ? cr_node_preempt_ns(n->device) : 0);
  if (n->owner != CR_NONE)
    begin_rt(n, 0);
  let_be(n, n->owner == CR_NONE);
  find_next(n);
}

/* --- calls -------------------------------------------------------------------------------------------------------- */

static void node_start_layer(void *self, uint32_t stream, const struct cr_layer_start *layer)
{
  struct node *n = self;
  struct stream *s = &n->stream[stream];
  assert(!s->has_op);
  s->has_op = s->is_new = 1;
  s->has_begun = 0;
  s->is_first = layer->is_first;
  s->op = layer->op;
  s->ran_ns = own_time(n, layer);
  s->duration_ns = s->ran_ns + (layer->is_last && !layer->is_final ? n->device->node.notify_ns : 0);
  if (layer->is_first)
    s->seq = n->n_seq++;
  n->next_ns = n->now_ns; /* settle() decides */
}

static cr_ns node_next_ns(const void *self)
{
  const struct node *n = self;
  return n->next_ns;
}

static void count_time(struct node *n, cr_ns to_ns)
{
  double ns = (double)(to_ns - n->now_ns);
  if (n->owner == CR_NONE && !n->be_runs)
    return;
  n->use.busy_ns += ns;
  n->use.sm_ns += ns * n->device->sms;
}

static void end_op(struct node *n, uint32_t stream, struct cr_gpu_end *out)
{
  struct stream *s = &n->stream[stream];
  s->has_op = 0;
  n->use.n_kernel++;
  *out = (struct cr_gpu_end){.stream = stream, .op = s->op, .start_ns = s->start_ns, .ran_ns = s->ran_ns};
}

static uint32_t node_advance(void *self, cr_ns to_ns, struct cr_gpu_end *out, uint32_t cap)
{
  struct node *n = self;
  uint32_t n_end = 0, n_left = n->n_be;
  count_time(n, to_ns);
  n->now_ns = to_ns;
  if (to_ns < n->next_ns)
    return 0;
  for (uint32_t i = 0; i < n->n_stream && n_end < cap; i++) {
    struct stream *s = &n->stream[i];
    if (n->owner == i && s->has_op && s->has_begun && n->owner_end_ns <= to_ns) {
      end_op(n, i, &out[n_end++]);
    } else if (n->be_runs && is_be(s) && be_end_ns(n, s->left_q16) <= to_ns) {
      end_op(n, i, &out[n_end++]);
      n_left--;
    }
  }
  if (n_left != n->n_be) { /* the others go faster */
    fold(n);
    n->n_be = n_left;
    n->be_runs = n->be_runs && n_left > 0;
  }
  find_next(n);
  return n_end;
}

static void node_use(const void *self, struct cr_use *out)
{
  *out = ((const struct node *)self)->use;
}

static void node_occupied(const void *self, uint32_t *sms_busy, uint32_t *warps)
{
  const struct node *n = self;
  *sms_busy = n->owner != CR_NONE || n->be_runs ? n->device->sms : 0;
  *warps = 0;
}

const struct cr_device_model_ops cr_device_node = {
  .name = "node",
  .about = "an rt worker and a be worker, which run layers of known times",
  .make = node_make,
  .free = node_free,
  .set_priority = node_set_priority,
  .set_share = node_set_share,
  .start_layer = node_start_layer,
  .next_ns = node_next_ns,
  .advance = node_advance,
  .settle = node_settle,
  .use = node_use,
  .occupied = node_occupied,
};
