/* search_refine.c - a search goes on from the best it has, axis by axis.
 *
 * Along a range golden section takes over between the best step and its neighbours.  It only asks which of two places is
 * better, so that a bound that is crossed in between, where the cost jumps, is no worse for it than a smooth minimum: of a metric
 * that grows with the key, and is to be maximised, it comes as near to the bound as the tolerance says. */
#include "config.h"

#include <math.h>
#include <string.h>

#include <gsl/gsl_errno.h>
#include <gsl/gsl_min.h>

#include "studies/search_int.h"

enum { PASSES = 3, SECTIONS = 24, SHRINKS = 8 };

static const double TOLERANCE = 1e-3; /* of the range */
static const double GOLDEN = 0.381966;

/* What a minimiser minimises: any setting that keeps the bounds costs less than any that does not.  Finite. */
static double cost_of(const struct cr_score *s)
{
  const double beyond = 1e18, most = 1e6; /* no value of a metric comes near it: ns of 30 years are 1e18 */
  return s->excess > 0 ? beyond * (1 + fmin(s->excess, most)) : fmax(fmin(s->value, beyond), -beyond);
}

struct line {
  struct cr_search *s;
  uint32_t from, axis; /* the setting it goes through, and along which axis */
  double *at;          /* [n_axis] of a setting on it */
  int rc;              /* the first error: what comes after it is not asked for any more */
  struct cr_err *err;
};

static const struct cr_axis *axis_of(const struct line *l)
{
  return &l->s->family[l->s->setting[l->from].family].axis[l->axis];
}

/* Where in the range, 0 to 1, a number stands; a whole one in the middle of what is written so. */
static double share_of(const struct cr_axis *a, double value)
{
  double low = a->low, high = a->is_whole ? a->high + 1 : a->high, x = a->is_whole ? value + 0.5 : value;
  double share = a->is_log ? log(x / low) / log(high / low) : (x - low) / (high - low);
  return fmin(fmax(share, 0), 1);
}

/* The setting of the line at this place of the axis. */
static uint32_t setting_at(struct line *l, double place)
{
  const struct cr_setting *x = &l->s->setting[l->from];
  uint32_t n_axis = l->s->family[x->family].n_axis, out = CR_NONE;
  memcpy(l->at, x->at, n_axis * sizeof *l->at);
  l->at[l->axis] = place;
  if (l->rc == CR_OK)
    l->rc = cr_search_setting(l->s, x->family, l->at, &out, l->err);
  return l->rc == CR_OK ? out : CR_NONE;
}

/* Infinite costs are none for GSL: what cannot be tried any more costs most. */
static double cost_at(double share, void *ctx)
{
  struct line *l = ctx;
  uint32_t setting = setting_at(l, cr_search_rounded(axis_of(l), cr_axis_at(axis_of(l), share)));
  const struct cr_score none = {.excess = INFINITY, .value = INFINITY};
  if (l->rc == CR_OK && setting != CR_NONE)
    l->rc = cr_search_run_whole(l->s, &setting, 1, l->err);
  return cost_of(l->rc == CR_OK && setting != CR_NONE ? &l->s->setting[setting].score : &none);
}

/* All steps of the axis, together.  Returns the place of the best in step[n]. */
static uint32_t try_steps(struct line *l, const double *step, uint32_t n)
{
  uint32_t *setting = cr_mem_new(n, sizeof *setting), best = 0;
  if (!setting) {
    l->rc = cr_fail_nomem(l->err, "the settings");
    return 0;
  }
  for (uint32_t i = 0; i < n; i++)
    setting[i] = setting_at(l, step[i]);
  if (l->rc == CR_OK)
    l->rc = cr_search_run_whole(l->s, setting, n, l->err);
  for (uint32_t i = 0; l->rc == CR_OK && i < n; i++)
    if (setting[i] != CR_NONE && (setting[best] == CR_NONE || cr_score_is_better(&l->s->setting[setting[i]].score,
                                                                                 &l->s->setting[setting[best]].score)))
      best = i;
  cr_mem_free(setting);
  return best;
}

/* A least cost between two greater ones, in shares. */
struct bracket {
  double low, mid, high, at_low, at_mid, at_high; /* at_: costs */
};

/* The best step is the first or the last: the least cost may lie between it and its neighbour, however near to it.  0: it is
 * at the end itself. */
static int find_inside(struct line *l, struct bracket *b)
{
  int is_low = b->at_low <= b->at_high;
  for (int i = 0; i < SHRINKS && l->rc == CR_OK; i++) {
    b->mid = is_low ? b->low + GOLDEN * (b->high - b->low) : b->high - GOLDEN * (b->high - b->low);
    b->at_mid = cost_at(b->mid, l);
    if (b->at_mid < b->at_low && b->at_mid < b->at_high)
      return l->rc == CR_OK;
    if (is_low) {
      b->high = b->mid;
      b->at_high = b->at_mid;
    } else {
      b->low = b->mid;
      b->at_low = b->at_mid;
    }
  }
  return 0;
}

static void section(struct line *l, const struct bracket *b)
{
  gsl_min_fminimizer *m = gsl_min_fminimizer_alloc(gsl_min_fminimizer_goldensection);
  gsl_function f = {.function = cost_at, .params = l};
  double whole = axis_of(l)->is_whole ? 0.5 * fabs(share_of(axis_of(l), axis_of(l)->low + 1)) : 0;
  if (!m) {
    l->rc = cr_fail_nomem(l->err, "the minimiser");
    return;
  }
  gsl_error_handler_t *handler =
    gsl_set_error_handler_off(); /* a bracket that is none ends the section, not the program */
  int done = gsl_min_fminimizer_set_with_values(m, &f, b->mid, b->at_mid, b->low, b->at_low, b->high, b->at_high);
  for (int i = 0; i < SECTIONS && !done && l->rc == CR_OK && !l->s->is_cut; i++) {
    done = gsl_min_fminimizer_iterate(m);
    double width = gsl_min_fminimizer_x_upper(m) - gsl_min_fminimizer_x_lower(m);
    done |= width < fmax(TOLERANCE, whole);
  }
  gsl_set_error_handler(handler);
  gsl_min_fminimizer_free(m);
}

static void bracket(struct line *l, const double *step, uint32_t n, uint32_t best)
{
  const struct cr_axis *a = axis_of(l);
  struct bracket b = {.low = share_of(a, step[best ? best - 1 : 0]),
                      .mid = share_of(a, step[best]),
                      .high = share_of(a, step[best + 1 < n ? best + 1 : best])};
  b.at_low = cost_at(b.low, l);
  b.at_mid = cost_at(b.mid, l);
  b.at_high = cost_at(b.high, l);
  int is_inside = best > 0 && best + 1 < n ? b.at_mid < b.at_low && b.at_mid < b.at_high : find_inside(l, &b);
  if (is_inside && l->rc == CR_OK)
    section(l, &b);
}

/* Of whole numbers sections leave a few: the neighbours, as long as one is better. */
static void walk(struct line *l)
{
  const struct cr_axis *a = axis_of(l);
  for (uint32_t best = cr_search_best(l->s), was = CR_NONE; l->rc == CR_OK && best != was && !l->s->is_cut;) {
    was = best;
    if (l->s->setting[best].family != l->s->setting[l->from].family)
      return;
    l->from = best;
    double at = l->s->setting[best].at[l->axis];
    const double next[] = {fmax(at - 1, a->low), fmin(at + 1, a->high)};
    try_steps(l, next, 2);
    best = cr_search_best(l->s);
  }
}

static int refine_axis(struct cr_search *s, uint32_t from, uint32_t axis, struct cr_err *err)
{
  const struct cr_family *f = &s->family[s->setting[from].family];
  uint32_t n = cr_search_ladder(f, axis, NULL);
  double *step = cr_mem_new(n, sizeof *step), *at = cr_mem_new(f->n_axis, sizeof *at);
  struct line l = {.s = s, .from = from, .axis = axis, .at = at, .err = err};
  if (!step || !at)
    l.rc = cr_fail_nomem(err, "the settings");
  if (l.rc == CR_OK) {
    cr_search_ladder(f, axis, step);
    uint32_t best = try_steps(&l, step, n);
    if (l.rc == CR_OK && !f->axis[axis].value && n > 1)
      bracket(&l, step, n, best);
    if (l.rc == CR_OK && f->axis[axis].is_whole)
      walk(&l);
  }
  cr_mem_free(step);
  cr_mem_free(at);
  return l.rc;
}

int cr_search_refine(struct cr_search *s, struct cr_err *err)
{
  uint32_t best = cr_search_best(s), before = CR_NONE;
  int rc = CR_OK;
  for (int pass = 0; pass < PASSES && rc == CR_OK && best != CR_NONE && best != before && !s->is_cut; pass++) {
    before = best;
    const struct cr_family *f = &s->family[s->setting[best].family];
    for (uint32_t a = 0; rc == CR_OK && a < f->n_axis && !s->is_cut; a++) {
      rc = refine_axis(s, best, a, err);
      best = cr_search_best(s);
      if (&s->family[s->setting[best].family] != f)
        break;
    }
  }
  return rc;
}
