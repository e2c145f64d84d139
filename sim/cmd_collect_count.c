/* cmd_collect_count.c - runs the program again and gives what was counted to the models of the first run.
 *
 * The program prints everything a second time, with times that mean nothing: its standard output is thrown away, its standard
 * error is not. */
#include "config.h"

#include "sim/cmd_collect_count.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sim/cmd_collect_run.h"
#include "sim/outfile.h"
#include "sim/text.h"
#include "traces/counted.h"

static int run_silently(const struct cr_collect_count *a, struct cr_program_end *end, struct cr_err *err)
{
  int saved = dup(STDOUT_FILENO), nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (a->input >= 0)
    (void)lseek(STDIN_FILENO, a->input, SEEK_SET);
  if (saved >= 0)
    (void)fcntl(saved, F_SETFD, FD_CLOEXEC);
  int rc = saved >= 0 && nowhere >= 0 && dup2(nowhere, STDOUT_FILENO) >= 0
             ? cr_cmd_collect_run(a->command, a->on_second, a->ctx, end, err)
             : cr_fail(err, CR_ERUN, "%s cannot be run again: %s", a->command[0], strerror(errno));
  if (saved >= 0) {
    (void)dup2(saved, STDOUT_FILENO);
    close(saved);
  }
  if (nowhere >= 0)
    close(nowhere);
  return rc;
}

static void say_end(const struct cr_collect_count *a, const struct cr_program_end *end)
{
  if (end->signal)
    fprintf(stderr, "corun: %s was ended by signal %d (%s) while its kernels were counted\n", a->command[0],
            end->signal, strsignal(end->signal));
  else if (end->status)
    fprintf(stderr, "corun: %s exited with %d while its kernels were counted\n", a->command[0], end->status);
}

static void say_lines(const char *text)
{
  for (const char *line = text; line && *line;) {
    size_t n = strcspn(line, "\n");
    fprintf(stderr, "corun: %.*s\n", (int)n, line);
    line += n + (line[n] == '\n');
  }
}

static int write_csv(const char *path, const struct cr_text *csv, struct cr_err *err)
{
  struct cr_outfile *f = NULL;
  int rc = cr_outfile_new(path, "what was counted", 1, &f, err);
  if (rc)
    return rc;
  cr_outfile_add(f, csv->s, csv->n);
  return cr_outfile_close(f, err);
}

static int import(const struct cr_collect_count *a, struct cr_err *err)
{
  const struct cr_counted_runs runs = {a->timed, a->counted};
  struct cr_store *s = NULL;
  struct cr_text said = {0}, missing = {0}, csv = {0};
  uint32_t n_model = 0;
  int rc = cr_store_edit(a->store, &s, err);
  rc = rc ? rc : cr_counted_import(s, &runs, &said, &missing, a->csv ? &csv : NULL, &n_model, err);
  say_lines(missing.s);
  rc = rc ? rc : cr_store_commit(s, err);
  cr_store_close(s);
  if (!rc) {
    fputs(said.s ? said.s : "", stderr);
    if (!n_model)
      fputs("corun: models are without counters: no kernel of theirs was counted\n", stderr);
    rc = a->csv ? write_csv(a->csv, &csv, err) : CR_OK;
  }
  cr_text_fini(&said);
  cr_text_fini(&missing);
  cr_text_fini(&csv);
  return rc;
}

int cr_cmd_collect_count(const struct cr_collect_count *a, struct cr_err *err)
{
  struct cr_program_end end;
  int rc = run_silently(a, &end, err);
  if (rc)
    return rc;
  say_end(a, &end);
  return import(a, err);
}
