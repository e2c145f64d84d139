/* cmd_tune.c - `corun tune`: the setting of policies, their options and keys of a scenario that meets goals and is best.
 *
 * All that is asked for is checked before the first run, as by `corun sweep`; what the search then does is
 * studies/search.h's to say.  A search that was interrupted is done again from its beginning: what its database has is
 * known, and only the rest is run. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/cli.h"
#include "sim/cli_study.h"
#include "sim/cli_truth.h"
#include "sim/cmd_tune.h"
#include "sim/mem.h"
#include "sim/provenance.h"
#include "sim/unit.h"

enum { TRIES_MAX = 10000, OVERS_MAX = 64 };

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
  OPT_FORCE,
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
  {'o', "output", "FILE", "keep the results in a database; one that is there of the same search is gone on with"},
  {OPT_FORCE, "force", NULL, "begin anew, in place of a results database that is there"},
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
    "With -o each run is kept as it ends: a search that was interrupted goes on when the same command is given again, "
    "and\n"
    "`corun show FILE` prints what it found.\n"
    "Metrics are those of `corun sweep`; a goal is met when the interval of its mean over seeds lies within the "
    "bound.\n"
    "Exit status: 0 a setting was found, 1 none meets the goals or the search was stopped, 2 bad usage or input.\n",
  .run = run,
};

struct job {
  struct cr_tune tune;
  struct cr_design_words words;
  struct cr_studydb_head head;
  struct cr_ranking ranking;
  const char *over[OVERS_MAX];
  const char *workers, *format_name;
  int force;
  enum cr_format format;
};

/* -- the command line ------------------------------------------------------------------------------------------------- */

static int kind_of(int letter)
{
  switch (letter) {
  case 'p':
    return CR_DESIGN_POLICY;
  case 'd':
    return CR_DESIGN_DEVICE;
  case OPT_SET:
    return CR_DESIGN_SET;
  case OPT_TRACES:
    return CR_DESIGN_TRACES;
  case OPT_SEEDS:
    return CR_DESIGN_SEEDS;
  case OPT_CONFIDENCE:
    return CR_DESIGN_CONFIDENCE;
  case OPT_OVER:
    return CR_DESIGN_OVER;
  case OPT_GOAL:
    return CR_DESIGN_GOAL;
  case OPT_MAXIMIZE:
    return CR_DESIGN_MAXIMIZE;
  case OPT_MINIMIZE:
    return CR_DESIGN_MINIMIZE;
  case OPT_FRESH:
    return CR_DESIGN_FRESH;
  case OPT_TRIES:
    return CR_DESIGN_TRIES;
  default:
    return CR_DESIGN_SEARCH_SEED;
  }
}

static int take_option(struct job *j, int letter, struct cr_err *err)
{
  const char *value = cr_cli_value();
  struct cr_tune *t = &j->tune;
  switch (letter) {
  case 'o':
    t->output = value;
    return CR_OK;
  case 'j':
    j->workers = value;
    return CR_OK;
  case 'q':
    t->quiet = 1;
    return CR_OK;
  case OPT_FORCE:
    j->force = 1;
    return CR_OK;
  case OPT_FORMAT:
    j->format_name = value;
    return CR_OK;
  case OPT_KEEP_OPTIONS:
    t->keep_options = 1;
    return cr_design_count(&j->words, CR_DESIGN_KEEP_OPTIONS)
             ? CR_OK
             : cr_design_add(&j->words, CR_DESIGN_KEEP_OPTIONS, "yes", err);
  default:
    return cr_design_add(&j->words, (enum cr_design_kind)kind_of(letter), value, err);
  }
}

static int take_overs(struct job *j, struct cr_err *err)
{
  struct cr_tune *t = &j->tune;
  const char *word;
  t->over = j->over;
  for (; (word = cr_design_word(&j->words, CR_DESIGN_OVER, t->n_over)); t->n_over++) {
    if (t->n_over == OVERS_MAX)
      return cr_fail(err, CR_EINPUT, "--over %.120s: %d at most", word, OVERS_MAX);
    j->over[t->n_over] = word;
  }
  return CR_OK;
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
  rc = rc ? rc : take_overs(j, &err);
  if (rc != CR_OK)
    *status = cr_cli_error(rc, &err);
  else if (first == argc)
    *status = cr_cli_usage(&cr_cmd_tune, "a scenario is missing; `corun list scenarios` shows those there are");
  else if (first + 1 < argc)
    *status = cr_cli_usage(&cr_cmd_tune, "one scenario at a time: %s is one too many", argv[first + 1]);
  else if (j->force && !j->tune.output)
    *status = cr_cli_usage(&cr_cmd_tune, "--force is of -o FILE, which is not given");
  else if (!cr_design_is_search(&j->words))
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
  int rc = cr_tune_complete_words(&j->words, err);
  if (rc != CR_OK || cr_design_count(&j->words, CR_DESIGN_POLICY))
    return rc;
  rc = cr_cli_study_load(&j->words, NULL, NULL, 0, &s, err);
  if (rc == CR_OK && !s.as_divided->n_policy)
    rc = cr_fail(err, CR_EINPUT, "which policies? the scenario names none; give each with -p (corun list policies)");
  for (uint32_t i = 0; rc == CR_OK && i < s.as_divided->n_policy; i++)
    rc = cr_design_add(&j->words, CR_DESIGN_POLICY, s.as_divided->policy[i], err);
  cr_cli_scenario_free(&s);
  return rc;
}

static int read_numbers(struct job *j, struct cr_err *err)
{
  const struct cr_rank alone = {.n = 1, .n_here = 1};
  struct cr_search *s = &j->tune.search;
  int64_t draw_seed;
  int rc = cr_cli_study_workers(j->workers, &alone, &j->tune.n_worker, err);
  rc = rc ? rc : cr_cli_count(cr_design_word(&j->words, CR_DESIGN_TRIES, 0), "--tries", TRIES_MAX, &s->tries_max, err);
  rc = rc ? rc : cr_parse_count(cr_design_word(&j->words, CR_DESIGN_SEARCH_SEED, 0), "--search-seed", &draw_seed, err);
  if (rc == CR_OK)
    s->draw_seed = (uint64_t)draw_seed;
  return rc;
}

/* Runs of different lengths are not compared where the length is searched. */
static int can_shorten(const struct cr_tune *t)
{
  for (uint32_t k = 0; k < t->n_key; k++)
    if (strcmp(t->key[k].key, "duration") == 0 || strcmp(t->key[k].key, "warmup") == 0)
      return 0;
  return t->base.as_divided->duration_ns != CR_NS_NEVER;
}

static int make_search(struct cr_tune *t, struct cr_err *err)
{
  struct cr_search *s = &t->search;
  const char **key = cr_arena_take(t->arena, t->n_key, sizeof *key);
  if (s->tries_max < t->n_policy)
    return cr_fail(err, CR_EINPUT, "--tries %u: there are %u policies, and each needs one", s->tries_max, t->n_policy);
  t->cell = cr_arena_take(t->arena, s->tries_max, sizeof *t->cell);
  if (!key || !t->cell)
    return cr_fail_nomem(err, "the settings");
  for (uint32_t i = 0; i < s->tries_max; i++)
    t->cell[i] = CR_NONE;
  for (uint32_t k = 0; k < t->n_key; k++)
    key[k] = t->key[k].key;
  s->arena = t->arena;
  s->aim = &t->study.aim;
  s->confidence = t->study.judge.confidence;
  s->n_seed = t->study.judge.n_seed;
  s->n_fresh = t->study.judge.n_fresh;
  s->can_shorten = can_shorten(t);
  s->run = cr_tune_run;
  s->ctx = t;
  t->log = (struct cr_search_log){
    .arena = t->arena, .key = key, .n_key = t->n_key, .n_metric = s->aim->n_metric, .n_seed = s->n_seed + s->n_fresh};
  return CR_OK;
}

static int prepare(struct job *j, struct cr_err *err)
{
  struct cr_tune *t = &j->tune;
  int rc = complete_words(j, err);
  rc = rc ? rc : read_numbers(j, err);
  rc = rc ? rc : cr_tune_study_make(&j->words, &t->study, err);
  rc = rc ? rc : cr_tune_open_policies(t, err);
  rc = rc ? rc : cr_tune_make_space(t, err);
  for (uint32_t m = 0; rc == CR_OK && m < t->study.aim.n_metric; m++)
    rc = cr_run_metric_check(&t->study.aim.metric[m], t->base.as_divided->workload, err);
  rc = rc ? rc : make_search(t, err);
  if (rc != CR_OK)
    return rc;
  fputs(t->base.as_divided->left_out, stderr);
  cr_cli_say_assumed(&t->base.as_divided->machine->device[0]);
  t->base_hash = cr_workload_hash(t->base.as_divided->workload);
  return CR_OK;
}

/* What is known already goes into the log. */
static int open_database(struct job *j, struct cr_err *err)
{
  struct cr_tune *t = &j->tune;
  const struct cr_scenario *s = t->base.as_divided;
  if (!t->output)
    return CR_OK;
  j->head = (struct cr_studydb_head){.words = &j->words,
                                     .seed = t->study.seed,
                                     .n_seed = t->log.n_seed,
                                     .metric = t->study.aim.metric,
                                     .n_metric = t->log.n_metric,
                                     .scenario = s->name,
                                     .about = s->about,
                                     .scenario_text = s->text};
  int rc = j->force ? cr_studydb_discard(t->output, err) : CR_OK;
  rc = rc ? rc : cr_studydb_open_search(t->output, &j->head, s->duration_ns, s->warmup_ns, &t->log, &t->db, err);
  return rc ? rc : cr_tune_check_points(t, err);
}

/* -- the search --------------------------------------------------------------------------------------------------------- */

static int wants_color(void)
{
  const char *term = getenv("TERM"), *no = getenv("NO_COLOR");
  return isatty(STDOUT_FILENO) && term && strcmp(term, "dumb") != 0 && !(no && *no);
}

static int print(const struct job *j, struct cr_err *err)
{
  const struct cr_tune_found found = {.study = &j->tune.study, .log = &j->tune.log, .ranking = &j->ranking};
  struct cr_text text = {0};
  int rc = cr_tune_report(&found, j->format, wants_color(), &text, err);
  if (rc == CR_OK)
    rc = cr_cli_write(NULL, text.s, text.n, err);
  cr_text_fini(&text);
  return rc;
}

/* stopped, 0: the search came to its end, and its database is written anew, in order. */
static int conclude(struct job *j, int stopped, struct cr_err *err)
{
  struct cr_tune *t = &j->tune;
  int rc = cr_ranking_of_search(&t->search, t->cell, &t->log, &j->ranking, err);
  j->ranking.is_over = !stopped;
  if (rc == CR_OK && t->db && !stopped)
    rc = cr_studydb_put_ranking(t->db, &t->study.judge, &t->log, &j->ranking, err);
  int is_kept = t->db != NULL;
  cr_studydb_close(t->db);
  t->db = NULL;
  return rc == CR_OK && is_kept && !stopped ? cr_studydb_settle(t->output, NULL, 0, NULL, 0, err) : rc;
}

static int say_stopped(const struct cr_tune *t, struct cr_err *err)
{
  if (!t->output)
    return cr_fail(err, CR_EINTR,
                   "stopped after %u runs: what was tried so far is above, and nothing of it is confirmed",
                   t->log.n_run);
  return cr_fail(err, CR_EINTR,
                 "stopped: %u runs are done and kept in %s; what was tried so far is above, and nothing of it is "
                 "confirmed; the same command goes on",
                 t->log.n_run, t->output);
}

static int do_tune(struct job *j)
{
  struct cr_tune *t = &j->tune;
  struct cr_err err;
  uint32_t ignored;
  int rc = prepare(j, &err);
  rc = rc ? rc : open_database(j, &err);
  if (rc != CR_OK)
    return cr_cli_error(rc, &err);
  rc = cr_search_run(&t->search, &err);
  rc = rc ? rc : cr_search_confirm(&t->search, &ignored, &err);
  if (rc != CR_OK && rc != CR_EINTR)
    return cr_cli_error(rc, &err);
  int stopped = rc == CR_EINTR;
  if (stopped)
    say_stopped(t, &err);
  struct cr_err failed;
  int concluded = conclude(j, stopped, &failed);
  if (t->log.n_failed && !t->quiet)
    fprintf(stderr, "corun: %u of %u runs failed; their settings are no candidates\n", t->log.n_failed, t->log.n_run);
  concluded = concluded ? concluded : print(j, &failed);
  if (concluded != CR_OK)
    return cr_cli_error(concluded, &failed);
  const struct cr_tune_found found = {.study = &t->study, .log = &t->log, .ranking = &j->ranking};
  if (!stopped && j->ranking.best == CR_NONE)
    rc = cr_tune_fail(&found, &err);
  return cr_cli_error(rc, &err);
}

static void clean_up(struct job *j)
{
  struct cr_tune *t = &j->tune;
  cr_studydb_close(t->db);
  for (uint32_t i = 0; t->policy && i < t->n_policy; i++)
    cr_cli_policy_close(&t->policy[i].opened);
  cr_cli_scenario_free(&t->base);
  cr_arena_free(t->arena);
}

static int run(int argc, char **argv)
{
  struct job j = {.tune = {.arena = cr_arena_new()}};
  struct cr_err err;
  int status;
  if (!j.tune.arena)
    return cr_cli_error(cr_fail_nomem(&err, "the command line"), &err);
  j.words.arena = j.tune.arena;
  j.tune.study.words = &j.words;
  if (!read_args(&j, argc, argv, &status))
    status = do_tune(&j);
  clean_up(&j);
  return status;
}
