/* cmd_jobs.c - `corun import jobs`, and what it shares with `corun generate jobs`. */
#include "config.h"

#include "sim/cmd_jobs.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sim/cli.h"
#include "sim/provenance.h"
#include "sim/text.h"
#include "traces/datadir.h"

/* -- shared -- */

int cr_cmd_jobs_table(const char *name, struct cr_arena *arena, struct cr_iteration_table **out, struct cr_err *err)
{
  const char *path = name;
  if (access(name, F_OK) != 0 && !strchr(name, '/')) {
    struct cr_err ignored;
    char bundled[300];
    size_t n = strlen(name);
    int has_suffix = n > 4 && strcmp(name + n - 4, ".csv") == 0;
    snprintf(bundled, sizeof bundled, "jobs/%.250s%s", name, has_suffix ? "" : ".csv");
    if (cr_datadir_find(bundled, arena, &path, &ignored)) {
      int rc = cr_datadir_none("jobs", ".csv", name, err);
      return cr_fail_in(err, rc, "--table %s: there is no such file, and", name);
    }
  }
  return cr_iteration_table_read(path, out, err);
}

static int add_all(struct cr_model_mix *mix, const struct cr_iteration_table *table, struct cr_err *err)
{
  int rc = CR_OK;
  for (uint32_t i = 0; !rc && i < cr_iteration_table_count(table); i++)
    rc = cr_model_mix_add(mix, cr_iteration_table_names(table)[i], err);
  return rc;
}

int cr_cmd_jobs_mix(const char *text, const struct cr_iteration_table *table, struct cr_model_mix **out,
                    struct cr_err *err)
{
  struct cr_model_mix *mix = cr_model_mix_new();
  int all = strcmp(text, "all") == 0, rc = CR_OK;
  if (!mix)
    return cr_fail_nomem(err, "a mix of models");
  if (all && !table)
    rc = cr_fail(err, CR_EINPUT, "'all' means all workloads of a table; name one with --table");
  else
    rc = all ? add_all(mix, table, err) : cr_model_mix_parse(mix, text, err);
  for (uint32_t i = 0; !rc && table && i < cr_model_mix_count(mix); i++)
    if (!cr_iteration_table_find(table, cr_model_mix_name(mix, i)))
      rc = cr_iteration_table_no(table, cr_model_mix_name(mix, i), err);
  if (rc)
    cr_model_mix_free(mix);
  else
    *out = mix;
  return rc;
}

int cr_cmd_jobs_write(const struct cr_jobs *jobs, const char *output, struct cr_err *err)
{
  struct cr_text text = {0};
  cr_text_add(&text, "# corun %s (%s): ", cr_program_version, cr_program_git);
  for (const char *p = cr_cli_command_line(); *p; p++)
    cr_text_add_bytes(&text, (unsigned char)*p < ' ' ? " " : p, 1); /* the comment is one line */
  cr_text_add(&text, "\n");
  cr_jobs_print(jobs, &text);
  int rc = text.failed ? cr_fail_nomem(err, "the jobs") : cr_cli_write(output, text.s, text.n, err);
  cr_text_fini(&text);
  return rc;
}

/* -- import -- */

static int read_jobs(const struct cr_import_jobs *a, struct cr_jobs *jobs, const struct cr_iteration_table *table,
                     struct cr_err *err)
{
  struct cr_model_mix *mix = NULL;
  int rc = a->mix ? cr_cmd_jobs_mix(a->mix, table, &mix, err) : CR_OK;
  for (uint32_t i = 0; !rc && i < a->n_file; i++)
    rc = cr_jobs_read(jobs, a->file[i], err);
  if (!rc)
    cr_jobs_settle(jobs);
  if (!rc && mix)
    rc = cr_jobs_draw_models(jobs, mix, a->seed, err);
  if (!rc && table)
    rc = cr_jobs_check_models(jobs, table, err);
  cr_model_mix_free(mix);
  return rc;
}

/* Where what is written does not go, the user is told how many jobs there are and what was left out. */
static int tell(const struct cr_import_jobs *a, const struct cr_jobs *jobs, struct cr_err *err)
{
  struct cr_text text = {0};
  cr_jobs_report(jobs, &text);
  int failed = text.failed;
  if (!failed)
    fputs(text.s, strcmp(a->output, "-") == 0 ? stderr : stdout);
  cr_text_fini(&text);
  return failed ? cr_fail_nomem(err, "the report") : CR_OK;
}

int cr_cmd_import_jobs(const struct cr_import_jobs *a, struct cr_err *err)
{
  const struct cr_jobs_options opt = {
    .skip_bad = a->skip_bad, .sort = a->sort, .skip_hint = "--skip-bad", .sort_hint = "--sort puts them in order"};
  struct cr_arena *arena = cr_arena_new();
  struct cr_jobs *jobs = cr_jobs_new(&opt);
  struct cr_iteration_table *table = NULL;
  int rc = arena && jobs ? CR_OK : cr_fail_nomem(err, "the jobs");
  if (!rc && a->table)
    rc = cr_cmd_jobs_table(a->table, arena, &table, err);
  rc = rc ? rc : read_jobs(a, jobs, table, err);
  if (!rc && !cr_jobs_count(jobs)) {
    rc = tell(a, jobs, err);
    rc = rc ? rc : cr_fail(err, CR_EINPUT, "there are no jobs to write: none was read that could be run");
  }
  rc = rc ? rc : cr_cmd_jobs_write(jobs, a->output, err);
  rc = rc ? rc : tell(a, jobs, err);
  cr_iteration_table_free(table);
  cr_jobs_free(jobs);
  cr_arena_free(arena);
  return rc;
}
