/* cmd_run_job.c - prepares and makes runs of a scenario. */
#include "config.h"

#include "sim/cmd_run_job.h"

#include <stdio.h>
#include <string.h>

#include "sim/cli.h"
#include "sim/cli_run.h"
#include "sim/cli_truth.h"
#include "sim/core.h"
#include "sim/mem.h"
#include "sim/provenance.h"
#include "sim/text.h"
#include "sim/unit.h"

/* The command that brings the same results: what is written, and where, is left out of it. */
static int name_command(struct cr_run_job *j, struct cr_err *err)
{
  const struct cr_run_args *a = &j->args;
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

static int parse_window(struct cr_run_job *j, struct cr_err *err)
{
  const char *text = j->args.window;
  j->to_ns = CR_NS_NEVER;
  if (!text)
    return CR_OK;
  if (!j->args.timeline)
    return cr_fail(err, CR_EINPUT, "--window is a part of the timeline; name its file with --timeline");
  return cr_cli_window(text, &j->from_ns, &j->to_ns, err);
}

static int choose_backend(struct cr_run_job *j, struct cr_err *err)
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

static int choose_policies(struct cr_run_job *j, struct cr_err *err)
{
  const struct cr_contenders_cfg cfg = {
    .scenario = j->scenario,
    .backend = j->backend,
    .told = j->args.policy.word,
    .n_told = j->args.policy.n,
    .quiet = j->args.quiet || j->is_again,
  };
  int rc = cr_contenders_open(&cfg, j->arena, &j->contenders, err);
  j->result = rc == CR_OK ? cr_arena_take(j->arena, j->contenders.n, sizeof *j->result) : NULL;
  return rc == CR_OK && !j->result ? cr_fail_nomem(err, "the results") : rc;
}

static int choose_runs(struct cr_run_job *j, struct cr_err *err)
{
  const struct cr_run_args *a = &j->args;
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
    .device = a->device,
    .store = a->store.word,
    .n_store = a->store.n,
    .set = a->set.word,
    .n_set = a->set.n,
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
  return choose_policies(j, err);
}

static int open_outputs(struct cr_run_job *j, struct cr_err *err)
{
  const struct cr_run_args *a = &j->args;
  const struct cr_cli_outputs_cfg cfg = {
    .db = a->db,
    .ledger = a->ledger,
    .timeline = a->timeline,
    .from_ns = j->from_ns,
    .to_ns = j->to_ns,
    .about =
      {
        .command = j->command,
        .scenario = j->scenario,
        .undivided = j->scenarios.undivided,
        .scenario_path = a->scenario,
        .seed = j->seed,
        .device = a->device,
        .store = a->store.word,
        .n_store = a->store.n,
        .overwrite = a->force,
      },
  };
  return cr_cli_outputs_new(&cfg, &j->outputs, err);
}

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
    work_ns =
      cr_ns_add(work_ns, cr_muldiv(job->job.iterations, w->model[job->model.i].duration_ns, s->machine->n_device));
  }
  return cr_max_ns(cr_max_ns(submit_ns, work_ns), 1);
}

int cr_run_job_prepare(struct cr_run_job *j, struct cr_err *err)
{
  int rc = choose_runs(j, err);
  rc = rc ? rc : open_outputs(j, err);
  j->horizon_ns = rc == CR_OK ? horizon_of(j->scenario) : 0;
  return rc;
}

static void on_progress(void *ctx, cr_ns now_ns, cr_ns duration_ns)
{
  const struct cr_run_job *j = ctx;
  (void)duration_ns; /* may be never */
  cr_progress_update(j->progress, now_ns, j->horizon_ns);
}

static int run_core(struct cr_run_job *j, const struct cr_cli_policy *c, struct cr_result *r, struct cr_err *err)
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
static int run_one(struct cr_run_job *j, uint32_t i, int *fatal, struct cr_err *err)
{
  const struct cr_cli_policy *c = &j->contenders.policy[i];
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

/* A policy that stalls does not keep the next from running. */
static int run_all(struct cr_run_job *j, int *fatal, struct cr_err *err)
{
  int worst = CR_OK;
  for (uint32_t i = 0; i < j->contenders.n && worst != CR_EINTR; i++) {
    int rc = run_one(j, i, fatal, err);
    if (*fatal)
      return rc;
    if (rc == CR_EINTR && i + 1 < j->contenders.n)
      cr_fail_in(err, rc, "%u of %u policies were run to the end", i, j->contenders.n);
    cr_progress_clear(j->progress);
    cr_cli_error(rc, err);
    worst = rc != CR_OK ? rc : worst;
  }
  return worst;
}

int cr_run_job_run(struct cr_run_job *j, const char *title, int *fatal, struct cr_err *err)
{
  if (!j->args.quiet)
    j->progress = cr_progress_new(title, j->contenders.n);
  int rc = run_all(j, fatal, err);
  cr_progress_free(j->progress);
  j->progress = NULL;
  return rc;
}

int cr_run_job_summarize(struct cr_run_job *j, struct cr_summary *s, struct cr_err *err)
{
  const struct cr_scenario *scenario = j->scenario;
  uint32_t n_device = scenario->machine->n_device; /* those of the undivided platform come behind them */
  uint32_t n_more = j->scenarios.undivided ? j->scenarios.undivided->machine->n_device : 0;
  int rc = cr_summary_init(s, j->n_result, cr_summary_clients(scenario->workload), n_device + n_more, j->arena, err);
  for (uint32_t i = 0; rc == CR_OK && i < j->n_result; i++) {
    const struct cr_scenario *of_run = cr_cli_scenario_for(&j->scenarios, j->contenders.policy[i].ops->name);
    struct cr_device_summary *device = s->run[i].device;
    s->run[i].device = of_run == scenario ? device : device + n_device;
    rc = cr_summarize_run(&j->result[i], of_run->workload, of_run->machine, &s->run[i], err);
    s->run[i].device = device;
    s->run[i].policy = j->contenders.policy[i].spec;
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

void cr_run_job_fini(struct cr_run_job *j)
{
  cr_progress_free(j->progress);
  cr_cli_outputs_free(j->outputs);
  for (uint32_t i = 0; i < j->n_result; i++)
    cr_result_fini(&j->result[i]);
  cr_cli_scenario_free(&j->scenarios);
  cr_contenders_close(&j->contenders);
  cr_arena_free(j->arena);
}
