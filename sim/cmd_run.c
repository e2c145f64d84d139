/* cmd_run.c - `corun run`: a scenario under one policy after another, and a report that compares them. */
#include "config.h"

#include <stdio.h>

#include "sim/cli.h"
#include "sim/cmd_run_job.h"
#include "sim/cmd_run_vary.h"
#include "sim/mem.h"
#include "sim/report.h"
#include "sim/text.h"
#include "sim/timeline.h"
#include "sim/unit.h"

enum { OPT_SET = CR_CLI_LONG, OPT_TRACES, OPT_LEDGER, OPT_TIMELINE, OPT_WINDOW, OPT_FORMAT, OPT_STRICT, OPT_FORCE, OPT_VARY };

static const struct cr_cli_opt option[] = {
  {'p', "policy", "POLICY[,OPT=V]", "a policy, or ./FILE.so with one; may be repeated (default: the scenario's, else all that suit)"},
  {'d', "device", "DEVICE", "device by name or description file (default: the scenario's, else h200)"},
  {'b', "backend", "sim|wall|cuda", "sim (simulated, the default), wall (real time, pretended device) or cuda (a real GPU)"},
  {'s', "seed", "SEED", "seed of random arrivals (default: the scenario's)"},
  {OPT_SET, "set", "KEY=VALUE", "change a key of the scenario, such as duration=1s or clients.rt.rate=200/s; may be repeated"},
  {OPT_VARY, "vary", "KEY=V,V,...", "run once for each value of a key, and print the results beside each other"},
  {OPT_TRACES, "traces", "STORE", "a store to look for models in before the bundled one; may be repeated"},
  {'o', "output", "FILE", "write a run database: results, requests, ledger"},
  {OPT_LEDGER, "ledger", "FILE", "write the ledger as text"},
  {OPT_TIMELINE, "timeline", "FILE", "write a timeline for ui.perfetto.dev or chrome://tracing"},
  {OPT_WINDOW, "window", "FROM..TO", "only this part of the run in the timeline, such as 100ms..150ms"},
  {OPT_FORMAT, "format", "FORMAT", "table (the default), csv or json"},
  {OPT_STRICT, "strict", NULL, "end a run at the first action that is refused"},
  {OPT_FORCE, "force", NULL, "write over outputs that exist"},
  {'q', "quiet", NULL, "no progress bar"},
  {0},
};

static int run(int argc, char **argv);

const struct cr_cmd cr_cmd_run = {
  .name = "run",
  .args = "SCENARIO [-p POLICY[,OPT=V]]... [-o RUN.db] [--timeline OUT.json]",
  .help = "run a scenario under one policy after another and compare them",
  .opt = option,
  .more = "SCENARIO is a YAML file or the name of a bundled one (corun list scenarios).  Ctrl-C ends the run and keeps\n"
          "the results so far, marked partial.  Exit status: 0 all runs were done, 1 one was not, 2 bad usage or input.\n",
  .run = run,
};

static int take_option(struct cr_run_args *a, int letter)
{
  const char *value = cr_cli_value();
  switch (letter) {
  case 'p': a->policy.word[a->policy.n++] = value; break;
  case 'd': a->device = value; break;
  case 'b': a->backend = value; break;
  case 's': a->seed = value; break;
  case 'o': a->db = value; break;
  case 'q': a->quiet = 1; break;
  case OPT_SET: a->set.word[a->set.n++] = value; break;
  case OPT_TRACES: a->store.word[a->store.n++] = value; break;
  case OPT_LEDGER: a->ledger = value; break;
  case OPT_TIMELINE: a->timeline = value; break;
  case OPT_WINDOW: a->window = value; break;
  case OPT_FORMAT: a->format = value; break;
  case OPT_STRICT: a->strict = 1; break;
  case OPT_FORCE: a->force = 1; break;
  case OPT_VARY: a->vary = value; a->n_vary++; break;
  default: return 0;
  }
  return 1;
}

/* 0 when all is read; else the command returns *status. */
static int read_args(struct cr_run_job *j, int argc, char **argv, int *status)
{
  struct cr_run_args *a = &j->args;
  struct cr_run_words *const list[] = {&a->policy, &a->set, &a->store};
  for (int i = 0; i < 3; i++) {
    list[i]->word = cr_arena_take(j->arena, (size_t)argc, sizeof *list[i]->word);
    if (!list[i]->word) {
      struct cr_err err;
      *status = cr_cli_error(cr_fail_nomem(&err, "the command line"), &err);
      return 1;
    }
  }
  int letter;
  while ((letter = cr_cli_next(&cr_cmd_run, argc, argv, status)) > 0)
    take_option(a, letter);
  if (letter < 0)
    return 1;
  int first = cr_cli_first();
  if (first == argc)
    *status = cr_cli_usage(&cr_cmd_run, "a scenario is missing; `corun list scenarios` shows those there are");
  else if (first + 1 < argc)
    *status = cr_cli_usage(&cr_cmd_run, "one scenario at a time: %s is one too many", argv[first + 1]);
  else
    a->scenario = argv[first];
  return !a->scenario;
}

/* A timeline that no viewer opens is of little use: say how to have a smaller one. */
static void hint_at_window(const struct cr_run_job *j)
{
  char size[40];
  int64_t bytes = cr_cli_outputs_timeline_bytes(j->outputs);
  if (bytes > CR_TIMELINE_LARGE_BYTES && !j->args.quiet)
    fprintf(stderr, "corun: %s is %s, more than browsers open; --window FROM..TO keeps a part of the run\n",
            j->args.timeline, cr_format_bytes(bytes, size, sizeof size));
}

/* What a timeline leaves out of the memory of jobs. */
static void hint_at_memory(const struct cr_run_job *j)
{
  uint64_t n = cr_cli_outputs_timeline_flat(j->outputs);
  if (n && !j->args.quiet)
    fprintf(stderr,
            "corun: %s shows the memory of %llu iterations by their peaks alone; with --window FROM..TO it shows how it rises "
            "and falls within them\n",
            j->args.timeline, (unsigned long long)n);
}

static int print(struct cr_run_job *j, struct cr_err *err)
{
  struct cr_summary s;
  struct cr_text text = {0};
  int rc = cr_run_job_summarize(j, &s, err);
  if (rc == CR_OK) {
    cr_report(&s, j->format, cr_cli_wants_color(), &text);
    rc = text.failed ? cr_fail_nomem(err, "the report") : cr_cli_write(NULL, text.s, text.n, err);
  }
  cr_text_fini(&text);
  return rc;
}

static int do_run(struct cr_run_job *j)
{
  struct cr_err err;
  int fatal = 0;
  int rc = cr_run_job_prepare(j, &err);
  if (rc != CR_OK)
    return cr_cli_error(rc, &err);
  rc = cr_run_job_run(j, j->scenario->name, &fatal, &err);
  if (fatal)
    return cr_cli_error(rc, &err);
  int status = cr_rc_exit(rc);
  rc = print(j, &err);
  if (rc != CR_OK)
    status = cr_cli_error(rc, &err);
  hint_at_window(j);
  hint_at_memory(j);
  int kept = cr_cli_outputs_keep(j->outputs, &err);
  return kept != CR_OK ? cr_cli_error(kept, &err) : status;
}

static int run(int argc, char **argv)
{
  struct cr_run_job j = {.arena = cr_arena_new()};
  struct cr_err err;
  int status;
  if (!j.arena)
    return cr_cli_error(cr_fail_nomem(&err, "the command line"), &err);
  if (!read_args(&j, argc, argv, &status))
    status = j.args.vary ? cr_run_vary(&j) : do_run(&j);
  cr_run_job_fini(&j);
  return status;
}
