/* cmd_generate.c - `corun generate jobs`: synthetic job traces. */
#include "config.h"

#include <string.h>

#include "sim/cli.h"
#include "sim/cmd_jobs.h"
#include "sim/mem.h"
#include "sim/nearest.h"
#include "sim/unit.h"
#include "traces/jobs_generate.h"

enum { ARRIVAL = CR_CLI_LONG, RATE, SERVICE, MODELS, TABLE };

static const struct cr_cli_opt options[] = {
  {'n', "number", "N", "how many jobs (default 100)"},
  {ARRIVAL, "arrival", "ARRIVAL", "poisson (the default), uniform, or once: all at the beginning"},
  {RATE, "rate", "RATE", "jobs a time, such as 120/h; poisson and uniform need it"},
  {SERVICE, "service", "SERVICE", "how long a job runs: a distribution and its parameters (default lognormal)"},
  {MODELS, "models", "MIX", "NAME[=WEIGHT],...: which models jobs have (default all: those of the table evenly)"},
  {TABLE, "table", "TABLE", "table of workloads: a file, a bundled one, or none (default salus-p100)"},
  {'s', "seed", "SEED", "of all draws (default 1)"},
  {'o', "output", "FILE", "the new file to write; - for the terminal"},
  {0, NULL, NULL, NULL},
};

static int run(int argc, char **argv);

const struct cr_cmd cr_cmd_generate = {
  .name = "generate",
  .args = "jobs -n N --rate RATE -o JOBS.csv",
  .help = "make a synthetic job trace",
  .opt = options,
  .more = "SERVICE is one of, with parameters such as lognormal,median=57s,sigma=1.5,max=2h\n"
          "  fixed        all alike: time (60s)\n"
          "  exponential  mean (180s)\n"
          "  lognormal    median (57s), sigma of the logarithm (1.5)\n"
          "  pareto       min (30s), shape of the tail (1.2)\n"
          "and max, which cuts longer ones to it.  The lognormal's defaults are near the reconstructed trace of Salus "
          "(median\n"
          "57 s; mean 182 s, here 176 s).  A duration is what the job's iterations take alone on the GPU, start-up not "
          "counted;\n"
          "with a table it is made of whole iterations.  The same options and seed make the same file.\n",
  .run = run,
};

struct args {
  const char *number, *arrival, *rate, *service, *models, *table, *seed, *output;
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
  int rc = a->number ? cr_parse_count(a->number, "-n", &n, err) : CR_OK;
  if (!rc && (n < 1 || n > 10000000))
    rc = cr_fail(err, CR_EINPUT, "-n: '%s' is not possible; it is from 1 to 10000000", a->number);
  if (!rc && a->seed)
    rc = cr_parse_count(a->seed, "seed", &seed, err);
  opt->n = (uint32_t)n;
  opt->seed = (uint64_t)seed;
  return rc;
}

static int write_jobs(const struct args *a, struct cr_generate_options *opt, struct cr_err *err)
{
  const struct cr_jobs_options none = {0};
  struct cr_jobs *jobs = cr_jobs_new(&none);
  int rc = jobs ? cr_jobs_generate(jobs, opt, err) : cr_fail_nomem(err, "the jobs");
  rc = rc ? rc : cr_cmd_jobs_write(jobs, a->output, err);
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
  rc = rc ? rc : cr_cmd_jobs_mix(a->models ? a->models : "all", table, &mix, err);
  opt.table = table;
  opt.mix = mix;
  rc = rc ? rc : write_jobs(a, &opt, err);
  cr_model_mix_free(mix);
  cr_iteration_table_free(table);
  cr_arena_free(arena);
  return rc;
}

static void option(struct args *a, int letter, const char *value)
{
  switch (letter) {
  case 'n':
    a->number = value;
    break;
  case ARRIVAL:
    a->arrival = value;
    break;
  case RATE:
    a->rate = value;
    break;
  case SERVICE:
    a->service = value;
    break;
  case MODELS:
    a->models = value;
    break;
  case TABLE:
    a->table = value;
    break;
  case 's':
    a->seed = value;
    break;
  default:
    a->output = value;
    break;
  }
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
    return cr_cli_usage(&cr_cmd_generate, "generate needs to know what: jobs");
  if (strcmp(argv[first], "jobs") != 0)
    return cr_cli_usage(&cr_cmd_generate, "nothing generates '%s'; there is: jobs", argv[first]);
  if (first + 1 < argc)
    return cr_cli_usage(&cr_cmd_generate, "generate jobs takes no '%s'", argv[first + 1]);
  if (!a.output)
    return cr_cli_usage(&cr_cmd_generate, "generate needs the file to write: -o JOBS.csv");
  return cr_cli_error(generate(&a, &err), &err);
}
