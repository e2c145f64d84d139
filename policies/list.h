/* list.h - the policies there are.  Adding one touches its file, this list (list.c) and one word in local.mk. */
#ifndef CR_POLICIES_LIST_H
#define CR_POLICIES_LIST_H
#include "sim/policy.h"

extern const struct cr_policy_ops *const cr_policy_list[]; /* ends with NULL */

const struct cr_policy_ops *cr_policy_find(const char *name, size_t n); /* the first n characters; NULL: none */

#endif
