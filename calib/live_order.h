/* live_order.h - whether the simulator puts policies in the order that was measured.
 *
 * Two policies of one scenario are compared by the mean time of rt clients, by total throughput and by mean JCT, wherever the live
 * runs of one lie apart from those of the other: where their difference exceeds their spread. */
#ifndef CR_LIVE_ORDER_H
#define CR_LIVE_ORDER_H
#include "sim/text.h"

enum cr_live_by { CR_LIVE_BY_RT, CR_LIVE_BY_THROUGHPUT, CR_LIVE_BY_JCT, CR_N_LIVE_BY };
extern const char *const cr_live_by_name[CR_N_LIVE_BY]; /* "rt time, ms", "total throughput, per s", "mean JCT, ms" */

/* A scenario under a policy: predicted, and between which bounds its live runs lie.  NAN: there is none. */
struct cr_live_place {
  const char *scenario, *policy; /* borrowed */
  uint32_t number;               /* of the scenario: those of one number are put in order */
  uint32_t n_run;                /* of 1 nobody knows the spread, and its bounds are one value */
  double predicted[CR_N_LIVE_BY], low[CR_N_LIVE_BY], high[CR_N_LIVE_BY];
};

/* less is the policy of which less was measured; of runs that overlap, the one that comes first. */
struct cr_live_pair {
  const struct cr_live_place *less, *more;
  enum cr_live_by by;
  int is_apart;
  int holds; /* less is predicted below more; meant where they are apart */
};

/* A cursor over all pairs: .place and .n_place set, all else 0. */
struct cr_live_pairs {
  const struct cr_live_place *place; /* [n_place] */
  uint32_t n_place, i, k;
  enum cr_live_by by;
};
int cr_live_pairs_next(struct cr_live_pairs *at, struct cr_live_pair *out); /* 0: there are no more */

struct cr_live_order {
  uint32_t n_same, n_other, n_close; /* as measured; the other way round; runs overlap */
  uint32_t n_once;                   /* of the first two, those of which a policy ran once */
};
struct cr_live_order cr_live_order(const struct cr_live_place *place, uint32_t n, enum cr_live_by by);
struct cr_live_order cr_live_order_all(const struct cr_live_place *place, uint32_t n); /* by whatever */

/* The pairs that lie apart as a table (titles in bold where color says so) and the count in one line: "order: 41 of 43 pairs of
 * policies as measured"; as CSV, or as members of a JSON object.  Nothing where there are no pairs, but for the header of CSV. */
void cr_live_order_table(const struct cr_live_place *place, uint32_t n, int color, struct cr_text *out);
void cr_live_order_csv(const struct cr_live_place *place, uint32_t n, struct cr_text *out);
void cr_live_order_json(const struct cr_live_place *place, uint32_t n, struct cr_text *out);

#endif
