/* cmd_run.c - `corun run`: a scenario under one policy after another, and a report that compares them.
 *
 * All that is asked for is checked before the first run begins: the scenario, every policy and its options, and every
 * output.  Outputs bear their names only when they are whole; a run that was stopped or that ended badly is whole, with its
 * outcome, and what came before it is kept. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policies/list.h"
#include "sim/backend.h"
#include "sim/cli.h"
#include "sim/cli_outputs.h"
#include "sim/cli_policy.h"
#include "sim/cli_run.h"
#include "sim/cli_scenario.h"
#include "sim/cli_truth.h"
#include "sim/cmd_run_vary.h"
#include "sim/core.h"
#include "sim/mem.h"
#include "sim/needs.h"
#include "sim/progress.h"
#include "sim/provenance.h"
#include "sim/report.h"
#include "sim/text.h"
#include "sim/timeline.h"
#include "sim/unit.h"
#include "traces/scenario.h"

/* A list of words from the command line. */
struct words {
  const char **word; /* [n], room for one an argument */
  uint32_t n;
};

struct args {
  const char *scenario, *device, *backend, *seed, *db, *ledger, *timeline, *window, *format, *vary;
  struct words policy, set, store;
  int strict, force, quiet;
  uint32_t n_vary; /* how often --vary is given */
};

struct job {
  struct args args;
  struct cr_arena *arena;
  struct cr_cli_scenario scenarios;
  const struct cr_scenario *scenario; /* as divided */
  const struct cr_backend_ops *backend;
  enum cr_format format;
  uint64_t seed;
  cr_ns from_ns, to_ns; /* of the timeline */
  const char *command;
  uint32_t n_contender; /* policies to run under */
  struct cr_cli_policy *contender; /* [n_contender] */
  struct cr_result *result;    /* [n_contender], the first n_result of them filled */
  uint32_t n_result;
  struct cr_cli_outputs *outputs;
  struct cr_progress *progress;
  cr_ns horizon_ns; /* about when the run will end */
  int is_again;     /* of --vary: what holds for all values was said of the first */
};

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

/* The command line. */

static int take_option(struct args *a, int letter)
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
static int read_args(struct job *j, int argc, char **argv, int *status)
{
  struct args *a = &j->args;
  struct words *const list[] = {&a->policy, &a->set, &a->store};
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

/* The command that brings the same results: what is written, and where, is left out of it. */
static int name_command(struct job *j, struct cr_err *err)
{
  const struct args *a = &j->args;
  struct cr_text t = {0};
  cr_text_add(&t, "corun run");
  cr_cli_add_argument(&t, "", a->scenario);
  for (uint32_t i = 0; i < a->policy.n; i++)
    cr_cli_add_argument(&t, "-p", a->policy.word[i]);
  cr_cli_add_argument(&t, "-d", a->device);
  cr_cli_add_argument(&t, "-b", a->backend);
  cr_cli_add_argument(&t, "-s", a->seed);
  for (uint32_t i = 0; i < a->set.n; i++)
    cr_cli_add_argument(&t, "--set", a->set.word[i]);
  for (uint32_t i = 0; i < a->store.n; i++)
    cr_cli_add_argument(&t, "--traces", a->store.word[i]);
  if (a->strict)
    cr_text_add(&t, " --strict");
  j->command = t.failed ? NULL : cr_arena_text(j->arena, t.s);
  cr_text_fini(&t);
  return j->command ? CR_OK : cr_fail_nomem(err, "the command line");
}

static int parse_window(struct job *j, struct cr_err *err)
{
  const char *text = j->args.window;
  j->to_ns = CR_NS_NEVER;
  if (!text)
    return CR_OK;
  if (!j->args.timeline)
    return cr_fail(err, CR_EINPUT, "--window is a part of the timeline; name its file with --timeline");
  return cr_cli_window(text, &j->from_ns, &j->to_ns, err);
}

static int choose_backend(struct job *j, struct cr_err *err)
{
  const char *name = j->args.backend;
  if (!name || strcmp(name, "sim") == 0)
    j->backend = &cr_backend_sim;
  else if (strcmp(name, "wall") == 0)
    j->backend = &cr_backend_wall;
  else if (strcmp(name, "cuda") == 0)
    j->backend = &cr_backend_cuda;
  else
    return cr_fail(err, CR_EINPUT, "there is no backend \"%s\"; take sim, wall or cuda", name);
  return CR_OK;
}

static int has_jobs(const struct cr_workload *w)
{
  for (uint32_t c = 0; c < w->n_client; c++)
    if (w->client[c].job.iterations)
      return 1;
  return 0;
}

/* Whether backend and devices can do what the policy needs; why says why not. */
static int is_able(const struct job *j, const struct cr_policy_ops *policy, struct cr_err *why)
{
  const struct cr_scenario *s = j->scenario;
  const struct cr_needs needs = {.caps = policy->needs, .policy = policy->name};
  if (policy->needs & ~j->backend->caps) {
    cr_fail(why, CR_EINPUT, "policy %s needs what backend %s cannot do", policy->name, j->backend->name);
    return 0;
  }
  for (uint32_t d = 0; d < s->machine->n_device; d++) {
    struct cr_gpu_model model;
    if (cr_gpu_model_parse(&s->machine->device[d], s->model_set, &model, why) != CR_OK ||
        cr_needs_check(&needs, s->workload, &s->machine->device[d], &model, why) != CR_OK)
      return 0;
  }
  return 1;
}

/* Whether the policy decides what the load is made of, on devices of the kind that it is for. */
static int is_meant(const struct job *j, const struct cr_policy_ops *policy)
{
  int jobs = has_jobs(j->scenario->workload), nodes = j->scenario->machine->device[0].kind != CR_DEVICE_GPU;
  return (policy->on_job_arrive != NULL) == jobs && (nodes || !(policy->needs & CR_CAP_NODE));
}

/* Of all there are, the i-th that decides what the load is made of: those of jobs do with other clients what streams does,
 * and under others jobs run as on a GPU that nobody manages.  Those that this device cannot do are left out. */
static const char *suitable_policy(const struct job *j, uint32_t i)
{
  struct cr_err why;
  for (uint32_t k = 0; cr_policy_list[k]; k++)
    if (is_meant(j, cr_policy_list[k]) && is_able(j, cr_policy_list[k], &why) && i-- == 0)
      return cr_policy_list[k]->name;
  return NULL;
}

/* Of those that would suit. */
static void say_who_is_left_out(const struct job *j)
{
  struct cr_err why;
  if (j->args.policy.n || j->scenario->n_policy || j->args.quiet || j->is_again)
    return;
  for (uint32_t k = 0; cr_policy_list[k]; k++)
    if (is_meant(j, cr_policy_list[k]) && !is_able(j, cr_policy_list[k], &why))
      fprintf(stderr, "corun: %s is left out: %s\n", cr_policy_list[k]->name, why.text);
}

/* The i-th policy to run under: of the command line's, else the scenario's, else all that suit.  NULL: no more. */
static const char *policy_spec(const struct job *j, uint32_t i)
{
  const struct words *given = &j->args.policy;
  const struct cr_scenario *s = j->scenario;
  if (given->n)
    return i < given->n ? given->word[i] : NULL;
  if (s->n_policy)
    return i < s->n_policy ? s->policy[i] : NULL;
  return suitable_policy(j, i);
}

static int choose_policies(struct job *j, struct cr_err *err)
{
  uint32_t n = 0;
  say_who_is_left_out(j);
  while (policy_spec(j, n))
    n++;
  j->contender = cr_arena_take(j->arena, n, sizeof *j->contender);
  j->result = cr_arena_take(j->arena, n, sizeof *j->result);
  if (!j->contender || !j->result)
    return cr_fail_nomem(err, "the policies");
  for (; j->n_contender < n; j->n_contender++) {
    uint32_t i = j->n_contender;
    int rc = cr_cli_policy_open(policy_spec(j, i), &j->contender[i], err);
    if (rc != CR_OK)
      return j->args.policy.n ? rc : cr_fail_in(err, rc, "%s", j->scenario->policy_place[i]);
  }
  return CR_OK;
}

/* Those that have the platform undivided are policies that there are. */
static int check_undivided(const struct job *j, struct cr_err *err)
{
  for (uint32_t i = 0; i < j->scenario->n_undivided; i++) {
    const char *name = j->scenario->undivided[i];
    int known = cr_policy_find(name, strlen(name)) != NULL;
    for (uint32_t k = 0; k < j->n_contender; k++)
      known |= strcmp(j->contender[k].ops->name, name) == 0;
    if (!known)
      return cr_fail(err, CR_EINPUT, "undivided: there is no policy '%.80s'; write its name alone, such as threads", name);
  }
  return CR_OK;
}

static int prepare(struct job *j, struct cr_err *err)
{
  const struct args *a = &j->args;
  int rc = a->format ? cr_format_parse(a->format, &j->format, err) : CR_OK;
  if (rc == CR_OK)
    rc = parse_window(j, err);
  if (rc == CR_OK)
    rc = choose_backend(j, err);
  if (rc == CR_OK)
    rc = name_command(j, err);
  int64_t seed = 0;
  if (rc == CR_OK && a->seed)
    rc = cr_parse_count(a->seed, "seed", &seed, err);
  const struct cr_scenario_options o = {
    .device = a->device, .store = a->store.word, .n_store = a->store.n, .set = a->set.word, .n_set = a->set.n,
  };
  if (rc == CR_OK)
    rc = cr_cli_scenario_load(a->scenario, &o, &j->scenarios, err);
  if (rc != CR_OK)
    return rc;
  j->scenario = j->scenarios.as_divided;
  if (*j->scenario->left_out)
    fputs(j->scenario->left_out, stderr);
  if (!j->is_again)
    cr_cli_say_assumed(&j->scenario->machine->device[0]);
  j->seed = a->seed ? (uint64_t)seed : j->scenario->seed;
  rc = choose_policies(j, err);
  return rc == CR_OK ? check_undivided(j, err) : rc;
}

static int open_outputs(struct job *j, struct cr_err *err)
{
  const struct args *a = &j->args;
  const struct cr_cli_outputs_cfg cfg = {
    .db = a->db, .ledger = a->ledger, .timeline = a->timeline, .from_ns = j->from_ns, .to_ns = j->to_ns,
    .about = {
      .command = j->command, .scenario = j->scenario, .undivided = j->scenarios.undivided, .scenario_path = a->scenario, .seed = j->seed, .device = a->device,
      .store = a->store.word, .n_store = a->store.n, .overwrite = a->force,
    },
  };
  return cr_cli_outputs_new(&cfg, &j->outputs, err);
}

/* A timeline that no viewer opens is of little use: say how to have a smaller one. */
static void hint_at_window(const struct job *j)
{
  char size[40];
  int64_t bytes = cr_cli_outputs_timeline_bytes(j->outputs);
  if (bytes > CR_TIMELINE_LARGE_BYTES && !j->args.quiet)
    fprintf(stderr, "corun: %s is %s, more than browsers open; --window FROM..TO keeps a part of the run\n",
            j->args.timeline, cr_format_bytes(bytes, size, sizeof size));
}

/* What a timeline leaves out of the memory of jobs. */
static void hint_at_memory(const struct job *j)
{
  uint64_t n = cr_cli_outputs_timeline_flat(j->outputs);
  if (n && !j->args.quiet)
    fprintf(stderr,
            "corun: %s shows the memory of %llu iterations by their peaks alone; with --window FROM..TO it shows how it rises "
            "and falls within them\n",
            j->args.timeline, (unsigned long long)n);
}

/* Running. */

/* A run to the end of its jobs ends when the last is submitted, or when devices could have done all their work. */
static cr_ns horizon_of(const struct cr_scenario *s)
{
  const struct cr_workload *w = s->workload;
  cr_ns submit_ns = 0, work_ns = 0;
  if (s->duration_ns != CR_NS_NEVER)
    return s->duration_ns;
  for (uint32_t c = 0; c < w->n_client; c++) {
    const struct cr_client_spec *job = &w->client[c];
    submit_ns = cr_max_ns(submit_ns, job->arrival.phase_ns);
    work_ns = cr_ns_add(work_ns, cr_muldiv(job->job.iterations, w->model[job->model.i].duration_ns, s->machine->n_device));
  }
  return cr_max_ns(cr_max_ns(submit_ns, work_ns), 1);
}

static void on_progress(void *ctx, cr_ns now_ns, cr_ns duration_ns)
{
  const struct job *j = ctx;
  (void)duration_ns; /* may be never */
  cr_progress_update(j->progress, now_ns, j->horizon_ns);
}

static int run_core(struct job *j, const struct cr_cli_policy *c, struct cr_result *r, struct cr_err *err)
{
  struct cr_core_cfg cfg;
  cr_cli_run_cfg(&j->scenarios, c, j->seed, &cfg);
  cfg.backend = j->backend;
  cfg.strict = j->args.strict;
  cfg.on_progress = j->progress ? on_progress : NULL;
  cfg.progress_ctx = j;
  int rc = cr_cli_outputs_begin(j->outputs, c->spec, &cfg, err);
  return rc == CR_OK ? cr_core_run(&cfg, r, err) : rc;
}

/* One policy.  CR_OK, or CR_ERUN and CR_EINTR with a result that counts; *fatal when nothing is to be kept. */
static int run_one(struct job *j, uint32_t i, int *fatal, struct cr_err *err)
{
  const struct cr_cli_policy *c = &j->contender[i];
  struct cr_result *r = &j->result[j->n_result];
  cr_progress_part(j->progress, i, c->spec);
  r->backend = NULL;
  int rc = run_core(j, c, r, err);
  int began = r->backend != NULL; /* the core fills the result in only if it did */
  if (began)
    j->n_result++;
  *fatal = !began || r->outcome == CR_FAILED;
  if (*fatal)
    return cr_fail_in(err, rc, "policy %s", c->spec);
  struct cr_err failed;
  int ended = cr_cli_outputs_end(j->outputs, r, &failed);
  *fatal = ended != CR_OK;
  if (*fatal)
    return cr_fail(err, ended, "%s", failed.text);
  return rc == CR_OK ? CR_OK : cr_fail_in(err, rc, "policy %s", c->spec);
}

/* All of them, until one cannot be run or the user stops.  A policy that stalls does not keep the next from running. */
static int run_all(struct job *j, int *fatal, struct cr_err *err)
{
  int worst = CR_OK;
  for (uint32_t i = 0; i < j->n_contender && worst != CR_EINTR; i++) {
    int rc = run_one(j, i, fatal, err);
    if (*fatal)
      return rc;
    if (rc == CR_EINTR && i + 1 < j->n_contender)
      cr_fail_in(err, rc, "%u of %u policies were run to the end", i, j->n_contender);
    cr_progress_clear(j->progress);
    cr_cli_error(rc, err);
    worst = rc != CR_OK ? rc : worst;
  }
  return worst;
}

static int summarize(struct job *j, struct cr_summary *s, struct cr_err *err)
{
  const struct cr_scenario *scenario = j->scenario;
  uint32_t n_device = scenario->machine->n_device; /* those of the undivided platform come behind them */
  uint32_t n_more = j->scenarios.undivided ? j->scenarios.undivided->machine->n_device : 0;
  int rc =
    cr_summary_init(s, j->n_result, cr_summary_clients(scenario->workload), n_device + n_more, j->arena, err);
  for (uint32_t i = 0; rc == CR_OK && i < j->n_result; i++) {
    const struct cr_scenario *of_run = cr_cli_scenario_for(&j->scenarios, j->contender[i].ops->name);
    struct cr_device_summary *device = s->run[i].device;
    s->run[i].device = of_run == scenario ? device : device + n_device;
    rc = cr_summarize_run(&j->result[i], of_run->workload, of_run->machine, &s->run[i], err);
    s->run[i].device = device;
    s->run[i].policy = j->contender[i].spec;
  }
  if (rc != CR_OK)
    return rc;
  s->version = cr_program_version;
  s->git = cr_program_git;
  s->command = j->command;
  s->scenario = scenario->name;
  s->about = scenario->about ? scenario->about : "";
  s->seed = j->seed;
  s->workload_hash = cr_workload_hash(scenario->workload);
  s->duration_ns = scenario->duration_ns;
  s->warmup_ns = scenario->warmup_ns;
  return CR_OK;
}

static int wants_color(void)
{
  const char *term = getenv("TERM"), *no = getenv("NO_COLOR");
  return isatty(STDOUT_FILENO) && term && strcmp(term, "dumb") != 0 && !(no && *no);
}

static int print(struct job *j, struct cr_err *err)
{
  struct cr_summary s;
  struct cr_text text = {0};
  int rc = summarize(j, &s, err);
  if (rc == CR_OK) {
    cr_report(&s, j->format, wants_color(), &text);
    rc = text.failed ? cr_fail_nomem(err, "the report") : cr_cli_write(NULL, text.s, text.n, err);
  }
  cr_text_fini(&text);
  return rc;
}

static void clean_up(struct job *j)
{
  cr_progress_free(j->progress);
  cr_cli_outputs_free(j->outputs);
  for (uint32_t i = 0; i < j->n_result; i++)
    cr_result_fini(&j->result[i]);
  cr_cli_scenario_free(&j->scenarios);
  for (uint32_t i = 0; i < j->n_contender; i++)
    cr_cli_policy_close(&j->contender[i]);
  cr_arena_free(j->arena);
}

static int do_run(struct job *j)
{
  struct cr_err err;
  int fatal = 0;
  int rc = prepare(j, &err);
  if (rc == CR_OK)
    rc = open_outputs(j, &err);
  if (rc != CR_OK)
    return cr_cli_error(rc, &err);
  if (!j->args.quiet)
    j->progress = cr_progress_new(j->scenario->name, j->n_contender);
  j->horizon_ns = horizon_of(j->scenario);
  rc = run_all(j, &fatal, &err);
  cr_progress_free(j->progress);
  j->progress = NULL;
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

/* --vary. */

static int check_vary(const struct args *a, struct cr_err *err)
{
  if (a->n_vary > 1)
    return cr_fail(err, CR_EINPUT, "--vary is given %u times: it takes one key; corun sweep --grid crosses several", a->n_vary);
  if (a->db || a->ledger || a->timeline)
    return cr_fail(err, CR_EINPUT, "--vary prints a table and writes no files, so not %s; corun sweep keeps many settings in a database",
                   a->db ? "-o" : a->ledger ? "--ledger" : "--timeline");
  return CR_OK;
}

/* A job of its own, with one more --set. */
static int prepare_value(const struct job *j, const struct cr_axis *axis, uint32_t i, struct job *out, struct cr_err *err)
{
  struct words *set = &out->args.set;
  size_t room = strlen(axis->key) + strlen(axis->value[i]) + 2;
  out->args = j->args;
  out->args.vary = NULL;
  out->is_again = i > 0;
  out->arena = cr_arena_new();
  char *text = out->arena ? cr_arena_take(out->arena, room, 1) : NULL;
  set->word = text ? cr_arena_take(out->arena, (size_t)set->n + 1, sizeof *set->word) : NULL;
  if (!set->word)
    return cr_fail_nomem(err, "a value");
  snprintf(text, room, "%s=%s", axis->key, axis->value[i]);
  if (set->n)
    memcpy(set->word, j->args.set.word, set->n * sizeof *set->word);
  set->word[set->n++] = text;
  int rc = prepare(out, err);
  rc = rc ? rc : open_outputs(out, err);
  out->horizon_ns = rc == CR_OK ? horizon_of(out->scenario) : 0;
  return rc;
}

/* One value after the other, until the user stops or one cannot be run at all. */
static int run_values(struct job *at, const struct cr_axis *axis, int *fatal, struct cr_err *err)
{
  int worst = CR_OK;
  for (uint32_t i = 0; i < axis->n_value && worst != CR_EINTR; i++) {
    if (!at[i].args.quiet)
      at[i].progress = cr_progress_new(axis->value[i], at[i].n_contender);
    int rc = run_all(&at[i], fatal, err);
    cr_progress_free(at[i].progress);
    at[i].progress = NULL;
    if (*fatal)
      return cr_fail_in(err, rc, "%s=%s", axis->key, axis->value[i]);
    worst = rc != CR_OK ? rc : worst;
  }
  return worst;
}

static int print_values(struct job *at, const struct cr_axis *axis, struct cr_err *err)
{
  struct cr_summary *of = cr_arena_take(at[0].arena, axis->n_value, sizeof *of);
  struct cr_text text = {0};
  int rc = of ? CR_OK : cr_fail_nomem(err, "the report");
  for (uint32_t i = 0; rc == CR_OK && i < axis->n_value; i++)
    rc = summarize(&at[i], &of[i], err);
  if (rc == CR_OK) {
    cr_run_vary_report(axis, of, at[0].scenario->workload, at[0].format, wants_color(), &text);
    rc = text.failed ? cr_fail_nomem(err, "the report") : cr_cli_write(NULL, text.s, text.n, err);
  }
  cr_text_fini(&text);
  return rc;
}

/* All values are prepared before the first one runs. */
static int do_vary(struct job *j)
{
  struct cr_err err;
  struct cr_axis axis = {0};
  int fatal = 0, rc = check_vary(&j->args, &err);
  rc = rc ? rc : cr_run_vary_parse(j->args.vary, j->args.set.word, j->args.set.n, j->arena, &axis, &err);
  struct job *at = rc == CR_OK ? cr_arena_take(j->arena, axis.n_value, sizeof *at) : NULL;
  if (rc == CR_OK && !at)
    rc = cr_fail_nomem(&err, "the values");
  for (uint32_t i = 0; rc == CR_OK && i < axis.n_value; i++)
    rc = prepare_value(j, &axis, i, &at[i], &err);
  int status = cr_cli_error(rc, &err);
  if (rc == CR_OK) {
    rc = run_values(at, &axis, &fatal, &err);
    status = fatal ? cr_cli_error(rc, &err) : cr_rc_exit(rc);
    rc = fatal ? CR_OK : print_values(at, &axis, &err);
    status = rc != CR_OK ? cr_cli_error(rc, &err) : status;
  }
  for (uint32_t i = 0; at && i < axis.n_value; i++)
    clean_up(&at[i]);
  return status;
}

static int run(int argc, char **argv)
{
  struct job j = {.arena = cr_arena_new()};
  struct cr_err err;
  int status;
  if (!j.arena)
    return cr_cli_error(cr_fail_nomem(&err, "the command line"), &err);
  if (!read_args(&j, argc, argv, &status))
    status = j.args.vary ? do_vary(&j) : do_run(&j);
  clean_up(&j);
  return status;
}
