/* cmd_tune_space.c - what a search may vary: keys of the scenario that --over names, and the options of policies, of
 * which their tables say the kind and the range. */
#include "config.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "policies/list.h"
#include "sim/cli_study.h"
#include "sim/cmd_tune.h"
#include "sim/mem.h"
#include "sim/option.h"

enum { FEW = 8 /* whole numbers that are tried one by one */, AXES_MAX = 64, WIDE = 100 /* a range for logarithms */ };

/* -- axes of options ---------------------------------------------------------------------------------------------------- */

static int split_choices(struct cr_arena *arena, const char *choices, struct cr_axis *a, struct cr_err *err)
{
  char *text = cr_arena_text(arena, choices);
  uint32_t n = 1;
  for (const char *c = choices; *c; c++)
    n += *c == '|';
  a->value = cr_arena_take(arena, n, sizeof *a->value);
  if (!text || !a->value)
    return cr_fail_nomem(err, "the options");
  for (; text; a->n_value++) {
    char *bar = strchr(text, '|');
    if (bar)
      *bar = '\0';
    a->value[a->n_value] = text;
    text = bar ? bar + 1 : NULL;
  }
  return CR_OK;
}

static int list_numbers(struct cr_arena *arena, const struct cr_opt *o, struct cr_axis *a, struct cr_err *err)
{
  a->n_value = (uint32_t)(o->max - o->min + 1);
  a->value = cr_arena_take(arena, a->n_value, sizeof *a->value);
  for (uint32_t i = 0; a->value && i < a->n_value; i++) {
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, o->min + i);
    a->value[i] = cr_arena_text(arena, text);
    if (!a->value[i])
      return cr_fail_nomem(err, "the options");
  }
  return a->value ? CR_OK : cr_fail_nomem(err, "the options");
}

/* Written in a unit in which six digits are enough; a wide range begins where something changes, at 1us or a thousandth. */
static void make_range(const struct cr_opt *o, struct cr_axis *a, double *unit)
{
  double least = 1;
  *unit = 1;
  a->unit = "";
  a->is_whole = o->kind == CR_OPT_COUNT;
  if (o->kind == CR_OPT_NS) {
    *unit = 1e6;
    least = 1e3;
    a->unit = "ms";
  } else if (o->kind == CR_OPT_BYTES) {
    *unit = least = 1024 * 1024;
    a->unit = "MiB";
  } else if (o->kind == CR_OPT_PPM || o->kind == CR_OPT_FACTOR) {
    *unit = 1e6;
    least = 1e3;
  }
  a->is_log = o->min >= 0 && (double)o->max / fmax((double)o->min, least) >= WIDE;
  a->low = (a->is_log ? fmax((double)o->min, least) : (double)o->min) / *unit;
  a->high = (double)o->max / *unit;
}

/* usual: the option's default as a place of the axis. */
static int make_option(struct cr_arena *arena, const struct cr_opt *o, int64_t fallback, struct cr_axis *a,
                       double *usual, struct cr_err *err)
{
  double unit;
  a->key = o->name;
  *usual = (double)fallback;
  if (o->kind == CR_OPT_BOOL)
    return split_choices(arena, "no|yes", a, err);
  if (o->kind == CR_OPT_CHOICE)
    return split_choices(arena, o->choices, a, err);
  if (o->kind == CR_OPT_COUNT && o->max - o->min < FEW) {
    *usual = (double)(fallback - o->min);
    return list_numbers(arena, o, a, err);
  }
  make_range(o, a, &unit);
  *usual = (double)fallback / unit;
  return CR_OK;
}

/* Whether "name=" is among the options a policy was named with. */
static int is_said(const char *options, const char *name)
{
  size_t n = strlen(name);
  for (const char *c = options; c; c = strchr(c, ',') ? strchr(c, ',') + 1 : NULL)
    if (strncmp(c, name, n) == 0 && c[n] == '=')
      return 1;
  return 0;
}

/* -- what --over names ---------------------------------------------------------------------------------------------------- */

static int read_over(struct cr_tune *t, const char *word, struct cr_axis *out, struct cr_err *err)
{
  const char *equals = strchr(word, '='), *rest = equals ? equals + 1 : "";
  if (strstr(rest, "..") && !strpbrk(rest, "[{\"',"))
    return cr_axis_read_range(t->arena, "--over", word, out, err);
  int rc = cr_axis_read_values(t->arena, "--over", word, out, err);
  return rc ? rc : cr_axis_check_distinct(out, "--over", word, err);
}

/* Whether a key is an option of the policy: reef.dq. */
static int is_of_policy(const struct cr_tune *t, uint32_t policy, const char *key)
{
  const char *name = t->policy[policy].opened.ops->name;
  size_t n = strlen(name);
  return strncmp(key, name, n) == 0 && key[n] == '.';
}

static int is_of_any(const struct cr_tune *t, const char *key)
{
  for (uint32_t p = 0; p < t->n_policy; p++)
    if (is_of_policy(t, p, key))
      return 1;
  return 0;
}

static int check_key(const struct cr_tune *t, const char *word, const char *key, struct cr_err *err)
{
  const char *set;
  if (strcmp(key, "seed") == 0)
    return cr_fail(err, CR_EINPUT, "--over %.120s: seeds are given by --seeds", word);
  if (strcmp(key, "policies") == 0)
    return cr_fail(err, CR_EINPUT, "--over %.120s: policies are given by -p", word);
  size_t n_policy = strcspn(key, ".");
  if (key[n_policy] && cr_policy_find(key, n_policy))
    return cr_fail(err, CR_EINPUT, "--over %.120s: policy %.*s is not searched; name it with -p, too", word,
                   (int)n_policy, key);
  for (uint32_t i = 0; i < t->n_key; i++)
    if (cr_axis_meets(key, t->key[i].key))
      return cr_fail(err, CR_EINPUT, "--over %.120s: %.100s is the same key, or one is part of the other", word,
                     t->key[i].key);
  for (uint32_t i = 0; (set = cr_design_word(t->study.words, CR_DESIGN_SET, i)); i++) {
    char of_set[CR_AXIS_VALUE];
    snprintf(of_set, sizeof of_set, "%.*s", (int)cr_min_u32((uint32_t)strcspn(set, "="), sizeof of_set - 1), set);
    if (cr_axis_meets(key, of_set))
      return cr_fail(err, CR_EINPUT, "--set %.100s: the search varies %.100s; it is one or the other", set, key);
  }
  return CR_OK;
}

static int find_keys(struct cr_tune *t, struct cr_err *err)
{
  int rc = CR_OK;
  t->key = cr_arena_take(t->arena, t->n_over + 1, sizeof *t->key);
  if (!t->key)
    return cr_fail_nomem(err, "the keys");
  for (uint32_t i = 0; rc == CR_OK && i < t->n_over; i++) {
    struct cr_axis a;
    rc = read_over(t, t->over[i], &a, err);
    if (rc != CR_OK || is_of_any(t, a.key))
      continue;
    rc = check_key(t, t->over[i], a.key, err);
    if (rc == CR_OK)
      t->key[t->n_key++] = a;
  }
  return rc;
}

/* The values that --over says of an option; *found 0: nothing. */
static int find_over(struct cr_tune *t, uint32_t policy, const char *option, struct cr_axis *out, int *found,
                     struct cr_err *err)
{
  *found = 0;
  for (uint32_t i = 0; i < t->n_over; i++) {
    const char *word = t->over[i], *dot = strchr(word, '.');
    size_t n = strlen(option);
    if (!is_of_policy(t, policy, word) || strncmp(dot + 1, option, n) != 0 || dot[1 + n] != '=')
      continue;
    if (*found)
      return cr_fail(err, CR_EINPUT, "--over %.120s: %.60s is varied already", word, out->key);
    int rc = read_over(t, word, out, err);
    if (rc != CR_OK)
      return rc;
    if (is_said(t->policy[policy].opened.options, option))
      return cr_fail(err, CR_EINPUT, "--over %.120s: policy %.100s says what it is; it is one or the other", word,
                     t->policy[policy].spec);
    out->key = strchr(out->key, '.') + 1;
    *found = 1;
  }
  return CR_OK;
}

/* Every --over of an option is of one that its policy has, with values that it takes. */
static int check_overs(const struct cr_tune *t, uint32_t policy, struct cr_err *err)
{
  for (uint32_t i = 0; i < t->n_over; i++) {
    const char *dot = strchr(t->over[i], '.');
    const struct cr_policy_ops *ops = t->policy[policy].opened.ops;
    if (!is_of_policy(t, policy, t->over[i]))
      continue;
    const struct cr_opt *o = ops->options;
    size_t n = strcspn(dot + 1, "=");
    while (o && o->name && (strncmp(o->name, dot + 1, n) != 0 || o->name[n]))
      o++;
    if (o && o->name)
      continue;
    char spec[160];
    struct cr_cli_policy none = {0};
    snprintf(spec, sizeof spec, "%.60s,%.90s", ops->name, dot + 1);
    int rc = cr_cli_policy_open(spec, &none, err); /* says which options there are */
    cr_cli_policy_close(&none);
    return rc != CR_OK ? cr_fail_in(err, rc, "--over %.100s", t->over[i]) : rc;
  }
  return CR_OK;
}

/* -- families --------------------------------------------------------------------------------------------------------------- */

static int add_options(struct cr_tune *t, uint32_t policy, struct cr_family *f, struct cr_err *err)
{
  const struct cr_opt *table = t->policy[policy].opened.ops->options;
  uint32_t n_opt = cr_opt_count(table);
  int64_t *fallback = cr_arena_take(t->arena, n_opt + 1, sizeof *fallback);
  int rc = fallback ? cr_opt_parse(table, NULL, fallback, "options", err) : cr_fail_nomem(err, "the options");
  for (uint32_t i = 0; rc == CR_OK && i < n_opt; i++) {
    struct cr_axis *a = &f->axis[f->n_axis];
    int found;
    rc = find_over(t, policy, table[i].name, a, &found, err);
    if (rc == CR_OK && !found &&
        (t->keep_options || is_said(t->policy[policy].opened.options, table[i].name) || f->n_axis == AXES_MAX))
      continue;
    f->usual[f->n_axis] = NAN;
    if (rc == CR_OK && !found)
      rc = make_option(t->arena, &table[i], fallback[i], a, &f->usual[f->n_axis], err);
    f->n_axis += rc == CR_OK;
  }
  return rc;
}

static int make_families(struct cr_tune *t, struct cr_err *err)
{
  struct cr_family *family = cr_arena_take(t->arena, t->n_policy, sizeof *family);
  int rc = family ? CR_OK : cr_fail_nomem(err, "the policies");
  for (uint32_t p = 0; rc == CR_OK && p < t->n_policy; p++) {
    struct cr_family *f = &family[p];
    uint32_t room = t->n_key + cr_opt_count(t->policy[p].opened.ops->options) + 1;
    f->axis = cr_arena_take(t->arena, room, sizeof *f->axis);
    f->usual = cr_arena_take(t->arena, room, sizeof *f->usual);
    if (!f->axis || !f->usual)
      return cr_fail_nomem(err, "the policies");
    for (; f->n_axis < t->n_key; f->n_axis++) {
      f->axis[f->n_axis] = t->key[f->n_axis];
      f->usual[f->n_axis] = NAN;
    }
    rc = check_overs(t, p, err);
    rc = rc ? rc : add_options(t, p, f, err);
  }
  t->search.family = family;
  t->search.n_family = t->n_policy;
  return rc;
}

int cr_tune_open_policies(struct cr_tune *t, struct cr_err *err)
{
  const char *spec;
  uint32_t n = cr_design_count(t->study.words, CR_DESIGN_POLICY);
  int rc = CR_OK;
  t->policy = cr_arena_take(t->arena, n, sizeof *t->policy);
  if (!t->policy)
    return cr_fail_nomem(err, "the policies");
  for (; rc == CR_OK && (spec = cr_design_word(t->study.words, CR_DESIGN_POLICY, t->n_policy)); t->n_policy++) {
    t->policy[t->n_policy].spec = spec;
    rc = cr_cli_policy_open(spec, &t->policy[t->n_policy].opened, err);
  }
  return rc;
}

/* -- settings --------------------------------------------------------------------------------------------------------------- */

void cr_tune_add_policy(const struct cr_tune *t, uint32_t setting, struct cr_text *out)
{
  uint32_t policy = t->search.setting[setting].family;
  char value[CR_AXIS_VALUE];
  int is_usual;
  cr_text_add(out, "%s", t->policy[policy].spec);
  for (uint32_t a = t->n_key; a < t->search.family[policy].n_axis; a++) {
    cr_search_value(&t->search, setting, a, value, &is_usual);
    if (!is_usual)
      cr_text_add(out, ",%s=%s", t->search.family[policy].axis[a].key, value);
  }
}

/* The scenario with these values of the keys, [n_key] places. */
static int load(const struct cr_tune *t, const double *at, struct cr_cli_scenario *out, struct cr_err *err)
{
  char(*text)[CR_AXIS_VALUE] = cr_mem_new(t->n_key + 1, sizeof *text);
  const char **value = cr_mem_new(t->n_key + 1, sizeof *value), **key = cr_mem_new(t->n_key + 1, sizeof *key);
  int rc = text && value && key ? CR_OK : cr_fail_nomem(err, "a setting");
  for (uint32_t k = 0; rc == CR_OK && k < t->n_key; k++) {
    const struct cr_axis *a = &t->key[k];
    key[k] = a->key;
    value[k] = a->value ? a->value[(uint32_t)at[k]] : cr_axis_print(a, at[k], text[k]);
  }
  rc = rc ? rc : cr_cli_study_load(t->study.words, key, value, t->n_key, out, err);
  cr_mem_free(text);
  cr_mem_free(value);
  cr_mem_free(key);
  return rc;
}

static int check_places(const struct cr_tune *t, struct cr_err *err)
{
  const char **key = cr_arena_take(t->arena, t->n_key, sizeof *key);
  if (!key)
    return cr_fail_nomem(err, "the keys");
  for (uint32_t k = 0; k < t->n_key; k++)
    key[k] = t->key[k].key;
  return cr_cli_study_check_keys(t->study.words, key, t->n_key, t->base.as_divided, "the search", err);
}

/* Each value of each key once, or both ends of a range, with the first of the others. */
static int check_values(struct cr_tune *t, double *at, struct cr_err *err)
{
  int rc = CR_OK;
  for (uint32_t k = 0; k < t->n_key; k++)
    at[k] = t->key[k].value ? 0 : t->key[k].low;
  rc = load(t, at, &t->base, err);
  rc = rc ? rc : check_places(t, err);
  for (uint32_t k = 0; rc == CR_OK && k < t->n_key; k++) {
    double first = at[k];
    for (uint32_t i = 1; rc == CR_OK && i < (t->key[k].value ? t->key[k].n_value : 2); i++) {
      struct cr_cli_scenario s = {0};
      at[k] = t->key[k].value ? i : t->key[k].high;
      rc = load(t, at, &s, err);
      cr_cli_scenario_free(&s);
    }
    at[k] = first;
  }
  return rc;
}

int cr_tune_make_space(struct cr_tune *t, struct cr_err *err)
{
  int rc = find_keys(t, err);
  double *at = rc == CR_OK ? cr_arena_take(t->arena, t->n_key + 1, sizeof *at) : NULL;
  if (rc == CR_OK && !at)
    rc = cr_fail_nomem(err, "the keys");
  rc = rc ? rc : check_values(t, at, err);
  return rc ? rc : make_families(t, err);
}
