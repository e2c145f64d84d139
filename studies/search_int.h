/* search_int.h - what the parts of a search share. */
#ifndef CR_SEARCH_INT_H
#define CR_SEARCH_INT_H
#include "studies/search.h"

/* The setting at these places, made when it is not there yet; CR_NONE: tries_max is reached. */
int cr_search_setting(struct cr_search *s, uint32_t family, const double *at, uint32_t *out,
                      struct cr_err *err) CR_MUST;

/* Runs settings with all seeds, as far as they were not, and scores them.  CR_NONE among them is passed over. */
int cr_search_run_whole(struct cr_search *s, const uint32_t *setting, uint32_t n, struct cr_err *err) CR_MUST;

/* The best of those that were; CR_NONE: there is none. */
uint32_t cr_search_best(const struct cr_search *s);

/* The places of an axis that are looked at first, ascending, and where it usually stands; at most CR_LADDER_MAX of a range.  Returns
 * how many there are; out may be NULL. */
enum { CR_LADDER_MAX = 10 };
uint32_t cr_search_ladder(const struct cr_family *f, uint32_t axis, double *out);

/* A place of a range as the number that is written there. */
double cr_search_rounded(const struct cr_axis *a, double value);

/* search_refine.c: step 2. */
int cr_search_refine(struct cr_search *s, struct cr_err *err) CR_MUST;

#endif
