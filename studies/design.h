/* design.h - the design of a sweep: which settings, policies and seeds are run, each with each.  And the words of designs, which
 * say what a search is, too.
 *
 * A point is one setting of every key that varies.  Its axes are the keys of grids (every value with every other), the
 * keys of lists (the i-th values go together, one axis in all) and the keys of random draws (samples, one axis in all).
 * Points are numbered from 0, the first grid key slowest, then the rows of the lists, then samples.  What a design is made
 * of is a list of words, which a results database keeps and which make the same design again. */
#ifndef CR_DESIGN_H
#define CR_DESIGN_H
#include "sim/base.h"
#include "sim/mem.h"
#include "sim/metric.h"
#include "sim/text.h"
#include "studies/axis.h"

enum cr_design_kind {
  CR_DESIGN_SCENARIO, /* a file, or the name of a bundled one */
  CR_DESIGN_DEVICE,
  CR_DESIGN_TRACES, /* a store; many */
  CR_DESIGN_SET,    /* KEY=VALUE, of every run; many */
  CR_DESIGN_GRID,   /* KEY=V,V,...; many.  A number without a unit has that of the last */
  CR_DESIGN_LIST,   /* KEY=V,V,...; many, of equal length */
  CR_DESIGN_RANDOM, /* KEY=LO..HI or KEY=LO..HI:log; many.  Whole numbers where both ends are written as such, without unit */
  CR_DESIGN_SAMPLES,     /* how many draws */
  CR_DESIGN_SAMPLE_SEED, /* which ones; 1 */
  CR_DESIGN_POLICY,      /* many */
  CR_DESIGN_SEEDS,       /* 1..10 or 1,2,7..9; many */
  CR_DESIGN_METRIC,      /* many */
  CR_DESIGN_UNTIL,       /* 2%: a point has seeds enough when each interval is within so much of its mean */
  CR_DESIGN_CONFIDENCE,  /* of intervals, 95% */

  /* Of searches alone. */
  CR_DESIGN_OVER,         /* KEY=V,V,... or KEY=LO..HI; many */
  CR_DESIGN_KEEP_OPTIONS, /* "yes": options of policies are not searched */
  CR_DESIGN_GOAL,         /* METRIC<BOUND; many */
  CR_DESIGN_MAXIMIZE,     /* a metric; this one or the next, or neither */
  CR_DESIGN_MINIMIZE,
  CR_DESIGN_FRESH,       /* seeds that the best is confirmed with */
  CR_DESIGN_TRIES,       /* settings at most */
  CR_DESIGN_SEARCH_SEED, /* which ones are drawn */
  CR_N_DESIGN
};
extern const char *const cr_design_option[CR_N_DESIGN]; /* "--grid" */
extern const char *const cr_design_name[CR_N_DESIGN];   /* "grid": in a study file and in a results database */

/* Words in the order they were given. */
struct cr_design_words {
  struct cr_arena *arena;
  enum cr_design_kind *kind; /* [n] */
  const char **word;         /* [n] */
  uint32_t n, cap;
};

/* Whether they are a search's: it has a goal, or something that is to be best. */
int cr_design_is_search(const struct cr_design_words *w);

/* Copies the word. */
int cr_design_add(struct cr_design_words *w, enum cr_design_kind kind, const char *word, struct cr_err *err) CR_MUST;
/* The i-th of a kind; NULL: there are fewer. */
const char *cr_design_word(const struct cr_design_words *w, enum cr_design_kind kind, uint32_t i);
uint32_t cr_design_count(const struct cr_design_words *w, enum cr_design_kind kind);

struct cr_design_axis; /* one key that varies */

struct cr_design {
  const struct cr_design_words *words;
  struct cr_design_axis *axis; /* [n_axis], as given: grids, lists, random draws */
  uint32_t n_axis;
  uint32_t n_row, n_sample; /* of lists and of draws; 1: there are none */
  uint32_t n_point, n_policy, n_seed, n_metric;
  const char **policy;          /* [n_policy] */
  uint64_t *seed;               /* [n_seed] */
  struct cr_run_metric *metric; /* [n_metric] */
  double confidence;            /* 0..1 */
  double until;                 /* a share; 0: all seeds are run */
};

/* Checks and expands the words, of which policies, seeds and metrics must be there.  All in the words' arena, but for the
 * strings, which are the words'.  CR_EINPUT: empty, contradictory, or too much. */
int cr_design_make(const struct cr_design_words *w, struct cr_design *out, struct cr_err *err) CR_MUST;

/* What an axis changes, and its value at a point, written to buf (CR_DESIGN_VALUE bytes), which is returned. */
enum { CR_DESIGN_VALUE = CR_AXIS_VALUE };
const char *cr_design_key(const struct cr_design *d, uint32_t axis);
char *cr_design_value(const struct cr_design *d, uint32_t axis, uint32_t point, char *buf);

/* "clients[0].rate=50/s, device.sms=66": a point as a person reads it; "" without axes. */
void cr_design_describe(const struct cr_design *d, uint32_t point, struct cr_text *out);

/* The seeds of words of a kind: CR_DESIGN_SEEDS or CR_DESIGN_FRESH; in the words' arena. */
int cr_design_seeds(const struct cr_design_words *w, enum cr_design_kind kind, uint64_t **out, uint32_t *n,
                    struct cr_err *err) CR_MUST;

/* The first difference of two lists of words as a sentence's end ("its --seeds is 1..10, not 1..20"); 0: there is none. */
int cr_design_differs(const struct cr_design_words *kept, const struct cr_design_words *given, char *buf, size_t n);

#endif
