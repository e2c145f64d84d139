/* cmd_list.c - `corun list`: the policies, devices, models, scenarios, job traces, platforms and task sets there are, or
 * the options of one policy. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "policies/list.h"
#include "sim/cli.h"
#include "sim/cli_policy.h"
#include "sim/mem.h"
#include "sim/nearest.h"
#include "sim/option.h"
#include "sim/table.h"
#include "sim/text.h"
#include "sim/unit.h"
#include "traces/datadir.h"
#include "traces/device_file.h"
#include "traces/iteration_table.h"
#include "traces/jobs.h"
#include "traces/memory_table.h"
#include "traces/platform_file.h"
#include "traces/scenario.h"
#include "traces/store.h"
#include "traces/task_file.h"

static int run(int argc, char **argv);

const struct cr_cmd cr_cmd_list = {
  .name = "list",
  .args = "policies|devices|models|scenarios|jobs|platforms|tasks|POLICY",
  .help = "show what there is to run, or the options of a policy",
  .more = "POLICY is the name of a policy, or ./FILE.so for one of your own.\n",
  .run = run,
};

static int list_policies(struct cr_text *out, struct cr_err *err)
{
  (void)err; /* the list is part of the program */
  static const struct cr_table_column column[] = {{NULL, "policy", 1}, {NULL, "options", 1}, {NULL, "what it does", 1}};
  struct cr_table t;
  cr_table_begin(&t, column, 3, 0);
  for (uint32_t i = 0; cr_policy_list[i]; i++) {
    const struct cr_policy_ops *p = cr_policy_list[i];
    char name[128] = "-";
    for (uint32_t o = 0; o < cr_opt_count(p->options); o++) {
      size_t n = o ? strlen(name) : 0;
      snprintf(name + n, sizeof name - n, "%s%s", o ? "," : "", p->options[o].name);
    }
    cr_table_cell(&t, "%s", p->name);
    cr_table_cell(&t, "%s", name);
    cr_table_cell(&t, "%s", p->about);
  }
  cr_table_end(&t, out);
  return CR_OK;
}

/* A limit of an option as a person would write it. */
static const char *limit(const struct cr_opt *o, int64_t value, char *buf, size_t n)
{
  switch (o->kind) {
  case CR_OPT_NS:
    return cr_format_ns(value, buf, n);
  case CR_OPT_BYTES:
    return cr_format_bytes(value, buf, n);
  case CR_OPT_PPM:
  case CR_OPT_FACTOR:
    snprintf(buf, n, "%g", (double)value / 1e6);
    return buf;
  default:
    snprintf(buf, n, "%" PRId64, value);
    return buf;
  }
}

static void cell_range(struct cr_table *t, const struct cr_opt *o)
{
  char low[40], high[40];
  if (o->kind == CR_OPT_BOOL)
    cr_table_cell(t, "yes|no");
  else if (o->kind == CR_OPT_CHOICE)
    cr_table_cell(t, "%s", o->choices);
  else if (o->max == INT64_MAX)
    cr_table_cell(t, "from %s", limit(o, o->min, low, sizeof low));
  else
    cr_table_cell(t, "%s to %s", limit(o, o->min, low, sizeof low), limit(o, o->max, high, sizeof high));
}

static void list_options(const struct cr_policy_ops *p, struct cr_text *out)
{
  static const struct cr_table_column column[] = {
    {NULL, "option", 1}, {NULL, "default", 1}, {NULL, "range", 1}, {NULL, "what it does", 1}, {NULL, "source", 1},
  };
  cr_text_add(out, "%s: %s\n", p->name, p->about);
  for (uint32_t i = 0, any = 0; i < CR_N_CAP; i++)
    if (p->needs & (1u << i))
      cr_text_add(out, "%s%s", any++ ? ", " : "needs of a backend: ", cr_cap_name[i]);
  cr_text_add(out, p->needs ? "\n\n" : "\n");
  if (cr_opt_count(p->options) == 0) {
    cr_text_add(out, "It has no options.\n");
    return;
  }
  struct cr_table t;
  cr_table_begin(&t, column, 5, 0);
  for (uint32_t i = 0; i < cr_opt_count(p->options); i++) {
    const struct cr_opt *o = &p->options[i];
    cr_table_cell(&t, "%s", o->name);
    cr_table_cell(&t, "%s", o->fallback);
    cell_range(&t, o);
    cr_table_cell(&t, "%s", o->help);
    cr_table_cell(&t, "%s", o->source ? o->source : "");
  }
  cr_table_end(&t, out);
}

/* Rows that a callback adds, and the first thing that went wrong in it. */
struct rows {
  struct cr_table table;
  struct cr_arena *arena;
  struct cr_err *err;
  int rc;
};

static void cell_rate(struct cr_table *t, int64_t bytes_per_s)
{
  if (bytes_per_s == CR_UNKNOWN)
    cr_table_cell(t, "-");
  else
    cr_table_cell(t, "%.0f", (double)bytes_per_s / 1e9);
}

static void device_row(void *ctx, const char *name)
{
  struct rows *r = ctx;
  struct cr_device_desc d;
  if (r->rc != CR_OK)
    return;
  r->rc = cr_device_load(name, NULL, 0, r->arena, &d, r->err);
  if (r->rc != CR_OK)
    return;
  char mem[40];
  cr_table_cell(&r->table, "%s", name);
  cr_table_cell(&r->table, "%u", d.sms);
  cr_table_cell(&r->table, "%s", d.mem_bytes == CR_UNKNOWN ? "-" : cr_format_bytes(d.mem_bytes, mem, sizeof mem));
  cell_rate(&r->table, d.dram_bytes_per_s);
  cell_rate(&r->table, d.h2d_bytes_per_s);
  cr_table_cell(&r->table, "%s", d.about);
}

static int list_devices(struct cr_text *out, struct cr_err *err)
{
  static const struct cr_table_column column[] = {
    {NULL, "device", 1},     {NULL, "SMs", 0},       {NULL, "memory", 0},
    {NULL, "DRAM, GB/s", 0}, {NULL, "h2d, GB/s", 0}, {NULL, "what it is", 1},
  };
  struct rows r = {.arena = cr_arena_new(), .err = err};
  if (!r.arena)
    return cr_fail_nomem(err, "the devices");
  cr_table_begin(&r.table, column, 6, 0);
  int rc = cr_datadir_each("devices", ".yaml", device_row, &r, err);
  cr_table_end(&r.table, out);
  cr_arena_free(r.arena);
  return rc != CR_OK ? rc : r.rc;
}

static void scenario_row(void *ctx, const char *name)
{
  struct rows *r = ctx;
  const struct cr_scenario_options o = {0};
  struct cr_scenario *s = NULL;
  if (r->rc != CR_OK)
    return;
  r->rc = cr_scenario_load(name, &o, &s, r->err);
  if (r->rc != CR_OK)
    return;
  char duration[40];
  cr_table_cell(&r->table, "%s", name);
  cr_table_cell(&r->table, "%s", s->machine->device[0].name);
  cr_table_cell(&r->table, "%u", s->workload->n_client);
  cr_table_cell(&r->table, "%s", cr_format_ns(s->duration_ns, duration, sizeof duration));
  cr_table_cell(&r->table, "%s", s->about ? s->about : "");
  cr_scenario_free(s);
}

static int list_scenarios(struct cr_text *out, struct cr_err *err)
{
  static const struct cr_table_column column[] = {
    {NULL, "scenario", 1}, {NULL, "device", 1}, {NULL, "clients", 0}, {NULL, "duration", 0}, {NULL, "what it shows", 1},
  };
  struct rows r = {.err = err};
  cr_table_begin(&r.table, column, 5, 0);
  int rc = cr_datadir_each("scenarios", ".yaml", scenario_row, &r, err);
  cr_table_end(&r.table, out);
  return rc != CR_OK ? rc : r.rc;
}

static void platform_row(void *ctx, const char *name)
{
  struct rows *r = ctx;
  struct cr_platform_desc d;
  if (r->rc == CR_OK)
    r->rc = cr_platform_load(name, r->arena, &d, r->err);
  if (r->rc != CR_OK)
    return;
  cr_table_cell(&r->table, "%s", name);
  cr_table_cell(&r->table, "%u", d.platform.n_core);
  cr_table_cell(&r->table, "%u", d.platform.n_gpu);
  cr_table_cell(&r->table, "%u", d.n_profile);
  cr_table_cell(&r->table, "%s", d.platform.about);
}

static void tasks_row(void *ctx, const char *name)
{
  struct rows *r = ctx;
  struct cr_task_set set;
  if (r->rc == CR_OK)
    r->rc = cr_task_file_load(name, r->arena, &set, r->err);
  if (r->rc != CR_OK)
    return;
  cr_table_cell(&r->table, "%s", name);
  cr_table_cell(&r->table, "%s", set.platform->name);
  cr_table_cell(&r->table, "%u", set.n_rt);
  cr_table_cell(&r->table, "%u", set.n_task - set.n_rt);
  cr_table_cell(&r->table, "%s", set.about);
}

/* What each bundled file of a folder has in its row. */
static int list_files(const char *folder, const struct cr_table_column *column, uint32_t n_column,
                      void (*row)(void *ctx, const char *name), struct cr_text *out, struct cr_err *err)
{
  struct rows r = {.arena = cr_arena_new(), .err = err};
  if (!r.arena)
    return cr_fail_nomem(err, folder);
  cr_table_begin(&r.table, column, n_column, 0);
  int rc = cr_datadir_each(folder, ".yaml", row, &r, err);
  cr_table_end(&r.table, out);
  cr_arena_free(r.arena);
  return rc != CR_OK ? rc : r.rc;
}

static int list_platforms(struct cr_text *out, struct cr_err *err)
{
  static const struct cr_table_column column[] = {
    {NULL, "platform", 1}, {NULL, "cores", 0}, {NULL, "GPUs", 0}, {NULL, "models", 0}, {NULL, "what it is", 1}};
  return list_files("platforms", column, 5, platform_row, out, err);
}

static int list_tasks(struct cr_text *out, struct cr_err *err)
{
  static const struct cr_table_column column[] = {
    {NULL, "tasks", 1}, {NULL, "platform", 1}, {NULL, "rt", 0}, {NULL, "be", 0}, {NULL, "what they are", 1}};
  return list_files("tasks", column, 5, tasks_row, out, err);
}

/* A job trace: how many, and over how long. */
static int trace_row(struct rows *r, const char *name, const char *path)
{
  const struct cr_jobs_options none = {0};
  struct cr_jobs *jobs = cr_jobs_new(&none);
  int rc = jobs ? cr_jobs_read(jobs, path, r->err) : cr_fail_nomem(r->err, path);
  if (rc == CR_OK) {
    char span[40];
    cr_jobs_settle(jobs);
    uint32_t n = cr_jobs_count(jobs);
    cr_table_cell(&r->table, "%s", name);
    cr_table_cell(&r->table, "job trace");
    cr_table_cell(&r->table, "%u", n);
    cr_table_cell(&r->table, "%s", n ? cr_format_ns(cr_jobs_list(jobs)[n - 1].submit_ns, span, sizeof span) : "-");
  }
  cr_jobs_free(jobs);
  return rc;
}

static void table_cells(struct rows *r, const char *name, const char *what, uint32_t n)
{
  cr_table_cell(&r->table, "%s", name);
  cr_table_cell(&r->table, "%s", what);
  cr_table_cell(&r->table, "%u", n);
  cr_table_cell(&r->table, "-");
}

/* A file of jobs is a table of workloads, or of their memory, when it can be read as one. */
static void jobs_row(void *ctx, const char *name)
{
  struct rows *r = ctx;
  struct cr_iteration_table *table;
  struct cr_memory_table *memory;
  struct cr_err no_table;
  char file[300];
  const char *path;
  snprintf(file, sizeof file, "jobs/%.280s.csv", name);
  r->rc = r->rc ? r->rc : cr_datadir_find(file, r->arena, &path, r->err);
  if (r->rc != CR_OK)
    return;
  if (cr_iteration_table_read(path, &table, &no_table) == CR_OK) {
    table_cells(r, name, "table of workloads", cr_iteration_table_count(table));
    cr_iteration_table_free(table);
  } else if (cr_memory_table_read(path, &memory, &no_table) == CR_OK) {
    table_cells(r, name, "table of memory", cr_memory_table_count(memory));
    cr_memory_table_free(memory);
  } else {
    r->rc = trace_row(r, name, path);
  }
}

static int list_jobs(struct cr_text *out, struct cr_err *err)
{
  static const struct cr_table_column column[] = {
    {NULL, "name", 1}, {NULL, "what", 1}, {NULL, "entries", 0}, {NULL, "last submission", 0}};
  struct rows r = {.arena = cr_arena_new(), .err = err};
  if (!r.arena)
    return cr_fail_nomem(err, "the jobs");
  cr_table_begin(&r.table, column, 4, 0);
  int rc = cr_datadir_each("jobs", ".csv", jobs_row, &r, err);
  cr_table_end(&r.table, out);
  cr_arena_free(r.arena);
  return rc != CR_OK ? rc : r.rc;
}

static void add_name(void *ctx, const char *name)
{
  cr_text_add(ctx, "%s\n", name);
}

static int list_store(const char *name, struct cr_arena *arena, struct cr_text *out, struct cr_err *err)
{
  struct cr_store *store = NULL;
  const char *path = NULL;
  int rc = cr_datadir_find(name, arena, &path, err);
  if (rc == CR_OK)
    rc = cr_store_open(path, &store, err);
  if (rc == CR_OK)
    rc = cr_store_each_model(store, add_name, out, err);
  if (rc == CR_OK)
    cr_text_add(out, "\n`corun show %s` tells more of them.\n", path);
  cr_store_close(store);
  return rc;
}

static int list_models(struct cr_text *out, struct cr_err *err)
{
  struct cr_arena *arena = cr_arena_new();
  int rc = arena ? CR_OK : cr_fail_nomem(err, "the models");
  for (uint32_t i = 0; rc == CR_OK && cr_datadir_stores[i]; i++) {
    if (i)
      cr_text_add(out, "\n");
    rc = list_store(cr_datadir_stores[i], arena, out, err);
  }
  cr_arena_free(arena);
  return rc;
}

static int list_policy(const char *spec, struct cr_text *out, struct cr_err *err)
{
  struct cr_cli_policy policy = {0};
  int rc = cr_cli_policy_open(spec, &policy, err);
  if (rc == CR_OK)
    list_options(policy.ops, out);
  cr_cli_policy_close(&policy);
  return rc;
}

static const struct topic {
  const char *name;
  int (*list)(struct cr_text *out, struct cr_err *err);
} topic[] = {
  {"policies", list_policies}, {"devices", list_devices},     {"models", list_models}, {"scenarios", list_scenarios},
  {"jobs", list_jobs},         {"platforms", list_platforms}, {"tasks", list_tasks},
};
enum { N_TOPIC = sizeof topic / sizeof *topic };

static int no_such_topic(const char *word, struct cr_err *err)
{
  enum { MANY = 64 };
  const char *name[MANY];
  uint32_t n = 0;
  for (; n < N_TOPIC; n++)
    name[n] = topic[n].name;
  for (uint32_t i = 0; n < MANY && cr_policy_list[i]; i++)
    name[n++] = cr_policy_list[i]->name;
  const char *near = cr_nearest(word, name, n);
  if (near)
    return cr_fail(err, CR_EINPUT, "there is no policy \"%s\"; did you mean %s?", word, near);
  return cr_fail(
    err, CR_EINPUT,
    "there is no policy \"%s\"; take policies, devices, models, scenarios, jobs, platforms, tasks or a policy's name",
    word);
}

static int list(const char *word, struct cr_text *out, struct cr_err *err)
{
  for (int i = 0; i < N_TOPIC; i++)
    if (strcmp(word, topic[i].name) == 0)
      return topic[i].list(out, err);
  if (cr_policy_find(word, strlen(word)) || strchr(word, '/'))
    return list_policy(word, out, err);
  return no_such_topic(word, err);
}

static int run(int argc, char **argv)
{
  int letter, status;
  while ((letter = cr_cli_next(&cr_cmd_list, argc, argv, &status)) > 0)
    continue;
  if (letter < 0)
    return status;
  if (cr_cli_first() + 1 != argc)
    return cr_cli_usage(
      &cr_cmd_list,
      "say what to list: policies, devices, models, scenarios, jobs, platforms, tasks, or one policy's name");
  struct cr_text text = {0};
  struct cr_err err;
  int rc = list(argv[cr_cli_first()], &text, &err);
  if (rc == CR_OK)
    rc = text.failed ? cr_fail_nomem(&err, "the list") : cr_cli_write(NULL, text.s, text.n, &err);
  cr_text_fini(&text);
  return cr_cli_error(rc, &err);
}
