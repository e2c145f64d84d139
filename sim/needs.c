/* needs.c - what a policy needs, held against a device and a workload. */
#include "config.h"

#include "sim/needs.h"

#include <math.h>

#include "sim/ask.h"
#include "sim/device_model.h"

#define STEPS                                                                                                       \
  CR_GPU_FLAG, CR_GPU_CLEAR, CR_GPU_CLEAR_EACH, CR_GPU_EVICT, CR_GPU_EVICT_SERIAL, CR_GPU_EVICT_BLOCK, CR_GPU_SYNC, \
    CR_GPU_UNFLAG

static const struct priced {
  enum cr_cap cap;
  uint32_t n_price;
  enum cr_gpu_constant price[10];
} priced[] = {
  {CR_CAP_QUEUE,
   7,
   {CR_GPU_PUSH, CR_GPU_PUSH_SERIAL, CR_GPU_FETCH, CR_GPU_NOTICE, CR_GPU_SINGLE, CR_GPU_LOOK, CR_GPU_REPORT}},
  {CR_CAP_EVICT, 8, {STEPS}},
  {CR_CAP_KILL, 10, {STEPS, CR_GPU_KILL, CR_GPU_KILL_MORE}},
  {CR_CAP_SLICE, 0, {0}},
  {CR_CAP_PAD, 6, {CR_GPU_PUSH, CR_GPU_PUSH_SERIAL, CR_GPU_FETCH, CR_GPU_EARLY, CR_GPU_MERGE, CR_GPU_MERGE_LONGER}},
};

/* A model of iterations of which only the time is known, or CR_NONE. */
static uint32_t find_iterations(const struct cr_workload *w)
{
  for (uint32_t i = 0; i < w->n_client; i++)
    if (w->op[w->model[w->client[i].model.i].op0].kind == CR_OP_ITERATION)
      return w->client[i].model.i;
  return CR_NONE;
}

/* Layers on nodes, and all else on GPUs of SMs. */
static int check_places(const struct cr_workload *w, const struct cr_device_desc *d, struct cr_err *err)
{
  for (uint32_t i = 0; i < w->n_client; i++) {
    const struct cr_model_info *m = &w->model[w->client[i].model.i];
    int is_layers = w->op[m->op0].kind == CR_OP_LAYER;
    if (is_layers && d->kind == CR_DEVICE_GPU)
      return cr_fail(err, CR_EINPUT,
                     "model %s is made of layers, of which only the times on nodes are known; device %s is no node",
                     m->name, d->name);
    if (!is_layers && d->kind != CR_DEVICE_GPU)
      return cr_fail(err, CR_EINPUT,
                     "model %s is not made of layers, and node %s runs nothing else; give it a table of layers",
                     m->name, d->name);
  }
  return CR_OK;
}

/* Kernels that are followed take as long as they take. */
static int check_actual(const struct cr_workload *w, const struct cr_device_desc *d, struct cr_err *err)
{
  for (uint32_t i = 0; d->node.gpu && i < w->n_client; i++)
    if (w->client[i].actual_max_ppm)
      return cr_fail(err, CR_EINPUT,
                     "client %s has actual times, and on node %s the kernels of %s are followed, which take as long as "
                     "they take; remove `actual`, or leave the GPU of the node unnamed",
                     w->client[i].name, d->name, d->node.gpu->name);
  return CR_OK;
}

static int check_nodes(const struct cr_needs *needs, const char *who, const struct cr_device_desc *d,
                       struct cr_err *err)
{
  if (d->kind == CR_DEVICE_GPU && needs->caps & CR_CAP_NODE)
    return cr_fail(
      err, CR_EINPUT,
      "policy %s needs nodes, and device %s is a whole GPU; choose another policy, or a scenario with nodes", who,
      d->name);
  uint32_t beyond = needs->caps & ~(uint32_t)(CR_CAP_PRIORITY | CR_CAP_NODE | CR_CAP_BATCH);
  if (d->kind != CR_DEVICE_GPU && beyond)
    return cr_fail(err, CR_EINPUT,
                   "policy %s needs %s, which node %s cannot do; of its layers only the times are known", who,
                   cr_cap_text(beyond & -beyond), d->name);
  return CR_OK;
}

static int check_prices(const struct priced *p, const char *who, const struct cr_device_desc *d,
                        const struct cr_gpu_model *model, struct cr_err *err)
{
  for (uint32_t j = 0; j < p->n_price; j++) {
    const char *name = cr_gpu_constant_info[p->price[j]].name;
    if (isnan(model->constant[p->price[j]]))
      return cr_fail(
        err, CR_EINPUT,
        "policy %s needs %s, but device %s does not say what that costs: its constant %s is missing; add it to the "
        "device, or try one with --set model.%s=10us",
        who, cr_cap_text(p->cap), d->name, name, name);
  }
  return CR_OK;
}

int cr_needs_check(const struct cr_needs *needs, const struct cr_workload *w, const struct cr_device_desc *d,
                   const struct cr_gpu_model *model, struct cr_err *err)
{
  const char *who = needs->policy ? needs->policy : "?";
  uint32_t iterations = find_iterations(w);
  int rc = check_places(w, d, err);
  rc = rc ? rc : check_actual(w, d, err);
  rc = rc ? rc : check_nodes(needs, who, d, err);
  for (size_t i = 0; rc == CR_OK && i < sizeof priced / sizeof priced[0]; i++) {
    const struct priced *p = &priced[i];
    const char *cap = cr_cap_text(p->cap);
    if (!(needs->caps & p->cap))
      continue;
    if (iterations != CR_NONE)
      return cr_fail(
        err, CR_EINPUT,
        "policy %s needs %s, but of model %s only the time of an iteration is known; choose another policy, or "
        "models with recorded ops",
        who, cap, w->model[iterations].name);
    if (needs->has_processes)
      return cr_fail(err, CR_EINPUT,
                     "policy %s needs %s, which processes that take turns on a device cannot do; leave one of them out",
                     who, cap);
    if (p->cap != CR_CAP_QUEUE && !cr_device_model_of(model->fidelity)->stop)
      return cr_fail(err, CR_EINPUT,
                     "policy %s needs %s, which the model of fidelity %s does not follow; take model.fidelity=wave",
                     who, cap, cr_fidelity_name[model->fidelity]);
    rc = check_prices(p, who, d, model, err);
  }
  return rc;
}
