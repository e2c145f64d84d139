/* cmd_show.c - `corun show`: what a trace store, a run database or a results database holds. */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sim/cli.h"
#include "sim/cmd_sweep.h"
#include "sim/cmd_tune.h"
#include "sim/mem.h"
#include "sim/report.h"
#include "sim/report_compare.h"
#include "sim/text.h"
#include "traces/datadir.h"
#include "traces/rundb.h"
#include "traces/store.h"

static const struct cr_cli_opt options[] = {
  {'f', "format", "FORMAT", "table, csv or json"},
  {'o', "output", "FILE", "write to a new file instead of the terminal"},
  {0, NULL, NULL, NULL},
};

static int run(int argc, char **argv);

const struct cr_cmd cr_cmd_show = {
  .name = "show",
  .args = "[STORE [MODEL] | MODEL | RUN [RUN] | RESULTS]",
  .help = "print what a trace store or a run database holds",
  .opt = options,
  .more = "A store: its models, where they come from, and a sanity report; with a model its classes and kernels (csv "
          "and json:\n"
          "every op).  Without a store the bundled one is shown.  A run database: the report that its run printed.\n"
          "Two: where their results differ, policy by policy and client by client, by name.  A results database: what\n"
          "its sweep or search printed.\n",
  .run = run,
};

struct wanted {
  const char *name;
  int found;
};

static void compare_name(void *ctx, const char *name)
{
  struct wanted *w = ctx;
  w->found |= !strcmp(name, w->name);
}

/* The first bundled store that has the model, or the first of all. */
static int find_bundled(const char *model, struct cr_arena *arena, const char **store, struct cr_err *err)
{
  int rc = CR_OK;
  for (uint32_t i = 0; !rc && model && cr_datadir_stores[i]; i++) {
    struct wanted w = {.name = model};
    struct cr_store *s = NULL;
    rc = cr_datadir_find(cr_datadir_stores[i], arena, store, err);
    rc = rc ? rc : cr_store_open(*store, &s, err);
    rc = rc ? rc : cr_store_each_model(s, compare_name, &w, err);
    cr_store_close(s);
    if (!rc && w.found)
      return CR_OK;
  }
  return rc ? rc : cr_datadir_find(cr_datadir_stores[0], arena, store, err);
}

/* The store and model that the operands mean: a word that is no file is a model of a bundled store. */
static int find(char **word, int n, struct cr_arena *arena, const char **store, const char **model, struct cr_err *err)
{
  int is_file = n > 0 && (access(word[0], F_OK) == 0 || strchr(word[0], '.') == word[0]);
  size_t length = n > 0 ? strlen(word[0]) : 0;
  if (length > 3 && !strcmp(word[0] + length - 3, ".db"))
    is_file = 1;
  *model = n > 1 ? word[1] : NULL;
  if (is_file || n > 1) {
    *store = word[0];
    return CR_OK;
  }
  *model = n ? word[0] : NULL;
  return find_bundled(*model, arena, store, err);
}

static int show_store(const char *path, const char *model, const char *format, struct cr_text *out, struct cr_err *err)
{
  struct cr_store *s = NULL;
  int rc = cr_store_open(path, &s, err);
  if (!rc)
    rc = cr_store_show(s, model, format, out, err);
  cr_store_close(s);
  return rc;
}

static int compare(const char *const path[2], enum cr_format format, struct cr_text *out, struct cr_err *err)
{
  struct cr_rundb *db[2] = {NULL, NULL};
  struct cr_summary s[2];
  int rc = CR_OK;
  for (int i = 0; rc == CR_OK && i < 2; i++) {
    rc = cr_rundb_open(path[i], &db[i], err);
    rc = rc ? rc : cr_rundb_summarize(db[i], &s[i], err);
  }
  const struct cr_compared a = {path[0], &s[0]}, b = {path[1], &s[1]};
  rc = rc ? rc : cr_compare_check(&a, &b, err);
  if (rc == CR_OK)
    cr_report_compare(&a, &b, format, CR_TABLE_PLAIN, out);
  cr_rundb_close(db[0]);
  cr_rundb_close(db[1]);
  return rc;
}

static int is_run(const char *path)
{
  return cr_store_application(path) == CR_RUNDB_APPLICATION_ID;
}

static int show_study(const char *path, enum cr_format format, struct cr_text *out, struct cr_err *err)
{
  struct cr_design_words words = {.arena = cr_arena_new()};
  int rc = words.arena ? cr_studydb_words(path, &words, err) : cr_fail_nomem(err, "the results");
  int is_search = rc == CR_OK && cr_design_is_search(&words);
  cr_arena_free(words.arena);
  if (rc != CR_OK)
    return rc;
  return is_search ? cr_tune_show(path, format, out, err) : cr_sweep_show(path, format, out, err);
}

static int show(char **word, int n, const char *format, const char *output, struct cr_err *err)
{
  struct cr_arena *arena = cr_arena_new();
  struct cr_text out = {0};
  const char *store = NULL, *model = NULL;
  int rc = arena ? find(word, n, arena, &store, &model, err) : cr_fail_nomem(err, "the command line");
  enum cr_format f = CR_TABLE;
  rc = rc ? rc : cr_format_parse(format, &f, err);
  if (!rc && is_run(store) && model && (is_run(model) || access(model, F_OK) == 0))
    rc = compare((const char *const[]){store, model}, f, &out, err);
  else if (!rc && is_run(store))
    rc = model ? cr_fail(err, CR_EINPUT, "%s: is a run database and has no models to name; %s is no other one to compare it with",
                         store, model)
               : cr_rundb_show(store, format, &out, err);
  else if (!rc && cr_store_application(store) == CR_STUDYDB_APPLICATION_ID)
    rc = model ? cr_fail(err, CR_EINPUT, "%s: is a results database and has no models to name", store)
               : show_study(store, f, &out, err);
  else if (!rc)
    rc = show_store(store, model, format, &out, err);
  if (!rc)
    rc = cr_cli_write(output, out.s, out.n, err);
  cr_text_fini(&out);
  cr_arena_free(arena);
  return rc;
}

static int run(int argc, char **argv)
{
  const char *format = "table", *output = NULL;
  struct cr_err err;
  enum cr_format known;
  int letter, status;
  while ((letter = cr_cli_next(&cr_cmd_show, argc, argv, &status)) > 0)
    *(letter == 'f' ? &format : &output) = cr_cli_value();
  if (letter < 0)
    return status;
  int rc = cr_format_parse(format, &known, &err);
  if (rc)
    return cr_cli_error(rc, &err);
  int first = cr_cli_first();
  if (argc - first > 2)
    return cr_cli_usage(&cr_cmd_show, "show takes a store and a model, or two run databases; '%s' is too much", argv[first + 2]);
  return cr_cli_error(show(argv + first, argc - first, format, output, &err), &err);
}
