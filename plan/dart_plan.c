/* dart_plan.c - the off-line half of DART (Xiang and Kim, RTSS 2019): Algorithm 1 over the pipelines of node_config.h.
 *
 *   for each pipeline P:
 *     for each task, rt or be, the highest mean utilisation over P's nodes first:
 *       place its layers by Equation 7, given what those before it use, and add what it uses
 *     if every rt task meets its deadline: W = mean over rt tasks of weight * response / deadline; keep P if W is least
 *
 * On a node k a task takes CC = its layers there + eps_s + eps_cp, and on a GPU node + max(eps_gp, eps_gm) (Equations 1 to
 * 4).  Of a stage on a GPU only the first layer copies in and only the last copies out; placement counts them in the same
 * way, where Equation 7 as printed would count the copies of every layer.  eps_gm is the longest copy of a layer of a
 * best-effort task that was placed there, times its batch.
 *
 * Integers decide.  What nodes are loaded with is kept in 10^-12 of their time; placement of a task compares in 2^-16 ns
 * per its period, so that only what other tasks use is rounded.  Equal mean utilisations: the order of the set. */
#include "config.h"

#include "plan/dart_plan.h"

#include <stdlib.h>

#include "plan/rta.h"
#include "plan/stage_split.h"

enum { FINE_BITS = 16 };
const char *const cr_dart_bound_name[CR_N_DART_BOUND] = {"tight", "paper", "D", "H"};

static const int64_t PER_NODE = INT64_C(1000000000000); /* 10^-12 of a node's time */
static const int64_t LOAD_MAX = INT64_MAX / 4;          /* what is above compares alike */
static const int BUSY_PERIODS = 16; /* a node busy for so many of the longest periods is overloaded */

/* Loads of a task on a kind of node, in 2^-16 ns, for cr_stage_split. */
struct load {
  int64_t *upto, *head, *tail; /* head, tail: NULL on a CPU node */
};

struct rank {
  int64_t mean;
  uint32_t task;
};

struct cr_dart {
  struct cr_arena *arena;
  const struct cr_task_set *set;
  enum cr_dart_bound bound;
  struct cr_node_configs configs;
  struct load *load; /* [n_task * n_kind] */
  /* rt tasks by priority */
  uint32_t *rank_task;                       /* [n_rt] */
  cr_ns *period_ns, *deadline_ns, *limit_ns; /* [n_rt] */
  cr_ns busy_limit_ns;
  /* scratch of one configuration */
  struct cr_stage_load *stage_load; /* [n_core] */
  int64_t *split_scratch;
  struct rank *order;                                       /* [n_task] */
  int64_t *used_ppt;                                        /* [n_core] */
  cr_ns *gpu_copy_ns;                                       /* [n_core] */
  uint32_t *first;                                          /* [n_task * (n_core + 1)] */
  cr_ns *cost_ns, *arrival_ns;                              /* [n_rt * n_core] */
  cr_ns *paper_ns, *overlap_ns, *holistic_ns, *response_ns; /* [n_rt] */
};

/* --- setting up --------------------------------------------------------------------------------------------------------- */

static int64_t fine(cr_ns ns)
{
  return ns * (INT64_C(1) << FINE_BITS);
}

static int fill_load(struct cr_dart *d, uint32_t task, const struct cr_node_kind *kind, struct load *out)
{
  const struct cr_layer_profile *p = d->set->task[task].profile;
  const struct cr_platform *platform = d->set->platform;
  out->upto = cr_arena_take(d->arena, p->n_layer + (size_t)1, sizeof *out->upto);
  if (kind->gpu_type != CR_NONE) {
    out->head = cr_arena_take(d->arena, p->n_layer, sizeof *out->head);
    out->tail = cr_arena_take(d->arena, p->n_layer, sizeof *out->tail);
  }
  if (!out->upto || (kind->gpu_type != CR_NONE && (!out->head || !out->tail)))
    return CR_ENOMEM;
  for (uint32_t j = 0; j < p->n_layer; j++) {
    cr_ns layer_ns;
    if (kind->gpu_type == CR_NONE) {
      size_t slot = platform->core[kind->core_type].first_slot + kind->n_core - 1;
      layer_ns = p->cpu_ns[(size_t)j * platform->n_core + slot];
    } else {
      const struct cr_gpu_layer *g = &p->gpu[(size_t)j * platform->n_gpu_type + kind->gpu_type];
      layer_ns = g->exec_ns + g->misc_ns;
      out->head[j] = fine(g->hd_ns);
      out->tail[j] = fine(g->dh_ns);
    }
    out->upto[j + 1] = out->upto[j] + fine(layer_ns);
  }
  return CR_OK;
}

static int fill_loads(struct cr_dart *d)
{
  d->load = cr_arena_take(d->arena, (size_t)d->set->n_task * d->configs.n_kind, sizeof *d->load);
  int rc = d->load ? CR_OK : CR_ENOMEM;
  for (uint32_t i = 0; i < d->set->n_task; i++)
    for (uint32_t kind = 0; rc == CR_OK && kind < d->configs.n_kind; kind++)
      rc = fill_load(d, i, &d->configs.kind[kind], &d->load[(size_t)i * d->configs.n_kind + kind]);
  return rc;
}

/* Deadline monotonic; of equal deadlines the order of the set.  Few tasks: each is put in its place. */
static void rank_tasks(struct cr_dart *d)
{
  uint32_t n = 0;
  for (uint32_t i = 0; i < d->set->n_task; i++) {
    if (!d->set->task[i].is_rt)
      continue;
    uint32_t at = n++;
    for (; at > 0 && d->set->task[d->rank_task[at - 1]].deadline_ns > d->set->task[i].deadline_ns; at--)
      d->rank_task[at] = d->rank_task[at - 1];
    d->rank_task[at] = i;
  }
  for (uint32_t r = 0; r < n; r++) {
    const struct cr_plan_task *t = &d->set->task[d->rank_task[r]];
    d->period_ns[r] = t->period_ns;
    d->deadline_ns[r] = t->deadline_ns;
    d->limit_ns[r] = CR_DART_GIVE_UP * t->deadline_ns;
    d->busy_limit_ns = cr_max_ns(d->busy_limit_ns, BUSY_PERIODS * t->period_ns);
  }
}

static int take_tables(struct cr_dart *d)
{
  struct cr_arena *a = d->arena;
  size_t n_task = d->set->n_task, n_rt = d->set->n_rt, n_node = d->set->platform->n_core;
  uint32_t n_layer = 0;
  for (uint32_t i = 0; i < n_task; i++)
    n_layer = d->set->task[i].profile->n_layer > n_layer ? d->set->task[i].profile->n_layer : n_layer;
  d->rank_task = cr_arena_take(a, n_rt, sizeof *d->rank_task);
  d->period_ns = cr_arena_take(a, n_rt, sizeof *d->period_ns);
  d->deadline_ns = cr_arena_take(a, n_rt, sizeof *d->deadline_ns);
  d->limit_ns = cr_arena_take(a, n_rt, sizeof *d->limit_ns);
  d->stage_load = cr_arena_take(a, n_node, sizeof *d->stage_load);
  d->split_scratch = cr_arena_take(a, cr_stage_split_scratch(n_layer, (uint32_t)n_node), sizeof *d->split_scratch);
  d->order = cr_arena_take(a, n_task, sizeof *d->order);
  d->used_ppt = cr_arena_take(a, n_node, sizeof *d->used_ppt);
  d->gpu_copy_ns = cr_arena_take(a, n_node, sizeof *d->gpu_copy_ns);
  d->first = cr_arena_take(a, n_task * (n_node + 1), sizeof *d->first);
  d->cost_ns = cr_arena_take(a, n_rt * n_node, sizeof *d->cost_ns);
  d->arrival_ns = cr_arena_take(a, n_rt * n_node, sizeof *d->arrival_ns);
  d->paper_ns = cr_arena_take(a, n_rt, sizeof *d->paper_ns);
  d->overlap_ns = cr_arena_take(a, n_rt, sizeof *d->overlap_ns);
  d->holistic_ns = cr_arena_take(a, n_rt, sizeof *d->holistic_ns);
  d->response_ns = cr_arena_take(a, n_rt, sizeof *d->response_ns);
  int ok = d->rank_task && d->period_ns && d->deadline_ns && d->limit_ns && d->stage_load && d->split_scratch &&
           d->order && d->used_ppt && d->gpu_copy_ns && d->first && d->cost_ns && d->arrival_ns && d->paper_ns &&
           d->overlap_ns && d->holistic_ns && d->response_ns;
  return ok ? CR_OK : CR_ENOMEM;
}

int cr_dart_new(const struct cr_task_set *set, enum cr_dart_bound bound, uint32_t n_node_max, struct cr_dart **out,
                struct cr_err *err)
{
  struct cr_arena *arena = cr_arena_new();
  struct cr_dart *d = arena ? cr_arena_take(arena, 1, sizeof *d) : NULL;
  if (!d) {
    cr_arena_free(arena);
    return cr_fail_nomem(err, "the plan");
  }
  d->arena = arena;
  d->set = set;
  d->bound = bound;
  int rc = cr_node_configs_find(set->platform, n_node_max, CR_DART_CONFIG_MAX, arena, &d->configs, err);
  if (rc == CR_OK && (take_tables(d) != CR_OK || fill_loads(d) != CR_OK))
    rc = cr_fail_nomem(err, "the plan");
  if (rc != CR_OK) {
    cr_dart_free(d);
    return rc;
  }
  rank_tasks(d);
  *out = d;
  return CR_OK;
}

void cr_dart_free(struct cr_dart *d)
{
  if (d)
    cr_arena_free(d->arena);
}

const struct cr_node_configs *cr_dart_configs(const struct cr_dart *d)
{
  return &d->configs;
}

enum cr_dart_bound cr_dart_bound(const struct cr_dart *d)
{
  return d->bound;
}

/* --- one configuration -------------------------------------------------------------------------------------------------- */

static uint16_t kind_at(const struct cr_dart *d, uint32_t config, uint32_t node)
{
  return d->configs.node_kind[d->configs.first[config] + node];
}

static const struct load *load_at(const struct cr_dart *d, uint32_t task, uint32_t kind)
{
  return &d->load[(size_t)task * d->configs.n_kind + kind];
}

/* In 2^-16 ns. */
static int64_t stage_load(const struct load *l, uint32_t from, uint32_t to)
{
  if (from >= to)
    return 0;
  return l->upto[to] - l->upto[from] + (l->head ? l->head[from] + l->tail[to - 1] : 0);
}

cr_ns cr_dart_stage_ns(const struct cr_dart *d, uint32_t task, uint32_t kind, uint32_t from, uint32_t to)
{
  return stage_load(load_at(d, task, kind), from, to) >> FINE_BITS;
}

static int higher_mean_first(const void *one, const void *other)
{
  const struct rank *a = one, *b = other;
  if (a->mean != b->mean)
    return a->mean > b->mean ? -1 : 1;
  return a->task < b->task ? -1 : 1;
}

/* The order of Algorithm 1: by the mean over the nodes of what all layers would take of each. */
static void order_tasks(struct cr_dart *d, uint32_t config, uint32_t n_node)
{
  for (uint32_t i = 0; i < d->set->n_task; i++) {
    const struct cr_plan_task *t = &d->set->task[i];
    cr_ns sum_ns = 0;
    for (uint32_t k = 0; k < n_node; k++)
      sum_ns += cr_dart_stage_ns(d, i, kind_at(d, config, k), 0, t->profile->n_layer);
    d->order[i] = (struct rank){cr_muldiv(sum_ns, PER_NODE, t->period_ns), i};
  }
  qsort(d->order, d->set->n_task, sizeof *d->order, higher_mean_first);
}

static int64_t at_most(int64_t value, int64_t most)
{
  return value < most ? value : most;
}

static void place(struct cr_dart *d, uint32_t config, uint32_t n_node, uint32_t task)
{
  const struct cr_plan_task *t = &d->set->task[task];
  uint32_t *first = &d->first[(size_t)task * (n_node + 1)];
  for (uint32_t k = 0; k < n_node; k++) {
    const struct load *l = load_at(d, task, kind_at(d, config, k));
    int64_t used = at_most(cr_muldiv(d->used_ppt[k], fine(t->period_ns), PER_NODE), LOAD_MAX);
    d->stage_load[k] = (struct cr_stage_load){l->upto, l->head, l->tail, used};
  }
  cr_stage_split(d->stage_load, t->profile->n_layer, n_node, d->split_scratch, first);
  for (uint32_t k = 0; k < n_node; k++) {
    cr_ns stage_ns = cr_dart_stage_ns(d, task, kind_at(d, config, k), first[k], first[k + 1]);
    d->used_ppt[k] = at_most(cr_ns_add(d->used_ppt[k], cr_muldiv(stage_ns, PER_NODE, t->period_ns)), LOAD_MAX);
  }
}

/* eps_gm of a GPU node: the longest copy of a layer that a best-effort task has there, times its batch. */
static cr_ns longest_copy(const struct cr_dart *d, uint32_t n_node, uint32_t node, uint32_t gpu_type)
{
  cr_ns longest = d->set->platform->overhead.gpu_copy_ns;
  for (uint32_t i = 0; i < d->set->n_task; i++) {
    const struct cr_plan_task *t = &d->set->task[i];
    const uint32_t *first = &d->first[(size_t)i * (n_node + 1)];
    for (uint32_t j = first[node]; !t->is_rt && j < first[node + 1]; j++) {
      const struct cr_gpu_layer *g = &t->profile->gpu[(size_t)j * d->set->platform->n_gpu_type + gpu_type];
      longest = cr_max_ns(longest, cr_muldiv(cr_max_ns(g->hd_ns, g->dh_ns), t->batch, 1));
    }
  }
  return longest;
}

/* CC of every rt task on every node. */
static void add_up(struct cr_dart *d, uint32_t config, uint32_t n_node)
{
  const struct cr_stage_overhead *o = &d->set->platform->overhead;
  for (uint32_t k = 0; k < n_node; k++) {
    uint32_t kind = kind_at(d, config, k), gpu_type = d->configs.kind[kind].gpu_type;
    d->gpu_copy_ns[k] = gpu_type == CR_NONE ? 0 : longest_copy(d, n_node, k, gpu_type);
    cr_ns beside_ns = o->notify_ns + o->cpu_preempt_ns;
    if (gpu_type != CR_NONE)
      beside_ns = cr_ns_add(beside_ns, cr_max_ns(o->gpu_preempt_ns, d->gpu_copy_ns[k]));
    for (uint32_t r = 0; r < d->set->n_rt; r++) {
      uint32_t task = d->rank_task[r];
      const uint32_t *first = &d->first[(size_t)task * (n_node + 1) + k];
      int uses = first[0] < first[1];
      cr_ns stage_ns = cr_dart_stage_ns(d, task, kind, first[0], first[1]);
      d->cost_ns[(size_t)r * n_node + k] = uses ? cr_max_ns(cr_ns_add(stage_ns, beside_ns), 1) : 0;
    }
  }
}

static cr_ns asked_for(const struct cr_dart *d, uint32_t rank)
{
  switch (d->bound) {
  case CR_DART_PAPER:
    return d->paper_ns[rank];
  case CR_DART_OVERLAP:
    return d->overlap_ns[rank];
  case CR_DART_HOLISTIC:
    return d->holistic_ns[rank];
  default:
    return cr_min_ns(d->overlap_ns[rank], d->holistic_ns[rank]);
  }
}

/* The bounds that are asked for, or all of them. */
static void bound_responses(struct cr_dart *d, uint32_t n_node, int all)
{
  const struct cr_rta a = {d->set->n_rt, n_node,      d->period_ns,    d->deadline_ns,
                           d->cost_ns,   d->limit_ns, d->busy_limit_ns};
  int is_tight = d->bound == CR_DART_TIGHT;
  if (all || d->bound == CR_DART_PAPER)
    cr_rta_paper(&a, CR_RTA_ON_NODE, d->paper_ns);
  if (all || is_tight || d->bound == CR_DART_OVERLAP)
    cr_rta_overlap(&a, d->overlap_ns);
  if (all || is_tight || d->bound == CR_DART_HOLISTIC)
    cr_rta_holistic(&a, d->arrival_ns, d->holistic_ns);
  for (uint32_t r = 0; r < d->set->n_rt; r++)
    d->response_ns[r] = asked_for(d, r);
}

/* Algorithm 1 for one configuration. */
static void judge(struct cr_dart *d, uint32_t config, int all)
{
  uint32_t n_node = cr_node_config_size(&d->configs, config);
  for (uint32_t k = 0; k < n_node; k++)
    d->used_ppt[k] = 0;
  order_tasks(d, config, n_node);
  for (uint32_t i = 0; i < d->set->n_task; i++)
    place(d, config, n_node, d->order[i].task);
  add_up(d, config, n_node);
  bound_responses(d, n_node, all);
}

/* --- all configurations ------------------------------------------------------------------------------------------------- */

/* W times the number of rt tasks, each term rounded to 10^-9. */
static int64_t weighted_response(const struct cr_dart *d)
{
  int64_t sum = 0;
  for (uint32_t r = 0; r < d->set->n_rt; r++) {
    int64_t share = cr_muldiv(d->response_ns[r], 1000000000, d->deadline_ns[r]);
    sum = cr_ns_add(sum, cr_muldiv(share, d->set->task[d->rank_task[r]].weight, 1));
  }
  return sum;
}

/* Of the configuration just judged. */
static struct cr_dart_found found_of(const struct cr_dart *d, uint32_t config)
{
  struct cr_dart_found f = {.n_tried = 1};
  int64_t over_ppm = 0;
  uint32_t n_failed = 0, n_unbound = 0;
  for (uint32_t r = 0; r < d->set->n_rt; r++) {
    if (d->response_ns[r] <= d->deadline_ns[r])
      continue;
    n_failed++;
    if (d->response_ns[r] == CR_NS_NEVER) {
      n_unbound++;
      continue;
    }
    int64_t ppm = cr_muldiv(d->response_ns[r], 1000000, d->deadline_ns[r]);
    over_ppm = ppm > over_ppm ? ppm : over_ppm;
  }
  if (n_failed) {
    f.nearest = config;
    f.nearest_n_unbound = n_unbound;
    f.nearest_n_failed = n_failed;
    f.nearest_over_ppm = over_ppm;
    return f;
  }
  f.n_passed = 1;
  f.best = config;
  f.best_cost_ppb = weighted_response(d);
  return f;
}

static int is_better(const struct cr_dart_found *a, const struct cr_dart_found *b)
{
  if (a->best_cost_ppb != b->best_cost_ppb)
    return a->best_cost_ppb < b->best_cost_ppb;
  return a->best < b->best;
}

static int is_nearer(const struct cr_dart_found *a, const struct cr_dart_found *b)
{
  if (a->nearest_n_unbound != b->nearest_n_unbound)
    return a->nearest_n_unbound < b->nearest_n_unbound;
  if (a->nearest_n_failed != b->nearest_n_failed)
    return a->nearest_n_failed < b->nearest_n_failed;
  if (a->nearest_over_ppm != b->nearest_over_ppm)
    return a->nearest_over_ppm < b->nearest_over_ppm;
  return a->nearest < b->nearest;
}

void cr_dart_merge(struct cr_dart_found *into, const struct cr_dart_found *more)
{
  if (more->n_passed && (!into->n_passed || is_better(more, into))) {
    into->best = more->best;
    into->best_cost_ppb = more->best_cost_ppb;
  }
  if (more->n_passed < more->n_tried && (into->n_passed == into->n_tried || is_nearer(more, into))) {
    into->nearest = more->nearest;
    into->nearest_n_unbound = more->nearest_n_unbound;
    into->nearest_n_failed = more->nearest_n_failed;
    into->nearest_over_ppm = more->nearest_over_ppm;
  }
  into->n_tried += more->n_tried;
  into->n_passed += more->n_passed;
}

void cr_dart_search(struct cr_dart *d, uint32_t from, uint32_t to, struct cr_dart_found *found)
{
  for (uint32_t config = from; config < to; config++) {
    judge(d, config, 0);
    struct cr_dart_found one = found_of(d, config);
    cr_dart_merge(found, &one);
  }
}

void cr_dart_plan(struct cr_dart *d, uint32_t config, struct cr_dart_plan *out)
{
  judge(d, config, 1);
  *out = (struct cr_dart_plan){
    .config = config,
    .n_node = cr_node_config_size(&d->configs, config),
    .n_rt = d->set->n_rt,
    .used_ppt = d->used_ppt,
    .gpu_copy_ns = d->gpu_copy_ns,
    .first = d->first,
    .rank_task = d->rank_task,
    .cost_ns = d->cost_ns,
    .paper_ns = d->paper_ns,
    .overlap_ns = d->overlap_ns,
    .holistic_ns = d->holistic_ns,
    .response_ns = d->response_ns,
    .cost_ppb = found_of(d, config).best_cost_ppb,
  };
}
