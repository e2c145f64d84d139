/* live_nodes.c - streams of ranges over the nodes of a machine in real time. */
#include "config.h"

#include "sim/live_nodes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sim/cores.h"
#include "sim/cpu_node.h"
#include "sim/cuda_gpu.h"
#include "sim/cuda_node.h"
#include "sim/hist.h"
#include "sim/mem.h"
#include "sim/needs.h"

enum { OFF_PPM = 30000, CHECKS = 3 };
static const cr_ns OFF_NS = 10000;       /* what a range takes counts as recorded if it is off by less, or by OFF_PPM */
static const cr_ns CHECK_NS = 100000000; /* of measuring the layers of a node, at most */
static const cr_ns LOOK_NS = 50000000;   /* the longest wait without looking around */
static const cr_ns SPIN_NS = 80000;      /* sleep ends so long before what is due, and the rest is spun */
static const cr_ns SHARED_NAP_NS = 20000; /* between two looks of a host thread that shares its core */

struct range {
  struct cr_act act;
  cr_ns launch_ns;
  uint32_t next; /* of the same stream, or free */
};

struct stream {
  uint32_t device, head, tail; /* ranges in order, of which the head was given to the node */
  cr_ns end_ns;                /* of the last one */
};

/* One of both. */
struct node {
  const struct cr_device_desc *desc;
  struct cr_cpu_node *cpu;
  struct cr_cuda_node *gpu;
  uint16_t *core; /* [n_core] of a CPU node */
  struct cr_use use;
};

/* How far layers were off alone, and ranges in the run. */
struct match {
  uint32_t n;
  double mean_off, worst_off, sum_wanted_ns, sum_took_ns;
};

struct cr_live_nodes {
  const struct cr_workload *workload;
  const struct cr_observer *observer;
  struct cr_cores mine;  /* of the thread that calls, as it came */
  int shares;            /* there are not enough */
  struct node *node;     /* [n_node] */
  struct stream *stream; /* [stream_cap] */
  struct range *range;   /* [range_cap] */
  cr_ns *layer_ns;       /* [longest model] scratch */
  struct cr_event *told; /* [told_cap], of which n_told were not taken yet, in order */
  struct cr_hist *start, *preempt, *notice;
  struct match alone, inside;
  uint32_t n_node, stream_cap, n_stream, range_cap, free_range, n_held, n_told, told_cap, n_core;
  cr_ns origin_ns;
};

/* --- what a range takes ------------------------------------------------------------------------------------------- */

/* Of each layer, as sim/node_device.c has it, into layer_ns; their sum. */
static cr_ns find_times(struct cr_live_nodes *n, uint32_t device, const struct cr_act *a)
{
  cr_ns sum_ns = 0;
  for (uint32_t i = 0; i < a->n_op; i++) {
    const struct cr_op_spec *op = &n->workload->op[a->op0 + i];
    const struct cr_layer_time *t = &op->layer[a->row * op->n_layer + device];
    cr_ns ns = t->exec_ns + t->misc_ns + (i == 0 ? t->hd_ns : 0) + (i + 1 == a->n_op ? t->dh_ns : 0);
    n->layer_ns[i] = cr_max_ns(cr_muldiv(ns, a->actual_ppm, 1000000), 1);
    sum_ns += n->layer_ns[i];
  }
  return sum_ns;
}

static void note_match(struct match *m, cr_ns wanted_ns, cr_ns took_ns)
{
  double off = fabs((double)took_ns / (double)wanted_ns - 1);
  m->sum_wanted_ns += (double)wanted_ns;
  m->sum_took_ns += (double)took_ns;
  m->mean_off += (off - m->mean_off) / ++m->n;
  m->worst_off = fmax(m->worst_off, off);
}

/* --- a node, of either kind --------------------------------------------------------------------------------------- */

static int set_rt(struct node *k, uint32_t stream, int is_rt, struct cr_err *err)
{
  if (k->gpu)
    return cr_cuda_node_set_rt(k->gpu, stream, is_rt, err);
  cr_cpu_node_set_rt(k->cpu, stream, is_rt);
  return CR_OK;
}

static int give(struct node *k, uint32_t stream, const struct cr_node_work *work, struct cr_err *err)
{
  if (k->gpu)
    return cr_cuda_node_give(k->gpu, stream, work, err);
  cr_cpu_node_give(k->cpu, stream, work);
  return CR_OK;
}

static const struct cr_node_ran *ended(struct node *k, uint32_t stream)
{
  return k->gpu ? cr_cuda_node_ended(k->gpu, stream) : cr_cpu_node_ended(k->cpu, stream);
}

static int look_at(struct node *k, struct cr_err *err)
{
  return k->gpu ? cr_cuda_node_look(k->gpu, err) : CR_OK;
}

static void nap(cr_ns ns)
{
  struct timespec t = {.tv_nsec = (long)ns};
  nanosleep(&t, NULL);
}

/* How long one layer takes alone, the median of some. */
static int time_layer(struct cr_live_nodes *n, struct node *k, cr_ns wanted_ns, cr_ns *took_ns, struct cr_err *err)
{
  cr_ns took[CHECKS];
  for (int i = 0; i < CHECKS; i++) {
    const struct cr_node_ran *ran = NULL;
    int rc = give(k, 0, &(struct cr_node_work){.layer_ns = &wanted_ns, .n = 1}, err);
    while (!rc && !(ran = ended(k, 0))) {
      rc = look_at(k, err);
      if (n->shares)
        nap(SHARED_NAP_NS);
    }
    if (rc)
      return rc;
    int at = i;
    for (; at > 0 && took[at - 1] > ran->ran_ns; at--)
      took[at] = took[at - 1];
    took[at] = ran->ran_ns;
  }
  *took_ns = took[CHECKS / 2];
  return CR_OK;
}

/* Layers that may run on the node, one request's, as long as there is time for: every STEP-th first, so that all models have some. */
static int check_node(struct cr_live_nodes *n, uint32_t device, struct cr_err *err)
{
  enum { STEP = 7 };
  const struct cr_workload *w = n->workload;
  cr_ns until_ns = cr_monotonic_ns() + CHECK_NS;
  int rc = set_rt(&n->node[device], 0, 0, err);
  for (uint32_t first = 0; first < STEP; first++)
    for (uint32_t i = first; !rc && i < w->n_op && cr_monotonic_ns() < until_ns; i += STEP) {
      const struct cr_layer_time *t = w->op[i].kind == CR_OP_LAYER ? &w->op[i].layer[device] : NULL;
      if (!t || t->exec_ns == CR_NS_NEVER || t->exec_ns + t->misc_ns > CHECK_NS / CHECKS)
        continue;
      cr_ns wanted_ns = cr_max_ns(t->exec_ns + t->misc_ns, 1), took_ns = 0;
      rc = time_layer(n, &n->node[device], wanted_ns, &took_ns, err);
      if (!rc)
        note_match(&n->alone, wanted_ns, took_ns);
    }
  return rc;
}

/* --- making ------------------------------------------------------------------------------------------------------- */

static int check_needs(const struct cr_backend_cfg *cfg, const struct cr_device_desc *d, struct cr_err *err)
{
  const struct cr_needs needs = {.caps = cfg->needs, .policy = cfg->policy, .has_processes = cfg->has_processes};
  struct cr_gpu_model model;
  int rc = cr_gpu_model_parse(d, cfg->set, &model, err);
  rc = rc ? rc : cr_needs_check(&needs, cfg->workload, d, &model, err);
  if (!rc && d->node.gpu)
    rc =
      cr_fail(err, CR_EINPUT,
              "on node %s the kernels of %s are followed, and backend cuda runs layers as a whole; leave `follow` out",
              d->name, d->node.gpu->name);
  return rc;
}

static int check_machine(const struct cr_backend_cfg *cfg, struct cr_err *err)
{
  uint32_t n_gpu = 0;
  int rc = CR_OK;
  if (cfg->has_processes)
    return cr_fail(err, CR_EINPUT, "backend cuda is one process; policy %s takes turns between several", cfg->policy);
  for (uint32_t i = 0; !rc && i < cfg->machine->n_device; i++) {
    n_gpu += cfg->machine->device[i].kind == CR_DEVICE_GPU_NODE;
    rc = check_needs(cfg, &cfg->machine->device[i], err);
  }
  if (!rc && n_gpu > 1)
    rc = cr_fail(err, CR_EINPUT, "backend cuda runs on one GPU, and %u nodes of the scenario have one", n_gpu);
  return rc;
}

static int find_cores(struct cr_live_nodes *n, const struct cr_machine *m, struct cr_err *err)
{
  const char *text = getenv("CORUN_SHARE_CORES");
  int may_share = text && strcmp(text, "1") == 0;
  if (text && *text && !may_share && strcmp(text, "0") != 0)
    return cr_fail(err, CR_EINPUT, "CORUN_SHARE_CORES: '%s' is not possible; it is 1 or 0", text);
  int rc = cr_cores_mine(&n->mine, err);
  if (rc)
    return rc;
  for (uint32_t i = 0; i < m->n_device; i++)
    n->n_core += m->device[i].kind == CR_DEVICE_CPU_NODE ? m->device[i].node.n_core : 0;
  n->shares = n->n_core + 1 > n->mine.n;
  if (n->shares && !may_share)
    return cr_fail(
      err, CR_EINPUT,
      "the scenario's CPU nodes have %u cores, the host thread needs one more, and there are %u; take fewer, "
      "or for a trial, whose times mean nothing, set CORUN_SHARE_CORES=1",
      n->n_core, n->mine.n);
  return CR_OK;
}

/* The last of the cores are the nodes', the first are left to the thread that calls. */
static int make_cpu_node(struct cr_live_nodes *n, struct node *k, uint32_t n_layer, uint32_t *n_taken,
                         struct cr_err *err)
{
  k->core = cr_mem_new(k->desc->node.n_core, sizeof *k->core);
  if (!k->core)
    return cr_fail_nomem(err, "a node of CPU cores");
  for (uint32_t i = 0; i < k->desc->node.n_core; i++, ++*n_taken)
    k->core[i] = n->mine.core[n->mine.n - 1 - *n_taken % n->mine.n];
  const struct cr_cpu_node_cfg cfg = {.core = k->core,
                                      .n_core = k->desc->node.n_core,
                                      .shares = n->shares,
                                      .n_stream = n->stream_cap,
                                      .n_layer_max = n_layer};
  int rc = cr_cpu_node_new(&cfg, &k->cpu, err);
  return rc ? cr_fail_in(err, rc, "node %s", k->desc->name) : CR_OK;
}

static int make_nodes(struct cr_live_nodes *n, const struct cr_machine *m, uint32_t n_layer, struct cr_err *err)
{
  uint32_t n_taken = 0;
  int rc = CR_OK;
  for (uint32_t i = 0; !rc && i < n->n_node; i++) {
    n->node[i].desc = &m->device[i];
    n->node[i].use.dram_bytes = (double)CR_UNKNOWN;
    if (n->node[i].desc->kind == CR_DEVICE_CPU_NODE)
      rc = make_cpu_node(n, &n->node[i], n_layer, &n_taken, err);
  }
  if (!rc && !n->shares)
    rc = cr_cores_keep(n->mine.core, n->mine.n - n_taken, err);
  for (uint32_t i = 0; !rc && i < n->n_node; i++)
    if (n->node[i].desc->kind == CR_DEVICE_GPU_NODE)
      rc = cr_cuda_node_new(n->node[i].desc->name, n->stream_cap, &n->node[i].gpu, err);
  for (uint32_t i = 0; !rc && i < n->n_node; i++)
    rc = check_node(n, i, err);
  return rc;
}

static int take_tables(struct cr_live_nodes *n, uint32_t n_layer, struct cr_err *err)
{
  n->node = cr_mem_new(n->n_node, sizeof *n->node);
  n->stream = cr_mem_new(n->stream_cap, sizeof *n->stream);
  n->layer_ns = cr_mem_new(n_layer, sizeof *n->layer_ns);
  n->start = cr_hist_new();
  n->preempt = cr_hist_new();
  n->notice = cr_hist_new();
  n->free_range = CR_NONE;
  int has_all = n->node && n->stream && n->layer_ns && n->start && n->preempt && n->notice;
  return has_all ? CR_OK : cr_fail_nomem(err, "nodes in real time");
}

int cr_live_nodes_new(const struct cr_backend_cfg *cfg, struct cr_live_nodes **out, struct cr_err *err)
{
  uint32_t n_layer = 1;
  int rc = check_machine(cfg, err);
  struct cr_live_nodes *n = rc ? NULL : cr_mem_new(1, sizeof *n);
  if (!n)
    return rc ? rc : cr_fail_nomem(err, "nodes in real time");
  for (uint32_t i = 0; i < cfg->workload->n_model; i++)
    n_layer = cfg->workload->model[i].n_op > n_layer ? cfg->workload->model[i].n_op : n_layer;
  n->workload = cfg->workload;
  n->observer = cfg->observer;
  n->n_node = cfg->machine->n_device;
  n->stream_cap = cfg->stream_cap ? cfg->stream_cap : 1;
  rc = take_tables(n, n_layer, err);
  rc = rc ? rc : find_cores(n, cfg->machine, err);
  rc = rc ? rc : make_nodes(n, cfg->machine, n_layer, err);
  if (rc) {
    cr_live_nodes_free(n);
    return rc;
  }
  n->origin_ns = cr_monotonic_ns();
  *out = n;
  return CR_OK;
}

void cr_live_nodes_free(struct cr_live_nodes *n)
{
  if (!n)
    return;
  for (uint32_t i = 0; n->node && i < n->n_node; i++) {
    cr_cpu_node_free(n->node[i].cpu);
    cr_cuda_node_free(n->node[i].gpu);
    cr_mem_free(n->node[i].core);
  }
  if (n->mine.n)
    cr_cores_keep(n->mine.core, n->mine.n, NULL); /* which it had before */
  cr_hist_free(n->start);
  cr_hist_free(n->preempt);
  cr_hist_free(n->notice);
  cr_mem_free(n->node);
  cr_mem_free(n->stream);
  cr_mem_free(n->layer_ns);
  cr_mem_free(n->range);
  cr_mem_free(n->told);
  cr_mem_free(n);
}

cr_ns cr_live_nodes_now(const struct cr_live_nodes *n)
{
  return cr_monotonic_ns() - n->origin_ns;
}

/* --- actions ------------------------------------------------------------------------------------------------------ */

static int give_head(struct cr_live_nodes *n, uint32_t stream, struct cr_err *err)
{
  const struct stream *s = &n->stream[stream];
  const struct cr_act *a = &n->range[s->head].act;
  find_times(n, s->device, a);
  return give(&n->node[s->device], stream, &(struct cr_node_work){.layer_ns = n->layer_ns, .n = a->n_op}, err);
}

static int take_range(struct cr_live_nodes *n, uint32_t *out, struct cr_err *err)
{
  if (n->free_range == CR_NONE) {
    uint32_t cap = n->range_cap ? 2 * n->range_cap : 64;
    struct range *more = cr_mem_resize(n->range, cap, sizeof *more);
    if (!more)
      return cr_fail_nomem(err, "ranges that are launched at once");
    n->range = more;
    for (uint32_t i = cap; i-- > n->range_cap; n->free_range = i)
      more[i].next = n->free_range;
    n->range_cap = cap;
  }
  *out = n->free_range;
  n->free_range = n->range[*out].next;
  return CR_OK;
}

static int launch(struct cr_live_nodes *n, const struct cr_act *act, struct cr_err *err)
{
  struct stream *s = &n->stream[act->stream];
  uint32_t i = CR_NONE;
  int rc = take_range(n, &i, err);
  if (rc)
    return rc;
  n->range[i] = (struct range){.act = *act, .launch_ns = cr_live_nodes_now(n), .next = CR_NONE};
  n->n_held++;
  if (s->head != CR_NONE) {
    n->range[s->tail].next = i;
    s->tail = i;
    return CR_OK;
  }
  s->head = s->tail = i;
  return give_head(n, act->stream, err);
}

int cr_live_nodes_act(struct cr_live_nodes *n, const struct cr_act *act, struct cr_err *err)
{
  switch ((enum cr_act_kind)act->kind) {
  case CR_ACT_STREAM:
    n->stream[act->stream] = (struct stream){.device = act->device, .head = CR_NONE, .tail = CR_NONE};
    n->n_stream++;
    return set_rt(&n->node[act->device], act->stream, act->priority < 0, err);
  case CR_ACT_LAUNCH:
    return launch(n, act, err);
  default:
    return cr_fail(err, CR_ERUN, "backend cuda cannot do action %u on nodes", act->kind);
  }
}

/* --- time --------------------------------------------------------------------------------------------------------- */

static int tell(struct cr_live_nodes *n, const struct cr_event *e, struct cr_err *err)
{
  if (n->n_told == n->told_cap) {
    uint32_t cap = n->told_cap ? 2 * n->told_cap : 64;
    struct cr_event *more = cr_mem_resize(n->told, cap, sizeof *more);
    if (!more)
      return cr_fail_nomem(err, "events of nodes");
    n->told = more;
    n->told_cap = cap;
  }
  uint32_t at = n->n_told++;
  for (; at > 0 && n->told[at - 1].at_ns > e->at_ns; at--)
    n->told[at] = n->told[at - 1];
  n->told[at] = *e;
  return CR_OK;
}

/* The layers of a range, for those who want to know; where their ends are not known, in proportion to their times. */
static void tell_layers(struct cr_live_nodes *n, const struct range *r, const struct cr_node_ran *ran, cr_ns want_ns)
{
  cr_ns at_ns = ran->start_ns, sum_ns = 0;
  for (uint32_t i = 0; i < r->act.n_op; i++) {
    sum_ns += n->layer_ns[i];
    cr_ns to_ns = ran->layer_end_ns ? ran->layer_end_ns[i]
                                    : ran->start_ns + cr_muldiv(ran->end_ns - ran->start_ns, sum_ns, want_ns);
    n->observer->on_op(n->observer->ctx, &(struct cr_op_span){.start_ns = at_ns - n->origin_ns,
                                                              .end_ns = to_ns - n->origin_ns,
                                                              .device = n->stream[r->act.stream].device,
                                                              .stream = r->act.stream,
                                                              .client = r->act.client,
                                                              .request = r->act.request,
                                                              .op = r->act.op0 + i,
                                                              .n = 1,
                                                              .n_request = r->act.n_request});
    at_ns = to_ns;
  }
}

static void count(struct cr_live_nodes *n, const struct range *r, const struct cr_node_ran *ran, cr_ns want_ns)
{
  struct node *k = &n->node[n->stream[r->act.stream].device];
  k->use.n_kernel += r->act.n_op;
  k->use.busy_ns += (double)ran->ran_ns;
  k->use.sm_ns += (double)ran->ran_ns * k->desc->sms;
  note_match(&n->inside, want_ns, ran->ran_ns);
  if (ran->found_idle)
    cr_hist_add(n->start, ran->start_ns - ran->given_ns);
  if (ran->preempted)
    cr_hist_add(n->preempt, ran->start_ns - ran->given_ns);
  cr_hist_add(n->notice, cr_monotonic_ns() - ran->end_ns);
}

/* The head range of the stream has ended; the next one is given. */
static int finish(struct cr_live_nodes *n, uint32_t stream, const struct cr_node_ran *ran, struct cr_err *err)
{
  struct stream *s = &n->stream[stream];
  uint32_t i = s->head;
  struct range *r = &n->range[i];
  cr_ns want_ns = find_times(n, s->device, &r->act), end_ns = ran->end_ns - n->origin_ns;
  cr_ns off_ns = ran->ran_ns - want_ns;
  off_ns = off_ns < 0 ? -off_ns : off_ns;
  int is_as_recorded = off_ns <= cr_max_ns(OFF_NS, cr_muldiv(want_ns, OFF_PPM, 1000000));
  uint32_t op = r->act.op0 + r->act.n_op - n->workload->model[n->workload->client[r->act.client].model.i].op0;
  const struct cr_event e = {.at_ns = end_ns,
                             .reach_ns = cr_max_ns(r->launch_ns, s->end_ns),
                             .kind = CR_EV_DONE,
                             .request = r->act.request,
                             .op = op,
                             .handed = op,
                             .used_ns = is_as_recorded ? want_ns : cr_max_ns(ran->ran_ns, 1)};
  count(n, r, ran, want_ns);
  if (n->observer && n->observer->on_op)
    tell_layers(n, r, ran, want_ns);
  s->end_ns = end_ns;
  s->head = r->next;
  if (s->head == CR_NONE)
    s->tail = CR_NONE;
  r->next = n->free_range;
  n->free_range = i;
  n->n_held--;
  int rc = tell(n, &e, err);
  return rc || s->head == CR_NONE ? rc : give_head(n, stream, err);
}

static int look(struct cr_live_nodes *n, struct cr_event *out, uint32_t cap, uint32_t *n_out, struct cr_err *err)
{
  int rc = CR_OK;
  for (uint32_t i = 0; !rc && i < n->n_node; i++)
    rc = look_at(&n->node[i], err);
  for (uint32_t i = 0; !rc && i < n->n_stream; i++) {
    struct stream *s = &n->stream[i];
    const struct cr_node_ran *ran = s->head == CR_NONE ? NULL : ended(&n->node[s->device], i);
    if (ran)
      rc = finish(n, i, ran, err);
  }
  *n_out = rc ? 0 : cr_min_u32(n->n_told, cap);
  if (*n_out) {
    memcpy(out, n->told, *n_out * sizeof *out);
    n->n_told -= *n_out;
    memmove(n->told, n->told + *n_out, n->n_told * sizeof *n->told);
  }
  return rc;
}

static void sleep_until(const struct cr_live_nodes *n, cr_ns at_ns)
{
  cr_ns wake_ns = n->origin_ns + at_ns;
  struct timespec t = {.tv_sec = (time_t)(wake_ns / 1000000000), .tv_nsec = (long)(wake_ns % 1000000000)};
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

int cr_live_nodes_wait(struct cr_live_nodes *n, cr_ns until_ns, struct cr_event *out, uint32_t cap, uint32_t *n_out,
                       struct cr_err *err)
{
  cr_ns now_ns = cr_live_nodes_now(n), last_ns = cr_min_ns(until_ns, now_ns + LOOK_NS);
  int is_idle = n->n_held + n->n_told == 0, rc;
  *n_out = 0;
  if (is_idle && until_ns == CR_NS_NEVER)
    return CR_OK;
  if (is_idle && last_ns - SPIN_NS > now_ns)
    sleep_until(n, last_ns - SPIN_NS);
  do {
    rc = look(n, out, cap, n_out, err);
    now_ns = cr_live_nodes_now(n);
    if (!rc && !*n_out && n->shares && now_ns + SHARED_NAP_NS < last_ns)
      nap(SHARED_NAP_NS);
  } while (!rc && !*n_out && now_ns < last_ns);
  return rc;
}

/* --- what it tells ------------------------------------------------------------------------------------------------ */

void cr_live_nodes_tell(const struct cr_live_nodes *n, struct cr_live *out)
{
  for (uint32_t i = 0; i < n->n_node; i++)
    if (n->node[i].gpu)
      cr_cuda_node_tell(n->node[i].gpu, out);
  cr_live_number(out, "node_cores", n->n_core);
  cr_live_number(out, "node_cores_shared", n->shares);
  cr_live_number(out, "node_layers", n->alone.n);
  cr_live_number(out, "node_mean_off_ratio", n->alone.n ? n->alone.mean_off : NAN);
  cr_live_number(out, "node_worst_off_ratio", n->alone.n ? n->alone.worst_off : NAN);
  cr_live_number(out, "node_sum_off_ratio", n->alone.n ? n->alone.sum_took_ns / n->alone.sum_wanted_ns - 1 : NAN);
  cr_live_number(out, "node_run_off_ratio", n->inside.n ? n->inside.sum_took_ns / n->inside.sum_wanted_ns - 1 : NAN);
  cr_live_hist(out, "node_start", n->start);
  cr_live_hist(out, "node_preempt", n->preempt);
  cr_live_hist(out, "node_notice", n->notice);
}

void cr_live_nodes_use(const struct cr_live_nodes *n, uint32_t device, struct cr_use *out)
{
  *out = n->node[device].use;
}
