/* nearest.h - of known names, the one a mistyped word most likely means. */
#ifndef CR_NEAREST_H
#define CR_NEAREST_H
#include "sim/base.h"

/* The name of least edit distance (insert, delete, replace, swap of neighbours), or one that the word begins; NULL when
 * none is near.  Of equally near ones the first. */
const char *cr_nearest(const char *word, const char *const *name, uint32_t n_name);

#endif
