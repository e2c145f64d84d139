/* option.h - option tables: what a policy or backend can be told, with its unit, default, range, help and source. */
#ifndef CR_OPTION_H
#define CR_OPTION_H
#include "sim/base.h"

enum cr_opt_kind {
  CR_OPT_COUNT, /* a whole number */
  CR_OPT_NS,    /* written 50us */
  CR_OPT_BYTES, /* written 2MiB */
  CR_OPT_PPM,   /* written 0.25 or 25%; stored in millionths */
  CR_OPT_FACTOR, /* written 1.1 or 110%; stored in millionths */
  CR_OPT_BOOL,  /* yes or no */
  CR_OPT_CHOICE /* one word of choices; stored as its place */
};

/* A table ends with an entry whose name is NULL. */
struct cr_opt {
  const char *name;
  enum cr_opt_kind kind;
  const char *fallback; /* the default, as a user would write it */
  int64_t min, max;     /* in the stored unit; ignored for bool and choice */
  const char *choices;  /* "fifo|rt-first" */
  const char *help;
  const char *source; /* paper and section, or measurement, of the default */
};

uint32_t cr_opt_count(const struct cr_opt *table); /* table may be NULL */

/* Fills value[cr_opt_count(table)] with the defaults, then with what text ("dq=2,padding=no", may be NULL or empty)
 * says.  who ("policy reef") begins the error, which names the option and what it takes. */
int cr_opt_parse(const struct cr_opt *table, const char *text, int64_t *value, const char *who,
                 struct cr_err *err) CR_MUST;

/* Looks a value up by name; the option must exist. */
int64_t cr_opt_get(const struct cr_opt *table, const int64_t *value, const char *name);

#endif
