/* scenario_node.c - `nodes` of a scenario, and the stages of its clients: what runs on nodes instead of a GPU. */
#include "config.h"

#include "sim/nearest.h"
#include "sim/unit.h"
#include "traces/device_file.h"
#include "traces/scenario_int.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { NODES_MAX = 64, CORES_MAX = 4096, PATH = 64 };

static const cr_ns COST_MAX_NS = CR_LAYER_MAX_NS;

static const char *member(uint32_t i, const char *key, char buf[PATH])
{
  snprintf(buf, PATH, "nodes[%u].%s", i, key);
  return buf;
}

/* -- nodes --------------------------------------------------------------------------------------------------------- */

static int read_cost(const struct scenario_reader *r, uint32_t i, const char *key, const char *text, cr_ns *out,
                     struct cr_err *err)
{
  char path[PATH];
  int rc = text ? cr_scenario_time(r, member(i, key, path), text, 0, out, err) : CR_OK;
  if (!rc && text && *out > COST_MAX_NS)
    return cr_yaml_fail(r->y, path, err, "%s: '%s' is longer than an hour; is the unit right?", path, text);
  return rc;
}

/* What only a GPU node has. */
static int check_gpu_keys(const struct scenario_reader *r, uint32_t i, const struct node_yaml *n, int is_gpu,
                          const struct cr_device_desc *d, struct cr_err *err)
{
  char path[PATH];
  const char *key = n->gpu_preempt ? "gpu_preempt" : n->gpu_copy ? "gpu_copy" : n->follow ? "follow" : NULL;
  if (!is_gpu && key)
    return cr_yaml_fail(r->y, member(i, key, path), err, "%s: node %s has no GPU; add gpu: yes, or remove it", path,
                        d->name);
  if (is_gpu && d->node.n_core != 1)
    return cr_yaml_fail(r->y, member(i, "cores", path), err, "%s: a GPU node has one core beside the GPU, not %u", path,
                        d->node.n_core);
  return CR_OK;
}

static int read_name(const struct scenario_reader *r, uint32_t i, const struct cr_device_desc *node, const char *name,
                     struct cr_err *err)
{
  char path[PATH];
  member(i, "name", path);
  size_t n = strlen(name);
  if (n == 0 || n > 80 || strpbrk(name, " \t\r\n[]=,"))
    return cr_yaml_fail(r->y, path, err, "%s: '%s' is no name: 1 to 80 characters without blanks or [ ] = ,", path,
                        name);
  for (uint32_t k = 0; k < i; k++)
    if (strcmp(node[k].name, name) == 0)
      return cr_yaml_fail(r->y, path, err, "%s: there is a node %s already; names must be unique", path, name);
  return CR_OK;
}

/* A type of GPUs; yes: one called gpu; no: NULL. */
static int read_gpu(const struct scenario_reader *r, const char *path, const char *text, const char **out,
                    struct cr_err *err)
{
  static const char *const answer[] = {"yes", "no", "true", "false", "on", "off"};
  int is_answer = 0, is_gpu = 1;
  for (size_t i = 0; i < sizeof answer / sizeof *answer; i++)
    is_answer |= strcasecmp(text, answer[i]) == 0;
  int rc = is_answer ? cr_scenario_answer(r, path, text, &is_gpu, err) : CR_OK;
  if (rc || !is_gpu)
    return rc;
  if (!is_answer && (!*text || strlen(text) > 80 || strpbrk(text, " \t\r\n[]=,")))
    return cr_yaml_fail(r->y, path, err, "%s: '%s' is no type of GPUs: yes, no, or a name without blanks or [ ] = ,",
                        path, text);
  *out = cr_arena_text(r->arena, is_answer ? "gpu" : text);
  return *out ? CR_OK : cr_fail_nomem(err, path);
}

/* The GPU whose kernels are followed. */
static int read_follow(const struct scenario_reader *r, const char *path, const char *name, struct cr_device_desc *d,
                       struct cr_err *err)
{
  struct cr_device_desc *gpu = cr_arena_take(r->arena, 1, sizeof *gpu);
  if (!gpu)
    return cr_fail_nomem(err, path);
  int rc = cr_scenario_at(r, path, cr_device_load(name, NULL, 0, r->arena, gpu, err), err);
  if (!rc && gpu->is_uncalibrated)
    return cr_yaml_fail(r->y, path, err, "%s: device %s has no measured constants to follow kernels with", path, name);
  d->node.gpu = gpu;
  return rc;
}

static int read_node(const struct scenario_reader *r, uint32_t i, const struct node_yaml *n,
                     struct cr_device_desc *node, struct cr_err *err)
{
  char path[PATH];
  int64_t cores = 1;
  struct cr_device_desc *d = &node[i];
  int rc = read_name(r, i, node, n->name, err);
  const char *gpu_type = NULL;
  if (!rc && n->gpu)
    rc = read_gpu(r, member(i, "gpu", path), n->gpu, &gpu_type, err);
  int is_gpu = gpu_type != NULL;
  if (!rc && n->cores)
    rc = cr_scenario_count(r, member(i, "cores", path), n->cores, 1, CORES_MAX, &cores, err);
  *d = (struct cr_device_desc){
    .name = cr_arena_text(r->arena, n->name),
    .about = is_gpu ? "a GPU and the core beside it" : "CPU cores",
    .sms = (uint32_t)cores,
    .priority_greatest = -1,
    .is_uncalibrated = 1,
    .kind = is_gpu ? CR_DEVICE_GPU_NODE : CR_DEVICE_CPU_NODE,
    .node = {.n_core = (uint32_t)cores,
             .core_type = cr_arena_text(r->arena, n->type ? n->type : "core"),
             .gpu_type = gpu_type},
  };
  if (!d->name || !d->node.core_type)
    return cr_fail_nomem(err, "nodes");
  rc = rc ? rc : check_gpu_keys(r, i, n, is_gpu, d, err);
  rc = rc ? rc : read_cost(r, i, "notify", n->notify, &d->node.notify_ns, err);
  rc = rc ? rc : read_cost(r, i, "cpu_preempt", n->cpu_preempt, &d->node.cpu_preempt_ns, err);
  rc = rc ? rc : read_cost(r, i, "gpu_preempt", n->gpu_preempt, &d->node.gpu_preempt_ns, err);
  rc = rc ? rc : read_cost(r, i, "gpu_copy", n->gpu_copy, &d->node.gpu_copy_ns, err);
  return rc || !n->follow ? rc : read_follow(r, member(i, "follow", path), n->follow, d, err);
}

/* Keys about a whole GPU, and about jobs, which do not run on nodes. */
static int check_others(const struct scenario_reader *r, struct cr_err *err)
{
  static const char *const other[] = {"device", "model", "traces", "jobs"};
  for (size_t i = 0; i < sizeof other / sizeof *other; i++)
    if (cr_yaml_has(r->y, other[i]))
      return cr_yaml_fail(r->y, other[i], err,
                          "%s: does not go with nodes, whose clients run layers of a table; remove one of them",
                          other[i]);
  return CR_OK;
}

int cr_scenario_open_nodes(struct scenario_reader *r, const struct node_yaml *nodes, uint32_t n, struct cr_machine *out,
                           struct cr_err *err)
{
  struct cr_device_desc *node = cr_arena_take(r->arena, n, sizeof *node);
  int rc = check_others(r, err);
  if (!rc && n > NODES_MAX)
    rc = cr_yaml_fail(r->y, "nodes", err, "nodes: %u are listed; at most %d can be", n, NODES_MAX);
  if (!rc && !node)
    rc = cr_fail_nomem(err, "nodes");
  for (uint32_t i = 0; !rc && i < n; i++)
    rc = read_node(r, i, &nodes[i], node, err);
  if (rc)
    return rc;
  *out = (struct cr_machine){n, node};
  r->nodes = out;
  r->device = node;
  return r->undivided ? cr_scenario_join_nodes(r, out, err) : CR_OK;
}

/* -- stages -------------------------------------------------------------------------------------------------------- */

/* "gpu=3": its node, and how many layers. */
static int parse_stage(const struct scenario_reader *r, const char *path, const char *text, struct cr_stage_spec *out,
                       struct cr_err *err)
{
  const char *equals = strchr(text, '='), *name[NODES_MAX];
  char wanted[100];
  int64_t n_op = 0;
  size_t n = equals ? (size_t)(equals - text) : 0;
  if (!equals || n == 0 || n >= sizeof wanted)
    return cr_yaml_fail(
      r->y, path, err, "%s: '%s' is no stage; write the node and how many layers run there, such as gpu=3", path, text);
  memcpy(wanted, text, n);
  wanted[n] = '\0';
  for (out->device = 0; out->device < r->nodes->n_device; out->device++) {
    name[out->device] = r->nodes->device[out->device].name;
    if (strcmp(name[out->device], wanted) == 0)
      break;
  }
  if (out->device == r->nodes->n_device) {
    const char *near = cr_nearest(wanted, name, r->nodes->n_device);
    return cr_yaml_fail(r->y, path, err, "%s: there is no node '%s'%s%s%s", path, wanted,
                        near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
  }
  int rc = cr_scenario_count(r, path, equals + 1, 1, 1000000, &n_op, err);
  out->n_op = (uint32_t)n_op;
  return rc;
}

/* Its layers can run there. */
static int check_stage(const struct scenario_reader *r, const char *path, cr_model model, const struct cr_stage_spec *s,
                       uint32_t at, struct cr_err *err)
{
  const struct cr_model_info *m = cr_workload_builder_model(r->builder, model);
  if (s->n_op > m->n_op - at)
    return cr_yaml_fail(r->y, path, err, "%s: the stages have more layers than model %s, which has %u", path, m->name,
                        m->n_op);
  for (uint32_t i = at; i < at + s->n_op; i++) {
    const struct cr_op_spec *op = cr_workload_builder_op(r->builder, m->op0 + i);
    if (op->layer[s->device].exec_ns == CR_NS_NEVER)
      return cr_yaml_fail(r->y, path, err, "%s: layer %s of model %s has no time on node %s", path, op->name, m->name,
                          r->nodes->device[s->device].name);
  }
  return CR_OK;
}

int cr_scenario_client_stages(const struct scenario_reader *r, uint32_t i, const struct client_yaml *c,
                              struct cr_client_spec *out, struct cr_err *err)
{
  char path[PATH];
  uint32_t at = 0;
  if (!c->n_stages || r->undivided)
    return CR_OK;
  snprintf(path, sizeof path, "clients[%u].stages", i);
  if (!r->nodes)
    return cr_yaml_fail(r->y, path, err, "%s: there are no nodes for them; add nodes, or remove it", path);
  struct cr_stage_spec *stage = cr_arena_take(r->arena, c->n_stages, sizeof *stage);
  if (!stage)
    return cr_fail_nomem(err, path);
  int rc = CR_OK;
  for (uint32_t k = 0; !rc && k < c->n_stages; k++) {
    snprintf(path, sizeof path, "clients[%u].stages[%u]", i, k);
    rc = parse_stage(r, path, c->stages[k], &stage[k], err);
    rc = rc ? rc : check_stage(r, path, out->model, &stage[k], at, err);
    at += stage[k].n_op;
  }
  const struct cr_model_info *m = cr_workload_builder_model(r->builder, out->model);
  snprintf(path, sizeof path, "clients[%u].stages", i);
  if (!rc && at < m->n_op)
    rc = cr_yaml_fail(r->y, path, err, "%s: have %u layers, but model %s has %u", path, at, m->name, m->n_op);
  out->stage = stage;
  out->n_stage = c->n_stages;
  return rc;
}

/* -- how long they really take ------------------------------------------------------------------------------------- */

static int parse_share(const struct scenario_reader *r, const char *path, const char *text, uint32_t *out,
                       struct cr_err *err)
{
  int64_t ppm = 0;
  int rc = cr_parse_factor(text, path, &ppm, err);
  if (rc)
    return cr_scenario_at(r, path, rc, err);
  if (ppm < 1 || ppm > CR_ACTUAL_MAX_PPM)
    return cr_yaml_fail(r->y, path, err, "%s: '%s' is not possible; it must be above 0 and at most 4", path, text);
  *out = (uint32_t)ppm;
  return CR_OK;
}

int cr_scenario_client_actual(const struct scenario_reader *r, uint32_t i, const struct client_yaml *c,
                              struct cr_client_spec *out, struct cr_err *err)
{
  char path[PATH], least[64];
  if (!c->actual)
    return CR_OK;
  snprintf(path, sizeof path, "clients[%u].actual", i);
  if (!r->nodes)
    return cr_yaml_fail(r->y, path, err,
                        "%s: only layers on nodes take other times than recorded; add nodes, or remove it", path);
  const char *dots = strstr(c->actual, "..");
  size_t n = dots ? (size_t)(dots - c->actual) : strlen(c->actual);
  if (n >= sizeof least)
    return cr_yaml_fail(r->y, path, err, "%s: '%s' is not possible; write it as 0.8..1.2", path, c->actual);
  memcpy(least, c->actual, n);
  least[n] = '\0';
  int rc = parse_share(r, path, least, &out->actual_min_ppm, err);
  rc = rc ? rc : parse_share(r, path, dots ? dots + 2 : least, &out->actual_max_ppm, err);
  if (!rc && out->actual_min_ppm > out->actual_max_ppm)
    rc = cr_yaml_fail(r->y, path, err, "%s: '%s' goes down; write the lesser first, as 0.8..1.2", path, c->actual);
  return rc;
}

int cr_scenario_client_period(const struct scenario_reader *r, uint32_t i, const struct client_yaml *c,
                              struct cr_client_spec *out, struct cr_err *err)
{
  char path[PATH];
  int rc = CR_OK;
  snprintf(path, sizeof path, "clients[%u].period", i);
  if (c->period)
    rc = cr_scenario_time(r, path, c->period, 1, &out->period_ns, err);
  if (rc || !c->join)
    return rc;
  snprintf(path, sizeof path, "clients[%u].join", i);
  rc = cr_scenario_time(r, path, c->join, 0, &out->join_ns, err);
  if (!rc && out->join_ns >= r->duration_ns)
    return cr_yaml_fail(r->y, path, err, "%s: '%s' is not before the end of the run", path, c->join);
  if (!rc && out->arrival.kind != CR_ARRIVE_TRACE)
    out->arrival.phase_ns = cr_ns_add(out->arrival.phase_ns, out->join_ns);
  return rc;
}
