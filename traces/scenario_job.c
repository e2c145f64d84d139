/* scenario_job.c - the jobs of a scenario: clients with iterations, and those of a job trace.
 *
 * A trace's job gets its model by name, from the table of workloads or a trace store, or drawn from the mix; its
 * iterations as the trace says them, else from its duration.  What it declares is what the trace and the table say, or
 * nothing. */
#include "config.h"

#include "sim/text.h"
#include "traces/datadir.h"
#include "traces/jobs.h"
#include "traces/model_mix.h"
#include "traces/scenario_int.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PATH = 64 };

/* -- files --------------------------------------------------------------------------------------------------------- */

int cr_scenario_find_jobs_file(const struct scenario_reader *r, const char *path, const char *name, const char **out,
                               struct cr_err *err)
{
  const char *file = cr_yaml_is_set(r->y, path) ? name : cr_scenario_path(r, name);
  if (!file)
    return cr_fail_nomem(err, path);
  *out = file;
  if (strchr(name, '/') || access(file, F_OK) == 0)
    return CR_OK;
  struct cr_err ignored;
  char bundled[300];
  snprintf(bundled, sizeof bundled, "jobs/%.250s", name);
  if (cr_datadir_find(bundled, r->arena, out, &ignored) == CR_OK)
    return CR_OK;
  struct cr_err which = {{0}};
  int rc = cr_datadir_none("jobs", ".csv", name, &which);
  return rc == CR_EINPUT ? cr_yaml_fail(r->y, path, err, "%s: there is no file %s, and %s", path, file, which.text)
                         : cr_fail(err, rc, "%s", which.text);
}

/* -- what all jobs have in common ---------------------------------------------------------------------------------- */

int cr_scenario_open_jobs(struct scenario_reader *r, const struct jobs_yaml *jobs, struct cr_err *err)
{
  const char *file;
  int rc = CR_OK;
  if (jobs->startup)
    rc = cr_scenario_time(r, "jobs.startup", jobs->startup, 0, &r->job.startup_ns, err);
  if (!rc && jobs->think)
    rc = cr_scenario_time(r, "jobs.think", jobs->think, 0, &r->job.think_ns, err);
  if (!rc && jobs->declared)
    rc = cr_scenario_answer(r, "jobs.declared", jobs->declared, &r->job.declared, err);
  if (!rc && jobs->memory)
    rc = cr_scenario_open_memory(r, jobs->memory, err);
  if (rc || !jobs->models)
    return rc;
  rc = cr_scenario_find_jobs_file(r, "jobs.models", jobs->models, &file, err);
  return rc ? rc : cr_scenario_at(r, "jobs.models", cr_iteration_table_read(file, &r->table, err), err);
}

/* The table's row of a model; NULL: it has none, the model is a recorded one. */
static const struct cr_iteration_row *row_of(const struct scenario_reader *r, const struct cr_model_info *model)
{
  return r->table ? cr_iteration_table_find(r->table, model->name) : NULL;
}

static cr_ns startup_of(const struct scenario_reader *r, const struct cr_model_info *model)
{
  const struct cr_iteration_row *row = row_of(r, model);
  return row && row->startup_ns != CR_NS_NEVER ? row->startup_ns : r->job.startup_ns;
}

static int64_t known_bytes(int64_t bytes)
{
  return bytes == CR_UNKNOWN ? 0 : bytes;
}

/* Whether one job of the model alone is more than the device has; the sentence has no place yet. */
static int check_memory(const struct scenario_reader *r, const struct cr_model_info *model, struct cr_err *err)
{
  int64_t need = known_bytes(model->persistent_bytes) + known_bytes(model->ephemeral_bytes);
  if (need <= r->device->mem_bytes)
    return CR_OK;
  return cr_fail(
    err, CR_EINPUT,
    "a job of %s needs %lld B (%lld persistent, %lld in an iteration), and device %s has %lld; it can never "
    "run there",
    model->name, (long long)need, (long long)known_bytes(model->persistent_bytes),
    (long long)known_bytes(model->ephemeral_bytes), r->device->name, (long long)r->device->mem_bytes);
}

/* What it says of itself, when it says anything. */
static void declare(const struct scenario_reader *r, const struct cr_model_info *model, cr_ns duration_ns,
                    struct cr_job_spec *job)
{
  job->declared_ns = duration_ns;
  job->persistent_bytes = model->persistent_bytes;
  job->ephemeral_bytes = cr_scenario_said_bytes(r, model);
}

/* -- clients that are jobs ----------------------------------------------------------------------------------------- */

static const char *member(uint32_t i, const char *key, char buf[PATH])
{
  snprintf(buf, PATH, "clients[%u].%s", i, key);
  return buf;
}

struct client_key {
  const char *key;
  size_t at; /* char * in client_yaml */
};

static const struct client_key JOB_KEY[] = {
  {"submit", offsetof(struct client_yaml, submit)},
  {"startup", offsetof(struct client_yaml, startup)},
  {"think", offsetof(struct client_yaml, think)},
  {"declared", offsetof(struct client_yaml, declared)},
};

static const struct client_key OTHER_KEY[] = {
  {"arrival", offsetof(struct client_yaml, arrival)},   {"depth", offsetof(struct client_yaml, depth)},
  {"rate", offsetof(struct client_yaml, rate)},         {"phase", offsetof(struct client_yaml, phase)},
  {"times", offsetof(struct client_yaml, times)},       {"file", offsetof(struct client_yaml, file)},
  {"merge", offsetof(struct client_yaml, merge)},       {"scale", offsetof(struct client_yaml, scale)},
  {"deadline", offsetof(struct client_yaml, deadline)}, {"max_requests", offsetof(struct client_yaml, max_requests)},
  {"bound", offsetof(struct client_yaml, bound)},       {"late", offsetof(struct client_yaml, late)},
  {"after", offsetof(struct client_yaml, after)},       {"period", offsetof(struct client_yaml, period)},
  {"join", offsetof(struct client_yaml, join)},
};

/* The first of the keys that the client has; NULL: none. */
static const char *first_given(const struct client_yaml *c, const struct client_key *key, size_t n)
{
  for (size_t k = 0; k < n; k++)
    if (*(char *const *)(const void *)((const char *)c + key[k].at) != NULL)
      return key[k].key;
  return NULL;
}

static int check_keys(const struct scenario_reader *r, uint32_t i, const struct client_yaml *c, struct cr_err *err)
{
  char path[PATH];
  int is_job = c->iterations != NULL;
  const char *key = is_job ? first_given(c, OTHER_KEY, sizeof OTHER_KEY / sizeof OTHER_KEY[0])
                           : first_given(c, JOB_KEY, sizeof JOB_KEY / sizeof JOB_KEY[0]);
  if (!key)
    return CR_OK;
  member(i, key, path);
  if (is_job)
    return cr_yaml_fail(
      r->y, path, err,
      "%s: a client with iterations is a job and has no '%s': it comes once, at `submit`, and leaves when "
      "it is done",
      path, key);
  return cr_yaml_fail(r->y, path, err,
                      "%s: only a job has '%s'; a client is one that has iterations, such as iterations: 500", path,
                      key);
}

/* yes: as long as its iterations take; no: nothing, its memory neither; a time. */
static int parse_declared(const struct scenario_reader *r, uint32_t i, const struct client_yaml *c,
                          const struct cr_model_info *model, struct cr_job_spec *job, struct cr_err *err)
{
  char path[PATH];
  int is_declared = r->job.declared;
  cr_ns declared_ns = cr_muldiv(model->duration_ns, job->iterations, 1);
  member(i, "declared", path);
  if (c->declared && c->declared[0] >= '0' && c->declared[0] <= '9') {
    is_declared = 1;
    int rc = cr_scenario_time(r, path, c->declared, 1, &declared_ns, err);
    if (!rc && declared_ns < model->duration_ns)
      rc = cr_yaml_fail(r->y, path, err, "%s: '%s' is shorter than one iteration of %s, %lld ns", path, c->declared,
                        model->name, (long long)model->duration_ns);
    if (rc)
      return rc;
  } else if (c->declared) {
    struct cr_err ignored;
    if (cr_scenario_answer(r, path, c->declared, &is_declared, &ignored))
      return cr_yaml_fail(r->y, path, err, "%s: '%s' is neither yes, no nor a time such as 30s", path, c->declared);
  }
  if (is_declared)
    declare(r, model, declared_ns, job);
  return CR_OK;
}

static int parse_times(const struct scenario_reader *r, uint32_t i, const struct client_yaml *c,
                       struct cr_client_spec *out, struct cr_err *err)
{
  char path[PATH];
  int rc = CR_OK;
  if (c->startup)
    rc = cr_scenario_time(r, member(i, "startup", path), c->startup, 0, &out->job.startup_ns, err);
  if (!rc && c->think)
    rc = cr_scenario_time(r, member(i, "think", path), c->think, 0, &out->job.think_ns, err);
  if (!rc && c->submit)
    rc = cr_scenario_time(r, member(i, "submit", path), c->submit, 0, &out->arrival.phase_ns, err);
  if (!rc && out->arrival.phase_ns >= r->duration_ns)
    rc = cr_yaml_fail(r->y, path, err, "%s: '%s' is not before the end of the run", path, c->submit);
  return rc;
}

int cr_scenario_client_job(const struct scenario_reader *r, uint32_t i, const struct client_yaml *c,
                           struct cr_client_spec *out, struct cr_err *err)
{
  char path[PATH];
  int64_t iterations = 0;
  int rc = check_keys(r, i, c, err);
  if (rc || !c->iterations)
    return rc;
  const struct cr_model_info *model = cr_workload_builder_model(r->builder, out->model);
  int64_t most = (CR_NONE - 1) / model->n_op; /* passes of the model, op by op, are counted in 32 bits */
  rc = cr_scenario_count(r, member(i, "iterations", path), c->iterations, 1, most, &iterations, err);
  out->arrival = (struct cr_arrival_spec){.kind = CR_ARRIVE_AT};
  out->job = (struct cr_job_spec){
    .iterations = (uint32_t)iterations,
    .startup_ns = startup_of(r, model),
    .think_ns = r->job.think_ns,
    .declared_ns = CR_NS_NEVER,
    .persistent_bytes = CR_UNKNOWN,
    .ephemeral_bytes = CR_UNKNOWN,
  };
  rc = rc ? rc : parse_times(r, i, c, out, err);
  rc = rc ? rc : parse_declared(r, i, c, model, &out->job, err);
  if (rc || check_memory(r, model, err) == CR_OK)
    return rc;
  member(i, "model", path);
  return cr_scenario_at(r, path, cr_fail_in(err, CR_EINPUT, "%s", path), err);
}

/* -- a job trace --------------------------------------------------------------------------------------------------- */

/* A name of the trace, once it was looked up. */
struct known_model {
  cr_model model;
  int state; /* 0: not looked up yet; 1: there; 2: unknown, or too large: `why` says it of the first job */
  enum cr_job_fault fault;
  struct cr_err *why;
};

struct trace {
  struct scenario_reader *r;
  struct cr_jobs *jobs;
  struct known_model *known; /* [number of the trace's models] */
  int any_gpus;              /* a job that asks for several GPUs runs on one */
  uint32_t n_added;
};

static int refuse_job(const struct trace *t, const struct cr_trace_job *job, enum cr_job_fault fault,
                      const char *sentence, struct cr_err *err)
{
  struct cr_err why;
  char place[400];
  cr_fail(&why, CR_EINPUT, "%s: job %s: %s", cr_jobs_place(t->jobs, job, place, sizeof place), job->id, sentence);
  return cr_jobs_refuse(t->jobs, fault, &why, err);
}

/* Looks a model up, the first time that a job has it. */
static int look_up(const struct trace *t, struct known_model *k, const char *name, struct cr_err *err)
{
  struct cr_err why = {{0}};
  k->state = 1;
  int rc = cr_scenario_find_model(t->r, "jobs.file", "model_name", name, &k->model, &why);
  k->fault = CR_FAULT_MODEL;
  if (!rc) {
    rc = check_memory(t->r, cr_workload_builder_model(t->r->builder, k->model), &why);
    k->fault = CR_FAULT_MEMORY;
  }
  if (rc == CR_OK)
    return CR_OK;
  if (rc != CR_EINPUT)
    return cr_fail(err, rc, "%s", why.text);
  k->state = 2;
  k->why = cr_arena_take(t->r->arena, 1, sizeof *k->why);
  if (!k->why)
    return cr_fail_nomem(err, "a job trace");
  *k->why = why;
  return CR_OK;
}

/* 1: the job can be run, *model is it; 0: it is left out; < 0: an error. */
static int model_of(const struct trace *t, const struct cr_trace_job *job, cr_model *model, struct cr_err *err)
{
  if (job->model == CR_NONE)
    return refuse_job(t, job, CR_FAULT_MODEL, "names no model; jobs.mix can give it one, such as mix: all", err);
  struct known_model *k = &t->known[job->model];
  int rc = k->state ? CR_OK : look_up(t, k, cr_jobs_model(t->jobs, job->model), err);
  if (!rc && k->state == 2)
    return refuse_job(t, job, k->fault, k->why->text, err);
  *model = k->model;
  return rc ? rc : 1;
}

/* Its iterations, as said or from its duration: whole ones, to the nearest, one at least.  Results as above. */
static int iterations_of(const struct trace *t, const struct cr_trace_job *job, const struct cr_model_info *model,
                         uint32_t *out, struct cr_err *err)
{
  char sentence[300];
  int64_t n = job->iterations;
  if (n && t->r->job.declared && job->duration_ns < model->duration_ns) {
    snprintf(sentence, sizeof sentence, "its duration, %.9g s, is shorter than one iteration of %.90s, %.9g s",
             (double)job->duration_ns / 1e9, model->name, (double)model->duration_ns / 1e9);
    return refuse_job(t, job, CR_FAULT_SHORT, sentence, err);
  }
  if (!n)
    n = cr_muldiv(job->duration_ns, 1, model->duration_ns);
  n = n ? n : 1;
  if (n > (CR_NONE - 1) / model->n_op || cr_muldiv(n, model->duration_ns, 1) > CR_LONGEST_NS) {
    snprintf(sentence, sizeof sentence, "%lld iterations of %.90s are more than can be run: a year, or 2^32 ops",
             (long long)n, model->name);
    return refuse_job(t, job, CR_FAULT_LONG, sentence, err);
  }
  *out = (uint32_t)n;
  return 1;
}

static int add_job(struct trace *t, const struct cr_trace_job *job, struct cr_err *err)
{
  struct scenario_reader *r = t->r;
  struct cr_client_spec spec = {
    .name = job->id,
    .class = CR_BE,
    .weight = 1,
    .deadline_ns = CR_NS_NEVER,
    .max_requests = CR_NONE,
    .arrival = {.kind = CR_ARRIVE_AT, .phase_ns = job->submit_ns},
    .job = {.declared_ns = CR_NS_NEVER, .persistent_bytes = CR_UNKNOWN, .ephemeral_bytes = CR_UNKNOWN},
  };
  cr_client added;
  char place[400];
  if (job->n_gpu > 1 && !t->any_gpus)
    return refuse_job(t, job, CR_FAULT_GPUS,
                      "asks for several GPUs, and one is simulated; jobs.gpus: one lets it run there", err);
  int ok = model_of(t, job, &spec.model, err);
  if (ok <= 0)
    return ok;
  const struct cr_model_info *model = cr_workload_builder_model(r->builder, spec.model);
  ok = iterations_of(t, job, model, &spec.job.iterations, err);
  if (ok <= 0)
    return ok;
  spec.job.startup_ns = startup_of(r, model);
  spec.job.think_ns = r->job.think_ns;
  if (r->job.declared)
    declare(r, model, job->duration_ns == CR_NS_NEVER ? CR_NS_NEVER : cr_max_ns(job->duration_ns, model->duration_ns),
            &spec.job);
  int rc = cr_workload_add_client(r->builder, &spec, &added, err);
  t->n_added += rc == CR_OK;
  return rc ? cr_fail_in(err, rc, "%s", cr_jobs_place(t->jobs, job, place, sizeof place)) : CR_OK;
}

/* Gives models to the jobs that name none; all those of the mix must be known. */
static int mix_models(const struct trace *t, const struct jobs_yaml *jobs, struct cr_err *err)
{
  struct scenario_reader *r = t->r;
  struct cr_model_mix *mix = cr_model_mix_new();
  int rc = mix ? CR_OK : cr_fail_nomem(err, "jobs.mix");
  if (!rc && jobs->n_mix == 1 && strcmp(jobs->mix[0], "all") == 0) {
    if (!r->table)
      rc = cr_yaml_fail(r->y, "jobs.mix", err, "jobs.mix: 'all' means all workloads of jobs.models, which is missing");
    for (uint32_t i = 0; !rc && i < cr_iteration_table_count(r->table); i++)
      rc = cr_model_mix_add(mix, cr_iteration_table_names(r->table)[i], err);
  } else {
    for (uint32_t i = 0; !rc && i < jobs->n_mix; i++) {
      char path[PATH];
      cr_model ignored;
      snprintf(path, sizeof path, "jobs.mix[%u]", i);
      rc = cr_model_mix_add(mix, jobs->mix[i], err);
      rc = rc ? cr_scenario_at(r, path, cr_fail_in(err, rc, "%s", path), err)
              : cr_scenario_model(r, path, cr_model_mix_name(mix, i), &ignored, err);
    }
  }
  rc = rc ? rc : cr_jobs_draw_models(t->jobs, mix, r->seed, err);
  cr_model_mix_free(mix);
  return rc;
}

static int add_jobs(struct trace *t, const struct jobs_yaml *jobs, struct cr_err *err)
{
  struct scenario_reader *r = t->r;
  cr_jobs_settle(t->jobs);
  int rc = jobs->n_mix ? mix_models(t, jobs, err) : CR_OK;
  if (rc)
    return rc;
  t->known = cr_arena_take(r->arena, cr_jobs_n_model(t->jobs), sizeof *t->known);
  if (!t->known)
    return cr_fail_nomem(err, "a job trace");
  for (uint32_t i = 0; !rc && i < cr_jobs_count(t->jobs); i++)
    rc = cr_scenario_at(r, "jobs.file", add_job(t, &cr_jobs_list(t->jobs)[i], err), err);
  if (!rc && !t->n_added)
    rc = cr_yaml_fail(r->y, "jobs.file", err, "jobs.file: there are no jobs in %s that can be run (%llu were left out)",
                      jobs->file, (unsigned long long)cr_jobs_n_left_out(t->jobs));
  return rc;
}

/* What was left out, for the user to know. */
static int tell_left_out(struct trace *t, struct cr_err *err)
{
  struct cr_text text = {0};
  if (!cr_jobs_n_left_out(t->jobs))
    return CR_OK;
  cr_jobs_report(t->jobs, &text);
  t->r->left_out = text.failed ? NULL : cr_arena_text(t->r->arena, text.s);
  cr_text_fini(&text);
  return t->r->left_out ? CR_OK : cr_fail_nomem(err, "a job trace");
}

int cr_scenario_add_jobs(struct scenario_reader *r, const struct jobs_yaml *jobs, struct cr_err *err)
{
  struct trace t = {.r = r};
  struct cr_jobs_options opt = {.skip_hint = "skip_bad: yes",
                                .sort_hint = "`corun import jobs FILE --sort -o SORTED.csv` sorts them"};
  const char *file;
  int rc = cr_scenario_find_jobs_file(r, "jobs.file", jobs->file, &file, err);
  if (!rc && jobs->skip_bad)
    rc = cr_scenario_answer(r, "jobs.skip_bad", jobs->skip_bad, &opt.skip_bad, err);
  if (!rc && jobs->gpus && !(t.any_gpus = strcmp(jobs->gpus, "one") == 0))
    rc = cr_yaml_fail(r->y, "jobs.gpus", err,
                      "jobs.gpus: '%s' is not known; one lets jobs that ask for several run on one", jobs->gpus);
  if (rc)
    return rc;
  t.jobs = cr_jobs_new(&opt);
  if (!t.jobs)
    return cr_fail_nomem(err, file);
  rc = cr_scenario_at(r, "jobs.file", cr_jobs_read(t.jobs, file, err), err);
  rc = rc ? rc : add_jobs(&t, jobs, err);
  rc = rc ? rc : tell_left_out(&t, err);
  cr_jobs_free(t.jobs);
  return rc;
}
