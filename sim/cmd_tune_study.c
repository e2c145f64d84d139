/* cmd_tune_study.c - what a search is of, from its words; and its results, from its database alone. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sim/cmd_tune.h"
#include "sim/mem.h"

enum { SEEDS_MAX = 1000 };

/* -- words ------------------------------------------------------------------------------------------------------------ */

static int add_missing(struct cr_design_words *w, enum cr_design_kind kind, const char *word, struct cr_err *err)
{
  return cr_design_count(w, kind) ? CR_OK : cr_design_add(w, kind, word, err);
}

/* As many as are searched with, behind the greatest of those. */
static int add_fresh(struct cr_design_words *w, struct cr_err *err)
{
  uint64_t *seed, greatest = 0;
  uint32_t n;
  char word[60];
  int rc = cr_design_seeds(w, CR_DESIGN_SEEDS, &seed, &n, err);
  if (rc != CR_OK)
    return rc;
  for (uint32_t i = 0; i < n; i++)
    greatest = seed[i] > greatest ? seed[i] : greatest;
  snprintf(word, sizeof word, "%" PRIu64 "..%" PRIu64, greatest + 1, greatest + n);
  return add_missing(w, CR_DESIGN_FRESH, word, err);
}

int cr_tune_complete_words(struct cr_design_words *words, struct cr_err *err)
{
  int rc = add_missing(words, CR_DESIGN_SEEDS, "1..8", err);
  rc = rc ? rc : add_missing(words, CR_DESIGN_TRIES, "200", err);
  rc = rc ? rc : add_missing(words, CR_DESIGN_SEARCH_SEED, "1", err);
  return rc ? rc : add_fresh(words, err);
}

static int make_aim(const struct cr_design_words *w, struct cr_aim *aim, struct cr_err *err)
{
  int rc = CR_OK;
  *aim = (struct cr_aim){.arena = w->arena, .best = CR_NONE};
  for (uint32_t i = 0; rc == CR_OK && i < w->n; i++)
    switch (w->kind[i]) {
    case CR_DESIGN_GOAL:
      rc = cr_aim_add_goal(aim, w->word[i], err);
      break;
    case CR_DESIGN_MAXIMIZE:
    case CR_DESIGN_MINIMIZE:
      rc = cr_aim_set_best(aim, cr_design_option[w->kind[i]], w->word[i], err);
      break;
    default:
      break;
    }
  return rc;
}

static int has_seed(const uint64_t *seed, uint32_t n, uint64_t of)
{
  for (uint32_t i = 0; i < n; i++)
    if (seed[i] == of)
      return 1;
  return 0;
}

/* Those of the search, then the fresh ones. */
static int join_seeds(const struct cr_design *d, struct cr_tune_study *out, struct cr_err *err)
{
  uint64_t *fresh;
  uint32_t n_fresh;
  int rc = cr_design_seeds(d->words, CR_DESIGN_FRESH, &fresh, &n_fresh, err);
  if (rc != CR_OK)
    return rc;
  if (d->n_seed > SEEDS_MAX || n_fresh > SEEDS_MAX)
    return cr_fail(err, CR_EINPUT, "%u seeds: a search takes %d at most", d->n_seed > n_fresh ? d->n_seed : n_fresh,
                   SEEDS_MAX);
  out->seed = cr_arena_take(d->words->arena, (size_t)d->n_seed + n_fresh, sizeof *out->seed);
  if (!out->seed)
    return cr_fail_nomem(err, "the seeds");
  for (uint32_t i = 0; i < d->n_seed; i++)
    out->seed[i] = d->seed[i];
  for (uint32_t i = 0; i < n_fresh; i++) {
    out->seed[d->n_seed + i] = fresh[i];
    if (has_seed(d->seed, d->n_seed, fresh[i]))
      return cr_fail(err, CR_EINPUT, "--fresh %.100s: %" PRIu64 " is searched with, and so not fresh",
                     cr_design_word(d->words, CR_DESIGN_FRESH, 0), fresh[i]);
  }
  out->judge.n_seed = d->n_seed;
  out->judge.n_fresh = n_fresh;
  return CR_OK;
}

int cr_tune_study_make(const struct cr_design_words *words, struct cr_tune_study *out, struct cr_err *err)
{
  struct cr_design d;
  *out = (struct cr_tune_study){.words = words};
  int rc = make_aim(words, &out->aim, err);
  rc = rc ? rc : cr_design_make(words, &d, err);
  rc = rc ? rc : join_seeds(&d, out, err);
  if (rc != CR_OK)
    return rc;
  out->judge.aim = &out->aim;
  out->judge.confidence = d.confidence;
  return CR_OK;
}

/* -- a database ------------------------------------------------------------------------------------------------------- */

struct kept {
  struct cr_design_words words;
  struct cr_tune_study study;
  struct cr_search_log log;
  struct cr_ranking ranking;
};

static int read_kept(const char *path, struct kept *k, struct cr_err *err)
{
  struct cr_tune_study *s = &k->study;
  int rc = cr_studydb_words(path, &k->words, err);
  if (rc != CR_OK)
    return rc;
  rc = cr_tune_study_make(&k->words, s, err);
  if (rc != CR_OK)
    return cr_fail_in(err, rc, "%s", path);
  k->log = (struct cr_search_log){
    .arena = k->words.arena, .n_metric = s->aim.n_metric, .n_seed = s->judge.n_seed + s->judge.n_fresh};
  const struct cr_studydb_head head = {.words = &k->words};
  rc = cr_studydb_read_search(path, &head, &k->log, &k->ranking, err);
  if (rc == CR_OK && !k->ranking.is_over)
    rc = cr_ranking_of_log(&s->judge, &k->log, &k->ranking, err);
  return rc;
}

int cr_tune_show(const char *path, enum cr_format format, struct cr_text *out, struct cr_err *err)
{
  struct kept k = {.words = {.arena = cr_arena_new()}};
  const struct cr_tune_found found = {.study = &k.study, .log = &k.log, .ranking = &k.ranking};
  int rc = k.words.arena ? read_kept(path, &k, err) : cr_fail_nomem(err, "the results");
  rc = rc ? rc : cr_tune_report(&found, format, 0, out, err);
  cr_arena_free(k.words.arena);
  return rc;
}
