/* search.c - a search: its settings, halving, and fresh seeds. */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "studies/search_int.h"

#include "sim/rng.h"

enum { STEPS = 9, LEAST_KEPT = 4, CONFIRM_MAX = 5, DRAWS_A_SETTING = 20 };

const char *const cr_search_step_name[CR_N_STEP] = {"halving", "refining", "confirming"};

/* -- settings --------------------------------------------------------------------------------------------------------- */

static int grow(struct cr_search *s, struct cr_err *err)
{
  if (s->n_setting < s->cap)
    return CR_OK;
  uint32_t cap = s->cap ? 2 * s->cap : 64;
  struct cr_setting *more = cr_arena_take(s->arena, cap, sizeof *more);
  if (!more)
    return cr_fail_nomem(err, "the settings");
  if (s->n_setting)
    memcpy(more, s->setting, s->n_setting * sizeof *more);
  s->setting = more;
  s->cap = cap;
  return CR_OK;
}

static void forget(const struct cr_search *s, struct cr_setting *x)
{
  for (uint32_t i = 0; i < s->aim->n_metric * (s->n_seed + s->n_fresh); i++)
    x->value[i] = NAN;
  for (uint32_t m = 0; m < s->aim->n_metric; m++)
    cr_interval_t(NULL, 0, s->confidence, &x->of[m]);
  x->score = (struct cr_score){.excess = INFINITY, .value = INFINITY};
  x->n_seed = 0;
}

int cr_search_setting(struct cr_search *s, uint32_t family, const double *at, uint32_t *out, struct cr_err *err)
{
  const struct cr_family *f = &s->family[family];
  for (uint32_t i = 0; i < s->n_setting; i++) {
    const struct cr_setting *x = &s->setting[i];
    uint32_t a = 0;
    while (x->family == family && a < f->n_axis && x->at[a] >= at[a] && x->at[a] <= at[a])
      a++;
    if (x->family == family && a == f->n_axis) {
      *out = i;
      return CR_OK;
    }
  }
  if (s->n_setting >= s->tries_max) {
    s->is_cut = 1;
    *out = CR_NONE;
    return CR_OK;
  }
  uint32_t n_metric = s->aim->n_metric;
  struct cr_setting x = {.family = family, .length_ppm = CR_SEARCH_WHOLE};
  x.at = cr_arena_take(s->arena, f->n_axis, sizeof *x.at);
  x.value = cr_arena_take(s->arena, (size_t)n_metric * (s->n_seed + s->n_fresh), sizeof *x.value);
  x.of = cr_arena_take(s->arena, n_metric, sizeof *x.of);
  x.fresh = cr_arena_take(s->arena, n_metric, sizeof *x.fresh);
  int rc = x.at && x.value && x.of && x.fresh ? grow(s, err) : cr_fail_nomem(err, "the settings");
  if (rc != CR_OK)
    return rc;
  for (uint32_t a = 0; a < f->n_axis; a++)
    x.at[a] = at[a];
  forget(s, &x);
  *out = s->n_setting;
  s->setting[s->n_setting++] = x;
  return CR_OK;
}

double cr_search_rounded(const struct cr_axis *a, double value)
{
  char text[CR_AXIS_VALUE];
  return strtod(cr_axis_print(a, value, text), NULL); /* its unit ends the number */
}

char *cr_search_value(const struct cr_search *s, uint32_t setting, uint32_t axis, char *buf, int *is_usual)
{
  const struct cr_family *f = &s->family[s->setting[setting].family];
  const struct cr_axis *a = &f->axis[axis];
  double at = s->setting[setting].at[axis];
  *is_usual = at >= f->usual[axis] && at <= f->usual[axis]; /* a NAN is not */
  if (!a->value)
    return cr_axis_print(a, at, buf);
  strncpy(buf, a->value[(uint32_t)at], CR_AXIS_VALUE - 1);
  buf[CR_AXIS_VALUE - 1] = '\0';
  return buf;
}

uint32_t cr_search_ladder(const struct cr_family *f, uint32_t axis, double *out)
{
  const struct cr_axis *a = &f->axis[axis];
  double step[CR_LADDER_MAX], usual = f->usual[axis];
  uint32_t n = 0;
  for (uint32_t i = 0; a->value && out && i < a->n_value; i++)
    out[i] = i;
  if (a->value)
    return a->n_value;
  int has_usual = isnan(usual);
  for (int i = 0; i < STEPS; i++) {
    double value = cr_search_rounded(a, cr_axis_at(a, (double)i / (STEPS - 1)));
    if (!has_usual && usual <= value) {
      step[n++] = usual;
      has_usual = 1;
    }
    if (!n || value > step[n - 1])
      step[n++] = value;
  }
  if (!has_usual)
    step[n++] = usual;
  for (uint32_t i = 0; out && i < n; i++)
    out[i] = step[i];
  return n;
}

/* -- runs ------------------------------------------------------------------------------------------------------------- */

static double *values(const struct cr_search *s, const struct cr_setting *x, uint32_t metric)
{
  return x->value + (size_t)metric * (s->n_seed + s->n_fresh);
}

void cr_search_put(struct cr_search *s, const struct cr_trial *trial, const double *value)
{
  struct cr_setting *x = &s->setting[trial->setting];
  s->n_run++;
  s->n_failed += !value;
  x->n_failed += !value;
  for (uint32_t m = 0; value && m < s->aim->n_metric; m++)
    values(s, x, m)[trial->seed] = value[m];
}

static void score(struct cr_search *s, struct cr_setting *x)
{
  int is_whole = x->n_seed == s->n_seed && x->length_ppm == CR_SEARCH_WHOLE;
  for (uint32_t m = 0; m < s->aim->n_metric; m++)
    cr_interval_t(values(s, x, m), x->n_seed, s->confidence, &x->of[m]);
  cr_aim_score(s->aim, x->of, is_whole, &x->score);
  if (x->n_failed)
    x->score = (struct cr_score){.excess = INFINITY, .value = INFINITY};
}

/* The seeds that settings lack up to n_seed; what they have of shorter runs is forgotten. */
static int run_up_to(struct cr_search *s, const uint32_t *setting, uint32_t n, uint32_t n_seed, uint32_t length_ppm,
                     struct cr_err *err)
{
  struct cr_trial *trial = cr_mem_new((size_t)n * n_seed + 1, sizeof *trial);
  uint32_t n_trial = 0;
  if (!trial)
    return cr_fail_nomem(err, "the runs");
  for (uint32_t i = 0; i < n; i++) {
    struct cr_setting *x = setting[i] == CR_NONE ? NULL : &s->setting[setting[i]];
    if (!x || x->n_failed)
      continue;
    if (x->length_ppm != length_ppm)
      forget(s, x);
    x->length_ppm = length_ppm;
    for (; x->n_seed < n_seed; x->n_seed++)
      trial[n_trial++] = (struct cr_trial){.setting = setting[i], .seed = x->n_seed, .length_ppm = length_ppm};
  }
  int rc = n_trial ? s->run(s->ctx, trial, n_trial, err) : CR_OK;
  for (uint32_t i = 0; rc != CR_OK && i < n_trial; i++) { /* what was begun does not count */
    struct cr_setting *x = &s->setting[trial[i].setting];
    x->n_seed = cr_min_u32(x->n_seed, trial[i].seed);
  }
  for (uint32_t i = 0; i < n; i++)
    if (setting[i] != CR_NONE)
      score(s, &s->setting[setting[i]]);
  cr_mem_free(trial);
  return rc;
}

int cr_search_run_whole(struct cr_search *s, const uint32_t *setting, uint32_t n, struct cr_err *err)
{
  return run_up_to(s, setting, n, s->n_seed, CR_SEARCH_WHOLE, err);
}

int cr_search_is_whole(const struct cr_search *s, uint32_t setting)
{
  const struct cr_setting *x = &s->setting[setting];
  return x->n_seed == s->n_seed && x->length_ppm == CR_SEARCH_WHOLE;
}

/* -- order ------------------------------------------------------------------------------------------------------------ */

/* How many axes stand elsewhere than usually. */
static uint32_t count_unusual(const struct cr_search *s, const struct cr_setting *x)
{
  const struct cr_family *f = &s->family[x->family];
  uint32_t n = 0;
  for (uint32_t a = 0; a < f->n_axis; a++)
    n += x->at[a] < f->usual[a] || x->at[a] > f->usual[a];
  return n;
}

/* a before b: has gone farther, is better, is nearer to what is usual, or was thought of before. */
static int is_before(const struct cr_search *s, uint32_t a, uint32_t b)
{
  const struct cr_setting *x = &s->setting[a], *y = &s->setting[b];
  if (!x->n_failed != !y->n_failed)
    return !x->n_failed;
  if (x->length_ppm != y->length_ppm)
    return x->length_ppm > y->length_ppm;
  if (x->n_seed != y->n_seed)
    return x->n_seed > y->n_seed;
  if (cr_score_is_better(&x->score, &y->score) || cr_score_is_better(&y->score, &x->score))
    return cr_score_is_better(&x->score, &y->score);
  uint32_t n = count_unusual(s, x), m = count_unusual(s, y);
  return n != m ? n < m : a < b;
}

/* By insertion: there are hundreds. */
static void sort(const struct cr_search *s, uint32_t *setting, uint32_t n)
{
  for (uint32_t i = 1; i < n; i++) {
    uint32_t moved = setting[i], k = i;
    for (; k > 0 && is_before(s, moved, setting[k - 1]); k--)
      setting[k] = setting[k - 1];
    setting[k] = moved;
  }
}

int cr_search_order(const struct cr_search *s, uint32_t **out, struct cr_err *err)
{
  uint32_t *order = cr_arena_take(s->arena, s->n_setting, sizeof *order);
  if (!order)
    return cr_fail_nomem(err, "the settings");
  for (uint32_t i = 0; i < s->n_setting; i++)
    order[i] = i;
  sort(s, order, s->n_setting);
  *out = order;
  return CR_OK;
}

uint32_t cr_search_best(const struct cr_search *s)
{
  uint32_t best = CR_NONE;
  for (uint32_t i = 0; i < s->n_setting; i++)
    if (cr_search_is_whole(s, i) && (best == CR_NONE || is_before(s, i, best)))
      best = i;
  return best;
}

/* -- where it begins ---------------------------------------------------------------------------------------------------- */

static uint64_t count_settings(const struct cr_family *f)
{
  uint64_t n = 1;
  for (uint32_t a = 0; a < f->n_axis && n <= UINT32_MAX; a++)
    n *= cr_search_ladder(f, a, NULL);
  return n;
}

/* The n-th setting of the crossed ladders, the last axis fastest. */
static void place_at(const struct cr_family *f, uint64_t n, double *step, double *at)
{
  for (uint32_t a = f->n_axis; a-- > 0;) {
    uint32_t n_step = cr_search_ladder(f, a, step);
    at[a] = step[n % n_step];
    n /= n_step;
  }
}

/* The first stands where everything usually does, as far as anybody knows. */
static void draw_at(const struct cr_search *s, uint32_t family, uint32_t n, double *step, double *at)
{
  const struct cr_family *f = &s->family[family];
  for (uint32_t a = 0; a < f->n_axis; a++) {
    uint32_t n_step = cr_search_ladder(f, a, step), entity = family * 1024 + a;
    double u = cr_draw_unit(s->draw_seed, CR_RNG_SEARCH, entity, n);
    at[a] = n == 0 && !isnan(f->usual[a]) ? f->usual[a] : step[cr_min_u32((uint32_t)(u * n_step), n_step - 1)];
  }
}

static int begin_family(struct cr_search *s, uint32_t family, uint32_t room, struct cr_err *err)
{
  const struct cr_family *f = &s->family[family];
  uint64_t n_all = count_settings(f);
  uint32_t n_step = CR_LADDER_MAX, first = s->n_setting, ignored;
  int is_drawn = n_all > room, rc = CR_OK;
  for (uint32_t a = 0; a < f->n_axis; a++)
    n_step = f->axis[a].n_value > n_step ? f->axis[a].n_value : n_step;
  double *step = cr_mem_new(n_step, sizeof *step), *at = cr_mem_new(f->n_axis + 1, sizeof *at);
  if (!step || !at)
    rc = cr_fail_nomem(err, "the settings");
  for (uint64_t n = 0;
       rc == CR_OK && s->n_setting - first < room && n < (is_drawn ? (uint64_t)room * DRAWS_A_SETTING : n_all); n++) {
    if (is_drawn)
      draw_at(s, family, (uint32_t)n, step, at);
    else
      place_at(f, n, step, at);
    rc = cr_search_setting(s, family, at, &ignored, err);
  }
  cr_mem_free(step);
  cr_mem_free(at);
  return rc;
}

/* Half of the tries are for the second step, where all do not fit. */
static int begin(struct cr_search *s, struct cr_err *err)
{
  uint64_t n_all = 0;
  int rc = CR_OK;
  for (uint32_t f = 0; f < s->n_family && n_all <= UINT32_MAX; f++)
    n_all += count_settings(&s->family[f]);
  uint32_t room = n_all <= s->tries_max ? s->tries_max : (s->tries_max + 1) / 2, share = room / s->n_family;
  for (uint32_t f = 0; rc == CR_OK && f < s->n_family; f++)
    rc = begin_family(s, f, n_all <= room ? room : share ? share : 1, err);
  return rc;
}

/* -- halving ------------------------------------------------------------------------------------------------------------ */

/* Those that go on are put first; returns how many. */
static uint32_t keep_better(const struct cr_search *s, uint32_t *setting, uint32_t n)
{
  uint32_t keep = (n + 1) / 2 > LEAST_KEPT ? (n + 1) / 2 : cr_min_u32(n, LEAST_KEPT), n_kept = 0;
  sort(s, setting, n);
  for (uint32_t i = 0; i < n; i++) {
    const struct cr_setting *x = &s->setting[setting[i]];
    int is_first = 1;
    for (uint32_t k = 0; is_first && k < i; k++)
      is_first = s->setting[setting[k]].family != x->family;
    if (x->n_failed || (i >= keep && !is_first))
      continue;
    uint32_t kept = setting[i];
    memmove(setting + n_kept + 1, setting + n_kept, (i - n_kept) * sizeof *setting);
    setting[n_kept++] = kept;
  }
  return n_kept;
}

/* How many rungs lie below the last one: seeds are halved down to one, or the length to a quarter. */
static uint32_t count_rungs(const struct cr_search *s)
{
  uint32_t n = 0;
  for (uint32_t seeds = s->n_seed; seeds > 1; seeds = (seeds + 1) / 2)
    n++;
  return s->n_seed == 1 && s->can_shorten ? 2 : n;
}

static int halve(struct cr_search *s, struct cr_err *err)
{
  uint32_t n = s->n_setting, n_rung = count_rungs(s);
  uint32_t *setting = cr_mem_new(n, sizeof *setting);
  if (!setting)
    return cr_fail_nomem(err, "the settings");
  for (uint32_t i = 0; i < n; i++)
    setting[i] = i;
  int rc = CR_OK;
  for (uint32_t rung = n_rung + 1; rc == CR_OK && rung-- > 0;) {
    uint32_t n_seed = s->n_seed, length_ppm = s->n_seed == 1 ? CR_SEARCH_WHOLE >> rung : CR_SEARCH_WHOLE;
    for (uint32_t i = 0; i < rung; i++)
      n_seed = (n_seed + 1) / 2;
    if (rung && n <= LEAST_KEPT)
      continue; /* all go on anyway */
    rc = run_up_to(s, setting, n, n_seed, length_ppm, err);
    if (rc == CR_OK && rung)
      n = keep_better(s, setting, n);
  }
  cr_mem_free(setting);
  return rc;
}

int cr_search_run(struct cr_search *s, struct cr_err *err)
{
  s->step = CR_STEP_HALVING;
  int rc = begin(s, err);
  rc = rc ? rc : halve(s, err);
  s->step = CR_STEP_REFINING;
  return rc ? rc : cr_search_refine(s, err);
}

/* -- fresh seeds ---------------------------------------------------------------------------------------------------------- */

static int try_fresh(struct cr_search *s, uint32_t setting, struct cr_err *err)
{
  struct cr_setting *x = &s->setting[setting];
  struct cr_trial *trial = cr_mem_new(s->n_fresh, sizeof *trial);
  struct cr_score of_means;
  uint32_t n_failed = x->n_failed;
  if (!trial)
    return cr_fail_nomem(err, "the runs");
  for (uint32_t i = 0; i < s->n_fresh; i++)
    trial[i] = (struct cr_trial){.setting = setting, .seed = s->n_seed + i, .length_ppm = CR_SEARCH_WHOLE};
  int rc = s->run(s->ctx, trial, s->n_fresh, err);
  for (uint32_t m = 0; rc == CR_OK && m < s->aim->n_metric; m++)
    cr_interval_t(values(s, x, m) + s->n_seed, s->n_fresh, s->confidence, &x->fresh[m]);
  if (rc == CR_OK) {
    cr_aim_score(s->aim, x->fresh, 0, &of_means);
    x->confirmed = of_means.excess > 0 || x->n_failed > n_failed ? CR_CONFIRM_NOT_MET : CR_CONFIRM_MET;
  }
  cr_mem_free(trial);
  return rc;
}

int cr_search_confirm(struct cr_search *s, uint32_t *out, struct cr_err *err)
{
  uint32_t *order;
  int rc = cr_search_order(s, &order, err);
  s->step = CR_STEP_CONFIRMING;
  *out = CR_NONE;
  for (uint32_t i = 0; rc == CR_OK && *out == CR_NONE && i < cr_min_u32(s->n_setting, CONFIRM_MAX); i++) {
    const struct cr_setting *x = &s->setting[order[i]];
    if (!cr_search_is_whole(s, order[i]) || x->score.excess > 0)
      break;
    rc = try_fresh(s, order[i], err);
    if (rc == CR_OK && x->confirmed == CR_CONFIRM_MET)
      *out = order[i];
  }
  return rc;
}
