/* cmd_plan.c - `corun plan`: off-line analyses. */
#include "config.h"

#include "sim/cmd_plan.h"

#include <string.h>

#include "calib/farm.h"
#include "sim/cli.h"
#include "sim/mem.h"
#include "sim/outfile.h"
#include "sim/unit.h"
#include "traces/plan_scenario.h"
#include "traces/scenario.h"
#include "traces/task_file.h"

enum { BOUND = CR_CLI_LONG, NODES_MAX, ON, SCENARIO, FORMAT };
enum { CHUNK = 64 }; /* configurations a process is given at a time: a few ms */

static const struct cr_cli_opt options[] = {
  {BOUND, "bound", "tight|paper|D|H",
   "dart: tight (the default): the lesser of bounds D and H; D or H alone; paper: DART's own test"},
  {NODES_MAX, "nodes-max", "N", "dart: pipelines of at most so many nodes (default: as many as cores)"},
  {ON, "on", "gpu|cpu", "threads: the GPU and a core (the default), or all cores of the type that has most"},
  {'j', "jobs", "N", "processes that search (default: 1); the answer is the same"},
  {SCENARIO, "scenario", "FILE", "dart: write the plan to a new scenario, which `corun run` runs"},
  {FORMAT, "format", "FORMAT", "table (the default), csv or json"},
  {0, NULL, NULL, NULL},
};

static int run(int argc, char **argv);

const struct cr_cmd cr_cmd_plan = {
  .name = "plan",
  .args = "dart|threads TASKS... [--bound tight|paper|D|H] [--on gpu|cpu] [--scenario FILE] [-j N]",
  .help = "divide a platform into nodes and place tasks so that deadlines are met",
  .opt = options,
  .more =
    "dart: every pipeline of nodes that the platform's cores and GPUs can make is tried; the layers of every task are\n"
    "placed on its nodes, and the end-to-end response of every real-time task is bounded.  Of pipelines on which all\n"
    "meet their deadlines, the one of the least weighted response is printed (exit 0); when there is none, the one "
    "that\n"
    "misses by the least, and by how much (exit 1).  --scenario writes the plan as a scenario that needs no other "
    "file.\n"
    "threads: what DART is compared with, one node that runs whole requests one after the other, real-time ones "
    "first:\n"
    "BaseGPU, or BaseCPU with --on cpu.\n"
    "TASKS is a YAML file as docs/planning.md describes, or the name of a bundled set: dart-xeon, dart-tx2, "
    "dart-h200.  Of several,\n"
    "or a folder of such files, a row each is printed (exit 1: not all are feasible).\n",
  .run = run,
};

struct args {
  const char *bound, *nodes_max, *on, *jobs, *scenario, *format;
};

/* What is the same for all sets of a command. */
struct ask {
  enum cr_dart_bound bound;
  enum cr_one_node_on on;
  const char *nodes_max;
  const char *scenario; /* of one set, the file for its plan; or NULL */
  uint32_t n_worker;
  struct cr_plan_report_cfg cfg;
};

static int parse_bound(const char *text, enum cr_dart_bound *out, struct cr_err *err)
{
  for (int i = 0; i < CR_N_DART_BOUND; i++)
    if (strcmp(text, cr_dart_bound_name[i]) == 0) {
      *out = (enum cr_dart_bound)i;
      return CR_OK;
    }
  return cr_fail(err, CR_EINPUT, "--bound '%s': it is tight, paper, D or H", text);
}

static int parse_on(const char *text, enum cr_one_node_on *out, struct cr_err *err)
{
  for (int i = 0; i < CR_N_ON; i++)
    if (strcmp(text, cr_one_node_name[i]) == 0) {
      *out = (enum cr_one_node_on)i;
      return CR_OK;
    }
  return cr_fail(err, CR_EINPUT, "--on '%s': it is gpu or cpu", text);
}

static int parse_number(const char *text, const char *what, int64_t max, uint32_t *out, struct cr_err *err)
{
  int64_t n = *out;
  int rc = text ? cr_parse_count(text, what, &n, err) : CR_OK;
  if (!rc && (n < 1 || n > max))
    rc = cr_fail(err, CR_EINPUT, "%s '%s': give a number from 1 to %lld", what, text, (long long)max);
  if (!rc)
    *out = (uint32_t)n;
  return rc;
}

/* Each node needs a core, so that more nodes than cores cannot be meant. */
static int parse_nodes_max(const char *text, const struct cr_platform *p, uint32_t *out, struct cr_err *err)
{
  *out = p->n_core;
  int rc = parse_number(text, "--nodes-max", INT32_MAX, out, err);
  if (!rc && *out > p->n_core)
    rc = cr_fail(err, CR_EINPUT, "--nodes-max %u: %s has %u cores, and each node needs one; give at most %u", *out,
                 p->name, p->n_core, p->n_core);
  return rc;
}

/* --- the search, shared out ----------------------------------------------------------------------------------------------- */

struct search {
  struct cr_dart *dart;
  struct cr_dart_found *found;
};

static int search_chunk(void *ctx, uint32_t task, void *result, struct cr_err *err)
{
  struct search *s = ctx;
  (void)err;
  uint32_t from = task * CHUNK;
  cr_dart_search(s->dart, from, cr_min_u32(from + CHUNK, cr_dart_configs(s->dart)->n_config), result);
  return CR_OK;
}

static int merge_chunk(void *ctx, uint32_t task, const void *result, struct cr_err *err)
{
  struct search *s = ctx;
  (void)task;
  (void)err;
  cr_dart_merge(s->found, result);
  return CR_OK;
}

static int search_all(struct cr_dart *d, uint32_t n_worker, struct cr_dart_found *found, struct cr_err *err)
{
  struct search s = {d, found};
  const struct cr_farm farm = {.n_task = (cr_dart_configs(d)->n_config + CHUNK - 1) / CHUNK,
                               .n_worker = n_worker,
                               .result_size = sizeof *found,
                               .ctx = &s,
                               .run = search_chunk,
                               .done = merge_chunk,
                               .stop = cr_cli_stop()};
  int rc = cr_farm_run(&farm, err);
  return rc == CR_EINTR ? cr_fail(err, rc, "stopped before all configurations were tried; nothing is told") : rc;
}

/* --- one set ------------------------------------------------------------------------------------------------------------ */

static int open_dart(const struct ask *ask, const struct cr_task_set *set, uint32_t *n_node_max, struct cr_dart **out,
                     struct cr_err *err)
{
  int rc = parse_nodes_max(ask->nodes_max, set->platform, n_node_max, err);
  rc = rc ? rc : cr_dart_new(set, ask->bound, *n_node_max, out, err);
  if (!rc && !cr_dart_configs(*out)->n_config)
    rc = cr_fail(err, CR_EINPUT, "%s cannot be divided into %u nodes or fewer; allow more with --nodes-max",
                 set->platform->name, *n_node_max);
  return rc;
}

/* The plan as a scenario, in a new file; what is written is read first, as `corun run` would. */
static int write_scenario(const struct ask *ask, const char *tasks, const struct cr_task_set *set, struct cr_dart *d,
                          uint32_t config, struct cr_err *err)
{
  struct cr_text command = {0}, text = {0};
  struct cr_scenario *read = NULL;
  struct cr_outfile *file = NULL;
  cr_text_add(&command, "corun plan dart %s%s%s", tasks, ask->bound ? " --bound " : "",
              ask->bound ? cr_dart_bound_name[ask->bound] : "");
  cr_text_add(&command, "%s%s", ask->nodes_max ? " --nodes-max " : "", ask->nodes_max ? ask->nodes_max : "");
  if (!command.failed)
    cr_plan_scenario(set, d, config, command.s, &text);
  int rc = command.failed || text.failed ? cr_fail_nomem(err, "the scenario") : CR_OK;
  const struct cr_scenario_options opt = {.text = text.s};
  rc = rc ? rc : cr_scenario_load(ask->scenario, &opt, &read, err);
  cr_scenario_free(read);
  rc = rc ? rc : cr_outfile_new(ask->scenario, "scenario", 0, &file, err);
  if (!rc) {
    cr_outfile_add(file, text.s, text.n);
    rc = cr_outfile_close(file, err);
  }
  cr_text_fini(&text);
  cr_text_fini(&command);
  return rc;
}

static int plan_dart(const struct ask *ask, const char *tasks, const struct cr_task_set *set, int *feasible,
                     struct cr_text *out, struct cr_err *err)
{
  struct cr_plan_report_cfg cfg = ask->cfg;
  struct cr_dart *d = NULL;
  struct cr_dart_found found = {0};
  int rc = open_dart(ask, set, &cfg.n_node_max, &d, err);
  rc = rc ? rc : search_all(d, ask->n_worker, &found, err);
  if (!rc && ask->scenario && found.n_passed)
    rc = write_scenario(ask, tasks, set, d, found.best, err);
  if (!rc)
    cr_plan_report(&cfg, set, d, &found, out);
  *feasible = found.n_passed > 0;
  cr_dart_free(d);
  return rc;
}

static int plan_threads(const struct ask *ask, const struct cr_task_set *set, int *feasible, struct cr_text *out,
                        struct cr_err *err)
{
  struct cr_one_node n;
  int rc = cr_one_node_plan(set, ask->on, &n, err);
  if (rc)
    return rc;
  cr_plan_threads_report(&ask->cfg, set, ask->on, &n, out);
  *feasible = !n.n_failed;
  return CR_OK;
}

/* An answer is printed in any case; *feasible says which. */
static int plan_one(const struct ask *ask, int is_dart, const char *tasks, int *feasible, struct cr_err *err)
{
  struct cr_arena *arena = cr_arena_new();
  struct cr_task_set set;
  struct cr_text out = {0};
  int rc = arena ? cr_task_file_load(tasks, arena, &set, err) : cr_fail_nomem(err, "the plan");
  if (!rc)
    rc = is_dart ? plan_dart(ask, tasks, &set, feasible, &out, err) : plan_threads(ask, &set, feasible, &out, err);
  if (!rc)
    rc = out.failed ? cr_fail_nomem(err, "the plan") : cr_cli_write(NULL, out.s, out.n, err);
  cr_text_fini(&out);
  cr_arena_free(arena);
  return rc;
}

/* --- many sets ---------------------------------------------------------------------------------------------------------- */

static int row_of_dart(void *ctx, const struct cr_task_set *set, struct cr_plan_row *row, struct cr_err *err)
{
  uint32_t n_node_max;
  struct cr_dart *d = NULL;
  struct cr_dart_found found = {0};
  struct cr_dart_plan plan;
  int rc = open_dart(ctx, set, &n_node_max, &d, err);
  if (!rc) {
    cr_dart_search(d, 0, cr_dart_configs(d)->n_config, &found);
    row->n_passed = found.n_passed;
    row->n_tried = found.n_tried;
    row->cost_ppb = found.best_cost_ppb;
    row->slack_ppm = INT64_MAX;
    cr_dart_plan(d, found.n_passed ? found.best : found.nearest, &plan);
    int is_bound = 1;
    for (uint32_t r = 0; r < plan.n_rt; r++) {
      cr_ns deadline_ns = set->task[plan.rank_task[r]].deadline_ns, response_ns = plan.response_ns[r];
      is_bound = is_bound && response_ns != CR_NS_NEVER;
      if (is_bound)
        row->slack_ppm = cr_min_ns(row->slack_ppm, cr_muldiv(deadline_ns - response_ns, 1000000, deadline_ns));
    }
    row->slack_ppm = is_bound ? row->slack_ppm : CR_NS_NEVER;
  }
  cr_dart_free(d);
  return rc;
}

static int row_of_threads(void *ctx, const struct cr_task_set *set, struct cr_plan_row *row, struct cr_err *err)
{
  const struct ask *ask = ctx;
  struct cr_one_node n;
  int rc = cr_one_node_plan(set, ask->on, &n, err);
  if (rc)
    return rc;
  row->n_tried = 1;
  row->n_passed = !n.n_failed;
  row->cost_ppb = n.cost_ppb;
  row->slack_ppm = CR_NS_NEVER;
  for (uint32_t i = 0; n.response_ns != CR_NS_NEVER && i < set->n_task; i++) {
    const struct cr_plan_task *t = &set->task[i];
    if (t->is_rt)
      row->slack_ppm = cr_min_ns(row->slack_ppm, cr_muldiv(t->deadline_ns - n.response_ns, 1000000, t->deadline_ns));
  }
  return CR_OK;
}

/* --- the command -------------------------------------------------------------------------------------------------------- */

static int plan(const struct args *a, int is_dart, char *const *operand, uint32_t n, int *feasible, struct cr_err *err)
{
  struct ask ask = {.nodes_max = a->nodes_max,
                    .scenario = a->scenario,
                    .n_worker = 1,
                    .cfg = {.format = CR_TABLE, .color = cr_cli_wants_color()}};
  int rc = a->bound ? parse_bound(a->bound, &ask.bound, err) : CR_OK;
  if (!rc && a->on)
    rc = parse_on(a->on, &ask.on, err);
  rc = rc ? rc : parse_number(a->jobs, "-j", 256, &ask.n_worker, err);
  if (!rc && a->format)
    rc = cr_format_parse(a->format, &ask.cfg.format, err);
  if (!rc && a->scenario && cr_plan_is_many(operand, n))
    rc = cr_fail(err, CR_EINPUT, "--scenario '%s': it is for the plan of one set; give one", a->scenario);
  if (!rc && a->scenario)
    rc = cr_outfile_check(a->scenario, "scenario", 0, err);
  if (rc)
    return rc;
  if (!cr_plan_is_many(operand, n))
    return plan_one(&ask, is_dart, operand[0], feasible, err);
  const struct cr_plan_sets sets = {.test = is_dart ? cr_dart_bound_name[ask.bound] : cr_plan_threads_name(ask.on),
                                    .cfg = ask.cfg,
                                    .n_worker = ask.n_worker,
                                    .ctx = &ask,
                                    .plan = is_dart ? row_of_dart : row_of_threads};
  return cr_plan_sets(&sets, operand, n, feasible, err);
}

static void option(struct args *a, int letter, const char *value)
{
  switch (letter) {
  case BOUND:
    a->bound = value;
    break;
  case NODES_MAX:
    a->nodes_max = value;
    break;
  case ON:
    a->on = value;
    break;
  case 'j':
    a->jobs = value;
    break;
  case SCENARIO:
    a->scenario = value;
    break;
  default:
    a->format = value;
    break;
  }
}

static int run(int argc, char **argv)
{
  struct args a = {0};
  struct cr_err err;
  int letter, status, feasible = 0;
  while ((letter = cr_cli_next(&cr_cmd_plan, argc, argv, &status)) > 0)
    option(&a, letter, cr_cli_value());
  if (letter < 0)
    return status;
  int first = cr_cli_first();
  if (first == argc)
    return cr_cli_usage(&cr_cmd_plan, "plan needs to know what: dart or threads");
  int is_dart = strcmp(argv[first], "dart") == 0;
  if (!is_dart && strcmp(argv[first], "threads") != 0)
    return cr_cli_usage(&cr_cmd_plan, "nothing plans '%s'; there are: dart, threads", argv[first]);
  const char *astray = is_dart       ? (a.on ? "--on" : NULL)
                       : a.bound     ? "--bound"
                       : a.nodes_max ? "--nodes-max"
                       : a.scenario  ? "--scenario"
                                     : NULL;
  if (astray)
    return cr_cli_usage(&cr_cmd_plan, "%s does not go with plan %s", astray, argv[first]);
  if (first + 1 == argc)
    return cr_cli_usage(&cr_cmd_plan,
                        "plan %s needs the tasks: a YAML file, a folder of them, or the name of a bundled set",
                        argv[first]);
  int rc = plan(&a, is_dart, argv + first + 1, (uint32_t)(argc - first - 1), &feasible, &err);
  return rc ? cr_cli_error(rc, &err) : !feasible;
}
