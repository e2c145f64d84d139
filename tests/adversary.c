/* adversary.c - looks for releases and execution times that break a bound.
 *
 * Times of sets are multiples of FINE, releases are not: what begins just before something else arrives does so by a
 * fraction. */
#include "config.h"

#include "tests/adversary.h"

#include <string.h>

#include "sim/rng.h"

enum { FINE = 16, PERIODS = 2 };

const char *const adversary_term_name[ADVERSARY_N_TERM] = {"nothing", "the stage term", "the blocking term",
                                                           "the carry-in", "the SM term"};

/* Numbers of one entity, in order. */
struct draws {
  uint64_t seed, n;
  uint32_t entity;
};

static cr_ns below(struct draws *d, cr_ns n)
{
  return n > 0 ? (cr_ns)(cr_draw(d->seed, CR_RNG_TEST, d->entity, d->n++) % (uint64_t)n) : 0;
}

/* --- task sets ---------------------------------------------------------------------------------------------------------- */

static void sort_by_period(struct adversary_set *s)
{
  for (uint32_t i = 1; i < s->a.n_task; i++)
    for (uint32_t j = i; j > 0 && s->period_ns[j] < s->period_ns[j - 1]; j--) {
      cr_ns period = s->period_ns[j], cost[PIPELINE_NODE_MAX];
      size_t row = s->a.n_node * sizeof *cost;
      s->period_ns[j] = s->period_ns[j - 1];
      s->period_ns[j - 1] = period;
      memcpy(cost, &s->cost_ns[j * s->a.n_node], row);
      memcpy(&s->cost_ns[j * s->a.n_node], &s->cost_ns[(j - 1) * s->a.n_node], row);
      memcpy(&s->cost_ns[(j - 1) * s->a.n_node], cost, row);
    }
}

void adversary_draw_set(uint64_t seed, struct adversary_set *out)
{
  struct draws d = {.seed = seed, .entity = 0};
  memset(out, 0, sizeof *out);
  uint32_t n_task = 2 + (uint32_t)below(&d, PIPELINE_TASK_MAX - 1), n_node = 1 + (uint32_t)below(&d, PIPELINE_NODE_MAX);
  cr_ns skip = below(&d, 3), stretch = 1 + below(&d, 4);
  for (uint32_t i = 0; i < n_task; i++) {
    cr_ns sum = 0, *cost = &out->cost_ns[i * n_node];
    for (uint32_t k = 0; k < n_node; k++)
      sum += cost[k] = below(&d, 4) < skip ? 0 : FINE * (1 + below(&d, 20));
    if (!sum)
      sum = cost[below(&d, n_node)] = FINE * (1 + below(&d, 20));
    out->period_ns[i] = sum + below(&d, stretch * n_task * (sum / 2 + 10 * FINE));
  }
  for (uint32_t i = 0; i < n_task; i++)
    out->limit_ns[i] = 100000 * FINE;
  out->a = (struct cr_rta){n_task, n_node, out->period_ns, out->period_ns, out->cost_ns, out->limit_ns, 100000 * FINE};
  sort_by_period(out);
}

/* --- bound D by another hand, from its statement, without a term --------------------------------------------------------- */

/* S, M and SM of h as seen from i, walking h's path from stage to stage. */
static void walk(const cr_ns *h, const cr_ns *i, uint32_t n_node, cr_ns *sum, cr_ns *most, int64_t *n_split)
{
  cr_ns piece = 0;
  int was_on = 0, left = 0;
  *sum = *most = 0;
  *n_split = 0;
  for (uint32_t k = 0; k < n_node; k++) {
    if (h[k] && !i[k])
      left = was_on;
    if (!h[k] || !i[k])
      continue;
    if (left) {
      *n_split += 1;
      *sum += piece;
      piece = 0;
    }
    was_on = 1;
    left = 0;
    piece = h[k] > piece ? h[k] : piece;
    *most = h[k] > *most ? h[k] : *most;
  }
  *sum += piece;
}

static cr_ns one_bound(const struct cr_rta *a, uint32_t i, enum adversary_term without, const cr_ns *response_ns)
{
  const cr_ns *c = &a->cost_ns[i * a->n_node];
  cr_ns base = 0, last = 0;
  for (uint32_t k = 0; k < a->n_node; k++) {
    cr_ns above = 0, lower = 0;
    if (!c[k])
      continue;
    if (last && without != ADVERSARY_STAGE) { /* the node before this one was not the last */
      uint32_t before = k;
      while (!c[--before])
        ;
      for (uint32_t h = 0; h <= i; h++)
        above = cr_max_ns(above, a->cost_ns[h * a->n_node + before]);
    }
    for (uint32_t l = i + 1; l < a->n_task; l++)
      lower = cr_max_ns(lower, a->cost_ns[l * a->n_node + k]);
    base += above + (without == ADVERSARY_BLOCKING ? 0 : lower);
    last = c[k];
  }
  for (cr_ns wait = base;;) {
    cr_ns next = base;
    for (uint32_t h = 0; h < i; h++) {
      cr_ns sum, most;
      int64_t n_split;
      walk(&a->cost_ns[h * a->n_node], c, a->n_node, &sum, &most, &n_split);
      if (!most) /* it shares no node */
        continue;
      cr_ns span = without == ADVERSARY_CARRY_IN ? wait : wait + response_ns[h];
      int64_t n = (span + a->period_ns[h] - 1) / a->period_ns[h];
      if (without == ADVERSARY_SPLIT)
        n_split = 0;
      next += cr_min_ns(n * sum, (n + n_split) * most);
    }
    if (next + last > a->limit_ns[i])
      return CR_NS_NEVER;
    if (next == wait)
      return wait + last;
    wait = next;
  }
}

void adversary_bound(const struct cr_rta *a, enum adversary_term without, cr_ns *response_ns)
{
  for (uint32_t i = 0; i < a->n_task; i++) {
    int sound = 1;
    for (uint32_t h = 0; h < i; h++)
      for (uint32_t k = 0; k < a->n_node; k++)
        if (a->cost_ns[h * a->n_node + k] && a->cost_ns[i * a->n_node + k] && response_ns[h] > a->period_ns[h])
          sound = 0;
    response_ns[i] = sound ? one_bound(a, i, without, response_ns) : CR_NS_NEVER;
  }
}

/* --- the search --------------------------------------------------------------------------------------------------------- */

/* From which releases and execution times follow. */
struct pattern {
  cr_ns offset_ns[PIPELINE_TASK_MAX];
  cr_ns gap_ns[PIPELINE_TASK_MAX][PIPELINE_JOB_MAX]; /* beyond the period, before each job */
  unsigned char sixteenths[PIPELINE_TASK_MAX][PIPELINE_JOB_MAX][PIPELINE_NODE_MAX]; /* of the cost */
};

static void unfold(const struct cr_rta *a, const struct pattern *p, struct pipeline_load *out)
{
  cr_ns horizon_ns = PERIODS * a->period_ns[a->n_task - 1];
  for (uint32_t i = 0; i < a->n_task; i++) {
    cr_ns at_ns = p->offset_ns[i];
    uint32_t n = 0;
    for (; n < PIPELINE_JOB_MAX && at_ns <= horizon_ns; n++) {
      out->release_ns[i][n] = at_ns;
      for (uint32_t k = 0; k < a->n_node; k++)
        out->exec_ns[i][n][k] = a->cost_ns[i * a->n_node + k] * p->sixteenths[i][n][k] / 16;
      at_ns += a->period_ns[i] + p->gap_ns[i][n];
    }
    out->n_job[i] = n;
  }
}

/* Mostly the whole cost; else a part, or nothing. */
static unsigned char draw_share(struct draws *d)
{
  cr_ns what = below(d, 8);
  return what < 6 ? 16 : what == 6 ? (unsigned char)below(d, 17) : 0;
}

static void draw_pattern(const struct cr_rta *a, struct draws *d, struct pattern *p)
{
  int full = below(d, 2) == 0;
  cr_ns together_ns = below(d, a->period_ns[0]);
  memset(p, 0, sizeof *p);
  for (uint32_t i = 0; i < a->n_task; i++) {
    p->offset_ns[i] = below(d, 2) ? below(d, a->period_ns[i]) : together_ns + below(d, 20 * FINE);
    for (uint32_t n = 0; n < PIPELINE_JOB_MAX; n++)
      for (uint32_t k = 0; k < a->n_node; k++)
        p->sixteenths[i][n][k] = full ? 16 : draw_share(d);
  }
}

static void change(const struct cr_rta *a, struct draws *d, struct pattern *p)
{
  uint32_t i = (uint32_t)below(d, a->n_task), n = (uint32_t)below(d, 8), k = (uint32_t)below(d, a->n_node);
  cr_ns *offset = &p->offset_ns[i];
  switch (below(d, 6)) {
  case 0:
    *offset = below(d, a->period_ns[i]);
    break;
  case 1: /* by a little */
    *offset = cr_max_ns(0, *offset + below(d, 8 * FINE + 1) - 4 * FINE);
    break;
  case 2: /* just before another, or with it */
    *offset = cr_max_ns(0, p->offset_ns[below(d, a->n_task)] - below(d, 3));
    break;
  case 3:
    p->gap_ns[i][n] = below(d, 3) ? below(d, a->period_ns[i]) : 0;
    break;
  case 4: /* a stage of a few jobs */
    for (uint32_t j = n; j < n + 1 + (uint32_t)below(d, 3); j++)
      p->sixteenths[i][j][k] = draw_share(d);
    break;
  default: /* by one stage of a task */
    *offset = cr_max_ns(0, *offset + (below(d, 2) ? 1 : -1) * a->cost_ns[(size_t)below(d, a->n_task) * a->n_node + k]);
    break;
  }
}

static void climb(const struct cr_rta *a, uint32_t target, uint32_t n_step, struct draws *d, cr_ns *seen_ns)
{
  struct pattern best, next;
  struct pipeline_load load;
  cr_ns worst_ns[PIPELINE_TASK_MAX], best_ns = 0;
  draw_pattern(a, d, &best);
  for (uint32_t step = 0; step < n_step; step++) {
    next = best;
    for (cr_ns n = step ? 1 + below(d, 3) : 0; n > 0; n--)
      change(a, d, &next);
    unfold(a, &next, &load);
    pipeline_run(a, &load, worst_ns);
    for (uint32_t i = 0; i < a->n_task; i++)
      seen_ns[i] = cr_max_ns(seen_ns[i], worst_ns[i]);
    if (worst_ns[target] >= best_ns) {
      best_ns = worst_ns[target];
      best = next;
    }
  }
}

void adversary_search(const struct cr_rta *a, uint64_t seed, uint32_t effort, cr_ns *seen_ns)
{
  enum { CLIMB = 40 }; /* steps from one beginning */
  memset(seen_ns, 0, a->n_task * sizeof *seen_ns);
  for (uint32_t target = 0; target < a->n_task; target++) {
    struct draws d = {.seed = seed, .entity = target + 1};
    for (uint32_t done = 0; done < effort; done += CLIMB)
      climb(a, target, cr_min_u32(CLIMB, effort - done), &d, seen_ns);
  }
}

/* --- what was found ----------------------------------------------------------------------------------------------------- */

static void compare(struct adversary_tally *t, int bound, uint64_t seed, cr_ns seen_ns, cr_ns bound_ns)
{
  uint64_t ppm = (uint64_t)cr_muldiv(seen_ns, 1000000, bound_ns);
  t->n_accepted[bound]++;
  t->seen_ppm[bound] = ppm > t->seen_ppm[bound] ? ppm : t->seen_ppm[bound];
  if (seen_ns > bound_ns) {
    t->n_violated[bound]++;
    t->bad_seed = seed;
  }
}

void adversary_try(uint64_t seed, uint32_t effort, struct adversary_tally *t)
{
  struct adversary_set s;
  cr_ns seen[PIPELINE_TASK_MAX], paper[PIPELINE_TASK_MAX], overlap[PIPELINE_TASK_MAX], holistic[PIPELINE_TASK_MAX];
  cr_ns arrival[PIPELINE_TASK_MAX * PIPELINE_NODE_MAX], loose[ADVERSARY_N_TERM][PIPELINE_TASK_MAX];
  int paper_holds = 1;
  adversary_draw_set(seed, &s);
  adversary_search(&s.a, seed, effort, seen);
  cr_rta_paper(&s.a, CR_RTA_ON_NODE, paper);
  cr_rta_overlap(&s.a, overlap);
  cr_rta_holistic(&s.a, arrival, holistic);
  for (int term = 0; term < ADVERSARY_N_TERM; term++)
    adversary_bound(&s.a, (enum adversary_term)term, loose[term]);
  t->n_set++;
  t->n_task += s.a.n_task;
  t->n_run += (uint64_t)effort * s.a.n_task;
  for (uint32_t i = 0; i < s.a.n_task; i++) {
    cr_ns tight = cr_min_ns(overlap[i], holistic[i]);
    if (tight <= s.period_ns[i])
      compare(t, ADVERSARY_TIGHT, seed, seen[i], tight);
    paper_holds = paper_holds && paper[i] <= s.period_ns[i];
    if (paper_holds) { /* it rests on all above */
      compare(t, ADVERSARY_PAPER, seed, seen[i], paper[i]);
      t->n_above_paper += overlap[i] > paper[i];
    }
    for (int term = 0; term < ADVERSARY_N_TERM; term++)
      t->n_noticed[term] += loose[term][i] <= s.period_ns[i] && seen[i] > loose[term][i];
    t->n_differs += loose[ADVERSARY_NOTHING][i] != overlap[i];
  }
}

void adversary_add(struct adversary_tally *into, const struct adversary_tally *more)
{
  into->n_set += more->n_set;
  into->n_task += more->n_task;
  into->n_run += more->n_run;
  for (int b = 0; b < ADVERSARY_N_BOUND; b++) {
    into->n_accepted[b] += more->n_accepted[b];
    into->n_violated[b] += more->n_violated[b];
    into->seen_ppm[b] = more->seen_ppm[b] > into->seen_ppm[b] ? more->seen_ppm[b] : into->seen_ppm[b];
  }
  for (int term = 0; term < ADVERSARY_N_TERM; term++)
    into->n_noticed[term] += more->n_noticed[term];
  into->n_above_paper += more->n_above_paper;
  into->n_differs += more->n_differs;
  into->bad_seed = more->bad_seed ? more->bad_seed : into->bad_seed;
}
