/* live.h - what a run in real time tells of itself: what it ran on, how well that does what it is to, and how late it was.
 *
 * Facts have names; a number's name ends in its unit.  All backends in real time tell late_* (from when a request was to arrive until
 * the policy was told), callback_* (a policy's callback) and act_* (an action, handed to the device); what else, is theirs. */
#ifndef CR_LIVE_H
#define CR_LIVE_H
#include "sim/hist.h"

enum { CR_LIVE_FACTS = 96, CR_LIVE_NAME = 32, CR_LIVE_TEXT = 128 };

struct cr_live_fact {
  char name[CR_LIVE_NAME];
  char text[CR_LIVE_TEXT]; /* "": it is a number */
  double value;
};

struct cr_live {
  uint32_t n; /* 0: the run was not in real time */
  struct cr_live_fact fact[CR_LIVE_FACTS];
};

/* Facts beyond those that there is room for are left out; texts are cut. */
void cr_live_number(struct cr_live *l, const char *name, double value);
void cr_live_text(struct cr_live *l, const char *name, const char *text);
void cr_live_hist(struct cr_live *l, const char *stem,
                  const struct cr_hist *h); /* stem_n, _mean_ns, _p50_ns, _p99_ns, _max_ns */

/* NAN and "" where it was not told. */
double cr_live_value(const struct cr_live *l, const char *name);
const char *cr_live_said(const struct cr_live *l, const char *name);

#endif
