/* search.h - a search for the best setting of what varies: policies, their options, and keys of a scenario.
 *
 * Settings come in families, one a policy, whose axes are crossed.  A range is first a ladder of a few values.
 *
 * 1. Successive halving (Jamieson and Talwalkar, AISTATS 2016): all settings, or a drawn part of them where there are too
 *    many, run with few seeds; the better half goes on with twice as many, and so on until the last have had all.  With one
 *    seed it is the length of the run that doubles.  The best of every family always goes on, so that families are
 *    compared at their best.
 * 2. From the best, axis by axis: all its values and steps, and of a range what lies between its best step and the
 *    neighbours, by golden section (GSL).  That is repeated until nothing is better.
 * 3. The best are run with fresh seeds, in order, until one keeps the goals there too.
 *
 * Seeds are the same for all settings, and what is run next follows from results by their place alone: whoever runs
 * them, in whatever order, the answer is the same. */
#ifndef CR_SEARCH_H
#define CR_SEARCH_H
#include "studies/axis.h"
#include "studies/goal.h"

enum { CR_SEARCH_WHOLE = 1000000 }; /* of the length of a run, in millionths */

struct cr_family {
  uint32_t n_axis;
  struct cr_axis *axis; /* [n_axis] */
  double *usual;        /* [n_axis] where it stands when nothing is said, as in cr_setting; NAN: nobody knows */
};

/* How a setting did with seeds it was not chosen by. */
enum cr_confirmed { CR_CONFIRM_NOT_TRIED, CR_CONFIRM_MET, CR_CONFIRM_NOT_MET };

struct cr_setting {
  uint32_t family;
  double *at;      /* [n_axis] of its family: the place of the value, or the number in the range */
  uint32_t n_seed; /* so many seeds were run, from the first on */
  uint32_t length_ppm;
  uint32_t n_failed;      /* of them */
  double *value;          /* [n_metric * all seeds], NAN: not known */
  struct cr_interval *of; /* [n_metric] */
  struct cr_score score;  /* with all seeds: bounds are kept for sure; before: by the means */
  enum cr_confirmed confirmed;
  struct cr_interval *fresh; /* [n_metric], when it was tried */
};

/* What it is at. */
enum cr_search_step { CR_STEP_HALVING, CR_STEP_REFINING, CR_STEP_CONFIRMING, CR_N_STEP };
extern const char *const cr_search_step_name[CR_N_STEP];

/* One run: a setting with the seed of that number, for a part of its length. */
struct cr_trial {
  uint32_t setting, seed, length_ppm;
};

struct cr_search {
  struct cr_arena *arena;
  const struct cr_aim *aim;
  const struct cr_family *family; /* [n_family] */
  uint32_t n_family;
  uint32_t n_seed, n_fresh; /* numbers below n_seed are of the search, those behind it are fresh */
  double confidence;
  uint32_t tries_max; /* settings */
  uint64_t draw_seed; /* of which settings are drawn, where there are more */
  int can_shorten;    /* runs have a length */
  /* A round: runs them all, in any order, and calls cr_search_put for each. */
  int (*run)(void *ctx, const struct cr_trial *trial, uint32_t n, struct cr_err *err);
  void *ctx;

  struct cr_setting *setting; /* [n_setting], in the order they were thought of */
  uint32_t n_setting, cap;
  uint32_t n_run, n_failed; /* of the search */
  enum cr_search_step step;
  int is_cut; /* tries_max was reached before nothing was better */
};

/* Steps 1 and 2. */
int cr_search_run(struct cr_search *s, struct cr_err *err) CR_MUST;

/* Step 3.  *out: the setting that keeps all goals, or CR_NONE. */
int cr_search_confirm(struct cr_search *s, uint32_t *out, struct cr_err *err) CR_MUST;

/* What a run said: value is [n_metric]; NULL: it failed. */
void cr_search_put(struct cr_search *s, const struct cr_trial *trial, const double *value);

/* Settings from the best to the worst, [n_setting] in the arena; those that went farther come before the others.  The first is
 * the nearest where none keeps all goals. */
int cr_search_order(const struct cr_search *s, uint32_t **out, struct cr_err *err) CR_MUST;

/* Whether it was run with all seeds, at full length. */
int cr_search_is_whole(const struct cr_search *s, uint32_t setting);

/* The value of an axis as it is written; buf has CR_AXIS_VALUE bytes and is returned.  is_usual: it need not be said. */
char *cr_search_value(const struct cr_search *s, uint32_t setting, uint32_t axis, char *buf, int *is_usual);

#endif
