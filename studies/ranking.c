/* ranking.c - what a search has come to. */
#include "config.h"

#include "studies/ranking.h"

#include <math.h>
#include <string.h>

const char *const cr_goals_name[CR_N_GOALS] = {"", "met", "likely", "missed", "failed"};

void cr_ranked_interval(const struct cr_judge *j, const struct cr_search_log *l, const struct cr_ranked *row,
                        uint32_t metric, int is_fresh, struct cr_interval *out)
{
  cr_search_log_interval(l, row->cell, metric, is_fresh ? j->n_seed : 0, is_fresh ? j->n_fresh : row->n_seed,
                         j->confidence, out);
}

int cr_ranked_is_whole(const struct cr_judge *j, const struct cr_search_log *l, const struct cr_ranked *row)
{
  return row->n_seed == j->n_seed && l->point[l->cell[row->cell].point].length_ppm == CR_SEARCH_WHOLE;
}

static void score(const struct cr_judge *j, const struct cr_search_log *l, const struct cr_ranked *row, int is_sure,
                  struct cr_score *out)
{
  struct cr_interval of[CR_GOALS_MAX + 1];
  for (uint32_t m = 0; m < j->aim->n_metric; m++)
    cr_ranked_interval(j, l, row, m, 0, &of[m]);
  cr_aim_score(j->aim, of, is_sure, out);
}

enum cr_goals cr_ranked_goals(const struct cr_judge *j, const struct cr_search_log *l, const struct cr_ranked *row)
{
  struct cr_score by_mean, for_sure;
  if (cr_search_log_failed(l, row->cell))
    return CR_GOALS_FAILED;
  if (!j->aim->n_goal)
    return CR_GOALS_NONE;
  score(j, l, row, 0, &by_mean);
  score(j, l, row, 1, &for_sure);
  if (by_mean.excess > 0)
    return CR_GOALS_MISSED;
  return cr_ranked_is_whole(j, l, row) && !(for_sure.excess > 0) ? CR_GOALS_MET : CR_GOALS_LIKELY;
}

int cr_ranking_of_search(const struct cr_search *s, const uint32_t *cell, struct cr_search_log *l,
                         struct cr_ranking *out, struct cr_err *err)
{
  uint32_t *order;
  struct cr_ranking r = {.best = CR_NONE, .row = cr_arena_take(l->arena, s->n_setting, sizeof *r.row)};
  int rc = r.row ? cr_search_order(s, &order, err) : cr_fail_nomem(err, "the settings");
  for (uint32_t i = 0; rc == CR_OK && i < s->n_setting; i++) {
    const struct cr_setting *x = &s->setting[order[i]];
    if (cell[order[i]] != CR_NONE)
      r.row[r.n++] = (struct cr_ranked){.cell = cell[order[i]], .n_seed = x->n_seed, .confirmed = x->confirmed};
  }
  r.is_cut = s->is_cut;
  for (uint32_t i = r.n; rc == CR_OK && i-- > 0;)
    r.best = r.row[i].confirmed == CR_CONFIRM_MET ? i : r.best;
  if (rc == CR_OK)
    *out = r;
  return rc;
}

/* -- of an interrupted one ---------------------------------------------------------------------------------------------- */

/* a before b, as far as their runs tell. */
static int is_before(const struct cr_judge *j, const struct cr_search_log *l, const struct cr_ranked *a,
                     const struct cr_ranked *b)
{
  struct cr_score x, y;
  int fails = cr_search_log_failed(l, a->cell) > 0, other = cr_search_log_failed(l, b->cell) > 0;
  uint32_t length = l->point[l->cell[a->cell].point].length_ppm, n = l->point[l->cell[b->cell].point].length_ppm;
  if (fails != other)
    return other;
  if (length != n)
    return length > n;
  if (a->n_seed != b->n_seed)
    return a->n_seed > b->n_seed;
  score(j, l, a, cr_ranked_is_whole(j, l, a), &x);
  score(j, l, b, cr_ranked_is_whole(j, l, b), &y);
  if (cr_score_is_better(&x, &y) || cr_score_is_better(&y, &x))
    return cr_score_is_better(&x, &y);
  return a->cell < b->cell;
}

/* A setting that went on to longer runs stands there once. */
static int went_on(const struct cr_search_log *l, uint32_t cell)
{
  const struct cr_log_cell *c = &l->cell[cell];
  for (uint32_t i = 0; i < l->n_cell; i++) {
    const struct cr_log_point *p = &l->point[c->point], *other = &l->point[l->cell[i].point];
    uint32_t k = 0;
    while (k < l->n_key && strcmp(p->value[k], other->value[k]) == 0)
      k++;
    if (k == l->n_key && l->cell[i].policy == c->policy && other->length_ppm > p->length_ppm)
      return 1;
  }
  return 0;
}

int cr_ranking_of_log(const struct cr_judge *j, struct cr_search_log *l, struct cr_ranking *out, struct cr_err *err)
{
  struct cr_ranking r = {.best = CR_NONE, .row = cr_arena_take(l->arena, l->n_cell, sizeof *r.row)};
  if (!r.row)
    return cr_fail_nomem(err, "the settings");
  for (uint32_t c = 0; c < l->n_cell; c++) {
    struct cr_ranked row = {.cell = c};
    while (row.n_seed < j->n_seed && l->cell[c].state[row.n_seed] != CR_RUN_TODO)
      row.n_seed++;
    if (went_on(l, c))
      continue;
    uint32_t k = r.n++;
    for (; k > 0 && is_before(j, l, &row, &r.row[k - 1]); k--)
      r.row[k] = r.row[k - 1];
    r.row[k] = row;
  }
  *out = r;
  return CR_OK;
}
