/* cmd_generate.c - `corun generate`: synthetic job traces, and random task sets (cmd_generate_tasks.c). */
#include "config.h"

#include "sim/cmd_generate.h"

#include <string.h>

#include "sim/cli.h"
#include "sim/cmd_jobs.h"
#include "sim/mem.h"
#include "sim/nearest.h"
#include "sim/unit.h"
#include "traces/jobs_generate.h"

enum {
  ARRIVAL = CR_CLI_LONG,
  RATE,
  SERVICE,
  MODELS,
  TABLE,
  PLATFORM,
  TASKS,
  UTILIZATION,
  REFERENCE,
  DEADLINE,
  HEAVY,
  HEAVY_MODELS,
  BE_TASKS,
  BE_UTILIZATION,
};

static const struct cr_cli_opt options[] = {
  {'n', "number", "N", "how many jobs, or task sets (default 100)"},
  {ARRIVAL, "arrival", "poisson|uniform|once", "jobs: poisson (the default), uniform, or once: all at the beginning"},
  {RATE, "rate", "RATE", "jobs: so many a time, such as 120/h; poisson and uniform need it"},
  {SERVICE, "service", "SERVICE", "jobs: how long one runs: a distribution and its parameters (default lognormal)"},
  {MODELS, "models", "MIX", "NAME[=WEIGHT],...: which models they have (default all of the table or platform, evenly)"},
  {TABLE, "table", "TABLE", "jobs: table of workloads: a file, a bundled one, or none (default salus-p100)"},
  {PLATFORM, "platform", "NAME", "tasks: a bundled platform or a file (default xeon-gtx1080)"},
  {TASKS, "tasks", "N", "tasks: how many real-time ones (default 10)"},
  {UTILIZATION, "utilization", "U", "tasks: how much of the reference node they would use together (default 0.5)"},
  {REFERENCE, "reference", "gpu|cpu",
   "tasks: the GPU and a core (the default), or all cores of the type that has most"},
  {DEADLINE, "deadline", "RATIO", "tasks: deadline over period (default 1)"},
  {HEAVY, "heavy", "SHARE", "tasks: share of the real-time ones with a heavy model; the others have a light one"},
  {HEAVY_MODELS, "heavy-models", "MIX", "tasks: which are heavy (default: the half that takes longest on one core)"},
  {BE_TASKS, "be-tasks", "N", "tasks: how many best-effort ones (default 2)"},
  {BE_UTILIZATION, "be-utilization", "U", "tasks: how much of the reference node these would use (default 0.1)"},
  {'s', "seed", "SEED", "of all draws (default 1)"},
  {'o', "output", "FILE", "jobs: the new file to write, - for the terminal; tasks: the folder to fill"},
  {0, NULL, NULL, NULL},
};

static int run(int argc, char **argv);

const struct cr_cmd cr_cmd_generate = {
  .name = "generate",
  .args = "jobs -n N --rate RATE -o JOBS.csv | tasks -n N --utilization U -o FOLDER",
  .help = "make a synthetic job trace, or random task sets",
  .opt = options,
  .more =
    "SERVICE is one of, with parameters such as lognormal,median=57s,sigma=1.5,max=2h\n"
    "  fixed        all alike: time (60s)\n"
    "  exponential  mean (180s)\n"
    "  lognormal    median (57s), sigma of the logarithm (1.5)\n"
    "  pareto       min (30s), shape of the tail (1.2)\n"
    "and max, which cuts longer ones to it.  The lognormal's defaults are near the reconstructed trace of Salus "
    "(median\n"
    "57 s; mean 182 s, here 176 s).  A duration is what the job's iterations take alone on the GPU, start-up not "
    "counted;\n"
    "with a table it is made of whole iterations.\n"
    "tasks: FOLDER/set-1.yaml and so on, for corun plan.  Shares of the reference node are drawn evenly among all "
    "that\n"
    "add up to U; a task's period is the time of its model on that node over its share.\n"
    "The same options and seed make the same files.\n",
  .run = run,
};

struct args {
  const char *arrival, *rate, *service, *table;
  struct cr_generate_tasks tasks; /* and what jobs have too: number, models, seed, output */
  const char *of_jobs, *of_tasks; /* an option that was given and goes with these alone */
};

static int parse_arrival(const char *text, enum cr_job_arrival *out, struct cr_err *err)
{
  for (int i = 0; i < CR_N_JOB_ARRIVAL; i++)
    if (strcmp(text, cr_job_arrival_name[i]) == 0) {
      *out = (enum cr_job_arrival)i;
      return CR_OK;
    }
  const char *near = cr_nearest(text, cr_job_arrival_name, CR_N_JOB_ARRIVAL);
  return near ? cr_fail(err, CR_EINPUT, "there is no arrival '%s'; did you mean %s?", text, near)
              : cr_fail(err, CR_EINPUT, "there is no arrival '%s'; there are: poisson, uniform, once", text);
}

/* A rate that all but `once` need, and that goes with nothing else. */
static int parse_rate(const struct args *a, struct cr_generate_options *opt, struct cr_err *err)
{
  if (opt->arrival == CR_JOBS_ONCE)
    return a->rate
             ? cr_fail(err, CR_EINPUT, "--rate does not go with --arrival once, where all jobs come at the beginning")
             : CR_OK;
  if (!a->rate)
    return cr_fail(err, CR_EINPUT, "--rate is missing; say how many jobs come, such as --rate 120/h");
  int rc = cr_parse_rate(a->rate, "--rate", &opt->rate_per_s, err);
  if (!rc && !(opt->rate_per_s > 0 && opt->rate_per_s <= 1e6))
    rc = cr_fail(err, CR_EINPUT, "--rate: '%s' is not possible; it is larger than 0/s and at most 1000000/s", a->rate);
  return rc;
}

static int parse_numbers(const struct args *a, struct cr_generate_options *opt, struct cr_err *err)
{
  int64_t n = 100, seed = 1;
  int rc = a->tasks.number ? cr_parse_count(a->tasks.number, "-n", &n, err) : CR_OK;
  if (!rc && (n < 1 || n > 10000000))
    rc = cr_fail(err, CR_EINPUT, "-n: '%s' is not possible; it is from 1 to 10000000", a->tasks.number);
  if (!rc && a->tasks.seed)
    rc = cr_parse_count(a->tasks.seed, "seed", &seed, err);
  opt->n = (uint32_t)n;
  opt->seed = (uint64_t)seed;
  return rc;
}

static int write_jobs(const struct args *a, struct cr_generate_options *opt, struct cr_err *err)
{
  const struct cr_jobs_options none = {0};
  struct cr_jobs *jobs = cr_jobs_new(&none);
  int rc = jobs ? cr_jobs_generate(jobs, opt, err) : cr_fail_nomem(err, "the jobs");
  rc = rc ? rc : cr_cmd_jobs_write(jobs, a->tasks.output, err);
  cr_jobs_free(jobs);
  return rc;
}

static int generate(const struct args *a, struct cr_err *err)
{
  struct cr_generate_options opt = {0};
  struct cr_iteration_table *table = NULL;
  struct cr_model_mix *mix = NULL;
  struct cr_arena *arena = cr_arena_new();
  int rc = arena ? parse_numbers(a, &opt, err) : cr_fail_nomem(err, "the command line");
  if (!rc && a->arrival)
    rc = parse_arrival(a->arrival, &opt.arrival, err);
  rc = rc ? rc : parse_rate(a, &opt, err);
  rc = rc ? rc : cr_service_parse(a->service ? a->service : "lognormal", &opt.service, err);
  if (!rc && strcmp(a->table ? a->table : "", "none") != 0)
    rc = cr_cmd_jobs_table(a->table ? a->table : "salus-p100", arena, &table, err);
  rc = rc ? rc : cr_cmd_jobs_mix(a->tasks.models ? a->tasks.models : "all", table, &mix, err);
  opt.table = table;
  opt.mix = mix;
  rc = rc ? rc : write_jobs(a, &opt, err);
  cr_model_mix_free(mix);
  cr_iteration_table_free(table);
  cr_arena_free(arena);
  return rc;
}

/* Where the value of an option goes. */
static const char **place(struct args *a, int letter)
{
  switch (letter) {
  case 'n':
    return &a->tasks.number;
  case ARRIVAL:
    return &a->arrival;
  case RATE:
    return &a->rate;
  case SERVICE:
    return &a->service;
  case MODELS:
    return &a->tasks.models;
  case TABLE:
    return &a->table;
  case PLATFORM:
    return &a->tasks.platform;
  case TASKS:
    return &a->tasks.tasks;
  case UTILIZATION:
    return &a->tasks.utilization;
  case REFERENCE:
    return &a->tasks.reference;
  case DEADLINE:
    return &a->tasks.deadline;
  case HEAVY:
    return &a->tasks.heavy;
  case HEAVY_MODELS:
    return &a->tasks.heavy_models;
  case BE_TASKS:
    return &a->tasks.be_tasks;
  case BE_UTILIZATION:
    return &a->tasks.be_utilization;
  case 's':
    return &a->tasks.seed;
  default:
    return &a->tasks.output;
  }
}

static void option(struct args *a, int letter, const char *value)
{
  *place(a, letter) = value;
  const char *name = "";
  for (const struct cr_cli_opt *o = options; o->name; o++)
    if (o->letter == letter)
      name = o->name;
  if (letter == ARRIVAL || letter == RATE || letter == SERVICE || letter == TABLE)
    a->of_jobs = name;
  else if (letter >= PLATFORM && letter <= BE_UTILIZATION)
    a->of_tasks = name;
}

static int run(int argc, char **argv)
{
  struct args a = {0};
  struct cr_err err;
  int letter, status;
  while ((letter = cr_cli_next(&cr_cmd_generate, argc, argv, &status)) > 0)
    option(&a, letter, cr_cli_value());
  if (letter < 0)
    return status;
  int first = cr_cli_first();
  if (first == argc)
    return cr_cli_usage(&cr_cmd_generate, "generate needs to know what: jobs or tasks");
  const char *what = argv[first];
  int is_jobs = strcmp(what, "jobs") == 0;
  if (!is_jobs && strcmp(what, "tasks") != 0)
    return cr_cli_usage(&cr_cmd_generate, "nothing generates '%s'; there are: jobs, tasks", what);
  if (first + 1 < argc)
    return cr_cli_usage(&cr_cmd_generate, "generate %s takes no '%s'", what, argv[first + 1]);
  const char *astray = is_jobs ? a.of_tasks : a.of_jobs;
  if (astray)
    return cr_cli_usage(&cr_cmd_generate, "--%s does not go with generate %s", astray, what);
  if (!a.tasks.output)
    return is_jobs ? cr_cli_usage(&cr_cmd_generate, "generate needs the file to write: -o JOBS.csv")
                   : cr_cli_usage(&cr_cmd_generate, "generate needs the folder to fill: -o FOLDER");
  return cr_cli_error(is_jobs ? generate(&a, &err) : cr_cmd_generate_tasks(&a.tasks, &err), &err);
}
