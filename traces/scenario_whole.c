/* scenario_whole.c - the platform of a scenario's nodes as a whole, before it was divided: all cores of a type are one node, and
 * each GPU has its core.
 *
 * A core beside a GPU is one of its type's, too: what has the platform to itself uses either the cores or a GPU. */
#include "config.h"

#include "traces/scenario_int.h"

#include <stdio.h>
#include <string.h>

/* Adds a node's cores to those of its type, of which there are n types; whether it is a new one. */
static int add_cores(struct cr_device_desc *type, uint32_t n, const struct cr_device_desc *node)
{
  uint32_t i = 0;
  while (i < n && strcmp(type[i].node.core_type, node->node.core_type) != 0)
    i++;
  struct cr_device_desc *d = &type[i];
  if (i == n) {
    *d = *node;
    d->kind = CR_DEVICE_CPU_NODE;
    d->about = "all CPU cores of a type";
    d->sms = d->node.n_core = 0;
    d->node.notify_ns = d->node.gpu_preempt_ns = d->node.gpu_copy_ns = 0; /* there is no other to be told, and no GPU */
    d->node.gpu = NULL;
  }
  d->sms = d->node.n_core += node->node.n_core;
  d->node.cpu_preempt_ns = cr_max_ns(d->node.cpu_preempt_ns, node->node.cpu_preempt_ns);
  return i == n;
}

/* "8-xeon" */
static const char *name_of(const struct scenario_reader *r, const struct cr_device_desc *d)
{
  char name[120];
  snprintf(name, sizeof name, "%u-%.80s", d->node.n_core, d->node.core_type);
  return cr_arena_text(r->arena, name);
}

int cr_scenario_join_nodes(struct scenario_reader *r, struct cr_machine *m, struct cr_err *err)
{
  struct cr_device_desc *whole = cr_arena_take(r->arena, (size_t)2 * m->n_device, sizeof *whole);
  uint32_t n = 0;
  if (!whole)
    return cr_fail_nomem(err, "nodes");
  for (uint32_t i = 0; i < m->n_device; i++)
    n += (uint32_t)add_cores(whole, n, &m->device[i]);
  for (uint32_t i = 0; i < n; i++)
    if (!(whole[i].name = name_of(r, &whole[i])))
      return cr_fail_nomem(err, "nodes");
  for (uint32_t i = 0; i < m->n_device; i++)
    if (m->device[i].kind == CR_DEVICE_GPU_NODE)
      whole[n++] = m->device[i];
  *m = (struct cr_machine){n, whole};
  r->device = whole;
  return CR_OK;
}
