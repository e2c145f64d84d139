/* axis.h - one key that varies: the values it takes, or the range they lie in.
 *
 *   KEY=V,V,...          values; a number without a unit has that of the last, and commas may stand in brackets or quotes
 *   KEY=LOW..HIGH[:log]  a range, even or even by its logarithm; whole numbers where both ends are written as such */
#ifndef CR_AXIS_H
#define CR_AXIS_H
#include "sim/base.h"
#include "sim/mem.h"

enum { CR_AXIS_VALUE = 200 }; /* characters of a value at most, with the zero byte */

struct cr_axis {
  const char *key;
  const char **value; /* [n_value]; NULL: a range */
  uint32_t n_value;
  double low, high; /* of the range, low < high; above 0 where it is logarithmic */
  const char *unit; /* behind its numbers */
  int is_whole, is_log;
};

/* option ("--grid") begins errors.  Strings are in the arena.  CR_EINPUT: not written like this, or empty. */
int cr_axis_read_values(struct cr_arena *arena, const char *option, const char *word, struct cr_axis *out,
                        struct cr_err *err) CR_MUST;
int cr_axis_read_range(struct cr_arena *arena, const char *option, const char *word, struct cr_axis *out,
                       struct cr_err *err) CR_MUST;

/* CR_EINPUT: a value is there twice. */
int cr_axis_check_distinct(const struct cr_axis *a, const char *option, const char *word, struct cr_err *err) CR_MUST;

/* The number at a share, 0 to 1, of a range. */
double cr_axis_at(const struct cr_axis *a, double share);

/* A number of a range as it is written, with its unit.  buf has CR_AXIS_VALUE bytes; returns it. */
char *cr_axis_print(const struct cr_axis *a, double value, char *buf);

/* Whether two keys are one, or one is part of the other. */
int cr_axis_meets(const char *a, const char *b);

#endif
