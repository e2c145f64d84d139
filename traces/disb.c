/* disb.c - makes a scenario of a workload of DISB, REEF's artifact or GPreempt.
 *
 * Every client of these programs has one request at a time.  The artifact issues late ones back to back and leaves none out
 * (late: wait); DISB 1.0 and GPreempt give an older one up for a newer (late: drop).  Clients of equal frequency are moved apart:
 *   artifact  real-time clients, if all have one frequency: the i-th starts after the sum over those before it of their latency
 *             alone and of an equal share of the idle time, (period - sum of all latencies) / number of them
 *   disb      periodic clients of load priority 0 and one frequency: each starts after the sum of the latencies alone of those
 *             before it
 * A latency alone is the sum of the durations that the store has of the model; the programs measure it. */
#include "config.h"

#include "traces/disb.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/mem.h"
#include "sim/workload.h"
#include "traces/datadir.h"
#include "traces/json.h"
#include "traces/sha256.h"
#include "traces/store.h"

enum dialect { ARTIFACT, DISB, GPREEMPT };
static const char *const dialect_name[] = {"REEF artifact", "DISB 1.0", "GPreempt"};

enum load { PERIODIC, POISSON, TRACE, CONTINUOUS, DEPENDENT, N_LOAD };
static const char *const load_name[N_LOAD] = {"periodic", "poisson", "trace", "continuous", "dependent"};

/* The artifact's scripts put this in place of its files' "time": 1. */
static const double ARTIFACT_TIME_S = 60;
static const double TIME_MAX_S = 31536000, TRACE_MAX_MS = 3.1536e10; /* a year, as for scenarios */

/* A client to be. */
struct task {
  const char *name, *model; /* model: in the store */
  enum load load;
  int is_rt, priority_0; /* priority_0: the load's is 0, where it has one */
  double rate_per_s;
  cr_ns alone_ns, phase_ns;
  cr_ns *at_ns;    /* [n] of a trace */
  uint32_t *after; /* [n] of a dependent load: tasks */
  uint32_t n;
};

struct import {
  const char *path;
  const struct cr_disb_options *opt;
  struct cr_arena *arena;
  struct cr_json_place file;
  enum dialect dialect;
  double time_s;
  struct task *task; /* [n_task] */
  uint32_t n_task;
  struct cr_store *store;
  const char *store_path;              /* NULL: the bundled one, which scenarios search anyway */
  struct cr_workload_builder *builder; /* of the models that were looked up */
  uint32_t n_unsorted;                 /* traces that were not in order */
  int has_preprocess;                  /* some client has CPU work before its requests */
};

/* -- models -------------------------------------------------------------------------------------------------------- */

static int open_store(struct import *im, struct cr_err *err)
{
  const char *path = im->opt->store;
  im->store_path = path;
  int rc = path ? CR_OK : cr_datadir_find("h200.db", im->arena, &path, err);
  rc = rc ? rc : cr_store_open(path, &im->store, err);
  im->builder = cr_workload_builder_new();
  return rc || im->builder ? rc : cr_fail_nomem(err, im->path);
}

/* What the workload's model is called in the store: by --models, or the same. */
static const char *mapped(struct import *im, const char *name)
{
  size_t n = strlen(name);
  for (const char *at = im->opt->models; at && *at; at += strcspn(at, ","), at += *at == ',')
    if (!strncmp(at, name, n) && at[n] == '=') {
      char *copy = cr_arena_text(im->arena, at + n + 1);
      if (copy)
        copy[strcspn(copy, ",")] = '\0';
      return copy;
    }
  return cr_arena_text(im->arena, name);
}

static int find_model(struct import *im, const struct cr_json_place *at, struct task *t, struct cr_err *err)
{
  cr_model model;
  struct cr_err why = {{0}};
  t->model = mapped(im, cr_json_text(at));
  if (!t->model)
    return cr_fail_nomem(err, im->path);
  for (const struct task *before = im->task; before < t; before++)
    if (before->model && !strcmp(before->model, t->model)) {
      t->alone_ns = before->alone_ns;
      return CR_OK;
    }
  int rc = cr_store_load_model(im->store, t->model, im->builder, &model, &why);
  if (rc == CR_EINPUT)
    return cr_json_fail(at, err, "%.60s: %.280s; --models %.60s=MODEL names another", cr_json_text(at), why.text,
                        cr_json_text(at));
  if (rc)
    return cr_fail_in(err, rc, "%s", im->path);
  t->alone_ns = cr_workload_builder_model(im->builder, model)->duration_ns;
  return CR_OK;
}

/* -- loads --------------------------------------------------------------------------------------------------------- */

static int read_frequency(const struct cr_json_place *load, struct task *t, struct cr_err *err)
{
  struct cr_json_place at;
  int rc = cr_json_member(load, "frequency", CR_JSON_NUMBER, &at, err);
  rc = rc ? rc : cr_json_real(&at, &t->rate_per_s, err);
  if (!rc && (!(t->rate_per_s > 0) || t->rate_per_s > CR_RATE_MAX_PER_S))
    return cr_json_fail(&at, err, "a frequency is larger than 0 and at most 1000000 Hz");
  return rc;
}

static int by_time(const void *a, const void *b)
{
  const cr_ns *x = a, *y = b;
  return *x < *y ? -1 : *x > *y;
}

/* Milliseconds from the start, put in order as DISB does. */
static int read_trace(struct import *im, const struct cr_json_place *list, struct task *t, struct cr_err *err)
{
  int sorted = 1;
  t->n = cr_json_count(list);
  if (!t->n)
    return cr_json_fail(list, err, "is empty; a trace has one time at least");
  t->at_ns = cr_arena_take(im->arena, t->n, sizeof *t->at_ns);
  if (!t->at_ns)
    return cr_fail_nomem(err, im->path);
  for (uint32_t i = 0; i < t->n; i++) {
    struct cr_json_place at;
    double ms = 0;
    int rc = cr_json_element(list, i, CR_JSON_NUMBER, &at, err);
    rc = rc ? rc : cr_json_real(&at, &ms, err);
    if (rc)
      return rc;
    if (ms < 0 || ms > TRACE_MAX_MS)
      return cr_json_fail(&at, err, "a time in ms from the start is expected, 0 or later");
    t->at_ns[i] = llround(ms * 1e6);
    sorted &= i == 0 || t->at_ns[i] >= t->at_ns[i - 1];
  }
  im->n_unsorted += !sorted;
  qsort(t->at_ns, t->n, sizeof *t->at_ns, by_time);
  return CR_OK;
}

static int read_load(struct import *im, const struct cr_json_place *load, struct task *t, struct cr_err *err)
{
  struct cr_json_place type, trace, priority;
  int64_t number = 1;
  int rc = cr_json_member(load, "type", CR_JSON_TEXT, &type, err);
  rc = rc ? rc : cr_json_optional(load, "priority", CR_JSON_NUMBER, &priority, err);
  if (!rc && priority.value)
    rc = cr_json_integer(&priority, INT32_MIN, INT32_MAX, &number, err);
  if (rc)
    return rc;
  t->priority_0 = number == 0;
  for (t->load = 0; t->load < N_LOAD && strcmp(cr_json_text(&type), load_name[t->load]); t->load++)
    continue;
  switch (t->load) {
  case PERIODIC:
  case POISSON:
    return read_frequency(load, t, err);
  case TRACE:
    rc = cr_json_member(load, "trace", CR_JSON_LIST, &trace, err);
    return rc ? rc : read_trace(im, &trace, t, err);
  case CONTINUOUS:
  case DEPENDENT: /* whom after is looked up when all are known */
    return CR_OK;
  case N_LOAD:
  default:
    return cr_json_fail(&type, err,
                        "'%.40s' is no type of load; there are: continuous, periodic, poisson, trace, dependent",
                        cr_json_text(&type));
  }
}

/* -- tasks: DISB 1.0 and GPreempt ------------------------------------------------------------------------------------ */

static int ends_in(const char *text, const char *tail)
{
  size_t n = strlen(text), m = strlen(tail);
  return n > m && !strcmp(text + n - m, tail);
}

/* GPreempt's clients say their priority, 0 for real-time; DISB's names end in _rt or _be; else who never rests is best-effort. */
static int read_class(struct import *im, const struct cr_json_place *client, struct task *t, struct cr_err *err)
{
  struct cr_json_place priority, preprocess;
  int64_t number = 0;
  int rc = cr_json_optional(client, "priority", CR_JSON_NUMBER, &priority, err);
  rc = rc ? rc : cr_json_optional(client, "preprocess_time", CR_JSON_NUMBER, &preprocess, err);
  if (rc)
    return rc;
  t->is_rt = ends_in(t->name, "_rt") || (!ends_in(t->name, "_be") && t->load != CONTINUOUS);
  if (preprocess.value || priority.value)
    im->dialect = GPREEMPT;
  im->has_preprocess |= preprocess.value != NULL;
  if (priority.value) {
    rc = cr_json_integer(&priority, INT32_MIN, INT32_MAX, &number, err);
    t->is_rt = number == 0;
  }
  return rc;
}

static int read_task(struct import *im, const struct cr_json_place *list, uint32_t i, struct cr_err *err)
{
  struct cr_json_place task, id, load, client, model;
  struct task *t = &im->task[i];
  int rc = cr_json_element(list, i, CR_JSON_OBJECT, &task, err);
  rc = rc ? rc : cr_json_member(&task, "id", CR_JSON_TEXT, &id, err);
  rc = rc ? rc : cr_json_member(&task, "load", CR_JSON_OBJECT, &load, err);
  rc = rc ? rc : cr_json_member(&task, "client", CR_JSON_OBJECT, &client, err);
  if (rc)
    return rc;
  t->name = cr_json_text(&id);
  if (!*t->name || strlen(t->name) > 80 || strpbrk(t->name, " \t\n\"'\\:#[]{}=,"))
    return cr_json_fail(&id, err, "'%.80s' cannot be the name of a client: use letters, digits, - and _", t->name);
  for (uint32_t k = 0; k < i; k++)
    if (!strcmp(im->task[k].name, t->name))
      return cr_json_fail(&id, err, "'%s' is there twice", t->name);
  rc = read_load(im, &load, t, err);
  rc = rc ? rc : read_class(im, &client, t, err);
  rc = rc ? rc : cr_json_member(&client, "model_name", CR_JSON_TEXT, &model, err);
  return rc ? rc : find_model(im, &model, t, err);
}

static int read_after(struct import *im, const struct cr_json_place *list, uint32_t i, struct cr_err *err)
{
  struct cr_json_place task, load, ids, id;
  struct task *t = &im->task[i];
  int rc = cr_json_element(list, i, CR_JSON_OBJECT, &task, err);
  rc = rc ? rc : cr_json_member(&task, "load", CR_JSON_OBJECT, &load, err);
  rc = rc ? rc : cr_json_member(&load, "prev_task_ids", CR_JSON_LIST, &ids, err);
  if (rc)
    return rc;
  t->n = cr_json_count(&ids);
  if (!t->n)
    return cr_json_fail(&ids, err, "is empty; a dependent load comes after one task at least");
  t->after = cr_arena_take(im->arena, t->n, sizeof *t->after);
  if (!t->after)
    return cr_fail_nomem(err, im->path);
  for (uint32_t k = 0; k < t->n; k++) {
    uint32_t other = 0;
    rc = cr_json_element(&ids, k, CR_JSON_TEXT, &id, err);
    if (rc)
      return rc;
    while (other < im->n_task && strcmp(im->task[other].name, cr_json_text(&id)))
      other++;
    if (other == im->n_task)
      return cr_json_fail(&id, err, "there is no task '%.80s'", cr_json_text(&id));
    t->after[k] = other;
  }
  return CR_OK;
}

/* Round by round, tasks all of whose predecessors can run; the first that never can. */
static uint32_t find_circle(const struct import *im, unsigned char *can)
{
  for (int more = 1; more;) {
    more = 0;
    for (uint32_t i = 0; i < im->n_task; i++) {
      uint32_t n = 0;
      for (uint32_t k = 0; im->task[i].after && k < im->task[i].n; k++)
        n += !can[im->task[i].after[k]];
      if (n || can[i])
        continue;
      can[i] = 1;
      more = 1;
    }
  }
  for (uint32_t i = 0; i < im->n_task; i++)
    if (!can[i])
      return i;
  return CR_NONE;
}

static int read_tasks(struct import *im, const struct cr_json_place *list, struct cr_err *err)
{
  int rc = CR_OK;
  unsigned char *can = cr_arena_take(im->arena, im->n_task, 1);
  if (!can)
    return cr_fail_nomem(err, im->path);
  im->dialect = DISB;
  for (uint32_t i = 0; !rc && i < im->n_task; i++)
    rc = read_task(im, list, i, err);
  for (uint32_t i = 0; !rc && i < im->n_task; i++)
    if (im->task[i].load == DEPENDENT)
      rc = read_after(im, list, i, err);
  uint32_t circle = rc ? CR_NONE : find_circle(im, can);
  if (circle == CR_NONE)
    return rc;
  struct cr_json_place task;
  rc = cr_json_element(list, circle, CR_JSON_OBJECT, &task, err);
  return rc ? rc : cr_json_fail(&task, err, "task %s waits, in a circle, for itself", im->task[circle].name);
}

/* -- clients of the artifact ---------------------------------------------------------------------------------------- */

/* "rt-vgg"; the second of that name is "rt-vgg-2". */
static const char *new_name(struct import *im, const struct task *t, const char *model)
{
  char name[120];
  uint32_t n = 0;
  snprintf(name, sizeof name, "%s-%.70s", t->is_rt ? "rt" : "be", model);
  size_t length = strlen(name);
  for (const struct task *before = im->task; before < t; before++)
    n += !strncmp(before->name, name, length) && (!before->name[length] || before->name[length] == '-');
  if (n)
    snprintf(name + length, sizeof name - length, "-%u", n + 1);
  return cr_arena_text(im->arena, name);
}

static int read_artifact(struct import *im, const struct cr_json_place *list, int is_rt, struct task **next,
                         struct cr_err *err)
{
  int rc = CR_OK;
  for (uint32_t i = 0; !rc && i < cr_json_count(list); i++) {
    struct cr_json_place client, name, trace;
    struct task *t = (*next)++;
    *t = (struct task){.is_rt = is_rt};
    rc = cr_json_element(list, i, CR_JSON_OBJECT, &client, err);
    rc = rc ? rc : cr_json_member(&client, "name", CR_JSON_TEXT, &name, err);
    rc = rc ? rc : find_model(im, &name, t, err);
    rc = rc ? rc : read_frequency(&client, t, err);
    rc = rc ? rc : cr_json_optional(&client, "trace", CR_JSON_LIST, &trace, err);
    if (rc)
      return rc;
    if (trace.value) {
      t->load = TRACE;
      rc = read_trace(im, &trace, t, err);
    }
    t->name = new_name(im, t, cr_json_text(&name));
    if (!t->name)
      return cr_fail_nomem(err, im->path);
  }
  return rc;
}

/* -- the file -------------------------------------------------------------------------------------------------------- */

static int read_file(struct import *im, struct cr_err *err)
{
  struct cr_json_place time, tasks, rt, be;
  int rc = cr_json_member(&im->file, "time", CR_JSON_NUMBER, &time, err);
  rc = rc ? rc : cr_json_real(&time, &im->time_s, err);
  if (!rc && (!(im->time_s > 0) || im->time_s > TIME_MAX_S))
    return cr_json_fail(&time, err, "a time in s is expected, above 0 and at most a year");
  rc = rc ? rc : cr_json_optional(&im->file, "tasks", CR_JSON_LIST, &tasks, err);
  rc = rc ? rc : cr_json_optional(&im->file, "rt", CR_JSON_LIST, &rt, err);
  rc = rc ? rc : cr_json_optional(&im->file, "be", CR_JSON_LIST, &be, err);
  if (rc)
    return rc;
  if (!tasks.value && !rt.value && !be.value)
    return cr_json_fail(&im->file, err,
                        "has neither 'tasks', as DISB's workloads do, nor 'rt' and 'be', as those of REEF's artifact");
  im->n_task =
    tasks.value ? cr_json_count(&tasks) : (rt.value ? cr_json_count(&rt) : 0) + (be.value ? cr_json_count(&be) : 0);
  if (!im->n_task)
    return cr_json_fail(&im->file, err, "there are no clients in it");
  im->task = cr_arena_take(im->arena, im->n_task, sizeof *im->task);
  if (!im->task)
    return cr_fail_nomem(err, im->path);
  rc = open_store(im, err);
  if (rc)
    return rc;
  if (tasks.value)
    return read_tasks(im, &tasks, err);
  struct task *next = im->task;
  rc = rt.value ? read_artifact(im, &rt, 1, &next, err) : CR_OK;
  return rc || !be.value ? rc : read_artifact(im, &be, 0, &next, err);
}

/* Words that are known, and --models as it should be written. */
static int check_options(const struct import *im, struct cr_err *err)
{
  static const char *const late[] = {"queue", "wait", "drop"}, *const phases[] = {"none", "artifact", "disb"};
  int known[2] = {!im->opt->late, !im->opt->phases};
  for (int i = 0; i < 3; i++) {
    known[0] |= im->opt->late && !strcmp(im->opt->late, late[i]);
    known[1] |= im->opt->phases && !strcmp(im->opt->phases, phases[i]);
  }
  if (!known[0])
    return cr_fail(err, CR_EINPUT, "--late %s: it is queue, wait or drop", im->opt->late);
  if (!known[1])
    return cr_fail(err, CR_EINPUT, "--phases %s: they are none, artifact or disb", im->opt->phases);
  for (const char *at = im->opt->models; at && *at; at += strcspn(at, ","), at += *at == ',')
    if (strcspn(at, "=") >= strcspn(at, ",") || *at == '=' || at[strcspn(at, "=") + 1] == ',' ||
        !at[strcspn(at, "=") + 1])
      return cr_fail(err, CR_EINPUT, "--models %.80s: write NAME=MODEL,...", at);
  return CR_OK;
}

/* -- phases --------------------------------------------------------------------------------------------------------- */

static void phases_of_artifact(struct import *im)
{
  cr_ns sum_ns = 0, start_ns = 0;
  double rate_per_s = 0;
  uint32_t n = 0;
  for (uint32_t i = 0; i < im->n_task; i++) {
    const struct task *t = &im->task[i];
    if (!t->is_rt)
      continue;
    if (t->load != PERIODIC || (n && t->rate_per_s != rate_per_s))
      return; /* not of one frequency: all start together */
    rate_per_s = t->rate_per_s;
    sum_ns += t->alone_ns;
    n++;
  }
  cr_ns idle_ns = n ? (llround(1e9 / rate_per_s) - sum_ns) / (cr_ns)n : 0;
  for (uint32_t i = 0; i < im->n_task; i++)
    if (im->task[i].is_rt) {
      im->task[i].phase_ns = start_ns;
      start_ns = cr_max_ns(start_ns + im->task[i].alone_ns + idle_ns, 0);
    }
}

static void phases_of_disb(struct import *im)
{
  for (uint32_t i = 0; i < im->n_task; i++) {
    struct task *t = &im->task[i];
    for (const struct task *before = im->task; t->load == PERIODIC && t->priority_0 && before < t; before++)
      if (before->load == PERIODIC && before->priority_0 && before->rate_per_s == t->rate_per_s)
        t->phase_ns += before->alone_ns;
  }
}

/* -- the scenario --------------------------------------------------------------------------------------------------- */

static void add_time(struct cr_text *out, cr_ns ns)
{
  cr_text_add(out, "%" PRId64 "%s", ns % 1000000 ? ns : ns / 1000000, ns % 1000000 ? "ns" : "ms");
}

static void add_arrival(const struct import *im, const struct task *t, const char *late, struct cr_text *out)
{
  if (t->load == CONTINUOUS) {
    cr_text_add(out, "    depth: 1\n");
    return;
  }
  if (t->load == DEPENDENT) {
    cr_text_add(out, "    after: [");
    for (uint32_t k = 0; k < t->n; k++)
      cr_text_add(out, "%s%s", k ? ", " : "", im->task[t->after[k]].name);
    cr_text_add(out, "]\n    late: %s\n", strcmp(late, "queue") ? "wait" : late);
    return;
  }
  cr_text_add(out, "    arrival: %s\n    late: %s\n", t->load == PERIODIC ? "uniform" : load_name[t->load], late);
  if (t->load != TRACE) {
    cr_text_add(out, "    rate: %.15g/s\n", t->rate_per_s);
    if (t->phase_ns) {
      cr_text_add(out, "    phase: ");
      add_time(out, t->phase_ns);
      cr_text_add(out, "\n");
    }
    return;
  }
  cr_text_add(out, "    times: [");
  for (uint32_t k = 0; k < t->n; k++) {
    cr_text_add(out, "%s", k == 0 ? "" : k % 16 ? ", " : ",\n      ");
    add_time(out, t->at_ns[k]);
  }
  cr_text_add(out, "]\n");
}

/* How much of a path is its folder, with the slash at its end. */
static size_t folder_length(const char *path)
{
  const char *slash = strrchr(path, '/');
  return slash ? (size_t)(slash - path) + 1 : 0;
}

/* A scenario's files lie beside it, or begin with a slash. */
static int add_store(const struct import *im, struct cr_text *out, struct cr_err *err)
{
  char here[PATH_MAX] = "";
  const char *store = im->store_path;
  size_t n = folder_length(store);
  int is_beside = n == folder_length(im->opt->output) && !strncmp(store, im->opt->output, n);
  if (!is_beside && *store != '/' && !getcwd(here, sizeof here))
    return cr_fail(err, CR_EINPUT, "--traces %s: the folder we are in has no name; write a path that begins with /",
                   store);
  if (strpbrk(store, "\"\\\n") || strpbrk(here, "\"\\\n"))
    return cr_fail(err, CR_EINPUT, "--traces %s: a scenario cannot name a file with quotes in its path", store);
  cr_text_add(out, "traces: [\"%s%s%s\"]\n", here, *here ? "/" : "", is_beside ? store + n : store);
  return CR_OK;
}

static void add_head(const struct import *im, const char *sha, const char *late, const char *phases,
                     struct cr_text *out)
{
  const char *slash = strrchr(im->path, '/');
  double time_s = im->dialect == ARTIFACT ? ARTIFACT_TIME_S : im->time_s;
  cr_text_add(out, "# Made by `corun import disb` of %s (sha256 %s), a workload of dialect %s.\n",
              slash ? slash + 1 : im->path, sha, dialect_name[im->dialect]);
  cr_text_add(out, "# Late requests: %s.  Clients of equal frequency are moved apart as by: %s.\n", late, phases);
  if (im->dialect == ARTIFACT && im->time_s != time_s)
    cr_text_add(out, "# The file says %.15g s, in place of which the artifact's scripts put %.0f s.\n", im->time_s,
                time_s);
  if (im->n_unsorted)
    cr_text_add(out, "# Traces that were not in order, and are put in order here as DISB does: %u.\n", im->n_unsorted);
  if (im->has_preprocess)
    cr_text_add(out, "# preprocess_time, CPU work of clients before each request, is left out.\n");
  cr_text_add(out, "about: %.*s of %s\n", (int)strcspn(slash ? slash + 1 : im->path, "."), slash ? slash + 1 : im->path,
              dialect_name[im->dialect]);
  cr_text_add(out, "duration: %.15gs\nwarmup: 0\n", time_s);
  for (uint32_t i = 0; i < im->n_task; i++)
    if (im->task[i].load == POISSON) {
      cr_text_add(out,
                  "seed: %" PRIu64 " # of the Poisson arrivals; DISB takes the clock, and lets the first come at 0\n",
                  im->opt->seed);
      break;
    }
}

static int write_scenario(struct import *im, struct cr_text *out, struct cr_err *err)
{
  const char *late = im->opt->late ? im->opt->late : im->dialect == ARTIFACT ? "wait" : "drop";
  const char *phases = im->opt->phases ? im->opt->phases : im->dialect == ARTIFACT ? "artifact" : "disb";
  char sha[65];
  if (!strcmp(phases, "artifact"))
    phases_of_artifact(im);
  else if (!strcmp(phases, "disb"))
    phases_of_disb(im);
  int rc = cr_sha256_file(im->path, sha, err);
  if (rc)
    return rc;
  add_head(im, sha, late, phases, out);
  if (im->opt->device)
    cr_text_add(out, "device: %s\n", im->opt->device);
  rc = im->store_path ? add_store(im, out, err) : CR_OK;
  cr_text_add(out, "clients:\n");
  for (uint32_t i = 0; i < im->n_task; i++) {
    const struct task *t = &im->task[i];
    cr_text_add(out, "  - name: %s\n    model: %s\n    class: %s\n", t->name, t->model, t->is_rt ? "rt" : "be");
    if (t->is_rt)
      cr_text_add(out, "    priority: -1\n");
    add_arrival(im, t, late, out);
  }
  return rc || !out->failed ? rc : cr_fail_nomem(err, im->path);
}

int cr_disb_import(const char *path, const struct cr_disb_options *opt, struct cr_text *out, struct cr_err *err)
{
  struct import im = {.path = path, .opt = opt, .arena = cr_arena_new()};
  if (!im.arena)
    return cr_fail_nomem(err, path);
  int rc = check_options(&im, err);
  rc = rc ? rc : cr_json_read(path, &im.file, err);
  rc = rc ? rc : read_file(&im, err);
  rc = rc ? rc : write_scenario(&im, out, err);
  cr_workload_builder_free(im.builder);
  cr_store_close(im.store);
  cr_json_free(&im.file);
  cr_arena_free(im.arena);
  return rc;
}
