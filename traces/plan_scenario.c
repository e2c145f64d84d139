/* plan_scenario.c - writes a plan of DART as a scenario.
 *
 * The simulator charges no more than the bounds count: a node's notify, cpu_preempt, gpu_preempt and gpu_copy are eps_s, eps_cp,
 * eps_gp and the eps_gm of the plan; a best-effort client's longest copy is within that.  The warm-up is 0, so that the first
 * requests count, which all arrive at once. */
#include "config.h"

#include "traces/plan_scenario.h"

#include "sim/provenance.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { RUN_PERIODS = 100 };                               /* of the longest real-time period: how long the run is */
static const cr_ns RUN_LEAST_NS = INT64_C(10000000000);   /* at least so long */
static const cr_ns RUN_MOST_NS = INT64_C(86400000000000); /* and at most a day */

/* What is written. */
struct writer {
  const struct cr_task_set *set;
  const struct cr_node_configs *configs;
  struct cr_dart_plan plan;
  struct cr_text *out;
};

/* Decimals of a second, a ms or a us, to the nanosecond. */
static void add_time(struct cr_text *out, cr_ns ns)
{
  static const struct {
    const char *name;
    cr_ns ns;
    int digits;
  } unit[] = {{"s", 1000000000, 9}, {"ms", 1000000, 6}, {"us", 1000, 3}, {"ns", 1, 0}};
  size_t u = 0;
  char decimals[16];
  if (!ns) {
    cr_text_add(out, "0");
    return;
  }
  while (ns < unit[u].ns)
    u++;
  int n = snprintf(decimals, sizeof decimals, "%0*" PRId64, unit[u].digits, ns % unit[u].ns);
  while (n > 0 && decimals[n - 1] == '0')
    decimals[--n] = '\0';
  cr_text_add(out, "%" PRId64 "%s%s%s", ns / unit[u].ns, n ? "." : "", decimals, unit[u].name);
}

static void add_key_time(struct cr_text *out, const char *before, cr_ns ns)
{
  cr_text_add(out, "%s", before);
  add_time(out, ns);
}

/* A name, in quotes where YAML could read it as something else. */
static void add_name(struct cr_text *out, const char *before, const char *name)
{
  static const char letters[] = "_./+-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  cr_text_add(out, "%s", before);
  if (name[strspn(name, letters)] == '\0' && *name != '-' && *name != '.')
    cr_text_add(out, "%s", name);
  else
    cr_text_add_json(out, name);
}

/* -- nodes --------------------------------------------------------------------------------------------------------- */

static void add_node(const struct writer *w, uint32_t k)
{
  const struct cr_node_kind *kind = cr_node_config_kind(w->configs, w->plan.config, k);
  const struct cr_platform *p = w->set->platform;
  const struct cr_stage_overhead *o = &p->overhead;
  cr_text_add(w->out, "  - name: node%u\n", k + 1);
  if (kind->gpu_type == CR_NONE)
    cr_text_add(w->out, "    cores: %u\n", kind->n_core);
  else
    add_name(w->out, "    gpu: ", p->gpu[kind->gpu_type].name);
  add_name(w->out, kind->gpu_type == CR_NONE ? "    type: " : "\n    type: ", p->core[kind->core_type].name);
  add_key_time(w->out, "\n    notify: ", o->notify_ns);
  add_key_time(w->out, "\n    cpu_preempt: ", o->cpu_preempt_ns);
  if (kind->gpu_type != CR_NONE) {
    add_key_time(w->out, "\n    gpu_preempt: ", o->gpu_preempt_ns);
    add_key_time(w->out, "\n    gpu_copy: ", w->plan.gpu_copy_ns[k]);
  }
  cr_text_add(w->out, "\n");
}

/* -- layers -------------------------------------------------------------------------------------------------------- */

/* The first task that has the profile of task i: it is written once. */
static uint32_t first_with(const struct cr_task_set *set, uint32_t i)
{
  uint32_t k = 0;
  while (set->task[k].profile != set->task[i].profile)
    k++;
  return k;
}

/* What the model of task i is called: its own name, or, where another model has it too (a task with layers of its own is one), one
 * by the task's number. */
static const char *model_name(const struct cr_task_set *set, uint32_t i, char buf[32])
{
  const char *name = set->task[i].profile->name;
  i = first_with(set, i);
  for (uint32_t k = 0; k < i; k++)
    if (strcmp(set->task[k].profile->name, name) == 0) {
      snprintf(buf, 32, "layers.%u", i + 1);
      return buf;
    }
  return name;
}

/* Times on 1, 2, ... cores, as many as are known. */
static void add_cpu(const struct writer *w, const struct cr_layer_profile *p, uint32_t layer)
{
  const struct cr_platform *platform = w->set->platform;
  const char *before = "        cpu: [{cores: ";
  for (uint32_t c = 0; c < platform->n_core_type; c++) {
    const cr_ns *ns = &p->cpu_ns[(size_t)layer * platform->n_core + platform->core[c].first_slot];
    if (ns[0] == CR_NS_NEVER)
      continue;
    add_name(w->out, before, platform->core[c].name);
    for (uint32_t m = 0; m < platform->core[c].count && ns[m] != CR_NS_NEVER; m++)
      add_key_time(w->out, m ? ", " : ", times: [", ns[m]);
    cr_text_add(w->out, "]}");
    before = ", {cores: ";
  }
  cr_text_add(w->out, "%s", *before == ',' ? "]\n" : "");
}

static void add_gpu(const struct writer *w, const struct cr_layer_profile *p, uint32_t layer)
{
  const struct cr_platform *platform = w->set->platform;
  for (uint32_t g = 0; g < platform->n_gpu_type; g++) {
    const struct cr_gpu_layer *l = &p->gpu[(size_t)layer * platform->n_gpu_type + g];
    add_name(w->out, g ? ", {gpu: " : "        gpu: [{gpu: ", platform->gpu[g].name);
    add_key_time(w->out, ", hd: ", l->hd_ns);
    add_key_time(w->out, ", exec: ", l->exec_ns);
    add_key_time(w->out, ", misc: ", l->misc_ns);
    add_key_time(w->out, ", dh: ", l->dh_ns);
    cr_text_add(w->out, "}");
  }
  cr_text_add(w->out, "]\n");
}

static void add_model(const struct writer *w, uint32_t task)
{
  char buf[32];
  const struct cr_layer_profile *p = w->set->task[task].profile;
  add_name(w->out, "  - name: ", model_name(w->set, task, buf));
  if (*p->source) {
    cr_text_add(w->out, "\n    source: ");
    cr_text_add_json(w->out, p->source);
  }
  cr_text_add(w->out, "\n    layers:\n");
  for (uint32_t j = 0; j < p->n_layer; j++) {
    add_name(w->out, "      - name: ", p->layer_name[j]);
    cr_text_add(w->out, "\n");
    add_cpu(w, p, j);
    add_gpu(w, p, j);
  }
}

/* -- clients ------------------------------------------------------------------------------------------------------- */

/* bound_ns: 0: nothing is proven. */
static void add_client(const struct writer *w, uint32_t task, cr_ns bound_ns)
{
  char buf[32];
  const struct cr_plan_task *t = &w->set->task[task];
  add_name(w->out, "  - name: ", t->name);
  add_name(w->out, "\n    model: ", model_name(w->set, task, buf));
  cr_text_add(w->out, "\n    class: %s\n    arrival: uniform\n    period: ", t->is_rt ? "rt" : "be");
  add_time(w->out, t->period_ns);
  if (t->is_rt)
    add_key_time(w->out, "\n    deadline: ", t->deadline_ns);
  if (bound_ns)
    add_key_time(w->out, "\n    bound: ", bound_ns);
  const uint32_t *first = &w->plan.first[(size_t)task * (w->plan.n_node + 1)];
  const char *before = "\n    stages: [";
  for (uint32_t k = 0; k < w->plan.n_node; k++)
    if (first[k] < first[k + 1]) {
      cr_text_add(w->out, "%snode%u=%u", before, k + 1, first[k + 1] - first[k]);
      before = ", ";
    }
  cr_text_add(w->out, "]\n");
}

/* Whether every model has a time on all cores of each type, so that it can run on the platform as a whole. */
static int is_known_on_all(const struct cr_task_set *set)
{
  const struct cr_platform *p = set->platform;
  for (uint32_t i = 0; i < set->n_task; i++)
    for (uint32_t j = 0; j < set->task[i].profile->n_layer; j++)
      for (uint32_t c = 0; c < p->n_core_type; c++)
        if (set->task[i].profile->cpu_ns[(size_t)j * p->n_core + p->core[c].first_slot + p->core[c].count - 1] ==
            CR_NS_NEVER)
          return 0;
  return 1;
}

/* -- the whole ----------------------------------------------------------------------------------------------------- */

static cr_ns run_time(const struct cr_task_set *set)
{
  cr_ns longest = 0;
  for (uint32_t i = 0; i < set->n_task; i++)
    if (set->task[i].is_rt)
      longest = cr_max_ns(longest, set->task[i].period_ns);
  cr_ns ns = cr_max_ns(cr_muldiv(longest, RUN_PERIODS, 1), RUN_LEAST_NS);
  return cr_min_ns(ns, RUN_MOST_NS);
}

static const char *const bound_words[CR_N_DART_BOUND] = {
  [CR_DART_TIGHT] = "the lesser of D and H",
  [CR_DART_PAPER] = "DART's own",
  [CR_DART_OVERLAP] = "D",
  [CR_DART_HOLISTIC] = "H",
};

static void add_head(const struct writer *w, const struct cr_dart *d, const char *command)
{
  cr_text_add(w->out, "# The plan of `%s`, as a scenario.\n# corun %s\n", command, cr_program_version);
  cr_text_add(w->out,
              "# Under policy dart no request takes longer than the bound of its client (%s).\n"
              "# Best-effort clients arrive at the period of their task; with arrival: closed they never rest.\n",
              bound_words[cr_dart_bound(d)]);
  cr_text_add(w->out, "about: ");
  cr_text_add_json(w->out, *w->set->about ? w->set->about : w->set->name);
  cr_text_add(w->out, "\nduration: ");
  add_time(w->out, run_time(w->set));
  cr_text_add(w->out, "\nwarmup: 0\n");
}

void cr_plan_scenario(const struct cr_task_set *set, struct cr_dart *d, uint32_t config, const char *command,
                      struct cr_text *out)
{
  struct writer w = {.set = set, .configs = cr_dart_configs(d), .out = out};
  cr_dart_plan(d, config, &w.plan);
  add_head(&w, d, command);
  cr_text_add(out, "nodes:\n");
  for (uint32_t k = 0; k < w.plan.n_node; k++)
    add_node(&w, k);
  cr_text_add(out, "layers:\n");
  for (uint32_t i = 0; i < set->n_task; i++)
    if (first_with(set, i) == i)
      add_model(&w, i);
  cr_text_add(out, "clients:\n");
  for (uint32_t r = 0; r < w.plan.n_rt; r++)
    add_client(&w, w.plan.rank_task[r], w.plan.response_ns[r]);
  for (uint32_t i = 0; i < set->n_task; i++)
    if (!set->task[i].is_rt)
      add_client(&w, i, 0);
  cr_text_add(out, "policies: [dart, threads, \"threads,on=cpu\", streams]\n");
  if (is_known_on_all(set))
    cr_text_add(out, "undivided: [threads]\n");
}
