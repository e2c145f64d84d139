/* cmd_import.c - `corun import KIND FILE... -o STORE.db`: recordings of other tools into a trace store, and job
 * traces of clusters into one table (cmd_jobs.c).
 *
 * All files of a command go in or none does: the store is committed when the last is read. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "sim/cli.h"
#include "sim/cmd_disb.h"
#include "sim/cmd_jobs.h"
#include "sim/cmd_memory.h"
#include "sim/cmd_nsys.h"
#include "sim/cmd_spool.h"
#include "sim/nearest.h"
#include "sim/progress.h"
#include "sim/unit.h"
#include "traces/cupti_csv.h"
#include "traces/kineto.h"
#include "traces/ncu.h"
#include "traces/orion.h"
#include "traces/reef_profile.h"
#include "traces/store.h"

enum {
  MODEL = CR_CLI_LONG,
  PREFIX,
  REPLACE,
  HOST,
  GPU,
  DRIVER,
  COMMAND,
  DATE,
  SKIP_BAD,
  SORT,
  MODEL_MIX,
  TABLE,
  PROFILE,
  NO_SCALE,
  DEVICE,
  MODELS,
  LATE,
  PHASES,
  TRACES,
  STEPS,
  NVTX,
  DEVICE_FILE,
  WINDOW,
};

static const struct cr_cli_opt options[] = {
  {'o', "output", "FILE",
   "the store to add to, made when there is none; of jobs and memory: the new table; of disb: the new scenario"},
  {'m', "model", "NAME", "name of the model (instead of the file's; ncu: which one to add to)"},
  {PREFIX, "prefix", "TEXT", "put before the names of models, such as autotuned/"},
  {REPLACE, "replace", NULL, "replace models that are in the store already"},
  {HOST, "host", "TEXT", "provenance: machine it was recorded on"},
  {GPU, "gpu", "TEXT", "provenance: GPU, when the file does not say or is to be overruled"},
  {DRIVER, "driver", "TEXT", "provenance: driver and CUDA version"},
  {COMMAND, "command", "TEXT", "provenance: what was recorded and how"},
  {DATE, "date", "TEXT", "provenance: when, instead of the file's time"},
  {SKIP_BAD, "skip-bad", NULL, "jobs: leave out and count those with something wrong, instead of stopping"},
  {SORT, "sort", NULL, "jobs: put those that are out of order in order, instead of stopping"},
  {MODEL_MIX, "model-mix", "MIX", "jobs: NAME[=WEIGHT],... or all: models of those that name none"},
  {TABLE, "table", "TABLE", "jobs, memory: table of workloads that models must be of: a file or a bundled one"},
  {STEPS, "steps", "N", "memory: at most so many steps an iteration (default 200)"},
  {'s', "seed", "SEED", "jobs, disb: of the draws from the mix, of Poisson arrivals (default 1)"},
  {NVTX, "nvtx", "NAME", "nsys, spool: an iteration is an NVTX range of that name (NAME@DOMAIN; a last * stands for any end)"},
  {WINDOW, "window", "FROM..TO", "spool: what began in this part of a process's recording alone, such as 10s..12s"},
  {DEVICE_FILE, "device-file", "FILE.yaml", "nsys: write a device description of the GPU: its limits, not calibrated"},
  {PROFILE, "profile", "FILE", "reef: the profile of the schedule, instead of NAME.profile.json beside it"},
  {NO_SCALE, "no-scale", NULL,
   "reef: keep the times that kernels take alone, which add up to more than the model takes"},
  {DEVICE, "device", "NAME", "orion: which was profiled (default v100); disb: which the scenario names"},
  {MODELS, "models", "NAME=MODEL,...", "disb: models of the store in place of the workload's names"},
  {TRACES, "traces", "STORE", "disb: where the models are (default: the bundled store)"},
  {LATE, "late", "queue|wait|drop", "disb: what late requests do (default: as the dialect's programs)"},
  {PHASES, "phases", "none|artifact|disb", "disb: how clients of equal frequency are moved apart (default: likewise)"},
  {0, NULL, NULL, NULL},
};

static int run(int argc, char **argv);

const struct cr_cmd cr_cmd_import = {
  .name = "import",
  .args = "KIND FILE... -o STORE|TABLE.csv|SCENARIO.yaml [-m NAME]",
  .help = "read recordings of other tools into a trace store, or job traces into a table",
  .opt = options,
  .more = "KIND is one of\n"
          "  kineto  PyTorch profiler traces (JSON or JSON.gz), one model a file: one clean iteration, medians over "
          "all alike\n"
          "  cupti   tables of CUPTI kernel records (CSV or CSV.gz): carve-outs, for all models of the store\n"
          "  ncu     Nsight Compute counters (`ncu --csv --page raw`) of one run, for the model given with -m\n"
          "  nsys    Nsight Systems (`nsys export --type sqlite`, schemas 3.16 to 3.24): a model for each process and "
          "device\n"
          "  spool   what `corun collect` recorded (NAME.spool, or a folder of them): a model for each process, or stream\n"
          "  reef    models of REEF's artifact: schedules NAME.json, with NAME.profile.json beside each\n"
          "  orion   profiles of Orion (EuroSys 2024): an operator a row\n"
          "  disb    workloads of DISB, REEF's artifact and GPreempt: writes a scenario\n"
          "  sql     the text that `corun export` writes; makes a new store\n"
          "  jobs    job traces of Salus, Tiresias, Philly, Helios and Alibaba (openb), in order of submission\n"
          "  memory  what PyTorch's allocator gave out within one iteration (CSV or CSV.gz), into a table of memory\n"
          "All files go in, or none.  docs/formats.md says what is read of each.\n",
  .run = run,
};

/* Places in the table of kinds. */
enum { NSYS = 3, SPOOL, REEF, ORION, DISB, SQL, JOBS, MEMORY, N_KIND };

struct args {
  const char *store, *model, *prefix;
  int replace;
  struct cr_origin origin;
  struct cr_import_jobs jobs;
  const char *seed, *steps;
  const char *profile; /* reef */
  int as_profiled;
  const char *device;
  struct cr_disb_options disb;
  const char *range, *device_file, *window; /* nsys, spool */
  const char *astray[N_KIND]; /* by kind: an option that was given and does not go with it, or NULL */
  const char *const *file;
  uint32_t n_file;
};

/* -- kinds -- */

static const char *base_name(const char *path)
{
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

static int import_kineto(struct cr_store *s, const struct args *a, struct cr_err *err)
{
  if (a->model && a->n_file > 1)
    return cr_fail(err, CR_EINPUT,
                   "--model names one model, but there are %u files; import them one by one, or use --prefix",
                   a->n_file);
  struct cr_progress *progress = cr_progress_new("import", a->n_file);
  const struct cr_kineto_options opt = {
    .model = a->model,
    .prefix = a->prefix,
    .replace = a->replace,
    .origin = a->origin,
    .stop = cr_cli_stop(),
    .on_progress = progress ? cr_progress_update : NULL,
    .progress_ctx = progress,
  };
  int rc = CR_OK;
  for (uint32_t i = 0; rc == CR_OK && i < a->n_file; i++) {
    cr_progress_part(progress, i, base_name(a->file[i]));
    rc = *opt.stop ? cr_fail(err, CR_EINTR, "stopped before %s; nothing was imported", base_name(a->file[i]))
                   : cr_kineto_import(s, a->file[i], &opt, err);
  }
  cr_progress_free(progress);
  if (rc)
    return rc;
  printf("%u model%s imported\n", a->n_file, a->n_file == 1 ? "" : "s");
  return CR_OK;
}

static int import_cupti(struct cr_store *s, const struct args *a, struct cr_err *err)
{
  struct cr_cupti_result r;
  int rc = cr_cupti_csv_import(s, a->file, a->n_file, &a->origin, &r, err);
  if (!rc)
    printf("%u launch shapes; %u of the store's %u kernels matched, %u are without a carve-out\n", r.n_shape,
           r.n_matched, r.n_kernel, r.n_without);
  return rc;
}

static int import_ncu(struct cr_store *s, const struct args *a, struct cr_err *err)
{
  struct cr_counter_result r;
  if (!a->model)
    return cr_fail(err, CR_EINPUT, "counters belong to one model: name it with -m NAME");
  if (a->n_file > 1)
    return cr_fail(err, CR_EINPUT, "counters of one run are one file; there are %u", a->n_file);
  struct cr_text unmatched = {0};
  int rc = cr_ncu_import(s, a->file[0], a->model, &a->origin, &r, &unmatched, err);
  if (!rc)
    printf("%s: of %u kernels %u matched in order, %u by rows that agree, %u are without counters; of %u rows %u are of "
           "no kernel\n%s",
           a->model, r.n_kernel, r.n_in_order, r.n_alike, r.n_unmatched, r.n_row, r.n_stray, unmatched.s ? unmatched.s : "");
  cr_text_fini(&unmatched);
  return rc;
}

/* A profile beside its schedule is no model of its own, so that all .json of a folder can be given. */
static int has_schedule(const struct args *a, uint32_t profile)
{
  size_t n = strlen(a->file[profile]) - strlen(".profile.json");
  for (uint32_t i = 0; i < a->n_file; i++)
    if (!strncmp(a->file[i], a->file[profile], n) && !strcmp(a->file[i] + n, ".json"))
      return 1;
  return 0;
}

static int import_reef(struct cr_store *s, const struct args *a, struct cr_err *err)
{
  const struct cr_reef_options opt = {
    .profile = a->profile,
    .model = a->model,
    .prefix = a->prefix,
    .replace = a->replace,
    .as_profiled = a->as_profiled,
    .origin = a->origin,
  };
  uint32_t n_model = 0;
  for (uint32_t i = 0; i < a->n_file; i++)
    n_model += !cr_reef_is_profile(a->file[i]);
  if ((a->model || a->profile) && n_model > 1)
    return cr_fail(err, CR_EINPUT, "--model and --profile are of one model, but there are %u; import them one by one",
                   n_model);
  for (uint32_t i = 0; i < a->n_file; i++) {
    int rc = CR_OK;
    if (!cr_reef_is_profile(a->file[i]))
      rc = cr_reef_import(s, a->file[i], &opt, err);
    else if (!has_schedule(a, i))
      return cr_fail(err, CR_EINPUT,
                     "%s: is a profile; name its schedule, and give this with --profile if it lies elsewhere",
                     a->file[i]);
    if (rc)
      return rc;
  }
  printf("%u model%s imported\n", n_model, n_model == 1 ? "" : "s");
  return CR_OK;
}

static int import_orion(struct cr_store *s, const struct args *a, struct cr_err *err)
{
  const struct cr_orion_options opt = {
    .model = a->model, .prefix = a->prefix, .device = a->device, .replace = a->replace, .origin = a->origin};
  if (a->model && a->n_file > 1)
    return cr_fail(err, CR_EINPUT,
                   "--model names one model, but there are %u files; import them one by one, or use --prefix",
                   a->n_file);
  int rc = CR_OK;
  for (uint32_t i = 0; rc == CR_OK && i < a->n_file; i++)
    rc = cr_orion_import(s, a->file[i], &opt, err);
  if (rc == CR_OK)
    printf("%u model%s imported\n", a->n_file, a->n_file == 1 ? "" : "s");
  return rc;
}

static const struct kind {
  const char *name;
  int (*import)(struct cr_store *s, const struct args *a, struct cr_err *err); /* NULL: not into a store that is open */
} kind[N_KIND] = {{"kineto", import_kineto}, {"cupti", import_cupti}, {"ncu", import_ncu}, {"nsys", NULL}, {"spool", NULL}, {"reef", import_reef},
                  {"orion", import_orion},   {"disb", NULL},          {"sql", NULL},       {"jobs", NULL},
                  {"memory", NULL}};

static const struct kind *find_kind(const char *name)
{
  for (size_t i = 0; i < N_KIND; i++)
    if (!strcmp(kind[i].name, name))
      return &kind[i];
  return NULL;
}

/* -- the command -- */

static int import_disb(const struct args *a, struct cr_err *err)
{
  struct cr_disb_options opt = a->disb;
  int64_t seed = 1;
  if (a->n_file > 1)
    return cr_fail(err, CR_EINPUT, "a scenario is made of one workload; there are %u files", a->n_file);
  int rc = a->seed ? cr_parse_count(a->seed, "seed", &seed, err) : CR_OK;
  opt.seed = (uint64_t)seed;
  opt.device = a->device;
  opt.output = a->store;
  return rc ? rc : cr_cmd_import_disb(a->file[0], &opt, err);
}

static int import_jobs(const struct args *a, struct cr_err *err)
{
  struct cr_import_jobs jobs = a->jobs;
  int64_t seed = 1;
  int rc = a->seed ? cr_parse_count(a->seed, "seed", &seed, err) : CR_OK;
  jobs.seed = (uint64_t)seed;
  jobs.output = a->store;
  jobs.file = a->file;
  jobs.n_file = a->n_file;
  return rc ? rc : cr_cmd_import_jobs(&jobs, err);
}

static int import_memory(const struct args *a, struct cr_err *err)
{
  const struct cr_import_memory memory = {.output = a->store,
                                          .name = a->model,
                                          .table = a->jobs.table,
                                          .steps = a->steps,
                                          .file = a->file,
                                          .n_file = a->n_file};
  return cr_cmd_import_memory(&memory, err);
}

static int import_nsys(const struct args *a, struct cr_err *err)
{
  const struct cr_import_nsys nsys = {.store = a->store,
                                      .model = a->model,
                                      .prefix = a->prefix,
                                      .range = a->range,
                                      .device_file = a->device_file,
                                      .replace = a->replace,
                                      .origin = a->origin,
                                      .file = a->file,
                                      .n_file = a->n_file};
  return cr_cmd_import_nsys(&nsys, err);
}

static int import_spool(const struct args *a, struct cr_err *err)
{
  const struct cr_import_spool spool = {.store = a->store,
                                        .model = a->model,
                                        .prefix = a->prefix,
                                        .replace = a->replace,
                                        .range = a->range,
                                        .window = a->window,
                                        .origin = a->origin,
                                        .file = a->file,
                                        .n_file = a->n_file,
                                        .out = stdout};
  return cr_cmd_import_spool(&spool, err);
}

static int import(const struct kind *k, const struct args *a, struct cr_err *err)
{
  struct cr_store *s = NULL;
  if (k == &kind[MEMORY])
    return import_memory(a, err);
  if (k == &kind[JOBS])
    return import_jobs(a, err);
  if (k == &kind[DISB])
    return import_disb(a, err);
  if (k == &kind[NSYS])
    return import_nsys(a, err);
  if (k == &kind[SPOOL])
    return import_spool(a, err);
  if (!k->import)
    return a->n_file == 1 ? cr_store_build(a->file[0], a->store, err)
                          : cr_fail(err, CR_EINPUT, "a store is made of one text; there are %u files", a->n_file);
  int rc = cr_store_edit(a->store, &s, err);
  if (!rc)
    rc = k->import(s, a, err);
  if (!rc)
    rc = cr_store_commit(s, err);
  cr_store_close(s);
  return rc;
}

/* One of jobs; 0: it is none. */
static int jobs_option(struct args *a, int letter, const char *value)
{
  switch (letter) {
  case SKIP_BAD:
    a->jobs.skip_bad = 1;
    break;
  case SORT:
    a->jobs.sort = 1;
    break;
  case MODEL_MIX:
    a->jobs.mix = value;
    break;
  case TABLE:
    a->jobs.table = value;
    break;
  case 's':
    a->seed = value;
    break;
  default:
    return 0;
  }
  return 1;
}

static void store_option(struct args *a, int letter, const char *value)
{
  switch (letter) {
  case 'm':
    a->model = value;
    break;
  case PREFIX:
    a->prefix = value;
    break;
  case REPLACE:
    a->replace = 1;
    break;
  case HOST:
    a->origin.host = value;
    break;
  case GPU:
    a->origin.gpu = value;
    break;
  case DRIVER:
    a->origin.driver = value;
    break;
  case COMMAND:
    a->origin.command = value;
    break;
  default:
    a->origin.recorded = value;
    break;
  }
}

/* One of nsys, reef, orion, disb or memory; 0: it is none. */
static int other_option(struct args *a, int letter, const char *value)
{
  switch (letter) {
  case PROFILE:
    a->profile = value;
    break;
  case NO_SCALE:
    a->as_profiled = 1;
    break;
  case DEVICE:
    a->device = value;
    break;
  case MODELS:
    a->disb.models = value;
    break;
  case LATE:
    a->disb.late = value;
    break;
  case PHASES:
    a->disb.phases = value;
    break;
  case TRACES:
    a->disb.store = value;
    break;
  case STEPS:
    a->steps = value;
    break;
  case NVTX:
    a->range = value;
    break;
  case DEVICE_FILE:
    a->device_file = value;
    break;
  case WINDOW:
    a->window = value;
    break;
  default:
    return 0;
  }
  return 1;
}

/* Which kinds an option goes with, by place in the table of kinds. */
static unsigned kinds_of(int letter)
{
  const unsigned jobs = 1u << JOBS, memory = 1u << MEMORY, reef = 1u << REEF, orion = 1u << ORION, disb = 1u << DISB;
  switch (letter) {
  case 'o':
    return ~0u;
  case 's':
    return jobs | disb;
  case SKIP_BAD:
  case SORT:
  case MODEL_MIX:
    return jobs;
  case TABLE:
    return jobs | memory;
  case STEPS:
    return memory;
  case 'm':
    return ~(jobs | disb);
  case NVTX:
    return 1u << NSYS | 1u << SPOOL;
  case WINDOW:
    return 1u << SPOOL;
  case DEVICE_FILE:
    return 1u << NSYS;
  case PROFILE:
  case NO_SCALE:
    return reef;
  case DEVICE:
    return orion | disb;
  case MODELS:
  case LATE:
  case PHASES:
  case TRACES:
    return disb;
  default:
    return ~(jobs | disb | memory);
  }
}

static const char *name_of(int letter)
{
  const struct cr_cli_opt *o = options;
  while (o->letter != letter)
    o++;
  return o->name;
}

static void option(struct args *a, int letter, const char *value)
{
  if (letter == 'o')
    a->store = value;
  else if (!jobs_option(a, letter, value) && !other_option(a, letter, value))
    store_option(a, letter, value);
  for (uint32_t k = 0; k < N_KIND; k++) /* the first option that does not go with each kind */
    if (!(kinds_of(letter) & 1u << k) && !a->astray[k])
      a->astray[k] = name_of(letter);
}

static int no_such_kind(const char *word)
{
  const char *name[N_KIND];
  for (size_t i = 0; i < N_KIND; i++)
    name[i] = kind[i].name;
  const char *near = cr_nearest(word, name, N_KIND);
  return near
           ? cr_cli_usage(&cr_cmd_import, "nothing is imported from '%s'; did you mean %s?", word, near)
           : cr_cli_usage(
               &cr_cmd_import,
               "nothing is imported from '%s'; kinds are kineto, cupti, ncu, nsys, spool, reef, orion, disb, sql, jobs and memory",
               word);
}

static int run(int argc, char **argv)
{
  struct args a = {0};
  struct cr_err err;
  int letter, status;
  while ((letter = cr_cli_next(&cr_cmd_import, argc, argv, &status)) > 0)
    option(&a, letter, cr_cli_value());
  if (letter < 0)
    return status;
  int first = cr_cli_first();
  if (first == argc)
    return cr_cli_usage(&cr_cmd_import,
                        "import needs a kind (kineto, cupti, ncu, nsys, spool, reef, orion, disb, sql, jobs or memory) and files");
  const struct kind *k = find_kind(argv[first]);
  if (!k)
    return no_such_kind(argv[first]);
  const char *astray = a.astray[k - kind];
  if (astray)
    return cr_cli_usage(&cr_cmd_import, "import %s has no option --%s", k->name, astray);
  a.file = (const char *const *)(argv + first + 1);
  a.n_file = (uint32_t)(argc - first - 1);
  if (!a.n_file)
    return cr_cli_usage(&cr_cmd_import, "import %s needs a file", k->name);
  if (!a.store)
    return k == &kind[DISB]     ? cr_cli_usage(&cr_cmd_import, "import disb needs the file to write: -o SCENARIO.yaml")
           : k == &kind[JOBS]   ? cr_cli_usage(&cr_cmd_import, "import jobs needs the file to write: -o JOBS.csv")
           : k == &kind[MEMORY] ? cr_cli_usage(&cr_cmd_import, "import memory needs the file to write: -o MEMORY.csv")
                                : cr_cli_usage(&cr_cmd_import, "import needs the store to write: -o STORE.db");
  return cr_cli_error(import(k, &a, &err), &err);
}
