/* search_log.c - what a search has asked for, and what came out. */
#include "config.h"

#include "studies/search_log.h"

#include <math.h>
#include <string.h>

/* Room for one more in an array of an arena, which moves. */
static int grow(struct cr_arena *arena, void **array, size_t size, uint32_t n, uint32_t *cap, struct cr_err *err)
{
  if (n < *cap)
    return CR_OK;
  uint32_t more_cap = *cap ? 2 * *cap : 64;
  void *more = cr_arena_take(arena, more_cap, size);
  if (!more)
    return cr_fail_nomem(err, "the runs");
  if (n)
    memcpy(more, *array, n * size);
  *array = more;
  *cap = more_cap;
  return CR_OK;
}

static int is_point(const struct cr_search_log *l, const struct cr_log_point *p, const char *const *value,
                    uint32_t length_ppm)
{
  for (uint32_t k = 0; k < l->n_key; k++)
    if (strcmp(p->value[k], value[k]) != 0)
      return 0;
  return p->length_ppm == length_ppm;
}

int cr_search_log_point(struct cr_search_log *l, const char *const *value, uint32_t length_ppm, uint32_t *out,
                        struct cr_err *err)
{
  void *array = l->point;
  for (uint32_t i = 0; i < l->n_point; i++)
    if (is_point(l, &l->point[i], value, length_ppm)) {
      *out = i;
      return CR_OK;
    }
  int rc = grow(l->arena, &array, sizeof *l->point, l->n_point, &l->point_cap, err);
  l->point = array;
  struct cr_log_point p = {.length_ppm = length_ppm, .value = cr_arena_take(l->arena, l->n_key, sizeof *p.value)};
  for (uint32_t k = 0; rc == CR_OK && p.value && k < l->n_key; k++) {
    p.value[k] = cr_arena_text(l->arena, value[k]);
    if (!p.value[k])
      p.value = NULL;
  }
  if (rc == CR_OK && !p.value)
    rc = cr_fail_nomem(err, "the runs");
  if (rc == CR_OK) {
    *out = l->n_point;
    l->point[l->n_point++] = p;
  }
  return rc;
}

int cr_search_log_policy(struct cr_search_log *l, const char *policy, uint32_t *out, struct cr_err *err)
{
  void *array = l->policy;
  for (uint32_t i = 0; i < l->n_policy; i++)
    if (strcmp(l->policy[i], policy) == 0) {
      *out = i;
      return CR_OK;
    }
  int rc = grow(l->arena, &array, sizeof *l->policy, l->n_policy, &l->policy_cap, err);
  l->policy = array;
  const char *text = rc == CR_OK ? cr_arena_text(l->arena, policy) : NULL;
  if (rc == CR_OK && !text)
    rc = cr_fail_nomem(err, "the runs");
  if (rc == CR_OK) {
    *out = l->n_policy;
    l->policy[l->n_policy++] = text;
  }
  return rc;
}

int cr_search_log_cell(struct cr_search_log *l, uint32_t point, uint32_t policy, uint32_t *out, struct cr_err *err)
{
  void *array = l->cell;
  for (uint32_t i = 0; i < l->n_cell; i++)
    if (l->cell[i].point == point && l->cell[i].policy == policy) {
      *out = i;
      return CR_OK;
    }
  struct cr_log_cell c = {.point = point, .policy = policy};
  size_t n = (size_t)l->n_metric * l->n_seed;
  int rc = grow(l->arena, &array, sizeof *l->cell, l->n_cell, &l->cell_cap, err);
  l->cell = array;
  c.state = cr_arena_take(l->arena, l->n_seed, sizeof *c.state);
  c.value = cr_arena_take(l->arena, n, sizeof *c.value);
  if (rc == CR_OK && (!c.state || !c.value))
    rc = cr_fail_nomem(err, "the runs");
  if (rc != CR_OK)
    return rc;
  for (size_t i = 0; i < n; i++)
    c.value[i] = NAN;
  *out = l->n_cell;
  l->cell[l->n_cell++] = c;
  return CR_OK;
}

void cr_search_log_put(struct cr_search_log *l, uint32_t cell, uint32_t seed, enum cr_run_state state,
                       const double *value)
{
  struct cr_log_cell *c = &l->cell[cell];
  if (c->state[seed] != CR_RUN_TODO)
    return;
  c->state[seed] = (uint8_t)state;
  l->n_run++;
  l->n_failed += state == CR_RUN_FAILED;
  for (uint32_t m = 0; state == CR_RUN_DONE && m < l->n_metric; m++)
    c->value[m * l->n_seed + seed] = value[m];
}

void cr_search_log_values(const struct cr_search_log *l, uint32_t cell, uint32_t seed, double *value)
{
  for (uint32_t m = 0; m < l->n_metric; m++)
    value[m] = l->cell[cell].value[m * l->n_seed + seed];
}

void cr_search_log_interval(const struct cr_search_log *l, uint32_t cell, uint32_t metric, uint32_t first, uint32_t n,
                            double confidence, struct cr_interval *out)
{
  cr_interval_t(l->cell[cell].value + metric * l->n_seed + first, n, confidence, out);
}

uint32_t cr_search_log_failed(const struct cr_search_log *l, uint32_t cell)
{
  uint32_t n = 0;
  for (uint32_t s = 0; s < l->n_seed; s++)
    n += l->cell[cell].state[s] == CR_RUN_FAILED;
  return n;
}
