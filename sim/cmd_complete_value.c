/* cmd_complete_value.c - the values that a word of a usage line or an option table stands for.
 *
 * A word in small letters, or a list of words between bars, stands for itself.  One in capitals is looked for in the text of the
 * command's own help ("KIND is one of", a line each), then in the table below, by itself or by the name of its option. */
#include "config.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "policies/list.h"
#include "sim/cli_truth.h"
#include "sim/cmd_complete.h"
#include "sim/gpu.h"
#include "sim/mem.h"
#include "sim/option.h"
#include "traces/datadir.h"
#include "traces/device_file.h"
#include "traces/scenario.h"
#include "traces/store.h"

/* -- lists -- */

static void offer_name(void *ctx, const char *name)
{
  cr_complete_offer(ctx, name, strlen(name), "", NULL);
}

static void offer_with_title(void *ctx, const char *name, const char *title)
{
  cr_complete_offer(ctx, name, strlen(name), "", title);
}

/* The words of "a|b|c". */
static void offer_choices(struct cr_completion *c, const char *choices)
{
  while (choices && *choices) {
    size_t n = strcspn(choices, "|");
    cr_complete_offer(c, choices, n, "", NULL);
    choices += n + (choices[n] == '|');
  }
}

/* What is bundled in a folder.  A missing folder has nothing to offer, and completion is no place to complain. */
static void offer_folder(struct cr_completion *c, const char *folder, const char *suffix)
{
  struct cr_err ignored;
  (void)!cr_datadir_each(folder, suffix, offer_name, c, &ignored);
}

static void offer_devices(struct cr_completion *c)
{
  offer_folder(c, "devices", ".yaml");
}

static void offer_scenarios(struct cr_completion *c)
{
  offer_folder(c, "scenarios", ".yaml");
}

static void offer_platforms(struct cr_completion *c)
{
  offer_folder(c, "platforms", ".yaml");
}

static void offer_tasks(struct cr_completion *c)
{
  offer_folder(c, "tasks", ".yaml");
}

static void offer_tables(struct cr_completion *c)
{
  offer_folder(c, "jobs", ".csv");
}

static void offer_truths(struct cr_completion *c)
{
  cr_cli_truth_each(offer_with_title, c);
}

static void offer_formats(struct cr_completion *c)
{
  offer_choices(c, "table|csv|json");
}

static void offer_models(struct cr_completion *c)
{
  struct cr_arena *arena = cr_arena_new();
  for (uint32_t i = 0; arena && cr_datadir_stores[i]; i++) {
    struct cr_store *store = NULL;
    const char *path;
    struct cr_err ignored;
    if (cr_datadir_find(cr_datadir_stores[i], arena, &path, &ignored) == CR_OK &&
        cr_store_open(path, &store, &ignored) == CR_OK)
      (void)!cr_store_each_model(store, offer_name, c, &ignored);
    cr_store_close(store);
  }
  cr_arena_free(arena);
}

/* -- policies: "reef", then "reef,dq=" and "reef,padding=yes" -- */

static void offer_option_value(struct cr_completion *c, const struct cr_opt *o)
{
  if (o->kind == CR_OPT_BOOL)
    offer_choices(c, "yes|no");
  else if (o->kind == CR_OPT_CHOICE)
    offer_choices(c, o->choices);
  else
    cr_complete_offer(c, o->fallback, strlen(o->fallback), "", "the default");
}

static void go_on(struct cr_completion *c, const char *from)
{
  c->n_head += (size_t)(from - c->part);
  c->part = from;
}

static void offer_policies(struct cr_completion *c)
{
  const char *comma = strrchr(c->part, ',');
  if (!comma) {
    for (uint32_t i = 0; cr_policy_list[i]; i++)
      offer_with_title(c, cr_policy_list[i]->name, cr_policy_list[i]->about);
    return;
  }
  const struct cr_policy_ops *p = cr_policy_find(c->part, strcspn(c->part, ","));
  const struct cr_opt *o = p ? p->options : NULL;
  go_on(c, comma + 1);
  size_t n = strcspn(c->part, "=");
  if (!c->part[n]) {
    for (; o && o->name; o++)
      cr_complete_offer(c, o->name, strlen(o->name), "=", o->help);
    return;
  }
  while (o && o->name && (strlen(o->name) != n || strncmp(o->name, c->part, n) != 0))
    o++;
  go_on(c, c->part + n + 1);
  if (o && o->name)
    offer_option_value(c, o);
}

/* -- keys of a scenario, and of the device and its model in it -- */

/* Keys below one place of a file, each with what follows it. */
struct keys {
  struct cr_completion *c;
  const char *of; /* "clients[]."; "": those of the file */
};

static void offer_key(void *ctx, const char *path)
{
  const struct keys *k = ctx;
  size_t n = strlen(k->of);
  if (strncmp(path, k->of, n) != 0 || strpbrk(path + n, ".["))
    return;
  cr_complete_offer(k->c, path + n, strlen(path + n), "=", NULL);
}

/* Groups of which keys of theirs can be given. */
static const char *const group[] = {"clients", "nodes", "jobs", "device", "model", "layers"};

static void offer_model_keys(struct cr_completion *c)
{
  for (uint32_t i = 0; i < CR_N_GPU_MECHANISM; i++)
    cr_complete_offer(c, cr_gpu_mechanism_info[i].name, strlen(cr_gpu_mechanism_info[i].name), "=",
                      cr_gpu_mechanism_info[i].help);
  for (uint32_t i = 0; i < CR_N_GPU_CONSTANT; i++)
    cr_complete_offer(c, cr_gpu_constant_info[i].name, strlen(cr_gpu_constant_info[i].name), "=",
                      cr_gpu_constant_info[i].help);
  cr_complete_offer(c, "fidelity", 8, "=", "which model follows the kernels");
}

static void offer_keys(struct cr_completion *c)
{
  const char *dot = strrchr(c->part, '.'), *is = strchr(c->part, '=');
  if (is)
    return;
  if (!dot) {
    struct keys all = {c, ""};
    for (size_t i = 0; i < sizeof group / sizeof *group; i++)
      cr_complete_offer(c, group[i], strlen(group[i]), ".", NULL);
    cr_scenario_each_key(offer_key, &all);
    return;
  }
  char of[120];
  size_t n = strcspn(c->part, ".[");
  int in_list = strncmp(c->part, "clients", n) == 0 || strncmp(c->part, "nodes", n) == 0;
  if (n + 5 > sizeof of)
    return;
  /* clients[0].rate, clients.camera.rate: the part between is one client, whichever. */
  const char *first = strchr(c->part, '.');
  int is_device = strncmp(c->part, "device.", 7) == 0, is_model = strncmp(c->part, "model.", 6) == 0;
  if (is_device)
    snprintf(of, sizeof of, "%.*s", (int)cr_min_u32((uint32_t)(dot - first), sizeof of - 1), first + 1);
  else
    snprintf(of, sizeof of, "%.*s%s.", (int)n, c->part, in_list ? "[]" : "");
  if (in_list && dot == first && c->part[n] == '.')
    return; /* a client's name, which only its file knows */
  go_on(c, dot + 1);
  struct keys keys = {c, of};
  if (is_model)
    offer_model_keys(c);
  else if (is_device)
    cr_device_each_key(offer_key, &keys);
  else
    cr_scenario_each_key(offer_key, &keys);
}

/* -- words -- */

static const struct source {
  const char *word;                       /* in capitals, as usage lines and option tables write it */
  void (*offer)(struct cr_completion *c); /* or NULL */
  int files;
} source[] = {
  {"ARGUMENT", NULL, 1},
  {"BASE", offer_devices, 1},
  {"COMMAND", NULL, 1},
  {"DEVICE", offer_devices, 1},
  {"DIR", NULL, 1},
  {"FILE", NULL, 1},
  {"FOLDER", NULL, 1},
  {"FORMAT", offer_formats, 0},
  {"JOBS", NULL, 1},
  {"KEY", offer_keys, 0},
  {"MODEL", offer_models, 0},
  {"PAGE", NULL, 1},
  {"PLATFORM", offer_platforms, 1},
  {"POLICY", offer_policies, 1},
  {"RUN", NULL, 1},
  {"SCENARIO", offer_scenarios, 1},
  {"STORE", NULL, 1},
  {"TABLE", offer_tables, 1},
  {"TASKS", offer_tasks, 1},
  {"TRUTH", offer_truths, 1},
};

static const struct source *find_source(const char *word, size_t n)
{
  for (size_t i = 0; i < sizeof source / sizeof *source; i++) {
    size_t k = 0;
    while (k < n && source[i].word[k] == toupper((unsigned char)word[k]))
      k++;
    if (k == n && !source[i].word[n])
      return &source[i];
  }
  return NULL;
}

/* "KIND is one of ...", then "  value  what it is", a line each, in the command's help; 0: nothing there. */
static int offer_from_help(struct cr_completion *c, const char *word, size_t n)
{
  static const char is_one[] = " is one of";
  for (const char *s = c->cmd->more; s && *s; s = strchr(s, '\n') ? strchr(s, '\n') + 1 : NULL) {
    if (strncmp(s, word, n) != 0 || strncmp(s + n, is_one, sizeof is_one - 1) != 0)
      continue;
    while ((s = strchr(s, '\n')) && strncmp(s, "\n  ", 3) == 0) {
      s += 3;
      size_t n_value = strcspn(s, " \n"), n_line = strcspn(s, "\n");
      size_t at = n_value + strspn(s + n_value, " ");
      char about[160];
      snprintf(about, sizeof about, "%.*s", (int)(n_line - at), s + at);
      cr_complete_offer(c, s, n_value, "", about);
    }
    return 1;
  }
  return 0;
}

/* One of the words between bars, of n characters; alone when there is one only. */
static void offer_word(struct cr_completion *c, const char *word, size_t n, int is_alone, const char *option)
{
  size_t n_capital = 0;
  while (n_capital < n && (isupper((unsigned char)word[n_capital]) || (n_capital && word[n_capital] == '-')))
    n_capital++;
  if (n_capital == 0 || (!is_alone && n == 1)) {
    if (!is_alone || islower((unsigned char)*word))
      cr_complete_offer(c, word, n, "", NULL);
    return;
  }
  if (offer_from_help(c, word, n_capital))
    return;
  const struct source *s = find_source(word, n_capital);
  if (!s && option)
    s = find_source(option, strlen(option));
  if (!s)
    return;
  c->files |= s->files && !(s->offer == offer_policies && strchr(c->part, ',')); /* after it come options */
  if (s->offer)
    s->offer(c);
  c->commands |= strcmp(s->word, "COMMAND") == 0;
}

void cr_complete_values(struct cr_completion *c, const char *arg, const char *option)
{
  int is_alone = !strchr(arg, '|');
  while (*arg) {
    size_t n = strcspn(arg, "|");
    struct cr_completion one = *c; /* a list may move the head */
    offer_word(&one, arg, n, is_alone, option);
    c->files |= one.files;
    c->commands |= one.commands;
    arg += n + (arg[n] == '|');
  }
}
