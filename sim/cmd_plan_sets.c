/* cmd_plan_sets.c - `corun plan` of many task sets: a row each, shared out to processes. */
#include "config.h"

#include "sim/cmd_plan.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "calib/farm.h"
#include "sim/cli.h"
#include "sim/mem.h"
#include "sim/provenance.h"
#include "sim/table.h"
#include "traces/task_file.h"

enum { SCHEMA_VERSION = 1 }; /* of the JSON; raised when a field changes its meaning or goes */

/* --- which sets --------------------------------------------------------------------------------------------------------- */

struct paths {
  struct cr_arena *arena;
  const char **path; /* [n] */
  uint32_t n, cap;
};

static int is_folder(const char *path)
{
  struct stat s;
  return stat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

int cr_plan_is_many(char *const *operand, uint32_t n)
{
  return n > 1 || (n == 1 && is_folder(operand[0]));
}

static int add_path(struct paths *p, const char *path, struct cr_err *err)
{
  if (p->n == p->cap) {
    uint32_t cap = p->cap ? 2 * p->cap : 64;
    const char **grown = cr_mem_resize(p->path, cap, sizeof *grown);
    if (!grown)
      return cr_fail_nomem(err, "the names of task sets");
    p->path = grown;
    p->cap = cap;
  }
  p->path[p->n] = path;
  return p->path[p->n++] ? CR_OK : cr_fail_nomem(err, "the names of task sets");
}

static const char *joined(struct cr_arena *arena, const char *folder, const char *name)
{
  size_t n = strlen(folder) + strlen(name) + 2;
  char *path = cr_arena_take(arena, n, 1);
  if (path)
    snprintf(path, n, "%s/%s", folder, name);
  return path;
}

static int by_name(const void *a, const void *b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Its .yaml files, sorted by name. */
static int add_folder(struct paths *p, const char *folder, struct cr_err *err)
{
  uint32_t first = p->n;
  int rc = CR_OK;
  DIR *dir = opendir(folder);
  if (!dir)
    return cr_fail(err, CR_EINPUT, "%s: cannot be opened: %s", folder, strerror(errno));
  for (const struct dirent *e; !rc && (e = readdir(dir));) {
    size_t n = strlen(e->d_name);
    if (n > 5 && strcmp(e->d_name + n - 5, ".yaml") == 0)
      rc = add_path(p, joined(p->arena, folder, e->d_name), err);
  }
  closedir(dir);
  if (!rc && p->n == first)
    rc = cr_fail(err, CR_EINPUT, "%s: the folder holds no task sets (files that end in .yaml)", folder);
  if (!rc)
    qsort(p->path + first, p->n - first, sizeof *p->path, by_name);
  return rc;
}

/* --- the search, shared out ----------------------------------------------------------------------------------------------- */

struct search {
  const struct cr_plan_sets *s;
  const struct paths *paths;
  struct cr_plan_row *row; /* [paths->n] */
};

static cr_ns busy_ns(void)
{
  struct timespec t;
  return clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) == 0 ? (cr_ns)t.tv_sec * 1000000000 + t.tv_nsec : 0;
}

static void describe(const struct cr_task_set *set, struct cr_plan_row *row)
{
  const struct cr_node_kind gpu = cr_one_node_kind(set->platform, CR_ON_GPU);
  snprintf(row->set, sizeof row->set, "%s", set->name);
  snprintf(row->platform, sizeof row->platform, "%s", set->platform->name);
  row->n_rt = set->n_rt;
  row->n_be = set->n_task - set->n_rt;
  for (uint32_t i = 0; i < set->n_task; i++) {
    const struct cr_plan_task *t = &set->task[i];
    cr_ns request_ns = cr_one_node_request_ns(t->profile, set->platform, &gpu);
    if (t->is_rt)
      row->gpu_used_ppt = cr_ns_add(row->gpu_used_ppt, cr_muldiv(request_ns, INT64_C(1000000000000), t->period_ns));
  }
}

static int plan_one(void *ctx, uint32_t task, void *result, struct cr_err *err)
{
  const struct search *s = ctx;
  struct cr_plan_row *row = result;
  struct cr_task_set set;
  struct cr_arena *arena = cr_arena_new();
  int rc = arena ? cr_task_file_load(s->paths->path[task], arena, &set, err) : cr_fail_nomem(err, "a task set");
  if (!rc) {
    describe(&set, row);
    cr_ns before = busy_ns();
    rc = s->s->plan(s->s->ctx, &set, row, err);
    row->busy_ns = busy_ns() - before;
  }
  cr_arena_free(arena);
  return rc;
}

static int keep(void *ctx, uint32_t task, const void *result, struct cr_err *err)
{
  const struct search *s = ctx;
  (void)err;
  s->row[task] = *(const struct cr_plan_row *)result;
  return CR_OK;
}

static int plan_all(struct search *s, struct cr_err *err)
{
  const struct cr_farm farm = {.n_task = s->paths->n,
                               .n_worker = s->s->n_worker,
                               .result_size = sizeof *s->row,
                               .ctx = s,
                               .run = plan_one,
                               .done = keep,
                               .stop = cr_cli_stop()};
  int rc = cr_farm_run(&farm, err);
  return rc == CR_EINTR ? cr_fail(err, rc, "stopped before all sets were planned; nothing is told") : rc;
}

/* --- what is printed ------------------------------------------------------------------------------------------------------ */

static double mean_cost(const struct cr_plan_row *r)
{
  return (double)r->cost_ppb / 1e9 / r->n_rt;
}

static void report_table(const struct search *s, uint32_t n_feasible, struct cr_text *out)
{
  static const char tasks[] = "tasks", pipelines[] = "pipelines";
  static const struct cr_table_column column[] = {
    {NULL, "set", 1},
    {NULL, "platform", 1},
    {tasks, "rt", 0},
    {tasks, "be", 0},
    {NULL, "use of GPU", 0},
    {NULL, "feasible", 1},
    {NULL, "W", 0},
    {NULL, "least margin, %", 0},
    {pipelines, "pass", 0},
    {pipelines, "were tried", 0},
    {NULL, "planned in, ms", 0},
  };
  struct cr_table t;
  cr_table_begin(&t, column, sizeof column / sizeof column[0], s->s->cfg.color);
  for (uint32_t i = 0; i < s->paths->n; i++) {
    const struct cr_plan_row *r = &s->row[i];
    cr_table_cell(&t, "%s", r->set);
    cr_table_cell(&t, "%s", r->platform);
    cr_table_cell(&t, "%u", r->n_rt);
    cr_table_cell(&t, "%u", r->n_be);
    cr_table_cell(&t, "%.3f", (double)r->gpu_used_ppt / 1e12);
    cr_table_cell(&t, "%s", r->n_passed ? "yes" : "no");
    if (r->n_passed)
      cr_table_cell(&t, "%.4f", mean_cost(r));
    else
      cr_table_cell(&t, "-");
    if (r->slack_ppm == CR_NS_NEVER)
      cr_table_cell(&t, "-");
    else
      cr_table_cell(&t, "%.1f", (double)r->slack_ppm / 1e4);
    cr_table_cell(&t, "%u", r->n_passed);
    cr_table_cell(&t, "%u", r->n_tried);
    cr_table_cell(&t, "%.1f", (double)r->busy_ns / 1e6);
  }
  cr_table_end(&t, out);
  cr_text_add(out, "\n%u of %u sets are feasible (%s)\n", n_feasible, s->paths->n, s->s->test);
}

static void report_csv(const struct search *s, struct cr_text *out)
{
  cr_text_add(out, "set,platform,rt_tasks,be_tasks,gpu_used_ratio,test,feasible,weighted_response,least_margin_ratio,"
                   "pipelines_passed,pipelines,planned_in_ms\n");
  for (uint32_t i = 0; i < s->paths->n; i++) {
    const struct cr_plan_row *r = &s->row[i];
    cr_text_add_csv(out, r->set);
    cr_text_add(out, ",");
    cr_text_add_csv(out, r->platform);
    cr_text_add(out, ",%u,%u,%.6f,%s,%d,", r->n_rt, r->n_be, (double)r->gpu_used_ppt / 1e12, s->s->test,
                r->n_passed > 0);
    if (r->n_passed)
      cr_text_add(out, "%.6f", mean_cost(r));
    cr_text_add(out, ",");
    if (r->slack_ppm != CR_NS_NEVER)
      cr_text_add(out, "%.6f", (double)r->slack_ppm / 1e6);
    cr_text_add(out, ",%u,%u,%.3f\n", r->n_passed, r->n_tried, (double)r->busy_ns / 1e6);
  }
}

static void json_row(const struct cr_plan_row *r, struct cr_text *out)
{
  cr_text_add(out, "{\"set\":");
  cr_text_add_json(out, r->set);
  cr_text_add(out, ",\"platform\":");
  cr_text_add_json(out, r->platform);
  cr_text_add(out, ",\"rt_tasks\":%u,\"be_tasks\":%u,\"gpu_used_ratio\":%.6f,\"feasible\":%s,\"weighted_response\":",
              r->n_rt, r->n_be, (double)r->gpu_used_ppt / 1e12, r->n_passed ? "true" : "false");
  if (r->n_passed)
    cr_text_add(out, "%.6f", mean_cost(r));
  else
    cr_text_add(out, "null");
  cr_text_add(out, ",\"least_margin_ratio\":");
  if (r->slack_ppm != CR_NS_NEVER)
    cr_text_add(out, "%.6f", (double)r->slack_ppm / 1e6);
  else
    cr_text_add(out, "null");
  cr_text_add(out, ",\"pipelines_passed\":%u,\"pipelines\":%u,\"planned_in_ms\":%.3f}", r->n_passed, r->n_tried,
              (double)r->busy_ns / 1e6);
}

static void report_json(const struct search *s, uint32_t n_feasible, struct cr_text *out)
{
  cr_text_add(out, "{\"schema\":\"corun-plan-sets\",\"schema_version\":%d,\n  \"program\":\"corun\",\"version\":",
              SCHEMA_VERSION);
  cr_text_add_json(out, cr_program_version);
  cr_text_add(out, ",\"git\":");
  cr_text_add_json(out, cr_program_git);
  cr_text_add(out, ",\"test\":");
  cr_text_add_json(out, s->s->test);
  cr_text_add(out, ",\"sets_feasible\":%u,\n  \"sets\":[", n_feasible);
  for (uint32_t i = 0; i < s->paths->n; i++) {
    cr_text_add(out, "%s\n    ", i ? "," : "");
    json_row(&s->row[i], out);
  }
  cr_text_add(out, "]}\n");
}

static int report(const struct search *s, int *feasible, struct cr_err *err)
{
  struct cr_text out = {0};
  uint32_t n_feasible = 0;
  for (uint32_t i = 0; i < s->paths->n; i++)
    n_feasible += s->row[i].n_passed > 0;
  if (s->s->cfg.format == CR_JSON)
    report_json(s, n_feasible, &out);
  else if (s->s->cfg.format == CR_CSV)
    report_csv(s, &out);
  else
    report_table(s, n_feasible, &out);
  int rc = out.failed ? cr_fail_nomem(err, "the plans") : cr_cli_write(NULL, out.s, out.n, err);
  cr_text_fini(&out);
  *feasible = n_feasible == s->paths->n;
  return rc;
}

int cr_plan_sets(const struct cr_plan_sets *s, char *const *operand, uint32_t n, int *feasible, struct cr_err *err)
{
  struct paths paths = {.arena = cr_arena_new()};
  struct search search = {.s = s, .paths = &paths};
  int rc = paths.arena ? CR_OK : cr_fail_nomem(err, "the names of task sets");
  for (uint32_t i = 0; !rc && i < n; i++)
    rc = is_folder(operand[i]) ? add_folder(&paths, operand[i], err) : add_path(&paths, operand[i], err);
  if (!rc && !(search.row = cr_mem_new(paths.n, sizeof *search.row)))
    rc = cr_fail_nomem(err, "the plans");
  rc = rc ? rc : plan_all(&search, err);
  rc = rc ? rc : report(&search, feasible, err);
  cr_mem_free(search.row);
  cr_mem_free(paths.path);
  cr_arena_free(paths.arena);
  return rc;
}
