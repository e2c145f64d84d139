/* cmd_plan.c - `corun plan`: off-line analyses. */
#include "config.h"

#include "sim/cmd_plan.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "calib/farm.h"
#include "sim/cli.h"
#include "sim/mem.h"
#include "sim/unit.h"
#include "traces/task_file.h"

enum { BOUND = CR_CLI_LONG, NODES_MAX, FORMAT };
enum { CHUNK = 64 }; /* configurations a process is given at a time: a few ms */

static const struct cr_cli_opt options[] = {
  {BOUND, "bound", "BOUND", "tight (the default): the lesser of bounds D and H; paper: DART's own test"},
  {NODES_MAX, "nodes-max", "N", "pipelines of at most so many nodes (default: as many as cores)"},
  {'j', "jobs", "N", "processes that search (default: 1); the answer is the same"},
  {FORMAT, "format", "FORMAT", "table (the default), csv or json"},
  {0, NULL, NULL, NULL},
};

static int run(int argc, char **argv);

const struct cr_cmd cr_cmd_plan = {
  .name = "plan",
  .args = "dart TASKS [--bound tight|paper] [--nodes-max N] [-j N]",
  .help = "divide a platform into nodes and place tasks so that deadlines are met",
  .opt = options,
  .more =
    "dart: every pipeline of nodes that the platform's cores and GPUs can make is tried; the layers of every task are\n"
    "placed on its nodes, and the end-to-end response of every real-time task is bounded.  Of pipelines on which all\n"
    "meet their deadlines, the one of the least weighted response is printed (exit 0); when there is none, the one "
    "that\n"
    "misses by the least, and by how much (exit 1).\n"
    "TASKS is a YAML file as docs/planning.md describes, or the name of a bundled set: dart-xeon, dart-tx2.\n",
  .run = run,
};

struct args {
  const char *bound, *nodes_max, *jobs, *format;
};

static int parse_bound(const char *text, enum cr_dart_bound *out, struct cr_err *err)
{
  int is_paper = text && strcmp(text, "paper") == 0;
  if (text && !is_paper && strcmp(text, "tight") != 0)
    return cr_fail(err, CR_EINPUT, "--bound '%s': it is tight or paper", text);
  *out = is_paper ? CR_DART_PAPER : CR_DART_TIGHT;
  return CR_OK;
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

static void merge_chunk(void *ctx, uint32_t task, const void *result)
{
  struct search *s = ctx;
  (void)task;
  cr_dart_merge(s->found, result);
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

/* --- the command -------------------------------------------------------------------------------------------------------- */

/* An answer is printed in any case; *feasible says which. */
static int plan_dart(const struct args *a, const char *tasks, int *feasible, struct cr_err *err)
{
  struct cr_plan_report_cfg cfg = {.format = CR_TABLE, .color = isatty(STDOUT_FILENO)};
  struct cr_arena *arena = cr_arena_new();
  struct cr_task_set set;
  struct cr_dart *d = NULL;
  struct cr_dart_found found = {0};
  struct cr_text out = {0};
  enum cr_dart_bound bound = CR_DART_TIGHT;
  uint32_t n_worker = 1;
  int rc = arena ? parse_bound(a->bound, &bound, err) : cr_fail_nomem(err, "the plan");
  rc = rc ? rc : parse_number(a->jobs, "-j", 256, &n_worker, err);
  if (!rc && a->format)
    rc = cr_format_parse(a->format, &cfg.format, err);
  rc = rc ? rc : cr_task_file_load(tasks, arena, &set, err);
  rc = rc ? rc : parse_nodes_max(a->nodes_max, set.platform, &cfg.n_node_max, err);
  rc = rc ? rc : cr_dart_new(&set, bound, cfg.n_node_max, &d, err);
  if (!rc && !cr_dart_configs(d)->n_config)
    rc = cr_fail(err, CR_EINPUT, "%s cannot be divided into %u nodes or fewer; allow more with --nodes-max",
                 set.platform->name, cfg.n_node_max);
  rc = rc ? rc : search_all(d, n_worker, &found, err);
  if (!rc) {
    cr_plan_report(&cfg, &set, d, &found, &out);
    *feasible = found.n_passed > 0;
    rc = out.failed ? cr_fail_nomem(err, "the plan") : cr_cli_write(NULL, out.s, out.n, err);
  }
  cr_text_fini(&out);
  cr_dart_free(d);
  cr_arena_free(arena);
  return rc;
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
  case 'j':
    a->jobs = value;
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
    return cr_cli_usage(&cr_cmd_plan, "plan needs to know what: dart");
  if (strcmp(argv[first], "dart") != 0)
    return cr_cli_usage(&cr_cmd_plan, "nothing plans '%s'; there is: dart", argv[first]);
  if (first + 1 == argc)
    return cr_cli_usage(&cr_cmd_plan, "plan dart needs the tasks: a YAML file, or the name of a bundled set");
  if (first + 2 < argc)
    return cr_cli_usage(&cr_cmd_plan, "plan dart takes one task set; '%s' is one too many", argv[first + 2]);
  int rc = plan_dart(&a, argv[first + 1], &feasible, &err);
  return rc ? cr_cli_error(rc, &err) : !feasible;
}
