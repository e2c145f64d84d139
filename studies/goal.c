/* goal.c - what a search is for. */
#include "config.h"

#include "studies/goal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sim/unit.h"

/* The place of a metric among those of the aim, which it joins. */
static int add_metric(struct cr_aim *a, const char *text, uint32_t *out, struct cr_err *err)
{
  struct cr_run_metric m;
  int rc = cr_run_metric_parse(text, &m, err);
  if (rc != CR_OK)
    return rc;
  if (!a->metric) {
    a->metric = cr_arena_take(a->arena, CR_GOALS_MAX + 1, sizeof *a->metric);
    a->goal = cr_arena_take(a->arena, CR_GOALS_MAX, sizeof *a->goal);
    if (!a->metric || !a->goal)
      return cr_fail_nomem(err, "the goals");
  }
  uint32_t i = 0;
  while (i < a->n_metric && strcmp(a->metric[i].text, m.text) != 0)
    i++;
  if (i == a->n_metric)
    a->metric[a->n_metric++] = m;
  *out = i;
  return CR_OK;
}

/* In the metric's unit, which must be the one that is written. */
static int parse_bound(const struct cr_run_metric *m, const char *text, const char *goal, double *out,
                       struct cr_err *err)
{
  const char *unit = cr_run_metric_unit(m), *want = "a number, such as 100";
  int64_t whole = 0;
  double value = 0;
  int rc;
  if (strcmp(unit, "ns") == 0) {
    rc = cr_parse_ns(text, m->text, &whole, NULL);
    value = (double)whole;
    want = "a time, such as 5ms";
  } else if (strcmp(unit, "1/s") == 0) {
    rc = cr_parse_rate(text, m->text, &value, NULL);
    want = "a rate, such as 100/s";
  } else if (strcmp(unit, "ratio") == 0) {
    rc = cr_parse_ppm(text, m->text, &whole, NULL);
    value = (double)whole / 1e6;
    want = "a share, such as 1%";
  } else {
    rc = cr_parse_real(text, m->text, &value, NULL);
    rc = rc == CR_OK && value < 0 ? CR_EINPUT : rc;
  }
  if (rc != CR_OK)
    return cr_fail(err, CR_EINPUT, "--goal %.120s: %s is compared with %s, not '%.40s'", goal, m->text, want, text);
  *out = value;
  return CR_OK;
}

static int check_against(const struct cr_aim *a, const struct cr_goal *g, struct cr_err *err)
{
  for (uint32_t i = 0; i < a->n_goal; i++) {
    const struct cr_goal *other = &a->goal[i], *upper = g->is_upper ? g : other, *lower = g->is_upper ? other : g;
    if (other->metric != g->metric)
      continue;
    if (other->is_upper == g->is_upper)
      return cr_fail(err, CR_EINPUT, "--goal %.120s: %.120s bounds it already; leave one out", g->text, other->text);
    if (upper->bound < lower->bound)
      return cr_fail(err, CR_EINPUT, "--goal %.120s: contradicts %.120s: nothing meets both", g->text, other->text);
  }
  return CR_OK;
}

int cr_aim_add_goal(struct cr_aim *a, const char *text, struct cr_err *err)
{
  char metric[CR_METRIC_TEXT + 20];
  size_t n = strcspn(text, "<>");
  if (!text[n] || n == 0 || n >= sizeof metric)
    return cr_fail(err, CR_EINPUT, "--goal %.120s: write it as METRIC<BOUND or METRIC>BOUND, such as p99(rt)<5ms",
                   text);
  if (a->n_goal == CR_GOALS_MAX)
    return cr_fail(err, CR_EINPUT, "--goal %.120s: there are %d at most", text, CR_GOALS_MAX);
  snprintf(metric, sizeof metric, "%.*s", (int)n, text);
  const char *bound = text + n + 1;
  bound += *bound == '=';
  bound += strspn(bound, " ");
  struct cr_goal g = {.is_upper = text[n] == '<', .text = cr_arena_text(a->arena, text)};
  if (!g.text)
    return cr_fail_nomem(err, "the goals");
  int rc = add_metric(a, metric, &g.metric, err);
  if (rc != CR_OK)
    return cr_fail_in(err, rc, "--goal %.120s", text);
  rc = parse_bound(&a->metric[g.metric], bound, text, &g.bound, err);
  rc = rc ? rc : check_against(a, &g, err);
  if (rc == CR_OK)
    a->goal[a->n_goal++] = g;
  return rc;
}

int cr_aim_set_best(struct cr_aim *a, const char *option, const char *text, struct cr_err *err)
{
  if (a->best != CR_NONE)
    return cr_fail(err, CR_EINPUT,
                   "%s %.120s: one metric at a time: %s is to be %s already; bound the others with --goal", option,
                   text, a->metric[a->best].text, a->is_greatest ? "maximised" : "minimised");
  a->is_greatest = strcmp(option, "--maximize") == 0;
  int rc = add_metric(a, text, &a->best, err);
  return rc == CR_OK ? rc : cr_fail_in(err, rc, "%s", option);
}

/* By how much of the bound the value lies beyond it; below 0: it keeps it. */
static double beyond(const struct cr_goal *g, double value)
{
  double by = g->is_upper ? value - g->bound : g->bound - value;
  return g->bound > 0 ? by / g->bound : by;
}

double cr_goal_excess(const struct cr_goal *g, const struct cr_interval *of, int is_sure)
{
  double limit = g->is_upper ? of->t_high : of->t_low;
  double value = is_sure && isfinite(limit) ? limit : of->mean;
  return isfinite(value) ? fmax(beyond(g, value), 0) : INFINITY;
}

void cr_aim_score(const struct cr_aim *a, const struct cr_interval *of, int is_sure, struct cr_score *out)
{
  struct cr_score s = {.excess = 0, .value = -INFINITY};
  for (uint32_t i = 0; i < a->n_goal; i++) {
    const struct cr_goal *g = &a->goal[i];
    s.excess += cr_goal_excess(g, &of[g->metric], is_sure);
    if (a->best == CR_NONE)
      s.value = fmax(s.value, beyond(g, of[g->metric].mean));
  }
  if (a->best != CR_NONE)
    s.value = a->is_greatest ? -of[a->best].mean : of[a->best].mean;
  if (!isfinite(s.value))
    s = (struct cr_score){.excess = INFINITY, .value = INFINITY};
  *out = s;
}

int cr_score_is_better(const struct cr_score *a, const struct cr_score *b)
{
  if (a->excess < b->excess || a->excess > b->excess)
    return a->excess < b->excess;
  return a->value < b->value;
}
