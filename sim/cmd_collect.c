/* cmd_collect.c - `corun collect [-o STORE.db] -- COMMAND...`: records a program on a real GPU, as it is.
 *
 * The CUDA driver loads our library into every process of the command that uses CUDA; each writes a spool, all of which become
 * models when the command has ended.  The command's own input, output and exit status are not touched: what is to be said goes
 * to standard error, and corun ends as the command did. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sim/cli.h"
#include "sim/cmd_collect_count.h"
#include "sim/cmd_collect_run.h"
#include "sim/cmd_spool.h"
#include "sim/mem.h"
#include "sim/outfile.h"
#include "sim/text.h"
#include "sim/unit.h"
#include "traces/datadir.h"
#include "traces/spool_layout.h"
#include "traces/spool_tally.h"
#include "traces/store.h"

enum {
  PREFIX = CR_CLI_LONG,
  REPLACE,
  API,
  MEMORY,
  NVTX,
  STAGES,
  LATENCY,
  METRICS,
  FP,
  KERNELS,
  COUNTED,
  WINDOW,
  BUFFER,
  LIMIT,
  CUPTI,
  KEEP,
  QUIET
};

static const struct cr_cli_opt options[] = {
  {'o', "output", "STORE", "the store to add to, made when there is none (default collected.db)"},
  {'m', "model", "NAME", "name of the model (instead of the program's)"},
  {PREFIX, "prefix", "TEXT", "put before the names of models"},
  {REPLACE, "replace", NULL, "replace models that are in the store already"},
  {API, "api", "none|work|all",
   "calls of the CUDA API: those that launch, copy, wait and allocate (work, the default), or all"},
  {MEMORY, "memory", NULL, "record what is given out of the device's memory, and given back"},
  {NVTX, "nvtx", "NAME", "an iteration is an NVTX range of that name (NAME@DOMAIN; a last * stands for any end)"},
  {STAGES, "stages", NULL, "record NVTX ranges for the stages of models; iterations are what repeats"},
  {LATENCY, "latency", NULL,
   "record when kernels were queued and submitted, too (in the spool; models do not keep it)"},
  {METRICS, "metrics", NULL,
   "run the command once more, and count for each kernel DRAM and L2 bytes, instructions, use of the tensor pipe and "
   "active warps"},
  {FP, "fp", NULL, "with --metrics: use of the FP pipes, too (kernels then run twice each; for --counted)"},
  {KERNELS, "kernels", "N", "with --metrics: count the first N kernels of a process (default 2000)"},
  {COUNTED, "counted", "FILE", "with --metrics: write all that was counted, as `corun import ncu` reads it"},
  {WINDOW, "window", "FROM..TO", "make models of what began in this part alone, such as 10s..12s"},
  {BUFFER, "buffer", "SIZE", "of a buffer for records, 64KiB to 64MiB (default 4MiB)"},
  {LIMIT, "limit", "SIZE", "of a process's recording; what comes then is counted and left out (default: none)"},
  {CUPTI, "cupti", "FILE", "the libcupti to use (default: the program's own, else the toolkit's)"},
  {KEEP, "keep", NULL, "keep the spools, which are removed when they are imported"},
  {QUIET, "quiet", NULL, "no line of what was recorded so far, and no summary"},
  {0, NULL, NULL, NULL},
};

static int run(int argc, char **argv);

const struct cr_cmd cr_cmd_collect = {
  .name = "collect",
  .args = "[OPTION]... [-o STORE.db] -- COMMAND [ARGUMENT]...",
  .help = "record a program on a GPU into a trace store",
  .opt = options,
  .more =
    "The command is run as it is; each of its processes that uses CUDA is recorded by a library that the driver loads\n"
    "(CUDA_INJECTION64_PATH), and becomes a model of the store.  Its input and output are its own, and corun exits as "
    "it\n"
    "does: with its status, or 128 and the number of the signal that ended it; 126 or 127 when it cannot be run.\n"
    "With --metrics, a command that ended with 0 is run a second time, its kernels one at a time and slowly, to count what\n"
    "they do; what it prints then is thrown away.  Kernels of CUDA graphs are not counted, but those of the same name and\n"
    "shape that are launched without one are.  Where the machine lets nobody count, that is said.\n"
    "What could not be recorded or imported is said on standard error; spools that could not be imported are kept.\n",
  .operands_end = 1,
  .run = run,
};

enum { MAX_KERNELS = 2000 };

struct args {
  const char *store, *model, *prefix, *api, *range, *window, *buffer, *limit, *cupti, *kernels, *counted;
  int metrics, fp;
  int replace, memory, stages, latency, keep, quiet;
  char *const *command;
};

/* What a recording has while it lasts. */
struct collection {
  const struct args *a;
  struct cr_arena *arena;
  const char *library;
  char *folder;  /* of the spools, absolute */
  char *counted; /* of those of a second run, in which kernels are counted */
  off_t input;   /* where standard input was at the beginning; -1: it cannot be read again */
  struct cr_spool_tally *tally;
  int shown; /* a line is on the terminal */
  struct timespec began;
};

/* -- options ------------------------------------------------------------------------------------------------------- */

static void take_option(struct args *a, int letter, const char *value)
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
  case API:
    a->api = value;
    break;
  case MEMORY:
    a->memory = 1;
    break;
  case NVTX:
    a->range = value;
    break;
  case STAGES:
    a->stages = 1;
    break;
  case LATENCY:
    a->latency = 1;
    break;
  case METRICS:
    a->metrics = 1;
    break;
  case FP:
    a->fp = 1;
    break;
  case KERNELS:
    a->kernels = value;
    break;
  case COUNTED:
    a->counted = value;
    break;
  case WINDOW:
    a->window = value;
    break;
  case BUFFER:
    a->buffer = value;
    break;
  case LIMIT:
    a->limit = value;
    break;
  case CUPTI:
    a->cupti = value;
    break;
  case KEEP:
    a->keep = 1;
    break;
  default:
    a->quiet = 1;
    break;
  }
}

static int check_size(const char *text, const char *what, int64_t least, int64_t most, struct cr_err *err)
{
  int64_t bytes = 0;
  int rc = text ? cr_parse_bytes(text, what, &bytes, err) : CR_OK;
  if (!rc && text && (bytes < least || bytes > most))
    return cr_fail(err, CR_EINPUT, "%s is %s; it must be from %" PRId64 " to %" PRId64 " bytes", what, text, least,
                   most);
  return rc;
}

static int check_metrics(const struct args *a, struct cr_err *err)
{
  int64_t n = MAX_KERNELS;
  if (!a->metrics && (a->fp || a->kernels || a->counted))
    return cr_fail(err, CR_EINPUT, "--fp, --kernels and --counted say what --metrics does: give it, too");
  int rc = a->kernels ? cr_parse_count(a->kernels, "--kernels", &n, err) : CR_OK;
  if (!rc && (n < 1 || n > 1000000))
    rc = cr_fail(err, CR_EINPUT, "--kernels is %s; it must be from 1 to 1000000", a->kernels);
  return rc || !a->counted ? rc : cr_outfile_check(a->counted, "what was counted", 1, err);
}

static int check_options(const struct args *a, struct cr_err *err)
{
  cr_ns from_ns, to_ns;
  if (strcmp(a->api, "none") != 0 && strcmp(a->api, "work") != 0 && strcmp(a->api, "all") != 0)
    return cr_fail(err, CR_EINPUT, "--api is none, work or all, and not %s", a->api);
  if (!strcmp(a->api, "none") && (a->range || a->stages))
    return cr_fail(err, CR_EINPUT, "kernels belong to NVTX ranges by their launch calls: leave --api none out");
  int rc = check_size(a->buffer, "--buffer", 64 << 10, 64 << 20, err);
  rc = rc ? rc : check_size(a->limit, "--limit", 1 << 20, INT64_MAX, err);
  if (!rc && a->cupti && access(a->cupti, R_OK) != 0)
    return cr_fail(err, CR_EINPUT, "%s: cannot be read: %s", a->cupti, strerror(errno));
  rc = rc ? rc : check_metrics(a, err);
  return rc ? rc : cr_cmd_spool_window(a->window, &from_ns, &to_ns, err);
}

/* Two collectors cannot be in one process. */
static int check_alone(const struct collection *c, struct cr_err *err)
{
  static const char *const variable[] = {"CUDA_INJECTION64_PATH", "NVTX_INJECTION64_PATH"};
  int n = c->a->range || c->a->stages ? 2 : 1;
  for (int i = 0; i < n; i++) {
    const char *set = getenv(variable[i]);
    if (set && *set && strcmp(set, "none") != 0 && strcmp(set, c->library) != 0)
      return cr_fail(
        err, CR_EINPUT,
        "%s is set to %s: another tool would record the command (Nsight, or another collector), and only one can; "
        "unset it",
        variable[i], set);
  }
  return CR_OK;
}

/* A mistake that would show at the end shows before anything runs. */
static int check_store(const char *path, struct cr_err *err)
{
  struct cr_store *s = NULL;
  int rc = cr_store_edit(path, &s, err);
  cr_store_close(s);
  return rc;
}

/* -- the library's environment ------------------------------------------------------------------------------------- */

/* A path as a value of CORUN_COLLECT. */
static void add_path(struct cr_text *t, const char *path)
{
  for (const char *c = path; *c; c++)
    if (*c == ',' || *c == '%')
      cr_text_add(t, "%%%02X", (unsigned)(unsigned char)*c);
    else
      cr_text_add_bytes(t, c, 1);
}

static int say_cupti(const struct collection *c, struct cr_text *t, struct cr_err *err)
{
  const char *cupti = c->a->cupti;
  if (!cupti)
    return CR_OK;
  char *whole = cr_arena_take(c->arena, 2 * 4096, 1);
  if (!whole || (*cupti != '/' && !getcwd(whole, 4096)))
    return cr_fail(err, CR_EINPUT, "%s: the current folder has no name", cupti);
  snprintf(whole + strlen(whole), 4096, "%s%s", *cupti == '/' ? "" : "/", cupti);
  cr_text_add(t, ",cupti=");
  add_path(t, whole);
  return CR_OK;
}

static int say_options(const struct collection *c, struct cr_text *t, struct cr_err *err)
{
  const struct args *a = c->a;
  int64_t bytes = 0;
  cr_text_add(t, "folder=");
  add_path(t, c->folder);
  cr_text_add(t, ",kinds=kernel+memcpy+memset+stream+context+device+graph%s%s%s",
              strcmp(a->api, "none") != 0 ? "+runtime+driver+sync" : "", a->memory ? "+memory+pool" : "",
              a->range || a->stages ? "+nvtx" : "");
  cr_text_add(t, ",calls=%s,latency=%d", !strcmp(a->api, "all") ? "all" : "work", a->latency);
  int rc = a->buffer ? cr_parse_bytes(a->buffer, "--buffer", &bytes, err) : CR_OK;
  if (!rc && a->buffer)
    cr_text_add(t, ",buffer=%" PRId64, bytes);
  rc = !rc && a->limit ? cr_parse_bytes(a->limit, "--limit", &bytes, err) : rc;
  if (!rc && a->limit)
    cr_text_add(t, ",limit=%" PRId64, bytes);
  return rc ? rc : say_cupti(c, t, err);
}

/* What the library is to do in the second run. */
static int say_counting(const struct collection *c, struct cr_text *t, struct cr_err *err)
{
  int64_t n = MAX_KERNELS;
  int rc = c->a->kernels ? cr_parse_count(c->a->kernels, "--kernels", &n, err) : CR_OK;
  cr_text_add(t, "folder=");
  add_path(t, c->counted);
  cr_text_add(t, ",metrics=%" PRId64 ",fp=%d", n, c->a->fp);
  return rc ? rc : say_cupti(c, t, err);
}

static int set_environment(const struct collection *c, struct cr_err *err)
{
  struct cr_text t = {0};
  int rc = say_options(c, &t, err);
  int nvtx = c->a->range || c->a->stages;
  if (!rc && (t.failed || setenv("CORUN_COLLECT", t.s, 1) || setenv("CUDA_INJECTION64_PATH", c->library, 1) ||
              (nvtx && setenv("NVTX_INJECTION64_PATH", c->library, 1))))
    rc = cr_fail_nomem(err, "the command's environment");
  cr_text_fini(&t);
  return rc;
}

/* -- the folder of the spools --------------------------------------------------------------------------------------- */

/* Beside the store: what is too large for /tmp fits there. */
static int make_folder(struct collection *c, char **out, struct cr_err *err)
{
  enum { CAP = 4096 };
  char *folder = cr_arena_take(c->arena, CAP, 1);
  if (!folder)
    return cr_fail_nomem(err, "the folder of spools");
  if (*c->a->store != '/' && !getcwd(folder, CAP / 2))
    return cr_fail(err, CR_EINPUT, "the current folder cannot be found: %s", strerror(errno));
  size_t n = strlen(folder);
  if (n + strlen(c->a->store) + 32 > CAP)
    return cr_fail(err, CR_EINPUT, "%s: its path is too long", c->a->store);
  snprintf(folder + n, CAP - n, "%s%s.spools-XXXXXX", n ? "/" : "", c->a->store);
  if (!mkdtemp(folder))
    return cr_fail(err, CR_EINPUT, "%s: the folder for spools cannot be made beside it: %s", c->a->store,
                   strerror(errno));
  *out = folder;
  return CR_OK;
}

/* Spools alone: whatever else lies there stays, and its folder with it. */
static void remove_folder(const char *folder)
{
  DIR *d = opendir(folder);
  for (const struct dirent *e; d && (e = readdir(d));) {
    size_t n = strlen(e->d_name), suffix = strlen(CR_SPOOL_SUFFIX);
    if (n > suffix && !strcmp(e->d_name + n - suffix, CR_SPOOL_SUFFIX))
      unlinkat(dirfd(d), e->d_name, 0);
  }
  if (d)
    closedir(d);
  rmdir(folder);
}

/* -- while it runs ------------------------------------------------------------------------------------------------- */

static double seconds_since(const struct timespec *began)
{
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)(now.tv_sec - began->tv_sec) + (double)(now.tv_nsec - began->tv_nsec) / 1e9;
}

static void show_line(void *ctx)
{
  struct collection *c = ctx;
  char size[40];
  struct cr_spool_sum sum = cr_spool_tally_now(c->tally);
  fprintf(stderr, "\r\033[Kcorun: %.0f s, %u process%s, %" PRIu64 " records, %s\r", seconds_since(&c->began),
          sum.n_spool, sum.n_spool == 1 ? "" : "es", sum.n_record,
          cr_format_bytes((int64_t)sum.n_bytes, size, sizeof size));
  fflush(stderr);
  c->shown = 1;
}

static void clear_line(const struct collection *c)
{
  if (c->shown)
    fputs("\r\033[K", stderr);
}

/* -- when it has ended --------------------------------------------------------------------------------------------- */

static int print_summary(const char *store, struct cr_err *err)
{
  struct cr_store *s = NULL;
  struct cr_text text = {0};
  int rc = cr_store_open(store, &s, err);
  if (!rc)
    rc = cr_store_show(s, NULL, "table", &text, err);
  cr_store_close(s);
  if (!rc)
    fwrite(text.s, 1, text.n, stderr);
  cr_text_fini(&text);
  return rc;
}

static int import_spools(const struct collection *c, struct cr_err *err)
{
  const char *const folder = c->folder;
  const struct args *a = c->a;
  const struct cr_import_spool spool = {.store = a->store,
                                        .model = a->model,
                                        .prefix = a->prefix,
                                        .replace = a->replace,
                                        .range = a->range,
                                        .window = a->window,
                                        .file = &folder,
                                        .n_file = 1,
                                        .out = stderr};
  return cr_cmd_import_spool(&spool, err);
}

static void say_end(const struct collection *c, const struct cr_program_end *end)
{
  const char *name = c->a->command[0];
  if (end->error)
    fprintf(stderr, "corun: %s cannot be run: %s\n", name, strerror(end->error));
  else if (end->signal)
    fprintf(stderr, "corun: %s was ended by signal %d (%s); what was recorded until then is kept\n", name, end->signal,
            strsignal(end->signal));
  else if (end->status)
    fprintf(stderr, "corun: %s exited with %d\n", name, end->status);
}

/* The second run.  Whatever comes of it, the models are there. */
static void count(struct collection *c, const struct cr_program_end *end)
{
  struct cr_collect_count count = {.command = c->a->command,
                                   .store = c->a->store,
                                   .timed = c->folder,
                                   .csv = c->a->counted,
                                   .input = c->input,
                                   .on_second = !c->a->quiet && isatty(STDERR_FILENO) ? show_line : NULL,
                                   .ctx = c};
  struct cr_text t = {0};
  struct cr_spool_tally *first = c->tally;
  struct cr_err err;
  if (end->signal || end->status) {
    fputs("corun: kernels are not counted: a command that fails is not run again\n", stderr);
    return;
  }
  int rc = make_folder(c, &c->counted, &err);
  rc = rc ? rc : say_counting(c, &t, &err);
  if (!rc && (t.failed || setenv("CORUN_COLLECT", t.s, 1)))
    rc = cr_fail_nomem(&err, "the command's environment");
  c->tally = rc ? NULL : cr_spool_tally_new(c->counted);
  clock_gettime(CLOCK_MONOTONIC, &c->began);
  if (!rc && c->tally) {
    count.counted = c->counted;
    rc = cr_cmd_collect_count(&count, &err);
  }
  clear_line(c);
  if (rc)
    fprintf(stderr, "corun: kernels are not counted: %s\n", err.text);
  cr_spool_tally_free(c->tally);
  c->tally = first;
  cr_text_fini(&t);
  if (c->counted && c->a->keep)
    fprintf(stderr, "corun: spools of the second run are in %s\n", c->counted);
  else if (c->counted)
    remove_folder(c->counted);
}

/* Models of what there is; says what there is not. */
static void finish(struct collection *c, const struct cr_program_end *end)
{
  struct cr_spool_sum sum = cr_spool_tally_now(c->tally);
  struct cr_err err;
  int keep = c->a->keep;
  say_end(c, end);
  if (access(c->folder, F_OK) != 0) {
    fprintf(stderr, "corun: %s: is gone, and what was recorded with it\n", c->folder);
    return;
  }
  if (!sum.n_spool) {
    if (!end->error)
      fprintf(
        stderr,
        "corun: nothing was recorded: no process of the command initialised CUDA, or the driver could not load %s\n",
        c->library);
  } else if (import_spools(c, &err)) {
    keep = 1;
    fprintf(stderr, "corun: %s\n", err.text);
  } else {
    if (c->a->metrics)
      count(c, end);
    if (!c->a->quiet && print_summary(c->a->store, &err))
      fprintf(stderr, "corun: %s\n", err.text);
  }
  if (keep && sum.n_spool)
    fprintf(stderr, "corun: spools are in %s; `corun import spool %s -o STORE.db` imports them\n", c->folder,
            c->folder);
  else
    remove_folder(c->folder);
}

static int collect(struct collection *c, int *status, struct cr_err *err)
{
  struct cr_program_end end;
  int rc = check_options(c->a, err);
  rc = rc ? rc : cr_datadir_library("libcorun-cupti.so", c->arena, &c->library, err);
  rc = rc ? rc : check_alone(c, err);
  rc = rc ? rc : check_store(c->a->store, err);
  rc = rc ? rc : make_folder(c, &c->folder, err);
  if (rc)
    return rc;
  c->tally = cr_spool_tally_new(c->folder);
  rc = c->tally ? set_environment(c, err) : cr_fail_nomem(err, "the recording");
  clock_gettime(CLOCK_MONOTONIC, &c->began);
  c->input = lseek(STDIN_FILENO, 0, SEEK_CUR);
  if (!rc)
    rc = cr_cmd_collect_run(c->a->command, !c->a->quiet && isatty(STDERR_FILENO) ? show_line : NULL, c, &end, err);
  clear_line(c);
  if (rc)
    remove_folder(c->folder);
  else {
    *status = end.signal ? 128 + end.signal : end.status;
    finish(c, &end);
  }
  cr_spool_tally_free(c->tally);
  return rc;
}

static int run(int argc, char **argv)
{
  struct args a = {.store = "collected.db", .api = "work"};
  struct collection c = {.a = &a};
  struct cr_err err;
  int letter, status = 0;
  while ((letter = cr_cli_next(&cr_cmd_collect, argc, argv, &status)) > 0)
    take_option(&a, letter, cr_cli_value());
  if (letter < 0)
    return status;
  if (cr_cli_first() == argc)
    return cr_cli_usage(&cr_cmd_collect, "collect needs a command to run, after --");
  a.command = argv + cr_cli_first();
  c.arena = cr_arena_new();
  int rc = c.arena ? collect(&c, &status, &err) : cr_fail_nomem(&err, "the command line");
  cr_arena_free(c.arena);
  return rc ? cr_cli_error(rc, &err) : status;
}
