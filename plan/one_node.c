/* one_node.c - whole requests on one node, one after the other: the baselines of DART. */
#include "config.h"

#include "plan/one_node.h"

static const int64_t PER_NODE = INT64_C(1000000000000); /* 10^-12 of a node's time */

const char *const cr_one_node_name[CR_N_ON] = {"gpu", "cpu"};

struct cr_node_kind cr_one_node_kind(const struct cr_platform *p, enum cr_one_node_on on)
{
  uint32_t most = 0;
  if (on == CR_ON_GPU)
    return (struct cr_node_kind){.core_type = 0, .n_core = 1, .gpu_type = 0};
  for (uint32_t i = 1; i < p->n_core_type; i++)
    if (p->core[i].count > p->core[most].count)
      most = i;
  return (struct cr_node_kind){.core_type = most, .n_core = p->core[most].count, .gpu_type = CR_NONE};
}

/* CR_NS_NEVER: none. */
static cr_ns on_cores(const struct cr_layer_profile *profile, const struct cr_platform *p,
                      const struct cr_node_kind *kind, uint32_t layer)
{
  return profile->cpu_ns[(size_t)layer * p->n_core + p->core[kind->core_type].first_slot + kind->n_core - 1];
}

cr_ns cr_one_node_request_ns(const struct cr_layer_profile *profile, const struct cr_platform *p,
                             const struct cr_node_kind *kind)
{
  cr_ns sum = 0;
  uint32_t last = profile->n_layer - 1;
  if (kind->gpu_type == CR_NONE) {
    for (uint32_t j = 0; j <= last; j++)
      sum = cr_ns_add(sum, on_cores(profile, p, kind, j));
    return sum;
  }
  const struct cr_gpu_layer *g = &profile->gpu[kind->gpu_type];
  for (uint32_t j = 0; j <= last; j++)
    sum += g[(size_t)j * p->n_gpu_type].exec_ns + g[(size_t)j * p->n_gpu_type].misc_ns;
  return sum + g[0].hd_ns + g[(size_t)last * p->n_gpu_type].dh_ns;
}

static int no_time(const struct cr_task_set *set, const struct cr_plan_task *t, const struct cr_node_kind *kind,
                   struct cr_err *err)
{
  const struct cr_layer_profile *profile = t->profile;
  uint32_t j = 0;
  while (on_cores(profile, set->platform, kind, j) != CR_NS_NEVER)
    j++;
  return cr_fail(
    err, CR_EINPUT,
    "%s: layer '%s' of %s has no time on all %u cores of type %s, which one node would have; add it to cpu", set->name,
    profile->layer_name[j], t->name, kind->n_core, set->platform->core[kind->core_type].name);
}

static void add_task(struct cr_one_node *n, const struct cr_plan_task *t, uint32_t task, cr_ns request_ns)
{
  if (t->is_rt) {
    n->rt_ns = cr_ns_add(n->rt_ns, request_ns);
    n->rt_used_ppt = cr_ns_add(n->rt_used_ppt, cr_muldiv(request_ns, PER_NODE, t->period_ns) + 1);
    return;
  }
  cr_ns batch_ns = cr_muldiv(request_ns, t->batch, 1);
  if (n->be_task == CR_NONE || batch_ns > n->be_ns) {
    n->be_ns = batch_ns;
    n->be_task = task;
  }
}

/* Shares are rounded up, which could put tasks that use all of the node beyond it.  Where all pass that cannot be: sum(C) is within
 * each deadline, so within each period, and sum(C / T) within 1. */
static void judge(struct cr_one_node *n, const struct cr_task_set *set)
{
  cr_ns shortest_ns = CR_NS_NEVER, bound_ns = cr_ns_add(n->be_ns, n->rt_ns);
  for (uint32_t i = 0; i < set->n_task; i++)
    if (set->task[i].is_rt)
      shortest_ns = cr_min_ns(shortest_ns, set->task[i].deadline_ns);
  n->response_ns = n->rt_used_ppt <= PER_NODE || bound_ns <= shortest_ns ? bound_ns : CR_NS_NEVER;
  for (uint32_t i = 0; i < set->n_task; i++) {
    const struct cr_plan_task *t = &set->task[i];
    if (!t->is_rt)
      continue;
    n->n_failed += n->response_ns > t->deadline_ns;
    int64_t share = n->response_ns == CR_NS_NEVER ? CR_NS_NEVER : cr_muldiv(n->response_ns, 1000000000, t->deadline_ns);
    n->cost_ppb = cr_ns_add(n->cost_ppb, cr_muldiv(share, t->weight, 1));
  }
}

int cr_one_node_plan(const struct cr_task_set *set, enum cr_one_node_on on, struct cr_one_node *out, struct cr_err *err)
{
  struct cr_one_node n = {.kind = cr_one_node_kind(set->platform, on), .be_task = CR_NONE};
  for (uint32_t i = 0; i < set->n_task; i++) {
    cr_ns request_ns = cr_one_node_request_ns(set->task[i].profile, set->platform, &n.kind);
    if (request_ns == CR_NS_NEVER)
      return no_time(set, &set->task[i], &n.kind, err);
    add_task(&n, &set->task[i], i, request_ns);
  }
  judge(&n, set);
  *out = n;
  return CR_OK;
}
