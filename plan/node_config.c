/* node_config.c - every pipeline of nodes that a platform can be divided into.
 *
 * Algorithm 2 of DART (RTSS 2019) takes every permutation of the resources and every way to cut it, and keeps what fits
 * the model.  The same set comes from choosing node by node: some cores of a type that are left, or a GPU and a core.
 * Each choice is another pipeline, so that none comes twice and nothing has to be compared. */
#include "config.h"

#include "plan/node_config.h"

#include <string.h>

/* What is left, the nodes so far, and where complete pipelines go. */
struct search {
  const struct cr_node_kind *kind; /* [n_kind] */
  uint32_t n_kind, n_node_max, n_config_max;
  uint32_t core_left[CR_PLATFORM_TYPE_MAX], gpu_left[CR_PLATFORM_TYPE_MAX];
  uint32_t n_core_left, n_gpu_left;
  uint16_t node[CR_PLATFORM_CORE_MAX];
  uint32_t n_node;
  uint32_t n_config;
  size_t n_all;    /* nodes of all configurations */
  uint32_t *first; /* NULL: only count */
  uint16_t *node_kind;
};

static int take(struct search *s, uint32_t kind)
{
  const struct cr_node_kind *k = &s->kind[kind];
  if (k->n_core > s->core_left[k->core_type] || (k->gpu_type != CR_NONE && !s->gpu_left[k->gpu_type]))
    return 0;
  s->core_left[k->core_type] -= k->n_core;
  s->n_core_left -= k->n_core;
  if (k->gpu_type != CR_NONE) {
    s->gpu_left[k->gpu_type]--;
    s->n_gpu_left--;
  }
  s->node[s->n_node++] = (uint16_t)kind;
  return 1;
}

static void give_back(struct search *s)
{
  const struct cr_node_kind *k = &s->kind[s->node[--s->n_node]];
  s->core_left[k->core_type] += k->n_core;
  s->n_core_left += k->n_core;
  if (k->gpu_type != CR_NONE) {
    s->gpu_left[k->gpu_type]++;
    s->n_gpu_left++;
  }
}

static void keep(struct search *s)
{
  if (s->first) {
    s->first[s->n_config] = (uint32_t)s->n_all;
    memcpy(&s->node_kind[s->n_all], s->node, s->n_node * sizeof *s->node);
  }
  s->n_config++;
  s->n_all += s->n_node;
}

/* Whether what is left can be used up: a core for each GPU, a node for each GPU, and one for each type of which there are
 * more cores than GPUs. */
static int hopeless(const struct search *s)
{
  uint32_t n_least = s->n_gpu_left;
  for (uint32_t t = 0; t < CR_PLATFORM_TYPE_MAX; t++)
    n_least += s->core_left[t] > s->n_gpu_left;
  return s->n_core_left < s->n_gpu_left || s->n_node + n_least > s->n_node_max;
}

static void extend(struct search *s)
{
  if (s->n_config > s->n_config_max || hopeless(s))
    return;
  if (!s->n_core_left) {
    keep(s);
    return;
  }
  for (uint32_t kind = 0; kind < s->n_kind; kind++)
    if (take(s, kind)) {
      extend(s);
      give_back(s);
    }
}

uint32_t cr_node_config_cores_max(const struct cr_platform *p, uint32_t core_type)
{
  uint32_t count = p->core[core_type].count, others = p->n_core - count;
  uint32_t needed = p->n_gpu > others ? p->n_gpu - others : 0;
  return needed < count ? count - needed : 0;
}

static struct cr_node_kind *kinds_of(const struct cr_platform *p, struct cr_arena *arena, uint32_t *n)
{
  size_t most = p->n_core + (size_t)p->n_gpu_type * p->n_core_type;
  struct cr_node_kind *kind = cr_arena_take(arena, most + 1, sizeof *kind);
  *n = 0;
  for (uint32_t t = 0; kind && t < p->n_core_type; t++)
    for (uint32_t m = 1; m <= cr_node_config_cores_max(p, t); m++)
      kind[(*n)++] = (struct cr_node_kind){t, m, CR_NONE};
  for (uint32_t g = 0; kind && g < p->n_gpu_type; g++)
    for (uint32_t t = 0; t < p->n_core_type; t++)
      kind[(*n)++] = (struct cr_node_kind){t, 1, g};
  return kind;
}

int cr_node_configs_find(const struct cr_platform *p, uint32_t n_node_max, uint32_t n_config_max,
                         struct cr_arena *arena, struct cr_node_configs *out, struct cr_err *err)
{
  struct search s = {
    .n_node_max = n_node_max, .n_config_max = n_config_max, .n_core_left = p->n_core, .n_gpu_left = p->n_gpu};
  s.kind = kinds_of(p, arena, &s.n_kind);
  if (!s.kind)
    return cr_fail_nomem(err, "node configurations");
  for (uint32_t t = 0; t < p->n_core_type; t++)
    s.core_left[t] = p->core[t].count;
  for (uint32_t g = 0; g < p->n_gpu_type; g++)
    s.gpu_left[g] = p->gpu[g].count;
  extend(&s);
  if (s.n_config > n_config_max)
    return cr_fail(err, CR_EINPUT, "%s can be divided into more than %u pipelines of up to %u nodes; allow fewer nodes",
                   p->name, n_config_max, n_node_max);
  s.first = cr_arena_take(arena, s.n_config + (size_t)1, sizeof *s.first);
  s.node_kind = cr_arena_take(arena, s.n_all + 1, sizeof *s.node_kind);
  if (!s.first || !s.node_kind)
    return cr_fail_nomem(err, "node configurations");
  s.n_config = 0;
  s.n_all = 0;
  extend(&s);
  s.first[s.n_config] = (uint32_t)s.n_all;
  *out = (struct cr_node_configs){s.n_kind, s.n_config, s.kind, s.first, s.node_kind};
  return CR_OK;
}
