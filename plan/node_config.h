/* node_config.h - every pipeline of nodes that a platform can be divided into: Algorithm 2 of DART.
 *
 * Nodes are ordered and use up all cores and GPUs. */
#ifndef CR_NODE_CONFIG_H
#define CR_NODE_CONFIG_H
#include "plan/platform.h"
#include "sim/mem.h"

struct cr_node_kind {
  uint32_t core_type;
  uint32_t n_core;   /* 1 on a GPU node */
  uint32_t gpu_type; /* CR_NONE: a CPU node */
};

struct cr_node_configs {
  uint32_t n_kind, n_config;
  const struct cr_node_kind *kind; /* [n_kind] that some node of some configuration is of */
  const uint32_t *first;           /* [n_config + 1] where each begins in node_kind */
  const uint16_t *node_kind;       /* of every node of every configuration, index of kind */
};

/* All of up to n_node_max nodes, in a fixed order; more than n_config_max are refused with CR_EINPUT.  In the arena.
 * No configuration is no error.  O(what is found), times the nodes of each. */
int cr_node_configs_find(const struct cr_platform *p, uint32_t n_node_max, uint32_t n_config_max,
                         struct cr_arena *arena, struct cr_node_configs *out, struct cr_err *err) CR_MUST;

static inline uint32_t cr_node_config_size(const struct cr_node_configs *c, uint32_t i)
{
  return c->first[i + 1] - c->first[i];
}

/* The node's kind. */
static inline const struct cr_node_kind *cr_node_config_kind(const struct cr_node_configs *c, uint32_t i, uint32_t node)
{
  return &c->kind[c->node_kind[c->first[i] + node]];
}

/* The most cores of a type that can be in one node: those that no GPU needs. */
uint32_t cr_node_config_cores_max(const struct cr_platform *p, uint32_t core_type);

#endif
