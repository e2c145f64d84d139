/* names.h - texts kept once each and numbered from 0 in the order they came: ids of jobs, names of models. */
#ifndef CR_NAMES_H
#define CR_NAMES_H
#include "sim/base.h"

struct cr_names;

struct cr_names *cr_names_new(void) CR_MUST;
void cr_names_free(struct cr_names *names);

/* The number of the text, which is taken in when it is new; CR_NONE without memory.  O(1). */
uint32_t cr_names_put(struct cr_names *names, const char *text);

uint32_t cr_names_find(const struct cr_names *names, const char *text); /* CR_NONE: it is not there */
uint32_t cr_names_count(const struct cr_names *names);
const char *cr_names_text(const struct cr_names *names, uint32_t i); /* good until cr_names_free */
const char *const *cr_names_all(const struct cr_names *names);       /* [cr_names_count], until the next put */

#endif
