/* cmd_memory.c - `corun import memory`. */
#include "config.h"

#include "sim/cmd_memory.h"

#include <stdio.h>
#include <string.h>

#include "sim/cli.h"
#include "sim/cmd_jobs.h"
#include "sim/provenance.h"
#include "sim/text.h"
#include "sim/unit.h"
#include "traces/memory_recording.h"
#include "traces/memory_table.h"

enum { STEPS = 200, STEPS_MAX = 100000 };

struct import {
  struct cr_arena *arena;
  struct cr_iteration_table *table; /* or NULL */
  struct cr_names *taken;
  struct cr_text out, report;
};

static int parse_steps(const char *text, uint32_t *out, struct cr_err *err)
{
  int64_t n = STEPS;
  int rc = text ? cr_parse_count(text, "--steps", &n, err) : CR_OK;
  if (!rc && (n < 1 || n > STEPS_MAX))
    rc = cr_fail(err, CR_EINPUT, "--steps %s: must be from 1 to %d", text, STEPS_MAX);
  *out = (uint32_t)n;
  return rc;
}

static void add_head(struct cr_text *out)
{
  cr_text_add(out, "# corun %s (%s): ", cr_program_version, cr_program_git);
  for (const char *p = cr_cli_command_line(); *p; p++)
    cr_text_add_bytes(out, (unsigned char)*p < ' ' ? " " : p, 1); /* the comment is one line */
  cr_text_add(out, "\n");
  cr_memory_table_print_header(out);
}

static int read_files(struct import *im, const struct cr_import_memory *a, struct cr_err *err)
{
  struct cr_memory_recording_options opt = {.name = a->name, .table = im->table, .taken = im->taken};
  int rc = parse_steps(a->steps, &opt.max_steps, err);
  if (!rc && a->name && a->n_file > 1)
    rc = cr_fail(err, CR_EINPUT, "--model names one model, but there are %u files; import them one by one", a->n_file);
  add_head(&im->out);
  for (uint32_t i = 0; !rc && i < a->n_file; i++)
    rc = cr_memory_recording_read(a->file[i], &opt, &im->out, &im->report, err);
  if (!rc && (im->out.failed || im->report.failed))
    rc = cr_fail_nomem(err, "the table of memory");
  return rc;
}

int cr_cmd_import_memory(const struct cr_import_memory *a, struct cr_err *err)
{
  struct import im = {.arena = cr_arena_new(), .taken = cr_names_new()};
  int rc = im.arena && im.taken ? CR_OK : cr_fail_nomem(err, "the table of memory");
  if (!rc && a->table)
    rc = cr_cmd_jobs_table(a->table, im.arena, &im.table, err);
  rc = rc ? rc : read_files(&im, a, err);
  rc = rc ? rc : cr_cli_write(a->output, im.out.s, im.out.n, err);
  if (!rc)
    fputs(im.report.s, strcmp(a->output, "-") == 0 ? stderr : stdout);
  cr_text_fini(&im.out);
  cr_text_fini(&im.report);
  cr_iteration_table_free(im.table);
  cr_names_free(im.taken);
  cr_arena_free(im.arena);
  return rc;
}
