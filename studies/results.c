/* results.c - the runs of a sweep that are done. */
#include "config.h"

#include "studies/results.h"

#include <math.h>

enum { SEEDS_FIRST = 5 }; /* fewer say next to nothing of a deviation */

static uint64_t place(const struct cr_results *r, uint32_t point, uint32_t policy, uint32_t seed)
{
  const struct cr_design *d = r->design;
  return ((uint64_t)point * d->n_policy + policy) * d->n_seed + seed;
}

/* Values lie seed by seed for each metric, so that those of one interval are neighbours. */
static double *values(const struct cr_results *r, uint32_t point, uint32_t policy, uint32_t metric)
{
  const struct cr_design *d = r->design;
  return r->value + (((uint64_t)point * d->n_policy + policy) * d->n_metric + metric) * d->n_seed;
}

int cr_results_init(struct cr_results *r, const struct cr_design *d, struct cr_err *err)
{
  uint64_t n = (uint64_t)d->n_point * d->n_policy * d->n_seed;
  struct cr_results new = {.design = d, .n_run = n};
  new.state = cr_mem_new(n, sizeof *new.state);
  new.value = cr_mem_new(n * d->n_metric, sizeof *new.value);
  if (!new.state || !new.value) {
    cr_results_fini(&new);
    return cr_fail_nomem(err, "the results");
  }
  for (uint64_t i = 0; i < n * d->n_metric; i++)
    new.value[i] = NAN;
  *r = new;
  return CR_OK;
}

void cr_results_fini(struct cr_results *r)
{
  cr_mem_free(r->state);
  cr_mem_free(r->value);
  *r = (struct cr_results){0};
}

void cr_results_put(struct cr_results *r, const struct cr_study_run *run, const double *value)
{
  uint8_t *state = &r->state[place(r, run->point, run->policy, run->seed)];
  if (*state != CR_RUN_TODO)
    return;
  *state = (uint8_t)run->state;
  r->n_done += run->state == CR_RUN_DONE;
  r->n_failed += run->state == CR_RUN_FAILED;
  for (uint32_t m = 0; run->state == CR_RUN_DONE && m < r->design->n_metric; m++)
    values(r, run->point, run->policy, m)[run->seed] = value[m];
}

enum cr_run_state cr_results_state(const struct cr_results *r, uint32_t point, uint32_t policy, uint32_t seed)
{
  return (enum cr_run_state)r->state[place(r, point, policy, seed)];
}

static int are_all_run(const struct cr_results *r, uint32_t point, uint32_t n_seed)
{
  for (uint32_t p = 0; p < r->design->n_policy; p++)
    for (uint32_t s = 0; s < n_seed; s++)
      if (cr_results_state(r, point, p, s) == CR_RUN_TODO)
        return 0;
  return 1;
}

static int is_tight(const struct cr_results *r, uint32_t point, uint32_t n_seed)
{
  const struct cr_design *d = r->design;
  for (uint32_t p = 0; p < d->n_policy; p++)
    for (uint32_t m = 0; m < d->n_metric; m++) {
      struct cr_interval i;
      cr_interval_t(values(r, point, p, m), n_seed, d->confidence, &i);
      if (!(cr_interval_share(&i) <= d->until)) /* nor is one that is not known */
        return 0;
    }
  return 1;
}

uint32_t cr_results_wants(const struct cr_results *r, uint32_t point)
{
  const struct cr_design *d = r->design;
  uint32_t n = d->until > 0 ? cr_min_u32(SEEDS_FIRST, d->n_seed) : d->n_seed;
  while (n < d->n_seed && are_all_run(r, point, n) && !is_tight(r, point, n))
    n = cr_min_u32(n + (n + 1) / 2, d->n_seed);
  return n;
}

int cr_results_interval(const struct cr_results *r, uint32_t point, uint32_t policy, uint32_t metric, int boot,
                        struct cr_interval *out, struct cr_err *err)
{
  const struct cr_design *d = r->design;
  const double *value = values(r, point, policy, metric);
  if (boot)
    return cr_interval_both(value, d->n_seed, d->confidence, out, err);
  cr_interval_t(value, d->n_seed, d->confidence, out);
  return CR_OK;
}

uint32_t cr_results_count(const struct cr_results *r, uint32_t point, uint32_t policy, enum cr_run_state state)
{
  uint32_t n = 0;
  for (uint32_t s = 0; s < r->design->n_seed; s++)
    n += cr_results_state(r, point, policy, s) == state;
  return n;
}
