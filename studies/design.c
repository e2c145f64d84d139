/* design.c - the design of a sweep. */
#include "config.h"

#include "studies/design.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sim/rng.h"
#include "sim/unit.h"

enum { RUNS_MAX = 1000000, SEEDS_MAX = 100000, AXES_MAX = 64 };

enum axis_kind { GRID, LIST, RANDOM };

struct cr_design_axis {
  struct cr_axis of;
  enum axis_kind kind;
  uint32_t n_value, stride; /* of points; n_value of random draws: samples */
  uint32_t draw;            /* which of the random axes it is */
  uint64_t seed;
};

const char *const cr_design_option[CR_N_DESIGN] = {
  "the scenario",  "-d",         "--traces",   "--set",    "--grid",  "--list",        "--random", "--samples",
  "--sample-seed", "-p",         "--seeds",    "--metric", "--until", "--confidence",  "--over",   "--keep-options",
  "--goal",        "--maximize", "--minimize", "--fresh",  "--tries", "--search-seed",
};

const char *const cr_design_name[CR_N_DESIGN] = {
  "scenario",    "device",   "traces",   "set",     "grid",  "list",        "random", "samples",
  "sample_seed", "policies", "seeds",    "metrics", "until", "confidence",  "over",   "keep_options",
  "goal",        "maximize", "minimize", "fresh",   "tries", "search_seed",
};

/* -- words ------------------------------------------------------------------------------------------------------------ */

int cr_design_add(struct cr_design_words *w, enum cr_design_kind kind, const char *word, struct cr_err *err)
{
  if (w->n == w->cap) {
    uint32_t cap = w->cap ? 2 * w->cap : 32;
    enum cr_design_kind *more_kind = cr_arena_take(w->arena, cap, sizeof *more_kind);
    const char **more_word = cr_arena_take(w->arena, cap, sizeof *more_word);
    if (!more_kind || !more_word)
      return cr_fail_nomem(err, "the design");
    if (w->n) {
      memcpy(more_kind, w->kind, w->n * sizeof *more_kind);
      memcpy(more_word, w->word, w->n * sizeof *more_word);
    }
    w->kind = more_kind;
    w->word = more_word;
    w->cap = cap;
  }
  w->kind[w->n] = kind;
  w->word[w->n] = cr_arena_text(w->arena, word);
  if (!w->word[w->n])
    return cr_fail_nomem(err, "the design");
  w->n++;
  return CR_OK;
}

const char *cr_design_word(const struct cr_design_words *w, enum cr_design_kind kind, uint32_t i)
{
  for (uint32_t k = 0; k < w->n; k++)
    if (w->kind[k] == kind && i-- == 0)
      return w->word[k];
  return NULL;
}

uint32_t cr_design_count(const struct cr_design_words *w, enum cr_design_kind kind)
{
  uint32_t n = 0;
  for (uint32_t k = 0; k < w->n; k++)
    n += w->kind[k] == kind;
  return n;
}

int cr_design_is_search(const struct cr_design_words *w)
{
  return cr_design_count(w, CR_DESIGN_GOAL) || cr_design_count(w, CR_DESIGN_MAXIMIZE) ||
         cr_design_count(w, CR_DESIGN_MINIMIZE);
}

int cr_design_differs(const struct cr_design_words *kept, const struct cr_design_words *given, char *buf, size_t n)
{
  for (int kind = 0; kind < CR_N_DESIGN; kind++)
    for (uint32_t i = 0;; i++) {
      const char *a = cr_design_word(kept, (enum cr_design_kind)kind, i),
                 *b = cr_design_word(given, (enum cr_design_kind)kind, i);
      if (!a && !b)
        break;
      if (a && b && strcmp(a, b) == 0)
        continue;
      if (a && b)
        snprintf(buf, n, "of its %s it has %.80s, not %.80s", cr_design_name[kind], a, b);
      else if (a)
        snprintf(buf, n, "it has %s %.80s, which is not asked for now", cr_design_name[kind], a);
      else
        snprintf(buf, n, "it has not %s %.80s", cr_design_name[kind], b);
      return 1;
    }
  return 0;
}

/* -- axes ------------------------------------------------------------------------------------------------------------- */

static int refuse(enum cr_design_kind kind, const char *word, struct cr_err *err, const char *sentence)
{
  return cr_fail(err, CR_EINPUT, "%s %.200s: %s", cr_design_option[kind], word, sentence);
}

static int check_keys(const struct cr_design *d, struct cr_err *err)
{
  for (uint32_t i = 0; i < d->n_axis; i++) {
    for (uint32_t k = 0; k < i; k++)
      if (cr_axis_meets(d->axis[i].of.key, d->axis[k].of.key))
        return cr_fail(
          err, CR_EINPUT,
          "%.100s and %.100s are the same key, or one is part of the other: it can be varied in one way only",
          d->axis[k].of.key, d->axis[i].of.key);
    const char *set;
    for (uint32_t k = 0; (set = cr_design_word(d->words, CR_DESIGN_SET, k)); k++) {
      char key[CR_DESIGN_VALUE];
      snprintf(key, sizeof key, "%.*s", (int)cr_min_u32((uint32_t)strcspn(set, "="), sizeof key - 1), set);
      if (cr_axis_meets(d->axis[i].of.key, key))
        return cr_fail(err, CR_EINPUT, "--set %.100s: the sweep varies %.100s; it is one or the other", set,
                       d->axis[i].of.key);
    }
  }
  return CR_OK;
}

static int count_of(const struct cr_design_words *w, enum cr_design_kind kind, uint32_t least, uint32_t most,
                    uint32_t *out, struct cr_err *err)
{
  const char *word = cr_design_word(w, kind, 0);
  int64_t value;
  int rc = cr_parse_count(word, cr_design_option[kind], &value, err);
  if (rc == CR_OK && (value < least || value > most))
    rc = cr_fail(err, CR_EINPUT, "%s %s: it must be from %u to %u", cr_design_option[kind], word, least, most);
  if (rc == CR_OK)
    *out = (uint32_t)value;
  return rc;
}

static int read_samples(struct cr_design *d, uint64_t *seed, struct cr_err *err)
{
  const struct cr_design_words *w = d->words;
  uint32_t value = 1;
  int has = cr_design_count(w, CR_DESIGN_RANDOM) > 0, given = cr_design_count(w, CR_DESIGN_SAMPLES) > 0;
  if (has && !given)
    return cr_fail(err, CR_EINPUT, "--random needs --samples N: how many points are drawn");
  if (!has && (given || cr_design_count(w, CR_DESIGN_SAMPLE_SEED)))
    return cr_fail(err, CR_EINPUT, "--samples and --sample-seed are of --random, which is not given");
  int rc = given ? count_of(w, CR_DESIGN_SAMPLES, 1, RUNS_MAX, &d->n_sample, err) : CR_OK;
  if (rc == CR_OK && cr_design_count(w, CR_DESIGN_SAMPLE_SEED))
    rc = count_of(w, CR_DESIGN_SAMPLE_SEED, 0, INT32_MAX, &value, err);
  *seed = value;
  return rc;
}

static int add_axis(struct cr_design *d, enum cr_design_kind kind, const char *word, struct cr_err *err)
{
  struct cr_design_axis *a = &d->axis[d->n_axis];
  struct cr_arena *arena = d->words->arena;
  a->kind = kind == CR_DESIGN_GRID ? GRID : kind == CR_DESIGN_LIST ? LIST : RANDOM;
  int rc = a->kind == RANDOM ? cr_axis_read_range(arena, cr_design_option[kind], word, &a->of, err)
                             : cr_axis_read_values(arena, cr_design_option[kind], word, &a->of, err);
  if (rc == CR_OK && a->kind == GRID)
    rc = cr_axis_check_distinct(&a->of, cr_design_option[kind], word, err);
  if (rc == CR_OK && strcmp(a->of.key, "seed") == 0)
    rc = refuse(kind, word, err, "seeds are given by --seeds");
  if (rc == CR_OK && strcmp(a->of.key, "policies") == 0)
    rc = refuse(kind, word, err, "policies are given by -p");
  a->n_value = a->of.n_value;
  d->n_axis += rc == CR_OK;
  return rc;
}

static int make_axes(struct cr_design *d, struct cr_err *err)
{
  static const enum cr_design_kind kinds[] = {CR_DESIGN_GRID, CR_DESIGN_LIST, CR_DESIGN_RANDOM};
  const char *word, *first = NULL;
  uint64_t seed = 1;
  int rc = read_samples(d, &seed, err);
  d->axis = cr_arena_take(d->words->arena, AXES_MAX, sizeof *d->axis);
  if (!d->axis)
    return cr_fail_nomem(err, "the design");
  for (int k = 0; rc == CR_OK && k < 3; k++)
    for (uint32_t i = 0; rc == CR_OK && (word = cr_design_word(d->words, kinds[k], i)); i++) {
      if (d->n_axis == AXES_MAX)
        return cr_fail(err, CR_EINPUT, "a sweep varies %d keys at most", AXES_MAX);
      rc = add_axis(d, kinds[k], word, err);
      struct cr_design_axis *a = &d->axis[d->n_axis - 1];
      if (rc == CR_OK && a->kind == LIST) {
        if (i && a->n_value != d->n_row)
          return cr_fail(err, CR_EINPUT,
                         "--list %.100s has %u values and --list %.100s %u; lists go together, value by value", first,
                         d->n_row, word, a->n_value);
        d->n_row = a->n_value;
        first = i ? first : word;
      }
      if (rc == CR_OK && a->kind == RANDOM) {
        a->draw = i;
        a->seed = seed;
        a->n_value = d->n_sample;
      }
    }
  if (rc != CR_OK)
    return rc;
  uint64_t stride = (uint64_t)d->n_sample * d->n_row;
  for (uint32_t i = d->n_axis; i-- > 0;) {
    struct cr_design_axis *a = &d->axis[i];
    if (a->kind != GRID) {
      a->stride = a->kind == RANDOM ? 1 : d->n_sample;
      continue;
    }
    if (stride > RUNS_MAX)
      break;
    a->stride = (uint32_t)stride;
    stride *= a->n_value;
  }
  if (stride > RUNS_MAX)
    return cr_fail(err, CR_EINPUT, "the design has more than %d points; leave out keys or values", RUNS_MAX);
  d->n_point = (uint32_t)stride;
  return check_keys(d, err);
}

/* -- seeds, policies, metrics ------------------------------------------------------------------------------------------- */

struct seeds {
  enum cr_design_kind kind;
  uint64_t *seed; /* [n], of SEEDS_MAX */
  uint32_t n;
};

static int add_seed(struct seeds *s, const char *word, uint64_t seed, struct cr_err *err)
{
  for (uint32_t i = 0; i < s->n; i++)
    if (s->seed[i] == seed)
      return cr_fail(err, CR_EINPUT, "%s %.100s: %" PRIu64 " is there twice", cr_design_option[s->kind], word, seed);
  s->seed[s->n++] = seed;
  return CR_OK;
}

/* One part between commas: "7" or "1..10". */
static int add_seeds(struct seeds *s, const char *word, char *part, struct cr_err *err)
{
  const char *option = cr_design_option[s->kind];
  int64_t low, high;
  char *dots = strstr(part, "..");
  if (dots)
    *dots = '\0';
  int rc = cr_parse_count(part, "seed", &low, err);
  high = low;
  if (rc == CR_OK && dots)
    rc = cr_parse_count(dots + 2, "seed", &high, err);
  if (rc != CR_OK)
    return cr_fail_in(err, rc, "%s %.100s", option, word);
  if (high < low)
    return refuse(s->kind, word, err, "is an empty range: the lower seed comes first");
  if (high - low >= SEEDS_MAX || (uint64_t)(high - low) + s->n >= SEEDS_MAX)
    return cr_fail(err, CR_EINPUT, "%s %.100s: more than %d", option, word, SEEDS_MAX);
  for (int64_t one = low; rc == CR_OK && one <= high; one++)
    rc = add_seed(s, word, (uint64_t)one, err);
  return rc;
}

int cr_design_seeds(const struct cr_design_words *w, enum cr_design_kind kind, uint64_t **out, uint32_t *n,
                    struct cr_err *err)
{
  struct seeds s = {.kind = kind, .seed = cr_arena_take(w->arena, SEEDS_MAX, sizeof *s.seed)};
  const char *word;
  int rc = s.seed ? CR_OK : cr_fail_nomem(err, "the design");
  for (uint32_t i = 0; rc == CR_OK && (word = cr_design_word(w, kind, i)); i++) {
    char *rest = cr_arena_text(w->arena, word);
    if (!rest)
      return cr_fail_nomem(err, "the design");
    while (rc == CR_OK && rest) {
      char *part = rest, *comma = strchr(rest, ',');
      if (comma)
        *comma = '\0';
      rest = comma ? comma + 1 : NULL;
      rc = add_seeds(&s, word, part, err);
    }
  }
  if (rc == CR_OK) {
    *out = s.seed;
    *n = s.n;
  }
  return rc;
}

static int make_lists(struct cr_design *d, struct cr_err *err)
{
  struct cr_arena *arena = d->words->arena;
  d->n_policy = cr_design_count(d->words, CR_DESIGN_POLICY);
  d->n_metric = cr_design_count(d->words, CR_DESIGN_METRIC);
  d->policy = cr_arena_take(arena, d->n_policy, sizeof *d->policy);
  d->metric = cr_arena_take(arena, d->n_metric, sizeof *d->metric);
  if (!d->policy || !d->metric)
    return cr_fail_nomem(err, "the design");
  for (uint32_t i = 0; i < d->n_policy; i++) {
    d->policy[i] = cr_design_word(d->words, CR_DESIGN_POLICY, i);
    for (uint32_t k = 0; k < i; k++)
      if (strcmp(d->policy[i], d->policy[k]) == 0)
        return cr_fail(err, CR_EINPUT, "policy %.100s is there twice", d->policy[i]);
  }
  for (uint32_t i = 0; i < d->n_metric; i++) {
    int rc = cr_run_metric_parse(cr_design_word(d->words, CR_DESIGN_METRIC, i), &d->metric[i], err);
    if (rc != CR_OK)
      return rc;
    for (uint32_t k = 0; k < i; k++)
      if (strcmp(d->metric[i].text, d->metric[k].text) == 0)
        return cr_fail(err, CR_EINPUT, "metric %s is there twice", d->metric[i].text);
  }
  return CR_OK;
}

static int share_of(const struct cr_design_words *w, enum cr_design_kind kind, double *out, struct cr_err *err)
{
  const char *word = cr_design_word(w, kind, 0);
  int64_t ppm;
  if (!word)
    return CR_OK;
  int rc = cr_parse_ppm(word, cr_design_option[kind], &ppm, err);
  if (rc == CR_OK && (ppm == 0 || ppm == 1000000))
    rc = cr_fail(err, CR_EINPUT, "%s %s: it must lie between 0 and 100%%", cr_design_option[kind], word);
  if (rc == CR_OK)
    *out = (double)ppm / 1e6;
  return rc;
}

static int check_single(const struct cr_design_words *w, struct cr_err *err)
{
  static const enum cr_design_kind single[] = {CR_DESIGN_SCENARIO,    CR_DESIGN_DEVICE,      CR_DESIGN_SAMPLES,
                                               CR_DESIGN_SAMPLE_SEED, CR_DESIGN_UNTIL,       CR_DESIGN_CONFIDENCE,
                                               CR_DESIGN_TRIES,       CR_DESIGN_SEARCH_SEED, CR_DESIGN_KEEP_OPTIONS};
  for (size_t i = 0; i < sizeof single / sizeof *single; i++)
    if (cr_design_count(w, single[i]) > 1)
      return cr_fail(err, CR_EINPUT, "%s is given twice: %.100s and %.100s", cr_design_option[single[i]],
                     cr_design_word(w, single[i], 0), cr_design_word(w, single[i], 1));
  return CR_OK;
}

int cr_design_make(const struct cr_design_words *w, struct cr_design *out, struct cr_err *err)
{
  struct cr_design d = {.words = w, .n_row = 1, .n_sample = 1, .n_point = 1, .confidence = 0.95};
  int rc = check_single(w, err);
  rc = rc ? rc : make_axes(&d, err);
  rc = rc ? rc : cr_design_seeds(w, CR_DESIGN_SEEDS, &d.seed, &d.n_seed, err);
  rc = rc ? rc : make_lists(&d, err);
  rc = rc ? rc : share_of(w, CR_DESIGN_UNTIL, &d.until, err);
  rc = rc ? rc : share_of(w, CR_DESIGN_CONFIDENCE, &d.confidence, err);
  if (rc == CR_OK && d.until > 0 && d.n_seed < 3)
    rc = cr_fail(err, CR_EINPUT, "--until needs three seeds or more to choose from: --seeds 1..100");
  if (rc == CR_OK && (uint64_t)d.n_point * d.n_policy * d.n_seed > RUNS_MAX)
    rc = cr_fail(err, CR_EINPUT, "%u points x %u policies x %u seeds are more than %d runs", d.n_point, d.n_policy,
                 d.n_seed, RUNS_MAX);
  if (rc == CR_OK)
    *out = d;
  return rc;
}

/* -- points ----------------------------------------------------------------------------------------------------------- */

const char *cr_design_key(const struct cr_design *d, uint32_t axis)
{
  return d->axis[axis].of.key;
}

char *cr_design_value(const struct cr_design *d, uint32_t axis, uint32_t point, char *buf)
{
  const struct cr_design_axis *a = &d->axis[axis];
  uint32_t at = point / a->stride % a->n_value;
  if (a->kind == RANDOM)
    cr_axis_print(&a->of, cr_axis_at(&a->of, cr_draw_unit(a->seed, CR_RNG_SWEEP, a->draw, at)), buf);
  else
    snprintf(buf, CR_DESIGN_VALUE, "%s", a->of.value[at]);
  return buf;
}

void cr_design_describe(const struct cr_design *d, uint32_t point, struct cr_text *out)
{
  char value[CR_DESIGN_VALUE];
  for (uint32_t a = 0; a < d->n_axis; a++)
    cr_text_add(out, "%s%s=%s", a ? ", " : "", d->axis[a].of.key, cr_design_value(d, a, point, value));
}
