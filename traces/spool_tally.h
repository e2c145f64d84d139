/* spool_tally.h - how much has been recorded so far: counts the whole chunks of spools while they are written. */
#ifndef CR_SPOOL_TALLY_H
#define CR_SPOOL_TALLY_H
#include "sim/base.h"

struct cr_spool_tally;

struct cr_spool_tally *cr_spool_tally_new(const char *folder) CR_MUST; /* NULL without memory; folder is borrowed */
void cr_spool_tally_free(struct cr_spool_tally *t);

struct cr_spool_sum {
  uint32_t n_spool;
  uint64_t n_record; /* texts and the like included */
  uint64_t n_bytes;
};

/* Looks at what was added since the last time.  A folder or file that cannot be read counts as it did before. */
struct cr_spool_sum cr_spool_tally_now(struct cr_spool_tally *t);

#endif
