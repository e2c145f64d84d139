/* ranking.h - what a search has come to: its settings from the best on, whether they keep the goals, and which one won. */
#ifndef CR_RANKING_H
#define CR_RANKING_H
#include "studies/search.h"
#include "studies/search_log.h"

enum cr_goals {
  CR_GOALS_NONE, /* there are no goals */
  CR_GOALS_MET,  /* limits of intervals keep the bounds */
  CR_GOALS_LIKELY,
  CR_GOALS_MISSED,
  CR_GOALS_FAILED, /* a run of it */
  CR_N_GOALS
};
extern const char *const cr_goals_name[CR_N_GOALS]; /* "", "met", ... */

struct cr_ranked {
  uint32_t cell;   /* of the log */
  uint32_t n_seed; /* of the search that it was run with, from the first on */
  enum cr_confirmed confirmed;
};

struct cr_ranking {
  struct cr_ranked *row; /* [n], in the log's arena */
  uint32_t n;
  uint32_t best; /* its place; CR_NONE: none is confirmed */
  int is_over;   /* the search came to its end */
  int is_cut;    /* at --tries */
};

/* How settings are judged: seeds below n_seed are the search's, n_fresh lie behind them. */
struct cr_judge {
  const struct cr_aim *aim;
  uint32_t n_seed, n_fresh;
  double confidence;
};

/* cell[n_setting] says where the log has what each setting was last run with; CR_NONE: it was not. */
int cr_ranking_of_search(const struct cr_search *s, const uint32_t *cell, struct cr_search_log *l,
                         struct cr_ranking *out, struct cr_err *err) CR_MUST;

/* Of a search that was interrupted: what its log has, those that went farther before the others. */
int cr_ranking_of_log(const struct cr_judge *j, struct cr_search_log *l, struct cr_ranking *out,
                      struct cr_err *err) CR_MUST;

/* The interval of a metric of a row, over its seeds, or the fresh ones. */
void cr_ranked_interval(const struct cr_judge *j, const struct cr_search_log *l, const struct cr_ranked *row,
                        uint32_t metric, int is_fresh, struct cr_interval *out);

int cr_ranked_is_whole(const struct cr_judge *j, const struct cr_search_log *l, const struct cr_ranked *row);
enum cr_goals cr_ranked_goals(const struct cr_judge *j, const struct cr_search_log *l, const struct cr_ranked *row);

#endif
