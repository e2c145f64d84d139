/* cmd_plan_report.c - what `corun plan dart` prints: the pipeline, what is guaranteed on it, and which layers go where. */
#include "config.h"

#include "sim/cmd_plan.h"

#include <inttypes.h>
#include <stdio.h>

#include "sim/json_member.h"
#include "sim/provenance.h"
#include "sim/table.h"
#include "sim/unit.h"

enum { SCHEMA_VERSION = 1 }; /* of the JSON; raised when a field changes its meaning or goes */

/* What is reported: a configuration of a set. */
struct answer {
  const struct cr_plan_report_cfg *cfg;
  const struct cr_task_set *set;
  const struct cr_dart *dart;
  const struct cr_dart_found *found;
  struct cr_dart_plan plan;
};

static const struct cr_node_kind *kind_of(const struct answer *a, uint32_t node)
{
  return cr_node_config_kind(cr_dart_configs(a->dart), a->plan.config, node);
}

static uint32_t kind_index(const struct answer *a, uint32_t node)
{
  const struct cr_node_configs *c = cr_dart_configs(a->dart);
  return c->node_kind[c->first[a->plan.config] + node];
}

const char *cr_plan_made_of(const struct cr_platform *p, const struct cr_node_kind *kind, char *buf, size_t n)
{
  const char *core = p->core[kind->core_type].name;
  if (kind->gpu_type == CR_NONE)
    snprintf(buf, n, "%u %s", kind->n_core, core);
  else
    snprintf(buf, n, "%s + 1 %s", p->gpu[kind->gpu_type].name, core);
  return buf;
}

static const char *made_of(const struct answer *a, uint32_t node, char *buf, size_t n)
{
  return cr_plan_made_of(a->set->platform, kind_of(a, node), buf, n);
}

/* Layers of a task on a node: from *first on, so many. */
static uint32_t layers_on(const struct answer *a, uint32_t task, uint32_t node, uint32_t *first)
{
  const uint32_t *at = &a->plan.first[(size_t)task * (a->plan.n_node + 1) + node];
  *first = at[0];
  return at[1] - at[0];
}

static cr_ns stage_ns(const struct answer *a, uint32_t task, uint32_t node)
{
  uint32_t first, n = layers_on(a, task, node, &first);
  return cr_dart_stage_ns(a->dart, task, kind_index(a, node), first, first + n);
}

/* Real-time tasks by priority, then the others as the set has them: the i-th of all. */
static uint32_t task_at(const struct answer *a, uint32_t i)
{
  if (i < a->plan.n_rt)
    return a->plan.rank_task[i];
  uint32_t n = a->plan.n_rt;
  for (uint32_t task = 0;; task++)
    if (!a->set->task[task].is_rt && n++ == i)
      return task;
}

static double ms(cr_ns ns)
{
  return (double)ns / 1e6;
}

static double mean_cost(const struct answer *a)
{
  return (double)a->found->best_cost_ppb / 1e9 / a->plan.n_rt;
}

static const char *bound_name(const struct answer *a)
{
  return cr_dart_bound_name[cr_dart_bound(a->dart)];
}

/* --- table -------------------------------------------------------------------------------------------------------------- */

static void add_head(const struct answer *a, struct cr_text *out)
{
  const struct cr_platform *p = a->set->platform;
  cr_text_add(out, "%s on %s (", a->set->name, p->name);
  for (uint32_t i = 0; i < p->n_core_type; i++)
    cr_text_add(out, "%u %s, ", p->core[i].count, p->core[i].name);
  for (uint32_t i = 0; i < p->n_gpu_type; i++)
    cr_text_add(out, "%s%u %s", i ? ", " : "", p->gpu[i].count, p->gpu[i].name);
  cr_text_add(out, "): %u rt and %u be tasks, bound %s\n", a->set->n_rt, a->set->n_task - a->set->n_rt, bound_name(a));
  if (*a->set->about)
    cr_text_add(out, "%s\n", a->set->about);
}

/* Each task without a guarantee, on the configuration that misses by the least. */
static void add_misses(const struct answer *a, struct cr_text *out)
{
  const struct cr_dart_plan *plan = &a->plan;
  for (uint32_t r = 0; r < plan->n_rt; r++) {
    const struct cr_plan_task *t = &a->set->task[plan->rank_task[r]];
    char response[32], deadline[32], over[32];
    cr_ns response_ns = plan->response_ns[r];
    cr_format_ns(t->deadline_ns, deadline, sizeof deadline);
    if (response_ns == CR_NS_NEVER)
      cr_text_add(out, "  %s: no bound up to %d times its deadline of %s%s\n", t->name, CR_DART_GIVE_UP, deadline,
                  cr_dart_bound(a->dart) == CR_DART_PAPER ? "" : ", or none because tasks above have none");
    else if (response_ns > t->deadline_ns)
      cr_text_add(out, "  %s: up to %s, %s (%.1f %%) beyond its deadline of %s\n", t->name,
                  cr_format_ns(response_ns, response, sizeof response),
                  cr_format_ns(response_ns - t->deadline_ns, over, sizeof over),
                  100 * ms(response_ns - t->deadline_ns) / ms(t->deadline_ns), deadline);
  }
}

static void add_verdict(const struct answer *a, struct cr_text *out)
{
  const struct cr_dart_found *f = a->found;
  if (f->n_passed) {
    cr_text_add(out, "%u of %u pipelines of up to %u nodes meet every deadline; least weighted response W = %.4f:\n\n",
                f->n_passed, f->n_tried, a->cfg->n_node_max, mean_cost(a));
    return;
  }
  cr_text_add(
    out, "none of %u pipelines of up to %u nodes meets every deadline; on the nearest %u of %u rt tasks may miss:\n",
    f->n_tried, a->cfg->n_node_max, f->nearest_n_failed, a->set->n_rt);
  add_misses(a, out);
  cr_text_add(out, "\n");
}

static void add_nodes(const struct answer *a, struct cr_text *out)
{
  static const struct cr_table_column column[] = {
    {NULL, "node", 0}, {NULL, "made of", 1}, {NULL, "in use, %", 0}, {NULL, "longest be copy, ms", 0}};
  struct cr_table t;
  char text[200];
  cr_table_begin(&t, column, 4, a->cfg->color);
  for (uint32_t k = 0; k < a->plan.n_node; k++) {
    cr_table_cell(&t, "%u", k + 1);
    cr_table_cell(&t, "%s", made_of(a, k, text, sizeof text));
    cr_table_cell(&t, "%.1f", (double)a->plan.used_ppt[k] / 1e10);
    if (kind_of(a, k)->gpu_type == CR_NONE)
      cr_table_cell(&t, "%s", "");
    else
      cr_table_cell(&t, "%.3f", ms(a->plan.gpu_copy_ns[k]));
  }
  cr_table_end(&t, out);
  cr_text_add(out, "\n");
}

/* Guarantees are of rt tasks; be tasks get what is left, which may be less than they need. */
static void add_overloads(const struct answer *a, struct cr_text *out)
{
  int any = 0;
  for (uint32_t k = 0; k < a->plan.n_node; k++)
    if (a->plan.used_ppt[k] > INT64_C(1000000000000)) {
      cr_text_add(out, "node %u has more to do than time; be tasks there fall behind\n", k + 1);
      any = 1;
    }
  if (any)
    cr_text_add(out, "\n");
}

static void cell_ms(struct cr_table *t, cr_ns ns)
{
  if (ns == CR_NS_NEVER)
    cr_table_cell(t, "-");
  else
    cr_table_cell(t, "%.3f", ms(ns));
}

static void add_guarantees(const struct answer *a, struct cr_text *out)
{
  static const char times[] = "ms", bounds[] = "bounds, ms", margin[] = "margin";
  static const struct cr_table_column column[] = {
    {NULL, "priority", 0},  {NULL, "task", 1},      {NULL, "weight", 0}, {times, "period", 0},
    {times, "deadline", 0}, {times, "response", 0}, {margin, "ms", 0},   {margin, "%", 0},
    {bounds, "paper", 0},   {bounds, "D", 0},       {bounds, "H", 0},
  };
  struct cr_table t;
  cr_table_begin(&t, column, 11, a->cfg->color);
  for (uint32_t r = 0; r < a->plan.n_rt; r++) {
    const struct cr_plan_task *task = &a->set->task[a->plan.rank_task[r]];
    cr_ns response_ns = a->plan.response_ns[r];
    cr_table_cell(&t, "%u", r + 1);
    cr_table_cell(&t, "%s", task->name);
    cr_table_cell(&t, "%" PRId64, task->weight);
    cell_ms(&t, task->period_ns);
    cell_ms(&t, task->deadline_ns);
    cell_ms(&t, response_ns);
    if (response_ns == CR_NS_NEVER) {
      cr_table_cell(&t, "-");
      cr_table_cell(&t, "-");
    } else {
      cell_ms(&t, task->deadline_ns - response_ns);
      cr_table_cell(&t, "%.1f", 100 * ms(task->deadline_ns - response_ns) / ms(task->deadline_ns));
    }
    cell_ms(&t, a->plan.paper_ns[r]);
    cell_ms(&t, a->plan.overlap_ns[r]);
    cell_ms(&t, a->plan.holistic_ns[r]);
  }
  cr_table_end(&t, out);
  cr_text_add(out, "\n");
}

/* "1-3: 4.210": layers, counted from 1, and their time in ms. */
static void cell_stage(const struct answer *a, uint32_t task, uint32_t node, struct cr_table *t)
{
  uint32_t first, n = layers_on(a, task, node, &first);
  if (!n)
    cr_table_cell(t, "%s", "");
  else if (n == 1)
    cr_table_cell(t, "%u: %.3f", first + 1, ms(stage_ns(a, task, node)));
  else
    cr_table_cell(t, "%u-%u: %.3f", first + 1, first + n, ms(stage_ns(a, task, node)));
}

static void add_placement(const struct answer *a, struct cr_text *out)
{
  static const char group[] = "layers on node: ms";
  struct cr_table_column column[CR_PLATFORM_CORE_MAX + 4] = {
    {NULL, "task", 1}, {NULL, "class", 1}, {NULL, "model", 1}, {NULL, "layers", 0}};
  char title[CR_PLATFORM_CORE_MAX][12];
  struct cr_table t;
  for (uint32_t k = 0; k < a->plan.n_node; k++) {
    snprintf(title[k], sizeof title[k], "%u", k + 1);
    column[4 + k] = (struct cr_table_column){group, title[k], 0};
  }
  cr_table_begin(&t, column, 4 + a->plan.n_node, a->cfg->color);
  for (uint32_t i = 0; i < a->set->n_task; i++) {
    uint32_t task = task_at(a, i);
    const struct cr_plan_task *of = &a->set->task[task];
    cr_table_cell(&t, "%s", of->name);
    cr_table_cell(&t, "%s", of->is_rt ? "rt" : "be");
    cr_table_cell(&t, "%s", of->profile->name);
    cr_table_cell(&t, "%u", of->profile->n_layer);
    for (uint32_t k = 0; k < a->plan.n_node; k++)
      cell_stage(a, task, k, &t);
  }
  cr_table_end(&t, out);
}

static void report_table(const struct answer *a, struct cr_text *out)
{
  add_head(a, out);
  add_verdict(a, out);
  add_nodes(a, out);
  add_overloads(a, out);
  add_guarantees(a, out);
  add_placement(a, out);
}

/* --- CSV ---------------------------------------------------------------------------------------------------------------- */

void cr_plan_csv_ns(struct cr_text *out, cr_ns ns)
{
  if (ns == CR_NS_NEVER)
    cr_text_add(out, ",");
  else
    cr_text_add(out, ",%" PRId64, ns);
}

static void csv_task(const struct answer *a, uint32_t i, struct cr_text *out)
{
  const struct cr_plan_task *t = &a->set->task[task_at(a, i)];
  cr_text_add(out, "task,");
  cr_text_add_csv(out, t->name);
  cr_text_add(out, ",%s,", t->is_rt ? "rt" : "be");
  if (t->is_rt)
    cr_text_add(out, "%u,%" PRId64, i + 1, t->weight);
  else
    cr_text_add(out, ",");
  cr_plan_csv_ns(out, t->period_ns);
  cr_plan_csv_ns(out, t->deadline_ns);
  cr_ns response_ns = t->is_rt ? a->plan.response_ns[i] : CR_NS_NEVER;
  cr_plan_csv_ns(out, response_ns);
  cr_plan_csv_ns(out, response_ns == CR_NS_NEVER ? CR_NS_NEVER : t->deadline_ns - response_ns);
  cr_plan_csv_ns(out, t->is_rt ? a->plan.paper_ns[i] : CR_NS_NEVER);
  cr_plan_csv_ns(out, t->is_rt ? a->plan.overlap_ns[i] : CR_NS_NEVER);
  cr_plan_csv_ns(out, t->is_rt ? a->plan.holistic_ns[i] : CR_NS_NEVER);
  cr_text_add(out, ",,,,,,\n");
}

static void csv_stages(const struct answer *a, uint32_t i, struct cr_text *out)
{
  uint32_t task = task_at(a, i);
  for (uint32_t k = 0; k < a->plan.n_node; k++) {
    char text[200];
    uint32_t first, n = layers_on(a, task, k, &first);
    if (!n)
      continue;
    cr_text_add(out, "stage,");
    cr_text_add_csv(out, a->set->task[task].name);
    cr_text_add(out, ",,,,,,,,,,,%u,", k + 1);
    cr_text_add_csv(out, made_of(a, k, text, sizeof text));
    cr_text_add(out, ",%u,%u,%" PRId64 ",\n", first + 1, first + n, stage_ns(a, task, k));
  }
}

static void report_csv(const struct answer *a, struct cr_text *out)
{
  cr_text_add(
    out, "row,task,class,priority,weight,period_ns,deadline_ns,response_ns,margin_ns,paper_ns,overlap_ns,holistic_ns,"
         "node,made_of,first_layer,last_layer,stage_ns,used_ratio\n");
  for (uint32_t k = 0; k < a->plan.n_node; k++) {
    char text[200];
    cr_text_add(out, "node,,,,,,,,,,,,%u,", k + 1);
    cr_text_add_csv(out, made_of(a, k, text, sizeof text));
    cr_text_add(out, ",,,,%.6f\n", (double)a->plan.used_ppt[k] / 1e12);
  }
  for (uint32_t i = 0; i < a->set->n_task; i++)
    csv_task(a, i, out);
  for (uint32_t i = 0; i < a->set->n_task; i++)
    csv_stages(a, i, out);
}

/* --- JSON: what a run-time needs to carry the plan out, and to test whether one more task fits ---------------------------- */

static void json_node(const struct answer *a, uint32_t k, struct cr_text *out)
{
  const struct cr_platform *p = a->set->platform;
  const struct cr_node_kind *kind = kind_of(a, k);
  cr_text_add(out, "%s\n    {\"node\":%u", k ? "," : "", k);
  cr_member_text(out, "core", p->core[kind->core_type].name);
  cr_text_add(out, ",\"cores\":%u,\"gpu\":", kind->n_core);
  if (kind->gpu_type == CR_NONE)
    cr_text_add(out, "null");
  else
    cr_text_add_json(out, p->gpu[kind->gpu_type].name);
  cr_member_ns(out, "eps_gm_ns", a->plan.gpu_copy_ns[k]);
  cr_text_add(out, ",\"used_ratio\":%.9f}", (double)a->plan.used_ppt[k] / 1e12);
}

static void json_stages(const struct answer *a, uint32_t i, struct cr_text *out)
{
  uint32_t task = task_at(a, i), n_stage = 0;
  cr_text_add(out, ",\"stages\":[");
  for (uint32_t k = 0; k < a->plan.n_node; k++) {
    uint32_t first, n = layers_on(a, task, k, &first);
    if (!n)
      continue;
    cr_text_add(out, "%s{\"node\":%u,\"first_layer\":%u,\"layers\":%u", n_stage++ ? "," : "", k, first, n);
    cr_member_ns(out, "time_ns", stage_ns(a, task, k));
    if (i < a->plan.n_rt)
      cr_member_ns(out, "cost_ns", a->plan.cost_ns[(size_t)i * a->plan.n_node + k]);
    cr_text_add(out, "}");
  }
  cr_text_add(out, "]");
}

static void json_task(const struct answer *a, uint32_t i, struct cr_text *out)
{
  const struct cr_plan_task *t = &a->set->task[task_at(a, i)];
  cr_text_add(out, "%s\n    {\"name\":", i ? "," : "");
  cr_text_add_json(out, t->name);
  cr_member_text(out, "class", t->is_rt ? "rt" : "be");
  cr_member_text(out, "model", t->profile->name);
  cr_member_ns(out, "period_ns", t->period_ns);
  cr_member_ns(out, "deadline_ns", t->deadline_ns);
  if (t->is_rt) {
    cr_text_add(out, ",\"priority\":%u,\"weight\":%" PRId64, i, t->weight);
    cr_member_ns(out, "response_ns", a->plan.response_ns[i]);
    cr_member_ns(out, "margin_ns",
                 a->plan.response_ns[i] == CR_NS_NEVER ? CR_NS_NEVER : t->deadline_ns - a->plan.response_ns[i]);
    cr_member_ns(out, "paper_ns", a->plan.paper_ns[i]);
    cr_member_ns(out, "overlap_ns", a->plan.overlap_ns[i]);
    cr_member_ns(out, "holistic_ns", a->plan.holistic_ns[i]);
  } else {
    cr_text_add(out, ",\"batch\":%" PRId64, t->batch);
  }
  json_stages(a, i, out);
  cr_text_add(out, "}");
}

static void report_json(const struct answer *a, struct cr_text *out)
{
  const struct cr_stage_overhead *o = &a->set->platform->overhead;
  const struct cr_dart_found *f = a->found;
  cr_text_add(out, "{\"schema\":\"corun-plan-dart\",\"schema_version\":%d,\n  \"program\":\"corun\"", SCHEMA_VERSION);
  cr_member_text(out, "version", cr_program_version);
  cr_member_text(out, "git", cr_program_git);
  cr_member_text(out, "tasks_of", a->set->name);
  cr_member_text(out, "about", a->set->about);
  cr_member_text(out, "platform", a->set->platform->name);
  cr_member_text(out, "bound", bound_name(a));
  cr_text_add(
    out,
    ",\"nodes_max\":%u,\n  \"feasible\":%s,\"configurations\":%u,\"configurations_passed\":%u,\"configuration\":%u",
    a->cfg->n_node_max, f->n_passed ? "true" : "false", f->n_tried, f->n_passed, a->plan.config);
  if (f->n_passed)
    cr_text_add(out, ",\"weighted_response\":%.9f", mean_cost(a));
  else
    cr_text_add(out, ",\"weighted_response\":null");
  cr_member_ns(out, "eps_s_ns", o->notify_ns);
  cr_member_ns(out, "eps_cp_ns", o->cpu_preempt_ns);
  cr_member_ns(out, "eps_gp_ns", o->gpu_preempt_ns);
  cr_text_add(out, ",\n  \"nodes\":[");
  for (uint32_t k = 0; k < a->plan.n_node; k++)
    json_node(a, k, out);
  cr_text_add(out, "],\n  \"tasks\":[");
  for (uint32_t i = 0; i < a->set->n_task; i++)
    json_task(a, i, out);
  cr_text_add(out, "]}\n");
}

void cr_plan_report(const struct cr_plan_report_cfg *cfg, const struct cr_task_set *set, struct cr_dart *d,
                    const struct cr_dart_found *found, struct cr_text *out)
{
  struct answer a = {.cfg = cfg, .set = set, .dart = d, .found = found};
  cr_dart_plan(d, found->n_passed ? found->best : found->nearest, &a.plan);
  if (cfg->format == CR_JSON)
    report_json(&a, out);
  else if (cfg->format == CR_CSV)
    report_csv(&a, out);
  else
    report_table(&a, out);
}
