/* cmd_tune.c - `corun tune`: the setting of policies, their options and keys of a scenario that meets goals and is best.
 *
 * All that is asked for is checked before the first run, as by `corun sweep`; what the search then does is
 * studies/search.h's to say. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/cli.h"
#include "sim/cli_truth.h"
#include "sim/cmd_tune.h"
#include "sim/mem.h"
#include "sim/unit.h"

enum { WORKERS_MAX = 1024, TRIES = 200, TRIES_MAX = 10000, FRESH_MAX = 1000, OVERS_MAX = 64 };

enum {
  OPT_OVER = CR_CLI_LONG,
  OPT_GOAL,
  OPT_MAXIMIZE,
  OPT_MINIMIZE,
  OPT_SEEDS,
  OPT_FRESH,
  OPT_TRIES,
  OPT_SEARCH_SEED,
  OPT_KEEP_OPTIONS,
  OPT_CONFIDENCE,
  OPT_SET,
  OPT_TRACES,
  OPT_FORMAT,
};

static const struct cr_cli_opt option[] = {
  {OPT_GOAL, "goal", "METRIC<BOUND", "what must hold, such as p99(rt)<5ms or throughput(be)>100/s; may be repeated"},
  {OPT_MAXIMIZE, "maximize", "METRIC", "what is to be as great as can be, such as throughput(be)"},
  {OPT_MINIMIZE, "minimize", "METRIC", "or as small"},
  {'p', "policy", "POLICY[,OPT=V]",
   "a policy: the options that are not given are searched; may be repeated (default: the scenario's)"},
  {OPT_KEEP_OPTIONS, "keep-options", NULL, "policies have the options they are given, and no others are searched"},
  {OPT_OVER, "over", "KEY=V,V,...",
   "a key of the scenario, or POLICY.OPTION, and its values, or KEY=LOW..HIGH[:log]; may be repeated"},
  {OPT_SEEDS, "seeds", "1..8", "seeds that are searched with (default: 1..8)"},
  {OPT_FRESH, "fresh", "9..16", "seeds that the best is confirmed with (default: as many behind those)"},
  {OPT_TRIES, "tries", "N", "settings at most (default: 200)"},
  {OPT_SEARCH_SEED, "search-seed", "N", "which settings are drawn where there are more (default: 1)"},
  {OPT_CONFIDENCE, "confidence", "SHARE", "of intervals (default: 95%)"},
  {'d', "device", "DEVICE", "device by name or description file (default: the scenario's, else h200)"},
  {OPT_SET, "set", "KEY=VALUE", "change a key of the scenario in every run; may be repeated"},
  {OPT_TRACES, "traces", "STORE", "a store to look for models in before the bundled one; may be repeated"},
  {'j', "jobs", "N", "processes that simulate (default: one a core)"},
  {OPT_FORMAT, "format", "FORMAT", "table (the default), csv or json"},
  {'q', "quiet", NULL, "no progress bar and no count of failures"},
  {0},
};

static int run(int argc, char **argv);

const struct cr_cmd cr_cmd_tune = {
  .name = "tune",
  .args = "SCENARIO -p POLICY... [--goal METRIC<BOUND]... [--maximize METRIC]",
  .help = "search for the policy, options and settings that meet goals best",
  .opt = option,
  .more =
    "Halves the settings again and again while those that are left get more seeds, goes on from the best axis by "
    "axis,\n"
    "and confirms it with seeds that it was not chosen by.  Prints what was tried and the command that runs the best.\n"
    "Metrics are those of `corun sweep`; a goal is met when the interval of its mean over seeds lies within the "
    "bound.\n"
    "Exit status: 0 a setting was found, 1 none meets the goals or the search was stopped, 2 bad usage or input.\n",
  .run = run,
};

struct job {
  struct cr_tune tune;
  struct cr_design_words words;
  struct cr_design design;
  const char *over[OVERS_MAX];
  const char *workers, *format_name, *fresh, *tries, *search_seed;
  enum cr_format format;
};

/* -- the command line ------------------------------------------------------------------------------------------------- */

static int take_word(struct job *j, int letter, const char *value, struct cr_err *err)
{
  enum cr_design_kind kind = letter == 'p'              ? CR_DESIGN_POLICY
                             : letter == 'd'            ? CR_DESIGN_DEVICE
                             : letter == OPT_SEEDS      ? CR_DESIGN_SEEDS
                             : letter == OPT_CONFIDENCE ? CR_DESIGN_CONFIDENCE
                             : letter == OPT_SET        ? CR_DESIGN_SET
                                                        : CR_DESIGN_TRACES;
  return cr_design_add(&j->words, kind, value, err);
}

static int take_option(struct job *j, int letter, struct cr_err *err)
{
  const char *value = cr_cli_value();
  struct cr_tune *t = &j->tune;
  switch (letter) {
  case OPT_GOAL:
    return cr_aim_add_goal(&t->aim, value, err);
  case OPT_MAXIMIZE:
    return cr_aim_set_best(&t->aim, "--maximize", value, err);
  case OPT_MINIMIZE:
    return cr_aim_set_best(&t->aim, "--minimize", value, err);
  case OPT_OVER:
    if (t->n_over == OVERS_MAX)
      return cr_fail(err, CR_EINPUT, "--over %.120s: %d at most", value, OVERS_MAX);
    j->over[t->n_over++] = value;
    return CR_OK;
  case OPT_KEEP_OPTIONS:
    t->keep_options = 1;
    return CR_OK;
  case OPT_FRESH:
    j->fresh = value;
    return CR_OK;
  case OPT_TRIES:
    j->tries = value;
    return CR_OK;
  case OPT_SEARCH_SEED:
    j->search_seed = value;
    return CR_OK;
  case 'j':
    j->workers = value;
    return CR_OK;
  case OPT_FORMAT:
    j->format_name = value;
    return CR_OK;
  case 'q':
    t->quiet = 1;
    return CR_OK;
  default:
    return take_word(j, letter, value, err);
  }
}

/* 0 when all is read; else the command returns *status. */
static int read_args(struct job *j, int argc, char **argv, int *status)
{
  struct cr_err err;
  int letter, rc = CR_OK;
  while (rc == CR_OK && (letter = cr_cli_next(&cr_cmd_tune, argc, argv, status)) != 0) {
    if (letter < 0)
      return 1;
    rc = take_option(j, letter, &err);
  }
  int first = cr_cli_first();
  if (rc == CR_OK && first < argc)
    rc = cr_design_add(&j->words, CR_DESIGN_SCENARIO, argv[first], &err);
  if (rc == CR_OK && j->format_name)
    rc = cr_format_parse(j->format_name, &j->format, &err);
  if (rc != CR_OK)
    *status = cr_cli_error(rc, &err);
  else if (first == argc)
    *status = cr_cli_usage(&cr_cmd_tune, "a scenario is missing; `corun list scenarios` shows those there are");
  else if (first + 1 < argc)
    *status = cr_cli_usage(&cr_cmd_tune, "one scenario at a time: %s is one too many", argv[first + 1]);
  else if (!j->tune.aim.n_goal && j->tune.aim.best == CR_NONE)
    *status = cr_cli_usage(&cr_cmd_tune, "what is searched for? give --goal, --maximize or --minimize");
  else
    return 0;
  return 1;
}

/* -- before anything runs --------------------------------------------------------------------------------------------- */

/* The policies that the scenario names, where none is given: it is read once for that, as it is. */
static int complete_words(struct job *j, struct cr_err *err)
{
  struct cr_cli_scenario s = {0};
  int rc = CR_OK;
  if (!cr_design_count(&j->words, CR_DESIGN_SEEDS))
    rc = cr_design_add(&j->words, CR_DESIGN_SEEDS, "1..8", err);
  if (rc != CR_OK || cr_design_count(&j->words, CR_DESIGN_POLICY))
    return rc;
  rc = cr_tune_load(&j->tune, NULL, &s, err);
  if (rc == CR_OK && !s.as_divided->n_policy)
    rc = cr_fail(err, CR_EINPUT, "which policies? the scenario names none; give each with -p (corun list policies)");
  for (uint32_t i = 0; rc == CR_OK && i < s.as_divided->n_policy; i++)
    rc = cr_design_add(&j->words, CR_DESIGN_POLICY, s.as_divided->policy[i], err);
  cr_cli_scenario_free(&s);
  return rc;
}

/* Seeds of a list of their own, checked as those of a sweep are. */
static int parse_fresh(struct job *j, struct cr_design *out, struct cr_err *err)
{
  struct cr_design_words *words = cr_arena_take(j->tune.arena, 1, sizeof *words);
  if (!words)
    return cr_fail_nomem(err, "the seeds");
  words->arena = j->tune.arena;
  int rc = cr_design_add(words, CR_DESIGN_SEEDS, j->fresh, err);
  rc = rc ? rc : cr_design_make(words, out, err);
  return rc == CR_OK ? rc : cr_fail_in(err, rc, "--fresh");
}

static int has_seed(const struct cr_design *d, uint64_t seed)
{
  for (uint32_t i = 0; i < d->n_seed; i++)
    if (d->seed[i] == seed)
      return 1;
  return 0;
}

/* Those of the search, then the fresh ones. */
static int join_seeds(struct job *j, struct cr_err *err)
{
  struct cr_tune *t = &j->tune;
  const struct cr_design *d = &j->design;
  struct cr_design fresh = {0};
  uint64_t greatest = 0;
  int rc = j->fresh ? parse_fresh(j, &fresh, err) : CR_OK;
  if (rc != CR_OK)
    return rc;
  uint32_t n_fresh = j->fresh ? fresh.n_seed : d->n_seed;
  if (d->n_seed > FRESH_MAX || n_fresh > FRESH_MAX)
    return cr_fail(err, CR_EINPUT, "%u seeds: a search takes %d at most", d->n_seed > n_fresh ? d->n_seed : n_fresh,
                   FRESH_MAX);
  t->seed = cr_arena_take(t->arena, (size_t)d->n_seed + n_fresh, sizeof *t->seed);
  if (!t->seed)
    return cr_fail_nomem(err, "the seeds");
  for (uint32_t i = 0; i < d->n_seed; i++) {
    t->seed[i] = d->seed[i];
    greatest = d->seed[i] > greatest ? d->seed[i] : greatest;
  }
  for (uint32_t i = 0; i < n_fresh; i++) {
    t->seed[d->n_seed + i] = j->fresh ? fresh.seed[i] : greatest + 1 + i;
    if (has_seed(d, t->seed[d->n_seed + i]))
      return cr_fail(err, CR_EINPUT, "--fresh %s: %llu is searched with, and so not fresh", j->fresh,
                     (unsigned long long)t->seed[d->n_seed + i]);
  }
  t->search.n_seed = d->n_seed;
  t->search.n_fresh = n_fresh;
  return CR_OK;
}

static int read_numbers(struct job *j, struct cr_err *err)
{
  struct cr_tune *t = &j->tune;
  int64_t draw_seed = 1;
  long n_core = sysconf(_SC_NPROCESSORS_ONLN);
  t->n_worker = n_core < 1 ? 1 : n_core > WORKERS_MAX ? WORKERS_MAX : (uint32_t)n_core;
  t->search.tries_max = TRIES;
  int rc = j->workers ? cr_cli_count(j->workers, "-j", WORKERS_MAX, &t->n_worker, err) : CR_OK;
  if (rc == CR_OK && j->tries)
    rc = cr_cli_count(j->tries, "--tries", TRIES_MAX, &t->search.tries_max, err);
  if (rc == CR_OK && j->search_seed)
    rc = cr_parse_count(j->search_seed, "--search-seed", &draw_seed, err);
  t->search.draw_seed = (uint64_t)draw_seed;
  return rc;
}

static int prepare(struct job *j, struct cr_err *err)
{
  struct cr_tune *t = &j->tune;
  int rc = read_numbers(j, err);
  rc = rc ? rc : complete_words(j, err);
  rc = rc ? rc : cr_design_make(&j->words, &j->design, err);
  rc = rc ? rc : join_seeds(j, err);
  rc = rc ? rc : cr_tune_open_policies(t, err);
  rc = rc ? rc : cr_tune_make_space(t, err);
  for (uint32_t m = 0; rc == CR_OK && m < t->aim.n_metric; m++)
    rc = cr_run_metric_check(&t->aim.metric[m], t->base.as_divided->workload, err);
  if (rc != CR_OK)
    return rc;
  if (t->search.tries_max < t->n_policy)
    return cr_fail(err, CR_EINPUT, "--tries %u: there are %u policies, and each needs one", t->search.tries_max,
                   t->n_policy);
  fputs(t->base.as_divided->left_out, stderr);
  cr_cli_say_assumed(&t->base.as_divided->machine->device[0]);
  t->search.arena = t->arena;
  t->search.aim = &t->aim;
  t->search.confidence = j->design.confidence;
  t->search.can_shorten = t->base.as_divided->duration_ns != CR_NS_NEVER;
  t->search.run = cr_tune_run;
  t->search.ctx = t;
  return CR_OK;
}

/* -- the search --------------------------------------------------------------------------------------------------------- */

static int wants_color(void)
{
  const char *term = getenv("TERM"), *no = getenv("NO_COLOR");
  return isatty(STDOUT_FILENO) && term && strcmp(term, "dumb") != 0 && !(no && *no);
}

static int print(const struct job *j, uint32_t best, struct cr_err *err)
{
  struct cr_text text = {0};
  int rc = cr_tune_report(&j->tune, j->format, wants_color(), best, &text, err);
  if (rc == CR_OK)
    rc = cr_cli_write(NULL, text.s, text.n, err);
  cr_text_fini(&text);
  return rc;
}

static int do_tune(struct job *j)
{
  struct cr_search *s = &j->tune.search;
  struct cr_err err;
  uint32_t best = CR_NONE;
  int rc = prepare(j, &err);
  if (rc != CR_OK)
    return cr_cli_error(rc, &err);
  rc = cr_search_run(s, &err);
  rc = rc ? rc : cr_search_confirm(s, &best, &err);
  if (rc != CR_OK && rc != CR_EINTR)
    return cr_cli_error(rc, &err);
  int stopped = rc == CR_EINTR;
  if (stopped)
    cr_fail(&err, CR_EINTR, "stopped after %u runs: what was tried so far is above, and nothing of it is confirmed",
            s->n_run);
  if (s->n_failed && !j->tune.quiet)
    fprintf(stderr, "corun: %u of %u runs failed; their settings are no candidates\n", s->n_failed, s->n_run);
  struct cr_err failed;
  int printed = print(j, best, &failed);
  if (printed != CR_OK)
    return cr_cli_error(printed, &failed);
  if (!stopped && best == CR_NONE)
    rc = cr_tune_fail(&j->tune, &err);
  return cr_cli_error(rc, &err);
}

static void clean_up(struct job *j)
{
  struct cr_tune *t = &j->tune;
  for (uint32_t i = 0; t->policy && i < t->n_policy; i++)
    cr_cli_policy_close(&t->policy[i].opened);
  cr_cli_scenario_free(&t->base);
  cr_arena_free(t->arena);
}

static int run(int argc, char **argv)
{
  struct job j = {.tune = {.arena = cr_arena_new(), .aim = {.best = CR_NONE}}};
  struct cr_err err;
  int status;
  if (!j.tune.arena)
    return cr_cli_error(cr_fail_nomem(&err, "the command line"), &err);
  j.words.arena = j.tune.aim.arena = j.tune.arena;
  j.tune.words = &j.words;
  j.tune.over = j.over;
  if (!read_args(&j, argc, argv, &status))
    status = do_tune(&j);
  clean_up(&j);
  return status;
}
