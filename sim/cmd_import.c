/* cmd_import.c - `corun import KIND FILE... -o STORE.db`: recordings of other tools into a trace store.
 *
 * All files of a command go in or none does: the store is committed when the last is read. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "sim/cli.h"
#include "sim/mem.h"
#include "sim/nearest.h"
#include "sim/progress.h"
#include "traces/cupti_csv.h"
#include "traces/kineto.h"
#include "traces/ncu.h"
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
};

static const struct cr_cli_opt options[] = {
  {'o', "output", "STORE", "the store to add to; made when there is none"},
  {'m', "model", "NAME", "name of the model (kineto: instead of the file's; ncu: which one to add to)"},
  {PREFIX, "prefix", "TEXT", "put before the names of models, such as autotuned/"},
  {REPLACE, "replace", NULL, "replace models that are in the store already"},
  {HOST, "host", "TEXT", "provenance: machine it was recorded on"},
  {GPU, "gpu", "TEXT", "provenance: GPU, when the file does not say or is to be overruled"},
  {DRIVER, "driver", "TEXT", "provenance: driver and CUDA version"},
  {COMMAND, "command", "TEXT", "provenance: what was recorded and how"},
  {DATE, "date", "TEXT", "provenance: when, instead of the file's time"},
  {0, NULL, NULL, NULL},
};

static int run(int argc, char **argv);

const struct cr_cmd cr_cmd_import = {
  .name = "import",
  .args = "KIND FILE... -o STORE [-m NAME]",
  .help = "read recordings of other tools into a trace store",
  .opt = options,
  .more = "KIND is one of\n"
          "  kineto  PyTorch profiler traces (JSON or JSON.gz), one model a file: one clean iteration, medians over "
          "all alike\n"
          "  cupti   tables of CUPTI kernel records (CSV or CSV.gz): carve-outs, for all models of the store\n"
          "  ncu     Nsight Compute counters (`ncu --csv --page raw`) of one run, for the model given with -m\n"
          "  sql     the text that `corun export` writes; makes a new store\n"
          "All files go in, or none.  docs/formats.md says what is read of each.\n",
  .run = run,
};

struct args {
  const char *store, *model, *prefix;
  int replace;
  struct cr_origin origin;
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
  struct cr_ncu_result r;
  if (!a->model)
    return cr_fail(err, CR_EINPUT, "counters belong to one model: name it with -m NAME");
  if (a->n_file > 1)
    return cr_fail(err, CR_EINPUT, "counters of one run are one file; there are %u", a->n_file);
  int rc = cr_ncu_import(s, a->file[0], a->model, &a->origin, &r, err);
  if (!rc)
    printf("%s: of %u kernels %u matched in order, %u by rows that agree, %u are without counters (%u rows)\n",
           a->model, r.n_kernel, r.n_in_order, r.n_alike, r.n_unmatched, r.n_row);
  return rc;
}

static const struct kind {
  const char *name;
  int (*import)(struct cr_store *s, const struct args *a, struct cr_err *err); /* NULL: text that makes a new store */
} kind[] = {{"kineto", import_kineto}, {"cupti", import_cupti}, {"ncu", import_ncu}, {"sql", NULL}};
enum { N_KIND = sizeof kind / sizeof *kind };

static const struct kind *find_kind(const char *name)
{
  for (size_t i = 0; i < N_KIND; i++)
    if (!strcmp(kind[i].name, name))
      return &kind[i];
  return NULL;
}

/* -- the command -- */

static int import(const struct kind *k, const struct args *a, struct cr_err *err)
{
  struct cr_store *s = NULL;
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

static void option(struct args *a, int letter, const char *value)
{
  switch (letter) {
  case 'o':
    a->store = value;
    break;
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
    return cr_cli_usage(&cr_cmd_import, "import needs a kind (kineto, cupti, ncu or sql) and files");
  const struct kind *k = find_kind(argv[first]);
  if (!k) {
    const char *name[N_KIND];
    for (size_t i = 0; i < N_KIND; i++)
      name[i] = kind[i].name;
    const char *near = cr_nearest(argv[first], name, N_KIND);
    return near ? cr_cli_usage(&cr_cmd_import, "nothing is imported from '%s'; did you mean %s?", argv[first], near)
                : cr_cli_usage(&cr_cmd_import, "nothing is imported from '%s'; kinds are kineto, cupti, ncu and sql",
                               argv[first]);
  }
  a.file = (const char *const *)(argv + first + 1);
  a.n_file = (uint32_t)(argc - first - 1);
  if (!a.n_file)
    return cr_cli_usage(&cr_cmd_import, "import %s needs a file", k->name);
  if (!a.store)
    return cr_cli_usage(&cr_cmd_import, "import needs the store to write: -o STORE.db");
  return cr_cli_error(import(k, &a, &err), &err);
}
