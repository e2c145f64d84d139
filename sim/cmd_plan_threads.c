/* cmd_plan_threads.c - what `corun plan threads` prints: how late requests can be that share one node, one after the other. */
#include "config.h"

#include "sim/cmd_plan.h"

#include <inttypes.h>

#include "sim/json_member.h"
#include "sim/provenance.h"
#include "sim/table.h"
#include "sim/unit.h"

enum { SCHEMA_VERSION = 1 }; /* of the JSON; raised when a field changes its meaning or goes */

struct answer {
  const struct cr_plan_report_cfg *cfg;
  const struct cr_task_set *set;
  enum cr_one_node_on on;
  const struct cr_one_node *node;
};

const char *cr_plan_threads_name(enum cr_one_node_on on)
{
  return on == CR_ON_GPU ? "BaseGPU" : "BaseCPU";
}

static double ms(cr_ns ns)
{
  return (double)ns / 1e6;
}

static cr_ns request_ns(const struct answer *a, const struct cr_plan_task *t)
{
  return cr_one_node_request_ns(t->profile, a->set->platform, &a->node->kind);
}

static cr_ns margin_ns(const struct answer *a, const struct cr_plan_task *t)
{
  return a->node->response_ns == CR_NS_NEVER ? CR_NS_NEVER : t->deadline_ns - a->node->response_ns;
}

/* --- table -------------------------------------------------------------------------------------------------------------- */

static void add_verdict(const struct answer *a, struct cr_text *out)
{
  const struct cr_one_node *n = a->node;
  char bound[32], be[32], rt[32];
  if (n->n_failed)
    cr_text_add(out, "%u of %u rt tasks may miss their deadlines: ", n->n_failed, a->set->n_rt);
  else
    cr_text_add(out, "every deadline is met; weighted response W = %.4f: ", (double)n->cost_ppb / 1e9 / a->set->n_rt);
  if (n->response_ns == CR_NS_NEVER) {
    cr_text_add(out, "they need %.1f %% of the node, so that there is no bound\n\n", (double)n->rt_used_ppt / 1e10);
    return;
  }
  cr_text_add(out, "each responds within %s, ", cr_format_ns(n->response_ns, bound, sizeof bound));
  if (n->be_task != CR_NONE)
    cr_text_add(out, "%s of %s and ", cr_format_ns(n->be_ns, be, sizeof be), a->set->task[n->be_task].name);
  cr_text_add(out, "%s of one request of each rt task\n\n", cr_format_ns(n->rt_ns, rt, sizeof rt));
}

static void report_table(const struct answer *a, struct cr_text *out)
{
  static const char times[] = "ms", margin[] = "margin";
  static const struct cr_table_column column[] = {
    {NULL, "task", 1},     {NULL, "class", 1},     {NULL, "model", 1}, {times, "period", 0}, {times, "deadline", 0},
    {times, "request", 0}, {times, "response", 0}, {margin, "ms", 0},  {margin, "%", 0},
  };
  const struct cr_task_set *set = a->set;
  char made_of[200];
  struct cr_table t;
  cr_text_add(out, "%s on %s: %u rt and %u be tasks, %s: whole requests, one after the other, on %s\n", set->name,
              set->platform->name, set->n_rt, set->n_task - set->n_rt, cr_plan_threads_name(a->on),
              cr_plan_made_of(set->platform, &a->node->kind, made_of, sizeof made_of));
  if (*set->about)
    cr_text_add(out, "%s\n", set->about);
  add_verdict(a, out);
  cr_table_begin(&t, column, sizeof column / sizeof column[0], a->cfg->color);
  for (uint32_t i = 0; i < set->n_task; i++) {
    const struct cr_plan_task *task = &set->task[i];
    cr_table_cell(&t, "%s", task->name);
    cr_table_cell(&t, "%s", task->is_rt ? "rt" : "be");
    cr_table_cell(&t, "%s", task->profile->name);
    cr_table_cell(&t, "%.3f", ms(task->period_ns));
    const cr_ns cell[] = {task->is_rt ? task->deadline_ns : CR_NS_NEVER, request_ns(a, task),
                          task->is_rt ? a->node->response_ns : CR_NS_NEVER,
                          task->is_rt ? margin_ns(a, task) : CR_NS_NEVER};
    for (size_t c = 0; c < sizeof cell / sizeof cell[0]; c++)
      if (cell[c] == CR_NS_NEVER)
        cr_table_cell(&t, "%s", task->is_rt ? "-" : "");
      else
        cr_table_cell(&t, "%.3f", ms(cell[c]));
    if (cell[3] == CR_NS_NEVER)
      cr_table_cell(&t, "%s", task->is_rt ? "-" : "");
    else
      cr_table_cell(&t, "%.1f", 100 * ms(cell[3]) / ms(task->deadline_ns));
  }
  cr_table_end(&t, out);
}

/* --- CSV and JSON ------------------------------------------------------------------------------------------------------- */

static void report_csv(const struct answer *a, struct cr_text *out)
{
  cr_text_add(out, "task,class,model,period_ns,deadline_ns,request_ns,response_ns,margin_ns\n");
  for (uint32_t i = 0; i < a->set->n_task; i++) {
    const struct cr_plan_task *t = &a->set->task[i];
    cr_text_add_csv(out, t->name);
    cr_text_add(out, ",%s,", t->is_rt ? "rt" : "be");
    cr_text_add_csv(out, t->profile->name);
    cr_plan_csv_ns(out, t->period_ns);
    cr_plan_csv_ns(out, t->deadline_ns);
    cr_plan_csv_ns(out, request_ns(a, t));
    cr_plan_csv_ns(out, t->is_rt ? a->node->response_ns : CR_NS_NEVER);
    cr_plan_csv_ns(out, t->is_rt ? margin_ns(a, t) : CR_NS_NEVER);
    cr_text_add(out, "\n");
  }
}

static void json_task(const struct answer *a, const struct cr_plan_task *t, struct cr_text *out)
{
  cr_text_add(out, "{\"name\":");
  cr_text_add_json(out, t->name);
  cr_member_text(out, "class", t->is_rt ? "rt" : "be");
  cr_member_text(out, "model", t->profile->name);
  cr_member_ns(out, "period_ns", t->period_ns);
  cr_member_ns(out, "deadline_ns", t->deadline_ns);
  cr_member_ns(out, "request_ns", request_ns(a, t));
  if (t->is_rt) {
    cr_member_ns(out, "response_ns", a->node->response_ns);
    cr_member_ns(out, "margin_ns", margin_ns(a, t));
  } else {
    cr_text_add(out, ",\"batch\":%" PRId64, t->batch);
  }
  cr_text_add(out, "}");
}

static void report_json(const struct answer *a, struct cr_text *out)
{
  const struct cr_platform *p = a->set->platform;
  const struct cr_one_node *n = a->node;
  cr_text_add(out, "{\"schema\":\"corun-plan-threads\",\"schema_version\":%d,\n  \"program\":\"corun\"",
              SCHEMA_VERSION);
  cr_member_text(out, "version", cr_program_version);
  cr_member_text(out, "git", cr_program_git);
  cr_member_text(out, "tasks_of", a->set->name);
  cr_member_text(out, "about", a->set->about);
  cr_member_text(out, "platform", p->name);
  cr_member_text(out, "on", cr_one_node_name[a->on]);
  cr_member_text(out, "core", p->core[n->kind.core_type].name);
  cr_text_add(out, ",\"cores\":%u,\"gpu\":", n->kind.n_core);
  if (n->kind.gpu_type == CR_NONE)
    cr_text_add(out, "null");
  else
    cr_text_add_json(out, p->gpu[n->kind.gpu_type].name);
  cr_text_add(out, ",\n  \"feasible\":%s,\"rt_used_ratio\":%.9f", n->n_failed ? "false" : "true",
              (double)n->rt_used_ppt / 1e12);
  cr_member_ns(out, "rt_ns", n->rt_ns);
  cr_member_ns(out, "be_ns", n->be_ns);
  cr_member_ns(out, "response_ns", n->response_ns);
  cr_text_add(out, ",\n  \"tasks\":[");
  for (uint32_t i = 0; i < a->set->n_task; i++) {
    cr_text_add(out, "%s\n    ", i ? "," : "");
    json_task(a, &a->set->task[i], out);
  }
  cr_text_add(out, "]}\n");
}

void cr_plan_threads_report(const struct cr_plan_report_cfg *cfg, const struct cr_task_set *set, enum cr_one_node_on on,
                            const struct cr_one_node *n, struct cr_text *out)
{
  const struct answer a = {cfg, set, on, n};
  if (cfg->format == CR_JSON)
    report_json(&a, out);
  else if (cfg->format == CR_CSV)
    report_csv(&a, out);
  else
    report_table(&a, out);
}
