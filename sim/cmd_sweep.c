/* cmd_sweep.c - `corun sweep`: a scenario at many settings, under several policies, with several seeds each.
 *
 * The design is checked as a whole, every point loaded once, before anything is run or written.  Runs are added to the
 * database as they end, and a sweep that was interrupted goes on with what is missing.  Ranks of mpirun or SLURM write files
 * of their own; whichever ends last makes one of them. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/cli.h"
#include "sim/cli_scenario.h"
#include "sim/cli_study.h"
#include "sim/cli_truth.h"
#include "sim/cmd_sweep.h"
#include "sim/mem.h"
#include "traces/study_file.h"

enum {
  OPT_STUDY = CR_CLI_LONG,
  OPT_SET,
  OPT_TRACES,
  OPT_GRID,
  OPT_LIST,
  OPT_RANDOM,
  OPT_SAMPLES,
  OPT_SAMPLE_SEED,
  OPT_SEEDS,
  OPT_METRIC,
  OPT_UNTIL,
  OPT_CONFIDENCE,
  OPT_FORMAT,
  OPT_RANK,
  OPT_MERGE,
  OPT_FORCE,
};

static const struct cr_cli_opt option[] = {
  {OPT_STUDY, "study", "FILE", "a YAML file with the design, to which options add"},
  {'p', "policy", "POLICY[,OPT=V]", "a policy; may be repeated (default: the scenario's)"},
  {OPT_GRID, "grid", "KEY=V,V,...",
   "a key of the scenario and its values, each with each of other keys; may be repeated"},
  {OPT_LIST, "list", "KEY=V,V,...",
   "values that go together with those of other lists, first with first; may be repeated"},
  {OPT_RANDOM, "random", "KEY=LOW..HIGH",
   "values drawn evenly, or with :log behind by their logarithm; may be repeated"},
  {OPT_SAMPLES, "samples", "N", "how many points are drawn of --random"},
  {OPT_SAMPLE_SEED, "sample-seed", "N", "which points are drawn (default: 1)"},
  {OPT_SEEDS, "seeds", "1..10", "seeds of random arrivals, such as 1..10 or 3,7,20..29 (default: the scenario's one)"},
  {OPT_METRIC, "metric", "METRIC",
   "what is kept of a run: p99(rt), throughput(CLIENT), makespan, ...; may be repeated"},
  {OPT_UNTIL, "until", "SHARE", "a point has seeds enough when every interval is this near its mean, such as 2%"},
  {OPT_CONFIDENCE, "confidence", "SHARE", "of intervals (default: 95%)"},
  {'d', "device", "DEVICE", "device by name or description file (default: the scenario's, else h200)"},
  {OPT_SET, "set", "KEY=VALUE", "change a key of the scenario in every run; may be repeated"},
  {OPT_TRACES, "traces", "STORE", "a store to look for models in before the bundled one; may be repeated"},
  {'o', "output", "FILE", "the results database; one that is there of the same design is gone on with"},
  {OPT_FORCE, "force", NULL, "begin anew, in place of a results database that is there"},
  {'j', "jobs", "N", "processes that simulate (default: one a core)"},
  {OPT_RANK, "rank", "I/N", "run part I of N, from 0 on (default: as mpirun or SLURM says)"},
  {OPT_MERGE, "merge", "FILE",
   "make one database of what ranks have written beside it so far, and of those named; run nothing, and print it"},
  {OPT_FORMAT, "format", "FORMAT", "table (the default), csv or json"},
  {'q', "quiet", NULL, "no progress bar"},
  {0},
};

static int run(int argc, char **argv);

const struct cr_cmd cr_cmd_sweep = {
  .name = "sweep",
  .args = "SCENARIO -p POLICY[,OPT=V]... [--grid KEY=V,V,...]... [--seeds 1..10] -o FILE | --merge FILE [FILE]...",
  .help = "run a scenario at many settings and seeds, with intervals",
  .opt = option,
  .more =
    "Runs go into the database as they end: a sweep that was interrupted goes on when the same command is given "
    "again.\n"
    "Metrics: mean, min, p50, p95, p99, max (of latency), throughput, requests, missed, dropped, each of (rt), (be),\n"
    "(all) or of a client by its name; preemptions, events, busy, sm_use, dram_use; makespan, mean_jct, p95_jct,\n"
    "mean_queuing, jobs_done (of jobs).  In mpirun and SLURM ranks share the runs; the last one prints the results.\n"
    "`corun show FILE` prints them again.\n"
    "Exit status: 0 all runs were done, 1 one failed or the sweep was stopped, 2 bad usage or input.\n",
  .run = run,
};

struct job {
  struct cr_design_words words;
  const char *study, *workers, *rank, *merge, *format_name;
  char **other; /* [n_other] databases that are merged as well */
  int n_other;
  int force;
  enum cr_format format;
  struct cr_cli_scenario base;
  struct cr_studydb_head head; /* of the database that is written */
  struct cr_sweep sweep;
};

/* -- the command line ------------------------------------------------------------------------------------------------- */

static int kind_of(int letter) /* -1: it is no word of the design */
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
  case OPT_GRID:
    return CR_DESIGN_GRID;
  case OPT_LIST:
    return CR_DESIGN_LIST;
  case OPT_RANDOM:
    return CR_DESIGN_RANDOM;
  case OPT_SAMPLES:
    return CR_DESIGN_SAMPLES;
  case OPT_SAMPLE_SEED:
    return CR_DESIGN_SAMPLE_SEED;
  case OPT_SEEDS:
    return CR_DESIGN_SEEDS;
  case OPT_METRIC:
    return CR_DESIGN_METRIC;
  case OPT_UNTIL:
    return CR_DESIGN_UNTIL;
  case OPT_CONFIDENCE:
    return CR_DESIGN_CONFIDENCE;
  default:
    return -1;
  }
}

static int take_option(struct job *j, int letter, struct cr_err *err)
{
  const char *value = cr_cli_value();
  int kind = kind_of(letter);
  switch (letter) {
  case 'o':
    j->sweep.path = value;
    return CR_OK;
  case 'j':
    j->workers = value;
    return CR_OK;
  case 'q':
    j->sweep.quiet = 1;
    return CR_OK;
  case OPT_STUDY:
    j->study = value;
    return CR_OK;
  case OPT_RANK:
    j->rank = value;
    return CR_OK;
  case OPT_MERGE:
    j->merge = value;
    return CR_OK;
  case OPT_FORMAT:
    j->format_name = value;
    return CR_OK;
  case OPT_FORCE:
    j->force = 1;
    return CR_OK;
  default:
    return cr_design_add(&j->words, (enum cr_design_kind)kind, value, err);
  }
}

/* 0 when all is read; else the command returns *status. */
static int read_args(struct job *j, int argc, char **argv, int *status)
{
  struct cr_err err;
  int letter, rc = CR_OK;
  while (rc == CR_OK && (letter = cr_cli_next(&cr_cmd_sweep, argc, argv, status)) != 0) {
    if (letter < 0)
      return 1;
    rc = take_option(j, letter, &err);
  }
  int first = cr_cli_first();
  if (rc == CR_OK && j->study)
    rc = cr_study_file_load(j->study, &j->words, &err);
  if (j->merge) {
    j->other = argv + first;
    j->n_other = argc - first;
  } else if (rc == CR_OK && first < argc) {
    rc = cr_design_add(&j->words, CR_DESIGN_SCENARIO, argv[first], &err);
  }
  if (rc == CR_OK && j->format_name)
    rc = cr_format_parse(j->format_name, &j->format, &err);
  if (rc != CR_OK) {
    *status = cr_cli_error(rc, &err);
    return 1;
  }
  int merges = j->merge != NULL, has_more = j->words.n || j->sweep.path || j->rank || j->force;
  if (merges && has_more)
    *status =
      cr_cli_usage(&cr_cmd_sweep, "--merge takes results databases and nothing else: their design stands in them");
  else if (!merges && first + 1 < argc)
    *status = cr_cli_usage(&cr_cmd_sweep, "one scenario at a time: %s is one too many", argv[first + 1]);
  else if (!merges && !cr_design_count(&j->words, CR_DESIGN_SCENARIO))
    *status = cr_cli_usage(&cr_cmd_sweep, "a scenario is missing; `corun list scenarios` shows those there are");
  else if (!merges && !j->sweep.path)
    *status = cr_cli_usage(&cr_cmd_sweep, "where do the results go? name a database with -o FILE");
  else
    return 0;
  return 1;
}

/* -- before anything runs --------------------------------------------------------------------------------------------- */

static int check_keys(const struct job *j, const struct cr_design *d, struct cr_err *err)
{
  const char **key = cr_arena_take(j->sweep.arena, d->n_axis, sizeof *key);
  if (!key)
    return cr_fail_nomem(err, "the keys");
  for (uint32_t a = 0; a < d->n_axis; a++)
    key[a] = cr_design_key(d, a);
  return cr_cli_study_check_keys(&j->words, key, d->n_axis, j->base.as_divided, "the sweep", err);
}

/* The first point: what the scenario says by itself, it says there. */
static int load_base(struct job *j, struct cr_err *err)
{
  struct cr_design given;
  struct cr_text about = {0};
  int rc = cr_design_make(&j->words, &given, err);
  if (rc != CR_OK)
    return rc;
  rc = cr_sweep_load_point(&given, 0, j->sweep.arena, &j->base, err);
  if (rc == CR_OK)
    return check_keys(j, &given, err);
  if (given.n_axis) {
    cr_design_describe(&given, 0, &about);
    cr_fail_in(err, rc, "point 0 of %u (%.200s)", given.n_point, about.s ? about.s : "");
    cr_text_fini(&about);
  }
  return rc;
}

/* What was not given and the scenario says: the design has it in words, whoever reads it. */
static int complete_words(struct job *j, struct cr_err *err)
{
  const struct cr_scenario *s = j->base.as_divided;
  const char *metric;
  char seed[24];
  int rc = CR_OK;
  if (!cr_design_count(&j->words, CR_DESIGN_POLICY)) {
    if (!s->n_policy)
      return cr_fail(err, CR_EINPUT,
                     "which policies? the scenario names none; give each with -p (corun list policies)");
    for (uint32_t i = 0; rc == CR_OK && i < s->n_policy; i++)
      rc = cr_design_add(&j->words, CR_DESIGN_POLICY, s->policy[i], err);
  }
  snprintf(seed, sizeof seed, "%llu", (unsigned long long)s->seed);
  if (rc == CR_OK && !cr_design_count(&j->words, CR_DESIGN_SEEDS))
    rc = cr_design_add(&j->words, CR_DESIGN_SEEDS, seed, err);
  if (!cr_design_count(&j->words, CR_DESIGN_METRIC))
    for (uint32_t i = 0; rc == CR_OK && (metric = cr_run_metric_usual(s->workload, i)); i++)
      rc = cr_design_add(&j->words, CR_DESIGN_METRIC, metric, err);
  return rc;
}

static int open_policies(struct job *j, struct cr_err *err)
{
  const struct cr_design *d = &j->sweep.design;
  int rc = CR_OK;
  j->sweep.policy = cr_arena_take(j->sweep.arena, d->n_policy, sizeof *j->sweep.policy);
  if (!j->sweep.policy)
    return cr_fail_nomem(err, "the policies");
  for (uint32_t i = 0; rc == CR_OK && i < d->n_policy; i++)
    rc = cr_cli_policy_open(d->policy[i], &j->sweep.policy[i], err);
  return rc;
}

static int prepare(struct job *j, struct cr_err *err)
{
  int rc = cr_rank_find(j->rank, getenv, &j->sweep.rank, err);
  if (rc == CR_OK && j->force && j->sweep.rank.n > 1)
    rc = cr_fail(err, CR_EINPUT,
                 "--force: a rank that begins late would remove what the others have done; remove %s first",
                 j->sweep.path);
  rc = rc ? rc : cr_cli_study_workers(j->workers, &j->sweep.rank, &j->sweep.n_worker, err);
  rc = rc ? rc : load_base(j, err);
  if (rc == CR_OK && j->sweep.rank.i == 0) {
    fputs(j->base.as_divided->left_out, stderr);
    cr_cli_say_assumed(&j->base.as_divided->machine->device[0]);
  }
  rc = rc ? rc : complete_words(j, err);
  rc = rc ? rc : cr_design_make(&j->words, &j->sweep.design, err);
  rc = rc ? rc : open_policies(j, err);
  rc = rc ? rc : cr_sweep_check(&j->sweep, err);
  j->sweep.label = rc == CR_OK ? j->base.as_divided->name : "";
  return rc ? rc : cr_results_init(&j->sweep.results, &j->sweep.design, err);
}

/* What is done already: by this rank in its own file, by whom ever in the database. */
static int open_database(struct job *j, struct cr_err *err)
{
  struct cr_sweep *s = &j->sweep;
  const struct cr_scenario *scenario = j->base.as_divided;
  j->head = (struct cr_studydb_head){.words = &j->words,
                                     .seed = s->design.seed,
                                     .n_seed = s->design.n_seed,
                                     .metric = s->design.metric,
                                     .n_metric = s->design.n_metric,
                                     .scenario = scenario->name,
                                     .about = scenario->about,
                                     .scenario_text = scenario->text};
  int rc = j->force ? cr_studydb_discard(j->sweep.path, err) : CR_OK;
  rc = rc ? rc : cr_sweep_absorb(s, err);
  if (rc != CR_OK || s->rank.n == 1)
    return rc ? rc : cr_studydb_open(j->sweep.path, &j->head, s->workload_hash, &s->results, &s->db, err);
  if (cr_studydb_exists(j->sweep.path))
    rc = cr_studydb_read(j->sweep.path, s->workload_hash, &s->results, NULL, err);
  if (rc != CR_OK || cr_sweep_is_whole(&s->results))
    return rc;
  char *shard = cr_studydb_shard(j->sweep.path, s->rank.i, s->rank.n);
  rc = shard ? cr_studydb_open(shard, &j->head, s->workload_hash, &s->results, &s->db, err)
             : cr_fail_nomem(err, "the results database");
  cr_mem_free(shard);
  return rc;
}

/* -- afterwards ------------------------------------------------------------------------------------------------------- */

static int wants_color(void)
{
  const char *term = getenv("TERM"), *no = getenv("NO_COLOR");
  return isatty(STDOUT_FILENO) && term && strcmp(term, "dumb") != 0 && !(no && *no);
}

static int print(const struct cr_results *r, enum cr_format format, int color, struct cr_err *err)
{
  struct cr_text text = {0};
  int rc = cr_sweep_report(r, format, color, &text, err);
  if (rc == CR_OK)
    rc = cr_cli_write(NULL, text.s, text.n, err);
  cr_text_fini(&text);
  return rc;
}

/* 1 when a run failed, which has been told one by one. */
static int status_of(const struct job *j)
{
  const struct cr_results *r = &j->sweep.results;
  if (r->n_failed)
    fprintf(stderr, "corun: %llu of %llu runs failed; they are in %s with their sentences, and in no mean\n",
            (unsigned long long)r->n_failed, (unsigned long long)(r->n_failed + r->n_done), j->sweep.path);
  return r->n_failed ? 1 : 0;
}

static int say_stopped(const struct job *j, struct cr_err *err)
{
  const struct cr_results *r = &j->sweep.results;
  return cr_fail(err, CR_EINTR, "stopped: %llu runs are done and kept in %s; the same command goes on with the rest",
                 (unsigned long long)(r->n_done + r->n_failed), j->sweep.path);
}

/* Another rank prints, and says what failed: mpirun would end the others if this one did not end well before them. */
static int leave_to_others(const struct job *j)
{
  const struct cr_sweep *s = &j->sweep;
  if (!s->quiet)
    fprintf(stderr, "corun: rank %u of %u is done; the last one makes %s\n", s->rank.i, s->rank.n, j->sweep.path);
  return 0;
}

static int do_sweep(struct job *j)
{
  struct cr_sweep *s = &j->sweep;
  struct cr_err err;
  int mine = 1;
  int rc = prepare(j, &err);
  rc = rc ? rc : open_database(j, &err);
  if (rc != CR_OK)
    return cr_cli_error(rc, &err);
  int had_all = cr_sweep_is_whole(&s->results);
  if (!had_all || s->db)
    rc = cr_sweep_run(s, &err);
  cr_studydb_close(s->db);
  s->db = NULL;
  if (rc == CR_EINTR)
    say_stopped(j, &err);
  if (rc != CR_OK && (rc != CR_EINTR || s->rank.n > 1))
    return cr_cli_error(rc, &err);
  int status = cr_cli_error(rc, &err);
  if (rc == CR_OK && s->rank.n == 1)
    rc = cr_studydb_settle(j->sweep.path, NULL, 0, NULL, 0, &err);
  else if (rc == CR_OK && !had_all)
    rc = cr_sweep_join(s, &mine, &err);
  else if (rc == CR_OK)
    mine = s->rank.i == 0; /* all was there before */
  if (rc != CR_OK && rc != CR_EINTR)
    return cr_cli_error(rc, &err);
  if (!mine)
    return leave_to_others(j);
  rc = print(&s->results, j->format, s->rank.n == 1 && wants_color(), &err);
  int failed = status_of(j);
  return rc != CR_OK ? cr_cli_error(rc, &err) : status ? status : failed;
}

/* -- databases that are there ------------------------------------------------------------------------------------------ */

int cr_sweep_read_design(const char *path, struct cr_design_words *words, struct cr_design *d, struct cr_err *err)
{
  int rc = cr_studydb_words(path, words, err);
  if (rc)
    return rc;
  if (cr_design_is_search(words))
    return cr_fail(err, CR_EINPUT, "%s: is of a search (corun tune), which one process makes: it has no parts", path);
  rc = cr_design_make(words, d, err);
  return rc ? cr_fail_in(err, rc, "%s", path) : CR_OK;
}

static int read_whole(const char *path, struct cr_design_words *words, struct cr_design *d, struct cr_results *r,
                      struct cr_err *err)
{
  int rc = cr_sweep_read_design(path, words, d, err);
  rc = rc ? rc : cr_results_init(r, d, err);
  return rc ? rc : cr_studydb_read(path, NULL, r, NULL, err);
}

int cr_sweep_show(const char *path, enum cr_format format, struct cr_text *out, struct cr_err *err)
{
  struct cr_design_words words = {.arena = cr_arena_new()};
  struct cr_design d;
  struct cr_results r = {0};
  int rc = words.arena ? read_whole(path, &words, &d, &r, err) : cr_fail_nomem(err, "the results");
  rc = rc ? rc : cr_sweep_report(&r, format, 0, out, err);
  cr_results_fini(&r);
  cr_arena_free(words.arena);
  return rc;
}

static int do_merge(struct job *j)
{
  const struct cr_results *r = &j->sweep.results;
  struct cr_err err;
  j->sweep.path = j->merge;
  int rc = cr_sweep_merge(&j->sweep, &j->words, j->other, (uint32_t)j->n_other, &err);
  rc = rc ? rc : print(r, j->format, wants_color(), &err);
  if (rc != CR_OK)
    return cr_cli_error(rc, &err);
  if (!cr_sweep_is_whole(r))
    fprintf(
      stderr,
      "corun: %s is not complete: it has %llu of up to %llu runs; the command of the sweep goes on with the rest\n",
      j->merge, (unsigned long long)(r->n_done + r->n_failed), (unsigned long long)r->n_run);
  return status_of(j);
}

static void clean_up(struct job *j)
{
  struct cr_sweep *s = &j->sweep;
  cr_studydb_close(s->db);
  cr_results_fini(&s->results);
  for (uint32_t i = 0; s->policy && i < s->design.n_policy; i++)
    cr_cli_policy_close(&s->policy[i]);
  cr_cli_scenario_free(&j->base);
  cr_arena_free(j->sweep.arena);
}

static int run(int argc, char **argv)
{
  struct job j = {.sweep = {.arena = cr_arena_new()}};
  struct cr_err err;
  int status;
  j.words.arena = j.sweep.arena;
  if (!j.sweep.arena)
    return cr_cli_error(cr_fail_nomem(&err, "the command line"), &err);
  if (!read_args(&j, argc, argv, &status))
    status = j.merge ? do_merge(&j) : do_sweep(&j);
  clean_up(&j);
  return status;
}
